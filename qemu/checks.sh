#!/bin/sh
# What can be told without running anything: KTAP on standard output, details on standard error.
set -eu
. "$(dirname "$0")/env.sh"

jobs=$(nproc)
n=0

# check NAME COMMAND...
check() {
	n=$((n + 1))
	name=$1
	shift
	if "$@" >&2; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
	fi
}

in_chroot() { "$TOP/qemu/chroot.sh" "$@"; }

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

# Warnings are errors because kbuild would not repeat them for a file that it need not compile again.
# shellcheck disable=SC2016
compile_strictly='
	version=$1 jobs=$2 sparse=$3 copy=/warpdrive/build/check-$1
	rsync -a --delete --exclude="*.o" --exclude="*.ko" --exclude="*.mod" --exclude="*.mod.c" --exclude="*.cmd" \
		--exclude=Module.symvers --exclude=modules.order Kbuild kernel include "$copy/"
	make -s -j"$jobs" -C "/lib/modules/$version/build" M="$copy" \
		W=1 KCFLAGS=-Werror C="$sparse" CHECK="sparse -Wsparse-error" modules >/tmp/log 2>&1 && status=0 || status=$?
	cat /tmp/log
	[ "$status" -eq 0 ] && ! grep -qi "warning" /tmp/log
'

lint_man_pages='
	find docs/man -name "*.[1-9]" -exec mandoc -T lint -W warning {} +
'

echo "1..$(($(wc -l <"$BUILD/kernels") * 2 + 1))"
while read -r kernel version; do
	# The headers of 7.2 lack a script that kbuild wants before it calls sparse.
	[ "$kernel" = stable ] && sparse=1 || sparse=0
	check "wd_accel and wd_uacce import nothing from wd_hw ($version)" \
		in_chroot sh -euc "$hardware_is_hidden" sh "$version" </dev/null
	check "modules compile without a warning of gcc W=1$([ "$sparse" = 0 ] || echo " and sparse") ($version)" \
		in_chroot sh -euc "$compile_strictly" sh "$version" "$jobs" "$sparse" </dev/null
done <"$BUILD/kernels"
check "man pages are well-formed" in_chroot sh -euc "$lint_man_pages"
