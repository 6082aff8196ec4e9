// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The operands of a request: used where the device reaches them, copied where not.
 *
 * The parts of an operand that are copied lie one behind the other in a half of its
 * buffer, and a list puts them in between those that are not.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "accel_alg.h"
#include "bounce.h"

/* A range of an operand, part by part. */
struct walk {
	const struct accel_place *place;
	size_t part;
	size_t skip;
	size_t left;
};

/* Contiguous bytes in the process, and the memory that they are in. */
struct span {
	uintptr_t va;
	size_t len;
	const struct wd_mem *mem;
};

static struct walk walk_range(const struct accel_place *place, struct accel_piece piece)
{
	struct walk w = { .place = place, .left = place->len };

	if (place->stride) {
		w.skip = piece.pos * place->stride;
		w.left = piece.n * place->stride;
	}
	return w;
}

static bool walk_next(struct walk *w, struct span *span)
{
	const struct wd_operand *op = &w->place->op;

	for (; w->left && w->part < accel_parts(op); w->part++) {
		uintptr_t base = (uintptr_t)(op->iov ? op->iov[w->part].iov_base : op->base);
		size_t len = op->iov ? op->iov[w->part].iov_len : op->len;

		if (w->skip >= len) {
			w->skip -= len;
			continue;
		}
		span->va = base + w->skip;
		span->len = accel_min(len - w->skip, w->left);
		span->mem = w->place->mems ? w->place->mems[w->part] : NULL;
		w->left -= span->len;
		w->skip = 0;
		w->part++;
		return true;
	}
	return false;
}

static size_t count_slices(const struct span *s)
{
	size_t n = 0, contig;

	for (size_t done = 0; done < s->len && n <= ACCEL_LIST_MAX; done += contig, n++)
		wd_mem_dma(s->mem, s->va + done, &contig);
	return n;
}

/* Look at all of a place: what is copied, and how long a list can become. */
static void survey(struct accel_place *place)
{
	struct walk w = { .place = place, .left = place->len };
	struct span s;

	place->copied = 0;
	place->entries = 0;
	while (walk_next(&w, &s)) {
		place->entries += s.mem ? count_slices(&s) : 1;
		if (place->mems && !s.mem)
			place->copied += s.len;
	}
}

static void find_mems(const struct wd_chan *ch, struct accel_place *place)
{
	const struct wd_operand *op = &place->op;

	if (!op->iov) {
		place->mems[0] = wd_mem_find(ch, (uintptr_t)op->base, place->len, place->write);
		return;
	}
	for (size_t i = 0; i < op->iovcnt; i++)
		place->mems[i] = wd_mem_find(ch, (uintptr_t)op->iov[i].iov_base,
					     op->iov[i].iov_len, place->write);
}

static bool grow_mems(struct accel_request *r, size_t n)
{
	const struct wd_mem **mems;

	if (n <= r->mems_max)
		return true;
	mems = realloc(r->mems, n * sizeof(*mems));
	if (!mems)
		return false;
	r->mems = mems;
	r->mems_max = n;
	return true;
}

/*
 * The device moves memory onto itself rightly where both are in one piece. Where one is
 * not, the destination is copied, and the order of the pieces makes it right.
 */
static void see_to_overlap(struct accel_request *r)
{
	struct accel_place *src = &r->place[ACCEL_SRC], *dst = &r->place[ACCEL_DST];
	const uintptr_t from = (uintptr_t)src->op.base, to = (uintptr_t)dst->op.base;

	if (r->op->opcode != WD_OP_COPY || src->piped || dst->piped || src->op.iov || dst->op.iov ||
	    from >= to + dst->len || to >= from + src->len)
		return;
	r->reverse = to > from;
	if (accel_is_plain(r) || (src->entries == 1 && dst->entries == 1 &&
				  !src->copied == !dst->copied))
		return;
	dst->mems[0] = NULL;
	survey(dst);
}

int accel_places_find(struct accel_request *r)
{
	const bool plain = accel_is_plain(r);
	size_t parts = 0;

	for (size_t i = 0; i < ACCEL_PLACES && !plain; i++)
		parts += accel_in_memory(&r->place[i]) ? accel_parts(&r->place[i].op) : 0;
	if (!grow_mems(r, parts))
		return -ENOMEM;

	parts = 0;
	r->copies = false;
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];

		if (!accel_in_memory(place))
			continue;
		place->mems = plain ? NULL : r->mems + parts;
		parts += accel_parts(&place->op);
		if (!plain)
			find_mems(r->ac->accel->ch, place);
		survey(place);
	}
	see_to_overlap(r);
	for (size_t i = 0; i < ACCEL_PLACES; i++)
		r->copies |= r->place[i].used && r->place[i].copied;
	r->shared = r->op->in_place && r->copies &&
		    r->place[ACCEL_SRC].copied == r->place[ACCEL_SRC].len &&
		    r->place[ACCEL_DST].copied == r->place[ACCEL_DST].len;
	return 0;
}

/* The place that has the buffer: the two may share one. */
static const struct accel_place *buffer_of(const struct accel_request *r,
					   const struct accel_place *place)
{
	return r->shared && place == &r->place[ACCEL_DST] ? &r->place[ACCEL_SRC] : place;
}

static size_t half_at(const struct accel_request *r, const struct accel_place *place,
		      size_t number)
{
	const struct accel_place *b = buffer_of(r, place);

	return b->buf_at + number % 2 * b->room;
}

/* A list that is being made. */
struct maker {
	struct wd_sge *list;
	size_t max;
	size_t n;
	uint64_t first;
	uint64_t start;		/* of the last entry */
	uint64_t len;
};

static bool add_entry(struct maker *m, uint64_t addr, size_t len)
{
	if (m->n && m->start + m->len == addr) {
		m->len += len;
	} else {
		if (m->n && m->n >= m->max)
			return false;
		if (!m->n++)
			m->first = addr;
		m->start = addr;
		m->len = len;
	}
	if (m->max)
		m->list[m->n - 1] = (struct wd_sge){
			.addr = htole64(m->start),
			.len = htole32((uint32_t)m->len),
		};
	return true;
}

static bool add_slices(struct maker *m, const struct span *s)
{
	size_t contig;

	for (size_t done = 0; done < s->len; done += contig) {
		uint64_t dma = wd_mem_dma(s->mem, s->va + done, &contig);

		contig = accel_min(contig, s->len - done);
		if (!add_entry(m, dma, contig))
			return false;
	}
	return true;
}

bool accel_place_aim(struct accel_request *r, struct accel_place *place)
{
	struct walk w = walk_range(place, accel_piece_at(r, r->piece));
	uint64_t copy = r->dma + half_at(r, place, r->piece);
	struct maker m = { .max = place->list_max };
	struct span s;
	bool ok = true;

	if (m.max)
		m.list = (struct wd_sge *)(void *)(r->va + place->list_at);
	place->direct = 0;
	while (ok && walk_next(&w, &s)) {
		if (!place->mems) {
			ok = add_entry(&m, s.va, s.len);
		} else if (s.mem) {
			ok = add_slices(&m, &s);
		} else {
			ok = add_entry(&m, copy, s.len);
			copy += s.len;
		}
		if (!place->mems || s.mem)
			place->direct += s.len;
	}
	place->is_list = m.n > 1;
	place->addr = place->is_list ? r->dma + place->list_at : m.first;
	return ok;
}

/* Copy @len bytes of the range of a piece, as far as they are copied at all. */
static void copy_range(struct accel_request *r, struct accel_place *place, size_t number,
		       size_t len, bool out)
{
	struct walk w = walk_range(place, accel_piece_at(r, number));
	unsigned char *buf = r->va + half_at(r, place, number);
	struct span s;

	w.left = accel_min(w.left, len);
	while (!place->fault && walk_next(&w, &s)) {
		size_t n;

		if (s.mem)
			continue;
		n = wd_bounce_copy(r->ac->accel->pool->pid, buf, s.va, s.len, out);
		if (out)
			r->usage.out += n;
		else
			r->usage.in += n;
		if (n < s.len)
			place->fault = s.va + n;
		buf += s.len;
	}
}

void accel_places_load(struct accel_request *r, size_t number)
{
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];

		if (place->used && place->copied && !place->write)
			copy_range(r, place, number, SIZE_MAX, false);
	}
}

void accel_places_store(struct accel_request *r, size_t number)
{
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];

		if (place->used && place->copied && place->write)
			copy_range(r, place, number, place->valid[number % 2], true);
	}
}

uintptr_t accel_places_fault(const struct accel_request *r)
{
	for (size_t i = 0; i < ACCEL_PLACES; i++)
		if (r->place[i].used && r->place[i].fault)
			return r->place[i].fault;
	return 0;
}

uintptr_t accel_places_va(const struct accel_request *r, const struct wd_cqe *cqe)
{
	const struct accel_place *guess = &r->place[ACCEL_SRC];
	struct walk w;
	struct span s = { 0 };

	if (accel_is_plain(r))
		return cqe->info;
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		const struct accel_place *place = &r->place[i];

		if (!accel_in_memory(place))
			continue;
		for (size_t part = 0; part < accel_parts(&place->op); part++) {
			uintptr_t va = place->mems[part] ?
				       wd_mem_va(place->mems[part], cqe->info) : 0;

			if (va)
				return va;
		}
	}
	if (cqe->aux & WD_CQE_FAULT_DST || !accel_in_memory(guess))
		guess = &r->place[ACCEL_DST];
	w = walk_range(guess, accel_piece_at(r, r->piece));
	return accel_in_memory(guess) && walk_next(&w, &s) ? s.va : 0;
}
