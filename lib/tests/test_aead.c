// SPDX-License-Identifier: GPL-2.0-or-later
/* Authenticated ciphers: known answers, libcrypto, and messages that were changed. */
#include <openssl/evp.h>

#include "alg_util.h"
#include "vectors.h"
#include "wd_aead.h"

#define MAX	5000
#define BATCH	32

static bool known_answer(const struct aead_vector *v, bool async)
{
	uint8_t key[32], nonce[16], aad[64], plain[256], cipher[256], tag[16], out[256], got[16];
	size_t key_len = unhex(key, v->key), nonce_len = unhex(nonce, v->nonce);
	size_t aad_len = unhex(aad, v->aad), len = unhex(plain, v->plain);
	struct wd_alg_ctx ctx = {
		.alg = v->alg,
		.tag_len = (unsigned int)unhex(tag, v->tag),
		.flags = getenv("WD_TEST_DEVICE") ? 0 : WD_ALG_F_SOFTWARE,
	};
	struct wd_request req;

	REQUIRE(unhex(cipher, v->cipher) == len);
	REQUIRE(!wd_alg_init(&ctx));
	REQUIRE(!wd_alg_set_key(&ctx, key, key_len));
	memset(got, 0x55, sizeof(got));
	wd_prep_seal(&req, plain, out, len, nonce, nonce_len, aad, aad_len, got);
	REQUIRE(!run_either(&ctx, &req, async) && req.produced == len);
	REQUIRE(!memcmp(out, cipher, len) && !memcmp(got, tag, ctx.tag_len));
	for (unsigned int i = ctx.tag_len; i < sizeof(got); i++)
		REQUIRE(got[i] == 0x55);
	wd_prep_open(&req, out, out, len, nonce, nonce_len, aad, aad_len, tag);
	REQUIRE(!run_either(&ctx, &req, async) && req.produced == len);
	REQUIRE(!memcmp(out, plain, len));
	wd_alg_exit(&ctx);
	return true;
}

static void known_answers(void)
{
	for (const struct aead_vector *v = aead_vectors; v->alg; v++) {
		bool ok = known_answer(v, false) && known_answer(v, true);

		if (!ok)
			printf("# %s: %s\n", v->alg, v->source);
		CHECK(ok);
	}
}

static const struct {
	const char *alg;
	const char *ref;
	size_t key;
	size_t nonce;
	unsigned int tag;
} modes[] = {
	{ "gcm(aes)", "AES-128-GCM", 16, 12, 16 },
	{ "gcm(aes)", "AES-192-GCM", 24, 12, 13 },
	{ "gcm(aes)", "AES-256-GCM", 32, 12, 4 },
	{ "ccm(aes)", "AES-128-CCM", 16, 13, 16 },
	{ "ccm(aes)", "AES-192-CCM", 24, 7, 10 },
	{ "ccm(aes)", "AES-256-CCM", 32, 11, 4 },
	{ "rfc7539(chacha20,poly1305)", "ChaCha20-Poly1305", 32, 12, 16 },
};

#define MODES	(sizeof(modes) / sizeof(*modes))

static void ref_seal(size_t m, const uint8_t *key, const uint8_t *nonce, const struct area *aad,
		     const struct area *src, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, modes[m].ref, NULL);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool ccm = strstr(modes[m].alg, "ccm");
	int n, len = (int)src->len, tag_len = (int)modes[m].tag;

	if (!c || !cipher || EVP_EncryptInit_ex2(c, cipher, NULL, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)modes[m].nonce, NULL) != 1 ||
	    (ccm && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_len, NULL) != 1) ||
	    EVP_EncryptInit_ex2(c, NULL, key, nonce, NULL) != 1 ||
	    (ccm && EVP_EncryptUpdate(c, NULL, &n, NULL, len) != 1) ||
	    (aad->len && EVP_EncryptUpdate(c, NULL, &n, aad->p, (int)aad->len) != 1) ||
	    EVP_EncryptUpdate(c, out, &n, src->p, len) != 1 ||
	    EVP_EncryptFinal_ex(c, out, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_len, tag) != 1)
		exit(EXIT_FAILURE);
	EVP_CIPHER_CTX_free(c);
	EVP_CIPHER_free(cipher);
}

static bool is_all(const uint8_t *p, size_t len, int value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return false;
	return true;
}

/* One bit of it is wrong: nothing is told of the plaintext. */
static bool forged(struct wd_alg_ctx *ctx, size_t m, const uint8_t *nonce,
		   const struct area *aad, const struct area *cipher, const uint8_t *tag,
		   uint32_t *seed)
{
	uint8_t bad_nonce[16], bad_tag[16], bit = (uint8_t)(1U << next_random(seed) % 8);
	unsigned int what = next_random(seed) % 4;
	struct wd_request req;
	struct area dst;

	memcpy(bad_nonce, nonce, sizeof(bad_nonce));
	memcpy(bad_tag, tag, sizeof(bad_tag));
	if (what == 1 && aad->len)
		aad->p[next_random(seed) % aad->len] ^= bit;
	else if (what == 2 && cipher->len)
		cipher->p[next_random(seed) % cipher->len] ^= bit;
	else if (what == 3)
		bad_nonce[next_random(seed) % modes[m].nonce] ^= bit;
	else
		bad_tag[next_random(seed) % modes[m].tag] ^= bit;
	area_make(&dst, cipher->len, 3, true, seed);
	memset(dst.p, 0x5a, dst.len);
	wd_prep_open(&req, NULL, NULL, 0, bad_nonce, modes[m].nonce, NULL, 0, bad_tag);
	area_use(&req.src, cipher);
	area_use(&req.aad, aad);
	area_use(&req.dst, &dst);
	REQUIRE(run_either(ctx, &req, next_random(seed) % 2) == -EBADMSG);
	REQUIRE(is_all(dst.p, dst.len, 0x5a) && !req.produced);

	/* In place: the ciphertext is still there. */
	memcpy(dst.p, cipher->p, dst.len);
	area_use(&req.src, &dst);
	REQUIRE(run_either(ctx, &req, next_random(seed) % 2) == -EBADMSG);
	REQUIRE(!memcmp(dst.p, cipher->p, dst.len));
	area_free(&dst);
	return true;
}

static bool random_message(struct wd_alg_ctx *ctx, size_t m, const uint8_t *key, uint32_t *seed)
{
	bool torn = next_random(seed) % 2, in_place = next_random(seed) % 3 == 0;
	bool async = next_random(seed) % 2;
	size_t len = next_random(seed) % MAX, aad_len = next_random(seed) % 300;
	uint8_t nonce[16], nonce0[16], tag[16], want_tag[16], *want = must_alloc(MAX);
	struct area src, dst, aad;
	struct wd_request req;

	if (next_random(seed) % 8 == 0)
		len = next_random(seed) % 2;
	if (next_random(seed) % 8 == 0)
		aad_len = 0;
	area_make(&src, len, next_random(seed) % 17, torn, seed);
	area_make(&dst, len, next_random(seed) % 17, next_random(seed) % 2, seed);
	area_make(&aad, aad_len, next_random(seed) % 17, next_random(seed) % 2, seed);
	random_fill(nonce, sizeof(nonce), seed);
	memcpy(nonce0, nonce, sizeof(nonce));
	ref_seal(m, key, nonce, &aad, &src, want, want_tag);

	wd_prep_seal(&req, NULL, NULL, 0, nonce, modes[m].nonce, NULL, 0, tag);
	area_use(&req.src, &src);
	area_use(&req.dst, in_place ? &src : &dst);
	area_use(&req.aad, &aad);
	if (in_place) {
		memcpy(dst.p, src.p, len);
		REQUIRE(!run_either(ctx, &req, async));
		REQUIRE(!memcmp(src.p, want, len));
		/* For the comparison below: the other way round. */
		for (size_t i = 0; i < len; i++) {
			uint8_t plain = dst.p[i];

			dst.p[i] = src.p[i];
			src.p[i] = plain;
		}
	} else {
		REQUIRE(!run_either(ctx, &req, async));
		REQUIRE(!memcmp(dst.p, want, len));
	}
	REQUIRE(!memcmp(tag, want_tag, modes[m].tag) && !memcmp(nonce, nonce0, sizeof(nonce)));

	memcpy(want, src.p, len);
	wd_prep_open(&req, NULL, NULL, 0, nonce, modes[m].nonce, NULL, 0, tag);
	area_use(&req.src, &dst);
	area_use(&req.dst, &src);
	area_use(&req.aad, &aad);
	memset(src.p, 0, len);
	REQUIRE(!run_either(ctx, &req, async) && req.produced == len);
	REQUIRE(!memcmp(src.p, want, len));
	REQUIRE(forged(ctx, m, nonce, &aad, &dst, tag, seed));
	area_free(&src);
	area_free(&dst);
	area_free(&aad);
	free(want);
	return true;
}

static void against_libcrypto(void)
{
	uint32_t seed = 99;

	for (size_t m = 0; m < MODES; m++) {
		struct wd_alg_ctx ctx = {
			.alg = modes[m].alg,
			.tag_len = modes[m].tag,
			.flags = getenv("WD_TEST_DEVICE") ? 0 : WD_ALG_F_SOFTWARE,
		};
		uint8_t key[32];
		bool ok = true;

		random_fill(key, sizeof(key), &seed);
		CHECK(!wd_alg_init(&ctx) && !wd_alg_set_key(&ctx, key, modes[m].key));
		for (int i = 0; i < rounds(100) && ok; i++)
			ok = random_message(&ctx, m, key, &seed);
		if (!ok)
			printf("# %s\n", modes[m].ref);
		CHECK(ok);
		wd_alg_exit(&ctx);
	}
}

/* The longest message, and one of the longest aad: as a whole. */
static void long_messages(void)
{
	const size_t most = (4U << 20) - 16;
	uint8_t key[16] = { 1 }, nonce[12] = { 2 }, tag[16];
	uint8_t *data = must_alloc(most + 1), *copy = must_alloc(most);
	struct wd_alg_ctx ctx;
	struct wd_request req;
	uint32_t seed = 5;

	random_fill(data, most, &seed);
	memcpy(copy, data, most);
	CHECK(!alg_open_keyed(&ctx, "gcm(aes)", key, sizeof(key)));
	wd_prep_seal(&req, data, data, most, nonce, sizeof(nonce), NULL, 0, tag);
	CHECK(!wd_alg_run(&ctx, &req));
	wd_prep_open(&req, data, data, most, nonce, sizeof(nonce), NULL, 0, tag);
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(!memcmp(data, copy, most));
	wd_prep_seal(&req, NULL, NULL, 0, nonce, sizeof(nonce), data, most, tag);
	CHECK(!wd_alg_run(&ctx, &req));
	wd_prep_open(&req, NULL, NULL, 0, nonce, sizeof(nonce), data, most, tag);
	CHECK(!wd_alg_run(&ctx, &req));
	data[most - 1] ^= 1;
	CHECK(wd_alg_run(&ctx, &req) == -EBADMSG);
	wd_prep_seal(&req, data, data, most + 1, nonce, sizeof(nonce), NULL, 0, tag);
	CHECK(wd_alg_run(&ctx, &req) == -EINVAL);
	wd_prep_seal(&req, data, data, most, nonce, sizeof(nonce), copy, 1, tag);
	CHECK(wd_alg_run(&ctx, &req) == -EINVAL);
	wd_alg_exit(&ctx);
	free(data);
	free(copy);
}

static bool thread_work(void *arg, unsigned int nr)
{
	uint8_t data[BATCH][300], nonce[BATCH][12], tag[BATCH][16];
	struct wd_request reqs[BATCH], *list[BATCH];
	struct wd_alg_ctx *ctx = arg;

	for (int round = 0; round < rounds(16); round++) {
		for (unsigned int i = 0; i < BATCH; i++) {
			list[i] = &reqs[i];
			memset(data[i], (int)(i + nr), sizeof(data[i]));
			memset(nonce[i], 0, sizeof(nonce[i]));
			memcpy(nonce[i], &i, sizeof(i));
			memcpy(nonce[i] + 4, &nr, sizeof(nr));
			wd_prep_seal(&reqs[i], data[i], data[i], sizeof(data[i]), nonce[i], 12,
				     &nr, sizeof(nr), tag[i]);
		}
		REQUIRE(!submit_all(ctx, list, BATCH));
		for (unsigned int i = 0; i < BATCH; i++) {
			REQUIRE(!wait_for(ctx, &reqs[i]));
			REQUIRE(!is_all(data[i], sizeof(data[i]), data[i][0]));
			wd_prep_open(&reqs[i], data[i], data[i], sizeof(data[i]), nonce[i], 12,
				     &nr, sizeof(nr), tag[i]);
		}
		for (unsigned int i = 0; i < BATCH; i++) {
			REQUIRE(!wd_alg_run(ctx, &reqs[i]));
			REQUIRE(is_all(data[i], sizeof(data[i]), (int)(i + nr)));
		}
	}
	return true;
}

static void batches_of_many_threads(void)
{
	uint8_t key[32] = { 4 };
	struct wd_alg_ctx ctx;

	CHECK(!alg_open_keyed(&ctx, "rfc7539(chacha20,poly1305)", key, sizeof(key)));
	CHECK(in_threads(thread_work, &ctx));
	wd_alg_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(known_answers),
	TEST(against_libcrypto),
	TEST(long_messages),
	TEST(batches_of_many_threads),
};

TAP_MAIN(tests)
