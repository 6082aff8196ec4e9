/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of our modules the calls of this program reach, on kernels with KCOV;
 * on others nothing happens. What the device's own threads do is not seen.
 */
#ifndef COVER_H
#define COVER_H

/* Before the processes are made that are to be counted together. */
void cover_begin(void);

/* The calling thread is traced from the first to the last; in between, before the trace is full, the second. */
void cover_thread_begin(void);
void cover_thread_collect(void);
void cover_thread_end(void);

/* Print the number of places that were reached in each module. */
void cover_report(void);

#endif
