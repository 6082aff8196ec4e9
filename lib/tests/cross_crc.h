/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRCs by their definition, eight bits at a time, for one thread. */
#ifndef CROSS_CRC_H
#define CROSS_CRC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct cross_crc - a CRC
 * @poly:      of a reflected one: reflected
 * @start:     and what is put on at the end
 * @reflected: the least significant bit is the first
 * @bits:      how many it has
 * @made:      is there a table?
 * @table:     what eight bits make of each value of theirs
 */
struct cross_crc {
	uint64_t poly;
	uint64_t start;
	bool reflected;
	unsigned int bits;
	bool made;
	uint64_t table[256];
};

extern struct cross_crc cross_crc32c, cross_crc64, cross_crc64_nvme, cross_crc_t10dif;

/* @crc: 0, or that of what came before. */
uint64_t cross_crc(struct cross_crc *kind, uint64_t crc, const void *data, size_t len);

#endif
