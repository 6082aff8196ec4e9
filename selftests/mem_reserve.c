// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the kernel reserves for a channel: its size and its limits, where it
 * is for the device, that nobody sees what was in it before, and how it goes.
 */
#include <elf.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "harness.h"
#include "raw_mem.h"

#define PAGE	4096UL
#define MIB	(1UL << 20)
#define NOBODY	65534

FIXTURE(mem) {
	struct raw_chan c;
	struct raw_mem m;
	long before;
};

FIXTURE_VARIANT(mem) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(mem, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(mem, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(mem)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	self->before = raw_reserved();
	ASSERT_EQ(0, self->before);
	ASSERT_EQ(0, raw_setup(&self->c));
}

/* Whatever a test did: nothing stays reserved. */
FIXTURE_TEARDOWN(mem)
{
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
	EXPECT_EQ(self->before, raw_reserved());
}

static int reserve(struct raw_chan *c, uint64_t size)
{
	struct wd_mem_reserve r;

	return raw_reserve(c, UACCE_QFRT_SS, size, &r);
}

static void *map_ss(struct raw_chan *c, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, UACCE_QFRT_SS * PAGE);
}

static bool all_zero(const uint8_t *p, size_t len)
{
	return !len || (!p[0] && !memcmp(p, p + 1, len - 1));
}

/* ------------------------------------------------------------- arguments */

TEST_F(mem, whole_pages)
{
	static const size_t ask[] = { 1, PAGE - 1, PAGE, PAGE + 1, 100000, MIB + 1 };
	struct wd_mem_reserve r;
	struct raw_chan c;

	for (unsigned int i = 0; i < ARRAY_SIZE(ask); i++) {
		size_t want = (ask[i] + PAGE - 1) & ~(PAGE - 1);

		ASSERT_EQ(0, raw_open(&c));
		ASSERT_EQ(0, raw_reserve(&c, UACCE_QFRT_SS, ask[i], &r));
		EXPECT_EQ(want, r.size);
		EXPECT_LT(0, r.slices);
		EXPECT_EQ(want, raw_reserved());
		raw_close(&c);
		EXPECT_EQ(0, raw_reserved());
	}
}

TEST_F(mem, as_large_as_sysfs_says)
{
	long max = raw_attr_num("region_ss_size");

	ASSERT_LT(0, max);
	EXPECT_EQ(0, max % PAGE);
	EXPECT_EQ(-E2BIG, reserve(&self->c, max + 1));
	EXPECT_EQ(-E2BIG, reserve(&self->c, 2UL * max));
	EXPECT_EQ(-E2BIG, reserve(&self->c, 1UL << 63));
	EXPECT_EQ(-E2BIG, reserve(&self->c, ~0UL));
	EXPECT_EQ(-E2BIG, reserve(&self->c, ~0UL - PAGE));
	EXPECT_EQ(0, reserve(&self->c, PAGE));
}

TEST_F(mem, bad_arguments)
{
	static const uint32_t bad[] = { UACCE_QFRT_MMIO, UACCE_QFRT_DUS, 4, 0x80000000, ~0U };
	struct wd_mem_reserve r;

	EXPECT_EQ(-EINVAL, reserve(&self->c, 0));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL, raw_reserve(&self->c, bad[i], PAGE, &r));
	for (int bit = 0; bit < 32; bit++) {
		r = (struct wd_mem_reserve) {
			.size = PAGE, .region = UACCE_QFRT_SS, .flags = 1U << bit,
		};
		EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_RESERVE, &r));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_RESERVE, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, raw_reserved());
}

/* The answer finds no place to be written to: nothing was reserved. */
TEST_F(mem, answer_cannot_be_written)
{
	struct wd_mem_reserve *r = raw_memory(PAGE);

	*r = (struct wd_mem_reserve) { .size = PAGE, .region = UACCE_QFRT_SS };
	mprotect(r, PAGE, PROT_READ);
	EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_RESERVE, r));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, reserve(&self->c, PAGE));
}

TEST_F(mem, once_a_region)
{
	struct wd_mem_reserve ss, bounce;

	ASSERT_EQ(0, raw_reserve(&self->c, UACCE_QFRT_SS, PAGE, &ss));
	EXPECT_EQ(-EEXIST, reserve(&self->c, PAGE));
	ASSERT_EQ(0, raw_reserve(&self->c, WD_QFRT_BOUNCE, 2 * PAGE, &bounce));
	EXPECT_NE(ss.mem, bounce.mem);
	EXPECT_EQ(-EEXIST, raw_reserve(&self->c, WD_QFRT_BOUNCE, PAGE, &bounce));
	EXPECT_EQ(3 * PAGE, raw_reserved());
}

/* Before the start as well as after it; not when the channel was put. */
TEST_F(mem, any_time)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_open(&c));
	ASSERT_EQ(0, raw_mem_reserve(&c, &self->m, RAW_MEM_WORK));
	ASSERT_EQ(0, raw_start(&c));
	EXPECT_EQ(0, raw_mem_work(&c, &self->m, 1));
	ASSERT_EQ(0, ioctl(c.fd, UACCE_CMD_PUT_Q));
	EXPECT_EQ(-EINVAL, reserve(&c, PAGE));
	EXPECT_EQ(-EINVAL, raw_get_slices(&c, self->m.mem, 0, 1, self->m.slices));
	raw_close(&c);
}

TEST_F(mem, mapping)
{
	const off_t at = UACCE_QFRT_SS * PAGE;
	void *p;

	EXPECT_EQ(MAP_FAILED, map_ss(&self->c, PAGE));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, 3 * PAGE));
	raw_mem_unmap(&self->m);
	EXPECT_EQ(MAP_FAILED, map_ss(&self->c, PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map_ss(&self->c, 4 * PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, self->c.fd, at));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, self->c.fd, at + PAGE));
	EXPECT_EQ(EINVAL, errno);
	p = map_ss(&self->c, 3 * PAGE);
	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(MAP_FAILED, map_ss(&self->c, 3 * PAGE));
	EXPECT_EQ(EEXIST, errno);
	munmap(p, 3 * PAGE);
}

/* ---------------------------------------------------------------- limits */

/* In a process that is nobody's; what it exits with is the line that failed. */
#define CHECK(what) do { if (!(what)) _exit(__LINE__ & 0xff ?: 1); } while (0)

static void limited(struct raw_chan *a)
{
	const struct rlimit limit = { MIB, MIB };
	uint8_t *p = raw_memory(MIB);
	struct wd_mem_reserve r;
	struct raw_chan b;
	struct raw_mem m;

	memset(p, 1, MIB);
	CHECK(!raw_setup(&b) && !raw_open(a));
	CHECK(!setgroups(0, NULL) && !setgid(NOBODY) && !setuid(NOBODY));
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &limit));
	CHECK(reserve(a, MIB + 1) == -ENOMEM);
	CHECK(reserve(a, MIB / 2) == 0);
	CHECK(raw_reserve(a, WD_QFRT_BOUNCE, MIB / 2 + 1, &r) == -ENOMEM);
	CHECK(raw_reserve(a, WD_QFRT_BOUNCE, MIB / 4, &r) == 0);
	/* Of all the channels of the process together, and with what is imported. */
	CHECK(reserve(&b, MIB / 4 + 1) == -ENOMEM);
	CHECK(raw_mem_import(&b, &m, p, MIB / 2, 0) == -ENOMEM);
	CHECK(raw_mem_import(&b, &m, p, MIB / 4, 0) == 0);
	CHECK(reserve(&b, 1) == -ENOMEM);
	/* What one channel gives back is there for the other. */
	raw_close(a);
	CHECK(reserve(&b, 3 * MIB / 4 + 1) == -ENOMEM);
	CHECK(reserve(&b, 3 * MIB / 4) == 0);
	raw_close(&b);
}

TEST_F(mem, counted_against_memlock)
{
	int status;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	raw_close(&self->c);
	pid = fork();
	if (!pid) {
		limited(&self->c);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) TH_LOG("line %d (modulo 256)", WEXITSTATUS(status));
}

/* -------------------------------------------------------------- contents */

TEST_F(mem, zeroed)
{
	for (int i = 0; i < 8; i++) {
		struct raw_chan c;
		struct raw_mem m;

		ASSERT_EQ(0, raw_open(&c));
		ASSERT_EQ(0, raw_mem_reserve(&c, &m, 2 * MIB));
		EXPECT_TRUE(all_zero(m.va, m.size)) TH_LOG("round %d", i);
		memset(m.va, 0xa5, m.size);
		raw_mem_unmap(&m);
		raw_close(&c);
	}
}

static bool contains(const uint8_t *p, size_t len, const void *what, size_t n)
{
	return memmem(p, len, what, n) != NULL;
}

static const char secret[16] = "the secret of A";

/* Pages of a memory, by physical addresses, that have the secret; read as only such a device can. */
static int look_for_secret(struct raw_chan *reader, struct raw_mem *out, const uint64_t *pages, int n)
{
	int seen = 0;

	for (int i = 0; i < n; i++) {
		struct wd_desc d = raw_deflate(WD_COMP_RAW, 0, NULL, PAGE, NULL, 2 * PAGE);
		struct wd_cqe cqe;

		d.src = pages[i];
		d.dst = raw_dma(out, out->va);
		if (raw_do(reader, &d, &cqe) || cqe.status)
			return -EIO;
		seen += contains(out->va, 2 * PAGE, secret, sizeof(secret));
		memset(out->va, 0, 2 * PAGE);
	}
	return seen;
}

/* Where the pages of @m are: told to a device without an IOMMU that shares it. */
static int find_pages(struct raw_chan *owner, const struct raw_mem *m, uint64_t *pages)
{
	struct raw_chan c;
	struct raw_mem s;
	int ret = raw_setup(&c);

	if (!ret)
		ret = raw_mem_share(&c, &s, owner, m);
	if (ret)
		return ret;
	for (size_t at = 0; at < m->size; at += PAGE)
		pages[at / PAGE] = raw_dma(&s, m->va + at);
	raw_mem_forget(&s);
	raw_close(&c);
	return 0;
}

/*
 * Where the pages were there is nothing of it left, right after the end of the channel.
 * KASAN does not let anybody look at pages that are free: this is not for the debug
 * kernel.
 */
TEST_F(mem, wiped_before_others_get_it)
{
	enum { SIZE = 1 << 20, PAGES = SIZE / PAGE };
	static uint64_t pages[PAGES];
	struct raw_chan reader;
	struct raw_mem out;

	if (getenv("SLOW"))
		SKIP(return, "free pages cannot be looked at under KASAN");
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, SIZE));
	for (size_t i = 0; i < SIZE; i += sizeof(secret))
		memcpy(self->m.va + i, secret, sizeof(secret));
	ASSERT_EQ(0, raw_select_mode("noiommu"));
	ASSERT_EQ(0, find_pages(&self->c, &self->m, pages));
	ASSERT_EQ(0, raw_setup(&reader));
	ASSERT_EQ(0, raw_mem_reserve(&reader, &out, 4 * PAGE));
	/* It is there, and found, as long as its owner has it. */
	EXPECT_EQ(PAGES, look_for_secret(&reader, &out, pages, PAGES));
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
	EXPECT_EQ(0, look_for_secret(&reader, &out, pages, PAGES));
	raw_mem_unmap(&out);
	raw_close(&reader);
	raw_select_mode(variant->mode);
}

/* ---------------------------------------------------------------- slices */

TEST_F(mem, slices_cover_it)
{
	uint64_t next = 0;

	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, 16 * MIB));
	for (unsigned int i = 0; i < self->m.nslices; i++) {
		const struct wd_slice *s = &self->m.slices[i];

		ASSERT_EQ(next, s->offset);
		ASSERT_LT(0, s->size);
		ASSERT_EQ(0, (s->size | s->dma) % PAGE);
		next += s->size;
	}
	EXPECT_EQ(16 * MIB, next);
	if (!strcmp(variant->mode, "share"))
		EXPECT_EQ(1, self->m.nslices);
	/* Two of them are never the same memory. */
	for (unsigned int i = 0; i < self->m.nslices; i++)
		for (unsigned int k = 0; k < i; k++)
			ASSERT_TRUE(self->m.slices[i].dma + self->m.slices[i].size <= self->m.slices[k].dma ||
				    self->m.slices[k].dma + self->m.slices[k].size <= self->m.slices[i].dma);
	TH_LOG("%u slices", self->m.nslices);
}

/* Read physical memory as a debugger of the kernel would. -ENOENT: it is not there. */
static int read_physical(int kcore, uint64_t addr, void *buf, size_t len)
{
	Elf64_Phdr segments[64];
	Elf64_Ehdr head;
	ssize_t n;

	if (pread(kcore, &head, sizeof(head), 0) != sizeof(head))
		return -EIO;
	n = pread(kcore, segments, sizeof(segments), head.e_phoff);
	for (int i = 0; i < head.e_phnum && (i + 1) * (ssize_t)sizeof(*segments) <= n; i++) {
		const Elf64_Phdr *s = &segments[i];

		if (s->p_type == PT_LOAD && s->p_paddr != ~0UL && addr - s->p_paddr < s->p_memsz)
			return pread(kcore, buf, len, s->p_offset + (addr - s->p_paddr)) ==
			       (ssize_t)len ? 0 : -EIO;
	}
	return -ENOENT;
}

/* Without an IOMMU it is the physical address, as the kernel's core image says too. */
TEST_F(mem, slices_say_where)
{
	int kcore = open("/proc/kcore", O_RDONLY | O_CLOEXEC), there = 0;
	uint64_t mark;

	if (kcore < 0)
		SKIP(return, "no /proc/kcore");
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, MIB));
	raw_fill_random(self->m.va, MIB, 12);
	for (size_t at = 0; at < MIB; at += PAGE)
		if (!read_physical(kcore, raw_dma(&self->m, self->m.va + at), &mark, sizeof(mark)))
			there += !memcmp(&mark, self->m.va + at, sizeof(mark));
	close(kcore);
	EXPECT_EQ(strcmp(variant->mode, "noiommu") ? 0 : MIB / PAGE, there);
}

TEST_F(mem, slices_a_few_at_a_time)
{
	struct wd_slice guard = { ~0UL, ~0UL, ~0UL }, two[2];
	unsigned int n, i;

	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, 16 * MIB));
	n = self->m.nslices;
	for (i = 0; i < n; i++) {
		two[1] = guard;
		ASSERT_EQ(1, raw_get_slices(&self->c, self->m.mem, i, 1, two));
		ASSERT_EQ(0, memcmp(two, &self->m.slices[i], sizeof(*two)));
		ASSERT_EQ(0, memcmp(&two[1], &guard, sizeof(guard)));
	}
	two[0] = guard;
	EXPECT_EQ(1, raw_get_slices(&self->c, self->m.mem, n - 1, 1000, two));
	EXPECT_EQ(0, raw_get_slices(&self->c, self->m.mem, n, 2, two));
	EXPECT_EQ(0, raw_get_slices(&self->c, self->m.mem, ~0U, ~0U, two));
	EXPECT_EQ(0, raw_get_slices(&self->c, self->m.mem, 0, 0, NULL));
}

TEST_F(mem, slices_of_nothing)
{
	struct wd_mem_slices s;
	struct wd_slice one;

	EXPECT_EQ(-ENOENT, raw_get_slices(&self->c, 0, 0, 1, &one));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, PAGE));
	EXPECT_EQ(-ENOENT, raw_get_slices(&self->c, self->m.mem + 1, 0, 1, &one));
	EXPECT_EQ(-ENOENT, raw_get_slices(&self->c, ~0U, 0, 1, &one));
	EXPECT_EQ(-EFAULT, raw_get_slices(&self->c, self->m.mem, 0, 1, NULL));
	EXPECT_EQ(-EFAULT, raw_get_slices(&self->c, self->m.mem, 0, 1, (void *)0xffffffff81000000));
	s = (struct wd_mem_slices) {
		.mem = self->m.mem, .count = 1, .reserved = 1, .slices = (uintptr_t)&one,
	};
	EXPECT_EQ(-1, ioctl(self->c.fd, WD_CMD_GET_SLICES, &s));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(mem, what_was_reserved_cannot_be_dropped)
{
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, RAW_MEM_WORK));
	EXPECT_EQ(-EBUSY, raw_drop(&self->c, self->m.mem));
	EXPECT_EQ(-ENOENT, raw_drop(&self->c, self->m.mem + 1));
	EXPECT_EQ(-ENOENT, raw_drop(&self->c, ~0U));
	EXPECT_EQ(0, raw_mem_work(&self->c, &self->m, 1));
}

/* ------------------------------------------------------------------ work */

TEST_F(mem, all_formats_and_levels)
{
	enum { LEN = 100000 };
	uint8_t *src, *dst, *back;
	struct wd_desc d;
	struct wd_cqe cqe;

	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, 8 * MIB));
	src = raw_mem_take(&self->m, LEN);
	dst = raw_mem_take(&self->m, 2 * LEN);
	back = raw_mem_take(&self->m, LEN + 8);
	ASSERT_TRUE(src && dst && back);
	raw_fill_text(src, LEN / 2, 1);
	raw_fill_random(src + LEN / 2, LEN / 2, 2);
	for (int i = 0; i < 9; i++) {
		d = raw_mem_deflate(&self->m, i % 3, i, src + i, LEN - i, dst + i, 2 * LEN - i);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(LEN - i, cqe.consumed);
		memset(back, 0x5a, LEN + 8);
		d = raw_mem_inflate(&self->m, i % 3, dst + i, cqe.produced, back, LEN);
		ASSERT_EQ(0, raw_do(&self->c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		ASSERT_EQ(LEN - i, cqe.produced);
		ASSERT_EQ(0, memcmp(src + i, back, LEN - i));
		ASSERT_EQ(0x5a, back[LEN - i]);
	}
}

/* The mapping is memory like any other, and nobody else's; after the channel's end too. */
TEST_F(mem, mapping_outlives_the_channel)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_setup(&c));
	ASSERT_EQ(0, raw_mem_reserve(&c, &self->m, RAW_MEM_WORK));
	ASSERT_EQ(0, raw_mem_work(&c, &self->m, 1));
	memset(self->m.va, 0x42, self->m.size);
	ASSERT_EQ(0, ioctl(c.fd, UACCE_CMD_PUT_Q));
	EXPECT_EQ(0x42, self->m.va[self->m.size - 1]);
	raw_close(&c);
	EXPECT_EQ(0x42, self->m.va[0]);
	memset(self->m.va, 0x43, self->m.size);
	EXPECT_EQ(0x43, self->m.va[self->m.size - 1]);
}

/* ------------------------------------------------------------------- SVA */

TEST(sva_needs_none)
{
	struct wd_mem_reserve r;
	struct raw_chan c;
	struct wd_slice s;
	struct wd_mem_share share = { .region = UACCE_QFRT_SS };
	struct wd_mem_import import = { .size = PAGE };

	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(-EOPNOTSUPP, raw_reserve(&c, UACCE_QFRT_SS, PAGE, &r));
	EXPECT_EQ(-EOPNOTSUPP, raw_reserve(&c, WD_QFRT_BOUNCE, PAGE, &r));
	EXPECT_EQ(-EOPNOTSUPP, raw_get_slices(&c, 0, 0, 1, &s));
	EXPECT_EQ(-EOPNOTSUPP, raw_drop(&c, 0));
	share.fd = c.fd;
	EXPECT_EQ(-1, ioctl(c.fd, WD_CMD_SHARE, &share));
	EXPECT_EQ(EOPNOTSUPP, errno);
	import.addr = (uintptr_t)raw_memory(PAGE);
	EXPECT_EQ(-1, ioctl(c.fd, WD_CMD_IMPORT, &import));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(MAP_FAILED, map_ss(&c, PAGE));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

TEST_HARNESS_MAIN
