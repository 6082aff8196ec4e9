// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The function on its bus: what lspci reads, and how it goes and comes back,
 * with open channels too. Root only; the device is another one after most tests.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define LEN		(256UL << 10)

FIXTURE(pci) {
	char bdf[32];
	char dir[512];
	int before;
};

FIXTURE_VARIANT(pci) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(pci, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(pci, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(pci, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(pci)
{
	if (geteuid())
		SKIP(return, "needs root");
	raw_select_mode(variant->mode);
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS)) TH_LOG("no device");
	snprintf(self->bdf, sizeof(self->bdf), "%s", raw_bdf());
	snprintf(self->dir, sizeof(self->dir), "%s", raw_pci());
	self->before = raw_available();
	ASSERT_LT(0, self->before);
}

/* Whatever a test did: there is a device, it is whole, and it works. */
FIXTURE_TEARDOWN(pci)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
	if (strcmp(variant->mode, "sva"))
		EXPECT_EQ(0, raw_wait_reserved());
}

static char *output_of(const char *command)
{
	static char buf[1 << 16];
	FILE *pipe = popen(command, "r");
	size_t n;

	if (!pipe)
		return NULL;
	n = fread(buf, 1, sizeof(buf) - 1, pipe);
	buf[n] = '\0';
	return pclose(pipe) ? NULL : buf;
}

/* --------------------------------------------------------------- lspci */

TEST_F(pci, lspci_reads_it_whole)
{
	static const char * const there[] = {
		"Express", "Root Complex Integrated Endpoint",
		"MSI-X: Enable+", "Vendor Specific Information", "FLReset+",
		"BusMaster+", "Mem+", "64-bit, prefetchable", "[size=1M]",
		"Kernel driver in use: wd_accel",
	};
	static const char * const there_for_sva[] = {
		"Process Address Space ID (PASID)", "PASIDCtl: Enable+",
		"Page Request Interface (PRI)", "PRICtl: Enable+",
		"Address Translation Service (ATS)", "ATSCtl:\tEnable+",
	};
	static const char * const not_there[] = {
		"<access denied>", "??", "!!!", "<chain", "<unassigned>", "[disabled]",
		"[virtual]", "Unknown",
	};
	char command[128], *text;
	unsigned int i;

	snprintf(command, sizeof(command), "lspci -vvv -n -s %s", self->bdf);
	text = output_of(command);
	ASSERT_NE(NULL, text) TH_LOG("lspci failed");
	for (i = 0; i < ARRAY_SIZE(there); i++)
		EXPECT_TRUE(strstr(text, there[i]) != NULL) TH_LOG("no '%s'", there[i]);
	for (i = 0; i < ARRAY_SIZE(there_for_sva); i++)
		EXPECT_EQ(!strcmp(variant->mode, "sva"), strstr(text, there_for_sva[i]) != NULL)
			TH_LOG("'%s'", there_for_sva[i]);
	EXPECT_NE(NULL, strstr(text, " 1200: 5744:0acc"));
	for (i = 0; i < ARRAY_SIZE(not_there); i++)
		EXPECT_TRUE(!strstr(text, not_there[i])) TH_LOG("'%s' is there", not_there[i]);
}

TEST_F(pci, all_4096_bytes_of_config_space)
{
	uint8_t a[4096], b[4096];
	char path[600];
	int fd, i;

	snprintf(path, sizeof(path), "%s/config", self->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(4096, pread(fd, a, 4096, 0));
	for (i = 0; i < 4096; i++)
		ASSERT_EQ(1, pread(fd, b + i, 1, i));
	EXPECT_EQ(0, memcmp(a, b, 4096));
	for (i = 0; i < 4096; i += 2)
		ASSERT_EQ(2, pread(fd, b + i, 2, i));
	EXPECT_EQ(0, memcmp(a, b, 4096));
	EXPECT_EQ(0x44, a[0]);
	EXPECT_EQ(0x57, a[1]);
	close(fd);
}

/* What is read-only stays, whatever is written to it. */
TEST_F(pci, read_only_config)
{
	static const int where[] = { 0x00, 0x08, 0x2c, 0x34, 0x100 };
	uint32_t old, now, ones = 0xffffffff;
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/config", self->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(where); i++) {
		ASSERT_EQ(4, pread(fd, &old, 4, where[i]));
		pwrite(fd, &ones, 4, where[i]);
		ASSERT_EQ(4, pread(fd, &now, 4, where[i]));
		EXPECT_EQ(old, now) TH_LOG("at %#x", where[i]);
	}
	close(fd);
}

TEST_F(pci, iommu_group)
{
	char path[600], link[600] = "";

	snprintf(path, sizeof(path), "%s/iommu_group", self->dir);
	EXPECT_EQ(strcmp(variant->mode, "noiommu") != 0,
		  readlink(path, link, sizeof(link) - 1) > 0);
}

/* ------------------------------------------------- going, coming back */

static int remove_function(const char *dir)
{
	return raw_write_in(dir, "remove", "1");
}

static int rescan(void)
{
	int ret = raw_write("/sys/bus/pci/rescan", "1");

	return ret ? ret : raw_wait_device(RAW_TIMEOUT_MS);
}

TEST_F(pci, remove_and_rescan)
{
	int rounds = raw_rounds(4, 50);
	struct raw_chan c;

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, remove_function(self->dir));
		ASSERT_EQ(NULL, raw_name());
		ASSERT_EQ(0, rescan());
		ASSERT_STREQ(self->dir, raw_pci());
		ASSERT_EQ(self->before, raw_available());
		ASSERT_EQ(0, raw_setup(&c));
		ASSERT_EQ(0, raw_nop(&c));
		raw_close(&c);
	}
}

static int errno_of(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? errno : 0;
}

/* A channel whose device is gone: every call says so, and none harms. */
static void expect_gone(struct __test_metadata *_metadata, struct raw_chan *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	struct wd_chan_layout layout;
	struct wd_chan_state state;
	struct wd_desc d = { .opcode = WD_OP_NOP };

	EXPECT_EQ(1, poll(&pfd, 1, RAW_TIMEOUT_MS));
	EXPECT_EQ(POLLERR | POLLHUP, pfd.revents & (POLLERR | POLLHUP));
	EXPECT_EQ(ENXIO, errno_of(c->fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(ENXIO, errno_of(c->fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(ENXIO, errno_of(c->fd, WD_CMD_GET_LAYOUT, &layout));
	EXPECT_EQ(ENXIO, errno_of(c->fd, UACCE_CMD_START_Q, NULL));
	EXPECT_EQ(ENXIO, errno_of(c->fd, UACCE_CMD_PUT_Q, NULL));
	EXPECT_EQ(ENXIO, errno_of(c->fd, _IO('W', 0x7f), NULL));
	EXPECT_EQ(WD_CHAN_ERROR, c->status->state);
	EXPECT_NE(0, c->status->need_kick);
	/* Neither the doorbell nor the rings kill a program that has not noticed. */
	raw_put(c, &d);
	EXPECT_EQ(-ENXIO, raw_ring(c));
	raw_store_head(c, 5);
	raw_unmap(c);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, c->dus_size, PROT_READ, MAP_SHARED, c->fd, 4096));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, c->mmio_size, PROT_READ, MAP_SHARED, c->fd, 0));
}

TEST_F(pci, remove_with_open_channels)
{
	struct raw_chan c[3];
	int i;

	ASSERT_EQ(0, raw_open(&c[0]));		/* never started */
	ASSERT_EQ(0, raw_setup(&c[1]));
	ASSERT_EQ(0, raw_setup(&c[2]));
	ASSERT_EQ(0, raw_nop(&c[2]));
	ASSERT_EQ(0, remove_function(self->dir));
	for (i = 0; i < 3; i++)
		expect_gone(_metadata, &c[i]);
	ASSERT_EQ(0, rescan());
	/* The old ones stay dead beside the new device. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(ENXIO, errno_of(c[i].fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(self->before, raw_available());
	for (i = 0; i < 3; i++)
		raw_close(&c[i]);
}

/* What was reserved is the program's as long as it has it mapped, whatever becomes of the device. */
TEST_F(pci, unbind_with_open_channels)
{
	struct raw_chan c, fresh;
	struct raw_mem m;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_mem_reserve(&c, &m, RAW_MEM_WORK));
	ASSERT_EQ(0, raw_mem_work(&c, &m, 1));
	memset(m.va, 0x42, m.size);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	EXPECT_EQ(NULL, raw_name());
	expect_gone(_metadata, &c);
	EXPECT_EQ(0x42, m.va[m.size - 1]);
	memset(m.va, 0x43, m.size);
	EXPECT_EQ(-1, ioctl(c.fd, WD_CMD_DROP, &m.mem));
	EXPECT_EQ(ENXIO, errno);
	raw_mem_unmap(&m);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	EXPECT_EQ(ENXIO, errno_of(c.fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(0, raw_setup(&fresh));
	EXPECT_EQ(0, raw_nop(&fresh));
	raw_close(&fresh);
	raw_close(&c);
}

TEST_F(pci, unbind_and_bind)
{
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
		ASSERT_EQ(NULL, raw_name());
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
		ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
		ASSERT_EQ(self->before, raw_available());
	}
}

/* Waits in poll(2), and is woken by the end of its device. */
static void *wait_in_poll(void *arg)
{
	struct raw_chan *c = arg;
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

	if (poll(&pfd, 1, RAW_TIMEOUT_MS) != 1)
		return (void *)1;
	return (void *)(long)!(pfd.revents & POLLERR);
}

TEST_F(pci, unbind_wakes_who_polls)
{
	struct raw_chan c;
	pthread_t t;
	void *ret;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, pthread_create(&t, NULL, wait_in_poll, &c));
	usleep(20000);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	pthread_join(t, &ret);
	EXPECT_EQ(NULL, ret);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
	raw_close(&c);
}

struct busy {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src, *dst;
	int done;
	int ret;
};

static void *work(void *arg)
{
	struct busy *b = arg;
	struct wd_desc d;
	struct wd_cqe cqe;

	do {
		d = raw_mem_deflate(&b->m, WD_COMP_GZIP, 1, b->src, LEN, b->dst, 2 * LEN);
		b->ret = raw_do(&b->c, &d, &cqe);
		if (!b->ret && cqe.status == WD_ST_OK)
			__atomic_add_fetch(&b->done, 1, __ATOMIC_RELEASE);
	} while (!b->ret && cqe.status == WD_ST_OK);
	return NULL;
}

static int busy_start(struct busy *b, pthread_t *t)
{
	int ret = raw_setup(&b->c);
	int64_t begin = raw_now_ns();

	if (!ret)
		ret = raw_mem_reserve(&b->c, &b->m, 8 * LEN);
	if (ret)
		return ret;
	b->src = raw_mem_take(&b->m, LEN);
	b->dst = raw_mem_take(&b->m, 2 * LEN);
	if (!b->src || !b->dst)
		return -ENOMEM;
	b->done = 0;
	raw_fill_text(b->src, LEN, 1);
	ret = pthread_create(t, NULL, work, b);
	while (!ret && !__atomic_load_n(&b->done, __ATOMIC_ACQUIRE)) {
		if (raw_now_ns() - begin > RAW_TIMEOUT_MS * 1000000LL)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return ret;
}

/* Nothing waits for ever: the worker ends with an error, soon. */
static void busy_end(struct __test_metadata *_metadata, struct busy *b, pthread_t t)
{
	int64_t begin = raw_now_ns();

	pthread_join(t, NULL);
	EXPECT_GT(RAW_GONE_MS, (raw_now_ns() - begin) / 1000000);
	EXPECT_TRUE(b->ret == -EIO || b->ret == -ENXIO || !b->ret) TH_LOG("it got %d", b->ret);
	raw_close(&b->c);
	/* The memory is there, and what the device had not written yet is not being written. */
	memset(b->m.va, 0, b->m.size);
	raw_mem_unmap(&b->m);
}

TEST_F(pci, unbind_in_the_middle_of_work)
{
	struct busy b;
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, busy_start(&b, &t));
		usleep(i * 3000);
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
		busy_end(_metadata, &b, t);
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
		ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	}
}

TEST_F(pci, remove_in_the_middle_of_work)
{
	struct busy b;
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, busy_start(&b, &t));
		ASSERT_EQ(0, remove_function(self->dir));
		busy_end(_metadata, &b, t);
		ASSERT_EQ(0, rescan());
	}
}

/* --------------------------------------------------------------- reset */

TEST_F(pci, reset_is_flr)
{
	char buf[64] = "", path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/reset_method", self->dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_LT(0, read(fd, buf, sizeof(buf) - 1));
	EXPECT_NE(NULL, strstr(buf, "flr"));
	close(fd);
}

TEST_F(pci, reset_with_open_channels)
{
	struct pollfd pfd;
	struct wd_chan_state state = {};
	struct raw_chan c, idle;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_open(&idle));
	ASSERT_EQ(0, raw_nop(&c));
	ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
	pfd = (struct pollfd){ .fd = c.fd, .events = POLLIN };
	EXPECT_EQ(1, poll(&pfd, 1, RAW_TIMEOUT_MS));
	EXPECT_TRUE(pfd.revents & POLLERR);
	EXPECT_EQ(EIO, errno_of(c.fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(0, errno_of(c.fd, WD_CMD_GET_STATE, &state));
	EXPECT_EQ(WD_CHAN_ERROR, state.state);
	EXPECT_EQ(WD_CHAN_ERR_RESET, state.error);
	EXPECT_EQ(WD_CHAN_ERROR, c.status->state);
	EXPECT_EQ(WD_CHAN_ERR_RESET, c.status->error);
	EXPECT_EQ(EIO, errno_of(idle.fd, UACCE_CMD_START_Q, NULL));
	raw_store_tail(&c, 1234);
	EXPECT_EQ(0, errno_of(c.fd, UACCE_CMD_PUT_Q, NULL));
	raw_close(&c);
	raw_close(&idle);
	/* The same function, the same node, new channels. */
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

TEST_F(pci, reset_in_the_middle_of_work)
{
	struct busy b;
	pthread_t t;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, busy_start(&b, &t));
		usleep(i * 3000);
		ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
		busy_end(_metadata, &b, t);
	}
}

TEST_F(pci, many_resets)
{
	struct raw_chan c;

	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
		ASSERT_EQ(0, raw_setup(&c));
		ASSERT_EQ(0, raw_nop(&c));
		raw_close(&c);
	}
}

/* ------------------------------------------------------------- modules */

TEST_F(pci, modules_in_use)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_NE(0, system("rmmod wd_accel 2>/dev/null"));
	EXPECT_NE(0, system("rmmod wd_uacce 2>/dev/null"));
	EXPECT_NE(0, system("rmmod wd_iommu 2>/dev/null"));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

/* A channel of a device that is gone keeps nothing of its driver in memory. */
TEST_F(pci, driver_unloads_under_a_dead_channel)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	EXPECT_EQ(0, system("rmmod wd_accel"));
	EXPECT_NE(0, system("rmmod wd_uacce 2>/dev/null"));
	EXPECT_EQ(ENXIO, errno_of(c.fd, WD_CMD_KICK, NULL));
	EXPECT_EQ(0, system("modprobe wd_accel"));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	raw_close(&c);
}

/* The hardware goes while its driver stays, and channels are open. */
TEST_F(pci, hardware_unplugged)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_nop(&c));
	if (system("rmmod wd_hw 2>/dev/null")) {
		/* Allowed too: it is in use. */
		EXPECT_EQ(0, raw_nop(&c));
		raw_close(&c);
		return;
	}
	expect_gone(_metadata, &c);
	raw_close(&c);
	ASSERT_EQ(0, system("modprobe wd_hw"));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
}

TEST_HARNESS_MAIN
