// SPDX-License-Identifier: GPL-2.0-or-later
/* zlib streams: what deflate writes around and instead of what the device compressed. */
#include <string.h>

#include "zlib_stream.h"

#define GZIP_HEADER	10
#define STORED_MAX	65535U
#define OS_UNIX		3

size_t wd_zlib_put_header(const struct wd_zlib_loan *s, Bytef *dst)
{
	unsigned int level = s->level < 2 ? 0 : s->level < 6 ? 1 : s->level == 6 ? 2 : 3;
	unsigned int head = (unsigned int)(Z_DEFLATED + ((s->window - 8) << 4)) << 8 | level << 6;

	switch (s->wrap) {
	case WD_ZLIB:
		head += 31 - head % 31;
		dst[0] = (Bytef)(head >> 8);
		dst[1] = (Bytef)head;
		return 2;
	case WD_GZIP:
		memcpy(dst, "\x1f\x8b\x08\0\0\0\0\0", GZIP_HEADER - 2);
		dst[8] = s->level == 9 ? 2 : s->level < 2 ? 4 : 0;
		dst[9] = OS_UNIX;
		return GZIP_HEADER;
	default:
		return 0;
	}
}

size_t wd_zlib_put_trailer(const struct wd_zlib_loan *s, uLong check, uLong total, Bytef *dst)
{
	switch (s->wrap) {
	case WD_ZLIB:
		for (int i = 0; i < 4; i++)
			dst[i] = (Bytef)(check >> (24 - 8 * i));
		return 4;
	case WD_GZIP:
		for (int i = 0; i < 4; i++) {
			dst[i] = (Bytef)(check >> 8 * i);
			dst[i + 4] = (Bytef)(total >> 8 * i);
		}
		return 8;
	default:
		return 0;
	}
}

size_t wd_zlib_stored_len(size_t n, int flush)
{
	return n + (n + STORED_MAX - 1) / STORED_MAX * WD_ZLIB_MARKER +
	       (flush == Z_FINISH ? 0 : WD_ZLIB_MARKER);
}

static Bytef *put_stored_head(Bytef *dst, unsigned int len, bool last)
{
	dst[0] = last;
	dst[1] = (Bytef)len;
	dst[2] = (Bytef)(len >> 8);
	dst[3] = (Bytef)~len;
	dst[4] = (Bytef)(~len >> 8);
	return dst + WD_ZLIB_MARKER;
}

void wd_zlib_put_marker(Bytef *dst)
{
	put_stored_head(dst, 0, false);
}

/*
 * Many programs give a stream as much room as deflateBound() says, which has none for a
 * flush after each piece. With pieces stored where that is shorter there is enough.
 */
void wd_zlib_put_stored(Bytef *dst, const Bytef *p, size_t n, int flush)
{
	while (n) {
		unsigned int len = n < STORED_MAX ? (unsigned int)n : STORED_MAX;

		dst = put_stored_head(dst, len, flush == Z_FINISH && len == n);
		memcpy(dst, p, len);
		dst += len;
		p += len;
		n -= len;
	}
	if (flush != Z_FINISH)
		wd_zlib_put_marker(dst);
}

int wd_zlib_guess_type(const Bytef *p, size_t n)
{
	const uint32_t binary = 0xf3ffc07f;
	int type = Z_BINARY;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < 32 && binary >> p[i] & 1)
			return Z_BINARY;
		if (p[i] == 9 || p[i] == 10 || p[i] == 13 || p[i] >= 32)
			type = Z_TEXT;
	}
	return type;
}
