// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libwdz.so: the functions that are the real library's. Those that compress do it with
 * deflate() and inflate(), and find the ones of this library.
 */
#include "wdz.h"

#define FORWARD(type, name, params, ...)	\
	WDZ_EXPORT type name params		\
	{					\
		return wdz_real()->name(__VA_ARGS__); \
	}

FORWARD(const char *, zlibVersion, (void))
FORWARD(uLong, zlibCompileFlags, (void))
FORWARD(const char *, zError, (int err), err)
FORWARD(uLong, compressBound, (uLong len), len)
FORWARD(int, compress, (Bytef *dest, uLongf *room, const Bytef *source, uLong len),
	dest, room, source, len)
FORWARD(int, compress2, (Bytef *dest, uLongf *room, const Bytef *source, uLong len, int level),
	dest, room, source, len, level)
FORWARD(int, uncompress, (Bytef *dest, uLongf *room, const Bytef *source, uLong len),
	dest, room, source, len)
FORWARD(int, uncompress2, (Bytef *dest, uLongf *room, const Bytef *source, uLong *len),
	dest, room, source, len)
FORWARD(const z_crc_t *, get_crc_table, (void))

FORWARD(uLong, adler32, (uLong sum, const Bytef *buf, uInt len), sum, buf, len)
FORWARD(uLong, adler32_z, (uLong sum, const Bytef *buf, z_size_t len), sum, buf, len)
FORWARD(uLong, adler32_combine, (uLong a, uLong b, z_off_t len), a, b, len)
FORWARD(uLong, adler32_combine64, (uLong a, uLong b, z_off64_t len), a, b, len)
FORWARD(uLong, crc32, (uLong sum, const Bytef *buf, uInt len), sum, buf, len)
FORWARD(uLong, crc32_z, (uLong sum, const Bytef *buf, z_size_t len), sum, buf, len)
FORWARD(uLong, crc32_combine, (uLong a, uLong b, z_off_t len), a, b, len)
FORWARD(uLong, crc32_combine64, (uLong a, uLong b, z_off64_t len), a, b, len)
FORWARD(uLong, crc32_combine_gen, (z_off_t len), len)
FORWARD(uLong, crc32_combine_gen64, (z_off64_t len), len)
FORWARD(uLong, crc32_combine_op, (uLong a, uLong b, uLong op), a, b, op)

FORWARD(gzFile, gzopen, (const char *path, const char *mode), path, mode)
FORWARD(gzFile, gzopen64, (const char *path, const char *mode), path, mode)
FORWARD(gzFile, gzdopen, (int fd, const char *mode), fd, mode)
FORWARD(int, gzbuffer, (gzFile file, unsigned int size), file, size)
FORWARD(int, gzsetparams, (gzFile file, int level, int strategy), file, level, strategy)
FORWARD(int, gzread, (gzFile file, voidp buf, unsigned int len), file, buf, len)
FORWARD(z_size_t, gzfread, (voidp buf, z_size_t size, z_size_t n, gzFile file), buf, size, n, file)
FORWARD(int, gzwrite, (gzFile file, voidpc buf, unsigned int len), file, buf, len)
FORWARD(z_size_t, gzfwrite, (voidpc buf, z_size_t size, z_size_t n, gzFile file),
	buf, size, n, file)
FORWARD(int, gzvprintf, (gzFile file, const char *format, va_list va), file, format, va)
FORWARD(int, gzputs, (gzFile file, const char *s), file, s)
FORWARD(char *, gzgets, (gzFile file, char *buf, int len), file, buf, len)
FORWARD(int, gzputc, (gzFile file, int c), file, c)
FORWARD(int, gzgetc, (gzFile file), file)
FORWARD(int, gzgetc_, (gzFile file), file)
FORWARD(int, gzungetc, (int c, gzFile file), c, file)
FORWARD(int, gzflush, (gzFile file, int flush), file, flush)
FORWARD(z_off_t, gzseek, (gzFile file, z_off_t offset, int whence), file, offset, whence)
FORWARD(z_off64_t, gzseek64, (gzFile file, z_off64_t offset, int whence), file, offset, whence)
FORWARD(int, gzrewind, (gzFile file), file)
FORWARD(z_off_t, gztell, (gzFile file), file)
FORWARD(z_off64_t, gztell64, (gzFile file), file)
FORWARD(z_off_t, gzoffset, (gzFile file), file)
FORWARD(z_off64_t, gzoffset64, (gzFile file), file)
FORWARD(int, gzeof, (gzFile file), file)
FORWARD(int, gzdirect, (gzFile file), file)
FORWARD(int, gzclose, (gzFile file), file)
FORWARD(int, gzclose_r, (gzFile file), file)
FORWARD(int, gzclose_w, (gzFile file), file)
FORWARD(const char *, gzerror, (gzFile file, int *err), file, err)

WDZ_EXPORT void gzclearerr(gzFile file)
{
	wdz_real()->gzclearerr(file);
}

WDZ_EXPORT int gzprintf(gzFile file, const char *format, ...)
{
	va_list va;
	int ret;

	va_start(va, format);
	ret = wdz_real()->gzvprintf(file, format, va);
	va_end(va);
	return ret;
}
