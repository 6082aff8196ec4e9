// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls in any order, with any arguments, by several threads and their
 * children on the same files and the same memory, while the device works there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <poll.h>

#include "harness.h"
#include "cover.h"
#include "hostile.h"
#include "hostile_calls.h"

#define THREADS		3
#define PAGE		CALLS_PAGE

/* ---------------------------------------------------------------- choices */

int calls_fd(struct calls *x)
{
	return __atomic_load_n(&x->p->fds[hostile_below(&x->rng, CALLS_FDS)], __ATOMIC_RELAXED);
}

/* What was in the place is closed, or lost: then the end of the round closes it. */
void calls_keep_fd_at(struct calls *x, unsigned int i, int fd)
{
	CALL(x, close(__atomic_exchange_n(&x->p->fds[i], fd, __ATOMIC_RELAXED)));
}

void calls_keep_fd(struct calls *x, int fd)
{
	if (fd >= 0)
		calls_keep_fd_at(x, hostile_below(&x->rng, CALLS_FDS), fd);
}

uint8_t *calls_address(struct calls *x)
{
	uint8_t *p = CALLS_BASE + hostile_below(&x->rng, CALLS_PLACES) * CALLS_PLACE;

	if (hostile_chance(&x->rng, 3))
		p += hostile_below(&x->rng, CALLS_PLACE / PAGE) * PAGE;
	return p;
}

size_t calls_len(struct calls *x)
{
	switch (hostile_below(&x->rng, 6)) {
	case 0:
		return PAGE;
	case 1:
	case 2:
		return x->p->dus_size;
	case 3:
		return hostile_random(&x->rng) >> hostile_below(&x->rng, 32);
	default:
		return (1 + hostile_below(&x->rng, 16)) * PAGE;
	}
}

/* Where a call reads or writes: good, bad, or in a channel's regions. */
static void *any_pointer(struct calls *x)
{
	static uint8_t good[4096];
	static void * const bad[] = {
		NULL, (void *)1, (void *)-1, (void *)0xffffffff81000000, (void *)0x800000000000,
	};

	switch (hostile_below(&x->rng, 4)) {
	case 0:
		return HOSTILE_PICK(&x->rng, bad);
	case 1:
		return calls_address(x) + hostile_below(&x->rng, 128);
	default:
		return good;
	}
}

/* ---------------------------------------------------------- files and calls */

static void op_open(struct calls *x)
{
	static const int flags[] = {
		O_RDWR, O_RDWR, O_RDWR | O_CLOEXEC, O_RDONLY, O_WRONLY, O_PATH,
		O_RDWR | O_NONBLOCK, O_RDWR | O_TRUNC | O_APPEND,
	};
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", calls_fd(x));
	calls_keep_fd(x, CALL(x, open(hostile_chance(&x->rng, 5) ? path : x->p->node,
				HOSTILE_PICK(&x->rng, flags))));
}

static void op_close(struct calls *x)
{
	int fd = __atomic_exchange_n(&x->p->fds[hostile_below(&x->rng, CALLS_FDS)], -1, __ATOMIC_RELAXED);

	CALL(x, close(fd));
}

static void op_ioctl(struct calls *x)
{
	static const unsigned long known[] = {
		UACCE_CMD_START_Q, UACCE_CMD_START_Q, WD_CMD_KICK, WD_CMD_GET_LAYOUT,
		WD_CMD_GET_STATE, WD_CMD_GET_STATE, UACCE_CMD_PUT_Q, WD_CMD_SET_PRIORITY,
		WD_CMD_SHARE, WD_CMD_IMPORT, WD_CMD_GET_SLICES, WD_CMD_DROP,
	};

	CALL(x, ioctl(calls_fd(x), HOSTILE_PICK(&x->rng, known), any_pointer(x)));
}

static void op_ioctl_random(struct calls *x)
{
	static const unsigned long other[] = { FIONBIO, FIOASYNC, FIOCLEX, FIONCLEX, FIGETBSZ, FIBMAP };
	unsigned long cmd = _IOC(hostile_below(&x->rng, 4), 'W', hostile_below(&x->rng, 64),
				 hostile_below(&x->rng, 100));

	if (hostile_chance(&x->rng, 3))
		cmd = HOSTILE_PICK(&x->rng, other);
	else if (hostile_chance(&x->rng, 3))
		cmd = hostile_random(&x->rng);
	CALL(x, ioctl(calls_fd(x), cmd, any_pointer(x)));
}

static void op_dup(struct calls *x)
{
	int fd = calls_fd(x), to = calls_fd(x);

	switch (hostile_below(&x->rng, 4)) {
	case 0:
		calls_keep_fd(x, CALL(x, dup(fd)));
		break;
	case 1:
		calls_keep_fd(x, CALL(x, fcntl(fd, F_DUPFD_CLOEXEC, 20)));
		break;
	default:
		if (to >= 0)
			CALL(x, dup2(fd, to));
	}
}

static void op_fcntl(struct calls *x)
{
	int fd = calls_fd(x);

	switch (hostile_below(&x->rng, 6)) {
	case 0:
		CALL(x, fcntl(fd, F_SETFL, hostile_random(&x->rng) & (O_NONBLOCK | O_ASYNC | O_APPEND)));
		break;
	case 1:
		CALL(x, fcntl(fd, F_SETFD, hostile_below(&x->rng, 2)));
		break;
	case 2:
		CALL(x, fcntl(fd, F_SETOWN, getpid()));
		break;
	case 3:
		CALL(x, fcntl(fd, F_SETLEASE, (int)hostile_below(&x->rng, 3)));
		break;
	case 4:
		CALL(x, flock(fd, LOCK_NB | (hostile_chance(&x->rng, 2) ? LOCK_EX : LOCK_UN)));
		break;
	default:
		CALL(x, fcntl(fd, F_GETPIPE_SZ));
	}
}

static void op_read_write(struct calls *x)
{
	int fd = calls_fd(x);
	void *p = any_pointer(x);
	size_t len = hostile_below(&x->rng, 4096);

	switch (hostile_below(&x->rng, 8)) {
	case 0:
		CALL(x, read(fd, p, len));
		break;
	case 1:
		CALL(x, write(fd, p, len));
		break;
	case 2:
		CALL(x, pread(fd, p, len, hostile_random(&x->rng)));
		break;
	case 3:
		CALL(x, lseek(fd, hostile_random(&x->rng), hostile_below(&x->rng, 5)));
		break;
	case 4:
		CALL(x, ftruncate(fd, hostile_random(&x->rng)));
		break;
	case 5:
		CALL(x, fallocate(fd, hostile_below(&x->rng, 4), 0, PAGE));
		break;
	case 6:
		CALL(x, sendfile(calls_fd(x), fd, NULL, len));
		break;
	default:
		CALL(x, fsync(fd));
	}
}

static void op_poll(struct calls *x)
{
	struct pollfd pfd[3];
	struct epoll_event event = { .events = hostile_random(&x->rng) & ~(EPOLLEXCLUSIVE | EPOLLWAKEUP) };

	for (int i = 0; i < 3; i++)
		pfd[i] = (struct pollfd) { .fd = calls_fd(x), .events = hostile_random(&x->rng) };
	switch (hostile_below(&x->rng, 4)) {
	case 0:
		CALL(x, poll(pfd, 3, hostile_below(&x->rng, 3)));
		break;
	case 1:
		CALL(x, epoll_ctl(x->p->epoll, EPOLL_CTL_ADD + hostile_below(&x->rng, 3), pfd[0].fd, &event));
		break;
	case 2:
		CALL(x, epoll_wait(x->p->epoll, &event, 1, hostile_below(&x->rng, 2)));
		break;
	default:
		CALL(x, poll(pfd, 3, 0));
	}
}

/* A file goes through a socket; or it stays there, and ends with it. */
static void op_send_fd(struct calls *x)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control.buf, .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int s[2], fd = calls_fd(x);

	if (CALL(x, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, s)))
		return;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	CALL(x, sendmsg(s[0], &msg, 0));
	if (hostile_chance(&x->rng, 2) && CALL(x, recvmsg(s[1], &msg, 0)) == 1 &&
	    CMSG_FIRSTHDR(&msg)) {
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
		calls_keep_fd(x, fd);
	}
	CALL(x, close(s[0]));
	CALL(x, close(s[1]));
}

static void op_read_text(struct calls *x)
{
	static const char * const attrs[] = {
		"api", "flags", "available_instances", "algorithms", "region_mmio_size",
		"region_dus_size", "isolate", "isolate_strategy", "uevent", "dev",
	};
	char path[600], buf[4096];
	int fd;

	switch (hostile_below(&x->rng, 4)) {
	case 0:
		snprintf(path, sizeof(path), "%s/%s", x->p->sysfs, HOSTILE_PICK(&x->rng, attrs));
		break;
	case 1:
		snprintf(path, sizeof(path), "/proc/self/maps");
		break;
	default:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", calls_fd(x));
	}
	fd = CALL(x, open(path, O_RDONLY | O_CLOEXEC));
	if (fd < 0)
		return;
	CALL(x, read(fd, buf, sizeof(buf)));
	CALL(x, close(fd));
}

/* Every channel that is left. */
static void op_open_all(struct calls *x)
{
	int fds[200], n = 0;

	if (!hostile_chance(&x->rng, 300))
		return;
	while (n < 200 && (fds[n] = CALL(x, syscall(SYS_openat, AT_FDCWD, x->p->node, O_RDWR))) >= 0)
		n++;
	while (n)
		CALL(x, close(fds[--n]));
}

/* -------------------------------------------------------------- processes */

static void some_ops(struct calls *x, unsigned int n);

static int other_stack(void *arg)
{
	some_ops(arg, 3);
	_exit(0);
}

/* A child that shares files; then one that shares memory as well, and so may call. */
static void op_fork(struct calls *x)
{
	uint32_t us = hostile_below(&x->rng, 2000);
	unsigned int how = hostile_below(&x->rng, 8);
	pid_t pid;

	if (x->depth || !hostile_chance(&x->rng, 6))
		return;
	x->depth++;
	pid = how == 7 ? CALL(x, clone(other_stack, x->stack + sizeof(x->stack),
				       CLONE_VM | CLONE_VFORK | SIGCHLD, x)) : CALL(x, fork());
	if (!pid) {
		hostile_syscalls(x->count);
		x->count = 0;
		some_ops(x, how < 6 ? 20 : 0);
		hostile_syscalls(x->count);
		if (!how)
			execl("/bin/true", "true", NULL);
		else if (how == 1)
			pause();
		_exit(0);
	}
	x->depth--;
	if (pid < 0)
		return;
	if (how == 1 || how == 2) {
		usleep(us);
		CALL(x, kill(pid, SIGKILL));
	}
	CALL(x, waitpid(pid, NULL, 0));
}

/* ----------------------------------------------------------------- threads */

typedef void op_fn(struct calls *x);

/* What opens and closes takes longest by far: the rest is there more than once. */
static op_fn * const ops[] = {
	op_open, op_open_all, op_close, op_fork, calls_proper_channel,
	op_ioctl, op_ioctl, op_ioctl, op_ioctl, op_ioctl_random, op_ioctl_random,
	op_dup, op_dup, op_fcntl, op_fcntl, op_read_write, op_read_write,
	op_poll, op_poll, op_poll, op_send_fd, op_read_text, op_read_text,
	calls_submit, calls_submit, calls_submit, calls_submit, calls_submit, calls_submit,
	calls_mmap, calls_mmap, calls_mmap, calls_mmap, calls_munmap, calls_munmap,
	calls_mremap, calls_mremap, calls_madvise, calls_madvise, calls_madvise,
	calls_mprotect, calls_mprotect, calls_mprotect,
	calls_other_memory, calls_other_memory, calls_other_memory,
	calls_touch, calls_touch, calls_touch, calls_touch, calls_reach_in, calls_reach_in,
	calls_uffd, calls_of_memory, calls_of_memory, calls_of_memory, calls_of_memory,
};

static void some_ops(struct calls *x, unsigned int n)
{
	while (n--)
		HOSTILE_PICK(&x->rng, ops)(x);
}

static void *thread(void *arg)
{
	struct calls *x = arg;

	cover_thread_begin();
	calls_proper_channel(x);
	calls_proper_channel(x);
	while (raw_now_ns() < x->p->end) {
		some_ops(x, 50);
		cover_thread_collect();
		hostile_syscalls(x->count);
		x->count = 0;
	}
	cover_thread_end();
	return NULL;
}

/*
 * All areas are gone: none may be counted any more, or the region could not be
 * mapped again.
 */
static int check_areas(struct hostile *h, struct calls_process *p)
{
	if (munmap(CALLS_BASE, CALLS_PLACES * CALLS_PLACE))
		return hostile_fail(h, "areas stay: %s", strerror(errno));
	for (int i = 0; i < CALLS_FDS; i++) {
		for (int region = 0; region < 2; region++) {
			size_t len = region ? p->dus_size : PAGE;
			void *q = mmap(NULL, len, PROT_READ, MAP_SHARED, p->fds[i], region * PAGE);

			if (q == MAP_FAILED && errno == EEXIST)
				return hostile_fail(h, "region %d counts an area that is gone", region);
			if (q != MAP_FAILED)
				munmap(q, len);
		}
	}
	return 0;
}

static int any_calls(struct hostile *h)
{
	static struct calls_process p;
	static struct calls x[THREADS];
	pthread_t t[THREADS];
	uint64_t round = 0;

	calls_begin(&p);
	/* A few times from new: else all is closed and unmapped one day. */
	while (hostile_go_on(h)) {
		for (int i = 0; i < CALLS_FDS; i++)
			p.fds[i] = -1;
		p.epoll = epoll_create1(EPOLL_CLOEXEC);
		p.end = raw_now_ns() + 500000000;
		for (int i = 0; i < THREADS; i++) {
			hostile_rng_init(&x[i].rng, h->number, round++);
			x[i].p = &p;
			if (pthread_create(&t[i], NULL, thread, &x[i]))
				return hostile_fail(h, "no thread");
		}
		for (int i = 0; i < THREADS; i++)
			pthread_join(t[i], NULL);
		if (check_areas(h, &p))
			return -1;
		close_range(STDERR_FILENO + 1, ~0U, 0);
	}
	return 0;
}

FIXTURE(hostile) {};
FIXTURE_SETUP(hostile) {}
FIXTURE_TEARDOWN(hostile) {}

TEST_F_TIMEOUT(hostile, any_calls, hostile_limit())
{
	cover_begin();
	ASSERT_EQ(0, hostile_attack(HOSTILE_ALL, 2, any_calls));
	cover_report();
}

HOSTILE_MAIN
