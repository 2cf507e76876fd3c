#!/bin/sh
# secure.sh - makes what secure.yaml lays over compose.yaml: a CA, certificates, API keys, each file
# for its reader alone. What is in DIRECTORY/operator is the operator's, the CA's key as well.
# Run again it makes new certificates and keeps the CA and the API keys; a key whose .secret file
# was removed is made anew, and the old one stays right until its line is removed.
# usage, as root: docker/secure.sh [DIRECTORY]    docker/secrets where none is named
set -eu
cd "$(dirname "$0")/.."

SERVICES=65532   # the user of our images
PROMETHEUS=65534 # of Prometheus' image

directory=${1:-docker/secrets}
operator=$directory/operator
umask 077
install -d -m 0755 "$directory" # on the way to what is whose

if docker compose version >/dev/null 2>&1; then
	compose="docker compose"
else
	compose=docker-compose
fi

# make_key NAME SCOPES: its secret is in NAME.secret, its line in the file keys.
make_key() {
	[ ! -e "$operator/$1.secret" ] || return 0
	key=$($compose run --rm --no-deps -T payment-service key "$1" "$2")
	echo "$key" | sed -n 2p >>"$operator/keys"
	echo "$key" | sed -n 1p >"$operator/$1.secret"
}

# give USER FOLDER NAME FILE: the folder's NAME is the operator's FILE, for that user to read.
give() {
	install -d -m 0500 -o "$1" -g "$1" "$directory/$2"
	install -m 0400 -o "$1" -g "$1" "$operator/$4" "$directory/$2/.new"
	mv -f "$directory/$2/.new" "$directory/$2/$3"
}

common/install.sh gnutls-bin
common/certs.sh "$operator"
make_key operator admin
make_key peer events:read,orders:read,payments:read
make_key metrics metrics:read

for service in payment-service order-service; do
	give $SERVICES $service ca.crt ca.crt
	give $SERVICES $service service.crt $service.crt
	give $SERVICES $service service.key $service.key
	give $SERVICES $service keys keys
	give $SERVICES $service peer.secret peer.secret
done
for file in ca.crt operator.crt operator.key metrics.secret; do
	give $PROMETHEUS prometheus $file $file
done
chown -R "${SUDO_UID:-0}:${SUDO_GID:-0}" "$operator"
echo "API keys are in $operator/*.secret"
