// SPDX-License-Identifier: GPL-2.0-or-later
/* Rings, doorbells and interrupts; a ring or a doorbell that is full of noise. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "raw_mem.h"

FIXTURE(ring) {
	struct raw_chan a;
	struct raw_chan b;	/* the neighbour, who must notice nothing */
};

FIXTURE_VARIANT(ring) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(ring, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(ring, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(ring, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(ring)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->a));
	ASSERT_EQ(0, raw_setup(&self->b));
}

FIXTURE_TEARDOWN(ring)
{
	raw_close(&self->a);
	raw_close(&self->b);
}

static void put_nop(struct raw_chan *c, uint64_t tag)
{
	const struct wd_desc d = { .opcode = WD_OP_NOP, .tag = tag };

	raw_put(c, &d);
}

TEST_F(ring, nop_by_polling)
{
	struct wd_desc d = { .opcode = WD_OP_NOP };
	struct wd_cqe cqe;
	int i;

	for (i = 0; i < 1000; i++) {
		d.tag = 0xfeedface00000000 + i;
		ASSERT_EQ(0, raw_do(&self->a, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(0, cqe.consumed);
		ASSERT_EQ(0, cqe.produced);
		ASSERT_EQ(0, cqe.aux);
		ASSERT_EQ(0, cqe.phase & ~1);
	}
}

/* Wait in poll(2) for one completion. */
static int get_by_interrupt(struct raw_chan *c, struct wd_cqe *cqe)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	int n;

	while (raw_peek(c, cqe)) {
		n = poll(&pfd, 1, RAW_TIMEOUT_MS);
		if (n != 1)
			return n ? -errno : -ETIMEDOUT;
		if (pfd.revents != POLLIN)
			return -EPROTO;
	}
	raw_store_head(c, c->head);
	return 0;
}

TEST_F(ring, nop_by_interrupt)
{
	struct pollfd pfd = { .fd = self->a.fd, .events = POLLIN };
	struct wd_cqe cqe;
	int i;

	for (i = 0; i < 300; i++) {
		put_nop(&self->a, i);
		ASSERT_EQ(0, raw_ring(&self->a));
		ASSERT_EQ(0, get_by_interrupt(&self->a, &cqe)) TH_LOG("round %d", i);
		ASSERT_EQ(i, cqe.tag);
		ASSERT_EQ(0, poll(&pfd, 1, 0));
	}
}

static bool wait_posted(struct raw_chan *c, uint32_t n)
{
	int64_t begin = raw_now_ns();

	while (c->status->cq_tail != n && raw_now_ns() - begin < RAW_TIMEOUT_MS * 1000000LL)
		sched_yield();
	return c->status->cq_tail == n;
}

/* An answer that is there before poll() is asked is told at once, and until it is taken. */
TEST_F(ring, poll_is_level_triggered)
{
	struct pollfd pfd = { .fd = self->a.fd, .events = POLLIN };
	struct wd_cqe cqe;

	put_nop(&self->a, 1);
	ASSERT_EQ(0, raw_ring(&self->a));
	ASSERT_TRUE(wait_posted(&self->a, 1));
	EXPECT_EQ(1, poll(&pfd, 1, RAW_TIMEOUT_MS));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_EQ(POLLIN, pfd.revents);
	ASSERT_EQ(0, raw_get(&self->a, &cqe, RAW_TIMEOUT_MS));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
}

/* Who has a completion may use the slots up to its descriptor's: sq_head says so, and said it first. */
static bool slot_is_free(struct raw_chan *c, uint32_t tag)
{
	return (int32_t)(c->status->sq_head - tag) > 0;
}

/* Batches of random size until the rings went round 20 times. */
TEST_F(ring, wraps_around)
{
	struct raw_chan *c = &self->a;
	uint32_t seed = 1, sent = 0, got = 0, depth = c->layout.sq_depth, n;
	struct wd_cqe cqe;

	while (got < 20 * depth + 3) {
		for (n = 1 + raw_random(&seed) % (depth - (sent - got)); n; n--)
			put_nop(c, sent++);
		ASSERT_EQ(0, raw_ring(c));
		for (n = 1 + raw_random(&seed) % (sent - got); n; n--) {
			ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS))
				TH_LOG("after %u of %u", got, sent);
			ASSERT_TRUE(slot_is_free(c, cqe.tag)) TH_LOG("completion %u", got);
			ASSERT_EQ(WD_ST_OK, cqe.status);
			ASSERT_EQ(got, cqe.tag);
			got++;
		}
		if (sent - got == depth) {
			ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS));
			ASSERT_EQ(got++, cqe.tag);
		}
	}
	while (got < sent) {
		ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS));
		ASSERT_EQ(got++, cqe.tag);
	}
	EXPECT_EQ(sent, c->status->sq_head);
	EXPECT_TRUE(wait_posted(c, sent));
	EXPECT_EQ(WD_CHAN_RUNNING, c->status->state);
}

/* The indices are those of the contract, all 32 bits of them. */
TEST_F(ring, state_counts)
{
	struct wd_chan_state state;
	int i;

	for (i = 0; i < 5; i++)
		ASSERT_EQ(0, raw_nop(&self->a));
	ASSERT_EQ(0, ioctl(self->a.fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(WD_CHAN_RUNNING, state.state);
	EXPECT_EQ(5, state.sq_head);
	EXPECT_EQ(5, state.cq_tail);
}

static int wait_asleep(struct raw_chan *c)
{
	int64_t begin = raw_now_ns();

	while (!c->status->need_kick) {
		if (raw_now_ns() - begin > RAW_TIMEOUT_MS * 1000000LL)
			return -ETIMEDOUT;
		usleep(200);
	}
	return 0;
}

TEST_F(ring, need_kick)
{
	struct raw_chan *c = &self->a;
	struct wd_cqe cqe;
	int i;

	for (i = 0; i < 30; i++) {
		/* An engine without work goes to sleep and says so. */
		ASSERT_EQ(0, wait_asleep(c));
		put_nop(c, i);
		raw_store_tail(c, c->tail);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		ASSERT_NE(0, c->status->need_kick);
		ASSERT_EQ(0, ioctl(c->fd, WD_CMD_KICK));
		ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS));
		ASSERT_EQ(i, cqe.tag);
	}
}

/* Around the moment at which the engine falls asleep: no request may be lost. */
TEST_F(ring, falling_asleep)
{
	struct wd_desc d = { .opcode = WD_OP_NOP };
	struct wd_cqe cqe;
	uint32_t seed = 7;
	int64_t begin;
	int i;

	for (i = 0; i < 500; i++) {
		int64_t gap = raw_random(&seed) % 600000;

		ASSERT_EQ(0, raw_do(&self->a, &d, &cqe)) TH_LOG("round %d", i);
		begin = raw_now_ns();
		while (raw_now_ns() - begin < gap)
			sched_yield();
	}
}

TEST_F(ring, kick_without_need)
{
	int i;

	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, ioctl(self->a.fd, WD_CMD_KICK));
	EXPECT_EQ(0, self->a.status->cq_tail);
	EXPECT_EQ(0, raw_nop(&self->a));
	EXPECT_TRUE(wait_posted(&self->a, 1));
}

/* A reader that is late: the device waits with fetching, nothing is overwritten. */
TEST_F(ring, completion_ring_full)
{
	struct raw_chan *c = &self->a;
	uint32_t depth = c->layout.cq_depth, sent = 0, got = 0;
	struct wd_cqe cqe;

	ASSERT_EQ(depth, c->layout.sq_depth);
	while (sent < depth)
		put_nop(c, sent++);
	ASSERT_EQ(0, raw_ring(c));
	ASSERT_TRUE(wait_posted(c, depth));
	/* The submission ring is free again, the completion ring is full. */
	while (sent < 2 * depth)
		put_nop(c, sent++);
	ASSERT_EQ(0, raw_ring(c));
	ASSERT_EQ(0, raw_nop(&self->b));
	ASSERT_EQ(0, wait_asleep(c));
	EXPECT_EQ(depth, c->status->cq_tail);
	EXPECT_EQ(depth, c->status->sq_head);
	while (got < sent) {
		ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS)) TH_LOG("after %u", got);
		ASSERT_EQ(got, cqe.tag);
		got++;
		/* Room in the completion ring is news for the engine as well. */
		ASSERT_EQ(0, raw_kick(c));
	}
	EXPECT_EQ(WD_CHAN_RUNNING, c->status->state);
}

struct worker {
	struct raw_chan *c;
	uint32_t seed;
	int rounds;
	int ret;
};

static void *nops_and_streams(void *arg)
{
	struct worker *w = arg;
	static const size_t len = 20000;
	uint8_t *plain, *packed, *again;
	struct raw_mem m;
	struct wd_cqe cqe;
	struct wd_desc d;
	int i;

	w->ret = raw_mem_reserve(w->c, &m, 16 * len);
	if (w->ret)
		return NULL;
	plain = raw_mem_take(&m, len);
	packed = raw_mem_take(&m, 2 * len);
	again = raw_mem_take(&m, len);
	if (!plain || !packed || !again)
		abort();
	raw_fill_text(plain, len, w->seed);
	for (i = 0; i < w->rounds && !w->ret; i++) {
		w->ret = raw_nop(w->c);
		if (w->ret || i % 16)
			continue;
		d = raw_mem_deflate(&m, i / 16 % 3, 1, plain, len, packed, 2 * len);
		w->ret = raw_do(w->c, &d, &cqe);
		if (!w->ret && cqe.status)
			w->ret = -EPROTO;
		if (w->ret)
			break;
		d = raw_mem_inflate(&m, i / 16 % 3, packed, cqe.produced, again, len);
		w->ret = raw_do(w->c, &d, &cqe);
		if (!w->ret && (cqe.status || cqe.produced != len ||
				!(cqe.aux & WD_CQE_END) || memcmp(plain, again, len)))
			w->ret = -EPROTO;
	}
	raw_mem_unmap(&m);
	return NULL;
}

TEST_F(ring, channels_and_threads)
{
	struct worker w[4] = {};
	struct raw_chan c[4];
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, raw_setup(&c[i]));
		w[i] = (struct worker) { .c = &c[i], .seed = i + 1, .rounds = 400 };
	}
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, nops_and_streams, &w[i]));
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		EXPECT_EQ(0, w[i].ret);
		raw_close(&c[i]);
	}
}

/* --------------------------------------------------------------- noise */

static void expect_stopped(struct __test_metadata *_metadata, struct raw_chan *c,
			   uint32_t error, uint64_t info)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	struct wd_chan_state state = {};

	EXPECT_EQ(0, raw_wait_state(c, WD_CHAN_ERROR, RAW_TIMEOUT_MS));
	EXPECT_EQ(error, c->status->error);
	EXPECT_EQ(info, c->status->info);
	EXPECT_EQ(0, ioctl(c->fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(WD_CHAN_ERROR, state.state);
	EXPECT_EQ(error, state.error);
	EXPECT_EQ(info, state.info);
	EXPECT_EQ(1, poll(&pfd, 1, RAW_TIMEOUT_MS));
	EXPECT_TRUE(pfd.revents & POLLERR);
	/* It stays as it is, and harmless. */
	raw_store_tail(c, 3);
	raw_store_head(c, 77);
	EXPECT_EQ(0, ioctl(c->fd, WD_CMD_KICK));
	EXPECT_EQ(EINVAL, ioctl(c->fd, UACCE_CMD_START_Q) ? errno : 0);
	EXPECT_EQ(0, ioctl(c->fd, UACCE_CMD_PUT_Q));
}

TEST_F(ring, noise_in_sq_tail)
{
	const uint32_t depth = self->a.layout.sq_depth;
	uint32_t bad[] = { depth + 1, 2 * depth, 0x80000000, 0xffffffff, 0x12345678 };
	struct raw_chan c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_EQ(0, raw_setup(&c));
		if (i & 1)
			ASSERT_EQ(0, raw_nop(&c));
		raw_store_tail(&c, c.tail + bad[i]);
		ASSERT_EQ(0, raw_kick(&c));
		expect_stopped(_metadata, &c, WD_CHAN_ERR_SQ_INDEX, c.tail + bad[i]);
		EXPECT_EQ(0, raw_nop(&self->b));
		raw_close(&c);
	}
}

/* Backwards is noise too. */
TEST_F(ring, sq_tail_runs_backwards)
{
	struct raw_chan *c = &self->a;
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, raw_nop(c));
	raw_store_tail(c, 1);
	ASSERT_EQ(0, raw_kick(c));
	expect_stopped(_metadata, c, WD_CHAN_ERR_SQ_INDEX, 1);
	EXPECT_EQ(0, raw_nop(&self->b));
}

TEST_F(ring, noise_in_cq_head)
{
	uint32_t bad[] = { 1, 1000, 0x80000000, 0x7fffffff };
	struct raw_chan c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_EQ(0, raw_setup(&c));
		if (i & 1)
			ASSERT_EQ(0, raw_nop(&c));
		raw_store_head(&c, c.head + bad[i]);
		put_nop(&c, 1);
		ASSERT_EQ(0, raw_ring(&c));
		expect_stopped(_metadata, &c, WD_CHAN_ERR_CQ_INDEX, c.head + bad[i]);
		EXPECT_EQ(0, raw_nop(&self->b));
		raw_close(&c);
	}
}

TEST_F(ring, full_of_noise)
{
	struct raw_chan *c = &self->a;
	uint32_t depth = c->layout.sq_depth, bad = 0;
	struct wd_cqe cqe;
	int ret;

	raw_fill_random(c->sq, depth * sizeof(*c->sq), 99);
	c->sq[depth - 1].flags &= ~WD_DESC_LINK;
	c->tail = depth;
	ASSERT_EQ(0, raw_ring(c));
	EXPECT_EQ(0, raw_nop(&self->b));
	while (!(ret = raw_get(c, &cqe, RAW_TIMEOUT_MS))) {
		/* Some of it happens to be a unit, or the code of an operation. */
		for (int n = 1; n < WD_LINK_MAX && c->sq[bad & (depth - 1)].flags & WD_DESC_LINK; n++)
			bad++;
		EXPECT_EQ(c->sq[bad & (depth - 1)].tag, cqe.tag);
		EXPECT_TRUE(cqe.status >= WD_ST_BAD_OPCODE && cqe.status <= WD_ST_BAD_LINK);
		EXPECT_EQ(0, cqe.consumed);
		EXPECT_EQ(0, cqe.produced);
		bad++;
	}
	EXPECT_EQ(-EIO, ret);
	EXPECT_EQ(depth, bad);
	EXPECT_EQ(0, raw_nop(&self->b));
	expect_stopped(_metadata, c, WD_CHAN_ERR_NOISE, c->status->info);
}

/* Noise, but one good descriptor in each ring: the channel goes on. */
TEST_F(ring, some_noise)
{
	struct raw_chan *c = &self->a;
	uint32_t seed = 5, depth = c->layout.sq_depth, i, n, answers, links;
	struct wd_desc d;
	struct wd_cqe cqe;

	for (i = 0; i < 3 * depth; i += n + 1) {
		answers = 0;
		links = 0;
		for (n = 0; n < depth / 4; n++) {
			raw_fill_random(&d, sizeof(d), raw_random(&seed));
			if (n == depth / 4 - 1)
				d.flags &= ~WD_DESC_LINK;
			raw_put(c, &d);
			/* What happens to be a unit has one answer. */
			if (d.flags & WD_DESC_LINK && ++links < WD_LINK_MAX)
				continue;
			answers++;
			links = 0;
		}
		put_nop(c, 0xabcdef);
		ASSERT_EQ(0, raw_ring(c));
		for (uint32_t k = 0; k <= answers; k++) {
			ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS));
			ASSERT_EQ(k == answers, cqe.status == WD_ST_OK);
		}
		ASSERT_EQ(0xabcdef, cqe.tag);
	}
	EXPECT_EQ(WD_CHAN_RUNNING, c->status->state);
}

/* The rest of the doorbell page is not there. */
TEST_F(ring, noise_beside_the_doorbells)
{
	struct raw_chan *c = &self->a;
	volatile uint32_t *word = (volatile uint32_t *)c->mmio;
	uint32_t seed = 3;
	unsigned int i;

	for (i = 0; i < c->mmio_size / 4; i++)
		if (i != WD_DB_SQ_TAIL / 4 && i != WD_DB_CQ_HEAD / 4)
			word[i] = raw_random(&seed);
	EXPECT_EQ(0, raw_nop(c));
	EXPECT_EQ(0, raw_nop(&self->b));
}

/* The device believes nothing that is in memory but descriptors. */
TEST_F(ring, noise_in_status_and_completions)
{
	struct raw_chan *c = &self->a;
	struct wd_chan_state state = {};
	struct wd_cqe cqe;
	int i;

	ASSERT_EQ(0, raw_nop(c));
	for (i = 0; i < 50; i++) {
		raw_fill_random((void *)c->status, sizeof(*c->status), i + 1);
		put_nop(c, i);
		raw_store_tail(c, c->tail);
		ASSERT_EQ(0, ioctl(c->fd, WD_CMD_KICK));
		while (raw_peek(c, &cqe))
			sched_yield();
		raw_store_head(c, c->head);
		ASSERT_EQ(i, cqe.tag);
	}
	ASSERT_EQ(0, ioctl(c->fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(WD_CHAN_RUNNING, state.state);
	EXPECT_EQ(51, state.sq_head);
	EXPECT_EQ(51, state.cq_tail);
	EXPECT_EQ(0, raw_nop(&self->b));
}

/* Two threads store random numbers in one channel's doorbells all the time. */
static void *doorbell_noise(void *arg)
{
	struct worker *w = arg;
	int i;

	for (i = 0; i < w->rounds; i++) {
		raw_store_tail(w->c, raw_random(&w->seed));
		raw_store_head(w->c, raw_random(&w->seed));
		ioctl(w->c->fd, WD_CMD_KICK);
	}
	return NULL;
}

TEST_F(ring, storm_beside_work)
{
	struct worker noise[2] = {
		{ .c = &self->a, .seed = 1, .rounds = 3000 },
		{ .c = &self->a, .seed = 2, .rounds = 3000 },
	};
	struct worker work = { .c = &self->b, .seed = 3, .rounds = 300 };
	pthread_t t[3];

	raw_fill_random(self->a.sq, self->a.layout.sq_depth * sizeof(struct wd_desc), 8);
	ASSERT_EQ(0, pthread_create(&t[0], NULL, doorbell_noise, &noise[0]));
	ASSERT_EQ(0, pthread_create(&t[1], NULL, doorbell_noise, &noise[1]));
	ASSERT_EQ(0, pthread_create(&t[2], NULL, nops_and_streams, &work));
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	EXPECT_EQ(0, work.ret);
	EXPECT_EQ(0, raw_wait_state(&self->a, WD_CHAN_ERROR, RAW_TIMEOUT_MS));
}

TEST_HARNESS_MAIN
