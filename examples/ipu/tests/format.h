/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a backing file should have, made by libcrypto and a CRC by its definition. */
#ifndef IPU_TEST_FORMAT_H
#define IPU_TEST_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_KEY	64
#define FORMAT_TUPLE	8

/* A sector as it is stored: @len + FORMAT_TUPLE bytes at @block. */
void format_block(uint8_t *block, const uint8_t *data, size_t len, uint64_t sector, const uint8_t *key);

#endif
