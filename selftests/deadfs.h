/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file whose pages never come: the file system is FUSE, and its server answers
 * all but reads. A thread that waits for such a page cannot even be killed.
 */
#ifndef DEADFS_H
#define DEADFS_H

#include <stddef.h>
#include <sys/types.h>

struct deadfs {
	size_t len;
	int dev;		/* /dev/fuse; the server's */
	int fd;			/* the file */
	pid_t server;
	unsigned int *reads;	/* that were asked for, and will not be answered */
};

/* Make the file. Return: 0, or a negative errno; of a kernel without FUSE too. */
int deadfs_begin(struct deadfs *f, size_t len);

/* How many pages somebody has asked for. */
unsigned int deadfs_reads(const struct deadfs *f);

/* Who waits is told that it was an error. */
void deadfs_end(struct deadfs *f);

#endif
