# awk -v want=unlisted -f findings.awk LIST FINDINGS: the findings that no entry of the list is for.
# awk -v want=stale -f findings.awk LIST FINDINGS: the entries that are for no finding, or give no reason.
# Exit 1 if there are any. A finding is "tool file:line: message"; checks.allow says what an entry is.

FILENAME == ARGV[1] {
	if (/^#/ || !NF)
		next
	if (/^[ \t]/) {
		reasons[entries]++
		next
	}
	entry[++entries] = $0
	tool[entries] = $1
	pattern[entries] = substr($0, length($1) + 2)
	next
}

{
	finding = substr($0, length($1) + 2)
	sub(/:[0-9][-:0-9]*: /, ": ", finding)
	listed = 0
	for (i = 1; i <= entries; i++)
		if ($1 == tool[i] && finding ~ pattern[i])
			listed = uses[i] = 1
	if (want == "unlisted" && !listed) {
		print
		failed = 1
	}
}

END {
	for (i = 1; want == "stale" && i <= entries; i++)
		if (!uses[i] || !reasons[i]) {
			print (uses[i] ? "without a reason: " : "matches nothing: ") entry[i]
			failed = 1
		}
	exit failed
}
