// SPDX-License-Identifier: GPL-2.0-or-later
/* Authenticated ciphers, against libcrypto; some messages are forged. */
#include <openssl/evp.h>

#include "cross.h"
#include "wd_aead.h"

static const struct aead {
	const char *alg;
	const char *ref;
	bool aes;
	uint8_t tags[8];
} aeads[] = {
	{ "gcm(aes)", "AES-%zu-GCM", true, { 4, 8, 12, 13, 14, 15, 16, 16 } },
	{ "ccm(aes)", "AES-%zu-CCM", true, { 4, 6, 8, 10, 12, 14, 16, 16 } },
	{ "rfc7539(chacha20,poly1305)", "ChaCha20-Poly1305", false,
	  { 16, 16, 16, 16, 16, 16, 16, 16 } },
};

struct state {
	const struct aead *a;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *evp;
};

static bool open_aead(struct cross *c, struct cross_ctx *on)
{
	const struct aead *a = &aeads[cross_below(c, 3)];
	struct state *s = on->state = must_alloc(sizeof(*s));
	char name[32];

	on->key_len = a->aes ? 16 + 8 * cross_below(c, 3) : 32;
	cross_bytes(c, on->key, on->key_len);
	MUST(cross_open(c, on, a->alg, a->tags[cross_below(c, sizeof(a->tags))]));
	if (a->aes)
		snprintf(name, sizeof(name), a->ref, on->key_len * 8);
	else
		snprintf(name, sizeof(name), "%s", a->ref);
	*s = (struct state){ a, EVP_CIPHER_fetch(NULL, name, NULL), EVP_CIPHER_CTX_new() };
	MUST(s->cipher && s->evp);
	return true;
}

static void close_aead(struct cross_ctx *on)
{
	struct state *s = on->state;

	EVP_CIPHER_CTX_free(s->evp);
	EVP_CIPHER_free(s->cipher);
	free(s);
}

static void seal(const struct cross_job *job, const struct cross_area *aad, unsigned char *aad_flat,
		 const unsigned char *in, unsigned char *out, int len, unsigned char *tag)
{
	const int tag_len = (int)job->on->ctx.tag_len;
	const struct state *s = job->on->state;
	const bool ccm = strstr(s->a->alg, "ccm");
	EVP_CIPHER_CTX *c = s->evp;
	int n;

	cross_get(aad, 0, aad_flat, aad->len);
	MUST(EVP_EncryptInit_ex2(c, s->cipher, NULL, NULL, NULL) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)job->req.iv_len, NULL) == 1 &&
	     (!ccm || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_len, NULL) == 1) &&
	     EVP_EncryptInit_ex2(c, NULL, job->on->key, job->iv, NULL) == 1 &&
	     (!ccm || EVP_EncryptUpdate(c, NULL, &n, NULL, len) == 1) &&
	     (!aad->len || EVP_EncryptUpdate(c, NULL, &n, aad_flat, (int)aad->len) == 1) &&
	     EVP_EncryptUpdate(c, out, &n, in, len) == 1 &&
	     EVP_EncryptFinal_ex(c, out, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_len, tag) == 1);
}

/* A bit of the message, of what belongs to it, or of its tag. False: what it chose is empty. */
static bool forge(struct cross *c, struct cross_job *job, const struct cross_area *what)
{
	size_t at = cross_below(c, what->len ? what->len : 1);
	uint8_t byte;

	if (!what->len)
		return false;
	cross_get(what, at, &byte, 1);
	byte ^= (uint8_t)(1U << cross_below(c, 8));
	cross_put(what, at, &byte, 1);
	job->ret = -EBADMSG;
	job->produced = 0;
	return true;
}

static void make_aead(struct cross *c, struct cross_job *job)
{
	const bool open = cross_chance(c, 2), in_place = cross_chance(c, 3);
	const struct state *s = job->on->state;
	size_t len = cross_length(c), aad_len = cross_chance(c, 4) ? cross_length(c) :
					       cross_below(c, 40);
	const bool ccm = strstr(s->a->alg, "ccm");
	struct cross_area src = cross_source(c, len, true), dst = src;
	struct cross_area aad = cross_source(c, aad_len, true);
	struct cross_area tag = cross_area(c, job->on->ctx.tag_len, false);
	unsigned char *plain = c->flat[0], *out = c->flat[1];
	uint8_t want_tag[16];

	if (!in_place)
		dst = cross_maybe_parts(c, len);
	cross_bytes(c, job->iv, sizeof(job->iv));
	memcpy(job->want_iv, job->iv, sizeof(job->iv));
	job->iv_known = true;
	(open ? (__typeof__(&wd_prep_seal))wd_prep_open : wd_prep_seal)(
		&job->req, NULL, NULL, 0, job->iv,
		!ccm ? 12 : 7 + cross_below(c, len > 65535 ? 6 : 7), NULL, 0, cross_base(&tag));
	cross_use(&job->req.src, &src);
	cross_use(&job->req.dst, &dst);
	cross_use(&job->req.aad, &aad);
	job->produced = len;
	cross_get(&src, 0, plain, len);
	seal(job, &aad, c->flat[2], plain, out, (int)len, want_tag);
	if (!open) {
		cross_expect(&dst, 0, out, len);
		cross_expect(&tag, 0, want_tag, tag.len);
		return;
	}
	cross_put(&src, 0, out, len);
	cross_put(&tag, 0, want_tag, tag.len);
	/* Nothing is told of the plaintext of what was forged. */
	if (cross_chance(c, 3)) {
		const struct cross_area *what[] = { &tag, &src, &aad };

		if (forge(c, job, what[cross_below(c, 3)]))
			return;
	}
	cross_expect(&dst, 0, plain, len);
}

const struct cross_family cross_aead = {
	"AEAD", open_aead, make_aead, close_aead,
};
