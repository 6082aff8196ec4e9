#!/bin/sh
# analyzer.sh JOBS: gcc -fanalyzer over everything in user space, with each folder's own flags. In the guest's root.
set -eu
jobs=$1

cat >/tmp/cc <<'EOF'
#!/bin/sh
LC_ALL=C exec gcc "$@" -fanalyzer -Wno-error -fdiagnostics-plain-output -fanalyzer-verbosity=0
EOF
chmod +x /tmp/cc

# analyze FOLDER ARGUMENT...: build it in /tmp/FOLDER.
analyze() {
	folder=$1
	shift
	make -s -j"$jobs" -C "$folder" CC=/tmp/cc O="/tmp/$folder" LIBWD_DIR=/tmp/lib "$@" >>/tmp/log 2>&1 ||
		{ tail -n 20 /tmp/log; exit 1; }
}

# shellcheck disable=SC2046
analyze lib SAN= all $(find lib/tests -name '*.c' | sed 's|^lib/\(.*\)c$|/tmp/lib/check/\1o|')
analyze tools all /tmp/tools/test_channels
analyze selftests KSELFTEST_DIR="$PWD/build/kselftest" all
analyze examples WD_CFLAGS="-I$PWD/include -I$PWD/include/uapi" WD_LIBS="-L/tmp/lib -lwd" all
analyze examples/ipu all /tmp/examples/ipu/test_ipu
sed -nE "s|^$PWD/||; "'/^[^ ]+:[0-9]+:[0-9]+: (warning|error): /p' /tmp/log
