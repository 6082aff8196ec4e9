// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on memory that is not there yet, goes away, or is not there at all; and
 * descriptors of theirs that are wrong. What they compute is the business of move.c and
 * dif.c: here it must be the same as on memory that is there.
 */
#include <sys/mman.h>

#include "harness.h"
#include "operand.h"

#define PAGE	4096UL
#define BLOCKS	120
#define LEN	(BLOCKS * 512U)
#define ALL	(BLOCKS * 520U)
#define ROOM	(20 * PAGE)	/* for any of these, anywhere in a page */

#define SRC	1
#define DST	2
#define THIRD	4		/* what the parameter block names */
#define PARAM	8

/* Bytes of each operand; 0: there is none. */
static const struct op {
	uint16_t opcode;
	uint32_t src, dst, third;
	bool param;
	bool writes_third;
} ops[] = {
	{ WD_OP_COPY, LEN, LEN },
	{ WD_OP_COPY_CRC32C, LEN, LEN },
	{ WD_OP_FILL, 0, LEN },
	{ WD_OP_COMPARE, LEN, LEN },
	{ WD_OP_COMPARE_PATTERN, LEN, 0 },
	{ WD_OP_DUALCAST, LEN, LEN, LEN, true, true },
	{ WD_OP_XOR, 0, LEN, LEN, true },
	{ WD_OP_DIF_INSERT, LEN, ALL, 0, true },
	{ WD_OP_DIF_VERIFY, ALL, 0, 0, true },
	{ WD_OP_DIF_STRIP, ALL, LEN, 0, true },
	{ WD_OP_DIF_UPDATE, ALL, ALL, 0, true },
	{ WD_OP_DIX_GENERATE, LEN, 0, BLOCKS * 8, true, true },
	{ WD_OP_DIX_VERIFY, LEN, 0, BLOCKS * 8, true },
};

/* Where a request has its operands. */
struct place {
	uint8_t *src, *dst, *third, *param;
};

FIXTURE(op) {
	struct raw_chan c;
	struct raw_mem m;
	struct place good;
	uint8_t *data, *protected, *meta;	/* source data, of the three kinds there are */
	uint8_t *want, *want_third;
};

static struct wd_dif_param dif_param(uint64_t meta)
{
	return (struct wd_dif_param) {
		.type = 1, .checks = WD_DIF_GUARD | WD_DIF_APP | WD_DIF_REF, .block = 512,
		.app_tag = 0x55aa, .app_mask = 0xffff, .ref_tag = 7, .new_ref_tag = 70,
		.new_app_tag = 0x1111, .meta = meta, .meta_len = BLOCKS * 8,
	};
}

/* What @op reads, where @at says; the address of anything is what @dma says. */
static struct wd_desc prepare(const struct op *op, const struct place *at, const struct place *data,
			      uint64_t (*dma)(void *arg, const void *p), void *arg)
{
	struct wd_desc d = { .opcode = op->opcode, .tag = op->opcode, .src_len = op->src, .dst_len = op->dst };
	struct wd_dif_param dif;
	struct wd_xor_param xor = { .count = 3 };
	struct wd_dualcast_param dual = {};

	d.src = op->src ? dma(arg, at->src) : 0;
	d.dst = op->dst ? dma(arg, at->dst) : 0;
	if (op->src)
		memcpy(at->src, op->src == ALL ? data->dst : data->src, op->src);
	if (op->opcode == WD_OP_COMPARE)
		memcpy(at->dst, data->src, LEN);
	if (op->opcode == WD_OP_FILL)
		d.src = 0x0123456789abcdef;
	if (op->opcode == WD_OP_COMPARE_PATTERN) {
		d.dst = 0x4141414141414141;
		memset(at->src, 0x41, LEN);
	}
	if (!op->param)
		return d;
	d.param = dma(arg, at->param);
	if (op->opcode == WD_OP_DUALCAST) {
		dual.dst = dma(arg, at->third);
		memcpy(at->param, &dual, sizeof(dual));
	} else if (op->opcode == WD_OP_XOR) {
		d.src_len = LEN;
		for (int i = 0; i < 3; i++)
			xor.src[i] = dma(arg, at->third);
		memcpy(at->third, data->src, LEN);
		memcpy(at->param, &xor, sizeof(xor));
	} else {
		dif = dif_param(op->third ? dma(arg, at->third) : 0);
		memcpy(at->param, &dif, sizeof(dif));
		if (op->opcode == WD_OP_DIX_VERIFY)
			memcpy(at->third, data->third, BLOCKS * 8);
	}
	return d;
}

static uint64_t dma_mem(void *arg, const void *p)
{
	return raw_dma(arg, p);
}

static uint64_t dma_sva(void *arg, const void *p)
{
	return (uintptr_t)p;
}

/* Data in every form, made by the device; what each operation wrote last. */
FIXTURE_SETUP(op)
{
	struct wd_cqe cqe;
	struct wd_desc d;

	ASSERT_EQ(0, raw_select_mode("sva")) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, 2 << 20));
	self->good = (struct place) {
		raw_mem_take(&self->m, ROOM), raw_mem_take(&self->m, ROOM),
		raw_mem_take(&self->m, ROOM), raw_mem_take(&self->m, PAGE),
	};
	self->data = raw_mem_take(&self->m, ROOM);
	self->protected = raw_mem_take(&self->m, ROOM);
	self->meta = raw_mem_take(&self->m, ROOM);
	self->want = malloc(ROOM);
	self->want_third = malloc(ROOM);
	ASSERT_TRUE(self->data && self->protected && self->meta && self->want && self->want_third);
	raw_fill_random(self->data, LEN, 5);
	*(struct wd_dif_param *)self->good.param = dif_param((uintptr_t)self->meta);
	d = (struct wd_desc) {
		.opcode = WD_OP_DIF_INSERT, .src = (uintptr_t)self->data, .src_len = LEN,
		.dst = (uintptr_t)self->protected, .dst_len = ALL,
		.param = (uintptr_t)self->good.param,
	};
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	d.opcode = WD_OP_DIX_GENERATE;
	d.dst = 0;
	d.dst_len = 0;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
}

FIXTURE_TEARDOWN(op)
{
	free(self->want);
	free(self->want_third);
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

#define DATA(self) ((struct place) { (self)->data, (self)->protected, (self)->meta })

/* What the operation writes on good memory. */
#define REFERENCE(op) do {								\
	struct wd_desc good_d = prepare(op, &self->good, &data, dma_sva, NULL);		\
											\
	ASSERT_EQ(0, raw_do(&self->c, &good_d, &want));					\
	ASSERT_EQ(WD_ST_OK, want.status) TH_LOG("opcode %#x", (op)->opcode);		\
	memcpy(self->want, self->good.dst, ROOM);					\
	memcpy(self->want_third, self->good.third, ROOM);				\
} while (0)

#define SAME_RESULT(op, at) do {								\
	ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("opcode %#x info %#llx", (op)->opcode, cqe.info);	\
	ASSERT_EQ(want.consumed, cqe.consumed);							\
	ASSERT_EQ(want.produced, cqe.produced);							\
	ASSERT_EQ(want.info, cqe.info);								\
	ASSERT_EQ(want.aux, cqe.aux);								\
	ASSERT_EQ(0, memcmp(self->want, (at)->dst, (op)->dst)) TH_LOG("opcode %#x", (op)->opcode); \
	ASSERT_EQ(0, memcmp(self->want_third, (at)->third, (op)->third));			\
} while (0)

/* Nobody was there before the device: neither at the results, nor, since, at the rest. */
TEST_F(op, memory_that_was_never_touched)
{
	const struct place data = DATA(self);
	struct wd_cqe cqe, want;

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		const struct op *op = &ops[i];
		uint8_t *p = raw_memory(4 * ROOM);
		struct place at = { p + 77, p + ROOM + 99, p + 2 * ROOM + 55, p + 3 * ROOM };
		struct wd_desc d;

		REFERENCE(op);
		d = prepare(op, &at, &data, dma_sva, NULL);
		if (op->opcode != WD_OP_COMPARE)
			madvise(p + ROOM, ROOM, MADV_DONTNEED);
		if (op->writes_third)
			madvise(p + 2 * ROOM, ROOM, MADV_DONTNEED);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		SAME_RESULT(op, &at);
		munmap(p, 4 * ROOM);
	}
}

/* Any access may find that the page it had a moment ago is gone. */
TEST_F(op, pages_come_and_go)
{
	const struct place data = DATA(self);
	struct wd_cqe cqe, want;
	struct shaker s;

	ASSERT_EQ(0, shaker_begin(&s, 4 * ROOM));
	for (int round = 0; round < raw_rounds(8, 500); round++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
			uint8_t *p = s.p + round * 111;
			struct place at = { p, p + ROOM, p + 2 * ROOM, s.p + 3 * ROOM + PAGE - 32 };
			struct wd_desc d;

			REFERENCE(&ops[i]);
			d = prepare(&ops[i], &at, &data, dma_sva, NULL);
			ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
			SAME_RESULT(&ops[i], &at);
		}
	}
	shaker_end(&s);
}

/* What is read next was not overwritten before, whatever faults in between. */
TEST_F(op, overlaps_while_pages_go)
{
	static const int deltas[] = { 1, -1, 8, -100, 100, 4095, -4096, 5000, -20000, 20000 };
	uint8_t *want = malloc(4 * ROOM);
	struct wd_cqe cqe;
	struct shaker s;

	ASSERT_TRUE(want);
	ASSERT_EQ(0, shaker_begin(&s, 4 * ROOM));
	for (int round = 0; round < raw_rounds(40, 2000); round++) {
		const uint32_t len = 2 * ROOM - 999;
		uint8_t *from = s.p + ROOM + round * 13;
		int delta = deltas[round % ARRAY_SIZE(deltas)];
		struct wd_desc d = {
			.opcode = WD_OP_COPY, .src = (uintptr_t)from, .src_len = len,
			.dst = (uintptr_t)from + delta, .dst_len = len,
		};

		raw_fill_random(s.p, 4 * ROOM, round);
		memcpy(want, s.p, 4 * ROOM);
		memmove(want + (from - s.p) + delta, want + (from - s.p), len);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(0, memcmp(want, s.p, 4 * ROOM)) TH_LOG("%d on", delta);
	}
	shaker_end(&s);
	free(want);
}

/* ----------------------------------------------------------- memory that is not there */

static bool has(const struct op *op, int role)
{
	return role == SRC ? op->src : role == DST ? op->dst : role == THIRD ? op->third : op->param;
}

/* A page in the middle of one operand is missing: that is told, and what came before counts. */
TEST_F(op, page_is_missing)
{
	static const uint32_t aux_of[] = { [SRC] = 0, [DST] = WD_CQE_FAULT_DST,
					   [THIRD] = WD_CQE_FAULT_PARAM, [PARAM] = WD_CQE_FAULT_PARAM };
	const struct place data = DATA(self);
	struct wd_cqe cqe, want;

	for (unsigned int k = 0; k < 3 * 4 * ARRAY_SIZE(ops); k++) {
		const struct op *op = &ops[k / 12];
		int role = 1 << k / 3 % 4, how = k % 3;
		uint8_t *p = raw_memory(4 * ROOM), *hole;
		struct place at = { p + 8, p + ROOM + 96, p + 2 * ROOM + PAGE - 400, p + 3 * ROOM };
		bool writes = (role == DST && op->opcode != WD_OP_COMPARE) ||
			      (role == THIRD && op->writes_third);
		struct wd_desc d;

		if (!has(op, role) || (how == 2 && !writes))
			goto next;
		REFERENCE(op);
		memset(at.dst, 0x5a, ROOM / 2);
		d = prepare(op, &at, &data, dma_sva, NULL);
		hole = role == PARAM ? at.param : role == SRC ? p + 11 * PAGE :
		       role == DST ? p + ROOM + 11 * PAGE :
		       p + 2 * ROOM + (op->third < PAGE ? PAGE : 11 * PAGE);
		ASSERT_EQ(0, how ? mprotect(hole, PAGE, how == 2 ? PROT_READ : PROT_NONE) :
				   munmap(hole, PAGE));
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(how ? WD_ST_FAULT_PERM : WD_ST_FAULT_UNMAPPED, cqe.status)
			TH_LOG("opcode %#x role %d how %d", op->opcode, role, how);
		ASSERT_EQ((uintptr_t)hole, cqe.info);
		ASSERT_EQ(aux_of[role], cqe.aux);
		if (role == PARAM) {
			ASSERT_EQ(0, cqe.consumed | cqe.produced);
		} else if (op->third < PAGE && op->third) {
			ASSERT_GT(LEN, cqe.consumed);
		} else if (role == DST && writes && op->opcode != WD_OP_DUALCAST) {
			ASSERT_EQ(hole - at.dst, cqe.produced);
		} else {
			/* XOR and protection go by chunks; DUALCAST's is one. */
			uint32_t before = role == SRC ? hole - at.src :
					  role == DST ? hole - at.dst : hole - at.third;

			ASSERT_GE(before, cqe.consumed);
			ASSERT_LT(before, cqe.consumed + 17000);
			if (op->opcode < WD_OP_DUALCAST || (op->opcode < WD_OP_XOR && role == SRC))
				ASSERT_EQ(before, cqe.consumed);
		}
		if (op->dst && op->opcode != WD_OP_COMPARE && role != DST)
			ASSERT_EQ(0, memcmp(self->want, at.dst, cqe.produced));
		ASSERT_EQ(0, raw_nop(&self->c));
next:
		munmap(p, 4 * ROOM);
	}
}

/* Going down, bytes count from the end, and the rest is as it was: who maps the page can go on. */
TEST_F(op, page_is_missing_on_the_way_down)
{
	const uint32_t len = 15 * PAGE;
	uint8_t *p = raw_memory(ROOM), *want = malloc(ROOM);
	struct wd_desc d = {
		.opcode = WD_OP_COPY, .src = (uintptr_t)p + 5, .src_len = len,
		.dst = (uintptr_t)p + 505, .dst_len = len,
	};
	struct wd_cqe cqe;

	raw_fill_random(p, ROOM, 8);
	memcpy(want, p, ROOM);
	memmove(want + 505, want + 5, len);
	ASSERT_EQ(0, mprotect(p + 4 * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_FAULT_PERM, cqe.status);
	ASSERT_EQ(WD_CQE_FAULT_DST, cqe.aux);
	ASSERT_EQ((uintptr_t)p + 4 * PAGE, cqe.info & -PAGE);
	ASSERT_EQ(505 + len - 5 * PAGE, cqe.produced);
	ASSERT_EQ(cqe.produced, cqe.consumed);
	ASSERT_EQ(0, mprotect(p, ROOM, PROT_READ | PROT_WRITE));
	d.src_len -= cqe.produced;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	ASSERT_EQ(d.src_len, cqe.produced);
	ASSERT_EQ(0, memcmp(want, p, ROOM));
	munmap(p, ROOM);
	free(want);
}

/* Without page requests: an address that the domain does not have. */
TEST(nowhere_in_the_domain)
{
	const uint64_t nowhere = 1UL << 36;
	struct raw_chan c;
	struct raw_mem m;
	struct place at, data;

	ASSERT_EQ(0, raw_select_mode("share"));
	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_mem_reserve(&c, &m, 2 << 20));
	at = (struct place) { raw_mem_take(&m, ROOM), raw_mem_take(&m, ROOM), raw_mem_take(&m, ROOM),
			      raw_mem_take(&m, PAGE) };
	data = (struct place) { at.src, at.dst, at.third };
	for (unsigned int k = 0; k < 3 * ARRAY_SIZE(ops); k++) {
		const struct op *op = &ops[k / 3];
		int role = 1 << k % 3;
		struct wd_desc d = prepare(op, &at, &data, dma_mem, &m);
		struct wd_cqe cqe;

		if (!has(op, role) || role == THIRD)
			continue;
		/* There is no protection here to be checked. */
		if (op->opcode >= WD_OP_DIF_INSERT)
			((struct wd_dif_param *)at.param)->checks = 0;
		*(role == SRC ? &d.src : &d.dst) = nowhere;
		ASSERT_EQ(0, raw_do(&c, &d, &cqe));
		ASSERT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status) TH_LOG("opcode %#x", op->opcode);
		ASSERT_EQ(nowhere, cqe.info);
		ASSERT_EQ(role == DST ? WD_CQE_FAULT_DST : 0, cqe.aux);
		ASSERT_EQ(0, cqe.produced);
		if (!op->param)
			continue;
		d.param = nowhere;
		ASSERT_EQ(0, raw_do(&c, &d, &cqe));
		ASSERT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
		ASSERT_EQ(nowhere, cqe.info);
		ASSERT_EQ(WD_CQE_FAULT_PARAM, cqe.aux);
	}
	raw_mem_unmap(&m);
	raw_close(&c);
}

/* ------------------------------------------------------------------------- bad input */

#define BAD(want_status, change) do {							\
	d = prepare(op, &self->good, &data, dma_sva, NULL);				\
	change;										\
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));					\
	EXPECT_EQ(want_status, cqe.status) TH_LOG("opcode %#x", op->opcode);		\
	EXPECT_EQ(0, cqe.consumed | cqe.produced | cqe.aux | cqe.info);			\
} while (0)

TEST_F(op, bad_descriptors)
{
	struct wd_dualcast_param *dual = (void *)self->good.param;
	struct wd_xor_param *xor = (void *)self->good.param;
	const uint32_t max = self->c.layout.max_len;
	const struct place data = DATA(self);
	struct wd_cqe cqe;
	struct wd_desc d;

	for (const struct op *op = ops; op->opcode != WD_OP_DIF_INSERT; op++) {
		bool src = op->src || op->opcode == WD_OP_XOR;

		if (op->opcode != WD_OP_COPY_CRC32C)
			BAD(WD_ST_BAD_OP, d.op = 1);
		BAD(WD_ST_BAD_FLAGS, d.stream = 1);
		BAD(WD_ST_BAD_FLAGS, d.key = 1);
		BAD(WD_ST_BAD_FLAGS, d.dst_dom = 1);
		BAD(WD_ST_BAD_FLAGS, d.flags = 8);
		if (!op->param)
			BAD(WD_ST_BAD_FLAGS, d.param = 16);
		else
			BAD(WD_ST_BAD_PARAM, d.param += 8);
		if (src) {
			BAD(WD_ST_BAD_LENGTH, d.src_len = 0);
			BAD(WD_ST_BAD_LENGTH, d.src_len = max + 1);
		} else {
			BAD(WD_ST_BAD_FLAGS, d.src_len = 1);
			BAD(WD_ST_BAD_FLAGS, d.flags = WD_DESC_SRC_SGL);
		}
		if (op->dst) {
			BAD(WD_ST_BAD_LENGTH, d.dst_len = 0);
			BAD(WD_ST_BAD_LENGTH, d.dst_len = max + 1);
			if (src)
				BAD(WD_ST_BAD_LENGTH, d.dst_len--);
			BAD(WD_ST_BAD_SGL, { d.flags = WD_DESC_DST_SGL; d.dst |= 8; });
		} else {
			BAD(WD_ST_BAD_FLAGS, d.dst_len = 1);
			BAD(WD_ST_BAD_FLAGS, d.flags = WD_DESC_DST_SGL);
		}
		if (op->src)
			BAD(WD_ST_BAD_SGL, { d.flags = WD_DESC_SRC_SGL; d.src |= 8; });
		if (op->opcode == WD_OP_COMPARE)
			BAD(WD_ST_BAD_LENGTH, d.dst_len++);
		if (op->opcode == WD_OP_DUALCAST) {
			BAD(WD_ST_BAD_PARAM, dual->reserved = 1);
			BAD(WD_ST_BAD_SGL, { d.flags = WD_DESC_DST_SGL; dual->dst |= 8; });
		}
		if (op->opcode != WD_OP_XOR)
			continue;
		BAD(WD_ST_BAD_FLAGS, d.src = 16);
		BAD(WD_ST_BAD_PARAM, xor->count = 0);
		BAD(WD_ST_BAD_PARAM, xor->count = WD_XOR_MAX + 1);
		BAD(WD_ST_BAD_PARAM, xor->count = 0x80000001);
		for (int i = 0; i < 3; i++)
			BAD(WD_ST_BAD_PARAM, xor->reserved[i] = 0x100);
		BAD(WD_ST_BAD_SGL, { d.flags = WD_DESC_SRC_SGL; xor->src[2] |= 8; });
	}
	EXPECT_EQ(0, raw_nop(&self->c));
}

TEST_HARNESS_MAIN
