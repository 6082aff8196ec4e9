// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests as the native driver makes descriptors of them, against a device that is a
 * function and that reaches some memory only. The memory has many slices.
 */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "drivers/accel_alg.h"
#include "drivers/ring_priv.h"
#include "rig_util.h"
#include "rounds.h"

#define POOL	(1UL << 20)
#define USER	(1UL << 20)
#define MAX	(300UL << 10)
#define TUPLE	8

/* A context on a rig. @descs: what the device was asked so far. */
struct bench {
	struct rig rig;
	struct wd_ring ring;
	struct wd_accel accel;
	struct accel_alg ac;
	struct wd_alg_info info;
	struct accel_request r;
	unsigned int descs;
	bool plain;
};

static bool bench_open(struct bench *b, enum wd_alg_kind kind, bool plain, uint32_t max_len)
{
	*b = (struct bench){ .info.kind = kind, .plain = plain };
	REQUIRE(rig_open(&b->rig, POOL, 64, USER));
	b->ring.layout.max_len = max_len;
	b->accel.ch = &b->rig.ch;
	b->accel.ring = &b->ring;
	b->accel.pool = plain ? NULL : b->rig.pool;
	pthread_mutex_init(&b->ac.lock, NULL);
	b->ac.accel = &b->accel;
	b->ac.info = &b->info;
	b->ac.key = 5;
	b->r.ac = &b->ac;
	return true;
}

static void bench_close(struct bench *b)
{
	free(b->r.heap);
	free(b->r.mems);
	pthread_mutex_destroy(&b->ac.lock);
	rig_close(&b->rig);
}

/* The byte @i of an operand as the descriptor names it. */
static unsigned char *byte_at(const struct bench *b, uint64_t addr, bool is_list, size_t i)
{
	const struct wd_sge *sge;

	if (!is_list)
		return b->plain ? (unsigned char *)(addr + i) : reach(&b->rig, addr + i);
	if (addr % 16)
		return NULL;
	sge = (const struct wd_sge *)(b->plain ? (void *)addr : reach(&b->rig, addr));
	for (; sge && i >= le32toh(sge->len); sge++)
		i -= le32toh(sge->len);
	return sge ? byte_at(b, le64toh(sge->addr), false, i) : NULL;
}

static bool take(const struct bench *b, uint64_t addr, bool is_list, unsigned char *to, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const unsigned char *p = byte_at(b, addr, is_list, i);

		REQUIRE(p);
		to[i] = *p;
	}
	return true;
}

static bool give(const struct bench *b, uint64_t addr, bool is_list, const unsigned char *from,
		 size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char *p = byte_at(b, addr, is_list, i);

		REQUIRE(p);
		*p = from[i];
	}
	return true;
}

static bool device_xor(struct bench *b, const struct wd_desc *d, unsigned char *buf)
{
	const bool lists = d->flags & WD_DESC_SRC_SGL;
	struct wd_xor_param p;
	unsigned char *more = malloc(d->src_len);

	REQUIRE(more && take(b, d->param, false, (void *)&p, sizeof(p)));
	memset(buf, 0, d->src_len);
	for (uint32_t i = 0; i < le32toh(p.count); i++) {
		REQUIRE(take(b, le64toh(p.src[i]), lists, more, d->src_len));
		for (size_t j = 0; j < d->src_len; j++)
			buf[j] ^= more[j];
	}
	free(more);
	return true;
}

/* The stand-in of a cipher: each byte is changed by the number in its vector, which counts. */
static bool device_cipher(struct bench *b, const struct wd_desc *d, unsigned char *buf)
{
	struct wd_cipher_param p;
	uint64_t count;

	REQUIRE(d->key == 5 && d->op == (WD_CIPHER_ENCRYPT | WD_CIPHER_IV_OUT));
	REQUIRE(take(b, d->param, false, (void *)&p, sizeof(p)));
	memcpy(&count, p.iv, sizeof(count));
	for (size_t i = 0; i < d->src_len; i++)
		buf[i] ^= (unsigned char)(count++ * 7);
	memcpy(p.iv, &count, sizeof(count));
	return give(b, d->param, false, (void *)&p, sizeof(p));
}

/* Protection information that tells its block's reference tag, and nothing else. */
static bool device_dix(struct bench *b, const struct wd_desc *d)
{
	struct wd_dif_param p;
	uint32_t blocks;

	REQUIRE(take(b, d->param, false, (void *)&p, sizeof(p)));
	blocks = d->src_len / le16toh(p.block);
	REQUIRE(le32toh(p.meta_len) == blocks * TUPLE);
	for (uint32_t i = 0; i < blocks; i++) {
		uint64_t tuple = le32toh(p.ref_tag) + i;

		REQUIRE(take(b, d->src, d->flags & WD_DESC_SRC_SGL, (unsigned char[512]){ 0 }, 512));
		for (size_t j = 0; j < TUPLE; j++) {
			unsigned char *at = byte_at(b, le64toh(p.meta),
						    le16toh(p.meta_flags) & WD_DIF_META_SGL,
						    i * TUPLE + j);

			REQUIRE(at);
			*at = ((unsigned char *)&tuple)[j];
		}
	}
	b->r.ring.cqe.produced = blocks * TUPLE;
	return true;
}

/* Onto itself, a copy is right where both are in one piece; else it goes up. */
static bool device_copies_up(struct bench *b, const struct wd_desc *d)
{
	for (size_t i = 0; i < d->src_len; i++) {
		unsigned char *from = byte_at(b, d->src, d->flags & WD_DESC_SRC_SGL, i);
		unsigned char *to = byte_at(b, d->dst, d->flags & WD_DESC_DST_SGL, i);

		REQUIRE(from && to);
		*to = *from;
	}
	return true;
}

static bool device(struct bench *b, const struct wd_desc *d)
{
	unsigned char *buf = calloc(1, d->src_len + 1);
	bool ok = true;

	b->descs++;
	b->r.ring.cqe = (struct wd_cqe){ .consumed = d->src_len, .produced = d->dst_len };
	REQUIRE(buf && d->src_len <= b->ring.layout.max_len);
	if (d->opcode == WD_OP_COPY && d->flags) {
		free(buf);
		return device_copies_up(b, d);
	}
	if (d->opcode == WD_OP_XOR)
		ok = device_xor(b, d, buf);
	else
		ok = take(b, d->src, d->flags & WD_DESC_SRC_SGL, buf, d->src_len);
	if (ok && d->opcode == WD_OP_CIPHER)
		ok = device_cipher(b, d, buf);
	if (ok && d->opcode == WD_OP_DIX_GENERATE)
		ok = device_dix(b, d);
	if (ok && d->dst_len)
		ok = give(b, d->dst, d->flags & WD_DESC_DST_SGL, buf, d->dst_len);
	free(buf);
	return ok;
}

/* Do the copies first or last: while the device works they may come any time. */
static bool run(struct bench *b, struct wd_request *req)
{
	struct wd_ring_req *ring = &b->r.ring;
	bool more = true;

	b->descs = 0;
	REQUIRE(!accel_request_begin(&b->r, req, true));
	REQUIRE(accel_request_aim(&b->r));
	for (; more; more = ring->step(ring)) {
		const bool first = b->descs % 2;

		if (first && ring->meanwhile)
			ring->meanwhile(ring);
		REQUIRE(device(b, &ring->desc));
		if (!first && ring->meanwhile)
			ring->meanwhile(ring);
	}
	accel_request_end(&b->r);
	return true;
}

static void random_fill(unsigned char *p, size_t len, uint32_t seed)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)next_random(&seed);
}

/* Cut an operand into parts, every other one in memory that the device reaches. */
static unsigned int cut(const struct bench *b, unsigned char *heap, size_t at, size_t len,
			struct iovec *iov, uint32_t *seed)
{
	unsigned int n = 0;

	for (size_t pos = 0; pos < len; n++) {
		size_t part = n == 15 ? len - pos : next_random(seed) % (len / 6 + 2);

		part = part > len - pos ? len - pos : part;
		iov[n].iov_base = (n % 2 ? heap : (unsigned char *)b->rig.user->va + at) + pos;
		iov[n].iov_len = part;
		pos += part;
	}
	return n;
}

static void spread(const struct iovec *iov, unsigned int n, unsigned char *p, bool out)
{
	for (unsigned int i = 0; i < n; p += iov[i++].iov_len) {
		if (out)
			memcpy(iov[i].iov_base, p, iov[i].iov_len);
		else
			memcpy(p, iov[i].iov_base, iov[i].iov_len);
	}
}

static bool torn_cipher(struct bench *b, size_t len, uint32_t *seed)
{
	unsigned char *a = malloc(len), *c = malloc(len), *want = malloc(len);
	struct iovec src[16], dst[16];
	unsigned int ns = cut(b, a, 1, len, src, seed), nd = cut(b, c, MAX + 7, len, dst, seed);
	uint8_t iv[16] = { 3 };
	struct wd_request req;
	uint64_t count;

	random_fill(want, len, *seed);
	spread(src, ns, want, true);
	wd_prep(&req, WD_ENCRYPT, NULL, 0, NULL, 0);
	wd_set_iov(&req.src, src, ns);
	wd_set_iov(&req.dst, dst, nd);
	req.iv = iv;
	REQUIRE(run(b, &req) && !b->r.ret && req.produced == len);
	for (size_t i = 0; i < len; i++)
		want[i] ^= (unsigned char)((3 + i) * 7);
	spread(dst, nd, a, false);
	REQUIRE(!memcmp(a, want, len));
	memcpy(&count, iv, sizeof(count));
	REQUIRE(count == 3 + len);
	/* Each of the two maybe in place, and all that was copied was not used in place. */
	if (b->plain)
		REQUIRE(!b->r.usage.in && !b->r.usage.out && b->r.usage.direct == 2 * len);
	else
		REQUIRE(b->r.usage.in + b->r.usage.out + b->r.usage.direct == 2 * len);
	free(a);
	free(c);
	free(want);
	return true;
}

static void operands_in_many_parts(void)
{
	static const size_t sizes[] = { 1, 63, 64, 65, 4097, 65536, 65537, 200001, MAX };
	uint32_t seed = 5;
	struct bench b;

	for (int plain = 0; plain < 2; plain++) {
		CHECK(bench_open(&b, WD_KIND_CIPHER, plain, plain ? 50000 : 1 << 26));
		b.info.iv = 16;
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			for (int n = 0; n < 4; n++)
				CHECK(torn_cipher(&b, sizes[i], &seed));
		bench_close(&b);
	}
}

static void in_place_in_one_buffer(void)
{
	unsigned char *p = malloc(MAX), *want = malloc(MAX);
	uint8_t iv[16] = { 9 };
	struct wd_request req;
	struct bench b;

	CHECK(p && want && bench_open(&b, WD_KIND_CIPHER, false, 1 << 26));
	b.info.iv = 16;
	random_fill(p, MAX, 3);
	for (size_t i = 0; i < MAX; i++)
		want[i] = p[i] ^ (unsigned char)((9 + i) * 7);
	wd_prep(&req, WD_ENCRYPT, p, MAX, p, MAX);
	req.iv = iv;
	CHECK(run(&b, &req) && !b.r.ret);
	CHECK(b.r.shared && b.r.pieces > 1 && b.descs == b.r.pieces);
	CHECK(!memcmp(p, want, MAX));
	bench_close(&b);
	free(p);
	free(want);
}

/* As memmove(), at any distance, in memory that is reached, copied, or both. */
static bool moves(struct bench *b, unsigned char *area, size_t len, long by)
{
	unsigned char *src = area + 60000, *want = malloc(len);
	struct wd_request req;

	REQUIRE(want);
	random_fill(src - 60000, 120000 + len, (uint32_t)by + 1);
	memcpy(want, src, len);
	wd_prep_copy(&req, src + by, src, len);
	REQUIRE(run(b, &req) && !b->r.ret && req.produced == len);
	REQUIRE(!memcmp(src + by, want, len));
	free(want);
	return true;
}

static void copies_that_overlap(void)
{
	static const long by[] = { 1, -1, 64, -64, 4096, -4096, 8191, -8191, 60000, -60000, 0 };
	unsigned char *heap = malloc(MAX + 120000);
	struct bench b;

	CHECK(heap);
	for (int plain = 0; plain < 2; plain++) {
		CHECK(bench_open(&b, WD_KIND_MOVE, plain, plain ? 100000 : 1 << 26));
		for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
			CHECK(moves(&b, heap, MAX, by[i]));
			CHECK(moves(&b, heap, 500, by[i]));
			CHECK(moves(&b, (unsigned char *)b.rig.user->va + 11, MAX, by[i]));
			CHECK(moves(&b, (unsigned char *)b.rig.user->va + 11, 4099, by[i]));
		}
		bench_close(&b);
	}
	free(heap);
}

static void xor_of_both_kinds_of_memory(void)
{
	const size_t len = 70001;
	unsigned char *want = calloc(1, len), *heap = malloc(17 * len);
	struct wd_request req;
	void *srcs[16];
	struct bench b;

	CHECK(want && heap && bench_open(&b, WD_KIND_XOR, false, 1 << 26));
	for (size_t i = 0; i < 16; i++) {
		unsigned char *p = i % 4 ? heap + i * len :
				   (unsigned char *)b.rig.user->va + i * len / 4;

		random_fill(p, len, (uint32_t)i);
		for (size_t j = 0; j < len; j++)
			want[j] ^= p[j];
		srcs[i] = p;
	}
	wd_prep_xor(&req, heap + 16 * len, srcs, 16, len);
	CHECK(run(&b, &req) && !b.r.ret && b.descs > 1 && req.produced == len);
	CHECK(!memcmp(heap + 16 * len, want, len));
	CHECK(b.r.usage.direct == 4 * len && b.r.usage.in == 12 * len && b.r.usage.out == len);
	/* One of the sources is the destination. */
	wd_prep_xor(&req, srcs[1], srcs, 16, len);
	CHECK(run(&b, &req) && !b.r.ret && !memcmp(srcs[1], want, len));
	bench_close(&b);
	free(want);
	free(heap);
}

static void reference_tags_advance(void)
{
	const struct wd_dif dif = { .type = 1, .block = 512, .ref_tag = 0xfffffff0 };
	const size_t blocks = 600;
	unsigned char *data = malloc(blocks * 512);
	uint64_t *meta = malloc(blocks * TUPLE);
	struct wd_request req;
	struct bench b;

	CHECK(data && meta && bench_open(&b, WD_KIND_DIF, false, 1 << 26));
	random_fill(data, blocks * 512, 1);
	wd_prep_dix_generate(&req, meta, data, blocks, &dif);
	CHECK(run(&b, &req) && !b.r.ret && b.descs > 1 && req.produced == blocks * TUPLE);
	for (size_t i = 0; i < blocks; i++)
		CHECK((uint32_t)meta[i] == (uint32_t)(dif.ref_tag + i));
	bench_close(&b);
	free(data);
	free(meta);
}

/* A unit that is shorter than the others is by itself, and so is what is but short. */
static void pieces_of_units(void)
{
	static const size_t lens[] = { 16, 511, 512, 4096, 4096 + 16, 200000, 262144 + 511 };
	struct accel_request r = { .place = { { .used = true, .stride = 1, .copied = 1,
						.entries = 1 } } };
	static const struct accel_op op = { .opcode = WD_OP_CIPHER };

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		size_t pos = 0;

		r.op = &op;
		r.granule = 512;
		r.total = lens[i];
		r.main = lens[i] - lens[i] % 512;
		accel_plan(&r, 5000, 1 << 26);
		CHECK(r.per == (r.main < 4608 && r.main ? r.main : r.main ? 4608 : 512));
		for (size_t n = 0; n < r.pieces; n++) {
			struct accel_piece piece = accel_piece_at(&r, n);

			CHECK(piece.pos == pos && piece.n);
			CHECK(piece.n % 512 == 0 || (n + 1 == r.pieces && piece.n < 512));
			pos += piece.n;
		}
		CHECK(pos == lens[i]);
	}
}

static void memory_that_is_not_there(void)
{
	unsigned char *p = mmap(NULL, MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0), *heap = malloc(MAX);
	struct wd_request req;
	struct bench b;

	CHECK(p != MAP_FAILED && heap && !munmap(p + 262144, 4096));
	CHECK(bench_open(&b, WD_KIND_MOVE, false, 1 << 26));
	wd_prep_copy(&req, heap, p, MAX);
	CHECK(run(&b, &req) && b.r.ret == -EFAULT && req.fault_addr == p + 262144);
	wd_prep_copy(&req, p, heap, MAX);
	CHECK(run(&b, &req) && b.r.ret == -EFAULT && req.fault_addr == p + 262144);
	wd_prep_copy(&req, heap, p + 262144, 4);
	CHECK(!accel_request_begin(&b.r, &req, true));
	CHECK(!accel_request_aim(&b.r) && b.r.ret == -EFAULT);
	accel_request_end(&b.r);
	CHECK(req.fault_addr == p + 262144 && !b.r.has_set);
	bench_close(&b);
	munmap(p, MAX);
	free(heap);
}

/* What cannot be divided and does not fit. */
static void a_whole_that_is_too_long(void)
{
	const size_t len = 2UL << 20;
	unsigned char *p = calloc(1, len), iv[16] = { 0 };
	struct wd_request req;
	struct bench b;

	CHECK(p && bench_open(&b, WD_KIND_CIPHER, false, 1 << 26));
	b.info.flags = WD_ALG_XTS;
	b.info.iv = 16;
	wd_prep(&req, WD_ENCRYPT, p, len, p, len);
	req.iv = iv;
	CHECK(accel_request_begin(&b.r, &req, true) == -ENOMEM);
	CHECK(!b.rig.pool->arena[0].users && !b.rig.pool->arena[1].users);
	bench_close(&b);
	free(p);
}

static const struct tap_test tests[] = {
	TEST(operands_in_many_parts),
	TEST(in_place_in_one_buffer),
	TEST(copies_that_overlap),
	TEST(xor_of_both_kinds_of_memory),
	TEST(reference_tags_advance),
	TEST(pieces_of_units),
	TEST(memory_that_is_not_there),
	TEST(a_whole_that_is_too_long),
};

TAP_MAIN(tests)
