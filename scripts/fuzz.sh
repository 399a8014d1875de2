#!/bin/sh
# Fuzzes each target for MINUTES (10 unless given), one after the other; TARGETS="…" chooses some.
#
# What is found and is no crash goes to target/fuzz/corpus, so that fuzz/corpus stays small. A crash stops the
# run and lies in fuzz/artifacts: put it, minimised, into fuzz/corpus, and every test run repeats it.
set -eu
cd "$(dirname "$0")/.."

skip() {
    printf '%s\n' "make fuzz: skipped, $1." "    $2" >&2
    exit 0
}

command -v rustup >/dev/null 2>&1 || skip "there is no rustup to choose a nightly compiler with" "See https://rustup.rs"
cargo +nightly --version >/dev/null 2>&1 || skip "there is no nightly compiler" "rustup toolchain install nightly"
cargo +nightly fuzz --version >/dev/null 2>&1 || skip "there is no cargo-fuzz" "cargo install --locked cargo-fuzz"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/fuzz"
seconds=$((${MINUTES:-10} * 60))
: "${TARGETS:=$(cargo +nightly fuzz list)}"

# Without a sanitizer: the code has no `unsafe` of its own, and is fuzzed twice as fast.
cargo +nightly fuzz build --sanitizer none
for target in $TARGETS; do
    found=$CARGO_TARGET_DIR/corpus/$target
    mkdir -p "$found"
    set -- "-max_total_time=$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
    [ ! -e "fuzz/dictionaries/$target.dict" ] || set -- "$@" "-dict=fuzz/dictionaries/$target.dict"
    printf '\n== %s, %s s\n' "$target" "$seconds"
    cargo +nightly fuzz run --sanitizer none "$target" "$found" "fuzz/corpus/$target" -- "$@"
done
