/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input, block by block, with the next block read while the device works
 * on the present one.
 */
#ifndef WDZIP_SOURCE_H
#define WDZIP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#define BLOCK_SIZE	(1U << 20)

/*
 * Room before a block, where the unread end of the previous block is put when
 * a thing that must be looked at in one piece lies across the border.
 */
#define SOURCE_HEADROOM	16

/**
 * struct source - an input file
 * @fd:     where it is read from
 * @name:   for messages
 * @data:   what is unread of the present block; the user moves it on
 * @len:    bytes at @data
 * @greedy: read full blocks even if they come slowly (to compress), instead of
 *          taking what is there
 */
struct source {
	int fd;
	const char *name;
	const unsigned char *data;
	size_t len;
	bool greedy;
	/* source.c only */
	unsigned char *buf[2];
	int current;
	bool have_ahead;
	size_t ahead_len;
	bool eof;
};

/*
 * Begin to read @fd and make its first block, maybe of no bytes, the present
 * one. The buffers are kept from file to file. Returns 0, or -1 after a message.
 */
int source_start(struct source *src, int fd, const char *name);

/*
 * Go to the next block; at most SOURCE_HEADROOM bytes of the present one may be
 * unread and come before it. Returns 1, 0 at the end of the file (nothing
 * changes), -1 after a message.
 */
int source_next(struct source *src);

/*
 * Read the next block now if that does not mean to wait for a pipe. Returns 0,
 * or -1 after a message.
 */
int source_read_ahead(struct source *src);

/* Is the present block known to be the last one? */
bool source_is_last(const struct source *src);

/*
 * Make @want bytes (at most SOURCE_HEADROOM) available at @data, or all that
 * there are. Returns 0, or -1 after a message.
 */
int source_want(struct source *src, size_t want);

void source_free(struct source *src);

#endif
