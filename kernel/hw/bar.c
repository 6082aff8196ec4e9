// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory behind the BARs: ordinary pages that stop being memory.
 *
 * A BAR must be a range that pci_request_regions() and ioremap() accept, so it may
 * not lie in "System RAM". The pages come from the allocator, and then their range
 * is cut out of the entry of /proc/iomem it is in:
 *
 *	[ System RAM                           ]
 *	[ System RAM ][ PCI Bus ][ System RAM  ]
 *
 * The entry keeps one side and a new entry, @rest, covers the other. The resource
 * tree has no way to do that in one step; between two steps others see a hole.
 * That is no harm, since nobody else's pages change what they are.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page-flags.h>
#include <linux/slab.h>

#include "hw.h"

#define WD_BAR_ORDER	get_order(WD_BAR_SIZE)
#define WD_BAR_PAGES	(WD_BAR_SIZE / PAGE_SIZE)
#define WD_BAR_TRIES	64

/*
 * Places in reserved memory are this far apart: the PCI core merges windows that
 * touch each other. Windows in System RAM never do, see wd_bar_cut().
 */
#define WD_BAR_STRIDE	(2 * WD_BAR_SIZE)

static unsigned long long bar_base;
module_param(bar_base, ullong, 0444);
MODULE_PARM_DESC(bar_base, "Physical address of memory that the kernel parameter memmap=SIZE$ADDRESS keeps free, 2 MiB for each function (default: take any memory)");

/**
 * struct wd_bar - where a BAR is
 * @pages:  its pages; NULL: reserved memory
 * @window: what the root bus forwards to it
 * @ram:    the entry of System RAM that it was cut out of
 * @rest:   the part of that which lies on the other side of @window. Allocated
 *          alone: like any entry of System RAM, it may outlive us if that memory
 *          is unplugged.
 */
struct wd_bar {
	struct page *pages;
	struct resource window;
	struct resource *ram;
	struct resource *rest;
};

static void wd_resource_range(struct resource *res, resource_size_t start,
			      resource_size_t end)
{
	res->start = start;
	res->end = end;
}

/* The entry of System RAM around the window; the tree itself finds it. */
static struct resource *wd_bar_find_ram(struct resource *window)
{
	struct resource *ram;

	if (insert_resource(&iomem_resource, window))
		return NULL;
	ram = window->parent;
	remove_resource(window);

	if (ram->parent != &iomem_resource ||
	    (ram->flags & IORESOURCE_SYSTEM_RAM) != IORESOURCE_SYSTEM_RAM)
		return NULL;
	return ram;
}

/*
 * Shrink @ram to one side of the window. Its children, such as "Kernel code", stay
 * in it: they decide which side, and make it fail where they are on both.
 */
static int wd_bar_shrink_ram(struct wd_bar *b)
{
	struct resource *w = &b->window, *ram = b->ram;
	resource_size_t start = ram->start, end = ram->end;

	if (!adjust_resource(ram, start, w->start - start)) {
		wd_resource_range(b->rest, w->end + 1, end);
		return 0;
	}
	if (!adjust_resource(ram, w->end + 1, end - w->end)) {
		wd_resource_range(b->rest, start, w->start - 1);
		return 0;
	}
	return -EBUSY;
}

/* Undo wd_bar_cut(), also where it came half the way. */
static int wd_bar_heal(struct wd_bar *b)
{
	resource_size_t start = min(b->ram->start, b->rest->start);
	resource_size_t end = max(b->ram->end, b->rest->end);

	if (b->window.parent)
		remove_resource(&b->window);
	if (b->rest->parent)
		remove_resource(b->rest);
	return adjust_resource(b->ram, start, end - start + 1);
}

/*
 * Cut the window out of System RAM. It must have System RAM on both sides, so that
 * there is a rest and no other window is a neighbour.
 */
static int wd_bar_cut(struct wd_bar *b)
{
	struct resource *w = &b->window;
	int err;

	b->ram = wd_bar_find_ram(w);
	if (!b->ram || b->ram->start >= w->start || b->ram->end <= w->end)
		return -EBUSY;

	b->rest->name = b->ram->name;
	b->rest->flags = b->ram->flags;
	b->rest->desc = b->ram->desc;
	err = wd_bar_shrink_ram(b);
	if (err)
		return err;
	err = insert_resource(&iomem_resource, b->rest);
	if (!err)
		err = insert_resource(&iomem_resource, w);
	if (err)
		WARN_ON(wd_bar_heal(b));
	return err;
}

static void wd_bar_set_window(struct wd_bar *b, phys_addr_t start)
{
	b->window = (struct resource) {
		.name = "PCI Bus 5744:00",
		.flags = IORESOURCE_MEM | IORESOURCE_PREFETCH | IORESOURCE_MEM_64,
		.start = start,
		.end = start + WD_BAR_SIZE - 1,
	};
}

static void wd_bar_reserve_pages(struct wd_bar *b, bool reserve)
{
	unsigned int i;

	for (i = 0; i < WD_BAR_PAGES; i++) {
		if (reserve)
			SetPageReserved(b->pages + i);
		else
			ClearPageReserved(b->pages + i);
	}
}

/* Try pages until some can be cut out; until then keep those that cannot. */
static int wd_bar_take_pages(struct wd_bar *b)
{
	struct page *page, *next;
	LIST_HEAD(refused);
	int tries, err = -ENOMEM;

	for (tries = 0; err && tries < WD_BAR_TRIES; tries++) {
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN,
				   WD_BAR_ORDER);
		if (!page)
			break;
		wd_bar_set_window(b, page_to_phys(page));
		err = wd_bar_cut(b);
		if (err)
			list_add(&page->lru, &refused);
		else
			b->pages = page;
	}
	list_for_each_entry_safe(page, next, &refused, lru)
		__free_pages(page, WD_BAR_ORDER);

	if (err)
		pr_err("no 1 MiB of memory can be made a BAR. Boot with the kernel parameter memmap=16M$ADDRESS and load with bar_base=ADDRESS\n");
	else
		wd_bar_reserve_pages(b, true);
	return err;
}

static int wd_bar_take_reserved(struct wd_bar *b, unsigned int index)
{
	int err;

	if (!IS_ALIGNED(bar_base, WD_BAR_SIZE)) {
		pr_err("bar_base=: not a multiple of 1 MiB\n");
		return -EINVAL;
	}
	wd_bar_set_window(b, bar_base + index * WD_BAR_STRIDE);
	if (region_intersects(b->window.start, WD_BAR_SIZE, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT) {
		pr_err("bar_base=: %pR is in use as memory\n", &b->window);
		return -EBUSY;
	}
	err = insert_resource(&iomem_resource, &b->window);
	if (err)
		pr_err("bar_base=: %pR is in use\n", &b->window);
	return err;
}

static int wd_bar_take(struct wd_bar *b, unsigned int index)
{
	return bar_base ? wd_bar_take_reserved(b, index) : wd_bar_take_pages(b);
}

/* Pages that cannot be made System RAM again are lost: they must not be used. */
static void wd_bar_give_back(struct wd_bar *b)
{
	if (!b->pages) {
		remove_resource(&b->window);
		return;
	}
	if (WARN_ON(wd_bar_heal(b)))
		return;
	wd_bar_reserve_pages(b, false);
	__free_pages(b->pages, WD_BAR_ORDER);
}

/*
 * The device's own mapping is write-through: the driver's ioremap() of the same
 * memory then gets write-through as well, where write-back would make it fail.
 */
int wd_bar_alloc(struct wd_func *f)
{
	struct wd_bar *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int err = -ENOMEM;

	if (!b)
		return -ENOMEM;
	b->rest = kzalloc(sizeof(*b->rest), GFP_KERNEL);
	if (!b->rest)
		goto err_free;
	err = wd_bar_take(b, f->index);
	if (err)
		goto err_rest;

	f->mem = b;
	f->bar_phys = b->window.start;
	f->bar = memremap(f->bar_phys, WD_BAR_SIZE, MEMREMAP_WT);
	if (!f->bar) {
		err = -ENOMEM;
		goto err_taken;
	}
	memset(f->bar, 0, WD_BAR_SIZE);
	return 0;

err_taken:
	wd_bar_give_back(b);
err_rest:
	kfree(b->rest);
err_free:
	kfree(b);
	return err;
}

void wd_bar_free(struct wd_func *f)
{
	memunmap(f->bar);
	wd_bar_give_back(f->mem);
	kfree(f->mem->rest);
	kfree(f->mem);
}

struct resource *wd_bar_window(struct wd_func *f)
{
	return &f->mem->window;
}
