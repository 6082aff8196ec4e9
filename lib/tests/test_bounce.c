// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The copies of operands, against a device that is a function: it reads and writes
 * through the addresses of the descriptor, and takes and gives any amounts.
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "comp_util.h"
#include "drivers/bounce.h"
#include "rig_util.h"

#define PIECE	WD_BOUNCE_PIECE

/* The process's address of byte @i of an operand. */
static unsigned char *operand(const struct rig *rig, uint64_t addr, bool is_list, size_t i)
{
	const struct wd_sge *sge;

	if (!is_list)
		return reach(rig, addr + i);
	if (addr % 16)
		return NULL;
	sge = (const struct wd_sge *)reach(rig, addr);
	for (size_t n = 0; sge && n < WD_BOUNCE_SGES; n++, sge++) {
		if (i < le32toh(sge->len))
			return reach(rig, le64toh(sge->addr) + i);
		i -= le32toh(sge->len);
	}
	return NULL;
}

/**
 * struct model - a request: the output is a function of the position alone
 * @in:       source
 * @in_len:   its length
 * @out:      destination
 * @out_len:  room
 * @total:    bytes that the device gives for the whole source
 * @consumed: so far
 * @produced: so far
 */
struct model {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
	size_t total;
	size_t consumed;
	size_t produced;
};

static unsigned char output_at(size_t i)
{
	return (unsigned char)(i * 7 + (i >> 8) * 3 + 1);
}

/* The device: check and use what it is given, as much of it as it likes. */
static bool run_desc(const struct rig *rig, const struct wd_desc *desc, struct model *m,
		     const unsigned char *want, uint32_t *rnd)
{
	size_t take = desc->src_len, give = desc->dst_len;

	if (next_random(rnd) % 2)
		take -= next_random(rnd) % (take + 1);
	if (next_random(rnd) % 2)
		give -= next_random(rnd) % (give + 1);
	if (give > m->total - m->produced)
		give = m->total - m->produced;
	for (size_t i = 0; i < take; i++) {
		unsigned char *p = operand(rig, desc->src, desc->flags & WD_DESC_SRC_SGL, i);

		REQUIRE(p && *p == want[m->consumed + i]);
	}
	for (size_t i = 0; i < give; i++) {
		unsigned char *p = operand(rig, desc->dst, desc->flags & WD_DESC_DST_SGL, i);

		REQUIRE(p);
		*p = output_at(m->produced + i);
	}
	m->consumed += take;
	m->produced += give;
	return true;
}

static bool run_request(struct rig *rig, struct model *m, uint32_t max, bool wait,
			struct wd_bounce *b, uint32_t *rnd)
{
	struct wd_bounce_args args = { m->in, m->in_len, m->out, m->out_len,
				       1 + next_random(rnd) % (m->out_len + PIECE) };
	unsigned char *want = malloc(m->in_len + 1);
	size_t consumed, produced, stored;
	struct wd_desc desc = { 0 };

	REQUIRE(want);
	if (m->in_len)
		memcpy(want, m->in, m->in_len);
	m->consumed = 0;
	m->produced = 0;
	REQUIRE(!wd_bounce_begin(b, rig->pool, &args, wait));
	while ((m->consumed < m->in_len || m->produced < m->total) &&
	       m->produced < m->out_len) {
		consumed = m->consumed;
		produced = m->produced;
		REQUIRE(!wd_bounce_aim(b, &desc, max));
		REQUIRE(desc.src_len <= max && desc.dst_len <= max && desc.dst_len);
		REQUIRE(!desc.src_len == (consumed == m->in_len));
		REQUIRE(desc.src_len <= m->in_len - consumed);
		REQUIRE(desc.dst_len <= m->out_len - produced);
		REQUIRE(run_desc(rig, &desc, m, want, rnd));
		if (wd_bounce_overlaps(b))
			wd_bounce_overlap(b);
		wd_bounce_advance(b, (uint32_t)(m->consumed - consumed),
				  (uint32_t)(m->produced - produced));
	}
	REQUIRE(!wd_bounce_end(b, &stored));
	REQUIRE(stored == m->produced);
	for (size_t i = 0; i < stored; i++)
		REQUIRE(m->out[i] == output_at(i));
	free(want);
	return true;
}

static size_t some_size(uint32_t *rnd)
{
	static const size_t sizes[] = {
		0, 1, 2, 63, 4095, 4096, 4097, PIECE - 1, PIECE, PIECE + 1,
		2 * PIECE - 1, 2 * PIECE, 2 * PIECE + 1, 5 * PIECE + 3,
	};
	size_t n = next_random(rnd) % (sizeof(sizes) / sizeof(*sizes) + 4);

	return n < sizeof(sizes) / sizeof(*sizes) ? sizes[n] : next_random(rnd) % (3 * PIECE);
}

/* Operands in known memory or on the heap, with amounts of all kinds. */
static void requests_against_a_model(void)
{
	size_t user = 4 * 6 * PIECE;
	uint32_t rnd = 4711;
	struct rig rig;

	CHECK(rig_open(&rig, WD_BOUNCE_MAX, 40, user));
	for (int round = 0; round < rounds(600); round++) {
		size_t in_len = some_size(&rnd), out_len = some_size(&rnd) + 1;
		bool in_known = next_random(&rnd) % 2, out_known = next_random(&rnd) % 2;
		unsigned char *in = malloc(in_len + 1), *out = malloc(out_len + 1);
		unsigned char *known = (unsigned char *)rig.user->va;
		struct model m = { .in_len = in_len, .out_len = out_len };
		struct wd_bounce b;

		CHECK(in && out);
		m.in = in_known ? known + next_random(&rnd) % PIECE : in;
		m.out = out_known ? known + user / 2 + next_random(&rnd) % PIECE : out;
		m.total = next_random(&rnd) % (2 * out_len);
		fill((unsigned char *)m.in, in_len, DATA_RANDOM, (uint32_t)round);
		CHECK(run_request(&rig, &m, round % 3 ? 64 << 20 : 1 + next_random(&rnd) % 9999,
				  round % 2, &b, &rnd));
		CHECK(!b.src.copied == (in_known || !in_len));
		CHECK(b.dst.copied == (out_known ? 0 : m.produced));
		CHECK(!rig.pool->arena[0].users && !rig.pool->arena[1].users);
		free(in);
		free(out);
	}
	rig_close(&rig);
}

/* Slices smaller than a piece: buffers shrink. */
static void a_pool_of_single_pages(void)
{
	unsigned char *in = make_data(3 * PIECE, DATA_RANDOM, 1), *out = malloc(3 * PIECE);
	struct model m = { in, 3 * PIECE, out, 3 * PIECE, 3 * PIECE, 0, 0 };
	uint32_t rnd = 3;
	struct wd_bounce b;
	struct rig rig;

	CHECK(out && rig_open(&rig, WD_BOUNCE_MIN, 1, 0));
	for (int i = 0; i < rounds(32); i++)
		CHECK(run_request(&rig, &m, 64 << 20, i % 2, &b, &rnd));
	rig_close(&rig);
	free(in);
	free(out);
}

static void plans(void)
{
	struct wd_bounce_want want = { .src = 10, .dst = 20, .dst_hint = 20 };
	size_t s[WD_BOUNCE_PARTS];

	wd_bounce_plan(&want, PIECE, s);
	CHECK(s[WD_BOUNCE_SRC] == 10 && !s[WD_BOUNCE_SRC2]);
	CHECK(s[WD_BOUNCE_DST] == 20 && !s[WD_BOUNCE_DST2]);
	CHECK(!s[WD_BOUNCE_SRC_LIST] && !s[WD_BOUNCE_DST_LIST]);
	want = (struct wd_bounce_want){ .src = PIECE + 1, .dst = 9 * PIECE, .dst_hint = 500,
					.dst_list = true };
	wd_bounce_plan(&want, PIECE, s);
	CHECK(s[WD_BOUNCE_SRC] == PIECE && s[WD_BOUNCE_SRC2] == 1);
	CHECK(s[WD_BOUNCE_DST] == 500 && s[WD_BOUNCE_DST2] == 500);
	CHECK(!s[WD_BOUNCE_SRC_LIST]);
	CHECK(s[WD_BOUNCE_DST_LIST] == WD_BOUNCE_SGES * sizeof(struct wd_sge));
}

static void bad_addresses(void)
{
	unsigned char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wd_bounce_args args = { p + 100, 4 * PAGE - 100, p, PAGE, PAGE };
	struct wd_desc desc = { 0 };
	struct wd_bounce b;
	struct rig rig;
	size_t stored;

	CHECK(p != MAP_FAILED && rig_open(&rig, WD_BOUNCE_MIN, 64, 0));
	munmap(p + 2 * PAGE, PAGE);
	/* The device gets what there is, and then nothing. */
	CHECK(!wd_bounce_begin(&b, rig.pool, &args, true));
	CHECK(!wd_bounce_aim(&b, &desc, 64 << 20));
	CHECK(desc.src_len == 2 * PAGE - 100);
	wd_bounce_advance(&b, desc.src_len, 10);
	CHECK(wd_bounce_aim(&b, &desc, 64 << 20) == -EFAULT);
	CHECK(wd_bounce_copy_fault(&b) == (uintptr_t)p + 2 * PAGE);
	CHECK(!wd_bounce_end(&b, &stored) && stored == 10);

	/* Output into a page that is read-only, behind one that is not. */
	CHECK(!mprotect(p + PAGE, PAGE, PROT_READ));
	args = (struct wd_bounce_args){ "x", 1, p + 50, 2 * PAGE - 50, 2 * PAGE };
	CHECK(!wd_bounce_begin(&b, rig.pool, &args, true));
	CHECK(!wd_bounce_aim(&b, &desc, 64 << 20));
	CHECK(desc.dst_len == 2 * PAGE - 50);
	wd_bounce_advance(&b, 1, PAGE);
	CHECK(wd_bounce_end(&b, &stored) == -EFAULT && stored == PAGE - 50);
	CHECK(wd_bounce_copy_fault(&b) == (uintptr_t)p + PAGE);
	CHECK(!rig.pool->arena[0].users && !rig.pool->arena[1].users);
	munmap(p, 4 * PAGE);
	rig_close(&rig);
}

static void faults_are_translated(void)
{
	struct wd_cqe cqe = { .info = USER_DMA };
	struct wd_bounce b = { 0 };
	struct rig rig;
	size_t contig;

	CHECK(rig_open(&rig, WD_BOUNCE_MIN, 64, 20 * PAGE));
	b.src = (struct wd_bounce_side){ .mem = rig.user, .va = rig.user->va, .pos = 5 };
	b.dst = (struct wd_bounce_side){ .va = 0x5000, .pos = 7 };
	cqe.info = wd_mem_dma(rig.user, rig.user->va + 5 * PAGE + 3, &contig);
	CHECK(wd_bounce_fault(&b, &cqe) == rig.user->va + 5 * PAGE + 3);
	cqe.aux = WD_CQE_FAULT_DST;
	CHECK(wd_bounce_fault(&b, &cqe) == 0x5007);
	cqe.aux = WD_CQE_FAULT_SGL;
	CHECK(wd_bounce_fault(&b, &cqe) == rig.user->va + 5);
	cqe.aux = 0;
	cqe.info = 1;
	CHECK(wd_bounce_fault(&b, &cqe) == rig.user->va + 5);
	rig_close(&rig);
}

struct waiter {
	struct wd_bounce_pool *pool;
	struct wd_bounce_want want;
	int ret;
};

static void *wait_for_memory(void *arg)
{
	struct waiter *w = arg;
	struct wd_bounce_set set;

	w->ret = wd_bounce_pool_get(w->pool, &w->want, true, &set);
	if (!w->ret)
		wd_bounce_pool_put(w->pool, &set);
	return NULL;
}

/* Asynchronous calls leave something; who waits gets it, or what others give back. */
static void who_waits_and_who_does_not(void)
{
	struct wd_bounce_want want = { .src = 9 * PIECE, .dst = 9 * PIECE, .dst_hint = PIECE };
	struct wd_bounce_set held[256], sync[64];
	unsigned int n = 0, m = 0;
	struct waiter w;
	pthread_t id;
	struct rig rig;

	CHECK(rig_open(&rig, WD_BOUNCE_MIN, 64, 0));
	while (n < 256 && !wd_bounce_pool_get(rig.pool, &want, false, &held[n]))
		n++;
	CHECK(n > 1 && n < 256);
	CHECK(wd_bounce_pool_get(rig.pool, &want, false, &sync[0]) == -EAGAIN);
	CHECK(!wd_bounce_pool_get(rig.pool, &want, true, &sync[m++]));
	/* Take all that would not have to be waited for. */
	while (m < 64 && !wd_bounce_pool_get(rig.pool, &want, false, &sync[m]))
		m++;
	CHECK(m == 1);
	w = (struct waiter){ rig.pool, want, -1 };
	w.want.src = 0;
	w.want.dst = w.want.dst_hint = 2 * WD_BOUNCE_MIN_PIECE;
	CHECK(!pthread_create(&id, NULL, wait_for_memory, &w));
	usleep(10000);
	wd_bounce_pool_put(rig.pool, &sync[0]);
	pthread_join(id, NULL);
	CHECK(!w.ret);
	while (n)
		wd_bounce_pool_put(rig.pool, &held[--n]);
	CHECK(!rig.pool->arena[0].users && !rig.pool->arena[1].users);
	rig_close(&rig);
}

static const struct tap_test tests[] = {
	TEST(plans),
	TEST(requests_against_a_model),
	TEST(a_pool_of_single_pages),
	TEST(bad_addresses),
	TEST(faults_are_translated),
	TEST(who_waits_and_who_does_not),
};

TAP_MAIN(tests)
