// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "raw_mem.h"

#define ALIGN		64
#define PAGE_KB		4

static bool is_sva(void)
{
	return !strcmp(raw_mode(), "sva");
}

int raw_reserve(struct raw_chan *c, uint32_t region, uint64_t size, struct wd_mem_reserve *r)
{
	*r = (struct wd_mem_reserve) { .size = size, .region = region };
	return ioctl(c->fd, WD_CMD_RESERVE, r) ? -errno : 0;
}

int raw_get_slices(struct raw_chan *c, uint32_t mem, uint32_t first, uint32_t count,
		   struct wd_slice *slices)
{
	struct wd_mem_slices s = {
		.mem = mem, .first = first, .count = count, .slices = (uintptr_t)slices,
	};

	return ioctl(c->fd, WD_CMD_GET_SLICES, &s) ? -errno : (int)s.count;
}

int raw_drop(struct raw_chan *c, uint32_t mem)
{
	return ioctl(c->fd, WD_CMD_DROP, &mem) ? -errno : 0;
}

/* Slices of a memory that the kernel knows. */
static int learn(struct raw_chan *c, struct raw_mem *m, uint32_t mem, unsigned int n)
{
	int got;

	m->mem = mem;
	m->nslices = n;
	m->slices = calloc(n, sizeof(*m->slices));
	if (!m->slices)
		return -ENOMEM;
	got = raw_get_slices(c, mem, 0, n, m->slices);
	if (got != (int)n)
		return got < 0 ? got : -EPROTO;
	m->dma = m->slices[0].dma;
	return 0;
}

/* One slice, at its own address. */
static int learn_sva(struct raw_mem *m)
{
	m->nslices = 1;
	m->slices = calloc(1, sizeof(*m->slices));
	if (!m->slices)
		return -ENOMEM;
	m->dma = (uintptr_t)m->va;
	m->slices[0] = (struct wd_slice) { .size = m->size, .dma = m->dma };
	return 0;
}

static int reserve(struct raw_chan *c, struct raw_mem *m, size_t size, bool same)
{
	struct wd_mem_reserve r;
	void *p;
	int ret;

	*m = (struct raw_mem) { .size = size };
	if (is_sva()) {
		m->va = raw_memory(size);
		return learn_sva(m);
	}
	ret = raw_reserve(c, UACCE_QFRT_SS, size, &r);
	if (!ret)
		ret = learn(c, m, r.mem, r.slices);
	if (ret)
		return ret;
	m->size = r.size;
	if (same && m->nslices > 1)
		return -EAGAIN;
	p = mmap(same ? (void *)m->dma : NULL, m->size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | (same ? MAP_FIXED_NOREPLACE : 0), c->fd,
		 UACCE_QFRT_SS * sysconf(_SC_PAGESIZE));
	if (p == MAP_FAILED)
		return -errno;
	m->va = p;
	return 0;
}

int raw_mem_reserve(struct raw_chan *c, struct raw_mem *m, size_t size)
{
	return reserve(c, m, size, false);
}

int raw_mem_reserve_same(struct raw_chan *c, struct raw_mem *m, size_t size)
{
	return reserve(c, m, size, true);
}

int raw_mem_share(struct raw_chan *c, struct raw_mem *m, struct raw_chan *from,
		  const struct raw_mem *owner)
{
	struct wd_mem_share s = { .fd = from->fd, .region = UACCE_QFRT_SS };

	*m = (struct raw_mem) { .va = owner->va };
	if (ioctl(c->fd, WD_CMD_SHARE, &s))
		return -errno;
	m->size = s.size;
	return learn(c, m, s.mem, s.slices);
}

int raw_mem_import(struct raw_chan *c, struct raw_mem *m, void *va, size_t size, uint32_t flags)
{
	struct wd_mem_import i = { .addr = (uintptr_t)va, .size = size, .flags = flags };

	*m = (struct raw_mem) { .va = va, .size = size };
	if (is_sva())
		return learn_sva(m);
	if (ioctl(c->fd, WD_CMD_IMPORT, &i))
		return -errno;
	return learn(c, m, i.mem, i.slices);
}

void raw_mem_forget(struct raw_mem *m)
{
	free(m->slices);
	*m = (struct raw_mem) {};
}

void raw_mem_unmap(struct raw_mem *m)
{
	if (m->va)
		munmap(m->va, m->size);
	raw_mem_forget(m);
}

static const struct wd_slice *slice_at(const struct raw_mem *m, size_t offset)
{
	for (unsigned int i = 0; i < m->nslices; i++)
		if (offset - m->slices[i].offset < m->slices[i].size)
			return &m->slices[i];
	return NULL;
}

uint64_t raw_dma(const struct raw_mem *m, const void *p)
{
	size_t offset = (const uint8_t *)p - m->va;
	const struct wd_slice *s = slice_at(m, offset);

	if (!s)
		abort();
	return s->dma + (offset - s->offset);
}

size_t raw_dma_run(const struct raw_mem *m, const void *p)
{
	size_t offset = (const uint8_t *)p - m->va;
	const struct wd_slice *s = slice_at(m, offset);

	return s ? s->size - (offset - s->offset) : 0;
}

void *raw_mem_take(struct raw_mem *m, size_t len)
{
	while (m->used < m->size) {
		uint8_t *p = m->va + m->used;
		size_t run = raw_dma_run(m, p);

		if (len <= run) {
			m->used += (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
			return p;
		}
		m->used += run;
	}
	return NULL;
}

struct wd_desc raw_mem_deflate(const struct raw_mem *m, int format, int level,
			       const void *src, size_t len, void *dst, size_t room)
{
	struct wd_desc d = raw_deflate(format, level, NULL, len, NULL, room);

	d.src = raw_dma(m, src);
	d.dst = raw_dma(m, dst);
	return d;
}

struct wd_desc raw_mem_inflate(const struct raw_mem *m, int format,
			       const void *src, size_t len, void *dst, size_t room)
{
	struct wd_desc d = raw_inflate(format, NULL, len, NULL, room);

	d.src = raw_dma(m, src);
	d.dst = raw_dma(m, dst);
	return d;
}

int raw_mem_work(struct raw_chan *c, struct raw_mem *m, uint32_t seed)
{
	const size_t len = RAW_MEM_WORK / 4, used = m->used;
	uint8_t *plain = raw_mem_take(m, RAW_MEM_WORK), *packed = plain + len, *again = plain + 3 * len;
	struct wd_desc d;
	struct wd_cqe cqe;
	int ret;

	m->used = used;
	if (!plain)
		return -ENOMEM;
	raw_fill_text(plain, len, seed);
	memset(again, 0, len);
	d = raw_mem_deflate(m, WD_COMP_GZIP, 1, plain, len, packed, 2 * len);
	ret = raw_do(c, &d, &cqe);
	if (ret || cqe.status || cqe.consumed != len)
		return ret ? ret : -EPROTO;
	d = raw_mem_inflate(m, WD_COMP_GZIP, packed, cqe.produced, again, len);
	ret = raw_do(c, &d, &cqe);
	if (ret || cqe.status || cqe.produced != len)
		return ret ? ret : -EPROTO;
	return memcmp(plain, again, len) ? -EILSEQ : 0;
}

/* ------------------------------------------------- what the machine has left */

long raw_reserved(void)
{
	return raw_attr_num("reserved_size");
}

/* The sum of the numbers behind @key at the beginning of lines; @key ends with what precedes them. */
static long sum_of(const char *path, const char *key)
{
	char line[256];
	long sum = 0;
	FILE *file = fopen(path, "re");

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		const char *text = line + strspn(line, " ");

		if (!strncmp(text, key, strlen(key)))
			sum += atol(text + strlen(key));
	}
	fclose(file);
	return sum;
}

long raw_meminfo(const char *key)
{
	char text[64];

	snprintf(text, sizeof(text), "%s:", key);
	return sum_of("/proc/meminfo", text);
}

/* Both counters of one look at the file: between two, other processes' pins come and go. */
static long pinned_now(void)
{
	long acquired = 0, released = 0;
	char line[256];
	FILE *file;

	/* What CPUs counted for themselves is added up. */
	raw_write("/proc/sys/vm/stat_refresh", "1");
	file = fopen("/proc/vmstat", "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "nr_foll_pin_acquired %ld", &acquired);
		sscanf(line, "nr_foll_pin_released %ld", &released);
	}
	fclose(file);
	return acquired - released;
}

long raw_pinned(void)
{
	long least = pinned_now(), now;

	for (int i = 0; i < 8; i++) {
		usleep(10000);
		now = pinned_now();
		least = now < least ? now : least;
	}
	return least;
}

static long wait_until(long (*what)(void), long n)
{
	int64_t begin = raw_now_ns();
	long now = what();

	while (now != n && raw_now_ns() - begin < RAW_TIMEOUT_MS * 1000000LL) {
		usleep(10000);
		now = what();
	}
	return now;
}

long raw_wait_reserved(void)
{
	return wait_until(raw_reserved, 0);
}

long raw_wait_pinned(long n)
{
	return wait_until(pinned_now, n);
}

long raw_calm_memory(void)
{
	long best = 0, now;
	int same = 0;

	for (int i = 0; i < 40 && same < 4; i++) {
		raw_write("/proc/sys/vm/drop_caches", "3");
		usleep(50000);
		now = raw_meminfo("MemAvailable") + sum_of("/proc/zoneinfo", "count: ") * PAGE_KB;
		same = now > best + 100 ? 0 : same + 1;
		best = now > best ? now : best;
	}
	return best;
}
