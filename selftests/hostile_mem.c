// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory of all kinds, and which access to it faults how. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile_work.h"

/*
 * Far below where mmap() puts things by itself: what is not mapped here stays so,
 * and addresses are the same in each run.
 */
#define BASE		0x200000000000UL
#define ARENA		(64UL << 20)
#define GAP		(64 * WORK_PAGE)	/* PROT_NONE, between regions */
#define FAR_HOLE	0x100000000000UL

#define PARAMS_LEN	(WORK_SLOTS * WORK_PARAM_LEN)
#define LAZY_LEN	(64 * WORK_PAGE)
#define PACKED_LEN	(4 * WORK_PAGE)
#define PLAIN_LEN	8000

#define HUGE		(2UL << 20)
#define ROOM		(4UL << 20)

#define RW		(PROT_READ | PROT_WRITE)
#define PRIVATE		(MAP_PRIVATE | MAP_ANONYMOUS)

/* The next free place of the arena; a gap stays behind it. */
struct builder {
	struct work *w;
	uint8_t *next;
};

static void add(struct work *w, uint64_t start, size_t len, int read, int write, bool as_dst)
{
	if (w->n == WORK_REGIONS)
		abort();
	w->regions[w->n++] = (struct work_region) {
		.start = start, .end = start + len,
		.read = read, .write = write, .as_dst = as_dst,
	};
}

static void odd_pages(struct work *w, unsigned int every, int status)
{
	w->regions[w->n - 1].every = every;
	w->regions[w->n - 1].odd = status;
}

/* NULL: the kernel has no memory of this kind. By then it has unmapped what was there. */
static uint8_t *try_place(struct builder *b, size_t len, int prot, int flags, int fd)
{
	uint8_t *p = b->next;

	if (flags & MAP_HUGETLB)
		p = (uint8_t *)(((uintptr_t)p + HUGE - 1) & ~(HUGE - 1));
	if (mmap(p, len, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED) {
		mmap(p, len, PROT_NONE, PRIVATE | MAP_NORESERVE | MAP_FIXED, -1, 0);
		return NULL;
	}
	b->next = p + len + GAP;
	return p;
}

static uint8_t *place(struct builder *b, size_t len, int prot, int flags, int fd)
{
	uint8_t *p = try_place(b, len, prot, flags, fd);

	if (!p)
		abort();
	return p;
}

static int temp_file(size_t len)
{
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 && ftruncate(fd, len)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void build_sources(struct builder *b)
{
	struct work *w = b->w;
	uint8_t *p;

	w->text = place(b, WORK_TEXT_LEN, RW, PRIVATE, -1);
	raw_fill_text(w->text, WORK_TEXT_LEN / 2, 1);
	raw_fill_random(w->text + WORK_TEXT_LEN / 2, WORK_TEXT_LEN / 2, 2);
	add(w, (uintptr_t)w->text, WORK_TEXT_LEN, WD_ST_OK, WD_ST_FAULT_PERM, false);

	p = place(b, 3 * PACKED_LEN, RW, PRIVATE, -1);
	add(w, (uintptr_t)p, 3 * PACKED_LEN, WD_ST_OK, WD_ST_FAULT_PERM, false);
	for (int i = 0; i < 3; i++)
		w->streams[i] = (struct work_stream) {
			.format = i, .packed = p + i * PACKED_LEN, .plain_len = PLAIN_LEN,
		};

	p = place(b, 16 * WORK_PAGE, RW, PRIVATE, -1);
	memcpy(p, w->text, 16 * WORK_PAGE);
	mprotect(p, 16 * WORK_PAGE, PROT_READ);
	add(w, (uintptr_t)p, 16 * WORK_PAGE, WD_ST_OK, WD_ST_FAULT_PERM, true);
}

void work_restore_slots(struct work *w)
{
	for (int i = 0; i < WORK_SLOTS; i++)
		memset(w->slots + i * WORK_SLOT_STRIDE, WORK_CANARY, WORK_SLOT_LEN);
}

static void build_slots(struct builder *b)
{
	struct work *w = b->w;

	w->slots = place(b, WORK_SLOTS * WORK_SLOT_STRIDE, RW, PRIVATE, -1);
	for (int i = 0; i < WORK_SLOTS; i++)
		mprotect(w->slots + i * WORK_SLOT_STRIDE + WORK_SLOT_LEN, WORK_PAGE, PROT_NONE);
	work_restore_slots(w);
	/* Only work_random() hands them out: no two descriptors at a time. */
	add(w, (uintptr_t)w->slots, WORK_SLOTS * WORK_SLOT_STRIDE, WD_ST_OK, WD_ST_OK, false);
	odd_pages(w, WORK_SLOT_STRIDE / WORK_PAGE, WD_ST_FAULT_PERM);

	w->params = place(b, PARAMS_LEN, RW, PRIVATE, -1);
	add(w, (uintptr_t)w->params, PARAMS_LEN, WD_ST_OK, WD_ST_OK, false);
	w->lazy = place(b, LAZY_LEN, RW, PRIVATE, -1);
	add(w, (uintptr_t)w->lazy, LAZY_LEN, WD_ST_OK, WD_ST_OK, true);
}

/* Memory with holes of the two kinds, and none at all. */
static void build_holes(struct builder *b)
{
	struct work *w = b->w;
	const size_t len = 32 * WORK_PAGE;
	uint8_t *p, *q;

	p = place(b, len, RW, PRIVATE, -1);
	q = place(b, len, RW, PRIVATE, -1);
	for (size_t off = WORK_PAGE; off < len; off += 2 * WORK_PAGE) {
		mprotect(p + off, WORK_PAGE, PROT_NONE);
		munmap(q + off, WORK_PAGE);
	}
	add(w, (uintptr_t)p, len, WD_ST_OK, WD_ST_OK, true);
	odd_pages(w, 2, WD_ST_FAULT_PERM);
	add(w, (uintptr_t)q, len, WD_ST_OK, WD_ST_OK, true);
	odd_pages(w, 2, WD_ST_FAULT_UNMAPPED);

	p = place(b, len, RW, PRIVATE, -1);
	memset(p, 1, len);
	munmap(p, len);
	add(w, (uintptr_t)p, len, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED, true);
	p = place(b, len, PROT_NONE, PRIVATE, -1);
	add(w, (uintptr_t)p, len, WD_ST_FAULT_PERM, WD_ST_FAULT_PERM, true);
	p = place(b, len, PROT_WRITE, PRIVATE, -1);
	add(w, (uintptr_t)p, len, WORK_ANY, WD_ST_OK, true);
	add(w, FAR_HOLE, 1UL << 40, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED, true);
	add(w, 0, WORK_PAGE, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED, true);

	/* A stack: it grows for its process, not for a device. */
	p = place(b, len, PROT_NONE, PRIVATE, -1);
	munmap(p, len);
	mmap(p + len / 2, len / 2, RW, PRIVATE | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	add(w, (uintptr_t)p, len / 2, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED, true);
	add(w, (uintptr_t)p + len / 2, len / 2, WD_ST_OK, WD_ST_OK, true);
}

/* Memory with a file behind it, and larger pages. What the kernel does not have is left out. */
static void build_files(struct builder *b)
{
	struct work *w = b->w;
	int fd = memfd_create("hostile", MFD_CLOEXEC);
	uint8_t *p;

	/* A page and a bit; then the file ends. */
	if (fd >= 0 && !ftruncate(fd, WORK_PAGE + 100)) {
		p = place(b, 2 * WORK_PAGE, RW, MAP_SHARED, fd);
		add(w, (uintptr_t)p, 2 * WORK_PAGE, WD_ST_OK, WD_ST_OK, true);
		p = place(b, 4 * WORK_PAGE, RW, MAP_PRIVATE, fd);
		mmap(p, 2 * WORK_PAGE, PROT_NONE, PRIVATE | MAP_FIXED, -1, 0);
		add(w, (uintptr_t)p + 2 * WORK_PAGE, 2 * WORK_PAGE,
		    WD_ST_FAULT_BUS, WD_ST_FAULT_BUS, true);
	}
	close(fd);
	fd = temp_file(16 * WORK_PAGE);
	if (fd >= 0) {
		p = place(b, 16 * WORK_PAGE, RW, MAP_SHARED, fd);
		add(w, (uintptr_t)p, 16 * WORK_PAGE, WD_ST_OK, WD_ST_OK, true);
		close(fd);
	}
	fd = syscall(SYS_memfd_secret, O_CLOEXEC);
	if (fd >= 0 && !ftruncate(fd, 4 * WORK_PAGE)) {
		p = try_place(b, 4 * WORK_PAGE, RW, MAP_SHARED, fd);
		if (p)
			add(w, (uintptr_t)p, 4 * WORK_PAGE, WD_ST_OK, WD_ST_OK, true);
	}
	close(fd);
	p = try_place(b, HUGE, RW, PRIVATE | MAP_HUGETLB, -1);
	if (p)
		add(w, (uintptr_t)p, HUGE, WD_ST_OK, WD_ST_OK, true);
}

static int make_stream(struct work *w, struct raw_chan *c, struct work_stream *s)
{
	struct wd_desc d = raw_deflate(s->format, 6, w->text, s->plain_len, s->packed, PACKED_LEN);
	struct wd_cqe cqe;
	int ret = hostile_do(c, &d, &cqe);

	s->len = cqe.produced;
	return ret ? ret : cqe.status ? -EPROTO : 0;
}

/*
 * Memory of a domain, or of the machine. No page in it is missing or guarded; but
 * behind it there is a lot of room, for what a wrong length writes.
 */
static int build_reserved(struct work *w)
{
	const size_t text = WORK_TEXT_LEN, slots = WORK_SLOTS * WORK_SLOT_STRIDE;
	int ret = raw_setup(&w->owner);

	if (!ret)
		ret = raw_mem_reserve_same(&w->owner, &w->m,
					   w->mode == HOSTILE_SHARE ? HUGE + ROOM : HUGE);
	if (ret)
		return ret;
	w->text = raw_mem_take(&w->m, text);
	for (int i = 0; i < 3; i++)
		w->streams[i] = (struct work_stream) {
			.format = i, .packed = raw_mem_take(&w->m, PACKED_LEN), .plain_len = PLAIN_LEN,
		};
	w->slots = raw_mem_take(&w->m, slots);
	w->params = raw_mem_take(&w->m, PARAMS_LEN);
	w->lazy = raw_mem_take(&w->m, LAZY_LEN);
	raw_fill_text(w->text, text / 2, 1);
	raw_fill_random(w->text + text / 2, text / 2, 2);
	work_restore_slots(w);
	add(w, (uintptr_t)w->text, text, WD_ST_OK, WD_ST_OK, false);
	add(w, (uintptr_t)w->slots, slots, WD_ST_OK, WD_ST_OK, false);
	add(w, (uintptr_t)w->params, PARAMS_LEN, WD_ST_OK, WD_ST_OK, false);
	add(w, (uintptr_t)w->lazy, LAZY_LEN, WD_ST_OK, WD_ST_OK, true);
	return 0;
}

/* Addresses of the domain that are good for reading, or for nothing. */
static int build_bad_addresses(struct work *w)
{
	struct raw_mem m;
	int ret = raw_mem_import(&w->owner, &m, raw_memory(HUGE), HUGE, WD_IMPORT_READ_ONLY);

	if (ret)
		return ret;
	/* An overlap is copied from its end: none may end in what lies behind, which is our text. */
	add(w, m.dma, HUGE - WORK_ROOM, WD_ST_OK, WD_ST_FAULT_PERM, true);
	add(w, FAR_HOLE, 1UL << 40, WD_ST_FAULT_UNMAPPED, WD_ST_FAULT_UNMAPPED, true);
	raw_mem_forget(&m);
	return 0;
}

int work_init(struct work *w, struct raw_chan *c)
{
	struct builder b = { .w = w, .next = (uint8_t *)BASE + GAP };
	int ret = 0;

	memset(w, 0, sizeof(*w));
	w->mode = hostile_mode();
	if (mmap((void *)BASE, ARENA, PROT_NONE, PRIVATE | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
		 -1, 0) != (void *)BASE)
		return -ENOMEM;
	if (w->mode == HOSTILE_SVA) {
		build_sources(&b);
		build_slots(&b);
		build_holes(&b);
		build_files(&b);
	} else {
		ret = build_reserved(w);
	}
	if (!ret && w->mode == HOSTILE_SHARE)
		ret = build_bad_addresses(w);
	for (int i = 0; i < 3 && !ret; i++)
		ret = make_stream(w, c, &w->streams[i]);
	return ret;
}

/* The last part of the arena; nothing else is near. */
static uint8_t *channel_place(const struct raw_chan *c, unsigned int place)
{
	return (uint8_t *)BASE + ARENA - (place + 1) * (c->mmio_size + c->dus_size + GAP);
}

/* Map both regions of an open channel at a place of the arena. */
static int map_channel(struct raw_chan *c, uint8_t *p)
{
	raw_unmap(c);
	c->mmio = mmap(p, c->mmio_size, RW, MAP_SHARED | MAP_FIXED, c->fd, 0);
	c->dus = mmap(p + c->mmio_size, c->dus_size, RW, MAP_SHARED | MAP_FIXED, c->fd, WORK_PAGE);
	if (c->mmio == MAP_FAILED || c->dus == MAP_FAILED)
		return -errno;
	c->status = (void *)(c->dus + c->layout.status_offset);
	c->sq = (void *)(c->dus + c->layout.sq_offset);
	c->cq = (void *)(c->dus + c->layout.cq_offset);
	return 0;
}

int work_open_channel(struct work *w, struct raw_chan *c, unsigned int place, bool as_dst)
{
	int ret = raw_setup(c);

	if (!ret)
		ret = map_channel(c, channel_place(c, place));
	if (ret)
		return ret;
	if (w->mode == HOSTILE_SVA)
		add(w, (uintptr_t)c->mmio, c->mmio_size + c->dus_size, WORK_ANY, WORK_ANY, as_dst);
	return 0;
}

void work_close_channel(struct work *w, struct raw_chan *c)
{
	size_t len = c->mmio_size + c->dus_size;
	uint8_t *p = (uint8_t *)c->mmio;

	if (w->mode == HOSTILE_SVA)
		w->n--;
	raw_close(c);
	mmap(p, len, PROT_NONE, PRIVATE | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

void work_drop_pages(struct work *w, struct hostile_rng *r)
{
	size_t off = hostile_below(r, LAZY_LEN / WORK_PAGE) * WORK_PAGE;

	if (w->mode == HOSTILE_SVA)
		madvise(w->lazy + off, LAZY_LEN - off, MADV_DONTNEED);
}

int work_fault_at(const struct work *w, uint64_t addr, bool write)
{
	const struct work_region *reg;

	if (addr >= WORK_USER_END)
		return w->mode == HOSTILE_SVA ? WD_ST_FAULT_RANGE : WD_ST_FAULT_UNMAPPED;
	for (reg = w->regions; reg < w->regions + w->n; reg++) {
		if (addr < reg->start || addr >= reg->end)
			continue;
		if (reg->every && (addr - reg->start) / WORK_PAGE % reg->every == reg->every - 1U)
			return reg->odd;
		return write ? reg->write : reg->read;
	}
	if (w->mode != HOSTILE_SVA)
		return addr >= WORK_DOMAIN_END ? WD_ST_FAULT_UNMAPPED : WORK_ANY;
	return addr >= BASE && addr < BASE + ARENA ? WD_ST_FAULT_PERM : WORK_ANY;
}

bool work_intact(const struct work *w)
{
	static uint8_t text[WORK_TEXT_LEN];

	if (!text[0]) {
		raw_fill_text(text, WORK_TEXT_LEN / 2, 1);
		raw_fill_random(text + WORK_TEXT_LEN / 2, WORK_TEXT_LEN / 2, 2);
	}
	return !memcmp(w->text, text, WORK_TEXT_LEN);
}
