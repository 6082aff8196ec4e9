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

/*
 * A value of the sysfs attribute "flags" beside UACCE_DEV_SVA: the device works on
 * physical addresses. Without both bits it works on the I/O virtual addresses of
 * one domain that it shares with all of its channels, and maybe other devices.
 */
#define UACCE_DEV_NOIOMMU	(1 << 8)

/*
 * Regions beside those of <misc/uacce/uacce.h>, of devices without UACCE_DEV_SVA.
 * There is none until WD_CMD_RESERVE made it; its mapping is as long as it is.
 *
 * UACCE_QFRT_SS:  static share: the reserved memory of the program
 * WD_QFRT_BOUNCE: the same for the library below the program
 */
#define UACCE_QFRT_SS		2
#define WD_QFRT_BOUNCE		3

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
 * @keys:          number of key ids a channel has, from 0
 * @algs:          WD_ALG_BIT() of what the device computes
 * @max_unit:      most bytes that an operation takes which works on a whole only: AEAD,
 *                 XTS without units
 * @max_link:      most descriptors that WD_DESC_LINK makes a unit of; 0 or 1: the device
 *                 knows no such flag
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
	__u32 keys;
	__u64 algs;
	__u32 max_unit;
	__u32 max_link;
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

/**
 * struct wd_mem_reserve - memory that the device can reach, made by the kernel
 * @size:   in: bytes, at most the sysfs attribute region_ss_size; out: the same,
 *          rounded up to whole pages
 * @region: in: UACCE_QFRT_SS or WD_QFRT_BOUNCE
 * @flags:  zero
 * @mem:    out: handle of the memory on this channel
 * @slices: out: number of its slices
 */
struct wd_mem_reserve {
	__u64 size;
	__u32 region;
	__u32 flags;
	__u32 mem;
	__u32 slices;
};

/**
 * struct wd_mem_share - reserved memory of another channel
 * @fd:     in: that channel
 * @region: in: the region of it that was reserved there
 * @size:   out: bytes
 * @mem:    out: handle of the memory on this channel
 * @slices: out: number of its slices, as this channel's device sees it
 */
struct wd_mem_share {
	__s32 fd;
	__u32 region;
	__u64 size;
	__u32 mem;
	__u32 slices;
};

/**
 * struct wd_mem_import - memory that the process has already
 * @addr:   in: address, page aligned
 * @size:   in: bytes, whole pages
 * @flags:  in: WD_IMPORT_*
 * @mem:    out: handle of the memory on this channel
 * @slices: out: number of its slices
 * @reserved: zero
 */
struct wd_mem_import {
	__u64 addr;
	__u64 size;
	__u32 flags;
	__u32 mem;
	__u32 slices;
	__u32 reserved;
};

#define WD_IMPORT_READ_ONLY	(1U << 0)	/* the device must not write to it */

/**
 * struct wd_slice - a part of a memory that is contiguous for the device
 * @offset: where it begins in the memory, in bytes
 * @size:   bytes
 * @dma:    what to put in a descriptor for its first byte
 */
struct wd_slice {
	__u64 offset;
	__u64 size;
	__u64 dma;
};

/**
 * struct wd_mem_slices - the slices of a memory, in the order of their offsets
 * @mem:    in: handle
 * @first:  in: number of the first one that is wanted
 * @count:  in: room at @slices; out: how many were written, 0 behind the last
 * @reserved: zero
 * @slices: in: address of struct wd_slice[@count]
 */
struct wd_mem_slices {
	__u32 mem;
	__u32 first;
	__u32 count;
	__u32 reserved;
	__u64 slices;
};

/* Weights of WD_CMD_SET_PRIORITY. */
#define WD_WEIGHT_MIN		1
#define WD_WEIGHT_DEFAULT	8
#define WD_WEIGHT_MAX		64

/* WD_CMD_KICK - wake the engine; needed when the status line's need_kick is set */
#define WD_CMD_KICK		_IO('W', 0x20)

/* WD_CMD_GET_LAYOUT - read struct wd_chan_layout; allowed as soon as the file is open */
#define WD_CMD_GET_LAYOUT	_IOR('W', 0x21, struct wd_chan_layout)

/* WD_CMD_GET_STATE - read struct wd_chan_state; allowed after UACCE_CMD_START_Q */
#define WD_CMD_GET_STATE	_IOR('W', 0x22, struct wd_chan_state)

/*
 * The five calls about memory are for devices without UACCE_DEV_SVA, and say
 * -EOPNOTSUPP on others. They are allowed before and after UACCE_CMD_START_Q. The
 * memory of a channel goes when the channel is put or closed; pages stay as long
 * as another channel shares them or a process has them mapped.
 *
 * WD_CMD_RESERVE - make a region of zeroed memory that the device can reach; it is
 * mapped with mmap(2) then. Once for each region of a channel. -EEXIST: it was
 * made; -E2BIG: more than region_ss_size; -ENOMEM: more than RLIMIT_MEMLOCK allows
 * (all reserved and imported memory of the process counts, a process with
 * CAP_IPC_LOCK has no limit), or no memory; -EINVAL: no such region, size 0.
 */
#define WD_CMD_RESERVE		_IOWR('W', 0x23, struct wd_mem_reserve)

/*
 * WD_CMD_SHARE - let this channel's device reach what another channel of the same
 * process reserved. -EBADF: no open file; -EINVAL: not a channel of wd_uacce, the
 * same channel, or no region that can be reserved; -EPERM: a channel of another
 * process; -ENOENT: nothing is reserved there; -EEXIST: shared already; -ENOSPC:
 * too many memories on this channel.
 */
#define WD_CMD_SHARE		_IOWR('W', 0x24, struct wd_mem_share)

/*
 * WD_CMD_IMPORT - let the device reach memory of the process, which is pinned.
 * -EINVAL: alignment or size; -EFAULT: not all of it is mapped (writable, unless
 * WD_IMPORT_READ_ONLY); -ENOMEM, -E2BIG as WD_CMD_RESERVE; -ENOSPC: too many
 * memories on this channel; or what the kernel says of pages that cannot be pinned
 * for long.
 */
#define WD_CMD_IMPORT		_IOWR('W', 0x25, struct wd_mem_import)

/* WD_CMD_GET_SLICES - where the memory is for the device. -ENOENT: no such handle */
#define WD_CMD_GET_SLICES	_IOWR('W', 0x26, struct wd_mem_slices)

/*
 * WD_CMD_DROP - give up a shared or imported memory by its handle. On return the
 * device cannot reach it through this channel any more; without an IOMMU nothing
 * could stop it, so there the pages are kept until the channel ends. -ENOENT: no
 * such handle; -EBUSY: a region that was reserved on this channel, which stays.
 */
#define WD_CMD_DROP		_IOW('W', 0x27, __u32)

/*
 * WD_CMD_SET_PRIORITY - the channel's share of the device, WD_WEIGHT_MIN to
 * WD_WEIGHT_MAX: channels that all have work share the engines in proportion to
 * their weights. Any time before the channel is put.
 */
#define WD_CMD_SET_PRIORITY	_IOW('W', 0x28, __u32)

#endif
