/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native driver of <wd_alg.h>: what its files share.
 *
 * accel_alg.c      contexts; requests that are started, waited for and told about
 * accel_key.c      keys
 * accel_request.c  a request as a sequence of descriptors
 * accel_op.c       what the operations differ in
 * accel_place.c    operands: where the device finds them
 * accel_soft.c     what the device has no room for
 * accel_unit.c     requests of which each takes what the one before makes
 *
 * A request is done in pieces where its operands are longer than the device takes, or
 * than what can be copied at once. All operands advance by the same number of units.
 */
#ifndef WD_DRIVERS_ACCEL_ALG_H
#define WD_DRIVERS_ACCEL_ALG_H

#include <sys/queue.h>

#include "../alg.h"
#include "accel.h"
#include "soft_alg.h"
#include "wd_dma.h"

/* Places of a request. Further sources of an XOR come behind. */
enum { ACCEL_SRC, ACCEL_DST, ACCEL_MORE, ACCEL_PLACES = ACCEL_MORE + WD_XOR_SRCS };

/* Longest scatter/gather list, and the bytes that one surely is enough for. */
#define ACCEL_LIST_MAX		4096
#define ACCEL_LIST_BYTES	(8UL << 20)

/**
 * struct accel_place - an operand
 * @op:      as the application gave it
 * @len:     bytes of it that are used
 * @stride:  bytes of a unit; 0: all of it belongs to each piece
 * @used:    there is one
 * @write:   the device writes to it
 * @last:    only the last piece has it
 * @piped:   it is between two requests of a unit, and in no memory
 * @mems:    of each part: the memory that it lies in, NULL: it is copied. NULL: the device
 *           reaches everything
 * @copied:  bytes of the parts that are copied
 * @entries: of a list of all of it, at most
 * @list_at: where in the request's block there is room for a list
 * @list_max: for so many entries
 * @buf_at:  where in the block the copies are, one half for each of two pieces
 * @room:    bytes of a half
 * @valid:   for each half: bytes of the operand that the device wrote
 * @addr:    of the present piece: for the descriptor
 * @direct:  of the present piece: bytes that are not copied
 * @is_list: @addr is that of a list
 * @fault:   address that could not be copied from or to, 0: all could
 */
struct accel_place {
	struct wd_operand op;
	size_t len;
	size_t stride;
	bool used;
	bool write;
	bool last;
	bool piped;
	const struct wd_mem **mems;
	size_t copied;
	size_t entries;
	size_t list_at;
	size_t list_max;
	size_t buf_at;
	size_t room;
	size_t valid[2];
	uint64_t addr;
	size_t direct;
	bool is_list;
	uintptr_t fault;
};

/* A part of a request: units from @pos on. */
struct accel_piece {
	size_t pos;
	size_t n;
};

struct accel_request;
struct accel_unit;

/**
 * struct accel_op - an operation
 * @opcode:   WD_OP_*
 * @param:    bytes of its parameter block
 * @in_place: source and destination may be the same memory
 * @lists:    the operands that it has several of are all lists or all none
 * @prepare:  say what the operands are
 * @build:    fill in the descriptor for the present piece, whose places are known
 * @done:     look at the completion of one, which is no error
 * @finish:   NULL, or take results from the parameter block when all went well
 */
struct accel_op {
	uint16_t opcode;
	size_t param;
	bool in_place;
	bool lists;
	void (*prepare)(struct accel_request *r);
	void (*build)(struct accel_request *r, struct wd_desc *desc);
	void (*done)(struct accel_request *r, const struct wd_cqe *cqe);
	void (*finish)(struct accel_request *r);
};

/**
 * struct accel_request - a request that is under way, or was
 * @ring:     on the ring
 * @ac:       its context; constant
 * @next:     of all that the context has; constant
 * @link:     among those that are free, or in the order of submission
 * @req:      the application's
 * @op:       its operation
 * @total:    units
 * @main:     of those, done in pieces of @per; what is left is a piece
 * @granule:  units that are not divided
 * @per:      units of a piece
 * @pieces:   how many
 * @piece:    number of the present one
 * @whole:    it cannot be divided
 * @reverse:  the last piece comes first
 * @shared:   the destination's copies are where the source's are
 * @copies:   something is copied
 * @closing:  the descriptor on the ring forgets the stream
 * @finished: its result is known
 * @streamed: it is one of the context's stream
 * @in_soft:  the device is not asked
 * @soft_next: among those that the software is to do
 * @unit:     NULL, or what is kept for the units that it is the first request of
 * @stream:   stream id, -1: none is needed
 * @stream_nr: number of its context's stream, which tells it from those before
 * @own_stream: which is the request's alone
 * @begins:   its first piece begins the stream
 * @ret:      result
 * @crc:      of what came before
 * @place:    its operands
 * @mems:     memory for @place.mems
 * @mems_max: for so many
 * @va:       its block: parameters, lists, copies
 * @dma:      what the device calls that
 * @heap:     that block, where the device reaches everything; kept
 * @heap_size: its bytes
 * @set:      else it is from the channel's pool
 * @has_set:  and there is one
 * @usage:    what it did to memory
 */
struct accel_request {
	struct wd_ring_req ring;
	struct accel_alg *ac;
	struct accel_request *next;
	TAILQ_ENTRY(accel_request) link;
	struct wd_request *req;
	const struct accel_op *op;
	size_t total;
	size_t main;
	size_t granule;
	size_t per;
	size_t pieces;
	size_t piece;
	bool whole;
	bool reverse;
	bool shared;
	bool copies;
	bool closing;
	bool finished;
	bool streamed;
	bool in_soft;
	struct accel_request *soft_next;
	struct accel_unit *unit;
	int stream;
	unsigned int stream_nr;
	bool own_stream;
	bool begins;
	int ret;
	uint32_t crc;
	struct accel_place place[ACCEL_PLACES];
	const struct wd_mem **mems;
	size_t mems_max;
	unsigned char *va;
	uint64_t dma;
	void *heap;
	size_t heap_size;
	struct wd_bounce_set set;
	bool has_set;
	struct wd_mem_usage usage;
};

TAILQ_HEAD(accel_requests, accel_request);

/**
 * struct accel_soft - what the device has no room for; guarded by accel_alg.lock
 * @work:    runs the first of @head
 * @ac:      the context; constant
 * @never:   it is to be done by the device or not at all; constant
 * @open:    @sa is ready
 * @keyed:   it needs no key, or has it
 * @key:     the key, NULL: there is none
 * @key_len: its bytes
 * @sa:      what computes
 * @turn:    held for what must not overtake; taken before accel_alg.lock
 * @head:    requests that were submitted and that nobody has done yet
 * @tail:    the last of them
 */
struct accel_soft {
	struct wd_work work;
	struct accel_alg *ac;
	bool never;
	bool open;
	bool keyed;
	void *key;
	size_t key_len;
	struct wd_soft_alg sa;
	pthread_mutex_t turn;
	struct accel_request *head;
	struct accel_request *tail;
};

/**
 * struct accel_alg - wd_alg_ctx.private
 * @ctx:      the context
 * @accel:    the channel
 * @info:     the algorithm
 * @key:      key id, -1: the device has none
 * @soft_key: it has not the one that was set last
 * @soft:     what does the work then
 * @lock:     guards all below; the ring's lock is taken inside
 * @all:      its requests, used or not
 * @free:     of those, the ones that are not
 * @fifo:     and those that were submitted, in that order
 * @active:   how many are used
 * @delivering: a thread tells of those that are done
 * @exiting:  nobody is told any more
 * @stream:   id of its digest's stream, -1: there is none
 * @begun:    a stream was begun, as submitted
 * @stream_nr: counts those that were begun
 * @in_soft:  the one that was begun last is the software's
 * @streamed: requests of it that are under way
 * @long_one: of those, one in more than one piece: nothing of the stream may follow it yet
 */
struct accel_alg {
	struct wd_alg_ctx *ctx;
	struct wd_accel *accel;
	const struct wd_alg_info *info;
	int key;
	bool soft_key;
	struct accel_soft soft;
	pthread_mutex_t lock;
	struct accel_request *all;
	struct accel_requests free;
	struct accel_requests fifo;
	unsigned int active;
	bool delivering;
	bool exiting;
	int stream;
	unsigned int stream_nr;
	bool begun;
	bool in_soft;
	unsigned int streamed;
	struct accel_request *long_one;
};

static inline struct accel_request *accel_to_request(struct wd_ring_req *req)
{
	return (struct accel_request *)req;
}

/* Does the device read or write it? */
static inline bool accel_in_memory(const struct accel_place *place)
{
	return place->used && !place->piped;
}

static inline bool accel_is_plain(const struct accel_request *r)
{
	return !r->ac->accel->pool;
}

static inline size_t accel_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Is it a part of a stream? */
static inline bool is_accel_streamed(const struct wd_request *req)
{
	return req->what == WD_DIGEST_UPDATE || req->what == WD_DIGEST_END;
}

/* accel_alg.c: make a context of what runs its channel. 0, -ENOMEM. */
int accel_alg_attach(struct wd_alg_ctx *ctx, struct wd_accel *accel);

/* A request of a context, with nothing set, or NULL; and give it back. */
struct accel_request *accel_request_get(struct accel_alg *ac);
void accel_request_put(struct accel_request *r);

/* One that was submitted has its result; tell of all those whose turn it is. */
void accel_finished(struct accel_request *r);
void accel_deliver(struct accel_alg *ac);

/* accel_soft.c */
void accel_soft_init(struct accel_alg *ac);
void accel_soft_cancel(struct accel_alg *ac);
void accel_soft_exit(struct accel_alg *ac, bool inherited);

/* Replace the key that it will need by @key, which is its own now. Nothing is under way. */
void accel_soft_give_key(struct accel_alg *ac, void *key, size_t len);

/* With the lock: 0: it can be given requests. -ENOMEM. */
int accel_soft_ready(struct accel_alg *ac);

/* Do @r now; or behind all that was submitted. The result is @r->ret. */
void accel_soft_run(struct accel_request *r);
void accel_soft_run_in_turn(struct accel_request *r);

/*
 * With the lock: have wd_poll() look for one more request that will have been pushed when the
 * lock is dropped, or not. 0, -EIO, -ENXIO.
 */
int accel_soft_expect(struct accel_alg *ac);
void accel_soft_push(struct accel_request *r);

/* @r has ended. Do it again, if the device had no room for it and did nothing. */
bool accel_soft_repeat(struct accel_request *r);

/* accel_op.c: of a request that was checked */
const struct accel_op *accel_op_find(enum wd_alg_kind kind, enum wd_what what);

/* accel_request.c */

/*
 * Get everything that @r->req needs before it goes on the ring. @wait: for memory. On
 * failure nothing is held: -ENOMEM, -EFAULT, -EAGAIN, -EIO, -ENXIO.
 */
int accel_request_begin(struct accel_request *r, struct wd_request *req, bool wait);

/* What it begins with: all that the software needs. Then all that the device does. */
void accel_request_reset(struct accel_request *r, struct wd_request *req);
int accel_request_prepare(struct accel_request *r, bool wait);

/* Make its first descriptor. false: that is not possible, and @r->ret tells why. */
bool accel_request_aim(struct accel_request *r);

/* It is off the ring with @r->ret: make that the application's, and give all back. */
void accel_request_end(struct accel_request *r);

/* Give back what it holds; nobody wants its results. */
void accel_request_drop(struct accel_request *r);

/* A status of the device as an errno. */
int accel_error(const struct wd_cqe *cqe);

/* Note what a descriptor did to memory, whatever its end; and, of @r->ret, what was wrong. */
void accel_request_account(struct accel_request *r, const struct wd_cqe *cqe);
void accel_request_blame(struct accel_request *r, const struct wd_cqe *cqe);

/* The piece of a number. Pure. */
struct accel_piece accel_piece_at(const struct accel_request *r, size_t number);

/*
 * Pure: divide into pieces of which at most @target bytes of an operand are copied. Returns
 * the bytes of the block.
 */
size_t accel_plan(struct accel_request *r, size_t target, size_t max_len);

/* accel_place.c */

/* The parts of an operand: those with an iov have many. */
static inline size_t accel_parts(const struct wd_operand *op)
{
	return op->iov ? op->iovcnt : 1;
}

/* Find out where the operands lie. 0, -ENOMEM. */
int accel_places_find(struct accel_request *r);

/* Make @addr and @is_list for the present piece. false: something is not as it was. */
bool accel_place_aim(struct accel_request *r, struct accel_place *place);

/* Copy what a piece reads, or what it wrote. */
void accel_places_load(struct accel_request *r, size_t number);
void accel_places_store(struct accel_request *r, size_t number);

/* An address that could not be copied, 0: there is none. */
uintptr_t accel_places_fault(const struct accel_request *r);

/* The process's address for one that the device met with a fault. */
uintptr_t accel_places_va(const struct accel_request *r, const struct wd_cqe *cqe);

/* accel_unit.c: @chain and @submit_chain of struct wd_alg_vendor */
unsigned int accel_chain(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
			 unsigned int n);
int accel_submit_chain(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
		       unsigned int n, unsigned int *failed);

/* accel_key.c */
int accel_set_key(struct wd_alg_ctx *ctx, const void *key, size_t len);
void accel_drop_key(struct accel_alg *ac);

#endif
