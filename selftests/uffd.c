// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A page that userfaultfd never brings delays the channel that wants it and no
 * other; a channel that waits for one can be ended at any time.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness.h"
#include "deadfs.h"
#include "raw.h"

#define PAGE	4096UL
#define LEN	(16 * PAGE)

FIXTURE(uffd) {
	struct raw_chan a;	/* whose pages do not arrive */
	struct raw_chan b;
	int fd;
	uint8_t *far;		/* under userfaultfd */
	uint8_t *src;
	uint8_t *dst;
	int before;
};

static int watch(void *p, size_t len)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)p, .len = len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

FIXTURE_SETUP(uffd)
{
	self->before = raw_available();
	self->far = raw_memory(LEN);
	self->src = raw_memory(LEN);
	self->dst = raw_memory(2 * LEN);
	raw_fill_text(self->src, LEN, 1);
	self->fd = watch(self->far, LEN);
	if (self->fd < 0)
		SKIP(return, "no userfaultfd: %s", strerror(-self->fd));
	ASSERT_EQ(0, raw_setup(&self->a));
	ASSERT_EQ(0, raw_setup(&self->b));
}

FIXTURE_TEARDOWN(uffd)
{
	raw_close(&self->a);
	raw_close(&self->b);
	close(self->fd);
}

/* Until somebody waits for the page: that somebody is the device. */
static int wait_fault(int fd, uint64_t *addr)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;

	if (poll(&pfd, 1, RAW_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
		return -errno;
	*addr = msg.arg.pagefault.address & ~(PAGE - 1);
	return msg.event == UFFD_EVENT_PAGEFAULT ? 0 : -EPROTO;
}

static int answer(int fd, uint64_t addr, const void *page)
{
	struct uffdio_copy copy = {
		.dst = addr, .src = (uintptr_t)page, .len = PAGE,
	};

	return ioctl(fd, UFFDIO_COPY, &copy) ? -errno : 0;
}

/* Bring page after page until the channel has its completion. */
static int answer_all(int fd, const uint8_t *far, const uint8_t *src,
		      struct raw_chan *c, struct wd_cqe *cqe)
{
	int64_t begin = raw_now_ns();
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct uffd_msg msg;
	uint64_t addr;
	int ret;

	while (raw_peek(c, cqe)) {
		if (raw_now_ns() - begin > RAW_TIMEOUT_MS * 1000000LL)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, 1) != 1 || read(fd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		addr = msg.arg.pagefault.address & ~(PAGE - 1);
		ret = answer(fd, addr, src + (addr - (uintptr_t)far));
		if (ret && ret != -EEXIST)
			return ret;
	}
	raw_store_head(c, c->head);
	return 0;
}

static int stall(struct raw_chan *c, uint8_t *far, uint8_t *dst, int fd, uint64_t *addr)
{
	struct wd_desc d = raw_deflate(WD_COMP_GZIP, 6, far, LEN, dst, 2 * LEN);
	int ret;

	raw_put(c, &d);
	ret = raw_ring(c);
	return ret ? ret : wait_fault(fd, addr);
}

static int check_work(struct raw_chan *c, uint8_t *src, uint8_t *dst)
{
	struct wd_desc d = raw_deflate(WD_COMP_GZIP, 1, src, LEN, dst, 2 * LEN);
	struct wd_cqe cqe;
	int ret = raw_do(c, &d, &cqe);

	if (ret)
		return ret;
	return cqe.status == WD_ST_OK && cqe.consumed == LEN ? 0 : -EPROTO;
}

TEST_F(uffd, other_channels_go_on)
{
	uint8_t *dst = raw_memory(2 * LEN);
	int status, i;
	uint64_t addr;
	pid_t child;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	EXPECT_EQ((uintptr_t)self->far, addr);
	for (i = 0; i < 200; i++)
		ASSERT_EQ(0, raw_nop(&self->b));
	ASSERT_EQ(0, check_work(&self->b, self->src, dst));

	child = fork();
	if (!child) {
		struct raw_chan c;
		int ret = raw_setup(&c);

		for (i = 0; i < 50 && !ret; i++)
			ret = raw_nop(&c);
		if (!ret)
			ret = check_work(&c, self->src, dst);
		_exit(ret != 0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	/* All the while nothing came of it, and the channel is well. */
	EXPECT_EQ(0, self->a.status->cq_tail);
	EXPECT_EQ(WD_CHAN_RUNNING, self->a.status->state);
}

TEST_F(uffd, answered_late)
{
	struct wd_desc d;
	struct wd_cqe cqe;
	uint64_t addr;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	ASSERT_EQ(0, raw_nop(&self->b));
	ASSERT_EQ(0, answer(self->fd, addr, self->src + (addr - (uintptr_t)self->far)));
	ASSERT_EQ(0, answer_all(self->fd, self->far, self->src, &self->a, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(LEN, cqe.consumed);
	EXPECT_EQ(WD_CQE_END, cqe.aux);

	/* Nobody brings pages here any more: it must be in memory now. */
	d = raw_inflate(WD_COMP_GZIP, self->dst, cqe.produced, raw_memory(LEN), LEN);
	ASSERT_EQ(0, raw_do(&self->a, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(LEN, cqe.produced);
	EXPECT_EQ(0, memcmp((void *)(uintptr_t)d.dst, self->src, LEN));
}

/* As a destination: the device writes to a page that is not there. */
TEST_F(uffd, destination_answered_late)
{
	struct wd_cqe cqe;
	struct wd_desc d;
	uint8_t zeros[PAGE] = {}, *packed = self->dst;
	size_t len;
	int i;

	d = raw_deflate(WD_COMP_ZLIB, 6, self->src, LEN, packed, 2 * LEN);
	ASSERT_EQ(0, raw_do(&self->b, &d, &cqe));
	len = cqe.produced;
	d = raw_inflate(WD_COMP_ZLIB, packed, len, self->far, LEN);
	raw_put(&self->a, &d);
	ASSERT_EQ(0, raw_ring(&self->a));
	{
		uint64_t addr;

		ASSERT_EQ(0, wait_fault(self->fd, &addr));
		for (i = 0; i < 20; i++)
			ASSERT_EQ(0, raw_nop(&self->b));
		ASSERT_EQ(0, answer(self->fd, addr, zeros));
	}
	{
		uint8_t *blank = raw_memory(LEN);

		ASSERT_EQ(0, answer_all(self->fd, self->far, blank, &self->a, &cqe));
	}
	EXPECT_EQ(WD_ST_OK, cqe.status);
	ASSERT_EQ(LEN, cqe.produced);
	EXPECT_EQ(0, memcmp(self->far, self->src, LEN));
}

/* What is behind the waiting descriptor in the same channel waits as well, in order. */
TEST_F(uffd, work_behind_it_waits)
{
	struct wd_desc nop = { .opcode = WD_OP_NOP, .tag = 0xbeef };
	struct wd_cqe cqe;
	uint64_t addr;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	raw_put(&self->a, &nop);
	ASSERT_EQ(0, raw_ring(&self->a));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, raw_nop(&self->b));
	ASSERT_EQ(0, answer(self->fd, addr, self->src));
	ASSERT_EQ(0, answer_all(self->fd, self->far, self->src, &self->a, &cqe));
	EXPECT_EQ(LEN, cqe.consumed);
	ASSERT_EQ(0, raw_get(&self->a, &cqe, RAW_TIMEOUT_MS));
	EXPECT_EQ(0xbeef, cqe.tag);
}

TEST_F(uffd, close_while_it_waits)
{
	struct raw_chan c;
	uint64_t addr;
	int64_t begin;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	begin = raw_now_ns();
	raw_close(&self->a);
	ASSERT_LE(0, raw_wait_available(self->before - 1, RAW_GONE_MS));
	TH_LOG("gone after %d ms", (int)((raw_now_ns() - begin) / 1000000));
	EXPECT_EQ(0, raw_nop(&self->b));
	/* The number can be used again. */
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, check_work(&c, self->src, self->dst));
	raw_close(&c);
}

TEST_F(uffd, put_while_it_waits)
{
	uint64_t addr;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	EXPECT_EQ(0, ioctl(self->a.fd, UACCE_CMD_PUT_Q));
	EXPECT_LE(0, raw_wait_available(self->before - 1, RAW_GONE_MS));
	EXPECT_EQ(0, raw_nop(&self->b));
}

/* Room that is not used is not waited for. */
TEST_F(uffd, pages_not_needed)
{
	uint8_t *p = raw_memory(LEN);
	struct wd_desc d = raw_deflate(WD_COMP_GZIP, 6, self->src, 100, p, LEN);
	int fd = watch(p + PAGE, LEN - PAGE);
	struct wd_cqe cqe;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, raw_do(&self->b, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(100, cqe.consumed);
	close(fd);
}

/* A question about a channel that waits is answered. */
TEST_F(uffd, state_while_it_waits)
{
	struct wd_chan_state state = {};
	uint64_t addr;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	ASSERT_EQ(0, ioctl(self->a.fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(WD_CHAN_RUNNING, state.state);
	EXPECT_EQ(1, state.sq_head);
	EXPECT_EQ(0, state.cq_tail);
	EXPECT_EQ(0, ioctl(self->a.fd, WD_CMD_KICK));
}

/* The page is unmapped while the device waits for it. */
TEST_F(uffd, unmapped_while_it_waits)
{
	struct uffdio_range range = { .start = (uintptr_t)self->far, .len = LEN };
	struct wd_cqe cqe;
	uint64_t addr;

	ASSERT_EQ(0, stall(&self->a, self->far, self->dst, self->fd, &addr));
	ASSERT_EQ(0, munmap(self->far, LEN));
	/* Linux lets who waits there wait on, until it is told to look again. */
	ASSERT_EQ(0, ioctl(self->fd, UFFDIO_WAKE, &range));
	ASSERT_EQ(0, raw_get(&self->a, &cqe, RAW_TIMEOUT_MS));
	EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
	EXPECT_EQ(addr, cqe.info);
	EXPECT_EQ(0, raw_nop(&self->a));
}

/*
 * A process of its own that waits for a page; it tells when the device does. Its
 * userfaultfd is held here as well, so that its end does not answer the fault.
 */
struct stalled {
	pid_t pid;
	int uffd;
};

static void stall_and_tell(int told)
{
	uint8_t *far = raw_memory(LEN), *dst = raw_memory(2 * LEN);
	int fd = watch(far, LEN);
	struct raw_chan c;
	uint64_t addr;

	if (fd < 0 || raw_setup(&c) || stall(&c, far, dst, fd, &addr))
		_exit(1);
	write(told, &fd, sizeof(fd));
	for (;;)
		pause();
}

static int stalled_process(struct stalled *s)
{
	int told[2], fd, pidfd, ret = -ECHILD;

	if (pipe(told))
		return -errno;
	s->pid = fork();
	if (!s->pid) {
		/* Not even a test that fails leaves it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stall_and_tell(told[1]);
	}
	close(told[1]);
	if (read(told[0], &fd, sizeof(fd)) == sizeof(fd)) {
		pidfd = syscall(SYS_pidfd_open, s->pid, 0);
		s->uffd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		ret = s->uffd < 0 ? -errno : 0;
		close(pidfd);
	}
	close(told[0]);
	return ret;
}

TEST_F(uffd, kill_while_it_waits)
{
	int before = raw_available(), status, ms, worst = 0;
	struct stalled s;

	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(0, stalled_process(&s));
		ASSERT_EQ(before - 1, raw_available());
		kill(s.pid, SIGKILL);
		ms = raw_wait_available(before, RAW_GONE_MS);
		EXPECT_LE(0, ms) TH_LOG("round %d", i);
		worst = ms > worst ? ms : worst;
		ASSERT_EQ(s.pid, waitpid(s.pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		close(s.uffd);
		ASSERT_EQ(0, raw_nop(&self->b));
	}
	TH_LOG("channels gone after %d ms at most", worst);
}

/*
 * Nobody can end the wait for a page of a file system that does not answer, not
 * even by SIGKILL. The channel must be ended nevertheless, or all others, and
 * their device, would have to wait as well.
 */
TEST_F(uffd, close_while_a_file_system_is_dead)
{
	int64_t begin = raw_now_ns();
	struct deadfs file;
	struct raw_chan c;
	struct wd_desc d;
	uint8_t *p;
	int ret;

	ret = deadfs_begin(&file, LEN);
	if (ret)
		SKIP(return, "no FUSE: %s", strerror(-ret));
	p = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, file.fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	/* Then the page is read by who waits for it. */
	ASSERT_EQ(0, madvise(p, LEN, MADV_RANDOM));
	d = raw_deflate(WD_COMP_GZIP, 6, p, LEN, self->dst, 2 * LEN);
	raw_put(&self->a, &d);
	ASSERT_EQ(0, raw_ring(&self->a));
	while (!deadfs_reads(&file)) {
		ASSERT_GT(RAW_TIMEOUT_MS * 1000000LL, raw_now_ns() - begin);
		usleep(1000);
	}
	EXPECT_EQ(0, raw_nop(&self->b));

	raw_close(&self->a);
	EXPECT_LE(0, raw_wait_available(self->before - 1, RAW_GONE_MS));
	EXPECT_EQ(0, raw_nop(&self->b));
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, check_work(&c, self->src, self->dst));
	raw_close(&c);
	deadfs_end(&file);
}

/* Work on a page, until it is answered or the file is asked. Return: its status, -1: it waits. */
static int ask_for_page(struct deadfs *file, uint8_t *page, uint8_t *dst)
{
	unsigned int reads = file ? deadfs_reads(file) : 0;
	struct raw_chan c;
	struct wd_cqe cqe;
	struct wd_desc d = raw_deflate(WD_COMP_GZIP, 1, page, PAGE, dst, 2 * LEN);
	int64_t end = raw_now_ns() + RAW_TIMEOUT_MS * 1000000LL;
	int status = -1;

	if (raw_setup(&c))
		return -ENODEV;
	raw_put(&c, &d);
	raw_ring(&c);
	while (status < 0 && (!file || deadfs_reads(file) == reads) && raw_now_ns() < end)
		if (!raw_peek(&c, &cqe))
			status = cqe.status;
	raw_close(&c);
	return status;
}

/* What such files cost is bounded, and they cost others nothing. */
TEST_F(uffd, many_wait_for_a_dead_file_system)
{
	enum { N = 80 };
	int fd = memfd_create("alive", MFD_CLOEXEC), status = -1, refused = 0, i;
	int64_t end = raw_now_ns() + RAW_TIMEOUT_MS * 1000000LL;
	struct deadfs file;
	uint8_t *p, *q;

	i = deadfs_begin(&file, N * PAGE);
	if (i)
		SKIP(return, "no FUSE: %s", strerror(-i));
	p = mmap(NULL, N * PAGE, PROT_READ, MAP_PRIVATE, file.fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, madvise(p, N * PAGE, MADV_RANDOM));
	for (i = 0; i < N; i++) {
		status = ask_for_page(&file, p + i * PAGE, self->dst);
		EXPECT_TRUE(status == -1 || status == WD_ST_FAULT_BUS) TH_LOG("status %d", status);
		refused += status == WD_ST_FAULT_BUS;
	}
	EXPECT_LT(0, refused);
	EXPECT_GT(N / 2, refused);
	ASSERT_EQ(0, check_work(&self->b, self->src, raw_memory(2 * LEN)));
	deadfs_end(&file);

	/* Their threads are free again, and pages of files are brought in. */
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	q = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, q);
	do {
		status = ask_for_page(NULL, q, self->dst);
	} while (status == WD_ST_FAULT_BUS && raw_now_ns() < end);
	EXPECT_EQ(WD_ST_OK, status);
	close(fd);
}

/* More channels that wait than there are engines, CPUs or handlers. */
TEST_F(uffd, many_wait)
{
	struct raw_chan c[24];
	uint8_t *far = raw_memory(24 * LEN), *dst = raw_memory(2 * LEN);
	int fd = watch(far, 24 * LEN), i;
	uint64_t addr;

	ASSERT_LE(0, fd);
	for (i = 0; i < 24; i++) {
		ASSERT_EQ(0, raw_setup(&c[i]));
		ASSERT_EQ(0, stall(&c[i], far + i * LEN, dst, fd, &addr));
		ASSERT_EQ((uintptr_t)(far + i * LEN), addr);
	}
	for (i = 0; i < 50; i++)
		ASSERT_EQ(0, raw_nop(&self->b));
	ASSERT_EQ(0, check_work(&self->b, self->src, self->dst));
	for (i = 0; i < 24; i++)
		raw_close(&c[i]);
	EXPECT_LE(0, raw_wait_available(self->before - 2, RAW_GONE_MS));
	EXPECT_EQ(0, raw_nop(&self->b));
	close(fd);
}

TEST_HARNESS_MAIN
