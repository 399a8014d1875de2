//! One run: everybody comes, speaks while things go wrong, comes to the last message, and leaves.

use crate::ends::Ended;
use crate::faults;
use crate::harness::Peer;
use crate::history::{Entry, Event, Record, TEACHER, To};
use crate::mark::Mark;
use crate::people::{Part, Person};
use crate::programs::Program;
use crate::room::{BESIDE, GENERAL, Room};
use crate::stage::{Client, Phase, Stage};
use crate::teacher;
use crate::warden;
use serde_json::json;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

/// How many accounts there are.
pub(crate) const ACCOUNTS: u16 = 9;
/// People: the account, whether the connection is narrow, whether they leave now and then, whether they come through the
/// page's door, if there is one. Two accounts have two. The last one is the teacher.
const PEOPLE: [(u16, bool, bool, bool); 9] = [
    (0, false, false, false),
    (0, false, false, PAGE),
    (1, false, false, false),
    (1, true, false, false),
    (2, true, false, PAGE),
    (3, false, true, PAGE),
    (4, false, true, false),
    (5, false, false, PAGE),
    (TEACHER, false, false, false),
];
const PAGE: bool = cfg!(feature = "web");
/// The accounts of the real clients.
const PROGRAMS: [u16; 2] = [6, 7];
const CLIENTS: usize = PEOPLE.len() + PROGRAMS.len();
/// How much of the history is compared with the journal.
pub(crate) const HISTORY_EVENTS: usize = 2_000;
/// How often a line tells how it goes.
const PROGRESS_EVERY: Duration = Duration::from_secs(10);
/// How long everybody may take to get an answer to all, and to see the last message, once all is well.
const CALM_DEADLINE: Duration = Duration::from_secs(90);

/// What a run leaves behind, beside the journal.
pub(crate) struct Played {
    pub(crate) records: Vec<Record>,
    /// The sessions that were ended.
    pub(crate) ends: Vec<Ended>,
    /// The seq of the last message of all.
    pub(crate) end: u64,
    /// What the server then had to say of the past to the first account: of everything, and of each room.
    pub(crate) histories: Vec<(Option<Room>, Vec<Event>)>,
}

/// Plays until all has been made good again, and everybody has seen that.
pub(crate) fn play(stage: &Stage, seed: u64, lasts: Duration) -> Played {
    thread::scope(|scope| {
        let _all_end = stage.end_on_panic();
        let people = PEOPLE.into_iter().zip(0..).map(|((account, narrow, leaves, through_page), number)| {
            let votes = PEOPLE[..usize::from(number)].iter().all(|earlier| earlier.0 != account);
            let person = Person::new(Part { number, account, narrow, leaves, through_page, votes }, stage, seed);
            scope.spawn(|| person.play())
        });
        let programs = PROGRAMS.into_iter().zip(PEOPLE.len() as u16..).map(|(account, number)| {
            let program = Program::start(number, account, stage, seed);
            scope.spawn(|| program.play())
        });
        let everybody: Vec<_> = people.chain(programs).collect();
        teacher::prepare(stage);
        scope.spawn(move || teacher::teach(stage, seed));
        let warden = scope.spawn(move || warden::watch(stage, seed));
        wait_for_all(stage, "to log in", |client| client.here.load(SeqCst));
        stage.enter(Phase::Play);
        let end = Instant::now() + lasts;
        scope.spawn(move || tell(stage, end));
        faults::inject(stage, scope, seed, end);
        stage.enter(Phase::Settle);
        let is_answered = |client: &Client| client.unanswered.load(SeqCst) == 0;
        wait_for_all(stage, "to be answered", |client| is_answered(client) && client.here.load(SeqCst));
        let mut peer = stage.login(0);
        let (record, end) = curtain(&mut peer);
        let is_done = |client: &Client| client.seen.load(SeqCst) >= end && is_answered(client);
        wait_for_all(stage, "to see the last message", is_done);
        let places = [None].into_iter().chain(BESIDE.map(Some));
        let histories = places.map(|place| (place, recall(&mut peer, place, end))).collect();
        stage.enter(Phase::Leave);
        let records = everybody.into_iter().map(|player| player.join().unwrap());
        let records = records.chain([record]).collect();
        Played { records, ends: warden.join().unwrap(), end, histories }
    })
}

/// Everybody, before they come.
pub(crate) fn clients() -> Vec<Client> {
    let people = PEOPLE.iter().map(|&(_, narrow, ..)| Client { narrow, ..Client::default() });
    people.chain(PROGRAMS.map(|_| Client::default())).collect()
}

fn wait_for_all(stage: &Stage, what: &str, holds: impl Fn(&Client) -> bool) {
    let end = Instant::now() + CALM_DEADLINE;
    while !stage.clients.iter().all(&holds) {
        assert!(!stage.is_at(Phase::Leave), "somebody has failed");
        if Instant::now() >= end {
            let late: Vec<usize> = (0..stage.clients.len()).filter(|&i| !holds(&stage.clients[i])).collect();
            panic!("clients {late:?} had {CALM_DEADLINE:?} {what}: {:?}", stage.clients);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The last message, by somebody without any faults.
fn curtain(peer: &mut Peer) -> (Record, u64) {
    let mark = Mark { by: CLIENTS as u16, number: 1 };
    let seq = peer.welcome["seq"].as_u64().unwrap();
    let event = Event::of(&peer.ask(json!({"type": "say", "text": mark.text()}))).unwrap();
    let entries = vec![
        Entry::Welcomed { after: None, seq, left_at: None, gap: false },
        Entry::Asked { mark, to: To::Room(GENERAL), again: false },
        Entry::Shown(event),
    ];
    (Record { by: mark.by, account: 0, once: true, entries }, event.seq)
}

/// The history up to `end`, page by page, oldest first; nothing of a room in which they never were.
fn recall(peer: &mut Peer, place: Option<Room>, end: u64) -> Vec<Event> {
    let (mut history, mut before) = (Vec::new(), Some(end + 1));
    while let Some(next) = before.filter(|_| history.len() < HISTORY_EVENTS) {
        let mut request = json!({"type": "history", "before": next, "limit": 200});
        if let Some(room) = place {
            request["room"] = json!(room.name());
        }
        let reply = peer.ask(request);
        if place.is_some() && matches!(reply["code"].as_str(), Some("unknown_room" | "not_in_room")) {
            break;
        }
        let page: Vec<Event> = reply["events"].as_array().unwrap().iter().filter_map(Event::of).collect();
        before = reply["next"].as_u64().or(page.first().map(|event| event.seq));
        history.splice(0..0, page);
    }
    history
}

/// Says now and then how it goes.
fn tell(stage: &Stage, end: Instant) {
    let begin = Instant::now();
    while Instant::now() < end && stage.is_at(Phase::Play) {
        thread::sleep(PROGRESS_EVERY.min(end.saturating_duration_since(Instant::now())));
        println!("{:>6} s: {}", begin.elapsed().as_secs(), stage.tally);
    }
}
