/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Going through an operand from its beginning. */
#ifndef WD_DRIVERS_CURSOR_H
#define WD_DRIVERS_CURSOR_H

#include "wd_alg.h"

/**
 * struct wd_cursor - a position in an operand; wd_cursor_here() says more
 * @p:     where it is
 * @room:  bytes of this part that are left
 * @next:  the parts behind it
 * @parts: how many
 */
struct wd_cursor {
	unsigned char *p;
	size_t room;
	const struct iovec *next;
	unsigned int parts;
};

static inline struct wd_cursor wd_cursor(const struct wd_operand *op)
{
	if (op->iov)
		return (struct wd_cursor){ .next = op->iov, .parts = op->iovcnt };
	return (struct wd_cursor){ .p = op->base, .room = op->len };
}

/* How many bytes are in one piece from here on; 0: it is at the end. */
size_t wd_cursor_here(struct wd_cursor *c);

/* Go on by @n bytes, which are in one piece. */
static inline void wd_cursor_skip(struct wd_cursor *c, size_t n)
{
	c->p += n;
	c->room -= n;
}

/* Copy @n bytes from or to here, of any number of parts, and go on. There are as many. */
void wd_cursor_read(struct wd_cursor *c, void *to, size_t n);
void wd_cursor_write(struct wd_cursor *c, const void *from, size_t n);

/* Where it is all in one piece, or empty: not NULL, its address. */
void *wd_operand_flat(const struct wd_operand *op);

#endif
