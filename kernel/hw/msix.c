// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt controller of the virtual machine room, and the part of a function
 * that sends messages to it.
 *
 * The controller is a parent of MSI domains: the kernel's PCI code builds its MSI-X
 * domain of a device on top of it and writes the messages it composes into the
 * device's table. The device sends what it finds there.
 *
 * A store to the table cannot be trapped. That a vector was unmasked is learned from
 * the interrupt core's irq_unmask callback, and from config writes.
 */
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "hw.h"

/* Where messages go to. The data of a message is the interrupt's number. */
#define WD_MSI_ADDRESS	0xfee00000

#define WD_MSIX_WORDS	DIV_ROUND_UP(WD_NR_VECTORS, 32)

/**
 * struct wd_msix - interrupts of a function
 * @f:        the function
 * @lock:     protects @pending. Innermost: taken inside cfg_lock and inside the
 *            lock of an interrupt's descriptor; handlers run without it.
 *
 *            Who raises looks at the masks under it, who unmasks looks at @pending
 *            under it after the mask is gone: one of the two sends the message.
 * @flush:    sends what is pending, in interrupt context of its own, because an
 *            interrupt's descriptor is locked while it is unmasked
 * @pending:  bit per vector; the BAR's pending bit array is a copy
 */
struct wd_msix {
	struct wd_func *f;
	raw_spinlock_t lock;
	struct irq_work flush;
	u32 pending[WD_MSIX_WORDS];
};

static struct irq_domain *wd_msi_domain;

struct irq_domain *wd_msix_domain(void)
{
	return wd_msi_domain;
}

static unsigned int wd_msix_entry(unsigned int vector)
{
	return WD_BAR_MSIX_TABLE + vector * PCI_MSIX_ENTRY_SIZE;
}

static bool wd_msix_is_pending(const struct wd_msix *m, unsigned int vector)
{
	return m->pending[vector / 32] & BIT(vector % 32);
}

static void wd_msix_set_pending(struct wd_msix *m, unsigned int vector, bool pending)
{
	unsigned int word = vector / 32;

	if (pending)
		m->pending[word] |= BIT(vector % 32);
	else
		m->pending[word] &= ~BIT(vector % 32);
	wd_bar_write32(m->f, WD_BAR_MSIX_PBA + word * 4, m->pending[word]);
}

static bool wd_msix_may_send(const struct wd_func *f, unsigned int vector)
{
	u32 control = wd_bar_read32(f, wd_msix_entry(vector) + PCI_MSIX_ENTRY_VECTOR_CTRL);

	return wd_config_msix_enabled(f) && !wd_config_msix_masked(f) &&
	       wd_config_bus_master(f) && !(control & PCI_MSIX_ENTRY_CTRL_MASKBIT);
}

/* A message to anywhere else would be a write to memory: nobody wants that. */
static void wd_msix_send(const struct wd_func *f, unsigned int vector)
{
	unsigned int entry = wd_msix_entry(vector);

	if (wd_bar_read32(f, entry + PCI_MSIX_ENTRY_UPPER_ADDR) == 0 &&
	    wd_bar_read32(f, entry + PCI_MSIX_ENTRY_LOWER_ADDR) == WD_MSI_ADDRESS)
		generic_handle_domain_irq_safe(wd_msi_domain,
					       wd_bar_read32(f, entry + PCI_MSIX_ENTRY_DATA));
}

void wd_msix_raise(struct wd_func *f, unsigned int vector)
{
	struct wd_msix *m = f->msix;
	unsigned long flags;
	bool send;

	raw_spin_lock_irqsave(&m->lock, flags);
	send = wd_msix_may_send(f, vector);
	wd_msix_set_pending(m, vector, !send && wd_config_msix_enabled(f));
	raw_spin_unlock_irqrestore(&m->lock, flags);

	if (send)
		wd_msix_send(f, vector);
}

static void wd_msix_flush(struct irq_work *work)
{
	struct wd_msix *m = container_of(work, struct wd_msix, flush);
	unsigned int vector;
	unsigned long flags;
	bool send;

	for (vector = 0; vector < WD_NR_VECTORS; vector++) {
		raw_spin_lock_irqsave(&m->lock, flags);
		send = wd_msix_is_pending(m, vector) && wd_msix_may_send(m->f, vector);
		if (send)
			wd_msix_set_pending(m, vector, false);
		raw_spin_unlock_irqrestore(&m->lock, flags);

		if (send)
			wd_msix_send(m->f, vector);
	}
}

static void wd_msix_clear_pending(struct wd_msix *m)
{
	unsigned int vector;

	for (vector = 0; vector < WD_NR_VECTORS; vector++)
		wd_msix_set_pending(m, vector, false);
}

void wd_msix_update(struct wd_func *f)
{
	struct wd_msix *m = f->msix;
	unsigned long flags;

	raw_spin_lock_irqsave(&m->lock, flags);
	if (!wd_config_msix_enabled(f))
		wd_msix_clear_pending(m);
	if (memchr_inv(m->pending, 0, sizeof(m->pending)))
		irq_work_queue(&m->flush);
	raw_spin_unlock_irqrestore(&m->lock, flags);
}

void wd_msix_reset(struct wd_func *f)
{
	unsigned int vector, entry;
	unsigned long flags;

	raw_spin_lock_irqsave(&f->msix->lock, flags);
	wd_msix_clear_pending(f->msix);
	for (vector = 0; vector < WD_NR_VECTORS; vector++) {
		entry = wd_msix_entry(vector);
		wd_bar_write32(f, entry + PCI_MSIX_ENTRY_VECTOR_CTRL,
			       PCI_MSIX_ENTRY_CTRL_MASKBIT);
		wd_bar_write32(f, entry + PCI_MSIX_ENTRY_LOWER_ADDR, 0);
		wd_bar_write32(f, entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
		wd_bar_write32(f, entry + PCI_MSIX_ENTRY_DATA, 0);
	}
	raw_spin_unlock_irqrestore(&f->msix->lock, flags);
}

int wd_msix_func_init(struct wd_func *f)
{
	struct wd_msix *m = kzalloc(sizeof(*m), GFP_KERNEL);

	if (!m)
		return -ENOMEM;
	m->f = f;
	raw_spin_lock_init(&m->lock);
	init_irq_work(&m->flush, wd_msix_flush);
	f->msix = m;
	wd_msix_reset(f);
	return 0;
}

void wd_msix_func_exit(struct wd_func *f)
{
	irq_work_sync(&f->msix->flush);
	kfree(f->msix);
}

/* The controller's side: an interrupt is a message, there is nothing to switch. */
static void wd_msi_ack(struct irq_data *d)
{
}

static void wd_msi_compose(struct irq_data *d, struct msi_msg *msg)
{
	msg->address_hi = 0;
	msg->address_lo = WD_MSI_ADDRESS;
	msg->data = d->hwirq;
}

static struct irq_chip wd_msi_chip = {
	.name = "wd-msi",
	.irq_ack = wd_msi_ack,
	.irq_compose_msi_msg = wd_msi_compose,
};

static int wd_msi_alloc(struct irq_domain *domain, unsigned int virq,
			unsigned int nr_irqs, void *arg)
{
	struct msi_desc *desc = ((msi_alloc_info_t *)arg)->desc;
	struct pci_dev *pdev = msi_desc_to_pci_dev(desc);
	struct wd_func *f = wd_bus_func(pdev->bus, pdev->devfn);
	unsigned int i;

	if (desc->msi_index + nr_irqs > WD_NR_VECTORS)
		return -EINVAL;
	for (i = 0; i < nr_irqs; i++)
		irq_domain_set_info(domain, virq + i,
				    f->index * WD_NR_VECTORS + desc->msi_index + i,
				    &wd_msi_chip, f, handle_edge_irq, NULL, "edge");
	return 0;
}

static const struct irq_domain_ops wd_msi_domain_ops = {
	.alloc = wd_msi_alloc,
	.free = irq_domain_free_irqs_common,
};

/* The device's side, in place of what the PCI code would do. */
static void wd_msix_unmask(struct irq_data *d)
{
	pci_msi_unmask_irq(d);
	wd_msix_update(irq_data_get_irq_chip_data(d->parent_data));
}

static unsigned int wd_msix_startup(struct irq_data *d)
{
	wd_msix_unmask(d);
	return 0;
}

static bool wd_msi_init_device(struct device *dev, struct irq_domain *domain,
			       struct irq_domain *real_parent,
			       struct msi_domain_info *info)
{
	if (info->bus_token != DOMAIN_BUS_PCI_DEVICE_MSIX)
		return false;

	info->flags &= real_parent->msi_parent_ops->supported_flags;
	info->flags |= real_parent->msi_parent_ops->required_flags;
	info->chip->irq_ack = wd_msi_ack;
	info->chip->irq_unmask = wd_msix_unmask;
	info->chip->irq_startup = wd_msix_startup;
	return true;
}

/* No affinity: a handler runs where the device's thread does. */
static const struct msi_parent_ops wd_msi_parent_ops = {
	.supported_flags = MSI_GENERIC_FLAGS_MASK | MSI_FLAG_PCI_MSIX |
			   MSI_FLAG_PCI_MSIX_ALLOC_DYN,
	.required_flags = MSI_FLAG_USE_DEF_DOM_OPS | MSI_FLAG_NO_AFFINITY,
	.bus_select_token = DOMAIN_BUS_PCI_MSI,
	.prefix = "WD-",
	.init_dev_msi_info = wd_msi_init_device,
};

int wd_msix_init(void)
{
	struct irq_domain_info info = {
		.domain_flags = IRQ_DOMAIN_FLAG_MSI_PARENT,
		.size = WD_HW_MAX_FUNCS * WD_NR_VECTORS,
		.hwirq_max = WD_HW_MAX_FUNCS * WD_NR_VECTORS,
		.bus_token = DOMAIN_BUS_PCI_MSI,
		.ops = &wd_msi_domain_ops,
	};
	struct irq_domain *domain;

	info.fwnode = irq_domain_alloc_named_fwnode("wd-msi");
	if (!info.fwnode)
		return -ENOMEM;
	domain = irq_domain_instantiate(&info);
	if (IS_ERR(domain)) {
		irq_domain_free_fwnode(info.fwnode);
		return PTR_ERR(domain);
	}
	domain->msi_parent_ops = &wd_msi_parent_ops;
	wd_msi_domain = domain;
	return 0;
}

void wd_msix_exit(void)
{
	struct fwnode_handle *fwnode = wd_msi_domain->fwnode;

	irq_domain_remove(wd_msi_domain);
	irq_domain_free_fwnode(fwnode);
}
