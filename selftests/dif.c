// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * T10 protection information, in every mode: against a model that computes the CRC from
 * its polynomial, bit by bit.
 */
#include <sys/mman.h>

#include "harness.h"
#include "operand.h"

#define BLOCKS	40
#define TUPLE	8
#define AREA	(BLOCKS * (4096 + TUPLE) + 64 * 1024)
#define SIZE	(8UL << 20)
#define ALL	(WD_DIF_GUARD | WD_DIF_APP | WD_DIF_REF)

FIXTURE(dif) {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src, *dst, *meta;	/* AREA each */
	struct wd_sge *lists[3];
	struct operand from, to, info;
	struct wd_dif_param *p;
	uint8_t *data, *want, *got;	/* the test's own, AREA each */
};

FIXTURE_VARIANT(dif) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(dif, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(dif, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(dif, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(dif)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, SIZE));
	self->src = raw_mem_take(&self->m, AREA);
	self->dst = raw_mem_take(&self->m, AREA);
	self->meta = raw_mem_take(&self->m, AREA);
	self->p = raw_mem_take(&self->m, sizeof(*self->p));
	ASSERT_TRUE(self->src && self->dst && self->meta && self->p);
	for (int i = 0; i < 3; i++) {
		self->lists[i] = raw_mem_take(&self->m, OPERAND_PARTS * sizeof(struct wd_sge));
		ASSERT_TRUE(self->lists[i]);
	}
	self->data = malloc(AREA);
	self->want = malloc(AREA);
	self->got = malloc(AREA);
	ASSERT_TRUE(self->data && self->want && self->got);
	raw_fill_random(self->data, AREA, 3);
}

FIXTURE_TEARDOWN(dif)
{
	free(self->data);
	free(self->want);
	free(self->got);
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

/* ----------------------------------------------------------------- the model */

static uint16_t crc16(const uint8_t *p, size_t len)
{
	uint16_t crc = 0;

	while (len--) {
		crc ^= *p++ << 8;
		for (int i = 0; i < 8; i++)
			crc = crc << 1 ^ (crc & 0x8000 ? 0x8bb7 : 0);
	}
	return crc;
}

static void put_tuple(uint8_t *t, uint16_t guard, uint16_t app, uint32_t ref)
{
	const uint8_t bytes[] = { guard >> 8, guard, app >> 8, app, ref >> 24, ref >> 16, ref >> 8, ref };

	memcpy(t, bytes, sizeof(bytes));
}

static uint32_t ref_of(int type, uint32_t first, uint32_t nr)
{
	return type == 3 ? first : first + nr;
}

/* @n blocks of @data, with protection behind each. */
static void protect(uint8_t *to, const uint8_t *data, int block, int n, int type, uint16_t app,
		    uint32_t ref)
{
	for (int i = 0; i < n; i++, to += block + TUPLE, data += block) {
		memmove(to, data, block);
		put_tuple(to + block, crc16(data, block), app, ref_of(type, ref, i));
	}
}

/* ------------------------------------------------------------------ requests */

static struct wd_dif_param good(int type, int block)
{
	return (struct wd_dif_param) {
		.type = type, .checks = ALL, .block = block, .app_tag = 0x1234, .app_mask = 0xffff,
		.ref_tag = 0xfffffffe, .new_app_tag = 0xabcd, .new_ref_tag = 0x7fffffff,
	};
}

#define FLAT(o, p, len) operand_flat(&self->o, &self->m, p, len)

/* The descriptor's result is @status, and so much was used and written. */
static void expect(struct __test_metadata *_metadata, struct raw_chan *c, struct wd_desc d,
		   int status, uint32_t consumed, uint32_t produced, struct wd_cqe *cqe)
{
	ASSERT_EQ(0, raw_do(c, &d, cqe));
	ASSERT_EQ(status, cqe->status) TH_LOG("opcode %#x info %#llx aux %#x", d.opcode, cqe->info,
					      cqe->aux);
	ASSERT_EQ(consumed, cqe->consumed);
	ASSERT_EQ(produced, cqe->produced);
}

#define EXPECT(op, s, t, status, consumed, produced) do {			\
	struct wd_desc d = operand_desc(op, s, t);				\
										\
	d.param = raw_dma(&self->m, self->p);					\
	expect(_metadata, &self->c, d, status, consumed, produced, &cqe);	\
} while (0)

TEST_F(dif, published_check_value)
{
	static const uint8_t zeros[512], ones[] = { 0xff };
	struct wd_cqe cqe;

	/* Of the model, by the catalogue of CRCs; of the device, by the model and by 512 bytes FFh. */
	ASSERT_EQ(0xd0db, crc16((const uint8_t *)"123456789", 9));
	ASSERT_EQ(0, crc16(zeros, 512));
	ASSERT_NE(0, crc16(ones, 1));
	memset(self->src, 0, 512);
	/* Leading zeros do not count: the same bytes at the end of a block have the same CRC. */
	memcpy(self->src + 503, "123456789", 9);
	*self->p = good(1, 512);
	FLAT(from, self->src, 512);
	FLAT(to, self->dst, 520);
	EXPECT(WD_OP_DIF_INSERT, &self->from, &self->to, WD_ST_OK, 512, 520);
	EXPECT_EQ(0xd0, self->dst[512]);
	EXPECT_EQ(0xdb, self->dst[513]);
	EXPECT_EQ(0, memcmp(self->dst + 514, "\x12\x34\xff\xff\xff\xfe", 6));
}

/* Every type, both sizes, numbers of blocks around what goes through at once; there and back. */
TEST_F(dif, there_and_back)
{
	static const int numbers[] = { 1, 2, 3, 4, 30, 31, 32, BLOCKS };
	struct wd_cqe cqe;

	for (int k = 0; k < 3 * 2 * ARRAY_SIZE(numbers); k++) {
		int type = 1 + k % 3, block = k / 3 % 2 ? 4096 : 512, n = numbers[k / 6];
		uint32_t plain = n * block, all = n * (block + TUPLE);

		*self->p = good(type, block);
		memcpy(self->src + k, self->data, plain);
		memset(self->dst, 0x5a, all + 64);
		FLAT(from, self->src + k, plain);
		FLAT(to, self->dst + k % 8, all);
		EXPECT(WD_OP_DIF_INSERT, &self->from, &self->to, WD_ST_OK, plain, all);
		protect(self->want, self->data, block, n, type, 0x1234, 0xfffffffe);
		ASSERT_EQ(0, memcmp(self->want, self->dst + k % 8, all));
		ASSERT_EQ(0x5a, self->dst[k % 8 + all]);
		EXPECT(WD_OP_DIF_VERIFY, &self->to, NULL, WD_ST_OK, all, 0);
		/* In its own place, and back from there. */
		EXPECT(WD_OP_DIF_UPDATE, &self->to, &self->to, WD_ST_OK, all, all);
		protect(self->want, self->data, block, n, type, 0xabcd, 0x7fffffff);
		ASSERT_EQ(0, memcmp(self->want, self->dst + k % 8, all));
		self->p->app_tag = 0xabcd;
		self->p->ref_tag = 0x7fffffff;
		memset(self->src, 0x5a, AREA);
		EXPECT(WD_OP_DIF_STRIP, &self->to, &self->from, WD_ST_OK, all, plain);
		ASSERT_EQ(0, memcmp(self->data, self->src + k, plain));
		ASSERT_EQ(0x5a, self->src[k + plain]);
		/* Protection on its own. */
		memset(self->meta, 0x5a, n * TUPLE + 16);
		self->p->meta = raw_dma(&self->m, self->meta + 1);
		self->p->meta_len = n * TUPLE;
		EXPECT(WD_OP_DIX_GENERATE, &self->from, NULL, WD_ST_OK, plain, n * TUPLE);
		for (int i = 0; i < n; i++)
			ASSERT_EQ(0, memcmp(self->want + i * (block + TUPLE) + block,
					    self->meta + 1 + i * TUPLE, TUPLE));
		ASSERT_EQ(0x5a, self->meta[1 + n * TUPLE]);
		EXPECT(WD_OP_DIX_VERIFY, &self->from, NULL, WD_ST_OK, plain, 0);
	}
}

/* Everything in parts that do not end where blocks do. */
TEST_F(dif, lists)
{
	uint32_t seed = 5;
	struct wd_cqe cqe;

	for (int k = 0; k < 18; k++) {
		int type = 1 + k % 3, block = k & 1 ? 4096 : 512, n = 1 + raw_random(&seed) % BLOCKS;
		uint32_t longest = k & 2 ? 700 : 9000, plain = n * block, all = n * (block + TUPLE);

		*self->p = good(type, block);
		operand_scatter(&self->from, &self->m, self->lists[0], self->src, plain, longest, &seed);
		operand_scatter(&self->to, &self->m, self->lists[1], self->dst, all, longest, &seed);
		operand_scatter(&self->info, &self->m, self->lists[2], self->meta, n * TUPLE, 30, &seed);
		operand_put(&self->from, self->data);
		EXPECT(WD_OP_DIF_INSERT, &self->from, &self->to, WD_ST_OK, plain, all);
		protect(self->want, self->data, block, n, type, 0x1234, 0xfffffffe);
		operand_get(&self->to, self->got);
		ASSERT_EQ(0, memcmp(self->want, self->got, all));
		self->p->meta = self->info.addr;
		self->p->meta_flags = WD_DIF_META_SGL;
		self->p->meta_len = n * TUPLE;
		EXPECT(WD_OP_DIX_GENERATE, &self->from, NULL, WD_ST_OK, plain, n * TUPLE);
		EXPECT(WD_OP_DIX_VERIFY, &self->from, NULL, WD_ST_OK, plain, 0);
		operand_get(&self->info, self->got);
		for (int i = 0; i < n; i++)
			ASSERT_EQ(0, memcmp(self->want + i * (block + TUPLE) + block,
					    self->got + i * TUPLE, TUPLE));
		EXPECT(WD_OP_DIF_UPDATE, &self->to, &self->to, WD_ST_OK, all, all);
		self->p->app_tag = 0xabcd;
		self->p->ref_tag = 0x7fffffff;
		operand_put(&self->from, self->want);
		EXPECT(WD_OP_DIF_STRIP, &self->to, &self->from, WD_ST_OK, all, plain);
		operand_get(&self->from, self->got);
		ASSERT_EQ(0, memcmp(self->data, self->got, plain));
	}
}

/* ----------------------------------------------------------------- what is wrong */

static const struct {
	int byte;		/* of the tuple; below zero: of the data */
	uint32_t aux;
	uint8_t check;
} wrongs[] = {
	{ -1, WD_CQE_DIF_GUARD, WD_DIF_GUARD }, { 1, WD_CQE_DIF_GUARD, WD_DIF_GUARD },
	{ 2, WD_CQE_DIF_APP, WD_DIF_APP }, { 3, WD_CQE_DIF_APP, WD_DIF_APP },
	{ 4, WD_CQE_DIF_REF, WD_DIF_REF }, { 7, WD_CQE_DIF_REF, WD_DIF_REF },
};

/* One bit in each field, in the first block, the last, and around what goes through at once. */
TEST_F(dif, each_field_in_each_block)
{
	static const int where[] = { 0, 2, 3, 30, 31, 33 };
	struct wd_cqe cqe;
	const int n = 34;

	for (int k = 0; k < 2 * ARRAY_SIZE(where) * ARRAY_SIZE(wrongs); k++) {
		int block = k & 1 ? 4096 : 512, bad = where[k / 2 % ARRAY_SIZE(where)];
		int w = k / 2 / ARRAY_SIZE(where), type = 1 + k % 3;
		uint32_t one = block + TUPLE, all = n * one;
		uint8_t *byte = self->src + bad * one + block + wrongs[w].byte;

		*self->p = good(type, block);
		protect(self->src, self->data, block, n, type, 0x1234, 0xfffffffe);
		*byte ^= 0x10;
		FLAT(from, self->src, all);
		FLAT(to, self->dst, all);
		memset(self->dst, 0x5a, all);
		EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_DIF, bad * one, 0);
		EXPECT_EQ(bad, cqe.info);
		EXPECT_EQ(wrongs[w].aux, cqe.aux);
		EXPECT(WD_OP_DIF_STRIP, &self->from, &self->to, WD_ST_DIF, bad * one, bad * block);
		EXPECT_EQ(wrongs[w].aux, cqe.aux);
		ASSERT_EQ(0, memcmp(self->data, self->dst, bad * block));
		ASSERT_EQ(0x5a, self->dst[bad * block]);
		EXPECT(WD_OP_DIF_UPDATE, &self->from, &self->to, WD_ST_DIF, bad * one, bad * one);
		EXPECT_EQ(bad, cqe.info);
		protect(self->want, self->data, block, n, type, 0xabcd, 0x7fffffff);
		ASSERT_EQ(0, memcmp(self->want, self->dst, bad * one));
		/* What is not checked is not seen, and the new guard is that of the data. */
		self->p->checks = ALL & ~wrongs[w].check;
		EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_OK, all, 0);
		EXPECT(WD_OP_DIF_UPDATE, &self->from, &self->to, WD_ST_OK, all, all);
		if (wrongs[w].byte >= 0)
			ASSERT_EQ(0, memcmp(self->want, self->dst, all));
	}
}

TEST_F(dif, all_wrong_fields_at_once)
{
	struct wd_cqe cqe;

	*self->p = good(1, 512);
	protect(self->src, self->data, 512, 3, 1, 0x1234, 0xfffffffe);
	memset(self->src + 520 + 512, 0x77, TUPLE);
	FLAT(from, self->src, 3 * 520);
	EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_DIF, 520, 0);
	EXPECT_EQ(1, cqe.info);
	EXPECT_EQ(WD_CQE_DIF_GUARD | WD_CQE_DIF_APP | WD_CQE_DIF_REF, cqe.aux);
	/* DIX says the same. */
	memcpy(self->dst, self->data, 3 * 512);
	for (int i = 0; i < 3; i++)
		memcpy(self->meta + i * TUPLE, self->src + i * 520 + 512, TUPLE);
	self->p->meta = raw_dma(&self->m, self->meta);
	self->p->meta_len = 3 * TUPLE;
	FLAT(from, self->dst, 3 * 512);
	EXPECT(WD_OP_DIX_VERIFY, &self->from, NULL, WD_ST_DIF, 512, 0);
	EXPECT_EQ(1, cqe.info);
	EXPECT_EQ(WD_CQE_DIF_GUARD | WD_CQE_DIF_APP | WD_CQE_DIF_REF, cqe.aux);
	/* Bits that the mask leaves out are not looked at. */
	put_tuple(self->src + 520 + 512, crc16(self->data + 512, 512), 0x1034, 0xffffffff);
	self->p->app_mask = 0xf0ff;
	FLAT(from, self->src, 3 * 520);
	EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_OK, 3 * 520, 0);
	self->p->app_mask = 0x0200;
	EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_DIF, 520, 0);
	EXPECT_EQ(WD_CQE_DIF_APP, cqe.aux);
}

/* The application tag that says: do not look. Type 3 wants the reference tag to say so too. */
TEST_F(dif, escape)
{
	struct wd_cqe cqe;

	for (int type = 1; type <= 3; type++) {
		*self->p = good(type, 512);
		protect(self->src, self->data, 512, 3, type, 0x1234, 0xfffffffe);
		put_tuple(self->src + 520 + 512, 0, 0xffff, 0x11111111);
		FLAT(from, self->src, 3 * 520);
		FLAT(to, self->dst, 3 * 512);
		if (type == 3) {
			EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_DIF, 520, 0);
			put_tuple(self->src + 520 + 512, 0, 0xffff, 0xffffffff);
		}
		EXPECT(WD_OP_DIF_VERIFY, &self->from, NULL, WD_ST_OK, 3 * 520, 0);
		EXPECT(WD_OP_DIF_STRIP, &self->from, &self->to, WD_ST_OK, 3 * 520, 3 * 512);
		ASSERT_EQ(0, memcmp(self->data, self->dst, 3 * 512));
	}
}

/* --------------------------------------------------------------------- bad input */

#define BAD(status, change) do {						\
	*self->p = good(1, 512);						\
	self->p->meta = raw_dma(&self->m, self->meta);				\
	self->p->meta_len = 10 * TUPLE;						\
	d = operand_desc(op, &self->from, writes ? &self->to : NULL);		\
	d.param = raw_dma(&self->m, self->p);					\
	change;									\
	expect(_metadata, &self->c, d, status, 0, 0, &cqe);			\
} while (0)

TEST_F(dif, bad_input)
{
	const uint32_t max = self->c.layout.max_len;
	struct wd_cqe cqe;
	struct wd_desc d;

	for (int op = WD_OP_DIF_INSERT; op <= WD_OP_DIX_VERIFY; op++) {
		bool behind = op == WD_OP_DIF_VERIFY || op == WD_OP_DIF_STRIP || op == WD_OP_DIF_UPDATE;
		bool writes = op == WD_OP_DIF_INSERT || op == WD_OP_DIF_STRIP || op == WD_OP_DIF_UPDATE;
		uint32_t one = behind ? 520 : 512;

		FLAT(from, self->src, 10 * one);
		FLAT(to, self->dst, 10 * (op == WD_OP_DIF_STRIP ? 512 : 520));
		BAD(WD_ST_BAD_PARAM, self->p->type = 0);
		BAD(WD_ST_BAD_PARAM, self->p->type = 4);
		BAD(WD_ST_BAD_PARAM, self->p->checks = 8);
		BAD(WD_ST_BAD_PARAM, self->p->block = 0);
		BAD(WD_ST_BAD_PARAM, self->p->block = 520);
		BAD(WD_ST_BAD_PARAM, self->p->block = 1024);
		for (int i = 0; i < 4; i++)
			BAD(WD_ST_BAD_PARAM, self->p->reserved[i] = 1ULL << 16 * i);
		BAD(WD_ST_BAD_PARAM, d.param += 8);
		BAD(WD_ST_BAD_OP, d.op = 1);
		BAD(WD_ST_BAD_FLAGS, d.stream = 1);
		BAD(WD_ST_BAD_FLAGS, d.key = 1);
		BAD(WD_ST_BAD_FLAGS, d.flags = 8);
		BAD(WD_ST_BAD_LENGTH, d.src_len = 0);
		BAD(WD_ST_BAD_LENGTH, d.src_len--);
		BAD(WD_ST_BAD_LENGTH, d.src_len -= 8);
		BAD(WD_ST_BAD_LENGTH, d.src_len = max + 1);
		BAD(WD_ST_BAD_SGL, { d.flags = WD_DESC_SRC_SGL; d.src += 8; });
		if (writes) {
			BAD(WD_ST_BAD_LENGTH, d.dst_len--);
			BAD(WD_ST_BAD_LENGTH, d.dst_len = max + 1);
		} else {
			BAD(WD_ST_BAD_FLAGS, d.dst_len = 8);
			BAD(WD_ST_BAD_FLAGS, d.dst = 8);
			BAD(WD_ST_BAD_FLAGS, d.flags = WD_DESC_DST_SGL);
		}
		if (op < WD_OP_DIX_GENERATE)
			continue;
		BAD(WD_ST_BAD_PARAM, self->p->meta_len--);
		BAD(WD_ST_BAD_PARAM, self->p->meta_flags = 2);
		BAD(WD_ST_BAD_SGL, { self->p->meta_flags = WD_DIF_META_SGL; self->p->meta += 8; });
	}
	EXPECT_EQ(0, raw_nop(&self->c));
}

/* ------------------------------------------- memory that goes while it is worked on */

TEST(dif_in_place_while_pages_go)
{
	const int n = 300, block = 512, one = block + TUPLE;
	uint8_t *data = malloc(n * block), *want = malloc(n * one);
	struct wd_dif_param *p = raw_memory(sizeof(*p));
	struct shaker s;
	struct raw_chan c;
	struct wd_cqe cqe;

	ASSERT_TRUE(data && want);
	ASSERT_EQ(0, raw_select_mode("sva"));
	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, shaker_begin(&s, 40 * 4096));
	raw_fill_random(data, n * block, 6);
	for (int round = 0; round < raw_rounds(16, 2000); round++) {
		uint8_t *at = s.p + 40 * 4096 - n * one - round % 8;
		struct wd_desc d = {
			.opcode = WD_OP_DIF_UPDATE, .src = (uintptr_t)at, .dst = (uintptr_t)at,
			.src_len = n * one, .dst_len = n * one, .param = (uintptr_t)p,
		};

		*p = good(1 + round % 3, block);
		protect(at, data, block, n, p->type, 0x1234, 0xfffffffe);
		protect(want, data, block, n, p->type, 0xabcd, 0x7fffffff);
		expect(_metadata, &c, d, WD_ST_OK, n * one, n * one, &cqe);
		ASSERT_EQ(0, memcmp(want, at, n * one)) TH_LOG("round %d", round);
	}
	shaker_end(&s);
	raw_close(&c);
	free(data);
	free(want);
}

TEST_HARNESS_MAIN
