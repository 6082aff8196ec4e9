/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwd: memory domains. A domain is an address space that data may be in, and how data
 * gets from there and to there: so that a layer can hand on where data is without moving
 * it, and without knowing how it would be moved. See <wd_seq.h> for what makes use of it.
 *
 * There from the start are the memory of the process, the scratch domain, which has no
 * memory behind it, and, for each open channel, what its device can reach, under
 * the addresses that the device uses.
 *
 * Threads: all calls, any thread, unless said otherwise.
 *
 * The model is the one of SPDK's memory domains (spdk/dma.h).
 */
#ifndef WD_DOMAIN_H
#define WD_DOMAIN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "wd.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct wd_domain;

/**
 * typedef wd_transfer_cb_t - called when a transfer is done that did not end at once
 * @arg: as given
 * @ret: 0 or a negative errno
 *
 * Called once, by whichever thread the domain finishes in, with no lock of the library held.
 */
typedef void (*wd_transfer_cb_t)(void *arg, int ret);

/**
 * struct wd_domain_ops - what a domain can do; each may be NULL
 * @pull:      copy from the domain to the process's memory
 * @push:      copy from the process's memory to the domain
 * @memzero:   fill memory of the domain with zeros
 * @translate: say where in domain @to memory of this domain is. *@outcnt: in, how many parts
 *             @out has room for; out, how many there are. -EXDEV: nowhere; -ENOSPC: more parts.
 *
 * Parts of a list are addresses in the domain or in the process, as the name says; both lists
 * of a transfer have the same number of bytes, and stay until it is done. A transfer returns 0
 * when it is done, -EINPROGRESS when @cb will be called, or an error, and then nothing is called.
 * All may be called by several threads at once.
 */
struct wd_domain_ops {
	int (*pull)(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		    const struct iovec *from, unsigned int from_cnt,
		    wd_transfer_cb_t cb, void *arg);
	int (*push)(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		    const struct iovec *from, unsigned int from_cnt,
		    wd_transfer_cb_t cb, void *arg);
	int (*memzero)(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
		       wd_transfer_cb_t cb, void *arg);
	int (*translate)(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
			 struct wd_domain *to, struct iovec *out, unsigned int *outcnt);
};

/**
 * wd_domain_create() - make a domain
 * @name:   shown to people; copied; need not be unique
 * @ops:    what it can do; stays the caller's, and must stay as it is until nobody uses the domain
 * @arg:    for wd_domain_arg()
 * @domain: the domain is put here; wd_domain_destroy() it
 *
 * Return: 0, -EINVAL (no name, or one of more than WD_NAME_SIZE - 1 bytes; no @ops), -ENOMEM.
 */
int wd_domain_create(const char *name, const struct wd_domain_ops *ops, void *arg,
		     struct wd_domain **domain);

/**
 * wd_domain_destroy() - end a domain
 * @domain: made by wd_domain_create(); NULL is ignored
 *
 * It is not found any more, and every call with it gives -ENODEV, also those of sequences that
 * name it and have not come to it yet. A transfer that is under way goes on: the
 * caller sees to it that it ends. What is left goes with the last reference.
 */
void wd_domain_destroy(struct wd_domain *domain);

/**
 * wd_domain_next() - go through all domains
 * @domain: NULL for the first one, or what this call returned; its reference is given up
 *
 * In the order of their creation, the process's first. Domains that come and go meanwhile
 * are seen or not; each that stays is seen once.
 *
 * Return: a domain, with a reference of the caller's, or NULL: that was the last.
 */
struct wd_domain *wd_domain_next(struct wd_domain *domain);

/**
 * wd_domain_get() - take another reference
 * @domain: a domain that the caller has one of, or has not destroyed
 *
 * Return: @domain.
 */
struct wd_domain *wd_domain_get(struct wd_domain *domain);

/**
 * wd_domain_put() - give up a reference of wd_domain_get() or wd_domain_next()
 * @domain: the domain, or NULL
 */
void wd_domain_put(struct wd_domain *domain);

/**
 * wd_domain_process() - the memory of this process
 *
 * Return: the domain; it is always there. NULL means the same to all calls.
 */
struct wd_domain *wd_domain_process(void);

/**
 * wd_domain_scratch() - the domain without memory
 *
 * Its addresses come from wd_seq_scratch() and mean something to that sequence only. No transfer
 * is possible: -EFAULT.
 *
 * Return: the domain; it is always there.
 */
struct wd_domain *wd_domain_scratch(void);

/**
 * wd_domain_channel() - what a device reaches through a channel
 * @ch: an open channel
 *
 * Its addresses are what wd_get_pa_from_va() gives: those of the process, I/O virtual or physical
 * ones. It has the name of the device. wd_release_channel() destroys it.
 *
 * Return: the domain, without a reference, or NULL: @ch is not open, or a parent process's.
 */
struct wd_domain *wd_domain_channel(struct wd_chan *ch);

/**
 * wd_domain_name() - the name of a domain
 * @domain: the domain
 *
 * Return: a string that lasts as long as the caller's reference.
 */
const char *wd_domain_name(const struct wd_domain *domain);

/**
 * wd_domain_arg() - what the creator gave
 * @domain: the domain
 *
 * Return: the @arg of wd_domain_create(); NULL of domains that the library made.
 */
void *wd_domain_arg(const struct wd_domain *domain);

/**
 * wd_domain_pull() - copy from a domain to the process's memory
 * @domain:   where from
 * @to:       parts of the process's memory
 * @to_cnt:   how many
 * @from:     parts in @domain, of as many bytes altogether
 * @from_cnt: how many
 * @cb:       called once where the result is -EINPROGRESS, and only then
 * @arg:      for @cb
 *
 * The lists and the memory must stay until it is done.
 *
 * Return: 0: done, -EINPROGRESS, or -EINVAL (the lists differ in length; no @cb), -EOPNOTSUPP (the
 * domain has no pull), -ENODEV (it was destroyed), -EFAULT (addresses that are not its), or what
 * its callback returned.
 */
int wd_domain_pull(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		   const struct iovec *from, unsigned int from_cnt,
		   wd_transfer_cb_t cb, void *arg);

/**
 * wd_domain_push() - copy from the process's memory to a domain
 * @domain:   where to
 * @to:       parts in @domain
 * @to_cnt:   how many
 * @from:     parts of the process's memory, of as many bytes altogether
 * @from_cnt: how many
 * @cb:       called once where the result is -EINPROGRESS, and only then
 * @arg:      for @cb
 *
 * Return: as wd_domain_pull().
 */
int wd_domain_push(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		   const struct iovec *from, unsigned int from_cnt,
		   wd_transfer_cb_t cb, void *arg);

/**
 * wd_domain_memzero() - fill memory of a domain with zeros
 * @domain: where
 * @iov:    parts in @domain
 * @cnt:    how many
 * @cb:     called once where the result is -EINPROGRESS, and only then
 * @arg:    for @cb
 *
 * Return: as wd_domain_pull().
 */
int wd_domain_memzero(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
		      wd_transfer_cb_t cb, void *arg);

/**
 * wd_domain_translate() - where is memory of one domain in another one?
 * @domain: the domain that the addresses are of
 * @iov:    parts in @domain
 * @cnt:    how many
 * @to:     the other domain
 * @out:    its addresses are put here, parts in the same order and of as many bytes
 * @outcnt: in: parts that @out has room for; out: how many there are
 *
 * Asks @domain's translate. The library's own domains, of the process and of channels, are
 * views of the same memory: what the device of one channel calls so is what another
 * one's calls otherwise, if that one can reach it. The addresses are good for as long as those of
 * @domain are, and @to's mapping of that memory stays. What is contiguous in one
 * need not be so in the other.
 *
 * Return: 0, or -EXDEV (not possible: not all of it is in @to), -ENOSPC (@out has too few parts;
 * *@outcnt says how many there are), -ENODEV (one of the two was destroyed), -EINVAL.
 */
int wd_domain_translate(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
			struct wd_domain *to, struct iovec *out, unsigned int *outcnt);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
