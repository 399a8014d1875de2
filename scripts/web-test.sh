#!/usr/bin/env bash
# The page in a real browser: tests/browser/*.test.js against the programs in BIN, with what it needs from npm in
# target/browser; `web-test.sh rooms` tries tests/browser/rooms.test.js alone. SHOTS=FOLDER takes the pictures of docs/,
# HOMEROOM_STATES=FOLDER one of each state. HOMEROOM_LATE_MS=400 brings what the server says late, and finds tests that don't wait. UPDATE_DOCS=1 writes the lesson in docs/classroom.md anew. Where npm's
# registry can't be had from here nothing is tried, and that is said; with WEB_TEST_WHOLE=1 it is a failure.
set -eu
cd "$(dirname "$0")/.."

NPM_SECONDS_MAX=120
TEST_SECONDS_MAX=300

target=${CARGO_TARGET_DIR:-$PWD/target}
for program in node npm; do
    command -v "$program" >/dev/null || { echo "there is no $program: apt install nodejs npm" >&2; exit 1; }
done
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$CHROMIUM" ] || { echo "there is no Chromium: apt install chromium, or say CHROMIUM=PROGRAM" >&2; exit 1; }

# Beside the modules, so that they are found.
mkdir -p "$target/browser"
cp tests/browser/package.json tests/browser/*.js "$target/browser/"
if ! (cd "$target/browser" && timeout "$NPM_SECONDS_MAX" npm install --silent --no-audit --no-fund); then
    echo "web-test: the page is NOT tried, https://registry.npmjs.org can't be had from here" >&2
    [ -z "${WEB_TEST_WHOLE:-}" ] || exit 1
    exit 0
fi
shots=${SHOTS:+$(cd "$SHOTS" && pwd)}
export CHROMIUM HOMEROOM_SHOTS=$shots
HOMEROOM_BINARIES=$(cd "${BIN:-target/release}" && pwd)
export HOMEROOM_BINARIES
[ "$#" -gt 0 ] || for test in tests/browser/*.test.js; do
    test=${test##*/}
    set -- "$@" "${test%.test.js}"
done
# In the foreground, a Ctrl-C reaches it, and it cleans up.
for name; do
    timeout --foreground "$TEST_SECONDS_MAX" node "$target/browser/$name.test.js"
done
