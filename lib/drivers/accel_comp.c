// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The native vendor of compression: streams on the device.
 *
 * The device takes at most max_len bytes at a time, so a call is a request of as
 * many descriptors as it takes; comp_step() makes each from what became of the
 * one before. It runs with the ring's lock held and only computes.
 *
 * Where the device does not work on the process's addresses, the operands of a call
 * are those of a struct wd_bounce, from comp_prepare() to comp_settle().
 *
 * A context that finds no stream id, or no room in the device, when a stream
 * begins runs that stream in software; so it does with an LZ4 block that the device
 * cannot be given as a whole.
 */
#include <errno.h>
#include <stdlib.h>

#include "../chan.h"
#include "../comp.h"
#include "accel.h"
#include "bounce.h"
#include "soft_stream.h"

/* Of the driver alone: the stream has to begin in software. */
#define NO_ROOM		(-EDQUOT)

/*
 * How much memory an LZ4 or Zstandard stream takes its header says, which is not longer
 * than this. Where the device has to wait for it, it cannot give the stream back.
 */
#define LONGEST_HEADER	19

/**
 * struct accel_comp - wd_comp_ctx.private
 * @req:     the request of the call that runs; its work is that call's
 * @ctx:     the context
 * @accel:   the channel
 * @dir:     direction of the stream
 * @stream:  its id on the device, -1: none was needed yet or is left
 * @begun:   the device has a stream under this id
 * @fresh:   the next descriptor begins one
 * @pending: the device holds output back that found no room
 * @in_soft: the stream runs in software
 * @ret:     result of the call
 * @bounce:  its operands, where the channel has a pool for them
 * @soft:    that stream
 */
struct accel_comp {
	struct wd_ring_req req;
	struct wd_comp_ctx *ctx;
	struct wd_accel *accel;
	enum wd_comp_dir dir;
	int stream;
	bool begun;
	bool fresh;
	bool pending;
	bool in_soft;
	int ret;
	struct wd_bounce bounce;
	struct wd_soft_stream soft;
};

static struct accel_comp *to_comp(struct wd_ring_req *req)
{
	return (struct accel_comp *)req;
}

static bool is_block(const struct accel_comp *ac)
{
	return ac->ctx->alg_type == WD_LZ4_BLOCK;
}

uint32_t wd_accel_comp_format(int alg_type)
{
	static const uint32_t formats[] = {
		[WD_RAW] = WD_COMP_RAW,
		[WD_ZLIB] = WD_COMP_ZLIB,
		[WD_GZIP] = WD_COMP_GZIP,
		[WD_LZ4_BLOCK] = WD_COMP_LZ4_BLOCK,
		[WD_LZ4_FRAME] = WD_COMP_LZ4_FRAME,
		[WD_ZSTD] = WD_COMP_ZSTD,
	};

	return formats[alg_type] << WD_COMP_FORMAT_SHIFT;
}

static uint32_t op_word(const struct accel_comp *ac, bool last)
{
	static const uint32_t flushes[] = {
		[WD_NO_FLUSH] = WD_COMP_NO_FLUSH,
		[WD_SYNC_FLUSH] = WD_COMP_SYNC_FLUSH,
		[WD_FULL_FLUSH] = WD_COMP_FULL_FLUSH,
		[WD_FINISH] = WD_COMP_FINISH,
	};
	const struct wd_comp_ctx *ctx = ac->ctx;
	uint32_t op;

	op = wd_accel_comp_format(ctx->alg_type) |
	     (uint32_t)ctx->window_size << WD_COMP_WINDOW_SHIFT;
	if (ac->fresh)
		op |= WD_COMP_NEW;
	if (ac->dir == WD_COMP_INFLATE)
		return op;
	op |= (uint32_t)ctx->comp_level << WD_COMP_LEVEL_SHIFT;
	if (last)
		op |= flushes[wd_comp_flush(ctx)] << WD_COMP_FLUSH_SHIFT;
	return op;
}

static void comp_overlap(struct wd_ring_req *req)
{
	wd_bounce_overlap(&to_comp(req)->bounce);
}

/* The operands are where the program has them. */
static void aim_plain(struct accel_comp *ac, uint32_t max)
{
	const struct wd_comp_ctx *ctx = ac->ctx;
	size_t in = ctx->in_len - ctx->consumed;
	size_t out = ctx->out_len - ctx->produced;
	struct wd_desc *desc = &ac->req.desc;

	desc->src = in ? (uintptr_t)ctx->in + ctx->consumed : 0;
	desc->dst = (uintptr_t)ctx->out + ctx->produced;
	desc->src_len = in < max ? (uint32_t)in : max;
	desc->dst_len = out < max ? (uint32_t)out : max;
}

/*
 * Make the descriptor for what is left of the operands, or as much as can be. Returns
 * false with @ac->ret where that is not possible.
 */
static bool make_desc(struct accel_comp *ac)
{
	uint32_t max = wd_ring_layout(ac->accel->ring)->max_len;
	const struct wd_comp_ctx *ctx = ac->ctx;
	struct wd_desc *desc = &ac->req.desc;

	*desc = (struct wd_desc){
		.opcode = ac->dir == WD_COMP_DEFLATE ? WD_OP_DEFLATE : WD_OP_INFLATE,
		.stream = (uint32_t)ac->stream,
	};
	ac->req.meanwhile = NULL;
	if (!ac->accel->pool) {
		aim_plain(ac, max);
	} else {
		ac->ret = wd_bounce_aim(&ac->bounce, desc, max);
		if (ac->ret)
			return false;
		if (wd_bounce_overlaps(&ac->bounce))
			ac->req.meanwhile = comp_overlap;
	}
	if (is_block(ac) && desc->src_len < ctx->in_len) {
		ac->ret = NO_ROOM;
		return false;
	}
	desc->op = op_word(ac, desc->src_len == ctx->in_len - ctx->consumed);
	return true;
}

/*
 * Does the call, as it stands, ask the device for anything? It refuses a
 * descriptor that does not, and one without room.
 */
static bool wants_more(const struct accel_comp *ac)
{
	const struct wd_comp_ctx *ctx = ac->ctx;

	if (ctx->consumed < ctx->in_len || ac->pending)
		return true;
	return ac->dir == WD_COMP_DEFLATE && wd_comp_flush(ctx) != WD_NO_FLUSH;
}

/* There is no half of a block. Was the room the caller's, or what the device has? */
static int block_overflow(const struct accel_comp *ac)
{
	const struct wd_comp_ctx *ctx = ac->ctx;

	return ac->req.desc.dst_len < ctx->out_len ||
	       ctx->out_len > wd_ring_layout(ac->accel->ring)->max_unit ? NO_ROOM : -ENOSPC;
}

static int error_of(struct accel_comp *ac, const struct wd_cqe *cqe, bool fresh)
{
	switch (cqe->status) {
	case WD_ST_OVERFLOW:
		return block_overflow(ac);
	case WD_ST_NO_RESOURCE:
		return fresh ? NO_ROOM : -EIO;
	case WD_ST_DATA:
		return -EBADMSG;
	case WD_ST_NEED_DICT:
		return -ENOTSUP;
	case WD_ST_FAULT_UNMAPPED:
	case WD_ST_FAULT_PERM:
	case WD_ST_FAULT_RANGE:
	case WD_ST_FAULT_BUS:
		ac->ctx->fault_addr = (void *)(ac->accel->pool ?
					       wd_bounce_fault(&ac->bounce, cqe) :
					       (uintptr_t)cqe->info);
		return -EFAULT;
	default:
		return -EIO;
	}
}

/* All input is taken; @overflow: and output is still in the device. */
static int result_without_input(const struct accel_comp *ac, bool overflow)
{
	if (!overflow)
		return ac->dir == WD_COMP_DEFLATE &&
		       wd_comp_flush(ac->ctx) == WD_FINISH ? -EIO : 0;
	/* Output that nobody demanded yet may stay there. */
	if (ac->dir == WD_COMP_DEFLATE && wd_comp_flush(ac->ctx) == WD_NO_FLUSH)
		return 0;
	return -ENOSPC;
}

/*
 * What became of a descriptor? Returns true when there is another one to be
 * made; else the call's result is in @ac->ret.
 */
static bool comp_step(struct wd_ring_req *req)
{
	struct accel_comp *ac = to_comp(req);
	struct wd_comp_ctx *ctx = ac->ctx;
	const struct wd_cqe *cqe = &req->cqe;
	bool overflow = cqe->status == WD_ST_OVERFLOW, fresh = ac->fresh;

	ac->ret = req->err;
	if (req->err)
		return false;

	ctx->consumed += cqe->consumed;
	ctx->produced += cqe->produced;
	if (ac->accel->pool)
		wd_bounce_advance(&ac->bounce, cqe->consumed, cqe->produced);
	if (cqe->status != WD_ST_OK && (!overflow || is_block(ac))) {
		ac->ret = error_of(ac, cqe, fresh);
		ac->begun |= ac->ret != NO_ROOM;
		return false;
	}

	ac->begun = true;
	ac->fresh = false;
	ac->pending = overflow;
	if (cqe->aux & WD_CQE_END) {
		ctx->checksum = (uint32_t)cqe->info;
		ac->ret = WD_STREAM_END;
		return false;
	}
	if (ctx->consumed == ctx->in_len &&
	    (!overflow || ctx->produced == ctx->out_len)) {
		ac->ret = result_without_input(ac, overflow);
		return false;
	}
	if (ctx->produced == ctx->out_len) {
		ac->ret = -ENOSPC;
		return false;
	}
	/* A device that does nothing and says that all is well would go on so. */
	if (!cqe->consumed && !cqe->produced) {
		ac->ret = -EIO;
		return false;
	}
	return make_desc(ac);
}

/* Get hold of the operands. More output than zlib's worst case is improbable. */
static int hold_operands(struct accel_comp *ac, bool wait)
{
	const struct wd_comp_ctx *ctx = ac->ctx;
	struct wd_bounce_args args = {
		.in = ctx->in,
		.in_len = ctx->in_len,
		.out = ctx->out,
		.out_len = ctx->out_len,
		.out_hint = ctx->out_len,
	};

	if (!ac->accel->pool)
		return 0;
	if (ac->dir == WD_COMP_DEFLATE && ctx->out_len > WD_BOUNCE_MIN_PIECE)
		args.out_hint = ctx->in_len + ctx->in_len / 8 + WD_BOUNCE_MIN_PIECE;
	return wd_bounce_begin(&ac->bounce, ac->accel->pool, &args, wait);
}

/*
 * What the device did, and what was copied, is the caller's from here on. A hole in
 * the output is as bad as a fault that the device meets.
 */
static void comp_settle(struct accel_comp *ac)
{
	struct wd_comp_ctx *ctx = ac->ctx;
	struct wd_mem_usage usage = { .direct = ctx->consumed + ctx->produced };
	struct wd_bounce *b = &ac->bounce;

	if (ac->accel->pool) {
		if (wd_bounce_end(b, &ctx->produced) && (ac->ret >= 0 || ac->ret == -ENOSPC))
			ac->ret = -EFAULT;
		if (ac->ret == -EFAULT && !ctx->fault_addr)
			ctx->fault_addr = (void *)wd_bounce_copy_fault(b);
		usage.direct = (b->src.mem ? ctx->consumed : 0) +
			       (b->dst.mem ? ctx->produced : 0);
		usage.in = b->src.copied;
		usage.out = b->dst.copied;
		usage.sgl = b->used_list;
	}
	if (ac->ret != NO_ROOM)
		wd_mem_count(ac->accel->ch, &usage);
}

/* Streams that have to begin in software, for the device could not give them back. */
static bool suits_software(const struct accel_comp *ac)
{
	const struct wd_comp_ctx *ctx = ac->ctx;

	if (is_block(ac))
		return ctx->in_len > wd_ring_layout(ac->accel->ring)->max_unit;
	return ctx->alg_type >= WD_LZ4_FRAME && ac->dir == WD_COMP_INFLATE && ctx->in_len &&
	       ctx->in_len < LONGEST_HEADER;
}

/*
 * Begin a call. Returns 0 when there is something for the device to do, 1 when
 * the result is in @ac->ret already. @ac->in_soft tells who is to do it. @wait: for
 * memory, if it takes any.
 */
static int comp_prepare(struct accel_comp *ac, enum wd_comp_dir dir, bool wait)
{
	struct wd_comp_ctx *ctx = ac->ctx;

	if (ctx->new_stream) {
		wd_soft_stream_end(&ac->soft);
		if (ac->stream < 0)
			ac->stream = wd_accel_stream_get(ac->accel);
		ac->dir = dir;
		ac->in_soft = ac->stream < 0 || suits_software(ac);
		ac->fresh = true;
		ac->pending = false;
	}
	if (ac->in_soft)
		return 0;

	ac->ret = 0;
	if (!wants_more(ac))
		return 1;
	ac->ret = -ENOSPC;
	if (!ctx->out_len)
		return 1;
	ac->ret = hold_operands(ac, wait);
	if (ac->ret)
		return 1;
	ac->req.step = comp_step;
	if (make_desc(ac))
		return 0;
	comp_settle(ac);
	return 1;
}

/* The device has no room: nothing was consumed, so software can begin. */
static int go_soft(struct accel_comp *ac)
{
	ac->in_soft = true;
	ac->ctx->new_stream = 1;
	return wd_soft_stream_run(&ac->soft, ac->ctx, ac->dir);
}

static int result(struct accel_comp *ac)
{
	return ac->ret == NO_ROOM ? go_soft(ac) : ac->ret;
}

static int comp_sync(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	struct accel_comp *ac = ctx->private;
	int ret;

	if (comp_prepare(ac, dir, true))
		return result(ac);
	if (ac->in_soft)
		return wd_soft_stream_run(&ac->soft, ctx, dir);

	ret = wd_ring_run(ac->accel->ring, &ac->req);
	if (ret)
		ac->ret = ret;
	comp_settle(ac);
	return result(ac);
}

/* The three ends of an asynchronous call, which run from wd_poll(). */
static void comp_finish(struct wd_work *work)
{
	struct accel_comp *ac = (struct accel_comp *)work;

	comp_settle(ac);
	wd_comp_done(ac->ctx, result(ac));
}

static void comp_finish_soft(struct wd_work *work)
{
	struct accel_comp *ac = (struct accel_comp *)work;

	wd_comp_done(ac->ctx, wd_soft_stream_run(&ac->soft, ac->ctx, ac->dir));
}

static void comp_finish_early(struct wd_work *work)
{
	struct accel_comp *ac = (struct accel_comp *)work;

	wd_comp_done(ac->ctx, result(ac));
}

static int comp_async(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	struct accel_comp *ac = ctx->private;
	struct wd_ring_req *req = &ac->req;
	int ret;

	ret = comp_prepare(ac, dir, false);
	if (ret && ac->ret == -EAGAIN)
		return -EAGAIN;
	if (ret || ac->in_soft) {
		req->work.run = ret ? comp_finish_early : comp_finish_soft;
		wd_ring_queue_work(ac->accel->ring, &req->work);
		return 0;
	}
	req->work.run = comp_finish;
	ret = wd_ring_submit(ac->accel->ring, &req, 1);
	if (ret > 0)
		return 0;
	wd_bounce_drop(&ac->bounce);
	return ret;
}

static int accel_deflate(struct wd_comp_ctx *ctx)
{
	return comp_sync(ctx, WD_COMP_DEFLATE);
}

static int accel_inflate(struct wd_comp_ctx *ctx)
{
	return comp_sync(ctx, WD_COMP_INFLATE);
}

static int accel_async_deflate(struct wd_comp_ctx *ctx)
{
	return comp_async(ctx, WD_COMP_DEFLATE);
}

static int accel_async_inflate(struct wd_comp_ctx *ctx)
{
	return comp_async(ctx, WD_COMP_INFLATE);
}

static void accel_cancel(struct wd_comp_ctx *ctx)
{
	struct accel_comp *ac = ctx->private;

	if (wd_chan_inherited(ctx->ch))
		return;
	wd_ring_cancel(ac->accel->ring, &ac->req);
	wd_bounce_drop(&ac->bounce);
}

static uint64_t alg_bit(int alg_type)
{
	if (alg_type <= WD_GZIP)
		return WD_ALG_DEFLATE;
	return WD_ALG_BIT(alg_type == WD_ZSTD ? WD_ALG_NR_ZSTD : WD_ALG_NR_LZ4);
}

static int accel_init(struct wd_comp_ctx *ctx)
{
	struct accel_comp *ac;
	int ret;

	ac = calloc(1, sizeof(*ac));
	if (!ac)
		return -ENOMEM;
	ret = wd_accel_get(&ctx->ch, wd_comp_alg_name(ctx->alg_type),
			   alg_bit(ctx->alg_type), &ac->accel);
	if (ret) {
		free(ac);
		return ret;
	}
	ac->ctx = ctx;
	ac->stream = -1;
	ctx->private = ac;
	return 0;
}

static void put_stream(struct accel_comp *ac)
{
	if (ac->begun)
		wd_accel_stream_close(ac->accel, ac->stream);
	else
		wd_accel_stream_put(ac->accel, ac->stream);
}

static void accel_exit(struct wd_comp_ctx *ctx)
{
	struct accel_comp *ac = ctx->private;

	if (ac->stream >= 0 && !wd_chan_inherited(ctx->ch))
		put_stream(ac);
	wd_soft_stream_end(&ac->soft);
	if (wd_accel_put(ac->accel))
		ctx->ch = NULL;
	ctx->private = NULL;
	free(ac);
}

static const char *accel_running_on(const struct wd_comp_ctx *ctx)
{
	const struct accel_comp *ac = ctx->private;

	return ac->in_soft ? wd_comp_software.name : wd_comp_native.name;
}

const struct wd_alg_comp wd_comp_native = {
	.name = "native",
	.priority = 100,
	.init = accel_init,
	.exit = accel_exit,
	.deflate = accel_deflate,
	.inflate = accel_inflate,
	.async_deflate = accel_async_deflate,
	.async_inflate = accel_async_inflate,
	.cancel = accel_cancel,
	.running_on = accel_running_on,
};
