// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <zlib.h>

#include "digest_work.h"

#define SIZE	(16UL << 20)

const struct ref_alg ref_algs[REF_ALGS] = {
	{ WD_ALG_NR_SHA1, "SHA1", 20 },
	{ WD_ALG_NR_SHA224, "SHA224", 28 },
	{ WD_ALG_NR_SHA256, "SHA256", 32 },
	{ WD_ALG_NR_SHA384, "SHA384", 48 },
	{ WD_ALG_NR_SHA512, "SHA512", 64 },
	{ WD_ALG_NR_SHA3_256, "SHA3-256", 32 },
	{ WD_ALG_NR_SHA3_512, "SHA3-512", 64 },
	{ WD_ALG_NR_SM3, "SM3", 32 },
	{ WD_ALG_NR_CRC32, NULL, 0 },
	{ WD_ALG_NR_CRC32C, NULL, 0 },
	{ WD_ALG_NR_CRC64, NULL, 0 },
	{ WD_ALG_NR_CRC64_NVME, NULL, 0 },
};

void ref_hash(const struct ref_alg *a, const void *key, size_t key_len, const void *p, size_t len,
	      uint8_t out[REF_MAX])
{
	const EVP_MD *md = EVP_get_digestbyname(a->name);
	unsigned int n = 0;

	if (key ? !HMAC(md, key, key_len, p, len, out, &n) :
		  !EVP_Digest(p, len, out, &n, md, NULL))
		abort();
	if (n != a->len)
		abort();
}

/* Lowest bit first. */
static uint64_t reflected(uint64_t poly, uint64_t crc, const uint8_t *p, size_t len)
{
	uint64_t table[256];

	for (unsigned int i = 0; i < 256; i++) {
		table[i] = i;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? poly : 0);
	}
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

/* Highest bit first. */
static uint64_t straight(uint64_t poly, uint64_t crc, const uint8_t *p, size_t len)
{
	uint64_t table[256];

	for (uint64_t i = 0; i < 256; i++) {
		table[i] = i << 56;
		for (int k = 0; k < 8; k++)
			table[i] = table[i] << 1 ^ (table[i] >> 63 ? poly : 0);
	}
	while (len--)
		crc = crc << 8 ^ table[crc >> 56 ^ *p++];
	return crc;
}

uint64_t ref_crc(const struct ref_alg *a, const void *p, size_t len)
{
	switch (a->nr) {
	case WD_ALG_NR_CRC32:
		return crc32(0, p, len);
	case WD_ALG_NR_CRC32C:
		return reflected(0x82f63b78, 0xffffffff, p, len) ^ 0xffffffff;
	case WD_ALG_NR_CRC64:
		return straight(0x42f0e1eba9ea3693, 0, p, len);
	case WD_ALG_NR_CRC64_NVME:
		return ~reflected(0x9a6c9329ac4bc9b5, ~0ULL, p, len);
	default:
		abort();
	}
}

int set_up(struct set *s, uint32_t seed)
{
	int ret = raw_setup(&s->c);

	if (!ret)
		ret = raw_mem_reserve(&s->c, &s->m, SIZE);
	if (ret)
		return ret;
	s->src = raw_mem_take(&s->m, LEN + SPARE);
	s->flat = raw_mem_take(&s->m, LEN + SPARE);
	s->out = raw_mem_take(&s->m, REF_MAX + SPARE);
	s->key = raw_mem_take(&s->m, WD_KEY_MAX_LEN);
	s->list = raw_mem_take(&s->m, ENTRIES * sizeof(*s->list));
	if (!s->src || !s->flat || !s->out || !s->key || !s->list)
		return -ENOMEM;
	raw_fill_random(s->src, LEN + SPARE, seed);
	raw_fill_random(s->key, WD_KEY_MAX_LEN, seed + 1);
	return 0;
}

void tear_down(struct set *s)
{
	raw_mem_unmap(&s->m);
	raw_close(&s->c);
}

bool is_there(const struct set *s, int nr)
{
	return s->c.layout.algs & WD_ALG_BIT(nr);
}

const struct ref_alg *ref_alg(int nr)
{
	for (unsigned int i = 0; i < REF_ALGS; i++)
		if (ref_algs[i].nr == nr)
			return &ref_algs[i];
	abort();
}

struct wd_desc request(const struct set *s, const struct ref_alg *a, uint32_t op, uint32_t stream,
		       const void *p, uint32_t len)
{
	struct wd_desc d = {
		.opcode = WD_OP_DIGEST, .op = a->nr | op, .src = raw_dma(&s->m, p),
		.src_len = len, .stream = stream,
	};

	if (op & FINAL && a->len) {
		d.dst = raw_dma(&s->m, s->out);
		d.dst_len = a->len;
	}
	return d;
}

int do_desc(struct set *s, const struct wd_desc *d, struct wd_cqe *cqe)
{
	int ret = raw_do(&s->c, d, cqe);

	return ret ? ret : cqe->status;
}

int do_request(struct set *s, const struct ref_alg *a, uint32_t op, uint32_t stream,
	       const void *p, uint32_t len, struct wd_cqe *cqe)
{
	struct wd_desc d = request(s, a, op, stream, p, len);

	return do_desc(s, &d, cqe);
}

int do_key(struct set *s, const struct ref_alg *a, uint32_t id, const void *key, uint32_t len)
{
	struct wd_desc d = {
		.opcode = WD_OP_KEY_SET, .op = a->nr, .src = raw_dma(&s->m, key), .src_len = len,
		.key = id,
	};
	struct wd_cqe cqe;

	return do_desc(s, &d, &cqe);
}

int do_id(struct set *s, uint16_t opcode, uint32_t stream, uint32_t key)
{
	struct wd_desc d = { .opcode = opcode, .stream = stream, .key = key };
	struct wd_cqe cqe;

	return do_desc(s, &d, &cqe);
}

bool is_digest(const struct set *s, const struct ref_alg *a, const void *key, size_t key_len,
	       const void *p, size_t len, const struct wd_cqe *cqe)
{
	uint8_t want[REF_MAX];

	if (cqe->status != WD_ST_OK || cqe->aux || cqe->produced != a->len)
		return false;
	if (!a->len)
		return cqe->info == ref_crc(a, p, len);
	ref_hash(a, key, key_len, p, len, want);
	return !cqe->info && !memcmp(want, s->out, a->len);
}

bool is_plain(const struct set *s, const struct ref_alg *a, const void *p, size_t len,
	      const struct wd_cqe *cqe)
{
	return is_digest(s, a, NULL, 0, p, len, cqe);
}
