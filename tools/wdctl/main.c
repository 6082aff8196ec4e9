// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdctl: load and unload the modules of Warpdrive, list the devices and what they
 * compute, try whether that is right, show the channels that are open on them, bring a device back.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wdctl.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "load", cmd_load },
	{ "unload", cmd_unload },
	{ "list", cmd_list },
	{ "algorithms", cmd_algorithms },
	{ "test", cmd_test },
	{ "show", cmd_show },
	{ "rebind", cmd_rebind },
};

static const char help[] =
"Usage: wdctl COMMAND [ARGUMENT...]\n"
"\n"
"  load [-m DIR] [--functions=MODE,...] [--algorithms=NAME,...] [--noiommu]\n"
"       [[MODULE.]NAME=VALUE]...\n"
"                      load the modules and wait for the devices, by default one\n"
"                      for each MODE: sva, share, noiommu, and with all\n"
"                      algorithms; --noiommu: let privileged programs use devices\n"
"                      without an IOMMU; a parameter without a module is one of wd_hw\n"
"  unload [-f]         unload them; -f: also while programs use a device\n"
"  list [-v] [--json]  list the devices\n"
"  algorithms [--json] list what can be computed, and who does\n"
"  test [DEVICE]       try all algorithms of a device, or of all, on known answers\n"
"  show [DEVICE|PID]   show the open channels, who has them and their state\n"
"  rebind [-f] DEVICE  give a device back to its driver, which brings an isolated\n"
"                      one back; -f: also while programs use it\n"
"\n"
"  -h, --help          print this\n"
"  -V, --version       print the version\n"
"\n"
"Exit status: 0 success, 1 failure, 2 wrong usage. More in wdctl(1).\n";

static void vcomplain(const char *fmt, va_list ap)
{
	fputs("wdctl: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vcomplain(fmt, ap);
	va_end(ap);
	fputs("Try 'wdctl --help'.\n", stderr);
	return EXIT_USAGE;
}

bool is_root(const char *command)
{
	if (geteuid() == 0)
		return true;
	complain("that is root's business: run 'sudo wdctl %s'", command);
	return false;
}

/* Output that nobody got is a failure: wdctl list > /dev/full. */
static int flush_stdout(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	complain("cannot write the output: %m");
	return EXIT_FAILURE;
}

static int print_and_exit(const char *text)
{
	fputs(text, stdout);
	return flush_stdout(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage_error("a command is needed");
	if (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return print_and_exit(help);
	if (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))
		return print_and_exit("wdctl " WD_TOOLS_VERSION "\n");

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(argv[1], commands[i].name))
			return flush_stdout(commands[i].run(argc - 1, argv + 1));
	}
	return usage_error("no such command: %s", argv[1]);
}
