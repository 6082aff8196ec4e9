// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "soft_stream.h"

static const struct wd_soft_codec *const codecs[] = {
	[WD_RAW] = &wd_soft_zlib,
	[WD_ZLIB] = &wd_soft_zlib,
	[WD_GZIP] = &wd_soft_zlib,
	[WD_LZ4_BLOCK] = &wd_soft_lz4_block,
	[WD_LZ4_FRAME] = &wd_soft_lz4_frame,
	[WD_ZSTD] = &wd_soft_zstd,
};

void wd_soft_stream_end(struct wd_soft_stream *s)
{
	if (s->codec)
		s->codec->end(s);
	s->codec = NULL;
}

static int stream_begin(struct wd_soft_stream *s, const struct wd_comp_ctx *ctx,
			enum wd_comp_dir dir)
{
	int ret;

	wd_soft_stream_end(s);
	memset(s, 0, sizeof(*s));
	s->codec = codecs[ctx->alg_type];
	s->dir = dir;
	ret = s->codec->begin(s, ctx);
	if (ret)
		s->codec = NULL;
	return ret;
}

int wd_soft_stream_run(struct wd_soft_stream *s, struct wd_comp_ctx *ctx,
		       enum wd_comp_dir dir)
{
	int ret;

	if (ctx->new_stream) {
		ret = stream_begin(s, ctx, dir);
		if (ret)
			return ret;
	}
	ret = dir == WD_COMP_DEFLATE ? s->codec->deflate(s, ctx) : s->codec->inflate(s, ctx);
	if (ret == WD_STREAM_END)
		wd_soft_stream_end(s);
	return ret;
}
