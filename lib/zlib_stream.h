/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of <wd_zlib.h>: the pool of channels, and what both directions share. */
#ifndef WD_ZLIB_STREAM_H
#define WD_ZLIB_STREAM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "comp.h"
#include "wd_zlib.h"

#define WD_ZLIB_HISTORY		(32U << 10)
#define WD_ZLIB_STAGE		(128U << 10)
#define WD_ZLIB_PIECE		(1U << 20)	/* of what needs no stage */
#define WD_ZLIB_OUT		(WD_ZLIB_STAGE + WD_ZLIB_STAGE / 4 + 1024)
#define WD_ZLIB_LOG_MAX		(8U << 20)
#define WD_ZLIB_LOG_PIECE	(32U << 10)
#define WD_ZLIB_CHANS		4

/**
 * struct wd_zlib_chan - a channel that streams share
 * @base:  a context that holds it
 * @users: streams on it
 * @dead:  it failed
 * @lost:  somebody closed its file
 * @dev:   of the file, to tell it from what the program may open under its number
 * @ino:   likewise
 */
struct wd_zlib_chan {
	struct wd_comp_ctx base;
	unsigned int users;
	atomic_bool dead;
	atomic_bool lost;
	dev_t dev;
	ino_t ino;
};

/**
 * struct wd_zlib - see <wd_zlib.h>
 * @calls:      the library's functions
 * @flags:      WD_ZLIB_*
 * @min_len:    of a stream's first data
 * @fork_lock:  held for reading inside libwd, so that fork() finds none of its locks taken
 * @generation: counts forks on the way to this process
 * @lock:       guards all below but the counters
 * @chans:      the channels that were opened
 * @nchans:     how many
 * @hopeless:   this process gets no device
 * @look_again: when to look for one that lets us in
 * @live:       streams on all of them
 * @deflate_streams: and so on: struct wd_zlib_stats
 */
struct wd_zlib {
	struct wd_zlib_calls calls;
	unsigned int flags;
	size_t min_len;
	pthread_rwlock_t fork_lock;
	unsigned int generation;
	pthread_mutex_t lock;
	struct wd_zlib_chan *chans[WD_ZLIB_CHANS];
	unsigned int nchans;
	bool hopeless;
	int64_t look_again;
	unsigned int live;
	atomic_ullong deflate_streams;
	atomic_ullong deflate_in;
	atomic_ullong inflate_streams;
	atomic_ullong inflate_out;
	atomic_ullong handed_back;
};

/* The part of a stream that a device runs. */
struct wd_zlib_work {
	struct wd_comp_ctx ctx;
	struct wd_zlib_chan *chan;	/* NULL: there is none */
	unsigned int generation;
};

enum wd_zlib_phase {
	WD_ZLIB_IDLE,		/* no data yet: who runs it is open */
	WD_ZLIB_DEVICE,		/* deflate: or nobody yet, all input is in the stage */
	WD_ZLIB_OWN,		/* the library does; what was left over goes first */
};

/* A piece of compressed input that was given to the device. */
struct wd_zlib_piece {
	struct wd_zlib_piece *next;
	unsigned int len;
	unsigned char data[WD_ZLIB_LOG_PIECE];
};

/**
 * struct wd_zlib_loan - z_stream.state of a stream of ours
 * @strm:   back to it; where zlib has the same pointer
 * @magic:  WD_ZLIB_MAGIC. zlib has its status there, zlib-ng a pointer, which this is not
 * @wz:     the object
 * @own:    z_stream.state for the library
 * @dir:    the direction
 * @phase:  who runs it
 * @pinned: the library does, also after a reset
 * @work:   on the device
 * @wrap:   WD_RAW, WD_ZLIB, WD_GZIP; -1: inflate tells by the header
 * @can:    parameters of the stream allow a device
 * @check:  Adler-32 or CRC-32 of the plain data so far
 * @ended:  the device has seen all of the stream
 *
 * Deflate:
 * @level:      compression level
 * @window:     log2 of the window
 * @last_flush: as zlib keeps it: -1 where the output was full, -2 in the beginning
 * @done_flush: the flush that the last call asked for and got, Z_NO_FLUSH: none
 * @begun:      the device has got data
 * @buf:        history and, behind it, the stage
 * @hist_len:   bytes of history, at the end of its part of @buf
 * @staged:     bytes in the stage
 * @stage_check: @check with what is in the stage
 * @out:        output that found no room yet (inflate: a byte)
 * @out_pos:    the first byte of it
 * @out_len:    where it ends
 *
 * Inflate:
 * @window_bits: as the stream was made
 * @log:     input that the device got
 * @tail:    its last piece
 * @log_len: its length
 * @out_sum: output so far
 * @ahead:   the device has a byte of input that the program believes to be left
 * @lost:    the library does not find in @log what the device found
 * @rest:    the piece of @log that the library gets next
 * @rest_pos: where in it
 */
struct wd_zlib_loan {
	z_streamp strm;
	uint64_t magic;
	struct wd_zlib *wz;
	struct internal_state *own;
	enum wd_comp_dir dir;
	enum wd_zlib_phase phase;
	bool pinned;
	struct wd_zlib_work work;
	int wrap;
	bool can;
	uLong check;
	bool ended;

	int level;
	int window;
	int last_flush;
	int done_flush;
	bool begun;
	unsigned char *buf;
	unsigned int hist_len;
	unsigned int staged;
	uLong stage_check;
	unsigned char *out;
	unsigned int out_pos;
	unsigned int out_len;

	int window_bits;
	struct wd_zlib_piece *log;
	struct wd_zlib_piece *tail;
	size_t log_len;
	uint64_t out_sum;
	bool ahead;
	bool lost;
	struct wd_zlib_piece *rest;
	unsigned int rest_pos;
};

/* What a call sets aside while it feeds a stream of the library's itself. */
struct wd_zlib_aside {
	z_const Bytef *next_in;
	uInt avail_in;
	Bytef *next_out;
	uInt avail_out;
	uLong total_in;
	uLong total_out;
	z_const char *msg;
};

struct wd_zlib_aside wd_zlib_set_aside(const z_stream *strm);
void wd_zlib_restore(z_streamp strm, const struct wd_zlib_aside *aside);

/* The state of @strm where it is ours and of this direction (WD_COMP_NONE: of any). */
struct wd_zlib_loan *wd_zlib_state(z_streamp strm, enum wd_comp_dir dir);

/* Put a fresh stream of the library's under ours. NULL: it stays the library's. */
struct wd_zlib_loan *wd_zlib_wrap(struct wd_zlib *wz, z_streamp strm, enum wd_comp_dir dir);

/* The opposite: @strm is the library's again, and all that was ours is freed. */
void wd_zlib_unwrap(z_streamp strm, struct wd_zlib_loan *s);

void *wd_zlib_alloc(z_streamp strm, size_t size);
void wd_zlib_release(z_streamp strm, void *p);

/* Return @ret with zlib's text for it. */
int wd_zlib_error(z_streamp strm, int ret);

/* A context on a shared channel. Return: false where there is none. */
bool wd_zlib_work_begin(struct wd_zlib *wz, struct wd_zlib_work *work, enum wd_comp_dir dir,
			const struct wd_comp_ctx *like);
/* Run work->ctx. Return: as wd_alg_deflate(). */
int wd_zlib_work_run(struct wd_zlib *wz, struct wd_zlib_work *work, enum wd_comp_dir dir);
void wd_zlib_work_end(struct wd_zlib *wz, struct wd_zlib_work *work);

/* This thread is inside libwd, which asks zlib for something. */
bool wd_zlib_inside(void);

/* Make the library's stream what ours would be; from then on it runs the stream. */
void wd_zlib_deflate_over(z_streamp strm, struct wd_zlib_loan *s);
void wd_zlib_inflate_over(z_streamp strm, struct wd_zlib_loan *s);

#define WD_ZLIB_TRAILER		8U	/* at most */
#define WD_ZLIB_MARKER		5U

/* Header and trailer of the stream's format. Return: bytes. */
size_t wd_zlib_put_header(const struct wd_zlib_loan *s, Bytef *dst);
size_t wd_zlib_put_trailer(const struct wd_zlib_loan *s, uLong check, uLong total, Bytef *dst);

/* What ends a flush: WD_ZLIB_MARKER bytes. */
void wd_zlib_put_marker(Bytef *dst);

/* A piece in stored blocks, and how long it is so. */
void wd_zlib_put_stored(Bytef *dst, const Bytef *p, size_t n, int flush);
size_t wd_zlib_stored_len(size_t n, int flush);

/* Z_TEXT or Z_BINARY, as zlib guesses it. */
int wd_zlib_guess_type(const Bytef *p, size_t n);

/* Drop the log of an inflate stream. */
void wd_zlib_log_free(z_streamp strm, struct wd_zlib_loan *s);

#endif
