/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: devices and channels.
 *
 * A device is what /sys/class/uacce shows; a channel is one open instance of
 * it with rings of its own. A program that only wants to compress needs
 * nothing of this header: wd_alg_comp_init() of <wd_comp.h> finds a device and
 * opens a channel by itself.
 *
 * Errors: every function that returns int returns a negative errno on failure.
 * The library prints nothing and never touches errno on purpose.
 *
 * Threads: functions on different objects may run at the same time. What one
 * object allows is said at each function.
 *
 * fork: a channel belongs to the process that opened it. The mappings are not
 * inherited by a child, and the file descriptor is closed by exec. In the child
 * of a fork every call on an inherited channel returns -EPERM, and releasing it
 * only frees the child's copy; the parent's channel is not disturbed. As with
 * any library that has locks, do not fork while another thread is inside a call
 * on the channel and then use the channel in the child. Reserved memory is not
 * inherited either.
 *
 * Modes: a device works on the process's own addresses (SVA), on addresses of an
 * I/O domain, or on physical ones: uacce_dev_info.iommu_type. A program need not
 * care: the algorithm calls take any memory, and copy where the device cannot reach
 * it. What wd_reserve_mem() gave, what was shared with the channel or registered
 * with it, is never copied. wd_get_mem_stats() tells what happened.
 *
 * The environment variable WD_MODE, "sva", "share" or "noiommu", hides all devices
 * of the other modes from a program (unless it runs with more privileges than its
 * user). It is read by each call that looks for devices, which gives -EINVAL where
 * the value is none of these.
 */
#ifndef WD_H
#define WD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Sizes of the strings below, with the terminating zero. */
#define PATH_STR_SIZE		256
#define WD_NAME_SIZE		64
#define WD_ALGS_SIZE		4096	/* a sysfs attribute is never longer */

/*
 * Regions that a channel can have: MMIO, DUS (enum uacce_qfrt of
 * <misc/uacce/uacce.h>) and SS, the reserved memory (<misc/uacce/wd_uacce.h>).
 */
#define UACCE_QFRT_MAX		3

/* What is between the device and memory: uacce_dev_info.iommu_type. */
#define WD_IOMMU_NONE		0	/* nothing: physical addresses */
#define WD_IOMMU_SHARED		1	/* one domain for all channels: IOVA */
#define WD_IOMMU_SVA		2	/* the process's own addresses */

/**
 * struct uacce_dev_info - all that sysfs tells about a device
 * @node_id:             NUMA node, -1 where the device has none
 * @numa_dis:            distance from the node the caller ran on to @node_id, as
 *                       in /sys/devices/system/node/node*\/distance; 0 where
 *                       either is not known
 * @iommu_type:          WD_IOMMU_*
 * @flags:               attribute "flags": UACCE_DEV_* bits
 * @available_instances: channels that could still be opened when this was read
 * @isolate:             1: the kernel took the device out of service after too
 *                       many errors; 0: it is in service; -1: no such attribute
 * @isolate_strategy:    number of errors after which that happens, -1: no such
 *                       attribute
 * @name:                name of the device in its class, "wd_accel-0"
 * @dev_path:            its device node, "/dev/wd_accel-0"
 * @sysfs_path:          its sysfs directory, "/sys/class/uacce/wd_accel-0"
 * @api:                 the descriptor format it speaks, "wd_accel_v1"
 * @algorithms:          what it computes, one name a line
 * @qfrs_size:           size of region N in bytes, 0: there is no such region; of
 *                       the reserved memory: the largest size it can have
 * @qfrs_offset:         mmap(2) offset of region N in bytes
 *
 * A snapshot: nothing updates it.
 */
struct uacce_dev_info {
	int node_id;
	int numa_dis;
	int iommu_type;
	int flags;
	int available_instances;
	int isolate;
	int isolate_strategy;
	char name[WD_NAME_SIZE];
	char dev_path[PATH_STR_SIZE];
	char sysfs_path[PATH_STR_SIZE];
	char api[WD_NAME_SIZE];
	char algorithms[WD_ALGS_SIZE];
	unsigned long qfrs_size[UACCE_QFRT_MAX];
	unsigned long qfrs_offset[UACCE_QFRT_MAX];
};

/**
 * struct uacce_dev_list - a list of devices, made by wd_get_dev_list()
 * @info: the device
 * @next: the next one, NULL at the end
 */
struct uacce_dev_list {
	struct uacce_dev_info *info;
	struct uacce_dev_list *next;
};

/* Weights of wd_set_priority(). */
#define WD_PRIORITY_MIN		1
#define WD_PRIORITY_DEFAULT	8
#define WD_PRIORITY_MAX		64

struct wd_chan;

/**
 * struct wd_chan_ops - what a vendor driver does for wd_poll() on its channel
 * @poll:    run at most @max callbacks of finished work (0: no limit); wait at
 *           most @timeout_ms for the first one (0: not at all, -1: for ever).
 *           Returns the number that ran or a negative errno. Called by several
 *           threads at once.
 * @wake:    make a @poll that waits in another thread return soon; it may
 *           return 0 early.
 * @release: free what the driver hung on the channel. The file is still open.
 *           Called once, by wd_release_channel(); nothing else runs.
 *
 * Only people who write a vendor driver need this.
 */
struct wd_chan_ops {
	int (*poll)(struct wd_chan *ch, unsigned int max, int timeout_ms);
	void (*wake)(struct wd_chan *ch);
	void (*release)(struct wd_chan *ch);
};

/**
 * struct wd_chan - a channel
 * @dev_info: the device; owned by the channel; NULL for a channel of a software
 *            driver, which has no device
 * @fd:       the open device node
 * @dev_path: in: the device to open, "" for any; out: the one that is open
 * @ss_va:    address of the channel's reserved memory, NULL while it has none
 * @ss_dma:   what to put in a descriptor for @ss_va
 * @alg:      in: the algorithm that the device must have, as in sysfs, or NULL;
 *            not looked at after wd_request_channel()
 * @ops:      of the vendor driver that runs the channel, NULL before one does
 * @vendor:   that driver's own data
 * @lib:      the library's own data
 * @mem:      the library's data about memory
 * @nr_3rd:   number of third parties' memories on this channel, of
 *            wd_register_3rd_memory()
 * @reserved0: zero
 * @reserved: zero
 *
 * Allocate it zeroed (usually as the first member of a vendor's own
 * structure), set @dev_path or @alg if wanted, call wd_request_channel(). From
 * then on all members are for reading only, except @ops and @vendor, which the
 * vendor driver sets once.
 */
struct wd_chan {
	struct uacce_dev_info *dev_info;
	int fd;
	char dev_path[PATH_STR_SIZE];
	void *ss_va;
	void *ss_dma;
	const char *alg;
	const struct wd_chan_ops *ops;
	void *vendor;
	void *lib;
	void *mem;
	unsigned int nr_3rd;
	unsigned int reserved0;
	uint64_t reserved[2];
};

/**
 * struct wd_3rd_memory - memory that neither the kernel nor the library made
 * @alloc_mem: called by wd_register_3rd_memory() where @va is NULL: returns the
 *             address of @size bytes, NULL: there is no memory. Its @va is NULL;
 *             its @pa points to a uint64_t where it may put what it believes the
 *             address to be for a device. That is not used: the kernel is asked.
 * @free_mem:  called with that address by wd_unregister_3rd_memory(); may be NULL
 * @ch:        in: the channel
 * @va:        in: memory that exists, or NULL; out: where it is
 * @size:      in: bytes
 * @flags:     in: WD_3RD_*
 * @handle:    NULL, then the library's
 *
 * Zero it, fill it in, register it. It must not move while it is registered.
 */
struct wd_3rd_memory {
	void *(*alloc_mem)(void *va, void *pa);
	void (*free_mem)(void *va);
	struct wd_chan *ch;
	void *va;
	size_t size;
	unsigned int flags;
	void *handle;
};

#define WD_3RD_READ_ONLY	(1U << 0)	/* the device only reads it */

/**
 * struct wd_mem_stats - what became of the memory that a channel was given
 * @requests:         calls that went to the device
 * @bounced_requests: those of them of which the input or the output was copied
 * @sgl_requests:     those for which a scatter/gather list was made
 * @direct_bytes:     bytes of input and output that the device used where they are
 * @bounced_in:       bytes of input that were copied for it
 * @bounced_out:      bytes of output that were copied from it
 * @reserved:         bytes that were reserved on the channel
 * @shared:           number of memories that others share with it
 * @imports:          number of third parties' memories
 */
struct wd_mem_stats {
	uint64_t requests;
	uint64_t bounced_requests;
	uint64_t sgl_requests;
	uint64_t direct_bytes;
	uint64_t bounced_in;
	uint64_t bounced_out;
	uint64_t reserved;
	uint64_t shared;
	uint64_t imports;
};

/**
 * wd_get_dev_list() - list the devices of this machine
 * @alg:  only devices that have this line in their "algorithms"; NULL: all
 * @list: the list is put here, NULL when there is no device; the caller owns it
 *
 * Looks at every class below /sys/class whose name begins with "uacce" or
 * "wd_uacce": mainline's and Warpdrive's may both exist. The order is by NUMA
 * distance, then by name with numbers in numeric order.
 *
 * Any thread, any time. WD_MODE is looked at.
 *
 * Return: the number of devices (0 is no error), or -ENOMEM, -EINVAL (no @list, or
 * WD_MODE has a value that is none), or what reading the directory gave. A device that goes away while it is read
 * is left out.
 */
int wd_get_dev_list(const char *alg, struct uacce_dev_list **list);

/**
 * wd_free_dev_list() - free a list with its device information
 * @list: of wd_get_dev_list(), or NULL
 */
void wd_free_dev_list(struct uacce_dev_list *list);

/**
 * wd_get_software_algs() - list what the library computes without a device
 *
 * What its software drivers have, by the names that devices have for it, in the form of
 * uacce_dev_info.algorithms: one name a line. An algorithm that a device has as well
 * is computed there, unless the program says otherwise.
 *
 * Any thread, any time.
 *
 * Return: the names; never NULL, never freed.
 */
const char *wd_get_software_algs(void);

/**
 * wd_request_channel() - open a channel
 * @ch: the channel, zeroed but for @ch->dev_path and @ch->alg
 *
 * With @ch->dev_path, opens that device. Without, opens the first device of
 * wd_get_dev_list(@ch->alg) that has an instance free, is not isolated, and
 * lets the caller in. The channel is in state INIT: no memory of it is mapped
 * and the device does not serve it yet; that is done by the vendor driver.
 *
 * One thread a channel.
 *
 * Return: 0, or
 *   -EINVAL   @ch is NULL, open already, or a string in it has no end; WD_MODE
 *   -ENODEV   no such device, or none with that algorithm
 *   -EBUSY    devices exist, but each is full or isolated
 *   -EACCES   or another error of open(2), of the last device that was tried;
 *             -EPERM: a device without an IOMMU, which only a process with
 *             CAP_SYS_RAWIO may use, and only where the administrator allows it
 *   -ENOMEM
 * On failure @ch is as it was before the call.
 */
int wd_request_channel(struct wd_chan *ch);

/**
 * wd_release_channel() - close a channel
 * @ch: of wd_request_channel(); NULL and one that is not open are ignored
 *
 * Stops the library's thread if the channel has one, lets the vendor driver
 * free its part, closes the file. Work in flight is cancelled by the device;
 * callbacks that have not run never will. The caller must first have ended all
 * contexts on the channel (wd_alg_comp_exit()) and made sure that no other
 * thread is in a call on it. Not from a callback. The memory of @ch itself
 * stays the caller's.
 *
 * Its reserved memory is unmapped, unless other channels share it: then the last of
 * them that is released does it. Third parties' memory must be unregistered before.
 */
void wd_release_channel(struct wd_chan *ch);

/**
 * wd_is_sharing() - does the device understand plain process addresses?
 * @ch:       an open channel
 * @dma_addr: the address in question
 *
 * Any thread.
 *
 * Return: 1: yes (SVA), @dma_addr can be given to this channel and to any other
 * SVA channel of the process as it is; 0: no; -EINVAL: no open channel.
 * A channel of a software driver works on process addresses and returns 1.
 */
int wd_is_sharing(struct wd_chan *ch, void *dma_addr);

/**
 * wd_reserve_mem() - get memory that the device can use without a copy
 * @ch:   an open channel
 * @size: bytes; rounded up to whole pages; where the device has no shared virtual
 *        addresses, at most @ch->dev_info->qfrs_size[2]
 *
 * Once for each channel. The memory is zeroed, and is the channel's until that is
 * released; @ch->ss_va and ss_dma tell where it is for the process and for the
 * device. It can be handed out in parts by smm_init() of <smm.h>. Where every
 * memory can be used (SVA, the software driver) it is ordinary memory, so that a
 * program runs everywhere. A child of fork does not inherit it.
 *
 * Any thread.
 *
 * Return: its address, or NULL with errno set:
 *   EINVAL  no open channel, or a @size of 0
 *   EEXIST  the channel has reserved memory
 *   E2BIG   more than the device allows
 *   ENOMEM  more than RLIMIT_MEMLOCK allows, or there is no memory
 *   EPERM   the channel belongs to a parent process
 *   ENXIO   the device is gone
 */
void *wd_reserve_mem(struct wd_chan *ch, size_t size);

/**
 * wd_share_reserved_memory() - let another device use reserved memory
 * @ch:        the channel on which it was reserved
 * @target_ch: the channel that is to have it as well
 *
 * Both are the caller's process's; their devices may be one or two, and of
 * different modes. @target_ch gets ss_va and an ss_dma of its own if it has none
 * yet. What was shared with @ch is not its own and cannot be shared on. Either can
 * be released first.
 *
 * Any thread, also on the same channels.
 *
 * Return: 0, or
 *   -EINVAL  one channel is not open, or both are the same
 *   -ENOENT  nothing is reserved on @ch
 *   -EEXIST  it was shared with @target_ch before
 *   -EPERM   a channel belongs to a parent process
 *   -ENOSPC  @target_ch has too many memories
 *   -ENXIO   the device is gone
 *   -ENOMEM  no memory, or, where @ch has shared virtual addresses and @target_ch
 *            has not, which pins the memory, more than RLIMIT_MEMLOCK allows
 *   -E2BIG   there as well: more than the device of @target_ch allows
 */
int wd_share_reserved_memory(struct wd_chan *ch, struct wd_chan *target_ch);

/**
 * wd_share_dma_addr() - make the addresses of one channel valid on another
 * @dst_chan: the channel that is to understand them
 * @src_chan: the channel that they are of
 *
 * Where wd_is_sharing() says 1 for both there is nothing to do, and nothing is done.
 * Else this is wd_share_reserved_memory(@src_chan, @dst_chan).
 *
 * Return: 0, or as wd_share_reserved_memory().
 */
int wd_share_dma_addr(struct wd_chan *dst_chan, struct wd_chan *src_chan);

/**
 * wd_get_pa_from_va() - what to put in a descriptor for an address
 * @ch: an open channel
 * @va: the address
 *
 * The address itself, an I/O virtual or a physical address, whatever the device of
 * @ch works with. Without an IOMMU neighbouring pages need not be neighbours there:
 * ask for each page. A pointer and not the seeds' int, which cannot hold an address.
 * There is no opposite: nobody needs it.
 *
 * Any thread.
 *
 * Return: the address, or NULL where the device cannot reach @va through this
 * channel, and in the child of a fork.
 */
void *wd_get_pa_from_va(struct wd_chan *ch, void *va);

/**
 * wd_register_3rd_memory() - let a device use memory of somebody else
 * @mem: the memory, with alloc_mem or va, ch and size set
 *
 * The pages are pinned and become as good as reserved memory: huge pages, or a
 * buffer of another library. They are whole pages: the device can also reach what
 * else is in the first and in the last one, though the library never lets it. The
 * memory must stay mapped until it is unregistered. Where the device has shared
 * virtual addresses nothing has to be done, and WD_3RD_READ_ONLY is not enforced.
 *
 * Several memories on one channel are fine, also one memory on several, each with a
 * structure of its own. Any thread.
 *
 * Return: 0, or
 *   -EINVAL  a member is wrong, or it is registered
 *   -EFAULT  not all of it is mapped, writable unless WD_3RD_READ_ONLY
 *   -ENOMEM  alloc_mem() gave none; more than RLIMIT_MEMLOCK allows; no memory
 *   -E2BIG   more than the device allows
 *   -ENOSPC  too many memories on this channel
 *   -EPERM   the channel belongs to a parent process
 *   -ENXIO   the device is gone
 * or what the kernel says of pages that cannot be pinned. On failure free_mem() was
 * called for what alloc_mem() gave.
 */
int wd_register_3rd_memory(struct wd_3rd_memory *mem);

/**
 * wd_unregister_3rd_memory() - the opposite
 * @mem: as registered
 *
 * No call may run that uses the memory. On return the device does not reach it any
 * more; free_mem() was called if alloc_mem() had made it, and va is NULL then.
 *
 * Return: 0, -EINVAL (it is not registered, or its channel was released), -EPERM.
 */
int wd_unregister_3rd_memory(struct wd_3rd_memory *mem);

/**
 * wd_get_mem_stats() - was memory copied?
 * @ch:    an open channel
 * @stats: filled in
 *
 * Counts from the opening of the channel; a call counts when it has ended. Calls
 * that ran in software do not count. Any thread.
 *
 * Return: 0, -EINVAL, -EPERM (the channel belongs to a parent process).
 */
int wd_get_mem_stats(struct wd_chan *ch, struct wd_mem_stats *stats);

/**
 * wd_set_priority() - set a channel's share of its device
 * @ch:     an open channel
 * @weight: WD_PRIORITY_MIN to WD_PRIORITY_MAX; a channel begins with
 *          WD_PRIORITY_DEFAULT
 *
 * Channels that all have work share the device in proportion to their weights; one
 * that has none loses nothing by it. A channel of a software driver shares with
 * nobody and takes every weight. Any thread, any time.
 *
 * Return: 0, -EINVAL (no open channel, no such weight), -EPERM (the channel belongs
 * to a parent process), -EOPNOTSUPP (the device has no weights), -EIO, -ENXIO.
 */
int wd_set_priority(struct wd_chan *ch, unsigned int weight);

/**
 * wd_poll() - run the callbacks of finished asynchronous work
 * @ch:         a channel
 * @max:        run at most that many; 0: all that are ready
 * @timeout_ms: how long to wait for the first one, in milliseconds: 0 not at
 *              all, -1 until there is one
 *
 * Waits by spinning for some microseconds where there is more than one CPU,
 * then by yielding, then by sleeping in poll(2). Returns as soon as at least one
 * callback ran; waits also while nothing is in flight, since another thread may
 * submit.
 *
 * Any thread, several at once: each callback runs once, in one of them, with no
 * lock held. A callback may submit new work; it must not call wd_poll() on the
 * same channel.
 *
 * Return: the number of callbacks that ran, 0 when the time is over, or
 *   -EINVAL  no channel, or no vendor driver runs it
 *   -EPERM   the channel belongs to a parent process
 *   -EIO     the channel was stopped by an error and all its callbacks have run
 *   -ENXIO   the device is gone and all its callbacks have run
 *   -EINTR   a signal came while it slept
 */
int wd_poll(struct wd_chan *ch, unsigned int max, int timeout_ms);

/**
 * wd_async_thread_start() - let the library run the callbacks of a channel
 * @ch: a channel that a vendor driver runs (in use by a context)
 *
 * Starts a thread that sleeps on the channel's file and runs the callbacks as
 * work finishes; nobody has to call wd_poll(), but everybody may. The thread
 * blocks all signals. It ends by wd_async_thread_stop() or wd_release_channel(),
 * and by itself when the channel died and all callbacks have run.
 *
 * One thread a channel may call start and stop.
 *
 * Return: 0, -EINVAL no such channel, -EALREADY it has a thread, -EPERM the
 * channel belongs to a parent process, -EAGAIN or -ENOMEM no resources.
 */
int wd_async_thread_start(struct wd_chan *ch);

/**
 * wd_async_thread_stop() - stop the library's thread of a channel
 * @ch: the channel; one without a thread is ignored
 *
 * Waits until the callback that may be running has returned. Work in flight
 * stays in flight; its callbacks run from wd_poll() again. Not from a callback.
 */
void wd_async_thread_stop(struct wd_chan *ch);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
