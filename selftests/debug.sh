# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by run.sh: what a debug kernel can tell beyond its log. On other kernels debug_kernel is false.
kmemleak=/sys/kernel/debug/kmemleak

debug_kernel() { [ -e $kmemleak ] && [ -e /proc/lockdep_stats ]; }

# Only the second look reports an object: the first one notes its checksum. Objects younger than five seconds are
# left out.
scan_for_leaks() {
	sleep 6
	echo scan >$kmemleak && echo scan >$kmemleak
}

# What leaked before our modules came is not ours.
debug_begin() { scan_for_leaks && echo clear >$kmemleak; }

nothing_leaked() {
	scan_for_leaks || return 1
	sed 's/^/# /' $kmemleak
	[ "$(wc -c <$kmemleak)" -eq 0 ]
}

# Each of them turns itself off after a report, or when it runs out of memory.
still_watching() {
	grep '^ *debug_locks: *1$' /proc/lockdep_stats >/dev/null || { echo "# lockdep is off"; return 1; }
	[ "$(cat /sys/kernel/debug/dma-api/disabled)" = N ] || { echo "# DMA_API_DEBUG is off"; return 1; }
	! dmesg | grep -q 'ODEBUG.*disabled' || { echo "# DEBUG_OBJECTS is off"; return 1; }
}
