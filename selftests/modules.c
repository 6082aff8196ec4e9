// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The modules, loaded and unloaded, with functions of any kind and number. Root
 * only; the devices are others after most tests.
 */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>

#include "harness.h"
#include "raw_mem.h"
#include "raw_ops.h"

static bool loaded(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static int unload(void)
{
	return system("rmmod wd_accel wd_uacce wd_hw wd_iommu");
}

static int load(void)
{
	int ret = system("modprobe wd_hw && modprobe wd_accel");

	raw_lift_fence();
	return ret ? ret : raw_wait_device(RAW_TIMEOUT_MS);
}

/* No matter which device tells that they work. */
FIXTURE(modules) {
	int before;
};

FIXTURE_SETUP(modules)
{
	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS)) TH_LOG("no device");
	self->before = raw_available();
}

FIXTURE_TEARDOWN(modules)
{
	struct raw_chan c;

	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	EXPECT_EQ(self->before, raw_available());
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
	raw_lift_fence();
}

static size_t iomem(char *buf, size_t size)
{
	int fd = open("/proc/iomem", O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	buf[len] = '\0';
	return len;
}

TEST_F(modules, load_and_unload)
{
	int rounds = raw_rounds(4, 50);
	static char before[1 << 14], now[1 << 14];
	glob_t found = {};

	for (int i = 0; i < rounds; i++) {
		struct raw_chan c;

		ASSERT_EQ(0, unload()) TH_LOG("round %d", i);
		EXPECT_FALSE(loaded("wd_accel"));
		EXPECT_FALSE(loaded("wd_uacce"));
		EXPECT_FALSE(loaded("wd_hw"));
		EXPECT_FALSE(loaded("wd_iommu"));
		EXPECT_EQ(GLOB_NOMATCH, glob("/sys/bus/pci/devices/5744:*", 0, NULL, &found));
		EXPECT_EQ(GLOB_NOMATCH, glob("/dev/wd_accel-*", 0, NULL, &found));
		ASSERT_LT(0, iomem(now, sizeof(now)));
		if (!i)
			strcpy(before, now);
		EXPECT_STREQ(before, now) TH_LOG("the memory map is another one");
		ASSERT_EQ(0, load()) TH_LOG("round %d", i);
		ASSERT_EQ(self->before, raw_available());
		ASSERT_EQ(0, raw_setup(&c));
		ASSERT_EQ(0, raw_nop(&c));
		raw_close(&c);
	}
}

/* The driver may come before the hardware. */
TEST_F(modules, driver_first)
{
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, system("modprobe wd_accel"));
	ASSERT_EQ(NULL, raw_name());
	ASSERT_EQ(0, system("modprobe wd_hw"));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
}

/* Any number and order of functions; the mode of each is found out. */
TEST_F(modules, functions)
{
	static const struct {
		const char *parameter;
		int sva, share, noiommu;
	} plugs[] = {
		{ "sva", 1, 0, 0 },
		{ "noiommu,share", 0, 1, 1 },
		{ "share,noiommu,share,sva", 1, 2, 1 },
		{ "sva,sva,share,share,noiommu,noiommu,sva,share", 3, 3, 2 },
	};
	static char names[16][RAW_NAME];
	char command[200];

	for (unsigned int i = 0; i < ARRAY_SIZE(plugs); i++) {
		int sva = 0, share = 0, noiommu = 0, n;

		ASSERT_EQ(0, unload());
		snprintf(command, sizeof(command), "modprobe wd_hw functions=%s && modprobe wd_accel",
			 plugs[i].parameter);
		ASSERT_EQ(0, system(command));
		ASSERT_EQ(0, system("udevadm settle"));
		n = raw_devices(names, ARRAY_SIZE(names));
		raw_lift_fence();
		while (n-- > 0) {
			struct raw_chan c;
			struct raw_mem m;

			raw_select(names[n]);
			sva += !strcmp(raw_mode(), "sva");
			share += !strcmp(raw_mode(), "share");
			noiommu += !strcmp(raw_mode(), "noiommu");
			ASSERT_EQ(0, raw_setup(&c)) TH_LOG("%s", names[n]);
			ASSERT_EQ(0, raw_mem_reserve(&c, &m, RAW_MEM_WORK));
			EXPECT_EQ(0, raw_mem_work(&c, &m, n + 1));
			raw_mem_unmap(&m);
			raw_close(&c);
		}
		EXPECT_EQ(plugs[i].sva, sva);
		EXPECT_EQ(plugs[i].share, share);
		EXPECT_EQ(plugs[i].noiommu, noiommu);
	}
	raw_select(NULL);
	ASSERT_EQ(0, unload());
	EXPECT_NE(0, system("modprobe wd_hw functions=sva,pasid 2>/dev/null"));
	EXPECT_NE(0, system("modprobe wd_hw functions=sva,sva,sva,sva,sva,sva,sva,sva,sva 2>/dev/null"));
	ASSERT_EQ(0, load());
}

/* Some algorithms: the name that the module has, and those that the device has. */
static const struct {
	int nr;
	const char *parameter;
	const char *names;
} algs[] = {
	{ WD_ALG_NR_DEFLATE, "deflate", "zlib\ngzip\ndeflate\n" },
	{ WD_ALG_NR_AES_CTR, "ctr(aes)", "ctr(aes)\n" },
	{ WD_ALG_NR_SHA256, "sha256", "sha256\nhmac(sha256)\n" },
	{ WD_ALG_NR_CRC32C, "crc32c", "crc32c\n" },
	{ WD_ALG_NR_MOVE, "move", "copy\nfill\ncompare\ndualcast\n" },
};

/* A device that was made with those of the table whose bits are set; without them it can @all. */
static void only_these(struct __test_metadata *_metadata, unsigned int set, uint64_t all)
{
	char command[200] = "modprobe wd_hw functions=sva algorithms='", names[200] = "", text[4096];
	const char *between = "";
	uint64_t bits = 0;
	struct raw_chan c;
	struct wd_cqe cqe;

	for (unsigned int i = 0; i < ARRAY_SIZE(algs); i++) {
		if (!(set & 1U << i))
			continue;
		strcat(strcat(command, between), algs[i].parameter);
		between = ",";
		if (!(all & WD_ALG_BIT(algs[i].nr)))
			continue;
		strcat(names, algs[i].names);
		bits |= WD_ALG_BIT(algs[i].nr);
	}
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, system(strcat(command, "' && modprobe wd_accel && udevadm settle")));
	ASSERT_EQ(0, raw_attr("algorithms", text, sizeof(text) - 1));
	EXPECT_STREQ(names, *text ? strcat(text, "\n") : text);
	ASSERT_EQ(0, raw_setup(&c));
	EXPECT_EQ(bits, c.layout.algs);
	for (unsigned int opcode = 0; opcode <= 0xff; opcode++) {
		struct wd_desc d = { .opcode = opcode };

		ASSERT_EQ(0, raw_do(&c, &d, &cqe));
		EXPECT_EQ(!raw_op_present(opcode, bits), cqe.status == WD_ST_BAD_OPCODE)
			TH_LOG("opcode %#x", opcode);
	}
	raw_close(&c);
}

/* The hardware computes what it is told to, and not a bit more. */
TEST_F(modules, algorithms)
{
	static const unsigned int sets[] = { 1, 4, 2 | 8, 1 | 16, 1 | 2 | 4 | 8 | 16 };
	struct raw_chan c;
	uint64_t all;

	ASSERT_EQ(0, raw_setup(&c));
	all = c.layout.algs;
	raw_close(&c);
	EXPECT_EQ(WD_ALG_DEFLATE, all & WD_ALG_DEFLATE);
	for (unsigned int i = 0; i < ARRAY_SIZE(sets); i++)
		only_these(_metadata, sets[i], all);
	ASSERT_EQ(0, unload());
	EXPECT_NE(0, system("modprobe wd_hw algorithms=rot13 2>/dev/null"));
	EXPECT_NE(0, system("modprobe wd_hw algorithms=deflate,rot13 2>/dev/null"));
	EXPECT_NE(0, system("modprobe wd_hw algorithms=gzip 2>/dev/null"));
	EXPECT_FALSE(loaded("wd_hw"));
	ASSERT_EQ(0, load());
}

/* Memory of one device, used by another one of the same mode. */
TEST_F(modules, memory_of_two_devices)
{
	static const char * const modes[] = { "share", "noiommu" };
	static char names[16][RAW_NAME];

	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, system("modprobe wd_hw functions=share,noiommu,share,noiommu && modprobe wd_accel"));
	ASSERT_EQ(0, system("udevadm settle"));
	raw_lift_fence();
	ASSERT_EQ(4, raw_devices(names, ARRAY_SIZE(names)));
	for (unsigned int k = 0; k < ARRAY_SIZE(modes); k++) {
		struct raw_chan c[2];
		struct raw_mem m, other;
		int n = 0;

		for (int i = 0; i < 4 && n < 2; i++) {
			raw_select(names[i]);
			if (!strcmp(raw_mode(), modes[k]))
				ASSERT_EQ(0, raw_setup(&c[n++]));
		}
		ASSERT_EQ(2, n);
		ASSERT_EQ(0, raw_mem_reserve(&c[1], &m, RAW_MEM_WORK));
		ASSERT_EQ(0, raw_mem_share(&c[0], &other, &c[1], &m));
		EXPECT_EQ(0, raw_mem_work(&c[0], &other, 1));
		EXPECT_EQ(0, raw_mem_work(&c[1], &m, 2));
		raw_close(&c[1]);
		EXPECT_EQ(0, raw_mem_work(&c[0], &other, 3));
		raw_close(&c[0]);
		raw_mem_forget(&other);
		raw_mem_unmap(&m);
	}
	raw_select(NULL);
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load());
}

/* The group of the selected device's function, "" where it has none. */
static void group_of(char *group, size_t size)
{
	char link[PATH_MAX], real[PATH_MAX] = "";

	snprintf(link, sizeof(link), "%s/iommu_group", raw_pci());
	if (!realpath(link, real))
		real[0] = '\0';
	snprintf(group, size, "%s", real);
}

/* What is mapped for one of them is mapped for all of them, and for nobody else. */
TEST_F(modules, share_functions_have_one_domain)
{
	static char names[4][RAW_NAME], group[4][PATH_MAX];
	struct raw_chan c[2];
	struct raw_mem m;
	struct wd_desc d;
	struct wd_cqe cqe;
	uint64_t iova;

	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, system("modprobe wd_hw functions=share,sva,share,noiommu && modprobe wd_accel"));
	ASSERT_EQ(0, system("udevadm settle"));
	ASSERT_EQ(4, raw_devices(names, ARRAY_SIZE(names)));
	for (int i = 0; i < 4; i++) {
		raw_select(names[i]);
		group_of(group[i], sizeof(group[i]));
	}
	EXPECT_STRNE("", group[0]);
	EXPECT_STREQ(group[0], group[2]);
	EXPECT_STRNE("", group[1]);
	EXPECT_STRNE(group[0], group[1]);
	EXPECT_STREQ("", group[3]);

	raw_select(names[0]);
	ASSERT_EQ(0, raw_setup(&c[0]));
	ASSERT_EQ(0, raw_mem_reserve(&c[0], &m, RAW_MEM_WORK));
	raw_select(names[2]);
	ASSERT_EQ(0, raw_setup(&c[1]));
	EXPECT_EQ(0, raw_mem_work(&c[1], &m, 1));
	iova = raw_dma(&m, m.va);
	raw_mem_unmap(&m);
	raw_close(&c[0]);
	d = raw_deflate(WD_COMP_GZIP, 1, (void *)iova, 100, (void *)(iova + 4096), 1000);
	EXPECT_EQ(0, raw_do(&c[1], &d, &cqe));
	EXPECT_EQ(WD_ST_FAULT_UNMAPPED, cqe.status);
	raw_close(&c[1]);
	raw_select(NULL);
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load());
}

TEST_HARNESS_MAIN
