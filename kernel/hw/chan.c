// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel at work: doorbells, descriptors in, completions out. All of it runs
 * in the engine that has the channel, and trusts nothing that it reads: indices
 * and descriptors are copied once and checked in the copy.
 */
#include <linux/sched/clock.h>

#include "dma.h"
#include "key.h"
#include "op.h"

#define WD_DESC_WORDS	(sizeof(struct wd_desc) / sizeof(u64))
#define WD_DESCS_PAGE	((u32)(PAGE_SIZE / sizeof(struct wd_desc)))

/*
 * Rings and status line are reached in bursts: a few short copies with
 * interrupts off. Nothing in a burst sleeps.
 */
static bool ring_open(struct wd_chan *c, struct wd_dma *dma)
{
	if (!wd_dma_open(dma, c->func, WD_IOMMU_NO_PASID))
		return false;
	if (wd_dma_burst(dma))
		return true;
	wd_dma_close(dma);
	return false;
}

static void ring_close(struct wd_dma *dma)
{
	wd_dma_burst_end(dma);
	wd_dma_close(dma);
}

bool wd_chan_fail(struct wd_chan *c, u32 error, u64 info)
{
	c->error = error;
	c->info = info;
	return false;
}

/* A word or a few of the status line, outside of a burst. */
static bool status_write(struct wd_chan *c, size_t off, const void *from,
			 size_t len)
{
	struct wd_dma dma;
	bool ok;

	if (!ring_open(c, &dma))
		return false;
	ok = wd_dma_write(&dma, c->status_addr + off, from, len) == len;
	ring_close(&dma);
	return ok;
}

/*
 * Stop the channel for what c->error and c->info say. The state is written last:
 * who sees it can read what it is about.
 */
enum wd_serve wd_chan_stop(struct wd_chan *c)
{
	u32 state[2] = { WD_CHAN_ERROR, c->error };

	WRITE_ONCE(c->state, WD_CHAN_ERROR);
	status_write(c, offsetof(struct wd_chan_status, info), &c->info,
		     sizeof(c->info));
	status_write(c, offsetof(struct wd_chan_status, state), state,
		     sizeof(state));
	wd_msix_raise(c->func, WD_VECTOR_CHAN(c->index));
	return WD_SERVE_ERROR;
}

void wd_chan_set_need_kick(struct wd_chan *c, bool on)
{
	u64 word = on;

	status_write(c, offsetof(struct wd_chan_status, need_kick), &word,
		     sizeof(word));
}

/* An interrupt was asked for since the last one? */
static void chan_interrupt(struct wd_chan *c)
{
	u32 arm;

	/* Pairs with the driver's: it arms, then looks at the ring again. */
	smp_mb();
	arm = wd_bar_read32(c->func, WD_BAR_ARM + 4 * c->index);
	if (arm == c->armed)
		return;
	c->armed = arm;
	wd_msix_raise(c->func, WD_VECTOR_CHAN(c->index));
}

/* The memory behind an address of a ring, or NULL: the ring is not there. */
static void *ring_entry(struct wd_chan *c, struct wd_dma *dma,
			struct wd_ring_page *page, u64 addr, bool write)
{
	if (page->addr != (addr & PAGE_MASK) ||
	    page->generation != dma->generation || !page->va) {
		page->addr = addr & PAGE_MASK;
		page->generation = dma->generation;
		page->va = wd_dma_map(dma, page->addr, write);
		if (!page->va) {
			wd_chan_fail(c, WD_CHAN_ERR_RING, addr);
			return NULL;
		}
	}
	return page->va + offset_in_page(addr);
}

void wd_chan_complete(struct wd_chan *c, const struct wd_cqe *cqe)
{
	u32 index = c->cq_tail + c->out_n;
	struct wd_cqe *out = &c->out[c->out_n++].cqe;

	*out = *cqe;
	out->phase = !(index & c->cq_depth);
}

/* In 64-bit words of rising address: the phase is in the last. */
static void post_one(u64 *to, const union wd_cqe_words *out)
{
	WRITE_ONCE(to[0], out->word[0]);
	WRITE_ONCE(to[1], out->word[1]);
	WRITE_ONCE(to[2], out->word[2]);
	/* Pairs with the submitter's acquire of the phase. */
	smp_wmb();
	WRITE_ONCE(to[3], out->word[3]);
}

/*
 * All at once, at the end of a burst: a reader that polls takes a line away from
 * us for every completion that it sees come.
 */
static bool chan_post(struct wd_chan *c, struct wd_dma *dma)
{
	u32 i;

	for (i = 0; i < c->out_n; i++) {
		u32 slot = c->cq_tail & (c->cq_depth - 1);
		u64 *to = ring_entry(c, dma, &c->cq_page,
				     c->cq_addr + slot * sizeof(struct wd_cqe),
				     true);

		if (!to)
			return false;
		/* Before it can be seen: who has seen it and asks is not told less. */
		WRITE_ONCE(c->cq_tail, c->cq_tail + 1);
		post_one(to, &c->out[i]);
	}
	c->out_n = 0;
	return true;
}

void wd_chan_close_stream(struct wd_chan *c, u32 id)
{
	wd_digest_close(c, id);
	if (!c->streams[id])
		return;
	wd_stream_put(c->func, c->streams[id]);
	c->streams[id] = NULL;
}

void wd_chan_free_state(struct wd_chan *c)
{
	u32 i;

	for (i = 0; i < WD_STREAMS; i++)
		wd_chan_close_stream(c, i);
	wd_digest_free(c);
	for (i = 0; i < WD_KEYS; i++)
		wd_key_drop(c, i);
	wd_unit_free(c);
	wd_stage_free(c, &c->stage);
}

static bool is_short(const struct wd_desc *d, u16 status)
{
	return status != WD_ST_OK || d->opcode == WD_OP_NOP;
}

bool wd_chan_has_work(struct wd_chan *c)
{
	u32 cq_head = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD));
	u32 unread = c->cq_tail - cq_head;

	if (c->job.active || c->out_n)
		return true;
	/* A full completion ring waits for its reader; nonsense is to be told. */
	if (unread >= c->cq_depth)
		return unread > c->cq_depth;
	return wd_bar_read32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL)) != c->sq_head;
}

/*
 * Descriptors that may be taken now: in one page of the ring, and with room for
 * their completions.
 */
static bool chan_look(struct wd_chan *c, u32 *n)
{
	u32 tail = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL));
	u32 cq_head = wd_bar_read32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD));
	u32 slot = c->sq_head & (c->sq_depth - 1);

	if (tail - c->sq_head > c->sq_depth)
		return wd_chan_fail(c, WD_CHAN_ERR_SQ_INDEX, tail);
	if (c->cq_tail - cq_head > c->cq_depth)
		return wd_chan_fail(c, WD_CHAN_ERR_CQ_INDEX, cq_head);
	*n = min3(tail - c->sq_head, c->cq_depth - (c->cq_tail - cq_head),
		  c->sq_depth - slot);
	*n = min3(*n, (u32)WD_BATCH, WD_DESCS_PAGE - slot % WD_DESCS_PAGE);
	/* Pairs with the store of SQ_TAIL: the descriptors were written before. */
	smp_rmb();
	return true;
}

/* The one copy that is checked and worked with. */
static void desc_copy(struct wd_desc *d, const u64 *from)
{
	u64 *to = (u64 *)d;
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < WD_DESC_WORDS; i++)
		to[i] = READ_ONCE(from[i]);
}

/*
 * Descriptors come from the cache of another CPU, one miss each. Touched in a
 * row the misses overlap; met one by one, with work between, they do not.
 */
static void desc_read_ahead(const u64 *from, u32 n)
{
	while (n--) {
		READ_ONCE(*from);
		from += WD_DESC_WORDS;
	}
}

/*
 * Look at what was fetched: a descriptor, or one more of a unit. Return: true, it is work;
 * false, it was completed, or there is more to come.
 */
static bool chan_accept(struct wd_chan *c)
{
	const struct wd_desc *d = &c->job.desc;
	struct wd_cqe cqe = { .tag = d->tag };

	if (unlikely(c->links || d->flags & WD_DESC_LINK)) {
		if (!wd_unit_take(c))
			return false;
		if (wd_unit_check(c, &cqe)) {
			c->noise = 0;
			return true;
		}
		c->noise += c->links;
		c->links = 0;
	} else {
		cqe.status = wd_desc_check(d);
		c->noise = cqe.status == WD_ST_OK ? 0 : c->noise + 1;
		if (!is_short(d, cqe.status))
			return true;
	}
	wd_chan_complete(c, &cqe);
	return false;
}

/* Take descriptors, completing those that are no work, up to one that is. */
static bool chan_take(struct wd_chan *c, struct wd_dma *dma)
{
	u32 slot = c->sq_head & (c->sq_depth - 1);
	const u64 *from;
	u32 n;

	if (!chan_look(c, &n))
		return false;
	from = ring_entry(c, dma, &c->sq_page,
			  c->sq_addr + slot * sizeof(struct wd_desc), false);
	if (!from)
		return false;
	desc_read_ahead(from, n);

	for (; n && !c->fetched; n--, from += WD_DESC_WORDS) {
		desc_copy(&c->job.desc, from);
		c->sq_head++;
		c->fetched = chan_accept(c);
	}
	if (c->noise < c->sq_depth)
		return true;
	return wd_chan_fail(c, WD_CHAN_ERR_NOISE, c->sq_head);
}

/*
 * What the channel has to do with its rings, in one burst: the completion of the
 * job before, new descriptors, completions of those that are no work.
 */
static bool chan_exchange(struct wd_chan *c, struct wd_dma *dma)
{
	struct wd_chan_status *status;
	bool ok;

	if (!chan_post(c, dma))
		return false;
	ok = chan_take(c, dma);
	status = ring_entry(c, dma, &c->status_page, c->status_addr, true);
	if (!status)
		return false;
	/* Slots are free before anybody sees that their descriptors are done. */
	WRITE_ONCE(status->sq_head, c->sq_head);
	if (!chan_post(c, dma))
		return false;
	WRITE_ONCE(status->cq_tail, c->cq_tail);
	return ok;
}

static enum wd_serve chan_serve_rings(struct wd_chan *c)
{
	struct wd_dma dma;
	u32 cq_tail = c->cq_tail;
	bool ok;

	if (!wd_chan_has_work(c))
		return WD_SERVE_EMPTY;
	if (!ring_open(c, &dma)) {
		wd_chan_fail(c, WD_CHAN_ERR_RING, c->sq_addr);
		return wd_chan_stop(c);
	}
	ok = chan_exchange(c, &dma);
	ring_close(&dma);

	if (!ok)
		return wd_chan_stop(c);
	if (c->cq_tail != cq_tail)
		chan_interrupt(c);
	if (c->fetched)
		wd_job_begin(c);
	return WD_SERVE_WORKED;
}

enum wd_serve wd_chan_serve(struct wd_chan *c, void *bounce)
{
	if (c->job.active && c->preq.resp != WD_IOMMU_RESP_PENDING)
		wd_job_resume(c);
	if (c->job.active) {
		enum wd_serve r = wd_job_step(c, bounce);

		if (r != WD_SERVE_WORKED || c->job.active)
			return r;
	}
	return chan_serve_rings(c);
}

bool wd_chan_start(struct wd_chan *c)
{
	const struct wd_chan_status status = { .state = WD_CHAN_RUNNING };

	c->sq_head = 0;
	c->cq_tail = 0;
	c->armed = wd_bar_read32(c->func, WD_BAR_ARM + 4 * c->index);
	c->noise = 0;
	c->status_page.va = NULL;
	c->sq_page.va = NULL;
	c->cq_page.va = NULL;
	c->fetched = false;
	c->links = 0;
	c->out_n = 0;
	c->job.active = false;
	c->asleep = false;
	c->preq.resp = WD_IOMMU_RESP_PENDING;
	c->last_work = local_clock();
	c->credit = 0;
	wd_bar_write32(c->func, wd_db_offset(c, WD_DB_SQ_TAIL), 0);
	wd_bar_write32(c->func, wd_db_offset(c, WD_DB_CQ_HEAD), 0);
	return status_write(c, 0, &status, sizeof(status));
}
