// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ring engine: slots, descriptors, doorbells, completions. Waiting is in
 * ring_wait.c.
 *
 * No more requests are in flight than the smaller ring has entries. So the
 * submission ring has room for every request that has a slot, and the device
 * always finds room in the completion ring.
 *
 * The rings are memory that the rest of the program can overwrite by mistake.
 * Nothing that decides about other memory is taken from there without a check;
 * what cannot be true ends the channel.
 */
#include <endian.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/uacce/uacce.h>

#include "ring_priv.h"

static bool range_fits(uint64_t offset, uint64_t size, unsigned long region_size)
{
	return !(offset % 64) && offset + size <= region_size;
}

static bool apart(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a + a_size <= b || b + b_size <= a;
}

static bool power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

bool wd_ring_layout_valid(const struct wd_chan_layout *l, unsigned long region_size)
{
	uint64_t status = sizeof(struct wd_chan_status);
	uint64_t sq = (uint64_t)l->sq_depth * sizeof(struct wd_desc);
	uint64_t cq = (uint64_t)l->cq_depth * sizeof(struct wd_cqe);

	if (!power_of_two(l->sq_depth) || !power_of_two(l->cq_depth) ||
	    !l->max_len)
		return false;
	if (!range_fits(l->status_offset, status, region_size) ||
	    !range_fits(l->sq_offset, sq, region_size) ||
	    !range_fits(l->cq_offset, cq, region_size))
		return false;
	return apart(l->status_offset, status, l->sq_offset, sq) &&
	       apart(l->status_offset, status, l->cq_offset, cq) &&
	       apart(l->sq_offset, sq, l->cq_offset, cq);
}

const struct wd_chan_layout *wd_ring_layout(const struct wd_ring *ring)
{
	return &ring->layout;
}

uint32_t wd_ring_slots(const struct wd_ring *ring)
{
	return ring->nslots;
}

static void doorbell(struct wd_ring *ring, unsigned int offset, uint32_t value)
{
	volatile uint32_t *db = (volatile uint32_t *)((char *)ring->mmio + offset);

	/* Descriptors that were written, completions that were read: before. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*db = htole32(value);
}

/* After a doorbell: does the engine sleep? */
static bool need_kick(struct wd_ring *ring)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&ring->status->need_kick, __ATOMIC_RELAXED);
}

/*
 * A kick that fails means that the channel is no more; whoever waits for a
 * completion finds that out.
 */
static void kick(struct wd_ring *ring)
{
	ioctl(ring->fd, WD_CMD_KICK);
}

static void write_desc(struct wd_ring *ring, const struct wd_desc *d, uint64_t tag)
{
	struct wd_desc *to = &ring->sq[ring->sq_tail++ & (ring->layout.sq_depth - 1)];

	*to = (struct wd_desc){
		.opcode = htole16(d->opcode),
		.flags = htole16(d->flags),
		.op = htole32(d->op),
		.tag = htole64(tag),
		.src = htole64(d->src),
		.dst = htole64(d->dst),
		.src_len = htole32(d->src_len),
		.dst_len = htole32(d->dst_len),
		.param = htole64(d->param),
		.src_dom = htole32(d->src_dom),
		.dst_dom = htole32(d->dst_dom),
		.stream = htole32(d->stream),
		.key = htole32(d->key),
	};
}

static void write_request(struct wd_ring *ring, struct wd_ring_req *req)
{
	const uint32_t generation = ++ring->slots[req->slot].generation;

	for (unsigned int i = 0; i < req->nbefore; i++)
		write_desc(ring, &req->before[i], 0);
	write_desc(ring, &req->desc, wd_ring_tag(req->slot, generation));
	if (!req->meanwhile)
		return;
	req->due = true;
	req->next = NULL;
	*ring->due_tail = req;
	ring->due_tail = &req->next;
}

static bool has_room(const struct wd_ring *ring, const struct wd_ring_req *req)
{
	return ring->nfree > req->nbefore;
}

/* There is room: the caller looked. */
static void put_on_ring(struct wd_ring *ring, struct wd_ring_req *req)
{
	req->slot = ring->free_slots[--ring->nfree];
	for (unsigned int i = 0; i < req->nbefore; i++)
		req->more[i] = ring->free_slots[--ring->nfree];
	req->err = 0;
	req->busy = true;
	ring->slots[req->slot].req = req;
	write_request(ring, req);
}

static void take_off_ring(struct wd_ring *ring, struct wd_ring_req *req)
{
	ring->slots[req->slot].req = NULL;
	for (unsigned int i = req->nbefore; i--;)
		ring->free_slots[ring->nfree++] = req->more[i];
	ring->free_slots[ring->nfree++] = req->slot;
	req->busy = false;
	if (!req->sync)
		wd_workq_push(&ring->done, &req->work);
}

/* Returns true when the request goes on with another descriptor. */
static bool step_request(struct wd_ring *ring, struct wd_ring_req *req)
{
	if (req->step && req->step(req) && !req->err) {
		write_request(ring, req);
		return true;
	}
	take_off_ring(ring, req);
	return false;
}

void wd_ring_die(struct wd_ring *ring, int err)
{
	if (ring->err)
		return;

	/* Once it is stopped it does not touch anybody's buffers any more. */
	ioctl(ring->fd, UACCE_CMD_PUT_Q);
	ring->err = err;
	ring->due = NULL;
	ring->due_tail = &ring->due;
	for (uint32_t i = 0; i < ring->nslots; i++) {
		struct wd_ring_req *req = ring->slots[i].req;

		if (!req)
			continue;
		req->err = err;
		req->due = false;
		step_request(ring, req);
	}
}

bool wd_ring_has_completion(const struct wd_ring *ring)
{
	uint32_t depth = ring->layout.cq_depth;
	const struct wd_cqe *cqe = &ring->cq[ring->cq_head & (depth - 1)];
	uint16_t phase = __atomic_load_n(&cqe->phase, __ATOMIC_ACQUIRE);

	return (le16toh(phase) & 1) == wd_ring_phase(ring->cq_head, depth);
}

/* More than this cannot have been produced; one operation's output is behind no @dst. */
static uint32_t room(const struct wd_desc *d)
{
	return d->opcode == WD_OP_DIX_GENERATE ? d->src_len : d->dst_len;
}

/* The request that a completion is for, NULL when it can be for none. */
static struct wd_ring_req *match(struct wd_ring *ring, const struct wd_cqe *from)
{
	volatile const struct wd_cqe *cqe = from;
	uint64_t tag = le64toh(cqe->tag);
	uint32_t index = (uint32_t)tag;
	struct wd_ring_slot *slot;
	struct wd_ring_req *req;

	if (index >= ring->nslots)
		return NULL;
	slot = &ring->slots[index];
	req = slot->req;
	if (!req || tag != wd_ring_tag(index, slot->generation))
		return NULL;

	req->cqe = (struct wd_cqe){
		.tag = tag,
		.consumed = le32toh(cqe->consumed),
		.produced = le32toh(cqe->produced),
		.info = le64toh(cqe->info),
		.aux = le32toh(cqe->aux),
		.status = le16toh(cqe->status),
	};
	if (req->cqe.consumed > (req->nbefore ? req->before : &req->desc)->src_len ||
	    req->cqe.produced > room(&req->desc))
		return NULL;
	return req;
}

bool wd_ring_reap(struct wd_ring *ring)
{
	uint32_t cq_head = ring->cq_head, sq_tail = ring->sq_tail;
	struct wd_ring_req *req;

	while (!ring->err && wd_ring_has_completion(ring)) {
		req = match(ring, &ring->cq[ring->cq_head &
					    (ring->layout.cq_depth - 1)]);
		if (!req) {
			wd_ring_die(ring, -EIO);
			return true;
		}
		if (req->due)
			break;
		ring->cq_head++;
		step_request(ring, req);
	}
	if (cq_head == ring->cq_head || ring->err)
		return cq_head != ring->cq_head;

	doorbell(ring, WD_DB_CQ_HEAD, ring->cq_head);
	if (sq_tail != ring->sq_tail)
		doorbell(ring, WD_DB_SQ_TAIL, ring->sq_tail);
	/* An engine that sleeps with nothing in flight need not hear of it. */
	if (ring->nfree != ring->nslots && need_kick(ring))
		kick(ring);
	return true;
}

void wd_ring_check_state(struct wd_ring *ring)
{
	struct wd_chan_state state;

	if (ring->err)
		return;
	if (ioctl(ring->fd, WD_CMD_GET_STATE, &state))
		wd_ring_die(ring, errno == ENXIO || errno == ENODEV ? -ENXIO : -EIO);
	else if (state.state != WD_CHAN_RUNNING)
		wd_ring_die(ring, -EIO);
}

int wd_ring_submit(struct wd_ring *ring, struct wd_ring_req *const *reqs,
		   unsigned int n)
{
	bool sleeps = false;
	unsigned int i;
	int ret;

	pthread_mutex_lock(&ring->lock);
	if (ring->err) {
		ret = ring->err;
		goto out;
	}
	for (i = 0; i < n && has_room(ring, reqs[i]); i++) {
		reqs[i]->sync = false;
		put_on_ring(ring, reqs[i]);
	}
	ret = i ? (int)i : -EAGAIN;
	if (i) {
		doorbell(ring, WD_DB_SQ_TAIL, ring->sq_tail);
		sleeps = need_kick(ring);
	}
	if (ring->due)
		wd_ring_notify(ring);
out:
	pthread_mutex_unlock(&ring->lock);
	if (sleeps)
		kick(ring);
	return ret;
}

static bool room_or_error(struct wd_ring *ring, const void *arg)
{
	return has_room(ring, arg) || ring->err;
}

static bool is_off_ring(struct wd_ring *ring, const void *arg)
{
	const struct wd_ring_req *req = arg;

	(void)ring;
	return !req->busy;
}

int wd_ring_run(struct wd_ring *ring, struct wd_ring_req *req)
{
	int ret;

	pthread_mutex_lock(&ring->lock);
	wd_ring_wait(ring, room_or_error, req, WD_FOREVER, false);
	ret = ring->err;
	if (ret)
		goto out;

	req->sync = true;
	put_on_ring(ring, req);
	doorbell(ring, WD_DB_SQ_TAIL, ring->sq_tail);
	if (need_kick(ring)) {
		pthread_mutex_unlock(&ring->lock);
		kick(ring);
		pthread_mutex_lock(&ring->lock);
	}
	if (ring->due)
		wd_ring_notify(ring);
	wd_ring_wait(ring, is_off_ring, req, WD_FOREVER, false);
	ret = req->err;
out:
	pthread_mutex_unlock(&ring->lock);
	return ret;
}

void wd_ring_cancel(struct wd_ring *ring, struct wd_ring_req *req)
{
	pthread_mutex_lock(&ring->lock);
	do {
		if (req->busy) {
			req->sync = true;
			req->step = NULL;
			wd_ring_wait(ring, is_off_ring, req, WD_FOREVER, false);
		}
		wd_workq_cancel(&ring->done, &ring->lock, &req->work);
		/* A callback that ran meanwhile may have begun anew. */
	} while (req->busy);
	pthread_mutex_unlock(&ring->lock);
}

void wd_ring_wait_for(struct wd_ring *ring, const struct wd_ring_req *req)
{
	pthread_mutex_lock(&ring->lock);
	wd_ring_wait(ring, is_off_ring, req, WD_FOREVER, false);
	pthread_mutex_unlock(&ring->lock);
}

void wd_ring_queue_work(struct wd_ring *ring, struct wd_work *work)
{
	pthread_mutex_lock(&ring->lock);
	wd_workq_push(&ring->done, work);
	wd_ring_notify(ring);
	pthread_mutex_unlock(&ring->lock);
}

int wd_ring_offer_work(struct wd_ring *ring, struct wd_work *work)
{
	int ret;

	pthread_mutex_lock(&ring->lock);
	ret = ring->err;
	if (!ret) {
		wd_workq_push(&ring->done, work);
		wd_ring_notify(ring);
	}
	pthread_mutex_unlock(&ring->lock);
	return ret;
}

void wd_ring_cancel_work(struct wd_ring *ring, struct wd_work *work)
{
	pthread_mutex_lock(&ring->lock);
	wd_workq_cancel(&ring->done, &ring->lock, work);
	pthread_mutex_unlock(&ring->lock);
}

static int map_regions(struct wd_ring *ring, const struct uacce_dev_info *info)
{
	ring->mmio_size = info->qfrs_size[UACCE_QFRT_MMIO];
	ring->mmio = mmap(NULL, ring->mmio_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd,
			  (off_t)info->qfrs_offset[UACCE_QFRT_MMIO]);
	if (ring->mmio == MAP_FAILED)
		return -errno;

	ring->dus_size = info->qfrs_size[UACCE_QFRT_DUS];
	ring->dus = mmap(NULL, ring->dus_size, PROT_READ | PROT_WRITE,
			 MAP_SHARED, ring->fd,
			 (off_t)info->qfrs_offset[UACCE_QFRT_DUS]);
	if (ring->dus == MAP_FAILED) {
		int err = -errno;

		munmap(ring->mmio, ring->mmio_size);
		return err;
	}

	/* The kernel says so as well; a child that inherits nothing cannot ring. */
	madvise(ring->mmio, ring->mmio_size, MADV_DONTFORK);
	madvise(ring->dus, ring->dus_size, MADV_DONTFORK);
	ring->status = (void *)((char *)ring->dus + ring->layout.status_offset);
	ring->sq = (void *)((char *)ring->dus + ring->layout.sq_offset);
	ring->cq = (void *)((char *)ring->dus + ring->layout.cq_offset);
	return 0;
}

static void unmap_regions(struct wd_ring *ring)
{
	munmap(ring->mmio, ring->mmio_size);
	munmap(ring->dus, ring->dus_size);
}

static int alloc_slots(struct wd_ring *ring)
{
	const struct wd_chan_layout *l = &ring->layout;

	ring->nslots = l->sq_depth < l->cq_depth ? l->sq_depth : l->cq_depth;
	ring->slots = calloc(ring->nslots, sizeof(*ring->slots));
	ring->free_slots = calloc(ring->nslots, sizeof(*ring->free_slots));
	if (!ring->slots || !ring->free_slots)
		return -ENOMEM;

	/* The lowest is taken first: fewer cache lines when few are in flight. */
	for (uint32_t i = 0; i < ring->nslots; i++)
		ring->free_slots[i] = ring->nslots - 1 - i;
	ring->nfree = ring->nslots;
	return 0;
}

static void free_ring(struct wd_ring *ring)
{
	free(ring->free_slots);
	free(ring->slots);
	free(ring);
}

static int read_layout(struct wd_ring *ring, const struct uacce_dev_info *info)
{
	if (ioctl(ring->fd, WD_CMD_GET_LAYOUT, &ring->layout))
		return errno == ENOTTY ? -ENODEV : -errno;
	if (ring->layout.size < sizeof(ring->layout))
		return -ENODEV;
	if (info->qfrs_size[UACCE_QFRT_MMIO] < WD_DB_CQ_HEAD + sizeof(uint32_t))
		return -ENODEV;
	if (!wd_ring_layout_valid(&ring->layout, info->qfrs_size[UACCE_QFRT_DUS]))
		return -ENODEV;
	return 0;
}

static bool can_spin(void)
{
	cpu_set_t cpus;

	return !sched_getaffinity(0, sizeof(cpus), &cpus) && CPU_COUNT(&cpus) > 1;
}

static void init_sync(struct wd_ring *ring)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&ring->cond, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&ring->lock, NULL);
	wd_workq_init(&ring->done);
	ring->due_tail = &ring->due;
	ring->spin = can_spin();
}

int wd_ring_open(struct wd_chan *ch, struct wd_ring **out)
{
	struct wd_ring *ring;
	int ret;

	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->fd = ch->fd;

	ret = read_layout(ring, ch->dev_info);
	if (ret)
		goto err_free;
	ret = alloc_slots(ring);
	if (ret)
		goto err_free;
	ret = map_regions(ring, ch->dev_info);
	if (ret)
		goto err_free;
	ring->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->event_fd < 0) {
		ret = -errno;
		goto err_unmap;
	}
	if (ioctl(ring->fd, UACCE_CMD_START_Q)) {
		ret = -errno;
		goto err_event;
	}
	init_sync(ring);
	*out = ring;
	return 0;

err_event:
	close(ring->event_fd);
err_unmap:
	unmap_regions(ring);
err_free:
	free_ring(ring);
	return ret;
}

void wd_ring_close(struct wd_ring *ring, bool inherited)
{
	close(ring->event_fd);
	/*
	 * A child has other things at these addresses or nothing, and locks that
	 * a thread of its parent may have held.
	 */
	if (!inherited) {
		ioctl(ring->fd, UACCE_CMD_PUT_Q);
		unmap_regions(ring);
		wd_workq_destroy(&ring->done);
		pthread_cond_destroy(&ring->cond);
		pthread_mutex_destroy(&ring->lock);
	}
	free_ring(ring);
}
