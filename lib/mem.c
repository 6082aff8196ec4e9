// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of memories of a channel, translation, and what the kernel says of them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "chan.h"
#include "mem.h"
#include "mem_registry.h"

int wd_mem_attach(struct wd_chan *ch)
{
	struct wd_mem_table *table;

	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	pthread_rwlock_init(&table->lock, NULL);
	ch->mem = table;
	return 0;
}

/* A child has other things at these addresses, or nothing. */
static void region_put(struct wd_region *region, bool inherited)
{
	if (atomic_fetch_sub(&region->users, 1) > 1)
		return;
	if (!inherited) {
		wd_mem_registry_del(region->va);
		munmap(region->va, region->size);
	}
	free(region);
}

void wd_mem_free(struct wd_mem *mem, bool inherited)
{
	if (!mem)
		return;
	if (mem->region)
		region_put(mem->region, inherited);
	free(mem);
}

void wd_mem_detach(struct wd_chan *ch, bool inherited)
{
	struct wd_mem_table *table = ch->mem;
	struct wd_mem *mem;

	while ((mem = table->head)) {
		table->head = mem->next;
		wd_mem_free(mem, inherited);
	}
	if (!inherited)
		pthread_rwlock_destroy(&table->lock);
	free(table);
	ch->mem = NULL;
}

bool wd_mem_is_lent(struct wd_chan *ch)
{
	struct wd_mem_table *table = ch->mem;

	for (struct wd_mem *mem = table->head; mem; mem = mem->next)
		if (mem->own && atomic_load(&mem->region->users) > 1)
			return true;
	return false;
}

bool wd_mem_is_plain(const struct wd_chan *ch)
{
	return !ch->dev_info || ch->dev_info->iommu_type == WD_IOMMU_SVA;
}

void wd_mem_link(struct wd_chan *ch, struct wd_mem *mem)
{
	struct wd_mem_table *table = ch->mem;

	pthread_rwlock_wrlock(&table->lock);
	mem->next = table->head;
	table->head = mem;
	pthread_rwlock_unlock(&table->lock);
}

void wd_mem_unlink(struct wd_chan *ch, struct wd_mem *mem)
{
	struct wd_mem_table *table = ch->mem;
	struct wd_mem **link;

	pthread_rwlock_wrlock(&table->lock);
	for (link = &table->head; *link != mem; link = &(*link)->next)
		;
	*link = mem->next;
	pthread_rwlock_unlock(&table->lock);
}

const struct wd_mem *wd_mem_find(const struct wd_chan *ch, uintptr_t va, size_t len,
				 bool write)
{
	struct wd_mem_table *table = ch->mem;
	const struct wd_mem *mem;

	pthread_rwlock_rdlock(&table->lock);
	for (mem = table->head; mem; mem = mem->next) {
		if (va < mem->va || va - mem->va >= mem->size ||
		    len > mem->size - (va - mem->va))
			continue;
		if (!write || !mem->read_only)
			break;
	}
	pthread_rwlock_unlock(&table->lock);
	return mem;
}

bool wd_slices_valid(const struct wd_slice *slices, size_t n, uint64_t size)
{
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++) {
		if (slices[i].offset != end || !slices[i].size ||
		    slices[i].size > size - end ||
		    slices[i].dma + slices[i].size - 1 < slices[i].dma)
			return false;
		end += slices[i].size;
	}
	return n && end == size;
}

uint64_t wd_mem_dma(const struct wd_mem *mem, uintptr_t va, size_t *contig)
{
	uint64_t offset = va - mem->base;
	size_t low = 0, high = mem->nslices, left = mem->size - (va - mem->va);
	const struct wd_slice *s;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (mem->slices[mid].offset <= offset)
			low = mid;
		else
			high = mid;
	}
	s = &mem->slices[low];
	offset -= s->offset;
	*contig = s->size - offset < left ? (size_t)(s->size - offset) : left;
	return s->dma + offset;
}

uintptr_t wd_mem_va(const struct wd_mem *mem, uint64_t dma)
{
	for (size_t i = 0; i < mem->nslices; i++) {
		const struct wd_slice *s = &mem->slices[i];

		if (dma >= s->dma && dma - s->dma < s->size)
			return mem->base + (uintptr_t)(s->offset + (dma - s->dma));
	}
	return 0;
}

static struct wd_mem *mem_alloc(uintptr_t base, size_t size, size_t nslices)
{
	struct wd_mem *mem;

	mem = calloc(1, sizeof(*mem) + nslices * sizeof(mem->slices[0]));
	if (!mem)
		return NULL;
	mem->va = base;
	mem->base = base;
	mem->size = size;
	mem->nslices = nslices;
	return mem;
}

struct wd_mem *wd_mem_new_plain(uintptr_t base, size_t size)
{
	struct wd_mem *mem = mem_alloc(base, size, 1);

	if (mem)
		mem->slices[0] = (struct wd_slice){ .size = size, .dma = base };
	return mem;
}

static int read_slices(const struct wd_chan *ch, struct wd_mem *mem)
{
	size_t n = 0;

	while (n < mem->nslices) {
		struct wd_mem_slices arg = {
			.mem = mem->handle,
			.first = (uint32_t)n,
			.count = (uint32_t)(mem->nslices - n),
			.slices = (uintptr_t)&mem->slices[n],
		};

		if (ioctl(ch->fd, WD_CMD_GET_SLICES, &arg))
			return -errno;
		if (!arg.count || arg.count > mem->nslices - n)
			return -EIO;
		n += arg.count;
	}
	return wd_slices_valid(mem->slices, n, mem->size) ? 0 : -EIO;
}

int wd_mem_new(struct wd_chan *ch, uintptr_t base, size_t size, uint32_t handle,
	       uint32_t nslices, struct wd_mem **out)
{
	struct wd_mem *mem;
	int ret;

	mem = mem_alloc(base, size, nslices);
	if (!mem)
		return -ENOMEM;
	mem->handle = handle;
	mem->has_handle = true;
	ret = read_slices(ch, mem);
	if (ret) {
		free(mem);
		return ret;
	}
	*out = mem;
	return 0;
}

/* A region in the mapping that @fd has at @offset, or, with @fd -1, in new memory; NULL and errno. */
static struct wd_region *region_map(int fd, off_t offset, size_t size)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	struct wd_region *region;

	region = calloc(1, sizeof(*region));
	if (!region)
		return NULL;
	region->va = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);
	if (region->va == MAP_FAILED) {
		free(region);
		return NULL;
	}
	madvise(region->va, size, MADV_DONTFORK);
	region->size = size;
	atomic_init(&region->users, 1);
	return region;
}

static void region_unmap(struct wd_region *region)
{
	munmap(region->va, region->size);
	free(region);
}

/*
 * *@mem is what was reserved as @region, if @ret is 0; from now on SMM knows where its slices
 * are. After an error, this one or that of @ret, neither is there.
 */
static int region_own(struct wd_region *region, struct wd_mem **mem, int ret)
{
	if (ret)
		goto err_unmap;
	ret = wd_mem_registry_add(region->va, region->size, (*mem)->slices, (*mem)->nslices);
	if (ret)
		goto err_free;
	(*mem)->region = region;
	(*mem)->own = true;
	return 0;

err_free:
	free(*mem);
err_unmap:
	region_unmap(region);
	return ret;
}

int wd_mem_reserve(struct wd_chan *ch, uint32_t number, size_t size, struct wd_mem **out)
{
	struct wd_mem_reserve arg = { .size = size, .region = number };
	struct wd_region *region;
	int ret;

	if (ioctl(ch->fd, WD_CMD_RESERVE, &arg))
		return -errno;
	region = region_map(ch->fd, (off_t)number * sysconf(_SC_PAGESIZE), arg.size);
	if (!region)
		return -errno;
	ret = wd_mem_new(ch, (uintptr_t)region->va, arg.size, arg.mem, arg.slices, out);
	return region_own(region, out, ret);
}

int wd_mem_reserve_plain(size_t size, struct wd_mem **out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct wd_region *region;

	if (size > SIZE_MAX - page)
		return -E2BIG;
	size = (size + page - 1) & ~(page - 1);
	region = region_map(-1, 0, size);
	if (!region)
		return -errno;
	*out = wd_mem_new_plain((uintptr_t)region->va, size);
	return region_own(region, out, *out ? 0 : -ENOMEM);
}

int wd_mem_import(struct wd_chan *ch, uintptr_t va, size_t size, bool read_only,
		  struct wd_mem **out)
{
	uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
	uintptr_t begin = va & ~mask, end = (va + size + mask) & ~mask;
	struct wd_mem_import arg = {
		.addr = begin,
		.size = end - begin,
		.flags = read_only ? WD_IMPORT_READ_ONLY : 0,
	};
	int ret;

	if (end <= begin)
		return -EINVAL;
	if (ioctl(ch->fd, WD_CMD_IMPORT, &arg))
		return -errno;
	ret = wd_mem_new(ch, begin, end - begin, arg.mem, arg.slices, out);
	if (ret) {
		ioctl(ch->fd, WD_CMD_DROP, &arg.mem);
		return ret;
	}
	(*out)->va = va;
	(*out)->size = size;
	(*out)->read_only = read_only;
	return 0;
}

void *wd_get_pa_from_va(struct wd_chan *ch, void *va)
{
	const struct wd_mem *mem;
	size_t contig;

	if (!ch || !ch->lib || wd_chan_inherited(ch))
		return NULL;
	if (wd_mem_is_plain(ch))
		return va;
	mem = wd_mem_find(ch, (uintptr_t)va, 1, false);
	if (!mem)
		return NULL;
	return (void *)(uintptr_t)wd_mem_dma(mem, (uintptr_t)va, &contig);
}

static void add(atomic_uint_least64_t *count, uint64_t n)
{
	if (n)
		atomic_fetch_add_explicit(count, n, memory_order_relaxed);
}

void wd_mem_count(struct wd_chan *ch, const struct wd_mem_usage *usage)
{
	struct wd_mem_table *table = ch->mem;

	add(&table->count.requests, 1);
	add(&table->count.bounced_requests, usage->in || usage->out);
	add(&table->count.sgl_requests, usage->sgl);
	add(&table->count.direct_bytes, usage->direct);
	add(&table->count.bounced_in, usage->in);
	add(&table->count.bounced_out, usage->out);
}

int wd_get_mem_stats(struct wd_chan *ch, struct wd_mem_stats *stats)
{
	struct wd_mem_table *table;

	if (!ch || !ch->lib || !stats)
		return -EINVAL;
	if (wd_chan_inherited(ch))
		return -EPERM;

	table = ch->mem;
	*stats = (struct wd_mem_stats){
		.requests = atomic_load(&table->count.requests),
		.bounced_requests = atomic_load(&table->count.bounced_requests),
		.sgl_requests = atomic_load(&table->count.sgl_requests),
		.direct_bytes = atomic_load(&table->count.direct_bytes),
		.bounced_in = atomic_load(&table->count.bounced_in),
		.bounced_out = atomic_load(&table->count.bounced_out),
	};
	pthread_rwlock_rdlock(&table->lock);
	for (const struct wd_mem *mem = table->head; mem; mem = mem->next) {
		if (mem->own)
			stats->reserved += mem->size;
		else if (mem->region)
			stats->shared++;
		else
			stats->imports++;
	}
	pthread_rwlock_unlock(&table->lock);
	return 0;
}
