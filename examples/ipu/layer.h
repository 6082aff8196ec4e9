/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A layer of the store: what happens to sectors between the client and the backing file. No layer
 * knows what is above it or below it, nor whether its operations will run by themselves.
 */
#ifndef IPU_LAYER_H
#define IPU_LAYER_H

#include <wd_seq.h>

struct layer;

/**
 * struct layer_ops - what a layer can do
 * @name:         shown in messages
 * @append_write: append what makes of the sectors at @src, the first of which has the number
 *                @sector, what is to be stored at @dst
 * @append_read:  append the opposite, with the same meaning of @dst and @src
 * @screen:       NULL, or look at what was stored of @count sectors before anything is done with it;
 *                -EBADMSG: it must not be. Only a layer that has no other below it is asked.
 * @close:        end it
 *
 * All but @close are called by several threads at once. They return 0 or a negative errno.
 */
struct layer_ops {
	const char *name;
	int (*append_write)(struct layer *layer, struct wd_seq *seq, const struct wd_loc *dst,
			    const struct wd_loc *src, uint64_t sector);
	int (*append_read)(struct layer *layer, struct wd_seq *seq, const struct wd_loc *dst,
			   const struct wd_loc *src, uint64_t sector);
	int (*screen)(const struct layer *layer, const void *stored, size_t count);
	void (*close)(struct layer *layer);
};

/**
 * struct layer - what every layer begins with
 * @ops:   what it can do
 * @above: bytes of a sector on the side of the client
 * @below: bytes of it on the side of the file
 */
struct layer {
	const struct layer_ops *ops;
	size_t above;
	size_t below;
};

/**
 * layer_crypt_open() - AES-XTS of each sector by itself; its number is the tweak
 * @ch:     the channel of the sequences
 * @sector: bytes of a sector
 * @key:    32 bytes or 64, not kept
 * @len:    how many
 * @layer:  it is put here
 *
 * Return: 0 or as wd_alg_init() and wd_alg_set_key().
 */
int layer_crypt_open(struct wd_chan *ch, size_t sector, const uint8_t *key, size_t len,
		     struct layer **layer);

/**
 * layer_dif_open() - T10 protection information, type 1: a CRC, and the sector's number
 * @sector: bytes of a sector
 * @layer:  it is put here
 *
 * Return: 0, -ENOMEM.
 */
int layer_dif_open(size_t sector, struct layer **layer);

#endif
