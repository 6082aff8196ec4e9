#!/bin/sh
# Boot the debug kernel, plant bugs, and see whether scan-log.sh finds each in the log. KTAP.
set -eu
. "$(dirname "$0")/env.sh"

share=$BUILD/share/planted
n=0

"$TOP/qemu/vm.sh" -k debug -n planted -a kasan_multi_shot -- sh /usr/libexec/warpdrive/selftests/planted.sh >&2
bugs=$(sed -n 's/.*bug to order: //p' "$share/kernel.log" )
echo "1..$(echo "$bugs" | wc -l)"
for bug in $bugs; do
	n=$((n + 1))
	awk -v bug="$bug" '/bug to order: / { in_it = $NF == bug } in_it' "$share/kernel.log" >"$share/$bug.log"
	"$TOP/qemu/scan-log.sh" "$share/$bug.log" >"$share/$bug.found" && found='' || found=1
	[ "$bug" != none ] && want=1 || want=''
	if [ "$found" = "$want" ]; then
		echo "ok $n $bug: $(sed -n '1s/^[0-9]*:\[[^]]*\] *//p' "$share/$bug.found")"
	else
		echo "not ok $n $bug: ${want:+not }found"
	fi
done
