#!/bin/sh
# sparse.sh VERSION JOBS: the modules through gcc W=1, where a warning is an error, and sparse. In the guest's root.
set -eu
version=$1 jobs=$2 copy=/warpdrive/build/check-$1

# kbuild of 7.2 and later first asks a script, which Debian's headers lack, whether the checker knows __typeof_unqual__.
# Debian 13's sparse does not: it gets __typeof__, and kbuild's question is left out. The assertions, of which it
# understands some no better, are gcc's to evaluate.
sparse="sparse -D__typeof_unqual__=__typeof__ '-D_Static_assert(condition, ...)='"

rsync -a --delete --exclude="*.o" --exclude="*.ko" --exclude="*.mod" --exclude="*.mod.c" --exclude="*.cmd" \
	--exclude=Module.symvers --exclude=modules.order Kbuild kernel include "$copy/"
if ! make -j"$jobs" -C "/lib/modules/$version/build" M="$copy" W=1 KCFLAGS=-Werror \
	KBUILD_CHECKSRC=2 CHECK="$sparse" modules >/tmp/log 2>&1; then
	cat /tmp/log
	exit 1
fi
if [ "$(grep -c '^ *CHECK .*kernel/' /tmp/log)" -ne "$(find kernel -name '*.c' | wc -l)" ]; then
	echo "sparse was not called for every file"
	exit 1
fi
sed "s|^$copy/||" /tmp/log | sed -nE '/^[^ ]+:[0-9]+:[0-9]+: (warning|error): /p'
