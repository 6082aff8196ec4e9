// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of the ring engine that need no device. */
#include <pthread.h>
#include <unistd.h>

#include "drivers/ring.h"
#include "drivers/workq.h"
#include "tap.h"

static void phase_of_each_round(void)
{
	CHECK(wd_ring_phase(0, 64) == 1);
	CHECK(wd_ring_phase(63, 64) == 1);
	CHECK(wd_ring_phase(64, 64) == 0);
	CHECK(wd_ring_phase(127, 64) == 0);
	CHECK(wd_ring_phase(128, 64) == 1);
	CHECK(wd_ring_phase(0, 1) == 1);
	CHECK(wd_ring_phase(1, 1) == 0);
	/* The wrap of the index is the end of a round of zeros. */
	CHECK(wd_ring_phase(UINT32_MAX, 64) == 0);
	CHECK(wd_ring_phase(UINT32_MAX + 1u, 64) == 1);
}

static void tags(void)
{
	CHECK(wd_ring_tag(0, 0) == 0);
	CHECK(wd_ring_tag(5, 1) == 0x100000005ULL);
	CHECK(wd_ring_tag(UINT32_MAX, UINT32_MAX) == UINT64_MAX);
}

static struct wd_chan_layout good_layout(void)
{
	return (struct wd_chan_layout){
		.size = sizeof(struct wd_chan_layout),
		.status_offset = 0,
		.sq_offset = 4096,
		.cq_offset = 8192,
		.sq_depth = 64,
		.cq_depth = 128,
		.max_len = 1 << 20,
		.streams = 16,
	};
}

static void layouts(void)
{
	struct wd_chan_layout l = good_layout();

	CHECK(wd_ring_layout_valid(&l, 12288));
	CHECK(!wd_ring_layout_valid(&l, 12287));
	l.sq_depth = 63;
	CHECK(!wd_ring_layout_valid(&l, 12288));
	l.sq_depth = 0;
	CHECK(!wd_ring_layout_valid(&l, 12288));
	l.sq_depth = 128;		/* reaches into the other ring */
	CHECK(!wd_ring_layout_valid(&l, 12288));
	l = good_layout();
	l.cq_offset = 8200;
	CHECK(!wd_ring_layout_valid(&l, 1 << 20));
	l.cq_offset = 0xffffffc0;
	CHECK(!wd_ring_layout_valid(&l, 1 << 20));
	l = good_layout();
	l.status_offset = 4096;
	CHECK(!wd_ring_layout_valid(&l, 12288));
	l = good_layout();
	l.cq_depth = 1u << 31;
	CHECK(!wd_ring_layout_valid(&l, 1 << 20));
	l = good_layout();
	l.max_len = 0;
	CHECK(!wd_ring_layout_valid(&l, 12288));
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wd_workq queue;
static int ran;

struct again {
	struct wd_work work;
	int times;
};

static void run_again(struct wd_work *work)
{
	struct again *a = (struct again *)work;

	pthread_mutex_lock(&lock);
	ran++;
	if (--a->times)
		wd_workq_push(&queue, work);
	pthread_mutex_unlock(&lock);
}

static void work_that_comes_back(void)
{
	struct again a[3] = {
		{ { .run = run_again }, 3 },
		{ { .run = run_again }, 1 },
		{ { .run = run_again }, 2 },
	};

	wd_workq_init(&queue);
	ran = 0;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < 3; i++)
		wd_workq_push(&queue, &a[i].work);
	CHECK(wd_workq_run(&queue, &lock, 1) == 1);
	CHECK(wd_workq_run(&queue, &lock, 0) == 3);
	wd_workq_cancel(&queue, &lock, &a[2].work);
	wd_workq_cancel(&queue, &lock, &a[2].work);
	CHECK(wd_workq_run(&queue, &lock, 7) == 1);
	CHECK(wd_workq_run(&queue, &lock, 0) == 0);
	CHECK(ran == 5);
	wd_workq_push(&queue, &a[0].work);
	wd_workq_push(&queue, &a[1].work);
	wd_workq_cancel(&queue, &lock, &a[1].work);	/* the tail */
	wd_workq_push(&queue, &a[2].work);
	wd_workq_cancel(&queue, &lock, &a[0].work);	/* the head */
	a[2].times = 1;
	CHECK(wd_workq_run(&queue, &lock, 0) == 1);
	CHECK(!queue.head && !queue.count);
	pthread_mutex_unlock(&lock);
	wd_workq_destroy(&queue);
}

struct slow {
	struct wd_work work;
	bool started, ended;
};

static void run_slow(struct wd_work *work)
{
	struct slow *s = (struct slow *)work;

	__atomic_store_n(&s->started, true, __ATOMIC_SEQ_CST);
	usleep(20000);
	__atomic_store_n(&s->ended, true, __ATOMIC_SEQ_CST);
}

static void *run_queue(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	wd_workq_run(&queue, &lock, 0);
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void cancel_waits_for_what_runs(void)
{
	struct slow s = { { .run = run_slow }, false, false };
	pthread_t thread;

	wd_workq_init(&queue);
	wd_workq_push(&queue, &s.work);
	CHECK(!pthread_create(&thread, NULL, run_queue, NULL));
	while (!__atomic_load_n(&s.started, __ATOMIC_SEQ_CST))
		usleep(100);
	pthread_mutex_lock(&lock);
	wd_workq_cancel(&queue, &lock, &s.work);
	CHECK(__atomic_load_n(&s.ended, __ATOMIC_SEQ_CST));
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	wd_workq_destroy(&queue);
}

/* As often as it was pushed, and while it runs nobody else gets it. */
static void serial_work(void)
{
	struct slow s = { { .run = run_slow, .serial = true }, false, false };
	pthread_t thread;

	wd_workq_init(&queue);
	for (int i = 0; i < 5; i++)
		wd_workq_push(&queue, &s.work);
	CHECK(queue.count == 5);
	pthread_mutex_lock(&lock);
	CHECK(wd_workq_run(&queue, &lock, 2) == 2 && queue.count == 3);
	pthread_mutex_unlock(&lock);

	s.started = false;
	CHECK(!pthread_create(&thread, NULL, run_queue, NULL));
	while (!__atomic_load_n(&s.started, __ATOMIC_SEQ_CST))
		usleep(100);
	pthread_mutex_lock(&lock);
	CHECK(queue.running && !queue.head && queue.count == 2);
	CHECK(wd_workq_run(&queue, &lock, 0) == 0);
	wd_workq_push(&queue, &s.work);
	CHECK(!queue.head && queue.count == 3);
	wd_workq_cancel(&queue, &lock, &s.work);
	CHECK(!queue.running && !queue.head && !queue.count);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	wd_workq_destroy(&queue);
}

static const struct tap_test tests[] = {
	TEST(phase_of_each_round),
	TEST(tags),
	TEST(layouts),
	TEST(work_that_comes_back),
	TEST(cancel_waits_for_what_runs),
	TEST(serial_work),
};

TAP_MAIN(tests)
