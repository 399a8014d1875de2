//! Logs that another program rotates while the server writes them.

use crate::guard::admins::{about, audit};
use crate::harness::{DataDir, Peer, Server, assert_reply};
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

/// Has an administrator do so many things that are written down, and gives what they are called.
fn act(root: &mut Peer, times: usize) {
    for i in 0..times {
        let request = about(if i % 2 == 0 { "mute" } else { "unmute" }, "ada");
        assert_reply(&root.ask(request));
    }
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).unwrap().lines().count()
}

fn begin() -> (Arc<DataDir>, Server, Peer) {
    let data = DataDir::with_users(&["ada"]);
    let server = data.start();
    let root = server.admin();
    (data, server, root)
}

/// As logrotate does with `create`, with `nocreate`, and when somebody just deletes the file.
#[test]
fn an_audit_log_that_is_moved_away_is_begun_anew_and_no_line_is_lost() {
    let (data, _server, mut root) = begin();
    let (log, rotated) = (data.file("audit.jsonl"), data.file("audit.jsonl-20261128"));
    act(&mut root, 3);
    fs::rename(&log, &rotated).unwrap();
    act(&mut root, 2);
    assert_eq!((lines(&rotated), audit(&data).len()), (3, 2));
    fs::rename(&log, &rotated).unwrap();
    File::create(&log).unwrap();
    act(&mut root, 4);
    assert_eq!((lines(&rotated), audit(&data).len()), (2, 4));
    fs::remove_file(&log).unwrap();
    act(&mut root, 1);
    assert_eq!(audit(&data).len(), 1);
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&fs::metadata(&log).unwrap()) & 0o777, 0o600);
}

/// As logrotate does with `copytruncate`.
#[test]
fn an_audit_log_that_is_emptied_goes_on_from_its_beginning() {
    let (data, _server, mut root) = begin();
    let log = data.file("audit.jsonl");
    act(&mut root, 3);
    fs::copy(&log, data.file("audit.jsonl.copy")).unwrap();
    File::options().write(true).open(&log).unwrap().set_len(0).unwrap();
    act(&mut root, 2);
    assert_eq!((lines(&data.file("audit.jsonl.copy")), audit(&data).len()), (3, 2));
    assert!(!data.read("audit.jsonl").contains('\0'));
}

/// A program that follows the log sees at once that there is a new one.
#[cfg(unix)]
#[test]
fn a_reload_opens_the_audit_log_anew() {
    let (data, server, _root) = begin();
    let log = data.file("audit.jsonl");
    fs::rename(&log, data.file("audit.jsonl.1")).unwrap();
    server.hang_up();
    crate::harness::wait_until("there is a new one", || log.exists());
}
