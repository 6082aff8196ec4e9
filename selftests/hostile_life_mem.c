// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of hostile_life that is about memory: it goes away, or does not come. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deadfs.h"
#include "hostile_life.h"

#define PAGE		WORK_PAGE
#define RW		(PROT_READ | PROT_WRITE)

/* Memory that is not what it was a moment ago: three areas in a row, and a place to move one to. */
#define AREA		((uint8_t *)0x300000000000UL)
#define AREA_LEN	(64 * PAGE)
#define AREAS		3
#define ELSEWHERE	(AREA + (AREAS + 1) * AREA_LEN)

static void map_areas(struct life *l)
{
	const int flags[AREAS] = { MAP_PRIVATE | MAP_ANONYMOUS, MAP_SHARED, MAP_PRIVATE };

	if (ftruncate(l->file, AREA_LEN))
		abort();
	for (int i = 0; i < AREAS; i++)
		mmap(AREA + i * AREA_LEN, AREA_LEN, RW, flags[i] | MAP_FIXED, l->file, 0);
}

int life_begin(struct life *l, struct hostile *h)
{
	int ret;

	l->h = h;
	hostile_rng_init(&l->rng, h->number, 1);
	l->uffd = -1;
	l->file = memfd_create("hostile", MFD_CLOEXEC);
	map_areas(l);
	ret = raw_setup(&l->c[0]);
	if (!ret)
		ret = work_init(&l->w, &l->c[0]);
	raw_close(&l->c[0]);
	return ret ? hostile_fail(h, "cannot begin: %s", strerror(-ret)) : 0;
}

int life_open(struct life *l, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++)
		ret = raw_setup(&l->c[i]);
	return ret ? hostile_fail(l->h, "no channel: %s", strerror(-ret)) : 0;
}

void life_close(struct life *l, unsigned int n)
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

int life_memory_taken_away(struct life *l)
{
	struct hostile_rng *r = &l->h->rng;
	unsigned int batches = 1 + hostile_below(r, 6), n, i;
	pthread_t thread;
	int ret = 0;

	if (life_open(l, 1))
		return -1;
	l->stop = false;
	map_areas(l);
	if (pthread_create(&thread, NULL, take_away, l))
		return hostile_fail(l->h, "no thread");
	while (batches-- && !ret) {
		n = 1 + hostile_below(r, 16);
		for (i = 0; i < n; i++) {
			if (hostile_chance(r, 4))
				work_sane(&l->w, r, &l->c[0].layout, i, &l->batch[i]);
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
	life_close(l, 1);
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

/* Some work that cannot go on, and some behind it. */
static void put_two(struct raw_chan *c, struct wd_desc d)
{
	struct wd_desc nop = { .opcode = WD_OP_NOP, .tag = 2 };

	d.tag = 1;
	raw_put(c, &d);
	raw_put(c, &nop);
	raw_ring(c);
	hostile_descriptors(2);
}

static int stall(struct life *l, unsigned int n)
{
	struct hostile_rng *r = &l->h->rng;
	struct pollfd pfd = { .fd = l->uffd, .events = POLLIN };

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *far = AREA + hostile_below(r, AREA_LEN / 2);

		put_two(&l->c[i], hostile_chance(r, 2) ?
			raw_deflate(WD_COMP_RAW, 1, far, AREA_LEN / 2, l->w.lazy, AREA_LEN) :
			raw_deflate(WD_COMP_RAW, 1, l->w.text, AREA_LEN, far, AREA_LEN / 2));
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

/* The work of a channel ends, now that pages come. */
static int await_one(struct life *l, struct raw_chan *c)
{
	int64_t end = raw_now_ns() + HOSTILE_HANG_MS * 1000000LL;
	struct wd_cqe cqe;

	for (uint64_t tag = 1; tag <= 2; tag++) {
		while (raw_peek(c, &cqe)) {
			if (c->status->state != WD_CHAN_RUNNING)
				return hostile_fail(l->h, "error %u", c->status->error);
			if (raw_now_ns() > end)
				return hostile_fail(l->h, "pages came, no answer did");
			if (l->uffd >= 0)
				answer(l, &l->h->rng);
			sched_yield();
		}
		raw_store_head(c, c->head);
		if (cqe.tag != tag || !work_is_status(cqe.status) || cqe.status == WD_ST_ABORTED ||
		    (tag == 2 && cqe.status))
			return hostile_fail(l->h, "answer %llu, status %#x", cqe.tag, cqe.status);
	}
	return 0;
}

static int await(struct life *l, unsigned int n)
{
	int ret = 0;

	for (unsigned int i = 0; i < n && !ret; i++)
		ret = await_one(l, &l->c[i]);
	return ret;
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

int life_pages_withheld(struct life *l)
{
	struct uffdio_range range = { .start = (uintptr_t)AREA, .len = AREA_LEN };
	unsigned int n = 1 + hostile_below(&l->h->rng, LIFE_CHANNELS);
	int ret;

	if (life_open(l, n) || watch(l) || stall(l, n))
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
	life_close(l, n);
	if (l->uffd >= 0)
		unwatch(l);
	return ret;
}

/* The same with a file, whose pages nobody can be kept from waiting for. */
int life_file_system_dead(struct life *l)
{
	unsigned int n = 1 + hostile_below(&l->h->rng, LIFE_CHANNELS), i;
	int64_t end = raw_now_ns() + HOSTILE_HANG_MS * 1000000LL;
	struct deadfs file;
	int ret = 0;

	/* Not all kernels have FUSE. */
	if (deadfs_begin(&file, LIFE_CHANNELS * PAGE))
		return life_pages_withheld(l);
	mmap(AREA, AREA_LEN, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.fd, 0);
	madvise(AREA, AREA_LEN, MADV_RANDOM);
	if (life_open(l, n))
		return -1;
	for (i = 0; i < n; i++)
		put_two(&l->c[i], raw_deflate(WD_COMP_RAW, 1, AREA + i * PAGE, PAGE,
					      l->w.lazy, AREA_LEN));
	while (!deadfs_reads(&file) && raw_now_ns() < end)
		usleep(100);
	if (!deadfs_reads(&file))
		ret = hostile_fail(l->h, "the device does not ask the file system");
	usleep(hostile_below(&l->h->rng, l->told ? 30000 : 2000));
	if (hostile_chance(&l->h->rng, 2))
		give_up(l, n);
	deadfs_end(&file);
	for (i = 0; i < n && !ret; i++)
		if (l->c[i].fd >= 0 && l->c[i].dus && l->c[i].status->state == WD_CHAN_RUNNING)
			ret = await_one(l, &l->c[i]);
	life_close(l, n);
	return ret;
}
