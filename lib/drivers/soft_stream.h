/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compression stream in software, on zlib. */
#ifndef WD_DRIVERS_SOFT_STREAM_H
#define WD_DRIVERS_SOFT_STREAM_H

#include <stdbool.h>

#include <zlib.h>

#include "../comp.h"

/* More than the longest flush marker; see the end of soft_stream.c. */
#define WD_SOFT_SPILL	256

/**
 * struct wd_soft_stream - all zeroes when nothing was begun
 * @z:         zlib's state
 * @dir:       what @z was set up for
 * @live:      @z holds memory
 * @flushed:   a flush was completed and no input came since
 * @spill:     output of a flush that found no room
 * @spill_pos: first byte of it that was not handed out
 * @spill_len: bytes in it
 */
struct wd_soft_stream {
	z_stream z;
	enum wd_comp_dir dir;
	bool live;
	bool flushed;
	unsigned char spill[WD_SOFT_SPILL];
	unsigned int spill_pos;
	unsigned int spill_len;
};

/* Does what wd_alg_comp.deflate and .inflate are to do. */
int wd_soft_stream_run(struct wd_soft_stream *s, struct wd_comp_ctx *ctx,
		       enum wd_comp_dir dir);

/* Free what it holds; it can be used again. */
void wd_soft_stream_end(struct wd_soft_stream *s);

#endif
