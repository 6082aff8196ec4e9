// SPDX-License-Identifier: GPL-2.0-only
/*
 * wd_uacce: a character device for accelerators, with the ABI of mainline's
 * UACCE and a life cycle of its own. This file: the class and its devices.
 */
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "uacce.h"

/* Channels pin the module by the file; nodes are numbered from 0. */
#define WD_UACCE_MINORS		256

static struct class wd_uacce_class = { .name = "uacce" };
static dev_t wd_uacce_devt;
static DEFINE_IDA(wd_uacce_ids);

static void wd_uacce_release(struct device *dev)
{
	struct wd_uacce_device *udev = container_of(dev, struct wd_uacce_device, dev);

	mutex_destroy(&udev->attach_lock);
	mutex_destroy(&udev->lock);
	kfree(udev);
}

/* What the parent can do and what is in front of it decide, nothing else. */
static void wd_uacce_find_mode(struct wd_uacce_device *udev)
{
	struct wd_uacce_interface *iface = &udev->iface;
	struct iommu_domain *domain;

	if ((iface->flags & UACCE_DEV_SVA) && !wd_uacce_sva_enable(udev->parent)) {
		iface->flags = UACCE_DEV_SVA;
		iface->region_size[UACCE_QFRT_SS] = 0;
		return;
	}

	domain = iommu_get_domain_for_dev(udev->parent);
	if (domain && domain->type & __IOMMU_DOMAIN_PAGING)
		iface->flags = 0;
	else
		iface->flags = UACCE_DEV_NOIOMMU;
	iface->region_size[UACCE_QFRT_SS] = min_t(size_t, iface->region_size[UACCE_QFRT_SS],
						  WD_UACCE_MAX_MEM);
}

struct wd_uacce_device *wd_uacce_alloc(struct device *parent,
				       const struct wd_uacce_interface *iface)
{
	struct wd_uacce_device *udev;
	int ret;

	udev = kzalloc(sizeof(*udev), GFP_KERNEL);
	if (!udev)
		return ERR_PTR(-ENOMEM);

	udev->id = ida_alloc_max(&wd_uacce_ids, WD_UACCE_MINORS - 1, GFP_KERNEL);
	if (udev->id < 0) {
		ret = udev->id;
		kfree(udev);
		return ERR_PTR(ret);
	}

	udev->parent = parent;
	udev->iface = *iface;
	udev->priv = iface->priv;
	INIT_LIST_HEAD(&udev->queues);
	mutex_init(&udev->lock);
	INIT_LIST_HEAD(&udev->attached);
	mutex_init(&udev->attach_lock);

	device_initialize(&udev->dev);
	udev->dev.devt = MKDEV(MAJOR(wd_uacce_devt), udev->id);
	udev->dev.class = &wd_uacce_class;
	udev->dev.groups = wd_uacce_groups;
	udev->dev.parent = parent;
	udev->dev.release = wd_uacce_release;
	ret = dev_set_name(&udev->dev, "%s-%d", iface->name, udev->id);
	if (ret) {
		ida_free(&wd_uacce_ids, udev->id);
		put_device(&udev->dev);
		return ERR_PTR(ret);
	}

	wd_uacce_find_mode(udev);
	return udev;
}
EXPORT_SYMBOL_GPL(wd_uacce_alloc);

int wd_uacce_register(struct wd_uacce_device *udev)
{
	int ret;

	cdev_init(&udev->cdev, &wd_uacce_fops);
	udev->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&udev->cdev, &udev->dev);
	udev->added = !ret;
	return ret;
}
EXPORT_SYMBOL_GPL(wd_uacce_register);

void wd_uacce_remove(struct wd_uacce_device *udev)
{
	struct wd_uacce_queue *q;

	mutex_lock(&udev->lock);
	udev->gone = true;
	list_for_each_entry(q, &udev->queues, node)
		wd_uacce_queue_gone(q);
	mutex_unlock(&udev->lock);

	/* Waits for readers of sysfs attributes. */
	if (udev->added)
		cdev_device_del(&udev->cdev, &udev->dev);
	if (udev->iface.flags & UACCE_DEV_SVA)
		wd_uacce_sva_disable(udev->parent);
	/* The number is free even where dead files remain: the next bind gets the same name. */
	ida_free(&wd_uacce_ids, udev->id);
	put_device(&udev->dev);
}
EXPORT_SYMBOL_GPL(wd_uacce_remove);

/*
 * Two classes cannot have one name, and failing to register prints a stack
 * dump: so look first whether mainline's framework is there.
 */
static int wd_uacce_register_class(void)
{
	static const char mainline[] = "uacce_register";
	int ret = -EEXIST;

	if (__symbol_get(mainline))
		__symbol_put(mainline);
	else
		ret = class_register(&wd_uacce_class);
	if (ret != -EEXIST)
		return ret;

	wd_uacce_class.name = "wd_uacce";
	ret = class_register(&wd_uacce_class);
	if (!ret)
		pr_info("class uacce is the kernel's own, using class wd_uacce\n");
	return ret;
}

static int __init wd_uacce_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&wd_uacce_devt, 0, WD_UACCE_MINORS, "wd_uacce");
	if (ret)
		return ret;

	ret = wd_uacce_register_class();
	if (ret)
		unregister_chrdev_region(wd_uacce_devt, WD_UACCE_MINORS);
	return ret;
}

static void __exit wd_uacce_exit(void)
{
	class_unregister(&wd_uacce_class);
	unregister_chrdev_region(wd_uacce_devt, WD_UACCE_MINORS);
	ida_destroy(&wd_uacce_ids);
}

module_init(wd_uacce_init);
module_exit(wd_uacce_exit);

MODULE_DESCRIPTION("Warpdrive: character device for accelerators");
MODULE_LICENSE("GPL");
