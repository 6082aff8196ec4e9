// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl rebind: take a PCI function away from its driver and give it back. The
 * driver begins anew with it, so a device that was isolated is in use again.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices.h"
#include "users.h"
#include "wdctl.h"

/* @driver: directory of the driver in sysfs; @function: the function's name */
static int tell_driver(const char *driver, const char *file,
		       const char *function)
{
	char path[PATH_MAX + 16];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", driver, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, function, strlen(function)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The number in the name may be another one than before. */
static void print_name(const char *parent)
{
	struct uacce_dev_list *list, *dev;
	char path[PATH_MAX];

	if (wd_get_dev_list(NULL, &list) < 0)
		return;
	for (dev = list; dev; dev = dev->next) {
		if (device_parent(dev->info, path) && !strcmp(path, parent))
			printf("%s is ready\n", dev->info->name);
	}
	wd_free_dev_list(list);
}

/* @driver: the resolved path of its directory, in PATH_MAX bytes */
static int find_driver(const struct uacce_dev_info *info, char *parent,
		       char *driver)
{
	char link[PATH_MAX + 8];

	if (!device_parent(info, parent)) {
		complain("%s belongs to no hardware", info->name);
		return -ENODEV;
	}
	snprintf(link, sizeof(link), "%s/driver", parent);
	if (!realpath(link, driver)) {
		complain("%s has no driver", parent);
		return -ENODEV;
	}
	return 0;
}

static int rebind(const struct uacce_dev_info *info)
{
	char parent[PATH_MAX], driver[PATH_MAX];
	const char *function;
	int ret;

	ret = find_driver(info, parent, driver);
	if (ret)
		return ret;
	function = base_name(parent);
	ret = tell_driver(driver, "unbind", function);
	if (!ret)
		ret = tell_driver(driver, "bind", function);
	if (ret) {
		complain("the driver did not take %s: %s\n"
			 "The kernel's log says why: run 'dmesg | grep wd_'; then try again with\n"
			 "'echo %s >%s/bind'.", function, strerror(-ret),
			 function, driver);
		return ret;
	}
	if (!devices_wait(parent)) {
		complain("%s did not come back within %d s", info->name,
			 DEVICES_TIMEOUT_S);
		return -ENODEV;
	}
	print_name(parent);
	return 0;
}

int cmd_rebind(int argc, char **argv)
{
	struct uacce_dev_info info;
	bool force = false;
	int c;

	while ((c = getopt(argc, argv, "f")) != -1) {
		if (c != 'f')
			return usage_error("rebind: see the usage");
		force = true;
	}
	if (argc - optind != 1)
		return usage_error("rebind takes one device");
	if (!is_root("rebind"))
		return EXIT_FAILURE;
	if (!device_find(base_name(argv[optind]), &info)) {
		complain("no such device: %s; 'wdctl list' shows them",
			 argv[optind]);
		return EXIT_FAILURE;
	}
	if (!force && users_refuse(info.name, "rebind -f"))
		return EXIT_FAILURE;
	return rebind(&info) ? EXIT_FAILURE : EXIT_SUCCESS;
}
