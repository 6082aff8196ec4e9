// SPDX-License-Identifier: GPL-2.0-or-later
/* The platform of the library's own channels: what their vendor driver can do as one. */
#include "alg.h"
#include "seq.h"

static unsigned int native_chain(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
				 unsigned int n)
{
	const struct wd_alg_vendor *vendor = ctxs[0]->vendor;
	unsigned int same = 1;

	if (!vendor->chain)
		return 1;
	while (same < n && ctxs[same]->vendor == vendor && ctxs[same]->ch == ctxs[0]->ch)
		same++;
	return same > 1 ? vendor->chain(ctxs, reqs, same) : 1;
}

static int native_submit(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
			 unsigned int n, unsigned int *failed)
{
	int ret = wd_alg_begin_unit(ctxs, reqs, n);

	return ret ? ret : ctxs[0]->vendor->submit_chain(ctxs, reqs, n, failed);
}

const struct wd_seq_platform wd_seq_native = {
	.name = "native",
	.chain = native_chain,
	.submit = native_submit,
};
