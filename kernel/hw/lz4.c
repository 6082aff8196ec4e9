// SPDX-License-Identifier: GPL-2.0-only
/*
 * LZ4 blocks. One has no end mark, and can only be read and written as a whole: a
 * descriptor is a block, which is gathered in the stage. The kernel's LZ4 computes.
 */
#include <linux/lz4.h>

#include "comp.h"

/* In struct wd_job.priv. */
struct lz4_job {
	bool computed;
};

static_assert(sizeof(struct lz4_job) <= WD_JOB_PRIV);

size_t wd_lz4_work(unsigned int level)
{
	return level < WD_LZ4_HC_LEVEL ? LZ4_MEM_COMPRESS : LZ4HC_MEM_COMPRESS;
}

u32 wd_lz4_compress(const u8 *in, u32 n, u8 *out, u32 room, unsigned int level, void *work)
{
	int ret;

	if (level < WD_LZ4_HC_LEVEL)
		ret = LZ4_compress_default(in, out, n, room, work);
	else
		ret = LZ4_compress_HC(in, out, n, room, level, work);
	return max(ret, 0);
}

static u16 lz4_begin(struct wd_stream *s, const struct wd_desc *d)
{
	if (s->deflate && !wd_stream_ws(s, wd_lz4_work(s->level)))
		return WD_ST_NO_RESOURCE;
	return WD_ST_OK;
}

/* What the result can have at most. */
static u32 result_room(const struct wd_desc *d)
{
	u64 most = d->opcode == WD_OP_DEFLATE ? LZ4_COMPRESSBOUND(d->src_len) :
						256ULL * d->src_len;

	return min3(most, (u64)d->dst_len, (u64)WD_MAX_UNIT);
}

static u32 lz4_room(const struct wd_desc *d)
{
	return d->src_len + result_room(d);
}

/* LZ4 does not tell data that is wrong from room that is too small. */
static bool is_valid(const u8 *in, u32 n, u8 *out, u32 room)
{
	return LZ4_decompress_safe_partial(in, out, n, room, room) >= (int)room;
}

static u16 lz4_compute(struct wd_job *job, u32 room)
{
	u32 n = job->desc.src_len;
	const struct wd_stream *s = job->stream;
	struct wd_stage *stage = job->stage;
	u8 *in = stage->buf, *out = in + n;
	int ret;

	if (s->deflate)
		ret = wd_lz4_compress(in, n, out, room, s->level, s->ws) ?: -ENOSPC;
	else
		ret = LZ4_decompress_safe(in, out, n, room);
	if (ret < 0)
		return s->deflate || is_valid(in, n, out, room) ? WD_ST_OVERFLOW : WD_ST_DATA;
	stage->pos = n;
	stage->end = n + ret;
	return WD_ST_OK;
}

static enum wd_step lz4_done(struct wd_job *job, struct wd_result *res, u16 status)
{
	*res = (struct wd_result) { .status = status };
	if (status == WD_ST_OK) {
		job->consumed = job->desc.src_len;
		res->aux = WD_CQE_END;
	}
	return WD_STEP_DONE;
}

/* What is read is not consumed before the result is out: there is no half of a block. */
static enum wd_step lz4_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct lz4_job *l = (struct lz4_job *)job->priv;
	enum wd_step step;
	u16 status;

	if (!l->computed) {
		step = wd_stage_gather(job, io, &job->src, job->stage->end, job->desc.src_len);
		if (step != WD_STEP_DONE)
			return step;
		status = lz4_compute(job, result_room(&job->desc));
		if (status != WD_ST_OK)
			return lz4_done(job, res, status);
		l->computed = true;
	}
	step = wd_stage_flush(job, io);
	return step == WD_STEP_DONE ? lz4_done(job, res, WD_ST_OK) : step;
}

const struct wd_codec wd_codec_lz4_block = {
	.alg = WD_ALG_BIT(WD_ALG_NR_LZ4),
	.level = 9,
	.init = lz4_begin,
	.step = lz4_step,
	.room = lz4_room,
};
