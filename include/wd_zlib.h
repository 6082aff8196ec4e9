/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd for libraries that offer zlib's interface: they hand their streams over, and
 * libwd runs on a device what one can do and gives back to them what none can.
 *
 *	struct wd_zlib *wz = wd_zlib_new(&calls, 0, 0);
 *
 *	ret = wd_zlib_deflate_init(wz, strm, level, Z_DEFLATED, windowBits, memLevel,
 *				   strategy, version, stream_size);
 *	ret = wd_zlib_deflate(wz, strm, flush);
 *	ret = wd_zlib_deflate_end(wz, strm);
 *
 * All calls take and return what zlib's of the same name do, and fill in the z_stream
 * in the same way. They take streams of the library itself as well, and pass them on.
 *
 * Behind each stream is one that the library made. A stream begins on a device with its
 * first data, where windowBits, level and strategy allow and there is enough of it; what was
 * done to the stream before, such as a preset dictionary, is done to the library's own, which
 * runs it then. Later a stream can go over to the library at any byte: when a call comes
 * that no device knows (wd_zlib_lend()), when the device fails or is gone, and in the child
 * of a fork. For that libwd keeps 32 KiB of a deflate stream, and all compressed data of an
 * inflate stream; one that grows longer than 8 MiB goes over to the library.
 *
 * What comes out of deflate is valid for every decompressor, but not the same bytes as
 * zlib's. Input is gathered up to 128 KiB before the device gets it.
 *
 * Memory comes from the z_stream's zalloc, what a channel needs from malloc.
 *
 * Threads: a stream is used by one thread at a time, a struct wd_zlib by any number.
 */
#ifndef WD_ZLIB_H
#define WD_ZLIB_H

#include <stdint.h>
#include <zlib.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* wd_zlib_new() */
#define WD_ZLIB_SOFTWARE	(1U << 0)	/* libwd's software driver is the device */

/* wd_zlib_lend() */
#define WD_ZLIB_PEEK		(1U << 0)	/* the call changes nothing */

struct wd_zlib;
struct wd_zlib_loan;

/**
 * struct wd_zlib_calls - the library's own functions, none of them NULL
 *
 * They are called with streams that the library made. They must not come back to libwd with
 * such a stream other than to have it passed on.
 */
struct wd_zlib_calls {
	int (*deflate_init)(z_streamp strm, int level, int method, int window_bits, int mem_level,
			    int strategy, const char *version, int stream_size);
	int (*deflate)(z_streamp strm, int flush);
	int (*deflate_reset)(z_streamp strm);
	int (*deflate_copy)(z_streamp dest, z_streamp source);
	int (*deflate_end)(z_streamp strm);
	int (*inflate_init)(z_streamp strm, int window_bits, const char *version, int stream_size);
	int (*inflate)(z_streamp strm, int flush);
	int (*inflate_reset)(z_streamp strm);
	int (*inflate_reset2)(z_streamp strm, int window_bits);
	int (*inflate_copy)(z_streamp dest, z_streamp source);
	int (*inflate_end)(z_streamp strm);
	uLong (*adler32)(uLong adler, const Bytef *buf, uInt len);
	uLong (*crc32)(uLong crc, const Bytef *buf, uInt len);
};

/**
 * struct wd_zlib_stats - what ran where
 * @deflate_streams: streams of which a device did a part
 * @deflate_in:      bytes that devices compressed
 * @inflate_streams: likewise
 * @inflate_out:     bytes that devices decompressed
 * @handed_back:     streams that went over to the library when they had begun on a device
 */
struct wd_zlib_stats {
	uint64_t deflate_streams;
	uint64_t deflate_in;
	uint64_t inflate_streams;
	uint64_t inflate_out;
	uint64_t handed_back;
};

/**
 * wd_zlib_new() - what the streams of a process have in common
 * @calls:   copied
 * @flags:   WD_ZLIB_SOFTWARE or 0
 * @min_len: streams with less data in the beginning are the library's; 0: 4096 bytes
 *
 * Opens nothing: the channels, a few for all streams, are opened when they are needed.
 *
 * Return: the object, or NULL: there is no memory, or an argument is wrong.
 */
struct wd_zlib *wd_zlib_new(const struct wd_zlib_calls *calls, unsigned int flags,
			    size_t min_len);

/**
 * wd_zlib_free() - the opposite
 * @wz: has no stream any more; NULL is ignored
 */
void wd_zlib_free(struct wd_zlib *wz);

/**
 * wd_zlib_get_stats() - what ran where, since wd_zlib_new()
 * @wz:    the object
 * @stats: filled in
 */
void wd_zlib_get_stats(struct wd_zlib *wz, struct wd_zlib_stats *stats);

/*
 * To be called around fork(), as pthread_atfork() does it. The child then has channels of
 * its own, and streams that had begun in the parent go on in both.
 */
void wd_zlib_fork_prepare(struct wd_zlib *wz);
void wd_zlib_fork_parent(struct wd_zlib *wz);
void wd_zlib_fork_child(struct wd_zlib *wz);

/* deflateInit2_() */
int wd_zlib_deflate_init(struct wd_zlib *wz, z_streamp strm, int level, int method,
			 int window_bits, int mem_level, int strategy, const char *version,
			 int stream_size);
int wd_zlib_deflate(struct wd_zlib *wz, z_streamp strm, int flush);
int wd_zlib_deflate_reset(struct wd_zlib *wz, z_streamp strm);
int wd_zlib_deflate_copy(struct wd_zlib *wz, z_streamp dest, z_streamp source);
int wd_zlib_deflate_end(struct wd_zlib *wz, z_streamp strm);

/* inflateInit2_() */
int wd_zlib_inflate_init(struct wd_zlib *wz, z_streamp strm, int window_bits,
			 const char *version, int stream_size);
int wd_zlib_inflate(struct wd_zlib *wz, z_streamp strm, int flush);
int wd_zlib_inflate_reset(struct wd_zlib *wz, z_streamp strm);
int wd_zlib_inflate_reset2(struct wd_zlib *wz, z_streamp strm, int window_bits);
int wd_zlib_inflate_copy(struct wd_zlib *wz, z_streamp dest, z_streamp source);
int wd_zlib_inflate_end(struct wd_zlib *wz, z_streamp strm);

/**
 * wd_zlib_lend() - let a function of the library work on a stream
 * @wz:    the object
 * @strm:  any z_stream, NULL as well
 * @flags: WD_ZLIB_PEEK or 0
 *
 * For every function that is not above: dictionaries, deflateParams(), gzip headers,
 * inflateSync() and so on. From here to wd_zlib_take_back() @strm is a stream of the
 * library, in the state that all calls before would have brought it to, and stays the
 * library's until it is reset, or, where something may have been set that outlives a
 * reset, for ever. With WD_ZLIB_PEEK it is a fresh stream of the same parameters, and
 * goes on as if nothing had happened.
 *
 * Return: what wd_zlib_take_back() wants, NULL where the stream is the library's own.
 */
struct wd_zlib_loan *wd_zlib_lend(struct wd_zlib *wz, z_streamp strm, unsigned int flags);

/**
 * wd_zlib_held() - output that comes before what the library holds
 * @loan: of wd_zlib_lend() without WD_ZLIB_PEEK for a deflate stream, or NULL
 *
 * A function that writes to the stream's output must only be called where this is 0.
 *
 * Return: bytes that the next wd_zlib_deflate() gives out first.
 */
unsigned int wd_zlib_held(const struct wd_zlib_loan *loan);

/**
 * wd_zlib_drain() - give them out
 * @strm: a stream that is lent
 * @loan: of it, or NULL
 *
 * Return: bytes that are left, since the output has no more room.
 */
unsigned int wd_zlib_drain(z_streamp strm, struct wd_zlib_loan *loan);

/**
 * wd_zlib_take_back() - the end of wd_zlib_lend()
 * @strm: the stream
 * @loan: what wd_zlib_lend() returned
 */
void wd_zlib_take_back(z_streamp strm, struct wd_zlib_loan *loan);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
