/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operands of descriptors, in one piece or in parts, and memory that goes away while
 * the device works on it.
 */
#ifndef OPERAND_H
#define OPERAND_H

#include <pthread.h>

#include "raw_mem.h"

#define OPERAND_PARTS	2048

/**
 * struct operand - source or destination, and where its bytes are for the program
 * @addr:  what goes into the descriptor
 * @len:   bytes
 * @list:  @addr is that of a list
 * @parts: number of parts
 * @at:    where each of them is
 * @part:  how long
 */
struct operand {
	uint64_t addr;
	uint32_t len;
	bool list;
	unsigned int parts;
	uint8_t *at[OPERAND_PARTS];
	uint32_t part[OPERAND_PARTS];
};

/* In one piece at @p, which lies in one slice. */
void operand_flat(struct operand *o, const struct raw_mem *m, uint8_t *p, uint32_t len);
/*
 * Parts of at most @longest bytes, or more where there would be too many, with gaps of up to
 * 15 bytes, from @p on; @list has room for OPERAND_PARTS entries.
 */
void operand_scatter(struct operand *o, const struct raw_mem *m, struct wd_sge *list,
		     uint8_t *p, uint32_t len, uint32_t longest, uint32_t *seed);
void operand_put(const struct operand *o, const void *from);
void operand_get(const struct operand *o, void *to);

/* A descriptor; NULL: it has no such operand. */
struct wd_desc operand_desc(uint16_t opcode, const struct operand *src, const struct operand *dst);

/*
 * Memory of the process whose pages another thread keeps taking out of its page tables; what is
 * in it stays. It is preceded and followed by a page that is not there.
 */
struct shaker {
	uint8_t *p;
	size_t len;
	bool stop;
	pthread_t thread;
};

int shaker_begin(struct shaker *s, size_t len);
void shaker_end(struct shaker *s);

#endif
