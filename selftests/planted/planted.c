// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bugs to order. Loading this module with bug=NAME plants one and fails; what
 * watches a debug kernel has to report it. A kernel that stays silent here says
 * nothing by its silence elsewhere.
 */
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

#define SIZE	100

static char *bug = "";
module_param(bug, charp, 0);
MODULE_PARM_DESC(bug, "which bug to plant");

static int lock_order(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);
	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
	return 0;
}

static int sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
	return 0;
}

static int shift_too_far(void)
{
	unsigned int bits = 40;
	int one = 1;

	OPTIMIZER_HIDE_VAR(bits);
	one <<= bits;
	OPTIMIZER_HIDE_VAR(one);
	return 0;
}

static int refcount_below_zero(void)
{
	refcount_t count = REFCOUNT_INIT(1);

	refcount_dec(&count);
	return 0;
}

static int list_deleted_twice(void)
{
	struct list_head entry;
	LIST_HEAD(list);

	list_add(&entry, &list);
	list_del(&entry);
	list_del(&entry);
	return 0;
}

static void timer_fired(struct timer_list *timer)
{
}

static int timer_freed(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, timer_fired, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	kfree(timer);
	return 0;
}

static int dma_never_mapped(void)
{
	struct platform_device *dev = platform_device_register_simple("planted", -1, NULL, 0);

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	if (!dma_coerce_mask_and_coherent(&dev->dev, DMA_BIT_MASK(64)))
		dma_unmap_single(&dev->dev, 0x1000, SIZE, DMA_TO_DEVICE);
	platform_device_unregister(dev);
	return 0;
}

/* A stale copy on some stack hides one or two from kmemleak, not all. */
static int leak(void)
{
	char *p;
	int i;

	for (i = 0; i < 16; i++) {
		p = kmalloc(SIZE, GFP_KERNEL);
		if (!p)
			return -ENOMEM;
		OPTIMIZER_HIDE_VAR(p);
	}
	return 0;
}

static int slab_overrun(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);
	int i = SIZE;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(i);
	WRITE_ONCE(p[i], 0);
	kfree(p);
	return 0;
}

static int use_after_free(void)
{
	char *p = kmalloc(SIZE, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	READ_ONCE(p[0]);
	return 0;
}

static int vmalloc_overrun(void)
{
	char *p = vmalloc(SIZE);
	int i = SIZE;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(i);
	READ_ONCE(p[i]);
	vfree(p);
	return 0;
}

static const struct {
	const char *name;
	int (*plant)(void);
} bugs[] = {
	{ "lock_order", lock_order },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "shift_too_far", shift_too_far },
	{ "refcount_below_zero", refcount_below_zero },
	{ "list_deleted_twice", list_deleted_twice },
	{ "timer_freed", timer_freed },
	{ "dma_never_mapped", dma_never_mapped },
	{ "leak", leak },
	{ "slab_overrun", slab_overrun },
	{ "use_after_free", use_after_free },
	{ "vmalloc_overrun", vmalloc_overrun },
};

static int __init planted_init(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		if (strcmp(bug, bugs[i].name))
			continue;
		pr_info("planted: %s\n", bug);
		ret = bugs[i].plant();
		return ret ?: -ECANCELED;
	}
	return -EINVAL;
}
module_init(planted_init);

MODULE_DESCRIPTION("Bugs to order, for testing what looks for bugs");
MODULE_LICENSE("GPL");
