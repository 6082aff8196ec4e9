// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "../chan.h"
#include "soft_alg.h"
#include "soft_chan.h"

static const struct wd_soft_ops *const kinds[] = {
	[WD_KIND_CIPHER] = &wd_soft_cipher,
	[WD_KIND_AEAD] = &wd_soft_aead,
	[WD_KIND_DIGEST] = &wd_soft_digest,
	[WD_KIND_CRC] = &wd_soft_crc,
	[WD_KIND_MOVE] = &wd_soft_dma,
	[WD_KIND_COPY_CRC] = &wd_soft_dma,
	[WD_KIND_XOR] = &wd_soft_dma,
	[WD_KIND_DIF] = &wd_soft_dif,
	[WD_KIND_PACK] = &wd_soft_pack,
};

int wd_soft_alg_open(struct wd_soft_alg *sa, struct wd_alg_ctx *ctx)
{
	int ret;

	sa->ctx = ctx;
	sa->info = wd_alg_info(ctx);
	sa->ops = kinds[sa->info->kind];
	ERR_set_mark();
	ret = sa->ops->init ? sa->ops->init(sa) : 0;
	ERR_pop_to_mark();
	return ret;
}

void wd_soft_alg_close(struct wd_soft_alg *sa)
{
	if (sa->ops->exit)
		sa->ops->exit(sa);
}

int wd_soft_alg_set_key(struct wd_soft_alg *sa, const void *key, size_t len)
{
	int ret;

	ERR_set_mark();
	ret = sa->ops->set_key(sa, key, len);
	ERR_pop_to_mark();
	return ret;
}

/* The application's own use of libcrypto is not to find our errors. */
int wd_soft_alg_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	struct wd_alg_core *core = sa->ctx->lib;
	int ret;

	atomic_fetch_add_explicit(&core->software, 1, memory_order_relaxed);
	ERR_set_mark();
	ret = sa->ops->run(sa, req);
	ERR_pop_to_mark();
	return ret;
}

static void count(struct wd_soft_alg *sa, int n)
{
	pthread_mutex_lock(&sa->lock);
	sa->busy += (unsigned int)n;
	pthread_mutex_unlock(&sa->lock);
}

static struct wd_request *take(struct wd_soft_alg *sa)
{
	struct wd_request *req;

	pthread_mutex_lock(&sa->lock);
	req = sa->head;
	sa->head = req->lib;
	pthread_mutex_unlock(&sa->lock);
	return req;
}

/* Requests are in the list before the work is pushed for them, so there is one. */
static void alg_work(struct wd_work *work)
{
	struct wd_soft_alg *sa = (struct wd_soft_alg *)work;
	struct wd_request *req = take(sa);
	int ret = wd_soft_alg_run(sa, req);

	count(sa, -1);
	wd_request_done(sa->ctx, req, ret);
}

static int alg_init(struct wd_alg_ctx *ctx)
{
	struct wd_soft_alg *sa;
	int ret;

	sa = calloc(1, sizeof(*sa));
	if (!sa)
		return -ENOMEM;
	sa->work.run = alg_work;
	sa->work.serial = true;
	ret = wd_soft_alg_open(sa, ctx);
	if (ret)
		goto err_free;
	ret = wd_soft_chan_join(&ctx->ch);
	if (ret)
		goto err_exit;
	pthread_mutex_init(&sa->lock, NULL);
	ctx->private = sa;
	return 0;

err_exit:
	wd_soft_alg_close(sa);
err_free:
	free(sa);
	return ret;
}

static void alg_exit(struct wd_alg_ctx *ctx)
{
	struct wd_soft_alg *sa = ctx->private;

	wd_soft_alg_close(sa);
	if (!wd_chan_inherited(ctx->ch))
		pthread_mutex_destroy(&sa->lock);
	wd_soft_chan_leave(ctx->ch);
	free(sa);
	ctx->private = NULL;
	ctx->ch = NULL;
}

static int alg_set_key(struct wd_alg_ctx *ctx, const void *key, size_t len)
{
	struct wd_soft_alg *sa = ctx->private;
	int ret = -EBUSY;

	pthread_mutex_lock(&sa->lock);
	if (!sa->busy)
		ret = wd_soft_alg_set_key(sa, key, len);
	pthread_mutex_unlock(&sa->lock);
	return ret;
}

static int alg_run(struct wd_alg_ctx *ctx, struct wd_request *req)
{
	struct wd_soft_alg *sa = ctx->private;
	int ret;

	count(sa, 1);
	ret = wd_soft_alg_run(sa, req);
	count(sa, -1);
	return ret;
}

static int alg_submit(struct wd_alg_ctx *ctx, struct wd_request *const *reqs, unsigned int n)
{
	struct wd_soft_alg *sa = ctx->private;

	pthread_mutex_lock(&sa->lock);
	for (unsigned int i = 0; i < n; i++) {
		if (sa->head)
			sa->tail->lib = reqs[i];
		else
			sa->head = reqs[i];
		sa->tail = reqs[i];
	}
	sa->busy += n;
	pthread_mutex_unlock(&sa->lock);
	wd_soft_chan_push(ctx->ch, &sa->work, n);
	return (int)n;
}

static void alg_cancel(struct wd_alg_ctx *ctx)
{
	struct wd_soft_alg *sa = ctx->private;

	wd_soft_chan_cancel(ctx->ch, &sa->work);
}

const struct wd_alg_vendor wd_alg_software = {
	.name = "software",
	.priority = 0,
	.init = alg_init,
	.exit = alg_exit,
	.set_key = alg_set_key,
	.run = alg_run,
	.submit = alg_submit,
	.cancel = alg_cancel,
};
