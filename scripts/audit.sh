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

# cargo-deny knows of no advisory about what comes from a folder. So what lies in vendor/ is looked up once more as the
# published crate of that name and version, among the crates that Cargo.lock has.
check_vendored() (
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    mkdir "$folder/src"
    : >"$folder/src/lib.rs"
    cp Cargo.lock deny.toml "$folder"
    {
        printf '[package]\nname = "vendored"\nversion = "0.0.0"\nedition = "2024"\npublish = false\n'
        printf 'license = "MIT"\n\n[dependencies]\n'
        for manifest in vendor/*/Cargo.toml; do
            name=$(sed -n 's/^name = "\(.*\)"$/\1/p' "$manifest" | head -n 1)
            version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$manifest" | head -n 1)
            printf '%s = { version = "=%s", default-features = false }\n' "$name" "$version"
        done
    } >"$folder/Cargo.toml"
    cd "$folder"
    if ! said=$(cargo metadata --format-version 1 2>&1 >/dev/null); then
        left_out "what lies in vendor/ is NOT looked up, the published crates can't be had from here" \
            "$(printf '%s\n' "$said" | head -n 1)"
        exit 0
    fi
    cargo deny check advisories
)

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
    cargo deny --locked check
    check_vendored
    exit 0
fi
cargo deny --locked check licenses bans sources
left_out "the advisories are NOT checked, https://github.com/RustSec/advisory-db can't be had from here" \
    "$(printf '%s\n' "$said" | grep -v '^ *$' | tail -n 1)"
