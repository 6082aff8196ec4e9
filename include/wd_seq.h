/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: sequences. Layers that do not know each other append operations to a sequence, each
 * from where the one before left the data to a place of its own; nothing runs until
 * somebody finishes it. Then copies that only carried data from one layer to the next are
 * elided, what the device can do in one go is fused, and the rest runs.
 *
 *	struct wd_loc a, b;
 *
 *	wd_seq_new(sc, &seq);
 *	wd_seq_scratch(seq, 65536, &a);
 *	wd_seq_copy(seq, &a, &request_data);			transport layer
 *	wd_seq_scratch(seq, 65536, &b);
 *	wd_seq_encrypt(seq, xts, &b, &a, tweak, 512);		encryption layer
 *	wd_seq_dif_insert(seq, &buffer, &b, &dif);		protection layer
 *	ret = wd_seq_run(seq);
 *	wd_seq_get_stats(seq, &stats);				one submission, no copy
 *	wd_seq_free(seq);
 *
 * Destinations between two operations are best in the scratch domain, which has no memory: what is
 * left of it when all is planned gets buffers of a pool. A copy is elided only where what it
 * wrote is scratch, so that all other memory is in the end as if each operation had run at once.
 *
 * Threads: a sequence is one thread's at a time; its operations may end in another one (wd_poll()).
 * Different sequences of a wd_seq_ctx may be used by different threads at the same time.
 *
 * The model is that of SPDK's accel sequences (spdk/accel.h).
 */
#ifndef WD_SEQ_H
#define WD_SEQ_H

#include "wd_alg.h"
#include "wd_domain.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WD_SEQ_MAX	64	/* operations of a sequence */

struct wd_seq;
struct wd_seq_ctx;

/**
 * struct wd_loc - where data is
 * @domain: in which domain; NULL: the memory of the process
 * @op:     its addresses there
 *
 * The structure is copied; a list, @op.iov, must stay until the sequence is done.
 */
struct wd_loc {
	struct wd_domain *domain;
	struct wd_operand op;
};

/**
 * struct wd_seq_stats - what became of a sequence
 * @appended:    operations that were appended
 * @elided:      copies among them that were not needed
 * @fused:       operations that ran together with the one before them
 * @ran:         operations that ran, each by itself or as a part
 * @submissions: requests that the device, or the software instead, was given
 * @copies:      copies that ran: COPY operations, and transfers of a domain
 * @transfers:   the transfers among them
 * @temp_bytes:  memory that was taken for what was in the scratch domain, or had to be
 *               brought from another domain or there
 */
struct wd_seq_stats {
	unsigned int appended;
	unsigned int elided;
	unsigned int fused;
	unsigned int ran;
	unsigned int submissions;
	unsigned int copies;
	unsigned int transfers;
	size_t temp_bytes;
};

/**
 * typedef wd_seq_cb_t - a sequence, or one operation of it, is done
 * @arg: as given
 * @ret: 0; what wd_alg_run() may return; what a domain returned; or -ECANCELED, it was aborted, or an
 *       operation before it failed
 *
 * Runs in wd_poll() or inside wd_seq_finish(), wd_seq_abort(), with no lock held.
 */
typedef void (*wd_seq_cb_t)(void *arg, int ret);

/**
 * struct wd_seq_platform - what knows which operations a device does as one
 * @name:   not empty
 * @chain:  how many of the @n operations, from the first on, can be submitted as one unit; the
 *          destination of each but the last is the source of the next and nothing else's, and
 *          is not in memory. Operands have their lengths, but no addresses yet. 1: none with
 *          the next.
 * @submit: start that unit. It ends with wd_request_done() for the first request of it, once;
 *          where it fails, *@failed is before that the number of the request that did.
 *          Returns as wd_alg_submit() for one request, or -EOPNOTSUPP: not with these operands;
 *          then they run one after the other. Where there is compression, the @produced of the
 *          last request is how much came out of all.
 */
struct wd_seq_platform {
	const char *name;
	unsigned int (*chain)(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
			      unsigned int n);
	int (*submit)(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
		      unsigned int n, unsigned int *failed);
};

/**
 * wd_seq_ctx_create() - what sequences have in common: a channel, contexts, buffers
 * @ch:  an open channel, which must stay open; NULL: the library finds a device, or the software
 * @ctx: it is put here
 *
 * Return: 0 or as wd_alg_init().
 */
int wd_seq_ctx_create(struct wd_chan *ch, struct wd_seq_ctx **ctx);

/**
 * wd_seq_ctx_destroy() - end it
 * @ctx: of which no sequence is left; NULL is ignored
 */
void wd_seq_ctx_destroy(struct wd_seq_ctx *ctx);

/**
 * wd_seq_ctx_channel() - its channel
 * @ctx: the context
 *
 * For wd_poll(), and for wd_alg_ctx.ch of the contexts that layers bring along. Operations with a
 * context of another channel run as well, but wait for their end inside the call that
 * comes to them, and are never fused.
 *
 * Return: the channel.
 */
struct wd_chan *wd_seq_ctx_channel(const struct wd_seq_ctx *ctx);

/**
 * wd_seq_ctx_set_platform() - choose what fuses operations
 * @ctx:      the context, without sequences
 * @platform: must stay as it is; NULL: nothing is fused
 *
 * wd_seq_ctx_create() chooses the one of the library, for channels that the native driver runs.
 */
void wd_seq_ctx_set_platform(struct wd_seq_ctx *ctx, const struct wd_seq_platform *platform);

/**
 * wd_seq_ctx_platform() - what fuses operations
 * @ctx: the context
 *
 * Return: what wd_seq_ctx_set_platform() or wd_seq_ctx_create() chose, or NULL.
 */
const struct wd_seq_platform *wd_seq_ctx_platform(const struct wd_seq_ctx *ctx);

/**
 * wd_seq_new() - begin a sequence
 * @ctx: the context
 * @seq: it is put here
 *
 * Return: 0, -ENOMEM.
 */
int wd_seq_new(struct wd_seq_ctx *ctx, struct wd_seq **seq);

/**
 * wd_seq_free() - forget a sequence
 * @seq: the sequence; NULL is ignored. One that was not finished is aborted; one that is under
 *       way must not be given here: wait for its end.
 */
void wd_seq_free(struct wd_seq *seq);

/**
 * wd_seq_scratch() - a place in the scratch domain
 * @seq: the sequence that it belongs to
 * @len: bytes
 * @loc: it is put here; parts of it may be named by address and length as well
 *
 * Takes no memory for it.
 *
 * Return: 0, -EINVAL (@len is 0; the sequence was finished), -ENOMEM.
 */
int wd_seq_scratch(struct wd_seq *seq, size_t len, struct wd_loc *loc);

/**
 * wd_seq_where() - where would the data be, if the sequence were executed?
 * @seq: the sequence
 * @loc: the destination of the operation appended last, if it has one
 *
 * Return: 0, -ENOENT.
 */
int wd_seq_where(const struct wd_seq *seq, struct wd_loc *loc);

/*
 * The calls that append. What a context is given for must have been initialised and have its key; it
 * must stay until the sequence is done. All return 0, or
 *   -EINVAL  lengths that do not agree, or whatever else wd_alg_run() would refuse; @seq was
 *            finished
 *   -ENOKEY  the context has no key
 *   -ENODEV  a domain was destroyed
 *   -ENOSPC  WD_SEQ_MAX operations are there
 *   -ENOMEM
 * and then nothing was appended.
 */

/** wd_seq_copy() - append a copy from @src to @dst, of as many bytes */
int wd_seq_copy(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *src);

/** wd_seq_fill() - append filling @dst with @pattern, as wd_prep_fill() */
int wd_seq_fill(struct wd_seq *seq, const struct wd_loc *dst, uint64_t pattern);

/**
 * wd_seq_encrypt() - append encryption by a cipher
 * @seq:  the sequence
 * @alg:  context of a cipher of <wd_cipher.h>
 * @dst:  ciphertext
 * @src:  plaintext, of as many bytes; may be the same memory
 * @iv:   16 bytes, copied; NULL where there is none
 * @unit: XTS: bytes of a data unit, 0: all is one
 */
int wd_seq_encrypt(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		   const struct wd_loc *src, const uint8_t *iv, size_t unit);

/** wd_seq_decrypt() - the opposite of wd_seq_encrypt() */
int wd_seq_decrypt(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		   const struct wd_loc *src, const uint8_t *iv, size_t unit);

/*
 * What is compressed or decompressed may turn out to be shorter than its destination. An operation
 * with one source which is all of that destination works on what came, and so on with what
 * that one makes; its own checks of lengths, such as whole blocks, are made then: -EINVAL. No other
 * operation may read any of it in the scratch domain: -ENODATA of wd_seq_finish().
 */

/**
 * wd_seq_compress() - append compression to one whole stream
 * @seq:   the sequence
 * @alg:   context of an algorithm of <wd_pack.h>
 * @dst:   where the stream goes; the sequence fails with -ENOSPC where it is longer
 * @src:   the data
 * @level: as for wd_prep_compress()
 * @came:  the length of the stream is put here when it is done; or NULL
 */
int wd_seq_compress(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		    const struct wd_loc *src, int level, size_t *came);

/** wd_seq_decompress() - the opposite of wd_seq_compress(); what follows the stream is not looked at */
int wd_seq_decompress(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		      const struct wd_loc *src, size_t *came);

/**
 * wd_seq_crc32c() - append a CRC-32C
 * @seq: the sequence
 * @src: data
 * @crc: the CRC is put here when the operation is done
 */
int wd_seq_crc32c(struct wd_seq *seq, const struct wd_loc *src, uint32_t *crc);

/** wd_seq_dif_insert() - append adding protection information: see wd_prep_dif_insert() */
int wd_seq_dif_insert(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *src,
		      const struct wd_dif *dif);

/** wd_seq_dif_verify() - append a check of protection information: -EBADMSG where it is wrong */
int wd_seq_dif_verify(struct wd_seq *seq, const struct wd_loc *src, const struct wd_dif *dif);

/** wd_seq_dif_strip() - append removing it, with the checks that @dif asks for */
int wd_seq_dif_strip(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *src,
		     const struct wd_dif *dif);

/** wd_seq_xor() - append the XOR of @n sources, 1 to 16, each in one piece and as long as @dst */
int wd_seq_xor(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *srcs,
	       unsigned int n);

/**
 * wd_seq_then() - be told when the operation appended last is done
 * @seq: the sequence
 * @cb:  called once, before that of the sequence, in the order of execution; also where it is
 *       elided, or does not run any more
 * @arg: for @cb
 *
 * Return: 0, -ENOENT (nothing was appended, or @seq was finished).
 */
int wd_seq_then(struct wd_seq *seq, wd_seq_cb_t cb, void *arg);

/**
 * wd_seq_reverse() - execute the operations in the opposite order
 * @seq: not finished yet
 *
 * For the read path, where the layer that is asked first has its data last.
 *
 * Return: 0, -EINVAL.
 */
int wd_seq_reverse(struct wd_seq *seq);

/**
 * wd_seq_finish() - execute a sequence
 * @seq: the sequence; nothing can be appended any more
 * @cb:  called once, maybe already from inside this call
 * @arg: for @cb
 *
 * It goes on in wd_poll() on the channel of the context; wd_seq_poll() also sees to sequences
 * for which the channel had no place. An operation that fails ends it.
 *
 * Return: 0: @cb is called or was called; or, and @cb is not,
 *   -EINVAL   no @cb; nothing was appended
 *   -EALREADY it was finished or aborted before
 *   -ENODATA  an operation has a source in the scratch domain that none before it writes, or
 *             that may be shorter (see wd_seq_compress()) and is not its one source as a whole
 */
int wd_seq_finish(struct wd_seq *seq, wd_seq_cb_t cb, void *arg);

/**
 * wd_seq_run() - execute a sequence and wait for it
 * @seq: the sequence
 *
 * Return: 0, what @cb of wd_seq_finish() would be told, or as that.
 */
int wd_seq_run(struct wd_seq *seq);

/**
 * wd_seq_abort() - end a sequence early
 * @seq: the sequence
 *
 * One that was not finished ends here: the callbacks of its operations are told -ECANCELED. One that is
 * under way ends with -ECANCELED when what the device has of it is done.
 */
void wd_seq_abort(struct wd_seq *seq);

/**
 * wd_seq_poll() - wd_poll() on the channel of a context, and go on with what waits for a place there
 * @ctx:        the context
 * @timeout_ms: as of wd_poll()
 *
 * Return: as wd_poll().
 */
int wd_seq_poll(struct wd_seq_ctx *ctx, int timeout_ms);

/**
 * wd_seq_get_stats() - what became of a sequence
 * @seq:   one that is done, also in its callback
 * @stats: they are put here
 */
void wd_seq_get_stats(const struct wd_seq *seq, struct wd_seq_stats *stats);

/** wd_loc() - memory of the process */
static inline struct wd_loc wd_loc(void *base, size_t len)
{
	struct wd_loc loc = { NULL, { base, len, NULL, 0 } };

	return loc;
}

/** wd_loc_in() - memory of a domain */
static inline struct wd_loc wd_loc_in(struct wd_domain *domain, uint64_t addr, size_t len)
{
	struct wd_loc loc = { domain, { (void *)(uintptr_t)addr, len, NULL, 0 } };

	return loc;
}

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
