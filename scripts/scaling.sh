#!/usr/bin/env bash
# Measures CPU a delivery and memory a client against the number of clients, homeroom's beside ngIRCd's and
# InspIRCd's where those are installed, all under the same load generator. Prints JSON for scripts/plot.py.
#
# BENCH is the folder of the load generator (a Cargo package whose program `loadgen` speaks our protocol and IRC's),
# SERVER the homeroom-server to measure, CLIENTS the numbers of clients. InspIRCd takes about a second for sixteen
# logins, so it gets at most INSPIRCD_CLIENTS_MAX.
#
#     make build && scripts/scaling.sh >docs/scaling.json && scripts/plot.py docs/scaling.json >docs/performance.svg
set -euo pipefail

BENCH=${BENCH:-../shared/bench}
SERVER=${SERVER:-${CARGO_TARGET_DIR:-target}/release/homeroom-server}
BENCH_TARGET_DIR=${BENCH_TARGET_DIR:-${CARGO_TARGET_DIR:-target}/loadgen}
CLIENTS=${CLIENTS:-100 300 1000 3000 5000}
INSPIRCD_CLIENTS_MAX=${INSPIRCD_CLIENTS_MAX:-1000}
# In the busy room of each step: so many that the first rounds, which find cold caches, are few with 5,000 clients too.
DELIVERIES=${DELIVERIES:-2000000}
START_SECONDS=30
PASSWORD=made-for-the-bench

here=$(mktemp -d)
server_pid=

clean_up() {
    if [ -n "$server_pid" ]; then
        kill "$server_pid" 2>/dev/null || true
        wait "$server_pid" 2>/dev/null || true
    fi
    rm -rf "$here"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf 'scaling: %s\n' "$1" >&2; }

# free_port: one that nobody listens on now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for_port PORT
wait_for_port() {
    local deadline=$((SECONDS + START_SECONDS))
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        kill -0 "$server_pid" 2>/dev/null && [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

stop_server() {
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

start_homeroom() { # CLIENTS PORT
    local data=$here/data
    rm -rf "$data"
    mkdir "$data"
    seq 0 $(($1 - 1)) | sed "s/.*/u&,$PASSWORD/" >"$here/users.csv"
    "$SERVER" --data-dir "$data" --hash-rounds 1000 user import "$here/users.csv" >/dev/null 2>&1
    "$SERVER" --data-dir "$data" --listen "127.0.0.1:$2" --hash-rounds 1000 --message-rate off \
        --max-strangers 2000 --max-strangers-per-address 2000 >/dev/null 2>"$here/homeroom.log" &
    server_pid=$!
}

start_ngircd() { # CLIENTS PORT
    cat >"$here/ngircd.conf" <<X
[Global]
Name = irc.local
Info = bench
AdminInfo1 = bench
ServerUID = irc
ServerGID = irc
Listen = 127.0.0.1
[Limits]
MaxConnections = 20000
MaxConnectionsIP = 20000
MaxPenaltyTime = 0
PingTimeout = 600
PongTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = $here/cert.pem
KeyFile = $here/key.pem
Ports = $2
X
    ngircd -n -f "$here/ngircd.conf" >/dev/null 2>&1 &
    server_pid=$!
}

start_inspircd() { # CLIENTS PORT
    cat >"$here/inspircd.conf" <<X
<config format="xml">
<server name="irc.local" description="bench" network="Bench">
<admin name="bench" nick="bench" email="bench@localhost.invalid">
<bind address="127.0.0.1" port="$2" type="clients" sslprofile="bench">
<module name="ssl_gnutls">
<sslprofile name="bench" provider="gnutls" certfile="$here/cert.pem" keyfile="$here/key.pem" hash="sha256">
<connect name="bench" allow="*" timeout="600" pingfreq="600" hardsendq="100M" softsendq="100M" recvq="1M"
    threshold="100000" commandrate="1000000" fakelag="no" localmax="20000" globalmax="20000" limit="20000"
    resolvehostnames="no" useident="no">
<performance netbuffersize="10240" somaxconn="4096" softlimit="20000" quietbursts="yes">
<log method="file" type="*" level="none" target="/dev/null">
<pid file="$here/inspircd.pid">
X
    inspircd --config "$here/inspircd.conf" --runasroot --nofork >/dev/null 2>&1 &
    server_pid=$!
}

# point KIND PROTOCOL CLIENTS: one JSON object, or nothing when it couldn't be measured.
point() {
    local port log=$here/load.log
    port=$(free_port)
    say "$1, $3 clients"
    "start_$1" "$3" "$port"
    if wait_for_port "$port"; then
        "$LOAD" --proto "$2" --addr "127.0.0.1:$port" --clients "$3" --senders 4 --window 8 \
            --messages $((DELIVERIES / $3)) --pid "$server_pid" --password "$PASSWORD" >"$log" 2>&1 || true
    else
        echo 'it did not start' >"$log"
    fi
    stop_server
    # ready 100/100 ... rss 5000 KiB (50.0 KiB/client) ...; delivered ... = 1.50 us/delivery ...
    awk -v clients="$3" '
        /^ready / && match($0, /\([0-9.]+ KiB\/client\)/) { memory = substr($0, RSTART + 1) + 0; split($2, ready, "/") }
        /^delivered / && match($0, /= [0-9.]+ us\/delivery/) { cpu = substr($0, RSTART + 2) + 0 }
        /^TIMEOUT/ { late = 1 }
        END {
            if (late || ready[1] != clients || cpu == "") exit 1
            printf "{\"clients\": %d, \"cpu_us\": %s, \"memory_kib\": %s}", clients, cpu, memory
        }' "$log" || say "$1, $3 clients: $(tail -n 1 "$log")"
}

# series NAME KIND PROTOCOL CLIENTS_MAX
series() {
    local separator='' clients
    printf '    {"name": "%s", "points": [' "$1"
    for clients in $CLIENTS; do
        [ "$clients" -le "$4" ] || continue
        point "$2" "$3" "$clients" >"$here/point"
        [ -s "$here/point" ] || continue
        printf '%s\n      ' "$separator"
        cat "$here/point"
        separator=,
    done
    printf '\n    ]}'
}

CARGO_TARGET_DIR=$BENCH_TARGET_DIR cargo build --release --quiet --manifest-path "$BENCH/Cargo.toml"
LOAD=$BENCH_TARGET_DIR/release/loadgen
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -keyout "$here/key.pem" -out "$here/cert.pem" 2>/dev/null
chmod 755 "$here" # ngIRCd gives up root before it reads these
chmod 644 "$here/key.pem"

printf '{\n  "machine": "%s, %s cores",\n  "series": [\n' "$(uname -sm)" "$(nproc)"
series homeroom homeroom json 100000
if command -v ngircd >/dev/null; then
    printf ',\n'
    series ngIRCd ngircd irc 100000
fi
if command -v inspircd >/dev/null; then
    printf ',\n'
    series InspIRCd inspircd irc "$INSPIRCD_CLIENTS_MAX"
fi
printf '\n  ]\n}\n'
