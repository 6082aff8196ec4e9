/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts of the native driver, for tests that are about it. */
#ifndef DEVICE_UTIL_H
#define DEVICE_UTIL_H

#include "comp.h"
#include "comp_util.h"

/* A gzip context of this level on the device; skips the test where there is none. */
static inline bool open_ctx(struct wd_comp_ctx *ctx, int level, int mode,
			    struct wd_chan *ch)
{
	*ctx = (struct wd_comp_ctx){
		.alg_type = WD_GZIP, .comp_level = level, .stream_mode = mode, .ch = ch,
	};
	if (wd_alg_comp_init(ctx)) {
		tap_failed = true;
		return false;
	}
	if (ctx->vendor == &wd_comp_native)
		return true;
	wd_alg_comp_exit(ctx);
	tap_skipped = "no device";
	return false;
}

#endif
