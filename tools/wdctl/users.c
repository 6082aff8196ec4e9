// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "channels.h"
#include "devices.h"
#include "users.h"
#include "wdctl.h"

typedef void (*visit_fn)(const struct channel *chan);

static void visit_nothing(const struct channel *chan)
{
	(void)chan;
}

static void print_one(const struct channel *chan)
{
	fprintf(stderr, "  %s is open in %s (pid %d)\n", chan->node,
		chan->command, chan->pid);
}

static size_t for_each(const char *device, visit_fn visit)
{
	struct channel_list users;
	size_t nr = 0;

	if (channels_scan("/proc", &users))
		users.nr = 0;
	for (size_t i = 0; i < users.nr; i++) {
		const struct channel *chan = &users.items[i];

		if (device && strcmp(device, base_name(chan->node)))
			continue;
		visit(chan);
		nr++;
	}
	channels_free(&users);
	return nr;
}

size_t users_print(const char *device)
{
	return for_each(device, print_one);
}

/* What goes while channels are open takes them along, and that is rarely meant. */
int users_refuse(const char *device, const char *command)
{
	if (!for_each(device, visit_nothing))
		return 0;
	complain("%s in use; end these programs, or take %s away from them with 'wdctl %s':",
		 device ? "the device is" : "devices are",
		 device ? "it" : "the devices", command);
	users_print(device);
	return -EBUSY;
}
