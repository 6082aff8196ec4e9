// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "report.h"
#include "wdzip.h"

static struct row {
	char by[96];
	char mode[16];
	uint64_t in;
	uint64_t out;
	uint64_t copied;
	double wall;
	double user;
	double sys;
} rows[NR_ROWS];

/* The bar appears, and moves on, after that many seconds. */
#define PROGRESS_INTERVAL	0.2
#define PROGRESS_WIDTH		30

static struct progress {
	const char *name;
	uint64_t total;
	struct timespec begun;
	double last;
	bool shown;
} progress;

static double since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec +
	       (now.tv_nsec - start->tv_nsec) / 1e9;
}

static double tv_diff(const struct timeval *end, const struct timeval *start)
{
	return end->tv_sec - start->tv_sec +
	       (end->tv_usec - start->tv_usec) / 1e6;
}

void report_start(struct report_start *start)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	start->user = usage.ru_utime;
	start->sys = usage.ru_stime;
	clock_gettime(CLOCK_MONOTONIC, &start->wall);
}

void report_add(enum report_row which, const struct report_start *start,
		const struct report_work *work)
{
	struct row *row = &rows[which];
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	row->wall += since(&start->wall);
	row->user += tv_diff(&usage.ru_utime, &start->user);
	row->sys += tv_diff(&usage.ru_stime, &start->sys);
	row->in += work->in;
	row->out += work->out;
	row->copied += work->copied;
	snprintf(row->by, sizeof(row->by), "%s", work->by);
	snprintf(row->mode, sizeof(row->mode), "%s", work->mode);
}

double report_saved(uint64_t plain, uint64_t packed)
{
	if (!plain)
		return 0;
	return 100.0 * ((double)plain - (double)packed) / plain;
}

static void print_row(const struct row *row)
{
	uint64_t plain = opt.decompress ? row->out : row->in;
	uint64_t packed = opt.decompress ? row->in : row->out;

	fprintf(stderr,
		"%-20s %-7s %10llu %10llu %6.1f%% %8.2f %7.1f %7.2f %7.2f %7.2f %10llu\n",
		row->by, row->mode, (unsigned long long)row->in,
		(unsigned long long)row->out, report_saved(plain, packed),
		row->wall, row->wall > 0 ? plain / 1e6 / row->wall : 0,
		row->user, row->sys, row->user + row->sys,
		(unsigned long long)row->copied);
}

void report_table(void)
{
	if (!opt.compare && opt.verbose < 2)
		return;
	fprintf(stderr,
		"%-20s %-7s %10s %10s %7s %8s %7s %7s %7s %7s %10s\n", "",
		"mode", "bytes in", "bytes out", "saved", "seconds", "MB/s",
		"user s", "sys s", "CPU s", "copied");
	for (int i = 0; i < NR_ROWS; i++) {
		if (*rows[i].by)
			print_row(&rows[i]);
	}
}

/* A bar draws over itself; a terminal that cannot do that says it is dumb. */
static bool is_live_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
}

void report_progress_begin(const char *name, uint64_t total)
{
	report_clear_progress();
	memset(&progress, 0, sizeof(progress));
	if (opt.quiet || !is_live_terminal())
		return;
	progress.name = name;
	progress.total = total;
	clock_gettime(CLOCK_MONOTONIC, &progress.begun);
}

void report_progress(uint64_t done)
{
	double passed, share;
	int filled;

	if (!progress.total)
		return;
	passed = since(&progress.begun);
	if (passed - progress.last < PROGRESS_INTERVAL)
		return;
	share = done < progress.total ? (double)done / progress.total : 1;
	filled = share * PROGRESS_WIDTH;
	fprintf(stderr, "\r\033[K%3.0f%% [%.*s%*s] %.1f MB/s  %.40s",
		100 * share, filled, "##############################",
		PROGRESS_WIDTH - filled, "", done / 1e6 / passed,
		progress.name);
	fflush(stderr);
	progress.last = passed;
	progress.shown = true;
}

void report_clear_progress(void)
{
	if (!progress.shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress.shown = false;
}
