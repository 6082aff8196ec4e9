// SPDX-License-Identifier: GPL-2.0-or-later
/* Random requests of each family, against what others make of them: cross.h. */
#include "cross.h"
#include "cross_crc.h"

/* The catalogue of parametrised CRC algorithms, "check". */
static void references(void)
{
	static const char data[] = "123456789";

	CHECK(cross_crc(&cross_crc32c, 0, data, 9) == 0xe3069283);
	CHECK(cross_crc(&cross_crc64, 0, data, 9) == 0x6c40df5f0b497347);
	CHECK(cross_crc(&cross_crc64_nvme, 0, data, 9) == 0xae8b14860a799888);
	CHECK(cross_crc(&cross_crc_t10dif, 0, data, 9) == 0xd0db);
	CHECK(cross_crc(&cross_crc32c, cross_crc(&cross_crc32c, 0, data, 4), data + 4, 5) == 0xe3069283);
}

static void cipher(void)
{
	CHECK(cross_run(&cross_cipher));
}

static void aead(void)
{
	CHECK(cross_run(&cross_aead));
}

static void digest(void)
{
	CHECK(cross_run(&cross_digest));
}

static void dma(void)
{
	CHECK(cross_run(&cross_dma));
}

static void compression(void)
{
	CHECK(cross_comp());
}

static const struct tap_test tests[] = {
	TEST(references),
	TEST(cipher),
	TEST(aead),
	TEST(digest),
	TEST(dma),
	TEST(compression),
};

TAP_MAIN(tests)
