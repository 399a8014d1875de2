//! Running out of descriptors and of threads is survived.

use crate::harness::{DataDir, Latencies, PASSWORD, Peer, Proc, Server, wait_until};
use serde_json::json;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 200;
/// How long one attempt to connect may take when nobody accepts.
const ATTEMPT: Duration = Duration::from_millis(50);
/// How much of one processor the server may use while it can't accept.
const CPU_PERCENT_MAX: u64 = 30;

/// How often the server may try to accept in vain in two seconds and a siege: after 5 ms, 10 ms and so on.
const TRIES_MAX: usize = 30;

/// Sets how many descriptors a running process may have. False where there's no `prlimit`.
fn limit_descriptors(pid: u32, value: u64) -> bool {
    let done = Command::new("prlimit").args(["--pid", &pid.to_string(), &format!("--nofile={value}:{value}")]).status();
    if done.is_err() {
        println!("not tested: there is no prlimit");
    }
    done.is_ok_and(|status| status.success())
}

/// Connects so often, whether or not anybody accepts.
fn besiege(address: SocketAddr) -> Vec<TcpStream> {
    (0..CONNECTIONS).filter_map(|_| TcpStream::connect_timeout(&address, ATTEMPT).ok()).collect()
}

/// Chats for two seconds, and prints how that went. Gives the part of a processor that the server used, in percent.
fn chat(ada: &mut Peer, bob: &mut Peer, process: &Proc) -> u64 {
    let (start, ticks) = (Instant::now(), process.cpu_ticks());
    let mut latencies = Latencies::default();
    while start.elapsed() < Duration::from_secs(2) {
        latencies.measure(|| {
            ada.send(&json!({"type": "say", "text": "hi"}));
            bob.event("message", "ada");
        });
        ada.event("message", "ada");
        // Little enough that what is measured is not the chat.
        thread::sleep(Duration::from_millis(50));
    }
    let percent = (process.cpu_ticks() - ticks) * 1000 / start.elapsed().as_millis() as u64;
    println!("chat meanwhile: {latencies}; {percent} % of a processor");
    percent
}

/// Whether a login succeeds now.
fn gets_in(address: SocketAddr) -> bool {
    // Where there are no descriptors, nobody answers; where there are no threads, the connection is closed.
    let attempt = move || {
        let mut peer = Peer::over(TcpStream::connect_timeout(&address, ATTEMPT).ok()?);
        peer.login("eve", PASSWORD);
        Some(())
    };
    thread::spawn(move || attempt().is_some()).join().unwrap_or(false)
}

#[test]
fn out_of_descriptors_the_chat_goes_on() {
    let server = Server::unlimited(&["ada", "bob", "eve"]);
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let process = Proc::of(server.pid());
    if !limit_descriptors(server.pid(), 64) {
        return;
    }
    let siege = besiege(server.address());
    server.stderr.wait_for("can't accept");
    println!("{} of {CONNECTIONS} connected, {} descriptors", siege.len(), process.descriptors());
    let percent = chat(&mut ada, &mut bob, &process);
    assert!(percent <= CPU_PERCENT_MAX, "{percent} % of a processor");
    // A machine with much else to do hides a loop from the clock, not from the log.
    let tries = server.stderr.text().matches("can't accept").count();
    println!("{tries} tries to accept");
    assert!(tries <= TRIES_MAX, "{tries} tries in two seconds");
    drop(siege);
    wait_until("somebody new gets in", || gets_in(server.address()));
}

/// A user id that runs nothing else, so that a limit on its threads is a limit on the server's.
const NOBODY_ELSE: u32 = 54_321;

/// More than the server's own threads and those of two sessions, and fewer than those whom it knows to have room for.
const THREADS: u64 = 22;

/// A server under that user id and with that limit; None where that can't be had.
fn server_of_nobody_else(data: &Arc<DataDir>) -> Option<Server> {
    let is_root = Path::new("/proc/self").metadata().unwrap().uid() == 0;
    if !is_root || ["setpriv", "prlimit"].iter().any(|tool| Command::new(tool).arg("--version").output().is_err()) {
        println!("not tested: that takes root and setpriv");
        return None;
    }
    let own = |path: &Path| chown(path, Some(NOBODY_ELSE), Some(NOBODY_ELSE)).unwrap();
    own(data.path());
    data.path().read_dir().unwrap().for_each(|file| own(&file.unwrap().path()));
    let id = NOBODY_ELSE.to_string();
    let limit = format!("--nproc={THREADS}");
    let wrapper = ["prlimit", &limit, "setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", "--"];
    Some(data.server().through(&wrapper).args(&["--message-rate", "off"]).start())
}

#[test]
fn out_of_threads_the_chat_goes_on() {
    let Some(server) = server_of_nobody_else(&DataDir::with_users(&["ada", "bob", "eve"])) else { return };
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));
    let process = Proc::of(server.pid());
    let siege = besiege(server.address());
    server.stderr.wait_for("no thread for");
    println!("{} of {CONNECTIONS} connected, {} threads", siege.len(), process.threads());
    let percent = chat(&mut ada, &mut bob, &process);
    assert!(percent <= CPU_PERCENT_MAX, "{percent} % of a processor");
    drop(siege);
    wait_until("somebody new gets in", || gets_in(server.address()));
}
