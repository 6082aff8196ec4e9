// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests: hashes, their HMAC, and CRCs, in one request or as streams.
 */
#include <crypto/hash.h>
#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/crc64.h>
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "../compat.h"
#include "key.h"
#include "op.h"

/**
 * struct wd_digest - a digest between requests
 * @active: begun and not ended, and no request is working on it
 * @ready:  all of the data is in, the result in @out or @crc
 * @alg:    WD_ALG_NR_*
 * @key:    NULL, or that of the HMAC, which is held
 * @crc:    of what came so far
 * @out:    the hash
 * @desc:   struct shash_desc and the state behind it
 */
struct wd_digest {
	bool active;
	bool ready;
	u8 alg;
	struct wd_key *key;
	u64 crc;
	u8 out[HASH_MAX_DIGESTSIZE];
	u8 desc[sizeof(struct shash_desc) + HASH_MAX_DESCSIZE]
		__aligned(__alignof__(struct shash_desc));
};

/**
 * struct digest_job - in wd_job.priv
 * @digest: what the request works on
 * @over:   the digest ends with the request
 */
struct digest_job {
	struct wd_digest *digest;
	bool over;
};

static_assert(sizeof(struct digest_job) <= WD_JOB_PRIV);

struct hmac_key {
	struct wd_key key;
	struct crypto_shash *tfm;
};

/* As the kernel calls them. */
static const char *const hash_names[] = {
	[WD_ALG_NR_SHA1] = "sha1",
	[WD_ALG_NR_SHA224] = "sha224",
	[WD_ALG_NR_SHA256] = "sha256",
	[WD_ALG_NR_SHA384] = "sha384",
	[WD_ALG_NR_SHA512] = "sha512",
	[WD_ALG_NR_SHA3_256] = "sha3-256",
	[WD_ALG_NR_SHA3_512] = "sha3-512",
	[WD_ALG_NR_SM3] = "sm3",
};

/* Without a key, for all channels; NULL: not there. */
static struct crypto_shash *hashes[ARRAY_SIZE(hash_names)];

static u64 digest_crc32(u64 crc, const u8 *p, size_t len)
{
	return ~crc32_le(~(u32)crc, p, len);
}

static u64 digest_crc32c(u64 crc, const u8 *p, size_t len)
{
	return ~crc32c(~(u32)crc, p, len);
}

static u64 digest_crc64(u64 crc, const u8 *p, size_t len)
{
	return crc64_be(crc, p, len);
}

static u64 digest_crc64_nvme(u64 crc, const u8 *p, size_t len)
{
	return wd_compat_crc64_nvme(crc, p, len);
}

/* All take the CRC of what came before, or zero. */
static u64 (*const crcs[])(u64 crc, const u8 *p, size_t len) = {
	[WD_ALG_NR_CRC32] = digest_crc32,
	[WD_ALG_NR_CRC32C] = digest_crc32c,
	[WD_ALG_NR_CRC64] = digest_crc64,
	[WD_ALG_NR_CRC64_NVME] = digest_crc64_nvme,
};

#define WD_HASH_ALGS	GENMASK_ULL(WD_ALG_NR_SM3, WD_ALG_NR_SHA1)
#define WD_CRC_ALGS	GENMASK_ULL(WD_ALG_NR_CRC64_NVME, WD_ALG_NR_CRC32)

static struct crypto_shash *hmac_alloc(u8 alg)
{
	char name[CRYPTO_MAX_ALG_NAME];

	snprintf(name, sizeof(name), "hmac(%s)", hash_names[alg]);
	return crypto_alloc_shash(name, 0, 0);
}

/* A hash is there with its HMAC, or not at all. */
static bool hash_init(u8 alg)
{
	struct crypto_shash *hmac, *hash;

	hmac = hmac_alloc(alg);
	if (IS_ERR(hmac))
		return false;
	crypto_free_shash(hmac);
	hash = crypto_alloc_shash(hash_names[alg], 0, 0);
	if (IS_ERR(hash))
		return false;
	hashes[alg] = hash;
	return true;
}

u64 wd_digest_init(u64 wanted)
{
	u64 algs = wanted & WD_CRC_ALGS;
	u8 alg;

	for (alg = WD_ALG_NR_SHA1; alg <= WD_ALG_NR_SM3; alg++)
		if (wanted & WD_ALG_BIT(alg) && hash_init(alg))
			algs |= WD_ALG_BIT(alg);
	return algs;
}

void wd_digest_exit(void)
{
	u8 alg;

	for (alg = WD_ALG_NR_SHA1; alg <= WD_ALG_NR_SM3; alg++) {
		crypto_free_shash(hashes[alg]);
		hashes[alg] = NULL;
	}
}

static struct wd_key *hmac_set(u8 alg, const u8 *key, u32 len, u32 tag_len)
{
	struct hmac_key *hmac;
	int err;

	hmac = kzalloc(sizeof(*hmac), GFP_KERNEL);
	if (!hmac)
		return ERR_PTR(-ENOMEM);
	hmac->tfm = hmac_alloc(alg);
	if (IS_ERR(hmac->tfm)) {
		err = PTR_ERR(hmac->tfm);
		goto err_free;
	}
	err = crypto_shash_setkey(hmac->tfm, key, len);
	if (err)
		goto err_tfm;
	return &hmac->key;

err_tfm:
	crypto_free_shash(hmac->tfm);
err_free:
	kfree(hmac);
	return ERR_PTR(err);
}

/* The transform wipes what it has of the key. */
static void hmac_free(struct wd_key *key)
{
	struct hmac_key *hmac = container_of(key, struct hmac_key, key);

	crypto_free_shash(hmac->tfm);
	kfree(hmac);
}

const struct wd_key_type wd_hmac_key_type = {
	.set = hmac_set,
	.free = hmac_free,
};

static u32 op_alg(const struct wd_desc *d)
{
	return d->op & WD_DIGEST_ALG_MASK;
}

static bool is_hash(u32 alg)
{
	return alg < ARRAY_SIZE(hash_names);
}

/* In one request, without a stream. */
static bool is_whole(const struct wd_desc *d)
{
	return d->op & WD_DIGEST_NEW && d->op & WD_DIGEST_FINAL;
}

/* Of an algorithm that is there. */
static struct crypto_shash *hash_tfm(u32 alg)
{
	return hashes[array_index_nospec(alg, ARRAY_SIZE(hashes))];
}

/* Bytes that a request writes to its destination when it is done. */
static u32 result_len(const struct wd_desc *d)
{
	u32 alg = op_alg(d);

	return d->op & WD_DIGEST_FINAL && is_hash(alg) ?
	       crypto_shash_digestsize(hash_tfm(alg)) : 0;
}

static bool alg_is_there(u32 alg)
{
	return alg < WD_ALG_NRS && WD_ALG_BIT(alg) & wd_hw_algs & (WD_HASH_ALGS | WD_CRC_ALGS);
}

static u16 digest_check(const struct wd_desc *d)
{
	bool hmac = d->op & WD_DIGEST_HMAC;
	u32 len;

	if (d->op & ~WD_DIGEST_MASK || !alg_is_there(op_alg(d)))
		return WD_ST_BAD_OP;
	if (hmac && !(d->op & WD_DIGEST_NEW && is_hash(op_alg(d))))
		return WD_ST_BAD_OP;
	len = result_len(d);
	if (!hmac && d->key)
		return WD_ST_BAD_FLAGS;
	if (!len && (d->dst || d->flags & WD_DESC_DST_SGL))
		return WD_ST_BAD_FLAGS;
	if (d->src_len > WD_MAX_LEN || d->dst_len > WD_MAX_LEN)
		return WD_ST_BAD_LENGTH;
	if (len ? d->dst_len < len : d->dst_len)
		return WD_ST_BAD_LENGTH;
	return d->stream < (is_whole(d) ? 1 : WD_STREAMS) ? WD_ST_OK : WD_ST_BAD_STREAM;
}

static struct shash_desc *digest_desc(struct wd_digest *s)
{
	return (struct shash_desc *)s->desc;
}

static void digest_wipe(struct wd_digest *s)
{
	if (s->key)
		wd_key_put(s->key);
	memzero_explicit(s, sizeof(*s));
}

void wd_digest_close(struct wd_chan *c, u32 id)
{
	if (c->digests[id])
		digest_wipe(c->digests[id]);
}

void wd_digest_free(struct wd_chan *c)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(c->digests); i++) {
		wd_digest_close(c, i);
		kfree(c->digests[i]);
		c->digests[i] = NULL;
	}
}

/* Where a request keeps its digest: under its stream id, or behind those. */
static u32 digest_slot(const struct wd_desc *d)
{
	return is_whole(d) ? WD_STREAMS : array_index_nospec(d->stream, WD_STREAMS);
}

static u16 digest_new(struct wd_chan *c, const struct wd_desc *d)
{
	u32 slot = digest_slot(d), alg = op_alg(d);
	struct crypto_shash *tfm = is_hash(alg) ? hash_tfm(alg) : NULL;
	struct wd_key *key = NULL;
	struct wd_digest *s;

	if (d->op & WD_DIGEST_HMAC) {
		key = wd_key_get(c, d->key, &wd_hmac_key_type);
		if (!key || key->alg != alg)
			return WD_ST_BAD_KEY;
		tfm = container_of(key, struct hmac_key, key)->tfm;
	}
	if (!c->digests[slot])
		c->digests[slot] = kzalloc(sizeof(*s), GFP_KERNEL);
	s = c->digests[slot];
	if (!s)
		return WD_ST_NO_RESOURCE;

	if (is_whole(d))
		wd_digest_close(c, slot);
	else
		wd_chan_close_stream(c, slot);
	s->alg = alg;
	if (key) {
		wd_key_hold(key);
		s->key = key;
	}
	if (tfm) {
		digest_desc(s)->tfm = tfm;
		if (crypto_shash_init(digest_desc(s))) {
			wd_digest_close(c, slot);
			return WD_ST_NO_RESOURCE;
		}
	}
	s->active = true;
	return WD_ST_OK;
}

/* Where the result is in already it can be fetched, and no more. */
static bool goes_on(const struct wd_digest *s, const struct wd_desc *d)
{
	if (!s || !s->active || s->alg != op_alg(d))
		return false;
	return !s->ready || (d->op & WD_DIGEST_FINAL && !d->src_len);
}

static u16 digest_begin(struct wd_chan *c, struct wd_job *job)
{
	struct digest_job *priv = (struct digest_job *)job->priv;
	const struct wd_desc *d = &job->desc;
	struct wd_digest *s;

	if (d->op & WD_DIGEST_NEW) {
		u16 status = digest_new(c, d);

		if (status != WD_ST_OK)
			return status;
	}
	s = c->digests[digest_slot(d)];
	if (!goes_on(s, d))
		return WD_ST_BAD_STREAM;
	/* Who stops the channel in the middle does not know where that was. */
	s->active = false;
	priv->digest = s;
	priv->over = is_whole(d);
	return WD_ST_OK;
}

static int digest_update(struct wd_digest *s, const u8 *p, u32 len)
{
	if (is_hash(s->alg))
		return crypto_shash_update(digest_desc(s), p, len);
	s->crc = crcs[s->alg](s->crc, p, len);
	return 0;
}

static int digest_final(struct wd_digest *s)
{
	int err = is_hash(s->alg) ? crypto_shash_final(digest_desc(s), s->out) : 0;

	s->ready = !err;
	return err;
}

static u32 digest_visit(void *ctx, const u8 *p, u32 n)
{
	return digest_update(ctx, p, n) ? 0 : n;
}

/*
 * CRCs are as fast as a copy: they are computed where the source is. Return: how much of
 * the next @n bytes went in, or 0: a fault.
 */
static u32 digest_some(struct wd_job *job, struct wd_io *io, struct wd_digest *s, u32 n, int *err)
{
	u32 got = 0;

	if (!is_hash(s->alg))
		got = wd_operand_visit(&job->src, io, job->consumed, n, digest_visit, s);
	if (got)
		return got;
	got = wd_operand_read(&job->src, io, job->consumed, io->bounce, n);
	if (got)
		*err = digest_update(s, io->bounce, got);
	return got;
}

/* All of the source. Return: DONE; *@err where the transform fails, and then nothing helps. */
static enum wd_step digest_source(struct wd_job *job, struct wd_io *io, struct wd_digest *s,
				  int *err)
{
	u32 start = job->consumed;

	while (job->consumed < job->desc.src_len && !*err) {
		u32 n = min(job->desc.src_len - job->consumed, WD_CHUNK), got;

		if (job->consumed - start >= WD_QUANTUM)
			return WD_STEP_AGAIN;
		got = digest_some(job, io, s, n, err);
		if (!got)
			return WD_STEP_FAULT;
		job->consumed += got;
	}
	return WD_STEP_DONE;
}

/* The result waits in @s while its destination is not there. */
static enum wd_step digest_result(struct wd_job *job, struct wd_io *io, const struct wd_digest *s)
{
	u32 n = result_len(&job->desc) - job->produced;
	u32 done = 0;

	if (n)
		done = wd_operand_write(&job->dst, io, job->produced, s->out + job->produced, n);
	job->produced += done;
	return done < n ? WD_STEP_FAULT : WD_STEP_DONE;
}

static enum wd_step digest_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct digest_job *priv = (struct digest_job *)job->priv;
	struct wd_digest *s = priv->digest;
	enum wd_step step;
	int err = 0;

	step = digest_source(job, io, s, &err);
	if (step != WD_STEP_DONE)
		return step;
	if (!err && !(job->desc.op & WD_DIGEST_FINAL))
		return wd_step_done(res, WD_ST_OK);
	if (!err && !s->ready)
		err = digest_final(s);
	if (err) {
		priv->over = true;
		return wd_step_done(res, WD_ST_NO_RESOURCE);
	}
	step = digest_result(job, io, s);
	if (step != WD_STEP_DONE)
		return step;
	priv->over = true;
	*res = (struct wd_result) { .status = WD_ST_OK, .info = s->crc };
	return WD_STEP_DONE;
}

static void digest_end(struct wd_chan *c, struct wd_job *job)
{
	struct digest_job *priv = (struct digest_job *)job->priv;

	if (priv->over)
		digest_wipe(priv->digest);
	else
		priv->digest->active = true;
}

const struct wd_op wd_op_digest = {
	.algs = WD_HASH_ALGS | WD_CRC_ALGS,
	.flags = WD_DESC_SGLS,
	.has = WD_OP_HAS_KEY | WD_OP_LINK_SRC | WD_OP_TELLS,
	.slot = digest_slot,
	.check = digest_check,
	.begin = digest_begin,
	.step = digest_step,
	.end = digest_end,
};
