// SPDX-License-Identifier: GPL-2.0-or-later
/* LZ4 blocks and frames in software. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <lz4hc.h>

#include "soft_stream.h"

#define HC_LEVEL	3		/* from here on the slower search */
#define PIECE		(64UL << 10)	/* bytes that are compressed at once */

/* FLG of the frame's header, behind the magic number. */
#define FLG		4
#define FLG_CONTENT_SUM	(1U << 2)
#define FLG_DICT	(1U << 0)

static int block_begin(struct wd_soft_stream *s, const struct wd_comp_ctx *ctx)
{
	(void)s;
	(void)ctx;
	return 0;
}

static void block_end(struct wd_soft_stream *s)
{
	(void)s;
}

static int clamp(size_t len)
{
	return len < INT_MAX ? (int)len : INT_MAX;
}

static int block_done(struct wd_comp_ctx *ctx, int produced)
{
	ctx->consumed = ctx->in_len;
	ctx->produced = (size_t)produced;
	return WD_STREAM_END;
}

static int block_deflate(struct wd_soft_stream *s, struct wd_comp_ctx *ctx)
{
	const char *in = ctx->in_len ? ctx->in : "";
	int n = (int)ctx->in_len, room = clamp(ctx->out_len), ret;

	(void)s;
	if (ctx->in_len > LZ4_MAX_INPUT_SIZE)
		return -EINVAL;
	if (!ctx->out_len)
		return -ENOSPC;
	if (ctx->comp_level < HC_LEVEL)
		ret = LZ4_compress_default(in, ctx->out, n, room);
	else
		ret = LZ4_compress_HC(in, ctx->out, n, room, ctx->comp_level);
	return ret > 0 ? block_done(ctx, ret) : -ENOSPC;
}

static int block_inflate(struct wd_soft_stream *s, struct wd_comp_ctx *ctx)
{
	int n = clamp(ctx->in_len), room = clamp(ctx->out_len), ret;

	(void)s;
	if (!ctx->in_len || ctx->in_len > INT_MAX)
		return -EBADMSG;
	if (!ctx->out_len)
		return -ENOSPC;
	ret = LZ4_decompress_safe(ctx->in, ctx->out, n, room);
	if (ret >= 0)
		return block_done(ctx, ret);
	/* LZ4 does not tell data that is wrong from room that is too small. */
	ret = LZ4_decompress_safe_partial(ctx->in, ctx->out, n, room, room);
	return ret >= room ? -ENOSPC : -EBADMSG;
}

const struct wd_soft_codec wd_soft_lz4_block = {
	.begin = block_begin,
	.end = block_end,
	.deflate = block_deflate,
	.inflate = block_inflate,
};

static void frame_end(struct wd_soft_stream *s)
{
	LZ4F_freeCompressionContext(s->lz4.c);
	LZ4F_freeDecompressionContext(s->lz4.d);
	free(s->lz4.spill);
}

/* Begins with the header in @spill. */
static int begin_compression(struct wd_soft_lz4 *l, int level)
{
	const LZ4F_preferences_t how = {
		.frameInfo = {
			.blockSizeID = LZ4F_max64KB,
			.blockMode = LZ4F_blockIndependent,
			.contentChecksumFlag = LZ4F_contentChecksumEnabled,
		},
		.compressionLevel = level,
	};

	if (LZ4F_isError(LZ4F_createCompressionContext(&l->c, LZ4F_VERSION)))
		return -ENOMEM;
	l->spill_room = LZ4F_compressBound(PIECE, &how) + LZ4F_HEADER_SIZE_MAX;
	l->spill = malloc(l->spill_room);
	if (!l->spill)
		return -ENOMEM;
	l->spill_len = LZ4F_compressBegin(l->c, l->spill, l->spill_room, &how);
	return LZ4F_isError(l->spill_len) ? -ENOMEM : 0;
}

static int frame_begin(struct wd_soft_stream *s, const struct wd_comp_ctx *ctx)
{
	struct wd_soft_lz4 *l = &s->lz4;
	int ret = 0;

	if (s->dir == WD_COMP_DEFLATE)
		ret = begin_compression(l, ctx->comp_level);
	else if (LZ4F_isError(LZ4F_createDecompressionContext(&l->d, LZ4F_VERSION)))
		ret = -ENOMEM;
	if (ret)
		frame_end(s);
	return ret;
}

/* Hand out what was spilled; true when all of it is out. */
static bool drain(struct wd_soft_lz4 *l, struct wd_comp_ctx *ctx)
{
	size_t n = l->spill_len - l->spill_pos;

	if (n > wd_soft_room(ctx))
		n = wd_soft_room(ctx);
	if (n)
		memcpy((unsigned char *)ctx->out + ctx->produced, l->spill + l->spill_pos, n);
	ctx->produced += n;
	l->spill_pos += n;
	return l->spill_pos == l->spill_len;
}

/* Compress a piece, or do the flush where there is none. */
static size_t compress_more(struct wd_soft_lz4 *l, struct wd_comp_ctx *ctx, int flush)
{
	size_t n = wd_soft_rest(ctx) < PIECE ? wd_soft_rest(ctx) : PIECE;
	const unsigned char *in = ctx->in;

	if (n) {
		ctx->consumed += n;
		return LZ4F_compressUpdate(l->c, l->spill, l->spill_room,
					   in + ctx->consumed - n, n, NULL);
	}
	if (flush != WD_FINISH)
		return LZ4F_flush(l->c, l->spill, l->spill_room, NULL);
	l->finished = true;
	return LZ4F_compressEnd(l->c, l->spill, l->spill_room, NULL);
}

static uint32_t get_le32(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static int frame_deflate(struct wd_soft_stream *s, struct wd_comp_ctx *ctx)
{
	struct wd_soft_lz4 *l = &s->lz4;
	int flush = wd_comp_flush(ctx);
	bool flushed = false;

	for (;;) {
		if (!drain(l, ctx))
			return -ENOSPC;
		if (l->finished) {
			ctx->checksum = get_le32(l->spill + l->spill_len - 4);
			return WD_STREAM_END;
		}
		if (!wd_soft_rest(ctx) && (flush == WD_NO_FLUSH || flushed))
			return 0;
		flushed = !wd_soft_rest(ctx);
		l->spill_pos = 0;
		l->spill_len = compress_more(l, ctx, flush);
		if (LZ4F_isError(l->spill_len)) {
			l->spill_len = 0;
			return -EIO;
		}
	}
}

/* Remember what is needed of the bytes that liblz4 used. */
static void note(struct wd_soft_lz4 *l, const unsigned char *p, size_t n)
{
	if (!p)
		return;		/* there is no input at all */
	while (l->nhead < sizeof(l->head) && n) {
		l->head[l->nhead++] = *p;
		l->tail = l->tail >> 8 | (uint32_t)*p++ << 24;
		n--;
	}
	if (n > 4) {
		p += n - 4;
		n = 4;
	}
	while (n--)
		l->tail = l->tail >> 8 | (uint32_t)*p++ << 24;
}

static bool has(const struct wd_soft_lz4 *l, unsigned int flag)
{
	/* A frame that is to be skipped has another magic number, and no flags. */
	return l->nhead > FLG && l->head[0] == 0x04 && l->head[FLG] & flag;
}

static int frame_inflate(struct wd_soft_stream *s, struct wd_comp_ctx *ctx)
{
	struct wd_soft_lz4 *l = &s->lz4;

	if (!ctx->out_len)
		return -ENOSPC;
	for (;;) {
		size_t in = wd_soft_rest(ctx), out = wd_soft_room(ctx), left;
		const unsigned char *p = ctx->in;

		p = in ? p + ctx->consumed : NULL;
		left = LZ4F_decompress(l->d, (unsigned char *)ctx->out + ctx->produced, &out, p,
				       &in, NULL);
		if (LZ4F_isError(left))
			return -EBADMSG;
		note(l, p, in);
		ctx->consumed += in;
		ctx->produced += out;
		if (has(l, FLG_DICT))
			return -ENOTSUP;
		if (!left) {
			ctx->checksum = has(l, FLG_CONTENT_SUM) ? l->tail : 0;
			return WD_STREAM_END;
		}
		if (!wd_soft_room(ctx))
			return -ENOSPC;
		if (!wd_soft_rest(ctx))
			return 0;
	}
}

const struct wd_soft_codec wd_soft_lz4_frame = {
	.begin = frame_begin,
	.end = frame_end,
	.deflate = frame_deflate,
	.inflate = frame_inflate,
};
