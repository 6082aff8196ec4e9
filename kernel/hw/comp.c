// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deflate and inflate streams. The kernel's zlib computes; the gzip framing of
 * RFC 1952 around raw deflate, which it lacks, is done here.
 */
#include <linux/crc32.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <linux/zlib.h>

#include "op.h"

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

/**
 * struct wd_stream - the state of a stream between descriptors
 * @z:       zlib's
 * @ws:      its working memory, enough for both directions
 * @active:  begun and neither ended nor failed
 * @deflate: the direction
 * @format:  WD_COMP_RAW, WD_COMP_ZLIB, WD_COMP_GZIP
 * @ended:   the last byte is in @obuf, or already out
 * @more:    zlib filled @obuf to the brim: there may be more without new input
 * @failed:  status to end with once @obuf is out
 * @crc:     of the plain data (gzip)
 * @isize:   its length, modulo 2^32
 * @gz:      inflating gzip: the part of the member that comes next
 * @hcrc:    CRC of the header so far
 * @flags:   flags of the header
 * @skip:    bytes of the extra field still to come
 * @nhdr:    bytes in @hdr
 * @hdr:     fixed header, lengths and trailer are gathered here
 * @obuf:    what zlib gave out, with room for header and trailer around it
 * @out_pos: first byte of @obuf that is not written to the destination yet
 * @out_end: first free byte of @obuf
 */
struct wd_stream {
	struct z_stream_s z;
	void *ws;
	bool active;
	bool deflate;
	u8 format;
	bool ended;
	bool more;
	u16 failed;
	u32 crc;
	u32 isize;
	enum wd_gz_state gz;
	u32 hcrc;
	u8 flags;
	u16 skip;
	u8 nhdr;
	u8 hdr[WD_GZ_HEADER];
	u32 out_pos;
	u32 out_end;
	u8 obuf[WD_CHUNK + WD_GZ_HEADER + WD_GZ_TRAILER];
};

static unsigned int op_field(const struct wd_desc *d, int shift, u32 mask)
{
	return d->op >> shift & mask;
}

#define op_level(d)	op_field(d, WD_COMP_LEVEL_SHIFT, 0xf)
#define op_window(d)	op_field(d, WD_COMP_WINDOW_SHIFT, 0xf)
#define op_format(d)	op_field(d, WD_COMP_FORMAT_SHIFT, 0x3)
#define op_flush(d)	op_field(d, WD_COMP_FLUSH_SHIFT, 0x3)

struct wd_stream *wd_stream_alloc(void)
{
	struct wd_stream *s;
	size_t ws;

	s = kvzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return NULL;
	ws = max_t(size_t, zlib_inflate_workspacesize(),
		   zlib_deflate_workspacesize(WD_DEFLATE_WBITS,
					      WD_DEFLATE_MEM_LEVEL));
	s->ws = vzalloc(ws);
	if (!s->ws) {
		kvfree(s);
		return NULL;
	}
	return s;
}

/* A later stream is another process's, maybe: leave nothing of this one behind. */
void wd_stream_free(struct wd_stream *s)
{
	if (!s)
		return;
	vfree(s->ws);
	kvfree_sensitive(s, sizeof(*s));
}

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
	put_unaligned_le32(s->crc, s->obuf + s->out_end);
	put_unaligned_le32(s->isize, s->obuf + s->out_end + 4);
	s->out_end += WD_GZ_TRAILER;
}

u16 wd_stream_init(struct wd_stream *s, const struct wd_desc *d)
{
	int wbits, ret;

	s->active = false;
	s->deflate = d->opcode == WD_OP_DEFLATE;
	s->format = op_format(d);
	s->ended = false;
	s->more = false;
	s->failed = 0;
	s->crc = 0;
	s->isize = 0;
	s->gz = s->format == WD_COMP_GZIP ? WD_GZ_FIXED : WD_GZ_BODY;
	s->hcrc = ~0;
	s->nhdr = 0;
	s->out_pos = 0;
	s->out_end = 0;

	memset(&s->z, 0, sizeof(s->z));
	s->z.workspace = s->ws;
	wbits = op_window(d) ?: WD_DEFLATE_WBITS;
	if (s->format != WD_COMP_ZLIB)
		wbits = -wbits;
	if (s->deflate) {
		if (s->format == WD_COMP_GZIP)
			gz_put_header(s, op_level(d));
		ret = zlib_deflateInit2(&s->z, op_level(d), Z_DEFLATED, wbits,
					WD_DEFLATE_MEM_LEVEL, Z_DEFAULT_STRATEGY);
	} else {
		ret = zlib_inflateInit2(&s->z, wbits);
	}
	if (ret != Z_OK)
		return WD_ST_BAD_OP;
	s->active = true;
	return WD_ST_OK;
}

static u16 comp_check(const struct wd_desc *d)
{
	bool window_ok = op_window(d) >= 9;

	if (d->op & ~WD_COMP_MASK || op_format(d) > WD_COMP_GZIP)
		return WD_ST_BAD_OP;
	if (d->opcode == WD_OP_DEFLATE && (op_level(d) > 9 || !window_ok))
		return WD_ST_BAD_OP;
	if (d->opcode == WD_OP_INFLATE &&
	    (op_level(d) || op_flush(d) || (op_window(d) && !window_ok)))
		return WD_ST_BAD_OP;
	if (d->src_len > WD_MAX_LEN || d->dst_len > WD_MAX_LEN || !d->dst_len)
		return WD_ST_BAD_LENGTH;
	return d->stream < WD_STREAMS ? WD_ST_OK : WD_ST_BAD_STREAM;
}

/* A stream that was begun on the id and not ended makes room for the new one. */
static u16 begin_stream(struct wd_chan *c, const struct wd_desc *d)
{
	struct wd_stream **s = &c->streams[d->stream];
	u16 status;

	if (!*s)
		*s = wd_stream_get(c->func);
	if (!*s)
		return WD_ST_NO_RESOURCE;
	status = wd_stream_init(*s, d);
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
		status = begin_stream(c, d);
		if (status != WD_ST_OK)
			return status;
	}
	s = c->streams[d->stream];
	if (!s || s->deflate != (d->opcode == WD_OP_DEFLATE))
		return WD_ST_BAD_STREAM;
	if (!wd_comp_is_request(d, s))
		return WD_ST_BAD_LENGTH;
	job->stream = s;
	return WD_ST_OK;
}

/* Write what is in @obuf. Return: DONE where all of it is out or @dst is full. */
static enum wd_step flush_out(struct wd_job *job, struct wd_io *io)
{
	struct wd_stream *s = job->stream;
	u32 n = min(s->out_end - s->out_pos, job->desc.dst_len - job->produced);
	u32 done = 0;

	if (n)
		done = wd_operand_write(&job->dst, io, job->produced, s->obuf + s->out_pos, n);
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

/* With Z_FINISH too zlib wants to be called until it says so. */
static int zlib_flush(const struct wd_desc *d, bool last)
{
	static const int flush[] = {
		[WD_COMP_NO_FLUSH] = Z_NO_FLUSH,
		[WD_COMP_SYNC_FLUSH] = Z_SYNC_FLUSH,
		[WD_COMP_FULL_FLUSH] = Z_FULL_FLUSH,
		[WD_COMP_FINISH] = Z_FINISH,
	};

	return last ? flush[op_flush(d)] : Z_NO_FLUSH;
}

/* Feed @n bytes from the bounce buffer. */
static void deflate_chunk(struct wd_job *job, struct wd_io *io, u32 n)
{
	struct wd_stream *s = job->stream;
	bool last = job->consumed + n == job->desc.src_len;
	u32 used;
	int ret;

	s->z.next_in = io->bounce;
	s->z.avail_in = n;
	s->z.next_out = s->obuf + s->out_end;
	s->z.avail_out = WD_CHUNK;
	ret = zlib_deflate(&s->z, zlib_flush(&job->desc, last));

	used = n - s->z.avail_in;
	if (s->format == WD_COMP_GZIP) {
		s->crc = ~crc32_le(~s->crc, io->bounce, used);
		s->isize += used;
	}
	job->consumed += used;
	s->out_end += WD_CHUNK - s->z.avail_out;
	s->more = !s->z.avail_out;
	if (ret == Z_STREAM_END) {
		s->ended = true;
		s->more = false;
		if (s->format == WD_COMP_GZIP)
			gz_put_trailer(s);
	} else if (ret != Z_OK && (ret != Z_BUF_ERROR || n)) {
		/* With input "no progress" is for ever: it came after FINISH. */
		s->failed = WD_ST_DATA;
	}
}

/* Gather up to @want bytes in s->hdr. Return: true when they are there. */
static bool gz_gather(struct wd_stream *s, const u8 **p, const u8 *end, u8 want)
{
	while (s->nhdr < want && *p < end)
		s->hdr[s->nhdr++] = *(*p)++;
	if (s->nhdr < want)
		return false;
	s->nhdr = 0;
	return true;
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
	u16 n = min_t(size_t, s->skip, end - *p);

	s->skip -= n;
	*p += n;
	return !s->skip;
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
		if (s->flags & need[now])
			break;
	return now;
}

/* One part of the header. Return: true when it is complete. */
static bool gz_part(struct wd_stream *s, const u8 **p, const u8 *end)
{
	switch (s->gz) {
	case WD_GZ_FIXED:
		if (!gz_gather(s, p, end, WD_GZ_HEADER))
			return false;
		s->flags = s->hdr[3];
		if (s->hdr[0] != 0x1f || s->hdr[1] != 0x8b ||
		    s->hdr[2] != Z_DEFLATED || s->flags & WD_GZ_RESERVED)
			s->failed = WD_ST_DATA;
		return true;
	case WD_GZ_EXTRA_LEN:
		if (!gz_gather(s, p, end, 2))
			return false;
		s->skip = get_unaligned_le16(s->hdr);
		return true;
	case WD_GZ_EXTRA:
		return gz_skip_extra(s, p, end);
	case WD_GZ_NAME:
	case WD_GZ_COMMENT:
		return gz_skip_string(p, end);
	case WD_GZ_HCRC:
		if (!gz_gather(s, p, end, 2))
			return false;
		if (get_unaligned_le16(s->hdr) != (u16)~s->hcrc)
			s->failed = WD_ST_DATA;
		return true;
	default:
		return true;
	}
}

/* Read the header of a gzip member, as much of it as is there. */
static const u8 *gz_header(struct wd_stream *s, const u8 *p, const u8 *end)
{
	while (s->gz < WD_GZ_BODY && !s->failed && p < end) {
		const u8 *start = p;
		bool crc = s->gz != WD_GZ_HCRC;
		bool complete = gz_part(s, &p, end);

		if (crc)
			s->hcrc = crc32_le(s->hcrc, start, p - start);
		if (!complete)
			break;
		s->gz = gz_next(s, s->gz);
	}
	return p;
}

static const u8 *gz_trailer(struct wd_stream *s, const u8 *p, const u8 *end)
{
	if (s->failed || !gz_gather(s, &p, end, WD_GZ_TRAILER))
		return p;
	if (get_unaligned_le32(s->hdr) != s->crc ||
	    get_unaligned_le32(s->hdr + 4) != s->isize)
		s->failed = WD_ST_DATA;
	s->gz = WD_GZ_DONE;
	s->ended = !s->failed;
	return p;
}

static const u8 *inflate_body(struct wd_stream *s, const u8 *p, const u8 *end)
{
	u8 *out = s->obuf + s->out_end;
	u32 got;
	int ret;

	s->z.next_in = p;
	s->z.avail_in = end - p;
	s->z.next_out = out;
	s->z.avail_out = WD_CHUNK;
	ret = zlib_inflate(&s->z, Z_SYNC_FLUSH);

	got = WD_CHUNK - s->z.avail_out;
	s->out_end += got;
	s->more = !s->z.avail_out;
	if (s->format == WD_COMP_GZIP) {
		s->crc = ~crc32_le(~s->crc, out, got);
		s->isize += got;
	}
	switch (ret) {
	case Z_OK:
	case Z_BUF_ERROR:
		break;
	case Z_STREAM_END:
		s->more = false;
		s->gz = s->format == WD_COMP_GZIP ? WD_GZ_TAIL : WD_GZ_DONE;
		s->ended = s->gz == WD_GZ_DONE;
		break;
	case Z_NEED_DICT:
		s->failed = WD_ST_NEED_DICT;
		break;
	default:
		s->failed = WD_ST_DATA;
	}
	return end - s->z.avail_in;
}

static void inflate_chunk(struct wd_job *job, struct wd_io *io, u32 n)
{
	struct wd_stream *s = job->stream;
	const u8 *p = io->bounce, *end = p + n;

	if (s->gz < WD_GZ_BODY)
		p = gz_header(s, p, end);
	if (s->gz == WD_GZ_BODY && !s->failed)
		p = inflate_body(s, p, end);
	if (s->gz == WD_GZ_TAIL)
		p = gz_trailer(s, p, end);
	job->consumed += p - (u8 *)io->bounce;
}

static enum wd_step finish(struct wd_job *job, struct wd_result *res, u16 status)
{
	struct wd_stream *s = job->stream;

	res->status = status;
	res->aux = 0;
	res->info = 0;
	if (status == WD_ST_OVERFLOW)
		return WD_STEP_DONE;
	if (status != WD_ST_OK) {
		s->active = false;
		return WD_STEP_DONE;
	}
	if (s->ended) {
		res->aux = WD_CQE_END;
		res->info = s->format == WD_COMP_GZIP ? s->crc :
			    s->format == WD_COMP_ZLIB ? s->z.adler : 0;
		s->active = false;
	}
	return WD_STEP_DONE;
}

/* All is read and zlib holds nothing back: is the flush complete as well? */
static bool input_done(const struct wd_job *job, bool fed)
{
	const struct wd_stream *s = job->stream;

	if (job->consumed < job->desc.src_len || s->more)
		return false;
	if (!s->deflate)
		return true;
	return fed || !op_flush(&job->desc);
}

/*
 * Work on a job until it is done, faults, or has had its quantum. Every state in
 * which it leaves here can be gone on from: what zlib gave out waits in @obuf.
 */
enum wd_step wd_comp_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	const struct wd_desc *d = &job->desc;
	struct wd_stream *s = job->stream;
	u32 start = job->consumed + job->produced;
	bool fed = false;

	for (;;) {
		enum wd_step step = flush_out(job, io);
		u32 n, got;

		if (step != WD_STEP_DONE)
			return step;
		if (s->out_end)
			return finish(job, res, WD_ST_OVERFLOW);
		if (s->failed)
			return finish(job, res, s->failed);
		if (s->ended || input_done(job, fed))
			return finish(job, res, WD_ST_OK);
		if (job->consumed + job->produced - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;

		n = min(d->src_len - job->consumed, WD_CHUNK);
		got = n ? wd_operand_read(&job->src, io, job->consumed, io->bounce, n) : 0;
		if (n && !got)
			return WD_STEP_FAULT;
		if (s->deflate)
			deflate_chunk(job, io, got);
		else
			inflate_chunk(job, io, got);
		fed = true;
	}
}

/* Its stream may have ended with it. */
static void comp_end(struct wd_chan *c, struct wd_job *job)
{
	if (!job->stream->active)
		wd_chan_close_stream(c, job->desc.stream);
}

const struct wd_op wd_op_deflate = {
	.algs = WD_ALG_DEFLATE,
	.flags = WD_DESC_SGLS,
	.check = comp_check,
	.begin = comp_begin,
	.step = wd_comp_step,
	.end = comp_end,
};

const struct wd_op wd_op_inflate = {
	.algs = WD_ALG_DEFLATE,
	.flags = WD_DESC_SGLS,
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
