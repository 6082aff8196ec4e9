// SPDX-License-Identifier: GPL-2.0-or-later
/* The key of a context, which the device holds under an id. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accel_alg.h"

static uint32_t op_word(const struct accel_alg *ac)
{
	const unsigned int tag = wd_alg_tag_len(ac->ctx);

	return ac->info->nr | (ac->info->kind == WD_KIND_AEAD ? tag << WD_KEY_TAG_SHIFT : 0);
}

static int error_of(const struct wd_cqe *cqe)
{
	return cqe->status == WD_ST_BAD_KEY ? -EINVAL : accel_error(cqe);
}

static int run_set(struct accel_alg *ac, uint32_t id, uint64_t addr, size_t len)
{
	struct wd_ring_req req = {
		.desc = {
			.opcode = WD_OP_KEY_SET,
			.op = op_word(ac),
			.src = addr,
			.src_len = (uint32_t)len,
			.key = id,
		},
	};
	int ret;

	ret = wd_ring_run(ac->accel->ring, &req);
	return ret ? ret : error_of(&req.cqe);
}

/* In memory of the pool, which others use after us. */
static int set_through_pool(struct accel_alg *ac, uint32_t id, const void *key, size_t len)
{
	struct wd_bounce_pool *pool = ac->accel->pool;
	struct wd_bounce_set set;
	size_t which;
	int ret;

	ret = wd_bounce_pool_get_one(pool, &len, 1, true, &set, &which);
	if (ret)
		return ret;
	memcpy(set.buf[0].va, key, len);
	ret = run_set(ac, id, set.buf[0].dma, len);
	explicit_bzero(set.buf[0].va, len);
	wd_bounce_pool_put(pool, &set);
	return ret;
}

static int set_on_device(struct accel_alg *ac, const void *key, size_t len)
{
	int id = ac->key, ret;

	if (id < 0)
		id = wd_accel_key_get(ac->accel);
	if (id < 0)
		return -ENOMEM;
	if (ac->accel->pool)
		ret = set_through_pool(ac, (uint32_t)id, key, len);
	else
		ret = run_set(ac, (uint32_t)id, (uintptr_t)key, len);
	if (!ret)
		ac->key = id;
	else if (ac->key < 0)
		wd_accel_key_put(ac->accel, id);
	return ret;
}

/* Where the device has no room for it the software needs it at once, else perhaps later. */
int accel_set_key(struct wd_alg_ctx *ctx, const void *key, size_t len)
{
	struct accel_alg *ac = ctx->private;
	void *copy = NULL;
	bool busy;
	int ret;

	pthread_mutex_lock(&ac->lock);
	busy = ac->active;
	pthread_mutex_unlock(&ac->lock);
	if (busy)
		return -EBUSY;

	if (!ac->soft.never) {
		copy = malloc(len);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, key, len);
	}
	ret = set_on_device(ac, key, len);
	if (ret && (ret != -ENOMEM || !copy)) {
		if (copy)
			explicit_bzero(copy, len);
		free(copy);
		return ret;
	}
	ac->soft_key = ret;
	accel_soft_give_key(ac, copy, len);
	if (!ac->soft_key)
		return 0;
	pthread_mutex_lock(&ac->lock);
	ret = accel_soft_ready(ac);
	pthread_mutex_unlock(&ac->lock);
	return ret;
}

/* A channel that is dead has no keys: the error says nothing new. */
void accel_drop_key(struct accel_alg *ac)
{
	struct wd_ring_req req = {
		.desc = { .opcode = WD_OP_KEY_DROP, .key = (uint32_t)ac->key },
	};

	wd_ring_run(ac->accel->ring, &req);
	wd_accel_key_put(ac->accel, ac->key);
}
