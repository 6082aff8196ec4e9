// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Free memory that is in pieces, made so on purpose: a device behind an IOMMU gets
 * as much of it as it likes, in one range of addresses.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE		4096UL
#define MIB		(1UL << 20)
#define WANT		(256 * MIB)
#define FREE_BELOW_KB	(24 * 1024)	/* of whole blocks; the kernel lives on it meanwhile */
#define SPARE		(16 * MIB)	/* for what is asked of the kernel afterwards: a debug kernel wants pages in pairs */
#define ORDER		4
#define MARK		64UL		/* bytes of each page that the device reads */

/* Bytes in free blocks of at least @order. Shown, for people. */
static size_t free_blocks(const char *when, unsigned int order)
{
	char line[512];
	size_t sum = 0;
	FILE *file = fopen("/proc/buddyinfo", "re");

	if (!file)
		return 0;
	printf("# %s\n", when);
	while (fgets(line, sizeof(line), file)) {
		char *p = strstr(line, "zone");
		unsigned int i = 0;

		printf("# %s", line);
		p = p ? strtok(p, " \n") : NULL;
		p = p ? strtok(NULL, " \n") : NULL;
		while (p && (p = strtok(NULL, " \n")))
			if (i++ >= order)
				sum += strtoul(p, NULL, 10) << (i - 1) * 1UL;
	}
	fclose(file);
	printf("# %zu MiB in blocks of 2^%u pages and more\n", sum * PAGE / MIB, order);
	return sum * PAGE;
}

/* Everything that is free, but for a rest; nothing of it in large pages. */
static uint8_t *take_all(size_t *len)
{
	const size_t most = 64UL << 30, step = 4 * MIB;
	uint8_t *p = mmap(NULL, most, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, most, MADV_NOHUGEPAGE);
	for (*len = 0; *len < most && raw_meminfo("MemFree") > FREE_BELOW_KB; *len += step)
		for (size_t at = 0; at < step; at += PAGE)
			p[*len + at] = 1;
	return p;
}

/*
 * Every second page goes back. What the kernel could still move together stays where it
 * is: the pages that are left are locked, and it is told not to move such pages.
 */
static void make_holes(uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len; at += 2 * PAGE)
		madvise(p + at, PAGE, MADV_DONTNEED_LOCKED);
}

static uint32_t crc32_of(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* A mark of its own for each page, read back by the device through lists of all of them. */
static int check_by_device(struct raw_chan *c, const struct raw_mem *m)
{
	const size_t per_list = c->layout.max_len / MARK < 16384 ? c->layout.max_len / MARK : 16384;
	struct wd_mem_reserve r;
	struct raw_mem tool = {};
	struct wd_slice slice;
	struct wd_sge *list;
	int ret;

	for (size_t at = 0; at < m->size; at += PAGE)
		raw_fill_random(m->va + at, MARK, at / PAGE + 1);
	ret = raw_reserve(c, WD_QFRT_BOUNCE, 4 * MIB, &r);
	if (ret || raw_get_slices(c, r.mem, 0, 1, &slice) != 1)
		return ret ? ret : -EPROTO;
	tool = (struct raw_mem) { .size = 4 * MIB, .slices = &slice, .nslices = 1 };
	tool.va = mmap(NULL, tool.size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd,
		       WD_QFRT_BOUNCE * PAGE);
	if (tool.va == MAP_FAILED)
		return -errno;
	list = raw_mem_take(&tool, per_list * sizeof(*list));
	for (size_t first = 0; !ret && first < m->size / PAGE; first += per_list) {
		size_t n = m->size / PAGE - first < per_list ? m->size / PAGE - first : per_list;
		uint8_t *out = tool.va + 2 * MIB;
		struct wd_desc d;
		struct wd_cqe cqe;
		uint32_t crc = 0;

		for (size_t i = 0; i < n; i++) {
			uint8_t *p = m->va + (first + i) * PAGE;

			list[i] = (struct wd_sge) { .addr = raw_dma(m, p), .len = MARK };
			crc = crc32_of(crc, p, MARK);
		}
		d = raw_mem_deflate(&tool, WD_COMP_GZIP, 0, list, n * MARK, out, 2 * MIB);
		d.flags = WD_DESC_SRC_SGL;
		ret = raw_do(c, &d, &cqe);
		if (!ret && (cqe.status || cqe.consumed != n * MARK || cqe.info != crc))
			ret = -EPROTO;
	}
	munmap(tool.va, tool.size);
	return ret;
}

static bool all_zero(const uint8_t *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

/* In a process of its own: all that it took ends with it. */
static int in_pieces(void)
{
	struct raw_chan c;
	struct raw_mem m;
	size_t len, blocks;
	uint8_t *spare, *p;
	int ret;

	if (raw_setup(&c))
		return 1;
	spare = mmap(NULL, SPARE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	p = take_all(&len);
	if (!p)
		return 2;
	mlock(p, len);
	make_holes(p, len);
	blocks = free_blocks("before", ORDER);
	printf("# %zu MiB are held, every second page of %zu MiB\n", len / 2 / MIB, len / MIB);
	if (blocks > WANT / 2) {
		printf("# memory is not in pieces\n");
		return 4;
	}
	ret = raw_mem_reserve(&c, &m, WANT);
	munmap(spare, SPARE);
	free_blocks("after", ORDER);
	if (ret || m.nslices != 1 || m.size != WANT) {
		printf("# reserve: %s, %u slices\n", strerror(-ret), m.nslices);
		return 3;
	}
	for (size_t at = 0; at < WANT; at += PAGE)
		if (!all_zero(m.va + at, PAGE))
			return 5;
	ret = check_by_device(&c, &m);
	if (ret) {
		printf("# through the device: %s\n", strerror(-ret));
		return 6;
	}
	return 0;
}

static void set_number(const char *path, long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", value);
	raw_write(path, text);
}

static long get_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (file) {
		if (fscanf(file, "%ld", &value) != 1)
			value = -1;
		fclose(file);
	}
	return value;
}

#define MIN_FREE	"/proc/sys/vm/min_free_kbytes"
#define MAY_MOVE	"/proc/sys/vm/compact_unevictable_allowed"

FIXTURE(frag) {};
FIXTURE_SETUP(frag) {}
FIXTURE_TEARDOWN(frag) {}

TEST_F(frag, a_large_reservation_of_pieces)
{
	long min_free, may_move, before;
	int status;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, raw_select_mode("share")) TH_LOG("no device");
	if (raw_meminfo("MemTotal") < 1500 * 1024)
		SKIP(return, "needs a machine with 1.5 GiB");
	ASSERT_LE(WANT, raw_attr_num("region_ss_size"));
	min_free = get_number(MIN_FREE);
	may_move = get_number(MAY_MOVE);
	before = raw_calm_memory();
	set_number(MIN_FREE, 4096);
	set_number(MAY_MOVE, 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		int ret = in_pieces();

		fflush(stdout);
		_exit(ret);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	set_number(MIN_FREE, min_free);
	set_number(MAY_MOVE, may_move);
	EXPECT_TRUE(WIFEXITED(status)) TH_LOG("it was killed: %d", WTERMSIG(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(0, raw_reserved());
	/* 256 MiB that were lost would show. */
	EXPECT_GT(64 * 1024, before - raw_calm_memory());
}

TEST_HARNESS_MAIN
