// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats.h"

void stats_add(struct stats *stats, enum direction direction, const struct wd_seq_stats *seq,
	       bool failed)
{
	struct counts *sum = &stats->sum[direction];

	pthread_mutex_lock(&stats->lock);
	sum->requests++;
	sum->failed += failed;
	sum->appended += seq->appended;
	sum->elided += seq->elided;
	sum->fused += seq->fused;
	sum->ran += seq->ran;
	sum->submissions += seq->submissions;
	sum->copies += seq->copies;
	sum->transfers += seq->transfers;
	sum->temp_bytes += seq->temp_bytes;
	pthread_mutex_unlock(&stats->lock);
}

static void print(FILE *f, const struct counts *to, const struct counts *from)
{
	const struct {
		const char *name;
		uint64_t to;
		uint64_t from;
	} rows[] = {
		{ "requests", to->requests, from->requests },
		{ "failed", to->failed, from->failed },
		{ "appended", to->appended, from->appended },
		{ "elided", to->elided, from->elided },
		{ "fused", to->fused, from->fused },
		{ "ran", to->ran, from->ran },
		{ "submissions", to->submissions, from->submissions },
		{ "copies", to->copies, from->copies },
		{ "transfers", to->transfers, from->transfers },
		{ "temporary", to->temp_bytes, from->temp_bytes },
	};

	fprintf(f, "%-12s %14s %14s\n", "", "write", "read");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		fprintf(f, "%-12s %14" PRIu64 " %14" PRIu64 "\n", rows[i].name, rows[i].to, rows[i].from);
}

/* Connections may end at the same time: one after the other, so that the newest sums stay. */
int stats_write(struct stats *stats, const char *path, const char *driver, bool fuse)
{
	char *new;
	FILE *f;
	int ret = 0;

	if (asprintf(&new, "%s.new", path) < 0)
		return -ENOMEM;
	pthread_mutex_lock(&stats->lock);
	f = fopen(new, "we");
	if (f) {
		fprintf(f, "driver %s\nfuse %s\n", driver, fuse ? "true" : "false");
		print(f, &stats->sum[TO_STORE], &stats->sum[FROM_STORE]);
	}
	if (!f || fclose(f) || rename(new, path))
		ret = -errno;
	pthread_mutex_unlock(&stats->lock);
	free(new);
	return ret;
}
