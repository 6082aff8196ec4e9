// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Weights of channels: what is a weight, and that nobody starves for one. How well
 * shares follow weights is measured by shares, and no test.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define LEN	(32UL << 10)
#define DEPTH	16

FIXTURE(priority) {
	struct raw_chan c;
};

FIXTURE_VARIANT(priority) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(priority, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(priority, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(priority, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(priority)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, raw_open(&self->c));
}

FIXTURE_TEARDOWN(priority)
{
	raw_close(&self->c);
}

static int set_weight(struct raw_chan *c, uint32_t weight)
{
	return ioctl(c->fd, WD_CMD_SET_PRIORITY, &weight) ? -errno : 0;
}

TEST_F(priority, range)
{
	static const uint32_t bad[] = {
		0, WD_WEIGHT_MAX + 1, 100, 1000, 0x80000000, 0xffffffff, 0x100 + WD_WEIGHT_DEFAULT,
	};

	for (int started = 0; started < 2; started++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
			EXPECT_EQ(-EINVAL, set_weight(&self->c, bad[i]));
		for (uint32_t w = WD_WEIGHT_MIN; w <= WD_WEIGHT_MAX; w++)
			EXPECT_EQ(0, set_weight(&self->c, w));
		EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_SET_PRIORITY, NULL));
		EXPECT_EQ(EFAULT, errno);
		if (!started)
			ASSERT_EQ(0, raw_start(&self->c));
		EXPECT_EQ(0, raw_nop(&self->c));
	}
	ASSERT_EQ(0, ioctl(self->c.fd, UACCE_CMD_PUT_Q));
	EXPECT_EQ(-EINVAL, set_weight(&self->c, WD_WEIGHT_DEFAULT));
}

TEST_F(priority, only_its_own_process)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(set_weight(&self->c, 5) == -EPERM ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

/* A channel that always has work; @done counts what it got done. */
struct greedy {
	const char *mode;
	uint32_t weight;
	uint64_t done;
	bool *stop;
	int ret;
	pthread_t thread;
};

static int greedy_work(struct greedy *g, struct raw_chan *c, struct raw_mem *m)
{
	uint8_t *src = raw_mem_take(m, LEN), *dst = raw_mem_take(m, 2 * LEN);
	struct wd_desc d;
	struct wd_cqe cqe;
	int ret = 0;

	if (!src || !dst)
		return -ENOMEM;
	raw_fill_text(src, LEN, 1);
	d = raw_mem_deflate(m, WD_COMP_RAW, 6, src, LEN, dst, 2 * LEN);
	for (int i = 0; i < DEPTH; i++)
		raw_put(c, &d);
	ret = raw_ring(c);
	while (!ret && !__atomic_load_n(g->stop, __ATOMIC_RELAXED)) {
		ret = raw_get(c, &cqe, 5 * RAW_TIMEOUT_MS);
		if (ret || cqe.status)
			break;
		__atomic_add_fetch(&g->done, 1, __ATOMIC_RELAXED);
		raw_put(c, &d);
		ret = raw_ring(c);
	}
	return ret ? ret : cqe.status ? -EPROTO : 0;
}

static void *greedy(void *arg)
{
	struct greedy *g = arg;
	struct raw_chan c;
	struct raw_mem m;

	g->ret = raw_setup(&c);
	if (g->ret)
		return NULL;
	g->ret = set_weight(&c, g->weight);
	if (!g->ret)
		g->ret = raw_mem_reserve(&c, &m, 8 * LEN);
	if (!g->ret) {
		g->ret = greedy_work(g, &c, &m);
		raw_mem_unmap(&m);
	}
	raw_close(&c);
	return NULL;
}

static void wait_for(struct __test_metadata *_metadata, struct greedy *g, uint64_t n)
{
	uint64_t goal = __atomic_load_n(&g->done, __ATOMIC_RELAXED) + n;
	int64_t begin = raw_now_ns();

	while (__atomic_load_n(&g->done, __ATOMIC_RELAXED) < goal) {
		ASSERT_EQ(0, g->ret);
		ASSERT_GT(5 * RAW_TIMEOUT_MS * 1000000LL, raw_now_ns() - begin)
			TH_LOG("weight %u starves", g->weight);
		usleep(1000);
	}
}

/* Beside channels of the largest weight that never rest the smallest one goes on, and on. */
TEST_F(priority, nobody_starves)
{
	enum { LARGE = 4 };
	struct greedy g[LARGE + 1];
	bool stop = false;
	int i;

	for (i = 0; i <= LARGE; i++) {
		g[i] = (struct greedy) { .weight = i ? WD_WEIGHT_MAX : WD_WEIGHT_MIN, .stop = &stop };
		if (i)
			ASSERT_EQ(0, pthread_create(&g[i].thread, NULL, greedy, &g[i]));
	}
	for (i = 1; i <= LARGE; i++)
		wait_for(_metadata, &g[i], 1);
	ASSERT_EQ(0, pthread_create(&g[0].thread, NULL, greedy, &g[0]));
	for (i = 0; i < 3; i++)
		wait_for(_metadata, &g[0], 1);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i <= LARGE; i++) {
		pthread_join(g[i].thread, NULL);
		EXPECT_EQ(0, g[i].ret);
		TH_LOG("weight %u: %llu done", g[i].weight, (unsigned long long)g[i].done);
	}
}

/* Weights may change while there is work. */
TEST_F(priority, changed_all_the_time)
{
	struct greedy g = { .weight = WD_WEIGHT_DEFAULT };
	bool stop = false;
	uint32_t seed = 3;

	g.stop = &stop;
	ASSERT_EQ(0, pthread_create(&g.thread, NULL, greedy, &g));
	ASSERT_EQ(0, raw_start(&self->c));
	for (int i = 0; i < 300; i++) {
		ASSERT_EQ(0, set_weight(&self->c, 1 + raw_random(&seed) % WD_WEIGHT_MAX));
		ASSERT_EQ(0, raw_nop(&self->c));
	}
	wait_for(_metadata, &g, 1);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(g.thread, NULL);
	EXPECT_EQ(0, g.ret);
}

TEST_HARNESS_MAIN
