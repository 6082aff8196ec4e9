// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Damaged and cut-off streams. zlib reads the same bytes: libwd may not accept
 * what zlib refuses, nor give out other bytes.
 */
#include <errno.h>

#include "comp_util.h"

#define LEN	6000
#define ROUNDS	1500

static unsigned char plain[2 * LEN], expected[2 * LEN];

/* What zlib says: WD_STREAM_END, 0 (wants more), -EBADMSG, -ENOSPC. */
static int ref_result(int alg, const unsigned char *in, size_t len, size_t room,
		      size_t *out_len)
{
	z_stream z = { 0 };
	int ret;

	if (inflateInit2(&z, ref_bits(alg)) != Z_OK)
		exit(EXIT_FAILURE);
	z.next_in = in;
	z.avail_in = (uInt)len;
	z.next_out = expected;
	z.avail_out = (uInt)room;
	ret = inflate(&z, Z_SYNC_FLUSH);
	*out_len = z.total_out;
	inflateEnd(&z);

	if (ret == Z_STREAM_END)
		return WD_STREAM_END;
	if (ret == Z_DATA_ERROR)
		return -EBADMSG;
	if (ret == Z_NEED_DICT)
		return -ENOTSUP;
	return *out_len == room ? -ENOSPC : 0;
}

static bool same_as_zlib(struct wd_comp_ctx *ctx, const unsigned char *in,
			 size_t len, size_t in_step, size_t out_step)
{
	size_t n, m;
	int want = ref_result(ctx->alg_type, in, len, sizeof(plain), &n);
	int ret;

	ctx->new_stream = 1;
	ret = run_stream(wd_alg_inflate, ctx, in, len, in_step, plain,
			 sizeof(plain), out_step, &m);
	/*
	 * zlib sees after two bytes that they begin no gzip member; the device
	 * reads the ten that every header has before it looks at them.
	 */
	if (ctx->alg_type == WD_GZIP && len < 10 && want == -EBADMSG && !ret)
		return true;
	REQUIRE(ret == want);
	/* How much comes before an error may differ; what comes may not. */
	REQUIRE(ret < 0 || m == n);
	REQUIRE(!memcmp(plain, expected, m < n ? m : n));
	return true;
}

static void cut_off(void)
{
	unsigned char *data = make_data(LEN, DATA_MIXED, 1);

	for (int alg = WD_RAW; alg <= WD_GZIP; alg++) {
		struct wd_comp_ctx ctx = make_ctx(alg, 6, 0, WD_STATEFUL);
		unsigned char *good, *cut;
		size_t n;

		good = ref_deflate(alg, data, LEN, &n);
		CHECK(!wd_alg_comp_init(&ctx));
		for (size_t len = 0; len <= n; len += 1 + len / 9) {
			/* On its own, so that ASan sees who reads behind it. */
			cut = malloc(len + !len);
			CHECK(cut);
			memcpy(cut, good, len);
			CHECK(same_as_zlib(&ctx, cut, len, SIZE_MAX, SIZE_MAX));
			CHECK(same_as_zlib(&ctx, cut, len, 13, 300));
			free(cut);
		}
		wd_alg_comp_exit(&ctx);
		free(good);
	}
	free(data);
}

static void damaged(void)
{
	unsigned char *data = make_data(LEN, DATA_MIXED, 1), *bad;
	uint32_t rnd = 20240607;

	for (int alg = WD_RAW; alg <= WD_GZIP; alg++) {
		struct wd_comp_ctx ctx = make_ctx(alg, 6, 0, WD_STATEFUL);
		size_t n;

		bad = ref_deflate(alg, data, LEN, &n);
		CHECK(!wd_alg_comp_init(&ctx));
		for (int i = 0; i < rounds(ROUNDS); i++) {
			size_t at = next_random(&rnd) % (i % 2 ? n : 40);
			unsigned char bit = (unsigned char)(1 << next_random(&rnd) % 8);

			bad[at] ^= bit;
			CHECK(same_as_zlib(&ctx, bad, n, SIZE_MAX, SIZE_MAX));
			CHECK(same_as_zlib(&ctx, bad, n, 101, 97));
			bad[at] ^= bit;
		}
		wd_alg_comp_exit(&ctx);
		free(bad);
	}
	free(data);
}

static void noise(void)
{
	uint32_t rnd = 99;

	for (int alg = WD_RAW; alg <= WD_GZIP; alg++) {
		struct wd_comp_ctx ctx = make_ctx(alg, 6, 0, WD_STATEFUL);

		CHECK(!wd_alg_comp_init(&ctx));
		for (int i = 0; i < rounds(ROUNDS); i++) {
			size_t len = next_random(&rnd) % 200;
			unsigned char *data = make_data(len, DATA_RANDOM,
							next_random(&rnd));

			CHECK(same_as_zlib(&ctx, data, len, SIZE_MAX, SIZE_MAX));
			CHECK(same_as_zlib(&ctx, data, len, 1, 1));
			free(data);
		}
		wd_alg_comp_exit(&ctx);
	}
}

/* Any sequence of flushes, sizes and rooms gives one stream of all the input. */
static bool any_calls(uint32_t seed)
{
	uint32_t rnd = seed | 1;
	int alg = (int)(next_random(&rnd) % 3);
	struct wd_comp_ctx ctx = make_ctx(alg, (int)(next_random(&rnd) % 10),
					  9 + (int)(next_random(&rnd) % 7),
					  WD_STATEFUL);
	size_t len = next_random(&rnd) % LEN, room = 60 * LEN, pos = 0, n = 0;
	unsigned char *data = make_data(len, seed % DATA_KINDS, seed);
	unsigned char *out = malloc(room);
	int ret = 0;

	REQUIRE(out && !wd_alg_comp_init(&ctx));
	while (ret != WD_STREAM_END) {
		size_t step = next_random(&rnd) % 500;

		if (step > len - pos)
			step = len - pos;
		ctx.in = data + pos;
		ctx.in_len = step;
		ctx.out = out + n;
		ctx.out_len = 1 + next_random(&rnd) % 120;
		REQUIRE(n + ctx.out_len <= room);
		ctx.flush_type = pos + step == len ? WD_FINISH :
				 (int)(next_random(&rnd) % WD_FINISH);
		ret = wd_alg_deflate(&ctx);
		REQUIRE(ret == 0 || ret == -ENOSPC || ret == WD_STREAM_END);
		pos += ctx.consumed;
		n += ctx.produced;
	}
	REQUIRE(pos == len && ref_inflates(alg, out, n, data, len));
	wd_alg_comp_exit(&ctx);
	free(out);
	free(data);
	return true;
}

static void any_sequence_of_calls(void)
{
	for (uint32_t seed = 1; seed < (uint32_t)rounds(400); seed++)
		CHECK(any_calls(seed * 2654435761u));
}

static const struct tap_test tests[] = {
	TEST(cut_off),
	TEST(damaged),
	TEST(noise),
	TEST(any_sequence_of_calls),
};

TAP_MAIN(tests)
