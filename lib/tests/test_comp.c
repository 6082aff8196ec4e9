// SPDX-License-Identifier: GPL-2.0-or-later
/* Synchronous calls: formats, levels, windows, flushes, sizes, the state machine. */
#include <errno.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "comp_util.h"

#define LEN	50000
#define ROOM	(LEN + LEN / 8 + 1024)

static unsigned char packed[ROOM], plain[LEN + 1];

static bool round_trip(int alg, int level, int window, enum data_kind kind,
		       size_t len, size_t in_step, size_t out_step)
{
	unsigned char *data = make_data(len, kind, (uint32_t)len + 1);
	struct wd_comp_ctx ctx = make_ctx(alg, level, window, WD_STATEFUL);
	size_t n, m;

	REQUIRE(!wd_alg_comp_init(&ctx));
	REQUIRE(run_stream(wd_alg_deflate, &ctx, data, len, in_step, packed,
			   sizeof(packed), out_step, &n) == WD_STREAM_END);
	REQUIRE(ctx.checksum == ref_checksum(alg, data, len));
	REQUIRE(ref_inflates(alg, packed, n, data, len));
	REQUIRE(ctx.new_stream == 1);

	REQUIRE(run_stream(wd_alg_inflate, &ctx, packed, n, in_step, plain,
			   sizeof(plain), out_step, &m) == WD_STREAM_END);
	REQUIRE(m == len && !memcmp(plain, data, len));
	REQUIRE(ctx.checksum == ref_checksum(alg, data, len));
	wd_alg_comp_exit(&ctx);
	free(data);
	return true;
}

static void every_format_level_window(void)
{
	for (int alg = WD_RAW; alg <= WD_GZIP; alg++)
		for (int level = -1; level <= 9; level++)
			for (int window = 8; window <= 15; window++)
				CHECK(round_trip(alg, level, window, DATA_MIXED,
						 20000, 7000, 3000));
}

static void every_kind_and_size(void)
{
	static const size_t sizes[] = { 0, 1, 2, 3, 255, 4096, 32768, 49999 };

	for (int alg = WD_RAW; alg <= WD_GZIP; alg++)
		for (int kind = 0; kind < DATA_KINDS; kind++)
			for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
				CHECK(round_trip(alg, 6, 0, kind, sizes[i],
						 SIZE_MAX, SIZE_MAX));
}

static void one_byte_at_a_time(void)
{
	size_t len = (size_t)rounds(3000);

	for (int alg = WD_RAW; alg <= WD_GZIP; alg++) {
		for (int kind = 0; kind < DATA_KINDS; kind++) {
			CHECK(round_trip(alg, 6, 15, kind, len, 1, SIZE_MAX));
			CHECK(round_trip(alg, 6, 15, kind, len, SIZE_MAX, 1));
			CHECK(round_trip(alg, 6, 15, kind, len / 3, 1, 1));
			CHECK(round_trip(alg, 0, 15, kind, len / 3, 3, 2));
		}
	}
}

static void stateless(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_GZIP, 6, 0, WD_STATELESS);
	unsigned char *data = make_data(LEN, DATA_TEXT, 3);

	CHECK(!wd_alg_comp_init(&ctx));
	for (int i = 0; i < 3; i++) {
		ctx.in = data;
		ctx.in_len = LEN;
		ctx.out = packed;
		ctx.out_len = sizeof(packed);
		ctx.flush_type = -77;		/* not looked at */
		CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
		CHECK(ctx.consumed == LEN);
		CHECK(ref_inflates(WD_GZIP, packed, ctx.produced, data, LEN));

		ctx.in = packed;
		ctx.in_len = ctx.produced;
		ctx.out = plain;
		ctx.out_len = sizeof(plain);
		CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
		CHECK(ctx.produced == LEN && !memcmp(plain, data, LEN));
	}
	/* Room that is exactly enough. */
	ctx.out_len = LEN;
	CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
	wd_alg_comp_exit(&ctx);
	free(data);
}

static void stateless_goes_on_after_enospc(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_ZLIB, 6, 0, WD_STATELESS);
	unsigned char *data = make_data(LEN, DATA_RANDOM, 4);
	size_t n, m;

	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(run_stream(wd_alg_deflate, &ctx, data, LEN, SIZE_MAX, packed,
			 sizeof(packed), 777, &n) == WD_STREAM_END);
	CHECK(ref_inflates(WD_ZLIB, packed, n, data, LEN));
	CHECK(run_stream(wd_alg_inflate, &ctx, packed, n, SIZE_MAX, plain,
			 sizeof(plain), 1313, &m) == WD_STREAM_END);
	CHECK(m == LEN && !memcmp(plain, data, LEN));

	/* Cut off: there is no more, so it is no stream. */
	ctx.in = packed;
	ctx.in_len = n - 1;
	ctx.out = plain;
	ctx.out_len = sizeof(plain);
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
	ctx.in_len = 0;
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
	ctx.in_len = n;
	CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
	wd_alg_comp_exit(&ctx);
	free(data);
}

static void empty_streams(void)
{
	static const int modes[] = { WD_STATELESS, WD_STATEFUL };

	for (int alg = WD_RAW; alg <= WD_GZIP; alg++) {
		for (int i = 0; i < 2; i++) {
			struct wd_comp_ctx ctx = make_ctx(alg, 6, 0, modes[i]);

			CHECK(!wd_alg_comp_init(&ctx));
			ctx.out = packed;
			ctx.out_len = sizeof(packed);
			ctx.flush_type = WD_FINISH;
			CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
			CHECK(ref_inflates(alg, packed, ctx.produced, plain, 0));
			ctx.in = packed;
			ctx.in_len = ctx.produced;
			ctx.out = plain;
			ctx.out_len = 1;
			CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
			CHECK(ctx.produced == 0);
			wd_alg_comp_exit(&ctx);
		}
	}
}

/* After a flush all that went in can be read, whatever room there was. */
static bool flush_is_complete(int flush, size_t step)
{
	struct wd_comp_ctx ctx = make_ctx(WD_RAW, 6, 0, WD_STATEFUL);
	unsigned char *data = make_data(4000, DATA_RANDOM, 9);
	size_t in = 0, n = 0, calls = 0;
	z_stream z = { 0 };
	int ret = 0;

	REQUIRE(!wd_alg_comp_init(&ctx));
	REQUIRE(inflateInit2(&z, -15) == Z_OK);
	ctx.flush_type = flush;
	while (in < 4000) {
		ctx.in = data + in;
		ctx.in_len = 1000;
		do {
			ctx.out = packed + n;
			ctx.out_len = step;
			ret = wd_alg_deflate(&ctx);
			REQUIRE(!ret || ret == -ENOSPC);
			n += ctx.produced;
			in += ctx.consumed;
			ctx.in = (const unsigned char *)ctx.in + ctx.consumed;
			ctx.in_len -= ctx.consumed;
			REQUIRE(++calls < 40000);
		} while (ret);
		REQUIRE(n < in + 200);

		z.next_in = packed + z.total_in;
		z.avail_in = (uInt)(n - z.total_in);
		z.next_out = plain + z.total_out;
		z.avail_out = (uInt)(sizeof(plain) - z.total_out);
		REQUIRE(inflate(&z, Z_SYNC_FLUSH) == Z_OK);
		REQUIRE(z.total_out == in && !memcmp(plain, data, in));
	}
	/* A flush that is repeated with nothing new adds nothing. */
	ctx.in_len = 0;
	ctx.out_len = 100;
	REQUIRE(!wd_alg_deflate(&ctx) && !ctx.produced);
	inflateEnd(&z);
	wd_alg_comp_exit(&ctx);
	free(data);
	return true;
}

static void flushes(void)
{
	for (size_t step = 1; step < 20; step++) {
		CHECK(flush_is_complete(WD_SYNC_FLUSH, step));
		CHECK(flush_is_complete(WD_FULL_FLUSH, step));
	}
	for (size_t step = 1000; step < 1020; step++)
		CHECK(flush_is_complete(WD_SYNC_FLUSH, step));
	CHECK(flush_is_complete(WD_FULL_FLUSH, 30000));
}

static void no_flush_holds_back(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_GZIP, 6, 0, WD_STATEFUL);
	unsigned char *data = make_data(LEN, DATA_TEXT, 1);
	size_t n = 0;

	CHECK(!wd_alg_comp_init(&ctx));
	for (size_t in = 0; in <= LEN; in += 10000) {
		ctx.in = data + in;
		ctx.in_len = in < LEN ? 10000 : 0;
		ctx.out = packed + n;
		ctx.out_len = sizeof(packed) - n;
		ctx.flush_type = in < LEN ? WD_NO_FLUSH : WD_FINISH;
		CHECK(wd_alg_deflate(&ctx) == (in < LEN ? 0 : WD_STREAM_END));
		n += ctx.produced;
	}
	CHECK(ref_inflates(WD_GZIP, packed, n, data, LEN));
	wd_alg_comp_exit(&ctx);
	free(data);
}

static void concatenated_members(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_GZIP, 6, 0, WD_STATEFUL);
	unsigned char *data = make_data(3000, DATA_TEXT, 1), *one;
	size_t n, pos = 0;

	one = ref_deflate(WD_GZIP, data, 3000, &n);
	for (int i = 0; i < 3; i++)
		memcpy(packed + i * n, one, n);
	CHECK(!wd_alg_comp_init(&ctx));
	for (int i = 0; i < 3; i++) {
		ctx.in = packed + pos;
		ctx.in_len = 3 * n - pos;
		ctx.out = plain;
		ctx.out_len = sizeof(plain);
		CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
		CHECK(ctx.consumed == n && ctx.produced == 3000);
		CHECK(!memcmp(plain, data, 3000));
		pos += ctx.consumed;
	}
	wd_alg_comp_exit(&ctx);
	free(data);
	free(one);
}

static void lost_streams(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_ZLIB, 6, 0, WD_STATEFUL);
	unsigned char *data = make_data(3000, DATA_TEXT, 1), *good;
	size_t n;

	good = ref_deflate(WD_ZLIB, data, 3000, &n);
	CHECK(!wd_alg_comp_init(&ctx));
	ctx.in = "no zlib stream";
	ctx.in_len = 14;
	ctx.out = plain;
	ctx.out_len = sizeof(plain);
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
	ctx.in = good;
	ctx.in_len = n;
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);	/* still that one */
	CHECK(wd_alg_deflate(&ctx) == -EBADMSG);
	ctx.new_stream = 1;
	CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);

	good[n - 1] ^= 1;				/* the checksum */
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
	CHECK(ctx.produced == 3000);
	ctx.new_stream = 1;
	ctx.in = "\x78\xbb\x12\x34\x56\x78\x00";	/* a preset dictionary */
	ctx.in_len = 7;
	CHECK(wd_alg_inflate(&ctx) == -ENOTSUP);
	wd_alg_comp_exit(&ctx);
	free(data);
	free(good);
}

static void dropped_streams(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_GZIP, 6, 0, WD_STATEFUL);

	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(ctx.new_stream == 1);
	ctx.in = "old";
	ctx.in_len = 3;
	ctx.out = packed;
	ctx.out_len = sizeof(packed);
	CHECK(!wd_alg_deflate(&ctx));
	CHECK(ctx.new_stream == 0);
	CHECK(wd_alg_inflate(&ctx) == -EINVAL);		/* the other direction */
	ctx.stream_mode = WD_STATELESS;
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);
	ctx.stream_mode = WD_STATEFUL;
	ctx.new_stream = 1;
	ctx.flush_type = WD_FINISH;
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	CHECK(ref_inflates(WD_GZIP, packed, ctx.produced, (const void *)"old", 3));
	ctx.flush_type = WD_NO_FLUSH;
	CHECK(!wd_alg_deflate(&ctx));
	wd_alg_comp_exit(&ctx);				/* with one begun */
}

static void wrong_arguments(void)
{
	struct wd_chan closed = { 0 };
	struct wd_comp_ctx ctx;

	ctx = make_ctx(WD_ZSTD + 1, 6, 0, 0);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(-1, 6, 0, 0);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 10, 0, 0);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, -2, 0, 0);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 6, 7, 0);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 6, 16, 0);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 6, 0, 2);
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 6, 0, 0);
	ctx.flags = 1u << 31;
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 6, 0, 0);
	ctx.ch = &closed;
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	CHECK(wd_alg_comp_init(NULL) == -EINVAL);
	CHECK(wd_alg_deflate(NULL) == -EINVAL);
	ctx = make_ctx(WD_GZIP, 6, 0, WD_STATEFUL);
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);		/* not initialised */
	CHECK(!strcmp(wd_comp_vendor_name(&ctx), "none"));
	wd_alg_comp_exit(&ctx);
	wd_alg_comp_exit(NULL);

	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx.in_len = 1;
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);		/* no input */
	ctx.in = "x";
	ctx.out_len = 1;
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);		/* no output */
	ctx.out = packed;
	ctx.flush_type = WD_INVALID_FLUSH;
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);
	ctx.flush_type = -1;
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);
	ctx.flush_type = WD_FINISH;
	ctx.comp_level = 11;
	CHECK(wd_alg_deflate(&ctx) == -EINVAL);
	ctx.comp_level = 6;
	ctx.out_len = 0;
	CHECK(wd_alg_deflate(&ctx) == -ENOSPC);
	CHECK(!ctx.produced);
	ctx.out_len = sizeof(packed);
	ctx.in = (const char *)ctx.in + ctx.consumed;
	ctx.in_len -= ctx.consumed;
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	CHECK(ref_inflates(WD_GZIP, packed, ctx.produced, (const void *)"x", 1));
	wd_alg_comp_exit(&ctx);
}

static void child_has_no_context(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_GZIP, 6, 0, WD_STATELESS), other;
	int status;
	pid_t pid;

	CHECK(!wd_alg_comp_init(&ctx));
	ctx.out = packed;
	ctx.out_len = sizeof(packed);
	pid = fork();
	if (!pid) {
		bool ok = wd_alg_deflate(&ctx) == -EPERM;

		other = make_ctx(WD_GZIP, 6, 0, WD_STATELESS);
		other.ch = ctx.ch;
		ok = ok && wd_alg_comp_init(&other) == -EPERM;
		wd_alg_comp_exit(&ctx);
		_exit(!ok);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	wd_alg_comp_exit(&ctx);
}

/* Longer than the device takes at once. */
static void long_operands(void)
{
	size_t len = 9000000 + 7, room = len + len / 8, n, m;
	unsigned char *data = make_data(len, DATA_MIXED, 5);
	unsigned char *out = malloc(room), *back = malloc(len + 1);
	struct wd_comp_ctx ctx = make_ctx(WD_GZIP, 1, 0, WD_STATELESS);

	CHECK(out && back && !wd_alg_comp_init(&ctx));
	CHECK(run_stream(wd_alg_deflate, &ctx, data, len, SIZE_MAX, out, room,
			 SIZE_MAX, &n) == WD_STREAM_END);
	CHECK(ref_inflates(WD_GZIP, out, n, data, len));
	CHECK(run_stream(wd_alg_inflate, &ctx, out, n, SIZE_MAX, back, len + 1,
			 SIZE_MAX, &m) == WD_STREAM_END);
	CHECK(m == len && !memcmp(data, back, len));
	wd_alg_comp_exit(&ctx);
	free(data);
	free(out);
	free(back);
}

static const struct tap_test tests[] = {
	TEST(every_format_level_window),
	TEST(every_kind_and_size),
	TEST(one_byte_at_a_time),
	TEST(stateless),
	TEST(stateless_goes_on_after_enospc),
	TEST(empty_streams),
	TEST(flushes),
	TEST(no_flush_holds_back),
	TEST(concatenated_members),
	TEST(lost_streams),
	TEST(dropped_streams),
	TEST(wrong_arguments),
	TEST(child_has_no_context),
	TEST(long_operands),
};

TAP_MAIN(tests)
