#!/bin/sh
# secrets.sh - makes the Secrets that the manifests name and prints them: certificates of a CA of
# its own, and an API key for each service, the jobs, Prometheus and an operator. What it made it
# leaves in DIRECTORY, where API keys are kept by the next run; remove NAME.secret for a new one.
# usage: k8s/secrets.sh DIRECTORY | kubectl apply -f -
set -eu

case $1 in /*) directory=$1 ;; *) directory=$PWD/$1 ;; esac
cd "$(dirname "$0")/.."
umask 077
clients="jobs monitoring operator"
# shellcheck disable=SC2086 # a list of words
common/certs.sh "$directory" $clients >&2

# api_key NAME SCOPES
api_key() {
	[ ! -e "$directory/$1.secret" ] || return 0
	build/payment-service key "$1" "$2" 2>/dev/null >"$directory/$1.new"
	sed -n 2p "$directory/$1.new" >"$directory/$1.line"
	sed -n 1p "$directory/$1.new" | tr -d '\n' >"$directory/$1.secret"
	rm "$directory/$1.new"
}

# secret NAME KEY=FILE...
secret() {
	printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n' "$1"
	printf '  namespace: farthing\n  labels:\n    app.kubernetes.io/part-of: farthing\ndata:\n'
	shift
	for pair in "$@"; do
		printf '  %s: %s\n' "${pair%%=*}" "$(base64 -w0 <"$directory/${pair#*=}")"
	done
}

api_key payment-service events:read
api_key order-service events:read
api_key jobs admin
api_key monitoring metrics:read
api_key operator admin
cat "$directory"/*.line >"$directory/api-keys"

for service in payment-service order-service; do
	secret $service api-keys=api-keys peer-api-key=$service.secret \
		tls.crt=$service.crt tls.key=$service.key ca.crt=ca.crt
done
for client in jobs monitoring; do
	secret farthing-$client api-key=$client.secret \
		tls.crt=$client.crt tls.key=$client.key ca.crt=ca.crt
done
