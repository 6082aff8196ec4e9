// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libwd's compression on the device, with zlib as the other side: what one
 * writes the other must read, and both must agree on what is no stream.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <zlib.h>

#include "harness.h"

#include <wd_comp.h>
#include "raw.h"

#define LEN	(200 * 1024)
#define ROOM	(LEN + LEN / 8 + 1024)

static const char *const format_name[] = { "raw", "zlib", "gzip" };

static bool soak(void)
{
	return getenv("SOAK") != NULL;
}

static int wbits(int format, int window)
{
	return format == WD_RAW ? -window : format == WD_GZIP ? window + 16 : window;
}

/* zlib as the other side. Return: bytes, or a negative Z_*. */
static long z_pack(int format, int level, int window, const void *src, size_t len,
		   void *dst, size_t room)
{
	z_stream z = { .next_in = (void *)src, .avail_in = len,
		       .next_out = dst, .avail_out = room };
	int ret;

	deflateInit2(&z, level, Z_DEFLATED, wbits(format, window), 8, Z_DEFAULT_STRATEGY);
	ret = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return ret == Z_STREAM_END ? (long)z.total_out : Z_BUF_ERROR;
}

static long z_unpack(int format, const void *src, size_t len, void *dst, size_t room,
		     size_t *used)
{
	z_stream z = { .next_in = (void *)src, .avail_in = len,
		       .next_out = dst, .avail_out = room };
	int ret;

	inflateInit2(&z, wbits(format, 15));
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (used)
		*used = len - z.avail_in;
	if (ret == Z_STREAM_END)
		return z.total_out;
	return ret == Z_OK ? Z_BUF_ERROR : ret;
}

static uint32_t z_sum(int format, const void *p, size_t len)
{
	return format == WD_GZIP ? crc32(0, p, len) :
	       format == WD_ZLIB ? adler32(1, p, len) : 0;
}

/* Half text, half noise, so that all block types appear. */
static void fill(uint8_t *p, size_t len, uint32_t seed)
{
	raw_fill_text(p, len / 2, seed);
	raw_fill_random(p + len / 2, len / 4, seed + 1);
	raw_fill_text(p + len / 2 + len / 4, len - len / 2 - len / 4, seed);
}

FIXTURE(comp) {
	struct wd_comp_ctx ctx;
	uint8_t *plain, *packed, *again;
	int before;
};

FIXTURE_SETUP(comp)
{
	self->before = raw_available();
	ASSERT_LT(0, self->before);
	self->plain = malloc(LEN);
	self->packed = malloc(2 * ROOM);
	self->again = malloc(ROOM);
	fill(self->plain, LEN, 1);
	self->ctx = (struct wd_comp_ctx) {
		.alg_type = WD_GZIP, .comp_level = 6, .stream_mode = WD_STATELESS,
	};
	ASSERT_EQ(0, wd_alg_comp_init(&self->ctx));
	ASSERT_STREQ("native", wd_comp_vendor_name(&self->ctx));
}

FIXTURE_TEARDOWN(comp)
{
	wd_alg_comp_exit(&self->ctx);
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	free(self->plain);
	free(self->packed);
	free(self->again);
}

static void aim(struct wd_comp_ctx *ctx, const void *in, size_t in_len, void *out,
		size_t out_len)
{
	ctx->in = in;
	ctx->in_len = in_len;
	ctx->out = out;
	ctx->out_len = out_len;
}

/* A new context on the channel of @with. */
static int join(struct wd_comp_ctx *ctx, const struct wd_comp_ctx *with, int format,
		int mode)
{
	*ctx = (struct wd_comp_ctx) {
		.ch = with->ch, .alg_type = format, .comp_level = 6, .stream_mode = mode,
	};
	return wd_alg_comp_init(ctx);
}

static void both_ways(struct __test_metadata *_metadata, FIXTURE_DATA(comp) *self,
		      struct wd_comp_ctx *ctx, size_t len)
{
	size_t used = 0;
	long packed;

	aim(ctx, self->plain, len, self->packed, ROOM);
	ASSERT_EQ(WD_STREAM_END, wd_alg_deflate(ctx));
	ASSERT_EQ(len, ctx->consumed);
	EXPECT_EQ(z_sum(ctx->alg_type, self->plain, len), ctx->checksum);
	packed = ctx->produced;
	memset(self->again, 0xee, len + 1);
	ASSERT_EQ(len, z_unpack(ctx->alg_type, self->packed, packed, self->again, ROOM, &used))
		TH_LOG("%s level %d window %d length %zu", format_name[ctx->alg_type],
		       ctx->comp_level, ctx->window_size, len);
	EXPECT_EQ(packed, used);
	ASSERT_EQ(0, memcmp(self->plain, self->again, len));
	memset(self->again, 0xee, len + 1);

	packed = z_pack(ctx->alg_type, ctx->comp_level, 15, self->plain, len, self->packed, ROOM);
	ASSERT_LT(0, packed);
	ctx->window_size = 0;
	aim(ctx, self->packed, packed, self->again, ROOM);
	ASSERT_EQ(WD_STREAM_END, wd_alg_inflate(ctx));
	EXPECT_EQ(packed, ctx->consumed);
	ASSERT_EQ(len, ctx->produced);
	EXPECT_EQ(z_sum(ctx->alg_type, self->plain, len), ctx->checksum);
	ASSERT_EQ(0, memcmp(self->plain, self->again, len));
	EXPECT_EQ(0xee, self->again[len]);
}

static void each_length(struct __test_metadata *_metadata, FIXTURE_DATA(comp) *self,
			int format)
{
	static const size_t lengths[] = {
		0, 1, 2, 3, 17, 255, 4095, 4096, 4097, 16383, 16384, 16385, 65537, LEN,
	};
	struct wd_comp_ctx ctx;

	ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
	for (int level = -1; level <= 9; level++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
			/* The long ones at some levels only: an emulator is slow. */
			if (!soak() && lengths[i] > 65536 && level > 1 && level % 3)
				continue;
			ctx.comp_level = level;
			ctx.window_size = i % 2 ? 15 : 9 + i % 7;
			both_ways(_metadata, self, &ctx, lengths[i]);
		}
	}
	wd_alg_comp_exit(&ctx);
}

TEST_F(comp, raw_all_levels)
{
	each_length(_metadata, self, WD_RAW);
}

TEST_F(comp, zlib_all_levels)
{
	each_length(_metadata, self, WD_ZLIB);
}

TEST_F(comp, gzip_all_levels)
{
	each_length(_metadata, self, WD_GZIP);
}

/* Streams of each window in both directions; an inflate window that is too small. */
TEST_F(comp, windows)
{
	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		struct wd_comp_ctx ctx;
		long packed;

		ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
		for (int window = 9; window <= 15; window++) {
			ctx.window_size = window;
			both_ways(_metadata, self, &ctx, 50000);
			packed = z_pack(format, 6, window, self->plain, 50000,
					self->packed, ROOM);
			ctx.window_size = window;
			aim(&ctx, self->packed, packed, self->again, ROOM);
			ASSERT_EQ(WD_STREAM_END, wd_alg_inflate(&ctx))
				TH_LOG("%s window %d", format_name[format], window);
			ASSERT_EQ(0, memcmp(self->plain, self->again, 50000));
		}
		/* 8 is taken as 9. */
		ctx.window_size = 8;
		both_ways(_metadata, self, &ctx, 5000);
		if (format == WD_ZLIB) {
			packed = z_pack(format, 6, 15, self->plain, 50000, self->packed, ROOM);
			ctx.window_size = 9;
			aim(&ctx, self->packed, packed, self->again, ROOM);
			EXPECT_EQ(-EBADMSG, wd_alg_inflate(&ctx));
		}
		wd_alg_comp_exit(&ctx);
	}
}

TEST_F(comp, incompressible)
{
	struct wd_comp_ctx ctx;

	raw_fill_random(self->plain, LEN, 77);
	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
		for (int level = 0; level <= 9; level += 3) {
			ctx.comp_level = level;
			ctx.window_size = 15;
			both_ways(_metadata, self, &ctx, LEN);
			/* What zlib packed last: hardly larger than it was. */
			EXPECT_GE(LEN + LEN / 1000 + 200, ctx.consumed);
		}
		wd_alg_comp_exit(&ctx);
	}
}

TEST_F(comp, empty_input)
{
	struct wd_comp_ctx ctx;

	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		for (int mode = WD_STATELESS; mode <= WD_STATEFUL; mode++) {
			ASSERT_EQ(0, join(&ctx, &self->ctx, format, mode));
			ctx.flush_type = WD_FINISH;
			for (int level = 0; level <= 9; level++) {
				ctx.comp_level = level;
				aim(&ctx, NULL, 0, self->packed, ROOM);
				ASSERT_EQ(WD_STREAM_END, wd_alg_deflate(&ctx));
				EXPECT_LT(0, ctx.produced);
				EXPECT_EQ(0, z_unpack(format, self->packed, ctx.produced,
						      self->again, ROOM, NULL));
				aim(&ctx, self->packed, ctx.produced, self->again, ROOM);
				ASSERT_EQ(WD_STREAM_END, wd_alg_inflate(&ctx));
				EXPECT_EQ(0, ctx.produced);
			}
			wd_alg_comp_exit(&ctx);
		}
	}
}

/* ------------------------------------------------------------- streams */

/* Feed in pieces of random size, take output of random size, flush at random. */
static long stream_pack(struct wd_comp_ctx *ctx, const uint8_t *in, size_t len,
			uint8_t *out, size_t room, uint32_t *seed, size_t piece,
			size_t space)
{
	size_t in_pos = 0, out_pos = 0;

	for (;;) {
		size_t n = len - in_pos, m = room - out_pos;
		int ret;

		if (n > piece)
			n = 1 + raw_random(seed) % piece;
		ctx->flush_type = in_pos + n == len ? WD_FINISH : raw_random(seed) % 8;
		if (ctx->flush_type > WD_FULL_FLUSH && in_pos + n < len)
			ctx->flush_type = WD_NO_FLUSH;
		do {
			m = room - out_pos;
			if (m > space)
				m = 1 + raw_random(seed) % space;
			aim(ctx, in + in_pos, n, out + out_pos, m);
			ret = wd_alg_deflate(ctx);
			in_pos += ctx->consumed;
			out_pos += ctx->produced;
			n -= ctx->consumed;
		} while (ret == -ENOSPC && out_pos < room);
		if (ret == WD_STREAM_END)
			return in_pos == len ? (long)out_pos : -EPROTO;
		if (ret)
			return ret;
		if (n)
			return -EPROTO;
	}
}

static long stream_unpack(struct wd_comp_ctx *ctx, const uint8_t *in, size_t len,
			  uint8_t *out, size_t room, uint32_t *seed, size_t piece,
			  size_t space)
{
	size_t in_pos = 0, out_pos = 0, n, m;
	int ret;

	for (;;) {
		n = len - in_pos;
		if (n > piece)
			n = 1 + raw_random(seed) % piece;
		m = room - out_pos;
		if (m > space)
			m = 1 + raw_random(seed) % space;
		aim(ctx, in + in_pos, n, out + out_pos, m);
		ret = wd_alg_inflate(ctx);
		in_pos += ctx->consumed;
		out_pos += ctx->produced;
		if (ret == WD_STREAM_END)
			return in_pos == len ? (long)out_pos : -EPROTO;
		if (ret == -ENOSPC ? out_pos == room : ret != 0)
			return ret;
		if (!ret && in_pos == len)
			return -ENODATA;
	}
}

TEST_F(comp, streams_in_pieces)
{
	static const size_t sizes[][2] = {
		{ 1000000, 1000000 }, { 40000, 70000 }, { 5000, 900 }, { 700, 33 },
	};
	int rounds = soak() ? 20 : 1;
	uint32_t seed = 3;

	for (int round = 0; round < rounds; round++)
	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct wd_comp_ctx ctx;
			size_t len = i == 3 ? 20000 : LEN;
			long packed, got;

			ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATEFUL));
			ctx.comp_level = 1 + raw_random(&seed) % 9;
			packed = stream_pack(&ctx, self->plain, len, self->packed, 2 * ROOM,
					     &seed, sizes[i][0], sizes[i][1]);
			ASSERT_LT(0, packed) TH_LOG("%s, pieces of %zu into %zu",
						    format_name[format], sizes[i][0],
						    sizes[i][1]);
			EXPECT_EQ(z_sum(format, self->plain, len), ctx.checksum);
			ASSERT_EQ(len, z_unpack(format, self->packed, packed, self->again,
						ROOM, NULL));
			ASSERT_EQ(0, memcmp(self->plain, self->again, len));
			memset(self->again, 0, len);
			got = stream_unpack(&ctx, self->packed, packed, self->again, ROOM,
					    &seed, sizes[i][1], sizes[i][0]);
			ASSERT_EQ(len, got) TH_LOG("%s", format_name[format]);
			ASSERT_EQ(0, memcmp(self->plain, self->again, len));
			wd_alg_comp_exit(&ctx);
		}
	}
}

/* Output room of one byte: -ENOSPC each time, never a byte lost. */
TEST_F(comp, one_byte_of_room)
{
	const size_t len = 300;
	struct wd_comp_ctx ctx;
	uint32_t seed = 1;
	long packed;

	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		for (int mode = WD_STATELESS; mode <= WD_STATEFUL; mode++) {
			ASSERT_EQ(0, join(&ctx, &self->ctx, format, mode));
			packed = stream_pack(&ctx, self->plain, len, self->packed, ROOM,
					     &seed, len, 1);
			ASSERT_LT(0, packed);
			ASSERT_EQ(len, z_unpack(format, self->packed, packed, self->again,
						ROOM, NULL));
			ASSERT_EQ(0, memcmp(self->plain, self->again, len));
			memset(self->again, 0, len);
			ASSERT_EQ(len, stream_unpack(&ctx, self->packed, packed,
						     self->again, ROOM, &seed, packed, 1));
			ASSERT_EQ(0, memcmp(self->plain, self->again, len));
			wd_alg_comp_exit(&ctx);
		}
	}
}

TEST_F(comp, no_room_at_all)
{
	aim(&self->ctx, self->plain, 1000, self->packed, 0);
	EXPECT_EQ(-ENOSPC, wd_alg_deflate(&self->ctx));
	EXPECT_EQ(0, self->ctx.produced);
}

/* A sync flush gives all that was put in, on a byte boundary. */
TEST_F(comp, flush_gives_all)
{
	uint32_t seed = 2;

	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		for (int flush = WD_SYNC_FLUSH; flush <= WD_FULL_FLUSH; flush++) {
			z_stream z = {};
			struct wd_comp_ctx ctx;
			size_t pos = 0;

			ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATEFUL));
			inflateInit2(&z, wbits(format, 15));
			z.next_out = self->again;
			z.avail_out = ROOM;
			while (pos < 60000) {
				size_t n = 1 + raw_random(&seed) % 7000;

				aim(&ctx, self->plain + pos, n, self->packed, ROOM);
				ctx.flush_type = flush;
				ASSERT_EQ(0, wd_alg_deflate(&ctx));
				ASSERT_EQ(n, ctx.consumed);
				pos += n;
				z.next_in = self->packed;
				z.avail_in = ctx.produced;
				ASSERT_EQ(Z_OK, inflate(&z, Z_SYNC_FLUSH));
				ASSERT_EQ(pos, z.total_out);
			}
			ASSERT_EQ(0, memcmp(self->plain, self->again, pos));
			inflateEnd(&z);
			wd_alg_comp_exit(&ctx);
		}
	}
}

TEST_F(comp, new_stream_drops_the_old)
{
	struct wd_comp_ctx ctx;

	ASSERT_EQ(0, join(&ctx, &self->ctx, WD_ZLIB, WD_STATEFUL));
	ctx.flush_type = WD_NO_FLUSH;
	aim(&ctx, self->plain, 5000, self->packed, ROOM);
	ASSERT_EQ(0, wd_alg_deflate(&ctx));
	ctx.new_stream = 1;
	ctx.flush_type = WD_FINISH;
	aim(&ctx, self->plain + 7, 5000, self->packed, ROOM);
	ASSERT_EQ(WD_STREAM_END, wd_alg_deflate(&ctx));
	ASSERT_EQ(5000, z_unpack(WD_ZLIB, self->packed, ctx.produced, self->again, ROOM, NULL));
	EXPECT_EQ(0, memcmp(self->plain + 7, self->again, 5000));
	wd_alg_comp_exit(&ctx);
}

/* ---------------------------------------------------------------- gzip */

TEST_F(comp, gzip_members)
{
	static const size_t lengths[] = { 1000, 0, 1, 70000, 0, 33 };
	size_t pos = 0, packed = 0, in = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		aim(&self->ctx, self->plain + pos, lengths[i], self->packed + packed,
		    ROOM - packed);
		ASSERT_EQ(WD_STREAM_END, wd_alg_deflate(&self->ctx));
		pos += lengths[i];
		packed += self->ctx.produced;
	}
	pos = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		aim(&self->ctx, self->packed + in, packed - in, self->again + pos, ROOM - pos);
		ASSERT_EQ(WD_STREAM_END, wd_alg_inflate(&self->ctx)) TH_LOG("member %u", i);
		ASSERT_EQ(lengths[i], self->ctx.produced);
		in += self->ctx.consumed;
		pos += self->ctx.produced;
	}
	EXPECT_EQ(packed, in);
	EXPECT_EQ(0, memcmp(self->plain, self->again, pos));
}

/* Every set of optional fields, in one piece and byte by byte. */
TEST_F(comp, gzip_header_fields)
{
	static const uint8_t extra[] = "AP\4\0abcd";
	uint32_t seed = 4;

	for (int mask = 0; mask < 32; mask++) {
		gz_header head = {
			.text = mask >> 4 & 1,
			.extra = mask & 1 ? (void *)extra : Z_NULL,
			.extra_len = mask & 1 ? 8 : 0,
			.name = mask & 2 ? (void *)"a file name" : Z_NULL,
			.comment = mask & 4 ? (void *)"why it is here" : Z_NULL,
			.hcrc = mask >> 3 & 1,
			.time = 12345,
		};
		z_stream z = { .next_in = self->plain, .avail_in = 600,
			       .next_out = self->packed, .avail_out = ROOM };
		struct wd_comp_ctx ctx;
		int ret;

		deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
		deflateSetHeader(&z, &head);
		ASSERT_EQ(Z_STREAM_END, deflate(&z, Z_FINISH));
		aim(&self->ctx, self->packed, z.total_out, self->again, ROOM);
		ASSERT_EQ(WD_STREAM_END, wd_alg_inflate(&self->ctx)) TH_LOG("fields %#x", mask);
		ASSERT_EQ(600, self->ctx.produced);
		EXPECT_EQ(z.total_out, self->ctx.consumed);
		EXPECT_EQ(0, memcmp(self->plain, self->again, 600));

		ASSERT_EQ(0, join(&ctx, &self->ctx, WD_GZIP, WD_STATEFUL));
		memset(self->again, 0, 600);
		ASSERT_EQ(600, stream_unpack(&ctx, self->packed, z.total_out, self->again,
					      ROOM, &seed, 3, ROOM));
		EXPECT_EQ(0, memcmp(self->plain, self->again, 600));
		wd_alg_comp_exit(&ctx);

		/* A header whose CRC is wrong, or with a bit that RFC 1952 reserves. */
		if (mask & 8) {
			self->packed[4] ^= 1;
			aim(&self->ctx, self->packed, z.total_out, self->again, ROOM);
			ret = wd_alg_inflate(&self->ctx);
			EXPECT_EQ(-EBADMSG, ret);
			self->packed[4] ^= 1;
		}
		self->packed[3] |= 0x20;
		aim(&self->ctx, self->packed, z.total_out, self->again, ROOM);
		EXPECT_EQ(-EBADMSG, wd_alg_inflate(&self->ctx));
		deflateEnd(&z);
	}
}

TEST_F(comp, zlib_dictionary)
{
	z_stream z = { .next_in = self->plain, .avail_in = 3000,
		       .next_out = self->packed, .avail_out = ROOM };
	struct wd_comp_ctx ctx;

	deflateInit(&z, 6);
	deflateSetDictionary(&z, (void *)"channel device", 14);
	ASSERT_EQ(Z_STREAM_END, deflate(&z, Z_FINISH));
	ASSERT_EQ(0, join(&ctx, &self->ctx, WD_ZLIB, WD_STATELESS));
	aim(&ctx, self->packed, z.total_out, self->again, ROOM);
	EXPECT_EQ(-ENOTSUP, wd_alg_inflate(&ctx));
	aim(&ctx, self->plain, 3000, self->packed, ROOM);
	EXPECT_EQ(WD_STREAM_END, wd_alg_deflate(&ctx));
	deflateEnd(&z);
	wd_alg_comp_exit(&ctx);
}

/* ------------------------------------------------- what is no stream */

TEST_F(comp, truncated)
{
	struct wd_comp_ctx ctx, st;

	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		long packed = z_pack(format, 6, 15, self->plain, 3000, self->packed, ROOM);
		int ret;

		ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
		ASSERT_EQ(0, join(&st, &self->ctx, format, WD_STATEFUL));
		for (long cut = 0; cut < packed; cut += cut < 20 || cut > packed - 12 ? 1 : 37) {
			aim(&ctx, self->packed, cut, self->again, ROOM);
			ASSERT_EQ(-EBADMSG, wd_alg_inflate(&ctx))
				TH_LOG("%s cut at %ld of %ld", format_name[format], cut, packed);
			ASSERT_GE(3000, ctx.produced);
			ASSERT_EQ(0, memcmp(self->plain, self->again, ctx.produced));

			/* Stateful: more may come, and does. */
			st.new_stream = 1;
			aim(&st, self->packed, cut, self->again, ROOM);
			ret = wd_alg_inflate(&st);
			ASSERT_EQ(0, ret);
			ASSERT_EQ(cut, st.consumed);
			{
				size_t got = st.produced;

				aim(&st, self->packed + cut, packed - cut, self->again + got,
				    ROOM - got);
				ASSERT_EQ(WD_STREAM_END, wd_alg_inflate(&st));
				ASSERT_EQ(3000, got + st.produced);
			}
			ASSERT_EQ(0, memcmp(self->plain, self->again, 3000));
		}
		wd_alg_comp_exit(&ctx);
		wd_alg_comp_exit(&st);
	}
}

/*
 * Bits flipped by a fixed seed: the device must say what zlib says. Raw streams
 * have no check sum, so there a damaged stream may be a good one; then both give
 * the same bytes.
 */
TEST_F(comp, corrupted)
{
	int rounds = raw_rounds(400, 20000);
	uint32_t seed = 0xc0ffee;
	struct wd_comp_ctx ctx;

	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		uint8_t *zs = malloc(ROOM);
		int bad = 0;

		ASSERT_NE(NULL, zs);
		ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
		for (int i = 0; i < rounds; i++) {
			size_t len = 200 + raw_random(&seed) % 4000;
			long packed, want;
			size_t used;
			int ret;

			packed = z_pack(format, 1 + i % 9, 15, self->plain + i % 1000, len,
					self->packed, ROOM);
			for (int flips = 1 + raw_random(&seed) % 3; flips; flips--)
				self->packed[raw_random(&seed) % packed] ^=
					1 << (raw_random(&seed) >> 9) % 8;
			memset(zs, 0x11, 20000);
			memset(self->again, 0x11, 20000);
			want = z_unpack(format, self->packed, packed, zs, 20000, &used);
			aim(&ctx, self->packed, packed, self->again, 20000);
			ret = wd_alg_inflate(&ctx);
			if (want >= 0) {
				ASSERT_EQ(WD_STREAM_END, ret) TH_LOG("round %d", i);
				ASSERT_EQ(want, ctx.produced);
				ASSERT_EQ(used, ctx.consumed);
				ASSERT_EQ(0, memcmp(zs, self->again, want));
				continue;
			}
			bad++;
			ASSERT_GT(0, ret) TH_LOG("%s round %d: zlib says %ld, the device %d",
						 format_name[format], i, want, ret);
			ASSERT_TRUE(ret == -EBADMSG || ret == -ENOTSUP || ret == -ENOSPC)
				TH_LOG("it said %d", ret);
			if (ret == -ENOSPC)
				ASSERT_EQ(Z_BUF_ERROR, want);
			if (ret == -ENOTSUP)
				ASSERT_EQ(Z_NEED_DICT, want);
			ASSERT_EQ(0, memcmp(zs, self->again, ctx.produced));
			ctx.new_stream = 1;
		}
		EXPECT_LT(rounds / 3, bad);
		wd_alg_comp_exit(&ctx);
		free(zs);
	}
}

TEST_F(comp, noise_is_no_stream)
{
	struct wd_comp_ctx ctx;
	uint8_t *zs = malloc(ROOM);

	ASSERT_NE(NULL, zs);
	for (int format = WD_RAW; format <= WD_GZIP; format++) {
		ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
		for (int i = 0; i < 300; i++) {
			long want;
			int ret;

			raw_fill_random(self->packed, 300, i + 1);
			want = z_unpack(format, self->packed, 300, zs, 20000, NULL);
			aim(&ctx, self->packed, 300, self->again, 20000);
			ctx.new_stream = 1;
			ret = wd_alg_inflate(&ctx);
			ASSERT_EQ(want >= 0, ret == WD_STREAM_END)
				TH_LOG("%s noise %d: %d, zlib %ld", format_name[format], i, ret, want);
			ASSERT_EQ(0, memcmp(zs, self->again, ctx.produced));
		}
		wd_alg_comp_exit(&ctx);
	}
	free(zs);
}

/* A stream with a wrong length or check sum at its end. */
TEST_F(comp, wrong_trailer)
{
	struct wd_comp_ctx ctx;

	for (int format = WD_ZLIB; format <= WD_GZIP; format++) {
		long packed = z_pack(format, 6, 15, self->plain, 3000, self->packed, ROOM);

		ASSERT_EQ(0, join(&ctx, &self->ctx, format, WD_STATELESS));
		for (int i = 1; i <= (format == WD_GZIP ? 8 : 4); i++) {
			self->packed[packed - i] ^= 0x10;
			aim(&ctx, self->packed, packed, self->again, ROOM);
			EXPECT_EQ(-EBADMSG, wd_alg_inflate(&ctx));
			self->packed[packed - i] ^= 0x10;
		}
		aim(&ctx, self->packed, packed, self->again, ROOM);
		EXPECT_EQ(WD_STREAM_END, wd_alg_inflate(&ctx));
		wd_alg_comp_exit(&ctx);
	}
}

TEST_F(comp, bad_addresses)
{
	uint8_t *hole = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	aim(&self->ctx, hole, 1000, self->packed, ROOM);
	EXPECT_EQ(-EFAULT, wd_alg_deflate(&self->ctx));
	EXPECT_EQ(hole, self->ctx.fault_addr);
	aim(&self->ctx, self->plain, 1000, hole + 16, 1000);
	EXPECT_EQ(-EFAULT, wd_alg_deflate(&self->ctx));
	EXPECT_EQ(hole + 16, self->ctx.fault_addr);
	both_ways(_metadata, self, &self->ctx, 5000);
	munmap(hole, LEN);
}

TEST_F(comp, bad_arguments)
{
	struct wd_comp_ctx ctx = { .alg_type = WD_ZSTD + 1 };

	EXPECT_EQ(-EINVAL, wd_alg_comp_init(&ctx));
	ctx = (struct wd_comp_ctx){ .comp_level = 10 };
	EXPECT_EQ(-EINVAL, wd_alg_comp_init(&ctx));
	ctx = (struct wd_comp_ctx){ .window_size = 16 };
	EXPECT_EQ(-EINVAL, wd_alg_comp_init(&ctx));
	ctx = (struct wd_comp_ctx){ .stream_mode = 2 };
	EXPECT_EQ(-EINVAL, wd_alg_comp_init(&ctx));
	EXPECT_EQ(-EINVAL, wd_alg_comp_init(&self->ctx));
	aim(&self->ctx, NULL, 10, self->packed, ROOM);
	EXPECT_EQ(-EINVAL, wd_alg_deflate(&self->ctx));
}

/* --------------------------------------------- asynchronous, and many */

struct job {
	struct wd_comp_ctx ctx;
	uint8_t *out;
	int calls;
	int ret;
};

static void job_done(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct job *j = arg;

	j->calls++;
	j->ret = ctx == &j->ctx ? ret : -EPROTO;
}

static int poll_for(struct wd_chan *ch, int n)
{
	while (n > 0) {
		int ret = wd_poll(ch, 0, RAW_TIMEOUT_MS);

		if (ret <= 0)
			return ret ? ret : -ETIMEDOUT;
		n -= ret;
	}
	return n;
}

TEST_F(comp, asynchronous)
{
	enum { N = 8 };
	struct job job[N] = {};
	size_t len = 20000;
	int i, round;

	for (i = 0; i < N; i++) {
		ASSERT_EQ(0, join(&job[i].ctx, &self->ctx, i % 3, WD_STATELESS));
		job[i].out = malloc(ROOM);
	}
	for (round = 0; round < 4; round++) {
		for (i = 0; i < N; i++) {
			aim(&job[i].ctx, self->plain + i * 100, len, job[i].out, ROOM);
			ASSERT_EQ(0, wd_alg_async_deflate(&job[i].ctx, job_done, &job[i]));
			EXPECT_EQ(-EBUSY, wd_alg_async_deflate(&job[i].ctx, job_done, &job[i]));
			EXPECT_EQ(-EBUSY, wd_alg_deflate(&job[i].ctx));
		}
		ASSERT_EQ(0, poll_for(self->ctx.ch, N));
		for (i = 0; i < N; i++) {
			ASSERT_EQ(round + 1, job[i].calls);
			ASSERT_EQ(WD_STREAM_END, job[i].ret);
			ASSERT_EQ(len, z_unpack(i % 3, job[i].out, job[i].ctx.produced,
						self->again, ROOM, NULL));
			ASSERT_EQ(0, memcmp(self->plain + i * 100, self->again, len));
		}
	}
	EXPECT_EQ(0, wd_poll(self->ctx.ch, 0, 0));
	for (i = 0; i < N; i++) {
		wd_alg_comp_exit(&job[i].ctx);
		free(job[i].out);
	}
}

/* The library's own thread runs the callbacks, and they start more work. */
static void job_chain(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct job *j = arg;

	if (ret != WD_STREAM_END)
		j->ret = ret;
	if (j->calls < 19) {
		ret = wd_alg_async_deflate(ctx, job_chain, j);
		if (ret)
			j->ret = ret;
	}
	__atomic_add_fetch(&j->calls, 1, __ATOMIC_RELEASE);
}

TEST_F(comp, own_thread)
{
	struct job job = {};
	int64_t begin = raw_now_ns();

	ASSERT_EQ(0, join(&job.ctx, &self->ctx, WD_ZLIB, WD_STATELESS));
	ASSERT_EQ(0, wd_async_thread_start(self->ctx.ch));
	EXPECT_EQ(-EALREADY, wd_async_thread_start(self->ctx.ch));
	aim(&job.ctx, self->plain, 5000, self->packed, ROOM);
	ASSERT_EQ(0, wd_alg_async_deflate(&job.ctx, job_chain, &job));
	while (__atomic_load_n(&job.calls, __ATOMIC_ACQUIRE) < 20) {
		ASSERT_GT(RAW_TIMEOUT_MS * 1000000LL, raw_now_ns() - begin);
		usleep(1000);
	}
	EXPECT_EQ(0, job.ret);
	wd_async_thread_stop(self->ctx.ch);
	ASSERT_EQ(5000, z_unpack(WD_ZLIB, self->packed, job.ctx.produced, self->again, ROOM, NULL));
	wd_alg_comp_exit(&job.ctx);
}

/* The context ends while its work is in flight: the buffers are ours again. */
TEST_F(comp, exit_in_flight)
{
	struct job job = {};

	for (int i = 0; i < 20; i++) {
		job = (struct job){};
		ASSERT_EQ(0, join(&job.ctx, &self->ctx, WD_GZIP, WD_STATELESS));
		aim(&job.ctx, self->plain, LEN, self->packed, ROOM);
		ASSERT_EQ(0, wd_alg_async_deflate(&job.ctx, job_done, &job));
		wd_alg_comp_exit(&job.ctx);
		memset(self->packed, 0xcc, 64);
		EXPECT_EQ(0, job.calls);
		EXPECT_EQ(0xcc, self->packed[0]);
	}
	both_ways(_metadata, self, &self->ctx, 5000);
}

/*
 * More streams than a channel has: those beyond run in software, all are right,
 * and the first ones still are on the device.
 */
TEST_F(comp, more_streams_than_the_channel_has)
{
	enum { N = 40 };
	static struct wd_comp_ctx ctx[N];
	static uint8_t *out[N];
	static size_t got[N];
	int native = 0, software = 0, i, part;
	const size_t half = 3000;

	for (i = 0; i < N; i++) {
		ASSERT_EQ(0, join(&ctx[i], &self->ctx, i % 3, WD_STATEFUL));
		out[i] = malloc(2 * ROOM / 10);
	}
	for (part = 0; part < 2; part++) {
		for (i = 0; i < N; i++) {
			ctx[i].flush_type = part ? WD_FINISH : WD_SYNC_FLUSH;
			aim(&ctx[i], self->plain + i + part * half, half, out[i] + got[i],
			    ROOM / 10);
			ASSERT_EQ(part ? WD_STREAM_END : 0, wd_alg_deflate(&ctx[i]));
			got[i] += ctx[i].produced;
			if (part)
				continue;
			native += !strcmp("native", wd_comp_vendor_name(&ctx[i]));
			software += !strcmp("software", wd_comp_vendor_name(&ctx[i]));
		}
	}
	for (i = 0; i < N; i++) {
		ASSERT_EQ(2 * half, z_unpack(i % 3, out[i], got[i], self->again, ROOM, NULL));
		ASSERT_EQ(0, memcmp(self->plain + i, self->again, 2 * half));
		wd_alg_comp_exit(&ctx[i]);
		free(out[i]);
	}
	EXPECT_EQ(N, native + software);
	EXPECT_LE(15, native);
	EXPECT_LT(0, software);
	/* And room for streams is back. */
	both_ways(_metadata, self, &self->ctx, 5000);
	EXPECT_STREQ("native", wd_comp_vendor_name(&self->ctx));
}

struct thread_job {
	const struct wd_comp_ctx *with;
	const uint8_t *plain;
	int format;
	int ret;
};

static void *thread_work(void *arg)
{
	struct thread_job *t = arg;
	uint8_t *packed = malloc(ROOM), *again = malloc(ROOM);
	struct wd_comp_ctx ctx;
	size_t len;

	t->ret = join(&ctx, t->with, t->format, WD_STATELESS);
	for (int i = 0; i < 15 && !t->ret; i++) {
		len = 500 + i * 1511;
		aim(&ctx, t->plain + i, len, packed, ROOM);
		t->ret = wd_alg_deflate(&ctx) == WD_STREAM_END ? 0 : -EPROTO;
		if (t->ret)
			break;
		aim(&ctx, packed, ctx.produced, again, ROOM);
		if (wd_alg_inflate(&ctx) != WD_STREAM_END || ctx.produced != len ||
		    memcmp(again, t->plain + i, len))
			t->ret = -EILSEQ;
	}
	wd_alg_comp_exit(&ctx);
	free(packed);
	free(again);
	return NULL;
}

TEST_F(comp, threads_on_one_channel)
{
	struct thread_job job[6];
	pthread_t t[6];

	for (int i = 0; i < 6; i++) {
		job[i] = (struct thread_job){ &self->ctx, self->plain, i % 3, 0 };
		ASSERT_EQ(0, pthread_create(&t[i], NULL, thread_work, &job[i]));
	}
	for (int i = 0; i < 6; i++) {
		pthread_join(t[i], NULL);
		EXPECT_EQ(0, job[i].ret) TH_LOG("thread %d", i);
	}
}

TEST_F(comp, sixty_four_channels)
{
	enum { N = 64 };
	static struct wd_comp_ctx ctx[N];
	int i;

	ASSERT_LE(N, raw_available());
	for (i = 0; i < N; i++) {
		ctx[i] = (struct wd_comp_ctx) {
			.alg_type = i % 3, .comp_level = 1, .stream_mode = WD_STATELESS,
		};
		ASSERT_EQ(0, wd_alg_comp_init(&ctx[i]));
		ASSERT_STREQ("native", wd_comp_vendor_name(&ctx[i]));
	}
	EXPECT_EQ(self->before - 1 - N, raw_available());
	for (int round = 0; round < 2; round++)
		for (i = 0; i < N; i++)
			both_ways(_metadata, self, &ctx[i], 2000 + i);
	for (i = 0; i < N; i++)
		wd_alg_comp_exit(&ctx[i]);
}

/* The window of a longer time: two million bytes through one context. */
TEST_F(comp, long_stream)
{
	const size_t total = soak() ? 200 << 20 : 2 << 20;
	uint8_t *out = malloc(ROOM);
	struct wd_comp_ctx ctx;
	uint32_t crc = crc32(0, NULL, 0), back = crc;
	z_stream z = {};
	size_t done = 0;
	int ret = Z_OK;

	ASSERT_EQ(0, join(&ctx, &self->ctx, WD_GZIP, WD_STATEFUL));
	ctx.comp_level = 1;
	inflateInit2(&z, 31);
	while (done < total) {
		self->plain[done % LEN] ^= 0x55;
		crc = crc32(crc, self->plain, LEN);
		done += LEN;
		ctx.flush_type = done >= total ? WD_FINISH : WD_NO_FLUSH;
		aim(&ctx, self->plain, LEN, self->packed, 2 * ROOM);
		ASSERT_EQ(done >= total ? WD_STREAM_END : 0, wd_alg_deflate(&ctx));
		ASSERT_EQ(LEN, ctx.consumed);
		z.next_in = self->packed;
		z.avail_in = ctx.produced;
		do {
			z.next_out = out;
			z.avail_out = ROOM;
			ret = inflate(&z, Z_NO_FLUSH);
			ASSERT_TRUE(ret == Z_OK || ret == Z_STREAM_END || ret == Z_BUF_ERROR)
				TH_LOG("zlib says %d", ret);
			back = crc32(back, out, ROOM - z.avail_out);
		} while (!z.avail_out);
	}
	EXPECT_EQ(Z_STREAM_END, ret);
	EXPECT_EQ(done, z.total_out);
	EXPECT_EQ(crc, back);
	EXPECT_EQ(crc, ctx.checksum);
	inflateEnd(&z);
	wd_alg_comp_exit(&ctx);
	free(out);
}

TEST_HARNESS_MAIN
