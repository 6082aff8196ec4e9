/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The native driver's part of a channel: the rings and who uses what of them.
 * The algorithms (accel_comp.c) are its clients.
 */
#ifndef WD_DRIVERS_ACCEL_H
#define WD_DRIVERS_ACCEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bounce_pool.h"
#include "ring.h"

/**
 * struct vendor_chan - a channel that the native driver opened by itself
 * @ch: the channel
 *
 * One that the application opened is the application's, so nothing of the
 * driver can be in here: that is in struct wd_accel, wherever the channel is
 * from.
 */
struct vendor_chan {
	struct wd_chan ch;
};

/**
 * struct wd_ids - ids of what the device keeps
 * @n:    how many there are, from 0 on
 * @used: bitmap of those that are used
 */
struct wd_ids {
	uint32_t n;
	uint64_t *used;
};

/**
 * struct wd_accel - wd_chan.vendor of a channel that the native driver runs
 * @ch:      the channel
 * @ring:    its rings
 * @pool:    memory for what the device cannot reach, NULL: it reaches all
 * @owned:   set: @ch is the head of a struct vendor_chan and goes with the last
 *           user
 * @users:   contexts of all algorithms; under wd_chan_lock()
 * @lock:    guards the ids
 * @streams: ids of streams
 * @keys:    ids of keys
 */
struct wd_accel {
	struct wd_chan *ch;
	struct wd_ring *ring;
	struct wd_bounce_pool *pool;
	bool owned;
	unsigned int users;
	pthread_mutex_t lock;
	struct wd_ids streams;
	struct wd_ids keys;
};

/*
 * Get a channel that computes @alg (its name in sysfs) with the device's
 * @alg_bit: *@ch where that is set, or else one of a device that is free. Fills
 * in *@ch. -ENODEV where the driver is not the one for it, else the error of
 * the last device that was tried.
 */
int wd_accel_get(struct wd_chan **ch, const char *alg, uint64_t alg_bit,
		 struct wd_accel **accel);

/* Give it back. @ch may be gone afterwards: returns true when it is the driver's. */
bool wd_accel_put(struct wd_accel *accel);

/* A stream id that nobody uses, -1: there is none. */
int wd_accel_stream_get(struct wd_accel *accel);
void wd_accel_stream_put(struct wd_accel *accel, int id);

/* Put one that the device still has a stream under. Not on an inherited channel. */
void wd_accel_stream_close(struct wd_accel *accel, int id);

/* The same for keys. */
int wd_accel_key_get(struct wd_accel *accel);
void wd_accel_key_put(struct wd_accel *accel, int id);

/* accel_comp.c: WD_RAW and so on, as an operation word has it. */
uint32_t wd_accel_comp_format(int alg_type);

#endif
