/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Domains of a program's own, and a platform that runs a unit piece by piece. */
#ifndef SEQ_UTIL_H
#define SEQ_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "wd_seq.h"

#define FAR_BASE	0x7000000000ULL	/* addresses of these domains are no pointers */

/**
 * struct far - memory behind a domain
 * @mem:     it
 * @len:     its bytes
 * @open:    it can be translated to the process's addresses
 * @slow:    transfers end when far_end() is called
 * @started: transfers so far
 * @cb:      of the slow transfer that is under way
 * @arg:     for @cb
 */
struct far {
	uint8_t *mem;
	size_t len;
	bool open;
	bool slow;
	unsigned int started;
	wd_transfer_cb_t cb;
	void *arg;
};

static inline uint8_t *far_at(const struct far *far, const struct iovec *iov)
{
	uint64_t addr = (uint64_t)(uintptr_t)iov->iov_base;

	if (addr < FAR_BASE || addr - FAR_BASE > far->len ||
	    iov->iov_len > far->len - (addr - FAR_BASE))
		return NULL;
	return far->mem + (addr - FAR_BASE);
}

/* Lists of one part each, which is what these tests have. */
static inline int far_move(struct far *far, const struct iovec *theirs, const struct iovec *own,
			   bool push, wd_transfer_cb_t cb, void *arg)
{
	uint8_t *p = far_at(far, theirs);

	if (!p)
		return -EFAULT;
	far->started++;
	memcpy(push ? p : own->iov_base, push ? own->iov_base : p, own->iov_len);
	if (!far->slow)
		return 0;
	far->cb = cb;
	far->arg = arg;
	return -EINPROGRESS;
}

static inline int far_pull(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
			   const struct iovec *from, unsigned int from_cnt,
			   wd_transfer_cb_t cb, void *arg)
{
	(void)to_cnt;
	(void)from_cnt;
	return far_move(wd_domain_arg(domain), from, to, false, cb, arg);
}

static inline int far_push(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
			   const struct iovec *from, unsigned int from_cnt,
			   wd_transfer_cb_t cb, void *arg)
{
	(void)to_cnt;
	(void)from_cnt;
	return far_move(wd_domain_arg(domain), to, from, true, cb, arg);
}

static inline int far_translate(struct wd_domain *domain, const struct iovec *iov,
				unsigned int cnt, struct wd_domain *to, struct iovec *out,
				unsigned int *outcnt)
{
	const struct far *far = wd_domain_arg(domain);
	unsigned int room = *outcnt;

	if (!far->open || to != wd_domain_process())
		return -EXDEV;
	*outcnt = cnt;
	if (cnt > room)
		return -ENOSPC;
	for (unsigned int i = 0; i < cnt; i++) {
		out[i] = (struct iovec){ far_at(far, &iov[i]), iov[i].iov_len };
		if (!out[i].iov_base)
			return -EXDEV;
	}
	return 0;
}

static const struct wd_domain_ops far_ops = {
	.pull = far_pull,
	.push = far_push,
	.translate = far_translate,
};

/* The transfer that is under way ends. False: there is none. */
static inline bool far_end(struct far *far, int ret)
{
	wd_transfer_cb_t cb = far->cb;

	far->cb = NULL;
	if (cb)
		cb(far->arg, ret);
	return cb;
}

/* ---------------------------------------------------------------------- platform */

static unsigned int patient_units;	/* that it ran */

static inline unsigned int patient_chain(struct wd_alg_ctx *const *ctxs,
					 struct wd_request *const *reqs, unsigned int n)
{
	unsigned int i;

	/* Its buffers have the lengths that are there at the beginning. */
	(void)ctxs;
	for (i = 0; i < n; i++)
		if (reqs[i]->what == WD_COMPRESS || reqs[i]->what == WD_DECOMPRESS)
			break;
	return i ? i : 1;
}

/* One operation after the other, by buffers of its own. */
static inline int patient_submit(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
				 unsigned int n, unsigned int *failed)
{
	void *buf[2] = { malloc(1 << 20), malloc(1 << 20) };
	int ret = buf[0] && buf[1] ? 0 : -ENOMEM;
	uint64_t result = 0;

	patient_units++;
	for (unsigned int i = 0; i < n && !ret; i++) {
		struct wd_request req = *reqs[i];

		req.callback = NULL;
		if (i)
			req.src.base = buf[i % 2];
		if (i < n - 1)
			req.dst.base = buf[(i + 1) % 2];
		*failed = i;
		ret = wd_alg_run(ctxs[i], &req);
		result = req.result;
	}
	reqs[n - 1]->result = result;
	free(buf[0]);
	free(buf[1]);
	wd_request_done(ctxs[0], reqs[0], ret);
	return 1;
}

static const struct wd_seq_platform patient = {
	.name = "patient",
	.chain = patient_chain,
	.submit = patient_submit,
};

#endif
