// SPDX-License-Identifier: GPL-2.0-or-later
/* Protection information: what was stored comes back as it was, from where it was, or not at all. */
#include <errno.h>
#include <stdlib.h>

#include "layer.h"

#define TUPLE_SIZE	8	/* guard, application tag, reference tag */
#define APP_TAG_AT	2

static struct wd_dif dif_of(const struct layer *layer, uint64_t sector)
{
	return (struct wd_dif){
		.type = 1,
		.block = (unsigned int)layer->above,
		.ref_tag = (uint32_t)sector,
		.app_mask = 0xffff,
		.checks = WD_DIF_CHECK_GUARD | WD_DIF_CHECK_APP | WD_DIF_CHECK_REF,
	};
}

static int dif_append_write(struct layer *layer, struct wd_seq *seq, const struct wd_loc *dst,
			    const struct wd_loc *src, uint64_t sector)
{
	const struct wd_dif dif = dif_of(layer, sector);

	return wd_seq_dif_insert(seq, dst, src, &dif);
}

static int dif_append_read(struct layer *layer, struct wd_seq *seq, const struct wd_loc *dst,
			   const struct wd_loc *src, uint64_t sector)
{
	const struct wd_dif dif = dif_of(layer, sector);

	return wd_seq_dif_strip(seq, dst, src, &dif);
}

/* The tag FFFFh means that a block is not to be checked. This layer never writes it. */
static int dif_screen(const struct layer *layer, const void *stored, size_t count)
{
	const uint8_t *tag = (const uint8_t *)stored + layer->above + APP_TAG_AT;

	for (size_t i = 0; i < count; i++, tag += layer->below)
		if (tag[0] == 0xff && tag[1] == 0xff)
			return -EBADMSG;
	return 0;
}

static void dif_close(struct layer *layer)
{
	free(layer);
}

static const struct layer_ops dif_ops = {
	.name = "protection",
	.append_write = dif_append_write,
	.append_read = dif_append_read,
	.screen = dif_screen,
	.close = dif_close,
};

int layer_dif_open(size_t sector, struct layer **layer)
{
	*layer = malloc(sizeof(**layer));
	if (!*layer)
		return -ENOMEM;
	**layer = (struct layer){ &dif_ops, sector, sector + TUPLE_SIZE };
	return 0;
}
