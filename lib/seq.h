/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sequences. seq.c: contexts, and appending; seq_plan.c: what is elided and fused;
 * seq_run.c: executing; seq_pool.c: buffers.
 */
#ifndef WD_LIB_SEQ_H
#define WD_LIB_SEQ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "wd_dma.h"
#include "wd_seq.h"

#include "domain.h"

#define SEQ_POOL_CLASSES	16	/* powers of two from a page on; longer ones are not kept */
#define SEQ_POOL_KEPT		8	/* buffers of a class, at most */

/**
 * struct seq_pool - buffers, the one that was used last first
 * @lock: guards the rest
 * @head: of each class; what is free begins with the next one
 * @kept: how many there are
 */
struct seq_pool {
	pthread_mutex_t lock;
	void *head[SEQ_POOL_CLASSES];
	unsigned int kept[SEQ_POOL_CLASSES];
};

void wd_seq_pool_init(struct seq_pool *pool);
void wd_seq_pool_exit(struct seq_pool *pool);
/* @len bytes, of a buffer that may have been used. NULL: no memory. */
void *wd_seq_pool_get(struct seq_pool *pool, size_t len);
void wd_seq_pool_put(struct seq_pool *pool, void *buf, size_t len);

/* The contexts that a struct wd_seq_ctx has of its own. */
enum seq_own {
	SEQ_MOVE,
	SEQ_CRC,
	SEQ_DIF,
	SEQ_XOR,
	SEQ_OWN
};

/**
 * struct wd_seq_ctx - what sequences have in common
 * @own:      contexts for what needs no key; the channel is that of the first
 * @platform: what fuses, or NULL
 * @pool:     buffers
 * @lock:     guards @waiting
 * @waiting:  sequences for which the channel had no place
 */
struct wd_seq_ctx {
	struct wd_alg_ctx own[SEQ_OWN];
	const struct wd_seq_platform *platform;
	struct seq_pool pool;
	pthread_mutex_t lock;
	struct wd_seq *waiting;
};

/**
 * struct seq_operand - of a step
 * @loc:  where it is. What the library knows as the process's memory is told by its address
 *        there, whatever the domain was.
 * @iov:  parts of @loc that the sequence owns, or NULL
 * @temp: while it runs: @loc.op.len bytes of the pool instead, or NULL
 * @parts: while it runs: where a domain's memory is in the process, or NULL
 * @nparts: how many
 * @cut:   while it runs: the parts of a list that are not all used, or NULL
 */
struct seq_operand {
	struct wd_loc loc;
	struct iovec *iov;
	void *temp;
	struct iovec *parts;
	unsigned int nparts;
	struct iovec *cut;
};

/**
 * struct seq_step - an operation
 * @alg:   context that does it; NULL: it was elided
 * @req:   what is submitted; its operands are filled in when it is run
 * @dst:   len is 0: it has none
 * @src:   sources; only an XOR has more than one
 * @nsrcs: how many
 * @ptrs:  an XOR's, as its request wants them
 * @iv:    a cipher's
 * @crc:   where a CRC goes, or NULL
 * @came:  where the number of bytes goes that a compression or decompression made, or NULL
 * @feeder: the step that makes its source, where that may be less than there is room for; or NULL
 * @made:  bytes that it wrote
 * @cb:    told when it is done, or NULL
 * @arg:   for @cb
 */
struct seq_step {
	struct wd_alg_ctx *alg;
	struct wd_request req;
	struct seq_operand dst;
	struct seq_operand src[WD_XOR_SRCS];
	unsigned int nsrcs;
	void *ptrs[WD_XOR_SRCS];
	uint8_t iv[16];
	uint32_t *crc;
	size_t *came;
	const struct seq_step *feeder;
	size_t made;
	wd_seq_cb_t cb;
	void *arg;
};

/**
 * struct seq_region - of the scratch domain
 * @addr: its address there
 * @len:  bytes
 * @buf:  memory for it, while it needs some
 */
struct seq_region {
	uintptr_t addr;
	size_t len;
	uint8_t *buf;
};

enum seq_state {
	SEQ_OPEN,
	SEQ_RUNNING,
	SEQ_DONE,
};

/* Where the unit that is executed is. */
enum seq_phase {
	SEQ_BRING,	/* sources of other domains */
	SEQ_SUBMIT,
	SEQ_TAKE,	/* the destination, to another domain */
	SEQ_NEXT,
};

/**
 * struct wd_seq - a sequence
 * @ctx:      what it has in common with others
 * @step:     its operations, in the order of execution
 * @n:        how many
 * @unit:     how many of them are one unit, from a step on, elided ones included
 * @region:   scratch
 * @nregions: how many
 * @state:    where it is
 * @pos:      step that the present unit begins with
 * @phase:    what it is at
 * @operand:  source that is being brought
 * @aborted:  wd_seq_abort()
 * @meet:     who starts something and whoever is told that it ended: the second goes on
 * @ret:      result of that
 * @failed:   operation of a unit that failed
 * @cb:       of wd_seq_finish()
 * @arg:      for @cb
 * @waiting:  next one that waits for a place
 * @stats:    counted so far
 */
struct wd_seq {
	struct wd_seq_ctx *ctx;
	struct seq_step *step[WD_SEQ_MAX];
	unsigned int n;
	unsigned int unit[WD_SEQ_MAX];
	struct seq_region *region;
	unsigned int nregions;
	enum seq_state state;
	unsigned int pos;
	enum seq_phase phase;
	unsigned int operand;
	atomic_bool aborted;
	atomic_uint meet;
	int ret;
	unsigned int failed;
	wd_seq_cb_t cb;
	void *arg;
	struct wd_seq *waiting;
	struct wd_seq_stats stats;
};

/* Does it make less, perhaps, than there is room for? */
static inline bool seq_packs(const struct seq_step *s)
{
	return s->req.what == WD_COMPRESS || s->req.what == WD_DECOMPRESS;
}

static inline bool seq_in_scratch(const struct seq_operand *op)
{
	return op->loc.domain == wd_domain_scratch();
}

/* An operand as a list; @flat has room for what is in one piece. */
static inline const struct iovec *seq_parts(const struct wd_operand *op, struct iovec *flat,
					    unsigned int *cnt)
{
	*flat = (struct iovec){ op->base, op->len };
	*cnt = op->iov ? op->iovcnt : 1;
	return op->iov ? op->iov : flat;
}

/* seq_native.c: of the channels of vendor drivers. */
extern const struct wd_seq_platform wd_seq_native;

/* seq.c */
void wd_seq_step_free(struct seq_step *step);
void wd_seq_operand_drop(struct seq_operand *op);
/*
 * Where the process sees that memory: *@cnt parts at *@parts, which the caller frees. An error of
 * wd_domain_translate(), -EXDEV where no part has a byte, or -ENOMEM: there are none.
 */
int wd_seq_translate(const struct wd_loc *loc, struct iovec **parts, unsigned int *cnt);

/* seq_plan.c: -ENODATA, see wd_seq_finish(); else 0, and it is planned. */
int wd_seq_plan(struct wd_seq *seq);
/* May memory of one operand be that of the other? */
bool wd_seq_overlap(const struct wd_loc *a, const struct wd_loc *b);
/* Does a step read or write it? */
bool wd_seq_touches(const struct seq_step *s, const struct wd_loc *loc);
/* The region that scratch memory lies in. */
struct seq_region *wd_seq_region(const struct wd_seq *seq, const struct wd_loc *loc);

#endif
