/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of libwdz.so share. */
#ifndef WDZ_H
#define WDZ_H

#include <stdarg.h>

#include "wd_zlib.h"

#define WDZ_EXPORT	__attribute__((visibility("default")))

/* All functions of libz.so.1. */
#define WDZ_FUNCTIONS(X)							\
	X(zlibVersion) X(zlibCompileFlags) X(zError)				\
	X(deflateInit2_) X(deflate) X(deflateEnd) X(deflateReset) X(deflateResetKeep)	\
	X(deflateCopy) X(deflateSetDictionary) X(deflateGetDictionary) X(deflateParams)	\
	X(deflateTune) X(deflateBound) X(deflatePending) X(deflatePrime) X(deflateSetHeader) \
	X(inflateInit2_) X(inflate) X(inflateEnd) X(inflateReset) X(inflateReset2)	\
	X(inflateResetKeep) X(inflateCopy) X(inflateSetDictionary)		\
	X(inflateGetDictionary) X(inflateSync) X(inflateSyncPoint) X(inflatePrime)	\
	X(inflateMark) X(inflateGetHeader) X(inflateUndermine) X(inflateValidate)	\
	X(inflateCodesUsed) X(inflateBackInit_) X(inflateBack) X(inflateBackEnd)	\
	X(compress) X(compress2) X(uncompress) X(uncompress2)		\
	X(compressBound) X(adler32) X(adler32_z) X(adler32_combine) X(adler32_combine64) \
	X(crc32) X(crc32_z) X(crc32_combine) X(crc32_combine64) X(crc32_combine_gen)	\
	X(crc32_combine_gen64) X(crc32_combine_op) X(get_crc_table)		\
	X(gzopen) X(gzopen64) X(gzdopen) X(gzbuffer) X(gzsetparams) X(gzread) X(gzfread)	\
	X(gzwrite) X(gzfwrite) X(gzvprintf) X(gzputs) X(gzgets) X(gzputc) X(gzgetc)	\
	X(gzgetc_) X(gzungetc) X(gzflush) X(gzseek) X(gzseek64) X(gzrewind) X(gztell)	\
	X(gztell64) X(gzoffset) X(gzoffset64) X(gzeof) X(gzdirect) X(gzclose)		\
	X(gzclose_r) X(gzclose_w) X(gzerror) X(gzclearerr)

#undef gzgetc

/**
 * struct wdz_real - the functions of the real libz.so.1
 */
struct wdz_real {
#define WDZ_MEMBER(name) __typeof__(&name) name;
	WDZ_FUNCTIONS(WDZ_MEMBER)
#undef WDZ_MEMBER
};

/* Any thread, at any time. Does not return where there is no libz.so.1. */
const struct wdz_real *wdz_real(void);

/* What the streams have in common; NULL: all of them are the real library's. */
struct wd_zlib *wdz_streams(void);

#endif
