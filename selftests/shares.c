// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a device is shared: processes that all have work, what each of their channels
 * gets. Measures, one line each as those of bench; nothing here is a test.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw_mem.h"

#define LEN		(64UL << 10)
#define DEPTH		8
#define CHANNELS	3
#define PROCESSES	3
#define WARM_MS		500
#define MEASURE_MS	4000

/**
 * struct board - what the processes tell each other
 * @ready: those that have work
 * @go:    0: begin, 1: it counts, 2: it is over
 * @done:  requests while it counted
 */
struct board {
	int ready;
	int go;
	uint64_t done[PROCESSES][CHANNELS];
};

static struct board *board;

static void die(const char *what, int ret)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

struct worker {
	struct raw_chan c;
	struct raw_mem m;
	struct wd_desc d;
};

static void worker_begin(struct worker *w, uint32_t weight)
{
	uint8_t *src, *dst;
	int ret = raw_setup(&w->c);

	if (!ret && ioctl(w->c.fd, WD_CMD_SET_PRIORITY, &weight))
		ret = -errno;
	if (!ret)
		ret = raw_mem_reserve(&w->c, &w->m, 16 * LEN);
	if (ret)
		die("a channel", ret);
	src = raw_mem_take(&w->m, LEN);
	dst = raw_mem_take(&w->m, 2 * LEN);
	if (!src || !dst)
		die("memory", -ENOMEM);
	raw_fill_text(src, LEN, 1);
	w->d = raw_mem_deflate(&w->m, WD_COMP_RAW, 6, src, LEN, dst, 2 * LEN);
	for (int i = 0; i < DEPTH; i++)
		raw_put(&w->c, &w->d);
	raw_ring(&w->c);
}

/* What is done is given out again, so that there is always work. */
static unsigned int worker_turn(struct worker *w)
{
	struct wd_cqe cqe;
	unsigned int n = 0;

	while (!raw_peek(&w->c, &cqe)) {
		if (cqe.status)
			die("a request", -EPROTO);
		raw_put(&w->c, &w->d);
		n++;
	}
	if (n) {
		raw_store_head(&w->c, w->c.head);
		raw_ring(&w->c);
	}
	return n;
}

static void process(const char *mode, int number, const uint32_t *weights)
{
	static struct worker w[CHANNELS];

	if (raw_select_mode(mode))
		die(mode, -ENODEV);
	for (int i = 0; i < CHANNELS; i++)
		worker_begin(&w[i], weights[i]);
	__atomic_add_fetch(&board->ready, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&board->go, __ATOMIC_ACQUIRE) < 2) {
		for (int i = 0; i < CHANNELS; i++) {
			unsigned int n = worker_turn(&w[i]);

			if (__atomic_load_n(&board->go, __ATOMIC_RELAXED) == 1)
				board->done[number][i] += n;
		}
		/* The engine needs the CPU more than who waits for it. */
		usleep(500);
	}
	for (int i = 0; i < CHANNELS; i++)
		raw_close(&w[i].c);
	_exit(0);
}

static void run(const char *mode, const uint32_t weights[][CHANNELS], int processes)
{
	pid_t pid[PROCESSES];
	int status;

	memset(board, 0, sizeof(*board));
	fflush(stdout);
	for (int i = 0; i < processes; i++) {
		pid[i] = fork();
		if (!pid[i])
			process(mode, i, weights[i]);
	}
	while (__atomic_load_n(&board->ready, __ATOMIC_ACQUIRE) < processes) {
		if (waitpid(-1, &status, WNOHANG) > 0)
			exit(1);
		usleep(1000);
	}
	usleep(WARM_MS * 1000);
	__atomic_store_n(&board->go, 1, __ATOMIC_RELEASE);
	usleep(MEASURE_MS * 1000);
	__atomic_store_n(&board->go, 2, __ATOMIC_RELEASE);
	for (int i = 0; i < processes; i++)
		if (waitpid(pid[i], &status, 0) != pid[i] || status)
			exit(1);
}

static void note(const char *name, const char *mode, double value, double target, double tolerance)
{
	double off = value > target ? value / target - 1 : target / value - 1;

	printf("%s_%s: %.4g %.4g %s\n", name, mode, value, target, off <= tolerance ? "pass" : "short");
}

static uint64_t of_process(int i)
{
	uint64_t sum = 0;

	for (int k = 0; k < CHANNELS; k++)
		sum += board->done[i][k];
	return sum;
}

/* Three processes with three channels each, all alike: the slowest beside the fastest. */
static void equal_weights(const char *mode)
{
	static const uint32_t weights[PROCESSES][CHANNELS] = {
		{ 8, 8, 8 }, { 8, 8, 8 }, { 8, 8, 8 },
	};
	uint64_t low = UINT64_MAX, high = 0;

	run(mode, weights, PROCESSES);
	printf("%-8s 3 processes x 3 channels, requests of 64 KiB each:", mode);
	for (int i = 0; i < PROCESSES; i++) {
		uint64_t n = of_process(i);

		printf(" %llu", (unsigned long long)n);
		low = n < low ? n : low;
		high = n > high ? n : high;
	}
	printf("\n");
	note("fair_processes", mode, high ? (double)low / high : 0, 1, 0.1);
}

/* Weights 1, 2 and 4, in processes of their own. */
static void by_weight(const char *mode)
{
	static const uint32_t weights[PROCESSES][CHANNELS] = {
		{ 1, 1, 1 }, { 2, 2, 2 }, { 4, 4, 4 },
	};
	double one;

	run(mode, weights, PROCESSES);
	one = of_process(0) ? of_process(0) : 1;
	printf("%-8s weights 1, 2, 4: %llu %llu %llu\n", mode, (unsigned long long)of_process(0),
	       (unsigned long long)of_process(1), (unsigned long long)of_process(2));
	note("weight_2_to_1", mode, of_process(1) / one, 2, 0.1);
	note("weight_4_to_1", mode, of_process(2) / one, 4, 0.1);
}

int main(int argc, char **argv)
{
	static const char * const modes[] = { "sva", "share", "noiommu" };

	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		die("mmap", -errno);
	for (unsigned int i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (argc > 1 && strcmp(argv[1], modes[i]))
			continue;
		equal_weights(modes[i]);
		by_weight(modes[i]);
	}
	return 0;
}
