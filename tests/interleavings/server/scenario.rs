//! One run: three accounts, one of them with a full socket, one ended while it speaks, and one that comes late and may be
//! ended on its way in; then the end. After the answer that somebody is ended there is nothing of them, nor for them.

use super::accounts::{Mandate, Standing, State};
use super::chat::{Chat, Person as There, Refused, Session};
use super::clock::Clock;
use super::timeline::{AppendError, Journal, NEW, Past, Place, Sequence, Timeline, What};
use crate::duplex::{CLOSE, Duplex, Socket};
use crate::protocol::{Profile, Reason, RoomName, ServerMessage, Username};
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, thread};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};
use std::time::{Duration, Instant};

/// What each of those who speak says.
pub(super) const MESSAGES: usize = 3;

/// How often one account comes and goes: as often as it's told of at once, and once more.
const VISITS: u64 = 5;

/// One person's connection.
pub(super) struct Person {
    pub(super) session: Arc<Session>,
    pub(super) socket: Arc<Socket>,
    /// The seq after which it must have everything that it may see.
    pub(super) since: u64,
}

/// Runs the scenario once and checks what everyone was given.
pub fn run() {
    // In half of the schedules the journal can't be written now and then.
    let fail_of_eight = shuttle::rand::Rng::gen_range(&mut shuttle::rand::thread_rng(), 0..4_u32).saturating_sub(1);
    let journal = Journal::new(fail_of_eight);
    let timeline = Arc::new(Timeline::new(Sequence::default(), journal, Past::default(), Clock::new().into()));
    let chat = Arc::new(Chat::open(timeline, 2, Duration::from_secs(10)).unwrap());
    // In half of them whoever is behind may have to wait for the one courier there is.
    if shuttle::rand::Rng::gen_bool(&mut shuttle::rand::thread_rng(), 0.5) {
        chat.delivery().set_couriers_max(1);
    }
    let people = [(0, "ada", 0), (1, "bob", 3), (2, "eve", 1)];
    let account = || Arc::new(Standing::new(State::default(), Profile::default()));
    let people: Vec<Person> =
        people.map(|(id, name, full)| come(&chat, id, name, full, &account(), None).unwrap()).into();

    let mut threads = Vec::new();
    for (from, to) in [(0, 1), (1, 2)] {
        let (chat, session, to) =
            (Arc::clone(&chat), Arc::clone(&people[from].session), people[to].session.name.clone());
        threads.push(thread::spawn(move || speak(&chat, &session, &to)));
    }
    let (there, eve) = (Arc::clone(&chat), Arc::clone(&people[2].session));
    threads.push(thread::spawn(move || {
        let ada = Username::parse("ada").unwrap();
        loop {
            let over = !eve.mandate.holds();
            let done = eve.take_turn(|| speak_once(&there, &eve, &ada, 0)).is_some();
            assert!(!(over && done), "nothing is begun once the mandate has ended");
            if !done {
                break;
            }
        }
    }));
    // In half of the schedules she is on her way out by herself at the same time.
    if shuttle::rand::Rng::gen_bool(&mut shuttle::rand::thread_rng(), 0.5) {
        let (there, eve) = (Arc::clone(&chat), Arc::clone(&people[2].session));
        threads.push(thread::spawn(move || {
            there.delivery().end(&eve, Reason::Logout, true);
            there.leave(&eve, Reason::Logout);
        }));
    }
    let (there, eve) = (Arc::clone(&chat), Arc::clone(&people[2].session));
    let ended = thread::spawn(move || {
        let answered = end(&there, &eve.name, eve.mandate.standing());
        there.leave(&eve, Reason::Disconnected);
        there.delivery().forget(&eve);
        answered
    });
    let (there, dan) = (Arc::clone(&chat), account());
    let (door, same) = (Arc::clone(&chat), Arc::clone(&dan));
    threads.push(thread::spawn(move || {
        end(&there, &Username::parse("dan").unwrap(), &same);
    }));
    let there = Arc::clone(&chat);
    threads.push(thread::spawn(move || flap(&there)));
    let late = thread::spawn(move || come(&door, 3, "dan", 2, &dan, None));
    assert!(chat.is_well(Instant::now() + Duration::from_secs(60)), "the postmen answer while all goes on");
    // Half of the schedules end the server while everything is still going on.
    let early = shuttle::rand::Rng::gen_bool(&mut shuttle::rand::thread_rng(), 0.5);
    if !early {
        threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
    assert!(chat.close(Instant::now() + Duration::from_secs(60)), "everything is delivered");
    let late = late.join().unwrap();
    let answered = ended.join().unwrap();
    threads.drain(..).for_each(|thread| thread.join().unwrap());
    check(people, late, answered);
}

/// Ends an account's sessions as an administrator does. Gives the newest seq at the answer.
fn end(chat: &Arc<Chat>, name: &Username, standing: &Standing) -> u64 {
    let mut state = standing.state();
    state.end_sessions();
    standing.set(state, None);
    chat.settle(&chat.remove_ended(name));
    chat.head()
}

/// Somebody logs in, and asks for all after `after`, or for nothing of the past.
pub(super) fn come(
    chat: &Arc<Chat>,
    id: u64,
    name: &str,
    full_of_four: u32,
    account: &Arc<Standing>,
    after: Option<u64>,
) -> Result<Person, Refused> {
    come_as(chat, (id, false), name, full_of_four, account, after)
}

/// The same, into a full house where that `is_full`.
pub(super) fn come_as(
    chat: &Arc<Chat>,
    (id, is_full): (u64, bool),
    name: &str,
    full_of_four: u32,
    account: &Arc<Standing>,
    after: Option<u64>,
) -> Result<Person, Refused> {
    let name = Username::parse(name).unwrap();
    let socket = Arc::new(Socket::new(full_of_four));
    let peer = "192.0.2.1:1".parse().unwrap();
    let link = (Arc::clone(&socket), peer);
    let mandate = Mandate::new(Arc::clone(account), 0);
    let session = Session::new(id, name, mandate, ([0; 32], Arc::default()), link, Duplex::default());
    session.takes_own_place.store(is_full, Ordering::Relaxed);
    let session = Arc::new(session);
    let own = Arc::clone(&session);
    let own = thread::spawn(move || own.wait_for_welcome());
    let arrived = chat.arrive(&session, after, everybody);
    if arrived.is_ok() {
        chat.delivery().welcome(&session, b"{\"type\":\"welcome\"}\n".to_vec());
        chat.delivery().take(&session);
    }
    session.end_unless_welcomed();
    own.join().unwrap();
    let now = arrived?.seq;
    Ok(Person { session, socket, since: after.unwrap_or(now) })
}

/// A welcome has room for everybody.
fn everybody(people: &mut dyn Iterator<Item = There<'_>>) -> Vec<(Username, Arc<Standing>)> {
    people.map(|(name, owner)| (name.clone(), Arc::clone(owner))).collect()
}

/// Comes and goes more often than anybody is told of.
fn flap(chat: &Arc<Chat>) {
    let (name, account) =
        (Username::parse("cat").unwrap(), Arc::new(Standing::new(State::default(), Profile::default())));
    for id in 4..4 + VISITS {
        let link = (Arc::new(Socket::new(0)), "192.0.2.1:1".parse().unwrap());
        let mandate = Mandate::new(Arc::clone(&account), 0);
        let session = Session::new(id, name.clone(), mandate, ([0; 32], Arc::default()), link, Duplex::default());
        let session = Arc::new(session);
        let Ok(arrived) = chat.arrive(&session, None, everybody) else { return };
        assert!(arrived.people.iter().any(|(there, _)| *there == name), "whoever comes is told that they are there");
        chat.leave(&session, Reason::Disconnected);
        chat.is_offline(&name);
    }
}

/// Says something to the room and to one person, and asks for something, in turn.
fn speak(chat: &Arc<Chat>, session: &Arc<Session>, to: &Username) {
    for number in 0..MESSAGES {
        speak_once(chat, session, to, number);
        chat.delivery().send(session, b"{\"type\":\"pong\"}\n");
    }
}

pub(super) fn speak_once(chat: &Arc<Chat>, session: &Session, to: &Username, number: usize) {
    let from = session.name.as_str();
    let whisper = |seq, time: String| ServerMessage::Whisper {
        seq,
        time: time.into(),
        from: from.into(),
        to: to.as_str().into(),
        text: number.to_string().into(),
        id: None,
        format: None,
        lang: None,
        removed: false,
        away: false,
    };
    said(chat.say(What::Said { by: session.name.clone(), place: Place::Person(to.clone()), key: None }, NEW, whisper));
    let message = |seq, time: String| ServerMessage::Message {
        seq,
        time: time.into(),
        from: from.into(),
        room: "general".into(),
        text: number.to_string().into(),
        action: false,
        format: None,
        lang: None,
        removed: false,
        id: None,
    };
    said(chat.say(
        What::Said { by: session.name.clone(), place: Place::Room(RoomName::general()), key: None },
        NEW,
        message,
    ));
}

/// Fails unless it was said or the journal couldn't be written.
fn said<T>(result: Result<T, AppendError>) {
    assert!(matches!(result, Ok(_) | Err(AppendError::Unwritten)));
}

fn check(people: Vec<Person>, late: Result<Person, Refused>, answered: u64) {
    let mut everything: BTreeMap<u64, Value> = BTreeMap::new();
    let late = late.map_err(|refused| assert!(matches!(refused, Refused::Closed | Refused::Ended))).ok();
    // Ended between its arrival and its welcome, nobody says a word to it.
    let late = late.filter(|late| !late.socket.written().is_empty());
    let people: Vec<Person> = people.into_iter().chain(late).collect();
    let given: Vec<Vec<Value>> = people.iter().map(given).collect();
    let seq = |event: &Value| event["seq"].as_u64().unwrap();
    assert!(given[2].iter().all(|event| seq(event) <= answered), "nothing is given to eve after the answer");
    let of_eve = given.iter().flatten().filter(|event| event["from"] == "eve");
    assert!(of_eve.map(seq).all(|seq| seq <= answered), "nothing of eve's is said after the answer");
    for event in given.iter().flatten() {
        let seq = event["seq"].as_u64().unwrap();
        let other = everything.entry(seq).or_insert_with(|| event.clone());
        assert_eq!(other, event, "one event is the same for everyone");
    }
    let mut online = BTreeMap::new();
    for event in everything.values().filter(|event| event["type"] == "joined" || event["type"] == "left") {
        let before = online.insert(event["username"].to_string(), event["type"] == "joined");
        assert_ne!(before, Some(event["type"] == "joined"), "{event}: comings and goings alternate");
    }
    for (person, given) in people.iter().zip(&given) {
        let name = person.session.name.as_str();
        let seqs: Vec<u64> = given.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert!(seqs.is_sorted_by(|a, b| a < b), "{name}: in order, none twice: {seqs:?}");
        assert!(seqs.iter().all(|&seq| seq > person.since), "{name}: nothing from before it came");
        let may_see = |event: &Value| event["type"] != "whisper" || event["from"] == name || event["to"] == name;
        assert!(given.iter().all(may_see), "{name}: nobody else's whispers");
        // Up to the last one it was given, nothing that it may see is missing.
        let last = seqs.last().copied().unwrap_or(person.since);
        let expected = everything.range((Excluded(person.since), Included(last))).filter(|(_, event)| may_see(event));
        assert_eq!(expected.map(|(seq, _)| *seq).collect::<Vec<_>>(), seqs, "{name}");
    }
}

/// The events in what was written to somebody, after checking the lines around them.
pub(super) fn given(person: &Person) -> Vec<Value> {
    let written = person.socket.written();
    let name = &person.session.name;
    let before_close = written.strip_suffix(CLOSE).unwrap_or_else(|| panic!("{name}: it was never said goodbye"));
    let lines: Vec<Value> = before_close
        .split_inclusive(|&b| b == b'\n')
        .map(|line| serde_json::from_slice(line).unwrap_or_else(|e| panic!("{name}: {e}")))
        .collect();
    assert_eq!(lines.first().unwrap()["type"], "welcome", "{name}: welcome is the first line");
    assert_eq!(lines.last().unwrap()["type"], "bye", "{name}: bye is the last");
    let byes = lines.iter().filter(|line| line["type"] == "bye").count();
    assert_eq!(byes, 1, "{name}");
    lines.into_iter().filter(|line| line.get("seq").is_some()).collect()
}
