// SPDX-License-Identifier: GPL-2.0-or-later
/* Moving and comparing memory in software. */
#include <string.h>

#include <misc/uacce/wd_accel.h>

#include "cursor.h"
#include "soft_alg.h"

#define CHUNK	4096

/* What both have in one piece from here on; 0: they are at their ends. */
static size_t both_here(struct wd_cursor *a, struct wd_cursor *b)
{
	const size_t x = wd_cursor_here(a), y = wd_cursor_here(b);

	return x < y ? x : y;
}

static void copy(const struct wd_operand *from, const struct wd_operand *to)
{
	struct wd_cursor src = wd_cursor(from), dst = wd_cursor(to);
	size_t n;

	while ((n = both_here(&src, &dst))) {
		memmove(dst.p, src.p, n);
		wd_cursor_skip(&src, n);
		wd_cursor_skip(&dst, n);
	}
}

static void copy_crc(struct wd_request *req)
{
	struct wd_cursor src = wd_cursor(&req->src), dst = wd_cursor(&req->dst);
	uint64_t crc = req->crc;
	size_t n;

	while ((n = both_here(&src, &dst))) {
		n = n < CHUNK ? n : CHUNK;	/* what the cache has */
		crc = wd_soft_crc_add(WD_ALG_NR_CRC32C, crc, src.p, n);
		memcpy(dst.p, src.p, n);
		wd_cursor_skip(&src, n);
		wd_cursor_skip(&dst, n);
	}
	req->result = crc;
}

/* The pattern, as it is from byte number @pos of the operand on. */
static void make_pattern(unsigned char *pattern, uint64_t eight, size_t pos, size_t len)
{
	for (size_t i = 0; i < len; i++)
		pattern[i] = ((const unsigned char *)&eight)[(pos + i) % sizeof(eight)];
}

static void fill(const struct wd_request *req)
{
	struct wd_cursor dst = wd_cursor(&req->dst);
	unsigned char pattern[2 * sizeof(req->pattern)];
	size_t pos = 0, n;

	make_pattern(pattern, req->pattern, 0, sizeof(pattern));
	while ((n = wd_cursor_here(&dst))) {
		const unsigned char *from = pattern + pos % sizeof(req->pattern);

		if (n > sizeof(req->pattern))
			n = sizeof(req->pattern);
		memcpy(dst.p, from, n);
		wd_cursor_skip(&dst, n);
		pos += n;
	}
}

/* Two places differ somewhere within the next @n bytes; @pos is their offset. */
static int differ(struct wd_request *req, const unsigned char *a, const unsigned char *b,
		  size_t pos)
{
	while (*a++ == *b++)
		pos++;
	req->result = pos;
	return 1;
}

static int compare(struct wd_request *req)
{
	struct wd_cursor a = wd_cursor(&req->src), b = wd_cursor(&req->dst);
	size_t pos = 0, n;

	while ((n = both_here(&a, &b))) {
		if (memcmp(a.p, b.p, n))
			return differ(req, a.p, b.p, pos);
		wd_cursor_skip(&a, n);
		wd_cursor_skip(&b, n);
		pos += n;
	}
	return 0;
}

static int compare_fill(struct wd_request *req)
{
	struct wd_cursor src = wd_cursor(&req->src);
	unsigned char pattern[2 * sizeof(req->pattern)];
	size_t pos = 0, n;

	make_pattern(pattern, req->pattern, 0, sizeof(pattern));
	while ((n = wd_cursor_here(&src))) {
		const unsigned char *want = pattern + pos % sizeof(req->pattern);

		if (n > sizeof(req->pattern))
			n = sizeof(req->pattern);
		if (memcmp(src.p, want, n))
			return differ(req, src.p, want, pos);
		wd_cursor_skip(&src, n);
		pos += n;
	}
	return 0;
}

/* A source may be the destination, so a chunk of it is written when it is complete. */
static void xor(const struct wd_request *req)
{
	struct wd_cursor dst = wd_cursor(&req->dst);
	unsigned char sum[CHUNK];

	for (size_t pos = 0, n; pos < req->src.len; pos += n) {
		n = req->src.len - pos < CHUNK ? req->src.len - pos : CHUNK;
		memcpy(sum, (const unsigned char *)req->srcs[0] + pos, n);
		for (unsigned int i = 1; i < req->nsrcs; i++) {
			const unsigned char *src = (const unsigned char *)req->srcs[i] + pos;

			for (size_t j = 0; j < n; j++)
				sum[j] ^= src[j];
		}
		wd_cursor_write(&dst, sum, n);
	}
}

static int dma_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	(void)sa;
	switch (req->what) {
	case WD_COMPARE:
		return compare(req);
	case WD_COMPARE_FILL:
		return compare_fill(req);
	case WD_FILL:
		fill(req);
		break;
	case WD_DUALCAST:
		copy(&req->src, &req->dst2);
		copy(&req->src, &req->dst);
		break;
	case WD_COPY_CRC:
		copy_crc(req);
		break;
	case WD_XOR:
		xor(req);
		break;
	default:
		copy(&req->src, &req->dst);
		break;
	}
	req->produced = req->dst.len;
	return 0;
}

const struct wd_soft_ops wd_soft_dma = {
	.run = dma_run,
};
