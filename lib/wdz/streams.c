// SPDX-License-Identifier: GPL-2.0-or-later
/* libwdz.so: the functions that take a z_stream. */
#include "wdz.h"

WDZ_EXPORT int deflateInit2_(z_streamp strm, int level, int method, int window_bits, int mem_level,
			     int strategy, const char *version, int stream_size)
{
	struct wd_zlib *wz = wdz_streams();

	if (!wz)
		return wdz_real()->deflateInit2_(strm, level, method, window_bits, mem_level,
						 strategy, version, stream_size);
	return wd_zlib_deflate_init(wz, strm, level, method, window_bits, mem_level, strategy,
				    version, stream_size);
}

WDZ_EXPORT int deflateInit_(z_streamp strm, int level, const char *version, int stream_size)
{
	return deflateInit2_(strm, level, Z_DEFLATED, MAX_WBITS, 8, Z_DEFAULT_STRATEGY, version,
			     stream_size);
}

WDZ_EXPORT int inflateInit2_(z_streamp strm, int window_bits, const char *version, int stream_size)
{
	struct wd_zlib *wz = wdz_streams();

	if (!wz)
		return wdz_real()->inflateInit2_(strm, window_bits, version, stream_size);
	return wd_zlib_inflate_init(wz, strm, window_bits, version, stream_size);
}

WDZ_EXPORT int inflateInit_(z_streamp strm, const char *version, int stream_size)
{
	return inflateInit2_(strm, MAX_WBITS, version, stream_size);
}

/* Those that libwd knows. */
#define STREAM(name, wd_name, params, ...)					\
	WDZ_EXPORT int name params						\
	{									\
		struct wd_zlib *wz = wdz_streams();				\
										\
		return wz ? wd_name(wz, __VA_ARGS__) : wdz_real()->name(__VA_ARGS__); \
	}

STREAM(deflate, wd_zlib_deflate, (z_streamp strm, int flush), strm, flush)
STREAM(deflateReset, wd_zlib_deflate_reset, (z_streamp strm), strm)
STREAM(deflateCopy, wd_zlib_deflate_copy, (z_streamp dest, z_streamp source), dest, source)
STREAM(deflateEnd, wd_zlib_deflate_end, (z_streamp strm), strm)
STREAM(inflate, wd_zlib_inflate, (z_streamp strm, int flush), strm, flush)
STREAM(inflateReset, wd_zlib_inflate_reset, (z_streamp strm), strm)
STREAM(inflateReset2, wd_zlib_inflate_reset2, (z_streamp strm, int bits), strm, bits)
STREAM(inflateCopy, wd_zlib_inflate_copy, (z_streamp dest, z_streamp source), dest, source)
STREAM(inflateEnd, wd_zlib_inflate_end, (z_streamp strm), strm)

/* Those that it does not: the stream is the real library's while they run. */
#define LEND(type, name, flags, params, ...)					\
	WDZ_EXPORT type name params						\
	{									\
		struct wd_zlib_loan *loan = wd_zlib_lend(wdz_streams(), strm, flags); \
		type ret = wdz_real()->name(__VA_ARGS__);			\
										\
		wd_zlib_take_back(strm, loan);					\
		return ret;							\
	}

LEND(int, deflateResetKeep, 0, (z_streamp strm), strm)
LEND(int, deflateSetDictionary, 0, (z_streamp strm, const Bytef *dict, uInt len), strm, dict, len)
LEND(int, deflateGetDictionary, 0, (z_streamp strm, Bytef *dict, uInt *len), strm, dict, len)
LEND(int, deflateTune, 0, (z_streamp strm, int good, int lazy, int nice, int chain),
     strm, good, lazy, nice, chain)
LEND(uLong, deflateBound, WD_ZLIB_PEEK, (z_streamp strm, uLong len), strm, len)
LEND(int, deflatePrime, 0, (z_streamp strm, int bits, int value), strm, bits, value)
LEND(int, deflateSetHeader, 0, (z_streamp strm, gz_headerp head), strm, head)
LEND(int, inflateResetKeep, 0, (z_streamp strm), strm)
LEND(int, inflateSetDictionary, 0, (z_streamp strm, const Bytef *dict, uInt len), strm, dict, len)
LEND(int, inflateGetDictionary, 0, (z_streamp strm, Bytef *dict, uInt *len), strm, dict, len)
LEND(int, inflateSync, 0, (z_streamp strm), strm)
LEND(int, inflateSyncPoint, 0, (z_streamp strm), strm)
LEND(int, inflatePrime, 0, (z_streamp strm, int bits, int value), strm, bits, value)
LEND(long, inflateMark, 0, (z_streamp strm), strm)
LEND(int, inflateGetHeader, 0, (z_streamp strm, gz_headerp head), strm, head)
LEND(int, inflateUndermine, 0, (z_streamp strm, int subvert), strm, subvert)
LEND(int, inflateValidate, 0, (z_streamp strm, int check), strm, check)
LEND(unsigned long, inflateCodesUsed, 0, (z_streamp strm), strm)

WDZ_EXPORT int deflatePending(z_streamp strm, unsigned int *pending, int *bits)
{
	struct wd_zlib_loan *loan = wd_zlib_lend(wdz_streams(), strm, 0);
	int ret = wdz_real()->deflatePending(strm, pending, bits);

	if (ret == Z_OK && pending)
		*pending += wd_zlib_held(loan);
	wd_zlib_take_back(strm, loan);
	return ret;
}

/* It writes what was compressed with the old parameters, after what is held. */
WDZ_EXPORT int deflateParams(z_streamp strm, int level, int strategy)
{
	struct wd_zlib_loan *loan = wd_zlib_lend(wdz_streams(), strm, 0);
	int ret = Z_BUF_ERROR;

	if (!wd_zlib_drain(strm, loan))
		ret = wdz_real()->deflateParams(strm, level, strategy);
	wd_zlib_take_back(strm, loan);
	return ret;
}

/* inflateBack() has streams of its own kind, which are never ours. */
WDZ_EXPORT int inflateBackInit_(z_streamp strm, int window_bits, unsigned char *window,
				const char *version, int stream_size)
{
	return wdz_real()->inflateBackInit_(strm, window_bits, window, version, stream_size);
}

WDZ_EXPORT int inflateBack(z_streamp strm, in_func in, void *in_desc, out_func out, void *out_desc)
{
	return wdz_real()->inflateBack(strm, in, in_desc, out, out_desc);
}

WDZ_EXPORT int inflateBackEnd(z_streamp strm)
{
	return wdz_real()->inflateBackEnd(strm);
}
