/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: requests to a device. What <wd_cipher.h>, <wd_aead.h>, <wd_digest.h>, <wd_dma.h>
 * and <wd_pack.h> have in common.
 *
 * A context is an algorithm, maybe a key, and a channel. A request is one piece of work for a
 * context: a call of one of the five headers prepares it, wd_alg_run() runs it and
 * waits, wd_alg_submit() starts many with one doorbell.
 *
 *	struct wd_alg_ctx ctx = { .alg = "cbc(aes)" };
 *	struct wd_request req;
 *	int ret = wd_alg_init(&ctx);
 *
 *	ret = wd_alg_set_key(&ctx, key, 32);
 *	wd_prep_encrypt(&req, data, data, size, iv);
 *	ret = wd_alg_run(&ctx, &req);
 *	wd_alg_exit(&ctx);
 *
 * Algorithms have the names that the kernel's crypto API and the sysfs attribute
 * "algorithms" give them. The library finds the best vendor driver that has a device for
 * one, and takes the software driver where there is none.
 *
 * A device has so many keys and streams for a channel, and so much memory. What it has no room
 * for, the library does in software, unless the context says otherwise (WD_ALG_F_DEVICE):
 *
 *  - with a context whose key the device did not take: all that is done with that key;
 *  - a digest's stream that finds no place when it begins: all of it;
 *  - another request that is too large for what the library can reserve, where the device does
 *    not reach the memory of the process (<wd.h>), or that the device refused for lack of
 *    memory before it wrote anything. Only what is worked on as a whole can be too large: a message
 *    of an authenticated cipher, a unit of XTS, compression. All else is done in pieces.
 *
 * A stream that the device has stays there. wd_alg_get_stats() tells how much it was. In
 * software, memory that is not there ends the process, as it does everywhere in a program.
 *
 * Threads: wd_alg_run() and wd_alg_submit() may be called for one context by many threads
 * at the same time, with different requests; the other calls for a context by one
 * thread, while no other is in a call for it. Different contexts are independent, also when they
 * share a channel. The requests of a digest's stream are one thread's at a time.
 */
#ifndef WD_ALG_H
#define WD_ALG_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "wd.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* wd_alg_ctx.flags */
#define WD_ALG_F_SOFTWARE	(1U << 0)	/* use no device, for comparison */
#define WD_ALG_F_DEVICE		(1U << 1)	/* a device or nothing: the error instead of software */

struct wd_alg_vendor;
struct wd_request;

/**
 * struct wd_alg_ctx - a context, allocated by the application
 * @ch:       the channel. NULL: wd_alg_init() opens one. Another context's @ch, or one
 *            of wd_request_channel(): this context shares it.
 * @alg:      name of the algorithm, see the header of its kind. Copied by nobody: it
 *            must stay until wd_alg_exit(); a string constant, usually.
 * @tag_len:  authenticated ciphers: bytes of the tag; 0: 16
 * @flags:    WD_ALG_F_*
 * @private:  the vendor driver's
 * @vendor:   the vendor driver; use wd_alg_vendor_name() to show it
 * @lib:      the library's
 * @reserved: zero
 *
 * Zero it, set what is wanted, call wd_alg_init(). Nothing is changed by the application
 * from then on.
 */
struct wd_alg_ctx {
	struct wd_chan *ch;
	const char *alg;
	unsigned int tag_len;
	unsigned int flags;
#ifdef __cplusplus
	void *private_;
#else
	void *private;
#endif
	const struct wd_alg_vendor *vendor;
	void *lib;
	uint64_t reserved[4];
};

/* What a request does; the calls wd_prep_*() set it. */
enum wd_what {
	WD_ENCRYPT = 1,		/* <wd_cipher.h>, <wd_aead.h> */
	WD_DECRYPT,
	WD_DIGEST,		/* <wd_digest.h> */
	WD_DIGEST_UPDATE,
	WD_DIGEST_END,
	WD_COPY,		/* <wd_dma.h> */
	WD_FILL,
	WD_COMPARE,
	WD_COMPARE_FILL,
	WD_DUALCAST,
	WD_COPY_CRC,
	WD_XOR,
	WD_DIF_INSERT,
	WD_DIF_VERIFY,
	WD_DIF_STRIP,
	WD_DIF_UPDATE,
	WD_DIX_GENERATE,
	WD_DIX_VERIFY,
	WD_COMPRESS,		/* <wd_pack.h> */
	WD_DECOMPRESS,
};

/**
 * typedef wd_request_cb_t - called when a request that was submitted is done
 * @req: the request, with its results; it may be used for the next one already in here
 *
 * Runs in wd_poll() or in the library's thread (wd_async_thread_start()), with no lock
 * held. It may submit further requests. It must not call wd_poll() on the same channel or
 * wd_alg_exit(), and it delays all other callbacks of the channel for as long as it takes.
 */
typedef void (*wd_request_cb_t)(struct wd_request *req);

/**
 * struct wd_operand - memory that a request works on
 * @base: address
 * @len:  bytes
 * @iov:  NULL, or the parts of the operand: then @base is not looked at, and @len is the
 *        sum of their lengths. Belongs to the library until the request is done.
 * @iovcnt: number of parts
 */
struct wd_operand {
	void *base;
	size_t len;
	const struct iovec *iov;
	unsigned int iovcnt;
};

/**
 * struct wd_dif - T10 protection information, for the requests of <wd_dma.h> about it
 * @type:     1, 2 or 3
 * @checks:   verify: WD_DIF_CHECK_* of what is to be checked
 * @block:    bytes of data in a block: 512 or 4096
 * @app_tag:  application tag
 * @app_mask: verify: its bits that are checked
 * @ref_tag:  reference tag of the first block
 * @new_app_tag: WD_DIF_UPDATE: tag that is written
 * @new_ref_tag: WD_DIF_UPDATE: likewise
 */
struct wd_dif {
	unsigned int type;
	unsigned int checks;
	unsigned int block;
	uint16_t app_tag;
	uint16_t app_mask;
	uint32_t ref_tag;
	uint16_t new_app_tag;
	uint32_t new_ref_tag;
};

#define WD_DIF_CHECK_GUARD	(1U << 0)
#define WD_DIF_CHECK_APP	(1U << 1)
#define WD_DIF_CHECK_REF	(1U << 2)

/**
 * struct wd_request - a request, allocated by the application
 * @what:       WD_ENCRYPT and so on
 * @src:        its source
 * @dst:        its destination; WD_COMPARE: the second source
 * @iv:         ciphers: initialisation vector, 16 bytes, or NULL where there is none; the
 *              vector to go on with is put there at the end (CBC, CTR, ChaCha20).
 *              Authenticated ciphers: nonce; not changed.
 * @iv_len:     authenticated ciphers: bytes of @iv
 * @unit:       XTS: bytes of a data unit, 0: all is one
 * @aad:        authenticated ciphers: associated data
 * @tag:        authenticated ciphers: the tag, written or read
 * @pattern:    WD_FILL, WD_COMPARE_FILL: eight bytes, as they lie in memory
 * @crc:        WD_COPY_CRC: CRC-32C of what came before, or 0
 * @dst2:       WD_DUALCAST: the second destination
 * @srcs:       WD_XOR: addresses of the sources, each of them src.len bytes
 * @nsrcs:      WD_XOR: how many, 1 to 16
 * @dif:        requests about protection information
 * @meta:       WD_DIX_*: the protection information, eight bytes for each block
 * @level:      WD_COMPRESS: 0 to 9, or WD_LEVEL_DEFAULT
 * @callback:   of wd_alg_submit(); NULL: none is called, @ret tells
 * @arg:        the application's
 *
 * @ret:        result: as wd_alg_run() returns it; -EINPROGRESS from wd_alg_submit() until
 *              it is done
 * @produced:   result: bytes that were written to @dst, or of WD_DIX_GENERATE to @meta; with
 *              -EBADMSG for protection information, those of the blocks before that one
 * @result:     result: a CRC, or the check sum of a compressed stream; the first offset that differs, or the number of the block that
 *              is wrong where @ret says that there is one
 * @consumed:   result of WD_DECOMPRESS: bytes of @src that the stream has
 * @wrong:      result of -EBADMSG for protection information: WD_DIF_CHECK_* fields that are
 * @fault_addr: result of -EFAULT: the address that the device could not use
 * @lib:        the library's
 * @reserved:   the library's
 *
 * Prepare it with a call wd_prep_*(), which sets all of it; then set what is optional. Until
 * it is done, the whole structure and all memory that it names belong to the library.
 */
struct wd_request {
	enum wd_what what;
	struct wd_operand src;
	struct wd_operand dst;
	uint8_t *iv;
	size_t iv_len;
	size_t unit;
	struct wd_operand aad;
	uint8_t *tag;
	uint64_t pattern;
	uint32_t crc;
	struct wd_operand dst2;
	void *const *srcs;
	unsigned int nsrcs;
	struct wd_dif dif;
	struct wd_operand meta;
	int level;
	wd_request_cb_t callback;
	void *arg;

	int ret;
	size_t produced;
	size_t consumed;
	uint64_t result;
	unsigned int wrong;
	void *fault_addr;

	void *lib;
	uint64_t reserved[2];
};

/**
 * wd_alg_init() - make a context ready
 * @ctx: the context
 *
 * Asks the vendor drivers in the order of their priority and takes the first that has a
 * device with @ctx->alg in its "algorithms", an instance free, and that lets the caller
 * in. The software driver is the last and knows all algorithms of the four headers, but
 * SM3 and SM4 where libcrypto lacks them; it is not asked with WD_ALG_F_DEVICE. Where @ctx->ch is
 * set, takes the driver that runs that channel or can run it.
 *
 * Return: 0, or -EINVAL (no such algorithm; @ctx->tag_len is none of its; @ctx is in use; flags;
 * @ctx->ch is not open), -ENODEV (no driver can run the @ctx->ch given; nobody has the
 * algorithm), or why its driver could not start it; -EPERM (that channel belongs to a parent
 * process), -ENOMEM.
 */
int wd_alg_init(struct wd_alg_ctx *ctx);

/**
 * wd_alg_exit() - end a context
 * @ctx: the context; one that is not initialised is ignored
 *
 * Requests that were submitted are waited for; their callbacks do not run any more. Keys
 * are wiped. A channel that the library opened is closed with its last context. Not
 * from a callback.
 */
void wd_alg_exit(struct wd_alg_ctx *ctx);

/**
 * wd_alg_set_key() - give a context its key
 * @ctx: the context, of a cipher, an authenticated cipher or an HMAC
 * @key: the key
 * @len: its length in bytes. AES: 16, 24 or 32; XTS: twice that, 24 excepted, and its halves
 *       differ; SM4: 16; ChaCha20: 32; HMAC: 1 to 4096
 *
 * Replaces a key that was set before. No request of @ctx may be under way. The device holds it
 * where no process reads it. The library keeps a copy, in case that the software must take over,
 * and wipes it when the key is replaced and in wd_alg_exit(); with WD_ALG_F_DEVICE it keeps none.
 *
 * Return: 0, -EINVAL (a length or a key that the algorithm does not take, or it takes none),
 * -EBUSY (a request is under way), -EPERM, -EIO, -ENXIO, -ENOMEM (no memory; with
 * WD_ALG_F_DEVICE: the device has no room for another key).
 */
int wd_alg_set_key(struct wd_alg_ctx *ctx, const void *key, size_t len);

/**
 * wd_alg_run() - run a request and wait for it
 * @ctx: the context
 * @req: the request; @callback is not called
 *
 * Return: 0, and @req has the other results; 1: a comparison found a difference, at
 * @req->result; or
 *   -EINVAL   the request is none of the algorithm's, or one of its fields is out of
 *             range; nothing happened
 *   -ENOKEY   no key was set; nothing happened
 *   -EBADMSG  an authenticated cipher's tag is wrong, and nothing was written to @dst; or
 *             protection information is, or a compressed stream is none or is cut off
 *   -ENOSPC   @req->dst is too short for what compression or decompression makes
 *   -ENOTSUP  a compressed stream that needs a preset dictionary
 *   -EFAULT   @req->fault_addr is no memory that the device can use this way
 *   -EPERM    the context belongs to a parent process
 *   -EIO      the device stopped the channel
 *   -ENXIO    the device is gone
 *   -ENOMEM   there is no memory for the request itself; or there is none through which the
 *             device could be given a part of a stream that it has: the stream is as it was.
 *             With WD_ALG_F_DEVICE also where the software would have been asked: no room for
 *             what is worked on as a whole, or for another stream on the channel
 * After an error the contents of @dst are not specified, but for -EINVAL, -ENOKEY, and
 * -EBADMSG of an authenticated cipher.
 */
int wd_alg_run(struct wd_alg_ctx *ctx, struct wd_request *req);

/**
 * wd_alg_submit() - start requests, with one doorbell
 * @ctx:  the context
 * @reqs: the requests; the array is not needed when the call returns
 * @n:    how many
 *
 * Does not wait. Each request that was taken ends with its callback, which runs from
 * wd_poll() on @ctx->ch or from the library's thread of that channel, never from inside this
 * call, in the order of submission for requests of one context.
 *
 * Return: how many were taken, from the first on, which may be fewer than @n; or none was:
 *   -EAGAIN  the channel has no place left, or no memory for copies: wd_poll() and try again
 *   -EINVAL, -ENOKEY, -EPERM, -EIO, -ENXIO, -ENOMEM  as wd_alg_run(), of the first request
 */
int wd_alg_submit(struct wd_alg_ctx *ctx, struct wd_request *const *reqs, unsigned int n);

/**
 * wd_alg_vendor_name() - what does the work of this context?
 * @ctx: the context
 *
 * The driver that took it, also where that had to leave something to the software: see
 * wd_alg_get_stats().
 *
 * Return: a constant string, "native", "software" or the name that a vendor driver
 * registered; "none" where the context is not initialised.
 */
const char *wd_alg_vendor_name(const struct wd_alg_ctx *ctx);

/**
 * struct wd_alg_stats - what became of a context's requests
 * @requests: that ended, with whatever result; not those that were not taken, and not those
 *            that wd_alg_run() refused before a driver saw them
 * @software: of those, the ones that software computed
 * @reserved: zero
 */
struct wd_alg_stats {
	uint64_t requests;
	uint64_t software;
	uint64_t reserved[6];
};

/**
 * wd_alg_get_stats() - who did the work of this context?
 * @ctx:   the context
 * @stats: filled in
 *
 * Counts from wd_alg_init(). Any thread.
 *
 * Return: 0, -EINVAL (no context).
 */
int wd_alg_get_stats(struct wd_alg_ctx *ctx, struct wd_alg_stats *stats);

/* For the calls wd_prep_*(). */
static inline void wd_prep(struct wd_request *req, enum wd_what what, const void *src,
			   size_t src_len, void *dst, size_t dst_len)
{
	memset(req, 0, sizeof(*req));
	req->what = what;
	req->src.base = (void *)(uintptr_t)src;
	req->src.len = src_len;
	req->dst.base = dst;
	req->dst.len = dst_len;
}

/**
 * wd_set_iov() - an operand in many parts
 * @op:     of a request that was prepared, with NULL for an address and any length
 * @iov:    the parts; stays the caller's, and as it is until the request is done
 * @iovcnt: how many, 1 to 1024
 *
 * A part of length zero is allowed.
 */
static inline void wd_set_iov(struct wd_operand *op, const struct iovec *iov,
			      unsigned int iovcnt)
{
	unsigned int i;

	op->base = NULL;
	op->len = 0;
	op->iov = iov;
	op->iovcnt = iovcnt;
	for (i = 0; i < iovcnt; i++)
		op->len += iov[i].iov_len;
}

/* ------------------------------------------------------------------ */
/* For people who write a vendor driver.                               */

/**
 * struct wd_alg_vendor - a vendor's implementation
 * @name:     not NULL, not empty, unique
 * @priority: higher is asked first; "native" has 100, "software" 0
 * @init:     take the context: open a channel or join @ctx->ch, set @ctx->private. -EINVAL
 *            and -ENOMEM end wd_alg_init(); any other error means that the next driver is
 *            asked. -ENODEV: no device for @ctx->alg, or @ctx->ch is another driver's.
 * @exit:     the opposite; no request is under way
 * @set_key:  as wd_alg_set_key(); the length was checked
 * @run:      as wd_alg_run(). The library has checked the request against the algorithm
 *            and zeroed its results.
 * @submit:   as wd_alg_submit(), of checked requests; each that was taken ends with
 *            wd_request_done() from the @poll of the channel's wd_chan_ops
 * @cancel:   forget the requests that were submitted: wait until the device does not
 *            touch their memory any more; wd_request_done() is not called later
 * @chain:    NULL, or as wd_seq_platform.chain of <wd_seq.h>, for contexts of this driver that
 *            share a channel
 * @submit_chain: NULL, or likewise; the requests were checked when the sequence was planned,
 *            and their results are zeroed
 *
 * Belongs to the vendor and must stay as it is while registered or in use.
 */
struct wd_alg_vendor {
	const char *name;
	int priority;
	int (*init)(struct wd_alg_ctx *ctx);
	void (*exit)(struct wd_alg_ctx *ctx);
	int (*set_key)(struct wd_alg_ctx *ctx, const void *key, size_t len);
	int (*run)(struct wd_alg_ctx *ctx, struct wd_request *req);
	int (*submit)(struct wd_alg_ctx *ctx, struct wd_request *const *reqs, unsigned int n);
	void (*cancel)(struct wd_alg_ctx *ctx);
	unsigned int (*chain)(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
			      unsigned int n);
	int (*submit_chain)(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
			    unsigned int n, unsigned int *failed);
};

/**
 * wd_alg_register() - add a vendor's implementation
 * @vendor: the implementation
 *
 * For contexts that are initialised from now on. Any thread.
 *
 * Return: 0, -EINVAL (a member is missing), -EEXIST (the name is taken), -ENOSPC (too many
 * vendors).
 */
int wd_alg_register(const struct wd_alg_vendor *vendor);

/**
 * wd_alg_unregister() - remove a vendor's implementation
 * @vendor: as registered
 *
 * Any thread.
 *
 * Return: 0, -ENOENT (not registered), -EBUSY (a context uses it). The two that the
 * library brings along can be removed as well, and registered again.
 */
int wd_alg_unregister(const struct wd_alg_vendor *vendor);

/**
 * wd_request_done() - tell that a request that was submitted is done
 * @ctx: its context
 * @req: the request, with its results, but for @ret, filled in
 * @ret: what wd_alg_run() would have returned
 *
 * Called by a vendor driver from its @poll, with no lock held; runs the application's
 * callback. The driver must not touch @req after it.
 */
void wd_request_done(struct wd_alg_ctx *ctx, struct wd_request *req, int ret);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
