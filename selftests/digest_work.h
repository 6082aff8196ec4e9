/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of digests share: a channel with memory, requests, and the same as
 * others compute it: OpenSSL, zlib, and CRCs by the book.
 */
#ifndef DIGEST_WORK_H
#define DIGEST_WORK_H

#include "raw_mem.h"

#define LEN		(1UL << 20)
#define SPARE		64		/* behind LEN, to be misaligned in */
#define ENTRIES		256
#define REF_MAX		64		/* bytes of a hash */

#define NEW		WD_DIGEST_NEW
#define FINAL		WD_DIGEST_FINAL
#define WHOLE		(NEW | FINAL)

struct set {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *src;		/* LEN + SPARE, random */
	uint8_t *flat;		/* likewise, for what a list gathers */
	uint8_t *out;		/* REF_MAX + SPARE, where results go */
	uint8_t *key;		/* WD_KEY_MAX_LEN, random */
	struct wd_sge *list;	/* ENTRIES */
};

int set_up(struct set *s, uint32_t seed);	/* 0 or a negative errno */
void tear_down(struct set *s);

/**
 * struct ref_alg - an algorithm of DIGEST
 * @nr:   WD_ALG_NR_*
 * @name: as OpenSSL calls it; NULL: a CRC
 * @len:  bytes of the hash
 */
struct ref_alg {
	int nr;
	const char *name;
	uint32_t len;
};

#define REF_ALGS	12
extern const struct ref_alg ref_algs[REF_ALGS];

const struct ref_alg *ref_alg(int nr);
bool is_there(const struct set *s, int nr);

/* A hash into @out, or the HMAC where there is a key. */
void ref_hash(const struct ref_alg *a, const void *key, size_t key_len, const void *p, size_t len,
	      uint8_t out[REF_MAX]);
uint64_t ref_crc(const struct ref_alg *a, const void *p, size_t len);

/* A request for @len bytes at @p; @op without the algorithm. The result goes to s->out. */
struct wd_desc request(const struct set *s, const struct ref_alg *a, uint32_t op, uint32_t stream,
		       const void *p, uint32_t len);

/* These carry out: the status, or a negative errno. */
int do_desc(struct set *s, const struct wd_desc *d, struct wd_cqe *cqe);
int do_request(struct set *s, const struct ref_alg *a, uint32_t op, uint32_t stream,
	       const void *p, uint32_t len, struct wd_cqe *cqe);
int do_key(struct set *s, const struct ref_alg *a, uint32_t id, const void *key, uint32_t len);
int do_id(struct set *s, uint16_t opcode, uint32_t stream, uint32_t key);

/* What completed with FINAL is the digest of @len bytes at @p, with the key if there is one. */
bool is_digest(const struct set *s, const struct ref_alg *a, const void *key, size_t key_len,
	       const void *p, size_t len, const struct wd_cqe *cqe);
bool is_plain(const struct set *s, const struct ref_alg *a, const void *p, size_t len,
	      const struct wd_cqe *cqe);

#endif
