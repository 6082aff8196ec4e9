// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that goes away while the device works on it, pages that do not come,
 * answers that nobody reads; and SIGKILL at any moment of all that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <kselftest_harness.h>

#include "hostile.h"
#include "hostile_work.h"

#define PAGE		WORK_PAGE
#define RW		(PROT_READ | PROT_WRITE)

/* Memory that is not what it was a moment ago: three areas in a row, and a place to move one to. */
#define AREA		((uint8_t *)0x300000000000UL)
#define AREA_LEN	(64 * PAGE)
#define AREAS		3
#define ELSEWHERE	(AREA + (AREAS + 1) * AREA_LEN)

#define CHANNELS	6
#define CHILDREN	4

/**
 * struct life - an attacker
 * @h:     what it is to the others
 * @w:     memory that stays
 * @c:     channels
 * @file:  behind the second area
 * @uffd:  withholds pages of the first area; -1: none
 * @told:  the same, for the process that will kill this one
 * @batch: what @c[0] works on
 * @rng:   of the thread that takes memory away
 * @stop:  it
 */
struct life {
	struct hostile *h;
	struct work w;
	struct raw_chan c[CHANNELS];
	int file;
	int uffd;
	int *told;
	struct work_desc batch[WORK_SLOTS];
	struct hostile_rng rng;
	bool stop;
};

static void map_areas(struct life *l)
{
	const int flags[AREAS] = { MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED, MAP_PRIVATE };

	if (ftruncate(l->file, AREA_LEN))
		abort();
	for (int i = 0; i < AREAS; i++)
		mmap(AREA + i * AREA_LEN, AREA_LEN, RW, flags[i] | MAP_FIXED, l->file, 0);
}

static int begin(struct life *l, struct hostile *h)
{
	int ret;

	l->h = h;
	l->uffd = -1;
	l->file = memfd_create("hostile", MFD_CLOEXEC);
	map_areas(l);
	ret = raw_setup(&l->c[0]);
	if (!ret)
		ret = work_init(&l->w, &l->c[0]);
	raw_close(&l->c[0]);
	return ret ? hostile_fail(h, "cannot begin: %s", strerror(-ret)) : 0;
}

static int open_some(struct life *l, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++)
		ret = raw_setup(&l->c[i]);
	return ret ? hostile_fail(l->h, "no channel: %s", strerror(-ret)) : 0;
}

static void close_some(struct life *l, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		raw_close(&l->c[i]);
}

/* --------------------------------------------------- memory is taken away */

static void take_away_once(struct life *l, struct hostile_rng *r)
{
	uint8_t *p = AREA + hostile_below(r, AREAS * AREA_LEN / PAGE) * PAGE;
	size_t len = (1 + hostile_below(r, 32)) * PAGE, left = AREA + AREAS * AREA_LEN - p;
	static const int advice[] = { MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, MADV_COLLAPSE, MADV_REMOVE };
	pid_t pid;

	if (len > left)
		len = left;
	switch (hostile_below(r, 10)) {
	case 0:
		munmap(p, len);
		break;
	case 1:
		mprotect(p, len, hostile_below(r, 4));
		break;
	case 2:
		if (ftruncate(l->file, hostile_below(r, AREA_LEN)))
			abort();
		break;
	case 3:
		fallocate(l->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  hostile_below(r, AREA_LEN), len);
		break;
	case 4:
		mremap(p, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE);
		break;
	case 5:
		/* Pages of a child: the device's stores must break the sharing. */
		pid = hostile_chance(r, 4) ? fork() : -1;
		if (!pid)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
		break;
	default:
		madvise(p, len, HOSTILE_PICK(r, advice));
	}
	hostile_syscalls(1);
}

static void *take_away(void *arg)
{
	struct life *l = arg;

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED)) {
		take_away_once(l, &l->rng);
		if (hostile_chance(&l->rng, 4))
			map_areas(l);
		if (hostile_chance(&l->rng, 2))
			usleep(hostile_below(&l->rng, 500));
	}
	return NULL;
}

/* Work whose source or destination, or both, may be gone. */
static void area_work(struct life *l, unsigned int slot, struct work_desc *wd)
{
	struct hostile_rng *r = &l->h->rng;
	uint8_t *place = l->w.slots + slot * WORK_SLOT_STRIDE;
	uint8_t *src = AREA + hostile_below(r, AREAS * AREA_LEN);
	uint8_t *dst = AREA + hostile_below(r, AREAS * AREA_LEN);
	unsigned int how = hostile_below(r, 3);
	size_t len = 1 + hostile_below(r, AREA_LEN);

	*wd = (struct work_desc) { .slot = how == 1 ? place : NULL };
	if (how == 0)
		src = l->w.text + hostile_below(r, WORK_TEXT_LEN / 2);
	if (how == 1)
		dst = place;
	wd->d = hostile_below(r, 4) ?
		raw_deflate(hostile_below(r, 3), hostile_below(r, 10), src, len, dst, len) :
		raw_inflate(hostile_below(r, 3), src, len, dst, len);
	wd->d.stream = hostile_below(r, 2);
	wd->d.tag = (uint64_t)hostile_random(r) << 32 | slot;
}

static int collect(struct life *l, unsigned int n)
{
	struct wd_cqe cqe = {};
	const char *wrong;

	for (unsigned int i = 0; i < n; i++) {
		int ret = raw_get(&l->c[0], &cqe, HOSTILE_HANG_MS);

		if (ret)
			return hostile_fail(l->h, "answer %u of %u: %s", i, n, strerror(-ret));
		wrong = work_check(&l->w, &l->c[0], &l->batch[i], &cqe);
		if (wrong)
			return hostile_fail(l->h, "%s: src %#llx+%#x dst %#llx+%#x, status %#x info %#llx",
					    wrong, l->batch[i].d.src, l->batch[i].d.src_len,
					    l->batch[i].d.dst, l->batch[i].d.dst_len, cqe.status, cqe.info);
	}
	return 0;
}

static int memory_taken_away(struct life *l)
{
	struct hostile_rng *r = &l->h->rng;
	unsigned int batches = 1 + hostile_below(r, 6), n, i;
	pthread_t thread;
	int ret = 0;

	if (open_some(l, 1))
		return -1;
	l->stop = false;
	map_areas(l);
	if (pthread_create(&thread, NULL, take_away, l))
		return hostile_fail(l->h, "no thread");
	while (batches-- && !ret) {
		n = 1 + hostile_below(r, 16);
		for (i = 0; i < n; i++) {
			if (hostile_chance(r, 4))
				work_sane(&l->w, r, i, &l->batch[i]);
			else
				area_work(l, i, &l->batch[i]);
			raw_put(&l->c[0], &l->batch[i].d);
		}
		hostile_descriptors(n);
		raw_ring(&l->c[0]);
		ret = collect(l, n);
	}
	__atomic_store_n(&l->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	close_some(l, 1);
	return ret;
}

/* ---------------------------------------------------------- pages withheld */

static int watch(struct life *l)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)AREA, .len = AREA_LEN },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	map_areas(l);
	l->uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (l->uffd < 0 || ioctl(l->uffd, UFFDIO_API, &api) || ioctl(l->uffd, UFFDIO_REGISTER, &reg))
		return hostile_fail(l->h, "no userfaultfd: %s", strerror(errno));
	if (l->told)
		__atomic_store_n(l->told, l->uffd, __ATOMIC_RELEASE);
	return 0;
}

static void unwatch(struct life *l)
{
	if (l->told)
		__atomic_store_n(l->told, -1, __ATOMIC_RELEASE);
	close(l->uffd);
	l->uffd = -1;
}

/* Every channel has some work that cannot go on, and some behind it. */
static int stall(struct life *l, unsigned int n)
{
	struct hostile_rng *r = &l->h->rng;
	struct pollfd pfd = { .fd = l->uffd, .events = POLLIN };
	struct wd_desc nop = { .opcode = WD_OP_NOP, .tag = 2 };
	struct wd_desc d;

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *far = AREA + hostile_below(r, AREA_LEN / 2);

		d = hostile_chance(r, 2) ?
		    raw_deflate(WD_COMP_RAW, 1, far, AREA_LEN / 2, l->w.lazy, AREA_LEN) :
		    raw_deflate(WD_COMP_RAW, 1, l->w.text, AREA_LEN, far, AREA_LEN / 2);
		d.tag = 1;
		raw_put(&l->c[i], &d);
		raw_put(&l->c[i], &nop);
		raw_ring(&l->c[i]);
		hostile_descriptors(2);
	}
	if (poll(&pfd, 1, HOSTILE_HANG_MS) != 1)
		return hostile_fail(l->h, "the device does not ask for a page");
	return 0;
}

/* One of the answers that a handler of page faults may give. */
static void answer(struct life *l, struct hostile_rng *r)
{
	struct uffd_msg msg;
	struct uffdio_copy copy = { .src = (uintptr_t)l->w.text, .len = PAGE };
	struct uffdio_zeropage zero = { .range.len = PAGE };
	struct uffdio_range range = { .len = PAGE };

	if (read(l->uffd, &msg, sizeof(msg)) != sizeof(msg))
		return;
	copy.dst = msg.arg.pagefault.address & ~(PAGE - 1);
	zero.range.start = copy.dst;
	range.start = copy.dst;
	switch (hostile_below(r, 4)) {
	case 0:
		ioctl(l->uffd, UFFDIO_ZEROPAGE, &zero);
		break;
	case 1:
		/* No page, but a reason to ask again. */
		ioctl(l->uffd, UFFDIO_WAKE, &range);
		break;
	default:
		ioctl(l->uffd, UFFDIO_COPY, &copy);
	}
}

/* All work ends, now that pages come. */
static int await(struct life *l, unsigned int n)
{
	int64_t end = raw_now_ns() + HOSTILE_HANG_MS * 1000000LL;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < n; i++) {
		for (uint64_t tag = 1; tag <= 2; tag++) {
			while (raw_peek(&l->c[i], &cqe)) {
				if (l->c[i].status->state != WD_CHAN_RUNNING)
					return hostile_fail(l->h, "error %u", l->c[i].status->error);
				if (raw_now_ns() > end)
					return hostile_fail(l->h, "pages came, no answer did");
				if (l->uffd >= 0)
					answer(l, &l->h->rng);
				sched_yield();
			}
			raw_store_head(&l->c[i], l->c[i].head);
			if (cqe.tag != tag || !work_is_status(cqe.status) || cqe.status == WD_ST_ABORTED ||
			    (tag == 2 && cqe.status))
				return hostile_fail(l->h, "answer %llu, status %#x", cqe.tag, cqe.status);
		}
	}
	return 0;
}

/* With the work still waiting, channels are ended in one of the ways there are. */
static void give_up(struct life *l, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		switch (hostile_below(&l->h->rng, 3)) {
		case 0:
			ioctl(l->c[i].fd, UACCE_CMD_PUT_Q);
			break;
		case 1:
			raw_unmap(&l->c[i]);
			break;
		default:
			raw_close(&l->c[i]);
		}
		hostile_syscalls(1);
	}
}

static int pages_withheld(struct life *l)
{
	struct uffdio_range range = { .start = (uintptr_t)AREA, .len = AREA_LEN };
	unsigned int n = 1 + hostile_below(&l->h->rng, CHANNELS);
	int ret;

	if (open_some(l, n) || watch(l) || stall(l, n))
		return -1;
	/* Long enough to be killed meanwhile, where that is to come. */
	usleep(hostile_below(&l->h->rng, l->told ? 30000 : 2000));
	switch (hostile_below(&l->h->rng, 5)) {
	case 0:
		ret = await(l, n);
		break;
	case 1:
		ioctl(l->uffd, UFFDIO_UNREGISTER, &range);
		ret = await(l, n);
		break;
	case 2:
		unwatch(l);
		ret = await(l, n);
		break;
	case 3:
		munmap(AREA, AREA_LEN);
		ioctl(l->uffd, UFFDIO_WAKE, &range);
		ret = await(l, n);
		break;
	default:
		give_up(l, n);
		ret = 0;
	}
	close_some(l, n);
	if (l->uffd >= 0)
		unwatch(l);
	return ret;
}

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

	d = raw_deflate(WD_COMP_ZLIB, 1, l->w.text, 2000, l->w.lazy, PAGE);
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
	unsigned int n = 1 + hostile_below(&l->h->rng, CHANNELS), i;
	int ret = 0;

	if (open_some(l, n))
		return -1;
	for (i = 0; i < n && !ret; i++)
		ret = fill_up(l, &l->c[i]);
	for (i = 0; i < n && !ret; i++)
		if (hostile_chance(&l->h->rng, 2))
			ret = read_late(l, &l->c[i]);
	close_some(l, n);
	return ret;
}

/* -------------------------------------------------------------------- kill */

typedef int behaviour(struct life *l);

static int behave(struct hostile *h, behaviour *b)
{
	static struct life l;
	int ret = begin(&l, h);

	while (!ret && hostile_go_on(h))
		ret = b(&l);
	if (!ret && !work_intact(&l.w))
		ret = hostile_fail(h, "a source was written to");
	return ret;
}

static void misbehave(struct life *l, int *told)
{
	static behaviour * const any[] = { memory_taken_away, pages_withheld, answers_ignored };

	l->told = told;
	while (hostile_go_on(l->h))
		if (HOSTILE_PICK(&l->h->rng, any)(l))
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
	int *told = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int before = raw_available(), held[CHILDREN], status;
	static struct life l;
	pid_t pid[CHILDREN];

	if (begin(&l, h))
		return -1;
	while (hostile_go_on(h)) {
		int n = 1 + hostile_below(&h->rng, CHILDREN), i;

		for (i = 0; i < n; i++) {
			told[i] = -1;
			pid[i] = hostile_fork();
			if (!pid[i]) {
				hostile_rng_init(&h->rng, h->round % 0x10000, 1 + i);
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
	return behave(h, memory_taken_away);
}

static int withhold_pages(struct hostile *h)
{
	return behave(h, pages_withheld);
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
	ASSERT_EQ(0, hostile_attack(2, take_memory_away));
}

TEST_F_TIMEOUT(hostile, pages_withheld, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(2, withhold_pages));
}

TEST_F_TIMEOUT(hostile, answers_ignored, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(2, ignore_answers));
}

TEST_F_TIMEOUT(hostile, killed_any_time, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(1, kill_any_time));
}

HOSTILE_MAIN
