// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments: a memory mapped for the DMA of one device. All channels of the
 * device that have the memory share one, and so see it at the same addresses.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "uacce.h"

/*
 * Nothing is to be made coherent when a mapping comes or goes: only memory that
 * device and processor see alike at all times is attached.
 */
#define WD_UACCE_DMA_ATTRS	DMA_ATTR_SKIP_CPU_SYNC

static bool wd_uacce_chunk_follows(const struct wd_uacce_chunk *chunk)
{
	const struct wd_uacce_chunk *last = chunk - 1;

	return page_to_pfn(last->page) + last->nr == page_to_pfn(chunk->page);
}

/* Chunks that happen to be neighbours in memory become one entry. */
static int wd_uacce_sg_alloc(const struct wd_uacce_pages *pages, struct sg_table *sgt)
{
	const struct wd_uacce_chunk *chunk = pages->chunks;
	unsigned int i, n = 1;
	struct scatterlist *sg;
	int ret;

	for (i = 1; i < pages->count; i++)
		n += !wd_uacce_chunk_follows(&chunk[i]);
	ret = sg_alloc_table(sgt, n, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;

	sg = sgt->sgl;
	sg_set_page(sg, chunk->page, chunk->nr << PAGE_SHIFT, 0);
	for (i = 1; i < pages->count; i++) {
		if (wd_uacce_chunk_follows(&chunk[i])) {
			sg->length += chunk[i].nr << PAGE_SHIFT;
			continue;
		}
		sg = sg_next(sg);
		sg_set_page(sg, chunk[i].page, chunk[i].nr << PAGE_SHIFT, 0);
	}
	return 0;
}

/* Without an IOMMU nothing says beforehand what the device cannot reach directly. */
static bool wd_uacce_sg_bounced(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (dma_need_sync(dev, sg_dma_address(sg)))
			return true;
	return false;
}

static void wd_uacce_attach_slices(struct wd_uacce_attach *at)
{
	struct wd_slice *slice = NULL;
	struct scatterlist *sg;
	u64 offset = 0;
	int i;

	for_each_sgtable_dma_sg(&at->sgt, sg, i) {
		if (slice && slice->dma + slice->size == sg_dma_address(sg)) {
			slice->size += sg_dma_len(sg);
		} else {
			slice = &at->slices[at->count++];
			slice->offset = offset;
			slice->size = sg_dma_len(sg);
			slice->dma = sg_dma_address(sg);
		}
		offset += sg_dma_len(sg);
	}
}

static int wd_uacce_attach_map(struct wd_uacce_attach *at)
{
	bool direct = at->udev->iface.flags & UACCE_DEV_NOIOMMU;
	struct device *dev = at->udev->parent;
	int ret;

	ret = dma_map_sgtable(dev, &at->sgt, at->dir, WD_UACCE_DMA_ATTRS);
	if (ret)
		return ret;

	ret = -EOPNOTSUPP;
	if (direct && wd_uacce_sg_bounced(dev, &at->sgt))
		goto err_unmap;

	ret = -ENOMEM;
	at->slices = kvmalloc_array(at->sgt.nents, sizeof(*at->slices), GFP_KERNEL_ACCOUNT);
	if (!at->slices)
		goto err_unmap;
	wd_uacce_attach_slices(at);

	if (direct || at->count == 1)
		return 0;

	ret = -EIO;
	kvfree(at->slices);
err_unmap:
	dma_unmap_sgtable(dev, &at->sgt, at->dir, WD_UACCE_DMA_ATTRS);
	return ret;
}

static struct wd_uacce_attach *wd_uacce_attach_make(struct wd_uacce_device *udev,
						    struct wd_uacce_pages *pages)
{
	struct wd_uacce_attach *at;
	int ret;

	at = kzalloc(sizeof(*at), GFP_KERNEL_ACCOUNT);
	if (!at)
		return ERR_PTR(-ENOMEM);

	at->udev = udev;
	at->pages = pages;
	at->dir = pages->read_only ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
	at->users = 1;
	ret = wd_uacce_sg_alloc(pages, &at->sgt);
	if (ret)
		goto err_free;
	ret = wd_uacce_attach_map(at);
	if (ret)
		goto err_table;

	wd_uacce_pages_get(pages);
	list_add_tail(&at->node, &udev->attached);
	return at;

err_table:
	sg_free_table(&at->sgt);
err_free:
	kfree(at);
	return ERR_PTR(ret);
}

struct wd_uacce_attach *wd_uacce_attach_get(struct wd_uacce_device *udev,
					    struct wd_uacce_pages *pages)
{
	struct wd_uacce_attach *at;

	mutex_lock(&udev->attach_lock);
	list_for_each_entry(at, &udev->attached, node) {
		if (at->pages == pages) {
			at->users++;
			goto out;
		}
	}
	at = wd_uacce_attach_make(udev, pages);
out:
	mutex_unlock(&udev->attach_lock);
	return at;
}

/* IOMMU drivers that flush lazily still let the device reach what was unmapped. */
void wd_uacce_dma_flush(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type == IOMMU_DOMAIN_DMA_FQ)
		iommu_flush_iotlb_all(domain);
}
EXPORT_SYMBOL_GPL(wd_uacce_dma_flush);

void wd_uacce_attach_put(struct wd_uacce_attach *at)
{
	struct wd_uacce_device *udev = at->udev;
	bool last;

	mutex_lock(&udev->attach_lock);
	last = !--at->users;
	if (last)
		list_del(&at->node);
	mutex_unlock(&udev->attach_lock);
	if (!last)
		return;

	dma_unmap_sgtable(udev->parent, &at->sgt, at->dir, WD_UACCE_DMA_ATTRS);
	wd_uacce_dma_flush(udev->parent);
	sg_free_table(&at->sgt);
	kvfree(at->slices);
	wd_uacce_pages_put(at->pages);
	kfree(at);
}
