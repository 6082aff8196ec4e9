// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ciphers: CIPHER and its keys. The kernel's crypto API computes, in the stage, a chunk
 * at a time; the vector goes from one chunk to the next in the job.
 */
#include <crypto/skcipher.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "key.h"
#include "op.h"

#define WD_BLOCK	16
#define WD_MIN_UNIT	4	/* log2 */

/* What becomes of the vector. */
enum wd_iv {
	WD_IV_NONE,
	WD_IV_CHAIN,		/* the last block of the ciphertext: the kernel sees to it */
	WD_IV_COUNTER,		/* 128 bits, big-endian, one more for each block of 16 */
	WD_IV_CHACHA,		/* 32 bits, little-endian, one more for each block of 64 */
	WD_IV_TWEAK,		/* 128 bits, little-endian, one more for each unit */
};

/**
 * struct wd_cipher - an algorithm
 * @name:  the kernel's
 * @iv:    its vector
 * @whole: only whole blocks
 */
struct wd_cipher {
	const char *name;
	enum wd_iv iv;
	bool whole;
};

static const struct wd_cipher wd_ciphers[] = {
	[WD_ALG_NR_AES_ECB] = { "ecb(aes)", WD_IV_NONE, true },
	[WD_ALG_NR_AES_CBC] = { "cbc(aes)", WD_IV_CHAIN, true },
	[WD_ALG_NR_AES_CTR] = { "ctr(aes)", WD_IV_COUNTER },
	[WD_ALG_NR_AES_XTS] = { "xts(aes)", WD_IV_TWEAK },
	[WD_ALG_NR_CHACHA20] = { "chacha20", WD_IV_CHACHA },
	[WD_ALG_NR_SM4_CBC] = { "cbc(sm4)", WD_IV_CHAIN, true },
	[WD_ALG_NR_SM4_CTR] = { "ctr(sm4)", WD_IV_COUNTER },
	[WD_ALG_NR_SM4_XTS] = { "xts(sm4)", WD_IV_TWEAK },
};

#define WD_CIPHER_ALGS	GENMASK_ULL(WD_ALG_NR_SM4_XTS, WD_ALG_NR_AES_ECB)

/* While these are there the algorithms are. */
static struct crypto_skcipher *wd_cipher_tfms[ARRAY_SIZE(wd_ciphers)];

u64 wd_cipher_init(u64 wanted)
{
	struct crypto_skcipher *tfm;
	unsigned int nr;
	u64 algs = 0;

	for (nr = WD_ALG_NR_AES_ECB; nr < ARRAY_SIZE(wd_ciphers); nr++) {
		if (!(wanted & WD_ALG_BIT(nr)))
			continue;
		tfm = crypto_alloc_skcipher(wd_ciphers[nr].name, 0, 0);
		if (IS_ERR(tfm))
			continue;
		wd_cipher_tfms[nr] = tfm;
		algs |= WD_ALG_BIT(nr);
	}
	return algs;
}

void wd_cipher_exit(void)
{
	unsigned int nr;

	for (nr = WD_ALG_NR_AES_ECB; nr < ARRAY_SIZE(wd_ciphers); nr++) {
		crypto_free_skcipher(wd_cipher_tfms[nr]);
		wd_cipher_tfms[nr] = NULL;
	}
}

/* --------------------------------------------------------------------- keys */

/**
 * struct wd_cipher_key - with all that a request needs: none allocates
 * @key:  the key object
 * @tfm:  has the key
 * @req:  the one request at a time
 * @wait: for it: some of the kernel's ciphers are asynchronous
 * @iv:   its vector
 * @sg:   for wd_stage_sg()
 */
struct wd_cipher_key {
	struct wd_key key;
	struct crypto_skcipher *tfm;
	struct skcipher_request *req;
	struct crypto_wait wait;
	u8 iv[WD_BLOCK];
	struct scatterlist sg[2];
};

static void cipher_key_free(struct wd_key *key)
{
	struct wd_cipher_key *k = container_of(key, struct wd_cipher_key, key);

	skcipher_request_free(k->req);
	crypto_free_skcipher(k->tfm);
	kfree_sensitive(k);
}

static struct wd_key *cipher_key_set(u8 alg, const u8 *key, u32 len, u32 tag_len)
{
	struct wd_cipher_key *k = kzalloc(sizeof(*k), GFP_KERNEL);
	int err;

	if (!k)
		return ERR_PTR(-ENOMEM);
	k->tfm = crypto_alloc_skcipher(wd_ciphers[alg].name, 0, 0);
	if (IS_ERR(k->tfm)) {
		kfree(k);
		return ERR_PTR(-ENOMEM);
	}
	err = -ENOMEM;
	k->req = skcipher_request_alloc(k->tfm, GFP_KERNEL);
	if (!k->req)
		goto err_free;
	crypto_init_wait(&k->wait);
	skcipher_request_set_callback(k->req, CRYPTO_TFM_REQ_MAY_BACKLOG | CRYPTO_TFM_REQ_MAY_SLEEP,
				      crypto_req_done, &k->wait);
	crypto_skcipher_set_flags(k->tfm, CRYPTO_TFM_REQ_FORBID_WEAK_KEYS);
	err = crypto_skcipher_setkey(k->tfm, key, len);
	if (err)
		goto err_free;
	return &k->key;

err_free:
	cipher_key_free(&k->key);
	return ERR_PTR(err);
}

const struct wd_key_type wd_cipher_key_type = {
	.set = cipher_key_set,
	.free = cipher_key_free,
};

/* ------------------------------------------------------------------- CIPHER */

/**
 * struct wd_cipher_job - what is in wd_job.priv
 * @k:     its key
 * @chunk: bytes that go through at once
 * @unit:  bytes with a vector of their own; else what @chunk is
 * @ready: the stage has what comes out; else it gathers
 * @begun: @iv was read
 * @iv:    for what comes next
 */
struct wd_cipher_job {
	struct wd_cipher_key *k;
	u32 chunk;
	u32 unit;
	bool ready;
	bool begun;
	u8 iv[WD_BLOCK] __aligned(8);
};

static_assert(sizeof(struct wd_cipher_job) <= WD_JOB_PRIV);
static_assert(sizeof(struct wd_cipher_param) == WD_BLOCK);

static unsigned int op_unit(const struct wd_desc *d)
{
	return (d->op & WD_CIPHER_UNIT_MASK) >> WD_CIPHER_UNIT_SHIFT;
}

static u16 cipher_check(const struct wd_desc *d)
{
	unsigned int unit = op_unit(d);

	if (d->op & ~WD_CIPHER_MASK ||
	    (unit && (unit < WD_MIN_UNIT || unit > ilog2(WD_MAX_UNIT))))
		return WD_ST_BAD_OP;
	if (d->stream)
		return WD_ST_BAD_FLAGS;
	return d->src_len && d->src_len <= d->dst_len && d->dst_len <= WD_MAX_LEN ?
	       WD_ST_OK : WD_ST_BAD_LENGTH;
}

/* The checks that need to know the algorithm. */
static u16 cipher_check_alg(const struct wd_desc *d, const struct wd_cipher *alg)
{
	unsigned int unit = op_unit(d);

	if (alg->iv == WD_IV_NONE && d->param)
		return WD_ST_BAD_FLAGS;
	if (unit && alg->iv != WD_IV_TWEAK)
		return WD_ST_BAD_OP;
	if (d->op & WD_CIPHER_IV_OUT && (alg->iv == WD_IV_NONE || alg->iv == WD_IV_TWEAK))
		return WD_ST_BAD_OP;
	if (alg->whole && d->src_len % WD_BLOCK)
		return WD_ST_BAD_LENGTH;
	if (alg->iv != WD_IV_TWEAK)
		return WD_ST_OK;
	if (unit)
		return IS_ALIGNED(d->src_len, BIT(unit)) ? WD_ST_OK : WD_ST_BAD_LENGTH;
	return d->src_len >= WD_BLOCK && d->src_len <= WD_MAX_UNIT ? WD_ST_OK : WD_ST_BAD_LENGTH;
}

static u16 cipher_begin(struct wd_chan *c, struct wd_job *job)
{
	struct wd_cipher_job *cj = (struct wd_cipher_job *)job->priv;
	struct wd_key *key = wd_key_get(c, job->desc.key, &wd_cipher_key_type);
	const struct wd_desc *d = &job->desc;
	const struct wd_cipher *alg;
	u16 status;

	if (!key)
		return WD_ST_BAD_KEY;
	alg = &wd_ciphers[key->alg];
	status = cipher_check_alg(d, alg);
	if (status != WD_ST_OK)
		return status;
	cj->k = container_of(key, struct wd_cipher_key, key);
	cj->begun = alg->iv == WD_IV_NONE;
	cj->chunk = WD_CHUNK;
	if (alg->iv == WD_IV_TWEAK) {
		cj->unit = op_unit(d) ? BIT(op_unit(d)) : d->src_len;
		cj->chunk = op_unit(d) ? max(cj->unit, WD_CHUNK) : cj->unit;
	}
	return wd_stage_fit(c, job->stage, min(cj->chunk, d->src_len)) ?
	       WD_ST_OK : WD_ST_NO_RESOURCE;
}

static u16 cipher_shrink(struct wd_job *job)
{
	struct wd_cipher_job *cj = (struct wd_cipher_job *)job->priv;

	if (cj->unit && !op_unit(&job->desc)) {
		cj->unit = job->desc.src_len;
		cj->chunk = cj->unit;
	}
	return cipher_check_alg(&job->desc, &wd_ciphers[cj->k->key.alg]);
}

static void add_be128(u8 *v, u32 n)
{
	u64 low = get_unaligned_be64(v + 8) + n;

	put_unaligned_be64(low, v + 8);
	if (low < n)
		put_unaligned_be64(get_unaligned_be64(v) + 1, v);
}

static void inc_le128(u8 *v)
{
	u64 low = get_unaligned_le64(v) + 1;

	put_unaligned_le64(low, v);
	if (!low)
		put_unaligned_le64(get_unaligned_le64(v + 8) + 1, v + 8);
}

/* The vector behind @n bytes; the kernel's ciphers do not all of them say it. */
static void advance(struct wd_cipher_job *cj, u32 n)
{
	switch (wd_ciphers[cj->k->key.alg].iv) {
	case WD_IV_NONE:
		break;
	case WD_IV_CHAIN:
		memcpy(cj->iv, cj->k->iv, WD_BLOCK);
		break;
	case WD_IV_COUNTER:
		add_be128(cj->iv, DIV_ROUND_UP(n, WD_BLOCK));
		break;
	case WD_IV_CHACHA:
		put_unaligned_le32(get_unaligned_le32(cj->iv) + DIV_ROUND_UP(n, 64), cj->iv);
		break;
	case WD_IV_TWEAK:
		inc_le128(cj->iv);
	}
}

/* What was gathered, in place. */
static u16 compute(struct wd_job *job)
{
	struct wd_cipher_job *cj = (struct wd_cipher_job *)job->priv;
	struct wd_cipher_key *k = cj->k;
	struct wd_stage *s = job->stage;
	u32 unit = cj->unit ?: s->end;
	u32 off;

	for (off = 0; off < s->end; off += unit) {
		struct scatterlist *sg = wd_stage_sg(s, off, unit, k->sg);
		int err;

		memcpy(k->iv, cj->iv, WD_BLOCK);
		skcipher_request_set_crypt(k->req, sg, sg, unit, k->iv);
		err = job->desc.op & WD_CIPHER_ENCRYPT ? crypto_skcipher_encrypt(k->req) :
							 crypto_skcipher_decrypt(k->req);
		if (crypto_wait_req(err, &k->wait))
			return WD_ST_NO_RESOURCE;
		advance(cj, unit);
	}
	return WD_ST_OK;
}

static enum wd_step cipher_finish(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_cipher_job *cj = (struct wd_cipher_job *)job->priv;
	const struct wd_desc *d = &job->desc;

	if (d->op & WD_CIPHER_IV_OUT && !wd_param_write(io, d->param, cj->iv, WD_BLOCK))
		return WD_STEP_FAULT;
	return wd_step_done(res, WD_ST_OK);
}

/* Gather a chunk and compute it. */
static enum wd_step cipher_chunk(struct wd_job *job, struct wd_io *io, u16 *status)
{
	struct wd_cipher_job *cj = (struct wd_cipher_job *)job->priv;
	struct wd_stage *s = job->stage;
	u32 done = job->consumed - s->end;
	enum wd_step step;

	step = wd_stage_gather(job, io, &job->src, job->consumed,
			       min(cj->chunk, job->desc.src_len - done));
	job->consumed = done + s->end;
	if (step != WD_STEP_DONE)
		return step;
	*status = compute(job);
	cj->ready = true;
	return WD_STEP_DONE;
}

static enum wd_step cipher_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_cipher_job *cj = (struct wd_cipher_job *)job->priv;
	const struct wd_desc *d = &job->desc;
	u32 start = job->consumed;
	u16 status = WD_ST_OK;
	enum wd_step step;

	if (!cj->begun && !wd_param_read(io, cj->iv, d->param, WD_BLOCK))
		return WD_STEP_FAULT;
	cj->begun = true;
	for (;;) {
		if (cj->ready) {
			step = wd_stage_flush(job, io);
			if (step != WD_STEP_DONE)
				return step;
			job->stage->pos = 0;
			job->stage->end = 0;
			cj->ready = false;
		}
		if (job->produced == d->src_len)
			return cipher_finish(job, io, res);
		if (job->consumed - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;
		step = cipher_chunk(job, io, &status);
		if (step != WD_STEP_DONE)
			return step;
		if (status != WD_ST_OK)
			return wd_step_done(res, status);
	}
}

const struct wd_op wd_op_cipher = {
	.algs = WD_CIPHER_ALGS,
	.flags = WD_DESC_SGLS,
	.has = WD_OP_HAS_PARAM | WD_OP_HAS_KEY | WD_OP_LINKS,
	.check = cipher_check,
	.begin = cipher_begin,
	.shrink = cipher_shrink,
	.step = cipher_step,
};
