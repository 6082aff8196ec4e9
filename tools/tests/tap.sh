# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Read by the tests of this directory: one TAP line a test, each in a directory
# of its own, removed at the end.
#
#	run NAME COMMAND [ARG...]	a test; it fails as soon as a command does
#	skip REASON			(in a test) it cannot be done here
#	expect STATUS COMMAND...	the command must exit with STATUS
#	finish				print the plan and exit
#
# ONLY=REGEX in the environment: only the tests whose names match.

tap_work=$(mktemp -d) || exit 1
trap 'chmod -R u+rwx "$tap_work"; rm -rf "$tap_work"' EXIT
tap_count=0
tap_failed=0

run()
{
	printf '%s\n' "$1" | grep -Eq -- "${ONLY-}" || return 0
	tap_count=$((tap_count + 1))
	tap_name=$1
	shift
	mkdir "$tap_work/$tap_count"
	(cd "$tap_work/$tap_count" && set -e && "$@") \
		>"$tap_work/log" 2>&1 </dev/null
	case $? in
	0) echo "ok $tap_count - $tap_name" ;;
	77) echo "ok $tap_count - $tap_name # SKIP $(tail -n 1 "$tap_work/log")" ;;
	*)
		echo "not ok $tap_count - $tap_name"
		sed 's/^/# /' "$tap_work/log"
		tap_failed=1
		;;
	esac
}

skip()
{
	echo "$*"
	exit 77
}

expect()
{
	expect_want=$1
	shift
	expect_got=0
	"$@" || expect_got=$?
	[ "$expect_got" = "$expect_want" ] && return
	echo "exit status $expect_got, not $expect_want: $*"
	return 1
}

is_root()
{
	[ "$(id -u)" = 0 ]
}

# As somebody who is not root.
unprivileged()
{
	is_root || { "$@"; return; }
	chmod 755 "$tap_work"
	setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$1" ||
		skip "$1 cannot be run by others than root"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

finish()
{
	echo "1..$tap_count"
	exit $tap_failed
}
