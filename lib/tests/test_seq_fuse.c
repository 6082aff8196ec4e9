// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sequences, the second pass: what a device does as one. With a device, these are units of linked
 * descriptors; without one, nothing is fused and the results are the same.
 */
#include "seq_rig.h"

#define MANY	300

/* Does the library's platform have somebody to ask? */
static bool on_device(const struct rig *rig)
{
	return !strcmp(wd_alg_vendor_name(&rig->xts), "native");
}

/* Pages of the process: whether the device reaches them or they are copied makes no difference. */
static bool begin(struct rig *rig)
{
	REQUIRE(setup(rig, NULL, true));
	wd_seq_ctx_set_platform(rig->sc, rig->own);
	return true;
}

static void what_is_left_is_one_request(void)
{
	struct wd_alg_stats requests;
	struct rig rig;
	bool one;

	CHECK(begin(&rig));
	one = on_device(&rig);
	CHECK(!strcmp(rig.own->name, "native"));
	for (int i = 0; i < 3; i++) {
		memset(rig.out, 0, DIF_LEN);
		CHECK(write_request(&rig));
		CHECK(rig.stats.ran == 2 && rig.stats.fused == one && !rig.stats.copies);
		CHECK(rig.stats.submissions == 2U - one && rig.stats.temp_bytes == (one ? 0 : LEN));
	}
	/* One of them was the test's. */
	CHECK(!wd_alg_get_stats(&rig.xts, &requests) && requests.requests == 4);
	CHECK(!requests.software || !one);
	teardown(&rig);
}

static unsigned int told[3];
static int told_ret[3];

static void step_told(void *arg, int ret)
{
	told[(uintptr_t)arg]++;
	told_ret[(uintptr_t)arg] = ret;
}

static bool read_back(struct rig *rig, uint8_t *sealed, uint8_t *plain, int *ret)
{
	const struct wd_loc src = wd_loc(sealed, DIF_LEN), dst = wd_loc(plain, LEN);
	struct wd_loc cipher;
	struct wd_seq *seq;

	memset(told, 0, sizeof(told));
	REQUIRE(!wd_seq_new(rig->sc, &seq) && !wd_seq_scratch(seq, LEN, &cipher));
	REQUIRE(!wd_seq_decrypt(seq, &rig->xts, &dst, &cipher, tweak, UNIT));
	REQUIRE(!wd_seq_then(seq, step_told, (void *)1));
	REQUIRE(!wd_seq_dif_strip(seq, &cipher, &src, &dif));
	REQUIRE(!wd_seq_then(seq, step_told, (void *)0));
	REQUIRE(!wd_seq_reverse(seq));
	*ret = wd_seq_run(seq);
	wd_seq_get_stats(seq, &rig->stats);
	wd_seq_free(seq);
	REQUIRE(told[0] == 1 && told[1] == 1);
	return true;
}

static void the_one_that_fails_is_told(void)
{
	uint8_t *plain = calloc(1, LEN);
	struct rig rig;
	int ret;

	CHECK(plain && begin(&rig));
	CHECK(read_back(&rig, rig.want, plain, &ret) && !ret);
	CHECK(!told_ret[0] && !told_ret[1] && !memcmp(plain, rig.far.mem, LEN));
	CHECK(rig.stats.fused == on_device(&rig));

	rig.want[100 * (UNIT + 8) + 3] ^= 0x10;
	CHECK(read_back(&rig, rig.want, plain, &ret) && ret == -EBADMSG);
	CHECK(told_ret[0] == -EBADMSG && told_ret[1] == -ECANCELED);
	teardown(&rig);
	free(plain);
}

/* Nothing is written where it was not read yet: so one unit may do it, and not the other way. */
static void in_the_memory_of_the_source(void)
{
	struct rig rig;
	struct wd_loc at, more, cipher;
	struct wd_seq *seq;
	int ret;

	CHECK(begin(&rig));
	memcpy(rig.out, rig.want, DIF_LEN);
	CHECK(read_back(&rig, rig.out, rig.out, &ret) && !ret);
	CHECK(!memcmp(rig.out, rig.far.mem, LEN) && rig.stats.fused == on_device(&rig));

	at = wd_loc(rig.out, LEN);
	more = wd_loc(rig.out, DIF_LEN);
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &cipher));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &cipher, &at, tweak, UNIT));
	CHECK(!wd_seq_dif_insert(seq, &more, &cipher, &dif));
	CHECK(!wd_seq_run(seq) && !memcmp(rig.out, rig.want, DIF_LEN));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(!rig.stats.fused && rig.stats.submissions == 2);
	wd_seq_free(seq);
	teardown(&rig);
}

static void a_check_sum_at_the_end(void)
{
	uint32_t crc = 0, want;
	struct wd_request req;
	struct wd_alg_ctx ctx;
	struct wd_loc a, b;
	struct wd_seq *seq;
	struct rig rig;
	uint8_t iv[16], *clear = malloc(LEN);

	CHECK(clear && begin(&rig));
	memset(clear, 0x5a, LEN);
	memcpy(iv, tweak, sizeof(iv));
	wd_prep_encrypt(&req, clear, clear, LEN, iv);
	req.unit = UNIT;
	CHECK(!wd_alg_run(&rig.xts, &req));
	ctx = (struct wd_alg_ctx){ .alg = "crc32c", .flags = WD_ALG_F_SOFTWARE };
	CHECK(!wd_alg_init(&ctx));
	wd_prep(&req, WD_DIGEST, clear, LEN, NULL, 0);
	CHECK(!wd_alg_run(&ctx, &req));
	want = (uint32_t)req.result;
	wd_alg_exit(&ctx);

	CHECK(!wd_seq_new(rig.sc, &seq));
	CHECK(!wd_seq_scratch(seq, LEN, &a) && !wd_seq_scratch(seq, LEN, &b));
	CHECK(!wd_seq_fill(seq, &a, 0x5a5a5a5a5a5a5a5aULL));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &b, &a, tweak, UNIT));
	CHECK(!wd_seq_crc32c(seq, &b, &crc));
	CHECK(!wd_seq_run(seq) && crc == want);
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.fused == (on_device(&rig) ? 2 : 0));
	CHECK(rig.stats.temp_bytes == (on_device(&rig) ? 0 : 2 * LEN));
	wd_seq_free(seq);
	teardown(&rig);
	free(clear);
}

/* Lists of parts of any length; what is reserved is not in one piece for every device. */
static void operands_in_many_parts(void)
{
	struct iovec from[40], to[40];
	struct wd_loc src = { .op = { .iov = from, .iovcnt = 40, .len = LEN } };
	struct wd_loc dst = { .op = { .iov = to, .iovcnt = 40, .len = DIF_LEN } };
	struct wd_loc cipher;
	struct wd_seq *seq;
	struct rig rig;
	uint8_t *mem;
	size_t at = 0, off = 0;

	CHECK(begin(&rig));
	mem = wd_reserve_mem(wd_seq_ctx_channel(rig.sc), 4 * LEN);
	if (!mem)
		mem = malloc(4 * LEN);
	CHECK(mem);
	memcpy(mem, rig.far.mem, LEN);
	for (unsigned int i = 0; i < 40; i++) {
		size_t n = i < 39 ? 1 + i * 77 : LEN - at, m = i < 39 ? 1 + i * 83 : DIF_LEN - off;

		from[i] = (struct iovec){ mem + at, n };
		to[i] = (struct iovec){ mem + 2 * LEN + off, m };
		at += n;
		off += m;
	}
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &cipher));
	src.op.len++;
	CHECK(wd_seq_encrypt(seq, &rig.xts, &cipher, &src, tweak, UNIT) == -EINVAL);
	src.op.len--;
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &cipher, &src, tweak, UNIT));
	CHECK(!wd_seq_dif_insert(seq, &dst, &cipher, &dif));
	CHECK(!wd_seq_run(seq) && !memcmp(mem + 2 * LEN, rig.want, DIF_LEN));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.fused == on_device(&rig));
	wd_seq_free(seq);
	teardown(&rig);
}

/* There and back; the counts say how it was done. */
static void of_length(size_t len)
{
	const size_t sealed_len = len / UNIT * (UNIT + 8);
	uint8_t *data = malloc(len), *sealed = malloc(sealed_len), *back = malloc(len);
	struct wd_loc a = wd_loc(data, len), b = wd_loc(sealed, sealed_len), c = wd_loc(back, len);
	struct wd_loc s, t;
	struct wd_seq *seq;
	struct rig rig;

	CHECK(data && sealed && back && begin(&rig));
	for (size_t i = 0; i < len; i += 8)
		memcpy(data + i, &(uint64_t){ i * 0x9e3779b97f4a7c15ULL }, 8);
	CHECK(!wd_seq_new(rig.sc, &seq));
	CHECK(!wd_seq_scratch(seq, len, &s) && !wd_seq_scratch(seq, len, &t));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &s, &a, tweak, UNIT));
	CHECK(!wd_seq_dif_insert(seq, &b, &s, &dif));
	CHECK(!wd_seq_dif_strip(seq, &t, &b, &dif));
	CHECK(!wd_seq_decrypt(seq, &rig.xts, &c, &t, tweak, UNIT));
	CHECK(!wd_seq_run(seq) && !memcmp(data, back, len));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.ran == 4 && rig.stats.submissions + rig.stats.fused == 4);
	CHECK(rig.stats.fused == 2 || rig.stats.temp_bytes == 2 * len);
	wd_seq_free(seq);
	teardown(&rig);
	free(data);
	free(sealed);
	free(back);
}

/* What is copied for the device as a whole has room, for one end of the unit but not for both, or not at all. */
static void long_ones(void)
{
	for (size_t mib = 1; mib <= 8 && !tap_failed; mib++)
		if (!getenv("SLOW") || mib == 3)
			of_length(mib << 20);
}

static unsigned int done, done_wrong;

static void seq_done(void *arg, int ret)
{
	(void)arg;
	done++;
	done_wrong += ret != 0;
}

/* More than there are places for: those that wait go on by themselves. */
static void many_at_once(void)
{
	static struct wd_seq *seq[MANY];
	uint8_t *out = malloc(MANY * 520UL);
	struct rig rig;

	CHECK(out && begin(&rig));
	done = done_wrong = 0;
	for (size_t i = 0; i < MANY; i++) {
		struct wd_loc src = wd_loc(rig.far.mem, UNIT), dst = wd_loc(out + i * 520, 520), s;

		CHECK(!wd_seq_new(rig.sc, &seq[i]) && !wd_seq_scratch(seq[i], UNIT, &s));
		CHECK(!wd_seq_encrypt(seq[i], &rig.xts, &s, &src, tweak, UNIT));
		CHECK(!wd_seq_dif_insert(seq[i], &dst, &s, &dif));
	}
	for (size_t i = 0; i < MANY; i++)
		CHECK(!wd_seq_finish(seq[i], seq_done, NULL));
	while (done < MANY)
		CHECK(wd_seq_poll(rig.sc, 1000) >= 0);
	CHECK(!done_wrong);
	for (size_t i = 0; i < MANY; i++) {
		wd_seq_get_stats(seq[i], &rig.stats);
		CHECK(rig.stats.fused == on_device(&rig));
		CHECK(!memcmp(out + i * 520, rig.want, 520));
		wd_seq_free(seq[i]);
	}
	teardown(&rig);
	free(out);
}

/* ---------------------------------------------------------- platforms that cannot */

static int cannot(struct wd_alg_ctx *const *ctxs, struct wd_request *const *reqs,
		  unsigned int n, unsigned int *failed)
{
	(void)ctxs;
	(void)reqs;
	(void)n;
	*failed = 1;
	return -EOPNOTSUPP;
}

static void what_cannot_be_one_is_many(void)
{
	static const struct wd_seq_platform hopeful = {
		.name = "hopeful", .chain = patient_chain, .submit = cannot,
	};
	struct rig rig;

	/* The source is pulled for the unit, and again for the first of its operations. */
	CHECK(setup(&rig, &hopeful, false) && write_request(&rig));
	CHECK(rig.stats.ran == 2 && rig.stats.submissions == 2 && !rig.stats.fused);
	CHECK(rig.stats.transfers == 2 && rig.stats.copies == 2);
	teardown(&rig);
}

static const struct tap_test tests[] = {
	TEST(what_is_left_is_one_request),
	TEST(the_one_that_fails_is_told),
	TEST(in_the_memory_of_the_source),
	TEST(a_check_sum_at_the_end),
	TEST(operands_in_many_parts),
	TEST(long_ones),
	TEST(many_at_once),
	TEST(what_cannot_be_one_is_many),
};

TAP_MAIN(tests)
