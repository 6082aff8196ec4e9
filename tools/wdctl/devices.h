/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices by name, and waiting for them.
 */
#ifndef WDCTL_DEVICES_H
#define WDCTL_DEVICES_H

#include <stdbool.h>
#include <wd.h>

#define DEVICES_TIMEOUT_S	10

/* "wd_accel-0" of "/dev/wd_accel-0" */
const char *base_name(const char *path);

/* Is there a device of that name? Copies what is known about it to @info. */
bool device_find(const char *name, struct uacce_dev_info *info);

/*
 * The PCI function of a device: the resolved path of its directory in sysfs, in
 * @path[PATH_MAX]. Returns false where it has none.
 */
bool device_parent(const struct uacce_dev_info *info, char *path);

/*
 * Wait until there are devices and all of them have their nodes, with @parent only
 * those of that PCI function. Returns how many, 0 after DEVICES_TIMEOUT_S.
 */
int devices_wait(const char *parent);

/* Sleep. */
void pause_ms(long ms);

#endif
