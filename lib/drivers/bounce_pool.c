// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "smm.h"

#include "bounce_pool.h"

/* A descriptor wants nothing; a list, 16; a cache line of its own is good for both. */
#define ALIGN_MASK	63

struct wd_bounce_pool *wd_bounce_pool_new(struct wd_chan *ch)
{
	struct wd_bounce_pool *pool;

	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return NULL;
	pool->ch = ch;
	pool->pid = getpid();
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->cond, NULL);
	return pool;
}

void wd_bounce_pool_free(struct wd_bounce_pool *pool, bool inherited)
{
	if (!pool)
		return;
	wd_mem_free(pool->mem, inherited);
	if (!inherited) {
		pthread_cond_destroy(&pool->cond);
		pthread_mutex_destroy(&pool->lock);
	}
	free(pool);
}

/* A quarter is for those who wait. */
int wd_bounce_pool_give(struct wd_bounce_pool *pool, struct wd_mem *mem)
{
	char *base = (char *)mem->va;
	size_t first = mem->size / 4;
	int ret;

	ret = smm_init(base, first, ALIGN_MASK);
	if (!ret)
		ret = smm_init(base + first, mem->size - first, ALIGN_MASK);
	if (ret)
		return ret;
	pool->mem = mem;
	pool->arena[WD_ARENA_SYNC].base = base;
	pool->arena[WD_ARENA_ALL].base = base + first;
	return 0;
}

/* What a request is told where there is no region: a channel that is stopped has none. */
static int region_error(int ret)
{
	if (ret == -E2BIG)
		return -ENOMEM;
	return ret == -ENOMEM || ret == -ENXIO ? ret : -EIO;
}

static int make_region(struct wd_bounce_pool *pool)
{
	struct wd_mem *mem = NULL;
	int ret = -ENOMEM;

	if (pool->mem)
		return 0;
	for (size_t size = WD_BOUNCE_MAX; size >= WD_BOUNCE_MIN; size /= 2) {
		ret = wd_mem_reserve(pool->ch, WD_QFRT_BOUNCE, size, &mem);
		if (ret != -ENOMEM && ret != -E2BIG)
			break;
	}
	if (ret)
		return region_error(ret);
	ret = wd_bounce_pool_give(pool, mem);
	if (ret)
		wd_mem_free(mem, false);
	return ret;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

void wd_bounce_plan(const struct wd_bounce_want *want, size_t piece,
		    size_t sizes[WD_BOUNCE_PARTS])
{
	size_t list = WD_BOUNCE_SGES * sizeof(struct wd_sge);
	size_t src = min_size(want->src, piece);
	size_t dst = min_size(min_size(want->dst, want->dst_hint), piece);

	sizes[WD_BOUNCE_SRC] = src;
	sizes[WD_BOUNCE_SRC2] = min_size(want->src - src, piece);
	sizes[WD_BOUNCE_DST] = dst;
	sizes[WD_BOUNCE_DST2] = want->dst > dst ? dst : 0;
	sizes[WD_BOUNCE_SRC_LIST] = want->src_list ? list : 0;
	sizes[WD_BOUNCE_DST_LIST] = want->dst_list ? list : 0;
}

static void free_set(struct wd_bounce_pool *pool, struct wd_bounce_set *set)
{
	for (int i = 0; i < WD_BOUNCE_PARTS; i++) {
		if (set->buf[i].va)
			smm_free(pool->arena[set->arena].base, set->buf[i].va);
		set->buf[i] = (struct wd_bounce_buf){ 0 };
	}
}

static bool alloc_set(struct wd_bounce_pool *pool, const size_t sizes[WD_BOUNCE_PARTS],
		      unsigned int arena, struct wd_bounce_set *set)
{
	*set = (struct wd_bounce_set){ .arena = arena };
	for (int i = 0; i < WD_BOUNCE_PARTS; i++) {
		struct wd_bounce_buf *buf = &set->buf[i];
		size_t contig;

		if (!sizes[i])
			continue;
		buf->va = smm_alloc(pool->arena[arena].base, sizes[i]);
		if (!buf->va) {
			free_set(pool, set);
			return false;
		}
		buf->size = sizes[i];
		buf->dma = wd_mem_dma(pool->mem, (uintptr_t)buf->va, &contig);
	}
	pool->arena[arena].users++;
	return true;
}

static bool try_get(struct wd_bounce_pool *pool, const struct wd_bounce_want *want,
		    unsigned int first, struct wd_bounce_set *set)
{
	size_t sizes[WD_BOUNCE_PARTS];

	for (size_t piece = WD_BOUNCE_PIECE; piece >= WD_BOUNCE_MIN_PIECE; piece /= 2) {
		wd_bounce_plan(want, piece, sizes);
		for (unsigned int arena = first; arena < WD_ARENAS; arena++)
			if (alloc_set(pool, sizes, arena, set))
				return true;
	}
	return false;
}

static bool try_get_one(struct wd_bounce_pool *pool, const size_t *sizes, size_t n,
			unsigned int first, struct wd_bounce_set *set, size_t *which)
{
	for (*which = 0; *which < n; (*which)++) {
		const size_t parts[WD_BOUNCE_PARTS] = { sizes[*which] };

		for (unsigned int arena = first; arena < WD_ARENAS; arena++)
			if (alloc_set(pool, parts, arena, set))
				return true;
	}
	return false;
}

/* There was no room. Returns 0 when there may be now. */
static int wait_for_room(struct wd_bounce_pool *pool, unsigned int first, bool wait)
{
	if (!pool->arena[first].users)
		return -ENOMEM;
	if (!wait)
		return -EAGAIN;
	pthread_cond_wait(&pool->cond, &pool->lock);
	return 0;
}

int wd_bounce_pool_get(struct wd_bounce_pool *pool, const struct wd_bounce_want *want,
		       bool wait, struct wd_bounce_set *set)
{
	unsigned int first = wait ? WD_ARENA_SYNC : WD_ARENA_ALL;
	int ret;

	pthread_mutex_lock(&pool->lock);
	ret = make_region(pool);
	while (!ret && !try_get(pool, want, first, set))
		ret = wait_for_room(pool, first, wait);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

int wd_bounce_pool_get_one(struct wd_bounce_pool *pool, const size_t *sizes, size_t n,
			   bool wait, struct wd_bounce_set *set, size_t *which)
{
	unsigned int first = wait ? WD_ARENA_SYNC : WD_ARENA_ALL;
	int ret;

	pthread_mutex_lock(&pool->lock);
	ret = make_region(pool);
	while (!ret && !try_get_one(pool, sizes, n, first, set, which))
		ret = wait_for_room(pool, first, wait);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

void wd_bounce_pool_put(struct wd_bounce_pool *pool, struct wd_bounce_set *set)
{
	pthread_mutex_lock(&pool->lock);
	free_set(pool, set);
	pool->arena[set->arena].users--;
	pthread_cond_broadcast(&pool->cond);
	pthread_mutex_unlock(&pool->lock);
}

bool wd_bounce_pool_is_used(struct wd_bounce_pool *pool)
{
	bool used;

	pthread_mutex_lock(&pool->lock);
	used = pool->arena[WD_ARENA_ALL].users;
	pthread_mutex_unlock(&pool->lock);
	return used;
}
