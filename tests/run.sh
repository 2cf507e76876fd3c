#!/usr/bin/env bash
# run.sh - runs test programs one after the other, each with a temp directory of its own, and prints
# their summaries; after a failure also the end of each daemon's log. Exits 1 when a program failed.
# usage: tests/run.sh PROGRAM...
set -euo pipefail

SECONDS_MAX=900 # for one program: only one that hangs takes so long

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

work=$(mktemp -d "${TMPDIR:-/tmp}/farthing-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=()

for program in "$@"; do
	name=${program##*/}
	mkdir "$work/$name"
	status=0
	TMPDIR=$work/$name timeout --foreground -k 10 $SECONDS_MAX "$program" || status=$?
	if [ $status != 0 ]; then
		failed+=("$name")
		echo "FAILED $name (exit status $status)"
		find "$work/$name" -name log -exec tail -v -n 20 {} +
	fi
	rm -rf "${work:?}/$name"
done

echo "test programs: $#, failed: ${#failed[@]} ${failed[*]}"
[ ${#failed[@]} = 0 ]
