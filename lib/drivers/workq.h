/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that waits for somebody to call wd_poll().
 *
 * Everything here is called with the owner's lock held; that lock is dropped
 * while a piece of work runs.
 */
#ifndef WD_DRIVERS_WORKQ_H
#define WD_DRIVERS_WORKQ_H

#include <pthread.h>
#include <stdbool.h>

/**
 * struct wd_work - a piece of work, embedded in what it is about
 * @run:    called without a lock; the structure may be queued again, or freed
 *          by another thread once wd_workq_cancel() lets it
 * @next:   in the queue
 * @serial: may be pushed any number of times, and runs as often, but never in two
 *          threads at once
 * @queued: is in the queue
 * @more:   how often it is to be queued again
 */
struct wd_work {
	void (*run)(struct wd_work *work);
	struct wd_work *next;
	bool serial;
	bool queued;
	unsigned int more;
};

struct wd_work_running;

/**
 * struct wd_workq - the queue
 * @head:    the oldest
 * @tail:    where the next one is linked
 * @count:   how many are linked, or will be linked again
 * @running: what runs now, one entry for each thread that runs some
 * @idle:    signalled when a piece of work has returned
 */
struct wd_workq {
	struct wd_work *head;
	struct wd_work **tail;
	unsigned int count;
	struct wd_work_running *running;
	pthread_cond_t idle;
};

void wd_workq_init(struct wd_workq *q);
void wd_workq_destroy(struct wd_workq *q);
void wd_workq_push(struct wd_workq *q, struct wd_work *work);

/* Run at most @max pieces (0: all that are there now); returns how many. */
int wd_workq_run(struct wd_workq *q, pthread_mutex_t *lock, unsigned int max);

/* Take @work out of the queue and wait until it does not run either. */
void wd_workq_cancel(struct wd_workq *q, pthread_mutex_t *lock,
		     struct wd_work *work);

#endif
