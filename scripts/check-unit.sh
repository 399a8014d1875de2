#!/usr/bin/env bash
# What systemd itself says about the server's unit: no mistakes, and at most 1.5 exposed of 10; and that it starts once the
# time is set. Says so and does nothing more where there is no systemd 250 or newer.
set -euo pipefail
cd "$(dirname "$0")/.."

EXPOSURE_MAX=1.5
unit=packaging/systemd/homeroom-server.service

# A machine without a clock of its own gets the time before the server starts.
grep -q '^After=time-sync.target$' "$unit" || { echo "check-unit: $unit must start after time-sync.target" >&2; exit 1; }

if ! systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
    echo 'check-unit: not checked, there is no systemd-analyze 250 or newer here'
    exit 0
fi

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
# The program and its page needn't be installed for the unit to be right.
sed 's|/usr/bin/homeroom-server|/bin/true|; /^Documentation=/d' "$unit" >"$here/homeroom-server.service"
said=$(systemd-analyze verify --man=no "$here/homeroom-server.service" 2>&1) || { echo "$said" >&2; exit 1; }
# It warns of what it doesn't know and ends well.
if grep -F homeroom-server.service <<<"$said" >&2; then exit 1; fi

exposure=$(systemd-analyze security --offline=true "$unit" | sed -n 's/.*exposure level for [^ ]*: \([0-9.]*\).*/\1/p')
echo "check-unit: systemd finds no mistake; exposure $exposure of 10"
awk -v exposure="$exposure" -v max="$EXPOSURE_MAX" 'BEGIN { exit !(exposure != "" && exposure <= max) }' ||
    { echo "check-unit: at most $EXPOSURE_MAX is wanted" >&2; exit 1; }
