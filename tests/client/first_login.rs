//! The first evening: the one-time password of a fresh server, at a terminal.

use crate::harness::{DataDir, Terminal};
use tempfile::TempDir;

#[test]
#[cfg(target_os = "linux")]
fn the_admin_gets_in_changes_the_password_and_makes_an_account() {
    if !Terminal::can_be_at_a_terminal() {
        return;
    }
    let server = DataDir::new().start();
    let one_time = server.one_time_password().unwrap();
    let config = TempDir::new().unwrap();
    let args = [&server.join_link(), "--user", "admin"];
    let mut admin = Terminal::at_a_terminal(config.path(), &args, &one_time);
    admin.stdout.wait_for("new password: ");
    admin.type_hidden("a long enough one");
    admin.stdout.wait_for("once more: ");
    admin.type_hidden("a long enough one");
    admin.stdout.wait_for("changed");
    admin.type_line("/adduser ada");
    let shown = admin.stdout.wait_for("one-time password ");
    assert!(!shown.contains("a long enough one"), "the new password was echoed: {shown}");
    admin.type_line("/logout");
    assert_eq!(admin.wait().code, Some(0));
    assert_eq!(server.login_with("admin", "a long enough one").welcome["must_change_password"], false);
}
