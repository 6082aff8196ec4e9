/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WD_LIB_SYSFS_H
#define WD_LIB_SYSFS_H

#include <stdbool.h>

#include "wd.h"

/**
 * struct wd_sysfs_roots - where to look; the tests look elsewhere
 * @class_dir: the directory of classes, "/sys/class"
 * @node_dir:  the directory of NUMA nodes, "/sys/devices/system/node"
 * @dev_dir:   the directory of device nodes, "/dev"
 * @cur_node:  NUMA node of the caller, -1 where it is not known
 * @modes:     a bit 1 << WD_IOMMU_* for each mode that is wanted, 0: all
 */
struct wd_sysfs_roots {
	const char *class_dir;
	const char *node_dir;
	const char *dev_dir;
	int cur_node;
	unsigned int modes;
};

/*
 * Fill @roots with the directories of the running system, and with the mode that
 * the environment asks for. -EINVAL: which is none.
 */
int wd_sysfs_system_roots(struct wd_sysfs_roots *roots);

/* What a value of WD_MODE means for wd_sysfs_roots.modes; NULL: not set. */
int wd_sysfs_modes(const char *value, unsigned int *modes);

/* wd_get_dev_list() below other roots. */
int wd_sysfs_scan(const struct wd_sysfs_roots *roots, const char *alg,
		  struct uacce_dev_list **list);

/* Is @alg one of the lines of @algorithms? */
bool wd_alg_listed(const char *algorithms, const char *alg);

#endif
