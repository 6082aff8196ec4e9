// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The native vendor of <wd_alg.h>: contexts on a device.
 *
 * A context keeps the structures of its requests, so that those to come find one. What was
 * submitted is told of in that order, whatever order it ended in: one thread at a time
 * delivers, as far as there are results.
 *
 * The device carries out what is on the ring in order, but a request in many pieces takes
 * turns with others. So of a digest's stream nothing is accepted behind such a one until it
 * has ended.
 */
#include <errno.h>
#include <stdlib.h>

#include "../chan.h"
#include "accel_alg.h"

#define BATCH	64	/* requests with one doorbell */

struct accel_request *accel_request_get(struct accel_alg *ac)
{
	struct accel_request *r;

	pthread_mutex_lock(&ac->lock);
	r = TAILQ_FIRST(&ac->free);
	if (r) {
		TAILQ_REMOVE(&ac->free, r, link);
	} else {
		r = calloc(1, sizeof(*r));
		if (!r)
			goto out;
		r->ac = ac;
		r->next = ac->all;
		ac->all = r;
	}
	ac->active++;
out:
	pthread_mutex_unlock(&ac->lock);
	return r;
}

/* With the lock. The one that was used last is the next, while the caches have it. */
static void put_locked(struct accel_request *r)
{
	TAILQ_INSERT_HEAD(&r->ac->free, r, link);
	r->ac->active--;
}

void accel_request_put(struct accel_request *r)
{
	pthread_mutex_lock(&r->ac->lock);
	put_locked(r);
	pthread_mutex_unlock(&r->ac->lock);
}

/* Is it of a stream that the device has, with the key of then? */
static bool goes_on_there(struct accel_alg *ac, const struct wd_request *req)
{
	bool there;

	pthread_mutex_lock(&ac->lock);
	there = is_accel_streamed(req) && ac->begun && !ac->in_soft;
	pthread_mutex_unlock(&ac->lock);
	return there;
}

/*
 * Get @r ready for the device, or @r->in_soft where there is no room for it. On failure nothing
 * is held.
 */
static int begin_request(struct accel_request *r, struct wd_request *req, bool wait)
{
	struct accel_alg *ac = r->ac;
	int ret = -ENOMEM;

	if (!ac->soft_key || goes_on_there(ac, req))
		ret = accel_request_begin(r, req, wait);
	if (ret != -ENOMEM)
		return ret;
	accel_request_reset(r, req);
	pthread_mutex_lock(&ac->lock);
	ret = accel_soft_ready(ac);
	pthread_mutex_unlock(&ac->lock);
	r->in_soft = !ret;
	return ret;
}

/* ------------------------------------------------------- the stream of a digest */

/* With the lock: find out whose part of the stream @r is. -ENOMEM: nobody's. */
static int stream_place(struct accel_alg *ac, struct accel_request *r)
{
	if (!r->begins) {
		/* It stays where it is. */
		if (r->in_soft && !ac->in_soft)
			return -ENOMEM;
		r->in_soft = ac->in_soft;
	} else if (ac->soft_key) {
		r->in_soft = true;
	} else if (!r->in_soft && r->req->what != WD_DIGEST_END) {
		if (ac->stream < 0)
			ac->stream = wd_accel_stream_get(ac->accel);
		r->in_soft = ac->stream < 0;
		if (r->in_soft && accel_soft_ready(ac))
			return -ENOMEM;
	}
	if (r->in_soft)
		accel_request_drop(r);
	else if (!r->begins || r->req->what != WD_DIGEST_END)
		r->stream = ac->stream;		/* without data there is none */
	return 0;
}

/*
 * With the lock: @r is about to be started as the next one of the stream. -EAGAIN: a long
 * one is there; -ENOMEM.
 */
static int stream_join(struct accel_alg *ac, struct accel_request *r)
{
	int ret;

	if (!is_accel_streamed(r->req))
		return 0;
	if (ac->long_one)
		return -EAGAIN;
	r->begins = !ac->begun;
	ret = stream_place(ac, r);
	if (ret)
		return ret;
	r->streamed = true;
	ac->in_soft = r->in_soft;
	ac->stream_nr += r->begins;
	r->stream_nr = ac->stream_nr;
	ac->begun = r->req->what != WD_DIGEST_END;
	if (!r->in_soft && r->pieces > 1)
		ac->long_one = r;
	ac->streamed++;
	return 0;
}

/* With the lock: it ended, or @undo: never went on the ring. */
static void stream_leave(struct accel_alg *ac, struct accel_request *r, bool undo)
{
	if (!r->streamed)
		return;
	r->streamed = false;
	if (ac->long_one == r)
		ac->long_one = NULL;
	if (undo) {
		ac->begun = !r->begins;
		ac->in_soft = r->in_soft;
		ac->stream_nr -= r->begins;
	} else if (r->ret < 0 && r->stream_nr == ac->stream_nr) {
		ac->begun = false;
	}
	if (--ac->streamed || ac->begun || ac->stream < 0)
		return;
	wd_accel_stream_put(ac->accel, ac->stream);
	ac->stream = -1;
}

/* --------------------------------------------------------------- one that waits */

static int stream_join_wait(struct accel_alg *ac, struct accel_request *r)
{
	int ret;

	pthread_mutex_lock(&ac->lock);
	while ((ret = stream_join(ac, r)) == -EAGAIN) {
		struct accel_request *before = ac->long_one;

		pthread_mutex_unlock(&ac->lock);
		wd_ring_wait_for(ac->accel->ring, &before->ring);
		pthread_mutex_lock(&ac->lock);
		if (ac->long_one == before)
			ac->long_one = NULL;
	}
	pthread_mutex_unlock(&ac->lock);
	return ret;
}

static void run_on_ring(struct accel_alg *ac, struct accel_request *r)
{
	int ret;

	if (accel_request_aim(r)) {
		ret = wd_ring_run(ac->accel->ring, &r->ring);
		if (ret)
			r->ret = ret;
	}
	accel_request_end(r);
	accel_soft_repeat(r);
}

static int alg_run(struct wd_alg_ctx *ctx, struct wd_request *req)
{
	struct accel_alg *ac = ctx->private;
	struct accel_request *r;
	int ret;

	r = accel_request_get(ac);
	if (!r)
		return -ENOMEM;
	ret = begin_request(r, req, true);
	if (ret)
		goto out;
	ret = stream_join_wait(ac, r);
	if (ret) {
		accel_request_drop(r);
		goto out;
	}
	if (!r->in_soft)
		run_on_ring(ac, r);
	else if (r->streamed)
		accel_soft_run_in_turn(r);
	else
		accel_soft_run(r);
	ret = r->ret;
	pthread_mutex_lock(&ac->lock);
	stream_leave(ac, r, false);
	pthread_mutex_unlock(&ac->lock);
out:
	accel_request_put(r);
	return ret;
}

/* --------------------------------------------------------- those that are told of */

/* With the lock, which is dropped for the callbacks. */
static void deliver(struct accel_alg *ac)
{
	struct accel_request *r;

	if (ac->delivering)
		return;
	ac->delivering = true;
	while (!ac->exiting && (r = TAILQ_FIRST(&ac->fifo)) && r->finished) {
		struct wd_request *req = r->req;
		const int ret = r->ret;

		TAILQ_REMOVE(&ac->fifo, r, link);
		put_locked(r);
		pthread_mutex_unlock(&ac->lock);
		wd_request_done(ac->ctx, req, ret);
		pthread_mutex_lock(&ac->lock);
	}
	ac->delivering = false;
}

void accel_deliver(struct accel_alg *ac)
{
	pthread_mutex_lock(&ac->lock);
	deliver(ac);
	pthread_mutex_unlock(&ac->lock);
}

void accel_finished(struct accel_request *r)
{
	struct accel_alg *ac = r->ac;

	pthread_mutex_lock(&ac->lock);
	stream_leave(ac, r, false);
	r->finished = true;
	pthread_mutex_unlock(&ac->lock);
}

static void finish_work(struct wd_work *work)
{
	struct accel_request *r = (struct accel_request *)work;
	struct accel_alg *ac = r->ac;

	accel_request_end(r);
	accel_soft_repeat(r);
	accel_finished(r);
	accel_deliver(ac);
}

/* With the lock: it never went on the ring. The last one first. */
static void undo_one(struct accel_alg *ac, struct accel_request *r)
{
	stream_leave(ac, r, true);
	accel_request_drop(r);
	put_locked(r);
}

/*
 * With the lock: start those before the first that the ring had no room for; @left were put on
 * it. @early: the last one has its result. Returns how many that are.
 */
static unsigned int start_batch(struct accel_alg *ac, struct accel_request *const *batch,
				unsigned int n, unsigned int left, bool early)
{
	unsigned int taken;

	for (taken = 0; taken < n; taken++) {
		struct accel_request *r = batch[taken];

		if (r->in_soft)
			accel_soft_push(r);
		else if (early && taken + 1 == n)
			wd_ring_queue_work(ac->accel->ring, &r->ring.work);
		else if (!left--)
			break;
		TAILQ_INSERT_TAIL(&ac->fifo, r, link);
	}
	return taken;
}

/*
 * With the lock: of those that are ready, put on the ring what can be with one doorbell.
 * Returns how many were taken; *@error: why that is not all.
 */
static unsigned int ring_batch(struct accel_alg *ac, struct accel_request *const *batch,
			       unsigned int n, int *error)
{
	struct wd_ring_req *reqs[BATCH];
	unsigned int good, on_ring = 0, left = 0;
	bool early = false;
	int ret = 0;

	for (good = 0; good < n && !early; good++) {
		struct accel_request *r = batch[good];

		ret = ac->exiting ? -EIO : stream_join(ac, r);
		if (ret)
			break;
		if (r->in_soft) {
			ret = accel_soft_expect(ac);
			if (!ret)
				continue;
			*error = ret;
			return 0;
		}
		/* A result, and nothing for the device to do. */
		early = !accel_request_aim(r);
		if (!early)
			reqs[on_ring++] = &r->ring;
	}
	if (ret)
		*error = ret;
	if (on_ring) {
		ret = wd_ring_submit(ac->accel->ring, reqs, on_ring);
		left = ret > 0 ? (unsigned int)ret : 0;
		if (left < on_ring)
			*error = ret < 0 ? ret : -EAGAIN;
	}
	return start_batch(ac, batch, good, left, early);
}

/* At most BATCH. *@error: 0, or why they were not all taken, other than that one has failed. */
static unsigned int submit_batch(struct accel_alg *ac, struct wd_request *const *reqs,
				 unsigned int n, int *error)
{
	struct accel_request *batch[BATCH];
	unsigned int ready, taken = 0;

	for (ready = 0; ready < n; ready++) {
		struct accel_request *r = accel_request_get(ac);

		*error = r ? begin_request(r, reqs[ready], false) : -ENOMEM;
		if (*error) {
			if (r)
				accel_request_put(r);
			break;
		}
		r->ring.work.run = finish_work;
		batch[ready] = r;
	}
	pthread_mutex_lock(&ac->lock);
	if (ready)
		taken = ring_batch(ac, batch, ready, error);
	for (unsigned int i = ready; i > taken; i--)
		undo_one(ac, batch[i - 1]);
	pthread_mutex_unlock(&ac->lock);
	return taken;
}

static int alg_submit(struct wd_alg_ctx *ctx, struct wd_request *const *reqs, unsigned int n)
{
	unsigned int done = 0;
	int error = 0;

	while (done < n && !error) {
		const unsigned int some = (unsigned int)accel_min(n - done, BATCH);
		const unsigned int taken = submit_batch(ctx->private, reqs + done, some, &error);

		done += taken;
	}
	return done ? (int)done : error;
}

/* ---------------------------------------------------------------------- contexts */

static void alg_cancel(struct wd_alg_ctx *ctx)
{
	struct accel_alg *ac = ctx->private;

	if (wd_chan_inherited(ctx->ch))
		return;
	pthread_mutex_lock(&ac->lock);
	ac->exiting = true;
	pthread_mutex_unlock(&ac->lock);
	/* Nobody begins another one, so there are no more than these. */
	for (struct accel_request *r = ac->all; r; r = r->next) {
		wd_ring_cancel(ac->accel->ring, &r->ring);
		accel_request_drop(r);
	}
	accel_soft_cancel(ac);
}

int accel_alg_attach(struct wd_alg_ctx *ctx, struct wd_accel *accel)
{
	struct accel_alg *ac = calloc(1, sizeof(*ac));

	if (!ac)
		return -ENOMEM;
	ac->ctx = ctx;
	ac->accel = accel;
	ac->info = wd_alg_info(ctx);
	ac->key = -1;
	ac->stream = -1;
	pthread_mutex_init(&ac->lock, NULL);
	TAILQ_INIT(&ac->free);
	TAILQ_INIT(&ac->fifo);
	accel_soft_init(ac);
	ctx->private = ac;
	return 0;
}

static int alg_init(struct wd_alg_ctx *ctx)
{
	const struct wd_alg_info *info = wd_alg_info(ctx);
	struct wd_accel *accel;
	int ret;

	ret = wd_accel_get(&ctx->ch, info->name, WD_ALG_BIT(info->nr), &accel);
	if (ret)
		return ret;
	ret = accel_alg_attach(ctx, accel);
	if (ret && wd_accel_put(accel))
		ctx->ch = NULL;
	return ret;
}

static void free_requests(struct accel_alg *ac)
{
	struct accel_request *r;

	while ((r = ac->all)) {
		ac->all = r->next;
		free(r->heap);
		free(r->mems);
		free(r->unit);
		free(r);
	}
}

static void alg_exit(struct wd_alg_ctx *ctx)
{
	struct accel_alg *ac = ctx->private;
	const bool inherited = wd_chan_inherited(ctx->ch);

	if (!inherited) {
		if (ac->stream >= 0)
			wd_accel_stream_close(ac->accel, ac->stream);
		if (ac->key >= 0)
			accel_drop_key(ac);
		pthread_mutex_destroy(&ac->lock);
	}
	accel_soft_exit(ac, inherited);
	free_requests(ac);
	if (wd_accel_put(ac->accel))
		ctx->ch = NULL;
	ctx->private = NULL;
	free(ac);
}

const struct wd_alg_vendor wd_alg_native = {
	.name = "native",
	.priority = 100,
	.init = alg_init,
	.exit = alg_exit,
	.set_key = accel_set_key,
	.run = alg_run,
	.submit = alg_submit,
	.cancel = alg_cancel,
	.chain = accel_chain,
	.submit_chain = accel_submit_chain,
};
