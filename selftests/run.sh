#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: load the modules, run every test, unload them. KTAP.
# SOAK=1: longer. TESTS="abi ring": only these.
here=$(dirname "$(readlink -f "$0")")
tests=${TESTS:-abi ring bad_desc uffd life comp wdzip.sh pci}
memory=$(mktemp)
failed=0
number=0

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

load() {
	if command -v wdctl >/dev/null; then
		wdctl load
	else
		modprobe wd_hw && modprobe wd_accel && wait_node
	fi
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
	for left in /sys/module/wd_*; do
		[ ! -e "$left" ] || { echo "# $left is still there"; return 1; }
	done
	if ls /dev/wd_accel-* /sys/class/uacce /sys/bus/pci/devices/5744:* 2>/dev/null |
	   grep .; then
		return 1
	fi
	diff "$memory" /proc/iomem | sed 's/^/# /' | grep . && return 1
	return 0
}

run_one() {
	begin=$(date +%s)
	KSFT_TAP_LEVEL=1 "$here/$1" 2>&1 | sed -u 's/^/    /'
	echo "# $1 took $(($(date +%s) - begin)) s"
}

# The pipe hides the status of the program; what it printed does not.
status_of() {
	awk '/^ *not ok / { bad = 1 } /^ *1\.\./ { plan = 1; n = substr($1, 4) + 0 }
		/^ *(not )?ok / { ran++ } /^ *ok .*# *SKIP/ { skipped++ }
		END { if (bad || !plan || ran < n) exit 1; if (skipped == n) exit 4 }'
}

echo "TAP version 13"
# shellcheck disable=SC2086 # a list of words
set -- $tests
echo "1..$(($# + 2))"
cat /proc/iomem >"$memory"
load
result $? load
out=$(mktemp)
for test; do
	run_one "$test" | tee "$out"
	status_of <"$out"
	result $? "$test"
done
unload_clean
result $? unload
rm -f "$out" "$memory"
exit $failed
