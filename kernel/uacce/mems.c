// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memories of a channel, each known to the program by a handle.
 *
 * The channel has a reference to the set until it is put, the driver has one until
 * the device let go of the channel. With the last one everything is detached.
 */
#include <linux/slab.h>
#include "uacce.h"

/* Handles of a channel at a time. */
#define WD_UACCE_MAX_MEMS	64

/**
 * struct wd_uacce_mems - the memories of a channel
 * @ref:     of the channel and of the driver
 * @udev:    the channel's device, referenced
 * @handles: struct wd_uacce_mem_entry by handle. A handle is not given again soon:
 *           one that was dropped must not be another memory's.
 * @next:    where the search for a free handle begins
 * @count:   handles
 * @list:    struct wd_uacce_mem_entry: those with handles, and those that the
 *           device may still reach
 *
 * All under wd_uacce_queue.lock as long as the channel refers to it; then nothing
 * changes any more.
 */
struct wd_uacce_mems {
	struct kref ref;
	struct wd_uacce_device *udev;
	struct xarray handles;
	u32 next;
	u32 count;
	struct list_head list;
};

/**
 * struct wd_uacce_mem_entry - a memory of a channel
 * @node:   in wd_uacce_mems.list
 * @handle: its handle, 0 where that was dropped
 * @kind:   how the channel came by it
 * @at:     attachment to the device
 */
struct wd_uacce_mem_entry {
	struct list_head node;
	u32 handle;
	enum wd_uacce_mem_kind kind;
	struct wd_uacce_attach *at;
};

struct wd_uacce_mems *wd_uacce_mems_alloc(struct wd_uacce_device *udev)
{
	struct wd_uacce_mems *mems;

	mems = kzalloc(sizeof(*mems), GFP_KERNEL_ACCOUNT);
	if (!mems)
		return NULL;
	kref_init(&mems->ref);
	mems->udev = udev;
	get_device(&udev->dev);
	xa_init_flags(&mems->handles, XA_FLAGS_ALLOC1);
	INIT_LIST_HEAD(&mems->list);
	return mems;
}

static void wd_uacce_entry_free(struct wd_uacce_mem_entry *entry)
{
	list_del(&entry->node);
	wd_uacce_attach_put(entry->at);
	kfree(entry);
}

static void wd_uacce_mems_free(struct kref *ref)
{
	struct wd_uacce_mems *mems = container_of(ref, struct wd_uacce_mems, ref);
	struct wd_uacce_mem_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &mems->list, node)
		wd_uacce_entry_free(entry);
	xa_destroy(&mems->handles);
	put_device(&mems->udev->dev);
	kfree(mems);
}

struct wd_uacce_mems *wd_uacce_mems_get(struct wd_uacce_mems *mems)
{
	kref_get(&mems->ref);
	return mems;
}
EXPORT_SYMBOL_GPL(wd_uacce_mems_get);

void wd_uacce_mems_put(struct wd_uacce_mems *mems)
{
	kref_put(&mems->ref, wd_uacce_mems_free);
}
EXPORT_SYMBOL_GPL(wd_uacce_mems_put);

static struct wd_uacce_mem_entry *wd_uacce_mems_search(struct wd_uacce_mems *mems,
						       const struct wd_uacce_pages *pages)
{
	struct wd_uacce_mem_entry *entry;

	list_for_each_entry(entry, &mems->list, node)
		if (entry->at->pages == pages)
			return entry;
	return NULL;
}

static struct wd_uacce_mem_entry *wd_uacce_entry_make(struct wd_uacce_mems *mems,
						      struct wd_uacce_pages *pages,
						      enum wd_uacce_mem_kind kind)
{
	struct wd_uacce_mem_entry *entry;
	struct wd_uacce_attach *at;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return ERR_PTR(-ENOMEM);

	at = wd_uacce_attach_get(mems->udev, pages);
	if (IS_ERR(at)) {
		kfree(entry);
		return ERR_CAST(at);
	}
	entry->at = at;
	entry->kind = kind;
	list_add_tail(&entry->node, &mems->list);
	return entry;
}

/*
 * The handle goes. Behind an IOMMU so does the memory; without one the device can
 * reach it whatever is done here, so it stays until the device lets go.
 */
static void wd_uacce_mems_forget(struct wd_uacce_mems *mems, struct wd_uacce_mem_entry *entry)
{
	if (entry->handle) {
		xa_erase(&mems->handles, entry->handle);
		mems->count--;
		entry->handle = 0;
	}
	if (!(mems->udev->iface.flags & UACCE_DEV_NOIOMMU))
		wd_uacce_entry_free(entry);
}

static int wd_uacce_mems_add(struct wd_uacce_mems *mems, struct wd_uacce_pages *pages,
			     enum wd_uacce_mem_kind kind, struct wd_uacce_mem_info *info)
{
	struct wd_uacce_mem_entry *entry;
	int ret;

	/* One that was dropped and had to stay is taken up again. */
	entry = wd_uacce_mems_search(mems, pages);
	if (entry && entry->handle)
		return -EEXIST;
	if (mems->count >= WD_UACCE_MAX_MEMS)
		return -ENOSPC;
	if (!entry)
		entry = wd_uacce_entry_make(mems, pages, kind);
	if (IS_ERR(entry))
		return PTR_ERR(entry);

	ret = xa_alloc_cyclic(&mems->handles, &entry->handle, entry, xa_limit_32b, &mems->next,
			      GFP_KERNEL_ACCOUNT);
	if (ret < 0) {
		entry->handle = 0;
		wd_uacce_mems_forget(mems, entry);
		return ret;
	}
	mems->count++;
	info->handle = entry->handle;
	info->slices = entry->at->count;
	return 0;
}

int wd_uacce_mem_add(struct wd_uacce_queue *q, struct wd_uacce_pages *pages,
		     enum wd_uacce_mem_kind kind, struct wd_uacce_mem_info *info)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (!ret)
		ret = wd_uacce_mems_add(q->mems, pages, kind, info);
	mutex_unlock(&q->lock);
	return ret;
}

/* For calls about a handle, under the channel's lock. */
static struct wd_uacce_mem_entry *wd_uacce_mem_find(struct wd_uacce_queue *q, u32 handle)
{
	int ret = wd_uacce_queue_error(q);

	lockdep_assert_held(&q->lock);
	if (ret)
		return ERR_PTR(ret);
	return xa_load(&q->mems->handles, handle) ?: ERR_PTR(-ENOENT);
}

int wd_uacce_mem_drop(struct wd_uacce_queue *q, u32 handle)
{
	struct wd_uacce_mem_entry *entry;
	int ret = 0;

	mutex_lock(&q->lock);
	entry = wd_uacce_mem_find(q, handle);
	if (IS_ERR(entry))
		ret = PTR_ERR(entry);
	else if (entry->kind == WD_UACCE_MEM_RESERVED)
		ret = -EBUSY;
	else
		wd_uacce_mems_forget(q->mems, entry);
	mutex_unlock(&q->lock);
	return ret;
}

/* A memory whose handle the program was never told. */
void wd_uacce_mem_undo(struct wd_uacce_queue *q, u32 handle)
{
	struct wd_uacce_mem_entry *entry;

	mutex_lock(&q->lock);
	entry = wd_uacce_mem_find(q, handle);
	if (!IS_ERR(entry))
		wd_uacce_mems_forget(q->mems, entry);
	mutex_unlock(&q->lock);
}

int wd_uacce_mem_slices(struct wd_uacce_queue *q, u32 handle, u32 first, u32 max,
			struct wd_slice *to)
{
	struct wd_uacce_mem_entry *entry;
	int ret = 0;

	mutex_lock(&q->lock);
	entry = wd_uacce_mem_find(q, handle);
	if (IS_ERR(entry)) {
		ret = PTR_ERR(entry);
	} else if (first < entry->at->count) {
		ret = min(max, entry->at->count - first);
		memcpy(to, entry->at->slices + first, ret * sizeof(*to));
	}
	mutex_unlock(&q->lock);
	return ret;
}

void wd_uacce_mem_sums(struct wd_uacce_queue *q, u64 sums[WD_UACCE_MEM_KINDS])
{
	struct wd_uacce_mem_entry *entry;

	mutex_lock(&q->lock);
	if (q->mems)
		list_for_each_entry(entry, &q->mems->list, node)
			sums[entry->kind] += entry->at->pages->size;
	mutex_unlock(&q->lock);
}
