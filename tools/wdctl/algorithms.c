// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl algorithms: everything that can be computed, and who does: devices, and the
 * library without one.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wd.h>

#include "json.h"
#include "wdctl.h"

/* A line of an attribute "algorithms", not terminated. */
struct name {
	const char *text;
	size_t len;
};

/* All names, each once, in the order in which they were found. */
struct names {
	struct name *name;
	size_t nr;
	size_t size;
};

/* The next line of @*text that is not empty, and go behind it. False: there is none. */
static bool next_name(const char **text, struct name *name)
{
	*text += strspn(*text, "\n");
	name->text = *text;
	name->len = strcspn(*text, "\n");
	*text += name->len;
	return name->len;
}

static bool same(const struct name *a, const struct name *b)
{
	return a->len == b->len && !memcmp(a->text, b->text, a->len);
}

static bool has(const char *algorithms, const struct name *name)
{
	struct name line;

	while (next_name(&algorithms, &line))
		if (same(&line, name))
			return true;
	return false;
}

static bool add_name(struct names *names, const struct name *name)
{
	struct name *more;

	for (size_t i = 0; i < names->nr; i++)
		if (same(&names->name[i], name))
			return true;
	if (names->nr == names->size) {
		names->size = names->size * 2 + 32;
		more = realloc(names->name, names->size * sizeof(*more));
		if (!more)
			return false;
		names->name = more;
	}
	names->name[names->nr++] = *name;
	return true;
}

static bool add_names(struct names *names, const char *algorithms)
{
	struct name name;

	while (next_name(&algorithms, &name))
		if (!add_name(names, &name))
			return false;
	return true;
}

static bool collect(struct names *names, const struct uacce_dev_list *list)
{
	for (; list; list = list->next)
		if (!add_names(names, list->info->algorithms))
			return false;
	return add_names(names, wd_get_software_algs());
}

static void print_table(const struct names *names, const struct uacce_dev_list *list)
{
	printf("%-28s %-8s  %s\n", "ALGORITHM", "SOFTWARE", "DEVICES");
	for (size_t i = 0; i < names->nr; i++) {
		const struct name *name = &names->name[i];
		bool any = false;

		printf("%-28.*s %-8s ", (int)name->len, name->text,
		       has(wd_get_software_algs(), name) ? "yes" : "no");
		for (const struct uacce_dev_list *dev = list; dev; dev = dev->next) {
			if (!has(dev->info->algorithms, name))
				continue;
			printf(" %s", dev->info->name);
			any = true;
		}
		puts(any ? "" : " -");
	}
}

static void print_json(const struct names *names, const struct uacce_dev_list *list)
{
	putchar('[');
	for (size_t i = 0; i < names->nr; i++) {
		const struct name *name = &names->name[i];
		const char *between = "";

		printf("%s\n  { \"name\": ", i ? "," : "");
		json_quote(name->text, name->len);
		printf(", \"software\": %s, \"devices\": [",
		       has(wd_get_software_algs(), name) ? "true" : "false");
		for (const struct uacce_dev_list *dev = list; dev; dev = dev->next) {
			if (!has(dev->info->algorithms, name))
				continue;
			fputs(between, stdout);
			json_quote(dev->info->name, strlen(dev->info->name));
			between = ", ";
		}
		printf("] }");
	}
	printf("\n]\n");
}

static int list_algorithms(void (*print)(const struct names *, const struct uacce_dev_list *))
{
	struct uacce_dev_list *list;
	struct names names = { 0 };
	int ret = EXIT_FAILURE, nr;

	nr = wd_get_dev_list(NULL, &list);
	if (nr < 0) {
		complain("cannot read the devices from /sys/class: %s", strerror(-nr));
		return EXIT_FAILURE;
	}
	if (collect(&names, list)) {
		print(&names, list);
		ret = EXIT_SUCCESS;
	} else {
		complain("no memory");
	}
	free(names.name);
	wd_free_dev_list(list);
	return ret;
}

int cmd_algorithms(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	void (*print)(const struct names *, const struct uacce_dev_list *) = print_table;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'j')
			return usage_error("algorithms: see the usage");
		print = print_json;
	}
	if (optind < argc)
		return usage_error("algorithms takes no argument '%s'", argv[optind]);
	return list_algorithms(print);
}
