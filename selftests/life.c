// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of a channel's life, whatever comes in between, in every mode: SIGKILL,
 * exec, memory that is taken away under the device. Nothing may be left behind.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE	4096
#define LEN	(1UL << 20)

/* A channel, and memory for a source of @len and twice as much for what comes out. */
static int setup_with_memory(struct raw_chan *c, struct raw_mem *m, size_t len,
			     uint8_t **src, uint8_t **dst)
{
	int ret = raw_setup(c);

	/* Slices of physical memory end anywhere: there is room to begin behind one. */
	if (!ret)
		ret = raw_mem_reserve(c, m, 8 * len + 4 * PAGE);
	if (ret)
		return ret;
	*src = raw_mem_take(m, len);
	*dst = raw_mem_take(m, 2 * len);
	if (!*src || !*dst)
		return -ENOMEM;
	raw_fill_text(*src, len, getpid());
	return 0;
}

/* Keep a channel busy until the end of the process: NOPs and streams of @len. */
static void work_for_ever(int told, size_t len)
{
	struct wd_desc d, nop = { .opcode = WD_OP_NOP };
	uint8_t *src, *dst;
	struct raw_chan c;
	struct raw_mem m;
	struct wd_cqe cqe;
	int i;

	/* Not even a test that fails leaves it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setup_with_memory(&c, &m, len, &src, &dst))
		_exit(1);
	write(told, "x", 1);
	for (;;) {
		for (i = 0; i < 4; i++) {
			d = raw_mem_deflate(&m, i % 3, 1 + i * 2, src, len, dst, 2 * len);
			d.stream = i;
			raw_put(&c, &d);
			raw_put(&c, &nop);
		}
		if (raw_ring(&c))
			_exit(2);
		for (i = 0; i < 8; i++)
			if (raw_get(&c, &cqe, RAW_TIMEOUT_MS) || cqe.status)
				_exit(3);
	}
}

static pid_t busy_process(size_t len)
{
	int told[2];
	char byte;
	pid_t pid;

	if (pipe(told))
		return -1;
	pid = fork();
	if (!pid) {
		close(told[0]);
		work_for_ever(told[1], len);
	}
	close(told[1]);
	if (read(told[0], &byte, 1) != 1)
		pid = -1;
	close(told[0]);
	return pid;
}

FIXTURE(life) {
	int before;
};

FIXTURE_VARIANT(life) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(life, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(life, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(life, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(life)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	self->before = raw_available();
	ASSERT_LT(0, self->before);
}

/* Whatever a test did: the device is whole, and works. */
FIXTURE_TEARDOWN(life)
{
	struct raw_chan c;

	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	EXPECT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
	if (strcmp(variant->mode, "sva"))
		EXPECT_EQ(0, raw_wait_reserved());
}

TEST_F(life, kill_in_the_middle)
{
	int rounds = raw_rounds(12, 340), ms, worst = 0, status;
	uint32_t seed = 11;
	pid_t pid;

	for (int i = 0; i < rounds; i++) {
		pid = busy_process(i % 2 ? LEN : 3000);
		ASSERT_LT(0, pid);
		ASSERT_EQ(self->before - 1, raw_available());
		usleep(raw_random(&seed) % 30000);
		kill(pid, SIGKILL);
		ms = raw_wait_available(self->before, RAW_GONE_MS);
		ASSERT_LE(0, ms) TH_LOG("round %d", i);
		worst = ms > worst ? ms : worst;
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended with %#x", status);
	}
	TH_LOG("channels gone after %d ms at most", worst);
}

static int by_value(const void *a, const void *b)
{
	return (*(const long *)a > *(const long *)b) - (*(const long *)a < *(const long *)b);
}

FIXTURE(leaks) {};
FIXTURE_SETUP(leaks) {}
FIXTURE_TEARDOWN(leaks) {}

/*
 * Channels killed in the middle of work, in each mode in turn, five times over.
 * Anything may cost memory once; what leaks costs it each time. The DUS region, a
 * stream's state or reserved memory, if it were not given back, would be more than
 * 20 kB a channel.
 */
TEST_F_TIMEOUT(leaks, kills_leak_no_memory, 900)
{
	enum { TIMES = 5, MODES = 3 };
	static const char * const modes[MODES] = { "sva", "share", "noiommu" };
	const int rounds = raw_rounds(30, 400);
	long lost[TIMES], before, after, slab, vmalloc, pinned = raw_pinned();
	int available[MODES], status, i, t;
	pid_t pid;

	for (i = 0; i < MODES; i++) {
		ASSERT_EQ(0, raw_select_mode(modes[i])) TH_LOG("no device: %s", modes[i]);
		available[i] = raw_available();
	}
	before = raw_calm_memory();
	slab = raw_meminfo("SUnreclaim");
	vmalloc = raw_meminfo("VmallocUsed");
	for (t = 0; t < TIMES; t++) {
		for (i = 0; i < rounds; i++) {
			raw_select_mode(modes[i % MODES]);
			pid = busy_process(40000);
			ASSERT_LT(0, pid);
			kill(pid, SIGKILL);
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
			ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended with %#x", status);
			ASSERT_LE(0, raw_wait_available(available[i % MODES], RAW_GONE_MS));
			if (i % MODES)
				ASSERT_EQ(0, raw_wait_reserved());
		}
		after = raw_calm_memory();
		lost[t] = before - after;
		before = after;
	}
	slab = raw_meminfo("SUnreclaim") - slab;
	vmalloc = raw_meminfo("VmallocUsed") - vmalloc;
	qsort(lost, TIMES, sizeof(*lost), by_value);
	TH_LOG("lost %ld to %ld kB, median %ld; SUnreclaim %+ld kB, VmallocUsed %+ld kB",
	       lost[0], lost[TIMES - 1], lost[TIMES / 2], slab, vmalloc);
	EXPECT_GT(20 * rounds, lost[TIMES / 2]);
	EXPECT_GT(10 * rounds * TIMES, slab);
	EXPECT_GT(20 * rounds * TIMES, vmalloc);
	EXPECT_EQ(pinned, raw_wait_pinned(pinned));
}

TEST_F(life, exec_in_the_middle)
{
	int status;
	pid_t pid;

	for (int i = 0; i < 6; i++) {
		pid = fork();
		if (!pid) {
			uint8_t *src, *dst;
			struct wd_desc d;
			struct raw_chan c;
			struct raw_mem m;

			if (setup_with_memory(&c, &m, LEN, &src, &dst))
				_exit(1);
			for (int k = 0; k < 8; k++) {
				d = raw_mem_deflate(&m, WD_COMP_GZIP, 9, src, LEN, dst, 2 * LEN);
				raw_put(&c, &d);
			}
			raw_ring(&c);
			if (i % 2)
				usleep(1000 * i);
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
		ASSERT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	}
}

static void *sleeper(void *arg)
{
	char byte;

	read(*(int *)arg, &byte, 1);
	return NULL;
}

TEST_F(life, threads_of_the_killed)
{
	int status, told[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(told));
	pid = fork();
	if (!pid) {
		pthread_t t[4];
		int never[2];

		if (pipe(never))
			_exit(1);
		for (int i = 0; i < 4; i++)
			pthread_create(&t[i], NULL, sleeper, &never[0]);
		work_for_ever(told[1], LEN);
	}
	close(told[1]);
	ASSERT_EQ(1, read(told[0], &byte, 1));
	close(told[0]);
	usleep(5000);
	kill(pid, SIGKILL);
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
}

TEST_F(life, many_processes)
{
	enum { N = 16 };
	pid_t pid[N];
	int status;

	for (int i = 0; i < N; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		for (int round = 0; round < 3; round++) {
			uint8_t *src, *dst;
			struct raw_chan c;
			struct raw_mem m;
			struct wd_desc d;
			struct wd_cqe cqe;

			if (setup_with_memory(&c, &m, 30000, &src, &dst))
				_exit(1);
			raw_fill_text(src, 30000, i * 3 + round);
			d = raw_mem_deflate(&m, WD_COMP_GZIP, 6, src, 30000, dst, 60000);
			if (raw_do(&c, &d, &cqe) || cqe.status)
				_exit(2);
			d = raw_mem_inflate(&m, WD_COMP_GZIP, dst, cqe.produced, dst + 30000, 30000);
			if (raw_do(&c, &d, &cqe) || cqe.status || cqe.produced != 30000 ||
			    memcmp(src, dst + 30000, 30000))
				_exit(3);
			raw_mem_unmap(&m);
			raw_close(&c);
		}
		_exit(0);
	}
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

/* One mm, many channels: they share a PASID, and the last one takes it away. */
TEST_F(life, channels_of_one_process)
{
	struct raw_chan c[16];
	uint32_t seed = 9;
	int i;

	for (i = 0; i < 16; i++)
		ASSERT_EQ(0, raw_setup(&c[i]));
	for (i = 0; i < 200; i++) {
		int k = raw_random(&seed) % 16;

		ASSERT_EQ(0, raw_nop(&c[k]));
		raw_close(&c[k]);
		ASSERT_EQ(0, raw_setup(&c[k]));
	}
	for (i = 0; i < 16; i++)
		raw_close(&c[i]);
}

/* The file is closed while the regions are still mapped: the channel lives on in them. */
TEST_F(life, mapping_outlives_the_descriptor)
{
	struct raw_chan c;
	struct wd_desc d = { .opcode = WD_OP_NOP };
	struct wd_cqe cqe;
	int fd;

	ASSERT_EQ(0, raw_setup(&c));
	fd = dup(c.fd);
	close(c.fd);
	c.fd = fd;
	ASSERT_EQ(0, raw_nop(&c));
	/* As long as the engine is awake nothing but the mapping is needed. */
	close(c.fd);
	c.fd = -1;
	EXPECT_EQ(self->before - 1, raw_available());
	raw_put(&c, &d);
	raw_store_tail(&c, c.tail);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!c.status->need_kick)
		EXPECT_EQ(0, raw_get(&c, &cqe, RAW_TIMEOUT_MS));
	raw_unmap(&c);
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
}

/* ------------------------------------------------- memory is taken away */

/* Only a process's own memory can go: what is reserved or imported stays. */
FIXTURE(pages) {
	int before;
};

FIXTURE_SETUP(pages)
{
	ASSERT_EQ(0, raw_select_mode("sva")) TH_LOG("no device");
	self->before = raw_available();
}

FIXTURE_TEARDOWN(pages)
{
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
}

/* A fault, where the memory went, is an answer; nothing else may happen. */
static bool is_answer(const struct wd_cqe *cqe)
{
	return cqe->status == WD_ST_OK || cqe->status == WD_ST_FAULT_UNMAPPED;
}

TEST_F(pages, munmap_under_the_device)
{
	uint32_t seed = 5;
	struct raw_chan c;
	struct wd_cqe cqe;
	struct wd_desc d;
	int faults = 0;

	ASSERT_EQ(0, raw_setup(&c));
	for (int i = 0; i < 40; i++) {
		uint8_t *src = raw_memory(LEN), *dst = raw_memory(2 * LEN);

		raw_fill_text(src, LEN, i);
		d = raw_deflate(WD_COMP_ZLIB, 6, src, LEN, dst, 2 * LEN);
		raw_put(&c, &d);
		ASSERT_EQ(0, raw_ring(&c));
		usleep(raw_random(&seed) % 8000);
		munmap(src, LEN);
		munmap(dst, 2 * LEN);
		ASSERT_EQ(0, raw_get(&c, &cqe, RAW_TIMEOUT_MS));
		ASSERT_TRUE(is_answer(&cqe)) TH_LOG("status %#x", cqe.status);
		faults += cqe.status != WD_ST_OK;
	}
	TH_LOG("%d of 40 requests lost their memory", faults);
	EXPECT_LT(0, faults);
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

struct churn {
	uint8_t *p;
	bool stop;
};

/* Take the pages away and change their protection, again and again. */
static void *churn_pages(void *arg)
{
	struct churn *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		mprotect(s->p, LEN, PROT_READ);
		mprotect(s->p, LEN, PROT_READ | PROT_WRITE);
		madvise(s->p, LEN / 2, MADV_DONTNEED);
		sched_yield();
	}
	return NULL;
}

TEST_F(pages, pages_come_and_go)
{
	struct churn s = { .p = raw_memory(LEN) };
	uint8_t *dst = raw_memory(2 * LEN);
	struct raw_chan c;
	struct wd_cqe cqe;
	struct wd_desc d;
	pthread_t t;

	ASSERT_EQ(0, raw_setup(&c));
	raw_fill_text(s.p, LEN, 1);
	ASSERT_EQ(0, pthread_create(&t, NULL, churn_pages, &s));
	for (int i = 0; i < 10; i++) {
		d = raw_deflate(WD_COMP_RAW, 1, s.p, LEN, dst, 2 * LEN);
		ASSERT_EQ(0, raw_do(&c, &d, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(LEN, cqe.consumed);
	}
	s.stop = true;
	pthread_join(t, NULL);
	raw_close(&c);
}

TEST_HARNESS_MAIN
