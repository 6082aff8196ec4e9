// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"

#define SPIN_NS		50000	/* then yield between looks */

static int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	if (n && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return 0;
}

static const char * const classes[] = { "/sys/class/uacce", "/sys/class/wd_uacce" };

/* What raw_select() was told; empty: the first one of the mode. */
static char selected[RAW_NAME];
static const char *selected_mode = "sva";

static const char *mode_of(long flags)
{
	if (flags & UACCE_DEV_SVA)
		return "sva";
	return flags & UACCE_DEV_NOIOMMU ? "noiommu" : "share";
}

static bool speaks_our_format(const char *dir)
{
	char path[PATH_MAX], buf[256];

	snprintf(path, sizeof(path), "%s/api", dir);
	return !read_file(path, buf, sizeof(buf)) && !strcmp(buf, WD_ACCEL_API);
}

/* A device comes and goes in these tests, so nothing is remembered. */
static bool is_ours(const char *dir)
{
	char path[PATH_MAX], buf[256];

	if (!speaks_our_format(dir))
		return false;
	if (selected[0])
		return !strcmp(strrchr(dir, '/') + 1, selected);
	snprintf(path, sizeof(path), "%s/flags", dir);
	return !read_file(path, buf, sizeof(buf)) && !strcmp(mode_of(atol(buf)), selected_mode);
}

static bool find_in(const char *class, char *dir, size_t size)
{
	struct dirent **names;
	bool found = false;
	int n, i;

	n = scandir(class, &names, NULL, versionsort);
	for (i = 0; i < n; i++) {
		if (!found && names[i]->d_name[0] != '.') {
			snprintf(dir, size, "%s/%s", class, names[i]->d_name);
			found = is_ours(dir);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return found;
}

static int list_class(const char *class, char names[][RAW_NAME], int max)
{
	struct dirent **entries;
	char dir[PATH_MAX];
	int n, i, found = 0;

	n = scandir(class, &entries, NULL, versionsort);
	for (i = 0; i < n; i++) {
		snprintf(dir, sizeof(dir), "%s/%s", class, entries[i]->d_name);
		if (found < max && entries[i]->d_name[0] != '.' && speaks_our_format(dir))
			snprintf(names[found++], RAW_NAME, "%s", entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return found;
}

int raw_devices(char names[][RAW_NAME], int max)
{
	int n = 0;

	for (unsigned int i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		n += list_class(classes[i], names + n, max - n);
	return n;
}

void raw_select(const char *name)
{
	snprintf(selected, sizeof(selected), "%s", name ? name : "");
	selected_mode = "sva";
}

int raw_select_mode(const char *mode)
{
	selected[0] = '\0';
	selected_mode = mode;
	if (!strcmp(mode, "noiommu"))
		raw_lift_fence();
	return raw_sysfs() ? 0 : -ENODEV;
}

const char *raw_mode(void)
{
	long flags = raw_attr_num("flags");

	return flags < 0 ? selected_mode : mode_of(flags);
}

int raw_lift_fence(void)
{
	return raw_write(RAW_FENCE, "1");
}

const char *raw_sysfs(void)
{
	static __thread char dir[512];

	for (unsigned int i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (find_in(classes[i], dir, sizeof(dir)))
			return dir;
	return NULL;
}

const char *raw_name(void)
{
	const char *dir = raw_sysfs();

	return dir ? strrchr(dir, '/') + 1 : NULL;
}

const char *raw_node(void)
{
	static __thread char node[512];
	const char *name = raw_name();

	if (!name)
		return NULL;
	snprintf(node, sizeof(node), "/dev/%s", name);
	return node;
}

const char *raw_pci(void)
{
	static __thread char real[PATH_MAX];
	const char *dir = raw_sysfs();
	char link[PATH_MAX];

	if (!dir)
		return NULL;
	snprintf(link, sizeof(link), "%s/device", dir);
	return realpath(link, real);
}

const char *raw_bdf(void)
{
	const char *dir = raw_pci();

	return dir ? strrchr(dir, '/') + 1 : NULL;
}

int raw_attr(const char *name, char *buf, size_t size)
{
	const char *dir = raw_sysfs();
	char path[PATH_MAX];

	if (!dir)
		return -ENODEV;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return read_file(path, buf, size);
}

long raw_attr_num(const char *name)
{
	char buf[256], *end;
	long value;
	int ret;

	ret = raw_attr(name, buf, sizeof(buf));
	if (ret)
		return ret;
	value = strtol(buf, &end, 10);
	return end == buf || *end ? -EPROTO : value;
}

int raw_write(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		ret = -errno;
	close(fd);
	return ret;
}

int raw_write_in(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return raw_write(path, text);
}

int raw_available(void)
{
	return raw_attr_num("available_instances");
}

int raw_rounds(int normal, int soak)
{
	if (getenv("SOAK"))
		return soak;
	return getenv("SLOW") ? (normal + 3) / 4 : normal;
}

int64_t raw_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int raw_online_cpus(void)
{
	static int n;

	if (!n)
		n = sysconf(_SC_NPROCESSORS_ONLN);
	return n;
}

void *raw_memory(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		_exit(EXIT_FAILURE);
	}
	return p;
}

static int past_ms(int64_t begin)
{
	return (raw_now_ns() - begin) / 1000000;
}

int raw_wait_available(int n, int timeout_ms)
{
	int64_t begin = raw_now_ns();

	while (raw_available() != n) {
		if (past_ms(begin) > timeout_ms)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return past_ms(begin);
}

int raw_wait_device(int timeout_ms)
{
	int64_t begin = raw_now_ns();

	while (!raw_node() || access(raw_node(), R_OK | W_OK)) {
		if (past_ms(begin) > timeout_ms)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

static void *map_region(int fd, int region, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       region * sysconf(_SC_PAGESIZE));

	return p == MAP_FAILED ? NULL : p;
}

static int map_all(struct raw_chan *c)
{
	c->mmio = map_region(c->fd, UACCE_QFRT_MMIO, c->mmio_size);
	if (!c->mmio)
		return -errno;
	c->dus = map_region(c->fd, UACCE_QFRT_DUS, c->dus_size);
	if (!c->dus)
		return -errno;
	c->status = (void *)(c->dus + c->layout.status_offset);
	c->sq = (void *)(c->dus + c->layout.sq_offset);
	c->cq = (void *)(c->dus + c->layout.cq_offset);
	return 0;
}

int raw_open(struct raw_chan *c)
{
	const char *node = raw_node();
	int ret;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	if (!node)
		return -ENODEV;
	c->mmio_size = raw_attr_num("region_mmio_size");
	c->dus_size = raw_attr_num("region_dus_size");
	c->fd = open(node, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return -errno;
	ret = ioctl(c->fd, WD_CMD_GET_LAYOUT, &c->layout) ? -errno : map_all(c);
	if (ret)
		raw_close(c);
	return ret;
}

int raw_start(struct raw_chan *c)
{
	return ioctl(c->fd, UACCE_CMD_START_Q) ? -errno : 0;
}

int raw_setup(struct raw_chan *c)
{
	int ret = raw_open(c);

	if (ret)
		return ret;
	ret = raw_start(c);
	if (ret)
		raw_close(c);
	return ret;
}

void raw_unmap(struct raw_chan *c)
{
	if (c->mmio)
		munmap((void *)c->mmio, c->mmio_size);
	if (c->dus)
		munmap(c->dus, c->dus_size);
	c->mmio = NULL;
	c->dus = NULL;
}

void raw_close(struct raw_chan *c)
{
	raw_unmap(c);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

void raw_put(struct raw_chan *c, const struct wd_desc *d)
{
	c->sq[c->tail++ & (c->layout.sq_depth - 1)] = *d;
}

static void store_doorbell(struct raw_chan *c, unsigned int db, uint32_t value)
{
	/* What the doorbell is about is written before it. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	*(volatile uint32_t *)(c->mmio + db) = value;
}

void raw_store_tail(struct raw_chan *c, uint32_t tail)
{
	store_doorbell(c, WD_DB_SQ_TAIL, tail);
}

void raw_store_head(struct raw_chan *c, uint32_t head)
{
	store_doorbell(c, WD_DB_CQ_HEAD, head);
}

int raw_kick(struct raw_chan *c)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!c->status->need_kick)
		return 0;
	return ioctl(c->fd, WD_CMD_KICK) ? -errno : 0;
}

int raw_ring(struct raw_chan *c)
{
	raw_store_tail(c, c->tail);
	return raw_kick(c);
}

int raw_peek(struct raw_chan *c, struct wd_cqe *cqe)
{
	volatile struct wd_cqe *slot = &c->cq[c->head & (c->layout.cq_depth - 1)];
	uint16_t phase = !(c->head & c->layout.cq_depth);

	if (slot->phase != phase)
		return -EAGAIN;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*cqe = *(struct wd_cqe *)slot;
	c->head++;
	return 0;
}

/* Between two looks: on one CPU the engine needs it. */
static void pause_between(int64_t begin)
{
	if (raw_online_cpus() > 1 && raw_now_ns() - begin < SPIN_NS)
		__builtin_ia32_pause();
	else
		sched_yield();
}

int raw_get(struct raw_chan *c, struct wd_cqe *cqe, int timeout_ms)
{
	int64_t begin = raw_now_ns();

	while (raw_peek(c, cqe)) {
		/* What was completed before an error is there to be read. */
		if (c->status->state == WD_CHAN_ERROR) {
			if (!raw_peek(c, cqe))
				break;
			return -EIO;
		}
		if (past_ms(begin) > timeout_ms)
			return -ETIMEDOUT;
		pause_between(begin);
	}
	raw_store_head(c, c->head);
	return 0;
}

int raw_do(struct raw_chan *c, const struct wd_desc *d, struct wd_cqe *cqe)
{
	int ret;

	raw_put(c, d);
	ret = raw_ring(c);
	if (ret)
		return ret;
	ret = raw_get(c, cqe, RAW_TIMEOUT_MS);
	if (ret)
		return ret;
	return cqe->tag == d->tag ? 0 : -EPROTO;
}

int raw_nop(struct raw_chan *c)
{
	static uint64_t tag = 0x4e4f5000;
	struct wd_desc d = { .opcode = WD_OP_NOP,
			     .tag = __atomic_add_fetch(&tag, 1, __ATOMIC_RELAXED) };
	struct wd_cqe cqe;
	int ret = raw_do(c, &d, &cqe);

	if (ret)
		return ret;
	return cqe.status || cqe.consumed || cqe.produced ? -EPROTO : 0;
}

int raw_wait_state(struct raw_chan *c, uint32_t state, int timeout_ms)
{
	int64_t begin = raw_now_ns();

	while (c->status->state != state) {
		if (past_ms(begin) > timeout_ms)
			return -ETIMEDOUT;
		sched_yield();
	}
	return 0;
}

struct wd_desc raw_deflate(int format, int level, const void *src, size_t len,
			   void *dst, size_t room)
{
	return (struct wd_desc) {
		.opcode = WD_OP_DEFLATE,
		.op = WD_COMP_NEW | level << WD_COMP_LEVEL_SHIFT |
		      15 << WD_COMP_WINDOW_SHIFT |
		      format << WD_COMP_FORMAT_SHIFT |
		      WD_COMP_FINISH << WD_COMP_FLUSH_SHIFT,
		.tag = 0xdef1a7e,
		.src = (uintptr_t)src,
		.dst = (uintptr_t)dst,
		.src_len = len,
		.dst_len = room,
	};
}

struct wd_desc raw_inflate(int format, const void *src, size_t len, void *dst,
			   size_t room)
{
	return (struct wd_desc) {
		.opcode = WD_OP_INFLATE,
		.op = WD_COMP_NEW | format << WD_COMP_FORMAT_SHIFT,
		.tag = 0x1f1a7e,
		.src = (uintptr_t)src,
		.dst = (uintptr_t)dst,
		.src_len = len,
		.dst_len = room,
	};
}

/* xorshift32; a seed of zero would stay zero. */
uint32_t raw_random(uint32_t *seed)
{
	uint32_t x = *seed ? *seed : 0x9e3779b9;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*seed = x;
	return x;
}

void raw_fill_random(void *buf, size_t len, uint32_t seed)
{
	uint8_t *p = buf;

	while (len--)
		*p++ = raw_random(&seed) >> 11;
}

void raw_fill_text(void *buf, size_t len, uint32_t seed)
{
	static const char * const words[] = {
		"the ", "channel ", "of ", "a ", "device ", "and ", "its ",
		"ring ", "is ", "memory ", "to ", "page ", "in ", "work, ",
		"engine.\n", "0x7fff",
	};
	char *p = buf, *end = p + len;

	while (p < end) {
		const char *w = words[raw_random(&seed) >> 7 & 15];

		while (*w && p < end)
			*p++ = *w++;
	}
}
