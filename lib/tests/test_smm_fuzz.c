// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMM against a model: a byte for each granule and a list of blocks. The model
 * says beforehand what each call must return, to the address and the errno.
 * SMM_SEED in the environment repeats one round.
 */
#include <errno.h>
#include <string.h>

#include "rounds.h"
#include "smm_priv.h"
#include "tap.h"

#define PAGE		4096U
#define SIZE		(128U << 10)
#define MAX_SLICES	12
#define MAX_BLOCKS	(SIZE / SMM_GRANULE)
#define STEPS		1500

static _Alignas(64 * PAGE) unsigned char mem[SIZE];

enum granule_state { UNUSABLE, FREE, BLOCK_BEGIN, BLOCK };

struct block {
	unsigned char *p;
	size_t size;
	unsigned char fill;
};

static struct model {
	uint32_t rnd;
	unsigned char *chunk;
	size_t size;
	size_t unit;
	struct wd_slice slices[MAX_SLICES];
	size_t nslices;
	unsigned char state[MAX_BLOCKS];	/* by (address - mem) / unit */
	unsigned char slice[MAX_BLOCKS];
	struct block blocks[MAX_BLOCKS];
	struct smm_stats stats;
} model;

static size_t below(size_t n)
{
	return next_random(&model.rnd) % n;
}

static void choose_slices(void)
{
	size_t at = 0, pages = model.size / PAGE;

	for (model.nslices = 0; model.nslices < MAX_SLICES && at < pages; ) {
		struct wd_slice *s = &model.slices[model.nslices];
		size_t n = 1 + below(1 + below(pages - at));

		*s = (struct wd_slice){ .offset = at * PAGE, .size = n * PAGE };
		at += n;
		/* Mostly side by side; some gaps. */
		if (below(6))
			model.nslices++;
	}
}

static size_t unit_of(const unsigned char *p)
{
	return (size_t)(p - mem) / model.unit;
}

/*
 * The bookkeeping takes the first of the units in slices, and no more than smm.h
 * says: all others are for blocks.
 */
static bool learn_units(void)
{
	const unsigned char *least = model.chunk + 1024 + model.size / 15 + model.unit;
	size_t left = model.stats.total / model.unit;

	for (size_t s = model.nslices; s--; ) {
		const unsigned char *begin = model.chunk + model.slices[s].offset;
		size_t u = unit_of(begin + model.slices[s].size);

		for (; u && mem + (u - 1) * model.unit >= begin; left -= !!left) {
			REQUIRE(left || mem + (u - 1) * model.unit < least);
			model.state[--u] = left ? FREE : UNUSABLE;
			model.slice[u] = (unsigned char)s;
		}
	}
	REQUIRE(!left);
	return true;
}

static bool start(uint32_t seed)
{
	static const size_t units[] = { 64, 64, 64, 128, 4096, 16384 };
	int mask, ret;

	memset(&model, 0, sizeof(model));
	model.rnd = seed * 2654435761u | 1;
	model.size = SIZE - below(24) * PAGE;
	model.chunk = mem + below((SIZE - model.size) / PAGE + 1) * PAGE;
	model.unit = units[below(6)];
	do {
		choose_slices();
		mask = model.unit > 64 ? (int)model.unit - 1 :
		       (1 << below(7)) - 1;
		ret = wd_smm_init_slices(model.chunk, model.size, mask,
					 model.slices, model.nslices);
	} while (ret == -ENOSPC);
	REQUIRE(!ret && !smm_get_stats(model.chunk, &model.stats));
	REQUIRE(!model.stats.used && !model.stats.blocks &&
		!model.stats.failed_allocs && !model.stats.refused_frees);
	return learn_units();
}

/* The first run of free units in one slice that has @want; the longest of all. */
static unsigned char *first_fit(size_t want, size_t *longest)
{
	size_t nr = SIZE / model.unit, run;
	unsigned char *found = NULL;

	*longest = 0;
	for (size_t u = 0; u < nr; u += run ? run : 1) {
		run = 0;
		while (u + run < nr && model.state[u + run] == FREE &&
		       model.slice[u + run] == model.slice[u])
			run++;
		if (run > *longest)
			*longest = run;
		if (want && run >= want && !found)
			found = mem + u * model.unit;
	}
	return found;
}

static bool check_alloc(void)
{
	size_t size = below(1 + below(below(10) ? 40 * model.unit : SIZE));
	size_t units = (size + model.unit - 1) / model.unit, longest;
	unsigned char *want = first_fit(units, &longest), *p;
	struct block *b = model.blocks;

	p = smm_alloc(model.chunk, size);
	REQUIRE(p == want);
	if (!p) {
		model.stats.failed_allocs++;
		return true;
	}
	memset(&model.state[unit_of(p)], BLOCK, units);
	model.state[unit_of(p)] = BLOCK_BEGIN;
	while (b->p)
		b++;
	*b = (struct block){ p, size, (unsigned char)below(256) };
	memset(p, b->fill, size);
	model.stats.used += units * model.unit;
	model.stats.blocks++;
	return true;
}

static bool check_free(struct block *b)
{
	size_t units = (b->size + model.unit - 1) / model.unit;

	for (size_t i = 0; i < b->size; i++)
		REQUIRE(b->p[i] == b->fill);
	REQUIRE(!smm_try_free(model.chunk, b->p));
	for (size_t i = 0; i < b->size; i++)
		REQUIRE(b->p[i] == b->fill);
	memset(&model.state[unit_of(b->p)], FREE, units);
	model.stats.used -= units * model.unit;
	model.stats.blocks--;
	b->p = NULL;
	return true;
}

static bool check_bad_free(void)
{
	unsigned char *p = mem + below(SIZE);
	int want = -EINVAL;

	if (below(4))
		p -= (uintptr_t)p % model.unit;
	if (!((uintptr_t)p % model.unit)) {
		if (model.state[unit_of(p)] == BLOCK_BEGIN)
			return true;
		if (model.state[unit_of(p)] == FREE)
			want = -EALREADY;
	}
	REQUIRE(smm_try_free(model.chunk, p) == want);
	model.stats.refused_frees++;
	return true;
}

static bool check_stats(void)
{
	struct smm_stats s;
	size_t longest;

	first_fit(0, &longest);
	model.stats.largest_free = longest * model.unit;
	REQUIRE(!smm_get_stats(model.chunk, &s));
	REQUIRE(s.total == model.stats.total && s.used == model.stats.used);
	REQUIRE(s.blocks == model.stats.blocks);
	REQUIRE(s.largest_free == model.stats.largest_free);
	REQUIRE(s.failed_allocs == model.stats.failed_allocs);
	REQUIRE(s.refused_frees == model.stats.refused_frees);
	return true;
}

/* @bias: of ten steps, how many are for more blocks. */
static bool step(size_t bias)
{
	struct block *b = &model.blocks[below(64)];

	if (!below(5))
		return check_bad_free();
	if (below(10) < bias)
		return check_alloc();
	return !b->p || check_free(b);
}

static bool any_calls(uint32_t seed)
{
	size_t largest;

	REQUIRE(start(seed));
	largest = model.stats.largest_free;
	REQUIRE(check_stats());
	for (int i = 0; i < STEPS; i++) {
		REQUIRE(step(i / 200 % 2 ? 3 : 8));
		REQUIRE(check_stats());
	}
	for (size_t i = 0; i < MAX_BLOCKS; i++)
		REQUIRE(!model.blocks[i].p || check_free(&model.blocks[i]));
	REQUIRE(check_stats() && model.stats.largest_free == largest);
	REQUIRE(!model.stats.used && !model.stats.blocks);
	return true;
}

static void any_sequence_of_calls(void)
{
	const char *env = getenv("SMM_SEED");
	uint32_t seed = env ? (uint32_t)strtoul(env, NULL, 0) : 1;
	int n = env ? 1 : rounds(getenv("SOAK") ? 4000 : 100);

	for (int i = 0; i < n; i++, seed++) {
		if (!any_calls(seed)) {
			printf("# SMM_SEED=%u\n", seed);
			tap_failed = true;
			return;
		}
	}
	printf("# seeds up to %u\n", seed - 1);
}

static const struct tap_test tests[] = {
	TEST(any_sequence_of_calls),
};

TAP_MAIN(tests)
