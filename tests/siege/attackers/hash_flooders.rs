//! Logins that are sent and given up at once: each would be a password to check for nobody.

use crate::harness::{Wire, try_dial_from};
use crate::town::Town;
use serde_json::json;
use socket2::SockRef;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) const ROW: &str = "hash flooders";
pub(crate) const CROWD: u8 = 4;
/// Logins of each before the next pause, all from one address, which is another one each time.
const BURST: u32 = 60;
const EVERY: Duration = Duration::from_secs(1);

pub(crate) fn besiege(town: &Town, number: u8) {
    town.rounds(ROW, EVERY, |round| {
        let source = Ipv4Addr::new(127, 16 + number, (town.wave() % 250) as u8, (round % 250 + 1) as u8);
        (0..BURST).try_for_each(|login| flood(town, source, &format!("flood{number}-{round}-{login}")))
    });
}

fn flood(town: &Town, source: Ipv4Addr, name: &str) -> io::Result<()> {
    let mut wire = Wire::over(try_dial_from(source, false, town.server.address())?)?;
    wire.send(&json!({"type": "login", "protocol": 1, "username": name, "password": "is anybody there?"}))?;
    // Closing it resets it.
    SockRef::from(wire.socket()).set_linger(Some(Duration::ZERO))?;
    town.judge.count(ROW, "logins");
    Ok(())
}
