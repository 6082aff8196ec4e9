# Add up KTAP: prints "PASSED FAILED SKIPPED". Only innermost results count; a plan that was not fulfilled, or a
# summary that failed although nothing that it sums up did, is one failure more.

function expect(depth, results) {
	if (ran[depth] < results) {
		failed++
		failed_below = 1
	}
	ran[depth] = 0
}

function end_plan(depth) {
	if (depth in planned) {
		expect(depth, planned[depth])
		delete planned[depth]
	}
}

{ match($0, /^[ #]*/); depth = RLENGTH; text = substr($0, depth + 1) }

text ~ /^1\.\.[0-9]+/ {
	plan = substr(text, 4) + 0
	end_plan(depth)
	# A plan may also stand at the end.
	if (ran[depth])
		expect(depth, plan)
	else
		planned[depth] = plan
	if (text ~ /^1\.\.0.*SKIP/) {
		skipped++
		last = depth
	}
}

text ~ /^(not )?ok [0-9]+/ {
	bad = text ~ /^not /
	if (depth < last) {
		for (deeper in planned)
			if (deeper + 0 > depth)
				end_plan(deeper + 0)
		if (bad && !failed_below)
			failed++
		failed_below = 0
	} else if (text ~ /# *SKIP/) {
		skipped++
	} else if (bad) {
		failed++
		failed_below = 1
	} else {
		passed++
	}
	ran[depth]++
	if (depth in planned && ran[depth] == planned[depth])
		end_plan(depth)
	last = depth
}

END {
	for (depth in planned)
		end_plan(depth + 0)
	print passed + 0, failed + 0, skipped + 0
}
