// SPDX-License-Identifier: GPL-2.0-or-later
/* What may be said to a request for anything but compression. */
#include "hostile_ops.h"

static bool is_one_of(const struct wd_desc *d, uint64_t algs)
{
	unsigned int nr = d->op & 0xff;

	return nr < WD_ALG_NRS && WD_ALG_BIT(nr) & algs;
}

static unsigned int hash_len(unsigned int alg)
{
	static const uint8_t len[] = { 20, 28, 32, 48, 64, 32, 64, 32 };

	return alg - WD_ALG_NR_SHA1 < sizeof(len) ? len[alg - WD_ALG_NR_SHA1] : 0;
}

/* A field that is not the operation's own: lengths are refused as what they are or as such. */
static uint64_t no_dst(const struct wd_desc *d)
{
	return (d->dst ? ST(BAD_FLAGS) : 0) |
	       (d->dst_len ? ST(BAD_FLAGS) | ST(BAD_LENGTH) : 0);
}

static uint64_t no_src(const struct wd_desc *d)
{
	return (d->src ? ST(BAD_FLAGS) : 0) |
	       (d->src_len ? ST(BAD_FLAGS) | ST(BAD_LENGTH) : 0);
}

static uint64_t bad_key_set(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	uint64_t bad = no_dst(d);

	if (!is_one_of(d, l->algs & (RAW_ALG_CIPHERS | RAW_ALG_AEADS | RAW_ALG_HASHES)) ||
	    d->op & ~(WD_KEY_ALG_MASK | WD_KEY_TAG_MASK) ||
	    (d->op & WD_KEY_TAG_MASK && !is_one_of(d, RAW_ALG_AEADS)))
		bad |= ST(BAD_OP);
	if (d->src_len > WD_KEY_MAX_LEN)
		bad |= ST(BAD_KEY);
	return bad;
}

/* From source to destination, as many bytes. */
static uint64_t bad_lengths(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	return !d->src_len || d->src_len > l->max_len || d->dst_len > l->max_len ||
	       d->dst_len < d->src_len ? ST(BAD_LENGTH) : 0;
}

static uint64_t bad_cipher(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	unsigned int unit = (d->op & WD_CIPHER_UNIT_MASK) >> WD_CIPHER_UNIT_SHIFT;
	uint64_t bad = bad_lengths(d, l);

	if (d->op & ~WD_CIPHER_MASK || (unit && (unit < 4 || 1ULL << unit > l->max_unit)))
		bad |= ST(BAD_OP);
	return bad;
}

static uint64_t bad_aead(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	return (d->op & ~WD_AEAD_MASK ? ST(BAD_OP) : 0) |
	       (d->src_len > l->max_unit || d->dst_len > l->max_len ||
		d->dst_len < d->src_len ? ST(BAD_LENGTH) : 0);
}

static uint64_t bad_digest(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	bool whole = d->op & WD_DIGEST_NEW && d->op & WD_DIGEST_FINAL;
	bool hash = is_one_of(d, RAW_ALG_HASHES);
	uint64_t bad = 0;

	if (d->op & ~WD_DIGEST_MASK || !is_one_of(d, l->algs & (RAW_ALG_HASHES | RAW_ALG_CRCS)))
		bad |= ST(BAD_OP);
	if (d->op & WD_DIGEST_HMAC ? !(d->op & WD_DIGEST_NEW) || !hash : 0)
		bad |= ST(BAD_OP);
	if (!(d->op & WD_DIGEST_HMAC) && d->key)
		bad |= ST(BAD_FLAGS);
	if (d->src_len > l->max_len || d->dst_len > l->max_len)
		bad |= ST(BAD_LENGTH);
	if (whole && d->stream)
		bad |= ST(BAD_STREAM) | ST(BAD_FLAGS);
	if (!(d->op & WD_DIGEST_FINAL) || !hash)
		bad |= no_dst(d) | (d->flags & WD_DESC_DST_SGL ? ST(BAD_FLAGS) : 0);
	else if (d->dst_len < hash_len(d->op & WD_DIGEST_ALG_MASK))
		bad |= ST(BAD_LENGTH);
	return bad;
}

/* COPY to XOR. */
static uint64_t bad_move(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	switch (d->opcode) {
	case WD_OP_FILL:
		return (d->src_len ? ST(BAD_FLAGS) | ST(BAD_LENGTH) : 0) |
		       (!d->dst_len || d->dst_len > l->max_len ? ST(BAD_LENGTH) : 0);
	case WD_OP_COMPARE_PATTERN:
		return (d->dst_len ? ST(BAD_FLAGS) | ST(BAD_LENGTH) : 0) |
		       (!d->src_len || d->src_len > l->max_len ? ST(BAD_LENGTH) : 0);
	case WD_OP_COMPARE:
		return bad_lengths(d, l) | (d->src_len != d->dst_len ? ST(BAD_LENGTH) : 0);
	case WD_OP_XOR:
		return bad_lengths(d, l) | (d->src ? ST(BAD_FLAGS) : 0);
	default:
		return bad_lengths(d, l);
	}
}

static uint64_t bad_dif(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	uint64_t bad = 0;

	if (!d->src_len || d->src_len > l->max_len || d->dst_len > l->max_len)
		bad |= ST(BAD_LENGTH);
	if (!(raw_op_find(d->opcode)->has & RAW_OP_DST))
		bad |= no_dst(d);
	return bad;
}

uint64_t work_op_malformed(const struct wd_desc *d, const struct wd_chan_layout *l)
{
	uint64_t bad = 0;

	if (!(raw_op_find(d->opcode)->has & RAW_OP_STREAM) && d->stream)
		bad |= ST(BAD_FLAGS);
	switch (d->opcode) {
	case WD_OP_KEY_SET:
		return bad | bad_key_set(d, l);
	case WD_OP_KEY_DROP:
		return bad | no_src(d) | no_dst(d) | (d->op ? ST(BAD_OP) : 0);
	case WD_OP_CIPHER:
		return bad | bad_cipher(d, l);
	case WD_OP_AEAD:
		return bad | bad_aead(d, l);
	case WD_OP_DIGEST:
		return bad | bad_digest(d, l);
	}
	if (d->op && d->opcode != WD_OP_COPY_CRC32C)
		bad |= ST(BAD_OP);
	return bad | (d->opcode < WD_OP_DIF_INSERT ? bad_move(d, l) : bad_dif(d, l));
}

/* Who has a parameter block may find anything in it, and a list with a list's faults. */
uint64_t work_op_may(const struct wd_desc *d)
{
	uint64_t may = ST(OK);

	if (d->flags & (WD_DESC_SRC_SGL | WD_DESC_DST_SGL))
		may |= ST(BAD_SGL);
	if (raw_op_find(d->opcode)->has & RAW_OP_PARAM)
		may |= ST(BAD_PARAM) | ST(BAD_SGL);
	if (d->opcode != WD_OP_KEY_DROP)
		may |= ST(NO_RESOURCE);
	switch (d->opcode) {
	case WD_OP_KEY_SET:
	case WD_OP_KEY_DROP:
		return may | ST(BAD_KEY);
	case WD_OP_CIPHER:
		return (may & ~ST(BAD_PARAM)) | ST(BAD_KEY) | ST(BAD_FLAGS) | ST(BAD_OP) | ST(BAD_LENGTH);
	case WD_OP_AEAD:
		return may | ST(BAD_KEY) | ST(BAD_LENGTH) | (d->op & WD_AEAD_ENCRYPT ? 0 : ST(AUTH));
	case WD_OP_DIGEST:
		if (d->op & WD_DIGEST_HMAC)
			return may | ST(BAD_KEY);
		return d->op & WD_DIGEST_NEW ? may : may | ST(BAD_STREAM);
	case WD_OP_DIF_INSERT:
	case WD_OP_DIX_GENERATE:
		return may | ST(BAD_LENGTH);
	case WD_OP_DIF_VERIFY ... WD_OP_DIF_UPDATE:
	case WD_OP_DIX_VERIFY:
		return may | ST(BAD_LENGTH) | ST(DIF);
	default:
		return may;
	}
}

/* The address gives this fault to somebody who reads there, or who writes. */
static bool faults_so(const struct work *w, const struct wd_cqe *cqe)
{
	int read = work_fault_at(w, cqe->info, false), write = work_fault_at(w, cqe->info, true);

	return read == cqe->status || write == cqe->status || read == WORK_ANY || write == WORK_ANY;
}

const char *work_op_fault(const struct work *w, const struct work_desc *wd,
			  const struct wd_cqe *cqe)
{
	bool dst = cqe->aux & WD_CQE_FAULT_DST;
	const struct raw_op *op = raw_op_find(wd->d.opcode);
	uint64_t at = dst ? wd->dst : wd->src;
	uint32_t len = dst ? wd->d.dst_len : wd->d.src_len;
	int want = work_fault_at(w, cqe->info, dst && wd->d.opcode != WD_OP_COMPARE);

	if (cqe->aux & WD_CQE_FAULT_PARAM)
		return !(op->has & RAW_OP_PARAM) ? "a fault of parameters that are none" :
		       !faults_so(w, cqe) ? "not the fault of that address" : NULL;
	if (!(op->has & (dst ? RAW_OP_DST : RAW_OP_SRC)))
		return "a fault of an operand that is none";
	if (!(wd->d.flags & (dst ? WD_DESC_DST_SGL : WD_DESC_SRC_SGL)) && cqe->aux & WD_CQE_FAULT_SGL)
		return "a fault of a list that is none";
	/* A random list, whose parts are anywhere. */
	if (!at)
		return faults_so(w, cqe) ? NULL : "not the fault of that address";
	if (cqe->info - at >= len)
		return "the fault is not on the operand";
	if (want != WORK_ANY && want != cqe->status)
		return "not the fault of that address";
	return NULL;
}

bool work_op_writes_ahead(const struct wd_desc *d, const struct wd_cqe *cqe)
{
	/* An overlap is copied from its end; what goes in steps counts when one is complete. */
	return cqe->status != WD_ST_OK &&
	       (d->opcode == WD_OP_COPY || (d->opcode >= WD_OP_DUALCAST && d->opcode != WD_OP_COPY_CRC32C));
}

uint32_t work_op_room(const struct wd_desc *d)
{
	/* Eight bytes for each block, wherever the parameters say; the smallest blocks have 512. */
	return d->opcode == WD_OP_DIX_GENERATE ? d->src_len / 64 : d->dst_len;
}

const char *work_op_counts(const struct wd_desc *d, const struct wd_cqe *cqe)
{
	bool differs = cqe->aux & WD_CQE_DIFFERS;
	uint32_t out = 0;

	if (cqe->aux & (WD_CQE_DIF_GUARD | WD_CQE_DIF_APP | WD_CQE_DIF_REF) &&
	    cqe->status != WD_ST_DIF)
		return "protection is wrong, and it is not";
	if (cqe->status != WD_ST_OK)
		return NULL;
	if (differs && d->opcode != WD_OP_COMPARE && d->opcode != WD_OP_COMPARE_PATTERN)
		return "a difference where nothing was compared";
	if (!differs && cqe->consumed != d->src_len)
		return "OK, but not all was used";
	switch (d->opcode) {
	case WD_OP_FILL:
		out = d->dst_len;
		break;
	case WD_OP_CIPHER:
	case WD_OP_AEAD:
	case WD_OP_COPY:
	case WD_OP_COPY_CRC32C:
	case WD_OP_DUALCAST:
	case WD_OP_XOR:
		out = d->src_len;
		break;
	case WD_OP_DIGEST:
		out = d->op & WD_DIGEST_FINAL ? hash_len(d->op & WD_DIGEST_ALG_MASK) : 0;
		break;
	case WD_OP_DIF_INSERT ... WD_OP_DIX_GENERATE:
		return NULL;
	}
	return cqe->produced != out ? "OK, but not as much as that" : NULL;
}
