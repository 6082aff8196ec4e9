/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wdzip: options and messages, used by all files.
 */
#ifndef WDZIP_H
#define WDZIP_H

#include <stdbool.h>

/* Exit statuses besides EXIT_SUCCESS, those of gzip. */
#define EXIT_ERROR	1
#define EXIT_WARNING	2

/**
 * struct options - the command line; nobody but main.c writes to it
 * @name:   -N or -n where given, else what the direction has by default
 * @level:  1 to 9
 * @device: name of the device to use, NULL: any
 * @suffix: with its dot
 */
struct options {
	bool decompress;
	bool to_stdout;
	bool test;
	bool force;
	bool keep;
	bool name;
	bool quiet;
	bool software;
	bool compare;
	int verbose;
	int level;
	const char *suffix;
	const char *device;
};

extern struct options opt;

/* Print "wdzip: MESSAGE" and remember the exit status that it means. */
__attribute__((format(printf, 1, 2)))
void error(const char *fmt, ...);
__attribute__((format(printf, 1, 2)))
void warning(const char *fmt, ...);

/* Compress or expand one file, or standard input: file.c. */
void treat_file(const char *name);
void treat_stdin(void);
/* After the last one: give the channel and the buffers back. */
void treat_done(void);

#endif
