// SPDX-License-Identifier: GPL-2.0-only
/*
 * Isolation: a function that makes too many errors gets no new channels. What
 * counts is what the hardware does wrong, commands without an answer and failed
 * resets; not what programs do, or one of them could take it from all.
 */
#include <linux/jiffies.h>
#include "accel.h"

void wd_accel_health_init(struct wd_accel_health *health)
{
	spin_lock_init(&health->lock);
}

void wd_accel_health_error(struct wd_accel *accel)
{
	struct wd_accel_health *health = &accel->health;
	bool isolated;

	spin_lock(&health->lock);
	if (!health->errors || time_after(jiffies, health->since + 3600 * HZ)) {
		health->since = jiffies;
		health->errors = 0;
	}
	health->errors++;
	isolated = health->threshold && health->errors >= health->threshold;
	if (isolated)
		health->isolated = true;
	spin_unlock(&health->lock);

	if (isolated)
		pci_err(accel->pdev, "isolated: too many errors\n");
}

bool wd_accel_get_isolate_state(struct wd_uacce_device *udev)
{
	struct wd_accel *accel = udev->priv;

	return READ_ONCE(accel->health.isolated);
}

u32 wd_accel_threshold_read(struct wd_uacce_device *udev)
{
	struct wd_accel *accel = udev->priv;

	return READ_ONCE(accel->health.threshold);
}

/* A new threshold begins a new count; it does not free what is isolated. */
int wd_accel_threshold_write(struct wd_uacce_device *udev, u32 num)
{
	struct wd_accel *accel = udev->priv;
	struct wd_accel_health *health = &accel->health;
	int ret = -EPERM;

	spin_lock(&health->lock);
	if (!health->isolated) {
		WRITE_ONCE(health->threshold, num);
		health->errors = 0;
		ret = 0;
	}
	spin_unlock(&health->lock);
	return ret;
}
