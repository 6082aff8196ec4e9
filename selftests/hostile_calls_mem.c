// SPDX-License-Identifier: GPL-2.0-or-later
/* The part of hostile_calls that is about memory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hostile_calls.h"

#define PAGE	CALLS_PAGE
#define RW	(PROT_READ | PROT_WRITE)
#define ANON	(MAP_PRIVATE | MAP_ANONYMOUS)
#define DEPTH	256		/* of a ring; a mistake would be the attacker's own */

/* A touch of memory that another thread took away is no end of the attack. */
static __thread sigjmp_buf jump;
static __thread volatile sig_atomic_t touching;

static void on_fault(int sig)
{
	if (touching)
		siglongjmp(jump, sig);
	signal(sig, SIG_DFL);
}

void calls_begin(struct calls_process *p)
{
	struct sigaction act = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &act, NULL);
	sigaction(SIGBUS, &act, NULL);
	signal(SIGIO, SIG_IGN);
	snprintf(p->node, sizeof(p->node), "%s", raw_node());
	snprintf(p->sysfs, sizeof(p->sysfs), "%s", raw_sysfs());
	p->dus_size = raw_attr_num("region_dus_size");
	p->mode = hostile_mode();
	mmap(CALLS_BASE, CALLS_PLACES * CALLS_PLACE, RW, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

static int any_prot(struct calls *x)
{
	return hostile_chance(&x->rng, 2) ? RW : (int)hostile_below(&x->rng, 8);
}

/* Addresses end with the last place: behind it there may be others' memory one day. */
static size_t room_from(const uint8_t *p)
{
	return CALLS_BASE + CALLS_PLACES * CALLS_PLACE - p;
}

static size_t len_from(struct calls *x, const uint8_t *p)
{
	size_t len = calls_len(x), left = room_from(p);

	return len < left ? len : left;
}

/*
 * Channels that are worked with have their regions at the beginning of a place, and
 * a file, of the same number; the other half of the places is for operands.
 */
#define PROPER	(CALLS_PLACES / 2)

void calls_proper_channel(struct calls *x)
{
	unsigned int i = hostile_below(&x->rng, PROPER);
	uint8_t *p = CALLS_BASE + i * CALLS_PLACE;
	int fd = CALL(x, open(x->p->node, O_RDWR | O_CLOEXEC));

	if (fd < 0)
		return;
	CALL(x, mmap(p, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0));
	CALL(x, mmap(p + 2 * PAGE, x->p->dus_size, RW, MAP_SHARED | MAP_FIXED, fd, PAGE));
	CALL(x, ioctl(fd, UACCE_CMD_START_Q));
	calls_keep_fd_at(x, i, fd);
}

static struct wd_desc any_work(struct calls *x)
{
	uint8_t *src = calls_address(x), *dst = calls_address(x);
	size_t len = hostile_below(&x->rng, 32 * PAGE) + 1;

	/* Descriptors may be torn: not where an address that is none is memory all the same. */
	if (x->p->mode == HOSTILE_NOIOMMU)
		return (struct wd_desc) { .opcode = WD_OP_NOP };
	switch (hostile_below(&x->rng, 3)) {
	case 0:
		return (struct wd_desc) { .opcode = WD_OP_NOP };
	case 1:
		return raw_deflate(hostile_below(&x->rng, 3), hostile_below(&x->rng, 10),
				   src, len, dst, len);
	default:
		return raw_inflate(hostile_below(&x->rng, 3), src, len, dst, len);
	}
}

/*
 * A few descriptors at the tail that the doorbell says. Somebody else may do so at
 * the same time, or have unmapped it all: the channel, if it still is one, bears it.
 */
void calls_submit(struct calls *x)
{
	unsigned int place = hostile_below(&x->rng, PROPER);
	uint8_t *p = CALLS_BASE + place * CALLS_PLACE;
	struct wd_desc *sq = (struct wd_desc *)(p + 3 * PAGE);
	volatile uint32_t *tail = (volatile uint32_t *)(p + WD_DB_SQ_TAIL);
	volatile uint32_t *head = (volatile uint32_t *)(p + WD_DB_CQ_HEAD);
	volatile struct wd_chan_status *status = (void *)(p + 2 * PAGE);
	unsigned int n = 1 + hostile_below(&x->rng, 4);

	touching = 1;
	if (!sigsetjmp(jump, 1)) {
		*head = status->cq_tail;
		for (unsigned int i = 0; i < n; i++)
			sq[(*tail + i) % DEPTH] = any_work(x);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		*tail += n;
		hostile_descriptors(n);
	}
	touching = 0;
	CALL(x, ioctl(__atomic_load_n(&x->p->fds[place], __ATOMIC_RELAXED), WD_CMD_KICK));
}

void calls_mmap(struct calls *x)
{
	static const int kinds[] = {
		MAP_SHARED, MAP_SHARED, MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, ANON, ANON,
		MAP_SHARED | MAP_ANONYMOUS,
	};
	static const int more[] = { 0, 0, 0, MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE, MAP_NONBLOCK };
	static const off_t offsets[] = { 0, PAGE, 2 * PAGE, 3 * PAGE, 1L << 40, -PAGE };
	off_t offset = hostile_chance(&x->rng, 3) ? HOSTILE_PICK(&x->rng, offsets) :
		       (off_t)(hostile_below(&x->rng, 2) * PAGE);
	size_t len = offset == 0 && hostile_below(&x->rng, 4) ? PAGE : calls_len(x);
	uint8_t *p = calls_address(x);

	if (len > CALLS_PLACE)
		len = CALLS_PLACE;
	if (len > room_from(p))
		len = room_from(p);
	CALL(x, mmap(p, len, any_prot(x),
		     HOSTILE_PICK(&x->rng, kinds) | HOSTILE_PICK(&x->rng, more) | MAP_FIXED,
		     calls_fd(x), offset));
}

/* Often just a region of a channel, for then the call may do what it says. */
static uint8_t *range(struct calls *x, size_t *len)
{
	uint8_t *p = CALLS_BASE + hostile_below(&x->rng, PROPER) * CALLS_PLACE;

	switch (hostile_below(&x->rng, 5)) {
	case 0:
		*len = PAGE;
		return p;
	case 1:
		*len = x->p->dus_size;
		return p + 2 * PAGE;
	default:
		p = calls_address(x);
		*len = len_from(x, p);
		return p;
	}
}

void calls_munmap(struct calls *x)
{
	size_t len;
	uint8_t *p = range(x, &len);

	CALL(x, munmap(p, len));
	/* Else there is nothing left soon. */
	if (hostile_chance(&x->rng, 2))
		CALL(x, mmap(p, len, RW, ANON | MAP_FIXED, -1, 0));
}

void calls_mremap(struct calls *x)
{
	size_t old, new;
	uint8_t *p = range(x, &old), *to = calls_address(x);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	new = hostile_chance(&x->rng, 2) ? old : len_from(x, to);
	if (hostile_chance(&x->rng, 8))
		old = 0;
	if (hostile_chance(&x->rng, 3))
		flags |= MREMAP_DONTUNMAP;
	if (hostile_chance(&x->rng, 4))
		flags = 0;
	CALL(x, mremap(p, old, new, flags, to));
}

void calls_madvise(struct calls *x)
{
	/* All but those that poison pages. */
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
		MADV_DONTNEED, MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK,
		MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, MADV_COLLAPSE, 77,
	};
	size_t len;
	uint8_t *p = range(x, &len);

	CALL(x, madvise(p, len, HOSTILE_PICK(&x->rng, advice)));
}

void calls_mprotect(struct calls *x)
{
	size_t len;
	uint8_t *p = range(x, &len);

	CALL(x, mprotect(p, len, any_prot(x)));
}

void calls_other_memory(struct calls *x)
{
	static __thread unsigned char vec[CALLS_PLACES * CALLS_PLACE / PAGE];
	size_t len;
	uint8_t *p = range(x, &len);

	switch (hostile_below(&x->rng, 7)) {
	case 0:
		CALL(x, mlock2(p, len < 16 * PAGE ? len : 16 * PAGE, hostile_below(&x->rng, 2)));
		break;
	case 1:
		CALL(x, munlock(p, len));
		break;
	case 2:
		CALL(x, msync(p, len, 1 << hostile_below(&x->rng, 3)));
		break;
	case 3:
		CALL(x, mincore(p, len, vec));
		break;
	case 4:
		CALL(x, syscall(SYS_remap_file_pages, p, len, 0, hostile_below(&x->rng, 3), 0));
		break;
	case 5:
		CALL(x, syscall(SYS_mbind, p, len, hostile_below(&x->rng, 5), NULL, 0,
				hostile_below(&x->rng, 4)));
		break;
	default:
		CALL(x, syscall(SYS_futex, p, hostile_below(&x->rng, 2), 1, &(struct timespec){},
				NULL, 0));
	}
}

void calls_touch(struct calls *x)
{
	volatile uint32_t *p = (volatile uint32_t *)calls_address(x) + hostile_below(&x->rng, PAGE / 4);

	touching = 1;
	if (!sigsetjmp(jump, 1)) {
		if (hostile_chance(&x->rng, 2))
			*p = hostile_random(&x->rng);
		else if (hostile_chance(&x->rng, 2))
			__atomic_add_fetch(p, 1, __ATOMIC_SEQ_CST);
		else
			(void)*p;
	}
	touching = 0;
}

/* As a debugger would. */
void calls_reach_in(struct calls *x)
{
	char buf[64] = {};
	struct iovec local = { buf, sizeof(buf) };
	struct iovec remote = { calls_address(x), sizeof(buf) };
	int fd;

	switch (hostile_below(&x->rng, 3)) {
	case 0:
		CALL(x, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
		break;
	case 1:
		CALL(x, process_vm_writev(getpid(), &local, 1, &remote, 1, 0));
		break;
	default:
		fd = CALL(x, open("/proc/self/mem", O_RDWR | O_CLOEXEC));
		CALL(x, pwrite(fd, buf, sizeof(buf), (off_t)calls_address(x)));
		CALL(x, pread(fd, buf, sizeof(buf), (off_t)calls_address(x)));
		CALL(x, close(fd));
	}
}

/* Not so much that the machine suffers, or more than anybody may have. */
static uint64_t any_size(struct calls *x)
{
	if (hostile_chance(&x->rng, 8))
		return (uint64_t)hostile_random(&x->rng) << (8 + hostile_below(&x->rng, 24)) | 1ULL << 40;
	return hostile_below(&x->rng, 64 * PAGE);
}

static uint32_t any_handle(struct calls *x)
{
	return hostile_chance(&x->rng, 10) ? hostile_random(&x->rng) : hostile_below(&x->rng, 12);
}

static uint32_t any_region(struct calls *x)
{
	return hostile_chance(&x->rng, 10) ? hostile_random(&x->rng) :
	       UACCE_QFRT_SS + hostile_below(&x->rng, 2);
}

static void map_reserved(struct calls *x, int fd, const struct wd_mem_reserve *r)
{
	uint8_t *p = calls_address(x);

	if (r->size <= room_from(p))
		CALL(x, mmap(p, r->size, any_prot(x), MAP_SHARED | MAP_FIXED, fd, r->region * PAGE));
}

/* Arguments that may be right, beside those of op_ioctl() that hardly are. */
void calls_of_memory(struct calls *x)
{
	static __thread struct wd_slice slices[16];
	int fd = calls_fd(x);
	struct wd_mem_reserve r = { .size = any_size(x), .region = any_region(x) };
	struct wd_mem_share s = { .fd = calls_fd(x), .region = any_region(x) };
	struct wd_mem_import i = {
		.addr = (uintptr_t)calls_address(x), .size = (any_size(x) + PAGE - 1) & -PAGE,
		.flags = hostile_below(&x->rng, 2),
	};
	struct wd_mem_slices get = {
		.mem = any_handle(x), .first = hostile_below(&x->rng, 3),
		.count = hostile_below(&x->rng, 16), .slices = (uintptr_t)slices,
	};
	uint32_t number = any_handle(x);

	switch (hostile_below(&x->rng, 8)) {
	case 0:
	case 1:
		if (!CALL(x, ioctl(fd, WD_CMD_RESERVE, &r)))
			map_reserved(x, fd, &r);
		break;
	case 2:
		CALL(x, ioctl(fd, WD_CMD_SHARE, &s));
		break;
	case 3:
	case 4:
		CALL(x, ioctl(fd, WD_CMD_IMPORT, &i));
		break;
	case 5:
		CALL(x, ioctl(fd, WD_CMD_GET_SLICES, &get));
		break;
	case 6:
		CALL(x, ioctl(fd, WD_CMD_SET_PRIORITY, &number));
		break;
	default:
		CALL(x, ioctl(fd, WD_CMD_DROP, &number));
	}
}

/* Pages that do not come, for a moment; who waits for them is let go by the close. */
void calls_uffd(struct calls *x)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range.len = CALLS_PLACE / 2,
		.mode = 1 + hostile_below(&x->rng, 7),
	};
	int fd = CALL(x, syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));

	if (fd < 0)
		return;
	reg.range.start = (uintptr_t)calls_address(x);
	CALL(x, ioctl(fd, UFFDIO_API, &api));
	CALL(x, ioctl(fd, UFFDIO_REGISTER, &reg));
	usleep(hostile_below(&x->rng, 300));
	CALL(x, close(fd));
}
