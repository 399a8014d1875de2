//! What all requests about a lesson have in common: who may ask, and how a change becomes an event.

use super::answer::{Answer, Refusal, refuse};
use super::membership::Asking;
use super::speech;
use crate::protocol::{ErrorCode, RoomName, ServerMessage, Username};
use crate::reason;
use crate::server::state::Change;
use crate::server::timeline::{Appending, Audience, What};
use std::io;
use std::time::Instant;

/// An event of a room that nobody says. `by`: whoever does it, unless it comes by itself; they must be in that room.
pub(super) fn told<'e>(
    room: &RoomName,
    by: Option<&Username>,
    said: bool,
    event: impl FnOnce(u64, String) -> ServerMessage<'e> + 'e,
) -> Appending<'e> {
    (What::Told { by: by.cloned(), audience: Audience::room(room), said }, Box::new(event))
}

impl Asking<'_> {
    /// The request's id, as its event has it.
    pub(super) fn own_id(&self) -> Option<String> {
        self.id.map(|id| id.as_str().to_owned())
    }

    /// Makes a change of what holds in a room so and has it told: on disk first, then in what whoever comes is told, then as events. So nobody
    /// misses it.
    ///
    /// # Errors
    /// It can't be written, or one is no longer in that room; then nothing has changed.
    pub(super) fn carry_out<'e>(
        &self,
        room: &RoomName,
        mut change: Change<'_>,
        events: impl FnOnce(&Change<'_>) -> Vec<Appending<'e>>,
    ) -> Result<Answer, Refusal> {
        change.save().map_err(|e| unsaved(&e))?;
        // Before others hear it, and may ask.
        self.session.mandate.standing().attention.back(Instant::now());
        match self.server.chat.tell_all(events(&change)) {
            Ok(seq) => Ok(Answer::Event(seq)),
            Err(e) => {
                change.take_back();
                Err(speech::refusal_in(self.server, self.session, room, e))
            }
        }
    }

    /// Something that staff did, for the audit log.
    pub(super) fn record(&self, event: &str, detail: &str) {
        log::info!("{}: {event} {detail}", self.session.name);
        self.server.audit.act(event, &self.session.name, self.session.peer.ip(), None, Some(detail));
    }
}

/// The refusal of a change that can't be written down.
pub(super) fn unsaved(e: &io::Error) -> Refusal {
    log::error!("lesson.json can't be written: {}", reason::of_file(e));
    refuse(ErrorCode::Internal, "the server can't write lesson.json: nothing was changed, try again later")
}
