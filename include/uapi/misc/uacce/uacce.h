/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * The character device ABI of UACCE, as in mainline Linux since v5.7.
 *
 * Nothing in this file is Warpdrive's own: a program written for mainline's
 * header compiles against this one and the other way round. What Warpdrive
 * adds is in <misc/uacce/wd_uacce.h>.
 */
#ifndef _UAPI_MISC_UACCE_H
#define _UAPI_MISC_UACCE_H

#include <linux/types.h>
#include <linux/ioctl.h>

/*
 * UACCE_CMD_START_Q - start the channel: from now on the device serves its
 * rings. Allowed once, in state INIT; -EINVAL otherwise.
 */
#define UACCE_CMD_START_Q	_IO('W', 0)

/*
 * UACCE_CMD_PUT_Q - stop the channel and give the hardware queue back. The
 * file stays open and answers every further call with an error.
 */
#define UACCE_CMD_PUT_Q		_IO('W', 1)

/*
 * Values of the sysfs attribute "flags".
 *
 * UACCE_DEV_SVA: the device works on the process's own virtual addresses.
 */
#define UACCE_DEV_SVA		(1 << 0)

/*
 * Regions of a channel; region N is mapped with mmap(2) at page offset N.
 *
 * UACCE_QFRT_MMIO: the doorbell page of the channel
 * UACCE_QFRT_DUS:  device user share: status line and rings
 */
enum uacce_qfrt {
	UACCE_QFRT_MMIO = 0,
	UACCE_QFRT_DUS = 1,
};

#endif
