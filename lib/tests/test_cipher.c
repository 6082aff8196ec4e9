// SPDX-License-Identifier: GPL-2.0-or-later
/* Ciphers: known answers, and libcrypto's block cipher with the modes in plain C. */
#include <openssl/evp.h>

#include "alg_util.h"
#include "vectors.h"
#include "wd_cipher.h"

#define MAX	9000
#define BLOCK	16
#define BATCH	32

static void tell(const char *alg, const char *what)
{
	printf("# %s: %s\n", alg, what);
}

/* One block, with a key of @len bytes; dir 1: encrypt. */
static void ref_block(bool sm4, const uint8_t *key, size_t len, int dir, const uint8_t *in,
		      uint8_t *out)
{
	char name[16];
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	snprintf(name, sizeof(name), sm4 ? "SM4-ECB" : "AES-%zu-ECB", len * 8);
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	if (!c || !cipher || EVP_CipherInit_ex2(c, cipher, key, NULL, dir, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(c, 0) != 1 ||
	    EVP_CipherUpdate(c, out, &n, in, BLOCK) != 1 || n != BLOCK)
		exit(EXIT_FAILURE);
	EVP_CIPHER_CTX_free(c);
	EVP_CIPHER_free(cipher);
}

static void double_tweak(uint8_t *t)
{
	unsigned int carry = 0;

	for (int i = 0; i < BLOCK; i++) {
		unsigned int wide = (unsigned int)t[i] << 1 | carry;

		t[i] = (uint8_t)wide;
		carry = wide >> 8;
	}
	if (carry)
		t[0] ^= 0x87;
}

struct ref_xts {
	bool sm4;
	const uint8_t *key;
	size_t half;
	int dir;
};

static void xts_block(const struct ref_xts *x, const uint8_t *tweak, const uint8_t *in,
		      uint8_t *out)
{
	uint8_t block[BLOCK];

	for (int i = 0; i < BLOCK; i++)
		block[i] = in[i] ^ tweak[i];
	ref_block(x->sm4, x->key, x->half, x->dir, block, out);
	for (int i = 0; i < BLOCK; i++)
		out[i] ^= tweak[i];
}

/* A data unit as IEEE 1619, 5.3 and 5.4, with stealing. */
static void xts_unit(const struct ref_xts *x, const uint8_t *iv, const uint8_t *in,
		     uint8_t *out, size_t len)
{
	size_t rest = len % BLOCK, whole = len - rest, pos;
	uint8_t t[BLOCK], next[BLOCK], last[BLOCK], steal[BLOCK];

	ref_block(x->sm4, x->key + x->half, x->half, 1, iv, t);
	for (pos = 0; pos < whole - (rest ? BLOCK : 0); pos += BLOCK) {
		xts_block(x, t, in + pos, out + pos);
		double_tweak(t);
	}
	if (!rest)
		return;
	memcpy(next, t, BLOCK);
	double_tweak(next);
	xts_block(x, x->dir ? t : next, in + pos, last);
	memcpy(steal, last, BLOCK);
	memcpy(steal, in + pos + BLOCK, rest);
	memcpy(out + pos + BLOCK, last, rest);
	xts_block(x, x->dir ? next : t, steal, out + pos);
}

static void ref_xts(const struct ref_xts *x, const uint8_t *iv, size_t unit,
		    const uint8_t *in, uint8_t *out, size_t len)
{
	uint8_t tweak[BLOCK];
	size_t n;

	memcpy(tweak, iv, BLOCK);
	for (size_t pos = 0; pos < len; pos += n) {
		n = unit && len - pos > unit ? unit : len - pos;
		xts_unit(x, tweak, in + pos, out + pos, n);
		for (int i = 0; i < BLOCK && !++tweak[i]; i++)
			;
	}
}

static bool known_answer(const struct cipher_vector *v, bool async)
{
	uint8_t key[64], iv[16], plain[256], out[256], cipher[256];
	size_t key_len = unhex(key, v->key), len = unhex(plain, v->plain);
	struct wd_alg_ctx ctx;
	struct wd_request req;

	REQUIRE(unhex(cipher, v->cipher) == len);
	REQUIRE(!alg_open_keyed(&ctx, v->alg, key, key_len));
	unhex(iv, v->iv);
	wd_prep_encrypt(&req, plain, out, len, *v->iv ? iv : NULL);
	REQUIRE(!run_either(&ctx, &req, async) && req.produced == len);
	REQUIRE(!memcmp(out, cipher, len));

	unhex(iv, v->iv);
	wd_prep_decrypt(&req, out, out, len, *v->iv ? iv : NULL);
	REQUIRE(!run_either(&ctx, &req, async));
	REQUIRE(!memcmp(out, plain, len));
	wd_alg_exit(&ctx);
	return true;
}

static void known_answers(void)
{
	for (const struct cipher_vector *v = cipher_vectors; v->alg; v++) {
		bool ok = known_answer(v, false) && known_answer(v, true);

		if (!ok)
			tell(v->alg, v->source);
		CHECK(ok);
	}
}

static const struct {
	const char *alg;
	const char *ref;
	size_t key;
	size_t block;
	size_t goes_on;		/* a vector is handed on after multiples of it, 0: none is */
	size_t iv;
} modes[] = {
	{ "ecb(aes)", "AES-128-ECB", 16, 16, 16, 0 },
	{ "cbc(aes)", "AES-192-CBC", 24, 16, 16, 16 },
	{ "ctr(aes)", "AES-256-CTR", 32, 1, 16, 16 },
	{ "chacha20", "ChaCha20", 32, 1, 64, 16 },
	{ "cbc(sm4)", "SM4-CBC", 16, 16, 16, 16 },
	{ "ctr(sm4)", "SM4-CTR", 16, 1, 16, 16 },
	{ "xts(aes)", NULL, 32, 1, 0, 16 },
	{ "xts(aes)", NULL, 64, 1, 0, 16 },
	{ "xts(sm4)", NULL, 32, 1, 0, 16 },
};

#define MODES	(sizeof(modes) / sizeof(*modes))

static void reference(size_t m, int dir, const uint8_t *key, const uint8_t *iv, size_t unit,
		      const uint8_t *in, uint8_t *out, size_t len)
{
	const struct ref_xts x = { !!strstr(modes[m].alg, "sm4"), key, modes[m].key / 2, dir };
	EVP_CIPHER_CTX *c;
	EVP_CIPHER *cipher;
	int n;

	if (!modes[m].ref) {
		ref_xts(&x, iv, unit, in, out, len);
		return;
	}
	c = EVP_CIPHER_CTX_new();
	cipher = EVP_CIPHER_fetch(NULL, modes[m].ref, NULL);
	if (!c || !cipher || EVP_CipherInit_ex2(c, cipher, key, iv, dir, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(c, 0) != 1 ||
	    EVP_CipherUpdate(c, out, &n, in, (int)len) != 1 || (size_t)n != len)
		exit(EXIT_FAILURE);
	EVP_CIPHER_CTX_free(c);
	EVP_CIPHER_free(cipher);
}

/* Any length, place, number of parts and unit, in one request or in two. */
static bool random_request(struct wd_alg_ctx *ctx, size_t m, const uint8_t *key, uint32_t *seed)
{
	bool decrypt = next_random(seed) % 2, async = next_random(seed) % 2;
	bool in_place = next_random(seed) % 3 == 0, torn = next_random(seed) % 2;
	bool xts = !modes[m].ref;
	size_t len = 1 + next_random(seed) % (xts ? MAX / 4 : MAX), cut = 0, unit = 0;
	uint8_t *want = must_alloc(MAX), iv[16] = { 0 }, iv0[16];
	void (*prep)(struct wd_request *, const void *, void *, size_t, uint8_t *);
	struct area src, dst;
	struct wd_request req;

	prep = decrypt ? wd_prep_decrypt : wd_prep_encrypt;
	len -= len % modes[m].block;
	if (len < BLOCK)
		len = BLOCK;
	if (xts && next_random(seed) % 2)
		unit = 16U << next_random(seed) % 9;
	if (unit && len % unit && len % unit < BLOCK)
		len -= len % unit;
	area_make(&src, len, next_random(seed) % 17, torn, seed);
	area_make(&dst, len, next_random(seed) % 17, next_random(seed) % 2, seed);
	random_fill(iv, sizeof(iv), seed);
	iv[3] &= 0x7f;		/* ChaCha20's counter does not wrap: the next test */
	memcpy(iv0, iv, sizeof(iv));
	reference(m, !decrypt, key, iv, unit, src.p, want, len);

	/* Sometimes the first part on its own, and on from the vector that it left. */
	if (modes[m].goes_on && !torn && next_random(seed) % 2) {
		cut = next_random(seed) % (len + 1);
		cut -= cut % modes[m].goes_on;
	}
	if (cut && cut < len) {
		prep(&req, src.p, src.p, cut, modes[m].iv ? iv : NULL);
		REQUIRE(!run_either(ctx, &req, async) && req.produced == cut);
		REQUIRE(!memcmp(src.p, want, cut));
		prep(&req, src.p + cut, dst.p + cut, len - cut, modes[m].iv ? iv : NULL);
		REQUIRE(!run_either(ctx, &req, async));
		REQUIRE(!memcmp(dst.p + cut, want + cut, len - cut));
	} else {
		prep(&req, NULL, NULL, len, modes[m].iv ? iv : NULL);
		area_use(&req.src, &src);
		area_use(&req.dst, in_place ? &src : &dst);
		req.unit = unit;
		REQUIRE(!run_either(ctx, &req, async) && req.produced == len);
		REQUIRE(!memcmp(in_place ? src.p : dst.p, want, len));
		REQUIRE(!xts || !memcmp(iv, iv0, sizeof(iv)));
	}
	area_free(&src);
	area_free(&dst);
	free(want);
	return true;
}

static void against_libcrypto(void)
{
	uint32_t seed = 77;

	for (size_t m = 0; m < MODES; m++) {
		struct wd_alg_ctx ctx;
		uint8_t key[64];
		bool ok = true;

		random_fill(key, sizeof(key), &seed);
		CHECK(!alg_open_keyed(&ctx, modes[m].alg, key, modes[m].key));
		/* The plain C of XTS sets up a key for each block. */
		for (int i = 0; i < rounds(modes[m].ref ? 120 : 24) && ok; i++)
			ok = random_request(&ctx, m, key, &seed);
		if (!ok)
			tell(modes[m].alg, "random data");
		CHECK(ok);
		wd_alg_exit(&ctx);
	}
}

/* The counter has 32 bits and the nonce is not part of it: RFC 8439, 2.3. */
static void chacha20_counter_wraps(void)
{
	uint8_t key[32] = { 1, 2, 3 }, data[256] = { 0 }, a[256], b[256];
	uint8_t iv[16] = { 0xfe, 0xff, 0xff, 0xff, 9 }, zero[16] = { 0, 0, 0, 0, 9 };
	struct wd_alg_ctx ctx;
	struct wd_request req;

	CHECK(!alg_open_keyed(&ctx, "chacha20", key, sizeof(key)));
	wd_prep_encrypt(&req, data, a, sizeof(data), iv);
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(iv[0] == 2 && !iv[1] && !iv[2] && !iv[3] && iv[4] == 9);
	wd_prep_encrypt(&req, data, b, 128, zero);
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(!memcmp(a + 128, b, 128));
	wd_alg_exit(&ctx);
}

/* The tweak of a unit is a number of 128 bits. */
static void xts_tweak_carries(void)
{
	uint8_t key[32] = { 1, 2, 3 }, data[64] = { 7 }, out[64], want[64];
	uint8_t iv[16];
	const struct ref_xts x = { false, key, 16, 1 };
	struct wd_alg_ctx ctx;
	struct wd_request req;

	memset(iv, 0xff, sizeof(iv));
	iv[12] = 0xfe;
	CHECK(!alg_open_keyed(&ctx, "xts(aes)", key, sizeof(key)));
	for (int i = 0; i < 2; i++) {
		ref_xts(&x, iv, 16, data, want, sizeof(data));
		wd_prep_encrypt(&req, data, out, sizeof(data), iv);
		req.unit = 16;
		CHECK(!wd_alg_run(&ctx, &req));
		CHECK(!memcmp(out, want, sizeof(out)));
		iv[12] = 0xff;
	}
	wd_alg_exit(&ctx);
}

static void keys(void)
{
	uint8_t key[32] = { 5 }, other[32] = { 6 }, data[16] = { 0 }, a[16], b[16];
	struct wd_request req, *one = &req;
	struct wd_alg_ctx ctx;

	CHECK(!alg_open(&ctx, "ecb(aes)"));
	wd_prep_encrypt(&req, data, a, sizeof(data), NULL);
	CHECK(wd_alg_run(&ctx, &req) == -ENOKEY);
	CHECK(wd_alg_submit(&ctx, &one, 1) == -ENOKEY);
	CHECK(!wd_alg_set_key(&ctx, key, 16));
	CHECK(!wd_alg_run(&ctx, &req));
	CHECK(!wd_alg_set_key(&ctx, other, 32));
	CHECK(wd_alg_set_key(&ctx, other, 31) == -EINVAL);
	CHECK(!wd_alg_run(&ctx, &req));
	reference(0, 1, key, NULL, 0, data, b, sizeof(data));
	CHECK(memcmp(a, b, sizeof(a)));
	ref_block(false, other, 32, 1, data, b);
	CHECK(!memcmp(a, b, sizeof(a)));
	CHECK(!wd_alg_set_key(&ctx, key, 16));
	CHECK(!wd_alg_run(&ctx, &req));
	reference(0, 1, key, NULL, 0, data, b, sizeof(data));
	CHECK(!memcmp(a, b, sizeof(a)));

	CHECK(wd_alg_submit(&ctx, &one, 1) == 1);
	CHECK(wd_alg_set_key(&ctx, other, 32) == -EBUSY);
	CHECK(!wait_for(&ctx, &req));
	CHECK(!wd_alg_set_key(&ctx, other, 32));
	wd_alg_exit(&ctx);
}

static unsigned int order[2 * BATCH], ended;

static void note_order(struct wd_request *req)
{
	order[ended++] = *(unsigned int *)req->arg;
}

static void a_batch_ends_in_order(void)
{
	struct wd_request reqs[BATCH], *list[BATCH];
	uint8_t key[16] = { 3 }, data[BATCH][64], iv[BATCH][16], want[64];
	unsigned int nr[BATCH];
	struct wd_alg_ctx ctx;

	memset(iv, 0, sizeof(iv));
	CHECK(!alg_open_keyed(&ctx, "ctr(aes)", key, sizeof(key)));
	for (unsigned int i = 0; i < BATCH; i++) {
		memset(data[i], (int)i, sizeof(data[i]));
		wd_prep_encrypt(&reqs[i], data[i], data[i], sizeof(data[i]), iv[i]);
		nr[i] = i;
		reqs[i].arg = &nr[i];
		reqs[i].callback = note_order;
		list[i] = &reqs[i];
	}
	ended = 0;
	CHECK(!submit_all(&ctx, list, BATCH));
	while (ended < BATCH)
		CHECK(wd_poll(ctx.ch, 5, -1) >= 0);
	CHECK(wd_poll(ctx.ch, 0, 0) == 0 && ended == BATCH);
	for (unsigned int i = 0; i < BATCH; i++) {
		CHECK(order[i] == i && !reqs[i].ret);
		reqs[0].iv = memset(iv[0], 0, sizeof(iv[0]));
		memset(want, (int)i, sizeof(want));
		wd_prep_encrypt(&reqs[0], want, want, sizeof(want), iv[0]);
		CHECK(!wd_alg_run(&ctx, &reqs[0]));
		CHECK(!memcmp(data[i], want, sizeof(want)));
	}

	/* A bad one ends the batch in front of it. */
	wd_prep_encrypt(&reqs[0], data[0], data[0], 64, iv[0]);
	wd_prep_encrypt(&reqs[1], data[1], data[1], 0, iv[1]);
	CHECK(wd_alg_submit(&ctx, list, 2) == 1);
	CHECK(!wait_for(&ctx, &reqs[0]));
	CHECK(wd_alg_submit(&ctx, list + 1, 1) == -EINVAL);
	wd_alg_exit(&ctx);
}

static bool thread_work(void *arg, unsigned int nr)
{
	static const uint8_t key[16] = { 8 };
	struct wd_alg_ctx *ctx = arg;
	uint8_t data[1000], out[1000], want[1000], iv[16], iv0[16];
	uint32_t seed = nr + 1;
	struct wd_request req;

	for (int i = 0; i < rounds(200); i++) {
		size_t len = 1 + next_random(&seed) % sizeof(data);
		EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
		int n;

		random_fill(data, len, &seed);
		random_fill(iv, sizeof(iv), &seed);
		memcpy(iv0, iv, sizeof(iv));
		wd_prep_encrypt(&req, data, out, len, iv);
		REQUIRE(!run_either(ctx, &req, i % 2));
		REQUIRE(c && EVP_EncryptInit_ex(c, EVP_aes_128_ctr(), NULL, key, iv0) == 1 &&
			EVP_EncryptUpdate(c, want, &n, data, (int)len) == 1);
		EVP_CIPHER_CTX_free(c);
		REQUIRE(!memcmp(out, want, len));
	}
	return true;
}

static void threads_on_one_context(void)
{
	uint8_t key[16] = { 8 };
	struct wd_alg_ctx ctx;

	CHECK(!alg_open_keyed(&ctx, "ctr(aes)", key, sizeof(key)));
	CHECK(in_threads(thread_work, &ctx));
	CHECK(!wd_async_thread_start(ctx.ch));
	CHECK(in_threads(thread_work, &ctx));
	wd_alg_exit(&ctx);
}

static void exit_cancels(void)
{
	static uint8_t data[BATCH][4096];
	struct wd_request reqs[BATCH], *list[BATCH];
	uint8_t key[16] = { 3 };
	struct wd_alg_ctx ctx, other;

	for (unsigned int i = 0; i < BATCH; i++)
		list[i] = &reqs[i];
	for (int round = 0; round < rounds(40); round++) {
		CHECK(!alg_open_keyed(&ctx, "ecb(aes)", key, sizeof(key)));
		other = (struct wd_alg_ctx){ .alg = "ecb(aes)", .ch = ctx.ch, .flags = ctx.flags };
		CHECK(!wd_alg_init(&other));
		CHECK(!wd_alg_set_key(&other, key, sizeof(key)));
		for (unsigned int i = 0; i < BATCH; i++)
			wd_prep_encrypt(&reqs[i], data[i], data[i], sizeof(data[i]), NULL);
		if (round % 2)
			CHECK(!wd_async_thread_start(ctx.ch));
		CHECK(!submit_all(&ctx, list, BATCH / 2));
		CHECK(!submit_all(&other, list + BATCH / 2, BATCH / 2));
		wd_alg_exit(&ctx);
		CHECK(!wait_for(&other, &reqs[BATCH - 1]));
		wd_alg_exit(&other);
	}
}

static const struct tap_test tests[] = {
	TEST(known_answers),
	TEST(against_libcrypto),
	TEST(chacha20_counter_wraps),
	TEST(xts_tweak_carries),
	TEST(keys),
	TEST(a_batch_ends_in_order),
	TEST(threads_on_one_context),
	TEST(exit_cancels),
};

TAP_MAIN(tests)
