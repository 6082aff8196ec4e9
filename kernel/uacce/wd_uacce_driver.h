/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What wd_uacce offers to the driver of an accelerator: a character device
 * whose open files are channels.
 *
 * A channel's life: open() binds the process's address space and calls
 * get_queue; UACCE_CMD_START_Q calls start_queue; the last close, or
 * UACCE_CMD_PUT_Q, or wd_uacce_remove() calls put_queue, once. After put_queue
 * no operation is called for the channel any more. Open files outlive the
 * device: wd_uacce_remove() turns them into files that only say -ENXIO.
 */
#ifndef _WD_UACCE_DRIVER_H
#define _WD_UACCE_DRIVER_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/wait.h>
#include <misc/uacce/uacce.h>
#include <misc/uacce/wd_uacce.h>

#define WD_UACCE_REGIONS	4	/* from UACCE_QFRT_MMIO to WD_QFRT_BOUNCE */
#define WD_UACCE_MAX_THRESHOLD	65535

struct iommu_sva;
struct wd_uacce_device;
struct wd_uacce_mems;
struct wd_uacce_pages;
struct wd_uacce_queue;

/**
 * struct wd_uacce_mem - the memory of a channel's DUS region
 * @ref:  one reference of the open file, any number of the driver
 * @addr: kernel address; page aligned, contiguous, zeroed at open
 * @size: whole pages
 *
 * The file keeps its reference as long as the program may have it mapped. The
 * driver holds one as long as the device may write to it.
 */
struct wd_uacce_mem {
	struct kref ref;
	void *addr;
	size_t size;
};

/**
 * enum wd_uacce_q_state - where a channel is in its life
 * @WD_UACCE_Q_ZOMBIE:  put back; the file is still open
 * @WD_UACCE_Q_INIT:    open
 * @WD_UACCE_Q_STARTED: the device serves its rings
 * @WD_UACCE_Q_FAILED:  the device forgot it (reset); not yet put
 * @WD_UACCE_Q_GONE:    put back because the device went away
 */
enum wd_uacce_q_state {
	WD_UACCE_Q_ZOMBIE,
	WD_UACCE_Q_INIT,
	WD_UACCE_Q_STARTED,
	WD_UACCE_Q_FAILED,
	WD_UACCE_Q_GONE,
};

/**
 * struct wd_uacce_sva - a bound address space
 * @pasid:  its PASID
 * @handle: binding of the IOMMU core, or NULL
 * @unbind: undoes a binding that the platform made, or NULL
 */
struct wd_uacce_sva {
	u32 pasid;
	struct iommu_sva *handle;
	void (*unbind)(struct device *dev, u32 pasid);
};

/**
 * struct wd_uacce_queue - a channel
 *
 * For the driver:
 * @udev:      the device it is a channel of
 * @priv:      the driver's own
 * @chan:      number of the channel, set by get_queue
 * @mmio_phys: physical address of the MMIO region, set by get_queue
 * @dus:       memory of the DUS region
 * @sva:       the address space it works in; only on devices with UACCE_DEV_SVA
 * @mems:      memories that the device reaches for it; NULL once it is put
 *
 * For wd_uacce:
 * @wait:      who polls
 * @node:      in wd_uacce_device.queues, under wd_uacce_device.lock
 * @owner:     module of the driver, pinned; NULL once the channel is gone
 * @mm:        who may call; compared only, so a reference to the struct is enough
 * @mapping:   of the file, for revoking the doorbell
 * @sink:      page that takes the place of the doorbell once that is revoked
 * @weight:    its share of the device, under @lock
 * @claimed:   bits of the regions that are reserved or being so, under @lock
 * @reserved:  memory of those that are; set once, under @hw_lock, and kept until
 *             the file is closed, as a process may have it mapped
 * @maps:      areas that map each region, under @hw_lock
 * @live:      the channel's registers may be touched; under @hw_lock
 * @state:     written under @lock, read anywhere
 * @lock:      serializes changes of state and all operations that may wait for
 *             the device. A page fault must never wait for it, directly or
 *             through mmap_lock: the device may be waiting for that page fault.
 *             So it is never taken under mmap_lock, and memory of the user is
 *             not touched under it.
 * @hw_lock:   never held while waiting for the device, so that page faults,
 *             mmap and poll can take it.
 *
 * Lock order: wd_uacce_device.lock, @lock, mmap_lock, @hw_lock. Inside @lock also
 * wd_uacce_device.attach_lock. Of two channels never both locks.
 */
struct wd_uacce_queue {
	struct wd_uacce_device *udev;
	void *priv;
	u32 chan;
	phys_addr_t mmio_phys;
	struct wd_uacce_mem *dus;
	struct wd_uacce_sva sva;
	struct wd_uacce_mems *mems;

	wait_queue_head_t wait;
	struct list_head node;
	struct module *owner;
	struct mm_struct *mm;
	struct address_space *mapping;
	struct page *sink;
	u32 weight;
	unsigned long claimed;
	struct wd_uacce_pages *reserved[WD_UACCE_REGIONS];
	unsigned int maps[WD_UACCE_REGIONS];
	bool live;
	enum wd_uacce_q_state state;
	struct mutex lock;
	struct mutex hw_lock;
};

/**
 * struct wd_uacce_ops - operations of a driver
 * @get_available_instances: number of channels that can still be opened
 * @get_queue:   make a channel; may wait for the device. On error nothing is
 *               left behind and put_queue is not called.
 * @start_queue: let the device serve the rings; may wait for the device
 * @put_queue:   stop the device, give everything back and let the status line
 *               say so; may wait for the device, cannot fail
 * @kick:        wake the device up; state STARTED only
 * @get_layout:  fill in the layout
 * @get_state:   ask the device about the channel; may wait for the device
 * @set_weight:  set the channel's share of the device, WD_WEIGHT_MIN to
 *               WD_WEIGHT_MAX; may wait for the device. Optional.
 * @poll:        EPOLL* bits of a started channel; arms its interrupt. Under
 *               hw_lock, must not wait.
 * @get_isolate_state: true: given up because of too many errors. Optional.
 * @isolate_err_threshold_read: errors per hour that isolate the device; 0:
 *               never. Optional.
 * @isolate_err_threshold_write: set it. Optional.
 *
 * get_queue to set_weight are called under the channel's lock, one at a time.
 */
struct wd_uacce_ops {
	int (*get_available_instances)(struct wd_uacce_device *udev);
	int (*get_queue)(struct wd_uacce_queue *q);
	int (*start_queue)(struct wd_uacce_queue *q);
	void (*put_queue)(struct wd_uacce_queue *q);
	int (*kick)(struct wd_uacce_queue *q);
	void (*get_layout)(struct wd_uacce_queue *q, struct wd_chan_layout *layout);
	int (*get_state)(struct wd_uacce_queue *q, struct wd_chan_state *state);
	int (*set_weight)(struct wd_uacce_queue *q, u32 weight);
	__poll_t (*poll)(struct wd_uacce_queue *q);
	bool (*get_isolate_state)(struct wd_uacce_device *udev);
	u32 (*isolate_err_threshold_read)(struct wd_uacce_device *udev);
	int (*isolate_err_threshold_write)(struct wd_uacce_device *udev, u32 num);
};

/**
 * struct wd_uacce_interface - what a driver brings
 * @name:        device nodes are called <name>-<id>
 * @api_ver:     sysfs attribute api
 * @algs:        sysfs attribute algorithms: one name a line, no newline at the
 *               end
 * @flags:       UACCE_DEV_SVA where the parent has what that needs, or 0
 * @region_size: bytes of each region, whole pages. UACCE_QFRT_SS: the most that a
 *               channel may reserve in a region, or import at once; without
 *               UACCE_DEV_SVA only.
 * @ops:         operations
 * @owner:       module of the operations
 * @priv:        the driver's own, wd_uacce_device.priv
 *
 * Strings and @ops live at least until wd_uacce_remove() returns.
 */
struct wd_uacce_interface {
	const char *name;
	const char *api_ver;
	const char *algs;
	u32 flags;
	size_t region_size[WD_UACCE_REGIONS];
	const struct wd_uacce_ops *ops;
	struct module *owner;
	void *priv;
};

/**
 * struct wd_uacce_device - an accelerator
 * @parent: device that does DMA, valid until wd_uacce_remove() returns
 * @iface:  what the driver brought; in flags the mode that was found
 * @priv:   the driver's own
 * @dev:    in class uacce
 * @cdev:   its node
 * @id:     number in the node's name
 * @added:  wd_uacce_register() succeeded
 * @gone:   wd_uacce_remove() has begun; under @lock
 * @queues: open channels, under @lock
 * @lock:   outermost lock, see struct wd_uacce_queue
 * @reserved: bytes that channels reserved and that are not given back yet
 * @attached: attachments to @parent, under @attach_lock
 * @attach_lock: inside wd_uacce_queue.lock; held while memory is mapped for DMA
 */
struct wd_uacce_device {
	struct device *parent;
	struct wd_uacce_interface iface;
	void *priv;
	struct device dev;
	struct cdev cdev;
	int id;
	bool added;
	bool gone;
	struct list_head queues;
	struct mutex lock;
	atomic_long_t reserved;
	struct list_head attached;
	struct mutex attach_lock;
};

/**
 * wd_uacce_alloc() - make an accelerator that is not yet visible
 * @parent: device that does DMA
 * @iface:  copied
 *
 * Finds out in which mode @parent works, from what it can do and what is in front
 * of it, and says it in wd_uacce_device.iface.flags: UACCE_DEV_SVA where the driver
 * asked for it and it works; otherwise UACCE_DEV_NOIOMMU where nothing translates;
 * otherwise neither, all channels share the domain that DMA mappings are made in.
 *
 * Return: the accelerator or ERR_PTR; wd_uacce_remove() undoes.
 */
struct wd_uacce_device *wd_uacce_alloc(struct device *parent,
				       const struct wd_uacce_interface *iface);

/**
 * wd_uacce_register() - show the accelerator to user space
 * @udev: from wd_uacce_alloc()
 *
 * Return: 0 or a negative error; wd_uacce_remove() is due in both cases.
 */
int wd_uacce_register(struct wd_uacce_device *udev);

/**
 * wd_uacce_remove() - take the accelerator away
 * @udev: from wd_uacce_alloc()
 *
 * All channels are put. On return no operation runs or will run.
 */
void wd_uacce_remove(struct wd_uacce_device *udev);

/**
 * wd_uacce_fail_queues() - end all channels, because the device is to be reset
 * @udev: from wd_uacce_register()
 *
 * Their files answer -EIO from now on. The driver must refuse get_queue until
 * the reset is done.
 */
void wd_uacce_fail_queues(struct wd_uacce_device *udev);

/**
 * wd_uacce_queue_wake() - wake who polls the channel
 * @q: channel that had an interrupt: a completion or an error
 *
 * Context: any.
 */
void wd_uacce_queue_wake(struct wd_uacce_queue *q);

/**
 * wd_uacce_mem_get() - hold the memory of a DUS region
 * @mem: wd_uacce_queue.dus
 *
 * Return: @mem
 */
struct wd_uacce_mem *wd_uacce_mem_get(struct wd_uacce_mem *mem);

/**
 * wd_uacce_mem_put() - the opposite
 * @mem: from wd_uacce_mem_get()
 */
void wd_uacce_mem_put(struct wd_uacce_mem *mem);

/**
 * wd_uacce_mems_get() - hold the memories that the device reaches for a channel
 * @mems: wd_uacce_queue.mems
 *
 * As long as the driver holds them they stay mapped for DMA and are nobody else's.
 * It must have put them when it gives up wd_uacce_device.parent.
 *
 * Return: @mems
 */
struct wd_uacce_mems *wd_uacce_mems_get(struct wd_uacce_mems *mems);

/**
 * wd_uacce_mems_put() - the opposite, once the device has let go of the channel
 * @mems: from wd_uacce_mems_get()
 *
 * Context: may sleep.
 */
void wd_uacce_mems_put(struct wd_uacce_mems *mems);

/**
 * wd_uacce_dma_flush() - after unmapping: the device cannot reach it any more
 * @dev: device that does DMA, for programs that choose the addresses
 *
 * Memory that was mapped may be given to others only then.
 */
void wd_uacce_dma_flush(struct device *dev);

#endif
