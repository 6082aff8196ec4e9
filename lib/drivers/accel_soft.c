// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that the device has no room for: libcrypto and its like do them.
 *
 * What was submitted runs from wd_poll(), one after another, as the parts of a stream must. What
 * wd_alg_run() brings runs at once; where it belongs to a stream, behind all that was submitted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "accel_alg.h"

static void forget_key(struct accel_soft *soft)
{
	if (soft->key)
		explicit_bzero(soft->key, soft->key_len);
	free(soft->key);
	soft->key = NULL;
	soft->key_len = 0;
}

void accel_soft_give_key(struct accel_alg *ac, void *key, size_t len)
{
	struct accel_soft *soft = &ac->soft;

	forget_key(soft);
	soft->key = key;
	soft->key_len = len;
	soft->keyed = !key;
}

int accel_soft_ready(struct accel_alg *ac)
{
	struct accel_soft *soft = &ac->soft;
	int ret;

	if (soft->never)
		return -ENOMEM;
	if (!soft->open && wd_soft_alg_open(&soft->sa, ac->ctx))
		return -ENOMEM;
	soft->open = true;
	if (soft->keyed)
		return 0;
	ret = wd_soft_alg_set_key(&soft->sa, soft->key, soft->key_len);
	soft->keyed = !ret;
	return ret;
}

void accel_soft_run(struct accel_request *r)
{
	struct wd_soft_alg *sa = &r->ac->soft.sa;
	struct wd_request *req = r->req;

	req->produced = 0;
	req->result = 0;
	req->wrong = 0;
	req->fault_addr = NULL;
	/* What began it has failed. */
	if (r->streamed && !r->begins && !sa->begun)
		r->ret = -EIO;
	else
		r->ret = wd_soft_alg_run(sa, req);
}

bool accel_soft_repeat(struct accel_request *r)
{
	struct accel_alg *ac = r->ac;
	int ret;

	if (r->ret != -ENOMEM || is_accel_streamed(r->req) || r->req->produced)
		return false;
	pthread_mutex_lock(&ac->lock);
	ret = accel_soft_ready(ac);
	pthread_mutex_unlock(&ac->lock);
	if (!ret)
		accel_soft_run(r);
	return !ret;
}

/* The first of those that were submitted, if there is one. With @turn. */
static bool run_next(struct accel_alg *ac)
{
	struct accel_soft *soft = &ac->soft;
	struct accel_request *r;

	pthread_mutex_lock(&ac->lock);
	r = soft->head;
	if (r)
		soft->head = r->soft_next;
	pthread_mutex_unlock(&ac->lock);
	if (!r)
		return false;
	accel_soft_run(r);
	accel_finished(r);
	return true;
}

/* There is none where the ring had no room for those before, or one that could not wait did it. */
static void soft_work(struct wd_work *work)
{
	struct accel_soft *soft = (struct accel_soft *)work;

	pthread_mutex_lock(&soft->turn);
	run_next(soft->ac);
	pthread_mutex_unlock(&soft->turn);
	accel_deliver(soft->ac);
}

void accel_soft_run_in_turn(struct accel_request *r)
{
	struct accel_soft *soft = &r->ac->soft;

	pthread_mutex_lock(&soft->turn);
	while (run_next(r->ac))
		;
	accel_soft_run(r);
	pthread_mutex_unlock(&soft->turn);
}

int accel_soft_expect(struct accel_alg *ac)
{
	return wd_ring_offer_work(ac->accel->ring, &ac->soft.work);
}

void accel_soft_push(struct accel_request *r)
{
	struct accel_soft *soft = &r->ac->soft;

	r->soft_next = NULL;
	if (soft->head)
		soft->tail->soft_next = r;
	else
		soft->head = r;
	soft->tail = r;
}

void accel_soft_cancel(struct accel_alg *ac)
{
	wd_ring_cancel_work(ac->accel->ring, &ac->soft.work);
}

void accel_soft_init(struct accel_alg *ac)
{
	ac->soft.work.run = soft_work;
	ac->soft.work.serial = true;
	ac->soft.ac = ac;
	ac->soft.keyed = !wd_alg_has_key(ac->info);
	ac->soft.never = ac->ctx->flags & WD_ALG_F_DEVICE;
	pthread_mutex_init(&ac->soft.turn, NULL);
}

void accel_soft_exit(struct accel_alg *ac, bool inherited)
{
	if (ac->soft.open)
		wd_soft_alg_close(&ac->soft.sa);
	forget_key(&ac->soft);
	if (!inherited)
		pthread_mutex_destroy(&ac->soft.turn);
}
