/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: compression as requests, of which each is a whole stream. See <wd_alg.h> for what a
 * request is; <wd_comp.h> is for streams in many calls, and for more data.
 *
 *	struct wd_alg_ctx ctx = { .alg = "zstd" };
 *	struct wd_request req;
 *	int ret = wd_alg_init(&ctx);
 *
 *	wd_prep_compress(&req, out, room, data, size, WD_LEVEL_DEFAULT);
 *	ret = wd_alg_run(&ctx, &req);
 *	if (!ret)
 *		write(fd, out, req.produced);
 *	wd_alg_exit(&ctx);
 *
 * Algorithms: "deflate" (RFC 1951), "zlib" (RFC 1950), "gzip" (RFC 1952), "lz4" (a block),
 * "lz4-frame", "zstd" (RFC 8878). Source and destination have up to 64 MiB, may be in many parts
 * and must not overlap.
 */
#ifndef WD_PACK_H
#define WD_PACK_H

#include "wd_alg.h"
#include "wd_comp.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * wd_prep_compress() - compress
 * @req:   the request
 * @dst:   where the stream goes
 * @room:  bytes of it: -ENOSPC where they are too few, and then nothing there is good
 * @src:   the data
 * @len:   bytes of it; may be 0
 * @level: 0 (stored) to 9 (best), Zstandard to WD_ZSTD_LEVEL_MAX; WD_LEVEL_DEFAULT
 *
 * @req->produced is the length of the stream, @req->result its check sum of the data, if it has one.
 */
static inline void wd_prep_compress(struct wd_request *req, void *dst, size_t room,
				    const void *src, size_t len, int level)
{
	wd_prep(req, WD_COMPRESS, src, len, dst, room);
	req->level = level;
}

/**
 * wd_prep_decompress() - decompress one stream
 * @req:  the request
 * @dst:  where the data goes
 * @room: bytes of it: -ENOSPC where they are too few, and then nothing there is good
 * @src:  the stream
 * @len:  bytes of it, or more
 *
 * @req->produced is the length of the data, @req->consumed that of the stream: what follows is not
 * looked at. A block ("lz4") has no end of its own, so it has @len bytes.
 */
static inline void wd_prep_decompress(struct wd_request *req, void *dst, size_t room,
				      const void *src, size_t len)
{
	wd_prep(req, WD_DECOMPRESS, src, len, dst, room);
}

#ifdef __cplusplus
}
#endif

#endif
