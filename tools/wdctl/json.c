// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "json.h"

void json_quote(const char *value, size_t len)
{
	putchar('"');
	for (; len--; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		if ((unsigned char)*value < 0x20)
			printf("\\u%04x", *value);
		else
			putchar(*value);
	}
	putchar('"');
}
