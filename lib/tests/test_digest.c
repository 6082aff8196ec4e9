// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests, HMAC and CRCs: known answers, and their streams. Random ones: test_cross.c. */
#include <openssl/evp.h>

#include "alg_util.h"
#include "vectors.h"
#include "wd_digest.h"

#define BATCH	32

/* In two parts at @cut, or all at once where that is beyond the end. */
static int run_digest(struct wd_alg_ctx *ctx, const void *data, size_t len, size_t cut,
		      bool async, void *out, uint64_t *crc)
{
	size_t room = out ? WD_DIGEST_MAX_SIZE : 0;
	struct wd_request req;
	int ret = 0;

	if (cut > len) {
		wd_prep_digest(&req, data, len, out, room);
	} else {
		wd_prep_digest_update(&req, data, cut);
		ret = run_either(ctx, &req, async);
		wd_prep_digest_update(&req, (const char *)data + cut, len - cut);
		if (!ret)
			ret = run_either(ctx, &req, async);
		wd_prep_digest_end(&req, out, room);
	}
	if (!ret)
		ret = run_either(ctx, &req, async);
	*crc = req.result;
	if (!ret && out && req.produced != wd_digest_size(ctx->alg))
		return -EPROTO;
	return ret;
}

static bool known_answer(const struct digest_vector *v)
{
	uint8_t key[256], want[64], out[64];
	size_t key_len = unhex(key, v->key), size = unhex(want, v->digest), len = strlen(v->data);
	struct wd_alg_ctx ctx;
	uint64_t crc;

	REQUIRE(wd_digest_size(v->alg) == size);
	REQUIRE(!alg_open(&ctx, v->alg));
	REQUIRE(!key_len || !wd_alg_set_key(&ctx, key, key_len));
	for (size_t cut = 0; cut <= len + 1; cut++) {
		memset(out, 0x77, sizeof(out));
		REQUIRE(!run_digest(&ctx, v->data, len, cut, cut % 2, out, &crc));
		REQUIRE(!memcmp(out, want, size));
		REQUIRE(size == sizeof(out) || out[size] == 0x77);
	}
	wd_alg_exit(&ctx);
	return true;
}

static void known_answers(void)
{
	for (const struct digest_vector *v = digest_vectors; v->alg; v++) {
		bool ok = known_answer(v);

		if (!ok)
			printf("# %s: %s\n", v->alg, v->source);
		CHECK(ok);
	}
}

static void known_crcs(void)
{
	for (const struct crc_vector *v = crc_vectors; v->alg; v++) {
		size_t len = strlen(v->data);
		struct wd_alg_ctx ctx;
		uint64_t crc;

		CHECK(!wd_digest_size(v->alg));
		CHECK(!alg_open(&ctx, v->alg));
		for (size_t cut = 0; cut <= len + 1; cut++) {
			CHECK(!run_digest(&ctx, v->data, len, cut, cut % 2, NULL, &crc));
			CHECK(crc == v->crc);
		}
		wd_alg_exit(&ctx);
	}
}

static const struct {
	const char *alg;
	const char *ref;
	bool hmac;
} digests[] = {
	{ "sha1", "SHA1", false }, { "hmac(sha1)", "SHA1", true },
	{ "sha224", "SHA224", false }, { "hmac(sha224)", "SHA224", true },
	{ "sha256", "SHA256", false }, { "hmac(sha256)", "SHA256", true },
	{ "sha384", "SHA384", false }, { "hmac(sha384)", "SHA384", true },
	{ "sha512", "SHA512", false }, { "hmac(sha512)", "SHA512", true },
	{ "sha3-256", "SHA3-256", false }, { "hmac(sha3-256)", "SHA3-256", true },
	{ "sha3-512", "SHA3-512", false }, { "hmac(sha3-512)", "SHA3-512", true },
	{ "sm3", "SM3", false }, { "hmac(sm3)", "SM3", true },
};

static void reference(size_t d, const uint8_t *key, size_t key_len, const uint8_t *data,
		      size_t len, uint8_t *out)
{
	size_t n;

	if (digests[d].hmac ?
	    !EVP_Q_mac(NULL, "HMAC", NULL, digests[d].ref, NULL, key, key_len, data, len,
		       out, 64, &n) :
	    !EVP_Q_digest(NULL, digests[d].ref, NULL, data, len, out, &n))
		exit(EXIT_FAILURE);
}

/* Parts that are all submitted at once, and requests that have nothing to do with them. */
static void a_stream_and_others(void)
{
	struct wd_request reqs[BATCH], *list[BATCH];
	uint8_t data[BATCH * 100], out[64], alone[BATCH][64], want[64];
	struct wd_alg_ctx ctx;
	uint32_t seed = 4;

	random_fill(data, sizeof(data), &seed);
	CHECK(!alg_open(&ctx, "sha256"));
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < BATCH; i++) {
			list[i] = &reqs[i];
			if (i == BATCH - 1)
				wd_prep_digest_end(&reqs[i], out, sizeof(out));
			else if (i % 2)
				wd_prep_digest(&reqs[i], data + i, 7, alone[i], 32);
			else
				wd_prep_digest_update(&reqs[i], data + i / 2 * 100, 100);
		}
		CHECK(!submit_all(&ctx, list, BATCH));
		for (unsigned int i = 0; i < BATCH; i++)
			CHECK(!wait_for(&ctx, &reqs[i]));
		reference(4, NULL, 0, data, sizeof(data) / 2, want);
		CHECK(!memcmp(out, want, 32));
		for (unsigned int i = 1; i < BATCH - 1; i += 2) {
			reference(4, NULL, 0, data + i, 7, want);
			CHECK(!memcmp(alone[i], want, 32));
		}
	}
	/* One that is begun, and forgotten with its context. */
	wd_prep_digest_update(&reqs[0], data, 100);
	CHECK(!wd_alg_run(&ctx, &reqs[0]));
	wd_alg_exit(&ctx);
}

static void streams_without_parts(void)
{
	uint8_t out[64], want[64], key[3] = { 1, 2, 3 };
	struct wd_request req;
	struct wd_alg_ctx ctx;

	for (size_t d = 0; d < sizeof(digests) / sizeof(*digests); d++) {
		CHECK(!alg_open(&ctx, digests[d].alg));
		wd_prep_digest_end(&req, out, sizeof(out));
		if (digests[d].hmac) {
			CHECK(wd_alg_run(&ctx, &req) == -ENOKEY);
			CHECK(!wd_alg_set_key(&ctx, key, sizeof(key)));
		}
		CHECK(!wd_alg_run(&ctx, &req));
		reference(d, key, sizeof(key), out, 0, want);
		CHECK(!memcmp(out, want, wd_digest_size(ctx.alg)));
		wd_alg_exit(&ctx);
	}
	for (const struct crc_vector *v = crc_vectors; v->alg; v++) {
		CHECK(!alg_open(&ctx, v->alg));
		wd_prep_digest_end(&req, NULL, 0);
		CHECK(!wd_alg_run(&ctx, &req) && req.result == 0);
		wd_alg_exit(&ctx);
	}
}

static bool thread_work(void *arg, unsigned int nr)
{
	struct wd_alg_ctx *ctx = arg;
	uint8_t data[2000], out[64], want[64];
	uint32_t seed = nr + 1;

	for (int i = 0; i < rounds(100); i++) {
		size_t len = next_random(&seed) % sizeof(data);
		struct wd_request req;

		random_fill(data, len, &seed);
		reference(5, (const uint8_t *)"key", 3, data, len, want);
		wd_prep_digest(&req, data, len, out, sizeof(out));
		REQUIRE(!run_either(ctx, &req, i % 2));
		REQUIRE(!memcmp(out, want, 32));
	}
	return true;
}

static void threads_on_one_context(void)
{
	struct wd_alg_ctx ctx;

	CHECK(!alg_open_keyed(&ctx, "hmac(sha256)", "key", 3));
	CHECK(in_threads(thread_work, &ctx));
	wd_alg_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(known_answers),
	TEST(known_crcs),
	TEST(a_stream_and_others),
	TEST(streams_without_parts),
	TEST(threads_on_one_context),
};

TAP_MAIN(tests)
