// SPDX-License-Identifier: GPL-2.0-or-later
/* zlib streams: what is the same in both directions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "zlib_stream.h"

/* No address on any machine that libwd is for. */
#define WD_ZLIB_MAGIC	0x57d57d2b91c3a6e5ULL

struct wd_zlib_loan *wd_zlib_state(z_streamp strm, enum wd_comp_dir dir)
{
	struct wd_zlib_loan *s;

	if (!strm || !strm->state)
		return NULL;
	s = (struct wd_zlib_loan *)strm->state;
	/* A z_stream that was moved is nobody's: zlib finds the same pointer and says so. */
	if (s->strm != strm || s->magic != WD_ZLIB_MAGIC)
		return NULL;
	return dir == WD_COMP_NONE || s->dir == dir ? s : NULL;
}

void *wd_zlib_alloc(z_streamp strm, size_t size)
{
	return strm->zalloc(strm->opaque, 1, (uInt)size);
}

void wd_zlib_release(z_streamp strm, void *p)
{
	if (p)
		strm->zfree(strm->opaque, p);
}

int wd_zlib_error(z_streamp strm, int ret)
{
	switch (ret) {
	case Z_STREAM_ERROR:
		strm->msg = (z_const char *)"stream error";
		break;
	case Z_BUF_ERROR:
		strm->msg = (z_const char *)"buffer error";
		break;
	}
	return ret;
}

struct wd_zlib_aside wd_zlib_set_aside(const z_stream *strm)
{
	return (struct wd_zlib_aside){
		.next_in = strm->next_in,
		.avail_in = strm->avail_in,
		.next_out = strm->next_out,
		.avail_out = strm->avail_out,
		.total_in = strm->total_in,
		.total_out = strm->total_out,
		.msg = strm->msg,
	};
}

void wd_zlib_restore(z_streamp strm, const struct wd_zlib_aside *aside)
{
	strm->next_in = aside->next_in;
	strm->avail_in = aside->avail_in;
	strm->next_out = aside->next_out;
	strm->avail_out = aside->avail_out;
	strm->total_in = aside->total_in;
	strm->total_out = aside->total_out;
	strm->msg = aside->msg;
}

struct wd_zlib_loan *wd_zlib_wrap(struct wd_zlib *wz, z_streamp strm, enum wd_comp_dir dir)
{
	struct wd_zlib_loan *s;

	if (wd_zlib_inside())
		return NULL;
	s = wd_zlib_alloc(strm, sizeof(*s));
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->strm = strm;
	s->magic = WD_ZLIB_MAGIC;
	s->wz = wz;
	s->own = strm->state;
	s->dir = dir;
	strm->state = (struct internal_state *)s;
	return s;
}

void wd_zlib_unwrap(z_streamp strm, struct wd_zlib_loan *s)
{
	wd_zlib_work_end(s->wz, &s->work);
	wd_zlib_release(strm, s->buf);
	wd_zlib_release(strm, s->out);
	wd_zlib_log_free(strm, s);
	strm->state = s->own;
	s->magic = 0;
	wd_zlib_release(strm, s);
}

struct wd_zlib_loan *wd_zlib_lend(struct wd_zlib *wz, z_streamp strm, unsigned int flags)
{
	struct wd_zlib_loan *s = wd_zlib_state(strm, WD_COMP_NONE);

	(void)wz;
	if (!s)
		return NULL;
	if (!(flags & WD_ZLIB_PEEK)) {
		if (s->dir == WD_COMP_DEFLATE)
			wd_zlib_deflate_over(strm, s);
		else
			wd_zlib_inflate_over(strm, s);
		s->pinned = true;
	}
	strm->state = s->own;
	return s;
}

unsigned int wd_zlib_held(const struct wd_zlib_loan *loan)
{
	return loan ? loan->out_len - loan->out_pos : 0;
}

unsigned int wd_zlib_drain(z_streamp strm, struct wd_zlib_loan *loan)
{
	unsigned int n = wd_zlib_held(loan);

	if (n > strm->avail_out)
		n = strm->avail_out;
	if (n) {
		memcpy(strm->next_out, loan->out + loan->out_pos, n);
		strm->next_out += n;
		strm->avail_out -= n;
		strm->total_out += n;
		loan->out_pos += n;
	}
	return wd_zlib_held(loan);
}

void wd_zlib_take_back(z_streamp strm, struct wd_zlib_loan *loan)
{
	if (!loan)
		return;
	loan->own = strm->state;
	strm->state = (struct internal_state *)loan;
}
