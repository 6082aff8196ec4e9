#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: libwd's own tests, as they run on the host, but with a device of each mode.
dir=$(dirname "$(readlink -f "$0")")/../libwd-tests
out=$(mktemp)
number=0
failed=0

result() { # STATUS NAME
	number=$((number + 1))
	verdict=ok
	[ "$1" -eq 0 ] || { verdict='not ok'; failed=1; }
	sed 's/^/    /' "$out"
	echo "$verdict $number $2"
}

# Of all modes together, 10,000 requests of each family are checked against others' answers.
crossed() { # MODE
	case $1 in
	sva) echo 5000 ;;
	share) echo 3000 ;;
	*) echo 2000 ;;
	esac
}

# With one processor a tenth of what is random: it is the same work, and takes as long.
[ "$(nproc)" -gt 1 ] && tenth= || tenth=/10
sequences=$((2000$tenth))
[ -z "$SLOW" ] || sequences=200

run() { # MODE TEST
	begin=$(date +%s)
	WD_MODE=$1 WD_TEST_DEVICE=1 WD_CROSS_COUNT=$(($(crossed "$1")$tenth)) WD_SEQ_COUNT=$sequences \
		"$dir/$2" >"$out" 2>&1
	result $? "$2, $1"
	echo "# $2, $1 took $(($(date +%s) - begin)) s"
}

# What the hardware does not compute, the library does; and there it is again.
fallback() {
	{
		WD_TEST_VENDOR=native "$dir/test_fallback" && wdctl unload &&
			wdctl load --algorithms=sha256 && WD_TEST_VENDOR=software "$dir/test_fallback"
		failures=$?
		wdctl unload && wdctl load --noiommu && WD_TEST_VENDOR=native "$dir/test_fallback" &&
			return $failures
	} >"$out" 2>&1
}

# Copies make no difference to what a stream may be, nor slices to what a call may be. Where time is short: what is new.
new="test_device test_modes test_alg_modes test_cross test_domain test_pack test_seq test_seq_fuse test_seq_pack test_seq_fuzz"
sva="$new test_comp test_async test_fuzz test_codecs test_cipher test_aead test_digest test_dma"
# Its streams are the same with one processor, and on any kernel.
[ -n "$tenth$SLOW" ] || sva="$sva test_zlib_stream"
share="$new test_comp test_async test_codecs test_cipher test_aead test_digest test_dma"
noiommu="$new test_async test_aead test_dma"
[ -z "$SLOW" ] || share=$new noiommu=$new

echo "TAP version 13"
echo "1..$(($(echo "$sva $share $noiommu" | wc -w) + 1))"
for test in $sva; do run sva "$test"; done
for test in $share; do run share "$test"; done
for test in $noiommu; do run noiommu "$test"; done
fallback
result $? "a device that cannot compress"
rm -f "$out"
exit $failed
