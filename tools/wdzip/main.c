// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wdzip: gzip's habits on an accelerator. The command line and the exit status.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "report.h"
#include "wdzip.h"

enum { OPT_FAST = 256, OPT_BEST, OPT_SOFTWARE, OPT_COMPARE, OPT_DEVICE };

struct options opt = { .level = 6, .suffix = ".gz" };

static int exit_status = EXIT_SUCCESS;

static const char help[] =
"Usage: wdzip [OPTION]... [FILE]...\n"
"Compress or expand FILEs in gzip format on an accelerator; without FILE or\n"
"with -, standard input to standard output.\n"
"\n"
"  -c, --stdout       write on standard output, keep the files\n"
"  -d, --decompress   expand\n"
"  -f, --force        overwrite, follow links, use terminals\n"
"  -k, --keep         keep the input files\n"
"  -n, --no-name      do not save or restore name and time\n"
"  -N, --name         save or restore name and time\n"
"  -q, --quiet        no warnings\n"
"  -S, --suffix=SUF   use suffix SUF instead of .gz\n"
"  -t, --test         test compressed files\n"
"  -v, --verbose      say what was done; twice: with a table of time, size, copies\n"
"  -1, --fast ... -9, --best\n"
"                     compress faster ... better (default: -6)\n"
"      --device=NAME  use this device, wd_accel-1 for example\n"
"      --software     use no device\n"
"      --compare      the table, and what zlib in this process needs for the same\n"
"  -h, --help         print this\n"
"  -V, --version      print the version\n"
"\n"
"Exit status: 0 success, 1 error, 2 warning. More in wdzip(1).\n";

static const char short_options[] = "cdfhknNqS:tvV123456789";

static const struct option long_options[] = {
	{ "stdout", no_argument, NULL, 'c' },
	{ "to-stdout", no_argument, NULL, 'c' },
	{ "decompress", no_argument, NULL, 'd' },
	{ "uncompress", no_argument, NULL, 'd' },
	{ "force", no_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "keep", no_argument, NULL, 'k' },
	{ "no-name", no_argument, NULL, 'n' },
	{ "name", no_argument, NULL, 'N' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "silent", no_argument, NULL, 'q' },
	{ "suffix", required_argument, NULL, 'S' },
	{ "test", no_argument, NULL, 't' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "fast", no_argument, NULL, OPT_FAST },
	{ "best", no_argument, NULL, OPT_BEST },
	{ "software", no_argument, NULL, OPT_SOFTWARE },
	{ "compare", no_argument, NULL, OPT_COMPARE },
	{ "device", required_argument, NULL, OPT_DEVICE },
	{ 0 }
};

static void vmessage(const char *fmt, va_list ap)
{
	report_clear_progress();
	fputs("wdzip: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void error(const char *fmt, ...)
{
	va_list ap;

	exit_status = EXIT_ERROR;
	va_start(ap, fmt);
	vmessage(fmt, ap);
	va_end(ap);
}

void warning(const char *fmt, ...)
{
	va_list ap;

	if (exit_status == EXIT_SUCCESS)
		exit_status = EXIT_WARNING;
	if (opt.quiet)
		return;
	va_start(ap, fmt);
	vmessage(fmt, ap);
	va_end(ap);
}

static void print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout))
		error("stdout: %s", strerror(errno));
	exit(exit_status);
}

static void usage_exit(void)
{
	fputs("Try 'wdzip --help'.\n", stderr);
	exit(EXIT_ERROR);
}

static void set_suffix(const char *suffix)
{
	if (!*suffix || strchr(suffix, '/')) {
		error("invalid suffix '%s'", suffix);
		usage_exit();
	}
	opt.suffix = suffix;
}

/* @name: -1 while neither -n nor -N was given */
static void take_option(int c, int *name)
{
	switch (c) {
	case 'c': opt.to_stdout = true; break;
	case 'd': opt.decompress = true; break;
	case 'f': opt.force = true; break;
	case 'k': opt.keep = true; break;
	case 'n': *name = false; break;
	case 'N': *name = true; break;
	case 'q': opt.quiet = true; opt.verbose = 0; break;
	case 'S': set_suffix(optarg); break;
	case 't': opt.test = opt.decompress = opt.to_stdout = true; break;
	case 'v': opt.quiet = false; opt.verbose++; break;
	case 'h': print_and_exit(help); break;
	case 'V': print_and_exit("wdzip " WD_TOOLS_VERSION "\n"); break;
	case OPT_FAST: opt.level = 1; break;
	case OPT_BEST: opt.level = 9; break;
	case OPT_SOFTWARE: opt.software = true; break;
	case OPT_COMPARE: opt.compare = true; break;
	case OPT_DEVICE: opt.device = optarg; break;
	case '?': usage_exit(); break;
	default: opt.level = c - '0'; break;
	}
}

static void parse_options(int argc, char **argv)
{
	int name = -1, c;

	while ((c = getopt_long(argc, argv, short_options, long_options,
				NULL)) != -1)
		take_option(c, &name);
	if (opt.device && opt.software) {
		error("--device and --software exclude each other");
		usage_exit();
	}
	opt.name = name == -1 ? !opt.decompress : name;
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	output_catch_signals();
	if (optind == argc)
		treat_stdin();
	for (int i = optind; i < argc; i++) {
		if (!strcmp(argv[i], "-"))
			treat_stdin();
		else
			treat_file(argv[i]);
	}
	treat_done();
	/* Some file systems tell of a failed write only here. */
	if (close(STDOUT_FILENO) && errno != EBADF)
		error("stdout: %s", strerror(errno));
	report_table();
	return exit_status;
}
