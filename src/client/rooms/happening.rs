//! What an event changes about rooms.

use super::floor::Floor;
use super::known::Rooms;
use super::lasting::Lasting;
use super::poll::Poll;
use crate::protocol::{GENERAL, Mode, ServerMessage, is_group};
use crate::sync::lock;
use jiff::Timestamp;

impl Rooms {
    /// Takes note of an event. True if others have moved one to another room by it: into one's part of a class that is
    /// split, and out of a room in which one may be no longer.
    pub(crate) fn note(&self, message: &ServerMessage<'_>) -> bool {
        let moved = self.note_membership(message);
        lock(&self.state).moves += u64::from(moved);
        self.changed.notify_all();
        moved
    }

    fn note_membership(&self, message: &ServerMessage<'_>) -> bool {
        match message {
            ServerMessage::Entered { room, username, by, .. } if *username == *self.me => {
                let moved = by.as_ref().is_some_and(|by| *by != *self.me) && self.is_moved_to(room);
                let mut state = lock(&self.state);
                state.add(room);
                if moved && state.room(room).is_some() && !state.is_present(room) {
                    state.move_to(room);
                    return true;
                }
                false
            }
            ServerMessage::Exited { room, username, by, .. } if *username == *self.me => {
                self.gone(room, by.as_ref().is_none_or(|by| *by == *self.me))
            }
            ServerMessage::RoomClosed { room, by, .. } => {
                self.gone(room, by.as_ref().is_some_and(|by| *by == *self.me))
            }
            _ => {
                self.note_state(message);
                false
            }
        }
    }

    /// Whether whoever is put into this room by others speaks there at once.
    pub(crate) fn is_moved_to(&self, room: &str) -> bool {
        self.follows && is_group(room)
    }

    /// What of an event is how a room is now, whoever is in it.
    pub(crate) fn note_state(&self, message: &ServerMessage<'_>) {
        let mut state = lock(&self.state);
        match message {
            ServerMessage::Floor { room, time, mode, until, seconds, whispers, .. } => {
                state.whispers = *whispers;
                let now = time.parse().unwrap_or_else(|_| Timestamp::now());
                let floor = Floor::new(*mode, *seconds, until.as_deref(), now);
                state.with(room, |known| {
                    // Who was called stays so until everyone may speak.
                    let called = known.floor.called.take().filter(|_| floor.mode != Mode::Open);
                    known.floor = floor;
                    known.floor.called = called;
                });
            }
            ServerMessage::Called { room, username, .. } => {
                state.with(room, |known| known.floor.called = username.as_ref().map(ToString::to_string));
            }
            ServerMessage::Poll { room, .. } => state.with(room, |known| known.poll = Poll::of(message)),
            ServerMessage::Split { time, until, .. } => {
                let now = time.parse().unwrap_or_else(|_| Timestamp::now());
                state.split_ends = Lasting::until(until.as_deref(), now);
            }
            ServerMessage::Gathered { .. } => state.split_ends = None,
            _ => {}
        }
    }

    /// One is in a room no longer.
    fn gone(&self, room: &str, by_myself: bool) -> bool {
        let mut state = lock(&self.state);
        state.remove(room);
        // A script goes on to speak where it wanted to, and is refused.
        state.is_present(room) && room != GENERAL && (self.follows || by_myself) && state.go_back()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What happens, and whether it moves one.
    fn note(rooms: &Rooms, event: serde_json::Value) -> bool {
        let mut event = event;
        (event["seq"], event["time"]) = (json!(1), json!("2026-11-23T12:00:00Z"));
        let line = event.to_string();
        rooms.note(&serde_json::from_str(&line).unwrap())
    }

    fn entered(rooms: &Rooms, room: &str, by: Option<&str>) -> bool {
        note(rooms, json!({"type": "entered", "room": room, "username": "ada", "by": by}))
    }

    #[test]
    fn a_split_moves_a_person_there_and_back() {
        let rooms = Rooms::new("ada", true);
        assert!(!entered(&rooms, "chess", None), "who enters says so before");
        assert_eq!(rooms.go("chess"), Some(0));
        assert!(entered(&rooms, "group-2", Some("bob")));
        assert_eq!(rooms.present(), "group-2");
        assert!(note(&rooms, json!({"type": "room_closed", "room": "group-2", "by": "bob"})));
        assert_eq!(rooms.present(), "chess");
        assert!(note(&rooms, json!({"type": "exited", "room": "chess", "username": "ada", "by": "bob"})));
        assert_eq!((rooms.present(), rooms.names()), ("general".into(), vec!["general".into()]));
    }

    #[test]
    fn whoever_is_let_in_speaks_where_they_spoke() {
        let rooms = Rooms::new("ada", true);
        for room in ["chess", "group-", "group-x", "groups-1"] {
            assert!(!entered(&rooms, room, Some("bob")), "{room}");
        }
        assert_eq!(rooms.present(), "general");
    }

    #[test]
    fn a_script_speaks_where_it_said() {
        let rooms = Rooms::new("ada", false);
        assert!(!entered(&rooms, "group-1", Some("bob")));
        assert_eq!(rooms.present(), "general");
        rooms.head_for("chess");
        rooms.not_entered("chess");
        assert_eq!(rooms.present(), "chess", "what it says there is refused");
        entered(&rooms, "chess", None);
        assert!(!note(&rooms, json!({"type": "exited", "room": "chess", "username": "ada", "by": "bob"})));
        assert_eq!(rooms.present(), "chess");
        rooms.head_out_of("chess");
        assert_eq!(rooms.present(), "general");
    }

    #[test]
    fn a_person_who_is_not_let_in_speaks_where_they_spoke() {
        let rooms = Rooms::new("ada", true);
        rooms.head_for("chess");
        rooms.not_entered("chess");
        assert_eq!(rooms.present(), "general");
    }

    #[test]
    fn what_comes_elsewhere_is_counted_until_one_speaks_there() {
        let rooms = Rooms::new("ada", true);
        entered(&rooms, "chess", None);
        rooms.came("chess");
        rooms.came("chess");
        rooms.came("general");
        assert_eq!((rooms.unread("chess"), rooms.unread("general")), (2, 0));
        assert_eq!((rooms.go("chess"), rooms.unread("chess")), (Some(2), 0));
        assert_eq!(rooms.go("latin"), None);
    }

    #[test]
    fn the_floor_and_who_is_called() {
        let rooms = Rooms::new("ada", true);
        let floor = |mode: &str| {
            note(
                &rooms,
                json!({"type": "floor", "room": "general", "mode": mode, "until": "2026-11-23T12:04:00Z",
                "whispers": "staff"}),
            );
            rooms.floor_words("general")
        };
        assert_eq!(floor("quiet").as_deref(), Some("quiet 4 min"));
        assert_eq!(rooms.whispers(), crate::protocol::Whispers::Staff);
        note(&rooms, json!({"type": "called", "room": "general", "username": "ada", "from": "bob"}));
        assert_eq!(rooms.floor_words("general").as_deref(), Some("quiet 4 min, your turn"));
        assert_eq!(floor("open"), None);
        assert_eq!(floor("quiet").as_deref(), Some("quiet 4 min"), "open ends a turn");
    }

    #[test]
    fn a_server_that_tells_of_no_end_of_rooms_is_not_believed() {
        let rooms = Rooms::new("ada", true);
        for index in 0..10_000 {
            entered(&rooms, &format!("room{index}"), None);
            rooms.hear_of(&format!("heard{index}"));
        }
        entered(&rooms, "\u{1b}[2J", None);
        assert!(rooms.names().len() <= 200 && rooms.beginning_with("heard").len() <= 1_000);
        assert!(!entered(&rooms, "group-99", Some("bob")), "one that isn't known is no place to speak in");
        assert_eq!(rooms.present(), "general");
    }

    /// A session begins, or goes on, in these rooms.
    fn begin(rooms: &Rooms, names: &[&str]) -> bool {
        let own = |name: &&str| json!({"room": name, "open": true, "floor": {"mode": "open", "whispers": "all"}});
        let own = json!(names.iter().map(own).collect::<Vec<_>>()).to_string();
        rooms.begin(&serde_json::from_str::<Vec<_>>(&own).unwrap(), None)
    }

    #[test]
    fn whoever_finds_themselves_in_a_group_speaks_there_unless_they_chose_another_room() {
        let rooms = Rooms::new("ada", true);
        assert!(begin(&rooms, &["general", "chess", "group-2"]), "a new start");
        assert_eq!((rooms.present(), rooms.is_in_group()), ("group-2".into(), true));
        assert!(!begin(&rooms, &["general", "chess", "group-2"]));
        rooms.go("chess");
        assert!(!begin(&rooms, &["general", "chess", "group-2"]), "they chose");
        assert_eq!(rooms.present(), "chess");
        assert!(begin(&rooms, &["general", "chess", "group-3"]), "another split meanwhile");
        assert_eq!(rooms.present(), "group-3");
        assert!(begin(&rooms, &["general", "chess"]), "it is over");
        assert_eq!((rooms.present(), rooms.is_in_group()), ("chess".into(), false));
        assert!(!begin(&rooms, &["general", "chess", "group-1", "group-2"]), "a teacher looks in on them");
        let script = Rooms::new("ada", false);
        assert!(!begin(&script, &["general", "group-2"]));
        assert_eq!(script.present(), "general");
    }

    #[test]
    fn how_long_the_class_is_still_split() {
        let rooms = Rooms::new("ada", true);
        let split = |until: Option<&str>| {
            note(&rooms, json!({"type": "split", "from": "bob", "groups": 2, "until": until}));
            (rooms.holds("group-1"), rooms.holds("general"))
        };
        assert_eq!(split(Some("2026-11-23T12:20:00Z")), (Some("20 min left".into()), Some("groups 20 min".into())));
        note(&rooms, json!({"type": "floor", "room": "general", "mode": "quiet", "whispers": "all"}));
        assert_eq!(rooms.holds("general").as_deref(), Some("groups 20 min, quiet"));
        for over in [None, Some("2026-11-23T11:00:00Z"), Some("\u{1b}[2J")] {
            assert_eq!(split(over), (None, Some("quiet".into())), "{over:?}");
        }
        split(Some("2026-11-23T12:20:00Z"));
        note(&rooms, json!({"type": "gathered"}));
        assert_eq!(rooms.holds("group-1"), None);
    }

    #[test]
    fn after_a_lost_connection_one_speaks_there_if_one_is_still_in_it() {
        let rooms = Rooms::new("ada", true);
        assert!(!begin(&rooms, &["general", "chess"]));
        rooms.go("chess");
        assert!(!begin(&rooms, &["general", "latin", "chess"]));
        assert_eq!(
            (rooms.present(), rooms.names()),
            ("chess".into(), ["general", "latin", "chess"].map(Into::into).into())
        );
        assert!(begin(&rooms, &["general"]));
        assert_eq!(rooms.present(), "general");
        assert!(!begin(&rooms, &[]), "a server that knows no rooms");
        assert_eq!(rooms.names(), ["general"]);
    }
}
