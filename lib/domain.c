// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory domains: which there are, and those that the library makes itself. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "chan.h"
#include "domain.h"
#include "mem.h"

/**
 * struct wd_domain - a domain
 * @next: in the list, in the order of creation; also while it is dead
 * @refs: references; the creator's is one until the domain is destroyed
 * @dead: it was destroyed
 * @ops:  what it can do
 * @arg:  the creator's
 * @ch:   that it is about, NULL: none
 * @name: shown
 */
struct wd_domain {
	struct wd_domain *next;
	unsigned int refs;
	atomic_bool dead;
	const struct wd_domain_ops *ops;
	void *arg;
	struct wd_chan *ch;
	char name[WD_NAME_SIZE];
};

static const struct wd_domain_ops view_ops, scratch_ops;

static struct wd_domain scratch = { .refs = 1, .ops = &scratch_ops, .name = "scratch" };
static struct wd_domain process = {
	.next = &scratch, .refs = 1, .ops = &view_ops, .name = "process",
};

/* Guards the list and the references of those in it. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;

/* ------------------------------------------------------------- which there are */

static struct wd_domain *domain_new(const char *name, const struct wd_domain_ops *ops)
{
	struct wd_domain *domain = calloc(1, sizeof(*domain)), *last = &process;

	if (!domain)
		return NULL;
	domain->refs = 1;
	domain->ops = ops;
	strncpy(domain->name, name, sizeof(domain->name) - 1);
	pthread_mutex_lock(&list_lock);
	while (last->next)
		last = last->next;
	last->next = domain;
	pthread_mutex_unlock(&list_lock);
	return domain;
}

int wd_domain_create(const char *name, const struct wd_domain_ops *ops, void *arg,
		     struct wd_domain **domain)
{
	if (!name || !name[0] || strlen(name) >= WD_NAME_SIZE || !ops || !domain)
		return -EINVAL;
	*domain = domain_new(name, ops);
	if (!*domain)
		return -ENOMEM;
	(*domain)->arg = arg;
	return 0;
}

struct wd_domain *wd_domain_new_channel(struct wd_chan *ch, const char *name)
{
	struct wd_domain *domain = domain_new(name, &view_ops);

	if (domain)
		domain->ch = ch;
	return domain;
}

static void unlink_locked(struct wd_domain *domain)
{
	struct wd_domain *d = &process;

	while (d->next != domain)
		d = d->next;
	d->next = domain->next;
}

void wd_domain_put(struct wd_domain *domain)
{
	bool last;

	if (!domain)
		return;
	pthread_mutex_lock(&list_lock);
	last = !--domain->refs;
	if (last)
		unlink_locked(domain);
	pthread_mutex_unlock(&list_lock);
	if (last)
		free(domain);
}

void wd_domain_destroy(struct wd_domain *domain)
{
	if (!domain || domain == &process || domain == &scratch)
		return;
	atomic_store(&domain->dead, true);
	wd_domain_put(domain);
}

void wd_domain_drop_channel(const struct wd_chan *ch)
{
	struct wd_domain *domain;

	pthread_mutex_lock(&list_lock);
	for (domain = &process; domain; domain = domain->next)
		if (domain->ch == ch && !atomic_load(&domain->dead))
			break;
	pthread_mutex_unlock(&list_lock);
	wd_domain_destroy(domain);
}

struct wd_domain *wd_domain_get(struct wd_domain *domain)
{
	domain = wd_domain_of(domain);
	pthread_mutex_lock(&list_lock);
	domain->refs++;
	pthread_mutex_unlock(&list_lock);
	return domain;
}

struct wd_domain *wd_domain_next(struct wd_domain *domain)
{
	struct wd_domain *next;

	pthread_mutex_lock(&list_lock);
	next = domain ? domain->next : &process;
	while (next && atomic_load(&next->dead))
		next = next->next;
	if (next)
		next->refs++;
	pthread_mutex_unlock(&list_lock);
	wd_domain_put(domain);
	return next;
}

struct wd_domain *wd_domain_process(void)
{
	return &process;
}

struct wd_domain *wd_domain_scratch(void)
{
	return &scratch;
}

struct wd_domain *wd_domain_channel(struct wd_chan *ch)
{
	if (!ch || !ch->lib || wd_chan_inherited(ch))
		return NULL;
	return ((struct wd_chan_lib *)ch->lib)->domain;
}

bool wd_domain_is_view(const struct wd_domain *domain)
{
	return domain->ops == &view_ops;
}

bool wd_domain_is_dead(const struct wd_domain *domain)
{
	return atomic_load(&domain->dead);
}

const char *wd_domain_name(const struct wd_domain *domain)
{
	return domain ? domain->name : process.name;
}

void *wd_domain_arg(const struct wd_domain *domain)
{
	return domain ? domain->arg : NULL;
}

/* ------------------------------------------------------------------- transfers */

/* *@sum: bytes of the list. */
static bool list_ok(const struct iovec *iov, unsigned int cnt, size_t *sum)
{
	*sum = 0;
	if (!iov || !cnt)
		return false;
	for (unsigned int i = 0; i < cnt; i++)
		if (__builtin_add_overflow(*sum, iov[i].iov_len, sum) ||
		    (uintptr_t)iov[i].iov_base + iov[i].iov_len < (uintptr_t)iov[i].iov_base)
			return false;
	return true;
}

static int check_transfer(const struct wd_domain *domain, const struct iovec *to,
			  unsigned int to_cnt, const struct iovec *from, unsigned int from_cnt,
			  wd_transfer_cb_t cb)
{
	size_t to_len, from_len;

	if (!cb || !list_ok(to, to_cnt, &to_len) || !list_ok(from, from_cnt, &from_len) ||
	    to_len != from_len)
		return -EINVAL;
	return wd_domain_is_dead(domain) ? -ENODEV : 0;
}

static int transfer(struct wd_domain *domain, bool push, const struct iovec *to,
		    unsigned int to_cnt, const struct iovec *from, unsigned int from_cnt,
		    wd_transfer_cb_t cb, void *arg)
{
	const struct wd_domain_ops *ops = domain->ops;
	int ret = check_transfer(domain, to, to_cnt, from, from_cnt, cb);

	if (ret)
		return ret;
	if (push ? !ops->push : !ops->pull)
		return -EOPNOTSUPP;
	return (push ? ops->push : ops->pull)(domain, to, to_cnt, from, from_cnt, cb, arg);
}

int wd_domain_pull(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		   const struct iovec *from, unsigned int from_cnt,
		   wd_transfer_cb_t cb, void *arg)
{
	return transfer(wd_domain_of(domain), false, to, to_cnt, from, from_cnt, cb, arg);
}

int wd_domain_push(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		   const struct iovec *from, unsigned int from_cnt,
		   wd_transfer_cb_t cb, void *arg)
{
	return transfer(wd_domain_of(domain), true, to, to_cnt, from, from_cnt, cb, arg);
}

int wd_domain_memzero(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
		      wd_transfer_cb_t cb, void *arg)
{
	size_t len;

	domain = wd_domain_of(domain);
	if (!cb || !list_ok(iov, cnt, &len))
		return -EINVAL;
	if (wd_domain_is_dead(domain))
		return -ENODEV;
	return domain->ops->memzero ? domain->ops->memzero(domain, iov, cnt, cb, arg) :
				      -EOPNOTSUPP;
}

int wd_domain_translate(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
			struct wd_domain *to, struct iovec *out, unsigned int *outcnt)
{
	unsigned int room;
	size_t len;

	domain = wd_domain_of(domain);
	to = wd_domain_of(to);
	if (!list_ok(iov, cnt, &len) || !out || !outcnt)
		return -EINVAL;
	if (wd_domain_is_dead(domain) || wd_domain_is_dead(to))
		return -ENODEV;
	if (domain != to)
		return domain->ops->translate ?
		       domain->ops->translate(domain, iov, cnt, to, out, outcnt) : -EXDEV;
	room = *outcnt;
	*outcnt = cnt;
	if (cnt > room)
		return -ENOSPC;
	memcpy(out, iov, cnt * sizeof(*iov));
	return 0;
}

/* ------------------------------- views of the process's memory: its own, and devices' */

/* Where @addr of the domain is in the process; *@len: at most so many bytes of it, lessened. */
static uint8_t *view_va(const struct wd_domain *domain, uintptr_t addr, size_t *len)
{
	const struct wd_chan *ch = domain->ch;
	struct wd_mem_table *table;
	uintptr_t va = 0;
	size_t contig;

	if (!ch || wd_mem_is_plain(ch))
		return (uint8_t *)addr;
	table = ch->mem;
	pthread_rwlock_rdlock(&table->lock);
	for (const struct wd_mem *mem = table->head; mem && !va; mem = mem->next) {
		va = wd_mem_va(mem, addr);
		if (!va)
			continue;
		/* Slices may begin before what is the memory's, and end behind it. */
		if (va < mem->va || va - mem->va >= mem->size) {
			va = 0;
			continue;
		}
		wd_mem_dma(mem, va, &contig);
		if (contig < *len)
			*len = contig;
	}
	pthread_rwlock_unlock(&table->lock);
	return (uint8_t *)va;
}

/* A place in a list. */
struct place {
	const struct iovec *iov;
	size_t off;
};

/* The present part, and what is left of it. */
static uintptr_t place_at(struct place *at, size_t *len)
{
	while (at->off == at->iov->iov_len) {
		at->iov++;
		at->off = 0;
	}
	*len = at->iov->iov_len - at->off;
	return (uintptr_t)at->iov->iov_base + at->off;
}

/* Between memory of the process, @own, and of the domain. */
static int view_copy(const struct wd_domain *domain, const struct iovec *theirs,
		     const struct iovec *own, unsigned int own_cnt, bool push)
{
	struct place there = { .iov = theirs }, here = { .iov = own };
	size_t left = 0;

	for (unsigned int i = 0; i < own_cnt; i++)
		left += own[i].iov_len;
	while (left) {
		size_t n, m;
		uint8_t *a = (uint8_t *)place_at(&here, &n);
		uintptr_t addr = place_at(&there, &m);
		uint8_t *b;

		n = n < m ? n : m;
		b = view_va(domain, addr, &n);
		if (!b)
			return -EFAULT;
		memmove(push ? b : a, push ? a : b, n);
		here.off += n;
		there.off += n;
		left -= n;
	}
	return 0;
}

static int view_pull(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		     const struct iovec *from, unsigned int from_cnt,
		     wd_transfer_cb_t cb, void *arg)
{
	(void)from_cnt;
	(void)cb;
	(void)arg;
	return view_copy(domain, from, to, to_cnt, false);
}

static int view_push(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		     const struct iovec *from, unsigned int from_cnt,
		     wd_transfer_cb_t cb, void *arg)
{
	(void)to_cnt;
	(void)cb;
	(void)arg;
	return view_copy(domain, to, from, from_cnt, true);
}

static int view_memzero(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
			wd_transfer_cb_t cb, void *arg)
{
	(void)cb;
	(void)arg;
	for (unsigned int i = 0; i < cnt; i++) {
		uintptr_t addr = (uintptr_t)iov[i].iov_base;
		size_t left = iov[i].iov_len, n;

		for (; left; left -= n, addr += n) {
			uint8_t *va;

			n = left;
			va = view_va(domain, addr, &n);
			if (!va)
				return -EFAULT;
			memset(va, 0, n);
		}
	}
	return 0;
}

/* The list that a translation makes; what does not fit is only counted. */
struct out {
	struct iovec *iov;
	unsigned int room;
	unsigned int cnt;
	uintptr_t end;		/* of the last part */
};

static void out_add(struct out *out, uintptr_t addr, size_t len)
{
	if (out->cnt && out->end == addr) {
		if (out->cnt <= out->room)
			out->iov[out->cnt - 1].iov_len += len;
	} else {
		if (out->cnt < out->room)
			out->iov[out->cnt] = (struct iovec){ (void *)addr, len };
		out->cnt++;
	}
	out->end = addr + len;
}

/* Memory of the process, as the domain calls it. */
static bool view_add(const struct wd_domain *domain, uintptr_t va, size_t len, struct out *out)
{
	const struct wd_chan *ch = domain->ch;

	if (!ch || wd_mem_is_plain(ch)) {
		out_add(out, va, len);
		return true;
	}
	while (len) {
		const struct wd_mem *mem = wd_mem_find(ch, va, 1, false);
		size_t n, all;
		uint64_t dma;

		if (!mem)
			return false;
		dma = wd_mem_dma(mem, va, &n);
		all = mem->size - (va - mem->va);
		n = n < all ? n : all;
		n = n < len ? n : len;
		out_add(out, (uintptr_t)dma, n);
		va += n;
		len -= n;
	}
	return true;
}

static int view_translate(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
			  struct wd_domain *to, struct iovec *to_iov, unsigned int *to_cnt)
{
	struct out out = { .iov = to_iov, .room = *to_cnt };

	if (to->ops != &view_ops)
		return -EXDEV;
	for (unsigned int i = 0; i < cnt; i++) {
		uintptr_t addr = (uintptr_t)iov[i].iov_base;
		size_t left = iov[i].iov_len, n;

		for (; left; left -= n, addr += n) {
			uint8_t *va;

			n = left;
			va = view_va(domain, addr, &n);
			if (!va || !view_add(to, (uintptr_t)va, n, &out))
				return -EXDEV;
		}
	}
	*to_cnt = out.cnt;
	return out.cnt > out.room ? -ENOSPC : 0;
}

static const struct wd_domain_ops view_ops = {
	.pull = view_pull,
	.push = view_push,
	.memzero = view_memzero,
	.translate = view_translate,
};

/* -------------------------------------------------------------------- no memory */

static int no_transfer(struct wd_domain *domain, const struct iovec *to, unsigned int to_cnt,
		       const struct iovec *from, unsigned int from_cnt,
		       wd_transfer_cb_t cb, void *arg)
{
	(void)domain;
	(void)to;
	(void)to_cnt;
	(void)from;
	(void)from_cnt;
	(void)cb;
	(void)arg;
	return -EFAULT;
}

static int no_memzero(struct wd_domain *domain, const struct iovec *iov, unsigned int cnt,
		      wd_transfer_cb_t cb, void *arg)
{
	(void)domain;
	(void)iov;
	(void)cnt;
	(void)cb;
	(void)arg;
	return -EFAULT;
}

static const struct wd_domain_ops scratch_ops = {
	.pull = no_transfer,
	.push = no_transfer,
	.memzero = no_memzero,
};
