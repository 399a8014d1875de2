//! Those who belong here and come back meanwhile: they must get in.

use crate::harness::PASSWORD;
use crate::town::{Phase, SCHOOL, Town};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const BY_TOKEN: &str = "back by token";
pub(crate) const BY_PASSWORD: &str = "back by password";
pub(crate) const BY_TOKEN_NAME: &str = "tess";
pub(crate) const BY_PASSWORD_NAME: &str = "paul";
/// Somebody whom nobody attacks, at home.
const NEIGHBOUR: &str = "nora";
const NEIGHBOURS_HOME: Ipv4Addr = Ipv4Addr::new(127, 4, 0, 1);
pub(crate) const NAMES: [&str; 3] = [BY_TOKEN_NAME, BY_PASSWORD_NAME, NEIGHBOUR];

const EVERY: Duration = Duration::from_secs(3);
/// How soon everybody is in, whatever is going on: 10 s, and 2 s for a busy machine.
const IN_WITHIN: Duration = Duration::from_secs(12);
/// The pause before another try, for whoever was told to come later or was cut off.
const TRY_PAUSE: Duration = Duration::from_millis(200);

/// Somebody, and how they come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comer {
    row: &'static str,
    pub(super) name: &'static str,
    pub(super) home: Ipv4Addr,
}

pub(crate) const ALL: [Comer; 3] = [
    Comer { row: BY_TOKEN, name: BY_TOKEN_NAME, home: SCHOOL },
    Comer { row: BY_PASSWORD, name: BY_PASSWORD_NAME, home: SCHOOL },
    Comer { row: BY_PASSWORD, name: NEIGHBOUR, home: NEIGHBOURS_HOME },
];

pub(crate) fn come_and_go(town: &Town, comer: Comer) {
    let Comer { row, name, .. } = comer;
    let how = if row == BY_TOKEN { town.by_token(name) } else { json!({"password": PASSWORD}) };
    town.rounds(row, EVERY, |_| {
        come(town, comer, &how);
        Ok(())
    });
}

/// Tries until they are in.
fn come(town: &Town, Comer { row, name, home }: Comer, how: &Value) {
    let start = Instant::now();
    while let Err(e) = town.visit(home, name, how.clone()) {
        town.judge.count(row, &e.to_string());
        if start.elapsed() >= IN_WITHIN {
            break;
        }
        thread::sleep(TRY_PAUSE);
    }
    let passed = start.elapsed();
    town.judge.took(row, "in after", passed);
    if passed > IN_WITHIN {
        let when = if town.is_at(Phase::Siege) { "" } else { ", after the attackers had left" };
        town.judge.violation(row, format!("{name} was not in after {passed:.1?}{when}"));
    }
}
