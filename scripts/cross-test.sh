#!/usr/bin/env bash
# cross-test.sh TARGET: runs the smoke tests against programs built for another machine, which QEMU or Wine runs here: the
# server's first start, login, say, whisper, shutdown; and a visit with the client, who also refuses a changed certificate.
# The other side of each is this machine's own build.
#
# PROFILE and PROGRAMS are as in cross.sh, which builds them first. FEATURES are those of the tests. For Windows it's the
# client alone unless asked for: Wine 8 can't read the server's key, which is one of an elliptic curve.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$1
case $target in
    *windows*) default=client ;;
    *) default='server client' ;;
esac
export PROFILE=${PROFILE:-release} PROGRAMS=${PROGRAMS:-$default}
folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
built=$folder/$target/$PROFILE

# What the programs find as /lib under QEMU is what they were linked with.
use_qemu() {
    scripts/dependencies.sh pi-test
    runner=$1 suffix=''
    export QEMU_LD_PREFIX=$folder/cross/debian12-$2
    emulator=$("$runner" --version | head -n 1)
}

# A Windows of its own, and a folder with what Wine 8 lacks beside the programs.
use_wine() {
    scripts/dependencies.sh windows-test
    local here=$folder/cross/wine
    runner=$here/run suffix=.exe
    export WINEPREFIX=$here/windows WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
    mkdir -p "$here"
    local wine=/usr/lib/wine/wine64 # not in the PATH on Debian
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$wine" >"$runner"
    chmod +x "$runner"
    x86_64-w64-mingw32-gcc -shared -O1 -o "$here/bcryptprimitives.dll" scripts/bcryptprimitives.c -ladvapi32
    for program in $PROGRAMS; do cp "$built/homeroom-$program.exe" "$here/"; done
    built=$here
    # Setting up takes longer than a test waits. The server of this prefix stays for the tests, and no longer.
    trap '/usr/lib/wine/wineserver -k || true' EXIT
    timeout 120 "$wine" wineboot --init >/dev/null 2>&1 || { echo "cross-test: Wine can't be set up" >&2 && exit 1; }
    emulator=$("$wine" --version)
}

# smoke PROGRAM: its tests, with the foreign program in place of this machine's. None found is a failure.
smoke() {
    local which said
    which=$(tr a-z A-Z <<<"$1")
    # shellcheck disable=SC2086 # several words on purpose
    said=$(env "HOMEROOM_TEST_$which=$built/homeroom-$1$suffix" "HOMEROOM_TEST_${which}_RUNNER=$runner" \
        cargo test --locked ${FEATURES:-} --features fault-injection --test e2e -- "$1::smoke::" 2>&1) || {
        echo "$said" >&2
        exit 1
    }
    grep '^test ' <<<"$said"
    grep -q '^test result: ok. [1-9]' <<<"$said" || { echo "cross-test: there is no smoke test of the $1" >&2 && exit 1; }
}

scripts/cross.sh "$target"
case $target in
    aarch64-*) use_qemu qemu-aarch64-static arm64 ;;
    armv7-*) use_qemu qemu-arm-static armhf ;;
    *windows*) use_wine ;;
esac
for program in $PROGRAMS; do smoke "$program"; done
echo "cross-test: $PROGRAMS for $target did well under $emulator"
