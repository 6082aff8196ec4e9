// SPDX-License-Identifier: GPL-2.0-or-later
#include "raw_ops.h"

#define SRC	WD_DESC_SRC_SGL
#define DST	WD_DESC_DST_SGL
#define MOVE	WD_ALG_BIT(WD_ALG_NR_MOVE)
#define DIF	WD_ALG_BIT(WD_ALG_NR_DIF)
#define TO	(RAW_OP_SRC | RAW_OP_DST)	/* from source to destination */

const struct raw_op raw_ops[] = {
	{ WD_OP_NOP, 0, 0, RAW_ALG_ANY },
	{ WD_OP_STREAM_CLOSE, 0, RAW_OP_STREAM, RAW_ALG_ANY },
	{ WD_OP_DEFLATE, SRC | DST, TO | RAW_OP_STREAM, RAW_ALG_COMP },
	{ WD_OP_INFLATE, SRC | DST, TO | RAW_OP_STREAM, RAW_ALG_COMP },
	{ WD_OP_KEY_SET, SRC, RAW_OP_SRC | RAW_OP_KEY,
	  RAW_ALG_CIPHERS | RAW_ALG_AEADS | RAW_ALG_HASHES },
	{ WD_OP_KEY_DROP, 0, RAW_OP_KEY, RAW_ALG_CIPHERS | RAW_ALG_AEADS | RAW_ALG_HASHES },
	{ WD_OP_CIPHER, SRC | DST, TO | RAW_OP_PARAM | RAW_OP_KEY, RAW_ALG_CIPHERS },
	{ WD_OP_AEAD, SRC | DST, TO | RAW_OP_PARAM | RAW_OP_KEY, RAW_ALG_AEADS },
	{ WD_OP_DIGEST, SRC | DST, TO | RAW_OP_KEY | RAW_OP_STREAM,
	  RAW_ALG_HASHES | RAW_ALG_CRCS },
	{ WD_OP_COPY, SRC | DST, TO, MOVE },
	{ WD_OP_FILL, DST, RAW_OP_DST, MOVE },
	{ WD_OP_COMPARE, SRC | DST, TO, MOVE },
	{ WD_OP_COMPARE_PATTERN, SRC, RAW_OP_SRC, MOVE },
	{ WD_OP_DUALCAST, SRC | DST, TO | RAW_OP_PARAM, MOVE },
	{ WD_OP_COPY_CRC32C, SRC | DST, TO, WD_ALG_BIT(WD_ALG_NR_COPY_CRC) },
	{ WD_OP_XOR, SRC | DST, RAW_OP_DST | RAW_OP_PARAM, WD_ALG_BIT(WD_ALG_NR_XOR) },
	{ WD_OP_DIF_INSERT, SRC | DST, TO | RAW_OP_PARAM, DIF },
	{ WD_OP_DIF_VERIFY, SRC, RAW_OP_SRC | RAW_OP_PARAM, DIF },
	{ WD_OP_DIF_STRIP, SRC | DST, TO | RAW_OP_PARAM, DIF },
	{ WD_OP_DIF_UPDATE, SRC | DST, TO | RAW_OP_PARAM, DIF },
	{ WD_OP_DIX_GENERATE, SRC, RAW_OP_SRC | RAW_OP_PARAM, DIF },
	{ WD_OP_DIX_VERIFY, SRC, RAW_OP_SRC | RAW_OP_PARAM, DIF },
};

const unsigned int raw_ops_count = sizeof(raw_ops) / sizeof(raw_ops[0]);

const struct raw_op *raw_op_find(uint16_t opcode)
{
	for (unsigned int i = 0; i < raw_ops_count; i++)
		if (raw_ops[i].opcode == opcode)
			return &raw_ops[i];
	return NULL;
}

bool raw_op_present(uint16_t opcode, uint64_t algs)
{
	const struct raw_op *op = raw_op_find(opcode);

	return op && (op->algs == RAW_ALG_ANY || op->algs & algs);
}
