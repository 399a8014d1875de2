//! Wrong passwords and wrong tokens, at full speed, in names that there are and in others.

use super::comers::{BY_PASSWORD_NAME, BY_TOKEN_NAME};
use crate::class;
use crate::town::{SCHOOL, Town};
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Duration;

pub(crate) const ROW: &str = "guessers";
/// Somebody of the class whose password is guessed from their own address as well.
pub(crate) const VICTIM: &str = "victor";
const EVERY: Duration = Duration::from_millis(5);
/// How many addresses those have who are elsewhere.
const ADDRESSES: u32 = 8;

/// From where they guess.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// Among the class, behind the same address.
    School,
    Elsewhere,
}

pub(crate) const PLACES: [Place; 4] = [Place::School, Place::Elsewhere, Place::School, Place::Elsewhere];

pub(crate) fn besiege(town: &Town, place: Place) {
    let elsewhere: Vec<String> =
        class::names().chain([BY_TOKEN_NAME, BY_PASSWORD_NAME, VICTIM].map(str::to_owned)).collect();
    // Whoever's password is guessed where they are has their token.
    let at_school: Vec<String> = [BY_TOKEN_NAME, VICTIM].map(str::to_owned).into();
    let (names, source): (_, fn(u32) -> Ipv4Addr) = match place {
        Place::School => (at_school, |_| SCHOOL),
        Place::Elsewhere => (elsewhere, |number| Ipv4Addr::new(127, 1, 7, (number % ADDRESSES + 1) as u8)),
    };
    town.rounds(ROW, EVERY, |number| {
        let name = match number % 3 {
            0 => format!("nobody{number}"),
            _ => names[number as usize % names.len()].clone(),
        };
        let secret = if number % 7 == 0 { "token" } else { "password" };
        match town.visit(source(number), &name, json!({secret: format!("a wrong guess {number}")})) {
            Ok(_) => town.judge.violation(ROW, format!("a wrong {secret} of {name} was taken")),
            // The code says how many were tried and how many refused untried.
            Err(e) => town.judge.count(ROW, &e.to_string()),
        }
        Ok(())
    });
}
