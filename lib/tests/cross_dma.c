// SPDX-License-Identifier: GPL-2.0-or-later
/* Moving, comparing and protecting memory, against plain C. */
#include "cross.h"
#include "cross_crc.h"
#include "wd_dma.h"

#define TUPLE	8U

static size_t some_length(struct cross *c)
{
	const size_t len = cross_length(c);

	return len ? len : 1;
}

static void make_copy(struct cross *c, struct cross_job *job)
{
	size_t len = some_length(c), room, to, from;
	struct cross_area src, dst;

	wd_prep_copy(&job->req, NULL, NULL, 0);
	job->produced = len;
	if (cross_chance(c, 3)) {
		/* Source and destination overlap, or do so almost. */
		room = len + cross_below(c, len < 5000 ? len + 2 : 5000);
		src = cross_source(c, room, false);
		from = cross_below(c, room - len + 1);
		to = cross_below(c, room - len + 1);
		cross_get(&src, from, c->flat[0], len);
		cross_expect(&src, to, c->flat[0], len);
		job->req.src = (struct wd_operand){ .base = cross_base(&src) + from, .len = len };
		job->req.dst = (struct wd_operand){ .base = cross_base(&src) + to, .len = len };
		return;
	}
	src = cross_source(c, len, true);
	dst = cross_maybe_parts(c, len);
	cross_get(&src, 0, c->flat[0], len);
	cross_expect(&dst, 0, c->flat[0], len);
	cross_use(&job->req.src, &src);
	cross_use(&job->req.dst, &dst);
}

static void make_dualcast(struct cross *c, struct cross_job *job)
{
	const size_t len = some_length(c);
	struct cross_area src = cross_source(c, len, true), dst = cross_maybe_parts(c, len);
	struct cross_area dst2 = cross_maybe_parts(c, len);

	wd_prep_dualcast(&job->req, NULL, NULL, NULL, 0);
	cross_use(&job->req.src, &src);
	cross_use(&job->req.dst, &dst);
	cross_use(&job->req.dst2, &dst2);
	job->produced = len;
	cross_get(&src, 0, c->flat[0], len);
	cross_expect(&dst, 0, c->flat[0], len);
	cross_expect(&dst2, 0, c->flat[0], len);
}

static void make_copy_crc(struct cross *c, struct cross_job *job)
{
	const size_t len = some_length(c);
	struct cross_area src = cross_source(c, len, true), dst = cross_maybe_parts(c, len);
	const uint32_t crc = cross_chance(c, 2) ? (uint32_t)cross_random(c) : 0;

	wd_prep_copy_crc(&job->req, NULL, NULL, 0, crc);
	cross_use(&job->req.src, &src);
	cross_use(&job->req.dst, &dst);
	job->produced = len;
	cross_get(&src, 0, c->flat[0], len);
	cross_expect(&dst, 0, c->flat[0], len);
	job->result = cross_crc(&cross_crc32c, crc, c->flat[0], len);
}

/* Bytes @len of a pattern at @to. */
static uint64_t random_pattern(struct cross *c, unsigned char *to, size_t len)
{
	uint64_t pattern = cross_random(c);
	unsigned char eight[8];

	memcpy(eight, &pattern, 8);
	for (size_t i = 0; i < len; i++)
		to[i] = eight[i % 8];
	return pattern;
}

static void make_fill(struct cross *c, struct cross_job *job)
{
	const size_t len = some_length(c);
	struct cross_area dst = cross_maybe_parts(c, len);

	wd_prep_fill(&job->req, NULL, 0, random_pattern(c, c->flat[0], len));
	cross_use(&job->req.dst, &dst);
	job->produced = len;
	cross_expect(&dst, 0, c->flat[0], len);
}

/* Spoil @a, sometimes: from the first byte that differs on there may be more. */
static void differ(struct cross *c, struct cross_job *job, const struct cross_area *a)
{
	size_t at = cross_below(c, a->len), more = 1 + cross_below(c, 3);

	if (cross_chance(c, 3))
		return;
	job->ret = 1;
	job->result = at;
	for (; more-- && at < a->len; at += 1 + cross_below(c, a->len)) {
		unsigned char byte;

		cross_get(a, at, &byte, 1);
		byte ^= (unsigned char)(1U << cross_below(c, 8));
		cross_put(a, at, &byte, 1);
	}
}

static void make_compare(struct cross *c, struct cross_job *job)
{
	const size_t len = some_length(c);
	struct cross_area a = cross_source(c, len, true), b = cross_maybe_parts(c, len);

	wd_prep_compare(&job->req, NULL, NULL, 0);
	cross_use(&job->req.src, &a);
	cross_use(&job->req.dst, &b);
	cross_get(&a, 0, c->flat[0], len);
	cross_put(&b, 0, c->flat[0], len);
	differ(c, job, cross_chance(c, 2) ? &a : &b);
}

static void make_compare_fill(struct cross *c, struct cross_job *job)
{
	const size_t len = some_length(c);
	struct cross_area a = cross_maybe_parts(c, len);

	wd_prep_compare_fill(&job->req, NULL, 0, random_pattern(c, c->flat[0], len));
	cross_use(&job->req.src, &a);
	cross_put(&a, 0, c->flat[0], len);
	differ(c, job, &a);
}

static void make_move(struct cross *c, struct cross_job *job)
{
	static void (*const make[])(struct cross *c, struct cross_job *job) = {
		make_copy, make_dualcast, make_fill, make_compare, make_compare_fill,
	};

	make[cross_below(c, sizeof(make) / sizeof(*make))](c, job);
}

static void make_xor(struct cross *c, struct cross_job *job)
{
	unsigned int n = 1 + (unsigned int)cross_below(c, WD_XOR_SRCS);
	size_t len = some_length(c);
	unsigned char *sum = c->flat[0];
	struct cross_area src, dst;

	if (len > 4097)
		n = 1 + n % 4;
	memset(sum, 0, len);
	dst = cross_maybe_parts(c, len);
	for (unsigned int i = 0; i < n; i++) {
		src = cross_source(c, len, false);
		cross_get(&src, 0, c->flat[1], len);
		for (size_t j = 0; j < len; j++)
			sum[j] ^= c->flat[1][j];
		job->srcs[i] = cross_base(&src);
	}
	wd_prep_xor(&job->req, NULL, job->srcs, n, len);
	/* The destination is one of them, here the last, and any of them for the device. */
	if (cross_chance(c, 4)) {
		unsigned int i = (unsigned int)cross_below(c, n);

		dst = src;
		job->srcs[n - 1] = job->srcs[i];
		job->srcs[i] = cross_base(&src);
	}
	cross_use(&job->req.dst, &dst);
	cross_expect(&dst, 0, sum, len);
	job->produced = len;
}

static void put_number(unsigned char *to, uint32_t value, int bytes)
{
	while (bytes--) {
		to[bytes] = (unsigned char)value;
		value >>= 8;
	}
}

static uint32_t get_number(const unsigned char *from, int bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | *from++;
	return value;
}

static void put_tuple(const struct wd_dif *dif, unsigned char *t, const unsigned char *data,
		      size_t nr, uint16_t app, uint32_t ref)
{
	put_number(t, (uint32_t)cross_crc(&cross_crc_t10dif, 0, data, dif->block), 2);
	put_number(t + 2, app, 2);
	put_number(t + 4, ref + (dif->type == 3 ? 0 : (uint32_t)nr), 4);
}

/* What of tuple @t is not as it should be. */
static unsigned int wrong_of(const struct wd_dif *dif, const unsigned char *t,
			     const unsigned char *data, size_t nr)
{
	unsigned char want[TUPLE];
	unsigned int wrong = 0;

	put_tuple(dif, want, data, nr, dif->app_tag, dif->ref_tag);
	/* An application tag of ones says not to look; of type 3 only with the other. */
	if (get_number(t + 2, 2) == 0xffff &&
	    (dif->type != 3 || get_number(t + 4, 4) == 0xffffffff))
		return 0;
	if (memcmp(t, want, 2))
		wrong |= WD_DIF_CHECK_GUARD;
	if ((get_number(t + 2, 2) ^ dif->app_tag) & dif->app_mask)
		wrong |= WD_DIF_CHECK_APP;
	if (memcmp(t + 4, want + 4, 4))
		wrong |= WD_DIF_CHECK_REF;
	return wrong & dif->checks;
}

static struct wd_dif random_dif(struct cross *c)
{
	return (struct wd_dif){
		.type = 1 + (unsigned int)cross_below(c, 3),
		.checks = cross_chance(c, 2) ? 7 : (unsigned int)cross_below(c, 8),
		.block = cross_chance(c, 2) ? 512 : 4096,
		.app_tag = (uint16_t)cross_below(c, 0xffff),
		.app_mask = cross_chance(c, 2) ? 0xffff : (uint16_t)cross_random(c),
		/* Sometimes it wraps. */
		.ref_tag = cross_chance(c, 2) ? (uint32_t)cross_random(c) : 0xfffffffe,
		.new_app_tag = (uint16_t)cross_random(c),
		.new_ref_tag = (uint32_t)cross_random(c),
	};
}

/* A tuple that is right, or somewhat wrong, or not to be looked at. */
static void spoil(struct cross *c, unsigned char *t)
{
	switch (cross_below(c, 4)) {
	case 0:
		memset(t + 2, 0xff, cross_chance(c, 2) ? 2 : 6);
		break;
	default:
		for (size_t n = 1 + cross_below(c, 3); n; n--)
			t[cross_below(c, TUPLE)] ^= (unsigned char)(1U << cross_below(c, 8));
	}
}

/*
 * @blocks of data in c->flat[0], and their tuples in c->flat[1], of which some may be wrong.
 * Sets what is found of them; returns the number of blocks in front of that.
 */
static size_t protect(struct cross *c, struct cross_job *job, const struct wd_dif *dif,
		      size_t blocks)
{
	unsigned char *data = c->flat[0], *tuples = c->flat[1];
	size_t bad = cross_chance(c, 2) ? cross_below(c, blocks) : blocks, nr;

	cross_bytes(c, data, blocks * dif->block);
	for (nr = 0; nr < blocks; nr++) {
		unsigned char *t = tuples + nr * TUPLE;

		put_tuple(dif, t, data + nr * dif->block, nr, dif->app_tag, dif->ref_tag);
		if (nr == bad)
			spoil(c, t);
	}
	for (nr = 0; nr < blocks && !job->ret; nr++) {
		job->wrong = wrong_of(dif, tuples + nr * TUPLE, data + nr * dif->block, nr);
		if (!job->wrong)
			continue;
		job->ret = -EBADMSG;
		job->result = nr;
		return nr;
	}
	return blocks;
}

/* Data and tuples together, the latter new ones if wanted, in c->flat[2]. */
static void weave(struct cross *c, const struct wd_dif *dif, size_t blocks, bool fresh)
{
	const unsigned char *data = c->flat[0], *tuples = c->flat[1];
	unsigned char *to = c->flat[2];

	for (size_t nr = 0; nr < blocks; nr++) {
		memcpy(to, data, dif->block);
		to += dif->block;
		memcpy(to, tuples + nr * TUPLE, TUPLE);
		if (fresh)
			put_tuple(dif, to, data, nr, dif->new_app_tag, dif->new_ref_tag);
		to += TUPLE;
		data += dif->block;
	}
}

static size_t random_blocks(struct cross *c, const struct wd_dif *dif)
{
	const size_t len = cross_length(c);

	return 1 + (dif->block == 512 ? len / 512 : len / 2048) % (CROSS_MAX / dif->block);
}

static void make_dif(struct cross *c, struct cross_job *job)
{
	const enum wd_what what = WD_DIF_INSERT + (enum wd_what)cross_below(c, 4);
	struct wd_dif dif = random_dif(c);
	const size_t blocks = random_blocks(c, &dif), whole = dif.block + TUPLE;
	struct cross_area src, dst;
	size_t good, size = whole;

	if (what == WD_DIF_INSERT) {
		dif.new_app_tag = dif.app_tag;
		dif.new_ref_tag = dif.ref_tag;
		src = cross_source(c, blocks * dif.block, true);
		cross_get(&src, 0, c->flat[0], src.len);
		good = blocks;
	} else {
		src = cross_maybe_parts(c, blocks * whole);
		good = protect(c, job, &dif, blocks);
		weave(c, &dif, blocks, false);
		cross_put(&src, 0, c->flat[2], src.len);
	}
	wd_prep(&job->req, what, NULL, 0, NULL, 0);
	job->req.dif = dif;
	cross_use(&job->req.src, &src);
	if (what == WD_DIF_VERIFY)
		return;
	if (what == WD_DIF_STRIP) {
		size = dif.block;
		memcpy(c->flat[2], c->flat[0], blocks * size);
	} else {
		weave(c, &dif, blocks, true);
	}
	dst = src;
	if (what != WD_DIF_UPDATE || cross_chance(c, 2))
		dst = cross_maybe_parts(c, blocks * size);
	cross_use(&job->req.dst, &dst);
	job->produced = good * size;
	cross_expect(&dst, 0, c->flat[2], job->produced);
	job->unsure = dst;
	job->sure = job->produced;
}

static void make_dix(struct cross *c, struct cross_job *job)
{
	struct wd_dif dif = random_dif(c);
	const size_t blocks = random_blocks(c, &dif);
	struct cross_area src = cross_source(c, blocks * dif.block, true);
	struct cross_area meta = cross_maybe_parts(c, blocks * TUPLE);
	const bool verify = cross_chance(c, 2);

	wd_prep(&job->req, verify ? WD_DIX_VERIFY : WD_DIX_GENERATE, NULL, 0, NULL, 0);
	job->req.dif = dif;
	cross_use(&job->req.src, &src);
	cross_use(&job->req.meta, &meta);
	if (verify) {
		protect(c, job, &dif, blocks);
		cross_put(&src, 0, c->flat[0], src.len);
		cross_put(&meta, 0, c->flat[1], meta.len);
		return;
	}
	cross_get(&src, 0, c->flat[0], src.len);
	for (size_t nr = 0; nr < blocks; nr++)
		put_tuple(&dif, c->flat[1] + nr * TUPLE, c->flat[0] + nr * dif.block, nr,
			  dif.app_tag, dif.ref_tag);
	cross_expect(&meta, 0, c->flat[1], meta.len);
	job->produced = meta.len;
}

static const struct {
	const char *alg;
	void (*make)(struct cross *c, struct cross_job *job);
} algs[] = {
	{ "copy", make_move }, { "fill", make_move }, { "compare", make_move },
	{ "dualcast", make_move }, { "copy-crc32c", make_copy_crc }, { "xor", make_xor },
	{ "dif", make_dif }, { "dix", make_dix }, { "dif", make_dix }, { "dix", make_dif },
};

static bool open_dma(struct cross *c, struct cross_ctx *on)
{
	const size_t nr = cross_below(c, sizeof(algs) / sizeof(*algs));

	on->key_len = 0;
	MUST(cross_open(c, on, algs[nr].alg, 0));
	on->state = (void *)(uintptr_t)&algs[nr];
	return true;
}

static void make_dma(struct cross *c, struct cross_job *job)
{
	((const __typeof__(*algs) *)job->on->state)->make(c, job);
}

const struct cross_family cross_dma = {
	"DMA", open_dma, make_dma, NULL,
};
