// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scanner of wdctl show against a /proc made by hand: what a running kernel
 * shows only with the modules loaded, and some things that it never should.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channels.h"

static int failures, tests;

static void ok(int condition, const char *name)
{
	printf("%s %d - %s\n", condition ? "ok" : "not ok", ++tests, name);
	failures += !condition;
}

/* The program gave up: the directory it works in is of no use. */
static void must(int condition, const char *what)
{
	if (condition)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	must(file && fputs(text, file) >= 0 && !fclose(file), path);
}

static void make_process(const char *pid, const char *command)
{
	must(!mkdir(pid, 0755) && !chdir(pid), pid);
	must(!mkdir("fd", 0755) && !mkdir("fdinfo", 0755), "fd");
	write_file("comm", command);
	must(!chdir(".."), "..");
}

static void make_fd(const char *pid, int fd, const char *target,
		    const char *fdinfo)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/fd/%d", pid, fd);
	must(!symlink(target, path), path);
	snprintf(path, sizeof(path), "%s/fdinfo/%d", pid, fd);
	if (fdinfo)
		write_file(path, fdinfo);
}

static int has(const struct channel *chan, const char *key, const char *value)
{
	const char *found = channel_field(chan, key);

	return found && !strcmp(found, value);
}

static const struct channel *find(const struct channel_list *list, int fd)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (list->items[i].fd == fd)
			return &list->items[i];
	}
	return NULL;
}

static void make_proc(void)
{
	char many[2048] = "";

	make_process("12", "worker: x\n");
	make_fd("12", 3, "/dev/wd_accel-0",
		"pos:\t0\nflags:\t02\nwd_device:\twd_accel-0\n"
		"wd_channel:\t3\nwd_state:\trunning\nwd_error:\t0\n"
		"wd_mode:\tshare\nwd_weight:\t8\n");
	make_fd("12", 4, "/dev/wd_accel-1 (deleted)", "wd_state: gone  \n");
	make_fd("12", 5, "/dev/null", "pos:\t0\n");
	make_fd("12", 6, "socket:[77]", "wd_state:\tno socket is a channel\n");
	make_fd("12", 7, "/dev/vanished", NULL);
	for (int i = 0; i < 40; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
			 "wd_a_key_that_is_too_long_for_us_%d:\tvalue\n", i);
	make_fd("12", 8, "/dev/noisy", many);
	make_fd("12", 9, "/dev/odd", "wd_nocolon\nwd_empty:\n");
	must(!mkdir("self", 0755) && !mkdir("14", 0755), "others");
}

static void check_channels(const struct channel_list *list)
{
	const struct channel *chan = find(list, 3);

	ok(list->nr == 4, "four channels are found");
	ok(chan && chan->pid == 12 && !strcmp(chan->command, "worker: x") &&
	   !strcmp(chan->node, "/dev/wd_accel-0"), "process, command, node");
	ok(chan && has(chan, "device", "wd_accel-0") &&
	   has(chan, "channel", "3") && has(chan, "state", "running") &&
	   has(chan, "error", "0") && has(chan, "mode", "share") &&
	   has(chan, "weight", "8"), "fields");
	ok(chan && !channel_field(chan, "pos") &&
	   !channel_field(chan, "flags"), "no fields that are not ours");
	ok(find(list, 4) != NULL, "a channel whose device is gone");
	ok(!find(list, 5) && !find(list, 6) && !find(list, 7),
	   "other files are no channels");
	chan = find(list, 8);
	ok(chan && chan->nr_fields == CHANNEL_MAX_FIELDS,
	   "too many and too long fields are cut");
	chan = find(list, 9);
	ok(chan && chan->nr_fields == 1 && has(chan, "empty", ""),
	   "a field without a value, a line without a colon");
}

int main(void)
{
	char dir[] = "/tmp/test_channels-XXXXXX", command[64];
	struct channel_list list;

	must(mkdtemp(dir) && !chdir(dir), dir);
	make_proc();
	ok(!channels_scan(dir, &list), "scan");
	check_channels(&list);
	channels_free(&list);
	ok(!channels_scan("/proc", &list), "scan of the real /proc");
	channels_free(&list);
	ok(channels_scan("/nonexistent", &list) < 0, "no /proc is an error");
	channels_free(&list);
	printf("1..%d\n", tests);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	must(!system(command), command);
	return failures != 0;
}
