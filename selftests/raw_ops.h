/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations: which algorithms they belong to, which fields of a descriptor they have. */
#ifndef RAW_OPS_H
#define RAW_OPS_H

#include "raw.h"

#define RAW_ALG_COMP	(7ULL << WD_ALG_NR_DEFLATE)
#define RAW_ALG_CIPHERS	(0xffULL << WD_ALG_NR_AES_ECB)
#define RAW_ALG_AEADS	(7ULL << WD_ALG_NR_AES_GCM)
#define RAW_ALG_HASHES	(0xffULL << WD_ALG_NR_SHA1)
#define RAW_ALG_CRCS	(0xfULL << WD_ALG_NR_CRC32)
#define RAW_ALG_ANY	(~0ULL)		/* also none */

#define RAW_OP_PARAM	(1U << 0)	/* a parameter block */
#define RAW_OP_KEY	(1U << 1)
#define RAW_OP_STREAM	(1U << 2)
#define RAW_OP_SRC	(1U << 3)	/* src is an operand */
#define RAW_OP_DST	(1U << 4)	/* dst is one */

/**
 * struct raw_op - an operation
 * @opcode: WD_OP_*
 * @flags:  that it allows, WD_DESC_*
 * @has:    RAW_OP_*
 * @algs:   a device has it that has one of these
 */
struct raw_op {
	uint16_t opcode;
	uint16_t flags;
	uint16_t has;
	uint64_t algs;
};

/* All of the header. */
extern const struct raw_op raw_ops[];
extern const unsigned int raw_ops_count;

/* NULL: the header has no such operation. */
const struct raw_op *raw_op_find(uint16_t opcode);

/* Whether a device that has these algorithms has the operation. */
bool raw_op_present(uint16_t opcode, uint64_t algs);

#endif
