#!/bin/sh
# Sees to it that what the build needs is there: Rust, a C compiler, pkg-config, OpenSSL's and ALSA's headers.
#
# Where apt is the package manager (Debian, Ubuntu, Raspberry Pi OS) missing packages are installed, through
# sudo where this isn't root. Elsewhere they are named. Nothing happens when nothing is missing.
# FEATURES=--no-default-features in the environment means a client without sound, which needs no ALSA. With the
# argument `test`, what the tests call is wanted too; with `deb`, `deb-test`, `pi`, `pi32`, `pi-test`, `web-test`,
# `windows` or `windows-test`, what those of make do.
set -eu

RUST_MIN_MINOR=85 # 1.85, the `rust-version` of Cargo.toml

say() { printf '%s\n' "$*" >&2; }
has() { command -v "$1" >/dev/null 2>&1; }

how_to_get_rust() {
    say "Get it from https://rustup.rs:"
    say "    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    say "On a Mac, 'brew install rust' is as good. With rustup already there, 'rustup update stable' is enough."
    say "Then open a new terminal and try again."
}

check_rust() {
    if ! has cargo || ! version=$(cargo --version 2>/dev/null); then
        say "homeroom is built with Rust 1.$RUST_MIN_MINOR or newer, and there is no working cargo here."
        how_to_get_rust
        exit 1
    fi
    number=${version#cargo } # "cargo 1.85.0 (…)"
    number=${number%%[!0-9.]*}
    major=${number%%.*}
    minor=${number#*.}
    minor=${minor%%.*}
    if [ "${major:-0}" -eq 1 ] && [ "${minor:-0}" -lt "$RUST_MIN_MINOR" ] || [ "${major:-0}" -lt 1 ]; then
        say "homeroom is built with Rust 1.$RUST_MIN_MINOR or newer; this is $version."
        how_to_get_rust
        exit 1
    fi
}

wants_sound() {
    case " ${FEATURES:-} " in
        *" --no-default-features "*) return 1 ;;
        *) return 0 ;;
    esac
}

# What is missing, as Debian calls it. One word each. With an argument, for that too.
missing_packages() {
    # A compiler without the C library's headers links nothing.
    has cc || echo gcc
    has cc && echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1 || echo libc6-dev
    has pkg-config || echo pkg-config
    case ${1:-} in
        pi)
            has aarch64-linux-gnu-gcc || echo gcc-aarch64-linux-gnu
            missing_for_cross_building
            return
            ;;
        pi32)
            has arm-linux-gnueabihf-gcc || echo gcc-arm-linux-gnueabihf
            missing_for_cross_building
            return
            ;;
        windows)
            has x86_64-w64-mingw32-gcc || echo gcc-mingw-w64-x86-64
            missing_for_cross_building
            return
            ;;
        windows-test) [ -x /usr/lib/wine/wine64 ] || echo wine64 ;;
        web-test)
            has node || echo nodejs
            has npm || echo npm
            has chromium || has chromium-browser || has google-chrome || echo chromium
            ;;
        pi-test) has qemu-aarch64-static || echo qemu-user-static ;;
        test)
            has script || echo bsdutils
            has ip || echo iproute2
            has faketime || echo faketime
            has strace || echo strace
            has python3 || echo python3
            [ -x /bin/kill ] || [ -x /usr/bin/kill ] || echo procps
            ;;
        deb) has dpkg-shlibdeps || echo dpkg-dev ;;
        deb-test)
            [ -x /usr/sbin/debootstrap ] || echo debootstrap
            has systemd-nspawn || echo systemd-container
            ;;
    esac
    has pkg-config && pkg-config --exists openssl || echo libssl-dev
    if wants_sound; then
        has pkg-config && pkg-config --exists alsa || echo libasound2-dev
    fi
}

# Packages of Debian 12 are unpacked, and OpenSSL is built from source.
missing_for_cross_building() {
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
    has perl || echo perl
    has make || echo make
}

say_how_to_be_silent() {
    if wants_sound; then
        say "If it is only ALSA that can't be had: 'make run FEATURES=--no-default-features' builds a client without sound."
    fi
}

install_with_apt() {
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
        if ! has sudo; then
            say "Missing: $*. There is no sudo here, so as root:"
            say "    apt-get install $*"
            say_how_to_be_silent
            exit 1
        fi
        as_root=sudo
    fi
    say "Installing what the build needs: $*"
    apt_install="$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends"
    # The first try saves the download of the package lists where they are there and current.
    # shellcheck disable=SC2086 # several words on purpose
    $apt_install "$@" >&2 && return
    say "Fetching the package lists first."
    $as_root apt-get update -qq >&2 || true
    # shellcheck disable=SC2086
    if ! $apt_install "$@" >&2; then
        say "These packages could not be installed: $*"
        say_how_to_be_silent
        exit 1
    fi
}

# What is missing ($@, Debian's names), as other systems call it.
name_packages() {
    dnf='' pacman='' apk='' zypper=''
    for package in "$@"; do
        case $package in
            gcc) dnf="$dnf gcc" pacman="$pacman gcc" apk="$apk gcc" zypper="$zypper gcc" ;;
            libc6-dev) dnf="$dnf glibc-devel" pacman="$pacman glibc" apk="$apk musl-dev" zypper="$zypper glibc-devel" ;;
            python3) dnf="$dnf python3" pacman="$pacman python" apk="$apk python3" zypper="$zypper python3" ;;
            strace) dnf="$dnf strace" pacman="$pacman strace" apk="$apk strace" zypper="$zypper strace" ;;
            faketime)
                dnf="$dnf libfaketime" pacman="$pacman libfaketime" apk="$apk libfaketime" zypper="$zypper libfaketime" ;;
            iproute2) dnf="$dnf iproute" pacman="$pacman iproute2" apk="$apk iproute2" zypper="$zypper iproute2" ;;
            bsdutils | procps)
                dnf="$dnf util-linux" pacman="$pacman util-linux" apk="$apk util-linux" zypper="$zypper util-linux" ;;
            pkg-config)
                dnf="$dnf pkgconf-pkg-config" pacman="$pacman pkgconf" apk="$apk pkgconf" zypper="$zypper pkgconf-pkg-config" ;;
            libssl-dev)
                dnf="$dnf openssl-devel" pacman="$pacman openssl" apk="$apk openssl-dev" zypper="$zypper libopenssl-devel" ;;
            libasound2-dev)
                dnf="$dnf alsa-lib-devel" pacman="$pacman alsa-lib" apk="$apk alsa-lib-dev" zypper="$zypper alsa-devel" ;;
        esac
    done
    say "The build needs what Debian calls: $*"
    say "    Fedora:     sudo dnf install$dnf"
    say "    Arch:       sudo pacman -S --needed$pacman"
    say "    openSUSE:   sudo zypper install$zypper"
    say "    Alpine:     sudo apk add$apk"
    say_how_to_be_silent
    exit 1
}

check_macos() {
    # TLS and sound are part of the system there; only a compiler is wanted.
    if ! xcode-select -p >/dev/null 2>&1 && ! has cc; then
        say "The build needs Apple's command line tools, and nothing from Homebrew:"
        say "    xcode-select --install"
        exit 1
    fi
}

check_rust
if [ "$(uname -s)" = Darwin ]; then
    check_macos
    exit 0
fi
# shellcheck disable=SC2046 # one word a package
set -- $(missing_packages "$@")
[ $# -gt 0 ] || exit 0
if has apt-get; then
    install_with_apt "$@"
else
    name_packages "$@"
fi
