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
};

#define WD_KEY_ALGS	(GENMASK_ULL(WD_ALG_NR_SM4_XTS, WD_ALG_NR_AES_ECB) | \
			 GENMASK_ULL(WD_ALG_NR_CHACHA20_POLY1305, WD_ALG_NR_AES_GCM))

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
