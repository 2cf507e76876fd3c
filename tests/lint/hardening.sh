#!/usr/bin/env bash
# hardening.sh - checks that programs are linked and compiled as the Makefile asks: position
# independent, relocations read-only before main (RELRO and BIND_NOW), stack protector, FORTIFY, no
# executable stack; on x86-64 also the landing pads of indirect branch tracking. Its note is not
# asked for: Debian's own start files have none, so the linker leaves it out.
# usage: tests/lint/hardening.sh PROGRAM...; prints each breach; exits 1 when there is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=('"relro":"full"' '"canary":"yes"' '"nx":"yes"' '"pie":"yes"' '"rpath":"no"'
	'"runpath":"no"' '"fortify_source":"yes"')
status=0

breach() {
	echo "$1: $2 is missing"
	status=1
}

for program in "$@"; do
	found=$(checksec --format=json --file="$program")
	for property in "${wanted[@]}"; do
		[[ $found == *"$property"* ]] || breach "$program" "$property"
	done
	[[ $(uname -m) != x86_64 ]] || objdump -d --disassemble=main "$program" | grep -q endbr64 ||
		breach "$program" "endbr64 at the start of main"
done
exit $status
