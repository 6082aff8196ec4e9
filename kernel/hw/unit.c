// SPDX-License-Identifier: GPL-2.0-only
/*
 * Units: LINKed descriptors, done in one pass over the data. Each is a job as any other,
 * but that what lies between two of them is a pipe. Where a job finds its pipe empty or
 * full it stops as it does at a page that is not there, and its neighbour has its turn;
 * so the data goes through all of them while it is in the cache. A COPY beside another
 * operation is none of the jobs: its neighbour reads or writes for it.
 */
#include <linux/bitops.h>
#include <linux/slab.h>

#include "op.h"

/**
 * struct wd_unit - a unit being carried out; kept by the channel for the next one
 * @n:      its jobs: wd_chan.job and some of @more
 * @begun:  how many of them were begun
 * @at:     the one that was worked on last
 * @done:   bits of those that are through
 * @teller: behind the last of those that has something to tell
 * @told:   what
 * @own:    which descriptor of the unit each job is
 * @more:   all jobs but the first
 * @stages: their stages
 * @pipes:  each from a job to the next one
 */
struct wd_unit {
	unsigned int n;
	unsigned int begun;
	unsigned int at;
	unsigned int teller;
	unsigned long done;
	struct wd_result told;
	u8 own[WD_LINK_MAX];
	struct wd_job more[WD_LINK_MAX - 1];
	struct wd_stage stages[WD_LINK_MAX - 1];
	struct wd_pipe pipes[WD_LINK_MAX - 1];
};

/* -------------------------------------------------------------------- pipes */

static_assert(!(WD_PIPE_SIZE & (WD_PIPE_SIZE - 1)));

static u8 *pipe_at(const struct wd_pipe *p, u32 pos, size_t *len)
{
	u32 off = pos % WD_PIPE_SIZE;

	*len = min_t(size_t, *len, WD_PIPE_SIZE - off);
	return p->stage.buf + off;
}

/* From @pos on; what is before will not be asked for again. */
size_t wd_pipe_read(struct wd_pipe *p, u32 pos, void *to, size_t len)
{
	size_t done, n;

	p->tail = pos;
	len = min_t(size_t, len, p->head - pos);
	for (done = 0; done < len; done += n) {
		const u8 *from;

		n = len - done;
		from = pipe_at(p, pos + done, &n);
		memcpy(to + done, from, n);
	}
	return len;
}

size_t wd_pipe_write(struct wd_pipe *p, const void *from, size_t len)
{
	size_t done, n;

	if (!p->closed) {
		len = min_t(size_t, len, WD_PIPE_SIZE - (p->head - p->tail));
		for (done = 0; done < len; done += n) {
			u8 *to;

			n = len - done;
			to = pipe_at(p, p->head + done, &n);
			memcpy(to, from + done, n);
		}
	}
	p->head += len;
	return len;
}

/* ------------------------------------------------------------------- checks */

bool wd_unit_take(struct wd_chan *c)
{
	const struct wd_desc *d = &c->job.desc;

	c->link[c->links++] = *d;
	return !(d->flags & WD_DESC_LINK) || c->links == min_t(u32, c->sq_depth, WD_LINK_MAX);
}

/* Two jobs cannot have the same state. */
static bool shares_slot(const struct wd_chan *c, unsigned int nr, const struct wd_op *op)
{
	unsigned int i;

	if (!op->slot)
		return false;
	for (i = 0; i < nr; i++) {
		const struct wd_op *other = wd_op_find(c->link[i].opcode);

		if (other->slot && other->slot(&c->link[i]) == op->slot(&c->link[nr]))
			return true;
	}
	return false;
}

static u16 check_link(const struct wd_chan *c, unsigned int nr)
{
	struct wd_desc d = c->link[nr];
	bool more = d.flags & WD_DESC_LINK;
	const struct wd_op *op = wd_op_find(d.opcode);
	u16 status;

	if (!op)
		return WD_ST_BAD_OPCODE;
	if ((more && (nr + 1 == c->links || !(op->has & WD_OP_LINK_DST))) ||
	    (nr && !(op->has & WD_OP_LINK_SRC)))
		return WD_ST_BAD_LINK;
	if ((more && (d.dst || d.flags & WD_DESC_DST_SGL)) ||
	    (nr && (d.src || d.flags & WD_DESC_SRC_SGL)))
		return WD_ST_BAD_FLAGS;
	d.flags &= ~WD_DESC_LINK;
	status = wd_desc_check(&d);
	if (status != WD_ST_OK)
		return status;
	if (nr && d.src_len != c->link[nr - 1].dst_len)
		return WD_ST_BAD_LENGTH;
	return shares_slot(c, nr, op) ? WD_ST_BAD_STREAM : WD_ST_OK;
}

bool wd_unit_check(struct wd_chan *c, struct wd_cqe *cqe)
{
	unsigned int i;

	for (i = 0; i < c->links; i++) {
		cqe->status = check_link(c, i);
		cqe->aux = i << WD_CQE_LINK_SHIFT;
		if (cqe->status != WD_ST_OK)
			return false;
	}
	return true;
}

/* -------------------------------------------------------------------- begin */

static struct wd_job *unit_job(struct wd_chan *c, unsigned int nr)
{
	return nr ? &c->unit->more[nr - 1] : &c->job;
}

struct wd_job *wd_unit_job(struct wd_chan *c)
{
	return unit_job(c, c->unit->at);
}

/* Which descriptors are jobs. */
static void choose_jobs(struct wd_chan *c, struct wd_unit *u)
{
	unsigned int last = c->links - 1, i;

	u->n = 0;
	for (i = 0; i <= last; i++)
		if (c->link[i].opcode != WD_OP_COPY || (i == last && !u->n))
			u->own[u->n++] = i;
	for (i = 0; i < u->n; i++) {
		struct wd_desc *d = &unit_job(c, i)->desc;

		*d = c->link[u->own[i]];
		d->flags &= ~WD_DESC_LINK;
	}
}

/* What the COPY before the first job, and that behind the last one, would do. */
static void take_copies(struct wd_chan *c, struct wd_unit *u)
{
	const struct wd_desc *head = &c->link[0], *end = &c->link[c->links - 1];
	struct wd_desc *first = &c->job.desc, *last = &unit_job(c, u->n - 1)->desc;

	if (u->own[0]) {
		first->src = head->src;
		first->src_len = head->src_len;
		first->flags |= head->flags & WD_DESC_SRC_SGL;
	}
	if (u->own[u->n - 1] < c->links - 1) {
		last->dst = end->dst;
		last->flags |= end->flags & WD_DESC_DST_SGL;
	}
}

static bool connect(struct wd_chan *c, struct wd_unit *u, unsigned int nr)
{
	struct wd_pipe *p = &u->pipes[nr - 1];

	p->tail = 0;
	p->head = 0;
	p->closed = false;
	unit_job(c, nr - 1)->dst.pipe = p;
	unit_job(c, nr)->src.pipe = p;
	return wd_stage_fit(c, &p->stage, WD_PIPE_SIZE);
}

static u16 begin_job(struct wd_chan *c, struct wd_unit *u)
{
	struct wd_job *job = unit_job(c, u->at);
	u16 status;

	wd_job_init(c, job, u->at ? &u->stages[u->at - 1] : &c->stage);
	if (u->at && !connect(c, u, u->at))
		return WD_ST_NO_RESOURCE;
	/* A COPY may have said less than it has room for. */
	status = job->op->check(&job->desc);
	if (status == WD_ST_OK && job->op->begin)
		status = job->op->begin(c, job);
	return status;
}

void wd_unit_begin(struct wd_chan *c, struct wd_result *res)
{
	struct wd_unit *u = c->unit;

	if (!u)
		u = kzalloc(sizeof(*u), GFP_KERNEL);
	res->status = WD_ST_NO_RESOURCE;
	if (!u)
		return;
	c->unit = u;
	u->begun = 0;
	u->teller = 0;
	u->told = (struct wd_result) {};
	u->done = 0;
	choose_jobs(c, u);
	take_copies(c, u);
	for (u->at = 0; u->at < u->n; u->at++) {
		res->status = begin_job(c, u);
		if (res->status != WD_ST_OK)
			return;
		u->begun++;
	}
	u->at = 0;
}

/* --------------------------------------------------------------------- work */

/* All that went anywhere, in bytes. */
static u64 moved(struct wd_chan *c, const struct wd_unit *u)
{
	u64 sum = (u64)c->job.consumed + unit_job(c, u->n - 1)->produced;
	unsigned int i;

	for (i = 0; i + 1 < u->n; i++)
		sum += u->pipes[i].head;
	return sum;
}

/* The job before made @len bytes and no more. */
static u16 source_ends(struct wd_job *job, u32 len)
{
	u16 status;

	if (len >= job->desc.src_len)
		return WD_ST_OK;
	job->desc.src_len = len;
	status = job->op->check(&job->desc);
	return status == WD_ST_OK && job->op->shrink ? job->op->shrink(job) : status;
}

/* A job is through; *@res is what it came to. Return: true, *@res is what the unit came to. */
static bool job_done(struct wd_chan *c, struct wd_unit *u, struct wd_result *res)
{
	const struct wd_job *job = wd_unit_job(c);
	unsigned int nr = u->at;

	if (res->status != WD_ST_OK)
		return true;
	if (job->op->has & WD_OP_TELLS && nr >= u->teller) {
		u->teller = nr + 1;
		u->told = *res;
	}
	__set_bit(nr, &u->done);
	/* What the jobs before still make is nobody's, but they may have something to say. */
	if (nr)
		u->pipes[nr - 1].closed = true;
	if (nr + 1 < u->n && !test_bit(nr + 1, &u->done)) {
		u->at = nr + 1;
		res->status = source_ends(wd_unit_job(c), job->produced);
		if (res->status != WD_ST_OK) {
			*res = (struct wd_result) { .status = res->status };
			return true;
		}
	}
	if (hweight_long(u->done) < u->n) {
		u->at = __fls(~u->done & GENMASK(u->n - 1, 0));
		return false;
	}
	*res = u->told;
	return true;
}

enum wd_step wd_unit_step(struct wd_chan *c, struct wd_io *io, struct wd_result *res)
{
	struct wd_unit *u = c->unit;
	u64 start = moved(c, u);

	do {
		struct wd_job *job = wd_unit_job(c);
		enum wd_step step = job->op->step(job, io, res);

		if (step == WD_STEP_AGAIN || (step == WD_STEP_FAULT && !io->pipe))
			return step;
		if (step == WD_STEP_DONE) {
			if (job_done(c, u, res))
				return step;
		} else if (io->fault_write) {
			u->at++;
		} else {
			u->at--;
		}
	} while (moved(c, u) - start < WD_QUANTUM);
	return WD_STEP_AGAIN;
}

/* ---------------------------------------------------------------------- end */

/* Which descriptor it is that failed: a fault may be that of a COPY. */
static u32 failed(const struct wd_chan *c, const struct wd_result *res)
{
	bool fault = (res->status & ~0xf) == WD_ST_FAULT_UNMAPPED || res->aux & WD_CQE_FAULT_SGL;

	if (!c->unit)
		return 0;
	if (!fault || res->aux & WD_CQE_FAULT_PARAM)
		return c->unit->own[c->unit->at];
	return res->aux & WD_CQE_FAULT_DST ? c->links - 1 : 0;
}

static void end_job(struct wd_chan *c, struct wd_job *job, bool good)
{
	if (job->op->end)
		job->op->end(c, job);
	if (!good && job->op->slot && job->op->slot(&job->desc) < WD_STREAMS)
		wd_chan_close_stream(c, job->op->slot(&job->desc));
}

void wd_unit_end(struct wd_chan *c, const struct wd_result *res, struct wd_cqe *cqe)
{
	bool good = res->status == WD_ST_OK;
	struct wd_unit *u = c->unit;
	unsigned int i;

	*cqe = (struct wd_cqe) {
		.tag = c->link[c->links - 1].tag,
		.info = res->info,
		.aux = res->aux,
		.status = res->status,
	};
	for (i = 0; u && i < u->begun; i++)
		end_job(c, unit_job(c, i), good);
	if (good) {
		cqe->consumed = u->own[0] ? c->link[0].src_len : c->job.consumed;
		cqe->produced = unit_job(c, u->n - 1)->produced;
	} else {
		cqe->aux |= failed(c, res) << WD_CQE_LINK_SHIFT;
	}
	c->links = 0;
}

void wd_unit_free(struct wd_chan *c)
{
	struct wd_unit *u = c->unit;
	unsigned int i;

	if (!u)
		return;
	for (i = 0; i < WD_LINK_MAX - 1; i++) {
		wd_stage_free(c, &u->stages[i]);
		wd_stage_free(c, &u->pipes[i].stage);
	}
	kfree_sensitive(u);
	c->unit = NULL;
}
