// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Compression, in both directions: what the device wrote is read by zlib, liblz4 and libzstd, and
 * it reads what they wrote. A request is a whole stream, of one call or of many.
 */
#include <lz4.h>
#include <lz4frame.h>
#include <zstd.h>

#include "comp_util.h"
#include "cross.h"

#define STREAMS		8
#define ROOM(len)	((len) + (len) / 8 + 2048)

/* Of LZ4 and Zstandard: with fewer bytes at first, no device is asked. */
#define LONGEST_HEADER	19

/**
 * struct stream - one, as far as it is
 * @plain:    its data
 * @in:       what is handed over: @in_len bytes of it are the stream's
 * @out:      where the other form of it goes
 * @sum:      wd_comp_ctx.checksum at its end
 * @damaged:  what is handed over is no stream any more, or that of the same data
 * @pos:      bytes of @in that were taken
 * @end:      bytes that were written
 * @in_step:  bytes that are handed over in one call
 * @out_step: likewise, of room
 * @piece:    bytes of the call that runs
 * @first:    of the first one
 * @running:  a call runs
 */
struct stream {
	struct wd_comp_ctx ctx;
	bool deflate;
	bool damaged;
	struct cross_area plain;
	struct cross_area in;
	struct cross_area out;
	size_t in_len;
	uint32_t sum;
	size_t pos;
	size_t end;
	size_t in_step;
	size_t out_step;
	size_t piece;
	size_t first;
	unsigned int calls;
	bool running;
	int ret;
};

static size_t pack_zlib(struct cross *c, int alg, const unsigned char *in, size_t len,
			unsigned char *out)
{
	const int window = 9 + (int)cross_below(c, 7), level = (int)cross_below(c, 10);
	const int bits = alg == WD_RAW ? -window : alg == WD_GZIP ? window + 16 : window;
	z_stream z = { .next_in = in, .avail_in = (uInt)len, .next_out = out, .avail_out = CROSS_FLAT };

	MUST(deflateInit2(&z, level, Z_DEFLATED, bits, 1 + (int)cross_below(c, 9),
			  (int)cross_below(c, Z_FIXED + 1)) == Z_OK);
	MUST(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t pack_lz4(struct cross *c, const unsigned char *in, size_t len, unsigned char *out,
		       bool *summed)
{
	LZ4F_preferences_t how = {
		.frameInfo = {
			.blockSizeID = LZ4F_max64KB + cross_below(c, 4),
			.blockMode = cross_below(c, 2),
			.contentChecksumFlag = cross_below(c, 4) > 0,
			.contentSize = cross_chance(c, 2) ? len : 0,
			.blockChecksumFlag = cross_below(c, 2),
		},
		.compressionLevel = (int)cross_below(c, 10),
	};
	size_t n = LZ4F_compressFrame(out, CROSS_FLAT, in, len, &how);

	MUST(!LZ4F_isError(n));
	*summed = how.frameInfo.contentChecksumFlag;
	return n;
}

static size_t pack_zstd(struct cross *c, const unsigned char *in, size_t len, unsigned char *out,
			bool *summed)
{
	ZSTD_CCtx *z = ZSTD_createCCtx();
	size_t n;

	*summed = cross_below(c, 4) > 0;
	MUST(z);
	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, (int)cross_below(c, 12) - 2);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, *summed);
	ZSTD_CCtx_setParameter(z, ZSTD_c_contentSizeFlag, (int)cross_below(c, 2));
	n = ZSTD_compress2(z, out, CROSS_FLAT, in, len);
	MUST(!ZSTD_isError(n));
	ZSTD_freeCCtx(z);
	return n;
}

/* Returns the length of what somebody else makes of it; @summed: has it a check of its data? */
static size_t pack(struct cross *c, int alg, const unsigned char *in, size_t len,
		   unsigned char *out, bool *summed)
{
	*summed = alg == WD_ZLIB || alg == WD_GZIP;
	switch (alg) {
	case WD_LZ4_BLOCK:
		len = (size_t)LZ4_compress_fast((const char *)in, (char *)out, (int)len, CROSS_FLAT,
						1 + (int)cross_below(c, 9));
		MUST(len);
		return len;
	case WD_LZ4_FRAME:
		return pack_lz4(c, in, len, out, summed);
	case WD_ZSTD:
		return pack_zstd(c, in, len, out, summed);
	default:
		return pack_zlib(c, alg, in, len, out);
	}
}

/* Is it one whole stream, and of this data, for somebody else? */
static bool reads(int alg, const unsigned char *in, size_t len, unsigned char *out,
		  const unsigned char *plain, size_t plain_len)
{
	size_t n = len, got = CROSS_FLAT;
	LZ4F_dctx *d;

	if (alg <= WD_GZIP)
		return ref_inflates(alg, in, len, plain, plain_len);
	if (alg == WD_LZ4_BLOCK) {
		got = (size_t)LZ4_decompress_safe((const char *)in, (char *)out, (int)len,
						  CROSS_FLAT);
	} else if (alg == WD_ZSTD) {
		got = ZSTD_decompress(out, CROSS_FLAT, in, len);
	} else {
		MUST(!LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)));
		if (LZ4F_decompress(d, out, &got, in, &n, NULL) || n != len)
			got = SIZE_MAX;
		LZ4F_freeDecompressionContext(d);
	}
	return got == plain_len && !memcmp(out, plain, plain_len);
}

/* XXH32 of the data, at the end of an LZ4 frame. */
static uint32_t last_word(const unsigned char *end)
{
	return end[-4] | end[-3] << 8 | end[-2] << 16 | (uint32_t)end[-1] << 24;
}

static size_t any_step(struct cross *c, size_t len)
{
	if (cross_chance(c, 2))
		return SIZE_MAX;
	return len < 100 ? 1 + cross_below(c, 20) : len / (1 + cross_below(c, 8));
}

/* What is read: made by somebody else, with something behind it, or damaged. */
static void make_input(struct cross *c, struct stream *s, int alg)
{
	unsigned char *plain = c->flat[0], *packed = c->flat[1];
	const size_t len = s->plain.len;
	const bool exact = len && s->ctx.stream_mode == WD_STATELESS && cross_chance(c, 2);
	size_t behind = cross_chance(c, 3) ? cross_below(c, 30) : 0;
	bool summed;

	s->in_len = pack(c, alg, plain, len, packed, &summed);
	s->sum = alg == WD_LZ4_FRAME ? summed ? last_word(packed + s->in_len) : 0 :
		 alg <= WD_GZIP ? ref_checksum(alg, plain, len) : 0;
	/* A block has no end but that of the input. */
	if (alg == WD_LZ4_BLOCK)
		behind = 0;
	s->in = cross_area(c, s->in_len + behind, false);
	/* With no room at all there is no further call. */
	s->out = cross_area(c, len + (exact ? 0 : 1 + cross_below(c, 200)), false);
	if (summed && cross_chance(c, 6)) {
		packed[cross_below(c, s->in_len)] ^= (unsigned char)(1U << cross_below(c, 8));
		s->damaged = true;
	}
	cross_put(&s->in, 0, packed, s->in_len);
}

static void make_stream(struct cross *c, struct stream *s)
{
	const int alg = WD_RAW + (int)cross_below(c, WD_ZSTD + 1);
	const bool zlib = alg <= WD_GZIP;
	size_t len = cross_length(c);

	/* What does not shrink has a head, and there are levels that are slow. */
	len = len > CROSS_MAX - 4096 ? CROSS_MAX - 4096 : len;
	*s = (struct stream){ .deflate = cross_chance(c, 2), .in_step = SIZE_MAX, .out_step = SIZE_MAX };
	s->ctx = make_ctx(alg, (int)cross_below(c, alg == WD_ZSTD ? 8 : 10), 0,
			  alg != WD_LZ4_BLOCK && cross_chance(c, 2) ? WD_STATEFUL : WD_STATELESS);
	s->ctx.ch = c->base.ch;
	if (s->deflate && zlib && cross_chance(c, 2))
		s->ctx.window_size = 9 + (int)cross_below(c, 7);
	MUST(!wd_alg_comp_init(&s->ctx));
	fill(c->flat[0], len, cross_below(c, DATA_KINDS), (uint32_t)cross_random(c));
	s->plain = cross_area(c, len, false);
	cross_put(&s->plain, 0, c->flat[0], len);
	if (s->deflate) {
		s->in = s->plain;
		s->in_len = len;
		s->out = cross_area(c, ROOM(len), false);
	} else {
		make_input(c, s, alg);
	}
	if (alg != WD_LZ4_BLOCK && !s->damaged)
		s->out_step = any_step(c, s->out.len) | 1;
	if (s->ctx.stream_mode == WD_STATEFUL)
		s->in_step = any_step(c, s->in.len) | 1;
	s->ret = -EINPROGRESS;
}

/* Begin the next call: more of it, or the same again with more room. */
static void next_call(struct cross *c, struct stream *s)
{
	size_t rest = s->in.len - s->pos, room = s->out.len - s->end;

	if (s->ret != -ENOSPC) {
		s->piece = rest < s->in_step ? rest : s->in_step;
		s->ctx.flush_type = s->piece == rest ? WD_FINISH : (int)cross_below(c, WD_FINISH);
	}
	s->ctx.in = cross_base(&s->in) + s->pos;
	s->ctx.in_len = s->piece;
	s->ctx.out = cross_base(&s->out) + s->end;
	s->ctx.out_len = room < s->out_step ? room : s->out_step;
	s->running = true;
	if (!s->calls++)
		s->first = s->piece;
}

static void called(struct wd_comp_ctx *ctx, int ret, void *arg)
{
	struct stream *s = arg;

	s->ret = ret;
	s->pos += ctx->consumed;
	s->end += ctx->produced;
	s->piece -= ctx->consumed;
	s->running = false;
}

/* Is there more to do? Room that is full is no reason where there is nothing to be written. */
static bool goes_on(const struct stream *s)
{
	if (s->ret == WD_STREAM_END || s->calls > 4000)
		return false;
	if (s->ret == -ENOSPC)
		return s->end < s->out.len;
	return s->ret == -EINPROGRESS || (!s->ret && (s->deflate || s->pos < s->in.len));
}

static int start(struct stream *s, struct wd_chan *ch)
{
	int ret;

	do {
		ret = s->deflate ? wd_alg_async_deflate(&s->ctx, called, s) :
				   wd_alg_async_inflate(&s->ctx, called, s);
	} while (ret == -EAGAIN && wd_poll(ch, 0, 10) >= 0);
	return ret;
}

/* All of them a call further. Returns whether any has one to come. */
static bool turn(struct cross *c, struct stream *s, unsigned int n, bool async)
{
	bool more = false;

	for (unsigned int i = 0; i < n; i++) {
		if (!goes_on(&s[i]))
			continue;
		next_call(c, &s[i]);
		if (async)
			MUST(!start(&s[i], c->base.ch));
		else
			called(&s[i].ctx, s[i].deflate ? wd_alg_deflate(&s[i].ctx) :
			       wd_alg_inflate(&s[i].ctx), &s[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		while (s[i].running)
			MUST(wd_poll(c->base.ch, 0, 100) >= 0);
		more |= goes_on(&s[i]);
	}
	return more;
}

static void print_stream(const struct stream *s)
{
	printf("#   %s: format %d, level %d, window %d, mode %d, %s%s: ret %d after %u calls of %zu and "
	       "%zu bytes, %zu of %zu bytes in, %zu of %zu out, plain %zu, checksum %#x (%#x)\n",
	       wd_comp_vendor_name(&s->ctx), s->ctx.alg_type, s->ctx.comp_level,
	       s->ctx.window_size, s->ctx.stream_mode, s->deflate ? "deflate" : "inflate",
	       s->damaged ? ", damaged" : "", s->ret, s->calls,
	       s->in_step, s->out_step, s->pos, s->in_len, s->end, s->out.len, s->plain.len,
	       s->ctx.checksum, s->sum);
}

/* Did it run where it should? */
static bool is_counted(const struct stream *s)
{
	return !getenv("WD_TEST_DEVICE") || !strcmp(wd_comp_vendor_name(&s->ctx), "native");
}

/* What is copied for the device is copied in pieces, and a block has none. */
static bool may_be_software(const struct stream *s)
{
	if (s->ctx.alg_type == WD_LZ4_BLOCK)
		return s->ctx.ch->dev_info->iommu_type != WD_IOMMU_SVA;
	return s->ctx.alg_type > WD_LZ4_BLOCK && !s->deflate && s->first < LONGEST_HEADER;
}

static bool is_right(struct cross *c, struct stream *s)
{
	const size_t len = s->plain.len;
	unsigned char *plain = c->flat[0];
	bool same;

	cross_get(&s->plain, 0, plain, len);
	/* liblz4 and libzstd copy more than is needed, as far as there is room. */
	cross_accept(&s->out, 0, s->ctx.alg_type <= WD_GZIP ? s->end : s->out.len);
	if (s->damaged && s->ret != WD_STREAM_END)
		return s->ret != -EIO && s->ret != -EFAULT && s->ret != -EINVAL;
	if (s->ret != WD_STREAM_END)
		return false;
	same = s->end == len && !memcmp(cross_base(&s->out), plain, len);
	/*
	 * Now and then it is a stream all the same, maybe one that wants more than a device has:
	 * of the same data where a reserved bit was hit, which newer zstds refuse and the
	 * kernel's does not, or of other data, and then for others as well.
	 */
	if (s->damaged)
		return same || reads(s->ctx.alg_type, cross_base(&s->in), s->pos, c->flat[1],
				     cross_base(&s->out), s->end);
	if (!is_counted(s) && !may_be_software(s))
		return false;
	if (!s->deflate)
		return same && s->pos == s->in_len && s->ctx.checksum == s->sum;
	s->sum = s->ctx.alg_type <= WD_GZIP ? ref_checksum(s->ctx.alg_type, plain, len) :
		 s->ctx.alg_type == WD_LZ4_FRAME ? last_word(cross_base(&s->out) + s->end) : 0;
	return s->pos == len && s->ctx.checksum == s->sum &&
	       reads(s->ctx.alg_type, cross_base(&s->out), s->end, c->flat[1], plain, len);
}

static bool group(struct cross *c)
{
	unsigned int n = 1 + (unsigned int)cross_below(c, STREAMS);
	struct stream *s = must_alloc(STREAMS * sizeof(*s));
	bool async, ok = true;

	for (unsigned int i = 0; i < n; i++)
		make_stream(c, &s[i]);
	async = cross_chance(c, 2);
	while (turn(c, s, n, async))
		;
	for (unsigned int i = 0; i < n; i++) {
		bool right = is_right(c, &s[i]);

		c->done += is_counted(&s[i]);
		if (!right)
			print_stream(&s[i]);
		ok &= right;
		wd_alg_comp_exit(&s[i].ctx);
	}
	if (!cross_compare(c)) {
		for (unsigned int i = 0; i < n; i++)
			print_stream(&s[i]);
		ok = false;
	}
	free(s);
	return ok || cross_failed(c, "a stream");
}

bool cross_comp(void)
{
	struct cross c;
	bool ok = true;

	for (cross_begin(&c, "compression"); ok && c.done < c.count;) {
		cross_begin_group(&c);
		ok = group(&c);
	}
	return cross_end(&c) && ok;
}
