#!/usr/bin/env bash
# cross.sh TARGET: builds both programs for another machine, on Debian or Ubuntu. TARGET is as Rust calls it.
#
#     aarch64-unknown-linux-gnu       64-bit Raspberry Pi OS
#     armv7-unknown-linux-gnueabihf   32-bit Raspberry Pi OS, from the Pi 2 on
#     x86_64-pc-windows-gnu           Windows 10 and newer
#
# For a Pi OpenSSL is built in, and the C library and ALSA are Debian 12's, so the programs run on it and on whatever is
# newer. PROFILE is the profile of Cargo.toml (release unless given), PROGRAMS what to build ("server client"), and
# RUST=debian takes Debian's compiler (see rust-for.sh). All but installed packages lies in target/.
set -euo pipefail
cd "$(dirname "$0")/.."

PROFILE=${PROFILE:-release}
PROGRAMS=${PROGRAMS:-server client}
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
cross=$CARGO_TARGET_DIR/cross

fail() {
    echo "cross.sh: $*" >&2
    exit 1
}

target=${1:-}
case $target in
    aarch64-unknown-linux-gnu) name=pi architecture=arm64 triplet=aarch64-linux-gnu suffix='' ;;
    armv7-unknown-linux-gnueabihf) name=pi32 architecture=armhf triplet=arm-linux-gnueabihf suffix='' ;;
    x86_64-pc-windows-gnu) name=windows architecture='' triplet=x86_64-w64-mingw32 suffix=.exe ;;
    *) fail "there is no recipe for '$target'; the head of this script lists the ones there are" ;;
esac

. scripts/rust-for.sh

# Debian 12's C library and ALSA, and a compiler that takes them and not this system's: those may be newer.
choose_c() {
    [ -n "$architecture" ] || return 0 # MinGW brings what Windows wants
    local sysroot=$cross/debian12-$architecture
    scripts/debian12.sh "$sysroot" "libc6:$architecture" "libc6-dev:$architecture" "linux-libc-dev:$architecture" \
        "libcrypt-dev:$architecture" "libgcc-s1:$architecture" "libasound2:$architecture" "libasound2-dev:$architecture"
    mkdir -p "$cross/bin"
    cat >"$cross/bin/$triplet-gcc" <<EOF
#!/bin/sh
root='$sysroot'
exec /usr/bin/$triplet-gcc --sysroot="\$root" -isystem "\$root/usr/include/$triplet" -isystem "\$root/usr/include" \\
    -B "\$root/usr/lib/$triplet/" -L "\$root/usr/lib/$triplet" -L "\$root/lib/$triplet" "\$@"
EOF
    chmod +x "$cross/bin/$triplet-gcc"
    export PATH=$cross/bin:$PATH
    export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_SYSROOT_DIR=$sysroot PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$triplet/pkgconfig
}

# `vendored` changes nothing on Windows, whose TLS is the system's.
build() {
    local features=discovery,vendored
    [ "$1" = server ] || features=$features,sound
    cargo build --locked --profile "$PROFILE" --target "$target" ${cargo_options[@]+"${cargo_options[@]}"} \
        --no-default-features --features "$features" --bin "homeroom-$1"
}

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
    fail "it takes compilers and libraries from Debian's packages, so it works on Debian and Ubuntu alone"
scripts/dependencies.sh "$name"
choose_rust
choose_c
linker=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_LINKER
export "$linker=$triplet-gcc"
built=()
for program in $PROGRAMS; do
    build "$program"
    built+=("$CARGO_TARGET_DIR/$target/$PROFILE/homeroom-$program$suffix")
done
scripts/check-needs.sh "${built[@]}"
