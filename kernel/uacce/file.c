// SPDX-License-Identifier: GPL-2.0-only
/* An open file is a channel: from system calls to the calls of queue.c. */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <misc/uacce/wd_accel.h>
#include "uacce.h"

static bool enable_unsafe_noiommu_mode;
module_param(enable_unsafe_noiommu_mode, bool, 0644);
MODULE_PARM_DESC(enable_unsafe_noiommu_mode,
		 "let processes with CAP_SYS_RAWIO open devices without an IOMMU. Such a process can have the device read and write any memory, the kernel's too; the kernel is tainted (default off)");

static bool wd_uacce_may_open(const struct wd_uacce_device *udev)
{
	if (!(udev->iface.flags & UACCE_DEV_NOIOMMU))
		return true;
	return READ_ONCE(enable_unsafe_noiommu_mode) && capable(CAP_SYS_RAWIO);
}

/* Whatever goes wrong in this kernel from now on, the process may have done it. */
static void wd_uacce_taint(const struct wd_uacce_device *udev)
{
	if (!(udev->iface.flags & UACCE_DEV_NOIOMMU))
		return;
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	dev_warn_once(&udev->dev, "opened without an IOMMU: its user can reach all memory\n");
}

static int wd_uacce_open(struct inode *inode, struct file *file)
{
	struct wd_uacce_device *udev = container_of(inode->i_cdev, struct wd_uacce_device, cdev);
	struct wd_uacce_queue *q;

	if (!wd_uacce_may_open(udev))
		return -EPERM;
	q = wd_uacce_queue_open(udev, file->f_mapping);
	if (IS_ERR(q))
		return PTR_ERR(q);

	wd_uacce_taint(udev);
	file->private_data = q;
	return 0;
}

static int wd_uacce_release(struct inode *inode, struct file *file)
{
	wd_uacce_queue_close(file->private_data);
	return 0;
}

/* User memory is written without the channel's lock: see struct wd_uacce_queue. */
static long wd_uacce_get_layout(struct wd_uacce_queue *q, void __user *to)
{
	struct wd_chan_layout layout = {};
	int ret;

	ret = wd_uacce_queue_layout(q, &layout);
	if (ret)
		return ret;
	return copy_to_user(to, &layout, sizeof(layout)) ? -EFAULT : 0;
}

static long wd_uacce_get_state(struct wd_uacce_queue *q, void __user *to)
{
	struct wd_chan_state state = {};
	int ret;

	ret = wd_uacce_queue_state(q, &state);
	if (ret)
		return ret;
	return copy_to_user(to, &state, sizeof(state)) ? -EFAULT : 0;
}

static long wd_uacce_set_priority(struct wd_uacce_queue *q, const u32 __user *from)
{
	u32 weight;

	if (get_user(weight, from))
		return -EFAULT;
	if (weight < WD_WEIGHT_MIN || weight > WD_WEIGHT_MAX)
		return -EINVAL;
	return wd_uacce_queue_set_weight(q, weight);
}

static long wd_uacce_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct wd_uacce_queue *q = file->private_data;
	int ret;

	/* A channel works in its opener's address space: nobody else may drive it. */
	if (current->mm != q->mm)
		return -EPERM;

	switch (cmd) {
	case UACCE_CMD_START_Q:
		return wd_uacce_queue_start(q);
	case UACCE_CMD_PUT_Q:
		return wd_uacce_queue_put(q);
	case WD_CMD_KICK:
		return wd_uacce_queue_kick(q);
	case WD_CMD_GET_LAYOUT:
		return wd_uacce_get_layout(q, (void __user *)arg);
	case WD_CMD_GET_STATE:
		return wd_uacce_get_state(q, (void __user *)arg);
	case WD_CMD_SET_PRIORITY:
		return wd_uacce_set_priority(q, (void __user *)arg);
	case WD_CMD_RESERVE:
	case WD_CMD_SHARE:
	case WD_CMD_IMPORT:
	case WD_CMD_GET_SLICES:
	case WD_CMD_DROP:
		return wd_uacce_mem_ioctl(q, cmd, (void __user *)arg);
	default:
		ret = wd_uacce_queue_error(q);
		return ret == -ENXIO ? ret : -ENOTTY;
	}
}

static int wd_uacce_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct wd_uacce_queue *q = file->private_data;

	if (current->mm != q->mm)
		return -EPERM;
	return wd_uacce_region_mmap(q, vma);
}

/*
 * For everyone who holds the file: event loops also poll from kernel workers,
 * which have no address space.
 */
static __poll_t wd_uacce_poll(struct file *file, poll_table *wait)
{
	struct wd_uacce_queue *q = file->private_data;

	poll_wait(file, &q->wait, wait);
	return wd_uacce_queue_poll(q);
}

static const char *wd_uacce_mode(const struct wd_uacce_device *udev)
{
	if (udev->iface.flags & UACCE_DEV_SVA)
		return "sva";
	return udev->iface.flags & UACCE_DEV_NOIOMMU ? "noiommu" : "share";
}

static void wd_uacce_show_mems(struct seq_file *m, struct wd_uacce_queue *q)
{
	u64 sums[WD_UACCE_MEM_KINDS] = {};

	wd_uacce_mem_sums(q, sums);
	seq_printf(m, "wd_reserved:\t%llu kB\n", sums[WD_UACCE_MEM_RESERVED] >> 10);
	seq_printf(m, "wd_shared:\t%llu kB\n", sums[WD_UACCE_MEM_SHARED] >> 10);
	seq_printf(m, "wd_imported:\t%llu kB\n", sums[WD_UACCE_MEM_IMPORTED] >> 10);
}

static void wd_uacce_show_fdinfo(struct seq_file *m, struct file *file)
{
	static const char * const names[] = {
		[WD_CHAN_NONE] = "none",
		[WD_CHAN_STOPPED] = "stopped",
		[WD_CHAN_RUNNING] = "running",
		[WD_CHAN_ERROR] = "error",
	};
	struct wd_uacce_queue *q = file->private_data;
	struct wd_chan_state state = {};
	const char *name = "unknown";
	int ret;

	ret = wd_uacce_queue_state(q, &state);
	if (ret == -ENXIO)
		name = "gone";
	else if (ret == -EINVAL)
		name = READ_ONCE(q->state) == WD_UACCE_Q_INIT ? "stopped" : "none";
	else if (!ret && state.state < ARRAY_SIZE(names))
		name = names[state.state];

	seq_printf(m, "wd_device:\t%s\n", dev_name(&q->udev->dev));
	seq_printf(m, "wd_mode:\t%s\n", wd_uacce_mode(q->udev));
	seq_printf(m, "wd_channel:\t%u\n", q->chan);
	seq_printf(m, "wd_state:\t%s\n", name);
	seq_printf(m, "wd_error:\t%u\n", state.error);
	seq_printf(m, "wd_sq_head:\t%u\n", state.sq_head);
	seq_printf(m, "wd_cq_tail:\t%u\n", state.cq_tail);
	seq_printf(m, "wd_weight:\t%u\n", READ_ONCE(q->weight));
	if (!(q->udev->iface.flags & UACCE_DEV_SVA))
		wd_uacce_show_mems(m, q);
}

const struct file_operations wd_uacce_fops = {
	.owner = THIS_MODULE,
	.open = wd_uacce_open,
	.release = wd_uacce_release,
	.unlocked_ioctl = wd_uacce_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = wd_uacce_mmap,
	.poll = wd_uacce_poll,
	.show_fdinfo = wd_uacce_show_fdinfo,
};
