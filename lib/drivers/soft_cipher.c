// SPDX-License-Identifier: GPL-2.0-or-later
/* Ciphers in software. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <misc/uacce/wd_accel.h>

#include "cursor.h"
#include "soft_cipher.h"

#define BLOCK		16U
#define CHACHA_BLOCK	64U
#define PIECE		(1U << 30)	/* libcrypto counts in int */

static const char *mode_name(unsigned int nr)
{
	static const char *const names[] = {
		[WD_ALG_NR_AES_ECB] = "ECB",
		[WD_ALG_NR_AES_CBC] = "CBC",
		[WD_ALG_NR_AES_CTR] = "CTR",
		[WD_ALG_NR_AES_XTS] = "XTS",
		[WD_ALG_NR_CHACHA20] = "ChaCha20",
		[WD_ALG_NR_SM4_CBC] = "SM4-CBC",
		[WD_ALG_NR_SM4_CTR] = "SM4-CTR",
		[WD_ALG_NR_SM4_XTS] = "SM4-XTS",
		[WD_ALG_NR_AES_GCM] = "GCM",
		[WD_ALG_NR_AES_CCM] = "CCM",
		[WD_ALG_NR_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
	};

	return names[nr];
}

/* libcrypto's implementation for keys of @len bytes; NULL: it has none. */
static EVP_CIPHER *fetch(const struct wd_alg_info *info, size_t len)
{
	const char *name = mode_name(info->nr);
	char full[32];

	/* Of AES there is one for each length; of XTS that is of half of the key. */
	if (info->keys[1]) {
		snprintf(full, sizeof(full), "AES-%zu-%s",
			 len * (info->flags & WD_ALG_XTS ? 4 : 8), name);
		name = full;
	}
	return EVP_CIPHER_fetch(NULL, name, NULL);
}

int wd_soft_key_init(struct wd_soft_alg *sa)
{
	struct wd_soft_key *key = OPENSSL_zalloc(sizeof(*key));

	if (!key)
		return -ENOMEM;
	key->cipher = fetch(sa->info, sa->info->keys[0]);
	if (!key->cipher) {
		OPENSSL_free(key);
		return -ENODEV;
	}
	sa->state = key;
	return 0;
}

void wd_soft_key_exit(struct wd_soft_alg *sa)
{
	struct wd_soft_key *key = sa->state;

	EVP_CIPHER_free(key->cipher);
	OPENSSL_clear_free(key, sizeof(*key));
}

int wd_soft_key_set(struct wd_soft_alg *sa, const void *bytes, size_t len)
{
	struct wd_soft_key *key = sa->state;
	EVP_CIPHER *cipher = fetch(sa->info, len);

	if (!cipher)
		return -ENOMEM;
	EVP_CIPHER_free(key->cipher);
	key->cipher = cipher;
	OPENSSL_cleanse(key->bytes, sizeof(key->bytes));
	memcpy(key->bytes, bytes, len);
	return 0;
}

static bool update(EVP_CIPHER_CTX *c, void *out, const void *in, size_t len)
{
	int n;

	return EVP_CipherUpdate(c, out, &n, in, (int)len) == 1 && (size_t)n == len;
}

/* A block that begins in one part and ends in another. */
static bool feed_torn(EVP_CIPHER_CTX *c, struct wd_cursor *src, struct wd_cursor *dst, size_t n)
{
	unsigned char block[BLOCK];
	bool ok;

	wd_cursor_read(src, block, n);
	ok = update(c, block, block, n);
	wd_cursor_write(dst, block, n);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* @len bytes; whole blocks go in, but at the end, so that as much comes out. */
static bool feed(EVP_CIPHER_CTX *c, struct wd_cursor *src, struct wd_cursor *dst, size_t len)
{
	bool ok = true;

	while (len && ok) {
		const size_t in = wd_cursor_here(src), out = wd_cursor_here(dst);
		size_t n = in < out ? in : out;

		if (n >= len)
			n = len;
		else
			n -= n % BLOCK;
		if (n > PIECE)
			n = PIECE;
		if (n) {
			ok = update(c, dst->p, src->p, n);
			wd_cursor_skip(src, n);
			wd_cursor_skip(dst, n);
		} else {
			n = len < BLOCK ? len : BLOCK;
			ok = feed_torn(c, src, dst, n);
		}
		len -= n;
	}
	return ok;
}

static bool set_iv(EVP_CIPHER_CTX *c, const struct wd_request *req, const uint8_t *iv)
{
	return EVP_CipherInit_ex2(c, NULL, NULL, iv, req->what == WD_ENCRYPT, NULL) == 1;
}

/* libcrypto would carry from the counter into the nonce. */
static bool run_chacha(EVP_CIPHER_CTX *c, struct wd_request *req,
		       struct wd_cursor *src, struct wd_cursor *dst)
{
	uint32_t counter;
	bool ok = true;

	memcpy(&counter, req->iv, sizeof(counter));
	counter = le32toh(counter);
	for (size_t left = req->src.len, n; left && ok; left -= n) {
		const uint64_t most = ((1ULL << 32) - counter) * CHACHA_BLOCK;
		uint32_t le;

		n = left < most ? left : (size_t)most;
		ok = set_iv(c, req, req->iv) && feed(c, src, dst, n);
		counter += (uint32_t)((n + CHACHA_BLOCK - 1) / CHACHA_BLOCK);
		le = htole32(counter);
		memcpy(req->iv, &le, sizeof(le));
	}
	return ok;
}

static void next_tweak(uint8_t *iv)
{
	for (unsigned int i = 0; i < BLOCK && !++iv[i]; i++)
		;
}

/* A data unit goes in at once, so it must be in one piece: @scratch where it is not. */
static bool run_unit(EVP_CIPHER_CTX *c, struct wd_cursor *src, struct wd_cursor *dst, size_t n,
		     unsigned char *scratch)
{
	bool ok;

	if (wd_cursor_here(src) >= n && wd_cursor_here(dst) >= n) {
		ok = update(c, dst->p, src->p, n);
		wd_cursor_skip(src, n);
		wd_cursor_skip(dst, n);
		return ok;
	}
	wd_cursor_read(src, scratch, n);
	ok = update(c, scratch, scratch, n);
	wd_cursor_write(dst, scratch, n);
	return ok;
}

static bool run_xts(EVP_CIPHER_CTX *c, const struct wd_request *req,
		    struct wd_cursor *src, struct wd_cursor *dst)
{
	const size_t len = req->src.len;
	const size_t unit = req->unit && req->unit < len ? req->unit : len;
	const bool flat = wd_operand_flat(&req->src) && wd_operand_flat(&req->dst);
	unsigned char *scratch = flat ? NULL : OPENSSL_malloc(unit);
	bool ok = flat || scratch;
	uint8_t iv[BLOCK];

	memcpy(iv, req->iv, sizeof(iv));
	for (size_t left = len, n; left && ok; left -= n) {
		n = left < unit ? left : unit;
		ok = set_iv(c, req, iv) && run_unit(c, src, dst, n, scratch);
		next_tweak(iv);
	}
	OPENSSL_clear_free(scratch, unit);
	return ok;
}

static bool run_mode(const struct wd_alg_info *info, EVP_CIPHER_CTX *c, struct wd_request *req)
{
	struct wd_cursor src = wd_cursor(&req->src), dst = wd_cursor(&req->dst);

	if (info->flags & WD_ALG_XTS)
		return run_xts(c, req, &src, &dst);
	if (info->nr == WD_ALG_NR_CHACHA20)
		return run_chacha(c, req, &src, &dst);
	return feed(c, &src, &dst, req->src.len) &&
	       (!info->iv || EVP_CIPHER_CTX_get_updated_iv(c, req->iv, info->iv) == 1);
}

static int cipher_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	/* XTS(SM4) is IEEE 1619's, as the kernel's is; libcrypto's default is another. */
	const OSSL_PARAM ieee[] = {
		OSSL_PARAM_utf8_string(OSSL_CIPHER_PARAM_XTS_STANDARD, (char *)"IEEE", 4),
		OSSL_PARAM_END,
	};
	const bool sm4_xts = sa->info->nr == WD_ALG_NR_SM4_XTS;
	const struct wd_soft_key *key = sa->state;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int ret = -ENOMEM;

	if (c && EVP_CipherInit_ex2(c, key->cipher, key->bytes, req->iv,
				    req->what == WD_ENCRYPT, sm4_xts ? ieee : NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(c, 0) == 1 && run_mode(sa->info, c, req)) {
		req->produced = req->src.len;
		ret = 0;
	}
	EVP_CIPHER_CTX_free(c);
	return ret;
}

const struct wd_soft_ops wd_soft_cipher = {
	.init = wd_soft_key_init,
	.exit = wd_soft_key_exit,
	.set_key = wd_soft_key_set,
	.run = cipher_run,
};
