// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The registry of vendor drivers for compression.
 *
 * This is the one thing in the library that is shared by the whole process. It
 * is a table and not a list, so that nothing has to be allocated and the two
 * that are always there need no constructor.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "comp.h"

#define MAX_VENDORS	16

/**
 * struct entry - a registered vendor
 * @vendor: NULL: the entry is free
 * @users:  contexts, and contexts to be, that have it
 */
struct entry {
	const struct wd_alg_comp *vendor;
	unsigned int users;
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry registry[MAX_VENDORS] = {
	{ .vendor = &wd_comp_native },
	{ .vendor = &wd_comp_software },
};

static struct entry *find(const struct wd_alg_comp *vendor)
{
	for (size_t i = 0; i < MAX_VENDORS; i++)
		if (registry[i].vendor == vendor)
			return &registry[i];
	return NULL;
}

static struct entry *find_name(const char *name)
{
	for (size_t i = 0; i < MAX_VENDORS; i++)
		if (registry[i].vendor && !strcmp(registry[i].vendor->name, name))
			return &registry[i];
	return NULL;
}

/* Equal priorities are in the order of their addresses: any order, but one. */
static bool comes_after(const struct wd_alg_comp *a, const struct wd_alg_comp *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return (uintptr_t)a > (uintptr_t)b;
}

int wd_alg_comp_register(const struct wd_alg_comp *vendor)
{
	struct entry *e;
	int ret = 0;

	if (!vendor || !vendor->name || !vendor->name[0] || !vendor->init ||
	    !vendor->exit || !vendor->deflate || !vendor->inflate)
		return -EINVAL;
	if ((vendor->async_deflate || vendor->async_inflate) && !vendor->cancel)
		return -EINVAL;

	pthread_mutex_lock(&registry_lock);
	if (find_name(vendor->name)) {
		ret = -EEXIST;
		goto out;
	}
	e = find(NULL);
	if (!e) {
		ret = -ENOSPC;
		goto out;
	}
	e->vendor = vendor;
	e->users = 0;
out:
	pthread_mutex_unlock(&registry_lock);
	return ret;
}

int wd_alg_comp_unregister(const struct wd_alg_comp *vendor)
{
	struct entry *e;
	int ret = 0;

	if (!vendor)
		return -ENOENT;

	pthread_mutex_lock(&registry_lock);
	e = find(vendor);
	if (!e)
		ret = -ENOENT;
	else if (e->users)
		ret = -EBUSY;
	else
		e->vendor = NULL;
	pthread_mutex_unlock(&registry_lock);
	return ret;
}

const struct wd_alg_comp *wd_comp_vendor_next(const struct wd_alg_comp *prev)
{
	struct entry *best = NULL;

	pthread_mutex_lock(&registry_lock);
	for (size_t i = 0; i < MAX_VENDORS; i++) {
		struct entry *e = &registry[i];

		if (!e->vendor || (prev && !comes_after(e->vendor, prev)))
			continue;
		if (!best || comes_after(best->vendor, e->vendor))
			best = e;
	}
	if (best)
		best->users++;
	pthread_mutex_unlock(&registry_lock);
	return best ? best->vendor : NULL;
}

void wd_comp_vendor_put(const struct wd_alg_comp *vendor)
{
	pthread_mutex_lock(&registry_lock);
	find(vendor)->users--;
	pthread_mutex_unlock(&registry_lock);
}
