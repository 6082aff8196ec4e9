// SPDX-License-Identifier: GPL-2.0-only
/*
 * wd_accel: PCI driver of the Warpdrive accelerator function. This file: its
 * coming, reset and going. It knows the device from the data sheet, wd_regs.h,
 * and from nowhere else.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <misc/uacce/wd_accel.h>
#include "accel.h"

#define WD_MAX_RESERVE		SZ_1G	/* of a channel; half of the memory where that is less */
#define WD_READY_TIMEOUT_US	(1000 * 1000)
#define WD_MIN_DEPTH		2
#define WD_MAX_ORDER		16	/* the rings are contiguous memory */

static unsigned int depth = 256;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth, "entries of each ring of a channel, a power of two (default 256)");

/* Also the time that a function needs after a reset. */
static int wd_accel_wait_ready(struct wd_accel *accel)
{
	u32 status;

	/* All ones is what reads of a device that is not there give. */
	return readl_poll_timeout(accel->bar + WD_REG_STATUS, status,
				  status != U32_MAX && (status & WD_STATUS_READY),
				  1000, WD_READY_TIMEOUT_US);
}

static int wd_accel_check_identity(struct wd_accel *accel)
{
	u32 magic = readl(accel->bar + WD_REG_MAGIC);
	u32 version = readl(accel->bar + WD_REG_VERSION);

	if (magic == WD_MAGIC && version == WD_VERSION)
		return 0;
	pci_err(accel->pdev, "not a device that this driver knows: magic %08x, version %u\n",
		magic, version);
	return -ENODEV;
}

/* A depth that the hardware can do, from what the administrator wants. */
static u32 wd_accel_fit_depth(struct wd_accel *accel)
{
	u32 order = min_t(u32, readl(accel->bar + WD_REG_RING_ORDER), WD_MAX_ORDER);
	u32 fit = clamp_t(u32, depth, WD_MIN_DEPTH, 1U << order);

	fit = rounddown_pow_of_two(fit);
	if (fit != depth)
		pci_info(accel->pdev, "ring depth %u instead of %u\n", fit, depth);
	return fit;
}

static int wd_accel_read_registers(struct wd_accel *accel, u32 *channels)
{
	int ret;

	ret = wd_accel_check_identity(accel);
	if (ret)
		return ret;
	ret = wd_accel_wait_ready(accel);
	if (ret) {
		pci_err(accel->pdev, "does not become ready\n");
		return ret;
	}

	*channels = readl(accel->bar + WD_REG_CHANNELS);
	if (!*channels || *channels > WD_MAX_CHANNELS) {
		pci_err(accel->pdev, "%u channels\n", *channels);
		return -ENODEV;
	}
	accel->depth = wd_accel_fit_depth(accel);
	accel->max_len = readl(accel->bar + WD_REG_MAX_LEN);
	accel->streams = readl(accel->bar + WD_REG_STREAMS);
	accel->keys = readl(accel->bar + WD_REG_KEYS);
	accel->max_unit = readl(accel->bar + WD_REG_MAX_UNIT);
	accel->max_link = readl(accel->bar + WD_REG_MAX_LINK);
	accel->algs = readl(accel->bar + WD_REG_ALGS) |
		      (u64)readl(accel->bar + WD_REG_ALGS + 4) << 32;
	wd_accel_algs_text(accel->algs, accel->algs_text);
	return 0;
}

static int wd_accel_find_vsc(struct wd_accel *accel)
{
	struct pci_dev *pdev = accel->pdev;
	u8 pos, len, type;

	for (pos = pci_find_capability(pdev, PCI_CAP_ID_VNDR); pos;
	     pos = pci_find_next_capability(pdev, pos, PCI_CAP_ID_VNDR)) {
		pci_read_config_byte(pdev, pos + PCI_CAP_FLAGS, &len);
		pci_read_config_byte(pdev, pos + WD_VSC_TYPE, &type);
		if (type == WD_VSC_TYPE_1 && len >= WD_VSC_LEN) {
			accel->vsc = pos;
			return 0;
		}
	}
	pci_err(pdev, "no mailbox capability\n");
	return -ENODEV;
}

/*
 * A function that another kernel, or a driver that got no answer from it, has left
 * in use still has channels, and writes to their memory as soon as it may. It shows by
 * the mailbox address, which a driver clears that leaves in peace.
 */
static int wd_accel_make_idle(struct wd_accel *accel)
{
	struct pci_dev *pdev = accel->pdev;
	int ret;

	if (!wd_accel_mbox_in_use(accel))
		return 0;
	pci_info(pdev, "was left in use: resetting it\n");
	pci_save_state(pdev);
	ret = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	return ret;
}

static int wd_accel_map(struct wd_accel *accel)
{
	struct pci_dev *pdev = accel->pdev;
	int ret;

	ret = pci_enable_device_mem(pdev);
	if (ret)
		return ret;
	ret = pci_request_mem_regions(pdev, "wd_accel");
	if (ret)
		goto err_disable;

	ret = -ENODEV;
	if (pci_resource_len(pdev, WD_BAR) < WD_BAR_SIZE) {
		pci_err(pdev, "BAR %d is too small\n", WD_BAR);
		goto err_release;
	}
	accel->bar = pci_iomap(pdev, WD_BAR, 0);
	if (accel->bar)
		return 0;
	ret = -ENOMEM;

err_release:
	pci_release_mem_regions(pdev);
err_disable:
	pci_disable_device(pdev);
	return ret;
}

static void wd_accel_unmap(struct wd_accel *accel)
{
	pci_iounmap(accel->pdev, accel->bar);
	pci_release_mem_regions(accel->pdev);
	pci_disable_device(accel->pdev);
}

/*
 * The hardware has no limits of its own: a memory behind an IOMMU, however scattered
 * its pages are, is to become one range of addresses.
 */
static int wd_accel_dma_init(struct pci_dev *pdev)
{
	int ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	dma_set_seg_boundary(&pdev->dev, ULONG_MAX);
	return 0;
}

/* Everything up to a mailbox that answers. */
static int wd_accel_start(struct wd_accel *accel)
{
	struct pci_dev *pdev = accel->pdev;
	u32 channels;
	int ret;

	ret = wd_accel_find_vsc(accel);
	if (ret)
		return ret;
	ret = wd_accel_make_idle(accel);
	if (ret)
		return ret;
	ret = wd_accel_read_registers(accel, &channels);
	if (ret)
		return ret;
	ret = wd_accel_dma_init(pdev);
	if (ret)
		return ret;

	ret = wd_accel_irq_init(accel, channels);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = wd_accel_mbox_init(accel);
	if (ret) {
		pci_clear_master(pdev);
		wd_accel_irq_exit(accel);
	}
	return ret;
}

/* Without bus mastering there is no DMA: whatever the device held is free. */
static void wd_accel_stop(struct wd_accel *accel)
{
	bool idle = wd_accel_mbox_usable(accel) && wd_accel_chans_idle(accel);

	wd_accel_mbox_disable(accel);
	pci_clear_master(accel->pdev);
	if (idle)
		wd_accel_mbox_clear(accel);
	wd_accel_chans_exit(accel);
	wd_accel_mbox_exit(accel);
	wd_accel_irq_exit(accel);
}

static size_t wd_accel_reserve_limit(void)
{
	return min_t(u64, WD_MAX_RESERVE, (u64)totalram_pages() / 2 << PAGE_SHIFT);
}

static void wd_accel_announce(const struct wd_accel *accel)
{
	u32 flags = accel->udev->iface.flags;

	if (flags & UACCE_DEV_SVA)
		pci_info(accel->pdev, "%u channels, on the addresses of processes (SVA)\n",
			 accel->channels);
	else if (flags & UACCE_DEV_NOIOMMU)
		pci_info(accel->pdev, "%u channels, on physical addresses: no IOMMU\n",
			 accel->channels);
	else
		pci_info(accel->pdev, "%u channels, in one IOMMU domain\n", accel->channels);
}

static int wd_accel_register(struct wd_accel *accel)
{
	/* The IOMMU's driver enables the capability where both can do PASIDs. */
	const bool pasid = accel->pdev->pasid_enabled;
	const struct wd_uacce_interface iface = {
		.name = "wd_accel",
		.api_ver = WD_ACCEL_API,
		.algs = accel->algs_text,
		.flags = pasid ? UACCE_DEV_SVA : 0,
		.region_size = {
			[UACCE_QFRT_MMIO] = WD_DB_STRIDE,
			[UACCE_QFRT_DUS] = wd_accel_dus_size(accel->depth),
			[UACCE_QFRT_SS] = wd_accel_reserve_limit(),
		},
		.ops = &wd_accel_ops,
		.owner = THIS_MODULE,
		.priv = accel,
	};
	struct wd_uacce_device *udev;
	int ret;

	udev = wd_uacce_alloc(&accel->pdev->dev, &iface);
	if (IS_ERR(udev))
		return PTR_ERR(udev);

	accel->udev = udev;
	ret = wd_uacce_register(udev);
	if (ret)
		wd_uacce_remove(udev);
	else
		wd_accel_announce(accel);
	return ret;
}

/* A process maps its doorbell by pages: no two channels may share one. */
static bool wd_accel_usable(struct pci_dev *pdev)
{
	if (PAGE_SIZE != WD_DB_STRIDE) {
		pci_info(pdev, "needs pages of %u bytes\n", WD_DB_STRIDE);
		return false;
	}
	/*
	 * The rings are shared with the device, and so is the process's memory. Where
	 * there is no IOMMU, each mapping is looked at when it is made.
	 */
	if (device_iommu_mapped(&pdev->dev) &&
	    !device_iommu_capable(&pdev->dev, IOMMU_CAP_CACHE_COHERENCY)) {
		pci_info(pdev, "its DMA does not see the caches, not used\n");
		return false;
	}
	return true;
}

static struct wd_accel *wd_accel_alloc(struct pci_dev *pdev)
{
	struct wd_accel *accel = kzalloc(sizeof(*accel), GFP_KERNEL);

	if (!accel)
		return NULL;
	accel->pdev = pdev;
	mutex_init(&accel->lock);
	INIT_LIST_HEAD(&accel->live);
	INIT_LIST_HEAD(&accel->quarantine);
	wd_accel_health_init(&accel->health);
	return accel;
}

static int wd_accel_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct wd_accel *accel;
	int ret;

	if (!wd_accel_usable(pdev))
		return -ENODEV;

	accel = wd_accel_alloc(pdev);
	if (!accel)
		return -ENOMEM;
	ret = wd_accel_map(accel);
	if (ret)
		goto err_free;
	ret = wd_accel_start(accel);
	if (ret)
		goto err_unmap;

	pci_set_drvdata(pdev, accel);
	ret = wd_accel_register(accel);
	if (ret)
		goto err_stop;
	return 0;

err_stop:
	wd_accel_stop(accel);
err_unmap:
	wd_accel_unmap(accel);
err_free:
	kfree(accel);
	return ret;
}

static void wd_accel_remove(struct pci_dev *pdev)
{
	struct wd_accel *accel = pci_get_drvdata(pdev);

	wd_uacce_remove(accel->udev);
	wd_accel_stop(accel);
	wd_accel_unmap(accel);
	kfree(accel);
}

/* Power goes, or another kernel comes: no DMA into its memory. */
static void wd_accel_shutdown(struct pci_dev *pdev)
{
	struct wd_accel *accel = pci_get_drvdata(pdev);

	wd_uacce_fail_queues(accel->udev);
	wd_accel_mbox_disable(accel);
	pci_clear_master(pdev);
}

/* First no new channels, then an end to the open ones. */
static void wd_accel_reset_prepare(struct pci_dev *pdev)
{
	struct wd_accel *accel = pci_get_drvdata(pdev);

	wd_accel_mbox_disable(accel);
	wd_uacce_fail_queues(accel->udev);
}

static void wd_accel_reset_done(struct pci_dev *pdev)
{
	struct wd_accel *accel = pci_get_drvdata(pdev);

	if (wd_accel_wait_ready(accel)) {
		pci_err(pdev, "does not become ready after a reset\n");
		wd_accel_health_error(accel);
		return;
	}
	wd_accel_chans_reset(accel);
	wd_accel_mbox_enable(accel);
}

static const struct pci_error_handlers wd_accel_err_handler = {
	.reset_prepare = wd_accel_reset_prepare,
	.reset_done = wd_accel_reset_done,
};

static const struct pci_device_id wd_accel_ids[] = {
	{ PCI_DEVICE(WD_PCI_VENDOR, WD_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, wd_accel_ids);

static struct pci_driver wd_accel_driver = {
	.name = "wd_accel",
	.id_table = wd_accel_ids,
	.probe = wd_accel_probe,
	.remove = wd_accel_remove,
	.shutdown = wd_accel_shutdown,
	.err_handler = &wd_accel_err_handler,
};
module_pci_driver(wd_accel_driver);

MODULE_DESCRIPTION("Warpdrive: driver of the accelerator function");
MODULE_LICENSE("GPL");
