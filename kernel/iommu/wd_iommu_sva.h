/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU driver's own way to bind an address space, for kernels whose IOMMU
 * core does not offer iommu_sva_bind_device(). Reached with symbol_get(), so
 * that it is no dependency. sva.c documents both.
 */
#ifndef _WD_IOMMU_SVA_H
#define _WD_IOMMU_SVA_H

#include <linux/types.h>

struct device;
struct mm_struct;

int wd_iommu_sva_bind(struct device *dev, struct mm_struct *mm, u32 *pasid);
void wd_iommu_sva_unbind(struct device *dev, u32 pasid);

#endif
