/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random descriptors as units: mostly such that their operations fit to each other. */
#ifndef HOSTILE_LINK_H
#define HOSTILE_LINK_H

#include "hostile_ops.h"

/* Make a unit of @n random descriptors in a row, 2 to WD_LINK_MAX. */
void work_link(struct hostile_rng *r, struct work_desc *wd, unsigned int n);

/* What is wrong with its completion, or NULL; as work_check(). */
const char *work_check_unit(const struct raw_chan *c, struct work_desc *wd, const struct wd_cqe *cqe);

#endif
