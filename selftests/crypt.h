/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel with memory for the tests of ciphers: keys, operands anywhere in that memory.
 */
#ifndef CRYPT_H
#define CRYPT_H

#include <pthread.h>

#include "raw_mem.h"

#define CRYPT_ENTRIES	8192	/* of a list */
#define CRYPT_AREA	(5UL << 20)	/* bytes of an area */
#define CRYPT_AREAS	3

/**
 * struct crypt - a channel and its memory
 * @c:     the channel
 * @m:     its memory
 * @key:   WD_KEY_MAX_LEN + 1 bytes for a key on its way to the device
 * @param: a parameter block
 * @list:  of source, destination and associated data: CRYPT_ENTRIES each
 * @area:  CRYPT_AREA bytes each, not always contiguous for the device
 */
struct crypt {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *key;
	void *param;
	struct wd_sge *list[3];
	uint8_t *area[CRYPT_AREAS];
};

int crypt_setup(struct crypt *x, const char *mode);
void crypt_close(struct crypt *x);
bool crypt_can(const struct crypt *x, unsigned int alg);

/* KEY_SET with the operation word @op, and KEY_DROP. Return: the status. */
int crypt_set_key(struct crypt *x, uint32_t id, uint32_t op, const void *key, size_t len);
int crypt_drop_key(struct crypt *x, uint32_t id);

/*
 * Operand @n (0: source, 1: destination, 2: associated data) of @len bytes at @p: its address
 * or that of a list, which @longest not zero asks for, and bytes that are not contiguous for
 * the device. Return: true: a list.
 */
bool crypt_operand(struct crypt *x, unsigned int n, __u64 *addr, const uint8_t *p, size_t len,
		   uint32_t longest, uint32_t seed);

/*
 * CIPHER or AEAD of @len bytes from @src to @dst with x->param, as lists of parts of up to
 * @longest bytes if that is not zero.
 */
struct wd_desc crypt_desc(struct crypt *x, uint16_t opcode, uint32_t op, uint32_t key,
			  const uint8_t *src, const uint8_t *dst, size_t len, uint32_t longest);

/* Bytes of a hexadecimal string; their number. */
size_t crypt_hex(uint8_t *to, const char *hex);

/* The same mapped bytes, which a thread takes away from the page table all the time. */
struct crypt_thief {
	pthread_t thread;
	uint8_t *p;
	size_t len;
	bool stop;
};

/* @len bytes that keep what is written when they are taken away. */
uint8_t *crypt_shared_memory(size_t len);
void crypt_steal(struct crypt_thief *t, uint8_t *p, size_t len);
void crypt_steal_no_more(struct crypt_thief *t);

#endif
