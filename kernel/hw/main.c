// SPDX-License-Identifier: GPL-2.0-only
/*
 * wd_hw: virtual accelerators, plugged into a PCI bus of their own. This file is
 * the order in which they are made and taken away.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "chan.h"

#define WD_PASIDS	BIT(20)

static const struct wd_func_type wd_func_types[] = {
	{ .name = "sva", .iommu = true, .pasid = true },
	{ .name = "share", .iommu = true },
	{ .name = "noiommu" },
};

static char *functions[WD_HW_MAX_FUNCS] = { "sva", "share", "noiommu" };
static unsigned int nr_functions = 3;
module_param_array(functions, charp, &nr_functions, 0444);
MODULE_PARM_DESC(functions, "What to plug in, up to 8 of: sva (an IOMMU in front, PASIDs), share (an IOMMU), noiommu (default: one of each)");

unsigned int wd_hw_engines = 1;
module_param_named(engines, wd_hw_engines, uint, 0444);
MODULE_PARM_DESC(engines, "Engines of each function, 1 or 2 (default: 1)");

unsigned int wd_hw_channels = WD_MAX_CHANNELS;
module_param_named(channels, wd_hw_channels, uint, 0444);
MODULE_PARM_DESC(channels, "Channels of each function, 1 to 128 (default: 128)");

static struct wd_func *wd_funcs[WD_HW_MAX_FUNCS];
static struct dentry *wd_debugfs;

static const struct wd_func_type *wd_find_type(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wd_func_types); i++)
		if (!strcmp(name, wd_func_types[i].name))
			return &wd_func_types[i];
	return NULL;
}

static int __init wd_check_parameters(void)
{
	unsigned int i;

	for (i = 0; i < nr_functions; i++) {
		if (!wd_find_type(functions[i])) {
			pr_err("functions=: there is no type \"%s\", only: sva, share, noiommu\n",
			       functions[i]);
			return -EINVAL;
		}
	}
	if (wd_hw_engines < 1 || wd_hw_engines > 2) {
		pr_err("engines=%u: must be 1 or 2\n", wd_hw_engines);
		return -EINVAL;
	}
	if (wd_hw_channels < 1 || wd_hw_channels > WD_MAX_CHANNELS) {
		pr_err("channels=%u: must be 1 to %u\n", wd_hw_channels,
		       WD_MAX_CHANNELS);
		return -EINVAL;
	}
	return 0;
}

static int wd_plug_into_iommu(struct wd_func *f)
{
	struct wd_iommu_port *port;

	if (!f->type->iommu)
		return 0;

	port = wd_iommu_port_create(WD_HW_PCI_DOMAIN, 0, f->devfn,
				    f->type->pasid ? WD_PASIDS : 0);
	if (IS_ERR(port))
		return PTR_ERR(port);
	f->port = port;
	return 0;
}

static void wd_unplug_from_iommu(struct wd_func *f)
{
	if (f->port)
		wd_iommu_port_destroy(f->port);
}

static struct wd_func *wd_func_create(const struct wd_func_type *type,
				      unsigned int index)
{
	struct wd_func *f;
	int err;

	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->type = type;
	f->index = index;
	f->devfn = PCI_DEVFN(index, 0);

	err = wd_bar_alloc(f);
	if (err)
		goto err_free;
	err = wd_msix_func_init(f);
	if (err)
		goto err_bar;
	wd_config_init(f);
	err = wd_plug_into_iommu(f);
	if (err)
		goto err_msix;
	err = wd_mgmt_start(f);
	if (err)
		goto err_iommu;
	return f;

err_iommu:
	wd_unplug_from_iommu(f);
err_msix:
	wd_msix_func_exit(f);
err_bar:
	wd_bar_free(f);
err_free:
	kfree(f);
	return ERR_PTR(err);
}

static void wd_func_destroy(struct wd_func *f)
{
	wd_mgmt_stop(f);
	wd_unplug_from_iommu(f);
	wd_msix_func_exit(f);
	wd_bar_free(f);
	kfree(f);
}

static int __init wd_debugfs_add(void)
{
	unsigned int i;
	int err;

	wd_debugfs = debugfs_create_dir("wd_hw", NULL);
	err = wd_selftest_init(wd_debugfs);
	if (err) {
		debugfs_remove(wd_debugfs);
		return err;
	}
	for (i = 0; i < nr_functions; i++)
		wd_inject_init(wd_funcs[i], wd_debugfs);
	return 0;
}

static void wd_debugfs_remove(void)
{
	debugfs_remove(wd_debugfs);
	wd_selftest_exit();
}

static int __init wd_hw_init(void)
{
	unsigned int n = 0;
	int err;

	err = wd_check_parameters();
	if (err)
		return err;
	err = wd_algs_init();
	if (err)
		return err;
	err = wd_msix_init();
	if (err)
		goto err_algs;

	for (; n < nr_functions; n++) {
		wd_funcs[n] = wd_func_create(wd_find_type(functions[n]), n);
		if (IS_ERR(wd_funcs[n])) {
			err = PTR_ERR(wd_funcs[n]);
			goto err_funcs;
		}
	}
	err = wd_bus_add(wd_funcs, nr_functions);
	if (err)
		goto err_funcs;
	err = wd_debugfs_add();
	if (err)
		goto err_bus;
	wd_bus_publish();
	return 0;

err_bus:
	wd_bus_remove();
err_funcs:
	while (n--)
		wd_func_destroy(wd_funcs[n]);
	wd_msix_exit();
err_algs:
	wd_algs_exit();
	return err;
}
module_init(wd_hw_init);

static void __exit wd_hw_exit(void)
{
	unsigned int n = nr_functions;

	wd_debugfs_remove();
	wd_bus_remove();
	while (n--)
		wd_func_destroy(wd_funcs[n]);
	wd_msix_exit();
	wd_algs_exit();
}
module_exit(wd_hw_exit);

MODULE_DESCRIPTION("Warpdrive virtual accelerator hardware");
MODULE_LICENSE("GPL");
