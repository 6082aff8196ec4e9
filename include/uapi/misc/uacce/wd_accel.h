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
 * @sq_head:   descriptors fetched so far, modulo 2^32; their slots are free.
 *             Written before their completions are posted.
 * @cq_tail:   completions posted so far, modulo 2^32. Written after them: a
 *             reader of phase bits may be ahead of it.
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

/*
 * Algorithms, by number. WD_ALG_BIT() of a number is its bit in wd_chan_layout.algs and
 * in the register WD_REG_ALGS; a device need not have them all.
 */
#define WD_ALG_NR_DEFLATE		0	/* raw deflate, zlib, gzip; both directions */
#define WD_ALG_NR_LZ4			1	/* blocks and frames; both directions */
#define WD_ALG_NR_ZSTD			2	/* both directions */
#define WD_ALG_NR_AES_ECB		8
#define WD_ALG_NR_AES_CBC		9
#define WD_ALG_NR_AES_CTR		10	/* 128-bit big-endian counter */
#define WD_ALG_NR_AES_XTS		11
#define WD_ALG_NR_CHACHA20		12
#define WD_ALG_NR_SM4_CBC		13
#define WD_ALG_NR_SM4_CTR		14
#define WD_ALG_NR_SM4_XTS		15
#define WD_ALG_NR_AES_GCM		16
#define WD_ALG_NR_AES_CCM		17
#define WD_ALG_NR_CHACHA20_POLY1305	18	/* RFC 8439 */
#define WD_ALG_NR_SHA1			24	/* of a digest: its HMAC as well */
#define WD_ALG_NR_SHA224		25
#define WD_ALG_NR_SHA256		26
#define WD_ALG_NR_SHA384		27
#define WD_ALG_NR_SHA512		28
#define WD_ALG_NR_SHA3_256		29
#define WD_ALG_NR_SHA3_512		30
#define WD_ALG_NR_SM3			31
#define WD_ALG_NR_CRC32			32	/* IEEE 802.3, as zlib's crc32() */
#define WD_ALG_NR_CRC32C		33	/* Castagnoli, as iSCSI's */
#define WD_ALG_NR_CRC64			34	/* ECMA-182, not reflected */
#define WD_ALG_NR_CRC64_NVME		35	/* NVM Express's 64-bit CRC */
#define WD_ALG_NR_MOVE			40	/* copy, fill, compare, dualcast */
#define WD_ALG_NR_COPY_CRC		41	/* copy with CRC-32C */
#define WD_ALG_NR_XOR			42
#define WD_ALG_NR_DIF			43	/* T10 protection information, DIF and DIX */
#define WD_ALG_NRS			64
#define WD_ALG_BIT(nr)			(1ULL << (nr))
#define WD_ALG_DEFLATE			WD_ALG_BIT(WD_ALG_NR_DEFLATE)

/* Operations. */
#define WD_OP_NOP		0x01	/* completes at once */
#define WD_OP_DEFLATE		0x10
#define WD_OP_INFLATE		0x11
#define WD_OP_STREAM_CLOSE	0x12	/* forget the state of a stream */
#define WD_OP_KEY_SET		0x20	/* make a key object */
#define WD_OP_KEY_DROP		0x21	/* wipe it */
#define WD_OP_CIPHER		0x28
#define WD_OP_AEAD		0x29
#define WD_OP_DIGEST		0x2a
#define WD_OP_COPY		0x30
#define WD_OP_FILL		0x31	/* src is not an address, but eight bytes, repeated */
#define WD_OP_COMPARE		0x32	/* dst is the second operand, and is only read */
#define WD_OP_COMPARE_PATTERN	0x33	/* dst is not an address, but eight bytes, repeated */
#define WD_OP_DUALCAST		0x34	/* param: struct wd_dualcast_param */
#define WD_OP_COPY_CRC32C	0x35	/* op: CRC-32C of what came before, or 0 */
#define WD_OP_XOR		0x36	/* param: struct wd_xor_param */
#define WD_OP_DIF_INSERT	0x38	/* these: param: struct wd_dif_param */
#define WD_OP_DIF_VERIFY	0x39
#define WD_OP_DIF_STRIP		0x3a	/* verify, and copy what is not protection */
#define WD_OP_DIF_UPDATE	0x3b	/* verify, and copy with new protection */
#define WD_OP_DIX_GENERATE	0x3c	/* protection in memory of its own */
#define WD_OP_DIX_VERIFY	0x3d

/* struct wd_desc.flags; the other bits are reserved. */
#define WD_DESC_SRC_SGL		(1U << 0)	/* @src is the address of a list */
#define WD_DESC_DST_SGL		(1U << 1)	/* @dst is */
#define WD_DESC_LINK		(1U << 2)	/* the next descriptor belongs to the same unit */

#define WD_LINK_MAX		4	/* descriptors of a unit at most */

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
 * @op:       operation word: WD_COMP_*, WD_KEY_*, WD_CIPHER_*, WD_AEAD_*, WD_DIGEST_*
 * @tag:      given back in the completion, not looked at
 * @src:      address of the source, or of a list of its parts
 * @dst:      address of the destination, likewise
 * @src_len:  length of the source in bytes, at most wd_chan_layout.max_len
 * @dst_len:  room at the destination in bytes, likewise
 * @param:    address of a parameter block, a multiple of 16, for operations that have one
 * @src_dom:  memory domain of @src; 0, the channel's own, is the only one
 * @dst_dom:  memory domain of @dst
 * @stream:   stream id, below wd_chan_layout.streams
 * @key:      key id, below wd_chan_layout.keys
 *
 * What an operation does not have is zero.
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
	__u32 key;
};

/*
 * The operation word of DEFLATE and INFLATE. INFLATE looks at format, window
 * (0: what the stream's header says; raw deflate: 15) and NEW; level and flush
 * must be zero there. LZ4 and Zstandard have no window: zero. Which formats there are
 * follows from wd_chan_layout.algs.
 *
 * An LZ4 block has no end mark, so it is no stream: one descriptor with NEW, and to
 * compress with FINISH, is all of it, and at most wd_chan_layout.max_unit bytes of each
 * operand are used. With OVERFLOW nothing was done.
 *
 * A stream begins with a descriptor that has WD_COMP_NEW and ends with the
 * completion that has WD_CQE_END. In between its state stays in the device, one
 * for each stream id; level, window and format of later descriptors are ignored.
 */
#define WD_COMP_LEVEL_SHIFT	0	/* 4 bits, 0 to 9; Zstandard: to 15, 0 is as 1 */
#define WD_COMP_WINDOW_SHIFT	4	/* 4 bits, log2 of bytes, 9 to 15 */
#define WD_COMP_FORMAT_SHIFT	8	/* 3 bits */
#define WD_COMP_FLUSH_SHIFT	12	/* 2 bits */
#define WD_COMP_NEW		(1U << 16)	/* begin a new stream */
#define WD_COMP_MASK		0x000137ffU	/* bits that may be set */

#define WD_COMP_RAW		0	/* RFC 1951 */
#define WD_COMP_ZLIB		1	/* RFC 1950 */
#define WD_COMP_GZIP		2	/* RFC 1952, one member */
#define WD_COMP_LZ4_BLOCK	3
#define WD_COMP_LZ4_FRAME	4	/* LZ4 frame format 1.6, one frame */
#define WD_COMP_ZSTD		5	/* RFC 8878, one frame */

#define WD_COMP_NO_FLUSH	0
#define WD_COMP_SYNC_FLUSH	1	/* end on a byte boundary, window kept */
#define WD_COMP_FULL_FLUSH	2	/* the same, and forget the window; not Zstandard */
#define WD_COMP_FINISH		3	/* this is the end of the stream */

/*
 * KEY_SET makes a key object of the channel, under an id that the program chooses, from
 * src_len bytes at src; one that was there under that id is wiped. The operation word
 * says for what: a WD_ALG_NR_* of a cipher, of an authenticated cipher, or of a digest,
 * whose HMAC it is then. The device keeps a copy, in no memory that a program reaches;
 * KEY_DROP and the end of the channel wipe it. A key that is refused leaves the one that
 * was there before. XTS: two keys, one behind the other, that are not the same. A tag has
 * 4, 8, 12 to 16 bytes with GCM, an even number from 4 to 16 with CCM, else 16.
 */
#define WD_KEY_ALG_MASK		0x000000ffU
#define WD_KEY_TAG_SHIFT	8	/* authenticated ciphers: bytes of the tag */
#define WD_KEY_TAG_MASK		0x0000ff00U
#define WD_KEY_MAX_LEN		4096	/* longest key, which only HMAC takes */

/*
 * CIPHER: src_len bytes, at least one, and as many at dst, which may be the same memory and
 * may else not overlap it; dst_len is not less. ECB, CBC: whole blocks of 16. param is a
 * struct wd_cipher_param; ECB has none. XTS: the data is whole units of a size that
 * WD_CIPHER_UNIT gives, log2 of bytes from 4 to that of wd_chan_layout.max_unit; the tweak of
 * each is that of the one before plus one, as a 128-bit little-endian number. Zero: all of it
 * is one unit, of 16 bytes to max_unit, any number (ciphertext stealing).
 *
 * With WD_CIPHER_IV_OUT the vector to go on with is written back to the parameter block once
 * the data is written: the last block of the ciphertext, or the next counter; what was left
 * of a block of key stream that was begun is lost. A 32-bit counter begins again at zero
 * behind its end.
 */
#define WD_CIPHER_ENCRYPT	(1U << 0)
#define WD_CIPHER_IV_OUT	(1U << 1)	/* CBC, CTR, CHACHA20 */
#define WD_CIPHER_UNIT_SHIFT	8
#define WD_CIPHER_UNIT_MASK	0x00001f00U
#define WD_CIPHER_MASK		0x00001f03U

/**
 * struct wd_cipher_param - of CIPHER
 * @iv: initialisation vector; CTR: the first counter block; XTS: the tweak; CHACHA20:
 *      32-bit little-endian block counter, then the 12 bytes of the nonce
 */
struct wd_cipher_param {
	__u8 iv[16];
};

/*
 * AEAD: one whole message. src and dst as for CIPHER, without the tag, and maybe empty. Text,
 * associated data and tag together are at most wd_chan_layout.max_unit bytes; CCM with 13
 * bytes of nonce: the text at most 65535. The tag goes to the parameter block, after the text
 * went to dst, or comes from there. If it is wrong the status is WD_ST_AUTH, and nothing was
 * written to dst.
 */
#define WD_AEAD_ENCRYPT		(1U << 0)
#define WD_AEAD_AAD_SGL		(1U << 1)	/* wd_aead_param.aad is the address of a list */
#define WD_AEAD_MASK		0x00000003U

/**
 * struct wd_aead_param - of AEAD
 * @aad:      address of the associated data
 * @aad_len:  its length in bytes; zero: @aad is not looked at
 * @iv_len:   bytes of @iv: 12; CCM: 7 to 13
 * @iv:       nonce; what is behind @iv_len is not looked at
 * @tag:      encrypt: written, as many bytes as the key object says; decrypt: that many read
 * @reserved: zero
 */
struct wd_aead_param {
	__u64 aad;
	__u32 aad_len;
	__u32 iv_len;
	__u8 iv[16];
	__u8 tag[16];
	__u8 reserved[16];
};

/*
 * DIGEST: NEW begins, FINAL ends; both: one descriptor is all of it and needs no stream.
 * Else the state stays in the device under the stream id in between, and
 * WD_OP_STREAM_CLOSE forgets it. With FINAL a hash goes to dst, for which dst_len must have
 * room, and `produced` is its length; a CRC comes in wd_cqe.info, and dst_len is zero.
 * Without FINAL dst_len is zero.
 *
 * Every descriptor of a stream names its algorithm. An HMAC stream keeps the key that it
 * began with, whatever becomes of the key's id. Stream ids are shared with compression:
 * what begins on an id drops what was there. If the destination faults, the result stays in
 * the stream, and FINAL with src_len 0 gets it.
 */
#define WD_DIGEST_ALG_MASK	0x000000ffU	/* WD_ALG_NR_* */
#define WD_DIGEST_NEW		(1U << 8)
#define WD_DIGEST_FINAL		(1U << 9)
#define WD_DIGEST_HMAC		(1U << 10)	/* with NEW: key is that of the HMAC */
#define WD_DIGEST_MASK		0x000007ffU

/*
 * COPY to XOR: src_len bytes; the room at a destination may be more. FILL has no src_len,
 * COMPARE two of the same length, COMPARE_PATTERN no dst_len; a pattern begins with its
 * lowest byte at the first byte of the operand. COPY gives the same result whatever the
 * overlap of two operands that are no lists: where dst lies above src within the source,
 * it goes from the end, and consumed and produced count from there. Elsewhere operands
 * that are written may not overlap others, but for XOR, whose dst may be one of the
 * sources, and DIF_UPDATE, where dst may be src.
 */

/**
 * struct wd_dualcast_param - of DUALCAST
 * @dst:      address of the second destination, dst_len bytes; a list where the first is one
 * @reserved: zero
 */
struct wd_dualcast_param {
	__u64 dst;
	__u64 reserved;
};

#define WD_XOR_MAX		16	/* sources */

/**
 * struct wd_xor_param - of XOR
 * @count: number of sources, 1 to WD_XOR_MAX
 * @reserved: zero
 * @src:   their addresses, of lists with WD_DESC_SRC_SGL; each source is src_len bytes.
 *         wd_desc.src is zero. Those behind @count are not looked at.
 */
struct wd_xor_param {
	__u32 count;
	__u32 reserved[3];
	__u64 src[WD_XOR_MAX];
};

/**
 * struct wd_dif_param - of the operations on T10 protection information
 * @type:    1, 2 or 3. 1 and 2: the reference tag is one more for each block. 3: it is
 *           the same in all blocks, part of the application's tag.
 * @checks:  VERIFY, STRIP, UPDATE, DIX_VERIFY: WD_DIF_* of what is to be checked
 * @block:   bytes of data in a block: 512 or 4096
 * @app_tag: application tag, to be checked or written
 * @app_mask: its bits that are checked
 * @ref_tag: reference tag of the first block
 * @new_ref_tag: UPDATE: likewise, of what is written
 * @new_app_tag: UPDATE: likewise
 * @meta_flags: DIX: WD_DIF_META_SGL
 * @meta_len: DIX: bytes at @meta, at least eight for each block
 * @meta:    DIX: address of the protection information
 * @reserved: zero
 *
 * Eight bytes, big-endian, follow each block, or are in @meta: guard (CRC-16 T10-DIF of
 * the data), application tag, reference tag. A block whose application tag is FFFFh (type
 * 3: and whose reference tag is FFFFFFFFh) is not checked. UPDATE computes the new guard
 * from the data. Both lengths are those of whole blocks, with the protection that is
 * behind them; dst_len may be more. What an operation has no use for is not looked at.
 * The first block that is wrong ends the operation: those before it count.
 */
struct wd_dif_param {
	__u8 type;
	__u8 checks;
	__u16 block;
	__u16 app_tag;
	__u16 app_mask;
	__u32 ref_tag;
	__u32 new_ref_tag;
	__u16 new_app_tag;
	__u16 meta_flags;
	__u32 meta_len;
	__u64 meta;
	__u64 reserved[4];
};

#define WD_DIF_GUARD		(1U << 0)
#define WD_DIF_APP		(1U << 1)
#define WD_DIF_REF		(1U << 2)
#define WD_DIF_META_SGL		(1U << 0)

/*
 * Units: 2 to WD_LINK_MAX descriptors in a row, all but the last with WD_DESC_LINK, are done
 * in one pass over the data and have one completion. What one of them makes is the source of
 * the next, and in no memory: dst and then src are zero, the list flags clear (BAD_FLAGS),
 * and dst_len is equal to the next one's src_len (BAD_LENGTH). That is the most it may be:
 * where there turns out to be less, the next one works on what there is. What it says of
 * its source's length holds for both.
 *
 * All of a unit: COPY, COPY_CRC32C, CIPHER, AEAD, DEFLATE, INFLATE, DIF_INSERT, DIF_STRIP,
 * DIF_UPDATE. FILL may be the first; COMPARE, COMPARE_PATTERN, DIGEST, DIF_VERIFY the last.
 * All else in a unit, too many descriptors (WD_LINK_MAX, or the ring), which is when those
 * that were fetched are over: BAD_LINK. No two may use one stream: BAD_STREAM.
 *
 * The completion has the tag of the last descriptor, `consumed` of the first one and
 * `produced` of the last one; info and aux are those of the last one of them that is DEFLATE,
 * INFLATE, COPY_CRC32C, DIGEST or a comparison, else zero. If a descriptor fails so does the unit:
 * status, info and aux are that one's, with its number, from 0, in WD_CQE_LINK_MASK; both
 * counts are zero, what was written is not good, and streams of the unit that were begun
 * are dropped.
 */

/**
 * struct wd_cqe - a completion, one entry of the completion ring
 * @tag:      of the descriptor
 * @consumed: bytes of the source that were used
 * @produced: bytes that were written to the destination; DUALCAST: to both; DIX_GENERATE:
 *            to wd_dif_param.meta
 * @info:     a fault: the address. WD_ST_OK of DEFLATE and INFLATE with WD_CQE_END:
 *            CRC-32 (gzip), Adler-32 (zlib) or XXH32 (LZ4 frame, 0 where it has none)
 *            of the plain data; of DIGEST and
 *            COPY_CRC32C: the CRC; of a comparison with WD_CQE_DIFFERS: the first
 *            offset that differs. WD_ST_DIF: number of the block.
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
#define WD_CQE_FAULT_PARAM	(1U << 3)	/* on the parameter block, or what that names */
#define WD_CQE_DIFFERS		(1U << 4)	/* the comparison found a difference */
#define WD_CQE_DIF_GUARD	(1U << 5)	/* WD_ST_DIF: fields that are wrong */
#define WD_CQE_DIF_APP		(1U << 6)
#define WD_CQE_DIF_REF		(1U << 7)
#define WD_CQE_LINK_SHIFT	16		/* a unit that failed: number of the descriptor */
#define WD_CQE_LINK_MASK	0x000f0000U

/* Status of a completion. */
#define WD_ST_OK		0x00
#define WD_ST_OVERFLOW		0x01	/* the destination is full: go on with more room */
#define WD_ST_BAD_OPCODE	0x10
#define WD_ST_BAD_FLAGS		0x11	/* flags, domain, or a field that the operation has not */
#define WD_ST_BAD_LENGTH	0x12	/* zero where that is no request, or above max_len */
#define WD_ST_BAD_OP		0x13	/* the operation word */
#define WD_ST_BAD_STREAM	0x14	/* id too large, or no stream was begun on it */
#define WD_ST_NO_RESOURCE	0x15	/* no room in the device: stream, key, data gathered */
#define WD_ST_BAD_SGL		0x16	/* a list is not aligned, or an entry, at info, is none */
#define WD_ST_BAD_PARAM		0x17	/* the parameter block: not aligned, or what it says */
#define WD_ST_BAD_KEY		0x18	/* id, length or strength of a key, or no such key */
#define WD_ST_BAD_LINK		0x19	/* what cannot be part of a unit, or too many */
#define WD_ST_FAULT_UNMAPPED	0x20	/* nothing is mapped at info */
#define WD_ST_FAULT_PERM	0x21	/* mapped, but not for this access */
#define WD_ST_FAULT_RANGE	0x22	/* not a user address: kernel or non-canonical */
#define WD_ST_FAULT_BUS		0x23	/* mapped, but no memory behind: past the end of a file */
#define WD_ST_FAULT_PASID	0x24	/* the address space is gone */
#define WD_ST_DATA		0x30	/* the compressed data is not valid */
#define WD_ST_NEED_DICT		0x31	/* a stream that wants a preset dictionary */
#define WD_ST_AUTH		0x32	/* the tag is wrong */
#define WD_ST_DIF		0x33	/* protection information is wrong: WD_CQE_DIF_* */
#define WD_ST_ABORTED		0x40	/* the channel was stopped under it */

#endif
