//! Somebody asks for everything that was said and reads it slowly, so that the goodbye would take minutes, and goes on
//! with what only a session may do.

use crate::caller::Line;
use crate::director::{self, Director};
use crate::ending::{Manner, see_off};
use crate::harness::PASSWORD;
use crate::ledger::MARK;
use crate::town::Town;
use serde_json::{Value, json};
use std::io;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

pub(crate) const ROW: &str = "slow readers";
/// Their accounts were there before all that was said.
pub(crate) const USER: &str = "slow";
pub(crate) const ADMIN: &str = "slow-admin";
const HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 3, 1);
const EVERY: Duration = Duration::from_secs(1);
/// How often one read: of at most 16 KiB, the longest record of TLS.
const PACE: Duration = Duration::from_millis(600);
/// How many reads before the ban.
const READS_BEFORE: u32 = 2;

pub(crate) fn besiege_as_user(town: &Town) {
    director::rounds(town, ROW, "head2", EVERY, |director, number| round(town, director, USER, number));
}

pub(crate) fn besiege_as_administrator(town: &Town) {
    director::rounds(town, ROW, "head3", EVERY, |director, number| round(town, director, ADMIN, number));
}

fn round(town: &Town, director: &mut Director<'_>, name: &str, number: u32) -> io::Result<()> {
    let mark = format!("{name}-{}-{number}", town.wave());
    let made = format!("made-by-{mark}");
    let mut victim = town.connect(HOME, Line::Narrow)?;
    victim.log_in(name, json!({"password": PASSWORD, "after": 1}))?;
    let say = json!({"type": "say", "text": format!("{MARK}{mark} is still here")});
    for _ in 0..READS_BEFORE {
        victim.send(&say)?;
        victim.receive(PACE)?;
        thread::sleep(PACE);
    }
    let fence = director.end("ban", name)?;
    town.ledger.ended(ROW, &mark, fence);
    town.ledger.never(ROW, made.clone());
    let make = json!({"type": "add_user", "username": made, "password": PASSWORD, "role": "admin"});
    let powers: &[Value] = if name == ADMIN { &[say, make] } else { &[say] };
    see_off(town, ROW, &mut victim, fence, &Manner { goes_on: powers, pace: PACE });
    drop(victim);
    director.order(json!({"type": "unban", "username": name})).map(drop)
}
