/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: moving, filling, comparing and protecting memory. See <wd_alg.h> for contexts and
 * requests.
 *
 * wd_alg_ctx.alg is one of
 *
 *	copy  fill  compare  dualcast	a context of one of them does all four
 *	copy-crc32c			copy with CRC-32C (RFC 3720, appendix B.4)
 *	xor
 *	dif  dix			T10 protection information, SBC-4; a context of one does both
 *
 * Lengths are not zero.
 */
#ifndef WD_DMA_H
#define WD_DMA_H

#include "wd_alg.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WD_XOR_SRCS	16	/* sources of an XOR, at most */

/**
 * wd_prep_copy() - prepare a copy
 * @req: the request
 * @dst: destination, or NULL for wd_set_iov()
 * @src: source, likewise
 * @len: bytes
 *
 * They may overlap, as for memmove(3), where both are in one piece and not longer than
 * 64 MiB. Where parts of different operands overlap otherwise, what is copied is not specified.
 */
static inline void wd_prep_copy(struct wd_request *req, void *dst, const void *src, size_t len)
{
	wd_prep(req, WD_COPY, src, len, dst, len);
}

/**
 * wd_prep_fill() - prepare to fill memory with a pattern
 * @req:     the request
 * @dst:     destination
 * @len:     bytes
 * @pattern: eight bytes, in the order that they have in memory; the first is at @dst
 */
static inline void wd_prep_fill(struct wd_request *req, void *dst, size_t len, uint64_t pattern)
{
	wd_prep(req, WD_FILL, NULL, 0, dst, len);
	req->pattern = pattern;
}

/**
 * wd_prep_compare() - prepare a comparison
 * @req: the request
 * @a:   first operand, wd_request.src
 * @b:   second operand, wd_request.dst; only read
 * @len: bytes
 *
 * wd_request.ret is 0 where they are equal, and 1, with the offset of the first byte that
 * differs in wd_request.result, where they are not.
 */
static inline void wd_prep_compare(struct wd_request *req, const void *a, const void *b,
				   size_t len)
{
	wd_prep(req, WD_COMPARE, a, len, (void *)(uintptr_t)b, len);
}

/**
 * wd_prep_compare_fill() - prepare a comparison with a pattern
 * @req:     the request
 * @src:     memory
 * @len:     bytes
 * @pattern: as for wd_prep_fill()
 *
 * The result is that of wd_prep_compare().
 */
static inline void wd_prep_compare_fill(struct wd_request *req, const void *src, size_t len,
					uint64_t pattern)
{
	wd_prep(req, WD_COMPARE_FILL, src, len, NULL, 0);
	req->pattern = pattern;
}

/**
 * wd_prep_dualcast() - prepare a copy to two places
 * @req:  the request
 * @dst:  first destination
 * @dst2: second destination; nothing overlaps
 * @src:  source
 * @len:  bytes
 */
static inline void wd_prep_dualcast(struct wd_request *req, void *dst, void *dst2,
				    const void *src, size_t len)
{
	wd_prep(req, WD_DUALCAST, src, len, dst, len);
	req->dst2.base = dst2;
	req->dst2.len = len;
}

/**
 * wd_prep_copy_crc() - prepare a copy that computes a CRC-32C
 * @req: the request
 * @dst: destination; does not overlap the source
 * @src: source
 * @len: bytes
 * @crc: 0, or the CRC of what came before; the new one is in wd_request.result
 */
static inline void wd_prep_copy_crc(struct wd_request *req, void *dst, const void *src,
				    size_t len, uint32_t crc)
{
	wd_prep(req, WD_COPY_CRC, src, len, dst, len);
	req->crc = crc;
}

/**
 * wd_prep_xor() - prepare the XOR of several sources
 * @req:  the request
 * @dst:  destination; may be one of the sources, and else overlaps none
 * @srcs: their addresses; the array must stay until the request is done
 * @n:    how many, 1 to WD_XOR_SRCS
 * @len:  bytes of each
 */
static inline void wd_prep_xor(struct wd_request *req, void *dst, void *const *srcs,
			       unsigned int n, size_t len)
{
	wd_prep(req, WD_XOR, NULL, len, dst, len);
	req->srcs = srcs;
	req->nsrcs = n;
}

/**
 * wd_prep_dif_insert() - prepare a copy that adds protection information
 * @req: the request
 * @dst: destination: blocks of dif->block + 8 bytes
 * @src: source: blocks of dif->block bytes
 * @blocks: how many
 * @dif: tags; copied
 */
static inline void wd_prep_dif_insert(struct wd_request *req, void *dst, const void *src,
				      size_t blocks, const struct wd_dif *dif)
{
	wd_prep(req, WD_DIF_INSERT, src, blocks * dif->block, dst, blocks * (dif->block + 8));
	req->dif = *dif;
}

/**
 * wd_prep_dif_verify() - prepare a check of protection information
 * @req: the request
 * @src: blocks of dif->block + 8 bytes
 * @blocks: how many
 * @dif: what it should be; copied
 *
 * -EBADMSG: that of block number wd_request.result is wrong, in the fields wd_request.wrong.
 */
static inline void wd_prep_dif_verify(struct wd_request *req, const void *src, size_t blocks,
				      const struct wd_dif *dif)
{
	wd_prep(req, WD_DIF_VERIFY, src, blocks * (dif->block + 8), NULL, 0);
	req->dif = *dif;
}

/**
 * wd_prep_dif_strip() - prepare a check, and a copy without protection information
 * @req: the request
 * @dst: destination: blocks of dif->block bytes
 * @src: source: blocks of dif->block + 8 bytes
 * @blocks: how many
 * @dif: what it should be; copied
 *
 * -EBADMSG: as wd_prep_dif_verify(); the blocks before that one were copied.
 */
static inline void wd_prep_dif_strip(struct wd_request *req, void *dst, const void *src,
				     size_t blocks, const struct wd_dif *dif)
{
	wd_prep(req, WD_DIF_STRIP, src, blocks * (dif->block + 8), dst, blocks * dif->block);
	req->dif = *dif;
}

/**
 * wd_prep_dif_update() - prepare a check, and a copy with new tags
 * @req: the request
 * @dst: destination; may be the source
 * @src: source; both: blocks of dif->block + 8 bytes
 * @blocks: how many
 * @dif: what it should be, and the new tags; copied
 */
static inline void wd_prep_dif_update(struct wd_request *req, void *dst, const void *src,
				      size_t blocks, const struct wd_dif *dif)
{
	const size_t len = blocks * (dif->block + 8);

	wd_prep(req, WD_DIF_UPDATE, src, len, dst, len);
	req->dif = *dif;
}

/**
 * wd_prep_dix_generate() - prepare to make protection information in memory of its own
 * @req:  the request
 * @meta: where it goes: 8 bytes for each block
 * @src:  blocks of dif->block bytes
 * @blocks: how many
 * @dif:  tags; copied
 */
static inline void wd_prep_dix_generate(struct wd_request *req, void *meta, const void *src,
					size_t blocks, const struct wd_dif *dif)
{
	wd_prep(req, WD_DIX_GENERATE, src, blocks * dif->block, NULL, 0);
	req->meta.base = meta;
	req->meta.len = blocks * 8;
	req->dif = *dif;
}

/**
 * wd_prep_dix_verify() - prepare a check of that
 * @req:  the request
 * @meta: protection information
 * @src:  blocks of dif->block bytes
 * @blocks: how many
 * @dif:  what it should be; copied
 */
static inline void wd_prep_dix_verify(struct wd_request *req, const void *meta,
				      const void *src, size_t blocks,
				      const struct wd_dif *dif)
{
	wd_prep_dix_generate(req, (void *)(uintptr_t)meta, src, blocks, dif);
	req->what = WD_DIX_VERIFY;
}

#ifdef __cplusplus
}
#endif

#endif
