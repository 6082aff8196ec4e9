// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known about memory by its address. Nothing of it is read or written. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem_registry.h"
#include "tap.h"

#define VA(n)		((void *)(uintptr_t)(n))
#define THREADS		4
#define CYCLES		2000

static const struct wd_slice slices[] = {
	{ 0x0000, 0x2000, 0x900000 },
	{ 0x2000, 0x1000, 0x100000 },
	{ 0x4000, 0x4000, 0x500000 },	/* behind a gap */
};

static bool is_slice(const struct wd_slice *s, uint64_t offset, uint64_t size,
		     uint64_t dma)
{
	REQUIRE(s->offset == offset && s->size == size && s->dma == dma);
	return true;
}

static bool is_unknown(const void *addr, size_t size)
{
	struct wd_slice *out = VA(1);

	REQUIRE(wd_mem_slices_of(addr, size, &out) == 0 && !out);
	return true;
}

static void clipped_to_the_range(void)
{
	struct wd_slice *out;

	CHECK(!wd_mem_registry_add(VA(0x10000), 0x8000, slices, 3));
	CHECK(wd_mem_slices_of(VA(0x10000), 0x8000, &out) == 3);
	CHECK(is_slice(&out[0], 0, 0x2000, 0x900000));
	CHECK(is_slice(&out[1], 0x2000, 0x1000, 0x100000));
	CHECK(is_slice(&out[2], 0x4000, 0x4000, 0x500000));
	free(out);

	CHECK(wd_mem_slices_of(VA(0x11800), 0x2c00, &out) == 3);
	CHECK(is_slice(&out[0], 0, 0x800, 0x901800));
	CHECK(is_slice(&out[1], 0x800, 0x1000, 0x100000));
	CHECK(is_slice(&out[2], 0x2800, 0x400, 0x500000));
	free(out);

	/* Longer than the memory, even to the end of the address space. */
	CHECK(wd_mem_slices_of(VA(0x17fff), SIZE_MAX, &out) == 1);
	CHECK(is_slice(&out[0], 0, 1, 0x503fff));
	free(out);

	CHECK(is_unknown(VA(0x13000), 0x1000));
	CHECK(is_unknown(VA(0x10000), 0));
	CHECK(is_unknown(VA(0xffff), 0x8000));
	CHECK(is_unknown(VA(0x18000), 0x8000));
	wd_mem_registry_del(VA(0x10000));
	CHECK(is_unknown(VA(0x10000), 0x8000));
}

static void bad_memories(void)
{
	struct wd_slice bad[2] = { { 0, 0x1000, 0 }, { 0xfff, 0x1000, 0 } };

	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, bad, 2) == -EINVAL);
	bad[1] = (struct wd_slice){ 0x1000, 0, 0 };
	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, bad, 2) == -EINVAL);
	bad[1] = (struct wd_slice){ 0x1000, 0x7001, 0 };
	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, bad, 2) == -EINVAL);
	bad[1] = (struct wd_slice){ 0x1000, UINT64_MAX, 0 };
	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, bad, 2) == -EINVAL);
	bad[1] = (struct wd_slice){ UINT64_MAX, 2, 0 };
	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, bad, 2) == -EINVAL);

	CHECK(wd_mem_registry_add(NULL, 0x8000, slices, 3) == -EINVAL);
	CHECK(wd_mem_registry_add(VA(0x10000), 0, slices, 3) == -EINVAL);
	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, slices, 0) == -EINVAL);
	CHECK(wd_mem_registry_add(VA(0x10000), 0x8000, NULL, 3) == -EINVAL);
	CHECK(wd_mem_registry_add(VA(UINTPTR_MAX - 0x7ffe), 0x8000, slices, 3) ==
	      -EINVAL);
	CHECK(is_unknown(VA(0x10000), 0x8000));
}

static void no_two_overlap(void)
{
	CHECK(!wd_mem_registry_add(VA(0x20000), 0x8000, slices, 3));
	CHECK(wd_mem_registry_add(VA(0x20000), 0x8000, slices, 3) == -EEXIST);
	CHECK(wd_mem_registry_add(VA(0x27fff), 0x8000, slices, 3) == -EEXIST);
	CHECK(wd_mem_registry_add(VA(0x18001), 0x8000, slices, 3) == -EEXIST);
	CHECK(!wd_mem_registry_add(VA(0x28000), 0x8000, slices, 3));
	CHECK(!wd_mem_registry_add(VA(0x18000), 0x8000, slices, 3));
	wd_mem_registry_del(VA(0x20001));
	CHECK(wd_mem_registry_add(VA(0x20000), 0x8000, slices, 3) == -EEXIST);
	wd_mem_registry_del(VA(0x20000));
	CHECK(!wd_mem_registry_add(VA(0x20000), 0x8000, slices, 3));
	wd_mem_registry_del(VA(0x18000));
	wd_mem_registry_del(VA(0x20000));
	wd_mem_registry_del(VA(0x28000));
}

static void *come_and_go(void *arg)
{
	char *va = arg;
	struct wd_slice *out;

	for (int i = 0; i < CYCLES; i++) {
		if (wd_mem_registry_add(va, 0x8000, slices, 3) ||
		    wd_mem_slices_of(va + 0x2000, 0x1000, &out) != 1 ||
		    out->dma != 0x100000)
			return va;
		free(out);
		wd_mem_registry_del(va);
		if (wd_mem_slices_of(va, 0x8000, &out))
			return va;
	}
	return NULL;
}

static void several_threads(void)
{
	pthread_t threads[THREADS];
	bool failed = false;
	void *ret;

	for (uintptr_t i = 0; i < THREADS; i++)
		CHECK(!pthread_create(&threads[i], NULL, come_and_go,
				      VA(0x10000 + i * 0x8000)));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &ret);
		failed |= !!ret;
	}
	CHECK(!failed);
}

/* A child maps other things where its parent had memory. */
static void in_a_child(void)
{
	struct wd_slice s = { .size = 0x2000 };
	int status;
	pid_t pid;

	CHECK(!wd_mem_registry_add(VA(0x1000), 0x2000, &s, 1));
	pid = fork();
	if (!pid)
		_exit(wd_mem_registry_add(VA(0x2000), 0x2000, &s, 1) ||
		      wd_mem_registry_add(VA(0x2000), 0x2000, &s, 1) != -EEXIST);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK(wd_mem_registry_add(VA(0x2000), 0x2000, &s, 1) == -EEXIST);
	wd_mem_registry_del(VA(0x1000));
}

static const struct tap_test tests[] = {
	TEST(clipped_to_the_range),
	TEST(bad_memories),
	TEST(no_two_overlap),
	TEST(several_threads),
	TEST(in_a_child),
};

TAP_MAIN(tests)
