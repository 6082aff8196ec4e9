/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest TAP producer: a table of functions, each of which returns at its
 * first failed CHECK. Included by one file a program.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static bool tap_failed;
static const char *tap_skipped;		/* set by a test: why it is skipped */

/* For the main thread of a test function that returns void. */
#define CHECK(cond) do {						\
	if (!(cond)) {							\
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		tap_failed = true;					\
		return;							\
	}								\
} while (0)

/* The same for a helper, which returns false where it failed. */
#define REQUIRE(cond) do {						\
	if (!(cond)) {							\
		printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond);	\
		return false;						\
	}								\
} while (0)

struct tap_test {
	const char *name;
	void (*run)(void);
};

#define TEST(fn) { #fn, fn }

static inline int tap_run(const struct tap_test *tests, size_t n)
{
	bool any = false;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		tap_failed = false;
		tap_skipped = NULL;
		tests[i].run();
		printf("%sok %zu %s%s%s\n", tap_failed ? "not " : "", i + 1,
		       tests[i].name, tap_skipped ? " # SKIP " : "",
		       tap_skipped ? tap_skipped : "");
		any |= tap_failed;
	}
	return any ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define TAP_MAIN(tests)							\
int main(void)								\
{									\
	return tap_run(tests, sizeof(tests) / sizeof(*(tests)));	\
}

#endif
