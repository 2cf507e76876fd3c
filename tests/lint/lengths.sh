#!/usr/bin/env bash
# lengths.sh - functions stop at 70 lines, files at 500, lines at 100 columns (a tab is 8).
# Prints file:line of each breach; exits 1 when there is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

status=0
for file in $(tests/lint/sources.sh '*.[ch]' '*.sh' Makefile run); do
	expand -t 8 "$file" | awk -v file="$file" '
		function breach(line, what) {
			printf "%s:%d: %s\n", file, line, what
			breaches++
		}
		length($0) > 100 { breach(FNR, length($0) " columns") }
		# clang-format puts the braces of functions alone into the first column.
		/^{/ { begin = FNR }
		/^}/ {
			if (begin && FNR - begin - 1 > 70)
				breach(begin, "function of " (FNR - begin - 1) " lines")
			begin = 0
		}
		END {
			if (FNR > 500)
				breach(500, "file of " FNR " lines")
			exit breaches > 0
		}' || status=1
done
exit $status
