// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contexts and requests of <wd_alg.h>: arguments, the choice of a vendor driver, and what
 * is the same for all of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "alg.h"
#include "chan.h"
#include "vendors.h"

#define ALL_FLAGS	(WD_ALG_F_SOFTWARE | WD_ALG_F_DEVICE)

static struct wd_vendors vendors = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.entry = {
		{ .vendor = &wd_alg_native },
		{ .vendor = &wd_alg_software },
	},
};

int wd_alg_register(const struct wd_alg_vendor *vendor)
{
	if (!vendor || !vendor->name || !vendor->name[0] || !vendor->init || !vendor->exit ||
	    !vendor->set_key || !vendor->run || !vendor->submit || !vendor->cancel)
		return -EINVAL;
	return wd_vendors_add(&vendors, vendor);
}

int wd_alg_unregister(const struct wd_alg_vendor *vendor)
{
	return wd_vendors_remove(&vendors, vendor);
}

static int try_vendor(const void *arg, void *ctx_arg)
{
	const struct wd_alg_vendor *vendor = arg;
	struct wd_alg_ctx *ctx = ctx_arg;

	if (ctx->flags & (vendor == &wd_alg_software ? WD_ALG_F_DEVICE : WD_ALG_F_SOFTWARE))
		return -ENODEV;
	return vendor->init(ctx);
}

/* The vendor that takes the context. */
static int choose_vendor(struct wd_alg_ctx *ctx)
{
	const void *vendor;
	int ret = wd_vendors_choose(&vendors, try_vendor, ctx, ctx->ch, &vendor);

	if (!ret)
		ctx->vendor = vendor;
	return ret;
}

int wd_alg_init(struct wd_alg_ctx *ctx)
{
	const struct wd_alg_info *info;
	struct wd_alg_core *core;
	int ret;

	if (!ctx || ctx->lib || ctx->flags & ~ALL_FLAGS || ctx->flags == ALL_FLAGS)
		return -EINVAL;
	info = wd_alg_find(ctx->alg);
	if (!info || wd_check_tag_len(info, ctx->tag_len))
		return -EINVAL;
	if (ctx->ch && !ctx->ch->lib)
		return -EINVAL;
	if (ctx->ch && wd_chan_inherited(ctx->ch))
		return -EPERM;

	core = calloc(1, sizeof(*core));
	if (!core)
		return -ENOMEM;
	core->info = info;
	ctx->lib = core;
	ret = choose_vendor(ctx);
	if (ret)
		goto err_free;
	/* A vendor with a channel of its own make need not know of ours. */
	if (ctx->ch && !ctx->ch->lib)
		ret = wd_chan_adopt(ctx->ch);
	if (ret)
		goto err_exit;
	return 0;

err_exit:
	ctx->vendor->exit(ctx);
	wd_vendors_put(&vendors, ctx->vendor);
	ctx->vendor = NULL;
err_free:
	ctx->lib = NULL;
	free(core);
	return ret;
}

void wd_alg_exit(struct wd_alg_ctx *ctx)
{
	if (!ctx || !ctx->lib)
		return;
	ctx->vendor->cancel(ctx);
	ctx->vendor->exit(ctx);
	wd_vendors_put(&vendors, ctx->vendor);
	ctx->vendor = NULL;
	free(ctx->lib);
	ctx->lib = NULL;
}

/* What every call on a context begins with. */
static int check_ctx(const struct wd_alg_ctx *ctx)
{
	if (!ctx || !ctx->lib)
		return -EINVAL;
	return ctx->ch && wd_chan_inherited(ctx->ch) ? -EPERM : 0;
}

int wd_alg_set_key(struct wd_alg_ctx *ctx, const void *key, size_t len)
{
	struct wd_alg_core *core;
	int ret;

	ret = check_ctx(ctx);
	if (ret)
		return ret;
	core = ctx->lib;
	ret = wd_check_key(core->info, key, len);
	if (!ret)
		ret = ctx->vendor->set_key(ctx, key, len);
	if (!ret)
		core->keyed = true;
	return ret;
}

static void reset_results(struct wd_request *req)
{
	req->ret = -EINPROGRESS;
	req->produced = 0;
	req->consumed = 0;
	req->result = 0;
	req->wrong = 0;
	req->fault_addr = NULL;
	req->lib = NULL;
}

static int begin(const struct wd_alg_ctx *ctx, struct wd_request *req)
{
	const struct wd_alg_core *core = ctx->lib;

	if (!req || wd_check_request(core->info, req))
		return -EINVAL;
	if (!core->keyed && wd_alg_has_key(core->info))
		return -ENOKEY;
	reset_results(req);
	return 0;
}

void wd_alg_count_request(struct wd_alg_ctx *ctx)
{
	struct wd_alg_core *core = ctx->lib;

	atomic_fetch_add_explicit(&core->requests, 1, memory_order_relaxed);
}

int wd_alg_run(struct wd_alg_ctx *ctx, struct wd_request *req)
{
	int ret;

	ret = check_ctx(ctx);
	if (!ret)
		ret = begin(ctx, req);
	if (ret)
		return ret;
	ret = ctx->vendor->run(ctx, req);
	wd_alg_count_request(ctx);
	req->ret = ret;
	return ret;
}

int wd_alg_submit(struct wd_alg_ctx *ctx, struct wd_request *const *reqs, unsigned int n)
{
	unsigned int good;
	int ret;

	ret = check_ctx(ctx);
	if (ret)
		return ret;
	if (!reqs || !n)
		return -EINVAL;
	for (good = 0; good < n; good++) {
		ret = begin(ctx, reqs[good]);
		if (ret)
			break;
	}
	return good ? ctx->vendor->submit(ctx, reqs, good) : ret;
}

int wd_alg_begin_unit(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
		      unsigned int n)
{
	int ret = check_ctx(ctxs[0]);

	for (unsigned int i = 0; i < n && !ret; i++)
		reset_results(reqs[i]);
	return ret;
}

void wd_request_done(struct wd_alg_ctx *ctx, struct wd_request *req, int ret)
{
	wd_request_cb_t callback = req->callback;

	wd_alg_count_request(ctx);
	/* Without a callback, whoever sees this may take the request away. */
	__atomic_store_n(&req->ret, ret, __ATOMIC_RELEASE);
	if (callback)
		callback(req);
}

const char *wd_alg_vendor_name(const struct wd_alg_ctx *ctx)
{
	return ctx && ctx->lib ? ctx->vendor->name : "none";
}

int wd_alg_get_stats(struct wd_alg_ctx *ctx, struct wd_alg_stats *stats)
{
	struct wd_alg_core *core;

	if (!ctx || !ctx->lib || !stats)
		return -EINVAL;
	core = ctx->lib;
	*stats = (struct wd_alg_stats){
		.requests = atomic_load_explicit(&core->requests, memory_order_relaxed),
		.software = atomic_load_explicit(&core->software, memory_order_relaxed),
	};
	return 0;
}
