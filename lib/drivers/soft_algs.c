// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the software drivers compute: each of them has a line here.
 */
#include "wd.h"

static const char algs[] =
	"zlib\ngzip\ndeflate";	/* soft.c */

const char *wd_get_software_algs(void)
{
	return algs;
}
