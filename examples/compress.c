/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compress < file > file.gz: one buffer, one call, on a device where there is one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wd_comp.h>

int main(void)
{
	static char in[1 << 20], out[(1 << 20) + 1024];
	struct wd_comp_ctx ctx = {
		.alg_type = WD_GZIP,
		.comp_level = WD_LEVEL_DEFAULT,
		.stream_mode = WD_STATELESS,
	};
	int ret = wd_alg_comp_init(&ctx);

	if (!ret) {
		ctx.in = in;
		ctx.in_len = fread(in, 1, sizeof(in), stdin);
		ctx.out = out;
		ctx.out_len = sizeof(out);
		ret = wd_alg_deflate(&ctx);
		fprintf(stderr, "%zu bytes in, %zu out, by the %s driver\n",
			ctx.consumed, ctx.produced, wd_comp_vendor_name(&ctx));
		fwrite(out, 1, ctx.produced, stdout);
		wd_alg_comp_exit(&ctx);
	}
	if (ret != WD_STREAM_END)
		fprintf(stderr, "compress: %s\n", strerror(-ret));
	return ret == WD_STREAM_END ? EXIT_SUCCESS : EXIT_FAILURE;
}
