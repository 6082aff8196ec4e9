/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A channel with memory of many slices, and no device. */
#ifndef RIG_UTIL_H
#define RIG_UTIL_H

#include <stdlib.h>
#include <sys/mman.h>

#include "chan.h"
#include "drivers/bounce_pool.h"
#include "mem_registry.h"
#include "tap.h"

#define PAGE	4096u

/* Where the memories of these tests are for the device. */
#define POOL_DMA	0x100000000ULL
#define USER_DMA	0x900000000ULL

/**
 * struct rig - a channel with memory, and nobody behind it
 * @ch:   the channel
 * @pool: its pool
 * @user: a memory of slices that the channel knows, NULL: none
 */
struct rig {
	struct wd_chan ch;
	struct wd_bounce_pool *pool;
	struct wd_mem *user;
};

/* A memory with slices of @pages pages, which are in reverse order for the device. */
static inline struct wd_mem *sliced_mem(size_t size, size_t pages, uint64_t dma)
{
	size_t n = (size + pages * PAGE - 1) / (pages * PAGE), offset = 0;
	struct wd_mem *mem = calloc(1, sizeof(*mem) + n * sizeof(mem->slices[0]));
	struct wd_region *region = calloc(1, sizeof(*region));

	if (!mem || !region)
		exit(EXIT_FAILURE);
	region->va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	region->size = size;
	atomic_init(&region->users, 1);
	if (region->va == MAP_FAILED)
		exit(EXIT_FAILURE);
	mem->va = (uintptr_t)region->va;
	mem->base = mem->va;
	mem->size = size;
	mem->region = region;
	for (; offset < size; offset += pages * PAGE)
		mem->slices[mem->nslices++] = (struct wd_slice){
			.offset = offset,
			.size = size - offset < pages * PAGE ? size - offset : pages * PAGE,
			.dma = dma + 2 * (n - offset / (pages * PAGE)) * pages * PAGE,
		};
	if (wd_mem_registry_add(region->va, size, mem->slices, mem->nslices))
		exit(EXIT_FAILURE);
	return mem;
}

static inline bool rig_open(struct rig *rig, size_t size, size_t pages, size_t user)
{
	*rig = (struct rig){ .ch.fd = -1 };
	REQUIRE(!wd_chan_adopt(&rig->ch));
	rig->pool = wd_bounce_pool_new(&rig->ch);
	REQUIRE(rig->pool);
	REQUIRE(!wd_bounce_pool_give(rig->pool, sliced_mem(size, pages, POOL_DMA)));
	if (user) {
		rig->user = sliced_mem(user, 3, USER_DMA);
		wd_mem_link(&rig->ch, rig->user);
	}
	return true;
}

static inline void rig_close(struct rig *rig)
{
	wd_bounce_pool_free(rig->pool, false);
	wd_release_channel(&rig->ch);
}

/* The process's address of a byte that the device names. NULL: it cannot reach it. */
static inline unsigned char *reach(const struct rig *rig, uint64_t dma)
{
	uintptr_t va = wd_mem_va(rig->pool->mem, dma);

	if (!va && rig->user)
		va = wd_mem_va(rig->user, dma);
	return (unsigned char *)va;
}

#endif
