/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the name of a file to the name of its counterpart.
 */
#ifndef WDZIP_NAMES_H
#define WDZIP_NAMES_H

#include <limits.h>

/* The suffix of @name that says it is compressed, or NULL. */
const char *name_suffix(const char *name);

/* The part after the last slash. */
const char *name_base(const char *name);

/*
 * Suffix number @i that a compressed file may have whose name was given without
 * it, NULL after the last.
 */
const char *name_try_suffix(int i);

/*
 * Put the name of the output for @name into @out. Returns 0, or -1 after a
 * message.
 */
int name_compressed(const char *name, char out[PATH_MAX]);
int name_expanded(const char *name, char out[PATH_MAX]);

/* Replace the last part of @path by @base. Returns as above. */
int name_replace_base(char path[PATH_MAX], const char *base);

#endif
