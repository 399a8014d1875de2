#!/usr/bin/env bash
# debian12.sh FOLDER PACKAGE…: unpacks packages of Debian 12 into FOLDER, whatever system this is. PACKAGE may name an
# architecture: libc6:arm64.
#
# With apt's own tools, which check the signatures, but on lists and a cache of its own: no root is needed, the system
# learns of no other architecture, nothing is installed and nothing of it runs. Nothing happens when FOLDER holds these
# packages already.
set -euo pipefail

MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
ARCHITECTURES="amd64 arm64 armhf"

folder=$1
shift
[ "$(cat "$folder/.packages" 2>/dev/null)" != "$*" ] || exit 0

apt=${CARGO_TARGET_DIR:-target}/cross/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
apt=$(cd "$apt" && pwd)
echo "deb [arch=${ARCHITECTURES// /,} signed-by=$KEYRING] $MIRROR bookworm main" >"$apt/sources.list"
: >"$apt/status"
options=(-qq -o "Dir::State=$apt" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt"
    -o "Dir::Etc::SourceList=$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null -o APT::Sandbox::User=root)
for architecture in $ARCHITECTURES; do options+=(-o "APT::Architectures::=$architecture"); done

echo "Unpacking from Debian 12 into $folder: $*" >&2
apt-get "${options[@]}" update >&2
rm -rf "$folder" "$apt/packages"
mkdir -p "$folder" "$apt/packages"
(cd "$apt/packages" && apt-get "${options[@]}" download "$@" >&2)
for package in "$apt"/packages/*.deb; do dpkg-deb -x "$package" "$folder"; done
rm -rf "$apt/packages"
echo "$*" >"$folder/.packages"
