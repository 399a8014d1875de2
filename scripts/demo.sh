#!/usr/bin/env bash
# Two people chat and whisper through a server of their own, over real TLS. Prints what each of them saw, stops
# everything it started, and fails if an expected line doesn't come.
#
# BIN is the folder of the two programs. Nothing outside a temporary folder is touched.
set -euo pipefail

BIN=${BIN:-target/release}
WAIT_SECONDS=30

here=$(mktemp -d)

clean_up() {
    for pid in $(jobs -pr); do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$here"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
trap '' PIPE # a client that is gone is told by fail()

fail() {
    printf 'demo: %s\n' "$1" >&2
    tail -n 30 "$here"/*.out "$here"/*.err >&2 || true
    exit 1
}

# wait_for FILE PATTERN: until FILE has a line that matches the extended regular expression.
wait_for() {
    local deadline=$((SECONDS + WAIT_SECONDS))
    until grep -Eq -- "$2" "$here/$1" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$1 has no line that matches '$2' after $WAIT_SECONDS s"
        sleep 0.05
    done
}

# ends_well PID WHO: it ends by itself, with exit status 0.
ends_well() {
    local deadline=$((SECONDS + WAIT_SECONDS)) status=0
    while kill -0 "$1" 2>/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$2 does not end"
        sleep 0.05
    done
    wait "$1" || status=$?
    [ "$status" -eq 0 ] || fail "$2 ended with exit status $status"
}

password() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# enter NAME PASSWORD: a client with its standard input from a pipe that types() writes to.
enter() {
    mkfifo "$here/$1.in"
    HOMEROOM_PASSWORD=$2 "$BIN/homeroom-client" "$link" --user "$1" --plain --no-sound \
        <"$here/$1.in" >"$here/$1.out" 2>"$here/$1.err" &
    entered=$!
}

# types WHO TEXT
types() {
    case $1 in
        bob) echo "$2" >&3 ;;
        ada) echo "$2" >&4 ;;
    esac 2>/dev/null || fail "$1 is gone"
}

show() {
    printf '\n%s saw:\n' "$1"
    sed 's/^/    /' "$here/$1.out"
}

ada_password=$(password)
bob_password=$(password)
printf 'ada,%s,admin\nbob,%s\n' "$ada_password" "$bob_password" >"$here/class.csv"
mkdir "$here/data"
"$BIN/homeroom-server" --data-dir "$here/data" user import "$here/class.csv"

"$BIN/homeroom-server" --data-dir "$here/data" --listen 127.0.0.1:0 >"$here/server.out" 2>"$here/server.err" &
server=$!
wait_for server.out '^ready$'
link=$(sed -n 's/^ *homeroom-client //p' "$here/server.out" | head -n 1)
echo "both join with: homeroom-client $link"

enter bob "$bob_password"
bob=$entered
exec 3>"$here/bob.in"
wait_for server.err 'bob logged in'
enter ada "$ada_password"
ada=$entered
exec 4>"$here/ada.in"
wait_for bob.out 'ada'

types ada 'Good morning, bob.'
wait_for bob.out 'ada.*Good morning, bob\.'
types bob 'Good morning, ada!'
wait_for ada.out 'bob.*Good morning, ada!'
types ada '/msg bob the key is under the mat'
wait_for bob.out 'ada.*the key is under the mat'
types bob '/w ada found it, thank you'
wait_for ada.out 'bob.*found it, thank you'
types bob '/logout'
exec 3>&-
ends_well "$bob" bob
wait_for ada.out 'bob.*(left|logout|logged out)'
types ada '/shutdown'
exec 4>&-
ends_well "$ada" ada
ends_well "$server" 'the server'

show ada
show bob
echo
echo 'demo: all went well, and everything is stopped'
