// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zlib streams with a device and zlib behind them: the software driver, or a real one where
 * WD_TEST_DEVICE says so. What they compress zlib alone decompresses, and the other way round.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "zlib_stream.h"

#define LEN	600000
#define ROOM	(LEN + LEN / 8 + 4096)

static const struct wd_zlib_calls calls = {
	.deflate_init = deflateInit2_,
	.deflate = deflate,
	.deflate_reset = deflateReset,
	.deflate_copy = deflateCopy,
	.deflate_end = deflateEnd,
	.inflate_init = inflateInit2_,
	.inflate = inflate,
	.inflate_reset = inflateReset,
	.inflate_reset2 = inflateReset2,
	.inflate_copy = inflateCopy,
	.inflate_end = inflateEnd,
	.adler32 = adler32,
	.crc32 = crc32,
};

static const int formats[] = { 15, -15, 31, 9, -12 };

static struct wd_zlib *wz;
static unsigned char plain[LEN], packed[ROOM], back[LEN + 1];

/* Text, noise and repetition in turn. */
static void fill(unsigned int seed)
{
	for (size_t i = 0; i < LEN; i++) {
		seed = seed * 1103515245 + 12345;
		switch (i >> 14 & 3) {
		case 0:
			plain[i] = (unsigned char)(seed >> 16);
			break;
		case 1:
			plain[i] = "etaoin shrdlu\n"[(seed >> 16) % 14];
			break;
		default:
			plain[i] = i > 777 ? plain[i - 777] : 'x';
		}
	}
}

static bool same(const z_stream *z, int bits)
{
	z_stream d = { .next_in = packed, .avail_in = (uInt)(z->next_out - packed),
		       .next_out = back, .avail_out = sizeof(back) };

	REQUIRE(z->total_out == d.avail_in);
	REQUIRE(inflateInit2(&d, bits) == Z_OK);
	REQUIRE(inflate(&d, Z_FINISH) == Z_STREAM_END);
	REQUIRE(!d.avail_in && d.total_out == z->total_in);
	REQUIRE(!memcmp(back, plain, d.total_out));
	REQUIRE(bits < 0 || d.adler == z->adler);
	REQUIRE(inflateEnd(&d) == Z_OK);
	return true;
}

static int begin(z_stream *z, int bits, int level)
{
	memset(z, 0, sizeof(*z));
	z->next_in = plain;
	z->next_out = packed;
	return wd_zlib_deflate_init(wz, z, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY,
				    ZLIB_VERSION, (int)sizeof(*z));
}

static int give(z_stream *z, uInt in, uInt room, int flush)
{
	z->avail_in = in;
	z->avail_out = room;
	return wd_zlib_deflate(wz, z, flush);
}

static uInt room_left(const z_stream *z)
{
	return (uInt)(packed + sizeof(packed) - z->next_out);
}

static bool finish(z_stream *z, int bits)
{
	int ret;

	do {
		ret = give(z, (uInt)(plain + LEN - z->next_in), room_left(z), Z_FINISH);
	} while (ret == Z_OK);
	REQUIRE(ret == Z_STREAM_END);
	REQUIRE(same(z, bits));
	return true;
}

static void one_call_in_the_room_of_the_bound(void)
{
	struct wd_zlib_stats before, after;
	z_stream z;

	wd_zlib_get_stats(wz, &before);
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct wd_zlib_loan *loan;
		uLong bound;

		CHECK(begin(&z, formats[i], 6) == Z_OK);
		loan = wd_zlib_lend(wz, &z, WD_ZLIB_PEEK);
		CHECK(loan);
		bound = deflateBound(&z, LEN);
		wd_zlib_take_back(&z, loan);
		CHECK(give(&z, LEN, (uInt)bound, Z_FINISH) == Z_STREAM_END);
		CHECK(same(&z, formats[i]));
		CHECK(wd_zlib_deflate_end(wz, &z) == Z_OK);
	}
	wd_zlib_get_stats(wz, &after);
	CHECK(after.deflate_in - before.deflate_in == 5UL * LEN);
}

/* All flushes, input in pieces, output in small ones. */
static void pieces_and_flushes(void)
{
	static const int flushes[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_NO_FLUSH, Z_FULL_FLUSH,
				       Z_PARTIAL_FLUSH, Z_NO_FLUSH, Z_BLOCK };
	z_stream z;

	for (unsigned int i = 0; i < 25; i++) {
		int bits = formats[i % 5];

		CHECK(begin(&z, bits, 1 + (int)i % 9) == Z_OK);
		for (unsigned int n = 0; z.next_in < plain + LEN; n++) {
			uInt left = (uInt)(plain + LEN - z.next_in), in = 1 + n * 7919 % 150000;
			int flush = flushes[(n + i) % (i < 12 ? 6 : 7)];

			CHECK(give(&z, in < left ? in : left, 1 + n * 7 % 5000, flush) == Z_OK);
		}
		CHECK(finish(&z, bits));
		CHECK(wd_zlib_deflate_end(wz, &z) == Z_OK);
	}
}

/* A marker at the end of what was flushed, and everything in front of it. */
static void a_flush_brings_all_out(void)
{
	z_stream z, d = { .next_in = packed, .next_out = back, .avail_out = sizeof(back) };

	CHECK(begin(&z, -15, 6) == Z_OK);
	CHECK(inflateInit2(&d, -15) == Z_OK);
	for (unsigned int i = 1; i < 6; i++) {
		CHECK(give(&z, 30000 * i, room_left(&z), i & 1 ? Z_SYNC_FLUSH : Z_FULL_FLUSH) == Z_OK);
		CHECK(!memcmp(z.next_out - 4, "\0\0\xff\xff", 4));
		d.avail_in = (uInt)(z.next_out - d.next_in);
		CHECK(inflate(&d, Z_SYNC_FLUSH) == Z_OK);
		CHECK(d.total_out == z.total_in);
	}
	CHECK(give(&z, 0, room_left(&z), Z_SYNC_FLUSH) == Z_BUF_ERROR);
	CHECK(!memcmp(back, plain, d.total_out));
	CHECK(inflateEnd(&d) == Z_OK);
	CHECK(wd_zlib_deflate_end(wz, &z) == Z_DATA_ERROR);
}

static void the_library_goes_on_anywhere(void)
{
	struct wd_zlib_loan *loan;
	z_stream z, copy;

	for (uInt at = 1; at < LEN; at += 70001) {
		for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
			CHECK(begin(&z, formats[i], 6) == Z_OK);
			CHECK(give(&z, at, room_left(&z), at & 2 ? Z_NO_FLUSH : Z_SYNC_FLUSH) == Z_OK);
			CHECK(wd_zlib_deflate_copy(wz, &copy, &z) == Z_OK);
			CHECK(finish(&copy, formats[i]));
			CHECK(wd_zlib_deflate_end(wz, &copy) == Z_OK);
			loan = wd_zlib_lend(wz, &z, 0);
			CHECK(loan && !wd_zlib_drain(&z, loan));
			z.avail_in = 0;
			CHECK(deflateParams(&z, 9, Z_FILTERED) == Z_OK);
			wd_zlib_take_back(&z, loan);
			CHECK(wd_zlib_deflate_end(wz, &z) == Z_DATA_ERROR);
		}
	}
}

static bool child_goes_on(z_stream *z)
{
	int status;
	pid_t pid;

	wd_zlib_fork_prepare(wz);
	pid = fork();
	if (!pid) {
		wd_zlib_fork_child(wz);
		_exit(finish(z, 31) && begin(z, 15, 6) == Z_OK && finish(z, 15) ? 0 : 1);
	}
	wd_zlib_fork_parent(wz);
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static void a_child_goes_on(void)
{
	z_stream z;

	CHECK(begin(&z, 31, 6) == Z_OK);
	CHECK(give(&z, 300000, room_left(&z), Z_NO_FLUSH) == Z_OK);
	CHECK(child_goes_on(&z));
	CHECK(finish(&z, 31));
	CHECK(wd_zlib_deflate_reset(wz, &z) == Z_OK);
	z.next_in = plain;
	z.next_out = packed;
	CHECK(finish(&z, 31));
	CHECK(wd_zlib_deflate_end(wz, &z) == Z_OK);
}

static uLong pack(int bits)
{
	z_stream z = { .next_in = plain, .avail_in = LEN, .next_out = packed,
		       .avail_out = sizeof(packed) };

	if (deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		abort();
	deflateEnd(&z);
	return z.total_out;
}

/* Take it out again, and copy the stream at some point: both have the same to say. */
static bool unpack(uLong len, int bits, uInt in, uInt out, unsigned int copy_at)
{
	z_stream d = { .next_in = packed, .next_out = back }, other;
	unsigned int n = 0;
	int ret;

	REQUIRE(wd_zlib_inflate_init(wz, &d, bits, ZLIB_VERSION, (int)sizeof(d)) == Z_OK);
	do {
		uLong left = len - d.total_in, room = LEN - d.total_out;

		d.avail_in = left < in ? (uInt)left : in;
		d.avail_out = room < out ? (uInt)room : out;
		if (n++ == copy_at) {
			REQUIRE(wd_zlib_inflate_copy(wz, &other, &d) == Z_OK);
			REQUIRE(wd_zlib_inflate_end(wz, &d) == Z_OK);
			REQUIRE(wd_zlib_inflate_copy(wz, &d, &other) == Z_OK);
			REQUIRE(wd_zlib_inflate_end(wz, &other) == Z_OK);
		}
		ret = wd_zlib_inflate(wz, &d, Z_NO_FLUSH);
	} while (ret == Z_OK);
	REQUIRE(ret == Z_STREAM_END);
	REQUIRE(d.total_in == len && d.total_out == LEN && !memcmp(back, plain, LEN));
	REQUIRE(bits < 0 || d.adler == (bits > 15 ? crc32(0, plain, LEN) : adler32(1, plain, LEN)));
	REQUIRE(wd_zlib_inflate_end(wz, &d) == Z_OK);
	return true;
}

/* The last call has exactly the room that is needed: it says that it is the end. */
static void inflate_in_pieces(void)
{
	static const uInt ins[] = { 5000, 40000, ROOM }, outs[] = { 4096, 16384, 100001, LEN };
	struct wd_zlib_stats before, after;

	wd_zlib_get_stats(wz, &before);
	for (size_t f = 0; f < 3; f++) {
		uLong len = pack(formats[f]);

		for (size_t i = 0; i < 12; i++) {
			CHECK(unpack(len, formats[f], ins[i % 3], outs[i / 3], 3));
			CHECK(unpack(len, formats[f], ins[i % 3], outs[i / 3], ~0U));
		}
	}
	wd_zlib_get_stats(wz, &after);
	CHECK(after.inflate_out - before.inflate_out > 36UL * LEN);
}

/* gzread() and others take the end of the input for the end of the stream, and all else for damage. */
static void input_lasts_as_long_as_output(void)
{
	static const uInt outs[] = { LEN - 1, 16384, 50000 };

	for (size_t i = 0; i < 9; i++) {
		z_stream d = { .next_in = packed, .avail_in = (uInt)pack(formats[i % 3]),
			       .next_out = back };
		int ret = Z_OK;

		CHECK(wd_zlib_inflate_init(wz, &d, formats[i % 3], ZLIB_VERSION, (int)sizeof(d)) == Z_OK);
		while (ret == Z_OK) {
			CHECK(d.avail_in);
			d.avail_out = LEN - d.total_out < outs[i / 3] ? (uInt)(LEN - d.total_out) :
									 outs[i / 3];
			ret = wd_zlib_inflate(wz, &d, Z_NO_FLUSH);
		}
		CHECK(ret == Z_STREAM_END && !d.avail_in);
		CHECK(d.total_out == LEN && !memcmp(back, plain, LEN));
		CHECK(wd_zlib_inflate_end(wz, &d) == Z_OK);
	}
}

/* Every verdict is zlib's, whoever began. */
static void damaged_data(void)
{
	uLong len = pack(15);

	for (uLong at = 0; at < len; at += 4999) {
		z_stream a = { .next_in = packed, .avail_in = (uInt)len, .next_out = back,
			       .avail_out = sizeof(back) }, b = a;
		int want, got;

		packed[at] ^= 0x10;
		CHECK(inflateInit2(&a, 15) == Z_OK);
		CHECK(wd_zlib_inflate_init(wz, &b, 15, ZLIB_VERSION, (int)sizeof(b)) == Z_OK);
		want = inflate(&a, Z_FINISH);
		got = wd_zlib_inflate(wz, &b, Z_FINISH);
		CHECK(got == want && a.total_out == b.total_out);
		/* With no room left the device is asked for one byte more, to find the end. */
		CHECK(got == Z_BUF_ERROR || a.total_in == b.total_in);
		CHECK(!a.msg == !b.msg && (!a.msg || !strcmp(a.msg, b.msg)));
		inflateEnd(&a);
		wd_zlib_inflate_end(wz, &b);
		packed[at] ^= 0x10;
	}
}

/* Streams that had begun go on, and the next one has a channel again, however often. */
static void channels_that_fail(void)
{
	struct wd_zlib_stats before, after;
	uLong len;
	z_stream z, d;

	wd_zlib_get_stats(wz, &before);
	for (unsigned int i = 0; i < 3 * WD_ZLIB_CHANS; i++) {
		len = pack(15);
		d = (z_stream){ .next_in = packed, .avail_in = (uInt)len, .next_out = back,
				.avail_out = 100000 };
		CHECK(wd_zlib_inflate_init(wz, &d, 15, ZLIB_VERSION, (int)sizeof(d)) == Z_OK);
		CHECK(wd_zlib_inflate(wz, &d, Z_NO_FLUSH) == Z_OK);
		CHECK(wz->nchans == 1);
		atomic_store(&wz->chans[0]->dead, true);
		d.avail_out = LEN + 1 - 100000;
		CHECK(wd_zlib_inflate(wz, &d, Z_NO_FLUSH) == Z_STREAM_END);
		CHECK(d.total_in == len && d.total_out == LEN && !memcmp(back, plain, LEN));
		CHECK(wd_zlib_inflate_end(wz, &d) == Z_OK);
		CHECK(!wz->nchans);

		CHECK(begin(&z, 31, 6) == Z_OK);
		CHECK(give(&z, 300000, room_left(&z), Z_SYNC_FLUSH) == Z_OK);
		CHECK(wz->nchans == 1);
		atomic_store(&wz->chans[0]->dead, true);
		CHECK(finish(&z, 31));
		CHECK(wd_zlib_deflate_end(wz, &z) == Z_OK);
		CHECK(!wz->nchans);
	}
	wd_zlib_get_stats(wz, &after);
	CHECK(after.handed_back - before.handed_back == 6 * WD_ZLIB_CHANS);
}

static const struct tap_test tests[] = {
	TEST(one_call_in_the_room_of_the_bound),
	TEST(pieces_and_flushes),
	TEST(a_flush_brings_all_out),
	TEST(the_library_goes_on_anywhere),
	TEST(a_child_goes_on),
	TEST(inflate_in_pieces),
	TEST(input_lasts_as_long_as_output),
	TEST(damaged_data),
	TEST(channels_that_fail),
};

int main(void)
{
	int ret;

	fill(1);
	wz = wd_zlib_new(&calls, getenv("WD_TEST_DEVICE") ? 0 : WD_ZLIB_SOFTWARE, 1);
	if (!wz)
		return EXIT_FAILURE;
	ret = tap_run(tests, sizeof(tests) / sizeof(*tests));
	wd_zlib_free(wz);
	return ret;
}
