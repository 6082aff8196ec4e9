#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: the tools' own tests, as they run on the host, but with the devices. Those
# of wdzip that a device makes no difference to are left out unless SOAK is set.
dir=$(dirname "$(readlink -f "$0")")/../tools-tests
out=$(mktemp)
number=0
failed=0

echo "TAP version 13"
set -- wdctl.sh wdzip.sh
echo "1..$#"
for test; do
	number=$((number + 1))
	only=''
	[ "$test" != wdzip.sh ] || [ -n "$SOAK" ] || only='--device|--compare|members|SIGINT|corrupt'
	if ONLY=$only "$dir/$test" >"$out" 2>&1; then
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
