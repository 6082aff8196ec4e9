// SPDX-License-Identifier: GPL-2.0-or-later
/* Moving, comparing and protecting memory, against plain C. */
#include "alg_util.h"
#include "wd_dma.h"

#define MAX	30000
#define BATCH	32

static bool chance(uint32_t *seed)
{
	return next_random(seed) % 2;
}

static void two_areas(struct area *a, struct area *b, size_t len, uint32_t *seed)
{
	area_make(a, len, next_random(seed) % 17, chance(seed), seed);
	area_make(b, len, next_random(seed) % 17, chance(seed), seed);
}

static size_t any_length(uint32_t *seed)
{
	return 1 + next_random(seed) % (next_random(seed) % 4 ? MAX : 20);
}

static uint32_t ref_crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

/* CRC-16/T10-DIF of SBC-4. */
static uint16_t ref_guard(const uint8_t *p, size_t len)
{
	unsigned int crc = 0;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned int)p[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x18bb7 : 0);
	}
	return (uint16_t)crc;
}

static bool copies(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	struct area src, dst, dst2;
	struct wd_request req;

	two_areas(&src, &dst, any_length(seed), seed);
	area_make(&dst2, src.len, next_random(seed) % 17, chance(seed), seed);
	wd_prep_copy(&req, NULL, NULL, 0);
	area_use(&req.src, &src);
	area_use(&req.dst, &dst);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == src.len);
	REQUIRE(!memcmp(src.p, dst.p, src.len));

	memset(dst.p, 0, dst.len);
	wd_prep_dualcast(&req, NULL, NULL, NULL, 0);
	area_use(&req.src, &src);
	area_use(&req.dst, &dst);
	area_use(&req.dst2, &dst2);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == src.len);
	REQUIRE(!memcmp(src.p, dst.p, src.len) && !memcmp(src.p, dst2.p, src.len));
	area_free(&src);
	area_free(&dst);
	area_free(&dst2);
	return true;
}

static void copy_and_dualcast(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 1;

	CHECK(!alg_open(&ctx, "copy"));
	for (int i = 0; i < rounds(160); i++)
		CHECK(copies(&ctx, &seed));
	wd_alg_exit(&ctx);
}

static void copies_that_overlap(void)
{
	uint8_t *data = must_alloc(MAX), *want = must_alloc(MAX);
	struct wd_alg_ctx ctx;
	struct wd_request req;
	uint32_t seed = 2;

	CHECK(!alg_open(&ctx, "dualcast"));
	random_fill(data, MAX, &seed);
	for (int i = 0; i < rounds(160); i++) {
		size_t len = any_length(&seed) / 2 + 1, from = next_random(&seed) % (MAX - len);
		size_t to = next_random(&seed) % (MAX - len);

		memcpy(want, data, MAX);
		memmove(want + to, want + from, len);
		wd_prep_copy(&req, data + to, data + from, len);
		CHECK(!run_either(&ctx, &req, i % 2));
		CHECK(!memcmp(data, want, MAX));
	}
	wd_alg_exit(&ctx);
	free(data);
	free(want);
}

static bool fills(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	uint8_t eight[8];
	struct area a;
	struct wd_request req;
	uint64_t pattern;
	size_t at;

	area_make(&a, any_length(seed), next_random(seed) % 17, chance(seed), seed);
	random_fill(eight, sizeof(eight), seed);
	memcpy(&pattern, eight, sizeof(pattern));
	wd_prep_fill(&req, NULL, 0, pattern);
	area_use(&req.dst, &a);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == a.len);
	for (size_t i = 0; i < a.len; i++)
		REQUIRE(a.p[i] == eight[i % 8]);

	wd_prep_compare_fill(&req, NULL, 0, pattern);
	area_use(&req.src, &a);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && !req.result);
	at = next_random(seed) % a.len;
	a.p[at] ^= 0x80;
	a.p[at + next_random(seed) % (a.len - at)] ^= 1;
	REQUIRE(run_either(ctx, &req, chance(seed)) == 1 && req.result == at && req.ret == 1);
	area_free(&a);
	return true;
}

static void fill_and_compare_with_a_pattern(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 3;

	CHECK(!alg_open(&ctx, "fill"));
	for (int i = 0; i < rounds(160); i++)
		CHECK(fills(&ctx, &seed));
	wd_alg_exit(&ctx);
}

static bool compares(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	struct wd_request req;
	struct area a, b;
	size_t at;

	two_areas(&a, &b, any_length(seed), seed);
	memcpy(b.p, a.p, a.len);
	wd_prep_compare(&req, NULL, NULL, 0);
	area_use(&req.src, &a);
	area_use(&req.dst, &b);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && !req.result);
	at = next_random(seed) % a.len;
	b.p[at] ^= 0x10;
	b.p[at + next_random(seed) % (a.len - at)] ^= 1;
	REQUIRE(run_either(ctx, &req, chance(seed)) == 1 && req.result == at);
	area_free(&a);
	area_free(&b);
	return true;
}

static void compare(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 4;

	CHECK(!alg_open(&ctx, "compare"));
	for (int i = 0; i < rounds(160); i++)
		CHECK(compares(&ctx, &seed));
	wd_alg_exit(&ctx);
}

/* RFC 3720, B.4. */
static void known_crc32c(void)
{
	uint8_t data[4][32], out[32];
	static const uint32_t want[] = { 0x8a9136aa, 0x62a8ab43, 0x46dd794e, 0x113fdb5c };
	struct wd_alg_ctx ctx;
	struct wd_request req;

	memset(data[0], 0, 32);
	memset(data[1], 0xff, 32);
	for (uint8_t i = 0; i < 32; i++) {
		data[2][i] = i;
		data[3][i] = 31 - i;
	}
	CHECK(!alg_open(&ctx, "copy-crc32c"));
	for (int i = 0; i < 4; i++) {
		wd_prep_copy_crc(&req, out, data[i], 32, 0);
		CHECK(!run_either(&ctx, &req, i % 2));
		CHECK(req.result == want[i] && !memcmp(out, data[i], 32));
	}
	wd_alg_exit(&ctx);
}

static bool crc_copies(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	uint32_t before = chance(seed) ? next_random(seed) : 0;
	struct wd_request req;
	struct area src, dst;

	two_areas(&src, &dst, any_length(seed), seed);
	wd_prep_copy_crc(&req, NULL, NULL, 0, before);
	area_use(&req.src, &src);
	area_use(&req.dst, &dst);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == src.len);
	REQUIRE(req.result == ref_crc32c(before, src.p, src.len));
	REQUIRE(!memcmp(src.p, dst.p, src.len));
	area_free(&src);
	area_free(&dst);
	return true;
}

static void copy_with_crc(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 5;

	CHECK(!alg_open(&ctx, "copy-crc32c"));
	for (int i = 0; i < rounds(80); i++)
		CHECK(crc_copies(&ctx, &seed));
	wd_alg_exit(&ctx);
}

static bool xors(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	unsigned int n = 1 + next_random(seed) % WD_XOR_SRCS;
	size_t len = any_length(seed);
	uint8_t *want = calloc(1, len);
	struct area src[WD_XOR_SRCS], dst;
	void *srcs[WD_XOR_SRCS];
	struct wd_request req;

	REQUIRE(want);
	for (unsigned int i = 0; i < n; i++) {
		area_make(&src[i], len, next_random(seed) % 17, false, seed);
		srcs[i] = src[i].p;
		for (size_t j = 0; j < len; j++)
			want[j] ^= src[i].p[j];
	}
	area_make(&dst, len, next_random(seed) % 17, chance(seed), seed);
	wd_prep_xor(&req, NULL, srcs, n, len);
	area_use(&req.dst, &dst);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == len);
	REQUIRE(!memcmp(dst.p, want, len));
	/* The destination is one of them. */
	wd_prep_xor(&req, src[n / 2].p, srcs, n, len);
	REQUIRE(!run_either(ctx, &req, chance(seed)));
	REQUIRE(!memcmp(src[n / 2].p, want, len));
	for (unsigned int i = 0; i < n; i++)
		area_free(&src[i]);
	area_free(&dst);
	free(want);
	return true;
}

static void xor_of_up_to_16(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 6;

	CHECK(!alg_open(&ctx, "xor"));
	for (int i = 0; i < rounds(80); i++)
		CHECK(xors(&ctx, &seed));
	wd_alg_exit(&ctx);
}

static void put_tuple(uint8_t *t, const uint8_t *data, size_t size, uint16_t app, uint32_t ref)
{
	uint16_t guard = ref_guard(data, size);

	for (int i = 0; i < 2; i++) {
		t[i] = (uint8_t)(guard >> (8 - 8 * i));
		t[2 + i] = (uint8_t)(app >> (8 - 8 * i));
	}
	for (int i = 0; i < 4; i++)
		t[4 + i] = (uint8_t)(ref >> (24 - 8 * i));
}

/* @data with its protection, as INSERT is to make it. */
static void ref_insert(const struct wd_dif *dif, const uint8_t *data, size_t blocks,
		       uint16_t app, uint32_t ref, uint8_t *out)
{
	for (size_t i = 0; i < blocks; i++) {
		uint8_t *to = out + i * (dif->block + 8);

		memcpy(to, data + i * dif->block, dif->block);
		put_tuple(to + dif->block, to, dif->block, app,
			  ref + (dif->type == 3 ? 0 : (uint32_t)i));
	}
}

static struct wd_dif random_dif(uint32_t *seed)
{
	return (struct wd_dif){
		.type = 1 + next_random(seed) % 3,
		.checks = WD_DIF_CHECK_GUARD | WD_DIF_CHECK_APP | WD_DIF_CHECK_REF,
		.block = chance(seed) ? 512 : 4096,
		.app_tag = (uint16_t)(next_random(seed) & 0x7fff),
		.app_mask = 0xffff,
		/* Sometimes it wraps. */
		.ref_tag = chance(seed) ? next_random(seed) : 0xfffffffe,
		.new_app_tag = (uint16_t)(next_random(seed) & 0x7fff),
		.new_ref_tag = next_random(seed),
	};
}

/* What the checks say of @bad, of which block @at was spoiled in the fields @wrong. */
static bool finds(struct wd_alg_ctx *ctx, const struct wd_dif *dif, struct area *bad,
		  const uint8_t *data, size_t blocks, size_t at, unsigned int wrong,
		  uint32_t *seed)
{
	size_t size = dif->block;
	uint8_t *out = must_alloc(blocks * (size + 8)), *want = must_alloc(blocks * (size + 8));
	struct wd_request req;

	wd_prep_dif_verify(&req, NULL, blocks, dif);
	area_use(&req.src, bad);
	REQUIRE(run_either(ctx, &req, chance(seed)) == -EBADMSG);
	REQUIRE(req.result == at && req.wrong == wrong);

	wd_prep_dif_strip(&req, out, NULL, blocks, dif);
	area_use(&req.src, bad);
	REQUIRE(run_either(ctx, &req, chance(seed)) == -EBADMSG);
	REQUIRE(req.result == at && req.wrong == wrong && req.produced == at * size);
	REQUIRE(!memcmp(out, data, at * size));

	ref_insert(dif, data, blocks, dif->new_app_tag, dif->new_ref_tag, want);
	wd_prep_dif_update(&req, out, NULL, blocks, dif);
	area_use(&req.src, bad);
	REQUIRE(run_either(ctx, &req, chance(seed)) == -EBADMSG);
	REQUIRE(req.result == at && req.wrong == wrong && req.produced == at * (size + 8));
	REQUIRE(!memcmp(out, want, at * (size + 8)));
	free(out);
	free(want);
	return true;
}

static bool spoiled(struct wd_alg_ctx *ctx, struct wd_dif dif, struct area *good,
		    const uint8_t *data, size_t blocks, uint32_t *seed)
{
	size_t at = next_random(seed) % blocks;
	uint8_t *t = good->p + at * (dif.block + 8) + dif.block, kept[8];
	struct wd_request req;

	memcpy(kept, t, sizeof(kept));
	for (unsigned int wrong = 1; wrong < 8; wrong++) {
		if (wrong & WD_DIF_CHECK_GUARD)
			t[next_random(seed) % 2] ^= 1;
		if (wrong & WD_DIF_CHECK_APP)
			t[2] ^= 0x10;
		if (wrong & WD_DIF_CHECK_REF)
			t[4 + next_random(seed) % 4] ^= 4;
		REQUIRE(finds(ctx, &dif, good, data, blocks, at, wrong, seed));

		/* Only what is asked for is checked. */
		dif.checks = ~wrong & 7;
		wd_prep_dif_verify(&req, NULL, blocks, &dif);
		area_use(&req.src, good);
		REQUIRE(!run_either(ctx, &req, chance(seed)) && !req.wrong);
		dif.checks = 7;
		memcpy(t, kept, sizeof(kept));
	}

	dif.app_mask = 0xefff;
	t[2] ^= 0x10;
	wd_prep_dif_verify(&req, NULL, blocks, &dif);
	area_use(&req.src, good);
	REQUIRE(!run_either(ctx, &req, chance(seed)));

	/* The data itself. */
	memcpy(t, kept, sizeof(kept));
	t[-1] ^= 1;
	REQUIRE(run_either(ctx, &req, chance(seed)) == -EBADMSG);
	REQUIRE(req.result == at && req.wrong == WD_DIF_CHECK_GUARD);

	/* A tag that says not to look. Of type 3, only together with the other. */
	t[2] = t[3] = 0xff;
	REQUIRE(run_either(ctx, &req, chance(seed)) == (dif.type == 3 ? -EBADMSG : 0));
	memset(t + 4, 0xff, 4);
	REQUIRE(!run_either(ctx, &req, chance(seed)));
	t[-1] ^= 1;
	memcpy(t, kept, sizeof(kept));
	return true;
}

static bool difs(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	struct wd_dif dif = random_dif(seed);
	size_t blocks = 1 + next_random(seed) % (dif.block == 512 ? 20 : 6);
	struct area data, out, back;
	uint8_t *want;
	struct wd_request req;

	area_make(&data, blocks * dif.block, next_random(seed) % 17, chance(seed), seed);
	area_make(&back, data.len, next_random(seed) % 17, chance(seed), seed);
	area_make(&out, blocks * (dif.block + 8), next_random(seed) % 17, chance(seed), seed);
	want = must_alloc(out.len);

	ref_insert(&dif, data.p, blocks, dif.app_tag, dif.ref_tag, want);
	wd_prep_dif_insert(&req, NULL, NULL, blocks, &dif);
	area_use(&req.src, &data);
	area_use(&req.dst, &out);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == out.len);
	REQUIRE(!memcmp(out.p, want, out.len));

	wd_prep_dif_strip(&req, NULL, NULL, blocks, &dif);
	area_use(&req.src, &out);
	area_use(&req.dst, &back);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == data.len);
	REQUIRE(!memcmp(back.p, data.p, data.len));
	REQUIRE(spoiled(ctx, dif, &out, data.p, blocks, seed));

	/* In place. */
	ref_insert(&dif, data.p, blocks, dif.new_app_tag, dif.new_ref_tag, want);
	wd_prep_dif_update(&req, NULL, NULL, blocks, &dif);
	area_use(&req.src, &out);
	area_use(&req.dst, &out);
	REQUIRE(!run_either(ctx, &req, chance(seed)) && req.produced == out.len);
	REQUIRE(!memcmp(out.p, want, out.len));
	area_free(&data);
	area_free(&back);
	area_free(&out);
	free(want);
	return true;
}

static void protection_with_the_data(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 7;

	/* The reference itself: CRC catalogue, CRC-16/T10-DIF. */
	CHECK(ref_guard((const uint8_t *)"123456789", 9) == 0xd0db);
	CHECK(!alg_open(&ctx, "dif"));
	for (int i = 0; i < rounds(32); i++)
		CHECK(difs(&ctx, &seed));
	wd_alg_exit(&ctx);
}

static bool dixes(struct wd_alg_ctx *ctx, uint32_t *seed)
{
	struct wd_dif dif = random_dif(seed);
	size_t blocks = 1 + next_random(seed) % (dif.block == 512 ? 20 : 6), at;
	struct area data, meta;
	struct wd_request req;
	uint8_t want[8];

	area_make(&data, blocks * dif.block, next_random(seed) % 17, chance(seed), seed);
	area_make(&meta, blocks * 8, next_random(seed) % 17, chance(seed), seed);
	wd_prep_dix_generate(&req, NULL, NULL, blocks, &dif);
	area_use(&req.src, &data);
	area_use(&req.meta, &meta);
	REQUIRE(!run_either(ctx, &req, chance(seed)));
	for (size_t i = 0; i < blocks; i++) {
		put_tuple(want, data.p + i * dif.block, dif.block, dif.app_tag,
			  dif.ref_tag + (dif.type == 3 ? 0 : (uint32_t)i));
		REQUIRE(!memcmp(meta.p + 8 * i, want, 8));
	}

	wd_prep_dix_verify(&req, NULL, NULL, blocks, &dif);
	area_use(&req.src, &data);
	area_use(&req.meta, &meta);
	REQUIRE(!run_either(ctx, &req, chance(seed)));
	at = next_random(seed) % blocks;
	data.p[at * dif.block + 77] ^= 1;
	meta.p[at * 8 + 7] ^= 1;
	REQUIRE(run_either(ctx, &req, chance(seed)) == -EBADMSG);
	REQUIRE(req.result == at && req.wrong == (WD_DIF_CHECK_GUARD | WD_DIF_CHECK_REF));
	area_free(&data);
	area_free(&meta);
	return true;
}

static void protection_elsewhere(void)
{
	struct wd_alg_ctx ctx;
	uint32_t seed = 8;

	CHECK(!alg_open(&ctx, "dix"));
	for (int i = 0; i < rounds(64); i++)
		CHECK(dixes(&ctx, &seed));
	wd_alg_exit(&ctx);
}

static bool thread_work(void *arg, unsigned int nr)
{
	uint8_t src[BATCH][200], dst[BATCH][200];
	struct wd_request reqs[BATCH], *list[BATCH];
	struct wd_alg_ctx *ctx = arg;
	uint32_t seed = nr + 1;

	for (int round = 0; round < rounds(40); round++) {
		random_fill(src, sizeof(src), &seed);
		memset(dst, 0, sizeof(dst));
		for (int i = 0; i < BATCH; i++) {
			list[i] = &reqs[i];
			wd_prep_copy(&reqs[i], dst[i], src[i], sizeof(src[i]));
		}
		REQUIRE(!submit_all(ctx, list, BATCH));
		for (int i = 0; i < BATCH; i++)
			REQUIRE(!wait_for(ctx, &reqs[i]));
		REQUIRE(!memcmp(src, dst, sizeof(src)));
		wd_prep_compare(&reqs[0], src, dst, sizeof(src));
		REQUIRE(!wd_alg_run(ctx, &reqs[0]));
	}
	return true;
}

static void batches_of_many_threads(void)
{
	struct wd_alg_ctx ctx;

	CHECK(!alg_open(&ctx, "copy"));
	CHECK(in_threads(thread_work, &ctx));
	wd_alg_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(copy_and_dualcast),
	TEST(copies_that_overlap),
	TEST(fill_and_compare_with_a_pattern),
	TEST(compare),
	TEST(known_crc32c),
	TEST(copy_with_crc),
	TEST(xor_of_up_to_16),
	TEST(protection_with_the_data),
	TEST(protection_elsewhere),
	TEST(batches_of_many_threads),
};

TAP_MAIN(tests)
