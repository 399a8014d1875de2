# Whether the files, functions, types and fields that documents name in backticks are in the sources. Input: a list of all
# paths, then the sources (*.rs), then the documents (*.md). What it looks at:
#
#     `src/sync.rs`, `sync.rs`, `metrics/`       a file of that path; one of that name anywhere; a folder anywhere
#     `lock()`                                   a function anywhere
#     `Gate::wait`, `Gate::wait()`               a method, field, variant or constant of a type
#     `faults::strike`                           something in a file or folder of ours of that name
#     `src/sync.rs`: `lock()`, `Gate::wait()`    in that file; also of types and constants: `src/protocol.rs`: `COMMANDS`
#     `src/sync.rs: lock`                        the same in short

function missing(what) {
    print FILENAME ":" FNR ": there is no " what
    failed = 1
}

function base(path) { sub(/.*\//, "", path); return path }

# The first list: paths.
FILENAME == "-" { paths[$0]; bases[base($0)]; next }

FNR == 1 { type = ""; context = ""; between = ""; inside = 0 }

# The sources, as rustfmt lays them out: what is in a block at the left margin has four blanks before it.
FILENAME ~ /\.rs$/ {
    if ($0 ~ /^ *\/\//) next
    if ($0 ~ /^[a-z]/ && $0 !~ /^where/) {
        type = ""
        header = $0
        sub(/^pub(\([^)]*\))? /, "", header)
        if (header ~ /^(struct|enum|trait|union|type) / || header ~ /^impl[ <]/) {
            if (header ~ /^impl/) {
                sub(/^impl(<[^>]*>)? /, "", header)
                sub(/^.* for /, "", header)
            } else {
                sub(/^[a-z]+ /, "", header)
                items[FILENAME, word(header)]
            }
            sub(/^([a-z_]+::)+/, "", header)
            type = word(header)
                }
    }
    item = $0
    sub(/^ +/, "", item)
    sub(/^pub(\([^)]*\))? /, "", item)
    sub(/^((const|async|default) )*fn /, "fn ", item)
    if (item ~ /^(fn|const|static|macro_rules!) /) {
        kind = item ~ /^fn/ ? "fn" : "item"
        sub(/^[a-z_!]+ (mut )?/, "", item)
        if (kind == "fn") { functions[word(item)]; functions[FILENAME, word(item)] }
        items[FILENAME, word(item)]
    }
    if ($0 ~ /^[a-z]/ || $0 ~ /^    [A-Za-z_]/) {
        module = FILENAME
        sub(/\.rs$/, "", module)
        do { of_module[base(module), word(item)] } while (sub(/\/[^\/]*$/, "", module))
    }
    if (type != "" && $0 ~ /^    [A-Za-z_]/) { members[type, word(item)]; members[FILENAME, type, word(item)] }
    next
}

function word(text) { match(text, /^[A-Za-z0-9_]*/); return substr(text, 1, RLENGTH) }

# The documents: what stands in backticks, and what stands between, which says whether a file's name still holds.
/^ *$/ { context = ""; between = ""; inside = 0; next }
{
    count = split($0, parts, "`")
    sub(/^ +/, "", parts[1])
    for (i = 1; i <= count; i++) {
        if (i > 1) inside = !inside
        if (!inside) between = (i == 1 ? between " " : "") parts[i]
        else if (i == count) continue
        else {
            if (between !~ /^[a-z ]*: $/ && between !~ /^,?( and| or| then)? $/) context = ""
            look(parts[i])
            between = ""
        }
    }
}

function look(name,    short, pieces, n) {
    if (name ~ /^[A-Za-z_\/]+\.rs: [A-Za-z_:()]+$/) {
        n = index(name, ": ")
        context = ""
        look(substr(name, 1, n - 1))
        name = substr(name, n + 2)
        if (context != "") named_in(context, name)
        context = ""
        return
    }
    if (name ~ /^(src|tests|docs|scripts|examples|benches|fuzz|packaging|sounds)\/[A-Za-z0-9_.\/-]*$/) {
        short = name
        sub(/\/$/, "", short)
        context = name ~ /\.rs$/ ? name : ""
        if (!(short in paths)) { missing(name); context = "" }
        return
    }
    if (name ~ /^[a-z0-9_]+(\.rs|\/)$/) {
        context = ""
        short = name
        sub(/\/$/, "", short)
        if (!(short in bases) && short != "target") missing(name)
        return
    }
    if (context != "") named_in(context, name)
    else named(name)
}

# What is named with its file before it.
function named_in(file, name,    short, pieces, n) {
    short = name
    sub(/\(\)$/, "", short)
    n = split(short, pieces, "::")
    if (short !~ /^[A-Za-z_][A-Za-z0-9_:]*$/ || n > 2) return
    if (n == 2 && (file, pieces[1], pieces[2]) in members) return
    if (n == 1 && name ~ /\(\)$/ && (file, short) in functions) return
    if (n == 1 && name !~ /\(\)$/ && (file, short) in items) return
    missing(name " in " file)
}

# What is named alone. A word alone may be anything, and so may a module that isn't ours.
function named(name,    short, pieces, n) {
    short = name
    sub(/\(\)$/, "", short)
    n = split(short, pieces, "::")
    if (short !~ /^[A-Za-z_][A-Za-z0-9_:]*$/ || n > 2) return
    if (n == 1 && (name !~ /\(\)$/ || short in functions)) return
    if (n == 2 && ((pieces[1], pieces[2]) in members || (pieces[1], pieces[2]) in of_module)) return
    if (n == 2 && pieces[1] !~ /^[A-Z]/ && !(pieces[1] in bases) && !((pieces[1] ".rs") in bases)) return
    missing(name)
}

END { exit failed }
