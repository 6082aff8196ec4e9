// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening and closing channels. What runs on them is the vendor drivers'. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <misc/uacce/uacce.h>
#include <misc/uacce/wd_uacce.h>

#include "chan.h"
#include "clock.h"
#include "domain.h"
#include "mem.h"

_Static_assert(WD_PRIORITY_MIN == WD_WEIGHT_MIN &&
	       WD_PRIORITY_DEFAULT == WD_WEIGHT_DEFAULT &&
	       WD_PRIORITY_MAX == WD_WEIGHT_MAX, "the weights are the kernel's");

int wd_chan_adopt(struct wd_chan *ch)
{
	struct wd_chan_lib *lib;
	int ret;

	ret = wd_mem_attach(ch);
	if (ret)
		return ret;
	lib = mmap(NULL, sizeof(*lib), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (lib == MAP_FAILED) {
		wd_mem_detach(ch, false);
		return -ENOMEM;
	}

	lib->domain = wd_domain_new_channel(ch, ch->dev_info ? ch->dev_info->name : "software");
	if (!lib->domain) {
		munmap(lib, sizeof(*lib));
		wd_mem_detach(ch, false);
		return -ENOMEM;
	}

	if (madvise(lib, sizeof(*lib), MADV_WIPEONFORK))
		lib->pid = getpid();
	pthread_mutex_init(&lib->lock, NULL);
	lib->owned = true;
	ch->lib = lib;
	return 0;
}

static void chan_disown(struct wd_chan *ch)
{
	struct wd_chan_lib *lib = ch->lib;

	wd_domain_drop_channel(ch);
	if (!wd_chan_inherited(ch))
		pthread_mutex_destroy(&lib->lock);
	munmap(lib, sizeof(*lib));
	ch->lib = NULL;
}

bool wd_chan_inherited(const struct wd_chan *ch)
{
	const struct wd_chan_lib *lib = ch->lib;

	return !lib->owned || (lib->pid && lib->pid != getpid());
}

void wd_chan_lock(struct wd_chan *ch)
{
	struct wd_chan_lib *lib = ch->lib;

	pthread_mutex_lock(&lib->lock);
}

void wd_chan_unlock(struct wd_chan *ch)
{
	struct wd_chan_lib *lib = ch->lib;

	pthread_mutex_unlock(&lib->lock);
}

/* Open the device of @info; it becomes the channel's. */
static int chan_open_device(struct wd_chan *ch, struct uacce_dev_info *info)
{
	int fd, ret;

	fd = open(info->dev_path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ch->dev_info = info;
	ret = wd_chan_adopt(ch);
	if (ret) {
		ch->dev_info = NULL;
		close(fd);
		return ret;
	}

	ch->fd = fd;
	memcpy(ch->dev_path, info->dev_path, sizeof(ch->dev_path));
	ch->ss_va = NULL;
	ch->ss_dma = NULL;
	ch->nr_3rd = 0;
	ch->ops = NULL;
	ch->vendor = NULL;
	return 0;
}

/*
 * Is it worth to open this device? The one that was asked for is tried in any
 * case: its own answer says more than a number that was read before.
 */
static int chan_check(const struct wd_chan *ch, const struct uacce_dev_info *info)
{
	if (ch->dev_path[0])
		return strcmp(ch->dev_path, info->dev_path) ? -ENODEV : 0;
	if (info->available_instances <= 0 || info->isolate > 0)
		return -EBUSY;
	return 0;
}

int wd_chan_open(struct wd_chan *ch, const struct wd_sysfs_roots *roots)
{
	struct uacce_dev_list *list, *dev;
	int ret, err;

	if (!ch || ch->lib || !memchr(ch->dev_path, 0, sizeof(ch->dev_path)))
		return -EINVAL;

	ret = wd_sysfs_scan(roots, ch->alg, &list);
	if (ret < 0)
		return ret;

	ret = -ENODEV;
	for (dev = list; dev; dev = dev->next) {
		err = chan_check(ch, dev->info);
		if (err == -ENODEV)
			continue;
		if (!err)
			err = chan_open_device(ch, dev->info);
		if (!err) {
			dev->info = NULL;
			ret = 0;
			break;
		}
		/* A reason that open(2) gave tells more than "it is full". */
		if (ret == -ENODEV || err != -EBUSY)
			ret = err;
	}
	wd_free_dev_list(list);
	return ret;
}

int wd_request_channel(struct wd_chan *ch)
{
	struct wd_sysfs_roots roots;
	int ret;

	ret = wd_sysfs_system_roots(&roots);
	return ret ? ret : wd_chan_open(ch, &roots);
}

void wd_release_channel(struct wd_chan *ch)
{
	bool inherited;

	if (!ch || !ch->lib)
		return;

	inherited = wd_chan_inherited(ch);
	if (!inherited)
		wd_async_thread_stop(ch);
	if (ch->ops)
		ch->ops->release(ch);
	/* A mapping that somebody else goes on using holds the file. */
	if (!inherited && ch->dev_info && wd_mem_is_lent(ch))
		ioctl(ch->fd, UACCE_CMD_PUT_Q);
	wd_mem_detach(ch, inherited);
	if (ch->dev_info)
		close(ch->fd);
	chan_disown(ch);
	free(ch->dev_info);
	ch->dev_info = NULL;
	ch->fd = -1;
	ch->ss_va = NULL;
	ch->ss_dma = NULL;
	ch->nr_3rd = 0;
	ch->ops = NULL;
	ch->vendor = NULL;
}

int wd_is_sharing(struct wd_chan *ch, void *dma_addr)
{
	(void)dma_addr;
	if (!ch || !ch->lib)
		return -EINVAL;
	return wd_mem_is_plain(ch);
}

int wd_set_priority(struct wd_chan *ch, unsigned int weight)
{
	uint32_t arg = weight;

	if (!ch || !ch->lib || weight < WD_PRIORITY_MIN || weight > WD_PRIORITY_MAX)
		return -EINVAL;
	if (wd_chan_inherited(ch))
		return -EPERM;
	if (!ch->dev_info || !ioctl(ch->fd, WD_CMD_SET_PRIORITY, &arg))
		return 0;
	return errno == ENOTTY ? -EOPNOTSUPP : -errno;
}

int wd_poll(struct wd_chan *ch, unsigned int max, int timeout_ms)
{
	int64_t deadline;
	int ret;

	if (!ch || !ch->lib)
		return -EINVAL;
	if (wd_chan_inherited(ch))
		return -EPERM;
	if (!ch->ops)
		return -EINVAL;
	if (!timeout_ms)
		return ch->ops->poll(ch, max, 0);

	/* A poll that somebody woke returns 0 before its time. */
	deadline = wd_deadline(timeout_ms);
	do {
		ret = ch->ops->poll(ch, max, timeout_ms);
		if (ret)
			return ret;
		timeout_ms = wd_remaining_ms(deadline, -1);
	} while (timeout_ms);
	return 0;
}
