//! A server is found in the local network: between two network namespaces, joined by a cable of their own.

use crate::harness::{Builder, DataDir, PASSWORD, Terminal, run, wait_until};
use std::path::Path;
use std::process::{Command, Stdio};
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

    /// What a client from a pipe lists on the other machine.
    fn list(&self, config: &Path) -> String {
        let client = Terminal::command(config);
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[1]]).arg(client.get_program()).args(client.get_args());
        run(command.arg("--find").env("HOMEROOM_CONFIG_DIR", config), b"").failed_with(2).to_owned()
    }
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
    wait_until("it is listed", || machines.list(config.path()).contains(&address));
    assert!(machines.list(config.path()).contains(&server.fingerprint()[..20]));

    if Terminal::can_be_at_a_terminal() {
        let inside = ["ip", "netns", "exec", &machines.names[1]];
        let args = ["--user", "ada"];
        let mut person = Terminal::at_a_terminal_through(&inside, config.path(), &args, PASSWORD);
        person.stdout.wait_for("Type the number of one of these");
        person.type_line("1");
        let asked = person.stdout.wait_for("trust this server? [y/N]");
        assert!(asked.contains(&server.fingerprint()), "it is found, and not trusted for that: {asked}");
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
