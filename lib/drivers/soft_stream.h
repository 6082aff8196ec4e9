/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compression stream in software, on zlib, liblz4 and libzstd. */
#ifndef WD_DRIVERS_SOFT_STREAM_H
#define WD_DRIVERS_SOFT_STREAM_H

#include <stdbool.h>

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "../comp.h"

/* More than the longest flush marker; see soft_zlib.c. */
#define WD_SOFT_SPILL	256

struct wd_soft_stream;

/**
 * struct wd_soft_codec - a library
 * @begin:   the stream is all zeroes but for its codec and direction. 0 or a negative errno
 * @end:     free what it holds
 * @deflate: does what wd_alg_comp.deflate is to do
 * @inflate: likewise
 */
struct wd_soft_codec {
	int (*begin)(struct wd_soft_stream *s, const struct wd_comp_ctx *ctx);
	void (*end)(struct wd_soft_stream *s);
	int (*deflate)(struct wd_soft_stream *s, struct wd_comp_ctx *ctx);
	int (*inflate)(struct wd_soft_stream *s, struct wd_comp_ctx *ctx);
};

/**
 * struct wd_soft_zlib - a stream of zlib's
 * @z:         its state
 * @flushed:   a flush was completed and no input came since
 * @spill:     output of a flush that found no room
 * @spill_pos: first byte of it that was not handed out
 * @spill_len: bytes in it
 */
struct wd_soft_zlib {
	z_stream z;
	bool flushed;
	unsigned char spill[WD_SOFT_SPILL];
	unsigned int spill_pos;
	unsigned int spill_len;
};

/**
 * struct wd_soft_lz4 - an LZ4 frame
 * @c:         compresses
 * @d:         decompresses
 * @spill:     liblz4 wants room for the worst case: it compresses to here
 * @spill_room: bytes that fit
 * @spill_pos: first byte of it that was not handed out
 * @spill_len: bytes in it
 * @finished:  the end of the frame is in there
 * @head:      the first bytes of the frame, which liblz4 does not give out
 * @nhead:     bytes in it
 * @tail:      the last four bytes that were used, little-endian
 */
struct wd_soft_lz4 {
	LZ4F_cctx *c;
	LZ4F_dctx *d;
	unsigned char *spill;
	size_t spill_room;
	size_t spill_pos;
	size_t spill_len;
	bool finished;
	unsigned char head[5];
	unsigned int nhead;
	uint32_t tail;
};

struct wd_soft_zstd {
	ZSTD_CStream *c;
	ZSTD_DStream *d;
	bool pending;	/* the room was used up: there may be more to come out */
};

/**
 * struct wd_soft_stream - all zeroes when nothing was begun
 * @codec: of the stream that was begun; NULL: none was
 * @dir:   its direction
 */
struct wd_soft_stream {
	const struct wd_soft_codec *codec;
	enum wd_comp_dir dir;
	union {
		struct wd_soft_zlib zlib;
		struct wd_soft_lz4 lz4;
		struct wd_soft_zstd zstd;
	};
};

extern const struct wd_soft_codec wd_soft_zlib, wd_soft_lz4_block, wd_soft_lz4_frame,
				  wd_soft_zstd;

/* Does what wd_alg_comp.deflate and .inflate are to do. */
int wd_soft_stream_run(struct wd_soft_stream *s, struct wd_comp_ctx *ctx,
		       enum wd_comp_dir dir);

/* Free what it holds; it can be used again. */
void wd_soft_stream_end(struct wd_soft_stream *s);

/* For the codecs: what is left of the operands. */
static inline size_t wd_soft_room(const struct wd_comp_ctx *ctx)
{
	return ctx->out_len - ctx->produced;
}

static inline size_t wd_soft_rest(const struct wd_comp_ctx *ctx)
{
	return ctx->in_len - ctx->consumed;
}

#endif
