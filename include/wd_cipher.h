/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: ciphers without authentication. See <wd_alg.h> for contexts and requests.
 *
 * wd_alg_ctx.alg is one of
 *
 *	ecb(aes)  cbc(aes)  ctr(aes)	NIST SP 800-38A; AES as in FIPS 197
 *	xts(aes)			IEEE 1619, NIST SP 800-38E
 *	chacha20			RFC 8439
 *	cbc(sm4)  ctr(sm4)  xts(sm4)	GB/T 32907
 *
 * ECB hides no patterns, and none of them notices that data was changed: <wd_aead.h> does.
 *
 * Lengths, in bytes: ECB and CBC a multiple of 16, XTS at least 16 (of the last unit also,
 * where there are units; with ciphertext stealing where it is no multiple of 16), the others any.
 * Zero is -EINVAL, as is more than 4 MiB of XTS in one unit.
 */
#ifndef WD_CIPHER_H
#define WD_CIPHER_H

#include "wd_alg.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WD_CIPHER_IV_SIZE	16

/**
 * wd_prep_encrypt() - prepare an encryption
 * @req: the request
 * @src: plaintext, or NULL for wd_set_iov()
 * @dst: where the ciphertext goes: the same memory, or memory that does not overlap it
 * @len: bytes of both
 * @iv:  WD_CIPHER_IV_SIZE bytes; NULL: ECB. CTR: the first counter block, big-endian.
 *       XTS: the tweak of the first data unit; wd_request.unit sets their size. ChaCha20: 32-bit
 *       little-endian block counter, then 12 bytes of nonce. After CBC, CTR, and ChaCha20 of whole
 *       blocks of 64 bytes, it is the vector with which the next request goes on.
 */
static inline void wd_prep_encrypt(struct wd_request *req, const void *src, void *dst,
				   size_t len, uint8_t *iv)
{
	wd_prep(req, WD_ENCRYPT, src, len, dst, len);
	req->iv = iv;
	req->iv_len = iv ? WD_CIPHER_IV_SIZE : 0;
}

/**
 * wd_prep_decrypt() - prepare a decryption
 * @req: the request
 * @src: ciphertext
 * @dst: where the plaintext goes
 * @len: bytes of both
 * @iv:  as for wd_prep_encrypt()
 */
static inline void wd_prep_decrypt(struct wd_request *req, const void *src, void *dst,
				   size_t len, uint8_t *iv)
{
	wd_prep_encrypt(req, src, dst, len, iv);
	req->what = WD_DECRYPT;
}

#ifdef __cplusplus
}
#endif

#endif
