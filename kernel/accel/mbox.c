// SPDX-License-Identifier: GPL-2.0-only
/* The mailbox: commands to the device, by DMA buffer and config space. */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include "accel.h"

#define WD_MBOX_TIMEOUT		(5 * HZ)

static irqreturn_t wd_accel_mbox_irq(int irq, void *data)
{
	struct wd_accel *accel = data;

	wake_up(&accel->mbox.wait);
	return IRQ_HANDLED;
}

int wd_accel_mbox_init(struct wd_accel *accel)
{
	struct wd_accel_mbox *mbox = &accel->mbox;
	struct pci_dev *pdev = accel->pdev;
	int ret;

	mutex_init(&mbox->lock);
	init_waitqueue_head(&mbox->wait);
	mbox->buf = dma_alloc_coherent(&pdev->dev, sizeof(*mbox->buf), &mbox->dma, GFP_KERNEL);
	if (!mbox->buf)
		return -ENOMEM;

	ret = pci_request_irq(pdev, WD_VECTOR_MBOX, wd_accel_mbox_irq, NULL, accel,
			      "wd_accel-mbox:%s", pci_name(pdev));
	if (ret) {
		dma_free_coherent(&pdev->dev, sizeof(*mbox->buf), mbox->buf, mbox->dma);
		return ret;
	}

	wd_accel_mbox_enable(accel);
	return 0;
}

/* The device must not do DMA any more. */
void wd_accel_mbox_exit(struct wd_accel *accel)
{
	struct wd_accel_mbox *mbox = &accel->mbox;
	struct pci_dev *pdev = accel->pdev;

	pci_free_irq(pdev, WD_VECTOR_MBOX, accel);
	dma_free_coherent(&pdev->dev, sizeof(*mbox->buf), mbox->buf, mbox->dma);
	mutex_destroy(&mbox->lock);
}

static void wd_accel_mbox_set_addr(struct wd_accel *accel, u64 addr)
{
	struct pci_dev *pdev = accel->pdev;

	pci_write_config_dword(pdev, accel->vsc + WD_VSC_MBOX_ADDR_LO, lower_32_bits(addr));
	pci_write_config_dword(pdev, accel->vsc + WD_VSC_MBOX_ADDR_HI, upper_32_bits(addr));
}

/* Whether the device was told where a buffer is; it forgets it when it is reset. */
bool wd_accel_mbox_in_use(struct wd_accel *accel)
{
	u32 lo, hi;

	pci_read_config_dword(accel->pdev, accel->vsc + WD_VSC_MBOX_ADDR_LO, &lo);
	pci_read_config_dword(accel->pdev, accel->vsc + WD_VSC_MBOX_ADDR_HI, &hi);
	return lo || hi;
}

/* The last word to a function that has nothing left to do. */
void wd_accel_mbox_clear(struct wd_accel *accel)
{
	wd_accel_mbox_set_addr(accel, 0);
}

/* After power-on and after each reset: tell the device where the buffer is. */
void wd_accel_mbox_enable(struct wd_accel *accel)
{
	struct wd_accel_mbox *mbox = &accel->mbox;

	mutex_lock(&mbox->lock);
	wd_accel_mbox_set_addr(accel, mbox->dma);
	mbox->usable = true;
	mutex_unlock(&mbox->lock);
}

/* Waits for a command under way; later ones fail at once. */
void wd_accel_mbox_disable(struct wd_accel *accel)
{
	mutex_lock(&accel->mbox.lock);
	accel->mbox.usable = false;
	mutex_unlock(&accel->mbox.lock);
}

bool wd_accel_mbox_usable(struct wd_accel *accel)
{
	return READ_ONCE(accel->mbox.usable);
}

static bool wd_accel_mbox_done(struct wd_accel_mbox *mbox)
{
	return le32_to_cpu(READ_ONCE(mbox->buf->done)) == mbox->seq;
}

/* Ring, wait. A device that does not answer once is not asked again. */
static int wd_accel_mbox_ring(struct wd_accel *accel)
{
	struct wd_accel_mbox *mbox = &accel->mbox;
	struct pci_dev *pdev = accel->pdev;

	mbox->seq++;
	wmb(); /* the command before the doorbell */
	if (pci_write_config_dword(pdev, accel->vsc + WD_VSC_MBOX_DB, mbox->seq) ||
	    !wait_event_timeout(mbox->wait, wd_accel_mbox_done(mbox), WD_MBOX_TIMEOUT)) {
		mbox->usable = false;
		dev_err(&pdev->dev,
			"mailbox command %u got no answer: the function and the memory of its channels are out of use until it is reset\n",
			le16_to_cpu(mbox->buf->opcode));
		wd_accel_health_error(accel);
		return -EIO;
	}
	dma_rmb(); /* the results after done */
	return 0;
}

static int wd_accel_mbox_status(struct wd_accel *accel, const struct wd_mbox *cmd)
{
	u16 status = le16_to_cpu(cmd->status);

	switch (status) {
	case WD_MBOX_ST_OK:
		return 0;
	case WD_MBOX_ST_NO_MEMORY:
		return -ENOMEM;
	default:
		dev_err_ratelimited(&accel->pdev->dev,
				    "mailbox command %u for channel %u: status %u\n",
				    le16_to_cpu(cmd->opcode), le32_to_cpu(cmd->chan), status);
		return -EPROTO;
	}
}

/**
 * wd_accel_mbox_run() - have the device carry out a command
 * @accel: function
 * @cmd:   in: the command; out: the answer
 *
 * Context: sleeps, at most WD_MBOX_TIMEOUT for each command before it.
 * Return: 0; -EIO: no answer, nobody knows whether it was carried out; -ENOMEM
 * or -EPROTO: refused, nothing has changed.
 */
int wd_accel_mbox_run(struct wd_accel *accel, struct wd_mbox *cmd)
{
	struct wd_accel_mbox *mbox = &accel->mbox;
	int ret = -EIO;

	mutex_lock(&mbox->lock);
	if (!mbox->usable || pci_channel_offline(accel->pdev))
		goto out;

	/* All but done, which belongs to the device. */
	memcpy(mbox->buf, cmd, offsetof(struct wd_mbox, done));
	mbox->buf->weight = cmd->weight;
	ret = wd_accel_mbox_ring(accel);
	if (ret)
		goto out;
	memcpy(cmd, mbox->buf, sizeof(*cmd));
	ret = wd_accel_mbox_status(accel, cmd);
out:
	mutex_unlock(&mbox->lock);
	return ret;
}
