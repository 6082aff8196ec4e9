#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: load the modules and measure. The measures are left in /host/bench.txt
# where there is a /host.
here=$(dirname "$(readlink -f "$0")")
out=$(mktemp)

if command -v wdctl >/dev/null; then
	wdctl load || exit 1
else
	modprobe -a wd_hw wd_accel || exit 1
fi
echo "Linux $(uname -r), $(nproc) CPU"
"$here/bench" >"$out" 2>&1 && "$here/shares" >>"$out" 2>&1
status=$?
cat "$out"
[ ! -d /host ] || grep -E '^[a-z0-9_]+: ' "$out" >/host/bench.txt
rm -f "$out"
exit $status
