#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: the longer tests, again and again; most of the time it is the hostile programs. HOURS: for about so long
# (default 1).
here=$(dirname "$(readlink -f "$0")")
end=$(($(date +%s) + ${HOURS:-1} * 3600))
round=0
took=0
SOAK=1
export SOAK

# Not one more that would be mostly overtime.
while [ $(($(date +%s) + took / 2)) -lt "$end" ]; do
	round=$((round + 1))
	begin=$(date +%s)
	echo "# round $round"
	"$here/run.sh" || { echo "# round $round failed"; exit 1; }
	if dmesg | grep -E 'WARNING:|BUG:|Oops|UBSAN|possible (recursive|circular)|rcu.*stall'; then
		echo "# round $round: look at the kernel's log"
		exit 1
	fi
	took=$(($(date +%s) - begin))
done
echo "# $round rounds"
