/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time on CLOCK_MONOTONIC, in nanoseconds. */
#ifndef WD_LIB_CLOCK_H
#define WD_LIB_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define WD_NSEC_PER_SEC		1000000000LL
#define WD_NSEC_PER_MSEC	1000000LL

/* A deadline that never comes. */
#define WD_FOREVER		INT64_MAX

static inline int64_t wd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * WD_NSEC_PER_SEC + ts.tv_nsec;
}

/* The deadline @timeout_ms from now, for ever when that is negative. */
static inline int64_t wd_deadline(int timeout_ms)
{
	if (timeout_ms < 0)
		return WD_FOREVER;
	return wd_now() + timeout_ms * WD_NSEC_PER_MSEC;
}

/* Milliseconds until @deadline, rounded up, -1: for ever, at most @limit. */
static inline int wd_remaining_ms(int64_t deadline, int limit)
{
	int64_t left;

	if (deadline == WD_FOREVER)
		return limit;
	left = (deadline - wd_now() + WD_NSEC_PER_MSEC - 1) / WD_NSEC_PER_MSEC;
	if (left < 0)
		left = 0;
	if (limit >= 0 && left > limit)
		return limit;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static inline struct timespec wd_timespec(int64_t t)
{
	return (struct timespec){
		.tv_sec = t / WD_NSEC_PER_SEC,
		.tv_nsec = t % WD_NSEC_PER_SEC,
	};
}

#endif
