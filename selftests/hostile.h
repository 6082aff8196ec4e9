/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hostile programs share. An attack runs in a few processes, for a
 * time, with choices that a seed decides. Meanwhile a victim, another process
 * with a channel of its own, gets right answers; and after it the device has
 * all its channels back and works.
 *
 * HOSTILE_SEED: the seed; a run prints its own. HOSTILE_SECONDS: how long each
 * attack takes.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "raw_mem.h"

/* Nothing takes so long on the slowest machine, unless it never ends. */
#define HOSTILE_HANG_MS		60000

struct hostile_rng {
	uint64_t state;
};

/**
 * struct hostile - an attacker
 * @number: which of the processes it is
 * @round:  counted by hostile_go_on()
 * @end:    when it is to end, of raw_now_ns()
 * @rng:    of its main thread
 */
struct hostile {
	unsigned int number;
	unsigned int round;
	int64_t end;
	struct hostile_rng rng;
};

/* An attack: what one process does. Return: 0, or -1 after hostile_fail(). */
typedef int hostile_attack_fn(struct hostile *h);

/* Before the harness: seed, counters. At exit the counters are printed. */
void hostile_begin(void);

/* For TEST_F_TIMEOUT: no hang before that. */
int hostile_limit(void);

/*
 * What an attack is for. Without an IOMMU a random address is somebody's, and the
 * kernel's as likely as not: that is what the fence is for. Attacks there give the
 * device no address but those of their own memory.
 */
#define HOSTILE_SVA	1
#define HOSTILE_SHARE	2
#define HOSTILE_NOIOMMU	4
#define HOSTILE_IOMMU	(HOSTILE_SVA | HOSTILE_SHARE)
#define HOSTILE_ALL	(HOSTILE_IOMMU | HOSTILE_NOIOMMU)

/* Of the selected device, one of the above. */
unsigned int hostile_mode(void);

/*
 * On every device of these modes in turn, @attackers processes beside a victim.
 * Return: 0; or something was wrong, which was printed with seed, attacker and round.
 */
int hostile_attack(unsigned int modes, unsigned int attackers, hostile_attack_fn *fn);

/* A new round, unless time is over or something was wrong elsewhere. */
bool hostile_go_on(struct hostile *h);

/* Print and remember that something was wrong. Return: -1. */
int hostile_fail(const struct hostile *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* All choices of a thread come from the seed and these two numbers. */
void hostile_rng_init(struct hostile_rng *r, unsigned int attacker, unsigned int thread);
uint32_t hostile_random(struct hostile_rng *r);
uint32_t hostile_below(struct hostile_rng *r, uint32_t n);	/* 0 to @n - 1 */

static inline bool hostile_chance(struct hostile_rng *r, uint32_t one_in)
{
	return hostile_below(r, one_in) == 0;
}

#define HOSTILE_PICK(r, array) \
	((array)[hostile_below(r, sizeof(array) / sizeof((array)[0]))])

/* What was tried, by all processes and threads together. */
void hostile_descriptors(unsigned int n);
void hostile_syscalls(unsigned int n);

/* raw_do() that waits longer. */
int hostile_do(struct raw_chan *c, const struct wd_desc *d, struct wd_cqe *cqe);

/* A process that does not outlive this one, whatever happens. As fork(). */
int hostile_fork(void);

/* Wait until a process has ended; a process that does not is killed. -1: it did not. */
int hostile_reap(int pid, int *status);

#define HOSTILE_MAIN \
int main(int argc, char **argv) \
{ \
	hostile_begin(); \
	return test_harness_run(argc, argv); \
}

#endif
