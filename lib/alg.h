/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What alg.c, alg_info.c, alg_check.c and the drivers share. */
#ifndef WD_LIB_ALG_H
#define WD_LIB_ALG_H

#include <stdatomic.h>
#include <stdbool.h>

#include "wd_alg.h"
#include "wd_digest.h"

#define WD_MAX_HMAC_KEY	4096		/* bytes */
#define WD_MAX_WHOLE	(4UL << 20)	/* bytes of what is worked on as a whole */
#define WD_TAG_LEN	16U		/* bytes of a tag, unless the context says otherwise */
#define WD_MAX_PARTS	1024		/* of an operand */
#define WD_MAX_PACK	(64UL << 20)	/* bytes on either side of a request to compress */

enum wd_alg_kind {
	WD_KIND_CIPHER,
	WD_KIND_AEAD,
	WD_KIND_DIGEST,
	WD_KIND_CRC,
	WD_KIND_MOVE,
	WD_KIND_COPY_CRC,
	WD_KIND_XOR,
	WD_KIND_DIF,
	WD_KIND_PACK,
};

/* wd_alg_info.flags */
#define WD_ALG_HMAC	(1U << 0)	/* a digest with a key */
#define WD_ALG_XTS	(1U << 1)
#define WD_ALG_CCM	(1U << 2)

/**
 * struct wd_alg_info - what is known of an algorithm
 * @name:  as in wd_alg_ctx.alg
 * @kind:  what kind of requests it takes
 * @nr:    WD_ALG_NR_* of <misc/uacce/wd_accel.h>
 * @flags: WD_ALG_*
 * @keys:  lengths of keys in bytes, up to three, 0 in place of those that are fewer; HMAC:
 *         any
 * @block: ciphers: lengths are multiples of it
 * @iv:    bytes of the vector or nonce; CCM: the longest
 * @size:  digests: bytes of the result
 * @format: compression: WD_RAW and so on
 */
struct wd_alg_info {
	const char *name;
	enum wd_alg_kind kind;
	unsigned int nr;
	unsigned int flags;
	unsigned char keys[3];
	unsigned char block;
	unsigned char iv;
	unsigned char size;
	unsigned char format;
};

/* NULL: there is none of that name. */
const struct wd_alg_info *wd_alg_find(const char *name);

/* alg_check.c: 0 or -EINVAL */
int wd_check_tag_len(const struct wd_alg_info *info, unsigned int tag_len);
int wd_check_key(const struct wd_alg_info *info, const void *key, size_t len);
int wd_check_request(const struct wd_alg_info *info, const struct wd_request *req);

/* Has it the length of its parts? And are there addresses for them, of a process? */
bool wd_operand_adds_up(const struct wd_operand *op);
bool wd_operand_ok(const struct wd_operand *op);

/* Does it want a key? */
static inline bool wd_alg_has_key(const struct wd_alg_info *info)
{
	return info->flags & WD_ALG_HMAC || info->keys[0];
}

/**
 * struct wd_alg_core - wd_alg_ctx.lib
 * @info:   its algorithm
 * @keyed:  a key was set
 * @requests: that ended
 * @software: of those, the ones that no device did
 */
struct wd_alg_core {
	const struct wd_alg_info *info;
	bool keyed;
	atomic_uint_fast64_t requests;
	atomic_uint_fast64_t software;
};

static inline const struct wd_alg_info *wd_alg_info(const struct wd_alg_ctx *ctx)
{
	return ((const struct wd_alg_core *)ctx->lib)->info;
}

static inline unsigned int wd_alg_tag_len(const struct wd_alg_ctx *ctx)
{
	return ctx->tag_len ? ctx->tag_len : WD_TAG_LEN;
}

/*
 * alg.c: what a unit of a vendor's @submit_chain begins with, as wd_alg_submit() does. 0, -EPERM.
 * And what the requests end with for which wd_request_done() is not called.
 */
int wd_alg_begin_unit(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
		      unsigned int n);
void wd_alg_count_request(struct wd_alg_ctx *ctx);

/* The vendors that the library brings along: drivers/accel_alg.c, drivers/soft_alg.c. */
extern const struct wd_alg_vendor wd_alg_native;
extern const struct wd_alg_vendor wd_alg_software;

#endif
