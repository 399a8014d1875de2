//! An administrator who makes accounts for the attackers, and ends them.

use crate::caller::{Caller, Line};
use crate::harness::PASSWORD;
use crate::ledger::Fence;
use crate::town::Town;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

/// Where they are: nobody guesses from there.
const OFFICE: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 1);
/// Each of an attack's own, since an account has a rate and so many sessions.
pub(crate) const DIRECTORS: [&str; 5] = ["head0", "head1", "head2", "head3", "head4"];
/// How often and after which pause something is said again that came too soon after the last.
const TRIES_MAX: u32 = 50;
const TRY_PAUSE: Duration = Duration::from_millis(200);

pub(crate) struct Director<'a> {
    town: &'a Town,
    name: String,
    caller: Caller,
    asked: u64,
}

impl<'a> Director<'a> {
    pub(crate) fn enter(town: &'a Town, name: &str) -> io::Result<Self> {
        let mut caller = town.connect(OFFICE, Line::Broad)?;
        caller.log_in(name, json!({"password": PASSWORD}))?;
        Ok(Self { town, name: name.to_owned(), caller, asked: 0 })
    }

    /// The answer to a request, also when it is a refusal.
    pub(crate) fn ask(&mut self, mut request: Value) -> io::Result<Value> {
        self.asked += 1;
        // Everybody is shown the ids of what is said: no two directors have the same.
        let id = format!("{}-{}", self.name, self.asked);
        request["id"] = json!(id);
        self.caller.send(&request)?;
        self.caller.answer(&id, |line| self.town.ledger.saw(line))
    }

    /// The answer to a request, which must be carried out.
    pub(crate) fn order(&mut self, request: Value) -> io::Result<Value> {
        let answer = self.ask(request)?;
        match answer["code"].as_str() {
            Some(code) => Err(io::Error::other(format!("an administrator's request: {code}"))),
            None => Ok(answer),
        }
    }

    /// Makes an account with the password of all.
    pub(crate) fn make(&mut self, name: &str, role: &str) -> io::Result<()> {
        self.order(json!({"type": "add_user", "username": name, "password": PASSWORD, "role": role})).map(drop)
    }

    /// Waits for something of somebody to be heard, if it is soon.
    pub(crate) fn hear(&mut self, from: &str, within: Duration) {
        let ledger = &self.town.ledger;
        let heard = self.caller.find(within, |line| {
            ledger.saw(line);
            line["from"] == from
        });
        // Whether or not: they may have been refused.
        drop(heard);
    }

    /// Ends somebody's sessions by a request of this type, and sets a fence right behind its answer.
    pub(crate) fn end(&mut self, how: &str, name: &str) -> io::Result<Fence> {
        self.order(json!({"type": how, "username": name}))?;
        self.fence()
    }

    /// Says something; gives its place.
    pub(crate) fn fence(&mut self) -> io::Result<Fence> {
        for _ in 0..TRIES_MAX {
            let answer = self.ask(json!({"type": "say", "text": "that is that"}))?;
            if let Some(seq) = answer["seq"].as_u64() {
                return Ok(Fence(seq));
            }
            thread::sleep(TRY_PAUSE);
        }
        Err(io::Error::other("an administrator isn't heard"))
    }

    /// Every account, and whether it is banned.
    pub(crate) fn accounts(&mut self) -> io::Result<BTreeMap<String, bool>> {
        let (mut accounts, mut after) = (BTreeMap::new(), Value::Null);
        loop {
            let mut request = json!({"type": "list_users"});
            if !after.is_null() {
                request["after"] = after;
            }
            let answer = self.order(request)?;
            for user in answer["users"].as_array().into_iter().flatten() {
                let name = user["username"].as_str().unwrap_or_default();
                accounts.insert(name.to_owned(), user["banned"] == true);
            }
            if answer["more"].is_null() {
                return Ok(accounts);
            }
            after = json!(accounts.keys().next_back());
        }
    }
}

/// Rounds of an attack with an administrator of its own. After an error another session takes over.
pub(crate) fn rounds(
    town: &Town,
    attack: &'static str,
    name: &str,
    every: Duration,
    mut round: impl FnMut(&mut Director<'_>, u32) -> io::Result<()>,
) {
    let mut present = None;
    town.rounds(attack, every, |number| {
        let mut director = match present.take() {
            Some(director) => director,
            None => Director::enter(town, name)?,
        };
        round(&mut director, number)?;
        present = Some(director);
        Ok(())
    });
}
