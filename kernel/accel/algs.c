// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of algorithms, as users of UACCE and of the kernel's crypto API know them.
 */
#include <linux/bitops.h>
#include <linux/string.h>
#include <misc/uacce/wd_accel.h>

#include "accel.h"

static const char *const alg_names[WD_ALG_NRS] = {
	[WD_ALG_NR_DEFLATE] = "zlib\ngzip\ndeflate",
	[WD_ALG_NR_LZ4] = "lz4\nlz4-frame",
	[WD_ALG_NR_ZSTD] = "zstd",
	[WD_ALG_NR_AES_ECB] = "ecb(aes)",
	[WD_ALG_NR_AES_CBC] = "cbc(aes)",
	[WD_ALG_NR_AES_CTR] = "ctr(aes)",
	[WD_ALG_NR_AES_XTS] = "xts(aes)",
	[WD_ALG_NR_CHACHA20] = "chacha20",
	[WD_ALG_NR_SM4_CBC] = "cbc(sm4)",
	[WD_ALG_NR_SM4_CTR] = "ctr(sm4)",
	[WD_ALG_NR_SM4_XTS] = "xts(sm4)",
	[WD_ALG_NR_AES_GCM] = "gcm(aes)",
	[WD_ALG_NR_AES_CCM] = "ccm(aes)",
	[WD_ALG_NR_CHACHA20_POLY1305] = "rfc7539(chacha20,poly1305)",
	[WD_ALG_NR_SHA1] = "sha1\nhmac(sha1)",
	[WD_ALG_NR_SHA224] = "sha224\nhmac(sha224)",
	[WD_ALG_NR_SHA256] = "sha256\nhmac(sha256)",
	[WD_ALG_NR_SHA384] = "sha384\nhmac(sha384)",
	[WD_ALG_NR_SHA512] = "sha512\nhmac(sha512)",
	[WD_ALG_NR_SHA3_256] = "sha3-256\nhmac(sha3-256)",
	[WD_ALG_NR_SHA3_512] = "sha3-512\nhmac(sha3-512)",
	[WD_ALG_NR_SM3] = "sm3\nhmac(sm3)",
	[WD_ALG_NR_CRC32] = "crc32",
	[WD_ALG_NR_CRC32C] = "crc32c",
	[WD_ALG_NR_CRC64] = "crc64",
	[WD_ALG_NR_CRC64_NVME] = "crc64-nvme",
	[WD_ALG_NR_MOVE] = "copy\nfill\ncompare\ndualcast",
	[WD_ALG_NR_COPY_CRC] = "copy-crc32c",
	[WD_ALG_NR_XOR] = "xor",
	[WD_ALG_NR_DIF] = "dif\ndix",
};

void wd_accel_algs_text(u64 algs, char text[WD_ALGS_TEXT])
{
	unsigned int nr;

	text[0] = '\0';
	for (nr = 0; nr < WD_ALG_NRS; nr++) {
		if (!(algs & BIT_ULL(nr)) || !alg_names[nr])
			continue;
		if (text[0])
			strlcat(text, "\n", WD_ALGS_TEXT);
		strlcat(text, alg_names[nr], WD_ALGS_TEXT);
	}
}
