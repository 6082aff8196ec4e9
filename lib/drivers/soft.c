// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The software vendor. It has a channel like the others, so that asynchronous
 * calls work in the same way: what they ask for is computed by whoever polls.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "../chan.h"
#include "../clock.h"
#include "../comp.h"
#include "soft_stream.h"
#include "workq.h"

/**
 * struct vendor_chan - the channel of the software vendor
 * @ch:    the channel
 * @lock:  guards all below
 * @cond:  signalled when @queue got work or @wakes counted
 * @queue: calls that nobody has computed yet
 * @wakes: counts soft_wake()
 * @users: contexts on the channel
 */
struct vendor_chan {
	struct wd_chan ch;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct wd_workq queue;
	uint64_t wakes;
	unsigned int users;
};

/**
 * struct soft_ctx - wd_comp_ctx.private
 * @work:   on the channel's queue while an asynchronous call runs
 * @ctx:    the context
 * @dir:    of that call
 * @stream: the stream
 */
struct soft_ctx {
	struct wd_work work;
	struct wd_comp_ctx *ctx;
	enum wd_comp_dir dir;
	struct wd_soft_stream stream;
};

static struct vendor_chan *to_vendor(struct wd_chan *ch)
{
	return (struct vendor_chan *)ch;
}

static int soft_poll(struct wd_chan *ch, unsigned int max, int timeout_ms)
{
	struct vendor_chan *vc = to_vendor(ch);
	int64_t deadline = timeout_ms ? wd_deadline(timeout_ms) : 0;
	struct timespec ts = wd_timespec(deadline);
	uint64_t wakes;
	int ret = 0;

	pthread_mutex_lock(&vc->lock);
	wakes = vc->wakes;
	while (timeout_ms && !ret && !vc->queue.head && wakes == vc->wakes) {
		if (deadline == WD_FOREVER)
			ret = pthread_cond_wait(&vc->cond, &vc->lock);
		else
			ret = pthread_cond_timedwait(&vc->cond, &vc->lock, &ts);
	}
	ret = wd_workq_run(&vc->queue, &vc->lock, max);
	pthread_mutex_unlock(&vc->lock);
	return ret;
}

static void soft_wake(struct wd_chan *ch)
{
	struct vendor_chan *vc = to_vendor(ch);

	pthread_mutex_lock(&vc->lock);
	vc->wakes++;
	pthread_cond_broadcast(&vc->cond);
	pthread_mutex_unlock(&vc->lock);
}

static void soft_release(struct wd_chan *ch)
{
	struct vendor_chan *vc = to_vendor(ch);

	/* In a child nobody knows what state the parent's locks were in. */
	if (wd_chan_inherited(ch))
		return;
	wd_workq_destroy(&vc->queue);
	pthread_cond_destroy(&vc->cond);
	pthread_mutex_destroy(&vc->lock);
}

static const struct wd_chan_ops soft_ops = {
	.poll = soft_poll,
	.wake = soft_wake,
	.release = soft_release,
};

static struct vendor_chan *soft_chan_new(void)
{
	pthread_condattr_t attr;
	struct vendor_chan *vc;

	vc = calloc(1, sizeof(*vc));
	if (!vc)
		return NULL;
	if (wd_chan_adopt(&vc->ch)) {
		free(vc);
		return NULL;
	}

	pthread_mutex_init(&vc->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&vc->cond, &attr);
	pthread_condattr_destroy(&attr);
	wd_workq_init(&vc->queue);
	vc->ch.fd = -1;
	vc->ch.ops = &soft_ops;
	return vc;
}

static int soft_init(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc;
	struct vendor_chan *vc;

	if (ctx->ch && ctx->ch->ops != &soft_ops)
		return -ENODEV;
	sc = calloc(1, sizeof(*sc));
	if (!sc)
		return -ENOMEM;

	vc = ctx->ch ? to_vendor(ctx->ch) : soft_chan_new();
	if (!vc) {
		free(sc);
		return -ENOMEM;
	}
	pthread_mutex_lock(&vc->lock);
	vc->users++;
	pthread_mutex_unlock(&vc->lock);

	sc->ctx = ctx;
	ctx->private = sc;
	ctx->ch = &vc->ch;
	return 0;
}

static void soft_put_chan(struct vendor_chan *vc)
{
	bool last;

	if (!wd_chan_inherited(&vc->ch)) {
		pthread_mutex_lock(&vc->lock);
		last = !--vc->users;
		pthread_mutex_unlock(&vc->lock);
	} else {
		last = !--vc->users;
	}
	if (!last)
		return;
	wd_release_channel(&vc->ch);
	free(vc);
}

static void soft_exit(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	wd_soft_stream_end(&sc->stream);
	soft_put_chan(to_vendor(ctx->ch));
	free(sc);
	ctx->private = NULL;
	ctx->ch = NULL;
}

static int soft_deflate(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	return wd_soft_stream_run(&sc->stream, ctx, WD_COMP_DEFLATE);
}

static int soft_inflate(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	return wd_soft_stream_run(&sc->stream, ctx, WD_COMP_INFLATE);
}

static void soft_work(struct wd_work *work)
{
	struct soft_ctx *sc = (struct soft_ctx *)work;
	struct wd_comp_ctx *ctx = sc->ctx;

	wd_comp_done(ctx, wd_soft_stream_run(&sc->stream, ctx, sc->dir));
}

static int soft_async(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	struct vendor_chan *vc = to_vendor(ctx->ch);
	struct soft_ctx *sc = ctx->private;

	sc->work.run = soft_work;
	sc->dir = dir;
	pthread_mutex_lock(&vc->lock);
	wd_workq_push(&vc->queue, &sc->work);
	pthread_cond_signal(&vc->cond);
	pthread_mutex_unlock(&vc->lock);
	return 0;
}

static int soft_async_deflate(struct wd_comp_ctx *ctx)
{
	return soft_async(ctx, WD_COMP_DEFLATE);
}

static int soft_async_inflate(struct wd_comp_ctx *ctx)
{
	return soft_async(ctx, WD_COMP_INFLATE);
}

static void soft_cancel(struct wd_comp_ctx *ctx)
{
	struct vendor_chan *vc = to_vendor(ctx->ch);
	struct soft_ctx *sc = ctx->private;

	if (wd_chan_inherited(ctx->ch))
		return;
	pthread_mutex_lock(&vc->lock);
	wd_workq_cancel(&vc->queue, &vc->lock, &sc->work);
	pthread_mutex_unlock(&vc->lock);
}

const struct wd_alg_comp wd_comp_software = {
	.name = "software",
	.priority = 0,
	.init = soft_init,
	.exit = soft_exit,
	.deflate = soft_deflate,
	.inflate = soft_inflate,
	.async_deflate = soft_async_deflate,
	.async_inflate = soft_async_inflate,
	.cancel = soft_cancel,
};
