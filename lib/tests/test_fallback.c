// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which driver a context gets where the devices have an algorithm, and where they
 * have not. WD_TEST_VENDOR in the environment: the name that it must be.
 */
#include <stdio.h>

#include "comp.h"
#include "comp_util.h"

static const int types[] = { WD_RAW, WD_ZLIB, WD_GZIP };

static void what_the_devices_list_decides(void)
{
	const char *must = getenv("WD_TEST_VENDOR");

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct wd_comp_ctx ctx = { .alg_type = types[i] };
		struct uacce_dev_list *list;
		const char *want, *got;
		int n = wd_get_dev_list(wd_comp_alg_name(types[i]), &list);

		CHECK(n >= 0);
		wd_free_dev_list(list);
		want = n ? wd_comp_native.name : wd_comp_software.name;
		CHECK(!must || !strcmp(must, want));
		CHECK(!wd_alg_comp_init(&ctx));
		got = wd_comp_vendor_name(&ctx);
		printf("# %s: %s\n", wd_comp_alg_name(types[i]), got);
		CHECK(!strcmp(got, want));
		wd_alg_comp_exit(&ctx);
	}
}

/* zlib, who knows of neither, finds the data again. */
static void it_works(void)
{
	unsigned char in[5000], packed[6000], back[5000];
	struct wd_comp_ctx ctx = {
		.alg_type = WD_ZLIB, .comp_level = WD_LEVEL_DEFAULT,
		.in = in, .in_len = sizeof(in), .out = packed, .out_len = sizeof(packed),
	};
	uLongf len = sizeof(back);

	fill(in, sizeof(in), DATA_TEXT, 1);
	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	CHECK(uncompress(back, &len, packed, ctx.produced) == Z_OK);
	CHECK(len == sizeof(in) && !memcmp(in, back, len));
	wd_alg_comp_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(what_the_devices_list_decides),
	TEST(it_works),
};

TAP_MAIN(tests)
