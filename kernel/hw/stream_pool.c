// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for streams. A stream has it from its first descriptor to its end, and
 * whoever begins next takes what was given back last: so stateless requests, from
 * however many contexts, find it in the cache, and an idle stream id costs nothing.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "chan.h"

#define WD_IDLE_STREAMS	4	/* kept for the next */

/**
 * struct wd_stream_pool - the streams of a function
 * @lock:  of all below; innermost
 * @used:  handed out
 * @nidle: in @idle
 * @idle:  given back, the last one on top
 */
struct wd_stream_pool {
	spinlock_t lock;
	unsigned int used;
	unsigned int nidle;
	struct wd_stream *idle[WD_IDLE_STREAMS];
};

int wd_stream_pool_init(struct wd_func *f)
{
	f->streams = kzalloc(sizeof(*f->streams), GFP_KERNEL);
	if (!f->streams)
		return -ENOMEM;
	spin_lock_init(&f->streams->lock);
	return 0;
}

/* All streams were given back. */
void wd_stream_pool_exit(struct wd_func *f)
{
	struct wd_stream_pool *pool = f->streams;

	WARN_ON(pool->used);
	while (pool->nidle)
		wd_stream_free(pool->idle[--pool->nidle]);
	kfree(pool);
	f->streams = NULL;
}

/* Return: NULL where the function has no room for another stream. */
struct wd_stream *wd_stream_get(struct wd_func *f)
{
	struct wd_stream_pool *pool = f->streams;
	struct wd_stream *s = NULL;
	bool room;

	spin_lock(&pool->lock);
	room = pool->used < WD_FUNC_STREAMS;
	if (room)
		pool->used++;
	if (room && pool->nidle)
		s = pool->idle[--pool->nidle];
	spin_unlock(&pool->lock);
	if (s || !room)
		return s;

	s = wd_stream_alloc();
	if (!s) {
		spin_lock(&pool->lock);
		pool->used--;
		spin_unlock(&pool->lock);
	}
	return s;
}

void wd_stream_put(struct wd_func *f, struct wd_stream *s)
{
	struct wd_stream_pool *pool = f->streams;

	spin_lock(&pool->lock);
	pool->used--;
	if (pool->nidle < WD_IDLE_STREAMS) {
		pool->idle[pool->nidle++] = s;
		s = NULL;
	}
	spin_unlock(&pool->lock);
	wd_stream_free(s);
}
