// SPDX-License-Identifier: GPL-2.0-or-later
/* Digests and HMAC in software. */
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <misc/uacce/wd_accel.h>

#include "cursor.h"
#include "soft_alg.h"

/* A digest that was begun: one of them. */
struct running {
	EVP_MD_CTX *md;
	EVP_MAC_CTX *mac;
};

/**
 * struct soft_digest - wd_soft_alg.state
 * @md:     libcrypto's implementation
 * @keyed:  HMAC: begun with the key, and copied for each digest
 * @stream: the stream, where wd_soft_alg.begun
 */
struct soft_digest {
	EVP_MD *md;
	EVP_MAC_CTX *keyed;
	struct running stream;
};

static EVP_MD *fetch(unsigned int nr)
{
	static const char *const names[] = {
		[WD_ALG_NR_SHA1] = "SHA1",
		[WD_ALG_NR_SHA224] = "SHA2-224",
		[WD_ALG_NR_SHA256] = "SHA2-256",
		[WD_ALG_NR_SHA384] = "SHA2-384",
		[WD_ALG_NR_SHA512] = "SHA2-512",
		[WD_ALG_NR_SHA3_256] = "SHA3-256",
		[WD_ALG_NR_SHA3_512] = "SHA3-512",
		[WD_ALG_NR_SM3] = "SM3",
	};

	return EVP_MD_fetch(NULL, names[nr], NULL);
}

static int digest_init(struct wd_soft_alg *sa)
{
	struct soft_digest *d = OPENSSL_zalloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->md = fetch(sa->info->nr);
	if (!d->md) {
		OPENSSL_free(d);
		return -ENODEV;
	}
	sa->state = d;
	return 0;
}

static void drop(struct running *r)
{
	EVP_MD_CTX_free(r->md);
	EVP_MAC_CTX_free(r->mac);
	*r = (struct running){ 0 };
}

static void digest_exit(struct wd_soft_alg *sa)
{
	struct soft_digest *d = sa->state;

	drop(&d->stream);
	EVP_MAC_CTX_free(d->keyed);
	EVP_MD_free(d->md);
	OPENSSL_free(d);
}

static int digest_set_key(struct wd_soft_alg *sa, const void *key, size_t len)
{
	struct soft_digest *d = sa->state;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)EVP_MD_get0_name(d->md), 0),
		OSSL_PARAM_END,
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *keyed = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	EVP_MAC_free(hmac);
	if (!keyed || EVP_MAC_init(keyed, key, len, params) != 1) {
		EVP_MAC_CTX_free(keyed);
		return -ENOMEM;
	}
	EVP_MAC_CTX_free(d->keyed);
	d->keyed = keyed;
	return 0;
}

static bool begin(const struct wd_soft_alg *sa, struct running *r)
{
	const struct soft_digest *d = sa->state;

	if (sa->info->flags & WD_ALG_HMAC) {
		r->mac = EVP_MAC_CTX_dup(d->keyed);
		return r->mac;
	}
	r->md = EVP_MD_CTX_new();
	return r->md && EVP_DigestInit_ex2(r->md, d->md, NULL) == 1;
}

static bool update(struct running *r, const struct wd_operand *op)
{
	struct wd_cursor c = wd_cursor(op);
	bool ok = true;
	size_t n;

	while (ok && (n = wd_cursor_here(&c))) {
		ok = (r->mac ? EVP_MAC_update(r->mac, c.p, n) :
			       EVP_DigestUpdate(r->md, c.p, n)) == 1;
		wd_cursor_skip(&c, n);
	}
	return ok;
}

static bool end(struct running *r, struct wd_request *req)
{
	struct wd_cursor dst = wd_cursor(&req->dst);
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	size_t len = 0;
	bool ok;

	if (r->mac) {
		ok = EVP_MAC_final(r->mac, out, &len, sizeof(out)) == 1;
	} else {
		ok = EVP_DigestFinal_ex(r->md, out, &n) == 1;
		len = n;
	}
	if (ok) {
		wd_cursor_write(&dst, out, len);
		req->produced = len;
	}
	return ok;
}

static int digest_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	struct soft_digest *d = sa->state;
	struct running once = { 0 };
	struct running *r = req->what == WD_DIGEST ? &once : &d->stream;
	bool ok = r == &d->stream && sa->begun;

	/* begin() may leave what it made, which drop() frees. */
	ok = (ok || begin(sa, r)) && update(r, &req->src) &&
	     (req->what == WD_DIGEST_UPDATE || end(r, req));
	if (!ok || req->what != WD_DIGEST_UPDATE)
		drop(r);
	if (r == &d->stream)
		sa->begun = ok && req->what == WD_DIGEST_UPDATE;
	return ok ? 0 : -ENOMEM;
}

const struct wd_soft_ops wd_soft_digest = {
	.init = digest_init,
	.exit = digest_exit,
	.set_key = digest_set_key,
	.run = digest_run,
};
