// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define MAX_DEVICES	16
#define MAX_ATTACKERS	8
#define VICTIM		99	/* its number, where attackers count from 0 */

#define VICTIM_LEN	4000
#define VICTIM_NOPS	16

/* Of all processes. */
static struct {
	uint64_t descriptors;
	uint64_t syscalls;
	uint64_t victim_rounds;
	int failures;
	int stop;
} *shared;

static uint32_t seed;

/* The process that runs the harness: only it prints what was tried. */
static pid_t main_pid;

static uint64_t load(uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void print_tried(void)
{
	if (getpid() != main_pid)
		return;
	if (load(&shared->descriptors))
		printf("# tried: %llu descriptors\n", (unsigned long long)load(&shared->descriptors));
	if (load(&shared->syscalls))
		printf("# tried: %llu syscalls\n", (unsigned long long)load(&shared->syscalls));
	fflush(stdout);
}

void hostile_begin(void)
{
	const char *given = getenv("HOSTILE_SEED");

	main_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		abort();
	if (given)
		seed = strtoul(given, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = raw_now_ns();
	printf("# seed %u\n", seed);
	fflush(stdout);
	atexit(print_tried);
}

static int attack_seconds(void)
{
	const char *given = getenv("HOSTILE_SECONDS");

	if (given)
		return atoi(given);
	return getenv("SOAK") ? 180 : 4;
}

int hostile_limit(void)
{
	return attack_seconds() + 5 * HOSTILE_HANG_MS / 1000;
}

/* splitmix64: every state is good, also those that differ in one bit. */
static uint64_t next(struct hostile_rng *r)
{
	uint64_t x = r->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void hostile_rng_init(struct hostile_rng *r, unsigned int attacker, unsigned int thread)
{
	r->state = (uint64_t)seed << 32 | attacker << 16 | thread;
	r->state = next(r);
}

uint32_t hostile_random(struct hostile_rng *r)
{
	return next(r) >> 32;
}

uint32_t hostile_below(struct hostile_rng *r, uint32_t n)
{
	return (uint64_t)hostile_random(r) * n >> 32;
}

void hostile_descriptors(unsigned int n)
{
	__atomic_add_fetch(&shared->descriptors, n, __ATOMIC_RELAXED);
}

void hostile_syscalls(unsigned int n)
{
	__atomic_add_fetch(&shared->syscalls, n, __ATOMIC_RELAXED);
}

bool hostile_go_on(struct hostile *h)
{
	h->round++;
	return raw_now_ns() < h->end && !__atomic_load_n(&shared->failures, __ATOMIC_RELAXED);
}

/* In one write: lines of several processes do not mix. */
int hostile_fail(const struct hostile *h, const char *fmt, ...)
{
	char line[512];
	va_list args;
	int n;

	n = h->number == VICTIM ?
	    snprintf(line, sizeof(line), "# seed %u, the victim, round %u: ", seed, h->round) :
	    snprintf(line, sizeof(line), "# seed %u, attacker %u, round %u: ",
		     seed, h->number, h->round);
	va_start(args, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	__atomic_add_fetch(&shared->failures, 1, __ATOMIC_RELAXED);
	return write(STDOUT_FILENO, line, n) < 0 ? -1 : -1;
}

int hostile_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	return pid;
}

static int reap_until(pid_t pid, int *status, int64_t end)
{
	pid_t got;

	while (!(got = waitpid(pid, status, WNOHANG))) {
		if (raw_now_ns() > end)
			return -1;
		usleep(2000);
	}
	return got == pid ? 0 : -1;
}

int hostile_reap(int pid, int *status)
{
	/* Longer than anything that it waits for: it tells better what went wrong. */
	if (!reap_until(pid, status, raw_now_ns() + 2 * HOSTILE_HANG_MS * 1000000LL))
		return 0;
	kill(pid, SIGKILL);
	reap_until(pid, status, raw_now_ns() + HOSTILE_HANG_MS * 1000000LL);
	return -1;
}

int hostile_do(struct raw_chan *c, const struct wd_desc *d, struct wd_cqe *cqe)
{
	int ret;

	raw_put(c, d);
	ret = raw_ring(c);
	if (!ret)
		ret = raw_get(c, cqe, HOSTILE_HANG_MS);
	if (!ret && cqe->tag != d->tag)
		ret = -EPROTO;
	return ret;
}

/* --------------------------------------------------------------- victim */

/**
 * struct victim - what the victim works with
 * @c:        its channel
 * @m:        memory, that of the pointers
 * @plain:    text
 * @want:     @plain deflated, before anything happened
 * @want_len: length of @want
 * @packed:   what the device makes of @plain
 * @again:    what the device makes of @packed
 */
struct victim {
	struct raw_chan c;
	struct raw_mem m;
	uint8_t *plain;
	uint8_t *want;
	size_t want_len;
	uint8_t *packed;
	uint8_t *again;
};

/* Every other round it sleeps: its interrupts must come as well. */
static int sleep_till_done(struct raw_chan *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	volatile struct wd_cqe *slot = &c->cq[c->head & (c->layout.cq_depth - 1)];

	while (slot->phase != !(c->head & c->layout.cq_depth)) {
		if (poll(&pfd, 1, HOSTILE_HANG_MS) != 1)
			return -ETIMEDOUT;
		if (pfd.revents & POLLERR)
			return -EIO;
	}
	return 0;
}

static int victim_nops(struct victim *v, bool sleep)
{
	struct wd_desc d = { .opcode = WD_OP_NOP };
	struct wd_cqe cqe;
	int i, ret;

	for (i = 0; i < VICTIM_NOPS; i++) {
		d.tag = v->c.tail;
		raw_put(&v->c, &d);
	}
	ret = raw_ring(&v->c);
	for (i = 0; i < VICTIM_NOPS && !ret; i++) {
		ret = sleep ? sleep_till_done(&v->c) : 0;
		if (!ret)
			ret = raw_get(&v->c, &cqe, HOSTILE_HANG_MS);
		if (!ret && (cqe.status || cqe.tag != v->c.head - 1))
			ret = -EPROTO;
	}
	return ret;
}

static int victim_do(struct victim *v, const struct wd_desc *d, size_t len, bool sleep)
{
	struct wd_cqe cqe;
	int ret;

	raw_put(&v->c, d);
	ret = raw_ring(&v->c);
	if (!ret && sleep)
		ret = sleep_till_done(&v->c);
	if (!ret)
		ret = raw_get(&v->c, &cqe, HOSTILE_HANG_MS);
	if (!ret && (cqe.tag != d->tag || cqe.status || cqe.produced != len))
		ret = -EPROTO;
	return ret;
}

static int victim_data(struct victim *v, bool sleep)
{
	struct wd_desc d = raw_mem_deflate(&v->m, WD_COMP_GZIP, 6, v->plain, VICTIM_LEN,
					   v->packed, VICTIM_LEN);
	int ret;

	memset(v->packed, 0, VICTIM_LEN);
	ret = victim_do(v, &d, v->want_len, sleep);
	if (!ret && memcmp(v->packed, v->want, v->want_len))
		ret = -EBADMSG;
	if (ret)
		return ret;

	d = raw_mem_inflate(&v->m, WD_COMP_GZIP, v->packed, v->want_len, v->again, VICTIM_LEN);
	memset(v->again, 0, VICTIM_LEN);
	ret = victim_do(v, &d, VICTIM_LEN, sleep);
	if (!ret && memcmp(v->again, v->plain, VICTIM_LEN))
		ret = -EBADMSG;
	return ret;
}

static int victim_setup(struct victim *v)
{
	struct wd_desc d;
	struct wd_cqe cqe;
	int ret = raw_setup(&v->c);

	if (!ret)
		ret = raw_mem_reserve(&v->c, &v->m, 8 * VICTIM_LEN);
	if (ret)
		return ret;
	v->plain = raw_mem_take(&v->m, VICTIM_LEN);
	v->want = raw_mem_take(&v->m, VICTIM_LEN);
	v->packed = raw_mem_take(&v->m, VICTIM_LEN);
	v->again = raw_mem_take(&v->m, VICTIM_LEN);
	if (!v->plain || !v->want || !v->packed || !v->again)
		return -ENOMEM;
	raw_fill_text(v->plain, VICTIM_LEN, 1);
	d = raw_mem_deflate(&v->m, WD_COMP_GZIP, 6, v->plain, VICTIM_LEN, v->want, VICTIM_LEN);
	ret = hostile_do(&v->c, &d, &cqe);
	v->want_len = cqe.produced;
	return ret ? ret : cqe.status ? -EPROTO : 0;
}

static void victim_main(int ready)
{
	static struct victim v;
	struct hostile h = { .number = VICTIM };
	int ret = victim_setup(&v);

	if (ret || write(ready, "x", 1) != 1)
		_exit(hostile_fail(&h, "cannot begin: %s", strerror(-ret)) != 0);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		h.round++;
		ret = victim_nops(&v, h.round & 1);
		if (ret)
			hostile_fail(&h, "NOPs: %s", strerror(-ret));
		else if ((ret = victim_data(&v, h.round & 1)))
			hostile_fail(&h, "data: %s", strerror(-ret));
		if (ret)
			_exit(1);
		__atomic_add_fetch(&shared->victim_rounds, 1, __ATOMIC_RELAXED);
	}
	raw_close(&v.c);
	_exit(0);
}

/* On return it has its channel, and its right answers. */
static pid_t victim_start(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready))
		return -1;
	pid = hostile_fork();
	if (!pid) {
		close(ready[0]);
		victim_main(ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		hostile_reap(pid, NULL), pid = -1;
	close(ready[0]);
	return pid;
}

/* It must have got something done since @rounds; on a slow machine that may take a while. */
static int victim_end(const struct hostile *h, pid_t pid, uint64_t rounds)
{
	int64_t end = raw_now_ns() + HOSTILE_HANG_MS * 1000000LL;
	int status = 0;

	while (load(&shared->victim_rounds) == rounds && !shared->failures && raw_now_ns() < end)
		usleep(1000);
	if (load(&shared->victim_rounds) == rounds && !shared->failures)
		hostile_fail(h, "the victim did nothing");
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELAXED);
	if (hostile_reap(pid, &status))
		return hostile_fail(h, "the victim does not end");
	if (status && !shared->failures)
		return hostile_fail(h, "the victim ended with status %#x", status);
	return 0;
}

/* --------------------------------------------------------------- attack */

static void wait_attackers(struct hostile *h, const pid_t *pids, unsigned int n)
{
	int64_t hang = 2 * HOSTILE_HANG_MS * 1000000LL;
	int status = 0;

	for (unsigned int i = 0; i < n; i++) {
		h->number = i;
		if (reap_until(pids[i], &status, h->end + hang)) {
			hostile_fail(h, "it does not end");
			kill(pids[i], SIGKILL);
		} else if (status && !shared->failures) {
			hostile_fail(h, "it ended with status %#x", status);
		}
	}
	h->number = 0;
}

static void run_attackers(struct hostile *h, unsigned int n, hostile_attack_fn *fn)
{
	pid_t pids[MAX_ATTACKERS] = {};

	for (unsigned int i = 0; i < n; i++) {
		h->number = i;
		pids[i] = hostile_fork();
		if (!pids[i]) {
			hostile_rng_init(&h->rng, i, 0);
			_exit(fn(h) != 0);
		}
	}
	wait_attackers(h, pids, n);
}

/* What every attack leaves behind: a whole device that works. */
static int check_device(const struct hostile *h, int before)
{
	struct raw_chan c;
	int ret;

	if (raw_wait_available(before, HOSTILE_HANG_MS) < 0)
		return hostile_fail(h, "%d channels of %d are left", raw_available(), before);
	ret = raw_setup(&c);
	if (!ret) {
		ret = raw_nop(&c);
		raw_close(&c);
	}
	if (!ret && raw_wait_available(before, HOSTILE_HANG_MS) < 0)
		ret = -ETIMEDOUT;
	return ret ? hostile_fail(h, "the device does not work: %s", strerror(-ret)) : 0;
}

static int attack_device(unsigned int attackers, hostile_attack_fn *fn, int64_t ns)
{
	struct hostile h = {};
	int before = raw_available();
	uint64_t rounds;
	pid_t victim;

	shared->stop = 0;
	victim = victim_start();
	if (victim < 0)
		return hostile_fail(&h, "no victim");
	rounds = load(&shared->victim_rounds);
	h.end = raw_now_ns() + ns;
	run_attackers(&h, attackers, fn);
	victim_end(&h, victim, rounds);
	printf("# the victim did %llu rounds\n",
	       (unsigned long long)(load(&shared->victim_rounds) - rounds));
	return check_device(&h, before);
}

unsigned int hostile_mode(void)
{
	const char *mode = raw_mode();

	if (!strcmp(mode, "sva"))
		return HOSTILE_SVA;
	return strcmp(mode, "share") ? HOSTILE_NOIOMMU : HOSTILE_SHARE;
}

/* Devices of these modes come first; their number. */
static int choose(char names[][RAW_NAME], unsigned int modes)
{
	int n = raw_devices(names, MAX_DEVICES), chosen = 0;

	for (int i = 0; i < n; i++) {
		raw_select(names[i]);
		if (hostile_mode() & modes)
			memmove(names[chosen++], names[i], RAW_NAME);
	}
	return chosen;
}

int hostile_attack(unsigned int modes, unsigned int attackers, hostile_attack_fn *fn)
{
	char names[MAX_DEVICES][RAW_NAME];
	int n = choose(names, modes);

	shared->failures = 0;
	raw_lift_fence();
	if (n <= 0) {
		printf("# no device\n");
		return -1;
	}
	for (int i = 0; i < n && !shared->failures; i++) {
		raw_select(names[i]);
		attack_device(attackers, fn, attack_seconds() * 1000000000LL / n);
	}
	return shared->failures;
}
