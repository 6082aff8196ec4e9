// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device that errs too often is taken out of use, and brought back by who may do
 * so. Its errors are made by debugfs: it swallows mailbox commands. Each takes the
 * driver's whole patience, so there are few of them.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "harness.h"
#include "raw_mem.h"

#define SIZE		(1UL << 20)

FIXTURE(bad) {
	char bdf[32];
	char dir[512];
	char ignore[128];
	int before;
	long strategy;
	struct raw_mem m;
	struct raw_chan c;
};

FIXTURE_VARIANT(bad) {
	const char *mode;
	bool reset;		/* before it is bound again */
};

FIXTURE_VARIANT_ADD(bad, share) { .mode = "share" };
FIXTURE_VARIANT_ADD(bad, noiommu) { .mode = "noiommu", .reset = true };

static int write_attr(const char *name, const char *text)
{
	return raw_write_in(raw_sysfs(), name, text);
}

FIXTURE_SETUP(bad)
{
	unsigned int slot;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, raw_select_mode(variant->mode)) TH_LOG("no device");
	self->c.fd = -1;
	self->before = raw_available();
	self->strategy = raw_attr_num("isolate_strategy");
	snprintf(self->bdf, sizeof(self->bdf), "%s", raw_bdf());
	snprintf(self->dir, sizeof(self->dir), "%s", raw_pci());
	/* Functions are numbered as they are plugged in. */
	ASSERT_EQ(1, sscanf(self->bdf, "%*x:%*x:%x.0", &slot));
	snprintf(self->ignore, sizeof(self->ignore),
		 "/sys/kernel/debug/wd_hw/%u/ignore_mailbox", slot);
	ASSERT_EQ(0, access(self->ignore, W_OK)) TH_LOG("no %s", self->ignore);
}

/* Whatever a test did: reset and bound again it is as good as new. */
FIXTURE_TEARDOWN(bad)
{
	char old[32];

	raw_mem_unmap(&self->m);
	raw_close(&self->c);
	EXPECT_EQ(0, raw_write(self->ignore, "0"));
	EXPECT_EQ(0, raw_write_in(self->dir, "reset", "1"));
	EXPECT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	EXPECT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	snprintf(old, sizeof(old), "%ld", self->strategy);
	EXPECT_EQ(0, write_attr("isolate_strategy", old));
	EXPECT_EQ(0, raw_attr_num("isolate"));
	EXPECT_EQ(0, raw_reserved());
	EXPECT_EQ(self->before, raw_available());
	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, RAW_MEM_WORK));
	EXPECT_EQ(0, raw_mem_work(&self->c, &self->m, 1));
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
}

/*
 * A channel with memory of both kinds, whose end the device does not confirm. It is
 * not asked again before it was reset; until then it may still write to that memory,
 * which stays.
 */
static void end_unanswered(struct __test_metadata *_metadata, FIXTURE_DATA(bad) *self)
{
	long pinned = raw_pinned();
	struct raw_mem imported;
	struct raw_chan c;

	ASSERT_EQ(0, raw_setup(&self->c));
	ASSERT_EQ(0, raw_mem_reserve(&self->c, &self->m, SIZE));
	ASSERT_EQ(0, raw_mem_work(&self->c, &self->m, 1));
	ASSERT_EQ(0, raw_mem_import(&self->c, &imported, raw_memory(SIZE), SIZE, 0));
	raw_mem_forget(&imported);
	ASSERT_EQ(0, raw_write(self->ignore, "1"));
	raw_mem_unmap(&self->m);
	raw_close(&self->c);
	EXPECT_EQ(SIZE, raw_reserved());
	EXPECT_LT(pinned, raw_pinned());
	EXPECT_EQ(-EIO, raw_setup(&c));
}

static void works_again(struct __test_metadata *_metadata, long pinned)
{
	struct raw_chan c;

	EXPECT_EQ(0, raw_reserved());
	EXPECT_EQ(pinned, raw_wait_pinned(pinned));
	EXPECT_EQ(0, raw_attr_num("isolate"));
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
}

TEST_F(bad, errs_too_often)
{
	long pinned = raw_pinned();
	struct raw_chan c;

	ASSERT_EQ(0, write_attr("isolate_strategy", "2"));
	end_unanswered(_metadata, self);
	/* Once is not often. */
	EXPECT_EQ(0, raw_attr_num("isolate"));
	ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
	works_again(_metadata, pinned);

	end_unanswered(_metadata, self);
	EXPECT_EQ(1, raw_attr_num("isolate"));
	EXPECT_EQ(-EPERM, write_attr("isolate_strategy", "100"));
	EXPECT_EQ(-EPERM, write_attr("isolate_strategy", "0"));
	EXPECT_EQ(2, raw_attr_num("isolate_strategy"));
	/* Other devices are in use. */
	raw_select_mode("sva");
	EXPECT_EQ(0, raw_attr_num("isolate"));
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
	raw_select_mode(variant->mode);
	if (variant->reset) {
		/* It lets go of memory, but is no better a device. */
		ASSERT_EQ(0, raw_write_in(self->dir, "reset", "1"));
		EXPECT_EQ(0, raw_reserved());
		EXPECT_EQ(1, raw_attr_num("isolate"));
		EXPECT_EQ(-EIO, raw_open(&c));
	}
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "unbind", self->bdf));
	EXPECT_EQ(pinned, raw_wait_pinned(pinned));
	ASSERT_EQ(0, raw_write_in(RAW_DRIVER, "bind", self->bdf));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	works_again(_metadata, pinned);
}

TEST_HARNESS_MAIN
