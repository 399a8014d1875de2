//! Accounts that may say nothing come and go as fast as they can.

use crate::harness::DataDir;
use crate::town::Town;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) const ROW: &str = "flappers";
pub(crate) const NAMES: [&str; 2] = ["flapper0", "flapper1"];
/// What the names of all begin with.
const PREFIX: &str = "flapper";
pub(crate) const HOME: Ipv4Addr = Ipv4Addr::new(127, 1, 6, 1);
const EVERY: Duration = Duration::from_millis(2);
/// How often the class, and the journal, may be told of one of them: so often at once, and so often a second.
const TOLD_AT_ONCE: f64 = 10.0;
const TOLD_PER_SECOND: f64 = 0.5;

pub(crate) fn besiege(town: &Town, name: &str) {
    town.rounds(ROW, EVERY, |_| town.visit(HOME, name, town.by_token(name)).map(drop));
}

/// Judges how often everybody was told of them, when they have been there for `besieged` in all.
pub(crate) fn judge(town: &Town, data: &DataDir, besieged: Duration) {
    let waves = f64::from(town.wave());
    let most = NAMES.len() as f64 * (TOLD_AT_ONCE * waves + TOLD_PER_SECOND * besieged.as_secs_f64());
    let told = town.ledger.comings_and_goings(PREFIX);
    let kept: usize = data.journal().iter().map(|path| lines_of(&File::open(path).unwrap())).sum();
    for (what, count) in [("lines to each of the class", told), ("lines in the journal", kept)] {
        let measured = format!("{count} {what} in {besieged:.1?}, of {most:.0} allowed");
        town.judge.expect(ROW, (count as f64) <= most, measured);
    }
}

/// Their comings and goings in a segment of the journal.
fn lines_of(segment: &File) -> usize {
    let is_theirs = |line: &str| {
        (line.contains("\"joined\"") || line.contains("\"left\"")) && line.contains(&format!("\"{PREFIX}"))
    };
    BufReader::new(segment).lines().filter(|line| line.as_deref().is_ok_and(is_theirs)).count()
}
