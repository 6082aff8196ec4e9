// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crypt.h"

#define SMALL	(1UL << 20)	/* for all but the areas */

int crypt_setup(struct crypt *x, const char *mode)
{
	int err = raw_select_mode(mode);

	*x = (struct crypt) { .c.fd = -1 };
	if (!err)
		err = raw_setup(&x->c);
	if (!err)
		err = raw_mem_reserve(&x->c, &x->m, SMALL + CRYPT_AREAS * CRYPT_AREA);
	if (err)
		return err;
	x->key = raw_mem_take(&x->m, WD_KEY_MAX_LEN + 1);
	x->param = raw_mem_take(&x->m, 4096);
	for (int i = 0; i < 3; i++)
		x->list[i] = raw_mem_take(&x->m, CRYPT_ENTRIES * sizeof(struct wd_sge));
	if (!x->key || !x->param || !x->list[0] || !x->list[1] || !x->list[2] || x->m.used > SMALL)
		return -ENOMEM;
	for (int i = 0; i < CRYPT_AREAS; i++)
		x->area[i] = x->m.va + SMALL + i * CRYPT_AREA;
	return 0;
}

void crypt_close(struct crypt *x)
{
	raw_mem_unmap(&x->m);
	raw_close(&x->c);
}

bool crypt_can(const struct crypt *x, unsigned int alg)
{
	return x->c.layout.algs & WD_ALG_BIT(alg);
}

static int status_of(struct crypt *x, const struct wd_desc *d)
{
	struct wd_cqe cqe;
	int err = raw_do(&x->c, d, &cqe);

	return err ? err : cqe.status;
}

int crypt_set_key(struct crypt *x, uint32_t id, uint32_t op, const void *key, size_t len)
{
	struct wd_desc d = {
		.opcode = WD_OP_KEY_SET,
		.op = op,
		.src = raw_dma(&x->m, x->key),
		.src_len = len,
		.key = id,
	};
	int status;

	memcpy(x->key, key, len);
	status = status_of(x, &d);
	memset(x->key, 0xee, len);
	return status;
}

int crypt_drop_key(struct crypt *x, uint32_t id)
{
	struct wd_desc d = { .opcode = WD_OP_KEY_DROP, .key = id };

	return status_of(x, &d);
}

/* With SVA any address of the process is good. */
static size_t run_at(const struct raw_mem *m, const uint8_t *p)
{
	bool ours = p >= m->va && p < m->va + m->size;

	return ours ? raw_dma_run(m, p) : SIZE_MAX;
}

static uint64_t dma_of(const struct raw_mem *m, const uint8_t *p)
{
	return run_at(m, p) == SIZE_MAX ? (uintptr_t)p : raw_dma(m, p);
}

bool crypt_operand(struct crypt *x, unsigned int n, __u64 *addr, const uint8_t *p, size_t len,
		   uint32_t longest, uint32_t seed)
{
	struct wd_sge *list = x->list[n];
	unsigned int i = 0;

	*addr = dma_of(&x->m, p);
	if (!longest && run_at(&x->m, p) >= len)
		return false;
	while (len) {
		size_t part = run_at(&x->m, p);

		if (longest && i < CRYPT_ENTRIES / 2) {
			size_t some = 1 + raw_random(&seed) % longest;

			part = some < part ? some : part;
		}
		part = part < len ? part : len;
		if (i == CRYPT_ENTRIES)
			abort();
		list[i++] = (struct wd_sge) { .addr = dma_of(&x->m, p), .len = part };
		p += part;
		len -= part;
	}
	*addr = raw_dma(&x->m, list);
	return true;
}

struct wd_desc crypt_desc(struct crypt *x, uint16_t opcode, uint32_t op, uint32_t key,
			  const uint8_t *src, const uint8_t *dst, size_t len, uint32_t longest)
{
	struct wd_desc d = {
		.opcode = opcode,
		.op = op,
		.src_len = len,
		.dst_len = len,
		.param = raw_dma(&x->m, x->param),
		.key = key,
	};

	if (crypt_operand(x, 0, &d.src, src, len, longest, 1))
		d.flags |= WD_DESC_SRC_SGL;
	if (crypt_operand(x, 1, &d.dst, dst, len, longest, 2))
		d.flags |= WD_DESC_DST_SGL;
	return d;
}

size_t crypt_hex(uint8_t *to, const char *hex)
{
	size_t n = 0;

	for (; *hex; hex += 2, n++) {
		unsigned int byte;

		if (sscanf(hex, "%2x", &byte) != 1)
			abort();
		to[n] = byte;
	}
	return n;
}

uint8_t *crypt_shared_memory(size_t len)
{
	int fd = memfd_create("crypt", 0);
	void *p;

	if (fd < 0 || ftruncate(fd, len))
		abort();
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		abort();
	close(fd);
	return p;
}

static void *steal(void *arg)
{
	struct crypt_thief *t = arg;
	uint32_t seed = 5;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		size_t page = raw_random(&seed) % (t->len / 4096) * 4096;

		madvise(t->p + page, 4096, MADV_DONTNEED);
		if (!(raw_random(&seed) & 15))
			madvise(t->p, t->len, MADV_DONTNEED);
		sched_yield();
	}
	return NULL;
}

void crypt_steal(struct crypt_thief *t, uint8_t *p, size_t len)
{
	*t = (struct crypt_thief) { .p = p, .len = len };
	if (pthread_create(&t->thread, NULL, steal, t))
		abort();
}

void crypt_steal_no_more(struct crypt_thief *t)
{
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(t->thread, NULL);
}
