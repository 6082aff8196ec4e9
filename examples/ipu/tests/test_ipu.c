// SPDX-License-Identifier: GPL-2.0-or-later
/* The store, through NBD. IPU_SEED in the environment: the same random requests again. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "format.h"
#include "server.h"
#include "tap.h"

#define SIZE		(1UL << 20)
#define DEPTH		16		/* requests under way on a connection */
#define ROUNDS		20
#define RANDOM_REQUESTS	400

/**
 * struct rig - a store and its client
 * @sector: bytes of a sector
 * @pid:    the server
 * @nbd:    the client
 */
struct rig {
	size_t sector;
	pid_t pid;
	struct nbd_handle *nbd;
};

static uint8_t key[FORMAT_KEY];
static uint64_t seed;

static uint64_t draw(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static void draw_bytes(uint8_t *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)draw(256);
}

static bool make_file(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	bool good = fd >= 0 && write(fd, data, len) == (ssize_t)len;

	close(fd);
	return good;
}

static bool start(struct rig *rig, const char *size)
{
	const char *args[] = { "file=store", "keyfile=key", rig->sector == 512 ? "sector=512" : "sector=4096",
		"stats=stats", size, NULL };

	rig->pid = server_start(args);
	REQUIRE(rig->pid > 0);
	rig->nbd = server_connect(rig->pid);
	if (!rig->nbd)
		server_show_log();
	REQUIRE(rig->nbd);
	return true;
}

static bool setup(struct rig *rig, size_t sector)
{
	*rig = (struct rig){ .sector = sector };
	unlink("store");
	unlink("stats");
	REQUIRE(make_file("key", key, sizeof(key)));
	REQUIRE(start(rig, "size=1M") && nbd_get_size(rig->nbd) == (int64_t)SIZE);
	return true;
}

/* Sanitizers end the server with another status. */
static bool stop(struct rig *rig)
{
	bool good;

	nbd_close(rig->nbd);
	good = server_stop(rig->pid);
	if (!good)
		server_show_log();
	REQUIRE(good);
	return true;
}

/* True: the answer is the error @wanted. */
static bool reads_as(struct rig *rig, uint64_t sector, int wanted)
{
	uint8_t data[4096];
	int ret = nbd_pread(rig->nbd, data, rig->sector, sector * rig->sector, 0);

	return ret < 0 && nbd_get_errno() == wanted;
}

static bool is_filled(const uint8_t *data, size_t len, uint8_t with)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] != with)
			return false;
	return true;
}

/* Flip bits of the byte @at of a sector's block in the backing file. */
static bool flip(const struct rig *rig, uint64_t sector, size_t at, uint8_t bits)
{
	off_t where = (off_t)(sector * (rig->sector + FORMAT_TUPLE) + at);
	int fd = open("store", O_RDWR);
	uint8_t byte;

	REQUIRE(fd >= 0 && pread(fd, &byte, 1, where) == 1);
	byte ^= bits;
	REQUIRE(pwrite(fd, &byte, 1, where) == 1);
	close(fd);
	return true;
}

/* ----------------------------------------------------------------------- good ones */

static bool reads_zeros(struct rig *rig, uint8_t *data)
{
	memset(data, 1, SIZE);
	REQUIRE(!nbd_pread(rig->nbd, data, SIZE, 0, 0));
	REQUIRE(is_filled(data, SIZE, 0));
	return true;
}

static void a_new_store_is_zeros(void)
{
	uint8_t *data = malloc(SIZE);
	struct rig rig;

	CHECK(data && setup(&rig, 512) && reads_zeros(&rig, data) && stop(&rig));
	CHECK(start(&rig, NULL) && reads_zeros(&rig, data) && stop(&rig));
	CHECK(setup(&rig, 4096) && reads_zeros(&rig, data) && stop(&rig));
	free(data);
}

static bool random_request(struct rig *rig, uint8_t *model, uint8_t *data)
{
	uint64_t sectors = SIZE / rig->sector, first = draw(sectors);
	size_t most = draw(4) ? 16 : 600, at = first * rig->sector;
	size_t len = (1 + draw(sectors - first < most ? sectors - first : most)) * rig->sector;

	switch (draw(8)) {
	case 0:
		memset(model + at, 0, len);
		return !nbd_zero(rig->nbd, len, at, 0);
	case 1:
		return !nbd_flush(rig->nbd, 0);
	case 2:
	case 3:
	case 4:
		draw_bytes(data, len);
		memcpy(model + at, data, len);
		return !nbd_pwrite(rig->nbd, data, len, at, draw(8) ? 0 : LIBNBD_CMD_FLAG_FUA);
	default:
		return !nbd_pread(rig->nbd, data, len, at, 0) && !memcmp(model + at, data, len);
	}
}

static bool random_requests(size_t sector)
{
	uint8_t *model = calloc(1, SIZE), *data = malloc(SIZE);
	struct rig rig;

	REQUIRE(model && data && setup(&rig, sector));
	for (int i = 0; i < RANDOM_REQUESTS; i++) {
		REQUIRE(random_request(&rig, model, data));
		if (i == RANDOM_REQUESTS / 2)
			REQUIRE(stop(&rig) && start(&rig, NULL));
	}
	REQUIRE(!nbd_pread(rig.nbd, data, SIZE, 0, 0) && !memcmp(model, data, SIZE));
	REQUIRE(stop(&rig));
	free(model);
	free(data);
	return true;
}

static void random_requests_512(void)
{
	CHECK(random_requests(512));
}

static void random_requests_4096(void)
{
	CHECK(random_requests(4096));
}

/* What others have to find in the file, as docs/ipu.md says. */
static bool has_format(size_t sector)
{
	const size_t block = sector + FORMAT_TUPLE;
	uint8_t data[3 * 4096], found[3 * 4104], want[4104];
	struct rig rig;
	int fd;

	REQUIRE(setup(&rig, sector));
	draw_bytes(data, 3 * sector);
	REQUIRE(!nbd_pwrite(rig.nbd, data, 3 * sector, 77 * sector, 0) && stop(&rig));
	fd = open("store", O_RDONLY);
	REQUIRE(fd >= 0 && pread(fd, found, 3 * block, (off_t)(77 * block)) == (ssize_t)(3 * block));
	for (unsigned int i = 0; i < 3; i++) {
		format_block(want, data + i * sector, sector, 77 + i, key);
		REQUIRE(!memcmp(found + i * block, want, block));
	}
	memset(data, 0, sector);
	snprintf((char *)data, sector, "wdipu store, version 1: %zu sectors of %zu bytes\n", SIZE / sector, sector);
	format_block(want, data, sector, UINT64_MAX, key);
	REQUIRE(pread(fd, found, 2 * block, (off_t)(SIZE / sector * block)) == (ssize_t)block);
	REQUIRE(!memcmp(found, want, block));
	close(fd);
	return true;
}

static void the_format_on_disk(void)
{
	CHECK(has_format(512) && has_format(4096));
}

/* -------------------------------------------------------------------- many at a time */

/**
 * struct batch - requests that are under way together, half on each of two connections
 * @nbd:    the connections
 * @data:   memory of each request
 * @cookie: libnbd's
 */
struct batch {
	struct nbd_handle *nbd[2];
	uint8_t data[2 * DEPTH][32768];
	int64_t cookie[2 * DEPTH];
};

static bool issue(struct batch *b, unsigned int i, bool write, size_t len, uint64_t at)
{
	struct nbd_handle *nbd = b->nbd[i % 2];

	b->cookie[i] = write ? nbd_aio_pwrite(nbd, b->data[i], len, at, NBD_NULL_COMPLETION, 0) :
			       nbd_aio_pread(nbd, b->data[i], len, at, NBD_NULL_COMPLETION, 0);
	return b->cookie[i] > 0;
}

static bool wait_all(struct batch *b)
{
	for (unsigned int i = 0; i < 2 * DEPTH; i++) {
		int done;

		while (!(done = nbd_aio_command_completed(b->nbd[i % 2], (uint64_t)b->cookie[i])))
			REQUIRE(nbd_poll(b->nbd[i % 2], -1) >= 0);
		REQUIRE(done == 1);
	}
	return true;
}

static bool apart(struct batch *b)
{
	const size_t len = sizeof(b->data[0]);
	uint8_t *sent = malloc(sizeof(b->data));

	REQUIRE(sent);
	for (unsigned int i = 0; i < 2 * DEPTH; i++) {
		draw_bytes(b->data[i], len);
		memcpy(sent + i * len, b->data[i], len);
		REQUIRE(issue(b, i, true, len, i * len));
	}
	REQUIRE(wait_all(b));
	memset(b->data, 0, sizeof(b->data));
	for (unsigned int i = 0; i < 2 * DEPTH; i++)
		REQUIRE(issue(b, i, false, len, i * len));
	REQUIRE(wait_all(b) && !memcmp(sent, b->data, sizeof(b->data)));
	free(sent);
	return true;
}

/* All at the same place. Whoever reads it sees each sector as one of the writers left it. */
static bool over_each_other(struct batch *b)
{
	const size_t len = sizeof(b->data[0]);

	memset(b->data, 0, 2 * len);
	REQUIRE(!nbd_pwrite(b->nbd[0], b->data, 2 * len, 0, 0));
	for (unsigned int i = 0; i < 2 * DEPTH; i++) {
		memset(b->data[i], (int)(i + 1), len);
		REQUIRE(issue(b, i, i / 2 % 2, len, draw(4) * 512));
	}
	REQUIRE(wait_all(b));
	for (unsigned int i = 0; i < 2 * DEPTH; i++)
		for (size_t at = 0; at < len; at += 512)
			REQUIRE(is_filled(b->data[i] + at, 512, b->data[i][at]));
	return true;
}

static void many_at_a_time(void)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct rig rig;

	CHECK(b && setup(&rig, 512));
	b->nbd[0] = rig.nbd;
	b->nbd[1] = server_connect(rig.pid);
	CHECK(b->nbd[1]);
	for (int i = 0; i < ROUNDS; i++)
		CHECK(apart(b) && over_each_other(b));
	nbd_close(b->nbd[1]);
	CHECK(stop(&rig));
	free(b);
}

/* ------------------------------------------------------------------------- what it cost */

struct line {
	uint64_t write;
	uint64_t read;
};

static bool find_line(const char *name, struct line *line)
{
	FILE *f = fopen("stats", "r");
	char text[128], word[32];
	bool found = false;

	while (f && !found && fgets(text, sizeof(text), f))
		found = sscanf(text, "%31s %" SCNu64 " %" SCNu64, word, &line->write, &line->read) == 3 &&
			!strcmp(word, name);
	if (f)
		fclose(f);
	return found;
}

static bool cost(const char *name, uint64_t write, uint64_t read)
{
	struct line line;

	if (find_line(name, &line) && line.write == write && line.read == read)
		return true;
	printf("# %s: %" PRIu64 " %" PRIu64 ", not %" PRIu64 " %" PRIu64 "\n", name, line.write, line.read,
	       write, read);
	return false;
}

/* The software driver fuses nothing; and no copy is made between the layers. */
static void what_is_counted(void)
{
	static uint8_t data[8192];
	struct rig rig;

	CHECK(setup(&rig, 512));
	for (unsigned int i = 0; i < 10; i++)
		CHECK(!nbd_pwrite(rig.nbd, data, sizeof(data), i * sizeof(data), 0));
	for (unsigned int i = 0; i < 7; i++)
		CHECK(!nbd_pread(rig.nbd, data, sizeof(data), i * sizeof(data), 0));
	CHECK(flip(&rig, 3, 0, 1) && reads_as(&rig, 3, EIO) && stop(&rig));
	CHECK(cost("requests", 10, 8) && cost("failed", 0, 1));
	CHECK(cost("appended", 30, 24) && cost("elided", 10, 8) && cost("copies", 0, 0));
	CHECK(cost("fused", 0, 0) && cost("submissions", 20, 15) && cost("transfers", 0, 0));
	CHECK(cost("temporary", 10 * sizeof(data), 7 * sizeof(data) + 512));
}

/* -------------------------------------------------------------------------- bad blocks */

static bool spoil_and_heal(struct rig *rig, size_t at, uint8_t bits)
{
	static uint8_t data[3 * 4096];

	REQUIRE(flip(rig, 5, at, bits) && reads_as(rig, 5, EIO));
	REQUIRE(nbd_pread(rig->nbd, data, 3 * rig->sector, 4 * rig->sector, 0) < 0 && nbd_get_errno() == EIO);
	REQUIRE(!nbd_pread(rig->nbd, data, rig->sector, 4 * rig->sector, 0));
	REQUIRE(!nbd_pread(rig->nbd, data, rig->sector, 6 * rig->sector, 0));
	memset(data, 0x5a, rig->sector);
	REQUIRE(!nbd_pwrite(rig->nbd, data, rig->sector, 5 * rig->sector, 0));
	memset(data, 0, rig->sector);
	REQUIRE(!nbd_pread(rig->nbd, data, rig->sector, 5 * rig->sector, 0));
	REQUIRE(is_filled(data, rig->sector, 0x5a));
	return true;
}

static bool all_of_a_block(size_t sector)
{
	struct rig rig;

	REQUIRE(setup(&rig, sector));
	REQUIRE(spoil_and_heal(&rig, 0, 1) && spoil_and_heal(&rig, sector / 2, 0x40));
	for (size_t i = 0; i < FORMAT_TUPLE; i++)
		REQUIRE(spoil_and_heal(&rig, sector + i, 0x80));
	return stop(&rig);
}

static void a_block_that_was_changed(void)
{
	CHECK(all_of_a_block(512) && all_of_a_block(4096));
}

/* The tag FFFFh tells a reader of protection information not to check it. */
static void a_block_that_claims_to_be_unprotected(void)
{
	struct rig rig;

	CHECK(setup(&rig, 512));
	CHECK(flip(&rig, 9, 100, 1) && flip(&rig, 9, 512 + 2, 0xff) && flip(&rig, 9, 512 + 3, 0xff));
	CHECK(reads_as(&rig, 9, EIO) && stop(&rig));
}

static void a_block_that_is_not_there(void)
{
	static const uint8_t none[520];
	struct rig rig;
	int fd;

	CHECK(setup(&rig, 512));
	fd = open("store", O_RDWR);
	CHECK(fd >= 0 && pwrite(fd, none, sizeof(none), 12 * 520) == sizeof(none));
	CHECK(reads_as(&rig, 12, EIO));
	CHECK(!ftruncate(fd, 2000 * 520) && reads_as(&rig, 2001, EIO) && stop(&rig));
	close(fd);
}

static void a_block_of_another_place(void)
{
	uint8_t block[520];
	struct rig rig;
	int fd;

	CHECK(setup(&rig, 512));
	fd = open("store", O_RDWR);
	CHECK(fd >= 0 && pread(fd, block, sizeof(block), 20 * 520) == sizeof(block));
	CHECK(pwrite(fd, block, sizeof(block), 30 * 520) == sizeof(block));
	CHECK(reads_as(&rig, 30, EIO) && stop(&rig));
	close(fd);
}

/* -------------------------------------------------------------------------- bad requests */

static void no_whole_sectors(void)
{
	static uint8_t data[8192];
	struct rig rig;

	CHECK(setup(&rig, 4096));
	CHECK(nbd_get_block_size(rig.nbd, LIBNBD_SIZE_MINIMUM) == 4096);
	CHECK(nbd_pread(rig.nbd, data, 512, 0, 0) < 0 && nbd_get_errno() == EINVAL);
	CHECK(nbd_pread(rig.nbd, data, 4096, 512, 0) < 0 && nbd_get_errno() == EINVAL);
	CHECK(nbd_pwrite(rig.nbd, data, 4095, 0, 0) < 0 && nbd_get_errno() == EINVAL);
	CHECK(nbd_pwrite(rig.nbd, data, 4096, 4095, 0) < 0 && nbd_get_errno() == EINVAL);
	CHECK(!nbd_pread(rig.nbd, data, 8192, 4096, 0) && is_filled(data, 8192, 0) && stop(&rig));
}

static void out_of_range(void)
{
	static uint8_t data[8192];
	struct rig rig;

	CHECK(setup(&rig, 512));
	CHECK(nbd_pread(rig.nbd, data, 512, SIZE, 0) < 0 && nbd_get_errno() == EINVAL);
	CHECK(nbd_pread(rig.nbd, data, 1024, SIZE - 512, 0) < 0 && nbd_get_errno() == EINVAL);
	CHECK(nbd_pwrite(rig.nbd, data, 512, SIZE, 0) < 0 && nbd_get_errno() == ENOSPC);
	CHECK(nbd_pwrite(rig.nbd, data, 512, UINT64_MAX - 511, 0) < 0);
	CHECK(!nbd_pread(rig.nbd, data, 512, SIZE - 512, 0) && stop(&rig));
	CHECK(start(&rig, NULL) && stop(&rig));
}

/* -------------------------------------------------------------------------- bad beginnings */

#define REFUSES(words, ...) server_refuses((const char *[]){ __VA_ARGS__, NULL }, words)

static void wrong_parameters(void)
{
	CHECK(make_file("key", key, sizeof(key)) && make_file("short", key, 31));
	CHECK(make_file("long", "0123456789012345678901234567890123456789012345678901234567890123456", 66));
	CHECK(make_file("same", "01234567890123456789012345678901", 16));
	unlink("store");
	CHECK(REFUSES("file=PATH is missing", "keyfile=key"));
	CHECK(REFUSES("keyfile=PATH is missing", "file=store"));
	CHECK(REFUSES("store: No such file", "file=store", "keyfile=key"));
	CHECK(REFUSES("none: No such file", "file=store", "keyfile=none", "size=1M"));
	CHECK(REFUSES("the key has 31 bytes", "file=store", "keyfile=short", "size=1M"));
	CHECK(REFUSES("more than 64 bytes", "file=store", "keyfile=long", "size=1M"));
	CHECK(REFUSES("can be 512 or 4096", "file=store", "keyfile=key", "size=1M", "sector=1024"));
	CHECK(REFUSES("no multiple", "file=store", "keyfile=key", "size=1000"));
	CHECK(REFUSES("size=0", "file=store", "keyfile=key", "size=0"));
	CHECK(REFUSES("there can be", "file=store", "keyfile=key", "size=4T"));
	CHECK(REFUSES("there are sva, share, noiommu", "file=store", "keyfile=key", "size=1M", "mode=x"));
	CHECK(REFUSES("alternatives", "file=store", "keyfile=key", "size=1M", "mode=sva", "device=x"));
	CHECK(REFUSES("no channel", "file=store", "keyfile=key", "size=1M", "device=no_such_device"));
	CHECK(REFUSES("is no parameter", "file=store", "keyfile=key", "colour=red"));
	CHECK(REFUSES("no regular file", "file=/dev/null", "keyfile=key"));
}

/* Both halves of a key for XTS must differ. */
static void wrong_keys(void)
{
	uint8_t other[FORMAT_KEY];
	struct rig rig;

	memset(other, 7, sizeof(other));
	CHECK(setup(&rig, 512) && stop(&rig) && make_file("other", other, sizeof(other)));
	CHECK(REFUSES("halves", "file=store", "keyfile=other"));
	draw_bytes(other, sizeof(other));
	CHECK(make_file("other", other, sizeof(other)));
	CHECK(REFUSES("not the key", "file=store", "keyfile=other"));
	CHECK(make_file("other", key, 32));
	CHECK(REFUSES("not the key", "file=store", "keyfile=other"));
	CHECK(start(&rig, "size=1M") && stop(&rig));
}

static void files_that_are_no_store(void)
{
	struct rig rig;

	CHECK(setup(&rig, 512));
	CHECK(REFUSES("being served already", "file=store", "keyfile=key") && stop(&rig));
	CHECK(REFUSES("where size= would make", "file=store", "keyfile=key", "size=2M"));
	CHECK(REFUSES("has another sector=", "file=store", "keyfile=key", "sector=4096"));
	CHECK(!truncate("store", 2048 * 520));
	CHECK(REFUSES("it was cut", "file=store", "keyfile=key"));
	CHECK(!truncate("store", 2049 * 520));
	CHECK(REFUSES("it was cut", "file=store", "keyfile=key"));
	CHECK(!truncate("store", 1000));
	CHECK(REFUSES("it was cut", "file=store", "keyfile=key"));
	CHECK(!truncate("store", 0));
	CHECK(REFUSES("is no store", "file=store", "keyfile=key"));
	CHECK(start(&rig, "size=1M") && stop(&rig));
}

static const struct tap_test tests[] = {
	TEST(a_new_store_is_zeros),
	TEST(random_requests_512),
	TEST(random_requests_4096),
	TEST(the_format_on_disk),
	TEST(many_at_a_time),
	TEST(what_is_counted),
	TEST(a_block_that_was_changed),
	TEST(a_block_that_claims_to_be_unprotected),
	TEST(a_block_that_is_not_there),
	TEST(a_block_of_another_place),
	TEST(no_whole_sectors),
	TEST(out_of_range),
	TEST(wrong_parameters),
	TEST(wrong_keys),
	TEST(files_that_are_no_store),
};

int main(void)
{
	const char *given = getenv("IPU_SEED");
	char dir[] = "/tmp/ipu-XXXXXX", command[64];
	int ret;

	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u | 1;
	printf("# IPU_SEED=%" PRIu64 "\n", seed);
	if (!getenv("IPU_PLUGIN") || !mkdtemp(dir) || chdir(dir)) {
		fprintf(stderr, "test_ipu: no IPU_PLUGIN, or no folder for work\n");
		return EXIT_FAILURE;
	}
	draw_bytes(key, sizeof(key));
	make_file("suppressions", "leak:/usr/bin/nbdkit\n", 21);
	ret = tap_run(tests, sizeof(tests) / sizeof(*tests));
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) ? EXIT_FAILURE : ret;
}
