#!/usr/bin/env bash
# layers.sh - checks that calls go only downward: services > web > runtime > storage > base, that
# neither service knows the other, that a core includes only base and headers of cores, and that
# each library stays behind its one file. Prints file:line of each breach; exits 1 when there is
# one.
set -euo pipefail
cd "$(dirname "$0")/../.."

# shellcheck disable=SC2016 # the program is for awk
tests/lint/sources.sh '*.[ch]' | grep -E '^(common|payment-service|order-service)/' | xargs awk '
BEGIN {
	split("base storage runtime web", names)
	for (i in names)
		rank[names[i]] = i
	# The only files that may include a library.
	home["microhttpd.h"] = "^common/web/http(_[a-z]+)?\\.[ch]$"
	home["sqlite3.h"] = "^common/storage/db_sqlite(_[a-z]+)?\\.[ch]$"
	home["curl/curl.h"] = "^common/runtime/(fetch|poster)\\.c$"
	# What a core may use of the C library: no clock, no waiting. stdio.h is for snprintf.
	pure = "^(assert|inttypes|limits|stdbool|stddef|stdint|stdio|string)\\.h$"
}

function breach(why) {
	printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
	breaches++
}

FNR == 1 {
	split(FILENAME, part, "/")
	in_common = part[1] == "common"
	own_rank = in_common ? rank[part[2]] : 5
	is_core = FILENAME ~ /_core\.c$/
}

/^[ \t]*#[ \t]*include[ \t]*</ {
	name = $0
	sub(/^[^<]*</, "", name)
	sub(/>.*$/, "", name)
	if (name in home && FILENAME !~ home[name])
		breach("only its one file includes " name)
	if (is_core && name !~ pure)
		breach("a core is pure")
	next
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	name = $0
	sub(/^[^"]*"/, "", name)
	sub(/".*$/, "", name)
	split(name, target, "/")
	if (target[1] in rank && rank[target[1]] > own_rank)
		breach("calls go only downward")
	if (in_common && target[1] ~ /-service$/)
		breach("common knows no service")
	if (!in_common && target[1] ~ /-service$/ && target[1] != part[1])
		breach("a service does not know the other")
	own_header = name
	sub(/^.*\//, "", own_header)
	core_header = own_header
	sub(/\.h$/, "_core.c", core_header)
	if (is_core && target[1] != "base" && system("test -f " part[1] "/" core_header) != 0)
		breach("a core includes only base and headers of cores")
}

END {
	exit breaches > 0
}'
