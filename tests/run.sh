#!/usr/bin/env bash
# run.sh - runs test programs, each with a temp directory of its own, one more at a time than there
# are processors, as most of them wait. Prints what a program said when it has ended, whole, and how
# long it took; after a failure also the end of each daemon's log. Exits 1 when a program failed.
# usage: tests/run.sh PROGRAM...
set -euo pipefail

SECONDS_MAX=900 # for one program: only one that hangs takes so long

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
# Check's own limits are for a program that runs alone.
export CK_TIMEOUT_MULTIPLIER=10
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

at_once=$(($(nproc) + 1))
work=$(mktemp -d "${TMPDIR:-/tmp}/farthing-test.XXXXXX")
declare -A names=() begun=() # of the programs that run, by process id
failed=()

stop() {
	trap '' INT TERM
	[ ${#names[@]} = 0 ] || kill "${!names[@]}" || true
	wait
	exit 130
}
trap 'rm -rf "$work"' EXIT
trap stop INT TERM

begin() {
	local folder=${1%/*}
	local name=${folder##*/}/${1##*/} # two folders may have programs of the same name

	mkdir -p "$work/$name"
	TMPDIR=$work/$name timeout -k 10 $SECONDS_MAX "$1" >"$work/$name.out" 2>&1 &
	names[$!]=$name
	begun[$!]=$SECONDS
}

# Waits for one of those that run.
finish() {
	local pid name status=0

	wait -n -p pid || status=$?
	name=${names[$pid]}
	cat "$work/$name.out"
	if [ $status != 0 ]; then
		failed+=("$name")
		echo "FAILED $name (exit status $status)"
		find "$work/$name" -name log -exec tail -v -n 20 {} +
	fi
	echo "$name: $((SECONDS - begun[$pid])) s"
	unset "names[$pid]"
	rm -rf "${work:?}/$name" "$work/$name.out"
}

for program in "$@"; do
	[ ${#names[@]} -lt $at_once ] || finish
	begin "$program"
done
while [ ${#names[@]} -gt 0 ]; do
	finish
done

echo "test programs: $# in $SECONDS s, failed: ${#failed[@]} ${failed[*]}"
[ ${#failed[@]} = 0 ]
