//! Where it all happens: a server that comes and goes on one port, a bad network before it, a disk that fills up.

use crate::harness::{DataDir, PASSWORD, Proxy, Server, SmallDisk, assert_reply};
use crate::history::{Account, Event, TEACHER, name};
use crate::mark::Mark;
use crate::report::Tally;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How long the disk is full before the server is killed on it: some are refused meanwhile.
const FULL_BEFORE_KILL: Duration = Duration::from_millis(200);

/// The server, what stands between it and its clients, and what they are told.
pub(crate) struct Stage {
    data: Arc<DataDir>,
    /// Everything is kept there too.
    mirror: Arc<DataDir>,
    pub(crate) disk: Option<SmallDisk>,
    server: Mutex<Server>,
    /// Where the server listens, each time.
    pub(crate) address: SocketAddr,
    pub(crate) proxy: Proxy,
    sync: &'static str,
    /// How many there are.
    pub(crate) accounts: Account,
    /// What a real client joins by.
    pub(crate) link: String,
    pub(crate) tally: Tally,
    phase: AtomicU8,
    /// Everybody speaks as fast as they can until then.
    pub(crate) rush_until: Mutex<Option<Instant>>,
    /// What is known of each client, by its number.
    pub(crate) clients: Vec<Client>,
}

/// What the play is at.
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Everybody logs in.
    Assemble,
    /// They speak, and faults happen.
    Play,
    /// Nobody says anything new: what was said is to be acknowledged.
    Settle,
    /// They leave.
    Leave,
}

/// A client, as others see and treat it.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// It was welcomed, and hasn't left since.
    pub(crate) here: AtomicBool,
    /// The newest event that it was shown in its turn, and all before it.
    pub(crate) seen: AtomicU64,
    /// What it has said and nobody has answered.
    pub(crate) unanswered: AtomicU64,
    /// The process, if it's one of its own.
    pub(crate) pid: OnceLock<u32>,
    /// It has little room for what it doesn't read.
    pub(crate) narrow: bool,
    /// It does nothing until then.
    pub(crate) asleep_until: Mutex<Option<Instant>>,
}

/// How the server ends, to be started again.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Kill,
    Terminate,
    /// Killed while its disk is full.
    KillFull,
    /// Its disk is lost, and a new one gets what the mirror has. With `--sync always` that is at any moment; else the server has
    /// ended before, since its last second would be lost.
    NewCard,
}

impl Stage {
    /// Starts a server with so many accounts and no client yet.
    pub(crate) fn set(accounts: Account, clients: Vec<Client>, sync: &'static str, disk_kib: u64) -> Self {
        let data = DataDir::new();
        let disk = SmallDisk::over(data.path(), disk_kib);
        let names: Vec<String> = (0..accounts).filter(|&account| account != TEACHER).map(name).collect();
        data.fill(&names.iter().map(String::as_str).collect::<Vec<_>>());
        data.import(format!("{},{PASSWORD},teacher\n", name(TEACHER))).succeeded();
        let mirror = DataDir::elsewhere();
        let server = start(&data, &mirror, sync, None);
        let (address, proxy) = (server.address(), Proxy::to(server.address()));
        let link = format!("homeroom://{}#{}", proxy.address(), server.fingerprint());
        let (server, tally, phase) = (Mutex::new(server), Tally::default(), AtomicU8::new(Phase::Assemble as u8));
        let rush_until = Mutex::default();
        Self { data, mirror, disk, server, address, proxy, sync, accounts, link, tally, phase, rush_until, clients }
    }

    /// Goes on to a phase; never back.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, SeqCst);
    }

    pub(crate) fn is_rush(&self) -> bool {
        self.rush_until.lock().unwrap().is_some_and(|until| Instant::now() < until)
    }

    /// Whoever panics while they have this ends it for all.
    pub(crate) fn end_on_panic(&self) -> EndOnPanic<'_> {
        EndOnPanic(self)
    }

    pub(crate) fn is_at(&self, phase: Phase) -> bool {
        self.phase.load(SeqCst) == phase as u8
    }

    /// Ends the server and starts it anew.
    pub(crate) fn restart(&self, end: End) {
        let mut server = self.server.lock().unwrap();
        match end {
            End::Kill => server.kill(),
            End::Terminate => {
                server.terminate();
                assert_eq!(server.wait(), Some(0), "the server did not end well");
            }
            End::NewCard => self.lose_the_disk(&mut server),
            End::KillFull => {
                self.fill_disk();
                thread::sleep(FULL_BEFORE_KILL);
                server.kill();
                self.free_disk();
            }
        }
        self.look_at(&server);
        *server = start(&self.data, &self.mirror, self.sync, Some(self.address));
    }

    fn lose_the_disk(&self, server: &mut Server) {
        if self.sync == "always" {
            server.stderr.wait_for("everything is kept in the mirror");
            // Once this is answered, all that was acknowledged before is there.
            let request = json!({"type": "set_user", "username": name(TEACHER), "name": "Theo Teacher"});
            assert_reply(&server.admin().ask(request));
            server.kill();
        } else {
            server.terminate();
            assert_eq!(server.wait(), Some(0), "the server did not end well");
        }
        let log = server.stderr.text();
        // On a machine that has too much to do it may not be waited for: then it doesn't have everything.
        if log.contains("the mirror is late") || log.contains("lacks what happened") {
            self.tally.count("times that the mirror was late");
            return;
        }
        self.tally.count("new cards");
        for path in fs::read_dir(self.data.path()).unwrap().map(|entry| entry.unwrap().path()) {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            removed.unwrap();
        }
        let copied = Command::new("cp").arg("-a").arg(self.mirror.file(".")).arg(self.data.path()).status();
        assert!(copied.is_ok_and(|status| status.success()));
    }

    pub(crate) fn fill_disk(&self) {
        self.disk.iter().for_each(SmallDisk::fill);
    }

    pub(crate) fn free_disk(&self) {
        self.disk.iter().for_each(SmallDisk::free);
    }

    /// A session of an account beside its others, without anything in between.
    pub(crate) fn login(&self, account: Account) -> crate::harness::Peer {
        self.server.lock().unwrap().login(&name(account))
    }

    /// Ends the server for good, and gives what the journal on its disk has, and what marks any file has.
    pub(crate) fn strike(&self) -> (Vec<Event>, HashSet<Mark>) {
        let mut server = self.server.lock().unwrap();
        server.terminate();
        assert_eq!(server.wait(), Some(0), "the server did not end well");
        self.look_at(&server);
        let text: String = self.data.journal().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        self.tally.add("MiB of journal", text.len() >> 20);
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let count = |line: &Value| self.tally.add("too slow", usize::from(line["reason"] == "too_slow"));
        let journal = lines.inspect(count).filter_map(|line| Event::of(&line)).collect();
        let marks = |path: &PathBuf| Mark::all_in(&fs::read(path).unwrap()).collect::<Vec<_>>();
        (journal, self.data.files().iter().flat_map(marks).collect())
    }

    fn look_at(&self, server: &Server) {
        let log = server.stderr.text();
        assert!(!log.contains("panicked"), "{log}");
    }
}

pub(crate) struct EndOnPanic<'a>(&'a Stage);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.enter(Phase::Leave);
        }
    }
}

/// Nobody is slowed down, and everybody comes from one address.
fn start(data: &Arc<DataDir>, mirror: &DataDir, sync: &str, address: Option<SocketAddr>) -> Server {
    let options = "--message-rate off --max-strangers-per-address 1000 --slow-deadline 1 --keep-mb 100000 --sync";
    let mirror = mirror.path().display().to_string();
    let mut builder = data.server().args(&options.split(' ').chain([sync, "--mirror", &mirror]).collect::<Vec<_>>());
    if let Some(address) = address {
        builder = builder.listen(address);
    }
    builder.start()
}
