/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wd_iommu, what its files share.
 *
 * main.c   registration with the IOMMU core, which functions are ours
 * domain.c paging domains: IOVA to physical pages
 * sva.c    SVA domains: a PASID stands for a process's address space
 * access.c what a function reads and writes through its port
 * prq.c    page requests
 */
#ifndef _WD_IOMMU_INTERNAL_H
#define _WD_IOMMU_INTERNAL_H

#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include "wd_iommu.h"

/* Width of an IOVA; what x86 IOMMUs with four levels have. */
#define WD_IOMMU_ADDR_BITS	48

/**
 * struct wd_iommu_port - where one function is plugged in
 * @node:   in the list of ports, under its mutex
 * @domain: PCI address
 * @bus:    PCI address
 * @devfn:  PCI address
 * @max_pasids: number of PASIDs that the function may use
 * @paging: the domain of requests without PASID; NULL: blocked. Read with
 *          interrupts off, which RCU takes for a reader.
 * @pasids: SVA domains by PASID
 * @srcu:   held in read mode from wd_iommu_open() to wd_iommu_close(); who
 *          takes a domain away from @pasids waits for it
 */
struct wd_iommu_port {
	struct list_head node;
	int domain;
	u8 bus;
	u8 devfn;
	unsigned int max_pasids;
	struct wd_paging __rcu *paging;
	struct xarray pasids;
	struct srcu_struct srcu;
};

/**
 * struct wd_paging - a paging domain
 * @base:  what the IOMMU core knows
 * @pages: by IOVA page number, physical page number and permissions
 * @generation: changes with every unmap, and is no other domain's: translations
 *         of the same generation are the same
 * @lock:  read mode: a copy through the domain is in flight. Write mode is
 *         taken and dropped at once, to wait for those. Interrupts off: unmap
 *         comes from any context. Innermost lock.
 */
struct wd_paging {
	struct iommu_domain base;
	struct xarray pages;
	u64 generation;
	rwlock_t lock;
};

struct wd_sva {
	struct iommu_domain base;
	struct mm_struct *mm;	/* mmgrab()bed */
};

extern const struct iommu_ops wd_iommu_ops;
extern struct iommu_domain wd_blocked_domain;

/* domain.c */
struct iommu_domain *wd_paging_alloc(struct device *dev);
/* Look a page up. @lock of the domain is held. Return: 0, -ENOENT, -EACCES. */
int wd_paging_lookup(struct wd_paging *d, u64 iova, bool write, u64 *pfn);

/* sva.c */
struct iommu_domain *wd_sva_alloc(struct device *dev, struct mm_struct *mm);
void wd_sva_detach(struct device *dev, ioasid_t pasid);
/* The address space of a PASID with a reference on it, or NULL. */
struct mm_struct *wd_sva_mmget(struct wd_iommu_port *port, u32 pasid);

/* prq.c */
int wd_prq_init(void);
void wd_prq_exit(void);

#endif
