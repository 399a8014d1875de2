//! A morning in the room, as ada sees it, and a server's first start.

use crate::room::{Room, beside_us};
use crate::screen::Screen;
use crate::svg::{self, Theme};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Takes pictures of our client, or one of another.
pub(crate) fn take(folder: &Path, other: Option<&Path>, name: Option<&str>) {
    let take = |program: &Path, name: &str, size, theme| {
        let path = folder.join(name).with_extension("svg");
        std::fs::write(&path, morning(program, size, theme)).unwrap();
        println!("{}", path.display());
    };
    if let (Some(other), Some(name)) = (other, name) {
        return take(other, name, (17, 72), Theme::Dark);
    }
    let ours = beside_us("homeroom-client");
    take(&ours, "terminal", (17, 72), Theme::Dark);
    take(&ours, "terminal-light", (17, 72), Theme::Light);
    take(&ours, "terminal-narrow", (24, 36), Theme::Dark);
    let path = folder.join("terminal-start.svg");
    std::fs::write(&path, first_start()).unwrap();
    println!("{}", path.display());
}

/// Starts a server as a teacher does, on the port that it has when nothing is said, and draws what is on the screen.
fn first_start() -> String {
    let folder = TempDir::new().unwrap();
    let mut server = Command::new(beside_us("homeroom-server"));
    server.args(["--log-level", "off", "--data-dir"]).arg(folder.path());
    server.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    let screen = Screen::start(&server, (35, 64));
    screen.wait_for(|rows| rows.iter().any(|row| row.trim() == "ready"));
    screen.look(|screen| svg::draw(screen, "homeroom-server", Theme::Dark))
}

/// Lets ada and the others talk, and draws what she sees.
fn morning(program: &Path, size: (u16, u16), theme: Theme) -> String {
    let room = Room::open(&["ada", "bob", "christine"]);
    let mut ada = Screen::start(&room.client(program, "ada"), size);
    ada.wait_for_bytes("1 online");
    let (mut bob, mut christine) = (room.guest("bob"), room.guest("christine"));
    ada.wait_for_bytes("* bob joined");
    ada.wait_for_bytes("* christine joined");
    bob.say("Good morning! Has anybody understood exercise 4, the one with the pizza? 🍕");
    ada.wait_for_bytes("pizza");
    ada.press("Yes: cut it into twelfths first, then both of you can count your slices.\r");
    ada.wait_for_bytes(": Yes");
    christine.say("Ada, can you show me? 你好 from the third row");
    ada.wait_for_bytes("third");
    bob.say("/msg ada shall we go home together?");
    ada.wait_for_bytes("whisper");
    bob.say("/me is hungry now");
    ada.wait_for_bytes("hungry");
    // And now somebody speaks while she types.
    ada.press("Of course, give me a min");
    ada.wait_for(|rows| rows.last().is_some_and(|row| row.ends_with("min")));
    christine.say("Hurry, it's ten to twelve already!");
    ada.wait_for_bytes("Hurry");
    drop(christine);
    ada.wait_for_bytes(" left (");
    ada.press("ute");
    ada.wait_for(|rows| rows.iter().any(|row| row.ends_with("minute") || row.ends_with("ute")));
    let title = ada.title();
    ada.look(|screen| svg::draw(screen, &title, theme))
}
