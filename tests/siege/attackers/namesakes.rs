//! An account is deleted and made anew while a session of the old one is behind: the old one is nobody any more.

use crate::caller::Line;
use crate::director::{self, Director};
use crate::ending::{Manner, QUICK, see_off};
use crate::harness::PASSWORD;
use crate::ledger::MARK;
use crate::town::Town;
use serde_json::json;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

pub(crate) const ROW: &str = "namesakes";
const DIRECTOR: &str = "head4";
const OLD_HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 4, 1);
const NEW_HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 4, 2);
const EVERY: Duration = Duration::from_secs(4);
/// How many there are: each can be the old one once.
const EVES: u32 = 60;
static USED: AtomicU32 = AtomicU32::new(0);

/// Accounts that were there before all that was said, so that they have much to read.
pub(crate) fn names() -> impl Iterator<Item = String> {
    (0..EVES).map(|number| format!("eve{number:02}"))
}

pub(crate) fn besiege(town: &Town) {
    director::rounds(town, ROW, DIRECTOR, EVERY, |director, _| {
        match names().nth(USED.fetch_add(1, Relaxed) as usize) {
            Some(name) => round(town, director, &name),
            None => Ok(()),
        }
    });
}

fn round(town: &Town, director: &mut Director<'_>, name: &str) -> io::Result<()> {
    let mut old = town.connect(OLD_HOME, Line::Narrow)?;
    old.log_in(name, json!({"password": PASSWORD, "after": 1}))?;
    let mark = format!("old-{name}");
    let whisper = json!({"type": "whisper", "to": DIRECTOR, "text": format!("{MARK}{mark} whispers")});
    old.send(&whisper)?;
    let fence = director.end("delete_user", name)?;
    town.ledger.ended(ROW, &mark, fence);
    let secret = format!("for the new {name} alone");
    let shown = thread::scope(|scope| {
        let goes_on = [whisper];
        let old = scope.spawn(move || see_off(town, ROW, &mut old, fence, &Manner { goes_on: &goes_on, pace: QUICK }));
        let anew = make_anew(town, director, name, &secret);
        let shown = old.join().unwrap();
        anew.map(|()| shown)
    })?;
    if shown.iter().any(|line| line["text"] == secret) {
        town.judge.violation(ROW, format!("the old {name} was sent the new one's whisper"));
    }
    Ok(())
}

/// The account again, for somebody else, who is there and is told something.
fn make_anew(town: &Town, director: &mut Director<'_>, name: &str, secret: &str) -> io::Result<()> {
    director.make(name, "user")?;
    let (_there, _) = town.visit(NEW_HOME, name, json!({"password": PASSWORD}))?;
    director.order(json!({"type": "whisper", "to": name, "text": secret})).map(drop)
}
