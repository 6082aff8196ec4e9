// SPDX-License-Identifier: GPL-2.0-only
/*
 * Raw deflate, zlib and gzip. The kernel's zlib computes; the gzip framing of
 * RFC 1952 around raw deflate, which it lacks, is done here.
 */
#include <linux/crc32.h>
#include <linux/unaligned.h>

#include "comp.h"

#define WD_GZ_HEADER	10
#define WD_GZ_TRAILER	8
#define WD_DEFLATE_WBITS	15
#define WD_DEFLATE_MEM_LEVEL	8

/* What an inflating stream expects next. */
enum wd_gz_state {
	WD_GZ_FIXED,		/* the ten bytes every header has */
	WD_GZ_EXTRA_LEN,
	WD_GZ_EXTRA,
	WD_GZ_NAME,
	WD_GZ_COMMENT,
	WD_GZ_HCRC,
	WD_GZ_BODY,
	WD_GZ_TAIL,
	WD_GZ_DONE,
};

#define WD_GZ_FHCRC	BIT(1)
#define WD_GZ_FEXTRA	BIT(2)
#define WD_GZ_FNAME	BIT(3)
#define WD_GZ_FCOMMENT	BIT(4)
#define WD_GZ_RESERVED	0xe0

static void put_byte(struct wd_stream *s, u8 b)
{
	s->obuf[s->out_end++] = b;
}

static void gz_put_header(struct wd_stream *s, unsigned int level)
{
	static const u8 fixed[] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0 };

	memcpy(s->obuf, fixed, sizeof(fixed));
	s->out_end = sizeof(fixed);
	put_byte(s, level == 9 ? 2 : level == 1 ? 4 : 0);
	put_byte(s, 3);			/* Unix */
}

static void gz_put_trailer(struct wd_stream *s)
{
	put_unaligned_le32(s->zlib.crc, s->obuf + s->out_end);
	put_unaligned_le32(s->zlib.isize, s->obuf + s->out_end + 4);
	s->out_end += WD_GZ_TRAILER;
}

static u16 deflate_init(struct wd_stream *s, const struct wd_desc *d)
{
	int wbits = (d->op >> WD_COMP_WINDOW_SHIFT & 0xf) ?: WD_DEFLATE_WBITS;
	/* One size for both directions, so that any stream's is good for the next. */
	size_t ws = max_t(size_t, zlib_inflate_workspacesize(),
			  zlib_deflate_workspacesize(WD_DEFLATE_WBITS, WD_DEFLATE_MEM_LEVEL));
	struct wd_zlib *zs = &s->zlib;
	int ret;

	if (!wd_stream_ws(s, ws))
		return WD_ST_NO_RESOURCE;
	*zs = (struct wd_zlib) {
		.z.workspace = s->ws,
		.gz = s->format == WD_COMP_GZIP ? WD_GZ_FIXED : WD_GZ_BODY,
		.hcrc = ~0,
	};
	if (s->format != WD_COMP_ZLIB)
		wbits = -wbits;
	if (s->deflate) {
		if (s->format == WD_COMP_GZIP)
			gz_put_header(s, s->level);
		ret = zlib_deflateInit2(&zs->z, s->level, Z_DEFLATED, wbits,
					WD_DEFLATE_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	} else {
		ret = zlib_inflateInit2(&zs->z, wbits);
	}
	return ret == Z_OK ? WD_ST_OK : WD_ST_BAD_OP;
}

static void set_sum(struct wd_stream *s)
{
	s->sum = s->format == WD_COMP_GZIP ? s->zlib.crc :
		 s->format == WD_COMP_ZLIB ? s->zlib.z.adler : 0;
}

/* With Z_FINISH too zlib wants to be called until it says so. */
static const int zlib_flush[] = {
	[WD_COMP_NO_FLUSH] = Z_NO_FLUSH,
	[WD_COMP_SYNC_FLUSH] = Z_SYNC_FLUSH,
	[WD_COMP_FULL_FLUSH] = Z_FULL_FLUSH,
	[WD_COMP_FINISH] = Z_FINISH,
};

static u32 deflate_feed(struct wd_stream *s, const u8 *in, u32 n, unsigned int flush)
{
	struct z_stream_s *z = &s->zlib.z;
	u32 used;
	int ret;

	z->next_in = in;
	z->avail_in = n;
	z->next_out = s->obuf + s->out_end;
	z->avail_out = WD_CHUNK;
	ret = zlib_deflate(z, zlib_flush[flush]);

	used = n - z->avail_in;
	if (s->format == WD_COMP_GZIP) {
		s->zlib.crc = ~crc32_le(~s->zlib.crc, in, used);
		s->zlib.isize += used;
	}
	s->out_end += WD_CHUNK - z->avail_out;
	s->more = !z->avail_out;
	if (ret == Z_STREAM_END) {
		s->ended = true;
		s->more = false;
		set_sum(s);
		if (s->format == WD_COMP_GZIP)
			gz_put_trailer(s);
	} else if (ret != Z_OK && (ret != Z_BUF_ERROR || n)) {
		/* With input "no progress" is for ever: it came after FINISH. */
		s->failed = WD_ST_DATA;
	}
	return used;
}

static bool gz_skip_string(const u8 **p, const u8 *end)
{
	while (*p < end)
		if (!*(*p)++)
			return true;
	return false;
}

static bool gz_skip_extra(struct wd_stream *s, const u8 **p, const u8 *end)
{
	u16 n = min_t(size_t, s->zlib.skip, end - *p);

	s->zlib.skip -= n;
	*p += n;
	return !s->zlib.skip;
}

/* The part that follows @now in a header with these flags. */
static enum wd_gz_state gz_next(const struct wd_stream *s, enum wd_gz_state now)
{
	static const u8 need[] = {
		[WD_GZ_EXTRA_LEN] = WD_GZ_FEXTRA,
		[WD_GZ_EXTRA] = WD_GZ_FEXTRA,
		[WD_GZ_NAME] = WD_GZ_FNAME,
		[WD_GZ_COMMENT] = WD_GZ_FCOMMENT,
		[WD_GZ_HCRC] = WD_GZ_FHCRC,
	};

	while (++now < WD_GZ_BODY)
		if (s->zlib.flags & need[now])
			break;
	return now;
}

/* One part of the header. Return: true when it is complete. */
static bool gz_part(struct wd_stream *s, const u8 **p, const u8 *end)
{
	switch (s->zlib.gz) {
	case WD_GZ_FIXED:
		if (!wd_gather(s, p, end, WD_GZ_HEADER))
			return false;
		s->zlib.flags = s->hdr[3];
		if (s->hdr[0] != 0x1f || s->hdr[1] != 0x8b ||
		    s->hdr[2] != Z_DEFLATED || s->zlib.flags & WD_GZ_RESERVED)
			s->failed = WD_ST_DATA;
		return true;
	case WD_GZ_EXTRA_LEN:
		if (!wd_gather(s, p, end, 2))
			return false;
		s->zlib.skip = get_unaligned_le16(s->hdr);
		return true;
	case WD_GZ_EXTRA:
		return gz_skip_extra(s, p, end);
	case WD_GZ_NAME:
	case WD_GZ_COMMENT:
		return gz_skip_string(p, end);
	case WD_GZ_HCRC:
		if (!wd_gather(s, p, end, 2))
			return false;
		if (get_unaligned_le16(s->hdr) != (u16)~s->zlib.hcrc)
			s->failed = WD_ST_DATA;
		return true;
	default:
		return true;
	}
}

/* Read the header of a gzip member, as much of it as is there. */
static const u8 *gz_header(struct wd_stream *s, const u8 *p, const u8 *end)
{
	while (s->zlib.gz < WD_GZ_BODY && !s->failed && p < end) {
		const u8 *start = p;
		bool crc = s->zlib.gz != WD_GZ_HCRC;
		bool complete = gz_part(s, &p, end);

		if (crc)
			s->zlib.hcrc = crc32_le(s->zlib.hcrc, start, p - start);
		if (!complete)
			break;
		s->zlib.gz = gz_next(s, s->zlib.gz);
	}
	return p;
}

static const u8 *gz_trailer(struct wd_stream *s, const u8 *p, const u8 *end)
{
	if (s->failed || !wd_gather(s, &p, end, WD_GZ_TRAILER))
		return p;
	if (get_unaligned_le32(s->hdr) != s->zlib.crc ||
	    get_unaligned_le32(s->hdr + 4) != s->zlib.isize)
		s->failed = WD_ST_DATA;
	s->zlib.gz = WD_GZ_DONE;
	s->ended = !s->failed;
	return p;
}

static const u8 *inflate_body(struct wd_stream *s, const u8 *p, const u8 *end)
{
	u8 *out = s->obuf + s->out_end;
	u32 got;
	int ret;

	s->zlib.z.next_in = p;
	s->zlib.z.avail_in = end - p;
	s->zlib.z.next_out = out;
	s->zlib.z.avail_out = WD_CHUNK;
	ret = zlib_inflate(&s->zlib.z, Z_SYNC_FLUSH);

	got = WD_CHUNK - s->zlib.z.avail_out;
	s->out_end += got;
	s->more = !s->zlib.z.avail_out;
	if (s->format == WD_COMP_GZIP) {
		s->zlib.crc = ~crc32_le(~s->zlib.crc, out, got);
		s->zlib.isize += got;
	}
	switch (ret) {
	case Z_OK:
	case Z_BUF_ERROR:
		break;
	case Z_STREAM_END:
		s->more = false;
		s->zlib.gz = s->format == WD_COMP_GZIP ? WD_GZ_TAIL : WD_GZ_DONE;
		s->ended = s->zlib.gz == WD_GZ_DONE;
		break;
	case Z_NEED_DICT:
		s->failed = WD_ST_NEED_DICT;
		break;
	default:
		s->failed = WD_ST_DATA;
	}
	return end - s->zlib.z.avail_in;
}

static u32 inflate_feed(struct wd_stream *s, const u8 *in, u32 n)
{
	const u8 *p = in, *end = in + n;

	if (s->zlib.gz < WD_GZ_BODY)
		p = gz_header(s, p, end);
	if (s->zlib.gz == WD_GZ_BODY && !s->failed)
		p = inflate_body(s, p, end);
	if (s->zlib.gz == WD_GZ_TAIL)
		p = gz_trailer(s, p, end);
	if (s->ended)
		set_sum(s);
	return p - in;
}

const struct wd_codec wd_codec_deflate = {
	.alg = WD_ALG_DEFLATE,
	.level = 9,
	.windows = true,
	.init = deflate_init,
	.deflate = deflate_feed,
	.inflate = inflate_feed,
};
