#!/bin/sh
# shell.sh: every shell script, by shellcheck. In the guest's root.
set -eu
find .ci examples qemu selftests tools -type f | sort | xargs grep -lE '^#!.*/(busybox )?sh|^# shellcheck shell=sh' >/tmp/scripts
xargs shellcheck -x -S warning -f gcc </tmp/scripts && status=0 || status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 123 ]
