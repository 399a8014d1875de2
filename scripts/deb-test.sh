#!/usr/bin/env bash
# Installs, upgrades, removes and purges the packages of `make deb` in a Debian of its own, which systemd-nspawn boots
# without a network. What goes wrong is told with what was expected; nothing is left of it. Needs root, or sudo.
#
# debootstrap fetches that Debian once, into target/deb-test/SUITE.tar.
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=${SUITE:-bookworm}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
WAIT_SECONDS=60
# What the packages depend on, since there is no network inside; and what a Raspberry Pi has anyhow.
libraries=libssl3,libasound2
[ "$SUITE" = bookworm ] || libraries=libssl3t64,libasound2t64
CONTENTS=systemd,systemd-sysv,$libraries,man-db,procps
DATA=/var/lib/private/homeroom

fail() {
    echo "deb-test: $*" >&2
    if [ -n "${leader:-}" ]; then
        echo 'deb-test: the journal of the service ends with' >&2
        inside journalctl --no-pager --lines 20 --unit homeroom-server >&2 || true
    fi
    exit 1
}

[ "$(id -u)" -eq 0 ] || exec sudo --preserve-env=SUITE,MIRROR scripts/deb-test.sh
for program in debootstrap systemd-nspawn; do
    command -v "$program" >/dev/null || fail "there is no $program: apt-get install debootstrap systemd-container"
done

mkdir -p target/deb-test
here=$(mktemp -d "$PWD/target/deb-test/run.XXXXXX")
root=$here/root
nspawn='' leader=''

# The Debian is halted, and all its processes with it, before its folder goes.
clean_up() {
    [ -z "$leader" ] || kill -RTMIN+4 "$leader" 2>/dev/null || true
    if [ -n "$nspawn" ]; then
        timeout "$WAIT_SECONDS" tail --pid "$nspawn" -f /dev/null || kill -KILL "$nspawn" 2>/dev/null || true
    fi
    rm -rf "$here"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# In the Debian, as root.
inside() {
    nsenter --target "$leader" --mount --uts --ipc --net --pid \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}

# expect WHAT COMMAND…: the command succeeds in the Debian; else WHAT is not so.
expect() {
    inside "${@:2}" >"$here/said" 2>&1 || { cat "$here/said" >&2; fail "expected: $1"; }
}
expect_not() {
    ! inside "${@:2}" >"$here/said" 2>&1 || { cat "$here/said" >&2; fail "expected: $1"; }
}

# wait_for WHAT COMMAND…: the command succeeds before long.
wait_for() {
    local deadline=$((SECONDS + WAIT_SECONDS))
    until "${@:2}" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || fail "expected within $WAIT_SECONDS s: $1"
        sleep 0.1
    done
}

find_leader() { leader=$(pgrep --parent "$nspawn" | head -n 1) && [ -n "$leader" ]; }
is_up() { case $(inside systemctl is-system-running) in running | degraded) ;; *) false ;; esac; }

boot() {
    if [ ! -e "target/deb-test/$SUITE.tar" ]; then
        echo "deb-test: fetching Debian $SUITE, once"
        debootstrap --variant=minbase --include="$CONTENTS" "$SUITE" "$here/fresh" "$MIRROR" >"$here/said" 2>&1 ||
            { tail "$here/said" >&2; fail "debootstrap fetches $SUITE from $MIRROR"; }
        rm -rf "$here"/fresh/var/cache/apt/archives/*.deb
        tar --create --file "$here/fresh.tar" --directory "$here/fresh" .
        mv "$here/fresh.tar" "target/deb-test/$SUITE.tar"
        rm -rf "$here/fresh"
    fi
    mkdir "$root"
    tar --extract --file "target/deb-test/$SUITE.tar" --directory "$root"
    systemd-nspawn --quiet --directory "$root" --machine "homeroom-$$" --private-network --register=no --keep-unit \
        --link-journal=no --boot </dev/null >"$here/boot" 2>&1 &
    nspawn=$!
    wait_for 'systemd-nspawn starts' find_leader
    wait_for 'Debian is up' is_up
}

accounts() { inside cat "$DATA/users.json"; }
fingerprint() { inside homeroom-server --data-dir /var/lib/homeroom identity show | grep -o 'sha256:[0-9a-f]*' | head -n 1; }
main_pid() { inside systemctl show --property MainPID --value homeroom-server; }

check_server_installed() {
    expect 'the service runs once the package is installed' systemctl is-active homeroom-server
    expect 'the service starts with the machine' systemctl is-enabled homeroom-server
    for page in homeroom-server homeroom-server-user-add; do
        expect "there is a manual page $page" man --where "$page"
    done
    for file in bash-completion/completions/homeroom-server zsh/vendor-completions/_homeroom-server \
        fish/vendor_completions.d/homeroom-server.fish doc/homeroom-server/README.Debian doc/homeroom-server/copyright; do
        expect "the package has /usr/share/$file" test -s "/usr/share/$file"
    done
    expect "fail2ban's filter is there" test -s /etc/fail2ban/filter.d/homeroom.conf
    expect 'the page of the service can be read' sh -c 'systemctl cat homeroom-server | grep -q Type=notify'
    expect 'a user of its own runs the server' sh -c "ps -o user= -p $(main_pid) | grep -vw root"
    expect 'only root looks into the data folder' sh -c "[ \"\$(stat -c %a $DATA)\" = 700 ]"
    for file in identity.p12 users.json; do
        expect "$file is made, and private" sh -c "[ \"\$(stat -c %a $DATA/$file)\" = 600 ]"
    done
    expect 'doctor finds nothing wrong' homeroom-server --data-dir /var/lib/homeroom doctor
    expect 'check finds nothing damaged' homeroom-server --data-dir /var/lib/homeroom check
}

# The administrator changes the password of the first start, and stays over what comes.
enter() {
    local log password link
    log=$(inside journalctl --output cat --unit homeroom-server)
    password=$(sed -n 's/^one-time password for admin: //p' <<<"$log")
    [ -n "$password" ] || fail 'expected: the first password stands in the journal'
    link=$(sed -n 's/^ *homeroom-client \(.*127\.0\.0\.1.*\)/\1/p' <<<"$log" | head -n 1)
    mkfifo "$here/talk"
    inside HOMEROOM_PASSWORD="$password" homeroom-client "$link" --user admin --plain --no-sound \
        <"$here/talk" >"$here/admin.out" 2>"$here/admin.err" &
    exec 3>"$here/talk"
    echo "/passwd $password a-long-password-of-the-test" >&3
    wait_for 'the first password can be changed' grep -q 'password is changed' "$here/admin.out"
    echo '/adduser ada' >&3
    wait_for 'an account can be added' grep -q 'ada is added' "$here/admin.out"
}

echo "deb-test: boots Debian $SUITE"
boot
architecture=$(dpkg --print-architecture)
mkdir "$root/debs"
cp target/debian/homeroom-{server,client}_*_"$architecture".deb "$root/debs"
[ "$(find "$root/debs" -name '*.deb' | wc -l)" -eq 2 ] || fail 'expected: one version of each package in target/debian'
# The same package with a higher version.
dpkg-deb --raw-extract "$root"/debs/homeroom-server_*.deb "$here/next"
sed -i 's/^Version: .*/&+next/' "$here/next/DEBIAN/control"
dpkg-deb --build "$here/next" "$root/debs/next.deb" >/dev/null

echo 'deb-test: installs'
expect 'the client is installed' sh -c 'dpkg --install /debs/homeroom-client_*.deb'
expect 'the client runs' homeroom-client --version
expect 'the client has a manual page' man --where homeroom-client
expect 'the client has completions' test -s /usr/share/bash-completion/completions/homeroom-client
expect 'the server is installed' sh -c 'dpkg --install /debs/homeroom-server_*.deb'
grep -q 'journalctl -u homeroom-server' "$here/said" || fail 'expected: the installation says where the first password is'
check_server_installed
enter

echo 'deb-test: reloads and upgrades'
before_fingerprint=$(fingerprint) before_accounts=$(accounts) before_pid=$(main_pid)
[ -n "$before_fingerprint" ] || fail 'expected: identity show has a fingerprint'
grep -q '"ada"' <<<"$before_accounts" || fail 'expected: ada stands in users.json'
expect 'the service reloads' systemctl reload homeroom-server
[ "$(main_pid)" = "$before_pid" ] || fail 'expected: a reload is no restart'
expect 'the upgrade succeeds' dpkg --install /debs/next.deb
expect 'the service runs after the upgrade' systemctl is-active homeroom-server
[ "$(main_pid)" != "$before_pid" ] || fail 'expected: the upgrade restarts the server'
[ "$(fingerprint)" = "$before_fingerprint" ] || fail 'expected: the certificate outlives an upgrade'
[ "$(accounts)" = "$before_accounts" ] || fail 'expected: the accounts outlive an upgrade'
echo 'said after the upgrade' >&3
wait_for 'a client that was there comes back by itself' grep -q 'admin: said after the upgrade' "$here/admin.out"
echo '/logout' >&3
exec 3>&-

echo 'deb-test: removes, installs again, purges'
expect 'the server can be removed' dpkg --remove homeroom-server
expect_not 'the service is stopped by the removal' systemctl is-active homeroom-server
expect_not 'the program is removed' test -e /usr/bin/homeroom-server
expect 'the certificate outlives the removal' test -s "$DATA/identity.p12"
[ "$(accounts)" = "$before_accounts" ] || fail 'expected: the accounts outlive a removal'
expect 'the server can be installed again' dpkg --install /debs/next.deb
expect 'the service runs again' systemctl is-active homeroom-server
[ "$(fingerprint)" = "$before_fingerprint" ] || fail 'expected: the certificate is the one from before'
[ "$(accounts)" = "$before_accounts" ] || fail 'expected: the accounts are those from before'
expect 'the server can be purged' dpkg --purge homeroom-server
expect_not 'the purge deletes the data' test -e "$DATA"
expect_not 'the purge deletes the link to the data' test -L /var/lib/homeroom
expect_not 'the purge leaves nothing in /etc' sh -c 'find /etc -name "*homeroom*" | grep .'
expect 'the client can be purged' dpkg --purge homeroom-client
expect_not 'the client is gone' test -e /usr/bin/homeroom-client

echo "deb-test: all as expected, on Debian $SUITE ($architecture)"
