#!/bin/sh
# Make the guest's root once: Debian 13 with two kernels, in build/root.
# shellcheck disable=SC2016 # the hooks are for another shell, in which $1 is the new root
set -eu
. "$(dirname "$0")/env.sh"

stamp=$BUILD/root.stamp
hash=$(cat "$0" "$TOP/qemu/guest/packages" | sha256sum)

exec 9>"$BUILD/root.lock"
flock 9
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$hash" ]; then
	exit 0
fi

# Backports come from the mirror that mmdebstrap chose for the rest.
add_backports='sed -n "s/ trixie main/ trixie-backports main/p" "$1/etc/apt/sources.list" \
	>"$1/etc/apt/sources.list.d/backports.list"'

# Both kernels have metapackages of the same name, so the newer one is installed by what it depends on.
install_backports='newer="chroot $1 env INITRD=No"
	packages=$($newer apt-cache -o APT::Default-Release=trixie-backports --no-all-versions \
		show linux-image-amd64 linux-headers-amd64 |
		sed -n "s/^Depends:.*\(linux-\(image\|headers\)-[0-9][^ ,]*\).*/\1/p")
	echo "backports: $packages"
	$newer apt-get install -y -t trixie-backports $packages'

finish='mkdir -p "$1/warpdrive" "$1/host" "$1/stage"'

debootstrap() {
	say "making the guest's root from Debian packages (once; a minute or two)"
	set -- --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--include="$(paste -sd, "$TOP/qemu/guest/packages")" \
		--setup-hook="$add_backports" \
		--customize-hook="$install_backports" \
		--customize-hook="$finish" \
		trixie
	# Nobody boots with Debian's initrd: see image.sh.
	if [ "$(id -u)" -eq 0 ]; then
		INITRD=No quietly "$BUILD/root.log" mmdebstrap --mode=root "$@" "$ROOT"
		return
	fi
	INITRD=No quietly "$BUILD/root.log" mmdebstrap --mode=unshare "$@" "$BUILD/root.tar"
	mkdir "$ROOT"
	quietly "$BUILD/root.log" private_mounts \
		tar -C "$ROOT" --numeric-owner --exclude='./dev/*' -xf "$BUILD/root.tar"
	rm "$BUILD/root.tar"
}

# Versions sort in the order of age: Debian 13's own kernel is the older one.
list_kernels() {
	versions=$(find "$ROOT/boot" -name 'vmlinuz-*' | sed 's/.*vmlinuz-//' | sort -V)
	[ "$(echo "$versions" | wc -l)" -eq 2 ] || die "expected two kernels in the guest's root, found: $versions"
	echo "$versions" | sed -e '1s/^/stable /' -e '2s/^/backports /'
}

rm -f "$stamp" "$BUILD/root.img" "$BUILD"/initrd-*
private_mounts rm -rf "$ROOT"
debootstrap
list_kernels >"$BUILD/kernels"
echo "$hash" >"$stamp"
