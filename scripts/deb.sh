#!/usr/bin/env bash
# deb.sh [ARCHITECTURE]: makes the Debian packages of both programs, target/debian/homeroom-server_VERSION-1_ARCHITECTURE.deb
# and homeroom-client_…, with cargo-deb, which is installed into target/tools. What is in them stands in Cargo.toml and
# packaging/deb.
#
# For the machine's own architecture the programs take OpenSSL from the system. So its security updates come with the
# system's own, without a new package of ours; every release since Debian 12 and Ubuntu 22.04 has OpenSSL 3. For arm64 and
# armhf elsewhere they are those of `make pi` and `make pi32`, with OpenSSL built in, which needs a new package then.
#
# VERSION in the environment says another version than Cargo.toml's, such as 0.1.0-2.
set -euo pipefail
cd "$(dirname "$0")/.."

CARGO_DEB=3.8.0 # the newest that Rust 1.85 builds

own=$(dpkg --print-architecture)
architecture=${1:-$own}
case $architecture in
    "$own") target='' ;;
    arm64) target=aarch64-unknown-linux-gnu ;;
    armhf) target=armv7-unknown-linux-gnueabihf ;;
    *) echo "deb.sh: packages are made for $own, arm64 and armhf, not for '$architecture'" >&2 && exit 2 ;;
esac

cargo=${CARGO:-cargo}
tools=$PWD/target/tools
parts=$PWD/target/deb

if [ "$("$tools/bin/cargo-deb" --version 2>/dev/null)" != "cargo-deb $CARGO_DEB" ]; then
    "$cargo" install cargo-deb --quiet --locked --version "$CARGO_DEB" --root "$tools" --target-dir "$tools/build"
    rm -rf "$tools/build"
fi

# The same sources make the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)
export SOURCE_DATE_EPOCH

version=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)-1}
# As Debian's tools have it: whoever builds a package answers for it.
maintainer="${DEBFULLNAME:-$(git config user.name 2>/dev/null || echo 'The homeroom authors')}"
maintainer+=" <${DEBEMAIL:-$(git config user.email 2>/dev/null || echo "root@$(uname -n)")}>"

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

if [ -z "$target" ]; then
    "$cargo" build --release --locked
else
    scripts/cross.sh "$target"
    # Which packages a program needs, dpkg-shlibdeps finds out only where they are installed. scripts/check-needs.sh has
    # seen to it that there are no more than these.
    mkdir "$parts/bin"
    cat >"$parts/bin/dpkg-shlibdeps" <<'END'
#!/bin/sh
for program; do :; done
libc=$(readelf --version-info -W "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
sound=$(readelf -d -W "$program" | grep -q libasound && echo ', libasound2')
echo "shlibs:Depends=libc6 (>= ${libc#GLIBC_})$sound"
END
    chmod +x "$parts/bin/dpkg-shlibdeps"
fi
for variant in server client; do
    PATH=$parts/bin:$tools/bin:$PATH "$cargo" deb --quiet --no-build --no-strip --locked --variant "$variant" \
        ${target:+--target "$target"} --deb-version "$version" --maintainer "$maintainer" --output target/debian/
done
