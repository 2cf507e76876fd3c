#!/bin/sh
# install.sh - installs those of the named Debian packages that are missing; silent when none is.
# A service that such a package brings along (Prometheus, Docker) is not started by that.
# usage: common/install.sh PACKAGE...
set -eu

if ! command -v dpkg-query >/dev/null; then
	echo "install.sh: not a Debian system; taking these as installed: $*" >&2
	exit 0
fi

missing=
for package in "$@"; do
	status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=none
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
	if ! command -v sudo >/dev/null; then
		echo "install.sh: not root and no sudo. As root run: apt-get install$missing" >&2
		exit 1
	fi
fi

# What Debian asks before it starts a service; 101: not allowed. One that is there stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$as_root rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM # else the file outlives us
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # both are lists of words
{
	$as_root apt-get -qq -o Acquire::Retries=3 update
	$as_root apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends $missing
}
