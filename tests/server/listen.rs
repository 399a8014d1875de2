//! Where the server listens: several addresses beside each other, and those that can't be.

use crate::harness::{DataDir, Finished, run};
use std::net::TcpListener;
use std::sync::Arc;

/// The line that is marked as wrong; there must be just one.
#[track_caller]
fn wrong(finished: &Finished) -> &str {
    let marked: Vec<&str> = finished.stdout.lines().filter(|line| line.starts_with("  !!  ")).collect();
    assert!(finished.code == Some(1) && marked.len() == 1, "{finished:?}");
    marked[0]
}

#[test]
fn addresses_in_each_others_way_are_refused_by_whatever_reads_them() {
    for (words, told) in [
        (&["--listen", "127.0.0.1:47667", "--listen", "127.0.0.1:47667"][..], "has 127.0.0.1:47667 twice"),
        (
            &["--listen", "127.0.0.1:47667", "--metrics", "127.0.0.1:47667"],
            "--metrics 127.0.0.1:47667 is where the chat",
        ),
    ] {
        let data = DataDir::with_users(&[]);
        let mut start = data.command();
        assert!(run(start.args(words), b"").failed_with(2).contains(told), "{words:?}");
        for looks in [&["config", "check"][..], &["doctor"], &["check"]] {
            let finished = run(data.command().args(words).args(looks), b"");
            assert!(finished.failed_with(2).contains(told), "{looks:?}: {finished:?}");
        }
    }
}

#[test]
fn doctor_tries_the_metrics_address_too() {
    let data = DataDir::with_users(&[]);
    let server = data.server().args(&["--metrics", "127.0.0.1:0"]).start();
    let log = server.stderr.wait_for("/metrics\n");
    let own = log.split("metrics at http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let doctor = |metrics: &str| {
        let listen = server.address();
        run(data.server().listen(listen).args(&["--metrics", metrics]).command().arg("doctor"), b"")
    };
    assert!(doctor(&own).succeeded().contains(&format!("{own} is answered with a server's metrics")));
    assert!(doctor("127.0.0.1:0").succeeded().contains("free for the metrics"));
    // Somebody who says nothing, and then goes.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let finished = doctor(&taken);
    assert!(wrong(&finished).contains("change --metrics") && wrong(&finished).contains(&taken), "{finished:?}");
}

/// A network of a test's own, that of one machine by itself. Gone when dropped.
#[cfg(target_os = "linux")]
struct Network(String);

#[cfg(target_os = "linux")]
impl Network {
    /// None, and a word on why, where that isn't allowed.
    fn new(what: &str) -> Option<Self> {
        let this = Self(format!("homeroom-{what}-{}", std::process::id()));
        let made = ip(&["netns", "add", &this.0]) && ip(&["-n", &this.0, "link", "set", "lo", "up"]);
        if !made {
            eprintln!("skipped: network namespaces want root and iproute2");
        }
        made.then_some(this)
    }

    fn inside(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.0]
    }

    /// What `homeroom-server doctor` says there.
    fn doctor(&self, data: &Arc<DataDir>, listen: &[&str]) -> Finished {
        let builder = data.server().through(&self.inside());
        run(listen.iter().fold(builder, |builder, address| builder.listen(address)).command().arg("doctor"), b"")
    }
}

#[cfg(target_os = "linux")]
impl Drop for Network {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.0]);
    }
}

#[cfg(target_os = "linux")]
fn ip(words: &[&str]) -> bool {
    let status = std::process::Command::new("ip").args(words).stderr(std::process::Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(target_os = "linux")]
#[test]
fn both_families_at_one_port_by_two_sockets_or_by_one() {
    let Some(network) = Network::new("families") else { return };
    // Whichever is first, and with one address of a family in place of all.
    for listen in [["0.0.0.0:7667", "[::]:7667"], ["[::]:7667", "0.0.0.0:7667"], ["[::]:7667", "127.0.0.1:7667"]] {
        let data = DataDir::with_users(&["ada"]);
        assert_eq!(network.doctor(&data, &listen).succeeded().matches("is free: no server").count(), 2, "{listen:?}");
        let builder = data.server().through(&network.inside());
        let server = listen.iter().fold(builder, |builder, address| builder.listen(address)).start();
        assert_eq!(server.addresses.len(), 2);
        let told = network.doctor(&data, &listen);
        assert_eq!(told.succeeded().matches("answered by this server").count(), 2, "{told:?}");
        let links = server.words_after("homeroom-client ");
        for host in ["127.0.0.1", "::1"] {
            assert_eq!(links.iter().filter(|other| *other == host).count(), 1, "{links:?}");
        }
    }
    // By itself, it takes both.
    let data = DataDir::with_users(&["ada"]);
    let _server = data.server().through(&network.inside()).listen("[::]:7667").start();
    for listen in ["[::]:7667", "0.0.0.0:7667", "[::1]:7667", "127.0.0.1:7667"] {
        let told = network.doctor(&data, &[listen]);
        assert!(told.succeeded().contains("answered by this server"), "{listen}: {told:?}");
    }
    // Not one of this machine's.
    let told = network.doctor(&data, &["203.0.113.5:7667"]);
    assert!(wrong(&told).contains("this machine has no such address"), "{told:?}");
}
