#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the VM: programs that know zlib only, with libwdz.so, on a device of each mode. gzip, which has a
# deflate of its own, is the other side.
here=$(dirname "$(readlink -f "$0")")
dir=$here/../libwd-tests
data=/usr/bin/perl
# shellcheck source=selftests/preload.sh
. "$here/preload.sh"

# It writes nothing itself.
silent() {
	rm -f "$tmp/stats"
	preloaded "$@" 2>"$tmp/out" && [ ! -s "$tmp/out" ]
}

# In pieces, with a flush now and then, as a program that writes a log does.
# shellcheck disable=SC2016 # it is perl's
compress='use Compress::Raw::Zlib; binmode STDIN; binmode STDOUT; my ($in, $out, $n);
	my $d = Compress::Raw::Zlib::Deflate->new(-WindowBits => WANT_GZIP, -Level => 5) or die;
	while (read STDIN, $in, 30000) {
		$d->deflate($in, $out) == Z_OK or die; print $out;
		next if ++$n % 16;
		$d->flush($out, Z_SYNC_FLUSH) == Z_OK or die; print $out;
	}
	$d->flush($out) == Z_OK or die; print $out;'
# shellcheck disable=SC2016
uncompress='use Compress::Raw::Zlib; binmode STDIN; binmode STDOUT; my ($in, $out, $st);
	my $i = Compress::Raw::Zlib::Inflate->new(-WindowBits => WANT_GZIP) or die;
	while (read STDIN, $in, 20000) {
		$st = $i->inflate($in, $out); print $out;
		last if $st == Z_STREAM_END; $st == Z_OK || $st == Z_BUF_ERROR or die;
	}
	$st == Z_STREAM_END or die;'

echo "TAP version 13"
echo "1..13"
for WD_MODE in sva share noiommu; do
	export WD_MODE
	silent "$dir/wdz_program"
	result $? "$WD_MODE: compress() and uncompress(), before a fork and after"
	silent perl -e "$compress" <"$data" >"$tmp/gz" && gzip -dc "$tmp/gz" | cmp - "$data"
	result $? "$WD_MODE: a stream in pieces; gzip reads it"
	[ "$(counted deflate_in)" -eq "$(stat -Lc %s "$data")" ]
	result $? "$WD_MODE: all of it went to the device"
	gzip -6 -c "$data" >"$tmp/gz"
	silent perl -e "$uncompress" <"$tmp/gz" | cmp - "$data" && [ "$(counted inflate_out)" -gt 0 ]
	result $? "$WD_MODE: what gzip wrote, read in pieces on the device"
done
WD_ZLIB=off silent perl -e "$compress" <"$data" >"$tmp/gz" && gzip -dc "$tmp/gz" | cmp - "$data" && [ ! -e "$tmp/stats" ]
result $? "WD_ZLIB=off: zlib alone"
rm -rf "$tmp"
exit $failed
