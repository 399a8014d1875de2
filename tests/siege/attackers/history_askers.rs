//! Somebody asks for a past of which they may see nothing, again and again from several sessions, and doesn't wait.

use crate::town::Town;
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) const ROW: &str = "history askers";
pub(crate) const NAME: &str = "historian";
pub(crate) const HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 8, 1);
const EVERY: Duration = Duration::from_secs(2);
const SESSIONS: usize = 5;
const REQUESTS: usize = 40;
/// How long they stay.
const STAY: Duration = Duration::from_millis(200);

pub(crate) fn besiege(town: &Town) {
    let request = json!({"type": "history", "before": town.amid_whispers, "limit": 200});
    let requests = format!("{request}\n").repeat(REQUESTS);
    town.rounds(ROW, EVERY, |_| {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let (mut caller, _) = town.visit(HOME, NAME, town.by_token(NAME))?;
            caller.send_bytes(requests.as_bytes())?;
            town.judge.add(ROW, "requests", REQUESTS as u64);
            sessions.push(caller);
        }
        town.pause(STAY);
        Ok(())
    });
}
