// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LZ4 and Zstandard. The other side are liblz4 and libzstd called plainly, and the
 * command-line tools.
 */
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include <lz4.h>
#include <lz4frame.h>
#include <zstd.h>

#include "comp_util.h"

#define LEN	150000
#define ROOM	(LEN + LEN / 8 + 1024)

static unsigned char packed[ROOM], plain[LEN + 1];

static const int all[] = { WD_LZ4_BLOCK, WD_LZ4_FRAME, WD_ZSTD };
static const int streams[] = { WD_LZ4_FRAME, WD_ZSTD };
#define FOR_EACH(alg, list)						\
	for (const int *alg = (list);					\
	     alg < (list) + sizeof(list) / sizeof(*(list)); alg++)

static size_t lib_pack(int alg, const unsigned char *in, size_t len)
{
	LZ4F_preferences_t how = {
		.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled,
	};

	if (alg == WD_LZ4_BLOCK)
		return (size_t)LZ4_compress_default((const char *)in, (char *)packed, (int)len, ROOM);
	if (alg == WD_LZ4_FRAME)
		return LZ4F_compressFrame(packed, ROOM, in, len, &how);
	return ZSTD_compress(packed, ROOM, in, len, 3);
}

static size_t lib_unpack(int alg, const unsigned char *in, size_t len, unsigned char *out)
{
	size_t n = len, got = ROOM, left;
	LZ4F_dctx *d;

	if (alg == WD_LZ4_BLOCK)
		return (size_t)LZ4_decompress_safe((const char *)in, (char *)out, (int)len, ROOM);
	if (alg == WD_ZSTD)
		return ZSTD_decompress(out, ROOM, in, len);
	if (LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)))
		exit(EXIT_FAILURE);
	left = LZ4F_decompress(d, out, &got, in, &n, NULL);
	LZ4F_freeDecompressionContext(d);
	return left || n != len ? SIZE_MAX : got;
}

static bool lib_reads(int alg, const unsigned char *in, size_t len, const unsigned char *data,
		      size_t want)
{
	unsigned char *out = malloc(ROOM);
	bool ok;

	if (!out)
		exit(EXIT_FAILURE);
	ok = lib_unpack(alg, in, len, out) == want && !memcmp(out, data, want);
	free(out);
	return ok;
}

/* XXH32 of the content, which is at the end of a frame of LZ4. */
static uint32_t sum_of(int alg, const unsigned char *in, size_t len)
{
	const unsigned char *p = in + len - 4;

	return alg == WD_LZ4_FRAME ?
	       p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24 : 0;
}

static void aim(struct wd_comp_ctx *ctx, const void *in, size_t in_len, void *out, size_t out_len)
{
	ctx->in = in;
	ctx->in_len = in_len;
	ctx->out = out;
	ctx->out_len = out_len;
}

static bool round_trip(int alg, int level, enum data_kind kind, size_t len)
{
	struct wd_comp_ctx ctx = make_ctx(alg, level, 0, WD_STATELESS);
	unsigned char *data = make_data(len, kind, (uint32_t)len + 1);
	size_t n;

	REQUIRE(!wd_alg_comp_init(&ctx));
	aim(&ctx, data, len, packed, ROOM);
	REQUIRE(wd_alg_deflate(&ctx) == WD_STREAM_END);
	n = ctx.produced;
	REQUIRE(ctx.consumed == len && lib_reads(alg, packed, n, data, len));
	REQUIRE(ctx.checksum == sum_of(alg, packed, n));

	n = lib_pack(alg, data, len);
	aim(&ctx, packed, n, plain, sizeof(plain));
	REQUIRE(wd_alg_inflate(&ctx) == WD_STREAM_END);
	REQUIRE(ctx.consumed == n && ctx.produced == len && !memcmp(plain, data, len));
	REQUIRE(ctx.checksum == sum_of(alg, packed, n));
	/* Room that is exactly enough, and one byte less. */
	if (len) {
		ctx.out_len = len;
		REQUIRE(wd_alg_inflate(&ctx) == WD_STREAM_END);
		ctx.out_len = len - 1;
		REQUIRE(wd_alg_inflate(&ctx) == -ENOSPC);
		ctx.new_stream = 1;
	}
	wd_alg_comp_exit(&ctx);
	free(data);
	return true;
}

static void levels(void)
{
	FOR_EACH(alg, all)
		for (int level = -1; level <= (*alg == WD_ZSTD ? WD_ZSTD_LEVEL_MAX : 9); level++)
			CHECK(round_trip(*alg, level, DATA_MIXED, 30000));
}

static void kinds_and_sizes(void)
{
	static const size_t sizes[] = { 0, 1, 2, 13, 4096, 65536, 65537, LEN };

	FOR_EACH(alg, all)
		for (int kind = 0; kind < DATA_KINDS; kind++)
			for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
				CHECK(round_trip(*alg, 1, kind, sizes[i]));
}

static bool stream(int alg, size_t len, size_t in_step, size_t out_step)
{
	struct wd_comp_ctx ctx = make_ctx(alg, 3, 0, WD_STATEFUL);
	unsigned char *data = make_data(len, DATA_MIXED, 7);
	size_t n, m;

	REQUIRE(!wd_alg_comp_init(&ctx));
	REQUIRE(run_stream(wd_alg_deflate, &ctx, data, len, in_step, packed, sizeof(packed),
			   out_step, &n) == WD_STREAM_END);
	REQUIRE(lib_reads(alg, packed, n, data, len));
	REQUIRE(ctx.checksum == sum_of(alg, packed, n));
	REQUIRE(run_stream(wd_alg_inflate, &ctx, packed, n, in_step, plain, sizeof(plain),
			   out_step, &m) == WD_STREAM_END);
	REQUIRE(m == len && !memcmp(plain, data, len));
	REQUIRE(ctx.checksum == sum_of(alg, packed, n));
	wd_alg_comp_exit(&ctx);
	free(data);
	return true;
}

static void splits(void)
{
	FOR_EACH(alg, streams) {
		CHECK(stream(*alg, 1000, 1, SIZE_MAX));
		CHECK(stream(*alg, 1000, SIZE_MAX, 1));
		CHECK(stream(*alg, 300, 1, 1));
		CHECK(stream(*alg, LEN, 3000, 7000));
		CHECK(stream(*alg, LEN, 70000, 500));
		CHECK(stream(*alg, 0, 1, 1));
	}
}

static void flushes(void)
{
	FOR_EACH(alg, streams) {
		struct wd_comp_ctx ctx = make_ctx(*alg, 3, 0, WD_STATEFUL);
		struct wd_comp_ctx back = make_ctx(*alg, 3, 0, WD_STATEFUL);
		unsigned char *data = make_data(4000, DATA_RANDOM, 9);

		CHECK(!wd_alg_comp_init(&ctx) && !wd_alg_comp_init(&back));
		for (size_t at = 0; at < 4000; at += 1000) {
			size_t n = 0;

			ctx.flush_type = at ? WD_SYNC_FLUSH : WD_FULL_FLUSH;
			aim(&ctx, data + at, 1000, packed, 300);
			while (wd_alg_deflate(&ctx) == -ENOSPC) {
				n += ctx.produced;
				CHECK(n < 2000);
				aim(&ctx, (const unsigned char *)ctx.in + ctx.consumed,
				    ctx.in_len - ctx.consumed, packed + n, 300);
			}
			n += ctx.produced;
			aim(&back, packed, n, plain, sizeof(plain));
			CHECK(!wd_alg_inflate(&back));
			CHECK(back.produced == 1000 && !memcmp(plain, data + at, 1000));
			/* Again, with nothing new, it adds nothing. */
			aim(&ctx, NULL, 0, packed, ROOM);
			CHECK(!wd_alg_deflate(&ctx) && !ctx.produced);
		}
		wd_alg_comp_exit(&ctx);
		wd_alg_comp_exit(&back);
		free(data);
	}
}

static void blocks(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_LZ4_BLOCK, 1, 0, WD_STATEFUL);
	unsigned char *data = make_data(LEN, DATA_MIXED, 3);
	size_t n;

	CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	ctx.stream_mode = WD_STATELESS;
	CHECK(!wd_alg_comp_init(&ctx));
	aim(&ctx, data, LEN, packed, 1000);
	CHECK(wd_alg_deflate(&ctx) == -ENOSPC);
	CHECK(!ctx.consumed && !ctx.produced);
	/* Again from the beginning, in either direction. */
	ctx.out_len = ROOM;
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	n = ctx.produced;
	aim(&ctx, packed, n, plain, LEN - 1);
	CHECK(wd_alg_inflate(&ctx) == -ENOSPC);
	CHECK(!ctx.consumed && !ctx.produced);
	ctx.out_len = LEN;
	CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
	CHECK(ctx.produced == LEN && !memcmp(plain, data, LEN));
	ctx.in_len = n / 2;
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
	ctx.in_len = 0;
	CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
	ctx.stream_mode = WD_STATEFUL;
	CHECK(wd_alg_inflate(&ctx) == -EINVAL);
	wd_alg_comp_exit(&ctx);
	free(data);
}

/* Longer than a device takes: the library does it. */
static void long_blocks(void)
{
	size_t len = 5 << 20, room = len + len / 8;
	unsigned char *data = make_data(len, DATA_MIXED, 3), *out = malloc(room), *back = malloc(len);
	struct wd_comp_ctx ctx = make_ctx(WD_LZ4_BLOCK, 1, 0, WD_STATELESS);

	CHECK(out && back && !wd_alg_comp_init(&ctx));
	aim(&ctx, data, len, out, room);
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END && ctx.consumed == len);
	aim(&ctx, out, ctx.produced, back, len);
	CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
	CHECK(ctx.produced == len && !memcmp(data, back, len));
	wd_alg_comp_exit(&ctx);
	free(data);
	free(out);
	free(back);
}

/* What is damaged is found, or it was nothing that matters. */
static void damaged(void)
{
	FOR_EACH(alg, streams) {
		struct wd_comp_ctx ctx = make_ctx(*alg, 3, 0, WD_STATELESS);
		unsigned char *data = make_data(3000, DATA_TEXT, 5);
		size_t n, refused = 0, tried = 0;

		CHECK(!wd_alg_comp_init(&ctx));
		aim(&ctx, data, 3000, packed, ROOM);
		CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
		n = ctx.produced;
		for (size_t at = 0; at < n; at++) {
			int ret;

			packed[at] ^= 1 << at % 8;
			aim(&ctx, packed, n, plain, sizeof(plain));
			ret = wd_alg_inflate(&ctx);
			packed[at] ^= 1 << at % 8;
			tried++;
			if (ret == WD_STREAM_END)
				CHECK(ctx.produced == 3000 && !memcmp(plain, data, 3000));
			refused += ret != WD_STREAM_END;
			ctx.new_stream = 1;
		}
		CHECK(refused > tried * 9 / 10);
		for (size_t len = 0; len < n; len++) {
			aim(&ctx, packed, len, plain, sizeof(plain));
			CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
		}
		wd_alg_comp_exit(&ctx);
		free(data);
	}
}

static void noise(void)
{
	FOR_EACH(alg, all) {
		struct wd_comp_ctx ctx = make_ctx(*alg, 3, 0, WD_STATELESS);
		unsigned char *data = make_data(9000, DATA_TEXT, 5);

		CHECK(!wd_alg_comp_init(&ctx));
		for (uint32_t i = 0; i < (uint32_t)rounds(400); i++) {
			size_t n = lib_pack(*alg, data, 9000), keep = i % 8 * 4;
			int ret;

			fill(packed + keep, n - keep, DATA_RANDOM, i + 1);
			aim(&ctx, packed, n, plain, sizeof(plain));
			ret = wd_alg_inflate(&ctx);
			CHECK(*alg == WD_LZ4_BLOCK || ret < 0);
			CHECK(ret == WD_STREAM_END || ret == -EBADMSG || ret == -ENOTSUP ||
			      ret == -ENOSPC);
			ctx.new_stream = 1;
		}
		wd_alg_comp_exit(&ctx);
		free(data);
	}
}

static bool gives(int alg, const void *in, size_t len, int want)
{
	struct wd_comp_ctx ctx = make_ctx(alg, 3, 0, WD_STATELESS);

	REQUIRE(!wd_alg_comp_init(&ctx));
	aim(&ctx, in, len, plain, sizeof(plain));
	REQUIRE(wd_alg_inflate(&ctx) == want);
	REQUIRE(!ctx.produced && !ctx.checksum);
	wd_alg_comp_exit(&ctx);
	return true;
}

static void other_frames(void)
{
	static const char skip[] = "\x53\x2a\x4d\x18\x14\0\0\0to be skipped, by all";
	static const char legacy[] = "\x02\x21\x4c\x18\x04\0\0\0 some more than a header has";
	static const char dict[] = "\x28\xb5\x2f\xfd\x01\x58\x07\x01\0\0 and then some more of it";

	FOR_EACH(alg, streams)
		CHECK(gives(*alg, skip, 28, WD_STREAM_END));
	CHECK(gives(WD_LZ4_FRAME, legacy, sizeof(legacy), -EBADMSG));
	CHECK(gives(WD_ZSTD, dict, sizeof(dict), -ENOTSUP));
}

/* A window that no device has: nobody notices. */
static void large_windows(void)
{
	struct wd_comp_ctx ctx = make_ctx(WD_ZSTD, 3, 0, WD_STATELESS);
	unsigned char *data = make_data(LEN, DATA_MIXED, 3);
	ZSTD_outBuffer out = { packed, ROOM, 0 };
	ZSTD_inBuffer in = { data, LEN, 0 };
	ZSTD_CCtx *z = ZSTD_createCCtx();

	CHECK(z);
	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, 25);
	/* In two calls: of one the length would be known, and the window no larger. */
	ZSTD_compressStream2(z, &out, &in, ZSTD_e_flush);
	CHECK(!ZSTD_compressStream2(z, &out, &in, ZSTD_e_end));
	ZSTD_freeCCtx(z);
	CHECK(!wd_alg_comp_init(&ctx));
	aim(&ctx, packed, out.pos, plain, sizeof(plain));
	CHECK(wd_alg_inflate(&ctx) == WD_STREAM_END);
	CHECK(ctx.produced == LEN && !memcmp(plain, data, LEN));
	CHECK(!strcmp(wd_comp_vendor_name(&ctx), "software"));
	wd_alg_comp_exit(&ctx);
	free(data);
}

static void wrong_arguments(void)
{
	static const struct { int alg, level, window, mode; } bad[] = {
		{ WD_ZSTD, WD_ZSTD_LEVEL_MAX + 1, 0, 0 }, { WD_ZSTD, -2, 0, 0 },
		{ WD_ZSTD, 3, 15, 0 }, { WD_LZ4_FRAME, 10, 0, 0 }, { WD_LZ4_FRAME, 3, 9, 0 },
		{ WD_LZ4_BLOCK, 3, 15, 0 }, { WD_LZ4_BLOCK, 3, 0, WD_STATEFUL },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct wd_comp_ctx ctx = make_ctx(bad[i].alg, bad[i].level, bad[i].window,
						  bad[i].mode);

		CHECK(wd_alg_comp_init(&ctx) == -EINVAL);
	}
}

static bool write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "wb");

	REQUIRE(f);
	REQUIRE(fwrite(data, 1, len, f) == len);
	REQUIRE(!fclose(f));
	return true;
}

static bool read_file(const char *path, void *data, size_t room, size_t *len)
{
	FILE *f = fopen(path, "rb");

	REQUIRE(f);
	*len = fread(data, 1, room, f);
	REQUIRE(!fclose(f));
	return true;
}

/* What we write the tool reads, and the other way round. */
static bool tool(int alg, const char *name, const char *options)
{
	struct wd_comp_ctx ctx = make_ctx(alg, 3, 0, WD_STATELESS);
	unsigned char *data = make_data(LEN, DATA_MIXED, 3);
	char in[] = "/tmp/wd-in-XXXXXX", out[] = "/tmp/wd-out-XXXXXX", line[256];
	int fd[2] = { mkstemp(in), mkstemp(out) };
	size_t n;

	REQUIRE(fd[0] >= 0 && fd[1] >= 0 && !wd_alg_comp_init(&ctx));
	aim(&ctx, data, LEN, packed, ROOM);
	REQUIRE(wd_alg_deflate(&ctx) == WD_STREAM_END);
	REQUIRE(write_file(in, packed, ctx.produced));
	snprintf(line, sizeof(line), "%s -q -dc <%s >%s", name, in, out);
	REQUIRE(!system(line));
	REQUIRE(read_file(out, plain, sizeof(plain), &n));
	REQUIRE(n == LEN && !memcmp(plain, data, LEN));

	REQUIRE(write_file(in, data, LEN));
	snprintf(line, sizeof(line), "%s -q %s -c <%s >%s", name, options, in, out);
	REQUIRE(!system(line));
	REQUIRE(read_file(out, packed, sizeof(packed), &n));
	memset(plain, 0, sizeof(plain));
	aim(&ctx, packed, n, plain, sizeof(plain));
	REQUIRE(wd_alg_inflate(&ctx) == WD_STREAM_END);
	REQUIRE(ctx.consumed == n && ctx.produced == LEN && !memcmp(plain, data, LEN));
	wd_alg_comp_exit(&ctx);
	for (int i = 0; i < 2; i++)
		close(fd[i]);
	unlink(in);
	unlink(out);
	free(data);
	return true;
}

static void command_line_tools(void)
{
	if (system("lz4 --version >/dev/null 2>&1") || system("zstd --version >/dev/null 2>&1")) {
		tap_skipped = "no lz4, or no zstd";
		return;
	}
	CHECK(tool(WD_LZ4_FRAME, "lz4", "-1"));
	CHECK(tool(WD_LZ4_FRAME, "lz4", "-9 -BD -BX -B4"));
	CHECK(tool(WD_LZ4_FRAME, "lz4", "-3 --no-frame-crc -B5"));
	CHECK(tool(WD_ZSTD, "zstd", "-1"));
	CHECK(tool(WD_ZSTD, "zstd", "-19 --no-check"));
	CHECK(tool(WD_ZSTD, "zstd", "--long=27"));
}

static const struct tap_test tests[] = {
	TEST(levels),
	TEST(kinds_and_sizes),
	TEST(splits),
	TEST(flushes),
	TEST(blocks),
	TEST(long_blocks),
	TEST(damaged),
	TEST(noise),
	TEST(other_frames),
	TEST(large_windows),
	TEST(wrong_arguments),
	TEST(command_line_tools),
};

TAP_MAIN(tests)
