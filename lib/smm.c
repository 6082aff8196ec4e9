// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SMM: blocks of whole granules in one chunk of memory.
 *
 * A table has one word for each granule. The first granule of a block says
 * whether it is used or free, and how long it is; the last one of a free block
 * says the length again, for the neighbour behind it; all others are zero. So
 * any pointer is judged by one word, and blocks are split and merged by writing
 * four of them at most.
 *
 * Over the table stands a tree: a node has the length of the longest free block
 * that begins below it, in 16 words of the table or 16 nodes. Its top tells
 * whether a request can be met, the way down finds the first block that does.
 * There are no lists and nothing is kept in free memory.
 *
 * What the table says is checked before it is followed: the memory may be a
 * device's, and others write to it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mem_registry.h"
#include "smm_priv.h"

#define MAGIC		0x314d4d5344570a1aULL
#define ADDR_ALIGN	16
#define MAX_ALIGN	(2U << 20)

#define FANOUT_SHIFT	4
#define FANOUT		(1U << FANOUT_SHIFT)
#define MAX_GRANULES	(1U << 29)
#define MAX_LEVELS	9		/* FANOUT^(MAX_LEVELS - 1) > MAX_GRANULES */

/* A word of the table: where a slice begins, the kind, the length in granules. */
#define WORD_SLICE	(1U << 31)
#define WORD_KIND	(3U << 29)
#define WORD_USED	(1U << 29)	/* the first granule of a used block */
#define WORD_FREE	(2U << 29)	/* the first one of a free block */
#define WORD_TAIL	(3U << 29)	/* the last one of a free block of several */
#define WORD_LEN	(MAX_GRANULES - 1)

/**
 * struct layout - what never changes after smm_init()
 * @magic:  MAGIC
 * @self:   address of the arena
 * @base:   address of the first granule
 * @nr:     number of granules
 * @shift:  log2 of the size of one
 * @levels: of the tree with the table, which is level 0
 * @level:  where each is, in bytes from the arena; the last one has one node
 */
struct layout {
	uint64_t magic;
	uintptr_t self;
	uintptr_t base;
	uint32_t nr;
	uint16_t shift;
	uint16_t levels;
	uint64_t level[MAX_LEVELS];
};

struct arena {
	struct layout layout;
	uint64_t sum;			/* of the layout */
	pthread_mutex_t lock;		/* for the table, the tree and what follows */
	uint32_t corrupt;		/* not 0: for good */
	uint64_t total;			/* in granules, as is used */
	uint64_t used;
	uint64_t blocks;
	uint64_t failed;
	uint64_t refused;
};

#define HEADER_SIZE	256

_Static_assert(sizeof(struct arena) <= HEADER_SIZE, "as smm.h says");
_Static_assert(sizeof(struct layout) % sizeof(uint64_t) == 0, "no padding in the sum");

static uint64_t layout_sum(const struct layout *l)
{
	uint64_t sum = 0, word;

	for (size_t i = 0; i < sizeof(*l) / sizeof(word); i++) {
		memcpy(&word, (const char *)l + i * sizeof(word), sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 32;
	}
	return sum;
}

static uint32_t *level(const struct arena *a, unsigned int l)
{
	return (uint32_t *)((char *)a + a->layout.level[l]);
}

/* The longest free block that begins below node @i of level @l. */
static uint32_t longest(const struct arena *a, unsigned int l, uint32_t i)
{
	uint32_t word = level(a, l)[i];

	if (l)
		return word;
	return (word & WORD_KIND) == WORD_FREE ? word & WORD_LEN : 0;
}

static uint32_t top(const struct arena *a)
{
	return longest(a, a->layout.levels - 1U, 0);
}

/* The word of granule @i changed: correct the nodes above it. */
static void update_tree(struct arena *a, uint32_t i)
{
	for (unsigned int l = 1; l < a->layout.levels; l++) {
		uint32_t first = i & ~(FANOUT - 1), max = 0;

		for (uint32_t c = first; c < first + FANOUT; c++)
			if (longest(a, l - 1, c) > max)
				max = longest(a, l - 1, c);
		i >>= FANOUT_SHIFT;
		if (level(a, l)[i] == max)
			return;
		level(a, l)[i] = max;
	}
}

static void set_word(struct arena *a, uint32_t i, uint32_t kind, uint32_t len)
{
	uint32_t *word = &level(a, 0)[i];

	*word = (*word & WORD_SLICE) | kind | len;
}

static void add_free(struct arena *a, uint32_t i, uint32_t len)
{
	set_word(a, i, WORD_FREE, len);
	if (len > 1)
		set_word(a, i + len - 1, WORD_TAIL, len);
	update_tree(a, i);
}

static void remove_free(struct arena *a, uint32_t i, uint32_t len)
{
	set_word(a, i, 0, 0);
	set_word(a, i + len - 1, 0, 0);
	update_tree(a, i);
}

/* Can it be that a block of @len granules begins at @i? */
static bool in_range(const struct arena *a, uint32_t i, uint32_t len)
{
	return i < a->layout.nr && len && len <= a->layout.nr - i;
}

/* Do both ends of a free block say the same? */
static bool is_free_block(const struct arena *a, uint32_t i, uint32_t len)
{
	const uint32_t *words = level(a, 0);

	if (!in_range(a, i, len) || longest(a, 0, i) != len)
		return false;
	return len == 1 || (words[i + len - 1] & ~WORD_SLICE) == (WORD_TAIL | len);
}

static int found_corrupt(struct arena *a)
{
	a->corrupt = 1;
	return -ENOTRECOVERABLE;
}

/* The first free block of @want granules or more; the top says there is one. */
static int find_free(struct arena *a, uint32_t want, uint32_t *found)
{
	uint32_t i = 0;

	for (unsigned int l = a->layout.levels - 1U; l--; ) {
		uint32_t end;

		i <<= FANOUT_SHIFT;
		end = i + FANOUT;
		while (i < end && longest(a, l, i) < want)
			i++;
		if (i == end)
			return found_corrupt(a);
	}
	if (!is_free_block(a, i, longest(a, 0, i)))
		return found_corrupt(a);
	*found = i;
	return 0;
}

static int take_block(struct arena *a, uint32_t want, uint32_t *i)
{
	uint32_t len;
	int ret;

	if (top(a) < want)
		return -ENOMEM;
	ret = find_free(a, want, i);
	if (ret)
		return ret;

	len = longest(a, 0, *i);
	remove_free(a, *i, len);
	set_word(a, *i, WORD_USED, want);
	if (len > want)
		add_free(a, *i + want, len - want);
	a->used += want;
	a->blocks++;
	return 0;
}

/* Does granule @i, no free block's first, lie in a free block? */
static bool in_free_block(const struct arena *a, uint32_t i)
{
	uint32_t at = i;
	unsigned int l;

	/* The nearest free block that begins before it: up, to the left, down. */
	for (l = 0; l < a->layout.levels; l++, at >>= FANOUT_SHIFT) {
		while ((at & (FANOUT - 1)) && !longest(a, l, at - 1))
			at--;
		if (at & (FANOUT - 1))
			break;
	}
	if (l == a->layout.levels)
		return false;
	for (at--; l--; ) {
		at = (at << FANOUT_SHIFT) + FANOUT - 1;
		while ((at & (FANOUT - 1)) && !longest(a, l, at))
			at--;
	}
	return i - at < longest(a, 0, at);
}

/* Which block is it? */
static int find_block(struct arena *a, const void *ptr, uint32_t *i, uint32_t *len)
{
	uintptr_t offset = (uintptr_t)ptr - a->layout.base;
	uint32_t word;

	/* An address below the first granule is a very large offset. */
	if (offset & (((uintptr_t)1 << a->layout.shift) - 1) ||
	    offset >> a->layout.shift >= a->layout.nr)
		return -EINVAL;
	*i = (uint32_t)(offset >> a->layout.shift);
	word = level(a, 0)[*i];
	*len = word & WORD_LEN;
	if ((word & WORD_KIND) == WORD_FREE)
		return -EALREADY;
	if ((word & WORD_KIND) != WORD_USED)
		return in_free_block(a, *i) ? -EALREADY : -EINVAL;
	return in_range(a, *i, *len) ? 0 : found_corrupt(a);
}

/* How many granules before @i are a free block of the same slice? */
static uint32_t free_before(const struct arena *a, uint32_t i)
{
	uint32_t word;

	if (!i || level(a, 0)[i] & WORD_SLICE)
		return 0;
	word = level(a, 0)[i - 1];
	if ((word & WORD_KIND) != WORD_FREE && (word & WORD_KIND) != WORD_TAIL)
		return 0;
	return word & WORD_LEN;
}

/* And how many from @i on, behind a block of the same slice? */
static uint32_t free_behind(const struct arena *a, uint32_t i)
{
	if (i == a->layout.nr || level(a, 0)[i] & WORD_SLICE)
		return 0;
	return longest(a, 0, i);
}

static int put_block(struct arena *a, const void *ptr)
{
	uint32_t i, len, before, behind;
	int ret;

	ret = find_block(a, ptr, &i, &len);
	if (ret)
		return ret;
	before = free_before(a, i);
	behind = free_behind(a, i + len);
	if ((before && (before > i || !is_free_block(a, i - before, before))) ||
	    (behind && !is_free_block(a, i + len, behind)) ||
	    a->used < len || !a->blocks)
		return found_corrupt(a);

	a->used -= len;
	a->blocks--;
	set_word(a, i, 0, 0);
	if (before)
		remove_free(a, i - before, before);
	if (behind)
		remove_free(a, i + len, behind);
	add_free(a, i - before, before + len + behind);
	return 0;
}

/* The arena at @pt_addr, locked. */
static int arena_lock(void *pt_addr, struct arena **arena)
{
	struct arena *a = pt_addr;

	if (!a || (uintptr_t)a % ADDR_ALIGN || a->layout.magic != MAGIC)
		return -EINVAL;
	if (a->layout.self != (uintptr_t)a || a->sum != layout_sum(&a->layout))
		return -ENOTRECOVERABLE;
	pthread_mutex_lock(&a->lock);
	*arena = a;
	return 0;
}

void *smm_alloc(void *pt_addr, size_t size)
{
	struct arena *a;
	size_t want;
	uint32_t i;
	int ret;

	if (arena_lock(pt_addr, &a))
		return NULL;
	want = (size >> a->layout.shift) +
	       !!(size & (((size_t)1 << a->layout.shift) - 1));
	ret = -ENOMEM;
	if (!a->corrupt && want && want < MAX_GRANULES)
		ret = take_block(a, (uint32_t)want, &i);
	if (ret)
		a->failed++;
	pthread_mutex_unlock(&a->lock);
	if (ret)
		return NULL;
	return (char *)pt_addr + (a->layout.base - a->layout.self) +
	       ((size_t)i << a->layout.shift);
}

int smm_try_free(void *pt_addr, void *ptr)
{
	struct arena *a;
	int ret;

	ret = arena_lock(pt_addr, &a);
	if (ret)
		return ret;
	if (ptr) {
		ret = a->corrupt ? -ENOTRECOVERABLE : put_block(a, ptr);
		if (ret)
			a->refused++;
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

void smm_free(void *pt_addr, void *ptr)
{
	smm_try_free(pt_addr, ptr);
}

int smm_get_stats(void *pt_addr, struct smm_stats *stats)
{
	struct arena *a;
	int ret;

	if (!stats)
		return -EINVAL;
	ret = arena_lock(pt_addr, &a);
	if (ret)
		return ret;
	if (a->corrupt) {
		ret = -ENOTRECOVERABLE;
	} else {
		*stats = (struct smm_stats){
			.total = a->total << a->layout.shift,
			.used = a->used << a->layout.shift,
			.blocks = a->blocks,
			.largest_free = (size_t)top(a) << a->layout.shift,
			.failed_allocs = a->failed,
			.refused_frees = a->refused,
		};
	}
	pthread_mutex_unlock(&a->lock);
	return ret;
}

/* Lay out a tree over @nr granules. Returns the bytes of all bookkeeping. */
static uint64_t lay_out(struct layout *l, uint32_t nr)
{
	uint64_t end = HEADER_SIZE;
	uint32_t n = nr;

	memset(l->level, 0, sizeof(l->level));
	l->nr = nr;
	for (l->levels = 0; ; n = (n + FANOUT - 1) / FANOUT) {
		l->level[l->levels++] = end;
		/* Groups are complete, so that nobody looks for their end. */
		end += ((uint64_t)n + FANOUT - 1) / FANOUT * FANOUT * sizeof(uint32_t);
		if (n <= 1)
			return end;
	}
}

/* Bookkeeping at the beginning of @size bytes, as many granules as fit at the end. */
static int fit(struct layout *l, uintptr_t addr, size_t size, size_t granule)
{
	uint32_t nr = 0;

	for (uint32_t bit = MAX_GRANULES >> 1; bit; bit >>= 1) {
		uint64_t meta = lay_out(l, nr | bit);
		uint64_t gap = -(addr + meta) & (granule - 1);

		if (meta + gap <= size && nr | bit &&
		    (size - meta - gap) / granule >= (nr | bit))
			nr |= bit;
	}
	if (!nr)
		return -ENOSPC;
	lay_out(l, nr);
	l->magic = MAGIC;
	l->self = addr;
	l->base = ((addr + size) & ~(granule - 1)) - nr * granule;
	l->shift = (uint16_t)__builtin_ctzl(granule);
	return 0;
}

/*
 * The whole granules of a slice: returns their number, the first one in @i. The
 * last granule ends where the chunk does, so none is behind it.
 */
static uint32_t slice_granules(const struct layout *l, const struct wd_slice *s,
			       uint32_t *i)
{
	uint64_t base = l->base - l->self, mask = ((uint64_t)1 << l->shift) - 1;
	uint64_t begin = s->offset > base ? s->offset - base : 0;
	uint64_t end = s->offset + s->size;

	end = end > base ? (end - base) >> l->shift : 0;
	begin = (begin + mask) >> l->shift;
	if (begin >= end)
		return 0;
	*i = (uint32_t)begin;
	return (uint32_t)(end - begin);
}

static void fill_arena(struct arena *a, const struct layout *l,
		       const struct wd_slice *slices, size_t n)
{
	uint32_t i, len;

	memset(a, 0, l->level[l->levels - 1] + FANOUT * sizeof(uint32_t));
	a->layout = *l;
	a->sum = layout_sum(l);
	pthread_mutex_init(&a->lock, NULL);
	for (size_t s = 0; s < n; s++) {
		len = slice_granules(l, &slices[s], &i);
		if (!len)
			continue;
		level(a, 0)[i] = WORD_SLICE;
		add_free(a, i, len);
		a->total += len;
	}
}

int wd_smm_init_slices(void *pt_addr, size_t size, int align_mask,
		       const struct wd_slice *slices, size_t n)
{
	uintptr_t addr = (uintptr_t)pt_addr;
	struct layout l = { 0 };
	uint64_t granules = 0;
	size_t granule;
	uint32_t i;
	int ret;

	if (!addr || addr % ADDR_ALIGN || size > UINTPTR_MAX - addr ||
	    align_mask < 0 || (unsigned int)align_mask >= MAX_ALIGN ||
	    align_mask & (align_mask + 1) || !wd_slices_in_order(size, slices, n))
		return -EINVAL;
	granule = (size_t)align_mask + 1;
	if (granule < SMM_GRANULE)
		granule = SMM_GRANULE;
	if (size / granule >= MAX_GRANULES)
		return -E2BIG;
	ret = fit(&l, addr, size, granule);
	if (ret)
		return ret;

	for (size_t s = 0; s < n; s++)
		granules += slice_granules(&l, &slices[s], &i);
	if (!granules)
		return -ENOSPC;
	fill_arena(pt_addr, &l, slices, n);
	return 0;
}

int smm_init(void *pt_addr, size_t size, int align_mask)
{
	struct wd_slice whole = { .size = size }, *slices;
	int n, ret;

	n = wd_mem_slices_of(pt_addr, size, &slices);
	if (n < 0)
		return n;
	if (!n)
		return wd_smm_init_slices(pt_addr, size, align_mask, &whole, !!size);
	ret = wd_smm_init_slices(pt_addr, size, align_mask, slices, (size_t)n);
	free(slices);
	return ret;
}
