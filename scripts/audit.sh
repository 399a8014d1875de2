#!/bin/sh
# The dependencies: advisories about them, their licences and sources, and crates that are not wanted (deny.toml).
#
# The advisories are a git repository on GitHub. Where it can't be had, all else is checked and that is said: only what is
# found is a failure. With AUDIT_WHOLE=1, as in .github/workflows, it is one too when anything is left out.
set -eu
cd "$(dirname "$0")/.."

FETCH_SECONDS_MAX=60

left_out() {
    printf '%s\n' "audit: $1." "    $2" >&2
    [ -z "${AUDIT_WHOLE:-}" ] || exit 1
}

if ! cargo deny --version >/dev/null 2>&1; then
    left_out 'nothing is checked, there is no cargo-deny here' 'cargo install --locked cargo-deny'
    exit 0
fi

if ! said=$(cargo metadata --locked --all-features --format-version 1 2>&1 >/dev/null); then
    left_out "nothing is checked, not every crate can be had from here" "$(printf '%s\n' "$said" | head -n 1)"
    exit 0
fi

# A network that swallows what is sent would be waited for.
limit=''
if command -v timeout >/dev/null 2>&1; then limit="timeout $FETCH_SECONDS_MAX"; fi
# shellcheck disable=SC2086 # two words
if said=$($limit cargo deny fetch db 2>&1); then
    exec cargo deny --locked check
fi
cargo deny --locked check licenses bans sources
left_out "the advisories are NOT checked, https://github.com/RustSec/advisory-db can't be had from here" \
    "$(printf '%s\n' "$said" | grep -v '^ *$' | tail -n 1)"
