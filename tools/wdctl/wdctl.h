/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wdctl: what its commands share. A command gets argv from its own name on
 * and returns the exit status of the program.
 */
#ifndef WDCTL_H
#define WDCTL_H

#include <stdbool.h>

#define EXIT_USAGE	2

int cmd_load(int argc, char **argv);
int cmd_unload(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_algorithms(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_rebind(int argc, char **argv);

/* Is the caller root? Tells otherwise that @command must be run with sudo. */
bool is_root(const char *command);

/* Print "wdctl: MESSAGE" on stderr. */
__attribute__((format(printf, 1, 2)))
void complain(const char *fmt, ...);

/* The same plus where to read more; returns EXIT_USAGE. */
__attribute__((format(printf, 1, 2)))
int usage_error(const char *fmt, ...);

#endif
