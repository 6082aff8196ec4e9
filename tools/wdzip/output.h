/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The output file: written under a temporary name beside its final one, which
 * it gets only when it is whole. One at a time.
 */
#ifndef WDZIP_OUTPUT_H
#define WDZIP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/**
 * struct output - where the result goes
 * @fd:      to write to, -1: nowhere
 * @path:    the final name; "stdout" where @is_file is not set, for messages
 * @is_file: a file to be renamed
 * @replace: one that has the name already goes
 */
struct output {
	int fd;
	const char *path;
	bool is_file;
	bool replace;
};

/* From now on a signal that ends the program removes the temporary file. */
void output_catch_signals(void);

/*
 * Create the temporary file for @path; asks or refuses where @path exists.
 * Returns 0, or -1 after a message.
 */
int output_create(struct output *out, const char *path);

/* Write all of it. Returns 0, or -1 after a message. */
int output_write(const struct output *out, const void *data, size_t len);

/*
 * Give the file mode, owner, access time of @from, the time @mtime, and its
 * name. Returns 0, or -1 after a message with the file removed. Nothing to do
 * for what is no file.
 */
int output_commit(struct output *out, const struct stat *from,
		  struct timespec mtime);

/* Remove the file. */
void output_discard(struct output *out);

#endif
