/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reserve < file > file.gz: buffers in reserved memory, so that the library copies
 * nothing, whatever the device does with addresses. Nothing here asks for the mode.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smm.h>
#include <wd_comp.h>

#define BLOCK	(256 << 10)
#define RESERVE	(1 << 20)

/* A block of input, and its output as often as that fills a block. */
static int compress_block(struct wd_comp_ctx *ctx, char *in, char *out)
{
	int ret;

	ctx->in = in;
	ctx->in_len = fread(in, 1, BLOCK, stdin);
	ctx->flush_type = feof(stdin) ? WD_FINISH : WD_NO_FLUSH;
	do {
		ctx->out = out;
		ctx->out_len = BLOCK;
		ret = wd_alg_deflate(ctx);
		fwrite(out, 1, ctx->produced, stdout);
		ctx->in = (const char *)ctx->in + ctx->consumed;
		ctx->in_len -= ctx->consumed;
	} while (ret == -ENOSPC);
	if (ferror(stdin) || ferror(stdout))
		return -EIO;
	return ret;
}

static void print_stats(struct wd_comp_ctx *ctx)
{
	const struct uacce_dev_info *device = ctx->ch->dev_info;
	struct wd_mem_stats stats;

	if (!wd_get_mem_stats(ctx->ch, &stats))
		fprintf(stderr, "%s: %" PRIu64 " bytes used in place, %" PRIu64 " copied\n",
			device ? device->name : "no device", stats.direct_bytes,
			stats.bounced_in + stats.bounced_out);
}

/* The memory goes with the channel, and the channel with its last context. */
static int compress(struct wd_comp_ctx *ctx)
{
	void *mem = wd_reserve_mem(ctx->ch, RESERVE);
	char *in, *out;
	int ret;

	if (!mem)
		return -errno;
	ret = smm_init(mem, RESERVE, 63);
	if (ret)
		return ret;
	in = smm_alloc(mem, BLOCK);
	out = smm_alloc(mem, BLOCK);
	if (!in || !out)
		return -ENOMEM;
	do
		ret = compress_block(ctx, in, out);
	while (!ret);
	smm_free(mem, out);
	smm_free(mem, in);
	return ret;
}

int main(void)
{
	struct wd_comp_ctx ctx = {
		.alg_type = WD_GZIP,
		.comp_level = WD_LEVEL_DEFAULT,
		.stream_mode = WD_STATEFUL,
	};
	int ret = wd_alg_comp_init(&ctx);

	if (!ret) {
		ret = compress(&ctx);
		print_stats(&ctx);
		wd_alg_comp_exit(&ctx);
	}
	if (ret != WD_STREAM_END)
		fprintf(stderr, "reserve: %s\n", strerror(-ret));
	return ret == WD_STREAM_END ? EXIT_SUCCESS : EXIT_FAILURE;
}
