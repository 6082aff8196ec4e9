// SPDX-License-Identifier: GPL-2.0-or-later
/* The software vendor of compression. */
#include <errno.h>
#include <stdlib.h>

#include "../comp.h"
#include "soft_chan.h"
#include "soft_stream.h"

/**
 * struct soft_ctx - wd_comp_ctx.private
 * @work:   on the channel's queue while an asynchronous call runs
 * @ctx:    the context
 * @dir:    of that call
 * @stream: the stream
 */
struct soft_ctx {
	struct wd_work work;
	struct wd_comp_ctx *ctx;
	enum wd_comp_dir dir;
	struct wd_soft_stream stream;
};

static int soft_init(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc;
	int ret;

	sc = calloc(1, sizeof(*sc));
	if (!sc)
		return -ENOMEM;
	ret = wd_soft_chan_join(&ctx->ch);
	if (ret) {
		free(sc);
		return ret;
	}
	sc->ctx = ctx;
	ctx->private = sc;
	return 0;
}

static void soft_exit(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	wd_soft_stream_end(&sc->stream);
	wd_soft_chan_leave(ctx->ch);
	free(sc);
	ctx->private = NULL;
	ctx->ch = NULL;
}

static int soft_deflate(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	return wd_soft_stream_run(&sc->stream, ctx, WD_COMP_DEFLATE);
}

static int soft_inflate(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	return wd_soft_stream_run(&sc->stream, ctx, WD_COMP_INFLATE);
}

static void soft_work(struct wd_work *work)
{
	struct soft_ctx *sc = (struct soft_ctx *)work;
	struct wd_comp_ctx *ctx = sc->ctx;

	wd_comp_done(ctx, wd_soft_stream_run(&sc->stream, ctx, sc->dir));
}

static int soft_async(struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	struct soft_ctx *sc = ctx->private;

	sc->work.run = soft_work;
	sc->dir = dir;
	wd_soft_chan_push(ctx->ch, &sc->work, 1);
	return 0;
}

static int soft_async_deflate(struct wd_comp_ctx *ctx)
{
	return soft_async(ctx, WD_COMP_DEFLATE);
}

static int soft_async_inflate(struct wd_comp_ctx *ctx)
{
	return soft_async(ctx, WD_COMP_INFLATE);
}

static void soft_cancel(struct wd_comp_ctx *ctx)
{
	struct soft_ctx *sc = ctx->private;

	wd_soft_chan_cancel(ctx->ch, &sc->work);
}

const struct wd_alg_comp wd_comp_software = {
	.name = "software",
	.priority = 0,
	.init = soft_init,
	.exit = soft_exit,
	.deflate = soft_deflate,
	.inflate = soft_inflate,
	.async_deflate = soft_async_deflate,
	.async_inflate = soft_async_inflate,
	.cancel = soft_cancel,
};
