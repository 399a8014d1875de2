//! One run about rooms: people enter, speak and leave, one is put out while it speaks, the room is closed meanwhile and opened
//! anew, and somebody comes late and catches up. Each is given all that is said in a room from its `entered` to its
//! `exited` or to the end of the room, once, in order, and nothing else of it.

use super::accounts::{Standing, State};
use super::chat::{Chat, Session};
use super::clock::Clock;
use super::scenario::{MESSAGES, Person, come, given, speak_once};
use super::timeline::{AppendError, Journal, NEW, Past, Place, Sequence, Timeline, What};
use crate::protocol::{Profile, RoomName, ServerMessage, Username};
use crate::sync::{Arc, Mutex, lock, thread};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often one of them goes into the room and out of it.
const VISITS: usize = 3;

/// What everybody is in who acts.
#[derive(Clone)]
struct Scene {
    chat: Arc<Chat>,
    room: RoomName,
    /// As the server's: held over the whole of a change, so that nobody enters who is in.
    changing: Arc<Mutex<()>>,
    /// All that happened in the room, by its seqs.
    happened: Arc<std::sync::Mutex<BTreeMap<u64, What>>>,
}

/// Runs the scenario once and checks what everyone was given.
pub fn run() {
    let mut random = shuttle::rand::thread_rng();
    let fail_of_eight = shuttle::rand::Rng::gen_range(&mut random, 0..4_u32).saturating_sub(1);
    let journal = Journal::new(fail_of_eight);
    let timeline = Arc::new(Timeline::new(Sequence::default(), journal, Past::default(), Clock::new().into()));
    let chat = Arc::new(Chat::open(timeline, 2, Duration::from_secs(10)).unwrap());
    let scene = Scene {
        chat: Arc::clone(&chat),
        room: RoomName::parse("chess").unwrap(),
        changing: Arc::default(),
        happened: Arc::default(),
    };
    let account = || Arc::new(Standing::new(State::default(), Profile::default()));
    let bobs = account();
    let people = [(0, "ada", 0, &account()), (1, "bob", 3, &bobs), (2, "eve", 1, &account())];
    let mut people: Vec<Person> =
        people.map(|(id, name, full, account)| come(&chat, id, name, full, account, None).unwrap()).into();
    let sessions: Vec<_> = people.iter().map(|person| Arc::clone(&person.session)).collect();
    scene.enter(&sessions[0].name);

    let mut threads = Vec::new();
    let mut begin = |act: fn(&Scene, &Session), who: usize| {
        let (scene, session) = (scene.clone(), Arc::clone(&sessions[who]));
        threads.push(thread::spawn(move || act(&scene, &session)));
    };
    begin(|scene, ada| (0..MESSAGES).for_each(|number| scene.speak(ada, number)), 0);
    begin(visit, 1);
    begin(visit, 2);
    // And whispers, and speaks to all, meanwhile.
    begin(|scene, eve| speak_once(&scene.chat, eve, &Username::parse("bob").unwrap(), 0), 2);
    begin(|scene, bob| scene.exit(&bob.name), 1);
    begin(close_and_open, 0);
    let door = Arc::clone(&chat);
    let late = thread::spawn(move || come(&door, 3, "bob", 2, &bobs, Some(0)));
    // Half of the schedules end the server while everything is still going on.
    let early = shuttle::rand::Rng::gen_bool(&mut random, 0.5);
    if !early {
        threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
    assert!(chat.close(Instant::now() + Duration::from_secs(60)), "everything is delivered");
    people.extend(late.join().unwrap());
    threads.drain(..).for_each(|thread| thread.join().unwrap());
    let happened = scene.happened.lock().unwrap();
    people
        .iter()
        .filter(|person| !person.socket.written().is_empty())
        .for_each(|person| check(person, &happened, !early));
}

/// Goes in, speaks, and goes out again.
fn visit(scene: &Scene, session: &Session) {
    for number in 0..VISITS {
        scene.enter(&session.name);
        scene.speak(session, number);
        scene.exit(&session.name);
    }
}

fn close_and_open(scene: &Scene, ada: &Session) {
    scene.close();
    scene.enter(&ada.name);
}

impl Scene {
    fn enter(&self, name: &Username) {
        let _changing = lock(&self.changing);
        if !self.is_in(name) {
            self.tell(What::Entered(self.room.clone(), name.clone()));
        }
    }

    fn exit(&self, name: &Username) {
        let _changing = lock(&self.changing);
        if self.is_in(name) {
            self.tell(What::Exited(self.room.clone(), name.clone()));
        }
    }

    fn close(&self) {
        let _changing = lock(&self.changing);
        self.tell(What::Closed(self.room.clone()));
    }

    /// Says something in the room, if it is in it then.
    fn speak(&self, session: &Session, number: usize) {
        let what = What::Said { by: session.name.clone(), place: Place::Room(self.room.clone()), key: None };
        let mut at = 0;
        let event = self.event(&what, number, &mut at);
        let said = self.chat.say(what.clone(), NEW, event);
        assert!(matches!(said, Ok(_) | Err(AppendError::Unwritten | AppendError::NotInRoom)));
        self.note(said.is_ok(), at, what);
    }

    fn tell(&self, what: What) {
        let mut at = 0;
        let event = self.event(&what, 0, &mut at);
        let told = self.chat.tell_all([(what.clone(), event)]);
        assert!(matches!(told, Ok(_) | Err(AppendError::Unwritten)));
        self.note(told.is_ok(), at, what);
    }

    fn is_in(&self, name: &Username) -> bool {
        self.chat.timeline().recall(|recall| recall.members.is_in(&self.room, name))
    }

    fn note(&self, is_written: bool, seq: u64, what: What) {
        if is_written {
            let before = self.happened.lock().unwrap().insert(seq, what);
            assert!(before.is_none(), "{seq} is two events");
        }
    }

    /// The event of this, which tells its seq.
    fn event<'a>(
        &'a self,
        what: &'a What,
        number: usize,
        at: &'a mut u64,
    ) -> impl FnOnce(u64, String) -> ServerMessage<'static> + use<'a> {
        move |seq, time| {
            *at = seq;
            let (time, room) = (time.into(), self.room.to_string().into());
            let (by, id) = (None, None);
            match what {
                What::Entered(_, name) => {
                    ServerMessage::Entered { seq, time, room, username: name.to_string().into(), by, id }
                }
                What::Exited(_, name) => {
                    ServerMessage::Exited { seq, time, room, username: name.to_string().into(), by, id }
                }
                What::Closed(_) => ServerMessage::RoomClosed { seq, time, room, by, id },
                What::Said { by, .. } => ServerMessage::Message {
                    seq,
                    time,
                    from: by.to_string().into(),
                    room,
                    text: number.to_string().into(),
                    action: false,
                    format: None,
                    lang: None,
                    removed: false,
                    id,
                },
                other => panic!("{other:?} does not happen here"),
            }
        }
    }
}

/// The seqs of what happened in the room while somebody was in it.
fn seen_by(name: &Username, happened: &BTreeMap<u64, What>) -> Vec<u64> {
    let mut is_in = false;
    let mut sees = |what: &What| {
        let was_in = is_in;
        match what {
            What::Entered(_, who) if who == name => is_in = true,
            What::Exited(_, who) if who == name => is_in = false,
            What::Closed(_) => is_in = false,
            _ => {}
        }
        was_in || is_in
    };
    happened.iter().filter(|(_, what)| sees(what)).map(|(seq, _)| *seq).collect()
}

/// Fails unless somebody was given what happened in the room while they were in it, and of that nothing twice.
fn check(person: &Person, happened: &BTreeMap<u64, What>, to_the_end: bool) {
    let name = &person.session.name;
    let given = given(person);
    let seq = |event: &Value| event["seq"].as_u64().unwrap();
    assert!(given.iter().map(seq).is_sorted_by(|a, b| a < b), "{name}: in order, none twice");
    let of_room: Vec<u64> = given.iter().filter(|event| event["room"] == "chess").map(seq).collect();
    let last = given.last().map_or(person.since, seq);
    let wanted = seen_by(name, happened).into_iter().filter(|&seq| seq > person.since && (to_the_end || seq <= last));
    assert_eq!(of_room, wanted.collect::<Vec<_>>(), "{name} of {happened:#?}");
}
