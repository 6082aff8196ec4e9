// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations that move memory or compare it. What was read waits in the stage until it
 * is written, so that a write may be tried again though it overwrote its own source. COPY
 * needs the stage only for the addresses of processes, and where there is a fault to find.
 */
#include <linux/crc32c.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "op.h"

/**
 * struct wd_move - what a job of these keeps
 * @begun: DUALCAST: the parameter block was read
 * @base:  position in the operands of the stage's first byte
 * @crc:   COPY_CRC32C: of what was read so far
 * @pos:   DUALCAST: first byte of the stage that is not written to @dst yet
 * @dst:   DUALCAST: the second destination
 */
struct wd_move {
	bool begun;
	u32 base;
	u32 crc;
	u32 pos;
	struct wd_operand dst;
};

static_assert(sizeof(struct wd_move) <= WD_JOB_PRIV);

static struct wd_move *job_move(struct wd_job *job)
{
	return (struct wd_move *)job->priv;
}

/* Bytes between an address and the beginning of the page that the byte before it is in. */
static u32 page_below(u64 end)
{
	return offset_in_page(end - 1) + 1;
}

/* What is in the stage into both destinations; what is in both counts. */
static enum wd_step put_both(struct wd_job *job, struct wd_io *io)
{
	struct wd_move *m = job_move(job);
	struct wd_stage *s = job->stage;
	bool fault = false;

	if (s->pos < s->end) {
		s->pos += wd_operand_write(&job->dst, io, m->base + s->pos, s->buf + s->pos,
					   s->end - s->pos);
		fault = s->pos < s->end;
	}
	if (!fault && m->pos < s->end) {
		m->pos += wd_operand_write(&m->dst, io, m->base + m->pos, s->buf + m->pos,
					   s->end - m->pos);
		fault = m->pos < s->end;
	}
	job->produced = m->base + min(s->pos, m->pos);
	return fault ? WD_STEP_FAULT : WD_STEP_DONE;
}

static enum wd_step put(struct wd_job *job, struct wd_io *io)
{
	enum wd_step step;

	if (job->desc.opcode == WD_OP_DUALCAST)
		step = put_both(job, io);
	else
		step = wd_stage_flush(job, io);
	job->consumed = job->produced;
	return step;
}

static bool get(struct wd_job *job, struct wd_io *io)
{
	u32 n = min(job->desc.src_len - job->produced, WD_CHUNK);
	struct wd_move *m = job_move(job);
	struct wd_stage *s = job->stage;

	n = wd_operand_read(&job->src, io, job->produced, s->buf, n);
	if (!n)
		return false;
	m->base = job->produced;
	m->pos = 0;
	s->pos = 0;
	s->end = n;
	if (job->desc.opcode == WD_OP_COPY_CRC32C)
		m->crc = crc32c(m->crc, s->buf, n);
	return true;
}

/* COPY: from page to page. Return: how much, which may be nothing. */
static u32 copy_direct(struct wd_job *job, struct wd_io *io)
{
	u64 from, to;
	u32 n;

	if (!io->copy || job->desc.opcode != WD_OP_COPY)
		return 0;
	n = min3(wd_operand_at(&job->src, io, job->produced, &from),
		 wd_operand_at(&job->dst, io, job->produced, &to),
		 min(job->desc.src_len - job->produced, WD_CHUNK));
	return n ? io->copy(io, to, from, n) : 0;
}

static enum wd_step copy_up(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	u32 start = job->produced;

	for (;;) {
		enum wd_step step = put(job, io);
		u32 n;

		if (step != WD_STEP_DONE)
			return step;
		if (job->produced == job->desc.src_len)
			return wd_step_done(res, WD_ST_OK);
		if (job->produced - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;
		n = copy_direct(job, io);
		job->produced += n;
		if (!n && !get(job, io))
			return WD_STEP_FAULT;
	}
}

/* The destination begins within the source: what is overwritten first must be read first. */
static bool copies_down(const struct wd_job *job)
{
	const struct wd_desc *d = &job->desc;

	if (job->src.pipe || job->dst.pipe)
		return false;
	return !(d->flags & WD_DESC_SGLS) && d->dst > d->src && d->dst - d->src < d->src_len;
}

/* From the end, no piece crossing a page: what is written, is written from there on. */
static enum wd_step copy_down(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	const struct wd_desc *d = &job->desc;
	struct wd_move *m = job_move(job);
	struct wd_stage *s = job->stage;
	u32 start = job->produced;
	u32 n;

	for (;;) {
		for (; s->end; s->end -= n) {
			n = min(s->end, page_below(d->dst + m->base + s->end));
			if (wd_operand_write(&job->dst, io, m->base + s->end - n,
					     s->buf + s->end - n, n) < n)
				return WD_STEP_FAULT;
			job->produced += n;
			job->consumed = job->produced;
		}
		if (job->produced == d->src_len)
			return wd_step_done(res, WD_ST_OK);
		if (job->produced - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;

		m->base = d->src_len - job->produced;
		n = min(m->base, page_below(d->src + m->base));
		if (io->copy)
			n = min(n, page_below(d->dst + m->base));
		m->base -= n;
		if (io->copy && io->copy(io, d->dst + m->base, d->src + m->base, n) == n) {
			job->produced += n;
			job->consumed = job->produced;
			continue;
		}
		if (wd_operand_read(&job->src, io, m->base, s->buf, n) < n)
			return WD_STEP_FAULT;
		s->end = n;
	}
}

static enum wd_step copy_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	return copies_down(job) ? copy_down(job, io, res) : copy_up(job, io, res);
}

static u16 copy_check(const struct wd_desc *d)
{
	u16 status = wd_check_plain(d);

	if (status != WD_ST_OK)
		return status;
	return d->dst_len >= d->src_len ? WD_ST_OK : WD_ST_BAD_LENGTH;
}

const struct wd_op wd_op_copy = {
	.algs = WD_ALG_BIT(WD_ALG_NR_MOVE),
	.flags = WD_DESC_SGLS,
	.has = WD_OP_LINKS,
	.check = copy_check,
	.begin = wd_stage_begin,
	.step = copy_step,
};

static u16 copy_crc_check(const struct wd_desc *d)
{
	struct wd_desc copy = *d;

	copy.op = 0;		/* a CRC: any value */
	return copy_check(&copy);
}

static u16 copy_crc_begin(struct wd_chan *c, struct wd_job *job)
{
	job_move(job)->crc = ~job->desc.op;
	return wd_stage_begin(c, job);
}

static enum wd_step copy_crc_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	enum wd_step step = copy_up(job, io, res);

	if (step == WD_STEP_DONE)
		res->info = (u32)~job_move(job)->crc;
	return step;
}

const struct wd_op wd_op_copy_crc32c = {
	.algs = WD_ALG_BIT(WD_ALG_NR_COPY_CRC),
	.flags = WD_DESC_SGLS,
	.has = WD_OP_LINKS | WD_OP_TELLS,
	.check = copy_crc_check,
	.begin = copy_crc_begin,
	.step = copy_crc_step,
};

static u16 dualcast_param(struct wd_job *job, const struct wd_dualcast_param *p)
{
	bool list = job->desc.flags & WD_DESC_DST_SGL;

	if (p->reserved)
		return WD_ST_BAD_PARAM;
	if (list && !IS_ALIGNED(p->dst, sizeof(struct wd_sge)))
		return WD_ST_BAD_SGL;
	wd_operand_init(&job_move(job)->dst, p->dst, job->desc.dst_len, list,
			WD_CQE_FAULT_PARAM);
	job_move(job)->begun = true;
	return WD_ST_OK;
}

static enum wd_step dualcast_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	if (!job_move(job)->begun) {
		struct wd_dualcast_param p;
		u16 status;

		if (!wd_param_read(io, &p, job->desc.param, sizeof(p)))
			return WD_STEP_FAULT;
		status = dualcast_param(job, &p);
		if (status != WD_ST_OK)
			return wd_step_done(res, status);
	}
	return copy_up(job, io, res);
}

const struct wd_op wd_op_dualcast = {
	.algs = WD_ALG_BIT(WD_ALG_NR_MOVE),
	.flags = WD_DESC_SGLS,
	.has = WD_OP_HAS_PARAM,
	.check = copy_check,
	.begin = wd_stage_begin,
	.step = dualcast_step,
};

static u16 fill_check(const struct wd_desc *d)
{
	struct wd_desc copy = *d;

	if (d->src_len)
		return WD_ST_BAD_FLAGS;
	copy.src_len = d->dst_len;
	return wd_check_plain(&copy);
}

/* The pattern over and over, so that @n bytes are there from any position of it on. */
static void repeat(void *buf, u64 pattern, u32 n)
{
	memset64(buf, pattern, DIV_ROUND_UP(n + sizeof(pattern) - 1, sizeof(pattern)));
}

static enum wd_step fill_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	const struct wd_desc *d = &job->desc;
	const u32 most = WD_CHUNK - sizeof(u64);
	u32 start = job->produced;

	repeat(io->bounce, d->src, min(d->dst_len - start, most));
	while (job->produced < d->dst_len) {
		u32 n = min(d->dst_len - job->produced, most);
		u32 done;

		if (job->produced - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;
		done = wd_operand_write(&job->dst, io, job->produced,
					io->bounce + job->produced % sizeof(u64), n);
		job->produced += done;
		if (done < n)
			return WD_STEP_FAULT;
	}
	return wd_step_done(res, WD_ST_OK);
}

const struct wd_op wd_op_fill = {
	.algs = WD_ALG_BIT(WD_ALG_NR_MOVE),
	.flags = WD_DESC_DST_SGL,
	.has = WD_OP_LINK_DST,
	.check = fill_check,
	.step = fill_step,
};

/* How many bytes are the same, from the first on. */
static u32 equal_bytes(const u8 *a, const u8 *b, u32 n)
{
	u32 i;

	for (i = 0; i + sizeof(u64) <= n; i += sizeof(u64)) {
		u64 diff = get_unaligned_le64(a + i) ^ get_unaligned_le64(b + i);

		if (diff)
			return i + __ffs64(diff) / 8;
	}
	while (i < n && a[i] == b[i])
		i++;
	return i;
}

static enum wd_step differs(const struct wd_job *job, struct wd_result *res)
{
	*res = (struct wd_result) { .info = job->consumed, .aux = WD_CQE_DIFFERS };
	return WD_STEP_DONE;
}

static u16 compare_check(const struct wd_desc *d)
{
	u16 status = wd_check_plain(d);

	if (status != WD_ST_OK)
		return status;
	return d->dst_len == d->src_len ? WD_ST_OK : WD_ST_BAD_LENGTH;
}

/**
 * struct wd_same - what an operand is compared with
 * @with: bytes
 * @mask: of @pos: the bytes come again and again
 * @pos:  the first one that is not known to be the same
 */
struct wd_same {
	const u8 *with;
	u32 mask;
	u32 pos;
};

static u32 same_visit(void *ctx, const u8 *p, u32 n)
{
	struct wd_same *same = ctx;

	n = equal_bytes(same->with + (same->pos & same->mask), p, n);
	same->pos += n;
	return n;
}

/* Up to @n bytes, where they are if they can be seen there. Return: AGAIN, or DONE: they differ. */
static enum wd_step compare_some(struct wd_job *job, struct wd_io *io, struct wd_operand *op,
				 struct wd_same *same, u32 n)
{
	u32 got = wd_operand_visit(op, io, job->consumed, n, same_visit, same);
	enum wd_step step = WD_STEP_AGAIN;

	if (!got) {
		n = wd_operand_read(op, io, job->consumed, io->bounce, n);
		if (!n)
			return WD_STEP_FAULT;
		got = same_visit(same, io->bounce, n);
		if (got < n)
			step = WD_STEP_DONE;
	}
	job->consumed += got;
	return step;
}

static enum wd_step compare_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	const struct wd_desc *d = &job->desc;
	struct wd_stage *s = job->stage;
	u32 start = job->consumed;

	while (job->consumed < d->src_len) {
		struct wd_same same = { .with = s->buf, .mask = U32_MAX };
		enum wd_step step;

		if (s->pos == s->end) {
			if (job->consumed - start >= WD_QUANTUM)
				return WD_STEP_AGAIN;
			s->pos = 0;
			s->end = wd_operand_read(&job->src, io, job->consumed, s->buf,
						 min(d->src_len - job->consumed, WD_CHUNK));
			if (!s->end)
				return WD_STEP_FAULT;
		}
		same.pos = s->pos;
		step = compare_some(job, io, &job->dst, &same, s->end - s->pos);
		s->pos = same.pos;
		if (step == WD_STEP_FAULT)
			return step;
		if (step == WD_STEP_DONE)
			return differs(job, res);
	}
	return wd_step_done(res, WD_ST_OK);
}

const struct wd_op wd_op_compare = {
	.algs = WD_ALG_BIT(WD_ALG_NR_MOVE),
	.flags = WD_DESC_SGLS,
	.has = WD_OP_LINK_SRC | WD_OP_TELLS,
	.check = compare_check,
	.begin = wd_stage_begin,
	.step = compare_step,
};

static u16 compare_pattern_check(const struct wd_desc *d)
{
	return d->dst_len ? WD_ST_BAD_FLAGS : wd_check_plain(d);
}

static enum wd_step compare_pattern_step(struct wd_job *job, struct wd_io *io,
					 struct wd_result *res)
{
	const struct wd_desc *d = &job->desc;
	const u32 most = WD_CHUNK / 2 - sizeof(u64);
	u8 *pattern = io->bounce + WD_CHUNK / 2;
	struct wd_same same = {
		.with = pattern, .mask = sizeof(u64) - 1, .pos = job->consumed,
	};
	u32 start = job->consumed;

	repeat(pattern, d->dst, min(d->src_len - start, most));
	while (job->consumed < d->src_len) {
		enum wd_step step;

		if (job->consumed - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;
		step = compare_some(job, io, &job->src, &same,
				    min(d->src_len - job->consumed, most));
		if (step == WD_STEP_FAULT)
			return step;
		if (step == WD_STEP_DONE)
			return differs(job, res);
	}
	return wd_step_done(res, WD_ST_OK);
}

const struct wd_op wd_op_compare_pattern = {
	.algs = WD_ALG_BIT(WD_ALG_NR_MOVE),
	.flags = WD_DESC_SRC_SGL,
	.has = WD_OP_LINK_SRC | WD_OP_TELLS,
	.check = compare_pattern_check,
	.step = compare_pattern_step,
};
