/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who would notice if a device went away.
 */
#ifndef WDCTL_USERS_H
#define WDCTL_USERS_H

#include <stddef.h>

/*
 * Print on stderr who has channels open on @device, NULL: on any, and return how
 * many channels that are.
 */
size_t users_print(const char *device);

/*
 * Return 0 where nobody has, or -EBUSY after a message with the list, which names
 * @command as the way to go on all the same.
 */
int users_refuse(const char *device, const char *command);

#endif
