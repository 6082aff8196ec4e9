#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wdctl as far as it goes without the modules, and the rest where there are
# devices.
#
#	WDCTL=path/to/wdctl wdctl.sh

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/tap.sh"

WDCTL=$(realpath "$(command -v "${WDCTL:-wdctl}")")

have_device()
{
	device=$("$WDCTL" list 2>/dev/null | awk 'NR == 2 { print $1 }')
	[ -n "$device" ] || skip 'there is no device'
}

no_device()
{
	[ -z "$("$WDCTL" list 2>/dev/null)" ] || skip 'there is a device'
}

help_and_version()
{
	"$WDCTL" --help | grep -q unload
	"$WDCTL" -h | grep -q '^Usage'
	"$WDCTL" --version | grep -q '^wdctl [0-9]'
	"$WDCTL" -V | grep -q '^wdctl [0-9]'
	[ ! -w /dev/full ] || expect 1 "$WDCTL" --help >/dev/full
}

wrong_usage()
{
	expect 2 "$WDCTL"
	expect 2 "$WDCTL" jump
	expect 2 "$WDCTL" --jump
	expect 2 "$WDCTL" load functions
	expect 2 "$WDCTL" load 'functions=a b'
	expect 2 "$WDCTL" load -x
	expect 2 "$WDCTL" load -m
	expect 2 "$WDCTL" load --functions
	expect 2 "$WDCTL" load --functions='sva share'
	expect 2 "$WDCTL" load --functions="$(printf '%01100d' 1)"
	expect 2 "$WDCTL" load --algorithms
	expect 2 "$WDCTL" load --algorithms='deflate lz4'
	expect 2 "$WDCTL" load --algorithms="$(printf '%01100d' 1)"
	expect 2 "$WDCTL" load --noiommu=1
	expect 2 "$WDCTL" rebind
	expect 2 "$WDCTL" rebind a b
	expect 2 "$WDCTL" rebind -x a
	expect 2 "$WDCTL" unload now
	expect 2 "$WDCTL" unload -x
	expect 2 "$WDCTL" list everything
	expect 2 "$WDCTL" list --xml
	expect 2 "$WDCTL" algorithms gzip
	expect 2 "$WDCTL" algorithms -v
	expect 2 "$WDCTL" algorithms --json=1
	expect 2 "$WDCTL" test a b
	expect 2 "$WDCTL" test -v
	expect 2 "$WDCTL" show a b
	expect 2 "$WDCTL" show 0
	expect 2 "$WDCTL" show -x
	expect 2 "$WDCTL" load "$(printf 'x=%01100d' 1)"
}

needs_root()
{
	for command in load unload 'rebind x'; do
		# shellcheck disable=SC2086 # words are wanted
		expect 1 unprivileged "$WDCTL" $command 2>messages
		grep -q "sudo wdctl ${command% x}" messages
	done
}

not_found()
{
	no_device
	is_root || skip 'needs root'
	mkdir modules
	expect 1 "$WDCTL" load -m "$PWD/modules" 2>messages
	grep -q "looked for $PWD/modules/wd_iommu.ko and" messages
}

# A file without information about its parameters stands for the module.
warning_about_noiommu()
{
	no_device
	is_root || skip 'needs root'
	mkdir modules
	echo 'not a module' >modules/wd_iommu.ko
	expect 1 "$WDCTL" load -m modules --noiommu 2>messages
	grep -q 'CAP_SYS_RAWIO' messages
	expect 1 "$WDCTL" load -m modules --functions=sva 2>messages
	expect 1 grep -q 'CAP_SYS_RAWIO' messages
}

rebind_nothing()
{
	is_root || skip 'needs root'
	expect 1 "$WDCTL" rebind no_such_device-0 2>messages
	grep -q 'no such device: no_such_device-0' messages
}

no_module()
{
	no_device
	is_root || skip 'needs root'
	mkdir modules
	echo 'not a module' >modules/wd_iommu.ko
	expect 1 "$WDCTL" load -m modules 2>messages
	grep -q 'cannot load wd_iommu' messages
}

unload_nothing()
{
	no_device
	is_root || skip 'needs root'
	"$WDCTL" unload
}

list_nothing()
{
	no_device
	[ -z "$("$WDCTL" list 2>messages)" ]
	grep -q 'wdctl load' messages
	[ "$("$WDCTL" list --json 2>/dev/null | tr -d '\n ')" = '[]' ]
}

show_nothing()
{
	no_device
	"$WDCTL" show 2>messages
	grep -q 'no open channel' messages
	"$WDCTL" show $$
	expect 1 "$WDCTL" show no_such_device-0
	expect 1 "$WDCTL" show 2147483647
}

# The words of the table's first column.
names()
{
	tail -n +2 | awk '{ print $1 }' | sort
}

algorithms_of_software()
{
	no_device
	"$WDCTL" algorithms >table
	head -n 1 table | grep -q '^ALGORITHM  *SOFTWARE  *DEVICES$'
	grep -q '^gzip  *yes  *-$' table
	expect 1 grep -v '^ALGORITHM\|  *yes  *-$' table
	"$WDCTL" algorithms --json | tr -d ' \n' |
		grep -q '{"name":"gzip","software":true,"devices":\[\]}'
}

# What sysfs says, from end to end.
algorithms_of_devices()
{
	have_device
	"$WDCTL" algorithms >table
	names <table >found
	[ "$(uniq -d found)" = '' ]
	{
		cat /sys/class/*uacce*/*/algorithms
		awk 'NR > 1 && $2 == "yes" { print $1 }' table
	} | sort -u | diff - found
	for path in /sys/class/*uacce*/*; do
		while read -r name; do
			awk -v name="$name" -v device="${path##*/}" '$1 == name {
				for (i = 3; i <= NF; i++) found += $i == device }
				END { exit found != 1 }' table
		done <"$path/algorithms"
	done
	"$WDCTL" algorithms --json | sed -n 's/.*"name": "\([^"]*\)".*/\1/p' | sort | diff - found
	[ "$(WD_MODE=sva "$WDCTL" algorithms | sed -n 2p | wc -w)" -eq \
		$((2 + $("$WDCTL" list | awk '$2 == "sva"' | wc -l))) ]
}

test_nothing()
{
	no_device
	expect 1 "$WDCTL" test
	expect 1 "$WDCTL" test wd_accel-99
}

# Every algorithm of every device has an answer, and gives it.
test_all()
{
	have_device
	"$WDCTL" test >table
	[ "$(cat /sys/class/*uacce*/*/algorithms | wc -l)" -eq "$(grep -c ' ok, [1-9][0-9]* answers*$' table)" ]
	expect 1 grep -v ' ok, ' table
	device=$(awk 'NR == 1 { print $1 }' table)
	"$WDCTL" test "$device" >one
	awk -v device="$device" '$1 == device' table | cmp - one
	expect 1 "$WDCTL" test wd_accel-99
}

list_devices()
{
	have_device
	"$WDCTL" list | grep -q "^$device "
	"$WDCTL" list | grep -Eq "^$device +(sva|share|noiommu) "
	"$WDCTL" list -v | grep -qx "  node  *$(find /dev -name "$device")"
	"$WDCTL" list -v | grep -q '  algorithms  *.*gzip'
	"$WDCTL" list --json | grep -q "\"name\": \"$device\","
}

# A process that holds the device open; its id is in $user.
hold_device()
{
	sleep 60 3<>"/dev/$device" &
	user=$!
}

show_channel()
{
	have_device
	hold_device
	for what in '' "$device" "/dev/$device" $user; do
		"$WDCTL" show $what >channels
		grep "^$user  *sleep  *3  *$device " channels
	done
	kill $user
	wait $user || :
	"$WDCTL" show "$device" >channels
	expect 1 grep "^$user " channels
	expect 1 "$WDCTL" show $user
}

modes_of_sysfs()
{
	have_device
	"$WDCTL" list | tail -n +2 | while read -r name mode _; do
		flags=$(cat /sys/class/*uacce*/"$name"/flags)
		case $((flags & 257)) in
		1) expect 0 [ "$mode" = sva ] ;;
		0) expect 0 [ "$mode" = share ] ;;
		*) expect 0 [ "$mode" = noiommu ] ;;
		esac
	done
}

rebind_device()
{
	have_device
	is_root || skip 'needs root'
	path=$(realpath /sys/class/*uacce*/"$device"/device)
	before=$(stat -c %Z "/dev/$device")
	sleep 1
	"$WDCTL" rebind "$device" >messages
	grep -qx "wd_accel-[0-9]* is ready" messages
	name=$(sed 's/ .*//' messages)
	[ "$(realpath /sys/class/*uacce*/"$name"/device)" = "$path" ]
	[ "$(stat -c %Z "/dev/$name")" != "$before" ]
}

rebind_in_use()
{
	have_device
	is_root || skip 'needs root'
	hold_device
	expect 1 "$WDCTL" rebind "/dev/$device" 2>messages
	grep "/dev/$device is open in sleep (pid $user)" messages
	"$WDCTL" rebind -f "$device"
	kill $user
}

unload_in_use()
{
	have_device
	is_root || skip 'needs root'
	hold_device
	expect 1 "$WDCTL" unload 2>messages
	kill $user
	grep "/dev/$device is open in sleep (pid $user)" messages
	[ -e "/dev/$device" ]
}

# Everything is there again afterwards, whatever happens.
load_algorithms()
{
	have_device
	is_root || skip 'needs root'
	"$WDCTL" unload
	trap '"$WDCTL" unload && "$WDCTL" load --noiommu' EXIT
	expect 1 "$WDCTL" load --algorithms=deflate,rot13
	[ ! -e /sys/module/wd_hw ]
	[ ! -e /sys/module/wd_iommu ]
	"$WDCTL" load --functions=sva --algorithms=sha256
	expect 1 grep -q gzip /sys/class/*uacce*/*/algorithms
	"$WDCTL" algorithms | grep -q '^gzip  *yes  *-$'
	"$WDCTL" unload
	"$WDCTL" load --functions=sva --algorithms='sha256,deflate,ctr(aes)'
	grep -qx gzip /sys/class/*uacce*/*/algorithms
}

run '--help, --version' help_and_version
run 'wrong usage is status 2' wrong_usage
run 'load and unload tell who may' needs_root
run 'load tells where it looked' not_found
run 'load of what is no module' no_module
run 'load --noiommu warns' warning_about_noiommu
run 'rebind of no device' rebind_nothing
run 'unload with nothing loaded' unload_nothing
run 'list without devices' list_nothing
run 'algorithms without devices' algorithms_of_software
run 'test without devices' test_nothing
run 'show without channels' show_nothing
run 'list of the devices' list_devices
run 'algorithms of the devices' algorithms_of_devices
run 'test of the devices' test_all
run 'show of an open channel' show_channel
run 'list shows the modes' modes_of_sysfs
run 'rebind of a device' rebind_device
run 'rebind tells who uses a device' rebind_in_use
run 'unload tells who uses a device' unload_in_use
run 'load --algorithms' load_algorithms
finish
