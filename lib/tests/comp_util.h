/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data, and the other side: plain zlib calls that know nothing of libwd.
 *
 * With WD_TEST_DEVICE in the environment the tests take what the library
 * chooses, which is the device where there is one; else the software driver.
 */
#ifndef COMP_UTIL_H
#define COMP_UTIL_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <zlib.h>

#include "rounds.h"
#include "tap.h"
#include "wd_comp.h"

enum data_kind { DATA_ZERO, DATA_TEXT, DATA_RANDOM, DATA_MIXED, DATA_KINDS };

static inline void fill(unsigned char *p, size_t len, enum data_kind kind,
			uint32_t seed)
{
	static const char words[] = "the ring of a channel is full of noise and "
		"nobody else notices; a page that never arrives must not stall it. ";
	uint32_t rnd = seed | 1;

	for (size_t i = 0; i < len; i++) {
		enum data_kind k = kind;

		if (k == DATA_MIXED)
			k = (i >> 12) % 3;
		if (k == DATA_ZERO)
			p[i] = 0;
		else if (k == DATA_RANDOM)
			p[i] = (unsigned char)next_random(&rnd);
		else if (i % 61 == 0)
			p[i] = (unsigned char)('a' + next_random(&rnd) % 26);
		else
			p[i] = (unsigned char)words[i % (sizeof(words) - 1)];
	}
}

static inline unsigned char *make_data(size_t len, enum data_kind kind,
				       uint32_t seed)
{
	/* Exactly as long as it is said to be: ASan watches the end. */
	unsigned char *p = malloc(len ? len : 1);

	if (!p)
		exit(EXIT_FAILURE);
	fill(p, len, kind, seed);
	return p;
}

static inline struct wd_comp_ctx make_ctx(int alg, int level, int window, int mode)
{
	return (struct wd_comp_ctx){
		.alg_type = alg,
		.comp_level = level,
		.window_size = window,
		.stream_mode = mode,
		.flags = getenv("WD_TEST_DEVICE") ? 0 : WD_COMP_F_SOFTWARE,
	};
}

static inline int ref_bits(int alg)
{
	return alg == WD_RAW ? -15 : alg == WD_GZIP ? 31 : 15;
}

/* Is @in exactly one stream of format @alg that holds @plain? */
static inline bool ref_inflates(int alg, const unsigned char *in, size_t in_len,
				const unsigned char *plain, size_t plain_len)
{
	unsigned char *out = malloc(plain_len + 1);
	z_stream z = { 0 };
	bool ok;

	if (!out || inflateInit2(&z, ref_bits(alg)) != Z_OK)
		exit(EXIT_FAILURE);
	z.next_in = in;
	z.avail_in = (uInt)in_len;
	z.next_out = out;
	z.avail_out = (uInt)plain_len + 1;
	ok = inflate(&z, Z_FINISH) == Z_STREAM_END && !z.avail_in &&
	     z.total_out == plain_len && !memcmp(out, plain, plain_len);
	inflateEnd(&z);
	free(out);
	return ok;
}

/* Compress with plain zlib. The caller frees the result. */
static inline unsigned char *ref_deflate(int alg, const unsigned char *in,
					 size_t in_len, size_t *out_len)
{
	size_t room = in_len + in_len / 8 + 1024;
	unsigned char *out = malloc(room);
	z_stream z = { 0 };

	if (!out || deflateInit2(&z, 6, Z_DEFLATED, ref_bits(alg), 8, 0) != Z_OK)
		exit(EXIT_FAILURE);
	z.next_in = in;
	z.avail_in = (uInt)in_len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END)
		exit(EXIT_FAILURE);
	*out_len = z.total_out;
	deflateEnd(&z);
	return out;
}

static inline uint32_t ref_checksum(int alg, const unsigned char *p, size_t len)
{
	if (alg == WD_RAW)
		return 0;
	if (alg == WD_ZLIB)
		return (uint32_t)adler32(adler32(0, NULL, 0), p, (uInt)len);
	return (uint32_t)crc32(0, p, (uInt)len);
}

/* Is nothing mapped at the page @va? */
static inline bool is_unmapped(void *va)
{
	void *p = mmap(va, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
		       -1, 0);

	if (p == MAP_FAILED)
		return false;
	munmap(p, 4096);
	return p == va;
}

typedef int (*comp_fn)(struct wd_comp_ctx *ctx);

/*
 * Run a whole stream with at most @in_step bytes in and @out_step out at a time.
 * Sets *out_len; returns the last result, -EPROTO (-71) where a call did not
 * keep what the header promises.
 */
#define BROKEN_PROMISE	(-71)

static inline int run_stream(comp_fn fn, struct wd_comp_ctx *ctx,
			     const unsigned char *in, size_t in_len,
			     size_t in_step, unsigned char *out, size_t room,
			     size_t out_step, size_t *out_len)
{
	size_t pos = 0, end = 0, idle = 0;
	int ret = 0;

	for (*out_len = 0; ret != WD_STREAM_END; *out_len = end) {
		size_t n = in_len - pos < in_step ? in_len - pos : in_step;
		size_t r = room - end < out_step ? room - end : out_step;

		ctx->in = in + pos;
		ctx->in_len = n;
		ctx->out = out + end;
		ctx->out_len = r;
		if (fn == wd_alg_deflate && pos + n == in_len)
			ctx->flush_type = WD_FINISH;
		ret = fn(ctx);
		if (ctx->consumed > n || ctx->produced > r)
			return BROKEN_PROMISE;
		pos += ctx->consumed;
		end += ctx->produced;
		if (ret < 0 && ret != -28)
			return ret;
		if (!ret && ctx->consumed != n)
			return BROKEN_PROMISE;
		idle = ctx->consumed || ctx->produced ? 0 : idle + 1;
		if (ret != WD_STREAM_END && (idle > 2 || (pos == in_len && end == room)))
			break;
	}
	return ret;
}

#endif
