// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests on a device of any mode, WD_MODE says which: what the software driver has not.
 * Skipped where there is no device.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/evp.h>

#include "rounds.h"
#include "stats_util.h"
#include "tap.h"
#include "wd_aead.h"
#include "wd_cipher.h"
#include "wd_digest.h"
#include "wd_dma.h"

#define MAX	(1UL << 20)
#define BATCH	32
#define IDS	1000	/* more than any device has */

static bool copies(const struct wd_alg_ctx *ctx)
{
	return ctx->ch->dev_info->iommu_type != WD_IOMMU_SVA;
}

/* A context on the device; skips the test where there is none. */
static bool open_ctx_flags(struct wd_alg_ctx *ctx, const char *alg, struct wd_chan *ch,
			   unsigned int flags)
{
	*ctx = (struct wd_alg_ctx){ .alg = alg, .ch = ch, .flags = flags };
	if (!getenv("WD_TEST_DEVICE")) {
		tap_skipped = "no device";
		return false;
	}
	if (wd_alg_init(ctx)) {
		tap_skipped = "no device, and no driver";
		return false;
	}
	if (!strcmp(wd_alg_vendor_name(ctx), "native"))
		return true;
	wd_alg_exit(ctx);
	tap_skipped = "no device";
	return false;
}

static bool open_ctx(struct wd_alg_ctx *ctx, const char *alg, struct wd_chan *ch)
{
	return open_ctx_flags(ctx, alg, ch, 0);
}

static unsigned char *random_data(size_t len, uint32_t seed)
{
	unsigned char *p = malloc(len);

	if (!p)
		exit(EXIT_FAILURE);
	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)next_random(&seed);
	return p;
}

static bool sha256_is(const unsigned char *p, size_t len, const unsigned char *got)
{
	unsigned char want[32];

	return EVP_Digest(p, len, want, NULL, EVP_sha256(), NULL) && !memcmp(want, got, 32);
}

/* Is it in one piece for the device? */
static bool crosses(struct wd_chan *ch, unsigned char *va, size_t len)
{
	char *first = wd_get_pa_from_va(ch, va);

	for (size_t i = 0; i < len; i += 4096)
		if ((char *)wd_get_pa_from_va(ch, va + i) != first + i)
			return true;
	return false;
}

static void only_what_is_not_reached_is_copied(void)
{
	unsigned char *data = random_data(MAX, 1), *res;
	struct wd_mem_stats stats = { 0 }, did;
	struct wd_alg_ctx ctx;
	struct wd_request req;

	if (!open_ctx(&ctx, "copy", NULL)) {
		free(data);
		return;
	}
	res = wd_reserve_mem(ctx.ch, 4 * MAX);
	CHECK(res);
	since(ctx.ch, &stats);
	wd_prep_copy(&req, res + 3, data, MAX);
	CHECK(!wd_alg_run(&ctx, &req) && req.produced == MAX && !memcmp(res + 3, data, MAX));
	did = since(ctx.ch, &stats);
	CHECK(did.requests == 1 && !did.bounced_out);
	CHECK(did.bounced_in == (copies(&ctx) ? MAX : 0));
	CHECK(did.direct_bytes == 2 * MAX - did.bounced_in);

	wd_prep_copy(&req, res + 2 * MAX + 1, res + 3, MAX);
	CHECK(!wd_alg_run(&ctx, &req) && !memcmp(res + 2 * MAX + 1, data, MAX));
	did = since(ctx.ch, &stats);
	CHECK(!did.bounced_in && !did.bounced_out && did.direct_bytes == 2 * MAX);
	CHECK(did.sgl_requests == (crosses(ctx.ch, res + 3, MAX) ||
				   crosses(ctx.ch, res + 2 * MAX + 1, MAX)));

	memset(data, 0, MAX);
	wd_prep_copy(&req, data, res + 3, MAX);
	CHECK(!wd_alg_run(&ctx, &req) && !memcmp(res + 3, data, MAX));
	did = since(ctx.ch, &stats);
	CHECK(!did.bounced_in && did.bounced_out == (copies(&ctx) ? MAX : 0));
	wd_alg_exit(&ctx);
	free(data);
}

static struct wd_alg_stats stats_of(struct wd_alg_ctx *ctx)
{
	struct wd_alg_stats stats = { 0 };

	if (wd_alg_get_stats(ctx, &stats))
		exit(EXIT_FAILURE);
	return stats;
}

/* Does the context encrypt with the key that is all @value? */
static bool has_key(struct wd_alg_ctx *ctx, int value)
{
	uint8_t key[32], iv[16] = { 1 }, in[64] = { 2 }, out[64], want[64];
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	struct wd_request req;
	int len;

	memset(key, value, sizeof(key));
	REQUIRE(evp && EVP_EncryptInit_ex(evp, EVP_aes_256_cbc(), NULL, key, iv) &&
		EVP_EncryptUpdate(evp, want, &len, in, sizeof(in)));
	EVP_CIPHER_CTX_free(evp);
	wd_prep_encrypt(&req, in, out, sizeof(in), iv);
	REQUIRE(!wd_alg_run(ctx, &req) && !memcmp(out, want, sizeof(out)));
	return !memcmp(iv, out + 48, 16);
}

static int set_key(struct wd_alg_ctx *ctx, int value)
{
	uint8_t key[32];

	memset(key, value, sizeof(key));
	return wd_alg_set_key(ctx, key, sizeof(key));
}

/*
 * Every id can be had, none twice, and one that was given back again. Those for which there is
 * none go on in software.
 */
static void keys_run_out(void)
{
	static struct wd_alg_ctx ctx[IDS];
	struct wd_alg_ctx more[BATCH];
	unsigned int n;
	int ret = 0;

	for (n = 0; n < IDS && !ret; n += !ret) {
		if (!open_ctx_flags(&ctx[n], "cbc(aes)", n ? ctx[0].ch : NULL, WD_ALG_F_DEVICE))
			return;
		ret = set_key(&ctx[n], (int)n);
	}
	CHECK(ret == -ENOMEM && n > 1);
	for (unsigned int i = 0; i < BATCH; i++) {
		CHECK(open_ctx(&more[i], "cbc(aes)", ctx[0].ch));
		CHECK(!set_key(&more[i], 200 + (int)i));
	}
	/* Each context has the key that it was given. */
	for (unsigned int i = 0; i < n; i++) {
		CHECK(has_key(&ctx[i], (int)i));
		CHECK(stats_of(&ctx[i]).requests == 1 && !stats_of(&ctx[i]).software);
	}
	for (unsigned int i = 0; i < BATCH; i++)
		CHECK(has_key(&more[i], 200 + (int)i) && stats_of(&more[i]).software == 1);
	wd_alg_exit(&ctx[1]);
	CHECK(!set_key(&more[0], 3) && has_key(&more[0], 3));
	CHECK(stats_of(&more[0]).requests == 2 && stats_of(&more[0]).software == 1);
	wd_alg_exit(&more[0]);
	CHECK(!set_key(&ctx[n], 4) && has_key(&ctx[n], 4));
	for (unsigned int i = 1; i < BATCH; i++)
		wd_alg_exit(&more[i]);
	for (unsigned int i = n; i; i--)
		wd_alg_exit(&ctx[i]);
	wd_alg_exit(&ctx[0]);
}

/* Streams begun in software, while others are on the device; their turn comes as well. */
static bool streams_in_software(struct wd_chan *ch, const unsigned char *data)
{
	struct wd_alg_ctx ctx[4];
	unsigned char out[32];
	struct wd_request req, *r = &req;

	for (unsigned int i = 0; i < 4; i++) {
		REQUIRE(open_ctx(&ctx[i], "sha256", ch));
		wd_prep_digest_update(&req, data, 500 + i);
		REQUIRE(!wd_alg_run(&ctx[i], &req));
	}
	for (unsigned int i = 0; i < 4; i++) {
		wd_prep_digest_update(&req, data + 500 + i, 100);
		REQUIRE(wd_alg_submit(&ctx[i], &r, 1) == 1);
		while (__atomic_load_n(&req.ret, __ATOMIC_ACQUIRE) == -EINPROGRESS)
			REQUIRE(wd_poll(ch, 0, 1000) >= 0);
		wd_prep_digest_end(&req, out, sizeof(out));
		REQUIRE(!wd_alg_run(&ctx[i], &req) && sha256_is(data, 600 + i, out));
		REQUIRE(stats_of(&ctx[i]).software == 3);
		/* What needs no stream is the device's. */
		wd_prep_digest(&req, data, 50, out, sizeof(out));
		REQUIRE(!wd_alg_run(&ctx[i], &req) && sha256_is(data, 50, out));
		REQUIRE(stats_of(&ctx[i]).requests == 4 && stats_of(&ctx[i]).software == 3);
		wd_alg_exit(&ctx[i]);
	}
	return true;
}

static void streams_run_out(void)
{
	static struct wd_alg_ctx ctx[IDS];
	unsigned char *data = random_data(1000, 4), out[32];
	struct wd_request req;
	unsigned int n;
	int ret = 0;

	for (n = 0; n < IDS && !ret; n += !ret) {
		if (!open_ctx_flags(&ctx[n], "sha256", n ? ctx[0].ch : NULL, WD_ALG_F_DEVICE)) {
			free(data);
			return;
		}
		wd_prep_digest_update(&req, data, n);
		ret = wd_alg_run(&ctx[n], &req);
	}
	CHECK(ret == -ENOMEM && n > 1 && n <= 1000);
	CHECK(streams_in_software(ctx[0].ch, data));
	for (unsigned int i = 0; i < n; i++) {
		wd_prep_digest_end(&req, out, sizeof(out));
		CHECK(!wd_alg_run(&ctx[i], &req) && sha256_is(data, i, out));
	}
	wd_prep_digest_update(&req, data, 7);
	CHECK(!wd_alg_run(&ctx[n], &req));
	for (unsigned int i = n + 1; i; i--)
		wd_alg_exit(&ctx[i - 1]);
	free(data);
}

static unsigned int ended;

static void note_order(struct wd_request *req)
{
	if (*(unsigned int *)req->arg == ended)
		ended++;
}

/* Long ones are done in pieces, and yet they end in order. */
static void a_batch_of_all_lengths(void)
{
	unsigned char *data = random_data(MAX, 2), *out = malloc(BATCH * 32);
	struct wd_request req[BATCH], *reqs[BATCH];
	unsigned int nr[BATCH], done = 0;
	struct wd_alg_ctx ctx;
	int ret;

	CHECK(out);
	if (!open_ctx(&ctx, "sha256", NULL))
		goto out;
	for (unsigned int i = 0; i < BATCH; i++) {
		wd_prep_digest(&req[i], data, i % 4 ? i : MAX / (i + 1), out + i * 32, 32);
		req[i].callback = note_order;
		req[i].arg = &nr[i];
		nr[i] = i;
		reqs[i] = &req[i];
	}
	ended = 0;
	while (done < BATCH || ended < BATCH) {
		ret = done < BATCH ? wd_alg_submit(&ctx, reqs + done, BATCH - done) : -EAGAIN;
		CHECK(ret > 0 || ret == -EAGAIN);
		done += ret > 0 ? (unsigned int)ret : 0;
		CHECK(wd_poll(ctx.ch, 0, 1000) >= 0);
	}
	for (unsigned int i = 0; i < BATCH; i++)
		CHECK(!req[i].ret && sha256_is(data, req[i].src.len, out + i * 32));
	wd_alg_exit(&ctx);
out:
	free(data);
	free(out);
}

static void short_ones_with_one_call(void)
{
	unsigned char in[BATCH][64], out[BATCH][64];
	struct wd_request req[BATCH], *reqs[BATCH];
	unsigned int nr[BATCH];
	struct wd_alg_ctx ctx;

	if (!open_ctx(&ctx, "copy", NULL))
		return;
	ended = 0;
	for (unsigned int i = 0; i < BATCH; i++) {
		memset(in[i], (int)i + 1, 64);
		wd_prep_copy(&req[i], out[i], in[i], 64);
		req[i].callback = note_order;
		req[i].arg = &nr[i];
		nr[i] = i;
		reqs[i] = &req[i];
	}
	CHECK(wd_alg_submit(&ctx, reqs, BATCH) == BATCH);
	while (ended < BATCH)
		CHECK(wd_poll(ctx.ch, 0, 1000) >= 0);
	CHECK(!memcmp(in, out, sizeof(in)));
	wd_alg_exit(&ctx);
}

/* Parts of a stream that are in one piece and in many, each as soon as it is accepted. */
static void a_stream_in_order(void)
{
	static const size_t parts[] = { 100, 400000, 3, 0, 300001, 5 };
	enum { PARTS = sizeof(parts) / sizeof(*parts) };
	unsigned char *data = random_data(MAX, 3), out[32];
	struct wd_request req[PARTS + 1], *r;
	struct wd_alg_ctx ctx;
	size_t len = 0;
	int ret;

	if (!open_ctx(&ctx, "sha256", NULL)) {
		free(data);
		return;
	}
	for (size_t i = 0; i <= PARTS; i++) {
		r = &req[i];
		if (i < PARTS)
			wd_prep_digest_update(r, data + len, parts[i]);
		else
			wd_prep_digest_end(r, out, sizeof(out));
		len += i < PARTS ? parts[i] : 0;
		while ((ret = wd_alg_submit(&ctx, &r, 1)) == -EAGAIN)
			CHECK(wd_poll(ctx.ch, 0, 1000) >= 0);
		CHECK(ret == 1);
	}
	while (__atomic_load_n(&req[PARTS].ret, __ATOMIC_ACQUIRE) == -EINPROGRESS)
		CHECK(wd_poll(ctx.ch, 0, 1000) >= 0);
	for (size_t i = 0; i <= PARTS; i++)
		CHECK(!req[i].ret);
	CHECK(sha256_is(data, len, out));
	/* The one that waits does so for those before it. */
	wd_prep_digest_update(&req[0], data, MAX);
	r = &req[0];
	CHECK(wd_alg_submit(&ctx, &r, 1) == 1);
	wd_prep_digest_end(&req[1], out, sizeof(out));
	CHECK(!wd_alg_run(&ctx, &req[1]) && sha256_is(data, MAX, out));
	wd_alg_exit(&ctx);
	free(data);
}

static void an_exit_with_requests_under_way(void)
{
	unsigned char *data = random_data(MAX, 3), out[BATCH][32];
	struct wd_request req[BATCH], *r;
	struct wd_alg_ctx first, ctx;

	if (!open_ctx(&first, "sha256", NULL)) {
		free(data);
		return;
	}
	CHECK(open_ctx(&ctx, "sha256", first.ch));
	ended = 0;
	for (unsigned int i = 0; i < BATCH; i++) {
		wd_prep_digest(&req[i], data, MAX - i, out[i], 32);
		req[i].callback = note_order;
		req[i].arg = &ended;
		r = &req[i];
		if (wd_alg_submit(&ctx, &r, 1) != 1)
			break;
	}
	wd_alg_exit(&ctx);
	CHECK(wd_poll(first.ch, 0, 0) >= 0 && !ended);
	wd_prep_digest(&req[0], data, MAX, out[0], 32);
	CHECK(!wd_alg_run(&first, &req[0]) && sha256_is(data, MAX, out[0]));
	wd_alg_exit(&first);
	free(data);
}

static void bad_addresses(void)
{
	unsigned char *p = mmap(NULL, MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				-1, 0), *hole = p + MAX / 2;
	struct wd_request req, *r = &req;
	struct wd_alg_ctx ctx;
	unsigned char out[32];

	CHECK(p != MAP_FAILED && !mprotect(hole, 4096, PROT_NONE));
	if (!open_ctx(&ctx, "sha256", NULL)) {
		munmap(p, MAX);
		return;
	}
	wd_prep_digest(&req, p, MAX, out, 32);
	CHECK(wd_alg_run(&ctx, &req) == -EFAULT && req.fault_addr == hole);
	wd_prep_digest(&req, hole, 4, out, 32);
	CHECK(wd_alg_run(&ctx, &req) == -EFAULT && req.fault_addr == hole);
	wd_prep_digest(&req, hole, 4, out, 32);
	CHECK(wd_alg_submit(&ctx, &r, 1) == 1);
	while (__atomic_load_n(&req.ret, __ATOMIC_ACQUIRE) == -EINPROGRESS)
		CHECK(wd_poll(ctx.ch, 0, 1000) >= 0);
	CHECK(req.ret == -EFAULT && req.fault_addr == hole);
	wd_prep_digest_update(&req, p, MAX);
	CHECK(wd_alg_run(&ctx, &req) == -EFAULT);
	/* The stream is over: the next one is another. */
	wd_prep_digest_update(&req, p, 10);
	CHECK(!wd_alg_run(&ctx, &req));
	wd_prep_digest_end(&req, out, 32);
	CHECK(!wd_alg_run(&ctx, &req) && sha256_is(p, 10, out));
	wd_alg_exit(&ctx);
	munmap(p, MAX);
}

static bool message(struct wd_alg_ctx *ctx, const unsigned char *key, size_t len, size_t aad_len)
{
	unsigned char *data = random_data(len + 1, 8), *aad = random_data(aad_len + 1, 9);
	unsigned char *out = malloc(len + 1), *want = malloc(len + 16), tag[16], want_tag[16];
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	const uint8_t nonce[12] = { 6 };
	struct wd_request req;
	int n;

	REQUIRE(out && want && evp);
	REQUIRE(EVP_EncryptInit_ex(evp, EVP_aes_256_gcm(), NULL, key, nonce));
	REQUIRE(!aad_len || EVP_EncryptUpdate(evp, NULL, &n, aad, (int)aad_len));
	REQUIRE(!len || EVP_EncryptUpdate(evp, want, &n, data, (int)len));
	REQUIRE(EVP_EncryptFinal_ex(evp, want + len, &n));
	REQUIRE(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, 16, want_tag));

	wd_prep_seal(&req, data, out, len, nonce, 12, aad, aad_len, tag);
	REQUIRE(!wd_alg_run(ctx, &req) && req.produced == len);
	REQUIRE(!memcmp(out, want, len) && !memcmp(tag, want_tag, 16));
	tag[3] ^= 1;
	wd_prep_open(&req, out, out, len, nonce, 12, aad, aad_len, tag);
	REQUIRE(wd_alg_run(ctx, &req) == -EBADMSG && !memcmp(out, want, len));
	tag[3] ^= 1;
	wd_prep_open(&req, out, out, len, nonce, 12, aad, aad_len, tag);
	REQUIRE(!wd_alg_run(ctx, &req) && !memcmp(out, data, len));
	EVP_CIPHER_CTX_free(evp);
	free(data);
	free(aad);
	free(out);
	free(want);
	return true;
}

/* What is worked on as a whole is copied as a whole, as far as there is memory for that. */
static void messages_of_all_lengths(void)
{
	static const size_t lens[][2] = {
		{ 0, 0 }, { 0, 20 }, { 1, 0 }, { 65536, 65536 }, { 700001, 13 }, { 5, 700001 },
		{ 3 * MAX, MAX - 16 },
	};
	const unsigned char key[32] = { 1, 2, 3 };
	struct wd_alg_ctx ctx;

	if (!open_ctx(&ctx, "gcm(aes)", NULL))
		return;
	CHECK(!wd_alg_set_key(&ctx, key, sizeof(key)));
	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		CHECK(message(&ctx, key, lens[i][0], lens[i][1]));
		/* Three requests each, and only the last is too long for copies. */
		CHECK(stats_of(&ctx).requests == 3 * i + 3);
		CHECK(stats_of(&ctx).software == (lens[i][0] > MAX && copies(&ctx) ? 3 : 0));
	}
	wd_alg_exit(&ctx);
}

static void no_software_where_it_is_not_wanted(void)
{
	const unsigned char key[32] = { 1 }, nonce[12] = { 2 };
	unsigned char *data = random_data(3 * MAX, 5), tag[16];
	struct wd_request req, *r = &req;
	struct wd_alg_ctx ctx;

	if (open_ctx_flags(&ctx, "gcm(aes)", NULL, WD_ALG_F_DEVICE)) {
		CHECK(!wd_alg_set_key(&ctx, key, sizeof(key)));
		if (copies(&ctx)) {
			wd_prep_seal(&req, data, data, 3 * MAX, nonce, 12, NULL, 0, tag);
			CHECK(wd_alg_run(&ctx, &req) == -ENOMEM);
			CHECK(wd_alg_submit(&ctx, &r, 1) == -ENOMEM);
		}
		CHECK(!stats_of(&ctx).software);
		wd_alg_exit(&ctx);
	}
	free(data);
}

/* Longer than all memory of a channel, and yet nothing of it is left to the software. */
static void eight_mebibytes(void)
{
	unsigned char *data = random_data(8 * MAX, 6), *want = malloc(8 * MAX), out[32];
	const unsigned char key[16] = { 1 };
	unsigned char iv[16] = { 5 };
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	struct wd_alg_ctx hash, ctx;
	struct wd_request req;
	int n;

	CHECK(want && evp && EVP_EncryptInit_ex(evp, EVP_aes_128_cbc(), NULL, key, iv) &&
	      EVP_EncryptUpdate(evp, want, &n, data, 8 * MAX));
	if (open_ctx(&hash, "sha256", NULL)) {
		CHECK(open_ctx(&ctx, "cbc(aes)", hash.ch));
		wd_prep_digest(&req, data, 8 * MAX, out, sizeof(out));
		CHECK(!wd_alg_run(&hash, &req) && sha256_is(data, 8 * MAX, out));
		CHECK(!wd_alg_set_key(&ctx, key, sizeof(key)));
		wd_prep_encrypt(&req, data, data, 8 * MAX, iv);
		CHECK(!wd_alg_run(&ctx, &req) && !memcmp(data, want, 8 * MAX));
		CHECK(!stats_of(&ctx).software && !stats_of(&hash).software);
		wd_alg_exit(&ctx);
		wd_alg_exit(&hash);
	}
	EVP_CIPHER_CTX_free(evp);
	free(data);
	free(want);
}

#define STAGE	(64UL << 20)	/* what a device gathers at once, for all its channels */

/* Each channel keeps what it gathered in, so that the last of them find no room. */
static void the_device_runs_out_of_memory(void)
{
	enum { CHANNELS = STAGE / (2 * MAX) + 4 };
	const size_t len = MAX + 4096;	/* in memory of twice that */
	unsigned char *data = random_data(len, 7), *want = malloc(len), *got = malloc(len);
	const unsigned char key[32] = { 1 };
	unsigned char iv[16];
	struct wd_alg_ctx ctx[CHANNELS] = { 0 };
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	struct wd_request req, *r = &req;
	unsigned int soft = 0, n;
	int done;

	memset(iv, 9, sizeof(iv));
	CHECK(want && got && evp);
	CHECK(EVP_EncryptInit_ex(evp, EVP_aes_128_xts(), NULL, key, iv) &&
	      EVP_EncryptUpdate(evp, want, &done, data, (int)len));
	for (n = 0; n < CHANNELS && open_ctx(&ctx[n], "xts(aes)", NULL); n++) {
		/* As in the other modes, where that many channels have much to copy. */
		if (copies(&ctx[n])) {
			wd_alg_exit(&ctx[n]);
			tap_skipped = "the same with copies";
			break;
		}
		memset(got, 0, len);
		CHECK(!wd_alg_set_key(&ctx[n], key, sizeof(key)));
		wd_prep_encrypt(&req, data, got, len, iv);
		if (n % 2) {
			CHECK(wd_alg_submit(&ctx[n], &r, 1) == 1);
			while (__atomic_load_n(&req.ret, __ATOMIC_ACQUIRE) == -EINPROGRESS)
				CHECK(wd_poll(ctx[n].ch, 0, 1000) >= 0);
			CHECK(!req.ret);
		} else {
			CHECK(!wd_alg_run(&ctx[n], &req));
		}
		CHECK(req.produced == len && !memcmp(got, want, len));
		soft += (unsigned int)stats_of(&ctx[n]).software;
	}
	if (n) {
		CHECK(n == CHANNELS && soft >= 4 && soft < CHANNELS / 2);
		CHECK(!stats_of(&ctx[0]).software);
	}
	while (n)
		wd_alg_exit(&ctx[--n]);
	EVP_CIPHER_CTX_free(evp);
	free(data);
	free(want);
	free(got);
}


static const struct tap_test tests[] = {
	TEST(messages_of_all_lengths),
	TEST(no_software_where_it_is_not_wanted),
	TEST(eight_mebibytes),
	TEST(the_device_runs_out_of_memory),
	TEST(only_what_is_not_reached_is_copied),
	TEST(keys_run_out),
	TEST(streams_run_out),
	TEST(a_batch_of_all_lengths),
	TEST(short_ones_with_one_call),
	TEST(a_stream_in_order),
	TEST(an_exit_with_requests_under_way),
	TEST(bad_addresses),
};

TAP_MAIN(tests)
