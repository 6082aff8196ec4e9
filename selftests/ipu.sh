#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: a file system on the IPU example's store, with the kernel as NBD's client, on a device of each mode, and
# what its requests cost. KTAP.
# shellcheck disable=SC2317 # ok calls them
here=$(dirname "$(readlink -f "$0")")
dir=$(mktemp -d) || exit 1
mnt=$dir/mnt
number=0
failed=0

if ! command -v nbdkit >/dev/null || [ ! -e "$here/../ipu/store.sh" ]; then
	echo "1..0 # SKIP nbdkit or its plugin is not installed"
	exit 4
fi
# shellcheck source=examples/ipu/vm/store.sh
. "$here/../ipu/store.sh"

ok() { # NAME COMMAND...
	name=$1
	shift
	number=$((number + 1))
	if "$@" >"$dir/log" 2>&1; then
		echo "ok $number $name"
	else
		sed 's/^/# /' "$dir/log"
		[ ! -e "$dir/stats" ] || sed 's/^/# /' "$dir/stats"
		echo "not ok $number $name"
		failed=1
		leave
	fi
}

# Whatever a failed test left there.
leave() {
	! mountpoint -q "$mnt" || umount "$mnt"
	[ ! -e /sys/block/nbd0/pid ] || detach
	[ ! -e "$dir/pid" ] || unserve
}
trap 'leave 2>/dev/null; rm -rf "$dir"' EXIT

files_there() {
	for file in $files; do
		cp "$file" "$mnt/${file##*/}" || return
	done
}

files_same() {
	for file in $files; do
		cmp "$file" "$mnt/${file##*/}" || return
	done
}

# there_and_back SECTOR PARAMETER...
there_and_back() {
	sector=$1
	shift
	rm -f "$dir/store"
	serve size=16M sector="$sector" "$@" && attach "$sector" && mkfs.ext4 -q -b 4096 "$disk" &&
		mount "$disk" "$mnt" && files_there && umount "$mnt" && detach &&
		attach "$sector" && e2fsck -fn "$disk" && mount -o ro "$disk" "$mnt" && files_same &&
		umount "$mnt" && detach && unserve
}

# Of three operations the copy is elided, and the other two are fused: for every request, for none, or, where the library
# has to copy what the device does not reach, for most: it may have no room for a large one as a whole.
counts() { # all|most|none
	awk -v fused="$1" '
		function each(column, name, number) {
			if (n[column, name] == number)
				return
			print name ", " column ": not " number
			bad = 1
		}
		function check(column, all) {
			all = n[column, "requests"]
			each(column, "appended", 3 * all)
			each(column, "elided", all)
			each(column, "ran", 2 * all)
			each(column, "submissions", 2 * all - n[column, "fused"])
			each(column, "copies", 0)
			each(column, "transfers", 0)
			each(column, "failed", 0)
			if (fused != "most")
				each(column, "fused", fused == "all" ? all : 0)
			if (!all || (n[column, "fused"] == all) != (n[column, "temporary"] == 0))
				bad = 1
			if (fused == "most" && n[column, "fused"] <= all / 2)
				bad = 1
		}
		/^driver wd_accel-/ { device = 1 }
		NF == 3 { n["write", $1] = $2; n["read", $1] = $3 }
		END { check("write"); check("read"); exit bad || !device }' "$dir/stats"
}

# One bit, of what only one file has: that one cannot be read, the next can, and writing it again heals it.
bad_block() {
	rm -f "$dir/store"
	serve size=16M mode=share && attach && mkfs.ext4 -q -b 4096 "$disk" && mount "$disk" "$mnt" && files_there &&
		umount "$mnt" && victim=$(first_sector "/${first##*/}" 512) && detach &&
		spoil "$victim" 512 && attach && mount "$disk" "$mnt" || return
	! cat "$mnt/${first##*/}" >"$dir/read" 2>"$dir/said" && grep -q 'Input/output error' "$dir/said" || return
	cmp "$second" "$mnt/${second##*/}" && ! cmp "$first" "$mnt/${first##*/}" || return
	dd if="$first" of="$mnt/${first##*/}" bs=64k conv=notrunc,fsync status=none && cached && files_same &&
		umount "$mnt" && detach && unserve && [ "$(count failed read)" -gt 0 ]
}

# The library has room for each end of such a request, but not for both.
large_requests() {
	rm -f "$dir/store"
	serve size=16M mode=share && attach && echo 3072 >"/sys/block/${disk#/dev/}/queue/max_sectors_kb" &&
		timeout 30 dd if="$first" of="$disk" bs=3M count=1 oflag=direct status=none &&
		cmp -n 3145728 "$first" "$disk" && detach && unserve && [ "$(count failed write)" -eq 0 ]
}

wrong_key() {
	mv "$dir/key" "$dir/kept"
	serve 2>"$dir/said"
	status=$?
	mv "$dir/kept" "$dir/key"
	[ $status -ne 0 ] && grep -q 'not the key' "$dir/said"
}

first=/usr/bin/perl
second=/usr/bin/bash
files="$first $second /usr/bin/tar"
mkdir "$mnt"
echo "1..9"
ok "files there and back, sva" there_and_back 512 mode=sva
ok "what it cost" counts all
ok "files there and back, share, sectors of 4096, one by one" there_and_back 4096 mode=share fuse=false
ok "what it cost" counts none
ok "files there and back, noiommu" there_and_back 512 mode=noiommu
ok "what it cost" counts most
ok "a bad block is an error, share" bad_block
ok "large requests, share" large_requests
ok "another key is refused" wrong_key
exit $failed
