/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of wd_uacce share. */
#ifndef _WD_UACCE_H
#define _WD_UACCE_H

#include <linux/fs.h>
#include "wd_uacce_driver.h"

/* file.c */
extern const struct file_operations wd_uacce_fops;

/* sysfs.c */
extern const struct attribute_group *wd_uacce_groups[];

/* queue.c: the life of a channel. Results are those of the calls of the ABI. */
struct wd_uacce_queue *wd_uacce_queue_open(struct wd_uacce_device *udev,
					   struct address_space *mapping);
void wd_uacce_queue_close(struct wd_uacce_queue *q);
int wd_uacce_queue_start(struct wd_uacce_queue *q);
int wd_uacce_queue_put(struct wd_uacce_queue *q);
int wd_uacce_queue_kick(struct wd_uacce_queue *q);
int wd_uacce_queue_layout(struct wd_uacce_queue *q, struct wd_chan_layout *layout);
int wd_uacce_queue_state(struct wd_uacce_queue *q, struct wd_chan_state *state);
__poll_t wd_uacce_queue_poll(struct wd_uacce_queue *q);
int wd_uacce_queue_error(const struct wd_uacce_queue *q);
void wd_uacce_queue_gone(struct wd_uacce_queue *q);

/* region.c */
struct wd_uacce_mem *wd_uacce_mem_alloc(size_t size);
int wd_uacce_region_mmap(struct wd_uacce_queue *q, struct vm_area_struct *vma);
void wd_uacce_region_revoke(struct wd_uacce_queue *q);

/* sva.c */
int wd_uacce_sva_enable(struct device *dev);
void wd_uacce_sva_disable(struct device *dev);
int wd_uacce_sva_bind(struct device *dev, struct mm_struct *mm, struct wd_uacce_sva *sva);
void wd_uacce_sva_unbind(struct device *dev, struct wd_uacce_sva *sva);

#endif
