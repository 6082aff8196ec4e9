/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operands of a request on a device that does not work on the process's
 * addresses. Each of the two either lies in memory that the channel knows, and is
 * used where it is, or is copied through buffers of the channel's pool.
 *
 * Copies go piece by piece beside the device's work: while it has one buffer, the
 * other one is emptied or filled. The order is: begin; then, for each descriptor, aim,
 * overlap once while it runs if there is something to overlap, advance; then end.
 */
#ifndef WD_DRIVERS_BOUNCE_H
#define WD_DRIVERS_BOUNCE_H

#include <misc/uacce/wd_accel.h>

#include "bounce_pool.h"

/**
 * struct wd_bounce_chunk - a part of an operand in a buffer
 * @buf:  the buffer
 * @at:   where in the operand its beginning belongs
 * @fill: bytes that are valid
 * @done: bytes of those that were used: by the device (source) or copied out
 */
struct wd_bounce_chunk {
	struct wd_bounce_buf buf;
	size_t at;
	size_t fill;
	size_t done;
};

/**
 * struct wd_bounce_side - one operand
 * @mem:    the memory that it lies in, NULL: it is copied
 * @list:   for a list of it, where it may need one
 * @va:     its address
 * @len:    its length
 * @pos:    how much of it the device has used or filled
 * @copied: how much of it was copied in, or out
 * @chunk:  of an operand that is copied
 * @cur:    the chunk that is the device's
 * @fault:  address that could not be copied from or to, 0: all could
 */
struct wd_bounce_side {
	const struct wd_mem *mem;
	struct wd_bounce_buf list;
	uintptr_t va;
	size_t len;
	size_t pos;
	size_t copied;
	struct wd_bounce_chunk chunk[2];
	unsigned int cur;
	uintptr_t fault;
};

/**
 * struct wd_bounce - the operands of a request
 * @pool:    the channel's
 * @set:     buffers
 * @has_set: there are any
 * @used_list: a list was made
 * @src:     the source
 * @dst:     the destination
 */
struct wd_bounce {
	struct wd_bounce_pool *pool;
	struct wd_bounce_set set;
	bool has_set;
	bool used_list;
	struct wd_bounce_side src;
	struct wd_bounce_side dst;
};

/**
 * struct wd_bounce_args - what a request is given
 * @in:       source
 * @in_len:   its length
 * @out:      destination
 * @out_len:  its length, not 0
 * @out_hint: how much of it will probably be filled
 */
struct wd_bounce_args {
	const void *in;
	size_t in_len;
	void *out;
	size_t out_len;
	size_t out_hint;
};

/*
 * Begin a request: get buffers and copy the first piece. On failure nothing is held:
 * an error of wd_bounce_pool_get().
 */
int wd_bounce_begin(struct wd_bounce *b, struct wd_bounce_pool *pool,
		    const struct wd_bounce_args *args, bool wait);

/*
 * Fill in the operands of the next descriptor, each at most @max bytes. -EFAULT: it
 * would be about memory that could not be copied. Computes only.
 */
int wd_bounce_aim(struct wd_bounce *b, struct wd_desc *desc, uint32_t max);

/* Is there something to copy beside the descriptor that runs? */
bool wd_bounce_overlaps(const struct wd_bounce *b);

/* Copy it. */
void wd_bounce_overlap(struct wd_bounce *b);

/* The descriptor used and filled that much. */
void wd_bounce_advance(struct wd_bounce *b, uint32_t consumed, uint32_t produced);

/*
 * End a request: copy out what is left and give the buffers back. *@stored: bytes of the
 * destination that are valid. -EFAULT: which are not all. @b->src.fault or
 * @b->dst.fault tells why, and stays valid.
 */
int wd_bounce_end(struct wd_bounce *b, size_t *stored);

/* End a request of which nobody wants the output. */
void wd_bounce_drop(struct wd_bounce *b);

/* The caller's address that a completion with WD_ST_FAULT_* is about. */
uintptr_t wd_bounce_fault(const struct wd_bounce *b, const struct wd_cqe *cqe);

/* The address that could not be copied, 0: there is none. */
static inline uintptr_t wd_bounce_copy_fault(const struct wd_bounce *b)
{
	return b->dst.fault ? b->dst.fault : b->src.fault;
}

/*
 * Copy between a buffer and the memory of the process @pid, which is this one, @out: to
 * it. Returns the bytes that could be copied.
 */
size_t wd_bounce_copy(pid_t pid, unsigned char *buf, uintptr_t va, size_t len, bool out);

/*
 * Pure: describe at most @len bytes from @va, which is in @mem, by at most @max
 * entries. *@n: how many. Returns the bytes that they describe.
 */
size_t wd_bounce_list(const struct wd_mem *mem, uintptr_t va, size_t len,
		      struct wd_sge *list, size_t max, size_t *n);

#endif
