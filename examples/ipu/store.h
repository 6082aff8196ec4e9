/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backing file: blocks of one size, one after the other. What is in them is not its business. */
#ifndef IPU_STORE_H
#define IPU_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

/**
 * store_open() - open a backing file; nobody else can until it is closed
 * @path:   the file
 * @block:  bytes of a block
 * @blocks: 0: as many as there are; else one that is missing or empty gets so many, and any
 *          other must have them
 * @made:   did it get them?
 * @store:  it is put here
 *
 * Return: 0 or a negative errno; then nbdkit was told why.
 */
int store_open(const char *path, size_t block, uint64_t blocks, bool *made, struct store **store);

/**
 * store_close() - close it
 * @store: the file; NULL is ignored
 * @empty: leave nothing in it
 */
void store_close(struct store *store, bool empty);

/** store_blocks() - how many blocks it has */
uint64_t store_blocks(const struct store *store);

/**
 * store_read() - read @count blocks from number @first on
 *
 * Any thread. A block that is being written is read as it was before or as it is after.
 *
 * Return: 0 or a negative errno, -EIO where the file ends before.
 */
int store_read(struct store *store, void *buf, uint64_t first, size_t count);

/** store_write() - write @count blocks from number @first on; as store_read() */
int store_write(struct store *store, const void *buf, uint64_t first, size_t count);

/** store_flush() - what was written is on the disk when this returns 0 */
int store_flush(struct store *store);

#endif
