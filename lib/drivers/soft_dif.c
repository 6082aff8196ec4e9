// SPDX-License-Identifier: GPL-2.0-or-later
/* T10 protection information in software. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include <isa-l/crc.h>

#include "wd_dma.h"

#include "cursor.h"
#include "soft_alg.h"

#define MAX_BLOCK	4096

/* Protection information of a block, as it is in memory: big-endian. */
struct tuple {
	uint16_t guard;
	uint16_t app;
	uint32_t ref;
};

/* What a request reads and writes, block by block. */
#define HAS_IN		(1U << 0)	/* protection comes with the data */
#define HAS_DATA	(1U << 1)	/* data is written */
#define HAS_OUT		(1U << 2)	/* protection is written */
#define HAS_CHECK	(1U << 3)
#define HAS_META	(1U << 4)	/* protection is in memory of its own */

static unsigned int traits(enum wd_what what)
{
	switch (what) {
	case WD_DIF_INSERT:
		return HAS_DATA | HAS_OUT;
	case WD_DIF_VERIFY:
		return HAS_IN | HAS_CHECK;
	case WD_DIF_STRIP:
		return HAS_IN | HAS_CHECK | HAS_DATA;
	case WD_DIF_UPDATE:
		return HAS_IN | HAS_CHECK | HAS_DATA | HAS_OUT;
	case WD_DIX_GENERATE:
		return HAS_META | HAS_OUT;
	default:
		return HAS_META | HAS_IN | HAS_CHECK;
	}
}

static uint32_t ref_of(const struct wd_dif *dif, uint32_t first, uint64_t block)
{
	return dif->type == 3 ? first : first + (uint32_t)block;
}

static unsigned int check(const struct wd_dif *dif, const struct tuple *t, uint16_t guard,
			  uint64_t block)
{
	const uint16_t app = be16toh(t->app);
	const uint32_t ref = be32toh(t->ref);
	unsigned int wrong = 0;

	if (app == 0xffff && (dif->type != 3 || ref == 0xffffffff))
		return 0;
	if (be16toh(t->guard) != guard)
		wrong |= WD_DIF_CHECK_GUARD;
	if ((app ^ dif->app_tag) & dif->app_mask)
		wrong |= WD_DIF_CHECK_APP;
	if (ref != ref_of(dif, dif->ref_tag, block))
		wrong |= WD_DIF_CHECK_REF;
	return wrong & dif->checks;
}

static struct tuple make(const struct wd_request *req, uint16_t guard, uint64_t block)
{
	const struct wd_dif *dif = &req->dif;
	const bool update = req->what == WD_DIF_UPDATE;
	const uint32_t first = update ? dif->new_ref_tag : dif->ref_tag;

	return (struct tuple){
		.guard = htobe16(guard),
		.app = htobe16(update ? dif->new_app_tag : dif->app_tag),
		.ref = htobe32(ref_of(dif, first, block)),
	};
}

static int dif_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	const unsigned int has = traits(req->what);
	const size_t size = req->dif.block;
	const size_t step = size + (has & HAS_IN && !(has & HAS_META) ? sizeof(struct tuple) : 0);
	struct wd_cursor src = wd_cursor(&req->src), dst = wd_cursor(&req->dst);
	struct wd_cursor meta = wd_cursor(&req->meta);
	unsigned char data[MAX_BLOCK];
	struct tuple t;

	(void)sa;
	for (uint64_t i = 0; i < req->src.len / step; i++) {
		uint16_t guard;

		wd_cursor_read(&src, data, size);
		guard = crc16_t10dif(0, data, size);
		if (has & HAS_IN)
			wd_cursor_read(has & HAS_META ? &meta : &src, &t, sizeof(t));
		if (has & HAS_CHECK)
			req->wrong = check(&req->dif, &t, guard, i);
		if (req->wrong) {
			req->result = i;
			return -EBADMSG;
		}
		if (has & HAS_DATA) {
			wd_cursor_write(&dst, data, size);
			req->produced += size;
		}
		if (has & HAS_OUT) {
			t = make(req, guard, i);
			wd_cursor_write(has & HAS_META ? &meta : &dst, &t, sizeof(t));
			req->produced += sizeof(t);
		}
	}
	return 0;
}

const struct wd_soft_ops wd_soft_dif = {
	.run = dif_run,
};
