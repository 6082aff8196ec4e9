/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WD_MODE for a moment, whatever it is. */
#ifndef MODE_UTIL_H
#define MODE_UTIL_H

#include <stdlib.h>
#include <string.h>

/* Return: what mode_restore() wants. */
static inline char *mode_set(const char *mode)
{
	const char *old = getenv("WD_MODE");
	char *kept = old ? strdup(old) : NULL;

	setenv("WD_MODE", mode, 1);
	return kept;
}

static inline void mode_restore(char *kept)
{
	if (kept)
		setenv("WD_MODE", kept, 1);
	else
		unsetenv("WD_MODE");
	free(kept);
}

#endif
