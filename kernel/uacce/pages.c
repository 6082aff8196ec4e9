// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that devices can be given: reserved by us, or the process's own and
 * pinned. It belongs to nobody in particular: the channel that made it, the
 * channels it is shared with and the devices that reach it hold references.
 *
 * It counts as pinned memory of its process (VmPin), which is atomic: an account
 * under mmap_lock could not be settled where a channel ends.
 */
#include <linux/bsearch.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "uacce.h"

/* Pages that are pinned at a time. */
#define WD_UACCE_PIN_BATCH	512

static int wd_uacce_account(struct mm_struct *mm, unsigned long nr)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;

	if (atomic64_add_return(nr, &mm->pinned_vm) <= limit || capable(CAP_IPC_LOCK))
		return 0;
	atomic64_sub(nr, &mm->pinned_vm);
	return -ENOMEM;
}

static void wd_uacce_chunk_free(const struct wd_uacce_chunk *chunk)
{
	u32 i;

	for (i = 0; i < chunk->nr; i++) {
		clear_highpage(chunk->page + i);
		cond_resched();
	}
	__free_pages(chunk->page, ilog2(chunk->nr));
}

static void wd_uacce_pages_free(struct kref *ref)
{
	struct wd_uacce_pages *pages = container_of(ref, struct wd_uacce_pages, ref);
	const struct wd_uacce_chunk *chunk;

	for (chunk = pages->chunks; chunk < pages->chunks + pages->count; chunk++) {
		if (pages->udev)
			wd_uacce_chunk_free(chunk);
		else
			unpin_user_page_range_dirty_lock(chunk->page, chunk->nr,
							 !pages->read_only);
		cond_resched();
	}
	if (pages->udev) {
		atomic_long_sub(pages->size, &pages->udev->reserved);
		put_device(&pages->udev->dev);
	}
	atomic64_sub(pages->size >> PAGE_SHIFT, &pages->mm->pinned_vm);
	mmdrop(pages->mm);
	kvfree(pages->chunks);
	kfree(pages);
}

void wd_uacce_pages_get(struct wd_uacce_pages *pages)
{
	kref_get(&pages->ref);
}

void wd_uacce_pages_put(struct wd_uacce_pages *pages)
{
	kref_put(&pages->ref, wd_uacce_pages_free);
}

/* Still without a page: what wd_uacce_pages_put() finds in it is what it gives back. */
static struct wd_uacce_pages *wd_uacce_pages_new(size_t size)
{
	struct wd_uacce_pages *pages;
	int ret = -ENOMEM;

	pages = kzalloc(sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(ret);

	pages->chunks = kvmalloc_array(size >> PAGE_SHIFT, sizeof(*pages->chunks),
				       GFP_KERNEL_ACCOUNT);
	if (!pages->chunks)
		goto err_free;
	ret = wd_uacce_account(current->mm, size >> PAGE_SHIFT);
	if (ret)
		goto err_free;

	kref_init(&pages->ref);
	pages->size = size;
	pages->mm = current->mm;
	mmgrab(pages->mm);
	return pages;

err_free:
	kvfree(pages->chunks);
	kfree(pages);
	return ERR_PTR(ret);
}

static void wd_uacce_pages_add(struct wd_uacce_pages *pages, struct page *page, u32 nr)
{
	pages->chunks[pages->count++] = (struct wd_uacce_chunk) {
		.page = page,
		.first = pages->have,
		.nr = nr,
	};
	pages->have += nr;
}

/*
 * The largest chunk that there is, at most of *@order, where a smaller one is what
 * later calls begin with. Single pages alone are worth the reclaim of others, and
 * nobody is killed for them.
 */
static struct page *wd_uacce_chunk_alloc(unsigned int *order)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	struct page *page;

	for (; *order; --*order) {
		page = alloc_pages(gfp | __GFP_NORETRY, *order);
		if (page)
			return page;
	}
	return alloc_pages(gfp | __GFP_RETRY_MAYFAIL, 0);
}

static int wd_uacce_pages_fill(struct wd_uacce_pages *pages)
{
	unsigned int order = MAX_PAGE_ORDER;
	struct page *page;
	u32 left;

	while ((left = (pages->size >> PAGE_SHIFT) - pages->have)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		order = min_t(unsigned int, order, ilog2(left));
		page = wd_uacce_chunk_alloc(&order);
		if (!page)
			return -ENOMEM;
		wd_uacce_pages_add(pages, page, 1U << order);
		cond_resched();
	}
	return 0;
}

struct wd_uacce_pages *wd_uacce_pages_alloc(struct wd_uacce_device *udev, size_t size)
{
	struct wd_uacce_pages *pages;
	int ret;

	pages = wd_uacce_pages_new(size);
	if (IS_ERR(pages))
		return pages;

	pages->udev = udev;
	get_device(&udev->dev);
	atomic_long_add(size, &udev->reserved);

	ret = wd_uacce_pages_fill(pages);
	if (ret) {
		wd_uacce_pages_put(pages);
		return ERR_PTR(ret);
	}
	return pages;
}

/* Physically adjacent pages make one chunk. */
static void wd_uacce_pages_append(struct wd_uacce_pages *pages, struct page *page)
{
	struct wd_uacce_chunk *last = pages->chunks + pages->count - 1;

	if (!pages->count || page_to_pfn(page) != page_to_pfn(last->page) + last->nr) {
		wd_uacce_pages_add(pages, page, 1);
		return;
	}
	last->nr++;
	pages->have++;
}

static int wd_uacce_pages_pin_all(struct wd_uacce_pages *pages, unsigned long addr,
				  struct page **batch)
{
	unsigned int flags = FOLL_LONGTERM | (pages->read_only ? 0 : FOLL_WRITE);
	u32 left;
	int got, i;

	while ((left = (pages->size >> PAGE_SHIFT) - pages->have)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		got = pin_user_pages_fast(addr + ((unsigned long)pages->have << PAGE_SHIFT),
					  min_t(u32, left, WD_UACCE_PIN_BATCH), flags, batch);
		if (got <= 0)
			return got ?: -EFAULT;
		for (i = 0; i < got; i++)
			wd_uacce_pages_append(pages, batch[i]);
		cond_resched();
	}
	return 0;
}

struct wd_uacce_pages *wd_uacce_pages_pin(unsigned long addr, size_t size, bool read_only)
{
	struct wd_uacce_pages *pages;
	struct page **batch;
	int ret;

	batch = kmalloc_array(WD_UACCE_PIN_BATCH, sizeof(*batch), GFP_KERNEL_ACCOUNT);
	if (!batch)
		return ERR_PTR(-ENOMEM);

	pages = wd_uacce_pages_new(size);
	if (!IS_ERR(pages)) {
		pages->read_only = read_only;
		ret = wd_uacce_pages_pin_all(pages, addr, batch);
		if (ret) {
			wd_uacce_pages_put(pages);
			pages = ERR_PTR(ret);
		}
	}
	kfree(batch);
	return pages;
}

static int wd_uacce_chunk_cmp(const void *key, const void *elt)
{
	const struct wd_uacce_chunk *chunk = elt;
	u32 index = *(const u32 *)key;

	if (index < chunk->first)
		return -1;
	return index >= chunk->first + chunk->nr;
}

unsigned long wd_uacce_pages_pfn(const struct wd_uacce_pages *pages, u32 index)
{
	const struct wd_uacce_chunk *chunk;

	chunk = bsearch(&index, pages->chunks, pages->count, sizeof(*chunk), wd_uacce_chunk_cmp);
	return page_to_pfn(chunk->page) + (index - chunk->first);
}
