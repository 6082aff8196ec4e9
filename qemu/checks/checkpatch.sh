#!/bin/sh
# checkpatch.sh VERSION: the kernel's style check over the modules and the ABI headers. In the guest's root.
set -eu
top=$PWD

# It leaves a cache where it runs, and tells header files of the ABI by their paths.
cp -r kernel include /tmp
cd /tmp
find kernel include/uapi -name '*.[ch]' | sort |
	xargs perl "$top/build/source/tools/scripts/checkpatch.pl" --no-tree --root="/lib/modules/$1/source" \
		--strict --max-line-length=100 --terse --show-types --no-summary -f >/tmp/log && status=0 || status=$?
# xargs says 123 where a command said 1: it found something.
[ "$status" -eq 0 ] || [ "$status" -eq 123 ]
cat /tmp/log
