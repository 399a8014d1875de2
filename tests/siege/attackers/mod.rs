//! Pupils with time, and strangers: each attack in a file of its own.

mod collectors;
mod comers;
pub(crate) mod flappers;
mod guessers;
mod hash_flooders;
mod history_askers;
mod namesakes;
mod pipeliners;
mod slow_readers;
mod strangers;
mod usurpers;
mod zombies;

use crate::director::DIRECTORS;
use crate::harness::PASSWORD;
use crate::town::Town;
use std::thread::{self, Scope};

/// Every attack.
pub(crate) const ALL: [&str; 14] = [
    pipeliners::ROW,
    usurpers::ROW,
    slow_readers::ROW,
    namesakes::ROW,
    zombies::ROW,
    flappers::ROW,
    guessers::ROW,
    hash_flooders::ROW,
    history_askers::ROW,
    strangers::PINGERS,
    strangers::SILENT,
    collectors::ROW,
    comers::BY_TOKEN,
    comers::BY_PASSWORD,
];

/// Their accounts, and those of the administrators, in the form of `user import`.
pub(crate) fn accounts() -> String {
    let admins = DIRECTORS.into_iter().chain([slow_readers::ADMIN]).map(|name| (name.to_owned(), "admin"));
    let single = [slow_readers::USER, history_askers::NAME, guessers::VICTIM].into_iter();
    let users = single.chain(zombies::NAMES).chain(flappers::NAMES).chain(comers::NAMES).map(str::to_owned);
    let users = users.chain(namesakes::names()).map(|name| (name, "user"));
    admins.chain(users).map(|(name, role)| format!("{name},{PASSWORD},{role}\n")).collect()
}

/// In peace: those who come by token are given one, and whoever belongs somewhere is there once.
pub(crate) fn prepare(town: &Town) {
    zombies::NAMES.iter().for_each(|name| town.take_token(zombies::HOME, name));
    flappers::NAMES.iter().for_each(|name| town.take_token(flappers::HOME, name));
    comers::ALL.iter().for_each(|comer| town.take_token(comer.home, comer.name));
    town.take_token(history_askers::HOME, history_askers::NAME);
}

/// How nice they are in the long form: the server and the class go first, as if the attackers had machines of their
/// own. In the short form others build and test here at the same time, and would leave them nothing.
const NICE: i32 = 10;

/// All at once, until the siege ends.
pub(crate) fn besiege(town: &Town) {
    if town.is_long {
        // The threads that this one starts take it over.
        rustix::process::setpriority_process(None, NICE).unwrap();
    }
    thread::scope(|scope| {
        let start = |attack: fn(&Town)| drop(scope.spawn(move || attack(town)));
        start(pipeliners::besiege);
        start(usurpers::besiege);
        start(slow_readers::besiege_as_user);
        start(slow_readers::besiege_as_administrator);
        start(namesakes::besiege);
        start(history_askers::besiege);
        start(strangers::silent);
        start(collectors::silent);
        start(collectors::collect);
        crowds(town, scope);
    });
}

/// Those of whom there are several.
fn crowds<'scope>(town: &'scope Town, scope: &'scope Scope<'scope, '_>) {
    for name in zombies::NAMES {
        scope.spawn(move || zombies::besiege(town, name));
    }
    for name in flappers::NAMES {
        scope.spawn(move || flappers::besiege(town, name));
    }
    for place in guessers::PLACES {
        scope.spawn(move || guessers::besiege(town, place));
    }
    for number in 0..hash_flooders::CROWD {
        scope.spawn(move || hash_flooders::besiege(town, number));
    }
    for number in 0..strangers::PINGERS_CROWD {
        scope.spawn(move || strangers::ping(town, number));
    }
    for comer in comers::ALL {
        scope.spawn(move || comers::come_and_go(town, comer));
    }
}
