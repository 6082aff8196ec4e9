// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zlib streams: inflate.
 *
 * Nothing but the device's own state says where in the compressed data a stream is: so
 * what it got is kept, and the library can be brought to the same place by giving it that
 * again, with the output thrown away that the program has.
 */
#include <errno.h>
#include <string.h>

#include "zlib_stream.h"

#define GZIP_HEADER	10
#define GZIP_FHCRC	0x02
#define GZIP_RESERVED	0xe0
#define ZLIB_FDICT	0x20
#define HELD		16

void wd_zlib_log_free(z_streamp strm, struct wd_zlib_loan *s)
{
	struct wd_zlib_piece *p, *next;

	for (p = s->log; p; p = next) {
		next = p->next;
		wd_zlib_release(strm, p);
	}
	s->log = NULL;
	s->tail = NULL;
	s->rest = NULL;
	s->log_len = 0;
}

/* Make room for @n bytes, so that log_append() cannot fail. Spare pieces are empty. */
static bool log_reserve(z_streamp strm, struct wd_zlib_loan *s, size_t n)
{
	struct wd_zlib_piece **link = s->tail ? &s->tail->next : &s->log, *p;
	size_t room = s->tail ? sizeof(p->data) - s->tail->len : 0;

	while (room < n) {
		if (!*link) {
			p = wd_zlib_alloc(strm, sizeof(*p));
			if (!p)
				return false;
			p->next = NULL;
			p->len = 0;
			*link = p;
		}
		room += sizeof(p->data);
		link = &(*link)->next;
	}
	return true;
}

static void log_append(struct wd_zlib_loan *s, const Bytef *data, size_t n)
{
	struct wd_zlib_piece *p = s->tail ? s->tail : s->log;
	size_t part;

	s->log_len += n;
	for (; n; n -= part) {
		if (p->len == sizeof(p->data))
			p = p->next;
		part = sizeof(p->data) - p->len;
		if (part > n)
			part = n;
		memcpy(p->data + p->len, data, part);
		p->len += (unsigned int)part;
		data += part;
		s->tail = p;
	}
}

/* The piece itself, unless it is a spare one. */
static struct wd_zlib_piece *filled(struct wd_zlib_piece *p)
{
	return p && p->len ? p : NULL;
}

/* Windows smaller than the largest make a difference to what is valid. */
static void begin_idle(struct wd_zlib_loan *s, int window_bits)
{
	s->window_bits = window_bits;
	s->can = window_bits == -15 || window_bits == 0 || window_bits == 15 ||
		 window_bits == 31 || window_bits == 47;
	s->phase = WD_ZLIB_IDLE;
	s->ended = false;
	s->lost = false;
	s->out_sum = 0;
	s->out_pos = 0;
	s->out_len = 0;
	s->ahead = false;
}

int wd_zlib_inflate_init(struct wd_zlib *wz, z_streamp strm, int window_bits,
			 const char *version, int stream_size)
{
	struct wd_zlib_loan *s;
	int ret;

	ret = wz->calls.inflate_init(strm, window_bits, version, stream_size);
	if (ret != Z_OK)
		return ret;
	s = wd_zlib_wrap(wz, strm, WD_COMP_INFLATE);
	if (s)
		begin_idle(s, window_bits);
	return Z_OK;
}

/* One call of the library's, of which only the amounts count. Return: bytes of output. */
static unsigned int run_unseen(z_streamp strm, const struct wd_zlib_loan *s, uint64_t want)
{
	Bytef out[8192];
	unsigned int room = want < sizeof(out) ? (unsigned int)want : sizeof(out);

	strm->next_out = out;
	strm->avail_out = room;
	s->wz->calls.inflate(strm, Z_NO_FLUSH);
	return room - strm->avail_out;
}

/* Give the library what the device got, as far as it takes it for the output so far. */
static void replay(z_streamp strm, struct wd_zlib_loan *s)
{
	uint64_t want = s->out_sum - wd_zlib_held(s);

	s->rest = filled(s->log);
	s->rest_pos = 0;
	while (s->rest || want) {
		unsigned int len = s->rest ? s->rest->len - s->rest_pos : 0, out;

		strm->next_in = s->rest ? s->rest->data + s->rest_pos : Z_NULL;
		strm->avail_in = len;
		out = run_unseen(strm, s, want);
		want -= out;
		s->rest_pos += len - strm->avail_in;
		if (s->rest && s->rest_pos == s->rest->len) {
			s->rest = filled(s->rest->next);
			s->rest_pos = 0;
		} else if (!out && len == strm->avail_in) {
			break;
		}
	}
	s->lost = want;
}

void wd_zlib_inflate_over(z_streamp strm, struct wd_zlib_loan *s)
{
	struct wd_zlib_aside aside = wd_zlib_set_aside(strm);

	if (s->phase == WD_ZLIB_OWN)
		return;
	if (s->phase == WD_ZLIB_DEVICE) {
		atomic_fetch_add(&s->wz->handed_back, 1);
		wd_zlib_work_end(s->wz, &s->work);
		strm->state = s->own;
		replay(strm, s);
		strm->state = (struct internal_state *)s;
		wd_zlib_restore(strm, &aside);
		s->out_pos = 0;
		s->out_len = 0;
	}
	s->phase = WD_ZLIB_OWN;
	if (!s->rest)
		wd_zlib_log_free(strm, s);
}

/* What the library did not take of what the device got comes before the program's input. */
static int run_rest(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	struct wd_zlib_aside aside = wd_zlib_set_aside(strm);
	uInt room = strm->avail_out;
	int ret;

	strm->next_in = s->rest->data + s->rest_pos;
	strm->avail_in = s->rest->len - s->rest_pos;
	ret = s->wz->calls.inflate(strm, flush);
	s->rest_pos = s->rest->len - strm->avail_in;
	if (!strm->avail_in) {
		s->rest = filled(s->rest->next);
		s->rest_pos = 0;
	}
	strm->next_in = aside.next_in;
	strm->avail_in = aside.avail_in;
	strm->total_in = aside.total_in;
	if (ret == Z_BUF_ERROR && strm->avail_out < room)
		ret = Z_OK;
	return ret;
}

static int run_own(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	int ret = Z_OK;

	if (s->lost)
		return Z_DATA_ERROR;
	strm->state = s->own;
	while (s->rest && ret == Z_OK) {
		struct wd_zlib_piece *before = s->rest;

		ret = run_rest(strm, s, flush);
		if (s->rest == before)
			break;
	}
	if (!s->rest && (ret == Z_OK || ret == Z_BUF_ERROR))
		ret = s->wz->calls.inflate(strm, flush);
	wd_zlib_take_back(strm, s);
	if (!s->rest)
		wd_zlib_log_free(strm, s);
	return ret;
}

static bool zlib_header(const Bytef *p, uInt n)
{
	return n >= 2 && (p[0] & 15) == Z_DEFLATED && p[0] >> 4 <= 7 &&
	       !(p[1] & ZLIB_FDICT) && (p[0] << 8 | p[1]) % 31 == 0;
}

static bool gzip_header(const Bytef *p, uInt n)
{
	return n >= GZIP_HEADER && p[0] == 0x1f && p[1] == 0x8b && p[2] == Z_DEFLATED &&
	       !(p[3] & (GZIP_RESERVED | GZIP_FHCRC));
}

/* A format that the beginning is certain to be of, or -1. */
static int find_format(const z_stream *strm, const struct wd_zlib_loan *s)
{
	bool zlib = s->window_bits == 0 || s->window_bits == 15 || s->window_bits == 47;

	if (s->window_bits < 0)
		return WD_RAW;
	if (s->window_bits > 15 && gzip_header(strm->next_in, strm->avail_in))
		return WD_GZIP;
	return zlib && zlib_header(strm->next_in, strm->avail_in) ? WD_ZLIB : -1;
}

static bool begin_device(z_streamp strm, struct wd_zlib_loan *s)
{
	struct wd_comp_ctx like = { .window_size = 15, .comp_level = WD_LEVEL_DEFAULT };

	if (!s->can || !strm->next_in || !strm->avail_out ||
	    strm->avail_in < s->wz->min_len || strm->avail_in > WD_ZLIB_LOG_MAX)
		return false;
	s->wrap = find_format(strm, s);
	if (s->wrap < 0)
		return false;
	if (!s->out)
		s->out = wd_zlib_alloc(strm, HELD);
	like.alg_type = s->wrap;
	if (!s->out || !wd_zlib_work_begin(s->wz, &s->work, WD_COMP_INFLATE, &like))
		return false;
	s->check = s->wrap == WD_ZLIB;
	s->phase = WD_ZLIB_DEVICE;
	return true;
}

static void count_check(struct wd_zlib_loan *s, const Bytef *p, size_t n)
{
	const struct wd_zlib_calls *calls = &s->wz->calls;

	if (!n)
		return;
	if (s->wrap == WD_ZLIB)
		s->check = calls->adler32(s->check, p, (uInt)n);
	else if (s->wrap == WD_GZIP)
		s->check = calls->crc32(s->check, p, (uInt)n);
}

/*
 * Run the device, with output to @out. Return: as wd_alg_inflate(); a stream of which the
 * input cannot be kept ends with -ENOMEM before anything happened to it.
 */
static int run_device(z_streamp strm, struct wd_zlib_loan *s, Bytef *out, size_t room)
{
	struct wd_comp_ctx *ctx = &s->work.ctx;
	size_t n = strm->avail_in < WD_ZLIB_PIECE ? strm->avail_in : WD_ZLIB_PIECE;
	int ret;

	if (s->log_len + n > WD_ZLIB_LOG_MAX || !log_reserve(strm, s, n))
		return -ENOMEM;
	ctx->in = strm->next_in;
	ctx->in_len = n;
	ctx->out = out;
	ctx->out_len = room;
	ret = wd_zlib_work_run(s->wz, &s->work, WD_COMP_INFLATE);
	if (ret < 0 && ret != -ENOSPC)
		return ret;
	/* The check that the device made was of what it wrote; this is of what arrived. */
	count_check(s, out, ctx->produced);
	if (ret == WD_STREAM_END && s->wrap != WD_RAW && ctx->checksum != s->check)
		return -EIO;
	log_append(s, strm->next_in, ctx->consumed);
	strm->next_in += ctx->consumed;
	strm->avail_in -= (uInt)ctx->consumed;
	strm->total_in += ctx->consumed;
	s->out_sum += ctx->produced;
	if (ret == WD_STREAM_END) {
		s->ended = true;
		wd_zlib_work_end(s->wz, &s->work);
	}
	return ret;
}

/*
 * The output is full. zlib goes on to the end of the stream where nothing but that is left;
 * the device has to be given room to tell.
 */
static int look_for_end(z_streamp strm, struct wd_zlib_loan *s)
{
	int ret = run_device(strm, s, s->out, 1);

	if (ret < 0 && ret != -ENOSPC)
		return ret;
	s->out_pos = 0;
	s->out_len = (unsigned int)s->work.ctx.produced;
	return 0;
}

/* As much as input and output allow. Return: 0, or why the library has to do it. */
static int run_call(z_streamp strm, struct wd_zlib_loan *s)
{
	int ret;

	while (!s->ended && strm->avail_out) {
		ret = run_device(strm, s, strm->next_out, strm->avail_out);
		if (ret < 0 && ret != -ENOSPC)
			return ret;
		strm->next_out += s->work.ctx.produced;
		strm->avail_out -= (uInt)s->work.ctx.produced;
		strm->total_out += s->work.ctx.produced;
		if (ret == -ENOSPC)
			return look_for_end(strm, s);
		if (!strm->avail_in)
			break;
	}
	return 0;
}

/*
 * A device may have used all input when there is still output to come. Programs take that for
 * the end of the input where there is no more: so the last byte seems to be left.
 */
static void leave_byte(z_streamp strm, struct wd_zlib_loan *s, const Bytef *begin)
{
	if (!wd_zlib_held(s) || strm->avail_in || strm->next_in == begin || s->ahead)
		return;
	strm->next_in--;
	strm->avail_in++;
	strm->total_in--;
	s->ahead = true;
}

/* It comes again. */
static void skip_byte(z_streamp strm, struct wd_zlib_loan *s)
{
	if (!s->ahead || !strm->avail_in || !strm->next_in)
		return;
	strm->next_in++;
	strm->avail_in--;
	strm->total_in++;
	s->ahead = false;
}

static int run_device_call(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	uInt in = strm->avail_in, out = strm->avail_out;
	const Bytef *begin = strm->next_in;
	int ret = 0;

	skip_byte(strm, s);
	if (!wd_zlib_drain(strm, s) && !s->ended) {
		if (strm->avail_out)
			ret = run_call(strm, s);
		else if (out)
			ret = look_for_end(strm, s);
	}
	if (ret) {
		wd_zlib_inflate_over(strm, s);
		ret = run_own(strm, s, flush);
		if (ret != Z_BUF_ERROR)
			return ret;
	} else {
		if (s->wrap != WD_RAW)
			strm->adler = s->check;
		strm->data_type = s->ended ? 64 : 0;
		if (s->ended && !wd_zlib_held(s) && !s->ahead)
			return Z_STREAM_END;
		leave_byte(strm, s, begin);
	}
	if ((strm->avail_in == in && strm->avail_out == out) || flush == Z_FINISH)
		return Z_BUF_ERROR;
	return Z_OK;
}

int wd_zlib_inflate(struct wd_zlib *wz, z_streamp strm, int flush)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_INFLATE);

	if (!s)
		return wz->calls.inflate(strm, flush);
	if (s->phase != WD_ZLIB_OWN && (flush == Z_BLOCK || flush == Z_TREES))
		wd_zlib_inflate_over(strm, s);
	if (s->phase == WD_ZLIB_IDLE && !begin_device(strm, s))
		wd_zlib_inflate_over(strm, s);
	if (s->phase == WD_ZLIB_OWN) {
		skip_byte(strm, s);
		return run_own(strm, s, flush);
	}
	if (!strm->next_out || (!strm->next_in && strm->avail_in))
		return Z_STREAM_ERROR;
	return run_device_call(strm, s, flush);
}

int wd_zlib_inflate_reset(struct wd_zlib *wz, z_streamp strm)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_INFLATE);
	int ret;

	if (!s)
		return wz->calls.inflate_reset(strm);
	wd_zlib_work_end(wz, &s->work);
	wd_zlib_log_free(strm, s);
	strm->state = s->own;
	ret = wz->calls.inflate_reset(strm);
	wd_zlib_take_back(strm, s);
	begin_idle(s, s->window_bits);
	if (s->pinned)
		s->phase = WD_ZLIB_OWN;
	return ret;
}

int wd_zlib_inflate_reset2(struct wd_zlib *wz, z_streamp strm, int window_bits)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_INFLATE);
	int ret;

	if (!s)
		return wz->calls.inflate_reset2(strm, window_bits);
	/* A value that is none leaves the stream as it is. */
	wd_zlib_inflate_over(strm, s);
	strm->state = s->own;
	ret = wz->calls.inflate_reset2(strm, window_bits);
	wd_zlib_take_back(strm, s);
	if (ret != Z_OK)
		return ret;
	wd_zlib_log_free(strm, s);
	s->pinned = false;
	begin_idle(s, window_bits);
	return Z_OK;
}

int wd_zlib_inflate_end(struct wd_zlib *wz, z_streamp strm)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_INFLATE);

	if (s)
		wd_zlib_unwrap(strm, s);
	return wz->calls.inflate_end(strm);
}

/* Input that the library did not take yet belongs to the copy as well. */
static bool copy_rest(z_streamp dest, struct wd_zlib_loan *d, const struct wd_zlib_loan *s)
{
	unsigned int pos = s->rest_pos;

	for (struct wd_zlib_piece *p = s->rest; p; p = filled(p->next), pos = 0) {
		if (!log_reserve(dest, d, p->len - pos))
			return false;
		log_append(d, p->data + pos, p->len - pos);
	}
	d->rest = filled(d->log);
	d->rest_pos = 0;
	return true;
}

int wd_zlib_inflate_copy(struct wd_zlib *wz, z_streamp dest, z_streamp source)
{
	struct wd_zlib_loan *s = wd_zlib_state(source, WD_COMP_INFLATE), *d;
	int ret;

	if (!s || !dest)
		return wz->calls.inflate_copy(dest, source);
	if (s->phase != WD_ZLIB_IDLE)
		wd_zlib_inflate_over(source, s);
	source->state = s->own;
	ret = wz->calls.inflate_copy(dest, source);
	wd_zlib_take_back(source, s);
	if (ret != Z_OK)
		return ret;
	d = wd_zlib_wrap(wz, dest, WD_COMP_INFLATE);
	if (d) {
		begin_idle(d, s->window_bits);
		d->phase = s->phase;
		d->pinned = s->pinned;
		d->lost = s->lost;
		d->ahead = s->ahead;
	}
	if ((s->rest || s->lost) && (!d || !copy_rest(dest, d, s))) {
		wd_zlib_inflate_end(wz, dest);
		return Z_MEM_ERROR;
	}
	return Z_OK;
}
