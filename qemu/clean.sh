#!/bin/sh
# clean.sh [all]: remove what was built; with "all" the guest's root too.
set -eu
. "$(dirname "$0")/env.sh"

find "$TOP/kernel" "$TOP/Kbuild" "$TOP/Module.symvers" "$TOP/modules.order" -depth 2>/dev/null |
	grep -E '(\.(o|ko|mod|mod\.c|cmd)|/Module\.symvers|/modules\.order)$' | tr '\n' '\0' | xargs -0r rm -f

if [ "${1-}" = all ]; then
	# Some files of the root belong to users that only a namespace has.
	[ ! -d "$ROOT" ] || private_mounts rm -rf "$ROOT"
	rm -rf "$BUILD"
	exit
fi
for thing in "$BUILD"/src-* "$BUILD"/check-* guest guest-install host stage share test out tmp; do
	rm -rf "${BUILD:?}/${thing#"$BUILD"/}"
done
