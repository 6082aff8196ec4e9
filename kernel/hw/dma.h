/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a function reads and writes: through its port of the IOMMU, or, where
 * there is none in front of it, physical memory.
 */
#ifndef _WD_HW_DMA_H
#define _WD_HW_DMA_H

#include "hw.h"

/**
 * struct wd_dma - an address space, opened for a few accesses
 * @func:       whose
 * @acc:        behind an IOMMU: the port's part
 * @fault_addr: after a short copy: the first address that did not translate
 * @fault_perm: and it is mapped, but not for this access
 * @generation: in a burst, see wd_dma_map()
 * @burst:      without an IOMMU: in a burst
 * @flags:      likewise: interrupt state
 */
struct wd_dma {
	struct wd_func *func;
	struct wd_iommu_access acc;
	u64 fault_addr;
	bool fault_perm;
	u64 generation;
	bool burst;
	unsigned long flags;
};

/*
 * Open an address space, the function's own with WD_IOMMU_NO_PASID; from a kernel
 * thread only. Return: false where the function is no bus master or there is no
 * such address space.
 */
bool wd_dma_open(struct wd_dma *dma, struct wd_func *f, u32 pasid);
void wd_dma_close(struct wd_dma *dma);

/* Between open and close: a page that a request brought serves for what is in it. */
static inline void wd_dma_hold(struct wd_dma *dma, const struct wd_iommu_page_req *req)
{
	dma->acc.held = req->page ? req : NULL;
}

/* Copies that never wait for a page. Return: the number of bytes copied. */
size_t wd_dma_read(struct wd_dma *dma, void *to, u64 addr, size_t len);
size_t wd_dma_write(struct wd_dma *dma, u64 addr, const void *from, size_t len);

/*
 * From memory to memory, in the function's own address space; the two may overlap within a
 * page each. Return: how much both of them had, which is no reason for a fault yet.
 */
size_t wd_dma_copy(struct wd_dma *dma, u64 to, u64 from, size_t len);

/* Show memory of the function's own address space to @visitor. Return: how much it liked. */
size_t wd_dma_visit(struct wd_dma *dma, u64 addr, size_t len, wd_visitor visitor, void *ctx);

/*
 * A few short copies at the price of one, in the function's own address space, as
 * wd_iommu_burst(). Nothing sleeps in a burst.
 */
bool wd_dma_burst(struct wd_dma *dma);
void wd_dma_burst_end(struct wd_dma *dma);

/*
 * In a burst, the memory behind an address up to the end of its page; good in later
 * bursts in which @generation is the same. NULL: it does not translate.
 */
void *wd_dma_map(struct wd_dma *dma, u64 addr, bool write);

#endif
