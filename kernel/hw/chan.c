// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel at work: doorbells, descriptors in, completions out. All of it runs
 * in the engine that has the channel, and trusts nothing that it reads: indices
 * and descriptors are copied once and checked in the copy.
 */
#include <linux/jiffies.h>
#include <linux/sched/clock.h>

#include "chan.h"

/* Page requests in a row without a byte of progress: so many, and for so long. */
#define WD_MAX_FAULTS	64
#define WD_MAX_FAULTING	(2 * HZ)

#define WD_DESC_WORDS	(sizeof(struct wd_desc) / sizeof(u64))
#define WD_DESCS_PAGE	((u32)(PAGE_SIZE / sizeof(struct wd_desc)))

/*
 * Rings and status line are reached in bursts: a few short copies with
 * interrupts off. Nothing in a burst sleeps.
 */
static bool ring_open(struct wd_chan *c, struct wd_iommu_access *acc)
{
	if (!wd_config_bus_master(c->func) ||
	    wd_iommu_open(c->func->port, WD_IOMMU_NO_PASID, acc))
		return false;
	if (wd_iommu_burst(acc))
		return true;
	wd_iommu_close(acc);
	return false;
}

static void ring_close(struct wd_iommu_access *acc)
{
	wd_iommu_burst_end(acc);
	wd_iommu_close(acc);
}

static bool ring_fail(struct wd_chan *c, u32 error, u64 info)
{
	c->error = error;
	c->info = info;
	return false;
}

/* A word or a few of the status line, outside of a burst. */
static bool status_write(struct wd_chan *c, size_t off, const void *from,
			 size_t len)
{
	struct wd_iommu_access acc;
	bool ok;

	if (!ring_open(c, &acc))
		return false;
	ok = wd_iommu_write(&acc, c->status_addr + off, from, len) == len;
	ring_close(&acc);
	return ok;
}

/*
 * Stop the channel for what c->error and c->info say. The state is written last:
 * who sees it can read what it is about.
 */
static enum wd_serve chan_stop(struct wd_chan *c)
{
	u32 state[2] = { WD_CHAN_ERROR, c->error };

	WRITE_ONCE(c->state, WD_CHAN_ERROR);
	status_write(c, offsetof(struct wd_chan_status, info), &c->info,
		     sizeof(c->info));
	status_write(c, offsetof(struct wd_chan_status, state), state,
		     sizeof(state));
	wd_msix_raise(c->func, WD_VECTOR_CHAN(c->index));
	return WD_SERVE_ERROR;
}

void wd_chan_set_need_kick(struct wd_chan *c, bool on)
{
	u64 word = on;

	status_write(c, offsetof(struct wd_chan_status, need_kick), &word,
		     sizeof(word));
}

/* An interrupt was asked for since the last one? */
static void chan_interrupt(struct wd_chan *c)
{
	u32 arm;

	/* Pairs with the driver's: it arms, then looks at the ring again. */
	smp_mb();
	arm = wd_bar_read32(c->func, WD_BAR_ARM + 4 * c->index);
	if (arm == c->armed)
		return;
	c->armed = arm;
	wd_msix_raise(c->func, WD_VECTOR_CHAN(c->index));
}

/* The memory behind an address of a ring, or NULL: the ring is not there. */
static void *ring_entry(struct wd_chan *c, struct wd_iommu_access *acc,
			struct wd_ring_page *page, u64 addr, bool write)
{
	if (page->addr != (addr & PAGE_MASK) ||
	    page->generation != acc->generation || !page->va) {
		page->addr = addr & PAGE_MASK;
		page->generation = acc->generation;
		page->va = wd_iommu_burst_map(acc, page->addr, write);
		if (!page->va) {
			ring_fail(c, WD_CHAN_ERR_RING, addr);
			return NULL;
		}
	}
	return page->va + offset_in_page(addr);
}

static void chan_complete(struct wd_chan *c, const struct wd_job *job,
			  const struct wd_result *res)
{
	u32 index = c->cq_tail + c->out_n;

	c->out[c->out_n++].cqe = (struct wd_cqe) {
		.tag = job->desc.tag,
		.consumed = job->consumed,
		.produced = job->produced,
		.info = res->info,
		.aux = res->aux,
		.status = res->status,
		.phase = !(index & c->cq_depth),
	};
}

/* In 64-bit words of rising address: the phase is in the last. */
static void post_one(u64 *to, const union wd_cqe_words *out)
{
	WRITE_ONCE(to[0], out->word[0]);
	WRITE_ONCE(to[1], out->word[1]);
	WRITE_ONCE(to[2], out->word[2]);
	/* Pairs with the submitter's acquire of the phase. */
	smp_wmb();
	WRITE_ONCE(to[3], out->word[3]);
}

/*
 * All at once, at the end of a burst: a reader that polls takes a line away from
 * us for every completion that it sees come.
 */
static bool chan_post(struct wd_chan *c, struct wd_iommu_access *acc)
{
	u32 i;

	for (i = 0; i < c->out_n; i++) {
		u32 slot = c->cq_tail & (c->cq_depth - 1);
		u64 *to = ring_entry(c, acc, &c->cq_page,
				     c->cq_addr + slot * sizeof(struct wd_cqe),
				     true);

		if (!to)
			return false;
		post_one(to, &c->out[i]);
		c->cq_tail++;
	}
	c->out_n = 0;
	return true;
}

/* The checks that need no state. Return: WD_ST_OK or what is wrong with it. */
static u16 desc_check(const struct wd_desc *d)
{
	u16 status;

	switch (d->opcode) {
	case WD_OP_NOP:
	case WD_OP_STREAM_CLOSE:
	case WD_OP_DEFLATE:
	case WD_OP_INFLATE:
		break;
	default:
		return WD_ST_BAD_OPCODE;
	}
	if (d->flags || d->param || d->src_dom || d->dst_dom || d->reserved)
		return WD_ST_BAD_FLAGS;
	if (d->opcode == WD_OP_NOP)
		return WD_ST_OK;
	if (d->opcode == WD_OP_STREAM_CLOSE)
		return d->stream < WD_STREAMS ? WD_ST_OK : WD_ST_BAD_STREAM;
	return wd_comp_desc_ok(d, &status) ? WD_ST_OK : status;
}

static void chan_close_stream(struct wd_chan *c, u32 id)
{
	if (!c->streams[id])
		return;
	wd_stream_put(c->func, c->streams[id]);
	c->streams[id] = NULL;
}

void wd_chan_free_streams(struct wd_chan *c)
{
	u32 i;

	for (i = 0; i < WD_STREAMS; i++)
		chan_close_stream(c, i);
}

/* Operands, through the IOMMU. */
struct chan_io {
	struct wd_io io;
	struct wd_iommu_access acc;
};

static size_t chan_io_read(struct wd_io *io, void *to, u64 addr, size_t len)
{
	struct chan_io *cio = container_of(io, struct chan_io, io);
	size_t n = wd_iommu_read(&cio->acc, to, addr, len);

	io->fault_addr = cio->acc.fault_addr;
	return n;
}

static size_t chan_io_write(struct wd_io *io, u64 addr, const void *from,
			    size_t len)
{
	struct chan_io *cio = container_of(io, struct chan_io, io);
	size_t n = wd_iommu_write(&cio->acc, addr, from, len);

	io->fault_addr = cio->acc.fault_addr;
	return n;
}

static void preq_done(struct wd_iommu_page_req *req)
{
	wd_pool_unpark(container_of(req, struct wd_chan, preq));
}

/* Ask for all that the operand will still need, but the first page counts. */
static enum wd_serve chan_fault(struct wd_chan *c, u64 addr, bool dst)
{
	struct wd_job *job = &c->job;
	const struct wd_desc *d = &job->desc;
	u64 end = dst ? d->dst + d->dst_len : d->src + d->src_len;
	u64 progress = (u64)job->consumed + job->produced;

	if (progress != job->progress)
		job->faults = 0;
	if (!job->faults++)
		job->faulting_since = jiffies;
	job->progress = progress;

	c->preq_dst = dst;
	c->preq = (struct wd_iommu_page_req) {
		.port = c->func->port,
		.pasid = c->pasid,
		.addr = addr,
		.len = end > addr ? end - addr : 1,
		.write = dst,
		.done = preq_done,
	};
	INIT_LIST_HEAD(&c->preq.node);
	return WD_SERVE_PARKED;
}

static u16 fault_status(enum wd_iommu_response resp)
{
	switch (resp) {
	case WD_IOMMU_RESP_UNMAPPED:
		return WD_ST_FAULT_UNMAPPED;
	case WD_IOMMU_RESP_PERM:
		return WD_ST_FAULT_PERM;
	case WD_IOMMU_RESP_RANGE:
		return WD_ST_FAULT_RANGE;
	case WD_IOMMU_RESP_PASID:
		return WD_ST_FAULT_PASID;
	case WD_IOMMU_RESP_CANCELLED:
		return WD_ST_ABORTED;
	default:
		return WD_ST_FAULT_BUS;
	}
}

static void job_end(struct wd_chan *c, const struct wd_result *res)
{
	c->job.active = false;
	chan_complete(c, &c->job, res);
}

static void job_end_status(struct wd_chan *c, u16 status)
{
	const struct wd_result res = { .status = status };

	job_end(c, &res);
}

/*
 * Pages that are there and yet cannot be used are given up. The number alone does
 * not tell them from pages that another thread keeps taking away: where there is
 * one CPU it may always come before the engine does.
 */
static bool job_is_stuck(const struct wd_job *job)
{
	return job->faults >= WD_MAX_FAULTS &&
	       time_after(jiffies, job->faulting_since + WD_MAX_FAULTING);
}

/* The page request of the job was answered. Return: false if that ended it. */
static bool job_resume(struct wd_chan *c)
{
	enum wd_iommu_response resp = c->preq.resp;
	struct wd_result res;

	c->preq.resp = WD_IOMMU_RESP_PENDING;
	if (resp == WD_IOMMU_RESP_SUCCESS && !job_is_stuck(&c->job))
		return true;
	res.status = fault_status(resp);
	res.aux = c->preq_dst ? WD_CQE_FAULT_DST : 0;
	res.info = c->preq.addr;
	job_end(c, &res);
	return false;
}

static enum wd_serve job_step(struct wd_chan *c, void *bounce)
{
	struct chan_io cio = {
		.io = {
			.read = chan_io_read,
			.write = chan_io_write,
			.bounce = bounce,
		},
	};
	struct wd_result res;
	enum wd_step step;

	if (!wd_config_bus_master(c->func) ||
	    wd_iommu_open(c->func->port, c->pasid, &cio.acc)) {
		ring_fail(c, WD_CHAN_ERR_PASID, 0);
		return chan_stop(c);
	}
	step = wd_comp_step(&c->job, &cio.io, &res);
	wd_iommu_close(&cio.acc);

	switch (step) {
	case WD_STEP_DONE:
		if (!wd_stream_is_active(c->job.stream))
			chan_close_stream(c, c->job.desc.stream);
		job_end(c, &res);
		break;
	case WD_STEP_AGAIN:
		break;
	case WD_STEP_FAULT_SRC:
	case WD_STEP_FAULT_DST:
		return chan_fault(c, cio.io.fault_addr, step == WD_STEP_FAULT_DST);
	}
	return WD_SERVE_WORKED;
}

static bool is_short(const struct wd_desc *d, u16 status)
{
	return status != WD_ST_OK || d->opcode == WD_OP_NOP;
}

/* Begin the descriptor that was fetched, which is well-formed. */
static void chan_begin_job(struct wd_chan *c)
{
	struct wd_job *job = &c->job;
	u16 status;

	c->fetched = false;
	if (job->desc.opcode == WD_OP_STREAM_CLOSE) {
		chan_close_stream(c, job->desc.stream);
		job_end_status(c, WD_ST_OK);
		return;
	}
	job->faults = 0;
	job->progress = 0;
	status = wd_comp_begin(c, job);
	if (status != WD_ST_OK)
		job_end_status(c, status);
	else
		job->active = true;
}

bool wd_chan_has_work(struct wd_chan *c)
{
	u32 cq_head = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD));
	u32 unread = c->cq_tail - cq_head;

	if (c->job.active || c->out_n)
		return true;
	/* A full completion ring waits for its reader; nonsense is to be told. */
	if (unread >= c->cq_depth)
		return unread > c->cq_depth;
	return wd_bar_read32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL)) != c->sq_head;
}

/*
 * Descriptors that may be taken now: in one page of the ring, and with room for
 * their completions.
 */
static bool chan_look(struct wd_chan *c, u32 *n)
{
	u32 tail = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL));
	u32 cq_head = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD));
	u32 slot = c->sq_head & (c->sq_depth - 1);

	if (tail - c->sq_head > c->sq_depth)
		return ring_fail(c, WD_CHAN_ERR_SQ_INDEX, tail);
	if (c->cq_tail - cq_head > c->cq_depth)
		return ring_fail(c, WD_CHAN_ERR_CQ_INDEX, cq_head);
	*n = min3(tail - c->sq_head, c->cq_depth - (c->cq_tail - cq_head),
		  c->sq_depth - slot);
	*n = min3(*n, (u32)WD_BATCH, WD_DESCS_PAGE - slot % WD_DESCS_PAGE);
	/* Pairs with the store of SQ_TAIL: the descriptors were written before. */
	smp_rmb();
	return true;
}

/* The one copy that is checked and worked with. */
static void desc_copy(struct wd_desc *d, const u64 *from)
{
	u64 *to = (u64 *)d;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < WD_DESC_WORDS; i++)
		to[i] = READ_ONCE(from[i]);
}

/*
 * Descriptors come from the cache of another CPU, one miss each. Touched in a
 * row the misses overlap; met one by one, with work between, they do not.
 */
static void desc_read_ahead(const u64 *from, u32 n)
{
	while (n--) {
		READ_ONCE(*from);
		from += WD_DESC_WORDS;
	}
}

/* Take descriptors, completing those that are no work, up to one that is. */
static bool chan_take(struct wd_chan *c, struct wd_iommu_access *acc)
{
	u32 slot = c->sq_head & (c->sq_depth - 1);
	struct wd_result res = {};
	const u64 *from;
	u32 n;

	if (!chan_look(c, &n))
		return false;
	from = ring_entry(c, acc, &c->sq_page,
			  c->sq_addr + slot * sizeof(struct wd_desc), false);
	if (!from)
		return false;
	desc_read_ahead(from, n);

	c->job.consumed = 0;
	c->job.produced = 0;
	for (; n; n--, from += WD_DESC_WORDS) {
		desc_copy(&c->job.desc, from);
		c->sq_head++;
		res.status = desc_check(&c->job.desc);
		c->noise = res.status == WD_ST_OK ? 0 : c->noise + 1;
		if (!is_short(&c->job.desc, res.status)) {
			c->fetched = true;
			break;
		}
		chan_complete(c, &c->job, &res);
	}
	if (c->noise < c->sq_depth)
		return true;
	return ring_fail(c, WD_CHAN_ERR_NOISE, c->sq_head);
}

/*
 * What the channel has to do with its rings, in one burst: the completion of the
 * job before, new descriptors, completions of those that are no work.
 */
static bool chan_exchange(struct wd_chan *c, struct wd_iommu_access *acc)
{
	u64 *status;
	bool ok;

	if (!chan_post(c, acc))
		return false;
	ok = chan_take(c, acc);
	status = ring_entry(c, acc, &c->status_page, c->status_addr, true);
	if (!status || !chan_post(c, acc))
		return false;
	/* Both positions in one word. */
	WRITE_ONCE(*status, (u64)c->cq_tail << 32 | c->sq_head);
	return ok;
}

static enum wd_serve chan_serve_rings(struct wd_chan *c)
{
	struct wd_iommu_access acc;
	u32 cq_tail = c->cq_tail;
	bool ok;

	if (!wd_chan_has_work(c))
		return WD_SERVE_EMPTY;
	if (!ring_open(c, &acc)) {
		ring_fail(c, WD_CHAN_ERR_RING, c->sq_addr);
		return chan_stop(c);
	}
	ok = chan_exchange(c, &acc);
	ring_close(&acc);

	if (!ok)
		return chan_stop(c);
	if (c->cq_tail != cq_tail)
		chan_interrupt(c);
	if (c->fetched)
		chan_begin_job(c);
	return WD_SERVE_WORKED;
}

enum wd_serve wd_chan_serve(struct wd_chan *c, void *bounce)
{
	if (c->job.active && c->preq.resp != WD_IOMMU_RESP_PENDING)
		job_resume(c);
	if (c->job.active) {
		enum wd_serve r = job_step(c, bounce);

		if (r != WD_SERVE_WORKED || c->job.active)
			return r;
	}
	return chan_serve_rings(c);
}

bool wd_chan_start(struct wd_chan *c)
{
	const struct wd_chan_status status = { .state = WD_CHAN_RUNNING };

	c->sq_head = 0;
	c->cq_tail = 0;
	c->armed = wd_bar_read32(c->func, WD_BAR_ARM + 4 * c->index);
	c->noise = 0;
	c->status_page.va = NULL;
	c->sq_page.va = NULL;
	c->cq_page.va = NULL;
	c->fetched = false;
	c->out_n = 0;
	c->job.active = false;
	c->asleep = false;
	c->preq.resp = WD_IOMMU_RESP_PENDING;
	c->last_work = local_clock();
	wd_bar_write32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL), 0);
	wd_bar_write32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD), 0);
	return status_write(c, 0, &status, sizeof(status));
}
