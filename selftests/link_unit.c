// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "link_unit.h"

#define PARAM_LEN	64
#define KEY_CTR		1
#define KEY_XTS		2
#define KEY_GCM		3
#define RAW_DEFLATE	(WD_COMP_NEW | 15U << WD_COMP_WINDOW_SHIFT)

int link_setup(struct crypt *x, const char *mode)
{
	uint8_t key[32];
	int err = crypt_setup(x, mode);

	raw_fill_random(key, sizeof(key), 99);
	if (!err)
		err = crypt_set_key(x, KEY_CTR, WD_ALG_NR_AES_CTR, key, 16);
	if (!err)
		err = crypt_set_key(x, KEY_XTS, WD_ALG_NR_AES_XTS, key, 32);
	if (!err)
		err = crypt_set_key(x, KEY_GCM, WD_ALG_NR_AES_GCM | 16 << WD_KEY_TAG_SHIFT, key, 16);
	return err;
}

bool link_takes(enum link_kind kind, uint32_t len)
{
	return (kind != LINK_XTS && kind != LINK_DIF) || len % LINK_BLOCK == 0;
}

uint32_t link_room(enum link_kind kind, bool back, uint32_t len)
{
	if (kind == LINK_DIF)
		return back ? len / (LINK_BLOCK + LINK_TUPLE) * LINK_BLOCK :
			      len / LINK_BLOCK * (LINK_BLOCK + LINK_TUPLE);
	return kind == LINK_DEFLATE && !back ? len + len / 8 + 100 : len;
}

void *link_param(const struct crypt *x, unsigned int nr)
{
	return (uint8_t *)x->param + nr * PARAM_LEN;
}

static void set_cipher(struct crypt *x, struct wd_desc *d, unsigned int nr)
{
	struct wd_cipher_param *p = link_param(x, nr);

	d->opcode = WD_OP_CIPHER;
	memset(p->iv, 0x10 + nr, sizeof(p->iv));
}

static void set_gcm(struct crypt *x, struct wd_desc *d, bool back, unsigned int nr)
{
	struct wd_aead_param *p = link_param(x, nr);

	d->opcode = WD_OP_AEAD;
	d->op = back ? 0 : WD_AEAD_ENCRYPT;
	d->key = KEY_GCM;
	if (!back)
		*p = (struct wd_aead_param) { .iv_len = 12, .iv = { nr, 1, 2, 3 } };
}

static void set_dif(struct crypt *x, struct wd_desc *d, bool back, unsigned int nr)
{
	struct wd_dif_param *p = link_param(x, nr);

	d->opcode = back ? WD_OP_DIF_STRIP : WD_OP_DIF_INSERT;
	*p = (struct wd_dif_param) {
		.type = 1, .checks = WD_DIF_GUARD | WD_DIF_APP | WD_DIF_REF, .block = LINK_BLOCK,
		.app_tag = 0x1234, .app_mask = 0xffff, .ref_tag = 7 + nr,
	};
}

struct wd_desc link_desc(struct crypt *x, enum link_kind kind, bool back, unsigned int nr,
			 uint32_t len)
{
	struct wd_desc d = {
		.opcode = WD_OP_COPY, .src_len = len, .dst_len = link_room(kind, back, len),
	};

	switch (kind) {
	case LINK_CRC:
		d.opcode = WD_OP_COPY_CRC32C;
		break;
	case LINK_CTR:
		set_cipher(x, &d, nr);
		d.key = KEY_CTR;
		d.op = back ? 0 : WD_CIPHER_ENCRYPT;
		break;
	case LINK_XTS:
		set_cipher(x, &d, nr);
		d.key = KEY_XTS;
		d.op = (back ? 0 : WD_CIPHER_ENCRYPT) | 9 << WD_CIPHER_UNIT_SHIFT;
		break;
	case LINK_GCM:
		set_gcm(x, &d, back, nr);
		break;
	case LINK_DEFLATE:
		d.opcode = back ? WD_OP_INFLATE : WD_OP_DEFLATE;
		d.op = RAW_DEFLATE;
		if (!back)
			d.op |= 6 << WD_COMP_LEVEL_SHIFT | WD_COMP_FINISH << WD_COMP_FLUSH_SHIFT;
		d.stream = nr;
		break;
	case LINK_DIF:
		set_dif(x, &d, back, nr);
		break;
	default:
		break;
	}
	if (d.opcode == WD_OP_CIPHER || d.opcode == WD_OP_AEAD || kind == LINK_DIF)
		d.param = raw_dma(&x->m, link_param(x, nr));
	return d;
}

void link_unit(struct crypt *x, struct wd_desc *d, unsigned int n, const uint8_t *src,
	       const uint8_t *dst, uint32_t longest, uint64_t tag)
{
	struct wd_desc *last = &d[n - 1];

	for (unsigned int i = 0; i < n; i++) {
		d[i].tag = tag + i;
		if (i + 1 < n)
			d[i].flags |= WD_DESC_LINK;
	}
	if (crypt_operand(x, 0, &d->src, src, d->src_len, longest, 1))
		d->flags |= WD_DESC_SRC_SGL;
	if (crypt_operand(x, 1, &last->dst, dst, last->dst_len, longest, 2))
		last->flags |= WD_DESC_DST_SGL;
}

int link_do(struct raw_chan *c, const struct wd_desc *d, unsigned int n, struct wd_cqe *cqe)
{
	int ret;

	for (unsigned int i = 0; i < n; i++)
		raw_put(c, &d[i]);
	ret = raw_ring(c);
	return ret ? ret : raw_get(c, cqe, RAW_TIMEOUT_MS);
}
