// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sequences with compression: what follows it works on what came. Where a device does several
 * as one, the answers are the same.
 */
#include <errno.h>

#include <zlib.h>

#include "seq_rig.h"
#include "wd_pack.h"

/**
 * struct packer - a rig, and what else these tests need
 * @rig:  the rig; its @far memory is the data, and can be compressed
 * @zip:  zlib
 * @ctr:  a cipher that takes any length
 * @mem:  places, of LEN bytes each
 */
struct packer {
	struct rig rig;
	struct wd_alg_ctx zip;
	struct wd_alg_ctx ctr;
	uint8_t *mem[2];
};

static bool begin(struct packer *p, bool open)
{
	static const uint8_t key[16] = "sixteen bytes ..";
	struct wd_chan *ch;

	memset(p, 0, sizeof(*p));
	REQUIRE(setup(&p->rig, NULL, open));
	wd_seq_ctx_set_platform(p->rig.sc, p->rig.own);
	for (size_t i = 0; i < LEN; i++)
		p->rig.far.mem[i] = (uint8_t)(i / 300);
	ch = wd_seq_ctx_channel(p->rig.sc);
	p->zip = (struct wd_alg_ctx){ .alg = "zlib", .ch = ch };
	p->ctr = (struct wd_alg_ctx){ .alg = "ctr(aes)", .ch = ch };
	REQUIRE(!wd_alg_init(&p->zip) && !wd_alg_init(&p->ctr));
	REQUIRE(!wd_alg_set_key(&p->ctr, key, sizeof(key)));
	for (int i = 0; i < 2; i++) {
		p->mem[i] = calloc(1, LEN);
		REQUIRE(p->mem[i]);
	}
	return true;
}

static void end(struct packer *p)
{
	for (int i = 0; i < 2; i++)
		free(p->mem[i]);
	wd_alg_exit(&p->zip);
	wd_alg_exit(&p->ctr);
	teardown(&p->rig);
}

static bool on_device(const struct packer *p)
{
	return !strcmp(wd_alg_vendor_name(&p->zip), "native");
}

static bool runs(struct packer *p, struct wd_seq *seq, int want)
{
	int ret = wd_seq_run(seq);

	wd_seq_get_stats(seq, &p->rig.stats);
	wd_seq_free(seq);
	if (ret != want)
		printf("# %d\n", ret);
	return ret == want;
}

/* Compress the data and encrypt that, to @out. */
static bool pack(struct packer *p, const struct wd_loc *out, size_t *came)
{
	const struct wd_loc data = wd_loc(p->rig.far.mem, LEN);
	struct wd_loc place;
	struct wd_seq *seq;

	REQUIRE(!wd_seq_new(p->rig.sc, &seq) && !wd_seq_scratch(seq, out->op.len, &place));
	REQUIRE(!wd_seq_compress(seq, &p->zip, &place, &data, WD_LEVEL_DEFAULT, came));
	REQUIRE(!wd_seq_encrypt(seq, &p->ctr, out, &place, tweak, 0));
	return runs(p, seq, 0);
}

/* What @len bytes of it are without the encryption, by somebody else. */
static bool holds(struct packer *p, uint8_t *sealed, size_t len)
{
	struct wd_alg_ctx soft = { .alg = "ctr(aes)", .flags = WD_ALG_F_SOFTWARE };
	static const uint8_t key[16] = "sixteen bytes ..";
	uint8_t iv[16], *plain = malloc(len), *data = malloc(LEN);
	struct wd_request req;
	uLongf got = LEN;

	memcpy(iv, tweak, sizeof(iv));
	REQUIRE(plain && data && !wd_alg_init(&soft) && !wd_alg_set_key(&soft, key, sizeof(key)));
	wd_prep_decrypt(&req, sealed, plain, len, iv);
	REQUIRE(!wd_alg_run(&soft, &req));
	REQUIRE(uncompress(data, &got, plain, len) == Z_OK && got == LEN);
	REQUIRE(!memcmp(data, p->rig.far.mem, LEN));
	wd_alg_exit(&soft);
	free(plain);
	free(data);
	return true;
}

static void compressed_and_encrypted(void)
{
	struct wd_loc out, from, back, place;
	struct packer p;
	struct wd_seq *seq;
	size_t len = 0, came = 0;

	CHECK(begin(&p, true));
	memset(p.mem[0], 0x99, LEN);
	out = wd_loc(p.mem[0], LEN);
	CHECK(pack(&p, &out, &len) && len && len < LEN / 10);
	CHECK(p.rig.stats.fused == on_device(&p) && p.rig.stats.submissions == 2U - on_device(&p));
	CHECK(p.rig.stats.temp_bytes == (on_device(&p) ? 0 : LEN));
	/* Nothing is behind it: that was never there to be encrypted. */
	for (size_t i = len; i < LEN; i++)
		CHECK(p.mem[0][i] == 0x99);
	CHECK(holds(&p, p.mem[0], len));

	from = wd_loc(p.mem[0], len);
	back = wd_loc(p.mem[1], LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, len, &place));
	CHECK(!wd_seq_decompress(seq, &p.zip, &back, &place, &came));
	CHECK(!wd_seq_decrypt(seq, &p.ctr, &place, &from, tweak, 0));
	CHECK(!wd_seq_reverse(seq) && runs(&p, seq, 0) && came == LEN);
	CHECK(p.rig.stats.fused == on_device(&p));
	CHECK(!memcmp(p.mem[1], p.rig.far.mem, LEN));
	end(&p);
}

/* A list that has room for more than comes, and a domain that is given no more than came. */
static void no_more_than_came(void)
{
	struct iovec parts[3];
	struct wd_loc out = { .op = { .iov = parts, .iovcnt = 3, .len = LEN } };
	struct wd_loc data, there, place;
	struct wd_seq *seq;
	struct packer p;
	size_t len = 0;

	CHECK(begin(&p, false));
	parts[0] = (struct iovec){ p.mem[0], 100 };
	parts[1] = (struct iovec){ p.mem[0] + 100, 0 };
	parts[2] = (struct iovec){ p.mem[0] + 100, LEN - 100 };
	CHECK(pack(&p, &out, &len) && holds(&p, p.mem[0], len));

	memcpy(p.mem[1], p.rig.far.mem, LEN);
	memset(p.rig.far.mem, 0x55, LEN);
	data = wd_loc(p.mem[1], LEN);
	there = wd_loc_in(p.rig.host, FAR_BASE, LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_compress(seq, &p.zip, &place, &data, 9, &len));
	CHECK(!wd_seq_copy(seq, &there, &place) && runs(&p, seq, 0));
	CHECK(p.rig.stats.transfers == 1 && p.rig.stats.elided == 1);
	CHECK(p.rig.far.mem[0] == 0x78 && p.rig.far.mem[len] == 0x55);
	end(&p);
}

static void what_follows_has_lengths_of_its_own(void)
{
	struct wd_loc data, place, more, out;
	struct packer p;
	struct wd_seq *seq;
	uint32_t crc = 0, want = 0;
	size_t len = 0;

	CHECK(begin(&p, true));
	data = wd_loc(p.rig.far.mem, LEN);
	out = wd_loc(p.mem[0], LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_compress(seq, &p.zip, &place, &data, 1, &len));
	CHECK(!wd_seq_copy(seq, &out, &place) && !wd_seq_crc32c(seq, &place, &crc));
	CHECK(runs(&p, seq, 0) && len);
	out.op.len = len;
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_crc32c(seq, &out, &want) && runs(&p, seq, 0));
	CHECK(crc == want);

	/* Blocks of protection want whole sectors, which this is not. */
	more = wd_loc(p.mem[1], LEN / 520 * 520);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN / 520 * 512, &place));
	CHECK(!wd_seq_compress(seq, &p.zip, &place, &data, 1, &len));
	CHECK(!wd_seq_dif_insert(seq, &more, &place, &dif));
	CHECK(len % 512 && runs(&p, seq, -EINVAL));

	/* Of sectors that were compressed, what comes is whole again. */
	out = wd_loc(p.mem[0], LEN);
	more = wd_loc(p.mem[0], LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_compress(seq, &p.zip, &out, &data, 1, &len));
	CHECK(runs(&p, seq, 0));
	more.op.len = len;
	out = wd_loc(p.rig.out, DIF_LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_decompress(seq, &p.zip, &place, &more, NULL));
	CHECK(!wd_seq_dif_insert(seq, &out, &place, &dif) && runs(&p, seq, 0));
	CHECK(!memcmp(p.rig.out, p.rig.far.mem, UNIT) && !memcmp(p.rig.out + 520, p.rig.far.mem + 512, UNIT));
	end(&p);
}

static void what_cannot_be(void)
{
	struct wd_loc data, place, part, out;
	struct packer p;
	struct wd_seq *seq;
	size_t len;

	CHECK(begin(&p, true));
	data = wd_loc(p.rig.far.mem, LEN);
	out = wd_loc(p.mem[0], LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(wd_seq_compress(seq, &p.zip, &place, &data, 10, &len) == -EINVAL);
	CHECK(wd_seq_compress(seq, &p.ctr, &place, &data, 1, &len) == -EINVAL);
	CHECK(!wd_seq_compress(seq, &p.zip, &place, &data, 1, &len));
	/* Half of it, of which nobody knows whether it is there. */
	part = wd_loc_in(place.domain, (uintptr_t)place.op.base, LEN / 2);
	out.op.len = LEN / 2;
	CHECK(!wd_seq_copy(seq, &out, &part) && runs(&p, seq, -ENODATA));

	/* Too little room; no stream at all. */
	CHECK(!wd_seq_new(p.rig.sc, &seq));
	out.op.len = 50;
	CHECK(!wd_seq_compress(seq, &p.zip, &out, &data, 1, &len) && runs(&p, seq, -ENOSPC));
	out.op.len = LEN;
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_encrypt(seq, &p.ctr, &place, &data, tweak, 0));
	CHECK(!wd_seq_decompress(seq, &p.zip, &out, &place, &len) && runs(&p, seq, -EBADMSG));
	end(&p);
}

/* Nothing comes of it, and so on. */
static void an_empty_stream(void)
{
	uint8_t empty[64];
	uLongf len = sizeof(empty);
	struct wd_loc in, place, out;
	struct packer p;
	struct wd_seq *seq;
	uint32_t crc = 1;
	size_t came = 1;

	CHECK(begin(&p, true) && compress(empty, &len, empty, 0) == Z_OK);
	in = wd_loc(empty, len);
	out = wd_loc(p.mem[0], LEN);
	CHECK(!wd_seq_new(p.rig.sc, &seq) && !wd_seq_scratch(seq, LEN, &place));
	CHECK(!wd_seq_decompress(seq, &p.zip, &place, &in, &came));
	CHECK(!wd_seq_encrypt(seq, &p.ctr, &out, &place, tweak, 0));
	CHECK(!wd_seq_crc32c(seq, &out, &crc) && runs(&p, seq, 0));
	CHECK(!came && !crc && !p.mem[0][0]);
	end(&p);
}

static const struct tap_test tests[] = {
	TEST(compressed_and_encrypted),
	TEST(no_more_than_came),
	TEST(what_follows_has_lengths_of_its_own),
	TEST(what_cannot_be),
	TEST(an_empty_stream),
};

TAP_MAIN(tests)
