//! Files of the data folder that are links of the owner's own: to a disk that is backed up, or into a repository.

use crate::harness::{ADMIN, DataDir, PASSWORD, assert_reply, run};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;

/// Everything that the server writes there.
const FILES: [&str; 9] = [
    "users.json",
    "identity.p12",
    "tokens.jsonl",
    "topic.json",
    "rooms.json",
    "lesson.json",
    "sequence",
    "audit.jsonl",
    "clock.json",
];

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).unwrap().is_symlink()
}

/// A link for each, to a file that is yet to be made.
fn lay_links(data: &DataDir, target: &DataDir) {
    FILES.iter().for_each(|name| symlink(target.file(name), data.file(name)).unwrap());
    fs::create_dir(target.file("journal")).unwrap();
    symlink(target.file("journal"), data.file("journal")).unwrap();
}

#[test]
fn links_of_ones_own_stay_and_what_they_lead_to_is_replaced() {
    let (data, target) = (DataDir::new(), DataDir::new());
    lay_links(&data, &target);
    data.fill(&["ada"]);
    let mut server = data.start();
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "add_user", "username": "zed", "password": PASSWORD})));
    assert_eq!(root.ask(json!({"type": "topic", "text": "links"}))["type"], "topic");
    assert_reply(&root.ask(json!({"type": "make_room", "room": "chess"})));
    assert_eq!(root.ask(json!({"type": "floor", "mode": "quiet"}))["type"], "floor");
    root.say("kept");
    run(data.command().args(["identity", "new"]), b"").succeeded();
    assert_reply(&root.ask(json!({"type": "shutdown"})));
    assert_eq!(server.wait(), Some(0));
    for name in FILES {
        assert!(is_link(&data.file(name)), "{name} is no link any more");
        assert_eq!(fs::metadata(target.file(name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let users: Value = serde_json::from_str(&target.read("users.json")).unwrap();
    assert!(users["users"]["zed"].is_object() && target.read("topic.json").contains("links"), "{users}");
    assert!(target.journal().len() == 1 && target.read("audit.jsonl").contains("add_user"));
    let left = |data: &DataDir| fs::read_dir(data.path()).unwrap().count();
    // Beside the links there are the lock and the certificate from before.
    assert_eq!((left(&data), left(&target)), (FILES.len() + 3, FILES.len() + 1), "nothing is left lying about");
    data.start().login("zed");
}

/// `audit.jsonl` becomes `audit.jsonl.1` where it is, not where the link is.
#[test]
fn a_log_behind_a_link_is_bounded_where_it_is() {
    let (data, target) = (DataDir::with_users(&[]), DataDir::new());
    fs::File::create(target.file("audit")).unwrap().set_len(16 * 1024 * 1024).unwrap();
    symlink(target.file("audit"), data.file("audit.jsonl")).unwrap();
    let server = data.start();
    let mut root = server.admin();
    assert_reply(&root.ask(json!({"type": "add_user", "username": "zed", "password": PASSWORD})));
    assert_eq!(target.read("audit").lines().count(), 1);
    assert!(is_link(&data.file("audit.jsonl")) && target.file("audit.1").exists());
}

#[test]
fn the_whole_folder_may_be_a_link() {
    let (data, other) = (DataDir::with_users(&["ada"]), DataDir::new());
    let link = other.file("data");
    symlink(data.path(), &link).unwrap();
    let program = data.command().get_program().to_owned();
    let mut add = Command::new(program);
    add.arg("--data-dir").arg(&link).args(["--hash-rounds", "1000", "user", "add", "bob"]);
    run(&mut add, b"").succeeded();
    assert!(is_link(&link) && data.users_json()["users"]["bob"].is_object());
    assert!(data.users_json()["users"][ADMIN].is_object());
}
