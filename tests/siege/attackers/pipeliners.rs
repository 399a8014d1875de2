//! Somebody sends very many messages at once, and their session is ended in the middle of them.

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

pub(crate) const ROW: &str = "pipeliners";
const HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 1, 1);
const EVERY: Duration = Duration::from_secs(1);
const MESSAGES: usize = 250;
/// How an administrator ends somebody.
const ENDS: [&str; 4] = ["ban", "delete_user", "reset_password", "logout_user"];
/// How long the first of the messages is waited for.
const HEARD_WITHIN: Duration = Duration::from_secs(2);

pub(crate) fn besiege(town: &Town) {
    director::rounds(town, ROW, "head0", EVERY, |director, number| round(town, director, number));
}

fn round(town: &Town, director: &mut Director<'_>, number: u32) -> io::Result<()> {
    let name = format!("pipe-{}-{number}", town.wave());
    director.make(&name, "user")?;
    let mut victim = town.connect(HOME, Line::Broad)?;
    victim.log_in(&name, json!({"password": PASSWORD}))?;
    let say = json!({"type": "say", "text": format!("{MARK}{name} and another thing")});
    victim.send_bytes(format!("{say}\n").repeat(MESSAGES).as_bytes())?;
    director.hear(&name, HEARD_WITHIN);
    let end = ENDS[number as usize % ENDS.len()];
    let fence = director.end(end, &name)?;
    town.ledger.ended(ROW, &name, fence);
    if end == "ban" {
        town.ledger.stays_banned(ROW, name);
    }
    see_off(town, ROW, &mut victim, fence, &Manner { goes_on: &[say], pace: QUICK });
    Ok(())
}
