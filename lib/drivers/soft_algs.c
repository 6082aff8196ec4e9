// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the software drivers compute.
 */
#include "wd.h"

#define HASH(name)	"\n" name "\nhmac(" name ")"

static const char algs[] =
	/* soft.c */
	"zlib\ngzip\ndeflate\nlz4\nlz4-frame\nzstd"
	/* soft_cipher.c, soft_aead.c */
	"\necb(aes)\ncbc(aes)\nctr(aes)\nxts(aes)\nchacha20\ncbc(sm4)\nctr(sm4)\nxts(sm4)"
	"\ngcm(aes)\nccm(aes)\nrfc7539(chacha20,poly1305)"
	/* soft_digest.c, soft_crc.c */
	HASH("sha1") HASH("sha224") HASH("sha256") HASH("sha384") HASH("sha512")
	HASH("sha3-256") HASH("sha3-512") HASH("sm3")
	"\ncrc32\ncrc32c\ncrc64\ncrc64-nvme"
	/* soft_dma.c, soft_dif.c */
	"\ncopy\nfill\ncompare\ndualcast\ncopy-crc32c\nxor\ndif\ndix";

const char *wd_get_software_algs(void)
{
	return algs;
}
