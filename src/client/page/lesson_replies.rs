//! What is shown of the server's answers to the requests of a lesson.

use super::clock::Clock;
use super::layout::Page;
use super::{lesson, poll};
use crate::client::rooms::Rooms;
use crate::protocol::{GENERAL, HandInfo, Reply, Request, RoomInfo};
use crate::sanitize;
use std::fmt::Write;

/// Appends what is shown of the reply to `request`.
pub(super) fn reply(clock: &Clock, rooms: &Rooms, request: &Request, reply: &Reply<'_>, out: &mut Page) {
    match (request, &reply.rooms) {
        (Request::Rooms, Some(list)) => table(rooms, list, out),
        (Request::Split { .. }, Some(list)) => {
            let rooms = if list.len() == 1 { "one room" } else { &format!("{} rooms", list.len()) };
            let _ = writeln!(out, "* the class is in {rooms}; /gather ends that");
            split(list, out);
        }
        // Whoever isn't in the room sees no event; nor does anybody where nothing has changed.
        (Request::Enter { room }, _) => {
            let _ = writeln!(out, "* you are in #{} already", sanitize::line(room));
        }
        (Request::LetIn { room, username }, _) => {
            let _ = writeln!(out, "* {} is in #{} now", sanitize::line(username), sanitize::line(room));
        }
        (Request::PutOut { room, username }, _) => {
            let _ = writeln!(out, "* {} is out of #{}", sanitize::line(username), sanitize::line(room));
        }
        (Request::CloseRoom { room }, _) => {
            let _ = writeln!(out, "* #{} is closed", sanitize::line(room));
        }
        // Of a hand that is as it was there is no event.
        (Request::Hand { room, up, .. }, _) => {
            let _ = writeln!(out, "* {}", lesson::own_hand(rooms, room.as_deref().unwrap_or(GENERAL), *up));
        }
        _ => {}
    }
    match (request, &reply.hands, &reply.counts) {
        (Request::Hands { room }, Some(list), _) => {
            let room = room.as_deref().unwrap_or(GENERAL);
            let place = if rooms.is_present(room) { String::new() } else { format!(" in #{}", sanitize::line(room)) };
            hands(clock, &place, list, out);
        }
        (Request::Vote { poll, option }, ..) => {
            let poll = rooms.poll_of(*poll);
            let chosen = poll.as_ref().and_then(|poll| poll.options.get(*option));
            let chosen = chosen.map(|chosen| format!(" {}", sanitize::line(chosen))).unwrap_or_default();
            let _ = writeln!(out, "* you chose {}{chosen}; another /vote replaces it", option + 1);
        }
        (Request::Tally { poll }, _, Some(counts)) => {
            let (voted, missing) = (reply.voted.as_deref(), reply.missing.as_deref());
            let (voted, missing) = (voted.unwrap_or_default(), missing.unwrap_or_default());
            poll::tally(rooms.poll_of(*poll).as_ref(), counts, voted, missing, out);
        }
        _ => {}
    }
}

/// Rooms, each with the number that Alt chooses it by.
fn table(rooms: &Rooms, list: &[RoomInfo<'_>], out: &mut Page) {
    let own = rooms.names();
    let width = list.iter().map(|info| info.room.chars().count()).max().unwrap_or(0).min(32);
    for info in list {
        let place = own.iter().position(|name| *name == *info.room).filter(|place| *place < 9);
        let number = place.map_or(" ".into(), |place| (place + 1).to_string());
        let name = sanitize::line(&info.room);
        let kind = if info.open { "open  " } else { "closed" };
        let _ = write!(out, "  {number} {name:width$}  {kind}  {} online", info.online);
        if rooms.is_present(&info.room) {
            let _ = out.write_str(", you speak here");
        } else if info.member {
            let _ = out.write_str(", you are in it");
        }
        match rooms.unread(&info.room) {
            0 => {}
            unread => {
                let _ = write!(out, ", {unread} unread");
            }
        }
        let about = info.about.as_ref().filter(|about| !about.is_empty());
        let _ = match about {
            Some(about) => writeln!(out, "  {}", sanitize::line(about)),
            None => writeln!(out),
        };
    }
}

fn split(list: &[RoomInfo<'_>], out: &mut Page) {
    for info in list {
        let users: Vec<_> = info.users.iter().map(|user| sanitize::line(user)).collect();
        let _ = writeln!(out, "  {}  {}", sanitize::line(&info.room), users.join(", "));
    }
}

/// Whose hands are up; `place` says where, if that isn't where one speaks.
fn hands(clock: &Clock, place: &str, list: &[HandInfo<'_>], out: &mut Page) {
    if list.is_empty() {
        let _ = writeln!(out, "* no hand is up{place}");
    } else if !place.is_empty() {
        let _ = writeln!(out, "* hands that are up{place}:");
    }
    for (index, hand) in list.iter().enumerate() {
        let why = hand.text.as_ref().filter(|text| !text.is_empty());
        let why = why.map(|text| format!(": {}", sanitize::line(text))).unwrap_or_default();
        let (name, since) = (sanitize::line(&hand.username), clock.time(&hand.since));
        let _ = writeln!(out, "  {}  {name}, since {since}{why}", index + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::terminal::Look;
    use jiff::tz::TimeZone;

    fn answered(rooms: &Rooms, request: &Request, json: &str) -> String {
        let mut out = Page::new(Look::Plain, "ada");
        super::reply(&Clock::new(TimeZone::UTC), rooms, request, &serde_json::from_str(json).unwrap(), &mut out);
        out.take()
    }

    #[test]
    fn rooms_and_hands() {
        let rooms = Rooms::new("ada", true);
        let entered = r#"{"type":"entered","seq":1,"time":"t","room":"chess","username":"ada"}"#;
        rooms.note(&serde_json::from_str(entered).unwrap());
        rooms.came("chess");
        let list = r#"{"ok":true,"rooms":[{"room":"general","open":true,"member":true,"online":12},
            {"room":"chess","open":false,"about":"gambits\u001b","member":true,"online":2},
            {"room":"latin","open":true,"member":false,"online":0}]}"#;
        let expected = "  1 general  open    12 online, you speak here\n  2 chess    closed  2 online, you are in it, 1 unread  gambits␛\n    latin    open    0 online\n";
        assert_eq!(answered(&rooms, &Request::Rooms, list), expected);
        let hands = Request::Hands { room: None };
        let list = r#"{"ok":true,"hands":[{"username":"eve","text":"why?\n","since":"2026-11-23T12:00:00Z"},{"username":"bob","since":"x"}]}"#;
        assert_eq!(answered(&rooms, &hands, list), "  1  eve, since 12:00: why?␊\n  2  bob, since --:--\n");
        assert_eq!(answered(&rooms, &hands, r#"{"ok":true,"hands":[]}"#), "* no hand is up\n");
        let elsewhere = Request::Hands { room: Some("chess".into()) };
        let list = r#"{"ok":true,"hands":[{"username":"eve","since":"x"}]}"#;
        assert_eq!(answered(&rooms, &elsewhere, list), "* hands that are up in #chess:\n  1  eve, since --:--\n");
        let hand = |room: &str, up| Request::Hand { room: Some(room.into()), up, text: None };
        assert_eq!(answered(&rooms, &hand("general", true), r#"{"ok":true}"#), "* your hand is up in #general\n");
        let split = Request::Split { groups: crate::protocol::Groups::Number(2), minutes: None };
        let list =
            r#"{"ok":true,"rooms":[{"room":"group-1","open":false,"member":false,"online":2,"users":["bob","eve"]}]}"#;
        let shown = answered(&rooms, &split, list);
        assert_eq!(shown, "* the class is in one room; /gather ends that\n  group-1  bob, eve\n");
    }
}
