// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LZ4 and Zstandard on the device, in every mode, with liblz4 and libzstd as the other
 * side: what one writes the other must read, and what is damaged must be found.
 */
#include <sys/mman.h>

#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>
#include <zstd.h>

#include "harness.h"
#include "raw_mem.h"

#define LEN	(150 * 1024)
#define ROOM	(LEN + LEN / 8 + 1024)
#define SIZE	(16UL << 20)
#define PAGE	4096UL

static const int formats[] = { WD_COMP_LZ4_BLOCK, WD_COMP_LZ4_FRAME, WD_COMP_ZSTD };
static const int streams[] = { WD_COMP_LZ4_FRAME, WD_COMP_ZSTD };
static const char *const names[] = { "raw", "zlib", "gzip", "lz4 block", "lz4 frame", "zstd" };

/* The libraries. Return: bytes, or -1. */
static long lib_pack(int format, int level, const void *src, size_t len, void *dst, size_t room)
{
	LZ4F_preferences_t how = {
		.compressionLevel = level,
		.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled,
	};
	size_t n;
	int ret;

	switch (format) {
	case WD_COMP_LZ4_BLOCK:
		ret = LZ4_compress_HC(src, dst, len, room, level);
		return ret > 0 ? ret : -1;
	case WD_COMP_LZ4_FRAME:
		n = LZ4F_compressFrame(dst, room, src, len, &how);
		return LZ4F_isError(n) ? -1 : (long)n;
	default:
		n = ZSTD_compress(dst, room, src, len, level);
		return ZSTD_isError(n) ? -1 : (long)n;
	}
}

static long lz4f_unpack(const void *src, size_t len, void *dst, size_t room)
{
	size_t in = len, out = room, left;
	LZ4F_dctx *d;

	if (LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)))
		return -1;
	left = LZ4F_decompress(d, dst, &out, src, &in, NULL);
	LZ4F_freeDecompressionContext(d);
	return left || in != len ? -1 : (long)out;
}

static long lib_unpack(int format, const void *src, size_t len, void *dst, size_t room)
{
	size_t n;

	switch (format) {
	case WD_COMP_LZ4_BLOCK:
		return LZ4_decompress_safe(src, dst, len, room);
	case WD_COMP_LZ4_FRAME:
		return lz4f_unpack(src, len, dst, room);
	default:
		n = ZSTD_decompress(dst, room, src, len);
		return ZSTD_isError(n) ? -1 : (long)n;
	}
}

FIXTURE(codecs) {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *plain;		/* LEN bytes: text, noise, text */
	uint8_t *packed;	/* ROOM each */
	uint8_t *again;
	uint8_t *lib;		/* the library's, ROOM */
};

FIXTURE_VARIANT(codecs) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(codecs, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(codecs, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(codecs, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(codecs)
{
	const uint64_t algs = WD_ALG_BIT(WD_ALG_NR_LZ4) | WD_ALG_BIT(WD_ALG_NR_ZSTD);

	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(algs, self->c.layout.algs & algs);
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, SIZE));
	self->plain = raw_mem_take(&self->m, LEN);
	self->packed = raw_mem_take(&self->m, ROOM);
	self->again = raw_mem_take(&self->m, ROOM);
	self->lib = malloc(ROOM);
	ASSERT_TRUE(self->plain && self->packed && self->again && self->lib);
	raw_fill_text(self->plain, LEN / 2, 1);
	raw_fill_random(self->plain + LEN / 2, LEN / 4, 2);
	raw_fill_text(self->plain + LEN / 4 * 3, LEN - LEN / 4 * 3, 1);
}

FIXTURE_TEARDOWN(codecs)
{
	EXPECT_EQ(0, raw_mem_work(&self->c, &self->m, 1));
	free(self->lib);
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

/* A whole stream in one descriptor. */
static struct wd_desc pack(const struct raw_mem *m, int format, int level, const void *src,
			   size_t len, void *dst, size_t room)
{
	struct wd_desc d = raw_mem_deflate(m, format, level, src, len, dst, room);

	d.op &= ~(0xfU << WD_COMP_WINDOW_SHIFT);
	return d;
}

static struct wd_desc unpack(const struct raw_mem *m, int format, const void *src, size_t len,
			     void *dst, size_t room)
{
	return raw_mem_inflate(m, format, src, len, dst, room);
}

/* XXH32 of the content: the last four bytes of a frame that has it. */
static uint32_t frame_sum(const uint8_t *frame, size_t len)
{
	uint32_t v;

	memcpy(&v, frame + len - 4, sizeof(v));
	return v;
}

static void both_ways(struct __test_metadata *_metadata, FIXTURE_DATA(codecs) *self, int format,
		      int level, size_t len)
{
	struct wd_desc d = pack(&self->m, format, level, self->plain, len, self->packed, ROOM);
	struct wd_cqe cqe;
	long n;

	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("%s %d %zu", names[format], level, len);
	ASSERT_EQ(WD_CQE_END, cqe.aux);
	ASSERT_EQ(len, cqe.consumed);
	ASSERT_EQ(len, lib_unpack(format, self->packed, cqe.produced, self->lib, ROOM))
		TH_LOG("%s level %d length %zu", names[format], level, len);
	ASSERT_EQ(0, memcmp(self->plain, self->lib, len));
	EXPECT_EQ(format == WD_COMP_LZ4_FRAME ? frame_sum(self->packed, cqe.produced) : 0,
		  cqe.info);

	n = lib_pack(format, level, self->plain, len, self->packed, ROOM);
	ASSERT_LT(0, n);
	memset(self->again, 0xee, len + 1);
	d = unpack(&self->m, format, self->packed, n, self->again, ROOM);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("%s %d %zu", names[format], level, len);
	ASSERT_EQ(WD_CQE_END, cqe.aux);
	ASSERT_EQ(n, cqe.consumed);
	ASSERT_EQ(len, cqe.produced);
	ASSERT_EQ(0, memcmp(self->plain, self->again, len));
	EXPECT_EQ(0xee, self->again[len]);
	EXPECT_EQ(format == WD_COMP_LZ4_FRAME ? frame_sum(self->packed, n) : 0, cqe.info);
}

TEST_F(codecs, levels_and_lengths)
{
	static const size_t lengths[] = { 0, 1, 2, 15, 16, 4095, 16384, 65535, 65536, 65537, LEN };

	for (unsigned int f = 0; f < ARRAY_SIZE(formats); f++) {
		int most = formats[f] == WD_COMP_ZSTD ? 15 : 9;

		for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++)
			both_ways(_metadata, self, formats[f], 3, lengths[i]);
		for (int level = 0; level <= most; level++)
			both_ways(_metadata, self, formats[f], level, 20000 + 7 * level);
	}
}

TEST_F(codecs, better_levels_are_smaller)
{
	for (unsigned int f = 0; f < ARRAY_SIZE(formats); f++) {
		uint32_t size[2];

		for (int i = 0; i < 2; i++) {
			struct wd_desc d = pack(&self->m, formats[f], i ? 9 : 1, self->plain, LEN,
						self->packed, ROOM);
			struct wd_cqe cqe;

			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			ASSERT_EQ(WD_ST_OK, cqe.status);
			size[i] = cqe.produced;
		}
		EXPECT_GT(size[0], size[1]) TH_LOG("%s", names[formats[f]]);
	}
}

/* ------------------------------------------------------------- streams */

/**
 * struct steps - how a stream is cut into descriptors
 * @seed:  of the lengths
 * @piece: longest source
 * @room:  longest destination
 * @flush: one in so many has a flush, 0: none
 */
struct steps {
	uint32_t seed;
	uint32_t piece;
	uint32_t room;
	uint32_t flush;
};

static uint32_t up_to(uint32_t *seed, size_t have, uint32_t most)
{
	uint32_t n = 1 + raw_random(seed) % most;

	return n < have ? n : have;
}

/* A descriptor for the next piece. */
static struct wd_desc next_piece(const struct raw_mem *m, struct steps *s, int format, bool packs,
				 const uint8_t *in, size_t len, uint8_t *out)
{
	uint32_t n = len ? up_to(&s->seed, len, s->piece) : 0, flush = WD_COMP_NO_FLUSH;
	struct wd_desc d = packs ? pack(m, format, 3, in, n, out, s->room) :
				   unpack(m, format, in, n, out, s->room);

	d.op &= ~(WD_COMP_NEW | 3U << WD_COMP_FLUSH_SHIFT);
	d.dst_len = up_to(&s->seed, s->room, s->room);
	if (packs && n == len)
		flush = WD_COMP_FINISH;
	else if (packs && s->flush && !(raw_random(&s->seed) % s->flush))
		flush = WD_COMP_SYNC_FLUSH;
	d.op |= flush << WD_COMP_FLUSH_SHIFT;
	return d;
}

/* Return: bytes out; a negative number: a status, or an errno. */
static long run(struct raw_chan *c, const struct raw_mem *m, struct steps s, int format,
		bool packs, const uint8_t *in, size_t len, uint8_t *out, size_t room)
{
	uint32_t fresh = WD_COMP_NEW;
	size_t pos = 0, end = 0;
	unsigned int idle = 0;
	struct wd_cqe cqe;

	while (end + s.room <= room) {
		struct wd_desc d = next_piece(m, &s, format, packs, in + pos, len - pos, out + end);
		int ret;

		d.op |= fresh;
		fresh = 0;
		ret = raw_do(c, &d, &cqe);
		if (ret)
			return -1000 + ret;
		pos += cqe.consumed;
		end += cqe.produced;
		if (cqe.status != WD_ST_OK && cqe.status != WD_ST_OVERFLOW)
			return -cqe.status;
		if (cqe.aux & WD_CQE_END)
			return pos == len ? (long)end : -2001;
		if (cqe.status == WD_ST_OK && cqe.consumed != d.src_len)
			return -2002;
		idle = cqe.consumed || cqe.produced ? 0 : idle + 1;
		if (idle > 2)
			return -2003;
		if (!packs && pos == len && cqe.status == WD_ST_OK)
			return -2004;
	}
	return -2005;
}

static void stream_both_ways(struct __test_metadata *_metadata, FIXTURE_DATA(codecs) *self,
			     int format, size_t len, struct steps s)
{
	long n = run(&self->c, &self->m, s, format, true, self->plain, len, self->packed, ROOM);

	ASSERT_LT(0, n) TH_LOG("%s: %ld", names[format], n);
	ASSERT_EQ(len, lib_unpack(format, self->packed, n, self->lib, ROOM));
	ASSERT_EQ(0, memcmp(self->plain, self->lib, len));
	memset(self->again, 0xee, len + 1);
	n = run(&self->c, &self->m, s, format, false, self->packed, n, self->again, ROOM);
	ASSERT_EQ(len, n) TH_LOG("%s", names[format]);
	ASSERT_EQ(0, memcmp(self->plain, self->again, len));
}

TEST_F(codecs, any_split)
{
	static const struct steps cuts[] = {
		{ 1, 1, 300, 0 }, { 2, 300, 1, 0 }, { 3, 3, 3, 9 }, { 4, 5000, 700, 3 },
		{ 5, 700, 5000, 2 }, { 6, 40000, 2000, 0 }, { 7, 20000, 20000, 2 },
	};

	for (unsigned int f = 0; f < ARRAY_SIZE(streams); f++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(cuts); i++) {
			size_t len = cuts[i].piece < 300 || cuts[i].room < 300 ? 700 : 100000;

			stream_both_ways(_metadata, self, streams[f], len, cuts[i]);
		}
		stream_both_ways(_metadata, self, streams[f], 0, (struct steps) { 1, 1, 1, 0 });
	}
}

/* Two frames in a row are two streams; between them nothing is lost. */
TEST_F(codecs, one_frame_a_stream)
{
	for (unsigned int f = 0; f < ARRAY_SIZE(streams); f++) {
		size_t n = lib_pack(streams[f], 3, self->plain, 5000, self->packed, ROOM);

		memcpy(self->packed + n, self->packed, n);
		for (int i = 0; i < 2; i++) {
			struct wd_desc d = unpack(&self->m, streams[f], self->packed + i * n,
						  (2 - i) * n, self->again, ROOM);
			struct wd_cqe cqe;

			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			ASSERT_EQ(WD_ST_OK, cqe.status);
			EXPECT_EQ(WD_CQE_END, cqe.aux);
			EXPECT_EQ(n, cqe.consumed);
			EXPECT_EQ(5000, cqe.produced);
		}
	}
}

/* What came out with a flush is all that went in; again, with nothing new, it adds nothing. */
TEST_F(codecs, flush_is_complete)
{
	for (unsigned int f = 0; f < ARRAY_SIZE(streams); f++) {
		struct wd_desc d = pack(&self->m, streams[f], 3, self->plain, 3000,
					self->packed, ROOM);
		uint8_t *out = self->lib;
		size_t n, in, got = ROOM;
		struct wd_cqe cqe;
		LZ4F_dctx *l;

		d.op &= ~(3U << WD_COMP_FLUSH_SHIFT);
		d.op |= WD_COMP_SYNC_FLUSH << WD_COMP_FLUSH_SHIFT;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(0, cqe.aux);
		n = in = cqe.produced;
		if (streams[f] == WD_COMP_LZ4_FRAME) {
			ASSERT_FALSE(LZ4F_isError(LZ4F_createDecompressionContext(&l, LZ4F_VERSION)));
			LZ4F_decompress(l, out, &got, self->packed, &in, NULL);
			LZ4F_freeDecompressionContext(l);
		} else {
			ZSTD_DStream *z = ZSTD_createDStream();
			ZSTD_outBuffer to = { out, ROOM, 0 };
			ZSTD_inBuffer from = { self->packed, n, 0 };

			ZSTD_decompressStream(z, &to, &from);
			ZSTD_freeDStream(z);
			got = to.pos;
		}
		EXPECT_EQ(3000, got) TH_LOG("%s", names[streams[f]]);
		EXPECT_EQ(0, memcmp(self->plain, out, 3000));

		d.op &= ~WD_COMP_NEW;
		d.src_len = 0;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(0, cqe.produced);
		/* And no flush is no request. */
		d.op &= ~(3U << WD_COMP_FLUSH_SHIFT);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_BAD_LENGTH, cqe.status);
	}
}

/* -------------------------------------------------------------- blocks */

TEST_F(codecs, block_is_all_or_nothing)
{
	struct wd_desc d = pack(&self->m, WD_COMP_LZ4_BLOCK, 1, self->plain, LEN, self->packed, ROOM);
	struct wd_cqe cqe;
	uint32_t n;

	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	n = cqe.produced;
	for (uint32_t room = 1; room < n; room += room) {
		d.dst_len = room;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_OVERFLOW, cqe.status);
		EXPECT_EQ(0, cqe.consumed);
		EXPECT_EQ(0, cqe.produced);
		/* And no stream that could be gone on with. */
		d.op &= ~WD_COMP_NEW;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_BAD_OP, cqe.status);
		d.op |= WD_COMP_NEW;
	}
	d = unpack(&self->m, WD_COMP_LZ4_BLOCK, self->packed, n, self->again, LEN - 1);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_OVERFLOW, cqe.status);
	EXPECT_EQ(0, cqe.consumed);
	EXPECT_EQ(0, cqe.produced);
	d.dst_len = LEN;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(0, memcmp(self->plain, self->again, LEN));
	/* Half of it is no block. */
	d.src_len = n / 2;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_DATA, cqe.status);
}

TEST_F(codecs, block_in_place)
{
	struct wd_desc d;
	struct wd_cqe cqe;

	memcpy(self->again, self->plain, LEN);
	d = pack(&self->m, WD_COMP_LZ4_BLOCK, 1, self->again, LEN, self->again, ROOM);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	d = unpack(&self->m, WD_COMP_LZ4_BLOCK, self->again, cqe.produced, self->again, ROOM);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(0, memcmp(self->plain, self->again, LEN));
}

TEST_F(codecs, operation_words)
{
	const uint32_t zstd = WD_COMP_ZSTD << WD_COMP_FORMAT_SHIFT;
	const uint32_t block = WD_COMP_LZ4_BLOCK << WD_COMP_FORMAT_SHIFT;
	const uint32_t finish = WD_COMP_FINISH << WD_COMP_FLUSH_SHIFT;
	const struct { uint16_t opcode; uint32_t op; } bad[] = {
		{ WD_OP_DEFLATE, 6U << WD_COMP_FORMAT_SHIFT | finish },
		{ WD_OP_INFLATE, 7U << WD_COMP_FORMAT_SHIFT },
		{ WD_OP_DEFLATE, zstd | 15 << WD_COMP_WINDOW_SHIFT | finish },
		{ WD_OP_INFLATE, zstd | 9 << WD_COMP_WINDOW_SHIFT },
		{ WD_OP_INFLATE, zstd | 1 << WD_COMP_LEVEL_SHIFT },
		{ WD_OP_INFLATE, zstd | finish },
		{ WD_OP_DEFLATE, block | 10 << WD_COMP_LEVEL_SHIFT | finish },
		{ WD_OP_DEFLATE, block },
		{ WD_OP_DEFLATE, block | WD_COMP_SYNC_FLUSH << WD_COMP_FLUSH_SHIFT },
		{ WD_OP_DEFLATE, zstd | 1 << 11 | finish },
	};
	struct wd_desc d = pack(&self->m, WD_COMP_RAW, 1, self->plain, 100, self->packed, ROOM);
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		d.opcode = bad[i].opcode;
		d.op = bad[i].op | WD_COMP_NEW;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_BAD_OP, cqe.status) TH_LOG("%u", i);
	}
	d.op = block | finish | WD_COMP_NEW;
	d.opcode = WD_OP_DEFLATE;
	d.src_len = self->c.layout.max_unit + 1;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_BAD_LENGTH, cqe.status);
}

/* ---------------------------------------------------- untrusted input */

/* A bit that is wrong is found, or it was none that matters. */
TEST_F(codecs, damaged)
{
	for (unsigned int f = 0; f < ARRAY_SIZE(streams); f++) {
		size_t n = run(&self->c, &self->m, (struct steps) { 1, 5000, 5000, 0 }, streams[f],
			       true, self->plain, 3000, self->packed, ROOM), found = 0, tried = 0;

		ASSERT_LT(4U, n);
		for (size_t at = 0; at < n; at += 1 + n / 200) {
			struct wd_desc d = unpack(&self->m, streams[f], self->packed, n,
						  self->again, ROOM);
			struct wd_cqe cqe;

			self->packed[at] ^= 1 << at % 8;
			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			self->packed[at] ^= 1 << at % 8;
			tried++;
			if (cqe.status == WD_ST_OK && cqe.aux & WD_CQE_END) {
				ASSERT_EQ(3000, cqe.produced);
				ASSERT_EQ(0, memcmp(self->plain, self->again, 3000));
				continue;
			}
			found++;
			EXPECT_TRUE(cqe.status == WD_ST_OK || cqe.status == WD_ST_DATA ||
				    cqe.status == WD_ST_NEED_DICT ||
				    cqe.status == WD_ST_NO_RESOURCE) TH_LOG("%x", cqe.status);
		}
		EXPECT_LT(tried * 9 / 10, found) TH_LOG("%zu of %zu", found, tried);
	}
}

TEST_F(codecs, cut_off)
{
	for (unsigned int f = 0; f < ARRAY_SIZE(streams); f++) {
		size_t n = lib_pack(streams[f], 3, self->plain, 3000, self->packed, ROOM);

		for (size_t len = 1; len < n; len += 1 + n / 50) {
			struct wd_desc d = unpack(&self->m, streams[f], self->packed, len,
						  self->again, ROOM);
			struct wd_cqe cqe;

			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			ASSERT_EQ(WD_ST_OK, cqe.status);
			ASSERT_EQ(0, cqe.aux);
			EXPECT_EQ(0, memcmp(self->plain, self->again, cqe.produced));
		}
	}
}

/* Noise behind a good beginning; it ends, some way or other, and the channel works. */
TEST_F(codecs, noise)
{
	for (unsigned int i = 0; i < 150; i++) {
		int format = formats[i % ARRAY_SIZE(formats)];
		size_t n = lib_pack(format, 3, self->plain, 9000, self->packed, ROOM);
		size_t keep = i % 7 * 5;
		struct wd_desc d;
		struct wd_cqe cqe;

		raw_fill_random(self->packed + keep, n - keep, i + 1);
		d = unpack(&self->m, format, self->packed, n, self->again, ROOM);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_FALSE(cqe.status == WD_ST_OK && cqe.aux && format != WD_COMP_LZ4_BLOCK);
	}
}

/* The end does not fit in: what comes then belongs to no stream. */
TEST_F(codecs, more_after_finish)
{
	struct wd_desc d = pack(&self->m, WD_COMP_ZSTD, 3, self->again, 100000, self->packed, 10);
	struct wd_cqe cqe;

	raw_fill_random(self->again, 100000, 9);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OVERFLOW, cqe.status);
	ASSERT_EQ(100000, cqe.consumed);
	d.op &= ~WD_COMP_NEW;
	d.src_len = 1;
	d.dst_len = ROOM;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_DATA, cqe.status);
}

/* -------------------------------------------------------------- frames */

/* All that a frame of LZ4 can have. */
TEST_F(codecs, lz4_frames_of_every_kind)
{
	for (unsigned int i = 0; i < 64; i++) {
		const LZ4F_preferences_t how = {
			.frameInfo = {
				.blockSizeID = LZ4F_max64KB + i % 4,
				.blockMode = i & 4 ? LZ4F_blockIndependent : LZ4F_blockLinked,
				.contentChecksumFlag = !!(i & 8),
				.blockChecksumFlag = !!(i & 16),
				.contentSize = i & 32 ? LEN : 0,
			},
		};
		struct wd_desc d;
		struct wd_cqe cqe;
		size_t n;

		/* Text only, so that blocks refer to the one before. */
		raw_fill_text(self->lib, LEN, 5);
		n = LZ4F_compressFrame(self->packed, ROOM, self->lib, LEN, &how);
		ASSERT_FALSE(LZ4F_isError(n));
		d = unpack(&self->m, WD_COMP_LZ4_FRAME, self->packed, n, self->again, ROOM);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("kind %u", i);
		EXPECT_EQ(WD_CQE_END, cqe.aux);
		EXPECT_EQ(n, cqe.consumed);
		EXPECT_EQ(LEN, cqe.produced);
		EXPECT_EQ(0, memcmp(self->lib, self->again, LEN));
		EXPECT_EQ(i & 8 ? frame_sum(self->packed, n) : 0, cqe.info);
		self->packed[n / 2] ^= 1;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_TRUE(cqe.status == WD_ST_DATA || !(i & 24));
	}
}

/* Frames that are none of data: user's, with a dictionary, of before there were frames. */
TEST_F(codecs, other_frames)
{
	static const uint8_t skip[] = { 0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c' };
	static const uint8_t none[] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0 };
	static const uint8_t legacy[] = { 0x02, 0x21, 0x4c, 0x18, 4, 0, 0, 0, 1, 2, 3, 4 };
	static const uint8_t lz4_dict[] = { 0x04, 0x22, 0x4d, 0x18, 0x41, 0x40, 1, 2, 3, 4, 0xd1 };
	static const uint8_t zstd_dict[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x01, 0x58, 7, 1, 0, 0 };
	const struct {
		int format; const uint8_t *data; size_t len; uint16_t status; uint32_t aux;
	} is[] = {
		{ WD_COMP_LZ4_FRAME, skip, sizeof(skip), WD_ST_OK, WD_CQE_END },
		{ WD_COMP_LZ4_FRAME, none, sizeof(none), WD_ST_OK, WD_CQE_END },
		{ WD_COMP_LZ4_FRAME, legacy, sizeof(legacy), WD_ST_DATA, 0 },
		{ WD_COMP_ZSTD, skip, sizeof(skip), WD_ST_OK, WD_CQE_END },
		{ WD_COMP_ZSTD, none, sizeof(none), WD_ST_OK, WD_CQE_END },
		{ WD_COMP_ZSTD, zstd_dict, sizeof(zstd_dict), WD_ST_NEED_DICT, 0 },
		{ WD_COMP_LZ4_FRAME, lz4_dict, sizeof(lz4_dict), WD_ST_NEED_DICT, 0 },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(is); i++) {
		struct wd_desc d;
		struct wd_cqe cqe;

		memcpy(self->packed, is[i].data, is[i].len);
		d = unpack(&self->m, is[i].format, self->packed, is[i].len, self->again, ROOM);
		/* The check of the header is XXH32's second byte, which is tried out. */
		for (unsigned int sum = 0; sum < 256; sum++) {
			if (is[i].data == lz4_dict)
				self->packed[is[i].len - 1] = sum;
			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			if (is[i].data != lz4_dict || cqe.status == is[i].status)
				break;
			ASSERT_EQ(WD_ST_DATA, cqe.status);
		}
		EXPECT_EQ(is[i].status, cqe.status) TH_LOG("%u", i);
		EXPECT_EQ(is[i].aux, cqe.aux);
		EXPECT_EQ(0, cqe.produced);
	}
}

/* A frame of Zstandard that needs so large a window. */
static size_t windowed(FIXTURE_DATA(codecs) *self, int log)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	ZSTD_outBuffer out = { self->packed, ROOM, 0 };
	ZSTD_inBuffer in = { self->plain, 5000, 0 };

	ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, log);
	/* In two calls: of one, the length would be known, and the window no larger. */
	ZSTD_compressStream2(z, &out, &in, ZSTD_e_flush);
	ZSTD_compressStream2(z, &out, &in, ZSTD_e_end);
	ZSTD_freeCCtx(z);
	return out.pos;
}

TEST_F(codecs, zstd_windows)
{
	struct wd_cqe cqe;

	for (int log = 10; log <= 25; log++) {
		size_t n = windowed(self, log);
		struct wd_desc d = unpack(&self->m, WD_COMP_ZSTD, self->packed, n, self->again, ROOM);

		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(log <= 23 ? WD_ST_OK : WD_ST_NO_RESOURCE, cqe.status) TH_LOG("%d", log);
		EXPECT_EQ(log <= 23 ? n : 0, cqe.consumed);
		EXPECT_EQ(log <= 23 ? 5000 : 0, cqe.produced);
	}
}

/* So many large streams, and no more; what is small has room beside them; and again. */
TEST_F(codecs, memory_is_bounded)
{
	struct wd_desc d = unpack(&self->m, WD_COMP_ZSTD, self->packed, windowed(self, 23) - 1,
				  self->again, ROOM), gz;
	struct wd_cqe cqe;

	for (int round = 0; round < 2; round++) {
		uint32_t n = 0;

		for (d.stream = 0; d.stream < self->c.layout.streams; d.stream++) {
			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			if (cqe.status == WD_ST_NO_RESOURCE)
				break;
			ASSERT_EQ(WD_ST_OK, cqe.status);
			n++;
		}
		EXPECT_EQ(WD_ST_NO_RESOURCE, cqe.status);
		EXPECT_EQ(0, cqe.consumed);
		EXPECT_LT(4, n);
		gz = raw_mem_deflate(&self->m, WD_COMP_GZIP, 6, self->plain, 100, self->again, ROOM);
		gz.stream = d.stream;
		ASSERT_EQ(0, raw_do(&self->c, &gz, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		while (n--) {
			struct wd_desc drop = { .opcode = WD_OP_STREAM_CLOSE, .stream = n };

			ASSERT_EQ(0, raw_do(&self->c, &drop, &cqe));
			ASSERT_EQ(WD_ST_OK, cqe.status);
		}
	}
}

/* -------------------------------------------------------------- faults */

/* Operands that nobody touched yet, and a page in the middle that may not be used for now. */
TEST_F(codecs, faults)
{
	size_t size = (ROOM + 2 * PAGE) & ~(PAGE - 1);

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "only addresses of a process fault and go on");
	for (unsigned int f = 0; f < ARRAY_SIZE(formats); f++) {
		bool whole = formats[f] == WD_COMP_LZ4_BLOCK;
		uint8_t *in = raw_memory(size), *out = raw_memory(size);
		uint8_t *hole[] = { in + 10 * PAGE, out + 5 * PAGE };
		struct wd_desc d;
		struct wd_cqe cqe;
		size_t n;

		memcpy(in, self->plain, LEN);
		d = pack(&self->m, formats[f], 3, self->plain, LEN, self->packed, ROOM);
		d.src = (uintptr_t)in;
		d.dst = (uintptr_t)out;
		for (int i = 0; i < 2; i++) {
			ASSERT_EQ(0, mprotect(hole[i], PAGE, PROT_NONE));
			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			ASSERT_EQ(WD_ST_FAULT_PERM, cqe.status) TH_LOG("%s", names[formats[f]]);
			EXPECT_EQ(i ? WD_CQE_FAULT_DST : 0, cqe.aux);
			EXPECT_EQ((uintptr_t)hole[i], cqe.info);
			ASSERT_EQ(0, mprotect(hole[i], PAGE, PROT_READ | PROT_WRITE));
			EXPECT_TRUE(!whole || (!cqe.consumed && d.op & WD_COMP_NEW));
			if (whole)
				continue;
			d.op &= ~WD_COMP_NEW;
			d.src += cqe.consumed;
			d.src_len -= cqe.consumed;
			d.dst += cqe.produced;
			d.dst_len -= cqe.produced;
		}
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(WD_CQE_END, cqe.aux);
		n = d.dst + cqe.produced - (uintptr_t)out;
		ASSERT_EQ(LEN, lib_unpack(formats[f], out, n, self->lib, ROOM));
		ASSERT_EQ(0, memcmp(self->plain, self->lib, LEN));

		/* Back, to where no page is. */
		ASSERT_EQ(0, madvise(in, size, MADV_DONTNEED));
		d = raw_inflate(formats[f], out, n, in, ROOM);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(0, memcmp(self->plain, in, LEN));
		munmap(in, size);
		munmap(out, size);
	}
}

/* More than a quantum, of each format; and blocks as large as they can be. */
TEST_F(codecs, long_operands)
{
	size_t len = 3UL << 20, room = len + len / 64;
	uint8_t *in = raw_mem_take(&self->m, len), *out = raw_mem_take(&self->m, room);
	uint8_t *back = raw_mem_take(&self->m, len);

	if (!in || !out || !back)
		SKIP(return, "no slice is so long");
	raw_fill_text(in, len, 3);
	raw_fill_random(in + len / 2, len / 8, 4);
	for (unsigned int f = 0; f < ARRAY_SIZE(formats); f++) {
		struct wd_desc d = pack(&self->m, formats[f], 1, in, len, out, room);
		struct wd_cqe cqe;

		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		memset(back, 0, len);
		d = unpack(&self->m, formats[f], out, cqe.produced, back, len);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(WD_CQE_END, cqe.aux);
		ASSERT_EQ(0, memcmp(in, back, len)) TH_LOG("%s", names[formats[f]]);
	}
}

TEST_HARNESS_MAIN
