// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zlib streams: deflate.
 *
 * The device gets raw deflate in pieces, each of which ends on a byte boundary with all its
 * output out; header and trailer are made here. So between two pieces the stream is the
 * 32 KiB before and a check sum, and anybody can go on with it: another stream of the
 * library's, which is fed those 32 KiB first and whose output for them is thrown away. A
 * piece that the device did not bring to its end is compressed again there.
 */
#include <errno.h>
#include <string.h>

#include "zlib_stream.h"

static const unsigned char *stage_of(const struct wd_zlib_loan *s)
{
	return s->buf + WD_ZLIB_HISTORY;
}

static uLong check_update(const struct wd_zlib_loan *s, uLong check, const Bytef *p, size_t n)
{
	const struct wd_zlib_calls *calls = &s->wz->calls;

	if (!n)
		return check;
	if (s->wrap == WD_ZLIB)
		return calls->adler32(check, p, (uInt)n);
	return s->wrap == WD_GZIP ? calls->crc32(check, p, (uInt)n) : check;
}

/* As zlib's deflateInit2_(), which has checked them, sees the parameters. */
static void begin_idle(struct wd_zlib_loan *s)
{
	s->phase = WD_ZLIB_IDLE;
	s->last_flush = -2;
	s->done_flush = Z_NO_FLUSH;
	s->check = s->wrap != WD_GZIP;
	s->stage_check = s->check;
	s->begun = false;
	s->ended = false;
	s->hist_len = 0;
	s->staged = 0;
	s->out_pos = 0;
	s->out_len = 0;
}

int wd_zlib_deflate_init(struct wd_zlib *wz, z_streamp strm, int level, int method,
			 int window_bits, int mem_level, int strategy, const char *version,
			 int stream_size)
{
	struct wd_zlib_loan *s;
	int ret;

	ret = wz->calls.deflate_init(strm, level, method, window_bits, mem_level, strategy,
				     version, stream_size);
	if (ret != Z_OK)
		return ret;
	s = wd_zlib_wrap(wz, strm, WD_COMP_DEFLATE);
	if (!s)
		return Z_OK;
	s->wrap = window_bits < 0 ? WD_RAW : window_bits > 15 ? WD_GZIP : WD_ZLIB;
	s->window = window_bits < 0 ? -window_bits : window_bits > 15 ? window_bits - 16 : window_bits;
	if (s->window == 8)
		s->window = 9;
	s->level = level == Z_DEFAULT_COMPRESSION ? 6 : level;
	/* Nothing to gain where nothing is compressed. */
	s->can = s->level && strategy == Z_DEFAULT_STRATEGY;
	begin_idle(s);
	return Z_OK;
}

static void count_input(z_streamp strm, size_t n)
{
	strm->next_in += n;
	strm->avail_in -= (uInt)n;
	strm->total_in += n;
}

static void count_output(z_streamp strm, size_t n)
{
	strm->next_out += n;
	strm->avail_out -= (uInt)n;
	strm->total_out += n;
}

/* Let the library's stream run to the end of a flush; nobody wants to see what comes out. */
static void run_unseen(z_streamp strm, const struct wd_zlib_loan *s, int flush)
{
	Bytef out[4096];

	do {
		strm->next_out = out;
		strm->avail_out = sizeof(out);
		s->wz->calls.deflate(strm, flush);
	} while (!strm->avail_out);
}

/* Header and history: as if the library had compressed all that the device did. */
static void feed_history(z_streamp strm, const struct wd_zlib_loan *s)
{
	strm->next_in = s->hist_len ? s->buf + WD_ZLIB_HISTORY - s->hist_len : s->buf;
	strm->avail_in = s->hist_len;
	run_unseen(strm, s, s->ended ? Z_FINISH : Z_SYNC_FLUSH);
	if (s->ended)
		return;
	/* It refuses, but then does not take the next flush for a repetition. */
	strm->avail_out = 1;
	s->wz->calls.deflate(strm, Z_NO_FLUSH);
}

/* The stage: what the program believes to be compressed already. */
static void feed_stage(z_streamp strm, struct wd_zlib_loan *s)
{
	strm->next_in = stage_of(s);
	strm->avail_in = s->staged;
	strm->next_out = s->out;
	strm->avail_out = WD_ZLIB_OUT;
	s->wz->calls.deflate(strm, Z_NO_FLUSH);
	s->out_pos = 0;
	s->out_len = WD_ZLIB_OUT - strm->avail_out;
	s->staged = 0;
}

void wd_zlib_deflate_over(z_streamp strm, struct wd_zlib_loan *s)
{
	struct wd_zlib_aside aside = wd_zlib_set_aside(strm);

	if (s->phase == WD_ZLIB_OWN)
		return;
	if (s->phase == WD_ZLIB_DEVICE && s->begun)
		atomic_fetch_add(&s->wz->handed_back, 1);
	wd_zlib_work_end(s->wz, &s->work);
	strm->state = s->own;
	if (s->begun)
		feed_history(strm, s);
	strm->total_in = aside.total_in - s->staged;
	strm->adler = s->check;
	if (s->staged)
		feed_stage(strm, s);
	strm->state = (struct internal_state *)s;
	wd_zlib_restore(strm, &aside);
	s->phase = WD_ZLIB_OWN;
}

/* Buffers for a stream that is not one piece, and for output that has no room. */
static bool need_buf(z_streamp strm, struct wd_zlib_loan *s)
{
	if (!s->buf)
		s->buf = wd_zlib_alloc(strm, WD_ZLIB_HISTORY + WD_ZLIB_STAGE);
	return s->buf;
}

static bool need_out(z_streamp strm, struct wd_zlib_loan *s)
{
	if (!s->out)
		s->out = wd_zlib_alloc(strm, WD_ZLIB_OUT);
	return s->out;
}

static void keep_history(struct wd_zlib_loan *s, const Bytef *p, size_t n)
{
	unsigned char *end = s->buf + WD_ZLIB_HISTORY;
	unsigned int keep;

	if (!n)
		return;
	if (n >= WD_ZLIB_HISTORY) {
		memcpy(s->buf, p + n - WD_ZLIB_HISTORY, WD_ZLIB_HISTORY);
		s->hist_len = WD_ZLIB_HISTORY;
		return;
	}
	keep = WD_ZLIB_HISTORY - (unsigned int)n;
	if (keep > s->hist_len)
		keep = s->hist_len;
	memmove(end - n - keep, end - keep, keep);
	memcpy(end - n, p, n);
	s->hist_len = keep + (unsigned int)n;
}

static bool begin_work(struct wd_zlib_loan *s)
{
	struct wd_comp_ctx like = {
		.alg_type = WD_RAW,
		.comp_level = s->level,
		.window_size = s->window,
	};

	return s->work.chan || wd_zlib_work_begin(s->wz, &s->work, WD_COMP_DEFLATE, &like);
}

static int device_flush(int flush)
{
	switch (flush) {
	case Z_FULL_FLUSH:
		return WD_FULL_FLUSH;
	case Z_FINISH:
		return WD_FINISH;
	default:
		return WD_SYNC_FLUSH;
	}
}

/* Run the device. Return: bytes of raw deflate, or -1: it did not do it. */
static ssize_t run_device(struct wd_zlib_loan *s, const Bytef *in, size_t n, int flush,
			  Bytef *dst, size_t room)
{
	struct wd_comp_ctx *ctx = &s->work.ctx;
	int ret;

	/* Whether this one forgets what came before is not certain. */
	if (!n && flush == Z_FULL_FLUSH)
		return -1;
	if (!begin_work(s))
		return -1;
	ctx->in = in;
	ctx->in_len = n;
	ctx->out = dst;
	ctx->out_len = room;
	ctx->flush_type = device_flush(flush);
	ret = wd_zlib_work_run(s->wz, &s->work, WD_COMP_DEFLATE);
	if (ret != (flush == Z_FINISH ? WD_STREAM_END : 0) || ctx->consumed != n)
		return -1;
	if (n && ctx->produced > wd_zlib_stored_len(n, flush)) {
		wd_zlib_put_stored(dst, in, n, flush);
		return (ssize_t)wd_zlib_stored_len(n, flush);
	}
	/* The program waits for the marker, also where the last piece ended with one. */
	if (!ctx->produced) {
		wd_zlib_put_marker(dst);
		return WD_ZLIB_MARKER;
	}
	return (ssize_t)ctx->produced;
}

/*
 * Compress a piece to @dst, with what comes before and after it in the stream. @total: the
 * length of the stream with it. Return: bytes, or -1, and then nothing happened.
 */
static ssize_t piece_to(z_streamp strm, struct wd_zlib_loan *s, const Bytef *in, size_t n,
			int flush, uLong total, Bytef *dst, size_t room)
{
	size_t head = s->begun ? 0 : wd_zlib_put_header(s, dst);
	uLong check = s->staged ? s->stage_check : check_update(s, s->check, in, n);
	ssize_t len;

	len = run_device(s, in, n, flush, dst + head, room - head - WD_ZLIB_TRAILER);
	if (len < 0)
		return -1;
	len += (ssize_t)head;
	if (flush == Z_FINISH) {
		len += (ssize_t)wd_zlib_put_trailer(s, check, total, dst + len);
		s->ended = true;
		wd_zlib_work_end(s->wz, &s->work);
	}
	if (strm->data_type == Z_UNKNOWN && n)
		strm->data_type = wd_zlib_guess_type(in, n);
	s->check = check;
	s->stage_check = check;
	strm->adler = check;
	s->begun = true;
	if (s->buf)
		keep_history(s, in, n);
	return len;
}

/* A piece of the stage or of the program's input: to the program's output, where that has room. */
static bool submit(z_streamp strm, struct wd_zlib_loan *s, const Bytef *in, size_t n, int flush,
		   uLong total)
{
	size_t room = n + n / 1000 + 256;
	ssize_t len;

	if (flush != Z_FINISH && !need_buf(strm, s))
		return false;
	if (strm->avail_out >= room) {
		len = piece_to(strm, s, in, n, flush, total, strm->next_out, strm->avail_out);
		if (len < 0)
			return false;
		count_output(strm, (size_t)len);
		return true;
	}
	if (!need_out(strm, s))
		return false;
	len = piece_to(strm, s, in, n, flush, total, s->out, WD_ZLIB_OUT);
	if (len < 0)
		return false;
	s->out_pos = 0;
	s->out_len = (unsigned int)len;
	return true;
}

/* The first piece of a stream decides whether a device gets it. */
static bool large_enough(const struct wd_zlib_loan *s, size_t n)
{
	return s->begun || n >= s->wz->min_len;
}

/* Of the program's input, where it is. */
static bool submit_direct(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	size_t n = strm->avail_in;

	if (n > WD_ZLIB_PIECE)
		n = WD_ZLIB_PIECE;
	if (n > WD_ZLIB_STAGE && strm->avail_out < n + n / 1000 + 256)
		n = WD_ZLIB_STAGE;
	if (n < strm->avail_in || flush == Z_NO_FLUSH)
		flush = Z_SYNC_FLUSH;
	if (!large_enough(s, n) || !submit(strm, s, strm->next_in, n, flush, strm->total_in + n))
		return false;
	count_input(strm, n);
	return true;
}

static bool submit_stage(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	if (!large_enough(s, s->staged) ||
	    !submit(strm, s, s->buf ? stage_of(s) : NULL, s->staged, flush, strm->total_in))
		return false;
	s->staged = 0;
	return true;
}

static bool fill_stage(z_streamp strm, struct wd_zlib_loan *s)
{
	size_t n = WD_ZLIB_STAGE - s->staged;

	if (!need_buf(strm, s) || !need_out(strm, s))
		return false;
	if (n > strm->avail_in)
		n = strm->avail_in;
	memcpy(s->buf + WD_ZLIB_HISTORY + s->staged, strm->next_in, n);
	s->stage_check = check_update(s, s->stage_check, strm->next_in, n);
	strm->adler = s->stage_check;
	s->staged += (unsigned int)n;
	count_input(strm, n);
	return true;
}

/*
 * One step of a call: a piece to the device, or input to the stage. Return: 1 there is
 * more to do, 0 there is not, -1 the library has to go on.
 */
static int step(z_streamp strm, struct wd_zlib_loan *s, int flush, bool *flushed)
{
	bool asked = flush != Z_NO_FLUSH, ok;

	if (strm->avail_in && !s->staged && (asked || strm->avail_in >= WD_ZLIB_STAGE)) {
		ok = submit_direct(strm, s, flush);
	} else {
		if (strm->avail_in) {
			if (!fill_stage(strm, s))
				return -1;
			*flushed = false;
			if (s->staged < WD_ZLIB_STAGE)
				return asked;
		} else if (!asked || *flushed) {
			return 0;
		}
		ok = submit_stage(strm, s, strm->avail_in || !asked ? Z_SYNC_FLUSH : flush);
	}
	*flushed = asked && !strm->avail_in;
	return ok ? 1 : -1;
}

/* A call that the library has to answer, after what is still held. */
static int run_own(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	uInt room = strm->avail_out;
	int ret;

	if (wd_zlib_drain(strm, s) || (room && !strm->avail_out))
		return Z_OK;
	strm->state = s->own;
	ret = s->wz->calls.deflate(strm, flush);
	wd_zlib_take_back(strm, s);
	return ret == Z_BUF_ERROR && strm->avail_out < room ? Z_OK : ret;
}

static int rank(int flush)
{
	return flush * 2 - (flush > 4 ? 9 : 0);
}

/* What zlib refuses. */
static int check_call(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	bool held = wd_zlib_held(s);

	if (!strm->next_out || (strm->avail_in && !strm->next_in) ||
	    (s->ended && flush != Z_FINISH))
		return Z_STREAM_ERROR;
	if (!strm->avail_out)
		return Z_BUF_ERROR;
	if (s->ended)
		return strm->avail_in ? Z_BUF_ERROR : Z_OK;
	if (!held && !strm->avail_in && flush != Z_FINISH && rank(flush) <= rank(s->last_flush))
		return Z_BUF_ERROR;
	return Z_OK;
}

static int run_device_call(z_streamp strm, struct wd_zlib_loan *s, int flush)
{
	/* A flush that was done when the output became full is not done again. */
	bool flushed = s->last_flush == -1 && flush != Z_NO_FLUSH && s->done_flush == flush;
	int ret;

	s->last_flush = flush;
	for (;;) {
		if (wd_zlib_drain(strm, s))
			break;
		if (s->ended)
			return Z_STREAM_END;
		ret = step(strm, s, flush, &flushed);
		if (ret < 0) {
			wd_zlib_deflate_over(strm, s);
			return run_own(strm, s, flush);
		}
		if (!ret)
			break;
	}
	s->done_flush = flushed ? flush : Z_NO_FLUSH;
	if (!strm->avail_out)
		s->last_flush = -1;
	return Z_OK;
}

int wd_zlib_deflate(struct wd_zlib *wz, z_streamp strm, int flush)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_DEFLATE);
	int ret;

	if (!s)
		return wz->calls.deflate(strm, flush);
	if (flush > Z_BLOCK || flush < 0)
		return Z_STREAM_ERROR;
	/* Bits that stay behind are no device's. */
	if (flush == Z_BLOCK || !s->can)
		wd_zlib_deflate_over(strm, s);
	if (s->phase == WD_ZLIB_OWN && !wd_zlib_held(s))
		return run_own(strm, s, flush);
	ret = check_call(strm, s, flush);
	if (ret != Z_OK) {
		if (s->phase == WD_ZLIB_DEVICE && ret == Z_BUF_ERROR && strm->avail_out)
			s->last_flush = flush;
		return wd_zlib_error(strm, ret);
	}
	if (s->phase == WD_ZLIB_IDLE &&
	    (!strm->avail_in || (flush != Z_NO_FLUSH && strm->avail_in < s->wz->min_len)))
		wd_zlib_deflate_over(strm, s);
	if (s->phase == WD_ZLIB_OWN)
		return run_own(strm, s, flush);
	s->phase = WD_ZLIB_DEVICE;
	return run_device_call(strm, s, flush);
}

int wd_zlib_deflate_reset(struct wd_zlib *wz, z_streamp strm)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_DEFLATE);
	int ret;

	if (!s)
		return wz->calls.deflate_reset(strm);
	wd_zlib_work_end(wz, &s->work);
	strm->state = s->own;
	ret = wz->calls.deflate_reset(strm);
	wd_zlib_take_back(strm, s);
	begin_idle(s);
	if (s->pinned)
		s->phase = WD_ZLIB_OWN;
	return ret;
}

int wd_zlib_deflate_end(struct wd_zlib *wz, z_streamp strm)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_DEFLATE);
	bool cut;
	int ret;

	if (!s)
		return wz->calls.deflate_end(strm);
	cut = s->phase == WD_ZLIB_DEVICE && !s->ended;
	wd_zlib_unwrap(strm, s);
	ret = wz->calls.deflate_end(strm);
	return cut && ret == Z_OK ? Z_DATA_ERROR : ret;
}

/* The copy of a stream with output that is held holds it too. */
static int copy_held(z_streamp dest, struct wd_zlib_loan *d, const struct wd_zlib_loan *s)
{
	if (!wd_zlib_held(s))
		return Z_OK;
	if (!d || !need_out(dest, d))
		return Z_MEM_ERROR;
	d->out_len = wd_zlib_held(s);
	memcpy(d->out, s->out + s->out_pos, d->out_len);
	return Z_OK;
}

int wd_zlib_deflate_copy(struct wd_zlib *wz, z_streamp dest, z_streamp source)
{
	struct wd_zlib_loan *s = wd_zlib_state(source, WD_COMP_DEFLATE), *d;
	int ret;

	if (!s || !dest)
		return wz->calls.deflate_copy(dest, source);
	if (s->phase != WD_ZLIB_IDLE)
		wd_zlib_deflate_over(source, s);
	source->state = s->own;
	ret = wz->calls.deflate_copy(dest, source);
	wd_zlib_take_back(source, s);
	if (ret != Z_OK)
		return ret;
	d = wd_zlib_wrap(wz, dest, WD_COMP_DEFLATE);
	if (d) {
		d->wrap = s->wrap;
		d->window = s->window;
		d->level = s->level;
		d->can = s->can;
		d->pinned = s->pinned;
		begin_idle(d);
		d->phase = s->phase;
	}
	ret = copy_held(dest, d, s);
	if (ret != Z_OK)
		wd_zlib_deflate_end(wz, dest);
	return ret;
}
