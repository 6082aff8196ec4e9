// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end of libwd's contexts while requests of all kinds are under way, in every mode: the
 * process is killed, the driver goes, the function is reset, the process forks, or the context
 * just ends.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <openssl/evp.h>

#include "harness.h"

#include <wd_aead.h>
#include <wd_cipher.h>
#include <wd_digest.h>
#include <wd_dma.h>
#include "raw_mem.h"

#define LEN	(96UL << 10)
#define KINDS	4
#define JOBS	6	/* of each kind */

enum kind { CIPHER, AEAD, DIGEST, COPY };

/* A request, and how often it was told of. */
struct job {
	struct wd_request req;
	unsigned int calls;
	uint8_t iv[16];
	uint8_t tag[16];
	uint8_t hash[32];
	uint8_t *dst;
};

/* A channel with a context of each kind. */
struct crew {
	struct wd_chan ch;
	struct wd_alg_ctx ctx[KINDS];
	struct job job[KINDS][JOBS];
	uint8_t *src;
	unsigned int started;
};

static const uint8_t key[16] = { 1, 2, 3 };

static void called(struct wd_request *req)
{
	struct job *job = req->arg;

	job->calls++;
}

static int crew_open(struct crew *c)
{
	static const char * const algs[KINDS] = { "ctr(aes)", "gcm(aes)", "sha256", "copy" };
	int ret;

	memset(c, 0, sizeof(*c));
	strcpy(c->ch.dev_path, raw_node());
	ret = wd_request_channel(&c->ch);
	for (int k = 0; k < KINDS && !ret; k++) {
		c->ctx[k] = (struct wd_alg_ctx) {
			.alg = algs[k], .ch = &c->ch, .flags = WD_ALG_F_DEVICE,
		};
		ret = wd_alg_init(&c->ctx[k]);
		if (!ret && k <= AEAD)
			ret = wd_alg_set_key(&c->ctx[k], key, sizeof(key));
	}
	c->src = raw_memory(LEN);
	raw_fill_random(c->src, LEN, 4);
	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < JOBS; i++)
			c->job[k][i].dst = raw_memory(LEN);
	return ret;
}

static void crew_exit(struct crew *c)
{
	for (int k = 0; k < KINDS; k++)
		wd_alg_exit(&c->ctx[k]);
}

static void crew_free(struct crew *c)
{
	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < JOBS; i++)
			munmap(c->job[k][i].dst, LEN);
	munmap(c->src, LEN);
}

static void crew_close(struct crew *c)
{
	crew_exit(c);
	wd_release_channel(&c->ch);
	crew_free(c);
}

/* The digests are one stream, with its end as the last of them. */
static void prepare(struct crew *c, enum kind kind, int i)
{
	struct job *job = &c->job[kind][i];

	memset(job->iv, i, sizeof(job->iv));
	switch (kind) {
	case CIPHER:
		wd_prep_encrypt(&job->req, c->src, job->dst, LEN, job->iv);
		break;
	case AEAD:
		wd_prep_seal(&job->req, c->src, job->dst, LEN, job->iv, 12, key, 5, job->tag);
		break;
	case DIGEST:
		if (i < JOBS - 1)
			wd_prep_digest_update(&job->req, c->src, LEN / 4);
		else
			wd_prep_digest_end(&job->req, job->hash, sizeof(job->hash));
		break;
	case COPY:
		wd_prep_copy(&job->req, job->dst, c->src, LEN);
	}
	job->req.callback = called;
	job->req.arg = job;
	job->calls = 0;
}

/* Start as many as the channel takes without waiting. Return: how many, or an error. */
static int crew_start(struct crew *c)
{
	c->started = 0;
	for (int k = 0; k < KINDS; k++) {
		for (int i = 0; i < JOBS; i++) {
			struct wd_request *req = &c->job[k][i].req;
			int ret;

			prepare(c, k, i);
			ret = wd_alg_submit(&c->ctx[k], &req, 1);
			if (ret == -EAGAIN) {
				req->ret = -EAGAIN;
				continue;
			}
			if (ret != 1)
				return ret;
			c->started++;
		}
	}
	return c->started;
}

static unsigned int crew_done(const struct crew *c)
{
	unsigned int n = 0;

	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < JOBS; i++)
			n += c->job[k][i].calls;
	return n;
}

/* Until all that were started have ended: 0. The time is only a limit. */
static int crew_wait(struct crew *c)
{
	int64_t end = raw_now_ns() + RAW_TIMEOUT_MS * 1000000LL;

	while (crew_done(c) < c->started && raw_now_ns() < end)
		if (wd_poll(&c->ch, 0, 100) < 0 && crew_done(c) < c->started)
			return -EIO;
	return crew_done(c) == c->started ? 0 : -ETIMEDOUT;
}

static bool is_ctr(const uint8_t *in, const uint8_t *got, int nr)
{
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	uint8_t *want = malloc(LEN), iv[16];
	bool ok;
	int n;

	memset(iv, nr, sizeof(iv));
	ok = evp && want && EVP_EncryptInit_ex(evp, EVP_aes_128_ctr(), NULL, key, iv) == 1 &&
	     EVP_EncryptUpdate(evp, want, &n, in, LEN) == 1 && !memcmp(want, got, LEN);
	EVP_CIPHER_CTX_free(evp);
	free(want);
	return ok;
}

/* The tag says that it is right, and libcrypto that the tag is. */
static bool is_gcm(const uint8_t *in, const struct job *job)
{
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	uint8_t *plain = malloc(LEN);
	bool ok;
	int n;

	ok = evp && plain && EVP_DecryptInit_ex(evp, EVP_aes_128_gcm(), NULL, key, job->iv) == 1 &&
	     EVP_DecryptUpdate(evp, NULL, &n, key, 5) == 1 &&
	     EVP_DecryptUpdate(evp, plain, &n, job->dst, LEN) == 1 &&
	     EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, 16, (void *)job->tag) == 1 &&
	     EVP_DecryptFinal_ex(evp, plain + LEN, &n) == 1 && !memcmp(plain, in, LEN);
	EVP_CIPHER_CTX_free(evp);
	free(plain);
	return ok;
}

static bool is_right(const struct crew *c, int k, int i)
{
	const struct job *job = &c->job[k][i];

	if (k == CIPHER)
		return is_ctr(c->src, job->dst, i);
	if (k == AEAD)
		return is_gcm(c->src, job);
	return k == DIGEST || !memcmp(c->src, job->dst, LEN);
}

/* What ended without an error ended as it should; returns how many did. */
static int crew_right(const struct crew *c)
{
	int n = 0;

	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < JOBS; i++) {
			if (!c->job[k][i].calls || c->job[k][i].req.ret)
				continue;
			if (!is_right(c, k, i))
				return -EBADMSG;
			n++;
		}
	return n;
}

/* A crew does all of its work, and all of it is right. */
static int works(void)
{
	struct crew c;
	int ret = crew_open(&c);

	if (!ret)
		ret = crew_start(&c);
	if (ret > 0)
		ret = crew_wait(&c) ?: crew_right(&c) - (int)c.started;
	crew_close(&c);
	return ret;
}

FIXTURE(alg_life) {
	int before;
	long pinned;
	char dir[512];
	char bdf[32];
	bool bound;
};

FIXTURE_VARIANT(alg_life) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(alg_life, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(alg_life, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(alg_life, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(alg_life)
{
	setenv("WD_MODE", variant->mode, 1);
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	self->before = raw_available();
	self->pinned = raw_pinned();
	ASSERT_LT(0, self->before);
	snprintf(self->dir, sizeof(self->dir), "%s", raw_pci());
	snprintf(self->bdf, sizeof(self->bdf), "%s", raw_bdf());
	self->bound = true;
}

/* Whatever a test did: all is given back, and the device works. */
FIXTURE_TEARDOWN(alg_life)
{
	if (!self->bound)
		EXPECT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
	EXPECT_EQ(0, raw_select_mode(variant->mode));
	EXPECT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
	if (strcmp(variant->mode, "sva"))
		EXPECT_EQ(0, raw_wait_reserved());
	EXPECT_EQ(self->pinned, raw_wait_pinned(self->pinned));
	EXPECT_EQ(0, works());
}

/* Errors that <wd_alg.h> has for a device that stopped or is gone. */
static bool is_end(int ret)
{
	return ret == -EIO || ret == -ENXIO;
}

static void work_for_ever(int told)
{
	struct crew c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (crew_open(&c))
		_exit(1);
	for (;;) {
		if (crew_start(&c) <= 0)
			_exit(2);
		write(told, "x", 1);
		if (crew_wait(&c))
			_exit(3);
	}
}

TEST_F(alg_life, kill_with_requests_under_way)
{
	int rounds = raw_rounds(4, 100), told[2], status;
	uint32_t seed = 3;
	char byte;
	pid_t pid;

	for (int i = 0; i < rounds; i++) {
		ASSERT_EQ(0, pipe(told));
		pid = fork();
		if (!pid)
			work_for_ever(told[1]);
		close(told[1]);
		ASSERT_EQ(1, read(told[0], &byte, 1));
		usleep(raw_random(&seed) % 20000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended with %#x", status);
		ASSERT_LE(0, raw_wait_available(self->before, RAW_GONE_MS));
		close(told[0]);
	}
}

/* A thread that waits for its requests. */
struct runner {
	struct wd_alg_ctx *ctx;
	const uint8_t *src;
	uint8_t dst[4096];
	int ret;
};

static void *run_until_the_end(void *arg)
{
	struct runner *r = arg;
	struct wd_request req;

	do {
		wd_prep_copy(&req, r->dst, r->src, sizeof(r->dst));
		r->ret = wd_alg_run(r->ctx, &req);
	} while (!r->ret);
	return NULL;
}

/*
 * The device goes while all kinds of requests are under way and a thread waits: each ends, once,
 * and what is started later does not begin.
 */
static void ends(struct __test_metadata *_metadata, FIXTURE_DATA(alg_life) *self, struct crew *c,
		 const char *dir, const char *file, const char *text)
{
	struct runner runner = { .ctx = &c->ctx[COPY], .src = c->src };
	struct wd_request *req = &c->job[CIPHER][0].req;
	struct wd_alg_ctx late = { .alg = "copy", .ch = &c->ch };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, run_until_the_end, &runner));
	ASSERT_LT(0, crew_start(c));
	ASSERT_EQ(0, raw_write_in(dir, file, text));
	ASSERT_EQ(0, crew_wait(c)) TH_LOG("%u of %u", crew_done(c), c->started);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(is_end(runner.ret)) TH_LOG("%d", runner.ret);
	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < JOBS; i++) {
			struct job *job = &c->job[k][i];

			EXPECT_EQ(job->req.ret != -EAGAIN, job->calls);
			EXPECT_TRUE(job->req.ret == -EAGAIN || !job->req.ret ||
				    is_end(job->req.ret)) TH_LOG("%d", job->req.ret);
		}
	EXPECT_LE(0, crew_right(c));

	EXPECT_TRUE(is_end(wd_poll(&c->ch, 0, 0)));
	prepare(c, CIPHER, 0);
	EXPECT_TRUE(is_end(wd_alg_submit(&c->ctx[CIPHER], &req, 1)));
	EXPECT_TRUE(is_end(wd_alg_run(&c->ctx[CIPHER], req)));
	EXPECT_TRUE(is_end(wd_alg_set_key(&c->ctx[AEAD], key, sizeof(key))));
	prepare(c, DIGEST, 0);
	EXPECT_TRUE(is_end(wd_alg_run(&c->ctx[DIGEST], &c->job[DIGEST][0].req)));
	/* A context on a channel that is dead is of no use, but it can be had and ended. */
	if (!wd_alg_init(&late))
		wd_alg_exit(&late);
}

TEST_F(alg_life, unbind_with_requests_under_way)
{
	struct crew c;

	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(0, crew_open(&c));
		if (round)
			ASSERT_EQ(0, crew_start(&c) > 0 ? crew_wait(&c) : -EIO);
		self->bound = false;
		ends(_metadata, self, &c, RAW_DRIVER, "unbind", self->bdf);
		/* Once before the device is back, once while the old channel is still open. */
		if (!round)
			crew_close(&c);
		ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
		self->bound = true;
		ASSERT_EQ(0, raw_select_mode(variant->mode));
		EXPECT_EQ(0, works());
		if (round)
			crew_close(&c);
	}
}

TEST_F(alg_life, reset_with_requests_under_way)
{
	struct crew c;

	ASSERT_EQ(0, crew_open(&c));
	ends(_metadata, self, &c, self->dir, "reset", "1");
	EXPECT_EQ(0, works());
	crew_close(&c);
}

/* The library's thread is the one that tells. */
TEST_F(alg_life, reset_with_a_thread_that_polls)
{
	int64_t end = raw_now_ns() + RAW_TIMEOUT_MS * 1000000LL;
	struct crew c;

	ASSERT_EQ(0, crew_open(&c));
	ASSERT_EQ(0, wd_async_thread_start(&c.ch));
	ASSERT_LT(0, crew_start(&c));
	ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
	while (__atomic_load_n(&c.job[COPY][JOBS - 1].calls, __ATOMIC_ACQUIRE) == 0 &&
	       c.job[COPY][JOBS - 1].req.ret != -EAGAIN && raw_now_ns() < end)
		usleep(1000);
	wd_async_thread_stop(&c.ch);
	EXPECT_EQ(0, crew_wait(&c));
	EXPECT_EQ(c.started, crew_done(&c));
	EXPECT_LE(0, crew_right(&c));
	crew_close(&c);
}

/* What a child may do with a context of its parent: end it. Returns the line that was wrong. */
static int in_the_child(struct crew *c)
{
	struct wd_request *req = &c->job[COPY][0].req;
	uint8_t a[64] = { 1 }, b[64];
	struct wd_alg_ctx late = { .alg = "copy", .ch = &c->ch };
	struct wd_alg_ctx own = { .alg = "copy" };

	wd_prep_copy(req, b, a, sizeof(a));
	if (wd_alg_run(&c->ctx[COPY], req) != -EPERM)
		return __LINE__;
	if (wd_alg_submit(&c->ctx[COPY], &req, 1) != -EPERM)
		return __LINE__;
	if (wd_alg_set_key(&c->ctx[CIPHER], key, sizeof(key)) != -EPERM)
		return __LINE__;
	if (wd_poll(&c->ch, 0, 0) != -EPERM || wd_alg_init(&late) != -EPERM)
		return __LINE__;
	/* It can have its own. */
	if (wd_alg_init(&own) || strcmp("native", wd_alg_vendor_name(&own)))
		return __LINE__;
	wd_prep_copy(req, b, a, sizeof(a));
	if (wd_alg_run(&own, req) || memcmp(a, b, sizeof(a)))
		return __LINE__;
	wd_alg_exit(&own);
	crew_exit(c);
	wd_release_channel(&c->ch);
	return 0;
}

TEST_F(alg_life, fork_with_requests_under_way)
{
	struct crew c;
	int status;
	pid_t pid;

	ASSERT_EQ(0, crew_open(&c));
	for (int round = 0; round < 3; round++) {
		ASSERT_LT(0, crew_start(&c));
		pid = fork();
		if (!pid && round == 2)
			_exit(0);	/* without a word to the library */
		if (!pid) {
			status = in_the_child(&c);
			if (status)
				fprintf(stderr, "# line %d\n", status);
			_exit(!!status);
		}
		if (round)
			ASSERT_EQ(0, crew_wait(&c));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
		ASSERT_EQ(0, crew_wait(&c));
		EXPECT_EQ(c.started, crew_right(&c));
	}
	crew_close(&c);
}

/* Nobody is told of what was under way, and nothing is written any more. */
TEST_F(alg_life, exit_with_requests_under_way)
{
	struct wd_alg_ctx other = { .alg = "copy" };
	uint8_t a[64] = { 1 }, b[64] = { 0 };
	struct wd_request req;
	unsigned int done;
	struct crew c;

	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(0, crew_open(&c));
		other.ch = &c.ch;
		ASSERT_EQ(0, wd_alg_init(&other));
		ASSERT_LT(0, crew_start(&c));
		if (round)
			ASSERT_LE(0, wd_poll(&c.ch, 1, 0));
		done = crew_done(&c);
		crew_exit(&c);
		for (int k = 0; k < KINDS; k++)
			for (int i = 0; i < JOBS; i++)
				memset(c.job[k][i].dst, 0x5a, LEN);
		wd_prep_copy(&req, b, a, sizeof(a));
		EXPECT_EQ(0, wd_alg_run(&other, &req));
		EXPECT_EQ(0, memcmp(a, b, sizeof(a)));
		EXPECT_EQ(0, wd_poll(&c.ch, 0, 0));
		EXPECT_EQ(done, crew_done(&c));
		wd_alg_exit(&other);
		for (int k = 0; k < KINDS; k++)
			for (int i = 0; i < JOBS; i++)
				EXPECT_TRUE(c.job[k][i].dst[0] == 0x5a && !memcmp(c.job[k][i].dst,
					    c.job[k][i].dst + 1, LEN - 1));
		wd_release_channel(&c.ch);
		crew_free(&c);
	}
}

TEST_HARNESS_MAIN
