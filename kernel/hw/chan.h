/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels and engines: what mbox.c, chan.c, job.c, unit.c, sgl.c,
 * engine.c, selftest.c and the operations share.
 */
#ifndef _WD_HW_CHAN_H
#define _WD_HW_CHAN_H

#include <linux/completion.h>
#include <linux/list.h>
#include <misc/uacce/wd_accel.h>

#include "hw.h"

#define WD_RING_ORDER		10		/* deepest ring, log2 */
#define WD_MAX_LEN		(64U << 20)	/* longest operand */
#define WD_STREAMS		16		/* stream ids of a channel */
#define WD_FUNC_STREAMS		256		/* streams of a function at once */
#define WD_KEYS			64		/* key ids of a channel */
#define WD_MAX_UNIT		(4U << 20)	/* what is worked on as a whole */
#define WD_BATCH		32		/* descriptors taken in one burst */
#define WD_CHUNK		(16U << 10)	/* bytes that go through at once */
#define WD_QUANTUM		(256U << 10)	/* bytes until another channel's turn */

/*
 * Where a channel is. Whoever moves it holds the pool's lock.
 *
 * OFF:    not running; mbox.c owns it
 * IDLE:   running, nothing to do, need_kick is set
 * QUEUED: on the run list of the pool
 * BUSY:   an engine has it and is its only user
 * PARKED: waits for a page
 */
enum wd_sched {
	WD_SCHED_OFF,
	WD_SCHED_IDLE,
	WD_SCHED_QUEUED,
	WD_SCHED_BUSY,
	WD_SCHED_PARKED,
};

/* What serving a channel came to. */
enum wd_serve {
	WD_SERVE_WORKED,	/* there was work, and there may be more */
	WD_SERVE_EMPTY,
	WD_SERVE_PARKED,	/* @preq is to be made */
	WD_SERVE_ERROR,		/* the channel stopped itself */
};

/**
 * struct wd_io - how memory is reached: by DMA, or plain memory in a self-test
 * @read:       copy from an address; returns how much of it there was
 * @write:      likewise
 * @copy:       NULL, or from memory to memory as wd_dma_copy(): what it leaves is to be
 *              read and written, and that finds the fault
 * @visit:      NULL, or look at memory where it is, as wd_dma_visit(): likewise
 * @fault_addr: after a short copy: where it ended
 * @fault_end:  end of the part of the operand that this is in
 * @fault_aux:  WD_CQE_FAULT_* of it
 * @fault_write: the access was a write
 * @bad_list:   and the entry is there, but is none
 * @pipe:       and it is no fault: the other end of a pipe has its turn
 * @bounce:     WD_CHUNK bytes of the engine
 */
struct wd_io {
	size_t (*read)(struct wd_io *io, void *to, u64 addr, size_t len);
	size_t (*write)(struct wd_io *io, u64 addr, const void *from, size_t len);
	size_t (*copy)(struct wd_io *io, u64 to, u64 from, size_t len);
	size_t (*visit)(struct wd_io *io, u64 addr, size_t len, wd_visitor visitor, void *ctx);
	u64 fault_addr;
	u64 fault_end;
	u32 fault_aux;
	bool fault_write;
	bool bad_list;
	bool pipe;
	void *bounce;
};

struct wd_pipe;

/**
 * struct wd_operand - source or destination of a job, and a place in it
 * @next:     address of the next entry of its list
 * @part:     address of the part that the place is in
 * @part_len: its length; 0: the place is before the first
 * @pos:      where in the operand it begins
 * @aux:      WD_CQE_FAULT_* of a fault on it
 * @pipe:     NULL, or it is no memory, but this
 */
struct wd_operand {
	u64 next;
	u64 part;
	u32 part_len;
	u64 pos;
	u32 aux;
	struct wd_pipe *pipe;
};

struct scatterlist;

/**
 * struct wd_stage - where a job gathers what it works on, see op.h
 * @buf:  @size bytes
 * @sg:   NULL, or the pages of @buf, which are not contiguous
 * @pos:  first byte that is not written to the destination yet
 * @end:  first free byte
 */
struct wd_stage {
	u8 *buf;
	struct scatterlist *sg;
	u32 size;
	u32 pos;
	u32 end;
};

#define WD_PIPE_SIZE	(2 * WD_CHUNK)

/**
 * struct wd_pipe - between two jobs of a unit: destination of one, source of the next
 * @stage:  memory of WD_PIPE_SIZE bytes, the byte at position n is at n modulo that
 * @tail:   position of the first byte that is kept
 * @head:   position behind the last byte written
 * @closed: nobody reads any more: what is written is dropped
 */
struct wd_pipe {
	struct wd_stage stage;
	u32 tail;
	u32 head;
	bool closed;
};

struct wd_digest;
struct wd_key;
struct wd_op;
struct wd_stream;
struct wd_unit;

#define WD_JOB_PRIV	128

/**
 * struct wd_job - one descriptor being carried out
 * @chan:     whose it is
 * @desc:     the descriptor, as it was fetched
 * @op:       what it asks for
 * @src:      its operands
 * @dst:      likewise
 * @stream:   its stream, of DEFLATE and INFLATE
 * @stage:    its own while it is worked on
 * @priv:     the operation's own
 * @consumed: bytes of the source used so far
 * @produced: bytes written to the destination so far
 * @faults:   page requests in a row that brought no progress
 * @faulting_since: when the first of those was made, in jiffies
 * @progress: @consumed + @produced at the last fault
 * @fault_addr: its address
 * @active:   not completed yet
 */
struct wd_job {
	struct wd_chan *chan;
	struct wd_desc desc;
	const struct wd_op *op;
	struct wd_operand src;
	struct wd_operand dst;
	struct wd_stream *stream;
	struct wd_stage *stage;
	u8 priv[WD_JOB_PRIV] __aligned(8);
	u32 consumed;
	u32 produced;
	unsigned int faults;
	unsigned long faulting_since;
	u64 progress;
	u64 fault_addr;
	bool active;
};

struct wd_result {
	u64 info;
	u32 aux;
	u16 status;
};

union wd_cqe_words {
	struct wd_cqe cqe;
	u64 word[sizeof(struct wd_cqe) / sizeof(u64)];
};

/* A page of a ring and where it was found, good for one IOMMU generation. */
struct wd_ring_page {
	u64 addr;
	void *va;
	u64 generation;
};

/**
 * struct wd_chan - a channel
 *
 * Set by mbox.c while @sched is OFF: @status_addr to @pasid. Used by the one
 * engine that has it BUSY: @status_page to @credit. Under the pool's lock: @sched,
 * @node, @kicked, @stop. Written by mbox.c and, while BUSY, by the engine:
 * @state, @error, @info; read by mbox.c for a query. @weight: written by mbox.c,
 * read by the engine at any time.
 *
 * @kicked:  a kick came while BUSY: do not go to sleep
 * @stop:    mbox.c waits for @stopped
 * @noise:   malformed descriptors in a row
 * @armed:   WD_BAR_ARM word at the last interrupt
 * @asleep:  need_kick is set
 * @fetched: the descriptor of @job, or the unit, waits to be begun
 * @job:     the request being carried out, of a unit the first part
 * @links:   descriptors of a unit that were fetched so far; zero: it is none
 * @link:    those
 * @unit:    the rest of a unit, see unit.c; NULL: there never was one
 * @preq_aux: WD_CQE_* of the fault that @preq is about
 * @out:     completions to be posted, @out_n of them
 * @last_work: local_clock() when there was work last
 * @credit:  engine time that it may use before others have their turn, in ns
 * @weight:  its share of the engines
 */
struct wd_chan {
	struct wd_func *func;
	unsigned int index;

	enum wd_sched sched;
	struct list_head node;
	bool kicked;
	bool stop;
	struct completion stopped;

	u32 state;
	u32 error;
	u64 info;

	u64 status_addr;
	u64 sq_addr;
	u64 cq_addr;
	u32 sq_depth;
	u32 cq_depth;
	u32 pasid;
	u32 weight;

	struct wd_ring_page status_page;
	struct wd_ring_page sq_page;
	struct wd_ring_page cq_page;
	u32 sq_head;
	u32 cq_tail;
	u32 armed;
	u32 noise;
	u64 last_work;
	s64 credit;
	bool asleep;
	bool fetched;
	struct wd_job job;
	unsigned int links;
	struct wd_desc link[WD_LINK_MAX];
	struct wd_unit *unit;
	unsigned int out_n;
	union wd_cqe_words out[WD_BATCH];
	struct wd_iommu_page_req preq;
	u32 preq_aux;

	struct wd_stream *streams[WD_STREAMS];	/* begun and not ended; else NULL */
	struct wd_digest *digests[WD_STREAMS + 1];	/* last: no stream; NULL: never used */
	struct wd_key *keys[WD_KEYS];		/* as set; else NULL */
	struct wd_stage stage;
};

/* chan.c; all but the first two by the engine that has the channel BUSY */
/* Indices to zero; sched is OFF. Return: false if the status line is not there. */
bool wd_chan_start(struct wd_chan *c);
void wd_chan_free_state(struct wd_chan *c);	/* streams, digests, keys, stage; sched is OFF */
enum wd_serve wd_chan_serve(struct wd_chan *c, void *bounce);
bool wd_chan_has_work(struct wd_chan *c);
void wd_chan_set_need_kick(struct wd_chan *c, bool on);

static inline unsigned int wd_db_offset(const struct wd_chan *c, unsigned int db)
{
	return WD_BAR_DOORBELLS + c->index * WD_DB_STRIDE + db;
}

/*
 * For job.c: complete a descriptor; say why the channel is to stop, which
 * wd_chan_stop() does; drop the state of a stream.
 */
void wd_chan_complete(struct wd_chan *c, const struct wd_cqe *cqe);
bool wd_chan_fail(struct wd_chan *c, u32 error, u64 info);
enum wd_serve wd_chan_stop(struct wd_chan *c);
void wd_chan_close_stream(struct wd_chan *c, u32 id);

/* job.c; by the engine that has the channel */
/* The checks of a descriptor that need no state. Return: WD_ST_OK or what is wrong. */
u16 wd_desc_check(const struct wd_desc *d);
void wd_job_begin(struct wd_chan *c);	/* the descriptor that was fetched, which is well-formed */
void wd_job_resume(struct wd_chan *c);	/* its page request was answered */
enum wd_serve wd_job_step(struct wd_chan *c, void *bounce);
/* A job whose descriptor is there, at its beginning: all that is no operation's own. */
void wd_job_init(struct wd_chan *c, struct wd_job *job, struct wd_stage *stage);

/* unit.c: LINKed descriptors, in c->link */
/* Take the descriptor that was fetched. Return: true, the unit ends here. */
bool wd_unit_take(struct wd_chan *c);
/* The checks that need no state. Return: false, and status and aux of *@cqe say why. */
bool wd_unit_check(struct wd_chan *c, struct wd_cqe *cqe);
/* Begin all of it. res->status: WD_ST_OK, or it is to end with that. */
void wd_unit_begin(struct wd_chan *c, struct wd_result *res);
/* As wd_op.step; FAULT: of wd_unit_job(). */
enum wd_step wd_unit_step(struct wd_chan *c, struct wd_io *io, struct wd_result *res);
struct wd_job *wd_unit_job(struct wd_chan *c);
/* There is no unit any more. *@cqe: its completion, where wd_unit_job() came to *@res. */
void wd_unit_end(struct wd_chan *c, const struct wd_result *res, struct wd_cqe *cqe);
void wd_unit_free(struct wd_chan *c);

size_t wd_pipe_read(struct wd_pipe *p, u32 pos, void *to, size_t len);
size_t wd_pipe_write(struct wd_pipe *p, const void *from, size_t len);

/* sgl.c */
void wd_operand_init(struct wd_operand *op, u64 addr, u32 len, bool list, u32 aux);
void wd_job_operands(struct wd_job *job);	/* to their beginning, as the descriptor says */
/*
 * Copy at a position of the operand, which is not below that of an earlier call.
 * Return: the number of bytes; where that is less, struct wd_io says why.
 */
size_t wd_operand_read(struct wd_operand *op, struct wd_io *io, u32 pos, void *to, size_t len);
size_t wd_operand_write(struct wd_operand *op, struct wd_io *io, u32 pos, const void *from,
			size_t len);

/* Likewise, but only where it is. Return: bytes from there to the end of a part; 0: a fault. */
u32 wd_operand_at(struct wd_operand *op, struct wd_io *io, u32 pos, u64 *addr);

/* Likewise, but @visitor sees it where it is. Return: how much; 0: it is to be read instead. */
u32 wd_operand_visit(struct wd_operand *op, struct wd_io *io, u32 pos, u32 len,
		     wd_visitor visitor, void *ctx);

/* engine.c */
int wd_pool_start(struct wd_func *f);
void wd_pool_stop(struct wd_func *f);
void wd_chan_run(struct wd_chan *c);	/* from OFF to running */
void wd_pool_unpark(struct wd_chan *c);	/* the page request was answered */
void wd_chan_halt(struct wd_chan *c);	/* to OFF; sleeps until nothing is in flight */

/*
 * comp.c; wd_comp_step() is in op.h. Begin a stream as the operation word of @d says.
 * Return: WD_ST_*.
 */
u16 wd_stream_init(struct wd_stream *s, const struct wd_desc *d);

/* digest.c */
void wd_digest_close(struct wd_chan *c, u32 id);	/* a digest that was begun, if any */
void wd_digest_free(struct wd_chan *c);

/* selftest.c */
int wd_selftest_init(struct dentry *parent);
void wd_selftest_exit(void);

/* stream_pool.c */
struct wd_stream *wd_stream_alloc(void);	/* of no function */
void wd_stream_free(struct wd_stream *s);
int wd_stream_pool_init(struct wd_func *f);
void wd_stream_pool_exit(struct wd_func *f);
struct wd_stream *wd_stream_get(struct wd_func *f);
void wd_stream_put(struct wd_func *f, struct wd_stream *s);

#endif
