// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

#include "workq.h"

/*
 * What a thread runs is noted on its stack and not in the work itself: the
 * callback may tell another thread to free that.
 */
struct wd_work_running {
	const struct wd_work *work;
	struct wd_work_running *next;
};

void wd_workq_init(struct wd_workq *q)
{
	q->head = NULL;
	q->tail = &q->head;
	q->count = 0;
	q->running = NULL;
	pthread_cond_init(&q->idle, NULL);
}

void wd_workq_destroy(struct wd_workq *q)
{
	pthread_cond_destroy(&q->idle);
}

static bool is_running(const struct wd_workq *q, const struct wd_work *work)
{
	for (const struct wd_work_running *r = q->running; r; r = r->next)
		if (r->work == work)
			return true;
	return false;
}

static void link_work(struct wd_workq *q, struct wd_work *work)
{
	work->next = NULL;
	work->queued = true;
	*q->tail = work;
	q->tail = &work->next;
}

void wd_workq_push(struct wd_workq *q, struct wd_work *work)
{
	q->count++;
	if (work->serial && (work->queued || is_running(q, work)))
		work->more++;
	else
		link_work(q, work);
}

static void unlink_work(struct wd_workq *q, struct wd_work **link)
{
	struct wd_work *work = *link;

	*link = work->next;
	if (q->tail == &work->next)
		q->tail = link;
	work->queued = false;
	q->count--;
}

static void run_one(struct wd_workq *q, pthread_mutex_t *lock)
{
	struct wd_work *work = q->head;
	struct wd_work_running self = { .work = work, .next = q->running };
	struct wd_work_running **link;
	bool serial = work->serial;

	unlink_work(q, &q->head);
	q->running = &self;
	pthread_mutex_unlock(lock);

	work->run(work);

	pthread_mutex_lock(lock);
	/* Whoever frees one that is serial waits for us first. */
	if (serial && work->more) {
		work->more--;
		link_work(q, work);
	}
	for (link = &q->running; *link != &self; link = &(*link)->next)
		;
	*link = self.next;
	pthread_cond_broadcast(&q->idle);
}

int wd_workq_run(struct wd_workq *q, pthread_mutex_t *lock, unsigned int max)
{
	/* Work that callbacks queue meanwhile is for the next call. */
	unsigned int limit = q->count;
	unsigned int n;

	if (max && limit > max)
		limit = max;
	for (n = 0; n < limit && q->head; n++)
		run_one(q, lock);
	return (int)n;
}

void wd_workq_cancel(struct wd_workq *q, pthread_mutex_t *lock,
		     struct wd_work *work)
{
	struct wd_work **link;

	while (work->queued || is_running(q, work)) {
		q->count -= work->more;
		work->more = 0;
		if (!work->queued) {
			pthread_cond_wait(&q->idle, lock);
			continue;
		}
		for (link = &q->head; *link != work; link = &(*link)->next)
			;
		unlink_work(q, link);
	}
}
