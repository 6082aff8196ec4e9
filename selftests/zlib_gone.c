// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that knows zlib only, with libwdz.so, when its device goes away: streams that
 * are open end as if it had never been there. The program preloads the library to itself.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include <zlib.h>

#include "harness.h"
#include "raw.h"

#define LEN		200000UL
#define ROOM		(LEN + LEN / 8 + 4096)
#define STREAMS		16
#define THREADS		4

static const int formats[] = { 15, -15, 31 };

static uint8_t plain[LEN];

FIXTURE(zlib_gone) {
	char bdf[32];
	int before;
};

FIXTURE_VARIANT(zlib_gone) {
	const char *mode;
};

FIXTURE_VARIANT_ADD(zlib_gone, sva) { .mode = "sva" };
FIXTURE_VARIANT_ADD(zlib_gone, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(zlib_gone, noiommu) { .mode = "noiommu" };

FIXTURE_SETUP(zlib_gone)
{
	if (geteuid())
		SKIP(return, "needs root");
	setenv("WD_MODE", variant->mode, 1);
	raw_select_mode(variant->mode);
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	snprintf(self->bdf, sizeof(self->bdf), "%s", raw_bdf());
	self->before = raw_available();
	raw_fill_text(plain, LEN, 1);
	for (size_t at = 0; at < LEN; at += 40000)
		raw_fill_random(plain + at, 10000, at);
}

/* Files of devices that this process has open. */
static int open_nodes(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char to[256];
	int n = 0;

	if (!dir)
		return -1;
	while ((entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, to, sizeof(to) - 1);

		to[len < 0 ? 0 : len] = 0;
		n += !strncmp(to, "/dev/wd_accel", strlen("/dev/wd_accel"));
	}
	closedir(dir);
	return n;
}

/* The library keeps a channel that works for the next stream. */
FIXTURE_TEARDOWN(zlib_gone)
{
	if (!raw_name())
		raw_write_in(RAW_DRIVER, "bind", self->bdf);
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	EXPECT_LE(0, raw_wait_available(self->before - open_nodes(), RAW_GONE_MS));
}

/* ------------------------------------------------------------------ one way and back */

static uInt smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Does @packed hold exactly @plain? */
static bool holds_plain(const uint8_t *packed, size_t len, int bits)
{
	uint8_t *back = raw_memory(LEN + 1);
	z_stream d = { .next_in = (void *)packed, .avail_in = len,
		       .next_out = back, .avail_out = LEN + 1 };
	bool same;

	same = inflateInit2(&d, bits) == Z_OK && inflate(&d, Z_FINISH) == Z_STREAM_END &&
	       !d.avail_in && d.total_out == LEN && !memcmp(back, plain, LEN);
	inflateEnd(&d);
	munmap(back, LEN + 1);
	return same;
}

/* Compress the rest in pieces, with little room, as programs do. */
static int deflate_rest(z_stream *z, uint8_t *packed, uInt piece)
{
	size_t left;
	int ret;

	do {
		left = plain + LEN - z->next_in;
		z->avail_in = smaller(left, piece);
		z->avail_out = smaller(packed + ROOM - z->next_out, piece / 2);
		ret = deflate(z, left > piece ? Z_NO_FLUSH : Z_FINISH);
	} while (ret == Z_OK);
	return ret;
}

/* With a strategy that is zlib's own. */
static size_t pack_in_software(uint8_t *packed, int bits)
{
	z_stream z = { .next_in = plain, .avail_in = LEN, .next_out = packed, .avail_out = ROOM };

	if (deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_FILTERED) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END || deflateEnd(&z) != Z_OK)
		abort();
	return z.total_out;
}

/* ------------------------------------------------------------------ between two calls */

/* Where the device has got to when it goes: flushed, input held back, output held back, the end of it. */
static int deflate_part(z_stream *z, uint8_t *packed, int i)
{
	static const int flushes[] = { Z_SYNC_FLUSH, Z_NO_FLUSH, Z_FULL_FLUSH, Z_NO_FLUSH };
	int ret;

	*z = (z_stream){ .next_in = plain, .avail_in = 135000 + i * 3001, .next_out = packed,
			 .avail_out = i % 4 == 3 ? 500 : ROOM };
	ret = deflateInit2(z, 1 + i % 9, Z_DEFLATED, formats[i % 3], 8, Z_DEFAULT_STRATEGY);
	if (ret == Z_OK)
		ret = deflate(z, flushes[i % 4]);
	if (ret != Z_OK || i % 4 != 1)
		return ret;
	z->avail_in = 5000;
	return deflate(z, Z_NO_FLUSH);
}

/* What the program does to a stream next: goes on, copies it, begins again, changes the level. */
static int deflate_on(z_stream *z, uint8_t *packed, int i)
{
	z_stream copy;
	int ret = Z_OK;

	switch (i / 4) {
	case 1:
		ret = deflateCopy(&copy, z);
		if (ret != Z_OK)
			return ret;
		deflateEnd(z);
		ret = deflateCopy(z, &copy);
		deflateEnd(&copy);
		break;
	case 2:
		ret = deflateReset(z);
		z->next_in = plain;
		z->next_out = packed;
		break;
	case 3:
		z->avail_in = 0;
		z->avail_out = packed + ROOM - z->next_out;
		ret = deflateParams(z, 9, Z_DEFAULT_STRATEGY);
		break;
	}
	return ret == Z_OK ? deflate_rest(z, packed, 3000 + i * 9001) : ret;
}

TEST_F(zlib_gone, deflate_goes_on)
{
	static z_stream z[STREAMS];
	uint8_t *packed[STREAMS];

	for (int i = 0; i < STREAMS; i++) {
		packed[i] = raw_memory(ROOM);
		ASSERT_EQ(Z_OK, deflate_part(&z[i], packed[i], i)) TH_LOG("stream %d", i);
	}
	ASSERT_GT(self->before, raw_available());
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	for (int i = 0; i < STREAMS; i++) {
		ASSERT_EQ(Z_STREAM_END, deflate_on(&z[i], packed[i], i)) TH_LOG("stream %d", i);
		EXPECT_TRUE(holds_plain(packed[i], z[i].total_out, formats[i % 3]))
			TH_LOG("stream %d", i);
		EXPECT_EQ(Z_OK, deflateEnd(&z[i]));
	}
	EXPECT_EQ(0, open_nodes());
}

struct unpack {
	z_stream z;
	uint8_t *packed;
	size_t len;
	uint8_t *back;
};

/* No end of output; little of it; all but the last byte; no end of input. */
static int inflate_part(struct unpack *u, int i)
{
	u->packed = raw_memory(ROOM);
	u->back = raw_memory(LEN + 1);
	u->len = pack_in_software(u->packed, formats[i % 3]);
	u->z = (z_stream){ .next_in = u->packed, .avail_in = u->len, .next_out = u->back };
	switch (i % 4) {
	case 0:
		u->z.avail_in = smaller(5000 + i * 8009, u->len - 1);
		u->z.avail_out = LEN + 1;
		break;
	case 1:
		u->z.avail_out = 1 + i * 6007;
		break;
	case 2:
		u->z.avail_out = LEN - 1;
		break;
	case 3:
		u->z.avail_in--;
		u->z.avail_out = LEN + 1;
		break;
	}
	if (inflateInit2(&u->z, formats[i % 3]) != Z_OK)
		return Z_ERRNO;
	return inflate(&u->z, Z_NO_FLUSH);
}

static int inflate_on(struct unpack *u, uInt piece)
{
	int ret;

	do {
		u->z.avail_in = smaller(u->packed + u->len - u->z.next_in, piece);
		u->z.avail_out = smaller(u->back + LEN + 1 - u->z.next_out, 2 * piece);
		ret = inflate(&u->z, Z_NO_FLUSH);
	} while (ret == Z_OK);
	return ret;
}

TEST_F(zlib_gone, inflate_goes_on)
{
	static struct unpack u[STREAMS];

	for (int i = 0; i < STREAMS; i++) {
		ASSERT_EQ(Z_OK, inflate_part(&u[i], i)) TH_LOG("stream %d", i);
	}
	ASSERT_GT(self->before, raw_available());
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	for (int i = 0; i < STREAMS; i++) {
		ASSERT_EQ(Z_STREAM_END, inflate_on(&u[i], 1000 + i * 5003)) TH_LOG("stream %d", i);
		EXPECT_EQ(u[i].len, u[i].z.total_in);
		EXPECT_EQ(LEN, u[i].z.total_out);
		EXPECT_EQ(0, memcmp(plain, u[i].back, LEN)) TH_LOG("stream %d", i);
		EXPECT_EQ(Z_OK, inflateEnd(&u[i].z));
	}
	EXPECT_EQ(0, open_nodes());
}

/* What is damaged behind the place where the device went is found as ever. */
TEST_F(zlib_gone, damage_is_found)
{
	struct unpack u;

	ASSERT_EQ(Z_OK, inflate_part(&u, 0));
	ASSERT_GT(self->before, raw_available());
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	u.packed[u.len - 1] ^= 1;
	EXPECT_EQ(Z_DATA_ERROR, inflate_on(&u, 70000));
	EXPECT_STREQ("incorrect data check", u.z.msg);
	inflateEnd(&u.z);
}

/* ------------------------------------------------------------------ in the middle of calls */

struct crowd {
	pthread_t thread[THREADS];
	atomic_int rounds[THREADS];
	atomic_int next;
	atomic_int wrong;
	atomic_bool stop;
};

static bool there_and_back(uint8_t *packed, int n)
{
	z_stream z = { .next_in = plain, .next_out = packed };
	struct unpack u = { .packed = packed };
	bool good;

	if (deflateInit2(&z, 1 + n % 9, Z_DEFLATED, formats[n % 3], 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	good = deflate_rest(&z, packed, n & 1 ? 50000 : 300000) == Z_STREAM_END;
	good = deflateEnd(&z) == Z_OK && good;
	u.back = raw_memory(LEN + 1);
	u.z = (z_stream){ .next_in = packed, .next_out = u.back };
	u.len = z.total_out;
	good = good && inflateInit2(&u.z, formats[n % 3]) == Z_OK &&
	       inflate_on(&u, n & 2 ? 20000 : 200000) == Z_STREAM_END &&
	       u.z.total_in == u.len && u.z.total_out == LEN && !memcmp(u.back, plain, LEN) &&
	       inflateEnd(&u.z) == Z_OK;
	munmap(u.back, LEN + 1);
	return good;
}

static void *work(void *arg)
{
	struct crowd *c = arg;
	int me = atomic_fetch_add(&c->next, 1);
	uint8_t *packed = raw_memory(ROOM);

	while (!atomic_load(&c->stop)) {
		if (!there_and_back(packed, me + atomic_load(&c->rounds[me])))
			atomic_fetch_add(&c->wrong, 1);
		atomic_fetch_add(&c->rounds[me], 1);
	}
	munmap(packed, ROOM);
	return NULL;
}

/* Each thread ends @n rounds more. */
static void wait_rounds(struct crowd *c, int n)
{
	for (int i = 0; i < THREADS; i++) {
		int from = atomic_load(&c->rounds[i]);

		while (atomic_load(&c->rounds[i]) < from + n)
			usleep(1000);
	}
}

/* A device that is there is used, and not only by those who began with it. */
static bool wait_used(int unused)
{
	int64_t end = raw_now_ns() + RAW_TIMEOUT_MS * 1000000LL;

	while (raw_available() == unused && raw_now_ns() < end)
		usleep(1000);
	return raw_available() < unused;
}

TEST_F(zlib_gone, calls_end)
{
	static struct crowd c;

	for (int i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&c.thread[i], NULL, work, &c));
	wait_rounds(&c, 1);
	ASSERT_TRUE(wait_used(self->before));
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	wait_rounds(&c, 1);
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	ASSERT_TRUE(wait_used(self->before));
	ASSERT_EQ(0, raw_write_in(raw_pci(), "reset", "1"));
	wait_rounds(&c, 1);
	EXPECT_TRUE(wait_used(self->before));
	atomic_store(&c.stop, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(c.thread[i], NULL);
	EXPECT_EQ(0, c.wrong);
}

int main(int argc, char **argv)
{
	if (!getenv("LD_PRELOAD")) {
		setenv("LD_PRELOAD", "libwdz.so", 1);
		execv("/proc/self/exe", argv);
	}
	return test_harness_run(argc, argv);
}
