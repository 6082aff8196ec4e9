#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: libwd's own tests, as they run on the host, but with the device.
dir=$(dirname "$(readlink -f "$0")")/../libwd-tests
out=$(mktemp)
number=0
failed=0

echo "TAP version 13"
set -- test_device test_comp test_async test_fuzz
echo "1..$#"
for test; do
	number=$((number + 1))
	if WD_TEST_DEVICE=1 "$dir/$test" >"$out" 2>&1; then
		verdict=ok
	else
		verdict='not ok'
		failed=1
	fi
	sed 's/^/    /' "$out"
	echo "$verdict $number $test"
done
rm -f "$out"
exit $failed
