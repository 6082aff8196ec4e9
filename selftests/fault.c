// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"
#include "raw.h"

/* Modules are loaded between the kernel's own text and this (x86-64: MODULES_END). */
#define MODULES_END	0xffffffffff000000ULL

static unsigned long tried;

/* DMA debugging, which turns itself off where it finds no memory, is not to be tested. */
const struct fault_scope fault_anywhere = { .depth = 32, .not_from = "add_dma_entry" };

typedef unsigned long long address_t;

/* Where @name begins and the symbol after it. */
static int find_symbol(const char *name, address_t *begin, address_t *end)
{
	address_t address, start = 0, next = -1ULL;
	char line[256], found[128];
	FILE *file;
	int pass;

	for (pass = 0; pass < 2; pass++) {
		file = fopen("/proc/kallsyms", "re");
		if (!file)
			return -errno;
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "%llx %*c %127s", &address, found) != 2)
				continue;
			if (!pass && !strcmp(found, name))
				start = address;
			else if (pass && address > start && address < next)
				next = address;
		}
		fclose(file);
		if (!start)
			return -ENOENT;
	}
	*begin = start;
	*end = next;
	return 0;
}

static int set(const char *kind, const char *knob, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, knob);
	return raw_write(path, value);
}

static int set_number(const char *kind, const char *knob, address_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx", value);
	return set(kind, knob, text);
}

static int set_reject(const char *kind, const struct fault_scope *scope)
{
	address_t begin = 0, end = 0, other;
	int ret = 0;

	if (scope->not_from)
		ret = find_symbol(scope->not_from, &begin, &end);
	if (scope->not_to && !ret)
		ret = find_symbol(scope->not_to, &other, &end);
	if (!ret)
		ret = set_number(kind, "reject-start", begin);
	return ret ? ret : set_number(kind, "reject-end", end);
}

/* FAULT_VERBOSE in the environment: the kernel's log shows where each failure was. */
static int set_kind(const char *kind, const struct fault_scope *scope)
{
	address_t text_end, other;
	int ret;

	ret = find_symbol("_etext", &text_end, &other);
	if (!ret)
		ret = set_number(kind, "probability", 0);
	if (!ret)
		ret = set_number(kind, "verbose", getenv("FAULT_VERBOSE") ? 2 : 0);
	if (!ret)
		ret = set_number(kind, "stacktrace-depth", scope->depth);
	if (!ret)
		ret = set_number(kind, "require-start", text_end);
	if (!ret)
		ret = set_number(kind, "require-end", MODULES_END);
	return ret ? ret : set_reject(kind, scope);
}

int fault_init(const struct fault_scope *scope)
{
	int ret;

	if (access("/proc/self/fail-nth", W_OK))
		return -EOPNOTSUPP;
	ret = set_kind("failslab", scope);
	if (!ret)
		ret = set_kind("fail_page_alloc", scope);
	if (!ret)
		ret = set_kind("fail_usercopy", scope);
	/* Also where the caller may sleep, and single pages. */
	if (!ret)
		ret = set("failslab", "ignore-gfp-wait", "N");
	if (!ret)
		ret = set("fail_page_alloc", "ignore-gfp-wait", "N");
	if (!ret)
		ret = set("fail_page_alloc", "ignore-gfp-highmem", "N");
	if (!ret)
		ret = set("fail_page_alloc", "min-order", "0");
	return ret;
}

static void path_of(pid_t tid, char *path, size_t size)
{
	if (tid)
		snprintf(path, size, "/proc/%d/fail-nth", tid);
	else
		snprintf(path, size, "/proc/thread-self/fail-nth");
}

int fault_arm(pid_t tid, unsigned int nth)
{
	char path[64], value[16];

	path_of(tid, path, sizeof(path));
	snprintf(value, sizeof(value), "%u", nth);
	return raw_write(path, value);
}

int fault_disarm(pid_t tid)
{
	char path[64], left[16] = "";
	int fd, ret = 0;

	path_of(tid, path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (read(fd, left, sizeof(left) - 1) < 1 || pwrite(fd, "0", 1, 0) != 1)
		ret = -errno;
	close(fd);
	if (ret)
		return ret;
	ret = strtoul(left, NULL, 10) == 0;
	tried += ret;
	return ret;
}

int fault_kthreads(const char *prefix, pid_t *tids, int max)
{
	struct dirent *entry;
	char path[300], name[64];
	DIR *dir = opendir("/proc");
	int n = 0;
	FILE *file;

	while (dir && n < max && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = atoi(entry->d_name) > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, prefix, strlen(prefix)))
			tids[n++] = atoi(entry->d_name);
		fclose(file);
	}
	if (dir)
		closedir(dir);
	return n;
}

bool fault_errno(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT || ret == -ENOSPC;
}

void fault_report(void)
{
	if (tried)
		printf("# tried: %lu injected failures\n", tried);
}
