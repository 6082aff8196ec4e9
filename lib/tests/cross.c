// SPDX-License-Identifier: GPL-2.0-or-later
/* Random requests: their memory, how they are run, and whether it came out right. */
#include <sys/mman.h>
#include <sys/random.h>

#include "cross.h"
#include "stats_util.h"

#define PROCESS_MEM	(10UL << 20)
#define RESERVED_MEM	(2UL << 20)
#define GROUP_BYTES	(CROSS_MAX + (256U << 10))
#define PAGE		4096UL

uint64_t cross_random(struct cross *c)
{
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return c->state * 0x2545f4914f6cdd1d;
}

size_t cross_below(struct cross *c, size_t n)
{
	return (size_t)(cross_random(c) >> 8) % n;
}

void cross_bytes(struct cross *c, void *p, size_t len)
{
	unsigned char *to = p;
	uint64_t eight;

	for (; len >= 8; len -= 8, to += 8) {
		eight = cross_random(c);
		memcpy(to, &eight, 8);
	}
	eight = cross_random(c);
	memcpy(to, &eight, len);
}

size_t cross_length(struct cross *c)
{
	static const size_t edges[] = {
		0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 129, 4095, 4096, 4097, 8192, 65536,
	};
	const size_t how = cross_below(c, 512);
	size_t len;

	if (how == 0)
		len = CROSS_MAX - cross_chance(c, 2) * cross_below(c, CROSS_MAX);
	else if (how < 12)
		len = cross_below(c, 65537);
	else if (how < 64)
		len = edges[cross_below(c, sizeof(edges) / sizeof(*edges))];
	else
		len = cross_below(c, how < 200 ? 4097 : 513);
	if (len > c->budget)
		len = cross_below(c, 257);
	c->budget -= len < c->budget ? len : c->budget;
	return len;
}

static struct cross_mem *choose_mem(struct cross *c, size_t len)
{
	struct cross_mem *mem = &c->mem[cross_below(c, c->mems)];

	if (mem->size - mem->used < len)
		mem = &c->mem[0];
	MUST(mem->size - mem->used >= len);
	return mem;
}

/* How far the next part is from the one before. */
static size_t gap(struct cross *c, const struct cross_mem *mem)
{
	size_t n = 1 + cross_below(c, 40), align = 16UL << cross_below(c, 3) * 4;

	if (cross_chance(c, 4) && (n < 8 || align < PAGE))
		n += -(mem->used + n) % align;
	return n;
}

struct cross_area cross_area(struct cross *c, size_t len, bool parts)
{
	const unsigned int n = !parts ? 1 : 2 + (unsigned int)cross_below(c, cross_chance(c, 8) ? 90 : 7);
	struct cross_mem *mem = choose_mem(c, len + n * (40 + PAGE));
	struct cross_area a = { .len = len, .part = &c->iov[c->iovs], .parts = n, .mem = mem };
	struct iovec *iov = &c->iov[c->iovs];
	unsigned int first = (unsigned int)cross_below(c, n);

	MUST(c->iovs + n <= CROSS_PARTS);
	c->iovs += n;
	for (unsigned int i = 0; i < n; i++) {
		size_t most = cross_chance(c, 2) ? len : len < 64 ? len : 64;

		iov[i].iov_len = i == n - 1 ? len : cross_below(c, most + 1);
		len -= iov[i].iov_len;
	}
	/* In memory they are in another order. */
	for (unsigned int i = 0; i < n; i++) {
		struct iovec *part = &iov[(first + i) % n];

		mem->used += gap(c, mem);
		part->iov_base = mem->p + mem->used;
		mem->used += part->iov_len;
	}
	mem->used++;
	return a;
}

struct cross_area cross_maybe_parts(struct cross *c, size_t len)
{
	return cross_area(c, len, cross_chance(c, 2));
}

struct cross_area cross_source(struct cross *c, size_t len, bool parts)
{
	const struct cross_area a = cross_area(c, len, parts && cross_chance(c, 2));

	for (unsigned int i = 0; i < a.parts; i++) {
		unsigned char *p = a.part[i].iov_base;

		cross_bytes(c, p, a.part[i].iov_len);
		memcpy(a.mem->want + (p - a.mem->p), p, a.part[i].iov_len);
	}
	return a;
}

void cross_use(struct wd_operand *op, const struct cross_area *a)
{
	if (a->parts > 1) {
		wd_set_iov(op, a->part, a->parts);
		return;
	}
	*op = (struct wd_operand){ .base = a->part[0].iov_base, .len = a->len };
}

enum way { PUT, EXPECT, GET, ACCEPT };

static void walk(const struct cross_area *a, size_t at, unsigned char *flat, size_t len, enum way way)
{
	MUST(at + len <= a->len);
	for (unsigned int i = 0; len; i++) {
		const struct iovec *part = &a->part[i];
		unsigned char *p = (unsigned char *)part->iov_base + at, *want;
		size_t n = part->iov_len;

		if (at >= n) {
			at -= n;
			continue;
		}
		n = n - at < len ? n - at : len;
		want = a->mem->want + (p - a->mem->p);
		if (way == PUT)
			memcpy(p, flat, n);
		if (way == GET)
			memcpy(flat, want, n);
		else
			memcpy(want, way == ACCEPT ? p : flat, n);
		if (flat)
			flat += n;
		len -= n;
		at = 0;
	}
}

void cross_put(const struct cross_area *a, size_t at, const void *from, size_t len)
{
	walk(a, at, (unsigned char *)(uintptr_t)from, len, PUT);
}

void cross_expect(const struct cross_area *a, size_t at, const void *from, size_t len)
{
	walk(a, at, (unsigned char *)(uintptr_t)from, len, EXPECT);
}

void cross_get(const struct cross_area *a, size_t at, void *to, size_t len)
{
	walk(a, at, to, len, GET);
}

void cross_accept(const struct cross_area *a, size_t at, size_t len)
{
	walk(a, at, NULL, len, ACCEPT);
}

static bool on_device(void)
{
	return getenv("WD_TEST_DEVICE");
}

bool cross_open(struct cross *c, struct cross_ctx *on, const char *alg, unsigned int tag_len)
{
	int ret;

	on->ctx = (struct wd_alg_ctx){
		.alg = alg, .ch = c->base.ch, .tag_len = tag_len, .flags = c->base.flags,
	};
	ret = wd_alg_init(&on->ctx);
	if (ret == -ENODEV && (strstr(alg, "sm3") || strstr(alg, "sm4")))
		return false;
	MUST(!ret);
	MUST(!strcmp(wd_alg_vendor_name(&on->ctx), on_device() ? "native" : "software"));
	if (on->key_len)
		MUST(!wd_alg_set_key(&on->ctx, on->key, on->key_len));
	return true;
}

static void add_mem(struct cross *c, void *p, size_t size)
{
	c->mem[c->mems++] = (struct cross_mem){
		.p = p, .want = memcpy(must_alloc(size), p, size), .size = size,
	};
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

void cross_begin(struct cross *c, const char *name)
{
	void *p;

	*c = (struct cross){ .name = name, .count = number("WD_CROSS_COUNT", 400) };
	c->count = getenv("SOAK") ? c->count * 10 : c->count;
	c->count = getenv("SLOW") ? c->count / 10 : c->count;
	MUST(getrandom(&c->state, sizeof(c->state), 0) == sizeof(c->state));
	c->state = number("WD_CROSS_SEED", c->state | 1);
	c->group = c->state;
	MUST(!alg_open(&c->base, "copy"));
	MUST(!on_device() || !strcmp(wd_alg_vendor_name(&c->base), "native"));
	p = mmap(NULL, PROCESS_MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	add_mem(c, p, PROCESS_MEM);
	p = wd_reserve_mem(c->base.ch, RESERVED_MEM);
	MUST(p);
	add_mem(c, p, RESERVED_MEM);
	for (int i = 0; i < 3; i++)
		c->flat[i] = must_alloc(CROSS_FLAT);
	c->iov = must_alloc(CROSS_PARTS * sizeof(*c->iov));
	c->ctxs = must_alloc(CROSS_CTXS * sizeof(*c->ctxs));
	c->jobs = must_alloc(CROSS_JOBS * sizeof(*c->jobs));
}

bool cross_end(struct cross *c)
{
	struct wd_mem_stats none = { 0 }, did;
	bool ok = true;

	/* What is counted in the end is what the device did. */
	printf("# %s%lu cross-checked %s requests\n", on_device() ? "tried: " : "", c->done, c->name);
	if (on_device()) {
		did = since(c->base.ch, &none);
		printf("# the device did %llu\n", (unsigned long long)did.requests);
		ok = did.requests >= c->done;
	}
	wd_alg_exit(&c->base);
	munmap(c->mem[0].p, c->mem[0].size);
	for (unsigned int i = 0; i < c->mems; i++)
		free(c->mem[i].want);
	for (int i = 0; i < 3; i++)
		free(c->flat[i]);
	free(c->iov);
	free(c->ctxs);
	free(c->jobs);
	return ok;
}

void cross_begin_group(struct cross *c)
{
	c->group = c->state;
	c->budget = GROUP_BYTES;
	c->iovs = 0;
	for (unsigned int i = 0; i < c->mems; i++) {
		struct cross_mem *mem = &c->mem[i];

		mem->most = mem->used > mem->most ? mem->used : mem->most;
		mem->used = 0;
	}
	/* Pages of destinations are sometimes not there. */
	if (cross_chance(c, 8)) {
		size_t len = (c->mem[0].most + PAGE - 1) & -PAGE;

		MUST(!madvise(c->mem[0].p, len, MADV_DONTNEED));
		memset(c->mem[0].want, 0, len);
		c->mem[0].most = 0;
	}
}

bool cross_failed(const struct cross *c, const char *what)
{
	printf("# %s: %s, repeat it with WD_CROSS_SEED=%#llx WD_CROSS_COUNT=1\n", c->name, what,
	       (unsigned long long)c->group);
	return false;
}

bool cross_compare(const struct cross *c)
{
	for (unsigned int i = 0; i < c->mems; i++) {
		const struct cross_mem *mem = &c->mem[i];
		size_t at = 0, end = mem->used;

		if (!memcmp(mem->p, mem->want, end + 64))
			continue;
		while (mem->p[at] == mem->want[at])
			at++;
		while (mem->p[end + 63] == mem->want[end + 63])
			end--;
		printf("# memory %u: %#zx, %p: %02x instead of %02x; to %#zx\n", i, at,
		       (void *)(mem->p + at), mem->p[at], mem->want[at], end + 63);
		return false;
	}
	return true;
}

static void print_operand(const char *name, const struct wd_operand *op)
{
	if (!op->len && !op->iovcnt)
		return;
	printf("#    %s: %zu", name, op->len);
	if (!op->iov)
		printf(" %p", op->base);
	for (unsigned int i = 0; i < op->iovcnt; i++)
		printf(" %p+%zu", op->iov[i].iov_base, op->iov[i].iov_len);
	printf("\n");
}

static void print_job(const struct cross_job *job)
{
	const struct wd_request *req = &job->req;

	printf("#   %s, key %zu, what %d, ret %d (%d), produced %zu (%zu), result %#llx (%#llx), "
	       "wrong %u (%u), unit %zu, iv %zu, sources %u\n", job->on->ctx.alg, job->on->key_len,
	       (int)req->what, req->ret, job->ret, req->produced, job->produced,
	       (unsigned long long)req->result, (unsigned long long)job->result, req->wrong,
	       job->wrong, req->unit, req->iv_len, req->nsrcs);
	print_operand("src", &req->src);
	print_operand("dst", &req->dst);
	print_operand("dst2", &req->dst2);
	print_operand("aad", &req->aad);
	print_operand("meta", &req->meta);
}

static bool check(struct cross *c, unsigned int n, bool called)
{
	bool ok = true;

	for (unsigned int i = 0; i < n; i++) {
		struct cross_job *job = &c->jobs[i];
		const struct wd_request *req = &job->req;

		if (job->unsure.len)
			cross_accept(&job->unsure, job->sure, job->unsure.len - job->sure);
		if (req->ret == job->ret && req->produced == job->produced &&
		    req->result == job->result && req->wrong == job->wrong &&
		    (!job->iv_known || !memcmp(job->iv, job->want_iv, sizeof(job->iv))) &&
		    job->called == (called && req->callback)) {
			c->done += job->counts;
			continue;
		}
		ok = cross_failed(c, "a result");
		print_job(job);
	}
	if (cross_compare(c))
		return ok;
	cross_failed(c, "memory");
	for (unsigned int i = 0; i < n; i++)
		print_job(&c->jobs[i]);
	return false;
}

static void note_call(struct wd_request *req)
{
	((struct cross_job *)req->arg)->called++;
}

enum { SYNC, ONE_BY_ONE, BATCH, WAYS };

/* Submit @n, in as few calls as their contexts and @most allow, and wait for all. */
static int submit(struct cross *c, unsigned int n, unsigned int most)
{
	struct wd_request *list[CROSS_JOBS];
	unsigned int i, len = 0;
	int ret = 0;

	for (i = 0; i < n && !ret; i++) {
		struct cross_job *job = &c->jobs[i];

		list[len++] = &job->req;
		if (len < most && i + 1 < n && job[1].on == job->on)
			continue;
		ret = submit_all(&job->on->ctx, list, len);
		len = 0;
	}
	for (i = 0; i < n && !ret; i++)
		if (wait_for(&c->base, &c->jobs[i].req) == -EIO && c->jobs[i].req.ret == -EINPROGRESS)
			ret = -EIO;
	return ret;
}

static bool run(struct cross *c, unsigned int n)
{
	const size_t way = cross_below(c, WAYS);
	int ret = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct cross_job *job = &c->jobs[i];

		job->req.callback = cross_chance(c, 2) ? note_call : NULL;
		job->req.arg = job;
	}
	if (way == SYNC) {
		for (unsigned int i = 0; i < n; i++) {
			struct cross_job *job = &c->jobs[i];

			job->req.ret = wd_alg_run(&job->on->ctx, &job->req);
		}
	} else {
		ret = submit(c, n, way == BATCH ? CROSS_JOBS : 1);
	}
	if (ret) {
		printf("# submitted: %d\n", ret);
		return cross_failed(c, "submitting");
	}
	return check(c, n, way != SYNC);
}

static bool group(struct cross *c, const struct cross_family *family)
{
	unsigned int ctxs = 1 + (unsigned int)cross_below(c, CROSS_CTXS);
	unsigned int n = 1 + (unsigned int)cross_below(c, CROSS_JOBS);
	bool ok;

	for (unsigned int i = 0; i < ctxs; i++)
		while (!family->open(c, &c->ctxs[i]))
			;
	memset(c->jobs, 0, n * sizeof(*c->jobs));
	for (unsigned int i = 0; i < n; i++) {
		c->jobs[i].on = &c->ctxs[i * ctxs / n];
		c->jobs[i].counts = true;
		family->make(c, &c->jobs[i]);
	}
	ok = run(c, n);
	for (unsigned int i = 0; i < ctxs; i++) {
		if (family->close)
			family->close(&c->ctxs[i]);
		wd_alg_exit(&c->ctxs[i].ctx);
	}
	return ok;
}

bool cross_run(const struct cross_family *family)
{
	struct cross c;
	bool ok = true;

	for (cross_begin(&c, family->name); ok && c.done < c.count;) {
		cross_begin_group(&c);
		ok = group(&c, family);
	}
	return cross_end(&c) && ok;
}
