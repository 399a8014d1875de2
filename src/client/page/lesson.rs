//! What is shown of what happens in a lesson: rooms, the floor, hands, questions, polls.

use super::clock::Clock;
use super::layout::{Page, Speaker};
use super::poll;
use crate::client::rooms::{Floor, Poll, Rooms};
use crate::protocol::{GENERAL, Mode, OwnRoom, Role, ServerMessage, SplitInfo, Whispers, is_group};
use crate::sanitize;
use jiff::Timestamp;
use std::fmt::Write;

/// Appends what is shown of an event, to whoever knows these rooms.
pub(super) fn event(clock: &Clock, rooms: &Rooms, message: &ServerMessage<'_>, out: &mut Page) {
    match message {
        ServerMessage::Entered { room, username, by, .. } => {
            let _ = writeln!(out, "* {}", entered(rooms, room, username, by.as_deref()));
        }
        ServerMessage::Exited { room, username, by, .. } => {
            let put_out = by.as_ref().filter(|by| *by != username).map(|by| sanitize::line(by));
            let (room, who) = (sanitize::line(room), sanitize::line(username));
            let _ = match put_out {
                Some(by) if *username == *rooms.me() => writeln!(out, "* {by} put you out of #{room}"),
                None if *username == *rooms.me() => {
                    writeln!(out, "* you left #{room}, and speak in #{}", rooms.present())
                }
                Some(by) => writeln!(out, "* {who} left the room (put out by {by})"),
                None => writeln!(out, "* {who} left the room"),
            };
        }
        ServerMessage::RoomClosed { room, by, .. } => {
            let why = by.as_ref().map_or("its time is over".into(), |by| format!("by {}", sanitize::line(by)));
            let _ = writeln!(out, "* #{} is closed ({why})", sanitize::line(room));
        }
        ServerMessage::Split { time, .. } | ServerMessage::Gathered { time, .. } => {
            clock.new_day(time, out);
            let _ = writeln!(out, "* {}", split(clock, message));
        }
        ServerMessage::Announcement { time, from, text, .. } => {
            out.said(&clock.time(time), Speaker::Everywhere(&sanitize::line(from)), text);
        }
        ServerMessage::Question { time, text, .. } => out.said(&clock.time(time), Speaker::Asks(None), text),
        ServerMessage::Asked { from, .. } => {
            let _ = writeln!(out, "* {} asked that", sanitize::line(from));
        }
        ServerMessage::Hand { username, room, up, .. } if is_of_mine_elsewhere(rooms, username, room) => {
            let _ = writeln!(out, "* {}", own_hand(rooms, room, *up));
        }
        ServerMessage::Hand { username, up, text, .. } => {
            let why = text.as_ref().filter(|text| !text.is_empty());
            let why = why.map(|text| format!(": {}", sanitize::line(text))).unwrap_or_default();
            let what = if *up { "raised a hand" } else { "took the hand down" };
            let _ = writeln!(out, "* {} {what}{why}", sanitize::line(username));
        }
        ServerMessage::Called { username: Some(called), from, room, .. }
            if is_of_mine_elsewhere(rooms, called, room) =>
        {
            let (from, room) = (sanitize::line(from), sanitize::line(room));
            let _ = writeln!(out, "! {from} calls you in #{room}: you may speak there now (/room {room})");
        }
        ServerMessage::Called { username: Some(called), from, .. } if **called == *rooms.me() => {
            let _ = writeln!(out, "! {} calls you: you may speak now", sanitize::line(from));
        }
        ServerMessage::Called { username: Some(called), from, .. } => {
            let _ = writeln!(out, "* {} calls {}", sanitize::line(from), sanitize::line(called));
        }
        ServerMessage::Called { username: None, .. } => {
            let _ = writeln!(out, "* nobody is called any more");
        }
        ServerMessage::Floor { .. } => floor(rooms, message, out),
        ServerMessage::Poll { from, question, options, until, time, .. } => {
            Poll::of(message).into_iter().for_each(|poll| rooms.remember(poll));
            let until = until.as_ref().map(|_| lasts(until.as_deref(), time)).unwrap_or_default();
            poll::begun((from, question), options, &until, out);
        }
        ServerMessage::PollClosed { from, poll, counts, voted, entitled, .. } => {
            let known = rooms.poll_of(*poll);
            poll::closed(from.as_deref(), (*poll, known.as_ref()), (counts, *voted, *entitled), out);
        }
        _ => {}
    }
}

/// Whether something concerns oneself, in a room where one doesn't speak: then it is said like that.
fn is_of_mine_elsewhere(rooms: &Rooms, username: &str, room: &str) -> bool {
    username == rooms.me() && !rooms.is_present(room)
}

/// How one's own hand is in a room where one doesn't speak.
pub(super) fn own_hand(rooms: &Rooms, room: &str, up: bool) -> String {
    let (room, seen) = (sanitize::line(room), seen(rooms, room));
    if up { format!("your hand is up in #{room}{seen}") } else { format!("your hand is down in #{room}") }
}

/// Appends where a question of one's own went, if that is where one doesn't speak.
pub(super) fn own_question(rooms: &Rooms, room: &str, out: &mut Page) {
    if !rooms.is_present(room) {
        let _ = writeln!(out, "* your question is in #{}{}", sanitize::line(room), seen(rooms, room));
    }
}

/// Why it went there, out of a group.
fn seen(rooms: &Rooms, room: &str) -> &'static str {
    if room == GENERAL && rooms.is_in_group() { ", where the teacher sees it" } else { "" }
}

/// That somebody asks something which isn't shown here: it was asked in a room that one isn't in.
pub(super) fn asked_elsewhere(room: &str, from: &str, out: &mut Page) {
    let (room, from) = (sanitize::line(room), sanitize::line(from));
    out.in_room(None);
    let _ = writeln!(out, "! {from} asks something in #{room}, where you are not: /join {room} goes there");
}

/// That somebody is in a room. What is said of oneself is said wherever one speaks.
fn entered(rooms: &Rooms, room: &str, username: &str, by: Option<&str>) -> String {
    let let_in = by.filter(|by| *by != username).map(sanitize::line);
    let (shown, who) = (sanitize::line(room), sanitize::line(username));
    match let_in {
        Some(by) if username == rooms.me() && rooms.is_moved_to(room) => format!("{by} put you into #{shown}"),
        Some(by) if username == rooms.me() => format!("{by} let you into #{shown}: /room {shown} speaks there"),
        None if username == rooms.me() && rooms.is_present(room) => format!("you are in #{shown} now, and speak there"),
        None if username == rooms.me() => format!("you are in #{shown} now: /room {shown} speaks there"),
        Some(by) => format!("{who} entered the room (let in by {by})"),
        None => format!("{who} entered the room"),
    }
}

/// That the class is split, and that it is no longer.
fn split(clock: &Clock, message: &ServerMessage<'_>) -> String {
    match message {
        ServerMessage::Split { from, groups, until, .. } => {
            format!("{} splits the class into {}", sanitize::line(from), groups_until(clock, *groups, until.as_deref()))
        }
        ServerMessage::Gathered { from: Some(from), .. } => {
            format!("{} gathers the class", sanitize::line(from))
        }
        _ => "the groups' time is over".into(),
    }
}

/// So many groups, and until when if that is known.
fn groups_until(clock: &Clock, groups: usize, until: Option<&str>) -> String {
    let until = until.map(|until| format!(", until {}", clock.time(until))).unwrap_or_default();
    if groups == 1 { format!("1 group{until}") } else { format!("{groups} groups{until}") }
}

/// What holds now, and what has changed about whispers.
fn floor(rooms: &Rooms, message: &ServerMessage<'_>, out: &mut Page) {
    let ServerMessage::Floor { room, from, mode, until, seconds, whispers, time, .. } = message else { return };
    let now = time.parse().unwrap_or_else(|_| Timestamp::now());
    let words = Floor::new(*mode, *seconds, until.as_deref(), now).words("");
    let by = from.as_ref().map(|from| format!(" ({})", sanitize::line(from))).unwrap_or_default();
    let is_other = words != rooms.floor_words(room);
    let whispers_are_other = *whispers != rooms.whispers();
    if is_other || !whispers_are_other {
        let lasts = lasts(until.as_deref(), time);
        let _ = match mode {
            Mode::Open => writeln!(out, "* everyone may speak{by}"),
            Mode::Quiet => writeln!(out, "* it is quiet{lasts}: teachers and who is called may speak{by}"),
            Mode::Slow => {
                writeln!(out, "* slow{lasts}: everyone may say something once in {} s{by}", seconds.unwrap_or_default())
            }
        };
    }
    if whispers_are_other {
        // It holds in every room.
        out.in_room(None);
        let _ = writeln!(out, "* {}{by}", who_whispers(*whispers));
    }
}

/// Who may whisper to whom.
fn who_whispers(whispers: Whispers) -> &'static str {
    match whispers {
        Whispers::All => "everyone may whisper to everyone",
        Whispers::Staff => "whispers are to teachers and from them alone",
        Whispers::Off => "nobody may whisper",
    }
}

/// For how long, where that is known.
fn lasts(until: Option<&str>, time: &str) -> String {
    let (until, time) = (until.and_then(|until| until.parse::<Timestamp>().ok()), time.parse::<Timestamp>().ok());
    let lasts =
        until.zip(time).and_then(|(until, time)| std::time::Duration::try_from(until.duration_since(time)).ok());
    lasts.map(|lasts| format!(" for {}", crate::durations::remaining(lasts))).unwrap_or_default()
}

/// The room that stands before the line of an event; None where it is the present one, or none in particular.
pub(super) fn mark<'a>(rooms: &Rooms, message: &ServerMessage<'_>, room: Option<&'a str>) -> Option<&'a str> {
    let is_told_of_oneself = match message {
        ServerMessage::Entered { username, .. } | ServerMessage::Exited { username, .. } => *username == *rooms.me(),
        ServerMessage::RoomClosed { .. } => true,
        ServerMessage::Hand { username, .. } | ServerMessage::Called { username: Some(username), .. } => {
            *username == *rooms.me()
        }
        _ => false,
    };
    room.filter(|room| !is_told_of_oneself && !rooms.is_present(room))
}

/// That one speaks in another room now, though one didn't choose it.
pub(super) fn moved(rooms: &Rooms, out: &mut Page) {
    let room = rooms.present();
    let again = if room == GENERAL { " again" } else { "" };
    let _ = writeln!(out, "! you speak in #{room} now{again}");
}

/// Appends that the class is split, at a login; and to whoever is in none of its groups, how they get into one.
pub(super) fn is_split(clock: &Clock, rooms: &Rooms, role: Role, split: &SplitInfo<'_>, out: &mut Page) {
    let _ = write!(out, "* the class is in {}", groups_until(clock, split.groups, split.until.as_deref()));
    let is_in_one = rooms.names().iter().any(|name| is_group(name));
    let _ = match role {
        _ if is_in_one => writeln!(out),
        Role::User => writeln!(out, "; you are in none: /hand asks a teacher to let you in"),
        _ => writeln!(out, "; you are in none"),
    };
}

/// Appends what holds at a login in the room where one speaks.
pub(super) fn standing(own: &OwnRoom<'_>, out: &mut Page) {
    let floor = &own.floor;
    let words = Floor::new(floor.mode, floor.seconds, floor.until.as_deref(), Timestamp::now()).words("");
    if let Some(words) = words {
        let _ = writeln!(out, "* it is {words} here");
    }
    if floor.whispers != Whispers::All {
        let _ = writeln!(out, "* {}", who_whispers(floor.whispers));
    }
    if let Some(open) = own.poll.as_ref().filter(|open| !open.voted) {
        let _ = writeln!(out, "* there is a poll: {} (/vote NUMBER chooses)", sanitize::line(&open.question));
        poll::options(&open.options, out);
    }
}

/// Appends which rooms one is in, if there are others than the general one.
pub(super) fn own_rooms(names: &[String], out: &mut Page) {
    if names.len() > 1 {
        let named = names.iter().map(|name| format!("#{name}")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "* you are in {named}; /room ROOM speaks there");
    }
}
