// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests and HMAC, against libcrypto; CRCs, against zlib and the definition. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <zlib.h>

#include "cross.h"
#include "cross_crc.h"
#include "wd_digest.h"

static const struct digest {
	const char *alg;
	const char *ref;	/* NULL: a CRC */
	struct cross_crc *crc;
} digests[] = {
	{ "sha1", "SHA1", NULL }, { "sha224", "SHA224", NULL }, { "sha256", "SHA256", NULL },
	{ "sha384", "SHA384", NULL }, { "sha512", "SHA512", NULL },
	{ "sha3-256", "SHA3-256", NULL }, { "sha3-512", "SHA3-512", NULL }, { "sm3", "SM3", NULL },
	{ "hmac(sha1)", "SHA1", NULL }, { "hmac(sha224)", "SHA224", NULL },
	{ "hmac(sha256)", "SHA256", NULL }, { "hmac(sha384)", "SHA384", NULL },
	{ "hmac(sha512)", "SHA512", NULL }, { "hmac(sha3-256)", "SHA3-256", NULL },
	{ "hmac(sha3-512)", "SHA3-512", NULL }, { "hmac(sm3)", "SM3", NULL },
	{ "crc32", NULL, NULL }, { "crc32c", NULL, &cross_crc32c },
	{ "crc64", NULL, &cross_crc64 }, { "crc64-nvme", NULL, &cross_crc64_nvme },
};

/**
 * struct sum - a digest in parts, on the other side
 * @md:  a digest
 * @mac: an HMAC
 * @crc: a CRC
 */
struct sum {
	EVP_MD_CTX *md;
	EVP_MAC_CTX *mac;
	uint64_t crc;
};

/**
 * struct state - of a context
 * @once:   for requests that are alone
 * @stream: the stream that runs
 */
struct state {
	const struct digest *d;
	EVP_MD *md;
	EVP_MAC *mac;
	struct sum once;
	struct sum stream;
	bool begun;
};

static void sum_begin(const struct cross_ctx *on, struct sum *sum)
{
	const struct state *s = on->state;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
						 (char *)(uintptr_t)s->d->ref, 0),
		OSSL_PARAM_construct_end(),
	};

	sum->crc = 0;
	if (s->md)
		MUST(EVP_DigestInit_ex2(sum->md, s->md, NULL));
	else if (s->mac)
		MUST(EVP_MAC_init(sum->mac, on->key, on->key_len, params));
}

static void sum_add(const struct cross_ctx *on, struct sum *sum, const void *data, size_t len)
{
	const struct state *s = on->state;

	if (s->md)
		MUST(EVP_DigestUpdate(sum->md, data, len));
	else if (s->mac)
		MUST(EVP_MAC_update(sum->mac, data, len));
	else if (s->d->crc)
		sum->crc = cross_crc(s->d->crc, sum->crc, data, len);
	else
		sum->crc = crc32_z((uint32_t)sum->crc, data, len);
}

/* What the answer should be, in @job or at @out. */
static void sum_end(struct cross_job *job, struct sum *sum, const struct cross_area *out)
{
	const struct state *s = job->on->state;
	uint8_t want[WD_DIGEST_MAX_SIZE];
	size_t n;

	if (s->md)
		MUST(EVP_DigestFinal_ex(sum->md, want, NULL));
	else if (s->mac)
		MUST(EVP_MAC_final(sum->mac, want, &n, sizeof(want)));
	else
		job->result = sum->crc;
	job->produced = wd_digest_size(s->d->alg);
	if (job->produced)
		cross_expect(out, 0, want, job->produced);
}

static void sum_new(const struct state *s, struct sum *sum)
{
	*sum = (struct sum){
		.md = s->md ? EVP_MD_CTX_new() : NULL,
		.mac = s->mac ? EVP_MAC_CTX_new(s->mac) : NULL,
	};
	MUST(!s->md || sum->md);
	MUST(!s->mac || sum->mac);
}

static bool open_digest(struct cross *c, struct cross_ctx *on)
{
	const struct digest *d = &digests[cross_below(c, sizeof(digests) / sizeof(*digests))];
	const bool hmac = strstr(d->alg, "hmac");
	struct state *s;

	on->key_len = !hmac ? 0 : 1 + cross_below(c, cross_chance(c, 8) ? 4096 : 200);
	cross_bytes(c, on->key, on->key_len);
	if (!cross_open(c, on, d->alg, 0))
		return false;
	s = on->state = must_alloc(sizeof(*s));
	*s = (struct state){
		.d = d,
		.md = d->ref && !hmac ? EVP_MD_fetch(NULL, d->ref, NULL) : NULL,
		.mac = hmac ? EVP_MAC_fetch(NULL, "HMAC", NULL) : NULL,
	};
	MUST(!d->ref || s->md || s->mac);
	sum_new(s, &s->once);
	sum_new(s, &s->stream);
	return true;
}

static void close_digest(struct cross_ctx *on)
{
	struct state *s = on->state;

	EVP_MD_CTX_free(s->once.md);
	EVP_MD_CTX_free(s->stream.md);
	EVP_MAC_CTX_free(s->once.mac);
	EVP_MAC_CTX_free(s->stream.mac);
	EVP_MD_free(s->md);
	EVP_MAC_free(s->mac);
	free(s);
}

/* Alone, or a part of the stream, or its end. */
static void make_digest(struct cross *c, struct cross_job *job)
{
	static const enum wd_what whats[] = {
		WD_DIGEST, WD_DIGEST, WD_DIGEST, WD_DIGEST_UPDATE, WD_DIGEST_END,
	};
	const enum wd_what what = whats[cross_below(c, sizeof(whats) / sizeof(*whats))];
	struct state *s = job->on->state;
	const size_t size = wd_digest_size(s->d->alg);
	struct sum *sum = what == WD_DIGEST ? &s->once : &s->stream;
	struct cross_area src, dst;

	wd_prep(&job->req, what, NULL, 0, NULL, 0);
	if (what == WD_DIGEST || !s->begun)
		sum_begin(job->on, sum);
	if (what != WD_DIGEST_END) {
		src = cross_source(c, cross_length(c), true);
		cross_get(&src, 0, c->flat[0], src.len);
		sum_add(job->on, sum, c->flat[0], src.len);
		cross_use(&job->req.src, &src);
	}
	job->counts = what != WD_DIGEST_UPDATE;
	if (job->counts) {
		/* Room for more than that. */
		dst = cross_maybe_parts(c, size ? size + cross_chance(c, 4) * cross_below(c, 90) : 0);
		if (size)
			cross_use(&job->req.dst, &dst);
		sum_end(job, sum, &dst);
	}
	if (what != WD_DIGEST)
		s->begun = what == WD_DIGEST_UPDATE;
}

const struct cross_family cross_digest = {
	"digest", open_digest, make_digest, close_digest,
};
