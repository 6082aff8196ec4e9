// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory domains: which there are, transfers, and views of the same memory. */
#include <string.h>

#include "mode_util.h"
#include "rig_util.h"
#include "seq_util.h"

#define LEN	(16 * PAGE)

static void not_called(void *arg, int ret)
{
	(void)arg;
	(void)ret;
	abort();
}

/* Its place among all domains, or -1. */
static int position(const struct wd_domain *wanted)
{
	struct wd_domain *d;
	int n = 0, found = -1;

	for (d = wd_domain_next(NULL); d; d = wd_domain_next(d), n++)
		if (d == wanted)
			found = n;
	return found;
}

static void which_there_are(void)
{
	struct wd_domain *a, *b, *d;
	struct far far = { 0 };

	CHECK(position(wd_domain_process()) == 0 && position(wd_domain_scratch()) > 0);
	CHECK(!wd_domain_create("a", &far_ops, &far, &a) && !wd_domain_create("a", &far_ops, NULL, &b));
	CHECK(position(a) > 0 && position(b) == position(a) + 1);
	CHECK(!strcmp(wd_domain_name(a), "a") && wd_domain_arg(a) == &far && !wd_domain_arg(b));
	CHECK(!strcmp(wd_domain_name(NULL), "process"));

	/* Whoever is at it goes on from there. */
	d = wd_domain_get(a);
	wd_domain_destroy(a);
	CHECK(position(a) == -1);
	d = wd_domain_next(d);
	CHECK(d == b);
	wd_domain_put(d);
	wd_domain_destroy(b);
	wd_domain_destroy(NULL);
}

static void what_is_no_domain(void)
{
	char name[WD_NAME_SIZE + 1] = { 0 };
	struct wd_domain *d;

	memset(name, 'n', WD_NAME_SIZE);
	CHECK(wd_domain_create(NULL, &far_ops, NULL, &d) == -EINVAL);
	CHECK(wd_domain_create("", &far_ops, NULL, &d) == -EINVAL);
	CHECK(wd_domain_create(name, &far_ops, NULL, &d) == -EINVAL);
	CHECK(wd_domain_create("a", NULL, NULL, &d) == -EINVAL);
	CHECK(!wd_domain_channel(NULL));
}

static void transfers(void)
{
	static const struct wd_domain_ops none = { 0 };
	uint8_t there[100], here[100];
	struct far far = { .mem = there, .len = sizeof(there) };
	struct iovec own = { here, 50 }, theirs = { (void *)(FAR_BASE + 10), 50 };
	struct wd_domain *d, *dark;

	memset(there, 1, sizeof(there));
	memset(here, 2, sizeof(here));
	CHECK(!wd_domain_create("far", &far_ops, &far, &d));
	CHECK(!wd_domain_create("dark", &none, &far, &dark));
	CHECK(!wd_domain_pull(d, &own, 1, &theirs, 1, not_called, NULL));
	CHECK(here[0] == 1 && here[49] == 1 && here[50] == 2);
	here[0] = 3;
	CHECK(!wd_domain_push(d, &theirs, 1, &own, 1, not_called, NULL) && there[10] == 3);
	CHECK(wd_domain_memzero(d, &theirs, 1, not_called, NULL) == -EOPNOTSUPP);
	CHECK(wd_domain_pull(dark, &own, 1, &theirs, 1, not_called, NULL) == -EOPNOTSUPP);
	CHECK(wd_domain_push(dark, &theirs, 1, &own, 1, not_called, NULL) == -EOPNOTSUPP);

	CHECK(wd_domain_pull(d, &own, 1, &theirs, 1, NULL, NULL) == -EINVAL);
	CHECK(wd_domain_pull(d, &own, 0, &theirs, 1, not_called, NULL) == -EINVAL);
	own.iov_len = 49;
	CHECK(wd_domain_pull(d, &own, 1, &theirs, 1, not_called, NULL) == -EINVAL);
	theirs = (struct iovec){ (void *)(FAR_BASE + 52), 49 };
	CHECK(wd_domain_pull(d, &own, 1, &theirs, 1, not_called, NULL) == -EFAULT);
	theirs = (struct iovec){ (void *)(UINTPTR_MAX - 10), 49 };
	CHECK(wd_domain_pull(NULL, &own, 1, &theirs, 1, not_called, NULL) == -EINVAL);
	wd_domain_get(d);
	wd_domain_destroy(d);
	CHECK(wd_domain_pull(d, &own, 1, &theirs, 1, not_called, NULL) == -EINVAL);
	theirs = (struct iovec){ (void *)FAR_BASE, 49 };
	CHECK(wd_domain_pull(d, &own, 1, &theirs, 1, not_called, NULL) == -ENODEV);
	wd_domain_put(d);
	wd_domain_destroy(dark);
}

static void scratch_has_no_memory(void)
{
	uint8_t here[8];
	struct iovec own = { here, 8 }, theirs = { (void *)64, 8 }, out;
	unsigned int n = 1;

	CHECK(wd_domain_pull(wd_domain_scratch(), &own, 1, &theirs, 1, not_called, NULL) == -EFAULT);
	CHECK(wd_domain_push(wd_domain_scratch(), &theirs, 1, &own, 1, not_called, NULL) == -EFAULT);
	CHECK(wd_domain_memzero(wd_domain_scratch(), &theirs, 1, not_called, NULL) == -EFAULT);
	CHECK(wd_domain_translate(wd_domain_scratch(), &theirs, 1, NULL, &out, &n) == -EXDEV);
	CHECK(wd_domain_translate(NULL, &own, 1, wd_domain_scratch(), &out, &n) == -EXDEV);
}

/* Slices lie the other way round for the device, so that no two pages are neighbours. */
static void a_channels_view(void)
{
	struct iovec own, out[LEN / PAGE], back[LEN / PAGE];
	unsigned int n = LEN / PAGE, m = 1;
	struct wd_domain *d;
	struct rig rig;
	uint8_t *va, copy[3 * PAGE];

	CHECK(rig_open(&rig, LEN, 1, 0));
	rig.ch.dev_info = calloc(1, sizeof(*rig.ch.dev_info));
	CHECK(rig.ch.dev_info);
	rig.ch.dev_info->iommu_type = WD_IOMMU_SHARED;
	rig.user = sliced_mem(LEN, 1, USER_DMA);
	wd_mem_link(&rig.ch, rig.user);
	d = wd_domain_channel(&rig.ch);
	CHECK(d && position(d) > 0);
	va = (uint8_t *)rig.user->va;
	own = (struct iovec){ va + 100, 2 * PAGE };
	CHECK(!wd_domain_translate(NULL, &own, 1, d, out, &n) && n == 3);
	CHECK(out[0].iov_base == wd_get_pa_from_va(&rig.ch, va + 100));
	CHECK(out[0].iov_len == PAGE - 100 && out[1].iov_len == PAGE && out[2].iov_len == 100);
	CHECK(!wd_domain_translate(d, out, 3, NULL, back, &m) && m == 1);
	CHECK(back[0].iov_base == va + 100 && back[0].iov_len == 2 * PAGE);
	n = 2;
	CHECK(wd_domain_translate(NULL, &own, 1, d, out, &n) == -ENOSPC && n == 3);

	/* By the device's addresses, through the process's. */
	memset(va, 5, 4 * PAGE);
	own = (struct iovec){ copy, 2 * PAGE };
	CHECK(!wd_domain_pull(d, &own, 1, out, 3, not_called, NULL));
	CHECK(copy[0] == 5 && copy[2 * PAGE - 1] == 5);
	memset(copy, 6, sizeof(copy));
	CHECK(!wd_domain_push(d, out, 3, &own, 1, not_called, NULL));
	CHECK(va[99] == 5 && va[100] == 6 && va[100 + 2 * PAGE - 1] == 6 && va[100 + 2 * PAGE] == 5);
	CHECK(!wd_domain_memzero(d, &out[1], 1, not_called, NULL));
	CHECK(va[PAGE - 1] == 6 && !va[PAGE] && !va[2 * PAGE - 1] && va[2 * PAGE] == 6);

	/* What the device does not reach, on either side. */
	own = (struct iovec){ copy, 1 };
	n = 1;
	CHECK(wd_domain_translate(NULL, &own, 1, d, out, &n) == -EXDEV);
	own = (struct iovec){ va + LEN - 1, 2 };
	CHECK(wd_domain_translate(NULL, &own, 1, d, out, &n) == -EXDEV);
	out[0] = (struct iovec){ (void *)0x1000, 8 };
	CHECK(wd_domain_translate(d, out, 1, NULL, back, &m) == -EXDEV);
	own = (struct iovec){ copy, 8 };
	CHECK(wd_domain_pull(d, &own, 1, out, 1, not_called, NULL) == -EFAULT);
	rig_close(&rig);
	CHECK(position(d) == -1);
}

/* A context on the device with SVA, whatever WD_MODE says. */
static bool open_sva(struct wd_seq_ctx **sc)
{
	char *kept = mode_set("sva");
	bool ok = !wd_seq_ctx_create(NULL, sc);

	mode_restore(kept);
	return ok;
}

/*
 * Two functions, two views of the same memory: what one was told to write, under the name that
 * it has for it, the other reads under its own.
 */
static void two_functions(void)
{
	struct iovec own, named[LEN / PAGE], seen[LEN / PAGE];
	unsigned int n = LEN / PAGE, m = LEN / PAGE;
	struct wd_alg_ctx copy = { .alg = "copy" };
	struct wd_domain *there, *here;
	struct wd_seq_stats stats;
	struct wd_seq_ctx *sc;
	struct wd_loc from, to;
	struct wd_seq *seq;
	uint8_t *mem, out[LEN];

	if (!getenv("WD_TEST_DEVICE")) {
		tap_skipped = "no device";
		return;
	}
	CHECK(!wd_alg_init(&copy) && open_sva(&sc));
	there = wd_domain_channel(copy.ch);
	here = wd_domain_channel(wd_seq_ctx_channel(sc));
	CHECK(there && here && there != here);
	mem = wd_reserve_mem(copy.ch, LEN);
	CHECK(mem);
	for (unsigned int i = 0; i < LEN; i++)
		mem[i] = (uint8_t)(i >> 4);

	own = (struct iovec){ mem + 5, LEN - 5 };
	CHECK(!wd_domain_translate(NULL, &own, 1, there, named, &n));
	CHECK(named[0].iov_base == wd_get_pa_from_va(copy.ch, mem + 5));
	CHECK(!wd_domain_translate(there, named, n, here, seen, &m));
	CHECK(m == 1 && seen[0].iov_base == mem + 5 && seen[0].iov_len == LEN - 5);
	/* The other way: what was not reserved is not there for a device that has but its own. */
	own = (struct iovec){ out, LEN };
	n = LEN / PAGE;
	CHECK(wd_domain_translate(here, &own, 1, there, named, &n) ==
	      (copy.ch->dev_info->iommu_type == WD_IOMMU_SVA ? 0 : -EXDEV));

	own = (struct iovec){ mem + 5, LEN - 5 };
	n = LEN / PAGE;
	CHECK(!wd_domain_translate(here, &own, 1, there, named, &n));
	from = (struct wd_loc){ there, { .iov = named, .iovcnt = n, .len = LEN - 5 } };
	to = wd_loc(out, LEN - 5);
	CHECK(!wd_seq_new(sc, &seq) && !wd_seq_copy(seq, &to, &from) && !wd_seq_run(seq));
	wd_seq_get_stats(seq, &stats);
	CHECK(stats.submissions == 1 && !stats.transfers && !stats.temp_bytes);
	CHECK(!memcmp(out, mem + 5, LEN - 5));
	wd_seq_free(seq);
	wd_seq_ctx_destroy(sc);
	wd_alg_exit(&copy);
}

static const struct tap_test tests[] = {
	TEST(which_there_are),
	TEST(what_is_no_domain),
	TEST(transfers),
	TEST(scratch_has_no_memory),
	TEST(a_channels_view),
	TEST(two_functions),
};

TAP_MAIN(tests)
