// SPDX-License-Identifier: GPL-2.0-or-later
/* Authenticated ciphers: known answers, the longest messages. Random ones: test_cross.c. */
#include "alg_util.h"
#include "vectors.h"
#include "wd_aead.h"

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

static bool is_all(const uint8_t *p, size_t len, int value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return false;
	return true;
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
	TEST(long_messages),
	TEST(batches_of_many_threads),
};

TAP_MAIN(tests)
