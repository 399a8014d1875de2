//! One account is logged in again and again with its token, and none of the connections is ever closed.

use crate::caller::Line;
use crate::town::Town;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) const ROW: &str = "zombies";
pub(crate) const NAMES: [&str; 2] = ["zombie0", "zombie1"];
pub(crate) const HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 5, 1);
const EVERY: Duration = Duration::from_millis(10);
/// How many sessions an account may have: those that are left of all.
const SESSIONS: usize = 5;
/// How many connections each keeps open at most: it has descriptors of its own to care for.
const HELD_MAX: usize = 150;

pub(crate) fn besiege(town: &Town, name: &str) {
    let mut held = VecDeque::new();
    town.rounds(ROW, EVERY, |_| {
        let mut caller = town.connect(HOME, Line::Broad)?;
        caller.log_in(name, town.by_token(name))?;
        held.push_back(caller);
        if held.len() > HELD_MAX {
            held.pop_front();
        }
        Ok(())
    });
    // These are sessions yet. The others have made way, and are held open until the server has let go of them.
    held.truncate(held.len().saturating_sub(SESSIONS));
    town.hold(held);
}
