/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one file that knows kernel versions. Code is written for the newest
 * kernel; what an older one lacks is made up for here.
 */
#ifndef _WD_COMPAT_H
#define _WD_COMPAT_H

#include <linux/version.h>

#endif
