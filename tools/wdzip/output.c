// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "output.h"
#include "report.h"
#include "wdzip.h"

static const int signals[] = {
	SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXCPU, SIGXFSZ,
};

#define NR_SIGNALS	(sizeof(signals) / sizeof(signals[0]))

/* The temporary file, "" while there is none. Written with signals blocked. */
static char temporary[PATH_MAX];

static void remove_and_die(int signal)
{
	if (*temporary)
		unlink(temporary);
	raise(signal);	/* SA_RESETHAND: this time it ends the program */
}

static void block_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < NR_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(how, &set, NULL);
}

void output_catch_signals(void)
{
	struct sigaction sa = {
		.sa_handler = remove_and_die, .sa_flags = SA_RESETHAND,
	};
	struct sigaction old;

	for (size_t i = 0; i < NR_SIGNALS; i++) {
		/* What nohup or a shell made us ignore stays ignored. */
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(signals[i], &sa, NULL);
	}
}

static bool ask(const char *path)
{
	int first, c;

	report_clear_progress();
	fprintf(stderr, "wdzip: %s already exists; do you wish to overwrite (y or n)? ",
		path);
	fflush(stderr);
	first = c = getchar();
	while (c != '\n' && c != EOF)
		c = getchar();
	return first == 'y' || first == 'Y';
}

/* Asking from the background would stop the program in the terminal's way. */
static bool can_ask(void)
{
	return isatty(STDIN_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static int may_create(struct output *out)
{
	struct stat st;

	if (opt.force || lstat(out->path, &st)) {
		out->replace = opt.force;
		return 0;
	}
	if (can_ask() && ask(out->path)) {
		out->replace = true;
		return 0;
	}
	warning("%s already exists; not overwritten", out->path);
	return -1;
}

int output_create(struct output *out, const char *path)
{
	char name[PATH_MAX];

	out->path = path;
	out->is_file = true;
	if (may_create(out))
		return -1;
	snprintf(name, sizeof(name), "%s", path);
	if (name_replace_base(name, ".wdzip-XXXXXX"))
		return -1;

	block_signals(SIG_BLOCK);
	out->fd = mkostemp(name, O_CLOEXEC);
	if (out->fd >= 0)
		strcpy(temporary, name);
	block_signals(SIG_UNBLOCK);
	if (out->fd < 0)
		error("%s: %s", path, strerror(errno));
	return out->fd < 0 ? -1 : 0;
}

int output_write(const struct output *out, const void *data, size_t len)
{
	const char *pos = data;
	ssize_t ret;

	while (out->fd >= 0 && len) {
		ret = write(out->fd, pos, len);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0) {
			error("%s: %s", out->path, strerror(errno));
			return -1;
		}
		pos += ret;
		len -= ret;
	}
	return 0;
}

/*
 * Only root can give a file away. Where the group cannot be kept, the group
 * that the file has now must not be able to do what only the other one could.
 */
static int copy_attributes(int fd, const struct stat *from,
			   struct timespec mtime)
{
	struct timespec times[2] = { from->st_atim, mtime };
	mode_t mode = from->st_mode & 0777;

	if (fchown(fd, -1, from->st_gid))
		mode &= ~070 | (mode & 07) << 3;
	if (fchmod(fd, mode))
		return -1;
	if (fchown(fd, from->st_uid, -1) && errno != EPERM)
		return -1;
	return futimens(fd, times);
}

/* The check of may_create() is old by now: another file may have come. */
static int give_name(const struct output *out)
{
	if (out->replace)
		return rename(temporary, out->path);
	if (!renameat2(AT_FDCWD, temporary, AT_FDCWD, out->path,
		       RENAME_NOREPLACE))
		return 0;
	/* A file system that knows no such flag: NFS, FUSE. */
	return errno == EINVAL ? rename(temporary, out->path) : -1;
}

int output_commit(struct output *out, const struct stat *from,
		  struct timespec mtime)
{
	int fd = out->fd, ret;

	if (!out->is_file)
		return 0;
	if (copy_attributes(fd, from, mtime))
		warning("%s: cannot keep mode and times: %s", out->path,
			strerror(errno));
	out->fd = -1;
	ret = close(fd);
	block_signals(SIG_BLOCK);
	if (!ret)
		ret = give_name(out);
	if (!ret)
		*temporary = '\0';
	block_signals(SIG_UNBLOCK);
	if (ret) {
		error("%s: %s", out->path, strerror(errno));
		output_discard(out);
	}
	return ret;
}

void output_discard(struct output *out)
{
	if (!out->is_file)
		return;
	block_signals(SIG_BLOCK);
	if (*temporary)
		unlink(temporary);
	*temporary = '\0';
	block_signals(SIG_UNBLOCK);
	if (out->fd >= 0)
		close(out->fd);
	out->fd = -1;
}
