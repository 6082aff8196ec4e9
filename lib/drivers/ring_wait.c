// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting on a ring: the leader, its followers, and wd_ring_poll(). */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "ring_priv.h"

/* How often the leader looks before it sleeps: some microseconds each. */
#define SPINS		200
#define YIELDS		64

/*
 * How long the leader sleeps while work is in flight before it asks the device
 * whether that is still alive.
 */
#define ALIVE_MS	1000

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* The status line is only a hint that the device is worth asking. */
static bool looks_stopped(const struct wd_ring *ring)
{
	uint32_t state = __atomic_load_n(&ring->status->state, __ATOMIC_RELAXED);

	return le32toh(state) == WD_CHAN_ERROR;
}

static bool worth_reaping(const struct wd_ring *ring)
{
	return wd_ring_has_completion(ring) || looks_stopped(ring);
}

static bool spin(const struct wd_ring *ring)
{
	for (int i = 0; ring->spin && i < SPINS; i++) {
		if (worth_reaping(ring))
			return true;
		cpu_relax();
	}
	for (int i = 0; i < YIELDS; i++) {
		if (worth_reaping(ring))
			return true;
		sched_yield();
	}
	return worth_reaping(ring);
}

static void drain(int event_fd)
{
	uint64_t count;

	if (read(event_fd, &count, sizeof(count)) < 0)
		return;		/* somebody else was faster: as good */
}

/*
 * Sleep until there is a reason to look again. Returns -EINTR for a signal, 1
 * when the channel's file has an error condition.
 */
static int sleep_on_file(struct wd_ring *ring, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = ring->fd, .events = POLLIN },
		{ .fd = ring->event_fd, .events = POLLIN },
	};

	if (poll(fds, 2, timeout_ms) < 0)
		return errno == EINTR ? -EINTR : 1;
	if (fds[1].revents)
		drain(ring->event_fd);
	return !!(fds[0].revents & (POLLERR | POLLHUP | POLLNVAL));
}

static int sleep_unlocked(struct wd_ring *ring, int64_t deadline)
{
	int limit = ring->nfree != ring->nslots ? ALIVE_MS : -1;
	int ret;

	ring->asleep = true;
	pthread_mutex_unlock(&ring->lock);
	ret = sleep_on_file(ring, wd_remaining_ms(deadline, limit));
	pthread_mutex_lock(&ring->lock);
	ring->asleep = false;
	return ret;
}

/* Call one @meanwhile. The leader does, and nobody else reaps, so it comes before @step. */
static void run_due(struct wd_ring *ring)
{
	struct wd_ring_req *req = ring->due;

	ring->due = req->next;
	if (!ring->due)
		ring->due_tail = &ring->due;
	pthread_mutex_unlock(&ring->lock);
	req->meanwhile(req);
	pthread_mutex_lock(&ring->lock);
	req->due = false;
}

/*
 * Make all copies that are due. What the device has finished gets its next descriptor
 * first.
 */
static void run_all_due(struct wd_ring *ring)
{
	while (ring->due) {
		run_due(ring);
		wd_ring_reap(ring);
	}
}

/*
 * Be the leader for one round: wait for something to reap, and reap. The lock
 * is dropped while waiting.
 */
static int lead(struct wd_ring *ring,
		bool (*cond)(struct wd_ring *ring, const void *arg),
		const void *arg, int64_t deadline)
{
	bool ready, slept = false;
	int ret = 0;

	ring->leader = true;
	run_all_due(ring);
	if (cond(ring, arg))
		goto out;
	pthread_mutex_unlock(&ring->lock);
	ready = spin(ring);
	pthread_mutex_lock(&ring->lock);

	/* What the lock was not held for may have made it true. */
	if (!ready && !cond(ring, arg)) {
		slept = true;
		ret = sleep_unlocked(ring, deadline);
	}

	if (!wd_ring_reap(ring) && slept && ring->nfree != ring->nslots)
		wd_ring_check_state(ring);
	if (ret > 0 || looks_stopped(ring))
		wd_ring_check_state(ring);
	/* The device says that it runs and the file says that it does not. */
	if (ret > 0)
		wd_ring_die(ring, -EIO);
out:
	ring->leader = false;
	if (ring->followers)
		pthread_cond_broadcast(&ring->cond);
	return ret < 0 ? ret : 0;
}

static void follow(struct wd_ring *ring, int64_t deadline)
{
	struct timespec ts = wd_timespec(deadline);

	ring->followers++;
	if (deadline == WD_FOREVER)
		pthread_cond_wait(&ring->cond, &ring->lock);
	else
		pthread_cond_timedwait(&ring->cond, &ring->lock, &ts);
	ring->followers--;
}

int wd_ring_wait(struct wd_ring *ring,
		 bool (*cond)(struct wd_ring *ring, const void *arg),
		 const void *arg, int64_t deadline, bool intr)
{
	int ret;

	while (!cond(ring, arg)) {
		if (deadline != WD_FOREVER && wd_now() >= deadline)
			return -ETIMEDOUT;
		if (ring->leader) {
			follow(ring, deadline);
			continue;
		}
		ret = lead(ring, cond, arg, deadline);
		if (ret && intr && !cond(ring, arg))
			return ret;
	}
	return 0;
}

void wd_ring_notify(struct wd_ring *ring)
{
	static const uint64_t one = 1;

	/* The counter of an eventfd that is full wakes just as well. */
	if (ring->asleep && write(ring->event_fd, &one, sizeof(one)) < 0)
		return;
	if (ring->followers)
		pthread_cond_broadcast(&ring->cond);
}

void wd_ring_wake(struct wd_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->wakes++;
	wd_ring_notify(ring);
	pthread_mutex_unlock(&ring->lock);
}

static bool poll_is_over(struct wd_ring *ring, const void *arg)
{
	const uint64_t *wakes = arg;

	return ring->done.head || ring->err || ring->wakes != *wakes;
}

/* For a poll that does not wait: take what is there, unless a leader does. */
static void reap_now(struct wd_ring *ring)
{
	if (ring->leader || ring->err)
		return;
	ring->leader = true;
	wd_ring_reap(ring);
	run_all_due(ring);
	ring->leader = false;
	if (looks_stopped(ring))
		wd_ring_check_state(ring);
	if (ring->followers)
		pthread_cond_broadcast(&ring->cond);
}

int wd_ring_poll(struct wd_ring *ring, unsigned int max, int timeout_ms)
{
	int64_t deadline = timeout_ms ? wd_deadline(timeout_ms) : 0;
	uint64_t wakes;
	int ret = 0;

	pthread_mutex_lock(&ring->lock);
	wakes = ring->wakes;
	reap_now(ring);
	if (timeout_ms && !ring->done.head)
		ret = wd_ring_wait(ring, poll_is_over, &wakes, deadline, true);
	if (ring->done.head)
		ret = wd_workq_run(&ring->done, &ring->lock, max);
	else if (ring->err)
		ret = ring->err;
	pthread_mutex_unlock(&ring->lock);
	return ret == -ETIMEDOUT ? 0 : ret;
}
