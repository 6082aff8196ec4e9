// SPDX-License-Identifier: GPL-2.0-or-later
/* CRCs by their definition, with a table that is made of it. */
#include "cross_crc.h"

struct cross_crc cross_crc32c = {
	.poly = 0x82f63b78, .start = 0xffffffff, .reflected = true, .bits = 32,
};
struct cross_crc cross_crc64 = {
	.poly = 0x42f0e1eba9ea3693, .start = 0, .reflected = false, .bits = 64,
};
struct cross_crc cross_crc64_nvme = {
	.poly = 0x9a6c9329ac4bc9b5, .start = UINT64_MAX, .reflected = true, .bits = 64,
};
struct cross_crc cross_crc_t10dif = {
	.poly = 0x8bb7, .start = 0, .reflected = false, .bits = 16,
};

static uint64_t eight_bits(const struct cross_crc *kind, uint64_t crc)
{
	const uint64_t top = 1ULL << (kind->bits - 1);

	for (int bit = 0; bit < 8; bit++) {
		bool one = crc & (kind->reflected ? 1 : top);

		crc = kind->reflected ? crc >> 1 : crc << 1;
		crc ^= one ? kind->poly : 0;
	}
	return crc & (top | (top - 1));
}

uint64_t cross_crc(struct cross_crc *kind, uint64_t crc, const void *data, size_t len)
{
	const unsigned int shift = kind->bits - 8;
	const uint8_t *p = data;
	uint64_t *table = kind->table;

	for (uint64_t i = 0; !kind->made && i < 256; i++)
		table[i] = eight_bits(kind, kind->reflected ? i : i << shift);
	kind->made = true;
	crc ^= kind->start;
	for (size_t i = 0; i < len; i++)
		crc = kind->reflected ? crc >> 8 ^ table[(crc ^ p[i]) & 0xff] :
		      crc << 8 ^ table[(crc >> shift ^ p[i]) & 0xff];
	crc ^= kind->start;
	return kind->bits == 64 ? crc : crc & ((1ULL << kind->bits) - 1);
}
