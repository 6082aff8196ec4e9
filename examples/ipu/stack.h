/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layers between clients and the backing file, one on the other. A request is one sequence of
 * <wd_seq.h>: each layer appends to it, and it is executed at the bottom.
 */
#ifndef IPU_STACK_H
#define IPU_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats.h"
#include "store.h"

struct stack;

/**
 * struct stack_options - what a stack is to be like
 * @sector:  bytes of a sector
 * @key:     of the encryption
 * @key_len: bytes of it
 * @device:  name or path of a device, or NULL
 * @mode:    "sva", "share", "noiommu": the first device of that mode; NULL: of any
 * @fuse:    may operations be fused?
 */
struct stack_options {
	size_t sector;
	const uint8_t *key;
	size_t key_len;
	const char *device;
	const char *mode;
	bool fuse;
};

/** stack_block() - bytes that a sector of @sector bytes has in the file */
size_t stack_block(size_t sector);

/**
 * stack_open() - open a channel, and the layers
 * @options: not needed any more when this returns
 * @store:   the backing file; stays the caller's
 * @stats:   where requests are counted
 * @stack:   it is put here
 *
 * Return: 0 or a negative errno; then nbdkit was told why.
 */
int stack_open(const struct stack_options *options, struct store *store, struct stats *stats,
	       struct stack **stack);

/** stack_close() - end it; NULL is ignored */
void stack_close(struct stack *stack);

/** stack_sectors() - how many sectors clients have */
uint64_t stack_sectors(const struct stack *stack);

/** stack_driver() - what computes, and where; a string that lasts as long as @stack */
const char *stack_driver(const struct stack *stack);

/**
 * stack_write() - write @count sectors from number @sector on
 *
 * Any thread, as stack_read().
 *
 * Return: 0 or a negative errno.
 */
int stack_write(struct stack *stack, const void *data, uint64_t sector, size_t count);

/**
 * stack_read() - read them
 *
 * Return: 0 or a negative errno, -EBADMSG where one of them is not what was written, and then
 * @data is not specified.
 */
int stack_read(struct stack *stack, void *data, uint64_t sector, size_t count);

/**
 * stack_format() - make a store of a new file: all sectors are zeros, then the seal
 * @stack: of that file
 *
 * Return: 0 or a negative errno; then nbdkit was told why.
 */
int stack_format(struct stack *stack);

/**
 * stack_check() - is this a store, whole, and is the key the right one?
 * @stack: of a file that was there
 *
 * Return: 0 or a negative errno; then nbdkit was told why.
 */
int stack_check(struct stack *stack);

#endif
