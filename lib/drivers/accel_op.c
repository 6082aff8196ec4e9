// SPDX-License-Identifier: GPL-2.0-or-later
/* What the operations of the device differ in. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "../comp.h"
#include "accel_alg.h"

#define GRANULE		64U	/* of all blocks and patterns a multiple */
#define PROTECTION	8U	/* bytes of protection information of a block */

static void use(struct accel_place *place, const struct wd_operand *op, size_t stride, bool write)
{
	*place = (struct accel_place){
		.op = *op,
		.len = op->len,
		.stride = stride,
		.used = true,
		.write = write,
	};
}

static void use_src(struct accel_request *r, size_t stride)
{
	use(&r->place[ACCEL_SRC], &r->req->src, stride, false);
}

static void use_dst(struct accel_request *r, size_t stride)
{
	use(&r->place[ACCEL_DST], &r->req->dst, stride, true);
}

static void divide(struct accel_request *r, size_t total, size_t granule)
{
	r->total = total;
	r->main = total;
	r->granule = granule;
}

static struct accel_piece this_piece(const struct accel_request *r)
{
	return accel_piece_at(r, r->piece);
}

static bool is_last(const struct accel_request *r)
{
	return r->piece + 1 == r->pieces;
}

static uint32_t length(const struct accel_place *place, struct accel_piece piece)
{
	return (uint32_t)(place->stride ? piece.n * place->stride : place->len);
}

/* Source and destination, where there are such. */
static void build_plain(struct accel_request *r, struct wd_desc *desc)
{
	const struct accel_place *src = &r->place[ACCEL_SRC], *dst = &r->place[ACCEL_DST];
	struct accel_piece piece = this_piece(r);

	if (src->used) {
		desc->src = src->addr;
		desc->src_len = length(src, piece);
		if (src->is_list)
			desc->flags |= WD_DESC_SRC_SGL;
	}
	if (dst->used && (!dst->last || is_last(r))) {
		desc->dst = dst->addr;
		desc->dst_len = length(dst, piece);
		if (dst->is_list)
			desc->flags |= WD_DESC_DST_SGL;
	}
}

static void done_plain(struct accel_request *r, const struct wd_cqe *cqe)
{
	(void)r;
	(void)cqe;
}

/* ------------------------------------------------------------------ ciphers */

static bool is_xts(const struct accel_request *r)
{
	return r->ac->info->flags & WD_ALG_XTS;
}

static void prepare_cipher(struct accel_request *r)
{
	const size_t len = r->req->src.len, unit = r->req->unit;

	use_src(r, 1);
	use_dst(r, 1);
	divide(r, len, unit ? unit : GRANULE);
	r->whole = is_xts(r) && !unit;
	/* The device takes whole units; what is left is one that is shorter. */
	if (unit)
		r->main = len - len % unit;
}

static void add_le128(uint8_t *v, uint64_t n)
{
	uint64_t half[2];

	memcpy(half, v, sizeof(half));
	n += le64toh(half[0]);
	if (n < le64toh(half[0]))
		half[1] = htole64(le64toh(half[1]) + 1);
	half[0] = htole64(n);
	memcpy(v, half, sizeof(half));
}

/* But for XTS, the device leaves in the block what the next piece begins with. */
static void build_cipher(struct accel_request *r, struct wd_desc *desc)
{
	struct wd_cipher_param *param = (void *)r->va;
	struct accel_piece piece = this_piece(r);
	const size_t unit = r->req->unit;

	build_plain(r, desc);
	desc->key = (uint32_t)r->ac->key;
	if (r->req->what == WD_ENCRYPT)
		desc->op |= WD_CIPHER_ENCRYPT;
	if (!r->ac->info->iv) {
		desc->param = 0;
		return;
	}
	if (!r->piece || is_xts(r))
		memcpy(param->iv, r->req->iv, sizeof(param->iv));
	if (!is_xts(r)) {
		desc->op |= WD_CIPHER_IV_OUT;
		return;
	}
	if (!unit)
		return;
	add_le128(param->iv, piece.pos / unit);
	if (piece.pos < r->main)
		desc->op |= (uint32_t)__builtin_ctzl(unit) << WD_CIPHER_UNIT_SHIFT;
}

static void finish_cipher(struct accel_request *r)
{
	const struct wd_cipher_param *param = (void *)r->va;

	if (r->ac->info->iv && !is_xts(r))
		memcpy(r->req->iv, param->iv, sizeof(param->iv));
}

static void prepare_aead(struct accel_request *r)
{
	use_src(r, 1);
	use_dst(r, 1);
	use(&r->place[ACCEL_MORE], &r->req->aad, 0, false);
	divide(r, r->req->src.len, 1);
	r->whole = true;
}

static void build_aead(struct accel_request *r, struct wd_desc *desc)
{
	const struct accel_place *aad = &r->place[ACCEL_MORE];
	struct wd_aead_param *param = (void *)r->va;
	const struct wd_request *req = r->req;

	build_plain(r, desc);
	desc->key = (uint32_t)r->ac->key;
	if (aad->is_list)
		desc->op |= WD_AEAD_AAD_SGL;
	param->aad = htole64(aad->addr);
	param->aad_len = htole32((uint32_t)aad->len);
	param->iv_len = htole32((uint32_t)req->iv_len);
	memcpy(param->iv, req->iv, req->iv_len);
	if (req->what == WD_ENCRYPT)
		desc->op |= WD_AEAD_ENCRYPT;
	else
		memcpy(param->tag, req->tag, wd_alg_tag_len(r->ac->ctx));
}

static void finish_aead(struct accel_request *r)
{
	const struct wd_aead_param *param = (void *)r->va;

	if (r->req->what == WD_ENCRYPT)
		memcpy(r->req->tag, param->tag, wd_alg_tag_len(r->ac->ctx));
}

/* ------------------------------------------------------------------ digests */

static void prepare_digest(struct accel_request *r)
{
	const size_t size = r->ac->info->size;
	struct accel_place *dst = &r->place[ACCEL_DST];

	if (r->req->what != WD_DIGEST_END)
		use_src(r, 1);
	divide(r, r->req->src.len, GRANULE);
	if (!size || r->req->what == WD_DIGEST_UPDATE)
		return;
	use_dst(r, 0);
	dst->len = size;
	dst->last = true;
}

static void build_digest(struct accel_request *r, struct wd_desc *desc)
{
	const bool begins = !r->piece && r->begins;
	const bool ends = is_last(r) && r->req->what != WD_DIGEST_UPDATE;
	const struct wd_alg_info *info = r->ac->info;

	build_plain(r, desc);
	desc->op = info->nr;
	if (begins) {
		desc->op |= WD_DIGEST_NEW;
		if (info->flags & WD_ALG_HMAC) {
			desc->op |= WD_DIGEST_HMAC;
			desc->key = (uint32_t)r->ac->key;
		}
	}
	if (ends)
		desc->op |= WD_DIGEST_FINAL;
	if (!begins || !ends)
		desc->stream = (uint32_t)r->stream;
}

static void done_digest(struct accel_request *r, const struct wd_cqe *cqe)
{
	if (r->ac->info->kind == WD_KIND_CRC && is_last(r) && r->req->what != WD_DIGEST_UPDATE)
		r->req->result = cqe->info;
}

/* ------------------------------------------------------------------- memory */

static void prepare_copy(struct accel_request *r)
{
	use_src(r, 1);
	use_dst(r, 1);
	divide(r, r->req->src.len, GRANULE);
}

static void prepare_compare(struct accel_request *r)
{
	prepare_copy(r);
	r->place[ACCEL_DST].write = false;
}

static void done_compare(struct accel_request *r, const struct wd_cqe *cqe)
{
	if (!(cqe->aux & WD_CQE_DIFFERS))
		return;
	r->ret = 1;
	r->req->result = this_piece(r).pos + cqe->info;
}

static void prepare_fill(struct accel_request *r)
{
	use_dst(r, 1);
	divide(r, r->req->dst.len, GRANULE);
}

static void build_fill(struct accel_request *r, struct wd_desc *desc)
{
	build_plain(r, desc);
	desc->src = le64toh(r->req->pattern);
}

static void prepare_compare_fill(struct accel_request *r)
{
	use_src(r, 1);
	divide(r, r->req->src.len, GRANULE);
}

static void build_compare_fill(struct accel_request *r, struct wd_desc *desc)
{
	build_plain(r, desc);
	desc->dst = le64toh(r->req->pattern);
}

static void prepare_dualcast(struct accel_request *r)
{
	prepare_copy(r);
	use(&r->place[ACCEL_MORE], &r->req->dst2, 1, true);
}

static void build_dualcast(struct accel_request *r, struct wd_desc *desc)
{
	struct wd_dualcast_param *param = (void *)r->va;

	build_plain(r, desc);
	param->dst = htole64(r->place[ACCEL_MORE].addr);
}

static void build_copy_crc(struct accel_request *r, struct wd_desc *desc)
{
	build_plain(r, desc);
	desc->op = r->crc;
}

static void done_copy_crc(struct accel_request *r, const struct wd_cqe *cqe)
{
	r->crc = (uint32_t)cqe->info;
	r->req->result = r->crc;
}

static void prepare_xor(struct accel_request *r)
{
	const struct wd_request *req = r->req;

	use_dst(r, 1);
	divide(r, req->src.len, GRANULE);
	for (unsigned int i = 0; i < req->nsrcs; i++) {
		const struct wd_operand op = { .base = req->srcs[i], .len = req->src.len };

		use(&r->place[ACCEL_MORE + i], &op, 1, false);
	}
}

static void build_xor(struct accel_request *r, struct wd_desc *desc)
{
	struct wd_xor_param *param = (void *)r->va;

	build_plain(r, desc);
	desc->src_len = desc->dst_len;
	if (r->place[ACCEL_MORE].is_list)
		desc->flags |= WD_DESC_SRC_SGL;
	param->count = htole32(r->req->nsrcs);
	for (unsigned int i = 0; i < r->req->nsrcs; i++)
		param->src[i] = htole64(r->place[ACCEL_MORE + i].addr);
}

/* ---------------------------------------------------- protection information */

static void prepare_dif(struct accel_request *r)
{
	const size_t data = r->req->dif.block, all = data + PROTECTION;
	const enum wd_what what = r->req->what;
	size_t in = what == WD_DIF_VERIFY || what == WD_DIF_STRIP || what == WD_DIF_UPDATE ?
		    all : data;

	use_src(r, in);
	divide(r, r->req->src.len / in, 1);
	if (what == WD_DIF_INSERT || what == WD_DIF_UPDATE)
		use_dst(r, all);
	else if (what == WD_DIF_STRIP)
		use_dst(r, data);
	else if (what == WD_DIX_GENERATE || what == WD_DIX_VERIFY)
		use(&r->place[ACCEL_MORE], &r->req->meta, PROTECTION, what == WD_DIX_GENERATE);
}

static void build_dif(struct accel_request *r, struct wd_desc *desc)
{
	const struct accel_place *meta = &r->place[ACCEL_MORE];
	const struct wd_dif *dif = &r->req->dif;
	struct accel_piece piece = this_piece(r);
	const uint32_t ahead = dif->type == 3 ? 0 : (uint32_t)piece.pos;
	const bool update = r->req->what == WD_DIF_UPDATE;

	build_plain(r, desc);
	*(struct wd_dif_param *)(void *)r->va = (struct wd_dif_param){
		.type = (uint8_t)dif->type,
		.checks = (uint8_t)dif->checks,
		.block = htole16((uint16_t)dif->block),
		.app_tag = htole16(dif->app_tag),
		.app_mask = htole16(dif->app_mask),
		.ref_tag = htole32(dif->ref_tag + ahead),
		.new_ref_tag = update ? htole32(dif->new_ref_tag + ahead) : 0,
		.new_app_tag = update ? htole16(dif->new_app_tag) : 0,
		.meta_flags = htole16(meta->is_list ? WD_DIF_META_SGL : 0),
		.meta_len = meta->used ? htole32(length(meta, piece)) : 0,
		.meta = htole64(meta->addr),
	};
}

/* --------------------------------------------------------------- compression */

static void prepare_pack(struct accel_request *r)
{
	if (r->req->src.len)
		use_src(r, 0);
	use_dst(r, 0);
	r->whole = true;
}

static void build_pack(struct accel_request *r, struct wd_desc *desc)
{
	const int format = r->ac->info->format;

	build_plain(r, desc);
	desc->stream = (uint32_t)r->stream;
	desc->op = WD_COMP_NEW | wd_accel_comp_format(format);
	if (r->req->what == WD_DECOMPRESS)
		return;
	desc->op |= WD_COMP_FINISH << WD_COMP_FLUSH_SHIFT |
		    (uint32_t)wd_comp_level(r->req->level) << WD_COMP_LEVEL_SHIFT;
	if (format <= WD_GZIP)
		desc->op |= 15U << WD_COMP_WINDOW_SHIFT;
}

/* Without its end, a stream is cut off. */
static void done_pack(struct accel_request *r, const struct wd_cqe *cqe)
{
	if (!(cqe->aux & WD_CQE_END))
		r->ret = r->req->what == WD_DECOMPRESS ? -EBADMSG : -EIO;
	r->req->consumed = cqe->consumed;
	r->req->result = cqe->info;
}

/* A request for data of this kind is CIPHER or AEAD, which its algorithm tells. */
static const struct accel_op op_cipher = {
	.opcode = WD_OP_CIPHER,
	.param = sizeof(struct wd_cipher_param),
	.in_place = true,
	.prepare = prepare_cipher,
	.build = build_cipher,
	.done = done_plain,
	.finish = finish_cipher,
};

static const struct accel_op op_aead = {
	.opcode = WD_OP_AEAD,
	.param = sizeof(struct wd_aead_param),
	.in_place = true,
	.prepare = prepare_aead,
	.build = build_aead,
	.done = done_plain,
	.finish = finish_aead,
};

#define DIGEST {				\
	.opcode = WD_OP_DIGEST,			\
	.prepare = prepare_digest,		\
	.build = build_digest,			\
	.done = done_digest,			\
}

#define DIF(name, same) {			\
	.opcode = WD_OP_##name,			\
	.param = sizeof(struct wd_dif_param),	\
	.in_place = same,			\
	.prepare = prepare_dif,			\
	.build = build_dif,			\
	.done = done_plain,			\
}

#define PACK(name) {				\
	.opcode = WD_OP_##name,			\
	.prepare = prepare_pack,		\
	.build = build_pack,			\
	.done = done_pack,			\
}

static const struct accel_op ops[] = {
	[WD_DIGEST] = DIGEST,
	[WD_DIGEST_UPDATE] = DIGEST,
	[WD_DIGEST_END] = DIGEST,
	[WD_COPY] = {
		.opcode = WD_OP_COPY,
		.prepare = prepare_copy,
		.build = build_plain,
		.done = done_plain,
	},
	[WD_FILL] = {
		.opcode = WD_OP_FILL,
		.prepare = prepare_fill,
		.build = build_fill,
		.done = done_plain,
	},
	[WD_COMPARE] = {
		.opcode = WD_OP_COMPARE,
		.prepare = prepare_compare,
		.build = build_plain,
		.done = done_compare,
	},
	[WD_COMPARE_FILL] = {
		.opcode = WD_OP_COMPARE_PATTERN,
		.prepare = prepare_compare_fill,
		.build = build_compare_fill,
		.done = done_compare,
	},
	[WD_DUALCAST] = {
		.opcode = WD_OP_DUALCAST,
		.param = sizeof(struct wd_dualcast_param),
		.lists = true,
		.prepare = prepare_dualcast,
		.build = build_dualcast,
		.done = done_plain,
	},
	[WD_COPY_CRC] = {
		.opcode = WD_OP_COPY_CRC32C,
		.prepare = prepare_copy,
		.build = build_copy_crc,
		.done = done_copy_crc,
	},
	[WD_XOR] = {
		.opcode = WD_OP_XOR,
		.param = sizeof(struct wd_xor_param),
		.lists = true,
		.prepare = prepare_xor,
		.build = build_xor,
		.done = done_plain,
	},
	[WD_DIF_INSERT] = DIF(DIF_INSERT, false),
	[WD_DIF_VERIFY] = DIF(DIF_VERIFY, false),
	[WD_DIF_STRIP] = DIF(DIF_STRIP, false),
	[WD_DIF_UPDATE] = DIF(DIF_UPDATE, true),
	[WD_DIX_GENERATE] = DIF(DIX_GENERATE, false),
	[WD_DIX_VERIFY] = DIF(DIX_VERIFY, false),
	[WD_COMPRESS] = PACK(DEFLATE),
	[WD_DECOMPRESS] = PACK(INFLATE),
};

const struct accel_op *accel_op_find(enum wd_alg_kind kind, enum wd_what what)
{
	if (kind == WD_KIND_CIPHER)
		return &op_cipher;
	return kind == WD_KIND_AEAD ? &op_aead : &ops[what];
}
