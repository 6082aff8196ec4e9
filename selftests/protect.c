// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who may reach what: processes do not reach each other's memory, and only who may
 * do anything to the machine reaches physical memory.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE		4096UL
#define TAINT_USER	(1 << 6)

/* ------------------------------------------------------------- processes */

#define SECRET_LEN	PAGE

/* What one process tells the other, in memory that they share. */
struct meeting {
	uint64_t addr[2][4];	/* of each one's memory: heap, stack, rings, doorbells */
	int ready[2];
	int done[2];
	int leaks;
	int wrong;
};

static void meet(int *mine, int *theirs)
{
	__atomic_store_n(mine, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(theirs, __ATOMIC_ACQUIRE))
		sched_yield();
}

/* Bytes that only this process has, whatever the other one's addresses are here. */
static void fill_secret(void *p, size_t len, int who)
{
	raw_fill_random(p, len, 1000 + who);
}

/*
 * The other's address as a source: a fault, or what this process has there itself.
 * Level 0 copies, so that what was read can be seen in what is written.
 */
static void read_others(struct meeting *m, struct raw_chan *c, int who, uint64_t addr)
{
	static uint8_t out[2 * PAGE], secret[SECRET_LEN];
	struct wd_desc d = raw_deflate(WD_COMP_RAW, 0, (void *)addr, SECRET_LEN, out, sizeof(out));
	struct wd_cqe cqe;

	memset(out, 0, sizeof(out));
	fill_secret(secret, SECRET_LEN, !who);
	if (raw_do(c, &d, &cqe))
		m->wrong++;
	else if (memmem(out, sizeof(out), secret, 64))
		m->leaks++;
}

/* As a destination: the other looks whether anything of it arrived. */
static void write_others(struct meeting *m, struct raw_chan *c, uint64_t addr)
{
	static uint8_t src[256];
	struct wd_desc d = raw_deflate(WD_COMP_RAW, 0, src, sizeof(src), (void *)addr, SECRET_LEN);
	struct wd_cqe cqe;
	unsigned char in_core;

	/* Where this process has memory at the same place it would hurt nobody but itself. */
	if (!mincore((void *)(addr & ~(PAGE - 1)), PAGE, &in_core))
		return;
	memset(src, 0xee, sizeof(src));
	if (raw_do(c, &d, &cqe) || !cqe.status)
		m->wrong++;
}

static int one_of_two(struct meeting *m, int who)
{
	uint8_t on_stack[SECRET_LEN], want[SECRET_LEN], *heap;
	struct raw_chan c;

	/* At places where the other one has nothing: addresses differ where they can. */
	heap = mmap((void *)(0x300000000000UL + who * 0x10000000UL), SECRET_LEN,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (heap == MAP_FAILED || raw_setup(&c))
		return 1;
	fill_secret(heap, SECRET_LEN, who);
	fill_secret(on_stack, SECRET_LEN, who);
	m->addr[who][0] = (uintptr_t)heap;
	m->addr[who][1] = (uintptr_t)on_stack;
	m->addr[who][2] = (uintptr_t)c.sq;
	m->addr[who][3] = (uintptr_t)c.mmio;
	meet(&m->ready[who], &m->ready[!who]);
	for (int i = 0; i < 4; i++) {
		read_others(m, &c, who, m->addr[!who][i]);
		write_others(m, &c, m->addr[!who][i]);
	}
	meet(&m->done[who], &m->done[!who]);
	fill_secret(want, SECRET_LEN, who);
	if (memcmp(heap, want, SECRET_LEN) || memcmp(on_stack, want, SECRET_LEN))
		return 2;
	if (raw_nop(&c))
		return 3;
	raw_close(&c);
	return 0;
}

TEST(processes_do_not_reach_each_other)
{
	struct meeting *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[2];
	int status;

	ASSERT_NE(MAP_FAILED, m);
	ASSERT_EQ(0, raw_select_mode("sva"));
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(one_of_two(m, i));
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("process %d", i);
	}
	EXPECT_EQ(0, m->leaks);
	EXPECT_EQ(0, m->wrong);
}

/* ---------------------------------------------------------------- the fence */

FIXTURE(fence) {
	char node[64];
};

FIXTURE_SETUP(fence)
{
	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, raw_select_mode("noiommu")) TH_LOG("no device");
	snprintf(self->node, sizeof(self->node), "%s", raw_node());
	ASSERT_EQ(0, raw_write(RAW_FENCE, "0"));
}

FIXTURE_TEARDOWN(fence)
{
	raw_lift_fence();
}

static int try_open(const char *node)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

TEST_F(fence, stands)
{
	int before = raw_available();

	EXPECT_EQ(EPERM, try_open(self->node));
	EXPECT_EQ(before, raw_available());
	/* Only in front of physical memory. */
	raw_select_mode("share");
	EXPECT_EQ(0, try_open(raw_node()));
	raw_select_mode("sva");
	EXPECT_EQ(0, try_open(raw_node()));
}

static int drop_capability(int cap)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[CAP_TO_INDEX(cap)].effective &= ~CAP_TO_MASK(cap);
	data[CAP_TO_INDEX(cap)].permitted &= ~CAP_TO_MASK(cap);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

TEST_F(fence, needs_the_capability_too)
{
	int status;
	pid_t pid;

	raw_lift_fence();
	EXPECT_EQ(0, try_open(self->node));
	pid = fork();
	if (!pid) {
		if (drop_capability(CAP_SYS_RAWIO))
			_exit(1);
		if (try_open(self->node) != EPERM)
			_exit(2);
		/* Others do not want it. */
		raw_select_mode("share");
		_exit(try_open(raw_node()) ? 3 : 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static long tainted(void)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	long value = -1;

	if (file && fscanf(file, "%ld", &value) != 1)
		value = -1;
	if (file)
		fclose(file);
	return value;
}

/* Lines of the kernel's log about it, since the module came. */
static int told(void)
{
	static char buf[1 << 20];
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, buf, sizeof(buf) - 1), count = 0;
	char *line, *pos;

	buf[n < 0 ? 0 : n] = '\0';
	for (line = strtok_r(buf, "\n", &pos); line; line = strtok_r(NULL, "\n", &pos))
		count += strstr(line, "wd_accel-") && strstr(line, "opened without an IOMMU");
	return count;
}

TEST_F(fence, taints_and_is_told_once)
{
	int before = told();

	ASSERT_EQ(0, system("rmmod wd_accel wd_uacce && modprobe wd_accel"));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	EXPECT_EQ(EPERM, try_open(raw_node()));
	EXPECT_EQ(before, told());
	raw_lift_fence();
	for (int i = 0; i < 20; i++)
		EXPECT_EQ(0, try_open(raw_node()));
	EXPECT_EQ(before + 1, told());
	EXPECT_TRUE(tainted() & TAINT_USER);
}

/* What is open stays open: the fence is for the next one. */
TEST_F(fence, put_up_again)
{
	struct raw_chan c;
	struct raw_mem m;

	raw_lift_fence();
	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_write(RAW_FENCE, "0"));
	EXPECT_EQ(EPERM, try_open(self->node));
	EXPECT_EQ(0, raw_mem_reserve(&c, &m, RAW_MEM_WORK));
	EXPECT_EQ(0, raw_mem_work(&c, &m, 1));
	raw_mem_unmap(&m);
	raw_close(&c);
}

TEST_HARNESS_MAIN
