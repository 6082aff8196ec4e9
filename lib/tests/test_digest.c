// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests, HMAC and CRCs: known answers, libcrypto, and CRCs bit by bit. */
#include <openssl/evp.h>

#include "alg_util.h"
#include "vectors.h"
#include "wd_digest.h"

#define MAX	8000
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
	uint64_t poly;		/* of a reflected one: reflected */
	uint64_t start;		/* and what is put on at the end */
	bool reflected;
} crcs[] = {
	{ "crc32", 0xedb88320, 0xffffffff, true },
	{ "crc32c", 0x82f63b78, 0xffffffff, true },
	{ "crc64", 0x42f0e1eba9ea3693, 0, false },
	{ "crc64-nvme", 0x9a6c9329ac4bc9b5, UINT64_MAX, true },
};

static uint64_t ref_crc(size_t k, const uint8_t *p, size_t len)
{
	uint64_t crc = crcs[k].start;

	for (size_t i = 0; i < len; i++) {
		crc ^= crcs[k].reflected ? p[i] : (uint64_t)p[i] << 56;
		for (int bit = 0; bit < 8; bit++) {
			bool one = crcs[k].reflected ? crc & 1 : crc >> 63;

			crc = crcs[k].reflected ? crc >> 1 : crc << 1;
			crc ^= one ? crcs[k].poly : 0;
		}
	}
	return crc ^ crcs[k].start;
}

static int run_area(struct wd_alg_ctx *ctx, const struct area *a, struct wd_operand *out,
		    bool async, bool stream, uint64_t *crc)
{
	struct wd_request req;
	int ret;

	if (stream)
		wd_prep_digest_update(&req, NULL, 0);
	else
		wd_prep_digest(&req, NULL, 0, NULL, 0);
	area_use(&req.src, a);
	if (!stream)
		req.dst = *out;
	ret = run_either(ctx, &req, async);
	if (!ret && stream) {
		wd_prep_digest_end(&req, NULL, 0);
		req.dst = *out;
		ret = run_either(ctx, &req, async);
	}
	*crc = req.result;
	return ret;
}

static void crcs_bit_by_bit(void)
{
	uint32_t seed = 3;

	for (size_t k = 0; k < sizeof(crcs) / sizeof(*crcs); k++) {
		struct wd_operand none = { 0 };
		struct wd_alg_ctx ctx;

		CHECK(!alg_open(&ctx, crcs[k].alg));
		for (int i = 0; i < rounds(60); i++) {
			struct area a;
			uint64_t crc;

			area_make(&a, next_random(&seed) % MAX, next_random(&seed) % 17,
				  i % 2, &seed);
			CHECK(!run_area(&ctx, &a, &none, i % 3 == 0, i % 5 == 0, &crc));
			CHECK(crc == ref_crc(k, a.p, a.len));
			area_free(&a);
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

static void reference(size_t d, const uint8_t *key, size_t key_len, const struct area *a,
		      uint8_t *out)
{
	size_t n;

	if (digests[d].hmac ?
	    !EVP_Q_mac(NULL, "HMAC", NULL, digests[d].ref, NULL, key, key_len, a->p, a->len,
		       out, 64, &n) :
	    !EVP_Q_digest(NULL, digests[d].ref, NULL, a->p, a->len, out, &n))
		exit(EXIT_FAILURE);
}

static bool random_digest(struct wd_alg_ctx *ctx, size_t d, const uint8_t *key, size_t key_len,
			  uint32_t *seed)
{
	const size_t size = wd_digest_size(ctx->alg);
	struct wd_operand to = { 0 };
	struct area a, out;
	uint8_t want[64];
	uint64_t crc;

	area_make(&a, next_random(seed) % MAX, next_random(seed) % 17,
		  next_random(seed) % 2, seed);
	area_make(&out, size, next_random(seed) % 17, next_random(seed) % 2, seed);
	area_use(&to, &out);
	reference(d, key, key_len, &a, want);
	REQUIRE(!run_area(ctx, &a, &to, next_random(seed) % 2, next_random(seed) % 2, &crc));
	REQUIRE(!memcmp(out.p, want, size));
	area_free(&a);
	area_free(&out);
	return true;
}

static void against_libcrypto(void)
{
	static const size_t key_lens[] = { 1, 63, 64, 65, 136, 137, 4096 };
	static uint8_t key[4096];
	uint32_t seed = 9;

	random_fill(key, sizeof(key), &seed);
	for (size_t d = 0; d < sizeof(digests) / sizeof(*digests); d++) {
		struct wd_alg_ctx ctx;
		bool ok = true;

		CHECK(!alg_open(&ctx, digests[d].alg));
		for (int i = 0; i < rounds(24) && ok; i++) {
			size_t key_len = key_lens[i % 7];

			if (digests[d].hmac)
				ok = !wd_alg_set_key(&ctx, key, key_len);
			ok = ok && random_digest(&ctx, d, key, key_len, &seed);
		}
		if (!ok)
			printf("# %s\n", digests[d].alg);
		CHECK(ok);
		wd_alg_exit(&ctx);
	}
}

/* Parts that are all submitted at once, and requests that have nothing to do with them. */
static void a_stream_and_others(void)
{
	struct wd_request reqs[BATCH], *list[BATCH];
	uint8_t data[BATCH * 100], out[64], alone[BATCH][64], want[64];
	struct area all = { .p = data, .len = sizeof(data) / 2 }, one = { .len = 7 };
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
		reference(4, NULL, 0, &all, want);
		CHECK(!memcmp(out, want, 32));
		for (unsigned int i = 1; i < BATCH - 1; i += 2) {
			one.p = data + i;
			reference(4, NULL, 0, &one, want);
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
	struct area nothing = { .p = out };
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
		reference(d, key, sizeof(key), &nothing, want);
		CHECK(!memcmp(out, want, wd_digest_size(ctx.alg)));
		wd_alg_exit(&ctx);
	}
	for (size_t k = 0; k < sizeof(crcs) / sizeof(*crcs); k++) {
		CHECK(!alg_open(&ctx, crcs[k].alg));
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
		struct area a = { .p = data, .len = next_random(&seed) % sizeof(data) };
		struct wd_request req;

		random_fill(data, a.len, &seed);
		reference(5, (const uint8_t *)"key", 3, &a, want);
		wd_prep_digest(&req, data, a.len, out, sizeof(out));
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
	TEST(crcs_bit_by_bit),
	TEST(against_libcrypto),
	TEST(a_stream_and_others),
	TEST(streams_without_parts),
	TEST(threads_on_one_context),
};

TAP_MAIN(tests)
