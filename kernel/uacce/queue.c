// SPDX-License-Identifier: GPL-2.0-only
/* The life of a channel: see enum wd_uacce_q_state, locks at struct wd_uacce_queue. */
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <misc/uacce/wd_accel.h>
#include "trace.h"
#include "uacce.h"

/* What calls that need a working channel say in the state it is in. */
int wd_uacce_queue_error(const struct wd_uacce_queue *q)
{
	switch (READ_ONCE(q->state)) {
	case WD_UACCE_Q_INIT:
	case WD_UACCE_Q_STARTED:
		return 0;
	case WD_UACCE_Q_FAILED:
		return -EIO;
	case WD_UACCE_Q_GONE:
		return -ENXIO;
	default:
		return -EINVAL;
	}
}

/* Who polls must see the new state: it is written first, then they are woken. */
static void wd_uacce_set_state(struct wd_uacce_queue *q, enum wd_uacce_q_state state)
{
	lockdep_assert_held(&q->lock);
	WRITE_ONCE(q->state, state);
	wake_up_all(&q->wait);
}

static bool wd_uacce_works(const struct wd_uacce_queue *q)
{
	return q->state == WD_UACCE_Q_INIT || q->state == WD_UACCE_Q_STARTED;
}

static void wd_uacce_put_hw(struct wd_uacce_queue *q, enum wd_uacce_q_state state)
{
	if (wd_uacce_works(q) || q->state == WD_UACCE_Q_FAILED) {
		wd_uacce_region_revoke(q);
		q->udev->iface.ops->put_queue(q);
		wd_uacce_sva_unbind(q->udev->parent, &q->sva);
		wd_uacce_mems_put(q->mems);
		q->mems = NULL;
	}
	wd_uacce_set_state(q, state);
}

static struct wd_uacce_queue *wd_uacce_queue_alloc(struct wd_uacce_device *udev,
						   struct address_space *mapping)
{
	struct wd_uacce_queue *q;

	q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);
	if (!q)
		return NULL;

	q->dus = wd_uacce_mem_alloc(udev->iface.region_size[UACCE_QFRT_DUS]);
	q->mems = wd_uacce_mems_alloc(udev);
	if (!q->dus || !q->mems)
		goto err_free;

	q->udev = udev;
	q->weight = WD_WEIGHT_DEFAULT;
	q->mapping = mapping;
	q->mm = current->mm;
	mmgrab(q->mm);
	init_waitqueue_head(&q->wait);
	mutex_init(&q->lock);
	mutex_init(&q->hw_lock);
	return q;

err_free:
	if (q->mems)
		wd_uacce_mems_put(q->mems);
	if (q->dus)
		wd_uacce_mem_put(q->dus);
	kfree(q);
	return NULL;
}

static void wd_uacce_queue_free(struct wd_uacce_queue *q)
{
	int i;

	module_put(q->owner);
	mmdrop(q->mm);
	for (i = 0; i < WD_UACCE_REGIONS; i++)
		if (q->reserved[i])
			wd_uacce_pages_put(q->reserved[i]);
	if (q->mems)
		wd_uacce_mems_put(q->mems);
	wd_uacce_mem_put(q->dus);
	if (q->sink)
		__free_page(q->sink);
	mutex_destroy(&q->hw_lock);
	mutex_destroy(&q->lock);
	kfree(q);
}

/* Returns with the channel's lock held, so that nobody sees it half made. */
static int wd_uacce_queue_add(struct wd_uacce_queue *q)
{
	struct wd_uacce_device *udev = q->udev;
	int ret = -ENXIO;

	mutex_lock(&udev->lock);
	/* Only a device that is not gone keeps its driver's module in memory. */
	if (!udev->gone && try_module_get(udev->iface.owner)) {
		q->owner = udev->iface.owner;
		list_add_tail(&q->node, &udev->queues);
		mutex_lock(&q->lock);
		ret = 0;
	}
	mutex_unlock(&udev->lock);
	return ret;
}

static void wd_uacce_queue_del(struct wd_uacce_queue *q)
{
	mutex_lock(&q->udev->lock);
	list_del(&q->node);
	mutex_unlock(&q->udev->lock);
}

static int wd_uacce_queue_make(struct wd_uacce_queue *q)
{
	struct wd_uacce_device *udev = q->udev;
	int ret;

	if (udev->iface.flags & UACCE_DEV_SVA) {
		ret = wd_uacce_sva_bind(udev->parent, q->mm, &q->sva);
		if (ret)
			return ret;
	}

	ret = udev->iface.ops->get_queue(q);
	if (ret) {
		wd_uacce_sva_unbind(udev->parent, &q->sva);
		return ret;
	}

	mutex_lock(&q->hw_lock);
	q->live = true;
	mutex_unlock(&q->hw_lock);
	wd_uacce_set_state(q, WD_UACCE_Q_INIT);
	return 0;
}

struct wd_uacce_queue *wd_uacce_queue_open(struct wd_uacce_device *udev,
					   struct address_space *mapping)
{
	struct wd_uacce_queue *q;
	int ret;

	if (!current->mm)
		return ERR_PTR(-EINVAL);

	q = wd_uacce_queue_alloc(udev, mapping);
	if (!q)
		return ERR_PTR(-ENOMEM);

	ret = wd_uacce_queue_add(q);
	if (ret)
		goto err_free;

	ret = wd_uacce_queue_make(q);
	mutex_unlock(&q->lock);
	if (ret)
		goto err_del;

	trace_wd_uacce_open(q);
	return q;

err_del:
	wd_uacce_queue_del(q);
err_free:
	wd_uacce_queue_free(q);
	return ERR_PTR(ret);
}

void wd_uacce_queue_close(struct wd_uacce_queue *q)
{
	trace_wd_uacce_release(q);

	mutex_lock(&q->lock);
	wd_uacce_put_hw(q, WD_UACCE_Q_ZOMBIE);
	mutex_unlock(&q->lock);

	wd_uacce_queue_del(q);
	wd_uacce_queue_free(q);
}

int wd_uacce_queue_start(struct wd_uacce_queue *q)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (!ret && q->state != WD_UACCE_Q_INIT)
		ret = -EINVAL;
	if (!ret)
		ret = q->udev->iface.ops->start_queue(q);
	if (!ret)
		wd_uacce_set_state(q, WD_UACCE_Q_STARTED);
	mutex_unlock(&q->lock);

	trace_wd_uacce_start(q);
	return ret;
}

/* A channel that a reset has ended is put like any other. */
int wd_uacce_queue_put(struct wd_uacce_queue *q)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (ret == -EIO)
		ret = 0;
	if (!ret)
		wd_uacce_put_hw(q, WD_UACCE_Q_ZOMBIE);
	mutex_unlock(&q->lock);
	return ret;
}

int wd_uacce_queue_kick(struct wd_uacce_queue *q)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (!ret && q->state != WD_UACCE_Q_STARTED)
		ret = -EINVAL;
	if (!ret)
		ret = q->udev->iface.ops->kick(q);
	mutex_unlock(&q->lock);

	trace_wd_uacce_kick(q);
	return ret;
}

int wd_uacce_queue_layout(struct wd_uacce_queue *q, struct wd_chan_layout *layout)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (!ret)
		q->udev->iface.ops->get_layout(q, layout);
	mutex_unlock(&q->lock);
	return ret;
}

/* After a reset the device knows nothing of the channel any more; we do. */
int wd_uacce_queue_state(struct wd_uacce_queue *q, struct wd_chan_state *state)
{
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (ret == -EIO) {
		state->state = WD_CHAN_ERROR;
		state->error = WD_CHAN_ERR_RESET;
		ret = 0;
	} else if (!ret && q->state != WD_UACCE_Q_STARTED) {
		ret = -EINVAL;
	} else if (!ret) {
		ret = q->udev->iface.ops->get_state(q, state);
	}
	mutex_unlock(&q->lock);
	return ret;
}

int wd_uacce_queue_set_weight(struct wd_uacce_queue *q, u32 weight)
{
	const struct wd_uacce_ops *ops = q->udev->iface.ops;
	int ret;

	mutex_lock(&q->lock);
	ret = wd_uacce_queue_error(q);
	if (!ret)
		ret = ops->set_weight ? ops->set_weight(q, weight) : -EOPNOTSUPP;
	if (!ret)
		q->weight = weight;
	mutex_unlock(&q->lock);
	return ret;
}

__poll_t wd_uacce_queue_poll(struct wd_uacce_queue *q)
{
	__poll_t mask = 0;

	mutex_lock(&q->hw_lock);
	if (!q->live)
		mask = EPOLLERR;
	else if (READ_ONCE(q->state) == WD_UACCE_Q_STARTED)
		mask = q->udev->iface.ops->poll(q);
	mutex_unlock(&q->hw_lock);

	if (READ_ONCE(q->state) == WD_UACCE_Q_GONE)
		mask = EPOLLERR | EPOLLHUP;
	return mask;
}

/* The device is being removed; the caller holds its lock. */
void wd_uacce_queue_gone(struct wd_uacce_queue *q)
{
	mutex_lock(&q->lock);
	wd_uacce_put_hw(q, WD_UACCE_Q_GONE);
	/* No operation is called from here on. */
	module_put(q->owner);
	q->owner = NULL;
	mutex_unlock(&q->lock);
}

static void wd_uacce_queue_fail(struct wd_uacce_queue *q)
{
	mutex_lock(&q->lock);
	if (wd_uacce_works(q)) {
		wd_uacce_region_revoke(q);
		wd_uacce_set_state(q, WD_UACCE_Q_FAILED);
	}
	mutex_unlock(&q->lock);
}

void wd_uacce_fail_queues(struct wd_uacce_device *udev)
{
	struct wd_uacce_queue *q;

	mutex_lock(&udev->lock);
	list_for_each_entry(q, &udev->queues, node)
		wd_uacce_queue_fail(q);
	mutex_unlock(&udev->lock);
}
EXPORT_SYMBOL_GPL(wd_uacce_fail_queues);

void wd_uacce_queue_wake(struct wd_uacce_queue *q)
{
	trace_wd_uacce_interrupt(q);
	wake_up_poll(&q->wait, EPOLLIN | EPOLLRDNORM | EPOLLERR);
}
EXPORT_SYMBOL_GPL(wd_uacce_queue_wake);
