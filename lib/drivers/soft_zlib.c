// SPDX-License-Identifier: GPL-2.0-or-later
/* Raw deflate, zlib and gzip in software. */
#include <errno.h>
#include <string.h>

#include "soft_stream.h"

/* zlib counts in unsigned int; longer operands go in pieces. */
#define PIECE		(1U << 30)
#define MEM_LEVEL	8	/* zlib's own default */

static int window_bits(const struct wd_comp_ctx *ctx)
{
	int bits = ctx->window_size;

	/* Only a zlib header tells how large its window is. */
	if (!bits && ctx->alg_type != WD_ZLIB)
		bits = 15;
	switch (ctx->alg_type) {
	case WD_RAW:
		return -bits;
	case WD_GZIP:
		return bits + 16;
	default:
		return bits;
	}
}

static int zlib_begin(struct wd_soft_stream *s, const struct wd_comp_ctx *ctx)
{
	z_stream *z = &s->zlib.z;
	int ret;

	if (s->dir == WD_COMP_DEFLATE)
		ret = deflateInit2(z, ctx->comp_level, Z_DEFLATED, window_bits(ctx),
				   MEM_LEVEL, Z_DEFAULT_STRATEGY);
	else
		ret = inflateInit2(z, window_bits(ctx));
	if (ret == Z_MEM_ERROR)
		return -ENOMEM;
	return ret == Z_OK ? 0 : -EINVAL;
}

static void zlib_end(struct wd_soft_stream *s)
{
	if (s->dir == WD_COMP_DEFLATE)
		deflateEnd(&s->zlib.z);
	else
		inflateEnd(&s->zlib.z);
}

static unsigned int piece(size_t len)
{
	return len < PIECE ? (unsigned int)len : PIECE;
}

/* Point zlib at what is left of the operands. */
static void set_operands(struct wd_soft_zlib *s, const struct wd_comp_ctx *ctx)
{
	static unsigned char nothing[1];

	/* zlib wants pointers also where there is no byte. */
	s->z.avail_in = piece(wd_soft_rest(ctx));
	s->z.next_in = s->z.avail_in ?
		(const Bytef *)ctx->in + ctx->consumed : nothing;
	s->z.avail_out = piece(wd_soft_room(ctx));
	s->z.next_out = s->z.avail_out ?
		(Bytef *)ctx->out + ctx->produced : nothing;
}

static void count(const struct wd_soft_zlib *s, struct wd_comp_ctx *ctx,
		  unsigned int in, unsigned int out)
{
	ctx->consumed += in - s->z.avail_in;
	ctx->produced += out - s->z.avail_out;
}

static int stream_ended(const struct wd_soft_zlib *s, struct wd_comp_ctx *ctx)
{
	ctx->checksum = ctx->alg_type == WD_RAW ? 0 : (uint32_t)s->z.adler;
	return WD_STREAM_END;
}

/* Hand out what was spilled; true when all of it is out. */
static bool drain_spill(struct wd_soft_zlib *s, struct wd_comp_ctx *ctx)
{
	size_t n = s->spill_len - s->spill_pos;

	if (n > wd_soft_room(ctx))
		n = wd_soft_room(ctx);
	if (n) {
		memcpy((unsigned char *)ctx->out + ctx->produced,
		       s->spill + s->spill_pos, n);
		ctx->produced += n;
		s->spill_pos += (unsigned int)n;
	}
	return s->spill_pos == s->spill_len;
}

/*
 * All input is taken and the room is used up: is the flush complete?
 *
 * zlib does not tell. Asked again with no input it either goes on or writes
 * another flush marker; with little room that would be a marker for ever. So it
 * goes on into a buffer with more room than a marker needs: what stays free in
 * there tells that the flush is complete.
 */
static int finish_flush(struct wd_soft_zlib *s, int flush)
{
	s->spill_pos = 0;
	s->z.next_out = s->spill;
	s->z.avail_out = sizeof(s->spill);
	deflate(&s->z, flush);
	s->spill_len = (unsigned int)(sizeof(s->spill) - s->z.avail_out);
	s->flushed = s->z.avail_out > 0;
	return s->spill_len ? -ENOSPC : 0;
}

static int zlib_deflate(struct wd_soft_stream *stream, struct wd_comp_ctx *ctx)
{
	struct wd_soft_zlib *s = &stream->zlib;
	static const int flushes[] = {
		[WD_NO_FLUSH] = Z_NO_FLUSH,
		[WD_SYNC_FLUSH] = Z_SYNC_FLUSH,
		[WD_FULL_FLUSH] = Z_FULL_FLUSH,
		[WD_FINISH] = Z_FINISH,
	};
	int want = wd_comp_flush(ctx), ret, flush;

	if (!drain_spill(s, ctx))
		return -ENOSPC;
	if (wd_soft_rest(ctx))
		s->flushed = false;

	for (;;) {
		unsigned int in, out;

		if (!wd_soft_rest(ctx) && (want == WD_NO_FLUSH ||
				   (want != WD_FINISH && s->flushed)))
			return 0;
		if (!wd_soft_room(ctx) && (wd_soft_rest(ctx) || want == WD_FINISH))
			return -ENOSPC;

		set_operands(s, ctx);
		in = s->z.avail_in;
		out = s->z.avail_out;
		flush = flushes[in == wd_soft_rest(ctx) ? want : WD_NO_FLUSH];
		if (!out)
			return finish_flush(s, flush);
		ret = deflate(&s->z, flush);
		count(s, ctx, in, out);
		if (ret == Z_STREAM_END)
			return stream_ended(s, ctx);
		if (ret != Z_OK && ret != Z_BUF_ERROR)
			return -EIO;
		/* Room that is left says that it did all that was asked for. */
		s->flushed = !wd_soft_rest(ctx) && s->z.avail_out;
	}
}

static int inflate_error(int ret)
{
	switch (ret) {
	case Z_DATA_ERROR:
		return -EBADMSG;
	case Z_NEED_DICT:
		return -ENOTSUP;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

static int zlib_inflate(struct wd_soft_stream *stream, struct wd_comp_ctx *ctx)
{
	struct wd_soft_zlib *s = &stream->zlib;

	for (;;) {
		unsigned int in, out;
		int ret;

		set_operands(s, ctx);
		in = s->z.avail_in;
		out = s->z.avail_out;
		ret = inflate(&s->z, Z_NO_FLUSH);
		count(s, ctx, in, out);
		if (ret == Z_STREAM_END)
			return stream_ended(s, ctx);
		if (ret != Z_OK && ret != Z_BUF_ERROR)
			return inflate_error(ret);
		if (!wd_soft_room(ctx))
			return -ENOSPC;
		/* With room to spare it took all of the piece that it got. */
		if (!wd_soft_rest(ctx) && s->z.avail_out)
			return 0;
	}
}

const struct wd_soft_codec wd_soft_zlib = {
	.begin = zlib_begin,
	.end = zlib_end,
	.deflate = zlib_deflate,
	.inflate = zlib_inflate,
};
