// SPDX-License-Identifier: GPL-2.0-or-later
/* The character device and its sysfs attributes, wrong arguments included. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw.h"

#define PAGE		4096
#define MAX_CHANNELS	1024

/* As errno, so that a failure shows what came instead. */
static int call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? errno : 0;
}

static int try_mmap(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *p = mmap(NULL, size, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, size);
	return 0;
}

/* -------------------------------------------------------------- sysfs */

FIXTURE(sysfs) {
	char buf[4096];
};

FIXTURE_VARIANT(sysfs) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(sysfs, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(sysfs, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(sysfs, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(sysfs)
{
	raw_select_mode(variant->mode);
	ASSERT_NE(NULL, raw_sysfs()) TH_LOG("no device");
}

FIXTURE_TEARDOWN(sysfs)
{
}

TEST_F(sysfs, api)
{
	ASSERT_EQ(0, raw_attr("api", self->buf, sizeof(self->buf)));
	EXPECT_STREQ(WD_ACCEL_API, self->buf);
}

TEST_F(sysfs, flags)
{
	static const struct {
		const char *mode;
		long flags;
	} known[] = { { "sva", UACCE_DEV_SVA }, { "share", 0 }, { "noiommu", UACCE_DEV_NOIOMMU } };

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(variant->mode, known[i].mode))
			EXPECT_EQ(known[i].flags, raw_attr_num("flags"));
}

TEST_F(sysfs, algorithms_one_a_line)
{
	bool zlib = false, gzip = false, deflate = false;
	char *line, *pos;

	ASSERT_EQ(0, raw_attr("algorithms", self->buf, sizeof(self->buf)));
	for (line = strtok_r(self->buf, "\n", &pos); line;
	     line = strtok_r(NULL, "\n", &pos)) {
		zlib |= !strcmp(line, "zlib");
		gzip |= !strcmp(line, "gzip");
		deflate |= !strcmp(line, "deflate");
		EXPECT_EQ(NULL, strpbrk(line, " \t"));
	}
	EXPECT_TRUE(zlib);
	EXPECT_TRUE(gzip);
	EXPECT_TRUE(deflate);
}

TEST_F(sysfs, region_sizes)
{
	EXPECT_EQ(PAGE, raw_attr_num("region_mmio_size"));
	EXPECT_GE(raw_attr_num("region_dus_size"), PAGE);
	EXPECT_EQ(0, raw_attr_num("region_dus_size") % PAGE);
}

TEST_F(sysfs, reserved_memory)
{
	if (!strcmp(variant->mode, "sva")) {
		EXPECT_EQ(-ENOENT, raw_attr_num("region_ss_size"));
		EXPECT_EQ(-ENOENT, raw_attr_num("reserved_size"));
		return;
	}
	EXPECT_LT(0, raw_attr_num("region_ss_size"));
	EXPECT_EQ(0, raw_attr_num("region_ss_size") % PAGE);
	EXPECT_EQ(0, raw_attr_num("reserved_size"));
}

TEST_F(sysfs, isolate)
{
	EXPECT_EQ(0, raw_attr_num("isolate"));
}

TEST_F(sysfs, isolate_strategy)
{
	char path[600], old[32];

	snprintf(path, sizeof(path), "%s/isolate_strategy", raw_sysfs());
	snprintf(old, sizeof(old), "%ld", raw_attr_num("isolate_strategy"));
	EXPECT_EQ(0, raw_write(path, "10"));
	EXPECT_EQ(10, raw_attr_num("isolate_strategy"));
	EXPECT_EQ(0, raw_write(path, "65535"));
	EXPECT_EQ(65535, raw_attr_num("isolate_strategy"));
	EXPECT_EQ(-EINVAL, raw_write(path, "65536"));
	EXPECT_EQ(-EINVAL, raw_write(path, "-1"));
	EXPECT_EQ(-EINVAL, raw_write(path, "many"));
	EXPECT_EQ(65535, raw_attr_num("isolate_strategy"));
	EXPECT_EQ(0, raw_write(path, old));
}

/*
 * A name more would confuse nobody, but "exactly mainline's" is what we promise where
 * mainline has the mode.
 */
TEST_F(sysfs, attributes_are_mainlines)
{
	static const char * const known[] = {
		"api", "flags", "available_instances", "algorithms",
		"region_mmio_size", "region_dus_size", "isolate",
		"isolate_strategy", "dev", "uevent", "power", "device",
		"subsystem", "waiting_for_supplier",
	};
	struct dirent *entry;
	unsigned int i;
	DIR *dir;

	dir = opendir(raw_sysfs());
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (strcmp(variant->mode, "sva") && (!strcmp(entry->d_name, "region_ss_size") ||
						     !strcmp(entry->d_name, "reserved_size")))
			continue;
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(entry->d_name, known[i]))
				break;
		EXPECT_LT(i, ARRAY_SIZE(known))
			TH_LOG("attribute %s is not mainline's", entry->d_name);
	}
	closedir(dir);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(0, raw_attr(known[i], self->buf, sizeof(self->buf)))
			TH_LOG("attribute %s cannot be read", known[i]);
}

TEST_F(sysfs, node_belongs_to_the_class)
{
	char path[600], link[600] = "";

	EXPECT_EQ(0, access(raw_node(), R_OK | W_OK));
	snprintf(path, sizeof(path), "%s/subsystem", raw_sysfs());
	ASSERT_LT(0, readlink(path, link, sizeof(link) - 1));
	EXPECT_TRUE(!strcmp(strrchr(link, '/'), "/uacce") ||
		    !strcmp(strrchr(link, '/'), "/wd_uacce"));
}

/* ---------------------------------------------------- an open channel */

FIXTURE(chan) {
	int fd;
	int before;
	size_t mmio_size;
	size_t dus_size;
};

FIXTURE_VARIANT(chan) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(chan, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(chan, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(chan, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(chan)
{
	raw_select_mode(variant->mode);
	ASSERT_NE(NULL, raw_node()) TH_LOG("no device");
	self->before = raw_available();
	ASSERT_LT(0, self->before);
	self->mmio_size = raw_attr_num("region_mmio_size");
	self->dus_size = raw_attr_num("region_dus_size");
	self->fd = open(raw_node(), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(chan)
{
	close(self->fd);
}

TEST_F(chan, counts_instances)
{
	int second;

	EXPECT_EQ(self->before - 1, raw_available());
	second = open(raw_node(), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, second);
	EXPECT_EQ(self->before - 2, raw_available());
	close(second);
	EXPECT_LE(0, raw_wait_available(self->before - 1, RAW_GONE_MS));
	EXPECT_EQ(0, call(self->fd, UACCE_CMD_PUT_Q, NULL));
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
}

TEST_F(chan, layout)
{
	struct wd_chan_layout l = {}, again = {};

	ASSERT_EQ(0, call(self->fd, WD_CMD_GET_LAYOUT, &l));
	EXPECT_EQ(sizeof(l), l.size);
	EXPECT_EQ(WD_LINK_MAX, l.max_link);
	EXPECT_EQ(0, l.sq_depth & (l.sq_depth - 1));
	EXPECT_EQ(0, l.cq_depth & (l.cq_depth - 1));
	EXPECT_LT(1, l.sq_depth);
	EXPECT_LT(1, l.cq_depth);
	EXPECT_LE(l.status_offset + sizeof(struct wd_chan_status), self->dus_size);
	EXPECT_LE(l.sq_offset + l.sq_depth * sizeof(struct wd_desc), self->dus_size);
	EXPECT_LE(l.cq_offset + l.cq_depth * sizeof(struct wd_cqe), self->dus_size);
	EXPECT_EQ(0, l.status_offset % 64);
	EXPECT_EQ(0, l.sq_offset % 64);
	EXPECT_EQ(0, l.cq_offset % 32);
	EXPECT_LE(1 << 20, l.max_len);
	EXPECT_LE(1, l.streams);
	EXPECT_TRUE(l.algs & WD_ALG_DEFLATE);
	ASSERT_EQ(0, call(self->fd, UACCE_CMD_START_Q, NULL));
	ASSERT_EQ(0, call(self->fd, WD_CMD_GET_LAYOUT, &again));
	EXPECT_EQ(0, memcmp(&l, &again, sizeof(l)));
}

TEST_F(chan, unknown_commands)
{
	static const unsigned long cmds[] = {
		_IO('W', 2), _IO('W', 0x1f), _IO('W', 0x23), _IO('X', 0), 0,
		~0UL, _IOR('W', 0x21, char), _IOW('W', 0, int),
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		EXPECT_EQ(ENOTTY, call(self->fd, cmds[i], NULL));
	ASSERT_EQ(0, call(self->fd, UACCE_CMD_START_Q, NULL));
	for (i = 0; i < ARRAY_SIZE(cmds); i++)
		EXPECT_EQ(ENOTTY, call(self->fd, cmds[i], NULL));
}

TEST_F(chan, order_of_calls)
{
	struct wd_chan_state state = {};

	EXPECT_EQ(EINVAL, call(self->fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(EINVAL, call(self->fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(0, call(self->fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(EINVAL, call(self->fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(0, call(self->fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(0, call(self->fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(WD_CHAN_RUNNING, state.state);
	EXPECT_EQ(WD_CHAN_ERR_NONE, state.error);
	EXPECT_EQ(0, state.sq_head);
	EXPECT_EQ(0, state.cq_tail);
}

TEST_F(chan, bad_pointers)
{
	EXPECT_EQ(EFAULT, call(self->fd, WD_CMD_GET_LAYOUT, NULL));
	EXPECT_EQ(EFAULT, call(self->fd, WD_CMD_GET_LAYOUT, (void *)-1UL));
	ASSERT_EQ(0, call(self->fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(EFAULT, call(self->fd, WD_CMD_GET_STATE, NULL));
	EXPECT_EQ(EFAULT, call(self->fd, WD_CMD_GET_STATE,
			       (void *)0xffffffff81000000UL));
	EXPECT_EQ(0, call(self->fd, WD_CMD_KICK, NULL));
}

static void after_put(struct __test_metadata *_metadata, int fd, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	struct wd_chan_layout layout;
	struct wd_chan_state state;

	EXPECT_EQ(EINVAL, call(fd, UACCE_CMD_PUT_Q, NULL));
	EXPECT_EQ(EINVAL, call(fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(EINVAL, call(fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(EINVAL, call(fd, WD_CMD_GET_LAYOUT, &layout));
	EXPECT_EQ(EINVAL, call(fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(ENOTTY, call(fd, _IO('W', 0x7f), NULL));
	EXPECT_NE(0, try_mmap(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE));
	EXPECT_EQ(1, poll(&pfd, 1, 0));
	EXPECT_TRUE(pfd.revents & POLLERR);
}

TEST_F(chan, put_from_init)
{
	EXPECT_EQ(0, call(self->fd, UACCE_CMD_PUT_Q, NULL));
	after_put(_metadata, self->fd, self->dus_size);
}

TEST_F(chan, put_from_started)
{
	EXPECT_EQ(0, call(self->fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(0, call(self->fd, UACCE_CMD_PUT_Q, NULL));
	after_put(_metadata, self->fd, self->dus_size);
}

/* The program need not know that its queue was put to stay alive. */
TEST(put_with_mappings)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_nop(&c));
	ASSERT_EQ(0, call(c.fd, UACCE_CMD_PUT_Q, NULL));
	EXPECT_EQ(WD_CHAN_ERROR, c.status->state);
	raw_store_tail(&c, 12345);
	memset(c.dus, 0xff, c.dus_size);
	raw_close(&c);
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

TEST_F(chan, mmap_arguments)
{
	const int rw = PROT_READ | PROT_WRITE;
	int fd = self->fd;

	EXPECT_EQ(EINVAL, try_mmap(fd, PAGE, rw, MAP_SHARED, 2 * PAGE));
	EXPECT_EQ(EINVAL, try_mmap(fd, PAGE, rw, MAP_SHARED, 3 * PAGE));
	EXPECT_EQ(EINVAL, try_mmap(fd, PAGE, rw, MAP_SHARED, 1L << 40));
	EXPECT_EQ(EINVAL, try_mmap(fd, 2 * PAGE, rw, MAP_SHARED, 0));
	EXPECT_EQ(EINVAL, try_mmap(fd, self->dus_size - PAGE, rw, MAP_SHARED, PAGE));
	EXPECT_EQ(EINVAL, try_mmap(fd, self->dus_size + PAGE, rw, MAP_SHARED, PAGE));
	EXPECT_EQ(EINVAL, try_mmap(fd, self->dus_size, rw, MAP_PRIVATE, PAGE));
	EXPECT_EQ(EINVAL, try_mmap(fd, PAGE, rw, MAP_PRIVATE, 0));
	/* None of that left anything behind. */
	EXPECT_EQ(0, try_mmap(fd, PAGE, rw, MAP_SHARED, 0));
	EXPECT_EQ(0, try_mmap(fd, self->dus_size, rw, MAP_SHARED, PAGE));
	ASSERT_EQ(0, call(fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(0, try_mmap(fd, PAGE, rw, MAP_SHARED, 0));
	EXPECT_EQ(0, try_mmap(fd, self->dus_size, rw, MAP_SHARED, PAGE));
}

TEST_F(chan, mmap_twice)
{
	const int rw = PROT_READ | PROT_WRITE;
	void *mmio, *dus;

	mmio = mmap(NULL, PAGE, rw, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mmio);
	EXPECT_EQ(EEXIST, try_mmap(self->fd, PAGE, rw, MAP_SHARED, 0));
	dus = mmap(NULL, self->dus_size, rw, MAP_SHARED, self->fd, PAGE);
	ASSERT_NE(MAP_FAILED, dus);
	EXPECT_EQ(EEXIST, try_mmap(self->fd, self->dus_size, rw, MAP_SHARED, PAGE));
	munmap(mmio, PAGE);
	EXPECT_EQ(0, try_mmap(self->fd, PAGE, rw, MAP_SHARED, 0));
	/* A region is there whole or not at all, and stays where it is. */
	EXPECT_NE(0, munmap(dus, PAGE));
	EXPECT_NE(0, mprotect(dus, PAGE, PROT_READ));
	EXPECT_EQ(MAP_FAILED, mremap(dus, self->dus_size, 2 * self->dus_size, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(dus, self->dus_size, self->dus_size,
				     MREMAP_MAYMOVE | MREMAP_FIXED,
				     (char *)dus + (64 << 20)));
	memset(dus, 0, self->dus_size);
	EXPECT_EQ(0, munmap(dus, self->dus_size));
}

static int child_dies_of(int sig, void (*fn)(volatile uint32_t *), volatile uint32_t *p)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		fn(p);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

static void load(volatile uint32_t *p)
{
	(void)*p;
}

TEST_F(chan, mapping_not_inherited)
{
	volatile uint32_t *mmio, *dus;

	mmio = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mmio);
	dus = mmap(NULL, self->dus_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   self->fd, PAGE);
	ASSERT_NE(MAP_FAILED, dus);
	load(mmio);
	load(dus);
	EXPECT_TRUE(child_dies_of(SIGSEGV, load, mmio));
	EXPECT_TRUE(child_dies_of(SIGSEGV, load, dus));
	load(mmio);
	load(dus);
}

static sigjmp_buf jump;

static void on_fault(int sig)
{
	siglongjmp(jump, sig);
}

static int store_faults(volatile uint32_t *p)
{
	struct sigaction act = { .sa_handler = on_fault }, old;
	int sig;

	sigaction(SIGSEGV, &act, &old);
	sig = sigsetjmp(jump, 1);
	if (!sig)
		*p = 1;
	sigaction(SIGSEGV, &old, NULL);
	return sig;
}

TEST_F(chan, mmap_protection)
{
	volatile uint32_t *p;
	int ro;

	p = mmap(NULL, self->dus_size, PROT_READ, MAP_SHARED, self->fd, PAGE);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ(SIGSEGV, store_faults(p));
	munmap((void *)p, self->dus_size);

	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, p[0]);
	EXPECT_EQ(SIGSEGV, store_faults(p));
	munmap((void *)p, PAGE);

	ro = open(raw_node(), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, ro);
	EXPECT_EQ(EACCES, try_mmap(ro, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	close(ro);
}

/* A new channel must not see what the one before had in its memory. */
TEST(dus_is_zeroed)
{
	struct raw_chan c;
	size_t i, dirty = 0;
	int round;

	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, raw_open(&c));
		for (i = 0; i < c.dus_size; i++)
			dirty += c.dus[i] != 0;
		EXPECT_EQ(0, dirty);
		memset(c.dus, 0xa5, c.dus_size);
		raw_close(&c);
	}
}

TEST_F(chan, poll_before_work)
{
	struct pollfd pfd = { .fd = self->fd, .events = POLLIN };

	EXPECT_EQ(0, poll(&pfd, 1, 0));
	ASSERT_EQ(0, call(self->fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(0, poll(&pfd, 1, 0));
	EXPECT_EQ(0, poll(&pfd, 1, 5));
}

TEST_F(chan, no_read_write)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
}

/* Every call of a child on its parent's channel; a bit for each wrong answer. */
static int child_calls(int fd, size_t dus_size)
{
	struct wd_chan_layout layout;
	struct wd_chan_state state;
	int wrong = 0;

	wrong |= (call(fd, UACCE_CMD_START_Q, NULL) != EPERM) << 0;
	wrong |= (call(fd, UACCE_CMD_PUT_Q, NULL) != EPERM) << 1;
	wrong |= (call(fd, WD_CMD_KICK, NULL) != EPERM) << 2;
	wrong |= (call(fd, WD_CMD_GET_LAYOUT, &layout) != EPERM) << 3;
	wrong |= (call(fd, WD_CMD_GET_STATE, &state) != EPERM) << 4;
	wrong |= (try_mmap(fd, PAGE, PROT_READ, MAP_SHARED, 0) != EPERM) << 5;
	wrong |= (try_mmap(fd, dus_size, PROT_READ, MAP_SHARED, PAGE) != EPERM) << 6;
	return wrong;
}

static int in_child(int fd, size_t dus_size)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(child_calls(fd, dus_size));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(child_of_fork)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_open(&c));
	EXPECT_EQ(0, in_child(c.fd, c.dus_size));
	ASSERT_EQ(0, raw_start(&c));
	EXPECT_EQ(0, in_child(c.fd, c.dus_size));
	/* What the child did, and its end, are nothing to the parent's channel. */
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

/* The parent goes, the child still holds the file: the channel stays till the end. */
TEST(file_outlives_its_process)
{
	int before = raw_available(), ready[2], go[2], status;
	pid_t opener;
	char byte;

	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pipe(go));
	opener = fork();
	if (!opener) {
		struct raw_chan c;

		close(go[1]);
		if (raw_setup(&c) || raw_nop(&c))
			_exit(1);
		if (!fork()) {
			/* Until the test closes its end. */
			int wrong;

			read(go[0], &byte, 1);
			wrong = child_calls(c.fd, c.dus_size);
			write(ready[1], wrong ? "n" : "y", 1);
			read(go[0], &byte, 1);
			_exit(0);
		}
		_exit(0);
	}
	close(go[0]);
	close(ready[1]);
	ASSERT_EQ(opener, waitpid(opener, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_EQ(before - 1, raw_available());
	ASSERT_EQ(1, write(go[1], "x", 1));
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ('y', byte);
	close(ready[0]);
	close(go[1]);
	EXPECT_LE(0, raw_wait_available(before, RAW_GONE_MS));
}

TEST(until_no_instance_is_left)
{
	static int fds[MAX_CHANNELS];
	struct rlimit lim = { MAX_CHANNELS + 64, MAX_CHANNELS + 64 };
	int free_before = raw_available(), n = 0, err;
	struct raw_chan c;

	setrlimit(RLIMIT_NOFILE, &lim);
	while (n < MAX_CHANNELS) {
		fds[n] = open(raw_node(), O_RDWR | O_CLOEXEC);
		if (fds[n] < 0)
			break;
		n++;
	}
	err = errno;
	EXPECT_EQ(free_before, n);
	EXPECT_TRUE(err == EBUSY || err == ENODEV) TH_LOG("errno %d", err);
	EXPECT_EQ(0, raw_available());

	/* One back, and it is the one that can be had. */
	close(fds[--n]);
	EXPECT_LE(0, raw_wait_available(1, RAW_GONE_MS));
	EXPECT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);

	while (n)
		close(fds[--n]);
	EXPECT_LE(0, raw_wait_available(free_before, RAW_GONE_MS));
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

/* -------------------------------------------------------------- fdinfo */

static int read_fdinfo(int fd, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	size_t len = strlen(key);
	int ret = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (ret && fgets(line, sizeof(line), file)) {
		if (strncmp(line, key, len) || line[len] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", line + len + 1 + strspn(line + len + 1, " \t"));
		ret = 0;
	}
	fclose(file);
	return ret;
}

static void expect_fdinfo(struct __test_metadata *_metadata, int fd,
			  const char *key, const char *want)
{
	char value[256] = "(missing)";

	read_fdinfo(fd, key, value, sizeof(value));
	EXPECT_STREQ(want, value) TH_LOG("of %s", key);
}

TEST(fdinfo)
{
	char number[16];
	struct raw_chan c;

	ASSERT_EQ(0, raw_open(&c));
	snprintf(number, sizeof(number), "%u", c.layout.chan);
	expect_fdinfo(_metadata, c.fd, "wd_device", raw_name());
	expect_fdinfo(_metadata, c.fd, "wd_channel", number);
	expect_fdinfo(_metadata, c.fd, "wd_state", "stopped");
	expect_fdinfo(_metadata, c.fd, "wd_error", "0");
	ASSERT_EQ(0, raw_start(&c));
	ASSERT_EQ(0, raw_nop(&c));
	ASSERT_EQ(0, raw_nop(&c));
	expect_fdinfo(_metadata, c.fd, "wd_state", "running");
	expect_fdinfo(_metadata, c.fd, "wd_sq_head", "2");
	expect_fdinfo(_metadata, c.fd, "wd_cq_tail", "2");
	ASSERT_EQ(0, call(c.fd, UACCE_CMD_PUT_Q, NULL));
	expect_fdinfo(_metadata, c.fd, "wd_state", "none");
	raw_close(&c);
}

/* ---------------------------------------------------------------- exec */

static int run_exec(int fd)
{
	char number[16];
	int status;
	pid_t pid = fork();

	if (!pid) {
		snprintf(number, sizeof(number), "%d", fd);
		execl("/proc/self/exe", "abi", "--calls-on", number, NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(exec_is_another_process)
{
	struct raw_chan c;
	int flags;

	ASSERT_EQ(0, raw_setup(&c));
	flags = fcntl(c.fd, F_GETFD);
	fcntl(c.fd, F_SETFD, flags & ~FD_CLOEXEC);
	EXPECT_EQ(0, run_exec(c.fd));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

/* The process that opened the channel becomes another program. */
TEST(exec_of_the_opener)
{
	int before = raw_available(), status;
	pid_t pid = fork();

	if (!pid) {
		char number[16];
		struct raw_chan c;

		if (raw_setup(&c) || raw_nop(&c))
			_exit(126);
		fcntl(c.fd, F_SETFD, 0);
		snprintf(number, sizeof(number), "%d", c.fd);
		execl("/proc/self/exe", "abi", "--calls-on", number, NULL);
		_exit(127);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_LE(0, raw_wait_available(before, RAW_GONE_MS));
}

TEST(exec_closes)
{
	int before = raw_available(), in[2], opened[2];
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(in));
	ASSERT_EQ(0, pipe2(opened, O_CLOEXEC));
	pid = fork();
	if (!pid) {
		struct raw_chan c;

		if (raw_setup(&c))
			_exit(126);
		write(opened[1], "x", 1);
		dup2(in[0], 0);
		close(in[1]);
		execl("/bin/cat", "cat", NULL);
		_exit(127);
	}
	close(in[0]);
	close(opened[1]);
	ASSERT_EQ(1, read(opened[0], &byte, 1));
	EXPECT_EQ(0, read(opened[0], &byte, 1));
	close(opened[0]);
	/* It is cat now, and waits for its input; the channel is gone. */
	EXPECT_LE(0, raw_wait_available(before, RAW_GONE_MS));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	close(in[1]);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--calls-on"))
		return child_calls(atoi(argv[2]), raw_attr_num("region_dus_size"));
	return test_harness_run(argc, argv);
}
