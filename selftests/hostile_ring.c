// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors, completions, status line and doorbells that other threads rewrite
 * while the engine reads them: what is read twice is not the same twice. Then
 * operands that lie in the rings themselves.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "hostile.h"
#include "hostile_work.h"

#define MANGLERS	2
#define LEAVE_MS	30	/* a channel whose doorbells lie may never be done */

/* What is rewritten. */
#define DESCS		1
#define CQES		2
#define STATUS		4
#define DOORBELLS	8

struct target {
	struct hostile *h;
	struct work w;
	struct raw_chan c;
	struct raw_chan other;	/* operands may be in its rings */
	struct work_desc batch[WORK_SLOTS];
	unsigned int what;
	bool stop;
};

struct mangler {
	struct target *t;
	struct hostile_rng rng;
	pthread_t thread;
};

/* A store of 1 to 16 bytes at any address. */
static void store(volatile uint8_t *p, struct hostile_rng *r)
{
	typedef uint64_t any64 __attribute__((aligned(1), may_alias));
	typedef uint32_t any32 __attribute__((aligned(1), may_alias));
	typedef uint16_t any16 __attribute__((aligned(1), may_alias));
	typedef long long vec __attribute__((vector_size(16), aligned(1), may_alias));
	uint32_t x = hostile_random(r);

	switch (hostile_below(r, 6)) {
	case 0:
		*p = x;
		break;
	case 1:
		*(volatile any16 *)p = x;
		break;
	case 2:
		*(volatile any64 *)p = (uint64_t)x << 32 | hostile_random(r);
		break;
	case 3:
		*(volatile vec *)p = (vec){ x, hostile_random(r) };
		break;
	default:
		*(volatile any32 *)p = hostile_chance(r, 2) ? x : hostile_below(r, 3);
	}
}

/* A field of a descriptor, and two values that it has in turn, fast. */
struct flip {
	size_t off;
	size_t size;
	uint64_t value[2];
};

/* One is good mostly and one is not. Never noise in dst: that would be our own memory. */
static struct flip choose_flip(struct target *t, struct hostile_rng *r)
{
	static const uint16_t opcodes[] = {
		WD_OP_DEFLATE, WD_OP_NOP, WD_OP_STREAM_CLOSE, WD_OP_DIGEST, WD_OP_COPY, WD_OP_FILL, 0xffff,
	};
	static const uint32_t streams[] = { 1, 15, 16, 0x1000, 0xffffffff };
	const uint32_t max = t->c.layout.max_len;
	const uint32_t lens[] = { 0, 100, 16385, max, max + 1, 0xffffffff };

#define FLIP(field, a, b) \
	((struct flip) { offsetof(struct wd_desc, field), sizeof(((struct wd_desc *)0)->field), { a, b } })
	switch (hostile_below(r, 8)) {
	case 0:
		return FLIP(opcode, WD_OP_INFLATE, HOSTILE_PICK(r, opcodes));
	case 1:
	case 2:
		return FLIP(stream, hostile_below(r, 2), HOSTILE_PICK(r, streams));
	case 3:
		return FLIP(src_len, hostile_below(r, WORK_SLOT_LEN), HOSTILE_PICK(r, lens));
	case 4:
		return FLIP(dst_len, hostile_below(r, WORK_SLOT_LEN), HOSTILE_PICK(r, lens));
	case 5:
		return FLIP(op, WD_COMP_NEW | 15 << WD_COMP_WINDOW_SHIFT, hostile_random(r));
	case 6:
		return FLIP(src, work_address(&t->w, r, false), work_address(&t->w, r, false));
	default:
		return FLIP(dst, work_address(&t->w, r, true), work_address(&t->w, r, true));
	}
#undef FLIP
}

/* The next descriptors that the engine takes: it must look at each field once. */
static void mangle_desc(struct target *t, struct hostile_rng *r)
{
	struct flip f = choose_flip(t, r);
	uint32_t ahead = hostile_below(r, 3), mask = t->c.layout.sq_depth - 1;
	uint32_t slot = hostile_random(r);

	for (int i = 0; i < 300; i++) {
		uint8_t *p;

		if (!(t->what & STATUS))
			slot = t->c.status->sq_head + ahead;
		p = (uint8_t *)&t->c.sq[slot & mask] + f.off;
		if (f.size == 2)
			*(volatile uint16_t *)p = f.value[i & 1];
		else if (f.size == 4)
			*(volatile uint32_t *)p = f.value[i & 1];
		else
			*(volatile uint64_t *)p = f.value[i & 1];
	}
}

/* Any other byte or word. */
static void spoil_desc(struct target *t, struct hostile_rng *r)
{
	static const uint8_t but_dst[] = { 0, 1, 2, 4, 5, 7, 16, 32, 36, 40, 44, 48, 52, 56, 60 };
	uint8_t *d = (uint8_t *)&t->c.sq[hostile_below(r, t->c.layout.sq_depth)];
	uint8_t off = HOSTILE_PICK(r, but_dst);

	if (hostile_chance(r, 2))
		*(volatile uint8_t *)(d + off) = hostile_random(r);
	else
		*(volatile uint32_t *)(d + (off & ~3)) = hostile_random(r);
}

/* Mostly at the doorbells, but anywhere in the page, at any width. */
static void mangle_doorbell(struct target *t, struct hostile_rng *r)
{
	volatile uint32_t *tail = (volatile uint32_t *)(t->c.mmio + WD_DB_SQ_TAIL);
	volatile uint32_t *head = (volatile uint32_t *)(t->c.mmio + WD_DB_CQ_HEAD);

	switch (hostile_below(r, 6)) {
	case 0:
		store(t->c.mmio + WD_DB_SQ_TAIL + hostile_below(r, 8), r);
		break;
	case 1:
		store(t->c.mmio + WD_DB_CQ_HEAD + hostile_below(r, 8) - 4, r);
		break;
	case 2:
		__atomic_add_fetch(tail, 1, __ATOMIC_SEQ_CST);
		break;
	case 3:
		__atomic_exchange_n(head, t->c.status->cq_tail, __ATOMIC_SEQ_CST);
		break;
	default:
		store(t->c.mmio + hostile_below(r, t->c.mmio_size - 16), r);
	}
}

static void mangle_once(struct target *t, struct hostile_rng *r, unsigned int what)
{
	uint8_t *status = (uint8_t *)t->c.status, *cq = (uint8_t *)t->c.cq;

	switch (what) {
	case DESCS:
		if (hostile_chance(r, 4))
			spoil_desc(t, r);
		else
			mangle_desc(t, r);
		break;
	case CQES:
		store(cq + hostile_below(r, t->c.layout.cq_depth * sizeof(struct wd_cqe) - 16), r);
		break;
	case STATUS:
		store(status + hostile_below(r, sizeof(struct wd_chan_status)), r);
		break;
	default:
		mangle_doorbell(t, r);
	}
}

static void *mangle(void *arg)
{
	struct mangler *m = arg;
	struct target *t = m->t;
	struct pollfd pfd = { .fd = t->c.fd, .events = POLLIN };
	unsigned int what;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 50; i++) {
			do {
				what = 1U << hostile_below(&m->rng, 4);
			} while (!(t->what & what));
			mangle_once(t, &m->rng, what);
		}
		/* The driver reads what we write. */
		poll(&pfd, 1, 0);
		hostile_syscalls(1);
	}
	return NULL;
}

static void start_manglers(struct target *t, struct mangler *m)
{
	t->stop = false;
	for (int i = 0; i < MANGLERS; i++) {
		m[i].t = t;
		if (pthread_create(&m[i].thread, NULL, mangle, &m[i]))
			abort();
	}
}

static void stop_manglers(struct target *t, struct mangler *m)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < MANGLERS; i++)
		pthread_join(m[i].thread, NULL);
}

/* Which errors may have stopped the channel. */
static bool may_stop(const struct target *t, uint32_t error)
{
	if (error == WD_CHAN_ERR_NOISE)
		return true;
	return t->what & DOORBELLS &&
	       (error == WD_CHAN_ERR_SQ_INDEX || error == WD_CHAN_ERR_CQ_INDEX);
}

/*
 * Until the device itself says that @n descriptors of the channel are done, or
 * that it stopped; the status line may lie. Return: 1 if it goes on.
 */
static int wait_done(struct target *t, uint32_t n)
{
	int ms = t->what & DOORBELLS ? LEAVE_MS : HOSTILE_HANG_MS;
	int64_t now = raw_now_ns(), end = now + ms * 1000000LL, changed = now;
	struct wd_chan_state state;
	uint32_t done = 0;

	do {
		if (ioctl(t->c.fd, WD_CMD_KICK) || ioctl(t->c.fd, WD_CMD_GET_STATE, &state))
			return hostile_fail(t->h, "kick or state: %s", strerror(errno));
		hostile_syscalls(2);
		if (state.state == WD_CHAN_ERROR)
			return may_stop(t, state.error) ? 0 :
			       hostile_fail(t->h, "rewriting %#x: error %u", t->what, state.error);
		if (state.state != WD_CHAN_RUNNING)
			return hostile_fail(t->h, "rewriting %#x: state %u", t->what, state.state);
		if (state.cq_tail == n && state.sq_head == n)
			return 1;
		/* Descriptors that became units have no completion of their own, or wait for the next. */
		now = raw_now_ns();
		if (state.sq_head != n || state.cq_tail != done)
			changed = now;
		done = state.cq_tail;
		if (t->what & DESCS && now - changed > LEAVE_MS * 1000000LL)
			return 0;
		/* The CPU is better used by who rewrites. */
		usleep(200);
	} while (now < end);
	return t->what & DOORBELLS ? 0 :
	       hostile_fail(t->h, "rewriting %#x: %u of %u done", t->what, state.cq_tail, n);
}

/* What can be said of a completion, whatever its descriptor became. */
static const char *check_any(const struct target *t, uint32_t index, const struct wd_cqe *cqe)
{
	if (cqe->phase != !(index & t->c.layout.cq_depth))
		return "it was posted twice, or never";
	if (!work_is_status(cqe->status) || cqe->status == WD_ST_ABORTED)
		return "not a status";
	if (cqe->consumed > t->c.layout.max_len || cqe->produced > t->c.layout.max_len)
		return "longer than any operand";
	return NULL;
}

static int check_batch(struct target *t, unsigned int n)
{
	const char *wrong = NULL;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < n && !wrong; i++) {
		uint32_t index = t->c.head++;

		cqe = *(struct wd_cqe *)&t->c.cq[index & (t->c.layout.cq_depth - 1)];
		if (t->what & CQES)
			continue;
		wrong = check_any(t, index, &cqe);
		if (!wrong && !(t->what & (DESCS | DOORBELLS)))
			wrong = work_check(&t->w, &t->c, &t->batch[i], &cqe);
		if (wrong)
			return hostile_fail(t->h, "rewriting %#x: %s: opcode %#x, status %#x",
					    t->what, wrong, t->batch[i].d.opcode, cqe.status);
	}
	if (!(t->what & DOORBELLS))
		raw_store_head(&t->c, t->c.head);
	return 0;
}

/* Return: 1 if the channel can go on. */
static int one_batch(struct target *t)
{
	struct hostile_rng *r = &t->h->rng;
	unsigned int n = 1 + hostile_below(r, WORK_SLOTS), i;
	int ret;

	for (i = 0; i < n; i++) {
		if (t->w.mode == HOSTILE_NOIOMMU || hostile_chance(r, 4))
			work_sane(&t->w, r, &t->c.layout, i, &t->batch[i]);
		else
			work_random(&t->w, r, &t->c, i, &t->batch[i]);
		raw_put(&t->c, &t->batch[i].d);
	}
	hostile_descriptors(n);
	raw_store_tail(&t->c, t->c.tail);
	ret = wait_done(t, t->c.tail);
	if (ret == 1 && check_batch(t, n))
		ret = -1;
	return ret;
}

static int open_target(struct target *t, bool own_as_dst)
{
	int ret = work_open_channel(&t->w, &t->c, 0, own_as_dst);

	if (!ret)
		ret = work_open_channel(&t->w, &t->other, 1, true);
	return ret ? hostile_fail(t->h, "no channel: %s", strerror(-ret)) : 0;
}

static void close_target(struct target *t)
{
	work_close_channel(&t->w, &t->other);
	work_close_channel(&t->w, &t->c);
}

static int begin(struct target *t, struct hostile *h)
{
	int ret;

	t->h = h;
	ret = raw_setup(&t->c);
	if (!ret)
		ret = work_init(&t->w, &t->c);
	raw_close(&t->c);
	return ret ? hostile_fail(h, "cannot begin: %s", strerror(-ret)) : 0;
}

static int rewrite_rings(struct hostile *h)
{
	static struct target t;
	struct mangler m[MANGLERS];
	int ret, batches;

	if (begin(&t, h))
		return -1;
	for (int i = 0; i < MANGLERS; i++)
		hostile_rng_init(&m[i].rng, h->number, 1 + i);
	while (hostile_go_on(h)) {
		t.what = 1 + hostile_below(&h->rng, 15);
		/* Not the addresses of a device that can reach everything. */
		if (t.w.mode == HOSTILE_NOIOMMU)
			t.what = (t.what & ~DESCS) ?: DOORBELLS;
		work_restore_slots(&t.w);
		if (open_target(&t, false))
			return -1;
		start_manglers(&t, m);
		batches = 1 + hostile_below(&h->rng, 20);
		do {
			ret = one_batch(&t);
		} while (ret == 1 && --batches && raw_now_ns() < h->end);
		stop_manglers(&t, m);
		close_target(&t);
		if (ret < 0)
			return -1;
		if (!work_intact(&t.w))
			return hostile_fail(h, "a source was written to");
	}
	return 0;
}

/* What it does to its own rings is its own loss, as long as the channel can be ended. */
static int operands_in_rings(struct hostile *h)
{
	static struct target t;
	struct wd_chan_state state;
	struct work_desc wd;
	unsigned int n, i;

	if (begin(&t, h))
		return -1;
	while (hostile_go_on(h)) {
		if (open_target(&t, true))
			return -1;
		n = 1 + hostile_below(&h->rng, t.c.layout.sq_depth);
		for (i = 0; i < n; i++) {
			work_random(&t.w, &h->rng, &t.c, 0, &wd);
			if (hostile_below(&h->rng, 4))
				wd.d.dst = (uintptr_t)t.c.mmio +
					   hostile_below(&h->rng, t.c.mmio_size + t.c.dus_size);
			raw_put(&t.c, &wd.d);
		}
		hostile_descriptors(n);
		raw_store_tail(&t.c, n);
		for (i = 0; i < 10; i++) {
			if (ioctl(t.c.fd, WD_CMD_KICK) || ioctl(t.c.fd, WD_CMD_GET_STATE, &state))
				return hostile_fail(h, "kick or state: %s", strerror(errno));
			if (state.error > WD_CHAN_ERR_NOISE)
				return hostile_fail(h, "error %u", state.error);
			usleep(hostile_below(&h->rng, 1000));
		}
		close_target(&t);
	}
	return 0;
}

FIXTURE(hostile) {};
FIXTURE_SETUP(hostile) {}
FIXTURE_TEARDOWN(hostile) {}

TEST_F_TIMEOUT(hostile, rings_rewritten, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_ALL, 1, rewrite_rings));
}

TEST_F_TIMEOUT(hostile, operands_in_the_rings, hostile_limit())
{
	ASSERT_EQ(0, hostile_attack(HOSTILE_SVA, 2, operands_in_rings));
}

HOSTILE_MAIN
