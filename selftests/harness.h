/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's kselftest_harness.h, and when a test counts as hanging. That is no measure of
 * speed: the harness's own 30 seconds are short on an emulated, busy machine, for a debug
 * kernel above all. run.sh bounds a program as a whole.
 */
#ifndef WD_SELFTEST_HARNESS_H
#define WD_SELFTEST_HARNESS_H

#include <kselftest_harness.h>

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#endif
