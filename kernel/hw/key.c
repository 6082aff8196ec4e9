// SPDX-License-Identifier: GPL-2.0-only
/*
 * Key objects: KEY_SET, KEY_DROP and the ids of a channel.
 */
#include <linux/err.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "key.h"
#include "op.h"

static const struct wd_key_type *const wd_key_types[] = {
	[WD_ALG_NR_AES_ECB ... WD_ALG_NR_SM4_XTS] = &wd_cipher_key_type,
	[WD_ALG_NR_AES_GCM ... WD_ALG_NR_CHACHA20_POLY1305] = &wd_aead_key_type,
	[WD_ALG_NR_SHA1 ... WD_ALG_NR_SM3] = &wd_hmac_key_type,
};

#define WD_KEY_ALGS	GENMASK_ULL(WD_ALG_NR_SM3, WD_ALG_NR_AES_ECB)

/* The type of a key of an algorithm, or NULL: it is not there or takes no key. */
static const struct wd_key_type *key_type(u32 alg)
{
	if (alg >= ARRAY_SIZE(wd_key_types) || !(WD_ALG_BIT(alg) & wd_hw_algs))
		return NULL;
	return wd_key_types[array_index_nospec(alg, ARRAY_SIZE(wd_key_types))];
}

static u32 op_alg(const struct wd_desc *d)
{
	return d->op & WD_KEY_ALG_MASK;
}

static u32 op_tag(const struct wd_desc *d)
{
	return (d->op & WD_KEY_TAG_MASK) >> WD_KEY_TAG_SHIFT;
}

void wd_key_put(struct wd_key *key)
{
	if (!--key->users)
		key->type->free(key);
}

void wd_key_drop(struct wd_chan *c, u32 id)
{
	struct wd_key *key = c->keys[id];

	c->keys[id] = NULL;
	if (key)
		wd_key_put(key);
}

struct wd_key *wd_key_get(struct wd_chan *c, u32 id, const struct wd_key_type *type)
{
	struct wd_key *key = c->keys[array_index_nospec(id, WD_KEYS)];

	return key && key->type == type ? key : NULL;
}

/* ------------------------------------------------------------------ KEY_SET */

static u16 set_check(const struct wd_desc *d)
{
	const struct wd_key_type *type = key_type(op_alg(d));

	if (d->op & ~(WD_KEY_ALG_MASK | WD_KEY_TAG_MASK) || !type || (op_tag(d) && !type->tagged))
		return WD_ST_BAD_OP;
	if (d->dst || d->dst_len || d->stream)
		return WD_ST_BAD_FLAGS;
	return d->src_len <= WD_KEY_MAX_LEN ? WD_ST_OK : WD_ST_BAD_KEY;
}

static u16 set_begin(struct wd_chan *c, struct wd_job *job)
{
	return wd_stage_fit(c, job->stage, WD_KEY_MAX_LEN) ? WD_ST_OK : WD_ST_NO_RESOURCE;
}

/* The new one is good: only now the old one goes. */
static u16 set_key(struct wd_chan *c, struct wd_job *job)
{
	const struct wd_desc *d = &job->desc;
	const struct wd_key_type *type = key_type(op_alg(d));
	struct wd_key *key = type->set(op_alg(d), job->stage->buf, d->src_len, op_tag(d));

	if (IS_ERR(key))
		return PTR_ERR(key) == -ENOMEM ? WD_ST_NO_RESOURCE : WD_ST_BAD_KEY;
	key->type = type;
	key->alg = op_alg(d);
	key->users = 1;
	wd_key_drop(c, d->key);
	c->keys[d->key] = key;
	return WD_ST_OK;
}

static enum wd_step set_step(struct wd_job *job, struct wd_io *io, struct wd_result *res)
{
	struct wd_chan *c = job->chan;
	enum wd_step step = wd_stage_gather(job, io, &job->src, 0, job->desc.src_len);

	job->consumed = job->stage->end;
	if (step != WD_STEP_DONE)
		return step;
	return wd_step_done(res, set_key(c, job));
}

static void set_end(struct wd_chan *c, struct wd_job *job)
{
	memzero_explicit(job->stage->buf, job->desc.src_len);
}

const struct wd_op wd_op_key_set = {
	.algs = WD_KEY_ALGS,
	.flags = WD_DESC_SRC_SGL,
	.has = WD_OP_HAS_KEY,
	.check = set_check,
	.begin = set_begin,
	.step = set_step,
	.end = set_end,
};

/* ----------------------------------------------------------------- KEY_DROP */

static u16 drop_check(const struct wd_desc *d)
{
	if (d->op)
		return WD_ST_BAD_OP;
	return d->src || d->src_len || d->dst || d->dst_len || d->stream ?
	       WD_ST_BAD_FLAGS : WD_ST_OK;
}

static u16 drop_begin(struct wd_chan *c, struct wd_job *job)
{
	if (!c->keys[job->desc.key])
		return WD_ST_BAD_KEY;
	wd_key_drop(c, job->desc.key);
	return WD_ST_OK;
}

const struct wd_op wd_op_key_drop = {
	.algs = WD_KEY_ALGS,
	.has = WD_OP_HAS_KEY,
	.check = drop_check,
	.begin = drop_begin,
};
