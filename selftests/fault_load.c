// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every allocation below our modules fails in turn while they are loaded, while
 * the device comes and while it goes. What fails leaves nothing behind, and the
 * same step works when it is made again.
 */
#include <fcntl.h>
#include <glob.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "harness.h"
#include "fault.h"
#include "raw.h"


/* More than any step has. */
#define MAX_SITES	5000

/* In the order in which they need each other. */
static const char * const modules[] = { "wd_iommu", "wd_uacce", "wd_hw", "wd_accel" };

static int module_path(const char *name, char *path, size_t size)
{
	struct utsname u;
	glob_t found;
	char pattern[300];
	int ret;

	uname(&u);
	snprintf(pattern, sizeof(pattern), "/lib/modules/%s/*/%s.ko", u.release, name);
	ret = glob(pattern, 0, NULL, &found);
	if (ret)
		return -ENOENT;
	snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
	return 0;
}

/*
 * One function, of a few channels, and an algorithm of each kind: others, and each
 * interrupt vector, have sites of their own, all alike.
 */
#define FEW	"channels=3 algorithms=deflate,cbc(aes),gcm(aes),sha256 functions="
static const char *hardware = FEW "sva";

static int load(const char *name)
{
	const char *parameters = strcmp(name, "wd_hw") ? "" : hardware;
	char path[300];
	int fd, ret = module_path(name, path, sizeof(path));

	if (ret)
		return ret;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static int unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

static bool loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

/* Load or unload until the first @n of the modules are there. */
static int load_first(unsigned int n)
{
	unsigned int i;
	int ret = 0;

	for (i = ARRAY_SIZE(modules); !ret && i-- > n;)
		if (loaded(modules[i]))
			ret = unload(modules[i]);
	for (i = 0; !ret && i < n; i++)
		if (!loaded(modules[i]))
			ret = load(modules[i]);
	return ret;
}

static bool function_is_there(void)
{
	glob_t found;
	bool there = !glob("/sys/bus/pci/devices/5744:*", 0, NULL, &found);

	if (there)
		globfree(&found);
	return there;
}

FIXTURE(fault) {
	char bdf[64];
	char dir[300];
	char memory[1 << 14];
};

static void read_iomem(char *buf, size_t size)
{
	FILE *file = fopen("/proc/iomem", "re");
	size_t len = 0;

	if (file) {
		len = fread(buf, 1, size - 1, file);
		fclose(file);
	}
	buf[len] = '\0';
}

FIXTURE_VARIANT(fault) {
	const char *mode;
	const char *hardware;
};

/* The steps differ where the driver takes the function in use: with PASIDs, or without. */
FIXTURE_VARIANT_ADD(fault, sva) { .mode = "sva", .hardware = FEW "sva" };
FIXTURE_VARIANT_ADD(fault, share) { .mode = "share", .hardware = FEW "share" };

#define ONCE() do { \
	if (strcmp(variant->mode, "sva")) \
		SKIP(return, "the same in every mode"); \
} while (0)

FIXTURE_SETUP(fault)
{
	int ret = fault_init(&fault_anywhere);

	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no fault injection");
	ASSERT_EQ(0, ret);
	raw_select_mode(variant->mode);
	hardware = variant->hardware;
	ASSERT_EQ(0, load_first(0));
	read_iomem(self->memory, sizeof(self->memory));
	ASSERT_NE(NULL, strstr(self->memory, "System RAM"));
	ASSERT_EQ(0, load_first(ARRAY_SIZE(modules)));
	ASSERT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	ASSERT_NE(NULL, raw_bdf());
	snprintf(self->bdf, sizeof(self->bdf), "%s", raw_bdf());
	snprintf(self->dir, sizeof(self->dir), "/sys/bus/pci/devices/%s", self->bdf);
}

FIXTURE_TEARDOWN(fault)
{
	struct raw_chan c;

	EXPECT_EQ(0, load_first(0));
	EXPECT_EQ(0, system("modprobe wd_hw && modprobe wd_accel"));
	EXPECT_EQ(0, raw_wait_device(RAW_TIMEOUT_MS));
	raw_lift_fence();
	EXPECT_EQ(0, raw_setup(&c));
	EXPECT_EQ(0, raw_nop(&c));
	raw_close(&c);
	fault_report();
}

/* A step made by writing to sysfs; @undo brings back what was before, and works. */
struct step {
	int (*act)(const char *dir, const char *bdf);
	int (*undo)(const char *dir, const char *bdf);
	bool (*may_say)(int ret);	/* after a failure; NULL: nothing but 0 */
};

/* What the PCI and MSI cores make of a failed allocation is theirs. */
static bool any_errno(int ret)
{
	return ret < 0;
}

static int bind(const char *dir, const char *bdf)
{
	return raw_write_in(RAW_DRIVER, "bind", bdf);
}

static int unbind(const char *dir, const char *bdf)
{
	return raw_write_in(RAW_DRIVER, "unbind", bdf);
}

static int reset(const char *dir, const char *bdf)
{
	return raw_write_in(dir, "reset", "1");
}

static int take_away(const char *dir, const char *bdf)
{
	return raw_write_in(dir, "remove", "1");
}

/* The PCI core does not say that it found no memory for a device. */
static int find_again(const char *dir, const char *bdf)
{
	int ret = raw_write("/sys/bus/pci/rescan", "1");

	if (ret)
		return ret;
	return function_is_there() ? 0 : -ENOMEM;
}

/*
 * Return: the number of sites on the way of loading module number @n. The driver's
 * has none of its own: see bind.
 */
static unsigned int load_sites(struct __test_metadata *_metadata, unsigned int n)
{
	unsigned int nth = 0;
	int failed, ret;

	do {
		EXPECT_EQ(0, load_first(n));
		EXPECT_EQ(0, fault_arm(0, ++nth));
		ret = load(modules[n]);
		failed = fault_disarm(0);
		EXPECT_LE(0, failed);
		EXPECT_EQ(!ret, loaded(modules[n]));
		if (!failed || !fault_errno(ret))
			EXPECT_EQ(0, ret) TH_LOG("site %u", nth);
	} while (failed == 1 && nth < MAX_SITES);
	return nth - 1;
}

static void every_load(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self, unsigned int n)
{
	static char now[sizeof(self->memory)];
	unsigned int sites = load_sites(_metadata, n);

	TH_LOG("%u sites", sites);
	EXPECT_GT(MAX_SITES, sites);
	EXPECT_LT(0, sites);
	EXPECT_EQ(0, load_first(0));
	EXPECT_FALSE(function_is_there());
	read_iomem(now, sizeof(now));
	EXPECT_STREQ(self->memory, now);
}

TEST_F_TIMEOUT(fault, load_iommu, 600)
{
	ONCE();
	every_load(_metadata, self, 0);
}

TEST_F_TIMEOUT(fault, load_uacce, 600)
{
	ONCE();
	every_load(_metadata, self, 1);
}

/*
 * The PCI core does not survive failures of its own while it adds a bus and its
 * devices: pci_register_host_bridge() then loses the windows or puts the bridge
 * once too often, pci_device_add() warns and goes on with half a device, and
 * pci_create_resource_files() frees attributes that are freed again when the device
 * goes. They lie between these two, with all that only they call.
 */
static const struct fault_scope not_in_pci = {
	.depth = 32,
	.not_from = "pci_device_add",
	.not_to = "pci_create_resource_files",
};

/* So near to the site there is only our own code where the PCI core calls it back. */
static const struct fault_scope in_callbacks = {
	.depth = 8,
	.not_from = "pci_device_add",
	.not_to = "pci_create_resource_files",
};

TEST_F_TIMEOUT(fault, load_hw, 600)
{
	ONCE();
	ASSERT_EQ(0, fault_init(&not_in_pci));
	every_load(_metadata, self, 2);
}

TEST_F_TIMEOUT(fault, load_hw_callbacks, 600)
{
	ONCE();
	ASSERT_EQ(0, fault_init(&in_callbacks));
	every_load(_metadata, self, 2);
}

/* The last step of each loop is one in which nothing fails. */
TEST_F_TIMEOUT(fault, unload, 600)
{
	ONCE();
	for (unsigned int n = ARRAY_SIZE(modules); n--;) {
		unsigned int nth = 0;
		int failed;

		do {
			ASSERT_EQ(0, load_first(n + 1));
			ASSERT_EQ(0, fault_arm(0, ++nth));
			EXPECT_EQ(0, unload(modules[n]));
			failed = fault_disarm(0);
		} while (failed == 1 && nth < MAX_SITES);
		EXPECT_EQ(0, failed);
		TH_LOG("%s: %u sites", modules[n], nth - 1);
	}
}

static void every_site(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self,
		       const struct step *step)
{
	unsigned int nth = 0;
	int failed, ret;

	do {
		ASSERT_EQ(0, fault_arm(0, ++nth));
		ret = step->act(self->dir, self->bdf);
		failed = fault_disarm(0);
		EXPECT_LE(0, failed);
		if (failed != 1 || !step->may_say || !step->may_say(ret))
			EXPECT_EQ(0, ret) TH_LOG("site %u", nth);
		/* Until it has worked once there is nothing to undo. */
		if (ret)
			EXPECT_EQ(0, step->act(self->dir, self->bdf)) TH_LOG("after site %u", nth);
		if (step->undo)
			ASSERT_EQ(0, step->undo(self->dir, self->bdf)) TH_LOG("after site %u", nth);
	} while (failed == 1 && nth < MAX_SITES);
	TH_LOG("%u sites", nth - 1);
}

/* Files of /proc/irq that could not be made are warned about when they are removed. */
static const struct fault_scope not_in_proc_irq = {
	.depth = 32,
	.not_from = "register_handler_proc",
	.not_to = "register_irq_proc",
};

TEST_F_TIMEOUT(fault, bind, 600)
{
	ASSERT_EQ(0, fault_init(&not_in_proc_irq));
	ASSERT_EQ(0, unbind(self->dir, self->bdf));
	every_site(_metadata, self, &(struct step){ bind, unbind, any_errno });
	ASSERT_EQ(0, bind(self->dir, self->bdf));
}

TEST_F(fault, unbind)
{
	every_site(_metadata, self, &(struct step){ unbind, bind });
}

TEST_F(fault, reset)
{
	ONCE();
	every_site(_metadata, self, &(struct step){ reset });
}

TEST_F(fault, hot_unplug)
{
	ONCE();
	every_site(_metadata, self, &(struct step){ take_away, find_again });
}

/* Without a driver: see bind. */
TEST_F_TIMEOUT(fault, hot_plug, 600)
{
	ONCE();
	ASSERT_EQ(0, unload("wd_accel"));
	ASSERT_EQ(0, take_away(self->dir, self->bdf));
	every_site(_metadata, self, &(struct step){ find_again, take_away, fault_errno });
	ASSERT_EQ(0, find_again(self->dir, self->bdf));
}

TEST_HARNESS_MAIN
