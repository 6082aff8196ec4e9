#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# wdzip against gzip.
#
#	WDZIP=path/to/wdzip CORPUS=directory wdzip.sh [option of wdzip...]
#
# The options, such as --software, are given to every call. Files in CORPUS are
# compressed besides those that any machine has.

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR
. "$here/tap.sh"

WDZIP=$(realpath "$(command -v "${WDZIP:-wdzip}")")
OPTIONS=$*
data=$tap_work/data
mib=1048576

wdzip()
{
	# shellcheck disable=SC2086
	"$WDZIP" $OPTIONS "$@"
}

make_data()
{
	mkdir "$data"
	: >"$data/empty"
	printf x >"$data/byte"
	cat "$here"/*.sh >"$data/text"
	cat /bin/sh "$(command -v gzip)" /bin/ls "$data/text" >"$data/binary"
	while [ "$(wc -c <"$data/binary")" -lt $((5 * mib)) ]; do
		cat "$data/binary" "$data/text" >"$data/more"
		cat "$data/more" >>"$data/binary"
	done
	rm "$data/more"
	head -c $((3 * mib)) /dev/zero >"$data/zeros"
	head -c $((mib + mib / 2)) /dev/urandom >"$data/random"
	# wdzip reads blocks of 1 MiB: the borders are where mistakes would be
	head -c $((mib - 1)) "$data/binary" >"$data/block-1"
	head -c $mib "$data/binary" >"$data/block"
	head -c $((mib + 1)) "$data/binary" >"$data/block+1"
	head -c $((2 * mib)) "$data/binary" >"$data/block2"
	[ -z "$CORPUS" ] || cp "$CORPUS"/* "$data/"
}

# The devices of the native driver, if a device may be used.
devices()
{
	[ -z "$OPTIONS" ] || return 0
	for path in /sys/class/*uacce*/*/flags; do
		[ ! -e "$path" ] || basename "$(dirname "$path")"
	done
}

mode_of()
{
	case $(($(cat /sys/class/*uacce*/"$1"/flags) & 257)) in
	1) echo sva ;;
	0) echo share ;;
	*) echo noiommu ;;
	esac
}

# No file but these (in the order of ls -A) may be here.
only()
{
	[ "$(ls -A | tr '\n' ' ')" = "$* " ] && return
	echo "not just $*:"
	ls -A
	return 1
}

attributes()
{
	stat -c '%a %u:%g %y' "$1"
}

# ---------------------------------------------------------- round trips

to_gzip()
{
	cp "$1" file
	wdzip "$2" file
	only file.gz
	gzip -t file.gz
	gzip -dc file.gz | cmp - "$1"
}

from_gzip()
{
	gzip "$2" -c "$1" >file.gz
	wdzip -d file.gz
	only file
	cmp file "$1"
}

both_ways()
{
	wdzip -c "$1" | wdzip -dc | cmp - "$1"
}

stdin_to_stdout()
{
	wdzip <"$data/binary" >file.gz
	gzip -dc file.gz | cmp - "$data/binary"
	wdzip -d <file.gz >file
	cmp file "$data/binary"
	wdzip - <"$data/text" | wdzip -d - | cmp - "$data/text"
}

slow_pipe()
{
	(cat "$data/text"; sleep 0.3; cat "$data/binary") | wdzip >file.gz
	cat "$data/text" "$data/binary" >both
	gzip -dc file.gz | cmp - both
	(head -c 5 file.gz; sleep 0.3; tail -c +6 file.gz) | wdzip -d | cmp - both
}

closed_pipe()
{
	wdzip -c "$data/zeros" >zeros.gz
	wdzip -dc zeros.gz | head -c 10 | cmp -n 10 - "$data/zeros"
}

levels_get_better()
{
	fast=$(wdzip -1 -c "$data/binary" | wc -c)
	best=$(wdzip -9 -c "$data/binary" | wc -c)
	[ "$best" -lt "$fast" ]
	wdzip --fast -c "$data/binary" | wc -c | grep -qx "$fast"
	wdzip --best -c "$data/binary" | wc -c | grep -qx "$best"
}

# -------------------------------------------------------------- options

keep()
{
	cp "$data/text" a
	wdzip -k a
	only a a.gz
	rm a
	wdzip -dk a.gz
	only a a.gz
	cmp a "$data/text"
}

to_stdout()
{
	cp "$data/text" a
	wdzip -c a >b.gz
	wdzip --stdout a >c.gz
	cmp b.gz c.gz
	wdzip -dc b.gz | cmp - a
	only a b.gz c.gz
}

refuse_existing()
{
	cp "$data/text" a
	echo mine >a.gz
	expect 2 wdzip a
	echo mine | cmp - a.gz
	gzip -c a >b.gz
	echo mine >b
	expect 2 wdzip -d b.gz
	echo mine | cmp - b
	only a a.gz b b.gz
}

force()
{
	cp "$data/text" a
	echo mine >a.gz
	wdzip -f a
	only a.gz
	gzip -dc a.gz | cmp - "$data/text"
}

force_copies_other_input()
{
	wdzip -dcf "$data/text" | cmp - "$data/text"
	wdzip -df <"$data/empty" | cmp - "$data/empty"
	expect 1 wdzip -dc "$data/text"
}

quiet()
{
	cp "$data/text" a.gz
	expect 2 wdzip -q a.gz 2>messages
	cmp messages "$data/empty"
}

suffix()
{
	cp "$data/text" a
	wdzip -S .wd a
	only a.wd
	wdzip -S .wd -d a.wd
	only a
	wdzip --suffix=.wd a
	wdzip -S .wd -d a
	only a
	expect 1 wdzip -S '' a
	expect 1 wdzip -S a/b a
	only a
}

known_suffixes()
{
	for pair in a.gz:a b-gz:b c.z:c d-z:d e_z:e f.tgz:f.tar g.taz:g.tar \
		    h.GZ:h; do
		gzip -c "$data/text" >"${pair%:*}"
		wdzip -d "${pair%:*}"
		only "${pair#*:}"
		rm "${pair#*:}"
	done
	gzip -c "$data/text" >a.gz
	wdzip -d a
	only a
	gzip -c "$data/text" >a.other
	expect 2 wdzip -d a.other
	only a a.other
}

# The first $1 bytes; more is the compressor's choice.
same_header_with()
{
	bytes=$1
	shift
	gzip "$@" -c a | head -c "$bytes" >gzip.header
	wdzip "$@" -c a | head -c "$bytes" | cmp - gzip.header
}

same_header()
{
	cp "$data/text" a
	touch -d '2001-02-03 04:05:06.7' a
	for level in -1 -6 -9; do
		same_header_with 10 $level -n
		same_header_with 12 $level -N
		same_header_with 12 $level
	done
	gzip <a | head -c 10 >gzip.header
	wdzip <a | head -c 10 | cmp - gzip.header
	# from a pipe: no time is known
	# shellcheck disable=SC2002
	cat a | gzip | head -c 10 >gzip.header
	# shellcheck disable=SC2002
	cat a | wdzip | head -c 10 | cmp - gzip.header
	touch -d @0 a
	same_header_with 12 -6
}

restore_name()
{
	cp "$data/text" original
	touch -d '2001-02-03 04:05:06' original
	gzip original
	mv original.gz other.gz
	wdzip -dkN other.gz
	only original other.gz
	[ "$(stat -c %Y original)" = "$(date -d '2001-02-03 04:05:06' +%s)" ]
	rm original
	touch -d '2002-02-03 04:05:06' other.gz
	wdzip -d other.gz
	only other
	[ "$(stat -c %Y other)" = "$(date -d '2002-02-03 04:05:06' +%s)" ]
}

# A header that names ../../evil must not lead out of the directory.
hostile_name()
{
	mkdir sub
	{
		printf '\037\213\010\010\0\0\0\0\0\003../../evil\0'
		gzip -nc "$data/text" | tail -c +11
	} >sub/a.gz
	gzip -t sub/a.gz
	wdzip -dN sub/a.gz
	[ "$(ls -A sub)" = evil ]
	only sub
}

verbose()
{
	cp "$data/text" a
	wdzip -v a 2>messages
	grep -qx 'a:	 *[0-9]*\.[0-9]% -- replaced with a.gz' messages
	wdzip -kdv a.gz 2>messages
	grep -qx 'a.gz:	 *[0-9]*\.[0-9]% -- created a' messages
	wdzip -tv a.gz 2>messages
	grep -qx 'a.gz:	 OK' messages
	wdzip -v <a 2>messages >/dev/null
	grep -qx ' *[0-9]*\.[0-9]%' messages
	wdzip -vc "$data/empty" 2>messages >/dev/null
	grep -q '  0\.0%' messages
}

table()
{
	cp "$data/binary" a
	wdzip -kvv a 2>messages
	grep -q 'MB/s' messages
	grep -q "^[a-z].* $(wc -c <a) *$(wc -c <a.gz) " messages
	rm a.gz
	wdzip --compare a 2>messages
	[ "$(wc -l <messages)" = 3 ]
	tail -n 1 messages | grep -q '^zlib'
	wdzip --compare -d a.gz 2>messages
	[ "$(grep -c " $(wc -c <a) " messages)" = 2 ]
	wdzip <a | wdzip -d --compare 2>messages | cmp - a
}

table_of_modes()
{
	cp "$data/binary" a
	first=
	for device in $(devices); do
		mode=$(mode_of "$device")
		wdzip --device "$device" -kfvv a 2>messages || {
			[ "$mode" = noiommu ]
			grep -q 'CAP_SYS_RAWIO.*enable_unsafe_noiommu_mode' messages
			continue
		}
		row=$(grep "^native on $device *$mode " messages)
		copied=${row##* }
		case $mode in
		sva) [ "$copied" = 0 ] ;;
		*) [ "$copied" -ge "$(wc -c <a)" ] ;;
		esac
		[ -n "$first" ] || first=$(sha256sum <a.gz)
		[ "$(sha256sum <a.gz)" = "$first" ]
		wdzip --device "/dev/$device" -dc a.gz | cmp - a
	done
	[ -n "$first" ] || skip 'there is no device'
}

no_such_device()
{
	cp "$data/text" a
	expect 1 "$WDZIP" --device no_such_device-0 a 2>messages
	grep -q "^wdzip: no_such_device-0: .*wdctl list" messages
	[ "$(wc -l <messages)" = 1 ]
	only a messages
	expect 1 "$WDZIP" --device "$(printf '%0300d' 1)" a
	expect 1 "$WDZIP" --software --device wd_accel-0 a
	only a messages
}

end_of_options()
{
	cp "$data/text" ./-d
	wdzip -- -d
	only -d.gz
	wdzip -d -- -d.gz
	cmp ./-d "$data/text"
}

options_after_files()
{
	cp "$data/text" a
	wdzip a -k
	only a a.gz
}

help_and_version()
{
	wdzip --help | grep -q -- --decompress
	wdzip -h | grep -q '^Usage'
	wdzip --version | grep -q '^wdzip [0-9]'
	wdzip -V | grep -q '^wdzip [0-9]'
	expect 1 wdzip --no-such-option
	expect 1 wdzip -S
	[ ! -w /dev/full ] || expect 1 wdzip --help >/dev/full
}

several_files()
{
	cp "$data/text" a
	cp "$data/binary" b
	cp "$data/empty" c
	wdzip a b c
	only a.gz b.gz c.gz
	cat a.gz b.gz c.gz | wdzip -d >all
	cat "$data/text" "$data/binary" | cmp - all
	rm all
	wdzip -d a.gz b.gz c.gz
	expect 1 wdzip a nothing b
	only a.gz b.gz c
	expect 2 wdzip a.gz c
	only a.gz b.gz c.gz
	expect 1 wdzip -t nothing a.gz .
	wdzip -t a.gz b.gz c.gz
}

# ------------------------------------------------------------ refusing

refuse_kinds()
{
	cp "$data/text" a
	ln -s a link
	mkfifo fifo
	mkdir dir
	expect 1 wdzip link
	expect 2 wdzip fifo
	expect 2 wdzip dir
	expect 1 wdzip missing
	ln a a2
	expect 2 wdzip a
	rm a2
	for mode in 4644 2644 1644; do
		chmod $mode a
		expect 2 wdzip a
	done
	chmod 644 a
	gzip -c a >a.gz
	expect 2 wdzip a.gz
	only a a.gz dir fifo link
}

force_kinds()
{
	cp "$data/text" a
	ln a a2
	wdzip -f a
	only a.gz a2
	gzip -dc a.gz | cmp - a2
	ln -s a2 link
	wdzip -kf link
	gzip -dc link.gz | cmp - a2
	wdzip -f a.gz
	only a.gz.gz a2 link link.gz
	wdzip -c a.gz.gz | wdzip -dc | cmp - a.gz.gz
}

refuse_terminal()
{
	command -v script >/dev/null || skip 'there is no script(1)'
	cp "$data/text" a
	script -qec "$WDZIP $OPTIONS <a; echo status \$?" /dev/null >messages
	grep -q 'not written to a terminal' messages
	grep -q 'status 1' messages
	script -qec "$WDZIP $OPTIONS -d; echo status \$?" /dev/null \
		>messages </dev/null
	grep -q 'not read from a terminal' messages
	grep -q 'status 1' messages
}

# script(1) hands its own input to the terminal that it makes.
ask_on_terminal()
{
	command -v script >/dev/null || skip 'there is no script(1)'
	cp "$data/text" a
	echo mine >a.gz
	(sleep 0.5; echo n; sleep 0.5) |
		script -qec "$WDZIP $OPTIONS a" /dev/null >messages || :
	grep -q 'overwrite' messages
	echo mine | cmp - a.gz
	(sleep 0.5; echo y; sleep 0.5) |
		script -qec "$WDZIP $OPTIONS a" /dev/null >messages
	only a.gz messages
	gzip -dc a.gz | cmp - "$data/text"
}

# ----------------------------------------------------------- bad input

truncated()
{
	gzip -c "$data/binary" >whole.gz
	size=$(wc -c <whole.gz)
	for keep in 0 1 2 5 10 11 17 1000 $mib $((size / 2)) $((size - 8)) \
		    $((size - 1)); do
		head -c "$keep" whole.gz >a.gz
		expect 1 wdzip -d a.gz 2>messages
		grep -q 'unexpected end of file' messages
		only a.gz messages whole.gz
		expect 1 wdzip -t a.gz
		expect 1 wdzip -dc a.gz >/dev/null
	done
}

# Put the text at $2 (in octal escapes) into file $1 at offset $3.
poke()
{
	# shellcheck disable=SC2059
	printf "$2" | dd of="$1" bs=1 seek="$3" conv=notrunc 2>/dev/null
}

corrupt()
{
	gzip -nc "$data/binary" >whole.gz
	size=$(wc -c <whole.gz)
	# the checksum, the length, the method, a reserved flag
	for at in $((size - 8)) $((size - 4)) 2 3; do
		cp whole.gz a.gz
		poke a.gz '\345' "$at"
		expect 1 wdzip -d a.gz
		only a.gz whole.gz
	done
	for at in $((size / 2)) $((size / 3)); do
		cp whole.gz a.gz
		poke a.gz 'no compressor ever wrote this' "$at"
		expect 1 wdzip -d a.gz 2>messages
		grep -q 'invalid compressed data' messages
		rm messages
		expect 1 wdzip -t a.gz
		only a.gz whole.gz
	done
	cp "$data/text" a.gz
	expect 1 wdzip -d a.gz 2>messages
	grep -q 'not in gzip format' messages
}

concatenated()
{
	for file in text empty binary byte; do
		gzip -c "$data/$file"
		cat "$data/$file" >>plain
	done >all.gz
	wdzip -dc all.gz | cmp - plain
	wdzip -c "$data/text" "$data/binary" >two.gz
	cat "$data/text" "$data/binary" >plain
	gzip -dc two.gz | cmp - plain
	wdzip -dc two.gz | cmp - plain
	head -c -3 all.gz >cut.gz
	expect 1 wdzip -d cut.gz
	expect 2 wdzip -t "$data" two.gz
}

# A member of exactly $1 bytes, by means of an extra field in its header.
sized_member()
{
	head -c $((mib - 40000)) /dev/urandom | gzip -n1 >raw
	extra=$(($1 - $(wc -c <raw) - 2))
	# shellcheck disable=SC2059
	printf "\\037\\213\\010\\004\\0\\0\\0\\0\\0\\003\\$(printf %o $((extra % 256)))\\$(printf %o $((extra / 256)))"
	head -c $extra /dev/zero
	tail -c +11 raw
	rm raw
}

member_at_block_border()
{
	for size in $((mib - 2)) $((mib - 1)) $mib $((mib + 1)); do
		sized_member "$size" >a.gz
		[ "$(wc -c <a.gz)" = "$size" ]
		gzip -c "$data/text" >>a.gz
		gzip -dc a.gz >plain
		wdzip -dc a.gz | cmp - plain
	done
}

trailing_data()
{
	gzip -c "$data/text" >a.gz
	cp a.gz b.gz
	echo garbage >>a.gz
	expect 2 wdzip -dk a.gz 2>messages
	grep -q 'trailing garbage ignored' messages
	cmp a "$data/text"
	expect 2 wdzip -t a.gz
	expect 2 wdzip -tq a.gz
	head -c 100000 /dev/zero >>b.gz
	wdzip -dk b.gz
	cmp b "$data/text"
	echo x >>b.gz
	expect 2 wdzip -t b.gz
	gzip -c "$data/text" >c.gz
	printf '\037' >>c.gz
	expect 2 wdzip -t c.gz
}

# --------------------------------------------------------------- files

attributes_kept()
{
	cp "$data/text" a
	chmod 640 a
	! is_root || chown 12345:23456 a
	touch -d '2001-02-03 04:05:06.789' a
	before=$(attributes a)
	wdzip a
	[ "$(attributes a.gz)" = "$before" ]
	wdzip -d a.gz
	[ "$(attributes a)" = "$before" ]
}

access_time_kept()
{
	cp "$data/text" a
	touch -a -d '2001-02-03 04:05:06' a
	wdzip -k a
	[ "$(stat -c %X a.gz)" = "$(date -d '2001-02-03 04:05:06' +%s)" ]
}

read_only_directory()
{
	mkdir dir
	cp "$data/text" dir/a
	chmod 555 dir
	chmod 644 dir/a
	expect 1 unprivileged "$WDZIP" $OPTIONS dir/a
	[ "$(ls -A dir)" = a ]
}

unreadable()
{
	cp "$data/text" a
	chmod 000 a
	chmod 777 .
	expect 1 unprivileged "$WDZIP" $OPTIONS a 2>messages
	grep -qi 'permission denied' messages
	only a messages
}

long_name()
{
	name=$(printf '%0254d' 1)
	cp "$data/text" "$name"
	expect 1 wdzip "$name"
	only "$name"
}

disk_full_stdout()
{
	[ -w /dev/full ] || skip 'there is no /dev/full'
	expect 1 wdzip -c "$data/text" >/dev/full 2>messages
	grep -q 'No space left' messages
	expect 1 wdzip -c "$data/random" >/dev/full
	wdzip -c "$data/binary" >a.gz
	expect 1 wdzip -dc a.gz >/dev/full
}

disk_full_file()
{
	is_root || skip 'root can mount a small tmpfs'
	mkdir small
	mount -t tmpfs -o size=2m none small 2>/dev/null || skip 'cannot mount'
	cp "$data/random" small/a
	got=0
	wdzip small/a 2>messages || got=$?
	left=$(ls -A small)
	umount small
	[ $got = 1 ]
	grep -q 'No space left' messages
	[ "$left" = a ]
}

# --------------------------------------------------------------- signals

wait_until_at_work()
{
	tries=0
	until ls .wdzip-* 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || { echo 'it never began'; kill "$1"; return 1; }
		sleep 0.02
	done
}

# A shell's background process ignores SIGINT, and wdzip leaves it so; env
# gives it back. The input is large enough to be still at work.
signal_leaves_nothing()
{
	truncate -s 8G a
	# shellcheck disable=SC2086
	env --default-signal="$1" "$WDZIP" $OPTIONS a &
	pid=$!
	wait_until_at_work $pid
	kill -"$1" $pid
	got=0
	wait $pid || got=$?
	[ $got -gt 128 ]
	only a
}

ignored_signal()
{
	truncate -s 200M a
	# shellcheck disable=SC2086
	env --ignore-signal=HUP "$WDZIP" $OPTIONS a &
	pid=$!
	wait_until_at_work $pid
	kill -HUP $pid
	wait $pid
	only a.gz
}

file_size_limit()
{
	cp "$data/random" a
	got=0
	(ulimit -f 500; wdzip a) || got=$?
	[ $got != 0 ]
	only a
}

# ------------------------------------------------------------------ all

make_data
for file in "$data"/*; do
	base=${file##*/}
	for level in -1 -6 -9; do
		run "wdzip $level, gunzip: $base" to_gzip "$file" $level
	done
	run "gzip, wdzip -d: $base" from_gzip "$file" -6
	run "wdzip, wdzip -d: $base" both_ways "$file"
done
for level in -2 -3 -4 -5 -7 -8; do
	run "wdzip $level, gunzip: binary" to_gzip "$data/binary" $level
	run "gzip $level, wdzip -d: binary" from_gzip "$data/binary" $level
done
run 'a better level gives less' levels_get_better
run 'standard input to standard output' stdin_to_stdout
run 'a slow pipe' slow_pipe
run 'a pipe that is closed' closed_pipe
run '-k keeps' keep
run '-c writes to standard output' to_stdout
run 'no overwriting' refuse_existing
run '-f overwrites' force
run '-dcf copies what is not gzip' force_copies_other_input
run '-q is quiet' quiet
run '-S sets the suffix' suffix
run 'suffixes that gzip knows' known_suffixes
run 'the same header as gzip' same_header
run '-N restores name and time' restore_name
run 'a saved name stays in its directory' hostile_name
run '-v' verbose
run '-vv, --compare: the table' table
run '--device: the table in each mode' table_of_modes
run '--device: none of that name' no_such_device
run '--' end_of_options
run 'options after files' options_after_files
run '--help, --version, wrong options' help_and_version
run 'several files' several_files
run 'files that are not taken' refuse_kinds
run '-f takes them' force_kinds
run 'no compressed data on a terminal' refuse_terminal
run 'asks on a terminal' ask_on_terminal
run 'truncated input' truncated
run 'corrupt input' corrupt
run 'several members' concatenated
run 'a member that begins at the end of a block' member_at_block_border
run 'trailing garbage and zeros' trailing_data
run 'mode, owner and time are kept' attributes_kept
run 'the access time is kept' access_time_kept
run 'a directory that is read-only' read_only_directory
run 'a file that is unreadable' unreadable
run 'a name that gets too long' long_name
run 'full disk: standard output' disk_full_stdout
run 'full disk: file' disk_full_file
for signal in INT TERM HUP; do
	run "SIG$signal leaves nothing" signal_leaves_nothing $signal
done
run 'an ignored signal stays ignored' ignored_signal
run 'the limit of file size leaves nothing' file_size_limit
finish
