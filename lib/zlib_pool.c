// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The channels that the zlib streams of a process share, and the contexts on them.
 *
 * The program knows nothing of all this: it may fork, and it may close files that it did
 * not open. So a channel's file is looked at before it is used, and what a child inherits
 * is left alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "zlib_stream.h"

#define MIN_LEN			4096
#define MAX_LIVE		64	/* streams that a process keeps on devices */
#define ANOTHER_CHANNEL		4	/* streams on the emptiest channel make it worth one */
#define LOOK_AGAIN_MS		1000	/* for a device, when there was none */

static __thread unsigned int inside;

bool wd_zlib_inside(void)
{
	return inside;
}

static void enter(struct wd_zlib *wz)
{
	pthread_rwlock_rdlock(&wz->fork_lock);
	inside++;
}

static void leave(struct wd_zlib *wz)
{
	inside--;
	pthread_rwlock_unlock(&wz->fork_lock);
}

static void init_locks(struct wd_zlib *wz)
{
	pthread_rwlockattr_t attr;

	pthread_rwlockattr_init(&attr);
	/* A fork must not wait for as long as other threads compress. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&wz->fork_lock, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&wz->lock, NULL);
}

struct wd_zlib *wd_zlib_new(const struct wd_zlib_calls *calls, unsigned int flags,
			    size_t min_len)
{
	struct wd_zlib *wz;

	if (!calls || flags & ~WD_ZLIB_SOFTWARE)
		return NULL;
	wz = calloc(1, sizeof(*wz));
	if (!wz)
		return NULL;
	wz->calls = *calls;
	wz->flags = flags;
	wz->min_len = min_len ? min_len : MIN_LEN;
	init_locks(wz);
	return wz;
}

/* Is the channel's file still the channel's? */
static bool chan_ours(struct wd_zlib_chan *zc)
{
	const struct wd_chan *ch = zc->base.ch;
	struct stat st;

	if (atomic_load(&zc->lost))
		return false;
	if (!ch->dev_info)
		return true;
	if (!fstat(ch->fd, &st) && st.st_dev == zc->dev && st.st_ino == zc->ino)
		return true;
	atomic_store(&zc->lost, true);
	return false;
}

static bool chan_usable(struct wd_zlib_chan *zc)
{
	return !atomic_load(&zc->dead) && chan_ours(zc);
}

/* Who closed its file is told nothing; what that leaves in memory is little. */
static void chan_free(struct wd_zlib_chan *zc)
{
	if (chan_ours(zc))
		wd_alg_comp_exit(&zc->base);
	free(zc);
}

/* Channels that are of no use, to nobody: a program may run for longer than a device is there. */
static void chan_sweep(struct wd_zlib *wz)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < wz->nchans; i++) {
		struct wd_zlib_chan *zc = wz->chans[i];

		if (zc->users || chan_usable(zc))
			wz->chans[n++] = zc;
		else
			chan_free(zc);
	}
	wz->nchans = n;
}

void wd_zlib_free(struct wd_zlib *wz)
{
	if (!wz)
		return;
	for (unsigned int i = 0; i < wz->nchans; i++)
		chan_free(wz->chans[i]);
	pthread_mutex_destroy(&wz->lock);
	pthread_rwlock_destroy(&wz->fork_lock);
	free(wz);
}

void wd_zlib_get_stats(struct wd_zlib *wz, struct wd_zlib_stats *stats)
{
	stats->deflate_streams = atomic_load(&wz->deflate_streams);
	stats->deflate_in = atomic_load(&wz->deflate_in);
	stats->inflate_streams = atomic_load(&wz->inflate_streams);
	stats->inflate_out = atomic_load(&wz->inflate_out);
	stats->handed_back = atomic_load(&wz->handed_back);
}

/* A signal handler may fork in the middle of a call: its child gets no device. */
void wd_zlib_fork_prepare(struct wd_zlib *wz)
{
	if (!inside)
		pthread_rwlock_wrlock(&wz->fork_lock);
}

void wd_zlib_fork_parent(struct wd_zlib *wz)
{
	if (!inside)
		pthread_rwlock_unlock(&wz->fork_lock);
}

/*
 * The parent's channels end with their last file, so the child does not keep them. What
 * libwd has in memory for them is lost.
 */
void wd_zlib_fork_child(struct wd_zlib *wz)
{
	wz->generation++;
	for (unsigned int i = 0; i < wz->nchans; i++)
		if (chan_ours(wz->chans[i]) && wz->chans[i]->base.ch->dev_info)
			close(wz->chans[i]->base.ch->fd);
	wz->nchans = 0;
	wz->live = 0;
	wz->hopeless = inside;
	/* The thread that took them has another number here. */
	init_locks(wz);
}

static bool runs_here(const struct wd_zlib *wz, const struct wd_comp_ctx *ctx)
{
	return wz->flags & WD_ZLIB_SOFTWARE || strcmp(wd_comp_vendor_name(ctx), "software");
}

static struct wd_zlib_chan *chan_open(struct wd_zlib *wz)
{
	struct wd_zlib_chan *zc;
	struct stat st = { 0 };

	zc = calloc(1, sizeof(*zc));
	if (!zc)
		return NULL;
	zc->base.alg_type = WD_RAW;
	zc->base.comp_level = WD_LEVEL_DEFAULT;
	if (wz->flags & WD_ZLIB_SOFTWARE)
		zc->base.flags = WD_COMP_F_SOFTWARE;
	if (wd_alg_comp_init(&zc->base))
		goto err_free;
	if (!runs_here(wz, &zc->base))
		goto err_exit;
	if (zc->base.ch->dev_info && fstat(zc->base.ch->fd, &st))
		goto err_exit;
	zc->dev = st.st_dev;
	zc->ino = st.st_ino;
	return zc;

err_exit:
	wd_alg_comp_exit(&zc->base);
err_free:
	free(zc);
	return NULL;
}

/* The channel with the fewest streams, or another one where that is much in use. */
static struct wd_zlib_chan *chan_choose(struct wd_zlib *wz)
{
	struct wd_zlib_chan *best = NULL, *zc;

	chan_sweep(wz);
	for (unsigned int i = 0; i < wz->nchans; i++) {
		zc = wz->chans[i];
		if (chan_usable(zc) && (!best || zc->users < best->users))
			best = zc;
	}
	if (best && best->users < ANOTHER_CHANNEL)
		return best;
	if (wz->hopeless || wz->nchans == WD_ZLIB_CHANS || wd_now() < wz->look_again)
		return best;
	zc = chan_open(wz);
	if (!zc) {
		wz->look_again = wd_deadline(LOOK_AGAIN_MS);
		return best;
	}
	wz->chans[wz->nchans++] = zc;
	return zc;
}

/* After an error that is the channel's, not the stream's, nobody uses it any more. */
static void chan_judge(struct wd_zlib_chan *zc, int ret)
{
	if (ret == -EIO || ret == -ENXIO)
		atomic_store(&zc->dead, true);
}

bool wd_zlib_work_begin(struct wd_zlib *wz, struct wd_zlib_work *work, enum wd_comp_dir dir,
			const struct wd_comp_ctx *like)
{
	struct wd_zlib_chan *zc;
	int ret = 0;

	enter(wz);
	pthread_mutex_lock(&wz->lock);
	zc = wz->live < MAX_LIVE ? chan_choose(wz) : NULL;
	if (zc) {
		work->ctx = *like;
		work->ctx.stream_mode = WD_STATEFUL;
		work->ctx.flags = zc->base.flags;
		work->ctx.ch = zc->base.ch;
		ret = wd_alg_comp_init(&work->ctx);
	}
	if (ret) {
		chan_judge(zc, ret);
		zc = NULL;
	}
	if (zc) {
		work->chan = zc;
		work->generation = wz->generation;
		zc->users++;
		wz->live++;
		atomic_fetch_add(dir == WD_COMP_DEFLATE ? &wz->deflate_streams :
							  &wz->inflate_streams, 1);
	}
	pthread_mutex_unlock(&wz->lock);
	leave(wz);
	return zc;
}

static void count(struct wd_zlib *wz, const struct wd_comp_ctx *ctx, enum wd_comp_dir dir)
{
	if (!runs_here(wz, ctx))
		return;
	if (dir == WD_COMP_DEFLATE)
		atomic_fetch_add(&wz->deflate_in, ctx->consumed);
	else
		atomic_fetch_add(&wz->inflate_out, ctx->produced);
}

int wd_zlib_work_run(struct wd_zlib *wz, struct wd_zlib_work *work, enum wd_comp_dir dir)
{
	int ret;

	if (work->generation != wz->generation)
		return -EPERM;
	if (!chan_usable(work->chan))
		return -ENXIO;

	enter(wz);
	ret = dir == WD_COMP_DEFLATE ? wd_alg_deflate(&work->ctx) : wd_alg_inflate(&work->ctx);
	leave(wz);
	chan_judge(work->chan, ret);
	if (ret >= 0 || ret == -ENOSPC)
		count(wz, &work->ctx, dir);
	return ret;
}

void wd_zlib_work_end(struct wd_zlib *wz, struct wd_zlib_work *work)
{
	struct wd_zlib_chan *zc = work->chan;

	work->chan = NULL;
	if (!zc || work->generation != wz->generation)
		return;
	enter(wz);
	pthread_mutex_lock(&wz->lock);
	if (chan_ours(zc))
		wd_alg_comp_exit(&work->ctx);
	zc->users--;
	wz->live--;
	chan_sweep(wz);
	pthread_mutex_unlock(&wz->lock);
	leave(wz);
}
