// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cover.h"

#define TRACE	(1UL << 15)	/* words: the first one counts, each other one is a place */
#define SLOTS	(1U << 14)	/* more than there are places */

/* Of all processes: a hash set of places. */
static uint64_t *places;

static __thread uint64_t *trace;

void cover_begin(void)
{
	if (access("/sys/kernel/debug/kcov", R_OK | W_OK))
		return;
	places = mmap(NULL, SLOTS * sizeof(*places), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (places == MAP_FAILED)
		places = NULL;
}

/* The mapping keeps the trace when its file is closed. */
void cover_thread_begin(void)
{
	int fd;

	fd = places ? open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	trace = MAP_FAILED;
	if (!ioctl(fd, KCOV_INIT_TRACE, TRACE))
		trace = mmap(NULL, TRACE * sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (trace != MAP_FAILED && ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		munmap(trace, TRACE * sizeof(*trace));
		trace = MAP_FAILED;
	}
	if (trace == MAP_FAILED)
		trace = NULL;
	close(fd);
}

static void add(uint64_t place)
{
	uint32_t i = (place * 0x9e3779b97f4a7c15) >> 50;
	uint64_t found;

	for (uint32_t n = 0; n < SLOTS; n++, i = (i + 1) % SLOTS) {
		found = 0;
		if (__atomic_compare_exchange_n(&places[i], &found, place, 0,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED) || found == place)
			return;
	}
}

void cover_thread_collect(void)
{
	uint64_t n;

	if (!trace)
		return;
	n = __atomic_exchange_n(&trace[0], 0, __ATOMIC_RELAXED);
	for (uint64_t i = 1; i <= n && i < TRACE; i++)
		add(trace[i]);
}

void cover_thread_end(void)
{
	if (!trace)
		return;
	cover_thread_collect();
	munmap(trace, TRACE * sizeof(*trace));
	trace = NULL;
}

static unsigned int places_between(uint64_t begin, uint64_t end)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < SLOTS; i++)
		n += places[i] >= begin && places[i] < end;
	return n;
}

void cover_report(void)
{
	char line[512], name[64];
	uint64_t begin, size;
	FILE *file;

	file = places ? fopen("/proc/modules", "re") : NULL;
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, &begin) == 3 &&
		    !strncmp(name, "wd_", 3))
			printf("# reached: %u places in %s\n", places_between(begin, begin + size), name);
	fclose(file);
}
