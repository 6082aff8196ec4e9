/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel of the software vendors. They have one like the others, so that asynchronous
 * calls work in the same way: what they ask for is computed by whoever polls. Contexts of
 * compression and of <wd_alg.h> can share it.
 */
#ifndef WD_DRIVERS_SOFT_CHAN_H
#define WD_DRIVERS_SOFT_CHAN_H

#include "wd.h"
#include "workq.h"

/* Join *@ch, or a new one where that is NULL. 0, -ENODEV (another driver's), -ENOMEM. */
int wd_soft_chan_join(struct wd_chan **ch);

/* The last to leave closes it. */
void wd_soft_chan_leave(struct wd_chan *ch);

/* Work for wd_poll(); more than once only where it is serial. */
void wd_soft_chan_push(struct wd_chan *ch, struct wd_work *work, unsigned int times);

/* wd_workq_cancel(); nothing in a child. */
void wd_soft_chan_cancel(struct wd_chan *ch, struct wd_work *work);

#endif
