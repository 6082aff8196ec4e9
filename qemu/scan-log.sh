#!/bin/sh
# scan-log.sh FILE: print the lines of a kernel log that must not be there; exit 1 if there are any.
set -eu

pattern='WARNING:|BUG:|Oops|UBSAN|KASAN|possible (recursive|circular)|lockdep|leak|INFO: task .* blocked'
pattern="$pattern|rcu.*stall|general protection|Call Trace|Kernel panic"

! grep -nE "$pattern" "$1"
