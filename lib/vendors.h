/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry of vendor drivers. These are the one thing in the library that is shared by
 * the whole process. One is a table and not a list, so that nothing has to be allocated
 * and those that are always there need no constructor.
 */
#ifndef WD_LIB_VENDORS_H
#define WD_LIB_VENDORS_H

#include <pthread.h>
#include <stdbool.h>

#define WD_MAX_VENDORS	16

/* What struct wd_alg_comp and struct wd_alg_vendor begin with. */
struct wd_vendor {
	const char *name;
	int priority;
};

/**
 * struct wd_vendors - a registry
 * @lock: guards @entry
 * @entry: registered vendors; vendor NULL: the entry is free; users: contexts, and contexts
 *         to be, that have it
 */
struct wd_vendors {
	pthread_mutex_t lock;
	struct {
		const void *vendor;
		unsigned int users;
	} entry[WD_MAX_VENDORS];
};

/* 0, -EEXIST (the name is taken), -ENOSPC. */
int wd_vendors_add(struct wd_vendors *v, const void *vendor);
/* 0, -ENOENT, -EBUSY (somebody has it). */
int wd_vendors_remove(struct wd_vendors *v, const void *vendor);

/*
 * Ask the vendors in the order of their priority: @try has one take the context @ctx. The first
 * that does is *@chosen, and cannot be removed until it is put. -EINVAL and -ENOMEM of @try
 * end it. Other errors of those that were asked in vain are not told unless @given: why a device
 * could not be used matters only where the caller gave one.
 */
int wd_vendors_choose(struct wd_vendors *v, int (*try)(const void *vendor, void *ctx),
		      void *ctx, bool given, const void **chosen);
void wd_vendors_put(struct wd_vendors *v, const void *vendor);

#endif
