#!/usr/bin/env bash
# Runs the smoke tests against programs built for a 64-bit Raspberry Pi, which QEMU runs here: the server's first start,
# login, say, whisper, shutdown; and a visit with the client. The other side of each is this machine's own build.
#
# PROFILE and PROGRAMS are as in cross.sh, which builds them first. FEATURES are those of the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

export PROFILE=${PROFILE:-release} PROGRAMS=${PROGRAMS:-server client}
target=aarch64-unknown-linux-gnu
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
built=$folder/$target/$PROFILE

scripts/dependencies.sh pi-test
scripts/cross.sh "$target"

# What the programs find as /lib: what they were linked with.
export QEMU_LD_PREFIX=$folder/cross/debian12-arm64

# smoke WHICH: its tests, with the foreign program in place of this machine's. None found is a failure.
smoke() {
    local which said
    which=$(tr a-z A-Z <<<"$1")
    said=$(env "HOMEROOM_TEST_$which=$built/homeroom-$1" "HOMEROOM_TEST_${which}_RUNNER=qemu-aarch64-static" \
        cargo test --locked ${FEATURES:-} --features fault-injection --test e2e -- "$1::smoke::" 2>&1) || {
        echo "$said" >&2
        exit 1
    }
    grep '^test ' <<<"$said"
    grep -q '^test result: ok. [1-9]' <<<"$said" || { echo "pi-test: there is no smoke test of the $1" >&2 && exit 1; }
}

for program in $PROGRAMS; do smoke "$program"; done
echo "pi-test: $PROGRAMS for $target did well under $(qemu-aarch64-static --version | head -n 1)"
