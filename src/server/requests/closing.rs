//! Rooms that are closed, and a class that is gathered with the last of its groups.

use super::answer::Refusal;
use super::lesson::told;
use super::polls;
use crate::protocol::{RequestId, RoomName, ServerMessage, Username};
use crate::server::state::Server;
use crate::server::timeline::{Appending, What};

/// The id that each of these events has of the request that it answers.
#[derive(Clone, Copy, Default)]
pub(super) struct Ids<'a> {
    pub(super) closed: Option<&'a RequestId>,
    pub(super) gathered: Option<&'a RequestId>,
}

/// Under which seqs it is told.
pub(super) struct Seqs {
    /// That the last one of the rooms is closed.
    pub(super) closed: u64,
    /// That the class is gathered, if it is with that.
    pub(super) gathered: Option<u64>,
}

/// Closes rooms, at least one, and has that told, all together: by somebody, or by themselves where their time is over.
///
/// # Errors
/// It can't be told; then none is closed.
pub(super) fn close(server: &Server, names: &[RoomName], by: Option<&Username>, ids: Ids<'_>) -> Result<Seqs, Refusal> {
    let groups = server.rooms.groups();
    let is_closed = |(name, _): &(RoomName, _)| names.contains(name);
    let is_gathered = !groups.is_empty() && groups.iter().all(is_closed);
    let closed = names.iter().map(|name| closed(name, by, ids.closed));
    let last = polls::end_in(server, names, closed.chain(is_gathered.then(|| gathered(by, ids.gathered))))?;
    server.rooms.follow(server.chat.timeline(), |rooms| rooms.retain(|name, _| !names.contains(name)));
    Ok(Seqs { closed: last - u64::from(is_gathered), gathered: is_gathered.then_some(last) })
}

/// The event of a room that is no more.
fn closed(room: &RoomName, by: Option<&Username>, id: Option<&RequestId>) -> Appending<'static> {
    let (name, by) = (room.to_string(), by.map(|by| by.to_string()));
    let id = id.map(|id| id.as_str().to_owned());
    let event = move |seq, time: String| ServerMessage::RoomClosed {
        seq,
        time: time.into(),
        room: name.into(),
        by: by.map(Into::into),
        id: id.map(Into::into),
    };
    (What::Closed(room.clone()), Box::new(event))
}

/// The event of a class that is no longer split, for everyone: whoever is in none of its rooms is told nothing of these.
fn gathered(by: Option<&Username>, id: Option<&RequestId>) -> Appending<'static> {
    let (from, id) = (by.map(|by| by.to_string()), id.map(|id| id.as_str().to_owned()));
    told(&RoomName::general(), None, false, move |seq, time| ServerMessage::Gathered {
        seq,
        time: time.into(),
        from: from.map(Into::into),
        id: id.map(Into::into),
    })
}
