// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nbdkit-plugin.h>

#include "store.h"

/**
 * struct range - blocks that somebody is at
 * @first: the first of them
 * @end:   the one behind the last
 * @write: they are written
 * @next:  another one
 */
struct range {
	uint64_t first;
	uint64_t end;
	bool write;
	struct range *next;
};

/**
 * struct store - a backing file
 * @fd:     the file
 * @block:  bytes of a block
 * @blocks: how many there are
 * @lock:   guards @busy
 * @left:   signalled when a range leaves @busy
 * @busy:   ranges under way
 */
struct store {
	int fd;
	size_t block;
	uint64_t blocks;
	pthread_mutex_t lock;
	pthread_cond_t left;
	struct range *busy;
};

/* ------------------------------------------------------------------- who may go on */

/* A file is written page by page, and a block that is read meanwhile would be of two minds. */
static bool must_wait(const struct store *store, const struct range *range)
{
	for (const struct range *r = store->busy; r; r = r->next)
		if ((r->write || range->write) && r->first < range->end && range->first < r->end)
			return true;
	return false;
}

static void enter(struct store *store, struct range *range)
{
	pthread_mutex_lock(&store->lock);
	while (must_wait(store, range))
		pthread_cond_wait(&store->left, &store->lock);
	range->next = store->busy;
	store->busy = range;
	pthread_mutex_unlock(&store->lock);
}

static void leave(struct store *store, struct range *range)
{
	struct range **p = &store->busy;

	pthread_mutex_lock(&store->lock);
	while (*p != range)
		p = &(*p)->next;
	*p = range->next;
	pthread_cond_broadcast(&store->left);
	pthread_mutex_unlock(&store->lock);
}

/* ------------------------------------------------------------------------ blocks */

static int read_all(int fd, uint8_t *buf, size_t len, off_t at)
{
	while (len) {
		ssize_t n = pread(fd, buf, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		buf += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

static int write_all(int fd, const uint8_t *buf, size_t len, off_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, buf, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		buf += n;
		len -= (size_t)n;
		at += n;
	}
	return 0;
}

int store_read(struct store *store, void *buf, uint64_t first, size_t count)
{
	struct range range = { .first = first, .end = first + count };
	int ret;

	enter(store, &range);
	ret = read_all(store->fd, buf, count * store->block, (off_t)(first * store->block));
	leave(store, &range);
	return ret;
}

int store_write(struct store *store, const void *buf, uint64_t first, size_t count)
{
	struct range range = { .first = first, .end = first + count, .write = true };
	int ret;

	enter(store, &range);
	ret = write_all(store->fd, buf, count * store->block, (off_t)(first * store->block));
	leave(store, &range);
	return ret;
}

int store_flush(struct store *store)
{
	return fdatasync(store->fd) ? -errno : 0;
}

uint64_t store_blocks(const struct store *store)
{
	return store->blocks;
}

/* ------------------------------------------------------------------ opening, closing */

static int open_file(const char *path, bool create)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0600);
	int ret;

	if (fd < 0) {
		ret = -errno;
		nbdkit_error("%s: %s%s", path, strerror(-ret),
			     ret == -ENOENT ? "; size=SIZE makes one" : "");
		return ret;
	}
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	ret = -errno;
	nbdkit_error("%s: %s", path, ret == -EWOULDBLOCK ? "it is being served already" : strerror(-ret));
	close(fd);
	return ret;
}

/* How many blocks there are, or what is wrong. */
static int count_blocks(struct store *store, const char *path, uint64_t blocks, bool *made)
{
	const uint64_t wanted = blocks * store->block;
	struct stat st;

	if (fstat(store->fd, &st))
		goto err_errno;
	if (!S_ISREG(st.st_mode)) {
		nbdkit_error("%s: it is no regular file", path);
		return -EINVAL;
	}
	*made = blocks && !st.st_size;
	if (*made && ftruncate(store->fd, (off_t)wanted))
		goto err_errno;
	store->blocks = *made ? blocks : (uint64_t)st.st_size / store->block;
	if (!*made && (!st.st_size || (uint64_t)st.st_size % store->block)) {
		nbdkit_error("%s: its %jd bytes are no blocks of %zu: it was cut, has another sector=, or is no store",
			     path, (intmax_t)st.st_size, store->block);
		return -EINVAL;
	}
	if (blocks && store->blocks != blocks) {
		nbdkit_error("%s: it has %jd bytes, where size= would make %" PRIu64, path,
			     (intmax_t)st.st_size, wanted);
		return -EINVAL;
	}
	return 0;

err_errno:
	nbdkit_error("%s: %m", path);
	return -errno;
}

int store_open(const char *path, size_t block, uint64_t blocks, bool *made, struct store **store)
{
	struct store *s = calloc(1, sizeof(*s));
	int ret;

	if (!s) {
		nbdkit_error("no memory");
		return -ENOMEM;
	}
	s->block = block;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->left, NULL);
	s->fd = open_file(path, blocks);
	ret = s->fd < 0 ? s->fd : count_blocks(s, path, blocks, made);
	if (ret) {
		store_close(s, false);
		return ret;
	}
	*store = s;
	return 0;
}

void store_close(struct store *store, bool empty)
{
	if (!store)
		return;
	if (empty && ftruncate(store->fd, 0))
		nbdkit_error("cannot empty the backing file: %m");
	if (store->fd >= 0)
		close(store->fd);
	pthread_cond_destroy(&store->left);
	pthread_mutex_destroy(&store->lock);
	free(store);
}
