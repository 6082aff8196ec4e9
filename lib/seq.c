// SPDX-License-Identifier: GPL-2.0-or-later
/* Sequences: contexts, and what is appended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wd_cipher.h"
#include "wd_digest.h"

#include "alg.h"
#include "seq.h"

#define SCRATCH_BASE	((uintptr_t)1 << 62)
#define SCRATCH_GAP	4096UL		/* neighbours are not taken for one */

/* --------------------------------------------------------------------- contexts */

/* On the channel, or else by the software. */
static int init_own(struct wd_alg_ctx *alg, const char *name, struct wd_chan *ch)
{
	int ret;

	*alg = (struct wd_alg_ctx){ .alg = name, .ch = ch };
	ret = wd_alg_init(alg);
	if (ret != -ENODEV || !ch)
		return ret;
	*alg = (struct wd_alg_ctx){ .alg = name, .flags = WD_ALG_F_SOFTWARE };
	return wd_alg_init(alg);
}

int wd_seq_ctx_create(struct wd_chan *ch, struct wd_seq_ctx **ctx)
{
	static const char *const names[SEQ_OWN] = {
		[SEQ_MOVE] = "copy", [SEQ_CRC] = "crc32c", [SEQ_DIF] = "dif", [SEQ_XOR] = "xor",
	};
	struct wd_seq_ctx *sc = calloc(1, sizeof(*sc));
	unsigned int i;
	int ret;

	if (!sc)
		return -ENOMEM;
	for (i = 0; i < SEQ_OWN; i++) {
		ret = init_own(&sc->own[i], names[i], i ? sc->own[0].ch : ch);
		if (ret)
			goto err_exit;
	}
	wd_seq_pool_init(&sc->pool);
	pthread_mutex_init(&sc->lock, NULL);
	sc->platform = &wd_seq_native;
	*ctx = sc;
	return 0;

err_exit:
	while (i--)
		wd_alg_exit(&sc->own[i]);
	free(sc);
	return ret;
}

void wd_seq_ctx_destroy(struct wd_seq_ctx *ctx)
{
	if (!ctx)
		return;
	for (unsigned int i = SEQ_OWN; i--;)
		wd_alg_exit(&ctx->own[i]);
	wd_seq_pool_exit(&ctx->pool);
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

struct wd_chan *wd_seq_ctx_channel(const struct wd_seq_ctx *ctx)
{
	return ctx->own[0].ch;
}

void wd_seq_ctx_set_platform(struct wd_seq_ctx *ctx, const struct wd_seq_platform *platform)
{
	ctx->platform = platform;
}

const struct wd_seq_platform *wd_seq_ctx_platform(const struct wd_seq_ctx *ctx)
{
	return ctx->platform;
}

/* -------------------------------------------------------------------- sequences */

int wd_seq_new(struct wd_seq_ctx *ctx, struct wd_seq **seq)
{
	*seq = calloc(1, sizeof(**seq));
	if (!*seq)
		return -ENOMEM;
	(*seq)->ctx = ctx;
	return 0;
}

void wd_seq_operand_drop(struct seq_operand *op)
{
	wd_domain_put(op->loc.domain);
	free(op->iov);
	*op = (struct seq_operand){ 0 };
}

void wd_seq_step_free(struct seq_step *step)
{
	wd_seq_operand_drop(&step->dst);
	for (unsigned int i = 0; i < WD_XOR_SRCS; i++)
		wd_seq_operand_drop(&step->src[i]);
	memset(step->iv, 0, sizeof(step->iv));
	free(step);
}

void wd_seq_free(struct wd_seq *seq)
{
	if (!seq)
		return;
	wd_seq_abort(seq);
	for (unsigned int i = 0; i < seq->n; i++)
		wd_seq_step_free(seq->step[i]);
	free(seq->region);
	free(seq);
}

int wd_seq_scratch(struct wd_seq *seq, size_t len, struct wd_loc *loc)
{
	struct seq_region *more, *last;
	uintptr_t addr = SCRATCH_BASE;

	if (!len || len > SIZE_MAX / 8 || seq->state != SEQ_OPEN)
		return -EINVAL;
	more = realloc(seq->region, (seq->nregions + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	seq->region = more;
	if (seq->nregions) {
		last = &more[seq->nregions - 1];
		addr = last->addr + ((last->len + 2 * SCRATCH_GAP - 1) & ~(SCRATCH_GAP - 1));
	}
	more[seq->nregions++] = (struct seq_region){ .addr = addr, .len = len };
	*loc = wd_loc_in(wd_domain_scratch(), addr, len);
	return 0;
}

int wd_seq_where(const struct wd_seq *seq, struct wd_loc *loc)
{
	if (!seq->n || !seq->step[seq->n - 1]->dst.loc.op.len)
		return -ENOENT;
	*loc = seq->step[seq->n - 1]->dst.loc;
	return 0;
}

/* ---------------------------------------------------------------------- appending */

/* Scratch memory is in one piece, of one region. */
static int check_in_scratch(const struct wd_seq *seq, const struct wd_loc *loc)
{
	const struct seq_region *r = loc->op.iov ? NULL : wd_seq_region(seq, loc);

	return r && loc->op.len <= r->len - ((uintptr_t)loc->op.base - r->addr) ? 0 : -EINVAL;
}

int wd_seq_translate(const struct wd_loc *loc, struct iovec **parts, unsigned int *cnt)
{
	struct iovec flat, none;
	unsigned int n;
	const struct iovec *iov = seq_parts(&loc->op, &flat, &n);
	int ret;

	*parts = NULL;
	*cnt = 0;
	/* It says how many there are. */
	ret = wd_domain_translate(loc->domain, iov, n, NULL, &none, cnt);
	if (ret != -ENOSPC)
		return ret ? ret : -EXDEV;
	*parts = calloc(*cnt, sizeof(**parts));
	if (!*parts)
		return -ENOMEM;
	ret = wd_domain_translate(loc->domain, iov, n, NULL, *parts, cnt);
	if (ret) {
		free(*parts);
		*parts = NULL;
	}
	return ret;
}

/* What is but a view of the process's memory is known by its address there from now on. */
static int to_process(struct seq_operand *op)
{
	unsigned int n;
	int ret = wd_seq_translate(&op->loc, &op->iov, &n);

	if (ret || !op->iov)
		return ret == -EXDEV ? -EINVAL : ret;
	op->loc.op.iov = n > 1 ? op->iov : NULL;
	op->loc.op.iovcnt = n > 1 ? n : 0;
	if (n == 1)
		op->loc.op.base = op->iov[0].iov_base;
	return 0;
}

static int set_operand(const struct wd_seq *seq, struct seq_operand *op, const struct wd_loc *loc)
{
	struct wd_domain *domain;
	int ret;

	if (!loc)
		return 0;
	domain = wd_domain_of(loc->domain);
	if (!loc->op.len || !wd_operand_adds_up(&loc->op))
		return -EINVAL;
	if (domain == wd_domain_process() && !wd_operand_ok(&loc->op))
		return -EINVAL;
	if (wd_domain_is_dead(domain))
		return -ENODEV;
	*op = (struct seq_operand){ .loc = *loc };
	op->loc.domain = wd_domain_get(domain);
	if (domain == wd_domain_scratch())
		return check_in_scratch(seq, loc);
	if (domain == wd_domain_process() || !wd_domain_is_view(domain))
		return 0;
	ret = to_process(op);
	if (ret)
		return ret;
	wd_domain_put(domain);
	op->loc.domain = wd_domain_get(NULL);
	return 0;
}

/* As the operands will be when it is run; addresses do not matter yet. */
static int check_step(struct seq_step *step)
{
	const struct wd_alg_core *core = step->alg->lib;
	struct wd_request req = step->req;
	static uint8_t there;

	req.src = (struct wd_operand){ .base = &there, .len = step->src[0].loc.op.len };
	req.dst = (struct wd_operand){ .base = &there, .len = step->dst.loc.op.len };
	for (unsigned int i = 0; i < step->nsrcs; i++) {
		step->ptrs[i] = &there;
		if (step->src[i].loc.op.len != step->src[0].loc.op.len)
			return -EINVAL;
		if (step->req.what == WD_XOR && step->src[i].loc.op.iov)
			return -EINVAL;
	}
	if (wd_check_request(core->info, &req))
		return -EINVAL;
	return core->keyed || !wd_alg_has_key(core->info) ? 0 : -ENOKEY;
}

static int append(struct wd_seq *seq, struct seq_step *step, struct wd_alg_ctx *alg,
		  const struct wd_loc *dst, const struct wd_loc *srcs, unsigned int nsrcs)
{
	int ret = -EINVAL;

	if (seq->state != SEQ_OPEN || !alg || !alg->lib)
		goto err_free;
	ret = -ENOSPC;
	if (seq->n == WD_SEQ_MAX)
		goto err_free;
	step->alg = alg;
	step->nsrcs = nsrcs;
	ret = set_operand(seq, &step->dst, dst);
	for (unsigned int i = 0; i < nsrcs && !ret; i++)
		ret = set_operand(seq, &step->src[i], &srcs[i]);
	if (!ret)
		ret = check_step(step);
	if (ret)
		goto err_free;
	seq->step[seq->n++] = step;
	seq->stats.appended++;
	return 0;

err_free:
	wd_seq_step_free(step);
	return ret;
}

static struct seq_step *step_new(enum wd_what what)
{
	struct seq_step *step = calloc(1, sizeof(*step));

	if (step)
		step->req.what = what;
	return step;
}

int wd_seq_copy(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *src)
{
	struct seq_step *step = step_new(WD_COPY);

	return step ? append(seq, step, &seq->ctx->own[SEQ_MOVE], dst, src, 1) : -ENOMEM;
}

int wd_seq_fill(struct wd_seq *seq, const struct wd_loc *dst, uint64_t pattern)
{
	struct seq_step *step = step_new(WD_FILL);

	if (!step)
		return -ENOMEM;
	step->req.pattern = pattern;
	return append(seq, step, &seq->ctx->own[SEQ_MOVE], dst, NULL, 0);
}

static int append_cipher(struct wd_seq *seq, struct wd_alg_ctx *alg, enum wd_what what,
			 const struct wd_loc *dst, const struct wd_loc *src, const uint8_t *iv,
			 size_t unit)
{
	struct seq_step *step = step_new(what);

	if (!step)
		return -ENOMEM;
	step->req.unit = unit;
	if (iv) {
		memcpy(step->iv, iv, sizeof(step->iv));
		step->req.iv = step->iv;
		step->req.iv_len = sizeof(step->iv);
	}
	return append(seq, step, alg, dst, src, 1);
}

int wd_seq_encrypt(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		   const struct wd_loc *src, const uint8_t *iv, size_t unit)
{
	return append_cipher(seq, alg, WD_ENCRYPT, dst, src, iv, unit);
}

int wd_seq_decrypt(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		   const struct wd_loc *src, const uint8_t *iv, size_t unit)
{
	return append_cipher(seq, alg, WD_DECRYPT, dst, src, iv, unit);
}

static int append_pack(struct wd_seq *seq, struct wd_alg_ctx *alg, enum wd_what what,
		       const struct wd_loc *dst, const struct wd_loc *src, int level, size_t *came)
{
	struct seq_step *step = step_new(what);

	if (!step)
		return -ENOMEM;
	step->req.level = level;
	step->came = came;
	return append(seq, step, alg, dst, src, 1);
}

int wd_seq_compress(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		    const struct wd_loc *src, int level, size_t *came)
{
	return append_pack(seq, alg, WD_COMPRESS, dst, src, level, came);
}

int wd_seq_decompress(struct wd_seq *seq, struct wd_alg_ctx *alg, const struct wd_loc *dst,
		      const struct wd_loc *src, size_t *came)
{
	return append_pack(seq, alg, WD_DECOMPRESS, dst, src, 0, came);
}

int wd_seq_crc32c(struct wd_seq *seq, const struct wd_loc *src, uint32_t *crc)
{
	struct seq_step *step = crc ? step_new(WD_DIGEST) : NULL;

	if (!step)
		return crc ? -ENOMEM : -EINVAL;
	step->crc = crc;
	return append(seq, step, &seq->ctx->own[SEQ_CRC], NULL, src, 1);
}

static int append_dif(struct wd_seq *seq, enum wd_what what, const struct wd_loc *dst,
		      const struct wd_loc *src, const struct wd_dif *dif)
{
	struct seq_step *step = step_new(what);

	if (!step)
		return -ENOMEM;
	step->req.dif = *dif;
	return append(seq, step, &seq->ctx->own[SEQ_DIF], dst, src, 1);
}

int wd_seq_dif_insert(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *src,
		      const struct wd_dif *dif)
{
	return append_dif(seq, WD_DIF_INSERT, dst, src, dif);
}

int wd_seq_dif_verify(struct wd_seq *seq, const struct wd_loc *src, const struct wd_dif *dif)
{
	return append_dif(seq, WD_DIF_VERIFY, NULL, src, dif);
}

int wd_seq_dif_strip(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *src,
		     const struct wd_dif *dif)
{
	return append_dif(seq, WD_DIF_STRIP, dst, src, dif);
}

int wd_seq_xor(struct wd_seq *seq, const struct wd_loc *dst, const struct wd_loc *srcs,
	       unsigned int n)
{
	struct seq_step *step;

	if (!n || n > WD_XOR_SRCS)
		return -EINVAL;
	step = step_new(WD_XOR);
	if (!step)
		return -ENOMEM;
	step->req.srcs = step->ptrs;
	step->req.nsrcs = n;
	return append(seq, step, &seq->ctx->own[SEQ_XOR], dst, srcs, n);
}

int wd_seq_then(struct wd_seq *seq, wd_seq_cb_t cb, void *arg)
{
	if (!seq->n || seq->state != SEQ_OPEN)
		return -ENOENT;
	seq->step[seq->n - 1]->cb = cb;
	seq->step[seq->n - 1]->arg = arg;
	return 0;
}

int wd_seq_reverse(struct wd_seq *seq)
{
	if (seq->state != SEQ_OPEN)
		return -EINVAL;
	for (unsigned int i = 0; i < seq->n / 2; i++) {
		struct seq_step *s = seq->step[i];

		seq->step[i] = seq->step[seq->n - 1 - i];
		seq->step[seq->n - 1 - i] = s;
	}
	return 0;
}

void wd_seq_get_stats(const struct wd_seq *seq, struct wd_seq_stats *stats)
{
	*stats = seq->stats;
}
