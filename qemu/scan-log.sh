#!/bin/sh
# scan-log.sh FILE: print the lines of a kernel log that must not be there, and what is around the first; exit 1 if there
# are any.
set -eu

pattern='WARNING:|BUG:|Oops|UBSAN|KASAN|possible (recursive|circular)|lockdep is turned off|pages leaked|INFO: task .* blocked'
pattern="$pattern|rcu.*stall|general protection|Call Trace|Kernel panic|kmemleak: [0-9]+ new|ODEBUG:|INFO: trying"
pattern="$pattern|invoked oom-killer|page allocation failure|vmalloc error|(list_add|list_del) corruption|refcount_t:"
pattern="$pattern|possible .*deadlock|inconsistent lock|suspicious RCU"

# What the kernel says of a failure that a test of ours injected is no report. Nor is that it counts mappings of one
# cache line to seven only: a process may import the same memory as often as it likes.
expected='\] (fault_[a-z]+|wd_engine[/0-9.]+): (vmalloc error|page allocation failure)'
expected="$expected|DMA-API: exceeded 7 overlapping mappings"

log=$(awk -v expected="$expected" '$0 ~ expected { skip = 1 } { print skip ? "" : $0 } /<\/TASK>/ { skip = 0 }' "$1")
found=$(printf '%s\n' "$log" | grep -nE "$pattern") || exit 0
first=${found%%:*}
printf '%s\n-- around line %s:\n' "$found" "$first"
printf '%s\n' "$log" | sed -n "$((first > 8 ? first - 8 : 1)),$((first + 24))p"
exit 1
