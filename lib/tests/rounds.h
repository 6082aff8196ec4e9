/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Repetition: how often, and with which numbers. */
#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdint.h>
#include <stdlib.h>

/* Less of what is done for load, where SLOW is in the environment: a debug kernel below. */
static inline int rounds(int normal)
{
	return getenv("SLOW") ? normal / 8 : normal;
}

static inline uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif
