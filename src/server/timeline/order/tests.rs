//! Who reads what, in which order; what is kept in memory.

use super::*;
use crate::protocol::{GENERAL, Profile, RoomName, Username};
use crate::server::timeline::events::TIMELINE_BYTES_MAX;
use crate::server::timeline::shared::{Seat, Sight};
use crate::server::timeline::what::{Audience, Place};
use std::collections::HashMap;

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn timeline() -> (tempfile::TempDir, Timeline) {
    let folder = tempfile::tempdir().unwrap();
    let sequence = Sequence::open(&folder.path().join("sequence"), 0).unwrap();
    (folder, Timeline::new(sequence, Journal::none(), Past::default(), Clock::new().into()))
}

/// The event of this, with a text where it has one.
fn event<'a>(what: &'a What, text: &'a str) -> impl FnOnce(u64, String) -> ServerMessage<'a> {
    move |seq, time| {
        let (time, text, id) = (time.into(), text.into(), None);
        match what {
            What::Said { by, place: Place::Room(room), .. } => ServerMessage::Message {
                seq,
                time,
                from: by.as_str().into(),
                room: room.as_str().into(),
                text,
                action: false,
                format: None,
                lang: None,
                removed: false,
                id,
            },
            What::Said { by, place: Place::Person(to), .. } => ServerMessage::Whisper {
                seq,
                time,
                from: by.as_str().into(),
                to: to.as_str().into(),
                text,
                format: None,
                lang: None,
                removed: false,
                id,
                away: false,
            },
            What::Entered(room, name) => {
                let (room, username) = (room.as_str().into(), name.as_str().into());
                ServerMessage::Entered { seq, time, room, username, by: None, id }
            }
            What::Exited(room, name) => {
                let (room, username) = (room.as_str().into(), name.as_str().into());
                ServerMessage::Exited { seq, time, room, username, by: None, id }
            }
            What::Closed(room) => ServerMessage::RoomClosed { seq, time, room: room.as_str().into(), by: None, id },
            What::Told { audience: Audience::Staff(from), .. } => {
                let (room, from) = (GENERAL.into(), from.as_str().into());
                ServerMessage::Asked { seq, time, room, question: 1, from, id }
            }
            other => panic!("{other:?}"),
        }
    }
}

/// What Ada says to somebody, or to everyone.
fn to(name: Option<&str>) -> What {
    from("ada", name)
}

fn from(by: &str, to: Option<&str>) -> What {
    let place = to.map_or_else(|| Place::Room(RoomName::general()), |to| Place::Person(name(to)));
    What::Said { by: name(by), place, key: None }
}

fn say(timeline: &Timeline, what: &What, text: &str) -> u64 {
    let appended = timeline.append(what.clone(), NEW, event(what, text)).unwrap();
    let Appended::Pending(ticket) = appended else { panic!("said before") };
    timeline.commit(&ticket).unwrap();
    ticket.seq
}

/// The texts that a viewer reads, `bytes_max` at a time.
fn texts(timeline: &Timeline, after: u64, viewer: Viewer<'_>, bytes_max: usize) -> Vec<String> {
    let (mut texts, mut batch, mut cursor) = (Vec::new(), Batch::default(), after);
    while cursor < timeline.head() {
        timeline.read(cursor, timeline.head(), viewer, bytes_max, &mut batch).unwrap();
        assert!(batch.upto > cursor, "every read goes on");
        cursor = batch.upto;
        for line in batch.lines.split_inclusive(|&b| b == b'\n') {
            let line: serde_json::Value = serde_json::from_slice(line).unwrap();
            texts.push(line["text"].as_str().unwrap().to_owned());
        }
    }
    texts
}

#[test]
fn everyone_reads_what_they_may_in_one_order() {
    let (_folder, timeline) = timeline();
    for (what, text) in [
        (to(None), "1"),
        (to(Some("bob")), "2"),
        (to(None), "3"),
        (to(None), "4"),
        (from("bob", Some("eve")), "5"),
        (to(Some("ada")), "6"),
    ] {
        say(&timeline, &what, text);
    }
    let (ada, bob, eve, dan) = (name("ada"), name("bob"), name("eve"), name("dan"));
    for bytes_max in [1, 300, 1 << 20] {
        assert_eq!(texts(&timeline, 0, Viewer::Account(&ada), bytes_max), ["1", "2", "3", "4", "6"]);
        assert_eq!(texts(&timeline, 0, Viewer::Account(&bob), bytes_max), ["1", "2", "3", "4", "5"]);
        assert_eq!(texts(&timeline, 0, Viewer::Account(&eve), bytes_max), ["1", "3", "4", "5"]);
        assert_eq!(texts(&timeline, 0, Viewer::Account(&dan), bytes_max), ["1", "3", "4"]);
        assert_eq!(texts(&timeline, 0, Viewer::Anyone, bytes_max), ["1", "3", "4"]);
        assert_eq!(texts(&timeline, 3, Viewer::Account(&ada), bytes_max), ["4", "6"]);
    }
    let mut shared = Shared::default();
    timeline.share((0, 4), 1 << 20, &mut shared).unwrap();
    assert!(matches!(shared.sight(Some(&ada), &mut Seat::default(), || false), Sight::Own), "it has whispered");
    assert!(matches!(shared.sight(Some(&dan), &mut Seat::default(), || false), Sight::Lines(_)));
    timeline.share((6, 6), 1 << 20, &mut shared).unwrap();
    assert_eq!((shared.upto, seen(&mut shared, &timeline, (Some(&ada), &mut Seat::default()), false).len()), (6, 0));
}

/// What somebody is given of a stretch by whoever delivers.
fn seen(
    shared: &mut Shared,
    timeline: &Timeline,
    (name, seat): (Option<&Username>, &mut Seat),
    staff: bool,
) -> Vec<u8> {
    let (after, upto) = (shared.after, shared.upto);
    match shared.sight(name, seat, || staff) {
        Sight::Lines(lines) => lines.to_vec(),
        Sight::Own => alone(timeline, (after, upto), name, staff),
    }
}

/// What somebody reads of a stretch with their own eyes.
fn alone(timeline: &Timeline, (after, upto): (u64, u64), name: Option<&Username>, staff: bool) -> Vec<u8> {
    let viewer = match name {
        None => Viewer::Anyone,
        Some(name) if staff => Viewer::Staff(name),
        Some(name) => Viewer::Account(name),
    };
    let mut batch = Batch::default();
    timeline.read(after, upto, viewer, 1 << 20, &mut batch).unwrap();
    assert_eq!(batch.upto, upto);
    batch.lines
}

/// A number below `n`, the next of a sequence that looks like chance (Knuth's MMIX).
fn chance(state: &mut u64, n: usize) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize % n
}

/// Says and does this and that, by chance.
fn something(state: &mut u64, people: &[Username], rooms: &[RoomName]) -> What {
    let by = people[chance(state, people.len())].clone();
    let other = people[chance(state, people.len())].clone();
    let room = rooms[chance(state, rooms.len())].clone();
    match chance(state, 12) {
        0 => What::Entered(room, by),
        1 => What::Exited(room, by),
        2 if chance(state, 5) == 0 => What::Closed(room),
        2 => What::Told { by: None, audience: Audience::Staff(Box::new(by)), said: true },
        3 => What::Said { by, place: Place::Person(other), key: None },
        4..7 => What::Said { by, place: Place::Room(RoomName::general()), key: None },
        _ => What::Said { by, place: Place::Room(room), key: None },
    }
}

#[test]
fn what_is_shared_is_what_each_reads_alone() {
    let people: Vec<_> = ["ada", "bob", "dan", "eve", "ida", "leo"].map(name).into();
    let rooms: Vec<_> = ["chess", "art", "yard"].map(|room| RoomName::parse(room).unwrap()).into();
    let (mut divided, mut alone_too) = (0, 0);
    for seed in 1..=60 {
        let ((_folder, timeline), mut state) = (timeline(), seed);
        let (mut after, mut shared) = (0, Shared::default());
        // As sessions keep them, from round to round.
        let mut seats: HashMap<_, Seat> = HashMap::new();
        for step in 0..200 {
            let what = something(&mut state, &people, &rooms);
            match timeline.append(what.clone(), NEW, event(&what, "x")) {
                Ok(Appended::Pending(ticket)) => timeline.commit(&ticket).unwrap(),
                refused => assert!(matches!(refused, Err(AppendError::NotInRoom)), "{refused:?}"),
            }
            // A round now and then, also one that is not up to the newest event.
            if step % 7 != 0 {
                continue;
            }
            let upto = timeline.head() - (chance(&mut state, 3) as u64).min(timeline.head() - after);
            timeline.share((after, upto), 1 << 20, &mut shared).unwrap();
            for name in people.iter().map(Some).chain([None]) {
                let staff = name == Some(&people[0]);
                let seat = seats.entry(name).or_default();
                alone_too += usize::from(matches!(shared.sight(name, seat, || staff), Sight::Own));
                let given = seen(&mut shared, &timeline, (name, seat), staff);
                divided += usize::from(given.len() < shared.lines.len());
                assert_eq!(given, alone(&timeline, (after, upto), name, staff), "seed {seed}, {name:?} after {after}");
            }
            after = upto;
        }
    }
    assert!(divided > 1_000 && alone_too > 1_000, "{divided} views were parts, {alone_too} were read alone");
}

#[test]
fn all_but_comings_and_goings_is_awaited() {
    let (_folder, timeline) = timeline();
    let chess = RoomName::parse("chess").unwrap();
    for what in [to(None), What::Entered(chess.clone(), name("ada")), What::Closed(chess)] {
        let seq = say(&timeline, &what, "x");
        assert_eq!(timeline.last_awaited(), seq, "{what:?}");
        timeline.commit(&timeline.announce(What::Joined(name("eve"), Profile::default()))).unwrap();
        assert_eq!((timeline.last_awaited(), timeline.head()), (seq, seq + 1));
    }
}

#[test]
fn nobody_speaks_in_a_room_they_are_going_out_of() {
    let (_folder, timeline) = timeline();
    let chess = RoomName::parse("chess").unwrap();
    let says = What::Said { by: name("ada"), place: Place::Room(chess.clone()), key: None };
    // Nor does anybody do anything else there, as raising a hand.
    let does = What::Told { by: Some(name("ada")), audience: Audience::room(&chess), said: true };
    let append = |what: &What| timeline.append(what.clone(), NEW, event(what, "x")).map(drop);
    let act = || timeline.append(does.clone(), NEW, event(&says, "x")).map(drop);
    let is_refused = || [append(&says), act()].iter().all(|done| matches!(done, Err(AppendError::NotInRoom)));
    assert!(is_refused());
    // None of it is written yet.
    append(&What::Entered(chess.clone(), name("ada"))).unwrap();
    append(&says).unwrap();
    act().unwrap();
    append(&What::Exited(chess.clone(), name("ada"))).unwrap();
    assert!(is_refused());
    append(&What::Entered(chess.clone(), name("ada"))).unwrap();
    append(&What::Closed(chess.clone())).unwrap();
    assert!(is_refused());
    timeline.commit(&timeline.now()).unwrap();
    assert_eq!(timeline.head(), 6);
    let (ada, bob) = (name("ada"), name("bob"));
    let sees = |name, seq| timeline.may_see(Viewer::Account(name), seq);
    assert_eq!([1, 2, 3, 4, 5, 6, 7].map(|seq| sees(&ada, seq)), [true, true, true, true, true, true, false]);
    assert!(!sees(&bob, 3), "he was never in it");
}

#[test]
fn memory_is_bounded_and_the_oldest_go_first() {
    let (_folder, timeline) = timeline();
    let text = "x".repeat(4000);
    let events = TIMELINE_BYTES_MAX / 4000 + 1000;
    for _ in 0..events {
        say(&timeline, &to(None), &text);
    }
    let held = timeline.held_bytes();
    assert!(held <= TIMELINE_BYTES_MAX, "{held}");
    let mut batch = Batch::default();
    let Forgotten { oldest } = timeline.read(0, events as u64, Viewer::Anyone, 1, &mut batch).unwrap_err();
    assert!(oldest > 1000);
    assert_eq!(texts(&timeline, oldest - 1, Viewer::Anyone, 1 << 20).len() as u64, events as u64 - oldest + 1);
}

#[test]
fn a_line_over_the_limit_takes_no_seq() {
    let (_folder, timeline) = timeline();
    let text = "\u{1}".repeat(3000);
    assert!(matches!(timeline.append(to(None), NEW, event(&to(None), &text)), Err(AppendError::TooLong)));
    assert_eq!(say(&timeline, &to(None), "x"), 1);
}

#[test]
fn several_are_there_together_or_not_at_all() {
    let (_folder, timeline) = timeline();
    let one = |text: &str| -> Appending<'static> {
        let text = text.to_owned();
        let (from, room) = ("ada".into(), GENERAL.into());
        let message = move |seq, time: String| ServerMessage::Message {
            seq,
            time: time.into(),
            from,
            room,
            text: text.into(),
            action: false,
            format: None,
            lang: None,
            removed: false,
            id: None,
        };
        (to(None), Box::new(message))
    };
    let together = |second: &str| vec![one("first"), one(second)];
    let long = "\u{1}".repeat(3000);
    assert!(matches!(timeline.append_together(NEW, together(&long)), Err(AppendError::TooLong)));
    assert!(matches!(timeline.append_together((|| false, || false), together("x")), Err(AppendError::Held)));
    assert!(matches!(timeline.append(to(None), (|| false, || false), event(&to(None), "x")), Err(AppendError::Held)));
    let Ok(Appended::Pending(ticket)) = timeline.append_together(NEW, together("second")) else { panic!() };
    timeline.commit(&ticket).unwrap();
    assert_eq!((ticket.seq, texts(&timeline, 0, Viewer::Anyone, 1 << 20)), (2, vec!["first".into(), "second".into()]));
}
