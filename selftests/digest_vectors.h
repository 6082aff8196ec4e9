/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Published answers: the examples of FIPS 180-4, FIPS 202 and GB/T 32905, RFC 2202 and
 * RFC 4231, RFC 3720 B.4, and the check values that catalogues of CRCs give.
 */
#ifndef DIGEST_VECTORS_H
#define DIGEST_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <misc/uacce/wd_accel.h>

#define TWO_BLOCKS	"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define TWO_LONG_BLOCKS	"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno" \
			"ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
#define MILLION		1000000
#define JEFE		"what do ya want for nothing?"
#define LONG_KEY	"Test Using Larger Than Block-Size Key - Hash Key First"

/* @text, @times in a row. */
static const struct hash_vector {
	int nr;
	const char *text;
	size_t times;
	const char *want;
} hash_vectors[] = {
	{ WD_ALG_NR_SHA1, "", 1,
	  "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ WD_ALG_NR_SHA1, "abc", 1,
	  "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ WD_ALG_NR_SHA1, TWO_BLOCKS, 1,
	  "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ WD_ALG_NR_SHA1, "a", MILLION,
	  "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
	{ WD_ALG_NR_SHA224, "", 1,
	  "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f" },
	{ WD_ALG_NR_SHA224, "abc", 1,
	  "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ WD_ALG_NR_SHA224, TWO_BLOCKS, 1,
	  "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525" },
	{ WD_ALG_NR_SHA224, "a", MILLION,
	  "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67" },
	{ WD_ALG_NR_SHA256, "", 1,
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ WD_ALG_NR_SHA256, "abc", 1,
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ WD_ALG_NR_SHA256, TWO_BLOCKS, 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ WD_ALG_NR_SHA256, "a", MILLION,
	  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	{ WD_ALG_NR_SHA384, "", 1,
	  "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
	  "274edebfe76f65fbd51ad2f14898b95b" },
	{ WD_ALG_NR_SHA384, "abc", 1,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	  "8086072ba1e7cc2358baeca134c825a7" },
	{ WD_ALG_NR_SHA384, TWO_LONG_BLOCKS, 1,
	  "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712"
	  "fcc7c71a557e2db966c3e9fa91746039" },
	{ WD_ALG_NR_SHA384, "a", MILLION,
	  "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b"
	  "07b8b3dc38ecc4ebae97ddd87f3d8985" },
	{ WD_ALG_NR_SHA512, "", 1,
	  "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
	  "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e" },
	{ WD_ALG_NR_SHA512, "abc", 1,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ WD_ALG_NR_SHA512, TWO_LONG_BLOCKS, 1,
	  "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
	  "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909" },
	{ WD_ALG_NR_SHA512, "a", MILLION,
	  "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb"
	  "de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b" },
	{ WD_ALG_NR_SHA3_256, "", 1,
	  "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a" },
	{ WD_ALG_NR_SHA3_256, "abc", 1,
	  "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ WD_ALG_NR_SHA3_256, TWO_LONG_BLOCKS, 1,
	  "916f6061fe879741ca6469b43971dfdb28b1a32dc36cb3254e812be27aad1d18" },
	{ WD_ALG_NR_SHA3_256, "a", MILLION,
	  "5c8875ae474a3634ba4fd55ec85bffd661f32aca75c6d699d0cdcb6c115891c1" },
	{ WD_ALG_NR_SHA3_512, "", 1,
	  "a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
	  "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26" },
	{ WD_ALG_NR_SHA3_512, "abc", 1,
	  "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
	  "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0" },
	{ WD_ALG_NR_SHA3_512, TWO_LONG_BLOCKS, 1,
	  "afebb2ef542e6579c50cad06d2e578f9f8dd6881d7dc824d26360feebf18a4fa"
	  "73e3261122948efcfd492e74e82e2189ed0fb440d187f382270cb455f21dd185" },
	{ WD_ALG_NR_SHA3_512, "a", MILLION,
	  "3c3a876da14034ab60627c077bb98f7e120a2a5370212dffb3385a18d4f38859"
	  "ed311d0a9d5141ce9cc5c66ee689b266a8aa18ace8282a0e0db596c90b0a7b87" },
	{ WD_ALG_NR_SM3, "abc", 1,
	  "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
	{ WD_ALG_NR_SM3, "abcd", 16,
	  "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732" },
};

/* The key is @key, or @fill_len bytes @fill. */
static const struct hmac_vector {
	int nr;
	const char *key;
	uint8_t fill;
	size_t fill_len;
	const char *text;
	const char *want;
} hmac_vectors[] = {
	{ WD_ALG_NR_SHA1, NULL, 0x0b, 20, "Hi There",
	  "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ WD_ALG_NR_SHA1, "Jefe", 0, 0, JEFE,
	  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ WD_ALG_NR_SHA1, NULL, 0xaa, 80, LONG_KEY,
	  "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	{ WD_ALG_NR_SHA224, NULL, 0x0b, 20, "Hi There",
	  "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22" },
	{ WD_ALG_NR_SHA224, "Jefe", 0, 0, JEFE,
	  "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44" },
	{ WD_ALG_NR_SHA224, NULL, 0xaa, 131, LONG_KEY,
	  "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e" },
	{ WD_ALG_NR_SHA256, NULL, 0x0b, 20, "Hi There",
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ WD_ALG_NR_SHA256, "Jefe", 0, 0, JEFE,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ WD_ALG_NR_SHA256, NULL, 0xaa, 131, LONG_KEY,
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ WD_ALG_NR_SHA384, NULL, 0x0b, 20, "Hi There",
	  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	  "faea9ea9076ede7f4af152e8b2fa9cb6" },
	{ WD_ALG_NR_SHA384, "Jefe", 0, 0, JEFE,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ WD_ALG_NR_SHA384, NULL, 0xaa, 131, LONG_KEY,
	  "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c6"
	  "0c2ef6ab4030fe8296248df163f44952" },
	{ WD_ALG_NR_SHA512, NULL, 0x0b, 20, "Hi There",
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ WD_ALG_NR_SHA512, "Jefe", 0, 0, JEFE,
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ WD_ALG_NR_SHA512, NULL, 0xaa, 131, LONG_KEY,
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};

/* @len bytes: @text; without it each @step more than the one before, from @first on. */
static const struct crc_vector {
	int nr;
	const char *text;
	uint8_t first;
	int step;
	size_t len;
	uint64_t want;
} crc_vectors[] = {
	{ WD_ALG_NR_CRC32, "123456789", 0, 0, 9, 0xcbf43926 },
	{ WD_ALG_NR_CRC32C, "123456789", 0, 0, 9, 0xe3069283 },
	{ WD_ALG_NR_CRC64, "123456789", 0, 0, 9, 0x6c40df5f0b497347 },
	{ WD_ALG_NR_CRC64_NVME, "123456789", 0, 0, 9, 0xae8b14860a799888 },
	{ WD_ALG_NR_CRC32C, NULL, 0, 0, 32, 0x8a9136aa },
	{ WD_ALG_NR_CRC32C, NULL, 0xff, 0, 32, 0x62a8ab43 },
	{ WD_ALG_NR_CRC32C, NULL, 0, 1, 32, 0x46dd794e },
	{ WD_ALG_NR_CRC32C, NULL, 31, -1, 32, 0x113fdb5c },
	{ WD_ALG_NR_CRC32, "", 0, 0, 0, 0 },
	{ WD_ALG_NR_CRC64, "", 0, 0, 0, 0 },
	{ WD_ALG_NR_CRC64_NVME, "", 0, 0, 0, 0 },
};

#endif
