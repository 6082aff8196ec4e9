// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <nbdkit-plugin.h>

#include "device.h"

static int mode_type(const char *mode)
{
	static const char *const names[] = {
		[WD_IOMMU_NONE] = "noiommu",
		[WD_IOMMU_SHARED] = "share",
		[WD_IOMMU_SVA] = "sva",
	};

	for (int i = 0; i < (int)(sizeof(names) / sizeof(*names)); i++)
		if (!strcmp(mode, names[i]))
			return i;
	return -EINVAL;
}

static int request_path(struct wd_chan *ch, const char *path)
{
	int n;

	*ch = (struct wd_chan){ 0 };
	n = snprintf(ch->dev_path, sizeof(ch->dev_path), "%s%s", strchr(path, '/') ? "" : "/dev/", path);
	return n < (int)sizeof(ch->dev_path) ? wd_request_channel(ch) : -ENODEV;
}

/* The first one of that mode that has a channel left. */
static int request_mode(struct wd_chan *ch, const char *mode)
{
	struct uacce_dev_list *list = NULL;
	int type = mode_type(mode), ret;

	if (type < 0) {
		nbdkit_error("mode=%s: there are sva, share, noiommu", mode);
		return type;
	}
	ret = wd_get_dev_list(NULL, &list);
	if (ret < 0)
		return ret;
	ret = -ENODEV;
	for (struct uacce_dev_list *l = list; l && ret; l = l->next)
		if (l->info->iommu_type == type)
			ret = request_path(ch, l->info->dev_path);
	wd_free_dev_list(list);
	return ret;
}

static void set_name(struct device *device)
{
	const struct wd_chan *ch = wd_seq_ctx_channel(device->sc);

	snprintf(device->name, sizeof(device->name), "%s",
		 ch->dev_info ? ch->dev_info->name : "software");
}

int device_open(struct device *device, const char *name, const char *mode)
{
	const bool asked = name || mode;
	int ret = 0;

	*device = (struct device){ 0 };
	if (name)
		ret = request_path(&device->ch, name);
	else if (mode)
		ret = request_mode(&device->ch, mode);
	if (!ret)
		ret = wd_seq_ctx_create(asked ? &device->ch : NULL, &device->sc);
	if (ret) {
		nbdkit_error("%s%s: no channel: %s", name ? "device=" : mode ? "mode=" : "libwd",
			     name ? name : mode ? mode : "", strerror(-ret));
		wd_release_channel(&device->ch);
		return ret;
	}
	set_name(device);
	return 0;
}

void device_close(struct device *device)
{
	wd_seq_ctx_destroy(device->sc);
	wd_release_channel(&device->ch);
}
