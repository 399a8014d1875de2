//! One evening in short, for a server that was built for another machine: `make pi-test` runs it there.

use crate::harness::{DataDir, assert_error, assert_reply};
use serde_json::json;

#[test]
fn smoke_first_start_login_say_whisper_shutdown() {
    let mut server = DataDir::new().start();
    let one_time = server.one_time_password().unwrap();
    let mut admin = server.login_with("admin", &one_time);
    assert_error(&admin.ask(json!({"type": "who"})), "password_change_required");
    assert_reply(&admin.ask(json!({"type": "passwd", "old": one_time, "new": "a long enough one"})));
    for name in ["ada", "bob"] {
        assert_reply(&admin.ask(json!({"type": "add_user", "username": name, "password": "seven green bottles"})));
    }
    let (mut ada, mut bob) = (server.login("ada"), server.login("bob"));

    ada.say("good morning");
    assert_eq!(bob.event("message", "ada")["text"], "good morning");
    let whisper = bob.ask(json!({"type": "whisper", "to": "ada", "text": "psst"}));
    assert_eq!(whisper["type"], "whisper", "{whisper}");
    assert_eq!(ada.event("whisper", "bob")["text"], "psst");

    assert_reply(&admin.ask(json!({"type": "shutdown"})));
    for peer in [&mut ada, &mut bob, &mut admin] {
        let last = peer.until_closed().pop().unwrap();
        assert_eq!((&last["type"], &last["reason"]), (&json!("bye"), &json!("shutdown")));
    }
    assert_eq!(server.wait(), Some(0));
    assert!(server.data().file("identity.p12").exists());
}
