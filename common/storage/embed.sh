#!/bin/sh
# embed.sh - prints the C file that holds a schema directory's migrations (storage/store.h).
# usage: embed.sh NAME FILE.sql... >OUT.c   gives NAME_migrations and NAME_migrations_count.
# The files are named NNNN-what.sql and numbered 1, 2, 3, ... without gaps, in the order given.
set -eu

if [ $# -lt 2 ]; then
	echo "usage: embed.sh NAME FILE.sql..." >&2
	exit 2
fi
name=$1
shift

# A question mark is escaped too: standard C reads "??/" and its like as trigraphs.
awk -v name="$name" '
	FNR == 1 {
		file = FILENAME
		sub(/.*\//, "", file)
		sub(/\.sql$/, "", file)
		files++
		if (file !~ /^[0-9][0-9][0-9][0-9]-[a-z0-9-]+$/ || file + 0 != files) {
			print "embed.sh: " FILENAME " is not number " files " (NNNN-what.sql)" \
				>"/dev/stderr"
			failed = 1
			exit 1
		}
		if (files == 1) {
			print "/* Made by common/storage/embed.sh; do not edit. */"
			print "#include \"storage/store.h\"\n"
			print "const struct migration " name "_migrations[] = {"
		} else {
			print "\t},"
		}
		print "\t{\n\t\t.number = " files ",\n\t\t.name = \"" file "\",\n\t\t.sql ="
	}
	{
		gsub(/[\\"?]/, "\\\\&")
		print "\t\t\t\"" $0 "\\n\""
	}
	END {
		if (failed)
			exit 1
		print "\t},\n};"
		print "const size_t " name "_migrations_count = ARRAY_LEN(" name "_migrations);"
	}
' "$@"
