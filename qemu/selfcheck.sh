#!/bin/sh
# Test what judges the tests: scan-log.sh, tally.awk and findings.awk. KTAP.
set -eu
here=$(dirname "$0")
n=0

result() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1: '$2' instead of '$3'"
	fi
}

finds() { if printf '%s\n' "$1" | "$here/scan-log.sh" /dev/stdin >/dev/null; then echo no; else echo yes; fi; }
tally() { printf '%b' "$1" | awk -f "$here/tally.awk"; }

list=$(mktemp)
trap 'rm -f "$list"' EXIT

# judge unlisted|stale LIST FINDINGS
judge() {
	printf '%b' "$2" >"$list"
	printf '%b' "$3" | awk -v want="$1" -f "$here/findings.awk" "$list" - || echo failed
}

echo "1..31"
result "a quiet log is accepted" "$(finds '[ 1.0] EXT4-fs (vda): mounted')" no
result "a warning is found" "$(finds '[ 1.0] WARNING: CPU: 0 PID: 1 at mm/slub.c:1')" yes
result "an oops is found" "$(finds '[ 1.0] Oops: 0000 [#1] SMP')" yes
result "a deadlock is found" "$(finds '[ 1.0] possible circular locking dependency detected')" yes
result "a leak is found" "$(finds '[ 1.0] wd_hw: 3 pages leaked')" yes
result "a leak of kmemleak's is found" "$(finds '[ 1.0] kmemleak: 3 new suspected memory leaks (see')" yes
result "a debug kernel's boot is accepted" "$(finds '[ 1.0] kmemleak: Kernel memory leak detector initialized
[ 1.1] kasan: KernelAddressSanitizer initialized (generic)
[ 1.2] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
[ 1.3] rcu:     RCU lockdep checking is enabled.
[ 1.4] DMA-API: preallocated 65536 debug entries')" no
result "the limit of DMA debugging is accepted" "$(finds 'DMA-API: exceeded 7 overlapping mappings of cacheline 0x1
[ 1.0] WARNING: CPU: 0 PID: 893 at kernel/dma/debug.c:463 add_dma_entry+0x46a/0x530
[ 1.0] Call Trace:
[ 1.0]  </TASK>')" no
result "an injected failure is accepted" "$(finds '[ 1.0] fault_load: vmalloc error: size 4096
[ 1.1] Call Trace:
[ 1.2]  </TASK>')" no
result "what comes after it is found" "$(finds '[ 1.0] fault_load: vmalloc error: size 4096
[ 1.1]  </TASK>
[ 1.2] WARNING: CPU: 0')" yes
result "want of memory is found" "$(finds '[ 1.0] mem_frag invoked oom-killer: gfp_mask=0x40cc0')" yes
result "what led to it is shown" "$(printf '%s\n' '[ 1.0] a: failed' '[ 1.1] CPU: 0' '[ 1.2] Call Trace:' '[ 1.3]  f+0x1' |
	"$here/scan-log.sh" /dev/stdin | sed 1,2d)" "[ 1.0] a: failed
[ 1.1] CPU: 0
[ 1.2] Call Trace:
[ 1.3]  f+0x1"
result "a stall is found" "$(finds '[ 1.0] rcu: INFO: rcu_preempt detected stalls')" yes
result "a hung task is found" "$(finds '[ 1.0] INFO: task wdzip:12 blocked for more than 120 s')" yes

result "flat results" "$(tally '1..3\nok 1 a\nnot ok 2 b\nok 3 # SKIP c\n')" "1 1 1"
result "summaries do not count" "$(tally '1..1\n# 1..2\n# ok 1 a\n# not ok 2 b\nnot ok 1 prog\n')" "1 1 0"
result "a summary alone can fail" "$(tally '1..1\n  1..1\n  ok 1 a\nnot ok 1 prog\n')" "1 1 0"
result "two programs after each other" "$(tally '1..1\nok 1 a\n1..2\nok 1 b\nok 2 c\n')" "3 0 0"
result "a program that died" "$(tally '1..2\nok 1 a\n1..1\nok 1 b\n')" "2 1 0"
result "a program that skips all" "$(tally '1..1\n# 1..0 # SKIP no device\nok 1 prog # SKIP\n')" "0 0 1"
result "a plan at the end" "$(tally '1..1\nok 1 a\nok 1 b\nok 2 c\n1..2\n')" "3 0 0"
result "a plan at the end, unfulfilled" "$(tally 'ok 1 a\nok 2 b\n1..3\n')" "2 1 0"
result "nothing" "$(tally '')" "0 0 0"

entry='gcc ^a\\.c: bad\n\twhy\n'
result "an unlisted finding" "$(judge unlisted "$entry" 'gcc a.c:1: bad\ngcc b.c:1: bad\n')" "gcc b.c:1: bad
failed"
result "a listed finding, wherever it is" "$(judge unlisted "$entry" 'gcc a.c:1:2: bad\ngcc a.c:3:4-5: bad\n')" ""
result "a finding listed for another tool" "$(judge unlisted "$entry" 'ld a.c:1: bad\n')" "ld a.c:1: bad
failed"
result "no list" "$(judge unlisted '# none\n' 'gcc a.c:1: bad\n')" "gcc a.c:1: bad
failed"
result "an entry in use" "$(judge stale "$entry" 'gcc a.c:1: bad\ngcc b.c:1: bad\n')" ""
result "a stale entry" "$(judge stale "$entry" 'gcc b.c:1: bad\n')" "matches nothing: gcc ^a\.c: bad
failed"
result "a stale entry where nothing was found" "$(judge stale "$entry" '')" "matches nothing: gcc ^a\.c: bad
failed"
result "an entry without a reason" "$(judge stale 'gcc bad\n\ngcc ^a\n\twhy\n' 'gcc a.c:1: bad\n')" \
	"without a reason: gcc bad
failed"
