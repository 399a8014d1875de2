#!/usr/bin/env bash
# cross.sh TARGET: builds both programs for another machine, on Debian or Ubuntu. TARGET is as Rust calls it.
#
#     aarch64-unknown-linux-gnu       64-bit Raspberry Pi OS
#     armv7-unknown-linux-gnueabihf   32-bit Raspberry Pi OS, from the Pi 2 on
#
# OpenSSL is built in. The C library and ALSA are Debian 12's, so the programs run on it and on whatever is newer.
# PROFILE is the profile of Cargo.toml (release unless given), PROGRAMS what to build ("server client"), and RUST=debian
# takes Debian's compiler where rustup could have helped. Everything but installed packages lies in target/.
set -euo pipefail
cd "$(dirname "$0")/.."

PROFILE=${PROFILE:-release}
PROGRAMS=${PROGRAMS:-server client}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cross=$CARGO_TARGET_DIR/cross
# How long rustup may take to find out that it can't reach its server.
RUSTUP_SECONDS=300

target=$1
case $target in
    aarch64-unknown-linux-gnu) name=pi architecture=arm64 triplet=aarch64-linux-gnu ;;
    armv7-unknown-linux-gnueabihf) name=pi32 architecture=armhf triplet=arm-linux-gnueabihf ;;
    *) echo "cross.sh: there is no recipe for '$target'; it lists the ones there are" >&2 && exit 2 ;;
esac

# The target's part of Rust: what is there, else rustup's, else Debian's.
choose_rust() {
    if [ "${RUST:-}" = debian ]; then
        use_debian_rust "as RUST=debian asks for"
    elif [ -d "$(rustc --print target-libdir --target "$target")" ]; then
        echo "Rust: $(rustc --version), which has $target" >&2
    elif command -v rustup >/dev/null && timeout "$RUSTUP_SECONDS" rustup target add "$target" >&2; then
        echo "Rust: $(rustc --version); rustup fetched $target" >&2
    else
        use_debian_rust "rustup isn't here, or couldn't fetch $target"
    fi
}

# The compiler and its standard libraries, for this machine (build scripts) and for the target. cargo is this machine's.
use_debian_rust() {
    scripts/debian12.sh "$cross/rust-$architecture" rustc-web libstd-rust-web-1.85 \
        libstd-rust-web-dev:amd64 "libstd-rust-web-dev:$architecture" \
        libllvm19 libedit2 libbsd0 libmd0 libffi8 libxml2 libicu72 liblzma5 libz3-4 libzstd1 libtinfo6
    export RUSTC=$cross/rust-$architecture/rustc
    libraries=$cross/rust-$architecture/usr/lib/x86_64-linux-gnu
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "'$libraries'" "'$cross/rust-$architecture/usr/bin/rustc'" >"$RUSTC"
    chmod +x "$RUSTC"
    echo "Rust: $("$RUSTC" --version) of Debian 12 ($1)" >&2
}

# Debian 12's C library and ALSA, and compilers that take them and not this system's: theirs may be newer.
choose_c() {
    sysroot=$cross/debian12-$architecture
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
    linker=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")_LINKER
    export "$linker=$triplet-gcc"
}

build() {
    case $1 in
        server) features=(--no-default-features --features discovery,vendored) ;; # no sound, and so no ALSA
        client) features=(--features vendored) ;;
    esac
    cargo build --locked --profile "$PROFILE" --target "$target" "${features[@]}" --bin "homeroom-$1"
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "cross.sh: it takes compilers and libraries from Debian's packages, so it works on Debian and Ubuntu alone" >&2
    exit 1
fi
scripts/dependencies.sh "$name"
choose_rust
choose_c
for program in $PROGRAMS; do build "$program"; done
for program in $PROGRAMS; do set -- "$@" "$CARGO_TARGET_DIR/$target/$PROFILE/homeroom-$program"; done
shift
scripts/check-needs.sh "$@"
