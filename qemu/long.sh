#!/bin/sh
# long.sh bench|soak: run that script of selftests/ in the VM; what it leaves in /host comes to build/out.
set -eu
. "$(dirname "$0")/env.sh"

what=$1
kernel=${KERNEL:-stable}
share=$BUILD/share/$what

"$TOP/qemu/source.sh"
say "building"
"$TOP/qemu/build.sh" -k "$kernel"
say "booting Linux $(kernel_version "$kernel")"
status=0
"$TOP/qemu/vm.sh" -k "$kernel" -n "$what" -t 604800 -- \
	env HOURS="${HOURS:-1}" sh "/usr/libexec/warpdrive/$what.sh" || status=$?
"$TOP/qemu/scan-log.sh" "$share/kernel.log" || status=1
rm -rf "$BUILD/out/$what"
mkdir -p "$BUILD/out"
mv "$share" "$BUILD/out/$what"
say "the results are in ${BUILD#"$PWD"/}/out/$what"
exit "$status"
