// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
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
		__atomic_add_fetch(f->reads, 1, __ATOMIC_RELEASE);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(f, in->unique, -ENOSYS, NULL, 0);
	}
}

/* Alone with its file: what else its parent has open it must not keep. */
static void server(struct deadfs *f, pid_t parent)
{
	static char buf[1 << 17] __attribute__((aligned(8)));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	dup2(f->dev, STDERR_FILENO + 1);
	f->dev = STDERR_FILENO + 1;
	close_range(f->dev + 1, ~0U, 0);
	while (read(f->dev, buf, sizeof(buf)) > 0)
		serve(f, (struct fuse_in_header *)buf);
	_exit(0);
}

/* The file system is mounted on a file, and is one. */
static int mount_file(const struct deadfs *f, char *path)
{
	char options[96];
	int fd = mkstemp(path);

	if (fd < 0)
		return -errno;
	close(fd);
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0",
		 f->dev, S_IFREG | 0600);
	return mount("deadfs", path, "fuse", MS_NOSUID | MS_NODEV, options) ? -errno : 0;
}

static int open_file(struct deadfs *f, const char *path)
{
	struct stat st;

	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	/* The kernel asks for the length of the file when it is asked. */
	return f->fd < 0 || fstat(f->fd, &st) ? -errno : 0;
}

/*
 * The server is a process of its own, or a process that is killed would wait for
 * itself. The path is gone at once: who is killed leaves nothing behind.
 */
int deadfs_begin(struct deadfs *f, size_t len)
{
	char path[] = "/tmp/deadfs-XXXXXX";
	pid_t parent = getpid();
	int ret;

	*f = (struct deadfs) { .len = len, .fd = -1 };
	f->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (f->dev < 0)
		return -errno;
	f->reads = mmap(NULL, sizeof(*f->reads), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ret = mount_file(f, path);
	f->server = ret ? -1 : fork();
	if (!f->server)
		server(f, parent);
	close(f->dev);
	if (f->server > 0)
		ret = open_file(f, path);
	umount2(path, MNT_DETACH);
	unlink(path);
	if (ret)
		deadfs_end(f);
	return ret;
}

unsigned int deadfs_reads(const struct deadfs *f)
{
	return __atomic_load_n(f->reads, __ATOMIC_ACQUIRE);
}

void deadfs_end(struct deadfs *f)
{
	if (f->server > 0) {
		kill(f->server, SIGKILL);
		waitpid(f->server, NULL, 0);
	}
	if (f->fd >= 0)
		close(f->fd);
	munmap(f->reads, sizeof(*f->reads));
}
