// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices and channels in a sysfs that is a directory of /tmp. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chan.h"
#include "sysfs.h"
#include "tap.h"

static char root[] = "/tmp/wd-sysfs-XXXXXX";
static char class_dir[64], node_dir[64], dev_dir[64];
static struct wd_sysfs_roots roots;

/* Make the directories that lead to @path, below the root. */
static void put(const char *path, const char *content)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	f = fopen(full, "w");
	if (!f) {
		perror(full);
		exit(EXIT_FAILURE);
	}
	fputs(content, f);
	fclose(f);
}

static void put_attr(const char *dev, const char *attr, const char *content)
{
	char path[256];

	snprintf(path, sizeof(path), "class/%s/%s", dev, attr);
	put(path, content);
}

static void put_device(const char *dev, const char *algs, const char *instances)
{
	char node[128];

	put_attr(dev, "api", "wd_accel_v1\n");
	put_attr(dev, "flags", "1\n");
	put_attr(dev, "algorithms", algs);
	put_attr(dev, "available_instances", instances);
	put_attr(dev, "region_mmio_size", "4096\n");
	put_attr(dev, "region_dus_size", "65536\n");
	snprintf(node, sizeof(node), "dev%s", strchr(dev, '/'));
	put(node, "");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void fresh_tree(void)
{
	remove_tree();
	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		exit(EXIT_FAILURE);
	snprintf(class_dir, sizeof(class_dir), "%s/class", root);
	snprintf(node_dir, sizeof(node_dir), "%s/node", root);
	snprintf(dev_dir, sizeof(dev_dir), "%s/dev", root);
	put("class/net/lo/mtu", "65536\n");
	put("dev/null", "");
	roots = (struct wd_sysfs_roots){ class_dir, node_dir, dev_dir, 0, 0 };
}

static void no_class_no_device(void)
{
	struct uacce_dev_list *list = (void *)1;

	fresh_tree();
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 0);
	CHECK(!list);
	roots.class_dir = "/nowhere";
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 0);
	wd_free_dev_list(NULL);
}

static void all_that_sysfs_tells(void)
{
	struct uacce_dev_list *list;
	struct uacce_dev_info *info;

	fresh_tree();
	put_device("uacce/wd_accel-0", "zlib\ngzip\ndeflate\n", "61\n");
	put_attr("uacce/wd_accel-0", "isolate", "1\n");
	put_attr("uacce/wd_accel-0", "isolate_strategy", "20\n");
	put_attr("uacce/wd_accel-0", "device/numa_node", "2\n");
	put("node/node0/distance", "10 31\n");
	put("node/node2/distance", "31 10\n");
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 1);
	info = list->info;
	CHECK(!list->next);
	CHECK(info->node_id == 2);
	CHECK(info->numa_dis == 31);	/* the second of the nodes that exist */
	CHECK(info->iommu_type == WD_IOMMU_SVA);
	CHECK(info->flags == 1);
	CHECK(info->available_instances == 61);
	CHECK(info->isolate == 1);
	CHECK(info->isolate_strategy == 20);
	CHECK(!strcmp(info->name, "wd_accel-0"));
	CHECK(strstr(info->dev_path, "/dev/wd_accel-0"));
	CHECK(strstr(info->sysfs_path, "/class/uacce/wd_accel-0"));
	CHECK(!strcmp(info->api, "wd_accel_v1"));
	CHECK(!strcmp(info->algorithms, "zlib\ngzip\ndeflate"));
	CHECK(info->qfrs_size[0] == 4096 && info->qfrs_size[1] == 65536);
	CHECK(info->qfrs_size[2] == 0);
	CHECK(info->qfrs_offset[1] == (unsigned long)sysconf(_SC_PAGESIZE));
	wd_free_dev_list(list);
}

static void absent_attributes(void)
{
	struct uacce_dev_list *list;

	fresh_tree();
	put_attr("uacce/hisi_zip-0", "api", "hisi_qm_v2\n");
	put_attr("uacce/hisi_zip-0", "flags", "0\n");
	put_attr("uacce/no-api", "flags", "0\n");
	put_attr("uacce/bad-flags", "api", "x\n");
	put_attr("uacce/bad-flags", "flags", "many\n");
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 1);
	CHECK(!strcmp(list->info->name, "hisi_zip-0"));
	CHECK(list->info->node_id == -1);
	CHECK(list->info->numa_dis == 0);
	CHECK(list->info->isolate == -1);
	CHECK(list->info->isolate_strategy == -1);
	CHECK(list->info->iommu_type == WD_IOMMU_NONE);
	CHECK(!list->info->algorithms[0]);
	wd_free_dev_list(list);

	put_attr("uacce/hisi_zip-0", "device/iommu_group/id", "3\n");
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 1);
	CHECK(list->info->iommu_type == WD_IOMMU_SHARED);
	wd_free_dev_list(list);
}

static int mode_of(const char *flags)
{
	struct uacce_dev_list *list;
	int type;

	put_attr("uacce/wd_accel-0", "flags", flags);
	if (wd_sysfs_scan(&roots, NULL, &list) != 1)
		return -1;
	type = list->info->iommu_type;
	wd_free_dev_list(list);
	return type;
}

static void modes_by_flags(void)
{
	struct uacce_dev_list *list;

	fresh_tree();
	put_device("uacce/wd_accel-0", "gzip\n", "1\n");
	put_attr("uacce/wd_accel-0", "region_ss_size", "268435456\n");
	CHECK(mode_of("1\n") == WD_IOMMU_SVA);
	CHECK(mode_of("256\n") == WD_IOMMU_NONE);
	CHECK(mode_of("0x100\n") == WD_IOMMU_NONE);
	CHECK(mode_of("257\n") == WD_IOMMU_SVA);
	CHECK(mode_of("0\n") == WD_IOMMU_NONE);
	put_attr("uacce/wd_accel-0", "device/iommu_group/id", "3\n");
	CHECK(mode_of("0\n") == WD_IOMMU_SHARED);
	CHECK(mode_of("256\n") == WD_IOMMU_NONE);
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 1);
	CHECK(list->info->qfrs_size[2] == 268435456);
	CHECK(list->info->qfrs_offset[2] == 2 * (unsigned long)sysconf(_SC_PAGESIZE));
	wd_free_dev_list(list);
}

/* Returns the number of devices that WD_MODE=@value leaves, or what it says. */
static int count_with_mode(const char *value)
{
	struct uacce_dev_list *list;
	int n;

	n = wd_sysfs_modes(value, &roots.modes);
	if (n)
		return n;
	n = wd_sysfs_scan(&roots, "gzip", &list);
	wd_free_dev_list(list);
	return n;
}

static void the_environment_hides_modes(void)
{
	struct uacce_dev_list *list;
	struct wd_chan ch = { .alg = "gzip" };

	fresh_tree();
	put_device("uacce/wd_accel-0", "gzip\n", "1\n");
	put_device("uacce/wd_accel-1", "gzip\n", "1\n");
	put_attr("uacce/wd_accel-1", "flags", "256\n");
	put_device("uacce/wd_accel-2", "gzip\n", "1\n");
	put_attr("uacce/wd_accel-2", "flags", "256\n");
	CHECK(count_with_mode(NULL) == 3);
	CHECK(count_with_mode("sva") == 1);
	CHECK(count_with_mode("noiommu") == 2);
	CHECK(count_with_mode("share") == 0);
	CHECK(count_with_mode("") == -EINVAL);
	CHECK(count_with_mode("SVA") == -EINVAL);
	CHECK(count_with_mode("sva,share") == -EINVAL);

	/* One that is asked for by name is hidden as well. */
	CHECK(!wd_sysfs_modes("noiommu", &roots.modes));
	snprintf(ch.dev_path, sizeof(ch.dev_path), "%s/dev/wd_accel-0", root);
	CHECK(wd_chan_open(&ch, &roots) == -ENODEV);

	setenv("WD_MODE", "all", 1);
	list = (void *)1;
	CHECK(wd_get_dev_list(NULL, &list) == -EINVAL && !list);
	CHECK(wd_request_channel(&ch) == -EINVAL);
	setenv("WD_MODE", "share", 1);
	CHECK(wd_get_dev_list(NULL, &list) >= 0);
	wd_free_dev_list(list);
	unsetenv("WD_MODE");
}

static void garbage_attributes(void)
{
	struct uacce_dev_list *list;
	char *big = malloc(3 * WD_ALGS_SIZE);

	CHECK(big);
	memset(big, 'a', 3 * WD_ALGS_SIZE);
	big[3 * WD_ALGS_SIZE - 1] = '\0';
	fresh_tree();
	put_device("uacce/x-0", big, "99999999999999999999\n");
	put_attr("uacce/x-0", "api", big);
	put_attr("uacce/x-0", "region_dus_size", "-5\n");
	put_attr("uacce/x-0", "region_mmio_size", "0x1000 bytes\n");
	put_attr("uacce/x-0", "isolate", "");
	free(big);
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 1);
	CHECK(strlen(list->info->algorithms) == WD_ALGS_SIZE - 1);
	CHECK(strlen(list->info->api) == WD_NAME_SIZE - 1);
	CHECK(list->info->available_instances == 0);
	CHECK(list->info->qfrs_size[0] == 0 && list->info->qfrs_size[1] == 0);
	CHECK(list->info->isolate == -1);
	wd_free_dev_list(list);
}

static void both_classes_in_order(void)
{
	static const char *const order[] = { "a-2", "a-10", "b-0", "far-0" };
	struct uacce_dev_list *list, *dev;
	size_t i = 0;

	fresh_tree();
	put_device("wd_uacce/far-0", "gzip\n", "1\n");
	put_attr("wd_uacce/far-0", "device/numa_node", "1\n");
	put_device("uacce/a-10", "gzip\n", "1\n");
	put_device("wd_uacce/b-0", "gzip\n", "1\n");
	put_device("uacce/a-2", "gzip\n", "1\n");
	put_device("notuacce/c-0", "gzip\n", "1\n");
	put("node/node0/distance", "10 20\n");
	put("node/node1/distance", "20 10\n");
	CHECK(wd_sysfs_scan(&roots, NULL, &list) == 4);
	for (dev = list; dev; dev = dev->next)
		CHECK(!strcmp(dev->info->name, order[i++]));
	wd_free_dev_list(list);
}

static void whole_lines_only(void)
{
	struct uacce_dev_list *list;

	CHECK(wd_alg_listed("zlib\ngzip", "gzip"));
	CHECK(wd_alg_listed("zlib\ngzip", "zlib"));
	CHECK(!wd_alg_listed("zlib\ngzip", "zli"));
	CHECK(!wd_alg_listed("zlib\ngzip", "zlib\ngzip"));
	CHECK(!wd_alg_listed("zlib-deflate\n", "deflate"));
	CHECK(!wd_alg_listed("", "gzip"));

	fresh_tree();
	put_device("uacce/a-0", "lz4\nzstd\n", "1\n");
	put_device("uacce/b-0", "gzip\n", "1\n");
	CHECK(wd_sysfs_scan(&roots, "gzip", &list) == 1);
	CHECK(!strcmp(list->info->name, "b-0"));
	wd_free_dev_list(list);
	CHECK(wd_sysfs_scan(&roots, "zip", &list) == 0);
}

static void request_any_channel(void)
{
	struct wd_chan ch = { .alg = "gzip" };

	fresh_tree();
	CHECK(wd_chan_open(&ch, &roots) == -ENODEV);
	put_device("uacce/a-0", "gzip\n", "0\n");
	put_device("uacce/b-0", "gzip\n", "4\n");
	put_attr("uacce/b-0", "isolate", "1\n");
	put_device("uacce/c-0", "lz4\n", "4\n");
	CHECK(wd_chan_open(&ch, &roots) == -EBUSY);
	CHECK(!ch.lib && !ch.dev_info && !ch.dev_path[0]);
	put_device("uacce/d-0", "gzip\n", "4\n");
	CHECK(wd_chan_open(&ch, &roots) == 0);
	CHECK(!strcmp(ch.dev_info->name, "d-0"));
	CHECK(!strcmp(ch.dev_path, ch.dev_info->dev_path));
	CHECK(fcntl(ch.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(wd_is_sharing(&ch, NULL) == 1);
	CHECK(wd_poll(&ch, 0, 0) == -EINVAL);
	CHECK(wd_async_thread_start(&ch) == -EINVAL);
	CHECK(wd_chan_open(&ch, &roots) == -EINVAL);
	wd_release_channel(&ch);
	CHECK(!ch.lib && !ch.dev_info);
	wd_release_channel(&ch);
	wd_release_channel(NULL);
	CHECK(wd_is_sharing(&ch, NULL) == -EINVAL);
	CHECK(wd_is_sharing(NULL, NULL) == -EINVAL);
	CHECK(wd_poll(NULL, 0, 0) == -EINVAL);
}

static void request_this_channel(void)
{
	struct wd_chan ch = { 0 };

	fresh_tree();
	put_device("uacce/a-0", "gzip\n", "4\n");
	put_device("uacce/b-0", "gzip\n", "0\n");
	snprintf(ch.dev_path, sizeof(ch.dev_path), "%s/dev/c-0", root);
	CHECK(wd_chan_open(&ch, &roots) == -ENODEV);
	/* The number of free instances is old news: the device itself is asked. */
	snprintf(ch.dev_path, sizeof(ch.dev_path), "%s/dev/b-0", root);
	CHECK(wd_chan_open(&ch, &roots) == 0);
	wd_release_channel(&ch);

	unlink(ch.dev_path);
	CHECK(wd_chan_open(&ch, &roots) == -ENOENT);
	memset(ch.dev_path, 'x', sizeof(ch.dev_path));
	CHECK(wd_chan_open(&ch, &roots) == -EINVAL);
	CHECK(wd_request_channel(NULL) == -EINVAL);
}

static void child_has_no_channel(void)
{
	struct wd_chan ch = { .alg = "gzip" };
	int status;
	pid_t pid;

	fresh_tree();
	put_device("uacce/a-0", "gzip\n", "4\n");
	CHECK(wd_chan_open(&ch, &roots) == 0);
	pid = fork();
	if (!pid) {
		bool ok = wd_poll(&ch, 0, 0) == -EPERM &&
			  wd_async_thread_start(&ch) == -EPERM;

		wd_release_channel(&ch);
		_exit(!ok || ch.lib);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK(!wd_chan_inherited(&ch));
	wd_release_channel(&ch);
}

static void the_real_sysfs(void)
{
	struct uacce_dev_list *list;

	CHECK(wd_get_dev_list(NULL, NULL) == -EINVAL);
	CHECK(wd_get_dev_list(NULL, &list) >= 0);
	wd_free_dev_list(list);
	CHECK(wd_get_dev_list("no such algorithm", &list) == 0);
	remove_tree();
}

static const struct tap_test tests[] = {
	TEST(no_class_no_device),
	TEST(all_that_sysfs_tells),
	TEST(absent_attributes),
	TEST(modes_by_flags),
	TEST(the_environment_hides_modes),
	TEST(garbage_attributes),
	TEST(both_classes_in_order),
	TEST(whole_lines_only),
	TEST(request_any_channel),
	TEST(request_this_channel),
	TEST(child_has_no_channel),
	TEST(the_real_sysfs),
};

TAP_MAIN(tests)
