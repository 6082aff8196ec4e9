/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ciphers and authenticated ciphers in software share. */
#ifndef WD_DRIVERS_SOFT_CIPHER_H
#define WD_DRIVERS_SOFT_CIPHER_H

#include <openssl/evp.h>

#include "soft_alg.h"

#define WD_SOFT_MAX_KEY	64	/* bytes, XTS(AES-256) */

/**
 * struct wd_soft_key - wd_soft_alg.state
 * @cipher: libcrypto's implementation for this length of key
 * @bytes:  the key. Requests run in many threads, and what libcrypto makes of it cannot be
 *          used by two at once.
 */
struct wd_soft_key {
	EVP_CIPHER *cipher;
	unsigned char bytes[WD_SOFT_MAX_KEY];
};

int wd_soft_key_init(struct wd_soft_alg *sa);
void wd_soft_key_exit(struct wd_soft_alg *sa);
int wd_soft_key_set(struct wd_soft_alg *sa, const void *bytes, size_t len);

#endif
