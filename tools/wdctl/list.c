// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl list: the devices, for people in short, for people in full, and for
 * programs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wd.h>

#include "json.h"
#include "wdctl.h"

static const char *iommu_name(int type)
{
	switch (type) {
	case WD_IOMMU_SVA:
		return "sva";
	case WD_IOMMU_SHARED:
		return "share";
	default:
		return "noiommu";
	}
}

/* The algorithms come one a line; print them in one line. */
static void print_algorithms(const char *algorithms, const char *separator)
{
	const char *between = "";
	size_t len;

	while (*algorithms) {
		len = strcspn(algorithms, "\n");
		if (len)
			printf("%s%.*s", between, (int)len, algorithms);
		between = separator;
		algorithms += len + (algorithms[len] == '\n');
	}
}

static void print_row(const struct uacce_dev_info *info)
{
	printf("%-16s %-8s %-14s %5d %4d  %-8s ", info->name,
	       iommu_name(info->iommu_type), info->api,
	       info->available_instances, info->node_id,
	       info->isolate == 1 ? "isolated" : "ok");
	print_algorithms(info->algorithms, " ");
	putchar('\n');
}

static void print_short(const struct uacce_dev_list *list)
{
	printf("%-16s %-8s %-14s %5s %4s  %-8s %s\n", "DEVICE", "MODE", "API",
	       "FREE", "NUMA", "STATE", "ALGORITHMS");
	for (; list; list = list->next)
		print_row(list->info);
}

static void print_optional(const char *name, int value)
{
	if (value < 0)
		printf("  %-20s -\n", name);
	else
		printf("  %-20s %d\n", name, value);
}

static void print_full(const struct uacce_dev_list *list)
{
	for (; list; list = list->next) {
		const struct uacce_dev_info *info = list->info;

		printf("%s\n", info->name);
		printf("  %-20s %s\n", "node", info->dev_path);
		printf("  %-20s %s\n", "sysfs", info->sysfs_path);
		printf("  %-20s %s\n", "mode", iommu_name(info->iommu_type));
		printf("  %-20s %#x\n", "flags", info->flags);
		printf("  %-20s %s\n", "api", info->api);
		printf("  %-20s ", "algorithms");
		print_algorithms(info->algorithms, " ");
		printf("\n  %-20s %d\n", "free channels",
		       info->available_instances);
		print_optional("NUMA node", info->node_id);
		printf("  %-20s %d\n", "NUMA distance", info->numa_dis);
		print_optional("isolated", info->isolate);
		print_optional("isolate strategy", info->isolate_strategy);
		for (int i = 0; i < UACCE_QFRT_MAX; i++)
			printf("  region %-13d %lu bytes at offset %#lx\n", i,
			       info->qfrs_size[i], info->qfrs_offset[i]);
	}
}

static void json_string(const char *key, const char *value)
{
	printf("    \"%s\": ", key);
	json_quote(value, strlen(value));
	printf(",\n");
}

static void json_number(const char *key, int value)
{
	printf("    \"%s\": %d,\n", key, value);
}

static void json_device(const struct uacce_dev_info *info)
{
	json_string("name", info->name);
	json_string("dev_path", info->dev_path);
	json_string("sysfs_path", info->sysfs_path);
	json_string("mode", iommu_name(info->iommu_type));
	json_string("api", info->api);
	json_number("flags", info->flags);
	json_number("available_instances", info->available_instances);
	json_number("node_id", info->node_id);
	json_number("numa_distance", info->numa_dis);
	json_number("isolate", info->isolate);
	json_number("isolate_strategy", info->isolate_strategy);
	printf("    \"regions\": [");
	for (int i = 0; i < UACCE_QFRT_MAX; i++)
		printf("%s{ \"size\": %lu, \"offset\": %lu }", i ? ", " : "",
		       info->qfrs_size[i], info->qfrs_offset[i]);
	printf("],\n    \"algorithms\": [%s", *info->algorithms ? "\"" : "");
	print_algorithms(info->algorithms, "\", \"");
	printf("%s]\n", *info->algorithms ? "\"" : "");
}

static void print_json(const struct uacce_dev_list *list)
{
	const char *between = "\n";

	putchar('[');
	for (; list; list = list->next) {
		printf("%s  {\n", between);
		json_device(list->info);
		printf("  }");
		between = ",\n";
	}
	printf("\n]\n");
}

static int list_devices(void (*print)(const struct uacce_dev_list *))
{
	struct uacce_dev_list *list;
	int nr = wd_get_dev_list(NULL, &list);

	if (nr < 0) {
		complain("cannot read the devices from /sys/class: %s",
			 strerror(-nr));
		return EXIT_FAILURE;
	}
	if (nr || print == print_json)
		print(list);
	if (!nr)
		complain("there is no device; 'wdctl load' loads the modules");
	wd_free_dev_list(list);
	return EXIT_SUCCESS;
}

int cmd_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "verbose", no_argument, NULL, 'v' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	void (*print)(const struct uacce_dev_list *) = print_short;
	int opt;

	while ((opt = getopt_long(argc, argv, "v", options, NULL)) != -1) {
		if (opt == 'v' && print != print_json)
			print = print_full;
		else if (opt == 'j')
			print = print_json;
		else if (opt == '?')
			return usage_error("list: see the usage");
	}
	if (optind < argc)
		return usage_error("list takes no argument '%s'",
				   argv[optind]);
	return list_devices(print);
}
