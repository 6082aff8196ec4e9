// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Digests where something is wrong, in every mode: requests that are refused, ids whose
 * stream is another or none, keys that go, memory that is not there.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "digest_work.h"

#define PAGE	4096UL
#define HMAC	WD_DIGEST_HMAC

FIXTURE(digest_bad) {
	struct set set;
	const struct ref_alg *sha;
	const struct ref_alg *crc;
};

FIXTURE_VARIANT(digest_bad) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(digest_bad, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(digest_bad, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(digest_bad, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(digest_bad)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, set_up(&self->set, 1));
	self->sha = ref_alg(WD_ALG_NR_SHA256);
	self->crc = ref_alg(WD_ALG_NR_CRC64);
}

FIXTURE_TEARDOWN(digest_bad)
{
	EXPECT_EQ(0, raw_mem_work(&self->set.c, &self->set.m, 1));
	tear_down(&self->set);
}

/* ------------------------------------------------------- what is refused */

static void refused(struct __test_metadata *_metadata, struct set *s, struct wd_desc d, int status)
{
	struct wd_cqe cqe;

	ASSERT_EQ(status, do_desc(s, &d, &cqe))
		TH_LOG("op %#x stream %u key %u dst_len %u", d.op, d.stream, d.key, d.dst_len);
	EXPECT_EQ(0, cqe.consumed | cqe.produced);
	EXPECT_EQ(0, cqe.info);
	EXPECT_EQ(0, cqe.aux);
	/* A ring of nothing but those stops the channel. */
	ASSERT_EQ(0, raw_nop(&s->c));
}

/* One field of a good request at a time. */
#define REFUSED(good, status, ...) do {					\
	struct wd_desc d = good;					\
									\
	__VA_ARGS__;							\
	refused(_metadata, s, d, status);				\
} while (0)

TEST_F(digest_bad, requests)
{
	struct set *s = &self->set;
	const struct wd_desc hash = request(s, self->sha, WHOLE, 0, s->src, 1000),
			     part = request(s, self->sha, NEW, 3, s->src, 1000),
			     crc = request(s, self->crc, WHOLE, 0, s->src, 1000);
	const uint32_t max_len = s->c.layout.max_len;
	struct wd_cqe cqe;

	for (int bit = 11; bit < 32; bit++)
		REFUSED(hash, WD_ST_BAD_OP, d.op |= 1U << bit);
	for (int nr = 0; nr < 256; nr++)
		if (nr < WD_ALG_NR_SHA1 || nr > WD_ALG_NR_CRC64_NVME || !is_there(s, nr))
			REFUSED(part, WD_ST_BAD_OP, d.op = nr | NEW);
	REFUSED(crc, WD_ST_BAD_OP, d.op |= HMAC);
	REFUSED(part, WD_ST_BAD_OP, d.op = self->sha->nr | HMAC);
	REFUSED(hash, WD_ST_BAD_OP, d.op = self->sha->nr | FINAL | HMAC);

	REFUSED(hash, WD_ST_BAD_FLAGS, d.flags = 8);
	REFUSED(hash, WD_ST_BAD_FLAGS, d.param = 16);
	REFUSED(hash, WD_ST_BAD_FLAGS, d.src_dom = 1);
	REFUSED(hash, WD_ST_BAD_FLAGS, d.key = 1);
	REFUSED(part, WD_ST_BAD_FLAGS, d.dst = hash.dst);
	REFUSED(crc, WD_ST_BAD_FLAGS, d.dst = hash.dst);
	REFUSED(crc, WD_ST_BAD_FLAGS, d.flags = WD_DESC_DST_SGL);

	for (uint32_t room = 0; room < self->sha->len; room++)
		REFUSED(hash, WD_ST_BAD_LENGTH, d.dst_len = room);
	REFUSED(part, WD_ST_BAD_LENGTH, d.dst_len = 1);
	REFUSED(crc, WD_ST_BAD_LENGTH, d.dst_len = 8);
	REFUSED(hash, WD_ST_BAD_LENGTH, d.src_len = max_len + 1);
	REFUSED(hash, WD_ST_BAD_LENGTH, d.dst_len = max_len + 1);

	REFUSED(hash, WD_ST_BAD_STREAM, d.stream = 1);
	REFUSED(part, WD_ST_BAD_STREAM, d.stream = s->c.layout.streams);
	REFUSED(part, WD_ST_BAD_STREAM, d.stream = 0x80000000);
	REFUSED(hash, WD_ST_BAD_SGL, d.flags = WD_DESC_SRC_SGL; d.src |= 8);

	REFUSED(hash, WD_ST_BAD_KEY, d.op |= HMAC);
	REFUSED(hash, WD_ST_BAD_KEY, d.op |= HMAC; d.key = s->c.layout.keys);

	/* After all that they are good. */
	ASSERT_EQ(WD_ST_OK, do_desc(s, &crc, &cqe));
	EXPECT_TRUE(is_plain(s, self->crc, s->src, 1000, &cqe));
	ASSERT_EQ(WD_ST_OK, do_desc(s, &hash, &cqe));
	EXPECT_TRUE(is_plain(s, self->sha, s->src, 1000, &cqe));
}

/* ------------------------------------------------------------- stream ids */

TEST_F(digest_bad, no_such_stream)
{
	struct set *s = &self->set;
	const struct ref_alg *sha = self->sha, *other = ref_alg(WD_ALG_NR_SHA512);
	struct wd_cqe cqe;

	for (uint32_t id = 0; id < s->c.layout.streams; id++) {
		refused(_metadata, s, request(s, sha, 0, id, s->src, 10), WD_ST_BAD_STREAM);
		refused(_metadata, s, request(s, sha, FINAL, id, s->src, 10), WD_ST_BAD_STREAM);
	}
	/* Of another algorithm; the stream does not mind. */
	ASSERT_EQ(WD_ST_OK, do_request(s, sha, NEW, 5, s->src, 10, &cqe));
	refused(_metadata, s, request(s, other, 0, 5, s->src, 10), WD_ST_BAD_STREAM);
	refused(_metadata, s, request(s, other, FINAL, 5, s->src, 10), WD_ST_BAD_STREAM);
	refused(_metadata, s, request(s, self->crc, FINAL, 5, s->src, 10), WD_ST_BAD_STREAM);
	ASSERT_EQ(WD_ST_OK, do_request(s, sha, FINAL, 5, s->src + 10, 10, &cqe));
	EXPECT_TRUE(is_plain(s, sha, s->src, 20, &cqe));
	/* Ended, closed, begun anew. */
	refused(_metadata, s, request(s, sha, FINAL, 5, s->src, 10), WD_ST_BAD_STREAM);
	ASSERT_EQ(WD_ST_OK, do_request(s, sha, NEW, 5, s->src, 10, &cqe));
	ASSERT_EQ(WD_ST_OK, do_id(s, WD_OP_STREAM_CLOSE, 5, 0));
	refused(_metadata, s, request(s, sha, FINAL, 5, s->src, 10), WD_ST_BAD_STREAM);
	ASSERT_EQ(WD_ST_OK, do_request(s, sha, NEW, 5, s->src, 10, &cqe));
	ASSERT_EQ(WD_ST_OK, do_request(s, self->crc, NEW, 5, s->src, 10, &cqe));
	refused(_metadata, s, request(s, sha, FINAL, 5, s->src, 10), WD_ST_BAD_STREAM);
	ASSERT_EQ(WD_ST_OK, do_request(s, self->crc, FINAL, 5, s->src + 10, 10, &cqe));
	EXPECT_TRUE(is_plain(s, self->crc, s->src, 20, &cqe));
}

/* A deflate stream that goes on, or begins. */
static struct wd_desc deflating(const struct set *s, uint32_t id, bool new)
{
	struct wd_desc d = raw_mem_deflate(&s->m, WD_COMP_RAW, 6, s->src, 1000, s->flat, LEN);

	d.op = (d.op & ~(3U << WD_COMP_FLUSH_SHIFT) & ~WD_COMP_NEW) | (new ? WD_COMP_NEW : 0);
	d.stream = id;
	return d;
}

TEST_F(digest_bad, ids_shared_with_deflate)
{
	struct set *s = &self->set;
	const struct wd_desc begin = deflating(s, 2, true), more = deflating(s, 2, false);
	struct wd_cqe cqe;

	/* More often than there is room for streams: none is left behind. */
	for (int i = 0; i < 300; i++) {
		ASSERT_EQ(WD_ST_OK, do_desc(s, &begin, &cqe));
		ASSERT_EQ(WD_ST_OK, do_desc(s, &more, &cqe));
		refused(_metadata, s, request(s, self->sha, 0, 2, s->src, 10), WD_ST_BAD_STREAM);
		ASSERT_EQ(WD_ST_OK, do_desc(s, &more, &cqe));
		ASSERT_EQ(WD_ST_OK, do_request(s, self->sha, NEW, 2, s->src, 100, &cqe));
		refused(_metadata, s, more, WD_ST_BAD_STREAM);
		ASSERT_EQ(WD_ST_OK, do_request(s, self->sha, i & 1 ? FINAL : 0, 2, s->src + 100, 100,
					       &cqe));
		if (i & 1)
			EXPECT_TRUE(is_plain(s, self->sha, s->src, 200, &cqe));
	}
	ASSERT_EQ(WD_ST_OK, do_request(s, self->sha, NEW, 2, s->src, 100, &cqe));
	ASSERT_EQ(WD_ST_OK, do_desc(s, &begin, &cqe));
	refused(_metadata, s, request(s, self->sha, FINAL, 2, s->src, 10), WD_ST_BAD_STREAM);
	/* What needs no stream takes none. */
	ASSERT_EQ(WD_ST_OK, do_request(s, self->sha, WHOLE, 0, s->src, 10, &cqe));
	ASSERT_EQ(WD_ST_OK, do_desc(s, &more, &cqe));
	ASSERT_EQ(WD_ST_OK, do_id(s, WD_OP_STREAM_CLOSE, 2, 0));
	refused(_metadata, s, more, WD_ST_BAD_STREAM);
}

/* ------------------------------------------------------------------- keys */

static struct wd_desc with_key(const struct set *s, const struct ref_alg *a, uint32_t op,
			       uint32_t stream, uint32_t len, uint32_t key)
{
	struct wd_desc d = request(s, a, op | HMAC, stream, s->src, len);

	d.key = key;
	return d;
}

TEST_F(digest_bad, keys)
{
	static const size_t lengths[] = { 0, 1, 63, 64, 65, 128, 129, WD_KEY_MAX_LEN };
	struct set *s = &self->set;
	const struct ref_alg *sha = self->sha;
	struct wd_desc d = with_key(s, sha, WHOLE, 0, 1000, 7);
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ(WD_ST_OK, do_key(s, sha, 7, s->key, lengths[i]));
		ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
		EXPECT_TRUE(is_digest(s, sha, s->key, lengths[i], s->src, 1000, &cqe));
	}
	/* Another algorithm's, and none. */
	refused(_metadata, s, with_key(s, ref_alg(WD_ALG_NR_SHA1), WHOLE, 0, 9, 7), WD_ST_BAD_KEY);
	refused(_metadata, s, with_key(s, sha, WHOLE, 0, 9, 8), WD_ST_BAD_KEY);
	ASSERT_EQ(WD_ST_OK, do_id(s, WD_OP_KEY_DROP, 0, 7));
	refused(_metadata, s, d, WD_ST_BAD_KEY);
	/* What was begun on the id before goes on. */
	ASSERT_EQ(WD_ST_OK, do_request(s, sha, NEW, 4, s->src, 10, &cqe));
	refused(_metadata, s, with_key(s, sha, NEW, 4, 9, 7), WD_ST_BAD_KEY);
	ASSERT_EQ(WD_ST_OK, do_request(s, sha, FINAL, 4, s->src + 10, 10, &cqe));
	EXPECT_TRUE(is_plain(s, sha, s->src, 20, &cqe));
}

/* A stream keeps the key that it began with. */
TEST_F(digest_bad, key_goes_under_a_stream)
{
	struct set *s = &self->set;
	const struct ref_alg *sha = self->sha;
	struct wd_desc d;
	struct wd_cqe cqe;

	for (uint32_t id = 0; id < 3; id++) {
		ASSERT_EQ(WD_ST_OK, do_key(s, sha, 1, s->key + id, 80));
		d = with_key(s, sha, NEW, id, 100, 1);
		ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
	}
	ASSERT_EQ(WD_ST_OK, do_id(s, WD_OP_KEY_DROP, 0, 1));
	for (uint32_t id = 0; id < 3; id++) {
		ASSERT_EQ(WD_ST_OK, do_request(s, sha, 0, id, s->src + 100, 100, &cqe));
		ASSERT_EQ(WD_ST_OK, do_request(s, sha, FINAL, id, s->src + 200, 100, &cqe));
		EXPECT_TRUE(is_digest(s, sha, s->key + id, 80, s->src, 300, &cqe));
	}
	/* Left behind for the end of the channel. */
	ASSERT_EQ(WD_ST_OK, do_key(s, sha, 1, s->key, 80));
	for (uint32_t id = 0; id < s->c.layout.streams; id++) {
		d = with_key(s, sha, NEW, id, 100, 1);
		ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
	}
}

/* ----------------------------------------------------------------- memory */

static uint64_t hole(const char *mode)
{
	uint8_t *p = raw_memory(PAGE);

	munmap(p, PAGE);
	return strcmp(mode, "sva") ? 1UL << 36 : (uintptr_t)p;
}

/* Half of the source is nowhere: the stream goes on from there. */
TEST_F(digest_bad, source_ends_early)
{
	struct set *s = &self->set;
	uint64_t addr = hole(variant->mode);

	if (!strcmp(variant->mode, "noiommu"))
		SKIP(return, "every address is good");
	for (unsigned int i = 0; i < REF_ALGS; i++) {
		static const uint32_t good[] = { 0, 1, 5000, 16384, 40001 };
		const struct ref_alg *a = &ref_algs[i];

		for (unsigned int k = 0; k < ARRAY_SIZE(good) && is_there(s, a->nr); k++) {
			struct wd_desc d = request(s, a, FINAL, 6, s->list, good[k] + 1000);
			uint32_t n = 0;
			struct wd_cqe cqe;

			if (good[k])
				s->list[n++] = (struct wd_sge) { raw_dma(&s->m, s->src + 77), good[k], 0 };
			s->list[n] = (struct wd_sge) { addr, 1000, 0 };
			d.flags = WD_DESC_SRC_SGL;
			ASSERT_EQ(WD_ST_OK, do_request(s, a, NEW, 6, s->src, 77, &cqe));
			ASSERT_EQ(WD_ST_FAULT_UNMAPPED, do_desc(s, &d, &cqe));
			EXPECT_EQ(good[k], cqe.consumed);
			EXPECT_EQ(0, cqe.produced);
			EXPECT_EQ(addr, cqe.info);
			EXPECT_EQ(0, cqe.aux);
			ASSERT_EQ(WD_ST_OK, do_request(s, a, FINAL, 6, s->src + 77 + good[k], 500, &cqe));
			EXPECT_TRUE(is_plain(s, a, s->src, 577 + good[k], &cqe));
			/* Without a stream that was all. */
			d.op |= NEW;
			d.stream = 0;
			ASSERT_EQ(WD_ST_FAULT_UNMAPPED, do_desc(s, &d, &cqe));
			EXPECT_EQ(good[k], cqe.consumed);
		}
	}
}

/* The result has nowhere to go, or not all of it: it waits for a place. */
TEST_F(digest_bad, destination_ends_early)
{
	struct set *s = &self->set;
	uint64_t addr = hole(variant->mode);
	const struct ref_alg *a = self->sha;
	struct wd_cqe cqe;

	if (!strcmp(variant->mode, "noiommu"))
		SKIP(return, "every address is good");
	for (uint32_t good = 0; good < a->len; good += 5) {
		struct wd_desc d = request(s, a, FINAL, 6, s->src + 100, 400);

		memset(s->out, 0x5a, REF_MAX);
		s->list[0] = (struct wd_sge) { raw_dma(&s->m, s->out), good, 0 };
		s->list[good > 0] = (struct wd_sge) { addr, 64, 0 };
		d.flags = WD_DESC_DST_SGL;
		d.dst = raw_dma(&s->m, s->list);
		ASSERT_EQ(WD_ST_OK, do_request(s, a, NEW, 6, s->src, 100, &cqe));
		ASSERT_EQ(WD_ST_FAULT_UNMAPPED, do_desc(s, &d, &cqe));
		EXPECT_EQ(400, cqe.consumed);
		EXPECT_EQ(good, cqe.produced);
		EXPECT_EQ(addr, cqe.info);
		EXPECT_EQ(WD_CQE_FAULT_DST, cqe.aux);
		EXPECT_EQ(0x5a, s->out[good]);
		/* It has its last byte. */
		refused(_metadata, s, request(s, a, 0, 6, s->src, 10), WD_ST_BAD_STREAM);
		refused(_metadata, s, request(s, a, FINAL, 6, s->src, 1), WD_ST_BAD_STREAM);
		ASSERT_EQ(WD_ST_OK, do_request(s, a, FINAL, 6, s->src, 0, &cqe));
		EXPECT_TRUE(is_plain(s, a, s->src, 500, &cqe));
		refused(_metadata, s, request(s, a, FINAL, 6, s->src, 0), WD_ST_BAD_STREAM);
	}
}

/* Pages that come when they are asked for, and such as may not be written. */
TEST_F(digest_bad, pages)
{
	struct set *s = &self->set;
	uint8_t *src, *dst, want[REF_MAX];
	struct wd_desc d;
	struct wd_cqe cqe;

	if (strcmp(variant->mode, "sva"))
		SKIP(return, "no page requests");
	src = raw_memory(LEN);
	for (unsigned int i = 0; i < REF_ALGS; i++) {
		const struct ref_alg *a = &ref_algs[i];

		if (!is_there(s, a->nr))
			continue;
		/* Nobody has touched them; the result lies over the end of a page. */
		ASSERT_EQ(0, madvise(src, LEN, MADV_DONTNEED));
		src[LEN / 2] = 1;
		dst = raw_memory(2 * PAGE);
		d = request(s, a, WHOLE, 0, s->src, LEN);
		d.src = (uintptr_t)src;
		d.dst = a->len ? (uintptr_t)dst + PAGE - 9 : 0;
		ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
		EXPECT_EQ(LEN, cqe.consumed);
		EXPECT_EQ(a->len, cqe.produced);
		if (!a->len) {
			EXPECT_EQ(ref_crc(a, src, LEN), cqe.info);
			continue;
		}
		ref_hash(a, NULL, 0, src, LEN, want);
		EXPECT_EQ(0, memcmp(want, dst + PAGE - 9, a->len));

		/* The second page is there, but not to be written. */
		mprotect(dst + PAGE, PAGE, PROT_READ);
		d.src_len = 9;
		ASSERT_EQ(WD_ST_FAULT_PERM, do_desc(s, &d, &cqe));
		EXPECT_EQ(9, cqe.consumed);
		EXPECT_EQ(9, cqe.produced);
		EXPECT_EQ((uintptr_t)dst + PAGE, cqe.info);
		EXPECT_EQ(WD_CQE_FAULT_DST, cqe.aux);
		munmap(dst, 2 * PAGE);
	}
	mprotect(src + LEN / 2, PAGE, PROT_NONE);
	d = request(s, self->crc, WHOLE, 0, s->src, LEN);
	d.src = (uintptr_t)src;
	ASSERT_EQ(WD_ST_FAULT_PERM, do_desc(s, &d, &cqe));
	EXPECT_EQ(LEN / 2, cqe.consumed);
	EXPECT_EQ(0, cqe.aux);
	munmap(src, LEN);
}

/* The result over the source, which was read. */
TEST_F(digest_bad, in_place)
{
	struct set *s = &self->set;
	const struct ref_alg *a = self->sha;
	struct wd_desc d = request(s, a, WHOLE, 0, s->flat, 20000);
	uint8_t want[REF_MAX];
	struct wd_cqe cqe;

	memcpy(s->flat, s->src, 20000);
	ref_hash(a, NULL, 0, s->src, 20000, want);
	d.dst = d.src + 5;
	ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
	EXPECT_EQ(0, memcmp(want, s->flat + 5, a->len));
	EXPECT_EQ(0, memcmp(s->src + 5 + a->len, s->flat + 5 + a->len, 1000));
}

TEST_HARNESS_MAIN
