#!/bin/sh
# The documents name things in the code. Fails where one of them isn't there any more.
# shellcheck disable=SC2013,SC2016 # the words looked for have no blanks, and backticks are meant
set -eu
cd "$(dirname "$0")/.."

# What the documents given say of the sources and isn't there, a line each.
check_names() {
    # shellcheck disable=SC2046
    find . \( -name target -o -name .git -o -name vendor \) -prune -o -print | sed 's,^\./,,' |
        awk -f scripts/check-names.awk - $(find src tests examples benches fuzz -name target -prune -o -name '*.rs' -print) "$@"
}

# Whether that finds what is wrong in a document, and nothing else.
if [ "${1-}" = --self-test ]; then
    broken=$(mktemp -d)
    trap 'rm -r "$broken"' EXIT
    cat >"$broken/broken.md" <<'END'
All is well: `src/lib.rs`, `src/sync.rs`: `lock()`, `src/sync.rs: lock`, `Secret::expose`, `std::net`, `lock()`, `tests/`.
Gone: `src/nowhere.rs`, then `nowhere.rs`.
Elsewhere: `src/lib.rs`: `lock()`; not in a list of two either, `src/sync.rs`: `lock()`,
`nothing_of_that_name()`.
`src/sync.rs: nothing_of_that_name`, `nothing_of_that_name()`, `Secret::nothing_of_that_name`
END
    cat >"$broken/expected" <<'END'
broken.md:2: there is no src/nowhere.rs
broken.md:2: there is no nowhere.rs
broken.md:3: there is no lock() in src/lib.rs
broken.md:4: there is no nothing_of_that_name() in src/sync.rs
broken.md:5: there is no nothing_of_that_name in src/sync.rs
broken.md:5: there is no nothing_of_that_name()
broken.md:5: there is no Secret::nothing_of_that_name
END
    ! check_names "$broken/broken.md" >"$broken/found" || { echo "a broken document passes" >&2 && exit 1; }
    sed "s,^$broken/,," "$broken/found" | diff "$broken/expected" -
    exit
fi

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

# What the maps of the code name.
maps=""
for document in ARCHITECTURE.md CONTRIBUTING.md docs/tour.md; do
    [ ! -e "$document" ] || maps="$maps $document"
done
# shellcheck disable=SC2086
check_names $maps >&2 || status=1

# Links to other files, and to headings: a heading's anchor is its words, small, with - between.
for document in *.md docs/*.md sounds/*.md; do
    for link in $(grep -oE '\]\([^):]+\)' "$document" | sed 's/^](//; s/)$//'); do
        file=$(dirname "$document")/${link%%#*}
        case $link in '#'*) file=$document ;; esac
        [ -e "$file" ] || missing "$document" "there is no $link"
        case $link in *'#'*) ;; *) continue ;; esac
        grep '^##* ' "$file" | tr '[:upper:]' '[:lower:]' | sed "s/^#* //; s/[^a-z0-9 _-]//g; s/ /-/g" |
            grep -qxF -e "${link#*#}" || missing "$document" "there is no heading for $link"
    done
done

# Every page is told of in the README, and leads back to it.
for page in docs/*.md; do
    grep -qF "]($page)" README.md || missing README.md "$page is not told of"
    grep -qF '](../README.md' "$page" || missing "$page" "there is no way back to the README"
done

# What the packages take from here.
for file in $(sed -n '/^\[package.metadata.deb/,/^\[lints/s/^    \["\([^"]*\)".*/\1/p' Cargo.toml); do
    case $file in target/*) continue ;; esac
    [ -e "$file" ] || missing Cargo.toml "there is no $file for the packages"
done

# The commands and options that people are told of. (--help and --version come from clap.)
for command in $(grep -rhoE --include='*.rs' '\<command\("/[a-z]+|^ {8}"/[a-z]+ ' src | grep -oE '/[a-z]+' | sort -u); do
    grep -qE "$command\>" docs/commands.md || missing docs/commands.md "$command is not described"
done
pages="README.md SECURITY.md PROTOCOL.md"
for page in client coming-back commands files plain settings trust; do pages="$pages docs/$page.md"; done
# shellcheck disable=SC2086
for option in $(grep -ohE '`--[a-z-]+' $pages | tr -d '`' | sort -u); do
    case $option in --help | --version) continue ;; esac
    name=$(echo "${option#--}" | tr - _)
    grep -rqE --include=args.rs "\b$name:" src || missing "the documents" "there is no option $option"
done
exit $status
