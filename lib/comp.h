/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comp.c, the vendor registry and the drivers share. */
#ifndef WD_LIB_COMP_H
#define WD_LIB_COMP_H

#include "wd_comp.h"

enum wd_comp_dir {
	WD_COMP_NONE,
	WD_COMP_DEFLATE,
	WD_COMP_INFLATE,
};

/* The vendors that the library brings along. */
extern const struct wd_alg_comp wd_comp_native;
extern const struct wd_alg_comp wd_comp_software;

/* The name that sysfs has for a format. */
const char *wd_comp_alg_name(int alg_type);

/* A level that may be the default, as what that means. */
static inline int wd_comp_level(int level)
{
	return level == WD_LEVEL_DEFAULT ? 6 : level;
}

/* What a deflate call has to do with the end of its input. */
static inline int wd_comp_flush(const struct wd_comp_ctx *ctx)
{
	return ctx->stream_mode == WD_STATELESS ? WD_FINISH : ctx->flush_type;
}

/* Have the best vendor take the context, see wd_vendors_choose(). */
int wd_comp_vendor_choose(struct wd_comp_ctx *ctx);
void wd_comp_vendor_put(const struct wd_alg_comp *vendor);

#endif
