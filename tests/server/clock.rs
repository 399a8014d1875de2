//! The system's clock is wrong, or is set: nothing is deleted and nobody refused for that, and nothing lives longer.

use crate::harness::{DataDir, FakeClock, Finished, Peer, Server, assert_error, assert_reply, run};
use serde_json::{Value, json};
use std::sync::Arc;

/// All that has an age or an end, just made.
struct Story {
    token: Value,
    one_time: String,
    seq: u64,
}

impl Story {
    fn begin(server: &Server) -> Self {
        let (mut root, mut ada) = (server.admin(), server.login("ada"));
        let seq = ada.say("hello")["seq"].as_u64().unwrap();
        ada.ask(json!({"type": "whisper", "to": "bob", "text": "psst"}));
        assert_reply(&root.ask(json!({"type": "mute", "username": "eve", "minutes": 10})));
        let added = root.ask(json!({"type": "add_user", "username": "zed"}));
        let one_time = added["password"].as_str().unwrap().to_owned();
        Self { token: ada.welcome["token"].clone(), one_time, seq }
    }

    /// All of it holds, some moments later.
    #[track_caller]
    fn holds(&self, server: &Server, when: &str) {
        self.is_kept(server, when);
        assert_times_ascend(server);
    }

    /// The same where times have gone back.
    #[track_caller]
    fn is_kept(&self, server: &Server, when: &str) {
        let mut ada = server.connect();
        ada.resume("ada", &self.token, self.seq - 1);
        assert!(ada.welcome["gap"].is_null(), "{when}: {}", ada.welcome);
        // What is too old goes when a segment is begun.
        ada.say("later");
        let reply = ada.ask(json!({"type": "history"}));
        let texts: Vec<_> = reply["events"].as_array().unwrap().iter().map(|event| &event["text"]).collect();
        assert_eq!(texts[..2], ["hello", "psst"], "{when}");
        let refusal = server.login("eve").ask(json!({"type": "say", "text": "hi"}));
        assert_error(&refusal, "muted");
        let message = refusal["message"].as_str().unwrap();
        let seconds = message.split_whitespace().find_map(|word| word.parse::<u64>().ok());
        assert!(seconds.is_some_and(|seconds| (1..=600).contains(&seconds)), "{when}: {message}");
        assert_eq!(server.login_with("zed", &self.one_time).welcome["must_change_password"], true, "{when}");
    }

    /// And the whisper is there when bob comes.
    #[track_caller]
    fn ends(&self, server: &Server) {
        assert_eq!(server.login("bob").event("whisper", "ada")["text"], "psst");
    }
}

/// No event of the journal bears an earlier time than the one before.
#[track_caller]
fn assert_times_ascend(server: &Server) {
    let segments = server.data().journal();
    let text: String = segments.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let times: Vec<String> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["time"].as_str().map(str::to_owned))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[track_caller]
fn doubt(root: &mut Peer) -> Option<String> {
    status(root, "clock")
}

/// What was wrong before it was believed again.
#[track_caller]
fn trouble(root: &mut Peer) -> Option<String> {
    status(root, "clock_trouble")
}

#[track_caller]
fn status(root: &mut Peer, key: &str) -> Option<String> {
    root.ask(json!({"type": "status"}))["status"][key].as_str().map(str::to_owned)
}

/// What is said bears today's time.
#[track_caller]
fn assert_says_today(server: &Server) {
    let said = server.login("ada").say("when?")["time"].as_str().unwrap().to_owned();
    let today = jiff::Timestamp::now().duration_since(said.parse().unwrap());
    assert!(today.abs().as_hours() < 24, "{said}");
}

#[test]
fn a_clock_that_is_set_while_the_server_runs_deletes_and_refuses_nothing() {
    for days in [400, 45, -45, -400] {
        let clock = FakeClock::off_by(0);
        let data = DataDir::with_users(&["ada", "bob", "eve"]);
        let mut server = data.server().clock(&clock).start();
        let story = Story::begin(&server);
        let mut root = server.admin();
        assert_eq!(doubt(&mut root), None);
        clock.set(days);
        story.holds(&server, &format!("set by {days} days"));
        let words = if days > 0 { "set ahead by" } else { "set back by" };
        let notice = root.find("a notice", |line| line["type"] == "notice");
        assert!(notice["text"].as_str().unwrap().contains(words), "{notice}");
        assert!(doubt(&mut root).unwrap().contains(&format!("{} days", days.abs())));
        server.stderr.wait_for(words);
        for right in [false, true] {
            server.kill();
            clock.set(if right { 0 } else { days });
            server = data.server().clock(&clock).start();
            story.holds(&server, &format!("set by {days} days and started anew, right: {right}"));
        }
        clock.set(days);
        story.ends(&server);
    }
}

#[test]
fn a_clock_that_is_wrong_at_the_start_and_then_set_right_deletes_and_refuses_nothing() {
    for days in [400, 45, -45, -400] {
        let clock = FakeClock::off_by(0);
        let data = DataDir::with_users(&["ada", "bob", "eve"]);
        let mut server = data.server().clock(&clock).start();
        let story = Story::begin(&server);
        server.terminate();
        assert_eq!(server.wait(), Some(0));
        clock.set(days);
        let doctor = doctor(&data, &clock);
        assert!(doctor.stdout.contains(&format!("{} days", days.abs())), "{doctor:?}");
        assert_eq!(doctor.code, Some(i32::from(days < 0)), "{doctor:?}");
        let mut server = data.server().clock(&clock).start();
        story.holds(&server, &format!("wrong by {days} days at the start"));
        let mut root = server.admin();
        // Nobody was there when it was found out.
        let notice = root.find("a notice", |line| line["type"] == "notice");
        assert!(notice["text"].as_str().unwrap().contains(&format!("{} days", days.abs())), "{notice}");
        assert!(doubt(&mut root).is_some());
        clock.set(0);
        story.is_kept(&server, "set right");
        let notice = root.find("the end of the doubt", |line| line["type"] == "notice");
        let text = notice["text"].as_str().unwrap();
        assert!(text.contains("plausible again") && text.contains("too late") == (days > 0), "{notice}");
        assert_eq!((doubt(&mut root), trouble(&mut root).as_deref()), (None, Some(text)));
        assert_says_today(&server);
        server.kill();
        let server = data.server().clock(&clock).start();
        story.is_kept(&server, "and started anew");
        story.ends(&server);
    }
}

/// A Raspberry Pi at its first start.
#[test]
fn a_first_start_with_a_clock_that_is_behind_deletes_and_refuses_nothing() {
    let clock = FakeClock::off_by(-45);
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.server().clock(&clock).start();
    let story = Story::begin(&server);
    clock.set(0);
    story.holds(&server, "set right");
    assert_says_today(&server);
    for _ in 0..2 {
        server.kill();
        server = data.server().clock(&clock).start();
        story.holds(&server, "started anew");
    }
    story.ends(&server);
}

/// Set right before the second start: nobody can know which of the two was right, so the clock is believed when it has stood.
#[test]
#[cfg(feature = "fault-injection")]
fn a_first_start_with_a_clock_that_is_ahead_is_got_over() {
    for remembers in [true, false] {
        let (clock, faults) = (FakeClock::off_by(400), tempfile::NamedTempFile::new().unwrap());
        let data = DataDir::with_users(&["ada", "bob", "eve"]);
        let start = || data.server().clock(&clock).env("HOMEROOM_FAULTS", faults.path().display()).start();
        let mut server = start();
        let story = Story::begin(&server);
        server.terminate();
        assert_eq!(server.wait(), Some(0));
        clock.set(0);
        if !remembers {
            std::fs::remove_file(data.file("clock.json")).unwrap();
        }
        assert_eq!(doctor(&data, &clock).code, Some(1), "behind, or ahead before?");
        let mut server = start();
        let mut root = server.admin();
        let notice = root.find("the doubt", |line| line["type"] == "notice");
        assert_eq!(doubt(&mut root).as_deref(), notice["text"].as_str());
        assert!(doubt(&mut root).unwrap().contains("400 days before the last time that was known"), "{notice}");
        if remembers {
            story.holds(&server, "in doubt");
        }
        // As if it had stood.
        std::fs::write(faults.path(), "clock.stands fail\n").unwrap();
        let notice = root.find("the end of the doubt", |line| line["type"] == "notice");
        let text = notice["text"].as_str().unwrap();
        assert!(text.contains("plausible again") && text.contains("times go back by 400 days"), "{text}");
        assert_eq!((doubt(&mut root), trouble(&mut root).as_deref()), (None, Some(text)));
        server.stderr.wait_for("times go back by 400 days");
        // So does the certificate.
        server.stderr.wait_for("the one before holds only from");
        assert_says_today(&server);
        for _ in 0..2 {
            let mut ada = server.connect();
            ada.resume("ada", &story.token, story.seq - 1);
            assert!(ada.welcome["gap"].is_null(), "{}", ada.welcome);
            assert!(ada.ask(json!({"type": "history"}))["events"].to_string().contains("hello"));
            if remembers {
                story.is_kept(&server, "followed");
            }
            server.kill();
            server = start();
            assert_eq!(doubt(&mut server.admin()), None, "and that is all");
            assert_says_today(&server);
        }
        let doctor = doctor(&data, &clock);
        assert!(doctor.stdout.contains("bears times that are") == remembers, "{doctor:?}");
        story.ends(&server);
    }
}

/// The server is off for ten days again and again, as the clock tells: that counts, also for a server that says nothing.
#[test]
fn restarts_make_nothing_live_longer() {
    let clock = FakeClock::off_by(0);
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.server().clock(&clock).start();
    let story = Story::begin(&server);
    for days in [10, 20, 30, 40] {
        server.kill();
        clock.set(days);
        server = data.server().clock(&clock).start();
        assert_eq!(doubt(&mut server.admin()), None, "{days} days");
        server.login("eve").say(&format!("no longer muted after {days} days"));
        let mut zed = server.connect();
        zed.send(&json!({"type": "login", "protocol": 1, "username": "zed", "password": story.one_time}));
        assert_eq!(zed.next()["type"], if days < 14 { "welcome" } else { "error" }, "{days} days");
    }
    let mut ada = server.connect();
    ada.send(&json!({"type": "login", "protocol": 1, "username": "ada", "token": story.token}));
    assert_error(&ada.next(), "bad_credentials");
    let texts = history(&data, &server);
    assert!(!texts.contains("hello") && texts.contains("20 days"), "{texts}");
}

/// A night that the clock knows of only when it is set right, as on a Raspberry Pi, counts all the same.
#[test]
fn pauses_that_the_clock_tells_late_make_nothing_live_longer() {
    let clock = FakeClock::off_by(0);
    let data = DataDir::with_users(&["ada", "bob", "eve"]);
    let mut server = data.server().clock(&clock).start();
    let story = Story::begin(&server);
    for days in [10, 20, 30, 40] {
        server.terminate();
        assert_eq!(server.wait(), Some(0));
        server = data.server().clock(&clock).start();
        let mut root = server.admin();
        clock.set(days);
        root.say("it is set");
        assert_eq!(doubt(&mut root), None, "{days} days");
    }
    let mut ada = server.connect();
    ada.send(&json!({"type": "login", "protocol": 1, "username": "ada", "token": story.token}));
    assert_error(&ada.next(), "bad_credentials");
    let mut zed = server.connect();
    zed.send(&json!({"type": "login", "protocol": 1, "username": "zed", "password": story.one_time}));
    assert_error(&zed.next(), "bad_credentials");
}

#[test]
fn a_damaged_clock_file_stops_the_start_and_is_named() {
    let data = DataDir::with_users(&["ada"]);
    drop(data.start());
    std::fs::write(data.file("clock.json"), "{").unwrap();
    let error = run(&mut data.server().command(), b"");
    assert!(error.failed_with(1).contains("clock.json is damaged"), "{error:?}");
    std::fs::remove_file(data.file("clock.json")).unwrap();
    data.start().login("ada").say("hello");
}

fn doctor(data: &Arc<DataDir>, clock: &FakeClock) -> Finished {
    run(data.server().clock(clock).command().arg("doctor"), b"")
}

fn history(data: &Arc<DataDir>, server: &Server) -> String {
    assert!(data.journal().len() > 1);
    server.login("bob").ask(json!({"type": "history"}))["events"].to_string()
}
