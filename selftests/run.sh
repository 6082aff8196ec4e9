#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: load the modules, run every test, unload them. KTAP.
# SOAK=1: longer. TESTS="abi ring": only these.
here=$(dirname "$(readlink -f "$0")")
hostile="hostile_desc hostile_ring hostile_calls hostile_life"
memory_tests="mem_reserve mem_share mem_import"
# What is the same with any number of processors runs with two; and tools need no kernel that watches.
[ "$(nproc)" -eq 1 ] || memory_tests="$memory_tests mem_frag" many=isolate
[ "$(nproc)" -eq 1 ] || tools="tools.sh zlib_gone ipu.sh"
# ONCE=0: without what is the same on any kernel.
[ "$(nproc)" -eq 1 ] || [ "${ONCE-}" = 0 ] || tools="$tools wdzip.sh libwdz.sh zlib_suites.sh"
operations="cipher aead digest digest_bad move dif op_fault link link_bad"
tests="abi ring bad_desc bad_addr sgl codecs uffd $operations $memory_tests protect priority life crowd comp third alg_life libwd.sh $hostile ${many-} pci modules"
iomem=$(mktemp)
out=$(mktemp)
limit=$([ -n "$SOAK" ] && echo 7200 || echo 900)
failed=0
number=0
. "$here/debug.sh"
# On a kernel that watches, what is only load is less, and attacks last longer. Failures on demand, the longest of all, are
# named by make test, which gives them VMs of their own.
if debug_kernel; then
	tools=''
	[ -z "$SOAK" ] || tests="$tests fault_chan fault_load"
	[ -n "$SOAK" ] || { limit=1800; export HOSTILE_SECONDS="${HOSTILE_SECONDS:-8}"; }
	export SLOW=1
fi
tests=${TESTS:-$tests ${tools-}}

result() { # STATUS NAME
	number=$((number + 1))
	case $1 in
	0) echo "ok $number $2" ;;
	4) echo "ok $number $2 # SKIP" ;;
	*) echo "not ok $number $2"; failed=1 ;;
	esac
}

wait_node() {
	tries=0
	until ls /dev/wd_accel-* >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || return 1
		sleep 0.05
	done
}

# The fence in front of devices without an IOMMU is down, but for the test that is about it.
load() {
	if command -v wdctl >/dev/null; then
		wdctl load
	else
		modprobe wd_hw && modprobe wd_accel && wait_node
	fi && echo 1 >/sys/module/wd_uacce/parameters/enable_unsafe_noiommu_mode
}

unload() {
	if command -v wdctl >/dev/null; then
		wdctl unload
	else
		rmmod wd_accel wd_uacce wd_hw wd_iommu
	fi
}

# The device, the modules and the node are gone, and the memory map is as it was.
unload_clean() {
	unload || return 1
	for left in /sys/module/wd_* /dev/wd_accel-* /sys/class/uacce /sys/bus/pci/devices/5744:*; do
		[ ! -e "$left" ] || { echo "# $left is still there"; return 1; }
	done
	diff "$iomem" /proc/iomem >"$out" && return 0
	sed 's/^/# /' "$out"
	return 1
}

# What a test leaves behind may hold its output open: so it goes by a file, which is
# shown as it grows.
run_one() {
	begin=$(date +%s)
	: >"$out"
	KSFT_TAP_LEVEL=1 timeout -k 10 "$limit" "$here/$1" >"$out" 2>&1 &
	pid=$!
	tail -n +1 -f -s 0.1 --pid=$pid "$out" | sed -u 's/^/    /'
	wait $pid
	status=$?
	[ $status -ne 124 ] || echo "# $1 did not end within $limit s"
	echo "# $1 took $(($(date +%s) - begin)) s"
	return $status
}

# A program that died did not fulfil its plan.
status_of() { # STATUS
	awk '/^not ok / { bad = 1 } /^1\.\./ { plan = 1; n = substr($1, 4) + 0 }
		/^(not )?ok / { ran++ } /^ok .*# *SKIP/ { skipped++ }
		END { if (bad || !plan || ran < n) exit 1; if (skipped == n) exit 4 }' "$out" || return
	[ "$1" -eq 0 ] || [ "$1" -eq 4 ]
}

echo "TAP version 13"
# shellcheck disable=SC2086 # a list of words
set -- $tests
debug_kernel && more=2 || more=0
echo "1..$(($# + 2 + more))"
[ $more -eq 0 ] || debug_begin
cat /proc/iomem >"$iomem"
load
result $? load
for test; do
	run_one "$test"
	status_of $?
	result $? "$test"
done
unload_clean
result $? unload
if [ $more -gt 0 ]; then
	nothing_leaked
	result $? "kmemleak finds nothing"
	still_watching
	result $? "what watches the kernel did so to the end"
fi
rm -f "$out" "$iomem"
exit $failed
