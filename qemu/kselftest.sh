#!/bin/sh
# Take the kernel's test harness out of Debian's source package, once.
set -eu
. "$(dirname "$0")/env.sh"

series=$(kernel_version stable | cut -d. -f1-2)
dir=$BUILD/kselftest
stamp=$dir/linux-source-$series

exec 9>"$BUILD/kselftest.lock"
flock 9
[ ! -f "$stamp" ] || exit 0

say "fetching the kernel's test harness from Debian's linux-source-$series (once)"
rm -rf "$dir"
mkdir -p "$dir" "$BUILD/tmp/apt"

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
		tar -xO --wildcards "./usr/src/$package.tar.xz" |
		xz -dc -T0 |
		tar -x -C /warpdrive/build/kselftest --strip-components=4 --wildcards \
			"*/tools/testing/selftests/kselftest_harness.h" "*/tools/testing/selftests/kselftest.h"
	rm -rf "$dir"
'
quietly "$BUILD/kselftest.log" "$TOP/qemu/chroot.sh" sh -euc "$fetch" sh "linux-source-$series" /warpdrive/build/tmp/apt
[ -f "$dir/kselftest_harness.h" ] || die "the package linux-source-$series has no kselftest_harness.h"
touch "$stamp"
