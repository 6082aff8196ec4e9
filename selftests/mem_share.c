// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reserved memory that several channels work with, of one device and of several,
 * and who may not have it. "two" is the device of the second channel.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE	4096UL
#define SIZE	(1UL << 20)

FIXTURE(share) {
	struct raw_chan a;
	struct raw_chan b;
	struct raw_mem m;	/* of @a */
	struct raw_mem s;	/* the same, as @b has it */
};

FIXTURE_VARIANT(share) {
	const char *one;
	const char *two;
};

FIXTURE_VARIANT_ADD(share, same_domain) { .one = "share", .two = "share" };
FIXTURE_VARIANT_ADD(share, same_noiommu) { .one = "noiommu", .two = "noiommu" };
FIXTURE_VARIANT_ADD(share, domain_to_noiommu) { .one = "share", .two = "noiommu" };
FIXTURE_VARIANT_ADD(share, noiommu_to_domain) { .one = "noiommu", .two = "share" };

static int setup_on(const char *mode, struct raw_chan *c)
{
	int ret = raw_select_mode(mode);

	return ret ? ret : raw_setup(c);
}

static long reserved_on(const char *mode)
{
	return raw_select_mode(mode) ? 0 : raw_reserved();
}

FIXTURE_SETUP(share)
{
	ASSERT_EQ(0, reserved_on(variant->two));
	ASSERT_EQ(0, setup_on(variant->two, &self->b));
	ASSERT_EQ(0, setup_on(variant->one, &self->a));
	ASSERT_EQ(0, raw_reserved());
}

FIXTURE_TEARDOWN(share)
{
	raw_mem_unmap(&self->m);
	raw_mem_forget(&self->s);
	raw_close(&self->a);
	raw_close(&self->b);
	EXPECT_EQ(0, reserved_on(variant->one));
	EXPECT_EQ(0, reserved_on(variant->two));
}

static int share(struct raw_chan *c, int fd, uint32_t region)
{
	struct wd_mem_share s = { .fd = fd, .region = region };

	return ioctl(c->fd, WD_CMD_SHARE, &s) ? -errno : 0;
}

#define SS	UACCE_QFRT_SS

TEST_F(share, both_work_with_it)
{
	uint8_t *plain, *packed, *again;
	struct wd_desc d;
	struct wd_cqe cqe;
	uint64_t next = 0;

	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, SIZE));
	ASSERT_EQ(0, raw_mem_share(&self->b, &self->s, &self->a, &self->m));
	EXPECT_EQ(SIZE, self->s.size);
	for (unsigned int i = 0; i < self->s.nslices; i++) {
		EXPECT_EQ(next, self->s.slices[i].offset);
		next += self->s.slices[i].size;
	}
	EXPECT_EQ(SIZE, next);
	EXPECT_EQ(0, raw_mem_work(&self->a, &self->m, 1));
	EXPECT_EQ(0, raw_mem_work(&self->b, &self->s, 2));
	/* What one wrote the other reads. */
	plain = raw_mem_take(&self->m, 20000);
	packed = raw_mem_take(&self->m, 40000);
	again = raw_mem_take(&self->m, 20000);
	ASSERT_TRUE(plain && packed && again);
	raw_fill_text(plain, 20000, 3);
	d = raw_mem_deflate(&self->m, WD_COMP_ZLIB, 6, plain, 20000, packed, 40000);
	ASSERT_EQ(0, raw_do(&self->a, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	d = raw_mem_inflate(&self->s, WD_COMP_ZLIB, packed, cqe.produced, again, 20000);
	ASSERT_EQ(0, raw_do(&self->b, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(20000, cqe.produced);
	EXPECT_EQ(0, memcmp(plain, again, 20000));
}

/* The owner may go first, and unmap it: the pages stay for the other, who is the last. */
TEST_F(share, owner_closed_first)
{
	struct raw_mem again;

	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, SIZE));
	ASSERT_EQ(0, raw_mem_share(&self->b, &self->s, &self->a, &self->m));
	raw_close(&self->a);
	EXPECT_EQ(0, raw_mem_work(&self->b, &self->s, 1));
	/* New memory is other memory. */
	ASSERT_EQ(0, setup_on(variant->one, &self->a));
	ASSERT_EQ(0, raw_mem_reserve(&self->a, &again, SIZE));
	memset(again.va, 0x11, SIZE);
	EXPECT_EQ(0, raw_mem_work(&self->a, &again, 2));
	EXPECT_EQ(0, raw_mem_work(&self->b, &self->s, 3));
	EXPECT_EQ(0x11, again.va[SIZE - 1]);
	raw_mem_unmap(&again);
	raw_mem_unmap(&self->m);
	raw_close(&self->a);
	EXPECT_EQ(0, raw_nop(&self->b));
	raw_close(&self->b);
	EXPECT_EQ(0, reserved_on(variant->one));
}

TEST_F(share, other_closed_first)
{
	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, SIZE));
	ASSERT_EQ(0, raw_mem_share(&self->b, &self->s, &self->a, &self->m));
	raw_close(&self->b);
	EXPECT_EQ(0, raw_mem_work(&self->a, &self->m, 1));
}

/* Again and again: nothing is used up, and what was dropped can be had once more. */
TEST_F(share, dropped_and_shared_again)
{
	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, SIZE));
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, raw_mem_share(&self->b, &self->s, &self->a, &self->m)) TH_LOG("round %d", i);
		ASSERT_EQ(-EEXIST, share(&self->b, self->a.fd, SS));
		if (i % 8 == 0)
			ASSERT_EQ(0, raw_mem_work(&self->b, &self->s, i));
		ASSERT_EQ(0, raw_drop(&self->b, self->s.mem));
		ASSERT_EQ(-ENOENT, raw_drop(&self->b, self->s.mem));
		raw_mem_forget(&self->s);
	}
	EXPECT_EQ(0, raw_mem_work(&self->a, &self->m, 1));
}

TEST_F(share, who_may_not)
{
	struct wd_mem_reserve r;
	int other, pipe_fds[2];

	EXPECT_EQ(-ENOENT, share(&self->b, self->a.fd, SS));
	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, SIZE));
	EXPECT_EQ(-ENOENT, share(&self->b, self->a.fd, WD_QFRT_BOUNCE));
	EXPECT_EQ(-EINVAL, share(&self->b, self->a.fd, UACCE_QFRT_MMIO));
	EXPECT_EQ(-EINVAL, share(&self->b, self->a.fd, UACCE_QFRT_DUS));
	EXPECT_EQ(-EINVAL, share(&self->b, self->a.fd, 4));
	EXPECT_EQ(-EINVAL, share(&self->b, self->a.fd, ~0U));
	EXPECT_EQ(-EINVAL, share(&self->a, self->a.fd, SS));
	EXPECT_EQ(-EBADF, share(&self->b, -1, SS));
	EXPECT_EQ(-EBADF, share(&self->b, 9999, SS));
	ASSERT_EQ(0, pipe(pipe_fds));
	EXPECT_EQ(-EINVAL, share(&self->b, pipe_fds[0], SS));
	other = open("/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT_EQ(-EINVAL, share(&self->b, other, SS));
	close(other);
	other = open(raw_node(), O_PATH | O_CLOEXEC);
	EXPECT_EQ(-EBADF, share(&self->b, other, SS));
	close(other);
	/* The same file by another number is the same channel. */
	other = dup(self->a.fd);
	EXPECT_EQ(-EINVAL, share(&self->a, other, SS));
	EXPECT_EQ(0, share(&self->b, other, SS));
	EXPECT_EQ(-EEXIST, share(&self->b, self->a.fd, SS));
	close(other);
	/* What is shared was not reserved there. */
	EXPECT_EQ(-ENOENT, share(&self->a, self->b.fd, SS));
	ASSERT_EQ(0, raw_reserve(&self->b, SS, PAGE, &r));
	EXPECT_EQ(0, share(&self->a, self->b.fd, SS));
	EXPECT_EQ(-1, ioctl(self->b.fd, WD_CMD_SHARE, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, raw_nop(&self->b));
}

TEST_F(share, not_with_sva)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, PAGE));
	ASSERT_EQ(0, setup_on("sva", &c));
	EXPECT_EQ(-EOPNOTSUPP, share(&c, self->a.fd, SS));
	EXPECT_NE(0, share(&self->a, c.fd, SS));
	raw_close(&c);
}

TEST_F(share, a_dead_channel)
{
	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, PAGE));
	ASSERT_EQ(0, ioctl(self->a.fd, UACCE_CMD_PUT_Q));
	EXPECT_NE(0, share(&self->b, self->a.fd, SS));
	EXPECT_EQ(-EINVAL, share(&self->a, self->b.fd, SS));
}

/* ------------------------------------------------------ another process */

static int send_fd(int socket, int fd)
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

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))), byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control, .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

/* A channel that another process opened, by its file; and what that one reserved. */
static int other_process(int socket, const char *mode)
{
	struct raw_chan c;
	struct raw_mem m;
	char byte;

	if (setup_on(mode, &c) || raw_mem_reserve(&c, &m, SIZE))
		return 1;
	memset(m.va, 0x77, SIZE);
	if (send_fd(socket, c.fd) || read(socket, &byte, 1) != 1)
		return 2;
	if (raw_mem_work(&c, &m, 5) || m.va[SIZE - 1] != 0x77)
		return 3;
	return 0;
}

TEST_F(share, of_another_process)
{
	struct wd_mem_reserve r;
	int s[2], fd, status;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
	pid = fork();
	if (!pid) {
		close(s[0]);
		_exit(other_process(s[1], variant->one));
	}
	close(s[1]);
	fd = receive_fd(s[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, share(&self->b, fd, SS));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, SS * PAGE));
	/* Nor may one do anything with that channel itself. */
	r = (struct wd_mem_reserve) { .size = PAGE, .region = WD_QFRT_BOUNCE };
	EXPECT_EQ(-1, ioctl(fd, WD_CMD_RESERVE, &r));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-EPERM, share(&(struct raw_chan){ .fd = fd }, self->a.fd, SS));
	ASSERT_EQ(1, write(s[0], "x", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* Its process has ended; it is no less another's. */
	EXPECT_EQ(-EPERM, share(&self->b, fd, SS));
	close(fd);
	close(s[0]);
}

/* A child has the files, and neither the memory nor the right. */
TEST_F(share, by_a_child)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, raw_mem_reserve(&self->a, &self->m, SIZE));
	memset(self->m.va, 0x66, SIZE);
	pid = fork();
	if (!pid) {
		struct raw_chan mine;
		struct wd_slice slice;
		unsigned char in_core;

		if (share(&self->b, self->a.fd, SS) != -EPERM)
			_exit(1);
		if (raw_get_slices(&self->a, self->m.mem, 0, 1, &slice) != -EPERM ||
		    raw_drop(&self->a, self->m.mem) != -EPERM)
			_exit(2);
		if (mmap(NULL, SIZE, PROT_READ, MAP_SHARED, self->a.fd, SS * PAGE) != MAP_FAILED)
			_exit(3);
		if (!mincore(self->m.va, PAGE, &in_core) || errno != ENOMEM)
			_exit(4);
		if (setup_on(variant->two, &mine) || share(&mine, self->a.fd, SS) != -EPERM)
			_exit(5);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status) TH_LOG("step %d", WEXITSTATUS(status));
	EXPECT_EQ(0x66, self->m.va[SIZE - 1]);
	EXPECT_EQ(0, raw_mem_work(&self->a, &self->m, 1));
}

/* ---------------------------------------------------------------- many */

TEST_F(share, until_there_are_too_many)
{
	enum { MAX = 1000 };
	static struct raw_chan c[MAX];
	int n, ret = 0;

	ASSERT_EQ(0, raw_select_mode(variant->one));
	for (n = 0; n < MAX; n++) {
		struct wd_mem_reserve r;

		if (raw_open(&c[n]))
			break;
		ASSERT_EQ(0, raw_reserve(&c[n], SS, PAGE, &r));
		ret = share(&self->b, c[n].fd, SS);
		if (ret) {
			raw_close(&c[n]);
			break;
		}
	}
	TH_LOG("%d memories, then %d", n, ret);
	EXPECT_LT(0, n);
	EXPECT_TRUE(ret == -ENOSPC || !ret);
	while (n--)
		raw_close(&c[n]);
	EXPECT_EQ(0, raw_nop(&self->b));
}

TEST_HARNESS_MAIN
