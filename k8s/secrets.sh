#!/bin/sh
# secrets.sh - makes the Secrets that the manifests name and prints them: certificates of a CA of
# its own, and an API key for each service, the jobs, Prometheus and an operator. What it made it
# leaves in DIRECTORY, with operator.curl, by which curl is the operator. Run again it makes new
# certificates and keeps the CA and the API keys; a key whose .secret file was removed is made anew,
# and the old one stays right until its line is removed from the file api-keys.
# usage: k8s/secrets.sh DIRECTORY [CALLER=SCOPES...] | kubectl apply -f -
# Each caller gets a certificate, a key with those scopes, and the Secret farthing-CALLER.
set -eu

case $1 in /*) directory=$1 ;; *) directory=$PWD/$1 ;; esac
shift
cd "$(dirname "$0")/.."
umask 077
clients="jobs monitoring"
for caller in "$@"; do
	clients="$clients ${caller%%=*}"
done
common/install.sh gnutls-bin >&2
# shellcheck disable=SC2086 # a list of words
common/certs.sh "$directory" operator $clients >&2

# api_key NAME SCOPES: its secret is in NAME.secret, its line in the file api-keys.
api_key() {
	[ ! -e "$directory/$1.secret" ] || return 0
	key=$(build/payment-service key "$1" "$2" 2>&1) || { echo "$key" >&2; exit 1; }
	echo "$key" | grep ' sha256:' >>"$directory/api-keys"
	echo "$key" | grep '^fk_' | tr -d '\n' >"$directory/$1.secret"
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
for caller in "$@"; do
	api_key "${caller%%=*}" "${caller#*=}"
done
cat >"$directory/operator.curl" <<TEXT
cacert = "$directory/ca.crt"
cert = "$directory/operator.crt"
key = "$directory/operator.key"
header = "Authorization: Bearer $(cat "$directory/operator.secret")"
TEXT

for service in payment-service order-service; do
	secret $service api-keys=api-keys peer-api-key=$service.secret \
		tls.crt=$service.crt tls.key=$service.key ca.crt=ca.crt
done
for client in $clients; do
	secret "farthing-$client" "api-key=$client.secret" \
		"tls.crt=$client.crt" "tls.key=$client.key" ca.crt=ca.crt
done
