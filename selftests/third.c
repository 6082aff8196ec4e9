// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that neither the kernel nor libwd made, used by the device where it is: huge
 * pages of hugetlbfs, and the secure heap of OpenSSL's libcrypto.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <zlib.h>

#include "harness.h"

#include <wd_comp.h>
#include "raw.h"

#define HUGE		(2UL << 20)
#define HUGE_DIR	"/tmp/hugetlbfs"
#define LEN		(300 * 1000)

FIXTURE(third) {
	struct wd_chan ch;
	struct wd_comp_ctx ctx;
};

FIXTURE_VARIANT(third) {
	const char *mode;
	bool imports;
};

FIXTURE_VARIANT_ADD(third, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(third, share) { .mode = "share", .imports = true };
FIXTURE_VARIANT_ADD(third, noiommu) { .mode = "noiommu", .imports = true };

FIXTURE_SETUP(third)
{
	setenv("WD_MODE", variant->mode, 1);
	memset(&self->ch, 0, sizeof(self->ch));
	ASSERT_EQ(0, wd_request_channel(&self->ch));
	self->ctx = (struct wd_comp_ctx) {
		.ch = &self->ch, .alg_type = WD_GZIP, .comp_level = 6,
		.stream_mode = WD_STATELESS,
	};
	ASSERT_EQ(0, wd_alg_comp_init(&self->ctx));
	ASSERT_STREQ("native", wd_comp_vendor_name(&self->ctx));
}

FIXTURE_TEARDOWN(third)
{
	wd_alg_comp_exit(&self->ctx);
	wd_release_channel(&self->ch);
}

/* Is @packed, of @len bytes, @plain compressed? zlib says. */
static bool is_packed(const uint8_t *packed, size_t len, const uint8_t *plain, size_t plain_len)
{
	uint8_t *again = malloc(plain_len);
	z_stream z = { .next_in = (void *)packed, .avail_in = len,
		       .next_out = again, .avail_out = plain_len };
	bool ok;

	inflateInit2(&z, 15 + 16);
	ok = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == plain_len &&
	     !memcmp(again, plain, plain_len);
	inflateEnd(&z);
	free(again);
	return ok;
}

/* Compress within the memory; the device must do so without a copy. */
static void work(struct __test_metadata *_metadata, FIXTURE_DATA(third) *self,
		 uint8_t *plain, uint8_t *packed, size_t room)
{
	struct wd_mem_stats before, after;

	ASSERT_EQ(0, wd_get_mem_stats(&self->ch, &before));
	raw_fill_text(plain, LEN, 7);
	self->ctx.in = plain;
	self->ctx.in_len = LEN;
	self->ctx.out = packed;
	self->ctx.out_len = room;
	ASSERT_EQ(WD_STREAM_END, wd_alg_deflate(&self->ctx));
	EXPECT_TRUE(is_packed(packed, self->ctx.produced, plain, LEN));

	ASSERT_EQ(0, wd_get_mem_stats(&self->ch, &after));
	EXPECT_EQ(before.requests + 1, after.requests);
	EXPECT_EQ(before.bounced_requests, after.bounced_requests);
	EXPECT_LT(before.direct_bytes, after.direct_bytes);
}

static int huge_file(void)
{
	int fd;

	raw_write("/proc/sys/vm/nr_hugepages", "4");
	mkdir(HUGE_DIR, 0700);
	if (mount("none", HUGE_DIR, "hugetlbfs", 0, NULL))
		return -errno;
	fd = open(HUGE_DIR "/buffer", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static void no_huge_file(int fd)
{
	close(fd);
	unlink(HUGE_DIR "/buffer");
	umount(HUGE_DIR);
	rmdir(HUGE_DIR);
	raw_write("/proc/sys/vm/nr_hugepages", "0");
}

TEST_F(third, huge_pages)
{
	struct wd_3rd_memory third = { .ch = &self->ch, .size = 2 * HUGE };
	int fd = huge_file();
	uint8_t *p;

	ASSERT_LE(0, fd);
	p = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	third.va = p;
	ASSERT_EQ(0, wd_register_3rd_memory(&third));
	EXPECT_EQ(1, self->ch.nr_3rd);

	/* A huge page is one piece for every device. */
	EXPECT_EQ((uint8_t *)wd_get_pa_from_va(&self->ch, p) + HUGE - 1,
		  wd_get_pa_from_va(&self->ch, p + HUGE - 1));
	/* Over the border of the two, which may be far from each other. */
	work(_metadata, self, p + HUGE - LEN / 2, p, HUGE / 2);

	EXPECT_EQ(0, wd_unregister_3rd_memory(&third));
	EXPECT_EQ(0, self->ch.nr_3rd);
	EXPECT_EQ(variant->imports, !wd_get_pa_from_va(&self->ch, p));
	munmap(p, 2 * HUGE);
	no_huge_file(fd);
}

static void *secure_alloc(void *va, void *pa)
{
	return OPENSSL_secure_malloc(3 * LEN);
}

static void secure_free(void *va)
{
	OPENSSL_secure_free(va);
}

TEST_F(third, secure_heap_of_openssl)
{
	struct wd_3rd_memory third = {
		.alloc_mem = secure_alloc, .free_mem = secure_free,
		.ch = &self->ch, .size = 3 * LEN,
	};

	ASSERT_NE(0, CRYPTO_secure_malloc_init(4 << 20, 64));
	ASSERT_EQ(0, wd_register_3rd_memory(&third));
	EXPECT_NE(0, CRYPTO_secure_allocated(third.va));
	EXPECT_EQ(1, self->ch.nr_3rd);
	work(_metadata, self, third.va, (uint8_t *)third.va + LEN, 2 * LEN);
	EXPECT_EQ(0, wd_unregister_3rd_memory(&third));
	EXPECT_EQ(NULL, third.va);
	EXPECT_EQ(0, CRYPTO_secure_used());
	EXPECT_EQ(1, CRYPTO_secure_malloc_done());
}

TEST_HARNESS_MAIN
