// SPDX-License-Identifier: GPL-2.0-or-later
/* Encryption at rest. */
#include <errno.h>
#include <stdlib.h>

#include <wd_cipher.h>

#include "layer.h"

/**
 * struct crypt - the layer
 * @layer: what every layer has
 * @xts:   the cipher and its key
 */
struct crypt {
	struct layer layer;
	struct wd_alg_ctx xts;
};

static struct crypt *to_crypt(struct layer *layer)
{
	return (struct crypt *)layer;
}

/* As dm-crypt's plain64: the rest of the units count on from it. */
static void make_tweak(uint8_t *tweak, uint64_t sector)
{
	for (unsigned int i = 0; i < WD_CIPHER_IV_SIZE; i++)
		tweak[i] = i < 8 ? (uint8_t)(sector >> 8 * i) : 0;
}

static int crypt_append_write(struct layer *layer, struct wd_seq *seq, const struct wd_loc *dst,
			      const struct wd_loc *src, uint64_t sector)
{
	uint8_t tweak[WD_CIPHER_IV_SIZE];

	make_tweak(tweak, sector);
	return wd_seq_encrypt(seq, &to_crypt(layer)->xts, dst, src, tweak, layer->above);
}

static int crypt_append_read(struct layer *layer, struct wd_seq *seq, const struct wd_loc *dst,
			     const struct wd_loc *src, uint64_t sector)
{
	uint8_t tweak[WD_CIPHER_IV_SIZE];

	make_tweak(tweak, sector);
	return wd_seq_decrypt(seq, &to_crypt(layer)->xts, dst, src, tweak, layer->above);
}

static void crypt_close(struct layer *layer)
{
	wd_alg_exit(&to_crypt(layer)->xts);
	free(to_crypt(layer));
}

static const struct layer_ops crypt_ops = {
	.name = "encryption",
	.append_write = crypt_append_write,
	.append_read = crypt_append_read,
	.close = crypt_close,
};

/* A device without AES-XTS leaves it to another one, or to the software. */
static int init_xts(struct wd_alg_ctx *xts, struct wd_chan *ch)
{
	int ret;

	*xts = (struct wd_alg_ctx){ .alg = "xts(aes)", .ch = ch };
	ret = wd_alg_init(xts);
	if (ret != -ENODEV)
		return ret;
	*xts = (struct wd_alg_ctx){ .alg = "xts(aes)" };
	return wd_alg_init(xts);
}

int layer_crypt_open(struct wd_chan *ch, size_t sector, const uint8_t *key, size_t len,
		     struct layer **layer)
{
	struct crypt *crypt = calloc(1, sizeof(*crypt));
	int ret;

	if (!crypt)
		return -ENOMEM;
	crypt->layer = (struct layer){ &crypt_ops, sector, sector };
	ret = init_xts(&crypt->xts, ch);
	if (ret)
		goto err_free;
	ret = wd_alg_set_key(&crypt->xts, key, len);
	if (ret)
		goto err_exit;
	*layer = &crypt->layer;
	return 0;

err_exit:
	wd_alg_exit(&crypt->xts);
err_free:
	free(crypt);
	return ret;
}
