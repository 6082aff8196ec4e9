/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compression streams: what comp.c, the codecs and stream_pool.c share. comp.c knows
 * descriptors and operands; a codec turns bytes into bytes.
 */
#ifndef _WD_HW_COMP_H
#define _WD_HW_COMP_H

#include <linux/xxhash.h>
#include <linux/zlib.h>
#include <linux/zstd.h>

#include "op.h"
#include "xxh32.h"

#define WD_COMP_HEADER	19	/* longest that is gathered: that of an LZ4 frame */
#define WD_OUT_EXTRA	18	/* around what a codec gives out: gzip's header and trailer */

struct wd_stream;

/**
 * struct wd_codec - a format of compressed data
 * @alg:     bit of the algorithm that it is part of
 * @level:   highest level
 * @windows: the operation word says which window
 * @init:    begin a stream; wd_stream.level and all else that comp.c sets are set.
 *           Returns WD_ST_*.
 * @deflate: feed @n bytes. @flush is that of the descriptor where these are the last of
 *           its source, else WD_COMP_NO_FLUSH. Returns how many were used.
 * @inflate: likewise
 * @step:    instead of these: all of a descriptor (struct wd_op.step)
 * @room:    where there is a @step: bytes of stage that it needs
 *
 * Feeding sets @out_end, and @more, @ended, @failed as there is reason to; nothing is
 * left in the buffer then. Neither bytes used nor bytes out nor one of the three is
 * taken for an error in the data.
 */
struct wd_codec {
	u64 alg;
	u8 level;
	bool windows;
	u16 (*init)(struct wd_stream *s, const struct wd_desc *d);
	u32 (*deflate)(struct wd_stream *s, const u8 *in, u32 n, unsigned int flush);
	u32 (*inflate)(struct wd_stream *s, const u8 *in, u32 n);
	enum wd_step (*step)(struct wd_job *job, struct wd_io *io, struct wd_result *res);
	u32 (*room)(const struct wd_desc *d);
};

/* Raw deflate, zlib and gzip. */
struct wd_zlib {
	struct z_stream_s z;
	u32 crc;	/* of the plain data (gzip) */
	u32 isize;	/* its length, modulo 2^32 */
	unsigned int gz;	/* inflating gzip: the part of the member that comes next */
	u32 hcrc;	/* CRC of the header so far */
	u8 flags;	/* of the header */
	u16 skip;	/* bytes of the extra field still to come */
};

struct wd_zstd {
	zstd_cstream *c;
	zstd_dstream *d;	/* NULL: the frame's header is not complete */
	u8 flush;		/* a flush that is not complete: WD_COMP_* */
};

struct wd_lz4_frame {
	unsigned int part;	/* inflate: what comes next */
	struct wd_xxh32 content;
	u64 size;		/* of the content, as the header says */
	u64 done;		/* of it so far */
	u8 flags;		/* FLG of the header */
	bool stored;		/* the block is not compressed */
	u32 block;		/* most bytes of a block */
	u32 want;		/* bytes of the block, or of a frame to be skipped */
	u32 have;		/* bytes in @in */
	u32 last;		/* bytes of the last block in @out */
	u32 history;		/* bytes before @out, which the last block could refer to */
	u8 *in;
	u8 *out;
	void *work;
};

/**
 * struct wd_stream - the state of a stream between descriptors
 * @pool:    memory of the function's streams; NULL: a self-test's
 * @codec:   the format's
 * @ws:      working memory of @ws_size bytes, see wd_stream_ws()
 * @active:  begun and neither ended nor failed
 * @deflate: the direction
 * @format:  WD_COMP_RAW ...
 * @level:   of deflate
 * @ended:   the last byte is in @out, or already out
 * @more:    there may be more to come out without new input
 * @failed:  status to end with once @out is out
 * @sum:     what a completion with END tells
 * @nhdr:    bytes in @hdr
 * @hdr:     headers, lengths and trailers are gathered here
 * @out:     what the codec gave out
 * @out_pos: first byte of @out that is not written to the destination yet
 * @out_end: first free byte of @out
 * @obuf:    usually @out, with room for header and trailer around it
 */
struct wd_stream {
	struct wd_stream_pool *pool;
	const struct wd_codec *codec;
	void *ws;
	size_t ws_size;
	bool active;
	bool deflate;
	u8 format;
	u8 level;
	bool ended;
	bool more;
	u16 failed;
	u32 sum;
	u8 nhdr;
	u8 hdr[WD_COMP_HEADER];
	union {
		struct wd_zlib zlib;
		struct wd_zstd zstd;
		struct wd_lz4_frame lz4;
	};
	u8 *out;
	u32 out_pos;
	u32 out_end;
	u8 obuf[WD_CHUNK + WD_OUT_EXTRA];
};

/*
 * Give the stream @size bytes of working memory, in place of what it has. Return:
 * false, the function has no more.
 */
bool wd_stream_ws(struct wd_stream *s, size_t size);

/* Gather bytes in s->hdr until there are @want. Return: true when they are there. */
bool wd_gather(struct wd_stream *s, const u8 **p, const u8 *end, u8 want);

extern const struct wd_codec wd_codec_deflate;	/* raw, zlib, gzip */
extern const struct wd_codec wd_codec_lz4_block;
extern const struct wd_codec wd_codec_lz4_frame;
extern const struct wd_codec wd_codec_zstd;

#define WD_LZ4_HC_LEVEL	3	/* from here on the slower search */

/* lz4.c: a block by itself. @work: wd_lz4_work() bytes. Return: 0 where @room is too small. */
size_t wd_lz4_work(unsigned int level);
u32 wd_lz4_compress(const u8 *in, u32 n, u8 *out, u32 room, unsigned int level, void *work);

#endif
