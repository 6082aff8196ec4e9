#!/bin/sh
# scan-log.sh FILE: print the lines of a kernel log that must not be there; exit 1 if there are any.
set -eu

pattern='WARNING:|BUG:|Oops|UBSAN|KASAN|possible (recursive|circular)|lockdep is turned off|pages leaked|INFO: task .* blocked'
pattern="$pattern|rcu.*stall|general protection|Call Trace|Kernel panic|kmemleak: [0-9]+ new|ODEBUG:|INFO: trying"
pattern="$pattern|(list_add|list_del) corruption|refcount_t:|possible .*deadlock|inconsistent lock|suspicious RCU"

! grep -nE "$pattern" "$1"
