/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the library itself keeps of a channel, and its helpers for drivers. */
#ifndef WD_LIB_CHAN_H
#define WD_LIB_CHAN_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "sysfs.h"
#include "wd.h"

struct wd_async_thread;
struct wd_domain;

/**
 * struct wd_chan_lib - wd_chan.lib
 * @owned:  set; the page that holds this structure is wiped in a forked child,
 *          which so finds 0 here without a system call
 * @pid:    process that opened the channel; 0 where @owned is enough
 * @lock:   orders drivers that attach to the channel and leave it, and changes of
 *          its memories
 * @thread: the library's thread of this channel, NULL: none
 * @domain: its memory domain
 */
struct wd_chan_lib {
	bool owned;
	pid_t pid;
	pthread_mutex_t lock;
	struct wd_async_thread *thread;
	struct wd_domain *domain;
};

/* wd_request_channel() below other roots. */
int wd_chan_open(struct wd_chan *ch, const struct wd_sysfs_roots *roots);

/* Give a channel its struct wd_chan_lib; without @dev_info it is no device's. */
int wd_chan_adopt(struct wd_chan *ch);

/* Was this channel opened by a parent process? */
bool wd_chan_inherited(const struct wd_chan *ch);

/*
 * Serialize attaching to and leaving @ch, and changes of its memories. Not on an
 * inherited channel.
 */
void wd_chan_lock(struct wd_chan *ch);
void wd_chan_unlock(struct wd_chan *ch);

#endif
