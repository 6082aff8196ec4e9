#!/bin/sh
# make run: compress a file through the accelerator in the VM, on a device of each mode.
set -eu
. "$(dirname "$0")/env.sh"

kernel=${KERNEL:-stable}
share=$BUILD/share/run

case ${MODE:-all} in
all) modes='sva share noiommu' ;;
sva | share | noiommu) modes=$MODE ;;
*) die "no mode is called '$MODE'; there are: sva, share, noiommu, all" ;;
esac

file=${FILE:-$BUILD/headers.tar}
[ -n "${FILE:-}" ] || make_demo "$file"
{ [ -f "$file" ] && [ -r "$file" ]; } || die "cannot read the file '$file'"
name=${file##*/}

say "building"
"$TOP/qemu/build.sh" -k "$kernel" modules lib tools

rm -rf "$share"
mkdir -p "$share/in" "$share/out" "$BUILD/out"
ln "$file" "$share/in/$name" 2>/dev/null || cp "$file" "$share/in/$name"

say "booting Linux $(kernel_version "$kernel")"
terminal=''
[ ! -t 1 ] || terminal=1
"$TOP/qemu/vm.sh" -k "$kernel" -n run -s -t 3600 -- sh /host/.vm/run "$name" "$modes" $terminal
"$TOP/qemu/scan-log.sh" "$share/kernel.log"

mv "$share/out/$name.gz" "$BUILD/out/$name.gz"
rm -rf "$share/in"
say "the result is ${BUILD#"$PWD"/}/out/$name.gz"
