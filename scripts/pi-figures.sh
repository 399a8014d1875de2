#!/usr/bin/env bash
# Figures of the programs for a 64-bit Raspberry Pi, as far as QEMU can tell: sizes, memory a client beside this machine's
# own server in the same emulator, and whether the processor's SHA-256 instructions are used where there are any. Prints
# Markdown. Programs that weren't built aren't told of. CLIENTS is how many come: more than 100, 300 unless given.
set -euo pipefail
cd "$(dirname "$0")/.."

CLIENTS=${CLIENTS:-300}
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
arm=$folder/aarch64-unknown-linux-gnu/release
own=$folder/release
sysroot=$folder/cross/debian12-arm64
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT

sizes() {
    local target program
    echo '| program, stripped | MiB |'
    echo '|---|---|'
    for target in aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf x86_64-pc-windows-gnu; do
        for program in "$folder/$target"/release/homeroom-{server,client}{,.exe}; do
            [ -f "$program" ] || continue
            awk -v name="$(basename "$program")" -v target="$target" -v bytes="$(stat -c %s "$program")" \
                'BEGIN { printf "| `%s` for %s | %.1f |\n", name, target, bytes / 1048576 }'
        done
    done
}

# memory WHAT COMMAND…: COMMAND runs the server in QEMU.
memory() {
    local what=$1
    shift
    printf '#!/bin/sh\necho $$ >"$PID_FILE"\nexec %s "$@"\n' "$*" >"$here/server"
    chmod +x "$here/server"
    local kib
    kib=$(PID_FILE=$here/pid scripts/guest-memory.py "$CLIENTS" "${load[@]}")
    echo "| $what | $kib |"
}

# hashing WHAT OPTION…: makes an account in QEMU with the rounds that are usual, and counts the SHA-256 instructions that
# it came by.
hashing() {
    local what=$1
    shift
    echo 'seven green bottles' | qemu-aarch64-static -L "$sysroot" -d in_asm -D "$here/came-by" "$@" \
        "$arm/homeroom-server" --data-dir "$here/$what" user add ada --password-stdin >/dev/null
    echo "| $what | $(grep -cE '\bsha256(h|h2|su0|su1)\b' "$here/came-by" || true) |"
}

scripts/dependencies.sh pi-test
PROGRAMS=server scripts/cross.sh aarch64-unknown-linux-gnu >&2
cargo build --release --locked --no-default-features --features discovery --bin homeroom-server --example load >&2
"$folder/cross/bin/aarch64-linux-gnu-gcc" -shared -fPIC -o "$here/without-sha2.so" scripts/without-sha2.c

load=("$own/examples/load" --server "$here/server" --stages growth --clients-max "$CLIENTS" --deliveries 1000 --seconds 5)

sizes
echo
echo "| server, idle clients beyond 100, to $CLIENTS | KiB of memory a client |"
echo '|---|---|'
memory "aarch64, in QEMU" qemu-aarch64-static -L "$sysroot" "$arm/homeroom-server"
memory "$(uname -m), in QEMU" "qemu-$(uname -m)-static" "$own/homeroom-server"
echo
echo '| a processor | SHA-256 instructions run |'
echo '|---|---|'
hashing 'that has them, as in the Pi 5'
hashing 'that has none, as up to the Pi 4' -E LD_PRELOAD="$here/without-sha2.so"
