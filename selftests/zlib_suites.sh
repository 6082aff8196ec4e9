#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: the test programs of others, unmodified, with libwdz.so on a device: zlib's example and minigzip on one
# of each mode, CPython's test_zlib, test_gzip and test_zipfile on one of mode sva.
#
# zlib's third program, infcover, is not among them. It calls inflate_table(), which libz.so.1 does not export, so it
# does not link with a shared zlib at all; and it writes to zlib's private struct inflate_state behind z_stream.state,
# which is libwd's.
here=$(dirname "$(readlink -f "$0")")
suites=$here/../suites
# shellcheck source=selftests/preload.sh
. "$here/preload.sh"
data=$tmp/data

both_ways() {
	echo "deflate_in=$(counted deflate_in) inflate_out=$(counted inflate_out)" >>"$tmp/out"
	[ "$(counted deflate_in)" -gt 0 ] && [ "$(counted inflate_out)" -gt 0 ]
}

minigzip() {
	preloaded "$suites/minigzip" "$@" 2>>"$tmp/out"
}

# It says the same as with zlib alone. Its streams are short: with WD_ZLIB_MIN they go to a device all the same.
example() {
	rm -f "$tmp/stats"
	(cd "$tmp" && "$suites/example" >want 2>&1 && WD_ZLIB_MIN=1 preloaded "$suites/example" >out 2>&1 &&
		diff want out >>out) && both_ways
}

levels() {
	rm -f "$tmp/stats"
	for level in 1 2 3 4 5 6 7 8 9; do
		minigzip "-$level" <"$data" >"$tmp/gz" && gzip -dc "$tmp/gz" | cmp - "$data" >>"$tmp/out" || return
	done
	[ "$(counted deflate_in)" -eq $((9 * size)) ]
}

strategies() {
	for strategy in -f -h -r; do
		minigzip "$strategy" <"$data" >"$tmp/gz" && gzip -dc "$tmp/gz" | cmp - "$data" >>"$tmp/out" || return
	done
}

# A file gives way to the other one, with -c it stays.
files() {
	rm -f "$tmp/stats"
	cp "$data" "$tmp/file" && minigzip -c "$tmp/file" >"$tmp/gz" && gzip -dc "$tmp/gz" | cmp - "$tmp/file" &&
		minigzip "$tmp/file" && [ ! -e "$tmp/file" ] && gzip -dc "$tmp/file.gz" | cmp - "$data" &&
		minigzip -d -c "$tmp/file.gz" | cmp - "$data" &&
		minigzip -d "$tmp/file.gz" && [ ! -e "$tmp/file.gz" ] && cmp "$tmp/file" "$data" && both_ways
}

# Two members, one after the other, and by the names that programs have for it.
of_gzip() {
	rm -f "$tmp/stats"
	{ gzip -1 -c "$data" && gzip -9 -c "$data"; } >"$tmp/gz"
	cat "$data" "$data" >"$tmp/twice"
	minigzip -d <"$tmp/gz" | cmp - "$tmp/twice" && cp "$tmp/gz" "$tmp/file.gz" || return
	ln -sf "$suites/minigzip" "$tmp/zcat"
	ln -sf "$suites/minigzip" "$tmp/gunzip"
	preloaded "$tmp/zcat" "$tmp/file.gz" | cmp - "$tmp/twice" && preloaded "$tmp/gunzip" "$tmp/file.gz" &&
		cmp "$tmp/file" "$tmp/twice" && [ "$(counted inflate_out)" -gt "$size" ]
}

# CPython's own runner, which fails where no test ran. What it skips needs gigabytes of memory, or files of that size.
cpython() { # TEST [OPTION...]
	begin=$(date +%s)
	rm -f "$tmp/stats"
	(cd "$tmp" && preloaded python3 -B -m test -W "$@" >out 2>&1) && both_ways
}

report() { # TEST STATUS
	result "$2" "$1, $(sed -n 's/^Total tests: //p' "$tmp/out")"
	echo "# $1: $(counted deflate_in) bytes compressed, $(counted inflate_out) decompressed, $(($(date +%s) - begin)) s"
}

echo "TAP version 13"
echo "1..18"
head -c 200000 /usr/bin/perl >"$data"
size=$(stat -c %s "$data")
for WD_MODE in sva share noiommu; do
	export WD_MODE
	for what in example levels strategies files of_gzip; do
		: >"$tmp/out"
		$what >>"$tmp/out" 2>&1
		result $? "$WD_MODE: $what"
	done
done
export WD_MODE=sva
cpython test_zlib
report test_zlib $?
cpython test_gzip
report test_gzip $?
# Archives whose files are compressed with other libraries take half of the time, and show nothing of this one.
cpython test_zipfile --ignore '*.Lzma*' --ignore '*.Bzip2*'
report test_zipfile $?
rm -rf "$tmp"
exit $failed
