#!/bin/sh
# coccicheck.sh VERSION JOBS: the kernel's semantic patches over the modules, as its scripts/coccicheck applies them
# in report mode. In the guest's root.
set -eu
version=$1 jobs=$2
export source="/lib/modules/$version/source"

# spatch looks for libpython, in which they report, where only its development package would put it.
LD_LIBRARY_PATH=$(python3 -c 'import sysconfig; print(sysconfig.get_config_var("LIBPL"))')
export LD_LIBRARY_PATH

# The one that takes longest is among the last by name, and begins.
# shellcheck disable=SC2016
find build/source/tools/scripts/coccinelle -name '*.cocci' | sort -r | xargs -P "$jobs" -n 1 sh -euc '
	options=$(sed -n "s|^// *Options:||p" "$0")
	if ! spatch -D report --no-show-diff --very-quiet --cocci-file "$0" $options --dir kernel \
		-I "$source/include" -I "$source/include/uapi" -I "$source/arch/x86/include" -I include/uapi \
		>"/tmp/out.$$" 2>"/tmp/err.$$"; then
		printf "%s: " "${0#build/source/tools/}" >"/tmp/out.$$"
		grep -v "^warning" "/tmp/err.$$" | head -n 1 | cut -c 1-120 >>"/tmp/out.$$"
	fi
	cat "/tmp/out.$$"
'
