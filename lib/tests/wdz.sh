#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wdz.sh DIR PROGRAM: libwdz.so, in DIR, has libz.so.1's symbols, and a program that it is preloaded to uses it.
dir=$1
program=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
number=0
failed=0

result() { # STATUS NAME
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number $2"
	else
		echo "not ok $number $2"
		failed=1
	fi
}

symbols() { # LIBRARY
	nm -D --defined-only --with-symbol-versions "$1" | awk '{ print $3 }' | sort
}

preloaded() { # WD_ZLIB
	rm -f "$tmp/stats"
	WD_ZLIB=$1 WD_ZLIB_STATS=$tmp/stats LD_LIBRARY_PATH=$dir LD_PRELOAD=$dir/libwdz.so "$program" 2>"$tmp/err" &&
		[ ! -s "$tmp/err" ]
}

echo "TAP version 13"
echo "1..4"
symbols "$(ldd "$program" | awk '$1 == "libz.so.1" { print $3 }')" >"$tmp/libz"
symbols "$dir/libwdz.so" >"$tmp/libwdz"
[ -s "$tmp/libz" ] && diff "$tmp/libz" "$tmp/libwdz"
result $? "the symbols and versions of libz.so.1"
preloaded software
result $? "a program that forks"
# Of the three round trips each process has seen two: the child begins with its parent's counters.
[ "$(grep -c 'deflate_in=600000 .*inflate_out=600000 ' "$tmp/stats")" -eq 2 ]
result $? "libwd did the work, also in the child"
preloaded off && [ ! -e "$tmp/stats" ]
result $? "WD_ZLIB=off"
exit $failed
