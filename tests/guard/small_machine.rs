//! A small machine, each of its limits for real: as many get in as it has room for, the next is refused in words, nobody who is in
//! notices, administrators get in, and what was taken comes back.

use crate::harness::small_machine::{Group, as_user, limited};
use crate::harness::{
    ADMIN, Builder, DataDir, PASSWORD, Peer, Proc, Server, assert_error, dial_small, run, wait_until,
};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::process::Command;
use std::sync::Arc;

/// More than any of these machines has room for.
const ACCOUNTS: usize = 60;
/// How many strangers come at once and say nothing.
const STRANGERS: usize = 60;
/// What the server needs for itself, as `src/server/config/budget.rs` has it, and beside that places for some thirty clients.
const ROOM: u64 = 46;
/// Threads of its own on each machine, and those that are leaving; there is one for each core more.
const THREADS_OWN: u64 = 72;
const MIB: u64 = 1024 * 1024;

fn cores() -> u64 {
    std::thread::available_parallelism().unwrap().get() as u64
}

fn people() -> Arc<DataDir> {
    let names: Vec<String> = (0..ACCOUNTS).map(person).collect();
    DataDir::with_users(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn person(n: usize) -> String {
    format!("p{n:02}")
}

fn through(builder: Builder, wrapper: &[String]) -> Server {
    builder.through(&wrapper.iter().map(String::as_str).collect::<Vec<_>>()).start()
}

/// What a login is answered with.
#[track_caller]
fn knock(server: &Server, name: &str) -> Value {
    let mut peer = server.connect();
    peer.send(&json!({"type": "login", "protocol": 1, "username": name, "password": PASSWORD}));
    peer.next()
}

/// For how many clients the server says that there is room, and for how many more of staff.
#[track_caller]
fn room(server: &Server) -> (usize, usize) {
    let log = server.stderr.wait_for("more of staff");
    let told = log.lines().find(|line| line.contains("room for")).unwrap();
    let numbers: Vec<usize> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    (numbers[0], numbers[1])
}

/// Fills the house and empties it again. `limit` is how it is called, `knob` where it is raised; `holds` looks whether nothing
/// has gone beyond it while all are there.
#[track_caller]
fn fill(server: &Server, (limit, knob): (&str, &str), holds: impl Fn(&Proc)) {
    let process = Proc::of(server.pid());
    let (sessions, staff) = room(server);
    let log = server.stderr.wait_for("what limits them");
    assert!(log.contains(&format!("what limits them is {limit} (")), "{log}");
    assert!((8..ACCOUNTS - 2).contains(&sessions), "{sessions}");
    // Threads that a first login starts are there from then on.
    drop(server.login(&person(0)));
    wait_until("the first has left", || server.stderr.text().contains("is gone"));
    let before = process.threads();

    let mut class: Vec<Peer> = (0..sessions).map(|n| server.login(&person(n))).collect();
    let strangers: Vec<TcpStream> = (0..STRANGERS).filter_map(|_| TcpStream::connect(server.address()).ok()).collect();
    let refused = knock(server, &person(sessions));
    assert_error(&refused, "server_full");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains(limit) && message.contains(knob), "{message}");
    // Six strangers, whose sessions have a thread before theirs is gone, and two who come back.
    let places = (sessions + staff + 2 * 6 + 2) as u64;
    assert!(process.threads() <= before + places, "{} threads, {before} before, {places} places", process.threads());
    class[1].say("still here");
    class[0].until_text("still here");
    class.last_mut().unwrap().until_text("still here");

    let mut root = server.login(ADMIN);
    root.find("that it is full", |line| line["type"] == "notice" && line["text"].to_string().contains("is full"));
    let status = root.ask(json!({"type": "status"}));
    assert_eq!(status["status"]["sessions_max"], sessions, "{status}");
    holds(&process);
    drop(root);

    class.pop().unwrap().ask(json!({"type": "logout"}));
    wait_until("there is room for the next", || knock(server, &person(sessions))["type"] == "welcome");
    drop((strangers, class));
    wait_until("the threads come back", || process.threads() <= before);
    let log = server.stderr.text();
    assert!(["no thread", "can't accept", "panicked", "is dropped"].iter().all(|bad| !log.contains(bad)), "{log}");
}

#[test]
fn open_files() {
    let limit = 64 + ROOM;
    let Some(wrapper) = limited(&format!("--nofile={limit}:{limit}")) else { return };
    let server = through(people().server(), &wrapper);
    fill(&server, ("open files", "LimitNOFILE"), |process| {
        assert!(process.descriptors() as u64 <= limit);
    });
}

/// Who is behind where that is tried, and how many couriers there are on such a machine.
const SLOW: usize = 12;
const COURIERS: u64 = 4;

/// They read nothing yet.
fn slow_readers(server: &Server) -> Vec<Peer> {
    let come = |n| {
        let mut peer = Peer::over(dial_small(server.address()));
        peer.login(&person(n), PASSWORD);
        peer
    };
    (1..=SLOW).map(come).collect()
}

/// The others wait in line.
#[test]
fn slow_readers_wait_for_the_couriers_that_there_are() {
    let limit = 64 + ROOM;
    let Some(mut wrapper) = limited(&format!("--nofile={limit}:{limit}")) else { return };
    wrapper.extend(["env".into(), "HOMEROOM_MESSAGE_RATE=off".into(), "HOMEROOM_SLOW_DEADLINE=60".into()]);
    let server = through(people().server(), &wrapper);
    let process = Proc::of(server.pid());
    let (mut ada, mut root) = (server.login(&person(0)), server.admin());
    let slow = slow_readers(&server);
    let before = process.threads();
    let text = "x".repeat(3_900);
    let mut most = 0;
    wait_until("all of them are behind", || {
        (0..50).for_each(|_| drop(ada.say(&text)));
        most = most.max(process.threads());
        root.ask(json!({"type": "status"}))["status"]["slow"].as_u64().unwrap() >= SLOW as u64
    });
    assert!(most <= before + COURIERS, "{most} threads, {before} before");
    ada.say("the last");
    // All at once: whoever has a courier lets the next have it.
    std::thread::scope(|scope| {
        for mut peer in slow {
            scope.spawn(move || drop(peer.until_text("the last")));
        }
    });
    wait_until("the couriers' threads come back", || process.threads() <= before);
}

#[test]
fn the_limit_of_open_files_is_raised_to_what_its_user_may_have() {
    let Some(wrapper) = limited("--nofile=70:700") else { return };
    let server = through(people().server(), &wrapper);
    server.stderr.wait_for("raised from 70 to 700");
    assert!(room(&server).0 > 400, "{:?}", room(&server));
}

#[test]
fn threads_of_one_user() {
    let data = people();
    let id = 54_322;
    let (Some(user), Some(mut wrapper)) = (as_user(id), limited(&format!("--nproc={}", THREADS_OWN + cores() + ROOM)))
    else {
        return;
    };
    chown(data.path(), Some(id), Some(id)).unwrap();
    data.path().read_dir().unwrap().for_each(|file| chown(file.unwrap().path(), Some(id), Some(id)).unwrap());
    wrapper.extend(user);
    fill(&through(data.server(), &wrapper), ("threads of one user", "LimitNPROC"), |_| {});
}

#[test]
fn tasks_of_a_cgroup() {
    let limit = (THREADS_OWN + cores() + ROOM).to_string();
    let Some(group) = Group::with("pids", &[("pids.max", &limit)]) else { return };
    fill(&through(people().server(), &group.wrapper()), ("tasks of its cgroup", "TasksMax"), |process| {
        assert!(process.threads() <= limit.parse().unwrap());
    });
}

#[test]
fn memory_of_a_cgroup() {
    // 384 KiB each, and half a MiB for each of four couriers.
    let limit = (114 * MIB + (ROOM - 4) * 384 * 1024).to_string();
    let Some(group) = Group::with("memory", &[("memory.max", &limit), ("memory.limit_in_bytes", &limit)]) else {
        return;
    };
    fill(&through(people().server(), &group.wrapper()), ("memory of its cgroup", "MemoryMax"), |_| {});
}

#[test]
fn address_space() {
    fill_bytes("--as", 256 * MIB + 512 * MIB * cores(), ("address space", "LimitAS"));
}

#[test]
fn data_of_a_program() {
    fill_bytes("--data", 256 * MIB, ("data of a program", "LimitDATA"));
}

/// Fills a server with room for some thirty by this option of `prlimit`. So many bytes of it are the server's own.
fn fill_bytes(option: &str, own: u64, (name, knob): (&str, &str)) {
    let data = people();
    let told = |limit: u64| {
        let mut command = Command::new("prlimit");
        let server = data.server().command();
        command.arg(format!("{option}={limit}")).arg(server.get_program()).args(server.get_args());
        run(command.args(["config", "show"]), b"").stdout
    };
    let room = |text: &str| text.split("room for ").nth(1)?.split_whitespace().next()?.parse::<u64>().ok();
    // How much the program itself has mapped when it starts differs from build to build.
    let limits = (8..400).step_by(8).map(|start| own + start * MIB);
    let Some(wrapper) = limited("--version").and_then(|_| {
        let limit = limits.into_iter().find(|limit| {
            let told = told(*limit);
            told.contains(name) && room(&told).is_some_and(|room| (12..48).contains(&room))
        });
        limited(&format!("{option}={}", limit.expect("some limit makes room for some thirty")))
    }) else {
        return;
    };
    fill(&through(data.server(), &wrapper), (name, knob), |_| {});
}

/// No system has these for one process alone: the server reads them from files of the test's own.
#[cfg(feature = "fault-injection")]
mod told {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    /// A machine that says so in its files.
    fn machine(files: &[(&str, String)]) -> TempDir {
        let root = TempDir::new().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn on(machine: &TempDir) -> Server {
        people().server().env("HOMEROOM_MACHINE", machine.path().display()).start()
    }

    /// 768 and 32 a core, 417 of threads that have ended, four of each of its threads and of each client.
    fn mappings() -> u64 {
        768 + 32 * cores() + 417 + 4 * (THREADS_OWN + cores()) + 4 * ROOM
    }

    #[test]
    fn memory_mappings() {
        let limit = mappings();
        let machine = machine(&[("proc/sys/vm/max_map_count", limit.to_string())]);
        let server = on(&machine);
        fill(&server, ("memory mappings", "vm.max_map_count"), |process| {
            println!("{} mappings of {limit}, with {} threads", process.mappings(), process.threads());
            assert!(process.mappings() as u64 <= limit, "{} of {limit}", process.mappings());
        });
    }

    #[test]
    fn a_reload_on_a_machine_that_allows_more_sends_more_couriers() {
        let machine = machine(&[("proc/sys/vm/max_map_count", mappings().to_string())]);
        let server = people().server().env("HOMEROOM_MACHINE", machine.path().display());
        let server = server.args(&["--message-rate", "off", "--slow-deadline", "60"]).start();
        let (mut ada, mut root) = (server.login(&person(0)), server.admin());
        let _slow = slow_readers(&server);
        fs::write(machine.path().join("proc/sys/vm/max_map_count"), "65530").unwrap();
        let report = root.ask(json!({"type": "reload"}))["report"].to_string();
        assert!(report.contains("memory mappings (65530)"), "{report}");
        let process = Proc::of(server.pid());
        let (before, text) = (process.threads(), "x".repeat(3_900));
        wait_until("more of them have a courier than there were", || {
            (0..50).for_each(|_| drop(ada.say(&text)));
            process.threads() > before + COURIERS
        });
    }

    #[test]
    fn threads_of_the_system_and_process_ids() {
        for (file, limit, knob) in [
            ("threads-max", "threads of the system", "kernel.threads-max"),
            ("pid_max", "process ids", "kernel.pid_max"),
        ] {
            let max = 500 + THREADS_OWN + cores() + ROOM;
            let machine = machine(&[
                (&format!("proc/sys/kernel/{file}"), max.to_string()),
                ("proc/loadavg", "0.1 0.1 0.1 1/500 12345".into()),
            ]);
            fill(&on(&machine), (limit, knob), |_| {});
        }
    }
}
