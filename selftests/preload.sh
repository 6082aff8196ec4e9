# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests of libwdz.so: results, programs that it is preloaded to, and what it counted.
# shellcheck shell=sh disable=SC2034
tmp=$(mktemp -d)
number=0
failed=0
: >"$tmp/out"

# With what went to $tmp/out, where it failed.
result() { # STATUS NAME
	number=$((number + 1))
	verdict=ok
	[ "$1" -eq 0 ] || { verdict='not ok'; failed=1; sed 's/^/# /' "$tmp/out"; }
	echo "$verdict $number - $2"
}

preloaded() {
	WD_ZLIB_STATS=$tmp/stats LD_PRELOAD=libwdz.so "$@"
}

# The sum over all processes of a column of the statistics.
counted() { # NAME
	awk -v name="$1" '{ for (i = 1; i <= NF; i++) if (split($i, kv, "=") == 2 && kv[1] == name) n += kv[2] }
		END { print n + 0 }' "$tmp/stats"
}
