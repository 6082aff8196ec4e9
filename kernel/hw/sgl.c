// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operands. One is contiguous, or a list names its parts; the list is read as the
 * work goes through it, each entry copied before it is looked at.
 */
#include "chan.h"

void wd_operand_init(struct wd_operand *op, u64 addr, u32 len, bool list, u32 aux)
{
	*op = (struct wd_operand) {
		.next = addr,
		.part = addr,
		.part_len = list ? 0 : len,
		.aux = aux,
	};
}

void wd_job_operands(struct wd_job *job)
{
	const struct wd_desc *d = &job->desc;

	wd_operand_init(&job->src, d->src, d->src_len, d->flags & WD_DESC_SRC_SGL, 0);
	wd_operand_init(&job->dst, d->dst, d->dst_len, d->flags & WD_DESC_DST_SGL,
			WD_CQE_FAULT_DST);
}

/* Go to the part behind the present one; there is one, or the list is at fault. */
static bool operand_next(struct wd_operand *op, struct wd_io *io)
{
	struct wd_sge e;

	if (io->read(io, &e, op->next, sizeof(e)) < sizeof(e)) {
		io->fault_aux = op->aux | WD_CQE_FAULT_SGL;
		io->fault_end = op->next + sizeof(e);
		return false;
	}
	if (!e.len || e.reserved) {
		io->fault_aux = op->aux | WD_CQE_FAULT_SGL;
		io->bad_list = true;
		io->fault_addr = op->next;
		return false;
	}
	op->pos += op->part_len;
	op->part = e.addr;
	op->part_len = e.len;
	op->next += sizeof(e);
	return true;
}

/* To the part that @pos is in. */
static bool operand_seek(struct wd_operand *op, struct wd_io *io, u32 pos)
{
	io->fault_write = false;
	io->bad_list = false;
	io->pipe = false;
	while (pos >= op->pos + op->part_len)
		if (!operand_next(op, io))
			return false;
	return true;
}

u32 wd_operand_at(struct wd_operand *op, struct wd_io *io, u32 pos, u64 *addr)
{
	if (op->pipe || !operand_seek(op, io, pos))
		return 0;
	*addr = op->part + (pos - op->pos);
	return op->part_len - (pos - op->pos);
}

/* The other end has to read or write first. */
static size_t pipe_copy(struct wd_operand *op, struct wd_io *io, u32 pos, void *buf, size_t len,
			bool write)
{
	io->fault_write = write;
	io->pipe = true;
	return write ? wd_pipe_write(op->pipe, buf, len) : wd_pipe_read(op->pipe, pos, buf, len);
}

static size_t operand_copy(struct wd_operand *op, struct wd_io *io, u32 pos,
			   void *buf, size_t len, bool write)
{
	struct wd_operand at;
	size_t done = 0;

	if (op->pipe)
		return pipe_copy(op, io, pos, buf, len, write);
	if (!operand_seek(op, io, pos))
		return 0;

	/* What is read ahead may be read again: @op stays where @pos is. */
	at = *op;
	while (done < len) {
		u64 off = pos + done - at.pos;
		size_t n = min_t(u64, len - done, at.part_len - off), got;

		if (!n) {
			if (!operand_next(&at, io))
				break;
			continue;
		}
		got = write ? io->write(io, at.part + off, buf + done, n) :
			      io->read(io, buf + done, at.part + off, n);
		done += got;
		if (got < n) {
			io->fault_aux = op->aux;
			io->fault_write = write;
			io->fault_end = at.part + at.part_len;
			break;
		}
	}
	return done;
}

size_t wd_operand_read(struct wd_operand *op, struct wd_io *io, u32 pos, void *to, size_t len)
{
	return operand_copy(op, io, pos, to, len, false);
}

size_t wd_operand_write(struct wd_operand *op, struct wd_io *io, u32 pos, const void *from,
			size_t len)
{
	return operand_copy(op, io, pos, (void *)from, len, true);
}

u32 wd_operand_visit(struct wd_operand *op, struct wd_io *io, u32 pos, u32 len,
		     wd_visitor visitor, void *ctx)
{
	u64 addr;
	u32 n;

	if (!io->visit)
		return 0;
	n = min(wd_operand_at(op, io, pos, &addr), len);
	return n ? io->visit(io, addr, n, visitor, ctx) : 0;
}
