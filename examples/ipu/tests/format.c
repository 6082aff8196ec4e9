// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include <openssl/evp.h>

#include "format.h"

#define T10_POLYNOMIAL	0x8bb7

static uint16_t crc16(const uint8_t *data, size_t len)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (uint16_t)(data[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? T10_POLYNOMIAL : 0));
	}
	return crc;
}

static void put_be(uint8_t *to, uint64_t value, unsigned int bytes)
{
	while (bytes--) {
		to[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

void format_block(uint8_t *block, const uint8_t *data, size_t len, uint64_t sector, const uint8_t *key)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tweak[16] = { 0 };
	int n;

	for (int i = 0; i < 8; i++)
		tweak[i] = (uint8_t)(sector >> 8 * i);
	if (!EVP_EncryptInit_ex(ctx, EVP_aes_256_xts(), NULL, key, tweak) ||
	    !EVP_EncryptUpdate(ctx, block, &n, data, (int)len))
		abort();
	EVP_CIPHER_CTX_free(ctx);
	put_be(block + len, crc16(block, len), 2);
	put_be(block + len + 2, 0, 2);
	put_be(block + len + 4, (uint32_t)sector, 4);
}
