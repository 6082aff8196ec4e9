# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Read by what uses the store as a disk: `make run-ipu` and the selftest. The caller sets $dir, a folder for work.
#
#	serve PARAMETER...	start nbdkit with the plugin
#	unserve			end it; $dir/stats is then complete
#	attach [BLOCKSIZE]	make the store a disk of the kernel's, $disk
#	detach			the opposite
#	cached			have the kernel forget what it read of it
#	count NAME COLUMN [FILE]	a number of $dir/stats, or another such file; columns: write, read
#	spoil SECTOR SIZE	change one bit of a sector of SIZE bytes in the backing file
#	first_sector FILE SIZE	where the file system on $disk has the beginning of FILE

dir=${dir:?}
disk=/dev/nbd0

# Whatever may come late: for ten seconds.
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || return 1
		sleep 0.05
	done
}

serve() {
	[ -e "$dir/key" ] || head -c 64 /dev/urandom >"$dir/key"
	rm -f "$dir/stats" "$dir/socket"
	nbdkit -P "$dir/pid" -U "$dir/socket" wdipu file="$dir/store" keyfile="$dir/key" stats="$dir/stats" "$@"
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

unserve() {
	pid=$(cat "$dir/pid")
	rm "$dir/pid"
	kill "$pid" && until_true is_gone "$pid"
}

attach() {
	modprobe nbd nbds_max=1 && until_true [ -b "$disk" ] &&
		nbd-client -unix "$dir/socket" "$disk" -b "${1:-512}" -t 60 >"$dir/client" 2>&1 ||
		{ cat "$dir/client"; return 1; }
}

detach() {
	nbd-client -d "$disk" >"$dir/client" 2>&1 && until_true [ ! -e "/sys/block/${disk#/dev/}/pid" ]
}

cached() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

count() {
	awk -v name="$1" -v column="$2" '$1 == name { print column == "write" ? $2 : $3 }' "${3:-$dir/stats}"
}

# Each sector has eight bytes behind it.
spoil() {
	at=$(($1 * ($2 + 8) + 100))
	byte=$(od -An -tu1 -j $at -N 1 "$dir/store")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %03o $((byte ^ 1)))" | dd of="$dir/store" bs=1 seek=$at conv=notrunc status=none
}

first_sector() {
	size=$(dumpe2fs -h "$disk" 2>/dev/null | sed -n 's/^Block size: *//p')
	block=$(debugfs -R "bmap \"$1\" 0" "$disk" 2>/dev/null)
	echo $((block * size / $2))
}
