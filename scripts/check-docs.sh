#!/bin/sh
# The documents name things in the code. Fails where one of them isn't there any more.
# shellcheck disable=SC2013,SC2016 # the words looked for have no blanks, and backticks are meant
set -eu
cd "$(dirname "$0")/.."

status=0
missing() {
    echo "$1: $2" >&2
    status=1
}

# SECURITY.md's table of promises: the files that keep them and the tests that show them.
promises=$(sed -n '/^| promise /,/^$/p' SECURITY.md)
for path in $(echo "$promises" | awk -F '|' '{ print $4 }' | grep -oE '[a-z_/]+(\.rs|/)' | sort -u); do
    [ -e "src/$path" ] || missing SECURITY.md "there is no src/$path"
done
for test in $(echo "$promises" | awk -F '|' '{ print $5 }' | grep -oE '`[a-z0-9_]+`' | tr -d '`' | sort -u); do
    grep -rqE "fn $test\(" src tests || missing SECURITY.md "there is no test $test"
done

# Links to other files.
for document in *.md docs/*.md sounds/*.md; do
    for link in $(grep -oE '\]\([^)#:]+\)' "$document" | sed 's/^](//; s/)$//'); do
        [ -e "$(dirname "$document")/$link" ] || missing "$document" "there is no $link"
    done
done

# What the packages take from here.
for file in $(sed -n '/^\[package.metadata.deb/,/^\[lints/s/^    \["\([^"]*\)".*/\1/p' Cargo.toml); do
    case $file in target/*) continue ;; esac
    [ -e "$file" ] || missing Cargo.toml "there is no $file for the packages"
done

# The commands and options that people are told of. (--help and --version come from clap.)
for command in $(grep -oE 'command\($|command\("/[a-z]+|^ *"/[a-z]+ ' src/protocol/commands.rs | grep -oE '/[a-z]+' | sort -u); do
    grep -q "$command" README.md || missing README.md "$command is not described"
done
for option in $(grep -ohE '`--[a-z-]+' README.md SECURITY.md PROTOCOL.md | tr -d '`' | sort -u); do
    case $option in --help | --version) continue ;; esac
    name=$(echo "${option#--}" | tr - _)
    grep -rqE "\b$name:" src/server/args.rs src/client/settings/args.rs || missing "the documents" "there is no option $option"
done
exit $status
