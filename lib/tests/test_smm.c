// SPDX-License-Identifier: GPL-2.0-or-later
/* SMM: what smm.h promises, case by case. test_smm_fuzz.c has the model. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "mem_registry.h"
#include "rounds.h"
#include "smm_priv.h"
#include "tap.h"

#define SIZE		(256U << 10)
#define PAGE		4096U
#define G		SMM_GRANULE
#define THREADS		4
#define MAX_BLOCKS	(SIZE / G)

static _Alignas(4 * PAGE) char mem[SIZE];

static struct smm_stats stats_of(void *arena)
{
	struct smm_stats s = { .total = SIZE_MAX };

	if (smm_get_stats(arena, &s))
		printf("# no statistics\n");
	return s;
}

static void blocks_come_and_go(void)
{
	char *a, *b, *c;

	CHECK(!smm_init(mem, SIZE, 0xf));
	a = smm_alloc(mem, 100);
	b = smm_alloc(mem, 1);
	c = smm_alloc(mem, 5000);
	CHECK(a && b && c && a > mem);
	CHECK(b == a + 2 * G && c == b + G && c + 5000 <= mem + SIZE);
	memset(a, 'a', 100);
	memset(b, 'b', 1);
	memset(c, 'c', 5000);
	smm_free(mem, b);
	CHECK(a[99] == 'a' && *b == 'b' && c[0] == 'c');
	CHECK(smm_alloc(mem, G) == b);
	smm_free(mem, a);
	smm_free(mem, c);
	smm_free(mem, b);
	CHECK(stats_of(mem).largest_free == stats_of(mem).total);
	CHECK(!smm_alloc(mem, 0));
	CHECK(!smm_alloc(mem, SIZE_MAX));
	CHECK(!smm_alloc(mem, (size_t)G << 32));
}

static void alignments(void)
{
	const size_t size = 8U << 20;
	char *chunk = malloc(size + 16), *p, *q;

	CHECK(chunk);
	for (int mask = 0; mask < 2 << 20; mask = 2 * mask + 1) {
		size_t unit = mask < (int)G ? G : (size_t)mask + 1;

		/* Wherever the chunk begins. */
		CHECK(!smm_init(chunk + 16, size, mask));
		p = smm_alloc(chunk + 16, 1);
		q = smm_alloc(chunk + 16, unit + 1);
		CHECK(p && q && !((uintptr_t)p % unit) && !((uintptr_t)q % unit));
		CHECK(q == p + unit && q + unit + 1 <= chunk + 16 + size);
		CHECK(stats_of(chunk + 16).used == 3 * unit);
	}
	free(chunk);
}

static void bad_arguments(void)
{
	struct smm_stats s;

	memset(mem, 0x5a, SIZE);
	CHECK(smm_init(NULL, SIZE, 0xf) == -EINVAL);
	CHECK(smm_init(mem + 8, SIZE - 8, 0xf) == -EINVAL);
	CHECK(smm_init(mem, SIZE, -1) == -EINVAL);
	CHECK(smm_init(mem, SIZE, 0x10) == -EINVAL);
	CHECK(smm_init(mem, SIZE, (4 << 20) - 1) == -EINVAL);
	CHECK(smm_init(mem, SIZE_MAX, 0xf) == -EINVAL);
	CHECK(smm_init(mem, (size_t)32 << 30, 0xf) == -E2BIG);
	CHECK(smm_init(mem, 0, 0xf) == -ENOSPC);
	CHECK(smm_init(mem, 256 + G, 0xf) == -ENOSPC);
	CHECK(smm_init(mem, SIZE, (1 << 20) - 1) == -ENOSPC);
	for (size_t i = 0; i < SIZE; i++)
		CHECK(mem[i] == 0x5a);

	/* No arena was ever here. */
	CHECK(!smm_alloc(mem, 1) && !smm_alloc(NULL, 1));
	CHECK(smm_try_free(mem, mem + 1024) == -EINVAL);
	CHECK(smm_try_free(NULL, mem) == -EINVAL);
	CHECK(smm_get_stats(mem, &s) == -EINVAL);
	CHECK(!smm_init(mem, SIZE, 0xf));
	CHECK(smm_get_stats(mem, NULL) == -EINVAL);
	CHECK(!smm_alloc(mem + 16, 1));
	memmove(mem + 1024, mem, 512);
	CHECK(smm_try_free(mem + 1024, mem) == -ENOTRECOVERABLE);
}

/* Every size from the smallest that works: all that is there can be used. */
static void sizes(void)
{
	size_t last = 0;

	for (size_t size = 0; size < 3 * PAGE; size += 16) {
		int ret = smm_init(mem, size, 0);
		char *p;

		if (ret) {
			CHECK(ret == -ENOSPC && !last);
			continue;
		}
		CHECK(stats_of(mem).total >= last);
		last = stats_of(mem).total;
		CHECK(last && size - last <= 1024 + last / 15 + G);
		p = smm_alloc(mem, last);
		CHECK(p && p + last <= mem + size);
		memset(p, 0xff, last);
		CHECK(!smm_try_free(mem, p));
		CHECK(stats_of(mem).largest_free == last);
	}
	CHECK(last);
}

static void exhaustion(void)
{
	static char *blocks[MAX_BLOCKS];
	struct smm_stats s;
	size_t n = 0;

	CHECK(!smm_init(mem, SIZE, 0xf));
	while ((blocks[n] = smm_alloc(mem, G)))
		memset(blocks[n++], 0xff, G);
	s = stats_of(mem);
	CHECK(n == s.total / G && s.used == s.total && s.blocks == n);
	CHECK(s.largest_free == 0 && s.failed_allocs == 1 && !s.refused_frees);

	/* Every other one: room, but in pieces. */
	for (size_t i = 0; i < n; i += 2)
		CHECK(!smm_try_free(mem, blocks[i]));
	CHECK(stats_of(mem).largest_free == G);
	CHECK(!smm_alloc(mem, G + 1));
	CHECK(stats_of(mem).failed_allocs == 2);
	for (size_t i = 1; i < n; i += 2)
		CHECK(!smm_try_free(mem, blocks[i]));
	s = stats_of(mem);
	CHECK(s.largest_free == s.total && !s.used && !s.blocks);
}

static void starts_anew(void)
{
	char *p;

	CHECK(!smm_init(mem, SIZE, 0xf));
	p = smm_alloc(mem, 1000);
	CHECK(p && smm_try_free(mem, p + 1) == -EINVAL && !smm_alloc(mem, SIZE));
	CHECK(!smm_init(mem, SIZE, 0xf));
	CHECK(stats_of(mem).used == 0 && stats_of(mem).blocks == 0);
	CHECK(!stats_of(mem).failed_allocs && !stats_of(mem).refused_frees);
	CHECK(smm_try_free(mem, p) == -EALREADY);
	CHECK(smm_alloc(mem, 1000) == p);
}

static const struct wd_slice table[] = {
	{ 0, PAGE, 0x1000 },		/* bookkeeping */
	{ PAGE, SIZE / 2 - PAGE, 0x100000 },
	{ SIZE / 2, PAGE, 0x9000 },
	{ SIZE / 2 + PAGE, PAGE, 0xa000 },	/* as if contiguous */
	{ SIZE - 3 * PAGE, 2 * PAGE, 0x30000 },	/* gaps on both sides */
};

static bool in_one_slice(const char *p, size_t size)
{
	size_t at = (size_t)(p - mem);

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (at >= table[i].offset &&
		    at + size <= table[i].offset + table[i].size)
			return true;
	return false;
}

/* Blocks of this size until it is full, then all of them back in this order. */
static bool fill_slices(size_t size, bool backwards)
{
	static char *blocks[MAX_BLOCKS];
	size_t n = 0, largest = stats_of(mem).largest_free;

	while ((blocks[n] = smm_alloc(mem, size))) {
		REQUIRE(in_one_slice(blocks[n], size));
		n++;
	}
	REQUIRE(n);
	for (size_t i = 0; i < n; i++)
		REQUIRE(!smm_try_free(mem, blocks[backwards ? n - 1 - i : i]));
	REQUIRE(stats_of(mem).largest_free == largest);
	return true;
}

static bool slices_hold(void)
{
	struct smm_stats s = stats_of(mem);

	REQUIRE(s.largest_free < SIZE / 2 - PAGE);
	REQUIRE(s.largest_free > SIZE / 2 - SIZE / 15 - PAGE);
	REQUIRE(s.total == s.largest_free + 4 * PAGE);
	for (size_t size = G; size <= s.largest_free; size += 5 * G) {
		REQUIRE(fill_slices(size, false));
		REQUIRE(fill_slices(size, true));
	}
	REQUIRE(!smm_alloc(mem, s.largest_free + 1));
	return true;
}

static void nothing_crosses_a_slice(void)
{
	CHECK(!wd_smm_init_slices(mem, SIZE, 0, table, 5));
	CHECK(slices_hold());
}

static void slices_of_known_memory(void)
{
	/* The memory is larger than the chunk, on both sides. */
	static struct wd_slice known[6] = { { 0, PAGE, 0x77000 } };
	const struct wd_slice half = { .size = SIZE / 2 };
	char *chunk = mem + PAGE;

	for (int i = 1; i < 6; i++) {
		known[i] = table[i - 1];
		known[i].offset += PAGE;
	}
	known[5].size += PAGE;
	CHECK(!wd_mem_registry_add(mem - PAGE, SIZE + PAGE, known, 6));
	CHECK(!smm_init(mem, SIZE - PAGE, 0));
	CHECK(slices_hold());
	wd_mem_registry_del(mem - PAGE);

	/* A chunk that goes on behind the memory: there is nothing more. */
	CHECK(!wd_mem_registry_add(chunk, SIZE / 2, &half, 1));
	CHECK(!smm_init(chunk, SIZE - PAGE, 0));
	CHECK(stats_of(chunk).total < SIZE / 2);
	CHECK(stats_of(chunk).total > SIZE / 2 - SIZE / 14);
	wd_mem_registry_del(chunk);
	CHECK(!smm_init(mem, SIZE, 0));
	CHECK(stats_of(mem).largest_free > SIZE - SIZE / 14);
}

static void granules_larger_than_slices(void)
{
	static struct wd_slice pages[SIZE / PAGE];

	for (size_t i = 0; i < SIZE / PAGE; i++)
		pages[i] = (struct wd_slice){ i * PAGE, PAGE, i * 2 * PAGE };
	CHECK(!wd_smm_init_slices(mem, SIZE, PAGE - 1, pages, SIZE / PAGE));
	CHECK(stats_of(mem).total == SIZE - PAGE);
	CHECK(stats_of(mem).largest_free == PAGE);
	CHECK(smm_alloc(mem, PAGE) && !smm_alloc(mem, PAGE + 1));
	CHECK(wd_smm_init_slices(mem, SIZE, 2 * PAGE - 1, pages, SIZE / PAGE) ==
	      -ENOSPC);
	CHECK(wd_smm_init_slices(mem, SIZE, 0, pages, 0) == -ENOSPC);
	CHECK(wd_smm_init_slices(mem, SIZE - 1, 0, pages, SIZE / PAGE) == -EINVAL);
}

static void bad_frees(void)
{
	static int on_the_stack;
	uint64_t refused = 0;
	char *a, *b, *c;

	CHECK(!smm_init(mem, SIZE, 0xf));
	a = smm_alloc(mem, 5 * G);
	b = smm_alloc(mem, G);
	c = smm_alloc(mem, 3 * G);
	CHECK(a && b && c);
	for (int i = 1; i < 5 * (int)G; i++, refused++)
		CHECK(smm_try_free(mem, a + i) == -EINVAL);
	/* The bookkeeping, all of it. */
	for (char *p = mem; p < a; p++, refused++)
		CHECK(smm_try_free(mem, p) == -EINVAL);
	CHECK(smm_try_free(mem, &on_the_stack) == -EINVAL);
	CHECK(smm_try_free(mem, mem - G) == -EINVAL);
	CHECK(smm_try_free(mem, mem + SIZE) == -EINVAL);
	CHECK(smm_try_free(mem, (void *)(uintptr_t)G) == -EINVAL);
	CHECK(smm_try_free(mem, (void *)(UINTPTR_MAX - G + 1)) == -EINVAL);
	/* Never handed out. */
	CHECK(smm_try_free(mem, c + 3 * G) == -EALREADY);
	CHECK(smm_try_free(mem, c + 4 * G) == -EALREADY);
	CHECK(smm_try_free(mem, c + 4 * G + 1) == -EINVAL);
	refused += 8;
	CHECK(stats_of(mem).refused_frees == refused);
	CHECK(!smm_try_free(mem, NULL));
	smm_free(mem, NULL);
	CHECK(stats_of(mem).refused_frees == refused);
	CHECK(stats_of(mem).blocks == 3 && stats_of(mem).used == 9 * G);
	smm_free(mem, a + G);
	CHECK(stats_of(mem).refused_frees == refused + 1);
}

static void double_frees(void)
{
	char *p[4];

	CHECK(!smm_init(mem, SIZE, 0xf));
	for (int i = 0; i < 4; i++)
		CHECK((p[i] = smm_alloc(mem, 2 * G)));
	CHECK(!smm_try_free(mem, p[1]));
	CHECK(smm_try_free(mem, p[1]) == -EALREADY);
	CHECK(smm_try_free(mem, p[1] + G) == -EALREADY);
	/* Merged with its neighbours it is the middle of a free block. */
	CHECK(!smm_try_free(mem, p[0]));
	CHECK(!smm_try_free(mem, p[2]));
	for (int i = 0; i < 3; i++)
		CHECK(smm_try_free(mem, p[i]) == -EALREADY);
	CHECK(smm_try_free(mem, p[3] + G) == -EINVAL);
	CHECK(stats_of(mem).blocks == 1 && stats_of(mem).refused_frees == 6);
	CHECK(!smm_try_free(mem, p[3]));
	CHECK(stats_of(mem).largest_free == stats_of(mem).total);
}

/* Whoever writes to memory after its end of life cannot harm the allocator. */
static void writes_to_free_memory(void)
{
	char *p[64];
	size_t total;

	CHECK(!smm_init(mem, SIZE, 0xf));
	total = stats_of(mem).total;
	for (int i = 0; i < 64; i++)
		CHECK((p[i] = smm_alloc(mem, (size_t)(i % 5 + 1) * G)));
	for (int i = 0; i < 64; i += 2)
		smm_free(mem, p[i]);
	memset(p[0], 0xff, total);
	for (int i = 0; i < 64; i += 2)
		CHECK(smm_alloc(mem, (size_t)(i % 5 + 1) * G) == p[i]);
	memset(p[0], 0x00, total);
	for (int i = 0; i < 64; i++)
		CHECK(!smm_try_free(mem, p[i]));
	CHECK(stats_of(mem).largest_free == total);
}

/* Blocks of all sizes, some freed, damage done, the rest freed and all again. */
static void exercise(char *chunk, size_t size, char *at, uint32_t value)
{
	char *p[32];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 32; i++) {
			p[i] = smm_alloc(chunk, (size_t)(i % 8 + 1) * G);
			CHECK(!p[i] || (p[i] > chunk &&
					p[i] + (i % 8 + 1) * (int)G <= chunk + size));
		}
		for (int i = 0; i < 32; i += 3)
			smm_free(chunk, p[i]);
		if (!round)
			memcpy(at, &value, sizeof(value));
		for (int i = 0; i < 32; i++)
			smm_free(chunk, p[i]);
	}
}

/*
 * The bookkeeping itself overwritten, a word at a time but for the lock: nothing
 * outside of the arena may be touched (ASan watches its end), no call may hang.
 */
static void writes_to_the_bookkeeping(void)
{
	static const uint32_t values[] = { 0, 1, UINT32_MAX, 0x3fffffff, 0x5fffffff,
		0x20000001, 0x40000004, 0x60000004, 0x7fffffff, 0xc0000000 };
	const size_t size = 8 * PAGE;
	char *chunk = mem + SIZE - size, *first;
	uint32_t rnd = 4711;
	int noticed = 0;
	struct smm_stats s;
	size_t at;

	for (int i = 0; i < rounds(16000); i++) {
		uint32_t value = i & 1 ? next_random(&rnd) :
				 values[next_random(&rnd) % 10];

		CHECK(!smm_init(chunk, size, 0));
		first = smm_alloc(chunk, G);
		/* The first words of the table are the busiest. */
		at = next_random(&rnd) % (size_t)(first - chunk) & ~3UL;
		if (i & 2)
			at = 256 + at % 640;
		/* The lock is behind the layout and its sum. */
		if (at >= 112 && at < 112 + sizeof(pthread_mutex_t))
			continue;
		exercise(chunk, size, chunk + at, value);
		CHECK(!tap_failed);
		noticed += smm_get_stats(chunk, &s) == -ENOTRECOVERABLE;
	}
	CHECK(noticed);
}

static void corrupt_for_good(void)
{
	struct smm_stats s;
	char *p;

	CHECK(!smm_init(mem, SIZE, 0));
	p = smm_alloc(mem, G);
	CHECK(p);
	/* Below the first block: the table and the tree. */
	memset(mem + 256, 0xff, (size_t)(p - mem) - 256);
	CHECK(!smm_alloc(mem, G));
	CHECK(smm_try_free(mem, p) == -ENOTRECOVERABLE);
	memset(mem + 256, 0x00, (size_t)(p - mem) - 256);
	CHECK(!smm_alloc(mem, G));
	CHECK(smm_get_stats(mem, &s) == -ENOTRECOVERABLE);
	CHECK(!smm_init(mem, SIZE, 0) && smm_alloc(mem, G) == p);
}

static pthread_barrier_t all_there;

struct worker {
	pthread_t thread;
	uint32_t rnd;
	const char *failed;
};

static const char *work_on(struct worker *w, unsigned char **held, size_t *sizes_held)
{
	uint32_t slot = next_random(&w->rnd) % 32;
	unsigned char *p = held[slot], fill = (unsigned char)(uintptr_t)w;
	struct smm_stats s;

	if (p) {
		for (size_t i = 0; i < sizes_held[slot]; i++)
			if (p[i] != (unsigned char)(fill + slot))
				return "somebody wrote to the block";
		if (smm_try_free(mem, p))
			return "the block was not taken back";
		held[slot] = NULL;
		return NULL;
	}
	sizes_held[slot] = 1 + next_random(&w->rnd) % 200;
	p = smm_alloc(mem, sizes_held[slot]);
	if (p)
		memset(p, fill + (int)slot, sizes_held[slot]);
	held[slot] = p;
	if (smm_try_free(mem, mem + 64) != -EINVAL)
		return "the bookkeeping was freed";
	if (smm_get_stats(mem, &s) || s.used > s.total)
		return "wrong statistics";
	return NULL;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	unsigned char *held[32] = { NULL };
	size_t sizes_held[32];

	pthread_barrier_wait(&all_there);
	for (int i = 0; i < rounds(60000) && !w->failed; i++)
		w->failed = work_on(w, held, sizes_held);
	for (int i = 0; i < 32; i++)
		smm_free(mem, held[i]);
	return NULL;
}

static void several_threads(void)
{
	static struct worker workers[THREADS];

	CHECK(!smm_init(mem, SIZE, 0xf));
	CHECK(!pthread_barrier_init(&all_there, NULL, THREADS));
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .rnd = 77 + i };
		CHECK(!pthread_create(&workers[i].thread, NULL, worker_main,
				      &workers[i]));
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&all_there);
	for (int i = 0; i < THREADS; i++) {
		if (workers[i].failed)
			printf("# %s\n", workers[i].failed);
		CHECK(!workers[i].failed);
	}
	CHECK(!stats_of(mem).blocks && !stats_of(mem).used);
	CHECK(stats_of(mem).largest_free == stats_of(mem).total);
}

static const struct tap_test tests[] = {
	TEST(blocks_come_and_go),
	TEST(alignments),
	TEST(bad_arguments),
	TEST(sizes),
	TEST(exhaustion),
	TEST(starts_anew),
	TEST(nothing_crosses_a_slice),
	TEST(slices_of_known_memory),
	TEST(granules_larger_than_slices),
	TEST(bad_frees),
	TEST(double_frees),
	TEST(writes_to_free_memory),
	TEST(writes_to_the_bookkeeping),
	TEST(corrupt_for_good),
	TEST(several_threads),
};

TAP_MAIN(tests)
