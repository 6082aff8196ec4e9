/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of all requests: sums of wd_seq_stats, for each direction. */
#ifndef IPU_STATS_H
#define IPU_STATS_H

#include <pthread.h>
#include <stdbool.h>

#include <wd_seq.h>

enum direction { TO_STORE, FROM_STORE, DIRECTIONS };

/**
 * struct counts - sums over the requests of a direction
 * @requests: of clients
 * @failed:   of those, the ones that got an error after they had a sequence
 * Others as in struct wd_seq_stats.
 */
struct counts {
	uint64_t requests;
	uint64_t failed;
	uint64_t appended;
	uint64_t elided;
	uint64_t fused;
	uint64_t ran;
	uint64_t submissions;
	uint64_t copies;
	uint64_t transfers;
	uint64_t temp_bytes;
};

/**
 * struct stats - the sums
 * @lock: guards the rest
 * @sum:  one for each direction
 */
struct stats {
	pthread_mutex_t lock;
	struct counts sum[DIRECTIONS];
};

#define STATS_INIT	{ .lock = PTHREAD_MUTEX_INITIALIZER }

/** stats_add() - a request is done */
void stats_add(struct stats *stats, enum direction direction, const struct wd_seq_stats *seq,
	       bool failed);

/**
 * stats_write() - write them to a file, which always is a whole one
 * @stats:  the sums
 * @path:   the file
 * @driver: what computed
 * @fuse:   was it to fuse operations?
 *
 * Return: 0 or a negative errno.
 */
int stats_write(struct stats *stats, const char *path, const char *driver, bool fuse);

#endif
