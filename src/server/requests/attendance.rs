//! Who was there: the journal is read, a stretch after the other, as much as one request may, and the next one goes on.

use super::answer::{Answer, Refusal, refuse};
use super::fit::fit;
use super::history::wait_for_turn;
use crate::protocol::{Attendee, ErrorCode, Profile, Reply, Username};
use crate::reason;
use crate::server::accounts::State;
use crate::server::chat::Session;
use crate::server::state::{Progress, Query, Reading, Server};
use crate::server::timeline::Record;
use crate::server::timeline::attendance::{Attendance, Listed};
use jiff::{Timestamp, civil::Time};
use std::io;
use std::time::Instant;

/// How many stretches (of 256 KiB) are read for one request: a month of a busy class, and as much as is looked at for an account
/// at once. 0.2 s of reading and parsing at the most; it is done before the request's turn, so nobody waits for it.
const STRETCHES_PER_REQUEST_MAX: usize = 128;

/// Answers for the query, a page of people after `after`. Before the request's turn: it changes nothing.
pub(super) fn answer(server: &Server, session: &Session, query: Query, after: Option<&str>) -> Result<Answer, Refusal> {
    let stretch = stretch(server, &query)?;
    let group = Profile::parse(None, query.group.as_deref()).map_err(|rule| refuse(ErrorCode::BadRequest, rule))?.group;
    wait_for_turn(session);
    let kept = server.rollbook.take(&query).map(|reading| reading.state);
    // Whoever begins again is told how it is now.
    let kept = kept.filter(|state| after.is_some() || matches!(state, Progress::UnderWay { .. }));
    let state = kept.unwrap_or_else(|| begin(server, stretch));
    let state = go_on(server, session, state, group.as_deref()).map_err(|e| {
        log::error!("the journal can't be read: {}", reason::of_file(&e));
        refuse(ErrorCode::Internal, "the server can't read from its disk: try again later")
    })?;
    let Progress::Done(people) = state else {
        server.rollbook.keep(Reading { query, state });
        return Err(refuse(
            ErrorCode::TryLater,
            "the journal is long, and not all of it is read yet: ask again, it goes on",
        ));
    };
    let rest: Vec<_> = people.iter().filter(|person| after.is_none_or(|after| &*person.username > after)).collect();
    let mut page = fit(rest.iter().map(|person| (*person).clone()), entry_bytes);
    // Two of one name come together: `after` can't name one of them.
    if rest.get(page.len()).is_some_and(|next| page.last().is_some_and(|last| last.username == next.username)) {
        page.pop();
    }
    let more = rest.len() - page.len();
    if more > 0 {
        server.rollbook.keep(Reading { query, state: Progress::Done(people) });
    }
    Ok(Answer::Reply(Box::new(Reply { people: Some(page), more, ..Reply::default() })))
}

/// From today's midnight until now, unless the query says otherwise.
fn stretch(server: &Server, query: &Query) -> Result<(Timestamp, Timestamp), Refusal> {
    let wrong = || {
        refuse(
            ErrorCode::BadRequest,
            "`from` and `to` are moments such as 2026-11-28T08:00:00Z, the first one before the second",
        )
    };
    let (now, zone) = (server.clock.shown(), &server.rollbook.zone);
    let given = |text: &Option<String>| text.as_ref().map(|text| text.parse().map_err(|_| wrong())).transpose();
    let midnight = zone.to_datetime(now).date().to_datetime(Time::midnight());
    let from = given(&query.from)?.unwrap_or_else(|| zone.to_timestamp(midnight).unwrap_or(now));
    let to = given(&query.to)?.unwrap_or(now);
    if from < to { Ok((from, to)) } else { Err(wrong()) }
}

fn begin(server: &Server, (from, to): (Timestamp, Timestamp)) -> Progress {
    let timeline = server.chat.timeline();
    let place = server.rollbook.place_before(from, timeline.oldest().0);
    let accounts = server.accounts.list(None).into_iter().map(listed).collect();
    let attendance = Box::new(Attendance::new((from, to), place, accounts));
    Progress::UnderWay { attendance, upto: timeline.head(), stretches: 0 }
}

/// Reads as much as one request may.
fn go_on(server: &Server, session: &Session, state: Progress, group: Option<&str>) -> io::Result<Progress> {
    let Progress::UnderWay { mut attendance, upto, mut stretches } = state else { return Ok(state) };
    for _ in 0..STRETCHES_PER_REQUEST_MAX {
        if attendance.place().seq() >= upto || !read(server, session, &mut attendance)? {
            return Ok(Progress::Done(attendance.end(server.clock.shown(), group)));
        }
        server.rollbook.note(attendance.place(), &mut stretches);
        if session.is_over() {
            break;
        }
    }
    Ok(Progress::UnderWay { attendance, upto, stretches })
}

/// Reads the next stretch; false where there is none.
fn read(server: &Server, session: &Session, attendance: &mut Attendance) -> io::Result<bool> {
    let _turn = server.rollbook.turn();
    session.mandate.standing().looks.charge(1, Instant::now());
    let Some(chunk) = server.chat.timeline().stretch_after(attendance.place().seq())? else { return Ok(false) };
    let after = attendance.place().seq();
    let taken = (chunk.first..).zip(chunk.iter()).filter(|(seq, _)| *seq > after).try_for_each(|(_, (line, _))| {
        // What the journal holds was checked when it was opened, or written since.
        Record::parse(line).and_then(|record| attendance.take(line, &record))
    });
    taken.map_err(|what| io::Error::new(io::ErrorKind::InvalidData, what))?;
    Ok(true)
}

fn listed((name, state, profile): (Username, State, Profile)) -> Listed {
    Listed { name, profile, role: state.role, since: state.since, created: state.created }
}

/// What an entry takes in a line, with the comma behind it.
fn entry_bytes(person: &Attendee<'_>) -> usize {
    serde_json::to_string(person).map_or(0, |json| json.len() + 1)
}
