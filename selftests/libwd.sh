#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: libwd's own tests, as they run on the host, but with a device of each mode.
dir=$(dirname "$(readlink -f "$0")")/../libwd-tests
out=$(mktemp)
number=0
failed=0

run() { # MODE TEST
	number=$((number + 1))
	if WD_MODE=$1 WD_TEST_DEVICE=1 "$dir/$2" >"$out" 2>&1; then
		verdict=ok
	else
		verdict='not ok'
		failed=1
	fi
	sed 's/^/    /' "$out"
	echo "$verdict $number $2, $1"
}

echo "TAP version 13"
set -- test_device test_modes test_comp
echo "1..$(($# * 3 + 4))"
for mode in sva share noiommu; do
	for test; do
		run $mode "$test"
	done
done
# Slices, the one thing that is new without an IOMMU, make no difference to these.
for test in test_async test_fuzz; do
	run sva $test
	run share $test
done
rm -f "$out"
exit $failed
