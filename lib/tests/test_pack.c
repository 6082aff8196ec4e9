// SPDX-License-Identifier: GPL-2.0-or-later
/* Compression as requests: of all formats, on a device or in software, against the libraries. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "tap.h"
#include "wd_pack.h"

#define LEN	(300UL << 10)
#define ROOM	(LEN + LEN / 4)

static const char *const names[] = { "deflate", "zlib", "gzip", "lz4", "lz4-frame", "zstd" };

#define NAMES	(sizeof(names) / sizeof(*names))

/* Some of it can be compressed. */
static uint8_t *make_data(void)
{
	uint8_t *data = malloc(LEN);
	uint32_t x = 1;

	if (!data)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < LEN; i++) {
		x = x * 1664525 + 1013904223;
		data[i] = i / 1000 % 3 ? (uint8_t)(i / 7 * 3) : (uint8_t)(x >> 24);
	}
	return data;
}

static size_t zlib_inflates(const uint8_t *in, size_t len, uint8_t *out, int window)
{
	z_stream z = { .next_in = in, .avail_in = (uInt)len, .next_out = out, .avail_out = ROOM };
	int ret;

	if (inflateInit2(&z, window) != Z_OK)
		return 0;
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return ret == Z_STREAM_END ? z.total_out : 0;
}

static size_t lz4_frame_inflates(const uint8_t *in, size_t len, uint8_t *out)
{
	size_t room = ROOM, used = len, ret;
	LZ4F_dctx *d;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)))
		return 0;
	ret = LZ4F_decompress(d, out, &room, in, &used, NULL);
	LZ4F_freeDecompressionContext(d);
	return ret || used != len ? 0 : room;
}

/* What another implementation makes of a stream. */
static size_t others(size_t format, const uint8_t *in, size_t len, uint8_t *out)
{
	switch (format) {
	case 0:
		return zlib_inflates(in, len, out, -15);
	case 1:
		return zlib_inflates(in, len, out, 15);
	case 2:
		return zlib_inflates(in, len, out, 31);
	case 3:
		return (size_t)LZ4_decompress_safe((const char *)in, (char *)out, (int)len, ROOM);
	case 4:
		return lz4_frame_inflates(in, len, out);
	default:
		return ZSTD_decompress(out, ROOM, in, len);
	}
}

static void there_and_back(void)
{
	uint8_t *data = make_data(), *out = malloc(ROOM), *back = malloc(ROOM);
	struct wd_request req;

	CHECK(data && out && back);
	for (size_t i = 0; i < NAMES; i++) {
		struct wd_alg_ctx ctx = { .alg = names[i] };
		size_t len;

		CHECK(!wd_alg_init(&ctx));
		wd_prep_compress(&req, out, ROOM, data, LEN, WD_LEVEL_DEFAULT);
		CHECK(!wd_alg_run(&ctx, &req) && req.produced && req.produced < LEN);
		len = req.produced;
		CHECK(others(i, out, len, back) == LEN && !memcmp(back, data, LEN));
		memset(back, 0, ROOM);
		wd_prep_decompress(&req, back, ROOM, out, len);
		CHECK(!wd_alg_run(&ctx, &req) && req.produced == LEN && req.consumed == len);
		CHECK(!memcmp(back, data, LEN));
		if (i == 1)
			CHECK(req.result == adler32(1, data, LEN));
		if (i == 2)
			CHECK(req.result == crc32(0, data, LEN));
		wd_alg_exit(&ctx);
	}
	free(data);
	free(out);
	free(back);
}

/* Lists whose parts have any length, at both ends. */
static size_t cut(struct iovec *iov, size_t n, uint8_t *base, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		size_t part = i < n - 1 ? i * i * 13 % 5000 : len - at;

		iov[i] = (struct iovec){ base + at, part };
		at += part;
	}
	return n;
}

static void operands_in_many_parts(void)
{
	uint8_t *data = make_data(), *out = malloc(ROOM), *back = malloc(ROOM);
	struct iovec from[30], to[50];
	struct wd_request req;

	CHECK(data && out && back);
	for (size_t i = 0; i < NAMES; i++) {
		struct wd_alg_ctx ctx = { .alg = names[i] };

		CHECK(!wd_alg_init(&ctx));
		wd_prep_compress(&req, NULL, 0, NULL, 0, 1);
		wd_set_iov(&req.src, from, (unsigned int)cut(from, 30, data, LEN));
		wd_set_iov(&req.dst, to, (unsigned int)cut(to, 50, out, ROOM));
		CHECK(!wd_alg_run(&ctx, &req) && req.produced);
		CHECK(others(i, out, req.produced, back) == LEN && !memcmp(back, data, LEN));
		memset(back, 0, ROOM);
		cut(from, 30, out, req.produced);
		wd_prep_decompress(&req, NULL, 0, NULL, 0);
		wd_set_iov(&req.src, from, 30);
		wd_set_iov(&req.dst, to, (unsigned int)cut(to, 50, back, ROOM));
		CHECK(!wd_alg_run(&ctx, &req) && req.produced == LEN && !memcmp(back, data, LEN));
		wd_alg_exit(&ctx);
	}
	free(data);
	free(out);
	free(back);
}

static void what_goes_wrong(void)
{
	uint8_t *data = make_data(), *out = malloc(ROOM), *back = malloc(ROOM);
	struct wd_request req;

	CHECK(data && out && back);
	for (size_t i = 0; i < NAMES; i++) {
		struct wd_alg_ctx ctx = { .alg = names[i] };
		size_t len;

		CHECK(!wd_alg_init(&ctx));
		wd_prep_compress(&req, out, ROOM, data, LEN, i == 5 ? 16 : 10);
		CHECK(wd_alg_run(&ctx, &req) == -EINVAL);
		wd_prep_compress(&req, out, 0, data, LEN, 1);
		CHECK(wd_alg_run(&ctx, &req) == -EINVAL);
		wd_prep_decompress(&req, out, 10, data, 0);
		CHECK(wd_alg_run(&ctx, &req) == -EINVAL);
		wd_prep(&req, WD_COPY, data, 10, out, 10);
		CHECK(wd_alg_run(&ctx, &req) == -EINVAL);
		wd_prep_compress(&req, out, LEN / 8, data, LEN, 1);
		CHECK(wd_alg_run(&ctx, &req) == -ENOSPC);

		/* More often than there are streams: twice in each round. */
		wd_prep_compress(&req, out, ROOM, data, LEN, 1);
		CHECK(!wd_alg_run(&ctx, &req));
		len = req.produced;
		for (int k = 0; k < 10; k++) {
			wd_prep_decompress(&req, back, LEN - 1, out, len);
			CHECK(wd_alg_run(&ctx, &req) == -ENOSPC);
			wd_prep_decompress(&req, back, ROOM, out, len - 5);
			CHECK(wd_alg_run(&ctx, &req) == -EBADMSG);
		}
		wd_prep_decompress(&req, back, ROOM, out, len);
		CHECK(!wd_alg_run(&ctx, &req) && req.produced == LEN && !memcmp(back, data, LEN));

		/* What has an end of its own does not look behind it. */
		memset(out + len, 0x77, 1000);
		wd_prep_decompress(&req, back, ROOM, out, len + 1000);
		if (i != 3)
			CHECK(!wd_alg_run(&ctx, &req) && req.consumed == len && req.produced == LEN);
		wd_alg_exit(&ctx);
	}
	free(data);
	free(out);
	free(back);
}

static unsigned int ended, wrong;

static void told(struct wd_request *req)
{
	ended++;
	wrong += req->ret != 0;
}

static void many_at_once(void)
{
	enum { N = 60, SIZE = 3000 };
	static struct wd_request reqs[N];
	struct wd_alg_ctx ctx = { .alg = "zlib" };
	uint8_t *data = make_data(), *out = malloc(N * SIZE * 2), back[SIZE];
	unsigned int given = 0;

	CHECK(data && out && !wd_alg_init(&ctx));
	ended = wrong = 0;
	for (unsigned int i = 0; i < N; i++) {
		wd_prep_compress(&reqs[i], out + i * SIZE * 2, SIZE * 2, data + i * SIZE, SIZE, 6);
		reqs[i].callback = told;
	}
	while (ended < N) {
		struct wd_request *list[N];
		int ret;

		for (unsigned int i = given; i < N; i++)
			list[i - given] = &reqs[i];
		ret = given < N ? wd_alg_submit(&ctx, list, N - given) : 0;
		CHECK(ret >= 0 || ret == -EAGAIN);
		given += ret > 0 ? (unsigned int)ret : 0;
		CHECK(wd_poll(ctx.ch, 0, 1000) >= 0);
	}
	CHECK(!wrong);
	for (unsigned int i = 0; i < N; i++) {
		uLongf len = SIZE;

		CHECK(uncompress(back, &len, out + i * SIZE * 2, reqs[i].produced) == Z_OK);
		CHECK(len == SIZE && !memcmp(back, data + i * SIZE, SIZE));
	}
	wd_alg_exit(&ctx);
	free(data);
	free(out);
}

/* Neither has the device room for it all, nor a list. */
static void too_long_for_the_device(void)
{
	const size_t len = 5UL << 20, room = len + len / 4;
	uint8_t *data = calloc(1, len), *out = malloc(room), *back = malloc(len);
	struct wd_alg_ctx ctx = { .alg = "lz4" };
	struct wd_alg_stats stats;
	struct wd_request req;

	CHECK(data && out && back && !wd_alg_init(&ctx));
	for (size_t i = 0; i < len; i += 100)
		data[i] = (uint8_t)(i >> 7);
	wd_prep_compress(&req, out, room, data, len, 1);
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(LZ4_decompress_safe((char *)out, (char *)back, (int)req.produced, (int)len) == (int)len);
	CHECK(!memcmp(back, data, len));
	CHECK(!wd_alg_get_stats(&ctx, &stats) && stats.software == 1);
	wd_alg_exit(&ctx);
	free(data);
	free(out);
	free(back);
}

static const struct tap_test tests[] = {
	TEST(there_and_back),
	TEST(operands_in_many_parts),
	TEST(what_goes_wrong),
	TEST(many_at_once),
	TEST(too_long_for_the_device),
};

TAP_MAIN(tests)
