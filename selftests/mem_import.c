// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the process has already, of all kinds, given to a device; then
 * addresses that it was never given, or not any more, or for reading only.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE	4096UL
#define HUGE	(2UL << 20)
#define SIZE	RAW_MEM_WORK

FIXTURE(import) {
	struct raw_chan c;
	struct raw_mem m;
	long pinned;
};

FIXTURE_VARIANT(import) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(import, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(import, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(import)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	self->pinned = raw_pinned();
	ASSERT_EQ(0, raw_setup(&self->c));
}

/* Whatever a test did: no page stays pinned. */
FIXTURE_TEARDOWN(import)
{
	raw_mem_forget(&self->m);
	raw_close(&self->c);
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
}

static int import(struct raw_chan *c, const void *va, size_t size, uint32_t flags)
{
	struct wd_mem_import i = { .addr = (uintptr_t)va, .size = size, .flags = flags };

	return ioctl(c->fd, WD_CMD_IMPORT, &i) ? -errno : 0;
}

/* A stream by way of memory whose slices may be no longer than a page. */
static int work_in_pages(struct raw_chan *c, struct raw_mem *m)
{
	struct wd_desc d;
	struct wd_cqe cqe;
	int ret;

	for (size_t at = 0; at + 3 * PAGE <= m->size; at += 3 * PAGE) {
		uint8_t *p = m->va + at;

		raw_fill_text(p, PAGE, at + 1);
		memset(p + 2 * PAGE, 0, PAGE);
		d = raw_mem_deflate(m, WD_COMP_GZIP, 1, p, PAGE, p + PAGE, PAGE);
		ret = raw_do(c, &d, &cqe);
		if (ret || cqe.status)
			return ret ? ret : -EPROTO;
		d = raw_mem_inflate(m, WD_COMP_GZIP, p + PAGE, cqe.produced, p + 2 * PAGE, PAGE);
		ret = raw_do(c, &d, &cqe);
		if (ret || cqe.status || cqe.produced != PAGE)
			return ret ? ret : -EPROTO;
		if (memcmp(p, p + 2 * PAGE, PAGE))
			return -EILSEQ;
	}
	return 0;
}

static void good(struct __test_metadata *_metadata, struct raw_chan *c, struct raw_mem *m,
		 void *p, size_t size)
{
	ASSERT_NE(MAP_FAILED, p);
	ASSERT_EQ(0, raw_mem_import(c, m, p, size, 0));
	EXPECT_EQ(0, work_in_pages(c, m));
	EXPECT_LT(0, raw_pinned());
	EXPECT_EQ(0, raw_drop(c, m->mem));
	EXPECT_EQ(-ENOENT, raw_drop(c, m->mem));
	EXPECT_EQ(-ENOENT, raw_get_slices(c, m->mem, 0, 1, m->slices));
	raw_mem_forget(m);
}

#define GOOD(p, size) good(_metadata, &self->c, &self->m, p, size)
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)

TEST_F(import, heap)
{
	uint8_t *p = aligned_alloc(PAGE, 12 * PAGE);

	GOOD(p, 12 * PAGE);
	free(p);
}

TEST_F(import, never_touched)
{
	GOOD(raw_memory(SIZE), SIZE);
}

TEST_F(import, shared_anonymous)
{
	GOOD(mmap(NULL, SIZE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), SIZE);
}

TEST_F(import, memfd)
{
	int fd = memfd_create("operand", MFD_CLOEXEC);

	ASSERT_EQ(0, ftruncate(fd, SIZE));
	GOOD(mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0), SIZE);
	close(fd);
}

TEST_F(import, large_pages)
{
	void *p;

	raw_write("/proc/sys/vm/nr_hugepages", "2");
	p = mmap(NULL, HUGE, RW, ANON | MAP_HUGETLB, -1, 0);
	if (p != MAP_FAILED) {
		GOOD(p, HUGE);
		munmap(p, HUGE);
	}
	raw_write("/proc/sys/vm/nr_hugepages", "0");
	if (p == MAP_FAILED)
		SKIP(return, "no memory for large pages");
}

TEST_F(import, hugetlbfs)
{
	static const char dir[] = "/tmp/wd-huge";
	char path[64];
	bool mounted;
	int fd;

	raw_write("/proc/sys/vm/nr_hugepages", "2");
	mounted = !system("mkdir -p /tmp/wd-huge && mount -t hugetlbfs none /tmp/wd-huge");
	if (mounted) {
		void *p;

		snprintf(path, sizeof(path), "%s/operand", dir);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		EXPECT_EQ(0, ftruncate(fd, HUGE));
		p = mmap(NULL, HUGE, RW, MAP_SHARED, fd, 0);
		GOOD(p, HUGE);
		munmap(p, HUGE);
		close(fd);
		unlink(path);
		EXPECT_EQ(0, system("umount /tmp/wd-huge && rmdir /tmp/wd-huge"));
	}
	raw_write("/proc/sys/vm/nr_hugepages", "0");
	if (!mounted)
		SKIP(return, "no hugetlbfs");
}

/* In the domain it is one range, however scattered the pages are. */
TEST_F(import, slices)
{
	uint8_t *p = raw_memory(SIZE);
	uint64_t next = 0;

	ASSERT_EQ(0, raw_mem_import(&self->c, &self->m, p, SIZE, 0));
	for (unsigned int i = 0; i < self->m.nslices; i++) {
		EXPECT_EQ(next, self->m.slices[i].offset);
		EXPECT_EQ(0, (self->m.slices[i].dma | self->m.slices[i].size) % PAGE);
		next += self->m.slices[i].size;
	}
	EXPECT_EQ(SIZE, next);
	if (!strcmp(variant->mode, "share"))
		EXPECT_EQ(1, self->m.nslices);
}

/* Source or destination: imported memory and reserved memory go together. */
TEST_F(import, beside_reserved_memory)
{
	uint8_t *src = raw_memory(PAGE);
	struct raw_mem reserved;
	struct wd_desc d;
	struct wd_cqe cqe;

	raw_fill_text(src, PAGE, 8);
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &reserved, 4 * PAGE));
	ASSERT_EQ(0, raw_mem_import(&self->c, &self->m, src, PAGE, WD_IMPORT_READ_ONLY));
	d = raw_deflate(WD_COMP_RAW, 6, NULL, PAGE, NULL, PAGE);
	d.src = self->m.dma;
	d.dst = raw_dma(&reserved, reserved.va);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	d = raw_mem_inflate(&reserved, WD_COMP_RAW, reserved.va, cqe.produced,
			    reserved.va + PAGE, PAGE);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(PAGE, cqe.produced);
	EXPECT_EQ(0, memcmp(src, reserved.va + PAGE, PAGE));
	raw_mem_unmap(&reserved);
}

/* --------------------------------------------------------- what is refused */

TEST_F(import, bad_arguments)
{
	struct wd_mem_import i;
	uint8_t *p = raw_memory(4 * PAGE);

	EXPECT_EQ(-EINVAL, import(&self->c, p + 1, PAGE, 0));
	EXPECT_EQ(-EINVAL, import(&self->c, p + PAGE / 2, PAGE, 0));
	EXPECT_EQ(-EINVAL, import(&self->c, p, 1, 0));
	EXPECT_EQ(-EINVAL, import(&self->c, p, PAGE + 1, 0));
	EXPECT_EQ(-EINVAL, import(&self->c, p, 0, 0));
	for (int bit = 1; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, import(&self->c, p, PAGE, 1U << bit));
	i = (struct wd_mem_import) { .addr = (uintptr_t)p, .size = PAGE, .reserved = 1 };
	EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_IMPORT, &i));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_IMPORT, NULL));
	EXPECT_EQ(EFAULT, errno);
	/* Too long for anybody, and round the end of the address space. */
	EXPECT_NE(0, import(&self->c, p, 1UL << 62, 0));
	EXPECT_NE(0, import(&self->c, p, -PAGE, 0));
	EXPECT_NE(0, import(&self->c, (void *)-PAGE, 2 * PAGE, 0));
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
}

TEST_F(import, not_there)
{
	uint8_t *p = raw_memory(8 * PAGE);

	memset(p, 1, 8 * PAGE);
	munmap(p + 3 * PAGE, PAGE);
	EXPECT_EQ(-EFAULT, import(&self->c, p, 8 * PAGE, 0));
	EXPECT_EQ(-EFAULT, import(&self->c, p + 3 * PAGE, PAGE, 0));
	EXPECT_EQ(-EFAULT, import(&self->c, NULL, PAGE, 0));
	EXPECT_EQ(-EFAULT, import(&self->c, (void *)0xffffffff81000000, PAGE, 0));
	EXPECT_EQ(0, import(&self->c, p, 3 * PAGE, 0));
	mprotect(p + 5 * PAGE, PAGE, PROT_NONE);
	EXPECT_EQ(-EFAULT, import(&self->c, p + 4 * PAGE, 4 * PAGE, 0));
	EXPECT_EQ(-EFAULT, import(&self->c, p + 5 * PAGE, PAGE, WD_IMPORT_READ_ONLY));
}

TEST_F(import, only_readable)
{
	int fd = memfd_create("operand", MFD_CLOEXEC);
	uint8_t *p = raw_memory(PAGE);

	ASSERT_EQ(0, ftruncate(fd, PAGE));
	memset(p, 1, PAGE);
	mprotect(p, PAGE, PROT_READ);
	EXPECT_EQ(-EFAULT, import(&self->c, p, PAGE, 0));
	EXPECT_EQ(0, import(&self->c, p, PAGE, WD_IMPORT_READ_ONLY));
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ(-EFAULT, import(&self->c, p, PAGE, 0));
	EXPECT_EQ(0, import(&self->c, p, PAGE, WD_IMPORT_READ_ONLY));
	close(fd);
}

/* What is no ordinary memory: another channel's region, or a device's. */
TEST_F(import, a_channels_own_regions)
{
	struct raw_mem m;

	EXPECT_NE(0, import(&self->c, (void *)self->c.mmio, PAGE, 0));
	import(&self->c, self->c.dus, self->c.dus_size, 0);
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &m, 4 * PAGE));
	import(&self->c, m.va, 4 * PAGE, 0);
	EXPECT_EQ(0, raw_nop(&self->c));
	raw_mem_unmap(&m);
}

TEST_F(import, until_there_are_too_many)
{
	uint8_t *p = raw_memory(PAGE);
	int n, ret = 0;

	memset(p, 1, PAGE);
	for (n = 0; n < 100000; n++) {
		ret = import(&self->c, p, PAGE, n % 2 ? WD_IMPORT_READ_ONLY : 0);
		if (ret)
			break;
	}
	TH_LOG("%d memories, then %d", n, ret);
	EXPECT_LT(0, n);
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_EQ(0, raw_nop(&self->c));
}

/* ------------------------------------------------------------------ pins */

TEST_F(import, pinned_and_given_back)
{
	enum { N = 40 };
	uint8_t *p = raw_memory(N * PAGE);
	struct raw_mem m;
	long left;

	memset(p, 1, N * PAGE);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, raw_mem_import(&self->c, &m, p, N * PAGE, 0));
		EXPECT_EQ(self->pinned + N, raw_wait_pinned(self->pinned + N));
		ASSERT_EQ(0, raw_drop(&self->c, m.mem));
		/* Without an IOMMU nothing stops the device: they stay until the channel ends. */
		left = strcmp(variant->mode, "share") ? self->pinned + N : self->pinned;
		EXPECT_EQ(left, raw_wait_pinned(left));
		raw_mem_forget(&m);
		raw_close(&self->c);
		EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
		ASSERT_EQ(0, raw_setup(&self->c));
	}
}

TEST_F(import, given_back_when_killed)
{
	uint8_t *p = raw_memory(SIZE);
	int told[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(told));
	pid = fork();
	if (!pid) {
		struct raw_chan c;
		struct wd_desc d;

		if (raw_setup(&c) || raw_mem_import(&c, &self->m, p, SIZE, 0))
			_exit(1);
		for (int i = 0; i < 16; i++) {
			d = raw_mem_deflate(&self->m, WD_COMP_RAW, 9, p, PAGE, p + PAGE, PAGE);
			raw_put(&c, &d);
		}
		raw_ring(&c);
		write(told[1], "x", 1);
		pause();
	}
	close(told[1]);
	ASSERT_EQ(1, read(told[0], &byte, 1));
	EXPECT_EQ(self->pinned + SIZE / PAGE, raw_wait_pinned(self->pinned + SIZE / PAGE));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
	close(told[0]);
}

/* ------------------------------------------------- addresses of the domain */

FIXTURE(iova) {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src, *dst;
};

/* Without an IOMMU every address is good: only the domain can say no. */
FIXTURE_SETUP(iova)
{
	ASSERT_EQ(0, raw_select_mode("share")) TH_LOG("no device");
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, 3 * SIZE));
	self->src = raw_mem_take(&self->m, 4 * PAGE);
	self->dst = raw_mem_take(&self->m, 4 * PAGE);
	raw_fill_text(self->src, 4 * PAGE, 1);
}

FIXTURE_TEARDOWN(iova)
{
	EXPECT_EQ(0, raw_mem_work(&self->c, &self->m, 1));
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

static void refused(struct __test_metadata *_metadata, struct raw_chan *c, struct wd_desc d,
		    int status, uint64_t addr, bool dst)
{
	struct wd_cqe cqe = {};

	ASSERT_EQ(0, raw_do(c, &d, &cqe));
	EXPECT_EQ(status, cqe.status) TH_LOG("%#lx as %s", (long)addr, dst ? "dst" : "src");
	EXPECT_EQ(addr, cqe.info);
	EXPECT_EQ(dst ? WD_CQE_FAULT_DST : 0, cqe.aux);
	EXPECT_EQ(0, dst ? cqe.produced : cqe.consumed);
	EXPECT_EQ(WD_CHAN_RUNNING, c->status->state);
	EXPECT_EQ(0, raw_nop(c));
}

#define REFUSED(address, src_status, dst_status) do { \
	struct wd_desc d_ = raw_mem_deflate(&self->m, WD_COMP_RAW, 1, self->src, PAGE, \
					    self->dst, PAGE); \
	d_.src = (address); \
	if (src_status) \
		refused(_metadata, &self->c, d_, src_status, (address), false); \
	d_.src = raw_dma(&self->m, self->src); \
	d_.dst = (address); \
	if (dst_status) \
		refused(_metadata, &self->c, d_, dst_status, (address), true); \
} while (0)

TEST_F(iova, never_mapped)
{
	static const uint64_t bad[] = { 0, 1, PAGE, 0x1234567, 1UL << 36, (1UL << 40) + 5 };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		REFUSED(bad[i], WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	/* The program's own addresses mean nothing here. */
	REFUSED((uintptr_t)self->src, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
}

TEST_F(iova, no_address_at_all)
{
	static const uint64_t bad[] = {
		1UL << 63, 0xffff888000000000, 0xffffffff81000000, 0xfffffffffffff000,
	};
	struct wd_desc d = raw_mem_deflate(&self->m, WD_COMP_RAW, 1, self->src, PAGE, self->dst, PAGE);
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		d.src = bad[i];
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		EXPECT_TRUE(cqe.status == WD_ST_FAULT_UNMAPPED || cqe.status == WD_ST_FAULT_RANGE)
			TH_LOG("%#lx: status %#x", (long)bad[i], cqe.status);
		EXPECT_EQ(bad[i], cqe.info);
	}
}

/* Memory of a channel that was closed, or put, while this one goes on. */
TEST_F(iova, released)
{
	struct raw_chan other;
	struct raw_mem m;
	uint64_t was;

	for (int put = 0; put < 2; put++) {
		ASSERT_EQ(0, raw_setup(&other));
		ASSERT_EQ(0, raw_mem_reserve(&other, &m, SIZE));
		memset(m.va, 1, SIZE);
		was = m.dma;
		EXPECT_EQ(0, raw_mem_work(&other, &m, 1));
		/* A mapping is a reference to the channel; not so when it is put. */
		if (!put) {
			raw_mem_unmap(&m);
			raw_close(&other);
		}
		ASSERT_EQ(put ? 0 : -1, ioctl(other.fd, UACCE_CMD_PUT_Q));
		REFUSED(was, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
		REFUSED(was + SIZE - PAGE, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
		raw_mem_unmap(&m);
		raw_close(&other);
	}
}

TEST_F(iova, dropped)
{
	struct raw_mem m;
	uint64_t was;

	ASSERT_EQ(0, raw_mem_import(&self->c, &m, raw_memory(SIZE), SIZE, 0));
	EXPECT_EQ(0, work_in_pages(&self->c, &m));
	was = m.dma;
	ASSERT_EQ(0, raw_drop(&self->c, m.mem));
	REFUSED(was, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	REFUSED(was + SIZE - PAGE, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED);
	raw_mem_forget(&m);
}

TEST_F(iova, read_only)
{
	uint8_t *p = raw_memory(SIZE);
	struct raw_mem m;
	struct wd_desc d;
	struct wd_cqe cqe;

	raw_fill_text(p, SIZE, 3);
	ASSERT_EQ(0, raw_mem_import(&self->c, &m, p, SIZE, WD_IMPORT_READ_ONLY));
	REFUSED(m.dma, 0, WD_ST_FAULT_PERM);
	REFUSED(m.dma + SIZE - PAGE, 0, WD_ST_FAULT_PERM);
	d = raw_deflate(WD_COMP_RAW, 1, NULL, SIZE, NULL, 4 * PAGE);
	d.src = m.dma;
	d.dst = raw_dma(&self->m, self->dst);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_TRUE(cqe.status == WD_ST_OK || cqe.status == WD_ST_OVERFLOW);
	EXPECT_LT(0, cqe.consumed);
	ASSERT_EQ(0, raw_drop(&self->c, m.mem));
	raw_mem_forget(&m);
}

/* An operand that begins where something is and goes on where something was. */
TEST_F(iova, runs_out_of_its_memory)
{
	struct raw_mem a, b, *low, *high;
	struct wd_desc d;
	struct wd_cqe cqe;
	int i;

	ASSERT_EQ(0, raw_mem_import(&self->c, &a, raw_memory(PAGE), PAGE, 0));
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, raw_mem_import(&self->c, &b, raw_memory(PAGE), PAGE, 0));
		if (a.dma + PAGE == b.dma || b.dma + PAGE == a.dma)
			break;
		raw_mem_forget(&a);
		a = b;
	}
	if (i == 16)
		SKIP(return, "no two of them are neighbours");
	low = a.dma < b.dma ? &a : &b;
	high = a.dma < b.dma ? &b : &a;
	ASSERT_EQ(0, raw_drop(&self->c, high->mem));
	memcpy(low->va, self->src, PAGE);
	d = raw_deflate(WD_COMP_RAW, 6, NULL, 2 * PAGE, NULL, 4 * PAGE);
	d.src = low->dma;
	d.dst = raw_dma(&self->m, self->dst);
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
	EXPECT_EQ(PAGE, cqe.consumed);
	EXPECT_EQ(low->dma + PAGE, cqe.info);
	EXPECT_EQ(0, cqe.aux);
	/* Random data grows: it does not fit into what is left of the page. */
	raw_fill_random(self->src, 2 * PAGE, 9);
	d = raw_mem_deflate(&self->m, WD_COMP_RAW, 1, self->src, 2 * PAGE, self->dst, 4 * PAGE);
	d.dst = low->dma + 100;
	ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
	EXPECT_EQ(PAGE - 100, cqe.produced);
	EXPECT_EQ(low->dma + PAGE, cqe.info);
	EXPECT_EQ(WD_CQE_FAULT_DST, cqe.aux);
}

TEST_HARNESS_MAIN
