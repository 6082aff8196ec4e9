// SPDX-License-Identifier: GPL-2.0-or-later
/* Random units, and what may be said to them. */
#include "hostile_link.h"

#define FAULTS	(ST(FAULT_UNMAPPED) | ST(FAULT_PERM) | ST(FAULT_RANGE) | ST(FAULT_BUS))

/* What the header allows in a unit, and where. */
static bool may_begin(uint16_t opcode)
{
	switch (opcode) {
	case WD_OP_COPY:
	case WD_OP_COPY_CRC32C:
	case WD_OP_CIPHER:
	case WD_OP_AEAD:
	case WD_OP_DEFLATE:
	case WD_OP_INFLATE:
	case WD_OP_DIF_INSERT:
	case WD_OP_DIF_STRIP:
	case WD_OP_DIF_UPDATE:
	case WD_OP_FILL:
		return true;
	default:
		return false;
	}
}

static bool may_follow(uint16_t opcode)
{
	switch (opcode) {
	case WD_OP_COMPARE:
	case WD_OP_COMPARE_PATTERN:
	case WD_OP_DIGEST:
	case WD_OP_DIF_VERIFY:
		return true;
	default:
		return opcode != WD_OP_FILL && may_begin(opcode);
	}
}

/* Mostly of one length, that operations can hand on. */
static void fit(struct hostile_rng *r, struct work_desc *wd, unsigned int n)
{
	uint32_t len = 16 * (1 + hostile_below(r, 500));

	for (unsigned int i = 0; i < n; i++) {
		struct wd_desc *d = &wd[i].d;

		if (d->src_len)
			d->src_len = len;
		if (d->dst_len > len || i + 1 < n)
			d->dst_len = len;
	}
}

void work_link(struct hostile_rng *r, struct work_desc *wd, unsigned int n)
{
	bool clean = hostile_below(r, 8);

	if (hostile_below(r, 3))
		fit(r, wd, n);
	for (unsigned int i = 0; i < n; i++) {
		struct wd_desc *d = &wd[i].d;
		bool last = i + 1 == n;

		wd[i].unit = n;
		wd[i].want = NULL;
		/* Too long, and ends here nevertheless. */
		if (!last || (n == WD_LINK_MAX && hostile_chance(r, 20)))
			d->flags |= WD_DESC_LINK;
		if (clean && !last) {
			d->dst = 0;
			d->flags &= ~WD_DESC_DST_SGL;
		}
		if (clean && i) {
			d->src = 0;
			d->flags &= ~WD_DESC_SRC_SGL;
		}
		if (i && hostile_below(r, 30))
			d->src_len = wd[i - 1].d.dst_len;
	}
}

static bool has_stream(const struct wd_desc *d)
{
	const uint32_t whole = WD_DIGEST_NEW | WD_DIGEST_FINAL;
	const struct raw_op *op = raw_op_find(d->opcode);

	return op && op->has & RAW_OP_STREAM && !(d->opcode == WD_OP_DIGEST && (d->op & whole) == whole);
}

/* All that is wrong with descriptor @nr of a unit. */
static uint64_t part_is_bad(const struct work_desc *wd, unsigned int nr,
			    const struct wd_chan_layout *l)
{
	struct wd_desc d = wd[nr].d;
	bool more = d.flags & WD_DESC_LINK;
	uint64_t bad = 0;

	if ((more && (nr + 1 == wd->unit || !may_begin(d.opcode))) || (nr && !may_follow(d.opcode)))
		bad |= ST(BAD_LINK);
	if ((more && (d.dst || d.flags & WD_DESC_DST_SGL)) ||
	    (nr && (d.src || d.flags & WD_DESC_SRC_SGL)))
		bad |= ST(BAD_FLAGS);
	if (nr && d.src_len != wd[nr - 1].d.dst_len)
		bad |= ST(BAD_LENGTH);
	for (unsigned int i = 0; i < nr; i++)
		if (has_stream(&wd[i].d) && has_stream(&d) && wd[i].d.stream == d.stream)
			bad |= ST(BAD_STREAM);
	d.flags &= ~WD_DESC_LINK;
	return bad | work_malformed(&d, l);
}

static const char *check_status(const struct work_desc *wd, const struct wd_chan_layout *l,
				const struct wd_cqe *cqe)
{
	uint64_t bad = 0, may = FAULTS | ST(BAD_LENGTH) | ST(BAD_SGL) | ST(NO_RESOURCE);
	unsigned int nr = (cqe->aux & WD_CQE_LINK_MASK) >> WD_CQE_LINK_SHIFT;

	if (cqe->status >= 64 || nr >= wd->unit)
		return "not a status, or no place in the unit";
	for (unsigned int i = 0; i < wd->unit; i++) {
		uint64_t part = part_is_bad(wd, i, l);

		/* The first that is wrong is told. */
		if (part && !bad)
			return nr == i && part >> cqe->status & 1 ? NULL : "not what is wrong with it";
		bad |= part;
		may |= work_well_formed(&wd[i].d);
	}
	return may >> cqe->status & 1 ? NULL : "not a status for this unit";
}

/* What lies between two of them is in no memory. */
static const char *check_untouched(const struct work_desc *wd)
{
	struct work_desc whole = { .slot = wd->slot, .d.dst = (uintptr_t)wd->slot };

	return work_check_slot(&whole, 0);
}

const char *work_check_unit(const struct raw_chan *c, struct work_desc *wd, const struct wd_cqe *cqe)
{
	struct work_desc *last = &wd[wd->unit - 1];
	const char *wrong = check_status(wd, &c->layout, cqe);
	bool good = cqe->status == WD_ST_OK;

	if (cqe->tag != last->d.tag)
		return "the tag is another's";
	if (!wrong && !good && (cqe->consumed || cqe->produced))
		return "it failed, but counts";
	if (!wrong && good && (cqe->consumed > wd->d.src_len || cqe->produced > last->d.dst_len))
		return "more than the operands have";
	for (struct work_desc *d = wd; d < last && !wrong; d++)
		wrong = d->slot ? check_untouched(d) : NULL;
	if (!wrong && last->slot)
		wrong = work_check_slot(last, good ? cqe->produced : last->d.dst_len);
	return wrong;
}
