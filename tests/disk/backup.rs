//! `homeroom-server backup` and `restore`: what was acknowledged before the backup is there, in a server that is the same one.

use crate::harness::{DataDir, Finished, PASSWORD, Peer, Server, assert_error, assert_reply, run, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use tempfile::TempDir;

/// How many backups are made while everybody is busy.
const ROUNDS: usize = 5;

/// How many rooms stay open: everyone may be in so many, and more.
const ROOMS_KEPT: usize = 10;
/// How far the numbers jump with a restore.
const LEAP: u64 = 100_000_000;

/// Makes a backup of `data` in `folder`.
#[track_caller]
pub(super) fn back_up(data: &DataDir, folder: &Path, name: &str) -> PathBuf {
    let file = folder.join(name);
    run(data.command().arg("backup").arg(&file), b"").succeeded();
    file
}

pub(super) fn restore(data: &DataDir, file: &Path) -> Finished {
    run(data.command().arg("restore").arg(file), b"")
}

/// A folder with what is in a backup, on which `check` finds nothing wrong.
#[track_caller]
pub(super) fn restored(file: &Path) -> Arc<DataDir> {
    let data = DataDir::new();
    restore(&data, file).succeeded();
    run(data.command().arg("check"), b"").succeeded();
    data
}

/// What is said in a folder's journal.
#[track_caller]
fn exported(data: &DataDir) -> Vec<Value> {
    let printed = run(data.command().args(["export", "--format", "json"]), b"");
    printed.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the server has acknowledged.
#[derive(Clone, Default)]
struct Acknowledged {
    said: BTreeSet<String>,
    taken_back: BTreeSet<String>,
    accounts: BTreeSet<String>,
    rooms: BTreeSet<String>,
    erased: BTreeSet<String>,
}

/// People who are busy until they are told to stop.
struct Crowd {
    done: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Crowd {
    fn begin(server: &Server) -> Self {
        let (done, stop) = <(Arc<Mutex<Acknowledged>>, Arc<AtomicBool>)>::default();
        let mut crowd = Self { done, stop, threads: Vec::new() };
        crowd.add(server.login("ada"), |ada, n, done| {
            let text = format!("said-{n}-end");
            ada.say(&text);
            done.lock().unwrap().said.insert(text);
        });
        crowd.add(server.login("bob"), |bob, n, done| {
            let text = format!("whispered-{n}-end");
            let told = bob.ask(json!({"type": "whisper", "to": "ada", "text": text}));
            assert_eq!(told["type"], "whisper", "{told}");
            done.lock().unwrap().said.insert(text);
        });
        crowd.add(server.login("cyd"), |cyd, n, done| {
            let text = format!("taken-back-{n}-end");
            let seq = cyd.say(&text)["seq"].clone();
            let answer = cyd.ask(json!({"type": "remove", "event": seq}));
            assert_ne!(answer["type"], "error", "{answer}");
            done.lock().unwrap().taken_back.insert(text);
        });
        crowd.add(server.admin(), |root, n, done| {
            let name = format!("new{n}x");
            assert_reply(&root.ask(json!({"type": "add_user", "username": name, "password": PASSWORD})));
            done.lock().unwrap().accounts.insert(name.clone());
            if n % 3 == 0 {
                // From here on it may be gone.
                done.lock().unwrap().accounts.remove(&name);
                assert_reply(&root.ask(json!({"type": "erase_user", "username": name})));
                done.lock().unwrap().erased.insert(name);
            }
        });
        crowd.add(server.admin(), |root, n, done| {
            let room = format!("room{n}x");
            assert_reply(&root.ask(json!({"type": "make_room", "room": room})));
            done.lock().unwrap().rooms.insert(room.clone());
            // Some are open all the time, so that there is always one.
            if n >= ROOMS_KEPT {
                done.lock().unwrap().rooms.remove(&room);
                assert_ne!(root.ask(json!({"type": "close_room", "room": room}))["type"], "error");
            }
        });
        crowd
    }

    fn add(&mut self, mut peer: Peer, act: fn(&mut Peer, usize, &Mutex<Acknowledged>)) {
        let (done, stop) = (Arc::clone(&self.done), Arc::clone(&self.stop));
        self.threads.push(thread::spawn(move || {
            for n in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                act(&mut peer, n, &done);
            }
        }));
    }

    fn acknowledged(&self) -> Acknowledged {
        self.done.lock().unwrap().clone()
    }

    #[track_caller]
    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[track_caller]
fn assert_holds(data: &DataDir, acknowledged: &Acknowledged) {
    let events = exported(data);
    let texts: Vec<&str> = events.iter().filter_map(|event| event["text"].as_str()).collect();
    let once: BTreeSet<&str> = texts.iter().copied().collect();
    assert_eq!(once.len(), texts.len(), "something is there twice");
    let missing: Vec<_> = acknowledged.said.iter().filter(|text| !once.contains(text.as_str())).collect();
    assert!(missing.is_empty(), "acknowledged and not there: {missing:?}");
    for words in acknowledged.taken_back.iter().chain(&acknowledged.erased).take(20) {
        assert_eq!(data.files_with(words), [""; 0], "{words} is gone for good");
    }
    let rooms: Value = serde_json::from_str(&data.read("rooms.json")).unwrap();
    let missing: Vec<_> =
        acknowledged.rooms.iter().filter(|name| rooms["rooms"].get(name.as_str()).is_none()).collect();
    assert!(missing.is_empty(), "rooms that are not there: {missing:?}");
    let users = data.users_json();
    let missing: Vec<_> =
        acknowledged.accounts.iter().filter(|name| users["users"].get(name.as_str()).is_none()).collect();
    assert!(missing.is_empty(), "accounts that are not there: {missing:?}");
}

#[test]
fn beside_a_busy_server_a_backup_has_all_that_was_acknowledged_before() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada", "bob", "cyd"]);
    let server = data.server().args(&["--message-rate", "off"]).start();
    let crowd = Crowd::begin(&server);
    wait_until("all of them are at it", || {
        let done = crowd.acknowledged();
        done.said.len() >= 10 && !done.taken_back.is_empty() && !done.erased.is_empty() && !done.rooms.is_empty()
    });
    let mut last = None;
    for round in 0..ROUNDS {
        let acknowledged = crowd.acknowledged();
        let file = back_up(&data, files.path(), &format!("{round}.tar"));
        let copy = restored(&file);
        assert_holds(&copy, &acknowledged);
        last = Some(copy);
    }
    crowd.end();
    let copy = last.unwrap();
    let newest = exported(&copy).last().unwrap()["seq"].as_u64().unwrap();
    let copied = copy.server().args(&["--message-rate", "off"]).start();
    assert_eq!(server.connect().certificate(), copied.connect().certificate(), "it has the same key");
    let said = copied.login("ada").say("it goes on");
    let seen = server.login("ada").say("it goes on here too");
    let (said, seen) = (said["seq"].as_u64().unwrap(), seen["seq"].as_u64().unwrap());
    assert!(said > newest.max(seen) + LEAP / 2, "no client has seen that number: {said}, {newest}, {seen}");
}

#[test]
fn who_was_there_comes_back_by_token_and_misses_nothing() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada", "bob", "cyd"]);
    let mut server = data.start();
    let (mut ada, mut bob, cyd) = (server.login("ada"), server.login("bob"), server.login("cyd"));
    let said = ada.say("before");
    bob.find("it", |line| line["text"] == "before");
    let missed = ada.say("bob misses this");
    // What ended before is over in the copy too.
    let ended = cyd.welcome["token"].clone();
    assert_reply(&server.admin().ask(json!({"type": "logout_user", "username": "cyd"})));
    let changed = ada.ask(json!({"type": "passwd", "old": PASSWORD, "new": "eight green bottles"}));
    assert_reply(&changed);
    let mut root = server.admin();
    let poll = root.ask(json!({"type": "poll", "room": "general", "question": "?", "options": ["a", "b"]}));
    assert_reply(&bob.ask(json!({"type": "vote", "poll": poll["poll"], "option": 1})));
    let file = back_up(&data, files.path(), "a.tar");
    ada.say("after the backup");
    server.kill();

    let server = restored(&file).start();
    let mut back = server.connect();
    back.resume("bob", &bob.welcome["token"], said["seq"].as_u64().unwrap());
    let shown = back.find("what was missed", |line| line["text"] == "bob misses this");
    assert_eq!(shown["seq"], missed["seq"]);
    let login = json!({"type": "login", "protocol": 1, "username": "cyd", "token": ended});
    assert_error(&server.connect().ask_plainly(&login), "bad_credentials");
    let old = json!({"type": "login", "protocol": 1, "username": "ada", "password": PASSWORD});
    assert_error(&server.connect().ask_plainly(&old), "bad_credentials");
    server.login_with("ada", "eight green bottles").say("after the restore");
    let tally = server.admin().ask(json!({"type": "tally", "poll": poll["poll"]}));
    assert_eq!(tally["counts"], json!([0, 1]), "a vote that was acknowledged counts: {tally}");
}

#[test]
fn it_is_for_its_owner_alone_and_replaces_nothing() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("one");
    fs::create_dir(data.file("get")).unwrap();
    for (name, text) in [("motd.txt", "hello"), ("homeroom.toml", "keep-days = 7\n"), ("get/homeroom-client", "x")] {
        fs::write(data.file(name), text).unwrap();
    }
    fs::write(data.file("users.json.old"), "nobody's").unwrap();
    let file = back_up(&data, files.path(), "a.tar");
    let before = fs::read(&file).unwrap();
    // Whoever unpacks it by hand.
    let mut entries = tar::Archive::new(&before[..]);
    assert!(entries.entries().unwrap().all(|entry| entry.unwrap().header().mode().unwrap() == 0o600));
    let refused = run(data.command().arg("backup").arg(&file), b"");
    assert!(refused.failed_with(1).contains("is there already: nothing was written; move it away"), "{refused:?}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1, "nothing is left beside it");
    server.kill();

    let refused = restore(&data, &file);
    assert!(refused.failed_with(1).contains("holds something already (audit.jsonl, "), "{refused:?}");
    // What a disk has at its root by itself is nothing.
    let disk = DataDir::new();
    for own in ["lost+found", ".Trash-1000", "System Volume Information", "$RECYCLE.BIN"] {
        fs::create_dir(disk.file(own)).unwrap();
    }
    restore(&disk, &file).succeeded();
    assert!(disk.file("lost+found").exists() && disk.file("users.json").exists());
    let copy = restored(&file);
    let names = |data: &DataDir| -> BTreeSet<String> {
        let names = fs::read_dir(data.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    };
    let mut expected = names(&data);
    ["users.json.old", "last-backup.json"].iter().for_each(|name| assert!(expected.remove(*name), "{name}"));
    assert_eq!(names(&copy), expected);
    assert_eq!((copy.read("motd.txt"), copy.read("get/homeroom-client")), ("hello".into(), "x".into()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert!(copy.files().iter().all(|path| mode(path) == 0o600));
        assert!(["journal", "get"].iter().all(|name| mode(&copy.file(name)) == 0o700));
    }
    // Somebody else's server, and one that runs.
    let _running = copy.start();
    let refused = restore(&copy, &file);
    assert!(refused.failed_with(1).contains("end the server that runs on it, then move"), "{refused:?}");
}

#[test]
fn a_server_that_was_not_even_started_has_a_backup_too_and_an_empty_folder_none() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada"]);
    let told = run(data.command().arg("backup").arg(files.path().join("told.tar")), b"").stderr;
    assert!(told.contains(": 1 file, ") && !told.contains("private key"), "{told}");
    fs::remove_file(files.path().join("told.tar")).unwrap();
    let copy = restored(&back_up(&data, files.path(), "a.tar"));
    copy.start().login("ada").say("hello");
    let refused = run(DataDir::new().command().arg("backup").arg(files.path().join("b.tar")), b"");
    assert!(refused.failed_with(1).contains("nothing to copy: name the server's folder"), "{refused:?}");
    assert_eq!(fs::read_dir(files.path()).unwrap().count(), 1);
}

#[test]
fn what_should_be_in_it_and_is_lost_is_told() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada"]);
    data.start().login("ada").say("hello");
    for name in ["identity.p12", "users.json"] {
        let (path, aside) = (data.file(name), files.path().join(name));
        fs::rename(&path, &aside).unwrap();
        let told = run(data.command().arg("backup").arg(files.path().join(format!("{name}.tar"))), b"");
        assert!(told.failed_with(1).contains(&format!("the backup is made, and {name} isn't in it")), "{told:?}");
        assert_eq!(told.stderr.contains("private key is in it too"), name != "identity.p12", "{told:?}");
        fs::rename(&aside, &path).unwrap();
    }
    #[cfg(unix)]
    {
        fs::rename(data.file("journal"), files.path().join("journal")).unwrap();
        std::os::unix::fs::symlink(files.path().join("unmounted"), data.file("journal")).unwrap();
        let refused = run(data.command().arg("backup").arg(files.path().join("c.tar")), b"");
        assert!(refused.failed_with(1).contains("journal is a link that leads to nothing"), "{refused:?}");
        assert!(!files.path().join("c.tar").exists());
    }
}

#[test]
fn it_does_not_lie_in_the_data_folder_and_says_what_is_not_in_it() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada"]);
    fs::create_dir_all(data.file("get/folder")).unwrap();
    fs::write(data.file("get/homeroom-client"), "x").unwrap();
    fs::write(data.file("get/.hidden"), "x").unwrap();
    for name in ["homeroom.toml", "get/x.tar"] {
        let refused = run(data.command().arg("backup").arg(data.file(name)), b"");
        assert!(refused.failed_with(1).contains("would lie in the data folder itself"), "{refused:?}");
        assert!(!data.file(name).exists());
    }
    let mut command = data.command();
    let told = run(command.current_dir(files.path()).args(["backup", "a.tar"]), b"");
    told.succeeded();
    assert!(told.stderr.contains("since no server gives them out: .hidden, folder"), "{}", told.stderr);
    assert!(told.stderr.contains(" KiB, "), "{}", told.stderr);
    let found = run(data.command().arg("doctor"), b"").stdout;
    let absolute = files.path().join("a.tar").display().to_string();
    assert!(found.contains(&format!("ago, to {absolute}")), "{found}");
}

#[test]
fn through_a_pipe() {
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    let copy = DataDir::new();
    let mut from = data.command().args(["backup", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let pipe = from.stdout.take().unwrap();
    let to = copy.command().args(["restore", "-"]).stdin(pipe).output().unwrap();
    assert!(to.status.success(), "{}", String::from_utf8_lossy(&to.stderr));
    let told = from.wait_with_output().unwrap();
    let told = (told.status.success(), String::from_utf8(told.stderr).unwrap());
    assert!(told.0 && told.1.starts_with("standard output: ") && told.1.contains("all up to event "), "{told:?}");
    server.kill();
    assert!(exported(&copy).iter().any(|event| event["text"] == "hello"));
    // Whoever reads has enough: that is no backup.
    let mut cut = data.command().args(["backup", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(cut.stdout.take());
    let cut = cut.wait_with_output().unwrap();
    assert_eq!(cut.status.code(), Some(1), "{}", String::from_utf8_lossy(&cut.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_goes_to_a_terminal_or_comes_from_one() {
    use crate::harness::Screen;
    let data = DataDir::with_users(&["ada"]);
    for (word, told) in
        [("backup", "a backup is nothing for a terminal"), ("restore", "no backup comes from a terminal")]
    {
        let mut command: Command = data.command();
        command.args([word, "-"]);
        Screen::start(&command, (24, 120)).wait_for(|rows| rows.iter().any(|row| row.contains(told)));
    }
}

#[test]
fn doctor_says_when_the_last_one_was() {
    let files = TempDir::new().unwrap();
    let data = DataDir::with_users(&["ada"]);
    let doctor = || run(data.command().arg("doctor"), b"").stdout;
    assert!(doctor().contains("there was no backup: `homeroom-server backup FILE`"), "{}", doctor());
    let file = back_up(&data, files.path(), "a.tar");
    let told = doctor();
    assert!(told.contains("the last backup was ") && told.contains(&format!("ago, to {}", file.display())), "{told}");
}

/// What is put in place is on the disk before: a power cut at any moment leaves nothing, or all of it.
#[cfg(target_os = "linux")]
#[test]
fn every_file_is_on_the_disk_before_it_counts() {
    let files = TempDir::new().unwrap();
    let may_trace = Command::new("strace").args(["-D", "-o", "/dev/null", "true"]).output();
    if !may_trace.is_ok_and(|done| done.status.success()) {
        println!("not tested: there is no strace, or it may not trace");
        return;
    }
    let data = DataDir::with_users(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    let (file, log, copy) = (back_up(&data, files.path(), "a.tar"), files.path().join("log"), DataDir::new());
    server.kill();
    let plain = copy.command();
    let mut traced = Command::new("strace");
    traced.args(["-f", "-y", "-s", "400", "-e", "trace=fsync,rename,renameat,renameat2", "-o"]).arg(&log);
    traced.arg(plain.get_program()).args(plain.get_args()).arg("restore").arg(&file);
    run(&mut traced, b"").succeeded();
    let text = fs::read_to_string(&log).unwrap();
    let calls: Vec<&str> = text.lines().collect();
    let path = |name: &str| copy.path().join(name).display().to_string();
    let (arriving, arrived) = (path("restore.new"), path("restore.whole"));
    let renamed = |from: &str, to: &str| {
        let words = [format!("\"{from}\""), format!("\"{to}\"")];
        let found =
            calls.iter().position(|call| call.contains("rename") && words.iter().all(|word| call.contains(word)));
        found.unwrap_or_else(|| panic!("{from} doesn't become {to}:\n{text}"))
    };
    let synced = |path: &str, range: std::ops::Range<usize>| {
        let is_synced = |call: &&str| call.contains("fsync(") && call.contains(&format!("<{path}>"));
        assert!(calls[range].iter().any(is_synced), "{path} isn't synced in time:\n{text}");
    };
    let whole = renamed(&arriving, &arrived);
    for file in copy.files().iter().filter(|path| !path.ends_with("homeroom.lock")) {
        let name = file.strip_prefix(copy.path()).unwrap().display();
        // Its number is written anew, by another name.
        let suffix = if file.ends_with("sequence") { ".new" } else { "" };
        synced(&format!("{arriving}/{name}{suffix}"), 0..whole);
    }
    synced(&format!("{arriving}/journal"), 0..whole);
    synced(&arriving, 0..whole);
    let first = renamed(&format!("{arrived}/identity.p12"), &path("identity.p12"));
    synced(&copy.path().display().to_string(), whole..first);
    let last = renamed(&format!("{arrived}/users.json"), &path("users.json"));
    synced(&copy.path().display().to_string(), last..calls.len());
}

/// A card that fails is often mounted for reading alone: that is when one wants a backup.
#[cfg(target_os = "linux")]
#[test]
fn of_a_disk_that_is_mounted_for_reading_alone_too() {
    use crate::harness::SmallDisk;
    let (data, files) = (DataDir::new(), TempDir::new().unwrap());
    let Some(disk) = SmallDisk::over(data.path(), 1024) else { return };
    data.fill(&["ada"]);
    let mut server = data.start();
    server.login("ada").say("hello");
    server.kill();
    disk.for_reading();
    let file = files.path().join("a.tar");
    let told = run(data.command().arg("backup").arg(&file), b"");
    told.succeeded();
    assert!(told.stderr.contains("for `doctor` it can't be noted"), "{told:?}");
    assert!(exported(&restored(&file)).iter().any(|event| event["text"] == "hello"));
}

/// Root makes the backup of a service, and restores it.
#[cfg(unix)]
#[test]
fn what_root_puts_into_a_services_folder_is_the_services() {
    use std::os::unix::fs::{MetadataExt, chown};
    const SERVICE: u32 = 61_184;
    let (data, files, copy) = (DataDir::with_users(&["ada"]), TempDir::new().unwrap(), DataDir::new());
    let mut server = data.start();
    server.login("ada").say("hello");
    server.kill();
    if [&data, &copy].iter().any(|data| chown(data.path(), Some(SERVICE), Some(SERVICE)).is_err()) {
        println!("not tried: only root can give a folder away");
        return;
    }
    let file = back_up(&data, files.path(), "a.tar");
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    assert_eq!((owner(&file), owner(&data.file("last-backup.json"))), (owner(files.path()), SERVICE));
    restore(&copy, &file).succeeded();
    let all = copy.files().into_iter().chain([copy.file("journal")]);
    let others: Vec<PathBuf> = all.filter(|path| owner(path) != SERVICE).collect();
    assert!(others.is_empty(), "{others:?}");
}
