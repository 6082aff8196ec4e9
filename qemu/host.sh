#!/bin/sh
# Install what the host lacks.
set -eu
. "$(dirname "$0")/env.sh"

missing=

need() {
	command -v "$1" >/dev/null || missing="$missing $2"
}

need qemu-system-x86_64 qemu-system-x86
need mmdebstrap mmdebstrap
need mke2fs e2fsprogs
need gpgv gpgv
[ "$(id -u)" -eq 0 ] || need newuidmap uidmap
# Debian 12 was released with a keyring that does not know Debian 13.
ls /usr/share/keyrings/debian-archive-trixie-automatic.* >/dev/null 2>&1 ||
	missing="$missing debian-archive-keyring"

[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root='env'
elif sudo -n true 2>/dev/null; then
	as_root='sudo -n env'
else
	echo "Some packages are missing on this machine. Please type:" >&2
	echo "    sudo apt-get update && sudo apt-get install --no-install-recommends$missing" >&2
	exit 1
fi

# shellcheck disable=SC2086 # both are lists of words
install_missing() {
	$as_root DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

say "installing on this machine:$missing"
install_missing >"$BUILD/host.log" 2>&1 && exit 0
# shellcheck disable=SC2086
quietly "$BUILD/host.log" $as_root apt-get update
quietly "$BUILD/host.log" install_missing
