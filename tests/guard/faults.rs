//! One client's bug stops nobody. Needs the feature `fault-injection`.

use crate::harness::{ADMIN, PASSWORD, Server};
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
    let server = Server::with_users(&["ada", "bob"]);
    let mut ada = server.login("ada");
    let mut bob = server.login("bob");
    for fault in FAULTS {
        for mut request in requests() {
            request["id"] = json!(fault);
            let mut admin = server.admin();
            ada.event("joined", ADMIN);
            admin.send(&request);
            assert!(admin.until_closed().iter().all(|line| line["id"] != fault), "{request} was answered");
            let left = ada.event("left", ADMIN);
            assert_eq!(left["reason"], "disconnected", "{request}");
            let online = bob.ask(json!({"type": "who"}))["users"].clone();
            assert_eq!(online, json!(["ada", "bob"]), "the name is free again after {request}");
        }
        // Everyone else goes on.
        ada.say(fault);
        bob.event("message", "ada");
    }
}
