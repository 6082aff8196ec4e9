// SPDX-License-Identifier: GPL-2.0-or-later
/* Random descriptors, and what may be said to them. */
#include <string.h>

#include "hostile_ops.h"

static uint64_t wild_address(struct hostile_rng *r)
{
	static const uint64_t wild[] = {
		1, 0xfff, WORK_USER_END, WORK_USER_END - WORK_PAGE, WORK_USER_END - 1, 0xffffffff,
		0x0080000000000000, 0x00ffffffffffffff, 0x8000000000000000,
		0xff7fffffffffffff, 0xffff800000000000, 0xffff888000000000,
		0xffffffff81000000, 0xffffffffff600000, 0xfffffffffffff000,
		0xffffffffffffffff,
	};
	uint64_t addr = HOSTILE_PICK(r, wild);

	switch (hostile_below(r, 4)) {
	case 0:
		return addr + hostile_below(r, 2 * WORK_PAGE) - WORK_PAGE;
	case 1:
		return (uint64_t)hostile_random(r) << 32 | hostile_random(r);
	default:
		return addr;
	}
}

uint64_t work_address(const struct work *w, struct hostile_rng *r, bool dst)
{
	const struct work_region *reg;
	uint64_t len;

	if (hostile_chance(r, 10))
		return wild_address(r) | (w->mode == HOSTILE_SVA ? 0 : WORK_DOMAIN_END);
	do {
		reg = &w->regions[hostile_below(r, w->n)];
	} while (dst && !reg->as_dst);
	len = reg->end - reg->start;
	if (len > UINT32_MAX)
		len = UINT32_MAX;
	switch (hostile_below(r, 4)) {
	case 0:
		return reg->start;
	case 1:
		return reg->end - 1 - hostile_below(r, 100);
	case 2:
		return reg->start + hostile_below(r, len / WORK_PAGE) * WORK_PAGE;
	default:
		return reg->start + hostile_below(r, len);
	}
}

static uint32_t random_len(struct hostile_rng *r, uint32_t max)
{
	static const uint32_t edges[] = {
		0, 1, 2, 17, 18, 19, 4095, 4096, 4097, 16383, 16384, 16385, 32768, 65535,
	};
	const uint32_t huge[] = {
		max, max - 1, max + 1, 0x80000000, 0xffffffff, 1 << 20, hostile_random(r),
	};

	switch (hostile_below(r, 8)) {
	case 0:
	case 1:
		return HOSTILE_PICK(r, edges);
	case 2:
	case 3:
		return hostile_below(r, 300);
	case 4:
		return hostile_chance(r, 2) ? HOSTILE_PICK(r, huge) : 100;
	default:
		return hostile_below(r, WORK_SLOT_LEN);
	}
}

static uint32_t random_op(struct hostile_rng *r, bool inflate)
{
	uint32_t op = hostile_below(r, 3) << WD_COMP_FORMAT_SHIFT;
	uint32_t window = 9 + hostile_below(r, 7);

	if (hostile_chance(r, 30))
		return hostile_random(r);
	if (inflate && hostile_chance(r, 2))
		window = 0;
	op |= window << WD_COMP_WINDOW_SHIFT;
	if (!inflate)
		op |= hostile_below(r, 10) << WD_COMP_LEVEL_SHIFT |
		      hostile_below(r, 4) << WD_COMP_FLUSH_SHIFT;
	if (hostile_below(r, 3))
		op |= WD_COMP_NEW;
	if (hostile_chance(r, 30))
		op ^= 1U << hostile_below(r, 32);
	return op;
}

static uint16_t random_opcode(struct hostile_rng *r, const struct wd_chan_layout *l)
{
	static const uint16_t good[] = {
		WD_OP_DEFLATE, WD_OP_DEFLATE, WD_OP_DEFLATE, WD_OP_INFLATE,
		WD_OP_INFLATE, WD_OP_INFLATE, WD_OP_NOP, WD_OP_STREAM_CLOSE,
	};
	static const uint16_t bad[] = { 0, 2, 0x0f, 0x13, 0x1f, 0x37, 0x3e, 0x0110, 0x8010, 0xffff };
	uint16_t opcode;

	if (hostile_chance(r, 30))
		return HOSTILE_PICK(r, bad);
	if (hostile_chance(r, 60))
		return hostile_random(r);
	/* Also of what the device lacks. */
	if (hostile_chance(r, 60))
		return raw_ops[hostile_below(r, raw_ops_count)].opcode;
	opcode = hostile_below(r, 3) ? work_op_random(r, l) : 0;
	return opcode ? opcode : HOSTILE_PICK(r, good);
}

static uint32_t random_stream(struct hostile_rng *r, uint32_t streams)
{
	const uint32_t edges[] = { streams - 1, streams, streams + 1, 0x10000, 0x80000000, 0xffffffff };

	return hostile_chance(r, 15) ? HOSTILE_PICK(r, edges) : hostile_below(r, 3);
}

/*
 * A field that must be zero is not, or another one is changed; not the destination,
 * which is chosen with care.
 */
static void spoil(const struct work *w, struct wd_desc *d, struct hostile_rng *r)
{
	static const uint8_t words[] = { 0, 1, 2, 4, 5, 8, 9, 14 };
	uint32_t x = hostile_chance(r, 2) ? hostile_random(r) : 1U << hostile_below(r, 32);
	const struct raw_op *op = raw_op_find(d->opcode);

	switch (hostile_below(r, 6)) {
	case 0:
		d->flags = x;
		break;
	case 1:
		if (op && op->has & RAW_OP_PARAM)
			d->param = work_bad_param(w, r, d->param);
		else
			d->param = hostile_chance(r, 2) ? d->src : (uint64_t)x << hostile_below(r, 32);
		break;
	case 2:
		d->src_dom = x;
		break;
	case 3:
		d->dst_dom = x;
		break;
	case 4:
		d->key = x;
		break;
	default:
		((uint32_t *)d)[HOSTILE_PICK(r, words)] ^= x;
	}
	/*
	 * What lies at the destination is no list of places that may be written to. Units are
	 * work_link()'s.
	 */
	d->flags &= ~(WD_DESC_DST_SGL | WD_DESC_LINK);
	/* Nor is a block of another operation's parameters, or anything, one of this one's. */
	if (op != raw_op_find(d->opcode))
		d->param = 0;
}

/* What was a list may be an operand now, and the other way round. */
static void spoil_desc(const struct work *w, struct hostile_rng *r, struct work_desc *wd)
{
	uint16_t before = wd->d.flags;
	uint64_t src = wd->d.src;

	spoil(w, &wd->d, r);
	/* Never the list as a destination, or what it becomes as another's list. */
	if (before & WD_DESC_DST_SGL)
		wd->d.dst = wd->dst;
	if (!(wd->d.flags & WD_DESC_SRC_SGL))
		wd->src = wd->d.src;
	else if (!(before & WD_DESC_SRC_SGL) || src != wd->d.src)
		wd->src = 0;
}

static void limit(uint32_t *len, uint64_t most, const struct wd_chan_layout *l)
{
	if (*len > most && *len <= l->max_len)
		*len = most;
}

void work_limit_room(const struct work *w, const struct wd_chan_layout *l, unsigned int slot,
		     struct wd_desc *d)
{
	uint64_t place = (uintptr_t)w->slots + slot * WORK_SLOT_STRIDE;
	uint64_t left = place + WORK_SLOT_LEN - d->dst;

	if (w->mode != HOSTILE_SVA && d->opcode >= WD_OP_KEY_SET) {
		limit(&d->src_len, WORK_ROOM, l);
		limit(&d->dst_len, WORK_ROOM, l);
	}
	if (d->flags & WD_DESC_DST_SGL || d->dst - place >= WORK_SLOT_LEN)
		return;
	if (w->mode != HOSTILE_SVA)
		limit(&d->dst_len, left, l);
	/* An overlap is copied from its end: not from behind the guard. */
	if (d->opcode == WD_OP_COPY && d->dst - d->src < d->src_len)
		limit(&d->src_len, left, l);
}

static uint64_t new_tag(struct hostile_rng *r)
{
	return (uint64_t)hostile_random(r) << 32 | hostile_random(r);
}

void work_random(const struct work *w, struct hostile_rng *r, const struct raw_chan *c,
		 unsigned int slot, struct work_desc *wd)
{
	struct wd_desc *d = &wd->d;
	uint8_t *place = w->slots + slot * WORK_SLOT_STRIDE;
	const struct work_stream *s = &w->streams[hostile_below(r, 3)];
	const struct raw_op *op;

	*wd = (struct work_desc) { .d.opcode = random_opcode(r, &c->layout), .d.tag = new_tag(r) };
	d->op = random_op(r, d->opcode == WD_OP_INFLATE);
	d->stream = random_stream(r, c->layout.streams);
	d->src = work_address(w, r, false);
	d->src_len = random_len(r, c->layout.max_len);
	if (d->opcode == WD_OP_INFLATE && hostile_below(r, 3)) {
		d->src = (uintptr_t)s->packed + (hostile_chance(r, 2) ? 0 : hostile_below(r, s->len));
		d->op = (d->op & ~(3U << WD_COMP_FORMAT_SHIFT)) | s->format << WD_COMP_FORMAT_SHIFT;
	}
	if (d->opcode != WD_OP_INFLATE && hostile_chance(r, 2))
		d->src = (uintptr_t)w->text + hostile_below(r, WORK_TEXT_LEN);
	d->dst = work_address(w, r, true);
	d->dst_len = random_len(r, c->layout.max_len);
	if (hostile_below(r, 4))
		d->dst = (uintptr_t)place + hostile_below(r, WORK_SLOT_LEN);
	wd->src = d->src;
	wd->dst = d->dst;
	op = raw_op_find(d->opcode);
	if (op && op->opcode >= WD_OP_KEY_SET)
		work_op_fill(w, r, &c->layout, slot, wd);
	if (hostile_chance(r, 12))
		spoil_desc(w, r, wd);
	work_limit_room(w, &c->layout, slot, d);
	if (wd->dst - (uintptr_t)place < WORK_SLOT_LEN)
		wd->slot = place;
}

void work_sane(const struct work *w, struct hostile_rng *r, const struct wd_chan_layout *l,
	       unsigned int slot, struct work_desc *wd)
{
	const struct work_stream *s = &w->streams[hostile_below(r, 3)];
	uint8_t *place = w->slots + slot * WORK_SLOT_STRIDE;

	*wd = (struct work_desc) { .slot = place };
	switch (hostile_below(r, raw_op_present(WD_OP_COPY, l->algs) ? 4 : 3)) {
	case 0:
		wd->d = (struct wd_desc) { .opcode = WD_OP_NOP };
		wd->slot = NULL;
		break;
	case 1:
		wd->d = raw_inflate(s->format, s->packed, s->len, place + 100, WORK_SLOT_LEN - 200);
		wd->want = w->text;
		wd->want_len = s->plain_len;
		break;
	case 2:
		wd->d = raw_deflate(s->format, 6, w->text, s->plain_len, place + 100, WORK_SLOT_LEN - 200);
		wd->want = s->packed;
		wd->want_len = s->len;
		break;
	default:
		wd->d = (struct wd_desc) {
			.opcode = WD_OP_COPY, .src = (uintptr_t)w->text, .src_len = s->plain_len,
			.dst = (uintptr_t)place + 100, .dst_len = WORK_SLOT_LEN - 200,
		};
		wd->want = w->text;
		wd->want_len = s->plain_len;
	}
	if (raw_op_find(wd->d.opcode)->has & RAW_OP_STREAM)
		wd->d.stream = 7;
	wd->src = wd->d.src;
	wd->dst = wd->d.dst;
	wd->d.tag = new_tag(r);
}

/* ---------------------------------------------------------------- answers */

bool work_is_status(uint16_t status)
{
	return status < 64 ? (ST(OK) | ST(OVERFLOW) | ST(BAD_OPCODE) | ST(BAD_FLAGS) |
			      ST(BAD_LENGTH) | ST(BAD_OP) | ST(BAD_STREAM) | ST(NO_RESOURCE) |
			      ST(FAULT_UNMAPPED) | ST(FAULT_PERM) | ST(FAULT_RANGE) |
			      ST(BAD_SGL) | ST(FAULT_BUS) | ST(FAULT_PASID) | ST(DATA) |
			      ST(NEED_DICT) | ST(BAD_PARAM) | ST(BAD_KEY) | ST(AUTH) | ST(DIF)) >>
			     status & 1
			   : status == WD_ST_ABORTED;
}

static unsigned int field(const struct wd_desc *d, int shift, unsigned int mask)
{
	return d->op >> shift & mask;
}

static unsigned int format_of(const struct wd_desc *d)
{
	return field(d, WD_COMP_FORMAT_SHIFT, 7);
}

/* The algorithm of a format, as its bit; 0: there is no such format. */
static uint64_t format_alg(unsigned int format)
{
	if (format <= WD_COMP_GZIP)
		return WD_ALG_DEFLATE;
	if (format <= WD_COMP_LZ4_FRAME)
		return WD_ALG_BIT(WD_ALG_NR_LZ4);
	return format == WD_COMP_ZSTD ? WD_ALG_BIT(WD_ALG_NR_ZSTD) : 0;
}

static bool op_is_bad(const struct wd_desc *d, uint64_t algs)
{
	unsigned int window = field(d, WD_COMP_WINDOW_SHIFT, 15);
	unsigned int level = field(d, WD_COMP_LEVEL_SHIFT, 15);
	unsigned int flush = field(d, WD_COMP_FLUSH_SHIFT, 3);
	uint64_t alg = format_alg(format_of(d));

	if (d->op & ~WD_COMP_MASK || !(alg & algs))
		return true;
	if (d->opcode == WD_OP_INFLATE)
		return level || flush ||
		       (window && (alg != WD_ALG_DEFLATE || window < 9));
	if (alg == WD_ALG_DEFLATE)
		return level > 9 || window < 9;
	return window || (format_of(d) != WD_COMP_ZSTD && level > 9);
}

/* What only some formats have not: refused, or done as well as it can be. */
static bool op_may_be_bad(const struct wd_desc *d)
{
	return format_of(d) == WD_COMP_LZ4_BLOCK ||
	       (format_of(d) == WD_COMP_ZSTD &&
		field(d, WD_COMP_FLUSH_SHIFT, 3) == WD_COMP_FULL_FLUSH);
}

uint64_t work_malformed(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	bool comp = d->opcode == WD_OP_DEFLATE || d->opcode == WD_OP_INFLATE;
	const struct raw_op *op = raw_op_find(d->opcode);
	uint64_t bad = 0;

	if (!raw_op_present(d->opcode, l->algs))
		return ST(BAD_OPCODE);
	if (d->flags & ~op->flags || d->src_dom || d->dst_dom ||
	    (d->param && !(op->has & RAW_OP_PARAM)) || (d->key && !(op->has & RAW_OP_KEY)))
		bad |= ST(BAD_FLAGS);
	if ((d->flags & WD_DESC_SRC_SGL && d->src % sizeof(struct wd_sge)) ||
	    (d->flags & WD_DESC_DST_SGL && d->dst % sizeof(struct wd_sge)))
		bad |= ST(BAD_SGL);
	if (op->has & RAW_OP_PARAM && d->param % 16)
		bad |= ST(BAD_PARAM);
	if (op->has & RAW_OP_KEY && d->key >= l->keys)
		bad |= ST(BAD_KEY);
	if (op->has & RAW_OP_STREAM && d->stream >= l->streams)
		bad |= ST(BAD_STREAM);
	if (comp && op_is_bad(d, l->algs))
		bad |= ST(BAD_OP);
	if (comp && (!d->dst_len || d->dst_len > l->max_len || d->src_len > l->max_len))
		bad |= ST(BAD_LENGTH);
	if (comp && format_of(d) == WD_COMP_LZ4_BLOCK && d->src_len > l->max_unit)
		bad |= ST(BAD_LENGTH);
	return op->opcode < WD_OP_KEY_SET ? bad : bad | work_op_malformed(d, l);
}

uint64_t work_well_formed(const struct wd_desc *d)
{
	uint64_t may = ST(OK) | ST(OVERFLOW);

	if (d->opcode == WD_OP_NOP || d->opcode == WD_OP_STREAM_CLOSE)
		return ST(OK);
	if (d->opcode >= WD_OP_KEY_SET)
		return work_op_may(d);
	if (d->flags & WD_DESC_SRC_SGL)
		may |= ST(BAD_SGL);
	if (!d->src_len && !field(d, WD_COMP_FLUSH_SHIFT, 3))
		may |= ST(BAD_LENGTH);
	if (op_may_be_bad(d))
		may |= ST(BAD_OP) | ST(BAD_LENGTH);
	may |= d->op & WD_COMP_NEW ? ST(NO_RESOURCE) : ST(BAD_STREAM);
	if (d->opcode == WD_OP_INFLATE)
		may |= ST(DATA) | ST(NEED_DICT);
	else if (!(d->op & WD_COMP_NEW))
		may |= ST(DATA);	/* more input after FINISH */
	return may;
}

static const char *check_fault(const struct work *w, const struct wd_desc *d,
			       const struct wd_cqe *cqe)
{
	bool dst = cqe->aux & WD_CQE_FAULT_DST;
	uint64_t at = dst ? d->dst + cqe->produced : d->src + cqe->consumed;
	int want = work_fault_at(w, at, dst);

	/* A random list, whose parts are anywhere. */
	if (!dst && d->flags & WD_DESC_SRC_SGL)
		return NULL;
	if (cqe->info != at)
		return "the fault is not where the work ended";
	if (dst ? cqe->produced >= d->dst_len : cqe->consumed >= d->src_len)
		return "a fault behind the operand";
	if (want != WORK_ANY && want != cqe->status)
		return "not the fault of that address";
	return NULL;
}

static const char *check_status(const struct work *w, const struct raw_chan *c,
				const struct work_desc *wd, const struct wd_cqe *cqe)
{
	const struct wd_desc *d = &wd->d;
	uint64_t bad = work_malformed(d, &c->layout);

	if (!work_is_status(cqe->status) || cqe->status == WD_ST_ABORTED)
		return "not a status";
	if (bad)
		return bad >> cqe->status & 1 ? NULL : "not what is wrong with it";
	if (cqe->status >= WD_ST_FAULT_UNMAPPED && cqe->status <= WD_ST_FAULT_BUS)
		return d->opcode < WD_OP_KEY_SET ? check_fault(w, d, cqe) : work_op_fault(w, wd, cqe);
	return work_well_formed(d) >> cqe->status & 1 ? NULL : "not a status for this descriptor";
}

static const char *check_counts(const struct wd_desc *d, const struct wd_cqe *cqe)
{
	bool data = d->opcode == WD_OP_DEFLATE || d->opcode == WD_OP_INFLATE;

	if (cqe->consumed > d->src_len || cqe->produced > work_op_room(d))
		return "more than the operands have";
	if ((cqe->consumed || cqe->produced) && cqe->status >= 0x10 && cqe->status < WD_ST_BAD_SGL)
		return "refused, but worked on";
	if (cqe->aux & WD_CQE_END && cqe->status != WD_ST_OK)
		return "an end that is none";
	if (cqe->status == WD_ST_OVERFLOW && cqe->produced != d->dst_len &&
	    format_of(d) != WD_COMP_LZ4_BLOCK)
		return "overflow with room left";
	if (data && cqe->status == WD_ST_OK && !(cqe->aux & WD_CQE_END) && cqe->consumed != d->src_len)
		return "OK, but not all was used";
	return d->opcode < WD_OP_KEY_SET ? NULL : work_op_counts(d, cqe);
}

static bool is_canary(const uint8_t *p, size_t len)
{
	return !len || (*p == WORK_CANARY && !memcmp(p, p + 1, len - 1));
}

const char *work_check_slot(struct work_desc *wd, uint32_t len)
{
	uint64_t at = wd->d.flags & WD_DESC_DST_SGL ? wd->dst : wd->d.dst;
	uint8_t *dst = (uint8_t *)(uintptr_t)at, *end = wd->slot + WORK_SLOT_LEN;

	if (len > end - dst)
		len = end - dst;
	if (!is_canary(wd->slot, dst - wd->slot) || !is_canary(dst + len, end - dst - len))
		return "a canary beside the destination is dead";
	if (wd->want && memcmp(dst, wd->want, wd->want_len))
		return "the output is wrong";
	memset(dst, WORK_CANARY, len);
	return NULL;
}

/* Nothing but what was produced has changed in the slot. */
static const char *check_slot(struct work_desc *wd, const struct wd_cqe *cqe)
{
	uint64_t at = wd->d.flags & WD_DESC_DST_SGL ? wd->dst : wd->d.dst;

	if (cqe->produced > (uintptr_t)wd->slot + WORK_SLOT_LEN - at)
		return "produced more than there is room for";
	return work_check_slot(wd, work_op_writes_ahead(&wd->d, cqe) ? wd->d.dst_len : cqe->produced);
}

const char *work_check(const struct work *w, const struct raw_chan *c,
		       struct work_desc *wd, const struct wd_cqe *cqe)
{
	const char *wrong;

	if (cqe->tag != wd->d.tag)
		return "the tag is another's";
	wrong = check_status(w, c, wd, cqe);
	if (!wrong)
		wrong = check_counts(&wd->d, cqe);
	if (!wrong && wd->want && (cqe->status || cqe->produced != wd->want_len))
		wrong = "a good descriptor failed";
	if (!wrong && wd->slot)
		wrong = check_slot(wd, cqe);
	return wrong;
}
