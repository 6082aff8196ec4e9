/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations: what job.c knows of each of them, and what they share. The table is
 * in op.c; comp.c, key.c, cipher.c, aead.c, digest.c, move.c, xor.c and dif.c have the rest.
 */
#ifndef _WD_HW_OP_H
#define _WD_HW_OP_H

#include "chan.h"

/* What became of a piece of work on a job. */
enum wd_step {
	WD_STEP_DONE,		/* struct wd_result is set */
	WD_STEP_AGAIN,		/* the quantum is used up */
	WD_STEP_FAULT,		/* a copy was short: struct wd_io says why */
};

#define WD_OP_HAS_PARAM	BIT(0)	/* a parameter block */
#define WD_OP_HAS_KEY	BIT(1)	/* a key id */
#define WD_OP_LINK_SRC	BIT(2)	/* in a unit: its source may be what another one makes */
#define WD_OP_LINK_DST	BIT(3)	/* and its destination another one's source */
#define WD_OP_LINKS	(WD_OP_LINK_SRC | WD_OP_LINK_DST)
#define WD_OP_TELLS	BIT(4)	/* info and aux of its completion may say something */

#define WD_ALGS_ANY	(~0ULL)	/* wd_op.algs: there whatever algorithms there are */

/**
 * struct wd_op - an operation
 * @algs:  bits of the algorithms that it is part of: it is there where one of them is
 * @flags: bits that wd_desc.flags may have
 * @has:   WD_OP_*
 * @slot:  NULL, or where in the channel a job keeps state: a stream id, or WD_STREAMS
 * @check: what can be said of a descriptor without state, behind the checks that are the
 *         same for all; returns WD_ST_OK or what is wrong
 * @begin: NULL, or begin a job; returns WD_ST_OK, or what the job ends with. Its operands
 *         are at their beginning, wd_job.priv is zero.
 * @shrink: NULL, or called behind @check when the source turns out to end sooner, at a
 *         desc.src_len that is less than at @begin and not less than what was read; returns
 *         WD_ST_OK, or what the job ends with
 * @step:  work on it until it is done, faults, or has had its quantum. Every state that
 *         it leaves the job in can be gone on from. NULL: the job ends with @begin.
 * @end:   NULL, or called after the last @step of a job that was begun, unless the channel
 *         was stopped under it
 */
struct wd_op {
	u64 algs;
	u16 flags;
	u8 has;
	u32 (*slot)(const struct wd_desc *d);
	u16 (*check)(const struct wd_desc *d);
	u16 (*begin)(struct wd_chan *c, struct wd_job *job);
	u16 (*shrink)(struct wd_job *job);
	enum wd_step (*step)(struct wd_job *job, struct wd_io *io, struct wd_result *res);
	void (*end)(struct wd_chan *c, struct wd_job *job);
};

#define WD_DESC_SGLS	(WD_DESC_SRC_SGL | WD_DESC_DST_SGL)

/* Return: NULL, there is no such operation. */
const struct wd_op *wd_op_find(u16 opcode);

extern const struct wd_op wd_op_deflate, wd_op_inflate, wd_op_stream_close;
extern const struct wd_op wd_op_key_set, wd_op_key_drop, wd_op_cipher, wd_op_aead, wd_op_digest;

/*
 * Look which of the algorithms @wanted the kernel has, and keep them there until exit: no
 * request waits for a module. Return: their bits.
 */
u64 wd_cipher_init(u64 wanted);
void wd_cipher_exit(void);
u64 wd_aead_init(u64 wanted);
void wd_aead_exit(void);
u64 wd_digest_init(u64 wanted);
void wd_digest_exit(void);
extern const struct wd_op wd_op_copy, wd_op_fill, wd_op_compare, wd_op_compare_pattern;
extern const struct wd_op wd_op_dualcast, wd_op_copy_crc32c, wd_op_xor;
extern const struct wd_op wd_op_dif_insert, wd_op_dif_verify, wd_op_dif_strip, wd_op_dif_update;
extern const struct wd_op wd_op_dix_generate, wd_op_dix_verify;

/* For @check: a source, maybe room, no operation word, no stream. */
u16 wd_check_plain(const struct wd_desc *d);

/* The step of DEFLATE and INFLATE, for selftest.c. */
enum wd_step wd_comp_step(struct wd_job *job, struct wd_io *io, struct wd_result *res);

/*
 * Copy from or to @addr, which is no operand but in the parameter block or named by it.
 * @io says that, where the copy is short.
 */
bool wd_param_read(struct wd_io *io, void *to, u64 addr, size_t len);
bool wd_param_write(struct wd_io *io, u64 addr, const void *from, size_t len);

/*
 * A stage is memory of the channel in which a job gathers what it works on, and
 * keeps what is not written yet while it waits for a page. It belongs to one job
 * of the request, from its begin to its end; what is in it is wiped when the
 * channel goes.
 */
/* Room for @size bytes, at most twice WD_MAX_UNIT. Return: false, there is none now. */
bool wd_stage_fit(struct wd_chan *c, struct wd_stage *s, u32 size);
/* The @begin of operations that want a chunk of it. */
u16 wd_stage_begin(struct wd_chan *c, struct wd_job *job);
void wd_stage_free(struct wd_chan *c, struct wd_stage *s);
/*
 * Read an operand from @pos on to the end of the stage, until that is @end; @pos is that of
 * stage.end. WD_STEP_AGAIN: that was enough for once.
 */
enum wd_step wd_stage_gather(struct wd_job *job, struct wd_io *io, struct wd_operand *op,
			     u32 pos, u32 end);
/*
 * Write what is between stage.pos and stage.end to the destination at job->produced.
 * WD_STEP_AGAIN: likewise.
 */
enum wd_step wd_stage_flush(struct wd_job *job, struct wd_io *io);
/* @len bytes of the stage from @off on, or more, for the crypto API; @sg has two entries. */
struct scatterlist *wd_stage_sg(struct wd_stage *s, u32 off, u32 len, struct scatterlist *sg);

/* A job that ends well and has nothing more to say; for @step. */
static inline enum wd_step wd_step_done(struct wd_result *res, u16 status)
{
	*res = (struct wd_result) { .status = status };
	return WD_STEP_DONE;
}

#endif
