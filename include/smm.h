/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SMM, the small-memory allocator of libwd: many small blocks out of one chunk
 * of memory, usually what wd_reserve_mem() of <wd.h> gave.
 *
 * The chunk with what SMM keeps about it is an arena, known by its address.
 * There is no call that ends one: give the chunk back when no block of it is in
 * use.
 *
 * Granules: memory is handed out in granules of 64 bytes, or of the alignment
 * where that is more. No two blocks share a cache line.
 *
 * Slices: memory without an IOMMU consists of slices, each contiguous for the
 * device. smm_init() knows the slices of reserved memory; no block crosses the
 * end of one, so that the address for the device of a block's first byte and
 * its size are enough for a descriptor. Only whole granules of a slice are used.
 * Memory that the library does not know is one slice.
 *
 * Overhead: at the beginning of the chunk, at most 1 KiB, and 1/15 (6.7 %) of the
 * blocks' memory for granules of 64 bytes, less for larger ones; then less than
 * one granule for the alignment. Nothing of it lies beside a block or in a free
 * one, so a program or a device that writes too far damages other blocks, never
 * the allocator, unless it goes below the first one.
 *
 * Time: O(log n) for every call but smm_init(), n being the number of granules.
 * A request is met whenever a free block is large enough, by the one with the
 * lowest address. Free neighbours are always one block.
 *
 * Contents: SMM does not touch the memory of blocks. What was written to a block
 * is still there after it is freed, until another one is made of it; a new block
 * is not zeroed.
 *
 * Threads: all functions may be called on one arena by several threads at once,
 * except smm_init(). Processes do not share an arena, and a child of a fork
 * must not use one of its parent.
 */
#ifndef SMM_H
#define SMM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The least alignment of a block, and the least memory that one takes. */
#define SMM_GRANULE		64

/**
 * struct smm_stats - how full an arena is
 * @total:         bytes for blocks, in all slices together; constant
 * @used:          bytes in blocks, each rounded up to whole granules
 * @blocks:        number of blocks
 * @largest_free:  the largest request in bytes that would be met now, 0: none
 * @failed_allocs: calls of smm_alloc() that returned NULL
 * @refused_frees: calls of smm_free() and smm_try_free() that freed nothing,
 *                 NULL not counted
 *
 * Counters are from smm_init() on.
 */
struct smm_stats {
	size_t total;
	size_t used;
	size_t blocks;
	size_t largest_free;
	uint64_t failed_allocs;
	uint64_t refused_frees;
};

/**
 * smm_init() - make an arena of a chunk of memory
 * @pt_addr:    the chunk, aligned to 16 bytes
 * @size:       its bytes
 * @align_mask: alignment of all blocks in bytes, minus one: a power of two minus
 *              one, from 0 to 2 MiB - 1. The alignment is of the process's
 *              address; it is the device's as well up to the page size.
 *
 * On memory that is an arena already it starts anew: all blocks are gone. No
 * other thread may be in a call on it. The chunk stays the caller's.
 *
 * Return: 0, or
 *   -EINVAL  @pt_addr is NULL or not aligned, @align_mask is none, or the chunk
 *            goes beyond the end of the address space
 *   -E2BIG   32 GiB or more, with larger granules as many times that
 *   -ENOSPC  too small: no slice has room for one granule behind the bookkeeping
 *   -ENOMEM
 * On failure nothing was written.
 */
int smm_init(void *pt_addr, size_t size, int align_mask);

/**
 * smm_alloc() - take a block
 * @pt_addr: the arena
 * @size:    bytes, rounded up to whole granules
 *
 * Return: the block, or NULL: @size is 0, no free block is large enough, or this
 * is no arena or a corrupt one.
 */
void *smm_alloc(void *pt_addr, size_t size);

/**
 * smm_free() - give a block back
 * @pt_addr: the arena it was taken from
 * @ptr:     the block; NULL is ignored
 *
 * Any other pointer is recognised, whatever its value, counted and ignored. Only
 * a block that was freed and whose address has been handed out again cannot be
 * told from the new one.
 */
void smm_free(void *pt_addr, void *ptr);

/**
 * smm_try_free() - smm_free() that says what it did
 * @pt_addr: the arena
 * @ptr:     the block
 *
 * Return: 0 (also for NULL), or
 *   -EALREADY  @ptr lies in free memory where a block can begin: it was freed
 *              already, or never handed out
 *   -EINVAL    no such arena; or @ptr is not where a block can begin, lies in a
 *              block, in the bookkeeping, or outside of the arena
 *   -ENOTRECOVERABLE  the bookkeeping was overwritten
 */
int smm_try_free(void *pt_addr, void *ptr);

/**
 * smm_get_stats() - how full is it?
 * @pt_addr: the arena
 * @stats:   filled in
 *
 * Return: 0, -EINVAL: no such arena or no @stats, -ENOTRECOVERABLE: the
 * bookkeeping was overwritten. An arena that was found so hands out nothing more
 * and takes nothing back; smm_init() makes it new.
 */
int smm_get_stats(void *pt_addr, struct smm_stats *stats);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
