// SPDX-License-Identifier: GPL-2.0-only
/*
 * The regions of a channel, in memory and in the program's address space.
 *
 * All are mapped as the program touches them. Only so can the
 * doorbell be taken away without a gap: an area that mmap() had filled is not
 * yet linked to the file when another thread revokes it, and would escape.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "uacce.h"

/* Pages of reserved memory that are mapped when one of them is touched; a power of two. */
#define WD_UACCE_FAULT_AROUND	512

struct wd_uacce_mem *wd_uacce_mem_alloc(size_t size)
{
	struct wd_uacce_mem *mem;

	mem = kzalloc(sizeof(*mem), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return NULL;

	kref_init(&mem->ref);
	mem->size = size;
	mem->addr = alloc_pages_exact(size, GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN);
	if (!mem->addr) {
		kfree(mem);
		return NULL;
	}
	return mem;
}

static void wd_uacce_mem_free(struct kref *ref)
{
	struct wd_uacce_mem *mem = container_of(ref, struct wd_uacce_mem, ref);

	free_pages_exact(mem->addr, mem->size);
	kfree(mem);
}

struct wd_uacce_mem *wd_uacce_mem_get(struct wd_uacce_mem *mem)
{
	kref_get(&mem->ref);
	return mem;
}
EXPORT_SYMBOL_GPL(wd_uacce_mem_get);

void wd_uacce_mem_put(struct wd_uacce_mem *mem)
{
	kref_put(&mem->ref, wd_uacce_mem_free);
}
EXPORT_SYMBOL_GPL(wd_uacce_mem_put);

/* mremap copies the area before it asks wd_uacce_vm_mremap(). */
static void wd_uacce_vm_open(struct vm_area_struct *vma)
{
	struct wd_uacce_queue *q = vma->vm_private_data;

	mutex_lock(&q->hw_lock);
	q->maps[vma->vm_pgoff]++;
	mutex_unlock(&q->hw_lock);
}

static void wd_uacce_vm_close(struct vm_area_struct *vma)
{
	struct wd_uacce_queue *q = vma->vm_private_data;

	mutex_lock(&q->hw_lock);
	q->maps[vma->vm_pgoff]--;
	mutex_unlock(&q->hw_lock);
}

/* A region is mapped whole or not at all, and stays where it is. */
static int wd_uacce_vm_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

static int wd_uacce_vm_mremap(struct vm_area_struct *vma)
{
	return -EPERM;
}

/*
 * A doorbell that was taken away becomes a page that nobody reads, so that a
 * program is told by its next call that the channel is dead, not by SIGBUS.
 */
static int wd_uacce_sink_pfn(struct wd_uacce_queue *q, unsigned long *pfn)
{
	lockdep_assert_held(&q->hw_lock);

	if (!q->sink)
		q->sink = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!q->sink)
		return -ENOMEM;
	*pfn = page_to_pfn(q->sink);
	return 0;
}

/*
 * Reserved memory is large: a touch brings what is around it as well. The memory does
 * not change as long as an area maps it, so there is nothing to lock.
 */
static vm_fault_t wd_uacce_fault_reserved(struct vm_fault *vmf, struct wd_uacce_pages *pages)
{
	struct vm_area_struct *vma = vmf->vma;
	u32 touched = (vmf->address - vma->vm_start) >> PAGE_SHIFT;
	u32 i = round_down(touched, WD_UACCE_FAULT_AROUND);
	u32 end = min_t(u32, i + WD_UACCE_FAULT_AROUND, pages->size >> PAGE_SHIFT);
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, vmf->address, wd_uacce_pages_pfn(pages, touched));
	if (ret != VM_FAULT_NOPAGE)
		return ret;

	for (; i < end; i++)
		if (vmf_insert_pfn(vma, vma->vm_start + ((unsigned long)i << PAGE_SHIFT),
				   wd_uacce_pages_pfn(pages, i)) != VM_FAULT_NOPAGE)
			break;
	return ret;
}

static vm_fault_t wd_uacce_vm_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct wd_uacce_queue *q = vma->vm_private_data;
	unsigned long offset = (vmf->address & PAGE_MASK) - vma->vm_start;
	vm_fault_t ret = VM_FAULT_OOM;
	unsigned long pfn;

	if (q->reserved[vma->vm_pgoff])
		return wd_uacce_fault_reserved(vmf, q->reserved[vma->vm_pgoff]);

	mutex_lock(&q->hw_lock);
	if (vma->vm_pgoff == UACCE_QFRT_DUS)
		pfn = page_to_pfn(virt_to_page(q->dus->addr + offset));
	else if (q->live)
		pfn = PHYS_PFN(q->mmio_phys + offset);
	else if (wd_uacce_sink_pfn(q, &pfn))
		goto out;
	ret = vmf_insert_pfn(vma, vmf->address, pfn);
out:
	mutex_unlock(&q->hw_lock);
	return ret;
}

static const struct vm_operations_struct wd_uacce_vm_ops = {
	.open = wd_uacce_vm_open,
	.close = wd_uacce_vm_close,
	.may_split = wd_uacce_vm_may_split,
	.mremap = wd_uacce_vm_mremap,
	.fault = wd_uacce_vm_fault,
};

static size_t wd_uacce_region_size(const struct wd_uacce_queue *q, unsigned long region)
{
	if (region == UACCE_QFRT_MMIO || region == UACCE_QFRT_DUS)
		return q->udev->iface.region_size[region];
	return q->reserved[region] ? q->reserved[region]->size : 0;
}

int wd_uacce_region_mmap(struct wd_uacce_queue *q, struct vm_area_struct *vma)
{
	unsigned long region = vma->vm_pgoff;
	int ret = 0;

	if (region >= WD_UACCE_REGIONS || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	mutex_lock(&q->hw_lock);
	if (vma->vm_end - vma->vm_start != wd_uacce_region_size(q, region))
		ret = -EINVAL;
	else if (!q->live)
		ret = wd_uacce_queue_error(q) ?: -EIO;
	else if (q->maps[region])
		ret = -EEXIST;
	else
		q->maps[region]++;
	mutex_unlock(&q->hw_lock);
	if (ret)
		return ret;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTDUMP |
			  VM_DONTCOPY | VM_DONTEXPAND | VM_WIPEONFORK);
	if (region == UACCE_QFRT_MMIO)
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_private_data = q;
	vma->vm_ops = &wd_uacce_vm_ops;
	return 0;
}

/*
 * Take the doorbell away. Channels of one device share the file's mapping, so
 * their pages go as well and come back at the next touch; hence not where
 * nothing is mapped, as in the usual close.
 */
void wd_uacce_region_revoke(struct wd_uacce_queue *q)
{
	bool mapped;

	mutex_lock(&q->hw_lock);
	q->live = false;
	mapped = q->maps[UACCE_QFRT_MMIO];
	mutex_unlock(&q->hw_lock);

	if (mapped)
		unmap_mapping_range(q->mapping, (loff_t)UACCE_QFRT_MMIO << PAGE_SHIFT,
				    q->udev->iface.region_size[UACCE_QFRT_MMIO], 1);
}
