// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Units that are none, that come in pieces, whose memory is not there or goes away, and
 * whose channel does.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "link_unit.h"

#define PAGE	4096UL
#define CANARY	0x5a
#define TAG	0x1000
#define LEN	(4 * LINK_BLOCK)

FIXTURE(unit) {
	struct crypt x;
	uint8_t *src, *dst, *other;	/* areas */
};

FIXTURE_VARIANT(unit) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(unit, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(unit, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(unit, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(unit)
{
	ASSERT_EQ(0, link_setup(&self->x, variant->mode));
	self->src = self->x.area[0];
	self->dst = self->x.area[1];
	self->other = self->x.area[2];
	raw_fill_random(self->src, CRYPT_AREA / 2, 1);
}

FIXTURE_TEARDOWN(unit)
{
	EXPECT_EQ(0, raw_nop(&self->x.c));
	crypt_close(&self->x);
}

static void expect_failure(struct __test_metadata *_metadata, struct raw_chan *c,
			   const struct wd_desc *d, unsigned int n, int status, unsigned int nr)
{
	struct wd_cqe cqe;

	ASSERT_EQ(0, link_do(c, d, n, &cqe));
	EXPECT_EQ(status, cqe.status);
	EXPECT_EQ(nr, link_failed(&cqe)) TH_LOG("status %#x", cqe.status);
	EXPECT_EQ(d[n - 1].tag, cqe.tag);
	EXPECT_EQ(0, cqe.consumed | cqe.produced);
}

/* COPY_CRC32C, XTS, CTR and DIF_INSERT; a unit of @len bytes, and what it makes, in room. */
#define PARTS	4
#define ROOM(len)	((len) / LINK_BLOCK * (LINK_BLOCK + LINK_TUPLE))

static void four(struct crypt *x, struct wd_desc *d, const uint8_t *src, const uint8_t *dst,
		 uint32_t len, uint32_t longest)
{
	static const enum link_kind kinds[PARTS] = { LINK_CRC, LINK_XTS, LINK_CTR, LINK_DIF };

	for (int i = 0; i < PARTS; i++)
		d[i] = link_desc(x, kinds[i], false, i, len);
	link_unit(x, d, PARTS, src, dst, longest, TAG);
}

/* What they make of @src in memory that is there is at @want then. */
static void wanted(struct __test_metadata *_metadata, struct crypt *x, const uint8_t *src,
		   uint8_t *want, uint32_t len)
{
	struct wd_desc d[PARTS];
	struct wd_cqe cqe;

	four(x, d, src, want, len, 0);
	ASSERT_EQ(0, link_do(&x->c, d, PARTS, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	ASSERT_EQ(ROOM(len), cqe.produced);
}

/* Two good descriptors, of which @change makes what ends with @status; @nr is told. */
#define REFUSED(status, nr, change) do {						\
	struct wd_desc d[2] = {								\
		link_desc(&self->x, LINK_CRC, false, 0, LEN),				\
		link_desc(&self->x, LINK_CTR, false, 1, LEN),				\
	};										\
											\
	link_unit(&self->x, d, 2, self->src, self->dst, 0, TAG);			\
	change;										\
	expect_failure(_metadata, &self->x.c, d, 2, status, nr);				\
} while (0)

TEST_F(unit, malformed)
{
	static const uint16_t never[] = {
		WD_OP_NOP, WD_OP_STREAM_CLOSE, WD_OP_KEY_SET, WD_OP_KEY_DROP, WD_OP_DUALCAST, WD_OP_XOR,
		WD_OP_DIX_GENERATE, WD_OP_DIX_VERIFY,
	};
	static const uint16_t only_last[] = {
		WD_OP_DIGEST, WD_OP_COMPARE, WD_OP_COMPARE_PATTERN, WD_OP_DIF_VERIFY,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(never); i++) {
		REFUSED(WD_ST_BAD_LINK, 0, d[0].opcode = never[i]);
		REFUSED(WD_ST_BAD_LINK, 1, d[1].opcode = never[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(only_last); i++)
		REFUSED(WD_ST_BAD_LINK, 0, d[0].opcode = only_last[i]);
	REFUSED(WD_ST_BAD_LINK, 1, d[1].opcode = WD_OP_FILL);
	REFUSED(WD_ST_BAD_OPCODE, 0, d[0].opcode = 0x7777);
	REFUSED(WD_ST_BAD_OPCODE, 1, d[1].opcode = 0);
	REFUSED(WD_ST_BAD_FLAGS, 0, d[0].dst = d[1].dst);
	REFUSED(WD_ST_BAD_FLAGS, 1, d[1].src = d[0].src);
	REFUSED(WD_ST_BAD_FLAGS, 0, d[0].flags |= WD_DESC_DST_SGL);
	REFUSED(WD_ST_BAD_FLAGS, 1, d[1].flags |= WD_DESC_SRC_SGL);
	for (int bit = 3; bit < 16; bit++) {
		REFUSED(WD_ST_BAD_FLAGS, 0, d[0].flags |= 1 << bit);
		REFUSED(WD_ST_BAD_FLAGS, 1, d[1].flags |= 1 << bit);
	}
	REFUSED(WD_ST_BAD_FLAGS, 0, d[0].src_dom = 1);
	REFUSED(WD_ST_BAD_LENGTH, 1, d[0].dst_len++);
	REFUSED(WD_ST_BAD_LENGTH, 1, d[1].src_len--);
	REFUSED(WD_ST_BAD_LENGTH, 0, d[0].src_len = 0);
	REFUSED(WD_ST_BAD_LENGTH, 1, d[1].dst_len = LEN - 1);
	REFUSED(WD_ST_BAD_OP, 1, d[1].op = 1 << 31);
	REFUSED(WD_ST_BAD_PARAM, 1, d[1].param += 8);
	REFUSED(WD_ST_BAD_KEY, 1, d[1].key = 63);
	REFUSED(WD_ST_BAD_KEY, 1, d[1].key = 0x10000);
	REFUSED(WD_ST_BAD_SGL, 0, { d[0].flags |= WD_DESC_SRC_SGL; d[0].src |= 8; });
	REFUSED(WD_ST_BAD_STREAM, 1, {
		d[0] = link_desc(&self->x, LINK_DEFLATE, false, 2, LEN);
		d[1] = link_desc(&self->x, LINK_DEFLATE, true, 2, d[0].dst_len);
		link_unit(&self->x, d, 2, self->src, self->dst, 0, TAG);
	});
}

/* Five of them: four end at once, and what is left is a descriptor as others are. */
TEST_F(unit, too_long)
{
	struct wd_desc d[WD_LINK_MAX + 1];
	struct wd_cqe cqe;

	for (int i = 0; i <= WD_LINK_MAX; i++)
		d[i] = link_desc(&self->x, LINK_CRC, false, 0, LEN);
	link_unit(&self->x, d, WD_LINK_MAX + 1, self->src, self->dst, 0, TAG);
	memcpy(self->other, self->src, LEN);
	if (crypt_operand(&self->x, 0, &d[4].src, self->other, LEN, 0, 0))
		d[4].flags |= WD_DESC_SRC_SGL;
	ASSERT_EQ(0, link_do(&self->x.c, d, WD_LINK_MAX + 1, &cqe));
	EXPECT_EQ(WD_ST_BAD_LINK, cqe.status);
	EXPECT_EQ(WD_LINK_MAX - 1, link_failed(&cqe));
	EXPECT_EQ(TAG + WD_LINK_MAX - 1, cqe.tag);
	ASSERT_EQ(0, raw_get(&self->x.c, &cqe, RAW_TIMEOUT_MS));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(TAG + WD_LINK_MAX, cqe.tag);
	EXPECT_EQ(0, memcmp(self->src, self->dst, LEN));
}

/* The doorbell in the middle, at each place of the ring that a unit can wrap around. */
TEST_F(unit, comes_in_pieces)
{
	struct raw_chan *c = &self->x.c;
	const uint32_t depth = c->layout.sq_depth;
	struct wd_desc d[PARTS];
	struct wd_cqe cqe;

	wanted(_metadata, &self->x, self->src, self->other, LEN);
	four(&self->x, d, self->src, self->dst, LEN, 0);
	for (unsigned int before = 1; before < PARTS; before++) {
		while (c->tail % depth != depth - before)
			ASSERT_EQ(0, raw_nop(c));
		memset(self->dst, CANARY, ROOM(LEN));
		for (int i = 0; i < PARTS; i++) {
			raw_put(c, &d[i]);
			ASSERT_EQ(0, raw_ring(c));
			usleep(i == 1 ? 3000 : 0);
			if (i < PARTS - 1)
				ASSERT_EQ(-EAGAIN, raw_peek(c, &cqe));
		}
		ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(TAG + PARTS - 1, cqe.tag);
		EXPECT_EQ(0, memcmp(self->other, self->dst, ROOM(LEN)));
	}
}

/* A ring full of units, good and bad ones, and of others: each has its one answer, in order. */
TEST_F(unit, among_others)
{
	const unsigned int depth = self->x.c.layout.sq_depth;
	struct { uint64_t tag; int status; } want[depth];
	struct wd_desc d[WD_LINK_MAX];
	unsigned int put = 0, n = 0;
	uint32_t seed = 3;
	struct wd_cqe cqe;

	while (put + WD_LINK_MAX <= depth) {
		unsigned int len = 1 + raw_random(&seed) % WD_LINK_MAX;

		for (unsigned int i = 0; i < len; i++)
			d[i] = link_desc(&self->x, i & 1 ? LINK_CTR : LINK_CRC, false, i, 1000);
		link_unit(&self->x, d, len, self->src, self->dst, 0, put);
		want[n].status = WD_ST_OK;
		if (!(raw_random(&seed) & 7)) {
			d[len - 1].key = 63;
			want[n].status = len & 1 ? WD_ST_BAD_FLAGS : WD_ST_BAD_KEY;
		}
		for (unsigned int i = 0; i < len; i++)
			raw_put(&self->x.c, &d[i]);
		put += len;
		want[n++].tag = put - 1;
	}
	ASSERT_EQ(0, raw_ring(&self->x.c));
	for (unsigned int i = 0; i < n; i++) {
		ASSERT_EQ(0, raw_get(&self->x.c, &cqe, RAW_TIMEOUT_MS));
		ASSERT_EQ(want[i].tag, cqe.tag);
		ASSERT_EQ(want[i].status, cqe.status);
	}
}

/* ------------------------------------------------------------------- faults */

#define MUCH	(400 * LINK_BLOCK)

/* Memory that nobody has touched yet, lists and all; and that goes away all the time. */
TEST_F(unit, pages_come_and_go)
{
	struct crypt *x = &self->x;
	struct crypt_thief thieves[2];
	uint8_t *src, *dst, *fresh;
	struct wd_desc d[PARTS];
	struct wd_cqe cqe;

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "all memory is there");
	wanted(_metadata, x, self->src, self->other, MUCH);
	fresh = raw_memory(ROOM(MUCH));
	four(x, d, self->src, fresh, MUCH, 3000);
	ASSERT_EQ(0, link_do(&x->c, d, PARTS, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(0, memcmp(self->other, fresh, ROOM(MUCH)));

	src = crypt_shared_memory(PAGE + MUCH);
	dst = crypt_shared_memory(PAGE + ROOM(MUCH));
	memcpy(src, self->src, MUCH);
	crypt_steal(&thieves[0], src, MUCH);
	crypt_steal(&thieves[1], dst, ROOM(MUCH) & ~(PAGE - 1));
	for (int i = 0; i < raw_rounds(8, 200); i++) {
		memset(dst, CANARY, ROOM(MUCH));
		four(x, d, src, dst, MUCH, i & 1 ? 5000 : 0);
		ASSERT_EQ(0, link_do(&x->c, d, PARTS, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("info %#llx aux %#x", cqe.info, cqe.aux);
		ASSERT_EQ(ROOM(MUCH), cqe.produced);
		ASSERT_EQ(0, memcmp(self->other, dst, ROOM(MUCH)));
	}
	crypt_steal_no_more(&thieves[0]);
	crypt_steal_no_more(&thieves[1]);
	munmap(src, PAGE + MUCH);
	munmap(dst, PAGE + ROOM(MUCH));
}

static void expect_fault(struct __test_metadata *_metadata, struct raw_chan *c,
			 const struct wd_desc *d, unsigned int n, int status, uint64_t info,
			 uint32_t aux)
{
	struct wd_cqe cqe;

	ASSERT_EQ(0, link_do(c, d, n, &cqe));
	EXPECT_EQ(status, cqe.status);
	EXPECT_EQ(info, cqe.info);
	EXPECT_EQ(aux, cqe.aux);
	EXPECT_EQ(0, cqe.consumed | cqe.produced);
}

#define NR(n)	((n) << WD_CQE_LINK_SHIFT)

/* Whose place it is: the first one's source, the last one's destination, or its own block. */
TEST_F(unit, pages_that_are_not_to_be_had)
{
	struct crypt *x = &self->x;
	uint8_t *p = raw_memory(2 * ROOM(MUCH)), *bad = p + 10 * PAGE;
	struct wd_desc d[PARTS], copies[3];

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "all memory is there");
	ASSERT_EQ(0, mprotect(bad, PAGE, PROT_NONE));
	four(x, d, p, self->dst, MUCH, 0);
	expect_fault(_metadata, &x->c, d, PARTS, WD_ST_FAULT_PERM, (uintptr_t)bad, 0);
	four(x, d, self->src, p, MUCH, 0);
	expect_fault(_metadata, &x->c, d, PARTS, WD_ST_FAULT_PERM, (uintptr_t)bad,
		     WD_CQE_FAULT_DST | NR(3));
	for (unsigned int i = 1; i < PARTS; i++) {
		four(x, d, self->src, self->dst, MUCH, 0);
		d[i].param = (uintptr_t)bad;
		expect_fault(_metadata, &x->c, d, PARTS, WD_ST_FAULT_PERM, (uintptr_t)bad,
			     WD_CQE_FAULT_PARAM | NR(i));
	}
	/* A COPY at either end is at fault, whoever does it. */
	copies[0] = link_desc(x, LINK_COPY, false, 0, MUCH);
	copies[1] = link_desc(x, LINK_CTR, false, 1, MUCH);
	copies[2] = link_desc(x, LINK_COPY, false, 2, MUCH);
	link_unit(x, copies, 3, p, self->dst, 0, TAG);
	expect_fault(_metadata, &x->c, copies, 3, WD_ST_FAULT_PERM, (uintptr_t)bad, 0);
	copies[0].flags = WD_DESC_LINK;
	link_unit(x, copies, 3, self->src, p, 0, TAG);
	expect_fault(_metadata, &x->c, copies, 3, WD_ST_FAULT_PERM, (uintptr_t)bad,
		     WD_CQE_FAULT_DST | NR(2));
	munmap(p, 2 * ROOM(MUCH));
}

/* A list that is none, or not there, in the middle of the work. */
TEST_F(unit, bad_lists)
{
	struct crypt *x = &self->x;
	struct wd_desc d[PARTS];
	struct wd_sge was;

	for (int i = 0; i < 2; i++) {
		struct wd_sge *e = &x->list[i][60];

		four(x, d, self->src, self->dst, MUCH, 3000);
		was = *e;
		e->len = 0;
		expect_fault(_metadata, &x->c, d, PARTS, WD_ST_BAD_SGL, raw_dma(&x->m, e),
			     WD_CQE_FAULT_SGL | (i ? WD_CQE_FAULT_DST | NR(3) : 0));
		*e = was;
		if (!strcmp(variant->mode, "noiommu"))
			continue;
		e->addr = strcmp(variant->mode, "sva") ? 1UL << 36 : 0x1000;
		expect_fault(_metadata, &x->c, d, PARTS, WD_ST_FAULT_UNMAPPED, e->addr,
			     i ? WD_CQE_FAULT_DST | NR(3) : 0);
		*e = was;
	}
}

/* ------------------------------------------------------------ ends of channels */

/* Units one behind the other until the process ends, and the beginning of one. */
static void work_for_ever(const char *mode, int told)
{
	struct wd_desc d[PARTS];
	struct wd_cqe cqe;
	struct crypt x;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (link_setup(&x, mode))
		_exit(1);
	four(&x, d, x.area[0], x.area[1], 2000 * LINK_BLOCK, 0);
	for (int put = 0; ; put++) {
		for (int i = 0; i < PARTS; i++)
			raw_put(&x.c, &d[i]);
		if (raw_ring(&x.c))
			_exit(1);
		if (put == 2 && write(told, "", 1) != 1)
			_exit(1);
		if (put > 2 && (raw_get(&x.c, &cqe, RAW_TIMEOUT_MS) || cqe.status))
			_exit(1);
	}
}

static pid_t busy_process(const char *mode)
{
	int told[2];
	pid_t pid;
	char ch;

	if (pipe(told))
		return -1;
	pid = fork();
	if (!pid)
		work_for_ever(mode, told[1]);
	close(told[1]);
	if (read(told[0], &ch, 1) != 1)
		pid = -1;
	close(told[0]);
	return pid;
}

TEST_F(unit, killed)
{
	int before = raw_available(), status;
	uint32_t seed = 1;

	for (int i = 0; i < raw_rounds(4, 100); i++) {
		pid_t pid = busy_process(variant->mode);

		ASSERT_LT(0, pid);
		usleep(raw_random(&seed) % 20000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status));
		ASSERT_LE(0, raw_wait_available(before, RAW_TIMEOUT_MS));
	}
	/* Nor does it matter that the end of one never comes. */
	for (int i = 1; i < PARTS; i++) {
		struct wd_desc d[PARTS];
		struct raw_chan c;

		four(&self->x, d, self->src, self->dst, LEN, 0);
		ASSERT_EQ(0, raw_setup(&c));
		for (int k = 0; k < i; k++)
			raw_put(&c, &d[k]);
		ASSERT_EQ(0, raw_ring(&c));
		usleep(1000);
		raw_close(&c);
		ASSERT_LE(0, raw_wait_available(before, RAW_TIMEOUT_MS));
	}
}

/* The function is reset under units at work, and goes on with others. */
TEST_F(unit, reset)
{
	struct crypt *x = &self->x;
	struct wd_desc d[PARTS];
	struct wd_cqe cqe;

	for (int round = 0; round < 3; round++) {
		four(x, d, self->src, self->dst, 2000 * LINK_BLOCK, 0);
		for (int i = 0; i < 10 * PARTS + round; i++)
			raw_put(&x->c, &d[i % PARTS]);
		ASSERT_EQ(0, raw_ring(&x->c));
		usleep(round * 2000);
		ASSERT_EQ(0, raw_write_in(raw_pci(), "reset", "1"));
		ASSERT_EQ(WD_CHAN_ERR_RESET, x->c.status->error);
		crypt_close(x);
		ASSERT_EQ(0, link_setup(x, variant->mode));
		self->src = x->area[0];
		self->dst = x->area[1];
		raw_fill_random(self->src, MUCH, round);
		wanted(_metadata, x, self->src, self->dst, MUCH);
		four(x, d, self->src, self->dst, MUCH, 0);
		ASSERT_EQ(0, link_do(&x->c, d, PARTS, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
	}
}

TEST_HARNESS_MAIN
