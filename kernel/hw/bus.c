// SPDX-License-Identifier: GPL-2.0-only
/*
 * The root bus, domain 5744, bus 0. Each function is a device of its own (00.0,
 * 01.0, ...): several functions of one device would share an IOMMU group and need
 * ACS to be told apart.
 */
#include <linux/ioport.h>
#include <linux/nodemask.h>
#include <linux/notifier.h>
#include <linux/pci.h>

#include "hw.h"

struct wd_bus {
	struct pci_sysdata sysdata;	/* what x86 wants to know of a root bus */
	struct pci_host_bridge *bridge;
	struct resource busn;
	struct wd_func **funcs;
	unsigned int nr_funcs;
};

static struct wd_bus wd_bus;

/* The function at a place of the bus, or NULL. */
struct wd_func *wd_bus_func(const struct pci_bus *bus, unsigned int devfn)
{
	if (bus->number || PCI_FUNC(devfn) || PCI_SLOT(devfn) >= wd_bus.nr_funcs)
		return NULL;
	return wd_bus.funcs[PCI_SLOT(devfn)];
}

static int wd_pci_read(struct pci_bus *bus, unsigned int devfn, int where,
		       int size, u32 *val)
{
	struct wd_func *f = wd_bus_func(bus, devfn);

	if (f)
		return wd_config_read(f, where, size, val);
	PCI_SET_ERROR_RESPONSE(val);
	return PCIBIOS_DEVICE_NOT_FOUND;
}

static int wd_pci_write(struct pci_bus *bus, unsigned int devfn, int where,
			int size, u32 val)
{
	struct wd_func *f = wd_bus_func(bus, devfn);

	if (f)
		return wd_config_write(f, where, size, val);
	return PCIBIOS_DEVICE_NOT_FOUND;
}

static struct pci_ops wd_pci_ops = {
	.read = wd_pci_read,
	.write = wd_pci_write,
};

/*
 * BARs have their addresses from power-on. The PCI core must be told so before it
 * looks for free space, where it finds none: the windows lie in what the firmware's
 * memory map calls RAM. This also serves a device that was removed and found again.
 */
static int wd_bus_notify(struct notifier_block *nb, unsigned long event, void *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	if (event != BUS_NOTIFY_ADD_DEVICE || pdev->bus->sysdata != &wd_bus.sysdata)
		return NOTIFY_DONE;
	return pci_claim_resource(pdev, WD_BAR) ? NOTIFY_DONE : NOTIFY_OK;
}

static struct notifier_block wd_bus_notifier = {
	.notifier_call = wd_bus_notify,
};

static struct pci_host_bridge *wd_bus_make_bridge(void)
{
	struct pci_host_bridge *bridge = pci_alloc_host_bridge(0);
	unsigned int i;

	if (!bridge)
		return NULL;

	wd_bus.sysdata = (struct pci_sysdata) {
		.domain = WD_HW_PCI_DOMAIN,
		.node = first_online_node,
	};
	wd_bus.busn = (struct resource) {
		.name = "wd_hw",
		.flags = IORESOURCE_BUS,
	};
	bridge->sysdata = &wd_bus.sysdata;
	bridge->ops = &wd_pci_ops;
	dev_set_msi_domain(&bridge->dev, wd_msix_domain());
	pci_add_resource(&bridge->windows, &wd_bus.busn);
	for (i = 0; i < wd_bus.nr_funcs; i++)
		pci_add_resource(&bridge->windows, wd_bar_window(wd_bus.funcs[i]));
	return bridge;
}

/* Make the bus and scan it. No driver binds before wd_bus_publish(). */
int wd_bus_add(struct wd_func **funcs, unsigned int n)
{
	int err;

	wd_bus.funcs = funcs;
	wd_bus.nr_funcs = n;
	wd_bus.bridge = wd_bus_make_bridge();
	if (!wd_bus.bridge)
		return -ENOMEM;

	err = bus_register_notifier(&pci_bus_type, &wd_bus_notifier);
	if (err)
		goto err_bridge;
	pci_lock_rescan_remove();
	err = pci_scan_root_bus_bridge(wd_bus.bridge);
	pci_unlock_rescan_remove();
	if (err)
		goto err_notifier;
	return 0;

err_notifier:
	bus_unregister_notifier(&pci_bus_type, &wd_bus_notifier);
err_bridge:
	pci_free_host_bridge(wd_bus.bridge);
	return err;
}

void wd_bus_publish(void)
{
	pci_lock_rescan_remove();
	pci_bus_add_devices(wd_bus.bridge->bus);
	pci_unlock_rescan_remove();
}

void wd_bus_remove(void)
{
	struct pci_bus *bus = wd_bus.bridge->bus;

	pci_lock_rescan_remove();
	pci_stop_root_bus(bus);
	pci_remove_root_bus(bus);
	pci_unlock_rescan_remove();
	bus_unregister_notifier(&pci_bus_type, &wd_bus_notifier);
	pci_free_host_bridge(wd_bus.bridge);
}
