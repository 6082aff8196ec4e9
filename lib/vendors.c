// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "vendors.h"

/* Of @vendor, which may be NULL for a free entry; -1: it is not there. */
static int find(const struct wd_vendors *v, const void *vendor)
{
	for (int i = 0; i < WD_MAX_VENDORS; i++)
		if (v->entry[i].vendor == vendor)
			return i;
	return -1;
}

static bool has_name(const struct wd_vendors *v, const char *name)
{
	for (int i = 0; i < WD_MAX_VENDORS; i++) {
		const struct wd_vendor *other = v->entry[i].vendor;

		if (other && !strcmp(other->name, name))
			return true;
	}
	return false;
}

/* Equal priorities are in the order of their addresses: any order, but one. */
static bool comes_after(const struct wd_vendor *a, const struct wd_vendor *b)
{
	if (a->priority != b->priority)
		return a->priority < b->priority;
	return (uintptr_t)a > (uintptr_t)b;
}

int wd_vendors_add(struct wd_vendors *v, const void *vendor)
{
	const struct wd_vendor *head = vendor;
	int at, ret = 0;

	pthread_mutex_lock(&v->lock);
	at = find(v, NULL);
	if (has_name(v, head->name)) {
		ret = -EEXIST;
	} else if (at < 0) {
		ret = -ENOSPC;
	} else {
		v->entry[at].vendor = vendor;
		v->entry[at].users = 0;
	}
	pthread_mutex_unlock(&v->lock);
	return ret;
}

int wd_vendors_remove(struct wd_vendors *v, const void *vendor)
{
	int at, ret = 0;

	if (!vendor)
		return -ENOENT;

	pthread_mutex_lock(&v->lock);
	at = find(v, vendor);
	if (at < 0)
		ret = -ENOENT;
	else if (v->entry[at].users)
		ret = -EBUSY;
	else
		v->entry[at].vendor = NULL;
	pthread_mutex_unlock(&v->lock);
	return ret;
}

/*
 * Take the vendor after @prev in the order of priority, the first where that is
 * NULL; NULL at the end.
 */
static const void *next_vendor(struct wd_vendors *v, const void *prev)
{
	const void *best = NULL;
	int at = -1;

	pthread_mutex_lock(&v->lock);
	for (int i = 0; i < WD_MAX_VENDORS; i++) {
		const void *vendor = v->entry[i].vendor;

		if (!vendor || (prev && !comes_after(vendor, prev)))
			continue;
		if (!best || comes_after(best, vendor)) {
			best = vendor;
			at = i;
		}
	}
	if (best)
		v->entry[at].users++;
	pthread_mutex_unlock(&v->lock);
	return best;
}

void wd_vendors_put(struct wd_vendors *v, const void *vendor)
{
	pthread_mutex_lock(&v->lock);
	v->entry[find(v, vendor)].users--;
	pthread_mutex_unlock(&v->lock);
}

int wd_vendors_choose(struct wd_vendors *v, int (*try)(const void *vendor, void *ctx),
		      void *ctx, bool given, const void **chosen)
{
	const void *vendor = NULL, *prev;
	int ret, err = -ENODEV;

	do {
		prev = vendor;
		vendor = next_vendor(v, prev);
		if (prev)
			wd_vendors_put(v, prev);
		if (!vendor)
			return given ? err : -ENODEV;
		ret = try(vendor, ctx);
		if (ret && ret != -ENODEV)
			err = ret;
	} while (ret && ret != -EINVAL && ret != -ENOMEM);

	if (ret)
		wd_vendors_put(v, vendor);
	else
		*chosen = vendor;
	return ret;
}
