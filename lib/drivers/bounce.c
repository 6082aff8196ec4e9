// SPDX-License-Identifier: GPL-2.0-or-later
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bounce.h"

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Copy through a pipe, which takes all memory that the process can touch, and copies
 * twice. It goes by pages of the caller, since a fault is told for a whole piece.
 */
static size_t copy_by_pipe(unsigned char *buf, uintptr_t va, size_t len, bool out)
{
	size_t done = 0, piece;
	int fds[2];
	ssize_t n = 1;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		return 0;
	for (; done < len && n > 0; done += n > 0 ? (size_t)n : 0) {
		void *ours = buf + done, *theirs = (void *)(va + done);

		piece = min_size(len - done, PIPE_BUF - (va + done) % PIPE_BUF);
		n = write(fds[1], out ? ours : theirs, piece);
		if (n > 0)
			n = read(fds[0], out ? theirs : ours, (size_t)n);
	}
	close(fds[0]);
	close(fds[1]);
	return done;
}

/*
 * A bad address must end the request as it would on a device with shared virtual
 * addresses, and not the program, so the kernel does it. Its fastest way does not take
 * mappings of devices, such as another channel's reserved memory, and some kernels and
 * sandboxes lack it.
 */
size_t wd_bounce_copy(pid_t pid, unsigned char *buf, uintptr_t va, size_t len, bool out)
{
	size_t done = 0;

	while (done < len) {
		struct iovec ours = { buf + done, len - done };
		struct iovec theirs = { (void *)(va + done), len - done };
		ssize_t n = out ? process_vm_writev(pid, &ours, 1, &theirs, 1, 0) :
				  process_vm_readv(pid, &ours, 1, &theirs, 1, 0);

		if (n <= 0) {
			done += copy_by_pipe(buf + done, va + done, len - done, out);
			break;
		}
		done += (size_t)n;
	}
	return done;
}

/* Fill a chunk with what comes next of the source. */
static void load(const struct wd_bounce *b, struct wd_bounce_side *src,
		 struct wd_bounce_chunk *c)
{
	size_t want = min_size(c->buf.size, src->len - src->copied);

	c->at = src->copied;
	c->done = 0;
	c->fill = wd_bounce_copy(b->pool->pid, c->buf.va, src->va + c->at, want, false);
	src->copied += c->fill;
	if (c->fill < want)
		src->fault = src->va + src->copied;
}

static bool can_load(const struct wd_bounce_side *src, const struct wd_bounce_chunk *c)
{
	return c->buf.size && c->done == c->fill && src->copied < src->len && !src->fault;
}

/* Empty a chunk into the destination. */
static void store(const struct wd_bounce *b, struct wd_bounce_side *dst,
		  struct wd_bounce_chunk *c)
{
	size_t want = c->fill - c->done, n;
	uintptr_t va = dst->va + c->at + c->done;

	if (!want || dst->fault)
		return;
	n = wd_bounce_copy(b->pool->pid, c->buf.va + c->done, va, want, true);
	c->done += n;
	dst->copied += n;
	if (n < want)
		dst->fault = va + n;
}

static void side_init(const struct wd_bounce_pool *pool, struct wd_bounce_side *side,
		      const void *va, size_t len, bool write)
{
	*side = (struct wd_bounce_side){ .va = (uintptr_t)va, .len = len };
	if (len)
		side->mem = wd_mem_find(pool->ch, side->va, len, write);
}

static bool wants_list(const struct wd_bounce_side *side)
{
	size_t contig;

	if (!side->mem)
		return false;
	wd_mem_dma(side->mem, side->va, &contig);
	return contig < side->len;
}

static int get_buffers(struct wd_bounce *b, const struct wd_bounce_args *args, bool wait)
{
	struct wd_bounce_want want = {
		.src = b->src.mem ? 0 : args->in_len,
		.dst = b->dst.mem ? 0 : args->out_len,
		.dst_hint = args->out_hint,
		.src_list = wants_list(&b->src),
		.dst_list = wants_list(&b->dst),
	};
	int ret;

	b->has_set = want.src || want.dst || want.src_list || want.dst_list;
	if (!b->has_set)
		return 0;
	ret = wd_bounce_pool_get(b->pool, &want, wait, &b->set);
	if (ret)
		return ret;
	b->src.chunk[0].buf = b->set.buf[WD_BOUNCE_SRC];
	b->src.chunk[1].buf = b->set.buf[WD_BOUNCE_SRC2];
	b->src.list = b->set.buf[WD_BOUNCE_SRC_LIST];
	b->dst.chunk[0].buf = b->set.buf[WD_BOUNCE_DST];
	b->dst.chunk[1].buf = b->set.buf[WD_BOUNCE_DST2];
	b->dst.list = b->set.buf[WD_BOUNCE_DST_LIST];
	return 0;
}

int wd_bounce_begin(struct wd_bounce *b, struct wd_bounce_pool *pool,
		    const struct wd_bounce_args *args, bool wait)
{
	int ret;

	b->pool = pool;
	b->used_list = false;
	side_init(pool, &b->src, args->in, args->in_len, false);
	side_init(pool, &b->dst, args->out, args->out_len, true);
	ret = get_buffers(b, args, wait);
	if (ret)
		return ret;
	if (can_load(&b->src, &b->src.chunk[0]))
		load(b, &b->src, &b->src.chunk[0]);
	return 0;
}

size_t wd_bounce_list(const struct wd_mem *mem, uintptr_t va, size_t len,
		      struct wd_sge *list, size_t max, size_t *n)
{
	size_t total = 0;

	for (*n = 0; *n < max && total < len; (*n)++) {
		size_t contig;
		uint64_t dma = wd_mem_dma(mem, va + total, &contig);

		contig = min_size(min_size(contig, len - total), UINT32_MAX);
		list[*n] = (struct wd_sge){
			.addr = htole64(dma),
			.len = htole32((uint32_t)contig),
		};
		total += contig;
	}
	return total;
}

/* A part of an operand: its address, or that of a list. */
struct part {
	uint64_t addr;
	size_t len;
	bool is_list;
};

/* What comes next of an operand that is used where it is. */
static struct part aim_direct(struct wd_bounce *b, struct wd_bounce_side *side, size_t max)
{
	uintptr_t va = side->va + side->pos;
	struct part part = { .len = min_size(side->len - side->pos, max) };
	size_t contig, n;

	if (!part.len)
		return part;
	part.addr = wd_mem_dma(side->mem, va, &contig);
	if (contig >= part.len)
		return part;

	b->used_list = true;
	part.is_list = true;
	part.addr = side->list.dma;
	part.len = wd_bounce_list(side->mem, va, part.len, (struct wd_sge *)side->list.va,
				  WD_BOUNCE_SGES, &n);
	return part;
}

static void aim_src_direct(struct wd_bounce *b, size_t max, struct wd_desc *desc)
{
	struct part part = aim_direct(b, &b->src, max);

	desc->src = part.addr;
	desc->src_len = (uint32_t)part.len;
	if (part.is_list)
		desc->flags |= WD_DESC_SRC_SGL;
}

static void aim_dst_direct(struct wd_bounce *b, size_t max, struct wd_desc *desc)
{
	struct part part = aim_direct(b, &b->dst, max);

	desc->dst = part.addr;
	desc->dst_len = (uint32_t)part.len;
	if (part.is_list)
		desc->flags |= WD_DESC_DST_SGL;
}

/* The chunk that the device reads next, which may be the rest of the last one. */
static int aim_src_copy(struct wd_bounce_side *src, size_t max, struct wd_desc *desc)
{
	struct wd_bounce_chunk *c = &src->chunk[src->cur];

	if (src->pos == src->len)
		return 0;
	if (c->done == c->fill && src->chunk[!src->cur].buf.size) {
		src->cur = !src->cur;
		c = &src->chunk[src->cur];
	}
	if (c->done == c->fill)
		return -EFAULT;
	desc->src = c->buf.dma + c->done;
	desc->src_len = (uint32_t)min_size(c->fill - c->done, max);
	return 0;
}

/* A second buffer is for output; a single one is as long as the operand. */
static int aim_dst_copy(struct wd_bounce_side *dst, size_t max, struct wd_desc *desc)
{
	struct wd_bounce_chunk *c = &dst->chunk[dst->cur];

	if (dst->fault)
		return -EFAULT;
	if (c->fill && dst->chunk[!dst->cur].buf.size) {
		dst->cur = !dst->cur;
		c = &dst->chunk[dst->cur];
		c->at = dst->pos;
		c->fill = 0;
		c->done = 0;
	}
	desc->dst = c->buf.dma + c->fill;
	desc->dst_len = (uint32_t)min_size(min_size(c->buf.size - c->fill,
						    dst->len - dst->pos), max);
	return 0;
}

int wd_bounce_aim(struct wd_bounce *b, struct wd_desc *desc, uint32_t max)
{
	int ret = 0;

	desc->src = 0;
	desc->src_len = 0;
	desc->flags = 0;
	if (b->src.mem)
		aim_src_direct(b, max, desc);
	else
		ret = aim_src_copy(&b->src, max, desc);
	if (ret)
		return ret;

	if (b->dst.mem)
		aim_dst_direct(b, max, desc);
	else
		ret = aim_dst_copy(&b->dst, max, desc);
	return ret;
}

bool wd_bounce_overlaps(const struct wd_bounce *b)
{
	const struct wd_bounce_chunk *c = &b->dst.chunk[!b->dst.cur];

	return can_load(&b->src, &b->src.chunk[!b->src.cur]) || c->done < c->fill;
}

void wd_bounce_overlap(struct wd_bounce *b)
{
	struct wd_bounce_chunk *next = &b->src.chunk[!b->src.cur];

	if (can_load(&b->src, next))
		load(b, &b->src, next);
	store(b, &b->dst, &b->dst.chunk[!b->dst.cur]);
}

void wd_bounce_advance(struct wd_bounce *b, uint32_t consumed, uint32_t produced)
{
	b->src.pos += consumed;
	b->dst.pos += produced;
	if (!b->src.mem)
		b->src.chunk[b->src.cur].done += consumed;
	if (!b->dst.mem)
		b->dst.chunk[b->dst.cur].fill += produced;
}

void wd_bounce_drop(struct wd_bounce *b)
{
	if (b->has_set)
		wd_bounce_pool_put(b->pool, &b->set);
	b->has_set = false;
}

int wd_bounce_end(struct wd_bounce *b, size_t *stored)
{
	/* The older one first: behind a hole there is nothing that is valid. */
	store(b, &b->dst, &b->dst.chunk[!b->dst.cur]);
	store(b, &b->dst, &b->dst.chunk[b->dst.cur]);
	wd_bounce_drop(b);
	*stored = b->dst.mem ? b->dst.pos : b->dst.copied;
	return *stored < b->dst.pos ? -EFAULT : 0;
}

uintptr_t wd_bounce_fault(const struct wd_bounce *b, const struct wd_cqe *cqe)
{
	const struct wd_bounce_side *side = cqe->aux & WD_CQE_FAULT_DST ? &b->dst : &b->src;
	uintptr_t va = 0;

	if (side->mem && !(cqe->aux & WD_CQE_FAULT_SGL))
		va = wd_mem_va(side->mem, cqe->info);
	return va ? va : side->va + side->pos;
}
