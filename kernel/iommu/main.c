// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU of the virtual machine room, as the kernel's IOMMU core sees it.
 */
#include <linux/fwnode.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <linux/property.h>
#include <linux/slab.h>

#include "internal.h"
#include "../compat.h"

static LIST_HEAD(wd_ports);
/*
 * Functions without PASIDs sit in one group, so that they have one domain. It is
 * held from the first of them to the last port of that kind.
 */
static struct iommu_group *wd_shared_group;
/* Of the list and the group. Taken inside: what the core needs to make a group. */
static DEFINE_MUTEX(wd_ports_lock);

static struct fwnode_handle *wd_fwnode;
static struct iommu_device wd_iommu = {
	.max_pasids = 1U << 20,
};

static struct wd_iommu_port *wd_port_find(struct pci_dev *pdev)
{
	struct wd_iommu_port *port, *found = NULL;

	mutex_lock(&wd_ports_lock);
	list_for_each_entry(port, &wd_ports, node) {
		if (port->domain == pci_domain_nr(pdev->bus) &&
		    port->bus == pdev->bus->number &&
		    port->devfn == pdev->devfn) {
			found = port;
			break;
		}
	}
	mutex_unlock(&wd_ports_lock);
	return found;
}

struct wd_iommu_port *wd_iommu_port_create(int domain, u8 bus, u8 devfn,
					   unsigned int pasids)
{
	struct wd_iommu_port *port;
	int ret;

	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return ERR_PTR(-ENOMEM);

	ret = init_srcu_struct(&port->srcu);
	if (ret) {
		kfree(port);
		return ERR_PTR(ret);
	}
	port->domain = domain;
	port->bus = bus;
	port->devfn = devfn;
	port->max_pasids = pasids;
	xa_init(&port->pasids);

	mutex_lock(&wd_ports_lock);
	list_add_tail(&port->node, &wd_ports);
	mutex_unlock(&wd_ports_lock);
	return port;
}
EXPORT_SYMBOL_GPL(wd_iommu_port_create);

static bool wd_shares_group(const struct wd_iommu_port *port)
{
	return !port->max_pasids;
}

static void wd_shared_group_put(void)
{
	struct wd_iommu_port *port;

	lockdep_assert_held(&wd_ports_lock);
	if (!wd_shared_group)
		return;
	list_for_each_entry(port, &wd_ports, node)
		if (wd_shares_group(port))
			return;
	iommu_group_put(wd_shared_group);
	wd_shared_group = NULL;
}

void wd_iommu_port_destroy(struct wd_iommu_port *port)
{
	mutex_lock(&wd_ports_lock);
	list_del(&port->node);
	wd_shared_group_put();
	mutex_unlock(&wd_ports_lock);

	WARN_ON(!xa_empty(&port->pasids));
	xa_destroy(&port->pasids);
	cleanup_srcu_struct(&port->srcu);
	kfree(port);
}
EXPORT_SYMBOL_GPL(wd_iommu_port_destroy);

/*
 * PRI has no exported enabling function: IOMMU drivers are built in elsewhere.
 * The two fields make the PCI core restore the capability after a reset.
 */
static void wd_pri_enable(struct pci_dev *pdev)
{
	int pos = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_PRI);
	u32 max;

	if (!pos)
		return;
	pci_read_config_dword(pdev, pos + PCI_PRI_MAX_REQ, &max);
	pci_write_config_dword(pdev, pos + PCI_PRI_ALLOC_REQ, max);
	pci_write_config_word(pdev, pos + PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
	pdev->pri_reqs_alloc = max;
	pdev->pri_enabled = 1;
}

static void wd_pri_disable(struct pci_dev *pdev)
{
	int pos = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_PRI);

	if (!pos || !pdev->pri_enabled)
		return;
	pci_write_config_word(pdev, pos + PCI_PRI_CTRL, 0);
	pdev->pri_enabled = 0;
}

static struct iommu_device *wd_probe_device(struct device *dev)
{
	struct wd_iommu_port *port;
	struct pci_dev *pdev;

	if (!dev_is_pci(dev))
		return ERR_PTR(-ENODEV);
	pdev = to_pci_dev(dev);
	port = wd_port_find(pdev);
	if (!port)
		return ERR_PTR(-ENODEV);

	dev_iommu_priv_set(dev, port);
	if (port->max_pasids && pci_max_pasids(pdev) > 0) {
		/* PASID before ATS: the order the specification asks for. */
		if (!pci_enable_pasid(pdev, 0))
			wd_pri_enable(pdev);
		if (pci_ats_supported(pdev))
			pci_enable_ats(pdev, PAGE_SHIFT);
	}
	return &wd_iommu;
}

static void wd_release_device(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	if (pdev->ats_enabled)
		pci_disable_ats(pdev);
	wd_pri_disable(pdev);
	if (pdev->pasid_enabled)
		pci_disable_pasid(pdev);
}

static struct iommu_group *wd_device_group(struct device *dev)
{
	struct iommu_group *group;

	if (!wd_shares_group(dev_iommu_priv_get(dev)))
		return generic_device_group(dev);

	mutex_lock(&wd_ports_lock);
	group = wd_shared_group ?: iommu_group_alloc();
	if (!IS_ERR(group))
		wd_shared_group = iommu_group_ref_get(group);
	mutex_unlock(&wd_ports_lock);
	return group;
}

static bool wd_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static int wd_def_domain_type(struct device *dev)
{
	return IOMMU_DOMAIN_DMA;
}

static int wd_blocked_attach(struct iommu_domain *domain, struct device *dev,
			     struct iommu_domain *old)
{
	struct wd_iommu_port *port = dev_iommu_priv_get(dev);

	rcu_assign_pointer(port->paging, NULL);
	synchronize_rcu();
	return 0;
}

WD_COMPAT_ATTACH_DEV(wd_blocked_attach);

static int wd_blocked_set_pasid(struct iommu_domain *domain, struct device *dev,
				ioasid_t pasid, struct iommu_domain *old)
{
	wd_sva_detach(dev, pasid);
	return 0;
}

struct iommu_domain wd_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops) {
		.attach_dev = WD_COMPAT_ATTACH_DEV_OP(wd_blocked_attach),
		.set_dev_pasid = wd_blocked_set_pasid,
	},
};

WD_COMPAT_REMOVE_DEV_PASID(wd_remove_dev_pasid, wd_sva_detach);

const struct iommu_ops wd_iommu_ops = {
	.capable = wd_capable,
	.probe_device = wd_probe_device,
	.release_device = wd_release_device,
	.device_group = wd_device_group,
	.def_domain_type = wd_def_domain_type,
	.domain_alloc_paging = wd_paging_alloc,
	.domain_alloc_sva = wd_sva_alloc,
	.blocked_domain = &wd_blocked_domain,
	.release_domain = &wd_blocked_domain,
	.owner = THIS_MODULE,
	WD_COMPAT_IOMMU_OPS(wd_remove_dev_pasid)
};

/*
 * iommu_fwspec_init() is for callers that hold a lock of the core's which is not
 * exported: it would let another IOMMU's registration, which probes every device,
 * see an object half made. A whole one, published at once, can be seen at any time.
 */
static int wd_fwspec_publish(struct device *dev)
{
	struct iommu_fwspec *fwspec = kzalloc(struct_size(fwspec, ids, 1), GFP_KERNEL);
	struct dev_iommu *param = kzalloc(sizeof(*param), GFP_KERNEL);
	int ret = -ENOMEM;

	if (!fwspec || !param)
		goto err_free;

	fwspec->iommu_fwnode = fwnode_handle_get(wd_fwnode);
	mutex_init(&param->lock);
	param->fwspec = fwspec;
	if (!cmpxchg_release(&dev->iommu, NULL, param))
		return 0;

	fwnode_handle_put(wd_fwnode);
	ret = -EBUSY;
err_free:
	kfree(param);
	kfree(fwspec);
	return ret;
}

/*
 * The IOMMU core probes a device when it sees a fwspec on it; a virtual function
 * has no firmware that could have put one there. Priority 1: before the core's
 * own notifier looks.
 */
static int wd_bus_notify(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	struct device *dev = data;
	int ret;

	if (action != BUS_NOTIFY_ADD_DEVICE || !wd_port_find(to_pci_dev(dev)))
		return NOTIFY_DONE;

	ret = wd_fwspec_publish(dev);
	if (ret)
		dev_err(dev, "cannot be put behind the IOMMU: %d\n", ret);
	return NOTIFY_DONE;
}

static struct notifier_block wd_bus_nb = {
	.notifier_call = wd_bus_notify,
	.priority = 1,
};

static const struct property_entry wd_fwnode_props[] = {
	PROPERTY_ENTRY_STRING("compatible", "warpdrive,iommu"),
	{ }
};

static int __init wd_iommu_init(void)
{
	int ret;

	ret = wd_prq_init();
	if (ret)
		return ret;

	wd_fwnode = fwnode_create_software_node(wd_fwnode_props, NULL);
	if (IS_ERR(wd_fwnode)) {
		ret = PTR_ERR(wd_fwnode);
		goto err_prq;
	}

	/* The core compares fwnodes while it registers: set it first. */
	wd_iommu.fwnode = wd_fwnode;
	ret = iommu_device_sysfs_add(&wd_iommu, NULL, NULL, "wd_iommu");
	if (ret)
		goto err_fwnode;
	ret = iommu_device_register(&wd_iommu, &wd_iommu_ops, NULL);
	if (ret)
		goto err_sysfs;
	ret = bus_register_notifier(&pci_bus_type, &wd_bus_nb);
	if (ret)
		goto err_register;
	return 0;

err_register:
	iommu_device_unregister(&wd_iommu);
err_sysfs:
	iommu_device_sysfs_remove(&wd_iommu);
err_fwnode:
	fwnode_remove_software_node(wd_fwnode);
err_prq:
	wd_prq_exit();
	return ret;
}

static void __exit wd_iommu_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &wd_bus_nb);
	iommu_device_unregister(&wd_iommu);
	iommu_device_sysfs_remove(&wd_iommu);
	fwnode_remove_software_node(wd_fwnode);
	wd_prq_exit();
}

module_init(wd_iommu_init);
module_exit(wd_iommu_exit);
MODULE_DESCRIPTION("Warpdrive IOMMU for virtual PCI functions");
MODULE_LICENSE("GPL");
