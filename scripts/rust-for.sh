# shellcheck shell=bash disable=SC2154
# To be sourced: choose_rust finds a compiler for $target, and says which it took. It wants $name, a short one;
# $architecture, Debian's name of the target or nothing; $cross, a folder. It may set RUSTC, and cargo_options, which
# belong behind `cargo build`.
#
# RUST=debian takes Debian 12's compiler where rustup could have helped.

# How long rustup may take to fetch a target, or to find out that it can't reach its server.
RUSTUP_SECONDS=300

cargo_options=()

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

# The compiler, and standard libraries for this machine (build scripts want them) and for the target. cargo is this
# machine's: one newer than the compiler is fine.
use_debian_rust() {
    [ "$(dpkg --print-architecture)" = amd64 ] || fail "Debian's compiler is for amd64 machines: install rustup here"
    local folder=$cross/rust-$name
    local standard=libstd-rust-web-dev:$architecture
    [ -n "$architecture" ] || standard=rust-web-src # Debian has none for Windows
    scripts/debian12.sh "$folder" rustc-web libstd-rust-web-1.85 libstd-rust-web-dev:amd64 "$standard" \
        libllvm19 libedit2 libbsd0 libmd0 libffi8 libxml2 libicu72 liblzma5 libz3-4 libzstd1 libtinfo6
    export RUSTC=$folder/rustc
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' "$folder/usr/lib/x86_64-linux-gnu" "$folder/usr/bin/rustc" >"$RUSTC"
    chmod +x "$RUSTC"
    [ -n "$architecture" ] || build_standard_library "$folder/usr/lib/rustlib"
    echo "Rust: $("$RUSTC" --version) of Debian 12 ($1)" >&2
}

# build_standard_library RUSTLIB: cargo does it with everything else, but for two objects that begin and end a
# program for Windows.
build_standard_library() {
    export RUSTC_BOOTSTRAP=1 # a released compiler, but cargo's -Z
    cargo_options+=(-Zbuild-std=std,panic_abort)
    [[ $target = *windows-gnu ]] || return 0
    mkdir -p "$1/$target/lib"
    for object in rsbegin rsend; do
        "$RUSTC" --target "$target" --emit obj -o "$1/$target/lib/$object.o" "$1/src/rust/library/rtstartup/$object.rs"
    done
}
