/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transport, an encryption and a protection layer that do not know each other, and what
 * they have in common.
 */
#ifndef SEQ_RIG_H
#define SEQ_RIG_H

#include <stdlib.h>

#include "seq_util.h"
#include "tap.h"
#include "wd_cipher.h"
#include "wd_dma.h"

#define LEN	65536UL
#define UNIT	512UL
#define BLOCKS	(LEN / UNIT)
#define DIF_LEN	(BLOCKS * (UNIT + 8))

static const struct wd_dif dif = {
	.type = 1, .block = UNIT, .app_tag = 7, .ref_tag = 100,
	.checks = WD_DIF_CHECK_GUARD | WD_DIF_CHECK_REF,
};

/**
 * struct rig - what the layers have
 * @sc:   what their sequences have in common
 * @own:  the platform that it came with
 * @xts:  the encryption layer's key
 * @host: memory of somebody else
 * @far:  its domain
 * @want: what is in @host encrypted and protected
 * @out:  where it is to go
 * @stats: of the request that was last
 */
struct rig {
	struct wd_seq_ctx *sc;
	const struct wd_seq_platform *own;
	struct wd_alg_ctx xts;
	struct wd_domain *host;
	struct far far;
	uint8_t *want;
	uint8_t *out;
	struct wd_seq_stats stats;
};

static const uint8_t tweak[16] = "a first sector .";

static inline void key_bytes(uint8_t *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		key[i] = (uint8_t)(i * 7 + 1);
}

/* One operation after the other, each in memory of its own. */
static inline bool make_want(struct rig *rig)
{
	struct wd_alg_ctx d = { .alg = "dif", .ch = rig->xts.ch };
	struct wd_request req;
	uint8_t iv[16], *cipher = malloc(LEN);

	memcpy(iv, tweak, sizeof(iv));
	wd_prep_encrypt(&req, rig->far.mem, cipher, LEN, iv);
	req.unit = UNIT;
	REQUIRE(cipher && !wd_alg_run(&rig->xts, &req));
	REQUIRE(!wd_alg_init(&d));
	wd_prep_dif_insert(&req, rig->want, cipher, BLOCKS, &dif);
	REQUIRE(!wd_alg_run(&d, &req));
	wd_alg_exit(&d);
	free(cipher);
	return true;
}

static inline bool setup(struct rig *rig, const struct wd_seq_platform *platform, bool open)
{
	uint8_t key[64];

	*rig = (struct rig){ .far = { .mem = malloc(LEN), .len = LEN, .open = open } };
	rig->want = malloc(DIF_LEN);
	rig->out = calloc(1, DIF_LEN);
	REQUIRE(rig->far.mem && rig->want && rig->out);
	for (size_t i = 0; i < LEN; i++)
		rig->far.mem[i] = (uint8_t)(i * 31 >> 3);
	REQUIRE(!wd_domain_create("host", &far_ops, &rig->far, &rig->host));
	REQUIRE(!wd_seq_ctx_create(NULL, &rig->sc));
	rig->own = wd_seq_ctx_platform(rig->sc);
	wd_seq_ctx_set_platform(rig->sc, platform);
	rig->xts = (struct wd_alg_ctx){ .alg = "xts(aes)", .ch = wd_seq_ctx_channel(rig->sc) };
	key_bytes(key, sizeof(key));
	REQUIRE(!wd_alg_init(&rig->xts) && !wd_alg_set_key(&rig->xts, key, sizeof(key)));
	REQUIRE(make_want(rig));
	return true;
}

static inline void teardown(struct rig *rig)
{
	wd_alg_exit(&rig->xts);
	wd_seq_ctx_destroy(rig->sc);
	wd_domain_destroy(rig->host);
	free(rig->far.mem);
	free(rig->want);
	free(rig->out);
}

/* Each layer: from where the data is to a place of its own. */
static inline bool transport(struct wd_seq *seq, struct rig *rig)
{
	struct wd_loc host = wd_loc_in(rig->host, FAR_BASE, LEN), place;

	REQUIRE(!wd_seq_scratch(seq, LEN, &place));
	REQUIRE(!wd_seq_copy(seq, &place, &host));
	return true;
}

static inline bool encryption(struct wd_seq *seq, struct rig *rig)
{
	struct wd_loc from, place;

	REQUIRE(!wd_seq_where(seq, &from) && !wd_seq_scratch(seq, LEN, &place));
	REQUIRE(!wd_seq_encrypt(seq, &rig->xts, &place, &from, tweak, UNIT));
	return true;
}

static inline bool protection(struct wd_seq *seq)
{
	struct wd_loc from, place;

	REQUIRE(!wd_seq_where(seq, &from) && !wd_seq_scratch(seq, DIF_LEN, &place));
	REQUIRE(!wd_seq_dif_insert(seq, &place, &from, &dif));
	return true;
}

static inline bool send(struct wd_seq *seq, struct rig *rig, size_t len)
{
	struct wd_loc from, out = wd_loc(rig->out, len);

	REQUIRE(!wd_seq_where(seq, &from) && !wd_seq_copy(seq, &out, &from));
	return true;
}

static inline bool write_request(struct rig *rig)
{
	struct wd_seq *seq;

	REQUIRE(!wd_seq_new(rig->sc, &seq));
	REQUIRE(transport(seq, rig) && encryption(seq, rig) && protection(seq) &&
		send(seq, rig, DIF_LEN));
	REQUIRE(!wd_seq_run(seq));
	wd_seq_get_stats(seq, &rig->stats);
	wd_seq_free(seq);
	REQUIRE(!memcmp(rig->out, rig->want, DIF_LEN));
	REQUIRE(rig->stats.appended == 4 && rig->stats.elided == 2);
	return true;
}

#endif
