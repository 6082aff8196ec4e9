// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl test: does a device compute what it says that it can, and what it should?
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wd.h>

#include "answers.h"
#include "wdctl.h"

/* One algorithm. False: it is not as it should be. */
static bool test_algorithm(struct wd_chan *ch, const char *device, const char *name)
{
	const char *which = "";
	int ret = try_algorithm(ch, name, &which);

	printf("%-16s %-28s ", device, name);
	if (ret > 0)
		printf("ok, %d answer%s\n", ret, ret == 1 ? "" : "s");
	else if (!ret)
		puts("no answer is known");
	else if (ret == -EBADMSG)
		printf("WRONG: %s\n", which);
	else
		printf("FAILED: %s: %s\n", which, strerror(-ret));
	fflush(stdout);
	return ret >= 0;
}

static bool test_device(const struct uacce_dev_info *info)
{
	struct wd_chan ch = { 0 };
	char *names, *name, *pos;
	bool good = true;
	int ret;

	snprintf(ch.dev_path, sizeof(ch.dev_path), "%s", info->dev_path);
	ret = wd_request_channel(&ch);
	if (ret) {
		complain("cannot open %s: %s", info->dev_path, strerror(-ret));
		return false;
	}
	names = strdup(info->algorithms);
	for (name = names ? strtok_r(names, "\n", &pos) : NULL; name;
	     name = strtok_r(NULL, "\n", &pos))
		good &= test_algorithm(&ch, info->name, name);
	if (!names)
		complain("no memory");
	good &= names != NULL;
	free(names);
	wd_release_channel(&ch);
	return good;
}

/* @device: NULL, all of them. */
static int test_devices(const char *device)
{
	struct uacce_dev_list *list;
	bool good = true;
	int tested = 0, ret;

	ret = wd_get_dev_list(NULL, &list);
	if (ret < 0) {
		complain("cannot read the devices from /sys/class: %s", strerror(-ret));
		return EXIT_FAILURE;
	}
	for (const struct uacce_dev_list *dev = list; dev; dev = dev->next) {
		if (device && strcmp(dev->info->name, device) && strcmp(dev->info->dev_path, device))
			continue;
		good &= test_device(dev->info);
		tested++;
	}
	wd_free_dev_list(list);
	if (!tested && device)
		complain("there is no device %s: see 'wdctl list'", device);
	else if (!tested)
		complain("there are no devices: try 'wdctl load'");
	return tested && good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_test(int argc, char **argv)
{
	static const struct option none[] = { { 0 } };

	if (getopt_long(argc, argv, "", none, NULL) != -1)
		return usage_error("test: see the usage");
	if (argc - optind > 1)
		return usage_error("test takes one device");
	return test_devices(argv[optind]);
}
