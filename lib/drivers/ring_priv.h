/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ring.c and ring_wait.c share. */
#ifndef WD_DRIVERS_RING_PRIV_H
#define WD_DRIVERS_RING_PRIV_H

#include <pthread.h>

#include "../clock.h"
#include "ring.h"

/**
 * struct wd_ring_slot - a place for one descriptor in flight
 * @req:        whose it is, NULL: free, or a descriptor of a unit that has no completion
 * @generation: counts its uses, so that a stale tag is seen to be one
 */
struct wd_ring_slot {
	struct wd_ring_req *req;
	uint32_t generation;
};

/**
 * struct wd_ring - the rings of one channel
 * @fd, @mmio, @mmio_size, @dus, @dus_size, @layout: constant
 * @status, @sq, @cq: point into @dus
 * @nslots:     descriptors that can be in flight
 * @spin:       more than one CPU: spinning can help
 * @event_fd:   wakes the leader where no completion does
 * @lock:       guards all below, and the work in @done
 * @cond:       tells those who are not the leader that something happened
 * @slots:      one for each request in flight
 * @free_slots: a stack of the numbers of free ones
 * @nfree:      its height
 * @sq_tail:    descriptors written so far
 * @cq_head:    completions consumed so far; the leader reads it without @lock,
 *              since nobody else writes it
 * @err:        0; -EIO, -ENXIO: the channel died
 * @leader:     somebody looks for completions
 * @asleep:     and sleeps in poll(2)
 * @followers:  threads that wait on @cond
 * @wakes:      counts wd_ring_wake()
 * @due:        requests whose @meanwhile is to be called, by the leader
 * @due_tail:   where the next one is linked
 * @done:       asynchronous requests that are done
 */
struct wd_ring {
	int fd;
	void *mmio;
	size_t mmio_size;
	void *dus;
	size_t dus_size;
	struct wd_chan_layout layout;
	struct wd_chan_status *status;
	struct wd_desc *sq;
	struct wd_cqe *cq;
	uint32_t nslots;
	bool spin;
	int event_fd;

	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct wd_ring_slot *slots;
	uint32_t *free_slots;
	uint32_t nfree;
	uint32_t sq_tail;
	uint32_t cq_head;
	int err;
	bool leader;
	bool asleep;
	unsigned int followers;
	uint64_t wakes;
	struct wd_ring_req *due;
	struct wd_ring_req **due_tail;
	struct wd_workq done;
};

/* Is there a completion that was not reaped? Only the leader asks. */
bool wd_ring_has_completion(const struct wd_ring *ring);

/*
 * Reap what is there, up to a request that is due for its @meanwhile; true when
 * something happened to any request. Only the leader does, with @lock held.
 */
bool wd_ring_reap(struct wd_ring *ring);

/* Ask the device whether the channel runs, and end it if not. With @lock held. */
void wd_ring_check_state(struct wd_ring *ring);

/* End the channel: all requests fail with @err. With @lock held. */
void wd_ring_die(struct wd_ring *ring, int err);

/* Wake everybody who waits. With @lock held. */
void wd_ring_notify(struct wd_ring *ring);

/*
 * Wait until @cond(@ring, @arg), with @lock held; it is dropped meanwhile.
 * Returns 0 when it is so, -ETIMEDOUT at @deadline, -EINTR when @intr and a
 * signal came. All conditions must be true once @err is set.
 */
int wd_ring_wait(struct wd_ring *ring,
		 bool (*cond)(struct wd_ring *ring, const void *arg),
		 const void *arg, int64_t deadline, bool intr);

#endif
