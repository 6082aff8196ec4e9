#!/bin/sh
# make shell: a console in the VM with everything loaded.
set -eu
. "$(dirname "$0")/env.sh"

kernel=${KERNEL:-stable}
say "building"
"$TOP/qemu/build.sh" -k "$kernel" modules lib tools
say "booting Linux $(kernel_version "$kernel"); leave with exit"
exec "$TOP/qemu/vm.sh" -k "$kernel" -n shell -t 86400 -i -- sh -c 'wdctl load; wdctl list; exec bash'
