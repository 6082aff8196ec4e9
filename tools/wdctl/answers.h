/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known answers: does a channel compute what was published, or what the library computes itself? */
#ifndef WDCTL_ANSWERS_H
#define WDCTL_ANSWERS_H

#include <wd.h>

/*
 * Try an algorithm, by its name in sysfs, on a channel. Returns the number of answers that
 * were right, 0: none is known; or a negative errno: -EBADMSG where one was wrong, in which case
 * *@which says which it was, else what libwd said.
 */
int try_algorithm(struct wd_chan *ch, const char *name, const char **which);

#endif
