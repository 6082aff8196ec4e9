// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "names.h"
#include "wdzip.h"

/* @expanded: what stands in its place after expanding */
static const struct suffix {
	const char *text;
	const char *expanded;
} suffixes[] = {
	{ ".gz", "" }, { "-gz", "" }, { ".z", "" }, { "-z", "" }, { "_z", "" },
	{ ".tgz", ".tar" }, { ".taz", ".tar" },
};

#define NR_SUFFIXES	(sizeof(suffixes) / sizeof(suffixes[0]))
#define NR_TRIED	5	/* those with nothing in their place */

const char *name_base(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash ? slash + 1 : name;
}

/* A name that consists of nothing but the suffix has none. */
static const char *match(const char *name, const char *suffix)
{
	size_t len = strlen(name_base(name)), suffix_len = strlen(suffix);
	const char *at = name + strlen(name) - suffix_len;

	if (len <= suffix_len || strcasecmp(at, suffix))
		return NULL;
	return at;
}

/* Where in @name its suffix is, and what to put in its place. */
static const char *find(const char *name, const char **expanded)
{
	const char *at = match(name, opt.suffix);

	*expanded = "";
	for (size_t i = 0; !at && i < NR_SUFFIXES; i++) {
		at = match(name, suffixes[i].text);
		*expanded = suffixes[i].expanded;
	}
	return at;
}

const char *name_suffix(const char *name)
{
	const char *expanded;

	return find(name, &expanded);
}

const char *name_try_suffix(int i)
{
	if (i == 0)
		return opt.suffix;
	return i <= NR_TRIED ? suffixes[i - 1].text : NULL;
}

static int too_long(const char *name)
{
	error("%s: the name of the output would be too long", name);
	return -1;
}

int name_compressed(const char *name, char out[PATH_MAX])
{
	const char *suffix = name_suffix(name);

	if (suffix && !opt.force) {
		warning("%s already has %s suffix -- unchanged", name, suffix);
		return -1;
	}
	if (snprintf(out, PATH_MAX, "%s%s", name, opt.suffix) >= PATH_MAX)
		return too_long(name);
	return 0;
}

int name_expanded(const char *name, char out[PATH_MAX])
{
	const char *expanded, *suffix = find(name, &expanded);

	if (!suffix) {
		warning("%s: unknown suffix -- ignored", name);
		return -1;
	}
	if (snprintf(out, PATH_MAX, "%.*s%s", (int)(suffix - name), name,
		     expanded) >= PATH_MAX)
		return too_long(name);
	return 0;
}

int name_replace_base(char path[PATH_MAX], const char *base)
{
	size_t dir_len = name_base(path) - path;

	if (dir_len + strlen(base) >= PATH_MAX)
		return too_long(base);
	strcpy(path + dir_len, base);
	return 0;
}
