// SPDX-License-Identifier: GPL-2.0-or-later
/* Ciphers: known answers, and what has its own rules. Random requests: test_cross.c. */
#include <openssl/evp.h>

#include "alg_util.h"
#include "vectors.h"
#include "wd_cipher.h"

#define BLOCK	16
#define BATCH	32

static void tell(const char *alg, const char *what)
{
	printf("# %s: %s\n", alg, what);
}

/* One block of AES by the name of its mode; @iv: NULL in ECB. */
static void ref_block(const char *name, const uint8_t *key, const uint8_t *iv, const uint8_t *in,
		      uint8_t *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	if (!c || !cipher || EVP_EncryptInit_ex2(c, cipher, key, iv, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(c, 0) != 1 ||
	    EVP_EncryptUpdate(c, out, &n, in, BLOCK) != 1 || n != BLOCK)
		exit(EXIT_FAILURE);
	EVP_CIPHER_CTX_free(c);
	EVP_CIPHER_free(cipher);
}

static bool known_answer(const struct cipher_vector *v, bool async)
{
	uint8_t key[64], iv[16], plain[256], out[256], cipher[256];
	size_t key_len = unhex(key, v->key), len = unhex(plain, v->plain);
	struct wd_alg_ctx ctx;
	struct wd_request req;

	REQUIRE(unhex(cipher, v->cipher) == len);
	REQUIRE(!alg_open_keyed(&ctx, v->alg, key, key_len));
	unhex(iv, v->iv);
	wd_prep_encrypt(&req, plain, out, len, *v->iv ? iv : NULL);
	REQUIRE(!run_either(&ctx, &req, async) && req.produced == len);
	REQUIRE(!memcmp(out, cipher, len));

	unhex(iv, v->iv);
	wd_prep_decrypt(&req, out, out, len, *v->iv ? iv : NULL);
	REQUIRE(!run_either(&ctx, &req, async));
	REQUIRE(!memcmp(out, plain, len));
	wd_alg_exit(&ctx);
	return true;
}

static void known_answers(void)
{
	for (const struct cipher_vector *v = cipher_vectors; v->alg; v++) {
		bool ok = known_answer(v, false) && known_answer(v, true);

		if (!ok)
			tell(v->alg, v->source);
		CHECK(ok);
	}
}

/* The counter has 32 bits and the nonce is not part of it: RFC 8439, 2.3. */
static void chacha20_counter_wraps(void)
{
	uint8_t key[32] = { 1, 2, 3 }, data[256] = { 0 }, a[256], b[256];
	uint8_t iv[16] = { 0xfe, 0xff, 0xff, 0xff, 9 }, zero[16] = { 0, 0, 0, 0, 9 };
	struct wd_alg_ctx ctx;
	struct wd_request req;

	CHECK(!alg_open_keyed(&ctx, "chacha20", key, sizeof(key)));
	wd_prep_encrypt(&req, data, a, sizeof(data), iv);
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(iv[0] == 2 && !iv[1] && !iv[2] && !iv[3] && iv[4] == 9);
	wd_prep_encrypt(&req, data, b, 128, zero);
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(!memcmp(a + 128, b, 128));
	wd_alg_exit(&ctx);
}

/* The tweak of a unit is a number of 128 bits. */
static void xts_tweak_carries(void)
{
	uint8_t key[32] = { 1, 2, 3 }, data[64] = { 7 }, out[64], want[64];
	uint8_t iv[BLOCK], tweak[BLOCK];
	struct wd_alg_ctx ctx;
	struct wd_request req;

	memset(iv, 0xff, sizeof(iv));
	iv[12] = 0xfe;
	CHECK(!alg_open_keyed(&ctx, "xts(aes)", key, sizeof(key)));
	for (int i = 0; i < 2; i++) {
		memcpy(tweak, iv, BLOCK);
		for (size_t at = 0; at < sizeof(data); at += BLOCK) {
			ref_block("AES-128-XTS", key, tweak, data + at, want + at);
			for (int byte = 0; byte < BLOCK && !++tweak[byte]; byte++)
				;
		}
		wd_prep_encrypt(&req, data, out, sizeof(data), iv);
		req.unit = BLOCK;
		CHECK(!wd_alg_run(&ctx, &req));
		CHECK(!memcmp(out, want, sizeof(out)));
		iv[12] = 0xff;
	}
	wd_alg_exit(&ctx);
}

static void keys(void)
{
	uint8_t key[32] = { 5 }, other[32] = { 6 }, data[16] = { 0 }, a[16], b[16];
	struct wd_request req, *one = &req;
	struct wd_alg_ctx ctx;

	CHECK(!alg_open(&ctx, "ecb(aes)"));
	wd_prep_encrypt(&req, data, a, sizeof(data), NULL);
	CHECK(wd_alg_run(&ctx, &req) == -ENOKEY);
	CHECK(wd_alg_submit(&ctx, &one, 1) == -ENOKEY);
	CHECK(!wd_alg_set_key(&ctx, key, 16));
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(!wd_alg_set_key(&ctx, other, 32));
	CHECK(wd_alg_set_key(&ctx, other, 31) == -EINVAL);
	CHECK(!wd_alg_run(&ctx, &req));
	ref_block("AES-128-ECB", key, NULL, data, b);
	CHECK(memcmp(a, b, sizeof(a)));
	ref_block("AES-256-ECB", other, NULL, data, b);
	CHECK(!memcmp(a, b, sizeof(a)));
	CHECK(!wd_alg_set_key(&ctx, key, 16));
	CHECK(!wd_alg_run(&ctx, &req));
	ref_block("AES-128-ECB", key, NULL, data, b);
	CHECK(!memcmp(a, b, sizeof(a)));

	CHECK(wd_alg_submit(&ctx, &one, 1) == 1);
	CHECK(wd_alg_set_key(&ctx, other, 32) == -EBUSY);
	CHECK(!wait_for(&ctx, &req));
	CHECK(!wd_alg_set_key(&ctx, other, 32));
	wd_alg_exit(&ctx);
}

static unsigned int order[2 * BATCH], ended;

static void note_order(struct wd_request *req)
{
	order[ended++] = *(unsigned int *)req->arg;
}

static void a_batch_ends_in_order(void)
{
	struct wd_request reqs[BATCH], *list[BATCH];
	uint8_t key[16] = { 3 }, data[BATCH][64], iv[BATCH][16], want[64];
	unsigned int nr[BATCH];
	struct wd_alg_ctx ctx;

	memset(iv, 0, sizeof(iv));
	CHECK(!alg_open_keyed(&ctx, "ctr(aes)", key, sizeof(key)));
	for (unsigned int i = 0; i < BATCH; i++) {
		memset(data[i], (int)i, sizeof(data[i]));
		wd_prep_encrypt(&reqs[i], data[i], data[i], sizeof(data[i]), iv[i]);
		nr[i] = i;
		reqs[i].arg = &nr[i];
		reqs[i].callback = note_order;
		list[i] = &reqs[i];
	}
	ended = 0;
	CHECK(!submit_all(&ctx, list, BATCH));
	while (ended < BATCH)
		CHECK(wd_poll(ctx.ch, 5, -1) >= 0);
	CHECK(wd_poll(ctx.ch, 0, 0) == 0 && ended == BATCH);
	for (unsigned int i = 0; i < BATCH; i++) {
		CHECK(order[i] == i && !reqs[i].ret);
		reqs[0].iv = memset(iv[0], 0, sizeof(iv[0]));
		memset(want, (int)i, sizeof(want));
		wd_prep_encrypt(&reqs[0], want, want, sizeof(want), iv[0]);
		CHECK(!wd_alg_run(&ctx, &reqs[0]));
		CHECK(!memcmp(data[i], want, sizeof(want)));
	}

	/* A bad one ends the batch in front of it. */
	wd_prep_encrypt(&reqs[0], data[0], data[0], 64, iv[0]);
	wd_prep_encrypt(&reqs[1], data[1], data[1], 0, iv[1]);
	CHECK(wd_alg_submit(&ctx, list, 2) == 1);
	CHECK(!wait_for(&ctx, &reqs[0]));
	CHECK(wd_alg_submit(&ctx, list + 1, 1) == -EINVAL);
	wd_alg_exit(&ctx);
}

static bool thread_work(void *arg, unsigned int nr)
{
	static const uint8_t key[16] = { 8 };
	struct wd_alg_ctx *ctx = arg;
	uint8_t data[1000], out[1000], want[1000], iv[16], iv0[16];
	uint32_t seed = nr + 1;
	struct wd_request req;

	for (int i = 0; i < rounds(200); i++) {
		size_t len = 1 + next_random(&seed) % sizeof(data);
		EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
		int n;

		random_fill(data, len, &seed);
		random_fill(iv, sizeof(iv), &seed);
		memcpy(iv0, iv, sizeof(iv));
		wd_prep_encrypt(&req, data, out, len, iv);
		REQUIRE(!run_either(ctx, &req, i % 2));
		REQUIRE(c && EVP_EncryptInit_ex(c, EVP_aes_128_ctr(), NULL, key, iv0) == 1 &&
			EVP_EncryptUpdate(c, want, &n, data, (int)len) == 1);
		EVP_CIPHER_CTX_free(c);
		REQUIRE(!memcmp(out, want, len));
	}
	return true;
}

static void threads_on_one_context(void)
{
	uint8_t key[16] = { 8 };
	struct wd_alg_ctx ctx;

	CHECK(!alg_open_keyed(&ctx, "ctr(aes)", key, sizeof(key)));
	CHECK(in_threads(thread_work, &ctx));
	CHECK(!wd_async_thread_start(ctx.ch));
	CHECK(in_threads(thread_work, &ctx));
	wd_alg_exit(&ctx);
}

static void exit_cancels(void)
{
	static uint8_t data[BATCH][4096];
	struct wd_request reqs[BATCH], *list[BATCH];
	uint8_t key[16] = { 3 };
	struct wd_alg_ctx ctx, other;

	for (unsigned int i = 0; i < BATCH; i++)
		list[i] = &reqs[i];
	for (int round = 0; round < rounds(40); round++) {
		CHECK(!alg_open_keyed(&ctx, "ecb(aes)", key, sizeof(key)));
		other = (struct wd_alg_ctx){ .alg = "ecb(aes)", .ch = ctx.ch, .flags = ctx.flags };
		CHECK(!wd_alg_init(&other));
		CHECK(!wd_alg_set_key(&other, key, sizeof(key)));
		for (unsigned int i = 0; i < BATCH; i++)
			wd_prep_encrypt(&reqs[i], data[i], data[i], sizeof(data[i]), NULL);
		if (round % 2)
			CHECK(!wd_async_thread_start(ctx.ch));
		CHECK(!submit_all(&ctx, list, BATCH / 2));
		CHECK(!submit_all(&other, list + BATCH / 2, BATCH / 2));
		wd_alg_exit(&ctx);
		CHECK(!wait_for(&other, &reqs[BATCH - 1]));
		wd_alg_exit(&other);
	}
}

static const struct tap_test tests[] = {
	TEST(known_answers),
	TEST(chacha20_counter_wraps),
	TEST(xts_tweak_carries),
	TEST(keys),
	TEST(a_batch_ends_in_order),
	TEST(threads_on_one_context),
	TEST(exit_cancels),
};

TAP_MAIN(tests)
