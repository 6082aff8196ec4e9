// SPDX-License-Identifier: GPL-2.0-or-later
/* Moving memory: published answers, and threads. Random requests: test_cross.c. */
#include "alg_util.h"
#include "wd_dma.h"

#define BATCH	32

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
	TEST(known_crc32c),
	TEST(batches_of_many_threads),
};

TAP_MAIN(tests)
