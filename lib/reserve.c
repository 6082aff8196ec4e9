// SPDX-License-Identifier: GPL-2.0-or-later
/* Reserved memory: of one channel, and shared with others. */
#include <errno.h>
#include <sys/ioctl.h>

#include "chan.h"
#include "mem.h"

static void set_ss(struct wd_chan *ch, const struct wd_mem *mem)
{
	size_t contig;

	ch->ss_va = (void *)mem->va;
	ch->ss_dma = (void *)(uintptr_t)wd_mem_dma(mem, mem->va, &contig);
}

/* What was reserved on this channel itself. With its lock held. */
static struct wd_mem *own_mem(struct wd_chan *ch)
{
	struct wd_mem_table *table = ch->mem;
	struct wd_mem *mem;

	for (mem = table->head; mem && !mem->own; mem = mem->next)
		;
	return mem;
}

static int reserve_locked(struct wd_chan *ch, size_t size)
{
	struct wd_mem *mem;
	int ret;

	if (own_mem(ch))
		return -EEXIST;
	if (wd_mem_is_plain(ch))
		ret = wd_mem_reserve_plain(size, &mem);
	else
		ret = wd_mem_reserve(ch, UACCE_QFRT_SS, size, &mem);
	if (ret)
		return ret;
	wd_mem_link(ch, mem);
	set_ss(ch, mem);
	return 0;
}

void *wd_reserve_mem(struct wd_chan *ch, size_t size)
{
	int ret;

	if (!ch || !ch->lib || !size) {
		ret = -EINVAL;
	} else if (wd_chan_inherited(ch)) {
		ret = -EPERM;
	} else {
		wd_chan_lock(ch);
		ret = reserve_locked(ch, size);
		wd_chan_unlock(ch);
	}
	if (!ret)
		return ch->ss_va;
	errno = -ret;
	return NULL;
}

/* Take part in what @ch reserved. */
static struct wd_region *region_get(struct wd_chan *ch)
{
	struct wd_region *region = NULL;
	struct wd_mem *mem;

	wd_chan_lock(ch);
	mem = own_mem(ch);
	if (mem) {
		region = mem->region;
		atomic_fetch_add(&region->users, 1);
	}
	wd_chan_unlock(ch);
	return region;
}

static bool has_region(struct wd_chan *ch, const struct wd_region *region)
{
	struct wd_mem_table *table = ch->mem;

	for (struct wd_mem *mem = table->head; mem; mem = mem->next)
		if (mem->region == region)
			return true;
	return false;
}

static int share_by_kernel(struct wd_chan *ch, struct wd_chan *target,
			   const struct wd_region *region, struct wd_mem **mem)
{
	struct wd_mem_share arg = { .fd = ch->fd, .region = UACCE_QFRT_SS };
	int ret;

	if (ioctl(target->fd, WD_CMD_SHARE, &arg))
		return -errno;
	ret = arg.size == region->size ? 0 : -EIO;
	if (!ret)
		ret = wd_mem_new(target, (uintptr_t)region->va, region->size, arg.mem,
				 arg.slices, mem);
	if (ret)
		ioctl(target->fd, WD_CMD_DROP, &arg.mem);
	return ret;
}

static int share_locked(struct wd_chan *ch, struct wd_chan *target,
			struct wd_region *region)
{
	struct wd_mem *mem;
	int ret = 0;

	if (has_region(target, region))
		return -EEXIST;
	if (wd_mem_is_plain(target)) {
		mem = wd_mem_new_plain((uintptr_t)region->va, region->size);
		if (!mem)
			ret = -ENOMEM;
	} else if (wd_mem_is_plain(ch)) {
		ret = wd_mem_import(target, (uintptr_t)region->va, region->size, false, &mem);
	} else {
		ret = share_by_kernel(ch, target, region, &mem);
	}
	if (ret)
		return ret;
	mem->region = region;
	wd_mem_link(target, mem);
	if (!target->ss_va)
		set_ss(target, mem);
	return 0;
}

int wd_share_reserved_memory(struct wd_chan *ch, struct wd_chan *target)
{
	struct wd_region *region;
	int ret;

	if (!ch || !target || ch == target || !ch->lib || !target->lib)
		return -EINVAL;
	if (wd_chan_inherited(ch) || wd_chan_inherited(target))
		return -EPERM;
	region = region_get(ch);
	if (!region)
		return -ENOENT;

	wd_chan_lock(target);
	ret = share_locked(ch, target, region);
	wd_chan_unlock(target);
	/* The owner has it as well: this is not the last part. */
	if (ret)
		atomic_fetch_sub(&region->users, 1);
	return ret;
}

int wd_share_dma_addr(struct wd_chan *dst, struct wd_chan *src)
{
	if (!dst || !src || dst == src || !dst->lib || !src->lib)
		return -EINVAL;
	if (wd_chan_inherited(dst) || wd_chan_inherited(src))
		return -EPERM;
	if (wd_mem_is_plain(dst) && wd_mem_is_plain(src))
		return 0;
	return wd_share_reserved_memory(src, dst);
}
