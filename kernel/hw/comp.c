// SPDX-License-Identifier: GPL-2.0-only
/*
 * DEFLATE and INFLATE: streams, and what goes in and out of them. What the bytes mean
 * is the codecs' business.
 */
#include <linux/nospec.h>

#include "comp.h"

static const struct wd_codec *const codecs[] = {
	[WD_COMP_RAW] = &wd_codec_deflate,
	[WD_COMP_ZLIB] = &wd_codec_deflate,
	[WD_COMP_GZIP] = &wd_codec_deflate,
	[WD_COMP_LZ4_BLOCK] = &wd_codec_lz4_block,
	[WD_COMP_LZ4_FRAME] = &wd_codec_lz4_frame,
	[WD_COMP_ZSTD] = &wd_codec_zstd,
};

static unsigned int op_field(const struct wd_desc *d, int shift, u32 mask)
{
	return d->op >> shift & mask;
}

#define op_level(d)	op_field(d, WD_COMP_LEVEL_SHIFT, 0xf)
#define op_window(d)	op_field(d, WD_COMP_WINDOW_SHIFT, 0xf)
#define op_format(d)	op_field(d, WD_COMP_FORMAT_SHIFT, 0x7)
#define op_flush(d)	op_field(d, WD_COMP_FLUSH_SHIFT, 0x3)

/* Return: NULL, the hardware has no such format. */
static const struct wd_codec *find_codec(const struct wd_desc *d)
{
	unsigned int format = op_format(d);
	const struct wd_codec *codec;

	if (format >= ARRAY_SIZE(codecs))
		return NULL;
	codec = codecs[array_index_nospec(format, ARRAY_SIZE(codecs))];
	return codec->alg & wd_hw_algs ? codec : NULL;
}

bool wd_gather(struct wd_stream *s, const u8 **p, const u8 *end, u8 want)
{
	while (s->nhdr < want && *p < end)
		s->hdr[s->nhdr++] = *(*p)++;
	if (s->nhdr < want)
		return false;
	s->nhdr = 0;
	return true;
}

u16 wd_stream_init(struct wd_stream *s, const struct wd_desc *d)
{
	u16 status;

	s->codec = find_codec(d);
	s->deflate = d->opcode == WD_OP_DEFLATE;
	s->format = op_format(d);
	s->level = op_level(d);
	s->ended = false;
	s->more = false;
	s->failed = 0;
	s->sum = 0;
	s->nhdr = 0;
	s->out = s->obuf;
	s->out_pos = 0;
	s->out_end = 0;
	status = s->codec->init(s, d);
	s->active = status == WD_ST_OK;
	return status;
}

static bool window_ok(const struct wd_desc *d, const struct wd_codec *codec)
{
	if (!codec->windows)
		return !op_window(d);
	return op_window(d) >= 9 || (d->opcode == WD_OP_INFLATE && !op_window(d));
}

/* A format without streams is done with one descriptor. */
static u16 whole_check(const struct wd_desc *d)
{
	if (!(d->op & WD_COMP_NEW) ||
	    (d->opcode == WD_OP_DEFLATE && op_flush(d) != WD_COMP_FINISH))
		return WD_ST_BAD_OP;
	return d->src_len > WD_MAX_UNIT ? WD_ST_BAD_LENGTH : WD_ST_OK;
}

static u16 comp_check(const struct wd_desc *d)
{
	const struct wd_codec *codec = find_codec(d);

	if (d->op & ~WD_COMP_MASK || !codec || !window_ok(d, codec))
		return WD_ST_BAD_OP;
	if (d->opcode == WD_OP_DEFLATE ? op_level(d) > codec->level :
					 op_level(d) || op_flush(d))
		return WD_ST_BAD_OP;
	if (d->src_len > WD_MAX_LEN || d->dst_len > WD_MAX_LEN || !d->dst_len)
		return WD_ST_BAD_LENGTH;
	if (d->stream >= WD_STREAMS)
		return WD_ST_BAD_STREAM;
	return codec->step ? whole_check(d) : WD_ST_OK;
}

/* A stream that was begun on the id and not ended makes room for the new one. */
static u16 begin_stream(struct wd_chan *c, struct wd_job *job)
{
	const struct wd_desc *d = &job->desc;
	struct wd_stream **s = &c->streams[d->stream];
	u16 status;

	if (!*s)
		*s = wd_stream_get(c->func);
	if (!*s)
		return WD_ST_NO_RESOURCE;
	status = wd_stream_init(*s, d);
	if (status == WD_ST_OK && (*s)->codec->step &&
	    !wd_stage_fit(c, job->stage, (*s)->codec->room(d)))
		status = WD_ST_NO_RESOURCE;
	if (status != WD_ST_OK) {
		wd_stream_put(c->func, *s);
		*s = NULL;
	}
	wd_digest_close(c, d->stream);
	return status;
}

/* No data, no flush and nothing left over from last time is no request. */
static bool wd_comp_is_request(const struct wd_desc *d,
			       const struct wd_stream *s)
{
	return d->src_len || op_flush(d) || s->out_pos < s->out_end ||
	       s->more || s->failed;
}

static u16 comp_begin(struct wd_chan *c, struct wd_job *job)
{
	const struct wd_desc *d = &job->desc;
	struct wd_stream *s;
	u16 status;

	if (d->op & WD_COMP_NEW) {
		status = begin_stream(c, job);
		if (status != WD_ST_OK)
			return status;
	}
	s = c->streams[d->stream];
	if (!s || !s->active || s->deflate != (d->opcode == WD_OP_DEFLATE))
		return WD_ST_BAD_STREAM;
	if (!wd_comp_is_request(d, s))
		return WD_ST_BAD_LENGTH;
	job->stream = s;
	/* Nothing of a whole is left for a later descriptor, however this one ends. */
	s->active = !s->codec->step;
	return WD_ST_OK;
}

/* Write of what is out at most a quantum. Return: DONE, and there may be more of it. */
static enum wd_step flush_out(struct wd_job *job, struct wd_io *io)
{
	struct wd_stream *s = job->stream;
	u32 n = min3(s->out_end - s->out_pos, job->desc.dst_len - job->produced, WD_QUANTUM);
	u32 done = 0;

	if (n)
		done = wd_operand_write(&job->dst, io, job->produced, s->out + s->out_pos, n);
	s->out_pos += done;
	job->produced += done;
	if (done < n)
		return WD_STEP_FAULT;
	if (s->out_pos == s->out_end) {
		s->out_pos = 0;
		s->out_end = 0;
	}
	return WD_STEP_DONE;
}

static enum wd_step finish(struct wd_job *job, struct wd_result *res, u16 status)
{
	struct wd_stream *s = job->stream;

	*res = (struct wd_result) { .status = status };
	if (status == WD_ST_OVERFLOW)
		return WD_STEP_DONE;
	if (status == WD_ST_OK && s->ended) {
		res->aux = WD_CQE_END;
		res->info = s->sum;
	}
	/* It was the header: whoever has all of it can begin the stream elsewhere. */
	if (status == WD_ST_NO_RESOURCE)
		job->consumed = 0;
	if (status != WD_ST_OK || s->ended)
		s->active = false;
	return WD_STEP_DONE;
}

/* All is read and the codec holds nothing back: is the flush complete as well? */
static bool input_done(const struct wd_job *job, bool fed)
{
	const struct wd_stream *s = job->stream;

	if (job->consumed < job->desc.src_len || s->more)
		return false;
	if (!s->deflate)
		return true;
	return fed || !op_flush(&job->desc);
}

/* Feed @n bytes from the bounce buffer. */
static void feed(struct wd_job *job, struct wd_io *io, u32 n)
{
	struct wd_stream *s = job->stream;
	bool last = job->consumed + n == job->desc.src_len;
	u32 used;

	if (s->deflate)
		used = s->codec->deflate(s, io->bounce, n,
					 last ? op_flush(&job->desc) : WD_COMP_NO_FLUSH);
	else
		used = s->codec->inflate(s, io->bounce, n);
	job->consumed += used;
	if (n && !used && !s->out_end && !s->ended && !s->failed)
		s->failed = WD_ST_DATA;
}

/*
 * Work on a job until it is done, faults, or has had its quantum. Every state in
 * which it leaves here can be gone on from: what the codec gave out waits in @out.
 */
enum wd_step wd_comp_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	const struct wd_desc *d = &job->desc;
	struct wd_stream *s = job->stream;
	u32 start = job->consumed + job->produced;
	bool fed = false;

	if (s->codec->step)
		return s->codec->step(job, io, res);
	for (;;) {
		enum wd_step step = flush_out(job, io);
		u32 n, got;

		if (step != WD_STEP_DONE)
			return step;
		if (s->out_end && job->produced == d->dst_len)
			return finish(job, res, WD_ST_OVERFLOW);
		if (!s->out_end && s->failed)
			return finish(job, res, s->failed);
		if (!s->out_end && (s->ended || input_done(job, fed)))
			return finish(job, res, WD_ST_OK);
		if (job->consumed + job->produced - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;
		if (s->out_end)
			continue;

		n = min(d->src_len - job->consumed, WD_CHUNK);
		got = n ? wd_operand_read(&job->src, io, job->consumed, io->bounce, n) : 0;
		if (n && !got)
			return WD_STEP_FAULT;
		feed(job, io, got);
		fed = true;
	}
}

/* Its stream may have ended with it. */
static void comp_end(struct wd_chan *c, struct wd_job *job)
{
	if (!job->stream->active)
		wd_chan_close_stream(c, job->desc.stream);
}

static u32 comp_slot(const struct wd_desc *d)
{
	return d->stream;
}

#define WD_COMP_ALGS	(WD_ALG_DEFLATE | WD_ALG_BIT(WD_ALG_NR_LZ4) | WD_ALG_BIT(WD_ALG_NR_ZSTD))

const struct wd_op wd_op_deflate = {
	.algs = WD_COMP_ALGS,
	.flags = WD_DESC_SGLS,
	.has = WD_OP_LINKS | WD_OP_TELLS,
	.slot = comp_slot,
	.check = comp_check,
	.begin = comp_begin,
	.step = wd_comp_step,
	.end = comp_end,
};

const struct wd_op wd_op_inflate = {
	.algs = WD_COMP_ALGS,
	.flags = WD_DESC_SGLS,
	.has = WD_OP_LINKS | WD_OP_TELLS,
	.slot = comp_slot,
	.check = comp_check,
	.begin = comp_begin,
	.step = wd_comp_step,
	.end = comp_end,
};

static u16 close_check(const struct wd_desc *d)
{
	return d->stream < WD_STREAMS ? WD_ST_OK : WD_ST_BAD_STREAM;
}

static u16 close_begin(struct wd_chan *c, struct wd_job *job)
{
	wd_chan_close_stream(c, job->desc.stream);
	return WD_ST_OK;
}

const struct wd_op wd_op_stream_close = {
	.algs = WD_ALGS_ANY,
	.check = close_check,
	.begin = close_begin,
};
