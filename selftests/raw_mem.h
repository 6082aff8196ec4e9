/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for operands, in each of the three modes: what the ABI's headers say of
 * it and nothing else. Calls return 0 or a negative errno unless said otherwise.
 */
#ifndef RAW_MEM_H
#define RAW_MEM_H

#include "raw.h"

/**
 * struct raw_mem - memory that a channel's device can reach
 * @va:      where the program has it
 * @size:    bytes
 * @dma:     of its first byte
 * @slices:  all of it, in the order of their offsets; with SVA it is one
 * @nslices: their number
 * @mem:     handle on the channel
 * @used:    how far raw_mem_take() got
 */
struct raw_mem {
	uint8_t *va;
	size_t size;
	uint64_t dma;
	struct wd_slice *slices;
	unsigned int nslices;
	uint32_t mem;
	size_t used;
};

/* Region SS, mapped; with SVA anonymous memory. */
int raw_mem_reserve(struct raw_chan *c, struct raw_mem *m, size_t size);
/* The same, mapped where its first byte's @dma is: pointers are good for the device, in one slice. */
int raw_mem_reserve_same(struct raw_chan *c, struct raw_mem *m, size_t size);
/* What @owner, with the channel @from, reserved. The mapping stays the owner's. */
int raw_mem_share(struct raw_chan *c, struct raw_mem *m, struct raw_chan *from,
		  const struct raw_mem *owner);
/* Memory of the process. With SVA there is nothing to be done. */
int raw_mem_import(struct raw_chan *c, struct raw_mem *m, void *va, size_t size, uint32_t flags);
/* Forget the slices; reserved memory is unmapped as well. The channel keeps what it has. */
void raw_mem_forget(struct raw_mem *m);
void raw_mem_unmap(struct raw_mem *m);

/* A part nobody has yet, in one slice, aligned to 64 bytes. NULL: no slice has so much left. */
void *raw_mem_take(struct raw_mem *m, size_t len);
/* What goes into a descriptor for an address within. */
uint64_t raw_dma(const struct raw_mem *m, const void *p);
/* Bytes from @p on that are contiguous for the device. */
size_t raw_dma_run(const struct raw_mem *m, const void *p);

/* As raw_deflate() and raw_inflate(); source and destination lie in @m, each in one slice. */
struct wd_desc raw_mem_deflate(const struct raw_mem *m, int format, int level,
			       const void *src, size_t len, void *dst, size_t room);
struct wd_desc raw_mem_inflate(const struct raw_mem *m, int format,
			       const void *src, size_t len, void *dst, size_t room);

/* What raw_mem_work() wants at least, in one slice. */
#define RAW_MEM_WORK	(64UL << 10)

/*
 * A stream there and back by @c, in what nobody took of @m, which has something else in it
 * then. -EPROTO, -EILSEQ: an answer, or data, that is wrong.
 */
int raw_mem_work(struct raw_chan *c, struct raw_mem *m, uint32_t seed);

/* The bare calls. */
int raw_reserve(struct raw_chan *c, uint32_t region, uint64_t size, struct wd_mem_reserve *r);
int raw_get_slices(struct raw_chan *c, uint32_t mem, uint32_t first, uint32_t count,
		   struct wd_slice *slices);	/* how many, or an errno */
int raw_drop(struct raw_chan *c, uint32_t mem);

/* What the device's driver says of the memory that channels reserved, in bytes: sysfs. */
long raw_reserved(void);
/* Wait until that is nothing: it goes after the channel is another's already. Return: what is left. */
long raw_wait_reserved(void);

/* kB in /proc/meminfo; 0: no such line. */
long raw_meminfo(const char *key);
/*
 * Pages that are pinned, of the whole machine: before a test, the least of some looks,
 * for I/O of other processes pins pages for a while; after it, once there are @n, or
 * as many as there are when time is over.
 */
long raw_pinned(void);
long raw_wait_pinned(long n);
/*
 * Free memory in kB, once it does not rise any more: caches dropped, what the
 * allocator keeps for each CPU counted; RCU and delayed work free late.
 */
long raw_calm_memory(void);

#endif
