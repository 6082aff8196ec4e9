// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the native driver leaves to the software, against a ring without a device: a key that
 * the device did not take, messages that do not fit, streams that find no place.
 */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "drivers/accel_alg.h"
#include "drivers/ring_priv.h"
#include "rig_util.h"
#include "rounds.h"
#include "smm.h"
#include "wd_aead.h"
#include "wd_cipher.h"

#define POOL	(1UL << 20)
#define LEN	1000
#define MANY	40

/* A context on a rig; its device never answers, so that it must not be asked. */
struct bench {
	struct rig rig;
	struct wd_ring ring;
	struct wd_chan_status status;
	struct wd_cqe cq;
	struct wd_accel accel;
	struct accel_alg *ac;
	struct wd_alg_core core;
	struct wd_alg_ctx ctx;
};

static bool bench_open(struct bench *b, const char *alg, unsigned int flags)
{
	*b = (struct bench){ 0 };
	REQUIRE(rig_open(&b->rig, POOL, 64, 0));
	b->ring.layout.max_len = 1 << 26;
	b->ring.layout.cq_depth = 1;
	b->ring.status = &b->status;
	b->ring.cq = &b->cq;
	pthread_mutex_init(&b->ring.lock, NULL);
	wd_workq_init(&b->ring.done);
	b->accel.ch = &b->rig.ch;
	b->accel.ring = &b->ring;
	b->accel.pool = b->rig.pool;
	pthread_mutex_init(&b->accel.lock, NULL);
	b->core.info = wd_alg_find(alg);
	b->core.keyed = true;
	b->ctx = (struct wd_alg_ctx){
		.ch = &b->rig.ch, .alg = alg, .flags = flags, .lib = &b->core,
		.vendor = &wd_alg_native,
	};
	b->accel.users = 2;
	REQUIRE(!accel_alg_attach(&b->ctx, &b->accel));
	b->ac = b->ctx.private;
	return true;
}

static void bench_close(struct bench *b)
{
	wd_alg_native.cancel(&b->ctx);
	wd_alg_native.exit(&b->ctx);
	pthread_mutex_destroy(&b->accel.lock);
	wd_workq_destroy(&b->ring.done);
	pthread_mutex_destroy(&b->ring.lock);
	rig_close(&b->rig);
}

static bool is_ctr(const unsigned char *key, const unsigned char *in, const unsigned char *got,
		   size_t len)
{
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	unsigned char iv[16] = { 0 }, *want = malloc(len);
	int n;

	REQUIRE(evp && want && EVP_EncryptInit_ex(evp, EVP_aes_128_ctr(), NULL, key, iv) == 1 &&
		EVP_EncryptUpdate(evp, want, &n, in, (int)len) == 1);
	EVP_CIPHER_CTX_free(evp);
	REQUIRE(!memcmp(want, got, len));
	free(want);
	return true;
}

/* There are no key ids: each key is the software's, the second as the first. */
static void keys_that_the_device_has_not(void)
{
	unsigned char key[16] = { 1 }, in[LEN] = { 2 }, out[LEN], iv[16];
	struct wd_request req;
	struct bench b;

	CHECK(bench_open(&b, "ctr(aes)", 0));
	for (unsigned char i = 0; i < 3; i++) {
		struct wd_alg_stats stats;

		key[0] = i;
		CHECK(!wd_alg_set_key(&b.ctx, key, sizeof(key)));
		memset(iv, 0, sizeof(iv));
		wd_prep_encrypt(&req, in, out, LEN, iv);
		CHECK(!wd_alg_run(&b.ctx, &req) && req.produced == LEN);
		CHECK(is_ctr(key, in, out, LEN));
		CHECK(!wd_alg_get_stats(&b.ctx, &stats));
		CHECK(stats.requests == i + 1U && stats.software == i + 1U);
	}
	bench_close(&b);
}

static void a_device_or_nothing(void)
{
	unsigned char key[16] = { 1 }, *p = calloc(1, 2 * POOL), nonce[12] = { 0 }, tag[16];
	struct wd_request req, *r = &req;
	struct wd_alg_stats stats;
	struct bench b;

	CHECK(p && bench_open(&b, "gcm(aes)", WD_ALG_F_DEVICE));
	CHECK(wd_alg_set_key(&b.ctx, key, sizeof(key)) == -ENOMEM);
	CHECK(!b.ac->soft.key);
	b.ac->key = 5;
	wd_prep_seal(&req, p, p, 2 * POOL, nonce, 12, NULL, 0, tag);
	CHECK(wd_alg_run(&b.ctx, &req) == -ENOMEM);
	CHECK(wd_alg_submit(&b.ctx, &r, 1) == -ENOMEM);
	CHECK(!wd_alg_get_stats(&b.ctx, &stats) && !stats.software && !b.ac->soft.open);
	b.ac->key = -1;
	bench_close(&b);
	CHECK(bench_open(&b, "sha256", WD_ALG_F_DEVICE));
	wd_prep_digest_update(&req, p, 5);
	CHECK(wd_alg_run(&b.ctx, &req) == -ENOMEM);
	bench_close(&b);
	free(p);
}

static unsigned int told;

static void in_order(struct wd_request *req)
{
	told += *(unsigned int *)req->arg == told;
}

static void what_was_submitted_ends_in_order(void)
{
	unsigned char key[16] = { 7 }, in[LEN] = { 2 }, out[MANY][LEN], iv[MANY][16] = { { 0 } };
	struct wd_request req[MANY], *reqs[MANY];
	unsigned int nr[MANY];
	struct bench b;

	CHECK(bench_open(&b, "ctr(aes)", 0));
	CHECK(!wd_alg_set_key(&b.ctx, key, sizeof(key)));
	for (unsigned int i = 0; i < MANY; i++) {
		wd_prep_encrypt(&req[i], in, out[i], LEN, iv[i]);
		req[i].callback = in_order;
		req[i].arg = &nr[i];
		nr[i] = i;
		reqs[i] = &req[i];
	}
	told = 0;
	CHECK(wd_alg_submit(&b.ctx, reqs, MANY) == MANY && !told);
	CHECK(wd_alg_set_key(&b.ctx, key, sizeof(key)) == -EBUSY);
	CHECK(wd_ring_poll(&b.ring, 3, 0) == 3 && told == 3);
	while (told < MANY)
		CHECK(wd_ring_poll(&b.ring, 0, 0) > 0);
	for (unsigned int i = 0; i < MANY; i++)
		CHECK(!req[i].ret && is_ctr(key, in, out[i], LEN));
	/* Nobody is told of what is under way when it ends. */
	CHECK(wd_alg_submit(&b.ctx, reqs, MANY) == MANY);
	CHECK(wd_ring_poll(&b.ring, 1, 0) == 1);
	told = 0;
	bench_close(&b);
	CHECK(!told);
}

/* A channel that died has nobody who would run it. */
static void nothing_more_on_a_dead_channel(void)
{
	unsigned char key[16] = { 7 }, p[16] = { 2 }, iv[16] = { 0 };
	struct wd_request req, *r = &req;
	struct bench b;

	CHECK(bench_open(&b, "ctr(aes)", 0));
	CHECK(!wd_alg_set_key(&b.ctx, key, sizeof(key)));
	wd_prep_encrypt(&req, p, p, sizeof(p), iv);
	b.ring.err = -ENXIO;
	CHECK(wd_alg_submit(&b.ctx, &r, 1) == -ENXIO && !b.ac->active);
	bench_close(&b);
}

/* A stream without an id, of calls of both kinds. */
static void streams_without_a_place(void)
{
	unsigned char data[LEN], out[32], want[32];
	struct wd_request req[4], *r;
	struct bench b;

	for (size_t i = 0; i < LEN; i++)
		data[i] = (unsigned char)(i * i);
	CHECK(bench_open(&b, "sha256", 0));
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 3; i++) {
			wd_prep_digest_update(&req[i], data + i * 300, i < 2 ? 300 : LEN - 600);
			r = &req[i];
			CHECK(wd_alg_submit(&b.ctx, &r, 1) == 1);
			if (i == 1 && round)
				CHECK(wd_ring_poll(&b.ring, 0, 0) > 0);
		}
		/* It does not overtake what was submitted. */
		wd_prep_digest_end(&req[3], out, sizeof(out));
		CHECK(!wd_alg_run(&b.ctx, &req[3]) && req[3].produced == 32);
		CHECK(EVP_Digest(data, LEN, want, NULL, EVP_sha256(), NULL));
		CHECK(!memcmp(out, want, 32));
		while (wd_ring_poll(&b.ring, 0, 0) > 0)
			;
		for (unsigned int i = 0; i < 3; i++)
			CHECK(!req[i].ret);
	}
	bench_close(&b);
}

/* The device has the stream: memory that is missing then is no reason to begin again. */
static void a_stream_does_not_move(void)
{
	unsigned char data[LEN] = { 1 }, key[64] = { 1 };
	struct wd_request req, *r = &req;
	struct bench b;

	CHECK(bench_open(&b, "hmac(sha256)", 0));
	CHECK(!wd_alg_set_key(&b.ctx, key, sizeof(key)));
	b.ac->soft_key = false;
	b.ac->begun = true;
	b.ac->stream = 3;
	for (int i = 0; i < WD_ARENAS; i++)
		while (smm_alloc(b.rig.pool->arena[i].base, 64))
			;
	wd_prep_digest_update(&req, data, LEN);
	CHECK(wd_alg_run(&b.ctx, &req) == -ENOMEM);
	CHECK(wd_alg_submit(&b.ctx, &r, 1) == -ENOMEM);
	CHECK(b.ac->begun && !b.ac->in_soft && !b.ac->streamed);
	b.ac->stream = -1;
	bench_close(&b);
}

static void a_message_that_is_too_long(void)
{
	const size_t len = 2 * POOL;
	unsigned char key[16] = { 3 }, nonce[12] = { 4 }, tag[2][16], *want = malloc(len + 16);
	unsigned char *p = calloc(1, len);
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	struct wd_request req, *r = &req;
	struct bench b;
	int n;

	CHECK(p && want && evp && EVP_EncryptInit_ex(evp, EVP_aes_128_gcm(), NULL, key, nonce) &&
	      EVP_EncryptUpdate(evp, want, &n, p, (int)len) &&
	      EVP_EncryptFinal_ex(evp, want + len, &n) &&
	      EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, 16, tag[0]));
	EVP_CIPHER_CTX_free(evp);
	CHECK(bench_open(&b, "gcm(aes)", 0));
	CHECK(!wd_alg_set_key(&b.ctx, key, sizeof(key)));
	b.ac->soft_key = false;
	wd_prep_seal(&req, p, p, len, nonce, 12, NULL, 0, tag[1]);
	CHECK(!wd_alg_run(&b.ctx, &req));
	CHECK(!memcmp(p, want, len) && !memcmp(tag[0], tag[1], 16));
	tag[1][5] ^= 1;
	wd_prep_open(&req, p, p, len, nonce, 12, NULL, 0, tag[1]);
	CHECK(wd_alg_submit(&b.ctx, &r, 1) == 1);
	CHECK(wd_ring_poll(&b.ring, 0, 0) == 1);
	CHECK(req.ret == -EBADMSG && !memcmp(p, want, len));
	CHECK(b.core.software == 2 && b.core.requests == 2);
	bench_close(&b);
	free(p);
	free(want);
}

static void refuse(struct accel_request *r, size_t produced)
{
	r->piece = 0;
	r->req->produced = produced;
	r->ret = -ENOMEM;
}

/* What the device refused is done again, unless it may have begun. */
static void what_the_device_refused(void)
{
	unsigned char key[16] = { 1 }, p[LEN] = { 0 }, in[LEN] = { 0 }, iv[16] = { 0 };
	struct accel_request r = { 0 };
	struct wd_request req;
	struct bench b;

	CHECK(bench_open(&b, "ctr(aes)", 0));
	CHECK(!wd_alg_set_key(&b.ctx, key, sizeof(key)));
	r.ac = b.ac;
	wd_prep_encrypt(&req, p, p, LEN, iv);
	accel_request_reset(&r, &req);
	refuse(&r, 64);
	CHECK(!accel_soft_repeat(&r) && r.ret == -ENOMEM);
	refuse(&r, 0);
	r.ret = -EIO;
	CHECK(!accel_soft_repeat(&r) && r.ret == -EIO);
	refuse(&r, 0);
	CHECK(accel_soft_repeat(&r) && !r.ret && req.produced == LEN && is_ctr(key, in, p, LEN));
	bench_close(&b);
}

static const struct tap_test tests[] = {
	TEST(keys_that_the_device_has_not),
	TEST(a_device_or_nothing),
	TEST(what_was_submitted_ends_in_order),
	TEST(nothing_more_on_a_dead_channel),
	TEST(streams_without_a_place),
	TEST(a_stream_does_not_move),
	TEST(a_message_that_is_too_long),
	TEST(what_the_device_refused),
};

TAP_MAIN(tests)
