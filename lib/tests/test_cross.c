// SPDX-License-Identifier: GPL-2.0-or-later
/* Random requests of each family, against what others make of them: cross.h. */
#include "cross.h"

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
	TEST(cipher),
	TEST(aead),
	TEST(digest),
	TEST(dma),
	TEST(compression),
};

TAP_MAIN(tests)
