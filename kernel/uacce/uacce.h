/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of wd_uacce share. */
#ifndef _WD_UACCE_H
#define _WD_UACCE_H

#include <linux/dma-direction.h>
#include <linux/fs.h>
#include <linux/scatterlist.h>
#include "wd_uacce_driver.h"

/* Longest memory: lengths in scatterlists have 32 bits, and it is plenty. */
#define WD_UACCE_MAX_MEM	SZ_1G

/**
 * struct wd_uacce_chunk - physically contiguous pages
 * @page:  the first
 * @first: its number in the memory
 * @nr:    pages; a power of two where they were allocated
 */
struct wd_uacce_chunk {
	struct page *page;
	u32 first;
	u32 nr;
};

/**
 * struct wd_uacce_pages - memory that devices can be given
 * @ref:       of the region, and of each attachment
 * @mm:        whose pinned memory it counts as; a reference to the struct
 * @udev:      the device whose channel reserved it, referenced; NULL: imported, the
 *             pages are a process's own
 * @size:      bytes, whole pages
 * @read_only: not for writing
 * @have:      pages that are there already; all, once it is made
 * @count:     chunks
 * @chunks:    in the order of the memory
 *
 * Does not change once it is made, so it has no lock. The last reference is never
 * put under mmap_lock or hw_lock: an area that maps it keeps the file, and so the
 * channel with its own reference.
 */
struct wd_uacce_pages {
	struct kref ref;
	struct mm_struct *mm;
	struct wd_uacce_device *udev;
	size_t size;
	bool read_only;
	u32 have;
	u32 count;
	struct wd_uacce_chunk *chunks;
};

/**
 * struct wd_uacce_attach - a memory mapped for the DMA of a device
 * @node:   in wd_uacce_device.attached
 * @users:  channels that have it, under wd_uacce_device.attach_lock
 * @udev:   the device; the users keep it
 * @pages:  the memory, referenced
 * @dir:    what the device may do
 * @sgt:    the mapping
 * @count:  slices
 * @slices: where the device finds it: one behind an IOMMU
 */
struct wd_uacce_attach {
	struct list_head node;
	unsigned int users;
	struct wd_uacce_device *udev;
	struct wd_uacce_pages *pages;
	enum dma_data_direction dir;
	struct sg_table sgt;
	u32 count;
	struct wd_slice *slices;
};

/* How a channel came by a memory. */
enum wd_uacce_mem_kind {
	WD_UACCE_MEM_RESERVED,
	WD_UACCE_MEM_SHARED,
	WD_UACCE_MEM_IMPORTED,
	WD_UACCE_MEM_KINDS,
};

/**
 * struct wd_uacce_mem_info - what a program is told of a new memory
 * @handle: its handle
 * @slices: number of its slices
 */
struct wd_uacce_mem_info {
	u32 handle;
	u32 slices;
};

/* file.c */
extern const struct file_operations wd_uacce_fops;

/* sysfs.c */
extern const struct attribute_group *wd_uacce_groups[];

/* queue.c: the life of a channel. Results are those of the calls of the ABI. */
struct wd_uacce_queue *wd_uacce_queue_open(struct wd_uacce_device *udev,
					   struct address_space *mapping);
void wd_uacce_queue_close(struct wd_uacce_queue *q);
int wd_uacce_queue_start(struct wd_uacce_queue *q);
int wd_uacce_queue_put(struct wd_uacce_queue *q);
int wd_uacce_queue_kick(struct wd_uacce_queue *q);
int wd_uacce_queue_layout(struct wd_uacce_queue *q, struct wd_chan_layout *layout);
int wd_uacce_queue_state(struct wd_uacce_queue *q, struct wd_chan_state *state);
int wd_uacce_queue_set_weight(struct wd_uacce_queue *q, u32 weight);
__poll_t wd_uacce_queue_poll(struct wd_uacce_queue *q);
int wd_uacce_queue_error(const struct wd_uacce_queue *q);
void wd_uacce_queue_gone(struct wd_uacce_queue *q);

/* region.c */
struct wd_uacce_mem *wd_uacce_mem_alloc(size_t size);
int wd_uacce_region_mmap(struct wd_uacce_queue *q, struct vm_area_struct *vma);
void wd_uacce_region_revoke(struct wd_uacce_queue *q);

/*
 * pages.c: memory of the calling process, accounted to it. Made with one reference
 * or ERR_PTR: -ENOMEM, -EINTR, or what the kernel says of pages that it cannot pin.
 */
struct wd_uacce_pages *wd_uacce_pages_alloc(struct wd_uacce_device *udev, size_t size);
struct wd_uacce_pages *wd_uacce_pages_pin(unsigned long addr, size_t size, bool read_only);
void wd_uacce_pages_get(struct wd_uacce_pages *pages);
void wd_uacce_pages_put(struct wd_uacce_pages *pages);
unsigned long wd_uacce_pages_pfn(const struct wd_uacce_pages *pages, u32 index);

/* attach.c: by reference count, found by device and memory. */
struct wd_uacce_attach *wd_uacce_attach_get(struct wd_uacce_device *udev,
					    struct wd_uacce_pages *pages);
void wd_uacce_attach_put(struct wd_uacce_attach *at);

/* mems.c: handles. All take the channel's lock. */
struct wd_uacce_mems *wd_uacce_mems_alloc(struct wd_uacce_device *udev);
int wd_uacce_mem_add(struct wd_uacce_queue *q, struct wd_uacce_pages *pages,
		     enum wd_uacce_mem_kind kind, struct wd_uacce_mem_info *info);
int wd_uacce_mem_drop(struct wd_uacce_queue *q, u32 handle);
void wd_uacce_mem_undo(struct wd_uacce_queue *q, u32 handle);
/* Up to @max slices from @first on. Return: their number. */
int wd_uacce_mem_slices(struct wd_uacce_queue *q, u32 handle, u32 first, u32 max,
			struct wd_slice *to);
/* Adds the bytes of each kind. */
void wd_uacce_mem_sums(struct wd_uacce_queue *q, u64 sums[WD_UACCE_MEM_KINDS]);

/* mem_ioctl.c */
int wd_uacce_mem_ioctl(struct wd_uacce_queue *q, unsigned int cmd, void __user *arg);

/* sva.c */
int wd_uacce_sva_enable(struct device *dev);
void wd_uacce_sva_disable(struct device *dev);
int wd_uacce_sva_bind(struct device *dev, struct mm_struct *mm, struct wd_uacce_sva *sva);
void wd_uacce_sva_unbind(struct device *dev, struct wd_uacce_sva *sva);

#endif
