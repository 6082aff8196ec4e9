// SPDX-License-Identifier: GPL-2.0-only
/*
 * XOR of several sources. The kernel's crypto_xor() computes: xor_blocks(), which RAID
 * uses, wants aligned pages of whole cache lines, and newer kernels have it no more.
 */
#include <crypto/utils.h>

#include "op.h"

/**
 * struct wd_xor - what a job keeps, at the beginning of the stage
 * @src:   sources
 * @count: how many
 * @next:  the one that is read
 * @have:  bytes of it that the present chunk has already
 * @acc:   the chunk: what the sources before came to
 */
struct wd_xor {
	struct wd_operand src[WD_XOR_MAX];
	u32 count;
	u32 next;
	u32 have;
	u8 acc[] __aligned(8);
};

static u16 xor_check(const struct wd_desc *d)
{
	u16 status = d->src ? WD_ST_BAD_FLAGS : wd_check_plain(d);

	if (status != WD_ST_OK)
		return status;
	return d->dst_len >= d->src_len ? WD_ST_OK : WD_ST_BAD_LENGTH;
}

static u16 xor_begin(struct wd_chan *c, struct wd_job *job)
{
	struct wd_xor *x;

	if (!wd_stage_fit(c, job->stage, struct_size(x, acc, WD_CHUNK)))
		return WD_ST_NO_RESOURCE;
	x = (struct wd_xor *)job->stage->buf;
	x->count = 0;
	return WD_ST_OK;
}

static u16 xor_param(const struct wd_desc *d, struct wd_xor *x, const struct wd_xor_param *p)
{
	bool list = d->flags & WD_DESC_SRC_SGL;
	u32 i;

	if (!p->count || p->count > WD_XOR_MAX || memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return WD_ST_BAD_PARAM;
	for (i = 0; i < p->count; i++) {
		if (list && !IS_ALIGNED(p->src[i], sizeof(struct wd_sge)))
			return WD_ST_BAD_SGL;
		wd_operand_init(&x->src[i], p->src[i], d->src_len, list, WD_CQE_FAULT_PARAM);
	}
	x->count = p->count;
	x->next = 0;
	x->have = 0;
	return WD_ST_OK;
}

static u32 xor_visit(void *ctx, const u8 *p, u32 n)
{
	struct wd_xor *x = ctx;

	crypto_xor(x->acc + x->have, p, n);
	x->have += n;
	return n;
}

/* Some of the present chunk's @n bytes from one source. Return: false, there are none now. */
static bool xor_read(struct wd_job *job, struct wd_io *io, struct wd_xor *x, u32 n)
{
	struct wd_operand *src = &x->src[x->next];
	u32 pos = job->produced + x->have;
	u32 got;

	if (!x->next) {
		got = wd_operand_read(src, io, pos, x->acc + x->have, n - x->have);
		x->have += got;
		return got;
	}
	if (wd_operand_visit(src, io, pos, n - x->have, xor_visit, x))
		return true;
	got = wd_operand_read(src, io, pos, io->bounce, n - x->have);
	return got && xor_visit(x, io->bounce, got);
}

static enum wd_step xor_chunks(struct wd_job *job, struct wd_io *io, struct wd_xor *x,
			       struct wd_result *res)
{
	struct wd_stage *s = job->stage;
	u32 work = 0;

	for (;;) {
		enum wd_step step = wd_stage_flush(job, io);
		u32 n;

		job->consumed = job->produced;
		if (step != WD_STEP_DONE)
			return step;
		if (job->produced == job->desc.src_len)
			return wd_step_done(res, WD_ST_OK);
		if (work >= WD_QUANTUM)
			return WD_STEP_AGAIN;

		n = min(job->desc.src_len - job->produced, WD_CHUNK);
		for (; x->next < x->count; x->next++, x->have = 0) {
			while (x->have < n)
				if (!xor_read(job, io, x, n))
					return WD_STEP_FAULT;
			work += n;
		}
		x->next = 0;
		s->pos = x->acc - s->buf;
		s->end = s->pos + n;
	}
}

static enum wd_step xor_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_xor *x = (struct wd_xor *)job->stage->buf;

	if (!x->count) {
		struct wd_xor_param p;
		u16 status;

		if (!wd_param_read(io, &p, job->desc.param, sizeof(p)))
			return WD_STEP_FAULT;
		status = xor_param(&job->desc, x, &p);
		if (status != WD_ST_OK)
			return wd_step_done(res, status);
	}
	return xor_chunks(job, io, x, res);
}

const struct wd_op wd_op_xor = {
	.algs = WD_ALG_BIT(WD_ALG_NR_XOR),
	.flags = WD_DESC_SGLS,
	.has = WD_OP_HAS_PARAM,
	.check = xor_check,
	.begin = xor_begin,
	.step = xor_step,
};
