/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of the library's own that the device of a channel reaches, for operands
 * that it does not reach and for scatter/gather lists. It is the channel's region
 * WD_QFRT_BOUNCE, reserved when it is first needed.
 *
 * What a request holds it holds until it has ended. Those who may wait for memory are
 * synchronous calls, and what they wait for must come back without anybody's
 * wd_poll(): so there is a part that asynchronous calls do not get.
 */
#ifndef WD_DRIVERS_BOUNCE_POOL_H
#define WD_DRIVERS_BOUNCE_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <misc/uacce/wd_accel.h>

#include "../mem.h"

#define WD_BOUNCE_PIECE		(64UL << 10)	/* copied at once, at most */
#define WD_BOUNCE_MIN_PIECE	(4UL << 10)	/* and at least, where it is needed */
#define WD_BOUNCE_MAX		(4UL << 20)	/* size of the region */
#define WD_BOUNCE_MIN		(256UL << 10)

/* Entries of a scatter/gather list, and so the limit of what a descriptor takes. */
#define WD_BOUNCE_SGES		64

/* What a request needs. Two buffers: one for the device, one to be copied. */
enum wd_bounce_part {
	WD_BOUNCE_SRC,
	WD_BOUNCE_SRC2,
	WD_BOUNCE_DST,
	WD_BOUNCE_DST2,
	WD_BOUNCE_SRC_LIST,
	WD_BOUNCE_DST_LIST,
	WD_BOUNCE_PARTS
};

/**
 * struct wd_bounce_want - what buffers are for
 * @src:      bytes of input that are copied, 0: none
 * @dst:      room for output that is copied, 0: none
 * @dst_hint: how much of @dst will probably be used, not 0
 * @src_list: a list of the source
 * @dst_list: a list of the destination
 */
struct wd_bounce_want {
	size_t src;
	size_t dst;
	size_t dst_hint;
	bool src_list;
	bool dst_list;
};

/**
 * struct wd_bounce_buf - a buffer
 * @va:   its address, NULL: there is none
 * @dma:  its address for the device; it is contiguous
 * @size: bytes
 */
struct wd_bounce_buf {
	unsigned char *va;
	uint64_t dma;
	size_t size;
};

/**
 * struct wd_bounce_set - the buffers of a request
 * @buf:   by enum wd_bounce_part
 * @arena: the part of the region that they are from
 */
struct wd_bounce_set {
	struct wd_bounce_buf buf[WD_BOUNCE_PARTS];
	unsigned int arena;
};

/**
 * struct wd_bounce_arena - a part of the region
 * @base:  its address, which SMM knows it by
 * @users: sets that were taken from it
 */
struct wd_bounce_arena {
	void *base;
	unsigned int users;
};

/* The arena of those who wait, and that of all. */
enum { WD_ARENA_SYNC, WD_ARENA_ALL, WD_ARENAS };

/**
 * struct wd_bounce_pool - the region of a channel
 * @ch:    the channel
 * @pid:   this process
 * @lock:  guards all below
 * @cond:  signalled when a set was given back
 * @mem:   the region, NULL: it was not needed yet
 * @arena: its parts
 */
struct wd_bounce_pool {
	struct wd_chan *ch;
	pid_t pid;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct wd_mem *mem;
	struct wd_bounce_arena arena[WD_ARENAS];
};

/* A pool without memory. NULL: no memory for that. */
struct wd_bounce_pool *wd_bounce_pool_new(struct wd_chan *ch);

/* Divide @mem, which is the pool's from then on. An error of smm_init(). */
int wd_bounce_pool_give(struct wd_bounce_pool *pool, struct wd_mem *mem);

/* The device does not use it any more. @inherited: in a forked child. */
void wd_bounce_pool_free(struct wd_bounce_pool *pool, bool inherited);

/*
 * Get buffers for @want, smaller ones where memory is short. Waits for other
 * requests to end if @wait. -EAGAIN: it would have to; -ENOMEM: that would not help;
 * -EIO, -ENXIO: the channel is stopped.
 */
int wd_bounce_pool_get(struct wd_bounce_pool *pool, const struct wd_bounce_want *want,
		       bool wait, struct wd_bounce_set *set);

/*
 * The same for one buffer, @set->buf[0], of the first of @n sizes that there is room for.
 * *@which: its number.
 */
int wd_bounce_pool_get_one(struct wd_bounce_pool *pool, const size_t *sizes, size_t n,
			   bool wait, struct wd_bounce_set *set, size_t *which);

void wd_bounce_pool_put(struct wd_bounce_pool *pool, struct wd_bounce_set *set);

/* Is there something that those who do not wait may hope to be put back? */
bool wd_bounce_pool_is_used(struct wd_bounce_pool *pool);

/*
 * Pure: the sizes of the buffers for @want in pieces of at most @piece. What does not
 * fit in one buffer gets a second.
 */
void wd_bounce_plan(const struct wd_bounce_want *want, size_t piece,
		    size_t sizes[WD_BOUNCE_PARTS]);

#endif
