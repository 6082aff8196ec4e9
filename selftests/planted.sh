#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM, on the debug kernel: plant one bug after another; what the kernel's log says then is judged outside.
# After a report of KASAN lockdep is off, so the bugs of memory come last.
module=$(find /lib/modules/"$(uname -r)" -name planted.ko)
kmemleak=/sys/kernel/debug/kmemleak

for bug in none lock_order sleep_in_atomic shift_too_far refcount_below_zero list_deleted_twice timer_freed \
	dma_never_mapped leak slab_overrun use_after_free vmalloc_overrun; do
	echo "bug to order: $bug" >/dev/kmsg
	insmod "$module" bug=$bug 2>/dev/null
	[ "$bug" != leak ] || { sleep 6; echo scan >$kmemleak; echo scan >$kmemleak; }
done
