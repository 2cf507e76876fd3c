#!/usr/bin/env bash
# run.sh - starts both services, each following the other, says how to try them, and stops both on
# Ctrl-C or when one ends.
# usage: common/run.sh DIRECTORY_OF_THE_PROGRAMS
set -euo pipefail

pay=http://127.0.0.1:5000
order=http://127.0.0.1:5001
pids=()

# setsid keeps Ctrl-C from the services: it reaches this script alone, and each of them then gets
# one SIGTERM.
start() {
	PORT=$2 PEER_URL=$3 setsid "$1" &
	pids+=($!)
}

# shellcheck disable=SC2317 # the trap calls it
stop() {
	trap - EXIT INT TERM
	kill "${pids[@]}" 2>/dev/null || true
	wait "${pids[@]}" || true
}

wait_ready() {
	for _ in {1..300}; do
		curl -fs -o /dev/null "$1/readyz" && return
		kill -0 "$2" 2>/dev/null || exit 1 # it has said why
		sleep 0.1
	done
	echo "run.sh: $1/readyz does not answer" >&2
	exit 1
}

trap stop EXIT
trap 'exit 0' INT TERM
start "$1/payment-service" 5000 $order
start "$1/order-service" 5001 $pay
wait_ready $pay "${pids[0]}"
wait_ready $order "${pids[1]}"

cat <<TEXT

Both services are ready. Try, in another terminal:

  curl $order/order -H 'Content-Type: application/json' -d '{"order_id": "o-1", "amount": 99.99}'
  curl $pay/pay -H 'Content-Type: application/json' -d '{"order_id": "o-1", "amount": 99.99}'
  curl $order/orders/o-1

Ctrl-C stops both.

TEXT
wait -n "${pids[@]}" || true
echo "run.sh: one service ended; stopping the other" >&2
exit 1
