// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses that are wrong: each has a status of its own and is named, and the channel
 * goes on. Then memory of all kinds that must simply work.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness.h"
#include "bad.h"

#define PAGE	4096UL

/* Beyond what a process has with five levels as well as with four. */
#define NON_CANONICAL	0x0080000000000000UL
#define KERNEL		0xffffffff81000000UL

/* Addresses of a process. */
FIXTURE(addr) {
	struct set set;
};

FIXTURE_SETUP(addr)
{
	set_begin(_metadata, &self->set);
}

FIXTURE_TEARDOWN(addr)
{
	set_end(&self->set);
}

struct bad_memory {
	uint64_t addr;
	int as_src;		/* status; 0: it is good for that */
	int as_dst;
};

static void one_address(struct __test_metadata *_metadata, struct raw_chan *c,
			struct wd_desc d, int status, uint64_t addr, bool dst)
{
	struct wd_cqe cqe = {};

	ASSERT_EQ(0, raw_do(c, &d, &cqe));
	EXPECT_EQ(status, cqe.status) TH_LOG("address %#lx as %s", (long)addr, dst ? "dst" : "src");
	EXPECT_EQ(addr, cqe.info);
	EXPECT_EQ(dst ? WD_CQE_FAULT_DST : 0, cqe.aux);
	EXPECT_EQ(0, dst ? cqe.produced : cqe.consumed);
	EXPECT_EQ(0, raw_nop(c));
}

static void try_address(struct __test_metadata *_metadata, struct raw_chan *c,
			void *src, void *dst, struct bad_memory bad)
{
	struct wd_desc d;

	if (bad.as_src) {
		d = raw_deflate(WD_COMP_RAW, 1, (void *)bad.addr, 4000, dst, ROOM);
		one_address(_metadata, c, d, bad.as_src, bad.addr, false);
	}
	if (bad.as_dst) {
		d = raw_deflate(WD_COMP_RAW, 1, src, 4000, (void *)bad.addr, 4000);
		one_address(_metadata, c, d, bad.as_dst, bad.addr, true);
	}
}

#define bad_address(a, s, t) \
	try_address(_metadata, &self->set.c, self->set.src, self->set.dst, \
		    (struct bad_memory){ .addr = (uintptr_t)(a), .as_src = s, .as_dst = t })

TEST_F(addr, unmapped)
{
	uint8_t *hole = raw_memory(4 * PAGE);

	munmap(hole, 4 * PAGE);
	bad_address(hole, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	bad_address(hole + 123, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	bad_address(0, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	bad_address(1, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	still_good();
}

TEST_F(addr, no_permission)
{
	uint8_t *p = raw_memory(4 * PAGE);

	memset(p, 1, 4 * PAGE);
	mprotect(p, 4 * PAGE, PROT_NONE);
	bad_address(p, WD_ST_FAULT_PERM, WD_ST_FAULT_PERM);
	mprotect(p, 4 * PAGE, PROT_READ);
	bad_address(p, 0, WD_ST_FAULT_PERM);
	/* The program's own text and constants. */
	bad_address(raw_do, 0, WD_ST_FAULT_PERM);
	bad_address("a constant", 0, WD_ST_FAULT_PERM);
	EXPECT_EQ(1, p[0]);
	still_good();
}

TEST_F(addr, no_user_address)
{
	static const uint64_t bad[] = {
		KERNEL, 0xffff888000000000, 0xffffffffffffffff - 4095,
		0x8000000000000000, NON_CANONICAL, 0xff7fffffffffffff,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		bad_address(bad[i], WD_ST_FAULT_RANGE, WD_ST_FAULT_RANGE);
	still_good();
}

/* An operand that would go round the end of the address space. */
TEST_F(addr, address_wraps)
{
	struct wd_desc d = good_desc();
	struct wd_cqe cqe;

	d.src = 0xfffffffffffffff0;
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_RANGE, cqe.status);
	d = good_desc();
	d.dst = 0xfffffffffffffff0;
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_RANGE, cqe.status);
	/* The last page that a process can have; what comes after is not its own. */
	d = good_desc();
	d.src = 0x7fffffffe000;
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_NE(WD_ST_OK, cqe.status);
	still_good();
}

static int temp_file(size_t len, uint32_t seed)
{
	char *buf = malloc(len);
	int fd = memfd_create("operand", MFD_CLOEXEC);

	raw_fill_text(buf, len, seed);
	if (write(fd, buf, len) != (ssize_t)len)
		fd = -1;
	free(buf);
	return fd;
}

TEST_F(addr, past_the_end_of_a_file)
{
	int fd = temp_file(PAGE + 100, 3);
	uint8_t *p;

	ASSERT_LE(0, fd);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	bad_address(p + 2 * PAGE, WD_ST_FAULT_BUS, WD_ST_FAULT_BUS);
	munmap(p, 4 * PAGE);
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	bad_address(p + 3 * PAGE + 5, WD_ST_FAULT_BUS, WD_ST_FAULT_BUS);
	munmap(p, 4 * PAGE);
	close(fd);
	still_good();
}

/* The first byte that is missing is the one that is named, and all before it is done. */
TEST_F(addr, source_ends_early)
{
	static const size_t good[] = { 1, 4095, 4096, 10000, 16384, 16385, 40000 };
	uint8_t *p = raw_memory(LEN + PAGE), *start;
	struct wd_cqe cqe;
	struct wd_desc d;

	munmap(p + LEN, PAGE);
	memcpy(p, self->set.src, LEN);
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		start = p + LEN - good[i];
		d = raw_deflate(WD_COMP_RAW, 6, start, LEN, self->set.dst, ROOM);
		ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
		EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
		EXPECT_EQ(good[i], cqe.consumed);
		EXPECT_EQ((uintptr_t)(p + LEN), cqe.info);
		EXPECT_EQ(0, cqe.aux);
	}
	still_good();
}

TEST_F(addr, destination_ends_early)
{
	static const size_t good[] = { 1, 4095, 4096, 10000, 16384, 20000 };
	uint8_t *p = raw_memory(LEN + PAGE), *start;
	struct wd_cqe cqe;
	struct wd_desc d;

	mprotect(p + LEN, PAGE, PROT_READ);
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
		start = p + LEN - good[i];
		d = raw_deflate(WD_COMP_RAW, 6, self->set.src, LEN, start, LEN);
		ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
		EXPECT_EQ(WD_ST_FAULT_PERM, cqe.status);
		EXPECT_EQ(good[i], cqe.produced);
		EXPECT_EQ((uintptr_t)(p + LEN), cqe.info);
		EXPECT_EQ(WD_CQE_FAULT_DST, cqe.aux);
		EXPECT_EQ(0, memcmp(self->set.want, start, good[i]));
	}
	EXPECT_EQ(0, p[LEN]);
	still_good();
}

/* A hole that is closed again before the next request. */
TEST_F(addr, address_becomes_good)
{
	uint8_t *p = raw_memory(LEN);

	munmap(p, LEN);
	bad_address(p, WD_ST_FAULT_UNMAPPED, 0);
	ASSERT_EQ(p, mmap(p, LEN, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memcpy(p, self->set.src, LEN);
	still_works(_metadata, &self->set.c, p, self->set.dst, self->set.want, self->set.want_len);
	still_good();
}

/* The channel's own rings are no memory for operands: nothing worse than an error. */
TEST_F(addr, operands_in_the_channels_regions)
{
	struct wd_desc d;
	struct wd_cqe cqe;

	d = raw_deflate(WD_COMP_RAW, 1, (void *)self->set.c.mmio, 64, self->set.dst, ROOM);
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	d = raw_deflate(WD_COMP_RAW, 1, (void *)self->set.c.sq, 64, self->set.dst, ROOM);
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	still_good();
}

/* ------------------------------------------------- memory of all kinds */

#define works_from(p) \
	still_works(_metadata, &self->set.c, p, self->set.dst, self->set.want, self->set.want_len)
#define works_into(p) \
	still_works(_metadata, &self->set.c, self->set.src, p, self->set.want, self->set.want_len)

TEST_F(addr, demand_zero)
{
	uint8_t *p = raw_memory(ROOM), *zeros = raw_memory(LEN);
	struct wd_desc d;
	struct wd_cqe cqe;

	works_into(p);
	/* A source that nobody wrote: zeros. */
	d = raw_deflate(WD_COMP_RAW, 6, zeros, LEN, self->set.dst, ROOM);
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(LEN, cqe.consumed);
	EXPECT_GT(1000, cqe.produced);
	memset(p, 0xff, LEN);
	d = raw_inflate(WD_COMP_RAW, self->set.dst, cqe.produced, p, LEN);
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_EQ(LEN, cqe.produced);
	EXPECT_EQ(0, memcmp(p, zeros, LEN));
}

TEST_F(addr, unaligned)
{
	uint8_t *src = raw_memory(LEN + PAGE), *dst = raw_memory(ROOM + PAGE);

	for (int off = 1; off < 16; off += 7) {
		memcpy(src + off, self->set.src, LEN);
		works_from(src + off);
		works_into(dst + 16 - off);
	}
}

TEST_F(addr, stack)
{
	uint8_t on_stack[LEN];

	memcpy(on_stack, self->set.src, LEN);
	works_from(on_stack);
}

/* A device does not grow a stack: there is nothing below it until the program was there. */
TEST_F(addr, below_the_stack)
{
	volatile uint8_t *below = (uint8_t *)__builtin_frame_address(0) - (1 << 20);

	bad_address(below, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	*below = 0;
	works_into((uint8_t *)below);
}

TEST_F(addr, file_mapping)
{
	int fd = memfd_create("operand", MFD_CLOEXEC), disk;
	uint8_t *p;

	ASSERT_EQ(LEN, write(fd, self->set.src, LEN));
	p = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	works_from(p);
	munmap(p, LEN);
	ASSERT_EQ(0, ftruncate(fd, ROOM));
	p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	works_into(p);
	/* What the device wrote is in the file. */
	ASSERT_EQ(self->set.want_len, pread(fd, self->set.dst, self->set.want_len, 0));
	EXPECT_EQ(0, memcmp(self->set.want, self->set.dst, self->set.want_len));
	munmap(p, ROOM);
	close(fd);

	disk = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ASSERT_LE(0, disk);
	ASSERT_EQ(LEN, write(disk, self->set.src, LEN));
	fsync(disk);
	posix_fadvise(disk, 0, 0, POSIX_FADV_DONTNEED);
	p = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE, disk, 0);
	ASSERT_NE(MAP_FAILED, p);
	works_from(p);
	munmap(p, LEN);
	close(disk);
}

/* After fork both sides share pages; the device must break that as a store does. */
TEST_F(addr, copy_on_write)
{
	uint8_t *p = raw_memory(ROOM);
	int done[2], status;
	pid_t child;
	char byte;

	memset(p, 0x5a, ROOM);
	ASSERT_EQ(0, pipe(done));
	child = fork();
	if (!child) {
		size_t i, wrong = 0;

		close(done[1]);
		read(done[0], &byte, 1);
		for (i = 0; i < ROOM; i++)
			wrong += p[i] != 0x5a;
		_exit(wrong != 0);
	}
	close(done[0]);
	works_into(p);
	EXPECT_EQ(0x5a, p[ROOM - 1]);
	close(done[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status) TH_LOG("the child saw the parent's data");
}

/* A private file mapping is copied on write too; the file is not changed. */
TEST_F(addr, copy_on_write_of_a_file)
{
	int fd = memfd_create("operand", MFD_CLOEXEC);
	uint8_t *p, byte = 1;

	ASSERT_EQ(0, ftruncate(fd, ROOM));
	p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	for (size_t i = 0; i < ROOM; i += PAGE)
		byte &= p[i] == 0;
	EXPECT_EQ(1, byte);
	works_into(p);
	for (size_t i = 0; i < self->set.want_len; i += 997) {
		ASSERT_EQ(1, pread(fd, &byte, 1, i));
		ASSERT_EQ(0, byte);
	}
	close(fd);
}

TEST_F(addr, transparent_huge_page)
{
	const size_t huge = 2UL << 20;
	uint8_t *p = raw_memory(2 * huge);

	p = (void *)(((uintptr_t)p + huge - 1) & ~(huge - 1));
	if (madvise(p, huge, MADV_HUGEPAGE))
		SKIP(return, "the kernel has no transparent huge pages");
	memcpy(p, self->set.src, LEN);
	works_from(p);
	works_into(p + LEN);
}

TEST_F(addr, hugetlb_page)
{
	const size_t huge = 2UL << 20;
	uint8_t *p;

	if (raw_write("/proc/sys/vm/nr_hugepages", "2"))
		SKIP(return, "the kernel has no hugetlb pages");
	p = mmap(NULL, huge, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (p == MAP_FAILED) {
		raw_write("/proc/sys/vm/nr_hugepages", "0");
		SKIP(return, "no hugetlb page is free");
	}
	works_into(p);
	memcpy(p + (1UL << 20), self->set.src, LEN);
	works_from(p + (1UL << 20));
	munmap(p, huge);
	raw_write("/proc/sys/vm/nr_hugepages", "0");
}

static size_t resident(uint8_t *p, size_t len)
{
	unsigned char vec[LEN / PAGE];
	size_t n = 0;

	if (mincore(p, len, vec))
		return 0;
	for (size_t i = 0; i < len / PAGE; i++)
		n += vec[i] & 1;
	return n;
}

/* Pages of a file that were dropped; anonymous ones where there is swap. */
TEST_F(addr, paged_out)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	uint8_t *p;

	ASSERT_LE(0, fd);
	ASSERT_EQ(LEN, write(fd, self->set.src, LEN));
	ASSERT_EQ(0, fsync(fd));
	p = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(p[0], self->set.src[0]);
	if (madvise(p, LEN, MADV_PAGEOUT))
		SKIP(return, "the kernel has no MADV_PAGEOUT");
	if (resident(p, LEN) == LEN / PAGE)
		SKIP(return, "the pages did not leave memory");
	works_from(p);
	munmap(p, LEN);
	close(fd);
}

static int make_swap(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "fallocate -l 16M %s && chmod 600 %s && mkswap -q %s && swapon %s",
		 path, path, path, path);
	return system(command);
}

/* Pages of @p whose page table entries say that they are in swap. */
static size_t in_swap(uint8_t *p, size_t len)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry[LEN / PAGE] = {};
	size_t n = 0;

	pread(fd, entry, len / PAGE * 8, (uintptr_t)p / PAGE * 8);
	close(fd);
	for (size_t i = 0; i < len / PAGE; i++)
		n += entry[i] >> 62 & 1;
	return n;
}

TEST_F(addr, swapped_out)
{
	static const char path[] = "/var/tmp/wd-swap";
	uint8_t *p = raw_memory(ROOM);
	size_t swapped;

	if (make_swap(path))
		SKIP(return, "no swap file can be made");
	memcpy(p, self->set.src, LEN);
	madvise(p, LEN, MADV_PAGEOUT);
	swapped = in_swap(p, LEN);
	if (swapped) {
		works_from(p);
		madvise(p, LEN, MADV_PAGEOUT);
		works_into(p);
	}
	EXPECT_EQ(0, system("swapoff /var/tmp/wd-swap && rm /var/tmp/wd-swap"));
	if (!swapped)
		SKIP(return, "the pages did not leave memory");
}

/* One request of the longest length that is allowed; most of it is never touched. */
TEST_F(addr, longest_request)
{
	const size_t max = self->set.c.layout.max_len;
	uint8_t *src = raw_memory(max), *dst = raw_memory(max);
	struct wd_desc d;
	struct wd_cqe cqe;

	d = raw_inflate(WD_COMP_RAW, self->set.want, self->set.want_len, dst, max);
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(LEN, cqe.produced);
	EXPECT_EQ(0, memcmp(dst, self->set.src, LEN));
	/* A source of that length: it ends when the destination is full. */
	raw_fill_random(src, 1 << 20, 4);
	d = raw_deflate(WD_COMP_RAW, 1, src, max, dst, 1 << 16);
	ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
	EXPECT_EQ(WD_ST_OVERFLOW, cqe.status);
	EXPECT_EQ(1 << 16, cqe.produced);
	EXPECT_LT(0, cqe.consumed);
	still_good();
}

TEST_HARNESS_MAIN
