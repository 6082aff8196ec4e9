// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "report.h"
#include "wdzip.h"

/* Results beside libwd's own. */
#define TOLD		(-ECANCELED)	/* there was a message already */
#define TRUNCATED	(-ENODATA)	/* the input ends too early */

/* A vendor driver need not have the asynchronous call. */
struct direction {
	int (*async)(struct wd_comp_ctx *ctx, wd_comp_cb_t callback, void *arg);
	int (*sync)(struct wd_comp_ctx *ctx);
};

static const struct direction deflating = {
	wd_alg_async_deflate, wd_alg_deflate,
};

static const struct direction inflating = {
	wd_alg_async_inflate, wd_alg_inflate,
};

/* A device that was asked for by name is not replaced by another one. */
static int explain_device(const char *device, int ret)
{
	static const struct {
		int error;
		const char *text;
	} hints[] = {
		{ -ENODEV, "'wdctl list' shows the devices; the variable WD_MODE hides some" },
		{ -ENOENT, "'wdctl list' shows the devices" },
		{ -EBUSY, "all its channels are in use, or it is isolated: 'wdctl list' and 'wdctl show' tell" },
		{ -EACCES, "its owner can let others in, by a udev rule for example" },
		{ -EPERM, "a device without an IOMMU is for root (CAP_SYS_RAWIO), once the parameter wd_uacce.enable_unsafe_noiommu_mode is 1 ('wdctl unload', then 'wdctl load --noiommu')" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		if (hints[i].error == ret) {
			error("%s: %s; %s", device, strerror(-ret),
			      hints[i].text);
			return TOLD;
		}
	}
	error("%s: %s", device, strerror(-ret));
	return TOLD;
}

static int open_device(struct codec *codec)
{
	struct wd_chan *ch = &codec->chan;
	const char *dir = strchr(codec->device, '/') ? "" : "/dev/";

	*ch = (struct wd_chan) { .alg = "gzip" };
	if (snprintf(ch->dev_path, sizeof(ch->dev_path), "%s%s", dir,
		     codec->device) >= (int)sizeof(ch->dev_path))
		return -ENAMETOOLONG;
	return wd_request_channel(ch);
}

static int codec_open(struct codec *codec)
{
	int ret;

	if (codec->is_open)
		return 0;
	for (int i = 0; i < 2; i++) {
		if (!codec->buf[i])
			codec->buf[i] = malloc(BLOCK_SIZE);
		if (!codec->buf[i])
			return -ENOMEM;
	}
	if (codec->device) {
		ret = open_device(codec);
		if (ret)
			return explain_device(codec->device, ret);
	}
	codec->ctx = (struct wd_comp_ctx) {
		.ch = codec->device ? &codec->chan : NULL,
		.alg_type = WD_GZIP,
		.comp_level = opt.level,
		.stream_mode = WD_STATEFUL,
		.flags = codec->software ? WD_COMP_F_SOFTWARE : 0,
	};
	ret = wd_alg_comp_init(&codec->ctx);
	codec->is_open = !ret;
	if (ret && codec->device)
		wd_release_channel(&codec->chan);
	return ret;
}

static uint64_t open_copied(const struct codec *codec)
{
	struct wd_mem_stats stats;

	if (!codec->is_open || !codec->ctx.ch ||
	    wd_get_mem_stats(codec->ctx.ch, &stats))
		return 0;
	return stats.bounced_in + stats.bounced_out;
}

uint64_t codec_copied(const struct codec *codec)
{
	return codec->closed_copied + open_copied(codec);
}

void codec_close(struct codec *codec)
{
	codec->closed_copied = codec_copied(codec);
	if (codec->is_open) {
		wd_alg_comp_exit(&codec->ctx);
		if (codec->device)
			wd_release_channel(&codec->chan);
	}
	codec->is_open = false;
	for (int i = 0; i < 2; i++) {
		free(codec->buf[i]);
		codec->buf[i] = NULL;
	}
}

/* NULL: none. */
static const struct uacce_dev_info *device_of(const struct codec *codec)
{
	const struct wd_chan *ch = codec->ctx.ch;

	if (!ch || !strcmp(wd_comp_vendor_name(&codec->ctx), "software"))
		return NULL;
	return ch->dev_info;
}

const char *codec_by(const struct codec *codec, char *buf, size_t size)
{
	const struct uacce_dev_info *device = device_of(codec);
	const char *vendor = wd_comp_vendor_name(&codec->ctx);

	if (device)
		snprintf(buf, size, "%s on %s", vendor, device->name);
	else
		snprintf(buf, size, "%s, no device", vendor);
	return buf;
}

const char *codec_mode(const struct codec *codec)
{
	const struct uacce_dev_info *device = device_of(codec);

	if (!device)
		return "-";
	switch (device->iommu_type) {
	case WD_IOMMU_SVA:
		return "sva";
	case WD_IOMMU_SHARED:
		return "share";
	default:
		return "noiommu";
	}
}

static void finished(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct codec *codec = arg;

	(void)ctx;
	codec->result = ret;
	codec->done = true;
}

/* A signal handler that returns is no reason to stop waiting. */
static int wait_done(struct codec *codec)
{
	int ret = 0;

	while (!codec->done && (ret >= 0 || ret == -EINTR))
		ret = wd_poll(codec->ctx.ch, 0, -1);
	return codec->done ? codec->result : ret;
}

static int flush_pending(struct codec *codec, struct job *job)
{
	size_t len = codec->pending_len;

	codec->pending_len = 0;
	job->out_bytes += len;
	return output_write(job->out, codec->pending, len);
}

/*
 * One call of the library, and while it runs, the work that needs no device.
 * Even when that fails, the call must end first: it has the buffers. Returns
 * what the call returned, or TOLD.
 */
static int step(struct codec *codec, struct job *job,
		const struct direction *direction)
{
	struct wd_comp_ctx *ctx = &codec->ctx;
	int ret, io;

	ctx->in = job->src->data;
	ctx->in_len = job->src->len;
	ctx->out = codec->buf[codec->current];
	ctx->out_len = BLOCK_SIZE;
	codec->done = false;
	ret = direction->async(ctx, finished, codec);
	if (ret && ret != -ENOTSUP)
		return ret;
	if (ret == -ENOTSUP)
		finished(ctx, direction->sync(ctx), codec);

	io = flush_pending(codec, job);
	if (!io)
		io = source_read_ahead(job->src);
	ret = wait_done(codec);
	if (io)
		return TOLD;

	job->src->data += ctx->consumed;
	job->src->len -= ctx->consumed;
	job->in_bytes += ctx->consumed;
	codec->pending = ctx->out;
	codec->pending_len = ctx->produced;
	codec->current = !codec->current;
	report_progress(job->in_bytes);
	return ret;
}

static void explain(const struct codec *codec, const char *name, int ret)
{
	const char *hint = codec->software ? "" :
		"; 'dmesg' says more, and --software works without a device";

	switch (ret) {
	case TOLD:
		break;
	case TRUNCATED:
		error("%s: unexpected end of file", name);
		break;
	case -EBADMSG:
		error("%s: invalid compressed data", name);
		break;
	case -EFAULT:
		error("%s: the device could not use the address %p%s", name,
		      codec->ctx.fault_addr, hint);
		break;
	case -EINVAL:
		error("%s: %s%s", name, strerror(-ret), getenv("WD_MODE") ?
		      "; is the variable WD_MODE sva, share or noiommu?" : hint);
		break;
	case -EIO:
		error("%s: the device stopped the channel%s", name, hint);
		break;
	case -ENXIO:
		error("%s: the device is gone%s", name, hint);
		break;
	default:
		error("%s: %s%s", name, strerror(-ret), hint);
	}
}

/*
 * What came out before an error goes out as well: to whom it was written on
 * standard output it may be of use, and a file is removed by the caller.
 */
static int finish(struct codec *codec, struct job *job, int ret)
{
	if (ret != TOLD && codec->is_open && flush_pending(codec, job))
		ret = TOLD;
	if (ret >= 0)
		return 0;
	explain(codec, job->src->name, ret);
	/* A dead channel stays dead; the next file gets another one. */
	if (ret != TOLD && ret != TRUNCATED && ret != -EBADMSG)
		codec_close(codec);
	return -1;
}

static int begin(struct codec *codec)
{
	int ret = codec_open(codec);

	codec->pending_len = 0;
	codec->ctx.new_stream = 1;
	return ret;
}

/* Returns 0, or -EPROTO where the output begins otherwise than it should. */
static int drop_header(struct codec *codec)
{
	size_t len = GZ_FIXED_HEADER - codec->nr_dropped;

	if (len > codec->pending_len)
		len = codec->pending_len;
	memcpy(codec->dropped + codec->nr_dropped, codec->pending, len);
	codec->nr_dropped += len;
	codec->pending += len;
	codec->pending_len -= len;
	if (codec->nr_dropped == GZ_FIXED_HEADER &&
	    !header_is_fixed(codec->dropped))
		return -EPROTO;
	return 0;
}

static int write_header(struct job *job, const struct gz_header *header)
{
	unsigned char buf[GZ_MAX_HEADER];
	size_t len = header_build(header, opt.level, buf);

	job->out_bytes += len;
	return output_write(job->out, buf, len) ? TOLD : 0;
}

int codec_compress(struct codec *codec, struct job *job,
		   const struct gz_header *header)
{
	struct source *src = job->src;
	int ret = begin(codec), more;

	codec->nr_dropped = 0;
	if (!ret)
		ret = write_header(job, header);
	while (!ret) {
		codec->ctx.flush_type = source_is_last(src) ? WD_FINISH
							    : WD_NO_FLUSH;
		do {
			ret = step(codec, job, &deflating);
			if (codec->nr_dropped < GZ_FIXED_HEADER &&
			    drop_header(codec))
				ret = -EPROTO;
		} while (ret == -ENOSPC);
		if (ret)
			break;
		more = source_next(src);
		if (more < 0)
			ret = TOLD;
	}
	return finish(codec, job, ret);
}

static int expand_member(struct codec *codec, struct job *job)
{
	int ret, more;

	codec->ctx.new_stream = 1;
	for (;;) {
		ret = step(codec, job, &inflating);
		if (ret == -ENOSPC)
			continue;
		if (ret)
			return ret;
		more = source_next(job->src);
		if (more <= 0)
			return more ? TOLD : TRUNCATED;
	}
}

/*
 * What follows a member: 1 another member, 0 nothing more, or TOLD. Tapes and
 * block devices pad with zeros; anything else is worth a warning.
 */
static int next_member(struct source *src)
{
	bool zeros = false;

	if (source_want(src, 2))
		return TOLD;
	if (header_has_magic(src->data, src->len))
		return 1;
	while (src->len && !*src->data) {
		zeros = true;
		src->data++;
		src->len--;
		if (!src->len && source_want(src, 1))
			return TOLD;
	}
	if (src->len)
		warning("%s: decompression OK, trailing garbage ignored",
			src->name);
	else if (zeros && opt.verbose)
		warning("%s: decompression OK, trailing zero bytes ignored",
			src->name);
	return 0;
}

int codec_expand(struct codec *codec, struct job *job)
{
	int ret = begin(codec);

	if (!ret)
		ret = 1;
	while (ret > 0) {
		ret = expand_member(codec, job);
		if (ret == WD_STREAM_END)
			ret = next_member(job->src);
	}
	return finish(codec, job, ret);
}

int codec_copy(struct job *job)
{
	struct source *src = job->src;
	int more = 1;

	while (more > 0) {
		if (output_write(job->out, src->data, src->len))
			return -1;
		job->in_bytes += src->len;
		job->out_bytes += src->len;
		src->len = 0;
		more = source_next(src);
	}
	return more;
}
