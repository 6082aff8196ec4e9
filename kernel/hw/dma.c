// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA: a function behind an IOMMU has a port there, any other one reaches all of
 * memory. What is no memory, or belongs to the firmware and the kernel's image,
 * does not answer on the bus.
 */
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "dma.h"

static void *phys_map(u64 addr)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(addr));
	void *va;
	u8 byte;

	if (!page || PageReserved(page))
		return NULL;
	va = page_to_virt(page) + offset_in_page(addr);
	/* Secret memory is in no page table of the kernel's: it does not answer either. */
	return copy_from_kernel_nofault(&byte, va, sizeof(byte)) ? NULL : va;
}

/*
 * From here to phys_end() the function is a bus master and interrupts are off:
 * wd_dma_drain() does not wait long.
 */
static bool phys_begin(struct wd_dma *dma)
{
	struct wd_func *f = dma->func;

	local_irq_save(dma->flags);
	atomic_inc(&f->dma_busy);
	/* Pairs with wd_dma_drain(): it sees us, or we see its change. */
	smp_mb__after_atomic();
	if (wd_config_bus_master(f))
		return true;
	atomic_dec(&f->dma_busy);
	local_irq_restore(dma->flags);
	return false;
}

static void phys_end(struct wd_dma *dma)
{
	/* All accesses come before it. */
	atomic_dec_return_release(&dma->func->dma_busy);
	local_irq_restore(dma->flags);
}

void wd_dma_drain(struct wd_func *f)
{
	/* Pairs with phys_begin(). */
	smp_mb();
	while (atomic_read_acquire(&f->dma_busy))
		cpu_relax();
}

static size_t phys_copy(struct wd_dma *dma, u64 addr, void *buf, size_t len, bool write)
{
	size_t done = 0;

	while (done < len) {
		size_t n = min_t(size_t, len - done, PAGE_SIZE - offset_in_page(addr + done));
		void *va;

		if (!dma->burst && !phys_begin(dma))
			break;
		va = phys_map(addr + done);
		if (va && write)
			wd_bus_store(va, buf + done, n);
		else if (va)
			memcpy(buf + done, va, n);
		if (!dma->burst)
			phys_end(dma);
		if (!va)
			break;
		done += n;
	}
	dma->fault_addr = addr + done;
	return done;
}

bool wd_dma_open(struct wd_dma *dma, struct wd_func *f, u32 pasid)
{
	dma->func = f;
	dma->fault_addr = 0;
	dma->fault_perm = false;
	dma->generation = 0;
	dma->burst = false;
	if (!wd_config_bus_master(f))
		return false;
	if (!f->port)
		return pasid == WD_IOMMU_NO_PASID;
	return !wd_iommu_open(f->port, pasid, &dma->acc);
}

void wd_dma_close(struct wd_dma *dma)
{
	if (dma->func->port)
		wd_iommu_close(&dma->acc);
}

static void take_fault(struct wd_dma *dma)
{
	dma->fault_addr = dma->acc.fault_addr;
	dma->fault_perm = dma->acc.fault_perm;
}

size_t wd_dma_read(struct wd_dma *dma, void *to, u64 addr, size_t len)
{
	size_t n;

	if (!dma->func->port)
		return phys_copy(dma, addr, to, len, false);
	n = wd_iommu_read(&dma->acc, to, addr, len);
	if (n < len)
		take_fault(dma);
	return n;
}

size_t wd_dma_write(struct wd_dma *dma, u64 addr, const void *from, size_t len)
{
	size_t n;

	if (!dma->func->port)
		return phys_copy(dma, addr, (void *)from, len, true);
	n = wd_iommu_write(&dma->acc, addr, from, len);
	if (n < len)
		take_fault(dma);
	return n;
}

/* Physical addresses do not change what they mean: one generation, for ever. */
bool wd_dma_burst(struct wd_dma *dma)
{
	if (!dma->func->port)
		return dma->burst = phys_begin(dma);
	if (!wd_iommu_burst(&dma->acc))
		return false;
	dma->generation = dma->acc.generation;
	return true;
}

void wd_dma_burst_end(struct wd_dma *dma)
{
	if (dma->func->port) {
		wd_iommu_burst_end(&dma->acc);
		return;
	}
	dma->burst = false;
	phys_end(dma);
}

void *wd_dma_map(struct wd_dma *dma, u64 addr, bool write)
{
	void *va;

	if (!dma->func->port)
		va = phys_map(addr);
	else
		va = wd_iommu_burst_map(&dma->acc, addr, write);
	if (!va)
		dma->fault_addr = addr;
	return va;
}

static void page_copy(void *to, const void *from, size_t len)
{
	if (to + len <= from || from + len <= to)
		wd_bus_store(to, from, len);
	else
		memmove(to, from, len);
}

size_t wd_dma_copy(struct wd_dma *dma, u64 to, u64 from, size_t len)
{
	size_t done = 0;

	while (done < len) {
		size_t n = min3(len - done, PAGE_SIZE - offset_in_page(to + done),
				PAGE_SIZE - offset_in_page(from + done));
		void *src, *dst;

		if (!wd_dma_burst(dma))
			break;
		src = wd_dma_map(dma, from + done, false);
		dst = src ? wd_dma_map(dma, to + done, true) : NULL;
		if (dst)
			page_copy(dst, src, n);
		wd_dma_burst_end(dma);
		if (!dst)
			break;
		done += n;
	}
	return done;
}

size_t wd_dma_visit(struct wd_dma *dma, u64 addr, size_t len, wd_visitor visitor, void *ctx)
{
	size_t done = 0;

	while (done < len) {
		size_t n = min(len - done, PAGE_SIZE - offset_in_page(addr + done)), liked = 0;
		void *va;

		if (!wd_dma_burst(dma))
			break;
		va = wd_dma_map(dma, addr + done, false);
		if (va)
			liked = visitor(ctx, va, n);
		wd_dma_burst_end(dma);
		done += liked;
		if (liked < n)
			break;
	}
	return done;
}
