// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zstandard (RFC 8878), one frame a stream, of data or one to be skipped. The kernel's
 * zstd computes. Its working memory grows with the window: compression has a small one,
 * decompression the one that the frame's header asks for.
 */
#include <linux/log2.h>
#include <linux/sizes.h>

#include "comp.h"

#define WD_ZSTD_LEVEL		15
#define WD_ZSTD_WINDOW_LOG	20U	/* of compression */
#define WD_ZSTD_TABLE_LOG	19U
#define WD_ZSTD_MIN_WINDOW	SZ_128K
#define WD_ZSTD_MAX_WINDOW	SZ_8M	/* of decompression */
#define WD_ZSTD_HEADER		18

/* Level 0 has no meaning of its own: it is as 1. */
static zstd_parameters zstd_level(unsigned int level)
{
	zstd_parameters p = zstd_get_params(max(level, 1U), 1ULL << WD_ZSTD_WINDOW_LOG);

	p.cParams.windowLog = min(p.cParams.windowLog, WD_ZSTD_WINDOW_LOG);
	p.cParams.chainLog = min(p.cParams.chainLog, WD_ZSTD_TABLE_LOG);
	p.cParams.hashLog = min(p.cParams.hashLog, WD_ZSTD_TABLE_LOG);
	p.fParams.contentSizeFlag = 0;
	p.fParams.checksumFlag = 1;
	return p;
}

static u16 zstd_begin(struct wd_stream *s, const struct wd_desc *d)
{
	zstd_parameters p;

	s->zstd = (struct wd_zstd) {};
	if (!s->deflate)
		return WD_ST_OK;
	p = zstd_level(s->level);
	if (!wd_stream_ws(s, zstd_cstream_workspace_bound(&p.cParams)))
		return WD_ST_NO_RESOURCE;
	s->zstd.c = zstd_init_cstream(&p, 0, s->ws, s->ws_size);
	return s->zstd.c ? WD_ST_OK : WD_ST_NO_RESOURCE;
}

/* A flush that was begun is gone on with, whatever the descriptors that follow say. */
static void zstd_flush(struct wd_stream *s, zstd_out_buffer *out)
{
	struct wd_zstd *z = &s->zstd;
	size_t left;

	if (z->flush == WD_COMP_FINISH)
		left = zstd_end_stream(z->c, out);
	else
		left = zstd_flush_stream(z->c, out);
	if (zstd_is_error(left)) {
		s->failed = WD_ST_DATA;
		return;
	}
	s->more = left;
	if (left)
		return;
	s->ended = z->flush == WD_COMP_FINISH;
	z->flush = WD_COMP_NO_FLUSH;
}

static u32 zstd_deflate(struct wd_stream *s, const u8 *in, u32 n, unsigned int flush)
{
	zstd_out_buffer out = { .dst = s->obuf, .size = WD_CHUNK };
	zstd_in_buffer src = { .src = in, .size = n };
	struct wd_zstd *z = &s->zstd;

	if (!z->flush) {
		if (n && zstd_is_error(zstd_compress_stream(z->c, &out, &src)))
			s->failed = WD_ST_DATA;
		if (src.pos == n)
			z->flush = flush;
	} else if (n && z->flush == WD_COMP_FINISH) {
		s->failed = WD_ST_DATA;		/* it came after FINISH */
	}
	if (z->flush && !s->failed)
		zstd_flush(s, &out);
	s->out_end = out.pos;
	return src.pos;
}

/* The header is there: get what the frame needs, and hand it over. */
static void zstd_open(struct wd_stream *s, const zstd_frame_header *header, u32 len)
{
	u64 window = max_t(u64, header->windowSize, WD_ZSTD_MIN_WINDOW);
	zstd_out_buffer out = { .dst = s->obuf, .size = WD_CHUNK };
	zstd_in_buffer src = { .src = s->hdr, .size = len };
	size_t left;

	if (header->frameType != ZSTD_skippableFrame && header->dictID) {
		s->failed = WD_ST_NEED_DICT;
		return;
	}
	/* In powers of two, so that a later frame can use it. */
	if (window > WD_ZSTD_MAX_WINDOW ||
	    !wd_stream_ws(s, zstd_dstream_workspace_bound(roundup_pow_of_two(window)))) {
		s->failed = WD_ST_NO_RESOURCE;
		return;
	}
	s->zstd.d = zstd_init_dstream(WD_ZSTD_MAX_WINDOW, s->ws, s->ws_size);
	if (!s->zstd.d) {
		s->failed = WD_ST_NO_RESOURCE;
		return;
	}
	left = zstd_decompress_stream(s->zstd.d, &out, &src);
	if (zstd_is_error(left) || src.pos < len)
		s->failed = WD_ST_DATA;
	else
		s->ended = !left;	/* nothing in it that is to be skipped */
}

static const u8 *zstd_header(struct wd_stream *s, const u8 *p, const u8 *end)
{
	zstd_frame_header header;

	while (!s->zstd.d && !s->failed) {
		size_t want = zstd_get_frame_header(&header, s->hdr, s->nhdr);

		if (zstd_is_error(want) || want > WD_ZSTD_HEADER)
			s->failed = WD_ST_DATA;
		else if (!want)
			zstd_open(s, &header, s->nhdr);
		else if (p < end)
			s->hdr[s->nhdr++] = *p++;
		else
			break;
	}
	return p;
}

static u32 zstd_inflate(struct wd_stream *s, const u8 *in, u32 n)
{
	zstd_out_buffer out = { .dst = s->obuf, .size = WD_CHUNK };
	const u8 *p = zstd_header(s, in, in + n);
	zstd_in_buffer src = { .src = in, .size = n, .pos = p - in };
	size_t left;

	if (!s->zstd.d || s->failed || s->ended)
		return src.pos;
	left = zstd_decompress_stream(s->zstd.d, &out, &src);
	s->out_end = out.pos;
	if (zstd_is_error(left)) {
		s->failed = WD_ST_DATA;
	} else {
		s->ended = !left;
		s->more = left && out.pos == out.size;
	}
	return src.pos;
}

const struct wd_codec wd_codec_zstd = {
	.alg = WD_ALG_BIT(WD_ALG_NR_ZSTD),
	.level = WD_ZSTD_LEVEL,
	.init = zstd_begin,
	.deflate = zstd_deflate,
	.inflate = zstd_inflate,
};
