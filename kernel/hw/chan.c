// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel at work: doorbells, descriptors in, completions out. All of it runs
 * in the engine that has the channel, and trusts nothing that it reads: indices
 * and descriptors are copied once and checked in the copy.
 */
#include <linux/sched/clock.h>

#include "chan.h"

#define WD_MAX_FAULTS	64	/* in a row without a byte of progress */

static bool ring_read(struct wd_chan *c, void *to, u64 addr, size_t len)
{
	struct wd_iommu_access acc;
	size_t n;

	if (!wd_config_bus_master(c->func) ||
	    wd_iommu_open(c->func->port, WD_IOMMU_NO_PASID, &acc))
		return false;
	n = wd_iommu_read(&acc, to, addr, len);
	wd_iommu_close(&acc);
	return n == len;
}

static bool ring_write(struct wd_chan *c, u64 addr, const void *from, size_t len)
{
	struct wd_iommu_access acc;
	size_t n;

	if (!wd_config_bus_master(c->func) ||
	    wd_iommu_open(c->func->port, WD_IOMMU_NO_PASID, &acc))
		return false;
	n = wd_iommu_write(&acc, addr, from, len);
	wd_iommu_close(&acc);
	return n == len;
}

static u64 status_field(const struct wd_chan *c, size_t off)
{
	return c->status_addr + off;
}

/* The state is written last: who sees it can read what it is about. */
static enum wd_serve chan_error(struct wd_chan *c, u32 error, u64 info)
{
	u32 state[2] = { WD_CHAN_ERROR, error };

	c->error = error;
	c->info = info;
	WRITE_ONCE(c->state, WD_CHAN_ERROR);
	ring_write(c, status_field(c, offsetof(struct wd_chan_status, info)),
		   &info, sizeof(info));
	ring_write(c, status_field(c, offsetof(struct wd_chan_status, state)),
		   state, sizeof(state));
	wd_msix_raise(c->func, WD_VECTOR_CHAN(c->index));
	return WD_SERVE_ERROR;
}

void wd_chan_set_need_kick(struct wd_chan *c, bool on)
{
	u64 word = on;

	ring_write(c, status_field(c, offsetof(struct wd_chan_status, need_kick)),
		   &word, sizeof(word));
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

/* Completions go out together, up to the end of the ring at a time. */
static bool chan_flush(struct wd_chan *c)
{
	u32 done = 0, index[2];

	while (done < c->out_n) {
		u32 slot = c->cq_tail & (c->cq_depth - 1);
		u32 n = min(c->out_n - done, c->cq_depth - slot);

		if (!ring_write(c, c->cq_addr + (u64)slot * sizeof(struct wd_cqe),
				c->out + done, n * sizeof(struct wd_cqe)))
			return false;
		c->cq_tail += n;
		done += n;
	}
	index[0] = c->sq_head;
	index[1] = c->cq_tail;
	if (!ring_write(c, status_field(c, 0), index, sizeof(index)))
		return false;
	if (done) {
		c->out_n = 0;
		chan_interrupt(c);
	}
	return true;
}

static void chan_complete(struct wd_chan *c, const struct wd_desc *d,
			  u32 consumed, u32 produced, const struct wd_result *res)
{
	u32 index = c->cq_tail + c->out_n;

	c->out[c->out_n++] = (struct wd_cqe) {
		.tag = d->tag,
		.consumed = consumed,
		.produced = produced,
		.info = res->info,
		.aux = res->aux,
		.status = res->status,
		.phase = !(index & c->cq_depth),
	};
}

static void chan_complete_status(struct wd_chan *c, const struct wd_desc *d,
				 u16 status)
{
	const struct wd_result res = { .status = status };

	chan_complete(c, d, 0, 0, &res);
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
	wd_stream_free(c->streams[id]);
	c->streams[id] = NULL;
	wd_mgmt_put_stream(c->func);
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
	job->faults++;
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
	struct wd_job *job = &c->job;

	job->active = false;
	chan_complete(c, &job->desc, job->consumed, job->produced, res);
}

/* The page request of the job was answered. Return: false if that ended it. */
static bool job_resume(struct wd_chan *c)
{
	enum wd_iommu_response resp = c->preq.resp;
	struct wd_result res;

	c->preq.resp = WD_IOMMU_RESP_PENDING;
	if (resp == WD_IOMMU_RESP_SUCCESS && c->job.faults < WD_MAX_FAULTS)
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
	    wd_iommu_open(c->func->port, c->pasid, &cio.acc))
		return chan_error(c, WD_CHAN_ERR_PASID, 0);
	step = wd_comp_step(&c->job, &cio.io, &res);
	wd_iommu_close(&cio.acc);

	switch (step) {
	case WD_STEP_DONE:
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

/* Take the next descriptor of the batch: complete it, or make it the job. */
static void chan_take(struct wd_chan *c)
{
	const struct wd_desc *d = &c->batch[c->batch_pos++];
	u16 status = desc_check(d);

	c->noise = status == WD_ST_OK ? 0 : c->noise + 1;
	if (status != WD_ST_OK || d->opcode == WD_OP_NOP) {
		chan_complete_status(c, d, status);
		return;
	}
	if (d->opcode == WD_OP_STREAM_CLOSE) {
		chan_close_stream(c, d->stream);
		chan_complete_status(c, d, WD_ST_OK);
		return;
	}
	c->job = (struct wd_job) { .desc = *d };
	status = wd_comp_begin(c, &c->job);
	if (status != WD_ST_OK)
		chan_complete_status(c, d, status);
	else
		c->job.active = true;
}

bool wd_chan_has_work(struct wd_chan *c)
{
	u32 cq_head = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD));

	if (c->job.active || c->batch_pos < c->batch_n)
		return true;
	/* A full completion ring: wait for its reader, unless it talks nonsense. */
	if (c->cq_tail - cq_head == c->cq_depth)
		return false;
	return wd_bar_read32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL)) != c->sq_head;
}

/* Descriptors that may be fetched now, or a channel error. */
static int chan_fetch(struct wd_chan *c)
{
	u32 tail = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL));
	u32 cq_head = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD));
	u32 slot = c->sq_head & (c->sq_depth - 1);
	u64 addr = c->sq_addr + (u64)slot * sizeof(struct wd_desc);
	u32 n;

	if (tail - c->sq_head > c->sq_depth) {
		chan_error(c, WD_CHAN_ERR_SQ_INDEX, tail);
		return -EINVAL;
	}
	if (c->cq_tail - cq_head > c->cq_depth) {
		chan_error(c, WD_CHAN_ERR_CQ_INDEX, cq_head);
		return -EINVAL;
	}
	n = min3(tail - c->sq_head, c->cq_depth - (c->cq_tail - cq_head),
		 c->sq_depth - slot);
	n = min_t(u32, n, WD_BATCH);
	if (!n)
		return 0;

	/* Pairs with the store of SQ_TAIL: the descriptors were written before. */
	smp_rmb();
	if (!ring_read(c, c->batch, addr, n * sizeof(struct wd_desc))) {
		chan_error(c, WD_CHAN_ERR_RING, addr);
		return -EFAULT;
	}
	c->batch_pos = 0;
	c->batch_n = n;
	c->sq_head += n;
	return n;
}

/* Work through the batch. Short operations complete together at its end. */
static enum wd_serve chan_work(struct wd_chan *c, void *bounce)
{
	while (c->job.active || c->batch_pos < c->batch_n) {
		enum wd_serve r;

		if (!c->job.active) {
			chan_take(c);
			if (c->noise >= c->sq_depth) {
				chan_flush(c);
				return chan_error(c, WD_CHAN_ERR_NOISE, c->sq_head);
			}
			continue;
		}
		/* What is complete should not wait for a long operation. */
		if (c->out_n && !chan_flush(c))
			return chan_error(c, WD_CHAN_ERR_RING, c->cq_addr);
		r = job_step(c, bounce);
		if (r != WD_SERVE_WORKED)
			return r;
		if (c->job.active)
			break;
	}
	if (!chan_flush(c))
		return chan_error(c, WD_CHAN_ERR_RING, c->cq_addr);
	return WD_SERVE_WORKED;
}

enum wd_serve wd_chan_serve(struct wd_chan *c, void *bounce)
{
	int n;

	if (c->job.active && c->preq.resp != WD_IOMMU_RESP_PENDING)
		job_resume(c);
	if (!c->job.active && !c->out_n && c->batch_pos == c->batch_n) {
		n = chan_fetch(c);
		if (n <= 0)
			return n ? WD_SERVE_ERROR : WD_SERVE_EMPTY;
	}
	return chan_work(c, bounce);
}

bool wd_chan_start(struct wd_chan *c)
{
	const struct wd_chan_status status = { .state = WD_CHAN_RUNNING };

	c->sq_head = 0;
	c->cq_tail = 0;
	c->armed = wd_bar_read32(c->func, WD_BAR_ARM + 4 * c->index);
	c->noise = 0;
	c->batch_pos = 0;
	c->batch_n = 0;
	c->out_n = 0;
	c->job.active = false;
	c->asleep = false;
	c->preq.resp = WD_IOMMU_RESP_PENDING;
	c->last_work = local_clock();
	wd_bar_write32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL), 0);
	wd_bar_write32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD), 0);
	return ring_write(c, c->status_addr, &status, sizeof(status));
}
