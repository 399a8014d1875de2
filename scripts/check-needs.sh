#!/usr/bin/env bash
# check-needs.sh PROGRAM…: what a program built for a Raspberry Pi needs there, and its size. Fails if that is a newer C
# library than Debian 12's, or any other library than the C library's own and, for the client, ALSA.
set -euo pipefail

GLIBC_MAX=${GLIBC_MAX:-2.36} # Debian 12, and Raspberry Pi OS that is made of it

status=0
complain() {
    echo "$1: $2" >&2
    status=1
}

for program in "$@"; do
    glibc=$(readelf --version-info -W "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
    glibc=${glibc#GLIBC_}
    libraries=$(readelf -d -W "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort)
    machine=$(readelf -h -W "$program" | sed -n 's/ *Machine: *//p')
    echo "$program: $machine, $(($(stat -c %s "$program") / 1024)) KiB, glibc $glibc, $(echo $libraries)"

    [ -n "$glibc" ] || complain "$program" "it doesn't say which C library it needs"
    [ "$(printf '%s\n' "$glibc" "$GLIBC_MAX" | sort -V | tail -n 1)" = "$GLIBC_MAX" ] ||
        complain "$program" "it needs glibc $glibc; at most $GLIBC_MAX is wanted"
    for library in $libraries; do
        case $library in
            libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libgcc_s.so.1 | ld-linux*) ;;
            libasound.so.2) [[ $program = *client ]] || complain "$program" "a server needs no sound: $library" ;;
            *) complain "$program" "it needs $library; build it in, as the feature 'vendored' does for OpenSSL" ;;
        esac
    done
done
exit $status
