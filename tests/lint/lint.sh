#!/usr/bin/env bash
# lint.sh - runs every check that only reads the sources, all of them even after one failed.
# Exits 1 when one failed.
# shellcheck disable=SC2317 # check() calls the functions
set -euo pipefail
cd "$(dirname "$0")/../.."

mapfile -t c_files < <(tests/lint/sources.sh '*.c')
mapfile -t own_files < <(printf '%s\n' "${c_files[@]}" | grep -v '^tests/')
mapfile -t h_files < <(tests/lint/sources.sh '*.h')
mapfile -t sh_files < <(tests/lint/sources.sh '*.sh'; find .ci -name run)
mapfile -t py_files < <(tests/lint/sources.sh '*.py')
compile=(-D_GNU_SOURCE -Icommon -Itests -I.)
status=0

check() {
	local name=$1 result=ok
	shift
	"$@" || { result=FAILED; status=1; }
	echo "lint $name: $result"
}

format() {
	clang-format --dry-run -Werror "${c_files[@]}" "${h_files[@]}"
}

# One file a process: in a second one that uses va_list, clang-tidy 14 warns where nothing is wrong.
# On standard error it only counts the warnings in other people's headers, and misses a compilation
# database.
tidy() {
	printf '%s\0' "${c_files[@]}" | xargs -0 -n 1 -P "$(nproc)" \
		clang-tidy --quiet --extra-arg=-std=c17 "${compile[@]/#/--extra-arg=}" 2>/dev/null
}

# It reads no system headers, so it is told of the one macro that is no plain call; and it does not
# see that the ensure() before an index ends the process (negativeIndex).
cppcheck_all() {
	cppcheck --quiet -j "$(nproc)" --error-exitcode=1 --inline-suppr --std=c11 "${compile[@]}" \
		'-DcJSON_ArrayForEach(item,array)=while((item=(array)->next))' \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=negativeIndex --template='{file}:{line}: {id}: {message}' "${c_files[@]}"
}

# Of the programs alone, as it is the slowest for each line. gcc 12 takes for lost what finding_new
# keeps in an audit that is known by a pointer only; the leak sanitizer knows better.
gcc_analyzer() {
	# shellcheck disable=SC2016 # the program is for sh
	printf '%s\0' "${own_files[@]}" | xargs -0 -n 1 -P "$(nproc)" sh -c '
		[ "$1" = common/storage/audit.c ] && unless=-Wno-analyzer-malloc-leak
		gcc -std=c17 -D_GNU_SOURCE -Icommon -I. -O2 -fanalyzer -Werror $unless \
			-S -o /dev/null "$1"' sh
}

# Beside its defaults what it knows of C: unsafe functions, lists of arguments, the system's calls.
# Left out: what asks for Annex K, which glibc lacks.
clang_analyzer() {
	# shellcheck disable=SC2016 # scan-build sets CC
	scan-build -o build/scan --status-bugs -enable-checker security,valist,optin.portability \
		-disable-checker security.insecureAPI.DeprecatedOrUnsafeBufferHandling \
		xargs -0 -n 1 -P "$(nproc)" sh -c '"$CC" -std=c17 "$@" -fsyntax-only' \
		sh "${compile[@]}" < <(printf '%s\0' "${c_files[@]}") 2>&1 |
		{ grep -v '^scan-build: ' || true; }
}

python_syntax() {
	PYTHONPYCACHEPREFIX=build/pycache python3 -m py_compile "${py_files[@]}"
}

check layers tests/lint/layers.sh
check lengths tests/lint/lengths.sh
check format format
check shellcheck shellcheck "${sh_files[@]}"
check python python_syntax
check cppcheck cppcheck_all
check clang-tidy tidy
check gcc-analyzer gcc_analyzer
check clang-analyzer clang_analyzer
check hardening tests/lint/hardening.sh build/payment-service build/order-service
exit $status
