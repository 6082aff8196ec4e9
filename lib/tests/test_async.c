// SPDX-License-Identifier: GPL-2.0-or-later
/* Asynchronous calls, wd_poll(), the library's thread, several threads at once. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "comp_util.h"

#define LEN	20000
#define ROOM	(2 * LEN)
#define JOBS	40
#define THREADS	4

struct job {
	struct wd_comp_ctx ctx;
	unsigned char *data;
	unsigned char packed[ROOM], plain[LEN];
	size_t packed_len;
	int calls;		/* callbacks that ran */
	int ret;
	sem_t done;
};

static struct job jobs[JOBS];

static bool job_start(struct job *job, int alg, struct wd_chan *ch)
{
	job->ctx = make_ctx(alg, 6, 0, WD_STATELESS);
	job->ctx.ch = ch;
	job->data = make_data(LEN, DATA_MIXED, 7);
	job->calls = 0;
	sem_init(&job->done, 0, 0);
	REQUIRE(!wd_alg_comp_init(&job->ctx));
	job->ctx.in = job->data;
	job->ctx.in_len = LEN;
	job->ctx.out = job->packed;
	job->ctx.out_len = ROOM;
	return true;
}

static void job_end(struct job *job)
{
	wd_alg_comp_exit(&job->ctx);
	sem_destroy(&job->done);
	free(job->data);
}

static void count_done(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct job *job = arg;

	job->ret = ctx == &job->ctx ? ret : -EPROTO;
	job->packed_len = ctx->produced;
	job->calls++;
	sem_post(&job->done);
}

/* Compressed: go on and inflate, from within the callback. */
static void then_inflate(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct job *job = arg;

	job->calls++;
	job->packed_len = ctx->produced;
	if (ret == WD_STREAM_END) {
		ctx->in = job->packed;
		ctx->in_len = ctx->produced;
		ctx->out = job->plain;
		ctx->out_len = LEN;
		ret = wd_alg_async_inflate(ctx, count_done, job);
	}
	if (ret) {
		job->ret = ret;
		sem_post(&job->done);
	}
}

static int async_retry(struct job *job, wd_comp_cb_t callback)
{
	int ret;

	while ((ret = wd_alg_async_deflate(&job->ctx, callback, job)) == -EAGAIN)
		wd_poll(job->ctx.ch, 0, 10);
	return ret;
}

static void poll_runs_the_callbacks(void)
{
	int ran = 0, n;

	for (int i = 0; i < JOBS; i++) {
		CHECK(job_start(&jobs[i], i % 3, i ? jobs[0].ctx.ch : NULL));
		CHECK(!async_retry(&jobs[i], count_done));
	}
	CHECK(wd_alg_deflate(&jobs[0].ctx) == -EBUSY || jobs[0].calls);
	while (ran < JOBS) {
		n = wd_poll(jobs[0].ctx.ch, 3, -1);
		CHECK(n > 0 && n <= 3);
		ran += n;
	}
	CHECK(ran == JOBS);
	CHECK(wd_poll(jobs[0].ctx.ch, 0, 0) == 0);
	CHECK(wd_poll(jobs[0].ctx.ch, 0, 20) == 0);
	for (int i = 0; i < JOBS; i++) {
		CHECK(jobs[i].calls == 1 && jobs[i].ret == WD_STREAM_END);
		CHECK(ref_inflates(i % 3, jobs[i].packed, jobs[i].packed_len,
				   jobs[i].data, LEN));
		job_end(&jobs[i]);
	}
}

static void never_from_inside_the_call(void)
{
	struct job *job = &jobs[0];

	CHECK(job_start(job, WD_GZIP, NULL));
	CHECK(!wd_alg_async_deflate(&job->ctx, count_done, job));
	CHECK(job->calls == 0);
	CHECK(wd_alg_async_deflate(&job->ctx, count_done, job) == -EBUSY);
	CHECK(wd_alg_inflate(&job->ctx) == -EBUSY);
	CHECK(wd_poll(job->ctx.ch, 0, -1) == 1);
	CHECK(job->calls == 1);
	CHECK(wd_alg_async_deflate(&job->ctx, NULL, NULL) == -EINVAL);
	CHECK(wd_alg_async_deflate(NULL, count_done, job) == -EINVAL);
	job_end(job);
}

static void callback_starts_the_next(void)
{
	struct job *job = &jobs[0];

	CHECK(job_start(job, WD_ZLIB, NULL));
	CHECK(!wd_alg_async_deflate(&job->ctx, then_inflate, job));
	CHECK(wd_poll(job->ctx.ch, 0, -1) == 1);
	CHECK(wd_poll(job->ctx.ch, 0, -1) == 1);
	CHECK(job->calls == 2 && job->ret == WD_STREAM_END);
	CHECK(!memcmp(job->plain, job->data, LEN));
	job_end(job);
}

static void library_thread(void)
{
	struct wd_chan *ch;

	for (int i = 0; i < JOBS; i++)
		CHECK(job_start(&jobs[i], i % 3, i ? jobs[0].ctx.ch : NULL));
	ch = jobs[0].ctx.ch;
	CHECK(!wd_async_thread_start(ch));
	CHECK(wd_async_thread_start(ch) == -EALREADY);
	for (int i = 0; i < JOBS; i++)
		CHECK(!async_retry(&jobs[i], then_inflate));
	/* The first ends as soon as its callback told, as programs do. */
	for (int i = 0; i < JOBS; i++) {
		sem_wait(&jobs[i].done);
		CHECK(jobs[i].ret == WD_STREAM_END);
		CHECK(!memcmp(jobs[i].plain, jobs[i].data, LEN));
		if (i < JOBS - 1)
			job_end(&jobs[i]);
	}
	wd_async_thread_stop(ch);
	wd_async_thread_stop(ch);
	CHECK(!wd_async_thread_start(ch));
	job_end(&jobs[JOBS - 1]);	/* the last context, with a thread */
	CHECK(wd_async_thread_start(NULL) == -EINVAL);
	wd_async_thread_stop(NULL);
}

static void start_and_stop(void)
{
	CHECK(job_start(&jobs[0], WD_GZIP, NULL));
	for (int i = 0; i < 50; i++) {
		CHECK(!wd_async_thread_start(jobs[0].ctx.ch));
		wd_async_thread_stop(jobs[0].ctx.ch);
	}
	job_end(&jobs[0]);
}

static void exit_cancels(void)
{
	for (int i = 0; i < JOBS; i++) {
		CHECK(job_start(&jobs[i], WD_RAW, i ? jobs[0].ctx.ch : NULL));
		CHECK(!async_retry(&jobs[i], count_done));
	}
	for (int i = JOBS - 1; i >= 0; i--)
		job_end(&jobs[i]);

	/* And while the library's thread works on them. */
	CHECK(job_start(&jobs[0], WD_RAW, NULL));
	CHECK(!wd_async_thread_start(jobs[0].ctx.ch));
	for (int i = 1; i < JOBS; i++) {
		CHECK(job_start(&jobs[i], WD_RAW, jobs[0].ctx.ch));
		CHECK(!async_retry(&jobs[i], count_done));
	}
	for (int i = JOBS - 1; i >= 0; i--)
		job_end(&jobs[i]);
}

static void timeouts(void)
{
	struct timespec a, b;
	long ms;

	CHECK(job_start(&jobs[0], WD_RAW, NULL));
	clock_gettime(CLOCK_MONOTONIC, &a);
	CHECK(wd_poll(jobs[0].ctx.ch, 0, 30) == 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	CHECK(ms >= 29);		/* not before its time; after it, who knows */
	job_end(&jobs[0]);
}

struct worker {
	struct wd_chan *ch;
	int seed;
	bool ok;
};

/* Synchronous and asynchronous calls on a shared channel. */
static bool work(const struct worker *w, struct job *job)
{
	for (int i = 0; i < 30; i++) {
		job->ctx.in = job->data;
		job->ctx.in_len = LEN;
		job->ctx.out = job->packed;
		job->ctx.out_len = ROOM;
		if ((i + w->seed) % 2) {
			job->ret = wd_alg_deflate(&job->ctx);
			job->packed_len = job->ctx.produced;
		} else {
			if (async_retry(job, count_done))
				return false;
			/* Somebody polls, perhaps another thread. */
			while (sem_trywait(&job->done))
				if (wd_poll(w->ch, 1, 1) < 0)
					return false;
		}
		if (job->ret != WD_STREAM_END ||
		    !ref_inflates(job->ctx.alg_type, job->packed,
				  job->packed_len, job->data, LEN))
			return false;
	}
	return true;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job *job = calloc(1, sizeof(*job));

	if (!job || !job_start(job, w->seed % 3, w->ch))
		return NULL;
	w->ok = work(w, job);
	job_end(job);
	free(job);
	return NULL;
}

static bool many_threads(bool share)
{
	struct worker w[THREADS];
	pthread_t id[THREADS];

	REQUIRE(job_start(&jobs[0], WD_GZIP, NULL));
	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){ jobs[0].ctx.ch, i, false };
		if (!share) {
			REQUIRE(job_start(&jobs[i + 1], WD_GZIP, NULL));
			w[i].ch = jobs[i + 1].ctx.ch;
		}
		REQUIRE(!pthread_create(&id[i], NULL, worker_main, &w[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(id[i], NULL);
		REQUIRE(w[i].ok);
		if (!share)
			job_end(&jobs[i + 1]);
	}
	job_end(&jobs[0]);
	return true;
}

static void threads_with_channels_of_their_own(void)
{
	CHECK(many_threads(false));
}

static void threads_on_one_channel(void)
{
	CHECK(many_threads(true));
}

static const struct tap_test tests[] = {
	TEST(poll_runs_the_callbacks),
	TEST(never_from_inside_the_call),
	TEST(callback_starts_the_next),
	TEST(library_thread),
	TEST(start_and_stop),
	TEST(exit_cancels),
	TEST(timeouts),
	TEST(threads_with_channels_of_their_own),
	TEST(threads_on_one_channel),
};

TAP_MAIN(tests)
