// SPDX-License-Identifier: GPL-2.0-or-later
/* The registry of vendor drivers for compression. */
#include <errno.h>

#include "comp.h"
#include "vendors.h"

static struct wd_vendors vendors = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.entry = {
		{ .vendor = &wd_comp_native },
		{ .vendor = &wd_comp_software },
	},
};

int wd_alg_comp_register(const struct wd_alg_comp *vendor)
{
	if (!vendor || !vendor->name || !vendor->name[0] || !vendor->init ||
	    !vendor->exit || !vendor->deflate || !vendor->inflate)
		return -EINVAL;
	if ((vendor->async_deflate || vendor->async_inflate) && !vendor->cancel)
		return -EINVAL;
	return wd_vendors_add(&vendors, vendor);
}

int wd_alg_comp_unregister(const struct wd_alg_comp *vendor)
{
	return wd_vendors_remove(&vendors, vendor);
}

static int try_vendor(const void *arg, void *ctx_arg)
{
	const struct wd_alg_comp *vendor = arg;
	struct wd_comp_ctx *ctx = ctx_arg;

	if (ctx->flags & WD_COMP_F_SOFTWARE && vendor != &wd_comp_software)
		return -ENODEV;
	return vendor->init(ctx);
}

int wd_comp_vendor_choose(struct wd_comp_ctx *ctx)
{
	const void *vendor;
	int ret = wd_vendors_choose(&vendors, try_vendor, ctx, ctx->ch, &vendor);

	if (!ret)
		ctx->vendor = vendor;
	return ret;
}

void wd_comp_vendor_put(const struct wd_alg_comp *vendor)
{
	wd_vendors_put(&vendors, vendor);
}
