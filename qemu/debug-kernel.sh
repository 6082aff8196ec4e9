#!/bin/sh
# Build the debug kernel, once: the stable kernel's source with debug.config, in build/debug. Its modules come to
# build/debug/root, its image to where image.sh puts those of Debian's kernels.
set -eu
. "$(dirname "$0")/env.sh"

dir=$BUILD/debug
stamp=$BUILD/debug.stamp

"$TOP/qemu/source.sh"

hash=$(cat "$0" "$TOP/qemu/debug.config" "$BUILD/source.stamp" | sha256sum)

exec 9>"$BUILD/debug.lock"
flock 9
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$hash" ]; then
	exit 0
fi

# What no x86 kernel of ours reads is most of the source.
unpack() {
	xz -dc -T0 "$BUILD/source/linux.tar.xz" |
		tar -x -C "$dir/linux" --strip-components=1 --exclude='*/Documentation/*/*' \
			--exclude='*/drivers/gpu/drm/*/*.[ch]' --exclude='*/arch/[!x]*/*.[chS]' --exclude='*/arch/[!x]*/*.dts*'
}

# An option that another one does not let through is dropped by kconfig without a word.
# shellcheck disable=SC2016
configure='
	cd build/debug/linux
	make -s O=/warpdrive/build/debug/obj KCONFIG_ALLCONFIG=/warpdrive/qemu/debug.config allnoconfig
	lost=$(grep "^CONFIG_" /warpdrive/qemu/debug.config | grep -vxFf ../obj/.config) || exit 0
	echo "the kernel cannot have: $lost"
	exit 1
'

# shellcheck disable=SC2016
compile='
	cd build/debug/linux
	kernel="make -s -j$1 O=/warpdrive/build/debug/obj"
	$kernel all
	$kernel INSTALL_MOD_PATH=/warpdrive/build/debug/root modules_install
	$kernel kernelrelease >../release
	cp ../obj/arch/x86/boot/bzImage ..
'

say "building the debug kernel (once; some 7 minutes on 2 cores)"
rm -rf "$dir" "$stamp" "$BUILD/kernels.debug"
mkdir -p "$dir/linux" "$dir/obj" "$dir/root/lib/modules"
unpack
quietly "$BUILD/debug.log" "$TOP/qemu/chroot.sh" sh -euc "$configure"
quietly "$BUILD/debug.log" "$TOP/qemu/chroot.sh" sh -euc "$compile" sh "$(nproc)"
release=$(cat "$dir/release")
cp "$dir/bzImage" "$BUILD/vmlinuz-$release"
echo "debug $release" >"$BUILD/kernels.debug"
echo "$hash" >"$stamp"
