// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that goes away while the device works on it, pages that do not come,
 * answers that nobody reads; and SIGKILL at any moment of all that.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness.h"
#include "hostile_life.h"

#define CHILDREN	4

/* --------------------------------------------------------- answers ignored */

static int device_counts(struct life *l, struct raw_chan *c, struct wd_chan_state *state)
{
	hostile_syscalls(1);
	if (ioctl(c->fd, WD_CMD_GET_STATE, state))
		return hostile_fail(l->h, "no state: %s", strerror(errno));
	if (state->state != WD_CHAN_RUNNING)
		return hostile_fail(l->h, "state %u, error %u", state->state, state->error);
	return 0;
}

static void put_numbered(struct life *l, struct raw_chan *c, unsigned int n)
{
	struct wd_desc nop = { .opcode = WD_OP_NOP }, d;

	d = raw_deflate(WD_COMP_ZLIB, 1, l->w.text, 2000, l->w.lazy, WORK_PAGE);
	while (n--) {
		nop.tag = d.tag = c->tail;
		raw_put(c, c->tail % 32 ? &nop : &d);
		hostile_descriptors(1);
	}
	raw_ring(c);
}

/* Until the ring of answers is full; then nothing more may be taken. */
static int fill_up(struct life *l, struct raw_chan *c)
{
	int64_t end = raw_now_ns() + HOSTILE_HANG_MS * 1000000LL;
	uint32_t depth = c->layout.cq_depth;
	struct wd_chan_state state = {};

	put_numbered(l, c, depth);
	while (state.cq_tail != depth) {
		if (device_counts(l, c, &state))
			return -1;
		if (raw_now_ns() > end)
			return hostile_fail(l->h, "%u of %u answers", state.cq_tail, depth);
		sched_yield();
	}
	put_numbered(l, c, depth);
	usleep(hostile_below(&l->h->rng, 2000));
	if (device_counts(l, c, &state))
		return -1;
	if (state.sq_head != depth || state.cq_tail != depth)
		return hostile_fail(l->h, "%u taken, %u answered with room for %u",
				    state.sq_head, state.cq_tail, depth);
	return 0;
}

/* Late, but all of them, in order and once. */
static int read_late(struct life *l, struct raw_chan *c)
{
	struct wd_cqe cqe;

	for (uint32_t i = 0; i < 2 * c->layout.cq_depth; i++) {
		int ret = raw_get(c, &cqe, HOSTILE_HANG_MS);

		if (!ret)
			ret = raw_kick(c);
		if (ret || cqe.tag != i || cqe.status)
			return hostile_fail(l->h, "late answer %u: %s, tag %llu, status %#x", i,
					    strerror(-ret), cqe.tag, cqe.status);
	}
	return 0;
}

static int answers_ignored(struct life *l)
{
	unsigned int n = 1 + hostile_below(&l->h->rng, LIFE_CHANNELS), i;
	int ret = 0;

	if (life_open(l, n))
		return -1;
	for (i = 0; i < n && !ret; i++)
		ret = fill_up(l, &l->c[i]);
	for (i = 0; i < n && !ret; i++)
		if (hostile_chance(&l->h->rng, 2))
			ret = read_late(l, &l->c[i]);
	life_close(l, n);
	return ret;
}

/* -------------------------------------------------------------------- kill */

static int behave(struct hostile *h, life_fn *fn)
{
	static struct life l;
	int ret = life_begin(&l, h);

	while (!ret && hostile_go_on(h))
		ret = fn(&l);
	if (!ret && !work_intact(&l.w))
		ret = hostile_fail(h, "a source was written to");
	return ret;
}

static void misbehave(struct life *l, int *told)
{
	static life_fn * const any[] = {
		life_memory_taken_away, life_pages_withheld, life_file_system_dead,
		answers_ignored,
	};

	/* Only a process's own memory can be taken away; what is reserved is no child's. */
	bool own = hostile_mode() == HOSTILE_SVA;

	if (!own && life_begin(l, l->h))
		_exit(1);
	l->told = told;
	while (hostile_go_on(l->h))
		if ((own ? HOSTILE_PICK(&l->h->rng, any) : answers_ignored)(l))
			_exit(1);
	_exit(0);
}

/* The userfaultfd of a process, so that the end of that process does not answer its faults. */
static int hold_uffd(pid_t pid, const int *told)
{
	int fd = __atomic_load_n(told, __ATOMIC_ACQUIRE), pidfd, held;

	if (fd < 0)
		return -1;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	held = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	close(pidfd);
	return held;
}

/* A few processes that do all of the above are killed; soon nothing is left of them. */
static int kill_any_time(struct hostile *h)
{
	int *told = mmap(NULL, WORK_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int before = raw_available(), held[CHILDREN], status;
	static struct life l;
	pid_t pid[CHILDREN];

	l.h = h;
	if (hostile_mode() == HOSTILE_SVA && life_begin(&l, h))
		return -1;
	while (hostile_go_on(h)) {
		int n = 1 + hostile_below(&h->rng, CHILDREN), i;

		for (i = 0; i < n; i++) {
			told[i] = -1;
			pid[i] = hostile_fork();
			if (!pid[i]) {
				hostile_rng_init(&h->rng, h->round % 0x10000, 2 + 2 * i);
				hostile_rng_init(&l.rng, h->round % 0x10000, 3 + 2 * i);
				h->end = INT64_MAX;
				misbehave(&l, &told[i]);
			}
		}
		usleep(hostile_below(&h->rng, 60000));
		for (i = 0; i < n; i++)
			held[i] = hostile_chance(&h->rng, 2) ? hold_uffd(pid[i], &told[i]) : -1;
		for (i = 0; i < n; i++)
			kill(pid[i], SIGKILL);
		if (raw_wait_available(before, HOSTILE_HANG_MS) < 0)
			hostile_fail(h, "%d channels of %d are left", raw_available(), before);
		for (i = 0; i < n; i++) {
			if (waitpid(pid[i], &status, 0) == pid[i] && !WIFSIGNALED(status))
				hostile_fail(h, "a child ended with status %#x", status);
			if (held[i] >= 0)
				close(held[i]);
		}
	}
	return 0;
}

static int take_memory_away(struct hostile *h)
{
	return behave(h, life_memory_taken_away);
}

static int withhold_pages(struct hostile *h)
{
	return behave(h, life_pages_withheld);
}

static int kill_file_system(struct hostile *h)
{
	return behave(h, life_file_system_dead);
}

static int ignore_answers(struct hostile *h)
{
	return behave(h, answers_ignored);
}

FIXTURE(hostile) {};
FIXTURE_SETUP(hostile) {}
FIXTURE_TEARDOWN(hostile) {}

TEST_F_TIMEOUT(hostile, memory_taken_away, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_SVA, 2, take_memory_away));
}

TEST_F_TIMEOUT(hostile, pages_withheld, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_SVA, 2, withhold_pages));
}

TEST_F_TIMEOUT(hostile, file_system_dead, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_SVA, 2, kill_file_system));
}

TEST_F_TIMEOUT(hostile, answers_ignored, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_ALL, 2, ignore_answers));
}

TEST_F_TIMEOUT(hostile, killed_any_time, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_ALL, 1, kill_any_time));
}

HOSTILE_MAIN
