// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl load, wdctl unload: the kernel modules, in their order.
 */
#include <errno.h>
#include <getopt.h>
#include <libkmod.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "devices.h"
#include "users.h"
#include "wdctl.h"

#define NR_MODULES	4
#define OPTIONS_SIZE	1024

/* In the order of loading: the hardware last, when its driver is there. */
static const char *const modules[NR_MODULES] = {
	"wd_iommu", "wd_uacce", "wd_accel", "wd_hw",
};

#define HW_MODULE	(NR_MODULES - 1)

#define NOIOMMU_PARAMETER	"wd_uacce.enable_unsafe_noiommu_mode"

/*
 * @dir:     load from here, NULL: from the index of the running kernel
 * @options: parameters of each module, "a=1 b=2"
 * @loaded:  modules that this program has loaded, to be undone on failure
 * @noiommu: devices without an IOMMU were asked for
 */
struct loader {
	struct kmod_ctx *kmod;
	const char *dir;
	char options[NR_MODULES][OPTIONS_SIZE];
	bool loaded[NR_MODULES];
	bool noiommu;
};

/* libkmod's own messages would only repeat ours in other words. */
static void no_log(void *data, int priority, const char *file, int line,
		   const char *fn, const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn;
	(void)format, (void)args;
}

static struct kmod_ctx *open_kmod(void)
{
	struct kmod_ctx *kmod = kmod_new(NULL, NULL);

	if (kmod)
		kmod_set_log_fn(kmod, no_log, NULL);
	else
		complain("cannot read the configuration of modprobe: %m");
	return kmod;
}

static bool is_live(struct kmod_module *mod)
{
	int state = kmod_module_get_initstate(mod);

	return state == KMOD_MODULE_LIVE || state == KMOD_MODULE_BUILTIN;
}

/* ------------------------------------------------------------ finding */

static struct kmod_module *lookup_index(struct kmod_ctx *kmod,
					const char *name)
{
	struct kmod_module *mod = NULL;
	struct kmod_list *list = NULL;

	kmod_module_new_from_lookup(kmod, name, &list);
	if (list)
		mod = kmod_module_get_module(list);
	kmod_module_unref_list(list);
	return mod;
}

/* DIR/wd_hw.ko as installed, or DIR/hw/wd_hw.ko as in the build tree. */
static struct kmod_module *lookup_dir(struct kmod_ctx *kmod, const char *dir,
				      const char *name)
{
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
	struct kmod_module *mod = NULL;
	char path[PATH_MAX], subdir[32];

	snprintf(subdir, sizeof(subdir), "%s/", name + strlen("wd_"));
	for (size_t i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "%s/%s%s.ko%s", dir,
			 i % 2 ? subdir : "", name, suffixes[i / 2]);
		if (!access(path, F_OK) &&
		    !kmod_module_new_from_path(kmod, path, &mod))
			return mod;
	}
	return NULL;
}

static void complain_not_found(const struct loader *ld, const char *name)
{
	struct utsname uts;

	uname(&uts);
	if (ld->dir) {
		complain("module %s not found: looked for %s/%s.ko and %s/%s/%s.ko",
			 name, ld->dir, name, ld->dir, name + strlen("wd_"),
			 name);
		return;
	}
	complain("module %s not found: looked in the index /lib/modules/%s/modules.dep\n"
		 "If it is installed, run 'depmod -a'; to load it from a build\n"
		 "directory, run 'wdctl load -m DIR'.", name, uts.release);
}

static struct kmod_module *find_module(struct loader *ld, const char *name)
{
	struct kmod_module *mod;

	mod = ld->dir ? lookup_dir(ld->kmod, ld->dir, name)
		      : lookup_index(ld->kmod, name);
	if (!mod)
		complain_not_found(ld, name);
	return mod;
}

/* ---------------------------------------------------------- parameters */

/* "functions=sva" is for wd_hw, "wd_uacce.debug=1" for the one it names. */
static int parse_parameter(struct loader *ld, const char *arg)
{
	const char *equals = strchr(arg, '='), *name = arg;
	int target = HW_MODULE;
	size_t len;

	if (!equals || strpbrk(arg, " \t\n"))
		return usage_error("no parameter of the form NAME=VALUE: '%s'",
				   arg);
	for (int i = 0; i < NR_MODULES; i++) {
		len = strlen(modules[i]);
		if (!strncmp(arg, modules[i], len) && arg[len] == '.') {
			target = i;
			name = arg + len + 1;
		}
	}
	len = strlen(ld->options[target]);
	if (len + strlen(name) + 2 > OPTIONS_SIZE)
		return usage_error("too many parameters for %s",
				   modules[target]);
	sprintf(ld->options[target] + len, "%s%s", len ? " " : "", name);
	return 0;
}

/* modinfo has "parm: NAME:DESCRIPTION" for every parameter */
static bool has_parameter(const struct kmod_list *info, const char *name,
			  size_t len)
{
	const struct kmod_list *entry;
	const char *value;

	kmod_list_foreach(entry, info) {
		value = kmod_module_info_get_value(entry);
		if (!strcmp(kmod_module_info_get_key(entry), "parm") &&
		    !strncmp(value, name, len) && value[len] == ':')
			return true;
	}
	return false;
}

static void complain_parameter(const struct kmod_list *info,
			       const char *module, const char *name, size_t len)
{
	const struct kmod_list *entry;

	complain("%s has no parameter '%.*s'; it has:", module, (int)len, name);
	kmod_list_foreach(entry, info) {
		if (!strcmp(kmod_module_info_get_key(entry), "parm"))
			fprintf(stderr, "  %s\n",
				kmod_module_info_get_value(entry));
	}
}

/* The kernel would load the module and only log that it ignores a name. */
static int check_parameters(struct kmod_module *mod, const char *module,
			    const char *options)
{
	struct kmod_list *info = NULL;
	size_t len;
	int ret = 0;

	if (!*options || kmod_module_get_info(mod, &info) < 0)
		return 0;
	while (!ret && *options) {
		len = strcspn(options, "=");
		if (!has_parameter(info, options, len)) {
			complain_parameter(info, module, options, len);
			ret = -EINVAL;
		}
		options += strcspn(options, " ");
		options += strspn(options, " ");
	}
	kmod_module_info_free_list(info);
	return ret;
}

/* -------------------------------------------------------------- loading */

static void complain_insert(const char *name, int error)
{
	const char *hint = "the kernel's log says why: run 'dmesg | tail'";

	if (error == ENOEXEC)
		hint = "it is built for another kernel than the running one";
	else if (error == EPERM || error == EKEYREJECTED || error == ENOKEY)
		hint = "containers may load none, and with Secure Boot or lockdown modules must be signed";
	complain("cannot load %s: %s\n%s", name, strerror(error), hint);
}

/* @names: "zlib_deflate,lz4_compress" */
static void load_by_name(struct loader *ld, char *names)
{
	char *rest, *name = strtok_r(names, ",", &rest);
	struct kmod_module *mod;

	for (; name; name = strtok_r(NULL, ",", &rest)) {
		mod = lookup_index(ld->kmod, name);
		if (!mod)
			continue;
		if (!is_live(mod))
			kmod_module_probe_insert_module(mod, 0, NULL, NULL,
							NULL, NULL);
		kmod_module_unref(mod);
	}
}

/*
 * depmod's index knows what else a module needs; a module from a build
 * directory is in no index, but carries the list with it. What is missing in
 * the end is told by the kernel when it takes the module itself.
 */
static void load_dependencies(struct loader *ld, struct kmod_module *mod)
{
	struct kmod_list *info = NULL, *entry;
	char *names;

	if (!ld->dir || kmod_module_get_info(mod, &info) < 0)
		return;
	kmod_list_foreach(entry, info) {
		if (strcmp(kmod_module_info_get_key(entry), "depends"))
			continue;
		names = strdup(kmod_module_info_get_value(entry));
		if (names)
			load_by_name(ld, names);
		free(names);
	}
	kmod_module_info_free_list(info);
}

static int load_one(struct loader *ld, int index)
{
	const char *name = modules[index], *options = ld->options[index];
	struct kmod_module *mod = find_module(ld, name);
	int ret;

	if (!mod)
		return -ENOENT;
	ret = check_parameters(mod, name, options);
	if (ret)
		goto out;
	if (is_live(mod)) {
		if (!*options)
			goto out;
		complain("%s is loaded already and takes no parameters now: run 'wdctl unload' first",
			 name);
		ret = -EEXIST;
		goto out;
	}
	load_dependencies(ld, mod);
	ret = kmod_module_probe_insert_module(mod, 0, options, NULL, NULL,
					      NULL);
	if (ret < 0)
		complain_insert(name, -ret);
	else
		ld->loaded[index] = true;
out:
	kmod_module_unref(mod);
	return ret;
}

static void undo_load(struct loader *ld)
{
	struct kmod_module *mod;

	for (int i = NR_MODULES - 1; i >= 0; i--) {
		if (!ld->loaded[i] ||
		    kmod_module_new_from_name(ld->kmod, modules[i], &mod))
			continue;
		kmod_module_remove_module(mod, 0);
		kmod_module_unref(mod);
	}
}

/* udev makes the nodes, or changes their mode, in its own time. */
static int wait_for_devices(void)
{
	int nr = devices_wait(NULL);

	if (!nr) {
		complain("the modules are loaded, but no device came within %d s\n"
			 "The kernel's log says why: run 'dmesg | grep wd_'.",
			 DEVICES_TIMEOUT_S);
		return -ENODEV;
	}
	printf("%d device%s ready; 'wdctl list' shows %s\n", nr,
	       nr == 1 ? "" : "s", nr == 1 ? "it" : "them");
	return 0;
}

static int load_all(struct loader *ld)
{
	int ret = 0;

	ld->kmod = open_kmod();
	if (!ld->kmod)
		return -ENOMEM;
	for (int i = 0; i < NR_MODULES && ret >= 0; i++)
		ret = load_one(ld, i);
	if (ret < 0)
		undo_load(ld);
	else
		ret = wait_for_devices();
	kmod_unref(ld->kmod);
	return ret;
}

static int take_load_option(struct loader *ld, int c)
{
	char parameter[OPTIONS_SIZE];

	switch (c) {
	case 'm':
		ld->dir = optarg;
		return 0;
	case 'f':
		snprintf(parameter, sizeof(parameter), "functions=%s", optarg);
		return parse_parameter(ld, parameter);
	case 'a':
		snprintf(parameter, sizeof(parameter), "algorithms=%s", optarg);
		return parse_parameter(ld, parameter);
	case 'n':
		ld->noiommu = true;
		return parse_parameter(ld, NOIOMMU_PARAMETER "=1");
	default:
		return usage_error("load: see the usage");
	}
}

static int parse_load(struct loader *ld, int argc, char **argv)
{
	static const struct option options[] = {
		{ "functions", required_argument, NULL, 'f' },
		{ "algorithms", required_argument, NULL, 'a' },
		{ "noiommu", no_argument, NULL, 'n' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "m:", options, NULL)) != -1) {
		if (take_load_option(ld, c))
			return EXIT_USAGE;
	}
	for (int i = optind; i < argc; i++) {
		if (parse_parameter(ld, argv[i]))
			return EXIT_USAGE;
	}
	return 0;
}

int cmd_load(int argc, char **argv)
{
	struct loader ld = { 0 };

	if (parse_load(&ld, argc, argv))
		return EXIT_USAGE;
	if (!is_root("load"))
		return EXIT_FAILURE;
	if (ld.noiommu)
		complain("warning: whoever has CAP_SYS_RAWIO can now let a device without an IOMMU\n"
			 "read and write all memory of this machine; the first one to do so taints the kernel.");
	return load_all(&ld) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ------------------------------------------------------------ unloading */

static void complain_in_use(const char *name)
{
	complain("%s is in use:", name);
	if (!users_print(NULL))
		fputs("  no process has a device open; 'lsmod' shows modules that use it\n",
		      stderr);
}

/*
 * A reference may outlive its reason by a moment (a file that is closed late,
 * an RCU callback), so "in use" is believed only when it lasts.
 */
static int remove_one(struct kmod_ctx *kmod, const char *name)
{
	struct kmod_module *mod;
	int ret;

	ret = kmod_module_new_from_name(kmod, name, &mod);
	if (ret < 0)
		return ret;
	for (int tries = 0; tries < 50 && is_live(mod); tries++) {
		ret = kmod_module_remove_module(mod, 0);
		if (ret != -EAGAIN && ret != -EBUSY)
			break;
		pause_ms(20);
	}
	kmod_module_unref(mod);
	if (ret == -EAGAIN || ret == -EBUSY)
		complain_in_use(name);
	else if (ret < 0)
		complain("cannot unload %s: %s", name, strerror(-ret));
	return ret;
}

static int unload_all(bool force)
{
	struct kmod_ctx *kmod;
	int ret;

	ret = force ? 0 : users_refuse(NULL, "unload -f");
	if (ret)
		return ret;
	kmod = open_kmod();
	if (!kmod)
		return -ENOMEM;
	for (int i = NR_MODULES - 1; i >= 0 && ret >= 0; i--)
		ret = remove_one(kmod, modules[i]);
	kmod_unref(kmod);
	return ret;
}

int cmd_unload(int argc, char **argv)
{
	bool force = false;
	int opt;

	while ((opt = getopt(argc, argv, "f")) != -1) {
		if (opt != 'f')
			return usage_error("unload: see the usage");
		force = true;
	}
	if (optind < argc)
		return usage_error("unload takes no argument '%s'",
				   argv[optind]);
	if (!is_root("unload"))
		return EXIT_FAILURE;
	return unload_all(force) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
