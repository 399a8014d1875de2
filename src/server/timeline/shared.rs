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
    /// Those who are in the same rooms have the same [`Seat`], for as long as nobody is moved: while the roster has this
    /// version.
    seated: u64,
    seats: HashMap<Vec<RoomName>, Arc<[RoomName]>>,
    /// The views that were asked for, by what they have, and by where who asks is seated.
    views: Vec<Vec<u8>>,
    by_kind: HashMap<View, usize>,
    by_seat: HashMap<(usize, bool), usize>,
    /// One that isn't kept.
    spare: Vec<u8>,
}

/// The rooms that an account is in, as they were when somebody was last moved. Its session keeps it, because to look for it
/// in each round would cost as much as all else that a view does.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// The roster's version.
    version: u64,
    /// None: it is in none.
    rooms: Option<Arc<[RoomName]>>,
}

impl Seat {
    fn rooms(&self) -> &[RoomName] {
        self.rooms.as_deref().unwrap_or_default()
    }

    /// The same for all who sit alike.
    fn number(&self) -> usize {
        self.rooms.as_ref().map_or(0, |rooms| rooms.as_ptr().addr())
    }
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
        self.by_kind.clear();
        self.by_seat.clear();
        // Kept, it would be copied with the next change.
        self.roster = Roster::default();
    }

    /// Takes note of who is in which room by now.
    pub(super) fn seat(&mut self, roster: Roster) {
        if self.seated != roster.version {
            self.seated = roster.version;
            self.seats.clear();
        }
        self.roster = roster;
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

    /// What an account sees of it; nobody's, as a display, without a name. `seat` is the session's own. `is_staff` is asked
    /// only where it matters.
    pub(crate) fn sight(
        &mut self,
        name: Option<&Username>,
        seat: &mut Seat,
        is_staff: impl FnOnce() -> bool,
    ) -> Sight<'_> {
        if name.is_some_and(|name| self.parties.contains(name)) {
            return Sight::Own;
        }
        if !self.is_divided() {
            return Sight::Lines(&self.lines);
        }
        if name.is_some_and(|name| seat.version != self.roster.version && !self.sit(name, seat)) {
            return Sight::Own;
        }
        let staff = name.is_some() && self.has_staff && is_staff();
        Sight::Lines(self.seen(seat, staff))
    }

    /// Gives an account its seat; false if it was moved within the stretch.
    fn sit(&mut self, name: &Username, seat: &mut Seat) -> bool {
        let stays = self.roster.of(name);
        if stays.is_some_and(|stays| stays.changed > self.after) {
            return false;
        }
        let mut rooms: Vec<RoomName> =
            stays.into_iter().flat_map(|stays| stays.now()).map(|stay| stay.room.clone()).collect();
        rooms.sort_unstable();
        seat.version = self.roster.version;
        seat.rooms = (!rooms.is_empty())
            .then(|| Arc::clone(self.seats.entry(rooms).or_insert_with_key(|rooms| rooms.as_slice().into())));
        true
    }

    /// The lines that are seen from a seat.
    fn seen(&mut self, seat: &Seat, staff: bool) -> &[u8] {
        let from = (seat.number(), staff);
        if let Some(&known) = self.by_seat.get(&from) {
            return &self.views[known];
        }
        let mut rooms: Vec<usize> = seat.rooms().iter().filter_map(|room| self.rooms.get(room)).copied().collect();
        rooms.sort_unstable();
        let view = View { staff, rooms };
        let known = self.by_kind.get(&view).copied();
        if known.is_none() && self.views.len() >= VIEWS_MAX {
            self.spare.clear();
            compose(&self.lines, &self.pieces, &view, &mut self.spare);
            return &self.spare;
        }
        let index = known.unwrap_or_else(|| {
            let mut seen = Vec::new();
            compose(&self.lines, &self.pieces, &view, &mut seen);
            self.views.push(seen);
            self.by_kind.insert(view, self.views.len() - 1);
            self.views.len() - 1
        });
        self.by_seat.insert(from, index);
        &self.views[index]
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
