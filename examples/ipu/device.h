/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which device computes. */
#ifndef IPU_DEVICE_H
#define IPU_DEVICE_H

#include <wd_seq.h>

/**
 * struct device - a channel, and what sequences on it have in common
 * @ch:   the channel, where one was asked for
 * @sc:   all requests of all clients use this one: its calls are for any thread, a channel is
 *        scarce, and buffers stay warm
 * @name: what computes, and where
 */
struct device {
	struct wd_chan ch;
	struct wd_seq_ctx *sc;
	char name[WD_NAME_SIZE + PATH_STR_SIZE];
};

/**
 * device_open() - open a channel
 * @device: it is put here
 * @name:   name or path of the device, or NULL
 * @mode:   the first one of that mode, or NULL. Neither: the library chooses one, or its software.
 *
 * Return: 0 or a negative errno; then nbdkit was told why.
 */
int device_open(struct device *device, const char *name, const char *mode);

/** device_close() - close it */
void device_close(struct device *device);

#endif
