/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMM for those who know the slices themselves. */
#ifndef WD_LIB_SMM_PRIV_H
#define WD_LIB_SMM_PRIV_H

#include <stddef.h>

#include <misc/uacce/wd_uacce.h>

#include "smm.h"

/**
 * wd_smm_init_slices() - smm_init() with slices given
 * @pt_addr:    the chunk, aligned to 16 bytes
 * @size:       its bytes
 * @align_mask: alignment of all blocks, minus one
 * @slices:     the slices, offsets from @pt_addr; not needed after the call
 * @n:          how many
 *
 * The bookkeeping may lie across slices, and in none. Return: as smm_init(),
 * and -EINVAL where wd_slices_in_order() is false.
 */
int wd_smm_init_slices(void *pt_addr, size_t size, int align_mask,
		       const struct wd_slice *slices, size_t n);

#endif
