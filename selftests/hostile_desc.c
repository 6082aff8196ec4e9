// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random descriptors: every field right, at an edge or random, every address of
 * any kind. Each is answered once, in order, by a status that fits what is wrong
 * with it; nothing is written but what is said to be.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "hostile.h"
#include "hostile_link.h"

struct attacker {
	struct hostile *h;
	struct work w;
	struct raw_chan c;
	struct raw_chan other;	/* whose rings operands may be in */
	struct work_desc batch[WORK_SLOTS];
	uint64_t answered;	/* by @c since it was opened */
	uint64_t fetched;	/* and descriptors that these were about */
};

static int open_channels(struct attacker *a)
{
	int ret = work_open_channel(&a->w, &a->c, 0, false);

	if (!ret)
		ret = work_open_channel(&a->w, &a->other, 1, true);
	a->answered = 0;
	a->fetched = 0;
	return ret ? hostile_fail(a->h, "no channel: %s", strerror(-ret)) : 0;
}

static void close_channels(struct attacker *a)
{
	work_close_channel(&a->w, &a->other);
	work_close_channel(&a->w, &a->c);
}

/* The device counts what it was given and what it answered: no answer may be doubled. */
static int check_state(struct attacker *a)
{
	struct wd_chan_state state;
	bool noise;

	if (ioctl(a->c.fd, WD_CMD_GET_STATE, &state))
		return hostile_fail(a->h, "no state: %s", strerror(errno));
	noise = state.state == WD_CHAN_ERROR && state.error == WD_CHAN_ERR_NOISE;
	if (state.state != WD_CHAN_RUNNING && !noise)
		return hostile_fail(a->h, "state %u, error %u", state.state, state.error);
	/* Where noise stopped it, a part of a unit may be fetched. */
	if (state.cq_tail != (uint32_t)a->answered ||
	    state.sq_head - (uint32_t)a->fetched >= (noise ? WD_LINK_MAX : 1))
		return hostile_fail(a->h, "%u fetched, %u completed, %u answers to %u", state.sq_head,
				    state.cq_tail, (uint32_t)a->answered, (uint32_t)a->fetched);
	return 0;
}

static unsigned int submit(struct attacker *a)
{
	struct hostile_rng *r = &a->h->rng;
	unsigned int n = 1 + hostile_below(r, WORK_SLOTS), i, unit;

	for (i = 0; i < n; i++) {
		if (hostile_chance(r, 10))
			work_sane(&a->w, r, &a->c.layout, i, &a->batch[i]);
		else
			work_random(&a->w, r, &a->c, i, &a->batch[i]);
	}
	for (i = 0; i < n; i += unit) {
		unit = hostile_chance(r, 4) ? 2 + hostile_below(r, WD_LINK_MAX - 1) : 1;
		if (unit > 1 && i + unit <= n)
			work_link(r, &a->batch[i], unit);
	}
	for (i = 0; i < n; i++)
		raw_put(&a->c, &a->batch[i].d);
	hostile_descriptors(n);
	return n;
}

static int complain(struct attacker *a, const struct work_desc *wd, const struct wd_cqe *cqe,
		    const char *wrong)
{
	const struct wd_desc *d = &wd->d;

	return hostile_fail(a->h, "%s: opcode %#x flags %#x op %#x stream %#x key %#x src %#llx+%#x "
			    "dst %#llx+%#x param %#llx, status %#x aux %#x consumed %#x produced %#x info %#llx",
			    wrong, d->opcode, d->flags, d->op, d->stream, d->key, d->src, d->src_len,
			    d->dst, d->dst_len, d->param, cqe->status, cqe->aux, cqe->consumed,
			    cqe->produced, cqe->info);
}

/* All of a batch. A ring full of nonsense stops the channel: that is no failure. */
static int collect(struct attacker *a, unsigned int n)
{
	struct wd_cqe cqe = {};
	const char *wrong;
	unsigned int i, of;
	int ret;

	for (i = 0; i < n; i += of) {
		of = a->batch[i].unit ? a->batch[i].unit : 1;
		ret = raw_get(&a->c, &cqe, HOSTILE_HANG_MS);
		if (ret == -EIO)
			break;
		if (ret)
			return complain(a, &a->batch[i], &cqe, "no answer");
		a->answered++;
		a->fetched += of;
		wrong = of > 1 ? work_check_unit(&a->c, &a->batch[i], &cqe) :
				 work_check(&a->w, &a->c, &a->batch[i], &cqe);
		if (wrong)
			return complain(a, &a->batch[i], &cqe, wrong);
	}
	if (check_state(a))
		return -1;
	if (i == n)
		return 0;
	close_channels(a);
	return open_channels(a);
}

/* Every now and then the device finds pages and channels new. */
static int change(struct attacker *a)
{
	if (hostile_chance(&a->h->rng, 4))
		work_drop_pages(&a->w, &a->h->rng);
	if (!hostile_chance(&a->h->rng, 50))
		return 0;
	close_channels(a);
	return open_channels(a);
}

static int random_descriptors(struct hostile *h)
{
	static struct attacker a;
	unsigned int n;
	int ret;

	a.h = h;
	ret = raw_setup(&a.c);
	if (!ret)
		ret = work_init(&a.w, &a.c);
	if (ret)
		return hostile_fail(h, "cannot begin: %s", strerror(-ret));
	raw_close(&a.c);
	if (open_channels(&a))
		return -1;
	while (hostile_go_on(h)) {
		n = submit(&a);
		ret = raw_ring(&a.c);
		if (ret)
			return hostile_fail(h, "kick: %s", strerror(-ret));
		if (collect(&a, n) || change(&a))
			return -1;
	}
	if (!work_intact(&a.w))
		return hostile_fail(h, "a source was written to");
	close_channels(&a);
	return 0;
}

FIXTURE(hostile) {};
FIXTURE_SETUP(hostile) {}
FIXTURE_TEARDOWN(hostile) {}

TEST_F_TIMEOUT(hostile, random_descriptors, hostile_limit())
{
	/* For the attackers' memory of all kinds. */
	raw_write("/proc/sys/vm/nr_hugepages", "4");
	EXPECT_EQ(0, hostile_attack(HOSTILE_IOMMU, 2, random_descriptors));
	raw_write("/proc/sys/vm/nr_hugepages", "0");
}

HOSTILE_MAIN
