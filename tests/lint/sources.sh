#!/bin/sh
# sources.sh - lists the project's files whose names match one of the patterns, but nothing built.
# usage: tests/lint/sources.sh PATTERN...
set -eu
cd "$(dirname "$0")/../.."

for pattern in "$@"; do
	find . \( -path ./build -o -path ./data -o -path ./.git \) -prune -o \
		-type f -name "$pattern" -print
done | sed 's|^\./||' | sort
