/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contexts and requests for the tests of <wd_alg.h>. With WD_TEST_DEVICE in the
 * environment they take what the library chooses, as in comp_util.h.
 */
#ifndef ALG_UTIL_H
#define ALG_UTIL_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "rounds.h"
#include "tap.h"
#include "wd_alg.h"

static inline void *must_alloc(size_t len)
{
	void *p = malloc(len ? len : 1);

	if (!p)
		exit(EXIT_FAILURE);
	return p;
}

static inline void random_fill(void *p, size_t len, uint32_t *seed)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)p)[i] = (unsigned char)next_random(seed);
}

/* Bytes of @hex at @to; returns how many. */
static inline size_t unhex(void *to, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned int byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			exit(EXIT_FAILURE);
		((unsigned char *)to)[i] = (unsigned char)byte;
	}
	return n;
}

static inline int alg_open(struct wd_alg_ctx *ctx, const char *alg)
{
	*ctx = (struct wd_alg_ctx){
		.alg = alg,
		.flags = getenv("WD_TEST_DEVICE") ? 0 : WD_ALG_F_SOFTWARE,
	};
	return wd_alg_init(ctx);
}

static inline int alg_open_keyed(struct wd_alg_ctx *ctx, const char *alg, const void *key,
				 size_t len)
{
	int ret = alg_open(ctx, alg);

	return ret ? ret : wd_alg_set_key(ctx, key, len);
}

/* Submit all of @n, however often that takes. */
static inline int submit_all(struct wd_alg_ctx *ctx, struct wd_request *const *reqs,
			     unsigned int n)
{
	int ret;

	for (unsigned int done = 0; done < n; done += (unsigned int)ret) {
		ret = wd_alg_submit(ctx, reqs + done, n - done);
		if (ret == -EAGAIN)
			ret = wd_poll(ctx->ch, 0, 10) < 0 ? -EIO : 0;
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Wait for a request that has no callback. */
static inline int wait_for(struct wd_alg_ctx *ctx, const struct wd_request *req)
{
	int ret;

	/* Another thread's wd_poll() may be the one that runs it. */
	while ((ret = __atomic_load_n(&req->ret, __ATOMIC_ACQUIRE)) == -EINPROGRESS)
		if (wd_poll(ctx->ch, 0, 100) < 0)
			return -EIO;
	return ret;
}

/* As wd_alg_run(), either way. */
static inline int run_either(struct wd_alg_ctx *ctx, struct wd_request *req, bool async)
{
	int ret;

	if (!async)
		return wd_alg_run(ctx, req);
	ret = submit_all(ctx, &req, 1);
	return ret ? ret : wait_for(ctx, req);
}

#define THREADS	4

/* One function in THREADS threads, with its number; returns whether each said true. */
struct alg_thread {
	bool (*fn)(void *arg, unsigned int nr);
	void *arg;
	unsigned int nr;
	bool ok;
};

static inline void *alg_thread_main(void *arg)
{
	struct alg_thread *t = arg;

	t->ok = t->fn(t->arg, t->nr);
	return NULL;
}

static inline bool in_threads(bool (*fn)(void *arg, unsigned int nr), void *arg)
{
	struct alg_thread t[THREADS];
	pthread_t id[THREADS];
	bool ok = true;

	for (unsigned int i = 0; i < THREADS; i++) {
		t[i] = (struct alg_thread){ fn, arg, i, false };
		if (pthread_create(&id[i], NULL, alg_thread_main, &t[i]))
			exit(EXIT_FAILURE);
	}
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(id[i], NULL);
		ok &= t[i].ok;
	}
	return ok;
}

#endif
