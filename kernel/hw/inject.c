// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware that is broken on purpose, for who tests what a driver does about it:
 * debugfs wd_hw/FUNCTION/ignore_mailbox is how many mailbox commands will get no
 * answer.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>

#include "hw.h"

void wd_inject_init(struct wd_func *f, struct dentry *parent)
{
	struct dentry *dir;
	char name[8];

	snprintf(name, sizeof(name), "%u", f->index);
	dir = debugfs_create_dir(name, parent);
	debugfs_create_atomic_t("ignore_mailbox", 0600, dir, &f->ignore);
}
