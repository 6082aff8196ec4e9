// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of third parties: other libraries' buffers, huge pages. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "chan.h"
#include "mem.h"

static int import(struct wd_chan *ch, const struct wd_3rd_memory *third, struct wd_mem **mem)
{
	uintptr_t va = (uintptr_t)third->va;

	if (va + third->size < va)
		return -EINVAL;
	if (!wd_mem_is_plain(ch))
		return wd_mem_import(ch, va, third->size,
				     third->flags & WD_3RD_READ_ONLY, mem);
	*mem = wd_mem_new_plain(va, third->size);
	return *mem ? 0 : -ENOMEM;
}

static int check(const struct wd_3rd_memory *third)
{
	if (!third || !third->ch || !third->ch->lib || third->handle || !third->size ||
	    third->flags & ~WD_3RD_READ_ONLY || (!third->va && !third->alloc_mem))
		return -EINVAL;
	return wd_chan_inherited(third->ch) ? -EPERM : 0;
}

int wd_register_3rd_memory(struct wd_3rd_memory *third)
{
	bool allocate = third && !third->va;
	struct wd_chan *ch;
	struct wd_mem *mem;
	uint64_t pa = 0;
	int ret;

	ret = check(third);
	if (ret)
		return ret;
	ch = third->ch;
	if (allocate) {
		third->va = third->alloc_mem(NULL, &pa);
		if (!third->va)
			return -ENOMEM;
	}

	wd_chan_lock(ch);
	ret = import(ch, third, &mem);
	if (!ret) {
		mem->allocated = allocate;
		wd_mem_link(ch, mem);
		ch->nr_3rd++;
		third->handle = mem;
	}
	wd_chan_unlock(ch);
	if (ret && allocate) {
		if (third->free_mem)
			third->free_mem(third->va);
		third->va = NULL;
	}
	return ret;
}

static bool is_linked(struct wd_chan *ch, const struct wd_mem *mem)
{
	struct wd_mem_table *table = ch->mem;

	for (struct wd_mem *m = table->head; m; m = m->next)
		if (m == mem)
			return true;
	return false;
}

/* A device that is gone says so, and reaches nothing either. */
static int drop(struct wd_chan *ch, struct wd_mem *mem)
{
	if (!is_linked(ch, mem))
		return -EINVAL;
	if (mem->has_handle)
		ioctl(ch->fd, WD_CMD_DROP, &mem->handle);
	wd_mem_unlink(ch, mem);
	ch->nr_3rd--;
	return 0;
}

int wd_unregister_3rd_memory(struct wd_3rd_memory *third)
{
	struct wd_chan *ch;
	struct wd_mem *mem;
	bool allocated;
	int ret;

	if (!third || !third->handle || !third->ch || !third->ch->lib)
		return -EINVAL;
	ch = third->ch;
	if (wd_chan_inherited(ch))
		return -EPERM;

	mem = third->handle;
	wd_chan_lock(ch);
	ret = drop(ch, mem);
	wd_chan_unlock(ch);
	if (ret)
		return ret;
	allocated = mem->allocated;
	wd_mem_free(mem, false);
	third->handle = NULL;
	if (allocated) {
		if (third->free_mem)
			third->free_mem(third->va);
		third->va = NULL;
	}
	return 0;
}
