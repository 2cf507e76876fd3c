#!/usr/bin/env bash
# run.sh - runs each fuzz target for a while. Inputs that reach new code are kept below build/ for
# the next run; a target's first ones are in tests/fuzz/corpus/NAME where it has any. Exits 1 when
# a target failed.
# usage: tests/fuzz/run.sh SECONDS TARGET...
set -euo pipefail

seconds=$1
shift
failed=0
for target in "$@"; do
	name=${target##*/}
	corpus=build/corpus/$name
	seeds=tests/fuzz/corpus/$name
	mkdir -p "$corpus"
	[ -d "$seeds" ] || seeds=
	if ! "$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 -verbosity=0 \
		-artifact_prefix="$corpus-" "$corpus" ${seeds:+"$seeds"} >"$corpus.log" 2>&1; then
		failed=$((failed + 1))
		tail -n 40 "$corpus.log"
		echo "fuzz $name: FAILED"
		continue
	fi
	inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$corpus.log")
	echo "fuzz $name: ok, $inputs inputs"
done
[ $failed = 0 ]
