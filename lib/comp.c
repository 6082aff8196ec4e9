// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compression contexts: the choice of a vendor, the checks of arguments, and the
 * life of a stream. The work is the vendors'.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "chan.h"
#include "comp.h"

/**
 * struct wd_comp_core - wd_comp_ctx.lib
 * @busy:     an asynchronous call runs
 * @dir:      direction of the stream that was begun
 * @mode:     its wd_comp_ctx.stream_mode
 * @live:     there is one: begun, not ended, not lost
 * @dead:     why the last stream was lost, 0: it was not
 * @fresh:    the call that runs begins a stream
 * @callback: of the asynchronous call
 * @arg:      for @callback
 */
struct wd_comp_core {
	atomic_bool busy;
	enum wd_comp_dir dir;
	int mode;
	bool live;
	int dead;
	bool fresh;
	wd_comp_cb_t callback;
	void *arg;
};

const char *wd_comp_alg_name(int alg_type)
{
	static const char *const names[] = {
		[WD_RAW] = "deflate",
		[WD_ZLIB] = "zlib",
		[WD_GZIP] = "gzip",
		[WD_LZ4_BLOCK] = "lz4",
		[WD_LZ4_FRAME] = "lz4-frame",
		[WD_ZSTD] = "zstd",
	};

	return names[alg_type];
}

/* Check what a stream begins with, and put values for the defaults. */
static int check_stream_args(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	bool windows = ctx->alg_type <= WD_GZIP;

	if (ctx->comp_level < WD_LEVEL_DEFAULT ||
	    ctx->comp_level > (ctx->alg_type == WD_ZSTD ? WD_ZSTD_LEVEL_MAX : 9))
		return -EINVAL;
	if (ctx->alg_type == WD_LZ4_BLOCK && ctx->stream_mode != WD_STATELESS)
		return -EINVAL;
	if (ctx->window_size && !windows)
		return -EINVAL;
	if (ctx->window_size && (ctx->window_size < 8 || ctx->window_size > 15))
		return -EINVAL;
	if (ctx->stream_mode != WD_STATELESS && ctx->stream_mode != WD_STATEFUL)
		return -EINVAL;

	ctx->comp_level = wd_comp_level(ctx->comp_level);
	if (ctx->window_size == 8)
		ctx->window_size = 9;
	if (!ctx->window_size && windows && dir == WD_COMP_DEFLATE)
		ctx->window_size = 15;
	return 0;
}

int wd_alg_comp_init(struct wd_comp_ctx *ctx)
{
	int ret;

	if (!ctx || ctx->lib || ctx->alg_type < WD_RAW || ctx->alg_type > WD_ZSTD ||
	    ctx->flags & ~WD_COMP_F_SOFTWARE)
		return -EINVAL;
	ret = check_stream_args(ctx, WD_COMP_NONE);
	if (ret)
		return ret;
	if (ctx->ch && !ctx->ch->lib)
		return -EINVAL;
	if (ctx->ch && wd_chan_inherited(ctx->ch))
		return -EPERM;

	ctx->lib = calloc(1, sizeof(struct wd_comp_core));
	if (!ctx->lib)
		return -ENOMEM;
	ret = wd_comp_vendor_choose(ctx);
	if (ret)
		goto err_free;
	/* A vendor with a channel of its own make need not know of ours. */
	if (ctx->ch && !ctx->ch->lib)
		ret = wd_chan_adopt(ctx->ch);
	if (ret)
		goto err_exit;
	ctx->new_stream = 1;
	return 0;

err_exit:
	ctx->vendor->exit(ctx);
	wd_comp_vendor_put(ctx->vendor);
	ctx->vendor = NULL;
err_free:
	free(ctx->lib);
	ctx->lib = NULL;
	return ret;
}

void wd_alg_comp_exit(struct wd_comp_ctx *ctx)
{
	struct wd_comp_core *core;

	if (!ctx || !ctx->lib)
		return;
	core = ctx->lib;

	if (ctx->vendor->cancel)
		ctx->vendor->cancel(ctx);
	ctx->vendor->exit(ctx);
	wd_comp_vendor_put(ctx->vendor);
	ctx->vendor = NULL;
	ctx->lib = NULL;
	free(core);
}

static int check_operands(const struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	if ((ctx->in_len && !ctx->in) || (ctx->out_len && !ctx->out))
		return -EINVAL;
	if (dir == WD_COMP_DEFLATE && ctx->stream_mode == WD_STATEFUL &&
	    (ctx->flush_type < WD_NO_FLUSH || ctx->flush_type >= WD_INVALID_FLUSH))
		return -EINVAL;
	return 0;
}

/* Everything that comes before the vendor's work. */
static int call_begin(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	struct wd_comp_core *core;
	int ret;

	if (!ctx || !ctx->lib)
		return -EINVAL;
	core = ctx->lib;
	if (atomic_load(&core->busy))
		return -EBUSY;
	if (ctx->ch && wd_chan_inherited(ctx->ch))
		return -EPERM;
	ret = check_operands(ctx, dir);
	if (ret)
		return ret;

	if (core->dead && !ctx->new_stream)
		return core->dead;
	core->fresh = ctx->new_stream || !core->live;
	if (core->fresh)
		ret = check_stream_args(ctx, dir);
	else if (core->dir != dir || core->mode != ctx->stream_mode)
		ret = -EINVAL;
	if (ret)
		return ret;

	if (core->fresh) {
		core->dead = 0;
		core->live = false;
	}
	core->dir = dir;
	core->mode = ctx->stream_mode;
	ctx->new_stream = core->fresh;
	ctx->consumed = 0;
	ctx->produced = 0;
	ctx->checksum = 0;
	ctx->fault_addr = NULL;
	return 0;
}

/* Everything that comes after it: what became of the stream? */
static int call_end(struct wd_comp_ctx *ctx, int ret)
{
	struct wd_comp_core *core = ctx->lib;

	/* A whole stream was promised. */
	if (!ret && core->mode == WD_STATELESS)
		ret = core->dir == WD_COMP_INFLATE ? -EBADMSG : -EIO;

	core->dead = 0;
	/* A block is all or nothing. */
	core->live = !ret || (ret == -ENOSPC && ctx->alg_type != WD_LZ4_BLOCK);
	ctx->new_stream = !core->live;
	if (ret < 0 && ret != -ENOSPC && core->mode == WD_STATEFUL) {
		core->dead = ret;
		ctx->new_stream = 0;
	}
	return ret;
}

static int call_sync(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	int ret;

	ret = call_begin(ctx, dir);
	if (ret)
		return ret;
	ret = dir == WD_COMP_DEFLATE ? ctx->vendor->deflate(ctx) :
				       ctx->vendor->inflate(ctx);
	return call_end(ctx, ret);
}

int wd_alg_deflate(struct wd_comp_ctx *ctx)
{
	return call_sync(ctx, WD_COMP_DEFLATE);
}

int wd_alg_inflate(struct wd_comp_ctx *ctx)
{
	return call_sync(ctx, WD_COMP_INFLATE);
}

static int call_async(struct wd_comp_ctx *ctx, enum wd_comp_dir dir,
		      wd_comp_cb_t callback, void *arg)
{
	int (*start)(struct wd_comp_ctx *ctx);
	struct wd_comp_core *core;
	int ret;

	if (!callback || !ctx || !ctx->lib)
		return -EINVAL;
	start = dir == WD_COMP_DEFLATE ? ctx->vendor->async_deflate :
					 ctx->vendor->async_inflate;
	if (!start)
		return -ENOTSUP;
	ret = call_begin(ctx, dir);
	if (ret)
		return ret;

	core = ctx->lib;
	core->callback = callback;
	core->arg = arg;
	/* From the start on, another thread may end the call at any moment. */
	atomic_store(&core->busy, true);
	ret = start(ctx);
	if (!ret)
		return 0;

	atomic_store(&core->busy, false);
	return ret == -EAGAIN ? ret : call_end(ctx, ret);
}

int wd_alg_async_deflate(struct wd_comp_ctx *ctx, wd_comp_cb_t callback, void *arg)
{
	return call_async(ctx, WD_COMP_DEFLATE, callback, arg);
}

int wd_alg_async_inflate(struct wd_comp_ctx *ctx, wd_comp_cb_t callback, void *arg)
{
	return call_async(ctx, WD_COMP_INFLATE, callback, arg);
}

void wd_comp_done(struct wd_comp_ctx *ctx, int ret)
{
	struct wd_comp_core *core = ctx->lib;
	wd_comp_cb_t callback = core->callback;
	void *arg = core->arg;

	ret = call_end(ctx, ret);
	atomic_store(&core->busy, false);
	callback(ctx, ret, arg);
}

const char *wd_comp_vendor_name(const struct wd_comp_ctx *ctx)
{
	if (!ctx || !ctx->lib)
		return "none";
	if (ctx->vendor->running_on)
		return ctx->vendor->running_on(ctx);
	return ctx->vendor->name;
}
