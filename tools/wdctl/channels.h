/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The open channels of all processes, as /proc tells them: a file descriptor
 * whose fdinfo has "wd_*" lines is a channel.
 */
#ifndef WDCTL_CHANNELS_H
#define WDCTL_CHANNELS_H

#include <stddef.h>
#include <sys/types.h>

#define CHANNEL_MAX_FIELDS	16

/* A line of fdinfo, without the "wd_": "wd_error:\t0" is { "error", "0" }. */
struct channel_field {
	char key[24];
	char value[72];
};

struct channel {
	pid_t pid;
	int fd;
	char command[32];
	char node[64];		/* what /proc/PID/fd/FD points to */
	size_t nr_fields;
	struct channel_field fields[CHANNEL_MAX_FIELDS];
};

/* @nr_hidden: processes that the caller may not look into */
struct channel_list {
	struct channel *items;
	size_t nr;
	size_t nr_hidden;
};

/*
 * Scan @proc (normally "/proc"). Returns 0 or a negative errno; the list is to
 * be freed with channels_free() in both cases.
 */
int channels_scan(const char *proc, struct channel_list *list);
void channels_free(struct channel_list *list);

/* The value of a field, or NULL. */
const char *channel_field(const struct channel *chan, const char *key);

#endif
