//! One visit in short, for a client that was built for another machine: `make windows-test` runs it there.

use crate::harness::{DataDir, FakeServer, PASSWORD, Server, Terminal};
use serde_json::json;
use tempfile::TempDir;

#[test]
fn smoke_a_join_link_is_enough_to_say_and_whisper() {
    let server = Server::with_users(&["ada", "bob"]);
    let mut bob = server.login("bob");
    let mut ada = Terminal::join(&server, "ada");
    ada.type_line("good morning");
    bob.until_text("good morning");
    ada.type_line("/msg bob psst");
    assert_eq!(bob.event("whisper", "ada")["text"], "psst");
    bob.say("good morning, ada");
    ada.stdout.wait_for("good morning, ada");
    bob.ask(json!({"type": "whisper", "to": "ada", "text": "it is under the mat"}));
    ada.stdout.wait_for("it is under the mat");
    ada.type_line("/logout");
    assert_eq!(ada.wait().code, Some(0));
    assert_eq!(bob.event("left", "ada")["reason"], "logout");
}

#[test]
fn smoke_a_changed_certificate_is_refused_before_the_password() {
    let mut server = DataDir::with_users(&["ada"]).start();
    let config = TempDir::new().unwrap();
    let args = [&server.join_link(), "--user", "ada"];
    Terminal::start_in(config.path(), &args).script(&["/logout"]).succeeded();
    server.kill();

    let recorder = FakeServer::at(server.address()).record();
    let by_memory = [&server.address().to_string(), "--user", "ada"];
    Terminal::start_in(config.path(), &by_memory).script(&[]).failed_with(4);
    let heard = recorder.stop();
    assert!(!String::from_utf8_lossy(&heard.bytes).contains(PASSWORD), "the password came");
}
