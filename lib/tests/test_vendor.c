// SPDX-License-Identifier: GPL-2.0-or-later
/* Registration of vendor drivers, and which one a context gets. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "comp.h"
#include "comp_util.h"
#include "sysfs.h"
#include "wd_alg.h"

static int init_ret, inits, exits, calls;
static int seen_level, seen_window, seen_new;

static int fake_init(struct wd_comp_ctx *ctx)
{
	inits++;
	return ctx->ch ? -ENODEV : init_ret;
}

static void fake_exit(struct wd_comp_ctx *ctx)
{
	(void)ctx;
	exits++;
}

static int fake_deflate(struct wd_comp_ctx *ctx)
{
	calls++;
	seen_level = ctx->comp_level;
	seen_window = ctx->window_size;
	seen_new = ctx->new_stream;
	ctx->consumed = ctx->in_len;
	return ctx->flush_type == WD_FINISH ? WD_STREAM_END : 0;
}

static int fake_inflate(struct wd_comp_ctx *ctx)
{
	(void)ctx;
	return -EIO;
}

static void never_called(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	(void)ctx;
	(void)ret;
	(void)arg;
	abort();
}

static struct wd_alg_comp fake(const char *name, int priority)
{
	return (struct wd_alg_comp){
		.name = name,
		.priority = priority,
		.init = fake_init,
		.exit = fake_exit,
		.deflate = fake_deflate,
		.inflate = fake_inflate,
	};
}

static const char *chosen(void)
{
	struct wd_comp_ctx ctx = { .alg_type = WD_GZIP };
	static char name[64];
	int ret = wd_alg_comp_init(&ctx);

	snprintf(name, sizeof(name), "%s", ret ? "error" : wd_comp_vendor_name(&ctx));
	wd_alg_comp_exit(&ctx);
	return name;
}

static void highest_priority_that_has_a_device(void)
{
	struct wd_alg_comp a = fake("a", 500), b = fake("b", 600);

	init_ret = 0;
	CHECK(!wd_alg_comp_register(&a));
	CHECK(!strcmp(chosen(), "a"));
	CHECK(!wd_alg_comp_register(&b));
	CHECK(!strcmp(chosen(), "b"));
	init_ret = -ENODEV;
	inits = exits = 0;
	CHECK(strcmp(chosen(), "a") && strcmp(chosen(), "b"));
	CHECK(inits == 4 && exits == 0);
	init_ret = -EACCES;
	CHECK(strcmp(chosen(), "b") && strcmp(chosen(), "error"));
	init_ret = -ENOMEM;
	CHECK(!strcmp(chosen(), "error"));
	init_ret = 0;
	CHECK(!wd_alg_comp_unregister(&b));
	CHECK(!strcmp(chosen(), "a"));
	CHECK(!wd_alg_comp_unregister(&a));
	CHECK(strcmp(chosen(), "a"));
}

static void the_flag_for_software(void)
{
	struct wd_comp_ctx ctx = { .alg_type = WD_GZIP, .flags = WD_COMP_F_SOFTWARE };
	struct wd_alg_comp a = fake("a", 500);

	CHECK(!wd_alg_comp_register(&a));
	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(!strcmp(wd_comp_vendor_name(&ctx), "software"));
	wd_alg_comp_exit(&ctx);
	CHECK(!wd_alg_comp_unregister(&a));
}

static void a_channel_belongs_to_its_driver(void)
{
	struct wd_comp_ctx one = { .flags = WD_COMP_F_SOFTWARE }, two = { 0 };
	struct wd_alg_comp a = fake("a", 500);
	unsigned char out[64];

	CHECK(!wd_alg_comp_init(&one));
	CHECK(!wd_alg_comp_register(&a));
	two.ch = one.ch;
	CHECK(!wd_alg_comp_init(&two));
	CHECK(!strcmp(wd_comp_vendor_name(&two), "software"));
	CHECK(two.ch == one.ch);
	wd_alg_comp_exit(&one);
	two.out = out;
	two.out_len = sizeof(out);
	CHECK(wd_alg_deflate(&two) == WD_STREAM_END);	/* the channel lives on */
	wd_alg_comp_exit(&two);
	CHECK(!two.ch && !one.ch);
	CHECK(!wd_alg_comp_unregister(&a));
}

static void what_a_vendor_sees(void)
{
	struct wd_comp_ctx ctx = {
		.comp_level = WD_LEVEL_DEFAULT, .window_size = 8,
		.stream_mode = WD_STATEFUL,
	};
	struct wd_alg_comp a = fake("a", 500);

	CHECK(!wd_alg_comp_register(&a));
	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(wd_alg_deflate(&ctx) == 0);
	CHECK(seen_level == 6 && seen_window == 9 && seen_new == 1);
	CHECK(wd_alg_deflate(&ctx) == 0);
	CHECK(seen_new == 0);
	ctx.flush_type = WD_FINISH;
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	CHECK(seen_new == 0 && ctx.new_stream == 1);
	ctx.window_size = 0;
	CHECK(wd_alg_deflate(&ctx) == WD_STREAM_END);
	CHECK(seen_new == 1 && seen_window == 15);
	CHECK(wd_alg_inflate(&ctx) == -EIO);
	CHECK(wd_alg_inflate(&ctx) == -EIO);
	calls = 0;
	CHECK(wd_alg_deflate(&ctx) == -EIO && !calls);
	CHECK(wd_alg_async_deflate(&ctx, never_called, NULL) == -ENOTSUP);
	CHECK(wd_poll(ctx.ch, 0, 0) == -EINVAL);
	wd_alg_comp_exit(&ctx);
	CHECK(!wd_alg_comp_unregister(&a));
}

static void refusals(void)
{
	struct wd_alg_comp a = fake("a", 1), same = fake("a", 2), many[16];
	static char names[16][16];
	struct wd_comp_ctx ctx = { 0 };
	int n;

	CHECK(wd_alg_comp_register(NULL) == -EINVAL);
	CHECK(wd_alg_comp_unregister(NULL) == -ENOENT);
	CHECK(wd_alg_comp_unregister(&a) == -ENOENT);
	a.name = "";
	CHECK(wd_alg_comp_register(&a) == -EINVAL);
	a = fake("a", 1000);
	a.inflate = NULL;
	CHECK(wd_alg_comp_register(&a) == -EINVAL);
	a = fake("a", 1000);
	a.async_deflate = fake_deflate;			/* and no cancel */
	CHECK(wd_alg_comp_register(&a) == -EINVAL);
	a = fake("native", 1000);
	CHECK(wd_alg_comp_register(&a) == -EEXIST);
	a = fake("a", 1000);
	CHECK(!wd_alg_comp_register(&a));
	CHECK(wd_alg_comp_register(&a) == -EEXIST);
	CHECK(wd_alg_comp_register(&same) == -EEXIST);
	CHECK(!wd_alg_comp_init(&ctx));
	CHECK(wd_alg_comp_unregister(&a) == -EBUSY);
	wd_alg_comp_exit(&ctx);
	CHECK(!wd_alg_comp_unregister(&a));

	for (n = 0; n < 16; n++) {
		snprintf(names[n], sizeof(names[n]), "v%d", n);
		many[n] = fake(names[n], n);
		if (wd_alg_comp_register(&many[n]))
			break;
	}
	CHECK(n == 14);
	while (n--)
		CHECK(!wd_alg_comp_unregister(&many[n]));
}

static void without_the_software_driver(void)
{
	struct wd_comp_ctx ctx = { .flags = WD_COMP_F_SOFTWARE };

	CHECK(!wd_alg_comp_unregister(&wd_comp_software));
	CHECK(wd_alg_comp_init(&ctx) == -ENODEV);
	CHECK(!wd_alg_comp_register(&wd_comp_software));
	CHECK(!wd_alg_comp_init(&ctx));
	wd_alg_comp_exit(&ctx);
}

static void *churn(void *arg)
{
	struct wd_alg_comp *mine = arg;
	bool ok = true;

	for (int i = 0; i < 300; i++) {
		struct wd_comp_ctx ctx = { 0 };
		int ret;

		ok &= !wd_alg_comp_register(mine);
		ok &= !wd_alg_comp_init(&ctx);
		wd_alg_comp_exit(&ctx);
		do {
			ret = wd_alg_comp_unregister(mine);
		} while (ret == -EBUSY);
		ok &= !ret;
	}
	return ok ? arg : NULL;
}

static int quiet_init(struct wd_comp_ctx *ctx)
{
	(void)ctx;
	return -ENODEV;
}

static void registered_by_many_threads(void)
{
	static const char *const names[] = { "t0", "t1", "t2", "t3" };
	struct wd_alg_comp v[4];
	pthread_t id[4];
	void *ret;

	for (int i = 0; i < 4; i++) {
		v[i] = fake(names[i], 200 + i);
		v[i].init = quiet_init;
		CHECK(!pthread_create(&id[i], NULL, churn, &v[i]));
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(id[i], &ret);
		CHECK(ret == &v[i]);
	}
}

/* What the driver has is listed. */
static void algorithms_of_the_software_driver(void)
{
	static const int types[] = {
		WD_RAW, WD_ZLIB, WD_GZIP, WD_LZ4_BLOCK, WD_LZ4_FRAME, WD_ZSTD,
	};
	const char *algs = wd_get_software_algs();
	unsigned int n = 0;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		struct wd_comp_ctx ctx = {
			.alg_type = types[i], .flags = WD_COMP_F_SOFTWARE,
		};

		CHECK(wd_alg_listed(algs, wd_comp_alg_name(types[i])));
		CHECK(!wd_alg_comp_init(&ctx));
		wd_alg_comp_exit(&ctx);
	}
	/* And the other way round. */
	for (const char *name = algs; *name; n++) {
		size_t len = strcspn(name, "\n");
		char *alg = strndup(name, len);
		struct wd_alg_ctx ctx = { .alg = alg, .flags = WD_ALG_F_SOFTWARE };

		if (n >= sizeof(types) / sizeof(*types))
			CHECK(!wd_alg_init(&ctx));
		wd_alg_exit(&ctx);
		free(alg);
		name += len + (name[len] == '\n');
	}
	CHECK(n > sizeof(types) / sizeof(*types));
}

static const struct tap_test tests[] = {
	TEST(highest_priority_that_has_a_device),
	TEST(the_flag_for_software),
	TEST(a_channel_belongs_to_its_driver),
	TEST(what_a_vendor_sees),
	TEST(refusals),
	TEST(without_the_software_driver),
	TEST(algorithms_of_the_software_driver),
	TEST(registered_by_many_threads),
};

TAP_MAIN(tests)
