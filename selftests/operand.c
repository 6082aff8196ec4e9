// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "operand.h"

#define PAGE	4096UL

void operand_flat(struct operand *o, const struct raw_mem *m, uint8_t *p, uint32_t len)
{
	o->addr = raw_dma(m, p);
	o->len = len;
	o->list = false;
	o->parts = 1;
	o->at[0] = p;
	o->part[0] = len;
}

void operand_scatter(struct operand *o, const struct raw_mem *m, struct wd_sge *list,
		     uint8_t *p, uint32_t len, uint32_t longest, uint32_t *seed)
{
	o->addr = raw_dma(m, list);
	o->len = len;
	o->list = true;
	for (o->parts = 0; len; o->parts++) {
		uint32_t n = 1 + raw_random(seed) % longest;

		if (n > len || o->parts == OPERAND_PARTS - 1)
			n = len;
		p += raw_random(seed) >> 5 & 15;
		o->at[o->parts] = p;
		o->part[o->parts] = n;
		list[o->parts] = (struct wd_sge) { .addr = raw_dma(m, p), .len = n };
		p += n;
		len -= n;
	}
}

void operand_put(const struct operand *o, const void *from)
{
	const uint8_t *p = from;

	for (unsigned int i = 0; i < o->parts; p += o->part[i++])
		memcpy(o->at[i], p, o->part[i]);
}

void operand_get(const struct operand *o, void *to)
{
	uint8_t *p = to;

	for (unsigned int i = 0; i < o->parts; p += o->part[i++])
		memcpy(p, o->at[i], o->part[i]);
}

struct wd_desc operand_desc(uint16_t opcode, const struct operand *src, const struct operand *dst)
{
	static uint64_t tag;
	struct wd_desc d = { .opcode = opcode, .tag = ++tag };

	if (src) {
		d.src = src->addr;
		d.src_len = src->len;
		d.flags |= src->list ? WD_DESC_SRC_SGL : 0;
	}
	if (dst) {
		d.dst = dst->addr;
		d.dst_len = dst->len;
		d.flags |= dst->list ? WD_DESC_DST_SGL : 0;
	}
	return d;
}

static void *shake(void *arg)
{
	struct shaker *s = arg;
	uint32_t seed = 99;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		size_t first = raw_random(&seed) % (s->len / PAGE);

		madvise(s->p + first * PAGE, s->len - first * PAGE, MADV_DONTNEED);
		sched_yield();
	}
	return NULL;
}

/* Of a file: pages that are dropped from the page table are found again. */
int shaker_begin(struct shaker *s, size_t len)
{
	int fd = memfd_create("shaken", MFD_CLOEXEC);
	uint8_t *p;
	int ret;

	*s = (struct shaker) { .len = len };
	if (fd < 0 || ftruncate(fd, len))
		return -errno;
	p = raw_memory(len + 2 * PAGE);
	munmap(p, PAGE);
	munmap(p + PAGE + len, PAGE);
	s->p = mmap(p + PAGE, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	close(fd);
	if (s->p == MAP_FAILED)
		return -errno;
	ret = pthread_create(&s->thread, NULL, shake, s);
	return -ret;
}

void shaker_end(struct shaker *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	pthread_join(s->thread, NULL);
	munmap(s->p, s->len);
}
