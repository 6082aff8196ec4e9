#!/bin/sh
# make run-ipu: a file system on the IPU example's block store in the VM, and what its requests cost.
set -eu
. "$(dirname "$0")/env.sh"

kernel=${KERNEL:-stable}
mode=${MODE:-all}
share=$BUILD/share/run-ipu
file=$BUILD/headers.tar

case $mode in
all) mode=sva ;;
sva | share | noiommu) ;;
*) die "no mode is called '$mode'; there are: sva, share, noiommu" ;;
esac
make_demo "$file"

say "building"
"$TOP/qemu/build.sh" -k "$kernel" modules lib tools examples

rm -rf "$share"
mkdir -p "$share"
ln "$file" "$share/files.tar" 2>/dev/null || cp "$file" "$share/files.tar"

say "booting Linux $(kernel_version "$kernel")"
"$TOP/qemu/vm.sh" -k "$kernel" -n run-ipu -s -t 1800 -- sh /host/.vm/run-ipu "$mode"
"$TOP/qemu/scan-log.sh" "$share/kernel.log"
rm -f "$share/files.tar"
