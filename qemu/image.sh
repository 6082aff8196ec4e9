#!/bin/sh
# Make what the VM boots from: the disk image, and an initrd a kernel.
set -eu
. "$(dirname "$0")/env.sh"

image=$BUILD/root.img
early=$TOP/qemu/guest/early

exec 9>"$BUILD/root.lock"
flock 9

make_image() {
	rm -f "$image.new"
	kib=$(private_mounts du -sk "$ROOT" | cut -f1)
	truncate -s "$((kib * 12 / 10 + 512 * 1024))K" "$image.new"
	quietly "$BUILD/image.log" private_mounts \
		mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$ROOT" "$image.new"
	mv "$image.new" "$image"
}

# Run inside the chroot, where modprobe knows the dependencies. A kernel may have them all built in.
# shellcheck disable=SC2016
pack_initrd='
	version=$1 prefix=${2%/lib/modules/*} tree=/tmp/initrd
	mkdir -p "$tree/bin" "$tree/modules" "$tree/newroot"
	cp /bin/busybox "$tree/bin/"
	cp /warpdrive/qemu/guest/early "$tree/init"
	chmod 755 "$tree/init"
	n=100
	modprobe -d "$prefix/" --set-version "$version" --ignore-install --show-depends --all \
		virtio_blk ext4 9p 9pnet_virtio |
		sed -n "s/^insmod //p" | awk "!seen[\$1]++" |
	while read -r module options; do
		base=${module##*/}
		base=${base%.xz}
		case $module in
		*.xz) xz -dc "$module" ;;
		*) cat "$module" ;;
		esac >"$tree/modules/$n-$base"
		n=$((n + 1))
	done
	cd "$tree"
	find . | busybox cpio -o -H newc
'

make_initrd() {
	"$TOP/qemu/chroot.sh" sh -euc "$pack_initrd" sh "$1" "$(kernel_modules "$2")" >"$3.new" 2>"$BUILD/initrd.log" ||
		die "cannot make an initrd: see $BUILD/initrd.log"
	mv "$3.new" "$3"
}

if [ ! -f "$image" ]; then
	say "making the disk image (once)"
	make_image
fi
cat "$BUILD/kernels" "$BUILD/kernels.debug" 2>/dev/null | while read -r kernel version; do
	initrd=$BUILD/initrd-$version
	if [ ! -f "$initrd" ] || [ -n "$(find "$early" -newer "$initrd")" ]; then
		make_initrd "$version" "$kernel" "$initrd"
	fi
	[ -f "$BUILD/vmlinuz-$version" ] || cp "$ROOT/boot/vmlinuz-$version" "$BUILD/"
done
