#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: the longer tests, again and again. HOURS: for so long (default 1).
here=$(dirname "$(readlink -f "$0")")
end=$(($(date +%s) + ${HOURS:-1} * 3600))
round=0
SOAK=1
export SOAK

while [ "$(date +%s)" -lt "$end" ]; do
	round=$((round + 1))
	echo "# round $round"
	"$here/run.sh" || { echo "# round $round failed"; exit 1; }
	if dmesg | grep -E 'WARNING:|BUG:|Oops|UBSAN|possible (recursive|circular)|rcu.*stall'; then
		echo "# round $round: look at the kernel's log"
		exit 1
	fi
done
echo "# $round rounds"
