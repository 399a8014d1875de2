#!/usr/bin/env bash
# The page in a real browser: tests/browser/page.test.js with what it needs, in target/browser. SHOTS=FOLDER takes pictures.
set -eu
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
for program in node npm; do
    command -v "$program" >/dev/null || { echo "there is no $program: apt install nodejs npm" >&2; exit 1; }
done
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$CHROMIUM" ] || { echo "there is no Chromium: apt install chromium, or say CHROMIUM=PROGRAM" >&2; exit 1; }

# Beside the modules, so that they are found.
mkdir -p "$target/browser"
cp tests/browser/package.json tests/browser/page.test.js "$target/browser/"
(cd "$target/browser" && npm install --silent --no-audit --no-fund)
shots=${SHOTS:+$(cd "$SHOTS" && pwd)}
CHROMIUM=$CHROMIUM HOMEROOM_BINARIES=${HOMEROOM_BINARIES:-$target/debug} HOMEROOM_SHOTS=$shots \
    timeout 300 node "$target/browser/page.test.js"
