/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The software vendor of <wd_alg.h>. soft_alg.c has contexts and queues; libcrypto, zlib
 * and ISA-L compute.
 */
#ifndef WD_DRIVERS_SOFT_ALG_H
#define WD_DRIVERS_SOFT_ALG_H

#include <pthread.h>

#include "../alg.h"
#include "workq.h"

struct wd_soft_ops;

/**
 * struct wd_soft_alg - wd_alg_ctx.private
 * @work:  runs the first of @head
 * @ctx:   the context
 * @info:  its algorithm
 * @ops:   what computes it
 * @state: of @ops
 * @crc:   CRCs: of the stream so far
 * @begun: a stream was begun
 * @lock:  guards what is below
 * @head:  requests that were submitted; wd_request.lib is the next
 * @tail:  the last of them
 * @busy:  how many are under way in all
 */
struct wd_soft_alg {
	struct wd_work work;
	struct wd_alg_ctx *ctx;
	const struct wd_alg_info *info;
	const struct wd_soft_ops *ops;
	void *state;
	uint64_t crc;
	bool begun;
	pthread_mutex_t lock;
	struct wd_request *head;
	struct wd_request *tail;
	unsigned int busy;
};

/**
 * struct wd_soft_ops - how a kind of algorithms is computed
 * @init:    NULL, or make @state; -ENODEV: libcrypto lacks the algorithm
 * @exit:    NULL, or free it
 * @set_key: NULL, or as wd_alg_vendor.set_key
 * @run:     as wd_alg_vendor.run; in many threads at once
 */
struct wd_soft_ops {
	int (*init)(struct wd_soft_alg *sa);
	void (*exit)(struct wd_soft_alg *sa);
	int (*set_key)(struct wd_soft_alg *sa, const void *key, size_t len);
	int (*run)(struct wd_soft_alg *sa, struct wd_request *req);
};

extern const struct wd_soft_ops wd_soft_cipher;
extern const struct wd_soft_ops wd_soft_aead;
extern const struct wd_soft_ops wd_soft_digest;
extern const struct wd_soft_ops wd_soft_crc;
extern const struct wd_soft_ops wd_soft_dma;
extern const struct wd_soft_ops wd_soft_dif;
extern const struct wd_soft_ops wd_soft_pack;

/*
 * Make @sa, which is zero, compute for @ctx, without a channel and a queue of its own.
 * -ENODEV: libcrypto lacks the algorithm; -ENOMEM.
 */
int wd_soft_alg_open(struct wd_soft_alg *sa, struct wd_alg_ctx *ctx);
void wd_soft_alg_close(struct wd_soft_alg *sa);

/* As wd_soft_ops: what libcrypto says of errors is not left to the application. */
int wd_soft_alg_set_key(struct wd_soft_alg *sa, const void *key, size_t len);
int wd_soft_alg_run(struct wd_soft_alg *sa, struct wd_request *req);

/* CRC @nr, WD_ALG_NR_*, of what had the CRC @crc, 0: of nothing, and @len bytes more. */
uint64_t wd_soft_crc_add(unsigned int nr, uint64_t crc, const void *p, size_t len);

#endif
