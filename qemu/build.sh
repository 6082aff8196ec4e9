#!/bin/sh
# Build in the guest's root, with its compiler and for its kernels; collect what the VM gets in build/stage/VERSION.
set -eu
. "$(dirname "$0")/env.sh"

usage() {
	cat >&2 <<-'EOF'
	usage: build.sh [-k stable|backports|debug] [modules] [lib] [tools] [examples] [selftests]
	Without -k: for both of Debian's kernels. Without names: everything.
	EOF
	exit 2
}

kernels=$(cut -d' ' -f1 "$BUILD/kernels")
while getopts k: option; do
	case $option in
	k) kernels=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- modules lib tools examples selftests

jobs=$(nproc)
in_chroot() { "$TOP/qemu/chroot.sh" "$@"; }

# kbuild writes beside its sources, so every kernel has a copy of them. A kernel with KCOV gets the modules'
# coverage; the debug kernel also the module with bugs.
# shellcheck disable=SC2016
compile_modules='
	version=$1 tree=$2 jobs=$3 planted=$4 copy=/warpdrive/build/src-$1
	rsync -a --delete --exclude="*.o" --exclude="*.ko" --exclude="*.mod" --exclude="*.mod.c" --exclude="*.cmd" \
		--exclude=Module.symvers --exclude=modules.order Kbuild kernel include selftests/planted "$copy/"
	make -s -j"$jobs" -C "$tree/build" M="$copy" KCOV_INSTRUMENT=y modules
	[ -z "$planted" ] || make -s -C "$tree/build" M="$copy/planted" modules
'

# depmod wants to see all modules of the kernel in one tree.
# shellcheck disable=SC2016
stage_modules='
	version=$1 tree=$2 modules=/warpdrive/build/stage/$1/usr/lib/modules/$1
	mkdir -p "$modules/extra"
	find "build/src-$version" -name "*.ko" | sort >"/tmp/built"
	find "$modules/extra" -name "*.ko" | while read -r old; do
		grep -q "/${old##*/}\$" /tmp/built || rm "$old"
	done
	xargs -r cp -pu -t "$modules/extra" </tmp/built
	if [ "$modules/modules.dep" -nt "$modules/extra" ] &&
	   [ -z "$(find "$modules/extra" -newer "$modules/modules.dep")" ]; then
		exit
	fi
	mkdir -p "/tmp/all/lib/modules/$version"
	cp -as "$tree/." "$modules/extra" "/tmp/all/lib/modules/$version/"
	depmod -b /tmp/all "$version"
	cp /tmp/all/lib/modules/"$version"/modules.* "$modules/"
	touch "$modules/modules.dep"
'

build_user() {
	dir=$1
	shift
	in_chroot make -s -C "$dir" O="/warpdrive/build/guest/$dir" LIBWD_DIR=/warpdrive/build/guest/lib \
		KSELFTEST_DIR=/warpdrive/build/kselftest PREFIX=/usr LIBDIR=/usr/lib/x86_64-linux-gnu \
		DESTDIR=/warpdrive/build/guest-install "$@"
}

# The programs of others see the zlib that the guest has, and nothing of ours.
# shellcheck disable=SC2016
build_suites='
	programs=$1/usr/libexec/warpdrive/suites
	mkdir -p "$programs"
	for program in example minigzip; do
		cc -O2 -o "$programs/$program" "build/suites/zlib/$program.c" -lz
	done
	cp -a build/suites/root/. "$1/"
'

exec 9>"$BUILD/build.lock"
flock 9

for part; do
	case $part in
	modules)
		for kernel in $kernels; do
			version=$(kernel_version "$kernel")
			tree=$(kernel_modules "$kernel")
			[ "$kernel" = debug ] && planted=1 || planted=''
			in_chroot sh -euc "$compile_modules" sh "$version" "$tree" "$jobs" "$planted"
			in_chroot sh -euc "$stage_modules" sh "$version" "$tree"
		done ;;
	lib | tools | selftests)
		build_user "$part" -j"$jobs" all
		build_user "$part" install
		# The tests of library and tools run on the devices as well.
		if [ "$part" = selftests ]; then
			"$TOP/qemu/suites.sh"
			in_chroot sh -euc "$build_suites" sh build/guest-install
			build_user lib -j"$jobs" install-check
			build_user tools install-check
		fi ;;
	examples)
		build_user examples/ipu -j"$jobs" all
		build_user examples/ipu install-check ;;
	*) usage ;;
	esac
done

mkdir -p "$BUILD/guest-install/usr/lib"
for kernel in $kernels; do
	version=$(kernel_version "$kernel")
	in_chroot rsync -a --delete --exclude=/usr/lib/modules build/guest-install/ "build/stage/$version/"
done
