// SPDX-License-Identifier: GPL-2.0-or-later
/* Authenticated ciphers in software. */
#include <errno.h>

#include <openssl/crypto.h>

#include "cursor.h"
#include "soft_cipher.h"

/**
 * struct message - a request, each part of it in one piece
 * @in:      text
 * @out:     where the result goes
 * @aad:     associated data
 * @scratch: memory for those that are in parts, and for plaintext of which nobody knows yet
 *           whether it may be seen
 * @size:    its size
 */
struct message {
	const unsigned char *in;
	unsigned char *out;
	const unsigned char *aad;
	unsigned char *scratch;
	size_t size;
};

static bool message_make(struct message *m, const struct wd_request *req)
{
	struct wd_cursor src = wd_cursor(&req->src), aad = wd_cursor(&req->aad);
	const size_t len = req->src.len;
	unsigned char *behind;

	m->in = wd_operand_flat(&req->src);
	m->out = req->what == WD_ENCRYPT && m->in ? wd_operand_flat(&req->dst) : NULL;
	m->aad = wd_operand_flat(&req->aad);
	m->size = (m->out ? 0 : len) + (m->aad ? 0 : req->aad.len);
	m->scratch = NULL;
	if (!m->size && m->out)
		return true;

	m->scratch = OPENSSL_malloc(m->size + 1);
	if (!m->scratch)
		return false;
	behind = m->scratch;
	if (!m->out) {
		m->out = behind;
		behind += len;
	}
	if (!m->in) {
		wd_cursor_read(&src, m->out, len);
		m->in = m->out;
	}
	if (!m->aad) {
		wd_cursor_read(&aad, behind, req->aad.len);
		m->aad = behind;
	}
	return true;
}

/* CCM wants the lengths before the key, all of the text at once, and none is one as well. */
static int work(const struct wd_soft_alg *sa, EVP_CIPHER_CTX *c, const struct message *m,
		struct wd_request *req, int tag_len)
{
	const struct wd_soft_key *key = sa->state;
	const bool ccm = sa->info->flags & WD_ALG_CCM, seal = req->what == WD_ENCRYPT;
	const int len = (int)req->src.len, aad_len = (int)req->aad.len;
	unsigned char none[WD_TAG_LEN];
	int n;

	if (EVP_CipherInit_ex2(c, key->cipher, NULL, NULL, seal, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, (int)req->iv_len, NULL) != 1)
		return -ENOMEM;
	if ((ccm || !seal) &&
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, tag_len, seal ? NULL : req->tag) != 1)
		return -ENOMEM;
	if (EVP_CipherInit_ex2(c, NULL, key->bytes, req->iv, seal, NULL) != 1 ||
	    (ccm && EVP_CipherUpdate(c, NULL, &n, NULL, len) != 1) ||
	    (aad_len && EVP_CipherUpdate(c, NULL, &n, m->aad, aad_len) != 1))
		return -ENOMEM;
	if (((len || ccm) && EVP_CipherUpdate(c, m->out, &n, m->in, len) != 1) ||
	    EVP_CipherFinal_ex(c, none, &n) != 1)
		return seal ? -ENOMEM : -EBADMSG;
	if (seal && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, tag_len, req->tag) != 1)
		return -ENOMEM;
	return 0;
}

static int aead_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	const unsigned int tag_len = wd_alg_tag_len(sa->ctx);
	struct wd_cursor dst = wd_cursor(&req->dst);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	struct message m = { 0 };
	int ret = -ENOMEM;

	if (c && message_make(&m, req))
		ret = work(sa, c, &m, req, (int)tag_len);
	if (!ret) {
		if (m.out == m.scratch)
			wd_cursor_write(&dst, m.out, req->dst.len);
		req->produced = req->dst.len;
	}
	EVP_CIPHER_CTX_free(c);
	OPENSSL_clear_free(m.scratch, m.size);
	return ret;
}

const struct wd_soft_ops wd_soft_aead = {
	.init = wd_soft_key_init,
	.exit = wd_soft_key_exit,
	.set_key = wd_soft_key_set,
	.run = aead_run,
};
