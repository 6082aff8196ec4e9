// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a block store does to 64 KiB: copy, encryption (AES-XTS, by sector), protection
 * information. As one unit, beside the three operations one after the other, each waited
 * for, and all three submitted at once. Measures, as those of bench; nothing here is a test.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

#define LEN		(64U << 10)
#define BLOCK		512U
#define ROOM		(LEN / BLOCK * (BLOCK + 8))
#define PARTS		3
#define ROUNDS		9
#define ROUND_NS	300000000LL

static struct raw_chan c;
static struct wd_desc unit[PARTS], single[PARTS];

static void die(const char *what, int ret)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

static void begin(void)
{
	static const uint8_t key[32] = "two keys of sixteen bytes each.";
	static struct wd_cipher_param iv __attribute__((aligned(16)));
	static struct wd_dif_param dif __attribute__((aligned(16)));
	struct wd_desc set = {
		.opcode = WD_OP_KEY_SET, .op = WD_ALG_NR_AES_XTS, .src = (uintptr_t)key,
		.src_len = sizeof(key),
	};
	uint8_t *memory[PARTS + 1];
	struct wd_cqe cqe;
	int ret = raw_setup(&c);

	if (!ret)
		ret = raw_do(&c, &set, &cqe);
	if (ret || cqe.status)
		die("the device's key", ret ? ret : -EPROTO);
	for (int i = 0; i <= PARTS; i++)
		memset(memory[i] = raw_memory(ROOM), i, ROOM);
	dif = (struct wd_dif_param) { .type = 1, .block = BLOCK };
	single[0] = (struct wd_desc) { .opcode = WD_OP_COPY };
	single[1] = (struct wd_desc) {
		.opcode = WD_OP_CIPHER, .op = WD_CIPHER_ENCRYPT | 9 << WD_CIPHER_UNIT_SHIFT,
		.param = (uintptr_t)&iv,
	};
	single[2] = (struct wd_desc) { .opcode = WD_OP_DIF_INSERT, .param = (uintptr_t)&dif };
	for (int i = 0; i < PARTS; i++) {
		struct wd_desc *d = &single[i];

		d->src_len = LEN;
		d->dst_len = i == PARTS - 1 ? ROOM : LEN;
		d->src = (uintptr_t)memory[i];
		d->dst = (uintptr_t)memory[i + 1];
		unit[i] = *d;
		if (i)
			unit[i].src = 0;
		if (i < PARTS - 1) {
			unit[i].dst = 0;
			unit[i].flags = WD_DESC_LINK;
		}
	}
}

static void reap(void)
{
	struct wd_cqe cqe;
	int ret = raw_get(&c, &cqe, RAW_TIMEOUT_MS);

	if (ret || cqe.status)
		die("a request", ret ? ret : -EPROTO);
}

static void as_unit(void)
{
	for (int i = 0; i < PARTS; i++)
		raw_put(&c, &unit[i]);
	raw_ring(&c);
	reap();
}

static void one_by_one(void)
{
	for (int i = 0; i < PARTS; i++) {
		raw_put(&c, &single[i]);
		raw_ring(&c);
		reap();
	}
}

static void at_once(void)
{
	for (int i = 0; i < PARTS; i++)
		raw_put(&c, &single[i]);
	raw_ring(&c);
	for (int i = 0; i < PARTS; i++)
		reap();
}

static const struct wd_desc *only;

static void one(void)
{
	raw_put(&c, only);
	raw_ring(&c);
	reap();
}

/* Return: requests of LEN a second. */
static double run(void (*request)(void))
{
	int64_t begin = raw_now_ns(), now;
	uint64_t n = 0;

	do {
		request();
		n++;
		now = raw_now_ns();
	} while (now - begin < ROUND_NS);
	return n * 1e9 / (now - begin);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	double each[ROUNDS], all[ROUNDS], unit_rate = 0, one_rate = 0, all_rate = 0;

	begin();
	for (int i = 0; i < ROUNDS; i++) {
		one_rate = run(one_by_one);
		unit_rate = run(as_unit);
		all_rate = run(at_once);
		each[i] = unit_rate / one_rate;
		all[i] = unit_rate / all_rate;
	}
	qsort(each, ROUNDS, sizeof(*each), by_value);
	qsort(all, ROUNDS, sizeof(*all), by_value);
	printf("64 KiB copy, XTS, DIF: unit %.1f MB/s, one after the other %.1f MB/s, at once %.1f MB/s\n",
	       unit_rate * LEN / 1e6, one_rate * LEN / 1e6, all_rate * LEN / 1e6);
	printf("link_one_by_one: %.4g 1.5 %s\n", each[ROUNDS / 2],
	       each[ROUNDS / 2] >= 1.5 ? "pass" : "short");
	printf("link_at_once: %.4g 0 info\n", all[ROUNDS / 2]);
	for (int i = 0; i < PARTS; i++) {
		only = &single[i];
		printf("%s %.0f us, ", ((const char *[]) { "copy", "XTS", "DIF" })[i], 1e6 / run(one));
	}
	only = &(struct wd_desc) { .opcode = WD_OP_NOP };
	printf("nothing %.0f us\n", 1e6 / run(one));
	raw_close(&c);
	return 0;
}
