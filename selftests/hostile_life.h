/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of the program hostile_life share. */
#ifndef HOSTILE_LIFE_H
#define HOSTILE_LIFE_H

#include "hostile.h"
#include "hostile_work.h"

#define LIFE_CHANNELS	6

/**
 * struct life - an attacker
 * @h:     what it is to the others
 * @w:     memory that stays
 * @c:     channels
 * @file:  behind the second area
 * @uffd:  withholds pages of the first area; -1: none
 * @told:  the same, for the process that will kill this one
 * @batch: what @c[0] works on
 * @rng:   of the thread that takes memory away
 * @stop:  it
 */
struct life {
	struct hostile *h;
	struct work w;
	struct raw_chan c[LIFE_CHANNELS];
	int file;
	int uffd;
	int *told;
	struct work_desc batch[WORK_SLOTS];
	struct hostile_rng rng;
	bool stop;
};

/* All return 0, or -1 after hostile_fail(). */
typedef int life_fn(struct life *l);

int life_begin(struct life *l, struct hostile *h);
int life_open(struct life *l, unsigned int n);
void life_close(struct life *l, unsigned int n);

/* hostile_life_mem.c: one round each */
life_fn life_memory_taken_away;
life_fn life_pages_withheld;
life_fn life_file_system_dead;

#endif
