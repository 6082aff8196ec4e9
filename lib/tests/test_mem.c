// SPDX-License-Identifier: GPL-2.0-or-later
/* Memories, slices, lists; and the calls about memory on a channel without a device. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "comp_util.h"
#include "drivers/bounce.h"
#include "mem.h"

#define PAGE	4096u

/* A memory of pages that are anywhere, some of them beside each other. */
static struct wd_mem *random_mem(uintptr_t base, size_t pages, uint32_t *rnd)
{
	struct wd_mem *mem = calloc(1, sizeof(*mem) + pages * sizeof(mem->slices[0]));
	uint64_t offset = 0;

	if (!mem)
		exit(EXIT_FAILURE);
	mem->va = base;
	mem->base = base;
	mem->size = pages * PAGE;
	while (offset < mem->size) {
		uint64_t left = mem->size - offset;
		uint64_t size = (1 + next_random(rnd) % 5) * (uint64_t)PAGE;

		mem->slices[mem->nslices] = (struct wd_slice){
			.offset = offset,
			.size = size < left ? size : left,
			/* A place of its own, never right behind the last one. */
			.dma = 0x700000000ULL - mem->nslices * 0x100000ULL,
		};
		offset += mem->slices[mem->nslices++].size;
	}
	return mem;
}

/* The same, the long way. */
static uint64_t dma_of(const struct wd_mem *mem, uintptr_t va)
{
	for (size_t i = 0; i < mem->nslices; i++) {
		const struct wd_slice *s = &mem->slices[i];

		if (va - mem->base - s->offset < s->size)
			return s->dma + (va - mem->base - s->offset);
	}
	return 0;
}

static void which_slices_are_valid(void)
{
	struct wd_slice s[3] = { { 0, 10, 100 }, { 10, 20, 50 }, { 30, 2, 7 } };

	CHECK(wd_slices_valid(s, 3, 32));
	CHECK(!wd_slices_valid(s, 3, 33));
	CHECK(!wd_slices_valid(s, 2, 32));
	CHECK(!wd_slices_valid(s, 0, 0));
	s[1].offset = 11;
	CHECK(!wd_slices_valid(s, 3, 32));
	s[1] = (struct wd_slice){ 10, UINT64_MAX - 5, 50 };
	CHECK(!wd_slices_valid(s, 3, 32));
	s[1] = (struct wd_slice){ 10, 20, UINT64_MAX - 10 };
	CHECK(!wd_slices_valid(s, 3, 32));
	s[1] = (struct wd_slice){ 10, 0, 50 };
	CHECK(!wd_slices_valid(s, 3, 32));
}

static void every_address_of_a_memory(void)
{
	uint32_t rnd = 77;

	for (int round = 0; round < rounds(64); round++) {
		struct wd_mem *mem = random_mem(0x10000000, 1 + next_random(&rnd) % 40, &rnd);

		CHECK(wd_slices_valid(mem->slices, mem->nslices, mem->size));
		for (uintptr_t va = mem->va; va < mem->va + mem->size; va += 7) {
			size_t contig = 0;
			uint64_t dma = wd_mem_dma(mem, va, &contig);

			CHECK(dma == dma_of(mem, va));
			CHECK(contig && va + contig <= mem->va + mem->size);
			CHECK(dma_of(mem, va + contig - 1) == dma + contig - 1);
			CHECK(dma_of(mem, va + contig) != dma + contig);
			CHECK(wd_mem_va(mem, dma) == va);
		}
		CHECK(!wd_mem_va(mem, 1));
		free(mem);
	}
}

static void lists_describe_what_they_should(void)
{
	struct wd_sge list[WD_BOUNCE_SGES];
	uint32_t rnd = 5;

	for (int round = 0; round < rounds(20000); round++) {
		struct wd_mem *mem = random_mem(0x10000000, 1 + next_random(&rnd) % 60, &rnd);
		size_t from = next_random(&rnd) % mem->size, n, total = 0, got;
		size_t len = 1 + next_random(&rnd) % (mem->size - from);
		size_t max = 1 + next_random(&rnd) % WD_BOUNCE_SGES;

		got = wd_bounce_list(mem, mem->va + from, len, list, max, &n);
		CHECK(n <= max && got <= len && got);
		CHECK(got == len || n == max);
		for (size_t i = 0; i < n; i++) {
			uintptr_t va = mem->va + from + total;

			CHECK(le64toh(list[i].addr) == dma_of(mem, va));
			total += le32toh(list[i].len);
			CHECK(!list[i].reserved && list[i].len);
			CHECK(dma_of(mem, mem->va + from + total - 1) ==
			      le64toh(list[i].addr) + le32toh(list[i].len) - 1);
		}
		CHECK(total == got);
		free(mem);
	}
}

static void which_memory_an_operand_is_in(void)
{
	struct wd_chan ch = { .fd = -1 };
	struct wd_mem *big, *small;

	CHECK(!wd_chan_adopt(&ch));
	big = wd_mem_new_plain(0x1000, 0x4000);
	small = wd_mem_new_plain(0x5000, 0x1000);
	CHECK(big && small);
	small->read_only = true;
	wd_mem_link(&ch, big);
	wd_mem_link(&ch, small);
	CHECK(wd_mem_find(&ch, 0x1000, 0x4000, true) == big);
	CHECK(wd_mem_find(&ch, 0x4fff, 1, true) == big);
	CHECK(wd_mem_find(&ch, 0x5fff, 1, false) == small);
	CHECK(!wd_mem_find(&ch, 0x5fff, 1, true));
	CHECK(!wd_mem_find(&ch, 0x5fff, 2, false));
	CHECK(!wd_mem_find(&ch, 0x4fff, 2, false));	/* across two */
	CHECK(!wd_mem_find(&ch, 0xfff, 2, false));
	CHECK(!wd_mem_find(&ch, 0x2000, SIZE_MAX, false));
	wd_mem_unlink(&ch, big);
	CHECK(!wd_mem_find(&ch, 0x1000, 1, false));
	wd_mem_free(big, false);
	wd_release_channel(&ch);
}

static bool is_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void reserved_without_a_device(void)
{
	struct wd_chan a = { .fd = -1 }, b = { .fd = -1 }, closed = { 0 };
	struct wd_mem_stats stats;
	unsigned char *p;

	errno = 0;
	CHECK(!wd_reserve_mem(&closed, 100) && errno == EINVAL);
	CHECK(!wd_reserve_mem(NULL, 100) && errno == EINVAL);
	CHECK(!wd_chan_adopt(&a) && !wd_chan_adopt(&b));
	CHECK(!wd_reserve_mem(&a, 0) && errno == EINVAL);
	CHECK(!wd_reserve_mem(&a, SIZE_MAX) && errno == E2BIG);
	CHECK(wd_share_reserved_memory(&a, &b) == -ENOENT);
	p = wd_reserve_mem(&a, PAGE + 1);
	CHECK(p && p == a.ss_va && p == a.ss_dma);
	CHECK(is_zero(p, 2 * PAGE));
	CHECK(!wd_reserve_mem(&a, 1) && errno == EEXIST);
	CHECK(wd_get_pa_from_va(&a, p + 5) == p + 5);
	CHECK(!wd_get_pa_from_va(&closed, p));

	CHECK(wd_share_reserved_memory(&a, &a) == -EINVAL);
	CHECK(wd_share_reserved_memory(&a, &closed) == -EINVAL);
	CHECK(wd_share_reserved_memory(NULL, &b) == -EINVAL);
	CHECK(wd_share_dma_addr(&b, &a) == 0);
	CHECK(wd_share_dma_addr(&a, &a) == -EINVAL);
	CHECK(!b.ss_va);
	CHECK(!wd_share_reserved_memory(&a, &b));
	CHECK(wd_share_reserved_memory(&a, &b) == -EEXIST);
	CHECK(wd_share_reserved_memory(&b, &a) == -ENOENT);
	CHECK(b.ss_va == p && b.ss_dma == p);
	CHECK(!wd_get_mem_stats(&a, &stats) && stats.reserved == 2 * PAGE && !stats.shared);
	CHECK(!wd_get_mem_stats(&b, &stats) && !stats.reserved && stats.shared == 1);

	p[2 * PAGE - 1] = 7;
	wd_release_channel(&a);
	CHECK(!a.ss_va && !a.lib && !a.mem);
	CHECK(p[2 * PAGE - 1] == 7);
	wd_release_channel(&b);
	CHECK(is_unmapped(p));	/* unmapped with the last */
}

static int allocs, frees;

static void *alloc_page(void *va, void *pa)
{
	allocs++;
	*(uint64_t *)pa = 0x1234;
	return va ? NULL : malloc(PAGE);
}

static void *alloc_nothing(void *va, void *pa)
{
	(void)va;
	(void)pa;
	return NULL;
}

static void free_page(void *va)
{
	frees++;
	free(va);
}

static void memory_of_third_parties(void)
{
	struct wd_chan ch = { .fd = -1 };
	static unsigned char other[3 * PAGE];
	struct wd_3rd_memory made = { .alloc_mem = alloc_page, .free_mem = free_page,
				      .ch = &ch, .size = PAGE };
	struct wd_3rd_memory theirs = { .ch = &ch, .va = other + 1, .size = PAGE,
					.flags = WD_3RD_READ_ONLY };
	struct wd_3rd_memory none = { .alloc_mem = alloc_nothing, .ch = &ch, .size = 1 };
	struct wd_mem_stats stats;

	CHECK(wd_register_3rd_memory(&made) == -EINVAL);	/* not open */
	CHECK(!allocs && !wd_chan_adopt(&ch));
	CHECK(wd_register_3rd_memory(NULL) == -EINVAL);
	CHECK(wd_register_3rd_memory(&none) == -ENOMEM);
	none.alloc_mem = NULL;
	CHECK(wd_register_3rd_memory(&none) == -EINVAL);
	CHECK(wd_unregister_3rd_memory(&none) == -EINVAL);

	CHECK(!wd_register_3rd_memory(&made));
	CHECK(made.va && allocs == 1 && ch.nr_3rd == 1);
	CHECK(wd_register_3rd_memory(&made) == -EINVAL);
	CHECK(!wd_register_3rd_memory(&theirs));
	CHECK(ch.nr_3rd == 2);
	CHECK(!wd_get_mem_stats(&ch, &stats) && stats.imports == 2);
	CHECK(!wd_unregister_3rd_memory(&made));
	CHECK(frees == 1 && !made.va && ch.nr_3rd == 1);
	CHECK(wd_unregister_3rd_memory(&made) == -EINVAL);
	CHECK(!wd_unregister_3rd_memory(&theirs));
	CHECK(frees == 1 && theirs.va == other + 1 && !ch.nr_3rd);

	theirs.flags = 2;
	CHECK(wd_register_3rd_memory(&theirs) == -EINVAL);
	theirs.flags = 0;
	theirs.size = 0;
	CHECK(wd_register_3rd_memory(&theirs) == -EINVAL);
	theirs.size = SIZE_MAX;
	CHECK(wd_register_3rd_memory(&theirs) == -EINVAL);
	wd_release_channel(&ch);
}

static void weights(void)
{
	struct wd_chan ch = { .fd = -1 };

	CHECK(wd_set_priority(&ch, WD_PRIORITY_DEFAULT) == -EINVAL);
	CHECK(!wd_chan_adopt(&ch));
	CHECK(wd_set_priority(&ch, 0) == -EINVAL);
	CHECK(wd_set_priority(&ch, WD_PRIORITY_MAX + 1) == -EINVAL);
	CHECK(!wd_set_priority(&ch, WD_PRIORITY_MIN));
	wd_release_channel(&ch);
}

static bool child_sees_nothing(struct wd_chan *ch, struct wd_chan *other,
			       struct wd_3rd_memory *third)
{
	struct wd_mem_stats stats;
	void *va = ch->ss_va;

	errno = 0;
	REQUIRE(!wd_reserve_mem(other, PAGE) && errno == EPERM);
	REQUIRE(wd_share_reserved_memory(ch, other) == -EPERM);
	REQUIRE(wd_share_dma_addr(other, ch) == -EPERM);
	REQUIRE(!wd_get_pa_from_va(ch, va));
	REQUIRE(wd_unregister_3rd_memory(third) == -EPERM);
	REQUIRE(wd_get_mem_stats(ch, &stats) == -EPERM);
	REQUIRE(wd_set_priority(ch, 1) == -EPERM);
	REQUIRE(is_unmapped(va));
	wd_release_channel(ch);
	wd_release_channel(other);
	return true;
}

static void a_child_has_no_memory(void)
{
	struct wd_chan a = { .fd = -1 }, b = { .fd = -1 };
	static unsigned char page[PAGE];
	struct wd_3rd_memory third = { .ch = &a, .va = page, .size = PAGE };
	int status;
	pid_t pid;

	CHECK(!wd_chan_adopt(&a) && !wd_chan_adopt(&b));
	CHECK(wd_reserve_mem(&a, PAGE) && !wd_register_3rd_memory(&third));
	pid = fork();
	if (!pid)
		_exit(!child_sees_nothing(&a, &b, &third));
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	memset(a.ss_va, 1, PAGE);
	CHECK(!wd_unregister_3rd_memory(&third));
	wd_release_channel(&a);
	wd_release_channel(&b);
}

static const struct tap_test tests[] = {
	TEST(which_slices_are_valid),
	TEST(every_address_of_a_memory),
	TEST(lists_describe_what_they_should),
	TEST(which_memory_an_operand_is_in),
	TEST(reserved_without_a_device),
	TEST(memory_of_third_parties),
	TEST(weights),
	TEST(a_child_has_no_memory),
};

TAP_MAIN(tests)
