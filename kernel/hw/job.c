// SPDX-License-Identifier: GPL-2.0-only
/*
 * A descriptor that is carried out, in the engine that has its channel: checks,
 * operands, and what becomes of a place that does not translate.
 */
#include <linux/jiffies.h>

#include "dma.h"
#include "op.h"

/* Page requests in a row without a byte of progress: so many, and for so long. */
#define WD_MAX_FAULTS	64
#define WD_MAX_FAULTING	(2 * HZ)

/* So many: from now on hold the page, for another thread takes it away each time. */
#define WD_PATIENT_FAULTS	8

#define WD_PARAM_ALIGN	16

static bool list_ok(const struct wd_desc *d, u16 flag, u64 addr)
{
	return !(d->flags & flag) || IS_ALIGNED(addr, sizeof(struct wd_sge));
}

u16 wd_desc_check(const struct wd_desc *d)
{
	const struct wd_op *op = wd_op_find(d->opcode);
	u16 status;

	if (!op)
		return WD_ST_BAD_OPCODE;
	if (d->flags & ~op->flags || d->src_dom || d->dst_dom ||
	    (d->param && !(op->has & WD_OP_HAS_PARAM)) ||
	    (d->key && !(op->has & WD_OP_HAS_KEY)))
		return WD_ST_BAD_FLAGS;
	status = op->check(d);
	if (status != WD_ST_OK)
		return status;
	if (!IS_ALIGNED(d->param, WD_PARAM_ALIGN))
		return WD_ST_BAD_PARAM;
	if (d->key >= WD_KEYS)
		return WD_ST_BAD_KEY;
	return list_ok(d, WD_DESC_SRC_SGL, d->src) && list_ok(d, WD_DESC_DST_SGL, d->dst) ?
	       WD_ST_OK : WD_ST_BAD_SGL;
}

/* Memory by the function's DMA. */
struct job_io {
	struct wd_io io;
	struct wd_dma dma;
};

static size_t job_io_read(struct wd_io *io, void *to, u64 addr, size_t len)
{
	struct job_io *jio = container_of(io, struct job_io, io);
	size_t n = wd_dma_read(&jio->dma, to, addr, len);

	io->fault_addr = jio->dma.fault_addr;
	return n;
}

static size_t job_io_write(struct wd_io *io, u64 addr, const void *from, size_t len)
{
	struct job_io *jio = container_of(io, struct job_io, io);
	size_t n = wd_dma_write(&jio->dma, addr, from, len);

	io->fault_addr = jio->dma.fault_addr;
	return n;
}

static size_t job_io_copy(struct wd_io *io, u64 to, u64 from, size_t len)
{
	return wd_dma_copy(&container_of(io, struct job_io, io)->dma, to, from, len);
}

static size_t job_io_visit(struct wd_io *io, u64 addr, size_t len, wd_visitor visitor, void *ctx)
{
	return wd_dma_visit(&container_of(io, struct job_io, io)->dma, addr, len, visitor, ctx);
}

/* That of the request which is worked on. */
static struct wd_job *job_now(struct wd_chan *c)
{
	return c->links ? wd_unit_job(c) : &c->job;
}

static void job_end(struct wd_chan *c, const struct wd_result *res)
{
	struct wd_job *job = &c->job;
	struct wd_cqe cqe;

	if (c->links) {
		wd_unit_end(c, res, &cqe);
	} else {
		if (job->active && job->op->end)
			job->op->end(c, job);
		cqe = (struct wd_cqe) {
			.tag = job->desc.tag,
			.consumed = job->consumed,
			.produced = job->produced,
			.info = res->info,
			.aux = res->aux,
			.status = res->status,
		};
	}
	job->active = false;
	wd_chan_complete(c, &cqe);
}

static void preq_done(struct wd_iommu_page_req *req)
{
	wd_pool_unpark(container_of(req, struct wd_chan, preq));
}

/* Ask for all that this part of the operand will still need, but the first page counts. */
static enum wd_serve job_request_page(struct wd_chan *c, const struct wd_io *io)
{
	struct wd_job *job = job_now(c);
	u64 progress = (u64)job->consumed + job->produced;

	if (progress != job->progress || io->fault_addr != job->fault_addr)
		job->faults = 0;
	if (!job->faults++)
		job->faulting_since = jiffies;
	job->progress = progress;
	job->fault_addr = io->fault_addr;

	c->preq_aux = io->fault_aux;
	c->preq = (struct wd_iommu_page_req) {
		.port = c->func->port,
		.pasid = c->pasid,
		.addr = io->fault_addr,
		.len = io->fault_end > io->fault_addr ? io->fault_end - io->fault_addr : 1,
		.write = io->fault_write,
		.hold = job->faults > WD_PATIENT_FAULTS,
		.done = preq_done,
	};
	INIT_LIST_HEAD(&c->preq.node);
	return WD_SERVE_PARKED;
}

/* Only the addresses of a process may become good by asking. */
static enum wd_serve job_fault(struct wd_chan *c, const struct job_io *jio)
{
	struct wd_result res = {
		.info = jio->io.fault_addr,
		.aux = jio->io.fault_aux,
	};

	if (jio->io.bad_list)
		res.status = WD_ST_BAD_SGL;
	else if (c->pasid == WD_IOMMU_NO_PASID)
		res.status = jio->dma.fault_perm ? WD_ST_FAULT_PERM : WD_ST_FAULT_UNMAPPED;
	else
		return job_request_page(c, &jio->io);
	job_end(c, &res);
	return WD_SERVE_WORKED;
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

void wd_job_resume(struct wd_chan *c)
{
	enum wd_iommu_response resp = c->preq.resp;
	struct wd_result res;

	c->preq.resp = WD_IOMMU_RESP_PENDING;
	if (resp == WD_IOMMU_RESP_SUCCESS && !job_is_stuck(job_now(c)))
		return;
	wd_iommu_page_release(&c->preq);
	res.status = fault_status(resp);
	res.aux = c->preq_aux;
	res.info = c->preq.addr;
	job_end(c, &res);
}

enum wd_serve wd_job_step(struct wd_chan *c, void *bounce)
{
	bool own = c->pasid == WD_IOMMU_NO_PASID;
	struct job_io jio = {
		.io = {
			.read = job_io_read,
			.write = job_io_write,
			.copy = own ? job_io_copy : NULL,
			.visit = own ? job_io_visit : NULL,
			.bounce = bounce,
		},
	};
	struct wd_result res;
	enum wd_step step;

	if (!wd_dma_open(&jio.dma, c->func, c->pasid)) {
		wd_chan_fail(c, WD_CHAN_ERR_PASID, 0);
		return wd_chan_stop(c);
	}
	wd_dma_hold(&jio.dma, &c->preq);
	step = c->links ? wd_unit_step(c, &jio.io, &res) :
			  c->job.op->step(&c->job, &jio.io, &res);
	wd_dma_close(&jio.dma);
	wd_iommu_page_release(&c->preq);

	if (step == WD_STEP_FAULT)
		return job_fault(c, &jio);
	if (step == WD_STEP_DONE)
		job_end(c, &res);
	return WD_SERVE_WORKED;
}

void wd_job_init(struct wd_chan *c, struct wd_job *job, struct wd_stage *stage)
{
	job->chan = c;
	job->op = wd_op_find(job->desc.opcode);
	job->consumed = 0;
	job->produced = 0;
	job->faults = 0;
	job->progress = 0;
	job->stream = NULL;
	job->stage = stage;
	memset(job->priv, 0, sizeof(job->priv));
	wd_job_operands(job);
}

static u16 begin_one(struct wd_chan *c)
{
	struct wd_job *job = &c->job;

	wd_job_init(c, job, &c->stage);
	return job->op->begin ? job->op->begin(c, job) : WD_ST_OK;
}

void wd_job_begin(struct wd_chan *c)
{
	struct wd_result res = {};

	c->fetched = false;
	if (c->links)
		wd_unit_begin(c, &res);
	else
		res.status = begin_one(c);
	if (res.status != WD_ST_OK || !c->job.op->step)
		job_end(c, &res);
	else
		c->job.active = true;
}
