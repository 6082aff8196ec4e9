// SPDX-License-Identifier: GPL-2.0-or-later
/* CRCs in software: zlib's, and ISA-L's for those that it has not. */
#include <isa-l/crc.h>
#include <isa-l/crc64.h>
#include <zlib.h>

#include <misc/uacce/wd_accel.h>

#include "cursor.h"
#include "soft_alg.h"

#define PIECE	(1U << 30)	/* crc32_iscsi() counts in int */

static uint32_t crc32c(uint32_t crc, const unsigned char *p, size_t len)
{
	crc = ~crc;
	for (size_t n; len; len -= n, p += n) {
		n = len < PIECE ? len : PIECE;
		crc = crc32_iscsi((unsigned char *)(uintptr_t)p, (int)n, crc);
	}
	return ~crc;
}

uint64_t wd_soft_crc_add(unsigned int nr, uint64_t crc, const void *p, size_t len)
{
	switch (nr) {
	case WD_ALG_NR_CRC32:
		return crc32_z(crc, p, len);
	case WD_ALG_NR_CRC32C:
		return crc32c((uint32_t)crc, p, len);
	case WD_ALG_NR_CRC64:
		/* ISA-L inverts before and after; ECMA-182 does not. */
		return ~crc64_ecma_norm(~crc, p, len);
	default:
		return crc64_rocksoft_refl(crc, p, len);
	}
}

static uint64_t add_operand(unsigned int nr, uint64_t crc, const struct wd_operand *op)
{
	struct wd_cursor c = wd_cursor(op);
	size_t n;

	while ((n = wd_cursor_here(&c))) {
		crc = wd_soft_crc_add(nr, crc, c.p, n);
		wd_cursor_skip(&c, n);
	}
	return crc;
}

/* The state of a stream is the CRC itself. */
static int crc_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	const unsigned int nr = sa->info->nr;

	switch (req->what) {
	case WD_DIGEST_UPDATE:
		sa->crc = add_operand(nr, sa->begun ? sa->crc : 0, &req->src);
		sa->begun = true;
		return 0;
	case WD_DIGEST_END:
		req->result = sa->begun ? sa->crc : 0;
		sa->begun = false;
		return 0;
	default:
		req->result = add_operand(nr, 0, &req->src);
		return 0;
	}
}

const struct wd_soft_ops wd_soft_crc = {
	.run = crc_run,
};
