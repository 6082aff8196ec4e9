// SPDX-License-Identifier: GPL-2.0-or-later
/* Registration of vendor drivers of <wd_alg.h>, which one a context gets, shared channels. */
#include <sys/wait.h>
#include <unistd.h>

#include "alg.h"
#include "alg_util.h"
#include "comp.h"
#include "wd_cipher.h"
#include "wd_digest.h"
#include "wd_dma.h"

static int init_ret, inits, exits, cancels;

static int fake_init(struct wd_alg_ctx *ctx)
{
	inits++;
	return ctx->ch ? -ENODEV : init_ret;
}

static void fake_exit(struct wd_alg_ctx *ctx)
{
	(void)ctx;
	exits++;
}

static int fake_set_key(struct wd_alg_ctx *ctx, const void *key, size_t len)
{
	(void)ctx;
	(void)key;
	return len == 16 ? 0 : -ENOMEM;
}

static int fake_run(struct wd_alg_ctx *ctx, struct wd_request *req)
{
	(void)ctx;
	if (req->produced || req->result || req->wrong || req->fault_addr)
		return -EPROTO;
	req->result = 99;
	return -EFAULT;
}

static int fake_submit(struct wd_alg_ctx *ctx, struct wd_request *const *reqs, unsigned int n)
{
	(void)ctx;
	if (n < 2)
		return -EAGAIN;
	wd_request_done(ctx, reqs[0], 7);
	return 1;
}

static void fake_cancel(struct wd_alg_ctx *ctx)
{
	(void)ctx;
	cancels++;
}

static struct wd_alg_vendor fake(const char *name, int priority)
{
	return (struct wd_alg_vendor){
		.name = name,
		.priority = priority,
		.init = fake_init,
		.exit = fake_exit,
		.set_key = fake_set_key,
		.run = fake_run,
		.submit = fake_submit,
		.cancel = fake_cancel,
	};
}

static const char *chosen(void)
{
	struct wd_alg_ctx ctx = { .alg = "copy" };
	static char name[64];
	int ret = wd_alg_init(&ctx);

	snprintf(name, sizeof(name), "%s", ret ? "error" : wd_alg_vendor_name(&ctx));
	wd_alg_exit(&ctx);
	return name;
}

static void highest_priority_that_has_a_device(void)
{
	struct wd_alg_vendor a = fake("a", 500), b = fake("b", 600);

	init_ret = 0;
	CHECK(!wd_alg_register(&a));
	CHECK(!strcmp(chosen(), "a"));
	CHECK(!wd_alg_register(&b));
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
	CHECK(!wd_alg_unregister(&b));
	CHECK(!strcmp(chosen(), "a"));
	CHECK(!wd_alg_unregister(&a));
	CHECK(strcmp(chosen(), "a"));
}

static void what_a_vendor_sees(void)
{
	struct wd_alg_ctx ctx = { .alg = "cbc(aes)" };
	struct wd_alg_vendor a = fake("a", 500);
	uint8_t key[32] = { 1 }, data[16], iv[16];
	struct wd_request reqs[2], *list[] = { &reqs[0], &reqs[1] };

	CHECK(!wd_alg_register(&a));
	cancels = exits = 0;
	CHECK(!wd_alg_init(&ctx));
	CHECK(wd_alg_set_key(&ctx, key, 32) == -ENOMEM);
	wd_prep_encrypt(&reqs[0], data, data, 16, iv);
	CHECK(wd_alg_run(&ctx, &reqs[0]) == -ENOKEY);	/* that was none */
	CHECK(!wd_alg_set_key(&ctx, key, 16));
	for (int i = 0; i < 2; i++) {
		CHECK(wd_alg_run(&ctx, &reqs[0]) == -EFAULT);
		CHECK(reqs[0].ret == -EFAULT && reqs[0].result == 99);
	}
	reqs[1] = reqs[0];
	CHECK(wd_alg_submit(&ctx, list, 1) == -EAGAIN);
	CHECK(wd_alg_submit(&ctx, list, 2) == 1);
	CHECK(reqs[0].ret == 7 && reqs[1].ret == -EINPROGRESS);
	wd_alg_exit(&ctx);
	CHECK(cancels == 1 && exits == 1);
	CHECK(!wd_alg_unregister(&a));
}

static void refusals(void)
{
	struct wd_alg_vendor a = fake("a", 1), same = fake("a", 2), many[16];
	static char names[16][16];
	struct wd_alg_ctx ctx = { .alg = "xor" };
	int n;

	CHECK(wd_alg_register(NULL) == -EINVAL);
	CHECK(wd_alg_unregister(NULL) == -ENOENT);
	CHECK(wd_alg_unregister(&a) == -ENOENT);
	a.name = "";
	CHECK(wd_alg_register(&a) == -EINVAL);
	a = fake("a", 1000);
	a.cancel = NULL;
	CHECK(wd_alg_register(&a) == -EINVAL);
	a = fake("native", 1000);
	CHECK(wd_alg_register(&a) == -EEXIST);
	a = fake("a", 1000);
	CHECK(!wd_alg_register(&a));
	CHECK(wd_alg_register(&a) == -EEXIST);
	CHECK(wd_alg_register(&same) == -EEXIST);
	CHECK(!wd_alg_init(&ctx));
	CHECK(wd_alg_unregister(&a) == -EBUSY);
	wd_alg_exit(&ctx);
	CHECK(!wd_alg_unregister(&a));

	for (n = 0; n < 16; n++) {
		snprintf(names[n], sizeof(names[n]), "v%d", n);
		many[n] = fake(names[n], n);
		if (wd_alg_register(&many[n]))
			break;
	}
	CHECK(n == 14);
	while (n--)
		CHECK(!wd_alg_unregister(&many[n]));
}

static struct wd_alg_comp comp_vendor(void)
{
	struct wd_alg_comp v = wd_comp_software;

	v.name = "a";
	v.priority = 500;
	return v;
}

/* One registry has nothing to do with the other. */
static void two_registries(void)
{
	struct wd_alg_vendor a = fake("a", 500);
	struct wd_comp_ctx comp = { .alg_type = WD_GZIP };
	struct wd_alg_comp c = comp_vendor();

	CHECK(!wd_alg_comp_register(&c));
	CHECK(strcmp(chosen(), "a"));
	CHECK(wd_alg_unregister(&a) == -ENOENT);
	CHECK(!wd_alg_register(&a));
	CHECK(!strcmp(chosen(), "a"));
	CHECK(!wd_alg_comp_unregister(&c));
	CHECK(!strcmp(chosen(), "a"));
	CHECK(!wd_alg_comp_init(&comp) && strcmp(wd_comp_vendor_name(&comp), "a"));
	wd_alg_comp_exit(&comp);
	CHECK(!wd_alg_unregister(&a));
}

static void the_software_driver(void)
{
	struct wd_alg_ctx ctx = { .alg = "sha256", .flags = WD_ALG_F_SOFTWARE };
	struct wd_alg_vendor a = fake("a", 500);

	CHECK(!wd_alg_register(&a));
	CHECK(!wd_alg_init(&ctx));
	CHECK(!strcmp(wd_alg_vendor_name(&ctx), "software"));
	wd_alg_exit(&ctx);
	CHECK(!wd_alg_unregister(&wd_alg_software));
	CHECK(wd_alg_init(&ctx) == -ENODEV);
	CHECK(!wd_alg_register(&wd_alg_software));
	CHECK(!wd_alg_init(&ctx));
	wd_alg_exit(&ctx);
	CHECK(!wd_alg_unregister(&a));
}

static int comp_ret;

static void comp_done(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	(void)ctx;
	(void)arg;
	comp_ret = ret;
}

/* Whoever made it, all use it, and the last closes it. */
static bool share(bool comp_first)
{
	struct wd_comp_ctx comp = { .alg_type = WD_GZIP, .flags = WD_COMP_F_SOFTWARE };
	struct wd_alg_ctx sha = { .alg = "sha256", .flags = WD_ALG_F_SOFTWARE };
	struct wd_alg_ctx copy = { .alg = "copy" };
	unsigned char packed[64], out[32], to[3];
	struct wd_request reqs[2], *list[] = { &reqs[0], &reqs[1] };
	int ran = 0, n;

	if (comp_first) {
		REQUIRE(!wd_alg_comp_init(&comp));
		sha.ch = comp.ch;
		REQUIRE(!wd_alg_init(&sha));
	} else {
		REQUIRE(!wd_alg_init(&sha));
		comp.ch = sha.ch;
		REQUIRE(!wd_alg_comp_init(&comp));
	}
	copy.ch = sha.ch;
	REQUIRE(!wd_alg_init(&copy) && !strcmp(wd_alg_vendor_name(&copy), "software"));
	REQUIRE(comp.ch == sha.ch && copy.ch == sha.ch);

	comp_ret = -1;
	comp.out = packed;
	comp.out_len = sizeof(packed);
	wd_prep_digest(&reqs[0], "abc", 3, out, sizeof(out));
	wd_prep_copy(&reqs[1], to, "abc", 3);
	REQUIRE(!wd_alg_async_deflate(&comp, comp_done, NULL));
	REQUIRE(wd_alg_submit(&sha, list, 1) == 1 && wd_alg_submit(&copy, list + 1, 1) == 1);
	for (; ran < 3; ran += n) {
		n = wd_poll(sha.ch, 2, -1);
		REQUIRE(n > 0 && n <= 2);
	}
	REQUIRE(comp_ret == WD_STREAM_END && !reqs[0].ret && !reqs[1].ret);
	REQUIRE(out[0] == 0xba && !memcmp(to, "abc", 3));
	REQUIRE(wd_poll(sha.ch, 0, 0) == 0);
	wd_alg_exit(&sha);
	REQUIRE(!wd_alg_run(&copy, &reqs[1]));
	wd_alg_comp_exit(&comp);
	REQUIRE(!wd_alg_run(&copy, &reqs[1]));
	wd_alg_exit(&copy);
	REQUIRE(!copy.ch && !sha.ch && !comp.ch);
	return true;
}

static void a_channel_for_compression_and_others(void)
{
	CHECK(share(true));
	CHECK(share(false));
}

/* The count of wd_poll() is that of the requests. */
static void polls_are_counted(void)
{
	struct wd_alg_ctx ctx = { .alg = "copy", .flags = WD_ALG_F_SOFTWARE };
	struct wd_request reqs[10], *list[10];
	char from[10] = "123456789", to[10] = "";

	CHECK(!wd_alg_init(&ctx));
	for (int i = 0; i < 10; i++) {
		list[i] = &reqs[i];
		wd_prep_copy(&reqs[i], to + i, from + i, 1);
	}
	CHECK(wd_alg_submit(&ctx, list, 10) == 10 && !to[0]);
	CHECK(wd_poll(ctx.ch, 4, -1) == 4);
	CHECK(!reqs[3].ret && reqs[4].ret == -EINPROGRESS && !strcmp(to, "1234"));
	CHECK(wd_poll(ctx.ch, 0, -1) == 6 && !strcmp(to, from));
	CHECK(wd_poll(ctx.ch, 0, 0) == 0);
	CHECK(wd_alg_submit(&ctx, list, 5) == 5);
	wd_alg_exit(&ctx);
}

struct chain {
	struct wd_alg_ctx ctx;
	int left;
};

static void submit_again(struct wd_request *req)
{
	struct chain *chain = req->arg;

	if (--chain->left && wd_alg_submit(&chain->ctx, &req, 1) != 1)
		abort();
}

static void callbacks_submit(void)
{
	struct chain chain = { .ctx = { .alg = "fill", .flags = WD_ALG_F_SOFTWARE }, .left = 20 };
	struct wd_request req, *one = &req;
	uint8_t data[32];

	CHECK(!wd_alg_init(&chain.ctx));
	wd_prep_fill(&req, data, sizeof(data), 1);
	req.callback = submit_again;
	req.arg = &chain;
	CHECK(wd_alg_submit(&chain.ctx, &one, 1) == 1);
	for (int i = 20; i; i--) {
		CHECK(chain.left == i);
		CHECK(wd_poll(chain.ctx.ch, 0, -1) == 1);
	}
	CHECK(!chain.left && wd_poll(chain.ctx.ch, 0, 0) == 0);
	wd_alg_exit(&chain.ctx);
}

static void child_has_no_context(void)
{
	struct wd_alg_ctx ctx, other;
	struct wd_request req, *one = &req;
	char data[8];
	int status;
	pid_t pid;

	CHECK(!alg_open_keyed(&ctx, "hmac(sha1)", "key", 3));
	wd_prep_digest_update(&req, data, 0);
	CHECK(!wd_alg_run(&ctx, &req));
	pid = fork();
	if (!pid) {
		bool ok = wd_alg_run(&ctx, &req) == -EPERM &&
			  wd_alg_submit(&ctx, &one, 1) == -EPERM &&
			  wd_alg_set_key(&ctx, "new", 3) == -EPERM;

		other = (struct wd_alg_ctx){ .alg = "copy", .ch = ctx.ch };
		ok = ok && wd_alg_init(&other) == -EPERM;
		wd_alg_exit(&ctx);
		_exit(!ok);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK(!wd_alg_run(&ctx, &req));
	wd_alg_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(highest_priority_that_has_a_device),
	TEST(what_a_vendor_sees),
	TEST(refusals),
	TEST(two_registries),
	TEST(the_software_driver),
	TEST(a_channel_for_compression_and_others),
	TEST(polls_are_counted),
	TEST(callbacks_submit),
	TEST(child_has_no_context),
};

TAP_MAIN(tests)
