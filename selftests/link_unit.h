/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that can be linked, there and back, on a channel with keys. */
#ifndef LINK_UNIT_H
#define LINK_UNIT_H

#include "crypt.h"

#define LINK_BLOCK	512U
#define LINK_TUPLE	8U

/* What may follow one another; back is what undoes it. */
enum link_kind {
	LINK_COPY,
	LINK_CRC,	/* COPY_CRC32C, both ways */
	LINK_CTR,
	LINK_XTS,	/* units of LINK_BLOCK */
	LINK_GCM,
	LINK_DEFLATE,	/* a stream of its own */
	LINK_DIF,	/* insert, and verify and strip */
	LINK_KINDS
};

/* A channel with the keys that the kinds want. */
int link_setup(struct crypt *x, const char *mode);

/* Whether @len bytes can be its source. */
bool link_takes(enum link_kind kind, uint32_t len);

/* The most bytes that come out. */
uint32_t link_room(enum link_kind kind, bool back, uint32_t len);

/*
 * A descriptor without operands, with room for link_room(); its parameters are in block
 * @nr, 0 to 3, and are set. GCM back: but for the tag, which is what was written there.
 */
struct wd_desc link_desc(struct crypt *x, enum link_kind kind, bool back, unsigned int nr,
			 uint32_t len);
void *link_param(const struct crypt *x, unsigned int nr);

/*
 * Make a unit of @n descriptors, from @src to @dst, as lists of parts of up to @longest
 * bytes if that is not zero; one is a descriptor as others are. Tags are @tag, @tag + 1 ...
 */
void link_unit(struct crypt *x, struct wd_desc *d, unsigned int n, const uint8_t *src,
	       const uint8_t *dst, uint32_t longest, uint64_t tag);

/* All of them there, and one completion back. */
int link_do(struct raw_chan *c, const struct wd_desc *d, unsigned int n, struct wd_cqe *cqe);

/* The descriptor of a unit that failed. */
static inline unsigned int link_failed(const struct wd_cqe *cqe)
{
	return (cqe->aux & WD_CQE_LINK_MASK) >> WD_CQE_LINK_SHIFT;
}

#endif
