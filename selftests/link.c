// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LINKed units, in every mode: what comes out is what their operations give one by one;
 * what fails says so once, with the place.
 */
#include <zlib.h>

#include "harness.h"
#include "link_unit.h"

#define CANARY	0x5a
#define MANY	300000U
#define TAG	0x1000

FIXTURE(unit) {
	struct crypt x;
	uint8_t *src, *dst, *other;	/* areas */
	uint8_t *want;
};

FIXTURE_VARIANT(unit) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(unit, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(unit, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(unit, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(unit)
{
	ASSERT_EQ(0, link_setup(&self->x, variant->mode));
	self->src = self->x.area[0];
	self->dst = self->x.area[1];
	self->other = self->x.area[2];
	self->want = malloc(CRYPT_AREA);
	ASSERT_NE(NULL, self->want);
	raw_fill_text(self->src, CRYPT_AREA / 2, 1);
	raw_fill_random(self->src + CRYPT_AREA / 2, CRYPT_AREA / 2, 2);
}

/* No completion came that nobody waited for, and keys are as they were. */
FIXTURE_TEARDOWN(unit)
{
	EXPECT_EQ(0, raw_nop(&self->x.c));
	free(self->want);
	crypt_close(&self->x);
}

/* One descriptor after the other by way of memory. Return: bytes at the end, in self->want. */
static uint32_t one_by_one(struct __test_metadata *_metadata, FIXTURE_DATA(unit) *self,
			   const enum link_kind *kinds, unsigned int n, uint32_t len)
{
	uint8_t *from = self->src, *to = self->dst;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < n; i++) {
		struct wd_desc d = link_desc(&self->x, kinds[i], false, i, len);

		link_unit(&self->x, &d, 1, from, to, 0, 0);
		ASSERT_EQ(0, raw_do(&self->x.c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("kind %u, %u bytes", kinds[i], len);
		from = to;
		to = to == self->dst ? self->other : self->dst;
		len = cqe.produced;
	}
	memcpy(self->want, from, len);
	return len;
}

static bool packs(const enum link_kind *kinds, unsigned int n)
{
	bool any = false;

	while (n--)
		any |= kinds[n] == LINK_DEFLATE;
	return any;
}

/*
 * A unit does it; @all bytes are wanted. Where zlib puts a block depends on how its input is cut
 * into pieces, so there only the way back tells. Return: how many came out.
 */
static uint32_t there(struct __test_metadata *_metadata, FIXTURE_DATA(unit) *self,
		      const enum link_kind *kinds, unsigned int n, uint32_t len, uint32_t longest,
		      uint32_t all)
{
	struct wd_desc d[WD_LINK_MAX];
	struct wd_cqe cqe;
	uint32_t room = len;

	for (unsigned int i = 0; i < n; i++) {
		d[i] = link_desc(&self->x, kinds[i], false, i, room);
		room = d[i].dst_len;
	}
	memset(self->dst, CANARY, room + 100);
	link_unit(&self->x, d, n, self->src, self->dst, longest, TAG);
	ASSERT_EQ(0, link_do(&self->x.c, d, n, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("%u bytes, aux %#x", len, cqe.aux);
	EXPECT_EQ(TAG + n - 1, cqe.tag);
	EXPECT_EQ(len, cqe.consumed);
	if (!packs(kinds, n)) {
		ASSERT_EQ(all, cqe.produced);
		ASSERT_EQ(0, memcmp(self->want, self->dst, all));
	}
	ASSERT_GE(room, cqe.produced);
	for (unsigned int i = 0; i < 100; i++)
		ASSERT_EQ(CANARY, self->dst[cqe.produced + i]);
	return cqe.produced;
}

/* And a unit undoes it. */
static void and_back(struct __test_metadata *_metadata, FIXTURE_DATA(unit) *self,
		     const enum link_kind *kinds, unsigned int n, uint32_t len, uint32_t longest,
		     uint32_t all)
{
	uint32_t lens[WD_LINK_MAX] = {}, now = len;
	struct wd_desc d[WD_LINK_MAX];
	struct wd_cqe cqe;
	bool packed = false;

	for (unsigned int i = 0; i < n; i++) {
		lens[i] = now;
		packed |= kinds[i] == LINK_DEFLATE;
		now = packed ? all + 5000 : link_room(kinds[i], false, now);
	}
	/* What is between two of them may be anything up to that. */
	now = all;
	for (unsigned int i = 0; i < n; i++) {
		unsigned int k = n - 1 - i;

		d[i] = link_desc(&self->x, kinds[k], true, k, now);
		now = lens[k];
		d[i].dst_len = now;
	}
	memset(self->other, CANARY, len + 1);
	link_unit(&self->x, d, n, self->dst, self->other, longest, 2 * TAG);
	ASSERT_EQ(0, link_do(&self->x.c, d, n, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status) TH_LOG("%u bytes, aux %#x", len, cqe.aux);
	EXPECT_EQ(2 * TAG + n - 1, cqe.tag);
	EXPECT_EQ(all, cqe.consumed);
	ASSERT_EQ(len, cqe.produced);
	ASSERT_EQ(0, memcmp(self->src, self->other, len));
	ASSERT_EQ(CANARY, self->other[len]);
}

static void there_and_back(struct __test_metadata *_metadata, FIXTURE_DATA(unit) *self,
			   const enum link_kind *kinds, unsigned int n, uint32_t len,
			   uint32_t longest)
{
	uint32_t all = one_by_one(_metadata, self, kinds, n, len);

	all = there(_metadata, self, kinds, n, len, longest, all);
	and_back(_metadata, self, kinds, n, len, longest, all);
}

#define THERE_AND_BACK(len, longest, ...) do {					\
	static const enum link_kind kinds[] = { __VA_ARGS__ };			\
										\
	there_and_back(_metadata, self, kinds, ARRAY_SIZE(kinds), len, longest);	\
} while (0)

TEST_F(unit, storage)
{
	static const uint32_t blocks[] = { 1, 2, 30, 31, 32, 33, 62, 64, 65, 128, 600 };

	for (unsigned int i = 0; i < ARRAY_SIZE(blocks); i++)
		THERE_AND_BACK(blocks[i] * LINK_BLOCK, 0, LINK_COPY, LINK_XTS, LINK_DIF);
	THERE_AND_BACK(200 * LINK_BLOCK, 700, LINK_COPY, LINK_XTS, LINK_DIF);
	/* Nothing is done for one of these by its neighbour. */
	THERE_AND_BACK(200 * LINK_BLOCK, 7000, LINK_CRC, LINK_XTS, LINK_CTR, LINK_DIF);
	THERE_AND_BACK(4000 * LINK_BLOCK, 0, LINK_CRC, LINK_XTS, LINK_CTR, LINK_DIF);
}

TEST_F(unit, packed)
{
	static const uint32_t lens[] = { 1, 16384, 32769, MANY };

	for (unsigned int i = 0; i < ARRAY_SIZE(lens); i++) {
		THERE_AND_BACK(lens[i], 0, LINK_DEFLATE, LINK_CTR);
		THERE_AND_BACK(lens[i], 500, LINK_DEFLATE, LINK_GCM);
		THERE_AND_BACK(lens[i], 0, LINK_COPY, LINK_GCM, LINK_DEFLATE, LINK_COPY);
	}
	/* What does not get smaller. */
	raw_fill_random(self->src, MANY, 7);
	THERE_AND_BACK(MANY, 0, LINK_DEFLATE, LINK_CTR);
	THERE_AND_BACK(MANY, 0, LINK_DEFLATE, LINK_DEFLATE, LINK_GCM);
}

/* One key for all of them. */
TEST_F(unit, same_key)
{
	THERE_AND_BACK(40000, 0, LINK_CTR, LINK_GCM, LINK_GCM, LINK_CTR);
	THERE_AND_BACK(100000, 0, LINK_GCM, LINK_GCM, LINK_GCM, LINK_GCM);
}

TEST_F(unit, copies_only)
{
	THERE_AND_BACK(MANY, 0, LINK_COPY, LINK_COPY);
	THERE_AND_BACK(MANY, 900, LINK_COPY, LINK_COPY, LINK_COPY, LINK_COPY);
	THERE_AND_BACK(MANY, 0, LINK_CRC, LINK_COPY, LINK_COPY, LINK_CRC);
	THERE_AND_BACK(1, 0, LINK_COPY, LINK_CRC, LINK_COPY);
}

/* Any that may follow one another. */
TEST_F(unit, random_units)
{
	const int rounds = raw_rounds(12, 500);
	enum link_kind kinds[WD_LINK_MAX] = {};
	uint32_t seed = 5;

	for (int i = 0; i < rounds; i++) {
		uint32_t len = 1 + raw_random(&seed) % 100000, now;
		unsigned int n = 2 + raw_random(&seed) % 3;
		bool packed = false;

		if (raw_random(&seed) & 16)
			len = (len | LINK_BLOCK) & ~(LINK_BLOCK - 1);
		now = len;
		for (unsigned int k = 0; k < n; k++) {
			do {
				kinds[k] = raw_random(&seed) / 16 % LINK_KINDS;
			} while (!link_takes(kinds[k], packed ? 1 : now));
			packed |= kinds[k] == LINK_DEFLATE;
			now = link_room(kinds[k], false, now);
		}
		there_and_back(_metadata, self, kinds, n, len, i & 1 ? 1000 : 0);
	}
}

/* Where nothing gets longer the destination may be the source. */
TEST_F(unit, in_place)
{
	static const enum link_kind kinds[] = { LINK_CRC, LINK_XTS, LINK_CTR };
	const uint32_t len = 200 * LINK_BLOCK;
	struct wd_desc d[3];
	struct wd_cqe cqe;

	one_by_one(_metadata, self, kinds, 3, len);
	for (int i = 0; i < 3; i++)
		d[i] = link_desc(&self->x, kinds[i], false, i, len);
	link_unit(&self->x, d, 3, self->src, self->src, 0, 0);
	ASSERT_EQ(0, link_do(&self->x.c, d, 3, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(0, memcmp(self->want, self->src, len));
}

/* ------------------------------------------------- what ends a unit, and what it says */

/* A unit of two, of whose completion the caller says the rest. */
static void two(struct __test_metadata *_metadata, FIXTURE_DATA(unit) *self, struct wd_desc a,
		struct wd_desc b, struct wd_cqe *cqe)
{
	struct wd_desc d[2] = { a, b };
	__u64 dst = b.dst;

	link_unit(&self->x, d, 2, self->src, self->dst, 0, 0);
	if (!b.dst_len || dst) {
		d[1].dst = dst;
		d[1].flags = 0;
	}
	ASSERT_EQ(0, link_do(&self->x.c, d, 2, cqe));
	ASSERT_EQ(WD_ST_OK, cqe->status) TH_LOG("aux %#x", cqe->aux);
}

TEST_F(unit, digests_and_comparisons)
{
	struct wd_desc ctr = link_desc(&self->x, LINK_CTR, false, 0, MANY);
	struct wd_desc last = { .src_len = MANY }, sum;
	struct wd_cqe cqe, want;
	uint8_t hash[32];

	two(_metadata, self, ctr, link_desc(&self->x, LINK_COPY, false, 1, MANY), &cqe);
	EXPECT_EQ(0, cqe.info | cqe.aux);
	memcpy(self->other, self->dst, MANY);
	/* The sum of the ciphertext: of nothing that is in memory. */
	last.opcode = WD_OP_DIGEST;
	last.op = WD_ALG_NR_CRC32 | WD_DIGEST_NEW | WD_DIGEST_FINAL;
	two(_metadata, self, ctr, last, &cqe);
	EXPECT_EQ(crc32(0, self->other, MANY), cqe.info);
	EXPECT_EQ(MANY, cqe.consumed);
	EXPECT_EQ(0, cqe.produced);
	last.op = WD_ALG_NR_SHA256 | WD_DIGEST_NEW | WD_DIGEST_FINAL;
	last.dst_len = sizeof(hash);
	two(_metadata, self, ctr, last, &cqe);
	EXPECT_EQ(sizeof(hash), cqe.produced);
	memcpy(hash, self->dst, sizeof(hash));
	sum = last;
	link_unit(&self->x, &sum, 1, self->other, self->dst, 0, 0);
	ASSERT_EQ(0, raw_do(&self->x.c, &sum, &want));
	EXPECT_EQ(0, memcmp(hash, self->dst, sizeof(hash)));
	/* A CRC in the middle is told at the end. */
	memcpy(self->dst, self->src, MANY);
	two(_metadata, self, link_desc(&self->x, LINK_CRC, false, 0, MANY),
	    link_desc(&self->x, LINK_CTR, false, 1, MANY), &cqe);
	sum = (struct wd_desc) {
		.opcode = WD_OP_DIGEST, .src_len = MANY,
		.op = WD_ALG_NR_CRC32C | WD_DIGEST_NEW | WD_DIGEST_FINAL,
	};
	if (crypt_operand(&self->x, 0, &sum.src, self->src, MANY, 0, 1))
		sum.flags |= WD_DESC_SRC_SGL;
	ASSERT_EQ(0, raw_do(&self->x.c, &sum, &want));
	EXPECT_EQ(want.info, cqe.info);
	/* A comparison that finds a difference ends the unit, and well. */
	memset(self->src, 'a', MANY);
	self->src[1234] = 'b';
	last = (struct wd_desc) {
		.opcode = WD_OP_COMPARE_PATTERN, .src_len = MANY, .dst = 0x6161616161616161,
	};
	two(_metadata, self, link_desc(&self->x, LINK_CRC, false, 0, MANY), last, &cqe);
	EXPECT_EQ(1234, cqe.info);
	EXPECT_EQ(WD_CQE_DIFFERS, cqe.aux);
	EXPECT_EQ(MANY, cqe.consumed);
}

TEST_F(unit, fill_first)
{
	struct wd_desc d[2] = {
		{ .opcode = WD_OP_FILL, .src = 0x0807060504030201, .dst_len = MANY },
		link_desc(&self->x, LINK_CRC, false, 1, MANY),
	};
	struct wd_cqe cqe;

	link_unit(&self->x, d, 2, self->src, self->dst, 0, 0);
	d[0].src = 0x0807060504030201;
	d[0].flags = WD_DESC_LINK;
	ASSERT_EQ(0, link_do(&self->x.c, d, 2, &cqe));
	ASSERT_EQ(WD_ST_OK, cqe.status);
	EXPECT_EQ(MANY, cqe.produced);
	for (unsigned int i = 0; i < MANY; i++)
		ASSERT_EQ(1 + i % 8, self->dst[i]);
}

/* A stream goes on from unit to unit; a later operation that fails takes it with it. */
TEST_F(unit, streams)
{
	struct wd_desc d[2];
	uint32_t first, all;
	struct wd_cqe cqe;
	uLongf plain = CRYPT_AREA;
	z_stream z = {};

	for (int i = 0; i < 2; i++) {
		d[0] = link_desc(&self->x, LINK_DEFLATE, false, 0, MANY);
		d[1] = link_desc(&self->x, LINK_CRC, false, 1, d[0].dst_len);
		link_unit(&self->x, d, 2, self->src + i * MANY, self->dst + i * 2 * MANY, 0, 0);
		if (i)
			d[0].op &= ~WD_COMP_NEW;
		else
			d[0].op ^= (WD_COMP_FINISH ^ WD_COMP_SYNC_FLUSH) << WD_COMP_FLUSH_SHIFT;
		ASSERT_EQ(0, link_do(&self->x.c, d, 2, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
		memmove(self->want + (i ? first : 0), self->dst + i * 2 * MANY, cqe.produced);
		first = i ? first : cqe.produced;
		all = i ? first + cqe.produced : 0;
	}
	z.next_in = self->want;
	z.avail_in = all;
	z.next_out = self->other;
	z.avail_out = plain;
	ASSERT_EQ(Z_OK, inflateInit2(&z, -15));
	EXPECT_EQ(Z_STREAM_END, inflate(&z, Z_FINISH));
	EXPECT_EQ(2 * MANY, z.total_out);
	EXPECT_EQ(0, memcmp(self->src, self->other, 2 * MANY));
	inflateEnd(&z);

	d[0] = link_desc(&self->x, LINK_DEFLATE, false, 0, MANY);
	d[0].op ^= (WD_COMP_FINISH ^ WD_COMP_SYNC_FLUSH) << WD_COMP_FLUSH_SHIFT;
	d[1] = link_desc(&self->x, LINK_CTR, false, 1, d[0].dst_len);
	link_unit(&self->x, d, 2, self->src, self->dst, 0, 0);
	d[1].key = 60;
	ASSERT_EQ(0, link_do(&self->x.c, d, 2, &cqe));
	EXPECT_EQ(WD_ST_BAD_KEY, cqe.status);
	EXPECT_EQ(1, link_failed(&cqe));
	d[0].op &= ~WD_COMP_NEW;
	d[1].key = 1;
	ASSERT_EQ(0, link_do(&self->x.c, d, 2, &cqe));
	EXPECT_EQ(WD_ST_BAD_STREAM, cqe.status);
	EXPECT_EQ(0, link_failed(&cqe));
}

/* ------------------------------------------------------------------- failures */

static void expect_failure(struct __test_metadata *_metadata, FIXTURE_DATA(unit) *self,
			   const struct wd_desc *d, unsigned int n, int status, unsigned int nr)
{
	struct wd_cqe cqe;

	ASSERT_EQ(0, link_do(&self->x.c, d, n, &cqe));
	EXPECT_EQ(status, cqe.status);
	EXPECT_EQ(nr, link_failed(&cqe)) TH_LOG("status %#x", cqe.status);
	EXPECT_EQ(d[n - 1].tag, cqe.tag);
	EXPECT_EQ(0, cqe.consumed | cqe.produced);
}

/* Which of the blocks, and by which of the operations it was found. */
TEST_F(unit, protection_is_wrong)
{
	static const enum link_kind kinds[] = { LINK_XTS, LINK_DIF };
	const uint32_t len = 100 * LINK_BLOCK, all = 100 * (LINK_BLOCK + LINK_TUPLE);
	struct wd_desc d[4];
	struct wd_cqe cqe;

	one_by_one(_metadata, self, kinds, 2, len);
	for (unsigned int copies = 0; copies < 3; copies++) {
		memcpy(self->dst, self->want, all);
		self->dst[70 * (LINK_BLOCK + LINK_TUPLE) + 3] ^= 1;
		for (unsigned int i = 0; i < copies; i++)
			d[i] = link_desc(&self->x, i ? LINK_CRC : LINK_COPY, true, 3, all);
		d[copies] = link_desc(&self->x, LINK_DIF, true, 1, all);
		d[copies + 1] = link_desc(&self->x, LINK_XTS, true, 0, len);
		link_unit(&self->x, d, copies + 2, self->dst, self->other, 0, 5);
		ASSERT_EQ(0, link_do(&self->x.c, d, copies + 2, &cqe));
		EXPECT_EQ(WD_ST_DIF, cqe.status);
		EXPECT_EQ(70, cqe.info);
		EXPECT_EQ(WD_CQE_DIF_GUARD | copies << WD_CQE_LINK_SHIFT, cqe.aux);
		EXPECT_EQ(0, cqe.consumed | cqe.produced);
		self->dst[70 * (LINK_BLOCK + LINK_TUPLE) + 3] ^= 1;
		ASSERT_EQ(0, link_do(&self->x.c, d, copies + 2, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(0, memcmp(self->src, self->other, len));
	}
}

/* Not a byte of what does not bear its tag; nor is data good that says it is no stream. */
TEST_F(unit, sealed_and_packed)
{
	static const enum link_kind kinds[] = { LINK_DEFLATE, LINK_GCM };
	uint32_t all = one_by_one(_metadata, self, kinds, 2, MANY);
	struct wd_aead_param *p = link_param(&self->x, 1);
	struct wd_desc d[3];

	memcpy(self->dst, self->want, all);
	memset(self->other, CANARY, MANY);
	d[0] = link_desc(&self->x, LINK_COPY, true, 2, all);
	d[1] = link_desc(&self->x, LINK_GCM, true, 1, all);
	d[2] = link_desc(&self->x, LINK_DEFLATE, true, 0, all);
	d[2].dst_len = MANY;
	link_unit(&self->x, d, 3, self->dst, self->other, 0, 5);
	p->tag[5] ^= 0x20;
	expect_failure(_metadata, self, d, 3, WD_ST_AUTH, 1);
	for (unsigned int i = 0; i < MANY; i++)
		ASSERT_EQ(CANARY, self->other[i]);
	p->tag[5] ^= 0x20;
	d[2].dst_len = MANY - 1;
	expect_failure(_metadata, self, d, 3, WD_ST_OVERFLOW, 2);
	d[2].op |= WD_COMP_GZIP << WD_COMP_FORMAT_SHIFT;
	expect_failure(_metadata, self, d, 3, WD_ST_DATA, 2);
	/* What comes behind the end of a stream is decrypted, and thrown away. */
	d[2] = link_desc(&self->x, LINK_DEFLATE, true, 0, all + 100000);
	d[2].dst_len = MANY;
	d[1] = link_desc(&self->x, LINK_CTR, true, 1, all + 100000);
	d[0] = link_desc(&self->x, LINK_CRC, true, 2, all + 100000);
	link_unit(&self->x, d, 3, self->dst, self->other, 0, 5);
	{
		static const enum link_kind with_ctr[] = { LINK_DEFLATE, LINK_CTR };
		struct wd_cqe cqe;

		all = one_by_one(_metadata, self, with_ctr, 2, MANY);
		memcpy(self->dst, self->want, all);
		memset(self->dst + all, 1, 100100);
		ASSERT_EQ(0, link_do(&self->x.c, d, 3, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		EXPECT_EQ(d[0].src_len, cqe.consumed);
		EXPECT_EQ(MANY, cqe.produced);
		EXPECT_EQ(WD_CQE_END, cqe.aux);
		EXPECT_EQ(0, memcmp(self->src, self->other, MANY));
	}
}

/* There is less than could have been, and that is not what the next one takes. */
TEST_F(unit, less_than_it_takes)
{
	static const enum link_kind kinds[] = { LINK_DEFLATE };
	uint32_t all = one_by_one(_metadata, self, kinds, 1, 10000);
	struct wd_desc d[2];

	memcpy(self->dst, self->want, all);
	for (unsigned int kind = LINK_XTS; kind <= LINK_DIF; kind += LINK_DIF - LINK_XTS) {
		d[0] = link_desc(&self->x, LINK_DEFLATE, true, 0, all);
		d[0].dst_len = 20 * LINK_BLOCK;
		d[1] = link_desc(&self->x, kind, false, 1, 20 * LINK_BLOCK);
		link_unit(&self->x, d, 2, self->dst, self->other, 0, 0);
		expect_failure(_metadata, self, d, 2, WD_ST_BAD_LENGTH, 1);
	}
}

TEST_HARNESS_MAIN
