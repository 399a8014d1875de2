//! A bad network between a client and the server.

use crate::harness::{Peer, Proxy, Server, Trouble};
use serde_json::json;
use std::time::Duration;

/// Longer than a message takes by itself.
const PAUSE: Duration = Duration::from_millis(200);

#[test]
fn a_connection_that_breaks_ends_one_session_and_no_other() {
    let server = Server::with_users(&["ada", "bob"]);
    let proxy = Proxy::to(server.address());
    let mut bob = server.login("bob");
    for trouble in [Trouble::Close, Trouble::Reset, Trouble::Truncate(100)] {
        let mut ada = Peer::connect(proxy.address());
        ada.login("ada", crate::harness::PASSWORD);
        assert!(proxy.trouble(0, trouble), "{trouble:?}");
        // The message may still pass.
        let _ = ada.try_send_bytes(format!("{}\n", json!({"type": "say", "text": "x".repeat(200)})).as_bytes());
        let left = bob.event("left", "ada");
        assert_eq!(left["reason"], "disconnected", "after {trouble:?}");
        bob.assert_alive();
        assert_eq!(proxy.len(), 0);
    }
}

#[test]
fn what_is_late_comes_whole_and_in_order() {
    let server = Server::with_users(&["ada", "bob"]);
    let proxy = Proxy::to(server.address());
    let mut bob = server.login("bob");
    let mut ada = Peer::connect(proxy.address());
    ada.login("ada", crate::harness::PASSWORD);
    for trouble in [Trouble::Delay(PAUSE), Trouble::Stall(PAUSE)] {
        proxy.trouble_all(trouble);
        for text in ["one", "two", "three"] {
            ada.send(&json!({"type": "say", "text": text}));
        }
        proxy.heal();
        for text in ["one", "two", "three"] {
            assert_eq!(bob.event("message", "ada")["text"], text, "after {trouble:?}");
            assert_eq!(ada.event("message", "ada")["text"], text, "after {trouble:?}");
        }
    }
}
