//! One run in a full house: several come at once who have no session, one comes back who has three, and one of two sessions of
//! somebody else is on its way out. Each who gets in has a session that made way, no two the same one, and nobody's only one.

use super::accounts::{Standing, State};
use super::chat::{Chat, Session};
use super::clock::Clock;
use super::scenario::{Person, come, come_as, given};
use super::timeline::{Journal, Past, Sequence, Timeline};
use crate::protocol::{Profile, Reason, Role, Username};
use crate::sync::{Arc, lock, thread};
use std::time::{Duration, Instant};

/// Ada's beside her first.
const SPARE: usize = 2;

fn account() -> Arc<Standing> {
    Arc::new(Standing::new(State::default(), Profile::default()))
}

/// Runs the scenario once.
pub fn run() {
    let timeline = Timeline::new(Sequence::default(), Journal::new(0), Past::default(), Clock::new().into());
    let chat = Arc::new(Chat::open(Arc::new(timeline), 2, Duration::from_secs(10)).unwrap());
    let (ada, bob, eve) = (account(), account(), account());
    let there =
        [(0, "ada", &ada), (1, "bob", &bob), (2, "ada", &ada), (3, "eve", &eve), (4, "ada", &ada), (5, "bob", &bob)];
    let mut people: Vec<_> = there.map(|(id, name, account)| come(&chat, id, name, 0, account, None).unwrap()).into();
    let before: Vec<Arc<Session>> = people.iter().map(|person| Arc::clone(&person.session)).collect();

    let leaver = Arc::clone(&before[5]);
    chat.delivery().end(&leaver, Reason::Logout, true);
    let (its, gone) = (Arc::clone(&chat), Arc::clone(&leaver));
    let leaves = thread::spawn(move || its.leave(&gone, Reason::Logout));
    let newcomers: Vec<_> = [(6, "dan", account()), (7, "fay", account()), (8, "gus", account()), (9, "ada", ada)]
        .map(|(id, name, account)| {
            let chat = Arc::clone(&chat);
            thread::spawn(move || {
                let makes_way = chat.make_way_for(&Username::parse(name).unwrap(), false);
                makes_way.then(|| come_as(&chat, (id, true), name, 0, &account, None).unwrap())
            })
        })
        .into();
    let came: Vec<_> = newcomers.into_iter().filter_map(|newcomer| newcomer.join().unwrap()).collect();
    leaves.join().unwrap();

    let (back, new): (Vec<_>, Vec<_>) = came.into_iter().partition(|person| person.session.name == before[0].name);
    assert_eq!(new.len(), SPARE, "as many as ada had beside one");
    let gone = before.iter().filter(|session| session.is_over()).count();
    assert_eq!(gone, new.len() + back.len() + 1, "each has one that made way, and bob's goes by itself");
    for session in &before {
        let theirs = lock(chat.registry()).sessions_of(&session.name);
        assert!(theirs.iter().any(|session| !session.is_over()), "{}: nobody's only session goes", session.name);
    }
    after_that(&chat, &mut people);
    assert!(chat.close(Instant::now() + Duration::from_secs(60)), "everything is delivered");
    people.extend(new.into_iter().chain(back));
    for person in &people {
        let told = given(person);
        let has_left = |event: &&serde_json::Value| event["type"] == "left" && event["reason"] != "shutdown";
        assert_eq!(told.iter().find(has_left), None, "whoever has another session stays");
    }
}

/// Everybody has one session now: nobody makes way. For staff other staff does.
fn after_that(chat: &Arc<Chat>, people: &mut Vec<Person>) {
    let mut state = State::default();
    state.role = Role::Teacher;
    let teacher = Arc::new(Standing::new(state, Profile::default()));
    people.extend([10, 11].map(|id| come(chat, id, "tea", 0, &teacher, None).unwrap()));
    let makes_way = |name, is_staff| chat.make_way_for(&Username::parse(name).unwrap(), is_staff);
    // Nobody waits so long here that one who left is gone.
    assert!(!makes_way("ada", false), "one of hers is still on its way out");
    assert!(!chat.could_make_way() && !makes_way("hal", false), "staff has places of its own");
    assert!(makes_way("tim", true) && !makes_way("tom", true));
    // Of two that have as many the one that took its last place later.
    let several = [(20, "amy"), (21, "zoe"), (22, "zoe"), (23, "amy")];
    people.extend(several.map(|(id, name)| come(chat, id, name, 0, &account(), None).unwrap()));
    assert!(makes_way("hal", false));
    let left = |name| lock(chat.registry()).sessions_of(&Username::parse(name).unwrap()).len();
    assert_eq!((left("amy"), left("zoe")), (1, 2));
}
