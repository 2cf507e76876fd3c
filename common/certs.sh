#!/bin/sh
# certs.sh - makes what TLS and mTLS between the two services need on a developer's machine: a CA,
# a certificate for each service (as server, and as client of the other), and one for each further
# client.
# A CA that is there is kept; the certificates are made anew each time. Not for production: there
# the CA's key is not beside what it signs.
# usage: common/certs.sh DIRECTORY [CLIENT...]; the one client is else "operator"
set -eu

CA_DAYS=3650
DAYS=365

directory=$1
shift
[ $# -gt 0 ] || set -- operator
umask 077
mkdir -p "$directory"
work=$(mktemp -d "$directory/.new.XXXXXX")
trap 'rm -rf "$work"' EXIT

# What it prints is of use only where it fails.
quiet_certtool() {
	certtool "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

# new_key NAME
new_key() {
	quiet_certtool --generate-privkey --key-type=ecdsa --curve=secp256r1 \
		--outfile "$work/$1.key"
}

# place NAME: keys are for their owner alone, and stay what they were until the new ones are there.
place() {
	chmod 0400 "$work/$1.key"
	chmod 0444 "$work/$1.crt"
	mv -f "$work/$1.key" "$work/$1.crt" "$directory/"
}

# sign NAME LINE...: the lines are certtool's, see its manual under "certtool's template file".
sign() {
	name=$1
	shift
	new_key "$name"
	{
		printf 'cn = "%s"\nexpiration_days = %s\nsigning_key\n' "$name" "$DAYS"
		printf '%s\n' "$@"
	} >"$work/template"
	quiet_certtool --generate-certificate --load-privkey "$work/$name.key" \
		--load-ca-certificate "$directory/ca.crt" --load-ca-privkey "$directory/ca.key" \
		--template "$work/template" --outfile "$work/$name.crt"
	place "$name"
}

if [ ! -e "$directory/ca.crt" ] || [ ! -e "$directory/ca.key" ]; then
	new_key ca
	printf 'cn = "Farthing development CA"\nca\ncert_signing_key\nexpiration_days = %s\n' \
		"$CA_DAYS" >"$work/template"
	quiet_certtool --generate-self-signed --load-privkey "$work/ca.key" \
		--template "$work/template" --outfile "$work/ca.crt"
	place ca
fi

for service in payment-service order-service; do
	# In Kubernetes other namespaces see the Service by the second name, and the other service
	# asks the Service of the third.
	sign "$service" "dns_name = $service" "dns_name = $service.farthing.svc" \
		"dns_name = $service-peer" "dns_name = localhost" \
		"ip_address = 127.0.0.1" "ip_address = ::1" \
		tls_www_server tls_www_client
done
for client in "$@"; do
	sign "$client" "dns_name = $client" tls_www_client
done
echo "certificates for $DAYS days are in $directory"
