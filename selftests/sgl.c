// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operands of many parts, in every mode: a list gives the same result as one piece
 * of memory; a list that is none stops its request, and no more than that.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE	4096UL
#define LEN	60000
#define ROOM	(2 * LEN)
#define ENTRIES	8192
#define SIZE	(16UL << 20)

FIXTURE(sgl) {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src;		/* LEN bytes */
	uint8_t *want;		/* @src deflated, as one piece */
	size_t want_len;
	uint8_t *dst;
	uint8_t *scratch;	/* 4 * ROOM, for parts */
	struct wd_sge *list;	/* ENTRIES each */
	struct wd_sge *other;
};

FIXTURE_VARIANT(sgl) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(sgl, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(sgl, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(sgl, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(sgl)
{
	struct wd_desc d;
	struct wd_cqe cqe;

	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, SIZE));
	self->list = raw_mem_take(&self->m, ENTRIES * sizeof(*self->list));
	self->other = raw_mem_take(&self->m, ENTRIES * sizeof(*self->other));
	self->src = raw_mem_take(&self->m, LEN);
	self->want = raw_mem_take(&self->m, ROOM);
	self->dst = raw_mem_take(&self->m, ROOM);
	self->scratch = raw_mem_take(&self->m, 4 * ROOM);
	ASSERT_TRUE(self->list && self->other && self->src && self->want && self->dst &&
		    self->scratch);
	raw_fill_text(self->src, LEN / 2, 1);
	raw_fill_random(self->src + LEN / 2, LEN / 2, 2);
	d = raw_mem_deflate(&self->m, WD_COMP_RAW, 6, self->src, LEN, self->want, ROOM);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	self->want_len = cqe.produced;
}

FIXTURE_TEARDOWN(sgl)
{
	EXPECT_EQ(0, raw_mem_work(&self->c, &self->m, 1));
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

/* As fixture would do it, but with lists where they are given. */
static struct wd_desc with_lists(const struct raw_mem *m, const struct wd_sge *src,
				 const struct wd_sge *dst, const void *plain, void *out)
{
	struct wd_desc d = raw_mem_deflate(m, WD_COMP_RAW, 6, plain, LEN, out, ROOM);

	if (src) {
		d.src = raw_dma(m, src);
		d.flags |= WD_DESC_SRC_SGL;
	}
	if (dst) {
		d.dst = raw_dma(m, dst);
		d.flags |= WD_DESC_DST_SGL;
	}
	return d;
}

#define WITH_LISTS(s, t) with_lists(&self->m, s, t, self->src, self->dst)

/* Parts of random length, with gaps in between, that together have @len bytes; their number. */
static unsigned int scatter(const struct raw_mem *m, struct wd_sge *list, uint8_t *at,
			    size_t len, uint32_t longest, uint32_t seed)
{
	unsigned int n = 0;

	while (len) {
		uint32_t part = 1 + raw_random(&seed) % longest;

		if (part > len)
			part = len;
		at += raw_random(&seed) % 16;
		if (n == ENTRIES)
			abort();
		list[n++] = (struct wd_sge) { .addr = raw_dma(m, at), .len = part };
		at += part;
		len -= part;
	}
	return n;
}

/* The same walk, to put the bytes there or to take them out. */
static void walk(uint8_t *at, uint8_t *plain, size_t len, uint32_t longest, uint32_t seed, bool put)
{
	while (len) {
		uint32_t part = 1 + raw_random(&seed) % longest;

		if (part > len)
			part = len;
		at += raw_random(&seed) % 16;
		memcpy(put ? at : plain, put ? plain : at, part);
		at += part;
		plain += part;
		len -= part;
	}
}

TEST_F(sgl, parts_of_any_length)
{
	static const uint32_t longest[] = { 15, 17, 100, 4096, 5000, 30000 };
	struct wd_desc d;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(longest); i++) {
		uint32_t part = longest[i];
		unsigned int n;

		n = scatter(&self->m, self->list, self->scratch, LEN, part, i + 1);
		walk(self->scratch, self->src, LEN, part, i + 1, true);
		memset(self->dst, 0, ROOM);
		d = WITH_LISTS(self->list, NULL);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("%u parts", n);
		ASSERT_EQ(LEN, cqe.consumed);
		ASSERT_EQ(self->want_len, cqe.produced);
		ASSERT_EQ(0, memcmp(self->want, self->dst, self->want_len));
		/* The result in parts; nothing but the parts is written. */
		memset(self->scratch, 0x5a, 4 * ROOM);
		scatter(&self->m, self->other, self->scratch, self->want_len, part, i + 9);
		d = WITH_LISTS(NULL, self->other);
		d.dst_len = self->want_len;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(self->want_len, cqe.produced);
		memset(self->dst, 0, ROOM);
		walk(self->scratch, self->dst, self->want_len, part, i + 9, false);
		ASSERT_EQ(0, memcmp(self->want, self->dst, self->want_len));
		walk(self->scratch, memset(self->dst, 0x5a, ROOM), self->want_len, part, i + 9, true);
		for (size_t at = 0; at < 4 * ROOM; at++)
			ASSERT_EQ(0x5a, self->scratch[at]);
	}
}

TEST_F(sgl, both_ways)
{
	struct wd_desc d;
	struct wd_cqe cqe;

	scatter(&self->m, self->list, self->scratch, self->want_len, 700, 3);
	walk(self->scratch, self->want, self->want_len, 700, 3, true);
	scatter(&self->m, self->other, self->scratch + 2 * ROOM, LEN, 300, 4);
	d = raw_inflate(WD_COMP_RAW, NULL, self->want_len, NULL, LEN);
	d.flags = WD_DESC_SRC_SGL | WD_DESC_DST_SGL;
	d.src = raw_dma(&self->m, self->list);
	d.dst = raw_dma(&self->m, self->other);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	ASSERT_EQ(self->want_len, cqe.consumed);
	ASSERT_EQ(LEN, cqe.produced);
	walk(self->scratch + 2 * ROOM, self->dst, LEN, 300, 4, false);
	EXPECT_EQ(0, memcmp(self->src, self->dst, LEN));
}

/* What is behind the end of the operand is not looked at; the last part may be longer. */
TEST_F(sgl, ends_with_the_operand)
{
	struct wd_desc d = WITH_LISTS(self->list, self->other);
	struct wd_cqe cqe;

	self->list[0] = (struct wd_sge) { .addr = raw_dma(&self->m, self->src), .len = 1000 };
	self->list[1] = (struct wd_sge) {
		.addr = raw_dma(&self->m, self->src + 1000), .len = 0xffffffff,
	};
	self->list[2] = (struct wd_sge) { .reserved = 1 };
	self->other[0] = (struct wd_sge) { .addr = raw_dma(&self->m, self->dst), .len = 0xffffffff };
	self->other[1] = (struct wd_sge) {};
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(LEN, cqe.consumed);
	ASSERT_EQ(self->want_len, cqe.produced);
	EXPECT_EQ(0, memcmp(self->want, self->dst, self->want_len));
}

TEST_F(sgl, destination_too_small)
{
	struct wd_desc d;
	struct wd_cqe cqe;

	memset(self->scratch, 0x5a, ROOM);
	for (int i = 0; i < 10; i++)
		self->other[i] = (struct wd_sge) {
			.addr = raw_dma(&self->m, self->scratch + 200 * i), .len = 100,
		};
	d = WITH_LISTS(NULL, self->other);
	d.dst_len = 1000;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_OVERFLOW, cqe.status);
	EXPECT_EQ(1000, cqe.produced);
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(0, memcmp(self->want + 100 * i, self->scratch + 200 * i, 100));
		EXPECT_EQ(0x5a, self->scratch[200 * i + 100]);
	}
}

/* All of a memory, wherever its slices end. */
TEST_F(sgl, over_the_slices)
{
	const size_t len = self->c.layout.max_len < SIZE / 2 ? self->c.layout.max_len : SIZE / 2;
	struct wd_mem_reserve r = {};
	struct raw_mem big;
	struct wd_desc d;
	struct wd_cqe cqe;
	uint8_t *at, *end;
	unsigned int n = 0;

	if (!strcmp(variant->mode, "sva")) {
		big = self->m;
	} else {
		ASSERT_EQ(0, raw_reserve(&self->c, WD_QFRT_BOUNCE, SIZE, &r));
		big = (struct raw_mem) { .size = SIZE, .nslices = r.slices, .mem = r.mem };
		big.slices = calloc(r.slices, sizeof(*big.slices));
		ASSERT_EQ(r.slices, raw_get_slices(&self->c, r.mem, 0, r.slices, big.slices));
		big.va = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->c.fd,
			      WD_QFRT_BOUNCE * PAGE);
		ASSERT_NE(MAP_FAILED, big.va);
	}
	/* Zeros but for a mark on each page: it comes out again, each at its place. */
	end = big.va + SIZE;
	at = end - len;
	for (size_t i = 0; i < len; i += PAGE)
		memcpy(at + i, &i, sizeof(i));
	for (uint8_t *p = at; p < end; n++) {
		size_t run = raw_dma_run(&big, p);

		self->list[n] = (struct wd_sge) { .addr = raw_dma(&big, p), .len = run };
		p += run;
	}
	d = raw_mem_deflate(&self->m, WD_COMP_RAW, 1, self->src, len, self->dst, ROOM);
	d.src = raw_dma(&self->m, self->list);
	d.flags = WD_DESC_SRC_SGL;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	ASSERT_EQ(len, cqe.consumed);
	memset(at, 0xff, len);
	d = raw_mem_inflate(&self->m, WD_COMP_RAW, self->dst, cqe.produced, self->dst, len);
	d.dst = raw_dma(&self->m, self->list);
	d.flags = WD_DESC_DST_SGL;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	ASSERT_EQ(len, cqe.produced);
	for (size_t i = 0; i < len; i += PAGE)
		ASSERT_EQ(0, memcmp(at + i, &i, sizeof(i)));
	TH_LOG("%u parts", n);
	if (strcmp(variant->mode, "sva"))
		raw_mem_unmap(&big);
}

/* ------------------------------------------------------------- bad lists */

static void refused(struct __test_metadata *_metadata, struct raw_chan *c, struct wd_desc d,
		    int status, uint64_t info, uint32_t aux)
{
	struct wd_cqe cqe = {};

	ASSERT_EQ(0, raw_do(c, &d, &cqe));
	EXPECT_EQ(status, cqe.status);
	EXPECT_EQ(info, cqe.info);
	EXPECT_EQ(aux, cqe.aux);
	EXPECT_EQ(WD_CHAN_RUNNING, c->status->state);
	EXPECT_EQ(0, raw_nop(c));
}

TEST_F(sgl, not_aligned)
{
	struct wd_cqe cqe;

	scatter(&self->m, self->list, self->scratch, LEN, 4096, 1);
	scatter(&self->m, self->other, self->scratch, ROOM, 4096, 1);
	for (unsigned int off = 1; off < 16; off++) {
		struct wd_desc d = WITH_LISTS(self->list, NULL);

		d.src += off;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_BAD_SGL, cqe.status);
		EXPECT_EQ(0, cqe.consumed | cqe.produced);
		d = WITH_LISTS(NULL, self->other);
		d.dst += off;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_EQ(WD_ST_BAD_SGL, cqe.status);
		EXPECT_EQ(0, cqe.consumed | cqe.produced);
	}
}

/* An entry that is none, the first or a later one: it is named, and what came before is done. */
TEST_F(sgl, bad_entries)
{
	static const struct wd_sge bad[] = { { .len = 0 }, { .len = 1, .reserved = 1 },
					     { .len = 9, .reserved = 0x80000000 } };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		for (unsigned int at = 0; at < 7; at += 3) {
			scatter(&self->m, self->list, self->src, LEN, 500, 7);
			self->list[at].len = bad[i].len;
			self->list[at].reserved = bad[i].reserved;
			refused(_metadata, &self->c, WITH_LISTS(self->list, NULL), WD_ST_BAD_SGL,
				raw_dma(&self->m, &self->list[at]), WD_CQE_FAULT_SGL);
			scatter(&self->m, self->other, self->scratch, ROOM, 500, 7);
			self->other[at].len = bad[i].len;
			self->other[at].reserved = bad[i].reserved;
			refused(_metadata, &self->c, WITH_LISTS(NULL, self->other), WD_ST_BAD_SGL,
				raw_dma(&self->m, &self->other[at]),
				WD_CQE_FAULT_SGL | WD_CQE_FAULT_DST);
		}
	}
}

/* An address that nobody has: with an IOMMU, that is. */
static uint64_t hole(const char *mode)
{
	uint8_t *p = raw_memory(PAGE);

	munmap(p, PAGE);
	return strcmp(mode, "sva") ? 1UL << 36 : (uintptr_t)p;
}

TEST_F(sgl, list_is_nowhere)
{
	uint64_t addr = hole(variant->mode);
	struct wd_desc d = WITH_LISTS(NULL, NULL);

	if (!strcmp(variant->mode, "noiommu"))
		SKIP(return, "every address is good");
	d.flags = WD_DESC_SRC_SGL;
	d.src = addr;
	refused(_metadata, &self->c, d, WD_ST_FAULT_UNMAPPED, addr, WD_CQE_FAULT_SGL);
	d = WITH_LISTS(NULL, NULL);
	d.flags = WD_DESC_DST_SGL;
	d.dst = addr;
	refused(_metadata, &self->c, d, WD_ST_FAULT_UNMAPPED, addr,
		WD_CQE_FAULT_SGL | WD_CQE_FAULT_DST);
}

TEST_F(sgl, part_is_nowhere)
{
	uint64_t addr = hole(variant->mode);

	if (!strcmp(variant->mode, "noiommu"))
		SKIP(return, "every address is good");
	for (unsigned int at = 0; at < 10; at += 9) {
		scatter(&self->m, self->list, self->src, LEN, 500, 7);
		self->list[at].addr = addr;
		refused(_metadata, &self->c, WITH_LISTS(self->list, NULL), WD_ST_FAULT_UNMAPPED,
			addr, 0);
		scatter(&self->m, self->other, self->scratch, ROOM, 500, 7);
		self->other[at].addr = addr;
		refused(_metadata, &self->c, WITH_LISTS(NULL, self->other), WD_ST_FAULT_UNMAPPED,
			addr, WD_CQE_FAULT_DST);
	}
}

/* Parts of one byte, more than there are: the list goes on where there is nothing any more. */
TEST_F(sgl, list_runs_out)
{
	struct wd_sge *list;
	struct raw_mem page = { .mem = 0 };
	struct wd_desc d;
	uint8_t *p = raw_memory(2 * PAGE);

	if (!strcmp(variant->mode, "noiommu"))
		SKIP(return, "what comes next is memory, and somebody's");
	munmap(p + PAGE, PAGE);
	list = (struct wd_sge *)p;
	if (!strcmp(variant->mode, "share")) {
		struct raw_mem next;

		/* Neighbours in the domain, of which the upper one goes again. */
		ASSERT_EQ(0, raw_mem_import(&self->c, &next, raw_memory(PAGE), PAGE, 0));
		ASSERT_EQ(0, raw_mem_import(&self->c, &page, p, PAGE, 0));
		ASSERT_EQ(0, raw_drop(&self->c, next.mem));
		if (page.dma + PAGE != next.dma)
			SKIP(return, "no neighbours");
	} else {
		page.dma = (uintptr_t)p;
	}
	for (unsigned int i = 0; i < PAGE / sizeof(*list); i++)
		list[i] = (struct wd_sge) { .addr = raw_dma(&self->m, self->src + i), .len = 1 };
	d = WITH_LISTS(NULL, NULL);
	d.flags = WD_DESC_SRC_SGL;
	d.src = page.dma;
	refused(_metadata, &self->c, d, WD_ST_FAULT_UNMAPPED, page.dma + PAGE, WD_CQE_FAULT_SGL);
	/* The destination's parts all name one byte. */
	d = WITH_LISTS(NULL, NULL);
	d.flags = WD_DESC_DST_SGL;
	d.dst = page.dma;
	for (unsigned int i = 0; i < PAGE / sizeof(*list); i++)
		list[i].addr = raw_dma(&self->m, self->dst);
	refused(_metadata, &self->c, d, WD_ST_FAULT_UNMAPPED, page.dma + PAGE,
		WD_CQE_FAULT_SGL | WD_CQE_FAULT_DST);
}

/* A list that is made of itself, and a destination that is the list it is written by. */
TEST_F(sgl, list_in_its_own_operand)
{
	struct wd_desc d = WITH_LISTS(self->list, self->other);
	struct wd_cqe cqe;

	self->list[0] = (struct wd_sge) { .addr = raw_dma(&self->m, self->list), .len = LEN };
	self->other[0] = (struct wd_sge) { .addr = raw_dma(&self->m, self->other), .len = 64 };
	self->other[1] = (struct wd_sge) { .addr = raw_dma(&self->m, self->dst), .len = ROOM };
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	TH_LOG("status %#x", cqe.status);
	EXPECT_EQ(WD_CHAN_RUNNING, self->c.status->state);
}

/* ------------------------------------------------- changed while it is used */

struct changer {
	struct wd_sge *list;
	unsigned int n;
	uint64_t addr[2];	/* parts are at one or the other */
	bool stop;
};

static void *change(void *arg)
{
	struct changer *x = arg;
	uint32_t seed = 77;

	while (!__atomic_load_n(&x->stop, __ATOMIC_RELAXED)) {
		for (int k = 0; k < 50; k++) {
			volatile struct wd_sge *e = &x->list[raw_random(&seed) % x->n];

			switch (raw_random(&seed) >> 8 & 3) {
			case 0:
				e->len = raw_random(&seed) % 500;
				break;
			case 1:
				e->reserved = !(raw_random(&seed) >> 9 & 15);
				break;
			default:
				e->addr = x->addr[raw_random(&seed) >> 7 & 1];
			}
		}
		sched_yield();
	}
	return NULL;
}

TEST_F(sgl, changed_while_it_is_used)
{
	struct changer s = { .list = self->list }, t = { .list = self->other };
	int ok = 0, bad = 0;
	struct wd_cqe cqe;
	struct wd_desc d;
	pthread_t thread[2];

	memset(self->scratch + 2 * ROOM, 0x5a, 2 * ROOM);
	s.n = scatter(&self->m, self->list, self->src, LEN, 200, 5);
	t.n = scatter(&self->m, self->other, self->scratch, ROOM, 200, 5);
	s.addr[0] = raw_dma(&self->m, self->src);
	s.addr[1] = raw_dma(&self->m, self->src + 1000);
	t.addr[0] = raw_dma(&self->m, self->scratch);
	t.addr[1] = raw_dma(&self->m, self->scratch + ROOM);
	ASSERT_EQ(0, pthread_create(&thread[0], NULL, change, &s));
	ASSERT_EQ(0, pthread_create(&thread[1], NULL, change, &t));
	for (int i = 0; i < 40; i++) {
		d = WITH_LISTS(self->list, self->other);
		/* Within the parts, whose lengths are less now. */
		d.src_len = LEN / 4;
		d.dst_len = ROOM / 4;
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ok += cqe.status == WD_ST_OK;
		bad += cqe.status == WD_ST_BAD_SGL;
		ASSERT_TRUE(cqe.status == WD_ST_OK || cqe.status == WD_ST_OVERFLOW ||
			    cqe.status == WD_ST_BAD_SGL) TH_LOG("status %#x", cqe.status);
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	TH_LOG("%d done, %d bad lists", ok, bad);
	/* Nothing but what parts could name. */
	for (size_t at = 2 * ROOM; at < 4 * ROOM; at++)
		ASSERT_EQ(0x5a, self->scratch[at]);
}

TEST_HARNESS_MAIN
