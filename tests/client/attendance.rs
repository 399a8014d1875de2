//! `/attendance`: who was there, as a table on the screen or in a file.

use super::seen;
use crate::harness::{DataDir, FakeServer, Finished, PASSWORD, Peer, Server, Terminal, run};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

/// A server with a teacher, and Ada, who was there today and said something.
fn class() -> (Server, Peer) {
    let data = DataDir::with_users(&["ben"]);
    data.user_add(&["ada", "--name", "Ada (L.)", "--group", "7b"], Some(PASSWORD)).succeeded();
    data.user_add(&["noether", "--role", "teacher"], Some(PASSWORD)).succeeded();
    data.date_accounts("2021-03-01T08:00:00Z");
    let server = data.start();
    let mut ada = server.login("ada");
    ada.say("hello");
    (server, ada)
}

fn typed(server: &Server, folder: &TempDir, args: &[&str], lines: &str) -> Finished {
    let mut command = Terminal::command(folder.path());
    command.args([&server.join_link(), "--user", "noether"]).args(args).current_dir(folder.path());
    run(command.env("HOMEROOM_PASSWORD", PASSWORD), lines.as_bytes())
}

#[test]
fn a_table_and_who_was_absent() {
    let (server, _ada) = class();
    let folder = TempDir::new().unwrap();
    let finished =
        typed(&server, &folder, &[], "/attendance\n/attendance 7b yesterday\n/Attendance 7B today\n/attendance 9z\n");
    let shown: Vec<&str> = finished.succeeded().lines().collect();
    let at =
        |text: &str| shown.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {shown:?}"));
    let first = at("* 1 of 2 were there, 20");
    assert!(shown[first + 1].ends_with("group  first  last   minutes  messages"), "{shown:?}");
    let row: Vec<&str> = shown[first + 2].split_whitespace().collect();
    assert_eq!((&row[..4], row[6], row[7]), (&["ada", "(Ada", "[L.])", "7b"][..], "0", "1"), "{shown:?}");
    assert_eq!(shown[first + 3], "* absent (1): ben");
    at("* 7b: 0 of 1 were there, ");
    at("* absent (1): ada (Ada [L.])");
    at("* 7b: 1 of 1 were there, ");
    at("* 9z: nobody has an account that could have been there");
    assert!(shown.iter().all(|line| line.chars().count() < 80), "{shown:?}");
}

#[test]
fn a_table_in_a_file() {
    let (server, _ada) = class();
    let folder = TempDir::new().unwrap();
    let finished = typed(&server, &folder, &[], "/attendance save \"class 7b.csv\" 7b today\n");
    let told = seen(&finished);
    assert!(told.contains("* 1 of 1 were there: saved as class 7b.csv"), "{told}");
    let path = folder.path().join("class 7b.csv");
    let saved = fs::read_to_string(&path).unwrap();
    let [header, row] = saved.lines().collect::<Vec<_>>()[..] else { panic!("{saved}") };
    assert_eq!(header, "username,name,group,absent,first,last,minutes,messages");
    assert!(row.starts_with("ada,Ada (L.),7b,false,20") && row.ends_with(",0,1"), "{row}");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&path).unwrap()) & 0o777, 0o600);
    // It is the table of the server's command; who is there still is until then.
    let printed = run(server.data().command().args(["attendance", "--group", "7b", "--format", "csv"]), b"");
    assert_eq!(printed.succeeded().lines().next(), Some(header));
    let columns = |row: &str| {
        row.split(',').enumerate().filter(|(at, _)| *at != 5).map(|(_, cell)| cell.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(columns(printed.stdout.lines().nth(1).unwrap()), columns(row));
    // Nothing is written over, nor where there is no folder.
    for (file, told) in [("class 7b.csv", "already"), ("no/such/folder.csv", "can't be written")] {
        let finished = typed(&server, &folder, &[], &format!("/attendance save \"{file}\"\n"));
        assert!(seen(&finished).contains(told), "{finished:?}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), saved);
}

#[test]
fn for_programs() {
    let (server, _ada) = class();
    let folder = TempDir::new().unwrap();
    let finished = typed(&server, &folder, &["--json"], "/attendance\n/attendance save class.csv\n");
    let replies: Vec<Value> = finished.succeeded().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let people: Vec<&Value> = replies.iter().map(|reply| &reply["people"]).filter(|people| people.is_array()).collect();
    assert_eq!(people.len(), 2, "{replies:?}");
    assert_eq!((&people[0][0]["username"], &people[0][1]), (&json!("ada"), &json!({"username": "ben"})));
    assert!(folder.path().join("class.csv").exists());
}

#[test]
fn what_is_wrong_is_said_and_nothing_asked() {
    let (server, _ada) = class();
    let folder = TempDir::new().unwrap();
    for (line, told) in [
        ("/attendance 28.11.2026", "08:00, today, yesterday, 2026-11-28"),
        ("/attendance 7b 25:00", "08:00, today, yesterday, 2026-11-28"),
        ("/attendance today yesterday", "nothing is from"),
        ("/attendance save", "usage: /attendance [save <file>]"),
        ("/attendance a b c d", "usage: /attendance [save <file>]"),
    ] {
        let finished = typed(&server, &folder, &[], &format!("{line}\n"));
        assert!(seen(&finished).contains(told), "{line}: {finished:?}");
    }
    let finished = Terminal::join(&server, "ada").script(&["/attendance"]);
    assert!(seen(&finished).contains("only teachers and administrators"), "{finished:?}");
}

/// A server that has a long journal reads on with each request, and its list comes in pages.
#[test]
fn it_is_asked_for_until_all_of_it_is_there() {
    let server = FakeServer::new();
    let link = server.join_link();
    let host = server.welcome(|guest| {
        for _ in 0..2 {
            let id = guest.read()["id"].clone();
            guest.write(&json!({"type": "error", "id": id, "code": "try_later", "message": "not yet"}));
        }
        for (after, name) in [(Value::Null, "ada"), (json!("ada"), "ben")] {
            let asked = guest.read();
            assert_eq!((&asked["type"], &asked["after"]), (&json!("attendance"), &after), "{asked}");
            let mut page = json!({"type": "reply", "id": asked["id"], "ok": true, "people": [{"username": name}]});
            if after.is_null() {
                page["more"] = 1.into();
            }
            guest.write(&page);
        }
        let leaves = guest.read();
        assert_eq!(leaves["type"], "logout");
        guest.write(&json!({"type": "reply", "id": leaves["id"], "ok": true}));
    });
    let folder = TempDir::new().unwrap();
    let mut command = Terminal::command(folder.path());
    command.args([&*link, "--user", "ada"]).env("HOMEROOM_PASSWORD", PASSWORD);
    let finished = run(&mut command, b"/attendance\n/logout\n");
    host.join().unwrap();
    assert!(finished.succeeded().contains("* absent (2): ada, ben\n"), "{finished:?}");
    assert!(!seen(&finished).contains("not yet"), "{finished:?}");
}
