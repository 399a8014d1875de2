//! A stranger can't wipe the audit log.

use crate::guard::admins::audit;
use crate::harness::{DataDir, PASSWORD, Server, assert_reply};
use serde_json::{Value, json};
use std::thread;

const WRONG: &str = "six green bottles";
const CALLERS: u64 = 4;
const CALLS: u64 = 200;

#[test]
fn a_flood_of_logins_leaves_few_lines_that_count_each_and_the_acts_before() {
    // Whoever must wait for longer than the login may take is put off at once.
    let mut server = DataDir::with_users(&["ada"]).server().args(&["--login-grace", "5"]).start();
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "add_user", "username": "eve", "password": PASSWORD})));
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| (0..CALLS).for_each(|_| fail(&server)));
        }
    });
    let status = root.ask(json!({"type": "status"}));
    assert_eq!(status["status"]["logins_failed"], CALLERS * CALLS, "{status}");
    assert_reply(&root.ask(json!({"type": "shutdown"})));
    root.until_closed();
    assert_eq!(server.wait(), Some(0));

    let entries = audit(&server.data());
    assert!(entries.iter().any(|entry| entry["event"] == "add_user" && entry["username"] == "eve"));
    assert!(entries.iter().any(|entry| entry["event"] == "shutdown"));
    let failed: Vec<&Value> = entries.iter().filter(|entry| entry["event"] == "login_failed").collect();
    let count = |entry: &&Value| entry["count"].as_u64().unwrap_or(1);
    assert_eq!(failed.iter().map(count).sum::<u64>(), CALLERS * CALLS);
    let sums: Vec<&&Value> = failed.iter().filter(|entry| entry["count"].is_u64()).collect();
    let throttled =
        |sum: &&&Value| sum["peer"] == "127.0.0.1" && sum["detail"] == "throttled" && sum["username"] == "ada";
    assert!(!sums.is_empty() && sums.iter().all(throttled), "{sums:?}");
    assert!(failed.len() < (CALLERS * CALLS / 2) as usize, "{} lines", failed.len());
    #[cfg(unix)]
    {
        let (_, found) = crate::guard::admins::fail2ban(&server.data().read("audit.jsonl"));
        // Whom a busy machine had no turn for didn't guess.
        let guesses = failed.iter().filter(|entry| entry["detail"] != "crowded").count();
        assert_eq!(found.lines().count(), guesses, "fail2ban finds the sums, too");
        // As many as packaging/fail2ban's `maxretry`, and more.
        assert!(failed.len() > 200, "{} lines", failed.len());
    }
    // So does the log for people.
    let log = server.stderr.text();
    assert_eq!(log.matches("failed login from ").count(), failed.len() - sums.len());
    assert!(
        log.lines().count() < (CALLERS * CALLS) as usize,
        "with those who then left: {} lines",
        log.lines().count()
    );
    assert_eq!(log.matches(" more failed logins from 127.0.0.1 ").count(), sums.len(), "{log}");
}

/// The first few are wrong, the others are put off.
#[track_caller]
fn fail(server: &Server) {
    let mut peer = server.connect();
    let login = json!({"type": "login", "protocol": 1, "username": "ada", "password": WRONG});
    let code = peer.ask_plainly(&login)["code"].clone();
    assert!(code == "try_later" || code == "bad_credentials", "{code}");
}
