// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Authenticated ciphers, in every mode: published vectors; the same as OpenSSL for any
 * length and any place of the operands; a wrong tag releases nothing; what is no request;
 * faults in the middle.
 */
#include <sys/mman.h>

#include <openssl/evp.h>

#include "harness.h"
#include "crypt.h"

#define PAGE	4096UL
#define ENC	WD_AEAD_ENCRYPT
#define TAG(len)	((uint32_t)(len) << WD_KEY_TAG_SHIFT)

FIXTURE(aead) {
	struct crypt x;
};

FIXTURE_VARIANT(aead) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(aead, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(aead, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(aead, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(aead)
{
	ASSERT_EQ(0, crypt_setup(&self->x, variant->mode));
	for (unsigned int alg = WD_ALG_NR_AES_GCM; alg <= WD_ALG_NR_CHACHA20_POLY1305; alg++)
		ASSERT_TRUE(crypt_can(&self->x, alg));
}

FIXTURE_TEARDOWN(aead)
{
	EXPECT_EQ(0, raw_nop(&self->x.c));
	crypt_close(&self->x);
}

/* A message and its key. The associated data is in the area 2, wherever the rest is. */
struct message {
	unsigned int alg;
	uint8_t key[32];
	size_t key_len;
	uint8_t iv[16];
	size_t iv_len;
	size_t aad;
	size_t text;
	size_t tag;
};

/* Into the areas: text @plain, @aad. Return: what OpenSSL makes of it in @secret and @tag. */
static void reference(const struct message *g, const uint8_t *aad, const uint8_t *plain,
		      uint8_t *secret, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ccm = g->alg == WD_ALG_NR_AES_CCM;
	EVP_CIPHER *evp;
	char name[32];
	int n;

	if (g->alg == WD_ALG_NR_CHACHA20_POLY1305)
		snprintf(name, sizeof(name), "ChaCha20-Poly1305");
	else
		snprintf(name, sizeof(name), "AES-%zu-%s", g->key_len * 8, ccm ? "CCM" : "GCM");
	evp = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!ctx || !evp || EVP_EncryptInit_ex2(ctx, evp, NULL, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, g->iv_len, NULL) != 1 ||
	    (ccm && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, g->tag, NULL) != 1) ||
	    EVP_EncryptInit_ex2(ctx, NULL, g->key, g->iv, NULL) != 1 ||
	    (ccm && EVP_EncryptUpdate(ctx, NULL, &n, NULL, g->text) != 1) ||
	    (g->aad && EVP_EncryptUpdate(ctx, NULL, &n, aad, g->aad) != 1) ||
	    EVP_EncryptUpdate(ctx, secret, &n, plain, g->text) != 1 ||
	    EVP_EncryptFinal_ex(ctx, secret + g->text, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, g->tag, tag) != 1)
		abort();
	EVP_CIPHER_free(evp);
	EVP_CIPHER_CTX_free(ctx);
}

static int set_key(struct crypt *x, const struct message *g)
{
	return crypt_set_key(x, 7, g->alg | TAG(g->tag), g->key, g->key_len);
}

/* A descriptor with its parameter block; @tag: of a message to decrypt, else NULL. */
static struct wd_desc request(struct crypt *x, const struct message *g, const uint8_t *aad,
			      const uint8_t *src, const uint8_t *dst, const uint8_t *tag,
			      uint32_t longest)
{
	struct wd_desc d = crypt_desc(x, WD_OP_AEAD, tag ? 0 : ENC, 7, src, dst, g->text, longest);
	struct wd_aead_param p = { .aad_len = g->aad, .iv_len = g->iv_len };
	__u64 addr;

	if (crypt_operand(x, 2, &addr, aad, g->aad, longest, 3))
		d.op |= WD_AEAD_AAD_SGL;
	p.aad = addr;
	memcpy(p.iv, g->iv, sizeof(p.iv));
	memset(p.tag, 0x77, sizeof(p.tag));
	if (tag)
		memcpy(p.tag, tag, g->tag);
	memcpy(x->param, &p, sizeof(p));
	return d;
}

static const uint8_t *tag_of(const struct crypt *x)
{
	return ((const struct wd_aead_param *)x->param)->tag;
}

/* Return: the status; what comes with WD_ST_OK, or with another one, is as it should be. */
static int perform(struct crypt *x, const struct wd_desc *d)
{
	struct wd_cqe cqe;
	int err = raw_do(&x->c, d, &cqe);

	if (err)
		return err;
	if (cqe.status != WD_ST_OK)
		return cqe.produced || cqe.info || cqe.aux ? -EPROTO : cqe.status;
	return cqe.consumed == d->src_len && cqe.produced == d->src_len && !cqe.info && !cqe.aux ?
	       WD_ST_OK : -EPROTO;
}

/* ------------------------------------------------------------- known answers */

struct known {
	unsigned int alg;
	const char *key;
	const char *iv;
	const char *aad;	/* NULL: the 65536 bytes of SP 800-38C, example 4 */
	const char *plain;
	const char *secret;
	const char *tag;
};

#define GCM_PLAIN "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
		  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define CCM_KEY "404142434445464748494a4b4c4d4e4f"
#define ZEROS_16 "00000000000000000000000000000000"

static const struct known known[] = {
	/* The specification of GCM, test cases 1, 2, 4, 16 */
	{ WD_ALG_NR_AES_GCM, ZEROS_16, "000000000000000000000000", "", "", "",
	  "58e2fccefa7e3061367f1d57a4e7455a" },
	{ WD_ALG_NR_AES_GCM, ZEROS_16, "000000000000000000000000", "", ZEROS_16,
	  "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf" },
	{ WD_ALG_NR_AES_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
	  GCM_AAD, GCM_PLAIN,
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ WD_ALG_NR_AES_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888", GCM_AAD, GCM_PLAIN,
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
	/* SP 800-38C, examples 1 to 4 */
	{ WD_ALG_NR_AES_CCM, CCM_KEY, "10111213141516", "0001020304050607", "20212223",
	  "7162015b", "4dac255d" },
	{ WD_ALG_NR_AES_CCM, CCM_KEY, "1011121314151617", "000102030405060708090a0b0c0d0e0f",
	  "202122232425262728292a2b2c2d2e2f", "d2a1f0e051ea5f62081a7792073d593d",
	  "1fc64fbfaccd" },
	{ WD_ALG_NR_AES_CCM, CCM_KEY, "101112131415161718191a1b",
	  "000102030405060708090a0b0c0d0e0f10111213",
	  "202122232425262728292a2b2c2d2e2f3031323334353637",
	  "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5", "484392fbc1b09951" },
	{ WD_ALG_NR_AES_CCM, CCM_KEY, "101112131415161718191a1b1c", NULL,
	  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	  "69915dad1e84c6376a68c2967e4dab615ae0fd1faec44cc484828529463ccf72",
	  "b4ac6bec93e8598e7f0dadbcea5b" },
	/* RFC 8439, 2.8.2 */
	{ WD_ALG_NR_CHACHA20_POLY1305,
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
	  "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
	  "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
	  "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
	  "637265656e20776f756c642062652069742e",
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	  "3ff4def08e4b7a9de576d26586cec64b6116",
	  "1ae10b594f09e26a7e902ecbd0600691" },
};

static size_t known_aad(uint8_t *aad, const char *hex)
{
	if (hex)
		return crypt_hex(aad, hex);
	for (size_t i = 0; i < 65536; i++)
		aad[i] = i;
	return 65536;
}

TEST_F(aead, known_answers)
{
	struct crypt *x = &self->x;

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		const struct known *k = &known[i];
		struct message g = { .alg = k->alg };
		uint8_t plain[128], secret[128], tag[16];
		struct wd_desc d;

		g.key_len = crypt_hex(g.key, k->key);
		g.iv_len = crypt_hex(g.iv, k->iv);
		g.aad = known_aad(x->area[2], k->aad);
		g.text = crypt_hex(plain, k->plain);
		ASSERT_EQ(g.text, crypt_hex(secret, k->secret));
		g.tag = crypt_hex(tag, k->tag);
		ASSERT_EQ(WD_ST_OK, set_key(x, &g));
		memcpy(x->area[0], plain, g.text);
		memset(x->area[1], 0x5a, g.text + 1);
		d = request(x, &g, x->area[2], x->area[0], x->area[1], NULL, 0);
		ASSERT_EQ(WD_ST_OK, perform(x, &d)) TH_LOG("vector %u", i);
		EXPECT_EQ(0, memcmp(secret, x->area[1], g.text)) TH_LOG("vector %u", i);
		EXPECT_EQ(0x5a, x->area[1][g.text]);
		EXPECT_EQ(0, memcmp(tag, tag_of(x), g.tag)) TH_LOG("vector %u", i);
		for (size_t b = g.tag; b < 16; b++)
			EXPECT_EQ(0x77, tag_of(x)[b]);
		d = request(x, &g, x->area[2], x->area[1], x->area[1], tag, 0);
		ASSERT_EQ(WD_ST_OK, perform(x, &d)) TH_LOG("vector %u", i);
		EXPECT_EQ(0, memcmp(plain, x->area[1], g.text)) TH_LOG("vector %u", i);
	}
}

/* -------------------------------------------------------- the same as OpenSSL */

static size_t some_length(uint32_t *seed)
{
	return raw_random(seed) % (1U << raw_random(seed) % 18);
}

static struct message some_message(unsigned int round, uint32_t *seed)
{
	static const uint8_t gcm[] = { 4, 8, 12, 13, 14, 15, 16 }, ccm[] = { 4, 6, 8, 10, 12, 14, 16 };
	struct message g = { .alg = WD_ALG_NR_AES_GCM + round % 3, .key_len = 32, .iv_len = 12,
			     .tag = 16 };

	if (g.alg != WD_ALG_NR_CHACHA20_POLY1305) {
		g.key_len = 16 + 8 * (raw_random(seed) % 3);
		g.tag = (g.alg == WD_ALG_NR_AES_GCM ? gcm : ccm)[raw_random(seed) % sizeof(gcm)];
	}
	if (g.alg == WD_ALG_NR_AES_CCM)
		g.iv_len = 7 + raw_random(seed) % 7;
	raw_fill_random(g.key, sizeof(g.key), raw_random(seed));
	raw_fill_random(g.iv, sizeof(g.iv), raw_random(seed));
	g.aad = round % 5 ? some_length(seed) : 0;
	g.text = round % 7 ? some_length(seed) : 0;
	if (round % 20 == 19)
		g.text = (1 << 20) - raw_random(seed) % 50;
	if (g.iv_len == 13)
		g.text &= 0xffff;
	return g;
}

TEST_F(aead, same_as_openssl)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(2 << 20), tag[16];
	uint32_t seed = 44;

	for (unsigned int round = 0; round < 60; round++) {
		struct message g = some_message(round, &seed);
		uint8_t *src = x->area[0] + raw_random(&seed) % 64;
		uint8_t *aad = x->area[2] + raw_random(&seed) % 64;
		uint8_t *dst = round % 4 ? x->area[1] + raw_random(&seed) % 5000 : src;
		uint32_t longest = round % 2 ? 0 : (g.text + g.aad) / 100 + 40;
		uint8_t *plain = x->area[1] + (2 << 20);
		struct wd_desc d;

		raw_fill_random(src, g.text, round);
		raw_fill_random(aad, g.aad, round + 1);
		memcpy(plain, src, g.text);
		reference(&g, aad, src, want, tag);
		ASSERT_EQ(WD_ST_OK, set_key(x, &g));
		dst[g.text] = 0x5a;
		d = request(x, &g, aad, src, dst, NULL, longest);
		ASSERT_EQ(WD_ST_OK, perform(x, &d))
			TH_LOG("round %u: %zu + %zu", round, g.aad, g.text);
		ASSERT_EQ(0, memcmp(want, dst, g.text))
			TH_LOG("round %u: %zu + %zu", round, g.aad, g.text);
		ASSERT_EQ(0, memcmp(tag, tag_of(x), g.tag)) TH_LOG("round %u", round);
		ASSERT_EQ(0x5a, dst[g.text]);
		d = request(x, &g, aad, dst, src, tag, longest);
		ASSERT_EQ(WD_ST_OK, perform(x, &d)) TH_LOG("round %u", round);
		ASSERT_EQ(0, memcmp(plain, src, g.text)) TH_LOG("round %u", round);
	}
}

/* As long as it gets; most of it text, or most of it associated data. */
TEST_F(aead, longest_messages)
{
	struct crypt *x = &self->x;
	const size_t unit = x->c.layout.max_unit;
	uint8_t *want = raw_memory(CRYPT_AREA), tag[16];

	for (unsigned int i = 0; i < 4; i++) {
		struct message g = { .alg = WD_ALG_NR_AES_GCM + i % 3, .key_len = 32, .iv_len = 12,
				     .tag = 16 };
		struct wd_desc d;

		g.aad = i < 3 ? 100 : unit - 200;
		g.text = unit - 16 - g.aad;
		ASSERT_EQ(WD_ST_OK, set_key(x, &g));
		raw_fill_random(x->area[0], g.text, i);
		raw_fill_random(x->area[2], g.aad, i);
		reference(&g, x->area[2], x->area[0], want, tag);
		d = request(x, &g, x->area[2], x->area[0], x->area[1], NULL, 0);
		ASSERT_EQ(WD_ST_OK, perform(x, &d)) TH_LOG("message %u", i);
		EXPECT_EQ(0, memcmp(want, x->area[1], g.text)) TH_LOG("message %u", i);
		EXPECT_EQ(0, memcmp(tag, tag_of(x), 16)) TH_LOG("message %u", i);
		/* One more is too many. */
		g.text++;
		d = request(x, &g, x->area[2], x->area[0], x->area[1], NULL, 0);
		EXPECT_EQ(WD_ST_BAD_LENGTH, perform(x, &d));
	}
}

/* ------------------------------------------------------------------- wrong tags */

enum { IN_TAG, IN_TEXT, IN_AAD, IN_NONCE, IN_KEY, NOWHERE };

/* A bit of it is another: nothing is released, to another place or to the same. */
TEST_F(aead, forged)
{
	struct crypt *x = &self->x;
	uint8_t *secret = raw_memory(1 << 20), tag[16];
	uint32_t seed = 45;

	for (unsigned int round = 0; round < 36; round++) {
		struct message g = some_message(round, &seed), f;
		int where = round / 3 % 6;
		uint8_t wrong[16];
		struct wd_desc d;

		g.text = g.text % 100000 + 1;
		g.text &= g.iv_len == 13 ? 0xffff : ~0UL;
		g.text += !g.text;
		g.aad += !g.aad;
		raw_fill_random(x->area[0], g.text, round);
		raw_fill_random(x->area[2], g.aad, round + 1);
		reference(&g, x->area[2], x->area[0], secret, tag);
		memcpy(x->area[0], secret, g.text);
		memset(x->area[1], 0x5a, g.text);
		f = g;
		memcpy(wrong, tag, 16);
		if (where == IN_TAG)
			wrong[raw_random(&seed) % g.tag] ^= 1 << raw_random(&seed) % 8;
		else if (where == IN_TEXT)
			x->area[0][raw_random(&seed) % g.text] ^= 1 << raw_random(&seed) % 8;
		else if (where == IN_AAD)
			x->area[2][raw_random(&seed) % g.aad] ^= 1 << raw_random(&seed) % 8;
		else if (where == IN_NONCE)
			f.iv[raw_random(&seed) % g.iv_len] ^= 1;
		else if (where == IN_KEY)
			f.key[raw_random(&seed) % g.key_len] ^= 1;
		memcpy(secret, x->area[0], g.text);
		ASSERT_EQ(WD_ST_OK, set_key(x, &f));
		d = request(x, &f, x->area[2], x->area[0], x->area[1], wrong, 0);
		ASSERT_EQ(where == NOWHERE ? WD_ST_OK : WD_ST_AUTH, perform(x, &d))
			TH_LOG("round %u", round);
		for (size_t i = 0; where != NOWHERE && i < g.text; i++)
			ASSERT_EQ(0x5a, x->area[1][i]);
		d = request(x, &f, x->area[2], x->area[0], x->area[0], wrong, 0);
		ASSERT_EQ(where == NOWHERE ? WD_ST_OK : WD_ST_AUTH, perform(x, &d));
		if (where != NOWHERE)
			ASSERT_EQ(0, memcmp(secret, x->area[0], g.text));
		ASSERT_EQ(0, memcmp(wrong, tag_of(x), g.tag));
	}
}

/* ------------------------------------------------------------ what is no request */

#define REFUSED(st, change)						\
	do {								\
		struct wd_desc d = request(x, &g, x->area[2], x->area[0], x->area[1], NULL, 0); \
		struct wd_aead_param *p = x->param;			\
		change;							\
		(void)p;						\
		EXPECT_EQ(st, perform(x, &d)) TH_LOG("%s", #change);	\
	} while (0)

TEST_F(aead, no_request)
{
	struct crypt *x = &self->x;
	struct message g = { .alg = WD_ALG_NR_AES_GCM, .key_len = 16, .iv_len = 12, .tag = 16,
			     .aad = 20, .text = 64 };

	ASSERT_EQ(WD_ST_OK, set_key(x, &g));
	ASSERT_EQ(WD_ST_OK, crypt_set_key(x, 8, WD_ALG_NR_AES_CBC, g.key, 16));
	REFUSED(WD_ST_OK, (void)d);
	REFUSED(WD_ST_OK, d.src_len = d.dst_len = 0; d.src = d.dst = 0);
	REFUSED(WD_ST_OK, p->aad_len = 0; p->aad = 1; d.op |= WD_AEAD_AAD_SGL);
	REFUSED(WD_ST_BAD_OP, d.op |= 4);
	REFUSED(WD_ST_BAD_OP, d.op |= 1U << 31);
	REFUSED(WD_ST_BAD_FLAGS, d.stream = 1);
	REFUSED(WD_ST_BAD_FLAGS, d.dst_dom = 1);
	REFUSED(WD_ST_BAD_FLAGS, d.flags |= 8);
	REFUSED(WD_ST_BAD_PARAM, d.param += 8);
	REFUSED(WD_ST_BAD_PARAM, p->iv_len = 11);
	REFUSED(WD_ST_BAD_PARAM, p->iv_len = 0);
	REFUSED(WD_ST_BAD_PARAM, p->iv_len = 16);
	REFUSED(WD_ST_BAD_PARAM, p->iv_len = ~0U);
	REFUSED(WD_ST_BAD_PARAM, p->reserved[0] = 1);
	REFUSED(WD_ST_BAD_PARAM, p->reserved[15] = 0x80);
	REFUSED(WD_ST_BAD_LENGTH, d.dst_len = 63);
	REFUSED(WD_ST_BAD_LENGTH, d.src_len = d.dst_len = x->c.layout.max_unit);
	REFUSED(WD_ST_BAD_LENGTH, d.src_len = d.dst_len = ~0U);
	REFUSED(WD_ST_BAD_LENGTH, p->aad_len = x->c.layout.max_unit);
	REFUSED(WD_ST_BAD_LENGTH, p->aad_len = ~0U);
	REFUSED(WD_ST_BAD_KEY, d.key = 8);
	REFUSED(WD_ST_BAD_KEY, d.key = 9);
	REFUSED(WD_ST_BAD_KEY, d.key = x->c.layout.keys);
	REFUSED(WD_ST_BAD_SGL, d.op |= WD_AEAD_AAD_SGL; p->aad = raw_dma(&x->m, x->list[2]) + 8);
	g.alg = WD_ALG_NR_AES_CCM;
	ASSERT_EQ(WD_ST_OK, set_key(x, &g));
	REFUSED(WD_ST_OK, p->iv_len = 7);
	REFUSED(WD_ST_OK, p->iv_len = 13);
	REFUSED(WD_ST_BAD_PARAM, p->iv_len = 6);
	REFUSED(WD_ST_BAD_PARAM, p->iv_len = 14);
	g.text = 65535;
	g.iv_len = 13;
	REFUSED(WD_ST_OK, (void)d);
	g.text = 65536;
	REFUSED(WD_ST_BAD_LENGTH, (void)d);
}

/* The list of the associated data: where it ends, an entry that is none. */
TEST_F(aead, list_of_associated_data)
{
	struct crypt *x = &self->x;
	struct message g = { .alg = WD_ALG_NR_AES_GCM, .key_len = 16, .iv_len = 12, .tag = 16,
			     .aad = 3000, .text = 64 };
	uint8_t want[80], tag[16];
	struct wd_desc d;
	struct wd_cqe cqe;

	ASSERT_EQ(WD_ST_OK, set_key(x, &g));
	raw_fill_random(x->area[2], g.aad, 2);
	reference(&g, x->area[2], x->area[0], want, tag);
	d = request(x, &g, x->area[2], x->area[0], x->area[1], NULL, 0);
	((struct wd_aead_param *)x->param)->aad = raw_dma(&x->m, x->list[2]);
	d.op |= WD_AEAD_AAD_SGL;
	x->list[2][0] = (struct wd_sge) { .addr = raw_dma(&x->m, x->area[2]), .len = 1000 };
	x->list[2][1] = (struct wd_sge) { .addr = raw_dma(&x->m, x->area[2] + 1000), .len = ~0U };
	x->list[2][2] = (struct wd_sge) { .reserved = 1 };
	ASSERT_EQ(WD_ST_OK, perform(x, &d));
	EXPECT_EQ(0, memcmp(tag, tag_of(x), 16));
	EXPECT_EQ(0, memcmp(want, x->area[1], 64));
	x->list[2][1].len = 0;
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_BAD_SGL, cqe.status);
	EXPECT_EQ(raw_dma(&x->m, &x->list[2][1]), cqe.info);
	EXPECT_EQ(WD_CQE_FAULT_PARAM | WD_CQE_FAULT_SGL, cqe.aux);
	EXPECT_EQ(0, cqe.produced);
}

/* ---------------------------------------------------------------------- faults */

#define FAULT_LEN	(80 * PAGE)

TEST_F(aead, fresh_pages)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(FAULT_LEN), *zeros = raw_memory(FAULT_LEN), tag[16];
	uint32_t seed = 46;

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "memory is always there");
	memset(zeros, 0, FAULT_LEN);
	for (unsigned int i = 0; i < 3; i++) {
		struct message g = some_message(i, &seed);
		uint8_t *src = raw_memory(FAULT_LEN), *dst = raw_memory(FAULT_LEN);
		uint8_t *aad = raw_memory(FAULT_LEN);
		struct wd_desc d;

		g.iv_len = 12;
		g.aad = FAULT_LEN - 7;
		g.text = FAULT_LEN - 16;
		reference(&g, zeros, zeros, want, tag);
		ASSERT_EQ(WD_ST_OK, set_key(x, &g));
		memset(dst + PAGE / 2, 1, FAULT_LEN / 2);
		d = request(x, &g, aad, src, dst, NULL, i ? 0 : 3000);
		ASSERT_EQ(WD_ST_OK, perform(x, &d));
		EXPECT_EQ(0, memcmp(want, dst, g.text));
		EXPECT_EQ(0, memcmp(tag, tag_of(x), g.tag));
		munmap(src, FAULT_LEN);
		munmap(dst, FAULT_LEN);
		munmap(aad, FAULT_LEN);
	}
}

/* In place, while another thread takes the pages away: nothing is worked on twice. */
TEST_F(aead, pages_that_go)
{
	struct crypt *x = &self->x;
	uint8_t *want = raw_memory(FAULT_LEN), *p = crypt_shared_memory(2 * FAULT_LEN), tag[16];
	struct crypt_thief thief;
	uint32_t seed = 47;
	int rounds = raw_rounds(9, 90);

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "memory is always there");
	crypt_steal(&thief, p, 2 * FAULT_LEN);
	for (int i = 0; i < rounds; i++) {
		struct message g = some_message(i, &seed);
		struct wd_desc d;

		g.iv_len = 12;
		g.aad = 10 * PAGE;
		g.text = FAULT_LEN - 16;
		ASSERT_EQ(WD_ST_OK, set_key(x, &g));
		raw_fill_random(p, 2 * FAULT_LEN, i);
		reference(&g, p + FAULT_LEN, p, want, tag);
		d = request(x, &g, p + FAULT_LEN, p, p, NULL, i & 1 ? 5000 : 0);
		ASSERT_EQ(WD_ST_OK, perform(x, &d));
		ASSERT_EQ(0, memcmp(want, p, g.text)) TH_LOG("round %d", i);
		ASSERT_EQ(0, memcmp(tag, tag_of(x), g.tag)) TH_LOG("round %d", i);
	}
	crypt_steal_no_more(&thief);
	munmap(p, 2 * FAULT_LEN);
}

/* What is named by the request may not be reached: whose fault it was. */
TEST_F(aead, forbidden_pages)
{
	struct crypt *x = &self->x;
	struct message g = { .alg = WD_ALG_NR_AES_GCM, .key_len = 16, .iv_len = 12, .tag = 16,
			     .aad = 3 * PAGE, .text = FAULT_LEN };
	uint8_t *want = raw_memory(FAULT_LEN + 16), *p = raw_memory(FAULT_LEN), tag[16];
	size_t half = FAULT_LEN / 2;
	struct wd_desc d;
	struct wd_cqe cqe;

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "all memory is open");
	memset(p, 0, FAULT_LEN);
	ASSERT_EQ(WD_ST_OK, set_key(x, &g));
	reference(&g, x->area[2], p, want, tag);
	/* In place, and half of it may only be read. */
	ASSERT_EQ(0, mprotect(p + half, half, PROT_READ));
	d = request(x, &g, x->area[2], p, p, NULL, 0);
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
	EXPECT_EQ(WD_CQE_FAULT_DST, cqe.aux);
	EXPECT_EQ((uintptr_t)p + half, cqe.info);
	EXPECT_EQ(half, cqe.produced);
	EXPECT_EQ(0, memcmp(want, p, half));
	EXPECT_EQ(0, p[half] | p[FAULT_LEN - 1]);
	EXPECT_EQ(0x77, tag_of(x)[0]);
	/* The source; then nothing was written. */
	ASSERT_EQ(0, mprotect(p + half, half, PROT_NONE));
	memset(x->area[1], 0x5a, FAULT_LEN);
	d = request(x, &g, x->area[2], p, x->area[1], NULL, 0);
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
	EXPECT_EQ(0, cqe.aux);
	EXPECT_EQ((uintptr_t)p + half, cqe.info);
	EXPECT_EQ(0, cqe.produced);
	EXPECT_EQ(0x5a, x->area[1][0]);
	/* The associated data, and the block. */
	d = request(x, &g, p + half - PAGE, x->area[0], x->area[1], NULL, 0);
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
	EXPECT_EQ(WD_CQE_FAULT_PARAM, cqe.aux);
	EXPECT_EQ((uintptr_t)p + half, cqe.info);
	d = request(x, &g, x->area[2], x->area[0], x->area[1], NULL, 0);
	d.param = (uintptr_t)p + half - 16;
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
	EXPECT_EQ(WD_CQE_FAULT_PARAM, cqe.aux);
	EXPECT_EQ((uintptr_t)p + half, cqe.info);
	/* The tag has no place to go to: the text is there. */
	memcpy(p, x->param, sizeof(struct wd_aead_param));
	ASSERT_EQ(0, mprotect(p, PAGE, PROT_READ));
	memset(x->area[0], 0, FAULT_LEN);
	d.param = (uintptr_t)p;
	ASSERT_EQ(0, raw_do(&x->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
	EXPECT_EQ(WD_CQE_FAULT_PARAM, cqe.aux);
	EXPECT_EQ((uintptr_t)p + offsetof(struct wd_aead_param, tag), cqe.info);
	EXPECT_EQ(0, memcmp(want, x->area[1], FAULT_LEN));
}

TEST_HARNESS_MAIN
