//! A server is found in the local network: between two network namespaces, joined by a cable of their own.

use crate::harness::{Builder, DataDir, Finished, PASSWORD, Server, Terminal, run, wait_until};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Two machines on one cable, in all that concerns their network. Gone when dropped.
struct TwoMachines {
    names: [String; 2],
}

impl TwoMachines {
    /// None, and a word on why, where that isn't allowed.
    fn new(what: &str) -> Option<Self> {
        let names = ["a", "b"].map(|side| format!("homeroom-{what}-{side}-{}", std::process::id()));
        let machines = Self { names };
        let [a, b] = &machines.names;
        let steps = [
            format!("netns add {a}"),
            format!("netns add {b}"),
            format!("link add eth0 netns {a} type veth peer name eth0 netns {b}"),
            format!("-n {a} addr add 10.77.0.1/24 dev eth0"),
            format!("-n {b} addr add 10.77.0.2/24 dev eth0"),
            format!("-n {a} link set lo up"),
            format!("-n {b} link set lo up"),
            format!("-n {a} link set eth0 up"),
            format!("-n {b} link set eth0 up"),
        ];
        for step in steps {
            if !ip(&step) {
                eprintln!("skipped: `ip {step}` failed; network namespaces want root and iproute2");
                return None;
            }
        }
        Some(machines)
    }

    /// A server on the first machine, that others on the cable can reach.
    fn server(&self) -> Builder {
        let inside = ["ip", "netns", "exec", &self.names[0]];
        DataDir::with_users(&["ada"]).server().listen("0.0.0.0:0").through(&inside)
    }

    /// What a client from a pipe, who says hello, comes to on the other machine.
    fn visit(&self, config: &Path, words: &[&str]) -> Finished {
        let client = Terminal::command(config);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[1]]).arg(client.get_program()).args(client.get_args());
        command.args(words).args(["--user", "ada"]).env("HOMEROOM_PASSWORD", PASSWORD);
        run(command.env("HOMEROOM_CONFIG_DIR", config), b"hello\n")
    }

    /// What a client from a pipe lists on the other machine.
    fn list(&self, config: &Path) -> String {
        let client = Terminal::command(config);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[1]]).arg(client.get_program()).args(client.get_args());
        run(command.arg("--find").env("HOMEROOM_CONFIG_DIR", config), b"").failed_with(2).to_owned()
    }
}

/// What [`liar`] is told: an address, a port, and the code that it claims.
const LIE: &str = "HOMEROOM_TEST_LIE";

/// Somebody who claims a code; gone when dropped.
struct Liar(Child);

impl Liar {
    /// On the second machine: this program once more, as [`liar`].
    fn start(machines: &TwoMachines, lie: &str) -> Self {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &machines.names[1]]).arg(std::env::current_exe().unwrap());
        command.args(["--exact", "server::discovery::liar", "--ignored"]).env(LIE, lie);
        Self(command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "another test starts it on a machine of its own"]
fn liar() {
    let Ok(lie) = std::env::var(LIE) else { return };
    let [ip, port, code]: [&str; 3] = lie.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let daemon = mdns_sd::ServiceDaemon::new().unwrap();
    let (name, host) = (format!("liar-{port}"), format!("liar-{port}.local."));
    let pin = [("pin", code)];
    let service =
        mdns_sd::ServiceInfo::new("_homeroom._tcp.local.", &name, &host, ip, port.parse().unwrap(), &pin[..]).unwrap();
    daemon.register(service).unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// What a client remembers of a server.
fn shown(server: &Server) -> String {
    let shown = run(server.data().command().args(["identity", "show"]), b"");
    format!("{}+{}", shown.word("certificate"), shown.word("key"))
}

impl Drop for TwoMachines {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns del {name}"));
        }
    }
}

fn ip(words: &str) -> bool {
    let run = Command::new("ip").args(words.split(' ')).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}

#[test]
fn a_server_is_found_chosen_and_its_fingerprint_confirmed() {
    let Some(machines) = TwoMachines::new("found") else { return };
    let mut server = machines.server().announced().start();
    let config = TempDir::new().unwrap();
    let address = format!("10.77.0.1:{}", server.address().port());
    wait_until("it is listed with its code", || {
        let list = machines.list(config.path());
        list.contains(&address) && list.contains(&server.code())
    });

    if Terminal::can_be_at_a_terminal() {
        let inside = ["ip", "netns", "exec", &machines.names[1]];
        let args = ["--user", "ada"];
        let mut person = Terminal::at_a_terminal_through(&inside, config.path(), &args, PASSWORD);
        person.stdout.wait_for("Type the number of one of these");
        person.type_line("1");
        let asked = person.stdout.wait_for("trust this server? [y/N]");
        assert!(
            asked.contains(&server.code()) && asked.contains(&server.fingerprint()),
            "it is found, and not trusted for that: {asked}"
        );
        person.type_line("y");
        person.stdout.wait_for("1 online: ada");
        person.type_line("/logout");
        assert_eq!(person.wait().code, Some(0));
    }

    server.terminate();
    assert_eq!(server.wait(), Some(0));
    assert!(!machines.list(config.path()).contains(&address), "it has said that it goes");
}

#[test]
fn who_does_not_want_to_be_found_is_not() {
    let Some(machines) = TwoMachines::new("silent") else { return };
    let server = machines.server().start();
    let config = TempDir::new().unwrap();
    assert!(!machines.list(config.path()).contains("10.77.0.1"));
    assert!(!server.stderr.text().contains("announced"), "{}", server.stderr.text());
}

#[test]
fn the_code_alone_finds_the_server_and_asks_nothing() {
    let Some(machines) = TwoMachines::new("code") else { return };
    let server = machines.server().announced().start();
    let code = server.code();
    assert!(server.stdout.text().contains(&format!("\n  homeroom-client {code}\n")), "{}", server.stdout.text());
    let config = TempDir::new().unwrap();
    let typed = code.to_uppercase();
    let groups: Vec<&str> = typed.split('-').collect();
    machines.visit(config.path(), &[&code]).succeeded();
    machines.visit(config.path(), &groups).succeeded();
    let known = std::fs::read_to_string(config.path().join("known_servers")).unwrap();
    assert_eq!(known, format!("10.77.0.1:{} {}\n", server.address().port(), shown(&server)), "it is remembered");
    // Where multicast doesn't come through.
    let address = format!("10.77.0.1:{}", server.address().port());
    machines.visit(TempDir::new().unwrap().path(), &[&address, &code]).succeeded();
}

#[test]
fn a_code_with_a_slip_names_the_servers_that_are_there() {
    let Some(machines) = TwoMachines::new("slip") else { return };
    let server = machines.server().announced().start();
    let mut code = server.code();
    let last = if code.ends_with('0') { "1" } else { "0" };
    code.replace_range(code.len() - 1.., last);
    let config = TempDir::new().unwrap();
    let told = machines.visit(config.path(), &[&code]).failed_with(1).to_owned();
    let address = format!("10.77.0.1:{}", server.address().port());
    assert!(told.contains(&code) && told.contains(&address), "{told}");
    let told = machines.visit(config.path(), &[&address, &code]).failed_with(4).to_owned();
    assert!(told.contains(&code) && told.contains(&server.code()), "both are shown: {told}");
    assert_eq!(std::fs::read_dir(config.path()).unwrap().count(), 0, "and nothing is remembered");
}

#[test]
fn who_claims_a_code_without_its_key_is_refused_and_the_search_goes_on() {
    let Some(machines) = TwoMachines::new("claims") else { return };
    let server = machines.server().announced().start();
    let other = machines.server().start();
    let (code, other_port) = (server.code(), other.address().port());
    let config = TempDir::new().unwrap();
    wait_until("the cable is there", || machines.list(config.path()).contains("10.77.0.1"));
    // One with another key, and one that never answers.
    let lies = [format!("10.77.0.1 {other_port} {code}"), format!("10.77.0.99 9 {code}")];
    let _liars = lies.map(|lie| Liar::start(&machines, &lie));
    wait_until("the liars are heard", || {
        let listed = machines.list(config.path());
        listed.contains(&format!("10.77.0.1:{other_port}")) && listed.contains("10.77.0.99:9 ")
    });
    machines.visit(config.path(), &[&code]).succeeded();
    let known = std::fs::read_to_string(config.path().join("known_servers")).unwrap();
    assert_eq!(known, format!("10.77.0.1:{} {}\n", server.address().port(), shown(&server)));
    drop(server);
    let told = machines.visit(TempDir::new().unwrap().path(), &[&code]).failed_with(4).to_owned();
    assert!(told.contains("SHOWS ANOTHER CERTIFICATE"), "{told}");
}
