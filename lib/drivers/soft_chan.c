// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "../chan.h"
#include "../clock.h"
#include "soft_chan.h"

/**
 * struct vendor_chan - a software channel
 * @ch:    the channel
 * @lock:  guards all below
 * @cond:  signalled when @queue got work or @wakes counted
 * @queue: calls that nobody has computed yet
 * @wakes: counts soft_wake()
 * @users: contexts on the channel
 */
struct vendor_chan {
	struct wd_chan ch;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct wd_workq queue;
	uint64_t wakes;
	unsigned int users;
};

static struct vendor_chan *to_vendor(struct wd_chan *ch)
{
	return (struct vendor_chan *)ch;
}

static int soft_poll(struct wd_chan *ch, unsigned int max, int timeout_ms)
{
	struct vendor_chan *vc = to_vendor(ch);
	int64_t deadline = timeout_ms ? wd_deadline(timeout_ms) : 0;
	struct timespec ts = wd_timespec(deadline);
	uint64_t wakes;
	int ret = 0;

	pthread_mutex_lock(&vc->lock);
	wakes = vc->wakes;
	while (timeout_ms && !ret && !vc->queue.head && wakes == vc->wakes) {
		if (deadline == WD_FOREVER)
			ret = pthread_cond_wait(&vc->cond, &vc->lock);
		else
			ret = pthread_cond_timedwait(&vc->cond, &vc->lock, &ts);
	}
	ret = wd_workq_run(&vc->queue, &vc->lock, max);
	/* What came back into the queue meanwhile may be for another thread that waits. */
	if (vc->queue.head)
		pthread_cond_signal(&vc->cond);
	pthread_mutex_unlock(&vc->lock);
	return ret;
}

static void soft_wake(struct wd_chan *ch)
{
	struct vendor_chan *vc = to_vendor(ch);

	pthread_mutex_lock(&vc->lock);
	vc->wakes++;
	pthread_cond_broadcast(&vc->cond);
	pthread_mutex_unlock(&vc->lock);
}

static void soft_release(struct wd_chan *ch)
{
	struct vendor_chan *vc = to_vendor(ch);

	/* In a child nobody knows what state the parent's locks were in. */
	if (wd_chan_inherited(ch))
		return;
	wd_workq_destroy(&vc->queue);
	pthread_cond_destroy(&vc->cond);
	pthread_mutex_destroy(&vc->lock);
}

static const struct wd_chan_ops soft_ops = {
	.poll = soft_poll,
	.wake = soft_wake,
	.release = soft_release,
};

static struct vendor_chan *soft_chan_new(void)
{
	pthread_condattr_t attr;
	struct vendor_chan *vc;

	vc = calloc(1, sizeof(*vc));
	if (!vc)
		return NULL;
	if (wd_chan_adopt(&vc->ch)) {
		free(vc);
		return NULL;
	}

	pthread_mutex_init(&vc->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&vc->cond, &attr);
	pthread_condattr_destroy(&attr);
	wd_workq_init(&vc->queue);
	vc->ch.fd = -1;
	vc->ch.ops = &soft_ops;
	return vc;
}

int wd_soft_chan_join(struct wd_chan **ch)
{
	struct vendor_chan *vc;

	if (*ch && (*ch)->ops != &soft_ops)
		return -ENODEV;
	vc = *ch ? to_vendor(*ch) : soft_chan_new();
	if (!vc)
		return -ENOMEM;
	pthread_mutex_lock(&vc->lock);
	vc->users++;
	pthread_mutex_unlock(&vc->lock);
	*ch = &vc->ch;
	return 0;
}

void wd_soft_chan_leave(struct wd_chan *ch)
{
	struct vendor_chan *vc = to_vendor(ch);
	bool last;

	if (!wd_chan_inherited(ch)) {
		pthread_mutex_lock(&vc->lock);
		last = !--vc->users;
		pthread_mutex_unlock(&vc->lock);
	} else {
		last = !--vc->users;
	}
	if (!last)
		return;
	wd_release_channel(ch);
	free(vc);
}

void wd_soft_chan_push(struct wd_chan *ch, struct wd_work *work, unsigned int times)
{
	struct vendor_chan *vc = to_vendor(ch);

	pthread_mutex_lock(&vc->lock);
	while (times--)
		wd_workq_push(&vc->queue, work);
	pthread_cond_signal(&vc->cond);
	pthread_mutex_unlock(&vc->lock);
}

void wd_soft_chan_cancel(struct wd_chan *ch, struct wd_work *work)
{
	struct vendor_chan *vc = to_vendor(ch);

	if (wd_chan_inherited(ch))
		return;
	pthread_mutex_lock(&vc->lock);
	wd_workq_cancel(&vc->queue, &vc->lock, work);
	pthread_mutex_unlock(&vc->lock);
}
