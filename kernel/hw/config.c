// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space. Every byte has a mask of the bits that a write can change; the
 * few registers that do more than to hold a value are in wd_config_written().
 *
 * Error and status bits that software would clear by writing ones are never set
 * by this hardware, so they are read-only zeros here.
 */
#include <linux/pci.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "hw.h"

/* Where the capabilities are; zero ends a list. */
#define WD_CFG_PM	0x40
#define WD_CFG_MSIX	0x50
#define WD_CFG_VSC	0x60
#define WD_CFG_PCIE	0x80
#define WD_CFG_SERIAL	PCI_CFG_SPACE_SIZE
#define WD_CFG_ATS	0x110
#define WD_CFG_PRI	0x120
#define WD_CFG_PASID	0x130

#define WD_MBOX_ALIGN	128
#define WD_PASID_WIDTH	20
#define WD_PRI_REQUESTS	512	/* page requests that may be outstanding */

/* Set the value of a register and the bits of it that a write can change. */
static void wd_cfg_set8(struct wd_func *f, int where, u8 val, u8 writable)
{
	f->cfg[where] = val;
	f->cfg_mask[where] = writable;
}

static void wd_cfg_set16(struct wd_func *f, int where, u16 val, u16 writable)
{
	put_unaligned_le16(val, f->cfg + where);
	put_unaligned_le16(writable, f->cfg_mask + where);
}

static void wd_cfg_set32(struct wd_func *f, int where, u32 val, u32 writable)
{
	put_unaligned_le32(val, f->cfg + where);
	put_unaligned_le32(writable, f->cfg_mask + where);
}

static void wd_cfg_cap(struct wd_func *f, int where, u8 id, u8 next)
{
	wd_cfg_set8(f, where + PCI_CAP_LIST_ID, id, 0);
	wd_cfg_set8(f, where + PCI_CAP_LIST_NEXT, next, 0);
}

static void wd_cfg_ext_cap(struct wd_func *f, int where, u16 id, u16 next)
{
	wd_cfg_set32(f, where, id | 1 << 16 | next << 20, 0);
}

static void wd_cfg_header(struct wd_func *f)
{
	wd_cfg_set16(f, PCI_VENDOR_ID, WD_PCI_VENDOR, 0);
	wd_cfg_set16(f, PCI_DEVICE_ID, WD_PCI_DEVICE, 0);
	wd_cfg_set16(f, PCI_SUBSYSTEM_VENDOR_ID, WD_PCI_VENDOR, 0);
	wd_cfg_set16(f, PCI_SUBSYSTEM_ID, WD_PCI_DEVICE, 0);
	wd_cfg_set32(f, PCI_CLASS_REVISION, WD_PCI_CLASS << 8 | WD_PCI_REVISION, 0);
	wd_cfg_set16(f, PCI_COMMAND, 0,
		     PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
		     PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	wd_cfg_set16(f, PCI_STATUS, PCI_STATUS_CAP_LIST, 0);
	wd_cfg_set8(f, PCI_CACHE_LINE_SIZE, 0, 0xff);
	wd_cfg_set8(f, PCI_INTERRUPT_LINE, 0, 0xff);
	wd_cfg_set8(f, PCI_CAPABILITY_LIST, WD_CFG_PM, 0);
	wd_cfg_set32(f, PCI_BASE_ADDRESS_0,
		     lower_32_bits(f->bar_phys) | PCI_BASE_ADDRESS_MEM_TYPE_64 |
		     PCI_BASE_ADDRESS_MEM_PREFETCH, ~(WD_BAR_SIZE - 1));
	wd_cfg_set32(f, PCI_BASE_ADDRESS_1, upper_32_bits(f->bar_phys), ~0);
}

static void wd_cfg_pm(struct wd_func *f)
{
	wd_cfg_cap(f, WD_CFG_PM, PCI_CAP_ID_PM, WD_CFG_MSIX);
	wd_cfg_set16(f, WD_CFG_PM + PCI_PM_PMC, 3, 0);	/* PM specification 1.2 */
	wd_cfg_set16(f, WD_CFG_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET,
		     PCI_PM_CTRL_STATE_MASK);
}

static void wd_cfg_msix(struct wd_func *f)
{
	wd_cfg_cap(f, WD_CFG_MSIX, PCI_CAP_ID_MSIX, WD_CFG_VSC);
	wd_cfg_set16(f, WD_CFG_MSIX + PCI_MSIX_FLAGS, WD_NR_VECTORS - 1,
		     PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	wd_cfg_set32(f, WD_CFG_MSIX + PCI_MSIX_TABLE, WD_BAR_MSIX_TABLE | WD_BAR, 0);
	wd_cfg_set32(f, WD_CFG_MSIX + PCI_MSIX_PBA, WD_BAR_MSIX_PBA | WD_BAR, 0);
}

static void wd_cfg_vsc(struct wd_func *f)
{
	wd_cfg_cap(f, WD_CFG_VSC, PCI_CAP_ID_VNDR, WD_CFG_PCIE);
	wd_cfg_set8(f, WD_CFG_VSC + PCI_CAP_FLAGS, WD_VSC_LEN, 0);
	wd_cfg_set8(f, WD_CFG_VSC + WD_VSC_TYPE, WD_VSC_TYPE_1, 0);
	wd_cfg_set32(f, WD_CFG_VSC + WD_VSC_MBOX_ADDR_LO, 0, ~(WD_MBOX_ALIGN - 1));
	wd_cfg_set32(f, WD_CFG_VSC + WD_VSC_MBOX_ADDR_HI, 0, ~0);
	wd_cfg_set32(f, WD_CFG_VSC + WD_VSC_MBOX_DB, 0, ~0);
}

/* A root-complex integrated endpoint has no link and no slot. */
static void wd_cfg_pcie(struct wd_func *f)
{
	wd_cfg_cap(f, WD_CFG_PCIE, PCI_CAP_ID_EXP, 0);
	wd_cfg_set16(f, WD_CFG_PCIE + PCI_EXP_FLAGS,
		     PCI_EXP_TYPE_RC_END << 4 | 2, 0);
	wd_cfg_set32(f, WD_CFG_PCIE + PCI_EXP_DEVCAP,
		     PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR | 1, 0);
	wd_cfg_set16(f, WD_CFG_PCIE + PCI_EXP_DEVCTL,
		     PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN |
		     PCI_EXP_DEVCTL_READRQ_512B,
		     PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE |
		     PCI_EXP_DEVCTL_FERE | PCI_EXP_DEVCTL_URRE |
		     PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
		     PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ);
	/* One end-to-end prefix: the PASID of a request. */
	wd_cfg_set32(f, WD_CFG_PCIE + PCI_EXP_DEVCAP2,
		     PCI_EXP_DEVCAP2_COMP_TMOUT_DIS |
		     (f->type->pasid ? PCI_EXP_DEVCAP2_EE_PREFIX | 1 << 22 : 0), 0);
	wd_cfg_set16(f, WD_CFG_PCIE + PCI_EXP_DEVCTL2, 0,
		     PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
}

static void wd_cfg_serial(struct wd_func *f)
{
	wd_cfg_ext_cap(f, WD_CFG_SERIAL, PCI_EXT_CAP_ID_DSN,
		       f->type->pasid ? WD_CFG_ATS : 0);
	wd_cfg_set32(f, WD_CFG_SERIAL + 4, f->index, 0);
	wd_cfg_set32(f, WD_CFG_SERIAL + 8, WD_PCI_VENDOR << 16 | WD_PCI_DEVICE, 0);
}

static void wd_cfg_address_translation(struct wd_func *f)
{
	wd_cfg_ext_cap(f, WD_CFG_ATS, PCI_EXT_CAP_ID_ATS, WD_CFG_PRI);
	wd_cfg_set16(f, WD_CFG_ATS + PCI_ATS_CAP, PCI_ATS_CAP_PAGE_ALIGNED, 0);
	wd_cfg_set16(f, WD_CFG_ATS + PCI_ATS_CTRL, 0,
		     PCI_ATS_CTRL_ENABLE | PCI_ATS_CTRL_STU(0x1f));

	wd_cfg_ext_cap(f, WD_CFG_PRI, PCI_EXT_CAP_ID_PRI, WD_CFG_PASID);
	wd_cfg_set16(f, WD_CFG_PRI + PCI_PRI_CTRL, 0, PCI_PRI_CTRL_ENABLE);
	wd_cfg_set16(f, WD_CFG_PRI + PCI_PRI_STATUS,
		     PCI_PRI_STATUS_STOPPED | PCI_PRI_STATUS_PASID, 0);
	wd_cfg_set32(f, WD_CFG_PRI + PCI_PRI_MAX_REQ, WD_PRI_REQUESTS, 0);
	wd_cfg_set32(f, WD_CFG_PRI + PCI_PRI_ALLOC_REQ, 0, ~0);

	wd_cfg_ext_cap(f, WD_CFG_PASID, PCI_EXT_CAP_ID_PASID, 0);
	wd_cfg_set16(f, WD_CFG_PASID + PCI_PASID_CAP, WD_PASID_WIDTH << 8, 0);
	wd_cfg_set16(f, WD_CFG_PASID + PCI_PASID_CTRL, 0, PCI_PASID_CTRL_ENABLE);
}

static void wd_cfg_power_on(struct wd_func *f)
{
	memset(f->cfg, 0, sizeof(f->cfg));
	memset(f->cfg_mask, 0, sizeof(f->cfg_mask));
	wd_cfg_header(f);
	wd_cfg_pm(f);
	wd_cfg_msix(f);
	wd_cfg_vsc(f);
	wd_cfg_pcie(f);
	wd_cfg_serial(f);
	if (f->type->pasid)
		wd_cfg_address_translation(f);
}

void wd_config_init(struct wd_func *f)
{
	raw_spin_lock_init(&f->cfg_lock);
	f->msix_cap = WD_CFG_MSIX;
	f->vsc = WD_CFG_VSC;
	f->pcie_cap = WD_CFG_PCIE;
	wd_cfg_power_on(f);
}

void wd_config_reset(struct wd_func *f)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&f->cfg_lock, flags);
	wd_cfg_power_on(f);
	wd_msix_reset(f);
	raw_spin_unlock_irqrestore(&f->cfg_lock, flags);
}

bool wd_config_bus_master(const struct wd_func *f)
{
	return READ_ONCE(f->cfg[PCI_COMMAND]) & PCI_COMMAND_MASTER;
}

bool wd_config_msix_enabled(const struct wd_func *f)
{
	return READ_ONCE(f->cfg[WD_CFG_MSIX + PCI_MSIX_FLAGS + 1]) &
	       PCI_MSIX_FLAGS_ENABLE >> 8;
}

bool wd_config_msix_masked(const struct wd_func *f)
{
	return READ_ONCE(f->cfg[WD_CFG_MSIX + PCI_MSIX_FLAGS + 1]) &
	       PCI_MSIX_FLAGS_MASKALL >> 8;
}

u64 wd_config_mbox_addr(const struct wd_func *f)
{
	const __le32 *lo = (const __le32 *)(f->cfg + WD_CFG_VSC + WD_VSC_MBOX_ADDR_LO);
	const __le32 *hi = (const __le32 *)(f->cfg + WD_CFG_VSC + WD_VSC_MBOX_ADDR_HI);

	return (u64)le32_to_cpu(READ_ONCE(*hi)) << 32 | le32_to_cpu(READ_ONCE(*lo));
}

int wd_config_read(struct wd_func *f, int where, int size, u32 *val)
{
	unsigned long flags;
	int i;

	PCI_SET_ERROR_RESPONSE(val);
	if (where < 0 || where + size > WD_CFG_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;

	raw_spin_lock_irqsave(&f->cfg_lock, flags);
	if (!wd_mgmt_in_reset(f)) {
		*val = 0;
		for (i = 0; i < size; i++)
			*val |= (u32)f->cfg[where + i] << 8 * i;
	}
	raw_spin_unlock_irqrestore(&f->cfg_lock, flags);
	return PCIBIOS_SUCCESSFUL;
}

/* A write, as it arrives: aligned, 1, 2 or 4 bytes. */
struct wd_cfg_write {
	int where;
	int size;
	u32 val;
};

static bool wd_cfg_touches(const struct wd_cfg_write *w, int where)
{
	return w->where <= where && where < w->where + w->size;
}

/* The byte that is written to a place, zero where it is not touched. */
static u8 wd_cfg_byte(const struct wd_cfg_write *w, int where)
{
	return wd_cfg_touches(w, where) ? w->val >> 8 * (where - w->where) : 0;
}

static void wd_cfg_store(struct wd_func *f, const struct wd_cfg_write *w)
{
	u8 mask, val;
	int i;

	for (i = w->where; i < w->where + w->size; i++) {
		mask = f->cfg_mask[i];
		val = (f->cfg[i] & ~mask) | (wd_cfg_byte(w, i) & mask);
		WRITE_ONCE(f->cfg[i], val);
	}
}

static void wd_cfg_pri_stopped(struct wd_func *f)
{
	bool enabled = f->cfg[WD_CFG_PRI + PCI_PRI_CTRL] & PCI_PRI_CTRL_ENABLE;

	wd_cfg_set16(f, WD_CFG_PRI + PCI_PRI_STATUS,
		     PCI_PRI_STATUS_PASID | (enabled ? 0 : PCI_PRI_STATUS_STOPPED), 0);
}

/* What a write does besides changing bits. Doorbells take whole words only. */
static void wd_cfg_written(struct wd_func *f, const struct wd_cfg_write *w)
{
	if (wd_cfg_touches(w, PCI_COMMAND) ||
	    wd_cfg_touches(w, WD_CFG_MSIX + PCI_MSIX_FLAGS + 1))
		wd_msix_update(f);
	if (wd_cfg_touches(w, PCI_COMMAND) && !wd_config_bus_master(f))
		wd_dma_drain(f);

	if (f->type->pasid && wd_cfg_touches(w, WD_CFG_PRI + PCI_PRI_CTRL))
		wd_cfg_pri_stopped(f);

	if (w->size == 4 && w->where == WD_CFG_VSC + WD_VSC_MBOX_DB)
		wd_mbox_doorbell(f, w->val);
	if (w->size == 4 && w->where == WD_CFG_VSC + WD_VSC_WAKE)
		wd_engine_wake(f, w->val);

	if (wd_cfg_byte(w, WD_CFG_PCIE + PCI_EXP_DEVCTL + 1) &
	    PCI_EXP_DEVCTL_BCR_FLR >> 8)
		wd_mgmt_flr(f);
}

/* D1 and D2 do not exist, and a write of them changes nothing. */
static bool wd_cfg_is_bad_power_state(const struct wd_cfg_write *w)
{
	u8 state = wd_cfg_byte(w, WD_CFG_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;

	return state == (u8 __force)PCI_D1 || state == (u8 __force)PCI_D2;
}

int wd_config_write(struct wd_func *f, int where, int size, u32 val)
{
	struct wd_cfg_write w = { .where = where, .size = size, .val = val };
	unsigned long flags;

	if (where < 0 || where + size > WD_CFG_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;

	raw_spin_lock_irqsave(&f->cfg_lock, flags);
	if (!wd_mgmt_in_reset(f) && !wd_cfg_is_bad_power_state(&w)) {
		wd_cfg_store(f, &w);
		wd_cfg_written(f, &w);
	}
	raw_spin_unlock_irqrestore(&f->cfg_lock, flags);
	return PCIBIOS_SUCCESSFUL;
}
