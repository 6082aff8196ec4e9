// SPDX-License-Identifier: GPL-2.0-only
/*
 * XXH32 with seed 0, of data that comes in pieces: the check sum of an LZ4 frame's
 * content, which is too long to have in one piece. The kernel's own xxh32() wants that.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "xxh32.h"

#define P1	2654435761U
#define P2	2246822519U
#define P3	3266489917U
#define P4	668265263U
#define P5	374761393U

#define STRIPE	16

void wd_xxh32_init(struct wd_xxh32 *h)
{
	*h = (struct wd_xxh32) { .lane = { P1 + P2, P2, 0, -P1 } };
}

static void add_stripe(struct wd_xxh32 *h, const u8 *p)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		h->lane[i] = rol32(h->lane[i] + get_unaligned_le32(p + 4 * i) * P2, 13) * P1;
}

void wd_xxh32_add(struct wd_xxh32 *h, const u8 *p, size_t n)
{
	size_t have = h->len % STRIPE, part = min_t(size_t, n, STRIPE - have);

	h->len += n;
	if (have) {
		memcpy(h->rest + have, p, part);
		if (have + part < STRIPE)
			return;
		add_stripe(h, h->rest);
		p += part;
		n -= part;
	}
	for (; n >= STRIPE; p += STRIPE, n -= STRIPE)
		add_stripe(h, p);
	memcpy(h->rest, p, n);
}

u32 wd_xxh32_sum(const struct wd_xxh32 *h)
{
	const u8 *p = h->rest, *end = p + h->len % STRIPE;
	u32 x = P5;

	if (h->len >= STRIPE)
		x = rol32(h->lane[0], 1) + rol32(h->lane[1], 7) + rol32(h->lane[2], 12) +
		    rol32(h->lane[3], 18);
	x += (u32)h->len;
	for (; end - p >= 4; p += 4)
		x = rol32(x + get_unaligned_le32(p) * P3, 17) * P4;
	for (; p < end; p++)
		x = rol32(x + *p * P5, 11) * P1;
	x = (x ^ x >> 15) * P2;
	x = (x ^ x >> 13) * P3;
	return x ^ x >> 16;
}
