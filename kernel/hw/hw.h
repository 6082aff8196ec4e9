/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wd_hw, the virtual hardware: what its files share.
 *
 * bus.c    the root bus, its functions, BAR assignment
 * config.c config space of a function and what writes to it do
 * dma.c    what a function reads and writes
 * bar.c    the memory behind the BARs
 * msix.c   the interrupt controller
 * mbox.c   the management processor: mailbox commands, function-level reset
 * chan.c   channels: rings, doorbells, descriptors, completions
 * job.c    a descriptor that is carried out: its operands and their faults
 * unit.c   several that are linked, in one pass over the data
 * op.c     the table of operations
 * algs.c   which algorithms there are
 * sgl.c    operands in one piece, or many
 * stage.c  memory for a job's data while it is worked on
 * engine.c the engines: threads that serve the channels
 * comp.c   compression streams
 * deflate.c, lz4.c, lz4_frame.c, zstd.c their formats; xxh32.c a check sum
 * move.c   copy, fill, compare
 * xor.c    XOR of several sources
 * dif.c    T10 protection information
 * stream_pool.c their memory
 * key.c    key objects
 * cipher.c ciphers
 * aead.c   authenticated ciphers
 * digest.c hashes, HMAC and CRCs
 * selftest.c the engine called directly, for comparison
 * inject.c hardware that is broken on purpose
 *
 * Load order (main.c): MSI domain; of each function the BAR memory, interrupts,
 * config space, IOMMU port, management processor and engines; bus scan; then the
 * drivers may bind. Unload is the reverse.
 */
#ifndef _WD_HW_H
#define _WD_HW_H

#include <linux/atomic.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../wd_regs.h"
#include "../iommu/wd_iommu.h"

/*
 * Is shown @n bytes, within a page and with interrupts off: for what is about as fast as a
 * copy. Return: how many were as they should be; none are shown behind one that was not.
 */
typedef u32 (*wd_visitor)(void *ctx, const u8 *p, u32 n);

#define WD_HW_MAX_FUNCS		8
#define WD_HW_PCI_DOMAIN	0x5744
#define WD_CFG_SIZE		4096

struct dentry;
struct wd_mgmt;
struct wd_engine_pool;
struct wd_stream_pool;
struct wd_chan;
struct wd_msix;
struct wd_bar;

/* Module parameters: what each function has (main.c). */
extern unsigned int wd_hw_engines;
extern unsigned int wd_hw_channels;

/* algs.c: WD_ALG_BIT() of what the hardware can; set before there is a function. */
extern u64 wd_hw_algs;
int wd_algs_init(void);
void wd_algs_exit(void);

/* What a function and its place in the machine offer. */
struct wd_func_type {
	const char *name;	/* as in the module parameter functions= */
	bool iommu;		/* an IOMMU in front of it */
	bool pasid;		/* PASID, PRI and ATS capabilities */
};

/**
 * struct wd_func - one PCI function
 * @type:     what it offers
 * @index:    number of the function, from 0
 * @devfn:    where it sits on the root bus
 * @cfg_lock: serialises config accesses, which on x86 the PCI core does not;
 *            taken with interrupts off, inside the core's pci_lock for accesses
 *            from user space. Locks taken inside: that of msix.c, and what the
 *            three functions below that config writes call need: raw ones.
 * @cfg:      config space as it reads
 * @cfg_mask: bits of @cfg that a write can change
 * @vsc, @msix_cap, @pcie_cap: config-space offsets of capabilities
 * @mem:      the memory of BAR 0 (bar.c)
 * @bar:      the same as the device itself sees it
 * @bar_phys: its physical address
 * @msix:     interrupt state (msix.c)
 * @port:     where DMA goes; NULL: no IOMMU, DMA addresses are physical
 * @dma_busy: without an IOMMU: accesses under way (dma.c)
 * @ignore:   mailbox commands that will get no answer (inject.c)
 * @mgmt:     management processor (mbox.c)
 * @pool:     engines (engine.c)
 * @streams:  memory of streams (stream_pool.c)
 * @staged:   bytes of the stages of all channels (stage.c)
 * @chans:    WD_MAX_CHANNELS channels (chan.c)
 */
struct wd_func {
	const struct wd_func_type *type;
	unsigned int index;
	unsigned int devfn;

	raw_spinlock_t cfg_lock;
	u8 cfg[WD_CFG_SIZE] __aligned(8);
	u8 cfg_mask[WD_CFG_SIZE];
	u16 vsc;
	u16 msix_cap;
	u16 pcie_cap;

	struct wd_bar *mem;
	void *bar;
	phys_addr_t bar_phys;
	struct wd_msix *msix;
	struct wd_iommu_port *port;
	atomic_t dma_busy;
	atomic_t ignore;

	struct wd_mgmt *mgmt;
	struct wd_engine_pool *pool;
	struct wd_stream_pool *streams;
	atomic_long_t staged;
	struct wd_chan *chans;
};

/* config.c */
void wd_config_init(struct wd_func *f);		/* after wd_bar_alloc and wd_msix_func_init */
int wd_config_read(struct wd_func *f, int where, int size, u32 *val);
int wd_config_write(struct wd_func *f, int where, int size, u32 val);
/*
 * The power-on values again, MSI-X table and BAR address included. From wd_mgmt's
 * thread, while wd_mgmt_in_reset() keeps everyone else out.
 */
void wd_config_reset(struct wd_func *f);
/* These look at registers that the driver can change any time. Any context. */
bool wd_config_bus_master(const struct wd_func *f);
bool wd_config_msix_enabled(const struct wd_func *f);
bool wd_config_msix_masked(const struct wd_func *f);	/* the whole function */
u64 wd_config_mbox_addr(const struct wd_func *f);	/* DMA address of struct wd_mbox */

/*
 * dma.c; when the function ceases to be a bus master: wait for what is under way.
 * From config writes: cfg_lock held, interrupts off.
 */
void wd_dma_drain(struct wd_func *f);

/* bar.c: freed in the reverse order of allocation */
int wd_bar_alloc(struct wd_func *f);
void wd_bar_free(struct wd_func *f);
struct resource *wd_bar_window(struct wd_func *f);

static inline u32 wd_bar_read32(const struct wd_func *f, unsigned int off)
{
	return READ_ONCE(*(u32 *)(f->bar + off));
}

static inline void wd_bar_write32(struct wd_func *f, unsigned int off, u32 val)
{
	WRITE_ONCE(*(u32 *)(f->bar + off), val);
}

/* inject.c */
void wd_inject_init(struct wd_func *f, struct dentry *parent);

/* msix.c */
int wd_msix_init(void);		/* the irq domain, before the bus is made */
void wd_msix_exit(void);
struct irq_domain *wd_msix_domain(void);
int wd_msix_func_init(struct wd_func *f);
void wd_msix_func_exit(struct wd_func *f);
void wd_msix_reset(struct wd_func *f);
/* MSI-X control or bus mastering changed: pending interrupts may go out or are lost. */
void wd_msix_update(struct wd_func *f);
/*
 * Raise a vector of a function. Process context or softirq; the driver's handler
 * runs before this returns. Masked vectors, a masked function and one that is no
 * bus master set the pending bit; MSI-X not enabled: nothing happens.
 */
void wd_msix_raise(struct wd_func *f, unsigned int vector);

/* bus.c */
int wd_bus_add(struct wd_func **funcs, unsigned int n);	/* scan; no driver binds yet */
void wd_bus_publish(void);				/* pci_bus_add_devices */
void wd_bus_remove(void);
struct wd_func *wd_bus_func(const struct pci_bus *bus, unsigned int devfn);

/*
 * mbox.c; the first three come from config writes, wd_mgmt_in_reset() from all
 * accesses: cfg_lock held, interrupts off
 */
void wd_mbox_doorbell(struct wd_func *f, u32 seq);
void wd_engine_wake(struct wd_func *f, u32 chan);	/* engine.c */
void wd_mgmt_flr(struct wd_func *f);			/* DEVCTL.BCR_FLR was written */
bool wd_mgmt_in_reset(const struct wd_func *f);		/* config reads as all ones then */
int wd_mgmt_start(struct wd_func *f);
void wd_mgmt_stop(struct wd_func *f);

#endif
