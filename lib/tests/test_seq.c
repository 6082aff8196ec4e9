// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sequences: what of them runs, and how often data is copied, in the situations that the model's authors
 * describe: a transport, an encryption and a protection layer that do not know each other.
 */
#include "seq_rig.h"

static void both_copies_vanish(void)
{
	struct rig rig;

	CHECK(setup(&rig, NULL, true) && write_request(&rig));
	CHECK(rig.stats.ran == 2 && rig.stats.submissions == 2 && !rig.stats.fused);
	CHECK(!rig.stats.copies && rig.stats.temp_bytes == LEN && !rig.far.started);
	teardown(&rig);
}

static void a_platform_fuses_the_rest(void)
{
	struct rig rig;

	CHECK(setup(&rig, &patient, true));
	patient_units = 0;
	CHECK(write_request(&rig));
	CHECK(rig.stats.ran == 2 && rig.stats.submissions == 1 && rig.stats.fused == 1);
	CHECK(!rig.stats.copies && !rig.stats.temp_bytes && patient_units == 1);
	teardown(&rig);
}

static void what_cannot_be_translated_is_pulled(void)
{
	struct rig rig;

	CHECK(setup(&rig, &patient, false) && write_request(&rig));
	CHECK(rig.stats.submissions == 1 && rig.stats.copies == 1 && rig.stats.transfers == 1);
	CHECK(rig.stats.temp_bytes == LEN && rig.far.started == 1);
	teardown(&rig);
}

static void a_copy_in_front(void)
{
	struct rig rig;
	struct wd_seq *seq;
	struct wd_loc from, out;

	CHECK(setup(&rig, NULL, true));
	out = wd_loc(rig.out, LEN);
	CHECK(!wd_seq_new(rig.sc, &seq) && transport(seq, &rig));
	CHECK(!wd_seq_where(seq, &from));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &out, &from, tweak, UNIT));
	CHECK(!wd_seq_run(seq));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.appended == 2 && rig.stats.elided == 1 && rig.stats.submissions == 1);
	CHECK(!rig.stats.copies && !rig.stats.temp_bytes);
	wd_seq_free(seq);
	teardown(&rig);
}

static void a_copy_behind(void)
{
	struct rig rig;
	struct wd_seq *seq;
	struct wd_loc host, place;

	CHECK(setup(&rig, NULL, true));
	host = wd_loc(rig.far.mem, LEN);
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &place, &host, tweak, UNIT));
	CHECK(send(seq, &rig, LEN) && !wd_seq_run(seq));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.appended == 2 && rig.stats.elided == 1 && rig.stats.submissions == 1);
	CHECK(!rig.stats.copies && !rig.stats.temp_bytes);
	wd_seq_free(seq);
	teardown(&rig);
}

/* A copy to memory that somebody may look at has to be made. */
static void a_copy_that_counts(void)
{
	struct rig rig;
	struct wd_seq *seq;
	struct wd_loc host, mine, out;
	uint8_t *copy = calloc(1, LEN);

	CHECK(copy && setup(&rig, NULL, true));
	host = wd_loc_in(rig.host, FAR_BASE, LEN);
	mine = wd_loc(copy, LEN);
	out = wd_loc(rig.out, LEN);
	CHECK(!wd_seq_new(rig.sc, &seq));
	CHECK(!wd_seq_copy(seq, &mine, &host));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &out, &mine, tweak, UNIT));
	CHECK(!wd_seq_run(seq));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(!rig.stats.elided && rig.stats.copies == 1 && rig.stats.submissions == 2);
	CHECK(!memcmp(copy, rig.far.mem, LEN));
	wd_seq_free(seq);
	free(copy);
	teardown(&rig);
}

/* The upper layer is asked first, and its data comes last. */
static bool read_request(struct rig *rig, int *ret)
{
	struct wd_loc sealed = wd_loc(rig->want, DIF_LEN), cipher, plain, host;
	struct wd_seq *seq;

	host = wd_loc_in(rig->host, FAR_BASE, LEN);
	memset(rig->far.mem, 0, LEN);
	REQUIRE(!wd_seq_new(rig->sc, &seq));
	REQUIRE(!wd_seq_scratch(seq, LEN, &plain) && !wd_seq_scratch(seq, LEN, &cipher));
	REQUIRE(!wd_seq_copy(seq, &host, &plain));
	REQUIRE(!wd_seq_decrypt(seq, &rig->xts, &plain, &cipher, tweak, UNIT));
	REQUIRE(!wd_seq_dif_strip(seq, &cipher, &sealed, &dif));
	REQUIRE(!wd_seq_reverse(seq));
	*ret = wd_seq_run(seq);
	wd_seq_get_stats(seq, &rig->stats);
	wd_seq_free(seq);
	return true;
}

static void reversed_for_reading(void)
{
	uint8_t *before = malloc(LEN);
	struct rig rig;
	int ret;

	CHECK(before && setup(&rig, &patient, true));
	memcpy(before, rig.far.mem, LEN);
	CHECK(read_request(&rig, &ret) && !ret);
	CHECK(!memcmp(before, rig.far.mem, LEN));
	CHECK(rig.stats.appended == 3 && rig.stats.elided == 1 && rig.stats.fused == 1);
	CHECK(rig.stats.submissions == 1 && !rig.stats.temp_bytes && !rig.stats.copies);
	rig.want[600] ^= 1;
	CHECK(read_request(&rig, &ret) && ret == -EBADMSG);
	teardown(&rig);
	free(before);
}

/* The sources of an XOR are addresses, so they are what nothing can be piped into. */
static void an_xor_of_what_others_have(void)
{
	struct rig rig;
	struct wd_loc srcs[2], zeros, place, out;
	struct wd_seq *seq;

	CHECK(setup(&rig, &patient, true));
	out = wd_loc(rig.out, LEN);
	srcs[0] = srcs[1] = wd_loc_in(rig.host, FAR_BASE, LEN);
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &zeros));
	CHECK(!wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_xor(seq, &zeros, srcs, 2));
	CHECK(!wd_seq_encrypt(seq, &rig.xts, &place, &zeros, tweak, UNIT));
	CHECK(!wd_seq_xor(seq, &out, &place, 1));
	CHECK(!wd_seq_run(seq));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.ran == 3 && rig.stats.fused == 1 && !rig.stats.transfers);
	wd_seq_free(seq);

	/* Encrypted zeros: what else is XORed with them is as if it had been there. */
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &zeros));
	memset(rig.far.mem, 0, LEN);
	CHECK(transport(seq, &rig) && encryption(seq, &rig) && !wd_seq_where(seq, &place));
	srcs[1] = out;
	srcs[0] = place;
	CHECK(!wd_seq_xor(seq, &out, srcs, 2) && !wd_seq_run(seq));
	for (size_t i = 0; i < LEN; i++)
		CHECK(!rig.out[i]);
	wd_seq_free(seq);
	teardown(&rig);
}

/* Scratch memory comes from a pool and goes back. */
static void buffers_are_used_again(void)
{
	struct rig rig;

	CHECK(setup(&rig, NULL, true));
	for (int i = 0; i < 3; i++)
		CHECK(write_request(&rig) && rig.stats.temp_bytes == LEN);
	teardown(&rig);
}

/* ------------------------------------------------------------------- what is wrong */

static unsigned int told, told_wrong;

static void step_told(void *arg, int ret)
{
	told++;
	told_wrong += ret != (int)(intptr_t)arg;
}

static void lengths_that_do_not_agree(void)
{
	struct wd_loc a, b, c, none = wd_loc(NULL, 0);
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, true) && !wd_seq_new(rig.sc, &seq));
	CHECK(!wd_seq_scratch(seq, 512, &a) && !wd_seq_scratch(seq, 520, &b));
	CHECK(!wd_seq_scratch(seq, 8, &c));
	CHECK(wd_seq_scratch(seq, 0, &none) == -EINVAL);
	CHECK(wd_seq_copy(seq, &a, &b) == -EINVAL);
	CHECK(wd_seq_copy(seq, &none, &a) == -EINVAL);
	CHECK(wd_seq_dif_insert(seq, &a, &b, &dif) == -EINVAL);
	CHECK(wd_seq_encrypt(seq, &rig.xts, &c, &c, tweak, 0) == -EINVAL);
	CHECK(wd_seq_encrypt(seq, &rig.xts, &a, &a, NULL, 0) == -EINVAL);
	a.op.len++;
	CHECK(wd_seq_fill(seq, &a, 1) == -EINVAL);
	CHECK(wd_seq_then(seq, step_told, NULL) == -ENOENT);
	CHECK(wd_seq_run(seq) == -EINVAL);
	wd_seq_free(seq);
	teardown(&rig);
}

static void scratch_that_nobody_wrote(void)
{
	struct wd_loc a, part;
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, true) && !wd_seq_new(rig.sc, &seq));
	CHECK(!wd_seq_scratch(seq, LEN, &a));
	part = wd_loc_in(a.domain, (uintptr_t)a.op.base, LEN / 2);
	CHECK(!wd_seq_fill(seq, &part, 1) && send(seq, &rig, LEN / 2));
	CHECK(!wd_seq_copy(seq, &(struct wd_loc){ NULL, { rig.out, LEN, NULL, 0 } }, &a));
	CHECK(wd_seq_run(seq) == -ENODATA);
	/* It can still be made good. */
	part = wd_loc_in(a.domain, (uintptr_t)a.op.base + LEN / 2, LEN / 2);
	CHECK(!wd_seq_fill(seq, &part, 2) && !wd_seq_reverse(seq));
	CHECK(wd_seq_run(seq) == -ENODATA);
	wd_seq_free(seq);
	teardown(&rig);
}

static void finished_twice(void)
{
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, true) && !wd_seq_new(rig.sc, &seq));
	CHECK(transport(seq, &rig) && send(seq, &rig, LEN));
	told = told_wrong = 0;
	CHECK(!wd_seq_then(seq, step_told, (void *)0));
	CHECK(!wd_seq_run(seq) && told == 1 && !told_wrong);
	CHECK(wd_seq_run(seq) == -EALREADY);
	CHECK(wd_seq_fill(seq, &(struct wd_loc){ NULL, { rig.out, 8, NULL, 0 } }, 0) == -EINVAL);
	wd_seq_free(seq);
	teardown(&rig);
}

static void aborted_before_it_ran(void)
{
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, true) && !wd_seq_new(rig.sc, &seq));
	told = told_wrong = 0;
	CHECK(transport(seq, &rig) && !wd_seq_then(seq, step_told, (void *)(intptr_t)-ECANCELED));
	CHECK(encryption(seq, &rig) && !wd_seq_then(seq, step_told, (void *)(intptr_t)-ECANCELED));
	wd_seq_abort(seq);
	CHECK(told == 2 && !told_wrong && !rig.far.started);
	CHECK(wd_seq_run(seq) == -EALREADY);
	wd_seq_free(seq);
	CHECK(told == 2);
	teardown(&rig);
}

static void aborted_in_flight(void)
{
	int expected = -ECANCELED;
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, false) && !wd_seq_new(rig.sc, &seq));
	rig.far.slow = true;
	told = told_wrong = 0;
	CHECK(transport(seq, &rig) && encryption(seq, &rig));
	CHECK(!wd_seq_then(seq, step_told, (void *)(intptr_t)expected));
	CHECK(!wd_seq_finish(seq, step_told, (void *)(intptr_t)expected));
	CHECK(!told && rig.far.started == 1);
	wd_seq_abort(seq);
	CHECK(!told && far_end(&rig.far, 0));
	CHECK(told == 2 && !told_wrong);
	wd_seq_free(seq);
	teardown(&rig);
}

static void a_transfer_that_fails(void)
{
	int expected = -EIO;
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, false) && !wd_seq_new(rig.sc, &seq));
	rig.far.slow = true;
	told = told_wrong = 0;
	CHECK(transport(seq, &rig) && encryption(seq, &rig));
	CHECK(!wd_seq_then(seq, step_told, (void *)(intptr_t)expected) && protection(seq));
	CHECK(!wd_seq_then(seq, step_told, (void *)(intptr_t)-ECANCELED));
	CHECK(!wd_seq_finish(seq, step_told, (void *)(intptr_t)expected));
	CHECK(far_end(&rig.far, -EIO) && told == 3 && !told_wrong);
	wd_seq_free(seq);
	teardown(&rig);
}

static void a_domain_without_pull(void)
{
	static const struct wd_domain_ops none = { 0 };
	struct wd_domain *dark;
	struct wd_loc there, out;
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, true) && !wd_domain_create("dark", &none, NULL, &dark));
	there = wd_loc_in(dark, 16, LEN);
	out = wd_loc(rig.out, LEN);
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_copy(seq, &out, &there));
	CHECK(wd_seq_run(seq) == -EOPNOTSUPP);
	wd_seq_free(seq);
	wd_domain_destroy(dark);
	teardown(&rig);
}

static void a_domain_that_was_destroyed(void)
{
	struct wd_domain *gone;
	struct wd_loc there, out;
	struct far far;
	struct rig rig;
	struct wd_seq *seq;

	CHECK(setup(&rig, NULL, true));
	far = rig.far;
	CHECK(!wd_domain_create("gone", &far_ops, &far, &gone));
	there = wd_loc_in(gone, FAR_BASE, LEN);
	out = wd_loc(rig.out, LEN);
	CHECK(!wd_seq_new(rig.sc, &seq) && !wd_seq_copy(seq, &out, &there));
	wd_domain_get(gone);
	wd_domain_destroy(gone);
	CHECK(wd_seq_copy(seq, &out, &there) == -ENODEV);
	CHECK(wd_seq_run(seq) == -ENODEV);
	wd_seq_free(seq);
	wd_domain_put(gone);
	teardown(&rig);
}

static void too_many_operations(void)
{
	struct rig rig;
	struct wd_seq *seq;
	struct wd_loc a;

	CHECK(setup(&rig, NULL, true) && !wd_seq_new(rig.sc, &seq));
	a = wd_loc(rig.out, 8);
	for (int i = 0; i < WD_SEQ_MAX; i++)
		CHECK(!wd_seq_fill(seq, &a, (uint64_t)i));
	CHECK(wd_seq_fill(seq, &a, 0) == -ENOSPC);
	CHECK(!wd_seq_run(seq));
	wd_seq_get_stats(seq, &rig.stats);
	CHECK(rig.stats.ran == WD_SEQ_MAX && rig.out[0] == WD_SEQ_MAX - 1);
	wd_seq_free(seq);
	teardown(&rig);
}

static const struct tap_test tests[] = {
	TEST(both_copies_vanish),
	TEST(a_platform_fuses_the_rest),
	TEST(what_cannot_be_translated_is_pulled),
	TEST(a_copy_in_front),
	TEST(a_copy_behind),
	TEST(a_copy_that_counts),
	TEST(reversed_for_reading),
	TEST(an_xor_of_what_others_have),
	TEST(buffers_are_used_again),
	TEST(lengths_that_do_not_agree),
	TEST(scratch_that_nobody_wrote),
	TEST(finished_twice),
	TEST(aborted_before_it_ran),
	TEST(aborted_in_flight),
	TEST(a_transfer_that_fails),
	TEST(a_domain_without_pull),
	TEST(a_domain_that_was_destroyed),
	TEST(too_many_operations),
};

TAP_MAIN(tests)
