// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Encryption by the device beside the kernel's AF_ALG, which is what a program has
 * without one: requests of 4 and 16 KiB, a queue of 32. The same algorithm of the same
 * kernel computes in both. Measures, one line each as those of bench; nothing here
 * is a test.
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <linux/if_alg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "raw.h"

#define DEPTH		32
#define MAX_LEN		(16U << 10)
#define KEY_LEN		16
#define TAG_LEN		16
#define MAX_CHANNELS	2
#define PAIRS		5
#define PAIR_NS		600000000LL

struct alg {
	const char *name;	/* of the measure */
	const char *kernel;	/* AF_ALG's */
	const char *type;
	uint32_t key_op;
	uint16_t opcode;
	unsigned int iv_len;
	bool aead;
};

static const struct alg algs[] = {
	{ "gcm", "gcm(aes)", "aead",
	  WD_ALG_NR_AES_GCM | TAG_LEN << WD_KEY_TAG_SHIFT, WD_OP_AEAD, 12, true },
	{ "cbc", "cbc(aes)", "skcipher", WD_ALG_NR_AES_CBC, WD_OP_CIPHER, 16, false },
};

static const uint8_t key[KEY_LEN] = "sixteen bytes ..";
static const uint8_t iv[16] = "and a vector ...";

static void die(const char *what, int ret)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

/* ---------------------------------------------------------- the device */

struct slot {
	union {
		struct wd_cipher_param cipher;
		struct wd_aead_param aead;
	} param __attribute__((aligned(64)));
	struct wd_desc d;
};

struct side {
	struct raw_chan c;
	struct slot *slots;
	uint8_t *src;
	uint8_t *dst;
};

static void device_begin(struct side *s, const struct alg *alg, uint32_t len)
{
	struct wd_desc set = {
		.opcode = WD_OP_KEY_SET, .op = alg->key_op,
		.src = (uintptr_t)key, .src_len = KEY_LEN,
	};
	struct wd_cqe cqe;
	int ret = raw_setup(&s->c);

	if (!ret)
		ret = raw_do(&s->c, &set, &cqe);
	if (ret || cqe.status)
		die("the device's key", ret ? ret : -EPROTO);
	s->slots = aligned_alloc(64, DEPTH * sizeof(*s->slots));
	s->src = raw_memory(DEPTH * MAX_LEN);
	s->dst = raw_memory(DEPTH * MAX_LEN);
	memset(s->slots, 0, DEPTH * sizeof(*s->slots));
	for (int i = 0; i < DEPTH; i++) {
		struct slot *slot = &s->slots[i];

		slot->d = (struct wd_desc) {
			.opcode = alg->opcode,
			.op = alg->aead ? WD_AEAD_ENCRYPT : WD_CIPHER_ENCRYPT,
			.src = (uintptr_t)(s->src + i * MAX_LEN), .src_len = len,
			.dst = (uintptr_t)(s->dst + i * MAX_LEN), .dst_len = len,
			.param = (uintptr_t)&slot->param,
		};
		if (alg->aead) {
			slot->param.aead.iv_len = alg->iv_len;
			memcpy(slot->param.aead.iv, iv, alg->iv_len);
		} else {
			memcpy(slot->param.cipher.iv, iv, sizeof(iv));
		}
	}
}

static void device_end(struct side *s)
{
	raw_close(&s->c);
	free(s->slots);
}

/* @n channels, DEPTH requests between them. Return: bytes a second. */
static double device_run(struct side *s, int n, uint32_t len)
{
	const int each = DEPTH / n;
	int64_t begin = raw_now_ns(), now;
	uint64_t requests = 0;
	struct wd_cqe cqe;

	do {
		for (int k = 0; k < n; k++) {
			for (int i = 0; i < each; i++)
				raw_put(&s[k].c, &s[k].slots[i].d);
			raw_ring(&s[k].c);
		}
		for (int k = 0; k < n; k++) {
			for (int i = 0; i < each; i++) {
				int ret = raw_get(&s[k].c, &cqe, RAW_TIMEOUT_MS);

				if (ret || cqe.status)
					die("a request", ret ? ret : -EPROTO);
			}
		}
		requests += each * n;
		now = raw_now_ns();
	} while (now - begin < PAIR_NS);
	return requests * (double)len / (now - begin) * 1e9;
}

/* -------------------------------------------------------------- AF_ALG */

struct af_alg {
	int tfm;
	int op;
	aio_context_t aio;
	uint8_t *src;
	uint8_t *dst;
};

static void af_alg_begin(struct af_alg *a, const struct alg *alg)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG };

	strcpy((char *)sa.salg_type, alg->type);
	strcpy((char *)sa.salg_name, alg->kernel);
	a->tfm = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (a->tfm < 0 || bind(a->tfm, (struct sockaddr *)&sa, sizeof(sa)) ||
	    setsockopt(a->tfm, SOL_ALG, ALG_SET_KEY, key, KEY_LEN) ||
	    (alg->aead && setsockopt(a->tfm, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, NULL, TAG_LEN)))
		die("AF_ALG", -errno);
	a->op = accept(a->tfm, NULL, NULL);
	if (a->op < 0 || syscall(SYS_io_setup, DEPTH, &a->aio))
		die("AF_ALG", -errno);
	a->src = raw_memory(DEPTH * MAX_LEN);
	a->dst = raw_memory(DEPTH * (MAX_LEN + TAG_LEN));
}

static void af_alg_end(struct af_alg *a)
{
	syscall(SYS_io_destroy, a->aio);
	close(a->op);
	close(a->tfm);
}

static void af_alg_send(struct af_alg *a, const struct alg *alg, int i, uint32_t len)
{
	char control[CMSG_SPACE(4) + CMSG_SPACE(4 + sizeof(iv))] = { 0 };
	struct iovec iov = { .iov_base = a->src + i * MAX_LEN, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	uint32_t op = ALG_OP_ENCRYPT, iv_len = alg->iv_len;

	cmsg->cmsg_level = SOL_ALG;
	cmsg->cmsg_type = ALG_SET_OP;
	cmsg->cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(cmsg), &op, 4);
	cmsg = CMSG_NXTHDR(&msg, cmsg);
	cmsg->cmsg_level = SOL_ALG;
	cmsg->cmsg_type = ALG_SET_IV;
	cmsg->cmsg_len = CMSG_LEN(4 + iv_len);
	memcpy(CMSG_DATA(cmsg), &iv_len, 4);
	memcpy(CMSG_DATA(cmsg) + 4, iv, iv_len);
	msg.msg_controllen = CMSG_SPACE(4) + CMSG_SPACE(4 + iv_len);
	if (sendmsg(a->op, &msg, 0) != (ssize_t)len)
		die("AF_ALG: sendmsg", -errno);
}

/* As the kernel's documentation has it: data by sendmsg(), the result by an asynchronous read. */
static double af_alg_run(struct af_alg *a, const struct alg *alg, uint32_t len)
{
	const uint32_t out = len + (alg->aead ? TAG_LEN : 0);
	int64_t begin = raw_now_ns(), now;
	struct io_event events[DEPTH];
	uint64_t requests = 0;

	do {
		for (int i = 0; i < DEPTH; i++) {
			struct iocb cb = {
				.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = a->op,
				.aio_buf = (uintptr_t)(a->dst + i * (MAX_LEN + TAG_LEN)),
				.aio_nbytes = out,
			}, *list = &cb;

			af_alg_send(a, alg, i, len);
			if (syscall(SYS_io_submit, a->aio, 1, &list) != 1)
				die("AF_ALG: io_submit", -errno);
		}
		if (syscall(SYS_io_getevents, a->aio, DEPTH, DEPTH, events, NULL) != DEPTH)
			die("AF_ALG: io_getevents", -errno);
		for (int i = 0; i < DEPTH; i++)
			if (events[i].res != out)
				die("AF_ALG: a request", events[i].res < 0 ? events[i].res : -EPROTO);
		requests += DEPTH;
		now = raw_now_ns();
	} while (now - begin < PAIR_NS);
	return requests * (double)len / (now - begin) * 1e9;
}

/* -------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void compare(const struct alg *alg, uint32_t len, int channels)
{
	struct side sides[MAX_CHANNELS];
	double ratio[PAIRS], device = 0, af_alg = 0;
	struct af_alg a = { 0 };

	af_alg_begin(&a, alg);
	for (int i = 0; i < channels; i++)
		device_begin(&sides[i], alg, len);
	for (int i = 0; i < PAIRS; i++) {
		device = device_run(sides, channels, len);
		af_alg = af_alg_run(&a, alg, len);
		ratio[i] = device / af_alg;
	}
	qsort(ratio, PAIRS, sizeof(*ratio), by_value);
	printf("%-10s %2u KiB, %d channel%s: device %.1f MB/s, AF_ALG %.1f MB/s, ratio %.2f\n",
	       alg->kernel, len >> 10, channels, channels == 1 ? "" : "s", device / 1e6,
	       af_alg / 1e6, ratio[PAIRS / 2]);
	printf("af_alg_%s_%uk_%d: %.4g 1.5 %s\n", alg->name, len >> 10, channels, ratio[PAIRS / 2],
	       ratio[PAIRS / 2] >= 1.5 ? "pass" : "short");
	for (int i = 0; i < channels; i++)
		device_end(&sides[i]);
	af_alg_end(&a);
}

int main(void)
{
	static const uint32_t lens[] = { 4U << 10, 16U << 10 };

	for (unsigned int i = 0; i < sizeof(algs) / sizeof(*algs); i++)
		for (unsigned int k = 0; k < sizeof(lens) / sizeof(*lens); k++)
			for (int n = 1; n <= MAX_CHANNELS; n++)
				compare(&algs[i], lens[k], n);
	return 0;
}
