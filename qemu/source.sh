#!/bin/sh
# Fetch the stable kernel's source, Debian's package of it, into build/source, once; take out of it what tests and
# checks need: the test harness (build/kselftest), checkpatch and the semantic patches (build/source/tools).
set -eu
. "$(dirname "$0")/env.sh"

series=$(kernel_version stable | cut -d. -f1-2)
package=linux-source-$series
dir=$BUILD/source
stamp=$BUILD/source.stamp
hash=$(cat "$0" "$BUILD/kernels" | sha256sum)

exec 9>"$BUILD/source.lock"
flock 9
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$hash" ]; then
	exit 0
fi

say "fetching the kernel's source from Debian's package $package (once)"
rm -rf "$dir" "$BUILD/kselftest"
mkdir -p "$dir/tools" "$BUILD/kselftest" "$BUILD/tmp/apt"

# The root is read-only in there, hence the folders of apt's own.
# shellcheck disable=SC2016
fetch='
	package=$1 dir=$2
	apt="-o Dir::State::lists=$dir/lists -o Dir::Cache=$dir/cache -o APT::Sandbox::User=root"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	apt-get $apt update
	cd "$dir"
	apt-get $apt download "$package"
	dpkg-deb --fsys-tarfile "$package"_*.deb |
		tar -xO --wildcards "./usr/src/$package.tar.xz" >/warpdrive/build/source/linux.tar.xz
	rm -rf "$dir"
	cd /warpdrive/build/source
	xz -dc -T0 linux.tar.xz | tar -x -C tools --strip-components=1 --wildcards \
		"*/tools/testing/selftests/kselftest_harness.h" "*/tools/testing/selftests/kselftest.h" \
		"*/scripts/checkpatch.pl" "*/scripts/spelling.txt" "*/scripts/const_structs.checkpatch" \
		"*/scripts/coccicheck" "*/scripts/coccinelle"
	cp tools/tools/testing/selftests/*.h /warpdrive/build/kselftest/
'
quietly "$BUILD/source.log" "$TOP/qemu/chroot.sh" sh -euc "$fetch" sh "$package" /warpdrive/build/tmp/apt
[ -f "$BUILD/kselftest/kselftest_harness.h" ] || die "the package $package has no kselftest_harness.h"
echo "$hash" >"$stamp"
