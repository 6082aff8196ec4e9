/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random requests of one family of algorithms, and what is to come of each, computed by somebody
 * else. A group of them, of one to three contexts, is made, run, and checked as a whole: of all
 * memory that it may use there is a second copy, which the family changes as the device should.
 *
 * Everything of a group follows from the random state at its beginning, which is printed where
 * it fails: WD_CROSS_SEED=that begins with it. WD_CROSS_COUNT: requests of each family.
 */
#ifndef CROSS_H
#define CROSS_H

#include "alg_util.h"

#define CROSS_JOBS	32
#define CROSS_CTXS	3
#define CROSS_MAX	(1UL << 20)		/* bytes of the longest operand */
#define CROSS_FLAT	(CROSS_MAX + (64U << 10))	/* and with protection information */
#define CROSS_PARTS	16384

/* For what cannot fail, but for lack of memory. */
#define MUST(cond) do {							\
	if (!(cond)) {							\
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		exit(EXIT_FAILURE);					\
	}								\
} while (0)

/**
 * struct cross_mem - memory for operands
 * @p:    the memory
 * @want: what it should hold after the group
 * @size: bytes of both
 * @used: by operands of this group, with gaps between them
 * @most: that any group used
 */
struct cross_mem {
	unsigned char *p;
	unsigned char *want;
	size_t size;
	size_t used;
	size_t most;
};

/**
 * struct cross_area - an operand: parts in any order, none of which touches another
 * @part:  in the order of the operand
 * @parts: one or more
 */
struct cross_area {
	size_t len;
	const struct iovec *part;
	unsigned int parts;
	const struct cross_mem *mem;
};

struct cross_ctx {
	struct wd_alg_ctx ctx;
	unsigned char key[4096];
	size_t key_len;
	void *state;		/* the family's */
};

/**
 * struct cross_job - a request, and the results that it should have
 * @counts: its answer is one that is checked
 * @unsure: what may be anything afterwards, behind its byte @sure
 */
struct cross_job {
	struct wd_request req;
	struct cross_ctx *on;
	bool counts;
	int ret;
	size_t produced;
	uint64_t result;
	unsigned int wrong;
	uint8_t iv[16];
	uint8_t want_iv[16];
	bool iv_known;
	void *srcs[16];
	struct cross_area unsure;
	size_t sure;
	unsigned int called;
};

struct cross;

/**
 * struct cross_family - one of them
 * @open:  choose an algorithm and a key; false: the device lacks that one
 * @make:  a request, and what it does to the memory
 * @close: the opposite of @open, before the context ends
 */
struct cross_family {
	const char *name;
	bool (*open)(struct cross *c, struct cross_ctx *on);
	void (*make)(struct cross *c, struct cross_job *job);
	void (*close)(struct cross_ctx *on);
};

struct cross {
	const char *name;
	uint64_t state;
	uint64_t group;			/* @state at the beginning of the group */
	unsigned long count;
	unsigned long done;
	size_t budget;			/* bytes that the group may still have */
	struct wd_alg_ctx base;		/* its channel is that of all */
	struct cross_mem mem[2];	/* the process's, and the channel's reserved memory */
	unsigned int mems;
	unsigned char *flat[3];		/* CROSS_FLAT bytes each, for the families */
	struct iovec *iov;
	unsigned int iovs;
	struct cross_ctx *ctxs;
	struct cross_job *jobs;
};

void cross_begin(struct cross *c, const char *name);
/* Also tells what was done, and by whom. Returns whether that was the device, if there is one. */
bool cross_end(struct cross *c);
void cross_begin_group(struct cross *c);
/* Print where this is, to be repeated; returns false. */
bool cross_failed(const struct cross *c, const char *what);
/* Is all memory as it should be? */
bool cross_compare(const struct cross *c);
/* Run requests of a family until there were enough. */
bool cross_run(const struct cross_family *family);

uint64_t cross_random(struct cross *c);
/* Less than @n, which is not 0. */
size_t cross_below(struct cross *c, size_t n);
static inline bool cross_chance(struct cross *c, unsigned int in)
{
	return !cross_below(c, in);
}
void cross_bytes(struct cross *c, void *p, size_t len);
/* Mostly some hundred bytes, sometimes 0, rarely CROSS_MAX. */
size_t cross_length(struct cross *c);

/* Memory for @len bytes, off any alignment, with what was there before. */
struct cross_area cross_area(struct cross *c, size_t len, bool parts);
struct cross_area cross_maybe_parts(struct cross *c, size_t len);
/* Memory with random bytes, maybe in parts, if it may be. */
struct cross_area cross_source(struct cross *c, size_t len, bool parts);
void cross_use(struct wd_operand *op, const struct cross_area *a);
static inline unsigned char *cross_base(const struct cross_area *a)
{
	return a->part[0].iov_base;
}
/* Bytes that the request finds; that it should leave; that it is to find. */
void cross_put(const struct cross_area *a, size_t at, const void *from, size_t len);
void cross_expect(const struct cross_area *a, size_t at, const void *from, size_t len);
void cross_get(const struct cross_area *a, size_t at, void *to, size_t len);
/* Take what is there for what should be. */
void cross_accept(const struct cross_area *a, size_t at, size_t len);

/* A context on the common channel, with @on->key. False: none has the algorithm. */
bool cross_open(struct cross *c, struct cross_ctx *on, const char *alg, unsigned int tag_len);

/* The families. */
extern const struct cross_family cross_cipher, cross_aead, cross_digest, cross_dma;
bool cross_comp(void);

#endif
