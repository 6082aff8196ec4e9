/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: message digests, HMAC and CRCs. See <wd_alg.h> for contexts and requests.
 *
 * wd_alg_ctx.alg is one of
 *
 *	sha1  sha224  sha256  sha384  sha512	FIPS 180-4
 *	sha3-256  sha3-512			FIPS 202
 *	sm3					GB/T 32905
 *	hmac(sha1) and so on, of each		RFC 2104; a key is set first
 *	crc32		CRC-32/ISO-HDLC, as zlib's crc32()
 *	crc32c		CRC-32/ISCSI
 *	crc64		CRC-64/ECMA-182
 *	crc64-nvme	CRC-64/NVME
 *
 * A CRC is a number, in wd_request.result; any other digest is bytes in memory.
 *
 * Data of any length is digested at once by wd_prep_digest(), or in parts: any number of
 * requests of wd_prep_digest_update(), then one of wd_prep_digest_end(), in this order and each
 * submitted when the one before was, or later. A context has one such stream; other requests of
 * wd_prep_digest() may run meanwhile. An error ends the stream.
 */
#ifndef WD_DIGEST_H
#define WD_DIGEST_H

#include "wd_alg.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WD_DIGEST_MAX_SIZE	64	/* bytes of the longest */

#pragma GCC visibility push(default)
/**
 * wd_digest_size() - bytes of a digest
 * @alg: name of the algorithm
 *
 * Return: bytes; 0: a CRC, or it is no digest.
 */
size_t wd_digest_size(const char *alg);
#pragma GCC visibility pop

/**
 * wd_prep_digest() - prepare a digest of data that is there as a whole
 * @req: the request
 * @src: the data, or NULL for wd_set_iov()
 * @len: its length in bytes, may be 0
 * @out: where the digest goes, or NULL: a CRC
 * @out_len: bytes of room there, at least wd_digest_size(), or 0
 */
static inline void wd_prep_digest(struct wd_request *req, const void *src, size_t len,
				  void *out, size_t out_len)
{
	wd_prep(req, WD_DIGEST, src, len, out, out_len);
}

/**
 * wd_prep_digest_update() - prepare a part of a stream; the first one begins it
 * @req: the request
 * @src: the data
 * @len: its length in bytes, may be 0
 */
static inline void wd_prep_digest_update(struct wd_request *req, const void *src, size_t len)
{
	wd_prep(req, WD_DIGEST_UPDATE, src, len, NULL, 0);
}

/**
 * wd_prep_digest_end() - prepare the end of a stream
 * @req: the request
 * @out: as for wd_prep_digest()
 * @out_len: likewise
 *
 * Of a stream that has no part it is the digest of no data.
 */
static inline void wd_prep_digest_end(struct wd_request *req, void *out, size_t out_len)
{
	wd_prep(req, WD_DIGEST_END, NULL, 0, out, out_len);
}

#ifdef __cplusplus
}
#endif

#endif
