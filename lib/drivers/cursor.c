// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "cursor.h"

size_t wd_cursor_here(struct wd_cursor *c)
{
	while (!c->room && c->parts) {
		c->p = c->next->iov_base;
		c->room = c->next->iov_len;
		c->next++;
		c->parts--;
	}
	return c->room;
}

static size_t piece(struct wd_cursor *c, size_t n)
{
	const size_t here = wd_cursor_here(c);

	return here < n ? here : n;
}

void wd_cursor_read(struct wd_cursor *c, void *to, size_t n)
{
	for (size_t done = 0, now; done < n; done += now) {
		now = piece(c, n - done);
		memcpy((char *)to + done, c->p, now);
		wd_cursor_skip(c, now);
	}
}

void wd_cursor_write(struct wd_cursor *c, const void *from, size_t n)
{
	for (size_t done = 0, now; done < n; done += now) {
		now = piece(c, n - done);
		memcpy(c->p, (const char *)from + done, now);
		wd_cursor_skip(c, now);
	}
}

void *wd_operand_flat(const struct wd_operand *op)
{
	static char nothing;
	struct wd_cursor c = wd_cursor(op);

	if (!op->len)
		return &nothing;
	return wd_cursor_here(&c) == op->len ? c.p : NULL;
}
