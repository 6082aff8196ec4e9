/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: compression and decompression.
 *
 * Formats: raw deflate (RFC 1951), zlib (RFC 1950), gzip (RFC 1952), LZ4 blocks and
 * frames, Zstandard (RFC 8878).
 *
 *	struct wd_comp_ctx ctx = {
 *		.alg_type = WD_GZIP, .comp_level = WD_LEVEL_DEFAULT,
 *		.stream_mode = WD_STATELESS,
 *	};
 *	int ret = wd_alg_comp_init(&ctx);
 *
 *	ctx.in = data;		ctx.in_len = size;
 *	ctx.out = buffer;	ctx.out_len = room;
 *	ret = wd_alg_deflate(&ctx);
 *	if (ret == WD_STREAM_END)
 *		write(fd, buffer, ctx.produced);
 *	wd_alg_comp_exit(&ctx);
 *
 * The library finds the best vendor driver that has a device present, and takes
 * the software driver where there is none; the application names neither.
 *
 * Threads: one context, one thread at a time. Different contexts may be used at
 * the same time, also when they share a channel.
 */
#ifndef WD_COMP_H
#define WD_COMP_H

#include <stddef.h>
#include <stdint.h>

#include "wd.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* wd_comp_ctx.alg_type */
#define WD_RAW			0
#define WD_ZLIB			1
#define WD_GZIP			2
#define WD_LZ4_BLOCK		3	/* without a frame: no stream, stateless only */
#define WD_LZ4_FRAME		4	/* what lz4(1) reads and writes */
#define WD_ZSTD			5

/* wd_comp_ctx.stream_mode */
#define WD_STATELESS		0	/* a call is a whole stream */
#define WD_STATEFUL		1	/* a stream is any number of calls */

/* wd_comp_ctx.flush_type */
#define WD_NO_FLUSH		0	/* output may be held back */
#define WD_SYNC_FLUSH		1	/* all of it comes out, on a byte boundary */
#define WD_FULL_FLUSH		2	/* the same, and later data refers to none of it */
#define WD_FINISH		3	/* the input ends here */
#define WD_INVALID_FLUSH	4	/* the first value that is none */

/* wd_comp_ctx.comp_level */
#define WD_LEVEL_DEFAULT	(-1)	/* 6 */
#define WD_ZSTD_LEVEL_MAX	15

/* wd_comp_ctx.flags */
#define WD_COMP_F_SOFTWARE	(1U << 0)	/* use no device, for comparison */

/* Returned by the calls below: the end of the stream is in the output. */
#define WD_STREAM_END		1

struct wd_alg_comp;

/**
 * struct wd_comp_ctx - a compression context, allocated by the application
 * @ch:          the channel. NULL: wd_alg_comp_init() opens one. Another
 *               context's @ch, or one of wd_request_channel(): this context
 *               shares it.
 * @in:          the input of the next call; not changed, not written to
 * @out:         where the output of the next call goes; not changed
 * @in_len:      bytes at @in; may be 0, any size
 * @out_len:     room at @out in bytes
 * @consumed:    result: bytes of @in that were used
 * @produced:    result: bytes that were written to @out
 * @checksum:    result at the end of a stream: CRC-32 (gzip), Adler-32 (zlib) or
 *               XXH32 (LZ4 frame, if it has one) of the plain data; else 0
 * @fault_addr:  result of -EFAULT: the address the device could not use
 * @window_size: log2 of the window in bytes, 9 to 15; 0: 15, and for inflate
 *               whatever the stream says. 8 is taken as 9 (as zlib does).
 *               An inflate window smaller than the stream's gives -EBADMSG.
 *               LZ4 and Zstandard: 0.
 * @alg_type:    WD_RAW, WD_ZLIB, WD_GZIP, WD_LZ4_BLOCK, WD_LZ4_FRAME or WD_ZSTD
 * @comp_level:  0 (stored) to 9 (best), or WD_LEVEL_DEFAULT. Mind that the 0 of
 *               a zeroed structure means stored. LZ4: 0 to 2 are the same. Zstandard:
 *               1 to WD_ZSTD_LEVEL_MAX; 0 is taken as 1.
 * @stream_mode: WD_STATELESS or WD_STATEFUL; WD_LZ4_BLOCK: WD_STATELESS
 * @new_stream:  set it to 1 to drop the stream that was begun and begin another
 *               with the next call. The library sets it to 0 when a stream has
 *               begun and to 1 when it has ended.
 * @flush_type:  of the next deflate call, stateful only; inflate and stateless
 *               calls do not look at it
 * @flags:       WD_COMP_F_*
 * @private:     the vendor driver's
 * @vendor:      the vendor driver; use wd_comp_vendor_name() to show it
 * @lib:         the library's
 * @reserved:    zero
 *
 * Zero it, set what is wanted, call wd_alg_comp_init(). @alg_type, @ch and
 * @flags are fixed from then on; @window_size, @comp_level and @stream_mode may
 * be changed and are looked at when a stream begins; the others belong to a
 * call. While an asynchronous call runs the whole structure and both buffers
 * belong to the library.
 */
struct wd_comp_ctx {
	struct wd_chan *ch;
	const void *in;
	void *out;
	size_t in_len;
	size_t out_len;
	size_t consumed;
	size_t produced;
	uint32_t checksum;
	unsigned int flags;
	void *fault_addr;
	int window_size;
	int alg_type;
	int comp_level;
	int stream_mode;
	int new_stream;
	int flush_type;
#ifdef __cplusplus
	void *private_;
#else
	void *private;
#endif
	const struct wd_alg_comp *vendor;
	void *lib;
	uint64_t reserved[4];
};

/**
 * typedef wd_comp_cb_t - called when asynchronous work is done
 * @ctx: the context; its results are filled in and it may be used for the next
 *       call already in here
 * @ret: what the synchronous call would have returned
 * @arg: what was given at the start
 *
 * Runs in wd_poll() or in the library's thread (wd_async_thread_start()), with
 * no lock held. It may start further calls, also on @ctx. It must not call
 * wd_poll() on the same channel or wd_alg_comp_exit(), and it delays all other
 * callbacks of the channel for as long as it takes.
 */
typedef void (*wd_comp_cb_t)(struct wd_comp_ctx *ctx, int ret, void *arg);

/**
 * wd_alg_comp_init() - make a context ready
 * @ctx: the context
 *
 * Asks the vendor drivers in the order of their priority and takes the first
 * that has a device with the format in its "algorithms", an instance free, and
 * that lets the caller in. The software driver is the last and always there.
 * Where @ctx->ch is set, takes the driver that runs that channel or can run it.
 *
 * WD_LEVEL_DEFAULT and a window of 0 or 8 are replaced by what they mean, here or
 * when a stream begins.
 *
 * Return: 0, or -EINVAL (a field is out of range; @ctx is in use; @ctx->ch is
 * not open), -ENODEV (no driver can run the @ctx->ch given), or why its driver
 * could not start it; -EPERM (that channel belongs to a parent process), -ENOMEM.
 */
int wd_alg_comp_init(struct wd_comp_ctx *ctx);

/**
 * wd_alg_comp_exit() - end a context
 * @ctx: the context; one that is not initialised is ignored
 *
 * Drops a stream that has not ended and gives the channel back; a channel that
 * the library opened is closed with its last context. An asynchronous call that
 * runs is waited for, its callback does not run any more. Not from a callback.
 * The memory of @ctx stays the caller's and may be initialised again.
 */
void wd_alg_comp_exit(struct wd_comp_ctx *ctx);

/**
 * wd_alg_deflate() - compress
 * @ctx: the context, with in, in_len, out, out_len and flush_type set
 *
 * Blocks until the device is done. Input longer than what the device takes at
 * once is handed over in pieces, and comes out as one stream. Data is copied on the
 * way only where the device cannot reach it (<wd.h>, wd_get_mem_stats()).
 *
 * Stateless: the input is a whole stream. After -ENOSPC the stream goes on with
 * the next call, with the rest of the input, until WD_STREAM_END.
 * Stateful: the stream ends with the call that has WD_FINISH (and its
 * repetitions after -ENOSPC). An empty stream is legal: WD_FINISH with no input.
 * After the end, the next call begins a new stream.
 * LZ4 block: after -ENOSPC nothing was done: call again with all of the input and
 * more room. LZ4 frames are of independent blocks of 64 KiB, those and Zstandard's
 * have a check sum; WD_FULL_FLUSH is WD_SYNC_FLUSH in Zstandard.
 *
 * Return: 0 all input was taken, all output that the flush type demands is out;
 * WD_STREAM_END likewise, and the stream is complete; or
 *   -ENOSPC  the output is full: @ctx->consumed and produced are valid; call
 *            again with the rest of the input (maybe none), more room, and the
 *            same flush type. This is also the answer to an out_len of 0.
 *   -EINVAL  an argument is wrong; nothing happened
 *   -EBUSY   an asynchronous call of this context runs; nothing happened
 *   -EPERM   the context belongs to a parent process
 *   -EFAULT  @ctx->fault_addr is no memory that the device can use this way
 *   -EIO     the device stopped the channel
 *   -ENXIO   the device is gone
 *   -ENOMEM  the software driver found no memory, or there is none through which
 *            the device could be given what it cannot reach
 * After any of the last four the stream is lost (@ctx->consumed and produced
 * count what was done before). A stateful context then returns the same error
 * until new_stream is set; a stateless one begins a new stream anyway.
 */
int wd_alg_deflate(struct wd_comp_ctx *ctx);

/**
 * wd_alg_inflate() - decompress
 * @ctx: the context, with in, in_len, out and out_len set
 *
 * Like wd_alg_deflate(). Takes one stream: WD_STREAM_END comes at its end, and
 * @ctx->consumed tells where in the input that is. What follows there (another
 * gzip member, say) is the caller's: call again with the rest of the input, the
 * next call begins a new stream. A checksum or length that does not fit is -EBADMSG.
 * A frame that LZ4 and Zstandard have to be skipped is a stream of no data. LZ4's
 * legacy frames are -EBADMSG.
 *
 * A stream that is cut off never gives WD_STREAM_END: a stateful call returns 0
 * and expects more, a stateless one returns -EBADMSG, since there is no more.
 *
 * Return: as wd_alg_deflate(), 0 meaning that all input was taken and more is
 * expected, and
 *   -EBADMSG  the data is no valid stream; what was produced before is valid
 *             output of a stream that is not
 *   -ENOTSUP  a stream that needs a preset dictionary
 * The stream is lost after both.
 */
int wd_alg_inflate(struct wd_comp_ctx *ctx);

/**
 * wd_alg_async_deflate() - compress, without waiting
 * @ctx:      the context, as for wd_alg_deflate()
 * @callback: called with the result when the work is done
 * @arg:      for @callback
 *
 * Returns at once. The callback runs from wd_poll() on @ctx->ch or from the
 * library's thread of that channel, never from inside this call. A context runs
 * one call at a time: use several (on one channel) to have more in flight.
 *
 * Return: 0 the callback will be called, once; or it will not:
 *   -EAGAIN  the channel has no place left, or no memory for copies: wd_poll() and
 *            try again
 *   -EINVAL, -EBUSY, -EPERM, -EIO, -ENXIO, -ENOMEM as wd_alg_deflate()
 */
int wd_alg_async_deflate(struct wd_comp_ctx *ctx, wd_comp_cb_t callback,
			 void *arg);

/**
 * wd_alg_async_inflate() - decompress, without waiting
 * @ctx:      the context, as for wd_alg_inflate()
 * @callback: called with the result when the work is done
 * @arg:      for @callback
 *
 * Return: as wd_alg_async_deflate().
 */
int wd_alg_async_inflate(struct wd_comp_ctx *ctx, wd_comp_cb_t callback,
			 void *arg);

/**
 * wd_comp_vendor_name() - what does the work of this context?
 * @ctx: the context
 *
 * A context that has a device may still run a stream in software, when the
 * device or the channel has no room for another stream; this tells what the
 * present stream runs on.
 *
 * Return: a constant string, "native", "software" or the name that a vendor
 * driver registered; "none" where the context is not initialised.
 */
const char *wd_comp_vendor_name(const struct wd_comp_ctx *ctx);

/* ------------------------------------------------------------------ */
/* For people who write a vendor driver.                               */

/**
 * struct wd_alg_comp - a vendor's implementation
 * @name:     not NULL, not empty, unique
 * @priority: higher is asked first; "native" has 100, "software" 0
 * @init:     take the context: open a channel or join @ctx->ch (with its own
 *            wd_chan_ops in @ctx->ch->ops), set @ctx->private. -EINVAL and
 *            -ENOMEM end wd_alg_comp_init(); any other error means that the
 *            next driver is asked. -ENODEV: no device, or @ctx->ch is another
 *            driver's.
 * @exit:     the opposite; no call runs
 * @deflate:  as wd_alg_deflate(). The library has checked all arguments,
 *            resolved defaults (comp_level and window_size are in range;
 *            window_size 0 comes with inflate and means the header's, and
 *            where a format has none),
 *            zeroed the results, and set @ctx->new_stream to 1 exactly where a
 *            stream begins. A stateless call has @ctx->flush_type WD_FINISH.
 * @inflate:  as wd_alg_inflate(), likewise; 0 with an unfinished stateless
 *            stream is turned into -EBADMSG by the library
 * @async_deflate: start, and call wd_comp_done() later from the @poll of the
 *            channel's wd_chan_ops; NULL: asynchronous calls give -ENOTSUP
 * @async_inflate: likewise
 * @cancel:   forget an asynchronous call that runs: wait until the device does
 *            not touch the buffers any more; wd_comp_done() is not called for it
 *            later. NULL where there is no @async_deflate.
 * @running_on: name of what the present stream runs on; NULL: always @name
 *
 * Belongs to the vendor and must stay as it is while registered or in use.
 */
struct wd_alg_comp {
	const char *name;
	int priority;
	int (*init)(struct wd_comp_ctx *ctx);
	void (*exit)(struct wd_comp_ctx *ctx);
	int (*deflate)(struct wd_comp_ctx *ctx);
	int (*inflate)(struct wd_comp_ctx *ctx);
	int (*async_deflate)(struct wd_comp_ctx *ctx);
	int (*async_inflate)(struct wd_comp_ctx *ctx);
	void (*cancel)(struct wd_comp_ctx *ctx);
	const char *(*running_on)(const struct wd_comp_ctx *ctx);
};

/**
 * wd_alg_comp_register() - add a vendor's implementation
 * @vendor_comp: the implementation
 *
 * For contexts that are initialised from now on. Any thread.
 *
 * Return: 0, -EINVAL (a member is missing), -EEXIST (the name is taken),
 * -ENOSPC (too many vendors).
 */
int wd_alg_comp_register(const struct wd_alg_comp *vendor_comp);

/**
 * wd_alg_comp_unregister() - remove a vendor's implementation
 * @vendor_comp: as registered
 *
 * Any thread.
 *
 * Return: 0, -ENOENT (not registered), -EBUSY (a context uses it). The two that
 * the library brings along can be removed as well, and registered again.
 */
int wd_alg_comp_unregister(const struct wd_alg_comp *vendor_comp);

/**
 * wd_comp_done() - tell that an asynchronous call is done
 * @ctx: the context, with consumed, produced and the other results filled in
 * @ret: what the synchronous call would have returned
 *
 * Called by a vendor driver from its @poll, with no lock held; runs the
 * application's callback. The driver must not touch @ctx after it.
 */
void wd_comp_done(struct wd_comp_ctx *ctx, int ret);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
