#!/bin/sh
# Fetch the test programs of others, once, into build/suites: zlib's own from Debian's source package, in zlib; what
# CPython's test_zlib, test_gzip and test_zipfile consist of, for the guest's Python, in root, as the guest has it.
set -eu
. "$(dirname "$0")/env.sh"

dir=$BUILD/suites
stamp=$BUILD/suites.stamp
hash=$(cat "$0" "$BUILD/root.stamp" | sha256sum)

exec 9>"$BUILD/suites.lock"
flock 9
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$hash" ]; then
	exit 0
fi

say "fetching the test programs of zlib and CPython from Debian's packages (once)"
rm -rf "$dir"
mkdir -p "$dir/zlib" "$dir/root" "$BUILD/tmp/suites"

# The root is read-only in there, hence the folders of apt's own. Sources are Debian 13's own alone. Of the package with
# all of CPython's tests only these are wanted; the bad syntax of tokenizedata is a part of test_zipfile.
# shellcheck disable=SC2016
fetch='
	dir=$1 to=/warpdrive/build/suites
	apt="-o Dir::State::lists=$dir/lists -o Dir::Cache=$dir/cache -o APT::Sandbox::User=root"
	sources="-o Dir::Etc::SourceList=$dir/sources.list -o Dir::Etc::SourceParts=-"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	cd "$dir"

	apt-get $apt update
	version=$(python3 -c "import sys; print(\"%d.%d\" % sys.version_info[:2])")
	apt-get $apt download "libpython$version-testsuite"
	tests=./usr/lib/python$version/test
	dpkg-deb --fsys-tarfile libpython*-testsuite_*.deb | tar -x -C "$to/root" --exclude="*.tar*" "$tests/test_zlib.py" \
		"$tests/test_gzip.py" "$tests/test_zipfile" "$tests/archiver_tests.py" "$tests/archivetestdata" \
		"$tests/tokenizedata"

	sed -n "s/^deb \(.* trixie main\)\$/deb-src \1/p" /etc/apt/sources.list >sources.list
	apt-get $apt $sources update
	apt-get $apt $sources source --download-only zlib
	tar -x -C "$to/zlib" --strip-components=2 --wildcards "*/test/example.c" "*/test/minigzip.c" \
		-f zlib_*.orig.tar.*
	rm -rf "$dir"
'
quietly "$BUILD/suites.log" "$TOP/qemu/chroot.sh" sh -euc "$fetch" sh /warpdrive/build/tmp/suites
echo "$hash" >"$stamp"
