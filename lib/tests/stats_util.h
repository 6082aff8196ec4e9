/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a channel counts of memory, for tests that look at it. */
#ifndef STATS_UTIL_H
#define STATS_UTIL_H

#include <stdlib.h>

#include "wd.h"

/* What the calls between two looks did. */
static inline struct wd_mem_stats since(struct wd_chan *ch, struct wd_mem_stats *then)
{
	struct wd_mem_stats now = { 0 }, diff;

	if (wd_get_mem_stats(ch, &now))
		exit(EXIT_FAILURE);
	diff = (struct wd_mem_stats){
		.requests = now.requests - then->requests,
		.bounced_requests = now.bounced_requests - then->bounced_requests,
		.sgl_requests = now.sgl_requests - then->sgl_requests,
		.direct_bytes = now.direct_bytes - then->direct_bytes,
		.bounced_in = now.bounced_in - then->bounced_in,
		.bounced_out = now.bounced_out - then->bounced_out,
	};
	*then = now;
	return diff;
}

#endif
