/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What wdzip tells about its work: a progress bar, a line a file, a table.
 */
#ifndef WDZIP_REPORT_H
#define WDZIP_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <sys/time.h>

/* A row of the table: who did the work, and what it cost over all files. */
enum report_row { ROW_MAIN, ROW_COMPARE, NR_ROWS };

/* Marks the beginning of a measurement. */
struct report_start {
	struct timespec wall;
	struct timeval user;
	struct timeval sys;
};

void report_start(struct report_start *start);

/**
 * struct report_work - what was done, over one file
 * @by:     "native on wd_accel-0", say
 * @mode:   the device's: "sva"
 * @in, @out: bytes
 * @copied: bytes that the library copied for the device
 */
struct report_work {
	const char *by;
	const char *mode;
	uint64_t in;
	uint64_t out;
	uint64_t copied;
};

/* Add that, and what passed since @start, to a row. */
void report_add(enum report_row row, const struct report_start *start,
		const struct report_work *work);

/* Print the table if the options want it. */
void report_table(void);

/*
 * The progress bar; @total: bytes of the file, 0: not known, no bar. Shown when
 * standard error is a terminal and the work takes long enough.
 */
void report_progress_begin(const char *name, uint64_t total);
void report_progress(uint64_t done);
void report_clear_progress(void);

/* The share of @plain bytes that is saved, in per cent. */
double report_saved(uint64_t plain, uint64_t packed);

#endif
