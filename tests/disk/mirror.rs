//! Everything is kept on another disk too, and a server that is started there is the same one.

use super::history;
use crate::harness::{DataDir, PASSWORD, Server, Terminal, assert_reply, run, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A server with these users, everything of which is kept in a second folder.
#[track_caller]
pub(super) fn mirrored(names: &[&str], args: &[&str]) -> (Arc<DataDir>, Arc<DataDir>, Server) {
    let (data, mirror) = (DataDir::with_users(names), DataDir::elsewhere());
    let server = start(&data, &mirror, args);
    (data, mirror, server)
}

#[track_caller]
pub(super) fn start(data: &Arc<DataDir>, mirror: &DataDir, args: &[&str]) -> Server {
    data.server().args(&["--mirror", &mirror.path().display().to_string()]).args(args).start()
}

/// What a folder holds that a mirror of it must hold.
pub(super) fn contents(data: &DataDir) -> BTreeMap<PathBuf, Vec<u8>> {
    let own = ["homeroom.lock", "mirror.json", "mirror-of.json", "spare"];
    let is_own =
        |path: &Path| own.iter().any(|name| path.ends_with(name)) || path.extension().is_some_and(|e| e == "new");
    let files = data.files().into_iter().filter(|path| !is_own(path));
    files
        .filter_map(|path| Some((path.strip_prefix(data.path()).unwrap().to_owned(), std::fs::read(&path).ok()?)))
        .collect()
}

/// Waits until a mirror has everything.
#[track_caller]
pub(super) fn wait_until_whole(data: &DataDir, mirror: &DataDir) {
    wait_until("the mirror has everything", || contents(data) == contents(mirror));
}

/// Fails unless `homeroom-server check` finds nothing wrong with it.
#[track_caller]
pub(super) fn assert_sound(mirror: &DataDir) {
    run(mirror.command().arg("check"), b"").succeeded();
}

#[test]
fn a_start_on_it_is_the_same_server_and_nobody_misses_anything() {
    let (data, mirror, mut server) = mirrored(&["ada", "bob"], &[]);
    let (address, fingerprint) = (server.address(), server.fingerprint());
    let mut ada = server.login("ada");
    let token = ada.welcome["token"].clone();
    let mut bob = Terminal::start(&[&server.join_link(), "--user", "bob"], Some(PASSWORD));
    bob.stdout.wait_for("ada");
    ada.say("one");
    bob.stdout.wait_for("one");
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    assert_eq!(root.ask(json!({"type": "topic", "text": "primes"}))["type"], "topic");
    let seen = ada.say("two")["seq"].as_u64().unwrap();
    root.say("three");
    bob.stdout.wait_for("three");
    wait_until_whole(&data, &mirror);
    assert_sound(&mirror);
    server.kill();
    // The card is dead.
    let server = mirror.server().listen(address).start();
    assert_eq!(server.fingerprint(), fingerprint);
    assert!(server.stderr.text().contains("was the mirror of another folder"));
    let mut ada = server.connect();
    ada.resume("ada", &token, seen);
    assert_eq!(ada.find("what ada missed", |line| line["type"] == "message")["text"], "three");
    let said = ada.say("four");
    assert!(
        said["seq"].as_u64().unwrap() > 100_000_000,
        "a seq may have been shown that the mirror doesn't know: {said}"
    );
    bob.stdout.wait_for("four");
    bob.type_line("five");
    ada.until_text("five");
    let text = bob.finish().stdout;
    for word in ["one", "two", "three", "four"] {
        assert_eq!(text.matches(&format!(" {word}\n")).count(), 1, "{word}: {text}");
    }
    let texts = |events: &[(u64, String)]| events.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&history(&mut ada)), ["one", "primes", "two", "three", "four", "five"]);
    assert_eq!(server.login("bob").welcome["topic"]["text"], "primes");
}

/// With `--sync always` whatever is acknowledged is in the mirror.
#[test]
fn what_is_acknowledged_is_there_before() {
    let (data, mirror, mut server) = mirrored(&["ada"], &["--sync", "always", "--message-rate", "off"]);
    let mut ada = server.login("ada");
    wait_until_whole(&data, &mirror);
    for number in 0..30 {
        let text = format!("said-number-{number}.");
        ada.say(&text);
        assert_eq!(mirror.files_with(&text).len(), 1, "{text} is acknowledged, and not in the mirror");
    }
    // So is what is changed about accounts.
    let mut root = server.admin();
    for minutes in 1..30 {
        assert_reply(&root.ask(json!({"type": "mute", "username": "ada", "minutes": minutes})));
        assert_eq!(mirror.users_json(), data.users_json(), "{minutes}");
    }
    assert_reply(&root.ask(json!({"type": "unmute", "username": "ada"})));
    ada.say("the last");
    server.kill();
    assert_sound(&mirror);
    assert_eq!(history(&mut mirror.start().login("ada")).last().unwrap().1, "the last");
}

/// What was taken back, whoever was erased, and what was ended, is so in the mirror too.
#[test]
fn what_is_gone_is_gone_there_too() {
    let (data, mirror, server) = mirrored(&["ada", "bob", "eve"], &[]);
    let (mut root, mut ada, mut bob) = (server.admin(), server.login("ada"), server.login("bob"));
    let token = bob.welcome["token"].clone();
    let said = ada.say("what-was-said-in-anger");
    server.login("eve").say("i-am-eve");
    bob.say("something");
    wait_until_whole(&data, &mirror);
    assert_eq!(mirror.files_with("what-was-said-in-anger").len(), 1);
    assert_eq!(ada.ask(json!({"type": "remove", "event": said["seq"]}))["type"], "removed");
    assert_reply(&root.ask(json!({"type": "erase_user", "username": "eve"})));
    assert_reply(&root.ask(json!({"type": "reset_password", "username": "ada"})));
    assert_reply(&bob.ask(json!({"type": "logout"})));
    wait_until_whole(&data, &mirror);
    for words in ["what-was-said-in-anger", "i-am-eve", "\"eve\""] {
        assert_eq!(mirror.files_with(words), [""; 0], "{words}");
    }
    assert_sound(&mirror);
    drop(server);
    let server = mirror.start();
    let login = |login: Value| server.connect().ask(login)["code"].clone();
    let with =
        |name: &str, field: &str, value: Value| json!({"type": "login", "protocol": 1, "username": name, field: value});
    assert_eq!(login(with("bob", "token", token)), "bad_credentials");
    assert_eq!(login(with("ada", "password", PASSWORD.into())), "bad_credentials");
    assert_eq!(login(with("eve", "password", PASSWORD.into())), "bad_credentials");
    server.login("bob").assert_alive();
}

/// After a start, and after the journal has got other segments, no more is written than what has changed.
#[test]
fn a_later_start_goes_on_with_it() {
    let (data, mirror, server) = mirrored(&["ada"], &[]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    drop(server);
    // While no server runs.
    data.user_add(&["zed"], Some(PASSWORD)).succeeded();
    std::fs::write(data.file("motd.txt"), "welcome").unwrap();
    let server = start(&data, &mirror, &[]);
    server.login("ada").say("two");
    wait_until_whole(&data, &mirror);
    std::fs::remove_file(data.file("motd.txt")).unwrap();
    wait_until_whole(&data, &mirror);
    server.terminate();
    drop(server);
    let server = mirror.start();
    server.login("zed").assert_alive();
    assert_eq!(history(&mut server.login("ada")).len(), 2);
}

/// While a server runs, somebody removes or changes what is there: each minute, and with a reload, that is looked at.
#[test]
fn what_is_lost_there_is_put_there_anew_and_told() {
    let (data, mirror, server) = mirrored(&["ada"], &[]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    server.stderr.wait_for("everything is kept in the mirror");
    // What is said at the start is there too.
    let mut root = server.admin();
    std::fs::remove_file(mirror.file("users.json")).unwrap();
    std::fs::write(mirror.file("identity.p12"), "zz").unwrap();
    let doctor = run(data.command().args(["--mirror", &mirror.path().display().to_string(), "doctor"]), b"").stdout;
    assert!(doctor.contains(" lacks users.json, ") || doctor.contains(" lacks identity.p12, "), "{doctor}");
    let journal = std::fs::read_dir(mirror.file("journal")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(journal, "").unwrap();
    root.send(&json!({"type": "reload"}));
    // The look of that minute may come in between.
    let mut untold = vec!["identity.p12", "users.json", "journal"];
    while !untold.is_empty() {
        let notice = root.find("a notice", |line| {
            line["type"] == "notice"
                && line["text"].as_str().unwrap().contains("another program has removed or changed")
        });
        let text = notice["text"].as_str().unwrap();
        assert!(text.contains(&format!(" in the mirror {}, ", mirror.path().display())), "{text}");
        untold.retain(|name| !text.contains(name));
    }
    wait_until_whole(&data, &mirror);
    assert_sound(&mirror);
}

/// `doctor` from the files, `/status` and the metrics from the server.
#[test]
fn how_far_it_is_behind_is_told() {
    let (data, mirror, server) = mirrored(&["ada"], &["--metrics", "127.0.0.1:0"]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    let path = mirror.path().display().to_string();
    let doctor = |mirror: &str| run(data.command().args(["--mirror", mirror, "doctor"]), b"").stdout;
    assert!(doctor(&path).contains(&format!("ok  {path} has everything")), "{}", doctor(&path));
    let unnamed = run(data.command().arg("doctor"), b"").stdout;
    assert!(unnamed.contains(&format!("ok  {path} has everything")), "{unnamed}");
    let status = server.admin().ask(json!({"type": "status"}))["status"].clone();
    assert!(status["mirror_behind_seconds"].is_u64() && status["mirror"].is_null(), "{status}");
    server.terminate();
    drop(server);
    let server = data.start();
    server.login("ada").say("two");
    let status = server.admin().ask(json!({"type": "status"}))["status"].clone();
    assert!(status["mirror_behind_seconds"].is_null(), "{status}");
    server.terminate();
    drop(server);
    let told = doctor(&path);
    assert!(
        told.contains("!!  ")
            && told.contains("is behind: it has the events up to ")
            && told.contains("and lacks those"),
        "{told}"
    );
    assert!(doctor("/dev/shm/no-such-mirror").contains("isn't there: plug its disk in"));
    let shown = run(data.command().args(["--mirror", &path, "config", "show"]), b"");
    assert!(shown.succeeded().contains(&format!("mirror = \"{path}\" # --mirror")), "{shown:?}");
    assert!(run(data.command().args(["config", "show"]), b"").succeeded().contains("# mirror is not set"));
}

/// On a disk that keeps no modes that is told, once.
#[test]
#[cfg(feature = "fault-injection")]
fn one_on_a_disk_without_modes_is_told() {
    let (data, mirror, faults) = (DataDir::with_users(&[]), DataDir::elsewhere(), super::faults::Faults::none());
    faults.set(&[("mode.keep", "fail")]);
    let server = faults.server(&data, &["--mirror", &mirror.path().display().to_string()]);
    server.stderr.wait_for(&format!("the disk of {} keeps no file modes", mirror.path().display()));
    wait_until_whole(&data, &mirror);
}

/// As where its disk is pulled out: each file of it is missing at once.
#[test]
fn nothing_is_taken_from_it_when_the_data_folder_is_gone() {
    let (data, mirror, server) = mirrored(&["ada"], &[]);
    let root = server.admin();
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    server.stderr.wait_for("everything is kept in the mirror");
    let (had, elsewhere) = (contents(&mirror), data.path().with_extension("gone"));
    std::fs::rename(data.path(), &elsewhere).unwrap();
    // What wakes the mirror.
    drop(root);
    server.stderr.wait_for("is gone, perhaps with its disk: nothing is taken from the mirror");
    let lacks = |mirror: &DataDir| had.keys().find(|name| !mirror.path().join(name).exists()).cloned();
    assert_eq!(lacks(&mirror), None);
    std::fs::rename(&elsewhere, data.path()).unwrap();
    // By then the server may have seen that it's gone: it goes on by itself.
    let mut ada = server.login("ada");
    wait_until("something can be said", || ada.ask(json!({"type": "say", "text": "two"}))["type"] == "message");
    wait_until_whole(&data, &mirror);
}

#[test]
fn what_is_lost_or_damaged_in_the_data_folder_is_not_lost_there() {
    let (data, mirror, server) = mirrored(&["ada"], &[]);
    server.login("ada").say("one");
    wait_until_whole(&data, &mirror);
    server.stderr.wait_for("everything is kept in the mirror");
    let key = std::fs::read(mirror.file("identity.p12")).unwrap();
    std::fs::write(data.file("identity.p12"), "").unwrap();
    server.stderr.wait_for("identity.p12 can't be read: it is damaged");
    assert_eq!(std::fs::read(mirror.file("identity.p12")).unwrap(), key);
    std::fs::remove_file(data.file("identity.p12")).unwrap();
    server.login("ada").say("two");
    wait_until("what is said goes on", || mirror.files_with("two").len() == 1);
    assert_eq!(std::fs::read(mirror.file("identity.p12")).unwrap(), key);
    drop(server);
    // Nor does a start make it anew and put that there.
    std::fs::remove_file(data.file("users.json")).unwrap();
    let path = mirror.path().display().to_string();
    for name in ["identity.p12", "users.json"] {
        let refused = run(&mut data.server().args(&["--mirror", &path]).command(), b"");
        assert!(
            refused.failed_with(1).contains(&format!("the mirror {path} has it: put it back (`cp -p {path}/{name} "))
        );
        assert!(!data.file(name).exists());
        std::fs::copy(mirror.file(name), data.file(name)).unwrap();
    }
    start(&data, &mirror, &[]).login("ada").assert_alive();
}
