//! An administrator prepares to outlive their own ban: behind hundreds of requests stand `unban` of themself and the
//! making of another administrator.

use crate::caller::Line;
use crate::director::{self, Director};
use crate::ending::{Manner, QUICK, see_off};
use crate::harness::PASSWORD;
use crate::ledger::MARK;
use crate::town::Town;
use serde_json::json;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) const ROW: &str = "usurpers";
const HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 2, 1);
const EVERY: Duration = Duration::from_secs(1);
/// Some three seconds of waiting: a session's requests have a rate of 50 a second after the first 200.
const PINGS: usize = 350;

pub(crate) fn besiege(town: &Town) {
    director::rounds(town, ROW, "head1", EVERY, |director, number| round(town, director, number));
}

fn round(town: &Town, director: &mut Director<'_>, number: u32) -> io::Result<()> {
    let name = format!("usurper-{}-{number}", town.wave());
    let made = format!("made-by-{name}");
    director.make(&name, "admin")?;
    let mut victim = town.connect(HOME, Line::Broad)?;
    victim.log_in(&name, json!({"password": PASSWORD}))?;
    let prepared = [
        json!({"type": "unban", "username": name}),
        json!({"type": "add_user", "username": made, "password": PASSWORD, "role": "admin"}),
        json!({"type": "say", "text": format!("{MARK}{name} is back")}),
    ];
    let pings = "{\"type\":\"ping\"}\n".repeat(PINGS);
    let prepared: String = prepared.iter().map(|request| format!("{request}\n")).collect();
    victim.send_bytes(format!("{pings}{prepared}").as_bytes())?;
    let end = if number % 2 == 0 { "ban" } else { "delete_user" };
    let fence = director.end(end, &name)?;
    // On a very slow machine all may have been done before the answer, as it may.
    if director.ask(json!({"type": "whois", "username": made}))?["code"] == "unknown_user" {
        town.ledger.never(ROW, made);
        town.ledger.ended(ROW, &name, fence);
        if end == "ban" {
            town.ledger.stays_banned(ROW, name);
        }
    } else {
        town.judge.count(ROW, "too slow to show anything");
    }
    see_off(town, ROW, &mut victim, fence, &Manner { goes_on: &[], pace: QUICK });
    Ok(())
}
