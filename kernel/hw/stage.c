// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stages of a channel: see op.h. One grows with what is asked of it and is kept, so
 * that requests find it there. A function has so much of it and no more.
 */
#include <crypto/scatterwalk.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "op.h"

#define WD_STAGES	(64L << 20)	/* bytes of a function at once */

/* The pages of memory that is contiguous for the kernel only. */
static struct scatterlist *stage_pages(u8 *buf, u32 size)
{
	unsigned int n = size >> PAGE_SHIFT, i;
	struct scatterlist *sg = kvmalloc_array(n, sizeof(*sg), GFP_KERNEL);

	if (!sg)
		return NULL;
	sg_init_table(sg, n);
	for (i = 0; i < n; i++)
		sg_set_page(&sg[i], vmalloc_to_page(buf + i * PAGE_SIZE), PAGE_SIZE, 0);
	return sg;
}

static void stage_clear(struct wd_stage *s)
{
	kvfree_sensitive(s->buf, s->size);
	kvfree(s->sg);
}

bool wd_stage_fit(struct wd_chan *c, struct wd_stage *s, u32 size)
{
	struct scatterlist *sg = NULL;
	long more;
	u8 *buf;

	s->pos = 0;
	s->end = 0;
	if (size <= s->size)
		return true;
	size = roundup_pow_of_two(max(size, WD_CHUNK));
	more = size - s->size;
	if (atomic_long_add_return(more, &c->func->staged) > WD_STAGES)
		goto err_count;
	/* More than a chunk is seldom, and never worth a search for that many pages in a row. */
	buf = size > WD_CHUNK ? vmalloc(size) : kmalloc(size, GFP_KERNEL);
	if (!buf)
		goto err_count;
	if (size > WD_CHUNK) {
		sg = stage_pages(buf, size);
		if (!sg)
			goto err_buf;
	}
	stage_clear(s);
	s->buf = buf;
	s->sg = sg;
	s->size = size;
	return true;

err_buf:
	kvfree(buf);
err_count:
	atomic_long_sub(more, &c->func->staged);
	return false;
}

u16 wd_stage_begin(struct wd_chan *c, struct wd_job *job)
{
	return wd_stage_fit(c, job->stage, WD_CHUNK) ? WD_ST_OK : WD_ST_NO_RESOURCE;
}

void wd_stage_free(struct wd_chan *c, struct wd_stage *s)
{
	stage_clear(s);
	atomic_long_sub(s->size, &c->func->staged);
	*s = (struct wd_stage) {};
}

struct scatterlist *wd_stage_sg(struct wd_stage *s, u32 off, u32 len, struct scatterlist *sg)
{
	if (s->sg)
		return scatterwalk_ffwd(sg, s->sg, off);
	sg_init_one(sg, s->buf + off, len);
	return sg;
}

enum wd_step wd_stage_gather(struct wd_job *job, struct wd_io *io, struct wd_operand *op,
			     u32 pos, u32 end)
{
	struct wd_stage *s = job->stage;
	u32 n = min(end - s->end, WD_QUANTUM);
	u32 done = n ? wd_operand_read(op, io, pos, s->buf + s->end, n) : 0;

	s->end += done;
	if (done < n)
		return WD_STEP_FAULT;
	return s->end < end ? WD_STEP_AGAIN : WD_STEP_DONE;
}

enum wd_step wd_stage_flush(struct wd_job *job, struct wd_io *io)
{
	struct wd_stage *s = job->stage;
	u32 n = min(s->end - s->pos, WD_QUANTUM);
	u32 done = n ? wd_operand_write(&job->dst, io, job->produced, s->buf + s->pos, n) : 0;

	s->pos += done;
	job->produced += done;
	if (done < n)
		return WD_STEP_FAULT;
	return s->pos < s->end ? WD_STEP_AGAIN : WD_STEP_DONE;
}
