//! The requests about polls.
//!
//! Nothing here writes down, logs or tells who voted for what. Nor does a vote move what others see of its voter.

use super::answer::{Answer, Refusal, ended, refuse};
use super::fit::{fit, name_bytes};
use super::history;
use super::lesson::{told, unsaved};
use super::membership::{Asking, must_choose_password, takes_part};
use super::speech;
use crate::protocol::{ErrorCode, PollInfo, Reply, RoomName, ServerMessage, Username};
use crate::reason;
use crate::server::state::{Ask, Change, Moment, NoVote, Outcome, Poll, Server, Timer};
use crate::server::timeline::{Appending, Record};
use crate::sync::lock;
use std::borrow::Cow;
use std::time::Instant;

/// How many bytes of a `tally` those who have voted may take: half of a line, and as much is left for those who haven't.
const VOTED_BYTES_MAX: usize = 7_000;

impl Asking<'_> {
    /// Asks everyone in a room to choose.
    pub(super) fn poll(&self, room: Option<&str>, ask: Ask, minutes: Option<u32>) -> Result<Answer, Refusal> {
        let (server, room) = (self.server, self.own_room(room)?);
        speech::permit(server, self.session)?;
        ask.check(minutes)
            .map_err(|(is_long, why)| refuse(if is_long { ErrorCode::TooLong } else { ErrorCode::BadRequest }, why))?;
        let mut change = self.begin_in(&room)?;
        if change.draft.poll_in(&room).is_some() {
            let message = format!("a poll is open in {room}: end it first (/endpoll)");
            return Err(refuse(ErrorCode::NotAllowed, message));
        }
        if !speech::take_rate(server, self.session)? {
            return Ok(Answer::Abuse);
        }
        let timer = minutes.map(|minutes| Timer::new(minutes, Moment::of(&server.clock)));
        self.session.mandate.standing().attention.back(Instant::now());
        let mut poll = Poll::new(0, room.clone(), ask, timer);
        count_on_those_there(server, &mut poll);
        let event = |seq, time: String| {
            poll.poll = seq;
            change.draft.polls.push(poll.clone());
            // Before anybody sees it, and may vote.
            change.show();
            begun(&poll, time, &self.session.name, self.own_id())
        };
        let (what, event) = told(&room, Some(&self.session.name), true, event);
        let told = server.chat.tell_all([(what, event)]);
        let seq = match told {
            Ok(seq) => seq,
            Err(e) => {
                change.drop_shown();
                return Err(speech::refusal_in(self.server, self.session, &room, e));
            }
        };
        // A start that doesn't find it in the file finds it in the journal.
        change.keep();
        self.record("poll", room.as_str());
        Ok(Answer::Event(seq))
    }

    /// Takes a vote.
    pub(super) fn vote(&self, poll: u64, option: usize) -> Result<Answer, Refusal> {
        let (server, name) = (self.server, &self.session.name);
        let key = self.session.ballot_key().ok_or_else(|| refuse(ErrorCode::Internal, "log in anew to vote"))?;
        let mark = key.mark(name, poll);
        let mut change = server.lesson.begin();
        if !self.session.mandate.holds() {
            return Err(ended());
        }
        self.check_may_vote(poll)?;
        let now = server.clock.now();
        let is_over = |open: &Poll| open.timer.as_ref().is_some_and(|timer| timer.is_over(&now));
        let open = change.draft.poll_mut(poll).filter(|open| !is_over(open)).ok_or_else(closed)?;
        let changed = open.vote(name, mark, option).map_err(|why| match why {
            NoVote::NoOption => {
                refuse(ErrorCode::BadRequest, format!("this poll has no such option: it has {}", open.options.len()))
            }
            NoVote::NotYours => refuse(
                ErrorCode::NotAllowed,
                "your vote counts as it is: nothing tells which it is but the login that it was given from, and the server \
                 has begun anew since",
            ),
        })?;
        if changed {
            change.save().map_err(|e| unsaved(&e))?;
        }
        Ok(Answer::Reply(Box::default()))
    }

    /// How a poll stands, and who has voted.
    pub(super) fn tally(&self, poll: u64) -> Result<Answer, Refusal> {
        let server = self.server;
        self.room_of(poll)?;
        let mut open = server.lesson.now(|now| now.poll(poll).cloned()).ok_or_else(closed)?;
        count_on_those_there(server, &mut open);
        let voted: Vec<_> = open.voted().cloned().collect();
        let missing: Vec<_> = open.missing().cloned().collect();
        let total = voted.len() + missing.len();
        let mut left = VOTED_BYTES_MAX;
        let fits = |name: &Username| left.checked_sub(name_bytes(name)).inspect(|rest| left = *rest).is_some();
        let voted: Vec<_> = voted.into_iter().take_while(fits).collect();
        let missing = fit(missing, |name| name_bytes(name) * 2);
        let more = total - voted.len() - missing.len();
        let names = |names: Vec<Username>| names.iter().map(|name| Cow::from(name.to_string())).collect();
        let (counts, voted, missing) = (Some(open.outcome().counts), Some(names(voted)), Some(names(missing)));
        Ok(Answer::Reply(Box::new(Reply { counts, voted, missing, more, ..Reply::default() })))
    }

    /// Ends a poll.
    pub(super) fn close_poll(&self, poll: u64) -> Result<Answer, Refusal> {
        let room = self.room_of(poll)?;
        if !speech::take_rate(self.server, self.session)? {
            return Ok(Answer::Abuse);
        }
        let mut change = self.server.lesson.begin();
        self.session.mandate.standing().attention.back(Instant::now());
        let event = close(self.server, &mut change, poll, Some(&self.session.name), self.own_id());
        let event = event.ok_or_else(closed)?;
        change.show();
        let seq = match self.server.chat.tell_all([event]) {
            Ok(seq) => seq,
            Err(e) => {
                change.drop_shown();
                return Err(speech::refusal_in(self.server, self.session, &room, e));
            }
        };
        change.keep();
        self.record("close_poll", room.as_str());
        Ok(Answer::Event(seq))
    }

    /// The room of a poll that is open, for somebody who is in it.
    fn room_of(&self, poll: u64) -> Result<RoomName, Refusal> {
        let room = self.server.lesson.now(|now| now.poll(poll).map(|open| open.room.clone()));
        room.filter(|room| self.is_in(room)).ok_or_else(|| self.no_poll(poll))
    }

    /// Whether one may vote: who was there, and who is now.
    fn check_may_vote(&self, poll: u64) -> Result<(), Refusal> {
        let entitled = |open: &Poll| open.is_entitled(&self.session.name);
        if self.server.lesson.now(|now| now.poll(poll).is_some_and(entitled)) {
            return Ok(());
        }
        self.room_of(poll).map(drop)
    }

    /// Why there is no open poll of that seq: it is over, or there was none that one may see.
    fn no_poll(&self, poll: u64) -> Refusal {
        let (timeline, session) = (self.server.chat.timeline(), self.session);
        let line = history::seen_event(timeline, session, poll).unwrap_or_else(|e| {
            log::error!("the journal can't be read: {}", reason::of_file(&e));
            None
        });
        let was_one = line.is_some_and(|line| Record::parse(&line).is_ok_and(|record| record.kind == "poll"));
        if was_one { closed() } else { refuse(ErrorCode::UnknownPoll, "there is no such poll") }
    }
}

/// The event with which a poll begins.
fn begun(poll: &Poll, time: String, from: &Username, id: Option<String>) -> ServerMessage<'static> {
    let PollInfo { poll: seq, question, options, until, .. } = poll.info(from);
    ServerMessage::Poll {
        seq,
        time: time.into(),
        room: poll.room.to_string().into(),
        from: from.to_string().into(),
        poll: seq,
        question,
        options,
        until,
        id: id.map(Into::into),
    }
}

fn closed() -> Refusal {
    refuse(ErrorCode::PollClosed, "this poll is over")
}

/// Takes a poll out of what goes on. The event that tells how it came out.
pub(super) fn close(
    server: &Server,
    change: &mut Change<'_>,
    poll: u64,
    from: Option<&Username>,
    id: Option<String>,
) -> Option<Appending<'static>> {
    let index = change.draft.polls.iter().position(|open| open.poll == poll)?;
    let mut open = change.draft.polls.remove(index);
    count_on_those_there(server, &mut open);
    let Outcome { counts, voted, entitled } = open.outcome();
    let (room, by) = (open.room.to_string(), from);
    let from = from.map(Username::to_string);
    Some(told(&open.room, by, true, move |seq, time| ServerMessage::PollClosed {
        seq,
        time: time.into(),
        room: room.into(),
        from: from.map(Into::into),
        poll,
        counts,
        voted,
        entitled,
        id: id.map(Into::into),
    }))
}

/// Ends what goes on in rooms that are closed, and has that told: how their polls came out, and then that they are no more. Nothing
/// begins in them between the two.
///
/// # Errors
/// That can't be told.
pub(super) fn end_in(
    server: &Server,
    rooms: &[RoomName],
    closed: impl IntoIterator<Item = Appending<'static>>,
) -> Result<u64, Refusal> {
    let mut change = server.lesson.begin();
    let polls: Vec<u64> =
        change.draft.polls.iter().filter(|open| rooms.contains(&open.room)).map(|open| open.poll).collect();
    let mut events: Vec<_> =
        polls.into_iter().filter_map(|poll| close(server, &mut change, poll, None, None)).collect();
    let goes_on = change.draft.forget_rooms(|room| rooms.contains(room)) || !events.is_empty();
    events.extend(closed);
    tell_with(server, change, goes_on, events)
}

/// Has events told together with a change of the lesson, if it is one.
///
/// # Errors
/// They can't be told; then nothing has changed.
pub(super) fn tell_with<'e>(
    server: &Server,
    change: Change<'_>,
    changed: bool,
    events: Vec<Appending<'e>>,
) -> Result<u64, Refusal> {
    change.show();
    match server.chat.tell_together(events) {
        Ok(seq) => {
            if changed {
                change.keep();
            }
            Ok(seq)
        }
        Err(e) => {
            change.drop_shown();
            Err(speech::refusal(e))
        }
    }
}

/// Somebody has come into rooms: in their polls they are waited for, if they are no staff, who may vote too. Who must still
/// choose a password comes when it is chosen.
pub(crate) fn came(server: &Server, name: &Username, is_in: impl Fn(&RoomName) -> bool) {
    // Asked within the change: an account that is deleted is forgotten by a later one.
    server.lesson.came(name, |room| is_in(room) && takes_part(server, name));
}

/// The votes of those who are in its room and there are waited for too, and of nobody who can't vote before a password is chosen.
fn count_on_those_there(server: &Server, poll: &mut Poll) {
    let online: Vec<Username> = lock(server.chat.registry()).names(None).cloned().collect();
    let pupils: Vec<_> = online.into_iter().filter(|name| takes_part(server, name)).collect();
    // One look for all of them: whoever speaks waits for it.
    let there = server
        .chat
        .timeline()
        .recall(|recall| pupils.into_iter().filter(|name| recall.members.is_in(&poll.room, name)).collect::<Vec<_>>());
    poll.entitle(there);
    poll.excuse(|name| must_choose_password(server, name));
}
