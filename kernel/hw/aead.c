// SPDX-License-Identifier: GPL-2.0-only
/*
 * Authenticated ciphers: AEAD and its keys. A message is gathered in the stage, computed
 * by the kernel's crypto API as a whole, and only then written.
 */
#include <crypto/aead.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "key.h"
#include "op.h"

#define WD_NONCE	12
#define WD_CCM_MIN_NONCE	7
#define WD_CCM_MAX_NONCE	13
#define WD_MAX_TAG	16

static const char *const wd_aeads[] = {
	[WD_ALG_NR_AES_GCM] = "gcm(aes)",
	[WD_ALG_NR_AES_CCM] = "ccm(aes)",
	[WD_ALG_NR_CHACHA20_POLY1305] = "rfc7539(chacha20,poly1305)",
};

#define WD_AEAD_ALGS	GENMASK_ULL(WD_ALG_NR_CHACHA20_POLY1305, WD_ALG_NR_AES_GCM)

/* While these are there the algorithms are. */
static struct crypto_aead *wd_aead_tfms[ARRAY_SIZE(wd_aeads)];

u64 wd_aead_init(u64 wanted)
{
	struct crypto_aead *tfm;
	unsigned int nr;
	u64 algs = 0;

	for (nr = WD_ALG_NR_AES_GCM; nr < ARRAY_SIZE(wd_aeads); nr++) {
		if (!(wanted & WD_ALG_BIT(nr)))
			continue;
		tfm = crypto_alloc_aead(wd_aeads[nr], 0, 0);
		if (IS_ERR(tfm))
			continue;
		wd_aead_tfms[nr] = tfm;
		algs |= WD_ALG_BIT(nr);
	}
	return algs;
}

void wd_aead_exit(void)
{
	unsigned int nr;

	for (nr = WD_ALG_NR_AES_GCM; nr < ARRAY_SIZE(wd_aeads); nr++) {
		crypto_free_aead(wd_aead_tfms[nr]);
		wd_aead_tfms[nr] = NULL;
	}
}

/* --------------------------------------------------------------------- keys */

/**
 * struct wd_aead_key - with all that a request needs: none allocates
 * @key:  the key object
 * @tfm:  has the key and the length of the tag
 * @req:  the one request at a time
 * @wait: for it: some of the kernel's ciphers are asynchronous
 * @iv:   its nonce, as the kernel wants it
 * @sg:   for wd_stage_sg()
 */
struct wd_aead_key {
	struct wd_key key;
	struct crypto_aead *tfm;
	struct aead_request *req;
	struct crypto_wait wait;
	u8 iv[16];
	struct scatterlist sg[2];
};

static void aead_key_free(struct wd_key *key)
{
	struct wd_aead_key *k = container_of(key, struct wd_aead_key, key);

	aead_request_free(k->req);
	crypto_free_aead(k->tfm);
	kfree_sensitive(k);
}

static struct wd_key *aead_key_set(u8 alg, const u8 *key, u32 len, u32 tag_len)
{
	struct wd_aead_key *k = kzalloc(sizeof(*k), GFP_KERNEL);
	int err;

	if (!k)
		return ERR_PTR(-ENOMEM);
	k->tfm = crypto_alloc_aead(wd_aeads[alg], 0, 0);
	if (IS_ERR(k->tfm)) {
		kfree(k);
		return ERR_PTR(-ENOMEM);
	}
	err = -ENOMEM;
	k->req = aead_request_alloc(k->tfm, GFP_KERNEL);
	if (!k->req)
		goto err_free;
	crypto_init_wait(&k->wait);
	aead_request_set_callback(k->req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				  crypto_req_done, &k->wait);
	err = crypto_aead_setauthsize(k->tfm, tag_len);
	if (!err)
		err = crypto_aead_setkey(k->tfm, key, len);
	if (err)
		goto err_free;
	return &k->key;

err_free:
	aead_key_free(&k->key);
	return ERR_PTR(err);
}

const struct wd_key_type wd_aead_key_type = {
	.tagged = true,
	.set = aead_key_set,
	.free = aead_key_free,
};

/* --------------------------------------------------------------------- AEAD */

/* What comes next. */
enum wd_aead_phase {
	WD_AEAD_PARAM,		/* read the parameter block */
	WD_AEAD_GATHER_AAD,
	WD_AEAD_GATHER_TEXT,
	WD_AEAD_FLUSH,
};

/**
 * struct wd_aead_job - what is in wd_job.priv
 * @k:     its key
 * @aad:   the associated data
 * @param: the parameter block
 * @phase: how far it is
 */
struct wd_aead_job {
	struct wd_aead_key *k;
	struct wd_operand aad;
	struct wd_aead_param param;
	u8 phase;
};

static_assert(sizeof(struct wd_aead_job) <= WD_JOB_PRIV);

static bool op_encrypts(const struct wd_job *job)
{
	return job->desc.op & WD_AEAD_ENCRYPT;
}

static u16 aead_check(const struct wd_desc *d)
{
	if (d->op & ~WD_AEAD_MASK)
		return WD_ST_BAD_OP;
	if (d->stream)
		return WD_ST_BAD_FLAGS;
	return d->src_len <= WD_MAX_UNIT && d->src_len <= d->dst_len && d->dst_len <= WD_MAX_LEN ?
	       WD_ST_OK : WD_ST_BAD_LENGTH;
}

static u16 aead_begin(struct wd_chan *c, struct wd_job *job)
{
	struct wd_aead_job *aj = (struct wd_aead_job *)job->priv;
	struct wd_key *key = wd_key_get(c, job->desc.key, &wd_aead_key_type);

	if (!key)
		return WD_ST_BAD_KEY;
	aj->k = container_of(key, struct wd_aead_key, key);
	return WD_ST_OK;
}

/* CCM: what the nonce leaves of 15 bytes is for the length of the text. */
static u16 set_nonce(struct wd_aead_job *aj, u32 text)
{
	const struct wd_aead_param *p = &aj->param;
	struct wd_aead_key *k = aj->k;

	if (k->key.alg != WD_ALG_NR_AES_CCM) {
		memcpy(k->iv, p->iv, WD_NONCE);
		return p->iv_len == WD_NONCE ? WD_ST_OK : WD_ST_BAD_PARAM;
	}
	if (p->iv_len < WD_CCM_MIN_NONCE || p->iv_len > WD_CCM_MAX_NONCE)
		return WD_ST_BAD_PARAM;
	if (p->iv_len == WD_CCM_MAX_NONCE && text > U16_MAX)
		return WD_ST_BAD_LENGTH;
	memset(k->iv, 0, sizeof(k->iv));
	k->iv[0] = 14 - p->iv_len;
	memcpy(k->iv + 1, p->iv, p->iv_len);
	return WD_ST_OK;
}

/* The parameter block is there: what does it say? */
static u16 aead_start(struct wd_job *job)
{
	struct wd_aead_job *aj = (struct wd_aead_job *)job->priv;
	bool list = job->desc.op & WD_AEAD_AAD_SGL;
	const struct wd_aead_param *p = &aj->param;
	u64 all;
	u16 status;

	if (memchr_inv(p->reserved, 0, sizeof(p->reserved)))
		return WD_ST_BAD_PARAM;
	if (list && p->aad_len && !IS_ALIGNED(p->aad, sizeof(struct wd_sge)))
		return WD_ST_BAD_SGL;
	status = set_nonce(aj, job->desc.src_len);
	if (status != WD_ST_OK)
		return status;
	all = (u64)p->aad_len + job->desc.src_len + crypto_aead_authsize(aj->k->tfm);
	if (all > WD_MAX_UNIT)
		return WD_ST_BAD_LENGTH;
	wd_operand_init(&aj->aad, p->aad, p->aad_len, list, WD_CQE_FAULT_PARAM);
	return wd_stage_fit(job->chan, job->stage, all) ? WD_ST_OK : WD_ST_NO_RESOURCE;
}

/* All is gathered: associated data, text, tag. In place. */
static u16 aead_compute(struct wd_job *job)
{
	struct wd_aead_job *aj = (struct wd_aead_job *)job->priv;
	u32 aad = aj->param.aad_len, text = job->desc.src_len;
	struct wd_aead_key *k = aj->k;
	u32 tag = crypto_aead_authsize(k->tfm);
	struct wd_stage *s = job->stage;
	struct scatterlist *sg = wd_stage_sg(s, 0, aad + text + tag, k->sg);
	int err;

	/* It was checked, but in a unit another job may have the key as well. */
	set_nonce(aj, text);
	aead_request_set_ad(k->req, aad);
	if (op_encrypts(job)) {
		aead_request_set_crypt(k->req, sg, sg, text, k->iv);
		err = crypto_aead_encrypt(k->req);
	} else {
		memcpy(s->buf + aad + text, aj->param.tag, tag);
		aead_request_set_crypt(k->req, sg, sg, text + tag, k->iv);
		err = crypto_aead_decrypt(k->req);
	}
	err = crypto_wait_req(err, &k->wait);
	s->pos = aad;
	if (!err)
		return WD_ST_OK;
	/* What it decrypted to is nobody's to see. */
	memzero_explicit(s->buf, s->end);
	return err == -EBADMSG ? WD_ST_AUTH : WD_ST_NO_RESOURCE;
}

static enum wd_step aead_finish(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_aead_job *aj = (struct wd_aead_job *)job->priv;
	u64 addr = job->desc.param + offsetof(struct wd_aead_param, tag);
	enum wd_step step = wd_stage_flush(job, io);

	if (step != WD_STEP_DONE)
		return step;
	if (op_encrypts(job) && !wd_param_write(io, addr, job->stage->buf + job->stage->end,
						crypto_aead_authsize(aj->k->tfm)))
		return WD_STEP_FAULT;
	return wd_step_done(res, WD_ST_OK);
}

static enum wd_step aead_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_aead_job *aj = (struct wd_aead_job *)job->priv;
	struct wd_stage *s = job->stage;
	enum wd_step step;
	u16 status;

	switch (aj->phase) {
	case WD_AEAD_PARAM:
		if (!wd_param_read(io, &aj->param, job->desc.param, sizeof(aj->param)))
			return WD_STEP_FAULT;
		status = aead_start(job);
		if (status != WD_ST_OK)
			return wd_step_done(res, status);
		aj->phase = WD_AEAD_GATHER_AAD;
		fallthrough;
	case WD_AEAD_GATHER_AAD:
		step = wd_stage_gather(job, io, &aj->aad, s->end, aj->param.aad_len);
		if (step != WD_STEP_DONE)
			return step;
		aj->phase = WD_AEAD_GATHER_TEXT;
		fallthrough;
	case WD_AEAD_GATHER_TEXT:
		step = wd_stage_gather(job, io, &job->src, job->consumed,
				       aj->param.aad_len + job->desc.src_len);
		job->consumed = s->end - aj->param.aad_len;
		if (step != WD_STEP_DONE)
			return step;
		status = aead_compute(job);
		if (status != WD_ST_OK)
			return wd_step_done(res, status);
		aj->phase = WD_AEAD_FLUSH;
		fallthrough;
	default:
		return aead_finish(job, io, res);
	}
}

const struct wd_op wd_op_aead = {
	.algs = WD_AEAD_ALGS,
	.flags = WD_DESC_SGLS,
	.has = WD_OP_HAS_PARAM | WD_OP_HAS_KEY | WD_OP_LINKS,
	.check = aead_check,
	.begin = aead_begin,
	.step = aead_step,
};
