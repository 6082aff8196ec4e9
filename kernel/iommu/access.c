// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a function reads and writes through its port. No access waits for a page:
 * one that does not translate now ends there, as an ATS translation does, and
 * the function may make a page request.
 */
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "internal.h"

/*
 * With a PASID the read side of the port's SRCU is held from open to close; it is
 * taken in a branch, which sparse cannot follow: it is told to look away.
 */
int wd_iommu_open(struct wd_iommu_port *port, u32 pasid,
		  struct wd_iommu_access *acc)
{
	acc->port = port;
	acc->pasid = pasid;
	acc->mm = NULL;
	acc->paging = NULL;
	acc->fault_addr = 0;
	acc->fault_perm = false;
	acc->held = NULL;
	if (pasid == WD_IOMMU_NO_PASID)
		return 0;

	/* Taken before the look: who unbinds waits for those who saw the binding. */
	acc->srcu_idx = srcu_read_lock(&port->srcu);
	acc->mm = wd_sva_mmget(port, pasid);
	if (!acc->mm) {
		srcu_read_unlock(&port->srcu, acc->srcu_idx);
		return -ENXIO;
	}
	__release(&port->srcu);
	kthread_use_mm(acc->mm);
	return 0;
}
EXPORT_SYMBOL_GPL(wd_iommu_open);

void wd_iommu_close(struct wd_iommu_access *acc)
{
	if (!acc->mm)
		return;
	kthread_unuse_mm(acc->mm);
	/* The last reference may be ours; its teardown is not our work. */
	mmput_async(acc->mm);
	__acquire(&acc->port->srcu);
	srcu_read_unlock(&acc->port->srcu, acc->srcu_idx);
}
EXPORT_SYMBOL_GPL(wd_iommu_close);

/* In a burst: what is behind an address, up to the end of its page. */
static void *wd_paging_map(struct wd_iommu_access *acc, u64 addr, bool write)
{
	u64 pfn;
	int ret;

	ret = wd_paging_lookup(acc->paging, addr, write, &pfn);
	acc->fault_perm = ret == -EACCES;
	if (ret || !pfn_valid(pfn))
		return NULL;
	return pfn_to_kaddr(pfn) + offset_in_page(addr);
}

static size_t wd_paging_copy(struct wd_iommu_access *acc, u64 addr, void *buf,
			     size_t len, bool write)
{
	bool burst = acc->paging;
	size_t done = 0;

	while (done < len) {
		size_t n = min_t(size_t, len - done,
				 PAGE_SIZE - offset_in_page(addr + done));
		void *va;

		if (!burst && !wd_iommu_burst(acc))
			break;
		va = wd_paging_map(acc, addr + done, write);
		if (va && write)
			wd_bus_store(va, buf + done, n);
		else if (va)
			memcpy(buf + done, va, n);
		if (!burst)
			wd_iommu_burst_end(acc);
		if (!va)
			break;
		done += n;
	}
	acc->fault_addr = addr + done;
	return done;
}

/*
 * The lock goes from here to wd_iommu_burst_end(), which sparse is not to count.
 * Interrupts that are off keep the domain from being freed: see wd_paging_attach().
 */
bool wd_iommu_burst(struct wd_iommu_access *acc)
{
	struct wd_paging *d;

	local_irq_save(acc->flags);
	d = rcu_dereference_sched(acc->port->paging);
	if (!d) {
		local_irq_restore(acc->flags);
		return false;
	}
	read_lock(&d->lock);
	__release(&d->lock);
	acc->paging = d;
	acc->generation = READ_ONCE(d->generation);
	return true;
}
EXPORT_SYMBOL_GPL(wd_iommu_burst);

void wd_iommu_burst_end(struct wd_iommu_access *acc)
{
	struct wd_paging *d = acc->paging;

	acc->paging = NULL;
	__acquire(&d->lock);
	read_unlock(&d->lock);
	local_irq_restore(acc->flags);
}
EXPORT_SYMBOL_GPL(wd_iommu_burst_end);

void *wd_iommu_burst_map(struct wd_iommu_access *acc, u64 addr, bool write)
{
	void *va = wd_paging_map(acc, addr, write);

	if (!va)
		acc->fault_addr = addr;
	return va;
}
EXPORT_SYMBOL_GPL(wd_iommu_burst_map);

static bool wd_user_copy(u64 addr, void *buf, size_t len, bool write)
{
	void __user *p = (void __user *)(unsigned long)addr;
	size_t left;

	if (!access_ok(p, len))
		return false;
	pagefault_disable();
	if (write)
		left = __copy_to_user_inatomic(p, buf, len);
	else
		left = __copy_from_user_inatomic(buf, p, len);
	pagefault_enable();
	return !left;
}

/* Within a page: the one that a page request brought and that is gone already. */
static bool wd_held_copy(const struct wd_iommu_access *acc, u64 addr, void *buf,
			 size_t len, bool write)
{
	const struct wd_iommu_page_req *req = acc->held;
	void *va;

	if (!req || PAGE_ALIGN_DOWN(addr) != PAGE_ALIGN_DOWN(req->addr) ||
	    (write && !req->write))
		return false;
	va = kmap_local_page(req->page) + offset_in_page(addr);
	if (write)
		memcpy(va, buf, len);
	else
		memcpy(buf, va, len);
	kunmap_local(va);
	return true;
}

/*
 * The whole at once is the usual case. After a fault it goes page by page, for
 * the count of bytes that a failed copy gives is not exact.
 */
static size_t wd_sva_copy(struct wd_iommu_access *acc, u64 addr, void *buf,
			  size_t len, bool write)
{
	size_t done = 0;

	if (wd_user_copy(addr, buf, len, write))
		return len;
	while (done < len) {
		size_t n = min_t(size_t, len - done,
				 PAGE_SIZE - offset_in_page(addr + done));

		if (!wd_user_copy(addr + done, buf + done, n, write) &&
		    !wd_held_copy(acc, addr + done, buf + done, n, write))
			break;
		done += n;
	}
	acc->fault_addr = addr + done;
	return done;
}

size_t wd_iommu_read(struct wd_iommu_access *acc, void *to, u64 addr, size_t len)
{
	if (acc->mm)
		return wd_sva_copy(acc, addr, to, len, false);
	return wd_paging_copy(acc, addr, to, len, false);
}
EXPORT_SYMBOL_GPL(wd_iommu_read);

size_t wd_iommu_write(struct wd_iommu_access *acc, u64 addr, const void *from,
		      size_t len)
{
	if (acc->mm)
		return wd_sva_copy(acc, addr, (void *)from, len, true);
	return wd_paging_copy(acc, addr, (void *)from, len, true);
}
EXPORT_SYMBOL_GPL(wd_iommu_write);
