/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The accelerator as its PCI driver sees it: config space, BAR 0, mailbox.
 * This is the data sheet (docs/hardware.md) in C and the one thing that the
 * hardware and its driver both include; nothing in it says what implements it.
 */
#ifndef _WD_REGS_H
#define _WD_REGS_H

#include <linux/bits.h>
#include <linux/types.h>

#define WD_PCI_VENDOR		0x5744
#define WD_PCI_DEVICE		0x0acc
#define WD_PCI_CLASS		0x120000	/* processing accelerator */
#define WD_PCI_REVISION		0x01

/*
 * Vendor-specific capability (id 0x09) in config space. Config writes are the
 * control path: MBOX_DB runs the command in the buffer at MBOX_ADDR, WAKE wakes
 * the engine of a channel.
 */
#define WD_VSC_LEN		0x14
#define WD_VSC_TYPE		3	/* byte: layout of this capability, value 1 */
#define WD_VSC_MBOX_ADDR_LO	0x04	/* DMA address of struct wd_mbox, 128-byte aligned */
#define WD_VSC_MBOX_ADDR_HI	0x08
#define WD_VSC_MBOX_DB		0x0c	/* write: sequence number of the command */
#define WD_VSC_WAKE		0x10	/* write: channel number; reads as zero */
#define WD_VSC_TYPE_1		1

/* BAR 0, 1 MiB, 64-bit prefetchable. */
#define WD_BAR			0
#define WD_BAR_SIZE		0x100000

/* Registers: read-only to the driver, 32 bits unless said otherwise. */
#define WD_REG_MAGIC		0x00	/* WD_MAGIC */
#define WD_REG_VERSION		0x04	/* WD_VERSION */
#define WD_REG_STATUS		0x08	/* WD_STATUS_* */
#define WD_REG_CHANNELS		0x0c	/* number of channels, at most WD_MAX_CHANNELS */
#define WD_REG_RING_ORDER	0x10	/* log2 of the deepest ring */
#define WD_REG_MAX_LEN		0x14	/* longest operand in bytes */
#define WD_REG_STREAMS		0x18	/* stream ids per channel */
#define WD_REG_ENGINES		0x1c	/* number of engines */
#define WD_REG_ALGS		0x20	/* 64 bits, WD_ALG_BIT() */
#define WD_REG_RESETS		0x28	/* function resets since power-on */
#define WD_REG_KEYS		0x2c	/* key ids per channel */
#define WD_REG_MAX_UNIT		0x30	/* longest operand of what works on a whole only */
#define WD_REG_MAX_LINK		0x34	/* descriptors of a unit; 0: there are no units */

#define WD_MAGIC		0x43434157	/* "WACC" */
#define WD_VERSION		1
#define WD_STATUS_READY		BIT(0)	/* out of reset, the mailbox answers */

#define WD_BAR_MSIX_TABLE	0x1000
#define WD_BAR_MSIX_PBA		0x2000
/*
 * One 32-bit word a channel, written by the driver. When a completion is posted
 * and the word differs from what it was at the last interrupt of the channel,
 * the device raises the channel's vector. So a driver that wants an interrupt
 * increments the word, then looks at the ring again. A channel that stops with an
 * error raises its vector whatever the word says.
 */
#define WD_BAR_ARM		0x3000
#define WD_BAR_DOORBELLS	0x80000	/* one 4 KiB page a channel */
#define WD_DB_STRIDE		0x1000

#define WD_MAX_CHANNELS		128
#define WD_VECTOR_MBOX		0	/* mailbox, and events of the function */
#define WD_VECTOR_CHAN(c)	(1 + (c))
#define WD_NR_VECTORS		(1 + WD_MAX_CHANNELS)

/**
 * struct wd_mbox - the mailbox buffer in DMA memory
 * @opcode:   WD_MBOX_*
 * @status:   WD_MBOX_ST_*, written by the device before @done
 * @chan:     channel number
 * @flags:    WD_MBOX_F_*
 * @pasid:    address space of the channel's operands, with WD_MBOX_F_PASID
 * @sq_order: log2 of the entries of the submission ring
 * @cq_order: log2 of the entries of the completion ring
 * @status_addr: DMA address of struct wd_chan_status, 64-byte aligned. Rings and
 *            status line are reached without PASID.
 * @sq_addr:  DMA address of the submission ring, page aligned
 * @cq_addr:  DMA address of the completion ring, page aligned
 * @state:    QUERY: WD_CHAN_*
 * @error:    QUERY: WD_CHAN_ERR_*
 * @info:     QUERY: what the error is about
 * @sq_head:  QUERY
 * @cq_tail:  QUERY
 * @done:     the sequence number of the last command carried out, written last;
 *            then the device raises WD_VECTOR_MBOX
 *
 * @weight:   SET_WEIGHT: share of the engines, WD_MIN_WEIGHT to WD_MAX_WEIGHT
 *
 * All little-endian. One command at a time.
 */
struct wd_mbox {
	__le16 opcode;
	__le16 status;
	__le32 chan;
	__le32 flags;
	__le32 pasid;
	__le32 sq_order;
	__le32 cq_order;
	__le64 status_addr;
	__le64 sq_addr;
	__le64 cq_addr;
	__le32 state;
	__le32 error;
	__le64 info;
	__le32 sq_head;
	__le32 cq_tail;
	__le32 done;
	__le32 weight;
	__le32 reserved[12];
};

#define WD_MBOX_CREATE		1	/* channel: NONE to STOPPED, with rings and PASID */
#define WD_MBOX_START		2	/* STOPPED to RUNNING */
#define WD_MBOX_STOP		3	/* any to STOPPED; on return nothing is in flight */
#define WD_MBOX_DESTROY		4	/* any to NONE, implies STOP; stream states are wiped */
#define WD_MBOX_QUERY		5
#define WD_MBOX_SET_WEIGHT	6	/* any state but NONE; CREATE sets WD_RESET_WEIGHT */

#define WD_MIN_WEIGHT		1
#define WD_RESET_WEIGHT		8
#define WD_MAX_WEIGHT		64

#define WD_MBOX_F_PASID		BIT(0)

#define WD_MBOX_ST_OK		0
#define WD_MBOX_ST_BAD_OPCODE	1
#define WD_MBOX_ST_BAD_CHAN	2
#define WD_MBOX_ST_BAD_STATE	3
#define WD_MBOX_ST_BAD_PARAM	4
#define WD_MBOX_ST_NO_MEMORY	5

#endif
