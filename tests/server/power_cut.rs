//! Files that hold nothing, as a power cut leaves them.

use crate::harness::{ADMIN, DataDir, Finished, run};
use std::fs;

/// No byte, and zeros in the place of all.
const NOTHING: [&[u8]; 2] = [b"", &[0; 300]];

fn command(data: &DataDir, words: &[&str]) -> Finished {
    run(data.command().env("HOMEROOM_LISTEN", "127.0.0.1:0").args(words), b"")
}

/// Writes a file for its owner alone, as the server does.
fn put(data: &DataDir, name: &str, bytes: &[u8]) {
    fs::write(data.file(name), bytes).unwrap();
    #[cfg(unix)]
    fs::set_permissions(data.file(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn what_nothing_depends_upon_is_put_aside_and_told() {
    for (name, told) in [
        ("clock.json", "ages go by"),
        ("topic.json", "there is no topic"),
        ("rooms.json", "the journal knows"),
        ("lesson.json", "every room is open"),
    ] {
        for bytes in NOTHING {
            let data = DataDir::with_users(&["ada"]);
            drop(data.start());
            put(&data, name, bytes);
            for look in [&["config", "check"][..], &["check"], &["doctor"]] {
                let said = command(&data, look);
                let text = said.succeeded().to_owned() + &said.stderr;
                assert!(text.contains(&format!("{name} is empty")) && text.contains(told), "{look:?}: {text}");
            }
            assert_eq!(data.read_bytes(name), bytes, "who looks changes nothing");
            let server = data.start();
            let mut root = server.login(ADMIN);
            let notice = root.find("a notice", |line| line["type"] == "notice");
            let text = notice["text"].as_str().unwrap();
            assert!(text.contains(&format!("{name} is empty")) && text.contains(".damaged"), "{text}");
            assert_eq!(data.read_bytes(&format!("{name}.damaged")), bytes);
            server.login("ada").say("on it goes");
            drop(server);
            assert!(!command(&data, &["check"]).succeeded().contains("is empty"));
        }
        // Nor does it stop who looks after the accounts.
        let data = DataDir::with_users(&[]);
        fs::write(data.file(name), b"").unwrap();
        assert!(data.user_add(&["eve"], None).succeeded().contains("added eve"));
    }
}

#[test]
fn what_nobody_can_make_anew_stops_the_start_which_says_what_to_do() {
    for (name, told) in [
        ("users.json", "put a copy of it in its place"),
        ("identity.p12", "homeroom-server identity new"),
        ("sequence", "such as 1000000000"),
    ] {
        for bytes in NOTHING {
            let data = DataDir::with_users(&["ada"]);
            drop(data.start());
            put(&data, name, bytes);
            for look in [&["config", "check"][..], &["check"], &["doctor"], &[]] {
                let said = command(&data, look);
                assert_eq!(said.code, Some(1), "{look:?}: {said:?}");
                let text = said.stdout + &said.stderr;
                assert!(text.contains(&format!("{name} is damaged: it is empty")), "{look:?}: {text}");
                assert!(text.contains(told), "{look:?}: {text}");
            }
            assert_eq!(data.read_bytes(name), bytes, "it has not been touched");
        }
    }
}
