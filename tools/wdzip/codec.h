/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file through libwd: the device works on one block while this program writes
 * the previous result and reads the next block.
 */
#ifndef WDZIP_CODEC_H
#define WDZIP_CODEC_H

#include <stdbool.h>
#include <stdint.h>
#include <wd_comp.h>

#include "header.h"
#include "output.h"
#include "source.h"

/**
 * struct job - one file
 * @src:      started
 * @out:      created
 * @in_bytes, @out_bytes: result
 */
struct job {
	struct source *src;
	const struct output *out;
	uint64_t in_bytes;
	uint64_t out_bytes;
};

/**
 * struct codec - a context of libwd, used for one file after the other
 * @software: use no device
 * @device:   name of the device to use, NULL: whatever the library finds
 * The rest is codec.c's; zeroed means not open.
 */
struct codec {
	bool software;
	const char *device;
	bool is_open;
	struct wd_chan chan;	/* open only where @device is set */
	uint64_t closed_copied;	/* bytes, on channels that are closed */
	struct wd_comp_ctx ctx;
	unsigned char *buf[2];
	int current;
	/* output of the call before, not written yet */
	const unsigned char *pending;
	size_t pending_len;
	/* set by the callback */
	bool done;
	int result;
	/* the header that the library writes, dropped in favour of ours */
	unsigned char dropped[GZ_FIXED_HEADER];
	size_t nr_dropped;
};

/* All three return 0, or -1 after a message. */
int codec_compress(struct codec *codec, struct job *job,
		   const struct gz_header *header);
int codec_expand(struct codec *codec, struct job *job);
/* Pass the input on as it is. */
int codec_copy(struct job *job);

/* "native on wd_accel-0": what did the last job; and "share", the device's mode. */
const char *codec_by(const struct codec *codec, char *buf, size_t size);
const char *codec_mode(const struct codec *codec);

/* Bytes that the library copied since the program began, to or from the device. */
uint64_t codec_copied(const struct codec *codec);

void codec_close(struct codec *codec);

#endif
