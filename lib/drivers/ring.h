/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rings of a channel (<misc/uacce/wd_accel.h>), for the drivers of all
 * algorithms: submit descriptors, wait for their completions.
 *
 * A request is one or more descriptors that run one after another: when one
 * completes, the request's @step makes the next. It keeps its slot meanwhile,
 * so a request that was accepted never has to wait for room again. One may be a unit of
 * linked descriptors, with a slot for each.
 *
 * One thread at a time, the leader, looks for completions and reaps them for
 * everybody. The others wait for the leader to tell them. So nobody sleeps on
 * the file for a completion that somebody else took.
 */
#ifndef WD_DRIVERS_RING_H
#define WD_DRIVERS_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <misc/uacce/wd_accel.h>
#include <misc/uacce/wd_uacce.h>

#include "wd.h"
#include "workq.h"

struct wd_ring;

/**
 * struct wd_ring_req - a request, embedded in the client's own
 * @work: asynchronous requests: run from wd_ring_poll() when all is done
 * @desc: the descriptor to submit; the ring sets its tag
 * @before: of a unit: the descriptors in front of @desc, with WD_DESC_LINK
 * @nbefore: how many, at most WD_LINK_MAX - 1, and fewer than wd_ring_slots(); 0: no unit
 * @cqe:  the last completion, in the byte order of the CPU; its lengths are
 *        within those of the descriptor
 * @err:  0 or -EIO, -ENXIO: the channel died and @cqe is not valid
 * @step: called with the ring's lock held as soon as @desc completed or failed;
 *        returns true when it made another @desc. Must not block. NULL: there is one only
 * @meanwhile: NULL, or called without a lock while @desc is with the device, once for
 *        each @desc and before @step: the place for copies. Set before @desc is put
 *        on the ring, and in @step.
 * @slot: where it is on the ring
 * @more: slots that @before takes
 * @busy: it is on the ring
 * @sync: somebody waits for it; @work is not used
 * @due:  its @meanwhile was not called yet
 * @next: among those
 */
struct wd_ring_req {
	struct wd_work work;
	struct wd_desc desc;
	const struct wd_desc *before;
	unsigned int nbefore;
	struct wd_cqe cqe;
	int err;
	bool (*step)(struct wd_ring_req *req);
	void (*meanwhile)(struct wd_ring_req *req);
	uint32_t slot;
	uint32_t more[WD_LINK_MAX - 1];
	bool busy;
	bool sync;
	bool due;
	struct wd_ring_req *next;
};

/*
 * Start the queue of an open channel and map its rings. -ENODEV: it does not
 * speak this format; else what the kernel answered.
 */
int wd_ring_open(struct wd_chan *ch, struct wd_ring **ring);

/*
 * Stop the queue, unmap and free. Nothing runs and nothing is in flight that
 * anybody still wants. @inherited: in a forked child, which only frees.
 */
void wd_ring_close(struct wd_ring *ring, bool inherited);

const struct wd_chan_layout *wd_ring_layout(const struct wd_ring *ring);

/* How many descriptors can be in flight. */
uint32_t wd_ring_slots(const struct wd_ring *ring);

/*
 * Put @n asynchronous requests on the ring with one doorbell. Returns how many
 * were taken, from the first on, or -EAGAIN (too few slots are free), -EIO, -ENXIO.
 */
int wd_ring_submit(struct wd_ring *ring, struct wd_ring_req *const *reqs,
		   unsigned int n);

/* Run @req and wait until all its steps are done. 0, -EIO or -ENXIO. */
int wd_ring_run(struct wd_ring *ring, struct wd_ring_req *req);

/* Wait until @req, which somebody else started, is not on the ring. */
void wd_ring_wait_for(struct wd_ring *ring, const struct wd_ring_req *req);

/* Queue work for wd_ring_poll() that never was on the ring. */
void wd_ring_queue_work(struct wd_ring *ring, struct wd_work *work);

/*
 * The same, but not where the channel died: -EIO, -ENXIO. Who takes the callbacks may not be
 * there any more.
 */
int wd_ring_offer_work(struct wd_ring *ring, struct wd_work *work);

/* Wait until such work neither is queued nor runs. */
void wd_ring_cancel_work(struct wd_ring *ring, struct wd_work *work);

/*
 * Wait until the asynchronous @req neither is on the ring nor runs. No step is
 * made any more and its work does not run, unless it did already.
 */
void wd_ring_cancel(struct wd_ring *ring, struct wd_ring_req *req);

/* The @poll and the @wake of struct wd_chan_ops. */
int wd_ring_poll(struct wd_ring *ring, unsigned int max, int timeout_ms);
void wd_ring_wake(struct wd_ring *ring);

/* Pure arithmetic of rings, for the tests. */

/* The phase bit of completion number @index in a ring of @depth entries. */
static inline unsigned int wd_ring_phase(uint32_t index, uint32_t depth)
{
	return !(index & depth);
}

/* A tag names a slot and the use that is made of it. */
static inline uint64_t wd_ring_tag(uint32_t slot, uint32_t generation)
{
	return (uint64_t)generation << 32 | slot;
}

/* Do the rings lie within the region, aligned and apart from each other? */
bool wd_ring_layout_valid(const struct wd_chan_layout *layout,
			  unsigned long region_size);

#endif
