//! The way to a server whose name has several addresses, of which some lead nowhere.

use crate::harness::{Builder, DataDir, PASSWORD, Server, Terminal};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Much less than a dead address takes, 10 s, and much more than one that lives.
const SOON: Duration = Duration::from_secs(6);

/// A machine whose name for itself leads nowhere first: its packets to 2001:db8::/64 are lost. Gone when dropped.
struct Machine {
    name: String,
    hosts: TempDir,
}

impl Machine {
    /// None, and a word on why, where that isn't allowed.
    fn new(what: &str) -> Option<Self> {
        let machine = Self { name: format!("homeroom-{what}-{}", std::process::id()), hosts: TempDir::new().unwrap() };
        let name = &machine.name;
        for step in [
            format!("netns add {name}"),
            format!("-n {name} link set lo up"),
            format!("-n {name} link add nowhere type veth peer name end"),
            format!("-n {name} addr add 2001:db8::1/64 dev nowhere nodad"),
            format!("-n {name} link set nowhere up"),
            format!("-n {name} link set end up"),
            // Nobody at the cable's end has these, so what is sent there is lost.
            format!("-n {name} neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev nowhere nud permanent"),
            format!("-n {name} neigh add 2001:db8::3 lladdr 02:00:00:00:00:03 dev nowhere nud permanent"),
        ] {
            if !ip(&step) {
                eprintln!("skipped: `ip {step}` failed; network namespaces want root and iproute2");
                return None;
            }
        }
        let hosts = "2001:db8::2 mixed\n2001:db8::3 mixed\n127.0.0.1 mixed\n";
        std::fs::write(machine.hosts.path().join("hosts"), hosts).unwrap();
        Some(machine)
    }

    fn server(&self, data: &Arc<DataDir>) -> Builder {
        data.server().through(&["ip", "netns", "exec", &self.name])
    }

    /// A client there, for which /etc/hosts is this machine's.
    fn client(&self, config: &Path, args: &[&str]) -> Terminal {
        let client = Terminal::command(config);
        let mount = format!("mount --bind {}/hosts /etc/hosts && exec \"$@\"", self.hosts.path().display());
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, "unshare", "--mount", "sh", "-c", &mount, "sh"]);
        command.arg(client.get_program()).args(client.get_args()).args(args);
        Terminal::of(command.env("HOMEROOM_CONFIG_DIR", config).env("HOMEROOM_PASSWORD", PASSWORD))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(words: &str) -> bool {
    let run = Command::new("ip").args(words.split(' ')).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

fn link(server: &Server, host: &str) -> String {
    format!("homeroom://{host}:{}#{}", server.address().port(), server.fingerprint())
}

#[test]
fn a_name_with_dead_addresses_is_joined_and_joined_again_without_waiting_for_them() {
    let Some(machine) = Machine::new("dead") else { return };
    let data = DataDir::with_users(&["ada"]);
    let mut server = machine.server(&data).start();
    let address = server.address();
    let config = TempDir::new().unwrap();
    let start = Instant::now();
    let mut ada = machine.client(config.path(), &[&link(&server, "mixed"), "--user", "ada"]);
    ada.stdout.wait_for("online");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    server.kill();
    ada.stderr.wait_for("trying to come back");
    let start = Instant::now();
    let _server = machine.server(&data).listen(address).start();
    ada.stdout.wait_for("* back after");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    ada.finish().succeeded();
}

/// Another program's machine, that takes the connection and waits.
#[test]
fn an_address_that_takes_the_connection_and_speaks_no_tls_is_passed_over() {
    let server = Server::with_users(&["ada"]);
    let (hosts, config) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let Ok(_mute) = std::net::TcpListener::bind(("::1", server.address().port())) else {
        return eprintln!("skipped: this machine has no IPv6");
    };
    std::fs::write(hosts.path().join("hosts"), "::1 two\n127.0.0.1 two\n").unwrap();
    let mount = format!("mount --bind {}/hosts /etc/hosts && exec \"$@\"", hosts.path().display());
    let may = Command::new("unshare").args(["--mount", "sh", "-c", &mount, "sh", "true"]).status();
    if !may.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: mounts want root");
    }
    let client = Terminal::command(config.path());
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &mount, "sh"]).arg(client.get_program()).args(client.get_args());
    command.args([&link(&server, "two"), "--user", "ada"]);
    let start = Instant::now();
    let mut ada = Terminal::of(command.env("HOMEROOM_CONFIG_DIR", config.path()).env("HOMEROOM_PASSWORD", PASSWORD));
    ada.stdout.wait_for("online");
    // Its handshake alone would have 15 s.
    assert!(start.elapsed() < 2 * SOON, "{:?}", start.elapsed());
    ada.finish().succeeded();
}

/// Whoever looks at a screen on which nothing happens is told what is waited for.
#[test]
fn that_it_connects_is_told_after_a_second() {
    let Some(machine) = Machine::new("slow") else { return };
    let server = machine.server(&DataDir::with_users(&["ada"])).start();
    let config = TempDir::new().unwrap();
    let ada = machine.client(config.path(), &[&link(&server, "[2001:db8::2]"), "--user", "ada"]);
    ada.stderr.wait_for(&format!("! connecting to [2001:db8::2]:{}...\n", server.address().port()));
}
