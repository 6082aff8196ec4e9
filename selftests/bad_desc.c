// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that are wrong: each has a status of its own, and the channel goes on.
 */
#include "harness.h"
#include "bad.h"
#include "raw_ops.h"

/* Descriptors, in every mode. */
FIXTURE(desc) {
	struct set set;
};

FIXTURE_VARIANT(desc) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(desc, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(desc, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(desc, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(desc)
{
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	set_begin(_metadata, &self->set);
}

FIXTURE_TEARDOWN(desc)
{
	set_end(&self->set);
}

/* All that a test may look at after the device said no. */
static void refuse(struct __test_metadata *_metadata, struct raw_chan *c,
		   struct wd_desc d, int status)
{
	struct wd_cqe cqe = {};

	d.tag = 0x7a67000000000000 | status;
	ASSERT_EQ(0, raw_do(c, &d, &cqe));
	EXPECT_EQ(status, cqe.status);
	EXPECT_EQ(0, cqe.consumed);
	EXPECT_EQ(0, cqe.produced);
	EXPECT_EQ(0, cqe.aux & WD_CQE_END);
	EXPECT_EQ(0, raw_nop(c));
	EXPECT_EQ(WD_CHAN_RUNNING, c->status->state);
}

/* All that the header has not, and what needs an algorithm that the device has not. */
TEST_F(desc, unknown_opcode)
{
	static const uint16_t far[] = { 0x100, 0x110, 0x130, 0x1010, 0x2020, 0x8010, 0xffff };
	const uint64_t algs = self->set.c.layout.algs;
	struct wd_desc d = good_desc();

	for (unsigned int opcode = 0; opcode <= 0xff; opcode++) {
		d.opcode = opcode;
		if (!raw_op_present(opcode, algs))
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_OPCODE);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(far); i++) {
		d.opcode = far[i];
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_OPCODE);
	}
	still_good();
}

/* Of every operation that is there; nothing else is wrong that is looked at before. */
TEST_F(desc, fields_that_an_operation_has_not)
{
	const uint64_t algs = self->set.c.layout.algs;
	struct wd_desc d;

	for (const struct raw_op *op = raw_ops; op < raw_ops + raw_ops_count; op++) {
		if (!raw_op_present(op->opcode, algs))
			continue;
		for (int bit = 0; bit < 16; bit++) {
			d = (struct wd_desc) { .opcode = op->opcode, .flags = 1 << bit };
			if (!(d.flags & (op->flags | WD_DESC_LINK)))
				refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
		}
		d = (struct wd_desc) { .opcode = op->opcode, .src_dom = 1 };
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
		d = (struct wd_desc) { .opcode = op->opcode, .dst_dom = 1U << 31 };
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
		d = (struct wd_desc) { .opcode = op->opcode, .param = (uintptr_t)self->set.src };
		if (!(op->has & RAW_OP_PARAM))
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
		d = (struct wd_desc) { .opcode = op->opcode, .key = 1 };
		if (!(op->has & RAW_OP_KEY))
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
	}
	still_good();
}

/* The id is looked at before a key is searched or read. */
TEST_F(desc, key_id)
{
	const struct wd_chan_layout *l = &self->set.c.layout;
	const uint32_t bad[] = { l->keys, l->keys + 1, 0x10000, 0x80000000, 0xffffffff };
	const uint64_t keyed = RAW_ALG_CIPHERS | RAW_ALG_AEADS | RAW_ALG_HASHES;
	struct wd_desc d;

	if (!(l->algs & keyed))
		SKIP(return, "the device has no algorithm with keys");
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		d = (struct wd_desc) { .opcode = WD_OP_KEY_DROP, .key = bad[i] };
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_KEY);
		d = (struct wd_desc) { .opcode = WD_OP_KEY_SET, .op = __builtin_ctzll(l->algs & keyed),
				       .src = (uintptr_t)self->set.src, .src_len = 32, .key = bad[i] };
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_KEY);
		d = (struct wd_desc) { .opcode = WD_OP_CIPHER, .param = (uintptr_t)self->set.want,
				       .src = (uintptr_t)self->set.src, .src_len = 64,
				       .dst = (uintptr_t)self->set.dst, .dst_len = 64, .key = bad[i] };
		if (raw_op_present(d.opcode, l->algs))
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_KEY);
		d.opcode = WD_OP_AEAD;
		if (raw_op_present(d.opcode, l->algs))
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_KEY);
	}
	/* Good ids, under which nothing is. */
	d = (struct wd_desc) { .opcode = WD_OP_KEY_DROP };
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_KEY);
	d.key = l->keys - 1;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_KEY);
	still_good();
}

/* A parameter block is a multiple of 16 away from nothing. */
TEST_F(desc, parameter_alignment)
{
	const uint64_t algs = self->set.c.layout.algs;
	static const struct wd_desc ops[] = {
		{ .opcode = WD_OP_CIPHER }, { .opcode = WD_OP_AEAD }, { .opcode = WD_OP_DUALCAST },
		{ .opcode = WD_OP_XOR },
	};
	bool any = false;

	for (unsigned int i = 0; i < ARRAY_SIZE(ops); i++) {
		struct wd_desc d = ops[i];

		if (!raw_op_present(d.opcode, algs))
			continue;
		any = true;
		d.src = d.opcode == WD_OP_XOR ? 0 : (uintptr_t)self->set.src;
		d.dst = (uintptr_t)self->set.dst;
		d.src_len = 64;
		d.dst_len = 64;
		for (int off = 1; off < 16; off++) {
			d.param = (uintptr_t)self->set.want + off;
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_PARAM);
		}
	}
	if (!any)
		SKIP(return, "the device has no operation with parameters");
	still_good();
}

TEST_F(desc, flags_and_reserved_fields)
{
	struct wd_desc d;
	int bit;

	for (bit = 0; bit < 16; bit++) {
		d = good_desc();
		d.flags = 1 << bit;
		if (d.flags == WD_DESC_LINK)
			continue;
		if (!(d.flags & (WD_DESC_SRC_SGL | WD_DESC_DST_SGL)))
			refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
		d.opcode = WD_OP_NOP;
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
	}
	d = good_desc();
	d.param = (uintptr_t)self->set.src;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
	d = good_desc();
	d.src_dom = 1;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
	d = good_desc();
	d.dst_dom = 0x80000000;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
	d = good_desc();
	d.key = 1;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_FLAGS);
	still_good();
}

TEST_F(desc, lengths)
{
	const uint32_t max = self->set.c.layout.max_len;
	const uint32_t bad[] = { max + 1, 0x80000000, 0xffffffff };
	struct wd_desc d;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		d = good_desc();
		d.src_len = bad[i];
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_LENGTH);
		d = good_desc();
		d.dst_len = bad[i];
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_LENGTH);
	}
	d = good_desc();
	d.dst_len = 0;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_LENGTH);
	/* Nothing to read and nothing to flush is no request. */
	d = good_desc();
	d.op &= ~(3U << WD_COMP_FLUSH_SHIFT);
	d.src_len = 0;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_LENGTH);
	d = raw_inflate(WD_COMP_RAW, self->set.want, 0, self->set.dst, ROOM);
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_LENGTH);
	still_good();
}

TEST_F(desc, operation_word)
{
	struct wd_desc d;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		if (WD_COMP_MASK & 1U << bit)
			continue;
		d = good_desc();
		d.op |= 1U << bit;
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
	}
	for (int level = 10; level < 16; level++) {
		d = raw_deflate(WD_COMP_ZLIB, level, self->set.src, LEN, self->set.dst, ROOM);
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
	}
	for (int window = 0; window < 9; window++) {
		d = good_desc();
		d.op = (d.op & ~(15U << WD_COMP_WINDOW_SHIFT)) | window << WD_COMP_WINDOW_SHIFT;
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
		if (!window)
			continue;
		d = raw_inflate(WD_COMP_RAW, self->set.want, self->set.want_len, self->set.dst, ROOM);
		d.op |= window << WD_COMP_WINDOW_SHIFT;
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
	}
	for (int format = WD_COMP_ZSTD + 1; format < 8; format++) {
		d = raw_deflate(format, 6, self->set.src, LEN, self->set.dst, ROOM);
		refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
	}
	/* Level and flush are not for inflate. */
	d = raw_inflate(WD_COMP_RAW, self->set.want, self->set.want_len, self->set.dst, ROOM);
	d.op |= 6 << WD_COMP_LEVEL_SHIFT;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
	d = raw_inflate(WD_COMP_RAW, self->set.want, self->set.want_len, self->set.dst, ROOM);
	d.op |= WD_COMP_FINISH << WD_COMP_FLUSH_SHIFT;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_OP);
	still_good();
}

TEST_F(desc, stream_id)
{
	const uint32_t streams = self->set.c.layout.streams;
	struct wd_desc d;

	d = good_desc();
	d.stream = streams;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_STREAM);
	d.stream = 0xffffffff;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_STREAM);
	/* Nobody began it. */
	d = good_desc();
	d.op &= ~WD_COMP_NEW;
	d.stream = streams - 1;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_STREAM);
	/* It has ended: FINISH was said. */
	d.stream = 0;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_STREAM);
	/* The other direction's. */
	d = good_desc();
	d.op &= ~(3U << WD_COMP_FLUSH_SHIFT);
	{
		struct wd_cqe cqe;

		ASSERT_EQ(0, raw_do(&self->set.c, &d, &cqe));
		ASSERT_EQ(WD_ST_OK, cqe.status);
	}
	d = raw_inflate(WD_COMP_RAW, self->set.want, self->set.want_len, self->set.dst, ROOM);
	d.op &= ~WD_COMP_NEW;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_STREAM);
	/* Closed. */
	{
		struct wd_desc close_it = { .opcode = WD_OP_STREAM_CLOSE };
		struct wd_cqe cqe;

		ASSERT_EQ(0, raw_do(&self->set.c, &close_it, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		/* Closing what is closed is no error, an id that is none is. */
		ASSERT_EQ(0, raw_do(&self->set.c, &close_it, &cqe));
		EXPECT_EQ(WD_ST_OK, cqe.status);
		close_it.stream = streams;
		refuse(_metadata, &self->set.c, close_it, WD_ST_BAD_STREAM);
	}
	d = good_desc();
	d.op &= ~WD_COMP_NEW;
	refuse(_metadata, &self->set.c, d, WD_ST_BAD_STREAM);
	still_good();
}

/* FINISH is said once. Output that found no room may still come; input may not. */
TEST_F(desc, input_after_finish)
{
	struct wd_desc first, more;
	struct wd_cqe cqe;

	/* More than the device gives out in one piece. */
	first = raw_deflate(WD_COMP_RAW, 6, self->set.src + LEN / 2, 16384, self->set.dst, 100);
	ASSERT_EQ(0, raw_do(&self->set.c, &first, &cqe));
	ASSERT_EQ(WD_ST_OVERFLOW, cqe.status);
	ASSERT_EQ(16384, cqe.consumed);
	more = raw_deflate(WD_COMP_RAW, 6, self->set.src, 1000, self->set.dst + 100, ROOM - 100);
	more.op &= ~WD_COMP_NEW;
	ASSERT_EQ(0, raw_do(&self->set.c, &more, &cqe));
	EXPECT_EQ(WD_ST_DATA, cqe.status);
	EXPECT_EQ(0, cqe.consumed);
	still_good();
}

/* Every wrong thing at once, many descriptors deep: each is answered. */
TEST_F(desc, many_in_a_row)
{
	struct raw_chan *c = &self->set.c;
	struct wd_desc d = good_desc();
	struct wd_cqe cqe;
	unsigned int i;

	for (i = 0; i < c->layout.sq_depth - 1; i++) {
		d.opcode = 0x7f;
		d.tag = i;
		raw_put(c, &d);
	}
	ASSERT_EQ(0, raw_ring(c));
	for (i = 0; i < c->layout.sq_depth - 1; i++) {
		ASSERT_EQ(0, raw_get(c, &cqe, RAW_TIMEOUT_MS));
		EXPECT_EQ(WD_ST_BAD_OPCODE, cqe.status);
		EXPECT_EQ(i, cqe.tag);
	}
	still_good();
}

TEST_HARNESS_MAIN
