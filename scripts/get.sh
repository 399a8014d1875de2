#!/usr/bin/env bash
# Copies the client programs that are built to where a server gives them out from: `make get`.
#
#     scripts/get.sh FOLDER
set -eu
cd "$(dirname "$0")/.."

get=${1:?which folder}
target=${CARGO_TARGET_DIR:-target}
umask 022
mkdir -p "$get"

copied=0
copy() { # FROM NAME HOW
    if [ -f "$1" ]; then
        install -m 644 "$1" "$get/$2"
        echo "$get/$2"
        copied=$((copied + 1))
    else
        echo "left out: $2 ($3)" >&2
    fi
}

system=$(uname -s | tr '[:upper:]' '[:lower:]' | sed 's/darwin/mac/')
copy "${BIN:-$target/release}/homeroom-client" "homeroom-client-$system-$(uname -m)" "make build"
copy "$target/aarch64-unknown-linux-gnu/release/homeroom-client" homeroom-client-linux-aarch64-pi "make pi"
copy "$target/armv7-unknown-linux-gnueabihf/release/homeroom-client" homeroom-client-linux-armv7-pi "make pi32"
copy "$target/x86_64-pc-windows-gnu/release/homeroom-client.exe" homeroom-client-windows-x86_64.exe "make windows"
[ "$copied" -gt 0 ]
