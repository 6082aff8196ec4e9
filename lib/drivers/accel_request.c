// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A request as a sequence of descriptors, one for each piece. request_step() makes each
 * from what became of the one before; it runs with the ring's lock held and only computes.
 *
 * Copies of a piece are made while the device has another one: those of odd and even
 * pieces are in different halves of the buffers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wd_comp.h"

#include "accel_alg.h"

#define ALIGN		64

static size_t round_up(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

struct accel_piece accel_piece_at(const struct accel_request *r, size_t number)
{
	struct accel_piece piece;

	if (r->reverse)
		number = r->pieces - 1 - number;
	if (number && number * r->per >= r->main)
		return (struct accel_piece){ .pos = r->main, .n = r->total - r->main };
	if (!r->main)
		return (struct accel_piece){ .n = r->total };
	piece.pos = number * r->per;
	piece.n = accel_min(r->per, r->main - piece.pos);
	return piece;
}

/* Units of a piece: no operand of it is too long. */
static size_t units_of_piece(const struct accel_request *r, size_t target, size_t max_len)
{
	size_t per = r->main;

	for (size_t i = 0; i < ACCEL_PLACES && !r->whole; i++) {
		const struct accel_place *place = &r->place[i];
		size_t limit = max_len;

		if (!place->used || !place->stride)
			continue;
		if (place->entries > ACCEL_LIST_MAX)
			limit = accel_min(limit, ACCEL_LIST_BYTES);
		if (place->copied)
			limit = accel_min(limit, target);
		per = accel_min(per, limit / place->stride);
	}
	if (per < r->main)
		per -= per % r->granule;
	return per ? per : r->granule;
}

static size_t count_pieces(const struct accel_request *r)
{
	size_t n = (r->main + r->per - 1) / r->per + (r->main < r->total);

	return n ? n : 1;
}

size_t accel_plan(struct accel_request *r, size_t target, size_t max_len)
{
	size_t size = round_up(r->op->param);

	r->per = units_of_piece(r, target, max_len);
	r->pieces = count_pieces(r);
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];
		size_t most = place->stride ? r->per * place->stride : place->len;

		place->list_max = 0;
		place->room = 0;
		if (!place->used)
			continue;
		if (place->entries > 1 || r->op->lists) {
			place->list_max = accel_min(place->entries, ACCEL_LIST_MAX);
			place->list_at = size;
			size += round_up(place->list_max * sizeof(struct wd_sge));
		}
		if (place->copied && !(r->shared && i == ACCEL_DST)) {
			place->room = round_up(accel_min(place->copied, most));
			place->buf_at = size;
			size += place->room * (r->pieces > 1 ? 2 : 1);
		}
	}
	return size;
}

static int get_heap(struct accel_request *r, size_t size)
{
	if (size > r->heap_size) {
		void *heap = aligned_alloc(ALIGN, round_up(size));

		if (!heap)
			return -ENOMEM;
		free(r->heap);
		r->heap = heap;
		r->heap_size = round_up(size);
	}
	r->va = r->heap;
	r->dma = (uintptr_t)r->heap;
	return 0;
}

/* Smaller pieces take less memory. */
static int get_block(struct accel_request *r, bool wait)
{
	const size_t max_len = wd_ring_layout(r->ac->accel->ring)->max_len;
	size_t sizes[8], targets[8], n = 0, which;
	int ret;

	r->va = NULL;
	r->dma = 0;
	if (accel_is_plain(r))
		return get_heap(r, accel_plan(r, max_len, max_len));
	for (size_t target = WD_BOUNCE_PIECE; target >= WD_BOUNCE_MIN_PIECE; target /= 2) {
		sizes[n] = accel_plan(r, target, max_len);
		if (!sizes[n])
			return 0;
		if (n && sizes[n] == sizes[n - 1])
			break;
		targets[n++] = target;
	}
	ret = wd_bounce_pool_get_one(r->ac->accel->pool, sizes, n, wait, &r->set, &which);
	if (ret)
		return ret;
	r->has_set = true;
	r->va = r->set.buf[0].va;
	r->dma = r->set.buf[0].dma;
	accel_plan(r, targets[which], max_len);
	return 0;
}

static void request_meanwhile(struct wd_ring_req *req)
{
	struct accel_request *r = accel_to_request(req);

	if (r->piece)
		accel_places_store(r, r->piece - 1);
	if (r->piece + 1 < r->pieces)
		accel_places_load(r, r->piece + 1);
}

/* Those that an operation has several of. */
static void make_alike(struct accel_request *r)
{
	bool lists[2] = { false, false };

	for (size_t i = 0; i < ACCEL_PLACES; i++)
		lists[r->place[i].write] |= r->place[i].used && r->place[i].is_list;
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];

		if (!place->used || !lists[place->write])
			continue;
		place->is_list = true;
		place->addr = r->dma + place->list_at;
	}
}

/* Make the descriptor for the present piece. false: @r->ret tells why not. */
static bool make_desc(struct accel_request *r)
{
	struct wd_desc *desc = &r->ring.desc;
	const bool last = r->piece + 1 == r->pieces;

	for (size_t i = 0; i < ACCEL_PLACES; i++)
		r->place[i].valid[r->piece % 2] = 0;
	r->ret = accel_places_fault(r) ? -EFAULT : 0;
	if (r->ret)
		return false;
	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];

		place->addr = 0;
		place->is_list = false;
		place->direct = 0;
		if (accel_in_memory(place) && (last || !place->last) &&
		    !accel_place_aim(r, place)) {
			r->ret = -EIO;
			return false;
		}
	}
	if (r->op->lists)
		make_alike(r);

	*desc = (struct wd_desc){
		.opcode = r->op->opcode,
		.param = r->op->param ? r->dma : 0,
	};
	r->op->build(r, desc);
	r->ring.meanwhile = r->copies && r->pieces > 1 ? request_meanwhile : NULL;
	return true;
}

int accel_error(const struct wd_cqe *cqe)
{
	switch (cqe->status) {
	case WD_ST_OK:
		return 0;
	case WD_ST_AUTH:
	case WD_ST_DIF:
	case WD_ST_DATA:
		return -EBADMSG;
	case WD_ST_OVERFLOW:
		return -ENOSPC;
	case WD_ST_NEED_DICT:
		return -ENOTSUP;
	case WD_ST_BAD_LENGTH:
	case WD_ST_BAD_PARAM:
		return -EINVAL;
	case WD_ST_NO_RESOURCE:
		return -ENOMEM;
	case WD_ST_FAULT_UNMAPPED:
	case WD_ST_FAULT_PERM:
	case WD_ST_FAULT_RANGE:
	case WD_ST_FAULT_BUS:
		return -EFAULT;
	default:
		return -EIO;
	}
}

void accel_request_account(struct accel_request *r, const struct wd_cqe *cqe)
{
	bool writes = false;

	for (size_t i = 0; i < ACCEL_PLACES; i++) {
		struct accel_place *place = &r->place[i];

		if (!accel_in_memory(place))
			continue;
		r->usage.direct += place->direct;
		r->usage.sgl |= place->is_list;
		if (place->write)
			place->valid[r->piece % 2] = cqe->produced;
		writes |= place->write;
	}
	if (writes)
		r->req->produced += cqe->produced;
}

void accel_request_blame(struct accel_request *r, const struct wd_cqe *cqe)
{
	static const struct {
		uint32_t cqe;
		unsigned int wrong;
	} fields[] = {
		{ WD_CQE_DIF_GUARD, WD_DIF_CHECK_GUARD },
		{ WD_CQE_DIF_APP, WD_DIF_CHECK_APP },
		{ WD_CQE_DIF_REF, WD_DIF_CHECK_REF },
	};

	if (r->ret == -EFAULT)
		r->req->fault_addr = (void *)accel_places_va(r, cqe);
	if (cqe->status != WD_ST_DIF)
		return;
	r->req->result = accel_piece_at(r, r->piece).pos + cqe->info;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (cqe->aux & fields[i].cqe)
			r->req->wrong |= fields[i].wrong;
}

/* What is left of a stream that came to a bad end is forgotten. */
static bool end_early(struct accel_request *r)
{
	if (r->stream < 0)
		return false;
	r->closing = true;
	r->ring.meanwhile = NULL;
	r->ring.desc = (struct wd_desc){
		.opcode = WD_OP_STREAM_CLOSE,
		.stream = (uint32_t)r->stream,
	};
	return true;
}

static bool request_step(struct wd_ring_req *req)
{
	struct accel_request *r = accel_to_request(req);

	if (req->err)
		r->ret = req->err;
	if (req->err || r->closing)
		return false;

	accel_request_account(r, &req->cqe);
	r->ret = accel_error(&req->cqe);
	if (r->ret) {
		accel_request_blame(r, &req->cqe);
		return end_early(r);
	}
	r->op->done(r, &req->cqe);
	if (r->ret < 0)
		return end_early(r);
	if (r->ret || r->piece + 1 == r->pieces)
		return false;
	r->piece++;
	return make_desc(r) || end_early(r);
}

void accel_request_reset(struct accel_request *r, struct wd_request *req)
{
	memset(r->place, 0, sizeof(r->place));
	r->req = req;
	r->op = accel_op_find(r->ac->info->kind, req->what);
	r->granule = 1;
	r->piece = 0;
	r->whole = false;
	r->reverse = false;
	r->shared = false;
	r->closing = false;
	r->finished = false;
	r->in_soft = false;
	r->streamed = false;
	r->has_set = false;
	r->stream = -1;
	r->own_stream = false;
	r->begins = true;
	r->ret = 0;
	r->crc = req->crc;
	r->usage = (struct wd_mem_usage){ 0 };
	r->ring.nbefore = 0;
	r->op->prepare(r);
}

/* A digest in pieces is a stream of its own, and so is all that is compressed. */
static bool needs_stream(const struct accel_request *r)
{
	return r->ac->info->kind == WD_KIND_PACK || (r->req->what == WD_DIGEST && r->pieces > 1);
}

static int get_stream(struct accel_request *r, bool wait)
{
	bool others;

	if (!needs_stream(r))
		return 0;
	r->stream = wd_accel_stream_get(r->ac->accel);
	r->own_stream = r->stream >= 0;
	if (r->own_stream)
		return 0;
	/* Where others of the context are under way, one may be given back soon. */
	pthread_mutex_lock(&r->ac->lock);
	others = r->ac->active > 1;
	pthread_mutex_unlock(&r->ac->lock);
	return !wait && others ? -EAGAIN : -ENOMEM;
}

/* May it be longer than the device takes at once? Most are divided. */
static bool is_too_long(const struct accel_request *r)
{
	const struct wd_chan_layout *layout = wd_ring_layout(r->ac->accel->ring);
	const size_t src = r->req->src.len, dst = r->req->dst.len;
	const size_t most = r->ac->info->format == WD_LZ4_BLOCK ? layout->max_unit : layout->max_len;

	return r->ac->info->kind == WD_KIND_PACK && (src > most || dst > most);
}

int accel_request_prepare(struct accel_request *r, bool wait)
{
	int ret = is_too_long(r) ? -ENOMEM : accel_places_find(r);

	if (!ret)
		ret = get_block(r, wait);
	if (!ret)
		ret = get_stream(r, wait);
	if (ret)
		goto err_drop;
	if (r->op->param)
		memset(r->va, 0, r->op->param);
	if (r->copies)
		accel_places_load(r, 0);
	r->ring.step = request_step;
	return 0;

err_drop:
	accel_request_drop(r);
	return ret;
}

int accel_request_begin(struct accel_request *r, struct wd_request *req, bool wait)
{
	accel_request_reset(r, req);
	return accel_request_prepare(r, wait);
}

bool accel_request_aim(struct accel_request *r)
{
	return make_desc(r);
}

void accel_request_drop(struct accel_request *r)
{
	if (r->own_stream)
		wd_accel_stream_put(r->ac->accel, r->stream);
	r->own_stream = false;
	if (r->has_set)
		wd_bounce_pool_put(r->ac->accel->pool, &r->set);
	r->has_set = false;
}

/* A place that could not be copied is as bad as one that the device meets a fault on. */
void accel_request_end(struct accel_request *r)
{
	if (r->copies && r->ret != -EIO && r->ret != -ENXIO) {
		accel_places_store(r, r->piece);
		if (accel_places_fault(r) && r->ret >= 0)
			r->ret = -EFAULT;
		if (r->ret == -EFAULT && !r->req->fault_addr)
			r->req->fault_addr = (void *)accel_places_fault(r);
	}
	if (r->ret >= 0 && r->op->finish)
		r->op->finish(r);
	accel_request_drop(r);
	wd_mem_count(r->ac->accel->ch, &r->usage);
}
