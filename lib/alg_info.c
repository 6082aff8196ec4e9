// SPDX-License-Identifier: GPL-2.0-or-later
/* The algorithms. */
#include <string.h>

#include <misc/uacce/wd_accel.h>

#include "wd_comp.h"

#include "alg.h"

#define CIPHER(id, ...)	.kind = WD_KIND_CIPHER, .nr = WD_ALG_NR_##id, __VA_ARGS__
#define AEAD(id, ...)	.kind = WD_KIND_AEAD, .nr = WD_ALG_NR_##id, __VA_ARGS__
#define DMA(k, id)	.kind = WD_KIND_##k, .nr = WD_ALG_NR_##id
#define PACK(id, f)	.kind = WD_KIND_PACK, .nr = WD_ALG_NR_##id, .format = WD_##f
#define AES		.keys = { 16, 24, 32 }
#define HASH(n, id, s)							\
	{ .name = n, .kind = WD_KIND_DIGEST, .nr = WD_ALG_NR_##id, .size = s },	\
	{ .name = "hmac(" n ")", .kind = WD_KIND_DIGEST, .nr = WD_ALG_NR_##id,	\
	  .size = s, .flags = WD_ALG_HMAC }

static const struct wd_alg_info algs[] = {
	{ .name = "ecb(aes)", CIPHER(AES_ECB, AES, .block = 16) },
	{ .name = "cbc(aes)", CIPHER(AES_CBC, AES, .block = 16, .iv = 16) },
	{ .name = "ctr(aes)", CIPHER(AES_CTR, AES, .block = 1, .iv = 16) },
	{ .name = "xts(aes)",
	  CIPHER(AES_XTS, .keys = { 32, 64 }, .block = 1, .iv = 16, .flags = WD_ALG_XTS) },
	{ .name = "chacha20", CIPHER(CHACHA20, .keys = { 32 }, .block = 1, .iv = 16) },
	{ .name = "cbc(sm4)", CIPHER(SM4_CBC, .keys = { 16 }, .block = 16, .iv = 16) },
	{ .name = "ctr(sm4)", CIPHER(SM4_CTR, .keys = { 16 }, .block = 1, .iv = 16) },
	{ .name = "xts(sm4)",
	  CIPHER(SM4_XTS, .keys = { 32 }, .block = 1, .iv = 16, .flags = WD_ALG_XTS) },
	{ .name = "gcm(aes)", AEAD(AES_GCM, AES, .iv = 12) },
	{ .name = "ccm(aes)", AEAD(AES_CCM, AES, .iv = 13, .flags = WD_ALG_CCM) },
	{ .name = "rfc7539(chacha20,poly1305)",
	  AEAD(CHACHA20_POLY1305, .keys = { 32 }, .iv = 12) },
	HASH("sha1", SHA1, 20),
	HASH("sha224", SHA224, 28),
	HASH("sha256", SHA256, 32),
	HASH("sha384", SHA384, 48),
	HASH("sha512", SHA512, 64),
	HASH("sha3-256", SHA3_256, 32),
	HASH("sha3-512", SHA3_512, 64),
	HASH("sm3", SM3, 32),
	{ .name = "crc32", DMA(CRC, CRC32) },
	{ .name = "crc32c", DMA(CRC, CRC32C) },
	{ .name = "crc64", DMA(CRC, CRC64) },
	{ .name = "crc64-nvme", DMA(CRC, CRC64_NVME) },
	{ .name = "copy", DMA(MOVE, MOVE) },
	{ .name = "fill", DMA(MOVE, MOVE) },
	{ .name = "compare", DMA(MOVE, MOVE) },
	{ .name = "dualcast", DMA(MOVE, MOVE) },
	{ .name = "copy-crc32c", DMA(COPY_CRC, COPY_CRC) },
	{ .name = "xor", DMA(XOR, XOR) },
	{ .name = "dif", DMA(DIF, DIF) },
	{ .name = "dix", DMA(DIF, DIF) },
	{ .name = "deflate", PACK(DEFLATE, RAW) },
	{ .name = "zlib", PACK(DEFLATE, ZLIB) },
	{ .name = "gzip", PACK(DEFLATE, GZIP) },
	{ .name = "lz4", PACK(LZ4, LZ4_BLOCK) },
	{ .name = "lz4-frame", PACK(LZ4, LZ4_FRAME) },
	{ .name = "zstd", PACK(ZSTD, ZSTD) },
};

const struct wd_alg_info *wd_alg_find(const char *name)
{
	if (!name)
		return NULL;
	for (size_t i = 0; i < sizeof(algs) / sizeof(*algs); i++)
		if (!strcmp(algs[i].name, name))
			return &algs[i];
	return NULL;
}

size_t wd_digest_size(const char *alg)
{
	const struct wd_alg_info *info = wd_alg_find(alg);

	return info ? info->size : 0;
}
