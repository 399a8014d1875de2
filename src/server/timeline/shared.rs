//! A stretch of the timeline for many at once: read once, and each gets of it what is theirs.
//!
//! Who sees what in a stretch is the same for most: nobody entered or went out of a room meanwhile, and nothing in it is
//! for two people alone. What such an account sees depends on which of the stretch's rooms it is in, so accounts that are
//! in the same ones share the same bytes. Whoever was moved within the stretch, or is party to something private in it,
//! reads it for itself ([`Shared::sight`] says so): that the two ways agree is tested in `order.rs`.

use super::members::Roster;
use super::what::Audience;
use crate::protocol::{RoomName, Username};
use std::collections::HashMap;
use std::sync::Arc;

/// How many different views of a stretch are kept at a time, each of them at most as long as the stretch.
const VIEWS_MAX: usize = 64;

/// A stretch of the timeline, for all who are up to where it begins.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The stretch begins after this seq.
    pub(crate) after: u64,
    /// And ends with this one.
    pub(crate) upto: u64,
    /// The lines that more than two people may see, in their order.
    pub(super) lines: Vec<u8>,
    /// Whose private events are in the stretch: these accounts must read it for themselves.
    pub(super) parties: Vec<Username>,
    /// What in `lines` isn't for everyone, and between: where a piece ends, and whose it is. None at all where everything is
    /// for everyone.
    pieces: Vec<Piece>,
    /// Something in it is for staff.
    has_staff: bool,
    /// The rooms that occur, numbered.
    rooms: HashMap<RoomName, usize>,
    /// Who is in which room, where one occurs.
    pub(super) roster: Roster,
    views: HashMap<View, Vec<u8>>,
    /// One that isn't kept.
    spare: Vec<u8>,
}

#[derive(Debug)]
struct Piece {
    end: usize,
    to: To,
}

/// Who may see a piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum To {
    Everyone,
    Staff,
    /// Those in the room with this number.
    Room(usize),
}

/// What of a stretch one sees: what is for staff, and which of its rooms.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
struct View {
    staff: bool,
    rooms: Vec<usize>,
}

/// What somebody sees of a stretch.
#[derive(Debug)]
pub(crate) enum Sight<'a> {
    /// These lines.
    Lines(&'a [u8]),
    /// It must be read with its own eyes.
    Own,
}

impl Shared {
    /// An empty one at this seq.
    pub(crate) fn at(seq: u64) -> Self {
        Self { after: seq, upto: seq, ..Self::default() }
    }

    /// Empties it, to be filled with what comes after `after`.
    pub(super) fn begin(&mut self, after: u64) {
        (self.after, self.upto) = (after, after);
        self.lines.clear();
        self.parties.clear();
        self.pieces.clear();
        self.has_staff = false;
        self.rooms.clear();
        self.views.clear();
        self.roster = Roster::default();
    }

    /// Whether something in it isn't for everyone.
    pub(super) fn is_divided(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// Takes the next event, whose line is of so many bytes. True if the line is to be copied.
    pub(super) fn take(&mut self, audience: &Audience, line_bytes: usize, copied: usize) -> bool {
        let to = match audience {
            Audience::Everyone => To::Everyone,
            Audience::Pair(pair) => {
                self.add_party(&pair.0);
                self.add_party(&pair.1);
                return false;
            }
            Audience::Staff(other) => {
                self.add_party(other);
                self.has_staff = true;
                To::Staff
            }
            Audience::Room(room) => To::Room(self.index(room)),
        };
        if to != To::Everyone || self.is_divided() {
            if self.pieces.is_empty() && copied > 0 {
                self.pieces.push(Piece { end: copied, to: To::Everyone });
            }
            let end = copied + line_bytes;
            match self.pieces.last_mut() {
                Some(last) if last.to == to => last.end = end,
                _ => self.pieces.push(Piece { end, to }),
            }
        }
        true
    }

    /// What an account sees of it; nobody's, as a display, without a name. `is_staff` is asked only where it matters.
    pub(crate) fn sight(&mut self, name: Option<&Username>, is_staff: impl FnOnce() -> bool) -> Sight<'_> {
        if name.is_some_and(|name| self.parties.contains(name)) {
            return Sight::Own;
        }
        if !self.is_divided() {
            return Sight::Lines(&self.lines);
        }
        let stays = name.and_then(|name| self.roster.get(name)).map(Arc::clone);
        if stays.as_ref().is_some_and(|stays| stays.changed > self.after) {
            return Sight::Own;
        }
        let mut view = View { staff: name.is_some() && self.has_staff && is_staff(), rooms: Vec::new() };
        let rooms = stays.iter().flat_map(|stays| stays.now());
        view.rooms.extend(rooms.filter_map(|stay| self.rooms.get(&stay.room)));
        view.rooms.sort_unstable();
        Sight::Lines(self.seen(view))
    }

    /// The lines of a view.
    fn seen(&mut self, view: View) -> &[u8] {
        if self.views.len() >= VIEWS_MAX && !self.views.contains_key(&view) {
            self.spare.clear();
            compose(&self.lines, &self.pieces, &view, &mut self.spare);
            return &self.spare;
        }
        let (lines, pieces) = (&self.lines, &self.pieces);
        self.views.entry(view).or_insert_with_key(|view| {
            let mut seen = Vec::new();
            compose(lines, pieces, view, &mut seen);
            seen
        })
    }

    fn index(&mut self, room: &RoomName) -> usize {
        let next = self.rooms.len();
        self.rooms.get(room).copied().unwrap_or_else(|| *self.rooms.entry(room.clone()).or_insert(next))
    }

    fn add_party(&mut self, name: &Username) {
        if !self.parties.contains(name) {
            self.parties.push(name.clone());
        }
    }
}

/// Appends what a view has of the lines.
fn compose(lines: &[u8], pieces: &[Piece], view: &View, seen: &mut Vec<u8>) {
    let mut start = 0;
    for piece in pieces {
        let sees = match piece.to {
            To::Everyone => true,
            To::Staff => view.staff,
            To::Room(index) => view.rooms.binary_search(&index).is_ok(),
        };
        if sees {
            seen.extend_from_slice(&lines[start..piece.end]);
        }
        start = piece.end;
    }
}
