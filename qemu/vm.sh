#!/bin/sh
# Boot the VM, run a command in it, exit as the command did.
set -eu
. "$(dirname "$0")/env.sh"

usage() {
	cat >&2 <<-'EOF'
	usage: vm.sh [-k stable|backports|debug] [-c CPUS] [-m MEBIBYTES] [-t SECONDS] [-n NAME] [-a ARGS] [-s] [-i] -- COMMAND...
	  -t  give up after so long (default 300); the exit status is then 124
	  -n  the exchange directory is build/share/NAME (default "vm"), /host in the guest;
	      it is emptied first, and keeps kernel.log and console.log
	  -s  do not empty it
	  -a  more kernel parameters
	  -i  COMMAND uses the terminal (no time limit)
	EOF
	exit 2
}

kernel=stable cpus=2 memory=2048 seconds=300 name=vm more='' keep='' interactive=''
while getopts k:c:m:t:n:a:si option; do
	case $option in
	k) kernel=$OPTARG ;;
	c) cpus=$OPTARG ;;
	m) memory=$OPTARG ;;
	t) seconds=$OPTARG ;;
	n) name=$OPTARG ;;
	a) more=$OPTARG ;;
	s) keep=1 ;;
	i) interactive=1 ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || usage

# As many mappings as there can be: DMA debugging ends when it has no room to note one more.
[ "$kernel" != debug ] || more="dma_debug_entries=262144 $more"

version=$(kernel_version "$kernel")
share=$BUILD/share/$name
control=$share/.vm
stage=$BUILD/stage/$version
boot_seconds=240

# One VM with several processors, or any number of those that have one.
[ "$cpus" -eq 1 ] && lock=-s || lock=-x
exec 8>"$BUILD/vm.lock"
flock -n $lock 8 || { say "waiting for another VM to end"; flock $lock 8; }

prepare_share() {
	[ -n "$keep" ] || rm -rf "$share"
	mkdir -p "$stage" "$BUILD/tmp" "$control"
	rm -f "$control"/* "$share/kernel.log" "$share/console.log"
	cp "$TOP"/qemu/guest/* "$control/"
	for word in "$@"; do
		printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
	done >"$control/command"
	echo raw -echo >"$control/stty"
	echo dumb >"$control/term"
	if [ -n "$interactive" ]; then
		touch "$control/interactive"
		echo "${TERM:-linux}" >"$control/term"
		stty size | sed 's/\(.*\) \(.*\)/sane rows \1 cols \2/' >"$control/stty"
	fi
}

# /dev/kvm may exist where the processor cannot do it.
accelerator() {
	if grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]; then
		echo '-accel kvm -cpu host'
	else
		echo '-accel tcg,thread=multi -cpu max,-erms,-fsrm,-la57'
	fi
}

# watchdog_thresh: the host may keep a processor of the VM waiting for its memory, longer than the 20 s that make a soft
# lockup. tsc=nowatchdog: on a busy host the emulated HPET lags, and the kernel would take it for the TSC's fault; what it
# then does is patch sched_clock_cpu(), and QEMU before 8.1 may run half a patched instruction ("Oops: int3").
start_qemu() {
	# shellcheck disable=SC2046 # words are wanted
	TMPDIR=$BUILD/tmp qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-machine q35 $(accelerator) -smp "$cpus" -m "$memory" \
		-kernel "$BUILD/vmlinuz-$version" -initrd "$BUILD/initrd-$version" \
		-append "console=ttyS0 loglevel=5 log_buf_len=4M panic=-1 oops=panic watchdog_thresh=30 tsc=nowatchdog $more" \
		-drive "if=none,id=root,format=raw,snapshot=on,cache=unsafe,file=$BUILD/root.img" \
		-device virtio-blk-pci,drive=root \
		-virtfs "local,path=$share,mount_tag=host,security_model=none,multidevs=remap" \
		-virtfs "local,path=$stage,mount_tag=stage,security_model=none,multidevs=remap,readonly=on" \
		-serial "file:$share/console.log" \
		-device virtio-serial-pci -device virtconsole,chardev=out -chardev stdio,id=out,signal=off \
		<&3 8>&- &
	qemu=$!
}

stop_qemu() {
	{ kill "$qemu" && wait "$qemu"; } 2>/dev/null || true
}

# The exit status says whether the VM ended by itself. The command's time begins when it does.
wait_for_qemu() {
	limit=$(($(date +%s) + boot_seconds))
	booted=''
	while kill -0 "$qemu" 2>/dev/null; do
		sleep 0.1
		if [ -z "$booted" ] && [ -e "$control/started" ]; then
			booted=1
			limit=$(($(date +%s) + seconds))
		fi
		[ "$(date +%s)" -le "$limit" ] || return 1
	done
}

last_words() {
	echo "---- end of $share/console.log:" >&2
	tail -n 40 "$share/console.log" >&2 || true
	echo "----" >&2
}

exec 3<&0
[ -n "$interactive" ] || exec 3</dev/null
prepare_share "$@"
trap 'stop_qemu; exit 130' INT TERM HUP

for attempt in 1 2 3; do
	start_qemu
	timed_out=''
	wait_for_qemu || timed_out=1
	stop_qemu
	[ ! -e "$control/started" ] || break
	last_words
	say "THE VM DIED BEFORE IT HAD BOOTED (attempt $attempt of 3, kernel $version)"
	[ "$attempt" -lt 3 ] || exit 125
done

if [ -e "$control/status" ]; then
	exit "$(cat "$control/status")"
fi
cat "$share/console.log" >>"$share/kernel.log"
last_words
if [ -n "$timed_out" ]; then
	say "the command in the VM took longer than $seconds s"
	exit 124
fi
say "the VM died while it ran the command"
exit 125
