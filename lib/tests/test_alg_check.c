// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments that no driver is to see: a driver that takes everything says what came through. */
#include "alg_util.h"
#include "wd_aead.h"
#include "wd_cipher.h"
#include "wd_digest.h"
#include "wd_dma.h"

#define ROOM	(5U << 20)

static unsigned int seen;
static struct wd_alg_ctx ctx;
static struct wd_request req;
static uint8_t *mem, iv[16], tag[16], key[4097];
static struct wd_chan chan;

static int fake_init(struct wd_alg_ctx *c)
{
	c->ch = &chan;
	return 0;
}

static void fake_exit(struct wd_alg_ctx *c)
{
	wd_release_channel(c->ch);
	c->ch = NULL;
}

static int fake_set_key(struct wd_alg_ctx *c, const void *k, size_t len)
{
	(void)c;
	(void)k;
	(void)len;
	seen++;
	return 0;
}

static int fake_run(struct wd_alg_ctx *c, struct wd_request *r)
{
	(void)c;
	(void)r;
	seen++;
	return 0;
}

static int fake_submit(struct wd_alg_ctx *c, struct wd_request *const *reqs, unsigned int n)
{
	(void)c;
	(void)reqs;
	seen++;
	return (int)n;
}

static void fake_cancel(struct wd_alg_ctx *c)
{
	(void)c;
}

static const struct wd_alg_vendor fake = {
	.name = "takes all",
	.priority = 1000,
	.init = fake_init,
	.exit = fake_exit,
	.set_key = fake_set_key,
	.run = fake_run,
	.submit = fake_submit,
	.cancel = fake_cancel,
};

/* Does the request come through, or is it refused, by both calls? */
static bool good(void)
{
	struct wd_request *list = &req;

	seen = 0;
	return !wd_alg_run(&ctx, &req) && wd_alg_submit(&ctx, &list, 1) == 1 && seen == 2;
}

static bool bad(void)
{
	struct wd_request *list = &req;

	seen = 0;
	return wd_alg_run(&ctx, &req) == -EINVAL && wd_alg_submit(&ctx, &list, 1) == -EINVAL &&
	       !seen;
}

static bool start(const char *alg, size_t key_len)
{
	ctx = (struct wd_alg_ctx){ .alg = alg };
	return !wd_alg_init(&ctx) && (!key_len || !wd_alg_set_key(&ctx, key, key_len));
}

static int init_with(const char *alg, unsigned int tag_len, unsigned int flags)
{
	struct wd_alg_ctx c = { .alg = alg, .tag_len = tag_len, .flags = flags };
	int ret = wd_alg_init(&c);

	wd_alg_exit(&c);
	return ret;
}

static void contexts(void)
{
	static const char *const none[] = {
		"", "aes", "cbc(des)", "hmac(crc32)", "cbc(aes) ", "CBC(AES)", "deflat",
	};
	struct wd_chan closed = { 0 };
	struct wd_alg_ctx c = { .alg = "copy", .ch = &closed };

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		CHECK(init_with(none[i], 0, 0) == -EINVAL);
	CHECK(init_with(NULL, 0, 0) == -EINVAL);
	CHECK(init_with("copy", 0, 0) == 0);
	CHECK(init_with("copy", 0, 4) == -EINVAL);
	CHECK(init_with("copy", 0, WD_ALG_F_SOFTWARE | WD_ALG_F_DEVICE) == -EINVAL);
	CHECK(wd_alg_init(NULL) == -EINVAL);
	CHECK(wd_alg_init(&c) == -EINVAL);
	c = (struct wd_alg_ctx){ .alg = "copy" };
	wd_prep_copy(&req, mem, mem + 10, 10);
	CHECK(wd_alg_run(&c, &req) == -EINVAL);
	CHECK(wd_alg_set_key(&c, key, 16) == -EINVAL);
	CHECK(!strcmp(wd_alg_vendor_name(&c), "none"));
	wd_alg_exit(&c);
	wd_alg_exit(NULL);
	CHECK(!wd_alg_init(&c) && wd_alg_init(&c) == -EINVAL);
	CHECK(wd_alg_run(&c, NULL) == -EINVAL && wd_alg_run(NULL, &req) == -EINVAL);
	CHECK(wd_alg_submit(&c, NULL, 1) == -EINVAL);
	CHECK(wd_alg_submit(&c, (struct wd_request *[]){ &req }, 0) == -EINVAL);
	wd_alg_exit(&c);
}

static void tags(void)
{
	for (unsigned int n = 0; n <= 20; n++) {
		bool gcm = !n || n == 4 || n == 8 || (n >= 12 && n <= 16);
		bool ccm = !n || (n >= 4 && n <= 16 && n % 2 == 0);

		CHECK(init_with("gcm(aes)", n, 0) == (gcm ? 0 : -EINVAL));
		CHECK(init_with("ccm(aes)", n, 0) == (ccm ? 0 : -EINVAL));
		CHECK(init_with("rfc7539(chacha20,poly1305)", n, 0) ==
		      (!n || n == 16 ? 0 : -EINVAL));
		CHECK(init_with("cbc(aes)", n, 0) == (n ? -EINVAL : 0));
	}
}

/* Those of @lens are good, of all up to 65. */
static bool key_lengths(const char *alg, const size_t *lens, size_t n)
{
	REQUIRE(start(alg, 0));
	for (size_t len = 0; len <= 65; len++) {
		int want = -EINVAL;

		for (size_t i = 0; i < n; i++)
			if (lens[i] == len)
				want = 0;
		seen = 0;
		REQUIRE(wd_alg_set_key(&ctx, key, len) == want && seen == !want);
	}
	REQUIRE(wd_alg_set_key(&ctx, NULL, lens[0]) == -EINVAL);
	wd_alg_exit(&ctx);
	return true;
}

static void keys(void)
{
	CHECK(key_lengths("cbc(aes)", (size_t[]){ 16, 24, 32 }, 3));
	CHECK(key_lengths("gcm(aes)", (size_t[]){ 16, 24, 32 }, 3));
	CHECK(key_lengths("xts(aes)", (size_t[]){ 32, 64 }, 2));
	CHECK(key_lengths("cbc(sm4)", (size_t[]){ 16 }, 1));
	CHECK(key_lengths("xts(sm4)", (size_t[]){ 32 }, 1));
	CHECK(key_lengths("chacha20", (size_t[]){ 32 }, 1));
	CHECK(key_lengths("rfc7539(chacha20,poly1305)", (size_t[]){ 32 }, 1));

	CHECK(start("hmac(sm3)", 0));
	CHECK(wd_alg_set_key(&ctx, key, 0) == -EINVAL);
	CHECK(!wd_alg_set_key(&ctx, key, 1) && !wd_alg_set_key(&ctx, key, 4096));
	CHECK(wd_alg_set_key(&ctx, key, 4097) == -EINVAL);
	wd_alg_exit(&ctx);
	CHECK(start("sm3", 0) && wd_alg_set_key(&ctx, key, 16) == -EINVAL);
	wd_alg_exit(&ctx);
	CHECK(start("copy", 0) && wd_alg_set_key(&ctx, key, 16) == -EINVAL);
	wd_alg_exit(&ctx);

	/* Both halves equal. */
	CHECK(start("xts(aes)", 0));
	memcpy(key + 32, key, 32);
	CHECK(wd_alg_set_key(&ctx, key, 64) == -EINVAL);
	key[63] ^= 1;
	CHECK(!wd_alg_set_key(&ctx, key, 64));
	wd_alg_exit(&ctx);

	CHECK(start("cbc(aes)", 0));
	wd_prep_encrypt(&req, mem, mem, 16, iv);
	CHECK(wd_alg_run(&ctx, &req) == -ENOKEY);
	wd_alg_exit(&ctx);
}

static void operands(void)
{
	struct iovec parts[1025];

	for (int i = 0; i < 1025; i++)
		parts[i] = (struct iovec){ mem + 2 * i, 1 };
	CHECK(start("copy", 0));
	wd_prep_copy(&req, mem, NULL, 16);
	CHECK(bad());
	wd_prep_copy(&req, NULL, mem, 16);
	CHECK(bad());
	wd_prep_copy(&req, mem, mem, 0);
	CHECK(bad());
	wd_prep_copy(&req, mem, mem, 16);
	CHECK(good());
	req.dst.len = 15;
	CHECK(bad());

	wd_prep_copy(&req, mem, NULL, 1024);
	wd_set_iov(&req.src, parts, 1024);
	CHECK(good());
	req.dst.len = 1025;
	wd_set_iov(&req.src, parts, 1025);
	CHECK(bad());
	req.dst.len = 0;
	wd_set_iov(&req.src, parts, 0);
	CHECK(bad());
	req.dst.len = 4;
	wd_set_iov(&req.src, parts, 4);
	req.src.len = 5;			/* not their sum */
	CHECK(bad());
	req.src.len = 4;
	CHECK(good());
	parts[2].iov_base = NULL;
	CHECK(bad());
	parts[2].iov_len = 0;
	wd_set_iov(&req.src, parts, 4);
	req.dst.len = 3;
	CHECK(good());
	parts[0].iov_len = SIZE_MAX;
	parts[1].iov_len = 4;			/* 3, in the end */
	CHECK(bad());
	wd_prep_copy(&req, mem, mem, 4);
	req.src.iovcnt = 1;
	CHECK(bad());
	wd_alg_exit(&ctx);
}

static void ciphers(void)
{
	static const char *const whole[] = { "ecb(aes)", "cbc(aes)", "cbc(sm4)" };
	static const char *const any[] = { "ctr(aes)", "ctr(sm4)", "chacha20" };

	for (int i = 0; i < 3; i++) {
		uint8_t *v = i ? iv : NULL;

		CHECK(start(whole[i], 16));
		for (size_t len = 0; len < 50; len++) {
			wd_prep_encrypt(&req, mem, mem, len, v);
			CHECK(len && len % 16 == 0 ? good() : bad());
		}
		wd_prep_decrypt(&req, mem, mem, 16, i ? NULL : iv);
		CHECK(bad());
		wd_prep_decrypt(&req, mem, mem, 16, v);
		req.unit = 16;
		CHECK(bad());
		req.unit = 0;
		req.what = WD_DIGEST;
		CHECK(bad());
		req.what = 0;
		CHECK(bad());
		wd_alg_exit(&ctx);
		CHECK(start(any[i], i == 2 ? 32 : 16));
		for (size_t len = 0; len < 50; len++) {
			wd_prep_encrypt(&req, mem, mem, len, iv);
			CHECK(len ? good() : bad());
		}
		req.iv_len = 12;
		CHECK(bad());
		req.iv_len = 16;
		req.dst.len--;
		CHECK(bad());
		wd_alg_exit(&ctx);
	}
}

static bool unit(size_t len, size_t size)
{
	wd_prep_encrypt(&req, mem, mem, len, iv);
	req.unit = size;
	return good();
}

static void data_units(void)
{
	const size_t most = 4U << 20;

	CHECK(start("xts(aes)", 32));
	for (size_t len = 0; len < 50; len++)
		CHECK(unit(len, 0) == (len >= 16));
	CHECK(unit(most, 0) && !unit(most + 1, 0) && bad());
	CHECK(unit(most + 16, most) && !unit(most + 15, most) && !unit(most + 16, 2 * most));
	CHECK(unit(64, 16) && !unit(64, 8) && !unit(64, 24) && !unit(64, 48));
	CHECK(unit(512 + 16, 512) && !unit(512 + 15, 512) && unit(100, 512));
	CHECK(!unit(64, 1) && bad());
	wd_alg_exit(&ctx);
}

static void seal(size_t len, size_t nonce_len, size_t aad_len)
{
	wd_prep_seal(&req, mem, mem, len, iv, nonce_len, mem, aad_len, tag);
}

static void authenticated(void)
{
	const size_t most = (4U << 20) - 16;

	CHECK(start("gcm(aes)", 16));
	for (size_t n = 0; n <= 17; n++) {
		seal(10, n, 3);
		CHECK(n == 12 ? good() : bad());
	}
	seal(0, 12, 0);
	CHECK(good());
	seal(most, 12, 0);
	CHECK(good());
	seal(most + 1, 12, 0);
	CHECK(bad());
	seal(most, 12, 1);
	CHECK(bad());
	seal(0, 12, most + 1);
	CHECK(bad());
	seal(0, 12, SIZE_MAX);
	CHECK(bad());
	seal(5, 12, 5);
	req.tag = NULL;
	CHECK(bad());
	seal(5, 12, 5);
	req.iv = NULL;
	CHECK(bad());
	seal(5, 12, 5);
	req.aad.base = NULL;
	CHECK(bad());
	seal(5, 12, 5);
	req.dst.len = 21;
	CHECK(bad());
	seal(5, 12, 5);
	req.what = WD_COPY;
	CHECK(bad());
	wd_alg_exit(&ctx);

	CHECK(start("ccm(aes)", 16));
	for (size_t n = 0; n <= 17; n++) {
		seal(10, n, 3);
		CHECK(n >= 7 && n <= 13 ? good() : bad());
	}
	seal(0xffff, 13, 0);
	CHECK(good());
	seal(0x10000, 13, 0);
	CHECK(bad());
	seal(0x10000, 12, 0);
	CHECK(good());
	wd_alg_exit(&ctx);
}

static void digests(void)
{
	CHECK(start("sha384", 0));
	for (size_t room = 0; room < 60; room++) {
		wd_prep_digest(&req, mem, 100, mem, room);
		CHECK(room >= 48 ? good() : bad());
		wd_prep_digest_end(&req, mem, room);
		CHECK(room >= 48 ? good() : bad());
	}
	wd_prep_digest(&req, NULL, 0, mem, 48);
	CHECK(good());
	wd_prep_digest(&req, NULL, 1, mem, 48);
	CHECK(bad());
	wd_prep_digest(&req, mem, 1, NULL, 48);
	CHECK(bad());
	wd_prep_digest_update(&req, NULL, 0);
	CHECK(good());
	wd_prep_digest_update(&req, mem, 10);
	CHECK(good());
	req.dst.base = mem;
	req.dst.len = 48;
	CHECK(bad());
	wd_prep_digest_end(&req, mem, 48);
	req.src.base = mem;
	req.src.len = 1;
	CHECK(bad());
	req.what = WD_ENCRYPT;
	CHECK(bad());
	wd_alg_exit(&ctx);
	CHECK(start("crc64", 0));
	wd_prep_digest(&req, mem, 10, NULL, 0);
	CHECK(good());
	wd_prep_digest(&req, mem, 10, mem, 8);
	CHECK(bad());
	wd_prep_digest_end(&req, mem, 8);
	CHECK(bad());
	wd_alg_exit(&ctx);
	CHECK(!wd_digest_size("crc64") && !wd_digest_size("none") && !wd_digest_size(NULL));
	CHECK(wd_digest_size("hmac(sha224)") == 28);
}

static void moves(void)
{
	static const char *const algs[] = { "copy", "fill", "compare", "dualcast" };
	void *srcs[17];

	for (int i = 0; i < 4; i++) {
		CHECK(start(algs[i], 0));
		wd_prep_copy(&req, mem, mem, 8);
		CHECK(good());
		wd_prep_compare(&req, mem, mem, 8);
		CHECK(good());
		req.src.len = 7;
		CHECK(bad());
		wd_prep_compare(&req, mem, mem, 0);
		CHECK(bad());
		wd_prep_fill(&req, mem, 8, 1);
		CHECK(good());
		req.src = req.dst;
		CHECK(bad());
		wd_prep_fill(&req, mem, 0, 1);
		CHECK(bad());
		wd_prep_compare_fill(&req, mem, 9, 1);
		CHECK(good());
		req.dst = req.src;
		CHECK(bad());
		wd_prep_compare_fill(&req, mem, 0, 1);
		CHECK(bad());
		wd_prep_dualcast(&req, mem, mem + 10, mem + 20, 10);
		CHECK(good());
		req.dst2.len = 9;
		CHECK(bad());
		wd_prep_dualcast(&req, mem, NULL, mem + 20, 10);
		CHECK(bad());
		wd_prep_copy_crc(&req, mem, mem + 10, 10, 0);
		CHECK(bad());
		wd_alg_exit(&ctx);
	}
	CHECK(start("copy-crc32c", 0));
	wd_prep_copy_crc(&req, mem, mem + 10, 10, 0);
	CHECK(good());
	req.what = WD_COPY;
	CHECK(bad());
	wd_prep_copy_crc(&req, mem, mem + 10, 0, 0);
	CHECK(bad());
	wd_alg_exit(&ctx);

	for (int i = 0; i < 17; i++)
		srcs[i] = mem + 100 * i;
	CHECK(start("xor", 0));
	for (unsigned int n = 0; n <= 17; n++) {
		wd_prep_xor(&req, mem, srcs, n, 100);
		CHECK(n && n <= 16 ? good() : bad());
	}
	wd_prep_xor(&req, mem, srcs, 2, 0);
	CHECK(bad());
	wd_prep_xor(&req, mem, NULL, 2, 10);
	CHECK(bad());
	wd_prep_xor(&req, NULL, srcs, 2, 10);
	CHECK(bad());
	srcs[1] = NULL;
	wd_prep_xor(&req, mem, srcs, 2, 10);
	CHECK(bad());
	wd_prep_xor(&req, mem, srcs, 1, 10);
	CHECK(good());
	wd_alg_exit(&ctx);
}

static void protection(void)
{
	struct wd_dif dif = { .type = 1, .checks = 7, .block = 512 };

	CHECK(start("dif", 0));
	for (dif.type = 0; dif.type < 5; dif.type++) {
		wd_prep_dif_verify(&req, mem, 3, &dif);
		CHECK(dif.type >= 1 && dif.type <= 3 ? good() : bad());
	}
	dif.type = 1;
	for (dif.checks = 0; dif.checks < 17; dif.checks++) {
		wd_prep_dif_verify(&req, mem, 3, &dif);
		CHECK(dif.checks < 8 ? good() : bad());
	}
	dif.checks = 0;
	for (unsigned int size = 256; size <= 8192; size *= 2) {
		dif.block = size;
		wd_prep_dif_insert(&req, mem, mem + 100000, 2, &dif);
		CHECK(size == 512 || size == 4096 ? good() : bad());
	}
	dif.block = 512;
	wd_prep_dif_insert(&req, mem, mem + 10000, 0, &dif);
	CHECK(bad());
	wd_prep_dif_insert(&req, mem, mem + 10000, 2, &dif);
	req.src.len--;
	CHECK(bad());
	wd_prep_dif_insert(&req, mem, mem + 10000, 2, &dif);
	req.dst.len++;
	CHECK(bad());
	wd_prep_dif_strip(&req, mem, mem + 10000, 2, &dif);
	CHECK(good());
	req.dst.len += 512;
	CHECK(bad());
	wd_prep_dif_update(&req, mem, mem, 2, &dif);
	CHECK(good());
	req.dst.len -= 8;
	CHECK(bad());
	wd_prep_dif_verify(&req, mem, 2, &dif);
	req.dst.base = mem;
	req.dst.len = 8;
	CHECK(bad());
	wd_prep_dif_verify(&req, mem, 2, &dif);
	req.what = WD_XOR;
	CHECK(bad());
	wd_alg_exit(&ctx);

	CHECK(start("dix", 0));
	wd_prep_dix_generate(&req, mem, mem + 10000, 2, &dif);
	CHECK(good());
	req.meta.len = 15;
	CHECK(bad());
	wd_prep_dix_verify(&req, mem, mem + 10000, 2, &dif);
	CHECK(good());
	req.meta.base = NULL;
	CHECK(bad());
	wd_prep_dix_verify(&req, mem, NULL, 2, &dif);
	CHECK(bad());
	wd_alg_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(contexts),
	TEST(tags),
	TEST(keys),
	TEST(operands),
	TEST(ciphers),
	TEST(data_units),
	TEST(authenticated),
	TEST(digests),
	TEST(moves),
	TEST(protection),
};

int main(void)
{
	int ret;

	mem = must_alloc(ROOM);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	if (wd_alg_register(&fake))
		return EXIT_FAILURE;
	ret = tap_run(tests, sizeof(tests) / sizeof(*tests));
	free(mem);
	return ret;
}
