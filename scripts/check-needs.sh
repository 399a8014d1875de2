#!/usr/bin/env bash
# check-needs.sh PROGRAM…: what a program built for another machine needs there, and its size. Fails if that is a newer C
# library than Debian 12's, or any library but those that every such machine has and, for the client, ALSA.
set -euo pipefail

GLIBC_MAX=${GLIBC_MAX:-2.36} # Debian 12, and Raspberry Pi OS that is made of it
# Of Windows itself. Not among them: the libraries of MinGW.
WINDOWS='advapi32|bcrypt|bcryptprimitives|combase|crypt32|gdi32|iphlpapi|kernel32|mmdevapi|msvcrt|ncrypt|netapi32|ntdll|ole32|oleaut32|propsys|secur32|shell32|user32|userenv|ws2_32|api-ms-win-[a-z0-9-]*'

status=0
complain() {
    echo "$1: $2" >&2
    status=1
}

# report PROGRAM WHAT…
report() {
    local program=$1
    shift
    echo "$program: $(($(stat -c %s "$program") / 1024)) KiB, $*"
}

check_linux() {
    local glibc libraries machine library
    glibc=$(readelf --version-info -W "$1" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -n 1)
    glibc=${glibc#GLIBC_}
    libraries=$(readelf -d -W "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort)
    machine=$(readelf -h -W "$1" | sed -n 's/ *Machine: *//p')
    # shellcheck disable=SC2086 # in one line
    report "$1" "$machine, glibc $glibc, needs" $libraries
    [ -n "$glibc" ] || complain "$1" "it doesn't say which C library it needs"
    [ "$(printf '%s\n' "$glibc" "$GLIBC_MAX" | sort -V | tail -n 1)" = "$GLIBC_MAX" ] ||
        complain "$1" "it needs glibc $glibc; at most $GLIBC_MAX is wanted"
    for library in $libraries; do
        case $library in
            libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | librt.so.1 | libgcc_s.so.1 | ld-linux*) ;;
            libasound.so.2) [[ $1 = *client ]] || complain "$1" "a server needs no sound: $library" ;;
            *) complain "$1" "it needs $library; build it in, as the feature 'vendored' does for OpenSSL" ;;
        esac
    done
}

check_windows() {
    local libraries library
    libraries=$(objdump -p "$1" | sed -n 's/.*DLL Name: \(.*\)\.dll/\1/Ip' | tr A-Z a-z | sort -u)
    # shellcheck disable=SC2086 # in one line
    report "$1" "needs" $libraries
    [ -n "$libraries" ] || complain "$1" "it doesn't say which libraries it needs"
    for library in $libraries; do
        [[ $library =~ ^($WINDOWS)$ ]] || complain "$1" "it needs $library.dll, which is no part of Windows"
    done
}

for program in "$@"; do
    if [[ $program = *.exe ]]; then check_windows "$program"; else check_linux "$program"; fi
done
exit $status
