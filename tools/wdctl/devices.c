// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "devices.h"

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void pause_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

bool device_find(const char *name, struct uacce_dev_info *info)
{
	struct uacce_dev_list *list, *dev;
	bool found = false;

	if (wd_get_dev_list(NULL, &list) < 0)
		return false;
	for (dev = list; dev && !found; dev = dev->next) {
		found = !strcmp(dev->info->name, name);
		if (found)
			*info = *dev->info;
	}
	wd_free_dev_list(list);
	return found;
}

bool device_parent(const struct uacce_dev_info *info, char *path)
{
	char link[PATH_MAX];

	snprintf(link, sizeof(link), "%s/device", info->sysfs_path);
	return realpath(link, path);
}

static bool is_of(const struct uacce_dev_info *info, const char *parent)
{
	char path[PATH_MAX];

	return !parent ||
	       (device_parent(info, path) && !strcmp(path, parent));
}

/* 0 while not all of them have their node. */
static int count_ready(const char *parent)
{
	struct uacce_dev_list *list, *dev;
	bool waiting = false;
	struct stat st;
	int nr = 0;

	if (wd_get_dev_list(NULL, &list) < 0)
		return 0;
	for (dev = list; dev; dev = dev->next) {
		if (!is_of(dev->info, parent))
			continue;
		nr++;
		if (stat(dev->info->dev_path, &st) || !S_ISCHR(st.st_mode))
			waiting = true;
	}
	wd_free_dev_list(list);
	return waiting ? 0 : nr;
}

int devices_wait(const char *parent)
{
	const int step_ms = 20;
	int nr;

	for (int ms = 0; ms < DEVICES_TIMEOUT_S * 1000; ms += step_ms) {
		nr = count_ready(parent);
		if (nr)
			return nr;
		pause_ms(step_ms);
	}
	return 0;
}
