// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is tried of each kind of algorithm. Where answers were published they are compared
 * with; moving memory and protection information, which have none, with what
 * libwd's software driver makes of the same; compression by way there and back, one of the two
 * in software.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wd_aead.h>
#include <wd_cipher.h>
#include <wd_comp.h>
#include <wd_digest.h>
#include <wd_dma.h>

#include "answers.h"
#include "vectors.h"

#define LEN	(64 * 1024)
#define ROOM	(LEN + LEN / 4)
#define BLOCKS	16
#define BLOCK	512

/* Hexadecimal to bytes of their own, at least one; NULL: no memory. */
static uint8_t *unhex(const char *hex, size_t *len)
{
	size_t n = strlen(hex) / 2;
	uint8_t *bytes = malloc(n + 1);

	for (size_t i = 0; bytes && i < n; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1] };

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	*len = n;
	return bytes;
}

static void fill(uint8_t *buf, size_t len)
{
	uint32_t x = 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		buf[i] = (uint8_t)(x >> 24 & (i & 1024 ? 0x0f : 0xff));
	}
}

/* ------------------------------------------------------------- requests */

static int try_cipher(struct wd_chan *ch, const struct cipher_vector *v)
{
	struct wd_alg_ctx ctx = { .ch = ch, .alg = v->alg, .flags = WD_ALG_F_DEVICE };
	size_t key_len, iv_len, len, cipher_len;
	uint8_t *key = unhex(v->key, &key_len), *iv = unhex(v->iv, &iv_len);
	uint8_t *plain = unhex(v->plain, &len), *cipher = unhex(v->cipher, &cipher_len);
	uint8_t *out = malloc(len + 1);
	struct wd_request req;
	int ret = key && iv && plain && cipher && out ? 0 : -ENOMEM;

	if (!ret)
		ret = wd_alg_init(&ctx);
	if (!ret)
		ret = wd_alg_set_key(&ctx, key, key_len);
	if (!ret) {
		wd_prep_encrypt(&req, plain, out, len, iv_len ? iv : NULL);
		ret = wd_alg_run(&ctx, &req);
	}
	if (!ret && memcmp(out, cipher, len))
		ret = -EBADMSG;
	free(iv);
	iv = unhex(v->iv, &iv_len);
	if (!ret) {
		wd_prep_decrypt(&req, cipher, out, len, iv_len ? iv : NULL);
		ret = iv ? wd_alg_run(&ctx, &req) : -ENOMEM;
	}
	if (!ret && memcmp(out, plain, len))
		ret = -EBADMSG;
	wd_alg_exit(&ctx);
	free(key);
	free(iv);
	free(plain);
	free(cipher);
	free(out);
	return ret;
}

static int try_ciphers(struct wd_chan *ch, const char *name, const char **which)
{
	int n = 0, ret;

	for (const struct cipher_vector *v = cipher_vectors; v->alg; v++) {
		if (strcmp(v->alg, name))
			continue;
		*which = v->source;
		ret = try_cipher(ch, v);
		if (ret)
			return ret;
		n++;
	}
	return n;
}

static int try_aead(struct wd_chan *ch, const struct aead_vector *v)
{
	struct wd_alg_ctx ctx = { .ch = ch, .alg = v->alg, .flags = WD_ALG_F_DEVICE };
	size_t key_len, nonce_len, aad_len, len, cipher_len, tag_len;
	uint8_t *key = unhex(v->key, &key_len), *nonce = unhex(v->nonce, &nonce_len);
	uint8_t *aad = unhex(v->aad, &aad_len), *plain = unhex(v->plain, &len);
	uint8_t *cipher = unhex(v->cipher, &cipher_len), *tag = unhex(v->tag, &tag_len);
	uint8_t *out = malloc(len + 1), made[16];
	struct wd_request req;
	int ret = key && nonce && aad && plain && cipher && tag && out ? 0 : -ENOMEM;

	ctx.tag_len = (unsigned int)tag_len;
	if (!ret)
		ret = wd_alg_init(&ctx);
	if (!ret)
		ret = wd_alg_set_key(&ctx, key, key_len);
	if (!ret) {
		wd_prep_seal(&req, plain, out, len, nonce, nonce_len, aad, aad_len, made);
		ret = wd_alg_run(&ctx, &req);
	}
	if (!ret && (memcmp(out, cipher, len) || memcmp(made, tag, tag_len)))
		ret = -EBADMSG;
	if (!ret) {
		wd_prep_open(&req, cipher, out, len, nonce, nonce_len, aad, aad_len, tag);
		ret = wd_alg_run(&ctx, &req);
	}
	if (!ret && memcmp(out, plain, len))
		ret = -EBADMSG;
	wd_alg_exit(&ctx);
	free(key);
	free(nonce);
	free(aad);
	free(plain);
	free(cipher);
	free(tag);
	free(out);
	return ret;
}

static int try_aeads(struct wd_chan *ch, const char *name, const char **which)
{
	int n = 0, ret;

	for (const struct aead_vector *v = aead_vectors; v->alg; v++) {
		if (strcmp(v->alg, name))
			continue;
		*which = v->source;
		ret = try_aead(ch, v);
		if (ret)
			return ret;
		n++;
	}
	return n;
}

static int try_digest(struct wd_chan *ch, const struct digest_vector *v)
{
	struct wd_alg_ctx ctx = { .ch = ch, .alg = v->alg, .flags = WD_ALG_F_DEVICE };
	uint8_t out[WD_DIGEST_MAX_SIZE];
	size_t key_len, len;
	uint8_t *key = unhex(v->key, &key_len), *digest = unhex(v->digest, &len);
	struct wd_request req;
	int ret = key && digest ? wd_alg_init(&ctx) : -ENOMEM;

	if (!ret && key_len)
		ret = wd_alg_set_key(&ctx, key, key_len);
	if (!ret) {
		wd_prep_digest(&req, v->data, strlen(v->data), out, sizeof(out));
		ret = wd_alg_run(&ctx, &req);
	}
	if (!ret && memcmp(out, digest, len))
		ret = -EBADMSG;
	wd_alg_exit(&ctx);
	free(key);
	free(digest);
	return ret;
}

static int try_digests(struct wd_chan *ch, const char *name, const char **which)
{
	int n = 0, ret;

	for (const struct digest_vector *v = digest_vectors; v->alg; v++) {
		if (strcmp(v->alg, name))
			continue;
		*which = v->source;
		ret = try_digest(ch, v);
		if (ret)
			return ret;
		n++;
	}
	return n;
}

static int try_crcs(struct wd_chan *ch, const char *name, const char **which)
{
	struct wd_alg_ctx ctx = { .ch = ch, .alg = name, .flags = WD_ALG_F_DEVICE };
	struct wd_request req;
	int n = 0, ret;

	ret = wd_alg_init(&ctx);
	for (const struct crc_vector *v = crc_vectors; v->alg && !ret; v++) {
		if (strcmp(v->alg, name))
			continue;
		*which = v->source;
		wd_prep_digest(&req, v->data, strlen(v->data), NULL, 0);
		ret = wd_alg_run(&ctx, &req);
		if (!ret && req.result != v->crc)
			ret = -EBADMSG;
		n++;
	}
	wd_alg_exit(&ctx);
	return ret ? ret : n;
}

/* ------------------------------------------------- beside the software driver */

static const struct wd_dif dif = {
	.type = 1, .block = BLOCK, .app_tag = 0x1234, .app_mask = 0xffff, .ref_tag = 0xfffffffe,
	.new_app_tag = 0x4321, .new_ref_tag = 7,
	.checks = WD_DIF_CHECK_GUARD | WD_DIF_CHECK_APP | WD_DIF_CHECK_REF,
};

/* Memory that a request works on, and results that are not memory. */
struct work {
	uint8_t src[LEN];
	uint8_t dst[LEN];
	uint8_t dst2[LEN];
	struct wd_request req;
};

static void prep_copy(struct work *w)
{
	wd_prep_copy(&w->req, w->dst, w->src, LEN - 3);
}

static void prep_fill(struct work *w)
{
	wd_prep_fill(&w->req, w->dst + 1, LEN - 7, 0x0123456789abcdef);
}

static void prep_compare(struct work *w)
{
	memcpy(w->dst, w->src, LEN);
	w->dst[LEN - 5] ^= 1;
	wd_prep_compare(&w->req, w->src, w->dst, LEN);
}

static void prep_dualcast(struct work *w)
{
	wd_prep_dualcast(&w->req, w->dst, w->dst2, w->src, LEN);
}

static void prep_copy_crc(struct work *w)
{
	wd_prep_copy_crc(&w->req, w->dst, w->src, LEN, 0x12345678);
}

static void prep_xor(struct work *w)
{
	static void *srcs[3];

	srcs[0] = w->src;
	srcs[1] = w->src + 4097;
	srcs[2] = w->src + 9999;
	wd_prep_xor(&w->req, w->dst, srcs, 3, LEN / 2);
}

static void prep_dif(struct work *w)
{
	wd_prep_dif_insert(&w->req, w->dst, w->src, BLOCKS, &dif);
}

static void prep_dix(struct work *w)
{
	wd_prep_dix_generate(&w->req, w->dst, w->src, BLOCKS, &dif);
}

static const struct {
	const char *name;
	void (*prep)(struct work *w);
} moves[] = {
	{ "copy", prep_copy }, { "fill", prep_fill }, { "compare", prep_compare },
	{ "dualcast", prep_dualcast }, { "copy-crc32c", prep_copy_crc }, { "xor", prep_xor },
	{ "dif", prep_dif }, { "dix", prep_dix },
};

static int run_move(struct wd_alg_ctx *ctx, void (*prep)(struct work *), struct work *w)
{
	int ret = wd_alg_init(ctx);

	memset(w, 0, sizeof(*w));
	fill(w->src, sizeof(w->src));
	prep(w);
	if (!ret)
		ret = wd_alg_run(ctx, &w->req);
	wd_alg_exit(ctx);
	return ret;
}

static int try_move(struct wd_chan *ch, const char *name, void (*prep)(struct work *))
{
	struct wd_alg_ctx ctx = { .ch = ch, .alg = name, .flags = WD_ALG_F_DEVICE };
	struct wd_alg_ctx soft = { .alg = name, .flags = WD_ALG_F_SOFTWARE };
	struct work *w = malloc(sizeof(*w)), *want = malloc(sizeof(*want));
	int ret = -ENOMEM, expect;

	if (!w || !want)
		goto out;
	expect = run_move(&soft, prep, want);
	ret = run_move(&ctx, prep, w);
	if (expect < 0 || ret < 0) {
		ret = ret < 0 ? ret : expect;
		goto out;
	}
	if (ret != expect || w->req.result != want->req.result ||
	    memcmp(w->dst, want->dst, LEN) || memcmp(w->dst2, want->dst2, LEN))
		ret = -EBADMSG;
	else
		ret = 1;
out:
	free(w);
	free(want);
	return ret;
}

/* ---------------------------------------------------------- compression */

static const struct {
	const char *name;
	int type;
} formats[] = {
	{ "deflate", WD_RAW }, { "zlib", WD_ZLIB }, { "gzip", WD_GZIP },
	{ "lz4", WD_LZ4_BLOCK }, { "lz4-frame", WD_LZ4_FRAME }, { "zstd", WD_ZSTD },
};

/* All of @in to @out, at once. Returns the bytes there. */
static int run_comp(struct wd_chan *ch, int type, int (*run)(struct wd_comp_ctx *),
		    const uint8_t *in, size_t in_len, uint8_t *out)
{
	struct wd_comp_ctx ctx = {
		.ch = ch, .alg_type = type, .comp_level = WD_LEVEL_DEFAULT,
		.stream_mode = WD_STATELESS, .flags = ch ? 0 : WD_COMP_F_SOFTWARE,
		.in = in, .in_len = in_len, .out = out, .out_len = ROOM,
	};
	int ret = wd_alg_comp_init(&ctx);

	if (!ret)
		ret = run(&ctx);
	wd_alg_comp_exit(&ctx);
	if (ret < 0)
		return ret;
	return ret == WD_STREAM_END ? (int)ctx.produced : -EBADMSG;
}

static int there_and_back(struct wd_chan *there, struct wd_chan *back, int type)
{
	uint8_t *plain = malloc(LEN), *packed = malloc(ROOM), *out = malloc(ROOM);
	int n = -ENOMEM;

	if (plain && packed && out) {
		fill(plain, LEN);
		n = run_comp(there, type, wd_alg_deflate, plain, LEN, packed);
		if (n >= 0)
			n = run_comp(back, type, wd_alg_inflate, packed, (size_t)n, out);
		if (n >= 0)
			n = n == LEN && !memcmp(plain, out, LEN) ? 0 : -EBADMSG;
	}
	free(plain);
	free(packed);
	free(out);
	return n;
}

static int try_comp(struct wd_chan *ch, int type, const char **which)
{
	int ret;

	*which = "compressed, and in software back";
	ret = there_and_back(ch, NULL, type);
	if (ret)
		return ret;
	*which = "what software compressed";
	ret = there_and_back(NULL, ch, type);
	return ret ? ret : 2;
}

int try_algorithm(struct wd_chan *ch, const char *name, const char **which)
{
	int (*const by_vectors[])(struct wd_chan *, const char *, const char **) = {
		try_ciphers, try_aeads, try_digests,
	};
	int ret;

	*which = "beside the software driver";
	for (size_t i = 0; i < sizeof(moves) / sizeof(*moves); i++)
		if (!strcmp(moves[i].name, name))
			return try_move(ch, moves[i].name, moves[i].prep);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(formats[i].name, name))
			return try_comp(ch, formats[i].type, which);
	if (!strncmp(name, "crc", 3))
		return try_crcs(ch, name, which);
	for (size_t i = 0; i < sizeof(by_vectors) / sizeof(*by_vectors); i++) {
		ret = by_vectors[i](ch, name, which);
		if (ret)
			return ret;
	}
	return 0;
}
