// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of all kinds on a device of any mode: WD_MODE says which. What the device
 * with shared virtual addresses makes of the same data is what must come out.
 * Skipped where there is no device.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device_util.h"
#include "drivers/bounce_pool.h"
#include "mode_util.h"
#include "stats_util.h"

#define PIECE	WD_BOUNCE_PIECE
#define LEVEL	1
#define MAX	(6UL << 20)
#define ROOM(n)	((n) + (n) / 8 + 1024)

static bool copies(const struct wd_comp_ctx *ctx)
{
	return ctx->ch->dev_info->iommu_type != WD_IOMMU_SVA;
}

/* The same on the device that copies nothing. */
static bool open_reference(struct wd_comp_ctx *ctx, int mode)
{
	char *kept = mode_set("sva");
	bool ok = open_ctx(ctx, LEVEL, mode, NULL);

	mode_restore(kept);
	return ok;
}

static bool deflates(struct wd_comp_ctx *ctx, const void *in, size_t in_len, void *out,
		     size_t room)
{
	ctx->in = in;
	ctx->in_len = in_len;
	ctx->out = out;
	ctx->out_len = room;
	ctx->flush_type = WD_FINISH;
	REQUIRE(wd_alg_deflate(ctx) == WD_STREAM_END);
	REQUIRE(ctx->consumed == in_len);
	return true;
}

static bool inflates(struct wd_comp_ctx *ctx, const void *in, size_t in_len, void *out,
		     size_t len)
{
	ctx->in = in;
	ctx->in_len = in_len;
	ctx->out = out;
	ctx->out_len = len ? len : 1;
	REQUIRE(wd_alg_inflate(ctx) == WD_STREAM_END);
	REQUIRE(ctx->consumed == in_len && ctx->produced == len);
	return true;
}

/*
 * One size: @in_res, @out_res: input and output lie in reserved memory. What comes out
 * is compared, and what was copied.
 */
static bool one_size(struct wd_comp_ctx *ctx, struct wd_comp_ctx *ref, size_t len,
		     bool in_res, bool out_res)
{
	unsigned char *res = ctx->ch->ss_va;
	unsigned char *data = make_data(len, DATA_MIXED, (uint32_t)len + 1);
	unsigned char *want = malloc(ROOM(len)), *heap = malloc(ROOM(len));
	unsigned char *in = in_res ? res + 3 : data;
	unsigned char *out = out_res ? res + ROOM(MAX) + 5 : heap;
	struct wd_mem_stats stats = { 0 }, did;
	size_t packed;

	REQUIRE(want && heap);
	REQUIRE(deflates(ref, data, len, want, ROOM(len)));
	packed = ref->produced;
	memcpy(in, data, len);
	since(ctx->ch, &stats);
	REQUIRE(deflates(ctx, in, len, out, ROOM(len)));
	REQUIRE(ctx->produced == packed && !memcmp(out, want, packed));
	did = since(ctx->ch, &stats);
	REQUIRE(did.requests == 1);
	REQUIRE(did.bounced_in == (copies(ctx) && !in_res ? len : 0));
	REQUIRE(did.bounced_out == (copies(ctx) && !out_res ? packed : 0));
	REQUIRE(did.direct_bytes + did.bounced_in + did.bounced_out == len + packed);
	REQUIRE(did.bounced_requests == (did.bounced_in || did.bounced_out));

	memset(in, 0xaa, len);
	REQUIRE(inflates(ctx, out, packed, in, len));
	REQUIRE(ctx->checksum == ref_checksum(WD_GZIP, in, len));
	did = since(ctx->ch, &stats);
	REQUIRE(!did.bounced_in == (!copies(ctx) || out_res));
	REQUIRE(did.bounced_out == (copies(ctx) && !in_res ? len : 0));
	REQUIRE(inflates(ref, want, packed, heap, len) && !memcmp(in, heap, len));
	free(data);
	free(want);
	free(heap);
	return true;
}

static void sizes_and_places(void)
{
	static const size_t sizes[] = {
		0, 1, 2, 777, 4096, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1,
		5 * PIECE + 3, 3000001, MAX,
	};
	struct wd_comp_ctx ctx, ref;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	CHECK(open_reference(&ref, WD_STATELESS));
	CHECK(wd_reserve_mem(ctx.ch, 2 * ROOM(MAX) + 100));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		for (int place = 0; place < 4; place++)
			CHECK(one_size(&ctx, &ref, sizes[i], place & 1, place & 2));
	wd_alg_comp_exit(&ref);
	wd_alg_comp_exit(&ctx);
}

/* Does an operand of @len bytes at @va cross a slice? */
static bool crosses(struct wd_chan *ch, unsigned char *va, size_t len)
{
	char *first = wd_get_pa_from_va(ch, va);

	for (size_t i = 0; i < len; i += 4096)
		if ((char *)wd_get_pa_from_va(ch, va + i) != first + i)
			return true;
	return false;
}

static void lists_where_slices_are_crossed(void)
{
	struct wd_mem_stats stats = { 0 };
	struct wd_comp_ctx ctx;
	unsigned char *res, *back = malloc(MAX);

	CHECK(back);
	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL)) {
		free(back);
		return;
	}
	res = wd_reserve_mem(ctx.ch, 2 * ROOM(MAX));
	CHECK(res);
	fill(res, MAX, DATA_TEXT, 4);
	memcpy(back, res, MAX);
	since(ctx.ch, &stats);
	CHECK(deflates(&ctx, res, MAX, res + ROOM(MAX), ROOM(MAX)));
	CHECK(ref_inflates(WD_GZIP, res + ROOM(MAX), ctx.produced, back, MAX));
	CHECK(since(ctx.ch, &stats).sgl_requests ==
	      (crosses(ctx.ch, res, MAX) || crosses(ctx.ch, res + ROOM(MAX), ROOM(MAX))));
	wd_alg_comp_exit(&ctx);
	free(back);
}

static void streams_in_steps(void)
{
	static const size_t steps[][2] = {
		{ 1000, PIECE + 1 }, { 5 * PIECE, 3000 }, { 3 * PIECE + 1, 2 * PIECE },
		{ SIZE_MAX, 100001 }, { 100001, SIZE_MAX },
	};
	size_t len = 10 * PIECE + 11, n, m;
	unsigned char *data = make_data(len, DATA_MIXED, 9);
	unsigned char *out = malloc(ROOM(len)), *back = malloc(len + 1);
	struct wd_comp_ctx ctx;

	CHECK(out && back);
	if (open_ctx(&ctx, LEVEL, WD_STATEFUL, NULL)) {
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
			ctx.flush_type = WD_NO_FLUSH;
			CHECK(run_stream(wd_alg_deflate, &ctx, data, len, steps[i][0], out,
					 ROOM(len), steps[i][1], &n) == WD_STREAM_END);
			CHECK(ref_inflates(WD_GZIP, out, n, data, len));
			CHECK(run_stream(wd_alg_inflate, &ctx, out, n, steps[i][0], back,
					 len + 1, steps[i][1], &m) == WD_STREAM_END);
			CHECK(m == len && !memcmp(back, data, len));
		}
		wd_alg_comp_exit(&ctx);
	}
	free(data);
	free(out);
	free(back);
}

/* A stream that is damaged in the middle gives what came before, wherever it is. */
static void damaged_behind_the_first_piece(void)
{
	size_t len = 8 * PIECE, packed, want;
	unsigned char *data = make_data(len, DATA_RANDOM, 9);
	unsigned char *out = malloc(len), *ref_out = malloc(len), *zs;
	struct wd_comp_ctx ctx, ref;

	CHECK(out && ref_out);
	zs = ref_deflate(WD_GZIP, data, len, &packed);
	memset(zs + 3 * PIECE, 0xff, PIECE);
	if (open_ctx(&ctx, LEVEL, WD_STATELESS, NULL)) {
		CHECK(open_reference(&ref, WD_STATELESS));
		ref.in = zs;
		ref.in_len = packed;
		ref.out = ref_out;
		ref.out_len = len;
		CHECK(wd_alg_inflate(&ref) == -EBADMSG);
		want = ref.produced;
		ctx.in = zs;
		ctx.in_len = packed;
		ctx.out = out;
		ctx.out_len = len;
		CHECK(wd_alg_inflate(&ctx) == -EBADMSG);
		CHECK(ctx.produced == want && !memcmp(out, ref_out, want));
		wd_alg_comp_exit(&ref);
		wd_alg_comp_exit(&ctx);
	}
	free(data);
	free(out);
	free(ref_out);
	free(zs);
}

/* Addresses that are bad behind some pieces that are good. */
static void faults_in_the_middle(void)
{
	size_t len = 6 * PIECE, hole = 4 * PIECE;
	unsigned char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char *data = make_data(len, DATA_RANDOM, 7), *out = malloc(ROOM(len));
	struct wd_comp_ctx ctx;

	CHECK(p != MAP_FAILED && out);
	munmap(p + hole, PIECE);
	if (open_ctx(&ctx, LEVEL, WD_STATEFUL, NULL)) {
		ctx.in = p;
		ctx.in_len = len;
		ctx.out = out;
		ctx.out_len = ROOM(len);
		ctx.flush_type = WD_FINISH;
		CHECK(wd_alg_deflate(&ctx) == -EFAULT);
		CHECK(ctx.fault_addr == p + hole);
		ctx.new_stream = 1;
		ctx.in = data;
		ctx.out = p;
		ctx.out_len = len;
		CHECK(wd_alg_deflate(&ctx) == -EFAULT);
		CHECK(ctx.fault_addr == p + hole && ctx.produced <= hole);
		ctx.new_stream = 1;
		CHECK(deflates(&ctx, data, len, out, ROOM(len)));
		CHECK(ref_inflates(WD_GZIP, out, ctx.produced, data, len));
		wd_alg_comp_exit(&ctx);
	}
	munmap(p, len);
	free(data);
	free(out);
}

#define JOBS	32

struct job {
	struct wd_comp_ctx ctx;
	unsigned char *data;
	unsigned char *out;
	size_t len;
	int ret;
	bool done;
};

static void job_done(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct job *job = arg;

	(void)ctx;
	job->ret = ret;
	job->done = true;
}

static bool job_open(struct job *job, size_t len, struct wd_chan *ch)
{
	job->len = len;
	job->data = make_data(len, DATA_MIXED, (uint32_t)len);
	job->out = malloc(ROOM(len));
	job->done = false;
	REQUIRE(job->out && open_ctx(&job->ctx, LEVEL, WD_STATELESS, ch));
	job->ctx.in = job->data;
	job->ctx.in_len = len;
	job->ctx.out = job->out;
	job->ctx.out_len = ROOM(len);
	return true;
}

static void job_close(struct job *job)
{
	wd_alg_comp_exit(&job->ctx);
	free(job->data);
	free(job->out);
}

static int start(struct job *job)
{
	int ret;

	while ((ret = wd_alg_async_deflate(&job->ctx, job_done, job)) == -EAGAIN)
		if (wd_poll(job->ctx.ch, 0, -1) < 0)
			return -EIO;
	return ret;
}

/* More than there is memory for, and a call that waits among them. */
static void many_in_flight(void)
{
	static struct job jobs[JOBS];
	struct wd_comp_ctx first;
	struct job sync;
	bool all;

	if (!open_ctx(&first, LEVEL, WD_STATELESS, NULL))
		return;
	for (int i = 0; i < JOBS; i++) {
		CHECK(job_open(&jobs[i], i % 4 ? 3 * PIECE + (size_t)i : 100, first.ch));
		CHECK(!start(&jobs[i]));
	}
	CHECK(job_open(&sync, 5 * PIECE, first.ch));
	CHECK(wd_alg_deflate(&sync.ctx) == WD_STREAM_END);
	CHECK(ref_inflates(WD_GZIP, sync.out, sync.ctx.produced, sync.data, sync.len));
	job_close(&sync);
	do {
		all = true;
		for (int i = 0; i < JOBS; i++)
			all = all && jobs[i].done;
		CHECK(all || wd_poll(first.ch, 0, -1) > 0);
	} while (!all);
	for (int i = 0; i < JOBS; i++) {
		CHECK(jobs[i].ret == WD_STREAM_END);
		CHECK(ref_inflates(WD_GZIP, jobs[i].out, jobs[i].ctx.produced, jobs[i].data,
				   jobs[i].len));
	}
	/* And some that nobody waits for. */
	for (int i = 0; i < JOBS; i++)
		CHECK(!start(&jobs[i]));
	for (int i = 0; i < JOBS; i++)
		job_close(&jobs[i]);
	wd_alg_comp_exit(&first);
}

struct worker {
	struct wd_chan *ch;
	size_t len;
	bool ok;
};

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct job job;
	unsigned char *back = malloc(w->len);

	w->ok = back && job_open(&job, w->len, w->ch);
	for (int i = 0; w->ok && i < rounds(16); i++) {
		job.ctx.in = job.data;
		job.ctx.in_len = w->len;
		job.ctx.out = job.out;
		job.ctx.out_len = ROOM(w->len);
		w->ok = wd_alg_deflate(&job.ctx) == WD_STREAM_END &&
			inflates(&job.ctx, job.out, job.ctx.produced, back, w->len) &&
			!memcmp(back, job.data, w->len);
	}
	job_close(&job);
	free(back);
	return NULL;
}

static void threads_on_one_channel(void)
{
	struct worker w[8];
	pthread_t id[8];
	struct wd_comp_ctx ctx;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	for (unsigned int i = 0; i < 8; i++) {
		w[i] = (struct worker){ ctx.ch, i * PIECE / 2 + i, false };
		w[i].len += !w[i].len;
		CHECK(!pthread_create(&id[i], NULL, worker_main, &w[i]));
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(id[i], NULL);
		CHECK(w[i].ok);
	}
	wd_alg_comp_exit(&ctx);
}

static void what_reserving_refuses(void)
{
	struct wd_comp_ctx ctx;
	unsigned char *p;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	errno = 0;
	CHECK(!wd_reserve_mem(ctx.ch, 0) && errno == EINVAL);
	if (copies(&ctx))
		CHECK(!wd_reserve_mem(ctx.ch, ctx.ch->dev_info->qfrs_size[2] + 1) &&
		      errno == E2BIG);
	p = wd_reserve_mem(ctx.ch, 5000);
	CHECK(p && p == ctx.ch->ss_va && !p[0] && !p[8191]);
	CHECK(wd_get_pa_from_va(ctx.ch, p) == ctx.ch->ss_dma);
	CHECK(wd_get_pa_from_va(ctx.ch, p + 4095) == (char *)ctx.ch->ss_dma + 4095);
	CHECK(!wd_reserve_mem(ctx.ch, 5000) && errno == EEXIST);
	CHECK(!wd_get_pa_from_va(ctx.ch, &ctx) == copies(&ctx));
	CHECK(!wd_get_pa_from_va(ctx.ch, p + 8192) == copies(&ctx));
	wd_alg_comp_exit(&ctx);
}

/* Another channel's memory is as good as one's own, and outlives the owner. */
static void shared_memory(void)
{
	struct wd_comp_ctx owner, user;
	struct wd_mem_stats stats = { 0 };
	size_t len = 3 * PIECE;
	unsigned char *data = make_data(len, DATA_TEXT, 5), *p;

	if (!open_ctx(&owner, LEVEL, WD_STATELESS, NULL)) {
		free(data);
		return;
	}
	CHECK(open_ctx(&user, LEVEL, WD_STATELESS, NULL));
	CHECK(wd_share_reserved_memory(owner.ch, user.ch) == -ENOENT);
	p = wd_reserve_mem(owner.ch, 4 * ROOM(len));
	CHECK(p);
	memcpy(p, data, len);
	/* Not shared: somebody else's memory, which is copied. */
	since(user.ch, &stats);
	CHECK(deflates(&user, p, len, p + ROOM(len), ROOM(len)));
	CHECK(ref_inflates(WD_GZIP, p + ROOM(len), user.produced, data, len));
	CHECK(since(user.ch, &stats).bounced_requests == copies(&user));

	CHECK(!wd_share_reserved_memory(owner.ch, user.ch));
	CHECK(wd_share_reserved_memory(owner.ch, user.ch) == -EEXIST);
	CHECK(user.ch->ss_va == p);
	CHECK(!wd_share_dma_addr(owner.ch, user.ch) == !copies(&user));
	wd_alg_comp_exit(&owner);
	CHECK(!memcmp(p, data, len));
	memset(p + ROOM(len), 0, ROOM(len));
	CHECK(deflates(&user, p, len, p + ROOM(len), ROOM(len)));
	CHECK(ref_inflates(WD_GZIP, p + ROOM(len), user.produced, data, len));
	CHECK(!since(user.ch, &stats).bounced_requests);
	wd_alg_comp_exit(&user);
	CHECK(is_unmapped(p));
	free(data);
}

/* Between this mode and the one with shared virtual addresses, both ways. */
static void shared_between_modes(void)
{
	struct wd_comp_ctx ctx, sva;
	struct wd_mem_stats stats = { 0 };
	size_t len = 3 * PIECE;
	unsigned char *data = make_data(len, DATA_TEXT, 5), *p, *q;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL)) {
		free(data);
		return;
	}
	CHECK(open_reference(&sva, WD_STATELESS));
	p = wd_reserve_mem(ctx.ch, 2 * ROOM(len));
	q = wd_reserve_mem(sva.ch, 2 * ROOM(len));
	CHECK(p && q);
	CHECK(!wd_share_reserved_memory(ctx.ch, sva.ch));
	CHECK(!wd_share_reserved_memory(sva.ch, ctx.ch));
	CHECK(ctx.ch->ss_va == p && sva.ch->ss_va == q);
	memcpy(p, data, len);
	memcpy(q, data, len);
	CHECK(deflates(&sva, p, len, p + ROOM(len), ROOM(len)));
	CHECK(ref_inflates(WD_GZIP, p + ROOM(len), sva.produced, data, len));
	since(ctx.ch, &stats);
	CHECK(deflates(&ctx, q, len, q + ROOM(len), ROOM(len)));
	CHECK(ref_inflates(WD_GZIP, q + ROOM(len), ctx.produced, data, len));
	CHECK(!since(ctx.ch, &stats).bounced_requests);
	wd_alg_comp_exit(&sva);
	memset(q + ROOM(len), 0, ROOM(len));
	CHECK(deflates(&ctx, q, len, q + ROOM(len), ROOM(len)));
	CHECK(ref_inflates(WD_GZIP, q + ROOM(len), ctx.produced, data, len));
	wd_alg_comp_exit(&ctx);
	free(data);
}

static void *alloc_some(void *va, void *pa)
{
	(void)va;
	(void)pa;
	return malloc(ROOM(3 * PIECE));
}

static void third_parties(void)
{
	struct wd_comp_ctx ctx;
	struct wd_mem_stats stats = { 0 };
	size_t len = 3 * PIECE;
	unsigned char *data = make_data(len, DATA_MIXED, 5);
	struct wd_3rd_memory in = { .va = data, .size = len, .flags = WD_3RD_READ_ONLY };
	struct wd_3rd_memory out = { .alloc_mem = alloc_some, .free_mem = free,
				     .size = ROOM(len) };

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL)) {
		free(data);
		return;
	}
	in.ch = ctx.ch;
	out.ch = ctx.ch;
	CHECK(!wd_register_3rd_memory(&in));
	CHECK(!wd_register_3rd_memory(&out));
	CHECK(ctx.ch->nr_3rd == 2);
	since(ctx.ch, &stats);
	for (int i = 0; i < 4; i++) {
		CHECK(deflates(&ctx, data, len, out.va, ROOM(len)));
		CHECK(ref_inflates(WD_GZIP, out.va, ctx.produced, data, len));
	}
	CHECK(!since(ctx.ch, &stats).bounced_requests);
	/* One that the device must not write to. */
	CHECK(deflates(&ctx, out.va, 1000, data, len));
	CHECK(since(ctx.ch, &stats).bounced_requests == copies(&ctx));
	CHECK(!wd_unregister_3rd_memory(&out));
	CHECK(!wd_get_pa_from_va(ctx.ch, data) == false);
	CHECK(!wd_unregister_3rd_memory(&in));
	CHECK(!wd_get_pa_from_va(ctx.ch, data) == copies(&ctx));
	in.va = NULL;
	CHECK(wd_register_3rd_memory(&in) == -EINVAL);
	in.va = (void *)0x1000;
	if (copies(&ctx))
		CHECK(wd_register_3rd_memory(&in) == -EFAULT);
	wd_alg_comp_exit(&ctx);
	free(data);
}

static void weights(void)
{
	struct wd_comp_ctx ctx;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	CHECK(!wd_set_priority(ctx.ch, WD_PRIORITY_MAX));
	CHECK(wd_set_priority(ctx.ch, WD_PRIORITY_MAX + 1) == -EINVAL);
	CHECK(!wd_set_priority(ctx.ch, WD_PRIORITY_MIN));
	wd_alg_comp_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(sizes_and_places),
	TEST(lists_where_slices_are_crossed),
	TEST(streams_in_steps),
	TEST(damaged_behind_the_first_piece),
	TEST(faults_in_the_middle),
	TEST(many_in_flight),
	TEST(threads_on_one_channel),
	TEST(what_reserving_refuses),
	TEST(shared_memory),
	TEST(shared_between_modes),
	TEST(third_parties),
	TEST(weights),
};

TAP_MAIN(tests)
