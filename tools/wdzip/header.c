// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "header.h"

#define METHOD_DEFLATE	8
#define FHCRC		0x02
#define FEXTRA		0x04
#define FNAME		0x08
#define FCOMMENT	0x10
#define XFL_BEST	2
#define XFL_FAST	4
#define OS_UNIX		3

size_t header_build(const struct gz_header *header, int level,
		    unsigned char *buf)
{
	size_t name_len = strlen(header->name);

	buf[0] = 0x1f;
	buf[1] = 0x8b;
	buf[2] = METHOD_DEFLATE;
	buf[3] = name_len ? FNAME : 0;
	for (int i = 0; i < 4; i++)
		buf[4 + i] = header->mtime >> 8 * i;
	buf[8] = level == 9 ? XFL_BEST : level == 1 ? XFL_FAST : 0;
	buf[9] = OS_UNIX;
	if (!name_len)
		return GZ_FIXED_HEADER;
	memcpy(buf + GZ_FIXED_HEADER, header->name, name_len + 1);
	return GZ_FIXED_HEADER + name_len + 1;
}

bool header_has_magic(const unsigned char *data, size_t len)
{
	return len >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

bool header_is_fixed(const unsigned char *data)
{
	return header_has_magic(data, GZ_FIXED_HEADER) &&
	       data[2] == METHOD_DEFLATE && data[3] == 0;
}

/*
 * A name from a file that anybody may have made: what is before the last slash
 * goes, so that it cannot leave the directory.
 */
static void take_name(struct gz_header *header, const char *name)
{
	const char *slash = strrchr(name, '/');

	if (slash)
		name = slash + 1;
	if (strlen(name) > NAME_MAX || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return;
	strcpy(header->name, name);
}

/* Length of the string at @pos with its end, 0: it has none. */
static size_t string_len(const unsigned char *data, size_t len, size_t pos)
{
	const unsigned char *end = NULL;

	if (pos < len)
		end = memchr(data + pos, 0, len - pos);
	return end ? (size_t)(end - data) - pos + 1 : 0;
}

size_t header_parse(struct gz_header *header, const unsigned char *data,
		    size_t len)
{
	size_t pos = GZ_FIXED_HEADER, part;

	memset(header, 0, sizeof(*header));
	if (len < GZ_FIXED_HEADER)
		return 0;
	for (int i = 0; i < 4; i++)
		header->mtime |= (uint32_t)data[4 + i] << 8 * i;
	if (data[3] & FEXTRA) {
		if (len < pos + 2)
			return 0;
		pos += 2 + (data[pos] | data[pos + 1] << 8);
	}
	if (data[3] & FNAME) {
		part = string_len(data, len, pos);
		if (!part)
			return 0;
		take_name(header, (const char *)data + pos);
		pos += part;
	}
	if (data[3] & FCOMMENT) {
		part = string_len(data, len, pos);
		if (!part)
			return 0;
		pos += part;
	}
	if (data[3] & FHCRC)
		pos += 2;
	return pos;
}
