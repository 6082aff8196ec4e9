/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The socket that wd_iommu offers to virtual hardware: a port is the place one
 * PCI function is plugged into, and all DMA of that function goes through it.
 * Only hardware models include this; drivers of the functions reach the IOMMU
 * through the kernel's DMA and IOMMU APIs.
 */
#ifndef _WD_IOMMU_H
#define _WD_IOMMU_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/string.h>
#include <linux/types.h>

struct page;
struct wd_iommu_page_req;
struct wd_iommu_port;
struct wd_paging;
struct wd_prq_handler;

#define WD_IOMMU_NO_PASID	(~0U)

/**
 * wd_iommu_port_create - make a place to plug a function into
 * @domain: PCI domain number
 * @bus:    bus number
 * @devfn:  device and function number
 * @pasids: number of PASIDs that the function can use, 0 for none
 *
 * To be called before the bus is scanned: the function is claimed for this
 * IOMMU when it appears on the PCI bus.
 *
 * Return: the port or an ERR_PTR.
 */
struct wd_iommu_port *wd_iommu_port_create(int domain, u8 bus, u8 devfn,
					   unsigned int pasids);

/* wd_iommu_port_destroy - the function is gone from the PCI bus and does no more DMA */
void wd_iommu_port_destroy(struct wd_iommu_port *port);

/**
 * struct wd_iommu_access - an address space, opened for a few accesses
 *
 * Opened and closed by the same kernel thread, which may not sleep for long in
 * between: an unbind of the address space waits for it.
 */
struct wd_iommu_access {
	struct wd_iommu_port *port;
	u32 pasid;
	struct mm_struct *mm;
	u64 fault_addr;	/* after a short copy */
	bool fault_perm;	/* it is mapped, but not so; without PASID only */
	const struct wd_iommu_page_req *held;	/* by who opened it: NULL, or it has a page */
	int srcu_idx;
	struct wd_paging *paging;	/* in a burst */
	u64 generation;
	unsigned long flags;
};

/*
 * wd_iommu_open - open an address space of a port
 *
 * WD_IOMMU_NO_PASID opens the function's own one. From a kernel thread only.
 * Return: 0, or -ENXIO where the PASID is not bound or its process is gone.
 */
int wd_iommu_open(struct wd_iommu_port *port, u32 pasid,
		  struct wd_iommu_access *acc);
void wd_iommu_close(struct wd_iommu_access *acc);

/*
 * wd_iommu_read, wd_iommu_write - copy from or to an open address space
 *
 * Never wait for a page. Return: the number of bytes copied; where that is less
 * than @len, acc->fault_addr is the first address that did not translate.
 */
size_t wd_iommu_read(struct wd_iommu_access *acc, void *to, u64 addr, size_t len);
size_t wd_iommu_write(struct wd_iommu_access *acc, u64 addr, const void *from,
		      size_t len);

/*
 * wd_iommu_burst - make a few short copies at the price of one
 *
 * For an address space without PASID. Until wd_iommu_burst_end() interrupts are
 * off and an unmap waits.
 *
 * Return: false if all of the address space is blocked; nothing is to be ended.
 */
bool wd_iommu_burst(struct wd_iommu_access *acc);
void wd_iommu_burst_end(struct wd_iommu_access *acc);

/*
 * wd_iommu_burst_map - in a burst, the memory behind an address
 *
 * Good up to the end of the page and of the burst, and in later bursts in which
 * acc->generation is the same: this is how a device keeps translations. Others
 * write to the memory at the same time. Return: NULL where it does not translate;
 * acc->fault_addr is set then.
 */
void *wd_iommu_burst_map(struct wd_iommu_access *acc, u64 addr, bool write);

/*
 * wd_bus_store - put data into memory as a device on PCIe does
 *
 * Whole aligned 64-bit words are stored one by one in rising order: who sees a
 * word sees all that came before it.
 */
static inline void wd_bus_store(void *to, const void *from, size_t len)
{
	const u64 *src = from, *end = src + len / sizeof(u64);
	u64 *dst = to;

	if (((unsigned long)to | (unsigned long)from | len) % sizeof(u64)) {
		memcpy(to, from, len);
		return;
	}
	while (src < end) {
		/* Pairs with a reader's acquire of the word that it polls. */
		smp_wmb();
		WRITE_ONCE(*dst++, *src++);
	}
}

/* What became of a page request. */
enum wd_iommu_response {
	WD_IOMMU_RESP_PENDING,
	WD_IOMMU_RESP_SUCCESS,	/* the page was there a moment ago: try again */
	WD_IOMMU_RESP_UNMAPPED,
	WD_IOMMU_RESP_PERM,
	WD_IOMMU_RESP_RANGE,
	WD_IOMMU_RESP_BUS,
	WD_IOMMU_RESP_PASID,	/* no such address space */
	WD_IOMMU_RESP_CANCELLED,
};

/**
 * struct wd_iommu_page_req - a page request, as PCIe's PRI makes it
 * @port:  where it comes from
 * @pasid: the address space
 * @addr:  first address that did not translate
 * @len:   bytes from @addr that will be wanted; all but the first page are a hint
 * @write: the access that faulted
 * @hold:  keep the first page until wd_iommu_page_release(): as the translation
 *         in an ATS answer, it serves for one more access though the process may
 *         have taken the page away again
 * @page:  that page, after an answer; NULL: it is not held
 * @done:  called once, with @resp set, in a thread of the IOMMU or that cancels;
 *         must not sleep
 *
 * The requester owns the memory and initialises @node; it may be used again
 * after @done.
 */
struct wd_iommu_page_req {
	struct wd_iommu_port *port;
	u32 pasid;
	u64 addr;
	u64 len;
	bool write;
	bool hold;
	struct page *page;
	enum wd_iommu_response resp;
	void (*done)(struct wd_iommu_page_req *req);

	struct list_head node;

	/* private to the IOMMU */
	struct wd_prq_handler *handler;
};

/* May be called with interrupts enabled only; does not sleep. */
void wd_iommu_page_request(struct wd_iommu_page_req *req);

/*
 * End a request: @done is called with WD_IOMMU_RESP_CANCELLED, by the caller, or
 * it was called before, or is about to be, with something else. A request that
 * was not made yet is left alone.
 */
void wd_iommu_page_cancel(struct wd_iommu_page_req *req);

/* Let go of the page of an answered request, if it has one. Process context. */
void wd_iommu_page_release(struct wd_iommu_page_req *req);

#endif
