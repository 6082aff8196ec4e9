/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel and a stream that works on it, for the tests of what does not: included by one
 * file a program, behind harness.h.
 */
#ifndef BAD_H
#define BAD_H

#include "raw_mem.h"

#define LEN	(64UL << 10)
#define ROOM	(2 * LEN)

/* A channel, and memory whose addresses are the device's as well. */
struct set {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src;
	uint8_t *dst;
	uint8_t *want;		/* @src deflated, level 6, raw */
	size_t want_len;
};

static inline void set_begin(struct __test_metadata *_metadata, struct set *set)
{
	struct wd_cqe cqe;
	struct wd_desc d;

	ASSERT_EQ(0, raw_setup(&set->c));
	ASSERT_EQ(0, raw_mem_reserve_same(&set->c, &set->m, 8 * LEN));
	set->src = raw_mem_take(&set->m, LEN);
	set->dst = raw_mem_take(&set->m, ROOM);
	set->want = raw_mem_take(&set->m, ROOM);
	/* Half of it does not compress: the output is larger than a few pages. */
	raw_fill_text(set->src, LEN / 2, 1);
	raw_fill_random(set->src + LEN / 2, LEN / 2, 2);
	d = raw_deflate(WD_COMP_RAW, 6, set->src, LEN, set->want, ROOM);
	ASSERT_EQ(0, raw_do(&set->c, &d, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	set->want_len = cqe.produced;
	ASSERT_LT(LEN / 2, set->want_len);
}

static inline void set_end(struct set *set)
{
	raw_mem_unmap(&set->m);
	raw_close(&set->c);
}

#define good_desc() raw_deflate(WD_COMP_RAW, 6, self->set.src, LEN, self->set.dst, ROOM)

/* The stream that the fixture made still comes out right. */
static inline void still_works(struct __test_metadata *_metadata, struct raw_chan *c,
			void *src, uint8_t *dst, const uint8_t *want, size_t want_len)
{
	struct wd_desc d = raw_deflate(WD_COMP_RAW, 6, src, LEN, dst, ROOM);
	struct wd_cqe cqe;

	ASSERT_EQ(0, raw_do(c, &d, &cqe));
	EXPECT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(LEN, cqe.consumed);
	EXPECT_EQ(WD_CQE_END, cqe.aux);
	ASSERT_EQ(want_len, cqe.produced);
	EXPECT_EQ(0, memcmp(want, dst, want_len));
}

#define still_good() \
	still_works(_metadata, &self->set.c, self->set.src, self->set.dst, self->set.want, self->set.want_len)

#endif
