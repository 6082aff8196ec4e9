/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * The accelerator as a user-space driver sees it: doorbells, status line,
 * descriptors and completions. docs/hardware.md is the full description.
 *
 * All fields are little-endian. Reserved fields and bits must be zero.
 */
#ifndef _UAPI_MISC_UACCE_WD_ACCEL_H
#define _UAPI_MISC_UACCE_WD_ACCEL_H

#include <linux/types.h>

/* Value of the sysfs attribute "api" of a device that speaks this format. */
#define WD_ACCEL_API		"wd_accel_v1"

/* Offsets in the doorbell page (region UACCE_QFRT_MMIO), 32-bit words. */
#define WD_DB_SQ_TAIL		0x00	/* descriptors written so far, modulo 2^32 */
#define WD_DB_CQ_HEAD		0x40	/* completions consumed so far, modulo 2^32 */

/**
 * struct wd_chan_status - the status line, written by the device only
 * @sq_head:   descriptors fetched so far, modulo 2^32; their slots are free
 * @cq_tail:   completions posted so far, modulo 2^32
 * @need_kick: not zero: the engine sleeps. After a doorbell store and a full
 *             memory barrier, a program that reads a value other than zero
 *             here calls WD_CMD_KICK.
 * @state:     WD_CHAN_*
 * @error:     WD_CHAN_ERR_* where @state is WD_CHAN_ERROR
 * @info:      the index or the address that @error is about
 */
struct wd_chan_status {
	__u32 sq_head;
	__u32 cq_tail;
	__u32 reserved0[14];
	__u32 need_kick;
	__u32 reserved1[15];
	__u32 state;
	__u32 error;
	__u64 info;
	__u32 reserved2[12];
};

/* States of a channel. */
#define WD_CHAN_NONE		0	/* not created */
#define WD_CHAN_STOPPED		1	/* created, does not fetch */
#define WD_CHAN_RUNNING		2
#define WD_CHAN_ERROR		3	/* stopped by an error */

/* Why a channel stopped. */
#define WD_CHAN_ERR_NONE	0
#define WD_CHAN_ERR_SQ_INDEX	1	/* SQ_TAIL more than a ring ahead; info: its value */
#define WD_CHAN_ERR_CQ_INDEX	2	/* CQ_HEAD ahead of cq_tail; info: its value */
#define WD_CHAN_ERR_NOISE	3	/* a whole ring of malformed descriptors in a row */
#define WD_CHAN_ERR_RING	4	/* a ring or status address does not translate: info */
#define WD_CHAN_ERR_PASID	5	/* the address space of the channel is gone */
#define WD_CHAN_ERR_RESET	6	/* the function was reset */

/* Algorithms, bits of wd_chan_layout.algs and of the register WD_REG_ALGS. */
#define WD_ALG_DEFLATE		(1ULL << 0)	/* raw deflate, zlib, gzip; both directions */

/* Operations. */
#define WD_OP_NOP		0x01	/* completes at once */
#define WD_OP_DEFLATE		0x10
#define WD_OP_INFLATE		0x11
#define WD_OP_STREAM_CLOSE	0x12	/* forget the state of a stream */

/* struct wd_desc.flags; the other bits are reserved. */
#define WD_DESC_SRC_SGL		(1U << 0)	/* @src is the address of a list */
#define WD_DESC_DST_SGL		(1U << 1)	/* @dst is */

/**
 * struct wd_sge - an entry of a scatter/gather list
 * @addr:     address of a part of the operand, in the operand's memory domain
 * @len:      bytes, not zero
 * @reserved: zero
 *
 * A list lies at an address that is a multiple of 16, in the memory domain of its
 * operand. It describes the operand from its beginning and ends where src_len or
 * dst_len bytes are reached; the last entry may be longer than what is left.
 */
struct wd_sge {
	__u64 addr;
	__u32 len;
	__u32 reserved;
};

/**
 * struct wd_desc - a descriptor, one entry of the submission ring
 * @opcode:   WD_OP_*
 * @flags:    WD_DESC_*
 * @op:       operation word, WD_COMP_* for DEFLATE and INFLATE
 * @tag:      given back in the completion, not looked at
 * @src:      address of the source, or of a list of its parts
 * @dst:      address of the destination, likewise
 * @src_len:  length of the source in bytes, at most wd_chan_layout.max_len
 * @dst_len:  room at the destination in bytes, likewise
 * @param:    address of a parameter block; no operation has one yet
 * @src_dom:  memory domain of @src; 0, the channel's own, is the only one
 * @dst_dom:  memory domain of @dst
 * @stream:   stream id, below wd_chan_layout.streams
 * @reserved: zero
 */
struct wd_desc {
	__u16 opcode;
	__u16 flags;
	__u32 op;
	__u64 tag;
	__u64 src;
	__u64 dst;
	__u32 src_len;
	__u32 dst_len;
	__u64 param;
	__u32 src_dom;
	__u32 dst_dom;
	__u32 stream;
	__u32 reserved;
};

/*
 * The operation word of DEFLATE and INFLATE. INFLATE looks at format, window
 * (0: what the stream's header says; raw deflate: 15) and NEW; level and flush
 * must be zero there.
 *
 * A stream begins with a descriptor that has WD_COMP_NEW and ends with the
 * completion that has WD_CQE_END. In between its state stays in the device, one
 * for each stream id; level, window and format of later descriptors are ignored.
 */
#define WD_COMP_LEVEL_SHIFT	0	/* 4 bits, 0 to 9 */
#define WD_COMP_WINDOW_SHIFT	4	/* 4 bits, log2 of bytes, 9 to 15 */
#define WD_COMP_FORMAT_SHIFT	8	/* 2 bits */
#define WD_COMP_FLUSH_SHIFT	12	/* 2 bits */
#define WD_COMP_NEW		(1U << 16)	/* begin a new stream */
#define WD_COMP_MASK		0x000133ffU	/* bits that may be set */

#define WD_COMP_RAW		0	/* RFC 1951 */
#define WD_COMP_ZLIB		1	/* RFC 1950 */
#define WD_COMP_GZIP		2	/* RFC 1952, one member */

#define WD_COMP_NO_FLUSH	0
#define WD_COMP_SYNC_FLUSH	1	/* end on a byte boundary, window kept */
#define WD_COMP_FULL_FLUSH	2	/* the same, and forget the window */
#define WD_COMP_FINISH		3	/* this is the end of the stream */

/**
 * struct wd_cqe - a completion, one entry of the completion ring
 * @tag:      of the descriptor
 * @consumed: bytes of the source that were used
 * @produced: bytes that were written to the destination
 * @info:     status WD_ST_OK of DEFLATE and INFLATE with WD_CQE_END: CRC-32
 *            (gzip) or Adler-32 (zlib) of the plain data; a fault: the address
 * @aux:      WD_CQE_* bits
 * @status:   WD_ST_*
 * @phase:    bit 0 is 1 in the first round through the ring, 0 in the second
 *            and so on; written last. The other bits are zero.
 */
struct wd_cqe {
	__u64 tag;
	__u32 consumed;
	__u32 produced;
	__u64 info;
	__u32 aux;
	__u16 status;
	__u16 phase;
};

#define WD_CQE_END		(1U << 0)	/* the end of the stream was reached */
#define WD_CQE_FAULT_DST	(1U << 1)	/* the fault was on the destination */
#define WD_CQE_FAULT_SGL	(1U << 2)	/* and not on data, but on a list */

/* Status of a completion. */
#define WD_ST_OK		0x00
#define WD_ST_OVERFLOW		0x01	/* the destination is full: go on with more room */
#define WD_ST_BAD_OPCODE	0x10
#define WD_ST_BAD_FLAGS		0x11	/* flags, domain, parameter or a reserved field */
#define WD_ST_BAD_LENGTH	0x12	/* zero where that is no request, or above max_len */
#define WD_ST_BAD_OP		0x13	/* the operation word */
#define WD_ST_BAD_STREAM	0x14	/* id too large, or no stream was begun on it */
#define WD_ST_NO_RESOURCE	0x15	/* no room for another stream in the device */
#define WD_ST_BAD_SGL		0x16	/* a list is not aligned, or an entry, at info, is none */
#define WD_ST_FAULT_UNMAPPED	0x20	/* nothing is mapped at info */
#define WD_ST_FAULT_PERM	0x21	/* mapped, but not for this access */
#define WD_ST_FAULT_RANGE	0x22	/* not a user address: kernel or non-canonical */
#define WD_ST_FAULT_BUS		0x23	/* mapped, but no memory behind: past the end of a file */
#define WD_ST_FAULT_PASID	0x24	/* the address space is gone */
#define WD_ST_DATA		0x30	/* the compressed data is not valid */
#define WD_ST_NEED_DICT		0x31	/* a zlib stream that wants a preset dictionary */
#define WD_ST_ABORTED		0x40	/* the channel was stopped under it */

#endif
