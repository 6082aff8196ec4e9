// SPDX-License-Identifier: GPL-2.0-only
/*
 * T10 protection information, behind each block of data (DIF) or in memory of its own
 * (DIX). A few whole blocks at a time are gathered in the stage, checked, rewritten
 * there and written to the destination.
 */
#include <linux/crc-t10dif.h>
#include <linux/unaligned.h>

#include "op.h"

#define WD_DIF_TUPLE		8
#define WD_DIF_CHECKS		(WD_DIF_GUARD | WD_DIF_APP | WD_DIF_REF)
#define WD_DIF_NO_APP		0xffff		/* a block that is not checked */
#define WD_DIF_NO_REF		0xffffffff	/* type 3: and this */

/* What the operations differ in. */
#define WD_DIF_IN	BIT(0)	/* protection comes with the data */
#define WD_DIF_OUT	BIT(1)	/* and goes with it */
#define WD_DIF_DST	BIT(2)	/* there is a destination */
#define WD_DIF_META	BIT(3)	/* protection in its own memory */
#define WD_DIF_VERIFIES	BIT(4)

/**
 * struct wd_dif - what a job keeps. DIX: its destination is the protection's memory
 * @p:       the parameter block
 * @begun:   which was read and is good
 * @have:    bytes of the data at the beginning of the stage
 * @meta_have: DIX_VERIFY: bytes of protection behind it
 * @taken:   blocks of the source that went through the stage, but for what is there now
 * @wrong:   WD_CQE_DIF_* of the block behind those taken, which is the end
 */
struct wd_dif {
	struct wd_dif_param p;
	bool begun;
	u32 have;
	u32 meta_have;
	u32 taken;
	u32 wrong;
};

static_assert(sizeof(struct wd_dif) <= WD_JOB_PRIV);

static struct wd_dif *job_dif(struct wd_job *job)
{
	return (struct wd_dif *)job->priv;
}

static unsigned int traits(const struct wd_job *job)
{
	switch (job->desc.opcode) {
	case WD_OP_DIF_INSERT:
		return WD_DIF_OUT | WD_DIF_DST;
	case WD_OP_DIF_VERIFY:
		return WD_DIF_IN | WD_DIF_VERIFIES;
	case WD_OP_DIF_STRIP:
		return WD_DIF_IN | WD_DIF_DST | WD_DIF_VERIFIES;
	case WD_OP_DIF_UPDATE:
		return WD_DIF_IN | WD_DIF_OUT | WD_DIF_DST | WD_DIF_VERIFIES;
	case WD_OP_DIX_GENERATE:
		return WD_DIF_META;
	default:
		return WD_DIF_META | WD_DIF_VERIFIES;
	}
}

/* Bytes of a block at the source. */
static u32 block_in(const struct wd_job *job, const struct wd_dif *f)
{
	return f->p.block + (traits(job) & WD_DIF_IN ? WD_DIF_TUPLE : 0);
}

/* Bytes that one is written as; 0: nothing is written. */
static u32 block_out(const struct wd_job *job, const struct wd_dif *f)
{
	unsigned int t = traits(job);

	if (t & WD_DIF_DST)
		return f->p.block + (t & WD_DIF_OUT ? WD_DIF_TUPLE : 0);
	return (t & WD_DIF_META) && !(t & WD_DIF_VERIFIES) ? WD_DIF_TUPLE : 0;
}

static u16 dif_lengths(const struct wd_job *job, const struct wd_dif *f)
{
	const struct wd_desc *d = &job->desc;
	u32 blocks = d->src_len / block_in(job, f);

	if (d->src_len % block_in(job, f))
		return WD_ST_BAD_LENGTH;
	if (traits(job) & WD_DIF_DST && d->dst_len < (u64)blocks * block_out(job, f))
		return WD_ST_BAD_LENGTH;
	return WD_ST_OK;
}

static u16 dif_meta(struct wd_job *job, const struct wd_dif_param *p)
{
	bool list = p->meta_flags & WD_DIF_META_SGL;

	if (p->meta_flags & ~WD_DIF_META_SGL ||
	    p->meta_len < job->desc.src_len / p->block * WD_DIF_TUPLE)
		return WD_ST_BAD_PARAM;
	if (list && !IS_ALIGNED(p->meta, sizeof(struct wd_sge)))
		return WD_ST_BAD_SGL;
	wd_operand_init(&job->dst, p->meta, p->meta_len, list, WD_CQE_FAULT_PARAM);
	return WD_ST_OK;
}

/* What the parameter block says, and what it is said about. */
static u16 dif_check_param(struct wd_job *job, const struct wd_dif *f)
{
	const struct wd_dif_param *p = &f->p;
	u16 status;

	if (p->type < 1 || p->type > 3 || p->checks & ~WD_DIF_CHECKS ||
	    (p->block != 512 && p->block != 4096) ||
	    memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return WD_ST_BAD_PARAM;
	status = dif_lengths(job, f);
	if (status == WD_ST_OK && traits(job) & WD_DIF_META)
		status = dif_meta(job, p);
	return status;
}

/* The reference tag of the block behind @nr others. */
static u32 ref_at(const struct wd_dif *f, u32 first, u32 nr)
{
	return f->p.type == 3 ? first : first + nr;
}

static u32 block_wrong(const struct wd_dif *f, const u8 *data, const u8 *tuple, u32 nr)
{
	u16 app = get_unaligned_be16(tuple + 2);
	u32 ref = get_unaligned_be32(tuple + 4);
	u32 wrong = 0;

	if (app == WD_DIF_NO_APP && (f->p.type != 3 || ref == WD_DIF_NO_REF))
		return 0;
	if (f->p.checks & WD_DIF_GUARD &&
	    get_unaligned_be16(tuple) != crc_t10dif(data, f->p.block))
		wrong |= WD_CQE_DIF_GUARD;
	if (f->p.checks & WD_DIF_APP && (app ^ f->p.app_tag) & f->p.app_mask)
		wrong |= WD_CQE_DIF_APP;
	if (f->p.checks & WD_DIF_REF && ref != ref_at(f, f->p.ref_tag, nr))
		wrong |= WD_CQE_DIF_REF;
	return wrong;
}

/* How many of @n blocks in the stage are good, from the first on. */
static u32 verify(const struct wd_job *job, struct wd_dif *f, u32 n)
{
	u32 size = block_in(job, f);
	const u8 *data = job->stage->buf;
	const u8 *tuple = data + f->p.block;
	u32 step = size, i;

	if (traits(job) & WD_DIF_META) {
		tuple = data + n * size;
		step = WD_DIF_TUPLE;
	}
	for (i = 0; i < n && !f->wrong; i++)
		f->wrong = block_wrong(f, data + i * size, tuple + i * step, f->taken + i);
	return f->wrong ? i - 1 : i;
}

static void put_tuple(const struct wd_job *job, const struct wd_dif *f, u8 *tuple,
		      const u8 *data, u32 nr)
{
	bool update = job->desc.opcode == WD_OP_DIF_UPDATE;
	u32 first = update ? f->p.new_ref_tag : f->p.ref_tag;

	put_unaligned_be16(crc_t10dif(data, f->p.block), tuple);
	put_unaligned_be16(update ? f->p.new_app_tag : f->p.app_tag, tuple + 2);
	put_unaligned_be32(ref_at(f, first, f->taken + nr), tuple + 4);
}

/* @n blocks in the stage, as they are to be written; the last first where they grow. */
static void rewrite(const struct wd_job *job, const struct wd_dif *f, u32 n)
{
	u32 in = block_in(job, f), out = block_out(job, f);
	struct wd_stage *s = job->stage;
	u8 *buf = s->buf;
	u32 i;

	s->pos = 0;
	s->end = n * out;
	switch (job->desc.opcode) {
	case WD_OP_DIF_INSERT:
		for (i = n; i--; ) {
			memmove(buf + i * out, buf + i * in, in);
			put_tuple(job, f, buf + i * out + in, buf + i * out, i);
		}
		break;
	case WD_OP_DIF_STRIP:
		for (i = 1; i < n; i++)
			memmove(buf + i * out, buf + i * in, out);
		break;
	case WD_OP_DIF_UPDATE:
		for (i = 0; i < n; i++)
			put_tuple(job, f, buf + i * out + f->p.block, buf + i * out, i);
		break;
	case WD_OP_DIX_GENERATE:
		s->pos = n * in;
		s->end += s->pos;
		for (i = 0; i < n; i++)
			put_tuple(job, f, buf + s->pos + i * out, buf + i * in, i);
		break;
	}
}

/* What is to be written; of the source counts what is written completely, or goes nowhere. */
static enum wd_step dif_flush(struct wd_job *job, struct wd_io *io, struct wd_dif *f)
{
	u32 in = block_in(job, f), out = block_out(job, f);
	enum wd_step step;

	if (!out) {
		job->consumed = f->taken * in;
		return WD_STEP_DONE;
	}
	step = wd_stage_flush(job, io);
	job->consumed = job->produced / out * in;
	return step;
}

/* Gather @n blocks in the stage, with their protection. Return: false, some are missing now. */
static bool gather(struct wd_job *job, struct wd_io *io, struct wd_dif *f, u32 n)
{
	unsigned int t = traits(job);
	u32 in = block_in(job, f);
	u32 len = n * in, meta = n * WD_DIF_TUPLE;
	u8 *buf = job->stage->buf;

	if (f->have < len)
		f->have += wd_operand_read(&job->src, io, f->taken * in + f->have,
					   buf + f->have, len - f->have);
	if (f->have < len)
		return false;
	if (!(t & WD_DIF_META) || !(t & WD_DIF_VERIFIES))
		return true;
	if (f->meta_have < meta)
		f->meta_have += wd_operand_read(&job->dst, io,
						f->taken * WD_DIF_TUPLE + f->meta_have,
						buf + len + f->meta_have, meta - f->meta_have);
	return f->meta_have == meta;
}

static enum wd_step dif_end(const struct wd_job *job, const struct wd_dif *f,
			    struct wd_result *res)
{
	*res = (struct wd_result) {};
	if (f->wrong) {
		res->status = WD_ST_DIF;
		res->info = f->taken;
		res->aux = f->wrong;
	}
	return WD_STEP_DONE;
}

static enum wd_step dif_blocks(struct wd_job *job, struct wd_io *io, struct wd_dif *f,
			       struct wd_result *res)
{
	u32 all = job->desc.src_len / block_in(job, f);
	u32 most = WD_CHUNK / (f->p.block + WD_DIF_TUPLE);
	u32 start = f->taken;

	for (;;) {
		enum wd_step step = dif_flush(job, io, f);
		u32 n;

		if (step != WD_STEP_DONE)
			return step;
		if (f->wrong || f->taken == all)
			return dif_end(job, f, res);
		if ((f->taken - start) * f->p.block >= WD_QUANTUM)
			return WD_STEP_AGAIN;

		n = min(all - f->taken, most);
		if (!gather(job, io, f, n))
			return WD_STEP_FAULT;
		if (traits(job) & WD_DIF_VERIFIES)
			n = verify(job, f, n);
		rewrite(job, f, n);
		f->taken += n;
		f->have = 0;
		f->meta_have = 0;
	}
}

static enum wd_step dif_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_dif *f = job_dif(job);

	if (!f->begun) {
		u16 status;

		if (!wd_param_read(io, &f->p, job->desc.param, sizeof(f->p)))
			return WD_STEP_FAULT;
		status = dif_check_param(job, f);
		if (status != WD_ST_OK)
			return wd_step_done(res, status);
		f->begun = true;
	}
	return dif_blocks(job, io, f, res);
}

static u16 dif_shrink(struct wd_job *job)
{
	const struct wd_dif *f = job_dif(job);

	return f->begun ? dif_lengths(job, f) : WD_ST_OK;
}

static u16 no_dst_check(const struct wd_desc *d)
{
	return d->dst || d->dst_len ? WD_ST_BAD_FLAGS : wd_check_plain(d);
}

#define WD_DIF_OP(list_flags, links, check_fn) {	\
	.algs = WD_ALG_BIT(WD_ALG_NR_DIF),		\
	.flags = (list_flags),				\
	.has = WD_OP_HAS_PARAM | (links),		\
	.check = (check_fn),				\
	.begin = wd_stage_begin,			\
	.shrink = dif_shrink,				\
	.step = dif_step,				\
}

const struct wd_op wd_op_dif_insert = WD_DIF_OP(WD_DESC_SGLS, WD_OP_LINKS, wd_check_plain);
const struct wd_op wd_op_dif_verify = WD_DIF_OP(WD_DESC_SRC_SGL, WD_OP_LINK_SRC, no_dst_check);
const struct wd_op wd_op_dif_strip = WD_DIF_OP(WD_DESC_SGLS, WD_OP_LINKS, wd_check_plain);
const struct wd_op wd_op_dif_update = WD_DIF_OP(WD_DESC_SGLS, WD_OP_LINKS, wd_check_plain);
const struct wd_op wd_op_dix_generate = WD_DIF_OP(WD_DESC_SRC_SGL, 0, no_dst_check);
const struct wd_op wd_op_dix_verify = WD_DIF_OP(WD_DESC_SRC_SGL, 0, no_dst_check);
