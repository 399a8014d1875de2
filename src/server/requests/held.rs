//! What holds somebody's words back now: a room that is quiet or slow, whispers that are off.

use super::answer::{Refusal, refuse};
use crate::durations;
use crate::protocol::{ErrorCode, Mode, Username, Whispers};
use crate::server::chat::Session;
use crate::server::state::{Floor, Server, Turn};
use crate::server::timeline::Place;
use crate::sync::lock;
use std::time::Instant;

/// Who says something, and where.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'a> {
    server: &'a Server,
    name: &'a Username,
    place: &'a Place,
    is_staff: bool,
    to_staff: bool,
}

impl<'a> Speaker<'a> {
    /// A session, which says something there.
    pub(super) fn new(server: &'a Server, session: &'a Session, place: &'a Place) -> Self {
        let is_staff = session.mandate.standing().state().role.is_staff();
        let to_staff = match place {
            Place::Room(_) => false,
            Place::Person(to) => {
                server.accounts.standing(to.as_str()).is_some_and(|standing| standing.state().role.is_staff())
            }
        };
        Self { server, name: &session.name, place, is_staff, to_staff }
    }

    /// Whether it may be said now. Asked once more in the moment in which it gets its place in the order: so nothing that
    /// is held back stands behind the event that says so.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let held = self.server.lesson.now(|now| match self.place {
            Place::Room(room) => {
                let floor = now.room(room).map(|room| &room.floor);
                let is_quiet =
                    |floor: &Floor| floor.mode == Mode::Quiet && !self.is_staff && !floor.is_called(self.name);
                floor.filter(|floor| is_quiet(floor)).map(|_| None)
            }
            Place::Person(_) => (!now.whispers.allows(self.is_staff, self.to_staff)).then_some(Some(now.whispers.to)),
        });
        match held {
            None => Ok(()),
            Some(None) => Err(refuse(
                ErrorCode::Quiet,
                "it is quiet here: teachers and who is called may speak; /hand raises your hand, /ask asks",
            )),
            Some(Some(Whispers::Off)) => {
                Err(refuse(ErrorCode::WhispersOff, "nobody may whisper now: this was not said"))
            }
            Some(Some(_)) => {
                Err(refuse(ErrorCode::WhispersOff, "only teachers may be whispered to now: this was not said"))
            }
        }
    }
}

/// Somebody's turn in a slow room is taken; none where it isn't slow, or they needn't wait.
///
/// # Errors
/// It is too soon.
pub(super) fn take_turn(server: &Server, session: &Session, place: &Place) -> Result<Option<Turn>, Refusal> {
    let Place::Room(room) = place else { return Ok(None) };
    let seconds = server.lesson.now(|now| now.room(room).and_then(|room| room.floor.seconds));
    let Some(seconds) = seconds.filter(|_| !session.mandate.standing().state().role.is_staff()) else {
        return Ok(None);
    };
    let turn = lock(&server.lesson.paces).take(room, &session.name, seconds, Instant::now());
    turn.map(Some).map_err(|left| {
        let left = durations::remaining(left);
        refuse(ErrorCode::Slow, format!("it is slow here, one message in {seconds} s: say it again in {left}"))
    })
}

/// Nothing came of it.
pub(super) fn give_back(server: &Server, turn: Option<Turn>) {
    if let Some(turn) = turn {
        lock(&server.lesson.paces).give_back(turn);
    }
}
