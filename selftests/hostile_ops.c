// SPDX-License-Identifier: GPL-2.0-or-later
/* Random requests for all but compression, written so that they mostly get somewhere. */
#include <string.h>

#include "hostile_ops.h"

#define IDS	8	/* of keys: the first half are for ciphers, then two kinds of two */
#define PARTS	16	/* of a list */

/* What a slot's descriptor names. */
struct block {
	union {
		struct wd_cipher_param cipher;
		struct wd_aead_param aead;
		struct wd_dualcast_param dualcast;
		struct wd_xor_param xor;
		struct wd_dif_param dif;
		uint8_t bytes[256];
	} p;
	struct wd_sge src[PARTS];
	struct wd_sge dst[PARTS];
	struct wd_sge aad[PARTS];
	uint8_t meta[256];
};

_Static_assert(sizeof(struct block) <= WORK_PARAM_LEN, "a slot's block has room");

static struct block *block_of(const struct work *w, unsigned int slot)
{
	return (struct block *)(w->params + slot * WORK_PARAM_LEN);
}

/* One of the set bits, or -1. */
static int pick_alg(struct hostile_rng *r, uint64_t algs)
{
	int n = __builtin_popcountll(algs);

	if (!n)
		return -1;
	for (n = hostile_below(r, n); n; n--)
		algs &= algs - 1;
	return __builtin_ctzll(algs);
}

uint16_t work_op_random(struct hostile_rng *r, const struct wd_chan_layout *l)
{
	uint16_t found[64];
	unsigned int n = 0;

	for (unsigned int i = 0; i < raw_ops_count; i++)
		if (raw_ops[i].opcode >= WD_OP_KEY_SET && raw_op_present(raw_ops[i].opcode, l->algs))
			found[n++] = raw_ops[i].opcode;
	return n ? found[hostile_below(r, n)] : 0;
}

/*
 * Parts one behind the other, @len bytes in all; the last one may say more. Rarely one is
 * none. Behind them there is always one that is none.
 */
static uint64_t make_list(struct hostile_rng *r, struct wd_sge *list, uint64_t addr, uint32_t len)
{
	uint32_t left = len, part;
	int i, last;

	for (i = 0; i < PARTS - 2 && left > 1 && !hostile_chance(r, 4); i++) {
		part = 1 + hostile_below(r, left - 1);
		list[i] = (struct wd_sge) { .addr = addr + len - left, .len = part };
		left -= part;
	}
	list[i] = (struct wd_sge) { .addr = addr + len - left, .len = left + hostile_below(r, 2) * 100 };
	last = i;
	if (hostile_chance(r, 30)) {
		if (hostile_chance(r, 2))
			list[hostile_below(r, last + 1)].len = 0;
		else
			list[hostile_below(r, last + 1)].reserved = 1U << hostile_below(r, 32);
	}
	return (uintptr_t)list + (hostile_chance(r, 50) ? 1 << hostile_below(r, 4) : 0);
}

static uint64_t known_bytes(const struct work *w, struct hostile_rng *r)
{
	return (uintptr_t)w->text + hostile_below(r, WORK_TEXT_LEN - 4096);
}

static void fill_key_set(const struct work *w, struct hostile_rng *r, uint64_t algs,
			 struct wd_desc *d)
{
	static const uint8_t lens[] = { 0, 1, 15, 16, 16, 24, 32, 32, 32, 48, 64, 64, 65, 200 };
	int alg;

	d->key = hostile_below(r, IDS);
	alg = pick_alg(r, algs & (d->key < IDS / 2 ? RAW_ALG_CIPHERS :
				  d->key < IDS * 3 / 4 ? RAW_ALG_AEADS : RAW_ALG_HASHES));
	d->op = alg < 0 ? hostile_below(r, 256) : (uint32_t)alg;
	d->src = known_bytes(w, r);
	d->src_len = HOSTILE_PICK(r, lens);
	if (alg >= 0 && WD_ALG_BIT(alg) & RAW_ALG_AEADS)
		d->op |= (hostile_chance(r, 5) ? hostile_below(r, 20) : 16) << WD_KEY_TAG_SHIFT;
	d->dst = 0;
	d->dst_len = 0;
}

static void fill_cipher(struct hostile_rng *r, struct block *b, struct wd_desc *d)
{
	raw_fill_random(b->p.cipher.iv, sizeof(b->p.cipher.iv), hostile_random(r));
	if (hostile_chance(r, 4))
		memset(b->p.cipher.iv, 0xff, sizeof(b->p.cipher.iv));
	d->op = hostile_below(r, 2) | (hostile_chance(r, 3) ? WD_CIPHER_IV_OUT : 0);
	if (hostile_chance(r, 6))
		d->op |= hostile_below(r, 32) << WD_CIPHER_UNIT_SHIFT;
	if (hostile_below(r, 4))
		d->src_len = 16 * (1 + hostile_below(r, 600));
}

static void fill_aead(const struct work *w, struct hostile_rng *r, struct block *b,
		      struct wd_desc *d)
{
	struct wd_aead_param *p = &b->p.aead;
	uint32_t len = hostile_below(r, 100);

	*p = (struct wd_aead_param) { .aad = known_bytes(w, r), .iv_len = 12 };
	p->aad_len = hostile_chance(r, 20) ? hostile_random(r) : hostile_chance(r, 8) ? 0 : len;
	if (hostile_chance(r, 10))
		p->aad = work_address(w, r, false);
	if (hostile_chance(r, 15))
		p->iv_len = hostile_below(r, 18);
	if (hostile_chance(r, 30))
		p->reserved[hostile_below(r, sizeof(p->reserved))] = 1;
	raw_fill_random(p->iv, p->iv_len < 16 ? p->iv_len : 16, hostile_random(r));
	d->op = hostile_below(r, 2);
	if (hostile_chance(r, 6)) {
		d->op |= WD_AEAD_AAD_SGL;
		p->aad = make_list(r, b->aad, p->aad, p->aad_len);
	}
}

static void fill_digest(struct hostile_rng *r, uint64_t algs, struct wd_desc *d)
{
	int alg = pick_alg(r, algs & (RAW_ALG_HASHES | RAW_ALG_CRCS));

	d->op = alg | hostile_below(r, 4) << 8;
	d->key = 0;
	if (d->op & WD_DIGEST_NEW && d->op & WD_DIGEST_FINAL && hostile_below(r, 8))
		d->stream = 0;
	if (d->op & WD_DIGEST_NEW && WD_ALG_BIT(alg) & RAW_ALG_HASHES && hostile_chance(r, 3)) {
		d->op |= WD_DIGEST_HMAC;
		d->key = IDS * 3 / 4 + hostile_below(r, IDS / 4);
	}
	if (hostile_chance(r, 20))
		return;
	if (!(d->op & WD_DIGEST_FINAL) || WD_ALG_BIT(alg) & RAW_ALG_CRCS) {
		d->dst = 0;
		d->dst_len = 0;
	} else if (d->dst_len < 64 && hostile_below(r, 4)) {
		d->dst_len = 64;
	}
}

static void fill_xor(const struct work *w, struct hostile_rng *r, struct block *b,
		     struct work_desc *wd)
{
	struct wd_xor_param *p = &b->p.xor;
	struct wd_desc *d = &wd->d;

	*p = (struct wd_xor_param) { .count = 1 + hostile_below(r, WD_XOR_MAX) };
	for (int i = 0; i < WD_XOR_MAX; i++)
		p->src[i] = hostile_chance(r, 20) ? work_address(w, r, false) : known_bytes(w, r);
	if (hostile_chance(r, 5)) {
		d->flags |= WD_DESC_SRC_SGL;
		p->src[0] = make_list(r, b->src, p->src[0], d->src_len);
		for (int i = 1; i < WD_XOR_MAX; i++)
			p->src[i] = p->src[0];
	}
	if (hostile_chance(r, 20))
		p->count = hostile_random(r);
	if (hostile_chance(r, 30))
		p->reserved[hostile_below(r, 3)] = 1;
	d->src = 0;
	wd->src = 0;
}

/* Whole blocks, with or without what protects them; the fields are anything now and then. */
static void fill_dif(struct hostile_rng *r, struct block *b, struct wd_desc *d)
{
	struct wd_dif_param *p = &b->p.dif;
	uint16_t block = hostile_chance(r, 2) ? 512 : 4096;
	uint32_t n = 1 + hostile_below(r, 7);
	bool dix = d->opcode == WD_OP_DIX_GENERATE || d->opcode == WD_OP_DIX_VERIFY;

	*p = (struct wd_dif_param) {
		.type = 1 + hostile_below(r, 3), .block = block, .app_tag = hostile_random(r),
		.ref_tag = hostile_random(r),
	};
	if (d->opcode != WD_OP_DIF_INSERT && d->opcode != WD_OP_DIX_GENERATE) {
		p->checks = hostile_below(r, 8);
		p->app_mask = hostile_random(r);
	}
	if (d->opcode == WD_OP_DIF_UPDATE) {
		p->new_ref_tag = hostile_random(r);
		p->new_app_tag = hostile_random(r);
	}
	if (dix) {
		p->meta = (uintptr_t)b->meta;
		p->meta_len = 8 * n;
		if (hostile_chance(r, 4)) {
			p->meta_flags = WD_DIF_META_SGL;
			p->meta = make_list(r, b->aad, p->meta, p->meta_len);
		}
	}
	if (hostile_chance(r, 15))
		b->p.bytes[HOSTILE_PICK(r, ((const uint8_t[]) { 0, 1, 2, 3, 16, 18, 20, 32, 63 }))] ^=
			1 << hostile_below(r, 8);
	if (hostile_chance(r, 10))
		return;
	d->src_len = n * (block + (d->opcode == WD_OP_DIF_INSERT || dix ? 0 : 8));
	d->dst_len = n * (block + (d->opcode == WD_OP_DIF_STRIP ? 0 : 8));
	if (!(raw_op_find(d->opcode)->has & RAW_OP_DST)) {
		d->dst = 0;
		d->dst_len = 0;
	}
}

/* Those that copy and compare. */
static void fill_move(const struct work *w, struct hostile_rng *r, struct block *b,
		      struct wd_desc *d)
{
	switch (d->opcode) {
	case WD_OP_FILL:
		d->src = (uint64_t)hostile_random(r) << 32 | hostile_random(r);
		d->src_len = 0;
		break;
	case WD_OP_COMPARE:
		if (hostile_chance(r, 3))
			d->src = d->dst;
		break;
	case WD_OP_COMPARE_PATTERN:
		/* No address, so that whoever takes it for one has no luck. */
		d->dst = 1ULL << 63 | (uint64_t)hostile_random(r) << 31 | hostile_random(r);
		d->dst_len = 0;
		break;
	case WD_OP_DUALCAST:
		b->p.dualcast = (struct wd_dualcast_param) { .dst = work_address(w, r, true) };
		if (hostile_chance(r, 30))
			b->p.dualcast.reserved = 1ULL << hostile_below(r, 64);
		break;
	case WD_OP_COPY_CRC32C:
		d->op = hostile_chance(r, 2) ? 0 : hostile_random(r);
		break;
	default:
		if (hostile_chance(r, 4))
			d->src = d->dst - 100 + hostile_below(r, 200);
	}
}

/* As long as each other, and not too long for others to have their turn. */
static void fit_lengths(struct hostile_rng *r, struct wd_desc *d)
{
	if (hostile_chance(r, 6))
		return;
	if (d->src_len > WORK_SLOT_LEN)
		d->src_len = WORK_SLOT_LEN / 2;
	d->dst_len = d->opcode == WD_OP_FILL || !d->src_len ? 1 + hostile_below(r, WORK_SLOT_LEN / 2) :
							      d->src_len;
}

/* Operands that are lists of parts which lie where the operand would. */
static void make_lists(struct hostile_rng *r, struct block *b, struct work_desc *wd)
{
	const struct raw_op *op = raw_op_find(wd->d.opcode);
	struct wd_desc *d = &wd->d;

	wd->src = d->src;
	wd->dst = d->dst;
	if (op->has & RAW_OP_SRC && hostile_chance(r, 5)) {
		d->flags |= WD_DESC_SRC_SGL;
		d->src = make_list(r, b->src, d->src, d->src_len);
	}
	/* DUALCAST would want a second one. */
	if (op->has & RAW_OP_DST && d->dst && d->opcode != WD_OP_DUALCAST && hostile_chance(r, 5)) {
		d->flags |= WD_DESC_DST_SGL;
		d->dst = make_list(r, b->dst, d->dst, d->dst_len);
	}
}

void work_op_fill(const struct work *w, struct hostile_rng *r, const struct wd_chan_layout *l,
		  unsigned int slot, struct work_desc *wd)
{
	struct block *b = block_of(w, slot);
	const struct raw_op *op = raw_op_find(wd->d.opcode);
	struct wd_desc *d = &wd->d;

	memset(b, 0, sizeof(*b));
	d->op = 0;
	if (!(op->has & RAW_OP_STREAM))
		d->stream = 0;
	if (op->has & RAW_OP_PARAM)
		d->param = (uintptr_t)b;
	if (d->opcode == WD_OP_CIPHER)
		fill_cipher(r, b, d);
	fit_lengths(r, d);
	if (op->has & RAW_OP_KEY)
		d->key = hostile_below(r, d->opcode == WD_OP_CIPHER ? IDS / 2 : IDS);
	if (d->opcode == WD_OP_AEAD && hostile_below(r, 8))
		d->key = IDS / 2 + hostile_below(r, IDS / 4);
	if (d->opcode == WD_OP_KEY_SET)
		fill_key_set(w, r, l->algs, d);
	else if (d->opcode == WD_OP_KEY_DROP)
		*d = (struct wd_desc) { .opcode = d->opcode, .tag = d->tag, .key = d->key };
	else if (d->opcode == WD_OP_AEAD)
		fill_aead(w, r, b, d);
	else if (d->opcode == WD_OP_DIGEST)
		fill_digest(r, l->algs, d);
	else if (d->opcode >= WD_OP_DIF_INSERT)
		fill_dif(r, b, d);
	else if (d->opcode >= WD_OP_COPY && d->opcode != WD_OP_XOR)
		fill_move(w, r, b, d);
	/* In place. */
	if ((d->opcode == WD_OP_CIPHER || d->opcode == WD_OP_AEAD) && hostile_chance(r, 3))
		d->src = d->dst;
	work_limit_room(w, l, slot, d);
	make_lists(r, b, wd);
	if (d->opcode == WD_OP_XOR)
		fill_xor(w, r, b, wd);
	if (d->param && hostile_chance(r, 30))
		d->param = work_bad_param(w, r, d->param);
}

uint64_t work_bad_param(const struct work *w, struct hostile_rng *r, uint64_t param)
{
	if (hostile_chance(r, 2))
		return param + 1 + hostile_below(r, 15);
	return w->mode == HOSTILE_SVA ? 0xffff888000000000 : WORK_DOMAIN_END;
}
