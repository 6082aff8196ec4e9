// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory for streams. A stream has it from its first descriptor to its end, and
 * whoever begins next takes what was given back last: so stateless requests, from
 * however many contexts, find it in the cache, and an idle stream id costs nothing.
 *
 * The working memory of a codec is apart from the stream, for its size is the codec's
 * affair. What is small is bounded by the number of streams; what is large, also by
 * its bytes.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "comp.h"

#define WD_IDLE_STREAMS	4		/* kept for the next */
#define WD_IDLE_WS	6		/* working memories likewise */
#define WD_IDLE_BYTES	(24UL << 20)	/* of these, at most */
#define WD_SMALL_WS	(512UL << 10)	/* bytes */
#define WD_LARGE_BYTES	(128UL << 20)	/* of a function's large ones at once */

struct wd_ws {
	void *mem;
	size_t size;
};

/**
 * struct wd_stream_pool - the streams of a function
 * @lock:  of all below; innermost
 * @used:  handed out
 * @nidle: in @idle
 * @idle:  given back, the last one on top
 * @large: bytes of large working memories handed out
 * @nws:   in @ws
 * @ws:    given back, the last one on top
 * @ws_bytes: all of them
 */
struct wd_stream_pool {
	spinlock_t lock;
	unsigned int used;
	unsigned int nidle;
	struct wd_stream *idle[WD_IDLE_STREAMS];
	size_t large;
	unsigned int nws;
	struct wd_ws ws[WD_IDLE_WS];
	size_t ws_bytes;
};

static size_t large_bytes(size_t size)
{
	return size > WD_SMALL_WS ? size : 0;
}

static struct wd_ws take_idle(struct wd_stream_pool *pool, unsigned int i)
{
	struct wd_ws ws = pool->ws[i];

	pool->nws--;
	pool->ws_bytes -= ws.size;
	memmove(pool->ws + i, pool->ws + i + 1, (pool->nws - i) * sizeof(ws));
	return ws;
}

/* One that is not too small, and not twice as large as what is wanted. */
static struct wd_ws find_idle(struct wd_stream_pool *pool, size_t size)
{
	unsigned int i;

	for (i = pool->nws; i--; )
		if (pool->ws[i].size >= size && pool->ws[i].size / 2 < size)
			return take_idle(pool, i);
	return (struct wd_ws) {};
}

static bool ws_get(struct wd_stream_pool *pool, struct wd_ws *ws, size_t size)
{
	bool room;

	spin_lock(&pool->lock);
	*ws = find_idle(pool, size);
	size = ws->mem ? ws->size : size;
	room = pool->large + large_bytes(size) <= WD_LARGE_BYTES;
	if (room)
		pool->large += large_bytes(size);
	spin_unlock(&pool->lock);
	if (!room) {
		vfree(ws->mem);
		return false;
	}
	if (ws->mem)
		return true;

	*ws = (struct wd_ws) { .mem = vzalloc(size), .size = size };
	if (ws->mem)
		return true;
	spin_lock(&pool->lock);
	pool->large -= large_bytes(size);
	spin_unlock(&pool->lock);
	return false;
}

/* Return: one to be freed, the oldest, where there are too many. */
static struct wd_ws surplus(struct wd_stream_pool *pool, size_t more)
{
	if (pool->nws && (pool->nws == WD_IDLE_WS || pool->ws_bytes + more > WD_IDLE_BYTES))
		return take_idle(pool, 0);
	return (struct wd_ws) {};
}

static void ws_put(struct wd_stream_pool *pool, struct wd_ws ws)
{
	struct wd_ws old;

	do {
		spin_lock(&pool->lock);
		old = surplus(pool, ws.size);
		if (!old.mem) {
			pool->large -= large_bytes(ws.size);
			pool->ws[pool->nws++] = ws;
			pool->ws_bytes += ws.size;
		}
		spin_unlock(&pool->lock);
		vfree(old.mem);
	} while (old.mem);
}

bool wd_stream_ws(struct wd_stream *s, size_t size)
{
	struct wd_ws ws = { .mem = s->ws, .size = s->ws_size };
	bool ok;

	if (ws.size >= size && ws.size / 2 < size)
		return true;
	if (ws.mem && s->pool)
		ws_put(s->pool, ws);
	else
		vfree(ws.mem);
	s->ws = NULL;
	s->ws_size = 0;
	if (s->pool) {
		ok = ws_get(s->pool, &ws, size);
	} else {
		ws = (struct wd_ws) { .mem = vzalloc(size), .size = size };
		ok = ws.mem;
	}
	if (!ok)
		return false;
	s->ws = ws.mem;
	s->ws_size = ws.size;
	return true;
}

struct wd_stream *wd_stream_alloc(void)
{
	return kvzalloc(sizeof(struct wd_stream), GFP_KERNEL);
}

/* A later stream is another process's, maybe: leave nothing of this one behind. */
void wd_stream_free(struct wd_stream *s)
{
	if (!s)
		return;
	vfree(s->ws);
	kvfree_sensitive(s, sizeof(*s));
}

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

	WARN_ON(pool->used || pool->large);
	while (pool->nidle)
		wd_stream_free(pool->idle[--pool->nidle]);
	while (pool->nws)
		vfree(pool->ws[--pool->nws].mem);
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
		return NULL;
	}
	s->pool = pool;
	return s;
}

void wd_stream_put(struct wd_func *f, struct wd_stream *s)
{
	struct wd_stream_pool *pool = f->streams;

	if (s->ws)
		ws_put(pool, (struct wd_ws) { .mem = s->ws, .size = s->ws_size });
	s->ws = NULL;
	s->ws_size = 0;
	spin_lock(&pool->lock);
	pool->used--;
	if (pool->nidle < WD_IDLE_STREAMS) {
		pool->idle[pool->nidle++] = s;
		s = NULL;
	}
	spin_unlock(&pool->lock);
	wd_stream_free(s);
}
