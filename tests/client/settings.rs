//! What people set, and whom they ignore.

use crate::harness::{PASSWORD, Server, Terminal, run};
use std::path::Path;
use tempfile::TempDir;

fn write(folder: &Path, text: &str) {
    std::fs::write(folder.join("settings.toml"), text).unwrap();
}

/// The client on this folder, with these lines typed.
fn client(server: &Server, folder: &Path, args: &[&str], lines: &str) -> crate::harness::Finished {
    let mut command = Terminal::command(folder);
    run(command.arg(server.join_link()).args(args).env("HOMEROOM_PASSWORD", PASSWORD), lines.as_bytes())
}

#[test]
fn what_is_set_lasts_and_the_command_line_goes_before_it() {
    let server = Server::with_users(&["ada", "bob"]);
    let folder = TempDir::new().unwrap();
    let finished =
        client(&server, folder.path(), &["--user", "ada"], "/set user bob\n/sound login off\n/set no-bell on\n");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("user = \"bob\" # settings.toml line 1, from the next start"), "{finished:?}");
    assert!(finished.stderr.contains("login    off") && finished.stderr.contains("logout   off"), "--no-sound");
    let finished = client(&server, folder.path(), &[], "/set\n/set user -\n");
    assert!(finished.succeeded().contains("you are bob"), "{finished:?}");
    for line in
        ["silent = [\"login\"] # settings.toml line", "no-bell = true # settings.toml", "plain = true # --plain"]
    {
        assert!(finished.stderr.contains(line), "{line}: {}", finished.stderr);
    }
    let finished = client(&server, folder.path(), &["--user", "ada"], "/set usr x\n/set no-bell perhaps\n/set user\n");
    for word in ["did you mean `user`?", "on or off", "user = \"ada\" # --user"] {
        assert!(finished.stderr.contains(word), "{word}: {}", finished.stderr);
    }
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_line() {
    let folder = TempDir::new().unwrap();
    for (text, words) in [
        ("# mine\nusr = \"ada\"\n", "settings.toml line 2: there is no option `usr`: did you mean `user`?"),
        ("no-bell = \"loud\"\n", "settings.toml line 1: `no-bell` is true or false"),
        ("\nsilent = [\"trumpet\"]\n", "settings.toml line 2"),
        ("fingerprint = \"sha256:00\"\n", "line 1: `fingerprint` can't stand here"),
        ("user ada\n", "settings.toml line 1: not TOML"),
    ] {
        write(folder.path(), text);
        let finished = run(Terminal::command(folder.path()).arg("127.0.0.1:1"), b"");
        assert!(finished.failed_with(2).contains(words), "{text}: {}", finished.stderr);
    }
}

#[test]
fn a_path_may_begin_at_home() {
    let server = Server::with_users(&["ada"]);
    let (folder, home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    write(folder.path(), "log = \"~/chat.log\"\n");
    let mut command = Terminal::command(folder.path());
    command.args([&server.join_link(), "--user", "ada"]).env("HOMEROOM_PASSWORD", PASSWORD).env("HOME", home.path());
    let finished = run(&mut command, b"hello\n/set log\n");
    finished.succeeded();
    assert!(finished.stderr.contains("log = \"~/chat.log\" # settings.toml line 1"), "{finished:?}");
    assert!(std::fs::read_to_string(home.path().join("chat.log")).unwrap().contains("ada: hello"));
}

#[test]
fn what_was_set_stops_no_start() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let lines = "/set log ~\n/set silent x\n/set log\n";
    let finished = client(&server, folder.path(), &["--user", "ada"], lines);
    for words in ["`log` can't be `", "`silent` can't be `x`: there are ", "log is not set"] {
        assert!(finished.stderr.contains(words), "{words}: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("--silent") && !finished.stderr.contains("os error"), "{finished:?}");
    // A disk that was there when it was set.
    write(folder.path(), "log = \"/no/such/folder/chat.log\"\n");
    let finished = client(&server, folder.path(), &["--user", "ada"], "hello\n");
    assert!(finished.succeeded().contains("ada: hello"), "{finished:?}");
    assert!(finished.stderr.contains("/set log -"), "{finished:?}");
}

#[test]
fn nothing_of_somebody_who_is_ignored_is_shown() {
    let server = Server::with_users(&["ada", "eve", "bob"]);
    let (mut bob, mut eve) = (server.login("bob"), server.login("eve"));
    let mut ada = Terminal::join(&server, "ada");
    ada.type_line("/ignore Eve");
    ada.stderr.wait_for("nothing of eve is shown");
    ada.type_line("/ignore");
    ada.stderr.wait_for("you ignore eve");
    eve.say("you can't hear me");
    eve.ask(serde_json::json!({"type": "whisper", "to": "ada", "text": "nor this"}));
    eve.close();
    bob.event("left", "eve");
    bob.say("but me");
    let shown = ada.stdout.wait_for("but me");
    assert!(!shown.contains("you can't") && !shown.contains("nor this") && !shown.contains("eve left"), "{shown}");
    ada.type_line("/r hello?");
    ada.stderr.wait_for("nobody has whispered");
    ada.type_line("/unignore eve");
    ada.stderr.wait_for("eve is shown again");
    server.login("eve").say("and now?");
    ada.stdout.wait_for("and now?");
}

#[test]
fn answers_and_refusals_look_different() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let answered = [
        "/help msg",
        "/help quit",
        "/dnd 5",
        "/dnd",
        "/dnd off",
        "/ignore",
        "/unignore bob",
        "/sound",
        "/sound login off",
        "/set",
        "/set user",
        "/set no-bell on",
    ];
    let refused = [
        "/help mgs",
        "/help exit",
        "/dnd soon",
        "/ignore a b",
        "/unignore",
        "/sound trumpet on",
        "/set usr",
        "/clear",
        "/set no-bell perhaps",
        "/frobnicate",
        "/msg",
        "/msg nobody hello",
    ];
    for (lines, marks) in [(&answered, ["* ", "  "]), (&refused, ["! ", "! "])] {
        let finished = client(&server, folder.path(), &["--user", "ada"], &(lines.join("\n") + "\n"));
        let said: Vec<_> = finished.stderr.lines().collect();
        assert!(said.len() >= lines.len(), "{finished:?}");
        assert!(said.iter().all(|line| marks.contains(&&line[..2])), "{finished:?}");
    }
}

#[test]
fn who_is_ignored_is_an_account_and_not_oneself() {
    let server = Server::with_users(&["ada", "eve"]);
    let folder = TempDir::new().unwrap();
    let lines = "/ignore vee\n/ignore Ada\n/ignore @Eve\n/ignore\n";
    let finished = client(&server, folder.path(), &["--user", "ada"], lines);
    let said: Vec<_> = finished.stderr.lines().collect();
    assert!(said[0].starts_with("! there is nobody of that name"), "{finished:?}");
    assert_eq!(said[1], "! nobody can ignore themselves");
    assert!(said[2].starts_with("* nothing of eve is shown"), "{finished:?}");
    assert_eq!(said[3], "* you ignore eve");
    assert!(!finished.stdout.contains("eve is a user"), "what is asked for it is not shown: {finished:?}");
}

#[test]
fn one_command_is_explained() {
    let server = Server::with_users(&["ada"]);
    let folder = TempDir::new().unwrap();
    let lines = "/help msg\n/help /W\n/help set\n/help ban\n/help mgs\n/dnd 5\n/dnd off\n/clear\n";
    let finished = client(&server, folder.path(), &["--user", "ada"], lines);
    for words in [
        "* /msg <user> <text>: say something",
        "* /set [name] [value]: show or change",
        "* /ban <user>: log an account out and keep it out (for administrators)",
        "there is no command `/mgs` (did you mean `/msg`?)",
        "nothing disturbs you for 5 min",
        "as set again",
        "no screen to clear",
    ] {
        assert!(finished.stderr.contains(words), "{words}: {}", finished.stderr);
    }
    assert_eq!(finished.stderr.matches("* /msg <user> <text>").count(), 2, "by its alias too");
}

/// As in a folder of settings that is kept in a repository.
#[cfg(unix)]
#[test]
fn files_that_are_links_stay_links() {
    let server = Server::with_users(&["ada"]);
    let (folder, repository) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let names = ["settings.toml", "known_servers", "last_server"];
    for name in names {
        std::os::unix::fs::symlink(repository.path().join(name), folder.path().join(name)).unwrap();
    }
    client(&server, folder.path(), &["--user", "ada"], "/set no-bell on\n").succeeded();
    for name in names {
        assert!(folder.path().join(name).symlink_metadata().unwrap().is_symlink(), "{name}");
        assert!(repository.path().join(name).metadata().unwrap().len() > 0, "{name}");
    }
    assert_eq!(std::fs::read_dir(repository.path()).unwrap().count(), names.len(), "nothing is left lying about");
}
