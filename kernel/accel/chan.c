// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: the operations that wd_uacce calls.
 *
 * The DUS region is ordinary memory, mapped for DMA as long as the channel
 * lives: so the program may keep it when the device goes away. It is shared
 * without dma_sync calls: probe took care that the device is cache-coherent.
 */
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <misc/uacce/wd_accel.h>
#include "accel.h"

/**
 * struct wd_chan - a channel as far as the device knows it
 * @accel:      function
 * @mem:        memory of the DUS region, referenced
 * @mems:       memories that the program was given, referenced
 * @dma:        its DMA address
 * @id:         number of the channel
 * @generation: of the function when the channel was made
 * @node:       in wd_accel.live or wd_accel.quarantine
 */
struct wd_chan {
	struct wd_accel *accel;
	struct wd_uacce_mem *mem;
	struct wd_uacce_mems *mems;
	dma_addr_t dma;
	u32 id;
	u32 generation;
	struct list_head node;
};

/* The DUS region: a page with the status line, submission ring, completion ring. */
static u32 wd_accel_sq_offset(void)
{
	return PAGE_SIZE;
}

static u32 wd_accel_cq_offset(u32 depth)
{
	return wd_accel_sq_offset() + PAGE_ALIGN(depth * sizeof(struct wd_desc));
}

size_t wd_accel_dus_size(u32 depth)
{
	return wd_accel_cq_offset(depth) + PAGE_ALIGN(depth * sizeof(struct wd_cqe));
}

static int wd_accel_get_available_instances(struct wd_uacce_device *udev)
{
	struct wd_accel *accel = udev->priv;

	return accel->channels - bitmap_weight(accel->used, accel->channels);
}

static int wd_chan_take_id(struct wd_chan *chan)
{
	struct wd_accel *accel = chan->accel;
	int ret = -EBUSY;

	mutex_lock(&accel->lock);
	chan->id = find_first_zero_bit(accel->used, accel->channels);
	if (chan->id < accel->channels) {
		__set_bit(chan->id, accel->used);
		chan->generation = accel->generation;
		list_add_tail(&chan->node, &accel->live);
		ret = 0;
	}
	mutex_unlock(&accel->lock);
	return ret;
}

/* Without an IOMMU only the mapping tells what the device cannot share. */
static bool wd_chan_coherent(const struct wd_uacce_queue *q, const struct wd_chan *chan)
{
	if (!(q->udev->iface.flags & UACCE_DEV_NOIOMMU))
		return true;
	return !dma_need_sync(&chan->accel->pdev->dev, chan->dma);
}

static struct wd_chan *wd_chan_alloc(struct wd_accel *accel, const struct wd_uacce_queue *q)
{
	struct device *dev = &accel->pdev->dev;
	struct wd_uacce_mem *mem = q->dus;
	struct wd_chan *chan;
	int ret = -ENOMEM;

	chan = kzalloc(sizeof(*chan), GFP_KERNEL_ACCOUNT);
	if (!chan)
		return ERR_PTR(ret);

	chan->accel = accel;
	chan->dma = dma_map_single(dev, mem->addr, mem->size, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, chan->dma))
		goto err_free;

	ret = -EOPNOTSUPP;
	if (!wd_chan_coherent(q, chan))
		goto err_unmap;
	ret = wd_chan_take_id(chan);
	if (ret)
		goto err_unmap;

	chan->mem = wd_uacce_mem_get(mem);
	chan->mems = wd_uacce_mems_get(q->mems);
	return chan;

err_unmap:
	dma_unmap_single(dev, chan->dma, mem->size, DMA_BIDIRECTIONAL);
err_free:
	kfree(chan);
	return ERR_PTR(ret);
}

/* The device has let go of the channel, and it is on no list. */
static void wd_chan_free(struct wd_chan *chan)
{
	struct wd_accel *accel = chan->accel;

	dma_unmap_single(&accel->pdev->dev, chan->dma, chan->mem->size, DMA_BIDIRECTIONAL);
	wd_uacce_dma_flush(&accel->pdev->dev);
	wd_uacce_mem_put(chan->mem);
	wd_uacce_mems_put(chan->mems);

	mutex_lock(&accel->lock);
	__clear_bit(chan->id, accel->used);
	mutex_unlock(&accel->lock);
	kfree(chan);
}

/* The function was reset since: the device knows nothing of the channel. */
static bool wd_chan_stale(const struct wd_chan *chan)
{
	lockdep_assert_held(&chan->accel->lock);
	return chan->generation != chan->accel->generation;
}

/*
 * Free a channel, or keep its memory and number away from everyone until the
 * function has been reset, where the device may still write to it.
 */
static void wd_chan_retire(struct wd_chan *chan, bool confirmed)
{
	struct wd_accel *accel = chan->accel;

	mutex_lock(&accel->lock);
	list_del(&chan->node);
	confirmed = confirmed || wd_chan_stale(chan);
	if (!confirmed)
		list_add_tail(&chan->node, &accel->quarantine);
	mutex_unlock(&accel->lock);

	if (confirmed)
		wd_chan_free(chan);
	else
		pci_dbg(accel->pdev, "channel %u is in quarantine\n", chan->id);
}

/*
 * For programs that look at nothing but the status line. They may also have
 * mapped it, so it is written and never believed.
 */
static void wd_chan_mark_dead(struct wd_chan *chan)
{
	struct wd_chan_status *status = chan->mem->addr;

	WRITE_ONCE(status->error, (__force u32)cpu_to_le32(WD_CHAN_ERR_RESET));
	WRITE_ONCE(status->state, (__force u32)cpu_to_le32(WD_CHAN_ERROR));
	/* The next submitter asks the kernel, which knows. */
	WRITE_ONCE(status->need_kick, (__force u32)cpu_to_le32(1));
}

/* The error that a program sees: the device did something it must not. */
static int wd_chan_error(int ret)
{
	return ret == -EPROTO ? -EIO : ret;
}

static int wd_chan_command(struct wd_chan *chan, u16 opcode)
{
	struct wd_mbox cmd = {
		.opcode = cpu_to_le16(opcode),
		.chan = cpu_to_le32(chan->id),
	};

	return wd_accel_mbox_run(chan->accel, &cmd);
}

static int wd_chan_create(struct wd_chan *chan, const struct wd_uacce_queue *q)
{
	bool sva = q->udev->iface.flags & UACCE_DEV_SVA;
	u32 depth = chan->accel->depth;
	struct wd_mbox cmd = {
		.opcode = cpu_to_le16(WD_MBOX_CREATE),
		.chan = cpu_to_le32(chan->id),
		.flags = cpu_to_le32(sva ? WD_MBOX_F_PASID : 0),
		.pasid = cpu_to_le32(q->sva.pasid),
		.sq_order = cpu_to_le32(ilog2(depth)),
		.cq_order = cpu_to_le32(ilog2(depth)),
		.status_addr = cpu_to_le64(chan->dma),
		.sq_addr = cpu_to_le64(chan->dma + wd_accel_sq_offset()),
		.cq_addr = cpu_to_le64(chan->dma + wd_accel_cq_offset(depth)),
	};

	return wd_accel_mbox_run(chan->accel, &cmd);
}

static int wd_accel_get_queue(struct wd_uacce_queue *q)
{
	struct wd_accel *accel = q->udev->priv;
	struct wd_chan *chan;
	int ret;

	if (wd_accel_get_isolate_state(q->udev) || !wd_accel_mbox_usable(accel))
		return -EIO;

	chan = wd_chan_alloc(accel, q);
	if (IS_ERR(chan))
		return PTR_ERR(chan);

	ret = wd_accel_irq_get(accel, q, chan->id);
	if (ret) {
		wd_chan_retire(chan, true);
		return ret;
	}

	ret = wd_chan_create(chan, q);
	if (ret) {
		wd_accel_irq_put(accel, q, chan->id);
		wd_chan_retire(chan, ret != -EIO);
		return wd_chan_error(ret);
	}

	q->priv = chan;
	q->chan = chan->id;
	q->mmio_phys = pci_resource_start(accel->pdev, WD_BAR) +
		       WD_BAR_DOORBELLS + chan->id * WD_DB_STRIDE;
	return 0;
}

static int wd_accel_start_queue(struct wd_uacce_queue *q)
{
	return wd_chan_error(wd_chan_command(q->priv, WD_MBOX_START));
}

static void wd_accel_put_queue(struct wd_uacce_queue *q)
{
	struct wd_accel *accel = q->udev->priv;
	struct wd_chan *chan = q->priv;
	bool stale;

	mutex_lock(&accel->lock);
	stale = wd_chan_stale(chan);
	mutex_unlock(&accel->lock);

	if (!stale)
		stale = !wd_chan_command(chan, WD_MBOX_DESTROY);
	wd_accel_irq_put(accel, q, chan->id);
	wd_chan_mark_dead(chan);
	wd_chan_retire(chan, stale);
	q->priv = NULL;
}

static int wd_accel_kick(struct wd_uacce_queue *q)
{
	struct wd_accel *accel = q->udev->priv;

	return pci_write_config_dword(accel->pdev, accel->vsc + WD_VSC_WAKE, q->chan) ? -EIO : 0;
}

static void wd_accel_get_layout(struct wd_uacce_queue *q, struct wd_chan_layout *layout)
{
	struct wd_accel *accel = q->udev->priv;

	*layout = (struct wd_chan_layout) {
		.size = sizeof(*layout),
		.chan = q->chan,
		.status_offset = 0,
		.sq_offset = wd_accel_sq_offset(),
		.cq_offset = wd_accel_cq_offset(accel->depth),
		.sq_depth = accel->depth,
		.cq_depth = accel->depth,
		.max_len = accel->max_len,
		.streams = accel->streams,
		.keys = accel->keys,
		.max_unit = accel->max_unit,
		.max_link = accel->max_link,
		.algs = accel->algs,
	};
}

static int wd_accel_get_state(struct wd_uacce_queue *q, struct wd_chan_state *state)
{
	struct wd_mbox cmd = {
		.opcode = cpu_to_le16(WD_MBOX_QUERY),
		.chan = cpu_to_le32(q->chan),
	};
	int ret;

	ret = wd_accel_mbox_run(q->udev->priv, &cmd);
	if (ret)
		return wd_chan_error(ret);

	state->state = le32_to_cpu(cmd.state);
	state->error = le32_to_cpu(cmd.error);
	state->info = le64_to_cpu(cmd.info);
	state->sq_head = le32_to_cpu(cmd.sq_head);
	state->cq_tail = le32_to_cpu(cmd.cq_tail);
	return 0;
}

static int wd_accel_set_weight(struct wd_uacce_queue *q, u32 weight)
{
	struct wd_mbox cmd = {
		.opcode = cpu_to_le16(WD_MBOX_SET_WEIGHT),
		.chan = cpu_to_le32(q->chan),
		.weight = cpu_to_le32(weight),
	};

	return wd_chan_error(wd_accel_mbox_run(q->udev->priv, &cmd));
}

static u32 wd_status_read(const u32 *word)
{
	return le32_to_cpu((__force __le32)READ_ONCE(*word));
}

/*
 * The program can write all that is looked at here; it then deceives itself
 * about its own channel only.
 */
static __poll_t wd_chan_events(const struct wd_chan *chan)
{
	const struct wd_chan_status *status = chan->mem->addr;
	void __iomem *doorbell = chan->accel->bar + WD_BAR_DOORBELLS + chan->id * WD_DB_STRIDE;
	__poll_t events = 0;

	if (wd_status_read(&status->cq_tail) != readl(doorbell + WD_DB_CQ_HEAD))
		events |= EPOLLIN | EPOLLRDNORM;
	if (wd_status_read(&status->state) == WD_CHAN_ERROR)
		events |= EPOLLERR;
	return events;
}

/*
 * Arm first, look then: a completion in between raises the vector. Also where
 * something is ready: an edge-triggered poller is not asked again once it has drained
 * the ring.
 */
static __poll_t wd_accel_poll(struct wd_uacce_queue *q)
{
	struct wd_chan *chan = q->priv;
	struct wd_accel *accel = chan->accel;

	writel(++accel->arm[chan->id], accel->bar + WD_BAR_ARM + chan->id * sizeof(u32));
	mb(); /* the arm word before the look */
	return wd_chan_events(chan);
}

const struct wd_uacce_ops wd_accel_ops = {
	.get_available_instances = wd_accel_get_available_instances,
	.get_queue = wd_accel_get_queue,
	.start_queue = wd_accel_start_queue,
	.put_queue = wd_accel_put_queue,
	.kick = wd_accel_kick,
	.get_layout = wd_accel_get_layout,
	.get_state = wd_accel_get_state,
	.set_weight = wd_accel_set_weight,
	.poll = wd_accel_poll,
	.get_isolate_state = wd_accel_get_isolate_state,
	.isolate_err_threshold_read = wd_accel_threshold_read,
	.isolate_err_threshold_write = wd_accel_threshold_write,
};

static void wd_accel_empty_quarantine(struct list_head *quarantine)
{
	struct wd_chan *chan, *next;

	list_for_each_entry_safe(chan, next, quarantine, node)
		wd_chan_free(chan);
}

/* The function has been reset: it has let go of everything. */
void wd_accel_chans_reset(struct wd_accel *accel)
{
	LIST_HEAD(quarantine);
	struct wd_chan *chan;

	mutex_lock(&accel->lock);
	accel->generation++;
	list_for_each_entry(chan, &accel->live, node)
		wd_chan_mark_dead(chan);
	list_splice_init(&accel->quarantine, &quarantine);
	mutex_unlock(&accel->lock);

	wd_accel_empty_quarantine(&quarantine);
}

/* There are no queues: has the device let go of all that there were? */
bool wd_accel_chans_idle(struct wd_accel *accel)
{
	bool idle;

	mutex_lock(&accel->lock);
	idle = list_empty(&accel->quarantine);
	mutex_unlock(&accel->lock);
	return idle;
}

/* The function cannot do DMA any more, and there are no queues. */
void wd_accel_chans_exit(struct wd_accel *accel)
{
	WARN_ON(!list_empty(&accel->live));
	wd_accel_empty_quarantine(&accel->quarantine);
	mutex_destroy(&accel->lock);
}
