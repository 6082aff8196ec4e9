// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random sequences, against executing each of their operations at once in memory of which everything is
 * there, scratch as well. WD_SEQ_COUNT: so many of them; WD_SEQ_SEED: from this one on.
 */
#include <stdlib.h>

#include "rounds.h"
#include "seq_util.h"
#include "tap.h"
#include "wd_cipher.h"
#include "wd_digest.h"
#include "wd_dma.h"
#include "wd_pack.h"

#define AREA	8192UL		/* bytes of each memory */
#define OPS	10
#define REGIONS	8
#define UNIT	512UL
#define SECTOR	(UNIT + 8)

/* The memories: of the process, of two domains, and scratch. */
enum { PROC_A, PROC_B, FAR, NEAR, MEMORIES };

/* Where an operand is, in the real run and in the model. */
struct where {
	struct wd_loc loc;
	uint8_t *model;
	unsigned int mem;	/* MEMORIES and more: a region of scratch */
	size_t off;
	size_t len;
};

/**
 * struct fuzz - one sequence
 * @seed:    of what comes next
 * @seq:     it
 * @real:    memories
 * @model:   the same, where each operation ran at once
 * @scratch: the model's scratch
 * @region:  as the sequence knows it
 * @crc:     of each CRC operation
 * @want:    the model's
 */
struct fuzz {
	uint32_t seed;
	struct wd_seq *seq;
	uint8_t real[MEMORIES][AREA];
	uint8_t model[MEMORIES][AREA];
	uint8_t scratch[REGIONS][AREA];
	struct wd_loc region[REGIONS];
	unsigned int regions;
	struct where last;
	uint32_t crc[OPS];
	uint32_t want[OPS];
	unsigned int crcs;
};

static struct wd_seq_ctx *sc;
static const struct wd_seq_platform *own;
static struct wd_alg_ctx ctr, crc_ctx, dma_ctx, dif_ctx, xor_ctx;
static struct wd_alg_ctx zip[2];	/* of the channel, and not */
static struct wd_alg_ctx soft_ctr;	/* of another channel: it runs at once */
static struct wd_domain *far_domain, *near_domain;
static struct far far, near;

static unsigned int below(struct fuzz *f, unsigned int n)
{
	return next_random(&f->seed) % n;
}

static struct where place(struct fuzz *f, unsigned int mem, size_t off, size_t len)
{
	struct where w = { .mem = mem, .off = off, .len = len };

	if (mem >= MEMORIES) {
		w.model = f->scratch[mem - MEMORIES] + off;
		w.loc = f->region[mem - MEMORIES];
		w.loc.op.base = (uint8_t *)w.loc.op.base + off;
		w.loc.op.len = len;
		return w;
	}
	w.model = f->model[mem] + off;
	if (mem == FAR)
		w.loc = wd_loc_in(far_domain, FAR_BASE + off, len);
	else if (mem == NEAR)
		w.loc = wd_loc_in(near_domain, FAR_BASE + off, len);
	else
		w.loc = wd_loc(f->real[mem] + off, len);
	return w;
}

static bool overlap(const struct where *a, const struct where *b)
{
	return a->mem == b->mem && a->off < b->off + b->len && b->off < a->off + a->len;
}

static bool same_place(const struct where *a, const struct where *b)
{
	return a->mem == b->mem && a->off == b->off && a->len == b->len;
}

/* Mostly what the operation before left. */
static struct where source(struct fuzz *f, size_t len)
{
	unsigned int mem = below(f, MEMORIES + f->regions);
	size_t room = mem < MEMORIES ? AREA : f->region[mem - MEMORIES].op.len;

	if (f->last.len && below(f, 4) && f->last.len >= len)
		return place(f, f->last.mem, f->last.off, len);
	if (room < len)
		return place(f, below(f, MEMORIES), below(f, (unsigned int)(AREA - len) + 1), len);
	return place(f, mem, below(f, (unsigned int)(room - len) + 1), len);
}

/* Mostly new scratch memory. */
static struct where destination(struct fuzz *f, size_t len)
{
	unsigned int mem;

	if (below(f, 5) < 3 && f->regions < REGIONS) {
		if (wd_seq_scratch(f->seq, len, &f->region[f->regions]))
			exit(EXIT_FAILURE);
		return place(f, MEMORIES + f->regions++, 0, len);
	}
	if (f->last.len == len && !below(f, 6))
		return f->last;
	mem = below(f, MEMORIES);
	return place(f, mem, below(f, (unsigned int)(AREA - len) + 1), len);
}

/* Of an operation whose operands may not overlap, or only be the same. */
static bool pair(struct fuzz *f, struct where *src, size_t src_len, struct where *dst,
		 size_t dst_len, bool in_place)
{
	for (int tries = 0; tries < 20; tries++) {
		*src = source(f, src_len);
		*dst = destination(f, dst_len);
		if (!overlap(src, dst) || (in_place && same_place(src, dst)))
			return true;
	}
	return false;
}

static int model_run(struct wd_alg_ctx *ctx, struct wd_request *req)
{
	return wd_alg_run(ctx, req);
}

static size_t length(struct fuzz *f)
{
	static const size_t usual[] = { 512, 1024, 4096, 520, 1040, 1, 16, 100 };

	return usual[below(f, sizeof(usual) / sizeof(*usual))];
}

/* Each: append it, and run it at once in the model. False: it was not appended. */

static bool do_copy(struct fuzz *f)
{
	size_t len = f->last.len && below(f, 3) ? f->last.len : length(f);
	struct wd_request req;
	struct where src, dst;

	if (!pair(f, &src, len, &dst, len, false) || wd_seq_copy(f->seq, &dst.loc, &src.loc))
		return false;
	wd_prep_copy(&req, dst.model, src.model, len);
	f->last = dst;
	return !model_run(&dma_ctx, &req);
}

static bool do_fill(struct fuzz *f)
{
	struct where dst = destination(f, length(f));
	uint64_t pattern = next_random(&f->seed);
	struct wd_request req;

	if (wd_seq_fill(f->seq, &dst.loc, pattern))
		return false;
	wd_prep_fill(&req, dst.model, dst.len, pattern);
	f->last = dst;
	return !model_run(&dma_ctx, &req);
}

static bool do_cipher(struct fuzz *f)
{
	size_t len = f->last.len && below(f, 3) ? f->last.len : length(f);
	struct wd_alg_ctx *ctx = below(f, 3) ? &ctr : &soft_ctr;
	bool encrypt = below(f, 2);
	struct wd_request req;
	struct where src, dst;
	uint8_t iv[16] = { 0 };

	iv[0] = (uint8_t)next_random(&f->seed);
	if (!pair(f, &src, len, &dst, len, true))
		return false;
	if (encrypt ? wd_seq_encrypt(f->seq, ctx, &dst.loc, &src.loc, iv, 0) :
		      wd_seq_decrypt(f->seq, ctx, &dst.loc, &src.loc, iv, 0))
		return false;
	if (encrypt)
		wd_prep_encrypt(&req, src.model, dst.model, len, iv);
	else
		wd_prep_decrypt(&req, src.model, dst.model, len, iv);
	f->last = dst;
	return !model_run(&soft_ctr, &req);
}

static bool do_crc(struct fuzz *f)
{
	struct where src = source(f, f->last.len && below(f, 2) ? f->last.len : length(f));
	struct wd_request req;
	unsigned int n = f->crcs;

	if (wd_seq_crc32c(f->seq, &src.loc, &f->crc[n]))
		return false;
	wd_prep_digest(&req, src.model, src.len, NULL, 0);
	if (model_run(&crc_ctx, &req))
		return false;
	f->want[n] = (uint32_t)req.result;
	f->crcs++;
	return true;
}

static bool do_dif(struct fuzz *f)
{
	const struct wd_dif dif = {
		.type = 1 + below(f, 3), .block = UNIT, .app_tag = (uint16_t)below(f, 9999),
		.ref_tag = next_random(&f->seed),
	};
	bool strip = f->last.len && !(f->last.len % SECTOR) && below(f, 3);
	size_t blocks = strip ? f->last.len / SECTOR : f->last.len && !(f->last.len % UNIT) ?
			f->last.len / UNIT : 1 + below(f, 6);
	struct wd_request req;
	struct where src, dst;

	if (strip) {
		if (!pair(f, &src, blocks * SECTOR, &dst, blocks * UNIT, false) ||
		    wd_seq_dif_strip(f->seq, &dst.loc, &src.loc, &dif))
			return false;
		wd_prep_dif_strip(&req, dst.model, src.model, blocks, &dif);
	} else {
		if (blocks * SECTOR > AREA ||
		    !pair(f, &src, blocks * UNIT, &dst, blocks * SECTOR, false) ||
		    wd_seq_dif_insert(f->seq, &dst.loc, &src.loc, &dif))
			return false;
		wd_prep_dif_insert(&req, dst.model, src.model, blocks, &dif);
	}
	f->last = dst;
	return !model_run(&dif_ctx, &req);
}

static bool do_xor(struct fuzz *f)
{
	size_t len = f->last.len && below(f, 2) ? f->last.len : length(f);
	unsigned int n = 1 + below(f, 4);
	struct where src[4], dst;
	struct wd_loc locs[4];
	struct wd_request req;
	void *ptrs[4];

	if (!pair(f, &src[0], len, &dst, len, true))
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			src[i] = source(f, len);
		if (overlap(&src[i], &dst) && !same_place(&src[i], &dst))
			return false;
		locs[i] = src[i].loc;
		ptrs[i] = src[i].model;
	}
	if (wd_seq_xor(f->seq, &dst.loc, locs, n))
		return false;
	wd_prep_xor(&req, dst.model, ptrs, n, len);
	f->last = dst;
	return !model_run(&xor_ctx, &req);
}

/*
 * A copy, by way of streams of which nobody knows the length before: there, perhaps into a cipher
 * and out of it again, and back.
 */
static bool do_pack(struct fuzz *f)
{
	size_t len = f->last.len && below(f, 3) ? f->last.len : length(f);
	struct wd_alg_ctx *to = &zip[below(f, 2)], *from = &zip[below(f, 2)];
	struct wd_alg_ctx *ctx = below(f, 3) ? &ctr : &soft_ctr;
	struct wd_loc packed, sealed, opened;
	struct wd_request req;
	struct where src, dst;
	uint8_t iv[16] = { 0 };

	if (!pair(f, &src, len, &dst, len, false) ||
	    wd_seq_scratch(f->seq, len + 100, &packed) || wd_seq_scratch(f->seq, len + 100, &sealed) ||
	    wd_seq_scratch(f->seq, len + 100, &opened))
		return false;
	if (wd_seq_compress(f->seq, to, &packed, &src.loc, (int)below(f, 10), NULL))
		return false;
	if (below(f, 2)) {
		if (wd_seq_encrypt(f->seq, ctx, &sealed, &packed, iv, 0) ||
		    wd_seq_decrypt(f->seq, ctx, &opened, &sealed, iv, 0))
			exit(EXIT_FAILURE);
		packed = opened;
	}
	if (wd_seq_decompress(f->seq, from, &dst.loc, &packed, NULL))
		exit(EXIT_FAILURE);
	wd_prep_copy(&req, dst.model, src.model, len);
	f->last = dst;
	return !model_run(&dma_ctx, &req);
}

static void done(void *arg, int ret)
{
	int *result = arg;

	*result = ret;
}

/* Transfers of the slow domain end when nobody expects it. */
static int run(struct fuzz *f)
{
	int result = 1, ret;

	if (!far.slow)
		return wd_seq_run(f->seq);
	ret = wd_seq_finish(f->seq, done, &result);
	if (ret)
		return ret;
	while (result == 1) {
		if (far_end(&far, 0))
			continue;
		wd_seq_poll(sc, 1);
	}
	return result;
}

static bool check(struct fuzz *f, const struct wd_seq_stats *stats)
{
	for (unsigned int i = 0; i < MEMORIES; i++)
		REQUIRE(!memcmp(i == FAR ? far.mem : i == NEAR ? near.mem : f->real[i],
				f->model[i], AREA));
	for (unsigned int i = 0; i < f->crcs; i++)
		REQUIRE(f->crc[i] == f->want[i]);
	REQUIRE(stats->ran + stats->elided == stats->appended);
	REQUIRE(stats->submissions + stats->fused == stats->ran);
	return true;
}

static unsigned long elided, fused, nothing;

static bool one_sequence(struct fuzz *f, uint32_t seed)
{
	static bool (*const ops[])(struct fuzz *) = {
		do_copy, do_copy, do_copy, do_fill, do_cipher, do_cipher, do_crc, do_dif, do_xor,
		do_pack,
	};
	struct wd_seq_stats stats;
	unsigned int n, platform;
	int ret;

	f->seed = seed;
	f->regions = f->crcs = 0;
	f->last.len = 0;
	for (unsigned int i = 0; i < MEMORIES; i++)
		for (size_t k = 0; k < AREA; k += 4)
			memcpy(&f->model[i][k], &(uint32_t){ next_random(&f->seed) }, 4);
	memcpy(f->real, f->model, sizeof(f->real));
	memcpy(far.mem, f->model[FAR], AREA);
	memcpy(near.mem, f->model[NEAR], AREA);
	far.slow = !below(f, 4);
	platform = below(f, 3);
	wd_seq_ctx_set_platform(sc, !platform ? NULL : platform == 1 ? &patient : own);
	REQUIRE(!wd_seq_new(sc, &f->seq));
	n = 1 + below(f, OPS);
	while (n--)
		ops[below(f, sizeof(ops) / sizeof(*ops))](f);
	ret = run(f);
	wd_seq_get_stats(f->seq, &stats);
	wd_seq_free(f->seq);
	if ((ret == -EINVAL && !stats.appended) || ret == -ENODATA) {
		nothing++;
		return true;
	}
	REQUIRE(!ret);
	elided += stats.elided;
	fused += stats.fused;
	return check(f, &stats);
}

static bool open_all(void)
{
	static const uint8_t key[32] = "thirty-two bytes for a key .....";
	struct wd_chan *ch;

	REQUIRE(!wd_seq_ctx_create(NULL, &sc));
	own = wd_seq_ctx_platform(sc);
	ch = wd_seq_ctx_channel(sc);
	ctr = (struct wd_alg_ctx){ .alg = "ctr(aes)", .ch = ch };
	soft_ctr = (struct wd_alg_ctx){ .alg = "ctr(aes)", .flags = WD_ALG_F_SOFTWARE };
	crc_ctx = (struct wd_alg_ctx){ .alg = "crc32c", .flags = WD_ALG_F_SOFTWARE };
	dma_ctx = (struct wd_alg_ctx){ .alg = "copy", .flags = WD_ALG_F_SOFTWARE };
	dif_ctx = (struct wd_alg_ctx){ .alg = "dif", .flags = WD_ALG_F_SOFTWARE };
	xor_ctx = (struct wd_alg_ctx){ .alg = "xor", .flags = WD_ALG_F_SOFTWARE };
	REQUIRE(!wd_alg_init(&ctr) && !wd_alg_init(&soft_ctr) && !wd_alg_init(&crc_ctx) &&
		!wd_alg_init(&dma_ctx) && !wd_alg_init(&dif_ctx) && !wd_alg_init(&xor_ctx));
	zip[0] = (struct wd_alg_ctx){ .alg = "gzip", .ch = ch };
	zip[1] = (struct wd_alg_ctx){ .alg = "gzip", .flags = WD_ALG_F_SOFTWARE };
	REQUIRE(!wd_alg_init(&zip[0]) && !wd_alg_init(&zip[1]));
	REQUIRE(!wd_alg_set_key(&ctr, key, 32) && !wd_alg_set_key(&soft_ctr, key, 32));
	far = (struct far){ .mem = malloc(AREA), .len = AREA };
	near = (struct far){ .mem = malloc(AREA), .len = AREA, .open = true };
	REQUIRE(far.mem && near.mem);
	REQUIRE(!wd_domain_create("far", &far_ops, &far, &far_domain));
	REQUIRE(!wd_domain_create("near", &far_ops, &near, &near_domain));
	return true;
}

static void close_all(void)
{
	wd_alg_exit(&ctr);
	wd_alg_exit(&zip[0]);
	wd_alg_exit(&zip[1]);
	wd_alg_exit(&soft_ctr);
	wd_alg_exit(&crc_ctx);
	wd_alg_exit(&dma_ctx);
	wd_alg_exit(&dif_ctx);
	wd_alg_exit(&xor_ctx);
	wd_seq_ctx_destroy(sc);
	wd_domain_destroy(far_domain);
	wd_domain_destroy(near_domain);
	free(far.mem);
	free(near.mem);
}

static void as_if_each_ran_at_once(void)
{
	const char *count = getenv("WD_SEQ_COUNT"), *seed = getenv("WD_SEQ_SEED");
	unsigned int n = count ? (unsigned int)atoi(count) : 100000;
	uint32_t first = seed ? (uint32_t)strtoul(seed, NULL, 0) : 1;
	struct fuzz *f = calloc(1, sizeof(*f));

	CHECK(f && open_all());
	for (unsigned int i = 0; i < n; i++) {
		if (!one_sequence(f, first + i)) {
			printf("# WD_SEQ_SEED=%u WD_SEQ_COUNT=1\n", first + i);
			tap_failed = true;
			break;
		}
	}
	printf("# %u sequences, %lu of them nothing; %lu copies elided, %lu operations fused\n",
	       n, nothing, elided, fused);
	CHECK(tap_failed || n < 1000 || (elided > n / 20 && fused > n / 20 && nothing < n / 2));
	close_all();
	free(f);
}

static const struct tap_test tests[] = {
	TEST(as_if_each_ran_at_once),
};

TAP_MAIN(tests)
