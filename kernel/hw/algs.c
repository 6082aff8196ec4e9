// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which algorithms the hardware has: those that the kernel it is made of can compute,
 * or of them what algorithms= asks for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/string.h>

#include "op.h"

static char *algorithms[WD_ALG_NRS];
static unsigned int nr_algorithms;
module_param_array(algorithms, charp, &nr_algorithms, 0444);
MODULE_PARM_DESC(algorithms, "What the engines compute, a list such as deflate,cbc(aes),sha256 (default: all that the kernel can)");

u64 wd_hw_algs;

/* What needs nothing of the kernel that could be missing. */
#define ALGS_ALWAYS	(WD_ALG_DEFLATE | WD_ALG_BIT(WD_ALG_NR_LZ4) | \
			 WD_ALG_BIT(WD_ALG_NR_ZSTD) | WD_ALG_BIT(WD_ALG_NR_MOVE) | \
			 WD_ALG_BIT(WD_ALG_NR_COPY_CRC) | WD_ALG_BIT(WD_ALG_NR_XOR) | \
			 WD_ALG_BIT(WD_ALG_NR_DIF))

static const char *const alg_names[WD_ALG_NRS] = {
	[WD_ALG_NR_DEFLATE] = "deflate",
	[WD_ALG_NR_LZ4] = "lz4",
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
	[WD_ALG_NR_CHACHA20_POLY1305] = "chacha20-poly1305",
	[WD_ALG_NR_SHA1] = "sha1",
	[WD_ALG_NR_SHA224] = "sha224",
	[WD_ALG_NR_SHA256] = "sha256",
	[WD_ALG_NR_SHA384] = "sha384",
	[WD_ALG_NR_SHA512] = "sha512",
	[WD_ALG_NR_SHA3_256] = "sha3-256",
	[WD_ALG_NR_SHA3_512] = "sha3-512",
	[WD_ALG_NR_SM3] = "sm3",
	[WD_ALG_NR_CRC32] = "crc32",
	[WD_ALG_NR_CRC32C] = "crc32c",
	[WD_ALG_NR_CRC64] = "crc64",
	[WD_ALG_NR_CRC64_NVME] = "crc64-nvme",
	[WD_ALG_NR_MOVE] = "move",
	[WD_ALG_NR_COPY_CRC] = "copy-crc32c",
	[WD_ALG_NR_XOR] = "xor",
	[WD_ALG_NR_DIF] = "dif",
};

static int find_alg(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(alg_names); i++)
		if (alg_names[i] && !strcmp(name, alg_names[i]))
			return i;
	return -ENOENT;
}

/* Return: 0 and what algorithms= asks for, or -EINVAL. */
static int algs_wanted(u64 *wanted)
{
	unsigned int i;

	*wanted = nr_algorithms ? 0 : ~0ULL;
	for (i = 0; i < nr_algorithms; i++) {
		int nr = find_alg(algorithms[i]);

		if (nr < 0) {
			pr_err("algorithms=: there is no \"%s\"\n", algorithms[i]);
			return -EINVAL;
		}
		*wanted |= WD_ALG_BIT(nr);
	}
	return 0;
}

int wd_algs_init(void)
{
	u64 wanted;
	int err;

	err = algs_wanted(&wanted);
	if (err)
		return err;
	wd_hw_algs = wanted & ALGS_ALWAYS;
	wd_hw_algs |= wd_cipher_init(wanted);
	wd_hw_algs |= wd_aead_init(wanted);
	wd_hw_algs |= wd_digest_init(wanted);
	return 0;
}

void wd_algs_exit(void)
{
	wd_digest_exit();
	wd_aead_exit();
	wd_cipher_exit();
	wd_hw_algs = 0;
}
