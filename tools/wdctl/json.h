/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output for programs.
 */
#ifndef WDCTL_JSON_H
#define WDCTL_JSON_H

#include <stddef.h>

/* Print the first @len characters of @value as a string, quotes and all. */
void json_quote(const char *value, size_t len);

#endif
