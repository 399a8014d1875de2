//! Passwords and tokens stay where they belong: with their owners.

use crate::harness::{ADMIN, DataDir, PASSWORD, Peer, Server, Terminal, assert_error, assert_reply};
use serde_json::{Value, json};
use std::fs;
#[cfg(unix)]
use std::path::Path;

/// Everything secret that a test has said or been told.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, secret: &str) {
        self.0.push(secret.to_owned());
    }

    /// A session, whose token is a secret too.
    #[track_caller]
    fn login(&mut self, server: &Server, name: &str, password: &str) -> Peer {
        self.add(password);
        let peer = server.login_with(name, password);
        self.add(peer.welcome["token"].as_str().unwrap());
        peer
    }

    /// What is logged in with, in vain.
    #[track_caller]
    fn refused(&mut self, server: &Server, login: Value) {
        let words = ["username", "password", "token"].map(|field| login[field].as_str());
        let [username, password, token] = words;
        // A name that no account has is most often a password in the wrong field.
        let unknown = username.filter(|name| ![ADMIN, "ada", "bob"].contains(name));
        [unknown, password, token].into_iter().flatten().for_each(|secret| self.add(secret));
        let answer = server.connect().ask(login);
        assert_eq!(answer["type"], "error", "{answer}");
        self.assert_not_in("the answer", answer.to_string().as_bytes());
    }

    /// Another request that is refused.
    #[track_caller]
    fn refused_to(&self, peer: &mut Peer, request: Value, code: &str) {
        let answer = peer.ask(request);
        assert_error(&answer, code);
        self.assert_not_in("the answer", answer.to_string().as_bytes());
    }

    #[track_caller]
    fn assert_not_in(&self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for secret in &self.0 {
            assert!(!text.contains(secret.as_str()), "{secret:?} stands in {place}: {text}");
        }
    }

    /// In no log, and in no file of the server.
    #[track_caller]
    fn assert_kept(&self, server: &Server) {
        self.assert_not_in("the log", &server.stderr.bytes());
        for path in server.data().files() {
            self.assert_not_in(&path.display().to_string(), &fs::read(&path).unwrap());
        }
    }
}

/// A server that logs all that it can.
fn talkative(names: &[&str]) -> Server {
    DataDir::with_users(names).server().log("trace").start()
}

#[test]
fn logins_leave_no_secret_behind() {
    let server = talkative(&["ada", "bob"]);
    let mut secrets = Secrets::default();
    let login = |username, field: &'static str, secret: &str| json!({"type": "login", "protocol": 1, "username": username, field: secret});
    let mut ada = secrets.login(&server, "ada", PASSWORD);
    secrets.refused(&server, login("ada", "password", "a wrong guess"));
    secrets.refused(&server, login("nobody-of-that-name", "password", "another wrong guess"));
    secrets.refused(&server, login("oops, my password!", "password", "a third wrong guess"));
    secrets.refused(&server, login("ada", "token", "no token at all"));
    secrets.refused(&server, login("ada", "token", &"5a".repeat(32)));
    secrets.refused(&server, login("bob", "token", ada.welcome["token"].as_str().unwrap()));
    secrets
        .refused(&server, json!({"type": "login", "protocol": 99, "username": "ada", "password": "from the future"}));

    let token = ada.welcome["token"].clone();
    let mut again = server.connect();
    again.resume("ada", &token, ada.seq());
    assert_reply(&ada.ask(json!({"type": "logout"})));
    secrets.refused(&server, login("ada", "token", token.as_str().unwrap()));
    again.assert_alive();

    secrets.assert_kept(&server);
    // They were written, and with something in them.
    assert!(server.stderr.text().contains("ada"), "an empty log hides everything");
    assert!(server.data().read("audit.jsonl").contains("login_failed"));
}

#[test]
fn changes_of_passwords_leave_no_secret_behind() {
    let server = talkative(&["ada", "bob"]);
    let mut secrets = Secrets::default();
    let mut ada = secrets.login(&server, "ada", PASSWORD);
    let passwd = |old: &str, new: &str| json!({"type": "passwd", "old": old, "new": new});
    for secret in ["not the old one", "too7few", "the next password"] {
        secrets.add(secret);
    }
    secrets.refused_to(&mut ada, passwd("not the old one", "the next password"), "bad_credentials");
    secrets.refused_to(&mut ada, passwd(PASSWORD, "too7few"), "weak_password");
    assert_reply(&ada.ask(passwd(PASSWORD, "the next password")));
    secrets.login(&server, "ada", "the next password");

    let mut admin = secrets.login(&server, ADMIN, PASSWORD);
    for (name, password) in [("eve", "a password for eve"), ("ada", "a password for nobody"), ("mallory", "8chars7")] {
        secrets.add(password);
        let answer = admin.ask(json!({"type": "add_user", "username": name, "password": password}));
        secrets.assert_not_in("the answer", answer.to_string().as_bytes());
    }
    secrets.login(&server, "eve", "a password for eve");
    for request in
        [json!({"type": "add_user", "username": "judy"}), json!({"type": "reset_password", "username": "bob"})]
    {
        let name = request["username"].as_str().unwrap().to_owned();
        let answer = admin.ask(request);
        assert_reply(&answer);
        secrets.login(&server, &name, answer["password"].as_str().unwrap());
    }
    secrets.assert_kept(&server);
    let audit = server.data().read("audit.jsonl");
    assert!(audit.contains("eve") && audit.contains("judy") && audit.contains("bob"), "{audit}");
}

#[test]
fn what_cannot_be_read_is_not_repeated() {
    let server = talkative(&["ada"]);
    let mut secrets = Secrets::default();
    let mut ada = secrets.login(&server, "ada", PASSWORD);
    secrets.add("hunter2hunter2");
    secrets.add("87654321");
    for line in [
        "{\"type\":\"passwd\",\"old\":87654321,\"new\":87654321}",
        "{\"type\":\"login\",\"protocol\":1,\"username\":\"ada\",\"password\":87654321}",
        "{\"type\":\"passwd\",\"old\":\"hunter2hunter2\"}",
        "{\"type\":\"passwd\",\"old\":\"hunter2hunter2\",\"new\":",
        "{\"type\":\"passwd\",\"old\":[\"hunter2hunter2\"],\"new\":[\"hunter2hunter2\"]}",
        "{\"type\":\"login\",\"protocol\":1,\"username\":\"ada\",\"password\":\"hunter2hunter2\"}",
    ] {
        ada.send_bytes(format!("{line}\n").as_bytes());
        let answer = ada.find("an error", |answer| answer["type"] == "error");
        secrets.assert_not_in("the answer", answer.to_string().as_bytes());
        let mut stranger = server.connect();
        stranger.send_bytes(format!("{line}\n").as_bytes());
        for answer in stranger.until_closed() {
            secrets.assert_not_in("the answer", answer.to_string().as_bytes());
        }
    }
    secrets.assert_kept(&server);
}

#[test]
fn the_command_line_repeats_no_password() {
    let data = DataDir::new();
    let secrets = Secrets(["a password for root", "a password for ada", "7chars!"].map(str::to_owned).into());
    let finished = [
        data.user_add(&["--admin", "root"], Some("a password for root")),
        data.user_add(&["root"], Some("a password for root")),
        data.user_add(&["bob"], Some("7chars!")),
        data.import("ada,a password for ada,user\n"),
        data.import("ada,a password for ada,user\n"),
        data.import("bob,7chars!,user\n"),
        data.import("bob,a password for ada,king\n"),
    ];
    for (finished, succeeds) in finished.iter().zip([true, false, false, true, false, false, false]) {
        assert_eq!(finished.code == Some(0), succeeds, "{finished:?}");
        secrets.assert_not_in("standard output", finished.stdout.as_bytes());
        secrets.assert_not_in("standard error", finished.stderr.as_bytes());
    }
    secrets.assert_not_in("users.json", data.read("users.json").as_bytes());
}

#[test]
fn the_client_shows_no_password() {
    let server = talkative(&["ada"]);
    let mut secrets =
        Secrets(["a wrong guess", PASSWORD, "eves-own-password", "a-long-enough-one"].map(str::to_owned).into());
    let refused = Terminal::start(&[&server.join_link(), "--user", "ada"], Some("a wrong guess")).script(&[]);
    let finished = Terminal::join(&server, ADMIN).script(&[
        "/adduser eve eves-own-password",
        "/adduser ada eves-own-password",
        "/passwd a-long-enough-one a-long-enough-one",
        "/who",
    ]);
    for finished in [&refused, &finished] {
        secrets.assert_not_in("standard output", finished.stdout.as_bytes());
        secrets.assert_not_in("standard error", finished.stderr.as_bytes());
    }
    assert_eq!((refused.code, finished.code), (Some(3), Some(0)), "{refused:?}, {finished:?}");
    secrets.login(&server, "eve", "eves-own-password");
    secrets.assert_kept(&server);
}

/// The mode of a file or folder.
#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
#[cfg(unix)]
fn every_file_is_for_its_owner_alone() {
    let server = talkative(&["ada"]);
    server.login("ada").say("something that takes a seq");
    let data = server.data();
    let names = ["audit.jsonl", "clock.json", "homeroom.lock", "identity.p12"];
    let more = ["journal/00000000000000000001.jsonl", "sequence", "tokens.jsonl", "users.json"];
    assert_eq!(data.files(), names.iter().chain(&more).map(|name| data.file(name)).collect::<Vec<_>>());
    assert!(data.files().iter().all(|file| mode(file) == 0o600));
    assert_eq!(mode(&data.file("journal")), 0o700);
}

#[test]
#[cfg(unix)]
fn what_others_could_read_is_closed_to_them_at_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let data = DataDir::with_users(&["ada"]);
    data.start().login("ada").say("something that takes a seq");
    for open in [0o644, 0o666, 0o640] {
        fs::set_permissions(data.file("journal"), fs::Permissions::from_mode(0o755)).unwrap();
        for file in data.files() {
            fs::set_permissions(file, fs::Permissions::from_mode(open)).unwrap();
        }
        let server = data.start();
        for file in data.files() {
            assert_eq!(mode(&file), 0o600, "{} was {open:o}", file.display());
        }
        assert_eq!(mode(&data.file("journal")), 0o700);
        assert!(server.stderr.text().contains("users.json was open to others"), "nobody is told");
    }
}
