// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls about memory. Pages are made or pinned before the channel's lock is
 * taken, and results are written after it is released: both touch user memory or
 * wait long. A result that cannot be written undoes the call.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "trace.h"
#include "uacce.h"

/* Slices that are copied at a time. */
#define WD_UACCE_SLICE_BATCH	128

static bool wd_uacce_can_reserve(u32 region)
{
	return region == UACCE_QFRT_SS || region == WD_QFRT_BOUNCE;
}

static int wd_uacce_check_size(const struct wd_uacce_queue *q, u64 size)
{
	if (!size)
		return -EINVAL;
	return size > q->udev->iface.region_size[UACCE_QFRT_SS] ? -E2BIG : 0;
}

/* A memory whose handle cannot be told to the program is none. */
static int wd_uacce_answer(struct wd_uacce_queue *q, u32 handle, void __user *to,
			   const void *args, size_t size)
{
	if (!copy_to_user(to, args, size))
		return 0;
	wd_uacce_mem_undo(q, handle);
	return -EFAULT;
}

/* A region is made once, whoever else tries at the same time. */
static int wd_uacce_claim(struct wd_uacce_queue *q, u32 region)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (!ret && q->claimed & BIT(region))
		ret = -EEXIST;
	if (!ret)
		q->claimed |= BIT(region);
	mutex_unlock(&q->lock);
	return ret;
}

static void wd_uacce_unclaim(struct wd_uacce_queue *q, u32 region)
{
	mutex_lock(&q->lock);
	q->claimed &= ~BIT(region);
	mutex_unlock(&q->lock);
}

/* From now on it can be mapped and shared. The reference to the pages is the region's. */
static void wd_uacce_publish(struct wd_uacce_queue *q, u32 region, struct wd_uacce_pages *pages)
{
	mutex_lock(&q->hw_lock);
	q->reserved[region] = pages;
	mutex_unlock(&q->hw_lock);
}

static int wd_uacce_make_region(struct wd_uacce_queue *q, struct wd_mem_reserve *args,
				struct wd_mem_reserve __user *to)
{
	struct wd_uacce_mem_info info;
	struct wd_uacce_pages *pages;
	int ret;

	pages = wd_uacce_pages_alloc(q->udev, args->size);
	if (IS_ERR(pages))
		return PTR_ERR(pages);

	ret = wd_uacce_mem_add(q, pages, WD_UACCE_MEM_RESERVED, &info);
	if (ret)
		goto err_put;

	args->mem = info.handle;
	args->slices = info.slices;
	ret = wd_uacce_answer(q, info.handle, to, args, sizeof(*args));
	if (ret)
		goto err_put;

	wd_uacce_publish(q, args->region, pages);
	trace_wd_uacce_reserve(q, info.handle, args->size, info.slices);
	return 0;

err_put:
	wd_uacce_pages_put(pages);
	return ret;
}

static int wd_uacce_reserve(struct wd_uacce_queue *q, struct wd_mem_reserve __user *arg)
{
	struct wd_mem_reserve args;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.flags || !wd_uacce_can_reserve(args.region))
		return -EINVAL;
	ret = wd_uacce_check_size(q, args.size);
	if (ret)
		return ret;

	args.size = PAGE_ALIGN(args.size);
	ret = wd_uacce_claim(q, args.region);
	if (ret)
		return ret;
	ret = wd_uacce_make_region(q, &args, arg);
	if (ret)
		wd_uacce_unclaim(q, args.region);
	return ret;
}

/*
 * The pages behind a region of a live channel, referenced. Both channels' locks
 * are never held together.
 */
static struct wd_uacce_pages *wd_uacce_lend(struct wd_uacce_queue *q, u32 region)
{
	struct wd_uacce_pages *pages;

	mutex_lock(&q->hw_lock);
	pages = q->live ? q->reserved[region] : NULL;
	if (pages)
		wd_uacce_pages_get(pages);
	mutex_unlock(&q->hw_lock);
	return pages ?: ERR_PTR(-ENOENT);
}

static struct wd_uacce_pages *wd_uacce_borrow(const struct wd_uacce_queue *q,
					      const struct wd_mem_share *args)
{
	struct wd_uacce_pages *pages = ERR_PTR(-EINVAL);
	struct file *file = fget(args->fd);
	struct wd_uacce_queue *owner;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &wd_uacce_fops)
		goto out;

	owner = file->private_data;
	if (owner->mm != q->mm)
		pages = ERR_PTR(-EPERM);
	else if (owner != q && wd_uacce_can_reserve(args->region))
		pages = wd_uacce_lend(owner, args->region);
out:
	fput(file);
	return pages;
}

static int wd_uacce_share(struct wd_uacce_queue *q, struct wd_mem_share __user *arg)
{
	struct wd_uacce_mem_info info;
	struct wd_uacce_pages *pages;
	struct wd_mem_share args;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;

	pages = wd_uacce_borrow(q, &args);
	if (IS_ERR(pages))
		return PTR_ERR(pages);

	ret = wd_uacce_mem_add(q, pages, WD_UACCE_MEM_SHARED, &info);
	args.size = pages->size;
	wd_uacce_pages_put(pages);
	if (ret)
		return ret;

	args.mem = info.handle;
	args.slices = info.slices;
	ret = wd_uacce_answer(q, info.handle, arg, &args, sizeof(args));
	if (!ret)
		trace_wd_uacce_share(q, info.handle, args.size, info.slices);
	return ret;
}

static int wd_uacce_check_import(const struct wd_uacce_queue *q, const struct wd_mem_import *args)
{
	if (args->reserved || args->flags & ~WD_IMPORT_READ_ONLY)
		return -EINVAL;
	if (!PAGE_ALIGNED(args->addr) || !PAGE_ALIGNED(args->size))
		return -EINVAL;
	return wd_uacce_check_size(q, args->size);
}

static int wd_uacce_import(struct wd_uacce_queue *q, struct wd_mem_import __user *arg)
{
	struct wd_uacce_mem_info info;
	struct wd_uacce_pages *pages;
	struct wd_mem_import args;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = wd_uacce_check_import(q, &args);
	if (ret)
		return ret;
	if (!access_ok(u64_to_user_ptr(args.addr), args.size))
		return -EFAULT;

	pages = wd_uacce_pages_pin(args.addr, args.size, args.flags & WD_IMPORT_READ_ONLY);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	ret = wd_uacce_mem_add(q, pages, WD_UACCE_MEM_IMPORTED, &info);
	wd_uacce_pages_put(pages);
	if (ret)
		return ret;

	args.mem = info.handle;
	args.slices = info.slices;
	ret = wd_uacce_answer(q, info.handle, arg, &args, sizeof(args));
	if (!ret)
		trace_wd_uacce_import(q, info.handle, args.size, info.slices);
	return ret;
}

static int wd_uacce_copy_slices(struct wd_uacce_queue *q, struct wd_mem_slices *args,
				struct wd_slice *batch)
{
	struct wd_slice __user *to = u64_to_user_ptr(args->slices);
	u32 room = args->count, first = args->first;
	int n;

	args->count = 0;
	do {
		n = wd_uacce_mem_slices(q, args->mem, first,
					min_t(u32, room, WD_UACCE_SLICE_BATCH), batch);
		if (n < 0)
			return n;
		if (copy_to_user(to + args->count, batch, n * sizeof(*batch)))
			return -EFAULT;
		args->count += n;
		first += n;
		room -= n;
	} while (n && room);
	return 0;
}

static int wd_uacce_get_slices(struct wd_uacce_queue *q, struct wd_mem_slices __user *arg)
{
	struct wd_mem_slices args;
	struct wd_slice *batch;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.reserved)
		return -EINVAL;

	batch = kmalloc_array(WD_UACCE_SLICE_BATCH, sizeof(*batch), GFP_KERNEL_ACCOUNT);
	if (!batch)
		return -ENOMEM;
	ret = wd_uacce_copy_slices(q, &args, batch);
	kfree(batch);
	if (ret)
		return ret;
	return copy_to_user(arg, &args, sizeof(args)) ? -EFAULT : 0;
}

static int wd_uacce_drop(struct wd_uacce_queue *q, u32 __user *arg)
{
	u32 handle;
	int ret;

	if (get_user(handle, arg))
		return -EFAULT;
	ret = wd_uacce_mem_drop(q, handle);
	if (!ret)
		trace_wd_uacce_drop(q, handle);
	return ret;
}

int wd_uacce_mem_ioctl(struct wd_uacce_queue *q, unsigned int cmd, void __user *arg)
{
	int ret = wd_uacce_queue_error(q);

	if (ret)
		return ret;
	if (q->udev->iface.flags & UACCE_DEV_SVA)
		return -EOPNOTSUPP;

	switch (cmd) {
	case WD_CMD_RESERVE:
		return wd_uacce_reserve(q, arg);
	case WD_CMD_SHARE:
		return wd_uacce_share(q, arg);
	case WD_CMD_IMPORT:
		return wd_uacce_import(q, arg);
	case WD_CMD_GET_SLICES:
		return wd_uacce_get_slices(q, arg);
	default:
		return wd_uacce_drop(q, arg);
	}
}
