// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of operations.
 */
#include <linux/nospec.h>

#include "op.h"

static u16 nop_check(const struct wd_desc *d)
{
	return WD_ST_OK;
}

static const struct wd_op wd_op_nop = {
	.algs = WD_ALGS_ANY,
	.check = nop_check,
};

u16 wd_check_plain(const struct wd_desc *d)
{
	if (d->op)
		return WD_ST_BAD_OP;
	if (d->stream)
		return WD_ST_BAD_FLAGS;
	return d->src_len && d->src_len <= WD_MAX_LEN && d->dst_len <= WD_MAX_LEN ?
	       WD_ST_OK : WD_ST_BAD_LENGTH;
}

static const struct wd_op *const wd_ops[] = {
	[WD_OP_NOP] = &wd_op_nop,
	[WD_OP_DEFLATE] = &wd_op_deflate,
	[WD_OP_INFLATE] = &wd_op_inflate,
	[WD_OP_STREAM_CLOSE] = &wd_op_stream_close,
	[WD_OP_KEY_SET] = &wd_op_key_set,
	[WD_OP_KEY_DROP] = &wd_op_key_drop,
	[WD_OP_CIPHER] = &wd_op_cipher,
	[WD_OP_AEAD] = &wd_op_aead,
	[WD_OP_DIGEST] = &wd_op_digest,
	[WD_OP_COPY] = &wd_op_copy,
	[WD_OP_FILL] = &wd_op_fill,
	[WD_OP_COMPARE] = &wd_op_compare,
	[WD_OP_COMPARE_PATTERN] = &wd_op_compare_pattern,
	[WD_OP_DUALCAST] = &wd_op_dualcast,
	[WD_OP_COPY_CRC32C] = &wd_op_copy_crc32c,
	[WD_OP_XOR] = &wd_op_xor,
	[WD_OP_DIF_INSERT] = &wd_op_dif_insert,
	[WD_OP_DIF_VERIFY] = &wd_op_dif_verify,
	[WD_OP_DIF_STRIP] = &wd_op_dif_strip,
	[WD_OP_DIF_UPDATE] = &wd_op_dif_update,
	[WD_OP_DIX_GENERATE] = &wd_op_dix_generate,
	[WD_OP_DIX_VERIFY] = &wd_op_dix_verify,
};

const struct wd_op *wd_op_find(u16 opcode)
{
	const struct wd_op *op;

	if (opcode >= ARRAY_SIZE(wd_ops))
		return NULL;
	op = wd_ops[array_index_nospec(opcode, ARRAY_SIZE(wd_ops))];
	return op && (op->algs == WD_ALGS_ANY || op->algs & wd_hw_algs) ? op : NULL;
}

static bool param_copied(struct wd_io *io, u64 addr, size_t len, size_t done, bool write)
{
	if (done == len)
		return true;
	io->fault_aux = WD_CQE_FAULT_PARAM;
	io->fault_write = write;
	io->fault_end = addr + len;
	io->bad_list = false;
	io->pipe = false;
	return false;
}

bool wd_param_read(struct wd_io *io, void *to, u64 addr, size_t len)
{
	return param_copied(io, addr, len, io->read(io, to, addr, len), false);
}

bool wd_param_write(struct wd_io *io, u64 addr, const void *from, size_t len)
{
	return param_copied(io, addr, len, io->write(io, addr, from, len), true);
}
