#!/usr/bin/env bash
# run.sh - sends the controls and the bad inputs to two fresh services with AUTH=keys, which take
# the three keys that run_cases.py sends by itself. Exits 1 when a case failed.
# usage: tests/cases/run.sh PAY_HOST:PORT ORDER_HOST:PORT
set -euo pipefail
cd "$(dirname "$0")"

# What is stored, as the heads of both journals: a place beyond the head is answered with the head.
beyond='events?after=9007199254740991'
stored="curl -fs -H 'Authorization: Bearer test-token-full' 'http://$1/$beyond' 'http://$2/$beyond'"

run() {
	python3 run_cases.py --pay "$1" --order "$2" "${@:3}"
}

run "$1" "$2" --file good_inputs.json
run "$1" "$2" --skip-class slow,resource --stored-cmd "$stored"
# These wait most of their time. They run beside one another, so what is stored cannot be compared.
run "$1" "$2" --only "^(slw|res)-" --threads 4
