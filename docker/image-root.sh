#!/bin/sh
# image-root.sh - lays out the root of an image for one program: the program without its debugging
# symbols, the loader and the shared libraries it needs, CA certificates, and /data for its user.
# usage: docker/image-root.sh PROGRAM DIRECTORY
set -eu

program=$1
root=$2
user=65532 # as in the Dockerfiles; distroless images call it nonroot

mkdir -p "$root"
strip -o "$root/${program##*/}" "$program"
# Lines of ldd are "NAME => /PATH (ADDRESS)" or, for the loader, "/PATH (ADDRESS)".
ldd "$program" | grep -o '/[^ ]*' | xargs cp -L --parents -t "$root"
cp --parents /etc/ssl/certs/ca-certificates.crt "$root"
# A fresh named volume takes over who owns the directory and its mode.
install -d -m 700 -o $user -g $user "$root/data"
