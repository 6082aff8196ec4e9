/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random descriptors, memory of all kinds for them to point to, and what the
 * device may say to them.
 */
#ifndef HOSTILE_WORK_H
#define HOSTILE_WORK_H

#include "hostile.h"

#define WORK_PAGE	4096UL
#define WORK_SLOTS	32		/* destinations with canaries */
#define WORK_SLOT_LEN	(8 * WORK_PAGE)
#define WORK_SLOT_STRIDE	(WORK_SLOT_LEN + WORK_PAGE)
#define WORK_PARAM_LEN	1536		/* for a slot's parameter block, and what that names */
#define WORK_ROOM	(1UL << 20)	/* behind reserved memory there is more than this */
#define WORK_CANARY	0xa7
#define WORK_TEXT_LEN	(64 * WORK_PAGE)
#define WORK_REGIONS	24

/* Where addresses of processes end, with four levels of page tables. */
#define WORK_USER_END	0x800000000000UL

/*
 * Behind all that a domain has, where addresses are given out from 4 GiB down. Below,
 * a random address may be another channel's: a domain is no protection of those who
 * share it from each other.
 */
#define WORK_DOMAIN_END	0x1000000000UL

/* Memory whose addresses may say anything; also an address that no region has. */
#define WORK_ANY	0xff

/**
 * struct work_region - addresses of one kind
 * @start:  first
 * @end:    behind the last
 * @read:   WD_ST_OK, the fault that a source here gives, or WORK_ANY
 * @write:  the same for a destination
 * @every:  not zero: of so many pages the last one is different,
 * @odd:    namely gives this fault
 * @as_dst: descriptors may have it as their destination
 */
struct work_region {
	uint64_t start;
	uint64_t end;
	uint8_t read;
	uint8_t write;
	uint8_t every;
	uint8_t odd;
	bool as_dst;
};

/* A known stream, of the first @plain_len bytes of the text. */
struct work_stream {
	int format;
	uint8_t *packed;
	size_t len;
	size_t plain_len;
};

struct work {
	struct work_region regions[WORK_REGIONS];
	unsigned int n;
	unsigned int mode;	/* HOSTILE_* */
	struct raw_chan owner;	/* of the memory, where it has to be reserved */
	struct raw_mem m;	/* reserved: addresses are those of the device as well */
	uint8_t *text;		/* constant */
	struct work_stream streams[3];
	uint8_t *slots;
	uint8_t *params;	/* a block for each slot */
	uint8_t *lazy;		/* pages that may be dropped at any time */
};

/* A descriptor, and what is to be checked when it completes. */
struct work_desc {
	struct wd_desc d;
	uint64_t src;		/* of the operand, where it is a list of known parts as well; */
	uint64_t dst;		/* 0: it is a list of anything. Not of compression. */
	uint8_t *slot;		/* that holds the destination, or NULL */
	const uint8_t *want;	/* not NULL: these bytes must come out, */
	size_t want_len;	/* so many */
	unsigned int unit;	/* descriptors of the unit that this is the first of; or 0 */
};

/*
 * With SVA, memory of all kinds at addresses that are the same in each run. Else
 * reserved memory, mapped where the device has it, so that pointers are addresses;
 * a child does not inherit it. Uses @c, a channel that works, to make the known
 * streams. Return: 0 or a negative errno.
 */
int work_init(struct work *w, struct raw_chan *c);

/*
 * A started channel whose regions are mapped at a place of their own, 0 or 1; they
 * are sources from now on, and destinations if @as_dst. Closed in reverse order.
 */
int work_open_channel(struct work *w, struct raw_chan *c, unsigned int place, bool as_dst);
void work_close_channel(struct work *w, struct raw_chan *c);

/* The canaries of all slots as they were, where nobody checked what came out. */
void work_restore_slots(struct work *w);

/* Drop pages, so that the device finds them missing again. */
void work_drop_pages(struct work *w, struct hostile_rng *r);

/* The fault that an access to the address gives; WD_ST_OK: none; or WORK_ANY. */
int work_fault_at(const struct work *w, uint64_t addr, bool write);

uint64_t work_address(const struct work *w, struct hostile_rng *r, bool dst);

/* A descriptor that is no more than a bit wrong; its destination may be in slot @slot. */
void work_random(const struct work *w, struct hostile_rng *r, const struct raw_chan *c,
		 unsigned int slot, struct work_desc *wd);

/* A descriptor whose answer is known. */
void work_sane(const struct work *w, struct hostile_rng *r, const struct wd_chan_layout *l,
	       unsigned int slot, struct work_desc *wd);

/* What is wrong with a completion, or NULL. The canaries of the slot are checked and restored. */
const char *work_check(const struct work *w, const struct raw_chan *c,
		       struct work_desc *wd, const struct wd_cqe *cqe);

/* Whether this is a status at all. */
bool work_is_status(uint16_t status);

/* Whether sources are as they were. */
bool work_intact(const struct work *w);

#endif
