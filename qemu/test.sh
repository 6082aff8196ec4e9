#!/bin/sh
# make test: everything, on both of Debian's kernels, with two CPUs and with one. test.sh KERNEL: only what runs in the
# VM, on that kernel; on the debug kernel also whether it finds bugs that are planted. The last line is the sum.
#
# VMs with one processor run side by side; what needs no VM takes what the VMs leave of the processors.
set -eu
. "$(dirname "$0")/env.sh"

out=$BUILD/test
passed=0 failed=0 skipped=0

# What led to each failure, the last lines of it, without what went well before.
print_failed() {
	awk '/^[ #]*(ok |OK |RUN )/ { n = 0; next }
		{ line[n++] = $0 }
		/^[ #]*not ok/ { for (i = n > 40 ? n - 40 : 0; i < n; i++) print line[i]; n = 0; found = 1 }
		END { exit !found }' "$1" >"$out/failed" || tail -n 20 "$1" >"$out/failed"
	tail -n 60 "$out/failed"
}

# add NAME LOG STATUS: count the results in LOG; a status that no result explains is a failure.
add() {
	# shellcheck disable=SC2046 # three numbers
	set -- "$1" "$2" "$3" $(awk -f "$TOP/qemu/tally.awk" "$2")
	p=$4 f=$5 s=$6
	[ "$3" -eq 0 ] || [ "$f" -gt 0 ] || f=1
	if [ "$((p + f + s))" -eq 0 ]; then
		echo "no result was printed" >>"$2"
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	printf '%-34s %4d passed, %d failed, %d skipped   %s\n' "$1" "$p" "$f" "$s" "${2#"$TOP"/}"
	if [ "$f" -gt 0 ]; then
		print_failed "$2"
	fi
}

# run NAME LOG COMMAND...
run() {
	name=$1 log=$2
	shift 2
	status=0
	"$@" >"$log" 2>&1 || status=$?
	add "$name" "$log" "$status"
}

# Programs that do not speak KTAP are one test.
one_test() {
	if "$@"; then
		printf '1..1\nok 1 %s\n' "$*"
	else
		printf '1..1\nnot ok 1 %s\n' "$*"
	fi
}

host_tests() {
	"$TOP/qemu/chroot.sh" make -s -C "$1" O="/warpdrive/build/guest/$1" LIBWD_DIR=/warpdrive/build/guest/lib check
}

# vm_begin NAME KERNEL CPUS [TESTS], vm_end NAME KERNEL CPUS. A debug kernel is several times slower.
vm_begin() {
	seconds=2700
	[ "$2" != debug ] || seconds=3600
	say "testing on Linux $(kernel_version "$2"), $3 CPU${4:+: $4}"
	{
		status=0
		"$TOP/qemu/vm.sh" -k "$2" -c "$3" -n "test-$1" -t "$seconds" -- \
			env TESTS="${4-}" ONCE="$once" sh /usr/libexec/warpdrive/run.sh >"$out/$1.log" 2>&1 || status=$?
		echo "$status" >"$out/$1.status"
	} &
	echo $! >"$out/$1.pid"
}

vm_end() {
	wait "$(cat "$out/$1.pid")"
	add "Linux $(kernel_version "$2" | cut -d+ -f1), $3 CPU" "$out/$1.log" "$(cat "$out/$1.status")"
	log=$out/$1-kernel.log
	cp "$BUILD/share/test-$1/kernel.log" "$log"
	run "    its kernel log" "$out/$1-scan.log" one_test "$TOP/qemu/scan-log.sh" "$log"
}

in_vm() {
	vm_begin "$@"
	vm_end "$@"
}

# What the tests counted of their own attempts, over all runs.
print_tried() {
	sed -n 's/^[ #]*tried: \([0-9]* .*\)/\1/p' "$out"/*.log |
		awk '{ n = $1; sub(/^[0-9]+ /, ""); sum[$0] += n }
			END { for (what in sum) list = list ", " sum[what] " " what
				if (list) print "tried: " substr(list, 3) }'
}

without_vm() {
	# This subshell, and so all that it starts.
	renice -n 10 -p "$(exec sh -c 'echo $PPID')" >/dev/null
	for name in selfcheck checks lib tools examples; do
		case $name in
		selfcheck | checks) set -- "$TOP/qemu/$name.sh" ;;
		examples) set -- host_tests examples/ipu ;;
		*) set -- host_tests "$name" ;;
		esac
		status=0
		"$@" >"$out/$name.log" 2>&1 || status=$?
		echo "$status" >"$out/$name.status"
	done
}

without_vm_ended() {
	wait "$1"
	for name in "selfcheck the test runner itself" "checks static checks" "lib libwd with sanitizers" \
		"tools tools with sanitizers" "examples the IPU example with sanitizers"; do
		file=$out/${name%% *}
		add "${name#* }" "$file.log" "$(cat "$file.status")"
	done
}

rm -rf "$out"
mkdir -p "$out"
once=1
"$TOP/qemu/source.sh"
say "building"

debian_kernels() {
	"$TOP/qemu/build.sh"
	without_vm &
	beside=$!
	in_vm stable-2cpu stable 2
	once=0
	in_vm backports-2cpu backports 2
	vm_begin stable-1cpu stable 1
	vm_begin backports-1cpu backports 1
	vm_end stable-1cpu stable 1
	vm_end backports-1cpu backports 1
	without_vm_ended $beside
}

# With one processor, what another order of threads can break, for all of it takes too long; beside it, what takes longest.
debug_kernel() {
	"$TOP/qemu/build.sh" -k debug
	in_vm debug-2cpu debug 2
	vm_begin debug-1cpu debug 1 "uffd life fault_chan"
	vm_begin debug-fault debug 1 fault_load
	vm_end debug-1cpu debug 1
	vm_end debug-fault debug 1
	say "planting bugs"
	run "bugs that are there are found" "$out/planted.log" "$TOP/qemu/planted.sh"
}

one_kernel() {
	"$TOP/qemu/build.sh" -k "$1"
	in_vm "$1-2cpu" "$1" 2
	in_vm "$1-1cpu" "$1" 1
}

case ${1-} in
'') debian_kernels ;;
debug) debug_kernel ;;
*) one_kernel "$1" ;;
esac

print_tried
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
