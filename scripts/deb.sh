#!/usr/bin/env bash
# Makes the Debian packages of both programs, target/debian/homeroom-server_VERSION-1_ARCH.deb and homeroom-client_…, with
# cargo-deb, which is installed into target/tools. What is in them stands in Cargo.toml and packaging/deb.
#
# The programs take OpenSSL from the system. So its security updates come with the system's own, without a new package of
# ours; every release since Debian 12 and Ubuntu 22.04 has OpenSSL 3.
#
# VERSION in the environment says another version than Cargo.toml's, such as 0.1.0-2.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_DEB=3.8.0 # the newest that Rust 1.85 builds

cargo=${CARGO:-cargo}
tools=$PWD/target/tools
parts=$PWD/target/deb

if [ "$("$tools/bin/cargo-deb" --version 2>/dev/null)" != "$CARGO_DEB" ]; then
    "$cargo" install cargo-deb --quiet --locked --version "$CARGO_DEB" --root "$tools" --target-dir "$tools/build"
    rm -rf "$tools/build"
fi

# The same sources make the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)
export SOURCE_DATE_EPOCH

version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)-1}
# As Debian's tools have it: whoever builds a package answers for it.
maintainer="${DEBFULLNAME:-$(git config user.name || echo 'The homeroom authors')}"
maintainer+=" <${DEBEMAIL:-$(git config user.email || echo "root@$(uname -n)")}>"

rm -rf "$parts"
mkdir -p "$parts"
"$cargo" run --quiet --locked --example manual -- man "$parts/man" >"$parts/list"
"$cargo" run --quiet --locked --example manual -- completions "$parts/completions" >>"$parts/list"
for package in homeroom-server homeroom-client; do
    cat >"$parts/$package.changelog" <<END
$package ($version) stable; urgency=medium

  * What is new stands in changelog.gz.

 -- $maintainer  $(date --utc --rfc-email --date "@$SOURCE_DATE_EPOCH")
END
done

"$cargo" build --release --locked
for variant in server client; do
    PATH=$tools/bin:$PATH "$cargo" deb --quiet --no-build --locked --variant "$variant" \
        --deb-version "$version" --maintainer "$maintainer"
done
