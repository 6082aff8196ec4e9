// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page requests. A fault may wait for ever (userfaultfd, a dead network file
 * system), so each one in progress has a thread of its own: requests that wait
 * never keep another one waiting. Threads are made on demand and kept. A request
 * that is cancelled ends at once; its thread is interrupted by SIGKILL, which a
 * workqueue could not do, and is lost for a while where even that does not help
 * (FUSE, NFS).
 *
 * A thread that waits holds the address space. Where that is all that keeps it
 * alive, its process is dead, and the request is ended: else the mappings, and
 * with them the file of the channel that waits, would never go.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/userfaultfd_k.h>
#include <linux/workqueue.h>

#include "internal.h"

/* Pages that one request brings in at the most, the faulting one included. */
#define WD_PRQ_PAGES	64

/* So many threads may be lost at a time; then requests for pages of files are refused. */
#define WD_PRQ_LOST	64

/* How often it is looked whether processes still live. */
#define WD_PRQ_WATCH	(HZ / 10)

/**
 * struct wd_prq_handler - a thread
 * @node:  in the list of them
 * @task:  it
 * @req:   what it works on; NULL: nothing, or what was cancelled
 * @mm:    address space that it holds
 * @addr:  first address of the request, which may be gone before the work ends
 * @end:   behind its last
 * @write: its kind of access
 * @hold:  the first page is wanted
 * @page:  it is here
 */
struct wd_prq_handler {
	struct list_head node;
	struct task_struct *task;
	struct wd_iommu_page_req *req;
	struct mm_struct *mm;
	u64 addr;
	u64 end;
	bool write;
	bool hold;
	struct page *page;
};

/*
 * @lock protects all of this, handlers and the private part of every request.
 * Interrupts are off under it; the signal lock of a handler is taken inside.
 */
static struct {
	spinlock_t lock;
	struct list_head pending;
	unsigned int npending;
	unsigned int idle;		/* handlers that wait, or are about to */
	unsigned int lost;		/* handlers that work on what was cancelled */
	struct list_head handlers;
	wait_queue_head_t wait;
	struct work_struct spawn;
	struct delayed_work watch;
} wd_prq;

static enum wd_iommu_response wd_prq_classify(struct mm_struct *mm, u64 addr,
					      bool write)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);

	if (!vma)
		return WD_IOMMU_RESP_UNMAPPED;
	if (!(vma->vm_flags & (write ? VM_WRITE : VM_READ)))
		return WD_IOMMU_RESP_PERM;
	return WD_IOMMU_RESP_BUS;
}

static enum wd_iommu_response wd_prq_fault(struct mm_struct *mm, u64 addr,
					   bool write)
{
	enum wd_iommu_response resp = WD_IOMMU_RESP_SUCCESS;
	struct vm_area_struct *vma;
	bool unlocked = false;
	int ret = -EFAULT;

	if (!access_ok((void __user *)(unsigned long)addr, 1))
		return WD_IOMMU_RESP_RANGE;
	if (mmap_read_lock_killable(mm))
		return WD_IOMMU_RESP_CANCELLED;
	/* Below a stack fixup_user_fault() finds nothing either, but dumps ours for asking. */
	vma = vma_lookup(mm, addr);
	if (vma && (vma_is_anonymous(vma) || READ_ONCE(wd_prq.lost) < WD_PRQ_LOST))
		ret = fixup_user_fault(mm, addr, write ? FAULT_FLAG_WRITE : 0, &unlocked);
	if (ret == -EINTR)
		resp = WD_IOMMU_RESP_CANCELLED;
	else if (ret)
		resp = wd_prq_classify(mm, addr, write);
	mmap_read_unlock(mm);
	return resp;
}

/* References that handlers have on an address space. @lock is held. */
static int wd_prq_mm_users(const struct mm_struct *mm)
{
	struct wd_prq_handler *h;
	int n = 0;

	list_for_each_entry(h, &wd_prq.handlers, node)
		n += h->mm == mm;
	return n;
}

static void wd_prq_watch(struct work_struct *work)
{
	struct wd_prq_handler *h;
	bool again = false;

	spin_lock_irq(&wd_prq.lock);
	list_for_each_entry(h, &wd_prq.handlers, node) {
		if (!h->mm)
			continue;
		again = true;
		if (atomic_read(&h->mm->mm_users) <= wd_prq_mm_users(h->mm))
			send_sig(SIGKILL, h->task, 1);
	}
	spin_unlock_irq(&wd_prq.lock);
	if (again)
		schedule_delayed_work(&wd_prq.watch, WD_PRQ_WATCH);
}

/* Whether user space decides when, and if, the page comes: a hint is no reason to ask it. */
static bool wd_prq_withheld(struct mm_struct *mm, u64 addr)
{
	struct vm_area_struct *vma;
	bool ret;

	if (mmap_read_lock_killable(mm))
		return true;
	vma = vma_lookup(mm, addr);
	ret = !vma || userfaultfd_armed(vma);
	mmap_read_unlock(mm);
	return ret;
}

/* Where it does not work the page was there all the same. */
static struct page *wd_prq_pin(struct mm_struct *mm, u64 addr, bool write)
{
	struct page *page = NULL;
	int locked = 1;

	if (mmap_read_lock_killable(mm))
		return NULL;
	if (pin_user_pages_remote(mm, addr, 1, write ? FOLL_WRITE : 0, &page, &locked) != 1)
		page = NULL;
	if (locked)
		mmap_read_unlock(mm);
	return page;
}

static void wd_prq_unpin(struct page *page, bool write)
{
	unpin_user_pages_dirty_lock(&page, 1, write);
}

/* The first page decides; the rest is brought in as far as it goes without waiting. */
static enum wd_iommu_response wd_prq_handle(struct wd_prq_handler *h)
{
	enum wd_iommu_response resp;
	u64 addr = h->addr;
	unsigned int i;

	if (!h->mm)
		return WD_IOMMU_RESP_PASID;

	schedule_delayed_work(&wd_prq.watch, WD_PRQ_WATCH);
	resp = wd_prq_fault(h->mm, addr, h->write);
	for (i = 1; i < WD_PRQ_PAGES && resp == WD_IOMMU_RESP_SUCCESS; i++) {
		addr = PAGE_ALIGN_DOWN(addr) + PAGE_SIZE;
		if (addr >= h->end || signal_pending(current) ||
		    wd_prq_withheld(h->mm, addr) ||
		    wd_prq_fault(h->mm, addr, h->write) != WD_IOMMU_RESP_SUCCESS)
			break;
	}
	if (resp == WD_IOMMU_RESP_SUCCESS && h->hold)
		h->page = wd_prq_pin(h->mm, h->addr, h->write);
	return resp;
}

/* All that is needed of the request and its port is taken here. */
static bool wd_prq_take(struct wd_prq_handler *h)
{
	struct wd_iommu_page_req *req;

	spin_lock_irq(&wd_prq.lock);
	req = list_first_entry_or_null(&wd_prq.pending, struct wd_iommu_page_req,
				       node);
	if (req) {
		list_del_init(&req->node);
		wd_prq.npending--;
		wd_prq.idle--;
		req->handler = h;
		h->req = req;
		h->mm = wd_sva_mmget(req->port, req->pasid);
		h->addr = req->addr;
		h->end = req->addr + req->len;
		h->write = req->write;
		h->hold = req->hold;
		h->page = NULL;
	}
	spin_unlock_irq(&wd_prq.lock);
	return req;
}

static void wd_prq_finish(struct wd_prq_handler *h, enum wd_iommu_response resp)
{
	struct wd_iommu_page_req *req;
	struct mm_struct *mm = h->mm;

	spin_lock_irq(&wd_prq.lock);
	req = h->req;
	if (req) {
		req->resp = resp;
		req->handler = NULL;
		req->page = h->page;
	} else {
		wd_prq.lost--;
	}
	h->req = NULL;
	h->mm = NULL;
	flush_signals(current);
	wd_prq.idle++;
	spin_unlock_irq(&wd_prq.lock);

	if (!req && h->page)
		wd_prq_unpin(h->page, h->write);
	if (mm)
		mmput_async(mm);
	if (req)
		req->done(req);
}

static int wd_prq_thread(void *arg)
{
	struct wd_prq_handler *h = arg;

	allow_signal(SIGKILL);
	while (!kthread_should_stop()) {
		wait_event_interruptible(wd_prq.wait, kthread_should_stop() ||
					 READ_ONCE(wd_prq.npending));
		if (wd_prq_take(h))
			wd_prq_finish(h, wd_prq_handle(h));
		else
			flush_signals(current);
	}
	return 0;
}

static int wd_prq_spawn_one(void)
{
	struct wd_prq_handler *h;

	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return -ENOMEM;
	h->task = kthread_create(wd_prq_thread, h, "wd_iommu_prq");
	if (IS_ERR(h->task)) {
		int ret = PTR_ERR(h->task);

		kfree(h);
		return ret;
	}
	spin_lock_irq(&wd_prq.lock);
	list_add(&h->node, &wd_prq.handlers);
	wd_prq.idle++;
	spin_unlock_irq(&wd_prq.lock);
	wake_up_process(h->task);
	return 0;
}

static bool wd_prq_short(void)
{
	bool ret;

	spin_lock_irq(&wd_prq.lock);
	ret = wd_prq.npending > wd_prq.idle;
	spin_unlock_irq(&wd_prq.lock);
	return ret;
}

/* Where no thread can be made, requests wait for the ones there are. */
static void wd_prq_spawn(struct work_struct *work)
{
	while (wd_prq_short())
		if (wd_prq_spawn_one())
			break;
}

void wd_iommu_page_request(struct wd_iommu_page_req *req)
{
	bool spawn;

	req->resp = WD_IOMMU_RESP_PENDING;
	req->handler = NULL;
	req->page = NULL;

	spin_lock_irq(&wd_prq.lock);
	list_add_tail(&req->node, &wd_prq.pending);
	wd_prq.npending++;
	spawn = wd_prq.npending > wd_prq.idle;
	spin_unlock_irq(&wd_prq.lock);

	wake_up(&wd_prq.wait);
	if (spawn)
		schedule_work(&wd_prq.spawn);
}
EXPORT_SYMBOL_GPL(wd_iommu_page_request);

void wd_iommu_page_cancel(struct wd_iommu_page_req *req)
{
	bool cancelled = true;

	spin_lock_irq(&wd_prq.lock);
	if (req->handler) {
		/* It may not hear of it for long: it goes on without the request. */
		req->handler->req = NULL;
		send_sig(SIGKILL, req->handler->task, 1);
		req->handler = NULL;
		wd_prq.lost++;
	} else if (!list_empty(&req->node)) {
		list_del_init(&req->node);
		wd_prq.npending--;
	} else {
		cancelled = false;
	}
	if (cancelled)
		req->resp = WD_IOMMU_RESP_CANCELLED;
	spin_unlock_irq(&wd_prq.lock);
	if (cancelled)
		req->done(req);
}
EXPORT_SYMBOL_GPL(wd_iommu_page_cancel);

void wd_iommu_page_release(struct wd_iommu_page_req *req)
{
	if (req->page)
		wd_prq_unpin(req->page, req->write);
	req->page = NULL;
}
EXPORT_SYMBOL_GPL(wd_iommu_page_release);

int wd_prq_init(void)
{
	spin_lock_init(&wd_prq.lock);
	INIT_LIST_HEAD(&wd_prq.pending);
	INIT_LIST_HEAD(&wd_prq.handlers);
	init_waitqueue_head(&wd_prq.wait);
	INIT_WORK(&wd_prq.spawn, wd_prq_spawn);
	INIT_DELAYED_WORK(&wd_prq.watch, wd_prq_watch);
	return wd_prq_spawn_one();
}

/* Nobody is left who could make a request. */
void wd_prq_exit(void)
{
	struct wd_prq_handler *h, *next;

	flush_work(&wd_prq.spawn);
	cancel_delayed_work_sync(&wd_prq.watch);
	list_for_each_entry_safe(h, next, &wd_prq.handlers, node) {
		kthread_stop(h->task);
		kfree(h);
	}
}
