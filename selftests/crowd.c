// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several processes in the middle of work, with memory of all kinds, and something
 * ends it for all of them at once: in every mode. Nothing is lost, nobody hangs, and
 * nobody dies of it who was not killed.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE	4096UL
#define PEOPLE	3
#define LEN	(64UL << 10)
#define DEPTH	12

FIXTURE(crowd) {
	char bdf[32];
	char dir[512];
	int before;
	long pinned;
};

FIXTURE_VARIANT(crowd) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(crowd, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(crowd, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(crowd, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(crowd)
{
	if (geteuid())
		SKIP(return, "needs root");
	raw_select_mode(variant->mode);
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS)) TH_LOG("no device");
	snprintf(self->bdf, sizeof(self->bdf), "%s", raw_bdf());
	snprintf(self->dir, sizeof(self->dir), "%s", raw_pci());
	self->before = raw_available();
	self->pinned = raw_pinned();
}

/* Whatever a test did: every channel, page and pin is back, and the device works. */
FIXTURE_TEARDOWN(crowd)
{
	struct raw_chan c;
	struct raw_mem m;

	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
	if (strcmp(variant->mode, "sva"))
		EXPECT_EQ(0, raw_wait_reserved());
	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_mem_reserve(&c, &m, RAW_MEM_WORK));
	EXPECT_EQ(0, raw_mem_work(&c, &m, 1));
	raw_mem_unmap(&m);
	raw_close(&c);
}

/* ------------------------------------------------------------------ people */

/**
 * struct person - a process with two channels that work on the same memory
 * @c:        channels
 * @m:        reserved on the first
 * @s:        the same, as the second one has it
 * @imported: by the second
 * @src:      in @m
 * @dst:      in @m, for each channel
 */
struct person {
	struct raw_chan c[2];
	struct raw_mem m;
	struct raw_mem s;
	struct raw_mem imported;
	uint8_t *src;
	uint8_t *dst[2];
};

static int person_begin(struct person *p)
{
	int ret = raw_setup(&p->c[0]);

	if (!ret)
		ret = raw_setup(&p->c[1]);
	if (!ret)
		ret = raw_mem_reserve(&p->c[0], &p->m, 16 * LEN);
	if (!ret && !strcmp(raw_mode(), "sva"))
		p->s = p->m;
	else if (!ret)
		ret = raw_mem_share(&p->c[1], &p->s, &p->c[0], &p->m);
	if (!ret)
		ret = raw_mem_import(&p->c[1], &p->imported, raw_memory(LEN), LEN, 0);
	if (ret)
		return ret;
	p->src = raw_mem_take(&p->m, LEN);
	p->dst[0] = raw_mem_take(&p->m, 2 * LEN);
	p->dst[1] = raw_mem_take(&p->m, 2 * LEN);
	if (!p->src || !p->dst[0] || !p->dst[1])
		return -ENOMEM;
	raw_fill_text(p->src, LEN, getpid());
	return 0;
}

/* Both rings full of work that writes into reserved and imported memory. */
static int person_submit(struct person *p)
{
	struct wd_desc d;
	int ret = 0;

	for (int k = 0; k < 2 && !ret; k++) {
		for (int i = 0; i < DEPTH; i++) {
			d = raw_mem_deflate(k ? &p->s : &p->m, i % 3, 1 + i % 9, p->src, LEN,
					    p->dst[k], 2 * LEN);
			d.stream = i % 4;
			if (k && i % 2) {
				d.dst = p->imported.dma;
				d.dst_len = raw_dma_run(&p->imported, p->imported.va);
			}
			raw_put(&p->c[k], &d);
		}
		ret = raw_ring(&p->c[k]);
	}
	return ret;
}

/* Until the device ends it. Return: what it said. */
static int person_work(struct person *p)
{
	struct wd_cqe cqe;
	int ret;

	for (;;) {
		ret = person_submit(p);
		for (int i = 0; i < 2 * DEPTH && !ret; i++) {
			ret = raw_get(&p->c[i / DEPTH], &cqe, 3 * RAW_TIMEOUT_MS);
			if (!ret && cqe.status == WD_ST_ABORTED)
				ret = -EIO;
			if (!ret && cqe.status != WD_ST_OK && cqe.status != WD_ST_OVERFLOW)
				return -EPROTO;
		}
		if (ret)
			return ret;
	}
}

/* What is mapped is memory, whatever became of the device. */
static int person_look(struct person *p)
{
	memset(p->m.va, 1, p->m.size);
	memset(p->imported.va, 1, p->imported.size);
	return 0;
}

static void person_main(int told)
{
	struct person p = {};
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (person_begin(&p) || person_submit(&p))
		_exit(1);
	write(told, "x", 1);
	ret = person_work(&p);
	if (ret != -EIO && ret != -ENXIO)
		_exit(2);
	_exit(person_look(&p));
}

/* On return all of them work. */
static int crowd_begin(pid_t *pid)
{
	int told[2], ret = 0;
	char byte;

	if (pipe(told))
		return -errno;
	for (int i = 0; i < PEOPLE; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			close(told[0]);
			person_main(told[1]);
		}
	}
	close(told[1]);
	for (int i = 0; i < PEOPLE; i++)
		if (read(told[0], &byte, 1) != 1)
			ret = -EIO;
	close(told[0]);
	return ret;
}

static void kill_all(const pid_t *pid)
{
	for (int i = 0; i < PEOPLE; i++)
		kill(pid[i], SIGKILL);
}

/* @killed: by us; else each ends by itself, in peace. */
static void crowd_end(struct __test_metadata *_metadata, const pid_t *pid, bool killed)
{
	int status;

	for (int i = 0; i < PEOPLE; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(killed ? SIGKILL : 0, status);
	}
}

/* ------------------------------------------------------------------- ends */

TEST_F(crowd, killed)
{
	int rounds = raw_rounds(3, 50);
	uint32_t seed = 4;
	pid_t pid[PEOPLE] = {};

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, crowd_begin(pid));
		usleep(raw_random(&seed) % 30000);
		kill_all(pid);
		crowd_end(_metadata, pid, true);
		ASSERT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
		if (strcmp(variant->mode, "sva"))
			ASSERT_EQ(0, raw_wait_reserved());
		ASSERT_EQ(self->pinned, raw_wait_pinned(self->pinned));
	}
}

/* Half of the work is done by the time another program begins. */
TEST_F(crowd, exec)
{
	pid_t pid[PEOPLE] = {};
	int status;

	for (int i = 0; i < PEOPLE; i++) {
		pid[i] = fork();
		if (!pid[i]) {
			struct person p = {};

			if (person_begin(&p) || person_submit(&p))
				_exit(1);
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
	}
	for (int i = 0; i < PEOPLE; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

/*
 * Children have the files of their killed parents, and neither memory nor rights. The
 * channels last as long as they do.
 */
TEST_F(crowd, children_stay_behind)
{
	int told[2], status, child;
	pid_t pid;

	ASSERT_EQ(0, pipe(told));
	pid = fork();
	if (!pid) {
		struct person p = {};

		if (person_begin(&p) || person_submit(&p))
			_exit(1);
		child = fork();
		if (!child) {
			uint32_t weight = 1;

			if (ioctl(p.c[0].fd, WD_CMD_SET_PRIORITY, &weight) != -1 || errno != EPERM)
				child = -1;
			write(told[1], &child, sizeof(child));
			pause();
		}
		write(told[1], &child, sizeof(child));
		person_work(&p);
		_exit(2);
	}
	close(told[1]);
	child = 0;
	for (int i = 0; i < 2; i++) {
		int said = -1;

		ASSERT_EQ(sizeof(said), read(told[0], &said, sizeof(said)));
		ASSERT_LE(0, said) TH_LOG("the child may do something");
		child += said;
	}
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(self->before - 2, raw_available());
	kill(child, SIGKILL);
	EXPECT_LE(0, raw_wait_available(self->before, RAW_TIMEOUT_MS));
	close(told[0]);
}

TEST_F(crowd, unbound)
{
	pid_t pid[PEOPLE] = {};

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, crowd_begin(pid));
		usleep(i * 10000);
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
		crowd_end(_metadata, pid, false);
		EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
		ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	}
}

TEST_F(crowd, reset)
{
	pid_t pid[PEOPLE] = {};

	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, crowd_begin(pid));
		usleep(i * 10000);
		ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
		crowd_end(_metadata, pid, false);
	}
}

TEST_F(crowd, removed)
{
	pid_t pid[PEOPLE] = {};

	ASSERT_EQ(0, crowd_begin(pid));
	ASSERT_EQ(0, raw_write_in(self->dir, "remove", "1"));
	crowd_end(_metadata, pid, false);
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
	ASSERT_EQ(0, raw_write("/sys/bus/pci/rescan", "1"));
}

/* Killed and unbound at the same time. */
TEST_F(crowd, killed_and_unbound)
{
	pid_t pid[PEOPLE] = {};

	ASSERT_EQ(0, crowd_begin(pid));
	kill_all(pid);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	crowd_end(_metadata, pid, true);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
}

/* In use: it cannot be unloaded. Where it can the channels are dead. */
TEST_F(crowd, modules_unloaded)
{
	pid_t pid[PEOPLE] = {};

	ASSERT_EQ(0, crowd_begin(pid));
	EXPECT_NE(0, system("rmmod wd_accel 2>/dev/null"));
	EXPECT_NE(0, system("rmmod wd_uacce 2>/dev/null"));
	EXPECT_NE(0, system("rmmod wd_iommu 2>/dev/null"));
	if (system("rmmod wd_hw 2>/dev/null")) {
		kill_all(pid);
		crowd_end(_metadata, pid, true);
		return;
	}
	crowd_end(_metadata, pid, false);
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
	ASSERT_EQ(0, system("modprobe wd_hw"));
}

TEST_HARNESS_MAIN
