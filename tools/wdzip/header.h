/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header of a gzip member, RFC 1952. The device makes and checks members
 * by itself; here is what it does not know about: the name and the time.
 */
#ifndef WDZIP_HEADER_H
#define WDZIP_HEADER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GZ_FIXED_HEADER		10	/* bytes of a header without a name */
#define GZ_TRAILER		8	/* checksum and length */
#define GZ_MAX_HEADER		(GZ_FIXED_HEADER + NAME_MAX + 1)

/**
 * struct gz_header - what a header says
 * @mtime: modification time in seconds, 0: not known
 * @name:  name without directory, "": none
 */
struct gz_header {
	uint32_t mtime;
	char name[NAME_MAX + 1];
};

/* Build a header in @buf of GZ_MAX_HEADER bytes; returns its length. */
size_t header_build(const struct gz_header *header, int level,
		    unsigned char *buf);

/* Do @data begin with the magic number of gzip? */
bool header_has_magic(const unsigned char *data, size_t len);

/*
 * Read name and time of the header at @data; what is not there, not whole, or
 * no usable file name is left empty. Returns the length of the header, 0 where
 * it is not whole.
 */
size_t header_parse(struct gz_header *header, const unsigned char *data,
		    size_t len);

/* Is this the fixed header, with nothing after it but data? */
bool header_is_fixed(const unsigned char *data);

#endif
