// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast it is. A table for people; then for programs one line a measure:
 *
 *	measure: value target pass|short|info|none
 *
 * Machines differ and emulators waver, so what is compared runs in turn, and the
 * median of the ratios is the result. Nothing here is a test.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <wd_comp.h>
#include "raw.h"

#define DATA_LEN	(1UL << 20)
#define REQUEST		(64UL << 10)
#define ROOM		(REQUEST + REQUEST / 8 + 64)
#define LEVEL		6
#define MAX_DEPTH	8
#define PAIRS		11
#define NULL_RUNS	41
#define NULL_COUNT	2048
#define BATCH		32
#define IDLE_CHANNELS	64
#define IDLE_SECONDS	10
#define LATENCY_RUNS	201

#define ENGINE_DATA	"/sys/kernel/debug/wd_hw/data"
#define ENGINE_DEFLATE	"/sys/kernel/debug/wd_hw/deflate"

static char report[4096];

__attribute__((format(printf, 1, 2)))
static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* @sign: +1 more is better, -1 less is better, 0 there is no target. */
static void note(const char *name, const char *what, const char *unit, double value,
		 double target, int sign)
{
	char want[32] = "", line[160];
	const char *verdict = "info";

	if (sign) {
		snprintf(want, sizeof(want), "%s %.4g", sign > 0 ? "at least" : "at most", target);
		verdict = (value - target) * sign >= 0 ? "pass" : "short";
	}
	printf("%-58s %9.4g %-10s %s%s%s\n", what, value, unit, want,
	       sign ? ": " : "", sign ? verdict : "");
	fflush(stdout);
	snprintf(line, sizeof(line), "%s: %.4g %.4g %s\n", name, value, target, verdict);
	strncat(report, line, sizeof(report) - strlen(report) - 1);
}

static void note_none(const char *name, const char *what, const char *why, double target)
{
	char line[160];

	printf("%-58s %9s %s\n", what, "-", why);
	snprintf(line, sizeof(line), "%s: - %.4g none\n", name, target);
	strncat(report, line, sizeof(report) - strlen(report) - 1);
}

/* ---------------------------------------------------------- throughput */

/* What a user would compress: programs and text of this machine. */
static uint8_t *real_data(void)
{
	static const char * const files[] = {
		"/usr/bin/perl", "/usr/bin/bash", "/usr/bin/ls", "/usr/bin/tar",
		"/proc/kallsyms", "/etc/services",
	};
	uint8_t *data = malloc(DATA_LEN);
	size_t pos = 0;
	ssize_t n;

	for (unsigned int i = 0; i < sizeof(files) / sizeof(*files) && pos < DATA_LEN; i++) {
		int fd = open(files[i], O_RDONLY | O_CLOEXEC);
		size_t want = DATA_LEN / 4;

		while (fd >= 0 && want && pos < DATA_LEN) {
			n = read(fd, data + pos, DATA_LEN - pos < want ? DATA_LEN - pos : want);
			if (n <= 0)
				break;
			pos += n;
			want -= n;
		}
		if (fd >= 0)
			close(fd);
	}
	raw_fill_text(data + pos, DATA_LEN - pos, 1);
	return data;
}

static int engine_load(const uint8_t *data)
{
	int fd = open(ENGINE_DATA, O_WRONLY | O_CLOEXEC);
	size_t pos = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (pos < DATA_LEN) {
		n = write(fd, data + pos, DATA_LEN - pos);
		if (n <= 0)
			die("%s: %s", ENGINE_DATA, strerror(errno));
		pos += n;
	}
	close(fd);
	return 0;
}

/* The engine called by the kernel itself. Return: nanoseconds. */
static double engine_run(unsigned long long *out)
{
	unsigned long long in, ns;
	char command[32];
	FILE *file;
	int ret;

	snprintf(command, sizeof(command), "%d %lu", LEVEL, REQUEST);
	ret = raw_write(ENGINE_DEFLATE, command);
	if (ret)
		die("%s: %s", ENGINE_DEFLATE, strerror(-ret));
	file = fopen(ENGINE_DEFLATE, "re");
	if (!file || fscanf(file, "%llu %llu %llu", &in, out, &ns) != 3 || in != DATA_LEN)
		die("%s: not understood", ENGINE_DEFLATE);
	fclose(file);
	return ns;
}

static struct wd_comp_ctx ctx[MAX_DEPTH];
static uint8_t room[MAX_DEPTH][ROOM];

static void contexts_begin(void)
{
	for (int i = 0; i < MAX_DEPTH; i++) {
		ctx[i] = (struct wd_comp_ctx) {
			.ch = i ? ctx[0].ch : NULL, .alg_type = WD_GZIP,
			.comp_level = LEVEL, .stream_mode = WD_STATELESS,
		};
		if (wd_alg_comp_init(&ctx[i]) || strcmp(wd_comp_vendor_name(&ctx[i]), "native"))
			die("no channel for libwd");
	}
}

static void contexts_end(void)
{
	for (int i = MAX_DEPTH - 1; i >= 0; i--)
		wd_alg_comp_exit(&ctx[i]);
}

static double channel_run(const uint8_t *data, unsigned long long *out)
{
	int64_t begin = raw_now_ns();

	*out = 0;
	for (size_t pos = 0; pos < DATA_LEN; pos += REQUEST) {
		ctx[0].in = data + pos;
		ctx[0].in_len = REQUEST;
		ctx[0].out = room[0];
		ctx[0].out_len = ROOM;
		if (wd_alg_deflate(&ctx[0]) != WD_STREAM_END)
			die("a request failed");
		*out += ctx[0].produced;
	}
	return raw_now_ns() - begin;
}

struct async_run {
	const uint8_t *data;
	size_t pos;
	unsigned long long out;
	int in_flight;
};

static void async_next(struct wd_comp_ctx *c, struct async_run *run);

static void async_done(struct wd_comp_ctx *c, int ret, void *arg)
{
	struct async_run *run = arg;

	if (ret != WD_STREAM_END)
		die("a request failed: %d", ret);
	run->out += c->produced;
	run->in_flight--;
	async_next(c, run);
}

static void async_next(struct wd_comp_ctx *c, struct async_run *run)
{
	if (run->pos == DATA_LEN)
		return;
	c->in = run->data + run->pos;
	c->in_len = REQUEST;
	c->out = room[c - ctx];
	c->out_len = ROOM;
	run->pos += REQUEST;
	run->in_flight++;
	if (wd_alg_async_deflate(c, async_done, run))
		die("a request was not taken");
}

static double async_run(const uint8_t *data, int depth, unsigned long long *out)
{
	struct async_run run = { .data = data };
	int64_t begin = raw_now_ns();

	for (int i = 0; i < depth; i++)
		async_next(&ctx[i], &run);
	while (run.in_flight)
		if (wd_poll(ctx[0].ch, 0, RAW_TIMEOUT_MS) <= 0)
			die("work does not come back");
	*out = run.out;
	return raw_now_ns() - begin;
}

static void check_out(unsigned long long out, unsigned long long engine)
{
	if (out != engine)
		die("%llu bytes of output instead of %llu", out, engine);
}

static void bench_throughput(void)
{
	static const char one[] = "deflate 64 KiB, depth 1, of the engine alone";
	static const char four[] = "deflate 64 KiB, depth 4, of the engine alone";
	double sync[PAIRS], async[PAIRS], speed[3][PAIRS];
	unsigned long long want, out;
	uint8_t *data = real_data();

	if (engine_load(data)) {
		note_none("deflate_depth1", one, "no " ENGINE_DATA, 0.95);
		note_none("deflate_depth4", four, "no " ENGINE_DATA, 0.95);
		free(data);
		return;
	}
	contexts_begin();
	engine_run(&want);
	channel_run(data, &out);	/* pages are there, code is translated */
	for (int i = 0; i < PAIRS; i++) {
		double time[3];

		/* Each is beside the engine's own run, in turn before and after it. */
		time[i % 2 ? 2 : 1] = i % 2 ? async_run(data, 4, &out) : channel_run(data, &out);
		check_out(out, want);
		time[0] = engine_run(&want);
		time[i % 2 ? 1 : 2] = i % 2 ? channel_run(data, &out) : async_run(data, 4, &out);
		check_out(out, want);
		sync[i] = time[0] / time[1];
		async[i] = time[0] / time[2];
		for (int k = 0; k < 3; k++)
			speed[k][i] = DATA_LEN * 1e3 / time[k];
	}
	contexts_end();
	note("engine_mbps", "the engine alone, level 6", "MB/s", median(speed[0], PAIRS), 0, 0);
	note("depth1_mbps", "through a channel, depth 1", "MB/s", median(speed[1], PAIRS), 0, 0);
	note("depth4_mbps", "through a channel, depth 4", "MB/s", median(speed[2], PAIRS), 0, 0);
	note("deflate_depth1", one, "", median(sync, PAIRS), 0.95, 1);
	note("deflate_depth4", four, "", median(async, PAIRS), 0.95, 1);
	free(data);
}

/* ---------------------------------------------------- null descriptors */

static double getppid_ns(void)
{
	int64_t begin = raw_now_ns();

	for (int i = 0; i < NULL_COUNT; i++)
		syscall(SYS_getppid);
	return (double)(raw_now_ns() - begin) / NULL_COUNT;
}

static void put_batch(struct raw_chan *c, int batch)
{
	const struct wd_desc nop = { .opcode = WD_OP_NOP };

	for (int k = 0; k < batch; k++)
		raw_put(c, &nop);
	if (raw_ring(c))
		die("the channel stopped");
}

static void get_batch(struct raw_chan *c, int batch)
{
	struct wd_cqe cqe;

	for (int k = 0; k < batch; k++)
		while (raw_peek(c, &cqe))
			__builtin_ia32_pause();
	raw_store_head(c, c->head);
}

/*
 * Both sides poll: no clock, no yield in between. @ahead batches are on their way
 * while one more is written.
 */
static double null_ns(struct raw_chan *c, int batch, int ahead)
{
	int64_t begin = raw_now_ns();

	for (int k = 0; k < ahead; k++)
		put_batch(c, batch);
	for (int i = 0; i < NULL_COUNT; i += batch) {
		put_batch(c, batch);
		get_batch(c, batch);
	}
	for (int k = 0; k < ahead; k++)
		get_batch(c, batch);
	return (double)(raw_now_ns() - begin) / (NULL_COUNT + ahead * batch);
}

static void bench_null(void)
{
	static const char single[] = "a null descriptor there and back, in getppid()";
	static const char ahead[] = "in batches of 32, each, one batch ahead";
	static const char alone[] = "in batches of 32, each, one batch at a time";
	double one[NULL_RUNS], many[NULL_RUNS], lone[NULL_RUNS];
	double base[NULL_RUNS], ns[NULL_RUNS];
	struct raw_chan c;

	if (raw_online_cpus() < 2) {
		note_none("null_getppid", single, "needs 2 CPUs", 4);
		note_none("null_batch_ahead_getppid", ahead, "needs 2 CPUs", 0.25);
		note_none("null_batch_getppid", alone, "needs 2 CPUs", 0.25);
		return;
	}
	if (raw_setup(&c))
		die("no channel");
	null_ns(&c, 1, 0);
	for (int i = 0; i < NULL_RUNS; i++) {
		base[i] = getppid_ns();
		ns[i] = null_ns(&c, 1, 0);
		one[i] = ns[i] / base[i];
		many[i] = null_ns(&c, BATCH, 1) / base[i];
		lone[i] = null_ns(&c, BATCH, 0) / base[i];
	}
	raw_close(&c);
	note("getppid_ns", "getppid()", "ns", median(base, NULL_RUNS), 0, 0);
	note("null_ns", "a null descriptor there and back", "ns", median(ns, NULL_RUNS), 0, 0);
	note("null_getppid", single, "", median(one, NULL_RUNS), 4, -1);
	note("null_batch_ahead_getppid", ahead, "", median(many, NULL_RUNS), 0.25, -1);
	note("null_batch_getppid", alone, "", median(lone, NULL_RUNS), 0.25, -1);
}

/* ---------------------------------------------------------------- idle */

static double thread_ns(const char *pid)
{
	char path[300], comm[32] = "";
	unsigned long long ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(comm, sizeof(comm), file))
		comm[0] = '\0';
	fclose(file);
	if (strncmp(comm, "wd_", 3))
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%llu", &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

/* CPU time of all threads of the device so far. */
static double device_ns(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	double sum = 0;

	if (!proc)
		die("no /proc");
	while ((entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			sum += thread_ns(entry->d_name);
	closedir(proc);
	return sum;
}

static void wait_asleep(struct raw_chan *c)
{
	int64_t begin = raw_now_ns();

	while (!c->status->need_kick) {
		if (raw_now_ns() - begin > RAW_TIMEOUT_MS * 1000000LL)
			die("the engine does not go to sleep");
		usleep(500);
	}
}

static void bench_idle(void)
{
	static struct raw_chan c[IDLE_CHANNELS];
	double used;

	for (int i = 0; i < IDLE_CHANNELS; i++)
		if (raw_setup(&c[i]) || raw_nop(&c[i]))
			die("no channel");
	for (int i = 0; i < IDLE_CHANNELS; i++)
		wait_asleep(&c[i]);
	used = device_ns();
	if (!used)
		die("the device has no threads");
	sleep(IDLE_SECONDS);
	used = device_ns() - used;
	note("idle_cpu_percent", "CPU of 64 idle channels", "%", used / (IDLE_SECONDS * 1e7),
	     0.5, -1);
	for (int i = 0; i < IDLE_CHANNELS; i++)
		raw_close(&c[i]);
}

/* ------------------------------------------------------------- latency */

static void bench_latency(void)
{
	const struct wd_desc nop = { .opcode = WD_OP_NOP };
	static double kick[LATENCY_RUNS], irq[LATENCY_RUNS];
	struct raw_chan c;
	struct wd_cqe cqe;
	int64_t begin;

	if (raw_setup(&c))
		die("no channel");
	for (int i = 0; i < LATENCY_RUNS; i++) {
		struct pollfd pfd = { .fd = c.fd, .events = POLLIN };

		wait_asleep(&c);
		begin = raw_now_ns();
		if (raw_do(&c, &nop, &cqe))
			die("the channel stopped");
		kick[i] = (raw_now_ns() - begin) / 1e3;

		begin = raw_now_ns();
		raw_put(&c, &nop);
		raw_ring(&c);
		while (raw_peek(&c, &cqe))
			if (poll(&pfd, 1, RAW_TIMEOUT_MS) != 1)
				die("no interrupt");
		raw_store_head(&c, c.head);
		irq[i] = (raw_now_ns() - begin) / 1e3;
	}
	raw_close(&c);
	note("kick_us", "a null descriptor to an engine that sleeps", "us",
	     median(kick, LATENCY_RUNS), 0, 0);
	note("poll_us", "a null descriptor, waiting in poll(2)", "us",
	     median(irq, LATENCY_RUNS), 0, 0);
}

int main(void)
{
	if (raw_wait_device(RAW_TIMEOUT_MS))
		die("no device");
	bench_null();
	bench_latency();
	bench_throughput();
	bench_idle();
	printf("\n%s", report);
	return 0;
}
