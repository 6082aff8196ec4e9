// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Units: requests of which each takes what the one before makes, done by the device in one
 * pass over the data, as linked descriptors with one completion.
 *
 * Each part is a request of its own context. The first one leads: it is on the ring for
 * all, and its context tells of the end. A unit is not divided into pieces.
 */
#include <errno.h>
#include <stdlib.h>

#include "accel_alg.h"

/**
 * struct accel_unit - the parts of a unit; kept by the request that leads
 * @n:      how many
 * @part:   they
 * @before: descriptors of all but the last
 * @failed: where the number of the part that failed goes
 */
struct accel_unit {
	unsigned int n;
	struct accel_request *part[WD_LINK_MAX];
	struct wd_desc before[WD_LINK_MAX - 1];
	unsigned int *failed;
};

/* -------------------------------------------------------------- what is possible */

static const struct wd_chan_layout *layout_of(const struct accel_alg *ac)
{
	return wd_ring_layout(ac->accel->ring);
}

static bool makes_a_source(const struct wd_request *req)
{
	switch (req->what) {
	case WD_ENCRYPT:
	case WD_DECRYPT:
	case WD_COPY:
	case WD_FILL:
	case WD_DIF_INSERT:
	case WD_DIF_STRIP:
	case WD_DIF_UPDATE:
	case WD_COMPRESS:
		return true;
	default:
		return false;
	}
}

static bool takes_what_comes(const struct wd_request *req)
{
	if (req->what == WD_DIGEST || req->what == WD_DIF_VERIFY || req->what == WD_DECOMPRESS)
		return true;
	return makes_a_source(req) && req->what != WD_FILL;
}

/*
 * Whether a stream ended only its own completion tells, so decompression is the last. How long one
 * is the last one's tells, where it is as long.
 */
static bool keeps_length(const struct wd_request *req)
{
	return req->what == WD_ENCRYPT || req->what == WD_DECRYPT || req->what == WD_COPY;
}

/* Can it be done with one descriptor, by the device? */
static bool fits(const struct accel_alg *ac, const struct wd_request *req)
{
	const struct wd_chan_layout *layout = layout_of(ac);
	const size_t src = req->src.len, dst = req->dst.len;

	if (ac->soft_key || ac->info->kind == WD_KIND_AEAD || src > layout->max_len ||
	    dst > layout->max_len)
		return false;
	if (!(ac->info->flags & WD_ALG_XTS))
		return true;
	return req->unit ? !(src % req->unit) : src <= layout->max_unit;
}

static size_t most_parts(const struct accel_alg *ac)
{
	const size_t max_link = layout_of(ac)->max_link;

	return accel_min(accel_min(max_link, WD_LINK_MAX), wd_ring_slots(ac->accel->ring));
}

unsigned int accel_chain(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
			 unsigned int n)
{
	const size_t most = most_parts(ctxs[0]->private);
	bool packed = false;
	unsigned int i;

	for (i = 0; i < n && i < most && fits(ctxs[i]->private, reqs[i]); i++) {
		if (i && !(makes_a_source(reqs[i - 1]) && takes_what_comes(reqs[i])))
			break;
		if (packed && (!keeps_length(reqs[i]) || reqs[i]->unit))
			break;
		packed |= reqs[i]->what == WD_COMPRESS;
	}
	return i ? i : 1;
}

/* ------------------------------------------------------------------- the device */

/* With the ring's lock. */
static bool unit_step(struct wd_ring_req *req)
{
	struct accel_unit *unit = accel_to_request(req)->unit;
	const unsigned int number = (req->cqe.aux & WD_CQE_LINK_MASK) >> WD_CQE_LINK_SHIFT;
	const int ret = req->err ? req->err : accel_error(&req->cqe);

	for (unsigned int i = 0; i < unit->n; i++) {
		unit->part[i]->ret = ret;
		if (!req->err)
			accel_request_account(unit->part[i], &req->cqe);
	}
	if (!ret) {
		struct accel_request *last = unit->part[unit->n - 1];

		last->op->done(last, &req->cqe);
	} else if (!req->err && number < unit->n) {
		*unit->failed = number;
		accel_request_blame(unit->part[number], &req->cqe);
	}
	return false;
}

/* Take the results of all parts. What could not be copied is the fault of one. */
static int end_parts(struct accel_unit *unit)
{
	int ret = 0;

	for (unsigned int i = 0; i < unit->n; i++) {
		struct accel_request *r = unit->part[i];

		accel_request_end(r);
		if (r->ret >= 0 || ret)
			continue;
		ret = r->ret;
		if (*unit->failed < i)
			*unit->failed = i;
	}
	return ret;
}

static void put_parts(struct accel_unit *unit, unsigned int from)
{
	for (unsigned int i = from; i < unit->n; i++)
		accel_request_put(unit->part[i]);
}

static void unit_work(struct wd_work *work)
{
	struct accel_request *lead = (struct accel_request *)work;
	struct accel_unit *unit = lead->unit;
	struct accel_alg *ac = lead->ac;

	lead->ret = end_parts(unit);
	for (unsigned int i = 1; i < unit->n; i++)
		wd_alg_count_request(unit->part[i]->ac->ctx);
	put_parts(unit, 1);
	accel_finished(lead);
	accel_deliver(ac);
}

/* --------------------------------------------------------------------- starting */

/* -EOPNOTSUPP: not with these operands. */
static int begin_part(const struct accel_unit *unit, unsigned int i, struct wd_request *req)
{
	struct accel_request *r = unit->part[i];
	int ret;

	accel_request_reset(r, req);
	if (r->ac->soft_key)
		return -EOPNOTSUPP;
	r->whole = true;
	r->place[ACCEL_SRC].piped = i;
	r->place[ACCEL_DST].piped = i + 1 < unit->n;
	ret = accel_request_prepare(r, false);
	if (ret)
		return ret == -ENOMEM ? -EOPNOTSUPP : ret;
	if (r->pieces == 1 && r->place[ACCEL_SRC].entries <= ACCEL_LIST_MAX &&
	    r->place[ACCEL_DST].entries <= ACCEL_LIST_MAX)
		return 0;
	accel_request_drop(r);
	return -EOPNOTSUPP;
}

static int begin_parts(struct accel_unit *unit, struct wd_request *const *reqs)
{
	struct wd_bounce_pool *pool = unit->part[0]->ac->accel->pool;
	unsigned int i, begun;
	int ret = 0;

	for (i = 0; i < unit->n; i++) {
		ret = begin_part(unit, i, reqs[i]);
		if (ret)
			break;
	}
	begun = i;
	while (ret && i)
		accel_request_drop(unit->part[--i]);
	/* Where only its own parts were in the way there will never be more room. */
	if (ret == -EAGAIN && begun && !(pool && wd_bounce_pool_is_used(pool)))
		return -EOPNOTSUPP;
	return ret;
}

/* Make the descriptors. An error is that of an operand. */
static int aim_parts(struct accel_unit *unit)
{
	struct accel_request *lead = unit->part[0];
	const unsigned int last = unit->n - 1;

	for (unsigned int i = 0; i < unit->n; i++) {
		struct accel_request *r = unit->part[i];

		*unit->failed = i;
		if (!accel_request_aim(r)) {
			r->req->fault_addr = (void *)accel_places_fault(r);
			return r->ret;
		}
		if (i == last)
			break;
		unit->before[i] = r->ring.desc;
		unit->before[i].flags |= WD_DESC_LINK;
	}
	*unit->failed = 0;
	lead->ring.desc = unit->part[last]->ring.desc;
	lead->ring.before = unit->before;
	lead->ring.nbefore = last;
	lead->ring.step = unit_step;
	lead->ring.work.run = unit_work;
	return 0;
}

static int start(struct accel_request *lead)
{
	struct accel_alg *ac = lead->ac;
	struct wd_ring_req *req = &lead->ring;
	int ret = -EIO;

	pthread_mutex_lock(&ac->lock);
	if (!ac->exiting)
		ret = wd_ring_submit(ac->accel->ring, &req, 1);
	if (ret == 1)
		TAILQ_INSERT_TAIL(&ac->fifo, lead, link);
	pthread_mutex_unlock(&ac->lock);
	return ret;
}

static struct accel_unit *get_parts(struct wd_alg_ctx *const *ctxs, unsigned int n)
{
	struct accel_request *lead = accel_request_get(ctxs[0]->private);
	struct accel_unit *unit;

	if (!lead)
		return NULL;
	if (!lead->unit)
		lead->unit = malloc(sizeof(*lead->unit));
	unit = lead->unit;
	if (!unit) {
		accel_request_put(lead);
		return NULL;
	}
	unit->part[0] = lead;
	for (unit->n = 1; unit->n < n; unit->n++) {
		unit->part[unit->n] = accel_request_get(ctxs[unit->n]->private);
		if (!unit->part[unit->n]) {
			put_parts(unit, 0);
			return NULL;
		}
	}
	return unit;
}

int accel_submit_chain(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
		       unsigned int n, unsigned int *failed)
{
	struct accel_unit *unit = get_parts(ctxs, n);
	int ret;

	if (!unit)
		return -ENOMEM;
	unit->failed = failed;
	ret = begin_parts(unit, reqs);
	if (ret)
		goto err_put;
	ret = aim_parts(unit);
	if (!ret)
		ret = start(unit->part[0]);
	if (ret == 1)
		return 1;
	for (unsigned int i = 0; i < n; i++)
		accel_request_drop(unit->part[i]);
err_put:
	put_parts(unit, 0);
	return ret;
}
