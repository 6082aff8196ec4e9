#!/bin/sh
# What can be told without running anything: KTAP on standard output, details on standard error.
set -eu
. "$(dirname "$0")/env.sh"

jobs=$(nproc)
allow=$TOP/qemu/checks.allow
out=$BUILD/checks
stable=$(kernel_version stable)
n=0 failed=0 broken=

in_chroot() { "$TOP/qemu/chroot.sh" "$@"; }

# check NAME COMMAND...
check() {
	n=$((n + 1))
	name=$1
	shift
	if "$@" >&2 </dev/null; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		failed=1
	fi
}

# findings TOOL ARGUMENT...: what qemu/checks/TOOL.sh finds and the list does not allow.
findings() {
	tool=$1 log=$out/$n.log
	shift
	if ! in_chroot "qemu/checks/$tool.sh" "$@" >"$log" 2>&1; then
		cat "$log"
		broken=$tool
		return 1
	fi
	sort -u "$log" | sed "s/^/$tool /" >"$out/$n.findings"
	awk -v want=unlisted -f "$TOP/qemu/findings.awk" "$allow" "$out/$n.findings"
}

no_stale_entries() {
	[ -z "$broken" ] || { echo "not known, since $broken did not run"; return 1; }
	cat "$out"/*.findings >"$out/all"
	awk -v want=stale -f "$TOP/qemu/findings.awk" "$allow" "$out/all"
}

# The driver must not know that its device is made by software: it imports nothing from it.
# shellcheck disable=SC2016
hardware_is_hidden='
	modules=build/stage/$1/usr/lib/modules/$1/extra
	nm "$modules/wd_hw.ko" >/tmp/hw
	nm -u "$modules/wd_accel.ko" "$modules/wd_uacce.ko" >/tmp/driver
	sed -n "s/.* __ksymtab_//p" /tmp/hw | sort >/tmp/exported
	sed -n "s/^ *U //p" /tmp/driver | sort -u >/tmp/imported
	common=$(comm -12 /tmp/exported /tmp/imported)
	[ -z "$common" ] || { echo "wd_hw exports to its driver: $common"; exit 1; }
'

lint_man_pages='
	find docs/man -name "*.[1-9]" -exec mandoc -T lint -W warning {} +
'

rm -rf "$out"
mkdir -p "$out"
echo "1..$(($(wc -l <"$BUILD/kernels") * 2 + 6))"
while read -r _ version; do
	check "wd_accel and wd_uacce import nothing from wd_hw ($version)" \
		in_chroot sh -euc "$hardware_is_hidden" sh "$version"
	check "modules: gcc W=1, sparse ($version)" findings sparse "$version" "$jobs"
done <"$BUILD/kernels"
check "modules: checkpatch --strict" findings checkpatch "$stable"
check "modules: coccicheck" findings coccicheck "$stable" "$jobs"
check "user space: gcc -fanalyzer" findings analyzer "$jobs"
check "scripts: shellcheck" findings shell
check "man pages: mandoc -T lint" in_chroot sh -euc "$lint_man_pages"
check "every exception is still needed" no_stale_entries
[ "$failed" -eq 0 ]
