/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of wd_accel share. The data sheet of the function is wd_regs.h. */
#ifndef _WD_ACCEL_H
#define _WD_ACCEL_H

#include <linux/bitmap.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/wait.h>
#include "../uacce/wd_uacce_driver.h"
#include "../wd_regs.h"

/**
 * struct wd_accel_mbox - the mailbox: one command at a time
 * @lock:   held while a command is under way; taken under wd_uacce_queue.lock
 * @wait:   for WD_VECTOR_MBOX
 * @buf:    the command, shared with the device
 * @dma:    its address
 * @seq:    sequence number of the last command
 * @usable: set up, and every command was answered so far; written under @lock
 */
struct wd_accel_mbox {
	struct mutex lock;
	wait_queue_head_t wait;
	struct wd_mbox *buf;
	dma_addr_t dma;
	u32 seq;
	bool usable;
};

/**
 * struct wd_accel_health - errors of the function, for its isolation
 * @lock:      innermost
 * @threshold: errors in an hour that isolate it; 0: never
 * @errors:    in the hour that began at @since
 * @since:     jiffies
 * @isolated:  no more channels, until the administrator has the driver bound again:
 *             then the counting begins anew
 */
struct wd_accel_health {
	spinlock_t lock;
	u32 threshold;
	u32 errors;
	unsigned long since;
	bool isolated;
};

#define WD_ALGS_TEXT	1024	/* for the names of all algorithms */

/**
 * struct wd_accel - one function
 * @pdev:       PCI device
 * @udev:       character device
 * @bar:        BAR 0
 * @vsc:        offset of the vendor-specific capability
 * @channels:   that have an interrupt vector
 * @depth:      entries of each ring of a channel
 * @max_len:    longest operand
 * @streams:    per channel
 * @keys:       likewise
 * @max_unit:   longest operand of what works on a whole only
 * @max_link:   most descriptors of a unit
 * @algs:       WD_ALG_BIT() of what it can
 * @algs_text:  the same by name, for sysfs
 * @mbox:       mailbox
 * @health:     errors
 * @arm:        last value of each channel's arm word. Goes on counting when a
 *              channel changes hands, since only a changed word arms. Under the
 *              hw_lock of the channel's queue.
 * @lock:       guards what follows; inner to wd_uacce_queue.lock, the mailbox
 *              is not used under it
 * @used:       channel numbers in use
 * @live:       struct wd_chan that have a queue
 * @quarantine: struct wd_chan that the device did not confirm to have let go:
 *              it may still write to their memory
 * @generation: counts function resets: the device knows nothing of a channel
 *              of an earlier one
 */
struct wd_accel {
	struct pci_dev *pdev;
	struct wd_uacce_device *udev;
	void __iomem *bar;
	int vsc;

	u32 channels;
	u32 depth;
	u32 max_len;
	u32 streams;
	u32 keys;
	u32 max_unit;
	u32 max_link;
	u64 algs;
	char algs_text[WD_ALGS_TEXT];

	struct wd_accel_mbox mbox;
	struct wd_accel_health health;
	u32 arm[WD_MAX_CHANNELS];

	struct mutex lock;
	DECLARE_BITMAP(used, WD_MAX_CHANNELS);
	struct list_head live;
	struct list_head quarantine;
	u32 generation;
};

/* algs.c */
/* The names of algorithms, one a line, as the sysfs attribute has them. */
void wd_accel_algs_text(u64 algs, char text[WD_ALGS_TEXT]);

/* mbox.c */
int wd_accel_mbox_init(struct wd_accel *accel);
void wd_accel_mbox_exit(struct wd_accel *accel);
void wd_accel_mbox_enable(struct wd_accel *accel);
void wd_accel_mbox_disable(struct wd_accel *accel);
bool wd_accel_mbox_usable(struct wd_accel *accel);
bool wd_accel_mbox_in_use(struct wd_accel *accel);
void wd_accel_mbox_clear(struct wd_accel *accel);
int wd_accel_mbox_run(struct wd_accel *accel, struct wd_mbox *cmd);

/* chan.c */
extern const struct wd_uacce_ops wd_accel_ops;
size_t wd_accel_dus_size(u32 depth);
void wd_accel_chans_reset(struct wd_accel *accel);
bool wd_accel_chans_idle(struct wd_accel *accel);
void wd_accel_chans_exit(struct wd_accel *accel);

/* irq.c */
int wd_accel_irq_init(struct wd_accel *accel, u32 channels);
void wd_accel_irq_exit(struct wd_accel *accel);
int wd_accel_irq_get(struct wd_accel *accel, struct wd_uacce_queue *q, u32 chan);
void wd_accel_irq_put(struct wd_accel *accel, struct wd_uacce_queue *q, u32 chan);

/* health.c */
void wd_accel_health_init(struct wd_accel_health *health);
void wd_accel_health_error(struct wd_accel *accel);
bool wd_accel_get_isolate_state(struct wd_uacce_device *udev);
u32 wd_accel_threshold_read(struct wd_uacce_device *udev);
int wd_accel_threshold_write(struct wd_uacce_device *udev, u32 num);

#endif
