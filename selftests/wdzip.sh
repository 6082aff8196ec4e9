#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wdzip on the device, with gzip as the other side: a few MB of this machine's
# programs there and back at levels 1, 6 and 9. KTAP.
# shellcheck disable=SC2317 # ok calls them
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
number=0
failed=0

ok() { # NAME COMMAND...
	name=$1
	shift
	number=$((number + 1))
	if "$@" >log 2>&1; then
		echo "ok $number $name"
	else
		sed 's/^/# /' log
		echo "not ok $number $name"
		failed=1
	fi
}

there() { # LEVEL
	wdzip -"$1" -c data >"$1.gz" && gunzip -c "$1.gz" | cmp - data
}

back() { # LEVEL
	gzip -"$1" -c data | wdzip -d -c | cmp - data
}

file() {
	cp data file && wdzip -6 file && [ ! -e file ] && gzip -t file.gz &&
		wdzip -t file.gz && wdzip -d file.gz && cmp file data
}

members() {
	{ wdzip -1 -c data; gzip -9 -c data; } | wdzip -d -c >both && cat data data | cmp - both
}

truncated() {
	gzip -c data | head -c 100000 >cut.gz
	! wdzip -d cut.gz && [ ! -e cut ] && [ -e cut.gz ]
}

# A channel is what was asked for: with none left it must still be right.
on_the_device() {
	wdzip -v -k data 2>&1 | tee said >/dev/null
	rm -f data.gz
	! grep -qi software said
}

if ! command -v wdzip >/dev/null; then
	echo "1..0 # SKIP wdzip is not installed"
	exit 4
fi
cat /usr/bin/perl /usr/bin/bash /usr/bin/tar 2>/dev/null | head -c 3000000 >data

echo "1..10"
for level in 1 6 9; do
	ok "gunzip reads what wdzip -$level writes" there $level
	ok "wdzip reads what gzip -$level writes" back $level
done
ok "a file, in place" file
ok "members of both" members
ok "a stream that is cut off" truncated
ok "the device did it" on_the_device
exit $failed
