// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engines: threads that take channels from a run list, serve each for a
 * while and put it back. A channel without work is polled for a short time,
 * spinning at first where there is another CPU for the submitter, yielding
 * then; after that it goes to sleep with its need_kick word set.
 */
#include <linux/kthread.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "chan.h"

#define WD_SPIN_NS	(20 * NSEC_PER_USEC)	/* then yield between looks */
#define WD_POLL_NS	(200 * NSEC_PER_USEC)	/* then sleep */
#define WD_SHARE_NS	(250 * NSEC_PER_USEC)	/* of a turn, for each unit of weight */
#define WD_LOOKS	64	/* in a row, at a channel that just had work */

struct wd_engine {
	struct wd_engine_pool *pool;
	struct task_struct *task;
	void *bounce;
};

/**
 * struct wd_engine_pool - the engines of a function
 * @lock: of @run, @nrun and of the scheduling state of every channel. A raw lock,
 *        for a wake-up comes from a config-space write, under cfg_lock. Nothing
 *        but the scheduler's locks is taken inside.
 * @run:  channels that are QUEUED
 * @nrun: how many
 * @n:    number of @engines
 * @engines: the threads
 */
struct wd_engine_pool {
	raw_spinlock_t lock;
	struct list_head run;
	unsigned int nrun;
	unsigned int n;
	struct wd_engine engines[];
};

static void pool_wake(struct wd_engine_pool *pool)
{
	unsigned int i;

	for (i = 0; i < pool->n; i++)
		wake_up_process(pool->engines[i].task);
}

static void pool_queue(struct wd_engine_pool *pool, struct wd_chan *c)
{
	c->sched = WD_SCHED_QUEUED;
	list_add_tail(&c->node, &pool->run);
	pool->nrun++;
}

static struct wd_chan *pool_take(struct wd_engine_pool *pool)
{
	struct wd_chan *c;

	raw_spin_lock_irq(&pool->lock);
	c = list_first_entry_or_null(&pool->run, struct wd_chan, node);
	if (c) {
		list_del(&c->node);
		pool->nrun--;
		c->sched = WD_SCHED_BUSY;
		c->kicked = false;
	}
	raw_spin_unlock_irq(&pool->lock);
	return c;
}

static void chan_off(struct wd_chan *c)
{
	c->sched = WD_SCHED_OFF;
	complete(&c->stopped);
}

/* Put a channel back, as it wants and as mbox.c wants. */
static void pool_put(struct wd_engine_pool *pool, struct wd_chan *c,
		     enum wd_sched want)
{
	raw_spin_lock_irq(&pool->lock);
	if (c->stop || want == WD_SCHED_OFF)
		chan_off(c);
	else if (c->kicked || want == WD_SCHED_QUEUED)
		pool_queue(pool, c);
	else
		c->sched = want;
	raw_spin_unlock_irq(&pool->lock);
}

/*
 * The channel is no longer the engine's when the page request is made: its
 * answer may come at once, on another CPU.
 */
static void pool_park(struct wd_engine_pool *pool, struct wd_chan *c)
{
	bool stop;

	raw_spin_lock_irq(&pool->lock);
	stop = c->stop;
	if (stop)
		chan_off(c);
	else
		c->sched = WD_SCHED_PARKED;
	raw_spin_unlock_irq(&pool->lock);
	if (!stop)
		wd_iommu_page_request(&c->preq);
}

void wd_pool_unpark(struct wd_chan *c)
{
	struct wd_engine_pool *pool = c->func->pool;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	if (c->stop) {
		chan_off(c);
	} else {
		pool_queue(pool, c);
		pool_wake(pool);
	}
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/* From a config-space write: interrupts are off, cfg_lock is held. */
void wd_engine_wake(struct wd_func *f, u32 chan)
{
	struct wd_engine_pool *pool = READ_ONCE(f->pool);
	struct wd_chan *c;

	if (!pool || chan >= WD_MAX_CHANNELS)
		return;
	c = &f->chans[chan];
	raw_spin_lock(&pool->lock);
	if (c->sched == WD_SCHED_IDLE) {
		pool_queue(pool, c);
		pool_wake(pool);
	} else if (c->sched == WD_SCHED_BUSY) {
		c->kicked = true;
	}
	raw_spin_unlock(&pool->lock);
}

void wd_chan_run(struct wd_chan *c)
{
	struct wd_engine_pool *pool = c->func->pool;

	raw_spin_lock_irq(&pool->lock);
	c->stop = false;
	pool_queue(pool, c);
	pool_wake(pool);
	raw_spin_unlock_irq(&pool->lock);
}

void wd_chan_halt(struct wd_chan *c)
{
	struct wd_engine_pool *pool = c->func->pool;
	bool parked;

	raw_spin_lock_irq(&pool->lock);
	reinit_completion(&c->stopped);
	c->stop = true;
	parked = c->sched == WD_SCHED_PARKED;
	if (c->sched == WD_SCHED_QUEUED) {
		list_del(&c->node);
		pool->nrun--;
	}
	if (!parked && c->sched != WD_SCHED_BUSY)
		chan_off(c);
	raw_spin_unlock_irq(&pool->lock);

	/* The engine may be about to make the request: cancel until it is gone. */
	do {
		if (parked)
			wd_iommu_page_cancel(&c->preq);
	} while (!wait_for_completion_timeout(&c->stopped, HZ / 100 + 1));
	wd_iommu_page_release(&c->preq);
}

/*
 * A channel without work. Setting need_kick and looking once more is the
 * engine's half of the hand-shake; the submitter stores its doorbell and reads
 * need_kick after it.
 */
static enum wd_sched chan_idle(struct wd_chan *c, u64 now)
{
	if (now - c->last_work < WD_POLL_NS)
		return WD_SCHED_QUEUED;

	wd_chan_set_need_kick(c, true);
	/* Pairs with the submitter's fence between doorbell and need_kick. */
	smp_mb();
	if (!wd_chan_has_work(c)) {
		c->asleep = true;
		return WD_SCHED_IDLE;
	}
	wd_chan_set_need_kick(c, false);
	c->last_work = now;
	return WD_SCHED_QUEUED;
}

/* More work for a channel that just had some, and nobody else who waits? */
static bool chan_is_hot(struct wd_engine_pool *pool, struct wd_chan *c)
{
	unsigned int looks = num_online_cpus() > 1 ? WD_LOOKS : 1;

	while (looks--) {
		if (READ_ONCE(pool->nrun) || READ_ONCE(c->stop) || need_resched())
			return false;
		if (wd_chan_has_work(c))
			return true;
	}
	return false;
}

/*
 * Weighted deficit round robin, in time of the engine: each turn gives a channel
 * time in proportion to its weight. Work is not cut short, so a turn may cost more
 * than there was; then the channel waits until its turns have paid for it. Return:
 * false while it has to. A channel that nobody competes with has no debts.
 */
static bool chan_begin_turn(struct wd_engine_pool *pool, struct wd_chan *c)
{
	s64 share = READ_ONCE(c->weight) * WD_SHARE_NS;

	if (!READ_ONCE(pool->nrun))
		c->credit = 0;
	c->credit = min(c->credit + share, share);
	return c->credit > 0;
}

/* What is left of a turn is not lost because the CPU is wanted meanwhile. */
static bool turn_goes_on(struct wd_engine_pool *pool, struct wd_chan *c, s64 used)
{
	if (READ_ONCE(c->stop))
		return false;
	cond_resched();
	if (used < c->credit && wd_chan_has_work(c))
		return true;
	return chan_is_hot(pool, c);
}

static enum wd_serve serve_turn(struct wd_engine *e, struct wd_chan *c)
{
	u64 start = local_clock();
	enum wd_serve r;
	s64 used;

	do {
		r = wd_chan_serve(c, e->bounce);
		used = local_clock() - start;
	} while (r == WD_SERVE_WORKED && turn_goes_on(e->pool, c, used));
	c->credit -= used;
	return r;
}

/* Serve one channel. Return: true if there was work. */
static bool engine_serve(struct wd_engine *e, struct wd_chan *c)
{
	if (c->asleep) {
		c->asleep = false;
		c->last_work = local_clock();
		wd_chan_set_need_kick(c, false);
	}
	if (!chan_begin_turn(e->pool, c)) {
		pool_put(e->pool, c, WD_SCHED_QUEUED);
		return true;
	}
	switch (serve_turn(e, c)) {
	case WD_SERVE_WORKED:
		c->last_work = local_clock();
		pool_put(e->pool, c, WD_SCHED_QUEUED);
		return true;
	case WD_SERVE_PARKED:
		pool_park(e->pool, c);
		return true;
	case WD_SERVE_ERROR:
		pool_put(e->pool, c, WD_SCHED_OFF);
		return true;
	case WD_SERVE_EMPTY:
		break;
	}
	pool_put(e->pool, c, chan_idle(c, local_clock()));
	return false;
}

/* Between two looks at channels that had nothing: leave the CPU to others. */
static void engine_pause(u64 idle_ns)
{
	if (num_online_cpus() > 1 && idle_ns < WD_SPIN_NS && !need_resched())
		cpu_relax();
	else
		yield();
}

static void engine_sleep(struct wd_engine_pool *pool)
{
	set_current_state(TASK_IDLE);
	raw_spin_lock_irq(&pool->lock);
	if (pool->nrun || kthread_should_stop())
		__set_current_state(TASK_RUNNING);
	raw_spin_unlock_irq(&pool->lock);
	schedule();
	__set_current_state(TASK_RUNNING);
}

static int engine_thread(void *arg)
{
	struct wd_engine *e = arg;
	u64 last_work = local_clock();
	unsigned int empty = 0;

	while (!kthread_should_stop()) {
		struct wd_chan *c = pool_take(e->pool);

		if (!c) {
			engine_sleep(e->pool);
			last_work = local_clock();
			continue;
		}
		if (engine_serve(e, c)) {
			last_work = local_clock();
			empty = 0;
			cond_resched();
			continue;
		}
		if (++empty >= READ_ONCE(e->pool->nrun)) {
			empty = 0;
			engine_pause(local_clock() - last_work);
		}
	}
	return 0;
}

static int engine_start(struct wd_func *f, struct wd_engine *e, unsigned int n)
{
	struct task_struct *task;

	e->pool = f->pool;
	e->bounce = kmalloc(WD_CHUNK, GFP_KERNEL);
	if (!e->bounce)
		return -ENOMEM;
	task = kthread_create(engine_thread, e, "wd_engine/%u.%u", f->index, n);
	if (IS_ERR(task)) {
		kfree(e->bounce);
		return PTR_ERR(task);
	}
	e->task = task;
	return 0;
}

int wd_pool_start(struct wd_func *f)
{
	struct wd_engine_pool *pool;
	int ret;

	pool = kzalloc(struct_size(pool, engines, wd_hw_engines), GFP_KERNEL);
	if (!pool)
		return -ENOMEM;
	raw_spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->run);
	f->pool = pool;
	while (pool->n < wd_hw_engines) {
		ret = engine_start(f, &pool->engines[pool->n], pool->n);
		if (ret) {
			wd_pool_stop(f);
			return ret;
		}
		wake_up_process(pool->engines[pool->n++].task);
	}
	return 0;
}

/* All channels are off. */
void wd_pool_stop(struct wd_func *f)
{
	struct wd_engine_pool *pool = f->pool;

	f->pool = NULL;
	while (pool->n) {
		struct wd_engine *e = &pool->engines[--pool->n];

		kthread_stop(e->task);
		kfree(e->bounce);
	}
	kfree(pool);
}
