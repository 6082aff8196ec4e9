// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes of Documentation/ABI/testing/sysfs-driver-uacce, and two more where
 * memory can be reserved: region_ss_size, the most that a channel may have in a region;
 * reserved_size, what the channels have of it now. Both in bytes.
 */
#include <linux/sysfs.h>
#include "uacce.h"

static struct wd_uacce_device *to_udev(struct device *dev)
{
	return container_of(dev, struct wd_uacce_device, dev);
}

static ssize_t api_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_udev(dev)->iface.api_ver);
}
static DEVICE_ATTR_RO(api);

static ssize_t flags_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_udev(dev)->iface.flags);
}
static DEVICE_ATTR_RO(flags);

static ssize_t available_instances_show(struct device *dev, struct device_attribute *attr,
					char *buf)
{
	struct wd_uacce_device *udev = to_udev(dev);

	if (!udev->iface.ops->get_available_instances)
		return -ENODEV;
	return sysfs_emit(buf, "%d\n", udev->iface.ops->get_available_instances(udev));
}
static DEVICE_ATTR_RO(available_instances);

static ssize_t algorithms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_udev(dev)->iface.algs);
}
static DEVICE_ATTR_RO(algorithms);

static ssize_t region_mmio_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%zu\n", to_udev(dev)->iface.region_size[UACCE_QFRT_MMIO]);
}
static DEVICE_ATTR_RO(region_mmio_size);

static ssize_t region_dus_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%zu\n", to_udev(dev)->iface.region_size[UACCE_QFRT_DUS]);
}
static DEVICE_ATTR_RO(region_dus_size);

static ssize_t region_ss_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%zu\n", to_udev(dev)->iface.region_size[UACCE_QFRT_SS]);
}
static DEVICE_ATTR_RO(region_ss_size);

static ssize_t reserved_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&to_udev(dev)->reserved));
}
static DEVICE_ATTR_RO(reserved_size);

static ssize_t isolate_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct wd_uacce_device *udev = to_udev(dev);

	return sysfs_emit(buf, "%d\n", udev->iface.ops->get_isolate_state(udev));
}
static DEVICE_ATTR_RO(isolate);

static ssize_t isolate_strategy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct wd_uacce_device *udev = to_udev(dev);

	if (!udev->iface.ops->isolate_err_threshold_read)
		return -ENOENT;
	return sysfs_emit(buf, "%u\n", udev->iface.ops->isolate_err_threshold_read(udev));
}

static ssize_t isolate_strategy_store(struct device *dev, struct device_attribute *attr,
				      const char *buf, size_t count)
{
	struct wd_uacce_device *udev = to_udev(dev);
	u32 threshold;
	int ret;

	if (!udev->iface.ops->isolate_err_threshold_write)
		return -ENOENT;
	if (kstrtou32(buf, 0, &threshold) || threshold > WD_UACCE_MAX_THRESHOLD)
		return -EINVAL;

	ret = udev->iface.ops->isolate_err_threshold_write(udev, threshold);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(isolate_strategy);

static struct attribute *wd_uacce_attrs[] = {
	&dev_attr_api.attr,
	&dev_attr_flags.attr,
	&dev_attr_available_instances.attr,
	&dev_attr_algorithms.attr,
	&dev_attr_region_mmio_size.attr,
	&dev_attr_region_dus_size.attr,
	&dev_attr_region_ss_size.attr,
	&dev_attr_reserved_size.attr,
	&dev_attr_isolate.attr,
	&dev_attr_isolate_strategy.attr,
	NULL,
};

static umode_t wd_uacce_is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct wd_uacce_interface *iface = &to_udev(kobj_to_dev(kobj))->iface;
	bool visible = true;

	if (attr == &dev_attr_region_mmio_size.attr)
		visible = iface->region_size[UACCE_QFRT_MMIO];
	else if (attr == &dev_attr_region_dus_size.attr)
		visible = iface->region_size[UACCE_QFRT_DUS];
	else if (attr == &dev_attr_region_ss_size.attr || attr == &dev_attr_reserved_size.attr)
		visible = iface->region_size[UACCE_QFRT_SS];
	else if (attr == &dev_attr_isolate.attr)
		visible = iface->ops->get_isolate_state;
	else if (attr == &dev_attr_isolate_strategy.attr)
		visible = iface->ops->isolate_err_threshold_read ||
			  iface->ops->isolate_err_threshold_write;

	return visible ? attr->mode : 0;
}

static const struct attribute_group wd_uacce_group = {
	.attrs = wd_uacce_attrs,
	.is_visible = wd_uacce_is_visible,
};

const struct attribute_group *wd_uacce_groups[] = {
	&wd_uacce_group,
	NULL,
};
