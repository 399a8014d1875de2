//! A disk that is full, and then has room again.

use super::history;
use crate::harness::{DataDir, PASSWORD, SmallDisk, assert_error, assert_reply, run};
use serde_json::json;
use std::sync::Arc;

/// Room for all that the server makes, and some messages.
const KIB: u64 = 1024;
/// So long that none fits where one was refused, and a few fill what is left of a page.
const TEXT_CHARS: usize = 3000;
/// How many it takes at most until one is refused on a full disk.
const UNTIL_REFUSED: usize = 10;

#[test]
fn a_full_disk_refuses_keeps_what_was_acknowledged_and_goes_on_when_there_is_room() {
    for sync in ["second", "always"] {
        let data = DataDir::new();
        let Some(disk) = SmallDisk::over(data.path(), KIB) else { return };
        data.fill(&["ada", "bob"]);
        let mut server = data.server().args(&["--sync", sync]).start();
        let (mut root, mut ada) = (server.admin(), server.login("ada"));
        let mut acknowledged = Vec::new();
        let keep =
            |event: &serde_json::Value| (event["seq"].as_u64().unwrap(), event["text"].as_str().unwrap().to_owned());
        acknowledged.push(keep(&ada.say("before")));

        disk.fill();
        let refused = (0..UNTIL_REFUSED).find_map(|i| {
            let answer = ada.ask(json!({"type": "say", "text": format!("{i}").repeat(TEXT_CHARS)}));
            if answer["type"] == "error" {
                return Some(answer);
            }
            acknowledged.push(keep(&answer));
            None
        });
        let refused = refused.expect("nothing is refused on a full disk");
        assert_error(&refused, "internal");
        assert!(refused["message"].as_str().unwrap().contains("this was not said"), "{refused}");
        let notice = root.find("a notice", |line| line["type"] == "notice");
        let text = notice["text"].as_str().unwrap();
        assert!(text.starts_with("the journal can't be written") && text.contains("make room"), "{notice}");
        let add = json!({"type": "add_user", "username": "zed", "password": PASSWORD});
        assert_error(&root.ask(add.clone()), "internal");
        assert_error(&ada.ask(json!({"type": "passwd", "old": PASSWORD, "new": "eight green bottles"})), "internal");
        // Those who are there go on reading, newcomers get in, and what was said can be printed.
        assert_eq!(history(&mut ada), acknowledged);
        assert_eq!(history(&mut server.login("bob")), acknowledged);
        assert!(run(data.command().arg("export"), b"").succeeded().contains("ada: before"));

        disk.free();
        acknowledged.push(keep(&ada.say("after")));
        root.find("the end of the trouble", |line| line["text"] == "the journal can be written again");
        assert_reply(&root.ask(add));
        root.find("the end of that", |line| line["text"] == "users.json can be written again");
        server.kill();
        run(data.command().arg("check"), b"").succeeded();
        let server = data.start();
        assert_eq!(history(&mut server.login("ada")), acknowledged, "{sync}");
        server.login("zed").assert_alive();
    }
}

#[test]
fn a_start_on_a_full_disk_says_so_and_harms_nothing() {
    let data: Arc<DataDir> = DataDir::new();
    let Some(disk) = SmallDisk::over(data.path(), KIB) else { return };
    data.fill(&["ada"]);
    let mut server = data.start();
    let said = server.login("ada").say("before");
    server.kill();
    disk.fill();
    let finished = run(&mut data.server().command(), b"");
    let error = finished.failed_with(1);
    assert!(error.contains("no space left on device") && error.contains("needs some room"), "{error}");
    for words in [&["user", "add", "bob"][..], &["identity", "new"]] {
        let told = run(data.command().args(words), b"");
        assert!(told.failed_with(1).contains("no space left on device; make room on its disk"), "{words:?}: {told:?}");
    }
    disk.free();
    let server = data.start();
    let history = history(&mut server.login("ada"));
    assert_eq!(history, [(said["seq"].as_u64().unwrap(), "before".to_owned())]);
}
