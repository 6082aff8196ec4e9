// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stage of a channel: see op.h. It grows with what is asked of it and is kept, so
 * that requests find it there. A function has so much of it and no more.
 */
#include <linux/log2.h>
#include <linux/slab.h>

#include "op.h"

#define WD_STAGES	(64L << 20)	/* bytes of a function at once */

bool wd_stage_fit(struct wd_chan *c, u32 size)
{
	struct wd_stage *s = &c->stage;
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
	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		goto err_count;
	kvfree_sensitive(s->buf, s->size);
	s->buf = buf;
	s->size = size;
	return true;

err_count:
	atomic_long_sub(more, &c->func->staged);
	return false;
}

void wd_stage_free(struct wd_chan *c)
{
	struct wd_stage *s = &c->stage;

	kvfree_sensitive(s->buf, s->size);
	atomic_long_sub(s->size, &c->func->staged);
	*s = (struct wd_stage) {};
}

enum wd_step wd_stage_flush(struct wd_job *job, struct wd_io *io)
{
	struct wd_stage *s = job->stage;
	u32 n = s->end - s->pos;
	u32 done = n ? wd_operand_write(&job->dst, io, job->produced, s->buf + s->pos, n) : 0;

	s->pos += done;
	job->produced += done;
	return done < n ? WD_STEP_FAULT : WD_STEP_DONE;
}
