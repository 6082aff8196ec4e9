# Sourced by every script here: where things are and how to speak.
# shellcheck shell=sh disable=SC2034

TOP=$(cd "$(dirname "$0")/.." && pwd)
BUILD=$TOP/build
ROOT=$BUILD/root
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C.UTF-8
export PATH LC_ALL

mkdir -p "$BUILD"

say() { printf '== %s\n' "$*" >&2; }

die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# quietly LOG COMMAND...: the output of a noisy tool is read only when it failed.
quietly() {
	log=$1
	shift
	if "$@" >"$log" 2>&1; then
		return 0
	fi
	tail -n 60 "$log" >&2
	die "failed: $1 (whole output: $log)"
}

# kernel_version stable|backports|debug
kernel_version() {
	version=$(cat "$BUILD/kernels" "$BUILD/kernels.debug" 2>/dev/null | sed -n "s/^$1 //p")
	[ -n "$version" ] || die "no kernel is called '$1'; there are: stable, backports, debug"
	echo "$version"
}

# kernel_modules KERNEL: the folder of its modules, as seen in the guest's root.
kernel_modules() {
	[ "$1" != debug ] || printf /warpdrive/build/debug/root
	echo "/lib/modules/$(kernel_version "$1")"
}

# An ordinary user becomes root of a user namespace, in which its own files are root's.
private_mounts() {
	if [ "$(id -u)" -eq 0 ]; then
		unshare --mount --propagation private -- "$@"
	else
		unshare --map-auto --map-root-user --mount --propagation private -- "$@"
	fi
}

# make_demo FILE: a file that everybody has: some of the kernel's headers, 20 MB or more.
make_demo() {
	[ ! -f "$1" ] || return 0
	version=$(kernel_version stable)
	tar -C "$ROOT/usr/src/linux-headers-${version%-amd64}-common/include" --sort=name --mtime=@0 \
		--owner=0 --group=0 --numeric-owner -cf "$1.new" linux
	mv "$1.new" "$1"
}
