/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels and engines: what mbox.c, chan.c, engine.c, comp.c and selftest.c
 * share.
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

/* How operands are reached: through the IOMMU, or plain memory in a self-test. */
struct wd_io {
	size_t (*read)(struct wd_io *io, void *to, u64 addr, size_t len);
	size_t (*write)(struct wd_io *io, u64 addr, const void *from, size_t len);
	u64 fault_addr;		/* after a short read or write */
	void *bounce;		/* WD_CHUNK bytes of the engine */
};

struct wd_stream;

/**
 * struct wd_job - one descriptor being carried out
 * @desc:     the descriptor, as it was fetched
 * @stream:   its stream, for operations that have one
 * @consumed: bytes of the source used so far
 * @produced: bytes written to the destination so far
 * @faults:   page requests in a row that brought no progress
 * @faulting_since: when the first of those was made, in jiffies
 * @progress: @consumed + @produced at the last fault
 * @active:   not completed yet
 */
struct wd_job {
	struct wd_desc desc;
	struct wd_stream *stream;
	u32 consumed;
	u32 produced;
	unsigned int faults;
	unsigned long faulting_since;
	u64 progress;
	bool active;
};

/* What became of a piece of work on a job. */
enum wd_step {
	WD_STEP_DONE,		/* status, aux and info are set */
	WD_STEP_AGAIN,		/* the quantum is used up */
	WD_STEP_FAULT_SRC,	/* io->fault_addr did not translate */
	WD_STEP_FAULT_DST,
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
 * engine that has it BUSY: @status_page to @out. Under the pool's lock: @sched,
 * @node, @kicked, @stop. Written by mbox.c and, while BUSY, by the engine:
 * @state, @error, @info; read by mbox.c for a query.
 *
 * @kicked:  a kick came while BUSY: do not go to sleep
 * @stop:    mbox.c waits for @stopped
 * @noise:   malformed descriptors in a row
 * @armed:   WD_BAR_ARM word at the last interrupt
 * @asleep:  need_kick is set
 * @fetched: the descriptor of @job waits to be begun
 * @out:     completions to be posted, @out_n of them
 * @last_work: local_clock() when there was work last
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

	struct wd_ring_page status_page;
	struct wd_ring_page sq_page;
	struct wd_ring_page cq_page;
	u32 sq_head;
	u32 cq_tail;
	u32 armed;
	u32 noise;
	u64 last_work;
	bool asleep;
	bool fetched;
	struct wd_job job;
	unsigned int out_n;
	union wd_cqe_words out[WD_BATCH];
	struct wd_iommu_page_req preq;
	bool preq_dst;

	struct wd_stream *streams[WD_STREAMS];	/* begun and not ended; else NULL */
};

/* chan.c; all but the first two by the engine that has the channel BUSY */
/* Indices to zero; sched is OFF. Return: false if the status line is not there. */
bool wd_chan_start(struct wd_chan *c);
void wd_chan_free_streams(struct wd_chan *c);
enum wd_serve wd_chan_serve(struct wd_chan *c, void *bounce);
bool wd_chan_has_work(struct wd_chan *c);
void wd_chan_set_need_kick(struct wd_chan *c, bool on);

static inline unsigned int wd_db_offset(const struct wd_chan *c, unsigned int db)
{
	return WD_BAR_DOORBELLS + c->index * WD_DB_STRIDE + db;
}

/* engine.c */
int wd_pool_start(struct wd_func *f);
void wd_pool_stop(struct wd_func *f);
void wd_chan_run(struct wd_chan *c);	/* from OFF to running */
void wd_pool_unpark(struct wd_chan *c);	/* the page request was answered */
void wd_chan_halt(struct wd_chan *c);	/* to OFF; sleeps until nothing is in flight */

/* comp.c */
bool wd_comp_desc_ok(const struct wd_desc *d, u16 *status);
u16 wd_comp_begin(struct wd_chan *c, struct wd_job *job);
enum wd_step wd_comp_step(struct wd_job *job, struct wd_io *io,
			  struct wd_result *res);
struct wd_stream *wd_stream_alloc(void);
void wd_stream_free(struct wd_stream *s);
bool wd_stream_is_active(const struct wd_stream *s);
/* Begin a stream as the operation word of @d says. Return: WD_ST_*. */
u16 wd_stream_init(struct wd_stream *s, const struct wd_desc *d);

/* selftest.c */
int wd_selftest_init(void);
void wd_selftest_exit(void);

/* stream_pool.c */
int wd_stream_pool_init(struct wd_func *f);
void wd_stream_pool_exit(struct wd_func *f);
struct wd_stream *wd_stream_get(struct wd_func *f);
void wd_stream_put(struct wd_func *f, struct wd_stream *s);

#endif
