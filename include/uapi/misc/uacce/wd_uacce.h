/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * What Warpdrive adds to the ABI of UACCE.
 *
 * Error codes common to all calls: -EINVAL the channel is not in a state that
 * allows the call; -EFAULT a bad pointer; -EPERM the caller is another process
 * than the one that opened the channel; -ENXIO the device is gone; -EIO the
 * device did not answer; -ENOTTY no such command.
 */
#ifndef _UAPI_MISC_UACCE_WD_UACCE_H
#define _UAPI_MISC_UACCE_WD_UACCE_H

#include <linux/types.h>
#include <linux/ioctl.h>

/**
 * struct wd_chan_layout - where things are in a channel's DUS region
 * @size:          bytes of this structure that the kernel filled in
 * @chan:          number of the channel on its device, for people and logs
 * @status_offset: byte offset of struct wd_chan_status
 * @sq_offset:     byte offset of the submission ring
 * @cq_offset:     byte offset of the completion ring
 * @sq_depth:      entries of the submission ring, a power of two
 * @cq_depth:      entries of the completion ring, a power of two
 * @max_len:       longest source or destination of one descriptor, in bytes
 * @streams:       number of stream ids a channel has, from 0
 * @reserved:      zero
 * @algs:          WD_ALG_* bits that the device computes
 *
 * Constant from open to close.
 */
struct wd_chan_layout {
	__u32 size;
	__u32 chan;
	__u32 status_offset;
	__u32 sq_offset;
	__u32 cq_offset;
	__u32 sq_depth;
	__u32 cq_depth;
	__u32 max_len;
	__u32 streams;
	__u32 reserved;
	__u64 algs;
};

/**
 * struct wd_chan_state - what the device itself says about a channel
 * @state:   WD_CHAN_* of <misc/uacce/wd_accel.h>
 * @error:   WD_CHAN_ERR_*, zero while there is none
 * @info:    the index or the address that the error is about
 * @sq_head: descriptors fetched so far, modulo 2^32
 * @cq_tail: completions posted so far, modulo 2^32
 *
 * The status line in the DUS region holds the same, but a program may have
 * overwritten it; this is asked of the device by mailbox.
 */
struct wd_chan_state {
	__u32 state;
	__u32 error;
	__u64 info;
	__u32 sq_head;
	__u32 cq_tail;
};

/* WD_CMD_KICK - wake the engine; needed when the status line's need_kick is set */
#define WD_CMD_KICK		_IO('W', 0x20)

/* WD_CMD_GET_LAYOUT - read struct wd_chan_layout; allowed as soon as the file is open */
#define WD_CMD_GET_LAYOUT	_IOR('W', 0x21, struct wd_chan_layout)

/* WD_CMD_GET_STATE - read struct wd_chan_state; allowed after UACCE_CMD_START_Q */
#define WD_CMD_GET_STATE	_IOR('W', 0x22, struct wd_chan_state)

#endif
