// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nbdkit-plugin.h>

#include "device.h"
#include "layer.h"
#include "stack.h"

#define LAYERS		2
#define PROTECTION	8		/* bytes of a block beside its sector */
#define FORMAT_BYTES	(1UL << 20)	/* written at once */

/*
 * The last block of a file is the seal: a text, written last, of a sector that no client can
 * name. So a file that was cut, or never finished, has none; and another key gives another text.
 */
#define SEAL_SECTOR	UINT64_MAX
#define SEAL_TEXT	"wdipu store, version 1: %" PRIu64 " sectors of %zu bytes\n"

/**
 * struct buffer - memory between the layers and the file
 * @next: another one that is free
 * @size: bytes
 * @data: the memory
 */
struct buffer {
	struct buffer *next;
	size_t size;
	uint8_t *data;
};

/**
 * struct stack - the layers
 * @device:  the channel and what sequences have in common
 * @layer:   the first one is next to the client
 * @n:       how many are open
 * @store:   the backing file
 * @stats:   where requests are counted
 * @sectors: how many clients have
 * @sector:  bytes of one
 * @block:   bytes of one in the file
 * @lock:    guards @free
 * @free:    buffers, the one used last first; there are never more than requests at a time
 */
struct stack {
	struct device device;
	struct layer *layer[LAYERS];
	unsigned int n;
	struct store *store;
	struct stats *stats;
	uint64_t sectors;
	size_t sector;
	size_t block;
	pthread_mutex_t lock;
	struct buffer *free;
};

/* ----------------------------------------------------------------------- buffers */

static void buffer_free(struct buffer *b)
{
	free(b->data);
	free(b);
}

static struct buffer *buffer_get(struct stack *stack, size_t size)
{
	struct buffer *b;

	pthread_mutex_lock(&stack->lock);
	b = stack->free;
	if (b)
		stack->free = b->next;
	pthread_mutex_unlock(&stack->lock);
	if (!b)
		b = calloc(1, sizeof(*b));
	if (!b || b->size >= size)
		return b;
	free(b->data);
	b->data = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
	b->size = b->data ? size : 0;
	if (b->data)
		return b;
	buffer_free(b);
	return NULL;
}

static void buffer_put(struct stack *stack, struct buffer *b)
{
	pthread_mutex_lock(&stack->lock);
	b->next = stack->free;
	stack->free = b;
	pthread_mutex_unlock(&stack->lock);
}

/* ---------------------------------------------------------------------- sequences */

/* On the lower side of layer @i: the last one has the buffer there, all others have no memory. */
static int place(struct stack *stack, struct wd_seq *seq, unsigned int i, size_t count,
		 struct buffer *io, struct wd_loc *loc)
{
	const size_t len = count * stack->layer[i]->below;

	if (i < stack->n - 1)
		return wd_seq_scratch(seq, len, loc);
	*loc = wd_loc(io->data, len);
	return 0;
}

/* The transport brings the data, each layer goes on from where the one above it left it. */
static int append_write(struct stack *stack, struct wd_seq *seq, const void *data, struct buffer *io,
			uint64_t sector, size_t count)
{
	struct wd_loc from = wd_loc((void *)(uintptr_t)data, count * stack->sector), to;
	int ret = wd_seq_scratch(seq, from.op.len, &to);

	if (!ret)
		ret = wd_seq_copy(seq, &to, &from);
	for (unsigned int i = 0; i < stack->n && !ret; i++) {
		struct layer *layer = stack->layer[i];

		ret = wd_seq_where(seq, &from);
		if (!ret)
			ret = place(stack, seq, i, count, io, &to);
		if (!ret)
			ret = layer->ops->append_write(layer, seq, &to, &from, sector);
	}
	return ret;
}

/* Asked in the same order, each says where it wants to find what it is to work on. */
static int append_read(struct stack *stack, struct wd_seq *seq, void *data, struct buffer *io,
		       uint64_t sector, size_t count)
{
	struct wd_loc to = wd_loc(data, count * stack->sector), from;
	int ret = wd_seq_scratch(seq, to.op.len, &from);

	if (!ret)
		ret = wd_seq_copy(seq, &to, &from);
	for (unsigned int i = 0; i < stack->n && !ret; i++) {
		struct layer *layer = stack->layer[i];

		to = from;
		ret = place(stack, seq, i, count, io, &from);
		if (!ret)
			ret = layer->ops->append_read(layer, seq, &to, &from, sector);
	}
	return ret ? ret : wd_seq_reverse(seq);
}

/* Data of no client is not counted. */
static int execute(struct stack *stack, struct wd_seq *seq, enum direction direction, bool counted)
{
	struct wd_seq_stats stats;
	int ret = wd_seq_run(seq);

	wd_seq_get_stats(seq, &stats);
	if (counted)
		stats_add(stack->stats, direction, &stats, ret);
	return ret;
}

/* @sector is what the layers are told, @at where it is in the file. */
static int write_sectors(struct stack *stack, const void *data, uint64_t sector, uint64_t at,
			 size_t count, bool counted)
{
	struct buffer *io = buffer_get(stack, count * stack->block);
	struct wd_seq *seq = NULL;
	int ret;

	if (!io)
		return -ENOMEM;
	ret = wd_seq_new(stack->device.sc, &seq);
	if (!ret)
		ret = append_write(stack, seq, data, io, sector, count);
	if (!ret)
		ret = execute(stack, seq, TO_STORE, counted);
	if (!ret)
		ret = store_write(stack->store, io->data, at, count);
	wd_seq_free(seq);
	buffer_put(stack, io);
	return ret;
}

static int screen(const struct stack *stack, const struct buffer *io, size_t count)
{
	const struct layer *last = stack->layer[stack->n - 1];

	return last->ops->screen ? last->ops->screen(last, io->data, count) : 0;
}

static int read_sectors(struct stack *stack, void *data, uint64_t sector, uint64_t at, size_t count,
			bool counted)
{
	struct buffer *io = buffer_get(stack, count * stack->block);
	struct wd_seq *seq = NULL;
	int ret;

	if (!io)
		return -ENOMEM;
	ret = store_read(stack->store, io->data, at, count);
	if (!ret)
		ret = screen(stack, io, count);
	if (!ret)
		ret = wd_seq_new(stack->device.sc, &seq);
	if (!ret)
		ret = append_read(stack, seq, data, io, sector, count);
	if (!ret)
		ret = execute(stack, seq, FROM_STORE, counted);
	wd_seq_free(seq);
	buffer_put(stack, io);
	return ret;
}

int stack_write(struct stack *stack, const void *data, uint64_t sector, size_t count)
{
	return write_sectors(stack, data, sector, sector, count, true);
}

int stack_read(struct stack *stack, void *data, uint64_t sector, size_t count)
{
	return read_sectors(stack, data, sector, sector, count, true);
}

/* ------------------------------------------------------------------------- the seal */

static void seal_text(const struct stack *stack, char *text)
{
	memset(text, 0, stack->sector);
	snprintf(text, stack->sector, SEAL_TEXT, stack->sectors, stack->sector);
}

static int write_zeros(struct stack *stack)
{
	const size_t most = FORMAT_BYTES / stack->sector;
	void *zeros = calloc(1, FORMAT_BYTES);
	int ret = zeros ? 0 : -ENOMEM;

	for (uint64_t at = 0; at < stack->sectors && !ret; at += most) {
		uint64_t count = stack->sectors - at;

		ret = write_sectors(stack, zeros, at, at, count < most ? count : most, false);
	}
	free(zeros);
	return ret;
}

int stack_format(struct stack *stack)
{
	char *text = malloc(stack->sector);
	int ret = text ? write_zeros(stack) : -ENOMEM;

	/* In this order on the disk as well. */
	if (!ret)
		ret = store_flush(stack->store);
	if (!ret) {
		seal_text(stack, text);
		ret = write_sectors(stack, text, SEAL_SECTOR, stack->sectors, 1, false);
	}
	if (!ret)
		ret = store_flush(stack->store);
	if (ret)
		nbdkit_error("cannot format the store: %s", strerror(-ret));
	free(text);
	return ret;
}

int stack_check(struct stack *stack)
{
	char *want = malloc(stack->sector), *found = malloc(stack->sector);
	int ret = -ENOMEM;

	if (want && found)
		ret = read_sectors(stack, found, SEAL_SECTOR, stack->sectors, 1, false);
	if (ret == -EBADMSG) {
		nbdkit_error("the store has no seal: it was cut, never made whole, or has another sector=");
	} else if (ret) {
		nbdkit_error("cannot read the store: %s", strerror(-ret));
	} else {
		seal_text(stack, want);
		ret = memcmp(want, found, stack->sector) ? -EKEYREJECTED : 0;
		if (ret)
			nbdkit_error("this is not the key that the store was made with");
	}
	free(found);
	free(want);
	return ret;
}

/* -------------------------------------------------------------------- opening, closing */

size_t stack_block(size_t sector)
{
	return sector + PROTECTION;
}

uint64_t stack_sectors(const struct stack *stack)
{
	return stack->sectors;
}

const char *stack_driver(const struct stack *stack)
{
	return stack->device.name;
}

static int open_layers(struct stack *stack, const struct stack_options *options)
{
	struct wd_chan *ch = wd_seq_ctx_channel(stack->device.sc);
	int ret = layer_crypt_open(ch, options->sector, options->key, options->key_len,
				   &stack->layer[0]);

	if (ret) {
		nbdkit_error("AES-XTS: %s%s", strerror(-ret),
			     ret == -EINVAL ? "; are the halves of the key the same?" : "");
		return ret;
	}
	stack->n = 1;
	ret = layer_dif_open(options->sector, &stack->layer[1]);
	if (ret)
		nbdkit_error("no memory");
	else
		stack->n = 2;
	return ret;
}

int stack_open(const struct stack_options *options, struct store *store, struct stats *stats,
	       struct stack **stack)
{
	struct stack *s = calloc(1, sizeof(*s));
	int ret;

	if (!s) {
		nbdkit_error("no memory");
		return -ENOMEM;
	}
	s->store = store;
	s->stats = stats;
	s->sector = options->sector;
	s->block = stack_block(options->sector);
	s->sectors = store_blocks(store) - 1;
	pthread_mutex_init(&s->lock, NULL);
	ret = device_open(&s->device, options->device, options->mode);
	if (ret)
		goto err_free;
	if (!options->fuse)
		wd_seq_ctx_set_platform(s->device.sc, NULL);
	ret = open_layers(s, options);
	if (ret)
		goto err_close;
	*stack = s;
	return 0;

err_close:
	stack_close(s);
	return ret;
err_free:
	pthread_mutex_destroy(&s->lock);
	free(s);
	return ret;
}

void stack_close(struct stack *stack)
{
	if (!stack)
		return;
	while (stack->free) {
		struct buffer *b = stack->free;

		stack->free = b->next;
		buffer_free(b);
	}
	while (stack->n--)
		stack->layer[stack->n]->ops->close(stack->layer[stack->n]);
	device_close(&stack->device);
	pthread_mutex_destroy(&stack->lock);
	free(stack);
}
