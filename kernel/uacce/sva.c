// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding a process's address space to a device.
 *
 * The IOMMU core is asked first. Older kernels refuse on x86 whatever the
 * IOMMU is, because some IOMMUs cache kernel page tables there. A platform
 * whose IOMMU driver knows better can offer a binding of its own; it is looked
 * for by name, so that nothing here depends on it.
 */
#include <linux/iommu.h>
#include <linux/module.h>
#include "../compat.h"
#include "../iommu/wd_iommu_sva.h"
#include "uacce.h"

/* Whether binding has a chance; a bind may still fail. */
int wd_uacce_sva_enable(struct device *dev)
{
	int ret;

	ret = wd_compat_sva_enable(dev);
	if (!ret)
		return 0;
	if (!symbol_get(wd_iommu_sva_bind))
		return ret;
	symbol_put(wd_iommu_sva_bind);
	return 0;
}

void wd_uacce_sva_disable(struct device *dev)
{
	wd_compat_sva_disable(dev);
}

/* A binding holds a reference to its unbind, and so to the module that made it. */
static int wd_uacce_platform_bind(struct device *dev, struct mm_struct *mm,
				  struct wd_uacce_sva *sva)
{
	typeof(wd_iommu_sva_unbind) *unbind = symbol_get(wd_iommu_sva_unbind);
	typeof(wd_iommu_sva_bind) *bind;
	int ret = -EOPNOTSUPP;

	if (!unbind)
		return ret;

	bind = symbol_get(wd_iommu_sva_bind);
	if (bind) {
		ret = bind(dev, mm, &sva->pasid);
		symbol_put(wd_iommu_sva_bind);
	}
	if (ret) {
		symbol_put(wd_iommu_sva_unbind);
		return ret;
	}
	sva->unbind = unbind;
	return 0;
}

int wd_uacce_sva_bind(struct device *dev, struct mm_struct *mm, struct wd_uacce_sva *sva)
{
	struct iommu_sva *handle;
	int ret;

	handle = iommu_sva_bind_device(dev, mm);
	if (!IS_ERR(handle)) {
		sva->handle = handle;
		sva->pasid = iommu_sva_get_pasid(handle);
		return 0;
	}

	ret = PTR_ERR(handle);
	if (ret != -EOPNOTSUPP && ret != -ENODEV)
		return ret;
	return wd_uacce_platform_bind(dev, mm, sva);
}

/* Without a binding it does nothing. */
void wd_uacce_sva_unbind(struct device *dev, struct wd_uacce_sva *sva)
{
	if (sva->handle) {
		iommu_sva_unbind_device(sva->handle);
	} else if (sva->unbind) {
		sva->unbind(dev, sva->pasid);
		symbol_put(wd_iommu_sva_unbind);
	}
	memset(sva, 0, sizeof(*sva));
}
