// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paging domains. The table is an xarray from IOVA page numbers to an entry
 * with the physical page number and the permissions.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"
#include "../compat.h"

#define WD_ENTRY_READ	BIT(0)
#define WD_ENTRY_WRITE	BIT(1)
#define WD_ENTRY_SHIFT	2

/* Pages that are entered or removed with interrupts off in one go. */
#define WD_PAGES_AT_ONCE	512

static atomic64_t wd_generations;

static struct wd_paging *to_paging(struct iommu_domain *domain)
{
	return container_of(domain, struct wd_paging, base);
}

int wd_paging_lookup(struct wd_paging *d, u64 iova, bool write, u64 *pfn)
{
	void *entry = xa_load(&d->pages, iova >> PAGE_SHIFT);
	unsigned long v;

	if (!entry)
		return -ENOENT;
	v = xa_to_value(entry);
	if (!(v & (write ? WD_ENTRY_WRITE : WD_ENTRY_READ)))
		return -EACCES;
	*pfn = v >> WD_ENTRY_SHIFT;
	return 0;
}

static int wd_paging_attach(struct iommu_domain *domain, struct device *dev,
			    struct iommu_domain *old)
{
	struct wd_iommu_port *port = dev_iommu_priv_get(dev);

	rcu_assign_pointer(port->paging, to_paging(domain));
	synchronize_rcu();
	return 0;
}

WD_COMPAT_ATTACH_DEV(wd_paging_attach);

static unsigned long wd_entry_prot(int prot)
{
	unsigned long v = 0;

	if (prot & IOMMU_READ)
		v |= WD_ENTRY_READ;
	if (prot & IOMMU_WRITE)
		v |= WD_ENTRY_WRITE;
	return v;
}

/* Return: how many were entered; where that is not all, *@ret says why. */
static size_t wd_paging_insert(struct wd_paging *d, unsigned long index,
			       unsigned long entry, size_t n, gfp_t gfp, int *ret)
{
	unsigned long flags;
	size_t i;

	xa_lock_irqsave(&d->pages, flags);
	for (i = 0; i < n; i++, entry += BIT(WD_ENTRY_SHIFT)) {
		*ret = __xa_insert(&d->pages, index + i, xa_mk_value(entry), gfp);
		if (*ret)
			break;
	}
	xa_unlock_irqrestore(&d->pages, flags);
	return i;
}

static int wd_paging_map(struct iommu_domain *domain, unsigned long iova,
			 phys_addr_t paddr, size_t pgsize, size_t pgcount,
			 int prot, gfp_t gfp, size_t *mapped)
{
	struct wd_paging *d = to_paging(domain);
	unsigned long entry = PHYS_PFN(paddr) << WD_ENTRY_SHIFT | wd_entry_prot(prot);
	size_t n = pgsize * pgcount >> PAGE_SHIFT, done = 0;
	int ret = 0;

	/* Those flags are about the memory that is mapped; xarray's nodes have a constructor. */
	gfp &= ~__GFP_ZERO;
	while (done < n && !ret)
		done += wd_paging_insert(d, (iova >> PAGE_SHIFT) + done,
					 entry + (done << WD_ENTRY_SHIFT),
					 min_t(size_t, n - done, WD_PAGES_AT_ONCE),
					 gfp, &ret);
	*mapped = done << PAGE_SHIFT;
	return ret;
}

static size_t wd_paging_erase(struct wd_paging *d, unsigned long index, size_t n)
{
	unsigned long flags;
	size_t i;

	xa_lock_irqsave(&d->pages, flags);
	for (i = 0; i < n; i++)
		if (!__xa_erase(&d->pages, index + i))
			break;
	WRITE_ONCE(d->generation, atomic64_inc_return(&wd_generations));
	xa_unlock_irqrestore(&d->pages, flags);
	return i;
}

static size_t wd_paging_unmap(struct iommu_domain *domain, unsigned long iova,
			      size_t pgsize, size_t pgcount,
			      struct iommu_iotlb_gather *gather)
{
	struct wd_paging *d = to_paging(domain);
	size_t n = pgsize * pgcount >> PAGE_SHIFT, done = 0, want, got;

	do {
		want = min_t(size_t, n - done, WD_PAGES_AT_ONCE);
		got = wd_paging_erase(d, (iova >> PAGE_SHIFT) + done, want);
		done += got;
	} while (done < n && got == want);
	return done << PAGE_SHIFT;
}

/* Nothing is cached outside @pages; only a copy may still be on its way. */
static void wd_paging_drain(struct wd_paging *d)
{
	unsigned long flags;

	write_lock_irqsave(&d->lock, flags);
	write_unlock_irqrestore(&d->lock, flags);
}

static void wd_paging_flush_all(struct iommu_domain *domain)
{
	wd_paging_drain(to_paging(domain));
}

static void wd_paging_sync(struct iommu_domain *domain,
			   struct iommu_iotlb_gather *gather)
{
	wd_paging_drain(to_paging(domain));
}

static phys_addr_t wd_paging_iova_to_phys(struct iommu_domain *domain,
					  dma_addr_t iova)
{
	void *entry = xa_load(&to_paging(domain)->pages, iova >> PAGE_SHIFT);

	if (!entry)
		return 0;
	return PFN_PHYS(xa_to_value(entry) >> WD_ENTRY_SHIFT) |
	       (iova & ~PAGE_MASK);
}

static void wd_paging_free(struct iommu_domain *domain)
{
	struct wd_paging *d = to_paging(domain);

	xa_destroy(&d->pages);
	kfree(d);
}

static const struct iommu_domain_ops wd_paging_ops = {
	.attach_dev = WD_COMPAT_ATTACH_DEV_OP(wd_paging_attach),
	.map_pages = wd_paging_map,
	.unmap_pages = wd_paging_unmap,
	.flush_iotlb_all = wd_paging_flush_all,
	.iotlb_sync = wd_paging_sync,
	.iova_to_phys = wd_paging_iova_to_phys,
	.free = wd_paging_free,
};

struct iommu_domain *wd_paging_alloc(struct device *dev)
{
	struct wd_paging *d;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return NULL;
	d->generation = atomic64_inc_return(&wd_generations);
	rwlock_init(&d->lock);
	xa_init_flags(&d->pages, XA_FLAGS_LOCK_IRQ);
	d->base.ops = &wd_paging_ops;
	d->base.pgsize_bitmap = PAGE_SIZE;
	d->base.geometry.aperture_end = BIT_ULL(WD_IOMMU_ADDR_BITS) - 1;
	d->base.geometry.force_aperture = true;
	return &d->base;
}
