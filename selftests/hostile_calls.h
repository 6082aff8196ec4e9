/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of the program hostile_calls share. */
#ifndef HOSTILE_CALLS_H
#define HOSTILE_CALLS_H

#include "hostile.h"

#define CALLS_PAGE	4096UL
#define CALLS_FDS	12

/* All addresses that calls are about; nothing else of the process is near. */
#define CALLS_BASE	((uint8_t *)0x200000000000UL)
#define CALLS_PLACES	16
#define CALLS_PLACE	(128 * CALLS_PAGE)

/**
 * struct calls_process - what the threads of a process fight about
 * @fds:      files; -1: none. Written by all of them, and closed by each.
 * @epoll:    an epoll file
 * @node:     the device's
 * @sysfs:    its directory
 * @dus_size: of its channels
 * @mode:     HOSTILE_*, of the device
 * @end:      of a round, of raw_now_ns()
 */
struct calls_process {
	int fds[CALLS_FDS];
	int epoll;
	char node[512];
	char sysfs[512];
	size_t dus_size;
	unsigned int mode;
	int64_t end;
};

/**
 * struct calls - a thread
 * @p:     its process
 * @rng:   what it does next
 * @count: system calls
 * @depth: 1 in a child
 * @stack: for a child that shares the memory
 */
struct calls {
	struct calls_process *p;
	struct hostile_rng rng;
	unsigned int count;
	unsigned int depth;
	uint8_t stack[64 << 10] __attribute__((aligned(16)));
};

#define CALL(x, call) ((x)->count++, (call))

/* Of a process, once. */
void calls_begin(struct calls_process *p);

/* hostile_calls_mem.c: what is done to memory, and in it */
void calls_proper_channel(struct calls *x);	/* open, mapped and started */
void calls_submit(struct calls *x);		/* work for such a channel */
void calls_mmap(struct calls *x);
void calls_munmap(struct calls *x);
void calls_mremap(struct calls *x);
void calls_madvise(struct calls *x);
void calls_mprotect(struct calls *x);
void calls_other_memory(struct calls *x);
void calls_touch(struct calls *x);		/* a load or a store */
void calls_reach_in(struct calls *x);		/* the same by system calls */
void calls_uffd(struct calls *x);
void calls_of_memory(struct calls *x);		/* reserve, share, import and the like */

/* Choices that both files make. */
int calls_fd(struct calls *x);
void calls_keep_fd(struct calls *x, int fd);
void calls_keep_fd_at(struct calls *x, unsigned int i, int fd);
uint8_t *calls_address(struct calls *x);
size_t calls_len(struct calls *x);

#endif
