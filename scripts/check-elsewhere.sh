#!/usr/bin/env bash
# check-elsewhere.sh [TARGET…]: compiles all sources, tests included, for macOS and Windows as far as that goes without
# their linkers and headers: types, names, borrows, lints; a warning is an error. Nothing is linked or run, and C in
# dependencies (ring's) isn't compiled for macOS.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
export CARGO_TARGET_DIR
cross=$CARGO_TARGET_DIR/cross
architecture=''
name=elsewhere

fail() {
    echo "check-elsewhere: $*" >&2
    exit 1
}

. scripts/rust-for.sh

# A compiler and an archiver that leave empty files: Apple's are to be had on a Mac alone.
pretend_apple() {
    local here=$cross/no-apple
    mkdir -p "$here"
    cat >"$here/cc" <<'EOF'
#!/bin/sh
while [ $# -gt 0 ]; do
    [ "$1" != -o ] || : >"$2"
    shift
done
EOF
    cat >"$here/ar" <<'EOF'
#!/bin/sh
for word in "$@"; do
    case $word in *.a) : >"$word" ;; esac
done
EOF
    chmod +x "$here/cc" "$here/ar"
    export "CC_${target//-/_}=$here/cc" "AR_${target//-/_}=$here/ar" SDKROOT=$here
}

check() {
    cargo_options=()
    choose_rust
    [[ $target != *apple* ]] || pretend_apple
    if [ -z "${RUSTC:-}" ]; then
        cargo clippy --locked --target "$target" --all-targets --no-deps -- -D warnings
    else # Debian's compiler, which has no clippy
        cargo check --locked --target "$target" --all-targets ${cargo_options[@]+"${cargo_options[@]}"}
    fi
    echo "check-elsewhere: the sources are right for $target, as far as can be seen here"
}

[ $# -gt 0 ] || set -- aarch64-apple-darwin x86_64-apple-darwin x86_64-pc-windows-gnu
scripts/dependencies.sh windows
for target in "$@"; do check; done
