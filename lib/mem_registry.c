// SPDX-License-Identifier: GPL-2.0-or-later
/* Memories by address. They are few, one or two a channel: a list is enough. */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem_registry.h"

/*
 * @pid: who added it. In a child of that process it is not mapped, so what the child
 * maps may be in its place.
 */
struct memory {
	struct memory *next;
	pid_t pid;
	uintptr_t va;
	size_t size;
	size_t n;
	struct wd_slice slices[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct memory *memories;		/* under the lock */

int wd_slices_in_order(size_t size, const struct wd_slice *slices, size_t n)
{
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++) {
		if (slices[i].offset < end || slices[i].offset > size ||
		    !slices[i].size || slices[i].size > size - slices[i].offset)
			return 0;
		end = slices[i].offset + slices[i].size;
	}
	return 1;
}

static bool overlaps(const struct memory *m, uintptr_t va, size_t size)
{
	return va < m->va + m->size && m->va < va + size;
}

static int insert(struct memory *m)
{
	struct memory **link = &memories, *other;
	int ret = 0;

	pthread_mutex_lock(&lock);
	while ((other = *link)) {
		if (overlaps(other, m->va, m->size) && other->pid != m->pid) {
			*link = other->next;
			free(other);
			continue;
		}
		if (overlaps(other, m->va, m->size))
			ret = -EEXIST;
		link = &other->next;
	}
	if (!ret) {
		m->next = memories;
		memories = m;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

int wd_mem_registry_add(void *va, size_t size, const struct wd_slice *slices,
			size_t n)
{
	struct memory *m;
	int ret;

	if (!va || !size || size > UINTPTR_MAX - (uintptr_t)va || !slices ||
	    !n || n > INT_MAX || !wd_slices_in_order(size, slices, n))
		return -EINVAL;
	m = malloc(sizeof(*m) + n * sizeof(*slices));
	if (!m)
		return -ENOMEM;

	m->pid = getpid();
	m->va = (uintptr_t)va;
	m->size = size;
	m->n = n;
	memcpy(m->slices, slices, n * sizeof(*slices));
	ret = insert(m);
	if (ret)
		free(m);
	return ret;
}

void wd_mem_registry_del(void *va)
{
	struct memory **link, *m;

	pthread_mutex_lock(&lock);
	link = &memories;
	while (*link && (*link)->va != (uintptr_t)va)
		link = &(*link)->next;
	m = *link;
	if (m)
		*link = m->next;
	pthread_mutex_unlock(&lock);
	free(m);
}

/* Copy what lies in [@from, @to), offsets in @m, to @out. Returns how many. */
static int clip(const struct memory *m, uint64_t from, uint64_t to,
		struct wd_slice *out)
{
	int n = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct wd_slice *s = &m->slices[i];
		uint64_t begin = s->offset > from ? s->offset : from;
		uint64_t end = s->offset + s->size < to ? s->offset + s->size : to;

		if (begin >= end)
			continue;
		out[n++] = (struct wd_slice){
			.offset = begin - from,
			.size = end - begin,
			.dma = s->dma + (begin - s->offset),
		};
	}
	return n;
}

int wd_mem_slices_of(const void *addr, size_t size, struct wd_slice **slices)
{
	uintptr_t at = (uintptr_t)addr;
	const struct memory *m;
	size_t from, len;
	int n = 0;

	*slices = NULL;
	pthread_mutex_lock(&lock);
	for (m = memories; m; m = m->next)
		if (at >= m->va && at - m->va < m->size)
			break;
	if (!m)
		goto out;

	*slices = malloc(m->n * sizeof(**slices));
	if (!*slices) {
		n = -ENOMEM;
		goto out;
	}
	from = at - m->va;
	len = size < m->size - from ? size : m->size - from;
	n = clip(m, from, from + len, *slices);
	if (!n) {
		free(*slices);
		*slices = NULL;
	}
out:
	pthread_mutex_unlock(&lock);
	return n;
}
