//! One client's bug stops nobody. Needs the feature `fault-injection`.

use crate::harness::{PASSWORD, Peer, Server, wait_until};
use serde_json::{Value, json};

/// A panic in the handler, and with a lock held that everyone needs: the registry's, the throttle's.
const FAULTS: [&str; 3] = ["fault-handler", "fault-registry", "fault-throttle"];

/// One request of each kind.
fn requests() -> Vec<Value> {
    let bare = ["who", "help", "logout", "ping", "pong", "list_users", "shutdown"].map(|kind| json!({"type": kind}));
    let about = ["logout_user", "ban", "unban", "mute", "unmute", "reset_password", "delete_user", "promote", "demote"];
    let about = about.map(|kind| json!({"type": kind, "username": "bob"}));
    let more = [
        json!({"type": "say", "text": "hi"}),
        json!({"type": "whisper", "to": "bob", "text": "psst"}),
        json!({"type": "passwd", "old": PASSWORD, "new": "eight green bottles"}),
        json!({"type": "add_user", "username": "zed"}),
    ];
    bare.into_iter().chain(about).chain(more).collect()
}

#[test]
fn a_fault_in_a_requests_handler_stops_nobody_else() {
    // The administrator comes back more often than the rate of logins allows, and than is told of.
    let server = Server::unlimited(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    for fault in FAULTS {
        for mut request in requests() {
            request["id"] = json!(fault);
            let mut admin = server.admin();
            admin.send(&request);
            assert!(admin.until_closed().iter().all(|line| line["id"] != fault), "{request} was answered");
            let online = |bob: &mut Peer| bob.ask(json!({"type": "who"}))["users"].clone();
            let what = format!("the name is free again after {request}");
            wait_until(&what, || online(&mut bob) == json!(["ada", "bob"]));
        }
        assert!(ada.inbox().iter().filter(|line| line["type"] == "left").all(|left| left["reason"] == "disconnected"));
        // Everyone else goes on.
        ada.say(fault);
        bob.event("message", "ada");
    }
}
