/* SPDX-License-Identifier: GPL-2.0-only */
/* XXH32 of data that comes in pieces; newer kernels have it for data in one piece only. */
#ifndef _WD_HW_XXH32_H
#define _WD_HW_XXH32_H

#include <linux/types.h>

struct wd_xxh32 {
	u32 lane[4];
	u64 len;
	u8 rest[16];
};

void wd_xxh32_init(struct wd_xxh32 *h);
void wd_xxh32_add(struct wd_xxh32 *h, const u8 *p, size_t n);
u32 wd_xxh32_sum(const struct wd_xxh32 *h);

#endif
