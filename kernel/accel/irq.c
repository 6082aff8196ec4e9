// SPDX-License-Identifier: GPL-2.0-only
/* Interrupt vectors: one a channel, requested while the channel is open. */
#include <linux/interrupt.h>
#include "accel.h"

/*
 * The hardware ties a channel to its vector, so a channel without a vector of
 * its own cannot be used.
 */
int wd_accel_irq_init(struct wd_accel *accel, u32 channels)
{
	int vectors;

	vectors = pci_alloc_irq_vectors(accel->pdev, WD_VECTOR_CHAN(1), WD_VECTOR_CHAN(channels),
					PCI_IRQ_MSIX);
	if (vectors < 0)
		return vectors;

	accel->channels = vectors - WD_VECTOR_CHAN(0);
	if (accel->channels < channels)
		pci_info(accel->pdev, "vectors for %u of %u channels only\n",
			 accel->channels, channels);
	return 0;
}

void wd_accel_irq_exit(struct wd_accel *accel)
{
	pci_free_irq_vectors(accel->pdev);
}

static irqreturn_t wd_accel_chan_irq(int irq, void *data)
{
	wd_uacce_queue_wake(data);
	return IRQ_HANDLED;
}

int wd_accel_irq_get(struct wd_accel *accel, struct wd_uacce_queue *q, u32 chan)
{
	return pci_request_irq(accel->pdev, WD_VECTOR_CHAN(chan), wd_accel_chan_irq, NULL, q,
			       "wd_accel-%u:%s", chan, pci_name(accel->pdev));
}

/* On return no handler runs for @q. */
void wd_accel_irq_put(struct wd_accel *accel, struct wd_uacce_queue *q, u32 chan)
{
	pci_free_irq(accel->pdev, WD_VECTOR_CHAN(chan), q);
}
