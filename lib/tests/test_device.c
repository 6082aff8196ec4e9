// SPDX-License-Identifier: GPL-2.0-or-later
/* The native driver and its rings on a device. Skipped where there is none. */
#include <errno.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/uacce/uacce.h>

#include "device_util.h"
#include "drivers/accel.h"

#define LEVEL	6
#define LEN	30000
#define ROOM	(LEN + 4000)

static unsigned char packed[ROOM], plain[ROOM];

static bool deflates(struct wd_comp_ctx *ctx, const unsigned char *data, size_t len)
{
	ctx->in = data;
	ctx->in_len = len;
	ctx->out = packed;
	ctx->out_len = ROOM;
	ctx->flush_type = WD_FINISH;
	REQUIRE(wd_alg_deflate(ctx) == WD_STREAM_END);
	REQUIRE(ref_inflates(WD_GZIP, packed, ctx->produced, data, len));
	return true;
}

static void the_device_is_chosen(void)
{
	unsigned char *data = make_data(LEN, DATA_TEXT, 2);
	struct wd_comp_ctx ctx;

	if (open_ctx(&ctx, LEVEL, WD_STATELESS, NULL)) {
		CHECK(!strcmp(wd_comp_vendor_name(&ctx), "native"));
		CHECK(wd_is_sharing(ctx.ch, data) ==
		      (ctx.ch->dev_info->iommu_type == WD_IOMMU_SVA));
		CHECK(deflates(&ctx, data, LEN));
		wd_alg_comp_exit(&ctx);
		CHECK(!ctx.ch);
	}
	free(data);
}

static void a_channel_of_the_application(void)
{
	struct wd_chan ch = { .alg = "gzip" };
	struct wd_comp_ctx one, two;

	if (!open_ctx(&one, LEVEL, WD_STATELESS, NULL))
		return;
	wd_alg_comp_exit(&one);
	CHECK(!wd_request_channel(&ch));
	CHECK(open_ctx(&one, LEVEL, WD_STATELESS, &ch));
	CHECK(open_ctx(&two, LEVEL, WD_STATELESS, &ch));
	CHECK(deflates(&one, (const void *)"abc", 3));
	CHECK(deflates(&two, (const void *)"def", 3));
	wd_alg_comp_exit(&one);
	wd_alg_comp_exit(&two);
	CHECK(one.ch == &ch);
	CHECK(open_ctx(&one, LEVEL, WD_STATELESS, &ch));
	CHECK(deflates(&one, (const void *)"ghi", 3));
	wd_alg_comp_exit(&one);
	wd_release_channel(&ch);
}

static void faults_are_told(void)
{
	unsigned char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
	struct wd_comp_ctx ctx;

	CHECK(page != MAP_FAILED);
	if (!open_ctx(&ctx, LEVEL, WD_STATEFUL, NULL))
		return;
	ctx.in = "input";
	ctx.in_len = 5;
	ctx.out = page;
	ctx.out_len = 4096;
	ctx.flush_type = WD_FINISH;
	CHECK(wd_alg_deflate(&ctx) == -EFAULT);
	CHECK(ctx.fault_addr == page);
	ctx.out = packed;
	CHECK(wd_alg_deflate(&ctx) == -EFAULT);		/* the stream is lost */
	munmap(page, 4096);
	ctx.new_stream = 1;
	ctx.in = page;
	ctx.in_len = 4096;
	CHECK(wd_alg_deflate(&ctx) == -EFAULT);
	CHECK(ctx.fault_addr == page);
	ctx.new_stream = 1;
	CHECK(deflates(&ctx, (const void *)"good", 4));	/* the channel is not */
	wd_alg_comp_exit(&ctx);
}

static void more_streams_than_the_device_has(void)
{
	unsigned char *data = make_data(LEN, DATA_TEXT, 2), *out;
	struct wd_comp_ctx *ctx, first;
	unsigned int n, soft = 0;

	if (!open_ctx(&first, LEVEL, WD_STATEFUL, NULL)) {
		free(data);
		return;
	}
	n = wd_ring_layout(((struct wd_accel *)first.ch->vendor)->ring)->streams + 5;
	ctx = calloc(n, sizeof(*ctx));
	out = calloc(n, ROOM);
	CHECK(ctx && out);
	for (unsigned int i = 0; i < n; i++) {
		CHECK(open_ctx(&ctx[i], LEVEL, WD_STATEFUL, first.ch));
		ctx[i].in = data;
		ctx[i].in_len = LEN / 2;
		ctx[i].out = out + (size_t)i * ROOM;
		ctx[i].out_len = ROOM;
		ctx[i].flush_type = WD_SYNC_FLUSH;
		CHECK(wd_alg_deflate(&ctx[i]) == 0);
		soft += !strcmp(wd_comp_vendor_name(&ctx[i]), "software");
	}
	printf("# %u of %u streams in software\n", soft, n);
	CHECK(soft >= 5 && soft < n);
	for (unsigned int i = 0; i < n; i++) {
		size_t half = ctx[i].produced;

		ctx[i].in = data + LEN / 2;
		ctx[i].out = (unsigned char *)ctx[i].out + half;
		ctx[i].out_len -= half;
		ctx[i].flush_type = WD_FINISH;
		CHECK(wd_alg_deflate(&ctx[i]) == WD_STREAM_END);
		CHECK(ref_inflates(WD_GZIP, out + (size_t)i * ROOM,
				   half + ctx[i].produced, data, LEN));
		wd_alg_comp_exit(&ctx[i]);
	}
	/* The ids are free again. */
	CHECK(deflates(&first, data, LEN));
	CHECK(!strcmp(wd_comp_vendor_name(&first), "native"));
	wd_alg_comp_exit(&first);
	free(ctx);
	free(out);
	free(data);
}

static int nops_done;

static void nop_done(struct wd_work *work)
{
	const struct wd_ring_req *req = (struct wd_ring_req *)work;

	if (!req->err && req->cqe.status == WD_ST_OK)
		nops_done++;
}

static bool no_more(struct wd_ring_req *req)
{
	(void)req;
	return false;
}

/* Many rounds of the ring, in batches that do not divide it. */
static void batches_of_descriptors(void)
{
	struct wd_ring_req *reqs, **list;
	struct wd_comp_ctx ctx;
	struct wd_ring *ring;
	unsigned int depth;
	int n, polled = 0, sent = 0;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	ring = ((struct wd_accel *)ctx.ch->vendor)->ring;
	depth = wd_ring_layout(ring)->sq_depth;
	reqs = calloc(2 * depth, sizeof(*reqs));
	list = calloc(2 * depth, sizeof(*list));
	CHECK(reqs && list);
	for (unsigned int i = 0; i < 2 * depth; i++) {
		reqs[i].desc.opcode = WD_OP_NOP;
		reqs[i].step = no_more;
		reqs[i].work.run = nop_done;
		list[i] = &reqs[i];
	}
	nops_done = 0;
	for (int i = 0; i < 500; i++) {
		n = wd_ring_submit(ring, list, i % 3 ? 37 : 2 * depth);
		CHECK(n > 0 && n <= (int)depth);
		sent += n;
		while (polled < sent) {
			n = wd_poll(ctx.ch, 0, -1);
			CHECK(n > 0);
			polled += n;
		}
	}
	CHECK(nops_done == sent);
	wd_alg_comp_exit(&ctx);
	free(reqs);
	free(list);
}

struct worker {
	struct wd_chan *ch;
	bool ok;
};

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	unsigned char *data = make_data(3000, DATA_MIXED, 8);
	unsigned char out[5000], back[3000];
	struct wd_comp_ctx ctx;

	w->ok = open_ctx(&ctx, LEVEL, WD_STATELESS, w->ch);
	for (int i = 0; w->ok && i < 200; i++) {
		ctx.in = data;
		ctx.in_len = 3000;
		ctx.out = out;
		ctx.out_len = sizeof(out);
		w->ok = wd_alg_deflate(&ctx) == WD_STREAM_END;
		ctx.in = out;
		ctx.in_len = ctx.produced;
		ctx.out = back;
		ctx.out_len = sizeof(back);
		w->ok = w->ok && wd_alg_inflate(&ctx) == WD_STREAM_END &&
			!memcmp(back, data, 3000);
	}
	wd_alg_comp_exit(&ctx);
	free(data);
	return NULL;
}

static void threads_share_a_ring(void)
{
	struct worker w[8];
	pthread_t id[8];
	struct wd_comp_ctx ctx;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	for (int i = 0; i < 8; i++) {
		w[i].ch = ctx.ch;
		CHECK(!pthread_create(&id[i], NULL, worker_main, &w[i]));
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(id[i], NULL);
		CHECK(w[i].ok);
	}
	wd_alg_comp_exit(&ctx);
}

static void keep_result(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	(void)ctx;
	*(int *)arg = ret;
}

/* A ring full of noise stops the channel; whatever waits is told. */
static void noise_ends_the_channel(void)
{
	struct wd_comp_ctx ctx, other, fresh;
	struct wd_ring_req bad = { .step = no_more };
	struct wd_ring *ring;
	int result = 0, ret = 0;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	CHECK(open_ctx(&other, LEVEL, WD_STATEFUL, ctx.ch));
	CHECK(open_ctx(&fresh, LEVEL, WD_STATELESS, NULL));
	ring = ((struct wd_accel *)ctx.ch->vendor)->ring;
	bad.desc.opcode = 0xdead;
	for (int i = 0; i < 100000 && !ret; i++)
		ret = wd_ring_run(ring, &bad);
	CHECK(ret == -EIO);
	ctx.out = packed;
	ctx.out_len = ROOM;
	CHECK(wd_alg_deflate(&ctx) == -EIO);
	CHECK(wd_alg_async_deflate(&other, keep_result, &result) == 0 ||
	      result == 0);
	CHECK(wd_poll(ctx.ch, 0, -1) != 0);
	CHECK(wd_poll(ctx.ch, 0, -1) == -EIO);
	CHECK(deflates(&fresh, (const void *)"nobody else notices", 19));
	wd_alg_comp_exit(&ctx);
	wd_alg_comp_exit(&other);
	wd_alg_comp_exit(&fresh);
}

static void *put_queue(void *arg)
{
	struct wd_chan *ch = arg;

	usleep(20000);
	ioctl(ch->fd, UACCE_CMD_PUT_Q);
	return NULL;
}

/* The channel goes away under somebody who waits for it. */
static void stopped_under_a_waiter(void)
{
	struct wd_comp_ctx ctx;
	pthread_t id;
	int ret;

	if (!open_ctx(&ctx, LEVEL, WD_STATELESS, NULL))
		return;
	CHECK(!pthread_create(&id, NULL, put_queue, ctx.ch));
	ret = wd_poll(ctx.ch, 0, -1);
	CHECK(ret == -EIO);
	pthread_join(id, NULL);
	ctx.in = plain;
	ctx.in_len = LEN;
	ctx.out = packed;
	ctx.out_len = ROOM;
	CHECK(wd_alg_deflate(&ctx) == -EIO);
	wd_alg_comp_exit(&ctx);
}

static const struct tap_test tests[] = {
	TEST(the_device_is_chosen),
	TEST(a_channel_of_the_application),
	TEST(faults_are_told),
	TEST(more_streams_than_the_device_has),
	TEST(batches_of_descriptors),
	TEST(threads_share_a_ring),
	TEST(noise_ends_the_channel),
	TEST(stopped_under_a_waiter),
};

TAP_MAIN(tests)
