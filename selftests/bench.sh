#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: load the modules and measure. The measures are left in /host/bench.txt
# where there is a /host.
here=$(dirname "$(readlink -f "$0")")
out=$(mktemp)

load() {
	if command -v wdctl >/dev/null; then
		wdctl load
	else
		modprobe -a wd_hw wd_accel
	fi
}

# An engine computes on one CPU, as AF_ALG does: two of them show what is gained by not waiting.
two_engines() {
	modprobe -r wd_accel wd_hw && modprobe wd_hw engines=2 && load
}

load || exit 1
echo "Linux $(uname -r), $(nproc) CPU"
"$here/bench" >"$out" 2>&1 && "$here/shares" >>"$out" 2>&1 &&
	"$here/bench_link" >>"$out" 2>&1 &&
	two_engines >>"$out" 2>&1 && "$here/bench_crypto" >>"$out" 2>&1
status=$?
cat "$out"
[ ! -d /host ] || grep -E '^[a-z0-9_]+: ' "$out" >/host/bench.txt
rm -f "$out"
exit $status
