// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Executing a sequence, one unit after the other. Whoever finishes the sequence begins; whoever is told
 * that something ended goes on from there.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "alg.h"
#include "seq.h"

#define SLICE_MS	1	/* of waiting: things may end elsewhere than in wd_poll() */

static void go_on(struct wd_seq *seq);

/* ---------------------------------------------------------------------- meeting */

/* Something was started. True: it has ended already, and the starter goes on. */
static bool starter_goes_on(struct wd_seq *seq)
{
	return atomic_fetch_add(&seq->meet, 1);
}

/* It ended. */
static void ended(struct wd_seq *seq, int ret)
{
	seq->ret = ret;
	if (atomic_fetch_add(&seq->meet, 1))
		go_on(seq);
}

static void retry_waiting(struct wd_seq_ctx *ctx)
{
	struct wd_seq *seq, *next;

	pthread_mutex_lock(&ctx->lock);
	seq = ctx->waiting;
	ctx->waiting = NULL;
	pthread_mutex_unlock(&ctx->lock);
	for (; seq; seq = next) {
		next = seq->waiting;
		go_on(seq);
	}
}

static void wait_for_place(struct wd_seq *seq)
{
	struct wd_seq_ctx *ctx = seq->ctx;

	pthread_mutex_lock(&ctx->lock);
	seq->waiting = ctx->waiting;
	ctx->waiting = seq;
	pthread_mutex_unlock(&ctx->lock);
}

static void transfer_ended(void *arg, int ret)
{
	ended(arg, ret);
}

static void request_ended(struct wd_request *req)
{
	struct wd_seq *seq = req->arg;
	struct wd_seq_ctx *ctx = seq->ctx;

	/* The sequence may be gone behind this. */
	ended(seq, req->ret);
	retry_waiting(ctx);
}

/* --------------------------------------------------------------------- operands */

static void release(struct wd_seq *seq, struct seq_operand *op)
{
	if (op->temp)
		wd_seq_pool_put(&seq->ctx->pool, op->temp, op->loc.op.len);
	free(op->parts);
	free(op->cut);
	op->temp = NULL;
	op->parts = NULL;
	op->cut = NULL;
}

static struct wd_operand resolve(const struct wd_seq *seq, const struct seq_operand *op)
{
	struct wd_operand o = { .base = op->temp, .len = op->loc.op.len };
	const struct seq_region *r;

	if (op->temp || !o.len)
		return o;
	if (op->parts && op->nparts == 1) {
		o.base = op->parts[0].iov_base;
		return o;
	}
	if (op->parts) {
		o.iov = op->parts;
		o.iovcnt = op->nparts;
		return o;
	}
	if (!seq_in_scratch(op))
		return op->loc.op;
	r = wd_seq_region(seq, &op->loc);
	o.base = r->buf + ((uintptr_t)op->loc.op.base - r->addr);
	return o;
}

static void *take_temp(struct wd_seq *seq, size_t len)
{
	void *buf = wd_seq_pool_get(&seq->ctx->pool, len);

	if (buf)
		seq->stats.temp_bytes += len;
	return buf;
}

static int back_region(struct wd_seq *seq, const struct seq_operand *op)
{
	struct seq_region *r = wd_seq_region(seq, &op->loc);

	if (!r->buf)
		r->buf = take_temp(seq, r->len);
	return r->buf ? 0 : -ENOMEM;
}

/* Does the process see that memory as it is, in no more than @most parts? -EXDEV: no. */
static int translate(struct seq_operand *op, unsigned int most)
{
	int ret = wd_seq_translate(&op->loc, &op->parts, &op->nparts);

	return !ret && op->nparts > most ? -EXDEV : ret;
}

static bool is_foreign(const struct seq_operand *op)
{
	return op->loc.op.len && !seq_in_scratch(op) && op->loc.domain != wd_domain_process();
}

/* May what was translated be used, beside the destination? Else it is copied first. */
static bool is_apart(const struct wd_seq *seq, const struct seq_operand *op,
		     const struct seq_operand *dst)
{
	const struct wd_loc a = { NULL, resolve(seq, op) }, b = { NULL, resolve(seq, dst) };

	return !wd_seq_overlap(&a, &b);
}

/*
 * Memory in which a foreign operand is worked on: its own, in at most @most parts and apart from
 * @dst, if that is given; or some of the pool.
 */
static int open_foreign(struct wd_seq *seq, struct seq_operand *op, unsigned int most,
			const struct seq_operand *dst)
{
	int ret = translate(op, most);

	if (!ret && (!dst || is_apart(seq, op, dst)))
		return 0;
	free(op->parts);
	op->parts = NULL;
	if (ret && ret != -EXDEV)
		return ret;
	op->temp = take_temp(seq, op->loc.op.len);
	return op->temp ? 0 : -ENOMEM;
}

/* No more than @len bytes of it. */
static int shorten(struct seq_operand *op, struct wd_operand *o, size_t len)
{
	if (len >= o->len)
		return 0;
	o->len = len;
	if (!o->iov)
		return 0;
	free(op->cut);
	op->cut = calloc(o->iovcnt, sizeof(*op->cut));
	if (!op->cut)
		return -ENOMEM;
	for (unsigned int i = 0; i < o->iovcnt && len; i++) {
		op->cut[i] = o->iov[i];
		if (op->cut[i].iov_len > len)
			op->cut[i].iov_len = len;
		len -= op->cut[i].iov_len;
	}
	o->iov = op->cut;
	return 0;
}

static int transfer(struct wd_seq *seq, struct seq_operand *op, size_t len, bool push)
{
	const struct iovec temp = { op->temp, len };
	struct wd_operand there = op->loc.op;
	int ret = shorten(op, &there, len);
	struct iovec flat;
	unsigned int cnt;
	const struct iovec *iov = seq_parts(&there, &flat, &cnt);

	if (ret || !len)
		return ret;
	seq->stats.transfers++;
	seq->stats.copies++;
	return push ? wd_domain_push(op->loc.domain, iov, cnt, &temp, 1, transfer_ended, seq) :
		      wd_domain_pull(op->loc.domain, &temp, 1, iov, cnt, transfer_ended, seq);
}

static int prepare_dst(struct wd_seq *seq, struct seq_operand *op)
{
	if (!op->loc.op.len)
		return 0;
	if (seq_in_scratch(op))
		return back_region(seq, op);
	return is_foreign(op) ? open_foreign(seq, op, WD_MAX_PARTS, NULL) : 0;
}

/* ------------------------------------------------------------------------ units */

/* The steps of the present unit that were not elided. */
static unsigned int unit_steps(const struct wd_seq *seq, struct seq_step **steps)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < seq->unit[seq->pos]; i++)
		if (seq->step[seq->pos + i]->alg)
			steps[n++] = seq->step[seq->pos + i];
	return n;
}

/* -EINPROGRESS: a transfer was started. */
static int bring(struct wd_seq *seq, struct seq_step *first, struct seq_step *last)
{
	/* Sources of an XOR are in one piece. */
	const unsigned int most = first->req.what == WD_XOR ? 1 : WD_MAX_PARTS;
	int ret = 0;

	if (!seq->operand)
		ret = prepare_dst(seq, &last->dst);
	while (!ret && seq->operand < first->nsrcs) {
		struct seq_operand *op = &first->src[seq->operand++];

		if (!is_foreign(op))
			continue;
		ret = open_foreign(seq, op, most, &last->dst);
		if (!ret && op->temp)
			ret = transfer(seq, op, op->loc.op.len, false);
	}
	return ret;
}

/* How much comes of @len bytes, at most. */
static size_t makes(const struct seq_step *s, size_t len)
{
	const size_t block = s->req.dif.block, all = block + 8;

	switch (s->req.what) {
	case WD_COPY:
	case WD_ENCRYPT:
	case WD_DECRYPT:
		return len;
	case WD_DIF_INSERT:
		return len / block * all;
	case WD_DIF_STRIP:
		return len / all * block;
	default:
		return s->dst.loc.op.len;
	}
}

/* @before: the one that it goes on from in the same unit, or NULL. */
static int fill_request(struct wd_seq *seq, struct seq_step *s, const struct seq_step *before,
			bool last)
{
	struct wd_request *req = &s->req;
	int ret = 0;

	req->src = (struct wd_operand){ .len = before ? before->req.dst.len : s->src[0].loc.op.len };
	if (!before && req->what != WD_XOR)
		req->src = resolve(seq, &s->src[0]);
	if (s->feeder && !before)
		ret = shorten(&s->src[0], &req->src, s->feeder->made);
	req->dst = (struct wd_operand){ .len = s->dst.loc.op.len };
	if (last)
		req->dst = resolve(seq, &s->dst);
	if (!ret)
		ret = shorten(&s->dst, &req->dst, makes(s, req->src.len));
	for (unsigned int i = 0; req->what == WD_XOR && i < s->nsrcs; i++)
		s->ptrs[i] = resolve(seq, &s->src[i]).base;
	req->callback = request_ended;
	req->arg = seq;
	return ret;
}

/* The steps of a unit ended well: how much did they make? Behind compression it is what came out. */
static void note_lengths(struct seq_step **steps, unsigned int n)
{
	const size_t came = steps[n - 1]->req.produced;
	bool packed = false;

	for (unsigned int i = 0; i < n; i++) {
		struct seq_step *s = steps[i];

		packed |= seq_packs(s);
		s->made = packed ? came : s->req.dst.len;
		if (s->came)
			*s->came = s->made;
	}
}

static int take(struct wd_seq *seq, struct seq_step *last)
{
	return last->dst.temp ? transfer(seq, &last->dst, last->made, true) : 0;
}

/* What it goes on from was decompressed to no bytes at all. */
static bool has_nothing_to_do(const struct seq_step *s)
{
	return s->feeder && !s->feeder->made && s->req.what != WD_DIGEST && s->req.what != WD_COMPRESS;
}

/* 1: it is under way; else as wd_alg_run(). */
static int submit(struct wd_seq *seq, struct seq_step **steps, unsigned int n)
{
	struct wd_alg_ctx *ctxs[WD_SEQ_MAX];
	struct wd_request *reqs[WD_SEQ_MAX];
	int ret;

	if (!n)
		return 0;
	for (unsigned int i = 0; i < n; i++) {
		ret = fill_request(seq, steps[i], i ? steps[i - 1] : NULL, i == n - 1);
		if (ret)
			return ret;
		ctxs[i] = steps[i]->alg;
		reqs[i] = &steps[i]->req;
	}
	if (has_nothing_to_do(steps[0]))
		return n > 1 ? -EOPNOTSUPP : 0;
	seq->failed = 0;
	if (n > 1)
		return seq->ctx->platform->submit(ctxs, reqs, n, &seq->failed);
	if (ctxs[0]->ch == wd_seq_ctx_channel(seq->ctx))
		return wd_alg_submit(ctxs[0], reqs, 1);
	return wd_alg_run(ctxs[0], reqs[0]);
}

static void count_unit(struct wd_seq *seq, struct seq_step **steps, unsigned int n)
{
	seq->stats.submissions++;
	seq->stats.ran += n;
	seq->stats.copies += n == 1 && steps[0]->req.what == WD_COPY;
}

/* Scratch memory that no step from @from on has to do with. */
static void release_regions(struct wd_seq *seq, unsigned int from)
{
	for (unsigned int i = 0; i < seq->nregions; i++) {
		struct seq_region *r = &seq->region[i];
		const struct wd_loc loc = wd_loc_in(wd_domain_scratch(), r->addr, r->len);
		bool used = false;

		if (!r->buf)
			continue;
		for (unsigned int k = from; k < seq->n && !used; k++)
			used = wd_seq_touches(seq->step[k], &loc);
		if (used)
			continue;
		wd_seq_pool_put(&seq->ctx->pool, r->buf, r->len);
		r->buf = NULL;
	}
}

static void release_unit(struct wd_seq *seq)
{
	for (unsigned int i = 0; i < seq->unit[seq->pos]; i++) {
		struct seq_step *s = seq->step[seq->pos + i];

		release(seq, &s->dst);
		for (unsigned int k = 0; k < s->nsrcs; k++)
			release(seq, &s->src[k]);
	}
}

/* The unit cannot be done as one: each of its operations will be a unit, from the first on. */
static void split_unit(struct wd_seq *seq, unsigned int n)
{
	const unsigned int unit = seq->unit[seq->pos];

	release_unit(seq);
	for (unsigned int i = 0; i < unit; i++)
		seq->unit[seq->pos + i] = 1;
	seq->stats.fused -= n - 1;
	seq->phase = SEQ_BRING;
	seq->operand = 0;
	seq->failed = 0;
}

static void tell(struct seq_step *s, int ret)
{
	wd_seq_cb_t cb = s->cb;

	s->cb = NULL;
	if (cb)
		cb(s->arg, ret);
}

static void next_unit(struct wd_seq *seq)
{
	unsigned int unit = seq->unit[seq->pos];

	release_unit(seq);
	for (unsigned int i = 0; i < unit; i++) {
		struct seq_step *s = seq->step[seq->pos + i];

		if (s->alg && s->crc)
			*s->crc = (uint32_t)s->req.result;
		tell(s, 0);
	}
	seq->pos += unit;
	release_regions(seq, seq->pos);
	seq->phase = SEQ_BRING;
	seq->operand = 0;
}

/* @ret is that of the present unit, unless the end was reached. */
static void end(struct wd_seq *seq, int ret)
{
	struct seq_step *steps[WD_SEQ_MAX];
	unsigned int n = 0;

	if (seq->pos < seq->n) {
		release_unit(seq);
		n = unit_steps(seq, steps);
	}
	release_regions(seq, seq->n);
	if (n > seq->failed && ret != -ECANCELED)
		tell(steps[seq->failed], ret);
	for (unsigned int i = seq->pos; i < seq->n; i++)
		tell(seq->step[i], -ECANCELED);
	seq->state = SEQ_DONE;
	seq->cb(seq->arg, ret);
}

/* One phase of the present unit. -EINPROGRESS: somebody will be told of its end. */
static int do_phase(struct wd_seq *seq)
{
	struct seq_step *steps[WD_SEQ_MAX];
	unsigned int n = unit_steps(seq, steps);
	int ret = 0;

	switch (seq->phase) {
	case SEQ_BRING:
		if (n)
			ret = bring(seq, steps[0], steps[n - 1]);
		if (!ret)
			seq->phase = n ? SEQ_SUBMIT : SEQ_NEXT;
		return ret;
	case SEQ_SUBMIT:
		ret = submit(seq, steps, n);
		if (ret == -EAGAIN)
			return ret;
		if (ret == -EOPNOTSUPP && n > 1) {
			split_unit(seq, n);
			return 0;
		}
		count_unit(seq, steps, n);
		seq->phase = SEQ_TAKE;
		return ret == 1 ? -EINPROGRESS : ret;
	case SEQ_TAKE:
		seq->phase = SEQ_NEXT;
		note_lengths(steps, n);
		return take(seq, steps[n - 1]);
	case SEQ_NEXT:
		next_unit(seq);
	}
	return 0;
}

static void go_on(struct wd_seq *seq)
{
	int ret = seq->ret;

	while (!ret) {
		if (atomic_load(&seq->aborted))
			ret = -ECANCELED;
		else if (seq->pos == seq->n)
			break;
		else {
			atomic_store(&seq->meet, 0);
			seq->ret = 0;
			ret = do_phase(seq);
		}
		if (ret == -EAGAIN) {
			wait_for_place(seq);
			return;
		}
		if (ret != -EINPROGRESS)
			continue;
		if (!starter_goes_on(seq))
			return;
		ret = seq->ret;
	}
	end(seq, ret);
}

/* ------------------------------------------------------------------------ calls */

int wd_seq_finish(struct wd_seq *seq, wd_seq_cb_t cb, void *arg)
{
	int ret;

	if (!cb)
		return -EINVAL;
	if (seq->state != SEQ_OPEN)
		return -EALREADY;
	if (!seq->n)
		return -EINVAL;
	ret = wd_seq_plan(seq);
	if (ret)
		return ret;
	seq->state = SEQ_RUNNING;
	seq->cb = cb;
	seq->arg = arg;
	go_on(seq);
	return 0;
}

void wd_seq_abort(struct wd_seq *seq)
{
	if (seq->state != SEQ_OPEN) {
		atomic_store(&seq->aborted, true);
		return;
	}
	seq->state = SEQ_DONE;
	for (unsigned int i = 0; i < seq->n; i++)
		tell(seq->step[i], -ECANCELED);
}

int wd_seq_poll(struct wd_seq_ctx *ctx, int timeout_ms)
{
	int ret;

	retry_waiting(ctx);
	ret = wd_poll(wd_seq_ctx_channel(ctx), 0, timeout_ms);
	retry_waiting(ctx);
	return ret;
}

/* What wd_seq_run() waits for. */
struct result {
	atomic_bool done;
	int ret;
};

static void run_ended(void *arg, int ret)
{
	struct result *result = arg;

	result->ret = ret;
	atomic_store(&result->done, true);
}

int wd_seq_run(struct wd_seq *seq)
{
	const struct timespec slice = { .tv_nsec = SLICE_MS * 1000000L };
	struct wd_seq_ctx *ctx = seq->ctx;
	struct result result = { .done = false };
	int ret = wd_seq_finish(seq, run_ended, &result);

	if (ret)
		return ret;
	while (!atomic_load(&result.done))
		if (wd_seq_poll(ctx, SLICE_MS) < 0)
			nanosleep(&slice, NULL);
	return result.ret;
}
