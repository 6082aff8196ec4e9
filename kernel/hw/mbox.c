// SPDX-License-Identifier: GPL-2.0-only
/*
 * The management processor of a function: it carries out mailbox commands and
 * function-level resets. A thread, since both are asked for by config-space
 * writes, which come in atomic context.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "chan.h"
#include "dma.h"

/**
 * struct wd_mgmt - the management processor
 * @task:     its thread
 * @seq:      sequence number that was written to the doorbell last
 * @pending:  a command waits
 * @flr:      a function-level reset was asked for
 * @in_reset: from the config write that asks for it until it is done
 *
 * @seq, @pending and @flr are written under the config-space lock and read without.
 */
struct wd_mgmt {
	struct task_struct *task;
	u32 seq;
	bool pending;
	bool flr;
	bool in_reset;
};

void wd_mbox_doorbell(struct wd_func *f, u32 seq)
{
	struct wd_mgmt *m = f->mgmt;

	WRITE_ONCE(m->seq, seq);
	/* Pairs with xchg() in mgmt_thread(), which reads seq after it. */
	smp_store_release(&m->pending, true);
	wake_up_process(m->task);
}

void wd_mgmt_flr(struct wd_func *f)
{
	struct wd_mgmt *m = f->mgmt;

	WRITE_ONCE(m->in_reset, true);
	/* Pairs with xchg() in mgmt_thread(): a reset does not end before in_reset is set. */
	smp_store_release(&m->flr, true);
	wake_up_process(m->task);
}

bool wd_mgmt_in_reset(const struct wd_func *f)
{
	/* Pairs with the end of serve_reset(). */
	return smp_load_acquire(&f->mgmt->in_reset);
}

static void init_registers(struct wd_func *f)
{
	wd_bar_write32(f, WD_REG_MAGIC, WD_MAGIC);
	wd_bar_write32(f, WD_REG_VERSION, WD_VERSION);
	wd_bar_write32(f, WD_REG_CHANNELS, wd_hw_channels);
	wd_bar_write32(f, WD_REG_RING_ORDER, WD_RING_ORDER);
	wd_bar_write32(f, WD_REG_MAX_LEN, WD_MAX_LEN);
	wd_bar_write32(f, WD_REG_STREAMS, WD_STREAMS);
	wd_bar_write32(f, WD_REG_ENGINES, wd_hw_engines);
	wd_bar_write32(f, WD_REG_ALGS, lower_32_bits(wd_hw_algs));
	wd_bar_write32(f, WD_REG_ALGS + 4, upper_32_bits(wd_hw_algs));
	wd_bar_write32(f, WD_REG_KEYS, WD_KEYS);
	wd_bar_write32(f, WD_REG_MAX_UNIT, WD_MAX_UNIT);
	wd_bar_write32(f, WD_REG_MAX_LINK, WD_LINK_MAX);
	wd_bar_write32(f, WD_REG_STATUS, WD_STATUS_READY);
}

/* Rings and status line are pages and cache lines of the driver's. */
static bool create_ok(const struct wd_func *f, const struct wd_mbox *m)
{
	u32 sq_order = le32_to_cpu(m->sq_order), cq_order = le32_to_cpu(m->cq_order);
	u32 flags = le32_to_cpu(m->flags), pasid = le32_to_cpu(m->pasid);

	if (!sq_order || sq_order > WD_RING_ORDER ||
	    !cq_order || cq_order > WD_RING_ORDER)
		return false;
	if (flags & ~WD_MBOX_F_PASID)
		return false;
	if (flags & WD_MBOX_F_PASID && (!f->type->pasid || pasid >= BIT(20)))
		return false;
	return IS_ALIGNED(le64_to_cpu(m->status_addr), 64) &&
	       IS_ALIGNED(le64_to_cpu(m->sq_addr), PAGE_SIZE) &&
	       IS_ALIGNED(le64_to_cpu(m->cq_addr), PAGE_SIZE);
}

static u16 cmd_create(struct wd_chan *c, struct wd_mbox *m)
{
	if (c->state != WD_CHAN_NONE)
		return WD_MBOX_ST_BAD_STATE;
	if (!create_ok(c->func, m))
		return WD_MBOX_ST_BAD_PARAM;

	c->sq_depth = BIT(le32_to_cpu(m->sq_order));
	c->cq_depth = BIT(le32_to_cpu(m->cq_order));
	c->status_addr = le64_to_cpu(m->status_addr);
	c->sq_addr = le64_to_cpu(m->sq_addr);
	c->cq_addr = le64_to_cpu(m->cq_addr);
	c->pasid = le32_to_cpu(m->flags) & WD_MBOX_F_PASID ?
		   le32_to_cpu(m->pasid) : WD_IOMMU_NO_PASID;
	c->weight = WD_RESET_WEIGHT;
	c->error = WD_CHAN_ERR_NONE;
	c->info = 0;
	c->state = WD_CHAN_STOPPED;
	return WD_MBOX_ST_OK;
}

static u16 cmd_start(struct wd_chan *c, struct wd_mbox *m)
{
	if (c->state != WD_CHAN_STOPPED)
		return WD_MBOX_ST_BAD_STATE;
	c->error = WD_CHAN_ERR_NONE;
	c->info = 0;
	c->state = WD_CHAN_RUNNING;
	if (!wd_chan_start(c)) {
		c->state = WD_CHAN_STOPPED;
		return WD_MBOX_ST_BAD_PARAM;
	}
	wd_chan_run(c);
	return WD_MBOX_ST_OK;
}

static u16 cmd_stop(struct wd_chan *c, struct wd_mbox *m)
{
	if (c->state == WD_CHAN_NONE)
		return WD_MBOX_ST_BAD_STATE;
	wd_chan_halt(c);
	c->state = WD_CHAN_STOPPED;
	return WD_MBOX_ST_OK;
}

static u16 cmd_destroy(struct wd_chan *c, struct wd_mbox *m)
{
	if (c->state == WD_CHAN_NONE)
		return WD_MBOX_ST_BAD_STATE;
	wd_chan_halt(c);
	wd_chan_free_state(c);
	c->state = WD_CHAN_NONE;
	return WD_MBOX_ST_OK;
}

static u16 cmd_query(struct wd_chan *c, struct wd_mbox *m)
{
	m->state = cpu_to_le32(READ_ONCE(c->state));
	m->error = cpu_to_le32(READ_ONCE(c->error));
	m->info = cpu_to_le64(READ_ONCE(c->info));
	m->sq_head = cpu_to_le32(READ_ONCE(c->sq_head));
	m->cq_tail = cpu_to_le32(READ_ONCE(c->cq_tail));
	return WD_MBOX_ST_OK;
}

static u16 cmd_set_weight(struct wd_chan *c, struct wd_mbox *m)
{
	u32 weight = le32_to_cpu(m->weight);

	if (c->state == WD_CHAN_NONE)
		return WD_MBOX_ST_BAD_STATE;
	if (weight < WD_MIN_WEIGHT || weight > WD_MAX_WEIGHT)
		return WD_MBOX_ST_BAD_PARAM;
	WRITE_ONCE(c->weight, weight);
	return WD_MBOX_ST_OK;
}

static u16 run_command(struct wd_func *f, struct wd_mbox *m)
{
	static u16 (*const commands[])(struct wd_chan *, struct wd_mbox *) = {
		[WD_MBOX_CREATE] = cmd_create,
		[WD_MBOX_START] = cmd_start,
		[WD_MBOX_STOP] = cmd_stop,
		[WD_MBOX_DESTROY] = cmd_destroy,
		[WD_MBOX_QUERY] = cmd_query,
		[WD_MBOX_SET_WEIGHT] = cmd_set_weight,
	};
	u16 op = le16_to_cpu(m->opcode);
	u32 chan = le32_to_cpu(m->chan);

	if (op >= ARRAY_SIZE(commands) || !commands[op])
		return WD_MBOX_ST_BAD_OPCODE;
	if (chan >= wd_hw_channels)
		return WD_MBOX_ST_BAD_CHAN;
	return commands[op](&f->chans[chan], m);
}

static bool mbox_copy(struct wd_func *f, struct wd_mbox *m, bool write)
{
	u64 addr = wd_config_mbox_addr(f);
	struct wd_dma dma;
	size_t n;

	if (!wd_dma_open(&dma, f, WD_IOMMU_NO_PASID))
		return false;
	if (write)
		n = wd_dma_write(&dma, addr, m, sizeof(*m));
	else
		n = wd_dma_read(&dma, m, addr, sizeof(*m));
	wd_dma_close(&dma);
	return n == sizeof(*m);
}

/* A buffer that does not translate gets no answer, as on any device. */
static void serve_mailbox(struct wd_func *f)
{
	u32 seq = READ_ONCE(f->mgmt->seq);
	struct wd_mbox m;

	if (atomic_dec_if_positive(&f->ignore) >= 0 || !mbox_copy(f, &m, false))
		return;
	m.status = cpu_to_le16(run_command(f, &m));
	m.done = cpu_to_le32(seq);
	if (mbox_copy(f, &m, true))
		wd_msix_raise(f, WD_VECTOR_MBOX);
}

static void stop_channels(struct wd_func *f)
{
	unsigned int i;

	for (i = 0; i < WD_MAX_CHANNELS; i++)
		cmd_destroy(&f->chans[i], NULL);
}

/* The MSI-X table goes with wd_config_reset(). */
static void reset_bar(struct wd_func *f)
{
	unsigned int i, off;

	for (i = 0; i < WD_MAX_CHANNELS; i++) {
		wd_bar_write32(f, WD_BAR_ARM + 4 * i, 0);
		for (off = 0; off < WD_DB_STRIDE; off += 4)
			wd_bar_write32(f, wd_db_offset(&f->chans[i], off), 0);
	}
}

static void serve_reset(struct wd_func *f)
{
	u32 resets = wd_bar_read32(f, WD_REG_RESETS);

	wd_bar_write32(f, WD_REG_STATUS, 0);
	stop_channels(f);
	reset_bar(f);
	wd_config_reset(f);
	wd_bar_write32(f, WD_REG_RESETS, resets + 1);
	init_registers(f);
	WRITE_ONCE(f->mgmt->pending, false);
	/* Pairs with wd_mgmt_in_reset(): who finds the function back finds its registers set. */
	smp_store_release(&f->mgmt->in_reset, false);
}

static int mgmt_thread(void *arg)
{
	struct wd_func *f = arg;
	struct wd_mgmt *m = f->mgmt;

	while (!kthread_should_stop()) {
		set_current_state(TASK_IDLE);
		if (!READ_ONCE(m->pending) && !READ_ONCE(m->flr) &&
		    !kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);

		if (xchg(&m->flr, false))
			serve_reset(f);
		else if (xchg(&m->pending, false))
			serve_mailbox(f);
	}
	return 0;
}

static int alloc_channels(struct wd_func *f)
{
	unsigned int i;

	f->chans = kvcalloc(WD_MAX_CHANNELS, sizeof(*f->chans), GFP_KERNEL);
	if (!f->chans)
		return -ENOMEM;
	for (i = 0; i < WD_MAX_CHANNELS; i++) {
		f->chans[i].func = f;
		f->chans[i].index = i;
		init_completion(&f->chans[i].stopped);
	}
	return 0;
}

int wd_mgmt_start(struct wd_func *f)
{
	struct wd_mgmt *m;
	int ret;

	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	f->mgmt = m;

	ret = alloc_channels(f);
	if (ret)
		goto err_mgmt;
	ret = wd_stream_pool_init(f);
	if (ret)
		goto err_chans;
	ret = wd_pool_start(f);
	if (ret)
		goto err_streams;
	m->task = kthread_create(mgmt_thread, f, "wd_mgmt/%u", f->index);
	if (IS_ERR(m->task)) {
		ret = PTR_ERR(m->task);
		goto err_pool;
	}
	init_registers(f);
	wake_up_process(m->task);
	return 0;

err_pool:
	wd_pool_stop(f);
err_streams:
	wd_stream_pool_exit(f);
err_chans:
	kvfree(f->chans);
err_mgmt:
	f->mgmt = NULL;
	kfree(m);
	return ret;
}

void wd_mgmt_stop(struct wd_func *f)
{
	kthread_stop(f->mgmt->task);
	stop_channels(f);
	wd_pool_stop(f);
	wd_stream_pool_exit(f);
	kvfree(f->chans);
	kfree(f->mgmt);
	f->mgmt = NULL;
}
