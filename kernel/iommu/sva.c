// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared virtual addressing: a PASID of a function stands for the address space
 * of a process. Nothing is cached, so no MMU notifier is needed: an access goes
 * through the process's own page table at the time it is made.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "internal.h"
#include "wd_iommu_sva.h"

static struct wd_sva *to_sva(struct iommu_domain *domain)
{
	return container_of(domain, struct wd_sva, base);
}

struct mm_struct *wd_sva_mmget(struct wd_iommu_port *port, u32 pasid)
{
	struct mm_struct *mm = NULL;
	struct wd_sva *sva;
	int idx;

	idx = srcu_read_lock(&port->srcu);
	sva = xa_load(&port->pasids, pasid);
	if (sva && mmget_not_zero(sva->mm))
		mm = sva->mm;
	srcu_read_unlock(&port->srcu, idx);
	return mm;
}

static int wd_sva_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
				ioasid_t pasid, struct iommu_domain *old)
{
	struct wd_iommu_port *port = dev_iommu_priv_get(dev);

	if (pasid >= port->max_pasids)
		return -EINVAL;
	return xa_err(xa_store(&port->pasids, pasid, to_sva(domain), GFP_KERNEL));
}

void wd_sva_detach(struct device *dev, ioasid_t pasid)
{
	struct wd_iommu_port *port = dev_iommu_priv_get(dev);

	xa_erase(&port->pasids, pasid);
	synchronize_srcu(&port->srcu);
}

static void wd_sva_free(struct iommu_domain *domain)
{
	struct wd_sva *sva = to_sva(domain);

	mmdrop(sva->mm);
	kfree(sva);
}

static const struct iommu_domain_ops wd_sva_ops = {
	.set_dev_pasid = wd_sva_set_dev_pasid,
	.free = wd_sva_free,
};

struct iommu_domain *wd_sva_alloc(struct device *dev, struct mm_struct *mm)
{
	struct wd_sva *sva;

	sva = kzalloc(sizeof(*sva), GFP_KERNEL);
	if (!sva)
		return ERR_PTR(-ENOMEM);
	mmgrab(mm);
	sva->mm = mm;
	sva->base.ops = &wd_sva_ops;
	return &sva->base;
}

/*
 * Binding without iommu_sva_bind_device(), for kernels whose core refuses it on
 * x86 because IOMMUs there cache kernel page tables; this one caches nothing.
 */
struct wd_sva_bond {
	struct list_head node;
	struct device *dev;
	struct mm_struct *mm;
	struct iommu_domain *domain;
	u32 pasid;
	unsigned int users;
};

static LIST_HEAD(wd_bonds);
static DEFINE_MUTEX(wd_bonds_lock);	/* outside the IOMMU core's own locks */

static struct wd_sva_bond *wd_bond_create(struct device *dev,
					  struct mm_struct *mm)
{
	struct wd_sva_bond *bond;
	int ret;

	bond = kzalloc(sizeof(*bond), GFP_KERNEL);
	if (!bond)
		return ERR_PTR(-ENOMEM);

	bond->domain = wd_sva_alloc(dev, mm);
	if (IS_ERR(bond->domain)) {
		ret = PTR_ERR(bond->domain);
		goto err_bond;
	}
	bond->domain->type = IOMMU_DOMAIN_SVA;
	bond->domain->owner = &wd_iommu_ops;

	bond->pasid = iommu_alloc_global_pasid(dev);
	if (bond->pasid == IOMMU_PASID_INVALID) {
		ret = -ENOSPC;
		goto err_domain;
	}
	ret = iommu_attach_device_pasid(bond->domain, dev, bond->pasid, NULL);
	if (ret)
		goto err_pasid;

	bond->dev = dev;
	bond->mm = mm;
	bond->users = 1;
	return bond;

err_pasid:
	iommu_free_global_pasid(bond->pasid);
err_domain:
	wd_sva_free(bond->domain);
err_bond:
	kfree(bond);
	return ERR_PTR(ret);
}

/**
 * wd_iommu_sva_bind - let a function use the address space of a process
 * @dev:   the function; it must sit behind this IOMMU
 * @mm:    the address space
 * @pasid: where the PASID goes that stands for it
 *
 * Bindings of the same @dev and @mm share a PASID and are counted.
 *
 * Return: 0, -ENODEV for a device of another IOMMU, or another negative errno.
 */
int wd_iommu_sva_bind(struct device *dev, struct mm_struct *mm, u32 *pasid)
{
	struct wd_sva_bond *bond;
	int ret = 0;

	if (!dev->iommu || !dev->iommu->iommu_dev ||
	    dev->iommu->iommu_dev->ops != &wd_iommu_ops)
		return -ENODEV;

	mutex_lock(&wd_bonds_lock);
	list_for_each_entry(bond, &wd_bonds, node) {
		if (bond->dev == dev && bond->mm == mm) {
			bond->users++;
			*pasid = bond->pasid;
			goto out;
		}
	}
	bond = wd_bond_create(dev, mm);
	if (IS_ERR(bond)) {
		ret = PTR_ERR(bond);
		goto out;
	}
	list_add(&bond->node, &wd_bonds);
	*pasid = bond->pasid;
out:
	mutex_unlock(&wd_bonds_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(wd_iommu_sva_bind);

/**
 * wd_iommu_sva_unbind - undo one wd_iommu_sva_bind()
 * @dev:   as it was given there
 * @pasid: as it came from there
 *
 * When it was the last, accesses with the PASID fail from the return on.
 */
void wd_iommu_sva_unbind(struct device *dev, u32 pasid)
{
	struct wd_sva_bond *bond;

	mutex_lock(&wd_bonds_lock);
	list_for_each_entry(bond, &wd_bonds, node) {
		if (bond->dev != dev || bond->pasid != pasid)
			continue;
		if (--bond->users)
			break;
		list_del(&bond->node);
		iommu_detach_device_pasid(bond->domain, dev, pasid);
		iommu_free_global_pasid(pasid);
		wd_sva_free(bond->domain);
		kfree(bond);
		break;
	}
	mutex_unlock(&wd_bonds_lock);
}
EXPORT_SYMBOL_GPL(wd_iommu_sva_unbind);
