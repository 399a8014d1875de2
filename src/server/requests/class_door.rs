//! The requests about the class's door and the guests who came in by it.

use super::answer::{Answer, Refusal, account_refusal, refuse};
use crate::durations;
use crate::protocol::{DOOR_MINUTES_MAX, ErrorCode, Guests, Profile, Removal, Reply, Role, ServerMessage, format_time};
use crate::reason::Reason;
use crate::server::accounts::Author;
use crate::server::chat::Session;
use crate::server::state::{Server, Shut, Terms};
use crate::sync::lock;
use jiff::SignedDuration;
use std::sync::Arc;

/// Opens it, closes it, or says how it is.
pub(super) fn door(
    server: &Server,
    session: &Session,
    minutes: Option<u32>,
    group: Option<&str>,
    guests: Option<Guests>,
) -> Result<Answer, Refusal> {
    let group = Profile::parse(None, group).map_err(|rule| refuse(ErrorCode::BadRequest, rule))?.group;
    let act = |event, detail: Option<&str>| {
        log::info!("{}: {event}", session.name);
        server.audit.act(event, &session.name, session.peer.ip(), None, detail);
    };
    match (minutes, guests) {
        (Some(0), guests) => {
            if server.class_door.close() {
                act("door_closed", None);
                tell_staff(server, &format!("the door for the class is closed by {}", session.name));
            }
            if guests != Some(Guests::Removal(Removal::Remove)) {
                return Ok(reply(None));
            }
            let author = Author::Staff(&session.mandate, Role::Teacher);
            let gone = remove_guests(server, author, |_| true).map_err(account_refusal)?;
            act("guests_removed", None);
            Ok(Answer::Enforced(gone, Box::default()))
        }
        (_, Some(Guests::Removal(_))) => {
            Err(refuse(ErrorCode::BadRequest, "guests are removed when the door closes: with `minutes` 0"))
        }
        (Some(minutes @ 1..=DOOR_MINUTES_MAX), guests) => {
            let time = SignedDuration::from_mins(minutes.into());
            let now = (server.clock.lived(), server.clock.shown());
            let terms = server.class_door.open(time, now, group, guests == Some(Guests::Admit(true)));
            let terms = terms.map_err(|e| refuse(ErrorCode::BadRequest, Reason(&e).to_string()))?;
            let with = if terms.guests_until.is_some() { ", with guests" } else { "" };
            act("door_opened", Some(&format!("{}{with}", durations::minutes(minutes))));
            Ok(reply(Some(terms)))
        }
        (Some(_), _) => {
            let message = format!("`minutes` must be 1 to {DOOR_MINUTES_MAX}, or 0: closed");
            Err(refuse(ErrorCode::BadRequest, message))
        }
        (None, _) => Ok(reply(server.class_door.terms(server.clock.lived()))),
    }
}

/// Sees to the door's end, and to that of guests. Now and then, by whoever has time.
pub(crate) fn look(server: &Server) {
    let lived = server.clock.lived();
    match server.class_door.shut_if_due(lived) {
        Some(Shut::InTime) => tell_staff(server, "the door for the class is closed: its time is over"),
        Some(Shut::Full) => tell_staff(server, "the door for the class is closed: as many came in as may by one code"),
        None => {}
    }
    // Where the clock is in doubt nothing is deleted for its age.
    if server.clock.now().rests {
        return;
    }
    match remove_guests(server, Author::Owner, |until| until <= lived) {
        Ok(gone) => server.chat.settle(&gone),
        Err(why) => log::error!("guests whose time is over can't be deleted: {why}"),
    }
}

/// Deletes guests. Gives their sessions, which are still to be settled.
fn remove_guests(
    server: &Server,
    author: Author<'_>,
    is_due: impl Fn(jiff::Timestamp) -> bool,
) -> Result<Vec<Arc<Session>>, crate::server::accounts::AccountError> {
    let gone = server.accounts.delete_guests(author, is_due)?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    log::info!("{} guests are deleted", gone.len());
    Ok(super::admin::forget(server, &gone))
}

fn reply(terms: Option<Terms>) -> Answer {
    let reply = terms.map_or_else(Reply::default, |terms| Reply {
        code: Some(terms.code.into()),
        until: Some(format_time(terms.shown_until).into()),
        group: terms.group.map(Into::into),
        guests: terms.guests_until.is_some(),
        ..Reply::default()
    });
    Answer::Reply(Box::new(reply))
}

/// Tells everyone of the staff who is there.
fn tell_staff(server: &Server, text: &str) {
    log::info!("{text}");
    let line = ServerMessage::Notice { time: format_time(server.clock.shown()).into(), text: text.into() }.encode();
    let registry = lock(server.chat.registry());
    let hears = |session: &&Arc<Session>| {
        session.mandate.state().is_some_and(|state| state.may(Role::Teacher) && !state.must_change_password)
    };
    let staff: Vec<_> = registry.sessions().filter(hears).cloned().collect();
    drop(registry);
    staff.iter().for_each(|session| server.chat.delivery().send(session, &line));
}
