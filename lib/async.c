// SPDX-License-Identifier: GPL-2.0-or-later
/* The library's thread of a channel: nothing but a loop around its poll. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "chan.h"

/**
 * struct wd_async_thread - the thread
 * @ch:    the channel that it polls
 * @id:    the thread's
 * @stop:  it is to end
 * @ended: it touches the channel no more
 */
struct wd_async_thread {
	struct wd_chan *ch;
	pthread_t id;
	atomic_bool stop;
	atomic_bool ended;
};

static void *async_main(void *arg)
{
	struct wd_async_thread *thread = arg;
	struct wd_chan *ch = thread->ch;
	int ret = 0;

	while (ret >= 0 && !atomic_load(&thread->stop)) {
		ret = ch->ops->poll(ch, 0, -1);
		if (ret == -EINTR)
			ret = 0;
	}
	atomic_store(&thread->ended, true);
	return NULL;
}

/* A library's thread must not be the one that takes the program's signals. */
static int create_without_signals(struct wd_async_thread *thread)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	err = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (err)
		return -err;
	err = pthread_create(&thread->id, NULL, async_main, thread);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

int wd_async_thread_start(struct wd_chan *ch)
{
	struct wd_async_thread *thread;
	struct wd_chan_lib *lib;
	int ret;

	if (!ch || !ch->lib)
		return -EINVAL;
	if (wd_chan_inherited(ch))
		return -EPERM;
	if (!ch->ops)
		return -EINVAL;
	lib = ch->lib;
	if (lib->thread)
		return -EALREADY;

	thread = calloc(1, sizeof(*thread));
	if (!thread)
		return -ENOMEM;
	thread->ch = ch;
	ret = create_without_signals(thread);
	if (ret) {
		free(thread);
		return ret;
	}
	lib->thread = thread;
	return 0;
}

void wd_async_thread_stop(struct wd_chan *ch)
{
	static const struct timespec pause = { .tv_nsec = 100000 };
	struct wd_async_thread *thread;
	struct wd_chan_lib *lib;

	if (!ch || !ch->lib || wd_chan_inherited(ch))
		return;
	lib = ch->lib;
	thread = lib->thread;
	if (!thread)
		return;

	/*
	 * A wake-up that comes just before the thread begins to wait is lost,
	 * so it is repeated until the thread is seen to be gone.
	 */
	atomic_store(&thread->stop, true);
	while (!atomic_load(&thread->ended)) {
		ch->ops->wake(ch);
		nanosleep(&pause, NULL);
	}
	pthread_join(thread->id, NULL);
	free(thread);
	lib->thread = NULL;
}
