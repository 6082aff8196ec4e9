// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations that move memory, compare it or take the XOR of it, in every mode: against
 * plain C, on memory whose every other byte must stay as it is.
 */
#include <sys/mman.h>

#include "harness.h"
#include "operand.h"

#define PAGE	4096UL
#define AREA	(192UL << 10)	/* what the random requests have for each operand */
#define MOST	(96UL << 10)	/* their longest */
#define BIG	(1280UL << 10)
#define SIZE	(16UL << 20)

FIXTURE(move) {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src;		/* BIG each */
	uint8_t *dst;
	uint8_t *other;
	struct wd_sge *lists[3];
	struct operand from, to, more;
	uint8_t *want;		/* BIG each, of the test's own */
	uint8_t *flat;
	union {
		struct wd_dualcast_param dual;
		struct wd_xor_param xor;
	} *param;
};

FIXTURE_VARIANT(move) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(move, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(move, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(move, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(move)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, SIZE));
	self->src = raw_mem_take(&self->m, BIG);
	self->dst = raw_mem_take(&self->m, BIG);
	self->other = raw_mem_take(&self->m, BIG);
	self->param = raw_mem_take(&self->m, sizeof(*self->param));
	ASSERT_TRUE(self->src && self->dst && self->other && self->param);
	for (int i = 0; i < 3; i++) {
		self->lists[i] = raw_mem_take(&self->m, OPERAND_PARTS * sizeof(struct wd_sge));
		ASSERT_TRUE(self->lists[i]);
	}
	self->want = malloc(BIG);
	self->flat = malloc(BIG);
	ASSERT_TRUE(self->want && self->flat);
	raw_fill_random(self->src, BIG, 1);
	raw_fill_random(self->other, BIG, 2);
	memset(self->dst, 0x5a, BIG);
}

FIXTURE_TEARDOWN(move)
{
	free(self->want);
	free(self->flat);
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

/* CRC-32C, bit by bit from its polynomial, over more of what @crc is about. */
static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return ~crc;
}

static void done(struct __test_metadata *_metadata, struct raw_chan *c, const struct wd_desc *d,
		 uint32_t consumed, uint32_t produced, struct wd_cqe *cqe)
{
	ASSERT_EQ(0, raw_do(c, d, cqe));
	ASSERT_EQ(WD_ST_OK, cqe->status) TH_LOG("opcode %#x: info %#llx aux %#x", d->opcode,
						cqe->info, cqe->aux);
	ASSERT_EQ(consumed, cqe->consumed);
	ASSERT_EQ(produced, cqe->produced);
}

#define DONE(d, consumed, produced) done(_metadata, &self->c, &(d), consumed, produced, &cqe)

#define FLAT(o, p, len) operand_flat(&self->o, &self->m, p, len)

TEST_F(move, copy_of_any_length)
{
	static const uint32_t lens[] = { 1, 2, 7, 8, 9, 63, 64, 511, 4095, 4096, 4097, 16383, 16384,
					 16385, 65536, 262144, 262145, 1048576 };
	struct wd_cqe cqe;
	struct wd_desc d;

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		for (unsigned int off = 0; off < 12; off += lens[i] > 65536 ? 11 : 1) {
			uint32_t len = lens[i];

			memset(self->dst, 0x5a, len + 64);
			FLAT(from, self->src + off * 5, len);
			FLAT(to, self->dst + 16 + off, len + 3);
			d = operand_desc(WD_OP_COPY, &self->from, &self->to);
			DONE(d, len, len);
			ASSERT_EQ(0, memcmp(self->src + off * 5, self->dst + 16 + off, len));
			for (unsigned int k = 0; k < 16 + off; k++)
				ASSERT_EQ(0x5a, self->dst[k]);
			for (unsigned int k = 16 + off + len; k < len + 64; k++)
				ASSERT_EQ(0x5a, self->dst[k]);
		}
	}
}

/* Whatever the overlap, the result is memmove()'s. */
TEST_F(move, copy_overlaps)
{
	static const uint32_t lens[] = { 1, 9, 100, 4096, 5000, 40000, 600001 };
	static const int deltas[] = { 0, 1, 7, 8, 64, 99, 1000, 4095, 4096, 4097, 16384, 20000, 39999 };
	struct wd_cqe cqe;
	struct wd_desc d;

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		for (unsigned int k = 0; k < 2 * ARRAY_SIZE(deltas); k++) {
			int delta = k & 1 ? -deltas[k / 2] : deltas[k / 2];
			uint8_t *p = self->src + 40003;

			if (lens[i] > 100000 && k % 3)
				continue;
			raw_fill_random(self->src, 90000, k);
			memcpy(self->want, self->src, BIG);
			memmove(self->want + 40003 + delta, self->want + 40003, lens[i]);
			FLAT(from, p, lens[i]);
			FLAT(to, p + delta, lens[i]);
			d = operand_desc(WD_OP_COPY, &self->from, &self->to);
			DONE(d, lens[i], lens[i]);
			ASSERT_EQ(0, memcmp(self->want, self->src, BIG))
				TH_LOG("%u bytes, %d on", lens[i], delta);
		}
	}
}

TEST_F(move, crc_of_the_copy)
{
	struct wd_cqe cqe;
	struct wd_desc d;
	uint32_t want = 0;

	memcpy(self->src, "123456789", 9);
	FLAT(from, self->src, 9);
	FLAT(to, self->dst, 9);
	d = operand_desc(WD_OP_COPY_CRC32C, &self->from, &self->to);
	DONE(d, 9, 9);
	EXPECT_EQ(0xe3069283, cqe.info);
	EXPECT_EQ(0, memcmp(self->dst, "123456789", 9));
	/* In pieces, each going on where the one before ended. */
	for (uint32_t at = 0, len = 1; at + len < 400000; at += len, len = len * 3 + 1) {
		FLAT(from, self->other + at, len);
		FLAT(to, self->dst + at, len);
		d = operand_desc(WD_OP_COPY_CRC32C, &self->from, &self->to);
		d.op = want;
		DONE(d, len, len);
		want = crc32c(0, self->other, at + len);
		ASSERT_EQ(want, cqe.info);
		ASSERT_EQ(0, memcmp(self->other, self->dst, at + len));
	}
}

TEST_F(move, fill_from_its_beginning)
{
	static const uint32_t lens[] = { 1, 7, 8, 9, 4097, 16376, 16384, 70001, 1048576 };
	const uint64_t pattern = 0x8877665544332211;
	struct wd_cqe cqe;
	struct wd_desc d;

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		for (unsigned int off = 0; off < 9; off++) {
			memset(self->dst, 0, lens[i] + 32);
			memset(self->want, 0, lens[i] + 32);
			for (uint32_t k = 0; k < lens[i]; k++)
				self->want[off + k] = pattern >> k % 8 * 8;
			FLAT(to, self->dst + off, lens[i]);
			d = operand_desc(WD_OP_FILL, NULL, &self->to);
			d.src = pattern;
			DONE(d, 0, lens[i]);
			ASSERT_EQ(0, memcmp(self->want, self->dst, lens[i] + 32));
		}
	}
}

/* The first byte that differs, wherever it is; none: all is consumed. */
TEST_F(move, compare)
{
	static const uint32_t at[] = { 0, 1, 7, 8, 4095, 4096, 16383, 16384, 262143, 262144, 299999 };
	const uint32_t len = 300000;
	struct wd_cqe cqe;
	struct wd_desc d;

	memcpy(self->dst + 3, self->src + 1, len);
	FLAT(from, self->src + 1, len);
	FLAT(to, self->dst + 3, len);
	d = operand_desc(WD_OP_COMPARE, &self->from, &self->to);
	DONE(d, len, 0);
	EXPECT_EQ(0, cqe.aux);
	self->dst[3 + len - 1] ^= 1;
	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		self->dst[3 + at[i]] ^= 0x80;
		DONE(d, at[i], 0);
		EXPECT_EQ(WD_CQE_DIFFERS, cqe.aux);
		EXPECT_EQ(at[i], cqe.info);
		self->dst[3 + at[i]] ^= 0x80;
	}
}

TEST_F(move, compare_with_a_pattern)
{
	static const uint32_t at[] = { 0, 3, 8, 4095, 8183, 8184, 8192, 16384, 262144, 299999 };
	const uint64_t pattern = 0x1122334455667788;
	const uint32_t len = 300000;
	struct wd_cqe cqe;
	struct wd_desc d;

	for (unsigned int off = 0; off < 3; off++) {
		uint8_t *p = self->src + off;

		for (uint32_t k = 0; k <= len; k++)
			p[k] = pattern >> k % 8 * 8;
		FLAT(from, p, len);
		d = operand_desc(WD_OP_COMPARE_PATTERN, &self->from, NULL);
		d.dst = pattern;
		DONE(d, len, 0);
		EXPECT_EQ(0, cqe.aux);
		for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
			p[at[i]] ^= 1;
			DONE(d, at[i], 0);
			EXPECT_EQ(WD_CQE_DIFFERS, cqe.aux);
			EXPECT_EQ(at[i], cqe.info);
			p[at[i]] ^= 1;
		}
	}
}

TEST_F(move, xor_of_all_numbers_of_sources)
{
	const uint32_t len = 70003;
	struct wd_cqe cqe;
	struct wd_desc d;

	for (unsigned int n = 1; n <= WD_XOR_MAX; n++) {
		/* The last time the destination is one of the sources. */
		uint8_t *to = n == WD_XOR_MAX ? self->src + 5 * len : self->dst;

		*self->param = (typeof(*self->param)) { .xor.count = n };
		memset(self->want, 0, len);
		for (unsigned int i = 0; i < n; i++) {
			self->param->xor.src[i] = raw_dma(&self->m, self->src + i * len);
			for (uint32_t k = 0; k < len; k++)
				self->want[k] ^= self->src[i * len + k];
		}
		FLAT(to, to, len);
		d = operand_desc(WD_OP_XOR, NULL, &self->to);
		d.src_len = len;
		d.param = raw_dma(&self->m, self->param);
		DONE(d, len, len);
		ASSERT_EQ(0, memcmp(self->want, to, len)) TH_LOG("%u sources", n);
	}
}

/* ---------------------------------------------------------- random requests */

static void random_operand(struct operand *o, const struct raw_mem *m, struct wd_sge *list,
			   uint8_t *area, uint32_t len, uint32_t *seed)
{
	static const uint32_t longest[] = { 90, 300, 4096, 20000 };

	if (raw_random(seed) >> 9 & 1)
		operand_flat(o, m, area + raw_random(seed) % 5000, len);
	else
		operand_scatter(o, m, list, area, len, longest[raw_random(seed) >> 7 & 3], seed);
}

/* A copy of @size bytes at @area in which @o has these bytes. */
static void expect(struct operand *o, uint8_t *area, uint8_t *image, const uint8_t *bytes)
{
	memcpy(image, area, AREA);
	for (unsigned int i = 0; i < o->parts; bytes += o->part[i++])
		memcpy(image + (o->at[i] - area), bytes, o->part[i]);
}

TEST_F(move, random_requests)
{
	static const uint16_t ops[] = { WD_OP_COPY, WD_OP_FILL, WD_OP_COMPARE, WD_OP_COMPARE_PATTERN,
					WD_OP_DUALCAST, WD_OP_COPY_CRC32C, WD_OP_XOR };
	uint8_t *image = malloc(AREA), *second = malloc(AREA);
	uint32_t seed = 4711;
	struct wd_cqe cqe;

	ASSERT_TRUE(image && second);
	for (int round = 0; round < raw_rounds(400, 20000); round++) {
		uint16_t op = ops[raw_random(&seed) % ARRAY_SIZE(ops)];
		uint32_t most = raw_random(&seed) & 0x700 ? 3000 : MOST;
		uint32_t len = 1 + raw_random(&seed) % most, at = raw_random(&seed) % (2 * len);
		uint64_t pattern = (uint64_t)raw_random(&seed) << 32 | raw_random(&seed);
		struct wd_desc d;

		random_operand(&self->from, &self->m, self->lists[0], self->src, len, &seed);
		random_operand(&self->to, &self->m, self->lists[1], self->dst, len, &seed);
		random_operand(&self->more, &self->m, self->lists[2], self->other, len, &seed);
		operand_get(&self->from, self->flat);
		d = operand_desc(op, &self->from, &self->to);
		*self->param = (typeof(*self->param)) {};
		memcpy(self->want, self->flat, len);
		switch (op) {
		case WD_OP_FILL:
			d = operand_desc(op, NULL, &self->to);
			d.src = pattern;
			for (uint32_t i = 0; i < len; i++)
				self->want[i] = pattern >> i % 8 * 8;
			break;
		case WD_OP_COMPARE:
		case WD_OP_COMPARE_PATTERN:
			if (op == WD_OP_COMPARE_PATTERN) {
				d = operand_desc(op, &self->from, NULL);
				d.dst = pattern;
				for (uint32_t i = 0; i < len; i++)
					self->want[i] = pattern >> i % 8 * 8;
			}
			if (at < len)
				self->want[at] ^= 1 << at % 8;
			operand_put(op == WD_OP_COMPARE ? &self->to : &self->from, self->want);
			DONE(d, at < len ? at : len, 0);
			ASSERT_EQ(at < len ? WD_CQE_DIFFERS : 0, cqe.aux);
			ASSERT_EQ(at < len ? at : 0, cqe.info);
			continue;
		case WD_OP_DUALCAST:
			self->more.list = self->to.list;
			if (self->more.list)
				operand_scatter(&self->more, &self->m, self->lists[2], self->other,
						len, 900, &seed);
			else
				operand_flat(&self->more, &self->m, self->other + at % 4096, len);
			self->param->dual.dst = self->more.addr;
			d.param = raw_dma(&self->m, self->param);
			expect(&self->more, self->other, second, self->want);
			break;
		case WD_OP_COPY_CRC32C:
			d.op = pattern;
			break;
		case WD_OP_XOR:
			/* The source, what is at the destination already, and the source again. */
			d.src = 0;
			d.flags = self->from.list ? WD_DESC_SRC_SGL : 0;
			if (self->from.list)
				operand_scatter(&self->to, &self->m, self->lists[1], self->dst, len,
						500, &seed);
			else
				operand_flat(&self->to, &self->m, self->dst + at % 4096, len);
			d.flags |= self->to.list ? WD_DESC_DST_SGL : 0;
			d.dst = self->to.addr;
			operand_get(&self->to, self->want);
			for (uint32_t i = 0; i < len; i++)
				self->want[i] ^= self->flat[i];
			self->param->xor.count = 2 + 2 * (round & 1);
			self->param->xor.src[0] = self->from.addr;
			self->param->xor.src[1] = self->to.addr;
			self->param->xor.src[2] = self->from.addr;
			self->param->xor.src[3] = self->from.addr;
			d.param = raw_dma(&self->m, self->param);
			break;
		}
		expect(&self->to, self->dst, image, self->want);
		DONE(d, op == WD_OP_FILL ? 0 : len, len);
		ASSERT_EQ(0, memcmp(image, self->dst, AREA)) TH_LOG("round %d opcode %#x", round, op);
		if (op == WD_OP_DUALCAST)
			ASSERT_EQ(0, memcmp(second, self->other, AREA));
		if (op == WD_OP_COPY_CRC32C)
			ASSERT_EQ(crc32c(pattern, self->flat, len), cqe.info);
	}
	free(image);
	free(second);
}

TEST_HARNESS_MAIN
