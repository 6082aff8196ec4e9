// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nbdkit-wdipu-plugin: a block store that encrypts and protects what it is given, on an accelerator.
 * What nbdkit calls, and its parameters.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <nbdkit-plugin.h>

#include "stack.h"

#define THREAD_MODEL	NBDKIT_THREAD_MODEL_PARALLEL

#define KEY_MAX		64
#define PREFERRED	(64U << 10)
#define MAXIMUM		(32U << 20)	/* bytes of a request; that many are in a buffer as well */

/**
 * struct config - the parameters
 * @file:   of the data
 * @keyfile: the key is there
 * @stats:  file for the sums, or NULL
 * @mode:   of the device, or NULL
 * @device: it, or NULL
 * @size:   0: the file has one
 * @sector: bytes of a sector
 * @fuse:   may operations be fused?
 */
static struct config {
	char *file;
	char *keyfile;
	char *stats;
	char *mode;
	char *device;
	int64_t size;
	size_t sector;
	bool fuse;
} config = { .sector = 512, .fuse = true };

static uint8_t key[KEY_MAX];
static size_t key_len;
static struct stats stats = STATS_INIT;
static struct store *store;
static struct stack *stack;

/* --------------------------------------------------------------------- parameters */

static int set_path(char **to, const char *value)
{
	free(*to);
	*to = nbdkit_absolute_path(value);
	return *to ? 0 : -1;
}

static int set_string(char **to, const char *value)
{
	free(*to);
	*to = strdup(value);
	if (!*to)
		nbdkit_error("strdup: %m");
	return *to ? 0 : -1;
}

static int set_sector(const char *value)
{
	if (strcmp(value, "512") && strcmp(value, "4096")) {
		nbdkit_error("sector=%s: it can be 512 or 4096", value);
		return -1;
	}
	config.sector = (size_t)atoi(value);
	return 0;
}

static int set_fuse(const char *value)
{
	int fuse = nbdkit_parse_bool(value);

	config.fuse = fuse > 0;
	return fuse < 0 ? -1 : 0;
}

static int set_size(const char *value)
{
	config.size = nbdkit_parse_size(value);
	if (!config.size)
		nbdkit_error("size=0: a store has at least one sector");
	return config.size > 0 ? 0 : -1;
}

static int ipu_config(const char *name, const char *value)
{
	if (!strcmp(name, "file"))
		return set_path(&config.file, value);
	if (!strcmp(name, "keyfile"))
		return set_path(&config.keyfile, value);
	if (!strcmp(name, "stats"))
		return set_path(&config.stats, value);
	if (!strcmp(name, "mode"))
		return set_string(&config.mode, value);
	if (!strcmp(name, "device"))
		return set_string(&config.device, value);
	if (!strcmp(name, "size"))
		return set_size(value);
	if (!strcmp(name, "sector"))
		return set_sector(value);
	if (!strcmp(name, "fuse"))
		return set_fuse(value);
	nbdkit_error("%s is no parameter of this plugin", name);
	return -1;
}

static int ipu_config_complete(void)
{
	if (!config.file || !config.keyfile) {
		nbdkit_error("%s is missing", config.file ? "keyfile=PATH" : "file=PATH");
		return -1;
	}
	if (config.device && config.mode) {
		nbdkit_error("device= and mode= are alternatives");
		return -1;
	}
	if (config.size % (int64_t)config.sector) {
		nbdkit_error("size=%" PRId64 " is no multiple of sector=%zu", config.size, config.sector);
		return -1;
	}
	/* Protection tells sectors apart by 32 bits; the last of these numbers is the seal's. */
	if (config.size / (int64_t)config.sector >= UINT32_MAX) {
		nbdkit_error("size=%" PRId64 ": there can be %" PRIu32 " sectors", config.size, UINT32_MAX - 1);
		return -1;
	}
	return 0;
}

/* Raw bytes, and not one more. */
static int read_key(void)
{
	uint8_t buf[KEY_MAX + 1];
	ssize_t n = 0;
	int fd = open(config.keyfile, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		nbdkit_error("%s: %m", config.keyfile);
		return -1;
	}
	key_len = 0;
	while (key_len < sizeof(buf) && (n = read(fd, buf + key_len, sizeof(buf) - key_len)) > 0)
		key_len += (size_t)n;
	if (n < 0)
		nbdkit_error("%s: %m", config.keyfile);
	else if (key_len == 32 || key_len == 64)
		memcpy(key, buf, key_len);
	else
		nbdkit_error("%s: the key has %s%zu bytes; AES-XTS takes 32 or 64", config.keyfile,
			     key_len > KEY_MAX ? "more than " : "", key_len > KEY_MAX ? (size_t)KEY_MAX : key_len);
	explicit_bzero(buf, sizeof(buf));
	close(fd);
	return n < 0 || (key_len != 32 && key_len != 64) ? -1 : 0;
}

/* ------------------------------------------------------------------- begin and end */

static int open_stack(void)
{
	const struct stack_options options = {
		.sector = config.sector,
		.key = key,
		.key_len = key_len,
		.device = config.device,
		.mode = config.mode,
		.fuse = config.fuse,
	};

	return stack_open(&options, store, &stats, &stack);
}

/*
 * While there still is a terminal to complain to. A channel is not for the child of whoever opened
 * it, so this one is closed before nbdkit becomes a daemon.
 */
static int ipu_get_ready(void)
{
	const uint64_t sectors = (uint64_t)config.size / config.sector;
	bool made = false;
	int ret;

	if (read_key() ||
	    store_open(config.file, stack_block(config.sector), sectors ? sectors + 1 : 0, &made, &store))
		return -1;
	ret = open_stack();
	if (!ret)
		ret = made ? stack_format(stack) : stack_check(stack);
	stack_close(stack);
	stack = NULL;
	if (!ret)
		return 0;
	store_close(store, made);
	store = NULL;
	return -1;
}

static int ipu_after_fork(void)
{
	int ret = open_stack();

	explicit_bzero(key, sizeof(key));
	return ret ? -1 : 0;
}

static void write_stats(void)
{
	int ret;

	if (!config.stats || !stack)
		return;
	ret = stats_write(&stats, config.stats, stack_driver(stack), config.fuse);
	if (ret)
		nbdkit_error("%s: %s", config.stats, strerror(-ret));
}

static void ipu_unload(void)
{
	write_stats();
	stack_close(stack);
	store_close(store, false);
	explicit_bzero(key, sizeof(key));
	free(config.file);
	free(config.keyfile);
	free(config.stats);
	free(config.mode);
	free(config.device);
}

/* ---------------------------------------------------------------------- connections */

static void *ipu_open(int readonly)
{
	(void)readonly;
	return NBDKIT_HANDLE_NOT_NEEDED;
}

static void ipu_close(void *handle)
{
	(void)handle;
	write_stats();
}

static int64_t ipu_get_size(void *handle)
{
	(void)handle;
	return (int64_t)(stack_sectors(stack) * config.sector);
}

static int ipu_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
	(void)handle;
	*minimum = (uint32_t)config.sector;
	*preferred = PREFERRED;
	*maximum = MAXIMUM;
	return 0;
}

/* All connections are to one file, and what one flushes the others wrote. */
static int ipu_can_multi_conn(void *handle)
{
	(void)handle;
	return 1;
}

/* ------------------------------------------------------------------------- requests */

/* Clients are told of sectors; a filter of nbdkit, blocksize, is for those that do not listen. */
static bool is_whole(uint32_t count, uint64_t offset)
{
	if (!(count % config.sector) && !(offset % config.sector) && count <= MAXIMUM)
		return true;
	nbdkit_error("%" PRIu32 " bytes at %" PRIu64 " are no sectors, or too many", count, offset);
	nbdkit_set_error(EINVAL);
	return false;
}

/* What a client is told: whatever became of its data, it is an I/O error. */
static int answer(int ret, const char *what, uint32_t count, uint64_t offset)
{
	if (!ret)
		return 0;
	nbdkit_error("%s of %" PRIu32 " bytes at %" PRIu64 ": %s", what, count, offset,
		     ret == -EBADMSG ? "the backing file does not have what was written" : strerror(-ret));
	nbdkit_set_error(ret == -ENOMEM || ret == -ENOSPC ? -ret : EIO);
	return -1;
}

static int ipu_pread(void *handle, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
	(void)handle;
	(void)flags;
	if (!is_whole(count, offset))
		return -1;
	return answer(stack_read(stack, buf, offset / config.sector, count / config.sector), "read",
		      count, offset);
}

static int ipu_pwrite(void *handle, const void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
	(void)handle;
	(void)flags;
	if (!is_whole(count, offset))
		return -1;
	return answer(stack_write(stack, buf, offset / config.sector, count / config.sector), "write",
		      count, offset);
}

static int ipu_flush(void *handle, uint32_t flags)
{
	(void)handle;
	(void)flags;
	return answer(store_flush(store), "flush", 0, 0);
}

#define HELP \
	"file=PATH (required)     The backing file.\n" \
	"keyfile=PATH (required)  32 or 64 random bytes: the key for AES-XTS.\n" \
	"size=SIZE                Make the store where the file is missing or empty.\n" \
	"sector=512|4096          Bytes of a sector (default 512).\n" \
	"device=NAME              Which accelerator; or\n" \
	"mode=sva|share|noiommu   the first one of that mode.\n" \
	"fuse=true|false          Let it run several operations as one (default true).\n" \
	"stats=PATH               Keep sums of what requests cost there.\n"

static struct nbdkit_plugin plugin = {
	.name = "wdipu",
	.longname = "Warpdrive IPU example",
	.version = WD_IPU_VERSION,
	.description = "A block store, encrypted and protected by an accelerator.",
	.unload = ipu_unload,
	.config = ipu_config,
	.config_complete = ipu_config_complete,
	.config_help = HELP,
	.magic_config_key = "file",
	.get_ready = ipu_get_ready,
	.after_fork = ipu_after_fork,
	.open = ipu_open,
	.close = ipu_close,
	.get_size = ipu_get_size,
	.block_size = ipu_block_size,
	.can_multi_conn = ipu_can_multi_conn,
	.pread = ipu_pread,
	.pwrite = ipu_pwrite,
	.flush = ipu_flush,
};

NBDKIT_REGISTER_PLUGIN(plugin)
