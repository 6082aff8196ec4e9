// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be said of keys and requests before a driver sees them. */
#include <errno.h>
#include <string.h>

#include "wd_comp.h"
#include "wd_dma.h"

#include "alg.h"

#define BLOCK		16U
#define PROTECTION	8U	/* bytes of protection information of a block */

int wd_check_tag_len(const struct wd_alg_info *info, unsigned int len)
{
	if (info->kind != WD_KIND_AEAD)
		return len ? -EINVAL : 0;
	if (!len || len == BLOCK)
		return 0;
	if (info->flags & WD_ALG_CCM)
		return len >= 4 && len < BLOCK && !(len % 2) ? 0 : -EINVAL;
	/* ChaCha20-Poly1305 has no other. */
	if (!info->keys[1])
		return -EINVAL;
	return len == 4 || len == 8 || (len >= 12 && len < BLOCK) ? 0 : -EINVAL;
}

int wd_check_key(const struct wd_alg_info *info, const void *key, size_t len)
{
	bool found = false;

	if (!key || !len || !wd_alg_has_key(info))
		return -EINVAL;
	if (info->flags & WD_ALG_HMAC)
		return len <= WD_MAX_HMAC_KEY ? 0 : -EINVAL;
	for (size_t i = 0; i < sizeof(info->keys); i++)
		found |= info->keys[i] == len;
	if (!found)
		return -EINVAL;
	if (info->flags & WD_ALG_XTS && !memcmp(key, (const char *)key + len / 2, len / 2))
		return -EINVAL;
	return 0;
}

bool wd_operand_adds_up(const struct wd_operand *op)
{
	size_t sum = 0;

	if (!op->iov)
		return !op->iovcnt;
	if (!op->iovcnt || op->iovcnt > WD_MAX_PARTS)
		return false;
	for (unsigned int i = 0; i < op->iovcnt; i++)
		if (__builtin_add_overflow(sum, op->iov[i].iov_len, &sum))
			return false;
	return sum == op->len;
}

bool wd_operand_ok(const struct wd_operand *op)
{
	if (!wd_operand_adds_up(op))
		return false;
	if (!op->iov)
		return op->base || !op->len;
	for (unsigned int i = 0; i < op->iovcnt; i++)
		if (op->iov[i].iov_len && !op->iov[i].iov_base)
			return false;
	return true;
}

static int check_units(const struct wd_request *req)
{
	const size_t len = req->src.len, unit = req->unit;

	if (len < BLOCK || (!unit && len > WD_MAX_WHOLE))
		return -EINVAL;
	if (!unit)
		return 0;
	if (unit < BLOCK || unit > WD_MAX_WHOLE || unit & (unit - 1))
		return -EINVAL;
	return len % unit && len % unit < BLOCK ? -EINVAL : 0;
}

static int check_cipher(const struct wd_alg_info *info, const struct wd_request *req)
{
	if (req->what != WD_ENCRYPT && req->what != WD_DECRYPT)
		return -EINVAL;
	if (!req->src.len || req->src.len % info->block || req->dst.len != req->src.len)
		return -EINVAL;
	if (req->iv_len != info->iv || (info->iv && !req->iv))
		return -EINVAL;
	if (info->flags & WD_ALG_XTS)
		return check_units(req);
	return req->unit ? -EINVAL : 0;
}

static int check_aead(const struct wd_alg_info *info, const struct wd_request *req)
{
	if (req->what != WD_ENCRYPT && req->what != WD_DECRYPT)
		return -EINVAL;
	if (req->dst.len != req->src.len || !req->iv || !req->tag || !wd_operand_ok(&req->aad))
		return -EINVAL;
	if (req->src.len > WD_MAX_WHOLE - BLOCK ||
	    req->aad.len > WD_MAX_WHOLE - BLOCK - req->src.len)
		return -EINVAL;
	if (!(info->flags & WD_ALG_CCM))
		return req->iv_len == info->iv ? 0 : -EINVAL;
	if (req->iv_len < 7 || req->iv_len > info->iv)
		return -EINVAL;
	/* What is left of a block counts the bytes of the text. */
	return req->iv_len == 13 && req->src.len > 0xffff ? -EINVAL : 0;
}

static int check_digest(const struct wd_alg_info *info, const struct wd_request *req)
{
	switch (req->what) {
	case WD_DIGEST_UPDATE:
		return req->dst.len ? -EINVAL : 0;
	case WD_DIGEST_END:
		if (req->src.len)
			return -EINVAL;
		break;
	case WD_DIGEST:
		break;
	default:
		return -EINVAL;
	}
	if (info->kind == WD_KIND_CRC)
		return req->dst.len ? -EINVAL : 0;
	return req->dst.len >= info->size ? 0 : -EINVAL;
}

static int check_move(const struct wd_request *req)
{
	const size_t src = req->src.len, dst = req->dst.len;

	switch (req->what) {
	case WD_COPY:
	case WD_COMPARE:
		return src && dst == src ? 0 : -EINVAL;
	case WD_DUALCAST:
		return src && dst == src && req->dst2.len == src && wd_operand_ok(&req->dst2) ?
		       0 : -EINVAL;
	case WD_FILL:
		return dst && !src ? 0 : -EINVAL;
	case WD_COMPARE_FILL:
		return src && !dst ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int check_xor(const struct wd_request *req)
{
	if (req->what != WD_XOR || !req->srcs || !req->nsrcs || req->nsrcs > WD_XOR_SRCS ||
	    !req->src.len || req->dst.len != req->src.len)
		return -EINVAL;
	for (unsigned int i = 0; i < req->nsrcs; i++)
		if (!req->srcs[i])
			return -EINVAL;
	return 0;
}

/* @src and @dst: bytes of a block at source and destination, 0: there is none. */
static int check_blocks(const struct wd_request *req, size_t src, size_t dst)
{
	const size_t blocks = req->src.len / src;

	if (!blocks || req->src.len % src)
		return -EINVAL;
	return req->dst.len == blocks * dst ? 0 : -EINVAL;
}

static int check_dif(const struct wd_request *req)
{
	const struct wd_dif *dif = &req->dif;
	const size_t data = dif->block, all = data + PROTECTION;

	if (dif->type < 1 || dif->type > 3 || (data != 512 && data != 4096) ||
	    dif->checks & ~(WD_DIF_CHECK_GUARD | WD_DIF_CHECK_APP | WD_DIF_CHECK_REF))
		return -EINVAL;
	switch (req->what) {
	case WD_DIF_INSERT:
		return check_blocks(req, data, all);
	case WD_DIF_VERIFY:
		return check_blocks(req, all, 0);
	case WD_DIF_STRIP:
		return check_blocks(req, all, data);
	case WD_DIF_UPDATE:
		return check_blocks(req, all, all);
	case WD_DIX_GENERATE:
	case WD_DIX_VERIFY:
		if (!wd_operand_ok(&req->meta) || req->meta.len != req->src.len / data * PROTECTION)
			return -EINVAL;
		return check_blocks(req, data, 0);
	default:
		return -EINVAL;
	}
}

static int check_pack(const struct wd_alg_info *info, const struct wd_request *req)
{
	const int most = info->format == WD_ZSTD ? WD_ZSTD_LEVEL_MAX : 9;

	if (!req->dst.len || req->src.len > WD_MAX_PACK || req->dst.len > WD_MAX_PACK)
		return -EINVAL;
	if (req->what == WD_DECOMPRESS)
		return req->src.len ? 0 : -EINVAL;
	return req->what == WD_COMPRESS && req->level >= WD_LEVEL_DEFAULT && req->level <= most ?
	       0 : -EINVAL;
}

int wd_check_request(const struct wd_alg_info *info, const struct wd_request *req)
{
	/* Of an XOR, the source is but a length. */
	if (info->kind != WD_KIND_XOR && !wd_operand_ok(&req->src))
		return -EINVAL;
	if (!wd_operand_ok(&req->dst))
		return -EINVAL;

	switch (info->kind) {
	case WD_KIND_CIPHER:
		return check_cipher(info, req);
	case WD_KIND_AEAD:
		return check_aead(info, req);
	case WD_KIND_DIGEST:
	case WD_KIND_CRC:
		return check_digest(info, req);
	case WD_KIND_MOVE:
		return check_move(req);
	case WD_KIND_COPY_CRC:
		return req->what == WD_COPY_CRC && req->src.len &&
		       req->dst.len == req->src.len ? 0 : -EINVAL;
	case WD_KIND_XOR:
		return check_xor(req);
	case WD_KIND_DIF:
		return check_dif(req);
	case WD_KIND_PACK:
		return check_pack(info, req);
	}
	return -EINVAL;
}
