// SPDX-License-Identifier: GPL-2.0-or-later
/* Ciphers, against libcrypto; SM4 in XTS, which not every libcrypto has, from its blocks. */
#include <openssl/evp.h>

#include "cross.h"
#include "wd_cipher.h"

#define BLOCK	16U

enum mode { ECB, CBC, CTR, XTS, CHACHA20 };

static const struct cipher {
	const char *alg;
	enum mode mode;
	const char *ref;	/* AES: with the bits of a key */
} ciphers[] = {
	{ "ecb(aes)", ECB, "AES-%zu-ECB" },
	{ "cbc(aes)", CBC, "AES-%zu-CBC" },
	{ "ctr(aes)", CTR, "AES-%zu-CTR" },
	{ "xts(aes)", XTS, "AES-%zu-XTS" },
	{ "chacha20", CHACHA20, "ChaCha20" },
	{ "cbc(sm4)", CBC, "SM4-CBC" },
	{ "ctr(sm4)", CTR, "SM4-CTR" },
	{ "xts(sm4)", XTS, NULL },
};

/**
 * struct state - of a context
 * @c: the other cipher
 * @evp: where it runs
 * @tweak: XTS of SM4: what encrypts the tweak
 */
struct state {
	const struct cipher *c;
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *evp;
	EVP_CIPHER_CTX *tweak;
};

static size_t key_length(struct cross *c, const struct cipher *cipher)
{
	if (strstr(cipher->alg, "sm4"))
		return cipher->mode == XTS ? 32 : 16;
	if (cipher->mode == CHACHA20)
		return 32;
	return cipher->mode == XTS ? 32U << cross_below(c, 2) : 16 + 8 * cross_below(c, 3);
}

static bool open_cipher(struct cross *c, struct cross_ctx *on)
{
	const struct cipher *cipher = &ciphers[cross_below(c, sizeof(ciphers) / sizeof(*ciphers))];
	struct state *s = on->state = must_alloc(sizeof(*s));
	char name[32] = "SM4-ECB";

	on->key_len = key_length(c, cipher);
	cross_bytes(c, on->key, on->key_len);
	if (!cross_open(c, on, cipher->alg, 0)) {
		free(s);
		return false;
	}
	if (strstr(cipher->alg, "aes"))
		snprintf(name, sizeof(name), cipher->ref,
			 on->key_len * (cipher->mode == XTS ? 4 : 8));
	else if (cipher->ref)
		snprintf(name, sizeof(name), "%s", cipher->ref);
	*s = (struct state){ cipher, EVP_CIPHER_fetch(NULL, name, NULL), EVP_CIPHER_CTX_new(), NULL };
	MUST(s->cipher && s->evp);
	if (!cipher->ref) {
		s->tweak = EVP_CIPHER_CTX_new();
		MUST(s->tweak && EVP_CipherInit_ex2(s->tweak, s->cipher, on->key + 16, NULL, 1, NULL));
	}
	return true;
}

static void close_cipher(struct cross_ctx *on)
{
	struct state *s = on->state;

	EVP_CIPHER_CTX_free(s->tweak);
	EVP_CIPHER_CTX_free(s->evp);
	EVP_CIPHER_free(s->cipher);
	free(s);
}

static void update(EVP_CIPHER_CTX *evp, const unsigned char *in, unsigned char *out, size_t len)
{
	int n;

	MUST(EVP_CipherUpdate(evp, out, &n, in, (int)len) == 1 && (size_t)n == len);
}

static void double_tweak(uint8_t *t)
{
	unsigned int carry = 0;

	for (unsigned int i = 0; i < BLOCK; i++) {
		unsigned int wide = (unsigned int)t[i] << 1 | carry;

		t[i] = (uint8_t)wide;
		carry = wide >> 8;
	}
	if (carry)
		t[0] ^= 0x87;
}

static void xts_block(struct state *s, const uint8_t *tweak, const uint8_t *in, uint8_t *out)
{
	uint8_t block[BLOCK];

	for (unsigned int i = 0; i < BLOCK; i++)
		block[i] = in[i] ^ tweak[i];
	update(s->evp, block, block, BLOCK);
	for (unsigned int i = 0; i < BLOCK; i++)
		out[i] = block[i] ^ tweak[i];
}

/* A data unit as IEEE 1619, 5.3 and 5.4, with stealing. */
static void xts_unit(struct state *s, bool encrypt, const uint8_t *iv, const uint8_t *in,
		     uint8_t *out, size_t len)
{
	size_t rest = len % BLOCK, whole = len - rest, pos;
	uint8_t t[BLOCK], next[BLOCK], last[BLOCK], steal[BLOCK];

	update(s->tweak, iv, t, BLOCK);
	for (pos = 0; pos < whole - (rest ? BLOCK : 0); pos += BLOCK) {
		xts_block(s, t, in + pos, out + pos);
		double_tweak(t);
	}
	if (!rest)
		return;
	memcpy(next, t, BLOCK);
	double_tweak(next);
	xts_block(s, encrypt ? t : next, in + pos, last);
	memcpy(steal, last, BLOCK);
	memcpy(steal, in + pos + BLOCK, rest);
	memcpy(out + pos + BLOCK, last, rest);
	xts_block(s, encrypt ? next : t, steal, out + pos);
}

static void xts(struct state *s, bool encrypt, const struct cross_job *job, const uint8_t *in,
		uint8_t *out, size_t len)
{
	const size_t unit = job->req.unit ? job->req.unit : len;
	uint8_t iv[BLOCK];
	size_t n;

	memcpy(iv, job->iv, BLOCK);
	for (; len; len -= n, in += n, out += n) {
		n = len < unit ? len : unit;
		if (s->tweak) {
			xts_unit(s, encrypt, iv, in, out, n);
		} else {
			MUST(EVP_CipherInit_ex2(s->evp, NULL, NULL, iv, -1, NULL));
			update(s->evp, in, out, n);
		}
		for (unsigned int i = 0; i < BLOCK && !++iv[i]; i++)
			;
	}
}

/* The vector with which the next request goes on. */
static bool next_iv(enum mode mode, const struct cross_job *job, const uint8_t *cipher, size_t len,
		    uint8_t *iv)
{
	uint64_t n;

	memcpy(iv, job->iv, BLOCK);
	switch (mode) {
	case CBC:
		memcpy(iv, cipher + len - BLOCK, BLOCK);
		return true;
	case CTR:
		n = len / BLOCK;
		for (int i = 15; n; n >>= 8, i--) {
			n += iv[i];
			iv[i] = (uint8_t)n;
		}
		return len % BLOCK == 0;
	case CHACHA20:
		n = len / 64 + (iv[0] | iv[1] << 8 | iv[2] << 16 | (uint32_t)iv[3] << 24);
		for (int i = 0; i < 4; i++, n >>= 8)
			iv[i] = (uint8_t)n;
		return len % 64 == 0;
	default:
		return true;
	}
}

static size_t cipher_length(struct cross *c, const struct state *s, struct cross_job *job)
{
	const enum mode mode = s->c->mode;
	size_t len = cross_length(c), unit = 0;

	if (mode == ECB || mode == CBC)
		len -= len % BLOCK;
	if (mode == XTS && cross_chance(c, 2))
		unit = BLOCK << cross_below(c, len < 20000 ? 9 : 4) << (len < 20000 ? 0 : 5);
	/* Plain C, and slow. */
	if (s->tweak && len > 8192)
		len %= 8192;
	if (mode == CTR || mode == CHACHA20)
		return len ? len : 1;
	if (unit && len % unit && len % unit < BLOCK)
		len -= len % unit;
	job->req.unit = unit;
	return len < BLOCK ? BLOCK : len;
}

static void make_cipher(struct cross *c, struct cross_job *job)
{
	struct state *s = job->on->state;
	const bool encrypt = cross_chance(c, 2), in_place = cross_chance(c, 3);
	const size_t len = cipher_length(c, s, job), unit = job->req.unit;
	struct cross_area src = cross_source(c, len, true), dst = src;
	unsigned char *in = c->flat[0], *out = c->flat[1];

	cross_get(&src, 0, in, len);
	if (!in_place)
		dst = cross_maybe_parts(c, len);
	cross_bytes(c, job->iv, sizeof(job->iv));
	if (s->c->mode == CHACHA20)
		job->iv[3] &= 0x7f;	/* its counter does not wrap: a test of its own */
	(encrypt ? wd_prep_encrypt : wd_prep_decrypt)(&job->req, NULL, NULL, 0,
						      s->c->mode == ECB ? NULL : job->iv);
	cross_use(&job->req.src, &src);
	cross_use(&job->req.dst, &dst);
	job->req.unit = unit;
	job->produced = len;
	MUST(EVP_CipherInit_ex2(s->evp, s->cipher, job->on->key, s->c->mode == ECB || !s->c->ref ?
				NULL : job->iv, encrypt, NULL) == 1);
	MUST(EVP_CIPHER_CTX_set_padding(s->evp, 0) == 1);
	if (s->c->mode == XTS)
		xts(s, encrypt, job, in, out, len);
	else
		update(s->evp, in, out, len);
	cross_expect(&dst, 0, out, len);
	job->iv_known = next_iv(s->c->mode, job, encrypt ? out : in, len, job->want_iv);
}

const struct cross_family cross_cipher = {
	"cipher", open_cipher, make_cipher, close_cipher,
};
