// SPDX-License-Identifier: GPL-2.0-or-later
/* The native driver: channels of devices that speak WD_ACCEL_API. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../chan.h"
#include "accel.h"

#define BITS	64

static int accel_poll(struct wd_chan *ch, unsigned int max, int timeout_ms)
{
	struct wd_accel *accel = ch->vendor;

	return wd_ring_poll(accel->ring, max, timeout_ms);
}

static void accel_wake(struct wd_chan *ch)
{
	struct wd_accel *accel = ch->vendor;

	wd_ring_wake(accel->ring);
}

static bool alloc_ids(struct wd_ids *ids, uint32_t n)
{
	ids->n = n;
	ids->used = calloc(n / BITS + 1, sizeof(*ids->used));
	return ids->used;
}

static void free_ids(struct wd_accel *accel)
{
	free(accel->streams.used);
	free(accel->keys.used);
}

static void accel_release(struct wd_chan *ch)
{
	struct wd_accel *accel = ch->vendor;
	bool inherited = wd_chan_inherited(ch);

	wd_ring_close(accel->ring, inherited);
	wd_bounce_pool_free(accel->pool, inherited);
	if (!inherited)
		pthread_mutex_destroy(&accel->lock);
	free_ids(accel);
	free(accel);
}

static const struct wd_chan_ops accel_ops = {
	.poll = accel_poll,
	.wake = accel_wake,
	.release = accel_release,
};

static bool is_usable(const struct uacce_dev_info *info, const char *alg)
{
	return !strcmp(info->api, WD_ACCEL_API) &&
	       wd_alg_listed(info->algorithms, alg);
}

/* Make an open channel ready for descriptors. */
static int accel_attach(struct wd_chan *ch)
{
	const struct wd_chan_layout *layout;
	struct wd_accel *accel;
	bool ok;
	int ret;

	accel = calloc(1, sizeof(*accel));
	if (!accel)
		return -ENOMEM;
	ret = wd_ring_open(ch, &accel->ring);
	if (ret)
		goto err_free;

	layout = wd_ring_layout(accel->ring);
	ok = alloc_ids(&accel->streams, layout->streams) &&
	     alloc_ids(&accel->keys, layout->keys);
	if (!wd_mem_is_plain(ch))
		accel->pool = wd_bounce_pool_new(ch);
	if (!ok || (!accel->pool && !wd_mem_is_plain(ch))) {
		ret = -ENOMEM;
		goto err_close;
	}
	pthread_mutex_init(&accel->lock, NULL);
	accel->ch = ch;
	ch->vendor = accel;
	ch->ops = &accel_ops;
	return 0;

err_close:
	wd_bounce_pool_free(accel->pool, false);
	free_ids(accel);
	wd_ring_close(accel->ring, false);
err_free:
	free(accel);
	return ret;
}

/* Use the channel that the caller has: ours already, or nobody's so far. */
static int accel_join(struct wd_chan *ch, const char *alg, uint64_t alg_bit,
		      struct wd_accel **out)
{
	struct wd_accel *accel;
	int ret = -ENODEV;

	if (!ch->dev_info || !is_usable(ch->dev_info, alg))
		return -ENODEV;

	wd_chan_lock(ch);
	if (!ch->ops)
		ret = accel_attach(ch);
	else if (ch->ops == &accel_ops)
		ret = 0;
	if (ret)
		goto out;

	accel = ch->vendor;
	if (wd_ring_layout(accel->ring)->algs & alg_bit) {
		accel->users++;
		*out = accel;
	} else {
		ret = -ENODEV;
	}
out:
	wd_chan_unlock(ch);
	return ret;
}

static int accel_open(const char *dev_path, const char *alg, uint64_t alg_bit,
		      struct wd_accel **accel)
{
	struct vendor_chan *vc;
	int ret;

	vc = calloc(1, sizeof(*vc));
	if (!vc)
		return -ENOMEM;
	memcpy(vc->ch.dev_path, dev_path, sizeof(vc->ch.dev_path));

	ret = wd_request_channel(&vc->ch);
	if (ret)
		goto err_free;
	ret = accel_join(&vc->ch, alg, alg_bit, accel);
	if (ret)
		goto err_release;
	(*accel)->owned = true;
	return 0;

err_release:
	wd_release_channel(&vc->ch);
err_free:
	free(vc);
	return ret;
}

/* Open the first device of a mode that lets us. @ret: the error so far. */
static int accel_open_mode(const struct uacce_dev_list *dev, int iommu_type,
			   const char *alg, uint64_t alg_bit, struct wd_accel **accel,
			   int ret)
{
	for (; dev; dev = dev->next) {
		const struct uacce_dev_info *info = dev->info;

		if (info->iommu_type != iommu_type || !is_usable(info, alg) ||
		    info->isolate > 0 || info->available_instances <= 0)
			continue;
		ret = accel_open(info->dev_path, alg, alg_bit, accel);
		if (!ret)
			break;
	}
	return ret;
}

/* The fewer copies and the more isolation, the better. */
static int accel_open_any(const char *alg, uint64_t alg_bit,
			  struct wd_accel **accel)
{
	static const int modes[] = { WD_IOMMU_SVA, WD_IOMMU_SHARED, WD_IOMMU_NONE };
	struct uacce_dev_list *list;
	int ret;

	ret = wd_get_dev_list(alg, &list);
	if (ret < 0)
		return ret;

	ret = -ENODEV;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes) && ret; i++)
		ret = accel_open_mode(list, modes[i], alg, alg_bit, accel, ret);
	wd_free_dev_list(list);
	/* Who is asked next needs no channel. */
	return ret == -ENOMEM ? -EBUSY : ret;
}

int wd_accel_get(struct wd_chan **ch, const char *alg, uint64_t alg_bit,
		 struct wd_accel **accel)
{
	int ret;

	if (*ch)
		return accel_join(*ch, alg, alg_bit, accel);
	ret = accel_open_any(alg, alg_bit, accel);
	if (!ret)
		*ch = (*accel)->ch;
	return ret;
}

bool wd_accel_put(struct wd_accel *accel)
{
	struct wd_chan *ch = accel->ch;
	bool owned = accel->owned;
	bool inherited = wd_chan_inherited(ch);
	bool last;

	if (!inherited)
		wd_chan_lock(ch);
	last = !--accel->users;
	if (!inherited)
		wd_chan_unlock(ch);

	if (owned && last) {
		wd_release_channel(ch);
		free((struct vendor_chan *)ch);
	}
	return owned;
}

static int id_get(struct wd_accel *accel, struct wd_ids *ids)
{
	int id = -1;

	pthread_mutex_lock(&accel->lock);
	for (uint32_t i = 0; i < ids->n && id < 0; i++) {
		uint64_t bit = 1ULL << i % BITS;

		if (ids->used[i / BITS] & bit)
			continue;
		ids->used[i / BITS] |= bit;
		id = (int)i;
	}
	pthread_mutex_unlock(&accel->lock);
	return id;
}

static void id_put(struct wd_accel *accel, struct wd_ids *ids, int id)
{
	pthread_mutex_lock(&accel->lock);
	ids->used[id / BITS] &= ~(1ULL << id % BITS);
	pthread_mutex_unlock(&accel->lock);
}

int wd_accel_stream_get(struct wd_accel *accel)
{
	return id_get(accel, &accel->streams);
}

void wd_accel_stream_put(struct wd_accel *accel, int id)
{
	id_put(accel, &accel->streams, id);
}

/* A channel that is dead has no streams to close: the error says nothing new. */
void wd_accel_stream_close(struct wd_accel *accel, int id)
{
	struct wd_ring_req req = {
		.desc = { .opcode = WD_OP_STREAM_CLOSE, .stream = (uint32_t)id },
	};

	wd_ring_run(accel->ring, &req);
	wd_accel_stream_put(accel, id);
}

int wd_accel_key_get(struct wd_accel *accel)
{
	return id_get(accel, &accel->keys);
}

void wd_accel_key_put(struct wd_accel *accel, int id)
{
	id_put(accel, &accel->keys, id);
}
