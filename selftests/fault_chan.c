// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every allocation and user copy on a channel's way, from open to close, fails
 * in turn. A call then says so and leaves everything as it was: the same call
 * works when it is made again.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "harness.h"
#include "fault.h"
#include "raw_mem.h"

#define LEN	(64UL << 10)
#define THREADS	16

/* No path of ours has as many sites; a loop that never ends does. */
#define MAX_SITES	2000

FIXTURE(fault) {
	int before;
};

FIXTURE_VARIANT(fault) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(fault, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(fault, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(fault, noiommu) { .mode = "noiommu" };

/* What is about memory that is made for a device, and what is about that of a process. */
#define NOT_WITH_SVA() do { \
	if (!strcmp(variant->mode, "sva")) \
		SKIP(return, "nothing is reserved"); \
} while (0)
#define WITH_SVA() do { \
	if (strcmp(variant->mode, "sva")) \
		SKIP(return, "nothing is brought in while the device works"); \
} while (0)

FIXTURE_SETUP(fault)
{
	int ret = fault_init(&fault_anywhere);

	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no fault injection");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	self->before = raw_available();
	ASSERT_LT(0, self->before);
}

FIXTURE_TEARDOWN(fault)
{
	struct raw_chan c;

	EXPECT_LE(0, raw_wait_available(self->before, RAW_TIMEOUT_MS));
	EXPECT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
	if (strcmp(variant->mode, "sva"))
		EXPECT_EQ(0, raw_wait_reserved());
	fault_report();
}

/* @before makes what @act needs; @act says 0 or a negative errno. */
struct path {
	int (*before)(struct raw_chan *c);
	int (*act)(struct raw_chan *c);
	bool cannot_fail;
};

/* Return: whether there was an @nth site. */
static bool try_site(struct __test_metadata *_metadata, const struct path *path, unsigned int nth)
{
	struct raw_chan c = { .fd = -1 };
	int ret, failed;

	if (path->before)
		EXPECT_EQ(0, path->before(&c));
	EXPECT_EQ(0, fault_arm(0, nth));
	ret = path->act(&c);
	failed = fault_disarm(0);
	EXPECT_LE(0, failed);
	if (failed != 1 || path->cannot_fail || !fault_errno(ret))
		EXPECT_EQ(0, ret) TH_LOG("site %u", nth);
	if (ret)
		EXPECT_EQ(0, path->act(&c)) TH_LOG("after site %u", nth);
	raw_close(&c);
	return failed == 1;
}

static void every_site(struct __test_metadata *_metadata, const struct path *path)
{
	unsigned int nth = 1;

	while (try_site(_metadata, path, nth) && nth < MAX_SITES)
		nth++;
	EXPECT_GT(MAX_SITES, nth);
	TH_LOG("%u sites", nth - 1);
}

TEST_F(fault, open)
{
	every_site(_metadata, &(struct path){ .act = raw_open });
}

TEST_F(fault, start)
{
	every_site(_metadata, &(struct path){ .before = raw_open, .act = raw_start });
}

static int touch(struct raw_chan *c)
{
	for (size_t at = 0; at < c->dus_size; at += 4096)
		*(volatile uint8_t *)(c->dus + at);
	*(volatile uint32_t *)(c->mmio + WD_DB_CQ_HEAD) = 0;
	return 0;
}

/* A fault that finds no memory is tried again: the program sees nothing. */
TEST_F(fault, first_touch)
{
	every_site(_metadata, &(struct path){ .before = raw_open, .act = touch, .cannot_fail = true });
}

static int get_state(struct raw_chan *c)
{
	struct wd_chan_state state;

	return ioctl(c->fd, WD_CMD_GET_STATE, &state) ? -errno : 0;
}

TEST_F(fault, get_state)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = get_state });
}

static int kick(struct raw_chan *c)
{
	return ioctl(c->fd, WD_CMD_KICK) ? -errno : 0;
}

TEST_F(fault, kick)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = kick });
}

static int ask_poll(struct raw_chan *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

	return poll(&pfd, 1, 0) < 0 ? -errno : 0;
}

TEST_F(fault, poll)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = ask_poll });
}

static int read_fdinfo(struct raw_chan *c)
{
	char path[64], buf[512];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, buf, sizeof(buf)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

TEST_F(fault, fdinfo)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = read_fdinfo });
}

static int put(struct raw_chan *c)
{
	return ioctl(c->fd, UACCE_CMD_PUT_Q) ? -errno : 0;
}

TEST_F(fault, put)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = put, .cannot_fail = true });
}

static int close_fd(struct raw_chan *c)
{
	int fd = c->fd;

	raw_unmap(c);
	c->fd = -1;
	return close(fd) ? -errno : 0;
}

TEST_F(fault, close)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = close_fd, .cannot_fail = true });
}

/* A stream there and back, in memory that the device is the first to touch. */
static int stream(struct raw_chan *c)
{
	uint8_t *src, *dst, *back;
	struct wd_cqe cqe = {};
	struct wd_desc d;
	int ret;

	src = mmap(NULL, 4 * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (src == MAP_FAILED)
		return -errno;
	dst = src + LEN;
	back = src + 3 * LEN;
	raw_fill_text(src, LEN, 7);
	d = raw_deflate(WD_COMP_GZIP, 6, src, LEN, dst, 2 * LEN);
	ret = raw_do(c, &d, &cqe);
	if (!ret)
		ret = -cqe.status;
	if (!ret) {
		d = raw_inflate(WD_COMP_GZIP, dst, cqe.produced, back, LEN);
		ret = raw_do(c, &d, &cqe);
	}
	if (!ret)
		ret = -cqe.status;
	if (!ret && memcmp(src, back, LEN))
		ret = -EILSEQ;
	munmap(src, 4 * LEN);
	return ret;
}

TEST_F(fault, work)
{
	WITH_SVA();
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = stream });
}

/* -------------------------------------------------------------- memory */

#define SIZE	(600UL << 10)	/* more than a chunk, and more than an array of one page */

static struct raw_chan owner;
static uint8_t *own_memory;

static int reserve(struct raw_chan *c)
{
	struct wd_mem_reserve r;

	return raw_reserve(c, UACCE_QFRT_SS, SIZE, &r);
}

TEST_F(fault, reserve)
{
	NOT_WITH_SVA();
	every_site(_metadata, &(struct path){ .before = raw_open, .act = reserve });
}

static int setup_reserved(struct raw_chan *c)
{
	int ret = raw_setup(c);

	return ret ? ret : reserve(c);
}

static int touch_reserved(struct raw_chan *c)
{
	uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
			  UACCE_QFRT_SS * 4096UL);

	if (p == MAP_FAILED)
		return -errno;
	for (size_t at = 0; at < SIZE; at += 4096)
		p[at] = 1;
	munmap(p, SIZE);
	return 0;
}

TEST_F(fault, reserved_first_touch)
{
	NOT_WITH_SVA();
	every_site(_metadata, &(struct path){ .before = setup_reserved, .act = touch_reserved });
}

static int share(struct raw_chan *c)
{
	struct wd_mem_share s = { .fd = owner.fd, .region = UACCE_QFRT_SS };

	return ioctl(c->fd, WD_CMD_SHARE, &s) ? -errno : 0;
}

TEST_F(fault, share_memory)
{
	NOT_WITH_SVA();
	ASSERT_EQ(0, setup_reserved(&owner));
	every_site(_metadata, &(struct path){ .before = raw_open, .act = share });
	raw_close(&owner);
}

/* With another device, so that it has to be mapped for that one. */
TEST_F(fault, share_with_another)
{
	NOT_WITH_SVA();
	ASSERT_EQ(0, raw_select_mode(strcmp(variant->mode, "share") ? "share" : "noiommu"));
	ASSERT_EQ(0, setup_reserved(&owner));
	ASSERT_EQ(0, raw_select_mode(variant->mode));
	every_site(_metadata, &(struct path){ .before = raw_open, .act = share });
	raw_close(&owner);
}

static int import(struct raw_chan *c)
{
	struct wd_mem_import i = { .addr = (uintptr_t)own_memory, .size = SIZE };

	return ioctl(c->fd, WD_CMD_IMPORT, &i) ? -errno : 0;
}

TEST_F(fault, import)
{
	long pinned = raw_pinned();

	NOT_WITH_SVA();
	own_memory = raw_memory(SIZE);
	memset(own_memory, 1, SIZE);
	every_site(_metadata, &(struct path){ .before = raw_open, .act = import });
	EXPECT_EQ(pinned, raw_wait_pinned(pinned));
}

static int get_slices(struct raw_chan *c)
{
	struct wd_slice slices[8];
	int ret = raw_get_slices(c, 1, 0, 8, slices);

	return ret < 0 ? ret : 0;
}

TEST_F(fault, get_slices)
{
	NOT_WITH_SVA();
	every_site(_metadata, &(struct path){ .before = setup_reserved, .act = get_slices });
}

static int set_priority(struct raw_chan *c)
{
	uint32_t weight = 3;

	return ioctl(c->fd, WD_CMD_SET_PRIORITY, &weight) ? -errno : 0;
}

TEST_F(fault, set_priority)
{
	every_site(_metadata, &(struct path){ .before = raw_setup, .act = set_priority });
}

static int setup_with_all(struct raw_chan *c)
{
	int ret = setup_reserved(c);

	if (!ret)
		ret = share(c);
	return ret ? ret : import(c);
}

TEST_F(fault, close_with_memory)
{
	NOT_WITH_SVA();
	own_memory = raw_memory(SIZE);
	ASSERT_EQ(0, setup_reserved(&owner));
	every_site(_metadata, &(struct path){ .before = setup_with_all, .act = close_fd,
					      .cannot_fail = true });
	raw_close(&owner);
}

/*
 * A child whose end meets the failure, with work in flight. Nobody can ask it
 * afterwards whether there was such a site.
 */
TEST_F(fault, exit)
{
	struct wd_desc d;
	int status;
	pid_t pid;

	WITH_SVA();
	for (unsigned int nth = 1; nth < 20; nth++) {
		pid = fork();
		if (!pid) {
			struct raw_chan c;
			uint8_t *src = malloc(LEN), *dst = malloc(2 * LEN);

			if (raw_setup(&c))
				_exit(1);
			raw_fill_text(src, LEN, nth);
			d = raw_deflate(WD_COMP_RAW, 9, src, LEN, dst, 2 * LEN);
			raw_put(&c, &d);
			raw_ring(&c);
			fault_arm(0, nth);
			_exit(0);
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(0, status);
		ASSERT_LE(0, raw_wait_available(self->before, RAW_TIMEOUT_MS));
	}
}

/*
 * The device's own threads: what fails there is a descriptor's status, or the
 * channel's error, or nothing at all; never more than one channel's trouble.
 */
static unsigned int thread_sites(struct __test_metadata *_metadata, pid_t tid)
{
	unsigned int nth = 1;
	struct raw_chan c;
	int failed, ret;

	do {
		EXPECT_EQ(0, raw_setup(&c));
		EXPECT_EQ(0, fault_arm(tid, nth));
		ret = stream(&c);
		raw_close(&c);
		failed = fault_disarm(tid);
		EXPECT_LE(0, failed);
		if (!failed)
			EXPECT_EQ(0, ret);
		EXPECT_EQ(0, raw_setup(&c));
		EXPECT_EQ(0, stream(&c)) TH_LOG("after site %u, which said %d", nth, ret);
		raw_close(&c);
	} while (failed == 1 && nth++ < MAX_SITES);
	return nth - 1;
}

TEST_F(fault, in_the_device)
{
	static const char * const kinds[] = { "wd_engine/", "wd_mgmt/", "wd_iommu_prq" };
	pid_t tids[THREADS];
	unsigned int sites;
	struct raw_chan c;

	WITH_SVA();
	/* Page requests have threads only since somebody made one. */
	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, stream(&c));
	raw_close(&c);
	for (unsigned int k = 0; k < ARRAY_SIZE(kinds); k++) {
		int n = fault_kthreads(kinds[k], tids, THREADS);

		ASSERT_LT(0, n) TH_LOG("no thread is called %s", kinds[k]);
		sites = 0;
		for (int i = 0; i < n; i++)
			sites += thread_sites(_metadata, tids[i]);
		TH_LOG("%s: %d threads, %u sites", kinds[k], n, sites);
	}
}

TEST_HARNESS_MAIN
