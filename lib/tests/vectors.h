/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Known answers, in hexadecimal, with where they were published. The tables end with zeroes. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stdint.h>

struct cipher_vector {
	const char *alg;
	const char *source;
	const char *key;
	const char *iv;		/* "": none */
	const char *plain;
	const char *cipher;
};

struct aead_vector {
	const char *alg;
	const char *source;
	const char *key;
	const char *nonce;
	const char *aad;
	const char *plain;
	const char *cipher;
	const char *tag;
};

struct digest_vector {
	const char *alg;
	const char *source;
	const char *key;	/* "": none */
	const char *data;	/* text */
	const char *digest;
};

struct crc_vector {
	const char *alg;
	const char *source;
	const char *data;
	uint64_t crc;
};

extern const struct cipher_vector cipher_vectors[];
extern const struct aead_vector aead_vectors[];
extern const struct digest_vector digest_vectors[];
extern const struct crc_vector crc_vectors[];

#endif
