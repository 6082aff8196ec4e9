// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two passes over a sequence: copies are elided by changing where the operations next
 * to them read or write, then the platform says what it does in one go. Both look at scratch
 * memory only: whatever else an operation writes it has to write.
 */
#include <errno.h>

#include "alg.h"
#include "seq.h"

/* ---------------------------------------------------------------------- memory */

static bool parts_overlap(const struct iovec *a, unsigned int n, const struct iovec *b, unsigned int m)
{
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < m; j++) {
			uintptr_t x = (uintptr_t)a[i].iov_base, y = (uintptr_t)b[j].iov_base;

			if (x < y + b[j].iov_len && y < x + a[i].iov_len)
				return true;
		}
	return false;
}

bool wd_seq_overlap(const struct wd_loc *a, const struct wd_loc *b)
{
	const struct iovec *parts_a, *parts_b;
	struct iovec flat_a, flat_b;
	unsigned int n, m;

	if (!a->op.len || !b->op.len || wd_domain_of(a->domain) != wd_domain_of(b->domain))
		return false;
	parts_a = seq_parts(&a->op, &flat_a, &n);
	parts_b = seq_parts(&b->op, &flat_b, &m);
	return parts_overlap(parts_a, n, parts_b, m);
}

static bool same(const struct wd_loc *a, const struct wd_loc *b)
{
	return !a->op.iov && !b->op.iov && a->op.base == b->op.base && a->op.len == b->op.len &&
	       wd_domain_of(a->domain) == wd_domain_of(b->domain);
}

struct seq_region *wd_seq_region(const struct wd_seq *seq, const struct wd_loc *loc)
{
	uintptr_t addr = (uintptr_t)loc->op.base;

	for (unsigned int i = 0; i < seq->nregions; i++) {
		struct seq_region *r = &seq->region[i];

		if (addr >= r->addr && addr - r->addr < r->len)
			return r;
	}
	return NULL;
}

static bool writes(const struct seq_step *s, const struct wd_loc *loc)
{
	return wd_seq_overlap(&s->dst.loc, loc);
}

static bool reads(const struct seq_step *s, const struct wd_loc *loc)
{
	for (unsigned int i = 0; i < s->nsrcs; i++)
		if (wd_seq_overlap(&s->src[i].loc, loc))
			return true;
	return false;
}

bool wd_seq_touches(const struct seq_step *s, const struct wd_loc *loc)
{
	return writes(s, loc) || reads(s, loc);
}

/* Does one of the steps between @from and @to, these two excluded, touch it so? */
static bool touched(const struct wd_seq *seq, unsigned int from, unsigned int to,
		    const struct wd_loc *loc, bool reading)
{
	for (unsigned int i = from + 1; i < to; i++)
		if (reading ? wd_seq_touches(seq->step[i], loc) : writes(seq->step[i], loc))
			return true;
	return false;
}

/* ------------------------------------------------------------------ what is there */

/* The end of what is known to be written from @addr on, by the steps before @n. */
static uintptr_t written_to(const struct wd_seq *seq, unsigned int n, uintptr_t addr)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct seq_step *s = seq->step[i];
		uintptr_t start = (uintptr_t)s->dst.loc.op.base;

		if (s->dst.loc.op.len && seq_in_scratch(&s->dst) && addr >= start &&
		    addr - start < s->dst.loc.op.len)
			return start + s->dst.loc.op.len;
	}
	return addr;
}

static bool has_data(const struct wd_seq *seq, unsigned int n, const struct wd_loc *loc)
{
	uintptr_t addr = (uintptr_t)loc->op.base, end = addr + loc->op.len;

	while (addr < end) {
		uintptr_t next = written_to(seq, n, addr);

		if (next == addr)
			return false;
		addr = next;
	}
	return true;
}

static int check_scratch(const struct wd_seq *seq)
{
	for (unsigned int i = 0; i < seq->n; i++) {
		const struct seq_step *s = seq->step[i];

		for (unsigned int k = 0; k < s->nsrcs; k++)
			if (seq_in_scratch(&s->src[k]) && !has_data(seq, i, &s->src[k].loc))
				return -ENODATA;
	}
	return 0;
}

/* -------------------------------------------------------------------- copy elision */

/* May an operation have this source and this destination? */
static bool may_overlap(const struct seq_step *s, const struct wd_loc *src, const struct wd_loc *dst)
{
	if (!wd_seq_overlap(src, dst))
		return true;
	if (!same(src, dst))
		return false;
	return s->req.what == WD_ENCRYPT || s->req.what == WD_DECRYPT || s->req.what == WD_COPY ||
	       s->req.what == WD_XOR;
}

static bool all_may_overlap(const struct seq_step *s, const struct wd_loc *dst)
{
	for (unsigned int i = 0; i < s->nsrcs; i++)
		if (!may_overlap(s, &s->src[i].loc, dst))
			return false;
	return true;
}

/* How many sources of all steps, and destinations but step @k's, have to do with @loc. */
struct uses {
	unsigned int reads;
	unsigned int writes;
	unsigned int step;	/* of the last of them */
	struct seq_operand *op;
};

static struct uses find_uses(struct wd_seq *seq, unsigned int k, const struct wd_loc *loc)
{
	struct uses uses = { 0 };

	for (unsigned int i = 0; i < seq->n; i++) {
		struct seq_step *s = seq->step[i];

		if (i == k)
			continue;
		for (unsigned int n = 0; n < s->nsrcs; n++)
			if (wd_seq_overlap(&s->src[n].loc, loc)) {
				uses.reads++;
				uses.step = i;
				uses.op = &s->src[n];
			}
		if (writes(s, loc)) {
			uses.writes++;
			uses.step = i;
			uses.op = &s->dst;
		}
	}
	return uses;
}

/* A step takes the operand of a copy in place of its own; the list goes with it. */
static void take_over(struct seq_operand *to, struct seq_operand *from)
{
	wd_seq_operand_drop(to);
	*to = *from;
	*from = (struct seq_operand){ 0 };
}

/* The copy's reader reads what the copy reads. */
static bool elide_forward(struct wd_seq *seq, unsigned int k)
{
	struct seq_step *copy = seq->step[k], *reader;
	struct uses uses;

	if (!seq_in_scratch(&copy->dst))
		return false;
	uses = find_uses(seq, k, &copy->dst.loc);
	if (!uses.op || uses.reads != 1 || uses.writes || uses.step < k || !same(&uses.op->loc, &copy->dst.loc))
		return false;
	reader = seq->step[uses.step];
	if (reader->req.what == WD_XOR && copy->src[0].loc.op.iov)
		return false;
	if (touched(seq, k, uses.step, &copy->src[0].loc, false) ||
	    !may_overlap(reader, &copy->src[0].loc, &reader->dst.loc))
		return false;
	take_over(uses.op, &copy->src[0]);
	return true;
}

/* What the copy reads is written to where the copy writes. */
static bool elide_backward(struct wd_seq *seq, unsigned int k)
{
	struct seq_step *copy = seq->step[k], *writer;
	struct uses uses;

	if (!seq_in_scratch(&copy->src[0]))
		return false;
	uses = find_uses(seq, k, &copy->src[0].loc);
	if (!uses.op || uses.writes != 1 || uses.reads || uses.step > k || !same(&uses.op->loc, &copy->src[0].loc))
		return false;
	writer = seq->step[uses.step];
	if (touched(seq, uses.step, k, &copy->dst.loc, true) ||
	    !all_may_overlap(writer, &copy->dst.loc))
		return false;
	take_over(&writer->dst, &copy->dst);
	return true;
}

/* It stays in its place, for its callback. */
static void remove_step(struct wd_seq *seq, unsigned int k)
{
	struct seq_step *copy = seq->step[k];

	wd_seq_operand_drop(&copy->dst);
	wd_seq_operand_drop(&copy->src[0]);
	copy->nsrcs = 0;
	copy->alg = NULL;
	seq->stats.elided++;
}

static void elide_copies(struct wd_seq *seq)
{
	bool again;

	do {
		again = false;
		for (unsigned int k = 0; k < seq->n; k++) {
			struct seq_step *s = seq->step[k];

			if (!s->alg || s->req.what != WD_COPY)
				continue;
			if (elide_forward(seq, k) || elide_backward(seq, k)) {
				remove_step(seq, k);
				again = true;
			}
		}
	} while (again);
}

/* ------------------------------------------------------------------------- fusing */

/* The step behind @k that was not elided, or seq->n. */
static unsigned int next_step(const struct wd_seq *seq, unsigned int k)
{
	while (++k < seq->n && !seq->step[k]->alg)
		;
	return k;
}

/* Does all that step @k makes go to step @next, and to nobody else? An XOR wants addresses. */
static bool is_piped(struct wd_seq *seq, unsigned int k, unsigned int next)
{
	const struct seq_step *s = seq->step[k], *t = seq->step[next];
	struct uses uses;

	if (!s->dst.loc.op.len || !seq_in_scratch(&s->dst) || t->nsrcs != 1 ||
	    t->req.what == WD_XOR || !same(&s->dst.loc, &t->src[0].loc))
		return false;
	uses = find_uses(seq, k, &s->dst.loc);
	return uses.reads == 1 && !uses.writes;
}

/*
 * A unit reads its source while it writes its destination. In one place they may be the same
 * memory, if nothing that is written gets ahead of what is read.
 */
static bool may_run_as_one(const struct wd_seq *seq, const unsigned int *index, unsigned int n)
{
	const struct seq_step *first = seq->step[index[0]], *last = seq->step[index[n - 1]];

	if (!reads(first, &last->dst.loc))
		return true;
	for (unsigned int i = 0; i < n; i++)
		if (seq->step[index[i]]->dst.loc.op.len > seq->step[index[i]]->src[0].loc.op.len)
			return false;
	return !first->src[0].loc.op.iov && !last->dst.loc.op.iov &&
	       first->src[0].loc.op.base == last->dst.loc.op.base;
}

static void fuse_from(struct wd_seq *seq, unsigned int k)
{
	struct wd_alg_ctx *ctxs[WD_SEQ_MAX];
	struct wd_request *reqs[WD_SEQ_MAX];
	unsigned int index[WD_SEQ_MAX];
	unsigned int n = 0, next = k;

	do {
		struct seq_step *s = seq->step[next];

		s->req.src.len = s->src[0].loc.op.len;
		s->req.dst.len = s->dst.loc.op.len;
		index[n] = next;
		ctxs[n] = s->alg;
		reqs[n++] = &s->req;
		next = next_step(seq, next);
	} while (next < seq->n && is_piped(seq, index[n - 1], next));
	if (n > 1)
		n = seq->ctx->platform->chain(ctxs, reqs, n);
	while (n > 1 && !may_run_as_one(seq, index, n))
		n--;
	if (n < 2)
		return;
	seq->stats.fused += n - 1;
	seq->unit[k] = index[n - 1] - k + 1;
}

static void fuse(struct wd_seq *seq)
{
	for (unsigned int k = 0; k < seq->n; k += seq->unit[k]) {
		seq->unit[k] = 1;
		if (seq->step[k]->alg && seq->ctx->platform)
			fuse_from(seq, k);
	}
}

/* ----------------------------------------------------------- what may be shorter */

/*
 * The step that wrote what step @k has for its source @n, if what it wrote may be shorter. -ENODATA:
 * and the source is not that, as a whole.
 */
static int find_feeder(const struct wd_seq *seq, unsigned int k, unsigned int n,
		       const struct seq_step **feeder)
{
	const struct seq_step *t = seq->step[k];
	const struct wd_loc *loc = &t->src[n].loc;

	*feeder = NULL;
	while (k--) {
		const struct seq_step *s = seq->step[k];
		bool all = same(&s->dst.loc, loc), varies = seq_packs(s) || s->feeder;

		if (!s->alg || !writes(s, loc))
			continue;
		if (varies && all && t->nsrcs == 1)
			*feeder = s;
		else if (varies && seq_in_scratch(&s->dst))
			return -ENODATA;
		if (all)
			break;
	}
	return 0;
}

static int find_feeders(struct wd_seq *seq)
{
	for (unsigned int k = 0; k < seq->n; k++) {
		struct seq_step *t = seq->step[k];
		int ret;

		t->feeder = NULL;
		for (unsigned int n = 0; n < t->nsrcs; n++) {
			ret = find_feeder(seq, k, n, &t->feeder);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int wd_seq_plan(struct wd_seq *seq)
{
	int ret = check_scratch(seq);

	/* Before anything is changed: it can still be made good. */
	if (!ret)
		ret = find_feeders(seq);
	if (ret)
		return ret;
	elide_copies(seq);
	ret = find_feeders(seq);
	if (ret)
		return ret;
	fuse(seq);
	return 0;
}
