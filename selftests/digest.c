// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hashes, HMAC and CRCs in every mode: published answers, OpenSSL's and zlib's, lists, and
 * streams in pieces of any length.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "digest_vectors.h"
#include "digest_work.h"

#define KEY_LEN	200

FIXTURE(digest) {
	struct set set;
};

FIXTURE_VARIANT(digest) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(digest, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(digest, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(digest, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(digest)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	ASSERT_EQ(0, set_up(&self->set, 1));
}

FIXTURE_TEARDOWN(digest)
{
	EXPECT_EQ(0, raw_mem_work(&self->set.c, &self->set.m, 1));
	tear_down(&self->set);
}

/* ------------------------------------------------------------ known answers */

static void hex(const uint8_t *p, size_t len, char *to)
{
	*to = 0;
	while (len--)
		to += sprintf(to, "%02x", *p++);
}

TEST_F(digest, published_hashes)
{
	struct set *s = &self->set;
	char got[2 * REF_MAX + 1];
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(hash_vectors); i++) {
		const struct hash_vector *v = &hash_vectors[i];
		const struct ref_alg *a = ref_alg(v->nr);
		size_t len = strlen(v->text);

		if (!is_there(s, v->nr)) {
			TH_LOG("no %s here", a->name);
			continue;
		}
		for (size_t k = 0; k < v->times; k++)
			memcpy(s->flat + k * len, v->text, len);
		len *= v->times;
		ASSERT_EQ(WD_ST_OK, do_request(s, a, WHOLE, 0, s->flat, len, &cqe));
		EXPECT_EQ(len, cqe.consumed);
		EXPECT_EQ(a->len, cqe.produced);
		hex(s->out, a->len, got);
		EXPECT_STREQ(v->want, got) TH_LOG("%s of %zu bytes", a->name, len);
	}
}

TEST_F(digest, published_hmacs)
{
	struct set *s = &self->set;
	char got[2 * REF_MAX + 1];
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(hmac_vectors); i++) {
		const struct hmac_vector *v = &hmac_vectors[i];
		const struct ref_alg *a = ref_alg(v->nr);
		size_t key_len = v->key ? strlen(v->key) : v->fill_len, len = strlen(v->text);

		memset(s->flat, v->fill, key_len);
		if (v->key)
			memcpy(s->flat, v->key, key_len);
		ASSERT_EQ(WD_ST_OK, do_key(s, a, 0, s->flat, key_len));
		memcpy(s->flat, v->text, len);
		ASSERT_EQ(WD_ST_OK, do_request(s, a, WHOLE | WD_DIGEST_HMAC, 0, s->flat, len, &cqe));
		EXPECT_EQ(a->len, cqe.produced);
		hex(s->out, a->len, got);
		EXPECT_STREQ(v->want, got) TH_LOG("%s, vector %u", a->name, i);
	}
}

TEST_F(digest, published_crcs)
{
	struct set *s = &self->set;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(crc_vectors); i++) {
		const struct crc_vector *v = &crc_vectors[i];
		const struct ref_alg *a = ref_alg(v->nr);

		ASSERT_TRUE(is_there(s, v->nr));
		for (size_t k = 0; k < v->len; k++)
			s->flat[k] = v->text ? v->text[k] : v->first + v->step * (int)k;
		ASSERT_EQ(WD_ST_OK, do_request(s, a, WHOLE, 0, s->flat, v->len, &cqe));
		EXPECT_EQ(v->want, cqe.info) TH_LOG("vector %u", i);
		EXPECT_EQ(v->len, cqe.consumed);
		EXPECT_EQ(0, cqe.produced);
		/* The one that the longer tests go by. */
		EXPECT_EQ(v->want, ref_crc(a, s->flat, v->len));
	}
}

/* --------------------------------------------- against other implementations */

static const struct ref_alg *some_alg(const struct set *s, uint32_t *seed, bool hash)
{
	const struct ref_alg *a;

	do
		a = &ref_algs[raw_random(seed) % REF_ALGS];
	while (!is_there(s, a->nr) || (hash && !a->len));
	return a;
}

/* Round the blocks of all of them, and the engine's chunk and quantum. */
static const uint32_t lengths[] = {
	0, 1, 3, 55, 56, 63, 64, 65, 71, 72, 73, 111, 112, 127, 128, 129, 135, 136, 137, 4095, 4096,
	16383, 16384, 16385, 32769, 262145,
};

TEST_F(digest, lengths)
{
	struct set *s = &self->set;
	uint32_t seed = 3, off;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < REF_ALGS; i++) {
		const struct ref_alg *a = &ref_algs[i];

		if (!is_there(s, a->nr))
			continue;
		for (unsigned int k = 0; k < ARRAY_SIZE(lengths); k++) {
			off = raw_random(&seed) % SPARE;
			ASSERT_EQ(WD_ST_OK, do_request(s, a, WHOLE, 0, s->src + off, lengths[k],
						       &cqe));
			ASSERT_EQ(lengths[k], cqe.consumed);
			ASSERT_TRUE(is_plain(s, a, s->src + off, lengths[k], &cqe))
				TH_LOG("%d: %u bytes", a->nr, lengths[k]);
		}
	}
	for (int i = 0; i < raw_rounds(3, 300); i++) {
		const struct ref_alg *a = some_alg(s, &seed, false);
		uint32_t len = raw_random(&seed) % (LEN + 1);

		ASSERT_EQ(WD_ST_OK, do_request(s, a, WHOLE, 0, s->src + SPARE, len, &cqe));
		ASSERT_TRUE(is_plain(s, a, s->src + SPARE, len, &cqe)) TH_LOG("%d: %u", a->nr, len);
	}
}

/* Parts from all over s->src, whose bytes are in s->flat in a row; how many bytes. */
static uint32_t gather(struct set *s, uint32_t longest, uint32_t *seed)
{
	unsigned int n = 1 + raw_random(seed) % ENTRIES;
	uint32_t len = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t part = 1 + raw_random(seed) % longest;
		uint8_t *p = s->src + raw_random(seed) % (LEN - longest);

		if (len + part > LEN)
			part = LEN - len;
		if (!part)
			break;
		s->list[i] = (struct wd_sge) { .addr = raw_dma(&s->m, p), .len = part };
		memcpy(s->flat + len, p, part);
		len += part;
	}
	return len;
}

TEST_F(digest, lists)
{
	static const uint32_t longest[] = { 3, 70, 2500 };
	struct set *s = &self->set;
	uint32_t seed = 5, len;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < REF_ALGS; i++) {
		const struct ref_alg *a = &ref_algs[i];

		if (!is_there(s, a->nr))
			continue;
		for (unsigned int k = 0; k < ARRAY_SIZE(longest); k++) {
			uint8_t want[REF_MAX + SPARE];
			struct wd_desc d;

			len = gather(s, longest[k], &seed);
			d = request(s, a, WHOLE, 0, s->list, len);
			d.flags = WD_DESC_SRC_SGL;
			ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
			ASSERT_TRUE(is_plain(s, a, s->flat, len, &cqe));
			if (!a->len)
				continue;
			/* The result in two parts, the other way round, and nothing between them. */
			memset(s->out, 0x5a, REF_MAX + SPARE);
			memset(want, 0x5a, sizeof(want));
			ref_hash(a, NULL, 0, s->src, 1000, want);
			memcpy(want + REF_MAX, want, 7);
			memmove(want, want + 7, a->len - 7);
			memset(want + a->len - 7, 0x5a, 7);
			s->list[0] = (struct wd_sge) { raw_dma(&s->m, s->out + REF_MAX), 7, 0 };
			s->list[1] = (struct wd_sge) { raw_dma(&s->m, s->out), 1000, 0 };
			d = request(s, a, WHOLE, 0, s->src, 1000);
			d.flags = WD_DESC_DST_SGL;
			d.dst = raw_dma(&s->m, s->list);
			d.dst_len = REF_MAX + 100;
			ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
			EXPECT_EQ(a->len, cqe.produced);
			EXPECT_EQ(0, memcmp(want, s->out, sizeof(want)));
		}
	}
}

#define KEY	9	/* of streams with an HMAC */

/* A stream of @len bytes at s->src in pieces up to @longest, some of them empty. */
static int stream(struct set *s, const struct ref_alg *a, bool hmac, uint32_t len,
		  uint32_t longest, uint32_t *seed, struct wd_cqe *cqe)
{
	uint32_t id = raw_random(seed) % s->c.layout.streams, at = 0, op;
	bool final = false;

	for (op = NEW | (hmac ? WD_DIGEST_HMAC : 0); !final; op = 0) {
		uint32_t n = raw_random(seed) % (longest + 1);
		struct wd_desc d;
		int ret;

		/* Begun and ended at once it would be none. */
		final = !op && n >= len - at;
		if (n > len - at)
			n = len - at;
		d = request(s, a, op | (final ? FINAL : 0), id, s->src + at, n);
		d.key = op & WD_DIGEST_HMAC ? KEY : 0;
		ret = do_desc(s, &d, cqe);
		if (ret)
			return ret;
		if (cqe->consumed != n || (!final && (cqe->produced || cqe->info)))
			return -EPROTO;
		at += n;
	}
	return 0;
}

TEST_F(digest, streams)
{
	static const uint32_t longest[] = { 1, 5, 130, 3000, 70000 };
	struct set *s = &self->set;
	uint32_t seed = 7, len;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < REF_ALGS; i++) {
		const struct ref_alg *a = &ref_algs[i];

		if (!is_there(s, a->nr))
			continue;
		if (a->len)
			ASSERT_EQ(WD_ST_OK, do_key(s, a, KEY, s->key, KEY_LEN));
		for (unsigned int k = 0; k < ARRAY_SIZE(longest); k++) {
			len = raw_random(&seed) % (4 * longest[k]);
			ASSERT_EQ(0, stream(s, a, false, len, longest[k], &seed, &cqe));
			ASSERT_TRUE(is_plain(s, a, s->src, len, &cqe))
				TH_LOG("%d: %u bytes", a->nr, len);
			if (!a->len)
				continue;
			ASSERT_EQ(0, stream(s, a, true, len, longest[k], &seed, &cqe));
			ASSERT_TRUE(is_digest(s, a, s->key, KEY_LEN, s->src, len, &cqe))
				TH_LOG("%d: HMAC of %u bytes", a->nr, len);
		}
	}
}

/* All ids at once, each with data and a key of its own, in no order. */
TEST_F(digest, interleaved_streams)
{
	struct {
		const struct ref_alg *a;
		uint32_t at, len, key_len;
		uint8_t *p;
	} st[64] = {}, *t;
	struct set *s = &self->set;
	unsigned int n = s->c.layout.streams;
	uint32_t seed = 11, left = n;
	struct wd_cqe cqe;

	ASSERT_LE(n, ARRAY_SIZE(st));
	for (unsigned int i = 0; i < n; i++) {
		struct wd_desc d;

		st[i].key_len = i & 1 ? 1 + i * 13 : 0;
		st[i].a = some_alg(s, &seed, i & 1);
		st[i].at = 0;
		st[i].len = raw_random(&seed) % 200000;
		st[i].p = s->src + raw_random(&seed) % (LEN - 200000);
		if (i & 1)
			ASSERT_EQ(WD_ST_OK, do_key(s, st[i].a, i, s->key + i, st[i].key_len));
		d = request(s, st[i].a, NEW | (i & 1 ? WD_DIGEST_HMAC : 0), i, s->src, 0);
		d.key = i & 1 ? i : 0;
		ASSERT_EQ(WD_ST_OK, do_desc(s, &d, &cqe));
	}
	while (left) {
		unsigned int i = raw_random(&seed) % n;
		uint32_t len = raw_random(&seed) % 60000;

		t = &st[i];
		if (!t->a)
			continue;
		if (len > t->len - t->at)
			len = t->len - t->at;
		ASSERT_EQ(WD_ST_OK, do_request(s, t->a, 0, i, t->p + t->at, len, &cqe));
		t->at += len;
		/* One that needs no stream in between. */
		ASSERT_EQ(WD_ST_OK, do_request(s, t->a, WHOLE, 0, s->src, 100, &cqe));
		EXPECT_TRUE(is_plain(s, t->a, s->src, 100, &cqe));
		if (t->at < t->len)
			continue;
		ASSERT_EQ(WD_ST_OK, do_request(s, t->a, FINAL, i, s->src, 0, &cqe));
		EXPECT_TRUE(is_digest(s, t->a, t->key_len ? s->key + i : NULL, t->key_len, t->p,
				      t->len, &cqe)) TH_LOG("stream %u", i);
		t->a = NULL;
		left--;
	}
}

static void *hash_away(void *arg)
{
	struct set *s = arg;
	uint32_t seed = s->c.layout.chan + 1, len, off;
	struct wd_cqe cqe;

	for (int i = 0; i < raw_rounds(10, 1000); i++) {
		const struct ref_alg *a = some_alg(s, &seed, false);

		len = raw_random(&seed) % 200000;
		off = raw_random(&seed) % SPARE;
		if (do_request(s, a, WHOLE, 0, s->src + off, len, &cqe) ||
		    !is_plain(s, a, s->src + off, len, &cqe))
			return "one request";
		if (stream(s, a, false, len, 100000, &seed, &cqe) ||
		    !is_plain(s, a, s->src, len, &cqe))
			return "a stream";
	}
	return NULL;
}

TEST_F(digest, two_channels)
{
	struct set other = {};
	pthread_t thread;
	void *bad;

	ASSERT_EQ(0, set_up(&other, 99));
	ASSERT_EQ(0, pthread_create(&thread, NULL, hash_away, &other));
	bad = hash_away(&self->set);
	EXPECT_EQ(NULL, bad) TH_LOG("%s", (char *)bad);
	ASSERT_EQ(0, pthread_join(thread, &bad));
	EXPECT_EQ(NULL, bad) TH_LOG("%s", (char *)bad);
	tear_down(&other);
}

TEST_HARNESS_MAIN
