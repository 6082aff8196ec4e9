// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl show: the open channels in a table. Its columns are whatever the
 * kernel prints in fdinfo, so that a newer kernel needs no newer wdctl.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channels.h"
#include "devices.h"
#include "wdctl.h"

/* A column for each key that any of the channels has, in order of appearance */
struct columns {
	const char *key[CHANNEL_MAX_FIELDS];
	int width[CHANNEL_MAX_FIELDS];
	size_t nr;
};

/* What to show: a process, or a device by its name, or all. */
struct filter {
	pid_t pid;
	const char *device;
};

static bool matches(const struct filter *filter, const struct channel *chan)
{
	const char *device = channel_field(chan, "device");

	if (filter->pid)
		return chan->pid == filter->pid;
	if (filter->device)
		return !strcmp(filter->device, base_name(chan->node)) ||
		       (device && !strcmp(filter->device, device));
	return true;
}

static size_t find_column(struct columns *columns, const char *key)
{
	size_t i;

	for (i = 0; i < columns->nr; i++) {
		if (!strcmp(columns->key[i], key))
			return i;
	}
	if (i < CHANNEL_MAX_FIELDS) {
		columns->key[i] = key;
		columns->width[i] = strlen(key);
		columns->nr++;
	}
	return i;
}

static void widen(struct columns *columns, const struct channel *chan)
{
	for (size_t i = 0; i < chan->nr_fields; i++) {
		size_t col = find_column(columns, chan->fields[i].key);
		int len = strlen(chan->fields[i].value);

		if (col < CHANNEL_MAX_FIELDS && columns->width[col] < len)
			columns->width[col] = len;
	}
}

static void print_row(const struct columns *columns, const struct channel *chan)
{
	const char *value;

	printf("%-8d %-15s %4d", chan->pid, chan->command, chan->fd);
	for (size_t i = 0; i < columns->nr; i++) {
		value = channel_field(chan, columns->key[i]);
		printf("  %-*s", columns->width[i], value ? value : "-");
	}
	putchar('\n');
}

/* Drop what the filter does not want; returns how many stay. */
static size_t select_channels(struct channel_list *list,
			      const struct filter *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->nr; i++) {
		if (matches(filter, &list->items[i]))
			list->items[kept++] = list->items[i];
	}
	list->nr = kept;
	return kept;
}

static void print_channels(const struct channel_list *list)
{
	struct columns columns = { 0 };

	for (size_t i = 0; i < list->nr; i++)
		widen(&columns, &list->items[i]);
	printf("%-8s %-15s %4s", "PID", "COMMAND", "FD");
	for (size_t i = 0; i < columns.nr; i++)
		printf("  %-*s", columns.width[i], columns.key[i]);
	putchar('\n');
	for (size_t i = 0; i < list->nr; i++)
		print_row(&columns, &list->items[i]);
}

/* Nothing open on a thing that exists is an answer, not a failure. */
static int explain_nothing(const struct filter *filter)
{
	struct uacce_dev_info info;

	if (filter->device && !device_find(filter->device, &info)) {
		complain("no such device: %s; 'wdctl list' shows them",
			 filter->device);
		return EXIT_FAILURE;
	}
	if (filter->pid && kill(filter->pid, 0) && errno == ESRCH) {
		complain("no such process: %d", filter->pid);
		return EXIT_FAILURE;
	}
	fputs("no open channel\n", stderr);
	return EXIT_SUCCESS;
}

static int show_channels(const struct filter *filter)
{
	struct channel_list list;
	int ret = channels_scan("/proc", &list);

	if (ret) {
		complain("cannot read /proc: %s", strerror(-ret));
		ret = EXIT_FAILURE;
		goto out;
	}
	ret = EXIT_SUCCESS;
	if (select_channels(&list, filter))
		print_channels(&list);
	else
		ret = explain_nothing(filter);
	if (list.nr_hidden)
		fprintf(stderr, "%zu processes of other users are not looked into; root sees all\n",
			list.nr_hidden);
out:
	channels_free(&list);
	return ret;
}

int cmd_show(int argc, char **argv)
{
	struct filter filter = { 0 };
	const char *arg;

	if (getopt(argc, argv, "") != -1)
		return usage_error("show: see the usage");
	if (argc - optind > 1)
		return usage_error("show takes one device or one process");
	arg = argv[optind];
	if (arg && strspn(arg, "0123456789") == strlen(arg)) {
		filter.pid = atoi(arg);
		if (filter.pid <= 0)
			return usage_error("no process id: '%s'", arg);
	} else if (arg) {
		filter.device = base_name(arg);
	}
	return show_channels(&filter);
}
