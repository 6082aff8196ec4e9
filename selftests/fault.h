/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failures on demand, on kernels that have fault injection: the nth allocation
 * or copy from or to user space that a task makes below our modules fails.
 * Other kernel code on its way is left alone. See the kernel's
 * Documentation/fault-injection.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <sys/types.h>

/* Which of those sites count. */
struct fault_scope {
	int depth;			/* so many callers are looked at, 32 at most */
	const char *not_from;		/* not what this function of the kernel calls, or NULL; and */
	const char *not_to;		/* not what those up to this one call, or NULL */
};

extern const struct fault_scope fault_anywhere;

/* 0, -EOPNOTSUPP on a kernel that cannot do it, or another negative errno. */
int fault_init(const struct fault_scope *scope);

/* The task's @nth site from now on fails, and only that. @tid 0: the caller. */
int fault_arm(pid_t tid, unsigned int nth);

/* Whether it failed: 1 or 0, or a negative errno. Nothing fails from now on. */
int fault_disarm(pid_t tid);

/* Kernel threads whose names begin so; at most @max, their number is returned. */
int fault_kthreads(const char *prefix, pid_t *tids, int max);

/* What a call may say after a failure inside. */
bool fault_errno(int ret);

/* Print how many there were, in the way that make test adds up. */
void fault_report(void);

#endif
