// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to compress, in software: each is a stream that begins and ends with it. */
#include <errno.h>
#include <stdlib.h>

#include "cursor.h"
#include "soft_alg.h"
#include "soft_stream.h"

/* The codecs want it in one piece. NULL: no memory. */
static void *flat_source(const struct wd_operand *op, void **copy)
{
	struct wd_cursor c = wd_cursor(op);
	void *flat = wd_operand_flat(op);

	*copy = NULL;
	if (flat)
		return flat;
	*copy = malloc(op->len);
	if (*copy)
		wd_cursor_read(&c, *copy, op->len);
	return *copy;
}

static int run(struct wd_soft_alg *sa, struct wd_request *req, const void *in, void *out)
{
	const bool deflate = req->what == WD_COMPRESS;
	struct wd_soft_stream stream = { 0 };
	struct wd_comp_ctx ctx = {
		.alg_type = sa->info->format,
		.comp_level = wd_comp_level(req->level),
		.window_size = deflate && sa->info->format <= WD_GZIP ? 15 : 0,
		.stream_mode = WD_STATELESS,
		.flush_type = WD_FINISH,
		.new_stream = 1,
		.in = in,
		.in_len = req->src.len,
		.out = out,
		.out_len = req->dst.len,
	};
	int ret = wd_soft_stream_run(&stream, &ctx, deflate ? WD_COMP_DEFLATE : WD_COMP_INFLATE);

	wd_soft_stream_end(&stream);
	req->produced = ctx.produced;
	req->consumed = ctx.consumed;
	req->result = ctx.checksum;
	if (ret == WD_STREAM_END)
		return 0;
	return ret ? ret : -EBADMSG;
}

static int pack_run(struct wd_soft_alg *sa, struct wd_request *req)
{
	struct wd_cursor to = wd_cursor(&req->dst);
	void *out = wd_operand_flat(&req->dst), *in_copy, *out_copy = NULL;
	void *in = flat_source(&req->src, &in_copy);
	int ret = -ENOMEM;

	if (!out)
		out = out_copy = malloc(req->dst.len);
	if (in && out)
		ret = run(sa, req, in, out);
	if (out_copy && !ret)
		wd_cursor_write(&to, out_copy, req->produced);
	free(out_copy);
	free(in_copy);
	return ret;
}

const struct wd_soft_ops wd_soft_pack = {
	.run = pack_run,
};
