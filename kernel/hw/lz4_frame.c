// SPDX-License-Identifier: GPL-2.0-only
/*
 * The LZ4 frame format, version 1.6: blocks with a frame around them, one frame a
 * stream, of data or one to be skipped. What is written has independent blocks of
 * 64 KiB and a check sum of the content.
 */
#include <linux/lz4.h>
#include <linux/sizes.h>
#include <linux/unaligned.h>

#include "comp.h"

#define WD_LZ4_MAGIC		0x184d2204U
#define WD_LZ4_SKIP_MAGIC	0x184d2a50U	/* and the 15 that follow */
#define WD_LZ4_BLOCK		SZ_64K		/* of what is written */
#define WD_LZ4_HISTORY		SZ_64K
#define WD_LZ4_STORED		BIT(31)		/* in the length of a block */

/* FLG; the two upper bits are the version. */
#define WD_LZ4_VERSION_MASK	0xc0
#define WD_LZ4_VERSION		0x40
#define WD_LZ4_INDEPENDENT	BIT(5)
#define WD_LZ4_BLOCK_SUM	BIT(4)
#define WD_LZ4_SIZE		BIT(3)
#define WD_LZ4_CONTENT_SUM	BIT(2)
#define WD_LZ4_RESERVED		BIT(1)
#define WD_LZ4_DICT		BIT(0)
/* BD */
#define WD_LZ4_BD_RESERVED	0x8f
#define WD_LZ4_BD_SHIFT		4
#define WD_LZ4_BD_MIN		4		/* 64 KiB; each further one is four times that */

#define WD_LZ4_FLG		4		/* offsets in the header */
#define WD_LZ4_BD		5
#define WD_LZ4_DESC		6

/* What an inflating stream expects next. */
enum lz4_part {
	LZ4_HEADER,
	LZ4_LENGTH,
	LZ4_DATA,
	LZ4_SUM,
	LZ4_SKIP,
};

static void put_le32(struct wd_stream *s, u32 v)
{
	put_unaligned_le32(v, s->out + s->out_end);
	s->out_end += 4;
}

static u8 header_sum(const u8 *p, size_t n)
{
	return xxh32(p, n, 0) >> 8;
}

static u16 frame_begin(struct wd_stream *s, const struct wd_desc *d)
{
	static const u8 header[] = {
		WD_LZ4_VERSION | WD_LZ4_INDEPENDENT | WD_LZ4_CONTENT_SUM,
		WD_LZ4_BD_MIN << WD_LZ4_BD_SHIFT,
	};
	struct wd_lz4_frame *l = &s->lz4;

	*l = (struct wd_lz4_frame) { .part = LZ4_HEADER };
	wd_xxh32_init(&l->content);
	if (!s->deflate)
		return WD_ST_OK;
	/* Of what comes out, all but a block itself is less than a cache line. */
	if (!wd_stream_ws(s, 2 * WD_LZ4_BLOCK + SMP_CACHE_BYTES + wd_lz4_work(s->level)))
		return WD_ST_NO_RESOURCE;
	l->in = s->ws;
	l->work = l->in + WD_LZ4_BLOCK;
	s->out = l->work + wd_lz4_work(s->level);
	put_le32(s, WD_LZ4_MAGIC);
	memcpy(s->out + s->out_end, header, sizeof(header));
	s->out_end += sizeof(header);
	s->out[s->out_end++] = header_sum(header, sizeof(header));
	return WD_ST_OK;
}

/* Write the block that was gathered. */
static void put_block(struct wd_stream *s)
{
	struct wd_lz4_frame *l = &s->lz4;
	u8 *data = s->out + s->out_end + 4;
	u32 n;

	n = wd_lz4_compress(l->in, l->have, data, l->have - 1, s->level, l->work);
	if (n) {
		put_le32(s, n);
	} else {
		n = l->have;
		put_le32(s, n | WD_LZ4_STORED);
		memcpy(data, l->in, n);
	}
	s->out_end += n;
	l->have = 0;
}

static u32 frame_deflate(struct wd_stream *s, const u8 *in, u32 n, unsigned int flush)
{
	struct wd_lz4_frame *l = &s->lz4;
	u32 take = min(n, WD_LZ4_BLOCK - l->have);

	memcpy(l->in + l->have, in, take);
	wd_xxh32_add(&l->content, in, take);
	l->have += take;
	if (take < n)
		flush = WD_COMP_NO_FLUSH;
	if (l->have == WD_LZ4_BLOCK || (l->have && flush))
		put_block(s);
	if (flush == WD_COMP_FINISH) {
		s->sum = wd_xxh32_sum(&l->content);
		put_le32(s, 0);
		put_le32(s, s->sum);
		s->ended = true;
	}
	return take;
}

/* How long the header is, as far as what is there of it tells. */
static u32 header_len(const struct wd_stream *s)
{
	u32 magic;

	if (s->nhdr < WD_LZ4_FLG)
		return WD_LZ4_FLG;
	magic = get_unaligned_le32(s->hdr);
	if ((magic & ~0xfU) == WD_LZ4_SKIP_MAGIC)
		return 8;
	if (magic != WD_LZ4_MAGIC)
		return WD_LZ4_FLG;
	if (s->nhdr < WD_LZ4_DESC)
		return WD_LZ4_DESC;
	return WD_LZ4_DESC + (s->hdr[WD_LZ4_FLG] & WD_LZ4_SIZE ? 8 : 0) +
	       (s->hdr[WD_LZ4_FLG] & WD_LZ4_DICT ? 4 : 0) + 1;
}

static bool header_valid(const u8 *hdr, u8 len)
{
	u8 flg = hdr[WD_LZ4_FLG], bd = hdr[WD_LZ4_BD];

	return (flg & WD_LZ4_VERSION_MASK) == WD_LZ4_VERSION && !(flg & WD_LZ4_RESERVED) &&
	       !(bd & WD_LZ4_BD_RESERVED) && bd >> WD_LZ4_BD_SHIFT >= WD_LZ4_BD_MIN &&
	       header_sum(hdr + WD_LZ4_FLG, len - 1 - WD_LZ4_FLG) == hdr[len - 1];
}

/* The header is there: get what the frame needs. */
static u16 open_frame(struct wd_stream *s)
{
	struct wd_lz4_frame *l = &s->lz4;
	u8 len = s->nhdr;

	s->nhdr = 0;
	if (len == WD_LZ4_FLG)
		return WD_ST_DATA;
	if (get_unaligned_le32(s->hdr) != WD_LZ4_MAGIC) {
		l->want = get_unaligned_le32(s->hdr + 4);
		l->part = LZ4_SKIP;
		s->ended = !l->want;
		return 0;
	}
	if (!header_valid(s->hdr, len))
		return WD_ST_DATA;
	l->flags = s->hdr[WD_LZ4_FLG];
	if (l->flags & WD_LZ4_DICT)
		return WD_ST_NEED_DICT;
	if (l->flags & WD_LZ4_SIZE)
		l->size = get_unaligned_le64(s->hdr + WD_LZ4_DESC);
	l->block = SZ_64K << 2 * ((s->hdr[WD_LZ4_BD] >> WD_LZ4_BD_SHIFT) - WD_LZ4_BD_MIN);
	/* A block, its check sum, what it may refer to, and what it becomes. */
	if (!wd_stream_ws(s, 2 * l->block + WD_LZ4_HISTORY + SMP_CACHE_BYTES))
		return WD_ST_NO_RESOURCE;
	l->out = s->ws + WD_LZ4_HISTORY;
	l->in = l->out + l->block;
	s->out = l->out;
	l->part = LZ4_LENGTH;
	return 0;
}

static const u8 *take_header(struct wd_stream *s, const u8 *p, const u8 *end)
{
	while (s->nhdr < header_len(s)) {
		if (p == end)
			return p;
		s->hdr[s->nhdr++] = *p++;
	}
	s->failed = open_frame(s);
	return p;
}

static void end_frame(struct wd_stream *s)
{
	struct wd_lz4_frame *l = &s->lz4;

	s->ended = !(l->flags & WD_LZ4_SIZE) || l->size == l->done;
	if (!s->ended)
		s->failed = WD_ST_DATA;
}

static const u8 *take_length(struct wd_stream *s, const u8 *p, const u8 *end)
{
	struct wd_lz4_frame *l = &s->lz4;
	u32 len;

	if (!wd_gather(s, &p, end, 4))
		return p;
	len = get_unaligned_le32(s->hdr);
	l->want = len & ~WD_LZ4_STORED;
	l->stored = len & WD_LZ4_STORED;
	l->have = 0;
	l->part = LZ4_DATA;
	if (l->want > l->block)
		s->failed = WD_ST_DATA;
	else if (!len && l->flags & WD_LZ4_CONTENT_SUM)
		l->part = LZ4_SUM;
	else if (!len)
		end_frame(s);
	return p;
}

static const u8 *take_sum(struct wd_stream *s, const u8 *p, const u8 *end)
{
	if (!wd_gather(s, &p, end, 4))
		return p;
	s->sum = wd_xxh32_sum(&s->lz4.content);
	if (get_unaligned_le32(s->hdr) == s->sum)
		end_frame(s);
	else
		s->failed = WD_ST_DATA;
	return p;
}

/* What the last blocks became is history to this one: it goes to before @out. */
static void keep_history(struct wd_lz4_frame *l)
{
	u32 n = min(l->history + l->last, WD_LZ4_HISTORY);

	memmove(l->out - n, l->out + l->last - n, n);
	l->history = n;
}

static void decode_block(struct wd_stream *s)
{
	struct wd_lz4_frame *l = &s->lz4;
	int n = l->want;

	l->part = LZ4_LENGTH;
	if (l->flags & WD_LZ4_BLOCK_SUM &&
	    get_unaligned_le32(l->in + l->want) != xxh32(l->in, l->want, 0)) {
		s->failed = WD_ST_DATA;
		return;
	}
	if (!(l->flags & WD_LZ4_INDEPENDENT))
		keep_history(l);
	if (l->stored)
		memcpy(l->out, l->in, n);
	else
		n = LZ4_decompress_safe_usingDict(l->in, l->out, l->want, l->block,
						  l->out - l->history, l->history);
	if (n < 0) {
		s->failed = WD_ST_DATA;
		return;
	}
	l->last = n;
	l->done += n;
	if (l->flags & WD_LZ4_CONTENT_SUM)
		wd_xxh32_add(&l->content, l->out, n);
	s->out_end = n;
}

static const u8 *take_data(struct wd_stream *s, const u8 *p, const u8 *end)
{
	struct wd_lz4_frame *l = &s->lz4;
	u32 all = l->want + (l->flags & WD_LZ4_BLOCK_SUM ? 4 : 0);
	u32 n = min_t(size_t, all - l->have, end - p);

	memcpy(l->in + l->have, p, n);
	l->have += n;
	if (l->have == all)
		decode_block(s);
	return p + n;
}

static const u8 *take_skipped(struct wd_stream *s, const u8 *p, const u8 *end)
{
	u32 n = min_t(size_t, s->lz4.want, end - p);

	s->lz4.want -= n;
	s->ended = !s->lz4.want;
	return p + n;
}

static u32 frame_inflate(struct wd_stream *s, const u8 *in, u32 n)
{
	const u8 *p = in, *end = in + n;

	while (p < end && !s->failed && !s->ended && !s->out_end) {
		switch (s->lz4.part) {
		case LZ4_HEADER:
			p = take_header(s, p, end);
			break;
		case LZ4_LENGTH:
			p = take_length(s, p, end);
			break;
		case LZ4_DATA:
			p = take_data(s, p, end);
			break;
		case LZ4_SUM:
			p = take_sum(s, p, end);
			break;
		case LZ4_SKIP:
			p = take_skipped(s, p, end);
			break;
		}
	}
	return p - in;
}

const struct wd_codec wd_codec_lz4_frame = {
	.alg = WD_ALG_BIT(WD_ALG_NR_LZ4),
	.level = 9,
	.init = frame_begin,
	.deflate = frame_deflate,
	.inflate = frame_inflate,
};
