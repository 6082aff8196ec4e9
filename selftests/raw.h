/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A channel without libwd: what the ABI's headers say and nothing else. Shared
 * by the tests. Calls return 0 or a negative errno unless said otherwise.
 */
#ifndef RAW_H
#define RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <misc/uacce/uacce.h>
#include <misc/uacce/wd_accel.h>
#include <misc/uacce/wd_uacce.h>

/* Longer than any correct work takes on a slow emulator; never a time to beat. */
#define RAW_TIMEOUT_MS	20000

#define RAW_NAME	256	/* of a device, at most */

#define RAW_DRIVER	"/sys/bus/pci/drivers/wd_accel"	/* with bind and unbind */

/* "Within a second", with what an overloaded machine may add, or a debug kernel. */
#define RAW_GONE_MS	(getenv("SLOW") ? RAW_TIMEOUT_MS : 3000)

struct raw_chan {
	int fd;
	struct wd_chan_layout layout;
	size_t mmio_size;
	size_t dus_size;
	volatile uint8_t *mmio;
	uint8_t *dus;
	volatile struct wd_chan_status *status;
	struct wd_desc *sq;
	volatile struct wd_cqe *cq;
	uint32_t tail;		/* descriptors written */
	uint32_t head;		/* completions consumed */
};

/* All devices that speak our format, whatever else they can do; their number. */
int raw_devices(char names[][RAW_NAME], int max);
/* All below, in this process, is about that device from now on; NULL: as it was. */
void raw_select(const char *name);

/*
 * All below is about the first device of that mode: "sva", "share" or "noiommu". It may go and come
 * back, under another name. Lifts the fence for "noiommu". -ENODEV: there is none now.
 */
int raw_select_mode(const char *mode);
const char *raw_mode(void);		/* of the selected device */

/* Whether devices without an IOMMU may be opened. */
#define RAW_FENCE	"/sys/module/wd_uacce/parameters/enable_unsafe_noiommu_mode"
int raw_lift_fence(void);

/* What they return is the thread's, until it asks again. */
/* The first SVA device that speaks our format, if none is selected: "wd_accel-0". NULL: none. */
const char *raw_name(void);
const char *raw_node(void);		/* "/dev/wd_accel-0" */
const char *raw_sysfs(void);		/* its directory in /sys/class */
const char *raw_pci(void);		/* its PCI function's directory in /sys/devices */
const char *raw_bdf(void);		/* "5744:00:00.0" */

/* A sysfs attribute; the trailing newline is cut off. */
int raw_attr(const char *name, char *buf, size_t size);
long raw_attr_num(const char *name);
int raw_write(const char *path, const char *text);	/* any file */
int raw_write_in(const char *dir, const char *name, const char *text);
int raw_available(void);		/* available_instances */
/* Wait until available_instances is @n. Return: milliseconds it took, or -ETIMEDOUT. */
int raw_wait_available(int n, int timeout_ms);
/* Wait until there is a device. */
int raw_wait_device(int timeout_ms);

/* How often to do what is done for load only: SOAK and SLOW in the environment say. */
int raw_rounds(int normal, int soak);

int64_t raw_now_ns(void);
int raw_online_cpus(void);

/* Zeros that nobody has touched. The process ends where there is no memory. */
void *raw_memory(size_t len);

int raw_open(struct raw_chan *c);	/* open, layout, map; state INIT */
int raw_start(struct raw_chan *c);
int raw_setup(struct raw_chan *c);	/* both */
void raw_unmap(struct raw_chan *c);
void raw_close(struct raw_chan *c);

/* Write a descriptor to the ring; the device does not know yet. */
void raw_put(struct raw_chan *c, const struct wd_desc *d);
void raw_store_tail(struct raw_chan *c, uint32_t tail);
void raw_store_head(struct raw_chan *c, uint32_t head);
/* After a doorbell store: kick if the engine sleeps. */
int raw_kick(struct raw_chan *c);
int raw_ring(struct raw_chan *c);	/* store the tail and kick if need be */
/* A completion, if there is one: -EAGAIN otherwise. Does not store CQ_HEAD. */
int raw_peek(struct raw_chan *c, struct wd_cqe *cqe);
/* The next completion, CQ_HEAD stored. -EIO: the channel stopped. */
int raw_get(struct raw_chan *c, struct wd_cqe *cqe, int timeout_ms);
/* One descriptor there and back. */
int raw_do(struct raw_chan *c, const struct wd_desc *d, struct wd_cqe *cqe);
int raw_nop(struct raw_chan *c);	/* -EPROTO: something came back, but not that */
/* Wait until the status line says state @state. */
int raw_wait_state(struct raw_chan *c, uint32_t state, int timeout_ms);

/* A whole stream in one descriptor. */
struct wd_desc raw_deflate(int format, int level, const void *src, size_t len,
			   void *dst, size_t room);
struct wd_desc raw_inflate(int format, const void *src, size_t len, void *dst,
			   size_t room);

/* Text that compresses well and random bytes that do not; by seed. */
void raw_fill_text(void *buf, size_t len, uint32_t seed);
void raw_fill_random(void *buf, size_t len, uint32_t seed);
uint32_t raw_random(uint32_t *seed);

#endif
