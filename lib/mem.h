/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memories of a channel: what its device can reach, and where that is for it.
 *
 * A device with shared virtual addresses reaches everything under the address that
 * the process has; there a memory is only something that has to be given back.
 */
#ifndef WD_LIB_MEM_H
#define WD_LIB_MEM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <misc/uacce/wd_uacce.h>

#include "wd.h"

/**
 * struct wd_region - reserved memory, as it is mapped in this process
 * @va:    its address
 * @size:  bytes
 * @users: channels that have it; the last one unmaps it
 */
struct wd_region {
	void *va;
	size_t size;
	atomic_uint users;
};

/**
 * struct wd_mem - a memory of one channel; constant while it is in the table
 * @next:      in the table
 * @va:        address of the first byte that belongs to it
 * @size:      bytes from there
 * @base:      address that the offsets of @slices count from, at most @va
 * @handle:    the kernel's name for it on this channel
 * @has_handle: the kernel knows it
 * @own:       reserved on this channel
 * @read_only: the device must not write to it
 * @allocated: a third party's, made by its alloc_mem()
 * @region:    the mapping that it is about, NULL: a third party's
 * @nslices:   number of @slices
 * @slices:    where it is for the device; without gaps, in order
 */
struct wd_mem {
	struct wd_mem *next;
	uintptr_t va;
	size_t size;
	uintptr_t base;
	uint32_t handle;
	bool has_handle;
	bool own;
	bool read_only;
	bool allocated;
	struct wd_region *region;
	size_t nslices;
	struct wd_slice slices[];
};

/**
 * struct wd_mem_table - wd_chan.mem
 * @lock: guards the list; entries are linked and unlinked with wd_chan_lock() held
 *        as well, which is what keeps one that was found
 * @head: the entries
 * @count: what wd_get_mem_stats() tells, each by itself
 */
struct wd_mem_table {
	pthread_rwlock_t lock;
	struct wd_mem *head;
	struct {
		atomic_uint_least64_t requests;
		atomic_uint_least64_t bounced_requests;
		atomic_uint_least64_t sgl_requests;
		atomic_uint_least64_t direct_bytes;
		atomic_uint_least64_t bounced_in;
		atomic_uint_least64_t bounced_out;
	} count;
};

/* Give a channel its table, and take it away with all that is in it. */
int wd_mem_attach(struct wd_chan *ch);
void wd_mem_detach(struct wd_chan *ch, bool inherited);

/* Does another channel use the memory that was reserved on this one? */
bool wd_mem_is_lent(struct wd_chan *ch);

/* Does the device of this channel work on the process's addresses? */
bool wd_mem_is_plain(const struct wd_chan *ch);

/*
 * A memory of @size bytes at @base that the kernel knows as @handle and that has
 * @nslices slices on @ch. It is asked for them. -ENOMEM, -EIO: they are no slices.
 */
int wd_mem_new(struct wd_chan *ch, uintptr_t base, size_t size, uint32_t handle,
	       uint32_t nslices, struct wd_mem **mem);

/* The same where the device uses the addresses of the process. NULL: no memory. */
struct wd_mem *wd_mem_new_plain(uintptr_t base, size_t size);

/* Free what wd_mem_new() made, and its part of the region. @inherited: in a child. */
void wd_mem_free(struct wd_mem *mem, bool inherited);

/* With wd_chan_lock() held. */
void wd_mem_link(struct wd_chan *ch, struct wd_mem *mem);
void wd_mem_unlink(struct wd_chan *ch, struct wd_mem *mem);

/*
 * The memory of @ch that holds all of @va[@len] and that its device may write to,
 * if @write. NULL: there is none.
 */
const struct wd_mem *wd_mem_find(const struct wd_chan *ch, uintptr_t va, size_t len,
				 bool write);

/*
 * Reserve a region, UACCE_QFRT_SS or WD_QFRT_BOUNCE, and map it. The memory is not
 * in the table and is the caller's. A negative errno of WD_CMD_RESERVE or mmap(2).
 */
int wd_mem_reserve(struct wd_chan *ch, uint32_t region, size_t size,
		   struct wd_mem **mem);

/*
 * The same where every address can be used: any memory, but zeroed and not for
 * children. -E2BIG: more than there are addresses.
 */
int wd_mem_reserve_plain(size_t size, struct wd_mem **mem);

/* WD_CMD_IMPORT of the pages that hold @va[@size]. */
int wd_mem_import(struct wd_chan *ch, uintptr_t va, size_t size, bool read_only,
		  struct wd_mem **mem);

/**
 * struct wd_mem_usage - what a call did to memory, for wd_get_mem_stats()
 * @direct: bytes that the device used where they are
 * @in:     bytes that were copied for it
 * @out:    bytes that were copied from it
 * @sgl:    a list was made
 */
struct wd_mem_usage {
	size_t direct;
	size_t in;
	size_t out;
	bool sgl;
};

void wd_mem_count(struct wd_chan *ch, const struct wd_mem_usage *usage);

/* Pure functions. */

/* Are these slices of a memory of @size bytes, in order and without gaps? */
bool wd_slices_valid(const struct wd_slice *slices, size_t n, uint64_t size);

/*
 * What the device calls @va, which is in @mem. *@contig: how many bytes of @mem, from
 * there on, are contiguous for the device.
 */
uint64_t wd_mem_dma(const struct wd_mem *mem, uintptr_t va, size_t *contig);

/* The opposite; 0: @dma is not in @mem. */
uintptr_t wd_mem_va(const struct wd_mem *mem, uint64_t dma);

#endif
