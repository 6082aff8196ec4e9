// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ciphers and key objects, in every mode: published vectors; the same as OpenSSL for any
 * length and any place of the operands; what is no request; faults in the middle.
 */
#include <sys/mman.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include "harness.h"
#include "crypt.h"

#define PAGE	4096UL
#define ENC	WD_CIPHER_ENCRYPT
#define UNIT(log)	((uint32_t)(log) << WD_CIPHER_UNIT_SHIFT)

FIXTURE(cipher) {
	struct crypt x;
};

FIXTURE_VARIANT(cipher) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(cipher, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(cipher, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(cipher, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(cipher)
{
	ASSERT_EQ(0, crypt_setup(&self->x, variant->mode));
}

FIXTURE_TEARDOWN(cipher)
{
	EXPECT_EQ(0, raw_nop(&self->x.c));
	crypt_close(&self->x);
}

struct alg {
	unsigned int nr;
	const char *name;	/* OpenSSL's, with the bits of the key for %zu */
	unsigned int nkeys;
	unsigned int key_len[3];
	unsigned int block;
	bool iv;
	bool iv_out;
	bool xts;
};

static const struct alg algs[] = {
	{ WD_ALG_NR_AES_ECB, "AES-%zu-ECB", 3, { 16, 24, 32 }, 16, false, false, false },
	{ WD_ALG_NR_AES_CBC, "AES-%zu-CBC", 3, { 16, 24, 32 }, 16, true, true, false },
	{ WD_ALG_NR_AES_CTR, "AES-%zu-CTR", 3, { 16, 24, 32 }, 1, true, true, false },
	{ WD_ALG_NR_AES_XTS, "AES-%zu-XTS", 2, { 32, 64 }, 1, true, false, true },
	{ WD_ALG_NR_CHACHA20, "ChaCha20", 1, { 32 }, 1, true, true, false },
	{ WD_ALG_NR_SM4_CBC, "SM4-CBC", 1, { 16 }, 16, true, true, false },
	{ WD_ALG_NR_SM4_CTR, "SM4-CTR", 1, { 16 }, 1, true, true, false },
	{ WD_ALG_NR_SM4_XTS, "SM4-XTS", 1, { 32 }, 1, true, false, true },
};

static const struct alg *alg_of(unsigned int nr)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(algs); i++)
		if (algs[i].nr == nr)
			return &algs[i];
	abort();
}

/* What OpenSSL makes of it. */
static void reference(const struct alg *a, const uint8_t *key, size_t key_len, const uint8_t *iv,
		      bool encrypt, const uint8_t *src, uint8_t *dst, size_t len)
{
	char ieee[] = "IEEE";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string("xts_standard", ieee, 4),
		OSSL_PARAM_END,
	};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *evp;
	char name[32];
	int n;

	snprintf(name, sizeof(name), a->name, key_len * 8 / (a->xts ? 2 : 1));
	evp = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!ctx || !evp ||
	    EVP_CipherInit_ex2(ctx, evp, key, a->iv ? iv : NULL, encrypt,
			       a->nr == WD_ALG_NR_SM4_XTS ? params : NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
	    EVP_CipherUpdate(ctx, dst, &n, src, len) != 1 || (size_t)n != len)
		abort();
	EVP_CIPHER_free(evp);
	EVP_CIPHER_CTX_free(ctx);
}

/* XTS, unit by unit. */
static void reference_units(const struct alg *a, const uint8_t *key, size_t key_len,
			    const uint8_t *iv, bool encrypt, const uint8_t *src, uint8_t *dst,
			    size_t len, size_t unit)
{
	uint8_t tweak[16];

	memcpy(tweak, iv, 16);
	for (size_t at = 0; at < len; at += unit) {
		reference(a, key, key_len, tweak, encrypt, src + at, dst + at, unit);
		for (int i = 0; i < 16 && !++tweak[i]; i++)
			;
	}
}

/* ------------------------------------------------------------- known answers */

struct known {
	unsigned int alg;
	const char *key;
	const char *iv;
	const char *plain;
	const char *secret;
};

#define SP800_38A_PLAIN "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
			"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"

static const struct known known[] = {
	/* FIPS 197, appendix C */
	{ WD_ALG_NR_AES_ECB, "000102030405060708090a0b0c0d0e0f", "",
	  "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a" },
	{ WD_ALG_NR_AES_ECB, "000102030405060708090a0b0c0d0e0f1011121314151617", "",
	  "00112233445566778899aabbccddeeff", "dda97ca4864cdfe06eaf70a0ec0d7191" },
	{ WD_ALG_NR_AES_ECB, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "", "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089" },
	/* SP 800-38A, F.2.1, F.5.1 */
	{ WD_ALG_NR_AES_CBC, "2b7e151628aed2a6abf7158809cf4f3c",
	  "000102030405060708090a0b0c0d0e0f", SP800_38A_PLAIN,
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	  "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
	{ WD_ALG_NR_AES_CTR, "2b7e151628aed2a6abf7158809cf4f3c",
	  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", SP800_38A_PLAIN,
	  "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
	  "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
	/* IEEE 1619, vectors 2 and 15 */
	{ WD_ALG_NR_AES_XTS, "1111111111111111111111111111111122222222222222222222222222222222",
	  "33333333330000000000000000000000",
	  "4444444444444444444444444444444444444444444444444444444444444444",
	  "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0" },
	{ WD_ALG_NR_AES_XTS, "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0",
	  "9a785634120000000000000000000000", "000102030405060708090a0b0c0d0e0f10",
	  "6c1625db4671522d3d7599601de7ca09ed" },
	/* RFC 8439, 2.4.2 */
	{ WD_ALG_NR_CHACHA20, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	  "01000000000000000000004a00000000",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	  "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	  "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	  "637265656e20776f756c642062652069742e",
	  "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"
	  "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
	  "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
	  "5af90bbf74a35be6b40b8eedf2785e42874d" },
	/* GB/T 32907, as in RFC 8998, A.2.1: SM4 of one block is CBC with a vector of zeros */
	{ WD_ALG_NR_SM4_CBC, "0123456789abcdeffedcba9876543210",
	  "00000000000000000000000000000000", "0123456789abcdeffedcba9876543210",
	  "681edf34d206965e86b3e94f536e4246" },
};

TEST_F(cipher, known_answers)
{
	struct crypt *x = &self->x;

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		const struct known *k = &known[i];
		uint8_t key[64], iv[16], plain[128], secret[128];
		size_t len = crypt_hex(plain, k->plain);
		struct wd_desc d;
		struct wd_cqe cqe;

		if (!crypt_can(x, k->alg)) {
			TH_LOG("not here: %u", k->alg);
			continue;
		}
		crypt_hex(iv, k->iv);
		ASSERT_EQ(len, crypt_hex(secret, k->secret));
		ASSERT_EQ(WD_ST_OK, crypt_set_key(x, i, k->alg, key, crypt_hex(key, k->key)));
		memcpy(x->param, iv, 16);
		memcpy(x->area[0], plain, len);
		memset(x->area[1], 0x5a, len + 1);
		d = crypt_desc(x, WD_OP_CIPHER, ENC, i, x->area[0], x->area[1], len, 0);
		d.param = *k->iv ? d.param : 0;
		ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("vector %u", i);
		EXPECT_EQ(len, cqe.consumed);
		EXPECT_EQ(len, cqe.produced);
		EXPECT_EQ(0, cqe.info | cqe.aux);
		EXPECT_EQ(0, memcmp(secret, x->area[1], len)) TH_LOG("vector %u", i);
		EXPECT_EQ(0x5a, x->area[1][len]);
		if (*k->iv)
			EXPECT_EQ(0, memcmp(iv, x->param, 16));
		d.op = 0;
		d.src = d.dst;
		ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(0, memcmp(plain, x->area[1], len)) TH_LOG("vector %u", i);
	}
}

/* -------------------------------------------------------- the same as OpenSSL */

/* Sizes about those at which something changes; then any. */
static size_t some_length(unsigned int round, uint32_t *seed)
{
	static const size_t lens[] = { 16, 17, 31, 32, 33, 4096, 16384, 16385, 16400, 65536,
				       262144, 262160, 1 << 20 };

	if (round < ARRAY_SIZE(lens))
		return lens[round];
	return 16 + raw_random(seed) % (1U << raw_random(seed) % 19);
}

struct one {
	const struct alg *a;
	uint8_t key[64];
	size_t key_len;
	uint8_t iv[16];
	size_t len;
	unsigned int unit;	/* log2 */
	bool encrypt;
};

static struct one some_request(const struct alg *a, unsigned int round, uint32_t *seed)
{
	struct one o = { .a = a, .encrypt = round & 1 };

	o.key_len = a->key_len[raw_random(seed) % a->nkeys];
	raw_fill_random(o.key, o.key_len, raw_random(seed));
	raw_fill_random(o.iv, 16, raw_random(seed));
	if (a->nr == WD_ALG_NR_CHACHA20)
		o.iv[3] = 0;	/* what comes behind 2^32 blocks is not defined */
	else if (round % 3 == 0)
		memset(o.iv + (a->xts ? 0 : 4), 0xff, 12);	/* carries */
	o.len = some_length(round, seed) / a->block * a->block;
	if (a->xts && round % 4 == 2) {
		o.unit = 4 + raw_random(seed) % 12;
		o.len = (o.len >> o.unit) ? o.len >> o.unit << o.unit : 1U << o.unit;
		if (o.len >> o.unit > 256)
			o.len = 256UL << o.unit;
	}
	return o;
}

/* Does the request, at @src and @dst, with parts of up to @longest bytes. Return: the status. */
static int do_one(struct crypt *x, const struct one *o, const uint8_t *src, uint8_t *dst,
		  size_t len, uint32_t op, uint32_t longest)
{
	struct wd_cqe cqe = {};
	struct wd_desc d;

	op |= (o->encrypt ? ENC : 0) | UNIT(o->unit);
	d = crypt_desc(x, WD_OP_CIPHER, op, 5, src, dst, len, longest);
	if (!o->a->iv)
		d.param = 0;
	if (raw_do(&x->c, &d, &cqe))
		abort();
	return cqe.status == WD_ST_OK && (cqe.produced != len || cqe.consumed != len) ?
	       -EPROTO : cqe.status;
}

static void wanted(const struct one *o, const uint8_t *src, uint8_t *want)
{
	reference_units(o->a, o->key, o->key_len, o->iv, o->encrypt, src, want, o->len,
			o->a->xts && o->unit ? 1U << o->unit : o->len);
}

TEST_F(cipher, same_as_openssl)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(2 << 20);
	uint32_t seed = 42;

	for (unsigned int n = 0; n < ARRAY_SIZE(algs); n++) {
		const struct alg *a = &algs[n];

		if (!crypt_can(x, a->nr)) {
			TH_LOG("not here: %s", a->name);
			continue;
		}
		for (unsigned int round = 0; round < 24; round++) {
			struct one o = some_request(a, round, &seed);
			uint8_t *src = x->area[0] + raw_random(&seed) % 64;
			uint8_t *dst = round % 3 ? x->area[1] + raw_random(&seed) % 5000 : src;
			uint32_t longest = round % 2 ? 0 : o.len / 100 + 40;

			raw_fill_random(src, o.len, round);
			wanted(&o, src, want);
			memcpy(x->param, o.iv, 16);
			ASSERT_EQ(WD_ST_OK, crypt_set_key(x, 5, a->nr, o.key, o.key_len));
			dst[o.len] = 0x5a;
			ASSERT_EQ(WD_ST_OK, do_one(x, &o, src, dst, o.len, 0, longest))
				TH_LOG("%s, round %u, %zu bytes", a->name, round, o.len);
			ASSERT_EQ(0, memcmp(want, dst, o.len))
				TH_LOG("%s, round %u, %zu bytes", a->name, round, o.len);
			ASSERT_EQ(0x5a, dst[o.len]);
		}
	}
}

/* In two requests, the second with the vector that the first gave back. */
TEST_F(cipher, vector_goes_on)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(2 << 20);
	uint32_t seed = 43;

	for (unsigned int n = 0; n < ARRAY_SIZE(algs); n++) {
		const struct alg *a = &algs[n];

		if (!crypt_can(x, a->nr) || !a->iv_out)
			continue;
		for (unsigned int round = 0; round < 12; round++) {
			struct one o = some_request(a, round, &seed);
			size_t cut;

			o.len += 64;
			cut = (1 + raw_random(&seed) % (o.len / 64)) * 64;
			raw_fill_random(x->area[0], o.len, round);
			wanted(&o, x->area[0], want);
			memcpy(x->param, o.iv, 16);
			ASSERT_EQ(WD_ST_OK, crypt_set_key(x, 5, a->nr, o.key, o.key_len));
			ASSERT_EQ(WD_ST_OK, do_one(x, &o, x->area[0], x->area[0], cut,
						   WD_CIPHER_IV_OUT, 0));
			if (cut < o.len) {
				ASSERT_EQ(WD_ST_OK, do_one(x, &o, x->area[0] + cut,
							   x->area[0] + cut, o.len - cut, 0, 0));
			}
			ASSERT_EQ(0, memcmp(want, x->area[0], o.len))
				TH_LOG("%s, %zu of %zu", a->name, cut, o.len);
		}
	}
}

/* The longest operands: of a cipher; of XTS as one unit, and in the largest units. */
TEST_F(cipher, long_operands)
{
	struct crypt *x = &self->x;
	size_t len = x->c.layout.max_unit;
	struct one o = { .a = alg_of(WD_ALG_NR_AES_XTS), .key_len = 64, .len = len - 5,
			 .encrypt = true };
	uint8_t *want = raw_memory(CRYPT_AREA);

	ASSERT_EQ(4U << 20, len);
	raw_fill_random(o.key, 64, 3);
	ASSERT_EQ(WD_ST_OK, crypt_set_key(x, 5, WD_ALG_NR_AES_XTS, o.key, 64));
	memcpy(x->param, o.iv, 16);
	raw_fill_random(x->area[0], len, 4);
	wanted(&o, x->area[0], want);
	ASSERT_EQ(WD_ST_OK, do_one(x, &o, x->area[0], x->area[1], o.len, 0, 0));
	EXPECT_EQ(0, memcmp(want, x->area[1], o.len));
	o.unit = 20;
	o.len = len;
	wanted(&o, x->area[0], want);
	ASSERT_EQ(WD_ST_OK, do_one(x, &o, x->area[0], x->area[1], len, 0, 70000));
	EXPECT_EQ(0, memcmp(want, x->area[1], len));
	/* The first of them again, by a chunk of the stage that is larger than it. */
	o.unit = 9;
	o.len = 1 << 17;
	wanted(&o, x->area[0], want);
	ASSERT_EQ(WD_ST_OK, do_one(x, &o, x->area[0], x->area[0], o.len, 0, 0));
	EXPECT_EQ(0, memcmp(want, x->area[0], o.len));
}

/* ------------------------------------------------------------ what is no request */

static struct wd_desc good(struct crypt *x, uint32_t key)
{
	return crypt_desc(x, WD_OP_CIPHER, ENC, key, x->area[0], x->area[1], 64, 0);
}

static int status(struct crypt *x, struct wd_desc d)
{
	struct wd_cqe cqe;
	int err = raw_do(&x->c, &d, &cqe);

	if (err)
		return err;
	return cqe.status != WD_ST_OK && (cqe.consumed || cqe.produced) ? -EPROTO : cqe.status;
}

/* @change is a statement about the descriptor d. */
#define REFUSED(st, key, change)					\
	do {								\
		struct wd_desc d = good(x, key);			\
		change;							\
		EXPECT_EQ(st, status(x, d)) TH_LOG("%s", #change);	\
	} while (0)

/* Keys 0 to 5: ECB, CBC, CTR, XTS, ChaCha20, GCM. */
static int set_keys(struct crypt *x)
{
	static const struct { uint32_t op, len; } keys[] = {
		{ WD_ALG_NR_AES_ECB, 16 }, { WD_ALG_NR_AES_CBC, 16 }, { WD_ALG_NR_AES_CTR, 16 },
		{ WD_ALG_NR_AES_XTS, 32 }, { WD_ALG_NR_CHACHA20, 32 },
		{ WD_ALG_NR_AES_GCM | 16 << WD_KEY_TAG_SHIFT, 16 },
	};
	uint8_t key[32];
	int st = 0;

	raw_fill_random(key, sizeof(key), 9);
	for (uint32_t i = 0; i < ARRAY_SIZE(keys); i++)
		st |= crypt_set_key(x, i, keys[i].op, key, keys[i].len);
	return st;
}

TEST_F(cipher, no_request)
{
	struct crypt *x = &self->x;

	ASSERT_EQ(WD_ST_OK, set_keys(x));
	REFUSED(WD_ST_OK, 1, (void)d);
	REFUSED(WD_ST_BAD_OP, 1, d.op |= 4);
	REFUSED(WD_ST_BAD_OP, 1, d.op |= 1U << 31);
	REFUSED(WD_ST_BAD_OP, 1, d.op |= UNIT(5));
	REFUSED(WD_ST_BAD_OP, 3, d.op |= UNIT(3));
	REFUSED(WD_ST_BAD_OP, 3, d.op |= UNIT(23));
	REFUSED(WD_ST_BAD_OP, 3, d.op |= UNIT(31));
	REFUSED(WD_ST_BAD_OP, 3, d.op |= WD_CIPHER_IV_OUT);
	REFUSED(WD_ST_BAD_OP, 0, d.op |= WD_CIPHER_IV_OUT; d.param = 0);
	REFUSED(WD_ST_BAD_FLAGS, 0, (void)d);
	REFUSED(WD_ST_OK, 0, d.param = 0);
	REFUSED(WD_ST_BAD_FLAGS, 1, d.flags |= 8);
	REFUSED(WD_ST_BAD_FLAGS, 1, d.src_dom = 1);
	REFUSED(WD_ST_BAD_FLAGS, 1, d.stream = 1);
	REFUSED(WD_ST_BAD_PARAM, 1, d.param += 8);
	REFUSED(WD_ST_BAD_LENGTH, 1, d.src_len = 0);
	REFUSED(WD_ST_BAD_LENGTH, 1, d.src_len = d.dst_len = 63);
	REFUSED(WD_ST_BAD_LENGTH, 1, d.dst_len = 48);
	REFUSED(WD_ST_BAD_LENGTH, 1, d.src_len = d.dst_len = x->c.layout.max_len + 16);
	REFUSED(WD_ST_BAD_LENGTH, 0, d.param = 0; d.src_len = d.dst_len = 17);
	REFUSED(WD_ST_BAD_LENGTH, 3, d.src_len = d.dst_len = 15);
	REFUSED(WD_ST_BAD_LENGTH, 3, d.op |= UNIT(5); d.src_len = d.dst_len = 48);
	REFUSED(WD_ST_BAD_LENGTH, 3, d.src_len = d.dst_len = x->c.layout.max_unit + 1);
	REFUSED(WD_ST_OK, 2, d.src_len = d.dst_len = 1);
	REFUSED(WD_ST_OK, 4, d.src_len = 63);
	REFUSED(WD_ST_BAD_KEY, 5, (void)d);
	REFUSED(WD_ST_BAD_KEY, 6, (void)d);
	REFUSED(WD_ST_BAD_KEY, x->c.layout.keys, (void)d);
	REFUSED(WD_ST_BAD_KEY, ~0U, (void)d);
	REFUSED(WD_ST_BAD_SGL, 1, d.flags |= WD_DESC_SRC_SGL; d.src += 1);
}

TEST_F(cipher, bad_keys)
{
	static const struct { uint32_t op, len; int status; } keys[] = {
		{ WD_ALG_NR_AES_CBC, 15, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_CBC, 0, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_CBC, 64, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_CBC, WD_KEY_MAX_LEN + 1, WD_ST_BAD_KEY },
		{ WD_ALG_NR_CHACHA20, 16, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_XTS, 16, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_XTS, 32, WD_ST_BAD_KEY },	/* both halves are the same */
		{ WD_ALG_NR_AES_CBC | 16 << WD_KEY_TAG_SHIFT, 16, WD_ST_BAD_OP },
		{ WD_ALG_NR_AES_GCM, 16, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_GCM | 17 << WD_KEY_TAG_SHIFT, 16, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_GCM | 16 << WD_KEY_TAG_SHIFT, 17, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_GCM | 7 << WD_KEY_TAG_SHIFT, 16, WD_ST_BAD_KEY },
		{ WD_ALG_NR_AES_CCM | 5 << WD_KEY_TAG_SHIFT, 16, WD_ST_BAD_KEY },
		{ WD_ALG_NR_CHACHA20_POLY1305 | 8 << WD_KEY_TAG_SHIFT, 32, WD_ST_BAD_KEY },
		{ WD_ALG_NR_DEFLATE, 16, WD_ST_BAD_OP },
		{ WD_ALG_NR_CRC32, 16, WD_ST_BAD_OP },
		{ 15 + 64, 16, WD_ST_BAD_OP },
		{ 255, 16, WD_ST_BAD_OP },
		{ WD_ALG_NR_AES_CBC | 1 << 16, 16, WD_ST_BAD_OP },
	};
	struct crypt *x = &self->x;
	static uint8_t zeros[WD_KEY_MAX_LEN + 1];
	struct wd_desc d = { .opcode = WD_OP_KEY_SET, .op = WD_ALG_NR_AES_CBC, .src_len = 16 };

	ASSERT_EQ(WD_ST_OK, set_keys(x));
	for (unsigned int i = 0; i < ARRAY_SIZE(keys); i++) {
		EXPECT_EQ(keys[i].status, crypt_set_key(x, 1, keys[i].op, zeros, keys[i].len))
			TH_LOG("key %u", i);
	}
	/* What was there is there. */
	EXPECT_EQ(WD_ST_OK, status(x, good(x, 1)));
	d.src = raw_dma(&x->m, x->key);
	d.dst_len = 1;
	EXPECT_EQ(WD_ST_BAD_FLAGS, status(x, d));
	d.dst_len = 0;
	d.param = raw_dma(&x->m, x->param);
	EXPECT_EQ(WD_ST_BAD_FLAGS, status(x, d));
	d.param = 0;
	d.stream = 1;
	EXPECT_EQ(WD_ST_BAD_FLAGS, status(x, d));
	d.stream = 0;
	d.key = x->c.layout.keys;
	EXPECT_EQ(WD_ST_BAD_KEY, status(x, d));
	d = (struct wd_desc) { .opcode = WD_OP_KEY_DROP, .op = 1 };
	EXPECT_EQ(WD_ST_BAD_OP, status(x, d));
	d = (struct wd_desc) { .opcode = WD_OP_KEY_DROP, .src_len = 1 };
	EXPECT_EQ(WD_ST_BAD_FLAGS, status(x, d));
}

/* ------------------------------------------------------------------ life of keys */

TEST_F(cipher, keys_come_and_go)
{
	struct crypt *x = &self->x;
	struct crypt other;

	ASSERT_EQ(WD_ST_OK, set_keys(x));
	/* In another channel there are none of ours. */
	ASSERT_EQ(0, crypt_setup(&other, variant->mode));
	EXPECT_EQ(WD_ST_BAD_KEY, status(&other, good(&other, 1)));
	crypt_close(&other);
	EXPECT_EQ(WD_ST_OK, crypt_drop_key(x, 1));
	EXPECT_EQ(WD_ST_BAD_KEY, status(x, good(x, 1)));
	EXPECT_EQ(WD_ST_BAD_KEY, crypt_drop_key(x, 1));
	EXPECT_EQ(WD_ST_OK, status(x, good(x, 2)));
	/* Nor are they there for who has the channel next. */
	for (int i = 0; i < 3; i++) {
		crypt_close(x);
		ASSERT_EQ(0, crypt_setup(x, variant->mode));
		EXPECT_EQ(WD_ST_BAD_KEY, status(x, good(x, 2)));
		EXPECT_EQ(WD_ST_OK, set_keys(x));
	}
	/* All ids, again and again, with keys of all kinds. */
	for (uint32_t i = 0; i < 3 * x->c.layout.keys; i++) {
		uint8_t key[32];

		raw_fill_random(key, sizeof(key), i);
		ASSERT_EQ(WD_ST_OK, crypt_set_key(x, i % x->c.layout.keys,
						  i & 1 ? WD_ALG_NR_AES_XTS : WD_ALG_NR_CHACHA20,
						  key, 32));
	}
}

/* ---------------------------------------------------------------------- faults */

#define FAULT_LEN	(40 * PAGE)

static struct one fault_request(struct crypt *x, unsigned int alg, uint32_t seed)
{
	struct one o = some_request(alg_of(alg), 1, &seed);

	o.len = FAULT_LEN;
	memcpy(x->param, o.iv, 16);
	if (crypt_set_key(x, 5, alg, o.key, o.key_len))
		abort();
	return o;
}

static const unsigned int fault_algs[] = { WD_ALG_NR_AES_CBC, WD_ALG_NR_AES_CTR,
					   WD_ALG_NR_CHACHA20, WD_ALG_NR_AES_XTS };

/* Pages that are not there when the engine comes: it waits and goes on. */
TEST_F(cipher, fresh_pages)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(FAULT_LEN);

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "memory is always there");
	for (unsigned int i = 0; i < ARRAY_SIZE(fault_algs); i++) {
		struct one o = fault_request(x, fault_algs[i], i);
		uint8_t *src = raw_memory(FAULT_LEN), *dst = raw_memory(FAULT_LEN);
		uint8_t *same = raw_memory(FAULT_LEN);

		wanted(&o, src, want);
		munmap(src, FAULT_LEN);
		src = raw_memory(FAULT_LEN);
		memset(dst + PAGE / 2, 1, FAULT_LEN / 2);
		ASSERT_EQ(WD_ST_OK, do_one(x, &o, src, dst, o.len, 0, 0));
		EXPECT_EQ(0, memcmp(want, dst, o.len));
		ASSERT_EQ(WD_ST_OK, do_one(x, &o, same, same, o.len, 0, 300));
		EXPECT_EQ(0, memcmp(want, same, o.len));
		munmap(src, FAULT_LEN);
		munmap(dst, FAULT_LEN);
		munmap(same, FAULT_LEN);
	}
}

/* In place, while another thread takes the pages away: nothing is worked on twice. */
TEST_F(cipher, pages_that_go)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(FAULT_LEN), *p = crypt_shared_memory(FAULT_LEN);
	struct crypt_thief thief;
	int rounds = raw_rounds(4, 40);

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "memory is always there");
	crypt_steal(&thief, p, FAULT_LEN);
	for (unsigned int i = 0; i < rounds * ARRAY_SIZE(fault_algs); i++) {
		struct one o = fault_request(x, fault_algs[i % ARRAY_SIZE(fault_algs)], i);

		raw_fill_random(p, FAULT_LEN, i);
		wanted(&o, p, want);
		ASSERT_EQ(WD_ST_OK, do_one(x, &o, p, p, o.len, 0, i & 1 ? 5000 : 0));
		ASSERT_EQ(0, memcmp(want, p, o.len)) TH_LOG("%s", o.a->name);
	}
	crypt_steal_no_more(&thief);
	munmap(p, FAULT_LEN);
}

/* A part that may only be read, in place; a destination of which a part is not to be had. */
TEST_F(cipher, forbidden_pages)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(FAULT_LEN), *src = raw_memory(FAULT_LEN);
	uint8_t *bad;

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "all memory is open");
	for (unsigned int i = 0; i < ARRAY_SIZE(fault_algs); i++) {
		struct one o = fault_request(x, fault_algs[i], i);
		size_t half = FAULT_LEN / 2;
		struct wd_desc d;
		struct wd_cqe cqe;
		uint8_t *p = raw_memory(FAULT_LEN);

		raw_fill_random(src, FAULT_LEN, i);
		memcpy(p, src, FAULT_LEN);
		wanted(&o, src, want);
		bad = p + half;
		for (int prot = PROT_READ; prot >= PROT_NONE; prot--) {
			uint8_t *from = prot == PROT_READ ? p : src;

			memcpy(p, src, half);
			ASSERT_EQ(0, mprotect(bad, half, prot));
			d = crypt_desc(x, WD_OP_CIPHER, o.encrypt ? ENC : 0, 5, from, p, o.len, 0);
			ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
			EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
			EXPECT_EQ(WD_CQE_FAULT_DST, cqe.aux);
			EXPECT_EQ((uintptr_t)bad, cqe.info);
			EXPECT_EQ(half, cqe.produced);
			EXPECT_EQ(0, memcmp(want, p, half));
		}
		ASSERT_EQ(0, mprotect(bad, half, PROT_READ | PROT_WRITE));
		EXPECT_EQ(0, memcmp(src + half, bad, half));
		munmap(p, FAULT_LEN);
	}
}

/* The parameter block and the key are where nothing is, or where nothing can be written. */
TEST_F(cipher, block_and_key_nowhere)
{
	struct crypt *x = &self->x;
	uint8_t *p = raw_memory(2 * PAGE);
	struct wd_desc d, k;
	struct wd_cqe cqe;

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "all memory is open");
	ASSERT_EQ(WD_ST_OK, set_keys(x));
	munmap(p + PAGE, PAGE);
	d = good(x, 1);
	d.param = (uintptr_t)p + PAGE;
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
	EXPECT_EQ(WD_CQE_FAULT_PARAM, cqe.aux);
	EXPECT_EQ(d.param, cqe.info);
	ASSERT_EQ(0, mprotect(p, PAGE, PROT_READ));
	d.param = (uintptr_t)p;
	ASSERT_EQ(WD_ST_OK, status(x, d));
	d.op |= WD_CIPHER_IV_OUT;
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
	EXPECT_EQ(WD_CQE_FAULT_PARAM, cqe.aux);
	EXPECT_EQ(d.param, cqe.info);
	/* A key of which half is there: the old one stays. */
	k = (struct wd_desc) {
		.opcode = WD_OP_KEY_SET,
		.op = WD_ALG_NR_AES_CBC,
		.src = (uintptr_t)p + PAGE - 8,
		.src_len = 16,
		.key = 1,
	};
	ASSERT_EQ(0, raw_do(&x->c, &k, &cqe));
	EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
	EXPECT_EQ(0, cqe.aux);
	EXPECT_EQ((uintptr_t)p + PAGE, cqe.info);
	EXPECT_EQ(WD_ST_OK, status(x, good(x, 1)));
	/* A key that comes with a page that is not there yet. */
	k.src = (uintptr_t)raw_memory(PAGE);
	EXPECT_EQ(WD_ST_OK, status(x, k));
}

TEST_HARNESS_MAIN
