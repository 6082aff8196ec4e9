// SPDX-License-Identifier: GPL-2.0-or-later
/* Zstandard in software. */
#include <errno.h>

#include <zstd_errors.h>

#include "soft_stream.h"

static int zstd_begin(struct wd_soft_stream *s, const struct wd_comp_ctx *ctx)
{
	struct wd_soft_zstd *z = &s->zstd;

	if (s->dir == WD_COMP_INFLATE) {
		z->d = ZSTD_createDStream();
		return z->d ? 0 : -ENOMEM;
	}
	z->c = ZSTD_createCStream();
	if (!z->c)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_compressionLevel,
			       ctx->comp_level ? ctx->comp_level : 1);
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_checksumFlag, 1);
	return 0;
}

static void zstd_end(struct wd_soft_stream *s)
{
	ZSTD_freeCStream(s->zstd.c);
	ZSTD_freeDStream(s->zstd.d);
}

static ZSTD_inBuffer source(const struct wd_comp_ctx *ctx)
{
	return (ZSTD_inBuffer){ .src = ctx->in, .size = ctx->in_len, .pos = ctx->consumed };
}

static ZSTD_outBuffer destination(const struct wd_comp_ctx *ctx)
{
	return (ZSTD_outBuffer){ .dst = ctx->out, .size = ctx->out_len, .pos = ctx->produced };
}

static int zstd_deflate(struct wd_soft_stream *s, struct wd_comp_ctx *ctx)
{
	int want = wd_comp_flush(ctx);
	ZSTD_EndDirective end = want == WD_FINISH ? ZSTD_e_end :
				want == WD_NO_FLUSH ? ZSTD_e_continue : ZSTD_e_flush;

	for (;;) {
		ZSTD_outBuffer out = destination(ctx);
		ZSTD_inBuffer in = source(ctx);
		size_t left = ZSTD_compressStream2(s->zstd.c, &out, &in, end);

		ctx->consumed = in.pos;
		ctx->produced = out.pos;
		if (ZSTD_isError(left))
			return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ?
			       -ENOMEM : -EIO;
		if (!wd_soft_rest(ctx) && (!left || end == ZSTD_e_continue))
			return end == ZSTD_e_end ? WD_STREAM_END : 0;
		if (!wd_soft_room(ctx))
			return -ENOSPC;
	}
}

static int inflate_error(size_t ret)
{
	switch (ZSTD_getErrorCode(ret)) {
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	case ZSTD_error_dictionary_wrong:
		return -ENOTSUP;
	default:
		return -EBADMSG;
	}
}

/* libzstd takes calls that bring it no further for an error. */
static int zstd_inflate(struct wd_soft_stream *s, struct wd_comp_ctx *ctx)
{
	if (!ctx->out_len)
		return -ENOSPC;
	if (!ctx->in_len && !s->zstd.pending)
		return 0;
	for (;;) {
		ZSTD_outBuffer out = destination(ctx);
		ZSTD_inBuffer in = source(ctx);
		size_t left = ZSTD_decompressStream(s->zstd.d, &out, &in);

		ctx->consumed = in.pos;
		ctx->produced = out.pos;
		if (ZSTD_isError(left))
			return inflate_error(left);
		if (!left)
			return WD_STREAM_END;
		s->zstd.pending = !wd_soft_room(ctx);
		if (s->zstd.pending)
			return -ENOSPC;
		if (!wd_soft_rest(ctx))
			return 0;
	}
}

const struct wd_soft_codec wd_soft_zstd = {
	.begin = zstd_begin,
	.end = zstd_end,
	.deflate = zstd_deflate,
	.inflate = zstd_inflate,
};
