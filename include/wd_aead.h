/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: authenticated encryption with associated data. See <wd_alg.h> for contexts and
 * requests.
 *
 * wd_alg_ctx.alg is one of
 *
 *	gcm(aes)			NIST SP 800-38D; nonce of 12 bytes, tag of 4, 8, 12 to 16
 *	ccm(aes)			NIST SP 800-38C; nonce of 7 to 13 bytes, tag of 4, 6, 8 to 16
 *					(even); a nonce of N bytes bounds the text to 2^(8(15-N)) - 1
 *	rfc7539(chacha20,poly1305)	RFC 8439; nonce of 12 bytes, tag of 16
 *
 * wd_alg_ctx.tag_len is the length of the tag.
 *
 * A message is worked on as a whole: text, associated data and tag together are at most 4 MiB (else
 * -EINVAL). A nonce must not be used twice with one key: that is the application's to see to.
 * If a tag is wrong the result is -EBADMSG, and nothing was written to the destination.
 */
#ifndef WD_AEAD_H
#define WD_AEAD_H

#include "wd_alg.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * wd_prep_seal() - prepare an authenticated encryption
 * @req:     the request
 * @src:     plaintext, or NULL for wd_set_iov()
 * @dst:     where the ciphertext goes: the same memory, or memory that does not overlap it
 * @len:     bytes of both, may be 0
 * @nonce:   nonce; not changed
 * @nonce_len: its length in bytes
 * @aad:     associated data, or NULL for wd_set_iov()
 * @aad_len: its length in bytes, may be 0
 * @tag:     where the tag goes
 */
static inline void wd_prep_seal(struct wd_request *req, const void *src, void *dst, size_t len,
				const uint8_t *nonce, size_t nonce_len,
				const void *aad, size_t aad_len, uint8_t *tag)
{
	wd_prep(req, WD_ENCRYPT, src, len, dst, len);
	req->iv = (uint8_t *)(uintptr_t)nonce;
	req->iv_len = nonce_len;
	req->aad.base = (void *)(uintptr_t)aad;
	req->aad.len = aad_len;
	req->tag = tag;
}

/**
 * wd_prep_open() - prepare a decryption of what wd_prep_seal() is about
 * @req:     the request
 * @src:     ciphertext
 * @dst:     where the plaintext goes
 * @len:     bytes of both
 * @nonce:   nonce
 * @nonce_len: its length in bytes
 * @aad:     associated data
 * @aad_len: its length in bytes
 * @tag:     the tag; not changed
 */
static inline void wd_prep_open(struct wd_request *req, const void *src, void *dst, size_t len,
				const uint8_t *nonce, size_t nonce_len,
				const void *aad, size_t aad_len, const uint8_t *tag)
{
	wd_prep_seal(req, src, dst, len, nonce, nonce_len, aad, aad_len,
		     (uint8_t *)(uintptr_t)tag);
	req->what = WD_DECRYPT;
}

#ifdef __cplusplus
}
#endif

#endif
