/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Key objects: what a channel keeps under a key id. key.c has the ids, cipher.c, aead.c
 * and digest.c what is behind them.
 */
#ifndef _WD_HW_KEY_H
#define _WD_HW_KEY_H

#include "chan.h"

/**
 * struct wd_key - a key object; what its type adds is around it
 * @type:  what it is for
 * @alg:   WD_ALG_NR_* of it
 * @users: its id, and who else holds it; only one engine has the channel, so they are
 *         counted without atomics
 */
struct wd_key {
	const struct wd_key_type *type;
	u8 alg;
	unsigned int users;
};

/**
 * struct wd_key_type - a kind of key objects
 * @tagged: it wants the length of a tag
 * @set:  make one for the algorithm @alg, which the hardware has, of a key of @len bytes,
 *        0 to WD_KEY_MAX_LEN, of which it keeps no pointer; @tag_len is 0 unless @tagged.
 *        struct wd_key is filled in by the caller. ERR_PTR(): -ENOMEM, or what else is
 *        wrong: with the key, then.
 * @free: wipe it and free it
 */
struct wd_key_type {
	bool tagged;
	struct wd_key *(*set)(u8 alg, const u8 *key, u32 len, u32 tag_len);
	void (*free)(struct wd_key *key);
};

extern const struct wd_key_type wd_cipher_key_type, wd_aead_key_type, wd_hmac_key_type;

/* The key object under an id, which is below WD_KEYS, or NULL: there is none of that type. */
struct wd_key *wd_key_get(struct wd_chan *c, u32 id, const struct wd_key_type *type);

/* Keep a key beyond the job that found it, though its id may be dropped or set again. */
static inline void wd_key_hold(struct wd_key *key)
{
	key->users++;
}

void wd_key_put(struct wd_key *key);

/* Drop what is under an id, if anything. */
void wd_key_drop(struct wd_chan *c, u32 id);

#endif
