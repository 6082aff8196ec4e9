// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "deadfs.h"

static void reply(const struct deadfs *f, uint64_t unique, int error, void *data, size_t len)
{
	struct fuse_out_header out = { .len = sizeof(out) + len, .error = error, .unique = unique };
	struct iovec iov[] = { { &out, sizeof(out) }, { data, len } };

	/* What was interrupted meanwhile is gone, and says so. */
	if (writev(f->dev, iov, 2) < 0 && errno != ENOENT)
		perror("# /dev/fuse");
}

static void serve(struct deadfs *f, const struct fuse_in_header *in)
{
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096 };
	struct fuse_attr_out attr = { .attr_valid = 3600, .attr = {
		.ino = FUSE_ROOT_ID, .size = f->len, .mode = S_IFREG | 0600, .nlink = 1, .blksize = 4096,
	} };
	struct fuse_open_out opened = { .fh = 1 };

	switch (in->opcode) {
	case FUSE_INIT:
		reply(f, in->unique, 0, &init, sizeof(init));
		break;
	case FUSE_GETATTR:
		reply(f, in->unique, 0, &attr, sizeof(attr));
		break;
	case FUSE_OPEN:
		reply(f, in->unique, 0, &opened, sizeof(opened));
		break;
	case FUSE_READ:
		__atomic_add_fetch(&f->reads, 1, __ATOMIC_RELEASE);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(f, in->unique, -ENOSYS, NULL, 0);
	}
}

static void *server(void *arg)
{
	static char buf[1 << 17] __attribute__((aligned(8)));
	struct deadfs *f = arg;
	struct pollfd pfd = { .fd = f->dev, .events = POLLIN };

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		if (poll(&pfd, 1, 20) == 1 && read(f->dev, buf, sizeof(buf)) > 0)
			serve(f, (struct fuse_in_header *)buf);
	return NULL;
}

/* The file system is mounted on a file, and is one. */
static int mount_file(struct deadfs *f)
{
	char options[96];
	int fd;

	strcpy(f->path, "/tmp/deadfs-XXXXXX");
	fd = mkstemp(f->path);
	if (fd < 0)
		return -errno;
	close(fd);
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0",
		 f->dev, S_IFREG | 0600);
	if (!mount("deadfs", f->path, "fuse", MS_NOSUID | MS_NODEV, options))
		return 0;
	fd = -errno;
	unlink(f->path);
	return fd;
}

int deadfs_begin(struct deadfs *f, size_t len)
{
	struct stat st;
	int ret;

	*f = (struct deadfs) { .len = len, .fd = -1 };
	f->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (f->dev < 0)
		return -errno;
	ret = mount_file(f);
	if (ret) {
		close(f->dev);
		return ret;
	}
	ret = -pthread_create(&f->server, NULL, server, f);
	if (!ret)
		f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	/* The kernel asks for the length of the file when it is asked. */
	if (!ret && (f->fd < 0 || fstat(f->fd, &st)))
		ret = -errno;
	if (ret)
		deadfs_end(f);
	return ret;
}

unsigned int deadfs_reads(const struct deadfs *f)
{
	return __atomic_load_n(&f->reads, __ATOMIC_ACQUIRE);
}

/* The file is closed last: that asks the server, who is no more, nothing. */
void deadfs_end(struct deadfs *f)
{
	umount2(f->path, MNT_DETACH);
	__atomic_store_n(&f->stop, true, __ATOMIC_RELAXED);
	pthread_join(f->server, NULL);
	close(f->dev);
	if (f->fd >= 0)
		close(f->fd);
	unlink(f->path);
}
