#!/bin/sh
# chroot.sh COMMAND...: run it in the guest's root, with the checkout at /warpdrive.
set -eu
. "$(dirname "$0")/env.sh"

# shellcheck disable=SC2016 # expanded by the inner shell
private_mounts sh -euc '
	root=$1 top=$2
	shift 2
	mount --bind "$root" "$root"
	mount -o remount,ro,bind "$root"
	mount --rbind /proc "$root/proc"
	mount --rbind /dev "$root/dev"
	mount -t tmpfs tmpfs "$root/tmp"
	mount --bind "$top" "$root/warpdrive"
	exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 \
		sh -c '\''cd /warpdrive && exec "$@"'\'' sh "$@"
' sh "$ROOT" "$TOP" "$@"
