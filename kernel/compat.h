/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one file that knows kernel versions. Code is written for the newest
 * kernel; what an older one lacks is made up for here.
 */
#ifndef _WD_COMPAT_H
#define _WD_COMPAT_H

#include <linux/version.h>

/*
 * IOMMU drivers. Newer kernels tell attach_dev the domain that was there before
 * and take a PASID away by attaching the blocked domain; older ones have
 * remove_dev_pasid for that, and one page-size bitmap for all domains.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#define WD_COMPAT_ATTACH_DEV(fn)	static_assert(true)
#define WD_COMPAT_ATTACH_DEV_OP(fn)	fn
#define WD_COMPAT_REMOVE_DEV_PASID(name, fn)	static_assert(true)
#define WD_COMPAT_IOMMU_OPS(remove)
#else
#define WD_COMPAT_ATTACH_DEV(fn)					\
static int fn##_compat(struct iommu_domain *domain, struct device *dev)	\
{									\
	return fn(domain, dev, NULL);					\
}									\
static_assert(true)
#define WD_COMPAT_ATTACH_DEV_OP(fn)	fn##_compat
#define WD_COMPAT_REMOVE_DEV_PASID(name, fn)				\
static void name(struct device *dev, ioasid_t pasid,			\
		 struct iommu_domain *domain)				\
{									\
	fn(dev, pasid);							\
}									\
static_assert(true)
#define WD_COMPAT_IOMMU_OPS(remove)					\
	.remove_dev_pasid = remove,					\
	.pgsize_bitmap = PAGE_SIZE,
#endif

/* Users of an IOMMU. Newer kernels enable SVA when it is first bound. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define wd_compat_sva_enable(dev)	((void)(dev), 0)
#define wd_compat_sva_disable(dev)	((void)(dev))
#else
#define wd_compat_sva_enable(dev)	iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_SVA)
#define wd_compat_sva_disable(dev)	((void)iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_SVA))
#endif

/* NVM Express's CRC was called by another name. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define wd_compat_crc64_nvme	crc64_nvme
#else
#define wd_compat_crc64_nvme	crc64_rocksoft_update
#endif

#endif
