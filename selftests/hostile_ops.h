/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random requests for all but compression: half-valid ones, with keys, parameter blocks
 * and lists in memory of the slot's own; and what the device may answer.
 */
#ifndef HOSTILE_OPS_H
#define HOSTILE_OPS_H

#include "hostile_work.h"
#include "raw_ops.h"

/* As bits; class 2xh and OVERFLOW fit as well. */
#define ST(status)	(1ULL << WD_ST_##status)

/* All that is wrong with a descriptor, as the statuses that say so. */
uint64_t work_malformed(const struct wd_desc *d, const struct wd_chan_layout *l);

/* The statuses, other than faults, that a well-formed descriptor may have. */
uint64_t work_well_formed(const struct wd_desc *d);

/* Nothing but @len bytes of the destination has changed in the slot, whose canaries live again. */
const char *work_check_slot(struct work_desc *wd, uint32_t len);

/* An opcode that the device has, and not of compression; 0: it has none. */
uint16_t work_op_random(struct hostile_rng *r, const struct wd_chan_layout *l);

/*
 * The rest of a descriptor whose opcode is one of these, from one whose operands are random:
 * addresses, lengths, stream id. What it names is written to @slot's block of parameters.
 */
void work_op_fill(const struct work *w, struct hostile_rng *r, const struct wd_chan_layout *l,
		  unsigned int slot, struct work_desc *wd);

/*
 * Reserved memory has no guards: what begins in slot @slot ends there, and nothing is so
 * long that it gets to what others have.
 */
void work_limit_room(const struct work *w, const struct wd_chan_layout *l, unsigned int slot,
		     struct wd_desc *d);

/*
 * The parameter block, where there is one, is not as its operation wants it: an address
 * that is not aligned, or that gives a fault. Never another block, which may say where
 * to write.
 */
uint64_t work_bad_param(const struct work *w, struct hostile_rng *r, uint64_t param);

/* All that is wrong with such a descriptor and is its operation's own, as statuses. */
uint64_t work_op_malformed(const struct wd_desc *d, const struct wd_chan_layout *l);

/* The statuses, other than faults, that a well-formed one may have. */
uint64_t work_op_may(const struct wd_desc *d);

/* What is wrong with the place of a fault, or NULL. */
const char *work_op_fault(const struct work *w, const struct work_desc *wd,
			  const struct wd_cqe *cqe);

/* The most that `produced` may be, of any operation. */
uint32_t work_op_room(const struct wd_desc *d);

/* What is wrong with its counts and bits, or NULL. */
const char *work_op_counts(const struct wd_desc *d, const struct wd_cqe *cqe);

/* Whether more of the destination than `produced` may have been written. */
bool work_op_writes_ahead(const struct wd_desc *d, const struct wd_cqe *cqe);

#endif
