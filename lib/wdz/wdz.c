// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libwdz.so: the real library behind it, and what the environment says.
 *
 * libwd needs libz.so.1, so it is in every process that libwdz.so is in. Its own calls
 * between its functions come to libwdz.so, which knows whose stream it is.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wdz.h"

/* Said here since applications know nothing of it: they are not linked with this library. */
static struct wdz_real real;
static struct wd_zlib *streams;
static const char *stats_path;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool ready;

static void fork_prepare(void)
{
	wd_zlib_fork_prepare(streams);
}

static void fork_parent(void)
{
	wd_zlib_fork_parent(streams);
}

static void fork_child(void)
{
	wd_zlib_fork_child(streams);
}

/* A libz.so.1 that is this library under another name would call itself for ever. */
static void find_real(void)
{
	void *lib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		abort();
#define FIND(name)							\
	do {								\
		real.name = (__typeof__(&name))dlsym(lib, #name);	\
		if (!real.name || real.name == &name)			\
			abort();					\
	} while (0);
	WDZ_FUNCTIONS(FIND)
#undef FIND
}

static size_t min_len(void)
{
	const char *value = secure_getenv("WD_ZLIB_MIN");

	return value ? strtoul(value, NULL, 10) : 0;
}

static void begin_streams(void)
{
	const char *mode = secure_getenv("WD_ZLIB");
	struct wd_zlib_calls calls = {
		.deflate_init = real.deflateInit2_,
		.deflate = real.deflate,
		.deflate_reset = real.deflateReset,
		.deflate_copy = real.deflateCopy,
		.deflate_end = real.deflateEnd,
		.inflate_init = real.inflateInit2_,
		.inflate = real.inflate,
		.inflate_reset = real.inflateReset,
		.inflate_reset2 = real.inflateReset2,
		.inflate_copy = real.inflateCopy,
		.inflate_end = real.inflateEnd,
		.adler32 = real.adler32,
		.crc32 = real.crc32,
	};
	unsigned int flags = 0;

	if (mode && !strcmp(mode, "software"))
		flags = WD_ZLIB_SOFTWARE;
	else if (mode && strcmp(mode, "device"))
		return;
	streams = wd_zlib_new(&calls, flags, min_len());
	if (streams && pthread_atfork(fork_prepare, fork_parent, fork_child)) {
		wd_zlib_free(streams);
		streams = NULL;
	}
	stats_path = secure_getenv("WD_ZLIB_STATS");
}

static void begin(void)
{
	find_real();
	begin_streams();
	atomic_store_explicit(&ready, true, memory_order_release);
}

const struct wdz_real *wdz_real(void)
{
	if (!atomic_load_explicit(&ready, memory_order_acquire))
		pthread_once(&once, begin);
	return &real;
}

struct wd_zlib *wdz_streams(void)
{
	wdz_real();
	return streams;
}

/* Before other threads are there, where that is possible. */
__attribute__((constructor)) static void begin_early(void)
{
	wdz_real();
}

/* One line a process, which programs at the same time do not mix up. */
__attribute__((destructor)) static void write_stats(void)
{
	struct wd_zlib_stats s;
	char line[256];
	int fd, len;

	if (!streams || !stats_path)
		return;
	wd_zlib_get_stats(streams, &s);
	len = snprintf(line, sizeof(line),
		       "pid=%d deflate_streams=%llu deflate_in=%llu inflate_streams=%llu "
		       "inflate_out=%llu handed_back=%llu\n", getpid(),
		       (unsigned long long)s.deflate_streams, (unsigned long long)s.deflate_in,
		       (unsigned long long)s.inflate_streams, (unsigned long long)s.inflate_out,
		       (unsigned long long)s.handed_back);
	fd = open(stats_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, line, (size_t)len) < 0)
		len = 0;
	close(fd);
}
