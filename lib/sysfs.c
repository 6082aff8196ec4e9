// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What sysfs tells about devices.
 *
 * Only attributes that are always there decide whether a directory is a
 * device: api and flags. All others have a value for "not known", since
 * mainline and Warpdrive differ in what they show.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <misc/uacce/uacce.h>
#include <misc/uacce/wd_uacce.h>

#include "sysfs.h"

/* One kernel may have mainline's class and ours, under two names. */
static const char *const class_prefixes[] = { "uacce", "wd_uacce" };

/* Read an attribute as a string; whitespace at its end is cut off. */
static int read_str(int dir, const char *attr, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = openat(dir, attr, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	do {
		n = read(fd, buf + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while (n > 0 && len < size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;

	while (len && strchr(" \t\r\n", buf[len - 1]))
		len--;
	buf[len] = '\0';
	return 0;
}

static long read_long(int dir, const char *attr, long fallback)
{
	char buf[32], *end;
	long val;

	if (read_str(dir, attr, buf, sizeof(buf)))
		return fallback;

	errno = 0;
	val = strtol(buf, &end, 0);
	if (errno || end == buf || *end)
		return fallback;
	return val;
}

static int read_int(int dir, const char *attr, int fallback)
{
	long val = read_long(dir, attr, fallback);

	return val < INT_MIN || val > INT_MAX ? fallback : (int)val;
}

bool wd_alg_listed(const char *algorithms, const char *alg)
{
	size_t want = strlen(alg);

	while (*algorithms) {
		size_t len = strcspn(algorithms, "\n");

		if (len == want && !memcmp(algorithms, alg, len))
			return true;
		algorithms += len;
		algorithms += *algorithms == '\n';
	}
	return false;
}

/*
 * The "distance" file of a node has one column for each node that exists, so
 * the column of @to is the number of nodes below it.
 */
static int node_distance(const struct wd_sysfs_roots *roots, int to)
{
	char path[PATH_STR_SIZE], buf[1024], *pos, *end;
	int dir, column = 0, ret = 0;
	long val = 0;

	if (roots->cur_node < 0 || to < 0)
		return 0;
	dir = open(roots->node_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;

	for (int i = 0; i < to; i++) {
		snprintf(path, sizeof(path), "node%d", i);
		column += !faccessat(dir, path, F_OK, 0);
	}
	snprintf(path, sizeof(path), "node%d/distance", roots->cur_node);
	if (read_str(dir, path, buf, sizeof(buf)))
		goto out;

	for (pos = buf; column >= 0; column--, pos = end) {
		val = strtol(pos, &end, 10);
		if (end == pos)
			goto out;
	}
	if (val > 0 && val < INT_MAX)
		ret = (int)val;
out:
	close(dir);
	return ret;
}

static int iommu_type(int dir, int flags)
{
	if (flags & UACCE_DEV_SVA)
		return WD_IOMMU_SVA;
	if (flags & UACCE_DEV_NOIOMMU)
		return WD_IOMMU_NONE;
	/* Mainline's devices have neither flag, whether they have an IOMMU or not. */
	if (!faccessat(dir, "device/iommu_group", F_OK, 0))
		return WD_IOMMU_SHARED;
	return WD_IOMMU_NONE;
}

static void read_regions(int dir, struct uacce_dev_info *info)
{
	static const char *const attrs[UACCE_QFRT_MAX] = {
		[UACCE_QFRT_MMIO] = "region_mmio_size",
		[UACCE_QFRT_DUS] = "region_dus_size",
		[UACCE_QFRT_SS] = "region_ss_size",
	};
	unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	long size;

	for (unsigned int i = 0; i < UACCE_QFRT_MAX; i++) {
		info->qfrs_offset[i] = i * page;
		size = read_long(dir, attrs[i], 0);
		info->qfrs_size[i] = size < 0 ? 0 : (unsigned long)size;
	}
}

/* Fill @info from the directory @dir. Paths and name are the caller's. */
static int read_device(const struct wd_sysfs_roots *roots, int dir,
		       struct uacce_dev_info *info)
{
	int ret;

	ret = read_str(dir, "api", info->api, sizeof(info->api));
	if (ret)
		return ret;
	info->flags = read_int(dir, "flags", -1);
	if (info->flags < 0)
		return -EINVAL;

	/* A device without the attribute computes nothing we have a name for. */
	if (read_str(dir, "algorithms", info->algorithms,
		     sizeof(info->algorithms)))
		info->algorithms[0] = '\0';

	info->available_instances = read_int(dir, "available_instances", 0);
	info->isolate = read_int(dir, "isolate", -1);
	info->isolate_strategy = read_int(dir, "isolate_strategy", -1);
	info->node_id = read_int(dir, "device/numa_node", -1);
	info->numa_dis = node_distance(roots, info->node_id);
	info->iommu_type = iommu_type(dir, info->flags);
	read_regions(dir, info);
	return 0;
}

static int device_paths(const struct wd_sysfs_roots *roots, const char *class,
			const char *name, struct uacce_dev_info *info)
{
	int n;

	n = snprintf(info->name, sizeof(info->name), "%s", name);
	if (n < 0 || (size_t)n >= sizeof(info->name))
		return -ENAMETOOLONG;
	n = snprintf(info->dev_path, sizeof(info->dev_path), "%s/%s",
		     roots->dev_dir, name);
	if (n < 0 || (size_t)n >= sizeof(info->dev_path))
		return -ENAMETOOLONG;
	n = snprintf(info->sysfs_path, sizeof(info->sysfs_path), "%s/%s/%s",
		     roots->class_dir, class, name);
	if (n < 0 || (size_t)n >= sizeof(info->sysfs_path))
		return -ENAMETOOLONG;
	return 0;
}

static bool comes_before(const struct uacce_dev_info *a,
			 const struct uacce_dev_info *b)
{
	if (a->numa_dis != b->numa_dis)
		return a->numa_dis < b->numa_dis;
	return strverscmp(a->name, b->name) < 0;
}

static int list_insert(struct uacce_dev_list **list, struct uacce_dev_info *info)
{
	struct uacce_dev_list *entry;

	entry = malloc(sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	while (*list && !comes_before(info, (*list)->info))
		list = &(*list)->next;
	entry->info = info;
	entry->next = *list;
	*list = entry;
	return 0;
}

static bool is_wanted(const struct wd_sysfs_roots *roots, const char *alg,
		      const struct uacce_dev_info *info)
{
	if (roots->modes && !(roots->modes & 1U << info->iommu_type))
		return false;
	return !alg || wd_alg_listed(info->algorithms, alg);
}

/* Returns 1 when the device was put in @list, 0 when it is none of interest. */
static int scan_device(const struct wd_sysfs_roots *roots, const char *alg,
		       const char *class, const char *name,
		       struct uacce_dev_list **list)
{
	struct uacce_dev_info *info;
	int dir, ret;

	info = calloc(1, sizeof(*info));
	if (!info)
		return -ENOMEM;

	ret = device_paths(roots, class, name, info);
	if (ret)
		goto skip;
	dir = open(info->sysfs_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		goto skip;
	ret = read_device(roots, dir, info);
	close(dir);
	if (ret || !is_wanted(roots, alg, info))
		goto skip;

	ret = list_insert(list, info);
	if (ret) {
		free(info);
		return ret;
	}
	return 1;
skip:
	free(info);
	return 0;
}

/* Returns the number of devices found in one class. */
static int scan_class(const struct wd_sysfs_roots *roots, const char *alg,
		      const char *class, struct uacce_dev_list **list)
{
	char path[PATH_STR_SIZE];
	int found = 0, ret = 0;
	struct dirent *de;
	DIR *dir;

	ret = snprintf(path, sizeof(path), "%s/%s", roots->class_dir, class);
	if (ret < 0 || (size_t)ret >= sizeof(path))
		return 0;
	dir = opendir(path);
	if (!dir)
		return errno == ENOMEM ? -ENOMEM : 0;

	ret = 0;
	while (ret >= 0 && (de = readdir(dir))) {
		if (de->d_name[0] == '.')
			continue;
		ret = scan_device(roots, alg, class, de->d_name, list);
		if (ret > 0)
			found++;
	}
	closedir(dir);
	return ret < 0 ? ret : found;
}

static bool is_our_class(const char *name)
{
	for (size_t i = 0; i < sizeof(class_prefixes) / sizeof(*class_prefixes); i++)
		if (!strncmp(name, class_prefixes[i], strlen(class_prefixes[i])))
			return true;
	return false;
}

int wd_sysfs_scan(const struct wd_sysfs_roots *roots, const char *alg,
		  struct uacce_dev_list **list)
{
	struct uacce_dev_list *head = NULL;
	int found = 0, ret = 0;
	struct dirent *de;
	DIR *dir;

	*list = NULL;
	dir = opendir(roots->class_dir);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;

	while (ret >= 0 && (de = readdir(dir))) {
		if (!is_our_class(de->d_name))
			continue;
		ret = scan_class(roots, alg, de->d_name, &head);
		if (ret > 0)
			found += ret;
	}
	closedir(dir);
	if (ret < 0) {
		wd_free_dev_list(head);
		return ret;
	}
	*list = head;
	return found;
}

int wd_sysfs_modes(const char *value, unsigned int *modes)
{
	static const char *const names[] = {
		[WD_IOMMU_NONE] = "noiommu",
		[WD_IOMMU_SHARED] = "share",
		[WD_IOMMU_SVA] = "sva",
	};

	*modes = 0;
	if (!value)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(value, names[i]))
			*modes = 1U << i;
	return *modes ? 0 : -EINVAL;
}

int wd_sysfs_system_roots(struct wd_sysfs_roots *roots)
{
	unsigned int cpu, node;

	roots->class_dir = "/sys/class";
	roots->node_dir = "/sys/devices/system/node";
	roots->dev_dir = "/dev";
	roots->cur_node = getcpu(&cpu, &node) ? -1 : (int)node;
	return wd_sysfs_modes(secure_getenv("WD_MODE"), &roots->modes);
}

int wd_get_dev_list(const char *alg, struct uacce_dev_list **list)
{
	struct wd_sysfs_roots roots;
	int ret;

	if (!list)
		return -EINVAL;
	*list = NULL;
	ret = wd_sysfs_system_roots(&roots);
	return ret ? ret : wd_sysfs_scan(&roots, alg, list);
}

void wd_free_dev_list(struct uacce_dev_list *list)
{
	struct uacce_dev_list *next;

	for (; list; list = next) {
		next = list->next;
		free(list->info);
		free(list);
	}
}
