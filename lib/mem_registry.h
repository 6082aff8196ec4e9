/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of this process that devices reach, by its address: what is
 * contiguous for the device is not to be seen in an address.
 *
 * All functions: any thread. The addresses are those of the process that added
 * them; a child of a fork does not inherit the mappings.
 */
#ifndef WD_LIB_MEM_REGISTRY_H
#define WD_LIB_MEM_REGISTRY_H

#include <stddef.h>

#include <misc/uacce/wd_uacce.h>

/**
 * wd_slices_in_order() - are these the slices of a memory?
 * @size:   bytes of the memory
 * @slices: in the order of their offsets
 * @n:      how many
 *
 * Return: 1 when none is empty, none overlaps the one before it and all lie in
 * the memory, else 0. There may be gaps.
 */
int wd_slices_in_order(size_t size, const struct wd_slice *slices, size_t n);

/**
 * wd_mem_registry_add() - make a memory known
 * @va:     where it is mapped
 * @size:   bytes, not 0
 * @slices: its slices, offsets from @va; copied
 * @n:      how many, not 0
 *
 * Return: 0, -EINVAL (wd_slices_in_order(), or the memory wraps around), -EEXIST
 * (a part of it is known already, and not from a parent process) or -ENOMEM.
 */
int wd_mem_registry_add(void *va, size_t size, const struct wd_slice *slices,
			size_t n);

/**
 * wd_mem_registry_del() - forget a memory; before it is unmapped
 * @va: as it was added; others are ignored
 */
void wd_mem_registry_del(void *va);

/**
 * wd_mem_slices_of() - the slices behind a range of addresses
 * @addr:   where the range begins
 * @size:   its bytes
 * @slices: the slices are put here: those of the memory that @addr lies in, with
 *          offsets from @addr and clipped to the range; the caller frees them
 *
 * Return: how many; 0, with NULL in @slices, where @addr lies in no known memory
 * or in none of its slices and none follows in the range; -ENOMEM.
 */
int wd_mem_slices_of(const void *addr, size_t size, struct wd_slice **slices);

#endif
